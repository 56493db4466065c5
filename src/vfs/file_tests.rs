//! The sealed files over memory: the shapes that SQLite uses, and those that are refused.

use proptest::prelude::*;

use super::backing::{Backing, Code, Fault, ReadOutcome};
use super::check::check_file;
use super::damage::Damage;
use super::header::{Header, VaultId};
use super::keys::Keys;
use super::offsets::{self, UNIT_BYTES};
use super::seal::Nonces;
use super::sqlite_pages::synthetic_header;
use super::vault_file::VaultFile;
use super::wal_file::WalFile;
use super::wal_frame;
use crate::crypto::VaultKey;
use crate::crypto::random::Seeded;

#[derive(Default, Clone)]
struct Memory(Vec<u8>);

impl Backing for Memory {
    fn read(&mut self, buffer: &mut [u8], at: u64) -> Result<ReadOutcome, Code> {
        let at = usize::try_from(at).unwrap().min(self.0.len());
        let found = buffer.len().min(self.0.len() - at);
        buffer[..found].copy_from_slice(&self.0[at..at + found]);
        buffer[found..].fill(0);
        Ok(if found == buffer.len() { ReadOutcome::Whole } else { ReadOutcome::Short })
    }

    fn write(&mut self, bytes: &[u8], at: u64) -> Result<(), Code> {
        let at = usize::try_from(at).unwrap();
        if self.0.len() < at + bytes.len() {
            self.0.resize(at + bytes.len(), 0);
        }
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn truncate(&mut self, bytes: u64) -> Result<(), Code> {
        self.0.resize(usize::try_from(bytes).unwrap(), 0);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Code> {
        Ok(())
    }

    fn size(&mut self) -> Result<u64, Code> {
        Ok(self.0.len() as u64)
    }
}

fn keys() -> Keys {
    Keys::derive(&VaultKey::from_bytes([5; 32]))
}

fn opened(backing: Memory, log_exists: bool) -> Result<VaultFile<Memory>, Fault> {
    let mut vault = VaultFile::new(backing, keys(), Nonces::from(Box::new(Seeded::new(3))));
    vault.load(|| Ok(log_exists))?;
    Ok(vault)
}

fn empty() -> VaultFile<Memory> {
    let mut vault = VaultFile::new(Memory::default(), keys(), Nonces::from(Box::new(Seeded::new(4))));
    vault.initialise(Header::new(VaultId([1; 16]))).unwrap();
    vault.load(|| Ok(false)).unwrap();
    vault
}

fn page_of(fill: u8) -> Vec<u8> {
    let mut page = vec![fill; UNIT_BYTES];
    page[UNIT_BYTES - 40..].fill(0);
    page
}

fn refused<T>(outcome: Result<T, Fault>) -> bool {
    matches!(outcome, Err(Fault::Refused(_)))
}

#[test]
fn the_first_look_gets_a_made_up_header() {
    let mut vault = VaultFile::new(Memory::default(), keys(), Nonces::new());
    let mut look = [0; 100];
    assert_eq!(vault.read(&mut look, 0), Ok(ReadOutcome::Whole));
    assert_eq!(look, synthetic_header());
    assert_eq!(&look[16..21], [16, 0, 2, 2, 40]);
    assert!(refused(vault.read(&mut [0; UNIT_BYTES], 0)), "nothing else is read without the lock");
    // Also when page 1 is torn: it precedes recovery. The page itself is strict, SQLite's look at the change counter
    // is not.
    let mut vault = empty();
    vault.write(&page_of(7), 0).unwrap();
    vault.backing().0[24592] ^= 1;
    assert_eq!(vault.read(&mut look, 0), Ok(ReadOutcome::Whole));
    assert_eq!(vault.read(&mut [9; 16], 24), Ok(ReadOutcome::Short));
    let strict = vault.read(&mut [0; UNIT_BYTES], 0);
    assert_eq!(strict, Err(Fault::Damage(Damage::Page { page: 1 })));
    assert_eq!(vault.read(&mut [0; 17], 24), Err(Fault::Damage(Damage::Page { page: 1 })));
}

#[test]
fn the_first_page_is_opened_once_until_it_changes() {
    let mut vault = empty();
    let mut first = page_of(7);
    first[18..20].fill(2);
    vault.write(&first, 0).unwrap();
    vault.write(&page_of(8), 4096).unwrap();
    assert!(!vault.is_in_wal_mode(), "not read yet");
    let mut page = [0; UNIT_BYTES];
    assert_eq!(vault.read(&mut page, 0), Ok(ReadOutcome::Whole));
    assert!(vault.is_in_wal_mode());
    vault.backing().0[24592] ^= 1;
    page.fill(0);
    assert_eq!(vault.read(&mut page, 0), Ok(ReadOutcome::Whole));
    assert!(page == *first, "not read again");
    // Whoever wants to know what is in the file is told so.
    assert_eq!(vault.read_page(1, &mut page), Err(Fault::Damage(Damage::Page { page: 1 })));
    // Any write gives the buffer up; one to page 1 is seen.
    vault.write(&page_of(9), 4096).unwrap();
    assert_eq!(vault.read(&mut page, 0), Err(Fault::Damage(Damage::Page { page: 1 })));
    vault.write(&page_of(5), 0).unwrap();
    assert_eq!(vault.read(&mut page, 0), Ok(ReadOutcome::Whole));
    assert!(page == *page_of(5));
    assert!(!vault.is_in_wal_mode());
    // Neither does it outlive a cut or the lock.
    vault.truncate(0).unwrap();
    assert_eq!(vault.read(&mut page, 0), Ok(ReadOutcome::Short));
    vault.write(&first, 0).unwrap();
    vault.read(&mut page, 0).unwrap();
    vault.unload().unwrap();
    assert!(!vault.is_in_wal_mode());
    assert!(refused(vault.read(&mut page, 0)));
}

#[test]
fn gaps_are_sealed_and_odd_shapes_refused() {
    let mut vault = empty();
    vault.write(&page_of(3), 259 * 4096).unwrap();
    assert_eq!(vault.pages(), Ok(260));
    let mut page = [1; UNIT_BYTES];
    for number in [1, 100, 250, 251, 259] {
        assert_eq!(vault.read_page(number, &mut page), Ok(ReadOutcome::Whole));
        assert!(page.iter().all(|byte| *byte == 0), "{number}");
    }
    assert_eq!(vault.read_page(260, &mut page), Ok(ReadOutcome::Whole));
    assert_eq!(page.as_slice(), page_of(3));
    assert_eq!(vault.read_page(261, &mut page), Ok(ReadOutcome::Short));
    vault.truncate(300 * 4096).unwrap();
    assert_eq!(vault.pages(), Ok(300));
    vault.sync().unwrap();
    assert!(check_file(&mut vault, &mut |_, _| {}).unwrap().is_clean());
    vault.truncate(2 * 4096).unwrap();
    vault.unload().unwrap();
    let backing = vault.backing().clone();
    assert_eq!(backing.0.len() as u64, offsets::file_bytes(2));
    let mut vault = opened(backing, false).unwrap();
    assert!(check_file(&mut vault, &mut |_, _| {}).unwrap().is_clean());
    for (length, at) in [(4095, 0), (4096, 1), (8192, 0), (100, 0), (0, 4096)] {
        assert!(refused(vault.write(&vec![0; length], at)), "{length} at {at}");
    }
    assert!(refused(vault.truncate(4097)));
    assert!(refused(vault.read(&mut [0; 200], 4000)));
    assert!(refused(vault.read(&mut [0; 16], u64::MAX)));
}

/// A zeroed page, or one whose reserved bytes SQLite filled in, never passes for a sealed one.
#[test]
fn zeroed_pages_fail_and_reserved_bytes_read_zero() {
    let mut vault = empty();
    vault.write(&[0xee; UNIT_BYTES], 0).unwrap();
    let mut page = [1; UNIT_BYTES];
    vault.read_page(1, &mut page).unwrap();
    assert_eq!(page.as_slice(), page_of(0xee));
    let at = usize::try_from(offsets::page(1)).unwrap();
    vault.backing().0[at..].fill(0);
    assert!(vault.read_page(1, &mut page).is_err());
    assert!(page.iter().all(|byte| *byte == 0));
}

struct Log {
    vault: VaultFile<Memory>,
    log: WalFile<Memory>,
}

const FRAME: u64 = 4120;

fn frame_header(page: u32, commit: u32, check: u8) -> [u8; 24] {
    let mut header = [check; 24];
    header[..4].copy_from_slice(&page.to_be_bytes());
    header[4..8].copy_from_slice(&commit.to_be_bytes());
    header
}

impl Log {
    fn new() -> Self {
        let mut vault = empty();
        let mut log = WalFile::open(Memory::default(), &mut vault).unwrap();
        log.write(&mut vault, &[0x37; 32], 0).unwrap();
        Self { vault, log }
    }

    fn write(&mut self, bytes: &[u8], at: u64) -> Result<(), Fault> {
        self.log.write(&mut self.vault, bytes, at)
    }

    fn append(&mut self, frame: u64, commit: u32) {
        let at = 32 + (frame - 1) * FRAME;
        let page = u32::try_from(frame).unwrap();
        self.write(&frame_header(page, commit, 9), at).unwrap();
        self.write(&[u8::try_from(frame).unwrap(); UNIT_BYTES], at + 24).unwrap();
    }

    fn read(&mut self, length: usize, at: u64) -> Result<Vec<u8>, Fault> {
        let mut buffer = vec![0; length];
        self.log.read(&mut self.vault, &mut buffer, at).map(|_| buffer)
    }

    /// What another process finds after this one died.
    fn crashed(&mut self) -> Result<Self, Fault> {
        self.crashed_with(|_| {})
    }

    fn crashed_with(&mut self, harm: impl FnOnce(&mut Vec<u8>)) -> Result<Self, Fault> {
        let mut vault = opened(self.vault.backing().clone(), true)?;
        let mut backing = self.log.backing().clone();
        harm(&mut backing.0);
        let log = WalFile::open(backing, &mut vault)?;
        Ok(Self { vault, log })
    }
}

#[test]
fn the_log_gives_back_every_byte_in_every_shape() {
    let mut log = Log::new();
    for frame in 1..=3 {
        log.append(frame, u32::from(frame == 3) * 3);
    }
    assert_eq!(log.log.size(&mut log.vault), Ok(32 + 3 * FRAME));
    assert_eq!(log.read(32, 0).unwrap(), [0x37; 32]);
    assert_eq!(log.read(8, 24).unwrap(), [0x37; 8]);
    assert_eq!(log.read(8, 32 + FRAME + 16).unwrap(), [9; 8]);
    assert_eq!(log.read(UNIT_BYTES, 32 + FRAME + 24).unwrap(), [2; UNIT_BYTES]);
    let frame = log.read(24 + UNIT_BYTES, 32 + 2 * FRAME).unwrap();
    assert_eq!(frame[..24], frame_header(3, 3, 9));
    assert!(frame[24..].iter().all(|byte| *byte == 3), "all 4096 bytes are kept");
    for (length, at) in [(100, 32), (4096, 32), (4121, 32), (33, 0), (8, 32 + 20)] {
        assert!(refused(log.read(length, at)), "{length} at {at}");
    }
    for (length, at) in [(31, 0), (24, 33), (4096, 32 + 20), (4120, 32), (0, 32), (32, 4)] {
        assert!(refused(log.write(&vec![0; length], at)), "{length} at {at}");
    }
}

/// SQLite rewrites pages of a running transaction in place, then reads each frame and writes its header again.
#[test]
fn rewritten_checksums_keep_the_chain() {
    let mut log = Log::new();
    for frame in 1..=4 {
        log.append(frame, u32::from(frame == 4) * 4);
    }
    log.write(&[0x77; UNIT_BYTES], 32 + FRAME + 24).unwrap();
    assert_eq!(log.read(8, 32 + 16).unwrap(), [9; 8]);
    for frame in 2..=4_u64 {
        let at = 32 + (frame - 1) * FRAME;
        let whole = log.read(24 + UNIT_BYTES, at).unwrap();
        assert_eq!(whole[0..4], u32::try_from(frame).unwrap().to_be_bytes());
        let commit = u32::from(frame == 4) * 4;
        log.write(&frame_header(u32::try_from(frame).unwrap(), commit, 0x55), at).unwrap();
    }
    log.log.sync(&mut log.vault).unwrap();
    let mut later = log.crashed().unwrap();
    for frame in 1..=4_u64 {
        let whole = later.read(24 + UNIT_BYTES, 32 + (frame - 1) * FRAME).unwrap();
        assert_ne!(whole[..8], [0; 8], "frame {frame} is accepted");
    }
    // Without the rewritten headers the chain would not fit, and the synced commit makes that damage.
    let mut spoilt = Log::new();
    for frame in 1..=3 {
        spoilt.append(frame, u32::from(frame == 3) * 3);
    }
    spoilt.write(&[0x77; UNIT_BYTES], 32 + FRAME + 24).unwrap();
    spoilt.log.sync(&mut spoilt.vault).unwrap();
    let mut later = spoilt.crashed().unwrap();
    assert!(later.read(24 + UNIT_BYTES, 32).is_ok());
    let second = later.read(24 + UNIT_BYTES, 32 + FRAME).map(drop);
    assert_eq!(second, Err(Fault::Damage(Damage::WalFrame { frame: 2 })));
}

/// Frames of a rolled-back transaction lie behind the log's end, authentic and out of the chain.
#[test]
fn what_was_rolled_back_stays_so() {
    let mut log = Log::new();
    log.append(1, 1);
    log.log.sync(&mut log.vault).unwrap();
    for frame in 2..=4 {
        log.append(frame, 0);
    }
    log.append(2, 5);
    log.log.sync(&mut log.vault).unwrap();
    let mut later = log.crashed().unwrap();
    for (frame, accepted) in [(1, true), (2, true), (3, false), (4, false)] {
        let whole = later.read(24 + UNIT_BYTES, 32 + (frame - 1) * FRAME).unwrap();
        assert_eq!(whole[..4] != [0; 4], accepted, "frame {frame}");
    }
    // The next session writes on, and its frames name what was recovered as durable.
    later.append(3, 6);
    let mut last = later.crashed_with(|log| log[8192 + 300] ^= 1).unwrap();
    let first = last.read(24 + UNIT_BYTES, 32).map(drop);
    assert_eq!(first, Err(Fault::Damage(Damage::WalFrame { frame: 1 })));
}

#[test]
fn frames_cannot_be_swapped_repeated_or_taken_from_another_life() {
    let length = wal_frame::FRAME_BYTES;
    let frame = |number: usize| 8192 + (number - 1) * length..8192 + number * length;
    let mut log = Log::new();
    for number in 1..=4 {
        log.append(number, u32::from(number % 2 == 0));
    }
    log.log.sync(&mut log.vault).unwrap();
    let bytes = log.log.backing().0.clone();
    for (from, to) in [(1, 2), (2, 1), (3, 4), (2, 4)] {
        let mut later = log.crashed_with(|log| log[frame(to)].copy_from_slice(&bytes[frame(from)])).unwrap();
        let outcomes: Vec<_> =
            (0..4).map(|number| later.read(24 + UNIT_BYTES, 32 + number * FRAME).is_ok()).collect();
        assert!(outcomes.contains(&false), "{from} at {to}: {outcomes:?}");
    }
    // A new life of the log: the frames of the one before are nothing, and its header opens at neither place.
    log.write(&[0x38; 32], 0).unwrap();
    log.append(1, 1);
    log.log.sync(&mut log.vault).unwrap();
    let mut later = log.crashed().unwrap();
    assert_eq!(later.read(32, 0).unwrap(), [0x38; 32]);
    assert_eq!(later.read(24 + UNIT_BYTES, 32 + FRAME).unwrap()[..24], [0; 24]);
    let stale = log.crashed_with(|log| log.copy_within(4096..8192, 0));
    assert!(stale.is_err());
    // A frame of the old life in the new.
    let mut mixed = log
        .crashed_with(|log| log[8192..8192 + length].copy_from_slice(&bytes[8192..8192 + length]))
        .unwrap();
    assert_eq!(mixed.read(24 + UNIT_BYTES, 32).map(drop), Err(Fault::Damage(Damage::WalFrame { frame: 1 })));
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(
        header in proptest::collection::vec(any::<u8>(), UNIT_BYTES),
        at in any::<u64>(),
        length in 0_usize..9000,
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let unit = <[u8; UNIT_BYTES]>::try_from(header).unwrap();
        prop_assert!(Header::decode(&unit, offsets::Twin::A).is_err());
        let mut log = Log::new();
        log.append(1, 1);
        log.log.sync(&mut log.vault).unwrap();
        let _ = log.read(length, at);
        let _ = log.write(&vec![0; length], at % 100_000);
        let mut backing = log.vault.backing().clone();
        for (index, byte) in flips {
            let place = index.index(backing.0.len());
            backing.0[place] = byte;
        }
        if let Ok(mut vault) = opened(backing, true) {
            let _ = vault.read(&mut vec![0; length], at);
            let _ = WalFile::open(log.log.backing().clone(), &mut vault);
            let _ = check_file(&mut vault, &mut |_, _| {});
        }
    }
}
