//! The vault's own work on the simulated disk: each change is there whole or not at all after a power cut, a kill or an
//! error at any moment; what was acknowledged is there; and the whole check finds nothing wrong.

mod new_key;
mod slots;
mod trouble;
mod workload;

use std::path::{Path, PathBuf};

use super::{OpenOptions, Vault, VaultError};
use crate::crypto::{KdfParams, OsRandom, Passphrase, VaultKey};
use crate::store::{Store, migrations};
use crate::vfs::simulated::observer::Trouble;
use crate::vfs::simulated::{Content, Depth, Explored, History, Promise, Recorder, content, explore, folder};
use crate::vfs::{self, ConnectOptions};

const OPTIONS: OpenOptions = OpenOptions { busy_timeout_ms: 0, cache_mib: 4 };

/// A sealed file with an empty database, and its key, so that no derivation is run again.
fn new_file(folder: &Path) -> (PathBuf, VaultKey) {
    let path = folder.join("v");
    let passphrase = Passphrase::new("p".to_owned());
    let created = vfs::create(&path, &passphrase, KdfParams::FLOOR, &OsRandom).unwrap();
    (path, created.key)
}

fn open(path: &Path, key: &VaultKey) -> Result<Vault, VaultError> {
    Vault::open_with_key(path, VaultKey::from_bytes(*key.expose()), &OPTIONS)
}

fn read(vault: &Vault) -> Content {
    content(vault.store.connection()).unwrap()
}

/// Opens an image as any command does, reads all of it, and runs the whole check.
fn judge(path: &Path, key: &VaultKey) -> Result<Content, String> {
    let vault = open(path, key).map_err(|error| format!("opening: {error}"))?;
    let found = content(vault.store.connection()).map_err(|error| format!("reading: {error}"))?;
    let report = vault.check(&mut |_| {}).map_err(|error| format!("check: {error}"))?;
    match report.problems.iter().find(|problem| !problem.twin_serves) {
        Some(problem) => Err(format!("check: {}", problem.what)),
        None => Ok(found),
    }
}

/// Has the n-th call fail, for as many n as `runs` allows, spread over all there are. `attempt` is given n, and gives how
/// many calls there were and whether the failure was noticed.
fn fail_at_calls(what: &str, runs: u64, attempt: impl Fn(u64) -> (u64, bool)) {
    let (calls, _) = attempt(u64::MAX);
    let stride = (calls / runs).max(1);
    let tried: Vec<u64> = (0..calls / stride).map(|n| 1 + n * stride).collect();
    let noticed = tried.iter().filter(|call| attempt(**call).1).count();
    println!("{what}: {} of {calls} calls failed, {noticed} noticed", tried.len());
    assert!(noticed > 0);
}

/// Each kind of trouble that may come at any call, once and for good.
fn with_each_trouble(run: impl Fn(&Trouble, bool)) {
    for for_good in [false, true] {
        for trouble in [Trouble::Error, Trouble::Full, Trouble::FailedSync] {
            run(&trouble, for_good);
        }
    }
}

/// Records a vault's life from its first transaction on, over two sessions.
fn recorded() -> (History, VaultKey) {
    let folder = folder();
    let (path, key) = new_file(folder.path());
    let mut recorder = Recorder::begin(&path);
    let mut vault = open(&path, &key).unwrap();
    vault.write_first_log_entry(workload::now()).unwrap();
    recorder.acknowledge(read(&vault));
    vault.add_default_categories().unwrap();
    recorder.acknowledge(read(&vault));
    let (first, second) = workload::CHANGES.split_at(workload::CHANGES.len() - 4);
    for (name, change) in first.iter().chain(workload::UNREPEATABLE) {
        change(&mut vault).unwrap_or_else(|error| panic!("{name}: {error}"));
        recorder.acknowledge(read(&vault));
    }
    vault.close().unwrap();
    let mut vault = open(&path, &key).unwrap();
    for (name, change) in second {
        change(&mut vault).unwrap_or_else(|error| panic!("{name}: {error}"));
        recorder.acknowledge(read(&vault));
    }
    vault.close().unwrap();
    (recorder.end(), key)
}

fn power_cuts(depth: Depth) -> Explored {
    let (history, key) = recorded();
    let explored = explore(&history, depth, Promise::PowerCut, &mut |path, _| judge(path, &key)).unwrap();
    println!(
        "vault: {} crash points at {} moments, {} states",
        explored.images,
        explored.moments,
        explored.states.len()
    );
    // Each change is one step from what was to what is: nobody ever sees half of it.
    let mut acknowledged: Vec<Content> = history.acknowledged.iter().map(|(_, content)| *content).collect();
    acknowledged.dedup();
    assert_eq!(explored.states[1..], acknowledged);
    explored
}

#[test]
fn a_power_cut_finds_every_change_whole_or_absent() {
    let explored = power_cuts(Depth::Few);
    assert!(explored.images >= 1_500, "only {} crash points", explored.images);
}

#[test]
#[ignore = "every crash point: many minutes"]
fn a_power_cut_of_every_kind_finds_every_change_whole_or_absent() {
    let explored = power_cuts(Depth::All);
    assert!(explored.images >= 10_000, "only {} crash points", explored.images);
}

/// A vault of an older schema is opened, which brings it up to date, version by version; the power fails at every moment of that.
fn migration(from: usize, depth: Depth) -> Explored {
    let folder = folder();
    let (path, key) = new_file(folder.path());
    let connect = |path: &Path| vfs::connect(path, &key, &ConnectOptions::default());
    {
        let mut connection = connect(&path).unwrap();
        migrations::migrate(&mut connection, from).unwrap();
        connection.execute("INSERT INTO commodity VALUES ('BTC', 8)", []).unwrap();
    }
    let mut recorder = Recorder::begin(&path);
    let vault = open(&path, &key).unwrap();
    let newest = read(&vault);
    recorder.acknowledge(newest);
    vault.close().unwrap();
    let history = recorder.end();
    let mut judge = |path: &Path, _| {
        let connection = connect(path).map_err(|error| error.to_string())?;
        let found = content(&connection).map_err(|error| error.to_string())?;
        let version = migrations::version(&connection).map_err(|error| error.to_string())?;
        let store = Store::open(connection).map_err(|error| format!("from version {version}: {error}"))?;
        let problems = store.integrity_problems().map_err(|error| error.to_string())?;
        let report = vfs::check(store.connection(), &mut |_, _| {}).map_err(|error| error.to_string())?;
        let sound = problems.is_empty() && report.damage.iter().all(vfs::Damage::is_mended);
        match content(store.connection()) {
            Ok(after) if after == newest && sound => Ok(found),
            other => Err(format!("from version {version}: {other:?}, {problems:?}, {report:?}")),
        }
    };
    let explored = explore(&history, depth, Promise::PowerCut, &mut judge).unwrap();
    println!("migration: {} crash points at {} moments", explored.images, explored.moments);
    assert_eq!(explored.states.len(), 1 + migrations::latest() - from, "a version at a time");
    explored
}

#[test]
fn a_power_cut_during_a_migration_leaves_one_version_or_the_next() {
    assert!(migration(6, Depth::Few).images >= 100);
}

#[test]
#[ignore = "every crash point: minutes"]
fn a_power_cut_of_every_kind_during_a_migration_leaves_one_version_or_the_next() {
    assert!(migration(1, Depth::All).images >= 2_000);
}
