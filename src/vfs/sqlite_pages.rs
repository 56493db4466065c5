//! The few bytes of SQLite's own file format that are made here and not by SQLite
//! (<https://sqlite.org/fileformat.html>).

use super::header::Bytes;
use super::offsets::UNIT_BYTES;
use super::seal::{CONTENT_BYTES, RESERVED_BYTES, Unit};

/// How many bytes SQLite's own header on page 1 has.
pub(crate) const SQLITE_HEADER_BYTES: usize = 100;
/// The first bytes of every SQLite database.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Where page 1 has the versions that say in which way the file may be written and read.
const FORMAT_VERSIONS: usize = 18;

/// Where page 1 has the change counter, with the sizes and the free list's head behind it: SQLite reads these together to
/// tell whether another process changed the file.
pub(crate) const CHANGE_COUNTER: usize = 24;
/// These bytes.
pub(crate) type ChangeCounter = [u8; 16];

/// The change counter in page 1.
pub(crate) fn change_counter(page: &Unit) -> Option<ChangeCounter> {
    page.get(CHANGE_COUNTER..)?.first_chunk().copied()
}

/// Whether page 1 says that the database is in WAL mode: file format write and read version 2.
pub(crate) fn says_wal_mode(page: &Unit) -> bool {
    page.get(FORMAT_VERSIONS..FORMAT_VERSIONS + 2) == Some(&[2, 2])
}

/// What answers SQLite's first, unlocked look at the file: page size 4096 and 40 reserved bytes. It precedes WAL
/// recovery and must not depend on page 1, which may be torn until the log is read.
pub(crate) fn synthetic_header() -> [u8; SQLITE_HEADER_BYTES] {
    let mut header = Bytes([0; SQLITE_HEADER_BYTES]);
    header.put(0, SQLITE_MAGIC);
    header.put(16, &(UNIT_BYTES as u16).to_be_bytes());
    // File format write and read version 2 (WAL), reserved bytes, and the three constants SQLite insists on.
    header.put(FORMAT_VERSIONS, &[2, 2, RESERVED_BYTES as u8, 64, 32, 32]);
    header.0
}

/// An empty SQLite database of one page: the file header (<https://sqlite.org/fileformat.html>, section 1.3) and an
/// empty schema table (section 1.6: a leaf table page without cells).
pub(crate) fn first_page() -> Unit {
    let mut page = Bytes([0; UNIT_BYTES]);
    page.put(0, &synthetic_header());
    // File change counter, pages in the file; the version that wrote them must repeat the counter.
    page.put(24, &1_u32.to_be_bytes());
    page.put(28, &1_u32.to_be_bytes());
    page.put(92, &1_u32.to_be_bytes());
    // Schema format 4, text encoding UTF-8.
    page.put(44, &4_u32.to_be_bytes());
    page.put(56, &1_u32.to_be_bytes());
    page.put(100, &[0x0d]);
    page.put(105, &(CONTENT_BYTES as u16).to_be_bytes());
    page.0
}
