//! finvault.
fn main() {}
