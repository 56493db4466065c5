//! The secrets a person holds, the vault's key, and one type for each role a key derived from it plays.
//!
//! None of these types can be printed, compared or dereferenced; all are wiped on drop. Keys live on the heap, so
//! that moving a value leaves no copy behind on the stack, on pages that are not swapped out where the system allows.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::aead::Aead;
use super::derive::{DerivedSecret, expand, extract, hmac_sha256, verify_hmac_sha256};
use super::locked::LockedKey;
use super::random::{Random, RandomError};

const SALT: &[u8] = b"finvault vault key v1";

/// The one key that a vault's file hangs on: 32 random bytes made with the vault, never changed by a new passphrase,
/// replaced only when all of the file is sealed anew.
pub struct VaultKey {
    bytes: LockedKey,
    /// What all other keys are expanded from: HKDF-Extract of the key, made once.
    prk: DerivedSecret,
}

impl VaultKey {
    /// A new random key.
    ///
    /// # Errors
    /// When `random` fails.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        let mut bytes = LockedKey::zeros();
        let drawn = random.fill(bytes.bytes_mut());
        let key = Self::new(bytes);
        drawn.map(|()| key)
    }

    fn new(bytes: LockedKey) -> Self {
        let prk = extract(SALT, bytes.bytes());
        Self { bytes, prk }
    }

    /// Takes a key that was kept elsewhere (a long-lived program's memory, a test vector).
    #[must_use]
    pub fn from_bytes(mut bytes: [u8; 32]) -> Self {
        let key = Self::new(LockedKey::copy_of(&bytes));
        bytes.zeroize();
        key
    }

    /// The bytes themselves, for wrapping them in a slot.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.bytes.bytes()
    }

    /// A secret with a purpose of its own: the same `label` and `context` give the same bytes in this vault, and
    /// unrelated bytes in every other (HKDF-SHA256, RFC 5869).
    ///
    /// `label` names the purpose and must be a constant of the caller; `context` says for which thing (a
    /// recipient's id, say) and may be empty.
    #[must_use]
    pub fn derive_secret(&self, label: &str, context: &[u8]) -> DerivedSecret {
        expand(&self.prk, label, context)
    }
}

/// What the owner's own secrets are derived from (signing keys, pseudonyms, salts): 32 random bytes kept inside the
/// sealed database, so that a new vault key makes nobody another signer.
///
/// A vault that keeps none derives them from its vault key.
pub struct IdentityKey(VaultKey);

impl IdentityKey {
    /// A new random one.
    ///
    /// # Errors
    /// When `random` fails.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        VaultKey::generate(random).map(Self)
    }

    /// Takes the bytes that the database keeps.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(VaultKey::from_bytes(bytes))
    }

    /// That of a vault which keeps none of its own.
    #[must_use]
    pub fn of_vault_key(key: &VaultKey) -> Self {
        Self(VaultKey::new(LockedKey::copy_of(key.expose())))
    }

    /// The bytes themselves, for the database.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// A secret with a purpose of its own; see [`VaultKey::derive_secret`].
    #[must_use]
    pub fn derive_secret(&self, label: &str, context: &[u8]) -> DerivedSecret {
        self.0.derive_secret(label, context)
    }
}

macro_rules! sealing_key {
    ($(#[$doc:meta])* $name:ident, $label:literal) => {
        $(#[$doc])*
        pub(crate) struct $name(Aead);

        impl $name {
            pub(crate) fn derive(vault: &VaultKey) -> Self {
                Self(Aead::new(vault.derive_secret($label, &[]).expose()))
            }

            pub(crate) fn aead(&self) -> &Aead {
                &self.0
            }
        }
    };
}

sealing_key!(
    /// Seals the database's pages in the vault file.
    PageKey,
    "page"
);
sealing_key!(
    /// Seals the slots of the tag table.
    TableKey,
    "tag table"
);
sealing_key!(
    /// Seals the write-ahead log.
    WalKey,
    "write-ahead log"
);

sealing_key!(
    /// Seals what the owner calls a key slot, and when it was made.
    NoteKey,
    "slot note"
);

/// Authenticates the header, so that no parameter or slot changes unseen.
pub(crate) struct HeaderAuthKey(DerivedSecret);

impl HeaderAuthKey {
    pub(crate) fn derive(vault: &VaultKey) -> Self {
        Self(vault.derive_secret("header", &[]))
    }

    pub(crate) fn tag(&self, header_digest: &[u8]) -> [u8; 32] {
        hmac_sha256(self.0.expose(), &[header_digest])
    }

    pub(crate) fn verify(&self, header_digest: &[u8], tag: &[u8; 32]) -> bool {
        verify_hmac_sha256(self.0.expose(), &[header_digest], tag)
    }
}

/// Wraps the vault's key inside one slot; comes from a passphrase, a recovery code or a key file.
pub(crate) struct SlotKey(Aead);

impl SlotKey {
    pub(crate) fn new(bytes: &[u8; 32]) -> Self {
        Self(Aead::new(bytes))
    }

    pub(crate) fn aead(&self) -> &Aead {
        &self.0
    }
}

/// What a person types to open a vault, byte for byte as it was typed; wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(String);

impl Passphrase {
    /// Takes a passphrase as typed, without the end of line. No normalisation is applied.
    #[must_use]
    pub fn new(typed: String) -> Self {
        Self(typed)
    }

    /// Whether nothing was typed at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many characters were typed, for advice on length.
    #[must_use]
    pub fn characters(&self) -> usize {
        self.0.chars().count()
    }

    pub(crate) fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl From<String> for Passphrase {
    fn from(typed: String) -> Self {
        Self::new(typed)
    }
}
