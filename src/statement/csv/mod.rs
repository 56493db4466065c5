//! Delimited text: what it means is found out where that is sure, and said in a profile where it is not.
//!
//! [`dialect`] finds delimiter and header, [`survey`] walks all rows once and notes what each column's
//! cells are, [`columns`] and [`signs`] make a [`plan::Plan`] of names and contents, [`reader`] reads the
//! rows by it, and [`assemble`] holds them against the running balance. A [`CsvProfile`] takes the place of
//! the plan, and is found by the names of the columns ([`recognise`]) or named outright. How each thing is decided is in
//! `docs/statements.md`.

mod amounts;
pub mod answers;
mod assemble;
mod builtin;
mod chain;
mod columns;
mod dates;
mod dialect;
mod headerless;
mod layout;
mod numbers;
mod plan;
pub mod profile;
mod reader;
mod recognise;
mod records;
mod refuse;
mod signs;
mod survey;
mod vocabulary;

use super::{BookFile, Format, ReadOptions, Reading, StatementError, StatementFile, Warning, encoding};
use answers::CsvAnswers;
use encoding_rs::Encoding;
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
) -> Result<Reading, StatementError> {
    let named = options.profile.as_ref().and_then(CsvProfile::encoding);
    let decode_as = |encoding| Ok((encoding::decode_named(bytes, encoding)?, encoding));
    let (text, encoding) = named.map_or_else(|| decode(bytes), decode_as)?;
    let found = match &options.profile {
        Some(_) => None,
        None => recognise::recognise(&text, &options.known_profiles)?,
    };
    let profile = options.profile.as_ref().or(found.as_deref());
    let other = profile.and_then(CsvProfile::encoding).filter(|other| *other != encoding);
    let (text, encoding) = other.map_or_else(|| Ok((text, encoding)), decode_as)?;
    let total_bytes = bytes.len() as u64;
    let mut meter = Meter { progress, total_bytes, text_len: text.len().max(1), passes: 0, next: 0 };
    let told = profile.map(CsvProfile::answers).unwrap_or_default();
    let answers = options.answers.or(told);
    let mut step = |offset| meter.at(offset);
    let plan = match profile.filter(|profile| profile.names_columns()) {
        Some(profile) => profile.plan(&text, &answers, &mut step)?,
        None => detect_plan(&text, &answers, &mut step)?,
    };
    meter.passes = 1;
    let mut skipped = Vec::new();
    let wanted = options.skip_bad_rows.then_some(&mut skipped);
    let (drafts, mut warnings) = reader::read_rows(&text, &plan, wanted, &mut |offset| meter.at(offset))?;
    warnings.extend(plan.notes.iter().map(|note| Warning { line: 0, text: note.clone() }));
    let layout = layout::told(&plan, encoding, profile, drafts.first().map(|draft| draft.source));
    let mut statements = assemble::assemble(drafts, &plan, options, &mut warnings, &mut skipped)?;
    if !skipped.is_empty() {
        // A running balance proves nothing where rows are missing, even if those that are left follow.
        statements.iter_mut().for_each(|statement| statement.balances.clear());
    }
    skipped.sort_by_key(|row| row.line);
    (meter.progress)(total_bytes, total_bytes);
    let book = BookFile::plain(StatementFile { format: Format::Csv, statements, warnings });
    Ok(Reading { book, layout: Some(layout), skipped })
}

fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, &'static Encoding), StatementError> {
    encoding::decode_told(bytes, None, encoding::likeliest)
}

/// Finds out how the file is laid out.
fn detect_plan(
    text: &str,
    answers: &CsvAnswers,
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
    let facts = survey::survey(text, dialect.delimiter, dialect.skip_rows, &dates, step)?;
    match &dialect.header {
        Some(header) => columns::plan_with_header(&dialect, header, &facts, answers),
        None => headerless::plan(text, &dialect, &facts, answers),
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
