//! The vault's database: connection, migrations, and every query the crate makes.
//!
//! [`Store`] is what `vault` holds. Its methods take and give plain values of `ledger` and `money`;
//! SQL stays in this folder. A store stands on any SQLite connection, so that its rules are tested on
//! plain memory; in a vault the connection is the sealed one that `vfs` makes.

pub mod account_known_by;
pub mod accounts;
pub mod aggregates;
pub mod aggregates_disclosed;
pub mod amounts;
pub mod annotations;
pub mod attachments;
pub mod balances;
pub mod batches;
pub mod categories;
pub mod csv_profiles;
pub mod disclosures;
pub mod drafts;
mod error;
pub mod export;
mod gathering;
pub mod gnucash;
mod identity;
pub mod lifecycle;
pub mod log;
pub mod lost_movements;
pub mod migrations;
pub mod movements;
pub mod profile;
pub mod recipients;
pub mod reconciliations;
pub mod rules;
pub mod salvage;
mod soundness;
pub mod statement_rows;
mod take_in;
mod texts;
pub mod transfers;
pub mod undo;
mod values;

pub use error::StoreError;
pub use movements::TransactionQuery;
pub use rules::{RuleScope, RuledTransaction};

use crate::vfs::{self, VfsError};
use rusqlite::Connection;

/// The database of one vault.
pub struct Store {
    conn: Connection,
}

impl Store {
    /// Takes over a connection and brings its schema to this version, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::NewerVault`] where a newer finvault made the schema; else what SQLite reports.
    pub fn open(mut conn: Connection) -> Result<Self, StoreError> {
        migrations::migrate(&mut conn, migrations::latest())?;
        Ok(Self { conn })
    }

    /// The connection, for checks that read below the level of queries.
    pub fn connection(&self) -> &Connection {
        &self.conn
    }

    /// The connection itself, for who goes on below the level of queries.
    pub fn into_connection(self) -> Connection {
        self.conn
    }

    /// Runs `work` in one transaction that is committed only where `work` succeeds.
    ///
    /// # Errors
    /// Whatever `work` reports (nothing was changed then), or a failure of the commit itself.
    pub fn write<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.run("BEGIN IMMEDIATE")?;
        let result = work(self);
        let finished = match &result {
            Ok(_) => self.run("COMMIT"),
            Err(_) => Ok(()),
        };
        if result.is_err() || finished.is_err() {
            // Where SQLite has rolled back by itself (disk full, I/O error) there is nothing left to undo.
            if !self.conn.is_autocommit() {
                self.run("ROLLBACK").ok();
            }
        }
        finished?;
        result
    }

    /// Runs `work` in a transaction that is always taken back: what it reports is what would happen.
    ///
    /// # Errors
    /// Whatever `work` reports.
    pub fn rehearse<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.run("BEGIN")?;
        let result = work(self);
        if !self.conn.is_autocommit() {
            self.run("ROLLBACK")?;
        }
        result
    }

    /// What SQLite's own check finds wrong with tables and indexes; empty where all is well.
    ///
    /// # Errors
    /// [`StoreError`] where the check itself cannot run.
    pub fn integrity_problems(&self) -> Result<Vec<String>, StoreError> {
        let mut problems = Vec::new();
        let mut statement = self.conn.prepare("PRAGMA integrity_check(100)")?;
        for line in statement.query_map([], |row| row.get::<_, String>(0))? {
            let line = line?;
            if line != "ok" {
                problems.push(line);
            }
        }
        let mut statement = self.conn.prepare("PRAGMA foreign_key_check")?;
        for row in
            statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?)))?
        {
            let (table, rowid) = row?;
            problems.push(format!("row {} of {table} refers to a row that is not there", rowid.unwrap_or(0)));
        }
        Ok(problems)
    }

    /// How much memory pages may take, as SQLite says it: KiB below zero, pages above.
    ///
    /// # Errors
    /// [`StoreError`] where SQLite does not say.
    pub fn cache_size(&self) -> Result<i64, StoreError> {
        Ok(self.conn.query_row("PRAGMA cache_size", [], |row| row.get(0))?)
    }

    /// Does something while pages take so much memory at most.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read, and what the work fails with.
    pub fn within_cache<T>(
        &self,
        kib: i64,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let before = self.limit_cache(kib)?;
        let result = work();
        self.set_cache_size(before)?;
        result
    }

    /// Lets pages take so much memory at most, and says what they took before.
    ///
    /// # Errors
    /// [`StoreError`] where SQLite refuses.
    pub fn limit_cache(&self, kib: i64) -> Result<i64, StoreError> {
        let before = self.cache_size()?;
        self.set_cache_size(before.max(-kib))?;
        Ok(before)
    }

    /// Says how much memory pages may take, as [`Store::cache_size`] does.
    ///
    /// # Errors
    /// [`StoreError`] where SQLite refuses.
    pub fn set_cache_size(&self, size: i64) -> Result<(), StoreError> {
        Ok(self.conn.pragma_update(None, "cache_size", size)?)
    }

    /// Puts the damage that the sealed file noticed in the place of SQLite's general word for it.
    pub fn explain(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Sqlite(_) | StoreError::Corrupt(_) => match vfs::damage(&self.conn) {
                Some(damage) => StoreError::Vfs(VfsError::Damaged(damage)),
                None => error,
            },
            error => error,
        }
    }

    /// Moves all of the log into the file.
    ///
    /// # Errors
    /// [`StoreError`] where the disk fails; the data is then still safe in the log.
    pub fn fold_log(&self) -> Result<(), StoreError> {
        Ok(self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }

    /// Rewrites the database without unused pages, and folds the result in.
    ///
    /// # Errors
    /// [`StoreError`] where the disk fails or is full; nothing is changed then.
    pub fn compact(&self) -> Result<(), StoreError> {
        self.conn.execute_batch("VACUUM")?;
        self.fold_log()
    }

    /// Moves all of the log into the file and closes it.
    ///
    /// # Errors
    /// [`StoreError`] where the last checkpoint fails; the data is then still safe in the log.
    pub fn close(self) -> Result<(), StoreError> {
        self.conn.close().map_err(|(_, error)| StoreError::from(error))
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.conn.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
