//! From what is asked to the facts that state it: the one place where rows are chosen to leave the vault.
//!
//! `disclosure` never sees the store; what is not selected here cannot leave. [`draw`] turns requests into facts,
//! [`sentence`] says in words what each tells, `advice` what stays and what would tell less.

mod advice;
mod balance;
mod beneath;
mod breadth;
mod coverage;
mod days;
mod documents;
mod particulars;
mod request;
mod rows;
mod sentence;
mod totals;
mod walk;

pub use breadth::Breadth;
pub use request::{AccountField, Direction, FactRequest, LabelChoice, RowFilter, TransactionField};

pub(super) use advice::{narrower, what_stays};
pub(super) use beneath::{Beneath, ShownRows};
pub(super) use sentence::sentence;

use super::accounts::{account_by_id, same_currency};
use super::balances::{computed_balance, known_from};
use super::import::hex;
use super::{EnclosedFile, VaultError};
use crate::disclosure::{
    AccountLabel, DaySpan, Fact, FileDigest, LedgerRoot, MIN_CELL_ROWS, MaskedNumber, PseudonymKey,
    RootBuilder, RootSalt, Row,
};
use crate::ledger::{Account, AccountId};
use crate::money::Money;
use crate::store::Store;
use jiff::civil::Date;

/// The most rows one disclosure carries.
const MAX_ROWS: usize = 10_000;
/// The longest window, in days: a century.
const MAX_WINDOW_DAYS: i64 = 36_525;

/// Facts, with a commitment to the rows they were drawn from.
pub(super) struct Drawn {
    pub(super) facts: Vec<Fact>,
    /// For each fact the rows beneath its totals or balance, where it has one.
    pub(super) beneath: Vec<Option<Beneath>>,
    /// None in a preview, which signs nothing.
    pub(super) root: Option<LedgerRoot>,
    /// The files that travel along.
    pub(super) enclosed: Vec<EnclosedFile>,
    pub(super) warnings: Vec<String>,
}

impl Drawn {
    /// For each fact the sets of rows beneath its totals or balance.
    pub(super) fn take_sets(&mut self) -> Vec<Option<ShownRows>> {
        std::mem::take(&mut self.beneath).into_iter().map(|rows| rows.map(Beneath::into_sets)).collect()
    }
}

/// What drawing needs beside the requests.
pub(super) struct Drawing<'a> {
    store: &'a Store,
    /// The salt of this recipient and question.
    salt: &'a RootSalt,
    root: Option<RootBuilder<'a>>,
    /// The recipient's own.
    pseudonyms: &'a PseudonymKey,
    today: Date,
    /// A total of fewer rows is held back.
    min_rows: u64,
    /// The place of the fact that is drawn.
    place: usize,
    /// The sets beneath the totals or balance of the fact that is drawn.
    beneath: Option<Beneath>,
    /// The documents stated so far.
    documents: Vec<FileDigest>,
    enclosed: Vec<EnclosedFile>,
    warnings: Vec<String>,
}

impl<'a> Drawing<'a> {
    /// Draws facts for one recipient. With `commit` the rows and facts are committed to under the salt.
    pub(super) fn new(
        store: &'a Store,
        salt: &'a RootSalt,
        pseudonyms: &'a PseudonymKey,
        today: Date,
        commit: bool,
    ) -> Self {
        let root = commit.then(|| RootBuilder::new(salt));
        Self {
            store,
            salt,
            root,
            pseudonyms,
            today,
            min_rows: MIN_CELL_ROWS,
            place: 0,
            beneath: None,
            documents: Vec::new(),
            enclosed: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The same, with totals of fewer than `k` rows held back: the owner's k for the recipient.
    pub(super) const fn holding_back(mut self, k: u64) -> Self {
        self.min_rows = k;
        self
    }

    /// Draws the facts that were asked for.
    pub(super) fn draw(mut self, requests: &[FactRequest]) -> Result<Drawn, VaultError> {
        if requests.is_empty() {
            return Err(VaultError::Invalid("a disclosure must state something".to_owned()));
        }
        let mut facts = Vec::with_capacity(requests.len());
        let mut beneath = Vec::with_capacity(requests.len());
        for request in requests {
            self.place = facts.len();
            facts.push(self.committed_fact(request)?);
            beneath.push(self.beneath.take());
        }
        self.warnings.dedup();
        let root = self.root.map(RootBuilder::finish);
        Ok(Drawn { facts, beneath, root, enclosed: self.enclosed, warnings: self.warnings })
    }

    /// A fact, committed to after its rows.
    fn committed_fact(&mut self, request: &FactRequest) -> Result<Fact, VaultError> {
        let fact = self.fact(request)?;
        if let Some(root) = self.root.as_mut() {
            root.push_fact(&fact);
        }
        Ok(fact)
    }

    fn fact(&mut self, request: &FactRequest) -> Result<Fact, VaultError> {
        Ok(match request {
            FactRequest::Balance { account, as_of, round_to, label } => {
                let account = self.account(*account, *as_of, *as_of)?;
                Fact::Balance(balance::balance(self, &account, *as_of, *round_to, *label)?)
            }
            FactRequest::BalanceRange { account, as_of, bucket, label } => {
                let account = self.account(*account, *as_of, *as_of)?;
                Fact::BalanceRange(balance::range(self, &account, *as_of, *bucket, *label)?)
            }
            FactRequest::Threshold { account, from, to, .. } => {
                let account = self.account_known_partly(*account, *from, *to)?;
                Fact::Threshold(balance::threshold(self, &account, request)?)
            }
            FactRequest::Totals { account, from, to, .. } => {
                let account = self.account_known_partly(*account, *from, *to)?;
                Fact::Totals(totals::totals(self, &account, request)?)
            }
            FactRequest::Transactions { account, from, to, .. } => {
                let account = self.account(*account, *from, *to)?;
                Fact::Transactions(rows::transactions(self, &account, request)?)
            }
            FactRequest::Account { account, fields, holder, profile } => {
                let account = account_by_id(self.store, *account)?;
                Fact::Account(particulars::account(self, &account, fields, holder.as_deref(), profile)?)
            }
            FactRequest::Document { source, name, enclose } => {
                Fact::Document(documents::document(self, source, name, *enclose)?)
            }
        })
    }

    /// An account that is known from the window's first day on.
    fn account(&mut self, id: AccountId, from: Date, to: Date) -> Result<Account, VaultError> {
        let account = account_by_id(self.store, id)?;
        check_days(from, to, self.today)?;
        let known_from = known_from(self.store, &account)?;
        if known_from.is_none_or(|known| from < known) {
            return Err(VaultError::NoData { account: account.name, day: from, known_from });
        }
        warn_about_age(self.store, &account, to, &mut self.warnings)?;
        Ok(account)
    }

    /// An account that is known on some day of the window; the fact says on which it is not.
    fn account_known_partly(&mut self, id: AccountId, from: Date, to: Date) -> Result<Account, VaultError> {
        let account = account_by_id(self.store, id)?;
        check_days(from, to, self.today)?;
        let known_from = known_from(self.store, &account)?;
        if known_from.is_none_or(|known| to < known) {
            return Err(VaultError::NoData { account: account.name, day: to, known_from });
        }
        warn_about_age(self.store, &account, to, &mut self.warnings)?;
        Ok(account)
    }

    fn gaps(&self, account: &Account, from: Date, to: Date) -> Result<Vec<DaySpan>, VaultError> {
        coverage::gaps(self.store, account, from, to)
    }
}

/// Days must be in order, not too many, and not in the future.
fn check_days(from: Date, to: Date, today: Date) -> Result<(), VaultError> {
    if from > to {
        return Err(VaultError::Invalid(format!("the first day, {from}, is after the last, {to}")));
    }
    // Somewhere it may be tomorrow already.
    if today.tomorrow().is_ok_and(|tomorrow| to > tomorrow) {
        return Err(VaultError::Invalid(format!("{to} lies in the future: nothing is known about it")));
    }
    if (DaySpan { from, to }).days() > MAX_WINDOW_DAYS {
        return Err(VaultError::Invalid(format!("{from} to {to} is longer than a century")));
    }
    Ok(())
}

/// Data that ends well before the day in question is worth a word before it is signed.
fn warn_about_age(
    store: &Store,
    account: &Account,
    day: Date,
    warnings: &mut Vec<String>,
) -> Result<(), VaultError> {
    let from = known_from(store, account)?.unwrap_or(day).min(day);
    let stale =
        coverage::gaps(store, account, from, day)?.pop().filter(|gap| gap.to == day && gap.days() > 7);
    if let Some(last) = stale.and_then(|gap| gap.from.yesterday().ok()) {
        warnings.push(format!("the vault knows nothing of \"{}\" after {last}", account.name));
    }
    let stated = store.stated_balances(account, day)?;
    if let Some(stated) = stated.iter().find(|stated| stated.kind.is_booked()) {
        let computed = computed_balance(store, account, stated.date)?;
        if computed != stated.amount {
            warnings.push(format!(
                "on {} the bank stated {} for \"{}\", but the rows add up to {computed}",
                stated.date, stated.amount, account.name
            ));
        }
    }
    Ok(())
}

fn account_label(account: &Account, choice: LabelChoice) -> AccountLabel {
    let number = account.true_number().map(MaskedNumber::new);
    let name = || Row::information_from(&account.name);
    match choice {
        LabelChoice::Number if number.is_some() => AccountLabel { nickname: None, number },
        LabelChoice::Number | LabelChoice::Name => AccountLabel { nickname: name(), number: None },
        LabelChoice::Both => AccountLabel { nickname: name(), number },
        LabelChoice::Nothing => AccountLabel::default(),
    }
}

/// A step or width that amounts of this account can be brought to.
fn usable_step(what: &str, step: Money, account: &Account) -> Result<Money, VaultError> {
    same_currency(what, step.currency(), &account.name, account.currency)?;
    if step.minor() <= 0 {
        return Err(VaultError::Invalid(format!("{what} must be more than zero")));
    }
    Ok(step)
}

/// A digest of some bytes as the log and the list of disclosures write it.
pub(super) fn digest_hex(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    hex(&Sha256::digest(bytes))
}
