//! The ledger's rows in order, one at a time, with all that is added to them: what an export is made of.

use super::movements::{COLUMNS, read_transaction};
use super::values::{currency, day};
use super::{Store, StoreError};
use crate::ledger::{
    Account, Attachment, AttachmentTarget, CategoryPath, SplitPart, Transaction, TransactionId,
};
use crate::money::{Currency, Money};
use jiff::civil::Date;
use rusqlite::params;

/// A row with all that is added to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeRow {
    /// The row.
    pub transaction: Transaction,
    /// The day as the source wrote it, where the owner changed it.
    pub source_posted: Option<Date>,
    /// The amount as the source wrote it, where the owner changed it.
    pub source_amount: Option<Money>,
    /// Its tags, in order of the alphabet.
    pub tags: Vec<String>,
    /// Its parts, in the owner's order.
    pub parts: Vec<SplitPart>,
    /// What is attached to it, in order of entry.
    pub attachments: Vec<Attachment>,
}

/// Which of an account's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowChoice {
    /// All of them.
    All,
    /// Those that are booked.
    Booked,
    /// Those that the bank has only announced.
    Pending,
}

impl Store {
    /// Gives an account's rows between two days (both included; open where `None`) to `each`, in order of day, then
    /// of entry. One row is held at a time.
    ///
    /// # Errors
    /// What `each` reports, or [`StoreError`] where the vault cannot be read.
    pub fn each_row<E: From<StoreError>>(
        &self,
        account: &Account,
        from: Option<Date>,
        to: Option<Date>,
        choice: RowChoice,
        each: &mut dyn FnMut(WholeRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let condition = match choice {
            RowChoice::All => "",
            RowChoice::Booked => "AND m.status <> 'pending'",
            RowChoice::Pending => "AND m.status = 'pending'",
        };
        let sql = format!(
            "SELECT {COLUMNS}, m.source_posted, m.source_amount_minor
             FROM movement m JOIN account a ON a.id = m.account
             WHERE m.account = ?1 AND m.posted BETWEEN ?2 AND ?3 {condition} ORDER BY m.posted, m.id"
        );
        let added = self.what_is_added()?;
        let mut statement = self.conn.prepare_cached(&sql).map_err(StoreError::from)?;
        let days = params![account.id.0, super::balances::first_day(from), super::balances::last_day(to)];
        let mut rows = statement.query(days).map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            each(self.whole_row(row, account, &added)?)?;
        }
        Ok(())
    }

    fn whole_row(
        &self,
        row: &rusqlite::Row<'_>,
        account: &Account,
        added: &Added,
    ) -> Result<WholeRow, StoreError> {
        let transaction = read_transaction(row)?;
        let id = transaction.id;
        let source_posted: Option<String> = row.get("source_posted")?;
        let source_minor: Option<i64> = row.get("source_amount_minor")?;
        Ok(WholeRow {
            transaction,
            source_posted: source_posted.map(|text| day(&text, "movement.source_posted")).transpose()?,
            source_amount: source_minor.map(|minor| Money::new(minor, account.currency)),
            tags: if added.tags { self.tags_in_order(id)? } else { Vec::new() },
            parts: if added.parts { self.parts_in_order(id, account.currency)? } else { Vec::new() },
            attachments: if added.attachments {
                self.attachments(Some(AttachmentTarget::Transaction(id)))?
            } else {
                Vec::new()
            },
        })
    }

    /// Whether there is anything to look for beside the rows: mostly there is little.
    fn what_is_added(&self) -> Result<Added, StoreError> {
        let exists =
            |sql: &str| -> Result<bool, StoreError> { Ok(self.conn.prepare_cached(sql)?.exists([])?) };
        Ok(Added {
            tags: exists("SELECT 1 FROM movement_tag LIMIT 1")?,
            parts: exists("SELECT 1 FROM split LIMIT 1")?,
            attachments: exists("SELECT 1 FROM attachment_link WHERE movement IS NOT NULL LIMIT 1")?,
        })
    }

    fn tags_in_order(&self, id: TransactionId) -> Result<Vec<String>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT tag FROM movement_tag WHERE movement = ?1 ORDER BY folded")?;
        let tags = statement.query_map([id.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(tags)
    }

    fn parts_in_order(&self, id: TransactionId, currency: Currency) -> Result<Vec<SplitPart>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT category, amount_minor, memo FROM split WHERE movement = ?1 ORDER BY seq",
        )?;
        let mut rows = statement.query([id.0])?;
        let mut parts = Vec::new();
        while let Some(row) = rows.next()? {
            parts.push(SplitPart {
                category: CategoryPath::stored(row.get(0)?),
                amount: Money::new(row.get(1)?, currency),
                memo: row.get(2)?,
            });
        }
        Ok(parts)
    }

    /// The commodities of the owner's own, in order of code.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn commodities(&self) -> Result<Vec<Currency>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT code, digits FROM commodity ORDER BY code")?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(currency(&row.get::<_, String>(0)?, row.get(1)?)?);
        }
        Ok(found)
    }

    /// The first day with a movement of the account on or after `from`, if it has any.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn first_movement_day_from(
        &self,
        account: &Account,
        from: Option<Date>,
    ) -> Result<Option<Date>, StoreError> {
        let found: Option<String> = self
            .conn
            .prepare_cached("SELECT min(posted) FROM movement WHERE account = ?1 AND posted >= ?2")?
            .query_row(params![account.id.0, super::balances::first_day(from)], |row| row.get(0))?;
        found.map(|text| day(&text, "movement.posted")).transpose()
    }

    /// The last day with a movement of the account on or before `to`, if it has any.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn last_movement_day_until(
        &self,
        account: &Account,
        to: Option<Date>,
    ) -> Result<Option<Date>, StoreError> {
        let found: Option<String> = self
            .conn
            .prepare_cached("SELECT max(posted) FROM movement WHERE account = ?1 AND posted <= ?2")?
            .query_row(params![account.id.0, super::balances::last_day(to)], |row| row.get(0))?;
        found.map(|text| day(&text, "movement.posted")).transpose()
    }
}

/// What some rows have beside themselves.
struct Added {
    tags: bool,
    parts: bool,
    attachments: bool,
}
