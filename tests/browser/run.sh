#!/usr/bin/env bash
# Opens what finvault seals for browsers in the distribution's Chromium and Firefox: every state of the page, every vector,
# accessibility, printing, speed. Call it from anywhere, after `cargo build`. It needs chromium, firefox-esr, pdftotext, node (18
# or newer) with npm, and a package index that npm can reach; it leaves nothing behind. With --pictures it also writes
# docs/pictures/ anew.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
finvault=${FINVAULT_BIN:-$root/target/debug/finvault}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for program in node npm pdftotext; do
    command -v "$program" >/dev/null || { echo "browser: $program is not installed" >&2; exit 1; }
done
[ -x "$finvault" ] || { echo "browser: $finvault is not there: run cargo build first" >&2; exit 1; }

echo "browser: the page is made from its sources"
[ -d "$here/node_modules" ] || (cd "$here" && npm ci --silent --no-audit --no-fund --ignore-scripts)
node "$here/build.mjs" --check

echo "browser: a vault, and disclosures for who has no key"
unset FINVAULT_STATE_DIR
export FINVAULT_VAULT=$work/browser.finvault FINVAULT_PASSPHRASE="browser test passphrase"
export HOME=$work/home XDG_STATE_HOME=$work/state XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
mkdir -p "$HOME" "$XDG_STATE_HOME" "$XDG_DATA_HOME" "$XDG_CONFIG_HOME"
cd "$work"
account="Example Bank Checking"
"$finvault" init --kdf-memory 19 --kdf-passes 2 >/dev/null
"$finvault" import "$root/src/cli/demo/example-bank-2026-q1.ofx" >/dev/null
"$finvault" recipient add Landlord >/dev/null
"$finvault" recipient add Stranger >/dev/null
cp "$here/receipt.png" "$root/tests/vectors/documents/receipt.pdf" .
"$finvault" attach add receipt.png --tx 1 >/dev/null
"$finvault" attach add receipt.pdf --tx 2 >/dev/null
disclose() { # disclose NAME ...: into NAME.html, and what is told of it into NAME.json
    local name=$1
    shift
    "$finvault" --json disclose "$1" --to "${to:-Landlord}" --purpose "Rental application" --html --output "$name.html" \
        --accept-risk "a test" --yes "${@:2}" >"$name.json"
}
disclose all balance --account "$account" --as-of 2026-03-31 --account-label both \
    --and balance --account "$account" --as-of 2026-03-31 --bucket 5000 \
    --and threshold --account "$account" --at-least 1000 --as-of 2026-03-31 --days 90 \
    --and totals --account "$account" --from 2026-01-01 --until 2026-03-31 --by flow --period month \
    --and transactions --account "$account" --from 2026-01-01 --until 2026-03-31 --fields date,amount,payee,status,id \
    --and account --account "$account" --holder "Example Holder" --fields institution,kind,currency,known-since \
    --and receipt --tx 1 --and receipt --tx 2
to=Stranger disclose other balance --account "$account" --as-of 2026-03-31
"$finvault" account add Busy --kind checking --currency EUR >/dev/null
node -e 'console.log("Date,Payee,Amount"); for (let at = 0; at < 1000; at += 1) console.log(`2026-0${1 + (at % 3)}-${10 + (at % 19)},Shop ${at % 40},-${1 + (at % 90)}.50`)' >busy.csv
"$finvault" import busy.csv --account Busy >/dev/null
disclose busy transactions --account Busy --from 2026-01-10 --until 2026-03-28 --fields date,amount,payee
"$finvault" viewer --output viewer.html >/dev/null

echo "browser: tests"
cd "$here"
FIXTURES=$work PICTURES=$([ "${1:-}" = --pictures ] && echo "$root/docs/pictures" || echo "$work/pictures") \
    node --test --test-concurrency=1 --test-reporter=spec verdicts.test.mjs page.test.mjs pictures.test.mjs
echo "browser: all held"
