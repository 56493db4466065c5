//! Imports: one batch per file, with what it did to each account, so that it can be taken back.

use super::values::{count, day, moment, unreadable};
use super::{Store, StoreError};
use crate::ledger::{AccountId, BatchId, RowSet};
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{OptionalExtension, Row, params};

/// An import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its number in this vault.
    pub id: BatchId,
    /// The file's name, without its folder.
    pub file_name: String,
    /// Digest of the file's bytes, lower-case hex.
    pub sha256: String,
    /// The format it was read as.
    pub format: String,
    /// When.
    pub imported_at: Timestamp,
    /// When the owner took it back, if they did.
    pub undone_at: Option<Timestamp>,
    /// Rows that were new.
    pub added: u64,
    /// Rows that the accounts had already.
    pub duplicate: u64,
    /// Pending rows that the bank had booked.
    pub updated: u64,
}

/// What an import did to one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchAccount {
    /// The account.
    pub account: AccountId,
    /// Rows that were new.
    pub added: u64,
    /// Rows that it had already.
    pub duplicate: u64,
    /// Pending rows that the bank had booked.
    pub updated: u64,
    /// Whether this import gave the account its opening balance.
    pub opening_set: bool,
    /// What older rows of this import took off the opening balance, in minor units.
    pub opening_shift_minor: i64,
    /// The opening's day before this import moved it.
    pub opening_date_before: Option<Date>,
}

const SELECT: &str =
    "SELECT id, file_name, sha256, format, imported_at, undone_at, added, duplicate, updated FROM batch";

impl Store {
    /// Begins an import.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_batch(
        &self,
        file_name: &str,
        sha256: &str,
        format: &str,
        now: Timestamp,
    ) -> Result<BatchId, StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO batch (file_name, sha256, format, imported_at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![file_name, sha256, format, now.to_string()])?;
        Ok(BatchId(self.conn.last_insert_rowid()))
    }

    /// Notes what an import did to an account; what several statements of one file did adds up.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_batch_account(&self, batch: BatchId, did: &BatchAccount) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO batch_account (batch, account, added, duplicate, updated, opening_set,
                     opening_shift_minor, opening_date_before) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (batch, account) DO UPDATE SET
                     added = added + excluded.added, duplicate = duplicate + excluded.duplicate,
                     updated = updated + excluded.updated, opening_set = max(opening_set, excluded.opening_set),
                     opening_shift_minor = opening_shift_minor + excluded.opening_shift_minor,
                     opening_date_before = coalesce(opening_date_before, excluded.opening_date_before)",
            )?
            .execute(params![
                batch.0,
                did.account.0,
                did.added as i64,
                did.duplicate as i64,
                did.updated as i64,
                did.opening_set,
                did.opening_shift_minor,
                did.opening_date_before.map(|day| day.to_string()),
            ])?;
        self.conn
            .prepare_cached(
                "UPDATE batch SET added = added + ?2, duplicate = duplicate + ?3, updated = updated + ?4 WHERE id = ?1",
            )?
            .execute(params![batch.0, did.added as i64, did.duplicate as i64, did.updated as i64])?;
        Ok(())
    }

    /// What an import did to each account.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn batch_accounts(&self, batch: BatchId) -> Result<Vec<BatchAccount>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT account, added, duplicate, updated, opening_set, opening_shift_minor, opening_date_before
             FROM batch_account WHERE batch = ?1 ORDER BY account",
        )?;
        let mut rows = statement.query([batch.0])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(BatchAccount {
                account: AccountId(row.get(0)?),
                added: count(row.get(1)?, "batch_account.added")?,
                duplicate: count(row.get(2)?, "batch_account.duplicate")?,
                updated: count(row.get(3)?, "batch_account.updated")?,
                opening_set: row.get(4)?,
                opening_shift_minor: row.get(5)?,
                opening_date_before: row
                    .get::<_, Option<String>>(6)?
                    .map(|text| day(&text, "batch_account.opening_date_before"))
                    .transpose()?,
            });
        }
        Ok(found)
    }

    /// Every import, in order.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn batches(&self) -> Result<Vec<Batch>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("{SELECT} ORDER BY id"))?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read_batch(row)?);
        }
        Ok(found)
    }

    /// The import with this id.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn batch(&self, id: BatchId) -> Result<Option<Batch>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("{SELECT} WHERE id = ?1"))?;
        let mut rows = statement.query([id.0])?;
        rows.next()?.map(read_batch).transpose()
    }

    /// The first import of a file with this digest that was not taken back.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn batch_of_digest(&self, sha256: &str) -> Result<Option<Batch>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached(&format!("{SELECT} WHERE sha256 = ?1 AND undone_at IS NULL ORDER BY id"))?;
        let mut rows = statement.query([sha256])?;
        rows.next()?.map(read_batch).transpose()
    }

    /// The rows of an account that an import's statement shows: those it brought, and those that other imports had
    /// brought before of the days that it speaks of.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn statement_rows(&self, batch: BatchId, account: AccountId) -> Result<RowSet, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id FROM movement WHERE batch = ?1 AND account = ?2
             UNION
             SELECT m.id FROM statement_period p
             JOIN movement m ON m.account = p.account
                 AND (m.posted BETWEEN p.first_day AND p.last_day
                      OR m.source_posted BETWEEN p.first_day AND p.last_day)
             WHERE p.batch = ?1 AND p.account = ?2 AND m.batch IS NOT NULL
                 AND coalesce(m.source_posted, m.posted) BETWEEN p.first_day AND p.last_day",
        )?;
        let ids = statement.query_map(params![batch.0, account.0], |row| row.get(0))?;
        Ok(RowSet::from_ids(ids.collect::<Result<Vec<i64>, _>>()?))
    }

    /// Takes an import's rows, stated balances and attachments out and marks it undone; gives the number of rows removed.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn remove_batch_rows(&self, batch: BatchId, now: Timestamp) -> Result<u64, StoreError> {
        let removed =
            self.conn.prepare_cached("DELETE FROM movement WHERE batch = ?1")?.execute([batch.0])?;
        self.conn.prepare_cached("DELETE FROM stated_balance WHERE batch = ?1")?.execute([batch.0])?;
        self.conn.prepare_cached("DELETE FROM attachment_link WHERE batch = ?1")?.execute([batch.0])?;
        self.conn.prepare_cached("DELETE FROM statement_period WHERE batch = ?1")?.execute([batch.0])?;
        self.forget_statement_rows(batch)?;
        self.conn
            .prepare_cached("UPDATE batch SET undone_at = ?2 WHERE id = ?1")?
            .execute(params![batch.0, now.to_string()])?;
        u64::try_from(removed).map_err(|_| unreadable("count", &removed.to_string()))
    }

    /// Whether a file with this digest was imported and not taken back, and when.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn earlier_import_of(&self, sha256: &str) -> Result<Option<Timestamp>, StoreError> {
        let found: Option<String> = self
            .conn
            .prepare_cached(
                "SELECT imported_at FROM batch WHERE sha256 = ?1 AND undone_at IS NULL ORDER BY id DESC LIMIT 1",
            )?
            .query_row([sha256], |row| row.get(0))
            .optional()?;
        found.map(|text| moment(&text, "batch.imported_at")).transpose()
    }
}

fn read_batch(row: &Row<'_>) -> Result<Batch, StoreError> {
    let undone_at: Option<String> = row.get(5)?;
    Ok(Batch {
        id: BatchId(row.get(0)?),
        file_name: row.get(1)?,
        sha256: row.get(2)?,
        format: row.get(3)?,
        imported_at: moment(&row.get::<_, String>(4)?, "batch.imported_at")?,
        undone_at: undone_at.map(|text| moment(&text, "batch.undone_at")).transpose()?,
        added: count(row.get(6)?, "batch.added")?,
        duplicate: count(row.get(7)?, "batch.duplicate")?,
        updated: count(row.get(8)?, "batch.updated")?,
    })
}
