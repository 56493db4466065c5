//! Tags and splits, and all that is added to transactions, read for many of them at once.

use super::values::{count, currency};
use super::{Store, StoreError};
use crate::ledger::{Annotations, CategoryPath, SplitPart, Tag, TransactionId};
use crate::money::Money;
use rusqlite::{OptionalExtension, Row, params};
use std::collections::BTreeMap;

impl Store {
    /// Tags a transaction; one that it has already stays as it is. A tag that other transactions have is
    /// spelled as it is there.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_tag(&self, movement: TransactionId, tag: &Tag) -> Result<(), StoreError> {
        let known: Option<String> = self
            .conn
            .prepare_cached("SELECT tag FROM movement_tag WHERE folded = ?1 LIMIT 1")?
            .query_row([tag.folded()], |row| row.get(0))
            .optional()?;
        self.conn
            .prepare_cached("INSERT OR IGNORE INTO movement_tag (movement, folded, tag) VALUES (?1, ?2, ?3)")?
            .execute(params![movement.0, tag.folded(), known.as_deref().unwrap_or(tag.as_str())])?;
        Ok(())
    }

    /// Takes a tag off a transaction; gives whether it had it.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn remove_tag(&self, movement: TransactionId, tag: &Tag) -> Result<bool, StoreError> {
        let removed = self
            .conn
            .prepare_cached("DELETE FROM movement_tag WHERE movement = ?1 AND folded = ?2")?
            .execute(params![movement.0, tag.folded()])?;
        Ok(removed > 0)
    }

    /// Whether a transaction is split.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn is_split(&self, movement: TransactionId) -> Result<bool, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT 1 FROM split WHERE movement = ?1 LIMIT 1")?;
        Ok(statement.exists([movement.0])?)
    }

    /// Splits a transaction into these parts, in place of those it had; with none it is no longer split.
    /// That they add up to its amount, and that it has no category of its own then, is the caller's care.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn set_split(&self, movement: TransactionId, parts: &[SplitPart]) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM split WHERE movement = ?1")?.execute([movement.0])?;
        let mut insert = self.conn.prepare_cached(
            "INSERT INTO split (movement, seq, category, amount_minor, memo) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (seq, part) in (0_i64..).zip(parts) {
            let (category, amount) = (part.category.as_str(), part.amount.minor());
            insert.execute(params![movement.0, seq, category, amount, part.memo])?;
        }
        Ok(())
    }

    /// What is added to these transactions, for those that have anything.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn annotations(
        &self,
        movements: &[TransactionId],
    ) -> Result<BTreeMap<TransactionId, Annotations>, StoreError> {
        let mut wanted: Vec<TransactionId> = movements.to_vec();
        wanted.sort_unstable();
        let mut found: BTreeMap<TransactionId, Annotations> = BTreeMap::new();
        let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else { return Ok(found) };
        // Three walks over a range of numbers, however many transactions there are: few have annotations.
        let mut read = |sql: &str, add: &dyn Fn(&mut Annotations, &Row<'_>) -> Result<(), StoreError>| {
            let mut statement = self.conn.prepare_cached(sql)?;
            let mut rows = statement.query([first.0, last.0])?;
            while let Some(row) = rows.next()? {
                let id = TransactionId(row.get(0)?);
                if wanted.binary_search(&id).is_ok() {
                    add(found.entry(id).or_default(), row)?;
                }
            }
            Ok::<(), StoreError>(())
        };
        read(
            "SELECT movement, tag FROM movement_tag WHERE movement BETWEEN ?1 AND ?2 ORDER BY movement, folded",
            &|annotations, row| {
                annotations.tags.push(row.get(1)?);
                Ok(())
            },
        )?;
        read(
            "SELECT s.movement, s.category, s.amount_minor, s.memo, a.currency, a.digits
             FROM split s JOIN movement m ON m.id = s.movement JOIN account a ON a.id = m.account
             WHERE s.movement BETWEEN ?1 AND ?2 ORDER BY s.movement, s.seq",
            &|annotations, row| {
                annotations.parts.push(SplitPart {
                    category: CategoryPath::stored(row.get(1)?),
                    amount: Money::new(row.get(2)?, currency(&row.get::<_, String>(4)?, row.get(5)?)?),
                    memo: row.get(3)?,
                });
                Ok(())
            },
        )?;
        read(
            "SELECT movement, count(*) FROM attachment_link WHERE movement BETWEEN ?1 AND ?2 GROUP BY movement",
            &|annotations, row| {
                annotations.attachments = count(row.get(1)?, "count")?;
                Ok(())
            },
        )?;
        Ok(found)
    }

    /// Transactions whose parts do not add up to their amount, or that have a category beside their parts.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn broken_splits(&self) -> Result<Vec<TransactionId>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT m.id, m.amount_minor, m.category IS NOT NULL, sum(s.amount_minor >> 32),
                    sum(s.amount_minor & 0xffffffff)
             FROM split s JOIN movement m ON m.id = s.movement GROUP BY m.id ORDER BY m.id",
        )?;
        let mut rows = statement.query([])?;
        let mut broken = Vec::new();
        while let Some(row) = rows.next()? {
            let (amount, high, low): (i64, i64, i64) = (row.get(1)?, row.get(3)?, row.get(4)?);
            if row.get(2)? || (i128::from(high) << 32) + i128::from(low) != i128::from(amount) {
                broken.push(TransactionId(row.get(0)?));
            }
        }
        Ok(broken)
    }
}
