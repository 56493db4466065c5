//! Changes of the keys are entries of the signed log, and the header's key slots are held against them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends")]

use finvault::crypto::{KdfParams, KeyFile, OsRandom, Passphrase};
use finvault::disclosure::LogExport;
use finvault::vault::keys::{KdfChoice, KeptSlot, Keys, LoggedKeys, NewSlot, SlotNote};
use finvault::vault::{ErrorClass, Memory, OpenOptions, Remembered, Secret, Vault, VaultError};
use finvault::vfs::{self, ConnectOptions, Seen, VaultId};
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

struct House {
    folder: tempfile::TempDir,
    file: KeyFile,
}

fn now() -> Timestamp {
    "2026-04-02T09:00:00Z".parse().unwrap()
}

fn first() -> Passphrase {
    Passphrase::new("correct horse battery staple".to_owned())
}

impl House {
    /// A vault that a passphrase (slot 1), a recovery code (2) and a key file (3) open.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("v");
        Vault::create(&path, &first(), KdfParams::FLOOR, now()).unwrap().0.close().unwrap();
        let house = Self { folder, file: KeyFile::generate(&OsRandom).unwrap() };
        let key = vfs::unlock(&path, &Secret::Passphrase(&first())).unwrap().key;
        let new = slot(&house.file, "stick of Ann");
        assert_eq!(Keys::new(&path, &key, OpenOptions::default()).add(&new, now()).unwrap(), 3);
        house
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("v")
    }

    fn secret(&self) -> Secret<'_> {
        Secret::KeyFile(&self.file)
    }

    fn unlocked(&self) -> vfs::Unlocked {
        vfs::unlock(&self.path(), &self.secret()).unwrap()
    }

    fn vault(&self) -> Vault {
        Vault::open(&self.path(), &self.secret(), &OpenOptions::default()).unwrap()
    }

    fn with_keys<T>(&self, work: impl FnOnce(Keys<'_>) -> Result<T, VaultError>) -> Result<T, VaultError> {
        work(Keys::new(&self.path(), &self.unlocked().key, OpenOptions::default()))
    }

    /// Works below the vault's own rules, as a program without them that has the key could.
    fn below<T>(&self, work: impl FnOnce(&Connection) -> T) -> T {
        let key = self.unlocked().key;
        let connection = vfs::connect(&self.path(), &key, &ConnectOptions::default()).unwrap();
        let outcome = work(&connection);
        connection.close().unwrap();
        outcome
    }

    fn verify(&self) -> Result<LoggedKeys, VaultError> {
        self.vault().verify_log_with_keys().map(|(_, keys)| keys)
    }

    /// What the log says of the keys.
    fn logged(&self) -> Vec<Value> {
        let entries = self.vault().log().unwrap();
        let of_keys = entries.into_iter().filter(|entry| entry.kind == "keys-changed");
        of_keys.map(|entry| serde_json::from_str(&entry.body).unwrap()).collect()
    }
}

fn slot<'a>(file: &'a KeyFile, label: &str) -> NewSlot<'a> {
    let note = SlotNote { added_s: Some(now().as_second()), label: label.to_owned() };
    NewSlot { secret: Secret::KeyFile(file), kdf: KdfParams::DEFAULT, note }
}

#[test]
fn every_change_is_logged_without_a_secret_or_a_label() {
    let house = House::new();
    let dearer = KdfChoice { memory_kib: Some(20 * 1024), passes: None };
    let second = Passphrase::new("a better passphrase than that".to_owned());
    let unlocked = house.unlocked();
    house.with_keys(|keys| keys.change_passphrase(&unlocked, Some(1), &second, dearer, now())).unwrap();
    house.with_keys(|keys| keys.remove(2, now())).unwrap();
    assert_eq!(house.verify().unwrap(), LoggedKeys::AsLogged);
    let kept = vec![KeptSlot { number: 3, secret: house.secret() }];
    house.with_keys(|keys| keys.rotate(kept, None, now(), &mut |_| {})).unwrap();
    assert_eq!(house.verify().unwrap(), LoggedKeys::AsLogged);
    let logged = house.logged();
    let changes: Vec<_> = logged.iter().map(|body| body["change"].as_str().unwrap()).collect();
    assert_eq!(changes, ["added", "replaced", "removed", "rotated"]);
    let of = |at: usize| (logged[at]["slot"].as_u64(), logged[at]["opens_with"].as_str());
    assert_eq!(of(0), (Some(3), Some("key-file")));
    assert_eq!(of(1), (Some(1), Some("passphrase")));
    assert_eq!(
        (logged[1]["kdf_memory_kib"].as_u64(), logged[1]["kdf_passes"].as_u64()),
        (Some(20_480), Some(2))
    );
    assert_eq!(of(2), (Some(2), Some("recovery-code")));
    assert_eq!(logged[3]["slots"], serde_json::json!([3]));
    for pair in logged.windows(2) {
        assert_eq!(pair[0]["after"], pair[1]["before"], "each change begins where the one before ended");
    }
    assert!(logged.iter().all(|body| !body.to_string().contains("Ann")), "{logged:?}");

    // A copy for an auditor has what was done and what a guess costs.
    let mut copy = Vec::new();
    let mut vault = house.vault();
    vault
        .export_log(now(), &mut |bytes| {
            copy.extend_from_slice(bytes);
            Ok(())
        })
        .unwrap();
    vault.close().unwrap();
    let copy = LogExport::read(std::str::from_utf8(&copy).unwrap(), None).unwrap();
    let keys: Vec<_> = copy.entries.into_iter().filter_map(|entry| entry.detail.keys).collect();
    assert_eq!(keys.iter().map(|keys| keys.change.as_str()).collect::<Vec<_>>(), changes);
    assert_eq!((keys[1].slot, keys[1].kdf_memory_kib, keys[1].kdf_passes), (Some(1), Some(20_480), Some(2)));
    assert_eq!((keys[3].slot, keys[3].opens_with.as_deref()), (None, None));
}

#[test]
fn a_refused_change_is_not_logged() {
    let house = House::new();
    for refused in [
        house.with_keys(|keys| keys.remove(7, now())),
        house.with_keys(|keys| keys.add(&slot(&house.file, "two\nlines"), now()).map(drop)),
        house.with_keys(|keys| keys.rotate(Vec::new(), None, now(), &mut |_| {}).map(drop)),
    ] {
        assert_eq!(refused.unwrap_err().class(), ErrorClass::Input);
    }
    assert_eq!(house.logged().len(), 1);
    assert_eq!(house.verify().unwrap(), LoggedKeys::AsLogged);
}

#[test]
fn a_vault_whose_keys_never_changed_has_nothing_to_compare() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::create(&folder.path().join("v"), &first(), KdfParams::FLOOR, now()).unwrap().0;
    assert_eq!(vault.verify_log_with_keys().unwrap().1, LoggedKeys::NoChange);
}

#[test]
fn slots_that_were_changed_behind_the_logs_back_are_told() {
    let house = House::new();
    let own = KeyFile::generate(&OsRandom).unwrap();
    let key = house.unlocked().key;
    house.below(|connection| {
        let change = vfs::plan_added_slot(connection, &key, &slot(&own, "")).unwrap();
        vfs::change_key_slots(connection, &change).unwrap();
    });
    let error = house.verify().unwrap_err();
    assert_eq!(error.class(), ErrorClass::Damaged);
    assert!(error.to_string().contains("key slots"), "{error}");
    let report = house.vault().check(&mut |_| {}).unwrap();
    assert!(
        report.problems.iter().any(|problem| problem.what.contains("key slots")),
        "{:?}",
        report.problems
    );
    // A change of the owner's own does not cover it up.
    house.with_keys(|keys| keys.remove(2, now())).unwrap();
    let error = house.verify().unwrap_err();
    assert!(error.to_string().contains("without an entry, some time before entry 3"), "{error}");
}

/// What was seen last, kept where the test can look.
#[derive(Clone, Default)]
struct Notebook(Arc<Mutex<Option<Seen>>>);

impl Memory for Notebook {
    fn last_seen(&self, vault: VaultId) -> Option<Remembered> {
        let seen = (*self.0.lock().unwrap())?;
        (seen.vault == vault).then_some(Remembered { seen, at: None })
    }

    fn remember(&mut self, seen: &Seen) {
        *self.0.lock().unwrap() = Some(*seen);
    }
}

/// Something that is done to the keys.
type Work<'a> = dyn Fn(Keys<'_>) -> Result<(), VaultError> + 'a;

#[test]
fn the_memory_is_asked_and_told_by_everything_that_is_done_to_the_keys() {
    let house = House::new();
    let notebook = Notebook::default();
    let other = KeyFile::generate(&OsRandom).unwrap();
    let remembering =
        |work: &Work<'_>| house.with_keys(|keys| work(keys.remembering(Box::new(notebook.clone()))));
    let kept = || vec![KeptSlot { number: 3, secret: house.secret() }];
    let second = Passphrase::new("a better passphrase than that".to_owned());
    let works: [&Work<'_>; 5] = [
        &|keys| keys.list().map(drop),
        &|keys| keys.add(&slot(&other, ""), now()).map(drop),
        &|keys| {
            let (unlocked, same) = (house.unlocked(), KdfChoice::default());
            keys.change_passphrase(&unlocked, Some(1), &second, same, now()).map(drop)
        },
        &|keys| keys.remove(2, now()),
        &|keys| keys.rotate(kept(), None, now(), &mut |_| {}).map(drop),
    ];
    for (number, work) in works.iter().enumerate() {
        let old = std::fs::read(house.path()).unwrap();
        remembering(work).unwrap();
        let seen = (*notebook.0.lock().unwrap()).unwrap();
        assert_eq!(Some(seen), vfs::closed(&house.path(), &house.unlocked().key).unwrap(), "work {number}");
        if number == 0 {
            continue;
        }
        // The vault from before the change, put back: nothing is done to it.
        let new = std::fs::read(house.path()).unwrap();
        std::fs::write(house.path(), &old).unwrap();
        for (other, work) in works.iter().enumerate() {
            let refused = remembering(work).unwrap_err();
            assert!(matches!(refused, VaultError::Older { .. }), "work {other} after {number}: {refused}");
        }
        assert!(std::fs::read(house.path()).unwrap() == old, "not a byte was written");
        assert_eq!(*notebook.0.lock().unwrap(), Some(seen));
        std::fs::write(house.path(), &new).unwrap();
    }
    assert_eq!(std::fs::read_dir(house.folder.path()).unwrap().count(), 1);
}
