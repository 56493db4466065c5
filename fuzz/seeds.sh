#!/usr/bin/env bash
# Fills fuzz/corpus/ from the vectors and fixtures, so that a run begins with files that are read to the end.
# Call it from anywhere; it needs python3, and adds to what is there.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
exec python3 - "$root" <<'PYTHON'
import base64, hashlib, json, pathlib, sys

root = pathlib.Path(sys.argv[1])
corpus = root / "fuzz" / "corpus"
vectors, fixtures = root / "tests" / "vectors", root / "tests" / "fixtures"


def put(target, data):
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def recipe(text):
    """The lines that fuzz/src/lib.rs signs again; none for a file that is broken before its signature."""
    try:
        jwt, *disclosures = text.split("~")
        header, payload, _ = (decoded(part) for part in jwt.split("."))
        header, payload = json.loads(header), json.loads(payload)
        lines = [decoded(part).decode() for part in disclosures if part]
        digests = [base64.urlsafe_b64encode(hashlib.sha256(part.encode()).digest()).rstrip(b"=").decode()
                   for part in disclosures if part]
        header["jwk"]["x"], header["kid"] = "@key", "@kid"
        if "iss" in payload:
            payload["iss"] = "@iss"
        lines = [json.dumps(header, ensure_ascii=False), json.dumps(payload, ensure_ascii=False)] + lines
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if any("\n" in line for line in lines):
        return None
    # A fact's line names its rows, which come before it: that is how tokens are written.
    for number, digest in enumerate(digests):
        lines = [line.replace(f'"{digest}"', f'"@{number}"') for line in lines]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


KIND = {"disclosure": b"t", "contents": b"t", "status-list": b"s", "receipt": b"c", "log-export": b"l"}
index = json.loads((vectors / "hostile" / "index.json").read_text())
files = [(vectors / "hostile" / entry["file"], entry["reads"]) for entry in index["vectors"]]
files += [(path, "disclosure") for path in (vectors / "disclosure").glob("*.token")]
files += [(vectors / "lifecycle" / f"{name}", reads) for name, reads in [
    ("status.token", "disclosure"), ("status-list.jwt", "status-list"),
    ("receipt.jwt", "receipt"), ("log-export.jwt", "log-export")]]
for path, reads in files:
    text = path.read_bytes().rstrip(b"\n").decode()
    put("verify", b"r" + text.encode())
    first, *rest = text.split("\n") if reads == "contents" else [text]
    made = recipe(first)
    if made:
        put("verify", KIND[reads] + made)
    if reads in ("disclosure", "contents"):
        put("enclosures", text.encode())
        if made and reads == "contents":
            put("enclosures", b"t" + made + b"\n\n" + "\n".join(rest).encode())

for path in (fixtures / "disclosure" / "requests").glob("*.json"):
    put("request", path.read_bytes())
document = (root / "docs" / "request-format.md").read_text()
for block in document.split("```json\n")[1:]:
    put("request", block.split("```")[0].encode())
presets = sorted((root / "src" / "disclosure" / "presets").glob("*.json"))
for number, path in enumerate(presets):
    preset = json.loads(path.read_text())
    put("request", path.read_bytes())
    values = "\n".join(f"{parameter['name']}=100.00" for parameter in preset["parameters"])
    days = values.replace("100.00", "2026-01-31")
    for text in (values, days):
        put("request", b"p" + bytes([number]) + text.encode())

for folder in ("statement", "vault", "cli"):
    for path in (fixtures / folder).rglob("*"):
        if path.is_file() and path.suffix in (".csv", ".ofx", ".qfx", ".txt", ".xml", ".sta", ".qif") and path.stat().st_size <= 65536:
            put("statement", path.read_bytes())

# The vault's targets read small scripts of changes to a vault that they make themselves: how, how many patches, then for each
# where (two bytes), how many bytes, and the bytes.
def patch(*places):
    return bytes([len(places)]) + b"".join(
        at.to_bytes(2, "big") + bytes([len(data)]) + data for at, data in places)


for how in range(16):
    put("vault_header", bytes([how]) + patch((24, b"\x09")) + patch((92, b"\xff\xff")))
    put("vault_header", bytes([how]) + patch((60, b"\x01"), (88, b"\x02")) + patch((256, b"\x02\x00")))
for page in range(8):
    put("vault_page", bytes([0]) + patch((page * 4096 + 9, b"\x55")))
    put("vault_page", bytes([1, page]) + patch((3, b"\x00\x09\x0f\x00"), (100, b"\x05")))
for page in range(1, 6):
    put("vault_log", bytes([1, page, 6]) + patch((0, b"\x05"), (8, b"\xff\xff\xff")) + bytes([page + 1, 0]) + patch((4, b"\x01")))
    put("vault_log", bytes([2, 0x20, page]) + patch((8192 + page * 64, b"\x01")))
for how in (0, 1, 2, 3, 4, 0x80, 0x81, 0x82, 0x83, 0x84, 0xff):
    for first in (0, 1):
        put("vault_open", bytes([first, how, 0, 2, 0, 3]) + patch((5000, b"\x01\x02")))
for path in (root / "tests" / "errors").rglob("*"):
    if path.is_file() and path.suffix != ".golden" and path.stat().st_size <= 65536:
        put("statement", path.read_bytes())

for folder in sorted(corpus.iterdir()):
    print(f"{folder.name}: {len(list(folder.iterdir()))} files")
PYTHON
