//! Attachments: contents in chunks, each kept once, and the links that say what they belong to.
//!
//! Removing a link removes its content where no other link has it; that is a trigger of the schema, so that
//! it holds for rows that a deleted transaction takes with it.

use super::values::{count, moment, unreadable};
use super::{Store, StoreError};
use crate::ledger::{
    AccountId, Attachment, AttachmentId, AttachmentTarget, BatchId, TransactionId, attachment::is_media_type,
};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

/// How many bytes of a file one chunk holds; the last one may be shorter.
pub const CHUNK_BYTES: usize = 256 * 1024;

/// A content's number inside one vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentId(pub i64);

const SELECT: &str =
    "SELECT l.id, l.name, l.media_type, l.movement, l.account, l.batch, l.added_at, c.length, c.sha256
                      FROM attachment_link l JOIN attachment c ON c.id = l.attachment";

impl Store {
    /// Begins a content whose digest is not known yet. What follows must end in [`Store::keep_content`] or
    /// [`Store::drop_content`], within the same transaction.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn begin_content(&self) -> Result<ContentId, StoreError> {
        // A savepoint, so that a content that proves to be known leaves no free pages behind.
        self.run("SAVEPOINT content")?;
        self.conn
            .prepare_cached("INSERT INTO attachment (sha256, length, chunks) VALUES ('', 0, 0)")?
            .execute([])?;
        Ok(ContentId(self.conn.last_insert_rowid()))
    }

    /// Adds the next chunk to a content.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_chunk(&self, content: ContentId, seq: u64, data: &[u8]) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("INSERT INTO attachment_chunk (attachment, seq, data) VALUES (?1, ?2, ?3)")?
            .execute(params![content.0, seq as i64, data])?;
        Ok(())
    }

    /// Ends a content that is new.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn keep_content(
        &self,
        content: ContentId,
        sha256: &str,
        length: u64,
        chunks: u64,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE attachment SET sha256 = ?2, length = ?3, chunks = ?4 WHERE id = ?1")?
            .execute(params![content.0, sha256, length as i64, chunks as i64])?;
        self.run("RELEASE content")
    }

    /// Ends a content that the vault has already: all since it began is taken back.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn drop_content(&self) -> Result<(), StoreError> {
        self.run("ROLLBACK TO content")?;
        self.run("RELEASE content")
    }

    /// The content with this digest.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn content_by_digest(&self, sha256: &str) -> Result<Option<ContentId>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT id FROM attachment WHERE sha256 = ?1")?;
        Ok(statement.query_row([sha256], |row| row.get(0).map(ContentId)).optional()?)
    }

    /// Attaches a content; where it is attached to just that already, that attachment is given and nothing
    /// changes.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn link_content(
        &self,
        content: ContentId,
        target: AttachmentTarget,
        name: &str,
        media_type: &str,
        now: Timestamp,
    ) -> Result<AttachmentId, StoreError> {
        let (movement, account, batch) = columns(Some(target));
        let known: Option<i64> = self
            .conn
            .prepare_cached(
                "SELECT id FROM attachment_link
                 WHERE attachment = ?1 AND movement IS ?2 AND account IS ?3 AND batch IS ?4",
            )?
            .query_row(params![content.0, movement, account, batch], |row| row.get(0))
            .optional()?;
        if let Some(known) = known {
            return Ok(AttachmentId(known));
        }
        self.conn
            .prepare_cached(
                "INSERT INTO attachment_link (attachment, name, media_type, movement, account, batch, added_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![content.0, name, media_type, movement, account, batch, now.to_string()])?;
        Ok(AttachmentId(self.conn.last_insert_rowid()))
    }

    /// The attachment with this number.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn attachment(&self, id: AttachmentId) -> Result<Option<Attachment>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("{SELECT} WHERE l.id = ?1"))?;
        let mut rows = statement.query([id.0])?;
        rows.next()?.map(read_attachment).transpose()
    }

    /// What is attached to one thing, or to anything, in order of number.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn attachments(&self, target: Option<AttachmentTarget>) -> Result<Vec<Attachment>, StoreError> {
        let (movement, account, batch) = columns(target);
        let mut statement = self.conn.prepare_cached(&format!(
            "{SELECT} WHERE ?1 IS NULL AND ?2 IS NULL AND ?3 IS NULL
                 OR l.movement = ?1 OR l.account = ?2 OR l.batch = ?3 ORDER BY l.id"
        ))?;
        let mut rows = statement.query(params![movement, account, batch])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read_attachment(row)?);
        }
        Ok(found)
    }

    /// Every attachment that has these bytes, in order of number.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn attachments_of_digest(&self, sha256: &str) -> Result<Vec<Attachment>, StoreError> {
        let mut statement =
            self.conn.prepare_cached(&format!("{SELECT} WHERE c.sha256 = ?1 ORDER BY l.id"))?;
        let mut rows = statement.query([sha256])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read_attachment(row)?);
        }
        Ok(found)
    }

    /// One chunk of an attachment's content, if it has so many.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn attachment_chunk(&self, id: AttachmentId, seq: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT data FROM attachment_chunk
             WHERE attachment = (SELECT attachment FROM attachment_link WHERE id = ?1) AND seq = ?2",
        )?;
        Ok(statement.query_row(params![id.0, seq as i64], |row| row.get(0)).optional()?)
    }

    /// Takes an attachment off what it belongs to; its content goes with the last one that has it.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn remove_attachment(&self, id: AttachmentId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM attachment_link WHERE id = ?1")?.execute([id.0])?;
        Ok(())
    }

    /// How many attachments there are, and how many contents.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn count_attachments(&self) -> Result<(u64, u64), StoreError> {
        let counted: (i64, i64) = self
            .conn
            .prepare_cached(
                "SELECT (SELECT count(*) FROM attachment_link), (SELECT count(*) FROM attachment)",
            )?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok((count(counted.0, "count")?, count(counted.1, "count")?))
    }
}

/// The three columns that say what a link belongs to.
fn columns(target: Option<AttachmentTarget>) -> (Option<i64>, Option<i64>, Option<i64>) {
    match target {
        Some(AttachmentTarget::Transaction(id)) => (Some(id.0), None, None),
        Some(AttachmentTarget::Account(id)) => (None, Some(id.0), None),
        Some(AttachmentTarget::Import(id)) => (None, None, Some(id.0)),
        None => (None, None, None),
    }
}

fn read_attachment(row: &Row<'_>) -> Result<Attachment, StoreError> {
    let id: i64 = row.get(0)?;
    let target = match (row.get(3)?, row.get(4)?, row.get(5)?) {
        (Some(movement), None, None) => AttachmentTarget::Transaction(TransactionId(movement)),
        (None, Some(account), None) => AttachmentTarget::Account(AccountId(account)),
        (None, None, Some(batch)) => AttachmentTarget::Import(BatchId(batch)),
        _ => return Err(unreadable("attachment_link", &id.to_string())),
    };
    let media_type: String = row.get(2)?;
    if !is_media_type(&media_type) {
        return Err(unreadable("attachment_link.media_type", &media_type));
    }
    Ok(Attachment {
        id: AttachmentId(id),
        target,
        name: row.get(1)?,
        media_type,
        length: count(row.get(7)?, "attachment.length")?,
        sha256: row.get(8)?,
        added: moment(&row.get::<_, String>(6)?, "attachment_link.added_at")?,
    })
}
