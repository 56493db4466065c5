//! Cuts MT940 text into tagged fields, and tells where messages end. Envelopes (`{1:`...`{4:`), lines before the first tag
//! and trailers are passed over.

use super::super::problem::{self, LineCounter};
use super::super::{StatementError, StatementErrorKind};

/// The tags of MT940 and MT942, and those that banks add. Another tag inside `:86:` is text.
const TAGS: &[&str] = &[
    "13", "13C", "13D", "20", "21", "25", "25P", "28", "28C", "34F", "60F", "60M", "61", "62F", "62M", "64",
    "65", "65F", "86", "90C", "90D", "NS", "940", "942",
];
/// The longest field, in bytes; SWIFT allows some hundreds.
const MAX_FIELD_BYTES: usize = 64 * 1024;

/// One tagged field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field<'a> {
    /// The tag without its colons.
    pub tag: &'a str,
    /// The text after the tag, and the lines that continue it.
    pub lines: Vec<&'a str>,
    /// Where it begins, in bytes.
    pub offset: usize,
    /// The line it begins on.
    pub line: u32,
}

impl<'a> Field<'a> {
    /// The text on the tag's own line.
    pub fn first(&self) -> &'a str {
        self.lines.first().map_or("", |line| line.trim_end())
    }
}

/// A field, or the end of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Field(Field<'a>),
    End,
}

#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    text: &'a str,
    offset: usize,
}

/// The fields of a text, in order.
pub(super) struct Fields<'a> {
    text: &'a str,
    at: usize,
    lines: LineCounter,
    /// Whether the last line that was read begins the next token.
    pending: Option<Line<'a>>,
    /// Where an envelope's text block began that has not ended.
    block: Option<usize>,
    /// Whether a `:61:` came since the message began: a `:86:` then belongs to it.
    after_row: bool,
}

impl<'a> Fields<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, lines: LineCounter::default(), pending: None, block: None, after_row: false }
    }

    /// How far the text has been read, in bytes.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next token, or `None` at the end of the text.
    ///
    /// # Errors
    /// A field longer than any bank writes, and a text that ends inside an envelope.
    pub fn next(&mut self) -> Result<Option<Token<'a>>, StatementError> {
        while let Some(line) = self.pending.take().or_else(|| self.read_line()) {
            if let Some((tag, first)) = split_tag(line.text) {
                return self.field(line, tag, first).map(|field| Some(Token::Field(field)));
            }
            if let Some(rest) = line.text.strip_prefix("-}") {
                self.block = None;
                self.after_row = false;
                self.envelope(Line { text: rest, offset: line.offset + 2 });
                return Ok(Some(Token::End));
            }
            if is_end(line.text) {
                self.after_row = false;
                return Ok(Some(Token::End));
            }
            self.envelope(line);
        }
        match self.block {
            None => Ok(None),
            Some(offset) => Err(problem::at(
                StatementErrorKind::Malformed,
                self.text,
                self.text.trim_end().len(),
                self.text.get(offset..).unwrap_or_default(),
                format!(
                    "the file ends inside a message that began on line {} and is not closed with \"-}}\"",
                    problem::line_of(self.text, offset)
                ),
                "the download was cut short: nothing was read; download the statement again",
            )),
        }
    }

    /// Notes an envelope's text block that begins on this line.
    fn envelope(&mut self, line: Line<'a>) {
        let opens = line.text.rfind("{4:");
        if let Some(at) = opens.filter(|at| !line.text.get(*at..).is_some_and(|block| block.contains("-}"))) {
            self.block = Some(line.offset + at);
        }
    }

    fn field(&mut self, line: Line<'a>, tag: &'a str, first: &'a str) -> Result<Field<'a>, StatementError> {
        if tag == "61" {
            self.after_row = true;
        } else if !matches!(tag, "86" | "NS") {
            self.after_row = false;
        }
        let mut field = Field {
            tag,
            lines: vec![first],
            offset: line.offset,
            line: self.lines.at(self.text, line.offset),
        };
        let is_narrative = tag == "86" && self.after_row;
        let mut bytes = first.len();
        check_length(&field, bytes)?;
        while let Some(next) = self.read_line() {
            let begins = split_tag(next.text).is_some_and(|(tag, _)| !is_narrative || TAGS.contains(&tag));
            let ends = next.text.starts_with("-}")
                || next.text.starts_with('{') && self.block.is_none()
                // Inside an envelope only the brace ends the message.
                || is_end(next.text) && self.block.is_none() && !(is_narrative && self.goes_on());
            if begins || ends {
                self.pending = Some(next);
                break;
            }
            bytes += next.text.len();
            check_length(&field, bytes)?;
            if !next.text.trim().is_empty() {
                field.lines.push(next.text);
            }
        }
        Ok(field)
    }

    /// Whether a line with a lone hyphen inside a row's text is text: the row's statement goes on after it.
    fn goes_on(&self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let next = rest.split(['\n', '\r']).find(|line| !line.trim().is_empty());
        next.and_then(split_tag)
            .is_some_and(|(tag, _)| matches!(tag, "61" | "62F" | "62M" | "86" | "90C" | "90D"))
    }

    /// The next line without its end; control characters that frame messages are taken off.
    fn read_line(&mut self) -> Option<Line<'a>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let len = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let text = rest.get(..len)?;
        let end = match rest.get(len..).map(str::as_bytes) {
            Some([b'\r', b'\n', ..]) => len + 2,
            Some([]) | None => len,
            Some(_) => len + 1,
        };
        let offset = self.at;
        self.at += end;
        let framing = |c: char| c.is_control() && c != '\t' || c == '\u{feff}';
        let trimmed = text.trim_start_matches(framing);
        let offset = offset + (text.len() - trimmed.len());
        Some(Line { text: trimmed.trim_end_matches(framing), offset })
    }
}

/// Refuses a field that is longer than any bank writes.
fn check_length(field: &Field<'_>, bytes: usize) -> Result<(), StatementError> {
    if bytes <= MAX_FIELD_BYTES {
        return Ok(());
    }
    Err(problem::on_line(
        StatementErrorKind::TooLarge,
        field.line,
        field.first(),
        format!("the field :{}: holds more than {MAX_FIELD_BYTES} bytes", field.tag),
        "the file is damaged or not a statement; download it again",
    ))
}

/// A tag at the beginning of a line, and what follows it.
fn split_tag(line: &str) -> Option<(&str, &str)> {
    let (tag, rest) = line.strip_prefix(':')?.split_once(':')?;
    let shape =
        (2..=3).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    (shape && (TAGS.contains(&tag) || tag.as_bytes().first().is_some_and(u8::is_ascii_digit)))
        .then_some((tag, rest))
}

/// A line that ends a message without an envelope: a hyphen, or one with a brace that an old code page turned into a letter.
fn is_end(line: &str) -> bool {
    let mut chars = line.trim_end().chars();
    chars.next() == Some('-') && chars.next().is_none_or(|c| !c.is_ascii()) && chars.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<String> {
        let mut fields = Fields::new(text);
        let mut found = Vec::new();
        while let Some(token) = fields.next().unwrap() {
            found.push(match token {
                Token::End => "end".to_owned(),
                Token::Field(field) => format!("{}@{}={}", field.tag, field.line, field.lines.join("|")),
            });
        }
        found
    }

    #[test]
    fn envelopes_trailers_and_continuations_are_told_apart() {
        let text = "\u{1}{1:F01X}{2:I940}{4:\r\n:20:A\r\n:61:1\r\ntext\r\n:86:one\r\n:12:two\r\n-}{5:}\u{3}\u{1}{1:F01}{4:\r\n:20:B\r\n-}";
        assert_eq!(tokens(text), ["20@2=A", "61@3=1|text", "86@5=one|:12:two", "end", "20@8=B", "end"]);
        assert_eq!(
            tokens("noise\n\n:20:A\n:86:x\n:12:y\n-\nABC\n:20:B\n-\u{e5}"),
            ["20@3=A", "86@4=x", "12@5=y", "end", "20@8=B", "end"]
        );
    }

    #[test]
    fn a_hyphen_alone_is_text_where_the_statement_goes_on() {
        assert_eq!(
            tokens(":20:A\n:61:1\n:86:x\n-\n:62F:1\n-\n"),
            ["20@1=A", "61@2=1", "86@3=x|-", "62F@5=1", "end"]
        );
        assert_eq!(
            tokens(":20:A\n:61:1\n:86:x\n-\n:20:B\n"),
            ["20@1=A", "61@2=1", "86@3=x", "end", "20@5=B"]
        );
    }

    #[test]
    fn an_envelope_that_is_not_closed_is_cut_short() {
        let mut fields = Fields::new("{1:F01X}{4:\n:20:A\n:62F:C");
        assert!(fields.next().is_ok() && fields.next().is_ok());
        assert!(fields.next().unwrap_err().message.contains("not closed"));
    }
}
