//! Taking an import back exactly: what other imports show too is theirs from then on, what it booked is pending again.

use super::statement_rows::{Outcome, StatementRowRecord};
use super::{Store, StoreError};
use crate::ledger::{AccountId, BatchId, RowSet, TransactionId};
use jiff::civil::Date;
use rusqlite::{Row, params};

/// Rows of an import that is taken back which another one shows too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOver {
    /// Their account.
    pub account: AccountId,
    /// The import they are of now.
    pub to: BatchId,
    /// The rows.
    pub rows: RowSet,
}

/// What the owner, or a disclosure, rests on among the rows that taking an import back removes or changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UndoConflicts {
    /// Rows whose day, amount or words were changed.
    pub edited: Vec<TransactionId>,
    /// Rows that were reconciled.
    pub reconciled: Vec<TransactionId>,
    /// Rows with a category, parts or tags.
    pub categorised: Vec<TransactionId>,
    /// Rows with attachments.
    pub attached: Vec<TransactionId>,
    /// Rows that are a side of a linked transfer.
    pub transferred: Vec<TransactionId>,
    /// Rows beneath something that was disclosed.
    pub disclosed: Vec<TransactionId>,
}

impl UndoConflicts {
    /// Each sort, with what it is called.
    pub fn sorts(&self) -> [(&'static str, &[TransactionId]); 6] {
        [
            ("edited", &self.edited),
            ("reconciled", &self.reconciled),
            ("categorised, split or tagged", &self.categorised),
            ("with files attached", &self.attached),
            ("linked as transfers", &self.transferred),
            ("beneath something that you disclosed", &self.disclosed),
        ]
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sorts().iter().all(|(_, rows)| rows.is_empty())
    }
}

/// The rows that an import brought or booked, for rows called `m`.
const TOUCHED: &str =
    "(m.batch = ?1 OR m.id IN (SELECT movement FROM statement_row WHERE batch = ?1 AND outcome = 'booked'))";

impl Store {
    /// What taking an import back would take with it.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn undo_conflicts(&self, batch: BatchId) -> Result<UndoConflicts, StoreError> {
        let ids = |condition: &str| -> Result<Vec<TransactionId>, StoreError> {
            let sql = format!("SELECT m.id FROM movement m WHERE {TOUCHED} AND ({condition}) ORDER BY m.id");
            let mut statement = self.conn.prepare_cached(&sql)?;
            let found = statement.query_map([batch.0], |row| row.get(0).map(TransactionId))?;
            Ok(found.collect::<Result<_, _>>()?)
        };
        Ok(UndoConflicts {
            edited: ids("m.edited = 1")?,
            reconciled: ids("m.status = 'reconciled'")?,
            // Formats that name categories bring them with the row: nothing tells those from the owner's, but for CSV,
            // of which it is remembered. What rules set is nobody's choice.
            categorised: ids("((m.category IS NOT NULL
                   AND NOT EXISTS (SELECT 1 FROM movement_rule r
                                   WHERE r.movement = m.id AND m.category IN (r.category, r.given)))
                  OR EXISTS (SELECT 1 FROM split s WHERE s.movement = m.id)
                  OR EXISTS (SELECT 1 FROM movement_tag t WHERE t.movement = m.id))
                 AND (SELECT format FROM batch WHERE id = ?1)
                     NOT IN ('qif', 'jsonl', 'finvault-csv', 'ledger', 'beancount', 'gnucash')")?,
            attached: ids("EXISTS (SELECT 1 FROM attachment_link l WHERE l.movement = m.id)")?,
            transferred: ids(&format!("m.id IN ({})", super::movements::LINKED))?,
            disclosed: {
                let disclosed = self.rows_disclosed()?;
                let mut touched = ids("1")?;
                touched.retain(|id| disclosed.contains(id.0));
                touched
            },
        })
    }

    /// Every row that is or was beneath something disclosed.
    fn rows_disclosed(&self) -> Result<RowSet, StoreError> {
        let sets = self.aggregates()?;
        Ok(sets.iter().fold(RowSet::new(), |all, set| all.union(&set.added)))
    }

    /// Gives rows of an import that others show too to those others: to one that booked it, or that shows it to the
    /// letter, else to one that shows it in another writing, which becomes the row's own.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn hand_over(&self, batch: BatchId, account: AccountId) -> Result<Vec<HandedOver>, StoreError> {
        self.hand_over_deleted(batch, account)?;
        let mut handed: Vec<HandedOver> = Vec::new();
        let mut left = self.rows_of_batch(batch, account)?;
        let others = self.writings_elsewhere(batch, account)?;
        for record in others.iter().filter(|record| record.outcome == Outcome::Booked) {
            let Some(id) = record.movement.filter(|id| left.contains(id.0)) else { continue };
            self.own_runs(&RowSet::from_ids([id.0]), batch, record.batch)?;
            self.drop_records(id, record.batch)?;
            left = left.difference(&RowSet::from_ids([id.0]));
            handed.push(HandedOver { account, to: record.batch, rows: RowSet::from_ids([id.0]) });
        }
        for (to, seen) in self.seen_in(account)?.into_iter().filter(|(other, _)| *other != batch) {
            let rows = left.intersection(&seen);
            if !rows.is_empty() {
                self.own_runs(&rows, batch, to)?;
                left = left.difference(&rows);
                handed.push(HandedOver { account, to, rows });
            }
        }
        for record in others.iter().filter(|record| record.outcome == Outcome::Merged) {
            let Some(id) = record.movement.filter(|id| left.contains(id.0)) else { continue };
            self.rewrite(id, record)?;
            self.own_runs(&RowSet::from_ids([id.0]), batch, record.batch)?;
            self.drop_records(id, record.batch)?;
            left = left.difference(&RowSet::from_ids([id.0]));
            handed.push(HandedOver { account, to: record.batch, rows: RowSet::from_ids([id.0]) });
        }
        Ok(handed)
    }

    /// What the owner deleted of an import's rows stays deleted where another import shows it too.
    fn hand_over_deleted(&self, batch: BatchId, account: AccountId) -> Result<(), StoreError> {
        let seen = self.seen_in(account)?;
        let mut statement = self.conn.prepare_cached(
            "SELECT d.id, d.movement, (SELECT min(r.batch) FROM statement_row r WHERE r.deleted = d.id AND r.batch <> ?1)
             FROM movement_deleted d WHERE d.batch = ?1 AND d.account = ?2",
        )?;
        let mut rows = statement.query([batch.0, account.0])?;
        let mut heirs: Vec<(i64, i64)> = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, movement, shown): (i64, i64, Option<i64>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let shows = |(other, seen): &&(BatchId, RowSet)| *other != batch && seen.contains(movement);
            let to = shown.or_else(|| seen.iter().find(shows).map(|(other, _)| other.0));
            heirs.extend(to.map(|to| (id, to)));
        }
        let mut update = self.conn.prepare_cached("UPDATE movement_deleted SET batch = ?2 WHERE id = ?1")?;
        for (id, to) in heirs {
            update.execute([id, to])?;
        }
        Ok(())
    }

    /// Makes rows pending again that an import booked, as they were before; gives those. A row that a later import shows
    /// as well stays booked, as that one's work.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn unbook(&self, batch: BatchId, account: AccountId) -> Result<Vec<TransactionId>, StoreError> {
        let records = self.statement_row_records(batch)?;
        let later: Vec<(BatchId, RowSet)> =
            self.seen_in(account)?.into_iter().filter(|(other, _)| *other > batch).collect();
        let mut unbooked = Vec::new();
        let before = records.iter().filter(|r| r.outcome == Outcome::WasPending && r.account == account);
        for record in before {
            let Some(id) = record.movement else { continue };
            if let Some((other, _)) = later.iter().find(|(_, seen)| seen.contains(id.0)) {
                self.conn
                    .prepare_cached(
                        "UPDATE statement_row SET batch = ?3 WHERE batch = ?1 AND movement = ?2
                             AND outcome IN ('booked', 'was-pending')",
                    )?
                    .execute([batch.0, id.0, other.0])?;
                continue;
            }
            self.rewrite(id, record)?;
            unbooked.push(id);
        }
        Ok(unbooked)
    }

    /// The sum of what sources wrote for booked rows of a set before a day, and the first of their days.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn source_sum(&self, rows: &RowSet, before: Date) -> Result<(i128, Option<Date>), StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT coalesce(sum(coalesce(source_amount_minor, amount_minor) >> 32), 0),
                    coalesce(sum(coalesce(source_amount_minor, amount_minor) & 0xffffffff), 0),
                    min(coalesce(source_posted, posted))
             FROM movement WHERE id BETWEEN ?1 AND ?2 AND coalesce(source_posted, posted) < ?3 AND status <> 'pending'",
        )?;
        let (mut sum, mut first) = (0_i128, None);
        for (from, to) in rows.runs() {
            let (high, low, day): (i64, i64, Option<String>) = statement
                .query_row(params![from, to, before.to_string()], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?;
            sum += (i128::from(high) << 32) + i128::from(low);
            let day = day.map(|text| super::values::day(&text, "movement.posted")).transpose()?;
            first = [first, day].into_iter().flatten().min();
        }
        Ok((sum, first))
    }

    /// Makes an import the one that an account is owed to, in place of one that is taken back: where it would be taken
    /// back as well, account and opening balance go with it.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn inherit_account(
        &self,
        from: BatchId,
        to: BatchId,
        account: AccountId,
        opening: bool,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE account SET created_by = ?2 WHERE id = ?3 AND created_by = ?1")?
            .execute([from.0, to.0, account.0])?;
        self.conn
            .prepare_cached(
                "UPDATE batch_account SET opening_set = max(opening_set, ?3) WHERE batch = ?1 AND account = ?2",
            )?
            .execute(params![to.0, account.0, opening])?;
        Ok(())
    }

    /// Makes an import the one whose older rows moved an opening balance, in place of one that is taken back.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn inherit_opening_shift(
        &self,
        to: BatchId,
        account: AccountId,
        shift_minor: i64,
        before: Date,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE batch_account SET opening_shift_minor = opening_shift_minor + ?3,
                     opening_date_before = coalesce(opening_date_before, ?4) WHERE batch = ?1 AND account = ?2",
            )?
            .execute(params![to.0, account.0, shift_minor, before.to_string()])?;
        Ok(())
    }

    /// Those of a set that are booked, and of a day before this one.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn booked_of(&self, rows: &RowSet, before: Date) -> Result<RowSet, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id FROM movement WHERE id BETWEEN ?1 AND ?2 AND coalesce(source_posted, posted) < ?3 AND status <> 'pending'",
        )?;
        let mut found: Vec<i64> = Vec::new();
        for (from, to) in rows.runs() {
            let ids = statement.query_map(params![from, to, before.to_string()], |row| row.get(0))?;
            found.extend(ids.collect::<Result<Vec<i64>, _>>()?);
        }
        Ok(RowSet::from_ids(found))
    }

    /// Removes what was kept of an import's rows; rows that it had brought back are deleted again.
    pub(super) fn forget_statement_rows(&self, batch: BatchId) -> Result<(), StoreError> {
        for sql in [
            "DELETE FROM statement_row WHERE batch = ?1",
            "DELETE FROM batch_seen WHERE batch = ?1",
            "DELETE FROM movement_deleted WHERE batch = ?1",
            "UPDATE movement_deleted SET restored_by = NULL WHERE restored_by = ?1",
        ] {
            self.conn.prepare_cached(sql)?.execute([batch.0])?;
        }
        self.conn.execute(
            "UPDATE statement_row SET other = NULL WHERE other IS NOT NULL AND other NOT IN (SELECT id FROM movement)",
            [],
        )?;
        Ok(())
    }

    fn rows_of_batch(&self, batch: BatchId, account: AccountId) -> Result<RowSet, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT id FROM movement WHERE batch = ?1 AND account = ?2 ORDER BY id")?;
        let ids = statement.query_map([batch.0, account.0], |row: &Row<'_>| row.get(0))?;
        Ok(RowSet::from_sorted(ids.collect::<Result<Vec<i64>, _>>()?))
    }

    /// Other imports' writings of rows of this one.
    fn writings_elsewhere(
        &self,
        batch: BatchId,
        account: AccountId,
    ) -> Result<Vec<StatementRowRecord>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT DISTINCT r.batch FROM statement_row r JOIN movement m ON m.id = r.movement
             WHERE r.account = ?2 AND m.batch = ?1 AND r.batch <> ?1 ORDER BY r.batch",
        )?;
        let batches = statement.query_map([batch.0, account.0], |row| row.get(0).map(BatchId))?;
        let mut found = Vec::new();
        for other in batches.collect::<Result<Vec<_>, _>>()? {
            found.extend(self.statement_row_records(other)?);
        }
        Ok(found)
    }

    fn own_runs(&self, rows: &RowSet, from: BatchId, to: BatchId) -> Result<(), StoreError> {
        let mut update = self
            .conn
            .prepare_cached("UPDATE movement SET batch = ?4 WHERE id BETWEEN ?1 AND ?2 AND batch = ?3")?;
        for (first, last) in rows.runs() {
            update.execute([*first, *last, from.0, to.0])?;
        }
        Ok(())
    }

    fn drop_records(&self, id: TransactionId, batch: BatchId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "DELETE FROM statement_row WHERE movement = ?1 AND batch = ?2 AND outcome <> 'doubtful'",
            )?
            .execute([id.0, batch.0])?;
        Ok(())
    }

    /// Puts a writing in the place of what a row says; the owner's category stays, and so does what they changed
    /// unless the row becomes pending again.
    fn rewrite(&self, id: TransactionId, record: &StatementRowRecord) -> Result<(), StoreError> {
        let row = &record.row;
        let guard = if record.outcome == Outcome::WasPending { "" } else { "AND edited IS NULL" };
        let sql = format!(
            "UPDATE movement SET posted = ?2, amount_minor = ?3, payee = ?4, payee_raw = ?5, memo = ?6, reference = ?7,
                 status = CASE WHEN ?8 = 'pending' OR status <> 'reconciled' THEN ?8 ELSE status END,
                 source_posted = NULL, source_amount_minor = NULL
             WHERE id = ?1 {guard}"
        );
        self.conn.prepare_cached(&sql)?.execute(params![
            id.0,
            row.posted.to_string(),
            row.amount.minor(),
            row.payee,
            (row.payee_raw != row.payee).then_some(&row.payee_raw),
            row.memo,
            row.reference,
            row.status.as_str(),
        ])?;
        self.conn
            .prepare_cached("UPDATE movement SET fingerprint = ?2, bank_id = ?3 WHERE id = ?1")?
            .execute(params![id.0, record.fingerprint.0, row.bank_id])?;
        // A name that rules gave and that is gone with this is no longer theirs.
        self.conn
            .prepare_cached(
                "UPDATE movement_rule SET payee = NULL
                 WHERE movement = ?1 AND payee IS NOT (SELECT payee FROM movement WHERE id = ?1)
                   AND (SELECT edited FROM movement WHERE id = ?1) IS NULL",
            )?
            .execute([id.0])?;
        Ok(())
    }
}
