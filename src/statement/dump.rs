//! finvault's own dump (`export --format jsonl`): what [`write::jsonl`](super::write) wrote, read back.
//!
//! Imports and attachments are told of in a dump, but a dump is no evidence of them: the rows come from the dump. A dump
//! that was cut short, or put together from two, is refused: its last line says how many there are.

use super::book::{self, BookAccount, BookFile, Correction, RowExtras, bad_field};
use super::write::jsonl::VERSION;
use super::{
    Format, StatedAmount, Statement, StatementAccount, StatementError, StatementErrorKind, StatementFile,
    StatementRow, Warning, encoding, problem,
};
use crate::ledger::{CategoryPath, NewTransaction, Opening, SplitPart};
use crate::money::Currency;
use encoding_rs::UTF_8;
use serde::Deserialize;
use std::collections::HashMap;

/// How a dump begins.
pub(super) const BEGINNING: &str = "{\"type\":\"finvault-ledger\"";
/// The longest line, in bytes: a hundred parts and attachments fit.
const MAX_LINE_BYTES: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
enum Line {
    FinvaultLedger {
        version: u32,
        #[serde(default, rename = "selection")]
        _selection: Option<serde::de::IgnoredAny>,
    },
    Commodity {
        code: String,
        digits: u8,
    },
    Category {
        name: String,
    },
    Import(serde::de::IgnoredAny),
    Account(AccountLine),
    Transaction(Box<TransactionLine>),
    StatedBalance {
        account: String,
        kind: String,
        date: String,
        amount: String,
        #[serde(rename = "import")]
        _import: serde::de::IgnoredAny,
    },
    End {
        lines: u64,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountLine {
    name: String,
    kind: String,
    currency: String,
    digits: u8,
    institution: Option<String>,
    number: Option<String>,
    opening: Option<OpeningShape>,
    closed: Option<String>,
    #[serde(default)]
    attachments: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpeningShape {
    date: String,
    amount: String,
    derived: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransactionLine {
    account: String,
    date: String,
    amount: String,
    payee: String,
    payee_as_written: Option<String>,
    memo: Option<String>,
    reference: Option<String>,
    category: Option<String>,
    #[serde(default)]
    splits: Vec<SplitShape>,
    #[serde(default)]
    tags: Vec<String>,
    status: String,
    bank_id: Option<String>,
    #[serde(rename = "import")]
    _import: Option<serde::de::IgnoredAny>,
    source_date: Option<String>,
    source_amount: Option<String>,
    #[serde(default)]
    attachments: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitShape {
    category: String,
    amount: String,
    memo: Option<String>,
}

/// Reads a dump.
///
/// # Errors
/// [`StatementError`] for a line that is not as finvault writes it, and for a dump that is not whole.
pub(super) fn read(bytes: &[u8], progress: &mut dyn FnMut(u64, u64)) -> Result<BookFile, StatementError> {
    let text = encoding::decode(bytes, Some(UTF_8), |_| UTF_8)?;
    let mut reader = Reader::default();
    let mut offset = 0usize;
    for (number, line) in (1u32..).zip(text.lines()) {
        if number % 10_000 == 0 {
            progress(offset as u64, bytes.len() as u64);
        }
        offset += line.len() + 1;
        reader.line(number, line)?;
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    begun: bool,
    ended: bool,
    lines: u64,
    by_name: HashMap<String, usize>,
    statements: Vec<Statement>,
    accounts: Vec<BookAccount>,
    categories: Vec<CategoryPath>,
    commodities: Vec<Currency>,
    has_evidence: bool,
}

impl Reader {
    fn line(&mut self, number: u32, line: &str) -> Result<(), StatementError> {
        if line.len() > MAX_LINE_BYTES {
            let message = "the line is longer than any that finvault writes";
            return Err(problem::on_line(StatementErrorKind::TooLarge, number, line, message, REMEDY));
        }
        if self.ended {
            return Err(malformed(number, line, "the dump goes on after its end"));
        }
        let read: Line = serde_json::from_str(line).map_err(|error| {
            let text = error.to_string();
            let what = text.split(" at line ").next().unwrap_or_default();
            malformed(number, line, format!("this is no line of a finvault dump: {what}"))
        })?;
        self.lines += 1;
        match read {
            Line::FinvaultLedger { version, .. } if !self.begun => self.begin(number, line, version),
            _ if !self.begun => Err(malformed(number, line, "the dump does not begin with its first line")),
            Line::FinvaultLedger { .. } => {
                Err(malformed(number, line, "a second dump begins inside the first"))
            }
            Line::Commodity { code, digits } => {
                self.commodities.push(currency(number, line, &code, digits)?);
                Ok(())
            }
            Line::Category { name } => {
                self.categories.push(book::category(number, line, &name)?);
                Ok(())
            }
            Line::Import(_) => {
                self.has_evidence = true;
                Ok(())
            }
            Line::Account(account) => self.account(number, line, account),
            Line::Transaction(transaction) => self.transaction(number, line, *transaction),
            Line::StatedBalance { account, kind, date, amount, .. } => {
                let index = self.index_of(number, line, &account)?;
                let statement = self.statements.get_mut(index).ok_or_else(|| lost(number, line))?;
                statement.balances.push(StatedAmount {
                    kind: kind.parse().map_err(|error| word(number, line, &error))?,
                    date: book::day(number, line, &date)?,
                    amount: book::amount(number, line, &amount, statement.currency)?,
                });
                Ok(())
            }
            Line::End { lines } if lines == self.lines => {
                self.ended = true;
                Ok(())
            }
            Line::End { lines } => {
                let message =
                    format!("the dump says that it has {lines} lines, and this is number {}", self.lines);
                Err(malformed(number, line, message))
            }
        }
    }

    fn begin(&mut self, number: u32, line: &str, version: u32) -> Result<(), StatementError> {
        if version != VERSION {
            return Err(problem::on_line(
                StatementErrorKind::BadField,
                number,
                line,
                format!("the dump is of version {version}, and this finvault reads version {VERSION}"),
                "use a newer finvault",
            ));
        }
        self.begun = true;
        Ok(())
    }

    fn index_of(&self, number: u32, line: &str, account: &str) -> Result<usize, StatementError> {
        self.by_name.get(account).copied().ok_or_else(|| {
            let shown = problem::excerpt(account);
            malformed(number, line, format!("there is no line for the account \"{shown}\" before this one"))
        })
    }

    fn account(&mut self, number: u32, line: &str, account: AccountLine) -> Result<(), StatementError> {
        let currency = currency(number, line, &account.currency, account.digits)?;
        let kind = account.kind.parse().map_err(|error| word(number, line, &error))?;
        let opening = match account.opening {
            None => None,
            Some(opening) => Some(Opening {
                date: book::day(number, line, &opening.date)?,
                amount: book::amount(number, line, &opening.amount, currency)?,
                derived: opening.derived,
            }),
        };
        let closed = account.closed.map(|text| book::day(number, line, &text)).transpose()?;
        self.has_evidence |= !account.attachments.is_empty();
        if self.by_name.insert(account.name.clone(), self.accounts.len()).is_some() {
            return Err(malformed(number, line, "the account is in the dump twice"));
        }
        self.statements.push(Statement {
            account: Some(StatementAccount {
                institution: account.institution.clone(),
                number: account.number.clone().unwrap_or_else(|| account.name.clone()),
                kind,
            }),
            currency,
            period: None,
            rows: Vec::new(),
            balances: Vec::new(),
        });
        self.accounts.push(BookAccount {
            name: account.name,
            kind,
            institution: account.institution,
            number: account.number,
            opening,
            closed,
            extras: Vec::new(),
        });
        Ok(())
    }

    fn transaction(&mut self, number: u32, line: &str, row: TransactionLine) -> Result<(), StatementError> {
        let index = self.index_of(number, line, &row.account)?;
        let (Some(statement), Some(account)) = (self.statements.get_mut(index), self.accounts.get_mut(index))
        else {
            return Err(lost(number, line));
        };
        let currency = statement.currency;
        let posted = book::day(number, line, &row.date)?;
        let amount = book::amount(number, line, &row.amount, currency)?;
        let mut parts = Vec::with_capacity(row.splits.len());
        for part in row.splits {
            parts.push(SplitPart {
                category: book::category(number, line, &part.category)?,
                amount: book::amount(number, line, &part.amount, currency)?,
                memo: part.memo,
            });
        }
        book::check_parts(number, line, amount, &parts)?;
        if row.category.is_some() && !parts.is_empty() {
            return Err(bad_field(number, line, "the transaction has a category and splits", REMEDY));
        }
        let source_date = row.source_date.map(|text| book::day(number, line, &text)).transpose()?;
        let source_amount =
            row.source_amount.map(|text| book::amount(number, line, &text, currency)).transpose()?;
        let is_corrected = source_date.is_some() || source_amount.is_some();
        let category = row.category.map(|text| book::category(number, line, &text)).transpose()?;
        account.extras.push(RowExtras {
            tags: row.tags.iter().map(|text| book::tag(number, line, text)).collect::<Result<_, _>>()?,
            corrected: is_corrected.then_some(Correction { posted, amount }),
        });
        self.has_evidence |= !row.attachments.is_empty();
        statement.rows.push(StatementRow {
            line: number,
            transaction: NewTransaction {
                posted: source_date.unwrap_or(posted),
                amount: source_amount.unwrap_or(amount),
                payee_raw: row.payee_as_written.unwrap_or_else(|| row.payee.clone()),
                payee: row.payee,
                memo: row.memo,
                reference: row.reference,
                category: category.map(|category| category.to_string()),
                status: row.status.parse().map_err(|error| word(number, line, &error))?,
                bank_id: row.bank_id,
            },
            parts,
        });
        Ok(())
    }

    fn finish(self) -> Result<BookFile, StatementError> {
        if !self.ended {
            return Err(problem::whole_file(
                StatementErrorKind::Malformed,
                "the dump ends before its last line: it was cut short",
                REMEDY,
            ));
        }
        let mut warnings = Vec::new();
        if self.has_evidence {
            warnings.push(Warning {
                line: 0,
                text:
                    "the dump tells of imports or attachments; its rows come from the dump itself, and files \
                       are not in it"
                        .to_owned(),
            });
        }
        let entries = self.statements.iter().map(|statement| statement.rows.len()).sum();
        Ok(BookFile {
            file: StatementFile { format: Format::Dump, statements: self.statements, warnings },
            accounts: self.accounts,
            categories: self.categories,
            commodities: self.commodities,
            entries,
        })
    }
}

const REMEDY: &str = "make the dump again with \"finvault export --format jsonl\"";

fn malformed(number: u32, line: &str, message: impl Into<String>) -> StatementError {
    problem::on_line(StatementErrorKind::Malformed, number, line, message, REMEDY)
}

fn lost(number: u32, line: &str) -> StatementError {
    malformed(number, line, "the account of this line is not known")
}

fn word(number: u32, line: &str, error: &dyn std::fmt::Display) -> StatementError {
    bad_field(number, line, error.to_string(), REMEDY)
}

fn currency(number: u32, line: &str, code: &str, digits: u8) -> Result<Currency, StatementError> {
    Currency::custom(code, digits).map_err(|error| bad_field(number, line, error.to_string(), REMEDY))
}
