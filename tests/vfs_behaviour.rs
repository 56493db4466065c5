//! What SQLite does on sealed files, beyond the plain case: spills, rollbacks, VACUUM, locks, crashes, strangers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use finvault::crypto::{KdfParams, OsRandom, Passphrase, VaultKey};
use finvault::vfs::{self, ConnectOptions, Damage, Secret, Synchronous, VfsError};
use rusqlite::Connection;

struct Vault {
    folder: tempfile::TempDir,
    path: PathBuf,
    key: VaultKey,
}

fn passphrase() -> Passphrase {
    Passphrase::new("a passphrase".to_owned())
}

fn new_vault() -> Vault {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.vault");
    let created = vfs::create(&path, &passphrase(), KdfParams::FLOOR, &OsRandom).unwrap();
    Vault { folder, path, key: created.key }
}

impl Vault {
    fn open(&self) -> Connection {
        vfs::connect(&self.path, &self.key, &ConnectOptions::default()).unwrap()
    }

    fn with_cache(&self, cache_mib: u32) -> Connection {
        let options = ConnectOptions { cache_mib, ..ConnectOptions::default() };
        vfs::connect(&self.path, &self.key, &options).unwrap()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("books.vault-wal")
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn assert_sound(connection: &Connection) {
    let report = vfs::check(connection, &mut |_, _| {}).unwrap();
    assert!(report.is_clean(), "{report:?}");
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

const FILL: &str = "CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB) STRICT;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO t SELECT i, randomblob(700) FROM n;";

#[test]
fn the_pragmas_are_set() {
    let vault = new_vault();
    let connection = vault.open();
    let text = |name: &str| -> String {
        connection
            .query_row(&format!("PRAGMA {name}"), [], |row| {
                row.get::<_, rusqlite::types::Value>(0).map(|value| match value {
                    rusqlite::types::Value::Integer(number) => number.to_string(),
                    rusqlite::types::Value::Text(text) => text,
                    other => format!("{other:?}"),
                })
            })
            .unwrap()
    };
    assert_eq!(text("journal_mode"), "wal");
    assert_eq!(text("locking_mode"), "exclusive");
    assert_eq!(text("synchronous"), "2");
    assert_eq!(text("temp_store"), "2");
    assert_eq!(text("trusted_schema"), "0");
    assert_eq!(text("cell_size_check"), "1");
    assert_eq!(text("foreign_keys"), "1");
    assert_eq!(text("page_size"), "4096");
    assert_eq!(text("cache_size"), "-65536");
    connection.pragma_update(None, "mmap_size", 1 << 30).unwrap_or_default();
    assert_eq!(text("mmap_size"), "0");
}

#[test]
fn a_big_transaction_spills_and_survives() {
    let vault = new_vault();
    {
        let connection = vault.with_cache(0);
        connection.pragma_update(None, "cache_size", 10).unwrap();
        connection.execute_batch("BEGIN").unwrap();
        connection.execute_batch(FILL).unwrap();
        // Rewrites pages that were spilled in this same transaction: SQLite overwrites their frames in place and
        // then rewrites the checksums.
        for _ in 0..3 {
            connection.execute("UPDATE t SET b = randomblob(650) WHERE a % 7 = 0", []).unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
        connection.execute("UPDATE t SET b = zeroblob(3) WHERE a = 1", []).unwrap();
        assert_eq!(number(&connection, "SELECT count(*) FROM t"), 3000);
        // A crash copy: recovery must accept the rewritten frames.
        let copy = tempfile::tempdir().unwrap();
        let other = copy.path().join("books.vault");
        fs::copy(&vault.path, &other).unwrap();
        fs::copy(vault.log(), copy.path().join("books.vault-wal")).unwrap();
        let reopened = vfs::connect(&other, &vault.key, &ConnectOptions::default()).unwrap();
        assert_eq!(number(&reopened, "SELECT count(*) FROM t"), 3000);
        assert_eq!(number(&reopened, "SELECT length(b) FROM t WHERE a = 1"), 3);
        assert_sound(&reopened);
    }
    let connection = vault.open();
    assert_eq!(number(&connection, "SELECT sum(length(b)) FROM t WHERE a % 7 = 0"), 428 * 650);
    assert_sound(&connection);
}

#[test]
fn rollbacks_leave_nothing() {
    let vault = new_vault();
    let connection = vault.with_cache(0);
    connection.pragma_update(None, "cache_size", 10).unwrap();
    connection.execute_batch(FILL).unwrap();
    let before = number(&connection, "SELECT sum(length(b)) FROM t");
    connection.execute_batch("BEGIN; UPDATE t SET b = randomblob(900); ROLLBACK;").unwrap();
    assert_eq!(number(&connection, "SELECT sum(length(b)) FROM t"), before);
    connection
        .execute_batch(
            "BEGIN; UPDATE t SET b = randomblob(10) WHERE a < 50; SAVEPOINT s;
             UPDATE t SET b = randomblob(900); ROLLBACK TO s; UPDATE t SET b = randomblob(20) WHERE a = 50; COMMIT;",
        )
        .unwrap();
    assert_eq!(number(&connection, "SELECT sum(length(b)) FROM t WHERE a <= 50"), 49 * 10 + 20);
    drop(connection);
    let connection = vault.open();
    assert_eq!(number(&connection, "SELECT sum(length(b)) FROM t"), before - 50 * 700 + 49 * 10 + 20);
    assert_sound(&connection);
}

#[test]
fn vacuum_and_deletes_shrink_the_file() {
    let vault = new_vault();
    let connection = vault.open();
    connection.execute_batch(FILL).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let full = fs::metadata(&vault.path).unwrap().len();
    connection.execute("DELETE FROM t WHERE a % 10 <> 0", []).unwrap();
    connection.execute_batch("VACUUM").unwrap();
    assert_sound(&connection);
    assert_eq!(number(&connection, "SELECT count(*) FROM t"), 300);
    assert!(fs::metadata(&vault.path).unwrap().len() < full / 4);
    connection.execute_batch("CREATE INDEX i ON t(b); ANALYZE;").unwrap();
    assert_sound(&connection);
    assert_eq!(vault.files(), ["books.vault", "books.vault-wal"]);
}

/// SQLite extends a file over free pages without writing them; they must be sealed all the same.
#[test]
fn gaps_are_filled_with_sealed_pages() {
    let vault = new_vault();
    {
        let connection = vault.open();
        connection.execute_batch("BEGIN").unwrap();
        connection.execute_batch(FILL).unwrap();
        connection
            .execute_batch("DROP TABLE t; CREATE TABLE u(a BLOB) STRICT; INSERT INTO u VALUES (randomblob(9000)); COMMIT;")
            .unwrap();
    }
    let connection = vault.open();
    assert!(number(&connection, "PRAGMA freelist_count") > 256);
    assert_sound(&connection);
}

#[test]
fn only_the_vault_and_its_log_exist_and_only_for_the_owner() {
    let vault = new_vault();
    let connection = vault.open();
    connection.execute_batch(FILL).unwrap();
    connection.execute_batch("CREATE INDEX i ON t(b); SELECT * FROM t ORDER BY b;").unwrap();
    assert_eq!(vault.files(), ["books.vault", "books.vault-wal"]);
    #[cfg(unix)]
    for file in [&vault.path, &vault.log()] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Nothing else can be opened through a vault's connection.
    let beside = vault.folder.path().join("other.db");
    let attach = format!("ATTACH '{}' AS other", beside.display());
    assert!(connection.execute_batch(&attach).is_err());
    assert!(!beside.exists());
    drop(connection);
    assert_eq!(vault.files(), ["books.vault"]);
}

#[test]
fn a_second_connection_waits_and_then_names_the_vault() {
    let vault = new_vault();
    let first = vault.open();
    let options = ConnectOptions { busy_timeout_ms: 120, ..ConnectOptions::default() };
    let started = std::time::Instant::now();
    let second = vfs::connect(&vault.path, &vault.key, &options);
    assert!(matches!(&second, Err(VfsError::Busy { path }) if *path == vault.path), "{:?}", second.err());
    assert!(started.elapsed().as_millis() >= 100);
    // Unlocking needs no lock, and must not drop the first connection's.
    vfs::unlock(&vault.path, &Secret::Passphrase(&passphrase())).unwrap();
    assert!(matches!(vfs::connect(&vault.path, &vault.key, &options), Err(VfsError::Busy { .. })));
    drop(first);
    vfs::connect(&vault.path, &vault.key, &options).unwrap();
}

#[test]
fn strangers_get_clear_answers() {
    let vault = new_vault();
    let folder = vault.folder.path();
    let options = ConnectOptions::default();
    let exists = vfs::create(&vault.path, &passphrase(), KdfParams::FLOOR, &OsRandom);
    assert!(matches!(exists, Err(VfsError::Exists { .. })));
    let missing = folder.join("missing");
    assert!(matches!(vfs::connect(&missing, &vault.key, &options), Err(VfsError::Io { .. })));
    assert!(matches!(vfs::unlock(&missing, &Secret::Passphrase(&passphrase())), Err(VfsError::Io { .. })));
    assert!(!missing.exists());
    for (name, bytes) in [
        ("empty", Vec::new()),
        ("short", b"hello".to_vec()),
        ("long", vec![0x55; 50_000]),
        ("sqlite", b"SQLite format 3\0".repeat(2000)),
    ] {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        let unlocked = vfs::unlock(&path, &Secret::Passphrase(&passphrase()));
        assert!(matches!(unlocked, Err(VfsError::NotAVault { .. })), "{name}: {:?}", unlocked.err());
        let connected = vfs::connect(&path, &vault.key, &options);
        assert!(matches!(connected, Err(VfsError::NotAVault { .. })), "{name}: {:?}", connected.err());
    }
    assert!(matches!(
        vfs::unlock(folder, &Secret::Passphrase(&passphrase())),
        Err(VfsError::NotAVault { .. })
    ));
    let stranger = VaultKey::generate(&OsRandom).unwrap();
    assert!(matches!(vfs::connect(&vault.path, &stranger, &options), Err(VfsError::WrongSecret)));
    assert!(matches!(
        vfs::check(&Connection::open_in_memory().unwrap(), &mut |_, _| {}),
        Err(VfsError::NotOurs)
    ));
    let nowhere = folder.join("no/such/folder/vault");
    let created = vfs::create(&nowhere, &passphrase(), KdfParams::FLOOR, &OsRandom);
    assert!(matches!(created, Err(VfsError::Io { .. })));
}

/// A hot rollback journal that puts `page` back at page 2, as plain SQLite writes them
/// (<https://sqlite.org/fileformat.html>, section 3).
fn hot_journal(page: &[u8]) -> Vec<u8> {
    let mut journal = vec![0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    for field in [1_u32, 0, 2, 512, 4096] {
        journal.extend_from_slice(&field.to_be_bytes());
    }
    journal.resize(512, 0);
    let sum: u32 = (1..=20).map(|step| u32::from(page[4096 - step * 200])).sum();
    journal.extend_from_slice(&2_u32.to_be_bytes());
    journal.extend_from_slice(page);
    journal.extend_from_slice(&sum.to_be_bytes());
    journal
}

/// A prototype let SQLite replay a journal that someone put beside the file, and a balance changed.
#[test]
fn a_forged_journal_is_never_read() {
    let make = "CREATE TABLE t(a); INSERT INTO t VALUES (1);";
    let plain_folder = tempfile::tempdir().unwrap();
    let plain = plain_folder.path().join("plain.db");
    Connection::open(&plain).unwrap().execute_batch(make).unwrap();
    let journal = hot_journal(&fs::read(&plain).unwrap()[4096..8192]);
    // Plain SQLite does replay it: the forgery is a good one.
    Connection::open(&plain).unwrap().execute("UPDATE t SET a = 7", []).unwrap();
    fs::write(plain_folder.path().join("plain.db-journal"), &journal).unwrap();
    assert_eq!(number(&Connection::open(&plain).unwrap(), "SELECT a FROM t"), 1);

    let vault = new_vault();
    vault.open().execute_batch(make).unwrap();
    vault.open().execute("UPDATE t SET a = 7", []).unwrap();
    let forged = vault.folder.path().join("books.vault-journal");
    fs::write(&forged, &journal).unwrap();
    let connection = vault.open();
    assert_eq!(number(&connection, "SELECT a FROM t"), 7);
    connection.execute("UPDATE t SET a = 5", []).unwrap();
    assert_sound(&connection);
    drop(connection);
    assert_eq!(fs::read(&forged).unwrap(), journal);
    assert_eq!(number(&vault.open(), "SELECT a FROM t"), 5);
}

fn copy_vault(from: &Vault, to: &Path) -> PathBuf {
    let path = to.join("books.vault");
    fs::copy(&from.path, &path).unwrap();
    let log = to.join("books.vault-wal");
    if from.log().exists() {
        fs::copy(from.log(), log).unwrap();
    } else {
        let _ = fs::remove_file(log);
    }
    path
}

/// Copies of vault and log at many moments, as a crash would leave them: all that was acknowledged is there.
#[test]
fn every_crash_copy_has_all_commits() {
    for synchronous in [Synchronous::Full, Synchronous::Normal] {
        let vault = new_vault();
        let options = ConnectOptions { synchronous, cache_mib: 1, ..ConnectOptions::default() };
        let connection = vfs::connect(&vault.path, &vault.key, &options).unwrap();
        connection.pragma_update(None, "wal_autocheckpoint", 40).unwrap();
        connection.execute_batch("CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB) STRICT").unwrap();
        for round in 1..=60_i64 {
            connection.execute("INSERT INTO t VALUES (?1, randomblob(?1 * 400))", [round]).unwrap();
            if round % 9 == 0 {
                connection.execute("DELETE FROM t WHERE a < ?1 - 5", [round]).unwrap();
            }
            if round == 30 {
                connection.execute_batch("VACUUM").unwrap();
            }
            let copy = tempfile::tempdir().unwrap();
            let path = copy_vault(&vault, copy.path());
            let reopened = vfs::connect(&path, &vault.key, &options).unwrap();
            assert_eq!(number(&reopened, "SELECT max(a) FROM t"), round);
            assert_sound(&reopened);
            reopened.execute("INSERT INTO t VALUES (1000, zeroblob(20000))", []).unwrap();
            drop(reopened);
            let again = vfs::connect(&path, &vault.key, &options).unwrap();
            assert_eq!(number(&again, "SELECT max(a) FROM t"), 1000);
            assert_sound(&again);
        }
    }
}

/// A log of another day, put back after a clean close, must not roll anything back.
#[test]
fn a_stale_log_is_ignored() {
    let vault = new_vault();
    let connection = vault.open();
    connection.execute_batch("CREATE TABLE t(a); INSERT INTO t VALUES (1);").unwrap();
    let stale = fs::read(vault.log()).unwrap();
    connection.execute("UPDATE t SET a = 2", []).unwrap();
    let whole = fs::read(vault.log()).unwrap();
    drop(connection);
    for log in [&stale, &whole] {
        fs::write(vault.log(), log).unwrap();
        let connection = vault.open();
        assert_eq!(number(&connection, "SELECT a FROM t"), 2);
        drop(connection);
        assert!(!vault.log().exists());
    }
    vault.open().execute("UPDATE t SET a = 3", []).unwrap();
    fs::write(vault.log(), &whole).unwrap();
    let connection = vault.open();
    assert_eq!(number(&connection, "SELECT a FROM t"), 3);
    connection.execute("UPDATE t SET a = 4", []).unwrap();
    assert_sound(&connection);
}

/// A log that was restarted in the same session does not come back either, and a missing or shortened one is noticed.
#[test]
fn a_missing_or_older_log_is_damage() {
    let vault = new_vault();
    let connection = vault.open();
    connection.execute_batch("CREATE TABLE t(a); INSERT INTO t VALUES (1);").unwrap();
    let older = fs::read(vault.log()).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(RESTART)").unwrap();
    connection.execute("UPDATE t SET a = 2", []).unwrap();
    connection.execute("UPDATE t SET a = 3", []).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)").unwrap();
    let options = ConnectOptions::default();
    let copy = tempfile::tempdir().unwrap();
    let path = copy_vault(&vault, copy.path());
    let log = copy.path().join("books.vault-wal");
    let now = fs::read(&log).unwrap();
    fs::remove_file(&log).unwrap();
    let opened = vfs::connect(&path, &vault.key, &options);
    assert!(matches!(opened, Err(VfsError::Damaged(Damage::WalMissing))), "{:?}", opened.err());
    fs::write(&log, &older).unwrap();
    let opened = vfs::connect(&path, &vault.key, &options);
    assert!(matches!(opened, Err(VfsError::Damaged(Damage::WalHeader))), "{:?}", opened.err());
    // The checkpoint told the header how far the log reaches: less is noticed without any marker.
    fs::write(&log, &now[..8192 + 4192]).unwrap();
    let opened = vfs::connect(&path, &vault.key, &options);
    assert!(matches!(opened, Err(VfsError::Damaged(Damage::WalShortened { .. }))), "{:?}", opened.err());
    fs::write(&log, &now).unwrap();
    assert_eq!(number(&vfs::connect(&path, &vault.key, &options).unwrap(), "SELECT a FROM t"), 3);
}

#[test]
fn nothing_readable_is_left_in_the_files() {
    let vault = new_vault();
    let connection = vault.open();
    connection.execute_batch("CREATE TABLE plainly_named(memo TEXT) STRICT").unwrap();
    for _ in 0..400 {
        connection
            .execute("INSERT INTO plainly_named VALUES ('Corner Cafe, two espressos and a newspaper')", [])
            .unwrap();
    }
    let mut all = fs::read(&vault.path).unwrap();
    all.extend(fs::read(vault.log()).unwrap());
    drop(connection);
    all.extend(fs::read(&vault.path).unwrap());
    for word in ["plainly_named", "Corner", "espresso", "SQLite format"] {
        assert!(!all.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
    // Each unit once: in a closed vault the tag table's twins are copies of each other.
    let file = fs::read(&vault.path).unwrap();
    let units: std::collections::BTreeSet<&[u8]> = file[8192..].chunks(4096).collect();
    let body = units.into_iter().collect::<Vec<_>>().concat();
    let mut counts = [0_f64; 256];
    for byte in &body {
        counts[usize::from(*byte)] += 1.0;
    }
    let expected = body.len() as f64 / 256.0;
    let chi_square: f64 = counts.iter().map(|count| (count - expected).powi(2) / expected).sum();
    // 255 degrees of freedom: mean 255, standard deviation 22.6; this band is six of those wide on each side.
    assert!((120.0..390.0).contains(&chi_square), "chi-square {chi_square}");
}

/// A name the system may read as a URI, a relative path, a link.
#[test]
fn odd_paths_work() {
    let vault = new_vault();
    vault.open().execute_batch("CREATE TABLE t(a)").unwrap();
    let odd = vault.folder.path().join("file: 100%?mode=memory#ä.vault");
    fs::rename(&vault.path, &odd).unwrap();
    let connection = vfs::connect(&odd, &vault.key, &ConnectOptions::default()).unwrap();
    assert_eq!(number(&connection, "SELECT count(*) FROM sqlite_schema"), 1);
    drop(connection);
    #[cfg(unix)]
    {
        let link = vault.folder.path().join("link");
        std::os::unix::fs::symlink(&odd, &link).unwrap();
        vfs::unlock(&link, &Secret::Passphrase(&passphrase())).unwrap();
        vfs::connect(&link, &vault.key, &ConnectOptions::default()).unwrap();
    }
}

/// A folder that lets nothing be written: a vault in it is read, and told to be read-only once it would be written.
#[cfg(unix)]
#[test]
fn a_read_only_folder_is_told_and_the_vault_stays_whole() {
    use std::os::unix::fs::PermissionsExt;
    let vault = new_vault();
    vault.open().execute_batch(FILL).unwrap();
    let folder = vault.folder.path();
    let before = fs::read(&vault.path).unwrap();
    let set_mode = |mode| fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
    set_mode(0o555);
    if fs::write(folder.join("probe"), b"").is_ok() {
        set_mode(0o755);
        println!("skipped: this user may write everywhere");
        return;
    }
    let connection = vault.open();
    assert_eq!(number(&connection, "SELECT count(*) FROM t"), 3_000);
    let written = connection.execute_batch("DELETE FROM t");
    assert_eq!(number(&connection, "SELECT count(*) FROM t"), 3_000);
    let created = vfs::create(&folder.join("new"), &passphrase(), KdfParams::FLOOR, &OsRandom);
    set_mode(0o755);
    let refused = written.unwrap_err().sqlite_error_code();
    assert_eq!(refused, Some(rusqlite::ErrorCode::ReadOnly));
    assert!(matches!(created, Err(VfsError::ReadOnly { .. })));
    assert_eq!(fs::read(&vault.path).unwrap(), before);
    // The same connection writes once it may.
    connection.execute_batch("DELETE FROM t WHERE a = 1").unwrap();
    assert_sound(&connection);
}

/// A vault that is only read makes no log, and its folder is not touched.
#[test]
fn reading_leaves_the_folder_alone() {
    let vault = new_vault();
    vault.open().execute_batch(FILL).unwrap();
    assert_eq!(vault.files(), ["books.vault"]);
    let stale = b"left behind by a crash between two steps of closing";
    for with_a_stale_log in [false, true] {
        if with_a_stale_log {
            fs::write(vault.log(), stale).unwrap();
        }
        let before = fs::read(&vault.path).unwrap();
        let connection = vault.open();
        assert_sound(&connection);
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        assert_eq!(vault.log().exists(), with_a_stale_log, "nothing was written");
        connection.execute_batch("BEGIN IMMEDIATE; DELETE FROM t; ROLLBACK").unwrap();
        assert_eq!(vault.log().exists(), with_a_stale_log, "nor kept");
        connection.close().unwrap();
        assert_eq!(vault.files(), ["books.vault"], "a log that belongs to nothing is tidied away");
        assert_eq!(fs::read(&vault.path).unwrap(), before);
    }
    let connection = vault.open();
    connection.execute_batch("DELETE FROM t WHERE a = 1").unwrap();
    assert_eq!(vault.files(), ["books.vault", "books.vault-wal"]);
    connection.close().unwrap();
    assert_eq!(vault.files(), ["books.vault"]);
}
