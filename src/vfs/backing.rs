//! What the sealing layer needs from a file: a small trait, so that everything above it is tested over memory.

use rusqlite::ffi;

use super::damage::Damage;

/// An SQLite result code, passed on exactly as the operating system's layer gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) i32);

/// Whether a read found all the bytes it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadOutcome {
    /// All of them.
    Whole,
    /// The file ended first; the rest of the buffer is zeros.
    Short,
}

/// One open file, addressed by physical offset.
pub(crate) trait Backing {
    /// Fills `buffer` from `offset`.
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<ReadOutcome, Code>;
    /// Writes all of `bytes` at `offset`.
    fn write(&mut self, bytes: &[u8], offset: u64) -> Result<(), Code>;
    /// Cuts the file.
    fn truncate(&mut self, bytes: u64) -> Result<(), Code>;
    /// Makes everything written so far durable.
    fn sync(&mut self) -> Result<(), Code>;
    /// The file's length.
    fn size(&mut self) -> Result<u64, Code>;
}

/// Why an operation on a sealed file failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The layer below failed.
    Os(Code),
    /// The bytes are not what was sealed.
    Damage(Damage),
    /// SQLite asked for something that this layer never lets through.
    Refused(&'static str),
    /// The file is no vault.
    NotAVault,
    /// The vault is of a newer format.
    Newer(u32),
    /// Both header copies are whole and neither was written under this key.
    WrongKey,
    /// No random bytes for a nonce, or nothing can be sealed.
    CannotSeal,
}

impl From<Code> for Fault {
    fn from(code: Code) -> Self {
        Self::Os(code)
    }
}

impl From<crate::crypto::RandomError> for Fault {
    fn from(_: crate::crypto::RandomError) -> Self {
        Self::CannotSeal
    }
}

impl From<crate::crypto::SealError> for Fault {
    fn from(_: crate::crypto::SealError) -> Self {
        Self::CannotSeal
    }
}

/// SQLite's way of saying that something worked, or not.
pub(super) fn done(code: i32) -> Result<(), Code> {
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(Code(code)) }
}

/// A place in a file as SQLite counts them.
pub(super) fn offset(at: u64) -> Result<i64, Code> {
    i64::try_from(at).map_err(|_| Code(ffi::SQLITE_IOERR))
}

/// A length as SQLite counts them.
pub(super) fn length(bytes: usize) -> Result<i32, Code> {
    i32::try_from(bytes).map_err(|_| Code(ffi::SQLITE_IOERR))
}

/// A place or a length that SQLite gave us.
pub(super) fn unsigned(number: i64) -> Result<u64, Fault> {
    u64::try_from(number).map_err(|_| Fault::Refused("a negative place or length"))
}
