//! Opening a vault's database: an ordinary SQLite connection on sealed files, alone with its vault.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::backing::{Code, Fault};
use super::create::io_error;
use super::damage::{Damage, VfsError};
use super::ffi;
use super::header::HeaderFault;
use super::keys::Keys;
use super::seal::Nonces;
use super::shim::{self, Opening};
use super::unlock::{code_error, header_error};
use crate::crypto::VaultKey;

/// When a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// At every commit: what was acknowledged survives a power cut.
    #[default]
    Full,
    /// At checkpoints only: a power cut may take the last commits, a crash of the program takes none.
    Normal,
}

/// How to open a vault's database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectOptions {
    /// How long to wait for another process that has the vault, in milliseconds.
    pub busy_timeout_ms: u32,
    /// SQLite's page cache, in MiB. Every page read past it is decrypted again.
    pub cache_mib: u32,
    /// When a commit waits for the disk.
    pub synchronous: Synchronous,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self { busy_timeout_ms: 2_000, cache_mib: 64, synchronous: Synchronous::Full }
    }
}

/// Opens the vault at `path` for this process alone, until the connection is closed.
///
/// # Errors
/// [`VfsError::Busy`] when another process keeps the vault beyond the timeout; [`VfsError::WrongSecret`] when `key`
/// is another vault's; [`VfsError::Damaged`], [`VfsError::NotAVault`], [`VfsError::NewerFormat`],
/// [`VfsError::ReadOnly`], [`VfsError::DiskFull`], [`VfsError::Io`].
pub fn connect(path: &Path, key: &VaultKey, options: &ConnectOptions) -> Result<Connection, VfsError> {
    // SQLite would take some relative names for URIs or for databases in memory; no absolute one.
    let absolute = std::path::absolute(path).map_err(|source| io_error("open", path, source))?;
    if !ffi::register() {
        return Err(code_error(path, Code(rusqlite::ffi::SQLITE_ERROR)));
    }
    let opening = Opening { keys: Keys::derive(key), nonces: Nonces::new() };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE
        | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE;
    let connection =
        shim::with_opening(opening, || Connection::open_with_flags_and_vfs(&absolute, flags, ffi::VFS_NAME))
            .map_err(|error| open_error(path, None, error))?;
    if connection.is_readonly(rusqlite::MAIN_DB).unwrap_or(false) {
        return Err(VfsError::ReadOnly { path: path.to_owned() });
    }
    configure(&connection, options).map_err(|error| open_error(path, Some(&connection), error))?;
    Ok(connection)
}

fn configure(connection: &Connection, options: &ConnectOptions) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_millis(u64::from(options.busy_timeout_ms)))?;
    // What has a switch of its own is set by that: a pragma is compiled and run each time that a vault is opened.
    for (switch, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true),
    ] {
        connection.set_db_config(switch, on)?;
    }
    let synchronous = match options.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    // All before anything reads the file: with an exclusive lock SQLite keeps the log's index in memory and makes no
    // shared-memory file, and what is not set by then would touch files that are never opened. Sealed files are never
    // mapped into memory: their methods offer it not.
    connection.execute_batch(&format!(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{};
         PRAGMA cell_size_check = ON; PRAGMA synchronous = {synchronous}; PRAGMA max_page_count = {};",
        u64::from(options.cache_mib) * 1024,
        super::offsets::MOST_PAGES
    ))?;
    // Some of these read the schema, and so take the lock and recover the log. A vault is in WAL mode since it was made;
    // SQLite is asked only where what it read does not say so.
    let known = ffi::vault_of(connection)
        .is_some_and(|vault| shim::lock(&vault).is_ok_and(|vault| vault.is_in_wal_mode()));
    if known {
        return Ok(());
    }
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    if mode != "wal" {
        // Only a database that other software made has another mode. Its way into WAL leads over a journal, which
        // stays in memory.
        connection.pragma_update(None, "journal_mode", "MEMORY")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
    }
    Ok(())
}

/// What SQLite's error means, with what the sealed files know about it.
fn open_error(path: &Path, connection: Option<&Connection>, error: rusqlite::Error) -> VfsError {
    let known = connection.and_then(ffi::vault_of).and_then(|vault| shim::lock(&vault).ok()?.failure.take());
    match known {
        Some(Fault::Damage(damage)) => return VfsError::Damaged(damage),
        Some(Fault::NotAVault) => return header_error(path, HeaderFault::NoMagic),
        Some(Fault::Newer(found)) => return header_error(path, HeaderFault::Newer(found)),
        Some(Fault::WrongKey) => return VfsError::WrongSecret,
        _ => {}
    }
    match path.metadata() {
        Err(source) => return io_error("open", path, source),
        Ok(metadata) if !metadata.is_file() => return VfsError::NotAVault { path: path.to_owned() },
        Ok(_) => {}
    }
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => VfsError::Busy { path },
        Some(ErrorCode::DiskFull) => VfsError::DiskFull { path },
        // A file that lets nothing be written, or a log of an earlier session that does.
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            VfsError::ReadOnly { path }
        }
        _ => VfsError::Sqlite(error),
    }
}

/// The damage behind the last failure of this connection, if it was damage. Asking forgets it.
#[must_use]
pub fn damage(connection: &Connection) -> Option<Damage> {
    let vault = ffi::vault_of(connection)?;
    let mut vault = shim::lock(&vault).ok()?;
    match vault.failure.take() {
        Some(Fault::Damage(damage)) => Some(damage),
        _ => None,
    }
}
