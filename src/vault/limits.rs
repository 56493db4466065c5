//! What one recipient may have at most, and whether anybody looked into who they are.

use super::recipients::{parse_key, recipient_row};
use super::{Vault, VaultError};
use crate::crypto::sign::VerifyingKey;
use crate::disclosure::log::LogKind;
use crate::disclosure::{Lifetime, OnwardSharing, RecipientKey};
use crate::store::Store;
use crate::store::lifecycle::{LimitRow, VettingRow};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

/// What is done where a recipient was not vetted, or too long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum VettingPolicy {
    /// Nothing.
    #[default]
    Off,
    /// The owner is told before sealing.
    Warn,
    /// Nothing is sealed.
    Refuse,
}

impl VettingPolicy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Off, Self::Warn, Self::Refuse];

    /// The word that the vault, the command line and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Refuse => "refuse",
        }
    }
}

/// The kinds of fact that a recipient can be limited to.
pub const FACT_KINDS: [&str; 7] = [
    "balance",
    "balance-range",
    "balance-threshold",
    "totals-by-period",
    "transactions",
    "account",
    "document",
];

/// What one recipient may have at most.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecipientLimits {
    /// The longest lifetime of a disclosure; none: any.
    pub max_lifetime: Option<Lifetime>,
    /// The kinds of fact they may have, as [`Fact::kind`](crate::disclosure::Fact::kind) names them; none: every kind.
    pub allowed: Option<Vec<String>>,
    /// What is done where they were not vetted, or too long ago.
    pub vetting: VettingPolicy,
}

/// One look into who a recipient is: due diligence as the owner noted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vetting {
    /// By whom.
    pub by: String,
    /// What was looked at.
    pub what: String,
    /// The last day on which it counts.
    pub until: Date,
    /// When it was noted.
    pub noted: Timestamp,
}

/// What the vault keeps of a recipient beside their name and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientProfile {
    /// What they may have at most.
    pub limits: RecipientLimits,
    /// Every look into who they are, oldest first. The newest one counts.
    pub vettings: Vec<Vetting>,
    /// The ssh-ed25519 key under which they confirm deletions, and pass on what they may: one introduced for that, else the key that
    /// disclosures are sealed to where it is of that kind.
    pub receipt_key: Option<String>,
    /// Whose approval each disclosure to them needs.
    pub approvals: Vec<NeededApproval>,
}

/// One whose approval is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeededApproval {
    /// Their number among the recipients.
    pub reviewer: i64,
    /// The owner's name for them.
    pub name: String,
}

impl RecipientProfile {
    /// What is wrong with the newest vetting on a day, if anything is.
    pub fn vetting_gap(&self, today: Date) -> Option<String> {
        match self.vettings.last() {
            None => Some("was never vetted".to_owned()),
            Some(last) if last.until < today => {
                Some(format!("was last vetted by {}, which counted until {}", last.by, last.until))
            }
            Some(_) => None,
        }
    }

    /// The key under which they may pass a disclosure on verifiably: the one that signs their receipts, where the
    /// terms allow passing on at all.
    pub fn holder_key(&self, sharing: OnwardSharing) -> Option<VerifyingKey> {
        if sharing == OnwardSharing::Prohibited {
            return None;
        }
        self.receipt_key.as_deref().and_then(|key| parse_key(key).ok()?.signing_key())
    }
}

impl Vault {
    /// Limits, due diligence and receipt key of a recipient.
    ///
    /// # Errors
    /// [`VaultError::NoSuchRecipient`].
    pub fn recipient_profile(&self, id: i64) -> Result<RecipientProfile, VaultError> {
        self.read(|store| profile(store, id))
    }

    /// Notes who vetted a recipient, what they looked at, and until when that counts.
    ///
    /// # Errors
    /// [`VaultError::NoSuchRecipient`]; [`VaultError::Invalid`] for an empty text or a day that is over.
    pub fn vet_recipient(
        &mut self,
        id: i64,
        by: &str,
        what: &str,
        until: Date,
        now: Timestamp,
    ) -> Result<RecipientProfile, VaultError> {
        let row = VettingRow {
            by: plain_text(by, "who vetted them")?,
            what: plain_text(what, "what was looked at")?,
            until,
            noted_at: now,
        };
        if until < super::disclose::utc_day(now) {
            return Err(VaultError::Invalid(format!("a vetting until {until} would count no more today")));
        }
        let log = self.journal();
        self.write(|store| {
            let recipient = recipient_row(store, id)?;
            store.add_vetting(id, &row)?;
            let body = json!({"recipient": id, "name": recipient.name, "by": row.by, "what": row.what,
                "until": until.to_string()});
            log.append(store, LogKind::RecipientVetted, &body, now)?;
            profile(store, id)
        })
    }

    /// Sets what a recipient may have at most.
    ///
    /// # Errors
    /// [`VaultError::NoSuchRecipient`]; [`VaultError::Invalid`] for a list of kinds that allows none, or a kind that
    /// no fact could have.
    pub fn set_recipient_limits(
        &mut self,
        id: i64,
        limits: &RecipientLimits,
        now: Timestamp,
    ) -> Result<RecipientProfile, VaultError> {
        if let Some(kinds) = &limits.allowed {
            let unknown = kinds.iter().map(String::as_str).find(|kind| !FACT_KINDS.contains(kind));
            if let Some(kind) = unknown.or(kinds.is_empty().then_some("")) {
                return Err(VaultError::Invalid(format!(
                    "\"{kind}\" is no kind of fact: the kinds are {}",
                    FACT_KINDS.join(", ")
                )));
            }
        }
        let row = LimitRow {
            max_lifetime_s: limits.max_lifetime.map(Lifetime::seconds),
            allowed: limits.allowed.clone(),
            vetting: Some(limits.vetting.as_str().to_owned()),
        };
        let log = self.journal();
        self.write(|store| {
            let recipient = recipient_row(store, id)?;
            store.set_limits(id, &row)?;
            let body = json!({"recipient": id, "name": recipient.name, "max_lifetime_s": row.max_lifetime_s,
                "allowed": row.allowed, "vetting": row.vetting});
            log.append(store, LogKind::RecipientLimited, &body, now)?;
            profile(store, id)
        })
    }

    /// Checks that these can review what goes to a recipient, without setting anything.
    ///
    /// # Errors
    /// As [`Vault::set_needed_approvals`].
    pub fn check_reviewers(&self, id: i64, reviewers: &[i64]) -> Result<(), VaultError> {
        self.read(|store| {
            let recipient = recipient_row(store, id)?;
            super::drafts::reviewers_among(store, &recipient, reviewers).map(|_| ())
        })
    }

    /// Sets whose approval each disclosure to a recipient needs; none: nobody's.
    ///
    /// # Errors
    /// [`VaultError::NoSuchRecipient`]; [`VaultError::Invalid`] for a reviewer without a key that signs, or for the
    /// recipient themselves.
    pub fn set_needed_approvals(
        &mut self,
        id: i64,
        reviewers: &[i64],
        now: Timestamp,
    ) -> Result<RecipientProfile, VaultError> {
        let log = self.journal();
        self.write(|store| {
            let recipient = recipient_row(store, id)?;
            super::drafts::reviewers_among(store, &recipient, reviewers)?;
            store.set_needed_approvals(id, reviewers)?;
            let profile = profile(store, id)?;
            let names: Vec<&str> = profile.approvals.iter().map(|needed| needed.name.as_str()).collect();
            let body = json!({"recipient": id, "name": recipient.name, "approvals": names});
            log.append(store, LogKind::RecipientLimited, &body, now)?;
            Ok(profile)
        })
    }

    /// Introduces the ssh-ed25519 key under which a recipient will confirm deletions, review drafts, and pass on what they
    /// may.
    ///
    /// # Errors
    /// [`VaultError::NoSuchRecipient`]; [`VaultError::RecipientKey`] for a key that cannot sign.
    pub fn set_receipt_key(
        &mut self,
        id: i64,
        key: &str,
        now: Timestamp,
    ) -> Result<RecipientProfile, VaultError> {
        let key = signing_key(key)?;
        let log = self.journal();
        self.write(|store| {
            let recipient = recipient_row(store, id)?;
            store.set_receipt_key(id, key.as_str())?;
            let body = json!({"recipient": id, "name": recipient.name, "key": key.as_str()});
            log.append(store, LogKind::ReceiptKeySet, &body, now)?;
            profile(store, id)
        })
    }

    /// Enters in the log that a disclosure was asked for and refused.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be written.
    pub fn log_refusal(
        &mut self,
        recipient: i64,
        purpose: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let log = self.journal();
        self.write(|store| {
            let row = recipient_row(store, recipient)?;
            let body = json!({"recipient": recipient, "name": row.name, "purpose": purpose, "why": why});
            log.append(store, LogKind::Denied, &body, now)
        })
    }
}

/// What the owner should know where they let a recipient pass on what nobody could verify then.
pub(super) fn no_holder_key(name: &str) -> String {
    format!(
        "{name} may pass it on, but nobody could verify what they pass on, since you know no key of theirs that signs: \
         ask for their ssh-ed25519 key, and introduce it with: finvault recipient receipt-key \"{name}\" KEY"
    )
}

/// Checks that a text is a key that can sign receipts, without keeping it.
///
/// # Errors
/// [`VaultError::RecipientKey`].
pub fn check_receipt_key(key: &str) -> Result<(), VaultError> {
    signing_key(key).map(|_| ())
}

fn signing_key(key: &str) -> Result<RecipientKey, VaultError> {
    let key = parse_key(key)?;
    match key.signing_key() {
        Some(_) => Ok(key),
        None => Err(VaultError::RecipientKey("an age1… key cannot sign receipts".to_owned())),
    }
}

/// The longest free text of the owner's that is kept, in characters.
const MAX_TEXT_CHARS: usize = 500;

/// A free text of the owner's: not empty, one line, not too long.
pub(super) fn plain_text(text: &str, what: &str) -> Result<String, VaultError> {
    let text = text.trim();
    let wrong = |how: &str| Err(VaultError::Invalid(format!("{what}: the text {how}")));
    if text.is_empty() {
        return wrong("is empty");
    }
    if text.chars().count() > MAX_TEXT_CHARS {
        return wrong("is longer than 500 characters");
    }
    if text.chars().any(char::is_control) {
        return wrong("holds control characters");
    }
    Ok(text.to_owned())
}

pub(super) fn profile(store: &Store, id: i64) -> Result<RecipientProfile, VaultError> {
    let recipient = store
        .recipient(id)?
        .ok_or_else(|| VaultError::NoSuchRecipient { name: format!("number {id}"), known: Vec::new() })?;
    let row = store.limits(id)?;
    let word = row.vetting.as_deref().unwrap_or(VettingPolicy::Off.as_str());
    let unreadable =
        |what: &str| VaultError::Store(crate::store::StoreError::Unreadable { what: what.to_owned() });
    let vetting = VettingPolicy::ALL.into_iter().find(|policy| policy.as_str() == word);
    let max_lifetime = row.max_lifetime_s.map(Lifetime::from_seconds).transpose();
    let own_key = recipient.key.filter(|key| parse_key(key).is_ok_and(|key| key.signing_key().is_some()));
    Ok(RecipientProfile {
        limits: RecipientLimits {
            max_lifetime: max_lifetime.map_err(|_| unreadable("recipient_limit.max_lifetime_s"))?,
            allowed: row.allowed,
            vetting: vetting.ok_or_else(|| unreadable("recipient_limit.vetting"))?,
        },
        vettings: store
            .vettings(id)?
            .into_iter()
            .map(|row| Vetting { by: row.by, what: row.what, until: row.until, noted: row.noted_at })
            .collect(),
        receipt_key: store.receipt_key(id)?.or(own_key),
        approvals: needed_approvals(store, id)?,
    })
}

fn needed_approvals(store: &Store, recipient: i64) -> Result<Vec<NeededApproval>, VaultError> {
    let mut needed = Vec::new();
    for reviewer in store.needed_approvals(recipient)? {
        let name = store.recipient(reviewer)?.map_or_else(String::new, |row| row.name);
        needed.push(NeededApproval { reviewer, name });
    }
    Ok(needed)
}

/// Refuses what would leave without the approvals that the owner asks for.
///
/// # Errors
/// [`VaultError::NotAllowed`].
pub(super) fn needs_no_approval(profile: &RecipientProfile, name: &str) -> Result<(), VaultError> {
    if profile.approvals.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = profile.approvals.iter().map(|needed| needed.name.as_str()).collect();
    Err(VaultError::NotAllowed(format!(
        "disclosures to {name} need the approval of {}: make a draft with finvault disclosure draft",
        names.join(" and ")
    )))
}

/// Holds what would leave against the recipient's limits. Gives what the owner should know before saying yes.
///
/// # Errors
/// [`VaultError::NotAllowed`].
pub(super) fn check<'k>(
    profile: &RecipientProfile,
    name: &str,
    lifetime: Lifetime,
    kinds: impl Iterator<Item = &'k str>,
    today: Date,
) -> Result<Vec<String>, VaultError> {
    let limits = &profile.limits;
    if let Some(most) = limits.max_lifetime.filter(|most| lifetime > *most) {
        return Err(VaultError::NotAllowed(format!(
            "it would hold for {lifetime}, and you limited disclosures to {name} to {most}"
        )));
    }
    if let Some(allowed) = &limits.allowed {
        for kind in kinds {
            if !allowed.iter().any(|known| known == kind) {
                return Err(VaultError::NotAllowed(format!(
                    "it states a fact of the kind {kind}, and you allowed {name} only {}",
                    allowed.join(", ")
                )));
            }
        }
    }
    match (limits.vetting, profile.vetting_gap(today)) {
        (VettingPolicy::Refuse, Some(gap)) => Err(VaultError::NotAllowed(format!("{name} {gap}"))),
        (VettingPolicy::Warn, Some(gap)) => Ok(vec![format!("{name} {gap}")]),
        _ => Ok(Vec::new()),
    }
}
