//! Comparing balances with the bank's: where they part, and settling what agrees.

use super::accounts::{account_by_id, same_currency};
use super::balances::{computed_balance, known_from};
use super::{Vault, VaultError};
use crate::ledger::gap::{Checkpoint, gaps};
use crate::ledger::{Account, AccountId, BalanceGap, BalanceKind, StatedBalance};
use crate::money::Money;
use crate::statement::Warning;
use crate::store::Store;
use jiff::Timestamp;
use jiff::civil::Date;

/// All balances that an account's statements state, and where they part from what its rows come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedBalances {
    /// The account.
    pub account: Account,
    /// What was stated, earliest first, with what the rows come to; none for kinds that are no booked balance.
    pub stated: Vec<(StatedBalance, Option<Money>)>,
    /// Where booked balances part from the rows, earliest first.
    pub gaps: Vec<BalanceGap>,
    /// The balances that the owner reconciled, earliest first.
    pub reconciled: Vec<(Date, Money)>,
}

/// What reconciling did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// The account.
    pub account: Account,
    /// Up to the end of which day.
    pub day: Date,
    /// The balance that agrees.
    pub balance: Money,
    /// How many rows are settled by it that were not before.
    pub rows: u64,
}

impl Vault {
    /// All balances stated for an account up to a day, and where they part from what its rows come to.
    ///
    /// # Errors
    /// [`VaultError::Store`]; [`VaultError::Money`] where a sum does not fit into 64 bits.
    pub fn stated_balances(&self, account: AccountId, up_to: Date) -> Result<StatedBalances, VaultError> {
        self.read(|store| stated(store, account_by_id(store, account)?, up_to))
    }

    /// Settles an account up to the end of a day, where its rows come to just this balance then: its booked rows are
    /// reconciled, and are not changed or deleted from then on unless that is asked for.
    ///
    /// # Errors
    /// [`VaultError::NotReconciled`] where they come to something else, with the days on which the two parted;
    /// [`VaultError::OtherCurrency`].
    pub fn reconcile(
        &mut self,
        account: AccountId,
        day: Date,
        balance: Money,
        now: Timestamp,
    ) -> Result<Reconciled, VaultError> {
        self.write(|store| {
            let account = account_by_id(store, account)?;
            same_currency("the balance", balance.currency(), &account.name, account.currency)?;
            let computed = computed_balance(store, &account, day)?;
            if computed != balance {
                let gaps = stated(store, account.clone(), day)?.gaps;
                let gaps = gaps.iter().map(BalanceGap::to_string).collect();
                let (account, given) = (account.name, balance);
                return Err(VaultError::NotReconciled { account, day, given, computed, gaps });
            }
            let rows = store.reconcile(account.id, day, balance, now)?;
            Ok(Reconciled { account, day, balance, rows })
        })
    }

    /// Opens an account's reconciled rows from a day on again; gives how many rows that were.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be written.
    pub fn reopen(&mut self, account: AccountId, from: Date) -> Result<u64, VaultError> {
        self.write(|store| Ok(store.reopen(account_by_id(store, account)?.id, from)?))
    }
}

pub(super) fn stated(store: &Store, account: Account, up_to: Date) -> Result<StatedBalances, VaultError> {
    let mut found = store.stated_balances(&account, up_to)?;
    found.reverse();
    let mut all = Vec::with_capacity(found.len());
    let mut checkpoints: Vec<Checkpoint> = Vec::new();
    for stated in found {
        let Some(day) = end_of_day(&stated) else {
            all.push((stated, None));
            continue;
        };
        let computed = computed_balance(store, &account, day)?;
        let checkpoint = Checkpoint { day, stated: stated.amount, computed };
        if !checkpoints.contains(&checkpoint) {
            checkpoints.push(checkpoint);
        }
        all.push((stated, Some(computed)));
    }
    checkpoints.sort_by_key(|checkpoint| checkpoint.day);
    let gaps = gaps(&checkpoints, &store.periods(account.id)?, known_from(store, &account)?)?;
    let reconciled = store.reconciliations(&account)?;
    Ok(StatedBalances { account, stated: all, gaps, reconciled })
}

/// At the end of which day a stated balance holds: an opening balance at that of the day before. What is available,
/// or stated in the midst of a day, is no balance of a day's end.
fn end_of_day(stated: &StatedBalance) -> Option<Date> {
    match stated.kind {
        BalanceKind::Opening => stated.date.yesterday().ok(),
        kind => kind.is_booked().then_some(stated.date),
    }
}

/// Warns where rows that an import added change a balance that the owner had reconciled.
pub(super) fn warn_of_reconciled(
    store: &Store,
    account: &Account,
    first_added: Date,
    warnings: &mut Vec<Warning>,
) -> Result<(), VaultError> {
    for (day, balance) in store.reconciliations(account)?.into_iter().filter(|(day, _)| *day >= first_added) {
        let computed = computed_balance(store, account, day)?;
        if computed != balance {
            let text = format!(
                "{} was reconciled at {balance} on {day}, and its rows now come to {computed}: compare them again",
                account.name
            );
            warnings.push(Warning { line: 0, text });
        }
    }
    Ok(())
}
