//! The texts of a column by number: a pass over a million rows compares numbers then.

use super::StoreError;
use jiff::civil::Date;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// How many texts go to the other thread at a time, and how many such batches may wait for it.
const BATCH_TEXTS: usize = 4096;
const MAX_WAITING: usize = 8;

pub(super) fn unreadable() -> StoreError {
    StoreError::Unreadable { what: "movement".to_owned() }
}

/// Texts by number, in order of first appearance; NULL is one of them.
#[derive(Default)]
pub(super) struct Texts {
    numbers: HashMap<Arc<str>, u32>,
    null: Option<u32>,
    texts: Vec<Option<Arc<str>>>,
    last: u32,
}

impl Texts {
    /// The number of a text, a new one where it was not seen before.
    pub(super) fn number(&mut self, text: Option<&str>) -> Result<u32, StoreError> {
        // Rows of one day stand together.
        if self.texts.get(self.last as usize).is_some_and(|last| last.as_deref() == text) {
            return Ok(self.last);
        }
        let known = text.map_or(self.null, |text| self.numbers.get(text).copied());
        self.last = match known {
            Some(known) => known,
            None => self.add(text)?,
        };
        Ok(self.last)
    }

    fn add(&mut self, text: Option<&str>) -> Result<u32, StoreError> {
        let number = u32::try_from(self.texts.len()).map_err(|_| unreadable())?;
        let text: Option<Arc<str>> = text.map(Arc::from);
        match &text {
            Some(text) => drop(self.numbers.insert(Arc::clone(text), number)),
            None => self.null = Some(number),
        }
        self.texts.push(text);
        Ok(number)
    }

    pub(super) fn text(&self, number: usize) -> Option<&str> {
        self.texts.get(number)?.as_deref()
    }

    /// For each text, by its number, at which place it stands where all are sorted.
    pub(super) fn ranks(&self) -> Vec<u32> {
        let mut sorted: Vec<u32> = (0..).take(self.texts.len()).collect();
        sorted.sort_by_key(|number| self.texts.get(*number as usize));
        let mut ranks = vec![0; sorted.len()];
        for (rank, number) in (0..).zip(sorted) {
            if let Some(place) = ranks.get_mut(number as usize) {
                *place = rank;
            }
        }
        ranks
    }

    /// For each day, by its number, whether it is one of these.
    pub(super) fn within(&self, from: Option<Date>, to: Option<Date>) -> Vec<bool> {
        let (from, to) = (from.map(|day| day.to_string()), to.map(|day| day.to_string()));
        let is_within = |day: &Option<Arc<str>>| {
            let day = day.as_deref().unwrap_or_default();
            from.as_deref().is_none_or(|from| from <= day) && to.as_deref().is_none_or(|to| day <= to)
        };
        self.texts.iter().map(is_within).collect()
    }

    /// The texts by rank.
    pub(super) fn in_order(&self, ranks: &[u32]) -> Vec<Option<&str>> {
        let mut in_order = vec![None; ranks.len()];
        for (text, rank) in self.texts.iter().zip(ranks) {
            if let Some(place) = in_order.get_mut(*rank as usize) {
                *place = text.as_deref();
            }
        }
        in_order
    }
}

/// Texts that are given their numbers on a thread of their own, while the next rows are read. Finding a text among
/// thousands takes half as long as reading its row.
pub(super) enum Numbering {
    /// The batch that is being filled, the way to the thread, and the thread.
    Beside(Batch, SyncSender<Batch>, JoinHandle<Result<Numbered, StoreError>>),
    /// The system gives no thread.
    Here(Numbered),
}

/// The texts, and the number of each one that was pushed.
type Numbered = (Texts, Vec<u32>);

/// Texts, one behind the other; the length of each, none for NULL.
#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    lengths: Vec<Option<usize>>,
}

impl Numbering {
    pub(super) fn begin() -> Self {
        let (sender, receiver) = sync_channel(MAX_WAITING);
        match Builder::new().name("texts".to_owned()).spawn(move || number_all(&receiver)) {
            Ok(thread) => Self::Beside(Batch::default(), sender, thread),
            Err(_) => Self::Here(Numbered::default()),
        }
    }

    /// Adds a text, or NULL.
    pub(super) fn push(&mut self, text: Option<&[u8]>) -> Result<(), StoreError> {
        match self {
            Self::Here(numbered) => number(numbered, text),
            Self::Beside(batch, sender, _) => {
                batch.bytes.extend_from_slice(text.unwrap_or_default());
                batch.lengths.push(text.map(<[u8]>::len));
                if batch.lengths.len() >= BATCH_TEXTS {
                    // Where the thread has ended, that is since it met what it could not read: `finish` tells.
                    let _ = sender.send(std::mem::take(batch));
                }
                Ok(())
            }
        }
    }

    pub(super) fn finish(self) -> Result<Numbered, StoreError> {
        match self {
            Self::Here(numbered) => Ok(numbered),
            Self::Beside(batch, sender, thread) => {
                let _ = sender.send(batch);
                drop(sender);
                thread.join().map_err(|_| unreadable())?
            }
        }
    }
}

fn number_all(batches: &Receiver<Batch>) -> Result<Numbered, StoreError> {
    let mut numbered = Numbered::default();
    for Batch { bytes, lengths } in batches {
        let mut rest = bytes.as_slice();
        for length in lengths {
            let (text, behind) = rest.split_at_checked(length.unwrap_or(0)).unwrap_or_default();
            number(&mut numbered, length.map(|_| text))?;
            rest = behind;
        }
    }
    Ok(numbered)
}

fn number((texts, numbers): &mut Numbered, text: Option<&[u8]>) -> Result<(), StoreError> {
    let text = text.map(std::str::from_utf8).transpose().map_err(|_| unreadable())?;
    numbers.push(texts.number(text)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Beside or here: each text has one number, and gets its own text back by it.
        #[test]
        fn texts_come_back_by_their_numbers(
            words in prop::collection::vec(prop::option::of("[a-cä]{0,2}"), 0..40),
            repeated in 1usize..400,
        ) {
            for mut numbering in [Numbering::begin(), Numbering::Here(Numbered::default())] {
                for word in std::iter::repeat_n(&words, repeated).flatten() {
                    numbering.push(word.as_ref().map(String::as_bytes)).unwrap();
                }
                let (texts, numbers) = numbering.finish().unwrap();
                prop_assert_eq!(numbers.len(), words.len() * repeated);
                let found: Vec<_> = numbers.iter().map(|number| texts.text(*number as usize)).collect();
                let given: Vec<_> =
                    std::iter::repeat_n(&words, repeated).flatten().map(|word| word.as_deref()).collect();
                prop_assert_eq!(found, given);
                let distinct: std::collections::BTreeSet<_> = words.iter().collect();
                prop_assert_eq!(texts.texts.len(), distinct.len());
            }
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for mut numbering in [Numbering::begin(), Numbering::Here(Numbered::default())] {
            let mut pushed = Ok(());
            for _ in 0..20 * BATCH_TEXTS {
                pushed = pushed.and_then(|()| numbering.push(Some(b"\xff")));
            }
            assert!(pushed.is_err() || numbering.finish().is_err());
        }
    }
}
