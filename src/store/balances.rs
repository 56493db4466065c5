//! Sums over movements, and the balances that statements stated.

use super::values::{day, word};
use super::{Store, StoreError};
use crate::ledger::{Account, AccountId, BalanceKind, BatchId, StatedBalance};
use crate::money::Money;
use jiff::civil::Date;
use rusqlite::params;

impl Store {
    /// The sum of the account's booked movements from `from` to `to` (both included; open where `None`).
    /// Pending ones do not count: no bank's booked balance has them.
    ///
    /// SQLite adds in 64 bits; the two halves of each amount are added apart and joined in 128.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn movement_sum(
        &self,
        account: AccountId,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<i128, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT coalesce(sum(amount_minor >> 32), 0), coalesce(sum(amount_minor & 0xffffffff), 0)
             FROM movement WHERE account = ?1 AND posted BETWEEN ?2 AND ?3 AND status <> 'pending'",
        )?;
        let (high, low): (i64, i64) = statement
            .query_row(params![account.0, first_day(from), last_day(to)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        Ok((i128::from(high) << 32) + i128::from(low))
    }

    /// The first day with a movement, if the account has any.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn first_movement_day(&self, account: AccountId) -> Result<Option<Date>, StoreError> {
        let found: Option<String> = self
            .conn
            .prepare_cached("SELECT min(posted) FROM movement WHERE account = ?1")?
            .query_row([account.0], |row| row.get(0))?;
        found.map(|text| day(&text, "movement.posted")).transpose()
    }

    /// How many movements there are.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn count_movements(&self) -> Result<u64, StoreError> {
        let found =
            self.conn.prepare_cached("SELECT count(*) FROM movement")?.query_row([], |row| row.get(0))?;
        super::values::count(found, "count")
    }

    /// The balance at the end of `as_of`: opening plus every movement booked up to then.
    /// `None` where it does not fit into 64 bits of minor units.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn computed_balance(&self, account: &Account, as_of: Date) -> Result<Option<Money>, StoreError> {
        let movements = self.movement_sum(account.id, None, Some(as_of))?;
        let opening = account.opening.map_or(0, |opening| i128::from(opening.amount.minor()));
        Ok(i64::try_from(movements + opening).ok().map(|minor| Money::new(minor, account.currency)))
    }

    /// Keeps a balance that a statement stated. The same one from the same import is kept once.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_stated_balance(&self, stated: &StatedBalance) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT OR IGNORE INTO stated_balance (account, kind, day, amount_minor, batch)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                stated.account.0,
                stated.kind.as_str(),
                stated.date.to_string(),
                stated.amount.minor(),
                stated.batch.0,
            ])?;
        Ok(())
    }

    /// The balances stated for an account on or before a day, latest first.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn stated_balances(&self, account: &Account, up_to: Date) -> Result<Vec<StatedBalance>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT kind, day, amount_minor, batch FROM stated_balance
             WHERE account = ?1 AND day <= ?2 ORDER BY day DESC, id DESC",
        )?;
        let mut rows = statement.query(params![account.id.0, up_to.to_string()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(StatedBalance {
                account: account.id,
                kind: word::<BalanceKind>(&row.get::<_, String>(0)?, "stated_balance.kind")?,
                date: day(&row.get::<_, String>(1)?, "stated_balance.day")?,
                amount: Money::new(row.get(2)?, account.currency),
                batch: BatchId(row.get(3)?),
            });
        }
        Ok(found)
    }
}

/// The bound of an open beginning sorts before every day.
pub(super) fn first_day(from: Option<Date>) -> String {
    from.map_or_else(String::new, |day| day.to_string())
}

/// The bound of an open end sorts after every day.
pub(super) fn last_day(to: Option<Date>) -> String {
    to.map_or_else(|| "9999-12-31".to_owned(), |day| day.to_string())
}
