//! A new vault key. Every page is sealed anew under it in a file beside the vault, which then takes the vault's place in one
//! step: at each moment one whole file is the vault.
//!
//! A slot wraps the key under a secret that only its owner has, so only the slots whose secrets are given come along. To
//! keep what would be needed for the others inside the vault would let who has the old key unwrap the new one.
//! What the owner signs with is derived from a secret inside the database, and stays.

use super::super::{OpenOptions, Progress, VaultError, held};
use crate::crypto::{IdentityKey, KdfParams, OsRandom, RecoveryCode, VaultKey};
use crate::store::Store;
use crate::vfs::{self, ConnectOptions, NewSlot, Secret, SlotKind, SlotNote, VfsError};
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

/// Seals all of the vault at `path` anew under a new key. `key` is the old one. The slots in `kept` go on opening the vault, with
/// their numbers, costs and labels; `recovery_code`, if given, opens it from now on; nothing else does.
///
/// # Errors
/// [`VaultError::Invalid`] where nothing would open the vault; [`VfsError::Busy`] where it is in use;
/// [`VfsError::Damaged`] where it is damaged; [`VfsError::DiskFull`] (it needs up to three times the vault's size while it runs).
/// The vault is as it was then.
pub fn rotate(
    path: &Path,
    key: &VaultKey,
    kept: Vec<KeptSlot<'_>>,
    recovery_code: Option<&RecoveryCode>,
    now: Timestamp,
    options: &OpenOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Rotation, VaultError> {
    if kept.is_empty() && recovery_code.is_none() {
        return Err(VaultError::Invalid("nothing would open the vault".to_owned()));
    }
    let _held = held::Held::new(path);
    let connect = ConnectOptions { busy_timeout_ms: options.busy_timeout_ms, ..ConnectOptions::default() };
    let mut store = Store::open(vfs::connect(path, key, &connect)?)?;
    // From here on nobody else has the vault, so what is left of a rotation is nobody's.
    let leftover = unfinished(path).filter(|file| fs::symlink_metadata(file).is_ok());
    let beside = Beside(beside(path));
    beside.remove();
    keep_identity(&mut store, key)?;
    let (slots, recovery_slot) = slots_after(&store, key, kept, recovery_code, now)?;
    let (_, units) = vfs::reseal(store.connection(), &beside.0, &slots, &OsRandom, &mut |done, total| {
        progress(Progress { stage: "sealing anew", done, total });
    })?;
    vfs::replace(store.into_connection(), &beside.0, || Ok(()))?;
    Ok(Rotation { units, recovery_slot, leftover })
}

/// What the owner signs with must not change with the key: a vault that derives it from its key keeps it from now on.
fn keep_identity(store: &mut Store, key: &VaultKey) -> Result<(), VaultError> {
    if store.identity()?.is_none() {
        store.write(|store| store.set_identity(&IdentityKey::of_vault_key(key)))?;
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
