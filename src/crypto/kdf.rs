//! Argon2id (RFC 9106): from a passphrase to a slot's key, at a price that is bounded from below for safety and
//! from above against a hostile file.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::{Zeroize, Zeroizing};

use super::secret::{Passphrase, SlotKey};

/// Why key derivation was refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KdfError {
    /// Less work than the floor: guessing would be too cheap.
    #[error(
        "key derivation with {memory_kib} KiB and {passes} passes is too weak; use at least {} KiB and {} passes",
        KdfParams::FLOOR_MEMORY_KIB,
        KdfParams::FLOOR_PASSES
    )]
    TooWeak {
        /// Memory asked for, in KiB.
        memory_kib: u32,
        /// Passes asked for.
        passes: u32,
    },
    /// More work than any honest vault asks for.
    #[error(
        "key derivation with {memory_kib} KiB, {passes} passes and {lanes} lanes asks for more than this program spends"
    )]
    TooCostly {
        /// Memory asked for, in KiB.
        memory_kib: u32,
        /// Passes asked for.
        passes: u32,
        /// Lanes asked for.
        lanes: u32,
    },
    /// The machine has not that much memory to give.
    #[error("key derivation needs {memory_kib} KiB of memory, which this machine cannot give now")]
    OutOfMemory {
        /// Memory asked for, in KiB.
        memory_kib: u32,
    },
}

/// How much work one guess at a passphrase costs. A value that exists is within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfParams {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl KdfParams {
    /// Least memory accepted, in KiB (19 MiB).
    pub const FLOOR_MEMORY_KIB: u32 = 19 * 1024;
    /// Fewest passes accepted.
    pub const FLOOR_PASSES: u32 = 2;
    /// Most memory accepted, in KiB (4 GiB).
    pub const CEILING_MEMORY_KIB: u32 = 4 * 1024 * 1024;
    /// Most passes accepted.
    pub const CEILING_PASSES: u32 = 64;
    /// Most lanes accepted.
    pub const CEILING_LANES: u32 = 16;
    /// Most memory times passes accepted, in KiB: about half a minute on a slow machine.
    pub const CEILING_WORK_KIB: u64 = 16 * 1024 * 1024;

    /// What `init` uses: 256 MiB, 3 passes, 4 lanes.
    pub const DEFAULT: Self = Self { memory_kib: 256 * 1024, passes: 3, lanes: 4 };
    /// The least that is accepted: 19 MiB, 2 passes, 1 lane.
    pub const FLOOR: Self = Self { memory_kib: Self::FLOOR_MEMORY_KIB, passes: Self::FLOOR_PASSES, lanes: 1 };

    /// Checks parameters, whether a person chose them or a file states them.
    ///
    /// # Errors
    /// [`KdfError::TooWeak`] below the floor, [`KdfError::TooCostly`] above a ceiling (or with no lane at all).
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, KdfError> {
        Self::bounded(memory_kib, passes, lanes, Self::FLOOR_MEMORY_KIB, Self::FLOOR_PASSES)
    }

    /// Parameters below the floor, for benches and tests that measure something else. Never for a real vault.
    ///
    /// # Errors
    /// As [`KdfParams::new`], with a floor of 8 KiB a lane and one pass.
    #[cfg(feature = "testing")]
    pub fn below_floor(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, KdfError> {
        Self::bounded(memory_kib, passes, lanes, lanes.saturating_mul(8).max(8), 1)
    }

    /// What a file states: as [`KdfParams::new`], except that builds for testing also read weaker vaults.
    pub(crate) fn stated(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, KdfError> {
        #[cfg(feature = "testing")]
        return Self::below_floor(memory_kib, passes, lanes);
        #[cfg(not(feature = "testing"))]
        Self::new(memory_kib, passes, lanes)
    }

    fn bounded(
        memory_kib: u32,
        passes: u32,
        lanes: u32,
        floor_memory_kib: u32,
        floor_passes: u32,
    ) -> Result<Self, KdfError> {
        let work_kib = u64::from(memory_kib).saturating_mul(u64::from(passes));
        if memory_kib > Self::CEILING_MEMORY_KIB
            || passes > Self::CEILING_PASSES
            || lanes > Self::CEILING_LANES
            || work_kib > Self::CEILING_WORK_KIB
            || lanes == 0
        {
            return Err(KdfError::TooCostly { memory_kib, passes, lanes });
        }
        if memory_kib < floor_memory_kib || passes < floor_passes {
            return Err(KdfError::TooWeak { memory_kib, passes });
        }
        Ok(Self { memory_kib, passes, lanes })
    }

    /// Memory, in KiB.
    #[must_use]
    pub fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    /// Passes over that memory.
    #[must_use]
    pub fn passes(&self) -> u32 {
        self.passes
    }

    /// Lanes the memory is split into.
    #[must_use]
    pub fn lanes(&self) -> u32 {
        self.lanes
    }

    /// The key that a passphrase gives for one slot.
    pub(crate) fn slot_key(&self, passphrase: &Passphrase, salt: &[u8; 32]) -> Result<SlotKey, KdfError> {
        Ok(SlotKey::new(&*self.argon2id(passphrase, salt)?))
    }

    /// Runs Argon2id (version 0x13) and wipes the memory it used.
    pub(super) fn argon2id(
        &self,
        passphrase: &Passphrase,
        salt: &[u8; 32],
    ) -> Result<Zeroizing<[u8; 32]>, KdfError> {
        let out_of_memory = KdfError::OutOfMemory { memory_kib: self.memory_kib };
        let too_costly =
            KdfError::TooCostly { memory_kib: self.memory_kib, passes: self.passes, lanes: self.lanes };
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map_err(|_| too_costly.clone())?;
        // Reserved first, so that a machine without the memory gets an error and not an abort.
        let mut memory: Vec<Block> = Vec::new();
        memory.try_reserve_exact(params.block_count()).map_err(|_| out_of_memory)?;
        memory.resize(params.block_count(), Block::new());
        let mut key = Zeroizing::new([0_u8; 32]);
        let outcome = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(passphrase.expose(), salt, key.as_mut(), &mut memory);
        memory.zeroize();
        outcome.map_err(|_| too_costly)?;
        Ok(key)
    }
}

impl Default for KdfParams {
    fn default() -> Self {
        Self::DEFAULT
    }
}
