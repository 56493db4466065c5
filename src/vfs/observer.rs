//! For tests: counts what is done to the files below, makes one call fail, and keeps a record from which the disk
//! after a power cut is built again.

use std::cell::{Cell, RefCell};

use rusqlite::ffi;

use super::{Code, Operation};

/// One recorded operation on the vault or (true) on its log.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) log: bool,
    pub(crate) action: Action,
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    Open,
    Write(Vec<u8>, u64),
    Truncate(u64),
    Sync,
    Delete,
}

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static FAIL: Cell<Option<(u64, i32, bool)>> = const { Cell::new(None) };
    static LOGS: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    static RECORD: RefCell<Option<Vec<Recorded>>> = const { RefCell::new(None) };
}

/// From now on the n-th call fails with `code`; with `for_good`, so do all after it.
pub(crate) fn fail_at(call: u64, code: i32, for_good: bool) {
    CALLS.set(0);
    FAIL.set(Some((call, code, for_good)));
}

/// No call fails any more. Returns how many there were.
pub(crate) fn fail_no_more() -> u64 {
    FAIL.set(None);
    CALLS.replace(0)
}

/// Starts a record of everything that changes files.
pub(crate) fn start_record() {
    RECORD.set(Some(Vec::new()));
}

/// How long the record is by now.
pub(crate) fn recorded() -> usize {
    RECORD.with_borrow(|record| record.as_ref().map_or(0, Vec::len))
}

/// Ends the record.
pub(crate) fn take_record() -> Vec<Recorded> {
    RECORD.take().unwrap_or_default()
}

pub(crate) fn observe(file: usize, operation: Operation<'_>) -> Result<(), Code> {
    let call = CALLS.get() + 1;
    CALLS.set(call);
    if let Some((at, code, for_good)) = FAIL.get()
        && (call == at || (for_good && call > at))
    {
        return Err(Code(if code == 0 { ffi::SQLITE_IOERR } else { code }));
    }
    if let Operation::Open(log) = operation {
        LOGS.with_borrow_mut(|logs| {
            logs.retain(|other| *other != file);
            if log {
                logs.push(file);
            }
        });
    }
    let log = matches!(operation, Operation::DeleteLog) || LOGS.with_borrow(|logs| logs.contains(&file));
    let action = match operation {
        Operation::Read => return Ok(()),
        Operation::Open(_) => Action::Open,
        Operation::Write(bytes, at) => Action::Write(bytes.to_vec(), at),
        Operation::Truncate(bytes) => Action::Truncate(bytes),
        Operation::Sync => Action::Sync,
        Operation::DeleteLog => Action::Delete,
    };
    RECORD.with_borrow_mut(|record| {
        if let Some(record) = record {
            record.push(Recorded { log, action });
        }
    });
    Ok(())
}
