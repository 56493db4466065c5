//! Sealing one piece of the vault in its place: a 4 KiB unit with nonce and tag in its last 40 bytes, or a shorter
//! record with nonce in front and tag behind.
//!
//! The associated data bind the vault, what the piece is, and where it lies, so that nothing opens anywhere else.

use super::offsets::UNIT_BYTES;
use crate::crypto::{Aead, NONCE_BYTES, OsRandom, Random, RandomError, TAG_BYTES, Unauthentic};
use zeroize::Zeroize;

/// Bytes at a unit's end that hold nonce and tag; SQLite leaves them free on every page.
pub(crate) const RESERVED_BYTES: usize = NONCE_BYTES + TAG_BYTES;
/// Bytes of a unit that carry content.
pub(crate) const CONTENT_BYTES: usize = UNIT_BYTES - RESERVED_BYTES;

/// One unit's bytes.
pub(crate) type Unit = [u8; UNIT_BYTES];

/// What a sealed piece is; part of its associated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Page = 1,
    TableSlot = 2,
    WalHeader = 3,
    WalFrame = 4,
    WalMarker = 5,
    KeySlot = 6,
    SlotNote = 7,
    TableNode = 8,
}

/// The associated data of a sealed piece.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) vault_id: [u8; 16],
    pub(crate) role: Role,
    /// Which of two twins; zero for what has no twin.
    pub(crate) twin: u32,
    /// Page, group, frame or slot number.
    pub(crate) position: u64,
    /// The write-ahead log's id; zeros for pieces of the vault file.
    pub(crate) wal_id: [u8; 16],
}

impl Place {
    /// 48 bytes and 16 zeros: a multiple of four Poly1305 blocks is authenticated a tenth faster.
    pub(crate) const BYTES: usize = 64;

    /// vault id (16) | role (4) | twin (4) | position (8) | log id (16) | zeros (16), numbers little-endian.
    pub(crate) fn aad(&self) -> [u8; Self::BYTES] {
        let mut aad = [0; Self::BYTES];
        let mut rest = aad.as_mut_slice();
        for part in [
            self.vault_id.as_slice(),
            &(self.role as u32).to_le_bytes(),
            &self.twin.to_le_bytes(),
            &self.position.to_le_bytes(),
            &self.wal_id,
        ] {
            let (to, after) = rest.split_at_mut(part.len());
            to.copy_from_slice(part);
            rest = after;
        }
        aad
    }
}

/// Splits a unit into content, nonce and tag.
fn parts_mut(unit: &mut Unit) -> (&mut [u8], &mut [u8], &mut [u8]) {
    let (content, reserved) = unit.split_at_mut(CONTENT_BYTES);
    let (nonce, tag) = reserved.split_at_mut(NONCE_BYTES);
    (content, nonce, tag)
}

/// Seals a unit in place; whatever its last 40 bytes held gives way to nonce and tag.
pub(crate) fn seal_unit(
    key: &Aead,
    place: &Place,
    nonce: &[u8; NONCE_BYTES],
    unit: &mut Unit,
) -> Result<(), crate::crypto::SealError> {
    let (content, nonce_at, tag_at) = parts_mut(unit);
    let tag = key.seal(nonce, &place.aad(), content)?;
    nonce_at.copy_from_slice(nonce);
    tag_at.copy_from_slice(&tag);
    Ok(())
}

/// Opens a unit in place and zeroes its last 40 bytes, which SQLite must never see. On failure the whole unit is
/// zeroed, so that nothing unauthentic is ever used.
pub(crate) fn open_unit(key: &Aead, place: &Place, unit: &mut Unit) -> Result<(), Unauthentic> {
    let (content, nonce_at, tag_at) = parts_mut(unit);
    let mut nonce = [0; NONCE_BYTES];
    let mut tag = [0; TAG_BYTES];
    nonce.copy_from_slice(nonce_at);
    tag.copy_from_slice(tag_at);
    let outcome = key.open(&nonce, &place.aad(), content, &tag);
    if outcome.is_err() {
        content.fill(0);
    }
    nonce_at.fill(0);
    tag_at.fill(0);
    outcome
}

/// How many nonces are drawn at a time.
const POOLED_NONCES: usize = 64;

/// Fresh nonces, drawn from the operating system many at a time to spare a system call for each page.
///
/// A forked child would repeat its parent's nonces, which is one more reason for SQLite's rule that no connection
/// may be carried across a fork.
pub(crate) struct Nonces {
    random: Box<dyn Random>,
    /// Empty until the first is asked for: a vault that is only read needs none.
    pool: Vec<u8>,
    used: usize,
}

impl Nonces {
    pub(crate) fn new() -> Self {
        Self::from(Box::new(OsRandom))
    }

    pub(crate) fn from(random: Box<dyn Random>) -> Self {
        Self { random, pool: Vec::new(), used: 0 }
    }

    pub(crate) fn next(&mut self) -> Result<[u8; NONCE_BYTES], RandomError> {
        if self.used >= self.pool.len() {
            self.pool.resize(NONCE_BYTES * POOLED_NONCES, 0);
            // Where there is no randomness nothing of the pool may be given out.
            self.used = self.pool.len();
            self.random.fill(&mut self.pool)?;
            self.used = 0;
        }
        let mut nonce = [0; NONCE_BYTES];
        if let Some(fresh) = self.pool.get_mut(self.used..self.used + NONCE_BYTES) {
            nonce.copy_from_slice(fresh);
            fresh.zeroize();
        }
        self.used += NONCE_BYTES;
        Ok(nonce)
    }

    /// Random bytes that are not a nonce (an id).
    pub(crate) fn id(&mut self) -> Result<[u8; 16], RandomError> {
        let mut id = [0; 16];
        self.random.fill(&mut id)?;
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Has no randomness the first time that it is asked.
    #[derive(Default)]
    struct Late(AtomicBool);

    impl Random for Late {
        fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
            if !self.0.swap(true, Ordering::Relaxed) {
                return Err(RandomError::new("none yet"));
            }
            OsRandom.fill(out)
        }
    }

    #[test]
    fn no_nonce_comes_twice_and_none_without_randomness() {
        let mut nonces = Nonces::from(Box::new(Late::default()));
        assert!(nonces.next().is_err());
        let drawn: HashSet<_> = (0..3 * POOLED_NONCES).map(|_| nonces.next().unwrap()).collect();
        assert_eq!(drawn.len(), 3 * POOLED_NONCES);
        assert!(!drawn.contains(&[0; NONCE_BYTES]));
    }
}
