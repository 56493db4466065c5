//! Recipients: to whom disclosures go.

use super::values::{moment, unreadable};
use super::{Store, StoreError};
use jiff::Timestamp;
use rusqlite::{Row, params};

/// A recipient's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientRow {
    /// Its number in this vault.
    pub id: i64,
    /// The owner's name for them.
    pub name: String,
    /// Their public key; none where a passcode is made each time.
    pub key: Option<String>,
    /// From which the vault's signing key for them is derived.
    pub key_salt: [u8; 32],
    /// When they were added.
    pub added_at: Timestamp,
    /// When they were removed, if they were.
    pub removed_at: Option<Timestamp>,
}

const SELECT: &str = "SELECT id, name, key, key_salt, added_at, removed_at FROM recipient";

impl Store {
    /// Adds a recipient.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where a recipient that was not removed has this name.
    pub fn add_recipient(
        &self,
        name: &str,
        key: Option<&str>,
        key_salt: &[u8; 32],
        now: Timestamp,
    ) -> Result<RecipientRow, StoreError> {
        let taken: bool = self
            .conn
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM recipient WHERE name_folded = ?1 AND removed_at IS NULL)",
            )?
            .query_row([name.to_lowercase()], |row| row.get(0))?;
        if taken {
            return Err(StoreError::Taken { what: format!("a recipient named \"{name}\"") });
        }
        self.conn
            .prepare_cached(
                "INSERT INTO recipient (name, name_folded, key, key_salt, added_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![name, name.to_lowercase(), key, key_salt, now.to_string()])?;
        self.recipient(self.conn.last_insert_rowid())?.ok_or_else(|| unreadable("recipient", name))
    }

    /// Marks a recipient as removed. The row stays, since disclosures and the log refer to it.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn remove_recipient(&self, id: i64, now: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE recipient SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL")?
            .execute(params![id, now.to_string()])?;
        Ok(())
    }

    /// The recipient with this id, removed or not.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn recipient(&self, id: i64) -> Result<Option<RecipientRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("{SELECT} WHERE id = ?1"))?;
        let mut rows = statement.query([id])?;
        rows.next()?.map(read_recipient).transpose()
    }

    /// Every recipient that was not removed, in order of name.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn recipients(&self) -> Result<Vec<RecipientRow>, StoreError> {
        let mut statement =
            self.conn.prepare_cached(&format!("{SELECT} WHERE removed_at IS NULL ORDER BY name_folded"))?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read_recipient(row)?);
        }
        Ok(found)
    }
}

fn read_recipient(row: &Row<'_>) -> Result<RecipientRow, StoreError> {
    let removed_at: Option<String> = row.get(5)?;
    Ok(RecipientRow {
        id: row.get(0)?,
        name: row.get(1)?,
        key: row.get(2)?,
        key_salt: row.get(3)?,
        added_at: moment(&row.get::<_, String>(4)?, "recipient.added_at")?,
        removed_at: removed_at.map(|text| moment(&text, "recipient.removed_at")).transpose()?,
    })
}
