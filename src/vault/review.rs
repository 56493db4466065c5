//! Checking back: what is out there, with whom, what it reveals in sum, and what to close.

use super::disclose::utc_day;
use super::limits::profile;
use super::{DisclosureRecord, DisclosureState, Recipient, Vault, VaultError};
use crate::disclosure::log::LogKind;
use crate::store::lifecycle::ReviewRow;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::BTreeSet;

/// From how many days on an active disclosure is worth a question.
const LONG_S: i64 = 31 * 86_400;

/// All that is out there.
#[derive(Debug, Clone)]
pub struct Review {
    /// One for each recipient that something was disclosed to, in order of name.
    pub recipients: Vec<RecipientReview>,
    /// When the owner looked last, before this time.
    pub last: Option<Timestamp>,
    /// How often they want to look, in days.
    pub every_days: Option<u32>,
}

/// What is out there with one recipient.
#[derive(Debug, Clone)]
pub struct RecipientReview {
    /// Who.
    pub recipient: Recipient,
    /// Everything that ever left to them, oldest first.
    pub disclosures: Vec<DisclosureRecord>,
    /// All that they were ever told, each statement once.
    pub knows: Vec<String>,
    /// What is worth doing.
    pub advice: Vec<Advice>,
}

/// Something worth doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// About which disclosure, if about one.
    pub disclosure: Option<i64>,
    /// What was noticed.
    pub why: String,
    /// The command that acts on it.
    pub command: String,
}

/// When the owner wants to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewPlan {
    /// How often, in days; none: no reminder.
    pub every_days: Option<u32>,
    /// When they looked last.
    pub last: Option<Timestamp>,
    /// Whether it is time again.
    pub due: bool,
}

impl Vault {
    /// What is out there. Counts as looked at only after [`Vault::mark_reviewed`].
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn review(&self, now: Timestamp) -> Result<Review, VaultError> {
        let mut recipients: Vec<RecipientReview> = Vec::new();
        for record in self.disclosures()? {
            match recipients.iter_mut().find(|known| known.recipient.id == record.recipient.id) {
                Some(known) => known.disclosures.push(record),
                None => recipients.push(RecipientReview {
                    recipient: record.recipient.clone(),
                    disclosures: vec![record],
                    knows: Vec::new(),
                    advice: Vec::new(),
                }),
            }
        }
        for review in &mut recipients {
            let said: BTreeSet<&String> =
                review.disclosures.iter().flat_map(|record| &record.sentences).collect();
            review.knows = said.into_iter().cloned().collect();
            let gap = self.read(|store| profile(store, review.recipient.id))?.vetting_gap(utc_day(now));
            review.advice = advise(review, gap, now);
        }
        recipients.sort_by_key(|review| review.recipient.name.to_lowercase());
        let plan = self.review_plan(now)?;
        Ok(Review { recipients, last: plan.last, every_days: plan.every_days })
    }

    /// When the owner wants to look again. It is due where they never looked since the first disclosure became old
    /// enough, or looked too long ago.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn review_plan(&self, now: Timestamp) -> Result<ReviewPlan, VaultError> {
        self.read(|store| {
            let row = store.review_plan()?;
            let since = match row.reviewed_at {
                Some(at) => Some(at),
                None => store.disclosures()?.first().map(|first| first.issued_at),
            };
            let due = row.every_days.zip(since).is_some_and(|(days, since)| {
                let interval = SignedDuration::from_secs(i64::from(days).saturating_mul(86_400));
                since.checked_add(interval).is_ok_and(|at| now >= at)
            });
            Ok(ReviewPlan { every_days: row.every_days, last: row.reviewed_at, due })
        })
    }

    /// Sets how often the owner wants to look, in days; none takes the reminder away.
    ///
    /// # Errors
    /// [`VaultError::Invalid`] for zero days.
    pub fn set_review_interval(&mut self, every_days: Option<u32>) -> Result<(), VaultError> {
        if every_days == Some(0) {
            return Err(VaultError::Invalid("an interval of no days".to_owned()));
        }
        self.write(|store| {
            let row = store.review_plan()?;
            Ok(store.set_review_plan(&ReviewRow { every_days, ..row })?)
        })
    }

    /// Notes that the owner looked, and enters it in the log.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be written.
    pub fn mark_reviewed(&mut self, now: Timestamp) -> Result<(), VaultError> {
        let log = self.journal();
        self.write(|store| {
            let row = store.review_plan()?;
            store.set_review_plan(&ReviewRow { reviewed_at: Some(now), ..row })?;
            let body = json!({"disclosures": store.disclosures()?.len()});
            log.append(store, LogKind::Reviewed, &body, now)
        })
    }
}

fn advise(review: &RecipientReview, vetting_gap: Option<String>, now: Timestamp) -> Vec<Advice> {
    let mut advice = Vec::new();
    let name = &review.recipient.name;
    let holds = |record: &DisclosureRecord| record.state(now).holds();
    for (index, record) in review.disclosures.iter().enumerate() {
        let id = record.id;
        let mut add = |why: String, command: String| {
            advice.push(Advice { disclosure: Some(id), why, command });
        };
        let revoke = || format!("finvault disclosure revoke {id}");
        if holds(record) {
            let same = |later: &&DisclosureRecord| holds(later) && later.sentences == record.sentences;
            if review.recipient.removed.is_some() {
                add(format!("{name} was removed, and it still holds"), revoke());
            } else if let Some(later) = record.life.renewed_by {
                add(format!("{later} took its place, and it still holds"), revoke());
            } else if let Some(later) = review.disclosures.iter().skip(index + 1).find(same) {
                add(format!("{} says the same", later.id), revoke());
            } else if record.expires.as_second().saturating_sub(now.as_second()) > LONG_S {
                add("it holds for more than 31 days yet".to_owned(), revoke());
            }
        }
        let retain_until = record.terms.retain_until;
        let over = !holds(record) && retain_until.is_none_or(|day| day < utc_day(now));
        if over && record.state(now) != DisclosureState::Closed {
            add(
                "it should be deleted by now, and nothing confirms that".to_owned(),
                format!("finvault disclosure close {id} --receipt FILE"),
            );
        }
    }
    if let Some(gap) = vetting_gap.filter(|_| review.disclosures.iter().any(holds)) {
        advice.push(Advice {
            disclosure: None,
            why: format!("{name} {gap}"),
            command: format!("finvault recipient vet \"{name}\" --by WHO --what TEXT --until DAY"),
        });
    }
    advice
}
