//! What was disclosed: one row for each sealed file that left.

use super::values::moment;
use super::{Store, StoreError};
use jiff::Timestamp;
use rusqlite::{Row, params};

/// A disclosure's row. What its token says is the business of `disclosure`; here it is text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosureRow {
    /// Its number in this vault; 0 before it is added.
    pub id: i64,
    /// The token's own id.
    pub jti: String,
    /// The recipient's number.
    pub recipient: i64,
    /// What it is for, in words.
    pub purpose: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Digest of the exact sealed bytes, lower-case hex.
    pub sha256: String,
    /// The signed token, exactly as it was sealed.
    pub token: String,
    /// Opens the token's commitment to the rows beneath it.
    pub root_salt: [u8; 32],
}

const SELECT: &str =
    "SELECT id, jti, recipient, purpose, issued_at, expires_at, sha256, token, root_salt FROM disclosure";

impl Store {
    /// Adds a disclosure and gives its number.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_disclosure(&self, row: &DisclosureRow) -> Result<i64, StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO disclosure (jti, recipient, purpose, issued_at, expires_at, sha256, token, root_salt)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                row.jti,
                row.recipient,
                row.purpose,
                row.issued_at.to_string(),
                row.expires_at.to_string(),
                row.sha256,
                row.token,
                row.root_salt,
            ])?;
        Ok(self.conn.last_insert_rowid())
    }

    /// Every disclosure, in order of issue.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn disclosures(&self) -> Result<Vec<DisclosureRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("{SELECT} ORDER BY id"))?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read_disclosure(row)?);
        }
        Ok(found)
    }

    /// The disclosure with this number.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn disclosure(&self, id: i64) -> Result<Option<DisclosureRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("{SELECT} WHERE id = ?1"))?;
        let mut rows = statement.query([id])?;
        rows.next()?.map(read_disclosure).transpose()
    }
}

fn read_disclosure(row: &Row<'_>) -> Result<DisclosureRow, StoreError> {
    Ok(DisclosureRow {
        id: row.get(0)?,
        jti: row.get(1)?,
        recipient: row.get(2)?,
        purpose: row.get(3)?,
        issued_at: moment(&row.get::<_, String>(4)?, "disclosure.issued_at")?,
        expires_at: moment(&row.get::<_, String>(5)?, "disclosure.expires_at")?,
        sha256: row.get(6)?,
        token: row.get(7)?,
        root_salt: row.get(8)?,
    })
}
