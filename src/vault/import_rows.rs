//! What an import does with each row: adds it, knows it already, books what was pending, or leaves out what was deleted.

use super::VaultError;
use super::annotations::drop_outdated_split;
use super::import::ImportOptions;
use super::import_book;
use super::import_days::days_of;
use super::import_parts::add_parts;
use super::rules::ImportRules;
use super::transactions::transaction_by_id;
use crate::ledger::matching::{Decision, Matching, Reason, Subject, folded_text};
use crate::ledger::{
    Account, BatchId, Fingerprint, NewTransaction, RowSet, TransactionId, TransactionStatus,
};
use crate::money::{Money, Sum};
use crate::statement::packed::PackedStatement;
use crate::statement::{BookAccount, RowExtras, StatementRow, Warning};
use crate::store::Store;
use crate::store::batches::BatchAccount;
use crate::store::movements::NewMovements;
use crate::store::statement_rows::{Outcome, Seen, StatementRowRecord};
use jiff::civil::Date;
use std::collections::HashMap;

/// How many days around a statement are searched for rows that the account has already.
const SEARCH_DAYS: i32 = 15;

/// How much memory pages take while known rows are read, which are held beside: each page is read once, more or less.
const KNOWN_CACHE_KIB: i64 = 4 * 1024;

/// A row of a statement that was neither simply new nor simply known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowNote {
    /// Line in the file, from 1.
    pub line: u32,
    /// What became of it.
    pub outcome: RowOutcome,
    /// What the statement says.
    pub row: NewTransaction,
    /// By what it was recognised, in words.
    pub why: String,
}

/// What became of a row of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOutcome {
    /// It was new and is this transaction.
    Added(TransactionId),
    /// It is this transaction, by the bank's id or to the letter.
    Known(TransactionId),
    /// It is this transaction, which another source had written otherwise.
    Merged(TransactionId),
    /// It booked this transaction, which was pending.
    Booked(TransactionId),
    /// It was left out: the owner deleted the transaction that had this number.
    Deleted(TransactionId),
    /// It was added, as the first transaction, though it may be the second, where that is still there.
    Doubtful(TransactionId, Option<TransactionId>),
}

/// What was done with the rows of a statement, beside the counts.
pub(super) struct RowsDone {
    pub(super) older: Option<OlderRows>,
    pub(super) notes: Vec<RowNote>,
    /// Pending rows that the statement should show and does not.
    pub(super) left_pending: Vec<TransactionId>,
    /// The first day on which a booked row was added.
    pub(super) first_added: Option<Date>,
}

/// Booked rows that were added before the day of a derived opening balance.
pub(super) struct OlderRows {
    pub(super) first_day: Date,
    pub(super) sum: Money,
}

/// One statement on its way into one account.
pub(super) struct RowWriter<'a> {
    pub(super) store: &'a Store,
    pub(super) account: &'a Account,
    pub(super) batch: BatchId,
    pub(super) format: &'a str,
    pub(super) options: &'a ImportOptions,
    pub(super) did: &'a mut BatchAccount,
    pub(super) warnings: &'a mut Vec<Warning>,
    /// The number of the next new row, once one was added.
    pub(super) next: Option<TransactionId>,
    /// What adds rows, once one was added.
    pub(super) movements: Option<NewMovements<'a>>,
}

impl RowWriter<'_> {
    /// Writes a statement's rows.
    pub(super) fn write(
        mut self,
        statement: &PackedStatement,
        book: Option<&BookAccount>,
        on_row: &mut dyn FnMut(),
    ) -> Result<RowsDone, VaultError> {
        let mut done =
            RowsDone { older: None, notes: Vec::new(), left_pending: Vec::new(), first_added: None };
        let rows = &statement.rows;
        let days = rows.heads().map(|row| row.posted);
        let (Some(first), Some(last)) = (days.clone().min(), days.max()) else { return Ok(done) };
        let around = jiff::Span::new().days(SEARCH_DAYS);
        let (from, to) = (first.checked_sub(around), last.checked_add(around));
        let (from, to) = (from.unwrap_or(Date::MIN), to.unwrap_or(Date::MAX));
        let known =
            self.store.within_cache(KNOWN_CACHE_KIB, || self.store.known_rows(self.account.id, from, to))?;
        let mut matching = Matching::new(&known, rows, self.format);
        let texts = self.store.texts_of(&matching.compared())?;
        let texts: HashMap<Subject, Vec<String>> =
            texts.into_iter().map(|(subject, text)| (subject, folded_text(&text))).collect();
        matching.line_up(&texts, days_of(statement), self.options.similar);
        if let Some(days) = days_of(statement) {
            done.left_pending = matching.left_pending(days);
        }
        let mut seen = SeenIds::default();
        let rules = ImportRules::load(self.store)?;
        let mut older = Sum::new(self.account.currency);
        let mut older_first: Option<Date> = None;
        for (index, (read, decision)) in rows.iter().zip(matching.decisions()).enumerate() {
            let extras = book.and_then(|book| book.extras.get(index));
            let row = Row { read: &read, extras };
            let (added, note) = self.carry_out(&row, decision, &mut seen, &rules)?;
            let new = &read.transaction;
            if added && new.status != TransactionStatus::Pending {
                let day = new.posted;
                done.first_added = Some(done.first_added.map_or(day, |first| first.min(day)));
                if self.account.opening.is_some_and(|opening| day < opening.date) {
                    older.add(new.amount)?;
                    older_first = Some(older_first.map_or(day, |first| first.min(day)));
                }
            }
            done.notes.extend(note);
            on_row();
        }
        self.store.add_seen(self.batch, self.account.id, &seen.into_sets())?;
        if let Some(first_day) = older_first {
            done.older = Some(OlderRows { first_day, sum: older.total()? });
        }
        Ok(done)
    }

    /// Carries one decision out; gives whether a row was added, and what is to be told of it.
    fn carry_out(
        &mut self,
        row: &Row<'_>,
        decision: Decision,
        seen: &mut SeenIds,
        rules: &ImportRules,
    ) -> Result<(bool, Option<RowNote>), VaultError> {
        match decision {
            Decision::Add { trust_bank_id, doubt } => self.add(row, trust_bank_id, doubt, rules),
            Decision::Known { subject: Subject::Deleted(id), .. } if self.options.restore_deleted => {
                self.store.restore_deleted(id, self.batch)?;
                self.add(row, false, None, rules)
            }
            Decision::Known { subject: Subject::Deleted(id), reason, .. } => {
                self.did.duplicate += 1;
                let was = self.store.number_of_deleted(id)?.unwrap_or(TransactionId(0));
                let record = StatementRowRecord {
                    deleted: Some(id),
                    ..self.record(row, Outcome::Deleted, reason.to_string(), false)
                };
                self.store.add_statement_row(&record)?;
                Ok((false, Some(row.note(RowOutcome::Deleted(was), reason))))
            }
            Decision::Known { subject: Subject::Row(id), reason, trust_bank_id } => {
                self.did.duplicate += 1;
                let to_the_letter = !matches!(reason, Reason::Rule { .. });
                if to_the_letter && !trust_bank_id && row.said().status != TransactionStatus::Pending {
                    seen.push(reason, id);
                    return Ok((false, None));
                }
                let record = StatementRowRecord {
                    movement: Some(id),
                    ..self.record(row, Outcome::Merged, reason.to_string(), trust_bank_id)
                };
                self.store.add_statement_row(&record)?;
                let note = (!to_the_letter).then(|| row.note(RowOutcome::Merged(id), reason));
                Ok((false, note))
            }
            Decision::Book { id, reason, trust_bank_id } => {
                self.book(row, id, (reason, trust_bank_id), rules)?;
                Ok((false, Some(row.note(RowOutcome::Booked(id), reason))))
            }
        }
    }

    fn add(
        &mut self,
        row: &Row<'_>,
        trust_bank_id: bool,
        doubt: Option<(Subject, Reason)>,
        rules: &ImportRules,
    ) -> Result<(bool, Option<RowNote>), VaultError> {
        let (new, fingerprint) = (row.said(), row.fingerprint());
        let ruled = rules.applied(self.store, self.account.id, new, !row.read.parts.is_empty())?;
        let (account, batch) = (self.account.id, Some(self.batch));
        let id = match self.next {
            Some(id) => id,
            None => self.store.next_movement()?,
        };
        let movements = match &mut self.movements {
            Some(movements) => movements,
            None => self.movements.insert(self.store.new_movements()?),
        };
        movements.add(id, account, &ruled.row, fingerprint, trust_bank_id, batch)?;
        self.next = id.0.checked_add(1).map(TransactionId);
        ruled.note(self.store, id, false)?;
        if self.format == "csv" {
            ruled.note_given(self.store, id)?;
        }
        add_parts(self.store, id, row.read)?;
        if let Some(extras) = row.extras {
            import_book::annotate(self.store, id, extras)?;
        }
        self.did.added += 1;
        let Some((subject, reason)) = doubt else { return Ok((true, None)) };
        let other = match subject {
            Subject::Row(other) => Some(other),
            Subject::Deleted(_) => None,
        };
        let record = StatementRowRecord {
            movement: Some(id),
            other,
            ..self.record(row, Outcome::Doubtful, reason.to_string(), false)
        };
        self.store.add_statement_row(&record)?;
        Ok((true, Some(row.note(RowOutcome::Doubtful(id, other), reason))))
    }

    fn book(
        &mut self,
        row: &Row<'_>,
        id: TransactionId,
        (reason, trust_bank_id): (Reason, bool),
        rules: &ImportRules,
    ) -> Result<(), VaultError> {
        let new = row.said();
        if drop_outdated_split(self.store, id, new.amount)? {
            let text = format!(
                "the bank booked transaction {} with another amount, which its parts do not add up to: \
                 it is no longer split",
                id.0
            );
            self.warnings.push(Warning { line: row.read.line, text });
        }
        let before = transaction_by_id(self.store, id)?;
        let fingerprint = self.store.fingerprint_of(id)?;
        let was = StatementRowRecord {
            movement: Some(id),
            row: before.detail,
            fingerprint,
            ..self.record(row, Outcome::WasPending, reason.to_string(), false)
        };
        self.store.add_statement_row(&was)?;
        let ruled = rules.applied(self.store, self.account.id, new, !row.read.parts.is_empty())?;
        self.store.book_movement(id, &ruled.row, row.fingerprint(), trust_bank_id)?;
        ruled.note(self.store, id, true)?;
        let booked = StatementRowRecord {
            movement: Some(id),
            ..self.record(row, Outcome::Booked, reason.to_string(), trust_bank_id)
        };
        self.store.add_statement_row(&booked)?;
        self.did.updated += 1;
        Ok(())
    }

    fn record(
        &self,
        row: &Row<'_>,
        outcome: Outcome,
        why: String,
        trust_bank_id: bool,
    ) -> StatementRowRecord {
        let bank_id = row.said().bank_id.clone().filter(|_| trust_bank_id);
        StatementRowRecord {
            batch: self.batch,
            account: self.account.id,
            line: row.read.line,
            outcome,
            why,
            movement: None,
            other: None,
            deleted: None,
            row: NewTransaction { bank_id, ..row.said().clone() },
            fingerprint: row.fingerprint(),
        }
    }
}

/// A row as the reader gave it, and what a book says beside it.
struct Row<'a> {
    read: &'a StatementRow,
    extras: Option<&'a RowExtras>,
}

impl Row<'_> {
    fn said(&self) -> &NewTransaction {
        &self.read.transaction
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.said())
    }

    fn note(&self, outcome: RowOutcome, reason: Reason) -> RowNote {
        RowNote { line: self.read.line, outcome, row: self.said().clone(), why: reason.to_string() }
    }
}

/// Rows that a statement shows to the letter.
#[derive(Default)]
struct SeenIds {
    by_id: Runs,
    by_text: Runs,
}

impl SeenIds {
    fn push(&mut self, reason: Reason, id: TransactionId) {
        match reason {
            Reason::BankId => self.by_id.push(id.0),
            _ => self.by_text.push(id.0),
        }
    }

    fn into_sets(self) -> Seen {
        Seen { by_id: RowSet::from_runs(self.by_id.0), by_text: RowSet::from_runs(self.by_text.0) }
    }
}

/// Numbers as first and last of runs: a statement shows rows in the order in which it brought them, or just the other way.
#[derive(Default)]
struct Runs(Vec<(i64, i64)>);

impl Runs {
    fn push(&mut self, id: i64) {
        match self.0.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(id) => *last = id,
            Some((first, _)) if id.checked_add(1) == Some(*first) => *first = id,
            _ => self.0.push((id, id)),
        }
    }
}
