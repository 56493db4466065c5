"""The libraries that check what finvault signs, each as its own documentation says, behind one call.

`read(library, reads, text, now, audience)` gives the claims, or raises. PyJWT, joserfc and jose know JWTs, not
disclosures: they are given the part before the first tilde. sd-jwt and @sd-jwt/core are given the whole token and
give the claims with the facts in their places; they leave typ, audience and (sd-jwt) time to who calls them.
"""

import base64
import hashlib
import json
import subprocess
import sys
from datetime import datetime, timezone
from unittest import mock

import jwt as pyjwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry
from jwcrypto.jwk import JWK
from jwt.algorithms import OKPAlgorithm
from sd_jwt.verifier import SDJWTVerifier

sys.setrecursionlimit(100_000)

JOSE = ["PyJWT", "joserfc", "jose"]
SD_JWT = ["sd-jwt", "@sd-jwt/core"]
ALGORITHMS = ["EdDSA", "Ed25519"]
TYP = {
    "disclosure": "finvault-disclosure+sd-jwt",
    "status-list": "statuslist+jwt",
    "receipt": "finvault-receipt+jwt",
    "log-export": "finvault-log-export+jwt",
}


def b64encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64decode(text):
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64encode(data) != text:
        raise ValueError("not canonical base64url")
    return data


def thumbprint(jwk):
    """RFC 7638 over the members that RFC 8037 names."""
    members = {name: jwk[name] for name in ("crv", "kty", "x")}
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return b64encode(hashlib.sha256(canonical.encode()).digest())


def issuer_of(jwk):
    return "urn:ietf:params:oauth:jwk-thumbprint:sha-256:" + thumbprint(jwk)


def header_of(text):
    """The header, before anything is verified: all these libraries leave it to the caller to find the key."""
    return json.loads(base64.urlsafe_b64decode(text.split(".")[0] + "=="))


def with_pyjwt(reads, text, now, audience):
    compact = text.split("~")[0]
    jwk = header_of(compact)["jwk"]
    arguments = {"algorithms": ALGORITHMS, "options": {"verify_aud": reads == "disclosure"}}
    if reads == "disclosure":
        arguments["audience"] = audience
        arguments["options"]["require"] = ["iss", "aud", "jti", "iat", "nbf", "exp"]
    if reads != "status-list":
        arguments["issuer"] = issuer_of(jwk)
    # PyJWT takes the time from nowhere but the clock.
    with mock.patch("jwt.api_jwt.datetime") as clock:
        clock.now.return_value = datetime.fromtimestamp(now, tz=timezone.utc)
        return pyjwt.decode(compact, OKPAlgorithm.from_jwk(json.dumps(jwk)), **arguments)


def with_joserfc(reads, text, now, audience):
    compact = text.split("~")[0]
    jwk = header_of(compact)["jwk"]
    registry = JWSRegistry(algorithms=ALGORITHMS)
    # Its default of 64 KiB of payload would refuse an honest log.
    registry.max_payload_length = 64 * 1024 * 1024
    token = joserfc_jwt.decode(compact, OKPKey.import_key(jwk), algorithms=ALGORITHMS, registry=registry)
    wanted = {}
    if reads == "disclosure":
        wanted = {name: {"essential": True} for name in ("jti", "iat", "nbf", "exp")}
        wanted["aud"] = {"essential": True, "value": audience}
    if reads != "status-list":
        wanted["iss"] = {"essential": True, "value": issuer_of(jwk)}
    joserfc_jwt.JWTClaimsRegistry(now=now, **wanted).validate(token.claims)
    return token.claims


def with_sd_jwt(_reads, text, _now, _audience):
    key_of = lambda _issuer, header: JWK(**header["jwk"])
    return SDJWTVerifier(text, key_of).get_verified_payload()


class Node:
    """The two libraries from npm, in one process for all questions."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            ["node", "verify.mjs"], cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, library, reads, text, now, audience):
        question = {"library": library, "reads": reads, "text": text, "now": now, "audience": audience, "typ": TYP[reads]}
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["claims"]


class Libraries:
    """All five."""

    def __init__(self, node_folder):
        self.node = Node(node_folder)
        self.python = {"PyJWT": with_pyjwt, "joserfc": with_joserfc, "sd-jwt": with_sd_jwt}

    def names(self, reads):
        return JOSE + SD_JWT if reads == "disclosure" else JOSE

    def read(self, library, reads, text, now, audience=None):
        if library in self.python:
            return self.python[library](reads, text, now, audience)
        return self.node.read(library, reads, text, now, audience)

    def accepts(self, library, reads, text, now, audience=None):
        try:
            self.read(library, reads, text, now, audience)
        except Exception:  # each library has its own, and some raise plain KeyError or RecursionError
            return False
        return True
