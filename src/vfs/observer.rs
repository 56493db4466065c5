//! For tests: counts what is done to the files below, makes calls fail, and keeps a record from which the disk after a
//! power cut is built again. The switches at the end break the shim on purpose, to show that the benches notice.

use std::cell::{Cell, RefCell};
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;

use rusqlite::ffi;

use super::super::backing::{Fault, ReadOutcome};
use super::super::sqlite_pages::first_page;
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
    /// A sync that reported a failure: what it should have made durable may be gone for good.
    FailedSync,
    Delete,
}

/// What goes wrong, and which calls count.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// Any call fails, with SQLite's code for that kind of call.
    Error,
    /// A write finds no room, and writes nothing.
    Full,
    /// A write finds room for half of what it has. The files are the vault and its log.
    ShortWrite { vault: PathBuf, log: PathBuf },
    /// A sync reports that it failed.
    FailedSync,
}

impl Trouble {
    fn concerns(&self, operation: &Operation<'_>) -> bool {
        match self {
            Self::Error => true,
            Self::Full | Self::ShortWrite { .. } => matches!(operation, Operation::Write(..)),
            Self::FailedSync => matches!(operation, Operation::Sync),
        }
    }

    /// Does what a failing call does all the same, and gives what it answers.
    fn strike(&self, in_log: bool, operation: &Operation<'_>) -> Code {
        if let (Self::ShortWrite { vault, log }, Operation::Write(bytes, at)) = (self, operation) {
            let mut file =
                std::fs::File::options().write(true).open(if in_log { log } else { vault }).unwrap();
            file.seek(SeekFrom::Start(*at)).unwrap();
            file.write_all(&bytes[..bytes.len() / 2]).unwrap();
        }
        Code(match (self, operation) {
            (Self::Full | Self::ShortWrite { .. }, _) => ffi::SQLITE_FULL,
            (_, Operation::Open(_)) => ffi::SQLITE_CANTOPEN,
            (_, Operation::Read) => ffi::SQLITE_IOERR_READ,
            (_, Operation::Write(..)) => ffi::SQLITE_IOERR_WRITE,
            (_, Operation::Truncate(_)) => ffi::SQLITE_IOERR_TRUNCATE,
            (_, Operation::Sync) => ffi::SQLITE_IOERR_FSYNC,
            (_, Operation::DeleteLog) => ffi::SQLITE_IOERR_DELETE,
        })
    }
}

/// The n-th call that the trouble concerns fails; with `for_good`, so do all such calls after it.
#[derive(Debug, Clone)]
struct Failure {
    at: u64,
    trouble: Trouble,
    for_good: bool,
}

/// Is run before a call that changes a file.
type Watcher = Box<dyn FnMut()>;

thread_local! {
    static WATCHER: RefCell<Option<Watcher>> = const { RefCell::new(None) };
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static FAIL: RefCell<Option<Failure>> = const { RefCell::new(None) };
    static LOGS: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    static RECORD: RefCell<Option<Vec<Recorded>>> = const { RefCell::new(None) };
    static SKIPPED: Cell<Option<bool>> = const { Cell::new(None) };
    static LENIENT: Cell<bool> = const { Cell::new(false) };
}

/// From now on the n-th call that `trouble` concerns fails; with `for_good`, so do all after it.
pub(crate) fn fail_at(at: u64, trouble: Trouble, for_good: bool) {
    CALLS.set(0);
    FAIL.set(Some(Failure { at, trouble, for_good }));
}

/// No call fails any more. Returns how many there were that could have failed.
pub(crate) fn fail_no_more() -> u64 {
    FAIL.set(None);
    CALLS.replace(0)
}

/// Runs `watcher` before each call that changes a file, until it is taken away.
pub(crate) fn watch(watcher: Option<Watcher>) {
    WATCHER.set(watcher);
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

/// Breaks the shim: it forgets to sync the vault file or (true) the log. To the recorded disk it is as if no sync
/// had been asked for.
pub(crate) fn skip_syncs(of: Option<bool>) {
    SKIPPED.set(of);
}

/// Breaks the shim: a first page that does not open is taken for that of an empty database.
pub(crate) fn be_lenient(lenient: bool) {
    LENIENT.set(lenient);
}

/// What a read of the vault file answers.
pub(crate) fn leniently(
    outcome: Result<ReadOutcome, Fault>,
    buffer: &mut [u8],
    offset: u64,
) -> Result<ReadOutcome, Fault> {
    if !LENIENT.get() || offset != 0 || !matches!(outcome, Err(Fault::Damage(_))) {
        return outcome;
    }
    let page = first_page();
    buffer.copy_from_slice(&page[..buffer.len()]);
    Ok(ReadOutcome::Whole)
}

pub(in crate::vfs) fn observe(file: usize, operation: Operation<'_>) -> Result<(), Code> {
    if !matches!(operation, Operation::Read)
        && let Some(mut watcher) = WATCHER.take()
    {
        watcher();
        WATCHER.set(Some(watcher));
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
    if let Some(code) = failure(log, &operation) {
        if matches!(operation, Operation::Sync) {
            record(log, Action::FailedSync);
        }
        return Err(code);
    }
    let action = match operation {
        Operation::Read => return Ok(()),
        Operation::Open(_) => Action::Open,
        Operation::Write(bytes, at) => Action::Write(bytes.to_vec(), at),
        Operation::Truncate(bytes) => Action::Truncate(bytes),
        Operation::Sync if SKIPPED.get() == Some(log) => return Ok(()),
        Operation::Sync => Action::Sync,
        Operation::DeleteLog => Action::Delete,
    };
    record(log, action);
    Ok(())
}

fn record(log: bool, action: Action) {
    RECORD.with_borrow_mut(|record| {
        if let Some(record) = record {
            record.push(Recorded { log, action });
        }
    });
}

/// What this call fails with, if it is one that fails.
fn failure(log: bool, operation: &Operation<'_>) -> Option<Code> {
    FAIL.with_borrow(|failure| {
        let failure = failure.as_ref().filter(|failure| failure.trouble.concerns(operation))?;
        let call = CALLS.get() + 1;
        CALLS.set(call);
        let strikes = call == failure.at || (failure.for_good && call > failure.at);
        strikes.then(|| failure.trouble.strike(log, operation))
    })
}
