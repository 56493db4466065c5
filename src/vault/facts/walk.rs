//! One pass over the rows beneath a fact: it counts them, commits to their amounts day by day, and says where they
//! came from.

use super::Drawing;
use super::days::Days;
use crate::disclosure::{Evidence, StatementRef};
use crate::ledger::Account;
use crate::store::amounts::{AmountRow, GroupColumn};
use crate::store::{Store, StoreError, TransactionQuery};
use crate::vault::VaultError;
use std::sync::{Mutex, PoisonError};

/// Goes over the rows of `query`, which are of `account`, in order of day; gives how many there are. With `parts` a
/// split transaction counts with its parts, as [`Store::for_each_amount`] says.
pub(super) fn walk(
    drawing: &mut Drawing<'_>,
    account: &Account,
    query: &TransactionQuery,
    group: GroupColumn,
    parts: bool,
    each: &mut dyn FnMut(AmountRow<'_>) -> Result<(), VaultError>,
) -> Result<u64, VaultError> {
    let root = drawing.root.take().map(Mutex::new);
    let store = drawing.store;
    let matched = std::thread::scope(|scope| {
        let mut days = root.as_ref().map(|root| Days::begin(scope, root, account.currency));
        let mut matched = 0;
        store.for_each_amount::<VaultError>(query, group, parts, &mut |row| {
            matched += 1;
            if let Some(days) = days.as_mut() {
                days.add(row.posted, row.minor);
            }
            each(row)
        })?;
        if let Some(days) = days {
            days.finish();
        }
        Ok(matched)
    });
    drawing.root = root.map(|root| root.into_inner().unwrap_or_else(PoisonError::into_inner));
    matched
}

/// On what a fact over the rows of `query` rests; with `opening`, on the account's opening balance too.
pub(super) fn evidence(
    store: &Store,
    account: &Account,
    query: &TransactionQuery,
    opening: bool,
) -> Result<Evidence, VaultError> {
    let found = store.provenance(account.id, query)?;
    let mut statements = Vec::with_capacity(found.batches.len());
    for id in &found.batches {
        if let Some(batch) = store.batch(*id)? {
            statements.push(statement_ref(&batch.sha256, batch.format)?);
        }
    }
    let opening_by_hand = opening && account.opening.is_some_and(|opening| !opening.derived);
    Ok(Evidence::new(statements, found.by_owner || opening_by_hand))
}

/// An imported file as a disclosure names it.
pub(super) fn statement_ref(sha256: &str, format: String) -> Result<StatementRef, VaultError> {
    let sha256 = sha256
        .parse()
        .map_err(|_| VaultError::Store(StoreError::Unreadable { what: "batch.sha256".to_owned() }))?;
    Ok(StatementRef { sha256, format })
}
