//! Reading what can still be read of a damaged vault: every table, around the pages that are gone.
//!
//! SQLite stops at the first bad page of a scan. Rows are numbered, though, and each can be looked up by itself: so
//! behind a failure this looks for the next number that can be read, and goes on from there.

use super::{Store, StoreError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::types::ValueRef;
use rusqlite::{Row, Statement};
use serde_json::{Map, Value, json};

/// Told of each row that could be read: its columns, bytes as `{"base64": "..."}`.
pub type OnRow<'a> = &'a mut dyn FnMut(Map<String, Value>) -> std::io::Result<()>;

/// Numbers of rows in a table that could not be read; not every number in between need have had a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostRange {
    /// The first number that cannot be read.
    pub from: i64,
    /// The last one; none where nothing behind the first could be read.
    pub to: Option<i64>,
}

/// What came of reading one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableSalvage {
    /// Rows that were read.
    pub rows: u64,
    /// Gaps, in order.
    pub lost: Vec<LostRange>,
}

/// A table, and whether its rows are numbered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    /// Its name.
    pub name: String,
    /// False for tables that SQLite keeps by their key alone.
    pub numbered: bool,
}

/// Why reading a table ended early.
enum Stop {
    /// The rows behind this one cannot be read.
    Damaged { last: Option<i64> },
    /// The one who is told of rows cannot go on.
    Told(std::io::Error),
}

impl Store {
    /// The tables there are, in order of name; without the owner's secret, which never leaves a vault in clear.
    ///
    /// # Errors
    /// [`StoreError`] where not even the list can be read.
    pub fn tables(&self) -> Result<Vec<TableName>, StoreError> {
        let mut statement = self.conn.prepare(
            "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
                 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'identity' ORDER BY name",
        )?;
        let rows = statement
            .query_map([], |row| Ok(TableName { name: row.get(0)?, numbered: !row.get::<_, bool>(1)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Reads what can be read of one table, in order of its rows' numbers (of its key, where it has none).
    ///
    /// # Errors
    /// What `on_row` reports. That rows cannot be read is no error.
    pub fn salvage_table(&self, table: &TableName, on_row: OnRow<'_>) -> std::io::Result<TableSalvage> {
        let mut found = TableSalvage::default();
        if !table.numbered {
            // Without numbers there is no way around a bad page: what comes before it is what there is.
            match self.scan(&format!("SELECT * FROM \"{}\"", table.name), None, &mut found.rows, on_row) {
                Ok(()) => {}
                Err(Stop::Damaged { .. }) => found.lost.push(LostRange { from: 0, to: None }),
                Err(Stop::Told(error)) => return Err(error),
            }
            return Ok(found);
        }
        let sql = format!("SELECT rowid, * FROM \"{}\" WHERE rowid >= ?1 ORDER BY rowid", table.name);
        let mut from = i64::MIN;
        loop {
            let last = match self.scan(&sql, Some(from), &mut found.rows, on_row) {
                Ok(()) => return Ok(found),
                Err(Stop::Told(error)) => return Err(error),
                Err(Stop::Damaged { last }) => last,
            };
            // Numbers are given from 1, so a first page that is gone is looked behind from there.
            let bad = last.map_or(from.max(1), |last| last.saturating_add(1));
            let next = self.next_readable(&table.name, bad);
            found.lost.push(LostRange { from: bad, to: next.map(|next| next.saturating_sub(1)) });
            match next {
                Some(next) if next > from => from = next,
                _ => return Ok(found),
            }
        }
    }

    fn scan(&self, sql: &str, from: Option<i64>, count: &mut u64, on_row: OnRow<'_>) -> Result<(), Stop> {
        let mut last = None;
        let mut statement = self.conn.prepare(sql).map_err(|_| Stop::Damaged { last })?;
        let names = column_names(&statement, usize::from(from.is_some()));
        let mut rows = match from {
            Some(from) => statement.query([from]),
            None => statement.query([]),
        }
        .map_err(|_| Stop::Damaged { last })?;
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(()),
                Err(_) => return Err(Stop::Damaged { last }),
            };
            let number = from.and_then(|_| row.get(0).ok());
            // A value on a page that is gone (a long text, an attachment's piece) loses its row alone.
            let values = values_of(row, &names).map_err(|_| Stop::Damaged { last })?;
            on_row(values).map_err(Stop::Told)?;
            *count = count.saturating_add(1);
            last = number;
        }
    }

    /// The smallest number above `bad` from which rows can be read again: found by steps that double, then by halving.
    fn next_readable(&self, table: &str, bad: i64) -> Option<i64> {
        let sql = format!("SELECT * FROM \"{table}\" WHERE rowid >= ?1 ORDER BY rowid LIMIT 1");
        let mut statement = self.conn.prepare(&sql).ok()?;
        let mut readable = |number: i64| -> bool {
            let Ok(mut rows) = statement.query([number]) else { return false };
            match rows.next() {
                Ok(Some(row)) => {
                    let columns = row.as_ref().column_count();
                    (0..columns).all(|column| row.get_ref(column).is_ok())
                }
                Ok(None) => true,
                Err(_) => false,
            }
        };
        let mut step = 1;
        let mut low = bad;
        let mut high = loop {
            let candidate = bad.checked_add(step)?;
            if readable(candidate) {
                break candidate;
            }
            low = candidate;
            step = step.checked_mul(2)?;
        };
        while high.saturating_sub(low) > 1 {
            let middle = low.midpoint(high);
            if readable(middle) { high = middle } else { low = middle }
        }
        Some(high)
    }
}

fn column_names(statement: &Statement<'_>, skip: usize) -> Vec<(usize, String)> {
    let names = statement.column_names();
    names.into_iter().enumerate().skip(skip).map(|(place, name)| (place, name.to_owned())).collect()
}

fn values_of(row: &Row<'_>, names: &[(usize, String)]) -> rusqlite::Result<Map<String, Value>> {
    names.iter().map(|(place, name)| Ok((name.clone(), json_of(row.get_ref(*place)?)))).collect()
}

fn json_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => json!(number),
        ValueRef::Real(number) => json!(number),
        ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => json!({ "base64": STANDARD.encode(bytes) }),
    }
}
