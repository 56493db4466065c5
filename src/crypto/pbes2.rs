//! Sealing under a passcode with what every browser has: PBKDF2-HMAC-SHA512 (RFC 8018), AES-256 key wrap (RFC 3394) and
//! AES-256-GCM (NIST SP 800-38D), put together as `PBES2-HS512+A256KW` with `A256GCM` of RFC 7518, sections 4.8 and 5.3.
//!
//! The passcode's key wraps a fresh content key, and the content key encrypts the text. So a wrong passcode shows when
//! the content key is unwrapped, and an altered text when it is decrypted.

use super::random::Random;
use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use aes_kw::KwAes256;
use sha2::Sha512;
use zeroize::Zeroizing;

/// The algorithm's name, which also goes into the salt (RFC 7518, section 4.8.1.1).
pub(crate) const ALGORITHM: &str = "PBES2-HS512+A256KW";
/// The length of the salt before the algorithm's name is put before it, in bytes.
pub(crate) const SALT_BYTES: usize = 16;
/// The length of a wrapped content key, in bytes.
pub(crate) const WRAPPED_KEY_BYTES: usize = 40;
/// The length of the nonce, in bytes.
pub(crate) const IV_BYTES: usize = 12;
/// The length of the tag at the end of the ciphertext, in bytes.
pub(crate) const GCM_TAG_BYTES: usize = 16;

/// Nothing was sealed.
#[derive(Debug)]
pub(crate) enum SealFault {
    /// There was no randomness.
    Random,
    /// The text is too long for one nonce (64 GiB).
    TooLong,
}

/// Why nothing was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenFault {
    /// The content key does not unwrap: another passcode, or salt, iterations or wrapped key were altered.
    WrongSecret,
    /// It does, and the text or what it is bound to was altered.
    Altered,
}

/// A sealed text and what it takes to open it again, but for the passcode.
pub(crate) struct Sealed {
    pub(crate) wrapped_key: [u8; WRAPPED_KEY_BYTES],
    pub(crate) iv: [u8; IV_BYTES],
    /// The tag is at its end.
    pub(crate) ciphertext: Vec<u8>,
}

/// The key that a passcode gives under a salt.
pub(crate) struct PasscodeKey(KwAes256);

impl PasscodeKey {
    /// Derives it: that is the slow part. Callers bound `iterations`.
    pub(crate) fn derive(passcode: &[u8], salt: &[u8; SALT_BYTES], iterations: u32) -> Self {
        let salt = [ALGORITHM.as_bytes(), &[0], salt].concat();
        let mut key = Zeroizing::new([0; 32]);
        pbkdf2::pbkdf2_hmac::<Sha512>(passcode, &salt, iterations, key.as_mut_slice());
        Self(KwAes256::new(&(*key).into()))
    }

    /// Encrypts a text under a fresh content key; `bound` is authenticated with it.
    pub(crate) fn seal(&self, text: &[u8], bound: &[u8], random: &dyn Random) -> Result<Sealed, SealFault> {
        let mut content_key = Zeroizing::new([0; 32]);
        let mut iv = [0; IV_BYTES];
        random.fill(content_key.as_mut_slice()).map_err(|_| SealFault::Random)?;
        random.fill(&mut iv).map_err(|_| SealFault::Random)?;
        let cipher = Aes256Gcm::new(&(*content_key).into());
        let payload = Payload { msg: text, aad: bound };
        let ciphertext = cipher.encrypt(&Nonce::from(iv), payload).map_err(|_| SealFault::TooLong)?;
        let mut wrapped_key = [0; WRAPPED_KEY_BYTES];
        self.0.wrap_key(content_key.as_slice(), &mut wrapped_key).map_err(|_| SealFault::TooLong)?;
        Ok(Sealed { wrapped_key, iv, ciphertext })
    }

    /// Decrypts what [`PasscodeKey::seal`] encrypted.
    pub(crate) fn open(&self, sealed: &Sealed, bound: &[u8]) -> Result<Vec<u8>, OpenFault> {
        let mut content_key = Zeroizing::new([0; 32]);
        let unwrapped = self.0.unwrap_key(&sealed.wrapped_key, content_key.as_mut_slice());
        unwrapped.map_err(|_| OpenFault::WrongSecret)?;
        let payload = Payload { msg: &sealed.ciphertext, aad: bound };
        let cipher = Aes256Gcm::new(&(*content_key).into());
        cipher.decrypt(&Nonce::from(sealed.iv), payload).map_err(|_| OpenFault::Altered)
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Seeded;
    use super::*;

    #[test]
    fn a_text_comes_back_and_nothing_else_does() {
        let key = PasscodeKey::derive(b"code", &[7; SALT_BYTES], 2);
        let sealed = key.seal(b"text", b"bound", &Seeded::new(1)).unwrap();
        assert_eq!(key.open(&sealed, b"bound").unwrap(), b"text");
        assert_eq!(key.open(&sealed, b"other"), Err(OpenFault::Altered));
        for (code, salt, iterations) in
            [(&b"coda"[..], [7; SALT_BYTES], 2), (b"code", [8; SALT_BYTES], 2), (b"code", [7; SALT_BYTES], 3)]
        {
            let other = PasscodeKey::derive(code, &salt, iterations);
            assert_eq!(other.open(&sealed, b"bound"), Err(OpenFault::WrongSecret));
        }
        let mut altered = Sealed { ciphertext: sealed.ciphertext.clone(), ..sealed };
        altered.ciphertext[0] ^= 1;
        assert_eq!(key.open(&altered, b"bound"), Err(OpenFault::Altered));
        altered.ciphertext.truncate(3);
        assert_eq!(key.open(&altered, b"bound"), Err(OpenFault::Altered));
        let mut wrapped = Sealed { wrapped_key: sealed.wrapped_key, ..altered };
        wrapped.wrapped_key[39] ^= 1;
        assert_eq!(key.open(&wrapped, b"bound"), Err(OpenFault::WrongSecret));
    }
}
