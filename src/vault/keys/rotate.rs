//! A new vault key. Every page is sealed anew under it in a file beside the vault, which then takes the vault's place in one
//! step: at each moment one whole file is the vault.
//!
//! A slot wraps the key under a secret that only its owner has, so only the slots whose secrets are given come along. To
//! keep what would be needed for the others inside the vault would let who has the old key unwrap the new one.
//! What the owner signs with is derived from a secret inside the database, and stays.

use super::super::journal::Journal;
use super::super::{Progress, Vault, VaultError};
use super::Keys;
use super::logged::log_rotation;
use crate::crypto::{IdentityKey, KdfParams, OsRandom, RecoveryCode, VaultKey};
use crate::store::Store;
use crate::vfs::{self, ConnectOptions, NewSlot, Secret, SlotKind, SlotNote, SlotsDigest, VfsError};
use jiff::Timestamp;
use std::fs;
use std::path::{Path, PathBuf};

/// A slot that comes along, since its secret is at hand.
pub struct KeptSlot<'a> {
    /// Its number.
    pub number: u32,
    /// What opens it, as [`vfs::unlock`] has just found.
    pub secret: Secret<'a>,
}

/// What a rotation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// Units of 4 KiB that were read back from the new file.
    pub units: u64,
    /// The slot of the new recovery code, if one was asked for.
    pub recovery_slot: Option<u32>,
    /// What an earlier rotation that was interrupted had left, and was removed.
    pub leftover: Option<PathBuf>,
}

impl Keys<'_> {
    /// Seals all of the vault anew under a new key. The slots in `kept` go on opening it, with their numbers, costs and labels;
    /// `recovery_code`, if given, opens it from now on; nothing else does.
    ///
    /// # Errors
    /// [`VaultError::Invalid`] where nothing would open the vault; [`VfsError::Busy`] where it is in use;
    /// [`VfsError::Damaged`] where it is damaged; [`VfsError::DiskFull`] (it needs up to three times the vault's size while it
    /// runs); and as [`Keys::add`]. The vault is as it was then.
    pub fn rotate(
        self,
        kept: Vec<KeptSlot<'_>>,
        recovery_code: Option<&RecoveryCode>,
        now: Timestamp,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Rotation, VaultError> {
        if kept.is_empty() && recovery_code.is_none() {
            return Err(VaultError::Invalid("nothing would open the vault".to_owned()));
        }
        let (path, key) = (self.path, self.key);
        let mut vault = self.open()?;
        // From here on nobody else has the vault, so what is left of a rotation is nobody's.
        let leftover = unfinished(path).filter(|file| fs::symlink_metadata(file).is_ok());
        let beside = Beside(beside(path));
        beside.remove();
        keep_identity(&mut vault, key)?;
        let (slots, recovery_slot) = slots_after(&vault.store, key, kept, recovery_code, now)?;
        let before = vfs::slots_digest(vault.store.connection())?;
        let (new_key, units) =
            vfs::reseal(vault.store.connection(), &beside.0, &slots, &OsRandom, &mut |done, total| {
                progress(Progress { stage: "sealing anew", done, total });
            })?;
        let mut numbers: Vec<u32> = slots.iter().map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        log_beside(&beside.0, &new_key, &vault.journal(), &before, &numbers, now)?;
        // The vault's old file is given up; that it is held is said until all is done.
        let Vault { store, memory, _held, .. } = vault;
        vfs::replace(store.into_connection(), &beside.0, || Ok(()))?;
        if let Some(mut memory) = memory
            && let Ok(Some(seen)) = vfs::closed(path, &new_key)
        {
            memory.remember(&seen);
        }
        Ok(Rotation { units, recovery_slot, leftover })
    }
}

/// Logs the new key in the new file, and leaves all of that file in one piece and on the disk.
fn log_beside(
    file: &Path,
    key: &VaultKey,
    journal: &Journal,
    before: &SlotsDigest,
    numbers: &[u32],
    now: Timestamp,
) -> Result<(), VaultError> {
    let mut store = Store::open(vfs::connect(file, key, &ConnectOptions::default())?)?;
    let after = vfs::slots_digest(store.connection())?;
    log_rotation(&mut store, journal, before, &after, numbers, now)?;
    store.close()?;
    let failed = |source| VfsError::Io { doing: "write", path: file.to_owned(), source };
    if vfs::closed(file, key)?.is_none() {
        // Its log would not come along.
        return Err(failed(std::io::Error::other("its log could not be folded in")).into());
    }
    Ok(fs::File::open(file).and_then(|file| file.sync_all()).map_err(failed)?)
}

/// What the owner signs with must not change with the key: a vault that derives it from its key keeps it from now on.
fn keep_identity(vault: &mut Vault, key: &VaultKey) -> Result<(), VaultError> {
    if vault.read(|store| Ok(store.identity()?))?.is_none() {
        vault.write(|store| Ok(store.set_identity(&IdentityKey::of_vault_key(key))?))?;
    }
    Ok(())
}

/// New slots, each with its number.
type NumberedSlots<'a> = Vec<(u32, NewSlot<'a>)>;

/// The slots of the new file, and which of them is the new recovery code's.
fn slots_after<'a>(
    store: &Store,
    key: &VaultKey,
    kept: Vec<KeptSlot<'a>>,
    recovery_code: Option<&'a RecoveryCode>,
    now: Timestamp,
) -> Result<(NumberedSlots<'a>, Option<u32>), VaultError> {
    let before = vfs::key_slots(store.connection(), key)?;
    let mut slots: NumberedSlots<'a> = Vec::new();
    for KeptSlot { number, secret } in kept {
        let old = before.iter().find(|slot| slot.number == number);
        let old = old.ok_or(VaultError::File(VfsError::NoSuchSlot { number }))?;
        let kdf = old.kdf.unwrap_or(KdfParams::DEFAULT);
        slots.push((number, NewSlot { secret, kdf, note: old.note.clone() }));
    }
    let mut recovery_slot = None;
    if let Some(code) = recovery_code {
        let taken = |number: u32| slots.iter().any(|(other, _)| *other == number);
        let old = before.iter().find(|slot| slot.kind == Some(SlotKind::RecoveryCode) && !taken(slot.number));
        let number =
            old.map_or_else(|| (1..).find(|number| !taken(*number)).unwrap_or(u32::MAX), |old| old.number);
        let label = old.map(|old| old.note.label.clone()).unwrap_or_default();
        let note = SlotNote { added_s: Some(now.as_second()), label };
        let (secret, kdf) = (Secret::RecoveryCode(code), KdfParams::DEFAULT);
        slots.push((number, NewSlot { secret, kdf, note }));
        recovery_slot = Some(number);
    }
    Ok((slots, recovery_slot))
}

fn beside(path: &Path) -> PathBuf {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut name = real.into_os_string();
    name.push(".new-key");
    PathBuf::from(name)
}

fn unfinished(path: &Path) -> Option<PathBuf> {
    Some(beside(path)).filter(|file| fs::symlink_metadata(file).is_ok())
}

/// A word of warning where a rotation was interrupted and its unfinished file lies beside the vault. To be asked by who has the
/// vault open: then nobody is at work on it.
pub fn unfinished_rotation(path: &Path) -> Option<String> {
    unfinished(path).map(|file| {
        format!(
            "a \"finvault key rotate\" was interrupted, and the vault is as it was before; {} is left of it: delete it, or rotate again",
            file.display()
        )
    })
}

/// The new file until it is the vault; removed when dropped.
struct Beside(PathBuf);

impl Beside {
    fn remove(&self) {
        let mut log = self.0.clone().into_os_string();
        log.push("-wal");
        let _ = fs::remove_file(log);
        let _ = fs::remove_file(&self.0);
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.remove();
    }
}
