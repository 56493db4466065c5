//! One pass over the amounts beneath a fact, a million of them if need be, by day and grouped.
//!
//! Days, amounts and numbers are in an index in the very order in which a pass shows them. A group is not: it takes a
//! look at the row itself. From the index that is a search for each row, so where a pass takes in much of the table it
//! reads the table from end to end instead, and puts the rows in order in memory, 24 bytes each.

use super::gathering::{Gathered, STATUSES, Waiting, put_in_order};
use super::movements::TransactionQuery;
use super::take_in::{PENDING, TakenIn};
use super::texts::{Texts, unreadable};
use super::{Store, StoreError};
use rusqlite::types::Value;
use rusqlite::{Row, Statement, params_from_iter};

/// By how many rows, about, a pass is chosen.
const SAMPLED_ROWS: i64 = 400;

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
    /// The group's number in this pass: the same for the same text, and below how many texts the pass came upon.
    pub group_number: usize,
    /// Whether it is some of the parts of a split transaction.
    pub in_part: bool,
}

impl Store {
    /// Shows day, amount in minor units and group of every row that a query asks for, in order of day, status, amount
    /// and entry. The query's limit is not heeded.
    ///
    /// With `parts` a split transaction counts in a query for a category with the parts that are in it, and in groups by
    /// category it counts once in each category that it has a part in. Otherwise it counts as a whole.
    ///
    /// # Errors
    /// What `each` reports; [`StoreError`] where the vault cannot be read.
    pub fn for_each_amount<E: From<StoreError>>(
        &self,
        query: &TransactionQuery,
        group: GroupColumn,
        parts: bool,
        each: &mut dyn FnMut(AmountRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let in_parts = parts && (group == GroupColumn::Category || query.category.is_some());
        let column = match group {
            GroupColumn::Nothing => "NULL",
            GroupColumn::Category => "m.category",
            GroupColumn::Payee => "m.payee",
        };
        if in_parts {
            let (sql, values) = self.pass_over_parts(query, group, column)?;
            return self.pass_in_order(&sql, values, each);
        }
        if group != GroupColumn::Nothing
            && let Some(rows) = self.much_of_the_table(query)?
        {
            return self.pass_over_table(query, column, rows, each);
        }
        self.pass_over_index(query, group, column, each)
    }

    /// The pass in the order of the index.
    fn pass_over_index<E: From<StoreError>>(
        &self,
        query: &TransactionQuery,
        group: GroupColumn,
        column: &str,
        each: &mut dyn FnMut(AmountRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (conditions, values) = self.conditions(query)?;
        let conditions = conditions.join(" AND ");
        let grouped = if group == GroupColumn::Nothing { String::new() } else { format!(", {column}") };
        let sql = format!(
            "SELECT m.posted, m.amount_minor, m.id{grouped} FROM movement m WHERE {conditions}
             ORDER BY m.posted, m.status, m.amount_minor, m.id"
        );
        self.pass_in_order(&sql, values, each)
    }

    /// The pass of a statement that gives the rows in order. Its columns are day, amount and number, then the group where
    /// rows are grouped, then whether it is some of the parts of a row, where parts are asked for.
    fn pass_in_order<E: From<StoreError>>(
        &self,
        sql: &str,
        values: Vec<Value>,
        each: &mut dyn FnMut(AmountRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self.conn.prepare_cached(sql).map_err(StoreError::from)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(StoreError::from)?;
        // Of a million rows each column costs; a pass has those alone that it needs.
        let columns = rows.as_ref().map_or(0, Statement::column_count);
        let mut groups = Texts::default();
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            let minor = row.get(1).map_err(StoreError::from)?;
            let id = row.get(2).map_err(StoreError::from)?;
            let (group, group_number) = match columns {
                3 => (None, 0),
                _ => {
                    let group = text(row, 3)?;
                    (group, groups.number(group)? as usize)
                }
            };
            let in_part = columns > 4 && row.get(4).map_err(StoreError::from)?;
            let posted = text(row, 0)?.unwrap_or_default();
            each(AmountRow { id, posted, minor, group, group_number, in_part })?;
        }
        Ok(())
    }

    /// The pass that reads the table, of at most so many rows, from end to end.
    fn pass_over_table<E: From<StoreError>>(
        &self,
        query: &TransactionQuery,
        column: &str,
        rows: usize,
        each: &mut dyn FnMut(AmountRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        // Days and statuses are few: what is asked of them is asked once of each, and not of a million rows.
        let others = TransactionQuery { from: None, to: None, booked: false, ..query.clone() };
        let (conditions, values) = self.conditions(&others)?;
        let conditions = conditions.join(" AND ");
        let TakenIn { gathered, days } = self.take_table_in(column, &conditions, values, rows)?;
        let Gathered { rows: mut waiting, groups, .. } = gathered;
        let (ranks, within) = (days.ranks(), days.within(query.from, query.to));
        waiting.retain_mut(|row| {
            let (day, status) = ((row.day_and_status / STATUSES) as usize, row.day_and_status % STATUSES);
            let rank = ranks.get(day).copied().unwrap_or(0);
            row.day_and_status = rank * STATUSES + status;
            within.get(day).is_some_and(|within| *within) && !(query.booked && status == PENDING)
        });
        put_in_order(&mut waiting);
        let in_order = days.in_order(&ranks);
        for Waiting { day_and_status, group, minor, id } in waiting {
            let posted = in_order.get((day_and_status / STATUSES) as usize).copied().flatten();
            let group_number = group as usize;
            let (posted, group) = (posted.unwrap_or_default(), groups.text(group_number));
            each(AmountRow { id, posted, minor, group, group_number, in_part: false })?;
        }
        Ok(())
    }

    /// How many rows there are at most, where a query's account and days take in a quarter of them or more: then looking
    /// each up costs more than reading all of them. None where they take in fewer. Judged by a few hundred rows, since to
    /// count costs as much as is won, and either way leads to the same.
    fn much_of_the_table(&self, query: &TransactionQuery) -> Result<Option<usize>, StoreError> {
        // Numbers of deleted rows count too: then the index is taken a little longer than need be.
        let rows: Option<i64> =
            self.conn.prepare_cached("SELECT max(id) FROM movement")?.query_row([], |row| row.get(0))?;
        let rows = rows.unwrap_or(0);
        let step = (rows / SAMPLED_ROWS).max(1);
        let within = TransactionQuery {
            account: query.account,
            from: query.from,
            to: query.to,
            ..TransactionQuery::default()
        };
        let (conditions, more) = self.conditions(&within)?;
        let mut values: Vec<Value> = vec![step.into(), rows.into()];
        values.extend(more);
        let sql = format!(
            "WITH RECURSIVE sampled(id) AS (SELECT ?1 UNION ALL SELECT id + ?1 FROM sampled WHERE id + ?1 <= ?2)
             SELECT count(*) * 4 >= (SELECT count(*) FROM sampled)
             FROM sampled CROSS JOIN movement m ON m.id = sampled.id WHERE {}",
            conditions.join(" AND ")
        );
        let much: bool =
            self.conn.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))?;
        Ok(much.then(|| usize::try_from(rows).unwrap_or(0)))
    }

    /// The statement of a pass in which split transactions count with their parts, and its values.
    fn pass_over_parts(
        &self,
        query: &TransactionQuery,
        group: GroupColumn,
        column: &str,
    ) -> Result<(String, Vec<Value>), StoreError> {
        let (conditions, mut values) = self.conditions(query)?;
        let conditions = conditions.join(" AND ");
        values.extend(values.clone());
        let mut asked = String::new();
        if let Some(within) = self.categories_within(query)? {
            asked = format!("AND s.category IN ({})", vec!["?"; within.len()].join(", "));
            values.extend(within.into_iter().map(Value::from));
        }
        let (column_of_part, by) = match group {
            GroupColumn::Category => ("s.category", "m.id, s.category"),
            _ => (column, "m.id"),
        };
        let sql = format!(
            "SELECT posted, minor, id, grouped, in_part FROM (
                 SELECT m.posted, m.status, m.amount_minor AS minor, {column} AS grouped, m.id, 0 AS in_part
                 FROM movement m
                 WHERE {conditions} AND NOT EXISTS (SELECT 1 FROM split s WHERE s.movement = m.id)
                 UNION ALL
                 SELECT m.posted, m.status, sum(s.amount_minor), {column_of_part}, m.id, 1
                 FROM movement m JOIN split s ON s.movement = m.id WHERE {conditions} {asked}
                 GROUP BY {by})
             ORDER BY posted, status, minor, id"
        );
        Ok((sql, values))
    }
}

/// A text of a row, or none where it is NULL.
fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<Option<&'a str>, StoreError> {
    row.get_ref(column)?.as_str_or_null().map_err(|_| unreadable())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{AccountKind, Fingerprint, NewAccount, NewTransaction, TransactionStatus};
    use crate::money::{Currency, Money};
    use jiff::ToSpan;
    use jiff::civil::date;
    use proptest::prelude::*;
    use rusqlite::Connection;

    type Shown = (i64, String, i64, Option<String>, usize);

    /// What a pass shows, its group numbers held against its groups.
    fn shown(pass: impl FnOnce(&mut dyn FnMut(AmountRow<'_>) -> Result<(), StoreError>)) -> Vec<Shown> {
        let mut rows: Vec<Shown> = Vec::new();
        pass(&mut |row| {
            let group = row.group.map(str::to_owned);
            let same = rows.iter().find(|(_, _, _, _, number)| *number == row.group_number);
            assert!(same.is_none_or(|(_, _, _, known, _)| *known == group), "one number, two groups");
            rows.push((row.id, row.posted.to_owned(), row.minor, group, row.group_number));
            Ok(())
        });
        assert!(rows.iter().all(|row| row.4 < 4), "a number past all groups");
        rows
    }

    proptest! {
        /// The pass over the table shows what the one over the index does, in the same order.
        #[test]
        fn both_passes_are_one(
            rows in prop::collection::vec((0i64..40, -3i64..3, 0usize..4, 0usize..3, 0usize..2), 0..60),
            window in (0i64..40, 0i64..40),
            booked: bool,
        ) {
            let store = Store::open(Connection::open_in_memory().unwrap()).unwrap();
            let eur = Currency::iso("EUR").unwrap();
            let accounts = ["One", "Other"].map(|name| {
                let new = NewAccount {
                    name: name.to_owned(), kind: AccountKind::Checking, currency: eur, institution: None,
                    number: None, opening: None,
                };
                store.add_account(&new, None).unwrap().id
            });
            let first = date(2026, 1, 1);
            for (index, (day, minor, payee, status, account)) in rows.into_iter().enumerate() {
                let statuses =
                    [TransactionStatus::Pending, TransactionStatus::Posted, TransactionStatus::Reconciled];
                let new = NewTransaction {
                    posted: first.checked_add(day.days()).unwrap(),
                    amount: Money::new(minor, eur),
                    payee: ["A", "B", "", "Ä"][payee].to_owned(),
                    payee_raw: String::new(),
                    memo: None,
                    reference: None,
                    category: [None, Some("C"), Some("D"), None][payee].map(str::to_owned),
                    status: statuses[status],
                    bank_id: None,
                };
                let digest = [u8::try_from(index).unwrap(); 32];
                store.add_movement(accounts[account], &new, Fingerprint(digest), false, None).unwrap();
            }
            let query = TransactionQuery {
                account: Some(accounts[0]),
                from: Some(first.checked_add(window.0.days()).unwrap()),
                to: Some(first.checked_add((window.0 + window.1).days()).unwrap()),
                booked,
                ..TransactionQuery::default()
            };
            for (group, column) in [(GroupColumn::Payee, "m.payee"), (GroupColumn::Category, "m.category")] {
                let index = shown(|each| store.pass_over_index(&query, group, column, each).unwrap());
                let table = shown(|each| store.pass_over_table(&query, column, 9, each).unwrap());
                let either = shown(|each| store.for_each_amount(&query, group, false, each).unwrap());
                let plain = |rows: &[Shown]| -> Vec<_> {
                    rows.iter().map(|row| (row.0, row.1.clone(), row.2, row.3.clone())).collect()
                };
                prop_assert_eq!(plain(&index), plain(&table));
                prop_assert_eq!(plain(&index), plain(&either));
            }
        }
    }

    /// The table is read from end to end where the account and days take in much of it, and only there.
    #[test]
    fn much_of_the_table_is_a_quarter_or_more() {
        let store = Store::open(Connection::open_in_memory().unwrap()).unwrap();
        let eur = Currency::iso("EUR").unwrap();
        let account = |name: &str| {
            let (name, kind) = (name.to_owned(), AccountKind::Checking);
            let new =
                NewAccount { name, kind, currency: eur, institution: None, number: None, opening: None };
            store.add_account(&new, None).unwrap().id
        };
        let accounts = [account("Much"), account("Little")];
        let of = |account| TransactionQuery { account: Some(account), ..TransactionQuery::default() };
        assert_eq!(store.much_of_the_table(&of(accounts[0])).unwrap(), None);
        let first = date(2026, 1, 1);
        for row in 0..2_000_i64 {
            let new = NewTransaction {
                posted: first.checked_add((row / 10).days()).unwrap(),
                amount: Money::new(1, eur),
                payee: String::new(),
                payee_raw: String::new(),
                memo: None,
                reference: None,
                category: None,
                status: TransactionStatus::Posted,
                bank_id: None,
            };
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&row.to_be_bytes());
            let account = accounts[usize::from(row % 8 == 0)];
            store.add_movement(account, &new, Fingerprint(digest), false, None).unwrap();
        }
        assert_eq!(store.much_of_the_table(&of(accounts[0])).unwrap(), Some(2_000));
        assert_eq!(store.much_of_the_table(&of(accounts[1])).unwrap(), None);
        let days = |to| TransactionQuery { from: Some(first), to: Some(to), ..of(accounts[0]) };
        assert_eq!(store.much_of_the_table(&days(date(2026, 4, 10))).unwrap(), Some(2_000));
        assert_eq!(store.much_of_the_table(&days(date(2026, 1, 31))).unwrap(), None);
    }
}
