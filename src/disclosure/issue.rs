//! Making a token: facts in, a signed SD-JWT out. What is issued has passed our own verifier first.
//!
//! [`issue`] does it at once. Where others look before anything is signed, [`prepare`] fixes every byte but the
//! signature, and [`Unsigned::sign`] adds that later.

use super::audience::Audience;
use super::binding::Confirmation;
use super::fact::{Fact, Slot, TransactionsFact, TransactionsWire};
use super::json::base64url;
use super::root::LedgerRoot;
use super::selection::FileDigest;
use super::status::{StatusRef, StatusWire};
use super::terms::{Lifetime, Purpose, Terms, TermsWire};
use super::token::{
    ALG, Header, Jwk, MAX_DISCLOSURES, MAX_TOKEN_LEN, Payload, TYP, Token, VCT, disclosure_digest,
};
use super::verify::{Verified, VerifyError, read_unsigned, verify_jwt};
use crate::crypto::random::{Random, RandomError};
use crate::crypto::sign::{Fingerprint, Signature, SigningKey, VerifyingKey};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::fmt;

/// How many random bytes salt a disclosure and make an id: 128 bits.
const SALT_LEN: usize = 16;
/// The length of a dot and a signature in base64url.
const SIGNATURE_TEXT_LEN: usize = 87;

/// The key that signs disclosures. Use one for each recipient, so that two recipients cannot tell that
/// their disclosures come from one vault.
pub struct IssuerKey(SigningKey);

impl IssuerKey {
    /// The key that a 32-byte seed determines.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_seed(seed))
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.0.verifying_key()
    }

    /// What the recipient compares to know the signer: the `iss` of every token it signs.
    pub fn fingerprint(&self) -> Fingerprint {
        self.verifying_key().fingerprint()
    }

    fn sign(&self, message: &[u8]) -> Signature {
        self.0.sign(message)
    }
}

/// All that a disclosure will state, before it is signed.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Whom it is for.
    pub audience: Audience,
    /// What for.
    pub purpose: Purpose,
    /// What is asked of the recipient.
    pub terms: Terms,
    /// For how long it holds, from now.
    pub lifetime: Lifetime,
    /// From when it holds, if later than now.
    pub not_before: Option<Timestamp>,
    /// The facts, at least one.
    pub facts: Vec<Fact>,
    /// The commitment to the rows beneath them.
    pub ledger_root: LedgerRoot,
    /// Where its revocation would be found, if it can be revoked.
    pub status: Option<StatusRef>,
    /// The recipient's key under which they may pass it on verifiably (see [`super::present`]). The terms must allow
    /// passing on.
    pub holder: Option<VerifyingKey>,
}

/// A token just made, with what the owner's log keeps of it.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The token.
    pub token: Token,
    /// Its id, the `jti` claim.
    pub id: String,
    /// Who signed it.
    pub issuer: Fingerprint,
    /// When it was made, in whole seconds.
    pub issued: Timestamp,
    /// From when it holds.
    pub not_before: Timestamp,
    /// The first moment at which it no longer holds.
    pub expires: Timestamp,
}

/// Why no token was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// There is nothing to state.
    #[error("a disclosure needs at least one fact")]
    NoFacts,
    /// More than [`MAX_DISCLOSURES`] facts and rows, or more than [`MAX_TOKEN_LEN`] bytes.
    #[error("too much for one disclosure: at most {MAX_DISCLOSURES} rows and {MAX_TOKEN_LEN} bytes")]
    TooLarge,
    /// A fact that does not fit together; the text says how.
    #[error("the disclosure contradicts itself: {0}")]
    BadFact(&'static str),
    /// It would begin to hold only after it expired, or at a time that cannot be written.
    #[error("the disclosure would expire before it begins to hold")]
    BadTimes,
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// No reviewer, too many, or one twice.
    #[error("a draft has 1 to {} reviewers, each once", super::draft::MAX_REVIEWERS)]
    BadReviewers,
    /// It was prepared for another key.
    #[error("the disclosure was prepared for another signing key")]
    OtherKey,
    /// JSON could not be written.
    #[error("the disclosure could not be written as JSON")]
    Json,
    /// Our own verifier rejects what was made, so it was not let out.
    #[error("the disclosure would not verify: {0}")]
    SelfCheck(VerifyError),
}

/// A disclosure fixed in every byte but its signature: what reviewers look at, and what is signed once they agree.
#[derive(Clone, PartialEq, Eq)]
pub struct Unsigned {
    text: String,
    claims: Verified,
}

impl fmt::Debug for Unsigned {
    /// The digest only, as of a [`Token`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unsigned(disclosure_sha256 {})", self.claims.digest)
    }
}

/// Signs a draft.
///
/// `now` becomes `iat` in whole seconds; salts and the id come from `random`. The same arguments and the
/// same random bytes give the same token.
///
/// # Errors
/// [`IssueError`]; nothing was signed then that could be used.
pub fn issue(
    draft: &Draft,
    key: &IssuerKey,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Issued, IssueError> {
    prepare(draft, &key.verifying_key(), now, random)?.sign(key)
}

/// Fixes every byte of a disclosure but the signature, for the key that will sign it.
///
/// # Errors
/// [`IssueError`].
pub fn prepare(
    draft: &Draft,
    issuer: &VerifyingKey,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Unsigned, IssueError> {
    let times = Times::new(draft, now)?;
    let id = base64url(&random_bytes(random)?);
    let mut disclosures = Disclosures { random, encoded: Vec::new() };
    if draft.facts.is_empty() {
        return Err(IssueError::NoFacts);
    }
    let facts = draft.facts.iter().map(|fact| disclosures.add_fact(fact)).collect::<Result<_, _>>()?;
    let payload = Payload {
        iss: issuer.fingerprint().to_uri(),
        aud: draft.audience.to_string(),
        jti: id,
        iat: times.issued.as_second(),
        nbf: times.not_before.as_second(),
        exp: times.expires.as_second(),
        vct: VCT.to_owned(),
        purpose: draft.purpose.clone(),
        terms: TermsWire::new(&draft.terms, times.expires.to_zoned(TimeZone::UTC).date()),
        ledger_root: draft.ledger_root.to_base64url(),
        status: draft.status.as_ref().map(StatusWire::from),
        cnf: draft.holder.as_ref().map(Confirmation::of),
        facts,
        sd_alg: "sha-256".to_owned(),
    };
    let mut text = signing_input(&payload, TYP, issuer)?;
    for encoded in &disclosures.encoded {
        text.push('~');
        text.push_str(encoded);
    }
    text.push('~');
    if text.len().saturating_add(SIGNATURE_TEXT_LEN) > MAX_TOKEN_LEN {
        return Err(IssueError::TooLarge);
    }
    let unsigned = Unsigned::read(text).map_err(IssueError::SelfCheck)?;
    if unsigned.claims.facts != draft.facts || unsigned.claims.audience != draft.audience {
        return Err(IssueError::BadFact("a fact would be read differently than it was meant"));
    }
    Ok(unsigned)
}

impl Unsigned {
    /// Reads the text that [`Unsigned::as_str`] gave, under the rules of [`super::verify`] but for signature and clock.
    ///
    /// # Errors
    /// [`VerifyError::Invalid`].
    pub fn read(text: String) -> Result<Self, VerifyError> {
        let claims = read_unsigned(&text)?;
        Ok(Self { text, claims })
    }

    /// The text: `header.payload~disclosure~…~`. Without the signature's part no reader takes it for a token.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The SHA-256 of `header.payload`, the bytes that will be signed: by it approvals and endorsements name the disclosure.
    pub const fn digest(&self) -> FileDigest {
        self.claims.digest
    }

    /// What it would state. No signature was checked, since there is none.
    pub const fn claims(&self) -> &Verified {
        &self.claims
    }

    /// Signs exactly these bytes.
    ///
    /// # Errors
    /// [`IssueError::OtherKey`] for a key that it was not prepared for.
    pub fn sign(&self, key: &IssuerKey) -> Result<Issued, IssueError> {
        if key.verifying_key() != self.claims.issuer_key {
            return Err(IssueError::OtherKey);
        }
        let (input, disclosures) = self.text.split_once('~').ok_or(IssueError::Json)?;
        let signature = base64url(&key.sign(input.as_bytes()).to_bytes());
        let jwt = format!("{input}.{signature}");
        verify_jwt::<Payload>(&jwt, TYP).map_err(IssueError::SelfCheck)?;
        Ok(Issued {
            token: Token::new(format!("{jwt}~{disclosures}")),
            id: self.claims.id.clone(),
            issuer: self.claims.issuer,
            issued: self.claims.issued,
            not_before: self.claims.not_before,
            expires: self.claims.expires,
        })
    }
}

/// The header, the payload and the signature over both.
pub(super) fn signed<T: Serialize>(payload: &T, typ: &str, key: &IssuerKey) -> Result<String, IssueError> {
    sign_jwt(payload, typ, &key.verifying_key(), |message| key.sign(message))
}

/// [`signed`] under any Ed25519 key.
pub(super) fn sign_jwt<T: Serialize>(
    payload: &T,
    typ: &str,
    public: &VerifyingKey,
    sign: impl FnOnce(&[u8]) -> Signature,
) -> Result<String, IssueError> {
    let mut text = signing_input(payload, typ, public)?;
    let signature = sign(text.as_bytes());
    text.push('.');
    text.push_str(&base64url(&signature.to_bytes()));
    Ok(text)
}

/// What a signature is over: the header for this key, and the payload.
fn signing_input<T: Serialize>(payload: &T, typ: &str, public: &VerifyingKey) -> Result<String, IssueError> {
    let header = Header {
        alg: ALG.to_owned(),
        jwk: Jwk::of(public),
        kid: public.fingerprint().to_base64url(),
        typ: typ.to_owned(),
    };
    Ok(format!("{}.{}", encode(&header)?, encode(payload)?))
}

struct Times {
    issued: Timestamp,
    not_before: Timestamp,
    expires: Timestamp,
}

impl Times {
    fn new(draft: &Draft, now: Timestamp) -> Result<Self, IssueError> {
        let whole = |second| Timestamp::from_second(second).map_err(|_| IssueError::BadTimes);
        let issued = whole(now.as_second())?;
        let not_before = whole(draft.not_before.map_or(issued, |at| at.max(issued)).as_second())?;
        let expires = whole(issued.as_second().saturating_add(draft.lifetime.seconds()))?;
        if not_before >= expires {
            return Err(IssueError::BadTimes);
        }
        Ok(Self { issued, not_before, expires })
    }
}

/// The disclosures made so far, in the order in which they will follow the signature.
struct Disclosures<'a> {
    random: &'a dyn Random,
    encoded: Vec<String>,
}

impl Disclosures<'_> {
    fn add_fact(&mut self, fact: &Fact) -> Result<Slot, IssueError> {
        let wire = fact.to_wire(|transactions| self.add_rows(transactions))?;
        self.add(&wire)
    }

    fn add_rows(&mut self, fact: &TransactionsFact) -> Result<TransactionsWire<Slot>, IssueError> {
        if fact.withheld != 0 {
            return Err(IssueError::BadFact(
                "a draft cannot hold rows back; leave them out or suppress them",
            ));
        }
        fact.check().map_err(IssueError::BadFact)?;
        Ok(fact.with_rows(fact.rows.iter().map(|row| self.add(row)).collect::<Result<_, _>>()?, None))
    }

    /// Makes a disclosure `[salt, value]` of an array element (RFC 9901, section 4.2.2).
    fn add<T: Serialize>(&mut self, value: &T) -> Result<Slot, IssueError> {
        if self.encoded.len() >= MAX_DISCLOSURES {
            return Err(IssueError::TooLarge);
        }
        let salt = base64url(&random_bytes(self.random)?);
        let encoded = encode(&(salt, value))?;
        let digest = disclosure_digest(&encoded);
        self.encoded.push(encoded);
        Ok(Slot { digest })
    }
}

fn random_bytes(random: &dyn Random) -> Result<[u8; SALT_LEN], RandomError> {
    let mut bytes = [0; SALT_LEN];
    random.fill(&mut bytes)?;
    Ok(bytes)
}

pub(super) fn encode<T: Serialize>(value: &T) -> Result<String, IssueError> {
    serde_json::to_vec(value).map(|json| base64url(&json)).map_err(|_| IssueError::Json)
}
