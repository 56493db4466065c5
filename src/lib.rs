//! finvault.
pub mod crypto;
pub mod disclosure;
pub mod ledger;
pub mod money;
pub mod report;
pub mod statement;
pub mod store;
pub mod vault;
pub mod vfs;
