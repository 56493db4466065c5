//! How the engine that this program was built with opens a database: always by a raw key, never by a passphrase, so that
//! no key derivation is timed.

use crate::workload::{Sync, set_up};
use rusqlite::Connection;
use std::path::Path;

#[cfg(feature = "finvault-portable")]
pub fn open(path: &Path, cache_mib: u32, sync: Sync) -> Connection {
    static REGISTERED: std::sync::Once = std::sync::Once::new();
    REGISTERED.call_once(|| {
        let key = [7; 32];
        // SAFETY: the key is 32 readable bytes.
        assert_eq!(
            unsafe { finvault::vfs::finvault_register_default_vfs(key.as_ptr()) },
            rusqlite::ffi::SQLITE_OK
        );
    });
    let connection = Connection::open(path).unwrap();
    // A new file's way into WAL leads over a journal, which stays in memory; the lock first, as a vault is opened.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE").unwrap();
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    if mode != "wal" {
        connection.pragma_update(None, "journal_mode", "MEMORY").unwrap();
    }
    set_up(&connection, cache_mib, sync);
    connection
}

#[cfg(not(feature = "finvault-portable"))]
pub fn open(path: &Path, cache_mib: u32, sync: Sync) -> Connection {
    let connection = Connection::open(path).unwrap();
    unlock(&connection);
    set_up(&connection, cache_mib, sync);
    connection
}

#[cfg(feature = "plain")]
fn unlock(_: &Connection) {}

/// SQLCipher takes 64 hexadecimal digits in this form for the key itself.
#[cfg(feature = "sqlcipher")]
fn unlock(connection: &Connection) {
    let digits = "07".repeat(32);
    connection.execute_batch(&format!("PRAGMA key = \"x'{digits}'\"")).unwrap();
}

/// SQLite3 Multiple Ciphers takes digits after `raw:` for the key itself.
#[cfg(feature = "multiple-ciphers")]
fn unlock(connection: &Connection) {
    let digits = "07".repeat(32);
    connection.query_row("PRAGMA cipher = 'chacha20'", [], |_| Ok(())).unwrap();
    connection.query_row(&format!("PRAGMA key = 'raw:{digits}'"), [], |_| Ok(())).unwrap();
}

/// What it says of itself.
pub fn version() -> String {
    let connection = Connection::open_in_memory().unwrap();
    let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).ok();
    let sqlite = rusqlite::version();
    let own = if cfg!(feature = "sqlcipher") {
        ask("PRAGMA cipher_version").map(|version| format!("SQLCipher {version}, "))
    } else if cfg!(feature = "multiple-ciphers") {
        ask("SELECT sqlite3mc_version()").map(|version| format!("{version}, "))
    } else {
        None
    };
    format!("{}SQLite {sqlite}", own.unwrap_or_default())
}
