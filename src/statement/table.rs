//! finvault's own table (`export --format csv`), read back: the accounts by name, splits and tags with their rows.

use super::book::{self, BookAccount, BookFile, RowExtras, bad_field};
use super::write::csv::{COLUMNS, unguarded};
use super::{
    Format, Statement, StatementAccount, StatementError, StatementErrorKind, StatementFile, StatementRow,
    encoding, problem,
};
use crate::ledger::{NewTransaction, SplitPart};
use crate::money::{Currency, Decimal, DecimalMark};
use csv::StringRecord;
use encoding_rs::UTF_8;
use std::collections::HashMap;

/// Whether a text begins as the table does.
pub(super) fn is_table(head: &str) -> bool {
    let first = head.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
    first == COLUMNS.join(",")
}

/// Reads the table.
///
/// # Errors
/// [`StatementError`] for a row that is not as finvault writes it.
pub(super) fn read(bytes: &[u8], progress: &mut dyn FnMut(u64, u64)) -> Result<BookFile, StatementError> {
    let text = encoding::decode(bytes, Some(UTF_8), |_| UTF_8)?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let mut table = Table::default();
    let mut record = StringRecord::new();
    loop {
        let line = u32::try_from(reader.position().line()).unwrap_or(u32::MAX);
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                let message = format!("the row cannot be read: {error}");
                return Err(problem::on_line(StatementErrorKind::Malformed, line, "", message, REMEDY));
            }
        }
        let line = record.position().map_or(line, |at| u32::try_from(at.line()).unwrap_or(u32::MAX));
        table.row(line, &record)?;
        if line.is_multiple_of(10_000) {
            progress(reader.position().byte(), bytes.len() as u64);
        }
    }
    Ok(table.finish())
}

const REMEDY: &str =
    "make the table again with \"finvault export --format csv\", or name its columns by a profile";

#[derive(Default)]
struct Table {
    by_name: HashMap<String, usize>,
    statements: Vec<Statement>,
    accounts: Vec<BookAccount>,
}

impl Table {
    fn row(&mut self, line: u32, record: &StringRecord) -> Result<(), StatementError> {
        let shown = record.iter().collect::<Vec<_>>().join(",");
        if record.len() != COLUMNS.len() {
            let message =
                format!("the row has {} cells, and the table has {} columns", record.len(), COLUMNS.len());
            return Err(problem::on_line(StatementErrorKind::Malformed, line, &shown, message, REMEDY));
        }
        let cell = |column: &str| {
            let at = COLUMNS.iter().position(|name| *name == column).unwrap_or_default();
            unguarded(record.get(at).unwrap_or_default())
        };
        let text = |column: &str| Some(cell(column).to_owned()).filter(|text| !text.is_empty());
        let index = self.account(
            line,
            &shown,
            cell("Account"),
            cell("Account kind"),
            cell("Currency"),
            cell("Amount"),
        )?;
        let (Some(statement), Some(account)) = (self.statements.get_mut(index), self.accounts.get_mut(index))
        else {
            return Err(bad_field(line, &shown, "the account is not known", REMEDY));
        };
        let amount = book::amount(line, &shown, cell("Amount"), statement.currency)?;
        let mut parts = Vec::new();
        for part in cell("Splits").split('\n').filter(|part| !part.is_empty()) {
            parts.push(read_part(line, &shown, part, statement.currency)?);
        }
        book::check_parts(line, &shown, amount, &parts)?;
        let category = text("Category").map(|path| book::category(line, &shown, &path)).transpose()?;
        if category.is_some() && !parts.is_empty() {
            return Err(bad_field(line, &shown, "the row has a category and splits", "empty one of the two"));
        }
        let tags = cell("Tags").split(' ').filter(|tag| !tag.is_empty());
        let tags = tags.map(|tag| book::tag(line, &shown, tag)).collect::<Result<_, _>>()?;
        let payee = cell("Payee").to_owned();
        statement.rows.push(StatementRow {
            line,
            transaction: NewTransaction {
                posted: book::day(line, &shown, cell("Date"))?,
                amount,
                payee_raw: text("Payee as written").unwrap_or_else(|| payee.clone()),
                payee,
                memo: text("Memo"),
                reference: text("Reference"),
                category: category.map(|category| category.to_string()),
                status: cell("Status").parse().map_err(|error| {
                    bad_field(line, &shown, format!("{error}"), "write pending, posted or reconciled")
                })?,
                bank_id: text("Bank id"),
            },
            parts,
        });
        account.extras.push(RowExtras { tags, corrected: None });
        Ok(())
    }

    /// The account of a row: its first row makes it.
    fn account(
        &mut self,
        line: u32,
        shown: &str,
        name: &str,
        kind: &str,
        code: &str,
        amount: &str,
    ) -> Result<usize, StatementError> {
        if name.trim().is_empty() {
            return Err(bad_field(line, shown, "the row names no account", "fill in the column Account"));
        }
        let currency = match self.by_name.get(name).and_then(|index| self.statements.get(*index)) {
            Some(known) => known.currency,
            None => currency_of(line, shown, code, amount)?,
        };
        if !currency.code().eq_ignore_ascii_case(code) {
            let message = format!("the account was in {currency} before, and is in {code} here");
            return Err(bad_field(line, shown, message, "give each currency an account of its own"));
        }
        if let Some(index) = self.by_name.get(name) {
            return Ok(*index);
        }
        let kind =
            kind.parse().map_err(|error| bad_field(line, shown, format!("{error}"), "correct the kind"))?;
        let index = self.accounts.len();
        self.by_name.insert(name.to_owned(), index);
        self.statements.push(Statement {
            account: Some(StatementAccount { institution: None, number: name.to_owned(), kind }),
            currency,
            period: None,
            rows: Vec::new(),
            balances: Vec::new(),
        });
        self.accounts.push(BookAccount {
            name: name.to_owned(),
            kind,
            institution: None,
            number: None,
            opening: None,
            closed: None,
            extras: Vec::new(),
        });
        Ok(index)
    }

    fn finish(self) -> BookFile {
        let entries = self.statements.iter().map(|statement| statement.rows.len()).sum();
        BookFile {
            file: StatementFile { format: Format::Table, statements: self.statements, warnings: Vec::new() },
            accounts: self.accounts,
            categories: Vec::new(),
            commodities: Vec::new(),
            entries,
        }
    }
}

/// A currency by its code; one that ISO 4217 does not list has the digits that its amounts are written with.
fn currency_of(line: u32, shown: &str, code: &str, amount: &str) -> Result<Currency, StatementError> {
    if let Ok(currency) = Currency::iso(code) {
        return Ok(currency);
    }
    let digits = Decimal::parse(amount, DecimalMark::Point).map_or(0, Decimal::scale);
    Currency::custom(code, digits)
        .map_err(|error| bad_field(line, shown, error.to_string(), "correct the currency"))
}

/// Reads `AMOUNT:CATEGORY=MEMO`.
fn read_part(line: u32, shown: &str, text: &str, currency: Currency) -> Result<SplitPart, StatementError> {
    let Some((amount, rest)) = text.split_once(':') else {
        return Err(bad_field(
            line,
            shown,
            "a part of the split names no category",
            "write it as AMOUNT:CATEGORY=MEMO",
        ));
    };
    let (category, memo) = match rest.split_once('=') {
        Some((category, memo)) => (category, Some(unescaped(memo))),
        None => (rest, None),
    };
    Ok(SplitPart {
        category: book::category(line, shown, category)?,
        amount: book::amount(line, shown, amount, currency)?,
        memo,
    })
}

fn unescaped(memo: &str) -> String {
    let mut out = String::with_capacity(memo.len());
    let mut chars = memo.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
    out
}
