//! Tracing a leak: which disclosure did this file come from?
//!
//! Compares a file with everything that ever left: the sealed bytes, the token and its parts, the ids made for one
//! recipient, and the dates and amounts stated. What two disclosures share can't tell them apart; the answer says so
//! by naming both.

use super::lifecycle::token_digest;
use super::{DisclosureRecord, Vault, VaultError};
use crate::disclosure::{Expectation, ExpectedAudience, Fact, Row, verify};
use jiff::SignedDuration;
use jiff::civil::Date;
use std::collections::HashSet;

/// A disclosure that a file may have come from.
#[derive(Debug, Clone)]
pub struct TraceMatch {
    /// The disclosure.
    pub disclosure: DisclosureRecord,
    /// How sure it is.
    pub strength: TraceStrength,
    /// What was found, one sentence each, the strongest first.
    pub reasons: Vec<String>,
    /// How many of the rows and balances that it states were found by date and amount.
    pub found: usize,
    /// How many it states.
    pub stated: usize,
}

/// How sure a match is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TraceStrength {
    /// Some dates and amounts are the same, which another source could have too.
    Possible,
    /// Every date and amount of it is there, at least three of them.
    Likely,
    /// Bytes that only this disclosure has, or ids that only it and others that answer the same question have.
    Certain,
}

impl TraceStrength {
    /// The word that the command line and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// From how many equal rows on a match is more than chance.
const LIKELY_FROM: usize = 3;
/// The shortest part of a token that is looked for: shorter ones could stand anywhere.
const MIN_PART_LEN: usize = 24;

impl Vault {
    /// Which disclosures a file may have come from, the surest first. It may be a sealed file, a token, a table, or
    /// any text; dates are recognised as `2026-01-31`, `31.01.2026`, `31/01/2026` and `01/31/2026`, amounts with a point or a
    /// comma, with or without grouping.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn trace(&self, file: &[u8]) -> Result<Vec<TraceMatch>, VaultError> {
        let leak = Leak::new(file);
        let mut matches = Vec::new();
        for row in self.read(|store| Ok(store.disclosures()?))? {
            let record = self.disclosure(row.id)?;
            matches.extend(leak.compare(record, &row.token));
        }
        matches.sort_by(|one, other| {
            let share = |of: &TraceMatch, with: &TraceMatch| of.found.saturating_mul(with.stated.max(1));
            let by_share = share(other, one).cmp(&share(one, other));
            other.strength.cmp(&one.strength).then(by_share).then(other.found.cmp(&one.found))
        });
        Ok(matches)
    }
}

/// A file as it is compared.
struct Leak<'a> {
    sha256: String,
    text: std::borrow::Cow<'a, str>,
    /// Everything between blanks, quotes and the like.
    words: HashSet<String>,
    lines: Vec<Line>,
}

/// The dates and amounts of one line, written in one way.
struct Line {
    dates: HashSet<String>,
    amounts: HashSet<String>,
}

impl<'a> Leak<'a> {
    fn new(file: &'a [u8]) -> Self {
        let text = String::from_utf8_lossy(file);
        let is_edge = |c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '|' | '<' | '>' | '~' | '(' | ')')
        };
        let words = text.split(is_edge).filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let lines = text.lines().map(Line::new).collect();
        Self { sha256: super::facts::digest_hex(file), words, lines, text }
    }

    fn compare(&self, record: DisclosureRecord, token: &str) -> Option<TraceMatch> {
        let mut reasons = Vec::new();
        if self.sha256 == record.sha256 {
            reasons.push("it is the very file that was sealed".to_owned());
        }
        if super::facts::digest_hex(self.text.trim().as_bytes()) == token_digest(token).to_string() {
            reasons.push("it is the token, unsealed, to the letter".to_owned());
        } else {
            self.parts_of(token, &mut reasons);
            reasons.extend(self.passed_on(&record, token));
        }
        if self.text.contains(&record.jti) {
            reasons.push(format!("it holds the disclosure's id, {}", record.jti));
        }
        let ids: Vec<&String> = rows(&record).filter_map(|row| row.id.as_ref()).collect();
        let known = ids.iter().filter(|id| self.words.contains(**id)).count();
        if known > 0 {
            reasons.push(format!(
                "{known} of its {} transaction ids are there, which were made for this recipient and question alone",
                ids.len()
            ));
        }
        let certain = !reasons.is_empty();
        let pairs = pairs(&record);
        let found = pairs.iter().filter(|(day, amount)| self.has(*day, amount)).count();
        if found > 0 {
            reasons.push(format!(
                "{found} of the {} dates and amounts that it states stand together",
                pairs.len()
            ));
        }
        let strength = match () {
            () if certain => TraceStrength::Certain,
            () if found == pairs.len() && found >= LIKELY_FROM => TraceStrength::Likely,
            () if found > 0 => TraceStrength::Possible,
            () => return None,
        };
        Some(TraceMatch { disclosure: record, strength, reasons, found, stated: pairs.len() })
    }

    /// Looks for the signed part of the token and for its disclosures.
    fn parts_of(&self, token: &str, reasons: &mut Vec<String>) {
        let mut parts = token.split('~').filter(|part| part.len() >= MIN_PART_LEN);
        if parts.next().is_some_and(|jwt| self.text.contains(jwt)) {
            reasons.push("it holds the signed part of its token".to_owned());
        }
        let parts: Vec<&str> = parts.collect();
        let there = parts.iter().filter(|part| self.words.contains(**part)).count();
        if there > 0 {
            reasons.push(format!("it holds {there} of the {} salted parts of its token", parts.len()));
        }
    }

    /// Who passed the copy on, and to whom, where it is one that the recipient presented to a third party.
    fn passed_on(&self, record: &DisclosureRecord, token: &str) -> Option<String> {
        let jwt = token.split('~').next()?;
        let copy = self.text.get(self.text.find(jwt)?..)?;
        let copy = copy.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.~".contains(c))).next()?;
        // Whether it holds today does not matter: it did when it was passed on.
        let last_second = record.expires - SignedDuration::from_secs(1);
        let expectation = Expectation { now: last_second, audience: ExpectedAudience::Unchecked };
        let read = verify(copy, &expectation).ok()?;
        let presented = read.presented?;
        Some(format!(
            "it is a copy that {} passed on at {}, made out to {}",
            record.recipient.name, presented.at, read.audience
        ))
    }

    fn has(&self, day: Option<Date>, amount: &str) -> bool {
        self.lines.iter().any(|line| {
            line.amounts.contains(amount) && day.is_none_or(|day| line.dates.contains(&day.to_string()))
        })
    }
}

impl Line {
    fn new(line: &str) -> Self {
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '/' | '-' | '\'');
        let mut found = Self { dates: HashSet::new(), amounts: HashSet::new() };
        for word in line.split(|c: char| !is_part(c)) {
            // A comma may also set columns apart: both readings are kept, which can only add candidates.
            for piece in std::iter::once(word).chain(word.split(',')) {
                let piece = piece.trim_matches(|c: char| !c.is_ascii_digit());
                found.dates.extend(days(piece));
                found.amounts.extend(plain_amount(piece));
            }
        }
        found
    }
}

/// The days that a text may mean, as ISO 8601 writes them.
fn days(text: &str) -> Vec<String> {
    let parts: Vec<&str> = text.split(['.', '/', '-']).collect();
    let [one, two, three] = parts.as_slice() else { return Vec::new() };
    let day = |year: &str, month: &str, day: &str| {
        let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
        Some(date.to_string())
    };
    if one.len() == 4 {
        return day(one, two, three).into_iter().collect();
    }
    if three.len() != 4 {
        return Vec::new();
    }
    [day(three, two, one), day(three, one, two)].into_iter().flatten().collect()
}

/// An amount without sign and grouping, with a point: `1.234,50` and `1,234.5` are `1234.50` and `1234.5`.
fn plain_amount(text: &str) -> Option<String> {
    let digits: usize = text.bytes().filter(u8::is_ascii_digit).count();
    let mark = text.rfind(['.', ',']);
    if digits == 0 || text.contains(['/', '-']) {
        return None;
    }
    let plain = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    Some(match mark {
        Some(at) => format!("{}.{}", plain(text.get(..at)?), text.get(at + 1..)?),
        None => plain(text),
    })
}

/// The rows that a disclosure states one by one.
fn rows(record: &DisclosureRecord) -> impl Iterator<Item = &Row> {
    record.facts.iter().flat_map(|fact| match fact {
        Fact::Transactions(fact) => fact.rows.as_slice(),
        _ => &[],
    })
}

/// What a disclosure states, as days and amounts without sign.
fn pairs(record: &DisclosureRecord) -> Vec<(Option<Date>, String)> {
    let plain = |text: String| text.trim_start_matches('-').to_owned();
    let mut pairs: Vec<(Option<Date>, String)> =
        rows(record).filter_map(|row| Some((row.booked, plain(row.amount?.to_decimal())))).collect();
    for fact in &record.facts {
        if let Fact::Balance(fact) = fact {
            pairs.push((Some(fact.as_of), plain(fact.amount.to_decimal())));
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_and_amounts_are_recognised_as_banks_write_them() {
        for line in [
            "2026-01-31;Landlord;-1,234.50",
            "31.01.2026 Landlord 1.234,50 EUR",
            "\"31/01/2026\",\"Landlord\",\"-1'234.50\"",
            "01/31/2026,Landlord,1234.50",
        ] {
            let read = Line::new(line);
            assert!(read.dates.contains("2026-01-31"), "{line}: {:?}", read.dates);
            assert!(read.amounts.contains("1234.50"), "{line}: {:?}", read.amounts);
        }
        let read = Line::new("2026-01-30 12.34");
        assert!(!read.dates.contains("2026-01-31") && !read.amounts.contains("1234"), "{:?}", read.amounts);
    }

    proptest! {
        #[test]
        fn reading_never_panics(line: String, tail in "[0-9.,/' -]{0,40}") {
            let _ = Line::new(&line);
            let _ = Line::new(&tail);
        }
    }
}
