//! Verifying a token: text in, facts out, and nothing in between that is only probably right.
//!
//! Stricter than RFC 9901 asks for. A token that says anything this module does not know is invalid, as is
//! one with a disclosure that nothing refers to: two widely used libraries accept such a forgery, and
//! its reader would see a fact that nobody signed.

use super::audience::Audience;
use super::binding::{self, Presented};
use super::fact::{Fact, FactWire, Row, Slot, TransactionsFact, TransactionsWire};
use super::json::from_base64url;
use super::root::LedgerRoot;
use super::selection::FileDigest;
use super::status::StatusRef;
use super::terms::{Lifetime, Purpose, Terms};
use super::token::{
    ALG, ALG_FULLY_SPECIFIED, CLOCK_SKEW_S, Header, Jwk, MAX_DISCLOSURES, MAX_TOKEN_LEN, Payload, TYP, VCT,
    disclosure_digest,
};
use super::typed::decode_value;
pub(super) use super::typed::{decode, typed};
use super::verdict::Verdict;
use crate::crypto::sign::{Fingerprint, Signature, VerifyingKey};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};
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
    /// Whom this copy is for: the recipient, or whom they passed it on to.
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
    /// The SHA-256 of the bytes that are signed, `header.payload`: the same in every copy, whatever was withheld from it.
    pub digest: FileDigest,
    /// Every fact that was signed, in order, whether or not it is in this copy.
    pub slots: Vec<FactSlot>,
    /// The recipient's key, under which alone it can be passed on verifiably; none: it cannot be.
    pub holder: Option<VerifyingKey>,
    /// Who passed this copy on, and when; none where it is the recipient's own.
    pub presented: Option<Presented>,
}

/// The place of one signed fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactSlot {
    /// The digest of the fact's disclosure, as the payload has it.
    pub digest: FileDigest,
    /// Where the fact is among the verified ones; none where it was withheld.
    pub fact: Option<usize>,
}

impl Verified {
    /// Holds the copy against the nonce that its reader gave to who passed it on. Then it was made for this very
    /// request, not kept from an earlier one.
    ///
    /// # Errors
    /// [`VerifyError::Invalid`] where it has another nonce, or was not passed on at all.
    pub fn check_nonce(&self, expected: &str) -> Result<(), VerifyError> {
        match &self.presented {
            Some(presented) if presented.nonce == expected => Ok(()),
            Some(_) => invalid("passed on with another nonce than the one asked for"),
            None => invalid("not passed on, so it answers no nonce"),
        }
    }
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

pub(super) type Checked<T> = Result<T, VerifyError>;

pub(super) const fn invalid<T>(what: &'static str) -> Checked<T> {
    Err(VerifyError::Invalid(what))
}

/// Verifies a token in compact form, with nothing before or after it.
///
/// A token holds iff `nbf - 60 s <= now < exp`, and no token holds before `iat - 60 s`. Where a key-binding part
/// follows, it is a copy that the holder passed on: then the audience is the one that this part names.
///
/// # Errors
/// [`VerifyError`], the first of: form, signature, claims, key binding, audience, clock.
pub fn verify(token: &str, expectation: &Expectation<'_>) -> Checked<Verified> {
    let verified = verify_undated(token, expectation.audience)?;
    check_clock(&verified, expectation.now)?;
    if let Some(presented) = &verified.presented {
        presented.check_clock(verified.issued, verified.expires, expectation.now)?;
    }
    Ok(verified)
}

/// Verifies all of a token but its times: for an earlier disclosure that a later one is held against (see
/// [`compare`](super::compare)). It may have expired: what it states may be named as what it said then, never as
/// something that holds.
///
/// # Errors
/// [`VerifyError`], the first of: form, signature, claims, key binding, audience.
pub fn verify_undated(token: &str, audience: ExpectedAudience<'_>) -> Checked<Verified> {
    if token.len() > MAX_TOKEN_LEN {
        return invalid("too large");
    }
    let mut parts = token.split('~');
    let jwt = parts.next().unwrap_or_default();
    let Some(bound) = parts.next_back() else { return invalid("no tilde after the signature") };
    let (payload, issuer_key) = verify_jwt::<Payload>(jwt, TYP)?;
    let signed = jwt.rsplit_once('.').map_or(jwt, |(signed, _)| signed);
    let mut verified = contents(payload, issuer_key, signed, parts)?;
    if let Some((reader, presented)) =
        binding::check(token, bound, verified.holder.as_ref(), verified.audience)?
    {
        verified.audience = reader;
        verified.presented = Some(presented);
    }
    verified.audience_checked = check_audience(verified.audience, audience)?;
    Ok(verified)
}

/// Reads `header.payload~disclosure~…~`, which nobody signed, under the same rules but for signature, audience and clock.
pub(super) fn read_unsigned(text: &str) -> Checked<Verified> {
    if text.len() > MAX_TOKEN_LEN {
        return invalid("too large");
    }
    let mut parts = text.split('~');
    let input = parts.next().unwrap_or_default();
    if parts.next_back() != Some("") {
        return invalid("no tilde at the end");
    }
    let Some((header, payload)) = input.split_once('.') else { return invalid("not header and payload") };
    let key = read_header(header, TYP)?;
    contents(decode(payload, "the payload")?, key, input, parts)
}

/// What a token states, once its signature was checked or is known to be missing. `signed` is `header.payload`.
fn contents<'t>(
    payload: Payload,
    issuer_key: VerifyingKey,
    signed: &str,
    disclosures: impl Iterator<Item = &'t str>,
) -> Checked<Verified> {
    let claims = Claims::check(&payload, &issuer_key)?;
    let status = payload.status.map(StatusRef::try_from).transpose().map_err(VerifyError::Invalid)?;
    let mut disclosures = Disclosures::read(disclosures)?;
    let (facts, slots) = disclosures.facts(payload.facts)?;
    disclosures.all_used()?;
    let terms = payload.terms.into();
    let holder = binding::holder(payload.cnf.as_ref(), &terms)?;
    Ok(Verified {
        issuer: issuer_key.fingerprint(),
        issuer_key,
        audience: claims.audience,
        audience_checked: false,
        id: payload.jti,
        issued: claims.issued,
        not_before: claims.not_before,
        expires: claims.expires,
        purpose: payload.purpose,
        terms,
        ledger_root: claims.ledger_root,
        status,
        withheld_facts: slots.iter().filter(|slot| slot.fact.is_none()).count() as u64,
        facts,
        digest: FileDigest::from_bytes(Sha256::digest(signed.as_bytes()).into()),
        slots,
        holder,
        presented: None,
    })
}

/// Checks the signature under the key that the header carries; whose key it is, is another question.
pub(super) fn verify_jwt<T: DeserializeOwned + Serialize>(
    jwt: &str,
    expected_typ: &str,
) -> Checked<(T, VerifyingKey)> {
    let [header, payload, signature] = jwt_parts(jwt)?;
    let key = read_header(header, expected_typ)?;
    check_signature(jwt, signature, &key)?;
    Ok((decode(payload, "the payload")?, key))
}

/// Checks a header and gives the key that it carries.
fn read_header(header: &str, expected_typ: &str) -> Checked<VerifyingKey> {
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
    Ok(key)
}

/// Header, payload and signature, each still encoded.
pub(super) fn jwt_parts(jwt: &str) -> Checked<[&str; 3]> {
    let mut parts = jwt.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(payload), Some(signature), None) => Ok([header, payload, signature]),
        _ => invalid("not header, payload and signature"),
    }
}

/// Checks the signature, which is the last part, over what stands before it.
pub(super) fn check_signature(jwt: &str, signature: &str, key: &VerifyingKey) -> Checked<()> {
    let bytes: Option<[u8; 64]> = from_base64url(signature).and_then(|bytes| bytes.try_into().ok());
    let Some(bytes) = bytes else { return invalid("a signature of the wrong form") };
    let signed_len = jwt.len().saturating_sub(signature.len()).saturating_sub(1);
    let signed = jwt.as_bytes().get(..signed_len).unwrap_or_default();
    match key.verify(signed, &Signature::from_bytes(bytes)) {
        Ok(()) => Ok(()),
        Err(_) => invalid("the signature does not match"),
    }
}

pub(super) fn read_jwk(jwk: &Jwk) -> Checked<VerifyingKey> {
    if jwk.kty != "OKP" || jwk.crv != "Ed25519" {
        return invalid("another kind of key");
    }
    let bytes: Option<[u8; 32]> = from_base64url(&jwk.x).and_then(|bytes| bytes.try_into().ok());
    let Some(bytes) = bytes else { return invalid("a key of the wrong form") };
    VerifyingKey::from_bytes(&bytes).map_err(|_| VerifyError::Invalid("a key that is none"))
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

pub(super) fn time(second: i64) -> Checked<Timestamp> {
    Timestamp::from_second(second).map_err(|_| VerifyError::Invalid("a time beyond all calendars"))
}

/// Holds a token's times against the clock.
pub(super) fn check_clock(token: &Verified, now: Timestamp) -> Checked<()> {
    check_times(token.issued, token.not_before, token.expires, now)
}

/// The rule for times: `nbf - 60 s <= now < exp`, and never before `iat - 60 s`.
pub(super) fn check_times(
    issued: Timestamp,
    not_before: Timestamp,
    expires: Timestamp,
    now: Timestamp,
) -> Checked<()> {
    let now_s = now.as_second();
    if now_s < issued.as_second().saturating_sub(CLOCK_SKEW_S) {
        return Err(VerifyError::ClockSuspect { issued });
    }
    if now_s < not_before.as_second().saturating_sub(CLOCK_SKEW_S) {
        return Err(VerifyError::NotYetValid { from: not_before });
    }
    if now >= expires {
        return Err(VerifyError::Expired { expired: expires });
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
            let (salt, value): (String, Value) = serde_json::from_value(decode_value(encoded)?)
                .map_err(|_| VerifyError::Invalid("a disclosure that is not a salt and a value"))?;
            if from_base64url(&salt).is_none_or(|bytes| bytes.len() < MIN_SALT_LEN) {
                return invalid("a salt of less than 128 bits");
            }
            if values.insert(disclosure_digest(encoded), value).is_some() {
                return invalid("a disclosure that is there twice");
            }
        }
        Ok(Self { values, referred: HashSet::new() })
    }

    /// Takes the value that a slot refers to, none when it is not in this copy; and the slot's digest.
    fn take(&mut self, slot: Slot) -> Checked<(FileDigest, Option<Value>)> {
        let digest: Option<[u8; 32]> = from_base64url(&slot.digest).and_then(|bytes| bytes.try_into().ok());
        let Some(digest) = digest else { return invalid("a digest of the wrong form") };
        let value = self.values.remove(&slot.digest);
        if !self.referred.insert(slot.digest) {
            return invalid("a digest that is there twice");
        }
        Ok((FileDigest::from_bytes(digest), value))
    }

    fn facts(&mut self, slots: Vec<Slot>) -> Checked<(Vec<Fact>, Vec<FactSlot>)> {
        if slots.is_empty() {
            return invalid("no facts");
        }
        let mut facts = Vec::new();
        let mut found = Vec::with_capacity(slots.len());
        for slot in slots {
            let (digest, value) = self.take(slot)?;
            let fact = value.is_some().then_some(facts.len());
            facts.extend(value.map(|value| self.fact(value)).transpose()?);
            found.push(FactSlot { digest, fact });
        }
        Ok((facts, found))
    }

    fn fact(&mut self, value: Value) -> Checked<Fact> {
        let wire: FactWire<Slot> = typed(value, "a fact of unknown form")?;
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
            match self.take(slot)?.1 {
                Some(value) => rows.push(typed::<Row>(value, "a row of unknown form")?),
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
