//! Keys and the primitives that use them: the only room that touches cryptography directly.
//!
//! Every key has a type of its own for the one thing it does, so that a page key cannot seal a WAL frame by
//! mistake. All of them come from one [`VaultKey`] by HKDF under a label, and all are wiped when dropped.
//! Nothing here is invented: Argon2id (RFC 9106) turns a passphrase into a key, HKDF-SHA256 (RFC 5869) separates
//! keys, XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) seals bytes, HMAC-SHA256 (RFC 2104) authenticates the
//! header.
//!
//! Which type to pick: open a vault with a [`Passphrase`] or a [`RecoveryCode`]; hold a [`VaultKey`] while it is
//! open; ask [`VaultKey::derive_secret`] for a secret with a purpose of its own (a signing seed, say). Randomness
//! is an argument, [`Random`]: [`OsRandom`] in programs, [`random::Seeded`] in tests that need fixed bytes.

mod aead;
mod derive;
mod kdf;
pub mod random;
mod recovery;
mod secret;
pub mod sign;

pub use aead::{NONCE_BYTES, SealError, TAG_BYTES, Unauthentic};
pub use derive::DerivedSecret;
pub use kdf::{KdfError, KdfParams};
pub use random::{OsRandom, Random, RandomError};
pub use recovery::{RecoveryCode, RecoveryCodeError};
pub use secret::{Passphrase, VaultKey};

pub(crate) use aead::Aead;
pub(crate) use secret::{HeaderAuthKey, PageKey, SlotKey, TableKey, WalKey};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod wycheproof_tests;
