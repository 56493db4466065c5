//! Keys and the primitives that use them: the only room that touches cryptography directly.
//!
//! Every key has a type of its own for the one thing it does, so that a page key cannot seal a WAL frame by
//! mistake. All of them come from one [`VaultKey`] by HKDF under a label, and all are wiped when dropped
//! and kept out of swap files where the system allows.
//! Nothing here is invented: Argon2id (RFC 9106) turns a passphrase into a key, HKDF-SHA256 (RFC 5869) separates
//! keys, XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) seals bytes, HMAC-SHA256 (RFC 2104) authenticates the
//! header. What is sealed under a passcode for a browser takes the algorithms that browsers have (`pbes2`).
//!
//! Which type to pick: open a vault with a [`Passphrase`], a [`RecoveryCode`] or a [`KeyFile`]; hold a [`VaultKey`]
//! while it is open; ask [`IdentityKey::derive_secret`] for a secret with a purpose of its own (a signing seed, say)
//! that outlives the vault's key. Randomness is an argument, [`Random`]: [`OsRandom`] in programs, [`random::Seeded`] in tests that need fixed bytes.
//!
//! Who only verifies (feature `verify` without `vault`) gets [`sign`] and [`random`], and none of the keys.

#[cfg(feature = "vault")]
mod aead;
#[cfg(feature = "vault")]
mod derive;
#[cfg(feature = "vault")]
mod kdf;
#[cfg(feature = "vault")]
mod key_file;
#[cfg(feature = "vault")]
mod locked;
#[cfg(feature = "age")]
pub(crate) mod pbes2;
pub mod random;
#[cfg(feature = "vault")]
mod recovery;
#[cfg(feature = "vault")]
mod secret;
pub mod sign;

#[cfg(feature = "vault")]
pub use self::{
    aead::{NONCE_BYTES, SealError, TAG_BYTES, Unauthentic},
    derive::DerivedSecret,
    kdf::{KdfError, KdfParams},
    key_file::{KeyFile, KeyFileError},
    recovery::{RecoveryCode, RecoveryCodeError},
    secret::{IdentityKey, Passphrase, VaultKey},
};
#[cfg(feature = "vault")]
pub use random::OsRandom;
pub use random::{Random, RandomError};

#[cfg(feature = "vault")]
pub(crate) use self::{
    aead::Aead,
    secret::{HeaderAuthKey, NoteKey, PageKey, SlotKey, TableKey, WalKey},
};

// Two attributes: clippy takes a file for test code by the plain `cfg(test)` alone.
#[cfg(test)]
#[cfg(feature = "vault")]
mod tests;
#[cfg(test)]
mod wycheproof_tests;
