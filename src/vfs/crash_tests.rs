//! Faults under real SQLite: an I/O error at every call, and a power cut at every write.
//!
//! The fault model of a power cut: what a file's last sync covered is on the disk; of the writes and truncations
//! after it, any may be there and any missing, and the last write may be torn at a sector. A log's name is durable
//! once the log was synced, its deletion at any time after it was asked for.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::ffi::{SQLITE_FULL, SQLITE_IOERR};

use super::shim::observer::{self, Action, Recorded};
use super::{ConnectOptions, Synchronous, VfsError, check, connect, create};
use crate::crypto::random::Seeded;
use crate::crypto::{KdfParams, OsRandom, Passphrase, VaultKey};

const SECTOR: usize = 512;

/// A folder in memory where there is one: thousands of vaults are opened here, and what a sync costs is not the matter.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn new_vault(folder: &Path) -> (std::path::PathBuf, VaultKey) {
    let path = folder.join("v");
    let passphrase = Passphrase::new("p".to_owned());
    let created = create(&path, &passphrase, KdfParams::FLOOR, &OsRandom).unwrap();
    (path, created.key)
}

fn options(synchronous: Synchronous) -> ConnectOptions {
    ConnectOptions { busy_timeout_ms: 0, cache_mib: 0, synchronous }
}

/// Commits numbered steps of all shapes; tells after each how far it got.
fn work(
    connection: &Connection,
    steps: std::ops::RangeInclusive<i64>,
    mut acknowledged: impl FnMut(i64),
) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", 6)?;
    connection.pragma_update(None, "wal_autocheckpoint", 12)?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS step(n INTEGER) STRICT;
         INSERT INTO step SELECT 0 WHERE NOT EXISTS (SELECT * FROM step);
         CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY, b BLOB) STRICT;",
    )?;
    for step in steps {
        connection.execute_batch("BEGIN")?;
        connection.execute("UPDATE step SET n = ?1", [step])?;
        connection.execute("INSERT INTO t VALUES (?1, zeroblob(?1 * 1500))", [step])?;
        if step % 4 == 0 {
            // Spills, then rewrites spilled pages in place, then takes part of it back.
            connection.execute_batch(
                "SAVEPOINT s; UPDATE t SET b = zeroblob(9000); ROLLBACK TO s; UPDATE t SET b = zeroblob(4000);
                 UPDATE t SET b = zeroblob(4001);",
            )?;
        }
        if step % 5 == 0 {
            connection.execute("DELETE FROM t WHERE a < ?1", [step])?;
        }
        connection.execute_batch("COMMIT")?;
        acknowledged(step);
        if step == 7 {
            connection.execute_batch("VACUUM")?;
        }
        if step == 9 {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
    }
    Ok(())
}

/// One file's bytes as the disk may hold them.
#[derive(Clone, Default)]
struct Disk {
    durable: Vec<u8>,
    exists: bool,
    pending: Vec<Action>,
}

fn apply(bytes: &mut Vec<u8>, action: &Action, torn: bool) {
    match action {
        Action::Write(data, at) => {
            let at = usize::try_from(*at).unwrap();
            let keep = if torn { data.len() / 2 / SECTOR * SECTOR } else { data.len() };
            if bytes.len() < at + keep {
                bytes.resize(at + keep, 0);
            }
            bytes[at..at + keep].copy_from_slice(&data[..keep]);
        }
        Action::Truncate(size) => bytes.resize(usize::try_from(*size).unwrap(), 0),
        Action::Open | Action::Sync | Action::Delete => {}
    }
}

impl Disk {
    fn take(&mut self, action: &Action) {
        match action {
            Action::Sync => {
                let pending = std::mem::take(&mut self.pending);
                pending.iter().for_each(|action| apply(&mut self.durable, action, false));
                self.exists = true;
            }
            Action::Delete => *self = Self::default(),
            Action::Open => {}
            other => self.pending.push(other.clone()),
        }
    }

    /// What is left after a power cut: `keeps` decides about each pending change.
    fn after_cut(&self, keeps: &mut dyn FnMut(usize, usize) -> Fate) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for (index, action) in self.pending.iter().enumerate() {
            match keeps(index, self.pending.len()) {
                Fate::Kept => apply(&mut bytes, action, false),
                Fate::Torn => apply(&mut bytes, action, true),
                Fate::Lost => {}
            }
        }
        bytes
    }
}

#[derive(Clone, Copy)]
enum Fate {
    Kept,
    Torn,
    Lost,
}

/// The ways in which pending changes may fare.
fn fates(policy: usize, seed: usize) -> impl FnMut(usize, usize) -> Fate {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move |index, count| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match policy {
            0 => Fate::Kept,
            1 => Fate::Lost,
            2 if index + 1 == count => Fate::Torn,
            2 => Fate::Kept,
            3 if index + 1 == count => Fate::Kept,
            3 => Fate::Lost,
            _ => [Fate::Kept, Fate::Lost, Fate::Torn][state % 3],
        }
    }
}

fn power_cut_at_every_write(synchronous: Synchronous) {
    let folder = folder();
    let (path, key) = new_vault(folder.path());
    let start = fs::read(&path).unwrap();
    let options = options(synchronous);
    observer::start_record();
    let mut acknowledged = vec![(0, -1)];
    // Two sessions, so that a clean close, a second opening and a retired log are among the moments.
    for steps in [1..=14, 15..=18, 19..=19, 20..=21, 22..=22] {
        let connection = connect(&path, &key, &options).unwrap();
        work(&connection, steps, |step| acknowledged.push((observer::recorded(), step))).unwrap();
    }
    let record = observer::take_record();
    assert!(record.len() > 300, "{}", record.len());
    replay(&record, &start, &acknowledged, &key, synchronous);
}

fn replay(
    record: &[Recorded],
    start: &[u8],
    acknowledged: &[(usize, i64)],
    key: &VaultKey,
    synchronous: Synchronous,
) {
    let mut main = Disk { durable: start.to_vec(), exists: true, pending: Vec::new() };
    let mut log = Disk::default();
    let folder = folder();
    let (path, log_path) = (folder.path().join("v"), folder.path().join("v-wal"));
    for moment in 0..=record.len() {
        if moment > 0 {
            let done = &record[moment - 1];
            // A deletion may come after the cut although it was asked for before it: a stale log is left behind.
            if matches!(done.action, Action::Delete) {
                cut(&main, &log, &path, &log_path, moment, acknowledged, key, synchronous);
            }
            if done.log { log.take(&done.action) } else { main.take(&done.action) }
        }
        cut(&main, &log, &path, &log_path, moment, acknowledged, key, synchronous);
    }
}

#[expect(clippy::too_many_arguments, reason = "one moment of one replay")]
fn cut(
    main: &Disk,
    log: &Disk,
    path: &Path,
    log_path: &Path,
    moment: usize,
    acknowledged: &[(usize, i64)],
    key: &VaultKey,
    synchronous: Synchronous,
) {
    for policy in 0..6 {
        let mut keeps = fates(policy, moment * 7 + policy);
        fs::write(path, main.after_cut(&mut keeps)).unwrap();
        let log_bytes = log.after_cut(&mut keeps);
        if log.exists || !log_bytes.is_empty() {
            fs::write(log_path, log_bytes).unwrap();
        } else {
            let _ = fs::remove_file(log_path);
        }
        let what = format!("{synchronous:?}, moment {moment}, policy {policy}");
        let connection =
            connect(path, key, &options(synchronous)).unwrap_or_else(|error| panic!("{what}: {error}"));
        let step = connection.query_row("SELECT max(n) FROM step", [], |row| row.get(0)).unwrap_or(-1);
        let promised = acknowledged.iter().rev().find(|(at, _)| *at <= moment).map_or(-1, |(_, step)| *step);
        // Policy 0 is a crash of the process alone: nothing written is lost, whatever the synchronous setting.
        if synchronous == Synchronous::Full || policy == 0 {
            assert!(step >= promised, "{what}: step {step}, acknowledged {promised}");
        }
        assert_sound(&connection, &what);
    }
}

fn assert_sound(connection: &Connection, what: &str) {
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok", "{what}");
    let report = check(connection, &mut |_, _| {}).unwrap_or_else(|error| panic!("{what}: {error}"));
    // A spare that was torn while its twin served.
    assert!(report.damage.iter().all(super::Damage::is_mended), "{what}: {report:?}");
}

#[test]
fn a_power_cut_loses_nothing_acknowledged() {
    power_cut_at_every_write(Synchronous::Full);
}

#[test]
fn a_power_cut_without_syncs_leaves_a_sound_vault() {
    power_cut_at_every_write(Synchronous::Normal);
}

/// Makes the n-th call to the disk fail, for every n: an error comes back or the work is done, and afterwards the
/// vault opens with everything that was acknowledged.
fn fail_at_every_call(code: i32, for_good: bool) {
    let folder = folder();
    let (path, key) = new_vault(folder.path());
    let start = fs::read(&path).unwrap();
    let log_path = folder.path().join("v-wal");
    let mut failed_at = 0;
    let mut call = 0;
    loop {
        call += if call < 60 { 1 } else { 7 };
        fs::write(&path, &start).unwrap();
        let _ = fs::remove_file(&log_path);
        let mut acknowledged = -1;
        observer::fail_at(call, code, for_good);
        let outcome = connect(&path, &key, &options(Synchronous::Full)).and_then(|connection| {
            work(&connection, 1..=14, |step| acknowledged = step).map_err(VfsError::Sqlite)
        });
        let calls = observer::fail_no_more();
        let what = format!("call {call} fails with {code} (for good: {for_good})");
        if outcome.is_err() {
            failed_at += 1;
        }
        let connection =
            connect(&path, &key, &options(Synchronous::Full)).unwrap_or_else(|e| panic!("{what}: {e}"));
        let step = connection.query_row("SELECT max(n) FROM step", [], |row| row.get(0)).unwrap_or(-1);
        assert!(step >= acknowledged, "{what}: step {step}, acknowledged {acknowledged}");
        assert_sound(&connection, &what);
        if calls < call {
            break;
        }
    }
    assert!(failed_at > 50, "{failed_at}");
}

#[test]
fn an_io_error_at_any_call_is_survived() {
    fail_at_every_call(SQLITE_IOERR, false);
}

#[test]
fn a_disk_that_dies_at_any_call_is_survived() {
    fail_at_every_call(SQLITE_IOERR, true);
}

#[test]
fn a_disk_that_fills_at_any_call_is_survived() {
    fail_at_every_call(SQLITE_FULL, true);
}

/// A power cut while the file grows into a new group of pages: its table slots may be missing, and are made again.
#[test]
fn a_power_cut_at_a_group_boundary_is_mended() {
    let folder = folder();
    let (path, key) = new_vault(folder.path());
    let options = options(Synchronous::Full);
    {
        let connection = connect(&path, &key, &options).unwrap();
        work(&connection, 1..=1, |_| {}).unwrap();
        connection.execute("INSERT INTO t VALUES (1000, zeroblob(238 * 4052))", []).unwrap();
    }
    let start = fs::read(&path).unwrap();
    let boundary = usize::try_from(super::offsets::file_bytes(250)).unwrap();
    assert!(start.len() < boundary, "{}", start.len());
    observer::start_record();
    {
        let connection = connect(&path, &key, &options).unwrap();
        connection.execute("INSERT INTO t VALUES (1001, zeroblob(20 * 4052))", []).unwrap();
    }
    let record = observer::take_record();
    replay(&record, &start, &[(0, 1)], &key, Synchronous::Full);
    assert!(fs::metadata(&path).unwrap().len() > boundary as u64 + 3 * 4096);
}

/// Without random bytes nothing is made.
#[test]
fn create_is_repeatable_only_with_a_seed() {
    let folder = folder();
    let passphrase = Passphrase::new("p".to_owned());
    let make = |name: &str, random: &dyn crate::crypto::Random| {
        create(&folder.path().join(name), &passphrase, KdfParams::FLOOR, random).unwrap();
        fs::read(folder.path().join(name)).unwrap()
    };
    assert!(make("a", &Seeded::new(5)) == make("b", &Seeded::new(5)));
    assert!(make("c", &OsRandom) != make("d", &OsRandom));
}
