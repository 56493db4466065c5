#!/usr/bin/env bash
# Verifies disclosures with software that finvault did not write: the distribution's `age` program opens
# them, PyJWT checks the signature. Call it from anywhere, after `cargo build`. It needs bash, age,
# ssh-keygen, python3 with venv, and a package index that pip can reach; it leaves nothing behind.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
finvault=${FINVAULT_BIN:-$root/target/debug/finvault}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for program in age age-keygen ssh-keygen python3; do
    command -v "$program" >/dev/null || { echo "interop: $program is not installed" >&2; exit 1; }
done
[ -x "$finvault" ] || { echo "interop: $finvault is not there: run cargo build first" >&2; exit 1; }

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
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
echo "interop: all held"
