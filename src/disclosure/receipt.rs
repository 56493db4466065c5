//! The deletion receipt: a recipient's signed word that they deleted a disclosure.
//!
//! A JWT under an Ed25519 key of the recipient's that the owner knows: their ssh-ed25519 key. An `age1…` key can only
//! receive, so who has nothing else signs with an ssh-ed25519 key that they introduced. What a receipt proves is
//! that its signer said so, for this very disclosure; that nothing was kept, no signature can prove.

use super::issue::{IssueError, sign_jwt};
use super::json::from_base64url;
use super::selection::FileDigest;
use super::token::CLOCK_SKEW_S;
use super::verify::{Verified, VerifyError, verify_jwt};
use crate::crypto::sign::{Signature, SigningKey, VerifyingKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The `typ` of a receipt.
pub const RECEIPT_TYP: &str = "finvault-receipt+jwt";
/// The largest receipt that is read, in bytes.
pub const MAX_RECEIPT_LEN: usize = 8 * 1024;
const STATEMENT: &str = "deleted";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptWire {
    iss: String,
    aud: String,
    jti: String,
    token_sha256: FileDigest,
    statement: String,
    iat: i64,
}

/// A receipt whose form and signature are good. Whether it is the right one: [`Receipt::matches`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Who signed it.
    pub signer: VerifyingKey,
    /// Whose disclosure it is about: the `iss` of the token.
    pub issuer: String,
    /// The disclosure's own id.
    pub id: String,
    /// The digest of the token that was deleted.
    pub token: FileDigest,
    /// When they say they deleted it.
    pub deleted: Timestamp,
}

/// The recipient's key that signs: a receipt, a review, or a copy that they [pass on](super::present). Read from an
/// unencrypted OpenSSH ed25519 private key.
pub struct ReceiptKey(SigningKey);

/// Why a file gives no key that can sign. No variant repeats any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptKeyError {
    /// No OpenSSH private key.
    #[error("not an OpenSSH private key: signing needs an ssh-ed25519 key")]
    Malformed,
    /// Under a passphrase.
    #[error("the SSH key is under a passphrase: take a copy of it without one (ssh-keygen -p)")]
    Encrypted,
    /// Of another type.
    #[error("an SSH key of another type: signing needs an ssh-ed25519 key")]
    Unsupported,
}

impl ReceiptKey {
    /// Reads an OpenSSH private key file (PROTOCOL.key of OpenSSH).
    ///
    /// # Errors
    /// [`ReceiptKeyError`].
    pub fn from_openssh(file: &[u8]) -> Result<Self, ReceiptKeyError> {
        let text = std::str::from_utf8(file).map_err(|_| ReceiptKeyError::Malformed)?;
        let body = text
            .trim()
            .strip_prefix("-----BEGIN OPENSSH PRIVATE KEY-----")
            .and_then(|rest| rest.strip_suffix("-----END OPENSSH PRIVATE KEY-----"))
            .ok_or(ReceiptKeyError::Malformed)?;
        let packed: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
        let bytes =
            Zeroizing::new(STANDARD.decode(packed.as_bytes()).map_err(|_| ReceiptKeyError::Malformed)?);
        let mut fields = Fields(bytes.strip_prefix(b"openssh-key-v1\0").ok_or(ReceiptKeyError::Malformed)?);
        let cipher = fields.text()?;
        if cipher != b"none" {
            return Err(ReceiptKeyError::Encrypted);
        }
        fields.text()?;
        fields.text()?;
        if fields.number()? != 1 {
            return Err(ReceiptKeyError::Malformed);
        }
        fields.text()?;
        let mut secret = Fields(fields.text()?);
        if secret.number()? != secret.number()? {
            return Err(ReceiptKeyError::Malformed);
        }
        if secret.text()? != b"ssh-ed25519" {
            return Err(ReceiptKeyError::Unsupported);
        }
        let public = secret.text()?;
        let seed: [u8; 32] = secret
            .text()?
            .get(..32)
            .and_then(|seed| seed.try_into().ok())
            .ok_or(ReceiptKeyError::Malformed)?;
        let seed = Zeroizing::new(seed);
        let key = SigningKey::from_seed(&seed);
        // A public half that does not fit would make signatures that give the key away.
        if key.verifying_key().as_bytes() != public {
            return Err(ReceiptKeyError::Malformed);
        }
        Ok(Self(key))
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.0.verifying_key()
    }

    pub(super) fn sign(&self, message: &[u8]) -> Signature {
        self.0.sign(message)
    }
}

/// The fields of SSH's own format: a length in four big-endian bytes, then so many bytes.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn number(&mut self) -> Result<u32, ReceiptKeyError> {
        let (head, rest) = self.0.split_at_checked(4).ok_or(ReceiptKeyError::Malformed)?;
        self.0 = rest;
        head.try_into().map(u32::from_be_bytes).map_err(|_| ReceiptKeyError::Malformed)
    }

    fn text(&mut self) -> Result<&'a [u8], ReceiptKeyError> {
        let length = usize::try_from(self.number()?).map_err(|_| ReceiptKeyError::Malformed)?;
        let (head, rest) = self.0.split_at_checked(length).ok_or(ReceiptKeyError::Malformed)?;
        self.0 = rest;
        Ok(head)
    }
}

/// Signs that a disclosure was deleted. `token` is the digest of its text, as [`super::Token::digest`] gives it.
///
/// # Errors
/// [`IssueError::Json`], which does not happen.
pub fn make_receipt(
    disclosure: &Verified,
    token: FileDigest,
    now: Timestamp,
    key: &ReceiptKey,
) -> Result<String, IssueError> {
    let public = key.verifying_key();
    let payload = ReceiptWire {
        iss: public.fingerprint().to_uri(),
        aud: disclosure.issuer.to_uri(),
        jti: disclosure.id.clone(),
        token_sha256: token,
        statement: STATEMENT.to_owned(),
        iat: now.as_second(),
    };
    sign_jwt(&payload, RECEIPT_TYP, &public, |message| key.sign(message))
}

impl Receipt {
    /// Reads a receipt and checks its form and signature.
    ///
    /// # Errors
    /// [`VerifyError::Invalid`]; [`VerifyError::ClockSuspect`] for one that was signed after `now`.
    pub fn read(text: &str, now: Timestamp) -> Result<Self, VerifyError> {
        let text = text.trim();
        if text.len() > MAX_RECEIPT_LEN {
            return Err(VerifyError::Invalid("a receipt too large to read"));
        }
        let (wire, signer) = verify_jwt::<ReceiptWire>(text, RECEIPT_TYP)?;
        if wire.iss != signer.fingerprint().to_uri() {
            return Err(VerifyError::Invalid("an issuer that is not the key's fingerprint"));
        }
        if wire.statement != STATEMENT {
            return Err(VerifyError::Invalid("a receipt that states something else than deletion"));
        }
        if from_base64url(&wire.jti).is_none_or(|bytes| bytes.len() != 16) {
            return Err(VerifyError::Invalid("an id that is not of 128 bits"));
        }
        let deleted = Timestamp::from_second(wire.iat)
            .map_err(|_| VerifyError::Invalid("a time beyond all calendars"))?;
        if wire.iat > now.as_second().saturating_add(CLOCK_SKEW_S) {
            return Err(VerifyError::ClockSuspect { issued: deleted });
        }
        Ok(Self { signer, issuer: wire.aud, id: wire.jti, token: wire.token_sha256, deleted })
    }

    /// Whether it is about this very token, signed by this key.
    pub fn matches(&self, disclosure: &Verified, token: FileDigest, key: &VerifyingKey) -> bool {
        self.signer == *key
            && self.issuer == disclosure.issuer.to_uri()
            && self.id == disclosure.id
            && self.token == token
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: &str = include_str!("../../tests/fixtures/disclosure/ssh-plain");
    const PUBLIC: &str = include_str!("../../tests/fixtures/disclosure/ssh-plain.pub");

    #[test]
    fn an_openssh_key_is_read_as_ssh_keygen_wrote_it() {
        let key = ReceiptKey::from_openssh(PLAIN.as_bytes()).unwrap();
        let body = PUBLIC.split_ascii_whitespace().nth(1).unwrap();
        let public = STANDARD.decode(body).unwrap();
        assert_eq!(key.verifying_key().as_bytes(), &public[public.len() - 32..]);
        let locked = include_bytes!("../../tests/fixtures/disclosure/ssh-locked");
        assert_eq!(ReceiptKey::from_openssh(locked).err(), Some(ReceiptKeyError::Encrypted));
        let rsa = include_bytes!("../../tests/fixtures/disclosure/ssh-rsa");
        assert!(ReceiptKey::from_openssh(rsa).is_err());
    }

    #[test]
    fn every_altered_byte_of_a_key_is_noticed_or_harmless() {
        let good = ReceiptKey::from_openssh(PLAIN.as_bytes()).unwrap().verifying_key();
        for at in 0..PLAIN.len() {
            let mut bytes = PLAIN.as_bytes().to_vec();
            bytes[at] ^= 1;
            if let Ok(key) = ReceiptKey::from_openssh(&bytes) {
                assert_eq!(key.verifying_key(), good, "byte {at}");
            }
            let _ = ReceiptKey::from_openssh(&PLAIN.as_bytes()[..at]);
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(text: String, bytes: Vec<u8>) {
            let _ = Receipt::read(&text, Timestamp::UNIX_EPOCH);
            let _ = ReceiptKey::from_openssh(&bytes);
            let body = STANDARD.encode([b"openssh-key-v1\0".as_slice(), &bytes].concat());
            let file = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n");
            let _ = ReceiptKey::from_openssh(file.as_bytes());
        }
    }
}
