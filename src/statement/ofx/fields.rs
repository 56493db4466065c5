//! Dates, amounts and account types as OFX writes them.

use super::super::problem::LineCounter;
use super::super::{StatementError, StatementErrorKind, problem};
use super::survey::MarkRule;
use crate::ledger::AccountKind;
use crate::money::{Currency, Decimal, DecimalError, Money};
use jiff::civil::Date;

/// A part of the text, which a file is read in: all of it where it is held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    /// Its text.
    pub text: &'a str,
    /// The line it begins on, from 1.
    pub first_line: u32,
}

impl<'a> Part<'a> {
    /// The line that holds byte `offset` of the part.
    pub fn line_of(&self, offset: usize) -> u32 {
        LineCounter::from_line(self.first_line).at(self.text, offset)
    }

    /// The text from byte `offset` of the part on.
    pub fn from(&self, offset: usize) -> &'a str {
        self.text.get(offset..).unwrap_or_default()
    }
}

/// A text of the file with the tag it came from, so that a refusal can show both.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    /// The name of the tag.
    pub name: &'a str,
    /// The raw text after it.
    pub raw: &'a str,
    /// Where the tag begins, in bytes of the part.
    pub offset: usize,
}

impl<'a> Field<'a> {
    /// The text, decoded and trimmed.
    pub fn text(&self) -> std::borrow::Cow<'a, str> {
        super::tokens::decode_text(self.raw)
    }

    /// A refusal that shows this field.
    pub fn refuse(
        &self,
        part: Part<'_>,
        kind: StatementErrorKind,
        message: String,
        remedy: &str,
    ) -> StatementError {
        let shown = format!("<{}>{}", self.name, self.raw.get(..400).unwrap_or(self.raw).trim());
        problem::on_line(kind, part.line_of(self.offset), &shown, message, remedy)
    }

    /// The date as written: no time zone is applied.
    ///
    /// # Errors
    /// Text that is no date of the calendar.
    pub fn date(&self, part: Part<'_>) -> Result<Date, StatementError> {
        match parse_date(&self.text()) {
            Some(date) => Ok(date),
            None => Err(self.refuse(
                part,
                StatementErrorKind::BadField,
                format!("<{}> holds no date of the calendar", self.name),
                "correct the date (YYYYMMDD) in a copy of the file, or ask the bank for the statement again",
            )),
        }
    }

    /// The amount, exactly.
    ///
    /// # Errors
    /// Text that is no number, or has more digits than the currency, or does not fit.
    pub fn amount(
        &self,
        part: Part<'_>,
        mark: MarkRule,
        currency: Currency,
    ) -> Result<Money, StatementError> {
        let text = self.text();
        let Some(mark) = mark.of(&text) else {
            return Err(self.refuse(
                part,
                StatementErrorKind::Unsure,
                format!("<{}> could be thousands or thousandths: the file uses both decimal marks", self.name),
                "write the amounts with one decimal mark in a copy of the file, or ask the bank for the statement as CSV",
            ));
        };
        let read = Decimal::parse(&text, mark).and_then(|decimal| decimal.to_minor(currency));
        read.map(|minor| Money::new(minor, currency)).map_err(|error| {
            let remedy = match error {
                DecimalError::TooPrecise { .. } => {
                    "the bank wrote a fraction of the smallest unit, and rounding it would be a guess: correct the row in a copy of the file, or enter it by hand"
                }
                DecimalError::TooLarge(_) => "no account holds so much: the file is damaged; download it again",
                _ => "correct the amount in a copy of the file, or ask the bank for the statement again",
            };
            self.refuse(
                part,
                StatementErrorKind::BadField,
                format!("<{}> cannot be read as an amount: {error}", self.name),
                remedy,
            )
        })
    }
}

/// Reads `YYYYMMDD` with whatever time and zone follow; also `YYYY-MM-DD`, which some banks write.
pub(super) fn parse_date(text: &str) -> Option<Date> {
    let text = text.trim();
    let (year, month, day, rest) = match (text.get(4..5), text.get(7..8)) {
        (Some("-"), Some("-")) => (text.get(..4)?, text.get(5..7)?, text.get(8..10)?, text.get(10..)?),
        _ => (text.get(..4)?, text.get(4..6)?, text.get(6..8)?, text.get(8..)?),
    };
    let all_digits = [year, month, day].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let plausible_rest =
        rest.len() <= 40 && rest.chars().all(|c| c.is_ascii_alphanumeric() || " .:[]+-/_()".contains(c));
    if !all_digits || !plausible_rest {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok().filter(|date| date.year() > 0)
}

/// Whether a date is left out: empty, or zeroes only.
pub(super) fn is_no_date(text: &str) -> bool {
    text.trim().bytes().take_while(|b| *b != b'[').all(|b| matches!(b, b'0' | b'.'))
}

/// What an `ACCTTYPE` of a bank account means (OFX 2.3, section 11.3.1.1).
pub(super) fn account_kind(account_type: &str) -> AccountKind {
    match account_type.trim().to_ascii_uppercase().as_str() {
        "CHECKING" | "" => AccountKind::Checking,
        "SAVINGS" | "MONEYMRKT" | "CD" => AccountKind::Savings,
        "CREDITLINE" | "LOAN" => AccountKind::Loan,
        "CREDITCARD" => AccountKind::CreditCard,
        _ => AccountKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_taken_as_written() {
        for (text, expected) in [
            ("20110331", Some((2011, 3, 31))),
            ("20110331120000.000[-5:EST]", Some((2011, 3, 31))),
            ("20091217235959.999[-:EST]", Some((2009, 12, 17))),
            ("20180804093914:014", Some((2018, 8, 4))),
            ("2025-06-30", Some((2025, 6, 30))),
            ("20120231", None),
            ("20110229", None),
            ("20240229", Some((2024, 2, 29))),
            ("201120000000", None),
            ("30/06/2025", None),
            ("00000000000000", None),
            ("2024", None),
            ("", None),
            ("2024\u{e9}0101", None),
        ] {
            let found = parse_date(text).map(|d| (i32::from(d.year()), d.month(), d.day()));
            assert_eq!(found, expected.map(|(y, m, d)| (y, m as i8, d as i8)), "{text}");
        }
        assert!(is_no_date("00000000000000[-3:BRT]") && is_no_date(" ") && !is_no_date("20100101"));
    }
}
