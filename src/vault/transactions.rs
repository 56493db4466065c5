//! Transactions entered, changed and removed by hand.

use super::accounts::{account_by_id, same_currency};
use super::categories::category_for;
use super::{TransactionQuery, Vault, VaultError};
use crate::ledger::{
    AccountId, Fingerprint, NewTransaction, Tag, Transaction, TransactionId, TransactionStatus,
};
use crate::money::Money;
use crate::store::Store;
use jiff::civil::Date;

/// What to change about a transaction; `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransactionEdit {
    /// Another day.
    pub posted: Option<Date>,
    /// Another amount, in the account's currency.
    pub amount: Option<Money>,
    /// Another payee; what the bank wrote is kept beside it.
    pub payee: Option<String>,
    /// Another memo; empty clears it.
    pub memo: Option<String>,
    /// Another reference; empty clears it.
    pub reference: Option<String>,
    /// Another category, as [`Vault::resolve_category`] reads it; empty clears it.
    pub category: Option<String>,
    /// Another status.
    pub status: Option<TransactionStatus>,
    /// Tags to add; one that it has already stays.
    pub add_tags: Vec<String>,
    /// Tags to take off.
    pub remove_tags: Vec<String>,
    /// Changes it even where it is reconciled. Category and tags can be changed without that.
    pub even_reconciled: bool,
}

impl Vault {
    /// Enters a transaction by hand. Its category is read as [`Vault::resolve_category`] does.
    ///
    /// # Errors
    /// [`VaultError::OtherCurrency`] for an amount in another currency than the account's;
    /// [`VaultError::AmbiguousCategory`], [`VaultError::Category`].
    pub fn add_transaction(
        &mut self,
        account: AccountId,
        new: &NewTransaction,
    ) -> Result<Transaction, VaultError> {
        self.add_tagged_transaction(account, new, &[])
    }

    /// As [`Vault::add_transaction`], with tags.
    ///
    /// # Errors
    /// As [`Vault::add_transaction`]; [`VaultError::Tag`].
    pub fn add_tagged_transaction(
        &mut self,
        account: AccountId,
        new: &NewTransaction,
        tags: &[String],
    ) -> Result<Transaction, VaultError> {
        let tags = tags.iter().map(|text| Tag::parse(text)).collect::<Result<Vec<_>, _>>()?;
        let account = self.read(|store| account_by_id(store, account))?;
        same_currency("the amount", new.amount.currency(), &account.name, account.currency)?;
        let mut new = new.clone();
        new.bank_id = None;
        self.write(|store| {
            if let Some(category) = &mut new.category {
                *category = category_for(store, category)?.to_string();
            }
            let id = store.add_movement(account.id, &new, Fingerprint::of(&new), false, None)?;
            tags.iter().try_for_each(|tag| store.add_tag(id, tag))?;
            transaction_by_id(store, id)
        })
    }

    /// The transactions that a query asks for, oldest first.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn transactions(&self, query: &TransactionQuery) -> Result<Vec<Transaction>, VaultError> {
        self.read(|store| Ok(store.movements(query)?))
    }

    /// One transaction.
    ///
    /// # Errors
    /// [`VaultError::NoSuchTransaction`].
    pub fn transaction(&self, id: TransactionId) -> Result<Transaction, VaultError> {
        self.read(|store| transaction_by_id(store, id))
    }

    /// Changes a transaction. An imported one is still recognised when its statement is imported again.
    ///
    /// # Errors
    /// [`VaultError::NoSuchTransaction`], [`VaultError::OtherCurrency`]; [`VaultError::Reconciled`] for another day,
    /// amount, status or text of a reconciled one; [`VaultError::IsSplit`] for another amount or category of a split one; [`VaultError::AmbiguousCategory`], [`VaultError::Category`],
    /// [`VaultError::Tag`].
    pub fn edit_transaction(
        &mut self,
        id: TransactionId,
        edit: &TransactionEdit,
    ) -> Result<Transaction, VaultError> {
        self.write(|store| edit_in(store, id, edit))
    }

    /// Removes a transaction, with all that was added to it, and gives what it was. One that a statement brought
    /// stays deleted when a statement brings it again.
    ///
    /// # Errors
    /// [`VaultError::NoSuchTransaction`]; [`VaultError::Reconciled`] where it is reconciled.
    pub fn delete_transaction(&mut self, id: TransactionId) -> Result<Transaction, VaultError> {
        self.delete(id, false)
    }

    /// As [`Vault::delete_transaction`], a reconciled one too.
    ///
    /// # Errors
    /// [`VaultError::NoSuchTransaction`].
    pub fn delete_even_reconciled(&mut self, id: TransactionId) -> Result<Transaction, VaultError> {
        self.delete(id, true)
    }

    fn delete(&mut self, id: TransactionId, even_reconciled: bool) -> Result<Transaction, VaultError> {
        self.write(|store| {
            let transaction = transaction_by_id(store, id)?;
            if transaction.detail.status == TransactionStatus::Reconciled && !even_reconciled {
                return Err(VaultError::Reconciled(id));
            }
            store.delete_shown_movement(&transaction)?;
            Ok(transaction)
        })
    }
}

fn edit_in(store: &Store, id: TransactionId, edit: &TransactionEdit) -> Result<Transaction, VaultError> {
    let mut transaction = transaction_by_id(store, id)?;
    let account = account_by_id(store, transaction.account)?;
    let other_amount = edit.amount.is_some_and(|amount| amount != transaction.detail.amount);
    let other_category = edit.category.as_ref().is_some_and(|category| !category.is_empty());
    let settled = edit.amount.is_some() || edit.posted.is_some() || edit.status.is_some();
    let settled = settled || edit.payee.is_some() || edit.memo.is_some() || edit.reference.is_some();
    if settled && !edit.even_reconciled && transaction.detail.status == TransactionStatus::Reconciled {
        return Err(VaultError::Reconciled(id));
    }
    if (other_amount || other_category) && store.is_split(id)? {
        return Err(VaultError::IsSplit(id));
    }
    let detail = &mut transaction.detail;
    if let Some(amount) = edit.amount {
        same_currency("the amount", amount.currency(), &account.name, account.currency)?;
        detail.amount = amount;
    }
    if let Some(posted) = edit.posted {
        detail.posted = posted;
    }
    if let Some(payee) = &edit.payee {
        if transaction.batch.is_none() {
            detail.payee_raw.clone_from(payee);
        }
        detail.payee.clone_from(payee);
    }
    replace(&mut detail.memo, edit.memo.as_deref());
    replace(&mut detail.reference, edit.reference.as_deref());
    match edit.category.as_deref() {
        None => {}
        Some("") => detail.category = None,
        Some(category) => detail.category = Some(category_for(store, category)?.to_string()),
    }
    if let Some(status) = edit.status {
        detail.status = status;
    }
    store.update_movement(&transaction, Fingerprint::of(&transaction.detail))?;
    if edit.category.is_some() {
        store.note_category_by_hand(id)?;
    }
    edit_tags(store, id, edit)?;
    transaction_by_id(store, id)
}

fn edit_tags(store: &Store, id: TransactionId, edit: &TransactionEdit) -> Result<(), VaultError> {
    for text in &edit.remove_tags {
        let tag = Tag::parse(text)?;
        if !store.remove_tag(id, &tag)? {
            return Err(VaultError::Invalid(format!("transaction {} has no tag \"{tag}\"", id.0)));
        }
    }
    for text in &edit.add_tags {
        store.add_tag(id, &Tag::parse(text)?)?;
    }
    Ok(())
}

/// The transaction of this number.
pub(super) fn transaction_by_id(store: &Store, id: TransactionId) -> Result<Transaction, VaultError> {
    store.movement(id)?.ok_or(VaultError::NoSuchTransaction(id))
}

fn replace(field: &mut Option<String>, edit: Option<&str>) {
    if let Some(text) = edit {
        *field = Some(text.to_owned()).filter(|text| !text.is_empty());
    }
}
