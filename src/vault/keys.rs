//! The keys of a vault: which passphrases, recovery codes and key files open it, and changing them. None of this rewrites
//! a page; [`rotate`] does.
//!
//! Each function opens the vault for itself and closes it again; `key` and [`Unlocked`] come from
//! [`vfs::unlock`], so whoever changes the keys has just shown that they have one.

mod rotate;

pub use crate::vfs::{KeySlot, NewSlot, SlotNote};
pub(super) use rotate::unfinished_rotation;
pub use rotate::{KeptSlot, Rotation, rotate};

use super::{OpenOptions, VaultError, held};
use crate::crypto::{KdfError, KdfParams, Passphrase, VaultKey};
use crate::store::StoreError;
use crate::vfs::{self, ConnectOptions, Secret, SlotKind, Unlocked, VfsError};
use jiff::Timestamp;
use rusqlite::Connection;
use std::path::Path;

/// What a guess at a passphrase is to cost; what is not said stays as it was.
#[derive(Debug, Clone, Copy, Default)]
pub struct KdfChoice {
    /// Memory, in KiB.
    pub memory_kib: Option<u32>,
    /// Passes over it.
    pub passes: Option<u32>,
}

impl KdfChoice {
    fn over(self, before: KdfParams) -> Result<KdfParams, KdfError> {
        let memory_kib = self.memory_kib.unwrap_or(before.memory_kib());
        KdfParams::new(memory_kib, self.passes.unwrap_or(before.passes()), before.lanes())
    }
}

/// What a change of a passphrase came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassphraseChange {
    /// The slot that the new passphrase opens.
    pub slot: u32,
    /// What a guess at the passphrase before cost; none where there was no passphrase.
    pub before: Option<KdfParams>,
    /// What a guess costs now.
    pub now: KdfParams,
}

/// The slots in use, in order of their numbers.
///
/// # Errors
/// [`VaultError::File`]: no vault there, damaged, busy.
pub fn list(path: &Path, key: &VaultKey, options: &OpenOptions) -> Result<Vec<KeySlot>, VaultError> {
    on_vault(path, key, options, |connection| vfs::key_slots(connection, key))
}

/// Lets another secret open the vault. Gives the number of its slot.
///
/// # Errors
/// [`VfsError::SlotsFull`], and as [`list`].
pub fn add(path: &Path, key: &VaultKey, new: &NewSlot<'_>, options: &OpenOptions) -> Result<u32, VaultError> {
    check_label(&new.note)?;
    on_vault(path, key, options, |connection| vfs::add_key_slot(connection, key, new))
}

/// Lets a secret open the vault no more. It still opens copies that were made before.
///
/// # Errors
/// [`VfsError::NoSuchSlot`], [`VfsError::LastSlot`], and as [`list`].
pub fn remove(path: &Path, key: &VaultKey, number: u32, options: &OpenOptions) -> Result<(), VaultError> {
    on_vault(path, key, options, |connection| vfs::remove_key_slot(connection, number))
}

/// Puts a passphrase in the place of another, in one step. `slot` says of which; with none it is the one that
/// unlocked the vault, or the only one, or, where there is none, a new one.
///
/// # Errors
/// [`VaultError::Invalid`] where it is not clear which passphrase is meant; [`VfsError::Kdf`] for a derivation out of
/// bounds; and as [`list`].
pub fn change_passphrase(
    path: &Path,
    unlocked: &Unlocked,
    slot: Option<u32>,
    passphrase: &Passphrase,
    kdf: KdfChoice,
    now: Timestamp,
    options: &OpenOptions,
) -> Result<PassphraseChange, VaultError> {
    let key = &unlocked.key;
    on_vault(path, key, options, |connection| {
        let old = passphrase_slot(vfs::key_slots(connection, key)?, unlocked, slot)?;
        let before = old.as_ref().and_then(|old| old.kdf);
        let kdf = kdf.over(before.unwrap_or(KdfParams::DEFAULT)).map_err(VfsError::Kdf)?;
        let label = old.as_ref().map(|old| old.note.label.clone()).unwrap_or_default();
        let note = SlotNote { added_s: Some(now.as_second()), label };
        let new = NewSlot { secret: Secret::Passphrase(passphrase), kdf, note };
        let number = match old {
            Some(old) => {
                vfs::replace_key_slot(connection, key, old.number, &new)?;
                old.number
            }
            None => vfs::add_key_slot(connection, key, &new)?,
        };
        Ok::<_, VaultError>(PassphraseChange { slot: number, before, now: kdf })
    })
}

/// Which passphrase is meant; none where there is none yet.
fn passphrase_slot(
    slots: Vec<KeySlot>,
    unlocked: &Unlocked,
    chosen: Option<u32>,
) -> Result<Option<KeySlot>, VaultError> {
    let by_passphrase = (unlocked.slot == SlotKind::Passphrase).then_some(unlocked.slot_number);
    let wanted = chosen.or(by_passphrase);
    if let Some(number) = wanted {
        let slot = slots.into_iter().find(|slot| slot.number == number);
        let slot = slot.ok_or(VaultError::File(VfsError::NoSuchSlot { number }))?;
        if slot.kind != Some(SlotKind::Passphrase) {
            return Err(VaultError::Invalid(format!("key slot {number} is no passphrase")));
        }
        return Ok(Some(slot));
    }
    let mut passphrases: Vec<KeySlot> =
        slots.into_iter().filter(|slot| slot.kind == Some(SlotKind::Passphrase)).collect();
    if passphrases.len() > 1 {
        let numbers: Vec<String> = passphrases.iter().map(|slot| slot.number.to_string()).collect();
        return Err(VaultError::Invalid(format!(
            "several passphrases open this vault, in the key slots {}: say which of them is to change",
            numbers.join(", ")
        )));
    }
    Ok(passphrases.pop())
}

fn check_label(note: &SlotNote) -> Result<(), VaultError> {
    if note.label.len() > SlotNote::MOST_LABEL_BYTES {
        let most = SlotNote::MOST_LABEL_BYTES;
        return Err(VaultError::Invalid(format!("the label is longer than {most} bytes")));
    }
    if note.label.chars().any(char::is_control) {
        return Err(VaultError::Invalid("the label is to be one line of text".to_owned()));
    }
    Ok(())
}

/// Opens the vault's file, without looking at what is in it, for one piece of work.
fn on_vault<T, E: Into<VaultError>>(
    path: &Path,
    key: &VaultKey,
    options: &OpenOptions,
    work: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, VaultError> {
    let _held = held::Held::new(path);
    let connect = ConnectOptions { busy_timeout_ms: options.busy_timeout_ms, ..ConnectOptions::default() };
    let connection = vfs::connect(path, key, &connect)?;
    let outcome = work(&connection).map_err(Into::into)?;
    connection.close().map_err(|(_, error)| StoreError::from(error))?;
    Ok(outcome)
}
