//! The vault file: a real SQLite database in which every byte at rest is sealed.
//!
//! [`create`] makes a vault, [`unlock`] finds its key, [`connect`] gives an ordinary [`rusqlite::Connection`] on it,
//! and [`check`] reads all of it. When SQLite reports an I/O error, [`damage`] says whether tampering is behind it.
//! The byte layout is in `docs/vault-format.md`.

mod backing;
mod check;
mod connect;
#[cfg(test)]
mod crash_tests;
mod create;
mod damage;
mod ffi;
#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod format_tests;
mod header;
mod keys;
mod methods;
mod offsets;
mod seal;
mod shim;
mod slots;
mod sqlite_pages;
mod unlock;
mod vault_file;
mod wal_file;
mod wal_frame;

pub use check::{CheckReport, check};
pub use connect::{ConnectOptions, Synchronous, connect, damage};
pub use create::{Created, create};
pub use damage::{Damage, VfsError};
#[cfg(feature = "testing")]
pub use ffi::finvault_register_default_vfs;
pub use header::VaultId;
pub use offsets::Twin;
pub use slots::{Secret, SlotKind};
pub use unlock::{Unlocked, unlock};
