//! One walk over all rows that gathers, for each column, what its cells are.

use super::super::StatementError;
use super::super::text::Text;
use super::dates::{self, OrderVotes, Reading};
use super::numbers::{self, MarkVotes, Sign};
use super::records::{Row, Rows};
use super::vocabulary;
use crate::money::Currency;

/// The most distinct values of a column that are remembered.
const MAX_DISTINCT: usize = 24;

/// What the cells of one column are, over the rows that hold a date.
#[derive(Debug, Default, Clone)]
pub(super) struct ColumnFacts {
    /// Cells that hold anything.
    pub filled: usize,
    /// Cells that are dates.
    pub dates: usize,
    /// Cells that are numbers.
    pub numbers: usize,
    /// Numbers with a minus or in brackets.
    pub minus: usize,
    /// Numbers with a written plus.
    pub plus: usize,
    /// Numbers that are not zero.
    pub nonzero: usize,
    /// Numbers with `CR` or `DR` beside them.
    pub markers: usize,
    /// Numbers with a decimal or grouping mark, a sign or a currency.
    pub money_like: usize,
    /// Cells that are a currency code.
    pub codes: usize,
    /// Cells that say which way money went.
    pub directions: usize,
    /// Letters in all cells.
    pub text_len: usize,
    /// Distinct values, up to a limit.
    pub distinct: Vec<String>,
    /// Whether there were more.
    pub many_distinct: bool,
    /// The first cell with digits that is a number in no notation, with its line.
    pub misfit: Option<(u32, String)>,
    /// Evidence for the decimal mark.
    pub mark: MarkVotes,
    /// Evidence for the order of day and month.
    pub order: OrderVotes,
    /// The last cell that is no date, and what it is as a word: in many columns it is the same in row after row.
    last: (String, Word),
}

/// What a cell is as a word.
#[derive(Debug, Default, Clone, Copy)]
struct Word {
    is_code: bool,
    is_direction: bool,
}

impl ColumnFacts {
    /// Numbers above zero that carry no sign.
    pub fn unsigned(&self) -> usize {
        self.numbers.saturating_sub(self.minus + self.plus)
    }

    fn word(&mut self, cell: &str) -> Word {
        let (last, word) = &mut self.last;
        if last != cell {
            *word = Word {
                is_code: cell.len() == 3 && Currency::iso(cell).is_ok(),
                is_direction: vocabulary::direction(cell).is_some(),
            };
            last.clear();
            last.push_str(cell);
        }
        *word
    }
}

/// What all rows show.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Rows that hold a date.
    pub rows: usize,
    pub columns: Vec<ColumnFacts>,
}

impl Facts {
    pub fn column(&self, index: usize) -> ColumnFacts {
        self.columns.get(index).cloned().unwrap_or_default()
    }
}

/// Walks the rows after the first `skip_rows`. `date_columns` may hold dates without separators.
///
/// # Errors
/// Those of [`Rows::next`].
pub(super) fn survey(
    text: Text<'_>,
    delimiter: u8,
    skip_rows: usize,
    date_columns: &[usize],
    step: &mut dyn FnMut(usize),
) -> Result<Facts, StatementError> {
    let mut rows = Rows::new(text, delimiter)?;
    let mut facts = Facts::default();
    let mut readings = Vec::new();
    let mut index = 0;
    while let Some(row) = rows.next()? {
        index += 1;
        if index <= skip_rows {
            continue;
        }
        step(row.offset);
        readings.clear();
        readings.extend(row.cells.iter().map(|cell| dates::read(cell)));
        let is_compact_date = |column: &usize| dates::read_compact(row.cell(*column)).is_some();
        if readings.iter().any(Option::is_some) || date_columns.iter().any(is_compact_date) {
            facts.rows += 1;
            see_row(&mut facts, &row, &readings, date_columns);
        }
    }
    Ok(facts)
}

/// Adds a row, of whose cells `readings` says which are dates.
fn see_row(facts: &mut Facts, row: &Row<'_>, readings: &[Option<Reading>], date_columns: &[usize]) {
    if facts.columns.len() < row.cells.len() {
        facts.columns.resize_with(row.cells.len(), ColumnFacts::default);
    }
    let cells = row.cells.iter().zip(readings);
    for (index, ((cell, reading), column)) in cells.zip(&mut facts.columns).enumerate() {
        if cell.is_empty() {
            continue;
        }
        column.filled += 1;
        column.text_len += letters(cell);
        if !column.many_distinct && !column.distinct.iter().any(|known| known == cell.as_ref()) {
            if column.distinct.len() < MAX_DISTINCT {
                column.distinct.push(cell.chars().take(80).collect());
            } else {
                column.many_distinct = true;
            }
        }
        let compact = if date_columns.contains(&index) { dates::read_compact(cell) } else { None };
        if let Some(reading) = reading.or(compact) {
            column.dates += 1;
            column.order.see(row.line, cell, reading);
            continue;
        }
        let word = column.word(cell);
        column.codes += usize::from(word.is_code);
        column.directions += usize::from(word.is_direction);
        see_number(column, row.line, cell);
    }
}

fn letters(cell: &str) -> usize {
    if cell.is_ascii() {
        return cell.bytes().filter(u8::is_ascii_alphabetic).count();
    }
    cell.chars().filter(|c| c.is_alphabetic()).count()
}

fn see_number(column: &mut ColumnFacts, line: u32, cell: &str) {
    let scan = numbers::scan(cell);
    let is_number = scan.as_ref().is_some_and(|scan| numbers::is_number(&scan.number));
    if !is_number && column.misfit.is_none() && cell.bytes().any(|b| b.is_ascii_digit()) {
        column.misfit = Some((line, cell.chars().take(80).collect()));
    }
    let Some(scan) = scan else { return };
    column.numbers += 1;
    let is_zero = scan.number.bytes().all(|b| !b.is_ascii_digit() || b == b'0');
    column.nonzero += usize::from(!is_zero);
    // A signed zero says nothing about signs.
    column.minus += usize::from(scan.sign == Some(Sign::Minus) && !is_zero);
    column.plus += usize::from(scan.sign == Some(Sign::Plus));
    column.markers += usize::from(scan.marker.is_some());
    let shows_money = scan.sign.is_some() || scan.currency.is_some() || scan.number.contains(['.', ',']);
    column.money_like += usize::from(shows_money);
    column.mark.see(line, &scan.number);
}
