//! Cuts delimited text into rows and cells, with the line each row begins on.
//!
//! Stricter than common practice in one point: a quote that is never closed is an error, since it would
//! swallow every row after it. Laxer in another: a quote inside a quoted cell that no delimiter follows is
//! part of the text, as some banks do not double it.

use super::super::problem::LineCounter;
use super::super::text::{Text, Window, pass_lines};
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
pub(super) struct Rows<'t> {
    window: Window<'t>,
    delimiter: u8,
    /// Where the next row begins, in bytes of the window.
    position: usize,
    lines: LineCounter,
    spans: Vec<Span>,
}

/// Where a cell stands in the window, without its quotes.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: usize,
    to: usize,
    /// Whether quotes inside it are doubled.
    is_doubled: bool,
}

/// What cutting the next row came to.
enum Cut {
    /// It begins there, and ends before [`Rows::position`].
    Row(usize),
    /// There is none.
    End,
    /// The window ends before the row is sure to.
    Short,
}

impl<'t> Rows<'t> {
    /// # Errors
    /// A file that cannot be read.
    pub fn new(text: impl Into<Text<'t>>, delimiter: u8) -> Result<Self, StatementError> {
        let (window, lines) = (Window::new(text)?, LineCounter::default());
        Ok(Self { window, delimiter, position: 0, lines, spans: Vec::new() })
    }

    /// The next row that is not an empty line, or `None` at the end.
    ///
    /// # Errors
    /// A quote that is never closed, and a cell or row larger than any bank writes; a file that cannot be read, or has
    /// changed since it was opened.
    pub fn next(&mut self) -> Result<Option<Row<'_>>, StatementError> {
        let offset = loop {
            match self.cut()? {
                Cut::Row(offset) => break offset,
                Cut::End => return Ok(None),
                Cut::Short => {
                    let passed = pass_lines(&mut self.lines, self.window.text(), self.position);
                    self.window.more(passed)?;
                    self.position -= passed;
                }
            }
        };
        let text = self.window.text();
        let line = self.lines.at(text, offset);
        let cell = |span: &Span| {
            let raw = text.get(span.from..span.to).unwrap_or_default();
            let cell =
                if span.is_doubled { Cow::Owned(raw.replace("\"\"", "\"")) } else { Cow::Borrowed(raw) };
            trim_cow(cell)
        };
        Ok(Some(Row {
            line,
            offset: self.window.base() + offset,
            source: text.get(offset..self.position).unwrap_or_default(),
            cells: self.spans.iter().map(cell).collect(),
        }))
    }

    /// Makes sure that the file is what it was when it was opened.
    ///
    /// # Errors
    /// A file that cannot be read, or has changed.
    pub fn finish(self) -> Result<(), StatementError> {
        self.window.finish()
    }

    fn cut(&mut self) -> Result<Cut, StatementError> {
        let text = self.window.text();
        let (bytes, is_last) = (text.as_bytes(), self.window.is_last());
        let mut at = self.position;
        while matches!(bytes.get(at), Some(b'\r' | b'\n')) {
            at += 1;
        }
        self.position = at;
        if at >= bytes.len() {
            return Ok(if is_last { Cut::End } else { Cut::Short });
        }
        let offset = at;
        self.spans.clear();
        loop {
            let Some((span, end)) = self.cell(at)? else { return Ok(Cut::Short) };
            let cell = text.get(span.from..span.to).unwrap_or_default();
            if self.spans.len() >= MAX_CELLS
                || cell.len() > MAX_CELL_BYTES && trim(cell).len() > MAX_CELL_BYTES
            {
                return Err(problem::on_line(
                    StatementErrorKind::TooLarge,
                    self.lines.clone().at(text, offset),
                    trim(cell),
                    "this row is larger than any bank writes",
                    "the file is damaged or not a statement; download it again",
                ));
            }
            self.spans.push(span);
            at = end;
            if bytes.get(end) != Some(&self.delimiter) {
                break;
            }
            at += 1;
        }
        if at >= bytes.len() && !is_last {
            return Ok(Cut::Short);
        }
        self.position = at;
        Ok(Cut::Row(offset))
    }

    /// The cell that begins at `start`, and where it ends: at a delimiter, a line end or the end of the text. None where
    /// the window ends before a quoted cell does.
    fn cell(&self, start: usize) -> Result<Option<(Span, usize)>, StatementError> {
        let bytes = self.window.text().as_bytes();
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
        Ok(Some((Span { from: start, to: start + len, is_doubled: false }, start + len)))
    }

    fn quoted(&self, quote: usize) -> Result<Option<(Span, usize)>, StatementError> {
        let text = self.window.text();
        let bytes = text.as_bytes();
        let mut at = quote + 1;
        let mut is_doubled = false;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let near = rest.get(..rest.len().min(MAX_CELL_BYTES * 2)).unwrap_or_default();
            let Some(found) = near.iter().position(|b| *b == b'"') else {
                if rest.len() < MAX_CELL_BYTES * 2 && !self.window.is_last() {
                    return Ok(None);
                }
                return Err(problem::on_line(
                    StatementErrorKind::Malformed,
                    self.lines.clone().at(text, quote),
                    text.get(quote..).unwrap_or_default(),
                    "a quotation mark opens here and is never closed",
                    "the file is cut short, or the quotation mark belongs to the text: remove it in a copy of the file",
                ));
            };
            let mark = at + found;
            let mut after = mark + 1;
            while matches!(bytes.get(after), Some(b' ')) && self.delimiter != b' ' {
                after += 1;
            }
            if after >= bytes.len() && !self.window.is_last() {
                return Ok(None);
            }
            let ends = match bytes.get(after) {
                None | Some(b'\r' | b'\n') => true,
                Some(byte) => *byte == self.delimiter,
            };
            if bytes.get(mark + 1) == Some(&b'"') {
                is_doubled = true;
                at = mark + 2;
            } else if ends {
                return Ok(Some((Span { from: quote + 1, to: mark, is_doubled }, after)));
            } else {
                at = mark + 1;
            }
        }
    }
}

/// The text of the row that begins on a line: for a refusal, so that no row need keep its own.
pub(super) fn text_on(text: Text<'_>, delimiter: u8, line: u32) -> String {
    let Ok(mut rows) = Rows::new(text, delimiter) else { return String::new() };
    while let Ok(Some(row)) = rows.next() {
        if row.line >= line {
            return row.source.to_owned();
        }
    }
    String::new()
}

fn trim(text: &str) -> &str {
    let is_plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    if is_plain(text.as_bytes().first()) && is_plain(text.as_bytes().last()) {
        return text;
    }
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
        let mut rows = Rows::new(text, delimiter).unwrap();
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
        let mut rows = Rows::new("a,b\nc,\"d\ne,f\n", b',').unwrap();
        rows.next().unwrap();
        let error = rows.next().unwrap_err();
        assert_eq!((error.line, error.excerpt.as_str()), (2, "\"d e,f"));
    }
}
