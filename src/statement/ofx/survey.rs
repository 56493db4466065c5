//! The first pass: what only the whole file can tell.

use super::super::StatementError;
use super::super::text::{Text, Window, lines_before};
use super::Meter;
use super::tokens::Tokens;
use crate::money::DecimalMark;
use std::collections::HashSet;

/// The most distinct names of closing tags that are remembered; a real file has some dozens.
const MAX_NAMES: usize = 4096;

/// How much of a long text is read at a time, in bytes. In unit tests little, so that short texts take several parts.
const PART_BYTES: usize = if cfg!(test) { 8 * 1024 } else { 1 << 20 };

/// What the whole file shows.
#[derive(Debug)]
pub(super) struct Survey {
    /// Names that are closed somewhere, which tells an unknown aggregate from an empty unclosed leaf.
    pub closed_names: HashSet<String>,
    /// The decimal mark of all amounts.
    pub mark: MarkRule,
    /// Where the text can be cut: each time a transaction begins right after another, some way on.
    pub cuts: Vec<usize>,
}

/// How the decimal mark of an amount is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkRule {
    /// All amounts of the file share one.
    One(DecimalMark),
    /// Some amounts can only be read with one mark and some only with the other, so each must show its own.
    Each,
}

impl MarkRule {
    /// The mark of one amount; `None` where the file uses both and the amount shows neither for sure.
    pub fn of(self, amount: &str) -> Option<DecimalMark> {
        if let Self::One(mark) = self {
            return Some(mark);
        }
        let mut votes = MarkVotes::default();
        votes.see(amount);
        match (votes.surely_comma, votes.surely_point) {
            (true, _) => Some(DecimalMark::Comma),
            (_, true) => Some(DecimalMark::Point),
            _ => (!amount.contains([',', '.'])).then_some(DecimalMark::Point),
        }
    }
}

/// Walks the whole text once.
///
/// # Errors
/// Those of [`Tokens::next`].
pub(super) fn survey(text: Text<'_>, meter: &mut Meter<'_>) -> Result<Survey, StatementError> {
    let mut window = Window::new(text)?;
    let mut closed_names: HashSet<String> = HashSet::new();
    let mut votes = MarkVotes::default();
    let mut cuts = Vec::new();
    let mut next_cut = PART_BYTES;
    let mut after_row = false;
    loop {
        let is_last = window.is_last();
        let (shown, base) = (window.text(), window.base());
        let mut tokens = if is_last { Tokens::new(shown) } else { Tokens::of_beginning(shown) };
        while let Some(token) = tokens.next().map_err(|error| further_on(error, text, base))? {
            let offset = base + token.offset;
            meter.at(offset as u64);
            if token.closes {
                if closed_names.len() < MAX_NAMES && !closed_names.contains(token.name) {
                    closed_names.insert(token.name.to_owned());
                }
            } else if matches!(token.name, "TRNAMT" | "BALAMT" | "TOTAL") {
                votes.see(token.raw.trim());
            } else if after_row && offset >= next_cut && token.name == "STMTTRN" {
                cuts.push(offset);
                next_cut = offset + PART_BYTES;
            }
            after_row = token.closes && token.name == "STMTTRN";
        }
        if is_last {
            return Ok(Survey { closed_names, mark: votes.decide(), cuts });
        }
        let stopped = tokens.stopped_at();
        window.more(stopped)?;
    }
}

/// An error in a part of a text, with its line counted from the beginning of the text.
fn further_on(error: StatementError, text: Text<'_>, base: usize) -> StatementError {
    if base == 0 {
        return error;
    }
    StatementError { line: error.line.saturating_add(lines_before(text, base)), ..error }
}

/// Evidence for one decimal mark or the other. OFX allows both and no grouping (OFX 2.3, section 3.2.9.1), but
/// banks group all the same.
#[derive(Debug, Default)]
struct MarkVotes {
    surely_comma: bool,
    surely_point: bool,
    lone_comma: bool,
}

impl MarkVotes {
    fn see(&mut self, amount: &str) {
        let (commas, points) = (amount.matches(',').count(), amount.matches('.').count());
        let after_last = amount
            .rfind([',', '.'])
            .and_then(|at| amount.get(at + 1..))
            .map_or(0, |tail| tail.bytes().filter(u8::is_ascii_digit).count());
        match (commas, points) {
            (0, 0) => {}
            (1, 0) if after_last == 3 => self.lone_comma = true,
            (1, 0) => self.surely_comma = true,
            (0, 1) if after_last == 3 => {}
            (0, 1) => self.surely_point = true,
            (_, 0) => self.surely_point = true,
            (0, _) => self.surely_comma = true,
            _ if amount.rfind(',') > amount.rfind('.') => self.surely_comma = true,
            _ => self.surely_point = true,
        }
    }

    /// The point, unless amounts show the comma.
    fn decide(&self) -> MarkRule {
        match (self.surely_comma, self.surely_point) {
            (true, true) => MarkRule::Each,
            (_, true) => MarkRule::One(DecimalMark::Point),
            (true, _) => MarkRule::One(DecimalMark::Comma),
            _ if self.lone_comma => MarkRule::One(DecimalMark::Comma),
            _ => MarkRule::One(DecimalMark::Point),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_decided_from_all_amounts() {
        for (amounts, mark) in [
            (&["1.234"][..], DecimalMark::Point),
            (&["1.234", "-11,76"], DecimalMark::Comma),
            (&["1,234", "5.00"], DecimalMark::Point),
            (&["1,234"], DecimalMark::Comma),
            (&["1.234.567"], DecimalMark::Comma),
            (&["1.234,50"], DecimalMark::Comma),
            (&["1,234.50"], DecimalMark::Point),
            (&["100"], DecimalMark::Point),
        ] {
            let mut votes = MarkVotes::default();
            amounts.iter().for_each(|amount| votes.see(amount));
            assert_eq!(votes.decide(), MarkRule::One(mark), "{amounts:?}");
        }
        let mut votes = MarkVotes::default();
        ["1.50", "1,50"].iter().for_each(|amount| votes.see(amount));
        let rule = votes.decide();
        assert_eq!(rule.of("-2,5"), Some(DecimalMark::Comma));
        assert_eq!(rule.of("-2.5"), Some(DecimalMark::Point));
        assert_eq!(rule.of("25"), Some(DecimalMark::Point));
        assert_eq!(rule.of("2.500"), None);
    }
}
