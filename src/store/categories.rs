//! The categories there are, their way through the rows that name them, and sums by category.

use super::balances::{first_day, last_day};
use super::values::{count, currency};
use super::{Store, StoreError};
use crate::ledger::{AccountId, CategoryPath, CategoryTotal, CategoryTree};
use jiff::civil::Date;
use rusqlite::params;
use std::collections::HashMap;

impl Store {
    /// Every category.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn category_tree(&self) -> Result<CategoryTree, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT name FROM category")?;
        let mut rows = statement.query([])?;
        let mut paths = Vec::new();
        while let Some(row) = rows.next()? {
            paths.push(CategoryPath::stored(row.get(0)?));
        }
        Ok(CategoryTree::new(paths))
    }

    /// Adds a category to those there are. That its parents are there is the caller's care.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where it is there already.
    pub fn add_category(&self, path: &CategoryPath) -> Result<(), StoreError> {
        if self.category_tree()?.paths().iter().any(|known| known.is(path)) {
            return Err(StoreError::Taken { what: format!("a category named \"{path}\"") });
        }
        self.conn.prepare_cached("INSERT INTO category (name) VALUES (?1)")?.execute([path.as_str()])?;
        Ok(())
    }

    /// Writes `to` wherever `from` is written, `to` becoming a category if it is none; gives how many
    /// transactions changed.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn replace_category(&self, from: &CategoryPath, to: &CategoryPath) -> Result<u64, StoreError> {
        let names = params![from.as_str(), to.as_str()];
        let split: i64 = self
            .conn
            .prepare_cached("SELECT count(DISTINCT movement) FROM split WHERE category = ?1")?
            .query_row([from.as_str()], |row| row.get(0))?;
        let whole = self
            .conn
            .prepare_cached("UPDATE movement SET category = ?2 WHERE category = ?1")?
            .execute(names)?;
        self.conn.prepare_cached("UPDATE split SET category = ?2 WHERE category = ?1")?.execute(names)?;
        self.remove_category(from)?;
        self.conn
            .prepare_cached("INSERT OR IGNORE INTO category (name) VALUES (?1)")?
            .execute([to.as_str()])?;
        Ok(count(split, "count")?.saturating_add(whole as u64))
    }

    /// Takes a category from those there are. That nothing is in it is the caller's care.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn remove_category(&self, path: &CategoryPath) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM category WHERE name = ?1")?.execute([path.as_str()])?;
        Ok(())
    }

    /// How many transactions are in each category, wholly or with a part; those in categories below it do
    /// not count. Categories that nothing is in are left out.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn category_uses(&self) -> Result<HashMap<String, u64>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT category, sum(uses) FROM (
                 SELECT category, count(*) AS uses FROM movement WHERE category IS NOT NULL GROUP BY category
                 UNION ALL SELECT category, count(DISTINCT movement) FROM split GROUP BY category)
             GROUP BY category",
        )?;
        let mut rows = statement.query([])?;
        let mut uses = HashMap::new();
        while let Some(row) = rows.next()? {
            uses.insert(row.get(0)?, count(row.get(1)?, "count")?);
        }
        Ok(uses)
    }

    /// What each category comes to from `from` to `to` (both included; open where `None`), in each currency,
    /// of one account or of all. A split transaction counts with its parts, where they belong; pending
    /// transactions do not count. What has no category comes first; the others are in order of name.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn category_totals(
        &self,
        from: Option<Date>,
        to: Option<Date>,
        account: Option<AccountId>,
    ) -> Result<Vec<CategoryTotal>, StoreError> {
        // SQLite adds in 64 bits; the two halves of each amount are added apart and joined in 128.
        let mut statement = self.conn.prepare_cached(
            "SELECT category, currency, digits, sum(amount >> 32), sum(amount & 0xffffffff), count(*)
             FROM (SELECT iif(s.seq IS NULL, m.category, s.category) AS category, a.currency AS currency,
                          a.digits AS digits, coalesce(s.amount_minor, m.amount_minor) AS amount
                   FROM movement m JOIN account a ON a.id = m.account LEFT JOIN split s ON s.movement = m.id
                   WHERE m.posted BETWEEN ?1 AND ?2 AND (?3 IS NULL OR m.account = ?3) AND m.status <> 'pending')
             GROUP BY category, currency, digits ORDER BY category, currency, digits",
        )?;
        let account = account.map(|account| account.0);
        let mut rows = statement.query(params![first_day(from), last_day(to), account])?;
        let mut totals = Vec::new();
        while let Some(row) = rows.next()? {
            let (high, low): (i64, i64) = (row.get(3)?, row.get(4)?);
            totals.push(CategoryTotal {
                category: row.get::<_, Option<String>>(0)?.map(CategoryPath::stored),
                currency: currency(&row.get::<_, String>(1)?, row.get(2)?)?,
                sum_minor: (i128::from(high) << 32) + i128::from(low),
                rows: count(row.get(5)?, "count")?,
            });
        }
        Ok(totals)
    }
}
