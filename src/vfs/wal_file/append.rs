//! Writing the log: new lives, frames (header and page in one write), rewritten checksums, syncs and markers.

use super::super::backing::{Backing, Fault};
use super::super::header::{Bytes, Frontier};
use super::super::offsets::{self, UNIT_BYTES};
use super::super::seal::{self, Role, Unit};
use super::super::vault_file::VaultFile;
use super::super::wal_frame::{
    self, FrameHeader, LogPlace, SQLITE_FRAME_HEADER_BYTES, SQLITE_WAL_HEADER_BYTES, TAG_AT,
};
use super::{COMMITS_BEFORE, Commit, GENERATION, Life, SqliteFrameHeader, Tag, WalFile, header_place};
use crate::crypto::TAG_BYTES;

impl Life {
    /// Remembers the header of an appended frame, until the frame after it belongs to another commit.
    fn keep_running(&mut self, frame: u32, sqlite: SqliteFrameHeader) {
        let first = self.commit.at.frame.saturating_add(1);
        if self.running_from != first || frame < first {
            self.running.clear();
            self.running_from = first;
        }
        let place = frame.checked_sub(first).and_then(|index| usize::try_from(index).ok());
        match place {
            Some(index) if index <= self.running.len() => {
                self.running.truncate(index);
                self.running.push(sqlite);
            }
            // A commit's last frame, or one that does not follow: nothing to remember.
            _ => self.running.clear(),
        }
    }

    fn running_header(&self, frame: u32) -> Option<SqliteFrameHeader> {
        let index = usize::try_from(frame.checked_sub(self.running_from)?).ok()?;
        self.running.get(index).copied()
    }
}

impl<B: Backing> WalFile<B> {
    /// Writes in one of the shapes that SQLite uses; any other is refused.
    pub(crate) fn write(&mut self, vault: &mut VaultFile<B>, bytes: &[u8], offset: u64) -> Result<(), Fault> {
        let odd = Fault::Refused("an odd write to the log");
        match wal_frame::log_place(offset).ok_or(odd.clone())? {
            LogPlace::Header(0) => {
                let header = bytes.try_into().map_err(|_| odd)?;
                self.begin_life(vault, header)
            }
            LogPlace::Frame(frame, 0) => {
                let header = bytes.try_into().map_err(|_| odd)?;
                self.take_header(vault, frame, header)
            }
            LogPlace::Frame(frame, SQLITE_FRAME_HEADER_BYTES) if bytes.len() == UNIT_BYTES => {
                self.take_page(vault, frame, bytes)
            }
            _ => Err(odd),
        }
    }

    /// SQLite starts the log anew: all that it held is in the vault file. The new header is durable before the vault
    /// names it, and the old life stays whole until then.
    fn begin_life(
        &mut self,
        vault: &mut VaultFile<B>,
        header: [u8; SQLITE_WAL_HEADER_BYTES],
    ) -> Result<(), Fault> {
        self.close(vault)?;
        self.life = None;
        if vault.header()?.wal_live {
            // The life that an earlier session adopted may not be named on the disk, since its sync may have failed: then
            // the one named there has its header where this one's goes.
            vault.make_sure_of_header()?;
        }
        let wal = vault.next_wal()?;
        let commits_before = vault.commits()?;
        let mut content = Bytes([0; UNIT_BYTES]);
        content.put(0, &header);
        content.put_u64(GENERATION, wal.generation);
        content.put_u64(COMMITS_BEFORE, commits_before);
        let mut unit: Unit = content.0;
        let place = header_place(vault, &wal)?;
        let nonce = vault.nonces.next()?;
        seal::seal_unit(vault.keys.wal.aead(), &place, &nonce, &mut unit)?;
        let twin = wal_frame::header_twin(wal.generation);
        self.backing.write(&unit, offsets::header(twin))?;
        self.backing.sync()?;
        self.unsynced = false;
        vault.adopt_wal(wal)?;
        let tag = Bytes(unit).array(UNIT_BYTES - TAG_BYTES);
        self.life = Some(Life::new(wal, header, tag, commits_before));
        Ok(())
    }

    /// A frame header: kept until its page comes, unless it replaces one whose page stays.
    fn take_header(
        &mut self,
        vault: &mut VaultFile<B>,
        frame: u32,
        header: SqliteFrameHeader,
    ) -> Result<(), Fault> {
        self.flush(vault)?;
        let life = self.life()?;
        let replaces = life.latest_read == Some(frame) && frame <= life.written;
        life.latest_read = None;
        life.latest_header = Some((frame, header));
        if replaces {
            return self.replace_header(vault, frame, header);
        }
        life.waiting = Some((frame, header));
        Ok(())
    }

    /// A page: with the header that came just before it, or alone over a page of the same transaction.
    fn take_page(&mut self, vault: &mut VaultFile<B>, frame: u32, page: &[u8]) -> Result<(), Fault> {
        let life = self.life()?;
        life.latest_read = None;
        let latest = life.latest_header.take();
        if let Some((_, header)) = latest.filter(|(owner, _)| *owner == frame) {
            life.waiting = None;
            return self.append(vault, frame, header, page);
        }
        self.flush(vault)?;
        self.replace_page(vault, frame, page)
    }

    /// A header whose page never came replaces that of a frame that is there.
    pub(super) fn flush(&mut self, vault: &mut VaultFile<B>) -> Result<(), Fault> {
        match self.life.as_mut().and_then(|life| life.waiting.take()) {
            Some((frame, header)) => self.replace_header(vault, frame, header),
            None => Ok(()),
        }
    }

    fn append(
        &mut self,
        vault: &mut VaultFile<B>,
        frame: u32,
        sqlite: SqliteFrameHeader,
        page: &[u8],
    ) -> Result<(), Fault> {
        self.settle_recovery(vault)?;
        let life = self.life()?;
        if frame <= life.commit.at.frame {
            // SQLite took a commit back, because a step after its last frame failed.
            life.commit = life.commit_before;
            if frame <= life.commit.at.frame || frame <= life.durable.frame {
                return Err(Fault::Refused("a write over a durable commit"));
            }
        }
        self.scratch.set_page(page);
        let previous = self.tag_of(frame.saturating_sub(1))?;
        let at = self.seal_and_write(vault, frame, sqlite, previous)?;
        let life = self.life()?;
        life.written = frame;
        life.latest_append = at;
        life.keep_running(frame, sqlite);
        Ok(())
    }

    /// SQLite rewrites the checksums of a frame whose page it has just read; the page keeps its place.
    fn replace_header(
        &mut self,
        vault: &mut VaultFile<B>,
        frame: u32,
        sqlite: SqliteFrameHeader,
    ) -> Result<(), Fault> {
        self.own(frame)?;
        if self.in_scratch != Some(frame) {
            self.open_frame(vault, frame)?;
        }
        let previous = self.tag_of(frame.saturating_sub(1))?;
        self.seal_and_write(vault, frame, sqlite, previous).map(drop)
    }

    /// SQLite replaces the page of a frame of the running transaction, and rewrites its header before the commit. Until
    /// then the frame has no place in the chain.
    fn replace_page(&mut self, vault: &mut VaultFile<B>, frame: u32, page: &[u8]) -> Result<(), Fault> {
        self.own(frame)?;
        let known = self.life()?.running_header(frame);
        let sqlite = match known {
            Some(sqlite) => sqlite,
            None => self.open_frame(vault, frame)?.sqlite,
        };
        self.scratch.set_page(page);
        self.seal_and_write(vault, frame, sqlite, [0; TAG_BYTES]).map(drop)
    }

    /// Only frames that this session wrote and no sync has covered may be rewritten in part.
    fn own(&mut self, frame: u32) -> Result<(), Fault> {
        let life = self.life()?;
        if frame > life.written || frame <= life.durable.frame {
            return Err(Fault::Refused("half a frame where none of this transaction is"));
        }
        Ok(())
    }

    /// Seals the page that lies in `scratch` and writes its frame at once.
    fn seal_and_write(
        &mut self,
        vault: &mut VaultFile<B>,
        frame: u32,
        sqlite: SqliteFrameHeader,
        previous: Tag,
    ) -> Result<Frontier, Fault> {
        let place = self.place(vault, Role::WalFrame, frame)?;
        let life = self.life()?;
        // Frames up to the last commit belong to it; later ones to the commit that is being written.
        let ahead = u64::from(frame > life.commit.at.frame);
        let header = FrameHeader {
            sqlite,
            commit_sequence: life.commit.sequence.saturating_add(ahead),
            frontier: life.durable.frame,
            previous,
        };
        let nonce = vault.nonces.next()?;
        self.in_scratch = None;
        let tag = self.scratch.seal(vault.keys.wal.aead(), &place, &nonce, &header)?;
        self.unsynced = true;
        self.backing.write(self.scratch.bytes(), wal_frame::frame_offset(frame))?;
        let life = self.life()?;
        let at = Frontier { frame, tag };
        life.latest_seal = at;
        for known in [&mut life.latest_open, &mut life.latest_append] {
            if known.frame == frame {
                *known = at;
            }
        }
        if header.is_commit() && frame >= life.commit.at.frame {
            if frame > life.commit.at.frame {
                life.commit_before = life.commit;
            }
            life.commit = Commit { at, sequence: header.commit_sequence };
        }
        Ok(at)
    }

    /// The tag of a frame; frame 0 is the log's header.
    fn tag_of(&mut self, frame: u32) -> Result<Tag, Fault> {
        let life = self.life()?;
        if frame == 0 {
            return Ok(life.header_tag);
        }
        let at_hand = [life.latest_append, life.latest_seal, life.latest_open];
        if let Some(known) = at_hand.iter().find(|known| known.frame == frame) {
            return Ok(known.tag);
        }
        let mut tag = [0; TAG_BYTES];
        self.backing.read(&mut tag, wal_frame::frame_offset(frame) + TAG_AT as u64)?;
        Ok(tag)
    }

    /// Before the first write after a recovery: what was recovered becomes durable, so that every new frame can say
    /// so.
    fn settle_recovery(&mut self, vault: &mut VaultFile<B>) -> Result<(), Fault> {
        let life = self.life()?;
        if life.written > 0 {
            return Ok(());
        }
        vault.make_sure_of_header()?;
        let life = self.life()?;
        if life.commit.at.frame <= life.durable.frame {
            return Ok(());
        }
        let commit = life.commit;
        self.rewrite_recovered()?;
        self.backing.sync()?;
        self.life()?.durable = commit.at;
        vault.note_frontier(commit.at, commit.sequence)
    }

    /// Writes once more what was recovered and is not known to be durable: a sync of the session before may have failed, and then
    /// the disk need not have what every read shows, and a new sync would not say so.
    fn rewrite_recovered(&mut self) -> Result<(), Fault> {
        let life = self.life()?;
        let (from, to) = (life.durable.frame.saturating_add(1), life.commit.at.frame);
        self.in_scratch = None;
        for frame in from..=to {
            let at = wal_frame::frame_offset(frame);
            self.backing.read(self.scratch.bytes(), at)?;
            self.backing.write(self.scratch.bytes(), at)?;
        }
        Ok(())
    }

    /// Makes the log durable up to its last commit, and says so behind it.
    pub(crate) fn sync(&mut self, vault: &mut VaultFile<B>) -> Result<(), Fault> {
        self.flush(vault)?;
        if self.unsynced {
            if self.life.as_ref().is_some_and(|life| life.written == 0) {
                self.rewrite_recovered()?;
            }
            self.backing.sync()?;
            self.unsynced = false;
        }
        let Some(life) = self.life.as_mut() else {
            return Ok(());
        };
        let commit = life.commit;
        if commit.at.frame <= life.durable.frame {
            return Ok(());
        }
        life.durable = commit.at;
        let nothing_behind = life.written <= commit.at.frame;
        vault.note_frontier(commit.at, commit.sequence)?;
        if nothing_behind {
            // The commit is durable whether or not this reaches the disk: a failure costs one piece of evidence.
            let _ = self.write_marker(vault, commit);
        }
        Ok(())
    }

    fn write_marker(&mut self, vault: &mut VaultFile<B>, commit: Commit) -> Result<(), Fault> {
        let behind = commit.at.frame.saturating_add(1);
        let place = self.place(vault, Role::WalMarker, behind)?;
        let nonce = vault.nonces.next()?;
        let key = vault.keys.wal.aead();
        let marker = wal_frame::seal_marker(key, &place, &nonce, commit.at, commit.sequence)?;
        Ok(self.backing.write(&marker, wal_frame::frame_offset(behind))?)
    }

    /// Cuts the log: to nothing, when all it held is in the vault file, or to a length that SQLite keeps for reuse.
    pub(crate) fn truncate(&mut self, vault: &mut VaultFile<B>, bytes: u64) -> Result<(), Fault> {
        self.flush(vault)?;
        self.unsynced = true;
        if bytes == 0 {
            self.close(vault)?;
            vault.retire_wal()?;
            self.life = None;
            self.backing.truncate(0)?;
            return Ok(());
        }
        let frames = match wal_frame::log_place(bytes).ok_or(Fault::Refused("an impossible length"))? {
            LogPlace::Header(_) => 0,
            LogPlace::Frame(next, 0) => next.saturating_sub(1),
            LogPlace::Frame(cut, _) => cut,
        };
        let keep = frames.max(self.life.as_ref().map_or(0, |life| life.commit.at.frame));
        let end = wal_frame::frame_offset(keep.saturating_add(1));
        if self.backing.size()? > end {
            self.backing.truncate(end)?;
        }
        Ok(())
    }
}
