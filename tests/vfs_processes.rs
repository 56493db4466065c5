//! Two processes and one vault: the second waits and is told, and a kill loses nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use finvault::crypto::{KdfParams, OsRandom, Passphrase};
use finvault::vfs::{self, ConnectOptions, Secret, VfsError};

fn passphrase() -> Passphrase {
    Passphrase::new("a passphrase".to_owned())
}

/// Not a test of its own: the other process of the test below. Commits numbers for ever and tells each when it is
/// acknowledged.
#[test]
#[ignore = "started by another test"]
fn another_process_commits() {
    let Ok(path) = std::env::var("FINVAULT_TEST_VAULT") else {
        return;
    };
    let unlocked = vfs::unlock(Path::new(&path), &Secret::Passphrase(&passphrase())).unwrap();
    let connection = vfs::connect(Path::new(&path), &unlocked.key, &ConnectOptions::default()).unwrap();
    connection.execute_batch("CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY)").unwrap();
    loop {
        connection.execute("INSERT INTO t VALUES (NULL)", []).unwrap();
        eprintln!("acknowledged {}", connection.last_insert_rowid());
    }
}

/// Another process has the vault, then is killed at some moment: busy before, complete after.
#[test]
fn a_killed_process_leaves_all_it_acknowledged() {
    use std::io::BufRead;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.vault");
    let key = vfs::create(&path, &passphrase(), KdfParams::FLOOR, &OsRandom).unwrap().key;
    let options = ConnectOptions { busy_timeout_ms: 50, ..ConnectOptions::default() };
    let mut last = 0;
    for commits in [1, 7, 60] {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "another_process_commits", "--nocapture"])
            .env("FINVAULT_TEST_VAULT", &path)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lines = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
        let mut acknowledged = lines.map_while(|line| {
            line.unwrap().strip_prefix("acknowledged ").map(|text| text.parse::<i64>().unwrap())
        });
        last = acknowledged.by_ref().nth(commits).unwrap();
        let busy = vfs::connect(&path, &key, &options);
        assert!(matches!(busy, Err(VfsError::Busy { .. })), "{:?}", busy.err());
        child.kill().unwrap();
        child.wait().unwrap();
        last = acknowledged.last().unwrap_or(last);
        assert!(folder.path().join("books.vault-wal").exists());
        let connection = vfs::connect(&path, &key, &ConnectOptions::default()).unwrap();
        assert!(
            connection.query_row("SELECT max(a) FROM t", [], |row| row.get::<_, i64>(0)).unwrap() >= last
        );
        assert!(vfs::check(&connection, &mut |_, _| {}).unwrap().is_clean());
    }
    assert!(last > 60);
}
