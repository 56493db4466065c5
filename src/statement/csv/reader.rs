//! Reads the rows of a file by a [`Plan`].

use super::super::text::Text;
use super::super::wording::clean;
use super::super::{SkippedRow, StatementError, StatementErrorKind, Warning, problem};
use super::amounts::{self, CellMoney};
use super::drafts::Drafts;
use super::plan::{AmountRule, Plan};
use super::records::{Row, Rows};
use super::refuse::bad_cell;
use super::vocabulary::{self, Standing, fold};
use super::{dates, numbers};
use crate::ledger::TransactionStatus;
use crate::money::{Currency, Decimal};
use jiff::civil::Date;

/// The most lines that are named in warnings one by one.
const MAX_NAMED: usize = 8;

/// A row of data, before its currency and account are put to use.
#[derive(Debug)]
pub(super) struct Draft {
    pub line: u32,
    pub date: Date,
    pub amount: Decimal,
    pub fee: Option<Decimal>,
    pub balance: Option<Decimal>,
    pub currency: Option<Currency>,
    pub account: Option<String>,
    pub status: TransactionStatus,
    /// The owner's category, where the file is one of a program that keeps books.
    pub category: Option<String>,
    pub payee: String,
    pub memo: Option<String>,
    pub reference: Option<String>,
    pub bank_id: Option<String>,
    /// Which way the type column points, where it does.
    pub direction: Option<bool>,
    /// Whether the row says that it is a purchase, or a payment towards a card.
    pub purchase: Option<bool>,
}

/// Reads all rows of data. Those that cannot be read go to `skipped`, where that is wanted.
///
/// # Errors
/// A row that cannot be read exactly.
pub(super) fn read_rows(
    text: Text<'_>,
    plan: &Plan,
    mut skipped: Option<&mut Vec<SkippedRow>>,
    step: &mut dyn FnMut(usize),
) -> Result<ReadRows, StatementError> {
    let mut reader = Reader {
        plan,
        drafts: Drafts::default(),
        last: None,
        first: None,
        left_out: Vec::new(),
        footers: Vec::new(),
    };
    let mut rows = Rows::new(text, plan.delimiter)?;
    let mut index = 0;
    while let Some(row) = rows.next()? {
        index += 1;
        if index > plan.skip_rows {
            step(row.offset);
            while let Err(error) = reader.row(&row) {
                let Some(skipped) = skipped.as_deref_mut().filter(|_| error.is_about_one_row()) else {
                    return Err(error);
                };
                // What cannot be read may be a row above, which was held for a total: then this one is tried again.
                let is_above = error.line != row.line;
                reader.footers.retain(|(line, _)| *line != error.line);
                skipped.push(error.into());
                if !is_above {
                    break;
                }
            }
        }
    }
    rows.finish()?;
    reader.finish()
}

/// The rows of data of a file, and what was odd.
pub(super) struct ReadRows {
    pub drafts: Drafts,
    /// The text of the first of them.
    pub first: Option<String>,
    pub warnings: Vec<Warning>,
}

struct Reader<'p> {
    plan: &'p Plan,
    drafts: Drafts,
    /// The last row of data, to which lines that follow may still add text.
    last: Option<Draft>,
    first: Option<String>,
    left_out: Vec<Warning>,
    /// Rows with an amount and no day: totals at the end, or damage where data follows.
    footers: Vec<(u32, String)>,
}

impl Reader<'_> {
    fn row(&mut self, row: &Row<'_>) -> Result<(), StatementError> {
        if row.is_blank() || self.repeats_header(row) {
            return Ok(());
        }
        if let Some(extra) = row.cells.iter().skip(self.plan.width).find(|cell| !cell.is_empty()) {
            return Err(problem::on_line(
                StatementErrorKind::Malformed,
                row.line,
                row.source,
                format!(
                    "the row has {} cells and the file {} columns, so \"{}\" has none",
                    row.cells.len(),
                    self.plan.width,
                    problem::excerpt(extra)
                ),
                "a delimiter inside a text must be quoted: correct the line in a copy of the file",
            ));
        }
        let date = self.date(row)?;
        let has_amount = self.plan.amount.columns().iter().any(|column| !row.cell(*column).is_empty());
        match (date, has_amount) {
            (Some((date, booked)), true) => {
                if let Some((line, source)) = self.footers.first() {
                    return Err(bad_cell(*line, source, "this row has an amount but no day"));
                }
                self.data(row, date, booked)
            }
            (Some(_), false) => {
                self.leave_out(row, "it has no amount");
                Ok(())
            }
            (None, true) => self.without_date(row),
            (None, false) => {
                if !self.continues(row) {
                    self.leave_out(row, "it has neither a day nor an amount");
                }
                Ok(())
            }
        }
    }

    fn repeats_header(&self, row: &Row<'_>) -> bool {
        let first_is_digit =
            |text: Option<&str>| text.is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit()));
        // A day where the header has a word: nearly every row.
        if first_is_digit(row.cells.first().map(|cell| cell.as_ref()))
            && !first_is_digit(self.plan.headers.first().map(String::as_str))
        {
            return false;
        }
        !self.plan.headers.is_empty()
            && row.cells.len() == self.plan.headers.len()
            && row.cells.iter().zip(&self.plan.headers).all(|(cell, header)| fold(cell) == *header)
    }

    /// The day of a row, and whether a column of booking days gave it.
    fn date(&self, row: &Row<'_>) -> Result<Option<(Date, bool)>, StatementError> {
        let is_booked_kind = self.plan.dates.first().is_some_and(|date| date.booked);
        for column in &self.plan.dates {
            let cell = row.cell(column.column);
            if cell.is_empty() {
                continue;
            }
            let Some(reading) = dates::read(cell).or_else(|| dates::read_compact(cell)) else {
                if cell.bytes().filter(u8::is_ascii_digit).count() >= 4 {
                    return Err(bad_cell(
                        row.line,
                        row.source,
                        format!("\"{}\" is no date of the calendar", problem::excerpt(cell)),
                    ));
                }
                continue;
            };
            return match reading.resolve(self.plan.order) {
                Some(date) => Ok(Some((date, column.booked || !is_booked_kind))),
                None => Err(bad_cell(
                    row.line,
                    row.source,
                    format!(
                        "\"{}\" does not fit the order of day and month of the other dates",
                        problem::excerpt(cell)
                    ),
                )),
            };
        }
        Ok(None)
    }

    /// A row with an amount and no day: pending, a total at the end, or damage.
    fn without_date(&mut self, row: &Row<'_>) -> Result<(), StatementError> {
        let numeric =
            self.plan.amount.columns().iter().any(|column| numbers::scan(row.cell(*column)).is_some());
        let says_pending = self
            .plan
            .dates
            .iter()
            .map(|date| date.column)
            .chain(self.plan.status)
            .any(|column| vocabulary::standing(row.cell(column)) == Standing::Pending);
        if says_pending {
            self.leave_out(row, "it is pending and has no day yet");
        } else if numeric {
            self.footers.push((row.line, problem::excerpt(row.source)));
        } else {
            self.leave_out(row, "it has neither a day nor an amount");
        }
        Ok(())
    }

    /// Adds a line of text to the row above it, where a bank prints one transaction on several lines.
    fn continues(&mut self, row: &Row<'_>) -> bool {
        let texts = || self.plan.payees.iter().chain(&self.plan.memos);
        let only_text = row
            .cells
            .iter()
            .enumerate()
            .all(|(index, cell)| cell.is_empty() || texts().any(|column| *column == index));
        let first_is_date = self.plan.dates.iter().any(|date| date.column == 0);
        let Some(draft) = self.last.as_mut().filter(|_| only_text && first_is_date) else { return false };
        let more: Vec<String> =
            texts().map(|column| clean(row.cell(*column))).filter(|t| !t.is_empty()).collect();
        let mut memo = draft.memo.take().unwrap_or_default();
        for text in more {
            if !memo.is_empty() {
                memo.push(' ');
            }
            memo.push_str(&text);
        }
        draft.memo = Some(memo);
        true
    }

    fn data(&mut self, row: &Row<'_>, date: Date, booked: bool) -> Result<(), StatementError> {
        let plan = self.plan;
        if let Some((column, words)) = &plan.leave_out
            && words.contains(&fold(row.cell(*column)))
        {
            let why =
                format!("the profile leaves out rows that say \"{}\"", problem::excerpt(row.cell(*column)));
            self.leave_out(row, &why);
            return Ok(());
        }
        let status_cell = plan.status.map(|column| row.cell(column)).unwrap_or_default();
        let standing = match &plan.status_words {
            Some((_, void)) if void.contains(&fold(status_cell)) => Standing::Void,
            Some((pending, _)) if pending.contains(&fold(status_cell)) => Standing::Pending,
            Some(_) => Standing::Posted,
            None => vocabulary::standing(status_cell),
        };
        let status = match standing {
            Standing::Void => {
                self.leave_out(row, &format!("its status is \"{}\"", problem::excerpt(status_cell)));
                return Ok(());
            }
            Standing::Pending => TransactionStatus::Pending,
            Standing::Posted if booked => TransactionStatus::Posted,
            Standing::Posted => TransactionStatus::Pending,
        };
        let CellMoney { value, currency } = amounts::of_row(row, plan)?;
        let Some(value) = value else {
            self.leave_out(row, "it has no amount");
            return Ok(());
        };
        let side = |column: Option<usize>| -> Result<Option<Decimal>, StatementError> {
            match column.map(|column| row.cell(column)).filter(|cell| !cell.is_empty()) {
                Some(cell) => amounts::plain(row, cell, plan.mark).map(Some),
                None => Ok(None),
            }
        };
        let (payee, memo) = texts(row, plan);
        let filled = |column: &usize| Some(row.cell(*column)).filter(|cell| !cell.is_empty());
        let kind = plan.kinds.map(|column| row.cell(column)).unwrap_or_default();
        let draft = Draft {
            line: row.line,
            date,
            amount: if plan.invert { value.negated() } else { value },
            fee: side(plan.fee)?,
            balance: side(plan.balance).ok().flatten(),
            currency: amounts::currency_of(row, plan, currency)?,
            account: plan
                .account
                .map(|column| row.cell(column).trim_matches('"').to_owned())
                .filter(|account| !account.is_empty())
                .map(|account| match &plan.fixed_account {
                    Some(named) => format!("{named} {account}"),
                    None => account,
                }),
            status,
            category: plan
                .category
                .map(|column| row.cell(column))
                .filter(|cell| is_category(cell))
                .map(str::to_owned),
            purchase: amounts::purchase(kind, &payee),
            payee,
            memo,
            reference: plan.references.iter().find_map(filled).map(str::to_owned),
            bank_id: plan.bank_id.as_ref().and_then(filled).map(str::to_owned),
            direction: match plan.amount {
                AmountRule::Signed { .. } => vocabulary::direction(kind),
                _ => None,
            },
        };
        if self.first.is_none() {
            self.first = Some(row.source.to_owned());
        }
        match self.last.replace(draft) {
            Some(before) => self.drafts.push(before),
            None => Ok(()),
        }
    }

    fn leave_out(&mut self, row: &Row<'_>, why: &str) {
        self.left_out.push(Warning {
            line: row.line,
            text: format!("the row is left out: {why} ({})", problem::excerpt(row.source)),
        });
    }

    fn finish(mut self) -> Result<ReadRows, StatementError> {
        if let Some(last) = self.last.take() {
            self.drafts.push(last)?;
        }
        let totals = self.footers.iter().map(|(line, source)| Warning {
            line: *line,
            text: format!(
                "the row is left out: it has no day and no row follows, so it is taken for a total ({})",
                problem::excerpt(source)
            ),
        });
        let mut warnings: Vec<Warning> = self.left_out.into_iter().chain(totals).collect();
        warnings.sort_by_key(|warning| warning.line);
        let more = warnings.len().saturating_sub(MAX_NAMED);
        if more > 0 {
            warnings.truncate(MAX_NAMED);
            warnings.push(Warning {
                line: 0,
                text: format!("{more} more rows are left out for reasons like these"),
            });
        }
        Ok(ReadRows { drafts: self.drafts, first: self.first, warnings })
    }
}

/// Programs that keep books write a word where the owner chose nothing.
fn is_category(cell: &str) -> bool {
    !matches!(fold(cell).as_str(), "" | "uncategorized" | "uncategorised" | "not categorized" | "none")
}

/// The other party as written, and the rest of the texts.
fn texts(row: &Row<'_>, plan: &Plan) -> (String, Option<String>) {
    // A name has letters; what has none is the number of the other party's account.
    let is_name = |cell: &&str| cell.chars().any(char::is_alphabetic);
    let mut payee = plan.payees.iter().map(|column| row.cell(*column)).find(is_name);
    let mut memos: Vec<&str> =
        plan.memos.iter().map(|column| row.cell(*column)).filter(|cell| !cell.is_empty()).collect();
    if payee.is_none() && !memos.is_empty() {
        payee = Some(memos.remove(0));
    }
    payee =
        payee.or_else(|| plan.payees.iter().map(|column| row.cell(*column)).find(|cell| !cell.is_empty()));
    memos.dedup();
    let memo = clean(&memos.join(" "));
    (payee.unwrap_or_default().to_owned(), Some(memo).filter(|memo| !memo.is_empty()))
}
