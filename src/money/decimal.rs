//! Decimal numbers as people and banks write them: read exactly, printed exactly.
//!
//! [`Decimal::parse`] takes the decimal mark as an argument, because `1.234` means two different
//! amounts in two countries and nothing in the number itself says which. Whoever reads a whole file
//! decides the mark once, from all its numbers.

use super::Currency;

/// The character that separates whole units from the fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DecimalMark {
    /// `1,234.56`
    Point,
    /// `1.234,56`
    Comma,
}

/// Why a text is no exact amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// Not a number in this notation.
    #[error("\"{0}\" is not a number")]
    NotANumber(String),
    /// More decimal digits than the currency has, and they are not zeros.
    #[error("\"{number}\" has more decimal digits than {currency} has ({digits})")]
    TooPrecise {
        /// The number as it was understood.
        number: String,
        /// The currency it was to be held in.
        currency: Currency,
        /// The digits that the currency has.
        digits: u8,
    },
    /// Too large for 64 bits of minor units.
    #[error("\"{0}\" is too large to be held exactly")]
    TooLarge(String),
}

/// A number read exactly: `units` divided by ten to the power of `scale`.
// Packed to the alignment of a word: a row of a statement holds three of these, and a file may have a million rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(Rust, packed(8))]
pub struct Decimal {
    units: i128,
    scale: u8,
}

/// The longest number that is read at once: its digits fit into 64 bits.
const MAX_PLAIN_LEN: usize = 17;

impl Decimal {
    /// Reads a number: an optional sign before or after it, digits, groups of three set apart by the other
    /// mark, an apostrophe or a space, at most one decimal mark, digits. Parentheses mean negative.
    /// A currency sign or code is not part of a number: take it off first.
    ///
    /// # Errors
    /// [`DecimalError::NotANumber`] for anything else, also for groups that are not of three digits (Indian
    /// grouping of two is understood), and [`DecimalError::TooLarge`] beyond 30 digits.
    pub fn parse(text: &str, mark: DecimalMark) -> Result<Self, DecimalError> {
        Self::parse_plain(text, mark).map_or_else(|| Self::parse_any(text, mark), Ok)
    }

    fn parse_any(text: &str, mark: DecimalMark) -> Result<Self, DecimalError> {
        let not_a_number = || DecimalError::NotANumber(text.trim().chars().take(40).collect());
        let (negative, body) = strip_sign(text.trim()).ok_or_else(not_a_number)?;
        let (mark_char, other) = match mark {
            DecimalMark::Point => ('.', ','),
            DecimalMark::Comma => (',', '.'),
        };
        let (whole, fraction) = match body.split_once(mark_char) {
            Some((whole, fraction)) => (whole, fraction),
            None => (body, ""),
        };
        let whole_digits = ungroup(whole, other).ok_or_else(not_a_number)?;
        if (whole_digits.is_empty() && fraction.is_empty()) || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return Err(not_a_number());
        }
        if whole_digits.trim_start_matches('0').len() + fraction.len() > 30 {
            return Err(DecimalError::TooLarge(text.trim().chars().take(40).collect()));
        }
        let mut units: i128 = 0;
        for byte in whole_digits.bytes().chain(fraction.bytes()) {
            units = units * 10 + i128::from(byte - b'0');
        }
        let scale = u8::try_from(fraction.len()).map_err(|_| not_a_number())?;
        Ok(Self { units: if negative { -units } else { units }, scale })
    }

    /// A number of few digits without groups or a sign behind it, as nearly all amounts are; none for any other.
    fn parse_plain(text: &str, mark: DecimalMark) -> Option<Self> {
        let (negative, body) = match text.as_bytes() {
            [b'-', body @ ..] => (true, body),
            body => (false, body),
        };
        let mark = match mark {
            DecimalMark::Point => b'.',
            DecimalMark::Comma => b',',
        };
        let (mut units, mut scale) = (0i64, None);
        for byte in body.iter().take(MAX_PLAIN_LEN + 1) {
            match *byte {
                digit @ b'0'..=b'9' => units = units * 10 + i64::from(digit - b'0'),
                other if other == mark && scale.is_none() => {
                    scale = Some(0);
                    continue;
                }
                _ => return None,
            }
            scale = scale.map(|scale| scale + 1);
        }
        let has_digits = body.iter().any(u8::is_ascii_digit);
        (has_digits && body.len() <= MAX_PLAIN_LEN)
            .then(|| Self::new(if negative { -units } else { units }, scale.unwrap_or(0)))
    }

    /// The number in minor units of `currency`.
    ///
    /// # Errors
    /// [`DecimalError::TooPrecise`] rather than rounding, and [`DecimalError::TooLarge`].
    pub fn to_minor(self, currency: Currency) -> Result<i64, DecimalError> {
        let digits = currency.exponent();
        let too_large = || DecimalError::TooLarge(self.print());
        let minor = if self.scale <= digits {
            let factor = 10i128.pow(u32::from(digits - self.scale));
            self.units.checked_mul(factor).ok_or_else(too_large)?
        } else {
            let divisor = 10i128.pow(u32::from(self.scale - digits));
            if self.units % divisor != 0 {
                return Err(DecimalError::TooPrecise { number: self.print(), currency, digits });
            }
            self.units / divisor
        };
        i64::try_from(minor).map_err(|_| too_large())
    }

    /// Whether the number is zero.
    pub const fn is_zero(self) -> bool {
        self.units == 0
    }

    /// Whether the number is below zero.
    pub const fn is_negative(self) -> bool {
        self.units < 0
    }

    /// The number with its sign turned.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self { units: -self.units, scale: self.scale }
    }

    /// Units over ten to the power of `scale`.
    pub const fn new(units: i64, scale: u8) -> Self {
        Self { units: units as i128, scale }
    }

    /// The digits without the decimal mark.
    pub const fn units(self) -> i128 {
        self.units
    }

    /// How many decimal digits were written.
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// Nothing.
    pub const ZERO: Self = Self { units: 0, scale: 0 };

    /// `numerator` divided by `denominator`, exactly, as accounting programs store amounts (GnuCash: `-1250/100`).
    /// `None` where the denominator is no power of ten up to 10^18.
    pub fn from_fraction(numerator: i64, denominator: i64) -> Option<Self> {
        let scale = (0..=18u8).find(|scale| 10i64.checked_pow(u32::from(*scale)) == Some(denominator))?;
        Some(Self { units: i128::from(numerator), scale })
    }

    /// The sum; `None` where it does not fit into 128 bits.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let widen = |number: Self| {
            let factor = 10i128.checked_pow(u32::from(scale - number.scale))?;
            number.units.checked_mul(factor)
        };
        Some(Self { units: widen(self)?.checked_add(widen(other)?)?, scale })
    }

    /// The product; `None` where it does not fit into 128 bits.
    #[must_use]
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let scale = self.scale.checked_add(other.scale)?;
        Some(Self { units: self.units.checked_mul(other.units)?, scale }.trimmed())
    }

    /// The number times a price. A price that programs print with more digits than any amount has is taken to 18 of
    /// them where the product would not fit; `None` where it still does not.
    #[must_use]
    pub fn checked_mul_price(self, price: Self) -> Option<Self> {
        self.checked_mul(price).or_else(|| self.checked_mul(price.rounded(18)))
    }

    /// The number without zeroes at its end that say nothing.
    #[must_use]
    pub const fn trimmed(self) -> Self {
        let (mut units, mut scale) = (self.units, self.scale);
        while scale > 0 && units % 10 == 0 {
            units /= 10;
            scale -= 1;
        }
        Self { units, scale }
    }

    /// The number rounded to so many decimal digits, halves to the even digit.
    #[must_use]
    pub fn rounded(self, digits: u8) -> Self {
        if self.scale <= digits {
            return self;
        }
        let Some(divisor) = 10i128.checked_pow(u32::from(self.scale - digits)) else { return Self::ZERO };
        let (quotient, rest) = (self.units / divisor, (self.units % divisor).abs());
        let up = rest > divisor - rest || (rest == divisor - rest && quotient % 2 != 0);
        let step = if self.units < 0 { -1 } else { 1 };
        Self { units: if up { quotient + step } else { quotient }, scale: digits }
    }

    /// The number with a point as decimal mark and no grouping.
    pub fn print(self) -> String {
        print_minor(self.units, self.scale)
    }
}

/// Prints `minor` as a decimal with `exponent` digits after the point.
pub(super) fn print_minor(minor: i128, exponent: u8) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let digits = minor.unsigned_abs().to_string();
    let exponent = usize::from(exponent);
    if exponent == 0 {
        return format!("{sign}{digits}");
    }
    let padded = format!("{digits:0>width$}", width = exponent + 1);
    let (whole, fraction) = padded.split_at(padded.len() - exponent);
    format!("{sign}{whole}.{fraction}")
}

/// Takes the sign off: `-1`, `1-`, `+1`, `(1)`, and the typographic minus. `None` where there are two.
fn strip_sign(text: &str) -> Option<(bool, &str)> {
    let minus = |c: char| matches!(c, '-' | '\u{2212}' | '\u{2013}');
    if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        let inner = inner.trim();
        let unsigned = !inner.starts_with(|c| minus(c) || c == '+');
        return unsigned.then_some((true, inner));
    }
    let (leading_minus, rest) = match text.strip_prefix(minus) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let signed_before = rest.len() != text.len();
    let (trailing_minus, rest) = match rest.strip_suffix(minus) {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    if signed_before && trailing_minus {
        return None;
    }
    Some((leading_minus || trailing_minus, rest.trim()))
}

/// Removes grouping from the whole part. `None` where a character or a group does not belong.
fn ungroup(whole: &str, other_mark: char) -> Option<String> {
    let is_separator =
        |c: char| c == other_mark || matches!(c, '\'' | '\u{2019}' | ' ' | '\u{a0}' | '\u{202f}');
    if whole.bytes().all(|b| b.is_ascii_digit()) {
        return Some(whole.to_owned());
    }
    let separator = whole.chars().find(|c| is_separator(*c))?;
    let groups: Vec<&str> = whole.split(separator).collect();
    let digits_only = groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_digit()));
    let (first, rest) = groups.split_first()?;
    let (last, middle) = rest.split_last()?;
    let well_grouped = (1..=3).contains(&first.len())
        && last.len() == 3
        && (middle.iter().all(|g| g.len() == 3) || (first.len() <= 2 && middle.iter().all(|g| g.len() == 2)));
    (digits_only && well_grouped).then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sums_products_and_rounding_are_exact() {
        let read = |text| Decimal::parse(text, DecimalMark::Point).unwrap();
        assert_eq!(read("0.1").checked_add(read("-10")).unwrap().print(), "-9.9");
        assert_eq!(read("10.5").checked_mul(read("0.20")).unwrap().print(), "2.1");
        for (text, digits, expected) in
            [("0.125", 2, "0.12"), ("0.135", 2, "0.14"), ("-2.5", 0, "-2"), ("-3.5", 0, "-4"), ("7", 2, "7")]
        {
            assert_eq!(read(text).rounded(digits).print(), expected, "{text}");
        }
        assert_eq!(Decimal::from_fraction(-1250, 100).unwrap().print(), "-12.50");
        assert_eq!(Decimal::from_fraction(1, 3), None);
        let huge = read("999999999999999999999999999999");
        assert_eq!(huge.checked_mul(huge), None);
    }

    fn cents(text: &str, mark: DecimalMark) -> Option<i64> {
        Decimal::parse(text, mark).ok()?.to_minor(Currency::iso("EUR").ok()?).ok()
    }

    #[test]
    fn reads_what_banks_write() {
        use DecimalMark::{Comma, Point};
        for (text, mark, expected) in [
            ("12.34", Point, 1234),
            ("-12.34", Point, -1234),
            ("12.34-", Point, -1234),
            ("(0.01)", Point, -1),
            ("+5", Point, 500),
            (".5", Point, 50),
            ("5.", Point, 500),
            ("1,234.56", Point, 123_456),
            ("12,34,567.00", Point, 123_456_700),
            ("1.234,56", Comma, 123_456),
            ("-110,7", Comma, -11_070),
            ("1'234.50", Point, 123_450),
            ("1\u{a0}234,50", Comma, 123_450),
            ("\u{2212}3,00", Comma, -300),
            ("0.100", Point, 10),
        ] {
            assert_eq!(cents(text, mark), Some(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_exact_amount() {
        use DecimalMark::{Comma, Point};
        for (text, mark) in [
            ("", Point),
            ("-", Point),
            (".", Point),
            ("1.2.3", Point),
            ("1,23", Point),
            ("1,2345", Point),
            ("--1", Point),
            ("-1-", Point),
            ("(-1)", Point),
            ("1e5", Point),
            ("0x10", Point),
            ("NaN", Point),
            ("12.345", Point),
            ("1.23", Comma),
            ("99999999999999999999", Point),
            ("1 2", Point),
            ("\u{661}", Point),
            (",5,", Comma),
        ] {
            assert_eq!(cents(text, mark), None, "{text}");
        }
    }

    #[test]
    fn names_the_digits_that_do_not_fit() {
        let yen = Currency::iso("JPY").unwrap();
        let error = Decimal::parse("12.5", DecimalMark::Point).unwrap().to_minor(yen).unwrap_err();
        assert_eq!(error.to_string(), "\"12.5\" has more decimal digits than JPY has (0)");
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = Decimal::parse(&text, DecimalMark::Point).map(|d| d.to_minor(Currency::iso("KWD").unwrap()));
            let _ = Decimal::parse(&text, DecimalMark::Comma);
        }

        /// What is read at once is read as it would be digit by digit.
        #[test]
        fn the_short_way_is_the_long_one(text in "[-+]?[0-9]{0,19}[.,]?[0-9]{0,6}[-.,]?") {
            for mark in [DecimalMark::Point, DecimalMark::Comma] {
                if let Some(plain) = Decimal::parse_plain(&text, mark) {
                    prop_assert_eq!(Decimal::parse_any(&text, mark), Ok(plain), "{}", text);
                }
            }
        }

        #[test]
        fn grouping_changes_nothing(value in 0i64..=i64::MAX) {
            let plain = print_minor(i128::from(value), 2);
            let (whole, fraction) = plain.split_once('.').unwrap();
            let mut grouped = String::new();
            for (index, digit) in whole.chars().enumerate() {
                if index > 0 && (whole.len() - index) % 3 == 0 { grouped.push('.'); }
                grouped.push(digit);
            }
            prop_assert_eq!(cents(&format!("{grouped},{fraction}"), DecimalMark::Comma), Some(value));
        }
    }
}
