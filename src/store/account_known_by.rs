//! What the owner answered when a statement did not tell its account, or told it by a number the account does not have.

use super::{Store, StoreError};
use crate::ledger::AccountId;
use rusqlite::{OptionalExtension, params};

/// By what a statement's account is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownBy {
    /// A number, by its letters and digits.
    Number,
    /// A kind of file, by a digest.
    File,
}

impl KnownBy {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::File => "file",
        }
    }
}

impl Store {
    /// Remembers which account is meant; a later answer takes the place of an earlier one.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn remember_account(&self, by: KnownBy, key: &str, account: AccountId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO account_known_by (kind, key, account) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![by.as_str(), key, account.0])?;
        Ok(())
    }

    /// The account that was remembered.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn remembered_account(&self, by: KnownBy, key: &str) -> Result<Option<AccountId>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT account FROM account_known_by WHERE kind = ?1 AND key = ?2")?
            .query_row([by.as_str(), key], |row| row.get(0).map(AccountId))
            .optional()?)
    }

    /// Forgets all that was remembered of an account; gives how many answers that were.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn forget_answers(&self, account: AccountId) -> Result<u64, StoreError> {
        let forgotten = self
            .conn
            .prepare_cached("DELETE FROM account_known_by WHERE account = ?1")?
            .execute([account.0])?;
        Ok(forgotten as u64)
    }
}
