//! The delimiter and the header row, found from the beginning of the file.

use super::super::StatementError;
use super::super::text::Text;
use super::records::{Row, Rows};
use super::vocabulary::{self, Name, Role};
use super::{dates, numbers};

/// Delimiters that banks use, the likelier first.
const DELIMITERS: &[u8] = b",;\t|";
/// How many rows at the beginning are looked at.
const HEAD_ROWS: usize = 200;
/// How far down the header may stand.
const HEADER_ROWS: usize = 60;

/// What the beginning of the file shows.
#[derive(Debug)]
pub(super) struct Dialect {
    pub delimiter: u8,
    /// Rows before the first row of data.
    pub skip_rows: usize,
    /// The header row, where there is one.
    pub header: Option<Header>,
    /// How many columns the rows of data have.
    pub width: usize,
    /// The rows above the header.
    pub preamble: Vec<Vec<String>>,
}

/// A header row.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub texts: Vec<String>,
    pub names: Vec<Name>,
}

impl Header {
    pub fn of(cells: &[String]) -> Self {
        Self { texts: cells.to_vec(), names: cells.iter().map(|cell| vocabulary::understand(cell)).collect() }
    }

    fn has(&self, roles: &[Role]) -> bool {
        self.names.iter().any(|name| name.role.is_some_and(|role| roles.contains(&role)))
    }

    fn known(&self) -> usize {
        self.names.iter().filter(|name| name.role.is_some()).count()
    }
}

/// Finds the dialect; `None` where no delimiter gives rows with a date in them.
///
/// # Errors
/// A quote that is never closed, under the delimiter that fits best.
pub(super) fn detect(text: Text<'_>) -> Result<Option<Dialect>, StatementError> {
    let mut best: Option<(u64, Dialect)> = None;
    let mut failure = None;
    let named = named_delimiter(text);
    for &delimiter in DELIMITERS {
        if named.is_some_and(|named| named != delimiter) {
            continue;
        }
        let rows = match head(text, delimiter) {
            Ok(rows) => rows,
            Err(error) => {
                failure.get_or_insert(error);
                continue;
            }
        };
        if let Some((score, dialect)) = judge(&rows, delimiter, named.is_some())
            && best.as_ref().is_none_or(|(found, _)| score > *found)
        {
            best = Some((score, dialect));
        }
    }
    match (best, failure) {
        (Some((_, dialect)), _) => Ok(Some(dialect)),
        (None, Some(error)) => Err(error),
        (None, None) => Ok(None),
    }
}

/// The delimiter of a first line `sep=;`, which spreadsheets write.
fn named_delimiter(text: Text<'_>) -> Option<u8> {
    let first = text.head().lines().next()?.trim().trim_matches('"');
    let named = first.strip_prefix("sep=").or_else(|| first.strip_prefix("SEP="))?;
    if named.is_empty() {
        return Some(b'\t');
    }
    named.bytes().next().filter(|byte| DELIMITERS.contains(byte))
}

fn head(text: Text<'_>, delimiter: u8) -> Result<Vec<Vec<String>>, StatementError> {
    let mut rows = Rows::new(text, delimiter)?;
    let mut head = Vec::new();
    while head.len() < HEAD_ROWS {
        let Some(row) = rows.next()? else { break };
        head.push(owned(&row));
    }
    Ok(head)
}

fn owned(row: &Row<'_>) -> Vec<String> {
    row.cells.iter().map(|cell| cell.to_string()).collect()
}

/// How well a delimiter fits, and what follows from it.
fn judge(rows: &[Vec<String>], delimiter: u8, is_named: bool) -> Option<(u64, Dialect)> {
    let skip_name = usize::from(is_named);
    let header_at = find_header(rows, skip_name);
    let first_data = match header_at {
        Some(index) => index + 1,
        None => rows.iter().position(|row| is_data(row))?,
    };
    let data: Vec<&Vec<String>> = rows.iter().skip(first_data).filter(|row| is_data(row)).collect();
    let width = modal_width(&data).or_else(|| header_at.and_then(|index| rows.get(index)).map(Vec::len))?;
    if width < 2 {
        return None;
    }
    let regular = data.iter().filter(|row| row.len() == width).count();
    let header = header_at.and_then(|index| rows.get(index)).map(|cells| Header::of(cells));
    let known = header.as_ref().map_or(0, Header::known);
    let score = (known as u64) * 10_000 + (regular as u64) * 10 + (width.min(9) as u64);
    let preamble =
        rows.iter().take(first_data.saturating_sub(usize::from(header.is_some()))).cloned().collect();
    Some((score, Dialect { delimiter, skip_rows: first_data, header, width, preamble }))
}

fn modal_width(rows: &[&Vec<String>]) -> Option<usize> {
    let mut counts: Vec<(usize, usize)> = Vec::new();
    for row in rows {
        match counts.iter_mut().find(|(width, _)| *width == row.len()) {
            Some((_, count)) => *count += 1,
            None => counts.push((row.len(), 1)),
        }
    }
    counts.into_iter().max_by_key(|(width, count)| (*count, *width)).map(|(width, _)| width)
}

/// Whether a row holds a date and a number.
fn is_data(row: &[String]) -> bool {
    row.iter().any(|cell| dates::read(cell).is_some() || dates::read_compact(cell).is_some())
        && row.iter().any(|cell| dates::read(cell).is_none() && numbers::scan(cell).is_some())
}

/// The row whose names are best understood, before the rows of data.
fn find_header(rows: &[Vec<String>], skip: usize) -> Option<usize> {
    let mut best: Option<(usize, usize)> = None;
    for (index, row) in rows.iter().enumerate().take(HEADER_ROWS).skip(skip) {
        if row.len() < 2 || row.iter().any(|cell| dates::read(cell).is_some()) {
            continue;
        }
        if row.iter().any(|cell| numbers::scan(cell).is_some_and(|scan| scan.number.contains(['.', ',']))) {
            continue;
        }
        let header = Header::of(row);
        let money = [Role::Amount, Role::Debit, Role::Credit];
        let times = [Role::Booked, Role::Date, Role::ValueDate];
        let known = header.known();
        if known < 2 || !(header.has(&money) || header.has(&times)) {
            continue;
        }
        let known = known + 2 * usize::from(header.has(&money) && header.has(&times));
        if best.is_none_or(|(found, _)| known > found) {
            best = Some((known, index));
        }
        if rows.get(index + 1).is_some_and(|next| is_data(next)) && header.has(&money) && header.has(&times) {
            break;
        }
    }
    best.map(|(_, index)| index).or_else(|| unknown_header(rows))
}

/// A row of names in a language that is not known: just above the first row of data, as wide, without numbers.
fn unknown_header(rows: &[Vec<String>]) -> Option<usize> {
    let first = rows.iter().position(|row| is_data(row))?;
    let index = first.checked_sub(1)?;
    let (above, data) = (rows.get(index)?, rows.get(first)?);
    let all_words = above.iter().all(|cell| cell.is_empty() || numbers::scan(cell).is_none());
    let filled = above.iter().filter(|cell| !cell.is_empty()).count();
    (above.len() == data.len() && all_words && filled * 2 > above.len()).then_some(index)
}
