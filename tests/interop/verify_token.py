"""Opens and verifies a disclosure with software that finvault did not write.

The sealed file is opened by the `age` program, the signature and the registered claims are checked by
PyJWT, and the digests by the standard library, following docs/disclosure-format.md and RFC 9901.
Exit status 0 means that everything held and that what must be refused was refused.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time

import jwt
from jwt.algorithms import OKPAlgorithm

from libraries import b64decode, b64encode, thumbprint

TYP = "finvault-disclosure+sd-jwt"
REQUIRED = ["iss", "aud", "jti", "iat", "nbf", "exp", "vct", "purpose", "terms", "ledger_root", "facts", "_sd_alg"]


def run(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, **options).stdout


def recipient_of(identity_file):
    """The public key text of an age identity file or an OpenSSH private key."""
    with open(identity_file, encoding="utf-8") as file:
        is_ssh = file.readline().startswith("-----BEGIN")
    if is_ssh:
        return " ".join(run("ssh-keygen", "-y", "-f", identity_file).decode().split()[:2])
    return run("age-keygen", "-y", identity_file).decode().strip()


def verify_signature(compact, audience, fixed_time):
    header = jwt.get_unverified_header(compact)
    assert header["typ"] == TYP, header
    assert header["kid"] == thumbprint(header["jwk"])
    issuer = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:" + header["kid"]
    key = OKPAlgorithm.from_jwk(json.dumps(header["jwk"]))
    options = {"require": REQUIRED}
    if fixed_time is not None:
        options.update(verify_exp=False, verify_nbf=False, verify_iat=False)
    claims = jwt.decode(compact, key, algorithms=["EdDSA"], audience=audience, issuer=issuer, options=options)
    now = time.time() if fixed_time is None else fixed_time
    assert claims["nbf"] - 60 <= now < claims["exp"], "not in its time"
    assert claims["exp"] - claims["iat"] <= 365 * 86400
    return claims, key, issuer


def resolve(value, disclosures, used):
    """Puts disclosures where the digests are (RFC 9901, section 7.1); a digest without one is left out."""
    if isinstance(value, dict):
        assert "_sd" not in value, "disclosures of object members are not used"
        return {name: resolve(member, disclosures, used) for name, member in value.items()}
    if isinstance(value, list):
        resolved = []
        for item in value:
            if isinstance(item, dict) and "..." in item:
                digest = item["..."]
                assert list(item) == ["..."] and digest not in used, "a digest twice"
                used.add(digest)
                if digest in disclosures:
                    resolved.append(resolve(disclosures[digest], disclosures, used))
            else:
                resolved.append(resolve(item, disclosures, used))
        return resolved
    return value


def verify(token, audience, fixed_time):
    compact, *encoded, last = token.split("~")
    assert last == "", "a key-binding part"
    claims, key, issuer = verify_signature(compact, audience, fixed_time)
    assert claims["_sd_alg"] == "sha-256"
    disclosures = {}
    for text in encoded:
        salt, value = json.loads(b64decode(text))
        assert len(b64decode(salt)) >= 16, "a short salt"
        digest = b64encode(hashlib.sha256(text.encode()).digest())
        assert digest not in disclosures, "a disclosure twice"
        disclosures[digest] = value
    used = set()
    claims = resolve(claims, disclosures, used)
    assert set(disclosures) <= used, "a disclosure that nothing refers to"
    return claims, (compact, key, issuer)


def refuses(compact, key, issuer, audience):
    """PyJWT must refuse an altered signature, another audience and another algorithm."""
    signed, signature = compact.rsplit(".", 1)
    raw = bytearray(b64decode(signature))
    raw[0] ^= 1
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    attempts = [
        (f"{signed}.{b64encode(bytes(raw))}", {"audience": audience, "algorithms": ["EdDSA"]}, jwt.InvalidSignatureError),
        (compact, {"audience": "ni:///sha-256;somebody-else", "algorithms": ["EdDSA"]}, jwt.InvalidAudienceError),
        (compact, {"audience": audience, "algorithms": ["ES256"]}, jwt.InvalidAlgorithmError),
    ]
    for text, arguments, expected in attempts:
        try:
            jwt.decode(text, key, issuer=issuer, options=options, **arguments)
        except expected:
            continue
        raise AssertionError(f"accepted what should raise {expected.__name__}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sealed", help="the sealed file")
    parser.add_argument("--identity", required=True, help="the recipient's secret key file")
    parser.add_argument("--now", type=int, help="a fixed time, for frozen files")
    parser.add_argument("--expect", action="append", default=[], metavar="POINTER=TEXT",
                        help="a value that the claims must hold, for example facts/0/kind=balance")
    arguments = parser.parse_args()
    plaintext = run("age", "-d", "-i", arguments.identity, arguments.sealed)
    token = plaintext.split(b"\n", 1)[0].decode()
    assert plaintext[len(token) + 1:].strip(b" ") == b"", "something after the token"
    recipient = recipient_of(arguments.identity)
    audience = "ni:///sha-256;" + b64encode(hashlib.sha256(recipient.encode()).digest())
    claims, signed = verify(token, audience, arguments.now)
    refuses(*signed, audience)
    for expectation in arguments.expect:
        pointer, text = expectation.split("=", 1)
        value = claims
        for step in pointer.split("/"):
            value = value[int(step)] if isinstance(value, list) else value[step]
        assert str(value) == text, f"{pointer} is {value!r}, not {text!r}"
    json.dump(claims, sys.stdout, indent=2, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
