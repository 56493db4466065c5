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

use super::{BookFile, Format, ReadOptions, Reading, StatementError, StatementFile, encoding};
use encoding_rs::WINDOWS_1252;

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
) -> Result<Reading, StatementError> {
    let declared = header::declared_encoding(bytes);
    let text = encoding::decode(bytes, declared, |_| WINDOWS_1252)?;
    let text = if has_lower_case_tags(&text) { upper_case_tags(&text).into() } else { text };
    let mut meter =
        Meter { progress, total_bytes: bytes.len() as u64, steps: (text.len() as u64) * 2, next: 0 };
    let survey = survey::survey(&text, &mut meter)?;
    let (statements, warnings, skipped) = reader::read_text(&text, &survey, options, &mut meter)?;
    let book = BookFile::plain(StatementFile { format, statements, warnings });
    Ok(Reading { book, layout: None, skipped })
}

/// Whether the root is written in lower case, as a few banks do with all tags.
fn has_lower_case_tags(text: &str) -> bool {
    let root = |name: &str| text.contains(&format!("<{name}>")) || text.contains(&format!("<{name} "));
    !root("OFX") && root("ofx")
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

impl Meter<'_> {
    fn at(&mut self, step: u64) {
        if step < self.next {
            return;
        }
        self.next = step + self.steps / 100 + 1;
        let done = u128::from(step) * u128::from(self.total_bytes) / u128::from(self.steps.max(1));
        (self.progress)(u64::try_from(done).unwrap_or(self.total_bytes), self.total_bytes);
    }
}
