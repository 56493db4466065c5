//! finvault.
pub mod crypto;
pub mod vfs;
