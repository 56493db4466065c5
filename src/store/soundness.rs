//! What must hold between rows and SQLite cannot see: told one by one, in the owner's terms.

use super::{Store, StoreError};
use crate::ledger::{RowSet, TransactionId};
use rusqlite::OptionalExtension;

impl Store {
    /// A transaction as its owner knows it: its number, account and day.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn words_for_transaction(&self, id: TransactionId) -> Result<String, StoreError> {
        let known: Option<(String, String)> = self
            .connection()
            .prepare_cached(
                "SELECT a.name, m.posted FROM movement m JOIN account a ON a.id = m.account WHERE m.id = ?1",
            )?
            .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(known.map_or_else(
            || format!("transaction {}", id.0),
            |(account, day)| format!("transaction {} of {account} on {day}", id.0),
        ))
    }

    /// What is wrong with the sets of transactions that the inference guard counts with: of what was disclosed, and of
    /// what imports moved an opening balance by.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn broken_row_sets(&self) -> Result<Vec<String>, StoreError> {
        let floor: i64 = self.connection().query_row("SELECT floor FROM row_number", [], |row| row.get(0))?;
        let mut broken = Vec::new();
        let mut judge = |bytes: &[u8], of: String| match RowSet::from_bytes(bytes) {
            Err(_) => broken.push(format!("{of} cannot be read")),
            Ok(set) if set.last_transaction().is_some_and(|last| last > floor) => {
                broken.push(format!("{of} names a transaction whose number could be given to another"));
            }
            Ok(_) => {}
        };
        let mut statement = self
            .connection()
            .prepare("SELECT disclosure, added, removed FROM aggregate_disclosed ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let of = match row.get::<_, Option<i64>>(0)? {
                Some(disclosure) => {
                    format!("the set of transactions beneath a figure of disclosure {disclosure}")
                }
                None => "the set of transactions beneath a figure of a draft".to_owned(),
            };
            judge(row.get_ref(1)?.as_blob().unwrap_or_default(), of.clone());
            judge(row.get_ref(2)?.as_blob().unwrap_or_default(), of);
        }
        let mut statement =
            self.connection().prepare("SELECT batch, older FROM opening_moved ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let of = format!(
                "the set of transactions by which import {} moved an opening balance",
                row.get::<_, i64>(0)?
            );
            judge(row.get_ref(1)?.as_blob().unwrap_or_default(), of);
        }
        broken.dedup();
        Ok(broken)
    }
}
