//! A disk that fails at any call: the statement fails, or its work is done; going on with the same connection and opening the vault anew
//! both find the old state or the new one.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::super::simulated::observer::{self, Trouble};
use super::super::simulated::{Content, content, folder};
use super::super::{Synchronous, VfsError, connect};
use super::{judge, new_vault, options, workload};
use crate::crypto::VaultKey;

/// The steps of the session that meets trouble; those before it leave a log to recover.
const BEFORE: std::ops::RangeInclusive<i64> = 1..=5;
const TROUBLED: std::ops::RangeInclusive<i64> = 6..=20;

/// A crashed session, and the content of each step from its last to the end of the troubled one.
struct Scene {
    vault: Vec<u8>,
    log: Vec<u8>,
    key: VaultKey,
    states: Vec<Content>,
}

fn scene(folder: &Path) -> Scene {
    let (path, key) = new_vault(folder);
    let connection = connect(&path, &key, &options(Synchronous::Full)).unwrap();
    workload::run(&connection, BEFORE, &mut || {}).unwrap();
    workload::end(connection, false);
    let (vault, log) = (fs::read(&path).unwrap(), fs::read(folder.join("v-wal")).unwrap());
    let connection = connect(&path, &key, &options(Synchronous::Full)).unwrap();
    let mut states = vec![content(&connection).unwrap()];
    workload::run(&connection, TROUBLED, &mut || states.push(content(&connection).unwrap())).unwrap();
    workload::end(connection, true);
    Scene { vault, log, key, states }
}

/// Runs the troubled steps on one connection. An error is taken as a program would take it: what was begun is
/// rolled back, the vault is asked how far it is, and the step is tried again, a few times at most. Gives how many steps were
/// acknowledged, and the errors.
fn troubled(connection: &Connection, states: &[Content]) -> (usize, Vec<rusqlite::Error>) {
    let mut acknowledged = 0;
    let mut errors = Vec::new();
    let steps: Vec<i64> = TROUBLED.collect();
    if let Err(error) = workload::prepare(connection) {
        errors.push(error);
    }
    while acknowledged < steps.len() && errors.len() < 4 {
        let done = workload::commit(connection, steps[acknowledged]);
        if done.is_ok() {
            acknowledged += 1;
        }
        let Err(error) = done.and_then(|()| workload::maintain(connection, steps[acknowledged - 1])) else {
            continue;
        };
        errors.push(error);
        if !connection.is_autocommit() {
            // A rollback that fails has happened all the same.
            let _ = connection.execute_batch("ROLLBACK");
        }
        if let Ok(seen) = content(connection) {
            let at = states.iter().position(|state| *state == seen);
            assert!(
                at == Some(acknowledged) || at == Some(acknowledged + 1),
                "after {errors:?} the connection shows state {at:?}, {acknowledged} steps were acknowledged"
            );
            acknowledged = at.unwrap();
        }
    }
    (acknowledged, errors)
}

/// Has the n-th call fail, for as many n as `runs` allows, spread over all there are. Gives how many of them were noticed.
fn fail_at_any_call(
    trouble: &dyn Fn(&Path) -> Trouble,
    for_good: bool,
    runs: u64,
    after: &dyn Fn(&[rusqlite::Error]),
) -> usize {
    let folder = folder();
    let scene = scene(folder.path());
    let (path, log_path) = (folder.path().join("v"), folder.path().join("v-wal"));
    let attempt = |call: u64| {
        fs::write(&path, &scene.vault).unwrap();
        fs::write(&log_path, &scene.log).unwrap();
        observer::fail_at(call, trouble(folder.path()), for_good);
        let (acknowledged, errors) = match connect(&path, &scene.key, &options(Synchronous::Full)) {
            Ok(connection) => troubled(&connection, &scene.states),
            Err(VfsError::Damaged(damage)) => {
                panic!("call {call}: a failing disk is called damage: {damage}")
            }
            Err(_) => (0, vec![rusqlite::Error::InvalidQuery]),
        };
        let calls = observer::fail_no_more();
        after(&errors);
        let found = judge(&path, &scene.key).unwrap_or_else(|error| panic!("call {call}: {error}"));
        let found = scene.states.iter().position(|state| *state == found);
        assert!(
            found == Some(acknowledged) || found == Some(acknowledged + 1),
            "call {call} ({:?}): state {found:?}, {acknowledged} steps were acknowledged: {errors:?}",
            trouble(folder.path())
        );
        (calls, !errors.is_empty())
    };
    let (calls, _) = attempt(u64::MAX);
    let stride = (calls / runs).max(1);
    let mut noticed = 0;
    let mut tried = 0;
    // The calls of opening one by one, then strides.
    let mut call = 1;
    while call <= calls {
        noticed += usize::from(attempt(call).1);
        tried += 1;
        call += if call < 12 { 1 } else { stride };
    }
    println!(
        "{:?}, for good: {for_good}: {tried} of {calls} calls failed, {noticed} noticed",
        trouble(folder.path())
    );
    assert!(noticed * 2 > tried, "{noticed} of {tried}");
    noticed
}

fn short_write(folder: &Path) -> Trouble {
    Trouble::ShortWrite { vault: folder.join("v"), log: folder.join("v-wal") }
}

fn every_trouble(runs: u64) {
    for for_good in [false, true] {
        fail_at_any_call(&|_| Trouble::Error, for_good, runs, &|_| {});
        fail_at_any_call(&|_| Trouble::Full, for_good, runs, &|_| {});
        fail_at_any_call(&short_write, for_good, runs, &|_| {});
        fail_at_any_call(&|_| Trouble::FailedSync, for_good, runs, &|errors| {
            // One failure, and nothing that comes after it succeeds.
            let codes: Vec<_> = errors
                .iter()
                .filter_map(rusqlite::Error::sqlite_error)
                .map(|error| error.extended_code)
                .collect();
            let synced = codes.iter().position(|code| *code == rusqlite::ffi::SQLITE_IOERR_FSYNC);
            if let Some(first) = synced {
                assert!(codes[first..].iter().all(|code| *code == codes[first]), "{codes:?}");
            }
        });
    }
}

#[test]
fn a_disk_that_fails_at_any_call_is_survived() {
    every_trouble(20);
}

#[test]
#[ignore = "every call: minutes"]
fn a_disk_that_fails_at_every_call_is_survived() {
    every_trouble(u64::MAX);
}
