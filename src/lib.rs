//! finvault.
pub mod ledger;
pub mod money;
pub mod statement;
