//! Dates, amounts and indicators as camt writes them (XML Schema's own notations).

use super::super::{StatementError, StatementErrorKind, problem};
use super::xml::{Leaf, shown};
use crate::money::{Currency, Decimal, DecimalError, DecimalMark, Money};
use jiff::civil::Date;

/// A leaf that was kept for later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// Its text.
    pub text: String,
    /// Its attribute `Ccy`.
    pub currency: Option<String>,
    /// Where it begins, in bytes.
    pub offset: usize,
}

impl Kept {
    pub fn of(leaf: Leaf<'_>) -> Self {
        Self { text: leaf.text.to_owned(), currency: leaf.currency.map(str::to_owned), offset: leaf.offset }
    }

    /// A refusal that shows this leaf.
    pub fn refuse(&self, whole: &str, message: String, remedy: &str) -> StatementError {
        refuse(whole, self.offset, message, remedy)
    }

    /// The day as written: a time and a zone after it do not shift it.
    ///
    /// # Errors
    /// Text that is no date of the calendar.
    pub fn date(&self, whole: &str) -> Result<Date, StatementError> {
        parse_date(&self.text).ok_or_else(|| {
            self.refuse(
                whole,
                format!("\"{}\" is no date of the calendar", problem::excerpt(&self.text)),
                "correct the date (YYYY-MM-DD) in a copy of the file, or ask the bank for the statement again",
            )
        })
    }

    /// The currency that `Ccy` names, else the given one.
    ///
    /// # Errors
    /// A code that ISO 4217 does not have, and none at all.
    pub fn currency(&self, whole: &str, otherwise: Option<Currency>) -> Result<Currency, StatementError> {
        match (&self.currency, otherwise) {
            (Some(code), _) => Currency::iso(code).map_err(|error| {
                self.refuse(
                    whole,
                    error.to_string(),
                    "correct the code in a copy of the file to the ISO 4217 code",
                )
            }),
            (None, Some(currency)) => Ok(currency),
            (None, None) => Err(self.refuse(
                whole,
                "the amount names no currency, and neither does the account".to_owned(),
                "name the account with --account: its currency is then used",
            )),
        }
    }

    /// The amount, exactly, never below zero: the sign is in `CdtDbtInd`.
    ///
    /// # Errors
    /// Text that is no number, has a sign, has more digits than the currency, or does not fit.
    pub fn amount(&self, whole: &str, currency: Currency) -> Result<Money, StatementError> {
        let remedy = "correct the amount in a copy of the file, or ask the bank for the statement again";
        // XML Schema's decimals have a point and no grouping; a comma could mean two things.
        if self.text.is_empty()
            || !self.text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))
        {
            let message =
                format!("\"{}\" is not an amount as camt writes them", problem::excerpt(&self.text));
            return Err(self.refuse(whole, message, remedy));
        }
        let read =
            Decimal::parse(&self.text, DecimalMark::Point).and_then(|decimal| decimal.to_minor(currency));
        let minor = read.map_err(|error| {
            let remedy = match error {
                DecimalError::TooPrecise { .. } => {
                    "the bank wrote a fraction of the smallest unit, and rounding it would be a guess: correct the amount in a copy of the file, or enter the row by hand"
                }
                DecimalError::TooLarge(_) => "no account holds so much: the file is damaged; download it again",
                _ => remedy,
            };
            self.refuse(whole, format!("the amount cannot be read: {error}"), remedy)
        })?;
        if minor < 0 {
            let message = "the amount is below zero and has a credit or debit mark as well, which could mean two things";
            return Err(self.refuse(whole, message.to_owned(), remedy));
        }
        Ok(Money::new(minor, currency))
    }

    /// Whether `CdtDbtInd` says credit.
    ///
    /// # Errors
    /// Any other word than `CRDT` and `DBIT`.
    pub fn is_credit(&self, whole: &str) -> Result<bool, StatementError> {
        match self.text.as_str() {
            "CRDT" => Ok(true),
            "DBIT" => Ok(false),
            other => Err(self.refuse(
                whole,
                format!("\"{}\" is neither CRDT nor DBIT", problem::excerpt(other)),
                "without it the sign would be a guess; ask the bank for the statement again",
            )),
        }
    }
}

/// A refusal about the element at an offset.
pub(super) fn refuse(whole: &str, offset: usize, message: String, remedy: &str) -> StatementError {
    problem::at(StatementErrorKind::BadField, whole, offset, shown(whole, offset), message, remedy)
}

/// The amount, turned below zero for a debit.
///
/// # Errors
/// An amount that has no opposite, which none that was read from text can be.
pub(super) fn signed(amount: Money, is_credit: bool) -> Money {
    if is_credit { amount } else { amount.checked_neg().unwrap_or(amount) }
}

/// Reads `YYYY-MM-DD`, with whatever time and zone follow.
pub(super) fn parse_date(text: &str) -> Option<Date> {
    let text = text.trim();
    let (day, rest) = (text.get(..10)?, text.get(10..)?);
    let plausible_rest = rest.is_empty() || rest.starts_with(['T', 'Z', '+', '-', ' ']) && rest.len() <= 40;
    let shape = day
        .bytes()
        .enumerate()
        .all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() });
    if !plausible_rest || !shape {
        return None;
    }
    let number = |range: std::ops::Range<usize>| day.get(range).and_then(|part| part.parse::<i16>().ok());
    let (month, day_of_month) = (i8::try_from(number(5..7)?).ok()?, i8::try_from(number(8..10)?).ok()?);
    Date::new(number(0..4)?, month, day_of_month).ok().filter(|date| date.year() > 0)
}

/// Whether the time after a date is midnight, as where the end of a period is the beginning of the day after.
pub(super) fn is_midnight(text: &str) -> bool {
    text.trim().get(10..).is_some_and(|rest| rest.starts_with("T00:00:00"))
}

/// A reference, unless it only says that there is none.
pub(super) fn reference(text: &str) -> Option<String> {
    let nothing = ["", "NOTPROVIDED", "NOT PROVIDED", "NONREF", "NOREF"];
    let is_nothing = nothing.iter().any(|word| text.eq_ignore_ascii_case(word));
    (!is_nothing).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_taken_as_written() {
        for (text, expected) in [
            ("2019-06-20", Some("2019-06-20")),
            ("2013-12-27+01:00", Some("2013-12-27")),
            ("2023-07-06T10:27:07.213294607Z", Some("2023-07-06")),
            ("2024-02-29T00:00:00", Some("2024-02-29")),
            ("2023-02-29", None),
            ("0000-01-01", None),
            ("20230101", None),
            ("2023-1-1", None),
            ("2023-01-01x", None),
            ("", None),
            ("20\u{e9}3-01-01", None),
        ] {
            assert_eq!(parse_date(text).map(|date| date.to_string()).as_deref(), expected, "{text}");
        }
        assert!(is_midnight("2023-07-07T00:00:00+02:00") && !is_midnight("2023-07-07"));
    }

    #[test]
    fn amounts_have_a_point_and_no_sign() {
        let amount = |text: &str, code: &str| {
            let kept = Kept { text: text.to_owned(), currency: Some(code.to_owned()), offset: 0 };
            let currency = kept.currency("", None)?;
            kept.amount("", currency).map(|money| money.minor())
        };
        for (text, code, minor) in [
            ("18.150", "EUR", 1815),
            ("200000", "SEK", 20_000_000),
            ("3.2", "CHF", 320),
            ("2700", "JPY", 2700),
        ] {
            assert_eq!(amount(text, code), Ok(minor), "{text}");
        }
        for (text, code) in [
            ("18.151", "EUR"),
            ("18,15", "EUR"),
            ("1,234", "EUR"),
            ("-1.00", "EUR"),
            ("", "EUR"),
            ("12..34", "EUR"),
        ] {
            assert!(amount(text, code).is_err(), "{text}");
        }
        assert!(amount("1", "QQQ").is_err());
    }
}
