//! Revocation: a signed list of bits that says which of one recipient's disclosures the owner took back.
//!
//! The form is that of the Token Status List (draft-ietf-oauth-status-list-21): a JWT of the type
//! `statuslist+jwt` with one bit a token, zlib-compressed (section 4), signed by the very key that signs the
//! recipient's disclosures. There is one list for each recipient, so that no two recipients see one list.
//! A list is a file that the owner sends; nothing here fetches anything.

use super::issue::{IssueError, IssuerKey, signed};
use super::json::{base64url, from_base64url};
use super::terms::Lifetime;
use super::token::CLOCK_SKEW_S;
use super::verify::{Verified, VerifyError, verify_jwt};
use crate::crypto::sign::{Fingerprint, VerifyingKey};
use jiff::Timestamp;
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The `typ` of a status list.
pub const STATUS_LIST_TYP: &str = "statuslist+jwt";
/// How many places the smallest list has. Places are taken at random, so that neither their number nor
/// their order shows how many disclosures there are.
pub const MIN_STATUS_PLACES: u32 = 8_192;
/// The most places one list can have.
pub const MAX_STATUS_PLACES: u32 = 1 << 20;
/// The largest status list that is read, in bytes.
pub const MAX_STATUS_LIST_LEN: usize = 512 * 1024;

const URI_PREFIX: &str = "urn:finvault:status:";

/// Where a disclosure's status is to be found: a place in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRef {
    uri: String,
    idx: u32,
}

impl StatusRef {
    /// Place `idx` of the list with this 16-byte name; none where the place is beyond [`MAX_STATUS_PLACES`].
    pub fn new(list: &[u8; 16], idx: u32) -> Option<Self> {
        (idx < MAX_STATUS_PLACES).then(|| Self { uri: status_list_uri(list), idx })
    }

    /// The list's name, `urn:finvault:status:` and 16 bytes in base64url.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The place, from 0.
    pub const fn idx(&self) -> u32 {
        self.idx
    }
}

fn status_list_uri(list: &[u8; 16]) -> String {
    format!("{URI_PREFIX}{}", base64url(list))
}

/// The `status` claim (section 6.1 of the draft).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusWire {
    status_list: StatusRefWire,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusRefWire {
    idx: u32,
    uri: String,
}

impl From<&StatusRef> for StatusWire {
    fn from(status: &StatusRef) -> Self {
        Self { status_list: StatusRefWire { idx: status.idx, uri: status.uri.clone() } }
    }
}

impl TryFrom<StatusWire> for StatusRef {
    type Error = &'static str;

    fn try_from(wire: StatusWire) -> Result<Self, Self::Error> {
        let StatusRefWire { idx, uri } = wire.status_list;
        let name = uri.strip_prefix(URI_PREFIX).and_then(from_base64url);
        if name.is_none_or(|name| name.len() != 16) {
            return Err("a status list whose name is not one of ours");
        }
        if idx >= MAX_STATUS_PLACES {
            return Err("a place beyond any status list");
        }
        Ok(Self { uri, idx })
    }
}

/// The payload of a list (section 5.1 of the draft).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListPayload {
    sub: String,
    iat: i64,
    exp: i64,
    status_list: BitsWire,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BitsWire {
    bits: u8,
    lst: String,
}

/// Signs a status list of at least `places` places, of which `revoked` are set. `valid_for` says for how long
/// readers may go by it.
///
/// # Errors
/// [`IssueError::BadFact`] for a place beyond [`MAX_STATUS_PLACES`], [`IssueError::BadTimes`].
pub fn sign_status_list(
    list: &[u8; 16],
    places: u32,
    revoked: &[u32],
    valid_for: Lifetime,
    now: Timestamp,
    key: &IssuerKey,
) -> Result<String, IssueError> {
    let highest = revoked.iter().copied().max().map_or(0, |idx| idx.saturating_add(1));
    let places = places.max(highest);
    if places > MAX_STATUS_PLACES {
        return Err(IssueError::BadFact("a place beyond any status list"));
    }
    let places = places.max(MIN_STATUS_PLACES).next_power_of_two();
    let mut bytes = vec![0u8; (places / 8) as usize];
    for idx in revoked {
        // The place with the lowest number is the lowest bit of the first byte (section 4.1).
        if let Some(byte) = bytes.get_mut((idx / 8) as usize) {
            *byte |= 1 << (idx % 8);
        }
    }
    let issued_s = now.as_second();
    let payload = ListPayload {
        sub: status_list_uri(list),
        iat: issued_s,
        exp: issued_s.checked_add(valid_for.seconds()).ok_or(IssueError::BadTimes)?,
        status_list: BitsWire { bits: 1, lst: base64url(&compress_to_vec_zlib(&bytes, 9)) },
    };
    signed(&payload, STATUS_LIST_TYP, key)
}

/// A list whose form and signature are good. Whose list it is shows against a disclosure: [`StatusList::check`].
#[derive(Clone)]
pub struct StatusList {
    signer: VerifyingKey,
    uri: String,
    issued: Timestamp,
    expires: Timestamp,
    bytes: Vec<u8>,
}

/// What is known of a disclosure's revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revocation {
    /// The owner took it back; the list says so.
    Revoked {
        /// When the list was signed.
        as_of: Timestamp,
    },
    /// It was not revoked when the list was signed.
    NotRevoked {
        /// When that was.
        as_of: Timestamp,
    },
    /// Nothing is known; the text says why.
    NotChecked(&'static str),
}

impl Revocation {
    /// The word that JSON uses.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Revoked { .. } => "revoked",
            Self::NotRevoked { .. } => "not-revoked",
            Self::NotChecked(_) => "not-checked",
        }
    }
}

impl fmt::Display for Revocation {
    /// For example `not revoked as of 2026-02-01T00:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revoked { as_of } => write!(f, "revoked (status list of {as_of})"),
            Self::NotRevoked { as_of } => write!(f, "not revoked as of {as_of}"),
            Self::NotChecked(why) => write!(f, "not checked: {why}"),
        }
    }
}

impl StatusList {
    /// Reads a list and checks its form and signature.
    ///
    /// # Errors
    /// [`VerifyError::Invalid`].
    pub fn read(text: &str) -> Result<Self, VerifyError> {
        if text.len() > MAX_STATUS_LIST_LEN {
            return Err(VerifyError::Invalid("a status list too large to read"));
        }
        let (payload, signer) = verify_jwt::<ListPayload>(text, STATUS_LIST_TYP)?;
        let time = |second| {
            Timestamp::from_second(second).map_err(|_| VerifyError::Invalid("a time beyond all calendars"))
        };
        let (issued, expires) = (time(payload.iat)?, time(payload.exp)?);
        if payload.exp <= payload.iat || payload.exp.saturating_sub(payload.iat) > Lifetime::MAX_S {
            return Err(VerifyError::Invalid("a status list with times in the wrong order or too far apart"));
        }
        if payload.status_list.bits != 1 {
            return Err(VerifyError::Invalid("a status list of more than one bit a place"));
        }
        let packed = from_base64url(&payload.status_list.lst);
        let bytes = packed
            .and_then(|packed| {
                decompress_to_vec_zlib_with_limit(&packed, (MAX_STATUS_PLACES / 8) as usize).ok()
            })
            .ok_or(VerifyError::Invalid("a status list that does not unpack"))?;
        Ok(Self { signer, uri: payload.sub, issued, expires, bytes })
    }

    /// Who signed it.
    pub fn signer(&self) -> Fingerprint {
        self.signer.fingerprint()
    }

    /// When it was signed.
    pub const fn issued(&self) -> Timestamp {
        self.issued
    }

    /// From when on it says nothing any more.
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// What the list says of a disclosure. A revocation holds however old the list is, since it is never taken
    /// back; that something was *not* revoked, only a list says that is not stale.
    pub fn check(&self, disclosure: &Verified, now: Timestamp) -> Revocation {
        let Some(status) = &disclosure.status else {
            return Revocation::NotChecked("the disclosure names no status list");
        };
        if status.uri != self.uri || disclosure.issuer_key != self.signer {
            return Revocation::NotChecked("the status list is not the one that the disclosure names");
        }
        let byte = self.bytes.get((status.idx / 8) as usize);
        match byte.map(|byte| byte >> (status.idx % 8) & 1 == 1) {
            Some(true) => Revocation::Revoked { as_of: self.issued },
            _ if now >= self.expires => Revocation::NotChecked("the status list is stale"),
            _ if now.as_second() < self.issued.as_second().saturating_sub(CLOCK_SKEW_S) => {
                Revocation::NotChecked("the status list is from the future, by this clock")
            }
            _ if self.issued < disclosure.issued => {
                Revocation::NotChecked("the status list is older than the disclosure")
            }
            Some(false) => Revocation::NotRevoked { as_of: self.issued },
            None => Revocation::NotChecked("the status list has no such place"),
        }
    }
}
