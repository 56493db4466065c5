//! Open Financial Exchange, 1.x (SGML, QFX) and 2.x (XML), by one tolerant reader.
//!
//! Two passes over the text, neither of which builds a tree: [`survey`] settles what only the whole file
//! can tell (the decimal mark, which unknown tags are ever closed), then [`reader`] streams the tags into
//! rows. Time and memory are linear in the file. The specification is OFX 2.3, sections 3, 11 and 13;
//! what real banks write instead is in `docs/statements.md`.

mod aggregate;
mod fields;
mod header;
mod investment;
mod reader;
mod rows;
mod statement;
mod survey;
mod tokens;

use super::packed::PackedRows;
use super::text::{Text, TextFile};
use super::{BookFile, Format, ReadOptions, Reading, StatementError, StatementFile, encoding};
use encoding_rs::WINDOWS_1252;
pub(super) use header::declared_encoding;
use reader::ReadText;

/// The deepest nesting of known aggregates; OFX itself needs about ten.
const MAX_DEPTH: usize = 64;
/// The longest text of one element, in bytes.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// Reads an OFX file.
///
/// # Errors
/// [`StatementError`] where the file is damaged, is the bank's own error message, or holds a date or
/// amount that cannot be read exactly.
pub(super) fn read(
    bytes: &[u8],
    format: Format,
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Reading<PackedRows>, StatementError> {
    let declared = declared_encoding(bytes);
    let text = encoding::decode(bytes, declared, |_| WINDOWS_1252)?;
    let text = if has_lower_case_tags(&text) { upper_case_tags(&text).into() } else { text };
    let mut meter = Meter::new(text.len(), bytes.len() as u64, progress);
    let survey = survey::survey(Text::Held(&text), &mut meter)?;
    let read = reader::read_held(&text, &survey, options, &mut meter)?;
    Ok(reading(format, read))
}

fn reading(format: Format, (statements, warnings, skipped): ReadText) -> Reading<PackedRows> {
    let book = BookFile::plain_packed(StatementFile { format, statements, warnings });
    Reading { book, layout: None, skipped }
}

/// Reads an OFX file a part at a time; none where its tags are in lower case or out of the usual order, so that it must be
/// held.
///
/// # Errors
/// As [`read`]; a file that cannot be read, or changes meanwhile.
pub(super) fn read_file(
    file: &TextFile<'_>,
    format: Format,
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Option<Reading<PackedRows>>, StatementError> {
    let text = Text::File(file);
    if !has_root(text.head(), "OFX") {
        return Ok(None);
    }
    let mut meter = Meter::new(text.len(), file.file_bytes(), progress);
    let survey = survey::survey(text, &mut meter)?;
    let read = reader::read_parts(text, &survey, options, &mut meter)?;
    Ok(read.map(|read| reading(format, read)))
}

/// Whether the root is written in lower case, as a few banks do with all tags.
fn has_lower_case_tags(text: &str) -> bool {
    !has_root(text, "OFX") && has_root(text, "ofx")
}

fn has_root(text: &str, name: &str) -> bool {
    text.contains(&format!("<{name}>")) || text.contains(&format!("<{name} "))
}

/// Writes the names of all tags in upper case. Text stays as it is.
fn upper_case_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let (before, tag) = rest.split_at(start);
        out.push_str(before);
        let ends = |c: char| matches!(c, '>' | '<') || c.is_whitespace();
        let name_len = tag.get(1..).and_then(|inner| inner.find(ends)).map_or(tag.len(), |found| found + 1);
        let (name, after) = tag.split_at(name_len);
        let is_name =
            name.bytes().skip(1).all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_' | b'-'));
        out.push_str(&if is_name { name.to_ascii_uppercase() } else { name.to_owned() });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Scales the steps of both passes to the bytes of the file, and reports about every percent.
struct Meter<'p> {
    progress: &'p mut dyn FnMut(u64, u64),
    total_bytes: u64,
    steps: u64,
    next: u64,
}

impl<'p> Meter<'p> {
    fn new(text_len: usize, total_bytes: u64, progress: &'p mut dyn FnMut(u64, u64)) -> Self {
        Self { progress, total_bytes, steps: (text_len as u64) * 2, next: 0 }
    }

    fn at(&mut self, step: u64) {
        if step < self.next {
            return;
        }
        self.next = step + self.steps / 100 + 1;
        let done = u128::from(step) * u128::from(self.total_bytes) / u128::from(self.steps.max(1));
        (self.progress)(u64::try_from(done).unwrap_or(self.total_bytes), self.total_bytes);
    }
}
