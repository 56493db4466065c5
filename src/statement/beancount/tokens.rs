//! A Beancount file as lines of tokens. Strings may go over several lines; a comment goes to the end of its line.

use crate::statement::include::{self, Boundary};
use crate::statement::{StatementError, StatementErrorKind, problem};
use jiff::civil::Date;

/// The longest string, in bytes.
const MAX_STRING_BYTES: usize = 64 * 1024;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Day(Date),
    /// Digits with a decimal point; commas part thousands.
    Number(&'a str),
    Text(String),
    /// `Assets:Bank`: names joined by colons.
    Account(&'a str),
    /// Capitals, digits and a few marks.
    Currency(&'a str),
    Tag(&'a str),
    Link(&'a str),
    /// `key:` of a line of metadata.
    Key(&'a str),
    /// A word in lower case.
    Word(&'a str),
    /// A mark or bracket.
    Mark(char),
    At,
    AtAt,
    OpenTotal,
    CloseTotal,
    /// Where an included file begins or ends.
    Boundary(Boundary<'a>),
}

/// A line of tokens; the strings in it may have taken more than one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub number: u32,
    pub is_indented: bool,
    pub text: &'a str,
    pub tokens: Vec<Token<'a>>,
}

impl Line<'_> {
    pub fn unreadable(&self, message: impl Into<String>) -> StatementError {
        refuse(self.number, self.text, message)
    }
}

fn refuse(number: u32, text: &str, message: impl Into<String>) -> StatementError {
    problem::on_line(
        StatementErrorKind::Malformed,
        number,
        text,
        message,
        "correct the line; \"bean-check\" tells what Beancount itself thinks of the file",
    )
}

/// Reads the tokens, a line at a time.
pub(super) struct Lines<'a> {
    rest: &'a str,
    number: u32,
    is_put_together: bool,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { rest: text, number: 0, is_put_together: include::is_put_together(text) }
    }

    /// How many bytes are still to come.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next line that has tokens.
    pub fn next_line(&mut self) -> Result<Option<Line<'a>>, StatementError> {
        while !self.rest.is_empty() {
            self.number = self.number.saturating_add(1);
            let text = self.rest.split('\n').next().unwrap_or_default();
            let number = self.number;
            let is_indented = text.starts_with([' ', '\t']);
            // Headings of outlines, and whatever else is no directive.
            let is_skipped = !is_indented && !text.starts_with(char::is_alphanumeric);
            if let Some(boundary) = Boundary::of(text).filter(|_| self.is_put_together) {
                self.skip(text.len());
                let tokens = vec![Token::Boundary(boundary)];
                return Ok(Some(Line { number, is_indented, text, tokens }));
            }
            if is_skipped {
                self.skip(text.len());
                continue;
            }
            let tokens = self.tokens(number, text)?;
            if !tokens.is_empty() {
                let text = text.trim_end();
                return Ok(Some(Line { number, is_indented, text, tokens }));
            }
        }
        Ok(None)
    }

    /// Passes over what is left of a line, and its end.
    fn skip(&mut self, bytes: usize) {
        let rest = self.rest.get(bytes..).unwrap_or_default();
        self.rest = rest.strip_prefix('\n').unwrap_or(rest);
    }

    fn tokens(&mut self, number: u32, line: &'a str) -> Result<Vec<Token<'a>>, StatementError> {
        let mut tokens = Vec::new();
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\r']);
            match self.rest.chars().next() {
                None => return Ok(tokens),
                Some('\n') => {
                    self.skip(0);
                    return Ok(tokens);
                }
                Some(';') => {
                    let end = self.rest.find('\n').unwrap_or(self.rest.len());
                    self.skip(end);
                    return Ok(tokens);
                }
                Some('"') => tokens.push(Token::Text(self.string(number, line)?)),
                Some(first) => {
                    let (token, length) = token(self.rest, first).ok_or_else(|| {
                        refuse(number, line, format!("{first:?} begins nothing that is known"))
                    })?;
                    tokens.push(token);
                    self.rest = self.rest.get(length..).unwrap_or_default();
                }
            }
        }
    }

    fn string(&mut self, number: u32, line: &str) -> Result<String, StatementError> {
        let mut out = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = self.rest.get(at + 1..).unwrap_or_default();
                    return Ok(out);
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => out.push('\n'),
                    Some((_, 't')) => out.push('\t'),
                    Some((_, 'r')) => out.push('\r'),
                    Some((_, other)) => out.push(other),
                    None => break,
                },
                c => {
                    if c == '\n' {
                        self.number = self.number.saturating_add(1);
                    }
                    out.push(c);
                }
            }
            if out.len() > MAX_STRING_BYTES {
                return Err(problem::on_line(
                    StatementErrorKind::TooLarge,
                    number,
                    line,
                    format!("a string is longer than {MAX_STRING_BYTES} bytes"),
                    "look for a quotation mark that is missing",
                ));
            }
        }
        Err(refuse(number, line, "a string is never closed"))
    }
}

/// The token at the beginning of a text, and its length.
fn token(rest: &str, first: char) -> Option<(Token<'_>, usize)> {
    let take = |fits: fn(char) -> bool| {
        let end = rest.char_indices().skip(1).find(|(_, c)| !fits(*c)).map_or(rest.len(), |(at, _)| at);
        rest.get(..end).unwrap_or_default()
    };
    match first {
        '0'..='9' | '.' => {
            if let Some(found) = day(rest) {
                return Some(found);
            }
            let digits = take(|c| c.is_ascii_digit() || matches!(c, '.' | ','));
            // A comma behind a number belongs to what lists it.
            let digits = digits.trim_end_matches(',');
            Some((Token::Number(digits), digits.len()))
        }
        '#' | '^' => {
            let word = take(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '.'));
            let name = word.get(1..).unwrap_or_default();
            match (first, name.is_empty()) {
                (_, true) => Some((Token::Mark(first), 1)),
                ('#', false) => Some((Token::Tag(name), word.len())),
                (_, false) => Some((Token::Link(name), word.len())),
            }
        }
        'a'..='z' => {
            let word = take(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
            match rest.get(word.len()..) {
                Some(after) if after.starts_with(':') => Some((Token::Key(word), word.len() + 1)),
                _ => Some((Token::Word(word), word.len())),
            }
        }
        c if c.is_uppercase() || (c.is_alphabetic() && !c.is_ascii()) => {
            let word = take(|c| c.is_alphanumeric() || matches!(c, ':' | '-' | '_' | '.' | '\''));
            let word = word.trim_end_matches([':', '.']);
            let token = if word.contains(':') { Token::Account(word) } else { Token::Currency(word) };
            Some((token, word.len()))
        }
        '@' if rest.starts_with("@@") => Some((Token::AtAt, 2)),
        '@' => Some((Token::At, 1)),
        '{' if rest.starts_with("{{") => Some((Token::OpenTotal, 2)),
        '}' if rest.starts_with("}}") => Some((Token::CloseTotal, 2)),
        '{' | '}' | '(' | ')' | ',' | '~' | '+' | '-' | '*' | '/' | '!' | '&' | '?' | '%' | '|' => {
            Some((Token::Mark(first), 1))
        }
        _ => None,
    }
}

/// A day: `2026-03-31` or `2026/03/31`.
fn day(rest: &str) -> Option<(Token<'_>, usize)> {
    let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '/'))).unwrap_or(rest.len());
    let text = rest.get(..end)?;
    let parts: Vec<&str> = text.split(['-', '/']).collect();
    let [year, month, day] = parts.as_slice() else { return None };
    if year.len() != 4 {
        return None;
    }
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    Some((Token::Day(date), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Line<'_>> {
        let mut lines = Lines::new(text);
        std::iter::from_fn(|| lines.next_line().unwrap()).collect()
    }

    #[test]
    fn lines_have_tokens_and_strings_may_be_long() {
        let lines = read(
            "* heading\n2026-01-02 * \"a \\\"b\\\"\nc\" #tag ^l ; note\n  Assets:Cash  -1,000.50 USD {2 EUR}\n\n",
        );
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].tokens[2], Token::Text("a \"b\"\nc".to_owned()));
        assert_eq!(lines[0].tokens[3..], [Token::Tag("tag"), Token::Link("l")]);
        assert_eq!((lines[1].number, lines[1].is_indented), (4, true));
        assert_eq!(
            lines[1].tokens[..3],
            [Token::Account("Assets:Cash"), Token::Mark('-'), Token::Number("1,000.50")]
        );
    }

    #[test]
    fn what_is_not_closed_or_not_known_is_refused() {
        for wrong in ["2026-01-01 * \"open", "  Assets:A  5 $", "2026-01-01 * \"x\\"] {
            assert!(Lines::new(wrong).next_line().is_err(), "{wrong}");
        }
    }
}
