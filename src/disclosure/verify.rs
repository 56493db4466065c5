//! Verifying a token: text in, facts out, and nothing in between that is only probably right.
//!
//! Stricter than RFC 9901 asks for. A token that says anything this module does not know is invalid, as is
//! one with a disclosure that nothing refers to: two widely used libraries accept such a forgery, and
//! its reader would see a fact that nobody signed.

use super::audience::Audience;
use super::fact::{Fact, FactWire, Row, Slot, TransactionsFact, TransactionsWire};
use super::json::{from_base64url, parse_strict};
use super::root::LedgerRoot;
use super::status::StatusRef;
use super::terms::{Lifetime, Purpose, Terms};
use super::token::{
    ALG, ALG_FULLY_SPECIFIED, CLOCK_SKEW_S, Header, Jwk, MAX_DISCLOSURES, MAX_TOKEN_LEN, Payload, TYP, VCT,
    disclosure_digest,
};
use super::verdict::Verdict;
use crate::crypto::sign::{Fingerprint, Signature, VerifyingKey};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// The shortest salt of a disclosure, in bytes (RFC 9901 recommends 128 bits).
const MIN_SALT_LEN: usize = 16;

/// What the verifier holds the token against.
#[derive(Debug, Clone, Copy)]
pub struct Expectation<'a> {
    /// The time now.
    pub now: Timestamp,
    /// Who the reader is.
    pub audience: ExpectedAudience<'a>,
}

/// Who may be the token's audience.
#[derive(Debug, Clone, Copy)]
pub enum ExpectedAudience<'a> {
    /// One of these: the reader's keys, or the passcode in hand.
    OneOf(&'a [Audience]),
    /// Not checked, because the reader gave no key: say so wherever the result is shown.
    Unchecked,
}

/// A token that verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Who signed it. Whether that is who it should be, only a comparison of this fingerprint can tell.
    pub issuer: Fingerprint,
    /// The key itself.
    pub issuer_key: VerifyingKey,
    /// Whom it is for.
    pub audience: Audience,
    /// Whether the audience was compared with the reader's.
    pub audience_checked: bool,
    /// Its id.
    pub id: String,
    /// When it was made.
    pub issued: Timestamp,
    /// From when it holds.
    pub not_before: Timestamp,
    /// The first moment at which it no longer holds.
    pub expires: Timestamp,
    /// What it may be used for.
    pub purpose: Purpose,
    /// What is asked of the recipient; `retain_until` is always there.
    pub terms: Terms,
    /// The commitment to the rows beneath the facts.
    pub ledger_root: LedgerRoot,
    /// Where its revocation would be found, if it can be revoked.
    pub status: Option<StatusRef>,
    /// The facts.
    pub facts: Vec<Fact>,
    /// How many facts were signed but are not in this copy.
    pub withheld_facts: u64,
}

/// Why a token did not verify. No variant carries a fact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Damaged, forged, or not a disclosure; the text says what is wrong.
    #[error("not a valid disclosure: {0}")]
    Invalid(&'static str),
    /// Signed, but for somebody else.
    #[error("the disclosure is for another recipient")]
    WrongAudience,
    /// Signed, but no longer good.
    #[error("the disclosure expired at {expired}")]
    Expired {
        /// When.
        expired: Timestamp,
    },
    /// Signed, but not good yet.
    #[error("the disclosure holds only from {from}")]
    NotYetValid {
        /// From when.
        from: Timestamp,
    },
    /// Signed at a time that this computer's clock says is still to come.
    #[error("the disclosure was made at {issued}, which this clock says is in the future")]
    ClockSuspect {
        /// When it says that it was made.
        issued: Timestamp,
    },
}

impl VerifyError {
    /// The verdict that this is.
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Invalid(_) => Verdict::Invalid,
            Self::WrongAudience => Verdict::NotForRecipient,
            Self::Expired { .. } => Verdict::Expired,
            Self::NotYetValid { .. } => Verdict::NotYetValid,
            Self::ClockSuspect { .. } => Verdict::ClockSuspect,
        }
    }
}

type Checked<T> = Result<T, VerifyError>;

const fn invalid<T>(what: &'static str) -> Checked<T> {
    Err(VerifyError::Invalid(what))
}

/// Verifies a token in compact form, with nothing before or after it.
///
/// A token holds iff `nbf - 60 s <= now < exp`, and no token holds before `iat - 60 s`.
///
/// # Errors
/// [`VerifyError`], the first of: form, signature, claims, audience, clock.
pub fn verify(token: &str, expectation: &Expectation<'_>) -> Checked<Verified> {
    let verified = verify_undated(token, expectation.audience)?;
    check_clock(&verified, expectation.now)?;
    Ok(verified)
}

/// Verifies all of a token but its times: for an earlier disclosure that a later one is held against (see
/// [`compare`](super::compare)). It may have expired: what it states may be named as what it said then, never as
/// something that holds.
///
/// # Errors
/// [`VerifyError`], the first of: form, signature, claims, audience.
pub fn verify_undated(token: &str, audience: ExpectedAudience<'_>) -> Checked<Verified> {
    if token.len() > MAX_TOKEN_LEN {
        return invalid("too large");
    }
    let mut parts = token.split('~');
    let jwt = parts.next().unwrap_or_default();
    let Some(last) = parts.next_back() else { return invalid("no tilde after the signature") };
    if !last.is_empty() {
        return invalid("a key-binding part, which disclosures do not have");
    }
    let (payload, issuer_key) = verify_jwt::<Payload>(jwt, TYP)?;
    let claims = Claims::check(&payload, &issuer_key)?;
    let status = payload.status.map(StatusRef::try_from).transpose().map_err(VerifyError::Invalid)?;
    let mut disclosures = Disclosures::read(parts)?;
    let (facts, withheld_facts) = disclosures.facts(payload.facts)?;
    disclosures.all_used()?;
    let audience_checked = check_audience(claims.audience, audience)?;
    Ok(Verified {
        issuer: issuer_key.fingerprint(),
        issuer_key,
        audience: claims.audience,
        audience_checked,
        id: payload.jti,
        issued: claims.issued,
        not_before: claims.not_before,
        expires: claims.expires,
        purpose: payload.purpose,
        terms: payload.terms.into(),
        ledger_root: claims.ledger_root,
        status,
        facts,
        withheld_facts,
    })
}

/// Checks the signature under the key that the header carries; whose key it is, is another question.
pub(super) fn verify_jwt<T: DeserializeOwned>(jwt: &str, expected_typ: &str) -> Checked<(T, VerifyingKey)> {
    let mut parts = jwt.split('.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return invalid("not header, payload and signature");
    };
    let Header { alg, jwk, kid, typ } = decode(header, "the header")?;
    if typ != expected_typ {
        return invalid("another type of token");
    }
    if alg != ALG && alg != ALG_FULLY_SPECIFIED {
        return invalid("another signature algorithm");
    }
    let key = read_jwk(&jwk)?;
    if kid != key.fingerprint().to_base64url() {
        return invalid("a key id that is not the key's fingerprint");
    }
    let signature: Option<[u8; 64]> = from_base64url(signature).and_then(|bytes| bytes.try_into().ok());
    let Some(signature) = signature else { return invalid("a signature of the wrong form") };
    let signed_len = header.len().saturating_add(1).saturating_add(payload.len());
    let signed = jwt.as_bytes().get(..signed_len).unwrap_or_default();
    if key.verify(signed, &Signature::from_bytes(signature)).is_err() {
        return invalid("the signature does not match");
    }
    Ok((decode(payload, "the payload")?, key))
}

fn read_jwk(jwk: &Jwk) -> Checked<VerifyingKey> {
    if jwk.kty != "OKP" || jwk.crv != "Ed25519" {
        return invalid("another kind of key");
    }
    let bytes: Option<[u8; 32]> = from_base64url(&jwk.x).and_then(|bytes| bytes.try_into().ok());
    let Some(bytes) = bytes else { return invalid("a key of the wrong form") };
    VerifyingKey::from_bytes(&bytes).map_err(|_| VerifyError::Invalid("a key that is none"))
}

/// Decodes base64url and strict JSON into a type that knows all its members.
fn decode<T: DeserializeOwned>(text: &str, what: &'static str) -> Checked<T> {
    let json = from_base64url(text).ok_or(VerifyError::Invalid("text that is not canonical base64url"))?;
    let value = parse_strict(&json).map_err(|_| VerifyError::Invalid("JSON that is not strict"))?;
    serde_json::from_value(value).map_err(|_| VerifyError::Invalid(what))
}

/// The claims of the payload that are more than text.
struct Claims {
    audience: Audience,
    ledger_root: LedgerRoot,
    issued: Timestamp,
    not_before: Timestamp,
    expires: Timestamp,
}

impl Claims {
    fn check(payload: &Payload, key: &VerifyingKey) -> Checked<Self> {
        if payload.vct != VCT {
            return invalid("another version of the format");
        }
        if payload.sd_alg != "sha-256" {
            return invalid("another digest algorithm");
        }
        if payload.iss != key.fingerprint().to_uri() {
            return invalid("an issuer that is not the key's fingerprint");
        }
        if from_base64url(&payload.jti).is_none_or(|bytes| bytes.len() != 16) {
            return invalid("an id that is not of 128 bits");
        }
        let audience = payload.aud.parse().map_err(|_| VerifyError::Invalid("an audience that is none"))?;
        let root: Option<[u8; 32]> =
            from_base64url(&payload.ledger_root).and_then(|bytes| bytes.try_into().ok());
        let Some(root) = root else { return invalid("a ledger root of the wrong form") };
        let time = |second: i64| {
            Timestamp::from_second(second).map_err(|_| VerifyError::Invalid("a time beyond all calendars"))
        };
        let claims = Self {
            audience,
            ledger_root: LedgerRoot::from_bytes(root),
            issued: time(payload.iat)?,
            not_before: time(payload.nbf)?,
            expires: time(payload.exp)?,
        };
        if payload.nbf < payload.iat || payload.exp <= payload.nbf {
            return invalid("times in the wrong order");
        }
        if payload.exp.saturating_sub(payload.iat) > Lifetime::MAX_S {
            return invalid("a lifetime of more than 365 days");
        }
        Ok(claims)
    }
}

fn check_clock(verified: &Verified, now: Timestamp) -> Checked<()> {
    let now_s = now.as_second();
    if now_s < verified.issued.as_second().saturating_sub(CLOCK_SKEW_S) {
        return Err(VerifyError::ClockSuspect { issued: verified.issued });
    }
    if now_s < verified.not_before.as_second().saturating_sub(CLOCK_SKEW_S) {
        return Err(VerifyError::NotYetValid { from: verified.not_before });
    }
    if now >= verified.expires {
        return Err(VerifyError::Expired { expired: verified.expires });
    }
    Ok(())
}

fn check_audience(audience: Audience, expected: ExpectedAudience<'_>) -> Checked<bool> {
    match expected {
        ExpectedAudience::Unchecked => Ok(false),
        ExpectedAudience::OneOf(readers) if readers.contains(&audience) => Ok(true),
        ExpectedAudience::OneOf(_) => Err(VerifyError::WrongAudience),
    }
}

/// The disclosures that follow the signature, by digest, until something refers to them.
struct Disclosures {
    values: HashMap<String, Value>,
    referred: HashSet<String>,
}

impl Disclosures {
    fn read<'t>(encoded: impl Iterator<Item = &'t str>) -> Checked<Self> {
        let mut values = HashMap::new();
        for (index, encoded) in encoded.enumerate() {
            if index >= MAX_DISCLOSURES {
                return invalid("too many disclosures");
            }
            let (salt, value): (String, Value) =
                decode(encoded, "a disclosure that is not a salt and a value")?;
            if from_base64url(&salt).is_none_or(|bytes| bytes.len() < MIN_SALT_LEN) {
                return invalid("a salt of less than 128 bits");
            }
            if values.insert(disclosure_digest(encoded), value).is_some() {
                return invalid("a disclosure that is there twice");
            }
        }
        Ok(Self { values, referred: HashSet::new() })
    }

    /// Takes the value that a slot refers to; none when it is not in this copy.
    fn take(&mut self, slot: Slot) -> Checked<Option<Value>> {
        if from_base64url(&slot.digest).is_none_or(|bytes| bytes.len() != 32) {
            return invalid("a digest of the wrong form");
        }
        let value = self.values.remove(&slot.digest);
        if !self.referred.insert(slot.digest) {
            return invalid("a digest that is there twice");
        }
        Ok(value)
    }

    fn facts(&mut self, slots: Vec<Slot>) -> Checked<(Vec<Fact>, u64)> {
        if slots.is_empty() {
            return invalid("no facts");
        }
        let mut facts = Vec::new();
        let mut withheld = 0u64;
        for slot in slots {
            match self.take(slot)? {
                Some(value) => facts.push(self.fact(value)?),
                None => withheld = withheld.saturating_add(1),
            }
        }
        Ok((facts, withheld))
    }

    fn fact(&mut self, value: Value) -> Checked<Fact> {
        let wire =
            serde_json::from_value(value).map_err(|_| VerifyError::Invalid("a fact of unknown form"))?;
        let read = match wire {
            FactWire::Transactions(wire) => return self.transactions(wire).map(Fact::Transactions),
            FactWire::Balance(wire) => wire.try_into().map(Fact::Balance),
            FactWire::BalanceRange(wire) => wire.try_into().map(Fact::BalanceRange),
            FactWire::BalanceThreshold(wire) => wire.try_into().map(Fact::Threshold),
            FactWire::TotalsByPeriod(wire) => wire.try_into().map(Fact::Totals),
            FactWire::Account(wire) => wire.try_into().map(Fact::Account),
            FactWire::Document(wire) => wire.try_into().map(Fact::Document),
        };
        read.map_err(VerifyError::Invalid)
    }

    fn transactions(&mut self, wire: TransactionsWire<Slot>) -> Checked<TransactionsFact> {
        let mut rows = Vec::new();
        let mut withheld = 0u64;
        for slot in wire.rows {
            match self.take(slot)? {
                Some(value) => rows.push(
                    serde_json::from_value::<Row>(value)
                        .map_err(|_| VerifyError::Invalid("a row of unknown form"))?,
                ),
                None => withheld = withheld.saturating_add(1),
            }
        }
        let fact = TransactionsFact {
            account: wire.account,
            payees: wire.payees,
            rows,
            withheld,
            selection: wire.selection,
            evidence: wire.evidence,
        };
        fact.check().map_err(VerifyError::Invalid)?;
        Ok(fact)
    }

    fn all_used(&self) -> Checked<()> {
        if self.values.is_empty() { Ok(()) } else { invalid("a disclosure that nothing refers to") }
    }
}
