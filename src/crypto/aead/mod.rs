//! XChaCha20-Poly1305 in place, with nonce and tag kept apart from the bytes
//! (draft-irtf-cfrg-xchacha-03, section 2).
//!
//! Two implementations give the same bytes: the RustCrypto one, in Rust throughout, and with the feature `ring`
//! one whose inner cipher is ring's assembly, about twice as fast. A vault made with either opens with either.

#[cfg(feature = "ring")]
mod assembly;
#[cfg(any(test, not(feature = "ring")))]
pub(super) mod portable;

#[cfg(feature = "ring")]
pub(crate) use assembly::Aead;
#[cfg(not(feature = "ring"))]
pub(crate) use portable::Aead;

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

#[cfg(all(test, feature = "ring"))]
mod tests {
    use super::{assembly, portable};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_give_the_same_bytes_and_open_each_other(
            key: [u8; 32],
            nonce: [u8; 24],
            aad in proptest::collection::vec(any::<u8>(), 0..100),
            bytes in proptest::collection::vec(any::<u8>(), 0..5000),
        ) {
            let (one, other) = (portable::Aead::new(&key), assembly::Aead::new(&key));
            let (mut by_one, mut by_other) = (bytes.clone(), bytes.clone());
            let tag = one.seal(&nonce, &aad, &mut by_one).unwrap();
            prop_assert_eq!(other.seal(&nonce, &aad, &mut by_other).unwrap(), tag);
            prop_assert_eq!(&by_one, &by_other);
            other.open(&nonce, &aad, &mut by_one, &tag).unwrap();
            one.open(&nonce, &aad, &mut by_other, &tag).unwrap();
            prop_assert_eq!(&by_one, &bytes);
            prop_assert_eq!(&by_other, &bytes);
            let mut wrong = tag;
            wrong[0] ^= 1;
            prop_assert!(other.open(&nonce, &aad, &mut by_one, &wrong).is_err());
        }
    }
}
