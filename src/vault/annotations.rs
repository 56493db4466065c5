//! What the owner adds to transactions: splits over categories, and a view of all that was added.

use super::accounts::same_currency;
use super::categories::category_for;
use super::transactions::transaction_by_id;
use super::{Vault, VaultError};
use crate::ledger::annotation::check_split;
use crate::ledger::{Annotations, Fingerprint, SplitPart, Transaction, TransactionId};
use crate::money::Money;
use crate::store::Store;
use std::collections::BTreeMap;

/// A part to split a transaction into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPart {
    /// What it is for, as [`Vault::resolve_category`] reads it.
    pub category: String,
    /// How much of the transaction's amount, signed as it is.
    pub amount: Money,
    /// Words about this part.
    pub memo: Option<String>,
}

impl Vault {
    /// Splits a transaction over categories, in place of the parts it had. Its own category gives way to
    /// those of its parts, and its amount cannot change until [`Vault::join_transaction`].
    ///
    /// # Errors
    /// [`VaultError::Split`] where the parts are no split of its amount; [`VaultError::NoSuchTransaction`],
    /// [`VaultError::OtherCurrency`], [`VaultError::AmbiguousCategory`], [`VaultError::Category`].
    pub fn split_transaction(
        &mut self,
        id: TransactionId,
        parts: &[NewPart],
    ) -> Result<Transaction, VaultError> {
        self.write(|store| {
            let mut transaction = transaction_by_id(store, id)?;
            let amount = transaction.detail.amount;
            for part in parts {
                let whose = format!("transaction {}", id.0);
                same_currency("a part", part.amount.currency(), &whose, amount.currency())?;
            }
            let amounts: Vec<Money> = parts.iter().map(|part| part.amount).collect();
            check_split(amount, &amounts)?;
            let mut split = Vec::with_capacity(parts.len());
            for part in parts {
                let category = category_for(store, &part.category)?;
                let memo = part.memo.clone().filter(|memo| !memo.is_empty());
                split.push(SplitPart { category, amount: part.amount, memo });
            }
            store.set_split(id, &split)?;
            transaction.detail.category = None;
            store.update_movement(&transaction, Fingerprint::of(&transaction.detail))?;
            Ok(transaction)
        })
    }

    /// Makes a split transaction whole again. It has no category then.
    ///
    /// # Errors
    /// [`VaultError::NoSuchTransaction`]; [`VaultError::Invalid`] where it is not split.
    pub fn join_transaction(&mut self, id: TransactionId) -> Result<Transaction, VaultError> {
        self.write(|store| {
            let transaction = transaction_by_id(store, id)?;
            if !store.is_split(id)? {
                return Err(VaultError::Invalid(format!("transaction {} is not split", id.0)));
            }
            store.set_split(id, &[])?;
            Ok(transaction)
        })
    }

    /// The tags, parts and attachments of these transactions, for those that have any.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn annotations(
        &self,
        transactions: &[TransactionId],
    ) -> Result<BTreeMap<TransactionId, Annotations>, VaultError> {
        self.read(|store| Ok(store.annotations(transactions)?))
    }
}

/// Joins a split transaction that is about to have another amount; gives whether it was one.
pub(super) fn drop_outdated_split(
    store: &Store,
    id: TransactionId,
    amount: Money,
) -> Result<bool, VaultError> {
    if !store.is_split(id)? || transaction_by_id(store, id)?.detail.amount == amount {
        return Ok(false);
    }
    store.set_split(id, &[])?;
    Ok(true)
}
