#!/usr/bin/env bash
# Verifies what finvault signs and seals with software that it did not write: the distribution's `age` program opens
# the files; PyJWT, joserfc, jose, sd-jwt and @sd-jwt/core check tokens, subsets of tokens, status lists, receipts and
# logs, and every hostile file. Call it from anywhere, after `cargo build`. It needs bash, age, ssh-keygen, python3
# (3.11 or newer) with venv, node (18 or newer) with npm, and package indexes that pip and npm can reach; it leaves
# nothing behind. Options are passed on: --write writes verdicts.json anew.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
finvault=${FINVAULT_BIN:-$root/target/debug/finvault}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for program in age age-keygen ssh-keygen python3 node npm; do
    command -v "$program" >/dev/null || { echo "interop: $program is not installed" >&2; exit 1; }
done
[ -x "$finvault" ] || { echo "interop: $finvault is not there: run cargo build first" >&2; exit 1; }

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$here/requirements.txt"
cp -R "$here/node" "$work/node"
(cd "$work/node" && npm ci --silent --no-audit --no-fund --ignore-scripts)
export PYTHONDONTWRITEBYTECODE=1
verify() { "$work/venv/bin/python" "$here/verify_token.py" "$@"; }

expect_exit() {
    local wanted=$1 got=0
    shift
    "$@" >"$work/out" 2>&1 || got=$?
    if [ "$got" != "$wanted" ]; then
        echo "interop: expected exit $wanted, got $got from: $*" >&2
        cat "$work/out" >&2
        exit 1
    fi
}

echo "interop: the frozen example"
vectors=$root/tests/vectors/disclosure
for sealed in example.age example-armored.age; do
    verify "$vectors/$sealed" --identity "$vectors/identity.txt" --now 1769904000 \
        --expect facts/0/kind=balance --expect facts/0/Balance/Amount/Amount=12300.00 \
        --expect facts/1/Transaction/2/Amount/Amount=1299.00 >/dev/null
done

echo "interop: a vault, and a disclosure to an age key and to an SSH key"
unset FINVAULT_STATE_DIR
export FINVAULT_VAULT=$work/interop.finvault FINVAULT_PASSPHRASE="interop test passphrase"
export HOME=$work/home XDG_STATE_HOME=$work/state XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
mkdir -p "$HOME" "$XDG_STATE_HOME" "$XDG_DATA_HOME" "$XDG_CONFIG_HOME"
age-keygen -o "$work/age.txt" 2>/dev/null
age-keygen -o "$work/other.txt" 2>/dev/null
ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/ssh"
"$finvault" init --kdf-memory 19 --kdf-passes 2 >/dev/null
"$finvault" account add Checking --kind checking --currency EUR >/dev/null
"$finvault" tx add --account Checking --date 2026-01-05 --amount 1500.00 --payee "Example GmbH" >/dev/null
"$finvault" tx add --account Checking --date 2026-01-06 --amount -4.50 --payee "Corner Cafe" >/dev/null
"$finvault" recipient add desk --key "$(age-keygen -y "$work/age.txt")" >/dev/null
"$finvault" recipient add landlord --key "$(cut -d' ' -f1,2 "$work/ssh.pub")" >/dev/null
for to in desk:age.txt landlord:ssh; do
    name=${to%%:*} identity=$work/${to##*:} sealed=$work/${to%%:*}.age
    "$finvault" disclose balance --account Checking --as-of 2026-01-31 --to "$name" \
        --purpose "Interoperability test" --output "$sealed" --yes >/dev/null
    verify "$sealed" --identity "$identity" \
        --expect facts/0/kind=balance --expect facts/0/Balance/Amount/Amount=1495.50 \
        --expect facts/0/Balance/Amount/Currency=EUR --expect facts/0/Balance/CreditDebitIndicator=Credit \
        --expect "purpose/text=Interoperability test" >/dev/null
    expect_exit 15 "$finvault" open "$sealed" --identity "$identity"
    expect_exit 14 "$finvault" open "$sealed" --identity "$work/other.txt"
    for at in 40 120 "$(($(wc -c <"$sealed") / 2))" "$(($(wc -c <"$sealed") - 1))"; do
        python3 - "$sealed" "$work/altered.age" "$at" <<'PYTHON'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[3])] ^= 1
open(sys.argv[2], "wb").write(data)
PYTHON
        expect_exit 10 "$finvault" open "$work/altered.age" --identity "$identity"
    done
done
"$finvault" log --verify >/dev/null

echo "interop: every kind of fact, and what comes after it was sent, in five libraries"
export FINVAULT_VAULT=$work/fresh.finvault
fresh=$work/fresh account="Example Bank Checking"
mkdir "$fresh"
cp "$work/ssh" "$fresh/ssh"
"$finvault" init --kdf-memory 19 --kdf-passes 2 >/dev/null
"$finvault" import "$root/src/cli/demo/example-bank-2026-q1.ofx" >/dev/null
"$finvault" recipient add landlord --key "$(cut -d' ' -f1,2 "$work/ssh.pub")" >/dev/null
"$finvault" disclose balance --account "$account" --as-of 2026-03-31 --account-label both --to landlord \
    --purpose "Interoperability test" --output "$fresh/all.age" --yes \
    --and balance --account "$account" --as-of 2026-03-31 --bucket 5000 \
    --and threshold --account "$account" --at-least 1000 --as-of 2026-03-31 --days 90 \
    --and totals --account "$account" --from 2026-01-01 --until 2026-03-31 --by flow --period quarter \
    --and transactions --account "$account" --from 2026-03-01 --until 2026-03-31 --fields date,amount,payee,status,id \
    --and account --account "$account" --holder "Example Holder" --fields institution,kind,currency,known-since \
    --and document --import 1 --file-name >/dev/null
"$finvault" disclose balance --account "$account" --as-of 2026-03-31 --bucket 5000 --to landlord \
    --purpose "Interoperability test" --output "$fresh/other.age" --yes >/dev/null
"$finvault" disclosure revoke 1 >/dev/null
"$finvault" disclosure status-list --to landlord --output "$fresh/list.jwt" >/dev/null
"$finvault" receipt make "$fresh/all.age" --identity "$fresh/ssh" --output "$fresh/receipt.jwt" >/dev/null
"$finvault" log export --output "$fresh/log.jwt" >/dev/null
expect_exit 13 "$finvault" open "$fresh/all.age" --identity "$fresh/ssh" --status-list "$fresh/list.jwt"
expect_exit 15 "$finvault" open "$fresh/other.age" --identity "$fresh/ssh" --status-list "$fresh/list.jwt"
for name in all other; do
    age -d -i "$fresh/ssh" -o "$fresh/$name.contents" "$fresh/$name.age"
done
"$work/venv/bin/python" "$here/check.py" --finvault "$finvault" --node "$work/node" --fresh "$fresh" "$@"
echo "interop: the steps of docs/verify-without-finvault.md"
bash "$here/without_finvault.sh" "$work/node/node_modules"
echo "interop: all held"
