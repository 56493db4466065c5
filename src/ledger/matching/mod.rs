//! Which rows of a statement are new: never a row lost, never a row doubled.
//!
//! A bank's own id settles the matter where it can be trusted. It cannot where one statement uses it twice, or
//! where it comes back weeks later on another amount (both are seen in real files). Otherwise a row is known by
//! its [`Fingerprint`], and rows with one fingerprint are counted: a file that holds two equal coffees adds two,
//! and the same file again adds none. What neither places is compared by amount, day and text: see [`line_up`].
//! Every row of the account, and every row that the owner deleted, answers for one row of the statement at most.

mod alike;
mod index;
mod known;
pub mod line_up;
mod sources;

pub use alike::{folded_text, is_alike};
pub use known::{DeletedId, Existing, Known, KnownRows, Subject, Writing};
pub use line_up::Similar;
pub use sources::{Source, Sources};

use super::fingerprint::{Fingerprint, FingerprintHead};
use super::transaction::{TransactionId, TransactionStatus};
use index::Index;
use jiff::civil::Date;
use known::Entry;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// How many days apart two rows with one bank id and one amount may be and still be the same movement
/// (a pending row is often booked some days later).
const SAME_ID_DAYS: i32 = 10;

/// The rows that a statement brings, by their places in it.
pub trait IncomingRows {
    /// How many there are.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The day of a row.
    fn posted(&self, index: usize) -> Option<Date>;
    /// Its amount in minor units.
    fn amount_minor(&self, index: usize) -> Option<i64>;
    /// How settled it is.
    fn status(&self, index: usize) -> Option<TransactionStatus>;
    /// The bank's id for it.
    fn bank_id(&self, index: usize) -> Option<&str>;
    /// What tells whom it is with: payee and memo.
    fn text(&self, index: usize) -> String;
    /// Its fingerprint.
    fn fingerprint(&self, index: usize) -> Option<Fingerprint>;
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
        days: u8,
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
    incoming: &'a dyn IncomingRows,
    /// The family of formats the statement is of.
    family: u16,
    /// Of each incoming row: whether its id is used once in this statement, and says something.
    trusted: Vec<bool>,
    /// Of each known row: whether it answers for an incoming row.
    taken: Vec<bool>,
    /// Of each incoming row: what it was found to be. Empty where nothing is known, as in a first import.
    places: Vec<Option<Place>>,
    by_id: Index,
    hasher: RandomState,
}

/// What an incoming row was found to be.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Which known row.
    slot: u32,
    reason: Reason,
    /// Whether it only may be that one: then it is added.
    is_doubt: bool,
}

const _: () = assert!(size_of::<Option<Place>>() == 8);

/// The rank in the index of fingerprints of rows without a bank's id; those with one have their family's number above it.
const WITHOUT_ID: u16 = 0;
/// The rank of what rows said while they were pending.
const WHILE_PENDING: u16 = u16::MAX;

impl<'a> Matching<'a> {
    /// Places what ids and fingerprints place. `format` is the statement's own.
    pub fn new(known: &'a Known, incoming: &'a dyn IncomingRows, format: &str) -> Self {
        let hasher = RandomState::new();
        let mut matching = Self {
            known,
            incoming,
            family: known.sources.family_of_format(format),
            trusted: used_once(incoming, &hasher),
            taken: vec![false; known.rows.len()],
            places: Vec::new(),
            by_id: Index::default(),
            hasher,
        };
        if !known.rows.is_empty() {
            matching.places = vec![None; incoming.len()];
            // Ids first, over the whole statement: a row that only a fingerprint can place must not take the
            // place of one that its id names.
            matching.place_by_id();
            matching.place_by_fingerprint();
        }
        matching
    }

    /// What was decided for a row; what was not placed is new.
    pub fn decision(&self, index: usize) -> Decision {
        let id = self.incoming.bank_id(index).and_then(usable_id);
        let id_is_new = self.is_trusted(index) && id.is_some_and(|id| !self.is_known_id(id));
        let place = self.places.get(index).copied().flatten();
        let found = place.and_then(|place| Some((place, self.known.rows.get(place.slot as usize)?)));
        let Some((place, known)) = found else {
            return Decision::Add { trust_bank_id: id_is_new, doubt: None };
        };
        if place.is_doubt {
            return Decision::Add { trust_bank_id: id_is_new, doubt: Some((known.subject, place.reason)) };
        }
        let (reason, trust_bank_id) = (place.reason, id_is_new && known.bank_id.is_none());
        let is_pending = |status| status == TransactionStatus::Pending;
        match known.subject {
            Subject::Row(id)
                if is_pending(known.status) && !self.incoming.status(index).is_some_and(is_pending) =>
            {
                Decision::Book { id, reason, trust_bank_id }
            }
            subject => Decision::Known { subject, reason, trust_bank_id },
        }
    }

    /// What was decided, in order of the statement's rows.
    pub fn decisions(&self) -> impl Iterator<Item = Decision> + '_ {
        (0..self.incoming.len()).map(|index| self.decision(index))
    }

    /// The entries with that bank id.
    fn with_id<'s>(&'s self, id: &'s str) -> impl Iterator<Item = Entry<'a>> + 's {
        let digest = self.hasher.hash_one(id);
        let first = self.by_id.first(digest, WITHOUT_ID);
        let numbers = (first..).map_while(move |place| self.by_id.number(place, digest, WITHOUT_ID));
        numbers.filter_map(|number| self.known.entry(number)).filter(move |entry| entry.bank_id == Some(id))
    }

    fn is_known_id(&self, id: &str) -> bool {
        self.with_id(id).next().is_some()
    }

    /// Only one incoming row has a trusted id, so each run of entries is searched once.
    fn place_by_id(&mut self) {
        let with_id = self
            .known
            .entries()
            .filter_map(|(number, entry)| Some((self.hasher.hash_one(entry.bank_id?), WITHOUT_ID, number)));
        self.by_id = Index::new(with_id);
        for index in 0..self.incoming.len() {
            let Some(id) = self.incoming.bank_id(index).and_then(usable_id) else { continue };
            if !self.is_trusted(index) {
                continue;
            }
            let found = self
                .with_id(id)
                .find(|entry| self.is_free(entry.slot) && self.is_same_by_id(entry, index))
                .map(|entry| entry.slot);
            if let Some(slot) = found {
                self.take(slot, index, Reason::BankId);
            }
        }
    }

    /// Whether a known row with the same bank id is the same movement. A pending amount may still change.
    fn is_same_by_id(&self, entry: &Entry<'_>, index: usize) -> bool {
        let pending = |status| status == TransactionStatus::Pending;
        let (Some(known), Some(row)) = (self.known.rows.get(entry.slot), self.brought(index)) else {
            return false;
        };
        let days_apart = (row.posted - entry.posted).get_days().abs();
        let amount_may_change = pending(known.status) || pending(row.status);
        days_apart <= SAME_ID_DAYS
            && (entry.amount_minor == row.amount_minor || amount_may_change)
            && (pending(row.status) || !entry.only_pending)
    }

    /// A row with a trusted id is never matched with one to which the same kind of source gave another id: those
    /// are two coffees. Ids of different kinds of source say nothing about each other.
    fn place_by_fingerprint(&mut self) {
        let families = self.known.sources.families();
        let free =
            self.known.entries().filter(|(_, entry)| self.is_free(entry.slot)).map(|(number, entry)| {
                let rank = if entry.only_pending {
                    WHILE_PENDING
                } else if entry.bank_id.is_some() {
                    self.known.sources.family_of(entry.batch).saturating_add(1)
                } else {
                    WITHOUT_ID
                };
                (entry.fingerprint.prefix(), rank, number)
            });
        let index = Index::new(free);
        // How many entries of each run are taken, beside the first of them: each is looked at once, however many are equal.
        let mut passed: Vec<u32> = vec![0; index.len()];
        for row in 0..self.incoming.len() {
            if self.is_placed(row) {
                continue;
            }
            let Some(fingerprint) = self.incoming.fingerprint(row) else { continue };
            let fingerprint = fingerprint.head();
            let is_pending = self.incoming.status(row) == Some(TransactionStatus::Pending);
            let own = Some(self.family).filter(|_| self.is_trusted(row));
            let ranks = std::iter::once(WITHOUT_ID)
                .chain(
                    families
                        .clone()
                        .filter(|family| Some(*family) != own)
                        .map(|family| family.saturating_add(1)),
                )
                .chain(is_pending.then_some(WHILE_PENDING));
            let mut found = None;
            for rank in ranks {
                found = found.or_else(|| self.first_free(&index, &mut passed, fingerprint, rank));
            }
            if let Some(slot) = found {
                self.take(slot, row, Reason::Text);
            }
        }
    }

    /// The first free row of a fingerprint and rank.
    fn first_free(
        &self,
        index: &Index,
        passed: &mut [u32],
        fingerprint: FingerprintHead,
        rank: u16,
    ) -> Option<usize> {
        let digest = fingerprint.prefix();
        let first = index.first(digest, rank);
        index.number(first, digest, rank)?;
        let passed = passed.get_mut(first)?;
        let mut all_taken = true;
        let mut place = first + *passed as usize;
        while let Some(number) = index.number(place, digest, rank) {
            let entry = self.known.entry(number)?;
            let is_free = self.is_free(entry.slot);
            if is_free && entry.fingerprint == fingerprint {
                return Some(entry.slot);
            }
            all_taken &= !is_free;
            *passed += u32::from(all_taken);
            place += 1;
        }
        None
    }

    fn is_free(&self, slot: usize) -> bool {
        self.taken.get(slot) == Some(&false)
    }

    fn is_trusted(&self, index: usize) -> bool {
        self.trusted.get(index) == Some(&true)
    }

    fn is_placed(&self, index: usize) -> bool {
        self.places.get(index).is_some_and(Option::is_some)
    }

    fn brought(&self, index: usize) -> Option<Brought> {
        Some(Brought {
            posted: self.incoming.posted(index)?,
            amount_minor: self.incoming.amount_minor(index)?,
            status: self.incoming.status(index)?,
        })
    }

    fn take(&mut self, slot: usize, index: usize, reason: Reason) {
        if let Some(taken) = self.taken.get_mut(slot) {
            *taken = true;
        }
        self.place(slot, index, reason, false);
    }

    fn place(&mut self, slot: usize, index: usize, reason: Reason, is_doubt: bool) {
        if let (Some(place), Ok(slot)) = (self.places.get_mut(index), u32::try_from(slot)) {
            *place = Some(Place { slot, reason, is_doubt });
        }
    }
}

/// What an incoming row says without its texts.
#[derive(Debug, Clone, Copy)]
struct Brought {
    posted: Date,
    amount_minor: i64,
    status: TransactionStatus,
}

/// Of each row whether its id says something and no other row has it.
fn used_once(incoming: &dyn IncomingRows, hasher: &RandomState) -> Vec<bool> {
    let id = |index| incoming.bank_id(index).and_then(usable_id);
    let mut trusted = vec![false; incoming.len()];
    // Half a digest is enough to bring equal ids together, and eight bytes are half as many for each of a million rows.
    let hashed = |index| Some((hasher.hash_one(id(index)?) as u32, u32::try_from(index).ok()?));
    let mut ids: Vec<(u32, u32)> = (0..incoming.len()).filter_map(hashed).collect();
    ids.sort_unstable();
    for alike in ids.chunk_by_mut(|one, other| one.0 == other.0) {
        if alike.len() > 1 {
            alike.sort_by_key(|(_, index)| id(*index as usize));
        }
        for same in alike.chunk_by(|one, other| id(one.1 as usize) == id(other.1 as usize)) {
            if let [(_, index)] = same
                && let Some(trusted) = trusted.get_mut(*index as usize)
            {
                *trusted = true;
            }
        }
    }
    trusted
}

/// Ids that say nothing (empty, all zeros) are none.
fn usable_id(id: &str) -> Option<&str> {
    Some(id.trim()).filter(|id| id.bytes().any(|b| b != b'0' && b != b' '))
}

#[cfg(test)]
mod tests;
