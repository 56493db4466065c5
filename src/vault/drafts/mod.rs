//! Drafts: disclosures that somebody looks at before anything is signed.
//!
//! `make` fixes one in every byte and seals it to its reviewers; here their decisions are taken in; `seal` signs exactly
//! those bytes once everybody agreed, if the records still say the same.

mod make;
mod seal;

use super::facts;
use super::limits;
use super::recipients::{parse_key, recipient_row};
use super::{Recipient, Vault, VaultError};
use crate::crypto::sign::{Fingerprint, VerifyingKey};
use crate::disclosure::log::LogKind;
use crate::disclosure::{
    Approval, Decision, Endorsed, Fact, FileDigest, MAX_REVIEWERS, RecipientKey, ReviewFile, Terms, Unsigned,
    VerifyError,
};
use crate::store::drafts::{DraftReviewerRow, DraftRow};
use crate::store::recipients::RecipientRow;
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use serde_json::json;

/// Where a draft stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DraftState {
    /// Neither sealed nor dropped.
    Open,
    /// It became a disclosure.
    Sealed,
    /// It was given up.
    Dropped,
}

impl DraftState {
    /// The word that the vault, the command line and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Sealed => "sealed",
            Self::Dropped => "dropped",
        }
    }

    fn read(word: &str) -> Result<Self, VaultError> {
        let states = [Self::Open, Self::Sealed, Self::Dropped];
        states.into_iter().find(|state| state.as_str() == word).ok_or_else(|| unreadable("draft.state"))
    }
}

/// A draft as the owner's list shows it.
#[derive(Debug, Clone)]
pub struct DraftRecord {
    /// Its number in this vault.
    pub id: i64,
    /// The disclosure's own id.
    pub jti: String,
    /// To whom it would go.
    pub recipient: Recipient,
    /// What for.
    pub purpose: String,
    /// When it was made.
    pub drafted: Timestamp,
    /// When the disclosure would expire.
    pub expires: Timestamp,
    /// The digest by which decisions name it.
    pub digest: FileDigest,
    /// What would be asked of the recipient.
    pub terms: Terms,
    /// What it would state.
    pub facts: Vec<Fact>,
    /// One sentence on each fact.
    pub sentences: Vec<String>,
    /// Where it stands.
    pub state: DraftState,
    /// The disclosure that it became.
    pub disclosure: Option<i64>,
    /// Who was asked to look, and what they said.
    pub reviewers: Vec<DraftReviewer>,
}

impl DraftRecord {
    /// Who has not decided yet.
    pub fn missing(&self) -> Vec<&str> {
        let undecided = self.reviewers.iter().filter(|reviewer| reviewer.decision.is_none());
        undecided.map(|reviewer| reviewer.name.as_str()).collect()
    }
}

/// One who was asked to look at a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftReviewer {
    /// Their number among the recipients.
    pub id: i64,
    /// The owner's name for them.
    pub name: String,
    /// The fingerprint of the key under which they decide.
    pub fingerprint: Fingerprint,
    /// What they decided.
    pub decision: Option<Decision>,
    /// Their words to the owner.
    pub note: Option<String>,
    /// When they signed the decision.
    pub decided: Option<Timestamp>,
    /// In which role they endorsed facts of it.
    pub endorsed_as: Option<String>,
}

/// One who can review: a recipient with a key that signs.
pub(super) struct Reviewer {
    pub(super) row: RecipientRow,
    /// The key under which they decide.
    pub(super) signing: RecipientKey,
    pub(super) public: VerifyingKey,
    /// The key that drafts are sealed to.
    pub(super) seal_to: RecipientKey,
}

/// Those recipients as reviewers of what goes to another one.
///
/// # Errors
/// [`VaultError::NoSuchRecipient`]; [`VaultError::Invalid`] for one without a key that signs, for the recipient themselves,
/// for two with one key, or for too many.
pub(super) fn reviewers_among(
    store: &Store,
    recipient: &RecipientRow,
    ids: &[i64],
) -> Result<Vec<Reviewer>, VaultError> {
    let invalid = |why: String| Err(VaultError::Invalid(why));
    let mut found: Vec<Reviewer> = Vec::new();
    for id in ids {
        let row = recipient_row(store, *id)?;
        if found.iter().any(|known| known.row.id == row.id) {
            continue;
        }
        if row.id == recipient.id {
            return invalid(format!("{} cannot review what goes to themselves", row.name));
        }
        let Some(signing) = limits::profile(store, row.id)?.receipt_key else {
            return invalid(format!(
                "{} has no key that signs: introduce one with finvault recipient receipt-key",
                row.name
            ));
        };
        let signing = parse_key(&signing)?;
        let public = signing.signing_key().ok_or_else(|| unreadable("recipient_receipt_key.key"))?;
        if let Some(other) = found.iter().find(|known| known.public == public) {
            return invalid(format!("{} and {} have the same key", other.row.name, row.name));
        }
        let seal_to = row.key.as_deref().map(parse_key).transpose()?.unwrap_or_else(|| signing.clone());
        found.push(Reviewer { row, signing, public, seal_to });
    }
    if found.len() > MAX_REVIEWERS {
        return invalid(format!("a draft has at most {MAX_REVIEWERS} reviewers"));
    }
    Ok(found)
}

fn unreadable(what: &str) -> VaultError {
    VaultError::Store(StoreError::Unreadable { what: what.to_owned() })
}

/// A draft that was neither sealed nor dropped, with what it would state.
fn open_draft(store: &Store, id: i64) -> Result<(DraftRow, Unsigned), VaultError> {
    let row = store.draft(id)?.ok_or(VaultError::NoSuchDraft(id))?;
    match DraftState::read(&row.state)? {
        DraftState::Open => {}
        DraftState::Sealed => return Err(VaultError::Invalid(format!("draft {id} was sealed before"))),
        DraftState::Dropped => return Err(VaultError::Invalid(format!("draft {id} was dropped"))),
    }
    let unsigned = read_unsigned(&row)?;
    Ok((row, unsigned))
}

fn read_unsigned(row: &DraftRow) -> Result<Unsigned, VaultError> {
    Unsigned::read(row.unsigned.clone())
        .map_err(|error| VaultError::Log(format!("draft {}: {error}", row.id)))
}

fn decision_of(row: &DraftReviewerRow) -> Result<Option<Decision>, VaultError> {
    let decisions = [Decision::Approved, Decision::Declined];
    let Some(word) = &row.decision else { return Ok(None) };
    let found = decisions.into_iter().find(|decision| decision.as_str() == word);
    found.map(Some).ok_or_else(|| unreadable("draft_reviewer.decision"))
}

/// The key under which a reviewer of a draft decides.
fn key_of(row: &DraftReviewerRow) -> Result<VerifyingKey, VaultError> {
    parse_key(&row.key)?.signing_key().ok_or_else(|| unreadable("draft_reviewer.key"))
}

impl Vault {
    /// Every draft, oldest first, also those that were sealed or dropped.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn drafts(&self) -> Result<Vec<DraftRecord>, VaultError> {
        self.read(|store| store.drafts()?.into_iter().map(|row| self.draft_record(store, row)).collect())
    }

    /// One draft.
    ///
    /// # Errors
    /// [`VaultError::NoSuchDraft`].
    pub fn draft_of(&self, id: i64) -> Result<DraftRecord, VaultError> {
        self.read(|store| {
            let row = store.draft(id)?.ok_or(VaultError::NoSuchDraft(id))?;
            self.draft_record(store, row)
        })
    }

    fn draft_record(&self, store: &Store, row: DraftRow) -> Result<DraftRecord, VaultError> {
        let unsigned = read_unsigned(&row)?;
        let claims = unsigned.claims();
        let recipient = store.recipient(row.recipient)?.ok_or_else(|| unreadable("draft.recipient"))?;
        let mut reviewers = Vec::new();
        for reviewer in store.draft_reviewers(row.id)? {
            let endorsed = reviewer.endorsement.as_ref().map(|jwt| Endorsed::read(jwt, claims)).transpose();
            let endorsed = endorsed.map_err(|error| VaultError::Log(format!("draft {}: {error}", row.id)))?;
            reviewers.push(DraftReviewer {
                id: reviewer.reviewer,
                name: store.recipient(reviewer.reviewer)?.map_or_else(String::new, |row| row.name),
                fingerprint: key_of(&reviewer)?.fingerprint(),
                decision: decision_of(&reviewer)?,
                note: reviewer.note,
                decided: reviewer.decided_at,
                endorsed_as: endorsed.map(|endorsed| endorsed.role),
            });
        }
        Ok(DraftRecord {
            id: row.id,
            jti: row.jti,
            recipient: self.present(recipient),
            purpose: row.purpose,
            drafted: row.drafted_at,
            expires: row.expires_at,
            digest: claims.digest,
            terms: claims.terms,
            sentences: claims.facts.iter().map(facts::sentence).collect(),
            facts: claims.facts.clone(),
            state: DraftState::read(&row.state)?,
            disclosure: row.disclosure,
            reviewers,
        })
    }

    /// Takes in what a reviewer sent back: their decision, and their endorsement if there is one. A later decision takes the
    /// place of an earlier one.
    ///
    /// # Errors
    /// [`VaultError::NoSuchDraft`]; [`VaultError::Invalid`] for a draft that is done with, and for a review that is none, is
    /// about another draft, is not signed by one of its reviewers, or is older than the one there is.
    pub fn take_in_review(
        &mut self,
        id: i64,
        review: &str,
        now: Timestamp,
    ) -> Result<DraftRecord, VaultError> {
        let invalid = |why: String| VaultError::Invalid(why);
        let unsound = |error: VerifyError| invalid(format!("this is no review: {error}"));
        let log = self.journal();
        self.write(|store| {
            let (draft, unsigned) = open_draft(store, id)?;
            let claims = unsigned.claims();
            let file = ReviewFile::from_text(review).map_err(unsound)?;
            let approval = Approval::read(&file.approval, now).map_err(unsound)?;
            let reviewers = store.draft_reviewers(id)?;
            let mut theirs = None;
            for reviewer in reviewers {
                if approval.matches(claims, &key_of(&reviewer)?) {
                    theirs = Some(reviewer);
                }
            }
            let theirs = theirs.ok_or_else(|| {
                invalid(format!(
                    "the review is not for draft {id}: it is about another one, or signed by nobody whom you asked"
                ))
            })?;
            if theirs.decided_at.is_some_and(|known| approval.decided < known) {
                return Err(invalid("the review is older than the one that you have".to_owned()));
            }
            let endorsed = file.endorsement.as_ref().map(|jwt| Endorsed::read(jwt, claims)).transpose();
            let endorsed = endorsed.map_err(unsound)?;
            if let Some(endorsed) = &endorsed
                && (endorsed.signer_key != approval.signer || approval.decision == Decision::Declined)
            {
                return Err(invalid("the endorsement does not go with the decision".to_owned()));
            }
            let name = store.recipient(theirs.reviewer)?.map_or_else(String::new, |row| row.name);
            let body = json!({"draft": id, "jti": draft.jti, "recipient": draft.recipient,
                "reviewer": theirs.reviewer, "name": name, "note": approval.note,
                "endorsed_as": endorsed.map(|endorsed| endorsed.role),
                "approval_sha256": facts::digest_hex(file.approval.as_bytes())});
            let row = DraftReviewerRow {
                decision: Some(approval.decision.as_str().to_owned()),
                note: approval.note,
                decided_at: Some(approval.decided),
                approval: Some(file.approval),
                endorsement: file.endorsement,
                ..theirs
            };
            store.set_draft_reviewer(id, &row)?;
            let kind = match approval.decision {
                Decision::Approved => LogKind::Approved,
                Decision::Declined => LogKind::Declined,
            };
            log.append(store, kind, &body, now)
        })?;
        self.draft_of(id)
    }

    /// Gives a draft up. What its reviewers saw stays seen.
    ///
    /// # Errors
    /// [`VaultError::NoSuchDraft`]; [`VaultError::Invalid`] for one that was sealed or dropped before.
    pub fn drop_draft(&mut self, id: i64, now: Timestamp) -> Result<DraftRecord, VaultError> {
        let log = self.journal();
        self.write(|store| {
            let (draft, _) = open_draft(store, id)?;
            store.end_draft(id, None)?;
            let body = json!({"draft": id, "jti": draft.jti, "recipient": draft.recipient});
            log.append(store, LogKind::DraftDropped, &body, now)
        })?;
        self.draft_of(id)
    }
}
