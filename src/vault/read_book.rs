//! Reading a file of any format that is known, those of SQLite included, which `statement` alone does not open.

use crate::statement::gnucash::{
    GnucashAccount, GnucashBook, GnucashCommodity, GnucashSplit, GnucashTransaction, read_tables,
};
use crate::statement::packed::PackedRows;
use crate::statement::{self, ReadOptions, Reading, StatementError, StatementErrorKind};
use crate::statement::{Content, Digested};
use crate::store::gnucash::{GnucashFileError, GnucashTables, read_gnucash};
use sha2::{Digest, Sha256};

/// How SQLite files begin.
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// Reads a statement or a book of any format, as [`Vault::import`](super::Vault::import) does, and changes nothing; tells how it was
/// understood and which rows were left out.
///
/// # Errors
/// [`StatementError`] for anything that cannot be read exactly.
pub fn read_any(
    bytes: &[u8],
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Reading, StatementError> {
    match read_database(bytes, options) {
        Some(read) => read,
        None => statement::read_explained(bytes, options, progress),
    }
}

/// As [`read_any`], from wherever the bytes are, with the rows packed; and the digest (SHA-256) of the bytes.
///
/// # Errors
/// As [`read_any`]; a file that cannot be read, or changes meanwhile.
pub(super) fn read_content(
    content: Content<'_>,
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Digested, StatementError> {
    if let Content::File(file) = content
        && let Some(read) = statement::read_in_pieces(file, options, progress)?
    {
        return Ok(read);
    }
    let bytes = content.whole()?;
    Ok((read_any_packed(&bytes, options, progress)?, Sha256::digest(&bytes).into()))
}

/// As [`read_any`], with the rows packed.
///
/// # Errors
/// As [`read_any`].
fn read_any_packed(
    bytes: &[u8],
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Reading<PackedRows>, StatementError> {
    match read_database(bytes, options) {
        Some(read) => read?.packed(),
        None => statement::read_packed(bytes, options, progress),
    }
}

/// Reads a book that is an SQLite database; none where it is not, or should not be read as one.
fn read_database(bytes: &[u8], options: &ReadOptions) -> Option<Result<Reading, StatementError>> {
    let is_wanted = options.format.is_none_or(|format| format == statement::Format::Gnucash);
    if !bytes.starts_with(SQLITE_MAGIC) || !is_wanted || options.profile.is_some() {
        return None;
    }
    let tables = read_gnucash(bytes).map_err(|error| refusal(&error));
    Some(tables.and_then(|tables| read_tables(plain(tables), options)).map(Reading::from))
}

fn refusal(error: &GnucashFileError) -> StatementError {
    let (kind, remedy) = match error {
        GnucashFileError::TooLarge => {
            (StatementErrorKind::TooLarge, "save the book as XML in GnuCash, and import that")
        }
        GnucashFileError::NoBook(_) => {
            (StatementErrorKind::UnknownFormat, "export the statement from the bank as OFX, QFX or CSV")
        }
        GnucashFileError::Odd(_) | GnucashFileError::Damaged(_) => {
            (StatementErrorKind::Malformed, "save the book again in GnuCash, as XML or SQLite")
        }
    };
    let (message, remedy) = (error.to_string(), remedy.to_owned());
    StatementError { kind, message, line: 0, excerpt: String::new(), remedy, question: None, included: None }
}

fn plain(tables: GnucashTables) -> GnucashBook {
    GnucashBook {
        commodities: tables
            .commodities
            .into_iter()
            .map(|row| GnucashCommodity {
                id: row.guid,
                namespace: row.namespace,
                code: row.mnemonic,
                fraction: row.fraction,
            })
            .collect(),
        accounts: tables
            .accounts
            .into_iter()
            .map(|row| GnucashAccount {
                id: row.guid,
                name: row.name,
                kind: row.account_type,
                commodity: row.commodity,
                parent: row.parent,
                is_template: row.is_template_root,
            })
            .collect(),
        transactions: tables
            .transactions
            .into_iter()
            .map(|row| GnucashTransaction {
                id: row.guid,
                line: 0,
                currency: row.currency,
                number: row.number,
                posted: row.posted,
                posted_day: row.posted_day,
                is_local_time: false,
                description: row.description,
                notes: row.notes,
                splits: row
                    .splits
                    .into_iter()
                    .map(|split| GnucashSplit {
                        line: 0,
                        account: split.account,
                        memo: split.memo,
                        reconciled: split.reconciled,
                        value: split.value,
                        quantity: split.quantity,
                    })
                    .collect(),
            })
            .collect(),
    }
}
