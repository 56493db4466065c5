//! Taking an import back.

use super::{Batch, Vault, VaultError};
use crate::ledger::{Account, BatchId, Opening};
use crate::money::Money;
use crate::store::Store;
use crate::store::batches::BatchAccount;
use jiff::Timestamp;
use jiff::civil::Date;

/// What taking an import back did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoReport {
    /// The import, now marked as undone.
    pub batch: Batch,
    /// Rows taken out.
    pub removed: u64,
    /// Pending rows of earlier imports that it had booked; they stay booked.
    pub kept_updates: u64,
    /// Names of accounts that it had made and that are empty again; they are removed.
    pub accounts_removed: Vec<String>,
    /// Attachments of the import and of its rows, which went with them.
    pub attachments_removed: u64,
}

impl Vault {
    /// Takes an import back: its rows with all that was added to them, its stated balances, its attachments,
    /// and the accounts it made if they are empty then.
    ///
    /// # Errors
    /// [`VaultError::NoSuchImport`] where there is none of that number or it was undone already.
    pub fn undo_import(&mut self, id: BatchId, now: Timestamp) -> Result<UndoReport, VaultError> {
        self.write(|store| {
            let known = store.batch(id)?.filter(|batch| batch.undone_at.is_none());
            let batch = known.ok_or(VaultError::NoSuchImport(id))?;
            let touched = store.batch_accounts(id)?;
            let (attachments, _) = store.count_attachments()?;
            store.undo_opening_moved(id)?;
            let removed = store.remove_batch_rows(id, now)?;
            let attachments_removed = attachments.saturating_sub(store.count_attachments()?.0);
            for did in &touched {
                if let Some(account) = store.account(did.account)? {
                    restore_opening(store, account, did)?;
                }
            }
            let accounts_removed = store.remove_empty_accounts_of(id)?;
            let batch = Batch { undone_at: Some(now), ..batch };
            let kept_updates = batch.updated;
            Ok(UndoReport { kept_updates, batch, removed, accounts_removed, attachments_removed })
        })
    }

    /// Every import, oldest first, those taken back included.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn batches(&self) -> Result<Vec<Batch>, VaultError> {
        self.read(|store| Ok(store.batches()?))
    }
}

/// Gives the account the opening balance that it has without the import.
fn restore_opening(store: &Store, mut account: Account, did: &BatchAccount) -> Result<(), VaultError> {
    let Some(opening) = account.opening.filter(|opening| opening.derived) else { return Ok(()) };
    if did.opening_set {
        account.opening = opening_from_what_is_left(store, &account)?;
    } else if let Some(date) = did.opening_date_before {
        let amount = opening.amount.checked_add(Money::new(did.opening_shift_minor, account.currency))?;
        account.opening = Some(Opening { date, amount, derived: true });
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
