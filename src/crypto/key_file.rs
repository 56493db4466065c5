//! The key file: random bytes in a file of the owner's, on a stick say, that open a vault like a passphrase.
//!
//! The file's whole content is the secret, whatever is in it: HKDF-SHA256 (RFC 5869) turns it into a slot's key. No
//! slow derivation is run, since 32 random bytes cannot be guessed; so a file that anybody else has, or could
//! find by trying, is no key. A file of one byte over and over is refused; more cannot be judged from bytes.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::derive::derive;
use super::random::{Random, RandomError};
use super::secret::SlotKey;

/// Why a file cannot be a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// Fewer bytes than a key has.
    #[error("a key file has at least {} bytes, this one has {found}", KeyFile::LEAST_BYTES)]
    TooShort {
        /// How many it has.
        found: usize,
    },
    /// More bytes than are worth reading.
    #[error("a key file has at most {} KiB", KeyFile::MOST_BYTES / 1024)]
    TooLong,
    /// The same few bytes over and over.
    #[error("this file repeats a few bytes and is not random")]
    NotRandom,
}

/// The content of a key file; wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct KeyFile(Vec<u8>);

impl KeyFile {
    /// The fewest bytes that are accepted: as many as a generated one has.
    pub const LEAST_BYTES: usize = 32;
    /// The most bytes that are accepted.
    pub const MOST_BYTES: usize = 64 * 1024;
    /// Random bytes, also written as hexadecimal digits, have far more different values than this.
    const FEWEST_VALUES: usize = 8;

    /// A new one of 32 random bytes.
    ///
    /// # Errors
    /// When `random` fails.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        let mut file = Self(vec![0; Self::LEAST_BYTES]);
        random.fill(&mut file.0)?;
        Ok(file)
    }

    /// Takes what a file holds, all of it.
    ///
    /// # Errors
    /// [`KeyFileError`] where it cannot be a key.
    pub fn from_content(content: Vec<u8>) -> Result<Self, KeyFileError> {
        let file = Self(content);
        if file.0.len() < Self::LEAST_BYTES {
            return Err(KeyFileError::TooShort { found: file.0.len() });
        }
        if file.0.len() > Self::MOST_BYTES {
            return Err(KeyFileError::TooLong);
        }
        let mut seen = [false; 256];
        for byte in &file.0 {
            if let Some(seen) = seen.get_mut(usize::from(*byte)) {
                *seen = true;
            }
        }
        if seen.iter().filter(|seen| **seen).count() < Self::FEWEST_VALUES {
            return Err(KeyFileError::NotRandom);
        }
        Ok(file)
    }

    /// The bytes themselves, to be written where the owner wants the file.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The key that this file gives for one slot.
    pub(crate) fn slot_key(&self, salt: &[u8; 32]) -> SlotKey {
        SlotKey::new(derive(salt, &self.0, "key file slot", &[]).expose())
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Seeded;
    use super::*;

    #[test]
    fn a_generated_file_is_taken_back_and_others_are_judged() {
        let made = KeyFile::generate(&Seeded::new(1)).unwrap();
        assert_eq!(made.expose().len(), 32);
        assert!(KeyFile::from_content(made.expose().to_vec()).is_ok());
        // Thirty-two random bytes as hexadecimal text, as other programs write them.
        assert!(
            KeyFile::from_content(
                b"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n".to_vec()
            )
            .is_ok()
        );
        let refused = |content: &[u8]| KeyFile::from_content(content.to_vec()).err();
        assert_eq!(refused(&made.expose()[..31]), Some(KeyFileError::TooShort { found: 31 }));
        assert_eq!(refused(b""), Some(KeyFileError::TooShort { found: 0 }));
        assert_eq!(refused(&[0; 4096]), Some(KeyFileError::NotRandom));
        assert_eq!(refused(&b"abcdefg".repeat(9)), Some(KeyFileError::NotRandom));
        assert_eq!(refused(&vec![7; KeyFile::MOST_BYTES + 1]), Some(KeyFileError::TooLong));
    }

    #[test]
    fn every_byte_of_the_file_counts() {
        let content: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let sealed = |content: &[u8]| {
            let mut bytes = [0; 32];
            let key = KeyFile::from_content(content.to_vec()).unwrap().slot_key(&[1; 32]);
            key.aead().seal(&[0; 24], b"", &mut bytes).unwrap();
            bytes
        };
        let mut other = content.clone();
        other[999] ^= 1;
        assert_eq!(sealed(&content), sealed(&content));
        assert_ne!(sealed(&content), sealed(&other));
        assert_ne!(sealed(&content), sealed(&content[..999]));
    }
}
