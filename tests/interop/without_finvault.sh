#!/usr/bin/env bash
# Runs every block of docs/verify-without-finvault.md on frozen vectors, in one shell, and looks at what they print.
# without_finvault.sh NODE_MODULES: a folder with the library jose.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

vectors=$root/tests/vectors
ln -s "$1" "$work/node_modules"
printf '<!doctype html>\n<script id="disclosure" type="application/jose">%s</script>\n' "$(cat "$vectors/browser/control.jwe")" >"$work/page.html"
sed -n 's/.*"passcode": "\(.*\)",/\1/p' "$vectors/browser/index.json" >"$work/passcode.txt"
cp "$vectors/disclosure/identity.txt" "$work/identity.txt"
cp "$vectors/disclosure/example.age" "$work/sealed.age"
cd "$work"
sed -n '/^```sh$/,/^```$/{/^```/d;p}' "$root/docs/verify-without-finvault.md" >steps.sh
[ "$(wc -l <steps.sh)" -gt 30 ] || { echo "without_finvault: the steps are gone" >&2; exit 1; }
bash -euo pipefail steps.sh >out.txt 2>&1 || { cat out.txt >&2; exit 1; }
for expected in "it has expired" "Signature Verified Successfully" "7pxi qm4z oq5i wc4p 3sll eqqs mikq bxt7" "it is for who has this passcode" \
    "it expires 2026-02-08T00:00:00Z" '"12300.00"'; do
    grep -q -F -- "$expected" out.txt || { echo "without_finvault: \"$expected\" is missing" >&2; cat out.txt >&2; exit 1; }
done
! grep -q "NOT SIGNED" out.txt
# A part that nobody signed is told from the others.
printf '%s' "$(cat token.txt)" | sed 's/$/WyJ6enp6enp6enp6enp6enp6enp6enp6IiwxXQ~/' >forged.txt
mv forged.txt token.txt
sed -n '/^jwt=/p;/^decode()/p;/^tail -c/,$p' steps.sh >again.sh
bash -euo pipefail again.sh | grep -q "NOT SIGNED: WyJ6" || { echo "without_finvault: an unsigned part passed" >&2; exit 1; }
echo "without_finvault: every step held"
