//! A small vault that the targets harm, and opening what became of it. Everything goes by the raw key: no key derivation is run.

use finvault::crypto::random::Seeded;
use finvault::crypto::{KdfParams, Passphrase, VaultKey};
use finvault::vfs::fuzzing::Frame;
use finvault::vfs::{self, ConnectOptions, VfsError};
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Bytes of a page, of a header copy, and of every other unit.
pub const UNIT_BYTES: usize = 4096;

/// What table `t` holds: key and text.
pub type Rows = Vec<(i64, String)>;

/// The vault that all begins with.
pub struct Seed {
    /// The file after a clean close: there is no log.
    pub closed: Vec<u8>,
    /// The file and its log after a crash.
    pub crashed: (Vec<u8>, Vec<u8>),
    /// What was acknowledged, one state after another; the first is that of `closed`.
    pub states: Vec<Rows>,
    key: [u8; 32],
}

impl Seed {
    /// Its key.
    pub fn key(&self) -> VaultKey {
        VaultKey::from_bytes(self.key)
    }
}

/// A folder of this process's own, in memory where there is one.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = base.join(format!("finvault-fuzz-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the vault");
        folder
    })
}

fn connect(path: &Path, key: &VaultKey) -> Result<Connection, VfsError> {
    vfs::connect(path, key, &ConnectOptions { busy_timeout_ms: 0, cache_mib: 1, ..ConnectOptions::default() })
}

/// The vault that all begins with, made once.
pub fn seed() -> &'static Seed {
    static SEED: OnceLock<Seed> = OnceLock::new();
    SEED.get_or_init(|| make_seed().expect("the seed vault"))
}

fn make_seed() -> Result<Seed, Box<dyn std::error::Error>> {
    let path = folder().join("seed");
    let _ = fs::remove_file(&path);
    let kdf = KdfParams::below_floor(64, 1, 1)?;
    let created = vfs::create(&path, &Passphrase::new("p".to_owned()), kdf, &Seeded::new(7))?;
    let connection = connect(&path, &created.key)?;
    connection.execute_batch(
        "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT) STRICT; CREATE INDEX t_by_b ON t(b);
         CREATE TABLE u(x BLOB, y INTEGER REFERENCES t(a)) STRICT;
         INSERT INTO t VALUES (1, 'one'), (2, hex(zeroblob(3000))); INSERT INTO u VALUES (zeroblob(5000), 2);",
    )?;
    let mut states = vec![rows(&connection)?];
    drop(connection);
    let closed = fs::read(&path)?;
    let connection = connect(&path, &created.key)?;
    for sql in [
        "INSERT INTO t VALUES (3, 'three')",
        "UPDATE t SET b = hex(zeroblob(2500)) WHERE a = 2",
        "DELETE FROM t WHERE a = 1",
    ] {
        connection.execute_batch(sql)?;
        states.push(rows(&connection)?);
    }
    let log = path.with_file_name("seed-wal");
    let crashed = (fs::read(&path)?, fs::read(log)?);
    Ok(Seed { closed, crashed, states, key: *created.key.expose() })
}

fn rows(connection: &Connection) -> rusqlite::Result<Rows> {
    let mut statement = connection.prepare("SELECT a, b FROM t ORDER BY a")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// What came of opening and reading.
pub enum Outcome {
    /// The rows, and whether the check found nothing wrong.
    Read(Rows, bool),
    /// Refused by the sealed file, which says why.
    Refused(VfsError),
    /// Refused by SQLite; whether the sealed file names damage behind it.
    Failed(rusqlite::Error, bool),
}

/// Opens a vault (and its log, if it has one), reads it by table and by index, has it checked, and writes to it.
pub fn open(vault: &[u8], log: Option<&[u8]>) -> Outcome {
    let path = folder().join("v");
    let log_path = folder().join("v-wal");
    fs::write(&path, vault).expect("writing the vault");
    match log {
        Some(log) => fs::write(&log_path, log).expect("writing the log"),
        None => drop(fs::remove_file(&log_path)),
    }
    let _ = vfs::stated_vault_id(&path);
    let _ = vfs::check_key(&path, &seed().key());
    let connection = match connect(&path, &seed().key()) {
        Ok(connection) => connection,
        Err(error) => return Outcome::Refused(error),
    };
    let found = match rows(&connection) {
        Ok(found) => found,
        Err(error) => return Outcome::Failed(error, vfs::damage(&connection).is_some()),
    };
    let by_index = "SELECT count(*), max(b) FROM t INDEXED BY t_by_b WHERE b > ''";
    let _ = connection.query_row(by_index, [], |_| Ok(()));
    let _ = connection.query_row("SELECT count(*), sum(length(x)) FROM u", [], |_| Ok(()));
    let _ = connection.query_row("PRAGMA integrity_check", [], |_| Ok(()));
    let clean = vfs::check(&connection, &mut |_, _| {}).is_ok_and(|report| report.is_clean());
    let _ = connection.execute_batch("INSERT INTO t VALUES (77, 'new'); DELETE FROM t WHERE a = 2; VACUUM");
    Outcome::Read(found, clean)
}

/// What the fuzzer wrote, read from front to back; zeros once it ends.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or_default()
    }

    /// The next two bytes as a number.
    pub fn number(&mut self) -> usize {
        usize::from(self.byte()) << 8 | usize::from(self.byte())
    }

    /// The next bytes, as many as there are of so many.
    pub fn bytes(&mut self, most: usize) -> &'a [u8] {
        let (now, later) = self.0.split_at(most.min(self.0.len()));
        self.0 = later;
        now
    }

    /// Changes a few bytes of `target`: pairs of place and bytes.
    pub fn patch(&mut self, target: &mut [u8]) {
        let patches = self.byte() % 16;
        for _ in 0..patches {
            let (at, length) = (self.number() % target.len().max(1), usize::from(self.byte() % 32));
            let bytes = self.bytes(length);
            for (to, from) in target.iter_mut().skip(at).zip(bytes) {
                *to = *from;
            }
        }
    }
}

/// SQLite's checksum over its log: two sums that run on from frame to frame
/// (<https://sqlite.org/fileformat2.html#checksum_algorithm>), here in big-endian.
pub fn log_checksum(sums: (u32, u32), bytes: &[u8]) -> (u32, u32) {
    let word = |bytes: &[u8]| bytes.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
    bytes.chunks_exact(8).fold(sums, |(one, two), pair| {
        let one = one.wrapping_add(word(&pair[..4])).wrapping_add(two);
        let two = two.wrapping_add(word(&pair[4..])).wrapping_add(one);
        (one, two)
    })
}

/// The header of a log of SQLite's, with its checksum.
pub fn log_header() -> [u8; 32] {
    let mut header = [0; 32];
    for (at, word) in [0x377f_0683_u32, 3_007_000, 4096, 0, 0x1234_5678, 0x9abc_def0].into_iter().enumerate()
    {
        header[at * 4..at * 4 + 4].copy_from_slice(&word.to_be_bytes());
    }
    let (one, two) = log_checksum((0, 0), &header[..24]);
    header[24..28].copy_from_slice(&one.to_be_bytes());
    header[28..].copy_from_slice(&two.to_be_bytes());
    header
}

/// A frame whose checksum follows from `sums`, which move on.
pub fn frame(
    header: &[u8; 32],
    sums: &mut (u32, u32),
    page: u32,
    pages_after: u32,
    content: [u8; UNIT_BYTES],
) -> Frame {
    let mut head = [0; 24];
    head[..4].copy_from_slice(&page.to_be_bytes());
    head[4..8].copy_from_slice(&pages_after.to_be_bytes());
    head[8..16].copy_from_slice(&header[16..24]);
    *sums = log_checksum(log_checksum(*sums, &head[..8]), &content);
    head[16..20].copy_from_slice(&sums.0.to_be_bytes());
    head[20..].copy_from_slice(&sums.1.to_be_bytes());
    (head, content)
}
