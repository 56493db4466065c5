//! Making a draft: judged and drawn as a disclosure is, fixed in every byte but the signature, sealed to its reviewers.

use super::super::disclose::{draft, utc_day};
use super::super::outgoing::{Clearing, Sealing, check_reason, log_facts};
use super::super::question::root_salt;
use super::super::recipients::{issuer_key, pseudonym_key, recipient_row};
use super::super::{DisclosureRequest, Preview, Vault, VaultError, lifecycle, limits, standing};
use super::{DraftRecord, Reviewer, reviewers_among};
use crate::crypto::sign::Fingerprint;
use crate::disclosure::log::LogKind;
use crate::disclosure::{self, IssueError, RecipientKey, Unsigned};
use crate::store::Store;
use crate::store::drafts::{DraftReviewerRow, DraftRow};
use crate::store::recipients::RecipientRow;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Those whom the owner's policy names, and those named for this draft.
fn all_reviewers(store: &Store, recipient: &RecipientRow, more: &[i64]) -> Result<Vec<Reviewer>, VaultError> {
    let needed = limits::profile(store, recipient.id)?.approvals;
    let ids: Vec<i64> = needed.iter().map(|needed| needed.reviewer).chain(more.iter().copied()).collect();
    if ids.is_empty() {
        return Err(VaultError::Invalid(format!(
            "nobody is to review it: name a reviewer, or set whose approval disclosures to {} need",
            recipient.name
        )));
    }
    reviewers_among(store, recipient, &ids)
}

fn unsealable(error: IssueError) -> VaultError {
    VaultError::Sealing(error.to_string())
}

impl Vault {
    /// What a draft would show to its reviewers, and let out once it is sealed. The warnings say what the reviewers could
    /// work out. Nothing is kept or logged.
    ///
    /// # Errors
    /// As [`Vault::draft`].
    pub fn preview_draft(
        &self,
        request: &DisclosureRequest,
        reviewers: &[i64],
        now: Timestamp,
    ) -> Result<(Preview, Vec<String>), VaultError> {
        let row = self.read(|store| recipient_row(store, request.recipient))?;
        let reviewers = self.read(|store| all_reviewers(store, &row, reviewers))?;
        let (mut preview, shown) = self.look_at(request, now)?;
        let (pseudonyms, seed, today) = (pseudonym_key(&self.key, &row), self.inference_seed(), utc_day(now));
        for reviewer in &reviewers {
            let verdict = self.read(|store| {
                let (recipient, pseudonyms, root_salt) = (&row, &pseudonyms, [0; 32]);
                let clearing =
                    Clearing { store, recipient, pseudonyms, seed, root_salt, drawn_on: today, today };
                clearing.guard(&reviewer.row).judge(&request.facts, &shown)
            })?;
            preview.warnings.extend(verdict.refusal.map(|refusal| format!("by reviewing it, {refusal}")));
            preview.warnings.extend(verdict.warnings);
        }
        preview.warnings.sort();
        preview.warnings.dedup();
        Ok((preview, reviewers.into_iter().map(|reviewer| reviewer.row.name).collect()))
    }

    /// Makes a draft for those whose approval the recipient's policy needs and for `reviewers`, and enters it in the log.
    /// `deliver` is given the file that is sealed to all of them, as in [`Vault::disclose`].
    ///
    /// # Errors
    /// As [`Vault::disclose`], refusals included; [`VaultError::Invalid`] where nobody is to review it, or one of them cannot.
    pub fn draft(
        &mut self,
        request: &DisclosureRequest,
        reviewers: &[i64],
        now: Timestamp,
        deliver: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<DraftRecord, VaultError> {
        check_reason(request)?;
        let row = self.read(|store| recipient_row(store, request.recipient))?;
        let reviewers = self.read(|store| all_reviewers(store, &row, reviewers))?;
        let seed = self.inference_seed();
        let issuer = issuer_key(&self.key, &row);
        let signer = issuer.verifying_key();
        let pseudonyms = pseudonym_key(&self.key, &row);
        let sealing = Sealing::new(&row, request.form, self.random.as_ref())?;
        let audience = sealing.audience()?;
        let root_salt = *root_salt(&self.key, &row, &request.facts).expose();
        let journal = self.journal();
        let (random, vault_key, today) = (self.random.as_ref(), &self.key, utc_day(now));
        let written = self.store.write(|store| {
            let (recipient, pseudonyms) = (&row, &pseudonyms);
            let clearing = Clearing { store, recipient, pseudonyms, seed, root_salt, drawn_on: today, today };
            let status = lifecycle::take_place(store, vault_key, &row, random)?;
            let (cleared, unsigned) = clearing.clear_beside(request, &|stated| {
                disclosure::prepare(&draft(request, audience, stated, &status), &signer, now, random)
            })?;
            let (status_idx, unsigned) = (status.idx(), unsigned.map_err(unsealable)?);
            let fingerprints: Vec<Fingerprint> =
                reviewers.iter().map(|reviewer| reviewer.public.fingerprint()).collect();
            let copy = unsigned.for_review(&row.name, &fingerprints, now, &issuer).map_err(unsealable)?;
            let keys: Vec<RecipientKey> = reviewers.iter().map(|reviewer| reviewer.seal_to.clone()).collect();
            let sealed = disclosure::seal_draft(&copy, &keys)
                .map_err(|error| VaultError::Sealing(error.to_string()))?;
            let id = store.add_draft(&DraftRow {
                status_idx,
                root_salt,
                accepted_risk: cleared.accepted.as_ref().map(Value::to_string),
                passcode: sealing.passcode().map(disclosure::Passcode::text),
                ..draft_row(request, &unsigned, now)?
            })?;
            for reviewer in &reviewers {
                store.set_draft_reviewer(id, &undecided(reviewer))?;
                clearing.guard(&reviewer.row).judge(&request.facts, &cleared.shown)?.keep_seen(store, id)?;
            }
            let names: Vec<Value> = reviewers
                .iter()
                .map(|reviewer| json!({"reviewer": reviewer.row.id, "name": reviewer.row.name}))
                .collect();
            let mut body = json!({"draft": id, "jti": unsigned.claims().id, "recipient": row.id,
                "name": row.name, "purpose": request.purpose.text(), "reviewers": names,
                "expires": unsigned.claims().expires.to_string(),
                "disclosure_sha256": unsigned.digest(), "facts": log_facts(&cleared.stated.facts)});
            if let Some(accepted) = &cleared.accepted {
                body["accepted_risk"] = accepted.clone();
            }
            journal.append(store, LogKind::Drafted, &body, now)?;
            deliver(&sealed).map_err(VaultError::Deliver)?;
            Ok(id)
        });
        if let Err(error) = &written {
            self.log_denial(request, &row.name, error, now)?;
        }
        let id = written.map_err(|error| self.explain(error))?;
        self.draft_of(id)
    }
}

/// The row of a draft, but for what only its maker knows.
fn draft_row(
    request: &DisclosureRequest,
    unsigned: &Unsigned,
    now: Timestamp,
) -> Result<DraftRow, VaultError> {
    let claims = unsigned.claims();
    let request_json = standing::to_json(request, now)
        .ok_or_else(|| VaultError::Invalid("a draft cannot state this kind of fact".to_owned()))?;
    Ok(DraftRow {
        id: 0,
        jti: claims.id.clone(),
        recipient: request.recipient,
        purpose: request.purpose.text().to_owned(),
        drafted_at: claims.issued,
        expires_at: claims.expires,
        unsigned: unsigned.as_str().to_owned(),
        root_salt: [0; 32],
        status_idx: 0,
        request: request_json,
        accepted_risk: None,
        passcode: None,
        state: "open".to_owned(),
        disclosure: None,
    })
}

fn undecided(reviewer: &Reviewer) -> DraftReviewerRow {
    DraftReviewerRow {
        reviewer: reviewer.row.id,
        key: reviewer.signing.as_str().to_owned(),
        decision: None,
        note: None,
        decided_at: None,
        approval: None,
        endorsement: None,
    }
}
