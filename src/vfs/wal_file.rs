//! The write-ahead log as SQLite sees it, and what makes ours tell damage from a torn tail.
//!
//! **Which log belongs.** Each life of the log (from one write of its header to the next) has an id, which the vault's
//! header names and every sealed record is bound to. A new life's header goes to the other of two places, is synced,
//! and only then does the vault's header name it; so at each moment the log that the header names is whole, and a log
//! of another day opens nowhere.
//!
//! **The chain.** Each frame seals the tag of the frame before it: one that was swapped, repeated, or left over from a
//! rolled-back transaction breaks the chain.
//!
//! **The frontier.** Each frame seals the number of the last frame that was durable when it was written; after
//! each sync a small marker behind the last frame says so too (not synced itself: it costs a write, and survives
//! everything but a power cut); and the vault's header is told at each checkpoint. During recovery a bad frame at or
//! before any of these is damage. A bad frame past all of them was never acknowledged, and the log ends before it.

use super::backing::{Backing, Fault, ReadOutcome};
use super::damage::Damage;
use super::header::{Bytes, Frontier, WalIdentity};
use super::offsets::{self, UNIT_BYTES};
use super::seal::{self, Place, Role, Unit};
use super::vault_file::VaultFile;
use super::wal_frame::{
    self, Frame, FrameHeader, LogPlace, MARKER_BYTES, SQLITE_FRAME_BYTES, SQLITE_FRAME_HEADER_BYTES,
    SQLITE_WAL_HEADER_BYTES,
};
use crate::crypto::TAG_BYTES;

mod append;

type Tag = [u8; TAG_BYTES];
type SqliteFrameHeader = [u8; SQLITE_FRAME_HEADER_BYTES];

/// Where the log's header unit says which life this is, and how many commits came before it.
const GENERATION: usize = SQLITE_WAL_HEADER_BYTES;
const COMMITS_BEFORE: usize = GENERATION + 8;

/// A commit in the log: its last frame, that frame's tag, its number.
#[derive(Debug, Clone, Copy)]
struct Commit {
    at: Frontier,
    sequence: u64,
}

/// One life of the log.
struct Life {
    wal: WalIdentity,
    header: [u8; SQLITE_WAL_HEADER_BYTES],
    header_tag: Tag,
    /// A frame header that waits for its page, so that both go out in one write.
    waiting: Option<(u32, SqliteFrameHeader)>,
    /// The frame header last handed to us, as long as nothing came after it.
    latest_header: Option<(u32, SqliteFrameHeader)>,
    /// The frame last read whole, as long as nothing came after it.
    latest_read: Option<u32>,
    /// Frames whose tags are at hand: last opened, last sealed, last appended.
    latest_open: Frontier,
    latest_seal: Frontier,
    latest_append: Frontier,
    /// The headers of the frames of the running transaction, and the first of those frames: SQLite may replace a page
    /// alone, and the frame is sealed as one.
    running: Vec<SqliteFrameHeader>,
    running_from: u32,
    /// The last frame that this session wrote.
    written: u32,
    commit: Commit,
    commit_before: Commit,
    /// How far the log is known to be durable.
    durable: Frontier,
    /// Recovery: the last frame that follows the chain, and whether it broke there.
    chain: Frontier,
    chain_broken: bool,
}

impl Life {
    fn new(
        wal: WalIdentity,
        header: [u8; SQLITE_WAL_HEADER_BYTES],
        header_tag: Tag,
        commits_before: u64,
    ) -> Self {
        let start = Frontier { frame: 0, tag: header_tag };
        let commit = Commit { at: start, sequence: commits_before };
        Self {
            wal,
            header,
            header_tag,
            waiting: None,
            latest_header: None,
            latest_read: None,
            latest_open: start,
            latest_seal: start,
            latest_append: start,
            running: Vec::new(),
            running_from: 1,
            written: 0,
            commit,
            commit_before: commit,
            durable: Frontier::default(),
            chain: start,
            chain_broken: false,
        }
    }
}

/// One open log file.
pub(crate) struct WalFile<B> {
    backing: B,
    life: Option<Life>,
    scratch: Frame,
    /// The frame that lies open in `scratch`.
    in_scratch: Option<u32>,
    unsynced: bool,
}

impl<B: Backing> WalFile<B> {
    /// Takes up the log that the vault's header names, if it names one; any other is stale and counts as empty.
    pub(crate) fn open(backing: B, vault: &mut VaultFile<B>) -> Result<Self, Fault> {
        let mut file = Self { backing, life: None, scratch: Frame::new(), in_scratch: None, unsynced: true };
        let header = vault.header()?;
        if header.wal_live {
            let (wal, floor) = (header.wal, header.floor);
            file.life = Some(file.read_header(vault, wal, floor)?);
        }
        Ok(file)
    }

    fn read_header(
        &mut self,
        vault: &VaultFile<B>,
        wal: WalIdentity,
        floor: Frontier,
    ) -> Result<Life, Fault> {
        let twin = wal_frame::header_twin(wal.generation);
        let mut unit: Unit = [0; UNIT_BYTES];
        self.backing.read(&mut unit, offsets::header(twin))?;
        let tag = Bytes(unit).array(UNIT_BYTES - TAG_BYTES);
        let place = header_place(vault, &wal)?;
        seal::open_unit(vault.keys.wal.aead(), &place, &mut unit)
            .map_err(|_| Fault::Damage(Damage::WalHeader))?;
        let content = Bytes(unit);
        let mut life = Life::new(wal, content.array(0), tag, content.u64(COMMITS_BEFORE));
        life.durable = floor;
        Ok(life)
    }

    #[cfg(test)]
    pub(crate) fn backing(&mut self) -> &mut B {
        &mut self.backing
    }

    fn life(&mut self) -> Result<&mut Life, Fault> {
        self.life.as_mut().ok_or(Fault::Refused("a frame before the log's header"))
    }

    /// The logical length.
    pub(crate) fn size(&mut self, vault: &mut VaultFile<B>) -> Result<u64, Fault> {
        self.flush(vault)?;
        let file_bytes = self.backing.size()?;
        let Some(life) = &self.life else {
            return Ok(0);
        };
        let frames = wal_frame::frames_in(file_bytes);
        if frames < life.durable.frame {
            return Err(Fault::Damage(Damage::WalShortened {
                found_frames: frames,
                expected_frames: life.durable.frame,
            }));
        }
        Ok(wal_frame::sqlite_bytes(frames))
    }

    /// Reads in one of the shapes that SQLite uses; any other is refused.
    pub(crate) fn read(
        &mut self,
        vault: &mut VaultFile<B>,
        buffer: &mut [u8],
        offset: u64,
    ) -> Result<ReadOutcome, Fault> {
        self.flush(vault)?;
        let place = wal_frame::log_place(offset).ok_or(Fault::Refused("an impossible place in the log"))?;
        let Some(life) = self.life.as_mut() else {
            buffer.fill(0);
            return Ok(ReadOutcome::Short);
        };
        life.latest_read = None;
        life.latest_header = None;
        match (place, buffer.len()) {
            (LogPlace::Header(from), length) => {
                let part = life
                    .header
                    .get(from..from.saturating_add(length))
                    .ok_or(Fault::Refused("a read across the log's header"))?;
                buffer.copy_from_slice(part);
            }
            (LogPlace::Frame(frame, 0), SQLITE_FRAME_BYTES) => {
                self.read_frame(vault, frame, buffer)?;
                let commits = self.life()?.commit.sequence;
                vault.note_recovered(commits)?;
            }
            (LogPlace::Frame(frame, SQLITE_FRAME_HEADER_BYTES), UNIT_BYTES) => {
                self.open_frame(vault, frame)?;
                buffer.copy_from_slice(self.scratch.page());
            }
            (LogPlace::Frame(frame, from), length)
                if from.saturating_add(length) <= SQLITE_FRAME_HEADER_BYTES =>
            {
                let header = self.open_frame(vault, frame)?;
                buffer.copy_from_slice(header.sqlite.get(from..from + length).unwrap_or_default());
            }
            _ => return Err(Fault::Refused("an odd read of the log")),
        }
        Ok(ReadOutcome::Whole)
    }

    fn place(&self, vault: &VaultFile<B>, role: Role, frame: u32) -> Result<Place, Fault> {
        let life = self.life.as_ref().ok_or(Fault::Refused("a frame before the log's header"))?;
        Ok(wal_frame::place(vault.header()?.vault_id.0, &life.wal, role, frame))
    }

    /// Reads a frame into `scratch` and opens it there. What the file lacks is zeros and does not open.
    fn open_frame(&mut self, vault: &VaultFile<B>, frame: u32) -> Result<FrameHeader, Fault> {
        let place = self.place(vault, Role::WalFrame, frame)?;
        self.in_scratch = None;
        self.backing.read(self.scratch.bytes(), wal_frame::frame_offset(frame))?;
        let (header, tag) = self
            .scratch
            .open(vault.keys.wal.aead(), &place)
            .map_err(|_| Fault::Damage(Damage::WalFrame { frame }))?;
        self.in_scratch = Some(frame);
        self.life()?.latest_open = Frontier { frame, tag };
        Ok(header)
    }

    /// A whole frame: SQLite asks for those in recovery, and before it rewrites checksums.
    fn read_frame(&mut self, vault: &VaultFile<B>, frame: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        let (header_at, page_at) = buffer.split_at_mut(SQLITE_FRAME_HEADER_BYTES);
        let life = self.life()?;
        if frame > life.written {
            return self.recover_frame(vault, frame, header_at, page_at);
        }
        let header = self.open_frame(vault, frame)?;
        header_at.copy_from_slice(&header.sqlite);
        page_at.copy_from_slice(self.scratch.page());
        self.life()?.latest_read = Some(frame);
        Ok(())
    }

    /// A frame that an earlier session wrote: it must follow the chain. What does not is damage, if it was known to
    /// be durable, and else the end of the log, which SQLite recognises by a frame of zeros.
    fn recover_frame(
        &mut self,
        vault: &VaultFile<B>,
        frame: u32,
        header_at: &mut [u8],
        page_at: &mut [u8],
    ) -> Result<(), Fault> {
        let life = self.life()?;
        if frame == 1 {
            life.chain = Frontier { frame: 0, tag: life.header_tag };
            life.chain_broken = false;
        }
        if frame == life.chain.frame.saturating_add(1) && !life.chain_broken {
            match self.follow_chain(vault, frame) {
                Ok(sqlite) => {
                    header_at.copy_from_slice(&sqlite);
                    page_at.copy_from_slice(self.scratch.page());
                    return Ok(());
                }
                Err(Fault::Damage(damage)) => {
                    if self.known_durable(vault, frame)? >= frame {
                        return Err(Fault::Damage(damage));
                    }
                    self.life()?.chain_broken = true;
                }
                Err(other) => return Err(other),
            }
        }
        header_at.fill(0);
        page_at.fill(0);
        Ok(())
    }

    fn follow_chain(&mut self, vault: &VaultFile<B>, frame: u32) -> Result<SqliteFrameHeader, Fault> {
        let previous = self.life()?.chain.tag;
        let header = self.open_frame(vault, frame)?;
        let life = self.life()?;
        let at = life.latest_open;
        if header.previous != previous || (life.durable.frame == frame && life.durable != at) {
            return Err(Fault::Damage(Damage::WalFrame { frame }));
        }
        life.chain = at;
        if header.is_commit() {
            life.commit_before = life.commit;
            life.commit = Commit { at, sequence: header.commit_sequence };
        }
        Ok(header.sqlite)
    }

    /// The log goes away with the connection; what it counted stays known.
    pub(crate) fn close(&mut self, vault: &mut VaultFile<B>) -> Result<(), Fault> {
        self.flush(vault)?;
        match &self.life {
            Some(life) if vault.is_loaded() => vault.note_commits(life.commit.sequence),
            _ => Ok(()),
        }
    }

    /// The last frame that anything names as durable: the vault's header, and every record from `frame` on.
    fn known_durable(&mut self, vault: &VaultFile<B>, frame: u32) -> Result<u32, Fault> {
        let mut known = self.life()?.durable.frame;
        // A marker may lie where the frame behind the last whole one would.
        let last = wal_frame::frames_in(self.backing.size()?).saturating_add(1);
        for later in frame..=last {
            if let Ok(header) = self.open_frame(vault, later) {
                known = known.max(header.frontier);
            }
            let mut marker = [0; MARKER_BYTES];
            self.backing.read(&mut marker, wal_frame::frame_offset(later))?;
            let place = self.place(vault, Role::WalMarker, later)?;
            if let Ok(frontier) = wal_frame::open_marker(vault.keys.wal.aead(), &place, &marker) {
                known = known.max(frontier);
            }
            if known >= frame {
                break;
            }
        }
        Ok(known)
    }
}

fn header_place<B: Backing>(vault: &VaultFile<B>, wal: &WalIdentity) -> Result<Place, Fault> {
    let mut place = wal_frame::place(vault.header()?.vault_id.0, wal, Role::WalHeader, 0);
    place.twin = wal_frame::header_twin(wal.generation).number();
    Ok(place)
}
