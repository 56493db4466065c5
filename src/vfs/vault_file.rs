//! The vault file as SQLite sees it: logical pages in, sealed units out, and the header kept true.
//!
//! **The header's rule.** At every moment one header copy on the disk is durable and describes a state from which
//! everything acknowledged can be reached. A change goes to the other copy, is synced, and only then counts; after
//! that the first copy is brought up to date without a sync, so that each copy can serve alone. At a checkpoint the
//! same happens within the sync that SQLite asks for: the pages, the spare twins of the tag table and the spare header
//! copy that names them become durable together, and until they are the log holds every page that was overwritten.
//!
//! **After a crash** the newer copy may name lists of tags that never reached the disk. Then the older one counts, if it
//! is of the same life of the log: every page in which the two differ is in that log, which reaches at least as far as the
//! newer copy says. What was decided is made durable before anything is overwritten.

use super::backing::{Backing, Code, Fault, ReadOutcome};
use super::damage::Damage;
use super::header::{Copies, Frontier, Header, HeaderFault, WalIdentity};
use super::keys::Keys;
use super::offsets::{self, Twin, UNIT_BYTES};
use super::scratch::Scratch;
use super::seal::Nonces;
use super::seen::Seen;
use super::sqlite_pages::ChangeCounter;
use super::tag_table::{self, List, Roots};
use rusqlite::ffi::SQLITE_IOERR_FSYNC;
use table::{Io, Table};

mod change_slots;
mod doubt;
mod pages;
mod table;

/// One open vault file. Of no use before [`VaultFile::load`], which needs SQLite's shared lock.
pub(crate) struct VaultFile<B> {
    backing: B,
    pub(super) keys: Keys,
    pub(super) nonces: Nonces,
    state: Option<Box<State>>,
    scratch: Scratch<UNIT_BYTES>,
    /// Whether `scratch` holds page 1, open, as it is in the file: SQLite reads it twice when a vault is opened.
    scratch_is_first_page: bool,
    /// The header copies as they were when the vault was opened: a later change repairs a bad one unseen.
    opened_with: Option<Copies>,
    /// The first thing that went wrong and nobody has asked about yet.
    pub(super) failure: Option<Fault>,
    /// Whether another file takes this one's place: the log of this name is no longer ours to delete.
    pub(super) given_up: bool,
}

struct State {
    header: Box<Header>,
    /// The copy known to be on the disk; changes go to the other.
    durable: Twin,
    /// The greatest generation that any copy on the disk may have.
    highest_generation: u64,
    table: Table,
    pages: u32,
    /// How the file was found may not be durable, or its header copies differ: settled before anything is overwritten.
    unsettled: Option<Unsettled>,
    /// The file may go on behind its last page, and is cut once a durable header says that it ends there.
    trim: bool,
    unsynced: bool,
    /// Whether this session changed the file.
    changed: bool,
    /// SQLite's change counter as page 1 has it, once that was read: nobody else changes it under our lock.
    change_counter: Option<ChangeCounter>,
    /// A header change failed half-way: what the disk holds is unknown, so nothing is built on it any more. Opening
    /// the vault again reads the truth.
    poisoned: bool,
    /// Whether an earlier session may have left on the disk something else than every read shows, because a sync of
    /// it failed: what this session relies on is written once more before anything is built on it.
    doubtful: bool,
    frontier: Frontier,
    commit_sequence: u64,
    /// Commits that recovery found in the log, durable or not.
    recovered: u64,
}

/// What has to be done before anything in the file is overwritten.
enum Unsettled {
    /// What an earlier process wrote has to become durable.
    Unsynced,
    /// Two header copies of one life of the log differ: what was made of them has to become durable. These are the
    /// roots of the copy that was not taken.
    Differing(Box<Roots>),
}

impl<B: Backing> VaultFile<B> {
    pub(crate) fn new(backing: B, keys: Keys, nonces: Nonces) -> Self {
        Self {
            backing,
            keys,
            nonces,
            state: None,
            scratch: Scratch::new(),
            scratch_is_first_page: false,
            opened_with: None,
            failure: None,
            given_up: false,
        }
    }

    /// Writes what a new vault begins with: both header copies and the tag table's first units.
    pub(crate) fn initialise(&mut self, mut header: Header) -> Result<(), Fault> {
        let nonces = [self.nonces.next()?, self.nonces.next()?];
        let (units, roots) = tag_table::first_units(header.vault_id.0, self.keys.table.aead(), &[], nonces)?;
        self.backing.write(units.as_flattened(), offsets::node_slot(0, Twin::A))?;
        header.roots = roots;
        for copy in Twin::BOTH {
            let unit = header.encode(copy, &self.keys.header);
            self.backing.write(&unit, offsets::header(copy))?;
        }
        Ok(())
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
        // Only a log that is alive gives the other copy a say.
        let older = header.wal_live.then(|| copies.authentic(&self.keys.header).into_iter().nth(1)).flatten();
        self.opened_with = Some(copies);
        if header.wal_live && !wal_exists()? {
            return Err(Fault::Damage(Damage::WalMissing));
        }
        let newest = header.generation;
        let ((durable, header), other_roots) = match older {
            Some(older) => self.settle_copies((durable, header), older)?,
            None => ((durable, header), None),
        };
        let found_pages = offsets::pages_in(file_bytes);
        if found_pages < header.page_count || file_bytes < offsets::file_bytes(0) {
            return Err(Fault::Damage(Damage::Truncated { found_pages, expected_pages: header.page_count }));
        }
        self.state = Some(Box::new(State {
            durable,
            highest_generation: newest,
            table: Table::new(header.roots),
            // Whatever lies behind the last page is not the vault's, or is in the log.
            pages: header.page_count,
            unsettled: Some(other_roots.map_or(Unsettled::Unsynced, Unsettled::Differing)),
            trim: header.wal_live && file_bytes > offsets::file_bytes(header.page_count),
            // What an earlier process wrote last may not be on the disk yet.
            unsynced: true,
            changed: false,
            change_counter: None,
            poisoned: false,
            doubtful: true,
            frontier: header.floor,
            commit_sequence: header.commit_sequence,
            recovered: header.commit_sequence,
            header,
        }));
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
        self.scratch_is_first_page = false;
        settled
    }

    fn state(&self) -> Result<&State, Fault> {
        self.state.as_deref().ok_or(Fault::Refused("the vault file is not locked"))
    }

    fn state_mut(&mut self) -> Result<&mut State, Fault> {
        self.state.as_deref_mut().ok_or(Fault::Refused("the vault file is not locked"))
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

    /// Works on the tag table.
    fn with_table<T>(
        &mut self,
        work: impl FnOnce(&mut Table, &mut Io<'_, B>, &mut Nonces) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let state = self.state.as_mut().ok_or(Fault::Refused("the vault file is not locked"))?;
        let vault_id = state.header.vault_id.0;
        let mut io = Io { backing: &mut self.backing, key: self.keys.table.aead(), vault_id };
        work(&mut state.table, &mut io, &mut self.nonces)
    }

    /// Whether a twin of a list is authentic, and whether it is the one that counts.
    pub(super) fn judge_twin(&mut self, list: List, twin: Twin) -> Result<(bool, bool), Fault> {
        self.with_table(|table, io, _| {
            Ok((io.is_authentic(list, twin)?, table.twin_of(io, list)? == Some(twin)))
        })
    }

    /// Cuts off what lies behind the last page. Only once a durable header says that the file ends there: one that
    /// counts more pages than there are is damage.
    fn trim(&mut self) -> Result<(), Fault> {
        let state = self.state()?;
        let end = offsets::file_bytes(state.pages);
        let settled = !matches!(state.unsettled, Some(Unsettled::Differing(_)));
        if state.trim && settled && state.header.page_count == state.pages {
            if self.backing.size()? > end {
                self.backing.truncate(end)?;
                self.state_mut()?.unsynced = true;
            }
            self.state_mut()?.trim = false;
        }
        Ok(())
    }

    /// Makes the pages durable, together with the tag table and the header copy that speak of them.
    pub(crate) fn sync(&mut self) -> Result<(), Fault> {
        self.rewrite_header()?;
        let state = self.state()?;
        let known = &state.header;
        let news = state.table.is_changed()
            || known.page_count != state.pages
            || (known.wal_live && known.floor != state.frontier);
        if !news || !state.changed {
            self.backing.sync()?;
            self.state_mut()?.unsynced = false;
            return Ok(());
        }
        self.not_poisoned()?;
        let mut next = known.clone();
        next.page_count = state.pages;
        if next.wal_live {
            next.floor = state.frontier;
            next.commit_sequence = state.commit_sequence;
        }
        next.roots = self.with_table(|table, io, nonces| table.write(io, nonces))?;
        self.write_spare(next)
    }

    fn not_poisoned(&self) -> Result<(), Fault> {
        match self.state()?.poisoned {
            true => Err(Fault::Os(Code(SQLITE_IOERR_FSYNC))),
            false => Ok(()),
        }
    }

    /// Writes the spare header copy and makes it durable, with everything before it.
    fn write_spare(&mut self, mut next: Box<Header>) -> Result<(), Fault> {
        let state = self.state_mut()?;
        state.highest_generation = state.highest_generation.saturating_add(1);
        next.generation = state.highest_generation;
        let spare = state.durable.other();
        self.write_copy(&next, spare)?;
        self.backing.sync()?;
        let state = self.state_mut()?;
        state.unsynced = false;
        state.unsettled = None;
        state.durable = spare;
        state.table.written(next.roots);
        state.header = next;
        // Bytes that mean nothing: the next change to the header tries again.
        let _ = self.trim();
        Ok(())
    }

    fn write_copy(&mut self, header: &Header, copy: Twin) -> Result<(), Fault> {
        let unit = header.encode(copy, &self.keys.header);
        Ok(self.backing.write(&unit, offsets::header(copy))?)
    }

    /// Makes `change` durable: everything before it first, then the spare copy, then the other.
    fn commit_header(&mut self, change: impl FnOnce(&mut Header)) -> Result<(), Fault> {
        self.not_poisoned()?;
        self.rewrite_differing()?;
        self.trim()?;
        let mut next = self.state()?.header.clone();
        next.page_count = self.pages()?;
        if self.state()?.table.is_changed() {
            next.roots = self.with_table(|table, io, nonces| table.write(io, nonces))?;
        }
        self.rewrite_header()?;
        if self.state()?.unsynced {
            self.backing.sync()?;
        }
        change(&mut next);
        if let Err(fault) = self.write_spare(next) {
            // Whether the disk has it is unknown; either copy describes a state that is true.
            self.state_mut()?.poisoned = true;
            return Err(fault);
        }
        // A failure here leaves the twin behind by one change, which the next session repairs.
        let header = self.state()?.header.clone();
        let spare = self.state()?.durable.other();
        let _ = self.write_copy(&header, spare);
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
        })?;
        // Spares only: a failure leaves them older, as they were.
        let _ = self.with_table(|table, io, _| table.mirror(io));
        Ok(())
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

    /// Takes note of how many commits recovery found so far.
    pub(crate) fn note_recovered(&mut self, commit_sequence: u64) -> Result<(), Fault> {
        let state = self.state_mut()?;
        state.recovered = state.recovered.max(commit_sequence);
        Ok(())
    }

    /// How far the vault has come by what was found in it.
    pub(crate) fn found(&self) -> Result<Seen, Fault> {
        let state = self.state()?;
        let commits = state.commit_sequence.max(state.recovered);
        Ok(Seen { vault: state.header.vault_id, generation: state.header.generation, commits })
    }

    /// How far the vault has come by what is certainly on the disk; none as long as nothing was made durable.
    pub(crate) fn durable(&self) -> Result<Option<Seen>, Fault> {
        let state = self.state()?;
        let (header, commits) = (&state.header, state.commit_sequence);
        let seen = Seen { vault: header.vault_id, generation: header.generation, commits };
        Ok(state.unsettled.is_none().then_some(seen))
    }

    /// How many commits the vault has seen.
    pub(crate) fn commits(&self) -> Result<u64, Fault> {
        Ok(self.state()?.commit_sequence)
    }

    /// Before the lock is given up: a file changed without a log gets its true page count and table into the header.
    fn settle(&mut self) -> Result<(), Fault> {
        let Some(state) = &self.state else {
            return Ok(());
        };
        let known = state.header.page_count == state.pages && !state.table.is_changed();
        if state.changed && !state.header.wal_live && !known {
            return self.commit_header(|_| {});
        }
        Ok(())
    }
}
