//! The parts of split rows, where rows came from, and of which days statements speak.

use super::values::day;
use super::{Store, StoreError, TransactionQuery};
use crate::ledger::part_number::part_numbers;
use crate::ledger::{AccountId, BatchId, CategoryPath, TransactionId};
use jiff::civil::Date;
use rusqlite::{params, params_from_iter};
use std::collections::HashMap;

/// Where the rows beneath a fact came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The imports whose statements speak of days of the window.
    pub batches: Vec<BatchId>,
    /// Whether the owner entered a row, or changed the day or amount of one.
    pub by_owner: bool,
}

/// A part of a split transaction beneath a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedPart {
    /// Its number in sets of rows.
    pub number: i64,
    /// What it is for.
    pub category: String,
    /// Its amount in minor units.
    pub minor: i64,
    /// Whether its category is the one asked for, or below it; true where none is.
    pub is_asked: bool,
}

/// The parts of split transactions, by the transaction's number.
pub type NumberedParts = HashMap<i64, Vec<NumberedPart>>;

impl Store {
    /// The category that a query asks for and those below it; none where it asks for none.
    pub(super) fn categories_within(
        &self,
        query: &TransactionQuery,
    ) -> Result<Option<Vec<String>>, StoreError> {
        let Some(category) = &query.category else { return Ok(None) };
        let within = self.category_tree()?.within(&CategoryPath::stored(category.clone()));
        Ok(Some(within.iter().map(|path| path.as_str().to_owned()).collect()))
    }

    /// All parts of every split transaction that a query asks for, in the owner's order.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn numbered_parts(&self, query: &TransactionQuery) -> Result<NumberedParts, StoreError> {
        let (conditions, values) = self.conditions(query)?;
        let within = self.categories_within(query)?;
        let sql = format!(
            "SELECT m.id, s.category, s.amount_minor FROM split s CROSS JOIN movement m ON m.id = s.movement
             WHERE {} ORDER BY s.movement, s.seq",
            conditions.join(" AND ")
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found: NumberedParts = HashMap::new();
        while let Some(row) = rows.next()? {
            let category: String = row.get(1)?;
            let is_asked = within.as_ref().is_none_or(|within| within.contains(&category));
            let part = NumberedPart { number: 0, category, minor: row.get(2)?, is_asked };
            found.entry(row.get(0)?).or_default().push(part);
        }
        found.iter_mut().try_for_each(|(id, parts)| number(*id, parts))?;
        Ok(found)
    }

    /// The parts that a transaction has now, in the owner's order; empty where it is not split.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn parts_of(&self, id: TransactionId) -> Result<Vec<NumberedPart>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT category, amount_minor FROM split WHERE movement = ?1 ORDER BY seq")?;
        let read = |row: &rusqlite::Row<'_>| {
            Ok(NumberedPart { number: 0, category: row.get(0)?, minor: row.get(1)?, is_asked: true })
        };
        let mut parts: Vec<NumberedPart> = statement.query_map([id.0], read)?.collect::<Result<_, _>>()?;
        number(id.0, &mut parts)?;
        Ok(parts)
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

fn number(id: i64, parts: &mut [NumberedPart]) -> Result<(), StoreError> {
    let amounts: Vec<i64> = parts.iter().map(|part| part.minor).collect();
    let numbers = part_numbers(TransactionId(id), &amounts);
    let numbers = numbers.ok_or_else(|| StoreError::Unreadable { what: "movement.id".to_owned() })?;
    parts.iter_mut().zip(numbers).for_each(|(part, number)| part.number = number);
    Ok(())
}
