//! Memory outside the vault: how far each vault had come when it was last seen.
//!
//! Whoever can replace the vault's file can put an older copy in its place, and every byte of that is authentic. Only
//! who remembers notices. The vault keeps no memory itself; who opens it may hand it one, and decides where that lives.

use super::Vault;
use crate::vfs::{self, Seen, VaultId};
use jiff::Timestamp;

/// What was remembered of a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remembered {
    /// How far it had come.
    pub seen: Seen,
    /// When that was written down, where that is known.
    pub at: Option<Timestamp>,
}

/// Remembers how far vaults had come, somewhere outside them. A memory that is lost or cannot be written never
/// stands in the way: it just notices nothing.
pub trait Memory: Send {
    /// What is remembered of this vault.
    fn last_seen(&self, vault: VaultId) -> Option<Remembered>;

    /// Remembers this instead of what was remembered before. Called with what is durable only.
    fn remember(&mut self, seen: &Seen);
}

impl Vault {
    /// Gives a memory to a vault that was just made. One that exists is opened with
    /// [`open_unlocked_remembering`](Vault::open_unlocked_remembering), which also compares.
    #[must_use]
    pub fn remembering(self, memory: Box<dyn Memory>) -> Self {
        Self { memory: Some(memory), ..self }
    }

    /// After a commit: what is durable now is remembered.
    pub(super) fn remember(&mut self) {
        if let Some(memory) = &mut self.memory
            && let Some(seen) = vfs::durable(self.store.connection())
        {
            memory.remember(&seen);
        }
    }
}
