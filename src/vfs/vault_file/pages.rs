//! The vault file's pages: reading and opening, sealing and writing, growing and cutting.

use super::super::backing::{Backing, Code, Fault, ReadOutcome};
use super::super::damage::Damage;
use super::super::offsets::{self, UNIT_BYTES};
use super::super::scratch::Scratch;
use super::super::seal::{self, Place, Role, Unit};
use super::super::sqlite_pages::{
    CHANGE_COUNTER, ChangeCounter, SQLITE_HEADER_BYTES, change_counter, says_wal_mode, synthetic_header,
};
use super::super::tag_table::unit_tag;
use super::VaultFile;

impl<B: Backing> VaultFile<B> {
    fn page_place(&self, page: u32) -> Result<Place, Fault> {
        Ok(Place {
            vault_id: self.header()?.vault_id.0,
            role: Role::Page,
            twin: 0,
            position: u64::from(page),
            wal_id: [0; 16],
        })
    }

    /// Reads as SQLite asks: whole pages, or a few bytes of page 1.
    pub(crate) fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<ReadOutcome, Fault> {
        if offset == 0 && buffer.len() == SQLITE_HEADER_BYTES {
            buffer.copy_from_slice(&synthetic_header());
            return Ok(ReadOutcome::Whole);
        }
        let unit = UNIT_BYTES as u64;
        let page = u32::try_from(offset / unit)
            .ok()
            .and_then(|index| index.checked_add(1))
            .ok_or(Fault::Refused("a read past the last possible page"))?;
        let within = usize::try_from(offset % unit).map_err(|_| Fault::Refused("an impossible offset"))?;
        if within == 0
            && let Ok(whole) = <&mut Unit>::try_from(&mut *buffer)
        {
            return if page == 1 { self.read_first_page(whole) } else { self.read_page(page, whole) };
        }
        let is_counter = page == 1 && within == CHANGE_COUNTER && buffer.len() == size_of::<ChangeCounter>();
        if is_counter && let Some(known) = self.state()?.change_counter {
            buffer.copy_from_slice(&known);
            return Ok(ReadOutcome::Whole);
        }
        let end = within.saturating_add(buffer.len());
        if end > UNIT_BYTES {
            return Err(Fault::Refused("a read across pages"));
        }
        // SQLite's look at the change counter decides only whether its cache is stale, and comes before the log is
        // read: a torn page 1 there answers zeros, and the read of the page itself is strict.
        let mut scratch = Scratch::<UNIT_BYTES>::new();
        let outcome = match self.read_page(page, scratch.bytes_mut()) {
            Err(Fault::Damage(_)) if is_counter => Ok(ReadOutcome::Short),
            other => other,
        };
        if let (Ok(_), Some(from)) = (&outcome, scratch.bytes().get(within..end)) {
            buffer.copy_from_slice(from);
        }
        outcome
    }

    /// Page 1, which SQLite reads before it looks for a log, and again after: it is opened once.
    fn read_first_page(&mut self, unit: &mut Unit) -> Result<ReadOutcome, Fault> {
        if self.scratch_is_first_page && self.is_loaded() {
            unit.copy_from_slice(self.scratch.bytes());
            return Ok(ReadOutcome::Whole);
        }
        let outcome = self.read_page(1, unit)?;
        if outcome == ReadOutcome::Whole {
            self.state_mut()?.change_counter = change_counter(unit);
            self.scratch.bytes_mut().copy_from_slice(unit);
            self.scratch_is_first_page = true;
        }
        Ok(outcome)
    }

    /// Whether page 1 was read, was not written since, and says that the database is in WAL mode.
    pub(crate) fn is_in_wal_mode(&self) -> bool {
        self.scratch_is_first_page && self.is_loaded() && says_wal_mode(self.scratch.bytes())
    }

    /// Reads and opens one page; a page past the end is zeros and short, as for any file.
    pub(crate) fn read_page(&mut self, page: u32, unit: &mut Unit) -> Result<ReadOutcome, Fault> {
        let state = self.state()?;
        if page > state.pages {
            unit.fill(0);
            if page <= state.header.page_count {
                return Err(Fault::Damage(Damage::Truncated {
                    found_pages: state.pages,
                    expected_pages: state.header.page_count,
                }));
            }
            return Ok(ReadOutcome::Short);
        }
        let place = self.page_place(page)?;
        let tag = self.with_table(|table, io, _| table.tag(io, page))?;
        self.backing.read(unit, offsets::page(page))?;
        let counts = unit_tag(unit) == tag;
        match seal::open_unit(self.keys.page.aead(), &place, unit) {
            Ok(()) if counts => Ok(ReadOutcome::Whole),
            Ok(()) => {
                unit.fill(0);
                Err(Fault::Damage(Damage::OldPage { page }))
            }
            Err(_) => Err(Fault::Damage(Damage::Page { page })),
        }
    }

    /// Writes one page; anything else is refused.
    pub(crate) fn write(&mut self, bytes: &[u8], offset: u64) -> Result<(), Fault> {
        let odd = Fault::Refused("a write that is not one whole page");
        let unit = UNIT_BYTES as u64;
        if !offset.is_multiple_of(unit) || bytes.len() != UNIT_BYTES {
            return Err(odd);
        }
        let page = u32::try_from(offset / unit).ok().and_then(|index| index.checked_add(1)).ok_or(odd)?;
        if page > offsets::MOST_PAGES {
            return Err(Fault::Os(Code(rusqlite::ffi::SQLITE_FULL)));
        }
        self.settle_load()?;
        self.extend_to(page - 1)?;
        self.room_to_seal().copy_from_slice(bytes);
        self.seal_and_write(page)
    }

    /// `scratch`, to be filled with another page.
    fn room_to_seal(&mut self) -> &mut Unit {
        self.scratch_is_first_page = false;
        self.scratch.bytes_mut()
    }

    /// Seals the page that lies in `scratch`.
    fn seal_and_write(&mut self, page: u32) -> Result<(), Fault> {
        let place = self.page_place(page)?;
        let nonce = self.nonces.next()?;
        seal::seal_unit(self.keys.page.aead(), &place, &nonce, self.scratch.bytes_mut())?;
        let tag = unit_tag(self.scratch.bytes());
        let state = self.state_mut()?;
        state.change_counter = state.change_counter.filter(|_| page != 1);
        let group = offsets::group_of(page);
        // The slots of a group that the durable header counts are there.
        let begins_group = page > state.pages
            && page > 1
            && (page - 1).is_multiple_of(offsets::GROUP_PAGES)
            && group >= offsets::groups(state.header.page_count);
        state.unsynced = true;
        state.changed = true;
        self.backing.write(self.scratch.bytes(), offsets::page(page))?;
        self.with_table(|table, io, nonces| {
            if begins_group {
                table.begin_group(io, nonces, group)?;
            }
            table.note(io, page, tag)
        })?;
        let state = self.state_mut()?;
        state.pages = state.pages.max(page);
        Ok(())
    }

    /// Fills the file with sealed empty pages up to `pages`: SQLite skips free pages, and a hole would be a page
    /// that anyone can make.
    fn extend_to(&mut self, pages: u32) -> Result<(), Fault> {
        let mut next = self.pages()?.saturating_add(1);
        while next <= pages {
            self.room_to_seal().fill(0);
            self.seal_and_write(next)?;
            next += 1;
        }
        Ok(())
    }

    /// The logical length.
    pub(crate) fn size(&mut self) -> Result<u64, Fault> {
        let pages = match &self.state {
            Some(state) => state.pages,
            None => offsets::pages_in(self.backing.size()?),
        };
        Ok(u64::from(pages) * UNIT_BYTES as u64)
    }

    /// Sets the logical length: cuts, or fills with sealed empty pages.
    pub(crate) fn truncate(&mut self, bytes: u64) -> Result<(), Fault> {
        let unit = UNIT_BYTES as u64;
        let pages = u32::try_from(bytes / unit).map_err(|_| Fault::Refused("an impossible length"))?;
        if !bytes.is_multiple_of(unit) {
            return Err(Fault::Refused("a length that is not whole pages"));
        }
        self.settle_load()?;
        if pages >= self.pages()? {
            return self.extend_to(pages);
        }
        self.scratch_is_first_page = false;
        let state = self.state_mut()?;
        state.unsynced = true;
        state.changed = true;
        state.change_counter = None;
        state.pages = pages;
        state.trim = true;
        Ok(())
    }
}
