//! What can go wrong in the database, sorted by what the owner can do about it.

use crate::vfs::VfsError;
use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_FSYNC;

/// A failure of the vault's database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The sealed file below reports it.
    #[error(transparent)]
    Vfs(#[from] VfsError),
    /// A newer finvault made this vault's schema.
    #[error(
        "this vault has schema version {found}, made by a newer finvault; this one knows up to {supported}"
    )]
    NewerVault {
        /// The version in the vault.
        found: i64,
        /// The newest version this program knows.
        supported: i64,
    },
    /// No room left on the disk.
    #[error("the disk is full")]
    DiskFull,
    /// The disk did not confirm a change, or an earlier one on this handle: nothing more is written through it.
    #[error("the disk failed to keep a change")]
    NotSynced,
    /// The vault or its folder cannot be written.
    #[error("the vault or its folder cannot be written")]
    ReadOnly,
    /// Another process holds the vault.
    #[error("another process is using this vault")]
    Busy,
    /// A row holds what finvault never writes.
    #[error("the vault holds a value that finvault never writes: {what}")]
    Unreadable {
        /// Table, column and what is wrong with it.
        what: String,
    },
    /// SQLite read something that cannot be right.
    #[error("the vault is damaged: {0}")]
    Corrupt(String),
    /// A name is taken already.
    #[error("there is already {what}")]
    Taken {
        /// What, with its name.
        what: String,
    },
    /// Any other report of SQLite's.
    #[error("the database reports: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        if error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_IOERR_FSYNC) {
            return Self::NotSynced;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error.to_string()),
            _ => Self::Sqlite(error),
        }
    }
}
