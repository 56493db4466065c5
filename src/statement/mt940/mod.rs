//! SWIFT MT940 (statements) and MT942 (interim reports), by one reader.
//!
//! [`fields`] cuts the text into tagged fields and finds where messages end, whatever envelope or none is around
//! them; [`message`] makes statements of them out of [`values`] (dates, amounts, the parts of a `:61:`) and
//! [`narrative`] (the dialects of `:86:`). The fields are those of the SWIFT User Handbook, category 9; what banks write
//! instead is in `docs/statements.md`.

mod account;
mod fields;
mod message;
mod narrative;
mod row;
mod values;

use super::{Format, ReadOptions, StatementError, StatementFile, encoding};

/// Reads an MT940 or MT942 file.
///
/// # Errors
/// [`StatementError`] where a statement has no closing balance, or a date, amount or mark cannot be read exactly.
pub(super) fn read(
    bytes: &[u8],
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<StatementFile, StatementError> {
    let text = encoding::decode(bytes, None, encoding::likeliest)?;
    let total = bytes.len() as u64;
    let steps = text.len().max(1) as u64;
    let mut next = 0;
    let mut reader = message::Reader::new(&text, options);
    let mut fields = fields::Fields::new(&text);
    while let Some(token) = fields.next()? {
        let at = fields.position() as u64;
        if at >= next {
            next = at + steps / 100 + 1;
            let done = u128::from(at) * u128::from(total) / u128::from(steps);
            progress(u64::try_from(done).unwrap_or(total), total);
        }
        reader.token(&token)?;
    }
    let (statements, warnings) = reader.finish()?;
    Ok(StatementFile { format: Format::Mt940, statements, warnings })
}
