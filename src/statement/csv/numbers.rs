//! Amounts as banks print them in cells: currency signs and codes, odd spaces, `CR` and `DR`, and the
//! decimal mark, decided once per file.

use crate::money::{Currency, Decimal, DecimalError, DecimalMark};
use std::borrow::Cow;

/// Signs and codes of currencies that stand for one currency alone, with its code.
const SIGNS: &[(&str, &str)] = &[
    ("€", "EUR"),
    ("£", "GBP"),
    ("US$", "USD"),
    ("R$", "BRL"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
    ("Ft", "HUF"),
    ("₹", "INR"),
    ("₽", "RUB"),
    ("₪", "ILS"),
    ("₺", "TRY"),
    ("₴", "UAH"),
    ("₩", "KRW"),
    ("C$", "CAD"),
    ("CA$", "CAD"),
    ("A$", "AUD"),
    ("AU$", "AUD"),
    ("NZ$", "NZD"),
    ("HK$", "HKD"),
    ("S$", "SGD"),
    ("Fr.", "CHF"),
    ("SFr.", "CHF"),
    ("лв", "BGN"),
    ("₫", "VND"),
    ("฿", "THB"),
];
/// Signs that several currencies share.
const SHARED_SIGNS: &[&str] = &["$", "¥", "kr.", "kr", "Rs.", "Rs", "Kr"];

/// What a cell shows, before the decimal mark is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scan<'c> {
    /// The number with signs and codes of currencies taken off.
    pub number: Cow<'c, str>,
    /// The sign, where the cell writes one.
    pub sign: Option<Sign>,
    /// The currency, where the cell shows one that is sure.
    pub currency: Option<String>,
    /// `CR` or `DR` beside the number.
    pub marker: Option<Sign>,
}

/// A written sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
}

/// Takes a cell apart; `None` where it is no number with at most a currency and a sign.
pub(super) fn scan(cell: &str) -> Option<Scan<'_>> {
    if let Some(scan) = bare(cell) {
        return Some(scan);
    }
    let text = cell.trim().trim_start_matches('\'');
    if text.is_empty() || text.len() > 64 || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let (text, marker) = take_marker(text);
    let (mut kept, mut currency) = (String::with_capacity(text.len()), None);
    let mut rest = text;
    let mut words = 0;
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_digit()
            || matches!(c, '.' | ',' | '\'' | '\u{2019}' | '(' | ')' | '+' | '-' | '\u{2212}' | '\u{2013}')
        {
            kept.push(c);
        } else if c.is_whitespace() || matches!(c, '\u{a0}' | '\u{202f}' | '\u{2009}') {
            kept.push(' ');
        } else {
            let (len, code) = currency_at(rest)?;
            words += 1;
            if words > 1 {
                return None;
            }
            currency = code;
            kept.push(' ');
            rest = rest.get(len..)?;
            continue;
        }
        rest = rest.get(c.len_utf8()..)?;
    }
    let number = tidy(&kept);
    let minus = |c: char| matches!(c, '-' | '\u{2212}' | '\u{2013}');
    let sign = if number.starts_with(minus) || number.ends_with(minus) || number.starts_with('(') {
        Some(Sign::Minus)
    } else {
        number.starts_with('+').then_some(Sign::Plus)
    };
    number.bytes().any(|b| b.is_ascii_digit()).then_some(Scan {
        number: Cow::Owned(number),
        sign,
        currency,
        marker,
    })
}

/// A cell of digits and marks alone, with at most a sign before them, as most amounts are.
fn bare(cell: &str) -> Option<Scan<'_>> {
    let (sign, rest) = match cell.as_bytes() {
        [b'-', rest @ ..] => (Some(Sign::Minus), rest),
        [b'+', rest @ ..] => (Some(Sign::Plus), rest),
        rest => (None, rest),
    };
    let is_bare = rest.len() < 64
        && rest.first().is_some_and(u8::is_ascii_digit)
        && rest.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','));
    is_bare.then_some(Scan { number: Cow::Borrowed(cell), sign, currency: None, marker: None })
}

/// Removes spaces beside signs and brackets, which only a currency sign left behind.
fn tidy(kept: &str) -> String {
    let trimmed = kept.trim();
    let mut out = String::with_capacity(trimmed.len());
    let chars: Vec<char> = trimmed.chars().collect();
    let is_number_char = |c: Option<&char>| c.is_some_and(|c| c.is_ascii_digit());
    for (index, c) in chars.iter().enumerate() {
        if *c == ' ' {
            let before = index.checked_sub(1).and_then(|before| chars.get(before));
            if !is_number_char(before) || !is_number_char(chars.get(index + 1)) {
                continue;
            }
        }
        out.push(*c);
    }
    out
}

/// `CR` or `DR` at the end, which says credit or debit.
fn take_marker(text: &str) -> (&str, Option<Sign>) {
    for (word, sign) in [("CR", Sign::Plus), ("DR", Sign::Minus), ("Cr", Sign::Plus), ("Dr", Sign::Minus)] {
        let before = text.trim_end_matches('.').strip_suffix(word);
        if let Some(rest) =
            before.filter(|rest| rest.ends_with(|c: char| c.is_ascii_digit() || c.is_whitespace()))
        {
            return (rest.trim_end(), Some(sign));
        }
    }
    (text, None)
}

/// A currency's sign or code at the start of `rest`: its length, and the code where only one is meant.
fn currency_at(rest: &str) -> Option<(usize, Option<String>)> {
    let first = rest.bytes().next();
    let begins_with = |sign: &str| sign.bytes().next() == first && rest.starts_with(sign);
    let sign = SIGNS.iter().filter(|(sign, _)| begins_with(sign)).max_by_key(|(sign, _)| sign.len());
    if let Some((sign, code)) = sign {
        return Some((sign.len(), Some((*code).to_owned())));
    }
    let word_len = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let word = rest.get(..word_len)?;
    if word_len == 3
        && let Ok(currency) = Currency::iso(word)
    {
        return Some((3, Some(currency.code().to_owned())));
    }
    let shared = SHARED_SIGNS.iter().filter(|sign| begins_with(sign)).max_by_key(|sign| sign.len())?;
    (word_len <= shared.len()).then_some((shared.len(), None))
}

/// Reads a scanned cell exactly. The marker is not applied.
///
/// # Errors
/// As [`Decimal::parse`].
pub(super) fn value(scan: &Scan<'_>, mark: DecimalMark) -> Result<Decimal, DecimalError> {
    Decimal::parse(&scan.number, mark)
}

/// The evidence of all amounts of a file for one decimal mark or the other.
#[derive(Debug, Default, Clone)]
pub(super) struct MarkVotes {
    /// The first amount that can only be read with a comma, with its line.
    pub comma: Option<(u32, String)>,
    /// The first amount that can only be read with a point.
    pub point: Option<(u32, String)>,
    /// The first amount that could be thousands or thousandths.
    pub undecided: Option<(u32, String)>,
}

impl MarkVotes {
    pub fn see(&mut self, line: u32, number: &str) {
        let (commas, points) = (number.matches(',').count(), number.matches('.').count());
        let last = number.rfind([',', '.']);
        let tail = last.and_then(|at| number.get(at + 1..)).unwrap_or_default();
        let tail_digits = tail.bytes().filter(u8::is_ascii_digit).count();
        let head = last.and_then(|at| number.get(..at)).unwrap_or_default();
        let mut head_digits = head.bytes().filter(u8::is_ascii_digit);
        let (first, more) = (head_digits.next(), head_digits.count());
        // 0,123 and 1234,567 and 1 234,567 group nothing; 1,234 might.
        let may_group = tail_digits == 3
            && more < 3
            && first.is_some_and(|first| first != b'0')
            && !head.contains([' ', '\'', '\u{2019}']);
        let slot = match (commas, points) {
            (0, 0) => return,
            (1, 0) | (0, 1) if may_group => &mut self.undecided,
            (1, 0) => &mut self.comma,
            (0, 1) => &mut self.point,
            (_, 0) => &mut self.point,
            (0, _) => &mut self.comma,
            _ if number.rfind(',') > number.rfind('.') => &mut self.comma,
            _ => &mut self.point,
        };
        // What is a number in no notation is no evidence: it is refused where it stands.
        if slot.is_none() && is_number(number) {
            *slot = Some((line, number.chars().take(40).collect()));
        }
    }
}

/// Whether a text is a number under one decimal mark or the other.
pub(super) fn is_number(number: &str) -> bool {
    [DecimalMark::Point, DecimalMark::Comma].into_iter().any(|mark| Decimal::parse(number, mark).is_ok())
}

/// The currency that a cell names by its code or by a sign that is one currency's alone.
///
/// # Errors
/// The cell, where it is neither that nor a sign that several currencies share (which gives `None`).
pub(super) fn currency_named(cell: &str) -> Result<Option<Currency>, String> {
    let cell = cell.trim();
    if let Ok(currency) = Currency::iso(cell) {
        return Ok(Some(currency));
    }
    if SHARED_SIGNS.contains(&cell) {
        return Ok(None);
    }
    match SIGNS.iter().find(|(sign, _)| *sign == cell) {
        Some((_, code)) => Ok(Currency::iso(code).ok()),
        None => Err(cell.chars().take(40).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_taken_apart() {
        for (cell, number, currency) in [
            ("$(0.01)", "(0.01)", None),
            ("($0.01)", "(0.01)", None),
            ("-$1,234.50", "-1,234.50", None),
            ("$-5", "-5", None),
            ("1,50 €", "1,50", Some("EUR")),
            ("1,50\u{a0}€", "1,50", Some("EUR")),
            ("€ -1.234,50", "-1.234,50", Some("EUR")),
            ("+ £1,100.00", "+1,100.00", Some("GBP")),
            ("-1.00 USD", "-1.00", Some("USD")),
            ("CHF 1'234.50", "1'234.50", Some("CHF")),
            ("1 234,56 zł", "1 234,56", Some("PLN")),
            ("R$ 5.326,43", "5.326,43", Some("BRL")),
            ("120 kr", "120", None),
            ("- 12,00", "-12,00", None),
            ("12,00 -", "12,00-", None),
        ] {
            let found = scan(cell).unwrap_or_else(|| panic!("{cell}"));
            assert_eq!((&*found.number, found.currency.as_deref()), (number, currency), "{cell}");
        }
        assert_eq!(scan("100.00 CR").unwrap().marker, Some(Sign::Plus));
        assert_eq!(scan("100.00DR").unwrap().marker, Some(Sign::Minus));
    }

    #[test]
    fn what_is_no_amount() {
        for cell in
            ["", "-", "n/a", "abc 12", "12 apples", "EUR", "1 EUR 2 USD", "DE89 3704", "12/34", "1e5", "5%"]
        {
            assert_eq!(scan(cell), None, "{cell}");
        }
    }

    #[test]
    fn the_mark_shows_in_some_amounts_only() {
        let vote = |number: &str| {
            let mut votes = MarkVotes::default();
            votes.see(1, number);
            match (votes.comma.is_some(), votes.point.is_some(), votes.undecided.is_some()) {
                (true, false, false) => 'c',
                (false, true, false) => 'p',
                (false, false, true) => '?',
                _ => '-',
            }
        };
        for (number, expected) in [
            ("-110,7", 'c'),
            ("1.234", '?'),
            ("1,234", '?'),
            ("1,234.5", 'p'),
            ("1.234,5", 'c'),
            ("1,234,567", 'p'),
            ("1.234.567", 'c'),
            ("0,123", 'c'),
            ("1234,567", 'c'),
            ("1 234,567", 'c'),
            ("1'234.567", 'p'),
            ("12", '-'),
            ("12.00-", 'p'),
        ] {
            assert_eq!(vote(number), expected, "{number}");
        }
    }
}
