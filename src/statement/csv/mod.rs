//! Delimited text: what it means is found out where that is sure, and said in a profile where it is not.
//!
//! [`dialect`] finds delimiter and header, [`survey`] walks all rows once and notes what each column's
//! cells are, [`columns`] and [`signs`] make a [`plan::Plan`] of names and contents, [`reader`] reads the
//! rows by it, and [`assemble`] holds them against the running balance. A [`CsvProfile`] takes the place of
//! the plan. How each thing is decided is in `docs/statements.md`.

mod amounts;
mod assemble;
mod builtin;
mod chain;
mod columns;
mod dates;
mod dialect;
mod headerless;
mod numbers;
mod plan;
pub mod profile;
mod reader;
mod records;
mod refuse;
mod signs;
mod survey;
mod vocabulary;

use super::{DateOrder, Format, ReadOptions, StatementError, StatementFile, Warning, encoding};
use plan::Plan;
use profile::CsvProfile;
use std::borrow::Cow;
use vocabulary::Role;

/// Reads delimited text.
///
/// # Errors
/// [`StatementError`] where the file is damaged, a cell cannot be read exactly, or columns, signs, date
/// order or decimal mark could mean two things.
pub(super) fn read(
    bytes: &[u8],
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<StatementFile, StatementError> {
    let text = match options.profile.as_ref().and_then(CsvProfile::encoding) {
        Some(encoding) => encoding::decode_named(bytes, encoding)?,
        None => decode(bytes)?,
    };
    let total_bytes = bytes.len() as u64;
    let mut meter = Meter { progress, total_bytes, text_len: text.len().max(1), passes: 0, next: 0 };
    let plan = match &options.profile {
        Some(profile) => profile.plan(&text, options.date_order, &mut |offset| meter.at(offset))?,
        None => detect_plan(&text, options.date_order, &mut |offset| meter.at(offset))?,
    };
    meter.passes = 1;
    let (drafts, mut warnings) = reader::read_rows(&text, &plan, &mut |offset| meter.at(offset))?;
    warnings.extend(plan.notes.iter().map(|note| Warning { line: 0, text: note.clone() }));
    let statements = assemble::assemble(drafts, &plan, options, &mut warnings)?;
    (meter.progress)(total_bytes, total_bytes);
    Ok(StatementFile { format: Format::Csv, statements, warnings })
}

fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, StatementError> {
    encoding::decode(bytes, None, encoding::likeliest)
}

/// Finds out how the file is laid out.
fn detect_plan(
    text: &str,
    told: Option<DateOrder>,
    step: &mut dyn FnMut(usize),
) -> Result<Plan, StatementError> {
    let Some(dialect) = dialect::detect(text)? else { return Err(columns::not_a_statement()) };
    let dates: Vec<usize> = match &dialect.header {
        Some(header) => header
            .names
            .iter()
            .enumerate()
            .filter(|(_, name)| matches!(name.role, Some(Role::Booked | Role::Date | Role::ValueDate)))
            .map(|(index, _)| index)
            .collect(),
        None => (0..dialect.width).collect(),
    };
    let facts =
        survey::survey(text, dialect.delimiter, dialect.skip_rows, &dates, step)?.with_date_order(told);
    match &dialect.header {
        Some(header) => columns::plan_with_header(&dialect, header, &facts),
        None => headerless::plan(text, &dialect, &facts),
    }
}

/// Reports both passes as one, about every percent.
struct Meter<'p> {
    progress: &'p mut dyn FnMut(u64, u64),
    total_bytes: u64,
    text_len: usize,
    passes: u64,
    next: u64,
}

impl Meter<'_> {
    fn at(&mut self, offset: usize) {
        let percent = (self.passes * 100 + (offset as u64) * 100 / (self.text_len as u64)) / 2;
        if percent >= self.next {
            self.next = percent + 1;
            (self.progress)(self.total_bytes / 100 * percent.min(100), self.total_bytes);
        }
    }
}
