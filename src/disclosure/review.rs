//! A reviewer's signed word: an approval for the owner, and an endorsement that travels with the disclosure.
//!
//! Both are JWTs under the reviewer's ssh-ed25519 key and name the disclosure by the digest of the bytes that are signed
//! ([`Verified::digest`]), which no forwarding of a part changes. An approval says yes or no to one draft, to its owner. An
//! endorsement says in which role the reviewer checked which facts, to whoever reads them; it holds only beside the
//! disclosure that it names.

use super::draft::DraftForReview;
use super::issue::{IssueError, sign_jwt};
use super::json::{base64url, from_base64url, is_plain};
use super::receipt::ReceiptKey;
use super::selection::FileDigest;
use super::token::CLOCK_SKEW_S;
use super::verify::{Verified, VerifyError, verify_jwt};
use crate::crypto::sign::{Fingerprint, VerifyingKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The `typ` of an approval.
pub const APPROVAL_TYP: &str = "finvault-approval+jwt";
/// The `typ` of an endorsement.
pub const ENDORSEMENT_TYP: &str = "finvault-endorsement+jwt";
/// The largest approval or endorsement that is read, in bytes.
pub const MAX_REVIEW_LEN: usize = 64 * 1024;
/// The longest role, in bytes.
pub const MAX_ROLE_LEN: usize = 64;
/// The longest note or reason, in bytes.
pub const MAX_NOTE_LEN: usize = 500;
/// The most facts that one endorsement names.
pub const MAX_ENDORSED_FACTS: usize = 512;

const APPROVAL: &str = "approval ";
const ENDORSEMENT: &str = "endorsement ";

/// What a reviewer says of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// It may be sealed as it is.
    Approved,
    /// It may not.
    Declined,
}

impl Decision {
    /// The word that the token, the vault and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Declined => "declined",
        }
    }
}

/// Why no approval or endorsement was signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// The owner would not take it.
    #[error("the owner did not name this key's holder as a reviewer of the draft")]
    NotAReviewer,
    /// A role or text that cannot be signed; the text says which and how long it may be.
    #[error("{0}")]
    BadText(&'static str),
    /// A fact that the draft does not have, none at all, or more than [`MAX_ENDORSED_FACTS`].
    #[error("an endorsement names facts of the draft, by their numbers, each once")]
    BadFacts,
    /// JSON could not be written.
    #[error(transparent)]
    Issue(#[from] IssueError),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalWire {
    iss: String,
    aud: String,
    disclosure_sha256: FileDigest,
    decision: Decision,
    #[serde(default, deserialize_with = "super::token::present", skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    iat: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndorsementWire {
    iss: String,
    disclosure_sha256: FileDigest,
    jti: String,
    facts: Vec<String>,
    role: String,
    #[serde(default, deserialize_with = "super::token::present", skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    iat: i64,
}

/// Whether a text is one that may be signed: one plain line without spaces around it.
fn is_good(text: &str, max_len: usize) -> bool {
    (1..=max_len).contains(&text.len()) && text.trim() == text && is_plain(text)
}

const BAD_NOTE: &str = "a reason or note is one line of 1 to 500 bytes";
const BAD_ROLE: &str = "a role is one line of 1 to 64 bytes";

fn good_note(note: Option<&str>) -> Result<Option<String>, ReviewError> {
    match note.map(str::trim) {
        Some(note) if !is_good(note, MAX_NOTE_LEN) => Err(ReviewError::BadText(BAD_NOTE)),
        note => Ok(note.map(str::to_owned)),
    }
}

/// The reviewer's public key, if the draft's owner asked for them.
fn reviewer(draft: &DraftForReview, key: &ReceiptKey) -> Result<VerifyingKey, ReviewError> {
    let public = key.verifying_key();
    let asked = draft.reviewers.contains(&public.fingerprint());
    asked.then_some(public).ok_or(ReviewError::NotAReviewer)
}

/// Signs what a reviewer decided about a draft. `note` is for the owner alone; a refusal gives its reason in it.
///
/// # Errors
/// [`ReviewError`].
pub fn make_approval(
    draft: &DraftForReview,
    decision: Decision,
    note: Option<&str>,
    now: Timestamp,
    key: &ReceiptKey,
) -> Result<String, ReviewError> {
    let public = reviewer(draft, key)?;
    let note = good_note(note)?;
    if decision == Decision::Declined && note.is_none() {
        return Err(ReviewError::BadText("a refusal gives its reason"));
    }
    let payload = ApprovalWire {
        iss: public.fingerprint().to_uri(),
        aud: draft.proposed.issuer.to_uri(),
        disclosure_sha256: draft.proposed.digest,
        decision,
        note,
        iat: now.as_second(),
    };
    Ok(sign_jwt(&payload, APPROVAL_TYP, &public, |message| key.sign(message))?)
}

/// Signs that a reviewer checked facts of a draft: their places among [`Verified::facts`], all of them where none is
/// named. Whoever gets the disclosure reads `role` and `note`.
///
/// # Errors
/// [`ReviewError`].
pub fn make_endorsement(
    draft: &DraftForReview,
    role: &str,
    facts: &[usize],
    note: Option<&str>,
    now: Timestamp,
    key: &ReceiptKey,
) -> Result<String, ReviewError> {
    let public = reviewer(draft, key)?;
    let role = role.trim();
    if !is_good(role, MAX_ROLE_LEN) {
        return Err(ReviewError::BadText(BAD_ROLE));
    }
    let slots = &draft.proposed.slots;
    let wanted: BTreeSet<usize> = match facts {
        [] => (0..slots.len()).collect(),
        facts => facts.iter().copied().collect(),
    };
    let named = slots.iter().filter(|slot| slot.fact.is_some_and(|fact| wanted.contains(&fact)));
    let named: Vec<String> = named.map(|slot| base64url(slot.digest.as_bytes())).collect();
    let all_there = named.len() == wanted.len() && facts.len() <= wanted.len();
    if !all_there || !(1..=MAX_ENDORSED_FACTS).contains(&named.len()) {
        return Err(ReviewError::BadFacts);
    }
    let payload = EndorsementWire {
        iss: public.fingerprint().to_uri(),
        disclosure_sha256: draft.proposed.digest,
        jti: draft.proposed.id.clone(),
        facts: named,
        role: role.to_owned(),
        note: good_note(note)?,
        iat: now.as_second(),
    };
    Ok(sign_jwt(&payload, ENDORSEMENT_TYP, &public, |message| key.sign(message))?)
}

/// An approval whose form and signature are good. Whether it is about a draft: [`Approval::matches`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Who signed it.
    pub signer: VerifyingKey,
    /// Whose draft it is about: the `iss` of the disclosure.
    pub issuer: String,
    /// The digest of the bytes that the disclosure's signature is over.
    pub disclosure: FileDigest,
    /// What they decided.
    pub decision: Decision,
    /// Their words to the owner; there always, where they declined.
    pub note: Option<String>,
    /// When they signed it.
    pub decided: Timestamp,
}

impl Approval {
    /// Reads an approval and checks its form and signature.
    ///
    /// # Errors
    /// [`VerifyError::Invalid`]; [`VerifyError::ClockSuspect`] for one that was signed after `now`.
    pub fn read(text: &str, now: Timestamp) -> Result<Self, VerifyError> {
        if text.len() > MAX_REVIEW_LEN {
            return Err(VerifyError::Invalid("an approval too large to read"));
        }
        let (wire, signer) = verify_jwt::<ApprovalWire>(text, APPROVAL_TYP)?;
        if wire.iss != signer.fingerprint().to_uri() {
            return Err(VerifyError::Invalid("an issuer that is not the key's fingerprint"));
        }
        if wire.note.as_ref().is_some_and(|note| !is_good(note, MAX_NOTE_LEN)) {
            return Err(VerifyError::Invalid("a note of the wrong form"));
        }
        if wire.decision == Decision::Declined && wire.note.is_none() {
            return Err(VerifyError::Invalid("a refusal without a reason"));
        }
        let decided = moment(wire.iat)?;
        if wire.iat > now.as_second().saturating_add(CLOCK_SKEW_S) {
            return Err(VerifyError::ClockSuspect { issued: decided });
        }
        Ok(Self {
            signer,
            issuer: wire.aud,
            disclosure: wire.disclosure_sha256,
            decision: wire.decision,
            note: wire.note,
            decided,
        })
    }

    /// Whether it is about this very draft, signed by this key.
    pub fn matches(&self, draft: &Verified, key: &VerifyingKey) -> bool {
        self.signer == *key && self.issuer == draft.issuer.to_uri() && self.disclosure == draft.digest
    }
}

/// An endorsement that belongs to the disclosure beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endorsed {
    /// Who signed it. Whether that is who they say, only a comparison of this fingerprint can tell.
    pub signer: Fingerprint,
    /// The key itself.
    pub signer_key: VerifyingKey,
    /// In which role, in their own words.
    pub role: String,
    /// What else they say.
    pub note: Option<String>,
    /// When they signed it.
    pub endorsed: Timestamp,
    /// Which facts of this copy they endorse: places among [`Verified::facts`], in order.
    pub facts: Vec<usize>,
    /// How many facts they endorse that are not in this copy.
    pub withheld: u64,
}

impl Endorsed {
    /// Reads an endorsement and holds it against the disclosure that it came with.
    ///
    /// # Errors
    /// [`VerifyError::Invalid`] for a bad one, and for one about another disclosure.
    pub fn read(text: &str, disclosure: &Verified) -> Result<Self, VerifyError> {
        let invalid = |what| Err(VerifyError::Invalid(what));
        if text.len() > MAX_REVIEW_LEN {
            return invalid("an endorsement too large to read");
        }
        let (wire, signer_key) = verify_jwt::<EndorsementWire>(text, ENDORSEMENT_TYP)?;
        let signer = signer_key.fingerprint();
        if wire.iss != signer.to_uri() {
            return invalid("an issuer that is not the key's fingerprint");
        }
        if wire.disclosure_sha256 != disclosure.digest || wire.jti != disclosure.id {
            return invalid("an endorsement of another disclosure");
        }
        if !is_good(&wire.role, MAX_ROLE_LEN) {
            return invalid("a role of the wrong form");
        }
        if wire.note.as_ref().is_some_and(|note| !is_good(note, MAX_NOTE_LEN)) {
            return invalid("a note of the wrong form");
        }
        let endorsed = moment(wire.iat)?;
        // It was signed between drafting and the end; so no clock of the reader's is needed to tell.
        let drafted = disclosure.issued.as_second().saturating_sub(CLOCK_SKEW_S);
        if wire.iat < drafted || endorsed >= disclosure.expires {
            return invalid("an endorsement from before or after the disclosure's time");
        }
        let (facts, withheld) = endorsed_facts(&wire.facts, disclosure)?;
        Ok(Self { signer, signer_key, role: wire.role, note: wire.note, endorsed, facts, withheld })
    }
}

/// Which facts of this copy the digests name, and how many that are not in it.
fn endorsed_facts(digests: &[String], disclosure: &Verified) -> Result<(Vec<usize>, u64), VerifyError> {
    if !(1..=MAX_ENDORSED_FACTS).contains(&digests.len()) {
        return Err(VerifyError::Invalid("an endorsement of no facts, or of too many"));
    }
    let mut named: BTreeSet<FileDigest> = BTreeSet::new();
    let (mut facts, mut withheld) = (Vec::new(), 0u64);
    for digest in digests {
        let bytes: Option<[u8; 32]> = from_base64url(digest).and_then(|bytes| bytes.try_into().ok());
        let digest = bytes.map(FileDigest::from_bytes);
        let slot = disclosure.slots.iter().find(|slot| Some(slot.digest) == digest);
        let slot = slot.ok_or(VerifyError::Invalid("an endorsement of a fact that was not signed"))?;
        if !named.insert(slot.digest) {
            return Err(VerifyError::Invalid("an endorsement that names a fact twice"));
        }
        match slot.fact {
            Some(fact) => facts.push(fact),
            None => withheld = withheld.saturating_add(1),
        }
    }
    facts.sort_unstable();
    Ok((facts, withheld))
}

fn moment(second: i64) -> Result<Timestamp, VerifyError> {
    Timestamp::from_second(second).map_err(|_| VerifyError::Invalid("a time beyond all calendars"))
}

/// What a reviewer sends back: an approval, and perhaps an endorsement, a line each. Neither is verified yet.
#[derive(Clone, PartialEq, Eq)]
pub struct ReviewFile {
    /// The approval, a JWT.
    pub approval: String,
    /// The endorsement, a JWT.
    pub endorsement: Option<String>,
}

impl ReviewFile {
    /// The text of the file.
    pub fn to_text(&self) -> String {
        let mut text = format!("{APPROVAL}{}\n", self.approval);
        if let Some(endorsement) = &self.endorsement {
            text.push_str(&format!("{ENDORSEMENT}{endorsement}\n"));
        }
        text
    }

    /// Takes such a text apart.
    ///
    /// # Errors
    /// [`VerifyError::Invalid`] for lines of another form, or too long ones.
    pub fn from_text(text: &str) -> Result<Self, VerifyError> {
        if text.len() > 2 * MAX_REVIEW_LEN {
            return Err(VerifyError::Invalid("too large for a review"));
        }
        let mut lines = text.trim_end().lines();
        let approval = lines.next().and_then(|line| line.strip_prefix(APPROVAL));
        let approval = approval.ok_or(VerifyError::Invalid("not the lines of a review"))?.to_owned();
        let endorsement = match lines.next().map(|line| line.strip_prefix(ENDORSEMENT)) {
            None => None,
            Some(Some(endorsement)) if lines.next().is_none() => Some(endorsement.to_owned()),
            Some(_) => return Err(VerifyError::Invalid("not the lines of a review")),
        };
        Ok(Self { approval, endorsement })
    }
}
