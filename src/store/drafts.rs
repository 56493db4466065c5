//! Drafts that reviewers look at before anything is signed, and what they decided.

use super::values::{moment, unreadable};
use super::{Store, StoreError};
use jiff::Timestamp;
use rusqlite::{Row, params};
use zeroize::Zeroizing;

/// A draft's row. What it states is the business of `disclosure`; here it is text.
#[derive(Clone)]
pub struct DraftRow {
    /// Its number in this vault; 0 before it is added.
    pub id: i64,
    /// The disclosure's own id.
    pub jti: String,
    /// The recipient's number.
    pub recipient: i64,
    /// What it is for, in words.
    pub purpose: String,
    /// When it was made: the disclosure's time of issue.
    pub drafted_at: Timestamp,
    /// When the disclosure would expire.
    pub expires_at: Timestamp,
    /// The unsigned disclosure.
    pub unsigned: String,
    /// Opens the commitment to the rows beneath it.
    pub root_salt: [u8; 32],
    /// Its place in the recipient's status list.
    pub status_idx: u32,
    /// JSON of what was asked.
    pub request: String,
    /// JSON of the risk that was accepted.
    pub accepted_risk: Option<String>,
    /// The passcode under which it will be sealed.
    pub passcode: Option<Zeroizing<String>>,
    /// `open`, `sealed` or `dropped`.
    pub state: String,
    /// What it became.
    pub disclosure: Option<i64>,
}

/// One who was asked to look at a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftReviewerRow {
    /// Their number among the recipients.
    pub reviewer: i64,
    /// The ssh-ed25519 key under which they decide.
    pub key: String,
    /// `approved` or `declined`; none before they decided.
    pub decision: Option<String>,
    /// Their words to the owner.
    pub note: Option<String>,
    /// When they signed the decision.
    pub decided_at: Option<Timestamp>,
    /// The signed decision.
    pub approval: Option<String>,
    /// Their signed endorsement.
    pub endorsement: Option<String>,
}

const DRAFT: &str =
    "id, jti, recipient, purpose, drafted_at, expires_at, unsigned, root_salt, status_idx, request,
     accepted_risk, passcode, state, disclosure";

impl Store {
    /// Adds a draft and gives its number.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_draft(&self, row: &DraftRow) -> Result<i64, StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO draft (jti, recipient, purpose, drafted_at, expires_at, unsigned, root_salt, status_idx,
                     request, accepted_risk, passcode, state)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'open')",
            )?
            .execute(params![
                row.jti,
                row.recipient,
                row.purpose,
                row.drafted_at.to_string(),
                row.expires_at.to_string(),
                row.unsigned,
                row.root_salt,
                row.status_idx,
                row.request,
                row.accepted_risk,
                row.passcode.as_ref().map(|text| text.as_str()),
            ])?;
        Ok(self.conn.last_insert_rowid())
    }

    /// Every draft, in order of making.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn drafts(&self) -> Result<Vec<DraftRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("SELECT {DRAFT} FROM draft ORDER BY id"))?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read_draft(row)?);
        }
        Ok(found)
    }

    /// The draft with this number.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn draft(&self, id: i64) -> Result<Option<DraftRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("SELECT {DRAFT} FROM draft WHERE id = ?1"))?;
        let mut rows = statement.query([id])?;
        rows.next()?.map(read_draft).transpose()
    }

    /// Ends a draft: it became this disclosure, or was dropped. Its passcode is forgotten.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn end_draft(&self, id: i64, disclosure: Option<i64>) -> Result<(), StoreError> {
        let state = if disclosure.is_some() { "sealed" } else { "dropped" };
        self.conn
            .prepare_cached("UPDATE draft SET state = ?2, disclosure = ?3, passcode = NULL WHERE id = ?1")?
            .execute(params![id, state, disclosure])?;
        Ok(())
    }

    /// Writes who is asked to look at a draft, or what they decided.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn set_draft_reviewer(&self, draft: i64, row: &DraftReviewerRow) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO draft_reviewer
                     (draft, reviewer, key, decision, note, decided_at, approval, endorsement)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                draft,
                row.reviewer,
                row.key,
                row.decision,
                row.note,
                row.decided_at.map(|at| at.to_string()),
                row.approval,
                row.endorsement,
            ])?;
        Ok(())
    }

    /// Who was asked to look at a draft.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn draft_reviewers(&self, draft: i64) -> Result<Vec<DraftReviewerRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT reviewer, key, decision, note, decided_at, approval, endorsement FROM draft_reviewer
             WHERE draft = ?1 ORDER BY reviewer",
        )?;
        let mut rows = statement.query([draft])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let decided_at: Option<String> = row.get(4)?;
            found.push(DraftReviewerRow {
                reviewer: row.get(0)?,
                key: row.get(1)?,
                decision: row.get(2)?,
                note: row.get(3)?,
                decided_at: decided_at.map(|at| moment(&at, "draft_reviewer.decided_at")).transpose()?,
                approval: row.get(5)?,
                endorsement: row.get(6)?,
            });
        }
        Ok(found)
    }

    /// Whose approval the disclosures to a recipient need, by their numbers.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn needed_approvals(&self, recipient: i64) -> Result<Vec<i64>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT reviewer FROM recipient_approval WHERE recipient = ?1 ORDER BY 1")?;
        let rows = statement.query_map([recipient], |row| row.get(0))?;
        rows.map(|row| row.map_err(StoreError::from)).collect()
    }

    /// Sets that.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn set_needed_approvals(&self, recipient: i64, reviewers: &[i64]) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("DELETE FROM recipient_approval WHERE recipient = ?1")?
            .execute([recipient])?;
        let mut statement = self.conn.prepare_cached(
            "INSERT OR IGNORE INTO recipient_approval (recipient, reviewer) VALUES (?1, ?2)",
        )?;
        for reviewer in reviewers {
            statement.execute([recipient, *reviewer])?;
        }
        Ok(())
    }
}

fn read_draft(row: &Row<'_>) -> Result<DraftRow, StoreError> {
    let idx: i64 = row.get(8)?;
    Ok(DraftRow {
        id: row.get(0)?,
        jti: row.get(1)?,
        recipient: row.get(2)?,
        purpose: row.get(3)?,
        drafted_at: moment(&row.get::<_, String>(4)?, "draft.drafted_at")?,
        expires_at: moment(&row.get::<_, String>(5)?, "draft.expires_at")?,
        unsigned: row.get(6)?,
        root_salt: row.get(7)?,
        status_idx: u32::try_from(idx).map_err(|_| unreadable("draft.status_idx", &idx.to_string()))?,
        request: row.get(9)?,
        accepted_risk: row.get(10)?,
        passcode: row.get::<_, Option<String>>(11)?.map(Zeroizing::new),
        state: row.get(12)?,
        disclosure: row.get(13)?,
    })
}
