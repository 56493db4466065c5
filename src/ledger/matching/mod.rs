//! Which rows of a statement are new: never a row lost, never a row doubled.
//!
//! A bank's own id settles the matter where it can be trusted. It cannot where one statement uses it twice, or
//! where it comes back weeks later on another amount (both are seen in real files). Otherwise a row is known by
//! its [`Fingerprint`], and rows with one fingerprint are counted: a file that holds two equal coffees adds two,
//! and the same file again adds none. What neither places is compared by amount, day and text: see [`line_up`].
//! Every row of the account, and every row that the owner deleted, answers for one row of the statement at most.

mod alike;
pub mod line_up;
mod sources;

pub use alike::{folded_text, is_alike};
pub use line_up::Similar;
pub use sources::{Source, Sources};

use super::fingerprint::Fingerprint;
use super::transaction::{BatchId, NewTransaction, TransactionId, TransactionStatus};
use jiff::civil::Date;
use std::collections::HashMap;
use std::fmt;

/// How many days apart two rows with one bank id and one amount may be and still be the same movement
/// (a pending row is often booked some days later).
const SAME_ID_DAYS: i32 = 10;

/// The number of a row that the owner deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeletedId(pub i64);

/// What a statement's row may turn out to be: a transaction, or one that the owner deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A transaction of the account.
    Row(TransactionId),
    /// A row that the owner deleted.
    Deleted(DeletedId),
}

/// A row that the account has, or had until the owner deleted it.
#[derive(Debug, Clone)]
pub struct Existing {
    /// Which one.
    pub subject: Subject,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// The bank's id, where it was found trustworthy.
    pub bank_id: Option<String>,
    /// Its day, as the source wrote it.
    pub posted: Date,
    /// Its amount in minor units, as the source wrote it.
    pub amount_minor: i64,
    /// How settled it is.
    pub status: TransactionStatus,
    /// The import that brought it; none where it was entered by hand.
    pub batch: Option<BatchId>,
}

/// How else a source wrote a row that the account has: while it was pending, or in another format.
#[derive(Debug, Clone)]
pub struct Writing {
    /// Whose it is: a place in [`Known::rows`].
    pub of: usize,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// The bank's id, where it was found trustworthy.
    pub bank_id: Option<String>,
    /// The day in this writing.
    pub posted: Date,
    /// The amount in this writing, in minor units.
    pub amount_minor: i64,
    /// How settled it was.
    pub status: TransactionStatus,
    /// The import that wrote it so.
    pub batch: BatchId,
}

/// All that is known of an account around a statement's days.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Its rows, and those that the owner deleted.
    pub rows: Vec<Existing>,
    /// Other writings of these.
    pub writings: Vec<Writing>,
    /// The imports that rows and writings came from.
    pub sources: Sources,
}

/// A row that a statement brings.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// What it says.
    pub row: &'a NewTransaction,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
}

/// By what a row was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The bank's id.
    BankId,
    /// Day, amount and text, to the letter.
    Text,
    /// Amount, day and text, compared by rule.
    Rule {
        /// How many days apart the two are.
        days: i32,
        /// Whether the texts have a word in common.
        alike: bool,
        /// Whether the amount changed (a pending row's may).
        other_amount: bool,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BankId => f.write_str("the same bank id"),
            Self::Text => f.write_str("the same day, amount and text"),
            Self::Rule { days, alike, other_amount } => {
                let amount = if *other_amount { "nearly the same amount" } else { "the same amount" };
                let days = match days {
                    0 => "the same day".to_owned(),
                    1 => "1 day apart".to_owned(),
                    days => format!("{days} days apart"),
                };
                let text = if *alike { "a text alike" } else { "another text" };
                write!(f, "{amount}, {days}, {text}")
            }
        }
    }
}

/// What to do with an incoming row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is new.
    Add {
        /// Whether the bank's id is unique in this statement and unused for another movement, so that it may
        /// identify the row later.
        trust_bank_id: bool,
        /// A row that it may be all the same, and why: the owner is told.
        doubt: Option<(Subject, Reason)>,
    },
    /// The account has it already.
    Known {
        /// As which row.
        subject: Subject,
        /// By what it was recognised.
        reason: Reason,
        /// Whether its id, which that row does not have, may identify it later.
        trust_bank_id: bool,
    },
    /// The account has it as pending and the bank has now booked it.
    Book {
        /// As which row.
        id: TransactionId,
        /// By what it was recognised.
        reason: Reason,
        /// Whether the bank's id may identify it later.
        trust_bank_id: bool,
    },
}

/// Decides for every row of one statement of one account, step by step.
pub struct Matching<'a> {
    known: &'a Known,
    incoming: &'a [Incoming<'a>],
    /// The family of formats the statement is of.
    family: u16,
    /// Of each incoming row: whether its id is used once in this statement, and says something.
    trusted: Vec<bool>,
    /// Of each known row: whether it answers for an incoming row.
    taken: Vec<bool>,
    decisions: Vec<Option<Decision>>,
    by_id: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Matching<'a> {
    /// Places what ids and fingerprints place. `format` is the statement's own.
    pub fn new(known: &'a Known, incoming: &'a [Incoming<'a>], format: &str) -> Self {
        let mut id_uses: HashMap<&str, usize> = HashMap::new();
        for row in incoming {
            if let Some(id) = usable_id(row.row) {
                *id_uses.entry(id).or_default() += 1;
            }
        }
        let trusted =
            incoming.iter().map(|row| usable_id(row.row).is_some_and(|id| id_uses.get(id) == Some(&1)));
        let mut matching = Self {
            known,
            incoming,
            family: known.sources.family_of_format(format),
            trusted: trusted.collect(),
            taken: vec![false; known.rows.len()],
            decisions: vec![None; incoming.len()],
            by_id: HashMap::new(),
        };
        if !known.rows.is_empty() {
            // Ids first, over the whole statement: a row that only a fingerprint can place must not take the
            // place of one that its id names.
            matching.place_by_id();
            matching.place_by_fingerprint();
        }
        matching
    }

    /// What was decided, in order of the statement's rows; what was not placed is new.
    pub fn decisions(&self) -> impl Iterator<Item = Decision> + '_ {
        let rows = self.incoming.iter().zip(&self.decisions).zip(&self.trusted);
        rows.map(|((row, decision), trusted)| {
            let trust_bank_id = *trusted && usable_id(row.row).is_some_and(|id| !self.by_id.contains_key(id));
            match decision {
                Some(Decision::Add { doubt, .. }) => Decision::Add { trust_bank_id, doubt: *doubt },
                Some(placed) => *placed,
                None => Decision::Add { trust_bank_id, doubt: None },
            }
        })
    }

    /// One of the writings there are, by its number: rows' own first, then the others. A number costs a word where a
    /// writing would cost a dozen, and there may be a million.
    fn entry(&self, number: usize) -> Option<Entry<'a>> {
        let known = self.known;
        if let Some(row) = known.rows.get(number) {
            return Some(Entry {
                slot: number,
                fingerprint: row.fingerprint,
                bank_id: row.bank_id.as_deref(),
                posted: row.posted,
                amount_minor: row.amount_minor,
                batch: row.batch,
                only_pending: false,
            });
        }
        let writing = known.writings.get(number.checked_sub(known.rows.len())?)?;
        Some(Entry {
            slot: writing.of,
            fingerprint: writing.fingerprint,
            bank_id: writing.bank_id.as_deref(),
            posted: writing.posted,
            amount_minor: writing.amount_minor,
            batch: Some(writing.batch),
            only_pending: writing.status == TransactionStatus::Pending,
        })
    }

    fn entries(&self) -> impl DoubleEndedIterator<Item = (usize, Entry<'a>)> + '_ {
        let numbers = 0..self.known.rows.len() + self.known.writings.len();
        numbers.filter_map(|number| Some((number, self.entry(number)?)))
    }

    /// Only one incoming row has a trusted id, so each of these lists is searched once.
    fn place_by_id(&mut self) {
        let mut by_id: HashMap<&'a str, Vec<usize>> = HashMap::new();
        for (number, entry) in self.entries() {
            if let Some(id) = entry.bank_id {
                by_id.entry(id).or_default().push(number);
            }
        }
        for (index, row) in self.incoming.iter().enumerate() {
            if !self.trusted.get(index).copied().unwrap_or(false) {
                continue;
            }
            let candidates = usable_id(row.row).and_then(|id| by_id.get(id)).into_iter().flatten();
            let found = candidates
                .filter_map(|number| self.entry(*number))
                .find(|entry| self.is_free(entry.slot) && self.is_same_by_id(entry, row.row));
            if let Some(entry) = found {
                self.take(entry.slot, index, Reason::BankId, &by_id);
            }
        }
        self.by_id = by_id;
    }

    /// Whether a known row with the same bank id is the same movement. A pending amount may still change.
    fn is_same_by_id(&self, entry: &Entry<'_>, row: &NewTransaction) -> bool {
        let pending = |status| status == TransactionStatus::Pending;
        let Some(known) = self.known.rows.get(entry.slot) else { return false };
        let days_apart = (row.posted - entry.posted).get_days().abs();
        let amount_may_change = pending(known.status) || pending(row.status);
        days_apart <= SAME_ID_DAYS
            && (entry.amount_minor == row.amount.minor() || amount_may_change)
            && (pending(row.status) || !entry.only_pending)
    }

    /// A row with a trusted id is never matched with one to which the same kind of source gave another id: those
    /// are two coffees. Ids of different kinds of source say nothing about each other.
    fn place_by_fingerprint(&mut self) {
        // The earliest last, so that it is taken first and each is looked at once, however many are equal.
        let mut without_id: HashMap<Fingerprint, Vec<usize>> = HashMap::new();
        let mut with_id: HashMap<(u16, Fingerprint), Vec<usize>> = HashMap::new();
        let mut while_pending: HashMap<Fingerprint, Vec<usize>> = HashMap::new();
        let families = self.known.sources.families();
        for (_, entry) in self.entries().rev().filter(|(_, entry)| self.is_free(entry.slot)) {
            if entry.only_pending {
                while_pending.entry(entry.fingerprint).or_default().push(entry.slot);
            } else if entry.bank_id.is_some() {
                let family = self.known.sources.family_of(entry.batch);
                with_id.entry((family, entry.fingerprint)).or_default().push(entry.slot);
            } else {
                without_id.entry(entry.fingerprint).or_default().push(entry.slot);
            }
        }
        for (index, row) in self.incoming.iter().enumerate() {
            if self.decisions.get(index).is_some_and(Option::is_some) {
                continue;
            }
            let trusted = self.trusted.get(index).copied().unwrap_or(false);
            let mut found = self.pop_free(without_id.get_mut(&row.fingerprint));
            for family in families.clone().filter(|family| !trusted || *family != self.family) {
                if found.is_none() {
                    found = self.pop_free(with_id.get_mut(&(family, row.fingerprint)));
                }
            }
            if found.is_none() && row.row.status == TransactionStatus::Pending {
                found = self.pop_free(while_pending.get_mut(&row.fingerprint));
            }
            if let Some(slot) = found {
                self.take_one(slot, index, Reason::Text);
            }
        }
    }

    fn pop_free(&self, list: Option<&mut Vec<usize>>) -> Option<usize> {
        let list = list?;
        while let Some(slot) = list.pop() {
            if self.is_free(slot) {
                return Some(slot);
            }
        }
        None
    }

    fn is_free(&self, slot: usize) -> bool {
        self.taken.get(slot) == Some(&false)
    }

    fn take_one(&mut self, slot: usize, index: usize, reason: Reason) {
        let by_id = std::mem::take(&mut self.by_id);
        self.take(slot, index, reason, &by_id);
        self.by_id = by_id;
    }

    fn take(&mut self, slot: usize, index: usize, reason: Reason, by_id: &HashMap<&str, Vec<usize>>) {
        let (Some(known), Some(row)) = (self.known.rows.get(slot), self.incoming.get(index)) else { return };
        let id_is_new =
            known.bank_id.is_none() && !usable_id(row.row).is_some_and(|id| by_id.contains_key(id));
        let trust_bank_id = id_is_new && self.trusted.get(index) == Some(&true);
        let is_pending = |status| status == TransactionStatus::Pending;
        let decision = match known.subject {
            Subject::Row(id) if is_pending(known.status) && !is_pending(row.row.status) => {
                Decision::Book { id, reason, trust_bank_id }
            }
            subject => Decision::Known { subject, reason, trust_bank_id },
        };
        if let Some(taken) = self.taken.get_mut(slot) {
            *taken = true;
        }
        if let Some(place) = self.decisions.get_mut(index) {
            *place = Some(decision);
        }
    }
}

/// One writing of a known row.
struct Entry<'a> {
    slot: usize,
    fingerprint: Fingerprint,
    bank_id: Option<&'a str>,
    posted: Date,
    amount_minor: i64,
    batch: Option<BatchId>,
    /// What a row said while it was pending answers for pending rows alone: a booked row of those words is another.
    only_pending: bool,
}

/// Ids that say nothing (empty, all zeros) are none.
fn usable_id(row: &NewTransaction) -> Option<&str> {
    row.bank_id.as_deref().map(str::trim).filter(|id| id.bytes().any(|b| b != b'0' && b != b' '))
}

#[cfg(test)]
mod tests;
