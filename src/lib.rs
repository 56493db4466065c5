//! finvault.
pub mod crypto;
pub mod disclosure;
pub mod ledger;
pub mod money;
pub mod statement;
