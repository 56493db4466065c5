//! The texts of a column by number: a pass over a million rows compares numbers then.

use super::StoreError;
use jiff::civil::Date;
use std::collections::HashMap;
use std::sync::Arc;

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

    /// The same, of bytes that have to be a text.
    pub(super) fn number_of_bytes(&mut self, text: Option<&[u8]>) -> Result<u32, StoreError> {
        if self.texts.get(self.last as usize).is_some_and(|last| last.as_deref().map(str::as_bytes) == text) {
            return Ok(self.last);
        }
        let text = text.map(std::str::from_utf8).transpose().map_err(|_| unreadable())?;
        self.number(text)
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
