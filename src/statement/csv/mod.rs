//! Delimited text.
pub mod profile;
use super::{ReadOptions, StatementError, StatementErrorKind, StatementFile, problem};

pub(super) fn read(
    _bytes: &[u8],
    _options: &ReadOptions,
    _progress: &mut dyn FnMut(u64, u64),
) -> Result<StatementFile, StatementError> {
    Err(problem::whole_file(
        StatementErrorKind::Unsure,
        "delimited text is not read yet",
        "export the statement as OFX",
    ))
}
