//! The key-binding part: what the holder signs where they pass a token on (RFC 9901, section 4.3).
//!
//! A token that may be passed on names its recipient's key in `cnf`. Whoever holds that key can leave disclosures out
//! and sign, in a JWT behind the last tilde, for whom the rest is, when, and with which nonce. This signature covers
//! every byte before it, so nothing can be taken from the copy or added to it afterwards.

use super::audience::Audience;
use super::json::{base64url, is_plain};
use super::terms::{OnwardSharing, Terms};
use super::token::{ALG, ALG_FULLY_SPECIFIED, CLOCK_SKEW_S, Jwk};
use super::verify::{Checked, VerifyError, check_signature, decode, invalid, jwt_parts, read_jwk};
use crate::crypto::sign::{Fingerprint, VerifyingKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The `typ` of a key-binding part.
pub const BINDING_TYP: &str = "kb+jwt";
/// The longest nonce, in bytes.
pub const MAX_NONCE_LEN: usize = 200;

/// Who passed a copy on, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// Who passed it on: the recipient, whose key the owner put into the token. Compare it with theirs.
    pub holder: Fingerprint,
    /// When they signed that, in whole seconds.
    pub at: Timestamp,
    /// The reader's own nonce, or a random one: see [`super::Verified::check_nonce`].
    pub nonce: String,
    /// Whom the owner made it out to: the holder, under the key or passcode that it was sealed to first.
    pub first_audience: Audience,
}

/// The `cnf` claim (RFC 7800, section 3.2): the holder's key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmation {
    jwk: Jwk,
}

impl Confirmation {
    pub(super) fn of(key: &VerifyingKey) -> Self {
        Self { jwk: Jwk::of(key) }
    }
}

/// The header: the key is the token's business, so it is not repeated.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BindingHeader {
    pub(super) alg: String,
    pub(super) typ: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BindingPayload {
    pub(super) iat: i64,
    pub(super) aud: String,
    pub(super) nonce: String,
    pub(super) sd_hash: String,
}

/// The digest of what is presented: the token up to and with its last tilde (RFC 9901, section 4.3.1).
pub(super) fn sd_hash(presented: &str) -> String {
    base64url(&Sha256::digest(presented.as_bytes()))
}

/// Whether a text can be a nonce: something, not too long, and nothing that misleads who reads it.
pub(super) fn is_nonce(text: &str) -> bool {
    (1..=MAX_NONCE_LEN).contains(&text.len()) && is_plain(text)
}

/// The holder's key, where the token names one.
pub(super) fn holder(cnf: Option<&Confirmation>, terms: &Terms) -> Checked<Option<VerifyingKey>> {
    let Some(cnf) = cnf else { return Ok(None) };
    if terms.onward_sharing == OnwardSharing::Prohibited {
        return invalid("a key to pass it on with, under terms that prohibit it");
    }
    read_jwk(&cnf.jwk).map(Some)
}

/// Checks what stands behind the last tilde of a token; none where nothing does.
pub(super) fn check(
    token: &str,
    bound: &str,
    holder: Option<&VerifyingKey>,
    first_audience: Audience,
) -> Checked<Option<(Audience, Presented)>> {
    if bound.is_empty() {
        return Ok(None);
    }
    let Some(holder) = holder else {
        return invalid("a key-binding part, though the token names no holder");
    };
    let [header, payload, signature] = jwt_parts(bound)?;
    let BindingHeader { alg, typ } = decode(header, "the header of the key binding")?;
    if typ != BINDING_TYP {
        return invalid("another type of key binding");
    }
    if alg != ALG && alg != ALG_FULLY_SPECIFIED {
        return invalid("another signature algorithm of the key binding");
    }
    check_signature(bound, signature, holder)?;
    let payload: BindingPayload = decode(payload, "the payload of the key binding")?;
    let presented = token.get(..token.len().saturating_sub(bound.len())).unwrap_or_default();
    if payload.sd_hash != sd_hash(presented) {
        return invalid("a key binding of another copy");
    }
    if !is_nonce(&payload.nonce) {
        return invalid("a nonce of the wrong form");
    }
    let audience = payload
        .aud
        .parse()
        .map_err(|_| VerifyError::Invalid("an audience of the key binding that is none"))?;
    let at = Timestamp::from_second(payload.iat)
        .map_err(|_| VerifyError::Invalid("a time beyond all calendars"))?;
    let holder = holder.fingerprint();
    Ok(Some((audience, Presented { holder, at, nonce: payload.nonce, first_audience })))
}

impl Presented {
    /// Whether it was passed on within the token's life, and not in the reader's future.
    pub(super) fn check_clock(&self, issued: Timestamp, expires: Timestamp, now: Timestamp) -> Checked<()> {
        if self.at.as_second() < issued.as_second().saturating_sub(CLOCK_SKEW_S) {
            return invalid("passed on before it was made");
        }
        if self.at >= expires {
            return invalid("passed on after it expired");
        }
        if self.at.as_second() > now.as_second().saturating_add(CLOCK_SKEW_S) {
            return Err(VerifyError::ClockSuspect { issued: self.at });
        }
        Ok(())
    }
}
