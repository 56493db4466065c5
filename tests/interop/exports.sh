#!/usr/bin/env bash
# Has hledger, ledger, Beancount and ofxtools read what `finvault export` writes of a book with several currencies,
# splits, transfers, odd payees and negative balances, and holds their balances against finvault's own; then reads each
# export back into a fresh vault. Call it from anywhere, after `cargo build`. It needs bash, hledger, ledger, python3
# (3.11 or newer) with venv, and a package index that pip can reach; it leaves nothing behind.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
finvault=${FINVAULT_BIN:-$root/target/debug/finvault}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for program in hledger ledger python3; do
    command -v "$program" >/dev/null || { echo "exports: $program is not installed" >&2; exit 1; }
done
[ -x "$finvault" ] || { echo "exports: $finvault is not there: run cargo build first" >&2; exit 1; }

if [ -z "${EXPORTS_PYTHON:-}" ]; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$here/requirements-exports.txt"
    EXPORTS_PYTHON=$work/venv/bin/python
fi
export PYTHONDONTWRITEBYTECODE=1
unset FINVAULT_STATE_DIR
export FINVAULT_PASSPHRASE="exports test passphrase"
export HOME=$work/home XDG_STATE_HOME=$work/state XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
mkdir -p "$HOME" "$XDG_STATE_HOME" "$XDG_DATA_HOME" "$XDG_CONFIG_HOME"

vault() { # vault NAME ARGUMENTS...: finvault on the vault of that name
    local name=$1
    shift
    "$finvault" --vault "$work/$name.finvault" "$@"
}

echo "exports: a book, written in every format"
vault book init --kdf-memory 19 --kdf-passes 2 >/dev/null
vault book import "$root/tests/fixtures/export/book.jsonl" >/dev/null
vault book balance --as-of 2026-12-31 --json >"$work/balances.json"
for format in csv jsonl ofx qif ledger beancount; do
    vault book export --format "$format" --output "$work/book.$format" >/dev/null 2>"$work/$format.told"
    grep -q "NOT encrypted" "$work/$format.told"
    [ "$(stat -c %a "$work/book.$format")" = 600 ]
done

echo "exports: read by hledger, ledger, Beancount and ofxtools"
"$EXPORTS_PYTHON" "$here/exports.py" "$work"

echo "exports: read back into fresh vaults"
for format in jsonl ledger beancount; do
    vault "again-$format" init --kdf-memory 19 --kdf-passes 2 >/dev/null
    vault "again-$format" import "$work/book.$format" >/dev/null
    vault "again-$format" balance --as-of 2026-12-31 --json >"$work/again.json"
    cmp "$work/balances.json" "$work/again.json"
    vault "again-$format" import "$work/book.$format" --json >"$work/twice.json"
    "$EXPORTS_PYTHON" - "$work/twice.json" <<'PYTHON'
import json, sys
for account in json.load(open(sys.argv[1]))["files"][0]["accounts"]:
    assert account["added"] == 0 and not account["created"], account
PYTHON
done
echo "exports: all held"
