//! Which vaults this process has open.
//!
//! On Unix a lock on a file is gone as soon as its process closes *any* descriptor of that file. So whoever reads a vault as
//! a plain file (a backup does) must know that no connection of the same process has it open.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

static OPEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn open() -> MutexGuard<'static, Vec<PathBuf>> {
    // The list is whole after every change, whatever else the thread that made it died of.
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says that a vault is open in this process, until it is dropped.
pub(super) struct Held(PathBuf);

impl Held {
    pub(super) fn new(path: &Path) -> Self {
        let real = real(path);
        open().push(real.clone());
        Self(real)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut list = open();
        if let Some(at) = list.iter().position(|path| *path == self.0) {
            list.swap_remove(at);
        }
    }
}

/// Whether this process has the vault open.
pub(super) fn is_held(path: &Path) -> bool {
    let real = real(path);
    open().contains(&real)
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_is_held_until_its_last_holder_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("v");
        std::fs::write(&path, b"").unwrap();
        let one = Held::new(&path);
        let two = Held::new(&folder.path().join(".").join("v"));
        drop(one);
        assert!(is_held(&path));
        drop(two);
        assert!(!is_held(&path));
    }
}
