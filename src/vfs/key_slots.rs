//! The key slots of an open vault: which there are, and changing one. Only the header is written, by its usual rule: a
//! crash leaves the slots from before or those from after, and no page is touched.

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::backing::Fault;
use super::check::fault_error;
use super::create::wrap_error;
use super::damage::VfsError;
use super::ffi;
use super::shim;
use super::slot_note::SlotNote;
use super::slots::{SLOTS, Secret, Slot, SlotKind};
use crate::crypto::{KdfParams, OsRandom, Random, VaultKey};

/// A key slot in use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeySlot {
    /// Its number, counted from 1. It stays the same as long as the slot is there.
    pub number: u32,
    /// What opens it; none where a newer program made it.
    pub kind: Option<SlotKind>,
    /// What a guess at its passphrase costs; none where nothing has to be guessed.
    pub kdf: Option<KdfParams>,
    /// When it was made, and what the owner calls it.
    pub note: SlotNote,
}

/// What a new slot is made from.
pub struct NewSlot<'a> {
    /// What will open it.
    pub secret: Secret<'a>,
    /// What a guess is to cost; matters for passphrases only.
    pub kdf: KdfParams,
    /// When it is made, and what the owner calls it.
    pub note: SlotNote,
}

impl NewSlot<'_> {
    /// The slot's bytes for its place.
    pub(super) fn wrap(
        &self,
        key: &VaultKey,
        vault_id: [u8; 16],
        index: u32,
        random: &dyn Random,
    ) -> Result<Slot, VfsError> {
        let mut slot =
            Slot::wrap(key, &self.secret, self.kdf, vault_id, index, random).map_err(wrap_error)?;
        if self.note != SlotNote::default() {
            self.note.seal(&mut slot, key, vault_id, index, random).map_err(wrap_error)?;
        }
        Ok(slot)
    }
}

/// The slots in use, in order of their numbers. `key` is the vault's.
///
/// # Errors
/// [`VfsError::NotOurs`] for another kind of connection.
pub fn key_slots(connection: &Connection, key: &VaultKey) -> Result<Vec<KeySlot>, VfsError> {
    let (id, slots) = read(connection)?;
    let used = (0..).zip(&slots).filter(|(_, slot)| **slot != Slot::EMPTY);
    Ok(used
        .map(|(index, slot)| KeySlot {
            number: index + 1,
            kind: slot.kind(),
            kdf: stated_kdf(slot),
            note: SlotNote::open(slot, key, id, index),
        })
        .collect())
}

/// What is done to a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlotAction {
    /// One more secret opens the vault.
    Added,
    /// One secret opens it in the place of another.
    Replaced,
    /// One secret opens it no more.
    Removed,
}

/// A change of one slot that is worked out and not made yet: [`change_key_slots`] makes it.
pub struct SlotChange {
    /// What is done.
    pub action: SlotAction,
    /// The slot's number.
    pub number: u32,
    /// What opens the slot, or opened it until it was removed.
    pub kind: Option<SlotKind>,
    /// What a guess costs; none where nothing has to be guessed.
    pub kdf: Option<KdfParams>,
    /// The digest of all slots as they are.
    pub before: SlotsDigest,
    /// The digest of all slots as they will be.
    pub after: SlotsDigest,
    slots: [Slot; SLOTS],
}

/// What stands for the header's key slots in the log: SHA-256 of `"finvault-key-slots/1"`, a zero byte, and the bytes of
/// all eight slots. It tells nothing that the header does not show to everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotsDigest(pub [u8; 32]);

impl SlotsDigest {
    fn of(slots: &[Slot; SLOTS]) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"finvault-key-slots/1\0");
        slots.iter().for_each(|slot| digest.update(slot.0));
        Self(digest.finalize().into())
    }
}

/// The digest of the key slots of an open vault.
///
/// # Errors
/// [`VfsError::NotOurs`] for another kind of connection.
pub fn slots_digest(connection: &Connection) -> Result<SlotsDigest, VfsError> {
    read(connection).map(|(_, slots)| SlotsDigest::of(&slots))
}

/// Works out how the vault's key is wrapped in a free slot.
///
/// # Errors
/// [`VfsError::SlotsFull`]; [`VfsError::Kdf`], [`VfsError::Random`].
pub fn plan_added_slot(
    connection: &Connection,
    key: &VaultKey,
    new: &NewSlot<'_>,
) -> Result<SlotChange, VfsError> {
    let (_, slots) = read(connection)?;
    let free = (1..).zip(&slots).find(|(_, slot)| **slot == Slot::EMPTY);
    let (number, _) = free.ok_or(VfsError::SlotsFull)?;
    plan(connection, key, number, new, SlotAction::Added)
}

/// Works out a new slot in the place of another: at each moment of the change one of the two opens the vault.
///
/// # Errors
/// [`VfsError::NoSuchSlot`], and as [`plan_added_slot`].
pub fn plan_replaced_slot(
    connection: &Connection,
    key: &VaultKey,
    number: u32,
    new: &NewSlot<'_>,
) -> Result<SlotChange, VfsError> {
    let (_, slots) = read(connection)?;
    place_of(&slots, number)?;
    plan(connection, key, number, new, SlotAction::Replaced)
}

/// Works out the slots without one. What opened it will open the vault no more; it still opens copies that were made before.
///
/// # Errors
/// [`VfsError::NoSuchSlot`]; [`VfsError::LastSlot`].
pub fn plan_removed_slot(connection: &Connection, number: u32) -> Result<SlotChange, VfsError> {
    let (_, before) = read(connection)?;
    let index = place_of(&before, number)?;
    let others = before.iter().enumerate().any(|(other, slot)| other != index && slot.kind().is_some());
    if !others {
        return Err(VfsError::LastSlot);
    }
    let mut slots = before;
    let mut removed = Slot::EMPTY;
    if let Some(slot) = slots.get_mut(index) {
        removed = std::mem::replace(slot, Slot::EMPTY);
    }
    Ok(SlotChange::between(SlotAction::Removed, number, &removed, &before, slots))
}

/// Makes a change that was worked out on this connection, durably in both copies of the header.
///
/// # Errors
/// [`VfsError::Io`] where the header cannot be written.
pub fn change_key_slots(connection: &Connection, change: &SlotChange) -> Result<(), VfsError> {
    let vault = ffi::vault_of(connection).ok_or(VfsError::NotOurs)?;
    let written = shim::lock(&vault).and_then(|mut vault| vault.change_slots(change.slots));
    written.map_err(|fault| failed(connection, fault))
}

impl SlotChange {
    fn between(
        action: SlotAction,
        number: u32,
        concerned: &Slot,
        before: &[Slot; SLOTS],
        slots: [Slot; SLOTS],
    ) -> Self {
        Self {
            action,
            number,
            kind: concerned.kind(),
            kdf: stated_kdf(concerned),
            before: SlotsDigest::of(before),
            after: SlotsDigest::of(&slots),
            slots,
        }
    }
}

fn plan(
    connection: &Connection,
    key: &VaultKey,
    number: u32,
    new: &NewSlot<'_>,
    action: SlotAction,
) -> Result<SlotChange, VfsError> {
    let (id, before) = read(connection)?;
    let index = number.saturating_sub(1);
    let made = new.wrap(key, id, index, &OsRandom)?;
    let mut slots = before;
    let place = usize::try_from(index).ok().and_then(|index| slots.get_mut(index));
    *place.ok_or(VfsError::NoSuchSlot { number })? = made;
    Ok(SlotChange::between(action, number, &made, &before, slots))
}

/// What a guess at a slot's passphrase costs, where it has one.
fn stated_kdf(slot: &Slot) -> Option<KdfParams> {
    slot.is(SlotKind::Passphrase).then(|| slot.kdf().ok()).flatten()
}

/// Where a slot in use lies.
fn place_of(slots: &[Slot; SLOTS], number: u32) -> Result<usize, VfsError> {
    let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    index
        .filter(|index| slots.get(*index).is_some_and(|slot| *slot != Slot::EMPTY))
        .ok_or(VfsError::NoSuchSlot { number })
}

fn read(connection: &Connection) -> Result<([u8; 16], [Slot; SLOTS]), VfsError> {
    let vault = ffi::vault_of(connection).ok_or(VfsError::NotOurs)?;
    let found = shim::lock(&vault).and_then(|vault| {
        let header = vault.header()?;
        Ok((header.vault_id.0, header.slots))
    });
    found.map_err(|fault| failed(connection, fault))
}

pub(super) fn failed(connection: &Connection, fault: Fault) -> VfsError {
    fault_error(std::path::Path::new(connection.path().unwrap_or_default()), fault)
}
