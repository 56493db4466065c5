//! The write-ahead log's byte layout, pure: where frames lie, and how a frame's header is sealed.
//!
//! SQLite's log is a 32-byte header, then frames of a 24-byte header and a page. Ours is two 4 KiB units (the header,
//! in one of them, by the parity of the log's generation), then frames of two sealed records: the header with what
//! we add to it, and the page. All 4096 bytes of the page are kept, since SQLite's checksums cover them.

use super::header::{Bytes, Frontier, WalIdentity};
use super::offsets::{Twin, UNIT_BYTES};
use super::seal::{Place, Role};
use crate::crypto::{Aead, NONCE_BYTES, SealError, TAG_BYTES, Unauthentic};

/// SQLite's WAL header.
pub(crate) const SQLITE_WAL_HEADER_BYTES: usize = 32;
/// SQLite's frame header.
pub(crate) const SQLITE_FRAME_HEADER_BYTES: usize = 24;
/// SQLite's frame: header and page.
pub(crate) const SQLITE_FRAME_BYTES: usize = SQLITE_FRAME_HEADER_BYTES + UNIT_BYTES;

const RECORD_CONTENT_BYTES: usize = 72;
/// A sealed frame header (or a marker, which has its shape): nonce, 72 bytes, tag.
pub(crate) const RECORD_BYTES: usize = NONCE_BYTES + RECORD_CONTENT_BYTES + TAG_BYTES;
const PAGE_RECORD_BYTES: usize = NONCE_BYTES + UNIT_BYTES + TAG_BYTES;
/// A whole sealed frame.
pub(crate) const FRAME_BYTES: usize = RECORD_BYTES + PAGE_RECORD_BYTES;
/// Where the tag of a frame's header lies in the frame.
pub(crate) const HEADER_TAG_AT: usize = RECORD_BYTES - TAG_BYTES;
/// Where the tag of a frame's page lies in the frame.
pub(crate) const PAGE_TAG_AT: usize = FRAME_BYTES - TAG_BYTES;
/// Where the frames begin.
const FRAMES_AT: u64 = 2 * UNIT_BYTES as u64;

/// Which of the two units holds the header of a log of that generation.
pub(crate) fn header_twin(generation: u64) -> Twin {
    if generation.is_multiple_of(2) { Twin::A } else { Twin::B }
}

/// Where a frame (counted from 1) lies in our file.
pub(crate) fn frame_offset(frame: u32) -> u64 {
    FRAMES_AT + u64::from(frame.saturating_sub(1)) * FRAME_BYTES as u64
}

/// How many whole frames a log file of that length holds.
pub(crate) fn frames_in(file_bytes: u64) -> u32 {
    let frames = file_bytes.saturating_sub(FRAMES_AT) / FRAME_BYTES as u64;
    u32::try_from(frames).unwrap_or(u32::MAX)
}

/// The last frame whose header, at least, lies in a file of that length.
pub(crate) fn headers_in(file_bytes: u64) -> u32 {
    frames_in(file_bytes.saturating_add((FRAME_BYTES - RECORD_BYTES) as u64))
}

/// The length of SQLite's log of so many frames.
pub(crate) fn sqlite_bytes(frames: u32) -> u64 {
    SQLITE_WAL_HEADER_BYTES as u64 + u64::from(frames) * SQLITE_FRAME_BYTES as u64
}

/// What SQLite's offset means: a place in the header, or in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogPlace {
    /// So many bytes into the log's header.
    Header(usize),
    /// So many bytes into a frame (counted from 1).
    Frame(u32, usize),
}

/// Splits SQLite's offset.
pub(crate) fn log_place(sqlite_offset: u64) -> Option<LogPlace> {
    let Some(body) = sqlite_offset.checked_sub(SQLITE_WAL_HEADER_BYTES as u64) else {
        return usize::try_from(sqlite_offset).ok().map(LogPlace::Header);
    };
    let frame = u32::try_from(body / SQLITE_FRAME_BYTES as u64).ok()?.checked_add(1)?;
    let within = usize::try_from(body % SQLITE_FRAME_BYTES as u64).ok()?;
    Some(LogPlace::Frame(frame, within))
}

/// What a sealed frame header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// SQLite's own frame header.
    pub(crate) sqlite: [u8; SQLITE_FRAME_HEADER_BYTES],
    /// The number of the commit that this frame belongs to, counted since the vault was made.
    pub(crate) commit_sequence: u64,
    /// The last frame that was durable when this was sealed.
    pub(crate) frontier: u32,
    /// The tag of the header before: the chain.
    pub(crate) previous: [u8; TAG_BYTES],
    /// The tag of this frame's page.
    pub(crate) page_tag: [u8; TAG_BYTES],
}

impl FrameHeader {
    /// Whether SQLite marked this frame as the last of a commit: its "database size" field is not zero.
    pub(crate) fn is_commit(&self) -> bool {
        Bytes(self.sqlite).array::<4>(4) != [0; 4]
    }

    /// A marker: it carries no frame, only how far the log is durable.
    pub(crate) fn marker(durable: Frontier, commit_sequence: u64) -> Self {
        Self {
            sqlite: [0; SQLITE_FRAME_HEADER_BYTES],
            commit_sequence,
            frontier: durable.frame,
            previous: durable.tag,
            page_tag: [0; TAG_BYTES],
        }
    }

    pub(crate) fn seal(
        &self,
        key: &Aead,
        place: &Place,
        nonce: &[u8; NONCE_BYTES],
    ) -> Result<[u8; RECORD_BYTES], SealError> {
        let mut content = Bytes([0; RECORD_CONTENT_BYTES]);
        content.put(0, &self.sqlite);
        content.put_u64(24, self.commit_sequence);
        content.put_u32(32, self.frontier);
        content.put(40, &self.previous);
        content.put(56, &self.page_tag);
        let tag = key.seal(nonce, &place.aad(), &mut content.0)?;
        let mut record = Bytes([0; RECORD_BYTES]);
        record.put(0, nonce);
        record.put(NONCE_BYTES, &content.0);
        record.put(HEADER_TAG_AT, &tag);
        Ok(record.0)
    }

    pub(crate) fn open(key: &Aead, place: &Place, record: &[u8; RECORD_BYTES]) -> Result<Self, Unauthentic> {
        let record = Bytes(*record);
        let mut content = Bytes(record.array::<RECORD_CONTENT_BYTES>(NONCE_BYTES));
        key.open(&record.array(0), &place.aad(), &mut content.0, &record.array(HEADER_TAG_AT))?;
        Ok(Self {
            sqlite: content.array(0),
            commit_sequence: content.u64(24),
            frontier: content.u32(32),
            previous: content.array(40),
            page_tag: content.array(56),
        })
    }
}

/// Seals a page in place inside a frame's bytes and returns its tag. `record` is the page's record: nonce, page, tag.
pub(crate) fn seal_page(
    key: &Aead,
    place: &Place,
    nonce: &[u8; NONCE_BYTES],
    page: &[u8],
    record: &mut [u8],
) -> Result<[u8; TAG_BYTES], SealError> {
    let (nonce_at, rest) = record.split_at_mut_checked(NONCE_BYTES).ok_or(SealError)?;
    let (page_at, tag_at) = rest.split_at_mut_checked(UNIT_BYTES).ok_or(SealError)?;
    if page.len() != UNIT_BYTES || tag_at.len() != TAG_BYTES {
        return Err(SealError);
    }
    nonce_at.copy_from_slice(nonce);
    page_at.copy_from_slice(page);
    let tag = key.seal(nonce, &place.aad(), page_at)?;
    tag_at.copy_from_slice(&tag);
    Ok(tag)
}

/// Opens a page's record into `page`, and returns the record's tag.
pub(crate) fn open_page(
    key: &Aead,
    place: &Place,
    record: &[u8],
    page: &mut [u8],
) -> Result<[u8; TAG_BYTES], Unauthentic> {
    let (nonce_at, rest) = record.split_at_checked(NONCE_BYTES).ok_or(Unauthentic)?;
    let (page_at, tag_at) = rest.split_at_checked(UNIT_BYTES).ok_or(Unauthentic)?;
    let nonce: [u8; NONCE_BYTES] = nonce_at.try_into().map_err(|_| Unauthentic)?;
    let tag: [u8; TAG_BYTES] = tag_at.try_into().map_err(|_| Unauthentic)?;
    if page.len() != UNIT_BYTES {
        return Err(Unauthentic);
    }
    page.copy_from_slice(page_at);
    let outcome = key.open(&nonce, &place.aad(), page, &tag);
    if outcome.is_err() {
        page.fill(0);
    }
    outcome.map(|()| tag)
}

/// The place of a piece of the log.
pub(crate) fn place(vault_id: [u8; 16], wal: &WalIdentity, role: Role, frame: u32) -> Place {
    Place { vault_id, role, twin: 0, position: u64::from(frame), wal_id: wal.id }
}
