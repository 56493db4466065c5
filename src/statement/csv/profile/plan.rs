//! From a profile and one file to the plan by which the file is read.

use super::super::super::text::Text;
use super::super::super::{StatementError, StatementErrorKind, problem};
use super::super::answers::{CsvAnswers, Signs};
use super::super::columns::{date_order, decimal_mark};
use super::super::dates::OrderVotes;
use super::super::plan::{AmountRule, DateColumn, DirectionWords, Plan};
use super::super::records::Rows;
use super::super::survey::{self, Facts};
use super::super::vocabulary::fold;
use super::CsvProfile;
use super::spec::{AccountSpec, Column, ColumnSpec, ColumnsSpec, CurrencySpec, StatusSpec};

/// How far down the header row is looked for.
const HEADER_ROWS: usize = 60;

impl CsvProfile {
    /// The plan that the profile makes for one file.
    ///
    /// # Errors
    /// Unsure where the profile does not fit the file, or leaves out what the file does not show.
    pub(in super::super) fn plan(
        &self,
        text: Text<'_>,
        answers: &CsvAnswers,
        step: &mut dyn FnMut(usize),
    ) -> Result<Plan, StatementError> {
        let found = self.find_layout(text)?;
        let at = |column: &Column| found.index(column).unwrap_or(usize::MAX);
        let one = |column: &Option<ColumnSpec>| column.as_ref().map(|column| at(column.column()));
        let many = |columns: &Option<ColumnsSpec>| {
            columns.iter().flat_map(|columns| columns.columns()).map(at).collect::<Vec<_>>()
        };
        let spec = &self.spec;
        let (first, otherwise) = spec.date_columns();
        let booked = otherwise.is_some();
        let dates: Vec<DateColumn> = first
            .map(|column| DateColumn { column: at(column), booked })
            .into_iter()
            .chain(otherwise.map(|column| DateColumn { column: at(column), booked: false }))
            .collect();
        let date_indices: Vec<usize> = dates.iter().map(|date| date.column).collect();
        let facts = survey::survey(text, found.delimiter, found.skip_rows, &date_indices, step)?;
        let amount = self.amount_rule(&one, &at, &facts);
        let order = match answers.date_order {
            Some(order) => order,
            None => {
                let votes: Vec<OrderVotes> =
                    date_indices.iter().map(|column| facts.column(*column).order).collect();
                date_order(&votes, &found.titles)?
            }
        };
        let (balance, fee) = (one(&spec.balance), one(&spec.fee));
        let mark = match answers.decimal_mark {
            Some(mark) => mark,
            None => {
                let columns = amount.columns();
                let votes: Vec<_> = columns
                    .iter()
                    .chain(&balance)
                    .chain(&fee)
                    .map(|column| facts.column(*column).mark)
                    .collect();
                decimal_mark(&votes, &found.titles)?
            }
        };
        let (account, fixed_account) = match &spec.account {
            Some(AccountSpec::Column(column)) => (Some(at(column.column())), None),
            Some(AccountSpec::Named(account)) => {
                (account.column.as_ref().map(at), Some(account.named.clone()))
            }
            None => (None, None),
        };
        let status_words = match &spec.status {
            Some(StatusSpec::Words(words)) => Some((folded(&words.pending), folded(&words.void))),
            _ => None,
        };
        let leave_out = spec.leave_out.as_ref();
        Ok(Plan {
            delimiter: found.delimiter,
            skip_rows: found.skip_rows,
            width: found.names.len().max(if found.names.is_empty() { facts.columns.len() } else { 0 }),
            titles: found.titles.clone(),
            headers: found.names.clone(),
            order,
            mark,
            dates,
            amount,
            invert: answers.signs == Some(Signs::Inverted),
            fee,
            fee_on_top: fee.is_some(),
            balance,
            currency: match &spec.currency {
                Some(CurrencySpec::Column(column)) => Some(at(&column.column)),
                _ => None,
            },
            fixed_currency: self.currency,
            payees: many(&spec.payee),
            memos: many(&spec.memo),
            references: one(&spec.reference).into_iter().collect(),
            bank_id: one(&spec.id),
            status: spec.status.as_ref().map(|status| at(status.column())),
            status_words,
            account,
            category: one(&spec.category),
            leave_out: leave_out.map(|rule| (at(&rule.column), folded(&rule.words))),
            fixed_account,
            is_card: false,
            kinds: None,
            signs_told: false,
            from_profile: true,
            notes: Vec::new(),
        })
    }

    fn amount_rule(
        &self,
        one: &dyn Fn(&Option<ColumnSpec>) -> Option<usize>,
        at: &dyn Fn(&Column) -> usize,
        facts: &Facts,
    ) -> AmountRule {
        let (debit, credit) = (one(&self.spec.debit), one(&self.spec.credit));
        match (one(&self.spec.amount), &self.spec.sign) {
            (Some(column), None) => AmountRule::Signed { column },
            (Some(column), Some(sign)) => AmountRule::Directed {
                column,
                direction: at(&sign.column),
                words: Some(DirectionWords {
                    negative: folded(&sign.negative),
                    positive: folded(&sign.positive),
                }),
            },
            (None, _) => {
                let debits = debit.map(|column| facts.column(column)).unwrap_or_default();
                let debit_is_negative = debits.minus > 0 && debits.minus == debits.nonzero;
                AmountRule::Split { debit, credit, debit_is_negative }
            }
        }
    }

    /// Finds the delimiter and the header row under which every column of the profile exists.
    fn find_layout(&self, text: Text<'_>) -> Result<Layout, StatementError> {
        let candidates =
            self.delimiter.map_or_else(|| vec![b',', b';', b'\t', b'|'], |delimiter| vec![delimiter]);
        let mut failure = None;
        for delimiter in candidates {
            match self.layout_with(text, delimiter) {
                Ok(Some(layout)) => return Ok(layout),
                Ok(None) => {}
                Err(error) => failure = Some(error),
            }
        }
        let wanted: Vec<String> = self.spec.all_columns().iter().map(|column| column.shown()).collect();
        Err(failure.unwrap_or_else(|| {
            problem::on_line(
                StatementErrorKind::Unsure,
                1,
                text.head().lines().next().unwrap_or_default(),
                format!("the profile \"{}\" does not fit this file", problem::excerpt(&self.spec.name)),
                format!(
                    "it needs the columns {}; name another profile or correct this one",
                    problem::excerpt(&wanted.join(", "))
                ),
            )
        }))
    }

    fn layout_with(&self, text: Text<'_>, delimiter: u8) -> Result<Option<Layout>, StatementError> {
        let columns = self.spec.all_columns();
        let needs_names = columns.iter().any(|column| matches!(column, Column::Name(_)));
        let mut rows = Rows::new(text, delimiter)?;
        let mut index = 0;
        while let Some(row) = rows.next()? {
            index += 1;
            let titles: Vec<String> = row.cells.iter().map(|cell| cell.to_string()).collect();
            let names: Vec<String> = titles.iter().map(|cell| fold(cell)).collect();
            let layout = |names: Vec<String>, skip_rows| {
                let titles = if names.is_empty() { Vec::new() } else { titles.clone() };
                Layout { delimiter, skip_rows, names, titles }
            };
            match self.spec.header_rows {
                Some(0) => {
                    let fits =
                        columns.iter().all(|c| matches!(c, Column::Number(n) if *n <= row.cells.len()));
                    return Ok(fits.then(|| layout(Vec::new(), 0)));
                }
                Some(count) if index < count => continue,
                Some(count) => {
                    let found = layout(names, count);
                    return Ok(columns.iter().all(|c| found.index(c).is_some()).then_some(found));
                }
                None if !needs_names => {
                    let widest = row.cells.len().max(1);
                    let fits = columns.iter().all(|c| matches!(c, Column::Number(n) if *n <= widest));
                    return Ok(fits.then(|| layout(Vec::new(), 0)));
                }
                None => {
                    let found = layout(names, index);
                    if columns.iter().all(|c| found.index(c).is_some()) {
                        return Ok(Some(found));
                    }
                    if index >= HEADER_ROWS {
                        return Ok(None);
                    }
                }
            }
        }
        Ok(None)
    }
}

fn folded(words: &[String]) -> Vec<String> {
    words
        .iter()
        .map(|word| if matches!(word.as_str(), "+" | "-") { word.clone() } else { fold(word) })
        .collect()
}

/// Where the data begins, and the names above it.
struct Layout {
    delimiter: u8,
    skip_rows: usize,
    /// Folded.
    names: Vec<String>,
    /// As written.
    titles: Vec<String>,
}

impl Layout {
    /// The index of a column, if the file has it.
    fn index(&self, column: &Column) -> Option<usize> {
        match column {
            Column::Number(number) => {
                number.checked_sub(1).filter(|index| self.names.is_empty() || *index < self.names.len())
            }
            Column::Name(name) => {
                let folded = fold(name);
                self.names.iter().position(|known| *known == folded)
            }
        }
    }
}
