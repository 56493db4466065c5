//! The cipher of the RustCrypto project: Rust throughout, AVX2 where the processor has it.

use super::super::locked::LockedKey;
use super::{NONCE_BYTES, SealError, TAG_BYTES, Unauthentic};
use chacha20poly1305::{AeadInOut, Key, KeyInit, Tag, XChaCha20Poly1305, XNonce};

/// One AEAD key, ready for use, wiped on drop. What the cipher makes of it lives for one call and is wiped too.
pub(crate) struct Aead(LockedKey);

impl Aead {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(LockedKey::copy_of(key))
    }

    /// Encrypts `bytes` in place and returns the tag. `nonce` must never repeat under one key.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        bytes: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], SealError> {
        self.cipher()
            .encrypt_inout_detached(&XNonce::from(*nonce), aad, bytes.into())
            .map(Into::into)
            .map_err(|_| SealError)
    }

    /// Decrypts `bytes` in place after checking the tag; what they hold on failure is not to be used.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        bytes: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), Unauthentic> {
        self.cipher()
            .decrypt_inout_detached(&XNonce::from(*nonce), aad, bytes.into(), &Tag::from(*tag))
            .map_err(|_| Unauthentic)
    }
    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(<&Key>::from(self.0.bytes()))
    }
}
