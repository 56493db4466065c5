//! Passes over many rows without holding them, where rows came from, and of which days statements speak.

use super::values::day;
use super::{Store, StoreError, TransactionQuery};
use crate::ledger::{AccountId, BatchId};
use jiff::civil::Date;
use rusqlite::{params, params_from_iter};

/// Where the rows beneath a fact came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The imports whose statements speak of days of the window.
    pub batches: Vec<BatchId>,
    /// Whether the owner entered a row, or changed the day or amount of one.
    pub by_owner: bool,
}

/// By what a pass over rows groups them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupColumn {
    /// By nothing: the pass touches an index alone, and not the rows.
    Nothing,
    /// The owner's category.
    Category,
    /// The payee, cleaned for reading.
    Payee,
}

/// A row of a pass.
#[derive(Debug, Clone, Copy)]
pub struct AmountRow<'a> {
    /// The transaction's number.
    pub id: i64,
    /// The day it was booked, as ISO 8601.
    pub posted: &'a str,
    /// The amount in minor units; of a split transaction, what it has in the group.
    pub minor: i64,
    /// The group.
    pub group: Option<&'a str>,
}

impl Store {
    /// Shows day, amount in minor units and group of every row that a query asks for, in order of day, status, amount
    /// and entry: the order of the index, so that nothing is sorted. The query's limit is not heeded.
    ///
    /// # Errors
    /// What `each` reports; [`StoreError`] where the vault cannot be read.
    pub fn for_each_amount<E: From<StoreError>>(
        &self,
        query: &TransactionQuery,
        group: GroupColumn,
        each: &mut dyn FnMut(AmountRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (conditions, mut values) = self.conditions(query)?;
        let conditions = conditions.join(" AND ");
        let sql = match group {
            GroupColumn::Nothing => format!(
                "SELECT m.posted, m.amount_minor, NULL, m.id FROM movement m WHERE {conditions}
                 ORDER BY m.posted, m.status, m.amount_minor, m.id"
            ),
            GroupColumn::Payee => format!(
                "SELECT m.posted, m.amount_minor, m.payee, m.id FROM movement m WHERE {conditions}
                 ORDER BY m.posted, m.status, m.amount_minor, m.id"
            ),
            GroupColumn::Category => {
                // A split transaction counts once in each category that it has a part in.
                values.extend(values.clone());
                format!(
                    "SELECT posted, minor, category, id FROM (
                         SELECT m.posted, m.status, m.amount_minor AS minor, m.category, m.id FROM movement m
                         WHERE {conditions} AND NOT EXISTS (SELECT 1 FROM split s WHERE s.movement = m.id)
                         UNION ALL
                         SELECT m.posted, m.status, sum(s.amount_minor), s.category, m.id
                         FROM movement m JOIN split s ON s.movement = m.id WHERE {conditions}
                         GROUP BY m.id, s.category)
                     ORDER BY posted, status, minor, id"
                )
            }
        };
        let mut statement = self.conn.prepare_cached(&sql).map_err(StoreError::from)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(StoreError::from)?;
        let unreadable = |_| StoreError::Unreadable { what: "movement".to_owned() };
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            let posted = row.get_ref(0).map_err(StoreError::from)?.as_str().map_err(unreadable)?;
            let minor = row.get(1).map_err(StoreError::from)?;
            let group = row.get_ref(2).map_err(StoreError::from)?.as_str_or_null().map_err(unreadable)?;
            let id = row.get(3).map_err(StoreError::from)?;
            each(AmountRow { id, posted, minor, group })?;
        }
        Ok(())
    }

    /// Where the rows that a query asks for came from.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn provenance(&self, account: AccountId, query: &TransactionQuery) -> Result<Provenance, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT DISTINCT batch FROM statement_period
             WHERE account = ?1 AND first_day <= ?2 AND last_day >= ?3 ORDER BY batch",
        )?;
        let to = query.to.map_or_else(|| "9999-12-31".to_owned(), |day| day.to_string());
        let from = query.from.map_or_else(String::new, |day| day.to_string());
        let mut rows = statement.query(params![account.0, to, from])?;
        let mut batches = Vec::new();
        while let Some(row) = rows.next()? {
            batches.push(BatchId(row.get(0)?));
        }
        let (conditions, values) = self.conditions(query)?;
        // The last condition is to the letter that of the index of rows that owners touched.
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM movement m WHERE {} AND
                 (m.batch IS NULL OR m.source_posted IS NOT NULL OR m.source_amount_minor IS NOT NULL))",
            conditions.join(" AND ")
        );
        let by_owner =
            self.conn.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))?;
        Ok(Provenance { batches, by_owner })
    }

    /// Notes of which days a statement speaks.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_statement_period(
        &self,
        batch: BatchId,
        account: AccountId,
        from: Date,
        to: Date,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO statement_period (batch, account, first_day, last_day) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![batch.0, account.0, from.to_string(), to.to_string()])?;
        Ok(())
    }

    /// The days of which the account's statements speak, by their first day.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn statement_periods(&self, account: AccountId) -> Result<Vec<(Date, Date)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT first_day, last_day FROM statement_period WHERE account = ?1 ORDER BY first_day, last_day",
        )?;
        let mut rows = statement.query([account.0])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push((
                day(&row.get::<_, String>(0)?, "statement_period.first_day")?,
                day(&row.get::<_, String>(1)?, "statement_period.last_day")?,
            ));
        }
        Ok(found)
    }

    /// The last day with a movement, if the account has any.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn last_movement_day(&self, account: AccountId) -> Result<Option<Date>, StoreError> {
        let found: Option<String> = self
            .conn
            .prepare_cached("SELECT max(posted) FROM movement WHERE account = ?1")?
            .query_row([account.0], |row| row.get(0))?;
        found.map(|text| day(&text, "movement.posted")).transpose()
    }
}
