//! What an account has already, held in few bytes: a million rows may be known at once.

use super::sources::Sources;
use crate::ledger::fingerprint::FingerprintHead;
use crate::ledger::text_blocks::{TextBlocks, TextPlace};
use crate::ledger::transaction::{BatchId, TransactionId, TransactionStatus};
use jiff::civil::Date;
use std::collections::HashMap;

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
#[derive(Debug, Clone, Copy)]
pub struct Existing<'a> {
    /// Which one.
    pub subject: Subject,
    /// The head of its fingerprint.
    pub fingerprint: FingerprintHead,
    /// The bank's id, where it was found trustworthy.
    pub bank_id: Option<&'a str>,
    /// Its day, as the source wrote it.
    pub posted: Date,
    /// Its amount in minor units, as the source wrote it.
    pub amount_minor: i64,
    /// How settled it is.
    pub status: TransactionStatus,
    /// The import that brought it; none where it was entered by hand.
    pub batch: Option<BatchId>,
}

/// Rows that the account has or had, by their places: 48 bytes each, and the bank's ids.
#[derive(Debug, Clone, Default)]
pub struct KnownRows {
    rows: Vec<Packed>,
    ids: TextBlocks,
    batches: Vec<BatchId>,
    numbers: HashMap<BatchId, u32>,
}

#[derive(Debug, Clone, Copy)]
struct Packed {
    number: i64,
    amount_minor: i64,
    fingerprint: FingerprintHead,
    posted: Date,
    /// A place in the list of imports.
    batch: u32,
    id: IdPlace,
    status: TransactionStatus,
    is_deleted: bool,
}

const _: () = assert!(size_of::<Packed>() == 48);

/// The place of no import.
const BY_HAND: u32 = u32::MAX;

impl Packed {
    /// Transactions come before what was deleted.
    fn subject(&self) -> Subject {
        if self.is_deleted {
            Subject::Deleted(DeletedId(self.number))
        } else {
            Subject::Row(TransactionId(self.number))
        }
    }
}

impl KnownRows {
    /// Adds a row, at the next place.
    pub fn push(&mut self, row: &Existing<'_>) {
        let (number, is_deleted) = match row.subject {
            Subject::Row(TransactionId(number)) => (number, false),
            Subject::Deleted(DeletedId(number)) => (number, true),
        };
        let batch = row.batch.map_or(BY_HAND, |batch| {
            *self.numbers.entry(batch).or_insert_with(|| {
                self.batches.push(batch);
                u32::try_from(self.batches.len() - 1).unwrap_or(BY_HAND)
            })
        });
        self.rows.push(Packed {
            number,
            amount_minor: row.amount_minor,
            fingerprint: row.fingerprint,
            posted: row.posted,
            batch,
            id: row.bank_id.map_or(IdPlace::NONE, |id| IdPlace::of(self.ids.add(id))),
            status: row.status,
            is_deleted,
        });
    }

    /// Puts the rows in order of their subjects; their places change.
    pub fn sort(&mut self) {
        self.rows.sort_unstable_by_key(Packed::subject);
    }

    /// The place of a row; the rows must be in order.
    pub fn find(&self, subject: Subject) -> Option<usize> {
        self.rows.binary_search_by_key(&subject, Packed::subject).ok()
    }

    /// The row at a place.
    pub fn get(&self, place: usize) -> Option<Existing<'_>> {
        self.rows.get(place).map(|row| self.unpacked(row))
    }

    /// The rows, in order of their places.
    pub fn iter(&self) -> impl Iterator<Item = Existing<'_>> {
        self.rows.iter().map(|row| self.unpacked(row))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn unpacked(&self, row: &Packed) -> Existing<'_> {
        Existing {
            subject: row.subject(),
            fingerprint: row.fingerprint,
            bank_id: row.id.place().and_then(|place| self.ids.get(place)),
            posted: row.posted,
            amount_minor: row.amount_minor,
            status: row.status,
            batch: self.batches.get(row.batch as usize).copied(),
        }
    }
}

/// Where an id begins, in 40 bits: one more than the number of its place; 0 for none.
#[derive(Debug, Clone, Copy)]
struct IdPlace([u8; 5]);

impl IdPlace {
    const NONE: Self = Self([0; 5]);

    fn of(place: TextPlace) -> Self {
        let [a, b, c, d, e, ..] = (place.number() + 1).to_le_bytes();
        Self([a, b, c, d, e])
    }

    fn place(self) -> Option<TextPlace> {
        let [a, b, c, d, e] = self.0;
        u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]).checked_sub(1).map(TextPlace::of_number)
    }
}

/// How else a source wrote a row that the account has: while it was pending, or in another format.
#[derive(Debug, Clone)]
pub struct Writing {
    /// Whose it is: a place in [`Known::rows`].
    pub of: usize,
    /// The head of its fingerprint.
    pub fingerprint: FingerprintHead,
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
    pub rows: KnownRows,
    /// Other writings of these.
    pub writings: Vec<Writing>,
    /// The imports that rows and writings came from.
    pub sources: Sources,
}

/// One writing of a known row.
pub(super) struct Entry<'a> {
    /// The row's place.
    pub slot: usize,
    pub fingerprint: FingerprintHead,
    pub bank_id: Option<&'a str>,
    pub posted: Date,
    pub amount_minor: i64,
    pub batch: Option<BatchId>,
    /// What a row said while it was pending answers for pending rows alone: a booked row of those words is another.
    pub only_pending: bool,
}

impl Known {
    /// One of the writings there are, by its number: rows' own first, then the others. A number costs a word where a
    /// writing would cost a dozen.
    pub(super) fn entry(&self, number: usize) -> Option<Entry<'_>> {
        if let Some(row) = self.rows.get(number) {
            return Some(Entry {
                slot: number,
                fingerprint: row.fingerprint,
                bank_id: row.bank_id,
                posted: row.posted,
                amount_minor: row.amount_minor,
                batch: row.batch,
                only_pending: false,
            });
        }
        let writing = self.writings.get(number.checked_sub(self.rows.len())?)?;
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

    /// All of them, with their numbers.
    pub(super) fn entries(&self) -> impl Iterator<Item = (usize, Entry<'_>)> {
        let numbers = 0..self.rows.len() + self.writings.len();
        numbers.filter_map(|number| Some((number, self.entry(number)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fingerprint::Fingerprint;
    use crate::ledger::text_blocks::BLOCK_BYTES;
    use proptest::prelude::*;

    fn any_subject() -> impl Strategy<Value = Subject> {
        (any::<bool>(), any::<i64>()).prop_map(|(is_deleted, number)| {
            if is_deleted { Subject::Deleted(DeletedId(number)) } else { Subject::Row(TransactionId(number)) }
        })
    }

    /// A row, and its bank's id.
    fn any_row() -> impl Strategy<Value = (Existing<'static>, Option<String>)> {
        let id = prop::option::of(prop_oneof![
            4 => "[0-9A-Zä]{0,12}",
            1 => (250..260_usize).prop_map(|length| "n".repeat(length)),
        ]);
        let batch = prop::option::of(prop_oneof![1..4_i64, any::<i64>()].prop_map(BatchId));
        let day = (-9_999..=9_999_i16, 1..=12_i8, 1..=28_i8);
        (any_subject(), any::<[u8; 32]>(), id, any::<i64>(), any::<bool>(), batch, day).prop_map(
            |(subject, digest, id, amount_minor, pending, batch, (year, month, day))| {
                let row = Existing {
                    subject,
                    fingerprint: Fingerprint(digest).head(),
                    bank_id: None,
                    posted: jiff::civil::date(year, month, day),
                    amount_minor,
                    status: if pending { TransactionStatus::Pending } else { TransactionStatus::Posted },
                    batch,
                };
                (row, id)
            },
        )
    }

    #[test]
    fn places_of_ids_come_back_and_none_is_no_place() {
        assert_eq!(IdPlace::NONE.place(), None);
        for (block, offset) in [(0, 0), (0, BLOCK_BYTES - 1), (1, 0), ((1 << 20) - 2, BLOCK_BYTES - 1)] {
            let place = TextPlace { block, offset };
            assert_eq!(IdPlace::of(place).place(), Some(place));
        }
    }

    proptest! {
        #[test]
        fn rows_are_told_as_they_were_given(given in prop::collection::vec(any_row(), 0..12)) {
            let mut given: Vec<Existing<'_>> =
                given.iter().map(|(row, id)| Existing { bank_id: id.as_deref(), ..*row }).collect();
            let mut rows = KnownRows::default();
            given.iter().for_each(|row| rows.push(row));
            let told = |rows: &KnownRows| rows.iter().map(|row| format!("{row:?}")).collect::<Vec<_>>();
            prop_assert_eq!(told(&rows), given.iter().map(|row| format!("{row:?}")).collect::<Vec<_>>());
            given.sort_by_key(|row| row.subject);
            given.dedup_by_key(|row| row.subject);
            let mut rows = KnownRows::default();
            given.iter().rev().for_each(|row| rows.push(row));
            rows.sort();
            for (place, row) in given.iter().enumerate() {
                prop_assert_eq!(rows.find(row.subject), Some(place));
                prop_assert_eq!(format!("{:?}", rows.get(place)), format!("{:?}", Some(row)));
            }
            prop_assert_eq!(rows.len(), given.len());
            prop_assert!(rows.get(given.len()).is_none());
        }
    }
}
