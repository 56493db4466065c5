//! A vault from end to end: made, unlocked, opened, used, closed, opened again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::crypto::{KdfParams, OsRandom, Passphrase, RecoveryCode};
use finvault::vfs::{self, ConnectOptions, Secret, VfsError};

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple".to_owned())
}

#[test]
fn a_vault_holds_what_was_put_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.vault");
    let created = vfs::create(&path, &passphrase(), KdfParams::FLOOR, &OsRandom).unwrap();
    {
        let connection = vfs::connect(&path, &created.key, &ConnectOptions::default()).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT) STRICT;
                 INSERT INTO t(b) VALUES ('first'), ('second');",
            )
            .unwrap();
    }
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["books.vault"]);
    let unlocked = vfs::unlock(&path, &Secret::Passphrase(&passphrase())).unwrap();
    assert_eq!(unlocked.vault_id, created.vault_id);
    assert!(unlocked.warnings.is_empty());
    let connection = vfs::connect(&path, &unlocked.key, &ConnectOptions::default()).unwrap();
    let text: String = connection.query_row("SELECT group_concat(b) FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(text, "first,second");
    let report = vfs::check(&connection, &mut |_, _| {}).unwrap();
    assert!(report.is_clean(), "{report:?}");
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let wrong = Passphrase::new("incorrect horse".to_owned());
    assert!(matches!(vfs::unlock(&path, &Secret::Passphrase(&wrong)), Err(VfsError::WrongSecret)));
    let code = RecoveryCode::parse(&created.recovery_code.reveal()).unwrap();
    assert!(vfs::unlock(&path, &Secret::RecoveryCode(&code)).is_ok());
}
