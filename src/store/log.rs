//! The rows of the signed log. Their hashes and signatures are made and checked elsewhere.

use super::{Store, StoreError};
use rusqlite::{Row, params};

/// One entry, exactly as it was hashed and signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// Position, from 1.
    pub seq: i64,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// What happened, in one word.
    pub kind: String,
    /// JSON, exactly as it was hashed.
    pub body: String,
    /// The hash of the entry before.
    pub prev_hash: [u8; 32],
    /// The hash of this entry.
    pub hash: [u8; 32],
    /// The signature over the hash.
    pub signature: [u8; 64],
}

const SELECT: &str = "SELECT seq, at_ms, kind, body, prev_hash, hash, signature FROM log_entry";

impl Store {
    /// Appends an entry.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written or the position is taken.
    pub fn append_log(&self, entry: &LogRow) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO log_entry (seq, at_ms, kind, body, prev_hash, hash, signature)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                entry.seq,
                entry.at_ms,
                entry.kind,
                entry.body,
                entry.prev_hash,
                entry.hash,
                entry.signature,
            ])?;
        Ok(())
    }

    /// The last entry, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn last_log_entry(&self) -> Result<Option<LogRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("{SELECT} ORDER BY seq DESC LIMIT 1"))?;
        let mut rows = statement.query([])?;
        rows.next()?.map(read_entry).transpose()
    }

    /// Every entry, in order.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn log_entries(&self) -> Result<Vec<LogRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("{SELECT} ORDER BY seq"))?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read_entry(row)?);
        }
        Ok(found)
    }
}

fn read_entry(row: &Row<'_>) -> Result<LogRow, StoreError> {
    Ok(LogRow {
        seq: row.get(0)?,
        at_ms: row.get(1)?,
        kind: row.get(2)?,
        body: row.get(3)?,
        prev_hash: row.get(4)?,
        hash: row.get(5)?,
        signature: row.get(6)?,
    })
}
