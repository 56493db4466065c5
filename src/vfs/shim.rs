//! What the C boundary calls: sealed files in safe Rust, the table of open vaults, and faults as SQLite's codes.

use std::cell::Cell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rusqlite::ffi;

use super::backing::{Backing, Code, Fault, ReadOutcome};
use super::ffi::OsFile;
use super::header::{Header, VaultId};
use super::keys::Keys;
use super::seal::Nonces;
use super::vault_file::VaultFile;
use super::wal_file::WalFile;

/// A vault file, shared by SQLite's main file, its log, and whoever asks about damage.
pub(super) type SharedVault<B> = Arc<Mutex<VaultFile<B>>>;

/// What a main file is opened with.
pub(super) struct Opening {
    pub(super) keys: Keys,
    pub(super) nonces: Nonces,
}

/// One open file of either kind.
pub(super) enum SealedFile<B> {
    Vault { vault: SharedVault<B>, log_path: Vec<u8> },
    Log { log: Box<WalFile<B>>, vault: SharedVault<B> },
}

thread_local! {
    /// How a key reaches SQLite's open, which happens on the thread that asked for it: in no name and no argument.
    static OPENING: Cell<Option<Opening>> = const { Cell::new(None) };
}

/// A vault's path, and the vault for as long as it is open.
type OpenVault = (Vec<u8>, Weak<Mutex<VaultFile<OsFile>>>);

/// The vaults that this process has open: a log is deleted by name, and its vault must know before.
static OPEN_VAULTS: Mutex<Vec<OpenVault>> = Mutex::new(Vec::new());

const LOG_SUFFIX: &[u8] = b"-wal";

pub(super) fn lock<B>(vault: &SharedVault<B>) -> Result<MutexGuard<'_, VaultFile<B>>, Fault> {
    vault.lock().map_err(|_| Fault::Refused("the vault after a panic"))
}

/// The result code that SQLite gets for a fault.
pub(super) fn sqlite_code(fault: &Fault) -> i32 {
    match fault {
        Fault::Os(code) => code.0,
        Fault::Damage(_) => ffi::SQLITE_IOERR_DATA,
        Fault::Refused(_) => ffi::SQLITE_IOERR,
        Fault::NotAVault | Fault::WrongKey => ffi::SQLITE_NOTADB,
        Fault::Newer(_) => ffi::SQLITE_CANTOPEN,
        Fault::CannotSeal => ffi::SQLITE_IOERR_WRITE,
    }
}

/// The result code of an operation.
pub(super) fn code_of(outcome: Result<(), Fault>) -> i32 {
    outcome.map_or_else(|fault| sqlite_code(&fault), |()| ffi::SQLITE_OK)
}

/// Runs `open` with `opening` in place for the main file that it opens.
pub(super) fn with_opening<T>(opening: Opening, open: impl FnOnce() -> T) -> T {
    OPENING.set(Some(opening));
    let outcome = open();
    OPENING.set(None);
    outcome
}

/// What the main file that SQLite is opening on this thread is to be opened with.
pub(super) fn take_opening() -> Result<Opening, Fault> {
    OPENING.take().or_else(default_opening).ok_or(Fault::Refused("a vault without a key"))
}

pub(super) fn open_main(
    mut file: OsFile,
    path: &[u8],
    opening: Opening,
    create: bool,
) -> Result<SealedFile<OsFile>, Fault> {
    observe(file.address(), Operation::Open(false))?;
    let empty = create && file.size()? == 0;
    let mut vault = VaultFile::new(file, opening.keys, opening.nonces);
    if empty {
        // Only builds for testing open files that may not exist: a real vault is made whole by `create`.
        let id = vault.nonces.id()?;
        vault.initialise(Header::new(VaultId(id)))?;
    }
    let vault = Arc::new(Mutex::new(vault));
    let mut open = OPEN_VAULTS.lock().unwrap_or_else(PoisonError::into_inner);
    open.retain(|(_, vault)| vault.strong_count() > 0);
    open.push((path.to_vec(), Arc::downgrade(&vault)));
    let log_path = [path, LOG_SUFFIX].concat();
    Ok(SealedFile::Vault { vault, log_path })
}

pub(super) fn open_wal(mut file: OsFile, vault: SharedVault<OsFile>) -> Result<SealedFile<OsFile>, Fault> {
    let opened = noting(&vault, |vault| {
        if vault.header()?.wal_live {
            file.make()?;
        }
        WalFile::open(file, vault)
    });
    opened.map(|log| SealedFile::Log { log: Box::new(log), vault })
}

/// Before SQLite deletes a file: its vault learns that the log is gone. False when nothing may be deleted, or nothing is
/// there. `exists` asks the operating system about a file.
pub(super) fn before_delete(
    path: &[u8],
    exists: impl FnOnce(&[u8]) -> Result<bool, Fault>,
) -> Result<bool, Fault> {
    let Some(main) = path.strip_suffix(LOG_SUFFIX) else {
        return Ok(false);
    };
    let open = OPEN_VAULTS.lock().unwrap_or_else(PoisonError::into_inner);
    let vaults: Vec<_> =
        open.iter().filter(|(path, _)| path == main).filter_map(|(_, vault)| vault.upgrade()).collect();
    drop(open);
    for vault in vaults {
        if lock(&vault)?.given_up {
            return Ok(false);
        }
        if lock(&vault)?.is_loaded() {
            noting(&vault, VaultFile::retire_wal)?;
            let is_there = exists(path)?;
            if is_there {
                observe(0, Operation::DeleteLog)?;
            }
            return Ok(is_there);
        }
    }
    Err(Fault::Refused("deleting the log of a vault that is not open"))
}

/// Whether SQLite may know of a file at all: logs only. A journal beside the vault, whoever put it there, does not
/// exist for us: SQLite would replay it into the vault.
pub(super) fn is_visible(path: &[u8]) -> bool {
    path.ends_with(LOG_SUFFIX)
}

/// Runs an operation and keeps its fault for whoever asks later.
fn noting<B, T>(
    vault: &SharedVault<B>,
    operation: impl FnOnce(&mut VaultFile<B>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut vault = lock(vault)?;
    let outcome = operation(&mut vault);
    if let Err(fault) = &outcome
        && !matches!(fault, Fault::Os(_))
    {
        vault.failure.get_or_insert_with(|| fault.clone());
    }
    outcome
}

impl<B: Backing> SealedFile<B> {
    pub(super) fn vault(&self) -> Option<SharedVault<B>> {
        match self {
            Self::Vault { vault, .. } => Some(Arc::clone(vault)),
            Self::Log { .. } => None,
        }
    }

    pub(super) fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<ReadOutcome, Fault> {
        match self {
            Self::Vault { vault, .. } => noting(vault, |vault| {
                let outcome = vault.read(buffer, offset);
                #[cfg(test)]
                let outcome = observer::leniently(outcome, buffer, offset);
                outcome
            }),
            Self::Log { log, vault } => noting(vault, |vault| log.read(vault, buffer, offset)),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8], offset: u64) -> Result<(), Fault> {
        match self {
            Self::Vault { vault, .. } => noting(vault, |vault| vault.write(bytes, offset)),
            Self::Log { log, vault } => noting(vault, |vault| log.write(vault, bytes, offset)),
        }
    }

    pub(super) fn truncate(&mut self, bytes: u64) -> Result<(), Fault> {
        match self {
            Self::Vault { vault, .. } => noting(vault, |vault| vault.truncate(bytes)),
            Self::Log { log, vault } => noting(vault, |vault| log.truncate(vault, bytes)),
        }
    }

    pub(super) fn sync(&mut self) -> Result<(), Fault> {
        match self {
            Self::Vault { vault, .. } => noting(vault, VaultFile::sync),
            Self::Log { log, vault } => noting(vault, |vault| log.sync(vault)),
        }
    }

    pub(super) fn size(&mut self) -> Result<u64, Fault> {
        match self {
            Self::Vault { vault, .. } => noting(vault, VaultFile::size),
            Self::Log { log, vault } => noting(vault, |vault| log.size(vault)),
        }
    }

    /// A lock was taken: the first one reads the header. `exists` asks the operating system about a file.
    pub(super) fn locked(&mut self, exists: impl FnOnce(&[u8]) -> Result<bool, Fault>) -> Result<(), Fault> {
        match self {
            Self::Vault { vault, log_path } => noting(vault, |vault| {
                if vault.is_loaded() {
                    return Ok(());
                }
                vault.load(|| exists(log_path))
            }),
            Self::Log { .. } => Ok(()),
        }
    }

    /// All locks are about to be given up.
    pub(super) fn unlocking(&mut self) -> Result<(), Fault> {
        match self {
            Self::Vault { vault, .. } => noting(vault, VaultFile::unload),
            Self::Log { .. } => Ok(()),
        }
    }

    pub(super) fn close(self) -> Result<(), Fault> {
        match self {
            Self::Vault { vault, .. } => noting(&vault, VaultFile::unload),
            Self::Log { mut log, vault } => noting(&vault, |vault| log.close(vault)),
        }
    }
}

#[cfg(feature = "testing")]
static DEFAULT_KEY: Mutex<Option<crate::crypto::VaultKey>> = Mutex::new(None);

/// The key that builds for testing open every file with.
#[cfg(feature = "testing")]
pub(super) fn set_default_key(key: crate::crypto::VaultKey) {
    *DEFAULT_KEY.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
}

/// What a file is opened with when nobody said: nothing, except in builds for testing.
pub(super) fn default_opening() -> Option<Opening> {
    #[cfg(feature = "testing")]
    {
        let key = DEFAULT_KEY.lock().unwrap_or_else(PoisonError::into_inner);
        key.as_ref().map(|key| Opening { keys: Keys::derive(key), nonces: Nonces::new() })
    }
    #[cfg(not(feature = "testing"))]
    None
}

/// What is done to a file below, for tests that watch, fail or replay it.
#[cfg_attr(not(test), expect(dead_code, reason = "only tests look at the details"))]
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation<'a> {
    /// The file was opened, as a vault or (true) as a log.
    Open(bool),
    Read,
    Write(&'a [u8], u64),
    Truncate(u64),
    Sync,
    /// The log was deleted by name; its file is closed by then.
    DeleteLog,
}

/// Called before every operation on a file below; nothing to do outside of tests.
#[cfg(not(test))]
#[inline]
pub(super) fn observe(_file: usize, _operation: Operation<'_>) -> Result<(), Code> {
    Ok(())
}

#[cfg(test)]
pub(super) use observer::observe;

#[cfg(test)]
#[path = "observer.rs"]
pub(crate) mod observer;
