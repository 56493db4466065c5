//! The cipher with ring's ChaCha20-Poly1305 inside: HChaCha20 makes a subkey from the key and the first 16 bytes of
//! the nonce; the rest of the nonce, behind four zeros, is that of the inner cipher
//! (draft-irtf-cfrg-xchacha-03, section 2.3).

use super::super::locked::LockedKey;
use super::{NONCE_BYTES, SealError, TAG_BYTES, Unauthentic};
use chacha20::{R20, hchacha};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey};
use zeroize::Zeroizing;

/// One AEAD key, ready for use, wiped on drop. Subkeys live for one call; ring's copy of one is not wiped.
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
        let (key, nonce) = self.inner(nonce).ok_or(SealError)?;
        let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), bytes).map_err(|_| SealError)?;
        tag.as_ref().try_into().map_err(|_| SealError)
    }

    /// Decrypts `bytes` in place after checking the tag; what they hold on failure is not to be used.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        bytes: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), Unauthentic> {
        let (key, nonce) = self.inner(nonce).ok_or(Unauthentic)?;
        key.open_in_place_separate_tag(nonce, Aad::from(aad), Tag::from(*tag), bytes, 0..)
            .map(drop)
            .map_err(|_| Unauthentic)
    }

    fn inner(&self, nonce: &[u8; NONCE_BYTES]) -> Option<(LessSafeKey, Nonce)> {
        let (first, rest) = nonce.split_first_chunk::<16>()?;
        let subkey: Zeroizing<[u8; 32]> =
            Zeroizing::new(hchacha::<R20>(self.0.bytes().into(), &(*first).into()).into());
        let mut inner_nonce = [0; 12];
        inner_nonce.get_mut(4..)?.copy_from_slice(rest);
        let key = UnboundKey::new(&CHACHA20_POLY1305, subkey.as_slice()).ok()?;
        Some((LessSafeKey::new(key), Nonce::assume_unique_for_key(inner_nonce)))
    }
}
