//! What can be wrong with a vault, in types: damage to its bytes, and the ways that opening one can fail.

use std::path::PathBuf;

use super::offsets::Twin;
use crate::crypto::{KdfError, RandomError};

/// One thing found wrong with a vault's bytes: altered, moved, cut off, or missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// One header copy is bad; its twin serves, and the next change to the vault repairs it.
    #[error("header copy {copy} fails authentication (its twin serves)")]
    HeaderCopy {
        /// Which copy.
        copy: Twin,
    },
    /// Neither header copy can be used.
    #[error("both copies of the header are damaged")]
    Header,
    /// A page is not what was sealed at that place.
    #[error("page {page} fails authentication")]
    Page {
        /// The page, counted from 1.
        page: u32,
    },
    /// A page is authentic and not the one that belongs there: an older copy of it was put back.
    #[error("page {page} is an older copy of itself, put back")]
    OldPage {
        /// The page, counted from 1.
        page: u32,
    },
    /// The tag table of some pages is not the one that belongs to the vault: both its slots were altered, or older
    /// copies put back. These pages may be whole, but nothing says so.
    #[error("the tag table of pages {first} to {last} is damaged or an older copy of itself")]
    Table {
        /// The first of the pages.
        first: u32,
        /// The last page that the table has room for.
        last: u32,
    },
    /// The spare slot of a group's tag table is not what was sealed at that place; the other serves.
    #[error("tag table slot {slot} of page group {group} fails authentication (its twin serves)")]
    TableSlot {
        /// The group of 250 pages, counted from 0.
        group: u32,
        /// Which slot.
        slot: Twin,
    },
    /// The spare slot of a node of the tag table is not what was sealed at that place; the other serves.
    #[error("slot {slot} of the tag table's node {node} fails authentication (its twin serves)")]
    TableNode {
        /// The node of 250 groups, counted from 0.
        node: u32,
        /// Which slot.
        slot: Twin,
    },
    /// The file ends before the pages that the header counts.
    #[error("the vault is cut short: {expected_pages} pages belong to it, {found_pages} are there")]
    Truncated {
        /// Pages that are there whole.
        found_pages: u32,
        /// Pages that the header counts.
        expected_pages: u32,
    },
    /// The file goes on after its last page.
    #[error("{bytes} bytes after the vault's last page do not belong to it")]
    TrailingBytes {
        /// How many.
        bytes: u64,
    },
    /// The write-ahead log that belongs to the vault is not there.
    #[error("the write-ahead log (the file beside the vault, named like it with -wal) is missing")]
    WalMissing,
    /// The header of the write-ahead log is not what was sealed there.
    #[error("the header of the write-ahead log fails authentication")]
    WalHeader,
    /// A frame of the write-ahead log, known to have been durable, is not what was sealed there.
    #[error("frame {frame} of the write-ahead log fails authentication")]
    WalFrame {
        /// The frame, counted from 1.
        frame: u32,
    },
    /// The write-ahead log ends before frames that are known to have been durable.
    #[error(
        "the write-ahead log is cut short: {expected_frames} frames were durable, {found_frames} are there"
    )]
    WalShortened {
        /// Frames that are there.
        found_frames: u32,
        /// Frames known to have been durable.
        expected_frames: u32,
    },
}

impl Damage {
    /// Whether a second copy serves, so that nothing is lost.
    #[must_use]
    pub fn is_mended(&self) -> bool {
        matches!(self, Self::HeaderCopy { .. } | Self::TableSlot { .. } | Self::TableNode { .. })
    }
}

/// Why a vault could not be made, unlocked, opened or checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VfsError {
    /// The file is something else.
    #[error("{} is not a finvault vault", path.display())]
    NotAVault {
        /// The file.
        path: PathBuf,
    },
    /// The passphrase, recovery code or key does not open this vault.
    #[error("wrong passphrase, recovery code or key")]
    WrongSecret,
    /// The vault was made by a newer program.
    #[error("the vault has format {found}; this program reads up to format {supported}")]
    NewerFormat {
        /// The format that the file states.
        found: u32,
        /// The newest format that this program reads.
        supported: u32,
    },
    /// The vault's bytes were altered, moved, cut off, or are missing.
    #[error("the vault is damaged: {0}")]
    Damaged(#[source] Damage),
    /// Another process has the vault open.
    #[error("{} is in use by another process", path.display())]
    Busy {
        /// The vault.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done ("open", "write").
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file is there already; vaults are never overwritten.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// No room is left on the disk.
    #[error("the disk that holds {} is full", path.display())]
    DiskFull {
        /// The vault.
        path: PathBuf,
    },
    /// The vault or its folder cannot be written.
    #[error("{} or its folder is read-only", path.display())]
    ReadOnly {
        /// The vault.
        path: PathBuf,
    },
    /// The file asks for key derivation that no honest vault asks for; nothing was run.
    #[error("the vault's key derivation is refused: {0}")]
    HostileKdf(#[source] KdfError),
    /// Key derivation failed on this machine.
    #[error(transparent)]
    Kdf(KdfError),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// SQLite failed in a way that none of the above explains.
    #[error("SQLite: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// All key slots are in use.
    #[error("all {} key slots are in use", super::slots::SLOTS)]
    SlotsFull,
    /// No key slot of that number is in use.
    #[error("there is no key slot {number}")]
    NoSuchSlot {
        /// The number.
        number: u32,
    },
    /// Without this key slot nothing would open the vault.
    #[error("this is the last key slot: without it nothing would open the vault")]
    LastSlot,
    /// The connection is not one that [`connect`](super::connect) made.
    #[error("the connection does not belong to a vault")]
    NotOurs,
}
