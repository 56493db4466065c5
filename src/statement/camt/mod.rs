//! ISO 20022 bank-to-customer messages: reports (camt.052), statements (camt.053), notifications (camt.054), in
//! every version.
//!
//! The versions differ in where a few fields stand, not in what they mean, so one reader takes them all and goes by
//! the names of elements. [`xml`] turns the text into leaves with their paths and keeps no tree; [`document`] makes
//! statements of them out of [`balance`], [`entry`] and [`details`]. One entry (`Ntry`) is one row: that is
//! what the bank booked, and what its balances add up from. Where several payments stand under one entry, the row's
//! memo lists them. Field meanings are those of the ISO 20022 message definition reports.

mod balance;
mod details;
mod document;
mod entry;
mod fields;
mod xml;

use super::{Format, ReadOptions, StatementError, StatementFile, encoding};
use encoding_rs::WINDOWS_1252;

/// Reads a camt file.
///
/// # Errors
/// [`StatementError`] where the XML is damaged, declares a document type, holds no statement, or holds a date or
/// amount that cannot be read exactly.
pub(super) fn read(
    bytes: &[u8],
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<StatementFile, StatementError> {
    let head = encoding::peek(bytes, 512);
    let declared = xml::declared_encoding(&head).and_then(encoding::by_label);
    let text = encoding::decode(bytes, declared, |_| WINDOWS_1252)?;
    let total = bytes.len() as u64;
    let steps = text.len().max(1) as u64;
    let mut next = 0;
    let mut step = |at: usize| {
        let at = at as u64;
        if at >= next {
            next = at + steps / 100 + 1;
            let done = u128::from(at) * u128::from(total) / u128::from(steps);
            progress(u64::try_from(done).unwrap_or(total), total);
        }
    };
    let mut reader = document::Reader::new(&text, options);
    xml::walk(&text, &mut reader, &mut step)?;
    let (statements, warnings) = reader.finish()?;
    Ok(StatementFile { format: Format::Camt, statements, warnings })
}
