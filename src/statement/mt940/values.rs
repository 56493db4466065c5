//! What stands in the fields of MT940: balances, the parts of a `:61:`, dates of six digits, amounts with a comma.

use super::super::{StatementError, StatementErrorKind, problem};
use super::fields::Field;
use crate::money::{Currency, Decimal, DecimalError, DecimalMark, Money};
use jiff::civil::Date;

const AGAIN: &str = "correct it in a copy of the file, or ask the bank for the statement again";

/// A refusal that shows the field.
pub(super) fn refuse(field: &Field<'_>, message: String, remedy: &str) -> StatementError {
    let shown = format!(":{}:{}", field.tag, field.first());
    problem::on_line(StatementErrorKind::BadField, field.line, &shown, message, remedy)
}

/// A balance as written (`:60F:`, `:62F:`, `:64:` and the like).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BalanceText<'a> {
    credit: bool,
    /// The day; `None` where the six digits are no day of the calendar.
    pub date: Option<Date>,
    /// The currency's code; a few banks leave it out.
    pub code: &'a str,
    amount: &'a str,
}

impl<'a> BalanceText<'a> {
    /// Cuts a balance into its parts: a mark, six digits, three letters, an amount.
    ///
    /// # Errors
    /// Anything else.
    pub fn read(field: &Field<'a>) -> Result<Self, StatementError> {
        let cut = || {
            let text = field.first().trim();
            let (mark, rest) = text.split_at_checked(1)?;
            let (digits, rest) = rest.split_at_checked(6)?;
            let code_len = rest.bytes().take_while(u8::is_ascii_uppercase).count();
            let (code, amount) = rest.split_at_checked(code_len)?;
            let well_formed = matches!(mark, "C" | "D")
                && digits.bytes().all(|b| b.is_ascii_digit())
                && matches!(code_len, 0 | 3)
                && !amount.is_empty();
            let date = read_day(digits).and_then(Day::in_calendar);
            well_formed.then_some(Self { credit: mark == "C", date, code, amount })
        };
        cut().ok_or_else(|| {
            let message = format!(
                "the balance :{}: is not written as a mark, a day, a currency and an amount",
                field.tag
            );
            refuse(field, message, AGAIN)
        })
    }

    /// The amount, signed.
    ///
    /// # Errors
    /// As [`amount`].
    pub fn money(&self, field: &Field<'_>, currency: Currency) -> Result<Money, StatementError> {
        signed(field, amount(field, self.amount, currency)?, self.credit)
    }
}

/// A `:61:` cut into its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowText<'a> {
    /// The day it was booked: the entry date, else the value date.
    pub day: Date,
    /// Whether that day is the last of February and the file says the 29th or 30th, as interest is reckoned.
    pub moved: bool,
    /// Whether it raises the account.
    pub credit: bool,
    /// Whether it takes back an earlier one.
    pub reversal: bool,
    /// Whether it is only expected (MT942).
    pub expected: bool,
    amount: &'a str,
    /// The owner's reference, `NONREF` included.
    pub reference: &'a str,
    /// The bank's reference, after `//`.
    pub bank_reference: &'a str,
}

impl<'a> RowText<'a> {
    /// Cuts a `:61:`: `6!n[4!n]2a[1!a]15d1!a3!c16x[//16x]` (SWIFT, MT940 field 61).
    ///
    /// # Errors
    /// A day that is not in the calendar, a mark that is none, a missing amount.
    pub fn read(field: &Field<'a>) -> Result<Self, StatementError> {
        let text = field.first();
        let (digits, rest) = text
            .split_at_checked(6)
            .filter(|(digits, _)| digits.bytes().all(|b| b.is_ascii_digit()))
            .ok_or_else(|| {
                refuse(field, "this movement does not begin with a day (YYMMDD)".to_owned(), AGAIN)
            })?;
        let value = read_day(digits);
        let (entry, rest) = match rest.split_at_checked(4) {
            Some((four, after)) if four.bytes().all(|b| b.is_ascii_digit()) => (Some(four), after),
            _ => (None, rest.trim_start()),
        };
        let day = match entry {
            Some(entry) => value.and_then(|value| entry_day(value, entry)).map(|day| (day, false)),
            None => value
                .and_then(|value| value.in_calendar().map(|day| (day, false)).or(value.end_of_february())),
        };
        let (day, moved) = day.ok_or_else(|| {
            refuse(field, "the day of this movement is not in the calendar".to_owned(), AGAIN)
        })?;
        let (prefix, rest) = match rest.split_at_checked(1) {
            Some(("R", after)) => ('R', after),
            Some(("E", after)) => ('E', after),
            _ => (' ', rest),
        };
        let no_mark = || {
            let remedy = "without a mark (C, D, RC, RD) the sign would be a guess; ask the bank for the statement again";
            refuse(field, "this movement has no credit or debit mark after its day".to_owned(), remedy)
        };
        let (mark, rest) =
            rest.split_at_checked(1).filter(|(mark, _)| matches!(*mark, "C" | "D")).ok_or_else(no_mark)?;
        // The third letter of the currency may stand here.
        let rest = rest.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(rest);
        let amount_len = rest.bytes().take_while(|b| b.is_ascii_digit() || matches!(b, b',' | b'.')).count();
        let (amount, rest) = rest.split_at_checked(amount_len).unwrap_or_default();
        if !amount.bytes().any(|b| b.is_ascii_digit()) {
            return Err(refuse(field, "this movement has no amount after its mark".to_owned(), AGAIN));
        }
        let (reference, bank_reference) = references(rest);
        let credit = (mark == "C") != (prefix == 'R');
        let (reversal, expected) = (prefix == 'R', prefix == 'E');
        Ok(Self { day, moved, credit, reversal, expected, amount, reference, bank_reference })
    }

    /// The amount, signed.
    ///
    /// # Errors
    /// As [`amount`].
    pub fn money(&self, field: &Field<'_>, currency: Currency) -> Result<Money, StatementError> {
        signed(field, amount(field, self.amount, currency)?, self.credit)
    }
}

/// The two references after the amount: past the type of four letters, which a few banks leave out.
fn references(rest: &str) -> (&str, &str) {
    let after_type = if rest.starts_with("NONREF") {
        rest
    } else {
        let len: usize = rest.chars().take(4).map(char::len_utf8).sum();
        rest.get(len..).unwrap_or_default()
    };
    let (own, bank) = after_type.split_once("//").unwrap_or((after_type, ""));
    (own.trim(), bank.trim())
}

/// An amount in SWIFT's notation: digits and a comma. Some banks write a point; where it could set apart
/// thousands, the file is refused.
///
/// # Errors
/// Text that is no number, could be two numbers, has more digits than the currency, or does not fit.
pub(super) fn amount(field: &Field<'_>, text: &str, currency: Currency) -> Result<Money, StatementError> {
    let text = text.trim();
    let after_point = text.rsplit_once('.').map(|(_, after)| after.len());
    let (points, commas) = (text.matches('.').count(), text.matches(',').count());
    let mark = match (points, commas) {
        (0, 0 | 1) => DecimalMark::Comma,
        (1, 0) if after_point != Some(3) || currency.exponent() == 3 => DecimalMark::Point,
        _ => {
            let message = format!("the amount \"{}\" could be two numbers", problem::excerpt(text));
            return Err(refuse(field, message, AGAIN));
        }
    };
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b',' | b'.'));
    let read = if plain {
        Decimal::parse(text, mark).and_then(|decimal| decimal.to_minor(currency))
    } else {
        Err(DecimalError::NotANumber(problem::excerpt(text)))
    };
    read.map(|minor| Money::new(minor, currency)).map_err(|error| {
        let remedy = match error {
            DecimalError::TooPrecise { .. } => {
                "the bank wrote a fraction of the smallest unit, and rounding it would be a guess: correct the amount in a copy of the file"
            }
            DecimalError::TooLarge(_) => "no account holds so much: the file is damaged; download it again",
            _ => AGAIN,
        };
        refuse(field, format!("the amount cannot be read: {error}"), remedy)
    })
}

fn signed(field: &Field<'_>, amount: Money, credit: bool) -> Result<Money, StatementError> {
    if credit {
        return Ok(amount);
    }
    amount.checked_neg().map_err(|error| refuse(field, error.to_string(), AGAIN))
}

/// Six digits as year, month and day, which need not be in the calendar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day {
    year: i16,
    month: i8,
    day: i8,
}

impl Day {
    fn in_calendar(self) -> Option<Date> {
        Date::new(self.year, self.month, self.day).ok()
    }

    /// Banks that reckon interest with months of 30 days write the 29th and 30th of February.
    fn end_of_february(self) -> Option<(Date, bool)> {
        let past_the_end = self.month == 2 && matches!(self.day, 29 | 30);
        let first = Date::new(self.year, 2, 1).ok().filter(|_| past_the_end)?;
        Some((first.last_of_month(), true))
    }
}

/// Reads `YYMMDD`; years from 80 on are of the last century.
pub(super) fn read_day(digits: &str) -> Option<Day> {
    let number = |range: std::ops::Range<usize>| digits.get(range).and_then(|part| part.parse::<i8>().ok());
    let short = i16::from(number(0..2)?);
    let year = if short < 80 { 2000 + short } else { 1900 + short };
    Some(Day { year, month: number(2..4)?, day: number(4..6)? })
}

/// The day `MMDD` in the year that brings it nearest to the value date.
fn entry_day(value: Day, digits: &str) -> Option<Date> {
    let number = |range: std::ops::Range<usize>| digits.get(range).and_then(|part| part.parse::<i8>().ok());
    let (month, day) = (number(0..2)?, number(2..4)?);
    let near = value.in_calendar().or_else(|| Date::new(value.year, value.month, 1).ok())?;
    let candidates = [value.year, value.year - 1, value.year + 1];
    let dates = candidates.into_iter().filter_map(|year| Date::new(year, month, day).ok());
    dates.min_by_key(|date| (*date - near).get_days().abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field<'a>(tag: &'a str, text: &'a str) -> Field<'a> {
        Field { tag, lines: vec![text], offset: 0, line: 1 }
    }

    fn euro() -> Currency {
        Currency::iso("EUR").unwrap()
    }

    #[test]
    fn movements_are_cut_into_their_parts() {
        for (text, day, minor, reference, bank) in [
            ("1603020301DR6,00N024NONREF", "2016-03-01", -600, "NONREF", ""),
            ("1602300301DR6,00N024NONREF", "2016-03-01", -600, "NONREF", ""),
            ("160230D6,00N024NONREF", "2016-02-29", -600, "NONREF", ""),
            ("1612310102C1,NTRFabc//def", "2017-01-02", 100, "abc", "def"),
            ("1701021231RD5,5NMSC", "2016-12-31", 550, "", ""),
            ("170102RC5,5NMSC", "2017-01-02", -550, "", ""),
            ("240312    DD212,39NMSCNONREF//", "2024-03-12", -21_239, "NONREF", ""),
            ("030109C000000000300.00NMSC17", "2003-01-09", 30_000, "17", ""),
            ("2009020902D20,00NONREF", "2020-09-02", -2_000, "NONREF", ""),
            ("9912311231CR1,N", "1999-12-31", 100, "", ""),
            ("110701CN50,00NZ10NONREF", "2011-07-01", 5_000, "NONREF", ""),
        ] {
            let field = field("61", text);
            let row = RowText::read(&field).unwrap();
            let minor_read = row.money(&field, euro()).unwrap().minor();
            assert_eq!((row.day.to_string().as_str(), minor_read), (day, minor), "{text}");
            assert_eq!((row.reference, row.bank_reference), (reference, bank), "{text}");
        }
    }

    #[test]
    fn movements_that_leave_something_open_are_refused() {
        for (text, word) in [
            ("3622687806CR1368378,92NMSC3", "calendar"),
            ("1602310301X6,00N", "mark"),
            ("160229C", "amount"),
            ("16022", "begin with a day"),
            ("160431C1,00N", "calendar"),
            ("160429C1.000N", "two numbers"),
            ("160429C1.000,00N", "two numbers"),
            ("160429C1,001N", "decimal digits"),
        ] {
            let field = field("61", text);
            let error = RowText::read(&field).and_then(|row| row.money(&field, euro())).unwrap_err();
            assert!(error.message.contains(word), "{text}: {}", error.message);
        }
    }

    #[test]
    fn balances_need_no_currency_but_an_amount() {
        let read = |text: &'static str| {
            let field = field("62F", text);
            BalanceText::read(&field)
                .and_then(|balance| Ok((balance.date, balance.money(&field, euro())?.minor())))
        };
        assert_eq!(read("D100323EUR42570,04"), Ok((Some(jiff::civil::date(2010, 3, 23)), -4_257_004)));
        assert_eq!(read("C02031595000,00"), Ok((Some(jiff::civil::date(2002, 3, 15)), 9_500_000)));
        assert_eq!(read("C021131EUR0,"), Ok((None, 0)));
        for text in ["C141387INR11 27421,94", "C100323EUR", "X100323EUR1,", "C1003EUR1,", ""] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
