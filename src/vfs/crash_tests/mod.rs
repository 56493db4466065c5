//! Real SQLite on the simulated disk (`simulated` states what the disk may do): power cuts and kills at every write and every sync here,
//! failing calls in `trouble`, failing syncs in `failed_sync`, bit rot in `rot`, and in `controls` a shim broken on purpose, which these benches must notice.

mod controls;
mod failed_sync;
mod rot;
mod trouble;
mod workload;

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::simulated::{Content, Depth, Explored, History, Promise, Recorder, content, explore, folder};
use super::{ConnectOptions, Synchronous, VfsError, check, connect, create};
use crate::crypto::random::Seeded;
use crate::crypto::{KdfParams, OsRandom, Passphrase, VaultKey};

fn new_vault(folder: &Path) -> (PathBuf, VaultKey) {
    let path = folder.join("v");
    let passphrase = Passphrase::new("p".to_owned());
    let created = create(&path, &passphrase, KdfParams::FLOOR, &OsRandom).unwrap();
    (path, created.key)
}

fn options(synchronous: Synchronous) -> ConnectOptions {
    ConnectOptions { busy_timeout_ms: 0, cache_mib: 1, synchronous }
}

/// Opens an image, reads all of it, and has it checked.
fn judge(path: &Path, key: &VaultKey) -> Result<Content, String> {
    let connection = connect(path, key, &options(Synchronous::Full)).map_err(|error| error.to_string())?;
    let found = content(&connection).map_err(|error| format!("reading: {error}"))?;
    assert_sound(&connection)?;
    Ok(found)
}

/// Nothing is wrong that a second copy does not serve for.
fn assert_sound(connection: &Connection) -> Result<(), String> {
    let verdict: rusqlite::Result<String> =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0));
    if verdict.as_deref() != Ok("ok") {
        return Err(format!("integrity check: {verdict:?}"));
    }
    let report = check(connection, &mut |_, _| {}).map_err(|error| format!("check: {error}"))?;
    if report.damage.iter().all(super::Damage::is_mended) { Ok(()) } else { Err(format!("{report:?}")) }
}

/// Records the whole workload. Sessions end cleanly or leave their log behind, so that a first opening, a recovery, a
/// retired log and a second life of it are among the moments.
fn recorded(synchronous: Synchronous, prepare: &dyn Fn(&Connection)) -> (History, VaultKey) {
    let folder = folder();
    let (path, key) = new_vault(folder.path());
    let mut recorder = Recorder::begin(&path);
    for session in workload::SESSIONS {
        let connection = connect(&path, &key, &options(synchronous)).unwrap();
        prepare(&connection);
        let mut told = || recorder.acknowledge(content(&connection).unwrap());
        workload::run(&connection, session.steps.clone(), &mut told).unwrap();
        workload::end(connection, session.clean);
    }
    (recorder.end(), key)
}

fn power_cuts(synchronous: Synchronous, depth: Depth) -> Explored {
    let (history, key) = recorded(synchronous, &|_| {});
    let promise = match synchronous {
        Synchronous::Full => Promise::PowerCut,
        Synchronous::Normal => Promise::Kill,
    };
    let explored = explore(&history, depth, promise, &mut |path, _| judge(path, &key)).unwrap();
    println!(
        "{synchronous:?}: {} crash points at {} moments, {} states",
        explored.images,
        explored.moments,
        explored.states.len()
    );
    // Every state that anybody could ever see was acknowledged: nothing half done was visible in between.
    let acknowledged: Vec<Content> = history.acknowledged.iter().map(|(_, content)| *content).collect();
    assert_eq!(explored.states[1..], acknowledged);
    explored
}

#[test]
fn a_power_cut_loses_nothing_acknowledged() {
    let explored = power_cuts(Synchronous::Full, Depth::Sampled(2));
    assert!(explored.images >= 8_000, "only {} crash points", explored.images);
}

#[test]
fn a_power_cut_without_syncs_leaves_a_sound_vault() {
    let explored = power_cuts(Synchronous::Normal, Depth::Few);
    assert!(explored.images >= 4_000, "only {} crash points", explored.images);
}

#[test]
#[ignore = "every crash point: minutes"]
fn a_power_cut_of_every_kind_loses_nothing() {
    let explored = power_cuts(Synchronous::Full, Depth::All);
    assert!(explored.images >= 40_000, "only {} crash points", explored.images);
    power_cuts(Synchronous::Normal, Depth::All);
}

/// The file grows into a new group of pages and shrinks back: what belongs to a group alone is made, missed, and made again.
fn growth_over_a_group_boundary(depth: Depth) -> Explored {
    let folder = folder();
    let (path, key) = new_vault(folder.path());
    let options = options(Synchronous::Full);
    {
        let connection = connect(&path, &key, &options).unwrap();
        connection.execute_batch("CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB) STRICT").unwrap();
        connection.execute("INSERT INTO t VALUES (1, zeroblob(248 * 4052))", []).unwrap();
    }
    let small = fs::metadata(&path).unwrap().len();
    let mut recorder = Recorder::begin(&path);
    let connection = connect(&path, &key, &options).unwrap();
    connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    for sql in [
        "INSERT INTO t VALUES (2, zeroblob(12 * 4052))",
        "PRAGMA wal_checkpoint(PASSIVE)",
        "BEGIN; INSERT INTO t VALUES (9, x'09'); DELETE FROM t WHERE a = 2; COMMIT",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "INSERT INTO t VALUES (3, zeroblob(14 * 4052))",
    ] {
        connection.execute_batch(sql).unwrap();
        recorder.acknowledge(content(&connection).unwrap());
    }
    workload::end(connection, true);
    let history = recorder.end();
    assert!(fs::metadata(&path).unwrap().len() > small + 9 * 4096, "no group was added");
    let explored = explore(&history, depth, Promise::PowerCut, &mut |path, _| judge(path, &key)).unwrap();
    println!("growth: {} crash points at {} moments", explored.images, explored.moments);
    explored
}

#[test]
fn a_power_cut_at_a_group_boundary_is_mended() {
    assert!(growth_over_a_group_boundary(Depth::Sampled(0)).images >= 300);
}

#[test]
#[ignore = "every crash point: a minute"]
fn a_power_cut_of_every_kind_at_a_group_boundary_is_mended() {
    assert!(growth_over_a_group_boundary(Depth::All).images >= 2_000);
}

/// Whoever creates a vault and loses power has a whole vault or a file that is refused in so many words.
#[test]
fn a_vault_cut_short_while_it_was_made_is_refused() {
    let folder = folder();
    let (path, key) = new_vault(folder.path());
    let whole = fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(512) {
        fs::write(&path, &whole[..length]).unwrap();
        match connect(&path, &key, &options(Synchronous::Full)) {
            Err(VfsError::NotAVault { .. } | VfsError::Damaged(_)) => {}
            Err(other) => panic!("{length} bytes: {other:?}"),
            Ok(_) => panic!("{length} bytes were taken for a vault"),
        }
    }
    fs::write(&path, &whole).unwrap();
    judge(&path, &key).unwrap();
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
