//! For the fuzz targets: bytes that a fuzzer wrote, sealed and signed as a vault would have them, since a mutation of a sealed
//! piece stops at its tag and tries nothing behind it. Everything here works in memory and with a raw key.

use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::backing::{Backing, Code, ReadOutcome};
use super::keys::Keys;
use super::offsets::UNIT_BYTES;
use super::seal::Nonces;
use super::vault_file::VaultFile;
use super::wal_file::WalFile;
use super::wal_frame::{SQLITE_FRAME_HEADER_BYTES, SQLITE_WAL_HEADER_BYTES};
use crate::crypto::VaultKey;

/// Where a header copy's checksum lies, of all before it, and then its tag; the same in every version of the format.
const CHECKSUM: usize = 4032;
const TAG: usize = 4064;

/// A frame of SQLite's log: its header, and its page.
pub type Frame = ([u8; SQLITE_FRAME_HEADER_BYTES], [u8; UNIT_BYTES]);

/// A header copy with the checksum and the tag that its content asks for.
#[must_use]
pub fn signed_header(mut copy: [u8; UNIT_BYTES], key: &VaultKey) -> [u8; UNIT_BYTES] {
    let (content, rest) = copy.split_at_mut(CHECKSUM);
    let checksum = Sha256::digest(&*content);
    let tag = Keys::derive(key).header.tag(&checksum);
    let (checksum_at, tag_at) = rest.split_at_mut(TAG - CHECKSUM);
    checksum_at.copy_from_slice(&checksum);
    tag_at.copy_from_slice(&tag);
    copy
}

/// A vault file that nobody has open, after SQLite wrote these pages (counted from 1). None where that is refused.
#[must_use]
pub fn with_pages(vault: &[u8], key: &VaultKey, pages: &[(u32, [u8; UNIT_BYTES])]) -> Option<Vec<u8>> {
    let bytes = Memory::of(vault);
    let mut file = VaultFile::new(bytes.clone(), Keys::derive(key), Nonces::new());
    file.load(|| Ok(false)).ok()?;
    for (page, content) in pages {
        file.write(content, u64::from(page.checked_sub(1)?) * UNIT_BYTES as u64).ok()?;
    }
    file.sync().ok()?;
    file.unload().ok()?;
    Some(bytes.take())
}

/// A vault file that nobody has open, and its log after SQLite began one with this header, appended these frames, and synced.
/// None where that is refused.
#[must_use]
pub fn with_log(
    vault: &[u8],
    key: &VaultKey,
    header: &[u8; SQLITE_WAL_HEADER_BYTES],
    frames: &[Frame],
) -> Option<(Vec<u8>, Vec<u8>)> {
    let (bytes, log_bytes) = (Memory::of(vault), Memory::of(&[]));
    let mut file = VaultFile::new(bytes.clone(), Keys::derive(key), Nonces::new());
    file.load(|| Ok(false)).ok()?;
    let mut log = WalFile::open(log_bytes.clone(), &mut file).ok()?;
    log.write(&mut file, header, 0).ok()?;
    let mut at = SQLITE_WAL_HEADER_BYTES as u64;
    for (frame_header, page) in frames {
        log.write(&mut file, frame_header, at).ok()?;
        log.write(&mut file, page, at + SQLITE_FRAME_HEADER_BYTES as u64).ok()?;
        at += (SQLITE_FRAME_HEADER_BYTES + UNIT_BYTES) as u64;
    }
    log.sync(&mut file).ok()?;
    drop(log);
    Some((bytes.take(), log_bytes.take()))
}

/// A file in memory, which whoever made it can still see.
#[derive(Clone)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    fn of(bytes: &[u8]) -> Self {
        Self(Arc::new(Mutex::new(bytes.to_vec())))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn take(&self) -> Vec<u8> {
        self.with(std::mem::take)
    }
}

/// A place in memory.
fn place(at: u64) -> Result<usize, Code> {
    usize::try_from(at).map_err(|_| Code(rusqlite::ffi::SQLITE_IOERR))
}

impl Backing for Memory {
    fn read(&mut self, buffer: &mut [u8], at: u64) -> Result<ReadOutcome, Code> {
        let at = place(at)?;
        self.with(|bytes| {
            let found = bytes.get(at..).unwrap_or_default();
            let length = found.len().min(buffer.len());
            let (to, rest) = buffer.split_at_mut(length);
            to.copy_from_slice(found.get(..length).unwrap_or_default());
            rest.fill(0);
            Ok(if rest.is_empty() { ReadOutcome::Whole } else { ReadOutcome::Short })
        })
    }

    fn write(&mut self, written: &[u8], at: u64) -> Result<(), Code> {
        let at = place(at)?;
        self.with(|bytes| {
            let end = at.saturating_add(written.len());
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            if let Some(to) = bytes.get_mut(at..end) {
                to.copy_from_slice(written);
            }
            Ok(())
        })
    }

    fn truncate(&mut self, length: u64) -> Result<(), Code> {
        let length = place(length)?;
        self.with(|bytes| bytes.resize(length, 0));
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Code> {
        Ok(())
    }

    fn size(&mut self) -> Result<u64, Code> {
        Ok(self.with(|bytes| bytes.len() as u64))
    }
}
