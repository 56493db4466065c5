//! Sealing a draft: only with every approval, only while the records say what it says, and exactly the bytes that were approved.

use super::super::disclose::{Standing, utc_day};
use super::super::outgoing::{Cleared, Clearing, Leaving, Sealing, form_for};
use super::super::recipients::{issuer_key, pseudonym_key, recipient_row};
use super::super::{
    DisclosureRequest, Issued, Preview, Vault, VaultError, documents, facts, limits, standing,
};
use super::{decision_of, open_draft};
use crate::disclosure::{Decision, Enclosure, PseudonymKey, SealedForm, Unsigned, check_enclosures};
use crate::store::Store;
use crate::store::drafts::{DraftReviewerRow, DraftRow};
use crate::store::lifecycle::LifeRow;
use crate::store::recipients::RecipientRow;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A draft that may be sealed, but for what its reviewers and the owner's rules say.
struct Pending {
    row: DraftRow,
    unsigned: Unsigned,
    recipient: RecipientRow,
    request: DisclosureRequest,
}

impl Pending {
    fn load(store: &Store, id: i64) -> Result<Self, VaultError> {
        let (row, unsigned) = open_draft(store, id)?;
        let recipient = recipient_row(store, row.recipient)?;
        let mut request = standing::draft_from_json(&row.request, row.recipient, row.drafted_at)?;
        let accepted = row.accepted_risk.as_deref().and_then(|json| serde_json::from_str(json).ok());
        request.accept_risk = accepted.and_then(|risk: Value| Some(risk.get("reason")?.as_str()?.to_owned()));
        Ok(Self { row, unsigned, recipient, request })
    }

    /// Refuses an expired draft, and one that somebody declined or has not approved.
    fn check_approvals(&self, store: &Store, now: Timestamp) -> Result<Vec<DraftReviewerRow>, VaultError> {
        let id = self.row.id;
        if now >= self.row.expires_at {
            let expired = self.row.expires_at;
            return Err(VaultError::Invalid(format!("draft {id} expired at {expired}: make a new draft")));
        }
        let name_of = |reviewer: i64| -> Result<String, VaultError> {
            Ok(store.recipient(reviewer)?.map_or_else(String::new, |row| row.name))
        };
        let reviewers = store.draft_reviewers(id)?;
        let mut missing = Vec::new();
        for reviewer in &reviewers {
            match decision_of(reviewer)? {
                Some(Decision::Approved) => {}
                Some(Decision::Declined) => {
                    let (name, why) = (name_of(reviewer.reviewer)?, reviewer.note.as_deref().unwrap_or(""));
                    return Err(VaultError::NotAllowed(format!("{name} declined draft {id}: {why}")));
                }
                None => missing.push(name_of(reviewer.reviewer)?),
            }
        }
        // The owner may have asked for more approvals since.
        for needed in limits::profile(store, self.recipient.id)?.approvals {
            if !reviewers.iter().any(|reviewer| reviewer.reviewer == needed.reviewer) {
                missing.push(needed.name);
            }
        }
        if !missing.is_empty() {
            let names = missing.join(" and ");
            return Err(VaultError::NotAllowed(format!("draft {id} lacks the approval of {names}")));
        }
        Ok(reviewers)
    }

    /// Judges it again, and refuses where its facts or rows are not what they were.
    fn clear(
        &self,
        store: &Store,
        pseudonyms: &PseudonymKey,
        seed: [u8; 32],
        now: Timestamp,
    ) -> Result<Cleared, VaultError> {
        let clearing = Clearing {
            store,
            recipient: &self.recipient,
            pseudonyms,
            seed,
            root_salt: self.row.root_salt,
            drawn_on: utc_day(self.row.drafted_at),
            today: utc_day(now),
        };
        let cleared = clearing.clear(&self.request)?;
        // A risk was accepted as it was then, not whatever it may have become.
        let accepted = cleared.accepted.as_ref().map(Value::to_string);
        if let (Some(refusal), true) = (&cleared.verdict.refusal, accepted != self.row.accepted_risk) {
            return Err(VaultError::Refused(Box::new(refusal.clone())));
        }
        let claims = self.unsigned.claims();
        if cleared.stated.facts != claims.facts || cleared.stated.ledger_root != claims.ledger_root {
            return Err(VaultError::Invalid(format!(
                "the records have changed since draft {} was made: make a new draft",
                self.row.id
            )));
        }
        Ok(cleared)
    }
}

impl Vault {
    /// What sealing a draft would let out, under all the checks of [`Vault::seal_draft`]. Nothing is signed or logged.
    ///
    /// # Errors
    /// As [`Vault::seal_draft`].
    pub fn preview_sealing(&self, id: i64, now: Timestamp) -> Result<Preview, VaultError> {
        let pending = self.read(|store| Pending::load(store, id))?;
        let (pseudonyms, seed) = (pseudonym_key(&self.key, &pending.recipient), self.inference_seed());
        let cleared = self.read(|store| {
            pending.check_approvals(store, now)?;
            pending.clear(store, &pseudonyms, seed, now)
        })?;
        let mut warnings = cleared.warnings;
        warnings.extend(cleared.verdict.warnings);
        Ok(Preview {
            form: form_for(&pending.recipient, pending.request.form),
            recipient: self.present(pending.recipient),
            sentences: cleared.stated.facts.iter().map(facts::sentence).collect(),
            stays: facts::what_stays(&cleared.stated.facts, cleared.enclosed.len()),
            narrower: Vec::new(),
            facts: cleared.stated.facts,
            enclosed: cleared.enclosed,
            terms: pending.request.terms,
            expires: pending.row.expires_at,
            warnings,
            earlier: cleared.verdict.earlier,
            afterwards: cleared.verdict.afterwards,
            refusal: cleared.verdict.refusal,
            holder: cleared.stated.holder.map(|key| key.fingerprint()),
        })
    }

    /// Enters in the log that sealing a draft was refused by the owner's own rules; other errors are not entered.
    ///
    /// # Errors
    /// [`VaultError::NoSuchDraft`]; [`VaultError::Store`] where the vault cannot be written.
    pub fn log_draft_refusal(
        &mut self,
        id: i64,
        error: &VaultError,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let pending = self.read(|store| Pending::load(store, id))?;
        self.log_denial(&pending.request, &pending.recipient.name, error, now)
    }

    /// Signs exactly the bytes that were approved, seals them with the reviewers' endorsements, and enters it in the log.
    /// `deliver` is as in [`Vault::disclose`].
    ///
    /// # Errors
    /// [`VaultError::NotAllowed`] while an approval is missing or refused, or where the recipient's limits forbid it, and
    /// [`VaultError::Refused`] where more would follow than is allowed (both are entered in the log as denied);
    /// [`VaultError::Invalid`] where the draft expired or is done with, or the records have changed since;
    /// [`VaultError::NoSuchDraft`], [`VaultError::Deliver`], [`VaultError::Store`].
    pub fn seal_draft(
        &mut self,
        id: i64,
        now: Timestamp,
        deliver: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<Issued, VaultError> {
        self.seal_draft_as(id, None, now, deliver)
    }

    /// As [`Vault::seal_draft`], in this form rather than in the one that was chosen when the draft was made.
    ///
    /// # Errors
    /// As [`Vault::seal_draft`]; [`VaultError::Invalid`] for a page or data file of a draft that is made out to a key.
    pub fn seal_draft_as(
        &mut self,
        id: i64,
        form: Option<SealedForm>,
        now: Timestamp,
        deliver: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<Issued, VaultError> {
        let pending = self.read(|store| Pending::load(store, id))?;
        let recipient = &pending.recipient;
        let (issuer, seed) = (issuer_key(&self.key, recipient), self.inference_seed());
        let pseudonyms = pseudonym_key(&self.key, recipient);
        let passcode = pending.row.passcode.as_ref().map(|text| text.as_str());
        let mut sealing = Sealing::kept(recipient, passcode, form.or(pending.request.form))?;
        let (audience, seal_to) = (sealing.audience()?, sealing.seal_to(self.random.as_ref())?);
        if audience != pending.unsigned.claims().audience {
            return Err(VaultError::Sealing("the draft is for another key than the recipient's".to_owned()));
        }
        let journal = self.journal();
        let written = self.store.write(|store| {
            let reviewers = pending.check_approvals(store, now)?;
            let cleared = pending.clear(store, &pseudonyms, seed, now)?;
            let unsealable = |error: String| VaultError::Sealing(error);
            let issued = pending.unsigned.sign(&issuer).map_err(|error| unsealable(error.to_string()))?;
            let endorsements = reviewers.iter().filter_map(|reviewer| reviewer.endorsement.clone());
            let mut enclosures: Vec<Enclosure> = endorsements.map(Enclosure::Endorsement).collect();
            enclosures.extend(documents::take_out(store, &cleared.enclosed)?);
            check_enclosures(pending.unsigned.claims(), &enclosures)
                .map_err(|error| unsealable(error.to_string()))?;
            let leaving = Leaving {
                recipient,
                seal_to: &seal_to,
                purpose: &pending.request.purpose,
                root_salt: pending.row.root_salt,
                standing: Standing::default(),
                life: LifeRow {
                    status_idx: Some(pending.row.status_idx),
                    request: standing::to_json(&pending.request, pending.row.drafted_at),
                    ..LifeRow::default()
                },
                enclosures,
                more: vec![("draft", id.into()), ("approvals", approvals(&reviewers))],
            };
            // The place in the status list goes over from the draft.
            let entry = leaving.let_out(store, &journal, &issued, &cleared, now, deliver)?;
            store.end_draft(id, Some(entry.id))?;
            Ok(entry)
        });
        if let Err(error) = &written {
            self.log_denial(&pending.request, &pending.recipient.name, error, now)?;
        }
        let entry = written.map_err(|error| self.explain(error))?;
        Ok(Issued::of(entry, sealing, self.present(pending.recipient)))
    }
}

/// What the log says of the approvals under which a draft was sealed.
fn approvals(reviewers: &[DraftReviewerRow]) -> Value {
    let one = |reviewer: &DraftReviewerRow| {
        let digest = reviewer.approval.as_ref().map(|jwt| facts::digest_hex(jwt.as_bytes()));
        json!({"reviewer": reviewer.reviewer, "approval_sha256": digest,
            "endorsed": reviewer.endorsement.is_some()})
    };
    reviewers.iter().map(one).collect()
}
