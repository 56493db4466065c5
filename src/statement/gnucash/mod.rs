//! GnuCash books: XML, plain or gzip, and the tables of its SQLite files.
//!
//! Both become [`GnucashBook`], plain values; [`read_tables`] and the XML reader fill it. Files of SQLite are opened by
//! whoever calls (`vault` does), since nothing here knows SQLite. What an account's type means, which transactions are
//! templates of scheduled ones, and on which day a transaction was posted is decided here, once for both.

mod book;
mod xml;

pub use book::{GnucashAccount, GnucashBook, GnucashCommodity, GnucashSplit, GnucashTransaction};

use super::book::{BookFile, mapping};
use super::{Format, ReadOptions, StatementError, StatementErrorKind, encoding, problem};
use flate2::read::GzDecoder;
use std::io::Read;

/// How gzip files begin.
const GZIP_MAGIC: &[u8] = b"\x1f\x8b";
/// The most that a gzip file is unpacked to, in bytes.
const MAX_UNPACKED_BYTES: u64 = 256 << 20;

/// Whether bytes are gzip with the XML of GnuCash inside.
pub(super) fn is_gzip_book(bytes: &[u8]) -> bool {
    let mut head = [0u8; 512];
    let mut decoder = GzDecoder::new(bytes);
    let mut filled = 0;
    while let Some(room) = head.get_mut(filled..).filter(|room| !room.is_empty()) {
        match decoder.read(room) {
            Ok(0) | Err(_) => break,
            Ok(read) => filled += read,
        }
    }
    bytes.starts_with(GZIP_MAGIC) && is_xml_book(&encoding::peek(head.get(..filled).unwrap_or_default(), 512))
}

/// Whether a text begins as the XML of GnuCash does.
pub(super) fn is_xml_book(head: &str) -> bool {
    head.contains("<gnc-v2")
}

/// Reads the XML of GnuCash, plain or gzip.
///
/// # Errors
/// [`StatementError`] where the file is damaged or unpacks to more than any book, or holds an amount or date that
/// cannot be read exactly.
pub(super) fn read(
    bytes: &[u8],
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<BookFile, StatementError> {
    let unpacked;
    let bytes = if bytes.starts_with(GZIP_MAGIC) {
        unpacked = unpack(bytes, MAX_UNPACKED_BYTES)?;
        &unpacked
    } else {
        bytes
    };
    let book = xml::read(bytes, progress)?;
    from_book(book, options)
}

/// Turns the tables of a GnuCash file, which somebody else read out of SQLite, into a book.
///
/// # Errors
/// [`StatementError`] for an amount or date that cannot be read exactly, or a reference to what is not there.
pub fn read_tables(book: GnucashBook, options: &ReadOptions) -> Result<BookFile, StatementError> {
    from_book(book, options)
}

fn from_book(book: GnucashBook, options: &ReadOptions) -> Result<BookFile, StatementError> {
    let mut ledger = book.into_ledger()?;
    ledger.balance()?;
    mapping::into_file(ledger, Format::Gnucash, options)
}

fn unpack(bytes: &[u8], most_bytes: u64) -> Result<Vec<u8>, StatementError> {
    let mut out = Vec::new();
    let read = GzDecoder::new(bytes).take(most_bytes + 1).read_to_end(&mut out);
    match read {
        Ok(length) if length as u64 > most_bytes => Err(problem::whole_file(
            StatementErrorKind::TooLarge,
            format!("the file unpacks to more than {} MiB", most_bytes >> 20),
            "no book is as large as that: look where the file comes from",
        )),
        Ok(_) => Ok(out),
        Err(_) => Err(problem::whole_file(
            StatementErrorKind::Malformed,
            "the gzip file is damaged or was cut short",
            "save the book again in GnuCash",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    #[test]
    fn unpacking_stops_where_no_book_goes_on() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(b"<gnc-v2>").unwrap();
        encoder.write_all(&vec![b' '; 4 << 20]).unwrap();
        let packed = encoder.finish().unwrap();
        assert!(is_gzip_book(&packed));
        assert_eq!(unpack(&packed, 8 << 20).unwrap().len(), (4 << 20) + 8);
        let error = unpack(&packed, 1 << 20).unwrap_err();
        assert_eq!(error.kind, StatementErrorKind::TooLarge);
        assert_eq!(
            unpack(&packed[..packed.len() / 2], 8 << 20).unwrap_err().kind,
            StatementErrorKind::Malformed
        );
    }
}
