//! Amounts of journals: `$-1,000.00`, `10 AAPL {$30} @ $32 = 40 AAPL`, `500,00€`, `"odd name" 3`.
//!
//! They are kept as they are written until the whole file is read: only then is it known which mark is the decimal one.

use crate::money::{Decimal, DecimalMark};

/// A number and a commodity as they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawAmount<'a> {
    pub negative: bool,
    pub digits: &'a str,
    pub commodity: String,
}

/// A price: of one unit, or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RawPrice<'a> {
    Each(RawAmount<'a>),
    Total(RawAmount<'a>),
}

/// All that stands behind an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RawMoves<'a> {
    pub amount: Option<RawAmount<'a>>,
    pub price: Option<RawPrice<'a>>,
    pub lot: Option<RawPrice<'a>>,
    pub asserted: Option<RawAmount<'a>>,
    /// Whether the assertion is of the account with all below it.
    pub with_children: bool,
}

/// What cannot be read about an amount.
pub(super) type Wrong = &'static str;

/// Reads what stands behind an account, without its comment.
pub(super) fn read(text: &str) -> Result<RawMoves<'_>, Wrong> {
    let mut moves = RawMoves::default();
    let mut rest = text.trim();
    if rest.starts_with('(') {
        return Err("an amount is an expression, which is not worked out");
    }
    if !rest.starts_with('=') && !rest.is_empty() {
        let (amount, after) = amount(rest)?;
        moves.amount = Some(amount);
        rest = after.trim_start();
    }
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix("{{") {
            let (inside, after) = inner.split_once("}}").ok_or("a lot price is not closed")?;
            moves.lot = Some(RawPrice::Total(whole(inside.trim_start_matches('='))?));
            rest = after.trim_start();
        } else if let Some(inner) = rest.strip_prefix('{') {
            let (inside, after) = inner.split_once('}').ok_or("a lot price is not closed")?;
            if !inside.trim().is_empty() {
                moves.lot = Some(RawPrice::Each(whole(inside.trim_start_matches('='))?));
            }
            rest = after.trim_start();
        } else if let Some(inner) = rest.strip_prefix('[') {
            rest = inner.split_once(']').ok_or("the date of a lot is not closed")?.1.trim_start();
        } else if let Some(inner) = rest.strip_prefix('(').filter(|inner| !inner.starts_with('@')) {
            rest = inner.split_once(')').ok_or("the note of a lot is not closed")?.1.trim_start();
        } else if let Some(after) = rest.strip_prefix("@@").or_else(|| rest.strip_prefix("(@@)")) {
            let (price, after) = amount(after.trim_start())?;
            moves.price = Some(RawPrice::Total(price));
            rest = after.trim_start();
        } else if let Some(after) = rest.strip_prefix('@').or_else(|| rest.strip_prefix("(@)")) {
            let (price, after) = amount(after.trim_start())?;
            moves.price = Some(RawPrice::Each(price));
            rest = after.trim_start();
        } else if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start_matches('=');
            moves.with_children = after.starts_with('*');
            let (asserted, _) = amount(after.trim_start_matches('*').trim_start())?;
            moves.asserted = Some(asserted);
            // What follows is the price of the asserted balance, which changes nothing.
            break;
        } else {
            return Err("there is more behind the amount than can be read");
        }
    }
    Ok(moves)
}

/// An amount that is all of a text.
fn whole(text: &str) -> Result<RawAmount<'_>, Wrong> {
    let (amount, rest) = amount(text.trim())?;
    if rest.trim().is_empty() { Ok(amount) } else { Err("there is more behind the amount than can be read") }
}

/// The amount at the beginning of a text, and what follows it.
pub(super) fn amount(text: &str) -> Result<(RawAmount<'_>, &str), Wrong> {
    let (mut negative, mut rest) = sign(text);
    let mut commodity = String::new();
    if !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == ',') {
        let (name, after) = symbol(rest)?;
        commodity = name;
        let (minus, after) = sign(after.trim_start());
        negative ^= minus;
        rest = after.trim_start();
    }
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '\'');
    let end = rest.find(|c: char| !is_number(c)).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    if !digits.bytes().any(|b| b.is_ascii_digit()) {
        return Err("an amount has no number");
    }
    let mut rest = after;
    if commodity.is_empty() {
        let next = after.trim_start();
        if next.starts_with(is_symbol) || next.starts_with('"') {
            let (name, after) = symbol(next)?;
            commodity = name;
            rest = after;
        }
    }
    Ok((RawAmount { negative, digits, commodity }, rest))
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// What a commodity is written with when it is not in quotes.
fn is_symbol(c: char) -> bool {
    !(c.is_whitespace() || c.is_ascii_digit() || c.is_control() || "-+.,;@{}[]()=*/^&|!?<>\"'#".contains(c))
}

fn symbol(text: &str) -> Result<(String, &str), Wrong> {
    if let Some(inner) = text.strip_prefix('"') {
        let (name, rest) = inner.split_once('"').ok_or("the name of a commodity is not closed")?;
        return Ok((name.to_owned(), rest));
    }
    let end = text.find(|c: char| !is_symbol(c)).unwrap_or(text.len());
    if end == 0 {
        return Err("an amount is not written as one");
    }
    let (name, rest) = text.split_at(end);
    Ok((name.to_owned(), rest))
}

/// What the numbers of a file show about its decimal mark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct MarkEvidence {
    pub point: bool,
    pub comma: bool,
}

impl MarkEvidence {
    /// Takes a number into account.
    pub fn see(&mut self, digits: &str) {
        match shown_by(digits) {
            Some(DecimalMark::Point) => self.point = true,
            Some(DecimalMark::Comma) => self.comma = true,
            None => {}
        }
    }

    /// The mark with which a number is read; `None` where it could mean two things.
    pub fn mark_of(self, digits: &str) -> Option<DecimalMark> {
        match (self.point, self.comma) {
            (true, false) => Some(DecimalMark::Point),
            (false, true) => Some(DecimalMark::Comma),
            // A point alone is a decimal mark to every such program; a comma before three digits is one to some.
            _ => shown_by(digits).or_else(|| (!digits.contains(',')).then_some(DecimalMark::Point)),
        }
    }
}

/// The decimal mark that a number shows by itself.
fn shown_by(digits: &str) -> Option<DecimalMark> {
    let mark_of = |c: char| if c == '.' { DecimalMark::Point } else { DecimalMark::Comma };
    let other_of = |c: char| if c == '.' { DecimalMark::Comma } else { DecimalMark::Point };
    let marks: Vec<char> = digits.chars().filter(|c| matches!(c, '.' | ',')).collect();
    let (first, last) = (*marks.first()?, *marks.last()?);
    if first != last {
        return Some(mark_of(last));
    }
    if marks.len() > 1 {
        return Some(other_of(first));
    }
    let (whole, fraction) = digits.split_once(first)?;
    let could_be_group = fraction.len() == 3 && (1..=3).contains(&whole.len()) && whole != "0";
    (!could_be_group).then(|| mark_of(first))
}

/// The number, read with a mark.
pub(super) fn number(raw: &RawAmount<'_>, mark: DecimalMark) -> Result<Decimal, Wrong> {
    // A mark at the end says that there are no decimal digits.
    let digits = raw.digits.trim_end_matches(['.', ',']);
    let number =
        Decimal::parse(digits, mark).map_err(|_| "an amount is not a number, or has too many digits")?;
    Ok(if raw.negative { number.negated() } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let moves = read(text).unwrap();
        let print = |raw: &RawAmount<'_>| {
            let sign = if raw.negative { "-" } else { "" };
            format!("{sign}{} {}", raw.digits, raw.commodity)
        };
        let price = |tag: &str, price: &RawPrice<'_>| match price {
            RawPrice::Each(raw) => format!(" {tag} {}", print(raw)),
            RawPrice::Total(raw) => format!(" {tag}{tag} {}", print(raw)),
        };
        let mut out = moves.amount.as_ref().map(&print).unwrap_or_default();
        out.extend(moves.lot.as_ref().map(|lot| price("lot", lot)));
        out.extend(moves.price.as_ref().map(|found| price("at", found)));
        out.extend(moves.asserted.as_ref().map(|raw| format!(" is {}", print(raw))));
        out
    }

    #[test]
    fn amounts_are_read_however_they_are_written() {
        for (text, expected) in [
            ("$-1,000.00", "-1,000.00 $"),
            ("-$5", "-5 $"),
            ("$ -225.00", "-225.00 $"),
            ("500.00\u{20ac}", "500.00 \u{20ac}"),
            ("- 3 EUR", "-3 EUR"),
            ("50 AAPL @ $30.00", "50 AAPL at 30.00 $"),
            ("10 AAPL {$30} [2020-01-01] (note) @@ 320 USD", "10 AAPL lot 30 $ atat 320 USD"),
            ("\"odd name\" 3 = 4 \"odd name\" @ 1 EUR", "3 odd name is 4 odd name"),
            ("= \u{a3}100.00", " is 100.00 \u{a3}"),
            ("US$10", "10 US$"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        for wrong in ["(1/3 * 2)", "EUR", "5 EUR 6", "5 {3", "--", "\"a 3"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_comma_before_three_digits_is_left_open() {
        let none = MarkEvidence::default();
        assert_eq!(none.mark_of("1,000"), None);
        assert_eq!(none.mark_of("1.000"), Some(DecimalMark::Point));
        assert_eq!(none.mark_of("1,50"), Some(DecimalMark::Comma));
        assert_eq!(none.mark_of("1,000,000"), Some(DecimalMark::Point));
        let mut point = none;
        point.see("17,783.72");
        assert_eq!(point.mark_of("1,000"), Some(DecimalMark::Point));
    }
}
