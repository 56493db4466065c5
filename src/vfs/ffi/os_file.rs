//! One file of the operating system's VFS, below one of ours.
//!
//! A log is made when its first byte is written. A vault that is only read leaves its folder as it is, and to make,
//! close and delete a file costs more than to read and open a page.

use super::{
    Backing, Code, File, Operation, ReadOutcome, SyncFate, below, c_char, c_int, c_void, close_below, done,
    ffi, length, offset, open_below,
};

/// A file below.
pub(in crate::vfs) struct OsFile {
    file: *mut File,
    fate: SyncFate,
    /// How it will be made; none once it is open.
    unmade: Option<Unmade>,
}

/// A log that nothing was written to.
struct Unmade {
    /// Its name, which SQLite keeps until it closes the file.
    name: *const c_char,
    flags: c_int,
}

// SAFETY: SQLite serialises all calls on one file, and the lock around the shared vault file does so for ours; the
// files of the operating system's VFS are bound to no thread, and the name does not change.
unsafe impl Send for OsFile {}

impl OsFile {
    /// A file that is open.
    pub(super) fn open(file: *mut File) -> Self {
        Self { file, fate: SyncFate::default(), unmade: None }
    }

    /// A log that is opened by [`OsFile::make`], or before the first write to it. There must be room for it at `file`, and
    /// `name` must stay until that file is closed, as SQLite promises. Log and vault share the fate of their syncs.
    pub(super) fn log(file: *mut File, vault: &Self, name: *const c_char, flags: c_int) -> Self {
        Self { file, fate: vault.fate.clone(), unmade: Some(Unmade { name, flags }) }
    }

    /// Tells open files apart.
    pub(in crate::vfs) fn address(&self) -> usize {
        self.file.addr()
    }

    /// Opens the log, and makes it where there is none.
    pub(in crate::vfs) fn make(&mut self) -> Result<(), Code> {
        let Some(Unmade { name, flags }) = self.unmade else { return Ok(()) };
        self.fate.before(self.address(), Operation::Open(true))?;
        let mut opened_as = flags;
        let mut outcome = done(open_below(name, self.file, flags, &raw mut opened_as));
        if outcome.is_ok() && opened_as & ffi::SQLITE_OPEN_READONLY != 0 {
            outcome = Err(Code(ffi::SQLITE_CANTOPEN));
        }
        match outcome {
            Ok(()) => self.unmade = None,
            Err(_) => _ = close_below(self.file),
        }
        outcome
    }
}

impl Backing for OsFile {
    fn read(&mut self, buffer: &mut [u8], at: u64) -> Result<ReadOutcome, Code> {
        if self.unmade.is_some() {
            buffer.fill(0);
            return Ok(ReadOutcome::Short);
        }
        self.fate.before(self.address(), Operation::Read)?;
        let (size, at) = (length(buffer.len())?, offset(at)?);
        match below!(self.file, xRead, buffer.as_mut_ptr().cast::<c_void>(), size, at) {
            ffi::SQLITE_OK => Ok(ReadOutcome::Whole),
            ffi::SQLITE_IOERR_SHORT_READ => Ok(ReadOutcome::Short),
            other => Err(Code(other)),
        }
    }

    fn write(&mut self, bytes: &[u8], at: u64) -> Result<(), Code> {
        self.make()?;
        self.fate.before(self.address(), Operation::Write(bytes, at))?;
        let (size, at) = (length(bytes.len())?, offset(at)?);
        done(below!(self.file, xWrite, bytes.as_ptr().cast::<c_void>(), size, at))
    }

    fn truncate(&mut self, bytes: u64) -> Result<(), Code> {
        if self.unmade.is_some() {
            return Ok(());
        }
        self.fate.before(self.address(), Operation::Truncate(bytes))?;
        let size = offset(bytes)?;
        done(below!(self.file, xTruncate, size))
    }

    fn sync(&mut self) -> Result<(), Code> {
        if self.unmade.is_some() {
            return Ok(());
        }
        let allowed = self.fate.before(self.address(), Operation::Sync);
        self.fate.synced(allowed.and_then(|()| done(below!(self.file, xSync, ffi::SQLITE_SYNC_FULL))))
    }

    fn size(&mut self) -> Result<u64, Code> {
        if self.unmade.is_some() {
            return Ok(0);
        }
        self.fate.before(self.address(), Operation::Read)?;
        let mut size = 0_i64;
        done(below!(self.file, xFileSize, &raw mut size))?;
        u64::try_from(size).map_err(|_| Code(ffi::SQLITE_IOERR))
    }
}
