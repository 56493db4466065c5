//! How far a vault had come: what to remember of it outside its file, so that an older copy of the whole file, every
//! byte of it authentic, does not pass for the vault.

use std::path::Path;

use rusqlite::Connection;

use super::damage::VfsError;
use super::ffi;
use super::header::VaultId;
use super::shim;
use super::unlock;
use crate::crypto::{HeaderAuthKey, VaultKey};

/// How far a vault had come when it was looked at. Nothing in it is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Which vault.
    pub vault: VaultId,
    /// The header's generation: it grows with every change of the header.
    pub generation: u64,
    /// Commits since the vault was made.
    pub commits: u64,
}

impl Seen {
    /// Whether this is an older state of the same vault than `other`. Neither number ever goes back in a vault.
    #[must_use]
    pub fn is_older_than(&self, other: &Self) -> bool {
        self.vault == other.vault && (self.generation < other.generation || self.commits < other.commits)
    }
}

/// How far the vault behind a connection has come, with every commit that was found in its log. None for another kind of
/// connection.
#[must_use]
pub fn found(connection: &Connection) -> Option<Seen> {
    let vault = ffi::vault_of(connection)?;
    let vault = shim::lock(&vault).ok()?;
    vault.found().ok()
}

/// How far the vault behind a connection has certainly come, whatever happens to the power: what may be remembered. None where
/// that is not known yet, because nothing was made durable since the vault was opened.
#[must_use]
pub fn durable(connection: &Connection) -> Option<Seen> {
    let vault = ffi::vault_of(connection)?;
    let vault = shim::lock(&vault).ok()?;
    vault.durable().ok().flatten()
}

/// How far a vault that is not open had come when it was closed. None where a log belongs to it: only who opens it
/// can count what that holds.
///
/// # Errors
/// As [`check_key`](super::check_key).
pub fn closed(path: &Path, key: &VaultKey) -> Result<Option<Seen>, VfsError> {
    closed_under(path, &HeaderAuthKey::derive(key))
}

/// As [`closed`], for who keeps the header's key alone.
pub(crate) fn closed_under(path: &Path, key: &HeaderAuthKey) -> Result<Option<Seen>, VfsError> {
    let header = unlock::newest_header(path, key)?;
    Ok((!header.wal_live).then_some(Seen {
        vault: header.vault_id,
        generation: header.generation,
        commits: header.commit_sequence,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_number_going_back_makes_a_vault_older() {
        let seen = |id, generation, commits| Seen { vault: VaultId([id; 16]), generation, commits };
        let last = seen(1, 10, 20);
        for (other, older) in [
            (seen(1, 10, 20), false),
            (seen(1, 11, 20), false),
            (seen(1, 9, 20), true),
            (seen(1, 10, 19), true),
            (seen(1, 12, 19), true),
            (seen(1, 9, 30), true),
            (seen(2, 1, 1), false),
        ] {
            assert_eq!(other.is_older_than(&last), older, "{other:?}");
        }
    }
}
