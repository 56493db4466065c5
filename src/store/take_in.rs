//! Reading a table from end to end within SQLite: a function that SQLite calls with each row, as it does to sum.
//!
//! Asking a statement for a million rows, and each of these for its columns, costs as much as finding them.

use super::gathering::{Gathered, Gathering, STATUSES, Waiting};
use super::texts::{Texts, unreadable};
use super::{Store, StoreError};
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::params_from_iter;
use rusqlite::types::Value;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

/// The function's name, and what it is called with: number, day, amount, group, status.
const NAME: &str = "finvault_take_in";
const ARGUMENTS: i32 = 5;
/// The statuses that rows have, in the order of their words.
const STATUS_WORDS: [&str; 3] = ["pending", "posted", "reconciled"];
/// The place of the first status.
pub(super) const PENDING: u32 = 0;

/// The rows of a table, and their days by number.
#[derive(Default)]
pub(super) struct TakenIn {
    pub(super) gathered: Gathered,
    pub(super) days: Texts,
}

/// Where the function leaves what it took in, or why it could not.
type Outcome = Arc<Mutex<Option<Result<TakenIn, StoreError>>>>;

struct TakeIn {
    outcome: Outcome,
    /// How many rows there are, about.
    expected: usize,
}

/// Rows on their way.
struct Intake {
    days: Texts,
    gathering: Gathering,
}

impl Store {
    /// About so many rows of `movement m` that meet a condition, grouped by a column.
    pub(super) fn take_table_in(
        &self,
        column: &str,
        conditions: &str,
        values: Vec<Value>,
        expected: usize,
    ) -> Result<TakenIn, StoreError> {
        let outcome = Outcome::default();
        let function = TakeIn { outcome: Arc::clone(&outcome), expected };
        self.conn.create_aggregate_function(NAME, ARGUMENTS, FunctionFlags::SQLITE_UTF8, function)?;
        let sql = format!(
            "SELECT {NAME}(m.id, m.posted, m.amount_minor, {column}, m.status) FROM movement m NOT INDEXED
             WHERE {conditions}"
        );
        let run = self.conn.query_row(&sql, params_from_iter(values), |_| Ok(()));
        self.conn.remove_function(NAME, ARGUMENTS)?;
        let outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (outcome, run) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(error.into()),
            (outcome, Ok(())) => outcome.unwrap_or_else(|| Ok(TakenIn::default())),
        }
    }
}

impl TakeIn {
    /// The first outcome stands: after a failure SQLite still asks for the end.
    fn leave(&self, result: Result<TakenIn, StoreError>) {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(result);
    }
}

impl Aggregate<AssertUnwindSafe<Intake>, Option<i64>> for TakeIn {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<AssertUnwindSafe<Intake>> {
        let gathering = Gathering::begin(self.expected);
        Ok(AssertUnwindSafe(Intake { days: Texts::default(), gathering }))
    }

    fn step(&self, row: &mut Context<'_>, intake: &mut AssertUnwindSafe<Intake>) -> rusqlite::Result<()> {
        intake.take(row).map_err(|error| {
            self.leave(Err(error));
            rusqlite::Error::UserFunctionError("a row that cannot be read".into())
        })
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        intake: Option<AssertUnwindSafe<Intake>>,
    ) -> rusqlite::Result<Option<i64>> {
        if let Some(AssertUnwindSafe(Intake { days, gathering })) = intake {
            self.leave(gathering.finish().map(|gathered| TakenIn { gathered, days }));
        }
        Ok(None)
    }
}

impl Intake {
    fn take(&mut self, row: &Context<'_>) -> Result<(), StoreError> {
        let status = row.get_raw(4).as_bytes().map_err(|_| unreadable())?;
        let status = STATUS_WORDS.iter().position(|known| known.as_bytes() == status);
        let status = status.and_then(|place| u32::try_from(place).ok()).ok_or_else(unreadable)?;
        let day = self.days.number_of_bytes(row.get_raw(1).as_bytes_or_null().map_err(|_| unreadable())?)?;
        let number = |place| row.get_raw(place).as_i64().map_err(|_| unreadable());
        let waiting = Waiting {
            day_and_status: day.checked_mul(STATUSES).ok_or_else(unreadable)? + status,
            group: 0,
            minor: number(2)?,
            id: number(0)?,
        };
        self.gathering.push(waiting, row.get_raw(3).as_bytes_or_null().map_err(|_| unreadable())?)
    }
}
