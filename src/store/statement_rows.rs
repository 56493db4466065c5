//! What became of each row of a statement, in how many writings sources brought a row, and which rows the owner deleted.
//!
//! A row that is new names its import, and rows that are known to the letter are two sets of numbers per import, so
//! that a million rows cost next to nothing. Only what was neither has a row in `statement_row`.

use super::values::{day, unreadable, word};
use super::{Store, StoreError};
use crate::ledger::matching::{Existing, Known, Source, Sources, Subject, Writing};
use crate::ledger::{
    AccountId, BatchId, DeletedId, Fingerprint, NewTransaction, RowSet, Transaction, TransactionId,
    TransactionStatus,
};
use crate::money::{Currency, Money};
use jiff::civil::Date;
use rusqlite::{OptionalExtension, Row, params};
use std::collections::HashMap;

/// What became of a row of a statement that was neither simply new nor simply known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It is a transaction that the account had in another writing.
    Merged,
    /// It booked a pending transaction.
    Booked,
    /// What a transaction said while it was pending, before this import booked it.
    WasPending,
    /// It was left out, since the owner had deleted it.
    Deleted,
    /// It was added, though it may be a transaction that the account had.
    Doubtful,
}

impl Outcome {
    /// The word that the vault uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Merged => "merged",
            Self::Booked => "booked",
            Self::WasPending => "was-pending",
            Self::Deleted => "deleted",
            Self::Doubtful => "doubtful",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        [Self::Merged, Self::Booked, Self::WasPending, Self::Deleted, Self::Doubtful]
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or_else(|| unreadable("statement_row.outcome", text))
    }
}

/// A row of a statement, what became of it and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRowRecord {
    /// The import.
    pub batch: BatchId,
    /// The account.
    pub account: AccountId,
    /// Line in the file, from 1.
    pub line: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// By what it was recognised, in words.
    pub why: String,
    /// The transaction that it is.
    pub movement: Option<TransactionId>,
    /// The transaction that it may be as well.
    pub other: Option<TransactionId>,
    /// The deleted row that it is.
    pub deleted: Option<DeletedId>,
    /// What it says; its bank id only where that may identify the row.
    pub row: NewTransaction,
    /// The fingerprint of that.
    pub fingerprint: Fingerprint,
}

/// Rows of an import that the account had already, to the letter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Known by the bank's id.
    pub by_id: RowSet,
    /// Known by day, amount and text.
    pub by_text: RowSet,
}

impl Seen {
    /// Both.
    pub fn all(&self) -> RowSet {
        self.by_id.union(&self.by_text)
    }
}

const COLUMNS: &str = "r.batch, r.account, r.line, r.outcome, r.why, r.movement, r.other, r.deleted, r.posted, r.amount_minor, \
                       r.payee, r.payee_raw, r.memo, r.reference, r.status, r.bank_id, r.fingerprint";

impl Store {
    /// What the account has around some days, as the sources wrote it, and what the owner deleted
    /// there, for telling new rows from known ones.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn known_rows(&self, account: AccountId, from: Date, to: Date) -> Result<Known, StoreError> {
        let mut known = Known { sources: self.sources(account)?, ..Known::default() };
        let days = params![account.0, from.to_string(), to.to_string()];
        // Two questions rather than one with an "or": SQLite would hold the numbers of all rows to tell which it gave.
        for which in [
            "posted BETWEEN ?2 AND ?3",
            "source_posted IS NOT NULL AND source_posted BETWEEN ?2 AND ?3 AND posted NOT BETWEEN ?2 AND ?3",
        ] {
            let mut statement = self.conn.prepare_cached(&format!(
                "SELECT id, fingerprint, bank_id, coalesce(source_posted, posted),
                        coalesce(source_amount_minor, amount_minor), status, batch
                 FROM movement WHERE account = ?1 AND {which}"
            ))?;
            let mut rows = statement.query(days)?;
            while let Some(row) = rows.next()? {
                known.rows.push(&read_existing(row)?);
            }
        }
        let mut deleted = self.conn.prepare_cached(
            "SELECT id, fingerprint, bank_id, posted, amount_minor, 'posted', batch FROM movement_deleted
             WHERE account = ?1 AND posted BETWEEN ?2 AND ?3 AND restored_by IS NULL",
        )?;
        let mut rows = deleted.query(days)?;
        while let Some(row) = rows.next()? {
            let existing = read_existing(row)?;
            let Subject::Row(TransactionId(id)) = existing.subject else { continue };
            known.rows.push(&Existing { subject: Subject::Deleted(DeletedId(id)), ..existing });
        }
        // Sorted here: SQLite would hold all of them once more to do it.
        known.rows.sort();
        self.add_writings(account, from, to, &mut known)?;
        Ok(known)
    }

    /// The fingerprint of a row, as its source wrote it.
    ///
    /// # Errors
    /// [`StoreError`] where there is no such row, or the vault cannot be read.
    pub fn fingerprint_of(&self, id: TransactionId) -> Result<Fingerprint, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT fingerprint FROM movement WHERE id = ?1")?;
        Ok(statement.query_row([id.0], |row| row.get(0).map(Fingerprint))?)
    }

    /// The other writings of known rows. One whose row is known on days far off is left out.
    fn add_writings(
        &self,
        account: AccountId,
        from: Date,
        to: Date,
        known: &mut Known,
    ) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT movement, deleted, fingerprint, bank_id, posted, amount_minor, status, batch FROM statement_row
             WHERE account = ?1 AND posted BETWEEN ?2 AND ?3 AND outcome IN ('merged', 'was-pending')
                 AND (movement IS NOT NULL OR deleted IS NOT NULL)
             ORDER BY id",
        )?;
        let mut rows = statement.query(params![account.0, from.to_string(), to.to_string()])?;
        while let Some(row) = rows.next()? {
            let subject = match (row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?) {
                (Some(id), _) => Subject::Row(TransactionId(id)),
                (None, deleted) => Subject::Deleted(DeletedId(deleted.unwrap_or_default())),
            };
            let Some(of) = known.rows.find(subject) else { continue };
            known.writings.push(Writing {
                of,
                fingerprint: Fingerprint(row.get(2)?).head(),
                bank_id: row.get(3)?,
                posted: day(&row.get::<_, String>(4)?, "statement_row.posted")?,
                amount_minor: row.get(5)?,
                status: word(&row.get::<_, String>(6)?, "statement_row.status")?,
                batch: BatchId(row.get(7)?),
            });
        }
        Ok(())
    }

    /// The imports of an account that were not taken back: of which format, and of which days they speak.
    fn sources(&self, account: AccountId) -> Result<Sources, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT b.id, b.format, p.first_day, p.last_day FROM statement_period p JOIN batch b ON b.id = p.batch
             WHERE p.account = ?1 ORDER BY b.id",
        )?;
        let mut rows = statement.query([account.0])?;
        let mut found: Vec<(BatchId, Source)> = Vec::new();
        while let Some(row) = rows.next()? {
            let batch = BatchId(row.get(0)?);
            let first = day(&row.get::<_, String>(2)?, "statement_period.first_day")?;
            let last = day(&row.get::<_, String>(3)?, "statement_period.last_day")?;
            match found.last_mut().filter(|(known, _)| *known == batch) {
                Some((_, source)) => source.periods.push((first, last)),
                None => found.push((batch, Source { format: row.get(1)?, periods: vec![(first, last)] })),
            }
        }
        Ok(Sources::new(found))
    }

    /// What the owner and the sources wrote about these rows, payee, memo and what the bank wrote as payee.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn texts_of(&self, subjects: &[Subject]) -> Result<HashMap<Subject, String>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT payee || ' ' || coalesce(payee_raw, '') || ' ' || coalesce(memo, '') FROM movement WHERE id = ?1",
        )?;
        let mut deleted = self.conn.prepare_cached("SELECT payee FROM movement_deleted WHERE id = ?1")?;
        let mut found = HashMap::with_capacity(subjects.len());
        for subject in subjects {
            let text: Option<String> = match subject {
                Subject::Row(id) => rows.query_row([id.0], |row| row.get(0)).optional()?,
                Subject::Deleted(id) => deleted.query_row([id.0], |row| row.get(0)).optional()?,
            };
            found.extend(text.map(|text| (*subject, text)));
        }
        Ok(found)
    }

    /// Keeps what became of a row of a statement.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_statement_row(&self, record: &StatementRowRecord) -> Result<(), StoreError> {
        let row = &record.row;
        self.conn
            .prepare_cached(
                "INSERT INTO statement_row (batch, account, line, outcome, why, movement, other, deleted, posted,
                     amount_minor, payee, payee_raw, memo, reference, status, bank_id, fingerprint)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
            )?
            .execute(params![
                record.batch.0,
                record.account.0,
                record.line,
                record.outcome.as_str(),
                record.why,
                record.movement.map(|id| id.0),
                record.other.map(|id| id.0),
                record.deleted.map(|id| id.0),
                row.posted.to_string(),
                row.amount.minor(),
                row.payee,
                (row.payee_raw != row.payee).then_some(&row.payee_raw),
                row.memo,
                row.reference,
                row.status.as_str(),
                row.bank_id,
                record.fingerprint.0,
            ])?;
        Ok(())
    }

    /// The rows of an import that have a record, in order of entry; with what pending rows said before.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn statement_row_records(&self, batch: BatchId) -> Result<Vec<StatementRowRecord>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {COLUMNS}, a.currency, a.digits FROM statement_row r JOIN account a ON a.id = r.account
             WHERE r.batch = ?1 ORDER BY r.id"
        ))?;
        let mut rows = statement.query([batch.0])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read_record(row)?);
        }
        Ok(found)
    }

    /// Adds to what an import showed of rows that the account had already.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_seen(&self, batch: BatchId, account: AccountId, seen: &Seen) -> Result<(), StoreError> {
        if seen.by_id.is_empty() && seen.by_text.is_empty() {
            return Ok(());
        }
        let before = self.seen_of(batch)?.into_iter().find(|(known, _)| *known == account);
        let before = before.map(|(_, seen)| seen).unwrap_or_default();
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO batch_seen (batch, account, by_id, by_text) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                batch.0,
                account.0,
                before.by_id.union(&seen.by_id).to_bytes(),
                before.by_text.union(&seen.by_text).to_bytes(),
            ])?;
        Ok(())
    }

    /// What an import showed of rows that its accounts had already.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn seen_of(&self, batch: BatchId) -> Result<Vec<(AccountId, Seen)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT account, by_id, by_text FROM batch_seen WHERE batch = ?1 ORDER BY account",
        )?;
        let mut rows = statement.query([batch.0])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let seen =
                Seen { by_id: set(&row.get::<_, Vec<u8>>(1)?)?, by_text: set(&row.get::<_, Vec<u8>>(2)?)? };
            found.push((AccountId(row.get(0)?), seen));
        }
        Ok(found)
    }

    /// Every set of rows that imports showed again of an account, with the import.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn seen_in(&self, account: AccountId) -> Result<Vec<(BatchId, RowSet)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT batch, by_id, by_text FROM batch_seen WHERE account = ?1 ORDER BY batch",
        )?;
        let mut rows = statement.query([account.0])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let seen =
                Seen { by_id: set(&row.get::<_, Vec<u8>>(1)?)?, by_text: set(&row.get::<_, Vec<u8>>(2)?)? };
            found.push((BatchId(row.get(0)?), seen.all()));
        }
        Ok(found)
    }

    /// Removes a row that the owner deletes. One that a statement showed is remembered, so that it stays deleted;
    /// its number is never given again.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn delete_shown_movement(&self, transaction: &Transaction) -> Result<bool, StoreError> {
        let id = transaction.id;
        let written = self
            .conn
            .prepare_cached(
                "SELECT 1 FROM statement_row WHERE movement = ?1 AND outcome <> 'doubtful' LIMIT 1",
            )?
            .exists([id.0])?;
        let was_shown = transaction.batch.is_some()
            || written
            || self.seen_in(transaction.account)?.iter().any(|(_, seen)| seen.contains(id.0));
        if was_shown {
            self.conn
                .prepare_cached(
                    "INSERT INTO movement_deleted (account, movement, batch, posted, amount_minor, payee, bank_id, fingerprint)
                     SELECT account, id, batch, coalesce(source_posted, posted), coalesce(source_amount_minor, amount_minor),
                            payee, bank_id, fingerprint FROM movement WHERE id = ?1",
                )?
                .execute([id.0])?;
            let deleted = self.conn.last_insert_rowid();
            self.conn
                .prepare_cached("UPDATE statement_row SET movement = NULL, deleted = ?2 WHERE movement = ?1 AND outcome <> 'doubtful'")?
                .execute([id.0, deleted])?;
            self.conn.prepare_cached("UPDATE row_number SET floor = ?1 WHERE floor < ?1")?.execute([id.0])?;
        }
        self.delete_movement(id)?;
        Ok(was_shown)
    }

    /// Notes that an import brought a deleted row back.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn restore_deleted(&self, id: DeletedId, batch: BatchId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE movement_deleted SET restored_by = ?2 WHERE id = ?1")?
            .execute([id.0, batch.0])?;
        Ok(())
    }

    /// The number that a deleted row had.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn number_of_deleted(&self, id: DeletedId) -> Result<Option<TransactionId>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT movement FROM movement_deleted WHERE id = ?1")?;
        Ok(statement.query_row([id.0], |row| row.get(0).map(TransactionId)).optional()?)
    }
}

fn read_existing<'row>(row: &'row Row<'_>) -> Result<Existing<'row>, StoreError> {
    Ok(Existing {
        subject: Subject::Row(TransactionId(row.get(0)?)),
        fingerprint: Fingerprint(row.get(1)?).head(),
        bank_id: row.get_ref(2)?.as_str_or_null().map_err(rusqlite::Error::from)?,
        posted: day(row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?, "movement.posted")?,
        amount_minor: row.get(4)?,
        status: word::<TransactionStatus>(
            row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?,
            "movement.status",
        )?,
        batch: row.get::<_, Option<i64>>(6)?.map(BatchId),
    })
}

fn read_record(row: &Row<'_>) -> Result<StatementRowRecord, StoreError> {
    let currency: Currency = super::values::currency(&row.get::<_, String>(17)?, row.get(18)?)?;
    let payee: String = row.get(10)?;
    Ok(StatementRowRecord {
        batch: BatchId(row.get(0)?),
        account: AccountId(row.get(1)?),
        line: row.get(2)?,
        outcome: Outcome::parse(&row.get::<_, String>(3)?)?,
        why: row.get(4)?,
        movement: row.get::<_, Option<i64>>(5)?.map(TransactionId),
        other: row.get::<_, Option<i64>>(6)?.map(TransactionId),
        deleted: row.get::<_, Option<i64>>(7)?.map(DeletedId),
        row: NewTransaction {
            posted: day(&row.get::<_, String>(8)?, "statement_row.posted")?,
            amount: Money::new(row.get(9)?, currency),
            payee_raw: row.get::<_, Option<String>>(11)?.unwrap_or_else(|| payee.clone()),
            payee,
            memo: row.get(12)?,
            reference: row.get(13)?,
            category: None,
            status: word(&row.get::<_, String>(14)?, "statement_row.status")?,
            bank_id: row.get(15)?,
        },
        fingerprint: Fingerprint(row.get(16)?),
    })
}

fn set(bytes: &[u8]) -> Result<RowSet, StoreError> {
    RowSet::from_bytes(bytes).map_err(|_| unreadable("batch_seen", "no set of rows"))
}
