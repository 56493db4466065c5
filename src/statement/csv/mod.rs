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
mod drafts;
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

use super::packed::PackedRows;
use super::text::{Text, TextFile};
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
) -> Result<Reading<PackedRows>, StatementError> {
    let named = options.profile.as_ref().and_then(CsvProfile::encoding);
    let decode_as = |encoding| Ok((encoding::decode_named(bytes, encoding)?, encoding));
    let (text, encoding) = named.map_or_else(|| decode(bytes), decode_as)?;
    let found = recognised(Text::Held(&text), options)?;
    let profile = options.profile.as_ref().or(found.as_deref());
    let other = profile.and_then(CsvProfile::encoding).filter(|other| *other != encoding);
    let (text, encoding) = other.map_or_else(|| Ok((text, encoding)), decode_as)?;
    read_text((Text::Held(&text), encoding, bytes.len() as u64), profile, options, progress)
}

/// Reads delimited text from its file, a piece at a time; none where a profile says that it is in another encoding than
/// it seems to be in, so that it must be held.
///
/// # Errors
/// As [`read`]; a file that cannot be read, or changes meanwhile.
pub(super) fn read_file(
    file: &TextFile<'_>,
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Option<Reading<PackedRows>>, StatementError> {
    let text = Text::File(file);
    let found = recognised(text, options)?;
    let profile = options.profile.as_ref().or(found.as_deref());
    if profile.and_then(CsvProfile::encoding).is_some_and(|other| other != file.encoding()) {
        return Ok(None);
    }
    read_text((text, file.encoding(), file.file_bytes()), profile, options, progress).map(Some)
}

/// The profile that the names of the columns tell, where none is named.
fn recognised<'p>(
    text: Text<'_>,
    options: &'p ReadOptions,
) -> Result<Option<Cow<'p, CsvProfile>>, StatementError> {
    match &options.profile {
        Some(_) => Ok(None),
        None => recognise::recognise(text, &options.known_profiles),
    }
}

fn read_text(
    (text, encoding, total_bytes): (Text<'_>, &'static Encoding, u64),
    profile: Option<&CsvProfile>,
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Reading<PackedRows>, StatementError> {
    let mut meter = Meter { progress, total_bytes, text_len: text.len().max(1), passes: 0, next: 0 };
    let told = profile.map(CsvProfile::answers).unwrap_or_default();
    let answers = options.answers.or(told);
    let mut step = |offset| meter.at(offset);
    let plan = match profile.filter(|profile| profile.names_columns()) {
        Some(profile) => profile.plan(text, &answers, &mut step)?,
        None => detect_plan(text, &answers, &mut step)?,
    };
    meter.passes = 1;
    let mut skipped = Vec::new();
    let wanted = options.skip_bad_rows.then_some(&mut skipped);
    let read = reader::read_rows(text, &plan, wanted, &mut |offset| meter.at(offset))?;
    let reader::ReadRows { drafts, first, mut warnings } = read;
    warnings.extend(plan.notes.iter().map(|note| Warning { line: 0, text: note.clone() }));
    let layout = layout::told(&plan, encoding, profile, first.as_deref());
    let source = |line| records::text_on(text, plan.delimiter, line);
    let assembly = assemble::Assembly { plan: &plan, options, source: &source };
    let mut statements = assembly.statements(drafts, &mut warnings, &mut skipped)?;
    if !skipped.is_empty() {
        // A running balance proves nothing where rows are missing, even if those that are left follow.
        statements.iter_mut().for_each(|statement| statement.balances.clear());
    }
    skipped.sort_by_key(|row| row.line);
    (meter.progress)(total_bytes, total_bytes);
    let book = BookFile::plain_packed(StatementFile { format: Format::Csv, statements, warnings });
    Ok(Reading { book, layout: Some(layout), skipped })
}

fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, &'static Encoding), StatementError> {
    encoding::decode_told(bytes, None, encoding::likeliest)
}

/// Finds out how the file is laid out.
fn detect_plan(
    text: Text<'_>,
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
