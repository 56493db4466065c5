//! Taking an import back exactly: as if it had never been, but for what the owner or other imports did since.

use super::{Batch, UndoConflicts, Vault, VaultError};
use crate::ledger::{Account, BatchId, Opening, RowSet, TransactionId};
use crate::money::{Money, MoneyError};
use crate::store::Store;
use crate::store::batches::BatchAccount;
use crate::store::undo::HandedOver;
use jiff::Timestamp;
use jiff::civil::Date;

/// What taking an import back did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoReport {
    /// The import, now marked as undone.
    pub batch: Batch,
    /// Rows taken out.
    pub removed: u64,
    /// Rows that another import shows too: they stay, and are that one's now.
    pub kept: u64,
    /// Rows that it had booked and that are pending again.
    pub pending_again: Vec<TransactionId>,
    /// What the owner had added to rows that were taken out or changed, and what was disclosed of them.
    pub conflicts: UndoConflicts,
    /// Names of accounts that it had made and that are empty again; they are removed.
    pub accounts_removed: Vec<String>,
    /// Attachments of the import and of its rows, which went with them.
    pub attachments_removed: u64,
}

impl Vault {
    /// Takes an import back: its rows with all that was added to them, its stated balances, its attachments,
    /// and the accounts it made if they are empty then. Rows that another import shows too stay, as that one's;
    /// rows that it had booked are pending again. What the owner added to rows that go is named in the report.
    ///
    /// # Errors
    /// [`VaultError::NoSuchImport`] where there is none of that number or it was undone already.
    pub fn undo_import(&mut self, id: BatchId, now: Timestamp) -> Result<UndoReport, VaultError> {
        self.write(|store| undo(store, id, now))
    }

    /// What [`Vault::undo_import`] would do; nothing is changed.
    ///
    /// # Errors
    /// As [`Vault::undo_import`].
    pub fn rehearse_undo(&mut self, id: BatchId, now: Timestamp) -> Result<UndoReport, VaultError> {
        let rehearsed = self.store.rehearse(|store| undo(store, id, now));
        rehearsed.map_err(|error| self.explain(error))
    }

    /// Every import, oldest first, those taken back included.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn batches(&self) -> Result<Vec<Batch>, VaultError> {
        self.read(|store| Ok(store.batches()?))
    }
}

fn undo(store: &Store, id: BatchId, now: Timestamp) -> Result<UndoReport, VaultError> {
    let known = store.batch(id)?.filter(|batch| batch.undone_at.is_none());
    let batch = known.ok_or(VaultError::NoSuchImport(id))?;
    let touched = store.batch_accounts(id)?;
    let (attachments, _) = store.count_attachments()?;
    let mut handed = Vec::new();
    for did in &touched {
        handed.extend(store.hand_over(id, did.account)?);
    }
    // What others show too stays as it is: only the rest is at stake.
    let conflicts = store.undo_conflicts(id)?;
    store.undo_opening_moved(id)?;
    let mut pending_again = Vec::new();
    for did in &touched {
        pending_again.extend(store.unbook(id, did.account)?);
    }
    for row in &pending_again {
        join_if_outdated(store, *row)?;
    }
    let kept_older = handed_before_opening(store, &touched, &handed)?;
    let removed = store.remove_batch_rows(id, now)?;
    let attachments_removed = attachments.saturating_sub(store.count_attachments()?.0);
    for did in &touched {
        if let Some(account) = store.account(did.account)? {
            let older: Vec<&KeptOlder> =
                kept_older.iter().filter(|kept| kept.rows.account == account.id).collect();
            restore_opening(store, account, did, &older)?;
            for heir in handed.iter().filter(|handed| handed.account == did.account) {
                store.inherit_account(id, heir.to, did.account, did.opening_set)?;
            }
        }
    }
    let accounts_removed = store.remove_empty_accounts_of(id)?;
    let batch = Batch { undone_at: Some(now), ..batch };
    let kept = handed.iter().map(|handed| handed.rows.len()).sum();
    Ok(UndoReport { batch, removed, kept, pending_again, conflicts, accounts_removed, attachments_removed })
}

/// Joins a split row whose parts do not add up to what it is now.
fn join_if_outdated(store: &Store, id: TransactionId) -> Result<(), VaultError> {
    let parts = store.parts_of(id)?;
    let sum: i128 = parts.iter().map(|part| i128::from(part.minor)).sum();
    let amount = store.movement(id)?.map_or(0, |row| i128::from(row.detail.amount.minor()));
    if !parts.is_empty() && sum != amount {
        store.set_split(id, &[])?;
    }
    Ok(())
}

/// Rows handed over to another import that are older than the opening balance was before this one.
struct KeptOlder<'a> {
    rows: &'a HandedOver,
    minor: i128,
    first_day: Date,
}

fn handed_before_opening<'a>(
    store: &Store,
    touched: &[BatchAccount],
    handed: &'a [HandedOver],
) -> Result<Vec<KeptOlder<'a>>, VaultError> {
    let mut kept = Vec::new();
    for rows in handed {
        let did = touched.iter().find(|did| did.account == rows.account);
        let Some(day) = did.and_then(|did| did.opening_date_before) else { continue };
        if let (minor, Some(first_day)) = store.source_sum(&rows.rows, day)? {
            kept.push(KeptOlder { rows, minor, first_day });
        }
    }
    Ok(kept)
}

/// Gives the account the opening balance that it has without the import.
fn restore_opening(
    store: &Store,
    mut account: Account,
    did: &BatchAccount,
    kept: &[&KeptOlder<'_>],
) -> Result<(), VaultError> {
    let Some(opening) = account.opening.filter(|opening| opening.derived) else { return Ok(()) };
    if did.opening_set {
        account.opening = opening_from_what_is_left(store, &account)?;
    } else if let Some(before) = did.opening_date_before {
        let kept_minor: i128 = kept.iter().map(|kept| kept.minor).sum();
        let shift = i64::try_from(i128::from(did.opening_shift_minor) - kept_minor)
            .map_err(|_| MoneyError::Overflow)?;
        let amount = opening.amount.checked_add(Money::new(shift, account.currency))?;
        let date = kept.iter().map(|kept| kept.first_day).fold(before, Date::min);
        account.opening = Some(Opening { date, amount, derived: true });
        for kept in kept {
            // For the guard the opening balance is first what it was, and then without the rows that stay.
            let rows: RowSet = store.booked_of(&kept.rows.rows, before)?;
            store.add_opening_moved_by(account.id, kept.rows.to, &rows)?;
            let minor = i64::try_from(kept.minor).map_err(|_| MoneyError::Overflow)?;
            store.inherit_opening_shift(kept.rows.to, account.id, minor, before)?;
        }
    } else {
        return Ok(());
    }
    Ok(store.update_account(&account)?)
}

/// The opening balance that makes the latest remaining stated balance true, where one remains.
fn opening_from_what_is_left(store: &Store, account: &Account) -> Result<Option<Opening>, VaultError> {
    let stated =
        store.stated_balances(account, Date::MAX)?.into_iter().find(|stated| stated.kind.is_booked());
    let Some(stated) = stated else { return Ok(None) };
    let movements = store.movement_sum(account.id, None, Some(stated.date))?;
    let minor = i64::try_from(i128::from(stated.amount.minor()) - movements)
        .map_err(|_| crate::money::MoneyError::Overflow)?;
    let date = store.first_movement_day(account.id)?.map_or(stated.date, |first| first.min(stated.date));
    Ok(Some(Opening { date, amount: Money::new(minor, account.currency), derived: true }))
}
