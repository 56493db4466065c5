//! A disk that fails at any call of the vault's own work: the change fails with an error of ours that does not call it damage, or
//! it is done; the same vault goes on with the old state or the new one, and so does one that is opened anew.

use std::fs;
use std::path::Path;

use super::super::{ErrorClass, Vault, VaultError};
use super::{fail_at_calls, judge, new_file, open, read, workload};
use crate::crypto::VaultKey;
use crate::store::StoreError;
use crate::vfs::simulated::observer::{self, Trouble};
use crate::vfs::simulated::{Content, content, folder};

struct Scene {
    vault: Vec<u8>,
    key: VaultKey,
    /// The content before the changes, and after each.
    states: Vec<Content>,
}

fn scene(folder: &Path) -> Scene {
    let (path, key) = new_file(folder);
    let mut vault = open(&path, &key).unwrap();
    vault.write_first_log_entry(workload::now()).unwrap();
    vault.add_default_categories().unwrap();
    vault.close().unwrap();
    let bytes = fs::read(&path).unwrap();
    let mut vault = open(&path, &key).unwrap();
    let mut states = vec![read(&vault)];
    for (name, change) in workload::CHANGES {
        change(&mut vault).unwrap_or_else(|error| panic!("{name}: {error}"));
        states.push(read(&vault));
    }
    Scene { vault: bytes, key, states }
}

/// Makes all changes with one vault; one that failed is tried again, a few times at most.
fn troubled(vault: &mut Vault, states: &[Content]) -> (usize, Vec<VaultError>) {
    let mut done = 0;
    let mut errors = Vec::new();
    while done < workload::CHANGES.len() && errors.len() < 4 {
        let (name, change) = workload::CHANGES[done];
        match change(vault) {
            Ok(()) => done += 1,
            Err(error) => {
                errors.push(error);
                if let Ok(seen) = content(vault.store.connection()) {
                    assert!(
                        seen == states[done] || seen == states[done + 1],
                        "{name}: half done after {errors:?}"
                    );
                    if seen != states[done] {
                        done += 1;
                    }
                }
            }
        }
    }
    (done, errors)
}

/// The error tells what happened and what to do; a disk that fails is not called damage, nor the owner's mistake.
fn assert_typed(error: &VaultError, what: &str) {
    assert_eq!(error.class(), ErrorClass::Failed, "{what}: {error}");
    assert!(!error.to_string().is_empty(), "{what}");
    if let VaultError::Store(StoreError::NotSynced) = error {
        assert!(error.remedy().unwrap().contains("open the vault again"));
    }
}

fn fail_at_any_call(trouble: &dyn Fn(&Path) -> Trouble, for_good: bool, runs: u64) {
    let folder = folder();
    let scene = scene(folder.path());
    let (path, log_path) = (folder.path().join("v"), folder.path().join("v-wal"));
    let what = format!("{:?}, for good: {for_good}", trouble(Path::new("")));
    let attempt = |call: u64| {
        fs::write(&path, &scene.vault).unwrap();
        let _ = fs::remove_file(&log_path);
        observer::fail_at(call, trouble(folder.path()), for_good);
        let (done, errors) = match open(&path, &scene.key) {
            Ok(mut vault) => {
                let outcome = troubled(&mut vault, &scene.states);
                let _ = vault.close();
                outcome
            }
            Err(error) => (0, vec![error]),
        };
        let calls = observer::fail_no_more();
        let what = format!("{what}, call {call}");
        errors.iter().for_each(|error| assert_typed(error, &what));
        // A disk on which every call fails for good cannot be read either, and that may be told instead.
        let unreadable = for_good && matches!(trouble(folder.path()), Trouble::Error);
        if let Some(first) = errors.iter().position(is_not_synced).filter(|_| !unreadable) {
            assert!(errors[first..].iter().all(is_not_synced), "{what}: {errors:?}");
        }
        let found = judge(&path, &scene.key).unwrap_or_else(|error| panic!("{what}: {error}"));
        let next = scene.states.get(done + 1).unwrap_or(&scene.states[done]);
        assert!(
            found == scene.states[done] || found == *next,
            "{what}: {done} changes were done: {errors:?}"
        );
        (calls, !errors.is_empty())
    };
    fail_at_calls(&what, runs, attempt);
}

fn is_not_synced(error: &VaultError) -> bool {
    matches!(error, VaultError::Store(StoreError::NotSynced))
}

fn short_write(folder: &Path) -> Trouble {
    Trouble::ShortWrite { vault: folder.join("v"), log: folder.join("v-wal") }
}

fn every_trouble(runs: u64) {
    for for_good in [false, true] {
        fail_at_any_call(&|_| Trouble::Error, for_good, runs);
        fail_at_any_call(&|_| Trouble::Full, for_good, runs);
        fail_at_any_call(&short_write, for_good, runs);
        fail_at_any_call(&|_| Trouble::FailedSync, for_good, runs);
    }
}

#[test]
fn a_disk_that_fails_at_any_call_leaves_the_old_state_or_the_new_one() {
    every_trouble(8);
}

#[test]
#[ignore = "every call: many minutes"]
fn a_disk_that_fails_at_every_call_leaves_the_old_state_or_the_new_one() {
    every_trouble(u64::MAX);
}
