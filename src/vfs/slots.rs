//! Key slots: 256 bytes each, in which the vault's key is wrapped under a passphrase, a recovery code or a key file.

use super::header::Bytes;
use super::seal::{Place, Role};
use crate::crypto::{
    KdfError, KdfParams, KeyFile, NONCE_BYTES, Passphrase, Random, RandomError, RecoveryCode, SealError,
    SlotKey, TAG_BYTES, VaultKey,
};

/// Bytes of one slot.
pub(crate) const SLOT_BYTES: usize = 256;
/// Room for this many slots.
pub(crate) const SLOTS: usize = 8;

const KDF_NONE: u8 = 0;
const KDF_ARGON2ID: u8 = 1;

/// What opens a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlotKind {
    /// A passphrase, through Argon2id.
    Passphrase,
    /// A generated recovery code.
    RecoveryCode,
    /// The content of a file.
    KeyFile,
}

impl SlotKind {
    const ALL: [Self; 3] = [Self::Passphrase, Self::RecoveryCode, Self::KeyFile];

    fn number(self) -> u8 {
        match self {
            Self::Passphrase => 1,
            Self::RecoveryCode => 2,
            Self::KeyFile => 3,
        }
    }

    /// The word for it: `passphrase`, `recovery-code`, `key-file`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passphrase => "passphrase",
            Self::RecoveryCode => "recovery-code",
            Self::KeyFile => "key-file",
        }
    }
}

/// What a person holds to open a vault.
pub enum Secret<'a> {
    /// A passphrase.
    Passphrase(&'a Passphrase),
    /// A recovery code.
    RecoveryCode(&'a RecoveryCode),
    /// The content of a key file.
    KeyFile(&'a KeyFile),
}

impl Secret<'_> {
    /// What kind of slot it opens.
    #[must_use]
    pub fn kind(&self) -> SlotKind {
        match self {
            Self::Passphrase(_) => SlotKind::Passphrase,
            Self::RecoveryCode(_) => SlotKind::RecoveryCode,
            Self::KeyFile(_) => SlotKind::KeyFile,
        }
    }
}

/// One slot's bytes. Empty slots are all zeros.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(pub(crate) [u8; SLOT_BYTES]);

/// Why a slot did not give a key.
pub(crate) enum SlotFault {
    /// Another secret made it, or its bytes were altered: the two cannot be told apart.
    NotThisSecret,
    /// This secret made it, for another place: somebody moved it.
    Moved,
    /// Its key derivation is out of bounds and was not run.
    Hostile(KdfError),
    /// Key derivation failed on this machine.
    Kdf(KdfError),
}

/// Why a slot could not be made.
#[derive(Debug)]
pub(crate) enum WrapFault {
    Random(RandomError),
    Kdf(KdfError),
    Seal(SealError),
}

impl Slot {
    pub(crate) const EMPTY: Self = Self([0; SLOT_BYTES]);

    const KIND: usize = 0;
    const KDF: usize = 1;
    const MEMORY_KIB: usize = 4;
    const PASSES: usize = 8;
    const LANES: usize = 12;
    const SALT: usize = 16;
    const NONCE: usize = 48;
    const WRAPPED: usize = 72;
    const TAG: usize = 104;
    /// The sealed note, in what the wrapped key leaves free.
    pub(super) const NOTE: usize = 120;

    /// What opens it; none where it is empty or of a kind that this program does not know.
    pub(crate) fn kind(&self) -> Option<SlotKind> {
        SlotKind::ALL.into_iter().find(|kind| self.is(*kind))
    }

    pub(crate) fn is(&self, kind: SlotKind) -> bool {
        self.0.first() == Some(&kind.number())
    }

    /// Wraps `key` in a new slot for `secret`; `kdf` matters for passphrases only.
    pub(crate) fn wrap(
        key: &VaultKey,
        secret: &Secret<'_>,
        kdf: KdfParams,
        vault_id: [u8; 16],
        index: u32,
        random: &dyn Random,
    ) -> Result<Self, WrapFault> {
        let mut bytes = Bytes([0; SLOT_BYTES]);
        let mut salt = [0; 32];
        random.fill(&mut salt).map_err(WrapFault::Random)?;
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce).map_err(WrapFault::Random)?;
        bytes.put(Self::KIND, &[secret.kind().number()]);
        bytes.put(Self::SALT, &salt);
        bytes.put(Self::NONCE, &nonce);
        let slot_key = match secret {
            Secret::Passphrase(passphrase) => {
                bytes.put(Self::KDF, &[KDF_ARGON2ID]);
                bytes.put_u32(Self::MEMORY_KIB, kdf.memory_kib());
                bytes.put_u32(Self::PASSES, kdf.passes());
                bytes.put_u32(Self::LANES, kdf.lanes());
                kdf.slot_key(passphrase, &salt).map_err(WrapFault::Kdf)?
            }
            Secret::RecoveryCode(code) => {
                bytes.put(Self::KDF, &[KDF_NONE]);
                code.slot_key(&salt)
            }
            Secret::KeyFile(file) => {
                bytes.put(Self::KDF, &[KDF_NONE]);
                file.slot_key(&salt)
            }
        };
        let mut wrapped = *key.expose();
        let aad = slot_aad(vault_id, index, &bytes);
        let tag = slot_key.aead().seal(&nonce, &aad, &mut wrapped).map_err(WrapFault::Seal)?;
        bytes.put(Self::WRAPPED, &wrapped);
        bytes.put(Self::TAG, &tag);
        Ok(Self(bytes.0))
    }

    /// The bounded KDF parameters that the slot states.
    pub(crate) fn kdf(&self) -> Result<KdfParams, KdfError> {
        let bytes = Bytes(self.0);
        KdfParams::stated(bytes.u32(Self::MEMORY_KIB), bytes.u32(Self::PASSES), bytes.u32(Self::LANES))
    }

    /// Unwraps the vault's key, if `secret` made this slot at this place.
    pub(crate) fn unwrap(
        &self,
        secret: &Secret<'_>,
        vault_id: [u8; 16],
        index: u32,
    ) -> Result<VaultKey, SlotFault> {
        let bytes = Bytes(self.0);
        let salt: [u8; 32] = bytes.array(Self::SALT);
        let slot_key: SlotKey = match secret {
            Secret::Passphrase(passphrase) => {
                self.kdf().map_err(SlotFault::Hostile)?.slot_key(passphrase, &salt).map_err(SlotFault::Kdf)?
            }
            Secret::RecoveryCode(code) => code.slot_key(&salt),
            Secret::KeyFile(file) => file.slot_key(&salt),
        };
        let nonce: [u8; NONCE_BYTES] = bytes.array(Self::NONCE);
        let tag: [u8; TAG_BYTES] = bytes.array(Self::TAG);
        let aead = slot_key.aead();
        let at = |place: u32| {
            let mut key: [u8; 32] = bytes.array(Self::WRAPPED);
            let opened = aead.open(&nonce, &slot_aad(vault_id, place, &bytes), &mut key, &tag);
            opened.map(|_| VaultKey::from_bytes(key)).ok()
        };
        if let Some(key) = at(index) {
            return Ok(key);
        }
        // The derivation is what costs; that the slot was made for another place is found for nothing.
        let moved = (0..).take(SLOTS).any(|other| other != index && at(other).is_some());
        Err(if moved { SlotFault::Moved } else { SlotFault::NotThisSecret })
    }
}

/// The place of the slot, then its bytes up to the nonce: kind, KDF parameters and salt cannot change unseen.
fn slot_aad(vault_id: [u8; 16], index: u32, bytes: &Bytes<SLOT_BYTES>) -> Vec<u8> {
    let place = Place { vault_id, role: Role::KeySlot, twin: 0, position: u64::from(index), wal_id: [0; 16] };
    let mut aad = place.aad().to_vec();
    aad.extend_from_slice(bytes.0.get(..Slot::NONCE).unwrap_or_default());
    aad
}
