//! Quicken Interchange Format: every kind of account, splits, categories, transfers, and the cash side of investments.
//!
//! The format has no currency, no ids, no end mark, and never settled how dates and amounts are written. So two passes
//! go over the records that [`records`] cuts: [`survey`] decides the date order and the decimal mark once, from the
//! whole file, and [`reader`] then makes statements by [`transactions`] and [`investment`]. Nothing is decided where
//! the file leaves it open. Quicken's own description of the format is the source; what programs write instead is in
//! `docs/statements.md`.

mod account;
mod dates;
mod investment;
mod reader;
mod records;
mod survey;
mod transactions;

use super::{Format, ReadOptions, StatementError, StatementFile, encoding};

/// Reads a QIF file.
///
/// # Errors
/// [`StatementError`] where the file ends inside a record, leaves dates or amounts open, or holds one that cannot be
/// read exactly.
pub(super) fn read(
    bytes: &[u8],
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<StatementFile, StatementError> {
    let text = encoding::decode(bytes, None, encoding::likeliest)?;
    let total = bytes.len() as u64;
    let steps = (text.len() as u64) * 2;
    let mut next = 0;
    let mut step = |at: usize| {
        let at = at as u64;
        if at >= next {
            next = at + steps / 100 + 1;
            let done = u128::from(at) * u128::from(total) / u128::from(steps.max(1));
            progress(u64::try_from(done).unwrap_or(total), total);
        }
    };
    let survey = survey::survey(&text, options, &mut step)?;
    let (statements, warnings) = reader::read_text(&text, &survey, options, &mut |at| step(text.len() + at))?;
    Ok(StatementFile { format: Format::Qif, statements, warnings })
}
