//! The token: an SD-JWT in compact form, and the names and limits that issuing and verifying share.

use super::binding::Confirmation;
use super::fact::Slot;
use super::selection::FileDigest;
use super::status::StatusWire;
use super::terms::{Purpose, TermsWire};
use crate::crypto::sign::VerifyingKey;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// The `typ` of the header. Nothing else passes, so no other JWT under the same key is taken for a disclosure.
pub const TYP: &str = "finvault-disclosure+sd-jwt";
/// The `vct` of the payload: which claims there are. A verifier rejects a `vct` or a claim that it does not know.
pub const VCT: &str = "finvault.disclosure.1";
/// The algorithm's name in tokens that we issue.
pub const ALG: &str = "EdDSA";
/// The newer name of the same algorithm (RFC 9864), also accepted.
pub const ALG_FULLY_SPECIFIED: &str = "Ed25519";
/// The largest token that is read or made, in bytes.
pub const MAX_TOKEN_LEN: usize = 16 * 1024 * 1024;
/// The most facts and rows together in one token.
pub const MAX_DISCLOSURES: usize = 50_000;
/// By how much two honest clocks may differ, in seconds.
pub const CLOCK_SKEW_S: i64 = 60;

/// A signed disclosure, readable by whoever holds it: `header.payload.signature~disclosure~…~`, followed by the
/// holder's key-binding part where it was passed on.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    pub(super) const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SHA-256 of the text: what the log keeps of it.
    pub fn digest(&self) -> FileDigest {
        FileDigest::from_bytes(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Token {
    /// The digest only, since the text is what the owner wants few to see.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token(sha256 {})", self.digest())
    }
}

/// The JOSE header (RFC 7515). Members that are not named here are rejected, `crit` among them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) jwk: Jwk,
    pub(super) kid: String,
    pub(super) typ: String,
}

/// A public Ed25519 key (RFC 8037).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Jwk {
    pub(super) crv: String,
    pub(super) kty: String,
    pub(super) x: String,
}

impl Jwk {
    /// The one form in which a key is written.
    pub(super) fn of(key: &VerifyingKey) -> Self {
        let x = super::json::base64url(key.as_bytes());
        Self { crv: "Ed25519".to_owned(), kty: "OKP".to_owned(), x }
    }
}

/// The signed payload.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Payload {
    pub(super) iss: String,
    pub(super) aud: String,
    pub(super) jti: String,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
    pub(super) vct: String,
    pub(super) purpose: Purpose,
    pub(super) terms: TermsWire,
    pub(super) ledger_root: String,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<StatusWire>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(super) cnf: Option<Confirmation>,
    pub(super) facts: Vec<Slot>,
    #[serde(rename = "_sd_alg")]
    pub(super) sd_alg: String,
}

/// A member that may be absent, but where it is there is not `null`.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The digest by which a payload or a disclosure refers to another disclosure (RFC 9901, section 4.2.3).
pub(super) fn disclosure_digest(encoded: &str) -> String {
    super::json::base64url(&Sha256::digest(encoded.as_bytes()))
}
