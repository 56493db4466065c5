//! Whom a disclosure is for, as its `aud` claim says it: a digest of the recipient's key or of the passcode.

use super::json::{base64url, from_base64url};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// How a SHA-256 digest is written as a URI (RFC 6920).
const NAMED_INFORMATION: &str = "ni:///sha-256;";

/// A text that names no audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an audience: expected ni:///sha-256; and a digest")]
pub struct AudienceError;

/// The one that a disclosure is for: `ni:///sha-256;` and the SHA-256 of the canonical text of an `age1…` or
/// `ssh-ed25519 …` key, or of a passcode.
///
/// Who knows the key (or passcode) can tell whether a token is for it; a passcode of 125 random bits
/// can't be found from its digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Audience([u8; 32]);

impl Audience {
    /// The audience of disclosures to a public key, `age1…` or `ssh-ed25519 …`, as people hand it over: spaces around
    /// it, upper case and an SSH key's comment do no harm. Whether the text is a key is not asked: nothing is ever
    /// made out to one that is not.
    pub fn of_key(text: &str) -> Self {
        let mut words = text.split_ascii_whitespace();
        match (words.next(), words.next()) {
            (Some("ssh-ed25519"), Some(encoded)) => Self::of_text(&format!("ssh-ed25519 {encoded}")),
            _ => Self::of_text(&text.trim().to_ascii_lowercase()),
        }
    }

    /// The audience of a canonical text.
    pub(super) fn of_text(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// The digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAMED_INFORMATION}{}", base64url(&self.0))
    }
}

impl fmt::Debug for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Audience {
    type Err = AudienceError;

    fn from_str(text: &str) -> Result<Self, AudienceError> {
        text.strip_prefix(NAMED_INFORMATION)
            .and_then(from_base64url)
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or(AudienceError)
    }
}
