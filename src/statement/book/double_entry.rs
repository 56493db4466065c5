//! Double-entry books: entries whose postings move accounts, balanced in each commodity.
//!
//! Readers of journals and of GnuCash fill a [`Ledger`]; [`Ledger::balance`] works out what was left to be inferred and
//! refuses what does not balance; [`mapping`](super::mapping) turns the result into accounts and rows.

use super::bad_field;
use crate::ledger::{AccountKind, BalanceKind, Tag, TransactionStatus};
use crate::money::Decimal;
use crate::statement::{StatementError, Warning};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What an account of the book is for the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::statement) enum Class {
    /// The owner's: an asset or a debt.
    Own(AccountKind),
    /// A category, by its path; none is what has no category.
    Category(Option<String>),
}

/// An account of the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::statement) struct LedgerAccount {
    pub name: String,
    pub class: Class,
    pub institution: Option<String>,
    pub number: Option<String>,
    pub closed: Option<Date>,
}

/// An exact amount of a commodity, by the word that the book uses for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::statement) struct Value {
    pub number: Decimal,
    pub commodity: String,
}

/// How much a posting moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::statement) enum Moves {
    /// This much, weighing so much in the entry: another commodity where it has a price.
    Amount { amount: Value, weight: Value },
    /// What the other postings leave.
    Rest,
    /// As much as makes the account's balance this.
    UpTo(Value),
}

/// A posting: one side of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::statement) struct Posting {
    pub line: u32,
    pub account: usize,
    pub moves: Moves,
    pub memo: Option<String>,
    /// The exact category, where the account's name could not hold it.
    pub category: Option<String>,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::statement) struct Entry {
    pub line: u32,
    pub shown: String,
    pub posted: Date,
    pub payee: String,
    pub payee_raw: Option<String>,
    pub memo: Option<String>,
    pub reference: Option<String>,
    pub status: TransactionStatus,
    pub bank_id: Option<String>,
    pub tags: Vec<Tag>,
    /// That it is an account's opening balance, and whether that was worked out.
    pub opening: Option<bool>,
    pub postings: Vec<Posting>,
}

/// A balance that the book states at the end of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::statement) struct Assertion {
    pub account: usize,
    pub kind: BalanceKind,
    pub date: Date,
    pub amount: Value,
}

/// A double-entry book.
#[derive(Debug, Default)]
pub(in crate::statement) struct Ledger {
    pub accounts: Vec<LedgerAccount>,
    pub by_name: HashMap<String, usize>,
    pub entries: Vec<Entry>,
    pub assertions: Vec<Assertion>,
    /// Balances that postings assert, each the last of its account and commodity on its day.
    pub last_asserted: BTreeMap<(usize, Date, String), Decimal>,
    /// Accounts that are there whether anything moves them or not, with what they hold.
    pub held: BTreeSet<(usize, String)>,
    /// Decimal digits of commodities that the book declares exactly.
    pub digits: BTreeMap<String, u8>,
    /// What commodities are really called, where the book's word for them could not hold it.
    pub codes: BTreeMap<String, String>,
    pub warnings: Vec<Warning>,
}

impl Ledger {
    /// The number of an account; one that is new is made of what `class` says.
    pub fn account(&mut self, name: &str, class: impl FnOnce(&str) -> Class) -> usize {
        if let Some(index) = self.by_name.get(name) {
            return *index;
        }
        let index = self.accounts.len();
        self.accounts.push(LedgerAccount {
            name: name.to_owned(),
            class: class(name),
            institution: None,
            number: None,
            closed: None,
        });
        self.by_name.insert(name.to_owned(), index);
        index
    }

    /// Works out every amount that was left to be inferred, in order of day, and checks that each entry balances.
    ///
    /// # Errors
    /// A refusal that names the entry's line: two amounts to be inferred, or sides that differ.
    pub fn balance(&mut self) -> Result<(), StatementError> {
        let digits = self.digits_written();
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by_key(|index| self.entries.get(*index).map(|entry| entry.posted));
        let mut running: HashMap<(usize, String), Decimal> = HashMap::new();
        for index in order {
            let Some(entry) = self.entries.get_mut(index) else { continue };
            for posting in &mut entry.postings {
                if let Moves::UpTo(target) = &posting.moves {
                    let key = (posting.account, target.commodity.clone());
                    let now = running.get(&key).copied().unwrap_or(Decimal::ZERO);
                    let number =
                        target.number.checked_add(now.negated()).ok_or_else(|| too_large(posting.line))?;
                    let amount = Value { number, commodity: target.commodity.clone() };
                    posting.moves = Moves::Amount { weight: amount.clone(), amount };
                }
                add_running(&mut running, posting)?;
            }
            let inferred = balance_entry(entry, &digits)?;
            for posting in inferred.at.iter().filter_map(|at| entry.postings.get(*at)) {
                add_running(&mut running, posting)?;
            }
            if inferred.is_rounded {
                let text = "the amount that was left out comes to more digits than amounts are written with, and is \
                            rounded"
                    .to_owned();
                self.warnings.push(Warning { line: entry.line, text });
            }
        }
        for ((account, date, commodity), number) in std::mem::take(&mut self.last_asserted) {
            let (kind, amount) = (BalanceKind::Ledger, Value { number, commodity });
            self.assertions.push(Assertion { account, kind, date, amount });
        }
        Ok(())
    }

    /// The most decimal digits that amounts of each commodity are written with, prices left aside.
    fn digits_written(&self) -> BTreeMap<String, u8> {
        let mut digits: BTreeMap<String, u8> = BTreeMap::new();
        for posting in self.entries.iter().flat_map(|entry| &entry.postings) {
            let (Moves::Amount { amount, .. } | Moves::UpTo(amount)) = &posting.moves else { continue };
            let known = digits.entry(amount.commodity.clone()).or_default();
            *known = (*known).max(amount.number.scale());
        }
        digits
    }
}

/// Which postings of an entry were given an amount.
#[derive(Default)]
struct Inferred {
    at: Vec<usize>,
    is_rounded: bool,
}

fn add_running(
    running: &mut HashMap<(usize, String), Decimal>,
    posting: &Posting,
) -> Result<(), StatementError> {
    let Moves::Amount { amount, .. } = &posting.moves else { return Ok(()) };
    let sum = running.entry((posting.account, amount.commodity.clone())).or_insert(Decimal::ZERO);
    *sum = sum.checked_add(amount.number).ok_or_else(|| too_large(posting.line))?;
    Ok(())
}

fn too_large(line: u32) -> StatementError {
    bad_field(line, "", "the amounts are too large to be added up exactly", "correct the amounts")
}

/// What the postings with amounts leave, in each commodity.
fn residual(entry: &Entry) -> Result<BTreeMap<String, Decimal>, StatementError> {
    let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
    for posting in &entry.postings {
        let Moves::Amount { weight, .. } = &posting.moves else { continue };
        let sum = sums.entry(weight.commodity.clone()).or_insert(Decimal::ZERO);
        *sum = sum.checked_add(weight.number).ok_or_else(|| too_large(posting.line))?;
    }
    Ok(sums)
}

fn balance_entry(entry: &mut Entry, digits: &BTreeMap<String, u8>) -> Result<Inferred, StatementError> {
    let mut sums = residual(entry)?;
    let rest: Vec<usize> = (0..entry.postings.len())
        .filter(|index| entry.postings.get(*index).is_some_and(|posting| posting.moves == Moves::Rest))
        .collect();
    match rest.as_slice() {
        [] => check_balanced(entry, &mut sums, digits).map(|()| Inferred::default()),
        [index] => Ok(fill(entry, *index, sums, digits)),
        [_, second, ..] => {
            let line = entry.postings.get(*second).map_or(entry.line, |posting| posting.line);
            let message = "two postings of one entry have no amount, so neither can be worked out";
            Err(bad_field(line, &entry.shown, message, "write the amount of one of them"))
        }
    }
}

/// Gives the posting without an amount what the others leave: one posting for each commodity.
fn fill(
    entry: &mut Entry,
    index: usize,
    sums: BTreeMap<String, Decimal>,
    digits: &BTreeMap<String, u8>,
) -> Inferred {
    let mut inferred = Inferred::default();
    let mut left: Vec<Value> = Vec::new();
    for (commodity, sum) in sums.into_iter().filter(|(_, sum)| !sum.is_zero()) {
        // What a price leaves beyond the digits that amounts are written with is no money.
        let most = digits.get(&commodity).copied().unwrap_or_default().max(2);
        let exact = sum.negated().trimmed();
        let number = exact.rounded(most);
        inferred.is_rounded |= number != exact;
        left.push(Value { number, commodity });
    }
    let Some(posting) = entry.postings.get(index).cloned() else { return inferred };
    if left.is_empty() {
        entry.postings.remove(index);
        return inferred;
    }
    let with = |value: Value| Posting {
        moves: Moves::Amount { weight: value.clone(), amount: value },
        ..posting.clone()
    };
    let first = with(left.remove(0));
    if let Some(slot) = entry.postings.get_mut(index) {
        *slot = first;
        inferred.at.push(index);
    }
    for value in left {
        inferred.at.push(entry.postings.len());
        entry.postings.push(with(value));
    }
    inferred
}

/// Whether the sides are equal; two commodities alone may stand against each other, since each is the other's price.
fn check_balanced(
    entry: &Entry,
    sums: &mut BTreeMap<String, Decimal>,
    digits: &BTreeMap<String, u8>,
) -> Result<(), StatementError> {
    sums.retain(|commodity, sum| {
        let most = digits.get(commodity).copied().unwrap_or_default();
        let is_priced = entry.postings.iter().any(
            |posting| matches!(&posting.moves, Moves::Amount { amount, weight } if amount.commodity != weight.commodity),
        );
        // Products with prices are rounded; amounts as written must be equal to the last digit.
        !(sum.is_zero() || (is_priced && sum.rounded(most).is_zero()))
    });
    let signs: Vec<bool> = sums.values().map(|sum| sum.is_negative()).collect();
    match signs.as_slice() {
        [] => Ok(()),
        [one, other] if one != other => Ok(()),
        _ => {
            let off: Vec<String> = sums
                .iter()
                .map(|(commodity, sum)| format!("{} {commodity}", sum.trimmed().print()))
                .collect();
            let message = format!("the entry does not balance: its postings come to {}", off.join(" and "));
            Err(bad_field(
                entry.line,
                &entry.shown,
                message,
                "correct the amounts so that they add up to nothing",
            ))
        }
    }
}
