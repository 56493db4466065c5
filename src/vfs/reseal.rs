//! A new vault key: the database is copied, page by page, into a new file that is sealed under it, and that file takes
//! the place of the old one in one step.
//!
//! Until that step the old file is the vault and is not written to; after it the new one is. The old file's lock is held all the
//! while, so nobody else changes it, and who waited for the lock notices that the file is another.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::check::check;
use super::connect::{ConnectOptions, connect};
use super::create::{empty_file, io_error, sync_folder, write_new};
use super::damage::VfsError;
use super::ffi;
use super::header::{Frontier, Header, WalIdentity};
use super::key_slots::{NewSlot, failed};
use super::keys::Keys;
use super::shim;
use super::slots::{SLOTS, Slot};
use super::unlock::unlock;
use crate::crypto::{Random, VaultKey};

/// Pages copied between two reports of progress.
const STEP_PAGES: i32 = 1024;

/// Copies the database behind `connection` into a new vault file at `to`, under a new key that it wraps in `slots` (each with its
/// number), and reads all of the new file back. The new file is the same vault: its id stays, its generation
/// goes on. Gives the new key and the units that were read back. `progress` is told pages done and pages in all.
///
/// # Errors
/// [`VfsError::Exists`] where `to` is there; [`VfsError::Damaged`] where the vault is damaged, or what was written
/// reads back otherwise; [`VfsError::DiskFull`], [`VfsError::Io`], [`VfsError::Kdf`], [`VfsError::Random`]. What was
/// written by then is left for the caller to remove.
pub fn reseal(
    connection: &Connection,
    to: &Path,
    slots: &[(u32, NewSlot<'_>)],
    random: &dyn Random,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(VaultKey, u64), VfsError> {
    let key = VaultKey::generate(random)?;
    let header = header_after(connection, &key, slots, random)?;
    write_new(to, &empty_file(header, &Keys::derive(&key), random)?)?;
    let mut target = connect(to, &key, &ConnectOptions::default())?;
    copy_pages(connection, &mut target, progress)?;
    fold_log(&target)?;
    let report = check(&target, progress)?;
    if let Some(damage) = report.damage.into_iter().next() {
        return Err(VfsError::Damaged(damage));
    }
    let sound: String =
        target.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(VfsError::Sqlite)?;
    if sound != "ok" {
        let problem = std::io::Error::other(format!("the copy is not sound: {sound}"));
        return Err(VfsError::Io { doing: "copy to", path: to.to_owned(), source: problem });
    }
    target.close().map_err(|(_, error)| VfsError::Sqlite(error))?;
    for (number, new) in slots {
        let opened = unlock(to, &new.secret)?;
        if opened.slot_number != *number || opened.key.expose() != key.expose() {
            return Err(VfsError::WrongSecret);
        }
    }
    fs::File::open(to).and_then(|file| file.sync_all()).map_err(|source| io_error("write", to, source))?;
    Ok((key, report.units_read))
}

/// The header that the new file begins with.
fn header_after(
    connection: &Connection,
    key: &VaultKey,
    slots: &[(u32, NewSlot<'_>)],
    random: &dyn Random,
) -> Result<Header, VfsError> {
    let vault = ffi::vault_of(connection).ok_or(VfsError::NotOurs)?;
    let before = shim::lock(&vault).and_then(|vault| Ok((vault.header()?.clone(), vault.commits()?)));
    let (before, commits) = before.map_err(|fault| failed(connection, fault))?;
    let mut header = Header {
        generation: before.generation.saturating_add(1),
        wal_live: false,
        wal: WalIdentity { generation: before.wal.generation, id: [0; 16] },
        floor: Frontier::default(),
        page_count: 1,
        commit_sequence: commits,
        slots: [Slot::EMPTY; SLOTS],
        ..Header::new(before.vault_id)
    };
    for (number, new) in slots {
        let index = number.saturating_sub(1);
        let place = usize::try_from(index).ok().and_then(|index| header.slots.get_mut(index));
        *place.ok_or(VfsError::NoSuchSlot { number: *number })? =
            new.wrap(key, before.vault_id.0, index, random)?;
    }
    Ok(header)
}

fn copy_pages(
    from: &Connection,
    to: &mut Connection,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), VfsError> {
    let explained = |error| match super::connect::damage(from) {
        Some(damage) => VfsError::Damaged(damage),
        None => VfsError::Sqlite(error),
    };
    let backup = Backup::new(from, to).map_err(explained)?;
    loop {
        let step = backup.step(STEP_PAGES).map_err(explained)?;
        let at = backup.progress();
        let pages = |count: i32| u64::try_from(count).unwrap_or(0);
        progress(pages(at.pagecount.saturating_sub(at.remaining)), pages(at.pagecount));
        match step {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            // Nobody else has either file; a statement of this connection that still runs is the caller's.
            _ => return Err(VfsError::Busy { path: PathBuf::from(from.path().unwrap_or_default()) }),
        }
    }
}

/// Moves all of the log into the file, and cuts the log to nothing.
fn fold_log(connection: &Connection) -> Result<(), VfsError> {
    let busy: i64 = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(VfsError::Sqlite)?;
    if busy != 0 {
        return Err(VfsError::Busy { path: PathBuf::from(connection.path().unwrap_or_default()) });
    }
    Ok(())
}

/// Puts the file `with` in the place of the one behind `connection`, whose lock is held until then, and closes the
/// connection. All of the old file's log is folded into it first; `before` runs then, when that one file is all of it and
/// nobody can change it.
///
/// # Errors
/// [`VfsError::Io`] and [`VfsError::ReadOnly`] where that fails, and what `before` reports: the old file is in its place then.
pub fn replace(
    connection: Connection,
    with: &Path,
    before: impl FnOnce() -> Result<(), VfsError>,
) -> Result<(), VfsError> {
    let path = PathBuf::from(connection.path().unwrap_or_default());
    let vault = ffi::vault_of(&connection).ok_or(VfsError::NotOurs)?;
    fold_log(&connection)?;
    shim::lock(&vault).map_err(|fault| failed(&connection, fault))?.given_up = true;
    drop(vault);
    before()?;
    // Empty by now. Later this name belongs to the new file's log.
    let mut log = path.clone().into_os_string();
    log.push("-wal");
    let _ = fs::remove_file(log);
    let renamed = fs::rename(with, &path).map_err(|source| io_error("write", &path, source));
    sync_folder(&path);
    // What it could still fail at concerns a file that is no vault any more.
    drop(connection);
    renamed
}
