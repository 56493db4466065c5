//! XChaCha20-Poly1305 in place, with nonce and tag kept apart from the bytes
//! (draft-irtf-cfrg-xchacha-03, section 2).

use chacha20poly1305::{AeadInOut, Key, KeyInit, Tag, XChaCha20Poly1305, XNonce};

/// Bytes of an XChaCha20-Poly1305 nonce: long enough that a random one for every write never repeats.
pub const NONCE_BYTES: usize = 24;
/// Bytes of a Poly1305 tag.
pub const TAG_BYTES: usize = 16;

/// The bytes are not what was sealed under this key for this place: altered, moved, or sealed by someone else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed bytes fail authentication")]
pub struct Unauthentic;

/// The cipher refused to seal: the input is longer than it can take (256 GiB).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many bytes to seal at once")]
pub struct SealError;

/// One AEAD key, ready for use. The key schedule inside is wiped on drop.
pub(crate) struct Aead(XChaCha20Poly1305);

impl Aead {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(&Key::from(*key)))
    }

    /// Encrypts `bytes` in place and returns the tag. `nonce` must never repeat under one key.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        bytes: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], SealError> {
        self.0
            .encrypt_inout_detached(&XNonce::from(*nonce), aad, bytes.into())
            .map(Into::into)
            .map_err(|_| SealError)
    }

    /// Decrypts `bytes` in place after checking the tag; on failure `bytes` are left as they were.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        bytes: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), Unauthentic> {
        self.0
            .decrypt_inout_detached(&XNonce::from(*nonce), aad, bytes.into(), &Tag::from(*tag))
            .map_err(|_| Unauthentic)
    }
}
