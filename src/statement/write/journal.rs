//! A plain-text journal that both hledger and ledger read: one entry a row, against the category's account.
//!
//! What a journal has no place for is a comment `; key: value` below the entry, the account or the posting. A value that
//! either program could take for something else (a date in brackets, a tag of a date, a second line) is written as a JSON
//! string.

use super::names::{OPENING, journal_part, negated, of_accounts, of_category};
use super::{AccountHead, BookHead, BookWriter, ExportRow};
use crate::ledger::TransactionStatus;
use crate::money::Currency;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The first line. A journal that begins with it was written here, and its comments are read.
pub(crate) const FIRST_LINE: &str = "; finvault journal 1";

/// Writes a journal.
pub(super) struct Journal<'w> {
    out: &'w mut dyn Write,
    names: BTreeMap<i64, String>,
    pending: bool,
}

impl<'w> Journal<'w> {
    pub(super) fn new(out: &'w mut dyn Write) -> Self {
        Self { out, names: BTreeMap::new(), pending: false }
    }

    fn name(&self, head: &AccountHead) -> &str {
        self.names.get(&head.account.id.0).map_or("Assets:x", String::as_str)
    }

    /// A comment of its own line, `depth` steps in.
    fn note(&mut self, depth: usize, key: &str, value: &str) -> io::Result<()> {
        writeln!(self.out, "{:width$}; {key}: {}", "", noted(value), width = depth * 4)
    }

    fn posting(&mut self, account: &str, decimal: &str, currency: Currency) -> io::Result<()> {
        writeln!(self.out, "    {account}    {decimal} {}", symbol(currency))
    }

    fn contra(&mut self, category: Option<&str>, decimal: &str, currency: Currency) -> io::Result<()> {
        let account = of_category(category, journal_part);
        self.posting(&account, &negated(decimal), currency)?;
        match category {
            Some(exact) if super::names::category_of(&account) != Some(exact) => {
                self.note(1, "category", exact)
            }
            _ => Ok(()),
        }
    }
}

/// A commodity as both programs take it: in quotes unless it is all letters.
fn symbol(currency: Currency) -> String {
    let code = currency.code();
    if code.bytes().all(|b| b.is_ascii_alphabetic()) { code.to_owned() } else { format!("\"{code}\"") }
}

/// A value within a comment.
fn noted(text: &str) -> String {
    let is_plain = !text.is_empty()
        && text.trim() == text
        && !text.starts_with('"')
        && !text.contains(|c: char| c.is_control() || matches!(c, '[' | ':' | '\u{2028}' | '\u{2029}'));
    if is_plain {
        return text.to_owned();
    }
    let quoted = serde_json::Value::from(text).to_string();
    quoted
        .replace('[', "\\u005b")
        .replace(':', "\\u003a")
        .replace('\u{7f}', "\\u007f")
        .replace('\u{85}', "\\u0085")
}

/// What a value within a comment stands for; `None` for one that is quoted and cut short.
pub(crate) fn unnoted(value: &str) -> Option<String> {
    if value.starts_with('"') { serde_json::from_str(value).ok() } else { Some(value.to_owned()) }
}

/// A payee as the description of an entry: it may lose what a journal would misread.
fn description(payee: &str) -> String {
    let mut out = String::new();
    for word in payee.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word.replace([';', '|'], ","));
    }
    let out = out.trim_start_matches(['(', '*', '!', '=', '[']).trim_start().to_owned();
    if out.is_empty() { "Unnamed".to_owned() } else { out }
}

/// Whether a reference can stand in brackets before the description.
fn is_code(reference: &str) -> bool {
    !reference.is_empty() && reference.bytes().all(|b| b.is_ascii_alphanumeric() || b"-/._".contains(&b))
}

impl BookWriter for Journal<'_> {
    fn begin(&mut self, head: &BookHead) -> io::Result<()> {
        let names = of_accounts(head.accounts.iter().map(|account| &account.account), journal_part);
        self.names = head.accounts.iter().map(|account| account.account.id.0).zip(names).collect();
        writeln!(self.out, "{FIRST_LINE}")?;
        let mut currencies: Vec<Currency> = head
            .accounts
            .iter()
            .map(|account| account.account.currency)
            .chain(head.commodities.clone())
            .collect();
        currencies.sort_unstable();
        currencies.dedup();
        for currency in currencies {
            let zeroes = "0".repeat(usize::from(currency.exponent()));
            let symbol = symbol(currency);
            writeln!(self.out, "\ncommodity {symbol}")?;
            // hledger wants a decimal mark in a format, and ledger takes none at the end.
            if !zeroes.is_empty() {
                writeln!(self.out, "    format 1000.{zeroes} {symbol}")?;
            }
        }
        Ok(())
    }

    fn begin_account(&mut self, head: &AccountHead) -> io::Result<()> {
        let account = &head.account;
        let name = self.name(head).to_owned();
        writeln!(self.out, "\naccount {name}")?;
        self.note(1, "name", &account.name)?;
        self.note(1, "kind", account.kind.as_str())?;
        self.note(1, "currency", account.currency.code())?;
        if let Some(institution) = &account.institution {
            self.note(1, "institution", institution)?;
        }
        if let Some(number) = &account.number {
            self.note(1, "number", number)?;
        }
        if let Some(closed) = account.closed {
            self.note(1, "closed", &closed.to_string())?;
        }
        for stated in &head.stated {
            let value = format!("{} {} {}", stated.kind, stated.date, stated.amount.to_decimal());
            self.note(1, "stated", &value)?;
        }
        if let Some(opening) = account.opening {
            let decimal = opening.amount.to_decimal();
            writeln!(self.out, "\n{} * Opening balance", opening.date)?;
            self.note(1, "opening", if opening.derived { "derived" } else { "given" })?;
            self.posting(&name, &decimal, account.currency)?;
            self.posting(OPENING, &negated(&decimal), account.currency)?;
        }
        Ok(())
    }

    fn row(&mut self, head: &AccountHead, row: &ExportRow) -> io::Result<()> {
        let detail = &row.detail;
        let (currency, decimal) = (detail.amount.currency(), detail.amount.to_decimal());
        let mark = if detail.status == TransactionStatus::Pending { '!' } else { '*' };
        self.pending |= detail.status == TransactionStatus::Pending;
        let shown = description(&detail.payee);
        let code = detail.reference.as_deref().filter(|reference| is_code(reference));
        let code_text = code.map(|code| format!("({code}) ")).unwrap_or_default();
        writeln!(self.out, "\n{} {mark} {code_text}{shown}", detail.posted)?;
        let reference = detail.reference.as_deref().filter(|_| code.is_none());
        let notes = [
            ("exact-payee", (shown != detail.payee).then_some(detail.payee.as_str())),
            ("as-written", (detail.payee_raw != detail.payee).then_some(detail.payee_raw.as_str())),
            ("memo", detail.memo.as_deref()),
            ("reference", reference),
            ("bank-id", detail.bank_id.as_deref()),
            ("status", (detail.status == TransactionStatus::Reconciled).then_some("reconciled")),
        ];
        for (key, value) in notes {
            if let Some(value) = value {
                self.note(1, key, value)?;
            }
        }
        if !row.tags.is_empty() {
            self.note(1, "tags", &row.tags.join(" "))?;
        }
        let name = self.name(head).to_owned();
        self.posting(&name, &decimal, currency)?;
        if row.parts.is_empty() {
            return self.contra(detail.category.as_deref(), &decimal, currency);
        }
        for part in &row.parts {
            self.contra(Some(part.category.as_str()), &part.amount.to_decimal(), currency)?;
            if let Some(memo) = &part.memo {
                self.note(1, "part-memo", memo)?;
            }
        }
        Ok(())
    }

    fn end_account(&mut self, _head: &AccountHead) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn losses(&self) -> Vec<String> {
        let mut losses = vec!["a journal has no room for imports and attachments".to_owned()];
        if self.pending {
            losses.push(
                "pending transactions are marked \"!\"; hledger and ledger count them unless told not to (-C)"
                    .to_owned(),
            );
        }
        losses
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_journal_could_misread_is_quoted() {
        for text in ["plain words, 5 items", "Café; no"] {
            assert_eq!(noted(text), text);
        }
        for text in ["[5 items]", "date: tomorrow", "two\nlines", " edge", "", "\"quoted\""] {
            let value = noted(text);
            assert!(!value.contains(['[', '\n']) && !value.contains(": "), "{value}");
            assert_eq!(unnoted(&value).as_deref(), Some(text));
        }
        assert_eq!(description("(12) Cafe; bar"), "12) Cafe, bar");
        assert_eq!(description("***"), "Unnamed");
    }

    proptest! {
        #[test]
        fn a_note_is_one_line_and_loses_nothing(text in any::<String>()) {
            let value = noted(&text);
            prop_assert!(!value.contains(['\n', '\r', '[']), "{}", value);
            prop_assert_eq!(unnoted(&value), Some(text));
        }
    }
}
