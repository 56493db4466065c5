//! The inference guard: nothing leaves from which, with all that left before, small groups of transactions follow.
//!
//! Each fact is mapped to figures over sets of rows (`figures`); [`crate::disclosure::inference`] finds what
//! follows from these and from the history; here the owner's policy turns that into a refusal or a warning.

mod documents;
mod exposure;
mod figures;
#[cfg(test)]
mod tests;

pub use exposure::{Exposure, KnownGroup, ThresholdUse};

use super::facts::ShownRows;
use super::refusal::{Leak, LeakedDetail, LeakedRow, Origin, OverBudget, Refusal};
use super::{FactRequest, Vault, VaultError};
use crate::disclosure::MIN_CELL_ROWS;
use crate::disclosure::inference::{self, Aggregate, Analysis, Group, Kind, Options, Quantity, Scope};
use crate::disclosure::log::LogKind;
use crate::ledger::part_number::{is_part, transaction_of};
use crate::ledger::{AccountId, TransactionId};
use crate::money::Money;
use crate::store::Store;
use crate::store::aggregates_disclosed::{AggregateRow, PolicyRow};
use crate::store::recipients::RecipientRow;
use figures::{Figure, History, figures_of};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Other days are tried as a safe alternative while the history has at most so many figures.
const MAX_HISTORY_FOR_ADVICE: usize = 400;

/// What a recipient may work out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InferencePolicy {
    /// A group of fewer transactions than this must not become known; a total of fewer is held back.
    pub k: u64,
    /// How many yes-or-no answers they get on one account. Nineteen find a balance to the cent.
    pub threshold_budget: u64,
    /// What happens where they could work more out together with other recipients.
    pub collusion: Collusion,
}

impl Default for InferencePolicy {
    fn default() -> Self {
        Self { k: MIN_CELL_ROWS, threshold_budget: 5, collusion: Collusion::Warn }
    }
}

/// What happens where several recipients together could work out what none of them can alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Collusion {
    /// The owner is told and may go on.
    #[default]
    Warn,
    /// The disclosure is refused.
    Refuse,
}

impl Collusion {
    /// The word that the vault, the command line and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Refuse => "refuse",
        }
    }
}

/// What the guard says of a request.
pub(super) struct Verdict {
    pub(super) refusal: Option<Refusal>,
    pub(super) warnings: Vec<String>,
    /// The sets beneath the facts, to be kept where the disclosure is made.
    pub(super) rows: Vec<AggregateRow>,
    /// How many disclosures were made to the recipient before, and drafts shown to them.
    pub(super) earlier: u64,
    /// What the recipient will know beyond what is said to them.
    pub(super) afterwards: Vec<String>,
}

/// Who is asking for what, and how it is judged.
pub(super) struct Guard<'a> {
    pub(super) store: &'a Store,
    pub(super) recipient: &'a RecipientRow,
    pub(super) today: Date,
    pub(super) seed: [u8; 32],
}

impl Guard<'_> {
    /// Judges a request against everything that was disclosed.
    ///
    /// `shown` has for each fact the rows beneath the totals that were drawn for it; nothing for facts without.
    pub(super) fn judge(
        &self,
        facts: &[FactRequest],
        shown: &[Option<ShownRows>],
    ) -> Result<Verdict, VaultError> {
        let policy = policy_of(self.store, self.recipient.id)?;
        let mut figures: Vec<Figure> = Vec::new();
        for (place, fact) in facts.iter().enumerate() {
            figures.extend(figures_of(self.store, fact, shown.get(place).and_then(Option::as_ref))?);
        }
        self.judge_figures(&figures, facts, policy)
    }

    /// Judges figures; the facts they are of serve for advice.
    fn judge_figures(
        &self,
        figures: &[Figure],
        facts: &[FactRequest],
        policy: InferencePolicy,
    ) -> Result<Verdict, VaultError> {
        let mut history = History::load(self.store)?;
        let earlier = history.aggregates.len();
        let rows = history.with_asked(self.store, self.recipient.id, figures)?;
        let (alone, together) = self.analyse_both(&history, earlier, policy.k)?;
        let together = together.as_ref().map_or(&[][..], |together| &together.leaks);
        let new_together =
            together.iter().filter(|leak| !alone.leaks.iter().any(|own| own.rows == leak.rows));
        let new_together: Vec<Leak> =
            new_together.map(|leak| self.leak(&history, leak, true)).collect::<Result<_, _>>()?;
        let mut leaks: Vec<Leak> =
            alone.leaks.iter().map(|leak| self.leak(&history, leak, false)).collect::<Result<_, _>>()?;
        let (mut over_budget, over_together) = self.over_budget(&history.aggregates, earlier, policy)?;
        let mut warnings = self.unkept_warning()?;
        if policy.collusion == Collusion::Refuse {
            leaks.extend(new_together);
            over_budget.extend(over_together);
        } else {
            warnings.extend(collusion_warnings(&self.recipient.name, new_together, over_together));
        }
        let refusal = if leaks.is_empty() && over_budget.is_empty() {
            None
        } else {
            let recipient = self.recipient.name.clone();
            let safe = self.advice(facts, policy, !leaks.is_empty(), !over_budget.is_empty(), earlier)?;
            Some(Refusal { recipient, leaks, over_budget, safe })
        };
        let mine = history.origins.iter().filter(|row| row.recipient == self.recipient.id);
        let disclosures: BTreeSet<_> = mine.map(|row| (row.disclosure, row.draft)).collect();
        let afterwards = exposure::news(self.store, &alone, figures)?;
        Ok(Verdict { refusal, warnings, rows, earlier: disclosures.len() as u64, afterwards })
    }

    /// What the recipient could work out, and what all recipients could together; no second answer where nobody
    /// else was ever told anything, since it would be the first.
    fn analyse_both(
        &self,
        history: &History,
        earlier: usize,
        k: u64,
    ) -> Result<(Analysis, Option<Analysis>), VaultError> {
        let recipient = self.recipient.id;
        let alone = self.analyse(history, earlier, k, Some(recipient))?;
        let has_others = history.aggregates.iter().any(|aggregate| aggregate.observer != recipient);
        let together = has_others.then(|| self.analyse(history, earlier, k, None)).transpose()?;
        Ok((alone, together))
    }

    fn analyse(
        &self,
        history: &History,
        earlier: usize,
        k: u64,
        observer: Option<i64>,
    ) -> Result<Analysis, VaultError> {
        let options =
            Options { k, observer, quantity: Quantity::Amounts, scope: Scope::Touched, seed: self.seed };
        analyse(&history.aggregates, earlier, &options)
    }

    fn leak(&self, history: &History, leak: &Group, together: bool) -> Result<Leak, VaultError> {
        let mut rows = Vec::new();
        for number in leak.rows.ids() {
            rows.push(leaked_row(self.store, number)?);
        }
        let is_told = |place: &usize| {
            history.aggregates.get(*place).is_some_and(|aggregate| aggregate.kind != Kind::Parts)
        };
        let places = leak.certificate.iter().flat_map(|certificate| {
            certificate.terms.iter().map(|term| term.aggregate).chain(certificate.revealing.iter().copied())
        });
        let origins: BTreeSet<_> = places
            .filter(is_told)
            .filter_map(|place| history.origins.get(place))
            .map(|row| (row.disclosure, row.draft, row.recipient))
            .collect();
        let mut from = Vec::new();
        for (disclosure, draft, recipient) in origins {
            from.extend(self.origin(disclosure, draft, recipient)?);
        }
        Ok(Leak { rows, from, together })
    }

    /// Where a figure was told: in a disclosure, or in a draft to one who reviewed it.
    fn origin(
        &self,
        disclosure: Option<i64>,
        draft: Option<i64>,
        recipient: i64,
    ) -> Result<Option<Origin>, VaultError> {
        let found = match (disclosure, draft) {
            (Some(id), _) => self.store.disclosure(id)?.map(|row| (id, row.issued_at, false)),
            (None, Some(id)) => self.store.draft(id)?.map(|row| (id, row.drafted_at, true)),
            (None, None) => None,
        };
        let Some((id, at, in_draft)) = found else { return Ok(None) };
        let name = self.store.recipient(recipient)?.map_or_else(String::new, |recipient| recipient.name);
        let issued = at.to_zoned(TimeZone::UTC).date();
        Ok(Some(Origin { disclosure: id, in_draft, issued, recipient: name }))
    }

    /// Accounts on which the recipient would have more answers than allowed; those on which all would.
    fn over_budget(
        &self,
        aggregates: &[Aggregate],
        earlier: usize,
        policy: InferencePolicy,
    ) -> Result<(Vec<OverBudget>, Vec<OverBudget>), VaultError> {
        let asked = aggregates.get(earlier..).unwrap_or(&[]);
        let accounts: BTreeSet<i64> = asked
            .iter()
            .filter_map(|aggregate| match aggregate.kind {
                Kind::Threshold { account, .. } => Some(account),
                _ => None,
            })
            .collect();
        let (mut alone, mut together) = (Vec::new(), Vec::new());
        for account in accounts {
            let before = aggregates.get(..earlier).unwrap_or(&[]);
            let over = |observer| {
                let answers = inference::threshold_answers(aggregates, observer, account) as u64;
                // A question that was answered before may be answered again.
                let is_new = answers > inference::threshold_answers(before, observer, account) as u64;
                (is_new && answers > policy.threshold_budget).then_some(answers)
            };
            let name =
                self.store.account(AccountId(account))?.map_or_else(String::new, |account| account.name);
            let entry = |answers, together| OverBudget {
                account: name.clone(),
                answers,
                budget: policy.threshold_budget,
                together,
            };
            match (over(Some(self.recipient.id)), over(None)) {
                (Some(answers), _) => alone.push(entry(answers, false)),
                (None, Some(answers)) => together.push(entry(answers, true)),
                (None, None) => {}
            }
        }
        Ok((alone, together))
    }

    fn unkept_warning(&self) -> Result<Vec<String>, VaultError> {
        let count = self.store.count_unkept(Some(self.recipient.id))?;
        Ok((count > 0)
            .then(|| {
                format!(
                    "{count} earlier disclosures to {} were made by a finvault that kept no sets of rows: what follows from them is not counted",
                    self.recipient.name
                )
            })
            .into_iter()
            .collect())
    }

    /// What could be disclosed instead.
    fn advice(
        &self,
        facts: &[FactRequest],
        policy: InferencePolicy,
        leaks: bool,
        over_budget: bool,
        earlier: usize,
    ) -> Result<Vec<String>, VaultError> {
        let mut advice = Vec::new();
        if leaks {
            if let [FactRequest::Balance { account, as_of, .. }] = facts
                && earlier <= MAX_HISTORY_FOR_ADVICE
            {
                for day in self.safe_days(*account, *as_of, policy)? {
                    advice.push(format!("the balance at the end of {day}"));
                }
            }
            advice.push(format!(
                "a window with at least {} transactions more or fewer than what they know, or wait until there are as many",
                policy.k
            ));
            advice.push(
                "the transactions themselves, if they may know them; a threshold, if yes or no is enough"
                    .to_owned(),
            );
        }
        if over_budget {
            advice.push(
                "one figure, rounded as far as they can use it, in the place of further answers".to_owned(),
            );
        }
        Ok(advice)
    }

    /// The nearest earlier and the nearest later day whose balance would be no leak.
    fn safe_days(
        &self,
        account: AccountId,
        as_of: Date,
        policy: InferencePolicy,
    ) -> Result<Vec<Date>, VaultError> {
        let mut days: BTreeSet<Date> = BTreeSet::new();
        let span = jiff::Span::new().days(366);
        let window = super::TransactionQuery {
            account: Some(account),
            from: as_of.checked_sub(span).ok(),
            to: Some(as_of.checked_add(span).unwrap_or(Date::MAX).min(self.today)),
            ..super::TransactionQuery::default()
        };
        for transaction in self.store.movements(&window)? {
            days.insert(transaction.detail.posted);
        }
        let tries = usize::try_from(policy.k).unwrap_or(usize::MAX).saturating_add(2).min(12);
        let earlier = days.range(..as_of).rev().take(tries);
        let later = days.range(as_of..).skip(usize::from(days.contains(&as_of))).take(tries);
        let mut found = Vec::new();
        for candidates in [earlier.collect::<Vec<_>>(), later.collect()] {
            for day in candidates {
                if self.is_safe(account, *day, policy)? {
                    found.push(*day);
                    break;
                }
            }
        }
        Ok(found)
    }

    fn is_safe(&self, account: AccountId, day: Date, policy: InferencePolicy) -> Result<bool, VaultError> {
        let mut history = History::load(self.store)?;
        let earlier = history.aggregates.len();
        let figures = figures_of(self.store, &FactRequest::balance(account, day), None)?;
        history.with_asked(self.store, self.recipient.id, &figures)?;
        let (alone, together) = self.analyse_both(&history, earlier, policy.k)?;
        Ok(alone.leaks.is_empty() && together.is_none_or(|together| together.leaks.is_empty()))
    }
}

impl Verdict {
    /// Keeps the sets beneath a disclosure that was made.
    pub(super) fn keep(&self, store: &Store, disclosure: i64) -> Result<(), VaultError> {
        for row in &self.rows {
            store.add_aggregate(&AggregateRow { disclosure: Some(disclosure), ..row.clone() })?;
        }
        Ok(())
    }

    /// Keeps the sets beneath a draft that was given to the reviewer for whom it was judged.
    pub(super) fn keep_seen(&self, store: &Store, draft: i64) -> Result<(), VaultError> {
        for row in &self.rows {
            store.add_aggregate(&AggregateRow { draft: Some(draft), ..row.clone() })?;
        }
        Ok(())
    }
}

fn analyse(aggregates: &[Aggregate], earlier: usize, options: &Options) -> Result<Analysis, VaultError> {
    inference::analyse(aggregates, earlier, options)
        .map_err(|error| VaultError::Log(format!("the history of disclosures cannot be analysed: {error}")))
}

fn collusion_warnings(recipient: &str, leaks: Vec<Leak>, over_budget: Vec<OverBudget>) -> Vec<String> {
    let mut by_group: BTreeMap<String, usize> = BTreeMap::new();
    for leak in &leaks {
        *by_group.entry(leak.who(recipient)).or_default() += leak.rows.len();
    }
    let leaks = by_group.into_iter().map(|(who, rows)| match rows {
        1 => format!("{who} could work out 1 transaction that was shown to none of them"),
        rows => format!("{who} could work out {rows} transactions that were shown to none of them"),
    });
    let over_budget = over_budget.into_iter().map(|over| {
        format!(
            "all recipients together would have {} yes-or-no answers on \"{}\"",
            over.answers, over.account
        )
    });
    leaks.chain(over_budget).collect()
}

/// What the owner is shown of a transaction, or of a part of one, that would become known.
fn leaked_row(store: &Store, number: i64) -> Result<LeakedRow, VaultError> {
    let id = TransactionId(transaction_of(number));
    let in_part = is_part(number);
    let mut detail = store.movement(id)?.map(|transaction| LeakedDetail {
        date: transaction.detail.posted,
        payee: transaction.detail.payee,
        amount: transaction.detail.amount,
    });
    if let Some(shown) = detail.as_mut().filter(|_| in_part) {
        let part = store.parts_of(id)?.into_iter().find(|part| part.number == number);
        match part {
            Some(part) => shown.amount = Money::new(part.minor, shown.amount.currency()),
            // It was split otherwise when it was disclosed.
            None => detail = None,
        }
    }
    Ok(LeakedRow { id, in_part, detail })
}

/// The owner's rules for a recipient, or the usual ones.
pub(super) fn policy_of(store: &Store, recipient: i64) -> Result<InferencePolicy, VaultError> {
    Ok(store.recipient_policy(recipient)?.map_or_else(InferencePolicy::default, |row| InferencePolicy {
        k: row.k,
        threshold_budget: row.threshold_budget,
        collusion: if row.collusion == Collusion::Refuse.as_str() {
            Collusion::Refuse
        } else {
            Collusion::Warn
        },
    }))
}

impl Vault {
    /// What a recipient may work out.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn inference_policy(&self, recipient: i64) -> Result<InferencePolicy, VaultError> {
        self.read(|store| policy_of(store, recipient))
    }

    /// Sets what a recipient may work out, and enters it in the log.
    ///
    /// # Errors
    /// [`VaultError::NoSuchRecipient`]; [`VaultError::Invalid`] for a k outside of 1 to 1000 or a budget
    /// above 1000.
    pub fn set_inference_policy(
        &mut self,
        recipient: i64,
        policy: InferencePolicy,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        if !(1..=1000).contains(&policy.k) {
            return Err(VaultError::Invalid("k lies between 1 and 1000".to_owned()));
        }
        if policy.threshold_budget > 1000 {
            return Err(VaultError::Invalid("a budget of thresholds is at most 1000".to_owned()));
        }
        let journal = self.journal();
        self.write(|store| {
            let row = super::recipients::recipient_row(store, recipient)?;
            let kept = PolicyRow {
                k: policy.k,
                threshold_budget: policy.threshold_budget,
                collusion: policy.collusion.as_str().to_owned(),
            };
            store.set_recipient_policy(recipient, &kept)?;
            let body = json!({
                "recipient": row.id,
                "name": row.name,
                "k": policy.k,
                "threshold_budget": policy.threshold_budget,
                "collusion": policy.collusion.as_str(),
            });
            journal.append(store, LogKind::PolicySet, &body, now)
        })
    }

    /// Random bytes of this vault that no observer knows, for the analysis.
    pub(super) fn inference_seed(&self) -> [u8; 32] {
        *self.key.derive_secret("finvault/inference-seed", b"").expose()
    }
}
