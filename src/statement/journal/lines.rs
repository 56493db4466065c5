//! The lines of a journal: which begin an entry, which are a directive, and what belongs to each.

use super::amount::{RawMoves, read as read_moves};
use crate::statement::book::bad_field;
use crate::statement::{StatementError, StatementErrorKind, problem};
use jiff::civil::Date;

/// A line with its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub number: u32,
    pub text: &'a str,
}

impl<'a> Line<'a> {
    pub fn refuse(&self, message: impl Into<String>, remedy: &str) -> StatementError {
        bad_field(self.number, self.text, message, remedy)
    }

    pub fn unreadable(&self, message: &str) -> StatementError {
        problem::on_line(
            StatementErrorKind::Malformed,
            self.number,
            self.text,
            message,
            "correct the line, or let hledger or ledger print the journal and import what they print",
        )
    }

    pub fn is_indented(&self) -> bool {
        self.text.starts_with([' ', '\t'])
    }

    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// The first line of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head<'a> {
    pub date: Date,
    pub mark: Option<char>,
    pub code: Option<&'a str>,
    pub description: &'a str,
    pub comment: Option<&'a str>,
}

/// Reads the first line of an entry.
pub(super) fn head<'a>(line: Line<'a>, year: Option<i16>) -> Result<Head<'a>, StatementError> {
    let (dates, rest) = match line.text.split_once([' ', '\t']) {
        Some((dates, rest)) => (dates, rest.trim_start()),
        None => (line.text, ""),
    };
    let first = dates.split_once('=').map_or(dates, |(first, _)| first);
    let date = day(first, year).ok_or_else(|| {
        line.refuse(format!("\"{}\" is no day of the calendar", problem::excerpt(first)), DAY_REMEDY)
    })?;
    let (mark, rest) = match rest.strip_prefix(['*', '!']) {
        Some(after) => (rest.chars().next(), after.trim_start()),
        None => (None, rest),
    };
    let (code, rest) = match rest.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
        Some((code, after)) => (Some(code.trim()).filter(|code| !code.is_empty()), after.trim_start()),
        None => (None, rest),
    };
    let (description, comment) = uncommented(rest);
    Ok(Head { date, mark, code, description, comment })
}

const DAY_REMEDY: &str = "write it as YYYY-MM-DD, or give the year before with a line \"year 2026\"";

/// A day as journals write it: `2026-03-31`, `2026/3/31`, `2026.03.31`, without the year where one was given before.
pub(super) fn day(text: &str, year: Option<i16>) -> Option<Date> {
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    if parts.iter().any(|part| part.is_empty() || part.len() > 4 || !part.bytes().all(|b| b.is_ascii_digit()))
    {
        return None;
    }
    let (year, month, day) = match parts.as_slice() {
        [year, month, day] if year.len() == 4 => (year.parse().ok()?, *month, *day),
        [month, day] => (year?, *month, *day),
        _ => return None,
    };
    Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
}

/// A text and the comment behind it.
pub(super) fn uncommented(text: &str) -> (&str, Option<&str>) {
    let begins = |(at, _): &(usize, &str)| {
        text.get(..*at).is_none_or(|before| before.is_empty() || before.ends_with([' ', '\t']))
    };
    match text.match_indices(';').find(begins) {
        Some((at, _)) => {
            let (before, comment) = text.split_at(at);
            (before.trim_end(), Some(comment.trim_start_matches(';').trim()))
        }
        None => (text.trim_end(), None),
    }
}

/// Whether a posting counts in the balances of the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reality {
    Real,
    Virtual,
}

/// A posting as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawPosting<'a> {
    pub account: &'a str,
    pub reality: Reality,
    pub mark: Option<char>,
    pub moves: RawMoves<'a>,
    pub comment: Option<&'a str>,
}

/// Reads a posting.
pub(super) fn posting(line: Line<'_>) -> Result<RawPosting<'_>, StatementError> {
    let text = line.text.trim_start();
    let (mark, text) = match text.strip_prefix(['*', '!']) {
        Some(after) => (text.chars().next(), after.trim_start()),
        None => (None, text),
    };
    let end = [text.find("  "), text.find('\t'), text.find(" ;")].into_iter().flatten().min();
    let (account, rest) = text.split_at(end.unwrap_or(text.len()));
    let account = account.trim_end();
    let brackets = [('(', ')'), ('[', ']')];
    let inner = brackets
        .into_iter()
        .find_map(|(open, close)| account.strip_prefix(open).and_then(|inner| inner.strip_suffix(close)));
    let (account, reality) = match inner {
        Some(inner) => (inner.trim(), Reality::Virtual),
        None => (account, Reality::Real),
    };
    if account.is_empty() {
        return Err(line.unreadable("a posting names no account"));
    }
    let (written, comment) = uncommented(rest);
    let moves = if reality == Reality::Virtual {
        RawMoves::default()
    } else {
        read_moves(written).map_err(|wrong| line.unreadable(wrong))?
    };
    Ok(RawPosting { account, reality, mark, moves, comment })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn line(text: &str) -> Line<'_> {
        Line { number: 7, text }
    }

    #[test]
    fn entries_begin_with_a_day() {
        let read = head(line("2010/12/28=2011/01/01 * (100) Credit card; co.  ; note: x"), None).unwrap();
        assert_eq!(read.date, date(2010, 12, 28));
        assert_eq!((read.mark, read.code), (Some('*'), Some("100")));
        assert_eq!((read.description, read.comment), ("Credit card; co.", Some("note: x")));
        assert_eq!(head(line("1/2 Shop"), Some(2024)).unwrap().date, date(2024, 1, 2));
        for wrong in ["1/2 Shop", "2024-02-30 x", "2024-13-01", "20240101 x"] {
            assert!(head(line(wrong), None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn accounts_may_hold_single_spaces() {
        let read = posting(line("    ! Assets:My bank  5 EUR ; hi")).unwrap();
        assert_eq!((read.account, read.mark, read.comment), ("Assets:My bank", Some('!'), Some("hi")));
        assert!(read.moves.amount.is_some());
        assert_eq!(posting(line("\tAssets\t$30")).unwrap().account, "Assets");
        assert_eq!(posting(line(" (Budget:Food)  5 EUR")).unwrap().reality, Reality::Virtual);
    }
}
