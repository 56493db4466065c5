//! Balances at any date, beside what the bank stated, and the register.

use super::accounts::account_by_id;
use super::{TransactionQuery, Vault, VaultError};
use crate::ledger::balance::Comparison;
use crate::ledger::{Account, AccountId, Balance};
use crate::money::{Money, MoneyError};
use crate::report::{self, Register};
use crate::store::Store;
use jiff::civil::Date;

impl Vault {
    /// The balance of every account, or of one, at the end of a day.
    ///
    /// # Errors
    /// [`VaultError::Store`]; [`VaultError::Money`] where a sum does not fit into 64 bits.
    pub fn balances(&self, as_of: Date, account: Option<AccountId>) -> Result<Vec<Balance>, VaultError> {
        self.read(|store| {
            let accounts = match account {
                Some(id) => vec![account_by_id(store, id)?],
                None => store.accounts()?,
            };
            accounts.iter().map(|account| balance_of(store, account, as_of)).collect()
        })
    }

    /// The account's transactions over some days with running balances.
    ///
    /// # Errors
    /// As [`Vault::balances`].
    pub fn register(
        &self,
        account: AccountId,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Register, VaultError> {
        self.read(|store| {
            let account = account_by_id(store, account)?;
            let opening = match from.and_then(|from| from.yesterday().ok()) {
                Some(day_before) => computed_balance(store, &account, day_before)?,
                None => account.opening.map_or(Money::zero(account.currency), |opening| opening.amount),
            };
            let query =
                TransactionQuery { account: Some(account.id), from, to, ..TransactionQuery::default() };
            Ok(report::register(account, opening, store.movements(&query)?)?)
        })
    }
}

/// Opening plus every booked movement up to the end of `as_of`.
pub(super) fn computed_balance(store: &Store, account: &Account, as_of: Date) -> Result<Money, VaultError> {
    store.computed_balance(account, as_of)?.ok_or(VaultError::Money(MoneyError::Overflow))
}

/// The first day about which the vault knows anything of this account.
pub(super) fn known_from(store: &Store, account: &Account) -> Result<Option<Date>, VaultError> {
    let first = store.first_movement_day(account.id)?;
    let opening = account.opening.map(|opening| opening.date);
    Ok(match (first, opening) {
        (Some(first), Some(opening)) => Some(first.min(opening)),
        (first, opening) => first.or(opening),
    })
}

fn balance_of(store: &Store, account: &Account, as_of: Date) -> Result<Balance, VaultError> {
    let stated = store.stated_balances(account, as_of)?.into_iter().find(|stated| stated.kind.is_booked());
    let stated = match stated {
        Some(stated) => Some(Comparison {
            date: stated.date,
            stated: stated.amount,
            computed: computed_balance(store, account, stated.date)?,
        }),
        None => None,
    };
    Ok(Balance {
        account: account.id,
        name: account.name.clone(),
        kind: account.kind,
        as_of,
        computed: computed_balance(store, account, as_of)?,
        known_from: known_from(store, account)?,
        stated,
    })
}
