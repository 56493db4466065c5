//! From what is asked to the facts that state it: the one place where rows are chosen to leave the vault.
//!
//! `disclosure` never sees the store; what is not selected here cannot leave.

use super::accounts::{account_by_id, same_currency};
use super::balances::{computed_balance, known_from};
use super::import::hex;
use super::{TransactionQuery, VaultError};
use crate::disclosure::{
    AccountLabel, BalanceFact, BalanceType, Condition, Evidence, Fact, Field, LedgerRoot, MaskedNumber,
    Operator, RootBuilder, RootSalt, Row, RowStatus, Selection, StatementRef, TransactionsFact, row_id,
};
use crate::ledger::{Account, AccountId, Transaction, TransactionStatus};
use crate::money::Money;
use crate::store::Store;
use jiff::civil::Date;
use std::collections::HashMap;

/// The most rows one disclosure carries.
const MAX_ROWS: usize = 10_000;

/// What is to be stated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FactRequest {
    /// An account's balance at the end of a day.
    Balance {
        /// The account.
        account: AccountId,
        /// The day.
        as_of: Date,
        /// Rounds to the nearest multiple of this amount.
        round_to: Option<Money>,
        /// How the account is called.
        label: LabelChoice,
    },
    /// An account's transactions over some days.
    Transactions {
        /// The account.
        account: AccountId,
        /// The first day.
        from: Date,
        /// The last day.
        to: Date,
        /// Only those whose payee has this text.
        payee: Option<String>,
        /// The fields that leave; at least one.
        fields: Vec<TransactionField>,
        /// How the account is called.
        label: LabelChoice,
    },
}

impl FactRequest {
    /// An account's exact balance at the end of a day, the account called by the end of its number.
    pub const fn balance(account: AccountId, as_of: Date) -> Self {
        Self::Balance { account, as_of, round_to: None, label: LabelChoice::Number }
    }
}

/// How an account is called in a disclosure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum LabelChoice {
    /// By the last four characters of its number; by its name where it has none.
    #[default]
    Number,
    /// By the owner's name for it.
    Name,
    /// By both.
    Both,
    /// Not at all.
    Nothing,
}

/// A field of a transaction that may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransactionField {
    /// The day it was booked.
    Date,
    /// How much.
    Amount,
    /// The other party, as shown.
    Payee,
    /// Pending or booked.
    Status,
    /// An id made for this disclosure, with which a row can be spoken of; never the bank's.
    Id,
}

impl TransactionField {
    /// Every field, in the order that they are shown.
    pub const ALL: [Self; 5] = [Self::Date, Self::Amount, Self::Payee, Self::Status, Self::Id];

    /// The word that the command line uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Amount => "amount",
            Self::Payee => "payee",
            Self::Status => "status",
            Self::Id => "id",
        }
    }
}

/// Facts, with a commitment to the rows they were drawn from.
pub(super) struct Drawn {
    pub(super) facts: Vec<Fact>,
    pub(super) root: LedgerRoot,
    pub(super) warnings: Vec<String>,
}

/// Draws the facts that were asked for. `salt` is this disclosure's own.
pub(super) fn draw(
    store: &Store,
    requests: &[FactRequest],
    salt: &RootSalt,
    today: Date,
) -> Result<Drawn, VaultError> {
    if requests.is_empty() {
        return Err(VaultError::Invalid("a disclosure must state something".to_owned()));
    }
    let mut root = RootBuilder::new(salt);
    let mut facts = Vec::with_capacity(requests.len());
    let mut warnings = Vec::new();
    for request in requests {
        let fact = match request {
            FactRequest::Balance { account, as_of, round_to, label } => {
                let account = account_by_id(store, *account)?;
                check_days(store, &account, *as_of, *as_of, today)?;
                warn_about_age(store, &account, *as_of, &mut warnings)?;
                Fact::Balance(balance(store, &account, *as_of, *round_to, *label, today, &mut root)?)
            }
            FactRequest::Transactions { account, from, to, payee, fields, label } => {
                let account = account_by_id(store, *account)?;
                check_days(store, &account, *from, *to, today)?;
                warn_about_age(store, &account, *to, &mut warnings)?;
                let query = TransactionQuery {
                    account: Some(account.id),
                    from: Some(*from),
                    to: Some(*to),
                    payee: payee.clone(),
                    ..TransactionQuery::default()
                };
                Fact::Transactions(transactions(store, &account, &query, fields, *label, salt, &mut root)?)
            }
        };
        facts.push(fact);
    }
    Ok(Drawn { facts, root: root.finish(), warnings })
}

fn balance(
    store: &Store,
    account: &Account,
    as_of: Date,
    round_to: Option<Money>,
    label: LabelChoice,
    today: Date,
    root: &mut RootBuilder<'_>,
) -> Result<BalanceFact, VaultError> {
    let exact = computed_balance(store, account, as_of)?;
    let amount = match round_to {
        Some(step) => {
            same_currency("the rounding step", step.currency(), &account.name, account.currency)?;
            if step.minor() <= 0 {
                return Err(VaultError::Invalid("the rounding step must be more than zero".to_owned()));
            }
            exact.round_to(step)?
        }
        None => exact,
    };
    if let Some(opening) = account.opening {
        root.push_opening(opening.date, opening.amount);
    }
    let query =
        TransactionQuery { account: Some(account.id), to: Some(as_of), ..TransactionQuery::default() };
    let mut matched = 0;
    for transaction in store.movements(&query)? {
        if transaction.detail.status != TransactionStatus::Pending {
            root.push_transaction(&transaction);
            matched += 1;
        }
    }
    Ok(BalanceFact {
        account: account_label(account, label),
        balance_type: if as_of < today { BalanceType::ClosingBooked } else { BalanceType::InterimBooked },
        as_of,
        amount,
        selection: Selection { to: Some(as_of), matched, rounding: round_to, ..Selection::default() },
        evidence: evidence(store, account, None, Some(as_of), true)?,
    })
}

fn transactions(
    store: &Store,
    account: &Account,
    query: &TransactionQuery,
    fields: &[TransactionField],
    label: LabelChoice,
    salt: &RootSalt,
    root: &mut RootBuilder<'_>,
) -> Result<TransactionsFact, VaultError> {
    if fields.is_empty() {
        return Err(VaultError::Invalid("choose at least one field of the transactions".to_owned()));
    }
    let found = store.movements(query)?;
    if found.len() > MAX_ROWS {
        return Err(VaultError::Invalid(format!(
            "{} transactions match, and one disclosure carries at most {MAX_ROWS}: choose fewer days",
            found.len()
        )));
    }
    let mut seen: HashMap<String, u64> = HashMap::new();
    let rows = found.iter().map(|transaction| {
        root.push_transaction(transaction);
        row(transaction, fields, salt, &mut seen)
    });
    let rows: Vec<Row> = rows.collect();
    let filter = query.payee.iter().map(|text| Condition {
        field: Field::Payee,
        operator: Operator::Contains,
        value: text.clone(),
    });
    let selection = Selection {
        from: query.from,
        to: query.to,
        filter: filter.collect(),
        matched: rows.len() as u64,
        ..Selection::default()
    };
    Ok(TransactionsFact {
        account: account_label(account, label),
        rows,
        withheld: 0,
        selection,
        evidence: evidence(store, account, query.from, query.to, false)?,
    })
}

fn row(
    transaction: &Transaction,
    fields: &[TransactionField],
    salt: &RootSalt,
    seen: &mut HashMap<String, u64>,
) -> Row {
    let detail = &transaction.detail;
    let has = |field| fields.contains(&field);
    let id = has(TransactionField::Id).then(|| {
        let first = row_id(salt, transaction, 0);
        let occurrence = seen.entry(first.clone()).or_insert(0);
        let id = if *occurrence == 0 { first } else { row_id(salt, transaction, *occurrence) };
        *occurrence += 1;
        id
    });
    let information = if has(TransactionField::Payee) { Row::information_from(&detail.payee) } else { None };
    let mut row = Row {
        id,
        booked: has(TransactionField::Date).then_some(detail.posted),
        amount: has(TransactionField::Amount).then_some(detail.amount),
        status: has(TransactionField::Status).then(|| RowStatus::from(detail.status)),
        information,
    };
    // A row whose only chosen field is an empty payee still has to say that it is there.
    if row == Row::default() {
        row.status = Some(RowStatus::from(detail.status));
    }
    row
}

/// Days must be in order, not in the future, and not before what the vault knows.
fn check_days(store: &Store, account: &Account, from: Date, to: Date, today: Date) -> Result<(), VaultError> {
    if from > to {
        return Err(VaultError::Invalid(format!("the first day, {from}, is after the last, {to}")));
    }
    // Somewhere it may be tomorrow already.
    if today.tomorrow().is_ok_and(|tomorrow| to > tomorrow) {
        return Err(VaultError::Invalid(format!("{to} lies in the future: nothing is known about it")));
    }
    let known_from = known_from(store, account)?;
    if known_from.is_none_or(|known| from < known) {
        return Err(VaultError::NoData { account: account.name.clone(), day: from, known_from });
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
    let last_row = store
        .movements(&TransactionQuery {
            account: Some(account.id),
            to: Some(day),
            limit: Some(1),
            ..TransactionQuery::default()
        })?
        .pop()
        .map(|transaction| transaction.detail.posted);
    let last_stated = store.stated_balances(account, day)?.first().map(|stated| stated.date);
    if let Some(last) = last_row.max(last_stated).or(account.opening.map(|opening| opening.date))
        && (day - last).get_days() > 7
    {
        warnings.push(format!("the vault knows nothing of \"{}\" after {last}", account.name));
    }
    for stated in store.stated_balances(account, day)?.iter().filter(|stated| stated.kind.is_booked()).take(1)
    {
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
    let number = account.number.as_deref().map(MaskedNumber::new);
    let name = || Row::information_from(&account.name);
    match choice {
        LabelChoice::Number if number.is_some() => AccountLabel { nickname: None, number },
        LabelChoice::Number | LabelChoice::Name => AccountLabel { nickname: name(), number: None },
        LabelChoice::Both => AccountLabel { nickname: name(), number },
        LabelChoice::Nothing => AccountLabel::default(),
    }
}

/// What the rows of a window rest on; a balance rests on its opening balance too.
fn evidence(
    store: &Store,
    account: &Account,
    from: Option<Date>,
    to: Option<Date>,
    with_opening: bool,
) -> Result<Evidence, VaultError> {
    let sources = store.sources(account.id, from, to)?;
    let mut statements = Vec::with_capacity(sources.batches.len());
    for id in &sources.batches {
        if let Some(batch) = store.batch(*id)? {
            let sha256 = batch.sha256.parse().map_err(|_| {
                VaultError::Store(crate::store::StoreError::Unreadable { what: "batch.sha256".to_owned() })
            })?;
            statements.push(StatementRef { sha256, format: batch.format });
        }
    }
    let opening_by_hand = with_opening && account.opening.is_some_and(|opening| !opening.derived);
    Ok(Evidence::new(statements, sources.by_hand > 0 || sources.changed > 0 || opening_by_hand))
}

/// One sentence on what a fact tells its recipient.
pub(super) fn sentence(fact: &Fact) -> String {
    let account = fact.account();
    let called = match (&account.nickname, &account.number) {
        (Some(name), Some(number)) => format!("the account \"{name}\" ({number})"),
        (Some(name), None) => format!("the account \"{name}\""),
        (None, Some(number)) => format!("the account {number}"),
        (None, None) => "an account that is not named".to_owned(),
    };
    match fact {
        Fact::Balance(fact) => {
            let rounding = match fact.selection.rounding {
                Some(step) => format!(", rounded to the nearest {step}"),
                None => ", to the last digit".to_owned(),
            };
            format!("{called} held {} at the end of {}{rounding}", fact.amount, fact.as_of)
        }
        Fact::Transactions(fact) => {
            let days = match (fact.selection.from, fact.selection.to) {
                (Some(from), Some(to)) => format!(" from {from} to {to}"),
                _ => String::new(),
            };
            let condition: String =
                fact.selection.filter.iter().map(|condition| format!(", {condition}")).collect();
            let rows = match fact.rows.len() {
                1 => "1 transaction".to_owned(),
                n => format!("{n} transactions"),
            };
            format!("{rows} of {called}{days}{condition}")
        }
    }
}

/// A digest of some bytes as the log and the list of disclosures write it.
pub(super) fn digest_hex(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    hex(&Sha256::digest(bytes))
}
