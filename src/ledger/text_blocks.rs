//! Many short texts in blocks of memory: no allocation for each, and nothing moves as more come.

/// How many bits of a place are the offset in a block.
pub(crate) const OFFSET_BITS: u32 = 20;
/// The bytes of a block, unless it is for one text that is longer.
pub(crate) const BLOCK_BYTES: usize = 1 << OFFSET_BITS;

/// Texts one after the other, each behind its length: seven bits a byte, the high bit set in all but the last.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextBlocks {
    blocks: Vec<Vec<u8>>,
}

/// Where a text begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextPlace {
    /// The block, counted from 0.
    pub block: usize,
    /// The offset in it, less than [`BLOCK_BYTES`].
    pub offset: usize,
}

impl TextPlace {
    /// The place as one number: of the block, then of the offset.
    pub const fn number(self) -> u64 {
        (self.block as u64) << OFFSET_BITS | self.offset as u64
    }

    /// The place of a number that [`TextPlace::number`] gave.
    pub const fn of_number(number: u64) -> Self {
        let offset = number as usize & (BLOCK_BYTES - 1);
        Self { block: (number >> OFFSET_BITS) as usize, offset }
    }
}

impl TextBlocks {
    /// Adds a text.
    pub fn add(&mut self, text: &str) -> TextPlace {
        let needed = text.len() + length_bytes(text.len());
        if self.blocks.last().is_none_or(|block| block.len() + needed > BLOCK_BYTES) {
            // The first block grows: most of what is held is small.
            let capacity = if self.blocks.is_empty() { needed } else { needed.max(BLOCK_BYTES) };
            self.blocks.push(Vec::with_capacity(capacity));
        }
        let index = self.blocks.len().saturating_sub(1);
        let Some(block) = self.blocks.last_mut() else { return TextPlace { block: index, offset: 0 } };
        let place = TextPlace { block: index, offset: block.len() };
        let mut length = text.len();
        while length >= 0x80 {
            block.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        block.push(length as u8);
        block.extend_from_slice(text.as_bytes());
        place
    }

    /// The text at a place that [`TextBlocks::add`] gave.
    pub fn get(&self, place: TextPlace) -> Option<&str> {
        let mut rest = self.blocks.get(place.block)?.get(place.offset..)?;
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let (byte, after) = rest.split_first()?;
            length |= usize::from(byte & 0x7f).checked_shl(shift)?;
            (rest, shift) = (after, shift + 7);
            if byte & 0x80 == 0 {
                break;
            }
        }
        std::str::from_utf8(rest.get(..length)?).ok()
    }

    /// How many blocks there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.blocks.len()
    }

    /// How many bytes the texts take, with their lengths.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.blocks.iter().map(Vec::len).sum()
    }
}

/// How many bytes a length takes.
fn length_bytes(length: usize) -> usize {
    let bits = usize::BITS - length.leading_zeros();
    bits.div_ceil(7).max(1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_fill_blocks_and_may_be_longer_than_one() {
        let mut texts = TextBlocks::default();
        let long = "x".repeat(BLOCK_BYTES * 2 + 7);
        let first = texts.add(&long);
        let rest: Vec<TextPlace> = (0..200_000).map(|n| texts.add(&format!("text {n} of many"))).collect();
        assert_eq!(texts.get(first), Some(long.as_str()));
        for (n, place) in rest.iter().enumerate() {
            assert_eq!(texts.get(*place), Some(format!("text {n} of many").as_str()));
            assert!(place.offset < BLOCK_BYTES);
        }
        assert!(texts.len() > 3);
        assert_eq!(texts.get(TextPlace { block: texts.len(), offset: 0 }), None);
    }

    #[test]
    fn a_text_that_just_fits_stays_in_its_block() {
        let mut texts = TextBlocks::default();
        let begun = texts.add("a");
        // The first takes two bytes, and a length of this size takes three.
        let fits = texts.add(&"y".repeat(BLOCK_BYTES - 2 - 3));
        assert_eq!((begun.block, fits.block, texts.bytes()), (0, 0, BLOCK_BYTES));
        assert_eq!(texts.add("").block, 1);
    }

    proptest! {
        #[test]
        fn texts_come_back(all in prop::collection::vec(prop_oneof!["[ -~äß€]{0,20}", "n{120,135}", "n{16380,16390}"], 0..40)) {
            let mut texts = TextBlocks::default();
            let places: Vec<TextPlace> = all.iter().map(|text| texts.add(text)).collect();
            for (text, place) in all.iter().zip(places) {
                prop_assert_eq!(texts.get(place), Some(text.as_str()));
            }
        }
    }
}
