//! Texts in blocks of memory, each under a number of four bytes.

use super::super::{StatementError, StatementErrorKind, problem};

/// How many bits of a text's number are its place in its block: a block has a mebibyte.
const PLACE_BITS: u32 = 20;
/// The bytes of a block.
const BLOCK_BYTES: usize = 1 << PLACE_BITS;
/// How many blocks there may be.
const MAX_BLOCKS: usize = 1 << (u32::BITS - PLACE_BITS);
/// The most texts that are remembered, so that they are not kept twice.
const MAX_RECENT: usize = 1 << 16;
/// The number of no text.
pub(super) const NONE: u32 = u32::MAX;

/// Texts, each under a number.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    blocks: Vec<Vec<u8>>,
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
        self.blocks.iter().map(Vec::len).sum()
    }

    /// Writes the length, seven bits a byte with the last one's high bit clear, and the text.
    fn write(&mut self, text: &str) -> Result<u32, StatementError> {
        let needed = text.len() + 10;
        if self.blocks.last().is_none_or(|block| block.len() + needed > BLOCK_BYTES) {
            // The last number is that of no text.
            if self.blocks.len() + 1 >= MAX_BLOCKS {
                return Err(problem::whole_file(
                    StatementErrorKind::TooLarge,
                    "the file holds more text than any statement",
                    "ask the bank for a shorter period, or split the file",
                ));
            }
            // The first block grows: most statements are short.
            let capacity = if self.blocks.is_empty() { needed } else { needed.max(BLOCK_BYTES) };
            self.blocks.push(Vec::with_capacity(capacity));
        }
        let index = self.blocks.len().saturating_sub(1);
        let Some(block) = self.blocks.last_mut() else { return Ok(NONE) };
        let number = (index << PLACE_BITS) | block.len();
        let mut length = text.len();
        while length >= 0x80 {
            block.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        block.push(length as u8);
        block.extend_from_slice(text.as_bytes());
        Ok(u32::try_from(number).unwrap_or(NONE))
    }

    pub fn get(&self, number: u32) -> Option<&str> {
        if number == NONE {
            return None;
        }
        let block = self.blocks.get((number >> PLACE_BITS) as usize)?;
        let mut at = (number as usize) & (BLOCK_BYTES - 1);
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let byte = *block.get(at)?;
            length |= usize::from(byte & 0x7f) << shift;
            (at, shift) = (at + 1, shift + 7);
            if byte & 0x80 == 0 {
                break;
            }
        }
        std::str::from_utf8(block.get(at..at + length)?).ok()
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

    #[test]
    fn texts_longer_than_a_block_and_many_blocks_are_kept() {
        let long = "x".repeat(BLOCK_BYTES * 2 + 7);
        let mut texts = Texts::default();
        let mut numbers = vec![texts.add(&long).unwrap()];
        numbers.extend((0..200_000).map(|n| texts.add(&format!("text {n} of many")).unwrap()));
        assert_eq!(texts.get(numbers[0]), Some(long.as_str()));
        for n in [0, 1, 99_999, 199_999] {
            assert_eq!(texts.get(numbers[n + 1]), Some(format!("text {n} of many").as_str()));
        }
        assert!(texts.blocks.len() > 3);
        assert_eq!(texts.get(NONE), None);
    }
}
