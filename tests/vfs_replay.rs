//! Attacks by whoever kept older copies of a vault, or of parts of it: every byte that they put back is authentic.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;

use finvault::crypto::{KdfParams, OsRandom, Passphrase, VaultKey};
use finvault::vfs::{self, ConnectOptions, Damage, Seen, VfsError};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

const UNIT: usize = 4096;
/// Units before page 1: header copies, node slots, list slots.
const BEFORE_PAGES: usize = 6;

struct Vault {
    _folder: tempfile::TempDir,
    path: PathBuf,
    log: PathBuf,
    key: VaultKey,
}

/// A vault of a dozen pages, closed.
fn new_vault() -> Vault {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v");
    let passphrase = Passphrase::new("a passphrase".to_owned());
    let key = vfs::create(&path, &passphrase, KdfParams::FLOOR, &OsRandom).unwrap().key;
    let log = folder.path().join("v-wal");
    let vault = Vault { _folder: folder, path, log, key };
    vault
        .open()
        .execute_batch(
            "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT) STRICT; CREATE TABLE u(a INTEGER) STRICT;
             INSERT INTO t VALUES (1, 'one'), (2, hex(zeroblob(6000)));",
        )
        .unwrap();
    vault
}

impl Vault {
    fn open(&self) -> Connection {
        vfs::connect(&self.path, &self.key, &ConnectOptions::default()).unwrap()
    }

    fn change(&self, to: &str) {
        change(&self.open(), to);
    }

    fn bytes(&self) -> Vec<u8> {
        assert!(!self.log.exists());
        fs::read(&self.path).unwrap()
    }

    fn put(&self, main: &[u8], log: Option<&[u8]>) {
        fs::write(&self.path, main).unwrap();
        match log {
            Some(log) => fs::write(&self.log, log).unwrap(),
            None => drop(fs::remove_file(&self.log)),
        }
    }

    /// What reading everything comes to: the text of row 1, or the damage.
    fn read(&self) -> Result<String, Damage> {
        let connection = match vfs::connect(&self.path, &self.key, &ConnectOptions::default()) {
            Ok(connection) => connection,
            Err(VfsError::Damaged(damage)) => return Err(damage),
            Err(other) => panic!("{other}"),
        };
        // The attacked files stay as they are for the next look.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
        let all =
            connection.query_row("SELECT min(b), sum(length(b)) FROM t", [], |row| row.get::<_, String>(0));
        let text = connection.query_row("SELECT b FROM t WHERE a = 1", [], |row| row.get(0));
        match all.and(text) {
            Ok(text) => Ok(text),
            Err(error) => Err(vfs::damage(&connection).unwrap_or_else(|| panic!("{error} without a reason"))),
        }
    }

    fn check(&self) -> Vec<Damage> {
        match vfs::check(&self.open(), &mut |_, _| {}) {
            Ok(report) => report.damage,
            Err(VfsError::Damaged(damage)) => vec![damage],
            Err(other) => panic!("{other}"),
        }
    }

    fn found(&self) -> Seen {
        vfs::found(&self.open()).unwrap()
    }
}

fn change(connection: &Connection, to: &str) {
    connection.execute("UPDATE t SET b = ?1 WHERE a = 1", [to]).unwrap();
}

/// The units in which two states of a file differ.
fn differing(one: &[u8], other: &[u8]) -> Vec<usize> {
    assert_eq!(one.len(), other.len());
    (0..one.len() / UNIT).filter(|unit| at(one, *unit) != at(other, *unit)).collect()
}

fn at(bytes: &[u8], unit: usize) -> &[u8] {
    &bytes[unit * UNIT..(unit + 1) * UNIT]
}

/// `new` with some units of `old`.
fn mixed(new: &[u8], old: &[u8], units: &[usize]) -> Vec<u8> {
    let mut bytes = new.to_vec();
    for unit in units {
        bytes[unit * UNIT..(unit + 1) * UNIT].copy_from_slice(at(old, *unit));
    }
    bytes
}

/// A vault, and its bytes before and after one change.
fn changed_vault() -> (Vault, Vec<u8>, Vec<u8>) {
    let vault = new_vault();
    vault.change("old");
    let old = vault.bytes();
    vault.change("new");
    let new = vault.bytes();
    (vault, old, new)
}

#[test]
fn an_old_page_is_found() {
    let (vault, old, new) = changed_vault();
    let pages: Vec<_> = differing(&old, &new).into_iter().filter(|unit| *unit >= BEFORE_PAGES).collect();
    assert!(!pages.is_empty());
    for unit in pages {
        vault.put(&mixed(&new, &old, &[unit]), None);
        let page = u32::try_from(unit - BEFORE_PAGES + 1).unwrap();
        assert_eq!(vault.check(), [Damage::OldPage { page }]);
        vault.put(&mixed(&new, &old, &[unit]), None);
        match vault.read() {
            Err(damage) => assert_eq!(damage, Damage::OldPage { page }),
            Ok(text) => assert_eq!(text, "new", "a page that this reading did not need"),
        }
    }
    // Of every page that belongs to the vault, the newest is the only one that passes.
    vault.put(&new, None);
    assert_eq!(vault.read().as_deref(), Ok("new"));
    assert_eq!(vault.check(), []);
}

#[test]
fn an_old_page_with_its_old_list_is_found() {
    let (vault, old, new) = changed_vault();
    let pages: Vec<_> = differing(&old, &new).into_iter().filter(|unit| *unit >= BEFORE_PAGES).collect();
    let with = |units: &[usize]| mixed(&new, &old, &[pages.as_slice(), units].concat());
    // One slot of the list: its twin serves, and finds the page.
    vault.put(&with(&[4]), None);
    assert!(matches!(vault.read(), Err(Damage::OldPage { .. })));
    vault.put(&with(&[4, 5]), None);
    assert_eq!(vault.read(), Err(Damage::Table { first: 1, last: 250 }));
}

#[test]
fn an_old_page_with_its_old_list_and_node_is_found() {
    let (vault, old, new) = changed_vault();
    let all: Vec<_> = differing(&old, &new).into_iter().filter(|unit| *unit >= 2).collect();
    vault.put(&mixed(&new, &old, &all), None);
    assert_eq!(vault.read(), Err(Damage::Table { first: 1, last: 62_500 }));
    // And with one of the old header copies, or with a new one and a spoilt one.
    for copy in 0..2 {
        vault.put(&mixed(&new, &old, &[all.as_slice(), &[copy]].concat()), None);
        assert_eq!(vault.read(), Err(Damage::Table { first: 1, last: 62_500 }), "copy {copy}");
        let mut spoilt = mixed(&new, &old, &all);
        spoilt[copy * UNIT + 100] ^= 1;
        vault.put(&spoilt, None);
        assert_eq!(vault.read(), Err(Damage::Table { first: 1, last: 62_500 }), "copy {copy} spoilt");
    }
}

#[test]
fn a_header_copied_from_an_older_vault_is_found() {
    let (vault, old, new) = changed_vault();
    for copy in 0..2 {
        // The other copy is newer, and serves.
        vault.put(&mixed(&new, &old, &[copy]), None);
        assert_eq!(vault.read().as_deref(), Ok("new"), "copy {copy}");
    }
    vault.put(&mixed(&new, &old, &[0, 1]), None);
    assert!(matches!(vault.read(), Err(Damage::Table { .. })));
}

#[test]
fn swapped_slots_of_the_tag_table_change_nothing() {
    let (vault, _, new) = changed_vault();
    let mut swapped = new.clone();
    for (a, b) in [(2, 3), (4, 5)] {
        swapped[a * UNIT..(a + 1) * UNIT].copy_from_slice(at(&new, b));
        swapped[b * UNIT..(b + 1) * UNIT].copy_from_slice(at(&new, a));
    }
    vault.put(&swapped, None);
    assert_eq!(vault.read().as_deref(), Ok("new"));
    assert_eq!(vault.check(), []);
}

/// Every byte is authentic: only who remembers how far the vault had come notices.
#[test]
fn the_whole_file_rolled_back_is_older_than_remembered() {
    let (vault, old, new) = changed_vault();
    let remembered = vault.found();
    assert!(!remembered.is_older_than(&remembered));
    vault.put(&old, None);
    assert_eq!(vault.read().as_deref(), Ok("old"));
    assert!(vault.found().is_older_than(&remembered));
    vault.put(&new, None);
    assert!(!vault.found().is_older_than(&remembered));
    // What closed says is what opening finds.
    let closed = vfs::closed(&vault.path, &vault.key).unwrap().unwrap();
    assert_eq!((closed.generation, closed.commits), (vault.found().generation, vault.found().commits));
}

/// Files as a crash leaves them: a checkpoint was made, the log was not begun anew.
fn crashed_after_checkpoint() -> (Vault, Vec<u8>, Vec<u8>, Seen) {
    let (vault, ..) = changed_vault();
    let connection = vault.open();
    change(&connection, "newer");
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
    let (main, log) = (fs::read(&vault.path).unwrap(), fs::read(&vault.log).unwrap());
    let seen = vfs::durable(&connection).unwrap();
    drop(connection);
    (vault, main, log, seen)
}

/// An attacker may force the older of the two header copies of a crashed session: it leads to the same data.
#[test]
fn forcing_the_older_tags_of_a_crashed_session_gains_nothing() {
    let (vault, main, log, seen) = crashed_after_checkpoint();
    for unit in 0..main.len() / UNIT {
        for at in [50, UNIT - 1] {
            let mut spoilt = main.clone();
            spoilt[unit * UNIT + at] ^= 1;
            vault.put(&spoilt, Some(&log));
            match vault.read() {
                Ok(text) => assert_eq!(text, "newer", "unit {unit}"),
                Err(Damage::Page { page }) => {
                    assert_eq!(page as usize, unit + 1 - BEFORE_PAGES, "a page that is not in the log");
                }
                Err(other) => panic!("unit {unit}: {other}"),
            }
            if unit < BEFORE_PAGES {
                assert!(!vault.found().is_older_than(&seen) || unit < 2, "unit {unit}");
                assert!(vault.check().iter().all(Damage::is_mended), "unit {unit}");
                assert_eq!(vault.read().as_deref(), Ok("newer"), "unit {unit}, mended");
            }
        }
    }
}

/// In the life of a log that has begun anew, pages from before it are judged by the table as ever.
#[test]
fn an_old_page_in_a_crashed_session_is_found() {
    let (vault, old, _) = changed_vault();
    let connection = vault.open();
    connection.execute_batch("CREATE TABLE w(a INTEGER) STRICT; INSERT INTO w VALUES (1)").unwrap();
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
    connection.execute("INSERT INTO w VALUES (2)", []).unwrap();
    let (main, log) = (fs::read(&vault.path).unwrap(), fs::read(&vault.log).unwrap());
    drop(connection);
    vault.put(&main, Some(&log));
    assert_eq!(vault.read().as_deref(), Ok("new"));
    // Row 1 lies on a page that only the first of the two checkpoints' sessions wrote.
    let pages: Vec<_> =
        (BEFORE_PAGES..old.len() / UNIT).filter(|unit| at(&old, *unit) != at(&main, *unit)).collect();
    let mut found = 0;
    for unit in pages {
        vault.put(&mixed(&main, &old, &[unit]), Some(&log));
        match vault.read() {
            Err(Damage::OldPage { page }) => {
                assert_eq!(page as usize, unit + 1 - BEFORE_PAGES);
                found += 1;
            }
            Ok(text) => assert_eq!(text, "new", "the log has this page"),
            Err(other) => panic!("{other}"),
        }
    }
    assert!(found > 0);
}

#[test]
fn the_log_of_another_day_is_not_applied() {
    let (vault, main, log, _) = crashed_after_checkpoint();
    vault.put(&main, Some(&log));
    vault.change("last");
    let closed = vault.bytes();
    vault.put(&closed, Some(&log));
    assert_eq!(vault.read().as_deref(), Ok("last"));
    // Nor is it while a log is expected: that one is missing then.
    let connection = vault.open();
    change(&connection, "later");
    let live = fs::read(&vault.path).unwrap();
    drop(connection);
    vault.put(&live, Some(&log));
    assert_eq!(vault.read(), Err(Damage::WalHeader));
}

#[test]
fn a_deleted_log_is_found() {
    let (vault, main, _, _) = crashed_after_checkpoint();
    vault.put(&main, None);
    assert_eq!(vault.read(), Err(Damage::WalMissing));
}

/// Cut between two frames: a commit is lost in silence only past every frontier, and then memory tells.
#[test]
fn a_log_cut_at_every_frame_is_found_or_older_than_remembered() {
    let (vault, ..) = changed_vault();
    let connection = vault.open();
    for step in 0..6 {
        change(&connection, &format!("step {step}"));
    }
    let (main, log) = (fs::read(&vault.path).unwrap(), fs::read(&vault.log).unwrap());
    let remembered = vfs::durable(&connection).unwrap();
    drop(connection);
    let frames = (log.len() - 8192) / 4192;
    assert!(frames >= 6, "{frames}");
    for keep in 0..frames {
        vault.put(&main, Some(&log[..8192 + keep * 4192]));
        match vault.read() {
            Ok(text) => {
                assert_ne!(text, "step 5", "{keep}");
                assert!(vault.found().is_older_than(&remembered), "{keep} frames");
            }
            Err(Damage::WalShortened { .. } | Damage::WalFrame { .. }) => {}
            Err(other) => panic!("{keep} frames: {other}"),
        }
    }
    vault.put(&main, Some(&log));
    assert!(!vault.found().is_older_than(&remembered));
    // After a checkpoint the header vouches for every frame: each cut is damage by itself.
    let (vault, main, log, _) = crashed_after_checkpoint();
    for keep in 0..(log.len() - 8192) / 4192 {
        vault.put(&main, Some(&log[..8192 + keep * 4192]));
        let outcome = vault.read();
        assert!(matches!(outcome, Err(Damage::WalShortened { .. })), "{keep} frames: {outcome:?}");
    }
}

#[test]
fn truncation_at_every_sector_is_found() {
    let (vault, _, new) = changed_vault();
    for length in (0..new.len()).step_by(512) {
        fs::write(&vault.path, &new[..length]).unwrap();
        match vfs::connect(&vault.path, &vault.key, &ConnectOptions::default()) {
            Err(VfsError::Damaged(Damage::Truncated { .. } | Damage::Header)) => assert!(length > 0),
            Err(VfsError::NotAVault { .. }) => assert_eq!(length, 0),
            other => panic!("{length}: {:?}", other.err()),
        }
    }
    // Also while a log is there to read from.
    let (vault, main, log, _) = crashed_after_checkpoint();
    for length in (BEFORE_PAGES * UNIT..main.len()).step_by(512) {
        vault.put(&main[..length], Some(&log));
        let outcome = vault.read();
        assert!(matches!(outcome, Err(Damage::Truncated { .. })), "{length}: {outcome:?}");
    }
}

/// The table has room for so many pages: SQLite is told, and says that the vault is full.
#[test]
fn a_vault_that_would_outgrow_its_table_is_full() {
    let vault = new_vault();
    let connection = vault.open();
    let most: u32 = connection.query_row("PRAGMA max_page_count", [], |row| row.get(0)).unwrap();
    assert_eq!(most, 4_000_000);
}
