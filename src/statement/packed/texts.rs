//! Texts in blocks of memory, each under a number of four bytes.

use crate::ledger::text_blocks::{OFFSET_BITS, TextBlocks, TextPlace};

use super::super::{StatementError, StatementErrorKind, problem};

/// How many blocks there may be.
const MAX_BLOCKS: usize = 1 << (u32::BITS - OFFSET_BITS);
/// The most texts that are remembered, so that they are not kept twice.
const MAX_RECENT: usize = 1 << 16;
/// The number of no text.
pub(super) const NONE: u32 = u32::MAX;

/// Texts, each under a number.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    blocks: TextBlocks,
    /// Numbers of texts that came not long ago, each in the place that its digest names.
    recent: Vec<u32>,
    count: usize,
}

impl Texts {
    pub fn add_any(&mut self, text: Option<&str>) -> Result<u32, StatementError> {
        text.map_or(Ok(NONE), |text| self.add(text))
    }

    pub fn add(&mut self, text: &str) -> Result<u32, StatementError> {
        self.count += 1;
        if self.recent.len() < MAX_RECENT && self.count * 2 > self.recent.len() {
            self.recent = vec![NONE; (self.recent.len() * 4).max(64)];
        }
        let slot = digest(text) & (self.recent.len() - 1);
        let known = self.recent.get(slot).copied().unwrap_or(NONE);
        if self.get(known) == Some(text) {
            return Ok(known);
        }
        let number = self.write(text)?;
        if let Some(slot) = self.recent.get_mut(slot) {
            *slot = number;
        }
        Ok(number)
    }

    /// How many bytes they take.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.blocks.bytes()
    }

    fn write(&mut self, text: &str) -> Result<u32, StatementError> {
        let place = self.blocks.add(text);
        // The last number is that of no text.
        if place.block + 1 >= MAX_BLOCKS {
            return Err(problem::whole_file(
                StatementErrorKind::TooLarge,
                "the file holds more text than any statement",
                "ask the bank for a shorter period, or split the file",
            ));
        }
        Ok(u32::try_from(place.number()).unwrap_or(NONE))
    }

    pub fn get(&self, number: u32) -> Option<&str> {
        if number == NONE {
            return None;
        }
        self.blocks.get(TextPlace::of_number(number.into()))
    }
}

/// A quick digest of a text. It only finds texts that came before: two with one digest cost memory, nothing else.
fn digest(text: &str) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |sum: u64, word: u64| (sum.rotate_left(5) ^ word).wrapping_mul(ODD);
    let mut sum = text.len() as u64;
    let mut words = text.as_bytes().chunks_exact(8);
    for word in words.by_ref() {
        sum = mix(sum, word.first_chunk().map_or(0, |word| u64::from_le_bytes(*word)));
    }
    for byte in words.remainder() {
        sum = mix(sum, u64::from(*byte));
    }
    (sum >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::text_blocks::BLOCK_BYTES;

    #[test]
    fn texts_come_back_by_their_numbers_and_one_that_came_lately_has_one_number() {
        let mut texts = Texts::default();
        let long = "x".repeat(BLOCK_BYTES * 2 + 7);
        let mut numbers = vec![texts.add(&long).unwrap()];
        numbers.extend((0..200_000).map(|n| texts.add(&format!("text {n} of many")).unwrap()));
        assert_eq!(texts.get(numbers[0]), Some(long.as_str()));
        for n in [0, 1, 99_999, 199_999] {
            assert_eq!(texts.get(numbers[n + 1]), Some(format!("text {n} of many").as_str()));
        }
        assert_eq!(texts.add("text 199999 of many").unwrap(), numbers[200_000]);
        assert_eq!(texts.get(NONE), None);
    }
}
