"""Holds what other programs make of finvault's exports against finvault's own balances."""

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

work = Path(sys.argv[1])
expected = {
    row["account"]: (Decimal(row["balance"]), row["currency"])
    for row in json.loads((work / "balances.json").read_text())
}


def same(program, found):
    """Fails unless a program found every account that moves, with finvault's balance."""
    for name, (balance, currency) in expected.items():
        got = found.get(name, (Decimal(0), currency))
        assert got == (balance, currency), f"{program}: {name}: {got}, not {balance} {currency}"
    assert set(found) <= set(expected), f"{program}: {set(found) - set(expected)}"
    print(f"exports: {program} agrees on {len(expected)} accounts")


def journal_names():
    """What the journal calls each account."""
    names, account = {}, None
    for line in (work / "book.ledger").read_text().splitlines():
        if line.startswith("account "):
            account = line.removeprefix("account ")
        elif account and line.startswith("    ; name: "):
            value = line.removeprefix("    ; name: ")
            names[account] = json.loads(value) if value.startswith('"') else value
        elif not line:
            account = None
    return names


def amount(text):
    """`-1.005 KWD` or `1200 "PTS.1"`."""
    number, currency = text.replace(",", "").split(" ", 1)
    return Decimal(number), currency.strip('"')


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr.strip(), f"{command}: {done.stderr}"
    return done.stdout


def by_journal(text):
    names = journal_names()
    found = {}
    for line in text.splitlines():
        # Where an account holds several commodities, lines without its name follow: none of ours does.
        account, _, total = line.partition("|")
        if account in names:
            found[names[account]] = amount(total)
    return found


journal = str(work / "book.ledger")
rows = run("hledger", "-f", journal, "balance", "--cleared", "--flat", "--no-total", "--empty", "-O", "csv")
pairs = [re.fullmatch(r'"(.*)","(.*)"', line).groups() for line in rows.splitlines()[1:]]
lines = [f"{account}|{total.replace(chr(34) * 2, chr(34))}" for account, total in pairs]
same("hledger", by_journal("\n".join(line for line in lines if not line.endswith("|0"))))

rows = run(
    "ledger", "-f", journal, "balance", "--cleared", "--flat", "--no-total", "--format", "%(account)|%(display_total)\n"
)
same("ledger", by_journal(rows))

from beancount import loader  # noqa: E402
from beancount.core import data  # noqa: E402

entries, errors, _ = loader.load_file(str(work / "book.beancount"))
assert not errors, errors
opened = {entry.account: entry.meta["name"] for entry in entries if isinstance(entry, data.Open) and "name" in entry.meta}
codes = {entry.currency: entry.meta["code"] for entry in entries if isinstance(entry, data.Commodity)}
found = {}
for entry in entries:
    if isinstance(entry, data.Transaction) and entry.flag == "*":
        for posting in entry.postings:
            if posting.account in opened:
                name, currency = opened[posting.account], codes[posting.units.currency]
                before = found.get(name, (Decimal(0), currency))
                assert before[1] == currency, (name, before, currency)
                found[name] = (before[0] + posting.units.number, currency)
same("Beancount", found)

from ofxtools.Parser import OFXTree  # noqa: E402

tree = OFXTree()
tree.parse(str(work / "book.ofx"))
by_id = {}
for statement in tree.convert().statements:
    transactions = list(statement.transactions or [])
    by_id[statement.account.acctid] = (statement.ledgerbal.balamt, statement.curdef, len(transactions))
carried = {name: value for name, value in expected.items() if len(value[1]) == 3 and value[1] != "PTS"}
ids = {"Everyday": "DE00123456789", "Visa": "4000 0000 0000 0002"}
for name, (balance, currency) in carried.items():
    acctid = ids.get(name, name)[-22:].strip()
    got = by_id.pop(acctid)
    assert got[:2] == (balance, currency), f"ofxtools: {name}: {got}, not {balance} {currency}"
assert not by_id, by_id
print(f"exports: ofxtools agrees on {len(carried)} accounts")
