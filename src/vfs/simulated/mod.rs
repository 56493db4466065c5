//! A simulated disk under the shim, for tests: it knows everything a workload asked of the files, and gives back every
//! disk that a power cut, a kill or a failing device may leave behind.
//!
//! # The fault model
//!
//! **A killed process** loses nothing that it wrote, synced or not: the operating system has it.
//!
//! **A power cut** keeps what the file's last successful sync covered. Of the writes and truncations after it, any may be there and
//! any missing, in whatever order they were made. A write reaches the disk in sectors of 512 bytes, and each sector of
//! a write that was under way is old or new, never a mixture. A new log's name is durable once the log was synced;
//! until then file and name may be missing. A deleted log may come back, as it was, until the next log is synced.
//!
//! **A sync that fails** leaves each write that it should have covered on the disk or not, for good: the operating system forgets
//! which, so a later sync that succeeds says nothing about them, although every read shows them until the machine
//! goes down. The file's length is kept: file systems have a journal for it.
//!
//! **A device in trouble** answers a call with an error, once or from then on, with nothing written; finds no room, with
//! nothing written or with half of it; or answers a sync with a failure.
//!
//! **Bit rot** turns over any one bit of either file while nobody looks.
//!
//! Not in the model: a disk that lies about a successful sync, sectors exchanged, and writes that land elsewhere. No file survives the first; the
//! tags catch the others as they catch tampering.
//!
//! # How it is used
//!
//! A workload runs once on real files, recorded by the shim's observer ([`History`]). [`explore`] then stops the record
//! at each of its moments, builds images of the two files as the model allows them, has each opened, and holds what
//! is found there against the states that were acknowledged by then. [`content`] tells states apart: a digest of every row of every table.

mod content;
mod disk;
mod explore;
mod plan;

pub(crate) use super::shim::observer;
pub(crate) use content::{Content, content};
pub(crate) use explore::{Explored, History, Promise, Recorder, explore};
pub(crate) use plan::Depth;

/// A folder in memory where there is one: thousands of vaults are opened there, and what a real sync costs is not the matter.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Numbers that look random and are the same every time.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next()).unwrap() % bound.max(1)
    }
}
