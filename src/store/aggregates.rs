//! Passes over many rows without holding them, and the days of which an account's statements speak.

use super::movements::conditions;
use super::values::day;
use super::{Store, StoreError, TransactionQuery};
use crate::ledger::{AccountId, BatchId};
use jiff::civil::Date;
use rusqlite::{Row, params, params_from_iter};

/// A movement as the database holds it, lent for the time of one call.
#[derive(Debug, Clone, Copy)]
pub struct MovementRef<'a> {
    /// The day booked, as ISO 8601.
    pub posted: &'a str,
    /// How much, in minor units of the account's currency.
    pub amount_minor: i64,
    /// The other party, cleaned for reading.
    pub payee: &'a str,
    /// The other party as the bank wrote it.
    pub payee_raw: &'a str,
    /// Further text.
    pub memo: Option<&'a str>,
    /// A cheque number or the like.
    pub reference: Option<&'a str>,
    /// The owner's category.
    pub category: Option<&'a str>,
    /// `pending`, `posted` or `reconciled`.
    pub status: &'a str,
    /// The bank's id, where it may identify the row.
    pub bank_id: Option<&'a str>,
    /// The import that brought it; none where it was entered by hand.
    pub batch: Option<BatchId>,
    /// Whether the owner changed the day or the amount that a statement gave.
    pub changed: bool,
}

impl Store {
    /// Shows every row that a query asks for to `each`, in order of day, then of entry. The query's limit is not
    /// heeded: it is for lists.
    ///
    /// # Errors
    /// What `each` reports; [`StoreError`] where the vault cannot be read.
    pub fn for_each_movement<E: From<StoreError>>(
        &self,
        query: &TransactionQuery,
        each: &mut dyn FnMut(&MovementRef<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (conditions, values) = conditions(query);
        let sql = format!(
            "SELECT m.posted, m.amount_minor, m.payee, m.payee_raw, m.memo, m.reference, m.category, m.status,
                 m.bank_id, m.batch, m.source_posted IS NOT NULL OR m.source_amount_minor IS NOT NULL
             FROM movement m WHERE {} ORDER BY m.posted, m.id",
            conditions.join(" AND ")
        );
        let mut statement = self.conn.prepare_cached(&sql).map_err(StoreError::from)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            each(&lend(row)?)?;
        }
        Ok(())
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

fn lend<'a>(row: &'a Row<'_>) -> Result<MovementRef<'a>, StoreError> {
    let text = |column: usize| -> Result<Option<&'a str>, StoreError> {
        row.get_ref(column)?
            .as_str_or_null()
            .map_err(|_| StoreError::Unreadable { what: "movement".to_owned() })
    };
    let written = |column: usize| -> Result<&'a str, StoreError> {
        text(column)?.ok_or_else(|| StoreError::Unreadable { what: "movement".to_owned() })
    };
    let payee = written(2)?;
    Ok(MovementRef {
        posted: written(0)?,
        amount_minor: row.get(1)?,
        payee,
        payee_raw: text(3)?.unwrap_or(payee),
        memo: text(4)?,
        reference: text(5)?,
        category: text(6)?,
        status: written(7)?,
        bank_id: text(8)?,
        batch: row.get::<_, Option<i64>>(9)?.map(BatchId),
        changed: row.get(10)?,
    })
}
