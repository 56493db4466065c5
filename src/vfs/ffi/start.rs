//! The first look at a vault, before any key is known.

use super::{
    Backing, CStr, Code, File, OsFile, ReadOutcome, close_below, done, ffi, open_below, ptr, system,
};

/// Reads the first bytes of an existing file through the VFS below, as everything that touches a vault file must.
/// What the file lacks is zeros.
pub(in crate::vfs) fn read_start(path: &CStr, buffer: &mut [u8]) -> Result<ReadOutcome, Code> {
    let system = system()?;
    // SAFETY: the system VFS lives for ever.
    let bytes = usize::try_from(unsafe { (*system).szOsFile }).map_err(|_| Code(ffi::SQLITE_ERROR))?;
    let mut room = vec![0_u128; bytes.div_ceil(size_of::<u128>())];
    let file = room.as_mut_ptr().cast::<File>();
    // SAFETY: all names are zero-terminated; the result is freed below, after the file is closed.
    let name = unsafe {
        ffi::sqlite3_create_filename(path.as_ptr(), c"".as_ptr(), c"".as_ptr(), 0, ptr::null_mut())
    };
    if name.is_null() {
        return Err(Code(ffi::SQLITE_NOMEM));
    }
    let flags = ffi::SQLITE_OPEN_READONLY | ffi::SQLITE_OPEN_MAIN_DB;
    let outcome = done(open_below(name, file, flags, ptr::null_mut()))
        .and_then(|()| OsFile::open(file).read(buffer, 0));
    close_below(file);
    // SAFETY: made by sqlite3_create_filename and used by nobody any more.
    unsafe { ffi::sqlite3_free_filename(name) };
    outcome
}
