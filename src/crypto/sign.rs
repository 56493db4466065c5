//! Ed25519 signatures (RFC 8032) and the fingerprints by which people know a signer.
//!
//! [`SigningKey`] is made from a 32-byte seed that the caller derives for one role; [`VerifyingKey`]
//! refuses encodings that are not canonical and points of small order, and verifies strictly, so one
//! message has one meaning under one key. A [`Fingerprint`] is the JWK thumbprint of the key (RFC 7638
//! over the form of RFC 8037), so any JOSE library computes the same value.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// What precedes the base64url digest in the URI form of a fingerprint (RFC 9278).
const THUMBPRINT_URI: &str = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:";
/// How many bytes of a fingerprint people compare: 160 bits, far beyond what a forger can search.
const COMPARED_BYTES: usize = 20;

/// Why bytes are no usable verifying key, or a text no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not the canonical encoding of a point on the curve.
    #[error("not a valid Ed25519 public key")]
    NotAPoint,
    /// A point of small order, under which almost any signature verifies.
    #[error("an Ed25519 public key of small order, which anybody could sign for")]
    SmallOrder,
    /// Not a fingerprint in URI form.
    #[error("not a key fingerprint")]
    NotAFingerprint,
}

/// A signature does not belong to this message and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not match")]
pub struct SignatureError;

/// The secret half of a signing pair; erased from memory when dropped.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key that a 32-byte seed determines (RFC 8032, section 5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Signs a message; the same key and message always give the same signature.
    pub fn sign(&self, message: &[u8]) -> Signature {
        use ed25519_dalek::Signer as _;
        Signature(self.0.sign(message).to_bytes())
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }
}

/// An Ed25519 signature: 64 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// A signature from its bytes; whether it is a good one shows when it is verified.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn to_bytes(self) -> [u8; 64] {
        self.0
    }
}

/// The public half of a signing pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

impl VerifyingKey {
    /// Reads a key of 32 bytes.
    ///
    /// # Errors
    /// [`KeyError::NotAPoint`] also for the second encodings that some points have, and
    /// [`KeyError::SmallOrder`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        if !y_is_reduced(bytes) {
            return Err(KeyError::NotAPoint);
        }
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
        if key.is_weak() {
            return Err(KeyError::SmallOrder);
        }
        Ok(Self(key))
    }

    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Verifies a signature strictly: no second encoding of a good signature passes.
    ///
    /// # Errors
    /// [`SignatureError`] when message, signature and key do not belong together.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0.verify_strict(message, &signature).map_err(|_| SignatureError)
    }

    /// The key's fingerprint: SHA-256 of its JWK with the members `crv`, `kty`, `x` in that order.
    pub fn fingerprint(&self) -> Fingerprint {
        let x = URL_SAFE_NO_PAD.encode(self.as_bytes());
        let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        Fingerprint(Sha256::digest(jwk.as_bytes()).into())
    }
}

/// Whether the y coordinate is below the field's prime 2^255 - 19, as RFC 8032 section 5.1.3 demands.
fn y_is_reduced(bytes: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = bytes;
    !(*first >= 0xed && middle.iter().all(|byte| *byte == 0xff) && last & 0x7f == 0x7f)
}

/// What people know a signer by.
///
/// Shown as eight groups of four letters and digits: the first 160 bits in lower-case base32 (RFC 4648,
/// which has no `0`, `1`, `8` or `9` to misread). Programs compare and keep all 256 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// A fingerprint from its 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// All 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The base64url text that JOSE uses as a key id.
    pub fn to_base64url(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The whole fingerprint as a URI (RFC 9278); [`Fingerprint::from_str`] reads it back.
    pub fn to_uri(&self) -> String {
        format!("{THUMBPRINT_URI}{}", self.to_base64url())
    }
}

impl FromStr for Fingerprint {
    type Err = KeyError;

    /// Reads the URI form.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let digest = text.strip_prefix(THUMBPRINT_URI).ok_or(KeyError::NotAFingerprint)?;
        let bytes = URL_SAFE_NO_PAD.decode(digest).map_err(|_| KeyError::NotAFingerprint)?;
        Ok(Self(bytes.try_into().map_err(|_| KeyError::NotAFingerprint)?))
    }
}

impl fmt::Display for Fingerprint {
    /// Eight groups of four, for example `sd5m v7vj wfkw ngcu b5ym ael2 elvd ppk4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compared = self.0.get(..COMPARED_BYTES).unwrap_or_default();
        for (index, five) in compared.chunks(5).enumerate() {
            let mut forty_bits = 0u64;
            for byte in five {
                forty_bits = forty_bits << 8 | u64::from(*byte);
            }
            for symbol in 0..8u32 {
                if symbol % 4 == 0 && (index, symbol) != (0, 0) {
                    f.write_str(" ")?;
                }
                let five_bits = (forty_bits >> (35 - 5 * symbol)) as u8 & 0x1f;
                let letter = if five_bits < 26 { b'a' + five_bits } else { b'2' + (five_bits - 26) };
                write!(f, "{}", char::from(letter))?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({})", self.to_base64url())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        let raw: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        raw.try_into().unwrap()
    }

    /// RFC 8032, section 7.1: seed, public key, message, signature.
    const VECTORS: [[&str; 4]; 4] = [
        [
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ],
        [
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ],
        [
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ],
        [
            "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
        ],
    ];

    #[test]
    fn rfc_8032_vectors() {
        for [seed, public, message, signature] in VECTORS {
            let key = SigningKey::from_seed(&bytes(seed));
            let message: Vec<u8> = (0..message.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&message[at..at + 2], 16).unwrap())
                .collect();
            assert_eq!(key.verifying_key().as_bytes(), &bytes::<32>(public));
            assert_eq!(key.sign(&message).to_bytes(), bytes::<64>(signature));
            let verifying = VerifyingKey::from_bytes(&bytes(public)).unwrap();
            assert_eq!(verifying.verify(&message, &Signature::from_bytes(bytes(signature))), Ok(()));
            let mut wrong = bytes::<64>(signature);
            wrong[63] ^= 1;
            assert_eq!(verifying.verify(&message, &Signature::from_bytes(wrong)), Err(SignatureError));
        }
    }

    #[test]
    fn the_second_encoding_of_a_good_signature_is_refused() {
        let verifying = VerifyingKey::from_bytes(&bytes(VECTORS[0][1])).unwrap();
        // S + L, where L is the order of the base point: the same equation holds modulo L.
        let order: [u8; 32] = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
        let mut signature: [u8; 64] = bytes(VECTORS[0][3]);
        let mut carry = 0u16;
        for (byte, add) in signature[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
        assert_eq!(verifying.verify(b"", &Signature::from_bytes(signature)), Err(SignatureError));
    }

    #[test]
    fn keys_of_small_order_and_second_encodings_are_refused() {
        let mut identity = [0u8; 32];
        identity[0] = 1;
        assert_eq!(VerifyingKey::from_bytes(&identity), Err(KeyError::SmallOrder));
        assert_eq!(VerifyingKey::from_bytes(&[0; 32]), Err(KeyError::SmallOrder));
        let order_eight = bytes("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
        assert_eq!(VerifyingKey::from_bytes(&order_eight), Err(KeyError::SmallOrder));
        for low in 0xed..=0xffu8 {
            let mut above_the_prime = [0xff; 32];
            above_the_prime[0] = low;
            assert_eq!(VerifyingKey::from_bytes(&above_the_prime), Err(KeyError::NotAPoint));
            above_the_prime[31] = 0x7f;
            assert_eq!(VerifyingKey::from_bytes(&above_the_prime), Err(KeyError::NotAPoint));
        }
        let mut no_point = [0u8; 32];
        no_point[0] = 2;
        assert_eq!(VerifyingKey::from_bytes(&no_point), Err(KeyError::NotAPoint));
    }

    #[test]
    fn the_fingerprint_is_the_thumbprint_of_rfc_8037() {
        let key = VerifyingKey::from_bytes(&bytes(VECTORS[0][1])).unwrap();
        let fingerprint = key.fingerprint();
        assert_eq!(fingerprint.to_base64url(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(fingerprint.to_uri().parse(), Ok(fingerprint));
        assert!("urn:ietf:params:oauth:jwk-thumbprint:sha-256:AAAA".parse::<Fingerprint>().is_err());
        let shown = fingerprint.to_string();
        assert_eq!(shown, "sd5m v7vj wfkw ngcu b5ym ael2 elvd ppk4");
    }
}
