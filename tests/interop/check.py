"""Verifies what finvault signs with five libraries that it did not write, and with the standard library.

Frozen tokens, tokens that the program made a moment ago, subsets of them made here and by the reference package,
status lists down to their bits, deletion receipts, exported logs down to each entry's signature, and every hostile file.
"""

import argparse
import hashlib
import json
import pathlib
import subprocess
import time
import warnings
import zlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sd_jwt.holder import SDJWTHolder

import hostile
from libraries import SD_JWT, Libraries, b64decode, b64encode, issuer_of
from verify_token import recipient_of, resolve

FROZEN_AT = 1769904000
KINDS = ["account", "balance", "balance-range", "balance-threshold", "document", "totals-by-period", "transactions"]


def claims_of(compact):
    return json.loads(b64decode(compact.split(".")[1]))


def jwk_of(compact):
    return json.loads(b64decode(compact.split(".")[0]))["jwk"]


def audience_of(identity):
    return "ni:///sha-256;" + b64encode(hashlib.sha256(recipient_of(identity).encode()).digest())


def put_together(token):
    """The facts by the standard library alone (RFC 9901, section 7.1), and how many facts and rows are withheld."""
    compact, *encoded, last = token.split("~")
    assert last == "", "a key-binding part"
    disclosures = {}
    for text in encoded:
        salt, value = json.loads(b64decode(text))
        assert len(b64decode(salt)) >= 16
        disclosures[b64encode(hashlib.sha256(text.encode()).digest())] = value
    slots, used = claims_of(compact)["facts"], set()
    facts = resolve(slots, disclosures, used)
    assert set(disclosures) <= used, "a disclosure that nothing refers to"
    shown = [disclosures[slot["..."]] for slot in slots if slot["..."] in disclosures]
    rows = [sum(row["..."] not in disclosures for row in fact.get("Transaction", [])) for fact in shown]
    return facts, len(slots) - len(facts), rows


def all_verify(libraries, token, now, audience):
    """Every library verifies it, and those that know disclosures read the same facts."""
    facts, withheld, rows = put_together(token)
    for name in libraries.names("disclosure"):
        claims = libraries.read(name, "disclosure", token, now, audience)
        assert claims["iss"] == issuer_of(jwk_of(token)), name
        if name in SD_JWT:
            assert claims["facts"] == facts, f"{name} reads other facts"
    return facts, withheld, rows


def subsets(token):
    """Tokens with less in them: without each disclosure that is a row or a lone fact, and without all."""
    compact, *encoded, _ = token.split("~")
    digests = {b64encode(hashlib.sha256(text.encode()).digest()): text for text in encoded}
    held = {digest: [] for digest in digests}
    for digest, text in digests.items():
        value = json.loads(b64decode(text))[1]
        held[digest] = [row["..."] for row in value.get("Transaction", []) if isinstance(row, dict)]
    for left_out in digests:
        gone = {left_out, *held[left_out]}
        yield "~".join([compact, *(text for digest, text in digests.items() if digest not in gone), ""])
    yield compact + "~"
    # The reference package's own way: the first fact, and of each fact with rows the first row.
    chosen = [{"Transaction": [True]} if held[slot["..."]] else number == 0
              for number, slot in enumerate(claims_of(compact)["facts"])]
    holder = SDJWTHolder(token)
    holder.create_presentation({"facts": chosen})
    yield holder.sd_jwt_presentation


def counts_by_finvault(finvault, token, identity, work):
    """What the program makes of a token: how many facts it shows and counts as withheld, and rows likewise."""
    path = work / "subset.token"
    path.write_text(token)
    run = subprocess.run([finvault, "--json", "open", path, "--identity", identity], capture_output=True, text=True)
    assert run.returncode == 15, run.stderr
    opened = json.loads(run.stdout)
    rows = [fact.get("withheld", 0) for fact in opened["facts"]]
    return len(opened["facts"]), opened["withheld_facts"], rows


def frozen(libraries, root):
    vectors = root / "tests" / "vectors"
    audience = audience_of(vectors / "disclosure" / "identity.txt")
    kinds = set()
    for name in ("example", "every-kind"):
        token = (vectors / "disclosure" / f"{name}.token").read_text().strip()
        facts, withheld, _ = all_verify(libraries, token, FROZEN_AT, audience)
        assert withheld == 0
        kinds |= {fact["kind"] for fact in facts}
        for subset in subsets(token):
            all_verify(libraries, subset, FROZEN_AT, audience)
    assert sorted(kinds) == KINDS, kinds
    lifecycle = vectors / "lifecycle"
    read = lambda name: (lifecycle / name).read_text().strip()
    token = read("status.token")
    all_verify(libraries, token, FROZEN_AT, claims_of(token)["aud"])
    assert status(libraries, read("status-list.jwt"), token, FROZEN_AT) == 1
    receipt(libraries, read("receipt.jwt"), token, FROZEN_AT)
    log_export(libraries, read("log-export.jwt"), FROZEN_AT)


def status(libraries, text, token, now):
    """The bit at the token's place, from the list's bytes."""
    place = claims_of(token)["status"]["status_list"]
    for name in libraries.names("status-list"):
        claims = libraries.read(name, "status-list", text, now)
        assert claims["sub"] == place["uri"] and claims["status_list"]["bits"] == 1, name
    assert jwk_of(text) == jwk_of(token), "another signer"
    bits = zlib.decompress(b64decode(claims["status_list"]["lst"]))
    assert len(bits) * 8 >= 8192
    return bits[place["idx"] // 8] >> place["idx"] % 8 & 1


def receipt(libraries, text, token, now):
    for name in libraries.names("receipt"):
        claims = libraries.read(name, "receipt", text, now)
        assert claims["aud"] == claims_of(token)["iss"] and claims["jti"] == claims_of(token)["jti"], name
        assert claims["token_sha256"] == hashlib.sha256(token.encode()).hexdigest(), name
        assert claims["statement"] == "deleted", name


def log_export(libraries, text, now):
    """The copy's signature by the libraries, each entry's by the key itself (docs/disclosure-format.md, section 4)."""
    for name in libraries.names("log-export"):
        claims = libraries.read(name, "log-export", text, now)
    key = Ed25519PublicKey.from_public_bytes(b64decode(jwk_of(text)["x"]))
    previous = "00" * 32
    for number, entry in enumerate(claims["entries"], 1):
        assert entry["seq"] == number and entry["prev_hash"] == previous
        key.verify(b64decode(entry["signature"]), b"finvault-log-signature/1\0" + bytes.fromhex(entry["hash"]))
        previous = entry["hash"]
    assert claims["entries"]
    return claims["entries"]


def fresh(libraries, finvault, folder):
    """What run.sh had the program make a moment ago."""
    identity, now = folder / "ssh", int(time.time())
    audience = audience_of(identity)
    first_line = lambda name: (folder / name).read_text().split("\n")[0]
    token = first_line("all.contents")
    facts, withheld, _ = all_verify(libraries, token, now, audience)
    assert sorted(fact["kind"] for fact in facts) == KINDS and withheld == 0
    tried = 0
    for subset in subsets(token):
        facts, withheld, rows = all_verify(libraries, subset, now, audience)
        ours = counts_by_finvault(finvault, subset, identity, folder)
        assert ours == (len(facts), withheld, rows), f"{ours} is not {(len(facts), withheld, rows)}"
        tried += 1
    other = first_line("other.contents")
    all_verify(libraries, other, now, audience)
    listed = (folder / "list.jwt").read_text().strip()
    assert (status(libraries, listed, token, now), status(libraries, listed, other, now)) == (1, 0)
    receipt(libraries, (folder / "receipt.jwt").read_text().strip(), token, now)
    entries = log_export(libraries, (folder / "log.jwt").read_text().strip(), now)
    assert {"disclosed", "revoked", "status-list-issued"} <= {entry["kind"] for entry in entries}
    return tried


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--finvault", required=True, type=pathlib.Path, help="the program")
    parser.add_argument("--node", required=True, type=pathlib.Path, help="a copy of node/ with its packages installed")
    parser.add_argument("--fresh", required=True, type=pathlib.Path, help="the folder with what the program made")
    parser.add_argument("--write", action="store_true", help="write verdicts.json anew")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    root = pathlib.Path(__file__).resolve().parents[2]
    libraries = Libraries(arguments.node)
    frozen(libraries, root)
    tried = fresh(libraries, arguments.finvault, arguments.fresh)
    print(f"  every kind of fact, {tried} subsets, a status list, a receipt and a log verify in {', '.join(libraries.names('disclosure'))}")
    hostile.check(libraries, arguments.finvault, root, arguments.write)


if __name__ == "__main__":
    main()
