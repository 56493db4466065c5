//! Key slots are added, replaced and removed: after a power cut, a kill or an error at any moment exactly the secrets from before
//! the change open the vault, or exactly those from after it, and its log says no less than that.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::ErrorClass;
use super::super::VaultError;
use super::super::keys::{KdfChoice, Keys, NewSlot, SlotNote};
use super::{OPTIONS, fail_at_calls, judge, open, with_each_trouble, workload};
use crate::crypto::{KdfParams, KeyFile, OsRandom, Passphrase, RecoveryCode, VaultKey};
use crate::vfs::simulated::observer::{self, Trouble};
use crate::vfs::simulated::{Content, Depth, Explored, Promise, Recorder, explore, folder};
use crate::vfs::{self, Secret};

/// What may open the vault, in this order.
const NAMES: [&str; 5] = ["old passphrase", "new passphrase", "code", "file", "other file"];

struct Scene {
    path: PathBuf,
    key: VaultKey,
    passphrases: [Passphrase; 2],
    code: RecoveryCode,
    files: [KeyFile; 2],
}

impl Scene {
    /// A vault that its old passphrase (slot 1) and its code (slot 2) open.
    fn new(folder: &Path) -> Self {
        let passphrases = ["p", "q"].map(|text| Passphrase::new(text.to_owned()));
        let path = folder.join("v");
        let created = vfs::create(&path, &passphrases[0], KdfParams::FLOOR, &OsRandom).unwrap();
        let mut vault = open(&path, &created.key).unwrap();
        vault.write_first_log_entry(workload::now()).unwrap();
        vault.close().unwrap();
        let files = [(); 2].map(|()| KeyFile::generate(&OsRandom).unwrap());
        Self { path, key: created.key, passphrases, code: created.recovery_code, files }
    }

    fn keys(&self) -> Keys<'_> {
        Keys::new(&self.path, &self.key, OPTIONS)
    }

    fn secrets(&self) -> [Secret<'_>; 5] {
        let [old, new] = &self.passphrases;
        let [file, other] = &self.files;
        [
            Secret::Passphrase(old),
            Secret::Passphrase(new),
            Secret::RecoveryCode(&self.code),
            Secret::KeyFile(file),
            Secret::KeyFile(other),
        ]
    }

    /// Which secrets open the vault at `path`.
    fn opened_by(&self, path: &Path) -> Vec<&'static str> {
        let opens = |secret: &Secret<'_>| match vfs::unlock(path, secret) {
            Ok(unlocked) => unlocked.key.expose() == self.key.expose(),
            Err(_) => false,
        };
        let all = NAMES.into_iter().zip(self.secrets());
        all.filter(|(_, secret)| opens(secret)).map(|(name, _)| name).collect()
    }

    fn add(&self, file: usize) -> Result<(), VaultError> {
        let secret = Secret::KeyFile(&self.files[file]);
        let new = NewSlot { secret, kdf: KdfParams::DEFAULT, note: SlotNote::default() };
        self.keys().add(&new, workload::now()).map(drop)
    }

    fn change(&self) -> Result<(), VaultError> {
        let by = vfs::unlock(&self.path, &Secret::RecoveryCode(&self.code)).unwrap();
        let same = KdfChoice::default();
        self.keys().change_passphrase(&by, Some(1), &self.passphrases[1], same, workload::now()).map(drop)
    }

    fn remove(&self, number: u32) -> Result<(), VaultError> {
        self.keys().remove(number, workload::now())
    }
}

type Change = fn(&Scene) -> Result<(), VaultError>;

/// The changes, each with what opens the vault afterwards.
const CHANGES: &[(Change, &[&str])] = &[
    (|scene| scene.add(0), &["old passphrase", "code", "file"]),
    (Scene::change, &["new passphrase", "code", "file"]),
    (|scene| scene.remove(2), &["new passphrase", "file"]),
    (|scene| scene.add(1), &["new passphrase", "file", "other file"]),
    (|scene| scene.remove(1), &["file", "other file"]),
    (|scene| scene.remove(3), &["other file"]),
];

const AT_FIRST: &[&str] = &["old passphrase", "code"];

/// Looks at images, and remembers what it found.
struct Jury<'a> {
    scene: &'a Scene,
    /// What opens a vault depends on its header alone, and key derivations are dear.
    by_header: HashMap<Vec<u8>, Vec<&'static str>>,
    by_state: Vec<(Content, Vec<&'static str>)>,
    interrupted: usize,
}

impl Jury<'_> {
    fn judge(&mut self, path: &Path) -> Result<Content, String> {
        let header = fs::read(path).unwrap()[..8192].to_vec();
        let opened_by = self.by_header.entry(header).or_insert_with(|| self.scene.opened_by(path)).clone();
        let found = judge(path, &self.scene.key)?.with(opened_by.concat().as_bytes());
        let vault = open(path, &self.scene.key).map_err(|error| error.to_string())?;
        let (_, keys) = vault.verify_log_with_keys().map_err(|error| error.to_string())?;
        if keys.interrupted().is_some() {
            self.interrupted += 1;
            let report = vault.check(&mut |_| {}).map_err(|error| error.to_string())?;
            if report.keys != Some(keys) {
                return Err(format!("check says {:?} of the keys, not {keys:?}", report.keys));
            }
        }
        if !self.by_state.iter().any(|(state, _)| *state == found) {
            self.by_state.push((found, opened_by));
        }
        Ok(found)
    }

    fn of_state(&self, state: &Content) -> &[&'static str] {
        &self.by_state.iter().find(|(known, _)| known == state).unwrap().1
    }
}

fn power_cuts(depth: Depth) -> Explored {
    let folder = folder();
    let scene = Scene::new(folder.path());
    let mut jury = Jury { scene: &scene, by_header: HashMap::new(), by_state: Vec::new(), interrupted: 0 };
    let mut recorder = Recorder::begin(&scene.path);
    for (change, _) in CHANGES {
        change(&scene).unwrap();
        // A copy is looked at, on a thread of its own: neither is part of the record.
        let copy = folder.path().join("copy");
        fs::copy(&scene.path, &copy).unwrap();
        let state = std::thread::scope(|scope| {
            let scene = &scene;
            let look = move || {
                let opened_by = scene.opened_by(&copy).concat();
                judge(&copy, &scene.key).unwrap().with(opened_by.as_bytes())
            };
            scope.spawn(look).join().unwrap()
        });
        recorder.acknowledge(state);
    }
    let history = recorder.end();
    let explored = explore(&history, depth, Promise::PowerCut, &mut |path, _| jury.judge(path)).unwrap();
    println!(
        "key slots: {} crash points at {} moments, {} states, {} changes found interrupted",
        explored.images,
        explored.moments,
        explored.states.len(),
        jury.interrupted
    );
    let mut sets: Vec<&[&str]> = explored.states.iter().map(|state| jury.of_state(state)).collect();
    sets.dedup();
    let expected: Vec<&[&str]> =
        std::iter::once(AT_FIRST).chain(CHANGES.iter().map(|(_, after)| *after)).collect();
    assert_eq!(sets, expected, "nothing but the secrets from before a change or those from after it");
    assert_eq!(explored.states.len(), 1 + 2 * CHANGES.len(), "each is logged, and then made");
    assert!(jury.interrupted > 0);
    explored
}

#[test]
fn a_power_cut_finds_the_old_secret_or_the_new_one() {
    assert!(power_cuts(Depth::Few).images >= 200);
}

#[test]
#[ignore = "every crash point: minutes"]
fn a_power_cut_of_every_kind_finds_the_old_secret_or_the_new_one() {
    assert!(power_cuts(Depth::All).images >= 1_000);
}

/// Every `stride`-th call of the changes that cost no derivation fails.
fn fail_at_any_call(trouble: &Trouble, for_good: bool, runs: u64) {
    let folder = folder();
    let scene = Scene::new(folder.path());
    let start = fs::read(&scene.path).unwrap();
    let changes: [(Change, &[&str]); 2] =
        [(|scene| scene.add(0), &["code", "file"]), (|scene| scene.remove(2), &["file"])];
    // Without the passphrases, which would cost a derivation each.
    let opened_by = || -> Vec<&str> {
        let opens = |secret: &Secret<'_>| vfs::unlock(&scene.path, secret).is_ok();
        let all = NAMES.into_iter().zip(scene.secrets()).skip(2);
        all.filter(|(_, secret)| opens(secret)).map(|(name, _)| name).collect()
    };
    let attempt = |call: u64| {
        fs::write(&scene.path, &start).unwrap();
        let _ = fs::remove_file(folder.path().join("v-wal"));
        observer::fail_at(call, trouble.clone(), for_good);
        let (mut done, mut failed) = (0, None);
        for (change, _) in changes {
            match change(&scene) {
                Ok(()) => done += 1,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        let calls = observer::fail_no_more();
        let what = format!("{trouble:?}, for good: {for_good}, call {call}: {failed:?}");
        let states: [&[&str]; 3] = [&["code"], changes[0].1, changes[1].1];
        let found = opened_by();
        let next = (done + usize::from(failed.is_some())).min(2);
        assert!(found == states[done] || found == states[next], "{what}: {found:?} after {done} changes");
        judge(&scene.path, &scene.key).unwrap_or_else(|error| panic!("{what}: {error}"));
        if let Some(error) = &failed {
            assert_eq!(error.class(), ErrorClass::Failed, "{what}");
        }
        (calls, failed.is_some())
    };
    fail_at_calls(&format!("{trouble:?}, for good: {for_good}"), runs, attempt);
}

fn every_trouble(runs: u64) {
    with_each_trouble(|trouble, for_good| fail_at_any_call(trouble, for_good, runs));
}

#[test]
fn a_disk_that_fails_at_any_call_leaves_the_old_secrets_or_the_new_ones() {
    every_trouble(12);
}

#[test]
#[ignore = "every call: minutes"]
fn a_disk_that_fails_at_every_call_leaves_the_old_secrets_or_the_new_ones() {
    every_trouble(u64::MAX);
}
