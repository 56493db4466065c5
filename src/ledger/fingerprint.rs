//! Which rows of a statement are new: never a row lost, never a row doubled.
//!
//! A bank's own id settles the matter where it can be trusted. It cannot where one statement uses it
//! twice, or where it comes back weeks later on another amount (both are seen in real files). Otherwise
//! a row is known by its [`Fingerprint`], and rows with one fingerprint are counted: a file that holds
//! two equal coffees adds two, and the same file again adds none.

use super::transaction::{NewTransaction, TransactionId, TransactionStatus};
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// How many days apart two rows with one bank id and one amount may be and still be the same movement
/// (a pending row is often booked some days later).
const SAME_ID_DAYS: i32 = 10;

/// A digest over what makes a row recognisable: its day, amount, payee and memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The fingerprint of a row. Letter case and runs of spaces do not count, since banks change both
    /// between one download and the next.
    pub fn of(row: &NewTransaction) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"finvault row v1\0");
        hash.update(row.posted.to_string());
        hash.update([0]);
        hash.update(row.amount.minor().to_be_bytes());
        hash.update(row.amount.currency().code());
        for text in [Some(row.payee_raw.as_str()), row.memo.as_deref(), row.reference.as_deref()] {
            hash.update([0]);
            for (index, word) in text.unwrap_or_default().split_whitespace().enumerate() {
                if index > 0 {
                    hash.update(b" ");
                }
                hash.update(word.to_lowercase());
            }
        }
        Self(hash.finalize().into())
    }
}

/// A row that the account already has.
#[derive(Debug, Clone)]
pub struct Existing {
    /// Its number.
    pub id: TransactionId,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// The bank's id, where it was found trustworthy.
    pub bank_id: Option<String>,
    /// Its day.
    pub posted: Date,
    /// Its amount in minor units.
    pub amount_minor: i64,
    /// How settled it is.
    pub status: TransactionStatus,
}

/// A row that a statement brings.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// What it says.
    pub row: &'a NewTransaction,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
}

/// What to do with an incoming row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is new. `trust_bank_id` says whether its id may identify it later.
    Add {
        /// Whether the bank's id is unique in this statement and unused for another movement.
        trust_bank_id: bool,
    },
    /// The account has it already.
    Duplicate(TransactionId),
    /// The account has it as pending and the bank has now booked it.
    Update(TransactionId),
}

/// Decides for every incoming row of one account, in order.
pub fn decide(existing: &[Existing], incoming: &[Incoming<'_>]) -> Vec<Decision> {
    let mut known = Known::new(existing);
    let mut id_uses: HashMap<&str, usize> = HashMap::new();
    for row in incoming {
        if let Some(id) = usable_id(row.row) {
            *id_uses.entry(id).or_default() += 1;
        }
    }
    let trusted = |row: &NewTransaction| usable_id(row).is_some_and(|id| id_uses.get(id) == Some(&1));
    // Ids first, over the whole statement: a row that only a fingerprint can place must not take the
    // place of one that its id names.
    let mut decisions: Vec<Option<Decision>> = Vec::with_capacity(incoming.len());
    for row in incoming {
        let id = usable_id(row.row).filter(|_| trusted(row.row));
        decisions.push(id.and_then(|id| known.take_by_id(id, row.row)));
    }
    for (row, decision) in incoming.iter().zip(&mut decisions) {
        if decision.is_none() {
            *decision = known.take_by_fingerprint(row, trusted(row.row));
        }
    }
    incoming
        .iter()
        .zip(decisions)
        .map(|(row, decision)| {
            decision.unwrap_or_else(|| {
                let unused = usable_id(row.row).is_some_and(|id| !known.has_id(id));
                Decision::Add { trust_bank_id: unused && trusted(row.row) }
            })
        })
        .collect()
}

/// Ids that say nothing (empty, all zeros) are none.
fn usable_id(row: &NewTransaction) -> Option<&str> {
    row.bank_id.as_deref().map(str::trim).filter(|id| id.bytes().any(|b| b != b'0' && b != b' '))
}

/// The account's rows, each of which may answer for one incoming row.
struct Known<'a> {
    rows: &'a [Existing],
    taken: Vec<bool>,
    by_id: HashMap<&'a str, Vec<usize>>,
    /// Rows that an id identifies, and rows that nothing but their fingerprint does; the earliest last, so
    /// that it is taken first and each row is looked at once, however many are equal.
    with_id: HashMap<Fingerprint, Vec<usize>>,
    without_id: HashMap<Fingerprint, Vec<usize>>,
}

impl<'a> Known<'a> {
    fn new(rows: &'a [Existing]) -> Self {
        let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut with_id: HashMap<Fingerprint, Vec<usize>> = HashMap::new();
        let mut without_id: HashMap<Fingerprint, Vec<usize>> = HashMap::new();
        for (index, row) in rows.iter().enumerate().rev() {
            if let Some(id) = &row.bank_id {
                by_id.entry(id).or_default().push(index);
                with_id.entry(row.fingerprint).or_default().push(index);
            } else {
                without_id.entry(row.fingerprint).or_default().push(index);
            }
        }
        Self { rows, taken: vec![false; rows.len()], by_id, with_id, without_id }
    }

    fn has_id(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// Only one incoming row has a trusted id, so each of these lists is searched once.
    fn take_by_id(&mut self, id: &str, row: &NewTransaction) -> Option<Decision> {
        let candidates = self.by_id.get(id)?;
        let index = candidates
            .iter()
            .rev()
            .copied()
            .find(|index| self.rows.get(*index).is_some_and(|known| same_movement(known, row)))?;
        self.take(index, row.status)
    }

    /// A row with a trusted id is never matched with one that the bank gave another id: those are two coffees.
    fn take_by_fingerprint(&mut self, row: &Incoming<'_>, has_trusted_id: bool) -> Option<Decision> {
        let found = pop_free(&mut self.without_id, &self.taken, row.fingerprint);
        let index = match found {
            None if !has_trusted_id => pop_free(&mut self.with_id, &self.taken, row.fingerprint)?,
            found => found?,
        };
        self.take(index, row.row.status)
    }

    fn take(&mut self, index: usize, incoming: TransactionStatus) -> Option<Decision> {
        let known = self.rows.get(index)?;
        *self.taken.get_mut(index)? = true;
        let booked_now = known.status == TransactionStatus::Pending && incoming != TransactionStatus::Pending;
        Some(if booked_now { Decision::Update(known.id) } else { Decision::Duplicate(known.id) })
    }
}

/// The earliest row with this fingerprint that answers for nothing yet.
fn pop_free(
    lists: &mut HashMap<Fingerprint, Vec<usize>>,
    taken: &[bool],
    fingerprint: Fingerprint,
) -> Option<usize> {
    let list = lists.get_mut(&fingerprint)?;
    while let Some(index) = list.pop() {
        if !taken.get(index).copied().unwrap_or(true) {
            return Some(index);
        }
    }
    None
}

/// Whether a known row with the same bank id is the same movement. A pending amount may still change.
fn same_movement(known: &Existing, row: &NewTransaction) -> bool {
    let days_apart = (row.posted - known.posted).get_days().abs();
    let amount_may_change = known.status == TransactionStatus::Pending;
    days_apart <= SAME_ID_DAYS && (known.amount_minor == row.amount.minor() || amount_may_change)
}

#[cfg(test)]
mod tests;
