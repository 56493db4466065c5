//! How far each vault had come when this machine last saw it: one small file a vault and place, in the state folder.
//!
//! Such a file holds the vault's id, the generation of its header, and how many commits it had: nothing more. Its name
//! is the id and a digest of the vault's path, so that a look at a backup that lies elsewhere neither raises an alarm nor
//! changes what is known of the vault. It is 0600 and replaced as a whole. One that is missing, damaged or cannot be
//! written never blocks anything: an older copy of the vault just goes unnoticed then.

use super::environment::Environment;
use super::known_signers::make_private_folder;
use super::output_file::write_new;
use finvault::vault::{Memory, Remembered};
use finvault::vfs::{Seen, VaultId};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The folder in the state folder.
const FOLDER: &str = "last-seen";
/// The first line of each file.
const FIRST_LINE: &str = "finvault last seen 1";

/// What this machine remembers.
pub struct LastSeen {
    /// None where the platform has no folder for it.
    folder: Option<PathBuf>,
    /// The vault's place, as file names tell it.
    place: String,
    accept_older: bool,
}

impl LastSeen {
    /// What this machine remembers of the vault at `path`. With `accept_older`, that is not held against the vault,
    /// and replaced.
    pub fn new(environment: &Environment, path: &Path, accept_older: bool) -> Self {
        Self {
            folder: environment.state_folder().ok().map(|folder| folder.join(FOLDER)),
            place: place_of(path),
            accept_older,
        }
    }

    fn file(&self, vault: VaultId) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(format!("{vault}-{}", self.place)))
    }
}

/// A digest of a path, however it was spelled; also of one where nothing is yet.
fn place_of(path: &Path) -> String {
    let real = path.canonicalize().ok();
    let real = real.or_else(|| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
        Some(folder.join(path.file_name()?))
    });
    let real = real.unwrap_or_else(|| path.to_owned());
    let digest = Sha256::digest(real.as_os_str().as_encoded_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl Memory for LastSeen {
    fn last_seen(&self, vault: VaultId) -> Option<Remembered> {
        if self.accept_older {
            return None;
        }
        let file = self.file(vault)?;
        let seen = parse(&std::fs::read_to_string(&file).ok()?, vault)?;
        let changed = std::fs::metadata(&file).and_then(|metadata| metadata.modified()).ok();
        Some(Remembered { seen, at: changed.and_then(|at| Timestamp::try_from(at).ok()) })
    }

    fn remember(&mut self, seen: &Seen) {
        let (Some(folder), Some(file)) = (&self.folder, self.file(seen.vault)) else { return };
        // Whatever fails here leaves the memory as it was, or without this vault: neither stops the owner.
        if make_private_folder(folder).is_ok() {
            let _ = write_new(&file, format(seen).as_bytes(), true);
        }
    }
}

fn format(seen: &Seen) -> String {
    format!("{FIRST_LINE}\nvault {}\ngeneration {}\ncommits {}\n", seen.vault, seen.generation, seen.commits)
}

/// Reads a file back. What is not exactly as [`format`] writes it is damaged and says nothing.
fn parse(text: &str, vault: VaultId) -> Option<Seen> {
    let number = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line?.parse().ok()
    };
    let seen = Seen { vault, generation: number("generation")?, commits: number("commits")? };
    (format(&seen) == text).then_some(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault_id() -> VaultId {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("v");
        let passphrase = finvault::crypto::Passphrase::new("p".to_owned());
        let random = finvault::crypto::OsRandom;
        let made =
            finvault::vfs::create(&path, &passphrase, finvault::crypto::KdfParams::FLOOR, &random).unwrap();
        made.vault_id
    }

    #[test]
    fn what_is_remembered_is_read_back_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let environment =
            Environment { state_dir: Some(folder.path().join("state")), ..Environment::default() };
        let place = folder.path().join("v");
        let mut memory = LastSeen::new(&environment, &place, false);
        let vault = vault_id();
        assert_eq!(memory.last_seen(vault), None);
        let seen = Seen { vault, generation: 7, commits: u64::MAX };
        memory.remember(&seen);
        let remembered = memory.last_seen(vault).unwrap();
        assert_eq!(remembered.seen, seen);
        assert!(remembered.at.is_some());
        assert_eq!(LastSeen::new(&environment, &place, true).last_seen(vault), None);
        // The same place, spelled otherwise, and another one.
        let spelled = folder.path().join(".").join("v");
        assert!(LastSeen::new(&environment, &spelled, false).last_seen(vault).is_some());
        assert_eq!(LastSeen::new(&environment, &folder.path().join("w"), false).last_seen(vault), None);
        let file = memory.file(vault).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text.lines().count(), 4, "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        }
        for damaged in
            ["", "generation 7\ncommits 3\n", &text.replace("generation 7", "generation -7"), &text[1..]]
        {
            std::fs::write(&file, damaged).unwrap();
            assert_eq!(memory.last_seen(vault), None, "{damaged}");
        }
        // A folder where the file should be: nothing is remembered, and nothing fails.
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        memory.remember(&seen);
        assert_eq!(memory.last_seen(vault), None);
    }
}
