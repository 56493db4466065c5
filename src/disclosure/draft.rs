//! A draft on its way to reviewers: the unsigned disclosure, and an envelope that the owner signs around it.
//!
//! The envelope says whose draft it is, for whom, and who is asked to look. It is signed by the key that will sign the
//! disclosure, under another `typ`, over the digest of the disclosure's own bytes; those stay unsigned. So a reviewer knows
//! what they approve byte by byte, and what they hold is worth nothing as a disclosure.

use super::fact::Fact;
use super::issue::{IssueError, IssuerKey, Unsigned, signed};
use super::json::make_plain;
use super::selection::FileDigest;
use super::verify::{Verified, VerifyError, check_clock, verify_jwt};
use crate::crypto::sign::Fingerprint;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The `typ` of a draft's envelope.
pub const DRAFT_TYP: &str = "finvault-draft+jwt";
/// The most reviewers of one draft.
pub const MAX_REVIEWERS: usize = 16;
/// The longest name of a recipient in an envelope, in bytes.
const MAX_RECIPIENT_LEN: usize = 1024;

const ENVELOPE: &str = "draft ";
const UNSIGNED: &str = "unsigned ";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftWire {
    iss: String,
    iat: i64,
    recipient: String,
    disclosure_sha256: FileDigest,
    reviewers: Vec<String>,
}

/// A draft as it is sealed to its reviewers: two lines of text.
#[derive(Clone, PartialEq, Eq)]
pub struct ReviewCopy(String);

impl ReviewCopy {
    /// The lines: the envelope, then the unsigned disclosure.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Unsigned {
    /// Puts the draft into an envelope for its reviewers. `recipient` is what the owner calls the one it is for.
    ///
    /// # Errors
    /// [`IssueError::OtherKey`] for a key that it was not prepared for; [`IssueError::BadReviewers`] for none, more than
    /// [`MAX_REVIEWERS`], or one twice; [`IssueError::BadFact`] for a name of the recipient that cannot be written.
    pub fn for_review(
        &self,
        recipient: &str,
        reviewers: &[Fingerprint],
        now: Timestamp,
        key: &IssuerKey,
    ) -> Result<ReviewCopy, IssueError> {
        if key.verifying_key() != self.claims().issuer_key {
            return Err(IssueError::OtherKey);
        }
        let distinct: BTreeSet<&Fingerprint> = reviewers.iter().collect();
        if reviewers.is_empty() || reviewers.len() > MAX_REVIEWERS || distinct.len() != reviewers.len() {
            return Err(IssueError::BadReviewers);
        }
        let recipient = make_plain(recipient);
        if recipient.is_empty() || recipient.len() > MAX_RECIPIENT_LEN {
            return Err(IssueError::BadFact("the recipient's name cannot be written"));
        }
        let wire = DraftWire {
            iss: key.fingerprint().to_uri(),
            iat: now.as_second(),
            recipient,
            disclosure_sha256: self.digest(),
            reviewers: reviewers.iter().map(Fingerprint::to_uri).collect(),
        };
        let envelope = signed(&wire, DRAFT_TYP, key)?;
        Ok(ReviewCopy(format!("{ENVELOPE}{envelope}\n{UNSIGNED}{}\n", self.as_str())))
    }
}

/// A draft that a reviewer looks at. Its envelope is signed; the disclosure in it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftForReview {
    /// What the disclosure would state. The signature that vouches for it is the envelope's.
    pub proposed: Verified,
    /// What the owner calls the one it is for.
    pub recipient: String,
    /// Who is asked to look: the fingerprints of their signing keys.
    pub reviewers: Vec<Fingerprint>,
    /// When the envelope was signed.
    pub drafted: Timestamp,
}

impl DraftForReview {
    /// Whether a text begins as a draft does.
    pub fn is_draft(text: &str) -> bool {
        text.starts_with(ENVELOPE)
    }

    /// Reads the lines of a draft, with the spaces after them, and checks the envelope's signature and that the unsigned
    /// disclosure is the one it names, whole.
    ///
    /// # Errors
    /// [`VerifyError`]: invalid, expired, or from the future.
    pub fn read(text: &str, now: Timestamp) -> Result<Self, VerifyError> {
        let invalid = |what| VerifyError::Invalid(what);
        let mut lines = text.trim_end_matches([' ', '\n', '\r']).split('\n');
        let line = |line: Option<&str>, prefix: &str| {
            let line = line.and_then(|line| line.strip_prefix(prefix));
            line.map(|line| line.trim_end_matches('\r').to_owned()).ok_or(invalid("not the lines of a draft"))
        };
        let envelope = line(lines.next(), ENVELOPE)?;
        let unsigned = Unsigned::read(line(lines.next(), UNSIGNED)?)?;
        if lines.next().is_some() {
            return Err(invalid("a draft with more lines than two"));
        }
        let (wire, signer) = verify_jwt::<DraftWire>(&envelope, DRAFT_TYP)?;
        if wire.iss != signer.fingerprint().to_uri() {
            return Err(invalid("an issuer that is not the key's fingerprint"));
        }
        let proposed = unsigned.claims().clone();
        if signer != proposed.issuer_key || wire.disclosure_sha256 != proposed.digest {
            return Err(invalid("an envelope around another disclosure"));
        }
        if proposed.withheld_facts > 0 || proposed.facts.iter().any(has_withheld_rows) {
            return Err(invalid("a draft from which something was left out"));
        }
        if wire.recipient.is_empty() || wire.recipient.len() > MAX_RECIPIENT_LEN {
            return Err(invalid("a draft that does not say for whom it is"));
        }
        let reviewers: BTreeSet<&String> = wire.reviewers.iter().collect();
        let number = wire.reviewers.len();
        if reviewers.len() != number || !(1..=MAX_REVIEWERS).contains(&number) {
            return Err(invalid("reviewers that are none, too many, or there twice"));
        }
        let reviewers = wire.reviewers.iter().map(|uri| uri.parse());
        let reviewers =
            reviewers.collect::<Result<_, _>>().map_err(|_| invalid("a reviewer who is no fingerprint"))?;
        let drafted = Timestamp::from_second(wire.iat).map_err(|_| invalid("a time beyond all calendars"))?;
        // Before it holds is the time to review it.
        check_clock(&proposed, now.max(proposed.not_before)).and_then(|()| {
            let made = Verified { not_before: proposed.issued, ..proposed.clone() };
            check_clock(&made, now)
        })?;
        Ok(Self { proposed, recipient: wire.recipient, reviewers, drafted })
    }
}

fn has_withheld_rows(fact: &Fact) -> bool {
    matches!(fact, Fact::Transactions(rows) if rows.withheld > 0)
}
