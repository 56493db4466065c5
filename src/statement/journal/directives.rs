//! Directives: lines that say how a journal is to be read. Those that only tell programs how to show it are passed over.

use super::amount::{self, MarkEvidence};
use super::lines::{Line, uncommented};
use crate::ledger::{BalanceKind, Tag};
use crate::money::{Decimal, DecimalMark};
use crate::statement::book::double_entry::{Assertion, Value};
use crate::statement::write::journal::unnoted;
use crate::statement::{StatementError, StatementErrorKind, problem};
use std::collections::BTreeMap;

/// What directives have said so far.
#[derive(Debug, Default)]
pub(super) struct Directives<'a> {
    pub is_ours: bool,
    pub year: Option<i16>,
    pub default_commodity: Option<String>,
    pub mark: Option<DecimalMark>,
    pub evidence: MarkEvidence,
    /// How each commodity's numbers are to look.
    pub formats: BTreeMap<String, String>,
    /// What is said of accounts: `key: value` in their comments.
    pub accounts: BTreeMap<String, BTreeMap<String, String>>,
    /// Balances that a journal written here states.
    pub stated: Vec<Stated>,
    aliases: Vec<(String, String)>,
    prefixes: Vec<String>,
    tags: Vec<&'a str>,
    applied: Vec<Applied>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Applied {
    Account,
    Tag,
    Other,
}

/// A balance that was stated, as it is written.
#[derive(Debug)]
pub(super) struct Stated {
    pub line: u32,
    pub account: String,
    pub text: String,
}

impl Stated {
    /// Reads `closing 2026-03-31 1412.50`.
    pub fn read(&self, account: usize, commodity: &str) -> Option<Assertion> {
        let mut words = self.text.split(' ');
        let kind: BalanceKind = words.next()?.parse().ok()?;
        let date = words.next()?.parse().ok()?;
        let number = Decimal::parse(words.next()?, DecimalMark::Point).ok()?;
        Some(Assertion { account, kind, date, amount: Value { number, commodity: commodity.to_owned() } })
    }
}

impl<'a> Directives<'a> {
    /// Takes a directive. Gives the line up to which everything is to be passed over, where it begins such a block.
    pub fn take(
        &mut self,
        line: Line<'a>,
        below: &[Line<'a>],
        is_ours: bool,
    ) -> Result<Option<&'static str>, StatementError> {
        self.is_ours = is_ours;
        let text = line.text.trim_start_matches(['!', '@']);
        let (word, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        let rest = rest.trim();
        match word {
            "include" => return Err(include(line)),
            "account" => self.account(rest, below),
            "commodity" => self.commodity(line, rest, below)?,
            "D" => {
                let (amount, _) = amount::amount(rest).map_err(|wrong| line.unreadable(wrong))?;
                self.evidence.see(amount.digits);
                self.formats.insert(amount.commodity.clone(), amount.digits.to_owned());
                self.default_commodity = Some(amount.commodity);
            }
            "Y" | "year" => self.year = Some(year(line, rest)?),
            "decimal-mark" => {
                self.mark = Some(match rest {
                    "." => DecimalMark::Point,
                    "," => DecimalMark::Comma,
                    _ => return Err(line.unreadable("the decimal mark is neither a point nor a comma")),
                });
            }
            "alias" => self.alias(line, rest)?,
            "apply" => self.apply(line, rest)?,
            "end" => self.end(rest),
            "comment" => return Ok(Some("end comment")),
            "test" => return Ok(Some("end test")),
            "P" | "N" | "payee" | "tag" | "assert" | "check" | "eval" | "expr" | "define" | "def"
            | "value" | "python" | "import" => {}
            "bucket" | "A" => return Err(line.unreadable("an account that stands in for those left out")),
            "C" => return Err(line.unreadable("a commodity that is defined by another")),
            "i" | "o" | "I" | "O" | "b" | "h" => {
                return Err(line.unreadable("this is a time clock's entry, not one of money"));
            }
            _ if word.starts_with('Y') && word.len() == 5 => {
                self.year = Some(year(line, word.get(1..).unwrap_or_default())?);
            }
            // Options of the command line, which a journal may set for ledger.
            _ if word.starts_with('-') => {}
            _ => return Err(line.unreadable("this is no line of a journal that is known")),
        }
        Ok(None)
    }

    fn account(&mut self, rest: &str, below: &[Line<'a>]) {
        let (name, comment) = uncommented(rest);
        let facts = self.accounts.entry(name.to_owned()).or_default();
        let comments = below.iter().map(|line| (line.number, line.text.trim()));
        let comments = comments.filter_map(|(number, text)| Some((number, text.strip_prefix(';')?)));
        let all = comment.into_iter().map(|comment| (0, comment)).chain(comments);
        for (number, comment) in all {
            let Some((key, value)) = comment.trim().split_once(':') else { continue };
            let value = value.trim();
            if key == "stated" {
                let (account, text) = (name.to_owned(), unnoted(value).unwrap_or_default());
                self.stated.push(Stated { line: number, account, text });
                continue;
            }
            let value = if self.is_ours { unnoted(value).unwrap_or_default() } else { value.to_owned() };
            facts.insert(key.trim().to_owned(), value);
        }
    }

    fn commodity(&mut self, line: Line<'a>, rest: &str, below: &[Line<'a>]) -> Result<(), StatementError> {
        let (written, _) = uncommented(rest);
        let formats = below.iter().filter_map(|line| line.text.trim().strip_prefix("format "));
        let is_amount = written.bytes().any(|b| b.is_ascii_digit()) && !written.starts_with('"');
        for text in is_amount.then_some(written).into_iter().chain(formats) {
            let (amount, _) = amount::amount(text.trim()).map_err(|wrong| line.unreadable(wrong))?;
            self.evidence.see(amount.digits);
            self.formats.insert(amount.commodity, amount.digits.to_owned());
        }
        Ok(())
    }

    fn alias(&mut self, line: Line<'a>, rest: &str) -> Result<(), StatementError> {
        match rest.split_once('=') {
            Some((from, to)) if !from.trim_start().starts_with('/') => {
                self.aliases.push((from.trim().to_owned(), to.trim().to_owned()));
                Ok(())
            }
            _ => Err(line.unreadable("an alias by a pattern is not followed")),
        }
    }

    fn apply(&mut self, line: Line<'a>, rest: &'a str) -> Result<(), StatementError> {
        let (what, value) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        self.applied.push(match what {
            "account" => {
                self.prefixes.push(value.trim().to_owned());
                Applied::Account
            }
            "tag" => {
                self.tags.push(value.trim());
                Applied::Tag
            }
            "year" => {
                self.year = Some(year(line, value.trim())?);
                Applied::Other
            }
            "fixed" | "rate" => return Err(line.unreadable("a price that is applied to a whole block")),
            _ => Applied::Other,
        });
        Ok(())
    }

    fn end(&mut self, rest: &str) {
        if rest == "aliases" {
            self.aliases.clear();
            return;
        }
        match self.applied.pop() {
            Some(Applied::Account) => drop(self.prefixes.pop()),
            Some(Applied::Tag) => drop(self.tags.pop()),
            Some(Applied::Other) | None => {}
        }
    }

    /// An account's name with what is applied to it.
    pub fn full_name(&self, name: &str) -> String {
        let mut full = self.prefixes.iter().map(|prefix| format!("{prefix}:")).collect::<String>() + name;
        for (from, to) in self.aliases.iter().rev() {
            let below = full.strip_prefix(from.as_str());
            if let Some(below) = below.filter(|below| below.is_empty() || below.starts_with(':')) {
                full = format!("{to}{below}");
            }
        }
        full
    }

    /// The tags that are applied to every entry here. One with a value is no tag of ours.
    pub fn applied_tags(&self) -> impl Iterator<Item = Tag> {
        self.tags.iter().filter_map(|text| Tag::parse(text).ok())
    }
}

/// How many decimal digits a format shows.
pub(super) fn digits_of(format: &str, marks: MarkEvidence) -> u8 {
    let mark = match marks.mark_of(format) {
        Some(DecimalMark::Comma) => ',',
        _ => '.',
    };
    let digits = format.rsplit_once(mark).map_or(0, |(_, fraction)| fraction.len());
    u8::try_from(digits).unwrap_or(u8::MAX)
}

fn year(line: Line<'_>, text: &str) -> Result<i16, StatementError> {
    text.parse()
        .ok()
        .filter(|year| (1000..=9999).contains(year))
        .ok_or_else(|| line.unreadable("this is no year"))
}

fn include(line: Line<'_>) -> StatementError {
    problem::on_line(
        StatementErrorKind::Malformed,
        line.number,
        line.text,
        "the journal includes another file, which is not read from here",
        "put it together first: \"hledger print\" or \"ledger print\" writes one journal of all of them",
    )
}
