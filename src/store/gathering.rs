//! The rows of a pass over the table, given the numbers of their groups and put in order day by day, on a thread of its
//! own while the next rows are read: both together take half as long as reading them.

use super::StoreError;
use super::texts::{Texts, unreadable};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// How many rows go to the other thread at a time, and how many such batches may wait for it.
const BATCH_ROWS: usize = 4096;
const MAX_BATCHES: usize = 8;
/// Room is made for at most so many rows before they come.
const MAX_RESERVED_ROWS: usize = 1 << 21;
/// How many statuses there are room for in [`Waiting::day_and_status`].
pub(super) const STATUSES: u32 = 4;

/// A row that waits for its place in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    /// The day and the status: of the day's number at first, then of its rank.
    pub(super) day_and_status: u32,
    /// The number of the group.
    pub(super) group: u32,
    pub(super) minor: i64,
    pub(super) id: i64,
}

/// What the rows came to: themselves, those of one day that came one after the other in order, and their groups.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) rows: Vec<Waiting>,
    pub(super) groups: Texts,
    /// Where the rows begin that are of the day that came last.
    day_from: usize,
}

/// Takes rows in.
pub(super) enum Gathering {
    /// The batch that is being filled, the way to the thread, and the thread.
    Beside(Batch, SyncSender<Batch>, JoinHandle<Result<Gathered, StoreError>>),
    /// The system gives no thread.
    Here(Gathered),
}

/// Rows, and the texts of their groups one behind the other; the length of each, none for NULL.
pub(super) struct Batch {
    rows: Vec<Waiting>,
    bytes: Vec<u8>,
    lengths: Vec<Option<usize>>,
}

impl Batch {
    fn new() -> Self {
        let (rows, lengths) = (Vec::with_capacity(BATCH_ROWS), Vec::with_capacity(BATCH_ROWS));
        Self { rows, bytes: Vec::with_capacity(16 * BATCH_ROWS), lengths }
    }
}

impl Gathering {
    /// Of about so many rows.
    pub(super) fn begin(rows: usize) -> Self {
        let (sender, receiver) = sync_channel(MAX_BATCHES);
        match Builder::new().name("rows".to_owned()).spawn(move || gather_all(&receiver, rows)) {
            Ok(thread) => Self::Beside(Batch::new(), sender, thread),
            Err(_) => Self::Here(Gathered::with_room(rows)),
        }
    }

    /// Adds a row and the text of its group, or NULL.
    pub(super) fn push(&mut self, row: Waiting, group: Option<&[u8]>) -> Result<(), StoreError> {
        match self {
            Self::Here(gathered) => gathered.add(row, group),
            Self::Beside(batch, sender, _) => {
                batch.rows.push(row);
                batch.bytes.extend_from_slice(group.unwrap_or_default());
                batch.lengths.push(group.map(<[u8]>::len));
                if batch.rows.len() >= BATCH_ROWS {
                    // Where the thread has ended, that is since it met what it could not read: `finish` tells.
                    let _ = sender.send(std::mem::replace(batch, Batch::new()));
                }
                Ok(())
            }
        }
    }

    pub(super) fn finish(self) -> Result<Gathered, StoreError> {
        let mut gathered = match self {
            Self::Here(gathered) => gathered,
            Self::Beside(batch, sender, thread) => {
                let _ = sender.send(batch);
                drop(sender);
                thread.join().map_err(|_| unreadable())??
            }
        };
        gathered.end_day();
        Ok(gathered)
    }
}

fn gather_all(batches: &Receiver<Batch>, rows: usize) -> Result<Gathered, StoreError> {
    let mut gathered = Gathered::with_room(rows);
    for Batch { rows, bytes, lengths } in batches {
        let mut rest = bytes.as_slice();
        for (row, length) in rows.into_iter().zip(lengths) {
            let (text, behind) = rest.split_at_checked(length.unwrap_or(0)).unwrap_or_default();
            gathered.add(row, length.map(|_| text))?;
            rest = behind;
        }
    }
    Ok(gathered)
}

impl Gathered {
    fn with_room(rows: usize) -> Self {
        Self { rows: Vec::with_capacity(rows.min(MAX_RESERVED_ROWS)), ..Self::default() }
    }

    fn add(&mut self, row: Waiting, group: Option<&[u8]>) -> Result<(), StoreError> {
        let group = self.groups.number_of_bytes(group)?;
        let is_of = |last: &Waiting| last.day_and_status / STATUSES == row.day_and_status / STATUSES;
        if !self.rows.last().is_none_or(is_of) {
            self.end_day();
        }
        self.rows.push(Waiting { group, ..row });
        Ok(())
    }

    fn end_day(&mut self) {
        let day = self.rows.get_mut(self.day_from..).unwrap_or_default();
        day.sort_unstable_by_key(Waiting::within_day);
        self.day_from = self.rows.len();
    }
}

impl Waiting {
    /// What rows of one day are in order of.
    fn within_day(&self) -> (u32, i64, i64) {
        (self.day_and_status, self.minor, self.id)
    }
}

/// Puts rows in order of day, status, amount and number. Days that came in one piece are in order already, and these
/// stand in a few ascending stretches, since statements are entered day by day.
pub(super) fn put_in_order(rows: &mut [Waiting]) {
    rows.sort_by_key(|row| row.day_and_status);
    for day in rows.chunk_by_mut(|one, other| one.day_and_status == other.day_and_status) {
        if !day.is_sorted_by_key(Waiting::within_day) {
            day.sort_unstable_by_key(Waiting::within_day);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Beside or here: each row has the number of its own text, and all are in order in the end.
        #[test]
        fn rows_come_back_in_order_with_the_numbers_of_their_texts(
            given in prop::collection::vec((0..6_u32, 0..3_u32, -4..4_i64, prop::option::of("[a-cä]{0,2}")), 0..60),
            repeated in 1..200_i64,
        ) {
            let mut all = Vec::new();
            for turn in 0..repeated {
                for (place, (day, status, minor, group)) in given.iter().enumerate() {
                    let id = turn * 100 + place as i64;
                    let row = Waiting { day_and_status: day * STATUSES + status, group: 0, minor: *minor, id };
                    all.push((row, group));
                }
            }
            for mut gathering in [Gathering::begin(10), Gathering::Here(Gathered::default())] {
                for (row, group) in &all {
                    gathering.push(*row, group.as_ref().map(String::as_bytes)).unwrap();
                }
                let Gathered { mut rows, groups, .. } = gathering.finish().unwrap();
                put_in_order(&mut rows);
                let mut wanted = all.clone();
                wanted.sort_by_key(|(row, _)| row.within_day());
                prop_assert_eq!(rows.len(), wanted.len());
                for (row, (given, group)) in rows.iter().zip(&wanted) {
                    prop_assert_eq!(Waiting { group: 0, ..*row }, *given);
                    prop_assert_eq!(groups.text(row.group as usize), group.as_deref());
                }
                let distinct: std::collections::BTreeSet<_> = given.iter().map(|row| &row.3).collect();
                prop_assert!(rows.iter().all(|row| (row.group as usize) < distinct.len()));
            }
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let row = Waiting { day_and_status: 0, group: 0, minor: 0, id: 0 };
        for mut gathering in [Gathering::begin(0), Gathering::Here(Gathered::default())] {
            let mut pushed = Ok(());
            for _ in 0..20 * BATCH_ROWS {
                pushed = pushed.and_then(|()| gathering.push(row, Some(b"\xff")));
            }
            assert!(pushed.is_err() || gathering.finish().is_err());
        }
    }
}
