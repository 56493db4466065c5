//! What builds with the feature `testing` offer to benches outside the crate.
#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(unsafe_code, reason = "the function is made for callers in C")]

use finvault::crypto::{KdfParams, OsRandom, Passphrase};
use finvault::vfs;

#[test]
fn the_default_vfs_seals_any_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bench.db");
    let key = [9_u8; 32];
    for round in 0..2 {
        // SAFETY: 32 bytes are there.
        assert_eq!(unsafe { vfs::finvault_register_default_vfs(key.as_ptr()) }, 0);
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; PRAGMA journal_mode = WAL;
                 PRAGMA temp_store = MEMORY; CREATE TABLE IF NOT EXISTS t(a); INSERT INTO t VALUES ('readable');",
            )
            .unwrap();
        let count: i64 = connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(count, round + 1);
        assert!(vfs::check(&connection, &mut |_, _| {}).unwrap().is_clean());
    }
    let bytes = std::fs::read(&path).unwrap();
    assert!(!bytes.windows(8).any(|window| window == b"readable"));
    // Without a log, in SQLite's memory journal.
    let other = folder.path().join("memory.db");
    let connection = rusqlite::Connection::open(&other).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = MEMORY; CREATE TABLE t(a); INSERT INTO t VALUES (zeroblob(2000000));",
        )
        .unwrap();
    connection.execute_batch("BEGIN; DELETE FROM t; ROLLBACK; DELETE FROM t; VACUUM;").unwrap();
    drop(connection);
    let connection = rusqlite::Connection::open(&other).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

#[test]
fn cheap_parameters_are_for_testing_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v");
    let passphrase = Passphrase::new("p".to_owned());
    let cheap = KdfParams::below_floor(64, 1, 1).unwrap();
    vfs::create(&path, &passphrase, cheap, &OsRandom).unwrap();
    vfs::unlock(&path, &vfs::Secret::Passphrase(&passphrase)).unwrap();
}
