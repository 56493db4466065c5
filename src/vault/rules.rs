//! The owner's rules: kept in order, applied to what is imported, and to what is there where the owner did not choose
//! otherwise.
//!
//! What the owner chose is told by comparison: a category that rules did not set, or that is no longer what they set, is
//! the owner's, and so is every category of `tx edit`, of a file of another program, and of a split. A name is the owner's
//! where it is neither the bank's nor what a rule made of it, and always on transactions entered by hand.

use super::categories::category_for;
use super::{Vault, VaultError};
use crate::ledger::rule::{Conditions, Effects, Outcome, Subject, Suggestion, check, suggest};
use crate::ledger::{
    AccountId, CategoryPath, NewTransaction, Rule, RuleBook, RuleId, Transaction, TransactionId,
};
use crate::store::{RuleScope, RuledTransaction, Store};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

/// How many transactions are looked at in one go.
const PAGE_ROWS: u32 = 1_000;

/// A rule to add, or to put in another's place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewRule {
    /// When it matches.
    pub when: Conditions,
    /// What the other party is called.
    pub payee: Option<String>,
    /// The category, as [`Vault::resolve_category`] reads it; one that is not there yet is added.
    pub category: Option<String>,
}

/// Where a rule stands among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulePlace {
    /// Before all others.
    First,
    /// After all others.
    Last,
    /// Just before this one.
    Before(RuleId),
}

/// What rules change about one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleChange {
    /// The transaction as it was.
    pub transaction: Transaction,
    /// The new name and the new category, each with the rule that gives it.
    pub outcome: Outcome,
}

/// How often one rule was of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleUse {
    /// The rule.
    pub id: RuleId,
    /// Transactions that it matches, whether an earlier rule decides about them or not.
    pub matched: u64,
    /// Transactions of which it changes the payee.
    pub payees: u64,
    /// Transactions of which it changes the category.
    pub categories: u64,
}

/// What applying rules did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleReport {
    /// Transactions that were looked at.
    pub looked_at: u64,
    /// Transactions that changed.
    pub changed: u64,
    /// Transactions that a rule would have changed, had the owner not chosen otherwise.
    pub kept: u64,
    /// Every rule, in order.
    pub rules: Vec<RuleUse>,
}

impl Vault {
    /// The rules in the order in which they are tried.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn rules(&self) -> Result<Vec<Rule>, VaultError> {
        self.read(|store| Ok(store.rules()?))
    }

    /// One rule.
    ///
    /// # Errors
    /// [`VaultError::NoSuchRule`].
    pub fn rule(&self, id: RuleId) -> Result<Rule, VaultError> {
        self.read(|store| rule_by_id(store, id))
    }

    /// Adds a rule. It is applied to what is imported from now on; [`Vault::apply_rules`] applies it to what is there.
    ///
    /// # Errors
    /// [`VaultError::Rule`] where it is none; [`VaultError::NoSuchRule`] for its place;
    /// [`VaultError::AmbiguousCategory`], [`VaultError::Category`].
    pub fn add_rule(&mut self, new: &NewRule, place: RulePlace) -> Result<Rule, VaultError> {
        self.write(|store| add(store, new, place))
    }

    /// Puts another rule in the place of this one, under its number.
    ///
    /// # Errors
    /// As [`Vault::add_rule`].
    pub fn replace_rule(&mut self, id: RuleId, new: &NewRule) -> Result<Rule, VaultError> {
        self.write(|store| {
            rule_by_id(store, id)?;
            let rule = Rule { id, when: new.when.clone(), then: effects(store, new)? };
            store.update_rule(&rule)?;
            Ok(rule)
        })
    }

    /// Moves a rule among the others.
    ///
    /// # Errors
    /// [`VaultError::NoSuchRule`].
    pub fn move_rule(&mut self, id: RuleId, place: RulePlace) -> Result<(), VaultError> {
        self.write(|store| {
            rule_by_id(store, id)?;
            put(store, id, place)
        })
    }

    /// Removes a rule and gives what it was. What it did to transactions stays.
    ///
    /// # Errors
    /// [`VaultError::NoSuchRule`].
    pub fn remove_rule(&mut self, id: RuleId) -> Result<Rule, VaultError> {
        self.write(|store| {
            let rule = rule_by_id(store, id)?;
            store.remove_rule(id)?;
            Ok(rule)
        })
    }

    /// Applies the rules to transactions that are there, where the owner did not choose otherwise, and hands over
    /// each change. With `dry_run` nothing is changed.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read or written; whatever `on_change` reports.
    pub fn apply_rules(
        &mut self,
        scope: &RuleScope,
        dry_run: bool,
        on_change: &mut dyn FnMut(&RuleChange),
    ) -> Result<RuleReport, VaultError> {
        if dry_run {
            return self.read(|store| apply(store, scope, true, on_change));
        }
        self.write(|store| apply(store, scope, false, on_change))
    }

    /// What would change if this rule were added and all rules were applied; nothing is changed.
    ///
    /// # Errors
    /// As [`Vault::add_rule`].
    pub fn try_rule(
        &mut self,
        new: &NewRule,
        place: RulePlace,
        scope: &RuleScope,
        on_change: &mut dyn FnMut(&RuleChange),
    ) -> Result<(Rule, RuleReport), VaultError> {
        let tried = self.store.rehearse(|store| {
            let rule = add(store, new, place)?;
            let report = apply(store, scope, true, on_change)?;
            Ok((rule, report))
        });
        tried.map_err(|error| self.explain(error))
    }

    /// Rules that the owner's own choices suggest; see [`suggest`].
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn suggest_rules(&self) -> Result<Vec<Suggestion>, VaultError> {
        self.read(|store| Ok(suggest(&store.filed_by_owner()?, &book(store)?)))
    }
}

fn rule_by_id(store: &Store, id: RuleId) -> Result<Rule, VaultError> {
    store.rules()?.into_iter().find(|rule| rule.id == id).ok_or(VaultError::NoSuchRule(id))
}

fn book(store: &Store) -> Result<RuleBook, VaultError> {
    Ok(RuleBook::new(store.rules()?)?)
}

/// The effects of a new rule, its category added where it is new.
fn effects(store: &Store, new: &NewRule) -> Result<Effects, VaultError> {
    let payee = new.payee.clone();
    let category = new.category.as_deref().map(|text| category_for(store, text)).transpose()?;
    let then = Effects { payee, category };
    check(&new.when, &then)?;
    Ok(then)
}

fn add(store: &Store, new: &NewRule, place: RulePlace) -> Result<Rule, VaultError> {
    let then = effects(store, new)?;
    let id = store.add_rule(&new.when, &then)?;
    put(store, id, place)?;
    let rule = rule_by_id(store, id)?;
    // A vault never holds rules that cannot be loaded.
    book(store)?;
    Ok(rule)
}

fn put(store: &Store, id: RuleId, place: RulePlace) -> Result<(), VaultError> {
    let mut order: Vec<RuleId> =
        store.rules()?.iter().map(|rule| rule.id).filter(|known| *known != id).collect();
    let at = match place {
        RulePlace::First => 0,
        RulePlace::Last => order.len(),
        RulePlace::Before(other) if other == id => return Ok(()),
        RulePlace::Before(other) => {
            order.iter().position(|known| *known == other).ok_or(VaultError::NoSuchRule(other))?
        }
    };
    order.insert(at, id);
    Ok(store.order_rules(&order)?)
}

fn apply(
    store: &Store,
    scope: &RuleScope,
    dry_run: bool,
    on_change: &mut dyn FnMut(&RuleChange),
) -> Result<RuleReport, VaultError> {
    let book = book(store)?;
    let uses = book.rules().map(|rule| RuleUse { id: rule.id, matched: 0, payees: 0, categories: 0 });
    let mut report = RuleReport { rules: uses.collect(), ..RuleReport::default() };
    let mut last = TransactionId(0);
    loop {
        // A page at a time: rows are never changed under the query that walks them.
        let page = store.ruled_transactions(scope, last, PAGE_ROWS)?;
        let Some(end) = page.last() else { return Ok(report) };
        last = end.transaction.id;
        for ruled in page {
            let (id, outcome) = (ruled.transaction.id, decide(&book, &ruled, &mut report));
            if outcome == Outcome::default() {
                continue;
            }
            if !dry_run {
                let payee = outcome.payee.as_ref().map(|(_, name)| name.as_str());
                store.set_by_rule(id, payee, outcome.category.as_ref().map(|(_, path)| path))?;
            }
            report.changed += 1;
            on_change(&RuleChange { transaction: ruled.transaction, outcome });
        }
    }
}

/// What rules change about a transaction, the owner's own choices kept; counted in the report.
fn decide(book: &RuleBook, ruled: &RuledTransaction, report: &mut RuleReport) -> Outcome {
    let detail = &ruled.transaction.detail;
    let subject = subject(ruled.transaction.account, detail);
    report.looked_at += 1;
    for id in book.matching(&subject) {
        if let Some(rule) = report.rules.iter_mut().find(|rule| rule.id == id) {
            rule.matched += 1;
        }
    }
    let mut outcome = book.decide(&subject);
    if !payee_is_free(ruled) && outcome.payee.is_some() {
        // The name stays, so the category is decided from the name that stays.
        outcome.category = book.decide_category(&subject);
    }
    let payee = outcome.payee.filter(|(_, name)| *name != detail.payee);
    let category = outcome.category.filter(|(_, path)| Some(path.as_str()) != detail.category.as_deref());
    let kept = (payee.is_some() && !payee_is_free(ruled)) || (category.is_some() && !category_is_free(ruled));
    report.kept += u64::from(kept);
    let decided = Outcome {
        payee: payee.filter(|_| payee_is_free(ruled)),
        category: category.filter(|_| category_is_free(ruled)),
    };
    for rule in &mut report.rules {
        let is_it = |id: &RuleId| *id == rule.id;
        rule.payees += u64::from(decided.payee.as_ref().is_some_and(|(id, _)| is_it(id)));
        rule.categories += u64::from(decided.category.as_ref().is_some_and(|(id, _)| is_it(id)));
    }
    decided
}

/// Whether rules may set the category: it is theirs, or there never was one.
fn category_is_free(ruled: &RuledTransaction) -> bool {
    !ruled.is_split && ruled.category == ruled.transaction.detail.category
}

/// Whether rules may set the name: it is theirs, or the bank's.
fn payee_is_free(ruled: &RuledTransaction) -> bool {
    let detail = &ruled.transaction.detail;
    let same_words = || detail.payee.split_whitespace().eq(detail.payee_raw.split_whitespace());
    ruled.transaction.batch.is_some()
        && match &ruled.payee {
            Some(given) => *given == detail.payee,
            None => same_words(),
        }
}

fn subject(account: AccountId, detail: &NewTransaction) -> Subject<'_> {
    Subject {
        account,
        amount: detail.amount,
        payee_written: &detail.payee_raw,
        payee_shown: &detail.payee,
        memo: detail.memo.as_deref(),
    }
}

/// The rules as an import uses them.
pub(super) struct ImportRules {
    book: RuleBook,
    /// Categories as files write them, and which of the owner's they are.
    written: RefCell<HashMap<String, Option<String>>>,
}

/// A new row as rules leave it.
pub(super) struct Ruled<'r> {
    /// The row.
    pub(super) row: Cow<'r, NewTransaction>,
    /// What they decided.
    outcome: Outcome,
    /// Whether the row has the category that its file gave.
    is_given: bool,
}

impl ImportRules {
    pub(super) fn load(store: &Store) -> Result<Self, VaultError> {
        Ok(Self { book: book(store)?, written: RefCell::default() })
    }

    /// The owner's category that a file's text is: the one it means, or a new one. A text that cannot be a category is
    /// none.
    fn category_written(&self, store: &Store, text: &str) -> Result<Option<String>, VaultError> {
        if let Some(known) = self.written.borrow().get(text) {
            return Ok(known.clone());
        }
        let found = match category_for(store, text) {
            Ok(path) => Some(path.to_string()),
            // What could be several of the owner's is none of them: it becomes one of its own.
            Err(VaultError::AmbiguousCategory { .. }) => Some(new_category(store, text)?),
            Err(VaultError::Category(_)) => None,
            Err(error) => return Err(error),
        };
        self.written.borrow_mut().insert(text.to_owned(), found.clone());
        Ok(found)
    }

    /// A row as rules leave it. A category that its file gave is the owner's, from another program, and stays; so do
    /// the parts of one that is split, which no category stands beside.
    pub(super) fn applied<'r>(
        &self,
        store: &Store,
        account: AccountId,
        row: &'r NewTransaction,
        is_split: bool,
    ) -> Result<Ruled<'r>, VaultError> {
        let given = match &row.category {
            Some(text) => self.category_written(store, text)?,
            None => None,
        };
        if self.book.is_empty() && given == row.category {
            return Ok(Ruled {
                row: Cow::Borrowed(row),
                outcome: Outcome::default(),
                is_given: given.is_some(),
            });
        }
        let mut outcome = self.book.decide(&subject(account, row));
        outcome.payee = outcome.payee.filter(|(_, name)| *name != row.payee);
        outcome.category = outcome.category.filter(|_| given.is_none() && !is_split);
        let is_given = given.is_some();
        let mut row = Cow::Borrowed(row);
        if row.category != given {
            row.to_mut().category = given;
        }
        if let Some((_, name)) = &outcome.payee {
            row.to_mut().payee.clone_from(name);
        }
        if let Some((_, path)) = &outcome.category {
            row.to_mut().category = Some(path.to_string());
        }
        Ok(Ruled { row, outcome, is_given })
    }
}

/// Adds a category by its whole path, and those above it that are missing.
fn new_category(store: &Store, text: &str) -> Result<String, VaultError> {
    let tree = store.category_tree()?;
    let path = tree.spelled(&CategoryPath::parse(text)?);
    tree.missing(&path).iter().try_for_each(|new| store.add_category(new))?;
    Ok(path.to_string())
}

impl Ruled<'_> {
    /// Remembers on the stored row what rules set. A row that was pending keeps the category that it had.
    pub(super) fn note(&self, store: &Store, id: TransactionId, was_pending: bool) -> Result<(), VaultError> {
        let payee = self.outcome.payee.as_ref().map(|(_, name)| name.as_str());
        let category = self.outcome.category.as_ref().filter(|_| !was_pending).map(|(_, path)| path.as_str());
        if was_pending {
            store.forget_ruled_payee(id)?;
        }
        if payee.is_some() || category.is_some() {
            store.note_ruled(id, payee, category)?;
        }
        Ok(())
    }

    /// Remembers on the new row which category its file gave it.
    pub(super) fn note_given(&self, store: &Store, id: TransactionId) -> Result<(), VaultError> {
        match self.row.category.as_deref().filter(|_| self.is_given) {
            Some(category) => Ok(store.note_given_category(id, category)?),
            None => Ok(()),
        }
    }
}
