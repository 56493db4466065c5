//! Cuts delimited text into rows and cells, with the line each row begins on.
//!
//! Stricter than common practice in one point: a quote that is never closed is an error, since it would
//! swallow every row after it. Laxer in another: a quote inside a quoted cell that no delimiter follows is
//! part of the text, as some banks do not double it.

use super::super::problem::LineCounter;
use super::super::{StatementError, StatementErrorKind, problem};
use std::borrow::Cow;

/// The longest cell, in bytes.
const MAX_CELL_BYTES: usize = 64 * 1024;
/// The most cells in a row.
const MAX_CELLS: usize = 1024;

/// One row.
#[derive(Debug, Clone, Default)]
pub(super) struct Row<'a> {
    /// The line it begins on, from 1.
    pub line: u32,
    /// Where it begins, in bytes.
    pub offset: usize,
    /// Its text as it stands in the file.
    pub source: &'a str,
    /// Its cells, with quotes taken off and the space around trimmed.
    pub cells: Vec<Cow<'a, str>>,
}

impl Row<'_> {
    /// The cell in a column; empty where the row is shorter.
    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", |cell| cell.as_ref())
    }

    /// Whether no cell holds anything.
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.is_empty())
    }
}

/// The rows of a text.
pub(super) struct Rows<'a> {
    text: &'a str,
    delimiter: u8,
    position: usize,
    lines: LineCounter,
}

impl<'a> Rows<'a> {
    pub fn new(text: &'a str, delimiter: u8) -> Self {
        Self { text, delimiter, position: 0, lines: LineCounter::default() }
    }

    /// The next row that is not an empty line, or `None` at the end.
    ///
    /// # Errors
    /// A quote that is never closed, and a cell or row larger than any bank writes.
    pub fn next(&mut self) -> Result<Option<Row<'a>>, StatementError> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.position), Some(b'\r' | b'\n')) {
            self.position += 1;
        }
        if self.position >= bytes.len() {
            return Ok(None);
        }
        let offset = self.position;
        let line = self.lines.at(self.text, offset);
        let mut cells = Vec::new();
        loop {
            let (cell, end) = self.cell(self.position)?;
            if cells.len() >= MAX_CELLS || cell.len() > MAX_CELL_BYTES {
                return Err(problem::on_line(
                    StatementErrorKind::TooLarge,
                    line,
                    &cell,
                    "this row is larger than any bank writes",
                    "the file is damaged or not a statement; download it again",
                ));
            }
            cells.push(cell);
            self.position = end;
            if bytes.get(end) == Some(&self.delimiter) {
                self.position = end + 1;
            } else {
                break;
            }
        }
        let source = self.text.get(offset..self.position).unwrap_or_default();
        Ok(Some(Row { line, offset, source, cells }))
    }

    /// The cell that begins at `start`, and where it ends: at a delimiter, a line end or the end of the text.
    fn cell(&self, start: usize) -> Result<(Cow<'a, str>, usize), StatementError> {
        let bytes = self.text.as_bytes();
        let mut at = start;
        while matches!(bytes.get(at), Some(b' ')) {
            at += 1;
        }
        if bytes.get(at) == Some(&b'"') {
            return self.quoted(at);
        }
        let rest = bytes.get(start..).unwrap_or_default();
        let len = rest
            .iter()
            .position(|b| *b == self.delimiter || matches!(b, b'\r' | b'\n'))
            .unwrap_or(rest.len());
        let raw = self.text.get(start..start + len).unwrap_or_default();
        Ok((Cow::Borrowed(trim(raw)), start + len))
    }

    fn quoted(&self, quote: usize) -> Result<(Cow<'a, str>, usize), StatementError> {
        let bytes = self.text.as_bytes();
        let mut at = quote + 1;
        let mut has_inner = false;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(found) = rest.iter().take(MAX_CELL_BYTES * 2).position(|b| *b == b'"') else {
                return Err(problem::at(
                    StatementErrorKind::Malformed,
                    self.text,
                    quote,
                    self.text.get(quote..).unwrap_or_default(),
                    "a quotation mark opens here and is never closed",
                    "the file is cut short, or the quotation mark belongs to the text: remove it in a copy of the file",
                ));
            };
            let mark = at + found;
            let mut after = mark + 1;
            while matches!(bytes.get(after), Some(b' ')) && self.delimiter != b' ' {
                after += 1;
            }
            let ends = match bytes.get(after) {
                None | Some(b'\r' | b'\n') => true,
                Some(byte) => *byte == self.delimiter,
            };
            let doubled = bytes.get(mark + 1) == Some(&b'"');
            if doubled {
                has_inner = true;
                at = mark + 2;
            } else if ends {
                let raw = self.text.get(quote + 1..mark).unwrap_or_default();
                let cell = if has_inner { Cow::Owned(raw.replace("\"\"", "\"")) } else { Cow::Borrowed(raw) };
                return Ok((trim_cow(cell), after));
            } else {
                at = mark + 1;
            }
        }
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

fn trim_cow(cell: Cow<'_, str>) -> Cow<'_, str> {
    match cell {
        Cow::Borrowed(text) => Cow::Borrowed(trim(text)),
        Cow::Owned(text) => Cow::Owned(trim(&text).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, delimiter: u8) -> Vec<(u32, Vec<String>)> {
        let mut rows = Rows::new(text, delimiter);
        let mut found = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            found.push((row.line, row.cells.iter().map(|cell| cell.to_string()).collect()));
        }
        found
    }

    #[test]
    fn cells_are_cut_as_banks_quote_them() {
        for (text, cells) in [
            ("a, b ,\"c, d\"", vec!["a", "b", "c, d"]),
            ("\"say \"\"hi\"\"\",\"\",x", vec!["say \"hi\"", "", "x"]),
            ("\"The \"Best\" Shop\",5", vec!["The \"Best\" Shop", "5"]),
            ("NL77\",\"EUR\"", vec!["NL77\"", "EUR"]),
            ("a, \"b\" ,", vec!["a", "b", ""]),
            ("\"\"\"\",1", vec!["\"", "1"]),
        ] {
            assert_eq!(all(text, b',')[0].1, cells, "{text}");
        }
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        let lines = |text| all(text, b',').iter().map(|(line, _)| *line).collect::<Vec<_>>();
        assert_eq!(lines("a,b\nc,\"d\ne\"\nf,g"), [1, 2, 4]);
        assert_eq!(lines("a\rb\rc"), [1, 2, 3]);
        assert_eq!(lines("\r\n\r\na\r\nb\r\n"), [3, 4]);
        assert_eq!(lines("a\r\r\nb"), [1, 3]);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_an_error() {
        let mut rows = Rows::new("a,b\nc,\"d\ne,f\n", b',');
        rows.next().unwrap();
        let error = rows.next().unwrap_err();
        assert_eq!((error.line, error.excerpt.as_str()), (2, "\"d e,f"));
    }
}
