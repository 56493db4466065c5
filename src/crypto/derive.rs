//! HKDF-SHA256 (RFC 5869) under labels, and the HMAC-SHA256 (RFC 2104) it is built on.

use hkdf::HmacImpl;
use hkdf::hmac::Hmac;
use sha2::Sha256;
use zeroize::Zeroize;

use super::locked::LockedKey;

/// HMAC-SHA256 of the concatenated `parts`.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as HmacImpl>::new_from_slice(key);
    for part in parts {
        HmacImpl::update(&mut mac, part);
    }
    HmacImpl::finalize(mac).into()
}

/// Compares an HMAC-SHA256 without revealing by timing how far the two agree: every byte is looked at.
pub(crate) fn verify_hmac_sha256(key: &[u8], parts: &[&[u8]], expected: &[u8; 32]) -> bool {
    let actual = hmac_sha256(key, parts);
    let differing = actual.iter().zip(expected).fold(0, |seen, (a, b)| seen | (a ^ b));
    std::hint::black_box(differing) == 0
}

/// HKDF-Extract: HMAC-SHA256(salt, input), RFC 5869 section 2.2.
pub(super) fn extract(salt: &[u8], input: &[u8]) -> DerivedSecret {
    DerivedSecret::take(hmac_sha256(salt, &[input]))
}

/// The first block of HKDF-Expand, RFC 5869 section 2.3 with L = 32: T(1) = HMAC(PRK, info | 0x01).
pub(super) fn expand_one_block(prk: &[u8; 32], info: &[&[u8]]) -> DerivedSecret {
    let mut parts = info.to_vec();
    parts.push(&[1]);
    DerivedSecret::take(hmac_sha256(prk, &parts))
}

/// HKDF-Expand to 32 bytes: `label` and `context` separate outputs.
///
/// The info string is the label's length in two big-endian bytes, the label, then the context, so that no two
/// pairs of label and context give the same string.
pub(super) fn expand(prk: &DerivedSecret, label: &str, context: &[u8]) -> DerivedSecret {
    let label_length = u16::try_from(label.len()).unwrap_or(u16::MAX).to_be_bytes();
    expand_one_block(prk.expose(), &[&label_length, label.as_bytes(), context])
}

/// HKDF-SHA256 to 32 bytes, both steps: `salt` separates uses of the same input.
pub(crate) fn derive(salt: &[u8], input: &[u8], label: &str, context: &[u8]) -> DerivedSecret {
    expand(&extract(salt, input), label, context)
}

/// 32 secret bytes with one purpose, derived from a vault's key; wiped on drop.
pub struct DerivedSecret(LockedKey);

impl DerivedSecret {
    fn take(mut bytes: [u8; 32]) -> Self {
        let secret = Self(LockedKey::copy_of(&bytes));
        bytes.zeroize();
        secret
    }

    /// The bytes themselves, for the one call that needs them.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.bytes()
    }
}
