//! What an account has already, held in few bytes: a million rows may be known at once.

use super::sources::Sources;
use crate::ledger::fingerprint::{Fingerprint, FingerprintHead};
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
    ids: BankIds,
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
            id: row.bank_id.map_or(IdPlace::NONE, |id| self.ids.add(id)),
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
            bank_id: self.ids.get(row.id),
            posted: row.posted,
            amount_minor: row.amount_minor,
            status: row.status,
            batch: self.batches.get(row.batch as usize).copied(),
        }
    }
}

/// Banks' ids, one after the other in blocks, which do not move as more come: each a byte of length, or [`LONG_ID`] and
/// four of them, and the text.
#[derive(Debug, Clone, Default)]
struct BankIds {
    blocks: Vec<Vec<u8>>,
}

/// The byte before an id whose length does not fit into one.
const LONG_ID: u8 = u8::MAX;
/// How many bits of a place are the offset in a block: a block has a mebibyte, unless it is one long id.
const OFFSET_BITS: u32 = 20;
/// The bytes of a block.
const BLOCK_BYTES: usize = 1 << OFFSET_BITS;

/// Where an id begins, in 40 bits: its block, counted from 1, and the offset there; 0 for none.
#[derive(Debug, Clone, Copy)]
struct IdPlace([u8; 5]);

impl IdPlace {
    const NONE: Self = Self([0; 5]);

    fn new(blocks: usize, offset: usize) -> Self {
        let [a, b, c, d, e, ..] = ((blocks as u64) << OFFSET_BITS | offset as u64).to_le_bytes();
        Self([a, b, c, d, e])
    }

    /// The block, counted from 0, and the offset.
    fn parts(self) -> Option<(usize, usize)> {
        let [a, b, c, d, e] = self.0;
        let place = u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]);
        let block = usize::try_from(place >> OFFSET_BITS).ok()?.checked_sub(1)?;
        Some((block, place as usize & (BLOCK_BYTES - 1)))
    }
}

impl BankIds {
    fn add(&mut self, id: &str) -> IdPlace {
        let needed = 1 + size_of::<u32>() + id.len();
        if self.blocks.last().is_none_or(|block| block.len() + needed > BLOCK_BYTES) {
            // The first block grows: most accounts have few ids.
            let capacity = if self.blocks.is_empty() { needed } else { needed.max(BLOCK_BYTES) };
            self.blocks.push(Vec::with_capacity(capacity));
        }
        let blocks = self.blocks.len();
        let Some(block) = self.blocks.last_mut() else { return IdPlace::NONE };
        let place = IdPlace::new(blocks, block.len());
        match u8::try_from(id.len()) {
            Ok(length) if length < LONG_ID => block.push(length),
            // SQLite holds no text that is too long for four bytes.
            _ => {
                block.push(LONG_ID);
                block.extend_from_slice(&u32::try_from(id.len()).unwrap_or_default().to_le_bytes());
            }
        }
        block.extend_from_slice(id.as_bytes());
        place
    }

    fn get(&self, place: IdPlace) -> Option<&str> {
        let (block, offset) = place.parts()?;
        let (length, rest) = self.blocks.get(block)?.get(offset..)?.split_first()?;
        let (length, text) = if *length == LONG_ID {
            let (length, text) = rest.split_first_chunk()?;
            (u32::from_le_bytes(*length) as usize, text)
        } else {
            (usize::from(*length), rest)
        };
        std::str::from_utf8(text.get(..length)?).ok()
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

impl Entry<'_> {
    /// Whether it has the fingerprint of an incoming row.
    pub fn has(&self, fingerprint: &Fingerprint) -> bool {
        self.fingerprint == fingerprint.head()
    }
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
    fn ids_fill_blocks_and_may_be_longer_than_one() {
        let mut ids = BankIds::default();
        let texts: Vec<String> = (0..9_u8)
            .map(|number| char::from(b'a' + number).to_string().repeat(300_000 << (number / 3)))
            .collect();
        let places: Vec<IdPlace> = texts.iter().map(|text| ids.add(text)).collect();
        for (place, text) in places.into_iter().zip(&texts) {
            assert_eq!(ids.get(place), Some(text.as_str()));
        }
        assert!(ids.blocks.len() > 3);
        assert_eq!(ids.get(IdPlace::NONE), None);
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
