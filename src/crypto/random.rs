//! Randomness as an argument: the operating system's generator for programs, a seeded one for tests.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// The operating system gave no random bytes; nothing secret may be made without them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the operating system's random generator failed: {reason}")]
pub struct RandomError {
    reason: String,
}

impl RandomError {
    /// A failure with the source's own word for it.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

/// A source of random bytes fit for keys and nonces.
pub trait Random: Send + Sync {
    /// Fills `out` with random bytes.
    ///
    /// # Errors
    /// When the source cannot deliver; `out` must then not be used.
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError>;
}

/// The operating system's generator (`getrandom`): what every real vault uses.
#[cfg(feature = "vault")]
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

#[cfg(feature = "vault")]
impl Random for OsRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(out).map_err(|error| RandomError { reason: error.to_string() })
    }
}

/// The same bytes for the same seed: for tests and worked examples. **Never for a real vault**, since whoever
/// knows the seed knows every key.
#[doc(hidden)]
#[derive(Debug)]
pub struct Seeded {
    seed: u64,
    block: AtomicU64,
}

impl Seeded {
    /// A generator whose whole output is fixed by `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, block: AtomicU64::new(0) }
    }
}

impl Random for Seeded {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        for chunk in out.chunks_mut(32) {
            let block = self.block.fetch_add(1, Ordering::Relaxed);
            let mut hash = Sha256::new();
            hash.update(b"finvault test randomness");
            hash.update(self.seed.to_le_bytes());
            hash.update(block.to_le_bytes());
            for (to, from) in chunk.iter_mut().zip(hash.finalize()) {
                *to = from;
            }
        }
        Ok(())
    }
}
