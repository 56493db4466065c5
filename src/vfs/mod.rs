//! The vault file: a real SQLite database in which every byte at rest is sealed.
//!
//! [`create`] makes a vault, [`unlock`] finds its key, [`connect`] gives an ordinary [`rusqlite::Connection`] on it,
//! and [`check`] reads all of it. When SQLite reports an I/O error, [`damage`] says whether tampering is behind it.
//! The byte layout is in `docs/vault-format.md`.

mod backing;
mod check;
mod connect;
mod create;
mod damage;
mod ffi;
mod header;
mod offsets;
mod seal;
mod shim;
mod slots;
mod unlock;
mod vault_file;
mod wal_file;
mod wal_frame;

pub use check::{CheckReport, check};
pub use connect::{ConnectOptions, Synchronous, connect, damage};
pub use create::{Created, create};
pub use damage::{Damage, VfsError};
pub use header::VaultId;
pub use offsets::Twin;
pub use slots::{Secret, SlotKind};
pub use unlock::{Unlocked, unlock};
