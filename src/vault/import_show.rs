//! One import, row by row: why each row of its file was added, taken as known, booked or left out.

use super::{Batch, RowNote, RowOutcome, TransactionQuery, Vault, VaultError};
use crate::ledger::{Account, BatchId, RowSet, Transaction, TransactionId};
use crate::store::Store;
use crate::store::statement_rows::{Outcome, Seen, StatementRowRecord};

/// An import, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownImport {
    /// The import.
    pub batch: Batch,
    /// What it did to each account.
    pub accounts: Vec<ShownAccount>,
}

/// What an import did to one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownAccount {
    /// The account.
    pub account: Account,
    /// Its rows: those that were added, in order of day; those that were known; those that rules placed.
    pub rows: Vec<ShownRow>,
    /// How many of its rows were deleted since, or changed hands when another import was taken back, so that they are
    /// not among `rows`.
    pub gone: u64,
}

/// A row of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRow {
    /// Line in the file, where it was kept: what is added or known to the letter has none.
    pub line: Option<u32>,
    /// What became of it, by what, and what it says (what the transaction says now, where no line was kept).
    pub note: RowNote,
}

impl Vault {
    /// One import, row by row. An import that was taken back has no rows.
    ///
    /// # Errors
    /// [`VaultError::NoSuchImport`] where there is none of that number.
    pub fn show_import(&self, id: BatchId) -> Result<ShownImport, VaultError> {
        self.read(|store| {
            let batch = store.batch(id)?.ok_or(VaultError::NoSuchImport(id))?;
            let records = store.statement_row_records(id)?;
            let seen = store.seen_of(id)?;
            let mut accounts = Vec::new();
            let touched = if batch.undone_at.is_none() { store.batch_accounts(id)? } else { Vec::new() };
            for did in touched {
                let Some(account) = store.account(did.account)? else { continue };
                let of_account = |record: &&StatementRowRecord| record.account == did.account;
                let records: Vec<&StatementRowRecord> = records.iter().filter(of_account).collect();
                let empty = Seen::default();
                let seen =
                    seen.iter().find(|(known, _)| *known == did.account).map_or(&empty, |(_, seen)| seen);
                let rows = shown_rows(store, id, &account, &records, seen)?;
                let stated = did.added + did.duplicate + did.updated;
                accounts.push(ShownAccount { account, gone: stated.saturating_sub(rows.len() as u64), rows });
            }
            Ok(ShownImport { batch, accounts })
        })
    }
}

fn shown_rows(
    store: &Store,
    batch: BatchId,
    account: &Account,
    records: &[&StatementRowRecord],
    seen: &Seen,
) -> Result<Vec<ShownRow>, VaultError> {
    let of = |outcome: Outcome| {
        let ids = records.iter().filter(move |record| record.outcome == outcome);
        RowSet::from_ids(ids.filter_map(|record| record.movement).map(|id| id.0))
    };
    let told = of(Outcome::Doubtful).union(&of(Outcome::Booked)).union(&seen.all());
    let query =
        TransactionQuery { account: Some(account.id), batch: Some(batch), ..TransactionQuery::default() };
    let mut rows = Vec::new();
    for transaction in store.movements(&query)?.into_iter().filter(|row| !told.contains(row.id.0)) {
        rows.push(plain(transaction, RowOutcome::Added, "new"));
    }
    let to_the_letter = [(&seen.by_id, "the same bank id"), (&seen.by_text, "the same day, amount and text")];
    for (set, why) in to_the_letter {
        for id in set.ids() {
            if let Some(transaction) = store.movement(TransactionId(id))? {
                rows.push(plain(transaction, RowOutcome::Known, why));
            }
        }
    }
    for record in records {
        let line = Some(record.line);
        if let Some(outcome) = outcome_of(store, record)? {
            let (row, why) = (record.row.clone(), record.why.clone());
            rows.push(ShownRow { line, note: RowNote { line: record.line, outcome, row, why } });
        }
    }
    Ok(rows)
}

fn plain(transaction: Transaction, outcome: fn(TransactionId) -> RowOutcome, why: &str) -> ShownRow {
    let outcome = outcome(transaction.id);
    ShownRow { line: None, note: RowNote { line: 0, outcome, row: transaction.detail, why: why.to_owned() } }
}

/// What a record says became of its row; none for what a pending row said before, and for rows that are gone.
fn outcome_of(store: &Store, record: &StatementRowRecord) -> Result<Option<RowOutcome>, VaultError> {
    if let Some(deleted) = record.deleted {
        let was = store.number_of_deleted(deleted)?.unwrap_or(TransactionId(0));
        return Ok((record.outcome != Outcome::WasPending).then_some(RowOutcome::Deleted(was)));
    }
    let Some(id) = record.movement else { return Ok(None) };
    Ok(match record.outcome {
        Outcome::Merged => Some(RowOutcome::Merged(id)),
        Outcome::Booked => Some(RowOutcome::Booked(id)),
        Outcome::Doubtful => Some(RowOutcome::Doubtful(id, record.other)),
        Outcome::WasPending | Outcome::Deleted => None,
    })
}
