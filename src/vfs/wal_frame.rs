//! The write-ahead log's byte layout, pure: where frames lie, and how a frame's header is sealed.
//!
//! SQLite's log is a 32-byte header, then frames of a 24-byte header and a page. Ours is two 4 KiB units (the header,
//! in one of them, by the parity of the log's generation), then frames: SQLite's header, what we add to it, and the
//! page, sealed as one. All 4096 bytes of the page are kept, since SQLite's checksums cover them. A header that SQLite
//! rewrites alone costs its frame a new seal, which is rare; a second seal for every frame cost a quarter more time.

use super::header::{Bytes, Frontier, WalIdentity, array_of};
use super::offsets::{Twin, UNIT_BYTES};
use super::scratch::Scratch;
use super::seal::{Place, Role};
use crate::crypto::{Aead, NONCE_BYTES, SealError, TAG_BYTES, Unauthentic};

/// SQLite's WAL header.
pub(crate) const SQLITE_WAL_HEADER_BYTES: usize = 32;
/// SQLite's frame header.
pub(crate) const SQLITE_FRAME_HEADER_BYTES: usize = 24;
/// SQLite's frame: header and page.
pub(crate) const SQLITE_FRAME_BYTES: usize = SQLITE_FRAME_HEADER_BYTES + UNIT_BYTES;

const HEADER_CONTENT_BYTES: usize = 56;
const PAGE_AT: usize = NONCE_BYTES + HEADER_CONTENT_BYTES;
/// Where a frame's tag lies.
pub(crate) const TAG_AT: usize = PAGE_AT + UNIT_BYTES;
/// A whole sealed frame: nonce, header, page, tag.
pub(crate) const FRAME_BYTES: usize = TAG_AT + TAG_BYTES;
/// A sealed marker: nonce, header, tag.
pub(crate) const MARKER_BYTES: usize = PAGE_AT + TAG_BYTES;
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

/// What a frame says besides its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// SQLite's own frame header.
    pub(crate) sqlite: [u8; SQLITE_FRAME_HEADER_BYTES],
    /// The number of the commit that this frame belongs to, counted since the vault was made.
    pub(crate) commit_sequence: u64,
    /// The last frame that was durable when this was sealed.
    pub(crate) frontier: u32,
    /// The tag of the frame before: the chain.
    pub(crate) previous: [u8; TAG_BYTES],
}

impl FrameHeader {
    /// Whether SQLite marked this frame as the last of a commit: its "database size" field is not zero.
    pub(crate) fn is_commit(&self) -> bool {
        Bytes(self.sqlite).array::<4>(4) != [0; 4]
    }

    fn encode(&self) -> [u8; HEADER_CONTENT_BYTES] {
        let mut content = Bytes([0; HEADER_CONTENT_BYTES]);
        content.put(0, &self.sqlite);
        content.put_u64(24, self.commit_sequence);
        content.put_u32(32, self.frontier);
        content.put(40, &self.previous);
        content.0
    }

    fn decode(content: [u8; HEADER_CONTENT_BYTES]) -> Self {
        let content = Bytes(content);
        Self {
            sqlite: content.array(0),
            commit_sequence: content.u64(24),
            frontier: content.u32(32),
            previous: content.array(40),
        }
    }
}

/// One frame's bytes, sealed or open.
pub(crate) struct Frame(Scratch<FRAME_BYTES>);

impl Frame {
    pub(crate) fn new() -> Self {
        Self(Scratch::new())
    }

    /// All bytes, as they lie in the file while sealed.
    pub(crate) fn bytes(&mut self) -> &mut [u8; FRAME_BYTES] {
        self.0.bytes_mut()
    }

    /// The page, while open.
    pub(crate) fn page(&self) -> &[u8] {
        self.0.bytes().get(PAGE_AT..TAG_AT).unwrap_or_default()
    }

    pub(crate) fn set_page(&mut self, page: &[u8]) {
        self.put(PAGE_AT, page);
    }

    fn put(&mut self, at: usize, value: &[u8]) {
        if let Some(to) = self.bytes().get_mut(at..at + value.len()) {
            to.copy_from_slice(value);
        }
    }

    /// Seals the page that lies in the frame, with `header`. Returns the tag.
    pub(crate) fn seal(
        &mut self,
        key: &Aead,
        place: &Place,
        nonce: &[u8; NONCE_BYTES],
        header: &FrameHeader,
    ) -> Result<[u8; TAG_BYTES], SealError> {
        self.put(0, nonce);
        self.put(NONCE_BYTES, &header.encode());
        let content = self.bytes().get_mut(NONCE_BYTES..TAG_AT).ok_or(SealError)?;
        let tag = key.seal(nonce, &place.aad(), content)?;
        self.put(TAG_AT, &tag);
        Ok(tag)
    }

    /// Opens the frame in place and returns its header and tag.
    pub(crate) fn open(
        &mut self,
        key: &Aead,
        place: &Place,
    ) -> Result<(FrameHeader, [u8; TAG_BYTES]), Unauthentic> {
        let (nonce, tag) = (array_of(self.0.bytes(), 0), array_of(self.0.bytes(), TAG_AT));
        let content = self.bytes().get_mut(NONCE_BYTES..TAG_AT).ok_or(Unauthentic)?;
        key.open(&nonce, &place.aad(), content, &tag)?;
        Ok((FrameHeader::decode(array_of(self.0.bytes(), NONCE_BYTES)), tag))
    }
}

/// Seals a marker: it carries no frame, only that the log is durable up to `durable`, the last frame of a commit.
pub(crate) fn seal_marker(
    key: &Aead,
    place: &Place,
    nonce: &[u8; NONCE_BYTES],
    durable: Frontier,
    commit_sequence: u64,
) -> Result<[u8; MARKER_BYTES], SealError> {
    let header = FrameHeader {
        sqlite: [0; SQLITE_FRAME_HEADER_BYTES],
        commit_sequence,
        frontier: durable.frame,
        previous: durable.tag,
    };
    let mut content = header.encode();
    let tag = key.seal(nonce, &place.aad(), &mut content)?;
    let mut marker = Bytes([0; MARKER_BYTES]);
    marker.put(0, nonce);
    marker.put(NONCE_BYTES, &content);
    marker.put(PAGE_AT, &tag);
    Ok(marker.0)
}

/// The frame that a marker names as durable.
pub(crate) fn open_marker(
    key: &Aead,
    place: &Place,
    marker: &[u8; MARKER_BYTES],
) -> Result<u32, Unauthentic> {
    let marker = Bytes(*marker);
    let mut content: [u8; HEADER_CONTENT_BYTES] = marker.array(NONCE_BYTES);
    key.open(&marker.array(0), &place.aad(), &mut content, &marker.array(PAGE_AT))?;
    Ok(FrameHeader::decode(content).frontier)
}

/// The place of a piece of the log.
pub(crate) fn place(vault_id: [u8; 16], wal: &WalIdentity, role: Role, frame: u32) -> Place {
    Place { vault_id, role, twin: 0, position: u64::from(frame), wal_id: wal.id }
}
