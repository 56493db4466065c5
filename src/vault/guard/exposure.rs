//! What recipients know in sum, counting everything that was ever disclosed to them.

use super::super::{Vault, VaultError};
use super::figures::{Figure, History};
use super::{analyse, policy_of};
use crate::disclosure::inference::{
    self, Aggregate, Analysis, Group, Kind, Options, Quantity, Scope, threshold_answers,
};
use crate::ledger::part_number::transaction_of;
use crate::ledger::{AccountId, RowSet, TransactionId};
use crate::money::Money;
use crate::store::Store;
use crate::store::aggregates_disclosed::{AggregateRow, SetSummary};
use jiff::civil::Date;
use std::collections::{BTreeSet, HashMap};

/// Sums of larger groups are not computed for telling of them: the figures themselves were told.
const MAX_SUMMED_ROWS: u64 = 20_000;
/// The most lines of news in a preview.
const MAX_NEWS: usize = 12;

/// Everything that a recipient, or all of them together, can know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// The recipient's name; none for all of them together.
    pub recipient: Option<String>,
    /// How many disclosures it counts, and drafts that they were given to review.
    pub disclosures: u64,
    /// How many were made before finvault kept what lies beneath them, and are not counted.
    pub not_counted: u64,
    /// What is known: transactions that were shown, sums and balances that were told or that follow.
    pub known: Vec<KnownGroup>,
    /// How many yes-or-no answers were given.
    pub thresholds: Vec<ThresholdUse>,
}

/// Transactions of which something is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownGroup {
    /// What is known: `shown` one by one, their `sum`, a `balance` that has them in it, or their `number`.
    pub what: &'static str,
    /// The accounts' names; one that is gone is left out.
    pub accounts: Vec<String>,
    /// How many transactions.
    pub transactions: u64,
    /// Whether some of them are there with a part only of those that they are split into.
    pub in_part: bool,
    /// The first day, where it was looked up and a transaction is still there.
    pub from: Option<Date>,
    /// The last day, likewise.
    pub to: Option<Date>,
    /// What they add up to, the opening balance included in a balance; where it was looked up, and is in one currency.
    pub amount: Option<Money>,
    /// Whether it may be known to a rounding step only.
    pub rounded: bool,
    /// Whether it is a group of fewer transactions than the policy allows, and was not shown row by row.
    pub too_small: bool,
}

/// Yes-or-no answers on one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThresholdUse {
    /// The account's name; empty where it is gone.
    pub account: String,
    /// How many different questions were answered.
    pub answers: u64,
    /// How many are allowed; none for all recipients together.
    pub budget: Option<u64>,
}

impl KnownGroup {
    /// One line on it.
    pub fn sentence(&self) -> String {
        let rows = match (self.transactions, self.in_part) {
            (1, true) => "a part of 1 transaction".to_owned(),
            (n, true) => format!("{n} transactions, some in part,"),
            (1, false) => "1 transaction".to_owned(),
            (n, false) => format!("{n} transactions"),
        };
        let accounts: Vec<String> = self.accounts.iter().map(|name| format!("\"{name}\"")).collect();
        let of = if accounts.is_empty() { String::new() } else { format!(" of {}", accounts.join(" and ")) };
        let days = match (self.from, self.to) {
            (Some(from), Some(to)) if from == to => format!(" on {from}"),
            (Some(from), Some(to)) => format!(" from {from} to {to}"),
            _ => String::new(),
        };
        let about = if self.rounded { "about " } else { "" };
        let amount = self.amount.map_or_else(|| "known".to_owned(), |amount| format!("{about}{amount}"));
        match self.what {
            "shown" => format!("{rows}{of}{days}, row by row"),
            "balance" if self.transactions == 0 => format!("the opening balance{of}: {amount}"),
            "balance" => format!("the balance{of} with {rows}{days} in it: {amount}"),
            "number" => format!("that there are {rows}{of}{days}"),
            _ if self.transactions == 1 => format!("{rows}{of}{days}: {amount}"),
            _ => format!("the sum of {rows}{of}{days}: {amount}"),
        }
    }
}

/// What becomes known with the figures asked for, beyond the figures themselves.
pub(super) fn news(store: &Store, analysis: &Analysis, asked: &[Figure]) -> Result<Vec<String>, VaultError> {
    // By a few numbers of each set: to hash all of them would take as long as to find what follows from them.
    let sketch =
        |rows: &RowSet| (rows.runs().first().copied(), rows.runs().last().copied(), rows.runs().len());
    let mut alike: HashMap<_, Vec<&RowSet>> = HashMap::new();
    for figure in asked {
        alike.entry(sketch(&figure.rows)).or_default().push(&figure.rows);
    }
    let is_asked = |rows: &RowSet| alike.get(&sketch(rows)).is_some_and(|alike| alike.contains(&rows));
    let is_news = |group: &&Group| group.new && !group.revealed && !is_asked(&group.rows);
    let news: Vec<&Group> = analysis.known.iter().filter(is_news).collect();
    let mut lines = Vec::new();
    for group in news.iter().take(MAX_NEWS) {
        let what = if group.anchored { "balance" } else { "sum" };
        lines.push(describe(store, group, what, 0)?.sentence());
    }
    if news.len() > MAX_NEWS {
        lines.push(format!("and {} more sums", news.len() - MAX_NEWS));
    }
    Ok(lines)
}

fn describe(store: &Store, group: &Group, what: &'static str, k: u64) -> Result<KnownGroup, VaultError> {
    let mut known = KnownGroup {
        what,
        accounts: Vec::new(),
        transactions: group.transactions,
        in_part: group.rows.parts().next().is_some(),
        from: None,
        to: None,
        amount: None,
        rounded: group.rounded,
        too_small: what == "sum" && group.transactions < k,
    };
    let anchors: Vec<AccountId> =
        group.rows.ids().take_while(|id| *id < 0).map(|id| AccountId(id.saturating_neg())).collect();
    let summaries =
        if group.transactions <= MAX_SUMMED_ROWS { summaries(store, &group.rows)? } else { Vec::new() };
    let accounts: BTreeSet<AccountId> =
        anchors.iter().copied().chain(summaries.iter().map(|(account, _)| *account)).collect();
    let mut total: Option<i128> = (group.transactions <= MAX_SUMMED_ROWS).then_some(0);
    let mut currency = None;
    let found: u64 = summaries.iter().map(|(_, summary)| summary.rows).sum();
    for id in accounts {
        let Some(account) = store.account(id)? else {
            total = None;
            continue;
        };
        if currency.get_or_insert(account.currency) != &account.currency {
            total = None;
        }
        if anchors.contains(&id) {
            let opening = account.opening.map_or(0, |opening| i128::from(opening.amount.minor()));
            total = total.and_then(|total| total.checked_add(opening));
        }
        known.accounts.push(account.name);
    }
    for (_, summary) in &summaries {
        known.from = Some(known.from.map_or(summary.first, |day| day.min(summary.first)));
        known.to = Some(known.to.map_or(summary.last, |day| day.max(summary.last)));
        total = total.and_then(|total| total.checked_add(summary.sum_minor));
    }
    // Where rows were deleted since, what was told then can't be computed now.
    let total = total.filter(|_| found == group.transactions && what != "shown" && what != "number");
    known.amount = total
        .and_then(|total| i64::try_from(total).ok())
        .zip(currency)
        .map(|(minor, currency)| Money::new(minor, currency));
    Ok(known)
}

/// What the set's rows come to, parts of split transactions with what they have in it.
fn summaries(store: &Store, rows: &RowSet) -> Result<Vec<(AccountId, SetSummary)>, VaultError> {
    let mut found = store.summarise(rows)?;
    let mut counted: BTreeSet<i64> = BTreeSet::new();
    for number in rows.parts() {
        let id = TransactionId(transaction_of(number));
        let part = store.parts_of(id)?.into_iter().find(|part| part.number == number);
        let Some((transaction, part)) = store.movement(id)?.zip(part) else { continue };
        let (account, day) = (transaction.account, transaction.detail.posted);
        let is_new = counted.insert(id.0);
        let new = SetSummary { rows: 0, sum_minor: 0, first: day, last: day };
        if !found.iter().any(|(known, _)| *known == account) {
            found.push((account, new));
        }
        if let Some((_, whole)) = found.iter_mut().find(|(known, _)| *known == account) {
            whole.rows = whole.rows.saturating_add(u64::from(is_new));
            whole.sum_minor = whole.sum_minor.saturating_add(i128::from(part.minor));
            whole.first = whole.first.min(day);
            whole.last = whole.last.max(day);
        }
    }
    Ok(found)
}

/// The rows that were shown one by one, an entry for each account.
fn shown(store: &Store, aggregates: &[&Aggregate]) -> Result<Vec<KnownGroup>, VaultError> {
    let revealed = aggregates
        .iter()
        .filter(|aggregate| aggregate.kind == Kind::Revealed)
        .fold(RowSet::new(), |all, aggregate| all.union(&aggregate.added));
    let mut found = Vec::new();
    for (account, summary) in store.summarise(&revealed)? {
        found.push(KnownGroup {
            what: "shown",
            accounts: store.account(account)?.map(|account| account.name).into_iter().collect(),
            transactions: summary.rows,
            in_part: false,
            from: Some(summary.first),
            to: Some(summary.last),
            amount: None,
            rounded: false,
            too_small: false,
        });
    }
    Ok(found)
}

impl Vault {
    /// What a recipient (none: all of them together) can know, counting everything ever disclosed.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn exposure(&self, recipient: Option<i64>) -> Result<Exposure, VaultError> {
        let seed = self.inference_seed();
        self.read(|store| {
            let history = History::load(store)?;
            let row = recipient.map(|id| super::super::recipients::recipient_row(store, id)).transpose()?;
            let policy = recipient.map(|id| policy_of(store, id)).transpose()?;
            let k = policy.unwrap_or_default().k;
            let counts = |row: &AggregateRow| recipient.is_none_or(|recipient| row.recipient == recipient);
            let told: Vec<&Aggregate> = history
                .aggregates
                .iter()
                .filter(|aggregate| recipient.is_none_or(|recipient| aggregate.observer == recipient))
                .collect();
            let solve = |quantity| {
                let options = Options { k, observer: recipient, quantity, scope: Scope::Everything, seed };
                analyse(&history.aggregates, history.aggregates.len(), &options)
            };
            let mut known = shown(store, &told)?;
            let sums = solve(Quantity::Amounts)?.known;
            for group in sums.iter().filter(|group| !group.revealed) {
                let what = if group.anchored { "balance" } else { "sum" };
                known.push(describe(store, group, what, k)?);
            }
            let has_sum = |group: &&Group| {
                // An opening balance is no transaction.
                !group.revealed
                    && group.transactions > 0
                    && !sums.iter().any(|sum| sum.rows == group.rows || is_counted_by(sum, group))
            };
            for group in solve(Quantity::Counts)?.known.iter().filter(has_sum) {
                known.push(describe(store, group, "number", 0)?);
            }
            let disclosures: BTreeSet<_> = history
                .origins
                .iter()
                .filter(|row| counts(row))
                .map(|row| (row.disclosure, row.draft))
                .collect();
            let accounts: BTreeSet<AccountId> = history
                .origins
                .iter()
                .filter(|row| counts(row) && row.question.is_some())
                .filter_map(|row| row.account)
                .collect();
            let mut thresholds = Vec::new();
            for account in accounts {
                thresholds.push(ThresholdUse {
                    account: store.account(account)?.map_or_else(String::new, |account| account.name),
                    answers: threshold_answers(&history.aggregates, recipient, account.0) as u64,
                    budget: policy.map(|policy| policy.threshold_budget),
                });
            }
            Ok(Exposure {
                recipient: row.map(|row| row.name),
                disclosures: disclosures.len() as u64,
                not_counted: store.count_unkept(recipient)?,
                known,
                thresholds,
            })
        })
    }
}

/// A balance's number of rows is told with it, the anchor apart.
fn is_counted_by(sum: &inference::Group, group: &Group) -> bool {
    sum.transactions == group.transactions && group.rows.difference(&sum.rows).is_empty()
}
