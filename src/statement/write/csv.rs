//! One table of all rows, as RFC 4180 has it, with the column names in [`COLUMNS`].
//!
//! A cell of text that a spreadsheet would take for a formula has an apostrophe put before it: a bank's row is
//! somebody else's text. Reading takes it off again.

use super::{AccountHead, BookHead, BookWriter, ExportRow};
use crate::ledger::SplitPart;
use std::borrow::Cow;
use std::io::{self, Write};

/// The header. A file that begins with it is read as this table, not as a bank's.
pub(crate) const COLUMNS: [&str; 14] = [
    "Account",
    "Account kind",
    "Date",
    "Amount",
    "Currency",
    "Payee",
    "Memo",
    "Reference",
    "Category",
    "Splits",
    "Tags",
    "Status",
    "Bank id",
    "Payee as written",
];

/// What a spreadsheet takes for the beginning of a formula, and the apostrophe that says it is none.
const GUARDED: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

/// Writes the table.
pub(super) struct Csv<'w> {
    out: csv::Writer<&'w mut dyn Write>,
    has_openings: bool,
}

impl<'w> Csv<'w> {
    pub(super) fn new(out: &'w mut dyn Write) -> Self {
        Self { out: csv::Writer::from_writer(out), has_openings: false }
    }

    fn record(&mut self, cells: &[Cow<'_, str>; COLUMNS.len()]) -> io::Result<()> {
        self.out.write_record(cells.iter().map(|cell| cell.as_bytes())).map_err(into_io)
    }
}

fn into_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A text as a cell: never a formula.
fn guarded(text: &str) -> Cow<'_, str> {
    if text.starts_with(GUARDED) { format!("'{text}").into() } else { text.into() }
}

/// The text that a cell of ours stands for.
pub(crate) fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if text.starts_with(GUARDED) => text,
        _ => cell,
    }
}

/// Parts as the command line takes them, one on a line: `AMOUNT:CATEGORY=MEMO`.
fn parts(parts: &[SplitPart]) -> String {
    let mut lines = Vec::with_capacity(parts.len());
    for part in parts {
        let mut line = format!("{}:{}", part.amount.to_decimal(), part.category);
        if let Some(memo) = &part.memo {
            line.push('=');
            // A memo of several lines would end the part early.
            line.push_str(&memo.replace('\\', "\\\\").replace('\n', "\\n"));
        }
        lines.push(line);
    }
    lines.join("\n")
}

impl BookWriter for Csv<'_> {
    fn begin(&mut self, head: &BookHead) -> io::Result<()> {
        self.has_openings = head.accounts.iter().any(|account| account.account.opening.is_some());
        self.record(&COLUMNS.map(Cow::Borrowed))
    }

    fn begin_account(&mut self, _account: &AccountHead) -> io::Result<()> {
        Ok(())
    }

    fn row(&mut self, head: &AccountHead, row: &ExportRow) -> io::Result<()> {
        let (account, detail) = (&head.account, &row.detail);
        let optional = |text: &'_ Option<String>| text.clone().unwrap_or_default();
        let as_written = if detail.payee_raw == detail.payee { "" } else { detail.payee_raw.as_str() };
        self.record(&[
            guarded(&account.name),
            account.kind.as_str().into(),
            detail.posted.to_string().into(),
            detail.amount.to_decimal().into(),
            account.currency.code().into(),
            guarded(&detail.payee),
            guarded(&optional(&detail.memo)).into_owned().into(),
            guarded(&optional(&detail.reference)).into_owned().into(),
            guarded(&optional(&detail.category)).into_owned().into(),
            guarded(&parts(&row.parts)).into_owned().into(),
            guarded(&row.tags.join(" ")).into_owned().into(),
            detail.status.as_str().into(),
            guarded(&optional(&detail.bank_id)).into_owned().into(),
            guarded(as_written),
        ])
    }

    fn end_account(&mut self, _account: &AccountHead) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn losses(&self) -> Vec<String> {
        let mut losses = vec![
            "a table of rows has no room for account numbers, stated balances, imports and attachments"
                .to_owned(),
        ];
        if self.has_openings {
            losses.push(
                "opening balances are not in the table: its amounts alone do not add up to the balances"
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
    fn a_cell_is_never_a_formula() {
        assert_eq!(guarded("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(guarded("Corner Cafe"), "Corner Cafe");
        assert_eq!(unguarded("'tis"), "'tis");
    }

    proptest! {
        #[test]
        fn guarding_loses_nothing(text in "['=+@a-]{0,5}") {
            let cell = guarded(&text).into_owned();
            prop_assert_eq!(unguarded(&cell), text.as_str());
        }
    }
}
