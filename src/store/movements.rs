//! Transactions as rows (the table is called `movement`, since TRANSACTION is a word of SQL's own).

use super::values::{count, currency, day, word};
use super::{Store, StoreError};
use crate::ledger::iso_day::iso_day;
use crate::ledger::{
    AccountId, BatchId, CategoryPath, Fingerprint, NewTransaction, RowSet, Transaction, TransactionId,
};
use crate::money::Money;
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{CachedStatement, Row, params, params_from_iter};

/// Which transactions to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransactionQuery {
    /// Of this account only.
    pub account: Option<AccountId>,
    /// Posted on or after this day.
    pub from: Option<Date>,
    /// Posted on or before this day.
    pub to: Option<Date>,
    /// With this text in payee, memo or reference; case does not matter (for ASCII letters).
    pub text: Option<String>,
    /// With this text in the payee alone; case does not matter (for ASCII letters).
    pub payee: Option<String>,
    /// In this category or one below it, wholly or with a part; the whole path, letter case does not matter.
    pub category: Option<String>,
    /// With every one of these tags; letter case does not matter.
    pub tags: Vec<String>,
    /// Of at least this many minor units, sign included.
    pub least_minor: Option<i64>,
    /// Of at most this many minor units, sign included.
    pub most_minor: Option<i64>,
    /// Without those that the bank has only announced.
    pub booked: bool,
    /// From this import only.
    pub batch: Option<BatchId>,
    /// Without those that are a side of a linked transfer.
    pub no_transfers: bool,
    /// At most so many, the latest ones.
    pub limit: Option<u32>,
}

pub(super) const COLUMNS: &str = "m.id, m.account, m.batch, m.posted, m.amount_minor, a.currency, a.digits, m.payee, m.payee_raw, \
                       m.memo, m.reference, m.category, m.status, m.bank_id";

/// The numbers of both sides of every linked transfer.
pub(super) const LINKED: &str =
    "SELECT from_movement FROM transfer UNION ALL SELECT to_movement FROM transfer";

impl TransactionQuery {
    /// For the rows that make an account's balance at the end of a day.
    pub fn booked_up_to(account: AccountId, to: Date) -> Self {
        Self { account: Some(account), to: Some(to), booked: true, ..Self::default() }
    }
}

/// Adds rows.
pub struct NewMovements<'s> {
    insert: CachedStatement<'s>,
}

impl NewMovements<'_> {
    /// As [`Store::add_movement`], under the number that [`Store::next_movement`] gave, or one after it: many rows need
    /// not ask for each.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add(
        &mut self,
        id: TransactionId,
        account: AccountId,
        new: &NewTransaction,
        fingerprint: Fingerprint,
        trust_bank_id: bool,
        batch: Option<BatchId>,
    ) -> Result<(), StoreError> {
        self.insert.execute(params![
            account.0,
            iso_day(new.posted, &mut [0; 10]),
            new.amount.minor(),
            new.payee,
            (new.payee_raw != new.payee).then_some(&new.payee_raw),
            new.memo,
            new.reference,
            new.category,
            new.status.as_str(),
            new.bank_id.as_ref().filter(|_| trust_bank_id),
            fingerprint.0,
            batch.map(|batch| batch.0),
            id.0,
        ])?;
        Ok(())
    }
}

impl Store {
    /// Adds a row. `bank_id` is kept only where `trust_bank_id` says that it may identify the row.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_movement(
        &self,
        account: AccountId,
        new: &NewTransaction,
        fingerprint: Fingerprint,
        trust_bank_id: bool,
        batch: Option<BatchId>,
    ) -> Result<TransactionId, StoreError> {
        let id = self.next_movement()?;
        self.new_movements()?.add(id, account, new, fingerprint, trust_bank_id, batch)?;
        Ok(id)
    }

    /// The number of the next row.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn next_movement(&self) -> Result<TransactionId, StoreError> {
        // A number that was beneath a disclosed figure is never given again, even if its row is gone.
        let mut statement = self.conn.prepare_cached(
            "SELECT max(coalesce((SELECT max(id) FROM movement), 0), (SELECT floor FROM row_number)) + 1",
        )?;
        Ok(statement.query_row([], |row| row.get(0).map(TransactionId))?)
    }

    /// For adding many rows: the statement is found once.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn new_movements(&self) -> Result<NewMovements<'_>, StoreError> {
        let insert = self.conn.prepare_cached(
            "INSERT INTO movement (id, account, posted, amount_minor, payee, payee_raw, memo, reference, category,
                 status, bank_id, fingerprint, batch)
             VALUES (?13, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?;
        Ok(NewMovements { insert })
    }

    /// Replaces what a pending row said by what the bank now books. The owner's category stays; `bank_id` is kept
    /// where `trust_bank_id` says that it may identify the row and it has none.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn book_movement(
        &self,
        id: TransactionId,
        new: &NewTransaction,
        fingerprint: Fingerprint,
        trust_bank_id: bool,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE movement SET posted = ?2, amount_minor = ?3, payee = ?4, payee_raw = ?5, memo = ?6,
                     reference = ?7, status = ?8, fingerprint = ?9, source_posted = NULL, source_amount_minor = NULL,
                     bank_id = coalesce(bank_id, ?10)
                 WHERE id = ?1",
            )?
            .execute(params![
                id.0,
                new.posted.to_string(),
                new.amount.minor(),
                new.payee,
                (new.payee_raw != new.payee).then_some(&new.payee_raw),
                new.memo,
                new.reference,
                new.status.as_str(),
                fingerprint.0,
                new.bank_id.as_ref().filter(|_| trust_bank_id),
            ])?;
        Ok(())
    }

    /// Writes the owner's changes. What the source wrote is kept beside them, so that the same statement
    /// imported again still finds its row; a row entered by hand takes `fingerprint` as its new one.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn update_movement(
        &self,
        transaction: &Transaction,
        fingerprint: Fingerprint,
    ) -> Result<(), StoreError> {
        let detail = &transaction.detail;
        self.conn
            .prepare_cached(
                "UPDATE movement SET
                     source_posted = CASE WHEN batch IS NULL THEN NULL
                         WHEN source_posted IS NULL AND posted <> ?2 THEN posted ELSE source_posted END,
                     source_amount_minor = CASE WHEN batch IS NULL THEN NULL
                         WHEN source_amount_minor IS NULL AND amount_minor <> ?3 THEN amount_minor
                         ELSE source_amount_minor END,
                     posted = ?2, amount_minor = ?3, payee = ?4, payee_raw = ?5, memo = ?6, reference = ?7,
                     category = ?8, status = ?9,
                     fingerprint = CASE WHEN batch IS NULL THEN ?10 ELSE fingerprint END,
                     edited = CASE WHEN posted <> ?2 OR amount_minor <> ?3 OR payee <> ?4 OR memo IS NOT ?6
                         OR reference IS NOT ?7 THEN 1 ELSE edited END
                 WHERE id = ?1",
            )?
            .execute(params![
                transaction.id.0,
                detail.posted.to_string(),
                detail.amount.minor(),
                detail.payee,
                (detail.payee_raw != detail.payee).then_some(&detail.payee_raw),
                detail.memo,
                detail.reference,
                detail.category,
                detail.status.as_str(),
                fingerprint.0,
            ])?;
        Ok(())
    }

    /// Removes a row.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn delete_movement(&self, id: TransactionId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM movement WHERE id = ?1")?.execute([id.0])?;
        Ok(())
    }

    /// The row with this id.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn movement(&self, id: TransactionId) -> Result<Option<Transaction>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM movement m JOIN account a ON a.id = m.account WHERE m.id = ?1");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query([id.0])?;
        rows.next()?.map(read_transaction).transpose()
    }

    /// The rows that a query asks for, in order of day, then of entry.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn movements(&self, query: &TransactionQuery) -> Result<Vec<Transaction>, StoreError> {
        let (conditions, mut values) = self.conditions(query)?;
        let limit = query.limit.map_or(-1, i64::from);
        values.push(limit.into());
        let sql = format!(
            "SELECT {COLUMNS} FROM movement m JOIN account a ON a.id = m.account
             WHERE {} ORDER BY m.posted DESC, m.id DESC LIMIT ?",
            conditions.join(" AND ")
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read_transaction(row)?);
        }
        found.reverse();
        Ok(found)
    }

    /// The numbers of the rows that a query asks for.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn row_set(&self, query: &TransactionQuery) -> Result<RowSet, StoreError> {
        let (conditions, mut values) = self.conditions(query)?;
        let newest = query.limit.map_or("", |_| "ORDER BY m.posted DESC, m.id DESC LIMIT ?");
        values.extend(query.limit.map(Value::from));
        let sql = format!("SELECT m.id FROM movement m WHERE {} {newest}", conditions.join(" AND "));
        let mut statement = self.conn.prepare_cached(&sql)?;
        let ids = statement.query_map(params_from_iter(values), |row| row.get(0))?;
        Ok(RowSet::from_ids(ids.collect::<Result<Vec<i64>, _>>()?))
    }

    /// How many of the rows that a query asks for are a side of a linked transfer. It goes over the links, which are few.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn count_transfer_sides(&self, query: &TransactionQuery) -> Result<u64, StoreError> {
        let (conditions, values) = self.conditions(query)?;
        let sql = format!(
            "SELECT count(DISTINCT m.id) FROM ({LINKED}) l CROSS JOIN movement m ON m.id = l.from_movement WHERE {}",
            conditions.join(" AND ")
        );
        let found = self.conn.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))?;
        count(found, "count")
    }

    /// The conditions of a query, for rows called `m`, and their values.
    pub(super) fn conditions(
        &self,
        query: &TransactionQuery,
    ) -> Result<(Vec<String>, Vec<Value>), StoreError> {
        let mut conditions = vec!["1".to_owned()];
        let mut values: Vec<Value> = Vec::new();
        if query.booked {
            conditions.push("m.status <> 'pending'".to_owned());
        }
        if query.no_transfers {
            conditions.push(format!("m.id NOT IN ({LINKED})"));
        }
        let mut add = |condition: &str, value: Value| {
            conditions.push(condition.to_owned());
            values.push(value);
        };
        if let Some(account) = query.account {
            add("m.account = ?", account.0.into());
        }
        if let Some(from) = query.from {
            add("m.posted >= ?", from.to_string().into());
        }
        if let Some(to) = query.to {
            add("m.posted <= ?", to.to_string().into());
        }
        if let Some(text) = &query.text {
            add(
                "instr(lower(m.payee || char(10) || coalesce(m.memo, '') || char(10) || coalesce(m.reference, '')), lower(?)) > 0",
                text.clone().into(),
            );
        }
        if let Some(payee) = &query.payee {
            add("instr(lower(m.payee), lower(?)) > 0", payee.clone().into());
        }
        if let Some(batch) = query.batch {
            add("m.batch = ?", batch.0.into());
        }
        if let Some(least) = query.least_minor {
            add("m.amount_minor >= ?", least.into());
        }
        if let Some(most) = query.most_minor {
            add("m.amount_minor <= ?", most.into());
        }
        for tag in &query.tags {
            add(
                "EXISTS (SELECT 1 FROM movement_tag t WHERE t.movement = m.id AND t.folded = ?)",
                tag.to_lowercase().into(),
            );
        }
        if let Some(category) = &query.category {
            let within = self.category_tree()?.within(&CategoryPath::stored(category.clone()));
            let places = vec!["?"; within.len()].join(", ");
            conditions.push(format!(
                "m.id IN (SELECT id FROM movement WHERE category IN ({places})
                          UNION SELECT movement FROM split WHERE category IN ({places}))"
            ));
            let names = within.iter().map(|path| Value::from(path.as_str().to_owned()));
            values.extend(names.clone().chain(names));
        }
        Ok((conditions, values))
    }
}
pub(super) fn read_transaction(row: &Row<'_>) -> Result<Transaction, StoreError> {
    let currency = currency(&row.get::<_, String>(5)?, row.get(6)?)?;
    let payee: String = row.get(7)?;
    let payee_raw: Option<String> = row.get(8)?;
    Ok(Transaction {
        id: TransactionId(row.get(0)?),
        account: AccountId(row.get(1)?),
        batch: row.get::<_, Option<i64>>(2)?.map(BatchId),
        detail: NewTransaction {
            posted: day(&row.get::<_, String>(3)?, "movement.posted")?,
            amount: Money::new(row.get(4)?, currency),
            payee_raw: payee_raw.unwrap_or_else(|| payee.clone()),
            payee,
            memo: row.get(9)?,
            reference: row.get(10)?,
            category: row.get(11)?,
            status: word(&row.get::<_, String>(12)?, "movement.status")?,
            bank_id: row.get(13)?,
        },
    })
}
