//! A fingerprint as words that two people can read to each other over the phone.
//!
//! Twelve words out of 256, eight bits each, state the first 96 bits of a fingerprint; the eight groups of
//! [`Fingerprint`]'s own text state 160, and programs compare all 256. To pass for a signer with the same words a
//! forger has to try about 2^96 keys. The list is part of the format: its order never changes.

use crate::crypto::sign::Fingerprint;

/// How many words are said.
pub const FINGERPRINT_WORDS: usize = 12;

const LIST: &str = include_str!("words.txt");
/// How many words stand between spaces, the others being joined by hyphens.
const GROUP: usize = 4;

/// The fingerprint in twelve words, for example `acorn-album-… tulip-…`: three groups of four.
///
/// ```
/// use finvault::crypto::sign::Fingerprint;
/// let words = finvault::disclosure::fingerprint_words(&Fingerprint::from_bytes([0; 32]));
/// assert_eq!(words, ["acorn-acorn-acorn-acorn"; 3].join(" "));
/// ```
pub fn fingerprint_words(fingerprint: &Fingerprint) -> String {
    let mut text = String::new();
    for (index, byte) in fingerprint.as_bytes().iter().take(FINGERPRINT_WORDS).enumerate() {
        if index > 0 {
            text.push(if index % GROUP == 0 { ' ' } else { '-' });
        }
        text.push_str(LIST.split_ascii_whitespace().nth(usize::from(*byte)).unwrap_or_default());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn every_byte_has_a_word_that_is_not_taken_for_another() {
        let words: Vec<&str> = LIST.split_ascii_whitespace().collect();
        assert_eq!(words.len(), 256);
        for (index, word) in words.iter().enumerate() {
            assert!((4..=8).contains(&word.len()), "{word}");
            assert!(word.bytes().all(|b| b.is_ascii_lowercase()), "{word}");
            for other in &words[..index] {
                assert_ne!(word[..4], other[..4], "{word} begins as {other}");
                assert!(distance(word, other) > 1, "{word} is one letter away from {other}");
            }
        }
    }

    #[test]
    fn the_list_is_frozen() {
        let joined: Vec<&str> = LIST.split_ascii_whitespace().collect();
        let digest: String =
            Sha256::digest(joined.join(" ").as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, "04b7d513dc70142c43d4534b7fe09263853cc18440b29db4b904690076d41119");
    }

    #[test]
    fn the_first_twelve_bytes_are_said() {
        let mut bytes = [0u8; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = 255 - index as u8;
        }
        let words = fingerprint_words(&Fingerprint::from_bytes(bytes));
        assert_eq!(words.split([' ', '-']).count(), FINGERPRINT_WORDS);
        assert!(words.starts_with("zipper-zebra-yogurt-"), "{words}");
        bytes[12] ^= 1;
        assert_eq!(fingerprint_words(&Fingerprint::from_bytes(bytes)), words);
        bytes[11] ^= 1;
        assert_ne!(fingerprint_words(&Fingerprint::from_bytes(bytes)), words);
    }

    fn distance(one: &str, other: &str) -> usize {
        let mut row: Vec<usize> = (0..=other.len()).collect();
        for (i, a) in one.bytes().enumerate() {
            let mut next = vec![i + 1];
            for (j, b) in other.bytes().enumerate() {
                next.push((row[j] + usize::from(a != b)).min(row[j + 1] + 1).min(next[j] + 1));
            }
            row = next;
        }
        row[other.len()]
    }
}
