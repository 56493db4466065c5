//! Every kind of harm to a vault's bytes: each is either served by a twin and reported, or named; never a panic,
//! never wrong data.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use finvault::crypto::{KdfParams, OsRandom, Passphrase, RecoveryCode, VaultKey};
use finvault::vfs::{self, ConnectOptions, Damage, Secret, Twin, VfsError};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use sha2::{Digest, Sha256};

struct Vault {
    folder: tempfile::TempDir,
    path: PathBuf,
    key: VaultKey,
    code: RecoveryCode,
}

fn passphrase() -> Passphrase {
    Passphrase::new("a passphrase".to_owned())
}

fn new_vault() -> Vault {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v");
    let created = vfs::create(&path, &passphrase(), KdfParams::FLOOR, &OsRandom).unwrap();
    Vault { folder, path, key: created.key, code: created.recovery_code }
}

impl Vault {
    fn log(&self) -> PathBuf {
        self.folder.path().join("v-wal")
    }

    fn try_open(&self) -> Result<Connection, VfsError> {
        vfs::connect(&self.path, &self.key, &ConnectOptions::default())
    }

    fn open(&self) -> Connection {
        self.try_open().unwrap()
    }
}

/// One table on a page of its own and a blob on pages of its own, committed in several steps.
fn fill(connection: &Connection) {
    connection
        .execute_batch(
            "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT) STRICT; INSERT INTO t VALUES (1, 'one');",
        )
        .unwrap();
    connection.execute("INSERT INTO t VALUES (2, hex(zeroblob(3000)))", []).unwrap();
}

fn rows(connection: &Connection) -> rusqlite::Result<Vec<(i64, i64, String)>> {
    let mut statement = connection.prepare("SELECT a, length(b), substr(b, 1, 3) FROM t ORDER BY a")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

fn expected_rows() -> Vec<(i64, i64, String)> {
    vec![(1, 3, "one".to_owned()), (2, 6000, "000".to_owned())]
}

/// What came of opening and reading a harmed vault.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// All data right; what `check` reported.
    Right(Vec<Damage>),
    /// Refused, with the damage named.
    Damaged(Damage),
}

/// Opens, reads and checks; anything but right data or named damage fails the test.
fn outcome(vault: &Vault, what: &str) -> Outcome {
    read(vault, what, true)
}

/// The same without the check and without folding the log into the file, both of which wait for the disk.
fn quick_outcome(vault: &Vault, what: &str) -> Outcome {
    read(vault, what, false)
}

fn read(vault: &Vault, what: &str, check: bool) -> Outcome {
    let connection = match vault.try_open() {
        Ok(connection) => connection,
        Err(VfsError::Damaged(damage)) => return Outcome::Damaged(damage),
        Err(other) => panic!("{what}: {other}"),
    };
    match rows(&connection) {
        Ok(rows) => assert_eq!(rows, expected_rows(), "{what}: wrong data"),
        Err(error) => {
            let damage = vfs::damage(&connection);
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
            return Outcome::Damaged(damage.unwrap_or_else(|| panic!("{what}: {error} without a reason")));
        }
    }
    if !check {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
        return Outcome::Right(vec![]);
    }
    match vfs::check(&connection, &mut |_, _| {}) {
        Ok(report) => Outcome::Right(report.damage),
        Err(VfsError::Damaged(damage)) => Outcome::Damaged(damage),
        Err(other) => panic!("{what}: {other}"),
    }
}

fn flip(path: &Path, at: u64) {
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
}

#[test]
fn every_flipped_byte_of_the_vault_is_found() {
    let vault = new_vault();
    fill(&vault.open());
    let length = fs::metadata(&vault.path).unwrap().len();
    assert_eq!(length % 4096, 0);
    for at in 0..length {
        flip(&vault.path, at);
        let what = format!("byte {at}");
        match (at / 4096, outcome(&vault, &what)) {
            (0, Outcome::Right(found)) => assert_eq!(found, [Damage::HeaderCopy { copy: Twin::A }], "{what}"),
            (1, Outcome::Right(found)) => assert_eq!(found, [Damage::HeaderCopy { copy: Twin::B }], "{what}"),
            (unit @ 2..=3, Outcome::Right(found)) => {
                let slot = if unit == 2 { Twin::A } else { Twin::B };
                assert_eq!(found, [Damage::TableNode { node: 0, slot }], "{what}");
            }
            (unit @ 4..=5, Outcome::Right(found)) => {
                let slot = if unit == 4 { Twin::A } else { Twin::B };
                assert_eq!(found, [Damage::TableSlot { group: 0, slot }], "{what}");
            }
            (unit, Outcome::Right(found)) => {
                assert_eq!(found, [Damage::Page { page: u32::try_from(unit - 5).unwrap() }], "{what}");
            }
            (unit, Outcome::Damaged(damage)) => {
                assert_eq!(damage, Damage::Page { page: u32::try_from(unit - 5).unwrap() }, "{what}");
            }
        }
        flip(&vault.path, at);
    }
    assert_eq!(outcome(&vault, "restored"), Outcome::Right(vec![]));
}

/// A copy of a vault in the middle of a session: everything is in the log.
fn crashed() -> (Vault, Vec<u8>, Vec<u8>) {
    let vault = new_vault();
    let connection = vault.open();
    fill(&connection);
    let (main, log) = (fs::read(&vault.path).unwrap(), fs::read(vault.log()).unwrap());
    drop(connection);
    (vault, main, log)
}

fn restore(vault: &Vault, main: &[u8], log: &[u8]) {
    fs::write(&vault.path, main).unwrap();
    fs::write(vault.log(), log).unwrap();
}

#[test]
fn every_flipped_byte_of_the_log_is_found_or_harmless() {
    let (vault, main, log) = crashed();
    restore(&vault, &main, &log);
    let mut damaged = 0;
    let mut harmless = Vec::new();
    for at in 0..log.len() {
        // Every byte of headers, nonces and tags; every thirteenth of the rest, where all bytes are alike.
        let within = at.checked_sub(8192).map_or(at % 4096, |body| body % 4192);
        if within > 160 && within < 4040 && within % 13 != 0 {
            continue;
        }
        flip(&vault.log(), at as u64);
        match quick_outcome(&vault, &format!("log byte {at}")) {
            Outcome::Damaged(Damage::WalFrame { frame }) => {
                assert_eq!(usize::try_from(frame).unwrap(), 1 + (at - 8192) / 4192, "log byte {at}");
                damaged += 1;
            }
            Outcome::Damaged(Damage::WalHeader) => assert!(at < 8192),
            Outcome::Right(found) => {
                assert_eq!(found, []);
                harmless.push(at);
            }
            other => panic!("log byte {at}: {other:?}"),
        }
        flip(&vault.log(), at as u64);
    }
    assert!(
        fs::read(&vault.path).unwrap() == main && fs::read(vault.log()).unwrap() == log,
        "nothing was written"
    );
    // Harmless are only the place of the log's next header, and the marker behind the last frame.
    let frames_end = 8192 + (log.len() - 8192) / 4192 * 4192;
    assert!(damaged > 2000, "{damaged}");
    assert!(harmless.iter().all(|at| *at < 4096 || *at >= frames_end), "{harmless:?}");
}

#[test]
fn a_log_cut_short_loses_no_acknowledged_commit_in_silence() {
    let (vault, main, log) = crashed();
    let frames = (log.len() - 8192) / 4192;
    assert!(frames >= 4, "{frames}");
    let marker_at = 8192 + frames * 4192;
    assert_eq!(log.len(), marker_at + 96);
    // Cut inside the marker: nothing is lost, nothing is said.
    restore(&vault, &main, &log[..marker_at + 50]);
    assert_eq!(outcome(&vault, "cut marker"), Outcome::Right(vec![]));
    // Zeros over a frame in the middle: the frames behind it name it.
    for frame in 1..=frames {
        let mut holed = log.clone();
        let at = 8192 + (frame - 1) * 4192;
        holed[at..at + 4192].fill(0);
        restore(&vault, &main, &holed);
        let frame = u32::try_from(frame).unwrap();
        assert_eq!(outcome(&vault, "hole"), Outcome::Damaged(Damage::WalFrame { frame }));
    }
}

/// A torn last commit, before any sync could have covered it, is dropped without a word.
#[test]
fn a_torn_tail_is_not_damage() {
    let (vault, main, log) = crashed();
    let frames = (log.len() - 8192) / 4192;
    // Without the marker nothing names the last commit: this is what a power cut during its sync leaves.
    let mut torn = log[..8192 + frames * 4192].to_vec();
    let last = torn.len() - 2000;
    torn[last..].fill(0);
    restore(&vault, &main, &torn);
    let connection = vault.open();
    assert_eq!(rows(&connection).unwrap(), expected_rows()[..1]);
    connection.execute("INSERT INTO t VALUES (3, 'three')", []).unwrap();
    drop(connection);
    let connection = vault.open();
    assert_eq!(rows(&connection).unwrap().len(), 2);
    assert!(vfs::check(&connection, &mut |_, _| {}).unwrap().is_clean());
}

#[test]
fn moved_pages_are_found() {
    let vault = new_vault();
    fill(&vault.open());
    let whole = fs::read(&vault.path).unwrap();
    let unit = |index: usize| whole[index * 4096..(index + 1) * 4096].to_vec();
    let units = whole.len() / 4096;
    assert!(units >= 9);
    for (from, to) in [(6, 7), (7, 6), (7, 8), (2, 4), (5, 2), (2, 7), (7, 3), (0, 1), (1, 0), (8, 0)] {
        let mut altered = whole.clone();
        altered[to * 4096..(to + 1) * 4096].copy_from_slice(&unit(from));
        fs::write(&vault.path, &altered).unwrap();
        let what = format!("unit {from} at {to}");
        match outcome(&vault, &what) {
            Outcome::Right(found) => assert_eq!(found.len(), 1, "{what}"),
            Outcome::Damaged(Damage::Page { page }) => assert_eq!(page as usize + 5, to, "{what}"),
            other => panic!("{what}: {other:?}"),
        }
    }
    // A page of another vault is no better.
    let other = new_vault();
    fill(&other.open());
    let theirs = fs::read(&other.path).unwrap();
    let mut altered = whole.clone();
    altered[7 * 4096..8 * 4096].copy_from_slice(&theirs[7 * 4096..8 * 4096]);
    fs::write(&vault.path, &altered).unwrap();
    assert_eq!(outcome(&vault, "foreign page"), Outcome::Damaged(Damage::Page { page: 2 }));
    // Nor is a page of zeros.
    altered[7 * 4096..8 * 4096].fill(0);
    fs::write(&vault.path, &altered).unwrap();
    assert_eq!(outcome(&vault, "zeroed page"), Outcome::Damaged(Damage::Page { page: 2 }));
}

#[test]
fn a_cut_or_lengthened_vault_is_found() {
    let vault = new_vault();
    fill(&vault.open());
    let whole = fs::read(&vault.path).unwrap();
    for length in (0..whole.len()).step_by(1000).chain([whole.len() - 1]) {
        fs::write(&vault.path, &whole[..length]).unwrap();
        match vault.try_open() {
            Err(VfsError::Damaged(Damage::Truncated { .. } | Damage::Header)) => assert!(length > 0),
            Err(VfsError::NotAVault { .. }) => assert_eq!(length, 0),
            Err(other) => assert!(length < 4096, "{length}: {other}"),
            Ok(_) => panic!("opened {length} bytes"),
        }
    }
    let mut longer = whole.clone();
    longer.extend_from_slice(&whole[4096 * 5..4096 * 7]);
    fs::write(&vault.path, &longer).unwrap();
    assert_eq!(outcome(&vault, "longer"), Outcome::Right(vec![Damage::TrailingBytes { bytes: 8192 }]));
}

fn with_checksum(mut copy: Vec<u8>) -> Vec<u8> {
    let digest = Sha256::digest(&copy[..4032]);
    copy[4032..4064].copy_from_slice(&digest);
    copy
}

#[test]
fn unlocking_survives_any_one_flipped_byte_of_the_header() {
    let vault = new_vault();
    for at in 0..8192 {
        flip(&vault.path, at);
        let unlocked = vfs::unlock(&vault.path, &Secret::RecoveryCode(&vault.code)).unwrap();
        let copy = if at < 4096 { Twin::A } else { Twin::B };
        assert_eq!(unlocked.warnings, [Damage::HeaderCopy { copy }], "byte {at}");
        assert_eq!(unlocked.key.expose(), vault.key.expose());
        flip(&vault.path, at);
    }
    // The same with a passphrase, at the bytes that matter most: version, slot kind, costs, salt, nonce, key, tag.
    for at in [16, 256, 257, 260, 263, 264, 268, 272, 304, 328, 360, 4032, 4064, 4096 + 263] {
        flip(&vault.path, at);
        let unlocked = vfs::unlock(&vault.path, &Secret::Passphrase(&passphrase())).unwrap();
        assert_eq!(unlocked.warnings.len(), 1);
        flip(&vault.path, at);
    }
    flip(&vault.path, 300);
    flip(&vault.path, 4096 + 300);
    let both = vfs::unlock(&vault.path, &Secret::Passphrase(&passphrase()));
    assert!(matches!(both, Err(VfsError::Damaged(Damage::Header))));
}

#[test]
fn a_header_made_to_look_whole_is_still_found() {
    let vault = new_vault();
    let whole = fs::read(&vault.path).unwrap();
    let tampered = |copies: &[usize], at: usize, value: &[u8]| {
        let mut bytes = whole.clone();
        for copy in copies {
            let base = copy * 4096;
            bytes[base + at..base + at + value.len()].copy_from_slice(value);
            let fixed = with_checksum(bytes[base..base + 4096].to_vec());
            bytes[base..base + 4096].copy_from_slice(&fixed);
        }
        fs::write(&vault.path, &bytes).unwrap();
    };
    let by_passphrase = || vfs::unlock(&vault.path, &Secret::Passphrase(&passphrase()));
    let by_code = || vfs::unlock(&vault.path, &Secret::RecoveryCode(&vault.code));
    // Hostile memory: never run; the twin serves, and without a twin it is refused.
    tampered(&[0], 260, &u32::MAX.to_le_bytes());
    assert_eq!(by_passphrase().unwrap().warnings, [Damage::HeaderCopy { copy: Twin::A }]);
    tampered(&[0, 1], 260, &u32::MAX.to_le_bytes());
    assert!(matches!(by_passphrase(), Err(VfsError::HostileKdf(_))));
    // Costs lowered below the floor, to make guessing cheap.
    tampered(&[0, 1], 260, &8_u32.to_le_bytes());
    assert!(matches!(by_passphrase(), Err(VfsError::HostileKdf(_))));
    // Another generation: the slots still open, the header's tag does not fit.
    tampered(&[0, 1], 24, &77_u64.to_le_bytes());
    assert!(matches!(by_passphrase(), Err(VfsError::Damaged(Damage::Header))));
    assert!(matches!(by_code(), Err(VfsError::Damaged(Damage::Header))));
    let connected = vfs::connect(&vault.path, &vault.key, &ConnectOptions::default());
    assert!(matches!(connected, Err(VfsError::WrongSecret)));
    // A slot moved to another place does not open there.
    let recovery = whole[512..768].to_vec();
    tampered(&[0, 1], 768, &recovery);
    tampered(&[0, 1], 512, &[0; 256]);
    assert!(matches!(by_code(), Err(VfsError::WrongSecret)));
    // A newer format is told apart from damage.
    tampered(&[0, 1], 16, &9_u32.to_le_bytes());
    assert!(matches!(by_passphrase(), Err(VfsError::NewerFormat { found: 9, supported: 1 })));
    let connected = vfs::connect(&vault.path, &vault.key, &ConnectOptions::default());
    assert!(matches!(connected, Err(VfsError::NewerFormat { found: 9, supported: 1 })));
    // The old header of the same vault at the other copy's place.
    let mut bytes = whole.clone();
    let a = whole[..4096].to_vec();
    bytes[4096..8192].copy_from_slice(&a);
    fs::write(&vault.path, &bytes).unwrap();
    assert_eq!(by_code().unwrap().warnings, [Damage::HeaderCopy { copy: Twin::B }]);
}

#[test]
fn a_wrong_secret_has_the_same_words_whatever_the_slots() {
    let vault = new_vault();
    let wrong = Passphrase::new("another".to_owned());
    let code = RecoveryCode::generate(&OsRandom).unwrap();
    let words: Vec<_> = [Secret::Passphrase(&wrong), Secret::RecoveryCode(&code)]
        .iter()
        .map(|secret| vfs::unlock(&vault.path, secret).err().unwrap().to_string())
        .collect();
    assert_eq!(words[0], words[1]);
}

#[test]
fn a_repaired_header_stays_repaired() {
    let vault = new_vault();
    flip(&vault.path, 100);
    let connection = vault.open();
    fill(&connection);
    let report = vfs::check(&connection, &mut |_, _| {}).unwrap();
    assert_eq!(report.damage, [Damage::HeaderCopy { copy: Twin::A }], "reported though repaired meanwhile");
    drop(connection);
    assert_eq!(outcome(&vault, "repaired"), Outcome::Right(vec![]));
}
