//! The keys of a vault: which passphrases, recovery codes and key files open it, and changing them. A changed slot costs
//! the header and an entry of the log, whatever the size of the vault; [`Keys::rotate`] seals all of it anew.
//!
//! The vault's key and [`Unlocked`] come from [`vfs::unlock`], so whoever changes the keys has just shown that they have one.

mod logged;
mod rotate;

pub(super) use logged::KeyChain;
pub use logged::LoggedKeys;

pub use crate::vfs::{KeySlot, NewSlot, SlotNote};
pub(super) use rotate::unfinished_rotation;
pub use rotate::{KeptSlot, Rotation};

use super::{Memory, OpenOptions, Vault, VaultError, held, must_not_be_older};
use crate::crypto::{KdfError, KdfParams, Passphrase, VaultKey};
use crate::store::StoreError;
use crate::vfs::{self, ConnectOptions, Secret, SlotChange, SlotKind, Unlocked, VfsError};
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

/// The keys of one vault, in the hands of who has just unlocked it. Each piece of work opens the vault for itself and
/// closes it again.
pub struct Keys<'a> {
    path: &'a Path,
    key: &'a VaultKey,
    options: OpenOptions,
    memory: Option<Box<dyn Memory>>,
}

impl<'a> Keys<'a> {
    /// The keys of the vault at `path`; `key` is its vault key.
    #[must_use]
    pub fn new(path: &'a Path, key: &'a VaultKey, options: OpenOptions) -> Self {
        Self { path, key, options, memory: None }
    }

    /// Does the work only where the vault is not older than `memory` knows it to have been, and tells `memory` how far it came.
    #[must_use]
    pub fn remembering(self, memory: Box<dyn Memory>) -> Self {
        Self { memory: Some(memory), ..self }
    }

    /// The slots in use, in order of their numbers. Reads the header alone.
    ///
    /// # Errors
    /// [`VaultError::File`]: no vault there, damaged, busy; [`VaultError::Older`].
    pub fn list(self) -> Result<Vec<KeySlot>, VaultError> {
        let _held = held::Held::new(self.path);
        let connect =
            ConnectOptions { busy_timeout_ms: self.options.busy_timeout_ms, ..ConnectOptions::default() };
        let connection = vfs::connect(self.path, self.key, &connect)?;
        if let Some(memory) = &self.memory {
            must_not_be_older(&connection, self.path, self.key, memory.as_ref())?;
        }
        let slots = vfs::key_slots(&connection, self.key)?;
        connection.close().map_err(|(_, error)| StoreError::from(error))?;
        if let Some(mut memory) = self.memory
            && let Ok(Some(seen)) = vfs::closed(self.path, self.key)
        {
            memory.remember(&seen);
        }
        Ok(slots)
    }

    /// Lets another secret open the vault. Gives the number of its slot.
    ///
    /// # Errors
    /// [`VfsError::SlotsFull`]; [`VaultError::Log`], [`VaultError::Store`] where the change cannot be logged; and as
    /// [`Keys::list`].
    pub fn add(self, new: &NewSlot<'_>, now: Timestamp) -> Result<u32, VaultError> {
        check_label(&new.note)?;
        let key = self.key;
        self.change(now, |connection| Ok((vfs::plan_added_slot(connection, key, new)?, ())))
            .map(|(number, ())| number)
    }

    /// Lets a secret open the vault no more. It still opens copies that were made before.
    ///
    /// # Errors
    /// [`VfsError::NoSuchSlot`], [`VfsError::LastSlot`], and as [`Keys::add`].
    pub fn remove(self, number: u32, now: Timestamp) -> Result<(), VaultError> {
        self.change(now, |connection| Ok((vfs::plan_removed_slot(connection, number)?, ()))).map(drop)
    }

    /// Puts a passphrase in the place of another, in one step. `slot` says of which; with none it is the one that `unlocked`
    /// the vault, or the only one, or, where there is none, a new one.
    ///
    /// # Errors
    /// [`VaultError::Invalid`] where it is not clear which passphrase is meant; [`VfsError::Kdf`] for a derivation out of
    /// bounds; and as [`Keys::add`].
    pub fn change_passphrase(
        self,
        unlocked: &Unlocked,
        slot: Option<u32>,
        passphrase: &Passphrase,
        kdf: KdfChoice,
        now: Timestamp,
    ) -> Result<PassphraseChange, VaultError> {
        let key = self.key;
        let (slot, (before, now)) = self.change(now, |connection| {
            let old = passphrase_slot(vfs::key_slots(connection, key)?, unlocked, slot)?;
            let before = old.as_ref().and_then(|old| old.kdf);
            let kdf = kdf.over(before.unwrap_or(KdfParams::DEFAULT)).map_err(VfsError::Kdf)?;
            let label = old.as_ref().map(|old| old.note.label.clone()).unwrap_or_default();
            let note = SlotNote { added_s: Some(now.as_second()), label };
            let new = NewSlot { secret: Secret::Passphrase(passphrase), kdf, note };
            let change = match old {
                Some(old) => vfs::plan_replaced_slot(connection, key, old.number, &new)?,
                None => vfs::plan_added_slot(connection, key, &new)?,
            };
            Ok((change, (before, kdf)))
        })?;
        Ok(PassphraseChange { slot, before, now })
    }

    /// Works a change out, logs it, and makes it, in this order: a crash in between leaves an entry of the log that
    /// [`Vault::verify_log_with_keys`] calls interrupted, and never a change without its entry.
    fn change<T>(
        self,
        now: Timestamp,
        plan: impl FnOnce(&Connection) -> Result<(SlotChange, T), VaultError>,
    ) -> Result<(u32, T), VaultError> {
        let mut vault = self.open()?;
        let (change, outcome) = plan(vault.store.connection())?;
        vault.log_slot_change(&change, now)?;
        vfs::change_key_slots(vault.store.connection(), &change)?;
        vault.close()?;
        Ok((change.number, outcome))
    }

    fn open(self) -> Result<Vault, VaultError> {
        Vault::connect(self.path, self.key, &self.options, Vec::new(), self.memory)
    }
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
