//! A new vault key: a process that is killed before any of its calls, or whose disk fails at one, leaves the old vault or the new
//! one, whole, with what opens it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::super::VaultError;
use super::super::keys::{KeptSlot, Keys, NewSlot, SlotNote};
use super::{OPTIONS, fail_at_calls, judge, open, with_each_trouble, workload};
use crate::crypto::{KdfParams, KeyFile, OsRandom, Passphrase, RecoveryCode, VaultKey};
use crate::vfs::simulated::observer::{self, Trouble};
use crate::vfs::simulated::{Content, folder};
use crate::vfs::{self, Secret};

/// The files of a folder by name; what did not change since the last look is kept once.
type Files = BTreeMap<String, Rc<Vec<u8>>>;

fn files(folder: &Path, last: Option<&Files>) -> Files {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let content = |name: &String| {
        let bytes = fs::read(folder.join(name)).unwrap();
        let same = last.and_then(|last| last.get(name)).filter(|known| ***known == bytes);
        same.cloned().unwrap_or_else(|| Rc::new(bytes))
    };
    names.map(|name| (name.clone(), content(&name))).collect()
}

fn put(folder: &Path, files: &Files) {
    for entry in fs::read_dir(folder).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes.as_slice()).unwrap();
    }
}

/// A vault that a code and a file open, without a derivation.
struct Scene {
    path: PathBuf,
    key: VaultKey,
    file: KeyFile,
    old_code: RecoveryCode,
    new_code: RecoveryCode,
    /// What the database holds.
    before: Content,
}

/// Whose code opens a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Old,
    New,
}

impl Scene {
    fn new(folder: &Path) -> Self {
        let path = folder.join("v");
        let passphrase = Passphrase::new("p".to_owned());
        let created = vfs::create(&path, &passphrase, KdfParams::FLOOR, &OsRandom).unwrap();
        let mut vault = open(&path, &created.key).unwrap();
        let identity = crate::crypto::IdentityKey::generate(&OsRandom).unwrap();
        vault.write(|store| Ok(store.set_identity(&identity)?)).unwrap();
        vault.close().unwrap();
        let mut vault = open(&path, &created.key).unwrap();
        vault.write_first_log_entry(workload::now()).unwrap();
        for (name, change) in &workload::CHANGES[..7] {
            change(&mut vault).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        vault.close().unwrap();
        let file = KeyFile::generate(&OsRandom).unwrap();
        let secret = Secret::KeyFile(&file);
        let new = NewSlot { secret, kdf: KdfParams::DEFAULT, note: SlotNote::default() };
        let keys = Keys::new(&path, &created.key, OPTIONS);
        assert_eq!(keys.add(&new, workload::now()).unwrap(), 3);
        let before = judge(&path, &created.key).unwrap();
        let new_code = RecoveryCode::generate(&OsRandom).unwrap();
        Self { path, key: created.key, file, old_code: created.recovery_code, new_code, before }
    }

    fn rotate(&self) -> Result<(), VaultError> {
        let kept = vec![KeptSlot { number: 3, secret: Secret::KeyFile(&self.file) }];
        let keys = Keys::new(&self.path, &self.key, OPTIONS);
        keys.rotate(kept, Some(&self.new_code), workload::now(), &mut |_| {}).map(drop)
    }

    /// The file always opens it, one of the codes does, and all of it is there.
    fn judge(&self, path: &Path) -> Which {
        let key = vfs::unlock(path, &Secret::KeyFile(&self.file)).unwrap().key;
        let opens = |code| vfs::unlock(path, &Secret::RecoveryCode(code)).is_ok();
        let which = match (opens(&self.old_code), opens(&self.new_code)) {
            (true, false) => Which::Old,
            (false, true) => Which::New,
            other => panic!("the old and the new code: {other:?}"),
        };
        let found = judge(path, &key).unwrap();
        assert_eq!(found == self.before, which == Which::Old, "the new key is logged where it is the key");
        assert_eq!(key.expose() == self.key.expose(), which == Which::Old);
        which
    }
}

#[test]
fn a_process_killed_before_any_call_leaves_the_old_vault_or_the_new_one() {
    let place = folder();
    let scene = Scene::new(place.path());
    let moments: Rc<RefCell<Vec<Files>>> = Rc::default();
    let (seen, watched) = (Rc::clone(&moments), place.path().to_owned());
    observer::watch(Some(Box::new(move || {
        let mut seen = seen.borrow_mut();
        let now = files(&watched, seen.last());
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    })));
    let rotated = scene.rotate();
    observer::watch(None);
    rotated.unwrap();
    let mut moments = moments.take();
    moments.push(files(place.path(), moments.last()));

    let copy = folder();
    let mut found = Vec::new();
    for (number, moment) in moments.iter().enumerate() {
        put(copy.path(), moment);
        let path = copy.path().join("v");
        found.push(scene.judge(&path));
        let vault = open(&path, &vfs::unlock(&path, &Secret::KeyFile(&scene.file)).unwrap().key).unwrap();
        let told = vault.warnings().iter().any(|warning| warning.contains("v.new-key"));
        assert_eq!(told, moment.contains_key("v.new-key"), "moment {number}");
    }
    println!("new key: killed at {} moments", moments.len());
    assert!(moments.len() >= 100, "only {}", moments.len());
    assert!(found.is_sorted_by_key(|which| *which == Which::New), "it never goes back");
    assert_eq!((found.first(), found.last()), (Some(&Which::Old), Some(&Which::New)));
    // What was left of it does not stand in the way of another attempt.
    let half = moments.iter().rfind(|moment| moment.contains_key("v.new-key-wal")).unwrap();
    put(place.path(), half);
    scene.rotate().unwrap();
    assert_eq!(scene.judge(&scene.path), Which::New);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

fn fail_at_any_call(trouble: &Trouble, for_good: bool, runs: u64) {
    let place = folder();
    let scene = Scene::new(place.path());
    let start = files(place.path(), None);
    let attempt = |call: u64| {
        put(place.path(), &start);
        observer::fail_at(call, trouble.clone(), for_good);
        let outcome = scene.rotate();
        let calls = observer::fail_no_more();
        let what = format!("{trouble:?}, for good: {for_good}, call {call}: {outcome:?}");
        let left = files(place.path(), None);
        assert!(!left.keys().any(|name| name.contains("new-key")), "{what}: {:?}", left.keys());
        let expected = if outcome.is_ok() { Which::New } else { Which::Old };
        assert_eq!(scene.judge(&scene.path), expected, "{what}");
        (calls, outcome.is_err())
    };
    fail_at_calls(&format!("new key, {trouble:?}, for good: {for_good}"), runs, attempt);
}

fn every_trouble(runs: u64) {
    with_each_trouble(|trouble, for_good| fail_at_any_call(trouble, for_good, runs));
}

#[test]
fn a_disk_that_fails_at_any_call_leaves_the_old_key_or_the_new_one() {
    every_trouble(8);
}

#[test]
#[ignore = "every call: minutes"]
fn a_disk_that_fails_at_every_call_leaves_the_old_key_or_the_new_one() {
    every_trouble(u64::MAX);
}
