//! What a key slot is called and when it was made: kept beside the wrapped key, sealed under a key of the vault, so
//! that only who can open the vault reads it.

use super::header::Bytes;
use super::seal::{Place, Role};
use super::slots::{SLOT_BYTES, Slot, WrapFault};
use crate::crypto::{NONCE_BYTES, NoteKey, Random, TAG_BYTES, VaultKey};

/// A slot's note.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SlotNote {
    /// When the slot was made, in seconds since 1970; none for those that the vault was made with.
    pub added_s: Option<i64>,
    /// What the owner calls it, in at most [`SlotNote::MOST_LABEL_BYTES`]; may be empty.
    pub label: String,
}

/// Where in the slot, and where in the note, things are.
const NONCE: usize = Slot::NOTE;
const SEALED: usize = NONCE + NONCE_BYTES;
const NOTE_BYTES: usize = 64;
const TAG: usize = SEALED + NOTE_BYTES;
const ADDED: usize = 0;
const LABEL_BYTES: usize = 8;
const LABEL: usize = 9;

impl SlotNote {
    /// The longest label, in bytes of UTF-8.
    pub const MOST_LABEL_BYTES: usize = NOTE_BYTES - LABEL;

    /// Puts the note into a slot. A longer label is cut at a character.
    pub(crate) fn seal(
        &self,
        slot: &mut Slot,
        key: &VaultKey,
        vault_id: [u8; 16],
        index: u32,
        random: &dyn Random,
    ) -> Result<(), WrapFault> {
        let mut note = Bytes([0; NOTE_BYTES]);
        note.put(ADDED, &self.added_s.unwrap_or(0).to_le_bytes());
        let ends = self.label.char_indices().map(|(at, character)| at + character.len_utf8());
        let end = ends.take_while(|end| *end <= Self::MOST_LABEL_BYTES).last().unwrap_or(0);
        let label = self.label.get(..end).unwrap_or_default().as_bytes();
        note.put(LABEL_BYTES, &[u8::try_from(label.len()).unwrap_or(0)]);
        note.put(LABEL, label);
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce).map_err(WrapFault::Random)?;
        let aad = aad(vault_id, index, slot);
        let tag = NoteKey::derive(key).aead().seal(&nonce, &aad, &mut note.0).map_err(WrapFault::Seal)?;
        let mut bytes = Bytes(slot.0);
        bytes.put(NONCE, &nonce);
        bytes.put(SEALED, &note.0);
        bytes.put(TAG, &tag);
        slot.0 = bytes.0;
        Ok(())
    }

    /// Reads a slot's note; an empty one where there is none or it is not what was sealed for this slot.
    pub(crate) fn open(slot: &Slot, key: &VaultKey, vault_id: [u8; 16], index: u32) -> Self {
        let bytes: Bytes<SLOT_BYTES> = Bytes(slot.0);
        let nonce: [u8; NONCE_BYTES] = bytes.array(NONCE);
        let tag: [u8; TAG_BYTES] = bytes.array(TAG);
        let mut note = Bytes(bytes.array::<NOTE_BYTES>(SEALED));
        let aad = aad(vault_id, index, slot);
        if NoteKey::derive(key).aead().open(&nonce, &aad, &mut note.0, &tag).is_err() {
            return Self::default();
        }
        let added_s = i64::from_le_bytes(note.array(ADDED));
        let [label_bytes] = note.array::<1>(LABEL_BYTES);
        let label = note.0.get(LABEL..LABEL + usize::from(label_bytes)).unwrap_or_default();
        Self {
            added_s: (added_s != 0).then_some(added_s),
            label: String::from_utf8_lossy(label).into_owned(),
        }
    }
}

/// The place of the slot, then its bytes up to the note: a note cannot move to another slot, or stay when the slot is
/// made anew.
fn aad(vault_id: [u8; 16], index: u32, slot: &Slot) -> Vec<u8> {
    let place =
        Place { vault_id, role: Role::SlotNote, twin: 0, position: u64::from(index), wal_id: [0; 16] };
    let mut aad = place.aad().to_vec();
    aad.extend_from_slice(slot.0.get(..Slot::NOTE).unwrap_or_default());
    aad
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::Seeded;

    #[test]
    fn a_note_opens_in_its_slot_under_its_key_only() {
        let (random, id) = (Seeded::new(4), [7; 16]);
        let key = VaultKey::generate(&random).unwrap();
        let mut slot = Slot::EMPTY;
        slot.0[..Slot::NOTE].fill(3);
        let note = SlotNote { added_s: Some(1_700_000_000), label: "the stick in the drawer".to_owned() };
        note.seal(&mut slot, &key, id, 2, &random).unwrap();
        assert_eq!(SlotNote::open(&slot, &key, id, 2), note);
        let text = String::from_utf8_lossy(&slot.0).into_owned();
        assert!(!text.contains("stick"), "a label is never in clear");
        let none = SlotNote::default();
        assert_eq!(SlotNote::open(&slot, &key, id, 3), none);
        assert_eq!(SlotNote::open(&slot, &key, [8; 16], 2), none);
        assert_eq!(SlotNote::open(&slot, &VaultKey::generate(&random).unwrap(), id, 2), none);
        for at in 0..TAG + TAG_BYTES {
            let mut altered = slot;
            altered.0[at] ^= 1;
            assert_eq!(SlotNote::open(&altered, &key, id, 2), none, "byte {at}");
        }
        assert_eq!(SlotNote::open(&Slot::EMPTY, &key, id, 2), none);
    }

    #[test]
    fn a_long_label_is_cut_at_a_character() {
        let (random, id) = (Seeded::new(5), [7; 16]);
        let key = VaultKey::generate(&random).unwrap();
        let mut slot = Slot::EMPTY;
        let note = SlotNote { added_s: None, label: "ü".repeat(40) };
        note.seal(&mut slot, &key, id, 0, &random).unwrap();
        assert_eq!(SlotNote::open(&slot, &key, id, 0).label, "ü".repeat(27));
    }
}
