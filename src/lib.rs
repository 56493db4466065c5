//! finvault.
