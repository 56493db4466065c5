//! Randomness as an argument: the operating system's in programs, a seeded stream in tests.

use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};

/// Random bytes could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct RandomError;

/// A source of random bytes.
pub trait Random {
    /// Fills `out` with random bytes.
    ///
    /// # Errors
    /// [`RandomError`] when the source fails; `out` must not be used then.
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError>;
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(out).map_err(|_| RandomError)
    }
}

/// A repeatable stream for tests: the same seed gives the same bytes.
#[derive(Debug)]
pub struct Seeded {
    seed: u64,
    counter: AtomicU64,
}

impl Seeded {
    /// A stream that `seed` determines.
    pub const fn new(seed: u64) -> Self {
        Self { seed, counter: AtomicU64::new(0) }
    }
}

impl Random for Seeded {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        for chunk in out.chunks_mut(32) {
            let block = self.counter.fetch_add(1, Ordering::Relaxed);
            let digest = Sha256::new()
                .chain_update(self.seed.to_be_bytes())
                .chain_update(block.to_be_bytes())
                .finalize();
            for (byte, random) in chunk.iter_mut().zip(digest) {
                *byte = random;
            }
        }
        Ok(())
    }
}
