//! One pass over the rows beneath a fact: it commits to them, notes where they came from, and lends each to the fact.

use super::Drawing;
use crate::disclosure::{Evidence, RootRow, StatementRef};
use crate::ledger::{Account, BatchId};
use crate::money::Money;
use crate::store::aggregates::MovementRef;
use crate::store::{Store, StoreError, TransactionQuery};
use crate::vault::VaultError;
use std::collections::BTreeSet;

/// What a pass found out about the rows.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// How many there were.
    pub(super) matched: u64,
    batches: BTreeSet<BatchId>,
    by_hand_or_changed: bool,
}

/// A row's amount in its account's currency, as the root commits to it.
pub(super) fn root_row<'a>(movement: &MovementRef<'a>, account: &Account) -> RootRow<'a> {
    RootRow {
        posted: movement.posted,
        amount: Money::new(movement.amount_minor, account.currency),
        payee_raw: movement.payee_raw,
        payee: movement.payee,
        memo: movement.memo,
        reference: movement.reference,
        status: movement.status,
        bank_id: movement.bank_id,
    }
}

/// Goes over the rows of `query`, which are of `account`.
pub(super) fn walk(
    drawing: &mut Drawing<'_>,
    account: &Account,
    query: &TransactionQuery,
    each: &mut dyn FnMut(&MovementRef<'_>) -> Result<(), VaultError>,
) -> Result<Walked, VaultError> {
    let mut walked = Walked::default();
    let mut last_batch = None;
    let root = &mut drawing.root;
    drawing.store.for_each_movement::<VaultError>(query, &mut |movement| {
        walked.matched += 1;
        walked.by_hand_or_changed |= movement.batch.is_none() || movement.changed;
        // Rows of one import mostly follow one another.
        if let Some(batch) = movement.batch.filter(|batch| last_batch != Some(*batch)) {
            walked.batches.insert(batch);
            last_batch = Some(batch);
        }
        if let Some(root) = root.as_mut() {
            root.push_row(&root_row(movement, account));
        }
        each(movement)
    })?;
    Ok(walked)
}

impl Walked {
    /// On what the fact rests; `opening` is the account whose opening balance it rests on too.
    pub(super) fn evidence(&self, store: &Store, opening: Option<&Account>) -> Result<Evidence, VaultError> {
        let mut statements = Vec::with_capacity(self.batches.len());
        for id in &self.batches {
            if let Some(batch) = store.batch(*id)? {
                statements.push(statement_ref(&batch.sha256, batch.format)?);
            }
        }
        let opening_by_hand =
            opening.and_then(|account| account.opening).is_some_and(|opening| !opening.derived);
        Ok(Evidence::new(statements, self.by_hand_or_changed || opening_by_hand))
    }
}

/// An imported file as a disclosure names it.
pub(super) fn statement_ref(sha256: &str, format: String) -> Result<StatementRef, VaultError> {
    let sha256 = sha256
        .parse()
        .map_err(|_| VaultError::Store(StoreError::Unreadable { what: "batch.sha256".to_owned() }))?;
    Ok(StatementRef { sha256, format })
}
