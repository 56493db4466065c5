//! The sets of rows beneath everything that was disclosed, and the rules on what may follow from them.

use super::values::{count, unreadable};
use super::{Store, StoreError};
use crate::ledger::{AccountId, BatchId, RowSet};
use jiff::civil::Date;
use rusqlite::{OptionalExtension, params};

/// A figure that left, and the rows beneath it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AggregateRow {
    /// Its number, in order of disclosure; 0 before it is added.
    pub id: i64,
    /// The disclosure it left in; none where it was in a draft.
    pub disclosure: Option<i64>,
    /// The draft that a reviewer saw it in.
    pub draft: Option<i64>,
    /// The recipient's number.
    pub recipient: i64,
    /// What was told: `sum`, `rounded-sum`, `count`, `revealed`, `threshold`.
    pub kind: String,
    /// The account it is about, if it is one.
    pub account: Option<AccountId>,
    /// Of a threshold, what was asked.
    pub question: Option<String>,
    /// The sum from whose set this one's is derived.
    pub base: Option<i64>,
    /// Rows that are not in the base's set; without a base, all of them.
    pub added: RowSet,
    /// Rows of the base's set that are not in this one.
    pub removed: RowSet,
    /// How often the account's opening balance had been moved by then.
    pub epoch: i64,
}

/// An opening balance that an import of older rows moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningMoved {
    /// The account.
    pub account: AccountId,
    /// The older rows: the opening balance before is the one after and these.
    pub older: RowSet,
    /// The account's epoch from then on.
    pub epoch: i64,
    /// The account's epoch from when the import was taken back on, if it was.
    pub undone_epoch: Option<i64>,
}

impl OpeningMoved {
    /// Whether an opening balance of that epoch contains the older rows.
    pub fn is_within(&self, epoch: i64) -> bool {
        epoch < self.epoch || self.undone_epoch.is_some_and(|undone| epoch >= undone)
    }
}

/// What a recipient may work out, as the owner set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// Fewer transactions than this are a leak.
    pub k: u64,
    /// How many yes-or-no answers on one account.
    pub threshold_budget: u64,
    /// `warn` or `refuse` where recipients together would know more.
    pub collusion: String,
}

/// What the rows of a set on one account come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetSummary {
    /// How many of them there still are.
    pub rows: u64,
    /// Their sum, in minor units.
    pub sum_minor: i128,
    /// The first day.
    pub first: Date,
    /// The last day.
    pub last: Date,
}

impl Store {
    /// Keeps a figure's set and gives its number.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_aggregate(&self, row: &AggregateRow) -> Result<i64, StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO aggregate_disclosed (disclosure, recipient, kind, account, question, base, added, removed, epoch, draft)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                row.disclosure,
                row.recipient,
                row.kind,
                row.account.map(|account| account.0),
                row.question,
                row.base,
                row.added.to_bytes(),
                row.removed.to_bytes(),
                row.epoch,
                row.draft,
            ])?;
        let id = self.conn.last_insert_rowid();
        self.raise_row_numbers(&row.added)?;
        self.raise_row_numbers(&row.removed)?;
        Ok(id)
    }

    /// Every figure's set, in order of disclosure.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn aggregates(&self) -> Result<Vec<AggregateRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id, disclosure, recipient, kind, account, question, base, added, removed, epoch, draft
             FROM aggregate_disclosed ORDER BY id",
        )?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(AggregateRow {
                id: row.get(0)?,
                disclosure: row.get(1)?,
                recipient: row.get(2)?,
                kind: row.get(3)?,
                account: row.get::<_, Option<i64>>(4)?.map(AccountId),
                question: row.get(5)?,
                base: row.get(6)?,
                added: set(
                    row.get_ref(7)?.as_bytes().map_err(rusqlite::Error::from)?,
                    "aggregate_disclosed.added",
                )?,
                removed: set(
                    row.get_ref(8)?.as_bytes().map_err(rusqlite::Error::from)?,
                    "aggregate_disclosed.removed",
                )?,
                epoch: row.get(9)?,
                draft: row.get(10)?,
            });
        }
        Ok(found)
    }

    /// How many disclosures to a recipient (none: to all of them) were made before sets were kept.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn count_unkept(&self, recipient: Option<i64>) -> Result<u64, StoreError> {
        let found = self
            .conn
            .prepare_cached(
                "SELECT count(*) FROM disclosure_unkept u JOIN disclosure d ON d.id = u.disclosure
                 WHERE ?1 IS NULL OR d.recipient = ?1",
            )?
            .query_row([recipient], |row| row.get(0))?;
        count(found, "count")
    }

    /// What the set's rows come to, account by account. Rows that were deleted are left out.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn summarise(&self, rows: &RowSet) -> Result<Vec<(AccountId, SetSummary)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT account, count(*), sum(amount_minor >> 32), sum(amount_minor & 0xffffffff), min(posted), max(posted)
             FROM movement WHERE id BETWEEN ?1 AND ?2 GROUP BY account",
        )?;
        let mut found: Vec<(AccountId, SetSummary)> = Vec::new();
        for (first, last) in rows.runs().iter().filter(|(_, last)| *last > 0) {
            let mut parts = statement.query([first, last])?;
            while let Some(part) = parts.next()? {
                let account = AccountId(part.get(0)?);
                let part = SetSummary {
                    rows: count(part.get(1)?, "count")?,
                    sum_minor: (i128::from(part.get::<_, i64>(2)?) << 32)
                        + i128::from(part.get::<_, i64>(3)?),
                    first: super::values::day(&part.get::<_, String>(4)?, "movement.posted")?,
                    last: super::values::day(&part.get::<_, String>(5)?, "movement.posted")?,
                };
                match found.iter_mut().find(|(known, _)| *known == account) {
                    Some((_, whole)) => {
                        whole.rows = whole.rows.saturating_add(part.rows);
                        whole.sum_minor = whole.sum_minor.saturating_add(part.sum_minor);
                        whole.first = whole.first.min(part.first);
                        whole.last = whole.last.max(part.last);
                    }
                    None => found.push((account, part)),
                }
            }
        }
        Ok(found)
    }

    /// How often the account's opening balance was moved by imports of older rows, and back.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn opening_epoch(&self, account: AccountId) -> Result<i64, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT count(*) + count(undone_epoch) FROM opening_moved WHERE account = ?1")?
            .query_row([account.0], |row| row.get(0))?)
    }

    /// Keeps which rows of an import moved the account's opening balance: those booked before `day`.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_opening_moved(&self, account: AccountId, batch: BatchId, day: Date) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id FROM movement WHERE batch = ?1 AND account = ?2 AND posted < ?3 AND status <> 'pending'",
        )?;
        let ids = statement.query_map(params![batch.0, account.0, day.to_string()], |row| row.get(0))?;
        let older = RowSet::from_ids(ids.collect::<Result<Vec<i64>, _>>()?);
        self.add_opening_moved_by(account, batch, &older)
    }

    /// Keeps that an import moved the account's opening balance by just these rows.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_opening_moved_by(
        &self,
        account: AccountId,
        batch: BatchId,
        older: &RowSet,
    ) -> Result<(), StoreError> {
        let epoch = self.opening_epoch(account)?.saturating_add(1);
        self.conn
            .prepare_cached(
                "INSERT INTO opening_moved (account, batch, older, epoch) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![account.0, batch.0, older.to_bytes(), epoch])?;
        self.raise_row_numbers(older)
    }

    /// Notes that an import was taken back, and the opening balances it moved with it.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn undo_opening_moved(&self, batch: BatchId) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id, account FROM opening_moved WHERE batch = ?1 AND undone_epoch IS NULL ORDER BY id",
        )?;
        let moved: Vec<(i64, i64)> = statement
            .query_map([batch.0], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (id, account) in moved {
            let epoch = self.opening_epoch(AccountId(account))?.saturating_add(1);
            self.conn
                .prepare_cached("UPDATE opening_moved SET undone_epoch = ?2 WHERE id = ?1")?
                .execute([id, epoch])?;
        }
        Ok(())
    }

    /// Every opening balance that was moved.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn openings_moved(&self) -> Result<Vec<OpeningMoved>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT account, older, epoch, undone_epoch FROM opening_moved ORDER BY id")?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(OpeningMoved {
                account: AccountId(row.get(0)?),
                older: set(&row.get::<_, Vec<u8>>(1)?, "opening_moved.older")?,
                epoch: row.get(2)?,
                undone_epoch: row.get(3)?,
            });
        }
        Ok(found)
    }

    /// The owner's rules for a recipient, where they were set.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn recipient_policy(&self, recipient: i64) -> Result<Option<PolicyRow>, StoreError> {
        let found = self
            .conn
            .prepare_cached(
                "SELECT k, threshold_budget, collusion FROM recipient_policy WHERE recipient = ?1",
            )?
            .query_row([recipient], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
            })
            .optional()?;
        let Some((k, budget, collusion)) = found else { return Ok(None) };
        Ok(Some(PolicyRow {
            k: count(k, "recipient_policy.k")?,
            threshold_budget: count(budget, "recipient_policy.threshold_budget")?,
            collusion,
        }))
    }

    /// Sets the owner's rules for a recipient.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn set_recipient_policy(&self, recipient: i64, policy: &PolicyRow) -> Result<(), StoreError> {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.conn
            .prepare_cached("INSERT OR REPLACE INTO recipient_policy VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                recipient,
                number(policy.k),
                number(policy.threshold_budget),
                policy.collusion
            ])?;
        Ok(())
    }

    /// Keeps new rows from getting a number that is in this set.
    fn raise_row_numbers(&self, rows: &RowSet) -> Result<(), StoreError> {
        if let Some(last) = rows.last_transaction() {
            self.conn.prepare_cached("UPDATE row_number SET floor = ?1 WHERE floor < ?1")?.execute([last])?;
        }
        Ok(())
    }
}

fn set(bytes: &[u8], column: &str) -> Result<RowSet, StoreError> {
    RowSet::from_bytes(bytes).map_err(|_| unreadable(column, "no set of rows"))
}
