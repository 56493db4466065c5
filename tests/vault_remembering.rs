//! A vault with a memory: what is remembered when, and what is noticed after a crash.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use finvault::crypto::{KdfParams, Passphrase};
use finvault::vault::{ErrorClass, Memory, OpenOptions, Remembered, Secret, Vault, VaultError};
use finvault::vfs::{self, Seen, VaultId};

#[derive(Clone, Default)]
struct Notebook(Arc<Mutex<Vec<Seen>>>);

impl Notebook {
    fn last(&self) -> Option<Seen> {
        self.0.lock().unwrap().last().copied()
    }
}

impl Memory for Notebook {
    fn last_seen(&self, vault: VaultId) -> Option<Remembered> {
        let seen = self.last().filter(|seen| seen.vault == vault)?;
        Some(Remembered { seen, at: None })
    }

    fn remember(&mut self, seen: &Seen) {
        self.0.lock().unwrap().push(*seen);
    }
}

fn passphrase() -> Passphrase {
    Passphrase::new("a passphrase".to_owned())
}

fn open(path: &Path, memory: &Notebook) -> Result<Vault, VaultError> {
    let unlocked = vfs::unlock(path, &Secret::Passphrase(&passphrase()))?;
    Vault::open_unlocked_remembering(path, unlocked, &OpenOptions::default(), Box::new(memory.clone()))
}

/// Cutting the last commits off the log of a crashed session leaves nothing odd in the files: memory notices.
#[test]
fn commits_cut_off_the_log_of_a_crashed_session_are_missed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, log_path) = (folder.path().join("v"), folder.path().join("v-wal"));
    let memory = Notebook::default();
    let (vault, _) =
        Vault::create(&path, &passphrase(), KdfParams::FLOOR, "2026-01-01T00:00:00Z".parse().unwrap())
            .unwrap();
    vault.remembering(Box::new(memory.clone())).close().unwrap();
    let after_create = memory.last().unwrap();

    let mut vault = open(&path, &memory).unwrap();
    assert_eq!(memory.last(), Some(after_create), "opening alone tells nothing new");
    vault.add_category("Cats").unwrap();
    let first = memory.last().unwrap();
    let shorter = fs::metadata(&log_path).unwrap().len();
    vault.add_category("Dogs").unwrap();
    let second = memory.last().unwrap();
    assert_eq!((first.commits + 1, first.generation), (second.commits, second.generation));
    let (main, log) = (fs::read(&path).unwrap(), fs::read(&log_path).unwrap());
    vault.close().unwrap();
    let closed = memory.last().unwrap();
    assert!(closed.generation > second.generation && closed.commits == second.commits);

    // As the crash left it, with what was remembered then.
    let then = Notebook(Arc::new(Mutex::new(vec![second])));
    let put = |log: &[u8]| {
        fs::write(&path, &main).unwrap();
        fs::write(&log_path, log).unwrap();
    };
    put(&log);
    drop(open(&path, &then).unwrap());
    // The last commit and its marker cut off.
    let cut = usize::try_from(shorter).unwrap() - 96;
    put(&log[..cut]);
    let error = open(&path, &then).err().unwrap();
    assert_eq!(error.class(), ErrorClass::Damaged);
    match error {
        VaultError::Older { found, remembered } => {
            assert_eq!((found.commits, remembered.seen), (first.commits, second));
        }
        other => panic!("{other}"),
    }
    assert!(fs::read(&path).unwrap() == main && fs::read(&log_path).unwrap() == log[..cut], "left alone");
    // Without a memory it passes for a commit that was never finished.
    drop(Vault::open(&path, &Secret::Passphrase(&passphrase()), &OpenOptions::default()).unwrap());
}
