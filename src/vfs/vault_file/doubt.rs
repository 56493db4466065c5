//! How a session begins that follows another: what two differing header copies come to, and what is written once more.
//!
//! When a sync of an earlier session failed, the disk need not have what every read shows, and a later sync that
//! succeeds does not say otherwise. Nobody told this session; so it writes once more what it relies on, before it builds
//! on it: the header copy that it was opened with, and the nodes and lists of tags that only this copy leads to. Pages
//! need none of that, since those in doubt are in the log and will be copied from there.

use super::super::backing::{Backing, Fault};
use super::super::header::HeaderCopy;
use super::super::offsets::{self, UNIT_BYTES};
use super::super::tag_table::Roots;
use super::table::{self, Io};
use super::{Unsettled, VaultFile};

impl<B: Backing> VaultFile<B> {
    /// After a crash: what two header copies of one life of the log come to, and the roots of the one that was not
    /// taken, where they differ. Of the pages, those that both count are taken as there; the log has the others.
    pub(super) fn settle_copies(
        &mut self,
        newer: HeaderCopy,
        older: HeaderCopy,
    ) -> Result<(HeaderCopy, Option<Box<Roots>>), Fault> {
        let (mut durable, mut header) = newer;
        let (other, older) = older;
        let one_life = header.wal_live && older.wal_live && header.wal == older.wal;
        let differ = header.roots != older.roots || header.page_count != older.page_count;
        if !one_life || !differ {
            return Ok(((durable, header), None));
        }
        header.page_count = header.page_count.min(older.page_count);
        let pages = header.page_count;
        let mut other_roots = older.roots;
        let io =
            &mut Io { backing: &mut self.backing, key: self.keys.table.aead(), vault_id: header.vault_id.0 };
        if !table::is_whole(io, &header.roots, &older.roots, pages)?
            && table::is_whole(io, &older.roots, &header.roots, pages)?
        {
            durable = other;
            other_roots = std::mem::replace(&mut header.roots, older.roots);
        }
        Ok(((durable, header), Some(Box::new(other_roots))))
    }

    /// Before the first change: what was found on opening, and what was made of it, becomes durable.
    pub(super) fn settle_load(&mut self) -> Result<(), Fault> {
        match &self.state()?.unsettled {
            None => Ok(()),
            Some(Unsettled::Differing(_)) => self.commit_header(|_| {}),
            Some(Unsettled::Unsynced) => {
                self.rewrite_header()?;
                self.backing.sync()?;
                self.state_mut()?.unsettled = None;
                Ok(())
            }
        }
    }

    /// Writes the nodes and lists that the copy taken leads to and the other does not once more, where they are.
    pub(super) fn rewrite_differing(&mut self) -> Result<(), Fault> {
        let state = self.state_mut()?;
        let Some(Unsettled::Differing(others)) = &state.unsettled else { return Ok(()) };
        let (roots, others, pages) = (state.header.roots, **others, state.header.page_count);
        self.with_table(|_, io, _| {
            table::each_differing(io, &roots, &others, pages, &mut |io, list, twin| {
                if let Some(twin) = twin {
                    let mut unit = [0; UNIT_BYTES];
                    io.backing.read(&mut unit, list.offset(twin))?;
                    io.backing.write(&unit, list.offset(twin))?;
                }
                Ok(true)
            })
        })?;
        self.state_mut()?.unsynced = true;
        self.rewrite_header()
    }

    /// Writes the copy that this session was opened with once more, the first time: the next sync makes it durable,
    /// also where an earlier one failed.
    pub(super) fn rewrite_header(&mut self) -> Result<(), Fault> {
        let state = self.state_mut()?;
        if !std::mem::take(&mut state.doubtful) {
            return Ok(());
        }
        let durable = state.durable;
        let mut unit = [0; UNIT_BYTES];
        self.backing.read(&mut unit, offsets::header(durable))?;
        Ok(self.backing.write(&unit, offsets::header(durable))?)
    }

    /// Before the log that an earlier session left is written to: the header that names it is durable.
    pub(crate) fn make_sure_of_header(&mut self) -> Result<(), Fault> {
        if self.state()?.doubtful {
            self.rewrite_header()?;
            self.backing.sync()?;
        }
        Ok(())
    }
}
