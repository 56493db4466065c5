//! Backups: a copy of the vault that is one consistent state, still sealed, read back wholly before it counts; and the
//! way back from one.
//!
//! A backup is a vault like any other: the same passphrase opens it, and nothing in it is in clear. It is taken
//! from the files as they lie on the disk, so another process may go on using the vault meanwhile: a copy in
//! which two states are mixed is noticed and taken again.

use super::held;
use super::{Progress, VaultError};
use crate::crypto::VaultKey;
use crate::store::StoreError;
use crate::vfs::{self, ConnectOptions, Seen, VfsError};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The two header copies at the start of a vault: a change of them tells that a copy mixes two states.
const HEADER_BYTES: usize = 2 * 4096;
/// How often a copy is tried while somebody else keeps changing the vault.
const TRIES: u32 = 20;
const PAUSE_MS: u64 = 50;
const PIECE_BYTES: usize = 1024 * 1024;

/// What a backup or restore came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    /// Bytes of the new file.
    pub bytes: u64,
    /// Units of 4 KiB that were read back and authenticated.
    pub units: u64,
    /// Where the vault that was there before lies now; none where there was none.
    pub replaced: Option<PathBuf>,
    /// How far the vault in the new file has come.
    pub seen: Option<Seen>,
}

/// Copies the vault at `path`, which must not be open in this process, to `to`, and reads the copy back. `key` is the
/// vault's. Another process may have it open.
///
/// # Errors
/// [`VfsError::Exists`] where `to` is there; [`VfsError::Busy`] where this process has the vault open, or another changes it
/// too fast; [`VfsError::Damaged`] where the vault is damaged. Nothing is left at `to` then.
pub fn back_up(
    path: &Path,
    key: &VaultKey,
    to: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<BackupReport, VaultError> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(VfsError::Exists { path: to.to_owned() }.into());
    }
    let copy = Copy::beside(to)?;
    let (units, seen) = copy.take(path, key, progress)?;
    // A link is made only where nothing is: nobody's file is replaced, however it came there meanwhile.
    fs::hard_link(&copy.file, to)
        .or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Err(error),
            _ => fs::rename(&copy.file, to),
        })
        .map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => VfsError::Exists { path: to.to_owned() },
            _ => failed("write", to, error),
        })?;
    sync_folder(to)?;
    let bytes = fs::metadata(to).map_err(|error| failed("read", to, error))?.len();
    Ok(BackupReport { bytes, units, replaced: None, seen })
}

/// Puts the backup at `backup` in the place of the vault at `path`. What was there stays beside it under `safety`; the
/// change is one step, so at each moment one of the two is the vault. `key` is the backup's.
///
/// # Errors
/// [`VfsError::Busy`] where the vault is in use; [`VfsError::Exists`] where `safety` is there; [`VfsError::Damaged`] where
/// the backup is damaged. The vault is as it was then.
pub fn restore(
    backup: &Path,
    key: &VaultKey,
    path: &Path,
    safety: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<BackupReport, VaultError> {
    let copy = Copy::beside(path)?;
    let (units, seen) = copy.take(backup, key, progress)?;
    let there = is_free_to_go(path, safety)?;
    let second_name = |from: &Path, to: &Path| {
        fs::hard_link(from, to)
            .or_else(|_| fs::copy(from, to).map(|_| ()))
            .map_err(|error| failed("write", to, error))
    };
    // A whole vault is kept from everybody else until the backup is in its place, and its log is folded in, so that
    // one file is all of it. A damaged one, or one of another key, is set aside as it is, log and all.
    match there.then(|| vfs::connect(path, key, &ConnectOptions::default())) {
        Some(Ok(connection)) => vfs::replace(connection, &copy.file, || second_name(path, safety))?,
        Some(Err(error @ VfsError::Busy { .. })) => return Err(error.into()),
        _ => {
            if there && fs::symlink_metadata(log_of(path)).is_ok() {
                second_name(&log_of(path), &log_of(safety))?;
            }
            if there {
                second_name(path, safety)?;
            }
            fs::rename(&copy.file, path).map_err(|error| failed("write", path, error))?;
            // A log that belonged to the vault before means nothing to this one, whose header names none.
            let _ = fs::remove_file(log_of(path));
        }
    }
    sync_folder(path)?;
    let bytes = fs::metadata(path).map_err(|error| failed("read", path, error))?.len();
    Ok(BackupReport { bytes, units, replaced: there.then(|| safety.to_owned()), seen })
}

/// Whether there is a vault at `path`, which may then be set aside under the name `safety`.
fn is_free_to_go(path: &Path, safety: &Path) -> Result<bool, VaultError> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(false);
    }
    for taken in [safety.to_owned(), log_of(safety)] {
        if fs::symlink_metadata(&taken).is_ok() {
            return Err(VfsError::Exists { path: taken }.into());
        }
    }
    if held::is_held(path) {
        return Err(VfsError::Busy { path: path.to_owned() }.into());
    }
    Ok(true)
}

/// A copy in the making, beside the place where it is to be; removed when dropped.
struct Copy {
    file: PathBuf,
}

impl Copy {
    fn beside(place: &Path) -> Result<Self, VaultError> {
        let mut name = place.as_os_str().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let file = PathBuf::from(name);
        if fs::symlink_metadata(&file).is_ok() {
            return Err(VfsError::Exists { path: file }.into());
        }
        Ok(Self { file })
    }

    /// Copies until a copy is one whole state, and reads it back. Gives the units that were read, and how far the
    /// vault in it has come.
    fn take(
        &self,
        from: &Path,
        key: &VaultKey,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(u64, Option<Seen>), VaultError> {
        if held::is_held(from) {
            return Err(VfsError::Busy { path: from.to_owned() }.into());
        }
        vfs::check_key(from, key)?;
        let mut last = VaultError::File(VfsError::Busy { path: from.to_owned() });
        for _ in 0..TRIES {
            self.remove();
            if self.copy(from, progress)? {
                match self.verify(key, progress) {
                    Ok(units) => return Ok((units, vfs::closed(&self.file, key)?)),
                    // Either the vault is damaged, or it changed in a way that its header did not show in time.
                    Err(error @ VaultError::File(VfsError::Damaged(_))) => last = error,
                    Err(error) => return Err(error),
                }
            }
            std::thread::sleep(Duration::from_millis(PAUSE_MS));
        }
        Err(last)
    }

    /// Copies vault and log. False where the vault's header changed meanwhile.
    fn copy(&self, from: &Path, progress: &mut dyn FnMut(Progress)) -> Result<bool, VfsError> {
        let before = header(from)?;
        let log = log_of(from);
        let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
        let total = length(from).saturating_add(length(&log));
        let mut done = 0;
        copy_file(from, &self.file, &mut |bytes| {
            done += bytes;
            progress(Progress { stage: "copying", done, total });
        })?;
        match copy_file(&log, &log_of(&self.file), &mut |_| {}) {
            Err(VfsError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            outcome => outcome?,
        }
        Ok(header(from)? == before)
    }

    /// Opens the copy as the vault that it is, folds its log in, and authenticates every byte and every structure.
    fn verify(&self, key: &VaultKey, progress: &mut dyn FnMut(Progress)) -> Result<u64, VaultError> {
        let connection = vfs::connect(&self.file, key, &ConnectOptions::default())?;
        let report = vfs::check(&connection, &mut |done, total| {
            progress(Progress { stage: "reading back", done, total });
        })?;
        if let Some(damage) = report.damage.into_iter().find(|damage| !damage.is_mended()) {
            return Err(VfsError::Damaged(damage).into());
        }
        let sound: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(StoreError::from)?;
        if sound != "ok" {
            return Err(StoreError::Corrupt(sound).into());
        }
        connection.close().map_err(|(_, error)| StoreError::from(error))?;
        File::open(&self.file)
            .and_then(|file| file.sync_all())
            .map_err(|error| failed("write", &self.file, error))?;
        Ok(report.units_read)
    }

    fn remove(&self) {
        let _ = fs::remove_file(log_of(&self.file));
        let _ = fs::remove_file(&self.file);
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        self.remove();
    }
}

fn header(path: &Path) -> Result<Vec<u8>, VfsError> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    File::open(path)
        .and_then(|file| file.take(HEADER_BYTES as u64).read_to_end(&mut bytes))
        .map_err(|error| failed("read", path, error))?;
    Ok(bytes)
}

/// Copies a file into a new one that only its owner can read.
fn copy_file(from: &Path, to: &Path, progress: &mut dyn FnMut(u64)) -> Result<(), VfsError> {
    let mut source = File::open(from).map_err(|error| failed("read", from, error))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut target = options.open(to).map_err(|error| failed("write", to, error))?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = source.read(&mut piece).map_err(|error| failed("read", from, error))?;
        let Some(bytes) = piece.get(..count).filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
        target.write_all(bytes).map_err(|error| failed("write", to, error))?;
        progress(count as u64);
    }
}

/// Makes a new name in a folder survive a power cut.
fn sync_folder(path: &Path) -> Result<(), VfsError> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| failed("write", folder, error))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

fn failed(doing: &'static str, path: &Path, source: io::Error) -> VfsError {
    let path = path.to_owned();
    if source.kind() == io::ErrorKind::StorageFull {
        return VfsError::DiskFull { path };
    }
    VfsError::Io { doing, path, source }
}
