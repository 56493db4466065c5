//! What a database holds, as one digest: whatever is not the same content has another.

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

/// The digest of all content: schema, version, every row of every table, whatever order the rows lie in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Content([u8; 32]);

impl Content {
    /// What is told apart by something beside the database as well.
    pub(crate) fn with(self, other: &[u8]) -> Self {
        Self(Sha256::new().chain_update(self.0).chain_update(other).finalize().into())
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02x}{:02x}{:02x}{:02x}", self.0[0], self.0[1], self.0[2], self.0[3])
    }
}

/// Reads everything there is. An empty database has a content as well.
pub(crate) fn content(connection: &Connection) -> rusqlite::Result<Content> {
    let mut all = Sha256::new();
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    all.update(version.to_le_bytes());
    let mut schema = connection.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")?;
    let mut rows = schema.query([])?;
    let mut tables = Vec::new();
    while let Some(row) = rows.next()? {
        let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
        let sql: Option<String> = row.get(2)?;
        all.update(format!("{kind}\0{name}\0{sql:?}\0"));
        if kind == "table" && !name.starts_with("sqlite_") {
            tables.push(name);
        }
    }
    for table in tables {
        all.update(table_rows(connection, &table)?.concat());
        all.update([0; 32]);
    }
    Ok(Content(all.finalize().into()))
}

/// A digest for each row, sorted: VACUUM may number rows anew.
fn table_rows(connection: &Connection, table: &str) -> rusqlite::Result<Vec<[u8; 32]>> {
    let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\""))?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut digests = Vec::new();
    let mut bytes = Vec::new();
    while let Some(row) = rows.next()? {
        bytes.clear();
        for column in 0..columns {
            let value = row.get_ref(column)?;
            let (kind, value): (u8, &[u8]) = match value {
                ValueRef::Null => (0, &[]),
                ValueRef::Integer(number) => (1, &number.to_le_bytes()),
                ValueRef::Real(number) => (2, &number.to_le_bytes()),
                ValueRef::Text(text) => (3, text),
                ValueRef::Blob(blob) => (4, blob),
            };
            bytes.push(kind);
            bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
            bytes.extend_from_slice(value);
        }
        digests.push(Sha256::digest(&bytes).into());
    }
    digests.sort_unstable();
    Ok(digests)
}
