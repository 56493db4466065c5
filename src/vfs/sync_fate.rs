//! A failed sync is final: what it should have made durable may be gone, and a later sync that succeeds does not say
//! otherwise (an operating system forgets which pages it failed to write once it has reported so). So after the first
//! failure nothing is written or synced through this handle any more, neither in the vault file nor in its log;
//! reading goes on. Who opens the vault again begins with what the disk really has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::ffi::SQLITE_IOERR_FSYNC;

use super::backing::Code;
use super::shim::{self, Operation};

/// Whether a sync failed on a vault file or on its log: the two share one fate.
#[derive(Debug, Clone, Default)]
pub(super) struct SyncFate(Arc<AtomicBool>);

impl SyncFate {
    /// Called before every operation on a file: after a failed sync, what would change the file is refused, in the
    /// same words as the failure.
    pub(super) fn before(&self, file: usize, operation: Operation<'_>) -> Result<(), Code> {
        if !matches!(operation, Operation::Read) && self.0.load(Ordering::Relaxed) {
            return Err(Code(SQLITE_IOERR_FSYNC));
        }
        shim::observe(file, operation)
    }

    /// Takes note of how a sync went.
    pub(super) fn synced(&self, outcome: Result<(), Code>) -> Result<(), Code> {
        outcome.map_err(|_| {
            self.0.store(true, Ordering::Relaxed);
            Code(SQLITE_IOERR_FSYNC)
        })
    }
}
