//! Balances that the owner compared with the bank's, and the rows that are settled by that.

use super::values::{count, day};
use super::{Store, StoreError};
use crate::ledger::{Account, AccountId};
use crate::money::Money;
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::params;

impl Store {
    /// Marks booked rows up to a day as reconciled and keeps the balance; gives how many rows that were.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn reconcile(
        &self,
        account: AccountId,
        up_to: Date,
        balance: Money,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let marked = self
            .conn
            .prepare_cached(
                "UPDATE movement SET status = 'reconciled' WHERE account = ?1 AND posted <= ?2 AND status = 'posted'",
            )?
            .execute(params![account.0, up_to.to_string()])?;
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO reconciliation (account, day, amount_minor, reconciled_at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![account.0, up_to.to_string(), balance.minor(), now.to_string()])?;
        Ok(marked as u64)
    }

    /// Opens reconciled rows from a day on again; gives how many rows that were.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn reopen(&self, account: AccountId, from: Date) -> Result<u64, StoreError> {
        let opened = self
            .conn
            .prepare_cached(
                "UPDATE movement SET status = 'posted' WHERE account = ?1 AND posted >= ?2 AND status = 'reconciled'",
            )?
            .execute(params![account.0, from.to_string()])?;
        self.conn
            .prepare_cached("DELETE FROM reconciliation WHERE account = ?1 AND day >= ?2")?
            .execute(params![account.0, from.to_string()])?;
        Ok(opened as u64)
    }

    /// The balances of an account that were reconciled, earliest first.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn reconciliations(&self, account: &Account) -> Result<Vec<(Date, Money)>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT day, amount_minor FROM reconciliation WHERE account = ?1 ORDER BY day")?;
        let mut rows = statement.query([account.id.0])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let on = day(&row.get::<_, String>(0)?, "reconciliation.day")?;
            found.push((on, Money::new(row.get(1)?, account.currency)));
        }
        Ok(found)
    }

    /// How many booked rows up to a day are not reconciled yet.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn count_unreconciled(&self, account: AccountId, up_to: Date) -> Result<u64, StoreError> {
        let found = self
            .conn
            .prepare_cached(
                "SELECT count(*) FROM movement WHERE account = ?1 AND posted <= ?2 AND status = 'posted'",
            )?
            .query_row(params![account.0, up_to.to_string()], |row| row.get(0))?;
        count(found, "count")
    }

    /// The days of which the account's imported statements speak, in order.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn periods(&self, account: AccountId) -> Result<Vec<(Date, Date)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT first_day, last_day FROM statement_period WHERE account = ?1 ORDER BY first_day, last_day",
        )?;
        let mut rows = statement.query([account.0])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let first = day(&row.get::<_, String>(0)?, "statement_period.first_day")?;
            found.push((first, day(&row.get::<_, String>(1)?, "statement_period.last_day")?));
        }
        Ok(found)
    }
}
