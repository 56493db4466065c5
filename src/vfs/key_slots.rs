//! The key slots of an open vault: which there are, and changing one. Only the header is written, by its usual rule: a
//! crash leaves the slots from before or those from after, and no page is touched.

use rusqlite::Connection;

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
            kdf: slot.is(SlotKind::Passphrase).then(|| slot.kdf().ok()).flatten(),
            note: SlotNote::open(slot, key, id, index),
        })
        .collect())
}

/// Wraps the vault's key in a free slot. Gives the slot's number.
///
/// # Errors
/// [`VfsError::SlotsFull`]; [`VfsError::Kdf`], [`VfsError::Random`]; [`VfsError::Io`] where the header cannot be written.
pub fn add_key_slot(connection: &Connection, key: &VaultKey, new: &NewSlot<'_>) -> Result<u32, VfsError> {
    let (_, slots) = read(connection)?;
    let free = (1..).zip(&slots).find(|(_, slot)| **slot == Slot::EMPTY);
    let (number, _) = free.ok_or(VfsError::SlotsFull)?;
    put(connection, key, number, new)?;
    Ok(number)
}

/// Puts a new slot in the place of another in one step: at each moment one of the two opens the vault.
///
/// # Errors
/// [`VfsError::NoSuchSlot`], and as [`add_key_slot`].
pub fn replace_key_slot(
    connection: &Connection,
    key: &VaultKey,
    number: u32,
    new: &NewSlot<'_>,
) -> Result<(), VfsError> {
    let (_, slots) = read(connection)?;
    place_of(&slots, number)?;
    put(connection, key, number, new)
}

/// Empties a slot. What opened it opens the vault no more; it still opens copies that were made before.
///
/// # Errors
/// [`VfsError::NoSuchSlot`]; [`VfsError::LastSlot`]; [`VfsError::Io`] where the header cannot be written.
pub fn remove_key_slot(connection: &Connection, number: u32) -> Result<(), VfsError> {
    let (_, mut slots) = read(connection)?;
    let index = place_of(&slots, number)?;
    let others = slots.iter().enumerate().any(|(other, slot)| other != index && slot.kind().is_some());
    if !others {
        return Err(VfsError::LastSlot);
    }
    if let Some(slot) = slots.get_mut(index) {
        *slot = Slot::EMPTY;
    }
    write(connection, slots)
}

fn put(connection: &Connection, key: &VaultKey, number: u32, new: &NewSlot<'_>) -> Result<(), VfsError> {
    let (id, mut slots) = read(connection)?;
    let index = number.saturating_sub(1);
    let made = new.wrap(key, id, index, &OsRandom)?;
    let place = usize::try_from(index).ok().and_then(|index| slots.get_mut(index));
    *place.ok_or(VfsError::NoSuchSlot { number })? = made;
    write(connection, slots)
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

fn write(connection: &Connection, slots: [Slot; SLOTS]) -> Result<(), VfsError> {
    let vault = ffi::vault_of(connection).ok_or(VfsError::NotOurs)?;
    let written = shim::lock(&vault).and_then(|mut vault| vault.change_slots(slots));
    written.map_err(|fault| failed(connection, fault))
}

pub(super) fn failed(connection: &Connection, fault: Fault) -> VfsError {
    fault_error(std::path::Path::new(connection.path().unwrap_or_default()), fault)
}
