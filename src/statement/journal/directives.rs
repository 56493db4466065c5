//! Directives: lines that say how a journal is to be read. Those that only tell programs how to show it are passed over.

use super::amount::{self, MarkEvidence};
use super::lines::{Line, uncommented};
use crate::ledger::{BalanceKind, Tag};
use crate::money::{Decimal, DecimalMark};
use crate::statement::book::double_entry::{Assertion, Value};
use crate::statement::include::MAX_INCLUDE_DEPTH;
use crate::statement::write::journal::unnoted;
use crate::statement::{StatementError, StatementErrorKind, problem};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What directives have said so far.
#[derive(Debug)]
pub(super) struct Directives<'a> {
    pub is_ours: bool,
    pub year: Option<i16>,
    pub default: DefaultCommodity,
    pub evidence: MarkEvidence,
    /// How each commodity's numbers are to look, and which reading of a file says so.
    pub formats: BTreeMap<String, (String, usize)>,
    /// What is said of accounts: `key: value` in their comments.
    pub accounts: BTreeMap<String, BTreeMap<String, String>>,
    /// Balances that a journal written here states.
    pub stated: Vec<Stated>,
    aliases: Vec<(String, String)>,
    prefixes: Vec<String>,
    tags: Vec<&'a str>,
    /// Which reading of a file this is.
    pub reading: usize,
    applied: Vec<Applied>,
    /// The first alias that holds.
    aliases_from: usize,
    /// Names that an included file rewrote up to its end.
    ended_aliases: BTreeSet<String>,
    /// Each reading of a file, the first one first.
    readings: Vec<FileReading>,
    /// What is to hold again behind each file that is being read.
    open: Vec<Outer>,
}

/// What amounts without a commodity are in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DefaultCommodity {
    pub symbol: Option<Rc<str>>,
    /// Whether an included file said something else before it ended: in ledger that goes on to hold, in hledger not.
    pub is_disputed: bool,
}

/// A file that is read; one that is included twice is read twice.
#[derive(Debug, Default)]
struct FileReading {
    mark: Option<DecimalMark>,
    included_by: Option<usize>,
}

/// What held where a file was included.
#[derive(Debug)]
struct Outer {
    reading: usize,
    year: Option<i16>,
    default: DefaultCommodity,
    aliases: usize,
    aliases_from: usize,
    prefixes: usize,
    tags: usize,
    applied: usize,
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

impl Default for Directives<'_> {
    fn default() -> Self {
        Self {
            is_ours: false,
            year: None,
            default: DefaultCommodity::default(),
            evidence: MarkEvidence::default(),
            formats: BTreeMap::new(),
            accounts: BTreeMap::new(),
            stated: Vec::new(),
            aliases: Vec::new(),
            prefixes: Vec::new(),
            tags: Vec::new(),
            applied: Vec::new(),
            aliases_from: 0,
            ended_aliases: BTreeSet::new(),
            readings: vec![FileReading::default()],
            reading: 0,
            open: Vec::new(),
        }
    }
}

impl<'a> Directives<'a> {
    /// An included file begins: what holds here holds there too, and what it says ends with it.
    pub fn enter(&mut self, line: Line<'a>) -> Result<(), StatementError> {
        if self.open.len() >= MAX_INCLUDE_DEPTH {
            return Err(line.unreadable("files are included too deep"));
        }
        self.open.push(Outer {
            reading: self.reading,
            year: self.year,
            default: self.default.clone(),
            aliases: self.aliases.len(),
            aliases_from: self.aliases_from,
            prefixes: self.prefixes.len(),
            tags: self.tags.len(),
            applied: self.applied.len(),
        });
        self.readings.push(FileReading { mark: None, included_by: Some(self.reading) });
        self.reading = self.readings.len() - 1;
        Ok(())
    }

    /// The included file ends.
    pub fn leave(&mut self) {
        let Some(outer) = self.open.pop() else { return };
        let ended = self.aliases.drain(outer.aliases.min(self.aliases.len())..);
        self.ended_aliases.extend(ended.map(|(from, _)| from));
        let is_disputed = outer.default.is_disputed || self.default != outer.default;
        self.default = DefaultCommodity { is_disputed, ..outer.default };
        self.reading = outer.reading;
        self.year = outer.year;
        self.aliases_from = outer.aliases_from;
        self.prefixes.truncate(outer.prefixes);
        self.tags.truncate(outer.tags);
        self.applied.truncate(outer.applied);
    }

    /// The decimal mark that a reading of a file says, or the files around it do.
    pub fn mark_in(&self, reading: usize) -> Option<DecimalMark> {
        let mut at = Some(reading);
        while let Some(reading) = at.and_then(|at| self.readings.get(at)) {
            if reading.mark.is_some() {
                return reading.mark;
            }
            at = reading.included_by;
        }
        None
    }

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
                self.formats.insert(amount.commodity.clone(), (amount.digits.to_owned(), self.reading));
                let symbol = Some(Rc::from(amount.commodity));
                self.default = DefaultCommodity { symbol, is_disputed: false };
            }
            "Y" | "year" => self.year = Some(year(line, rest)?),
            "decimal-mark" => {
                let mark = match rest {
                    "." => DecimalMark::Point,
                    "," => DecimalMark::Comma,
                    _ => return Err(line.unreadable("the decimal mark is neither a point nor a comma")),
                };
                if let Some(reading) = self.readings.get_mut(self.reading) {
                    reading.mark = Some(mark);
                }
            }
            "alias" => self.alias(line, rest)?,
            "apply" => self.apply(line, rest)?,
            "end" => self.end(rest),
            "comment" | "test" => return Ok(block_end(word)),
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
            self.formats.insert(amount.commodity, (amount.digits.to_owned(), self.reading));
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
            self.aliases_from = self.aliases.len();
            return;
        }
        // What the including file applies is not ended here.
        if self.open.last().is_some_and(|outer| self.applied.len() <= outer.applied) {
            return;
        }
        match self.applied.pop() {
            Some(Applied::Account) => drop(self.prefixes.pop()),
            Some(Applied::Tag) => drop(self.tags.pop()),
            Some(Applied::Other) | None => {}
        }
    }

    /// An account's name with what is applied to it.
    pub fn full_name(&self, line: Line<'_>, name: &str) -> Result<String, StatementError> {
        let mut full = self.prefixes.iter().map(|prefix| format!("{prefix}:")).collect::<String>() + name;
        let aliases = self.aliases.get(self.aliases_from..).unwrap_or_default();
        for (from, to) in aliases.iter().rev() {
            let below = full.strip_prefix(from.as_str());
            if let Some(below) = below.filter(|below| below.is_empty() || below.starts_with(':')) {
                full = format!("{to}{below}");
            }
        }
        // hledger ends an alias with its file, ledger does not: what two programs read in two ways is not read.
        let ends = full.match_indices(':').map(|(at, _)| at).chain([full.len()]);
        let mut above = ends.filter_map(|end| full.get(..end));
        let ended = above.find(|above| {
            self.ended_aliases.contains(*above) && !aliases.iter().any(|(from, _)| from.as_str() == *above)
        });
        match ended {
            None => Ok(full),
            Some(above) => Err(line.refuse(
                format!("an included file has an alias for \"{above}\", which ends with that file in hledger and not in ledger"),
                "write the alias in the including file, above its include, or write the account's full name here",
            )),
        }
    }

    /// The tags that are applied to every entry here. One with a value is no tag of ours.
    pub fn applied_tags(&self) -> impl Iterator<Item = Tag> {
        self.tags.iter().filter_map(|text| Tag::parse(text).ok())
    }
}

/// The line that ends a block which is passed over, where a word begins one.
pub(super) fn block_end(word: &str) -> Option<&'static str> {
    match word {
        "comment" => Some("end comment"),
        "test" => Some("end test"),
        _ => None,
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
        "name the file itself where its includes lie in its folder, or put it together first: \"hledger print\" or \"ledger print\" writes one journal of all of them",
    )
}
