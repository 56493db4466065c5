//! Cryptographic primitives, one newtype per key role.

pub mod random;
pub mod sign;
