//! From facts to the sets of rows beneath them, and to the history of everything that was disclosed.

use super::super::accounts::account_by_id;
use super::super::facts::ShownRows;
use super::super::{FactRequest, RowFilter, TransactionField, TransactionQuery, VaultError};
use super::documents::document_figures;
use crate::disclosure::inference::{Aggregate, Kind};
use crate::ledger::part_number::transaction_of;
use crate::ledger::{AccountId, RowSet};
use crate::money::Money;
use crate::store::aggregates_disclosed::{AggregateRow, OpeningMoved};
use crate::store::{Store, StoreError};
use jiff::civil::Date;
use std::collections::{HashMap, HashSet};

/// A figure that a fact would disclose.
pub(super) struct Figure {
    pub(super) kind: Kind,
    /// The account it is about, if it is one.
    pub(super) account: Option<AccountId>,
    /// The rows beneath it.
    pub(super) rows: RowSet,
}

/// The figures that a fact discloses: the one place where kinds of facts become sets of rows. The rows beneath totals and
/// balances are known from drawing them, and given with `shown`.
///
/// Each new kind of fact has its arm here:
/// - a figure that adds amounts up is [`Kind::Sum`], or [`Kind::RoundedSum`] where it is rounded, over exactly
///   the rows that it adds, with the account's anchor among them where it starts from the opening balance. A
///   table of totals is one figure per cell that is shown, those in its margins included; a hidden cell is none;
/// - an answer of yes or no is [`Kind::Threshold`] over the rows it is about, with a `question` that holds
///   all else that tells it from another (operator, level, currency, averaged or each day);
/// - rows shown one by one with their amounts are [`Kind::Revealed`], without amounts [`Kind::Count`];
/// - a filter by amount is a [`Kind::Threshold`] too: whether a transaction is there tells on which side it is;
/// - of a split transaction a figure has the whole beneath it, or the parts that it adds, with a [`Kind::Parts`];
/// - a document whose bytes leave is [`Kind::Revealed`] for the rows that it shows (`documents`); by its digest
///   alone it is none.
pub(super) fn figures_of(
    store: &Store,
    fact: &FactRequest,
    shown: Option<&ShownRows>,
) -> Result<Vec<Figure>, VaultError> {
    let balance = |kind, account, as_of| match shown.map(|shown| shown.sets.as_slice()) {
        Some([rows]) => Ok(balance_of(kind, account, rows.clone())),
        _ => balance_figure(store, kind, account, as_of),
    };
    Ok(match fact {
        FactRequest::Balance { account, as_of, round_to, .. } => {
            let kind = if round_to.is_some() { Kind::RoundedSum } else { Kind::Sum };
            vec![balance(kind, *account, *as_of)?]
        }
        // Of a range the recipient learns less than of a rounded balance of its width.
        FactRequest::BalanceRange { account, as_of, .. } => {
            vec![balance(Kind::RoundedSum, *account, *as_of)?]
        }
        FactRequest::Threshold { account, measure, operator, amount, from, to, .. } => {
            let question = format!("{} {} {amount} from {from} to {to}", measure.as_str(), operator.as_str());
            let kind = Kind::Threshold { account: account.0, question };
            vec![balance(kind, *account, *to)?]
        }
        FactRequest::Totals { account, filter, round_to, .. } => {
            let kind = if round_to.is_some() { Kind::RoundedSum } else { Kind::Sum };
            let shown = shown.ok_or_else(|| VaultError::Sealing("the totals were not drawn".to_owned()))?;
            let figure = |kind: &Kind, rows: &RowSet| Figure {
                kind: kind.clone(),
                account: Some(*account),
                rows: rows.clone(),
            };
            let parts = shown.parts.iter().map(|rows| figure(&Kind::Parts, rows));
            let sums = shown.sets.iter().map(|rows| figure(&kind, rows));
            parts.chain(sums).chain(amount_question(*account, filter, false)).collect()
        }
        FactRequest::Transactions { account, from, to, filter, fields, limit, .. } => {
            let account = account_by_id(store, *account)?.id;
            let query = filter.query(account, *from, *to);
            let matched = Figure { kind: Kind::Count, account: Some(account), rows: store.row_set(&query)? };
            let shows_amounts = fields.contains(&TransactionField::Amount);
            let question = amount_question(account, filter, shows_amounts);
            if !shows_amounts {
                return Ok([matched].into_iter().chain(question).collect());
            }
            let rows = store.row_set(&TransactionQuery { limit: *limit, ..query })?;
            let shown = Figure { kind: Kind::Revealed, account: Some(account), rows };
            // How many matched is stated also of those that a cap leaves out.
            let matched = limit.is_some().then_some(matched);
            [shown].into_iter().chain(matched).chain(question).collect()
        }
        FactRequest::Document { source, enclose, .. } => document_figures(store, source, *enclose)?,
        // That an account exists, and whose it is, says nothing of amounts.
        FactRequest::Account { .. } => Vec::new(),
    })
}

/// What a filter by amount tells of each transaction, as one answer of the budget, whatever the window.
///
/// One that asks for a single amount and shows what it finds tells no more than what is shown.
fn amount_question(account: AccountId, filter: &RowFilter, shows_amounts: bool) -> Option<Figure> {
    let (least, most) = (filter.at_least, filter.at_most);
    if (least.is_none() && most.is_none()) || (shows_amounts && least == most) {
        return None;
    }
    let side = |word: &str, amount: Option<Money>| amount.map(|amount| format!(" {word} {amount}"));
    let question = [side("at-least", least), side("at-most", most)].into_iter().flatten().collect::<String>();
    let kind = Kind::Threshold { account: account.0, question: format!("each transaction{question}") };
    Some(Figure { kind, account: Some(account), rows: RowSet::new() })
}

/// A figure over all booked rows up to the end of a day, from the opening balance on.
pub(super) fn balance_figure(
    store: &Store,
    kind: Kind,
    account: AccountId,
    as_of: Date,
) -> Result<Figure, VaultError> {
    Ok(balance_of(kind, account, store.row_set(&TransactionQuery::booked_up_to(account, as_of))?))
}

fn balance_of(kind: Kind, account: AccountId, booked: RowSet) -> Figure {
    Figure { kind, account: Some(account), rows: booked.with(RowSet::anchor_of(account)) }
}

/// Everything that was disclosed, as the analysis takes it.
pub(super) struct History {
    pub(super) aggregates: Vec<Aggregate>,
    /// The rows they were read from, in the same order, their sets emptied.
    pub(super) origins: Vec<AggregateRow>,
    moved: Vec<OpeningMoved>,
    /// The parts of transactions that the history knows, by recipient.
    parts: HashSet<(i64, RowSet)>,
}

impl History {
    pub(super) fn load(store: &Store) -> Result<Self, VaultError> {
        let mut history = Self {
            aggregates: Vec::new(),
            origins: Vec::new(),
            moved: store.openings_moved()?,
            parts: HashSet::new(),
        };
        let mut places: HashMap<i64, usize> = HashMap::new();
        for mut row in store.aggregates()? {
            let base = row.base.map(|base| places.get(&base).copied().ok_or_else(damaged)).transpose()?;
            let kind = kind_of(&row)?;
            let (mut added, removed) = (std::mem::take(&mut row.added), std::mem::take(&mut row.removed));
            if base.is_none() {
                added = history.with_openings(added, row.account, row.epoch);
            }
            if kind == Kind::Parts {
                history.parts.insert((row.recipient, added.clone()));
            }
            places.insert(row.id, history.origins.len());
            history.aggregates.push(Aggregate { observer: row.recipient, kind, base, added, removed });
            history.origins.push(row);
        }
        Ok(history)
    }

    /// An opening balance of an earlier epoch is today's and the rows that were imported before it since.
    fn with_openings(&self, set: RowSet, account: Option<AccountId>, epoch: i64) -> RowSet {
        let Some(account) = account.filter(|account| set.contains(RowSet::anchor_of(*account))) else {
            return set;
        };
        let within = self.moved.iter().filter(|moved| moved.account == account && moved.is_within(epoch));
        within.fold(set, |set, moved| set.union(&moved.older))
    }

    /// Adds figures that are asked for to the history's, as if they were disclosed.
    pub(super) fn with_asked(
        &mut self,
        store: &Store,
        recipient: i64,
        figures: &[Figure],
    ) -> Result<Vec<AggregateRow>, VaultError> {
        let mut rows = Vec::with_capacity(figures.len());
        for figure in figures {
            if figure.kind == Kind::Parts {
                rows.extend(self.with_parts(recipient, figure));
                continue;
            }
            let epoch = figure.account.map_or(Ok(0), |account| store.opening_epoch(account))?;
            let whole = self.with_openings(figure.rows.clone(), figure.account, epoch);
            let derived = self.base_for(recipient, figure, epoch).and_then(|base| {
                let known = self.stored_set(base);
                let (added, removed) = (whole.difference(&known), known.difference(&whole));
                let is_smaller = added.runs().len() + removed.runs().len() <= whole.runs().len();
                is_smaller.then_some((base, added, removed))
            });
            // What is kept is free of the opening balances that moved; they are added on reading.
            let (base, added, removed, kept) = match derived {
                Some((base, added, removed)) => (Some(base), added.clone(), removed, added),
                None => (None, whole, RowSet::new(), figure.rows.clone()),
            };
            let aggregate = Aggregate {
                observer: recipient,
                kind: figure.kind.clone(),
                base,
                added,
                removed: removed.clone(),
            };
            self.aggregates.push(aggregate);
            let row = AggregateRow {
                id: 0,
                disclosure: None,
                draft: None,
                recipient,
                kind: word_of(&figure.kind).to_owned(),
                account: figure.account,
                question: match &figure.kind {
                    Kind::Threshold { question, .. } => Some(question.clone()),
                    _ => None,
                },
                base: base.and_then(|base| self.origins.get(base)).map(|base| base.id),
                added: kept,
                removed,
                epoch,
            };
            rows.push(row);
        }
        Ok(rows)
    }

    /// Adds which parts a transaction has, unless the history says so of this recipient already.
    fn with_parts(&mut self, recipient: i64, figure: &Figure) -> Option<AggregateRow> {
        let removed: RowSet = figure.rows.parts().map(transaction_of).collect();
        let aggregate = Aggregate {
            observer: recipient,
            kind: Kind::Parts,
            base: None,
            added: figure.rows.clone(),
            removed: removed.clone(),
        };
        if !self.parts.insert((recipient, figure.rows.clone())) {
            return None;
        }
        self.aggregates.push(aggregate);
        Some(AggregateRow {
            id: 0,
            disclosure: None,
            draft: None,
            recipient,
            kind: word_of(&Kind::Parts).to_owned(),
            account: figure.account,
            question: None,
            base: None,
            added: figure.rows.clone(),
            removed,
            epoch: 0,
        })
    }

    /// The balance of the account that the recipient was told whose set is nearest in size to this one's.
    fn base_for(&self, recipient: i64, figure: &Figure, epoch: i64) -> Option<usize> {
        let account = figure.account?;
        let anchored = |set: &RowSet| set.contains(RowSet::anchor_of(account));
        if !anchored(&figure.rows) || !matches!(figure.kind, Kind::Sum | Kind::RoundedSum) {
            return None;
        }
        let mut lengths: HashMap<usize, u64> = HashMap::new();
        for (place, (row, known)) in self.origins.iter().zip(&self.aggregates).enumerate() {
            if row.recipient != recipient
                || row.account != Some(account)
                || row.epoch != epoch
                || !known.is_sum()
            {
                continue;
            }
            match known.base.and_then(|base| lengths.get(&base)) {
                Some(length) => {
                    let length = length.saturating_add(known.added.len()).saturating_sub(known.removed.len());
                    lengths.insert(place, length);
                }
                None if anchored(&known.added) => {
                    lengths.insert(place, known.added.len());
                }
                None => {}
            }
        }
        let length = figure.rows.len();
        lengths
            .into_iter()
            .min_by_key(|(place, known)| (known.abs_diff(length), *place))
            .map(|(place, _)| place)
    }

    /// A sum's set, with the differences it was given by resolved.
    fn stored_set(&self, mut place: usize) -> RowSet {
        let mut differences = Vec::new();
        while let Some(aggregate) = self.aggregates.get(place) {
            differences.extend([&aggregate.added, &aggregate.removed]);
            match aggregate.base {
                Some(base) => place = base,
                None => break,
            }
        }
        RowSet::in_odd_number(differences)
    }
}

const fn word_of(kind: &Kind) -> &'static str {
    match kind {
        // The parts add up to the whole: a sum of zero, with the whole taken off.
        Kind::Sum | Kind::Parts => "sum",
        Kind::RoundedSum => "rounded-sum",
        Kind::Count => "count",
        Kind::Revealed => "revealed",
        Kind::Threshold { .. } => "threshold",
    }
}

fn kind_of(row: &AggregateRow) -> Result<Kind, VaultError> {
    match (row.kind.as_str(), row.account, &row.question) {
        ("sum", ..) if row.base.is_none() && !row.removed.is_empty() => Ok(Kind::Parts),
        ("sum", ..) => Ok(Kind::Sum),
        ("rounded-sum", ..) => Ok(Kind::RoundedSum),
        ("count", ..) => Ok(Kind::Count),
        ("revealed", ..) => Ok(Kind::Revealed),
        ("threshold", Some(account), Some(question)) => {
            Ok(Kind::Threshold { account: account.0, question: question.clone() })
        }
        _ => Err(damaged()),
    }
}

fn damaged() -> VaultError {
    VaultError::Store(StoreError::Unreadable { what: "aggregate_disclosed".to_owned() })
}
