//! The vault file as SQLite sees it: logical pages in, sealed units out, and the header kept true.
//!
//! **The header's rule.** At every moment one header copy on the disk is durable and describes a state from which
//! everything acknowledged can be reached. A change goes to the other copy, is synced, and only then counts; after
//! that the first copy is brought up to date without a sync, so that each copy can serve alone. Between syncs the
//! spare copy may be refreshed with facts that merely narrow what is accepted (how far the log must reach, how many
//! pages are durable): losing those loses nothing.

use super::backing::{Backing, Fault, ReadOutcome};
use super::damage::Damage;
use super::header::{Copies, Frontier, Header, HeaderFault, WalIdentity};
use super::keys::Keys;
use super::offsets::{self, Twin, UNIT_BYTES};
use super::seal::{self, Nonces, Place, Role, Unit};
use super::sqlite_pages::{SQLITE_HEADER_BYTES, synthetic_header};
use zeroize::Zeroizing;

mod change_slots;

/// One open vault file. Of no use before [`VaultFile::load`], which needs SQLite's shared lock.
pub(crate) struct VaultFile<B> {
    backing: B,
    pub(super) keys: Keys,
    pub(super) nonces: Nonces,
    state: Option<State>,
    scratch: Box<Zeroizing<Unit>>,
    /// The header copies as they were when the vault was opened: a later change repairs a bad one unseen.
    opened_with: Option<Copies>,
    /// The first thing that went wrong and nobody has asked about yet.
    pub(super) failure: Option<Fault>,
    /// Whether another file takes this one's place: the log of this name is no longer ours to delete.
    pub(super) given_up: bool,
}

struct State {
    header: Header,
    /// The copy known to be on the disk; changes go to the other.
    durable: Twin,
    pages: u32,
    /// Pages from here on may be holes that a crash left; they are sealed anew before anything else is written.
    mend_from: Option<u32>,
    unsynced: bool,
    /// Whether this session changed the file.
    changed: bool,
    /// A header change failed half-way: what the disk holds is unknown, so nothing is built on it any more. Opening
    /// the vault again reads the truth.
    poisoned: bool,
    frontier: Frontier,
    commit_sequence: u64,
}

impl<B: Backing> VaultFile<B> {
    pub(crate) fn new(backing: B, keys: Keys, nonces: Nonces) -> Self {
        Self {
            backing,
            keys,
            nonces,
            state: None,
            scratch: Box::new(Zeroizing::new([0; UNIT_BYTES])),
            opened_with: None,
            failure: None,
            given_up: false,
        }
    }

    /// Writes what a new vault begins with: both header copies and the first group's table slots.
    pub(crate) fn initialise(&mut self, header: &Header) -> Result<(), Fault> {
        for copy in Twin::BOTH {
            let unit = header.encode(copy, &self.keys.header);
            self.backing.write(&unit, offsets::header(copy))?;
        }
        self.write_table_slots(header, 0)
    }

    /// Reads and judges the header, under SQLite's shared lock. `wal_exists` tells whether a log lies beside the
    /// vault.
    pub(crate) fn load(&mut self, wal_exists: impl FnOnce() -> Result<bool, Fault>) -> Result<(), Fault> {
        let file_bytes = self.backing.size()?;
        let copies = self.read_copies(file_bytes)?;
        let Some((durable, header)) = copies.newest(&self.keys.header) else {
            return Err(match copies.candidates().len() {
                0 => match copies.fault() {
                    HeaderFault::NoMagic => Fault::NotAVault,
                    HeaderFault::Newer(found) => Fault::Newer(found),
                    HeaderFault::Damaged => Fault::Damage(Damage::Header),
                },
                1 => Fault::Damage(Damage::Header),
                _ => Fault::WrongKey,
            });
        };
        self.opened_with = Some(copies);
        let mut pages = offsets::pages_in(file_bytes);
        if header.wal_live {
            if !wal_exists()? {
                return Err(Fault::Damage(Damage::WalMissing));
            }
        } else if pages < header.page_count || file_bytes < offsets::file_bytes(0) {
            return Err(Fault::Damage(Damage::Truncated {
                found_pages: pages,
                expected_pages: header.page_count,
            }));
        } else {
            // Whatever lies after the last page is not the vault's.
            pages = header.page_count;
        }
        let mend_from =
            (header.wal_live && pages > header.page_count).then(|| header.page_count.saturating_add(1));
        self.state = Some(State {
            durable,
            pages,
            mend_from,
            // What an earlier process wrote last may not be on the disk yet.
            unsynced: true,
            changed: false,
            poisoned: false,
            frontier: header.floor,
            commit_sequence: header.commit_sequence,
            header,
        });
        Ok(())
    }

    fn read_copies(&mut self, file_bytes: u64) -> Result<Copies, Fault> {
        let mut copies = Copies::empty();
        if self.backing.read(copies.bytes(), offsets::header(Twin::A))? == ReadOutcome::Short
            && file_bytes == 0
        {
            return Err(Fault::NotAVault);
        }
        Ok(copies)
    }

    /// The header copies that were bad when the vault was opened, or are now.
    pub(crate) fn bad_copies(&mut self) -> Result<Vec<Damage>, Fault> {
        let file_bytes = self.backing.size()?;
        let now = self.read_copies(file_bytes)?;
        let mut bad = self.opened_with.as_ref().map_or(vec![], |copies| copies.bad(&self.keys.header));
        for damage in now.bad(&self.keys.header) {
            if !bad.contains(&damage) {
                bad.push(damage);
            }
        }
        Ok(bad)
    }

    /// Forgets the header: the lock is gone and another process may change the file.
    pub(crate) fn unload(&mut self) -> Result<(), Fault> {
        let settled = self.settle();
        self.state = None;
        settled
    }

    fn state(&self) -> Result<&State, Fault> {
        self.state.as_ref().ok_or(Fault::Refused("the vault file is not locked"))
    }

    fn state_mut(&mut self) -> Result<&mut State, Fault> {
        self.state.as_mut().ok_or(Fault::Refused("the vault file is not locked"))
    }

    pub(crate) fn header(&self) -> Result<&Header, Fault> {
        Ok(&self.state()?.header)
    }

    pub(crate) fn pages(&self) -> Result<u32, Fault> {
        Ok(self.state()?.pages)
    }

    pub(crate) fn is_loaded(&self) -> bool {
        self.state.is_some()
    }

    pub(super) fn backing(&mut self) -> &mut B {
        &mut self.backing
    }

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
            return self.read_page(page, whole);
        }
        let end = within.saturating_add(buffer.len());
        if end > UNIT_BYTES {
            return Err(Fault::Refused("a read across pages"));
        }
        // SQLite's look at the change counter decides only whether its cache is stale, and comes before the log is
        // read: a torn page 1 there answers zeros, and the read of the page itself is strict.
        let mut scratch = std::mem::replace(&mut self.scratch, Box::new(Zeroizing::new([0; UNIT_BYTES])));
        let outcome = match self.read_page(page, &mut scratch) {
            Err(Fault::Damage(_)) if page == 1 && within == 24 && buffer.len() == 16 => {
                Ok(ReadOutcome::Short)
            }
            other => other,
        };
        if let (Ok(_), Some(from)) = (&outcome, scratch.get(within..end)) {
            buffer.copy_from_slice(from);
        }
        self.scratch = scratch;
        outcome
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
        self.backing.read(unit, offsets::page(page))?;
        match seal::open_unit(self.keys.page.aead(), &place, unit) {
            Ok(()) => Ok(ReadOutcome::Whole),
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
        self.mend()?;
        self.extend_to(page - 1)?;
        self.scratch.copy_from_slice(bytes);
        self.seal_and_write(page)
    }

    /// Seals the page that lies in `scratch`.
    fn seal_and_write(&mut self, page: u32) -> Result<(), Fault> {
        let place = self.page_place(page)?;
        let nonce = self.nonces.next()?;
        seal::seal_unit(self.keys.page.aead(), &place, &nonce, &mut self.scratch)?;
        let begins_group =
            page > self.pages()? && page > 1 && (page - 1).is_multiple_of(offsets::GROUP_PAGES);
        let state = self.state_mut()?;
        state.unsynced = true;
        state.changed = true;
        self.backing.write(self.scratch.as_slice(), offsets::page(page))?;
        if begins_group {
            let header = self.header()?.clone();
            self.write_table_slots(&header, offsets::group_of(page))?;
        }
        let state = self.state_mut()?;
        state.pages = state.pages.max(page);
        Ok(())
    }

    fn write_table_slots(&mut self, header: &Header, group: u32) -> Result<(), Fault> {
        for slot in Twin::BOTH {
            let mut unit: Unit = [0; UNIT_BYTES];
            let place = table_place(header, group, slot);
            let nonce = self.nonces.next()?;
            seal::seal_unit(self.keys.table.aead(), &place, &nonce, &mut unit)?;
            self.backing.write(&unit, offsets::table_slot(group, slot))?;
        }
        Ok(())
    }

    /// Fills the file with sealed empty pages up to `pages`: SQLite skips free pages, and a hole would be a page
    /// that anyone can make.
    fn extend_to(&mut self, pages: u32) -> Result<(), Fault> {
        let mut next = self.pages()?.saturating_add(1);
        while next <= pages {
            self.scratch.fill(0);
            self.seal_and_write(next)?;
            next += 1;
        }
        Ok(())
    }

    /// Seals anew what a crash may have left unwritten at the end of the file. The log still holds every page
    /// there that matters, and is about to be copied over them.
    fn mend(&mut self) -> Result<(), Fault> {
        let Some(from) = self.state()?.mend_from else {
            return Ok(());
        };
        let header = self.header()?.clone();
        let pages = self.pages()?;
        for page in from..=pages {
            let mut unit = Zeroizing::new([0; UNIT_BYTES]);
            if self.read_page(page, &mut unit).is_err() {
                self.scratch.fill(0);
                self.seal_and_write(page)?;
            }
        }
        for group in offsets::group_of(from)..offsets::groups(pages) {
            for slot in Twin::BOTH {
                if self.read_table_slot(&header, group, slot).is_err() {
                    self.write_table_slots(&header, group)?;
                }
            }
        }
        self.state_mut()?.mend_from = None;
        Ok(())
    }

    /// Whether a tag-table slot holds what was sealed there.
    pub(super) fn read_table_slot(&mut self, header: &Header, group: u32, slot: Twin) -> Result<(), Fault> {
        let mut unit: Unit = [0; UNIT_BYTES];
        self.backing.read(&mut unit, offsets::table_slot(group, slot))?;
        seal::open_unit(self.keys.table.aead(), &table_place(header, group, slot), &mut unit)
            .map_err(|_| Fault::Damage(Damage::TableSlot { group, slot }))
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
        self.mend()?;
        if pages >= self.pages()? {
            return self.extend_to(pages);
        }
        let state = self.state_mut()?;
        state.unsynced = true;
        state.changed = true;
        state.pages = pages;
        self.backing.truncate(offsets::file_bytes(pages))?;
        Ok(())
    }

    /// Makes the pages durable, then notes in the spare header copy what is now known to be so.
    pub(crate) fn sync(&mut self) -> Result<(), Fault> {
        self.backing.sync()?;
        let state = self.state_mut()?;
        state.unsynced = false;
        let known = &mut state.header;
        let news = known.page_count != state.pages || (known.wal_live && known.floor != state.frontier);
        if !news || !state.changed {
            return Ok(());
        }
        known.page_count = state.pages;
        if known.wal_live {
            known.floor = state.frontier;
            known.commit_sequence = state.commit_sequence;
        }
        known.generation = known.generation.saturating_add(1);
        let spare = state.durable.other();
        self.write_copy(spare)
    }

    fn write_copy(&mut self, copy: Twin) -> Result<(), Fault> {
        let unit = self.header()?.encode(copy, &self.keys.header);
        Ok(self.backing.write(&unit, offsets::header(copy))?)
    }

    /// Makes `change` durable: everything before it first, then the spare copy, then the other.
    fn commit_header(&mut self, change: impl FnOnce(&mut Header)) -> Result<(), Fault> {
        if self.state()?.poisoned {
            return Err(Fault::Refused("an earlier change to the header failed; open the vault again"));
        }
        if self.state()?.unsynced {
            self.backing.sync()?;
        }
        let state = self.state_mut()?;
        state.unsynced = false;
        let before = state.header.clone();
        state.header.generation = state.header.generation.saturating_add(1);
        state.header.page_count = state.pages;
        change(&mut state.header);
        let spare = state.durable.other();
        let written = self.write_copy(spare).and_then(|()| Ok(self.backing.sync()?));
        let state = self.state_mut()?;
        if let Err(fault) = written {
            // Whether the disk has it is unknown; either copy describes a state that is true.
            state.header = before;
            state.poisoned = true;
            return Err(fault);
        }
        state.durable = spare;
        // A failure here leaves the twin behind by one change, which the next session repairs.
        let _ = self.write_copy(spare.other());
        Ok(())
    }

    /// What the log's next life will be called. Drawn before the log is written, adopted after.
    pub(crate) fn next_wal(&mut self) -> Result<WalIdentity, Fault> {
        Ok(WalIdentity { generation: self.header()?.wal.generation.saturating_add(1), id: self.nonces.id()? })
    }

    /// Makes `wal`, whose header is durable, the log that belongs to the vault. All that the log before it held is
    /// in the file by now.
    pub(crate) fn adopt_wal(&mut self, wal: WalIdentity) -> Result<(), Fault> {
        let sequence = self.state()?.commit_sequence;
        self.commit_header(|header| {
            header.wal_live = true;
            header.wal = wal;
            header.floor = Frontier::default();
            header.commit_sequence = sequence;
        })?;
        self.state_mut()?.frontier = Frontier::default();
        Ok(())
    }

    /// No log belongs to the vault any more: what it held is in the file. Must precede its deletion.
    pub(crate) fn retire_wal(&mut self) -> Result<(), Fault> {
        let state = self.state()?;
        if !state.header.wal_live && !state.poisoned {
            return Ok(());
        }
        let sequence = self.state()?.commit_sequence;
        self.commit_header(|header| {
            header.wal_live = false;
            header.floor = Frontier::default();
            header.commit_sequence = sequence;
        })
    }

    /// Takes note of how far the log is durable.
    pub(crate) fn note_frontier(&mut self, frontier: Frontier, commit_sequence: u64) -> Result<(), Fault> {
        let state = self.state_mut()?;
        state.frontier = frontier;
        state.commit_sequence = commit_sequence;
        Ok(())
    }

    /// Takes note of how many commits the vault has seen.
    pub(crate) fn note_commits(&mut self, commit_sequence: u64) -> Result<(), Fault> {
        self.state_mut()?.commit_sequence = commit_sequence;
        Ok(())
    }

    /// How many commits the vault has seen.
    pub(crate) fn commits(&self) -> Result<u64, Fault> {
        Ok(self.state()?.commit_sequence)
    }

    /// Before the lock is given up: a file changed without a log gets its true page count into the header.
    fn settle(&mut self) -> Result<(), Fault> {
        let Some(state) = &self.state else {
            return Ok(());
        };
        if state.changed && !state.header.wal_live && state.header.page_count != state.pages {
            return self.commit_header(|_| {});
        }
        Ok(())
    }
}

pub(super) fn table_place(header: &Header, group: u32, slot: Twin) -> Place {
    Place {
        vault_id: header.vault_id.0,
        role: Role::TableSlot,
        twin: slot.number(),
        position: u64::from(group),
        wal_id: [0; 16],
    }
}
