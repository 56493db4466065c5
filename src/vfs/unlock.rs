//! From a passphrase, a recovery code or a key file to the vault's key.
//!
//! The header is judged in three steps: each copy's checksum, before any work; the bounds of the key derivation that
//! a slot states, before it is run; the copy's tag, once a slot gave a key. In the usual case (both copies alike) one
//! derivation is run per slot of the kind asked for.

use std::ffi::CString;
use std::path::Path;

use super::backing::Code;
use super::create::io_error;
use super::damage::{Damage, VfsError};
use super::ffi;
use super::header::{Copies, FORMAT_VERSION, Header, HeaderFault, VaultId};
use super::slots::{SLOTS, Secret, Slot, SlotFault, SlotKind};
use crate::crypto::{HeaderAuthKey, KdfError, VaultKey};

/// An unlocked vault.
pub struct Unlocked {
    /// Which vault it is.
    pub vault_id: VaultId,
    /// Its key, ready for [`connect`](super::connect).
    pub key: VaultKey,
    /// What kind of slot opened it.
    pub slot: SlotKind,
    /// That slot's number, counted from 1.
    pub slot_number: u32,
    /// Damage that did not prevent it: a header copy whose twin served.
    pub warnings: Vec<Damage>,
}

/// Finds the vault's key. Takes no lock, and reads nothing but the header.
///
/// # Errors
/// [`VfsError::WrongSecret`] (in the same words whatever slots the vault has), [`VfsError::NotAVault`],
/// [`VfsError::NewerFormat`], [`VfsError::Damaged`] (also where somebody moved the slot that the secret made),
/// [`VfsError::HostileKdf`], [`VfsError::Io`].
pub fn unlock(path: &Path, with: &Secret<'_>) -> Result<Unlocked, VfsError> {
    let copies = read_copies(path)?;
    let candidates = copies.candidates();
    if candidates.is_empty() {
        return Err(header_error(path, copies.fault()));
    }
    let mut tried: Vec<(VaultId, [Slot; SLOTS])> = Vec::new();
    let mut hostile = None;
    let mut moved = false;
    for (_, header) in &candidates {
        if tried.contains(&(header.vault_id, header.slots)) {
            continue;
        }
        tried.push((header.vault_id, header.slots));
        match try_slots(header, with) {
            // An older copy's slot that the newest has no more was removed: what opened it opens nothing.
            Ok(Some((key, index))) => {
                if let Some(unlocked) = accept(&copies, key, header, index)? {
                    return Ok(unlocked);
                }
            }
            Ok(None) => {}
            Err(SlotFault::Hostile(error)) => hostile = Some(error),
            Err(SlotFault::Kdf(error)) => return Err(VfsError::Kdf(error)),
            Err(SlotFault::Moved) => moved = true,
            Err(SlotFault::NotThisSecret) => {}
        }
    }
    let otherwise = if moved { VfsError::Damaged(Damage::Header) } else { VfsError::WrongSecret };
    Err(hostile.map_or(otherwise, VfsError::HostileKdf))
}

/// Which vault a file says it is. A hint that anybody can forge: only a key that fits proves it.
///
/// # Errors
/// [`VfsError::NotAVault`], [`VfsError::NewerFormat`], [`VfsError::Damaged`], [`VfsError::Io`].
pub fn stated_vault_id(path: &Path) -> Result<VaultId, VfsError> {
    let copies = read_copies(path)?;
    let newest = copies.candidates().into_iter().max_by_key(|(_, header)| header.generation);
    newest.map(|(_, header)| header.vault_id).ok_or_else(|| header_error(path, copies.fault()))
}

/// Holds a key that was kept since an earlier [`unlock`] against the vault's header; no derivation is run. Gives
/// the damage that did not prevent it.
///
/// # Errors
/// [`VfsError::WrongSecret`] where the key is another vault's, and otherwise as [`unlock`].
pub fn check_key(path: &Path, key: &VaultKey) -> Result<Vec<Damage>, VfsError> {
    let copies = read_copies(path)?;
    if copies.candidates().is_empty() {
        return Err(header_error(path, copies.fault()));
    }
    let header_key = HeaderAuthKey::derive(key);
    match copies.newest(&header_key) {
        Some(_) => Ok(copies.bad(&header_key)),
        None => Err(VfsError::WrongSecret),
    }
}

/// The header that counts, of a vault that is not open.
pub(super) fn newest_header(path: &Path, key: &HeaderAuthKey) -> Result<Header, VfsError> {
    let copies = read_copies(path)?;
    match copies.newest(key) {
        Some((_, header)) => Ok(*header),
        None if copies.candidates().is_empty() => Err(header_error(path, copies.fault())),
        None => Err(VfsError::WrongSecret),
    }
}

/// None where the newest copy that the key fits has another slot at that place.
fn accept(
    copies: &Copies,
    key: VaultKey,
    tried: &Header,
    index: usize,
) -> Result<Option<Unlocked>, VfsError> {
    let header_key = HeaderAuthKey::derive(&key);
    let Some((_, header)) = copies.newest(&header_key) else {
        return Err(VfsError::Damaged(Damage::Header));
    };
    let slot = header.slots.get(index).filter(|slot| tried.slots.get(index) == Some(slot));
    let Some(kind) = slot.and_then(Slot::kind) else {
        return Ok(None);
    };
    Ok(Some(Unlocked {
        vault_id: header.vault_id,
        key,
        slot: kind,
        slot_number: u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1),
        warnings: copies.bad(&header_key),
    }))
}

/// Tries the slots of the right kind; gives the key and the place of the slot. A hostile slot, or one that was moved, does
/// not stop the others.
fn try_slots(header: &Header, with: &Secret<'_>) -> Result<Option<(VaultKey, usize)>, SlotFault> {
    let mut hostile: Option<KdfError> = None;
    let mut moved = false;
    for ((place, index), slot) in (0..).zip(0..).zip(&header.slots) {
        if !slot.is(with.kind()) {
            continue;
        }
        match slot.unwrap(with, header.vault_id.0, index) {
            Ok(key) => return Ok(Some((key, place))),
            Err(SlotFault::NotThisSecret) => {}
            Err(SlotFault::Moved) => moved = true,
            Err(SlotFault::Hostile(error)) => hostile = Some(error),
            Err(other) => return Err(other),
        }
    }
    match hostile {
        Some(error) => Err(SlotFault::Hostile(error)),
        None if moved => Err(SlotFault::Moved),
        None => Ok(None),
    }
}

fn read_copies(path: &Path) -> Result<Copies, VfsError> {
    // SQLite opens no symbolic links below this level; resolving them touches no file's locks.
    let real = path.canonicalize().map_err(|source| io_error("open", path, source))?;
    if !real.is_file() {
        return Err(VfsError::NotAVault { path: path.to_owned() });
    }
    let name = c_path(&real)?;
    let mut copies = Copies::empty();
    if !ffi::register() {
        return Err(code_error(path, Code(rusqlite::ffi::SQLITE_ERROR)));
    }
    ffi::read_start(&name, copies.bytes()).map_err(|code| code_error(path, code))?;
    Ok(copies)
}

fn c_path(path: &Path) -> Result<CString, VfsError> {
    #[cfg(unix)]
    let bytes = std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_vec();
    #[cfg(not(unix))]
    let bytes = path.to_string_lossy().into_owned().into_bytes();
    CString::new(bytes).map_err(|error| io_error("open", path, std::io::Error::other(error)))
}

/// A result code of SQLite's lower layers in our terms.
pub(super) fn code_error(path: &Path, code: Code) -> VfsError {
    let path = path.to_owned();
    match code.0 & 0xff {
        rusqlite::ffi::SQLITE_FULL => VfsError::DiskFull { path },
        rusqlite::ffi::SQLITE_READONLY => VfsError::ReadOnly { path },
        rusqlite::ffi::SQLITE_BUSY => VfsError::Busy { path },
        _ => VfsError::Io {
            doing: "read",
            path,
            source: std::io::Error::other(rusqlite::ffi::Error::new(code.0)),
        },
    }
}

/// Why no header copy can be used, in our terms.
pub(super) fn header_error(path: &Path, fault: HeaderFault) -> VfsError {
    match fault {
        HeaderFault::NoMagic => VfsError::NotAVault { path: path.to_owned() },
        HeaderFault::Newer(found) => VfsError::NewerFormat { found, supported: FORMAT_VERSION },
        HeaderFault::Damaged => VfsError::Damaged(Damage::Header),
    }
}
