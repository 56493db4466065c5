//! The C boundary, and the only `unsafe` code of the crate: trampolines between SQLite and the sealed files.
//!
//! It registers one VFS, `finvault`, over the operating system's own, and opens files below itself through that VFS
//! only (closing a vault file any other way would drop SQLite's POSIX locks). A key reaches an open through a
//! thread-local [`Opening`]: SQLite opens the main file inside `sqlite3_open_v2`, on the same thread, so no key is
//! ever in a file name. No panic crosses the boundary: each trampoline turns one into an I/O error.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::OnceLock;

use rusqlite::ffi;

use super::backing::{Backing, Code, Fault, ReadOutcome};
use super::shim::{self, SealedFile, SharedVault};

/// The name that our VFS is registered under.
pub(super) const VFS_NAME: &CStr = c"finvault";
/// Our own file-control opcode: hands out the vault file behind a connection.
const FCNTL_VAULT: c_int = 0x46_49_4e;

/// Reads of less than a page (SQLite 3.48), atomic writes of any size and batches: all would bypass sealing.
const IOCAP_MASKED: c_int = 0x0000_8000
    | ffi::SQLITE_IOCAP_ATOMIC
    | ffi::SQLITE_IOCAP_ATOMIC512
    | ffi::SQLITE_IOCAP_ATOMIC1K
    | ffi::SQLITE_IOCAP_ATOMIC2K
    | ffi::SQLITE_IOCAP_ATOMIC4K
    | ffi::SQLITE_IOCAP_ATOMIC8K
    | ffi::SQLITE_IOCAP_ATOMIC16K
    | ffi::SQLITE_IOCAP_ATOMIC32K
    | ffi::SQLITE_IOCAP_ATOMIC64K
    | ffi::SQLITE_IOCAP_BATCH_ATOMIC;

thread_local! {
    /// What the next main file opened on this thread is opened with.
    static OPENING: RefCell<Option<shim::Opening>> = const { RefCell::new(None) };
}

/// Runs `open` with `opening` in place for the main file that it opens.
pub(super) fn with_opening<T>(opening: shim::Opening, open: impl FnOnce() -> T) -> T {
    OPENING.with(|slot| *slot.borrow_mut() = Some(opening));
    let outcome = open();
    OPENING.with(|slot| *slot.borrow_mut() = None);
    outcome
}

/// Our `sqlite3_file`, followed in the same allocation by that of the VFS below.
#[repr(C)]
struct ShimFile {
    base: ffi::sqlite3_file,
    sealed: *mut SealedFile<OsFile>,
}

/// Room for [`ShimFile`], rounded up so that the file below it is aligned for anything.
const SHIM_BYTES: usize = size_of::<ShimFile>().next_multiple_of(16);

/// A file of the operating system's VFS.
pub(super) struct OsFile(*mut ffi::sqlite3_file);

// SAFETY: SQLite serialises all calls on one file, and the lock around the shared vault file does so for ours; the
// files of the operating system's VFS are bound to no thread.
unsafe impl Send for OsFile {}

macro_rules! below {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        let file = $file;
        // SAFETY: `file` was opened by the VFS below and not closed yet, so its methods are valid; the arguments are
        // valid for the lengths passed with them.
        unsafe {
            match (*file).pMethods.as_ref().and_then(|methods| methods.$method) {
                Some(method) => method(file $(, $argument)*),
                None => ffi::SQLITE_IOERR,
            }
        }
    }};
}

fn done(code: c_int) -> Result<(), Code> {
    match code {
        ffi::SQLITE_OK => Ok(()),
        other => Err(Code(other)),
    }
}

fn offset(at: u64) -> Result<i64, Code> {
    i64::try_from(at).map_err(|_| Code(ffi::SQLITE_IOERR))
}

fn length(bytes: usize) -> Result<c_int, Code> {
    c_int::try_from(bytes).map_err(|_| Code(ffi::SQLITE_IOERR))
}

impl Backing for OsFile {
    fn read(&mut self, buffer: &mut [u8], at: u64) -> Result<ReadOutcome, Code> {
        shim::injected_fault()?;
        let (size, at) = (length(buffer.len())?, offset(at)?);
        match below!(self.0, xRead, buffer.as_mut_ptr().cast::<c_void>(), size, at) {
            ffi::SQLITE_OK => Ok(ReadOutcome::Whole),
            ffi::SQLITE_IOERR_SHORT_READ => Ok(ReadOutcome::Short),
            other => Err(Code(other)),
        }
    }

    fn write(&mut self, bytes: &[u8], at: u64) -> Result<(), Code> {
        shim::injected_fault()?;
        let (size, at) = (length(bytes.len())?, offset(at)?);
        done(below!(self.0, xWrite, bytes.as_ptr().cast::<c_void>(), size, at))
    }

    fn truncate(&mut self, bytes: u64) -> Result<(), Code> {
        shim::injected_fault()?;
        let size = offset(bytes)?;
        done(below!(self.0, xTruncate, size))
    }

    fn sync(&mut self) -> Result<(), Code> {
        shim::injected_fault()?;
        done(below!(self.0, xSync, ffi::SQLITE_SYNC_NORMAL))
    }

    fn size(&mut self) -> Result<u64, Code> {
        shim::injected_fault()?;
        let mut size = 0_i64;
        done(below!(self.0, xFileSize, &raw mut size))?;
        u64::try_from(size).map_err(|_| Code(ffi::SQLITE_IOERR))
    }
}

/// The registered VFS and the operating system's below it. Both live as long as the process.
struct Registered {
    ours: *mut ffi::sqlite3_vfs,
    system: *mut ffi::sqlite3_vfs,
}

// SAFETY: both structures are immutable after registration, except for the list link that SQLite guards itself.
unsafe impl Send for Registered {}
// SAFETY: as above.
unsafe impl Sync for Registered {}

static REGISTERED: OnceLock<Option<Registered>> = OnceLock::new();

fn registered() -> Option<&'static Registered> {
    REGISTERED.get_or_init(register_once).as_ref()
}

fn register_once() -> Option<Registered> {
    // SAFETY: a null name asks for the default VFS, which is the operating system's: ours is registered only here.
    let system = unsafe { ffi::sqlite3_vfs_find(ptr::null()) };
    // SAFETY: SQLite's VFS structures live as long as the process.
    let below = unsafe { system.as_ref() }?;
    // Paths, time, randomness and sleep stay the system's own functions, which see its values in our structure.
    let ours = Box::into_raw(Box::new(ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: length(SHIM_BYTES).ok()?.checked_add(below.szOsFile)?,
        pNext: ptr::null_mut(),
        zName: VFS_NAME.as_ptr(),
        xOpen: Some(x_open),
        xDelete: Some(x_delete),
        xAccess: Some(x_access),
        xDlOpen: Some(x_dl_open),
        ..*below
    }));
    // SAFETY: `ours` is complete and is never freed.
    let code = unsafe { ffi::sqlite3_vfs_register(ours, 0) };
    (code == ffi::SQLITE_OK).then_some(Registered { ours, system })
}

/// Registers the VFS, once. False when SQLite refuses.
pub(super) fn register() -> bool {
    registered().is_some()
}

/// Makes ours the process's default VFS.
#[cfg(feature = "testing")]
pub(super) fn make_default() -> bool {
    // SAFETY: registering a registered VFS again only changes its place in SQLite's list.
    registered().is_some_and(|both| unsafe { ffi::sqlite3_vfs_register(both.ours, 1) } == ffi::SQLITE_OK)
}

/// Runs a trampoline's body; a panic becomes an I/O error.
fn guarded(body: impl FnOnce() -> c_int) -> c_int {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(ffi::SQLITE_IOERR)
}

fn code_of(outcome: Result<(), Fault>) -> c_int {
    outcome.map_or_else(|fault| shim::sqlite_code(&fault), |()| ffi::SQLITE_OK)
}

/// Where the file below lies: in the same allocation, behind ours.
fn inner(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: SQLite allocates `szOsFile` bytes, which is SHIM_BYTES more than the file below needs.
    unsafe { file.cast::<u8>().add(SHIM_BYTES).cast() }
}

fn sealed<'a>(file: *mut ffi::sqlite3_file) -> Option<&'a mut SealedFile<OsFile>> {
    // SAFETY: `file` is one that x_open filled in; `sealed` is null or a box that only x_close frees, and SQLite
    // makes one call at a time on a file.
    unsafe { (*file.cast::<ShimFile>()).sealed.as_mut() }
}

fn name_bytes<'a>(name: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: SQLite passes null or a zero-terminated name that outlives the call.
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_bytes())
}

fn system_access(name: *const c_char, flags: c_int) -> Result<bool, Code> {
    let both = registered().ok_or(Code(ffi::SQLITE_ERROR))?;
    let mut answer = 0;
    // SAFETY: the system VFS lives for ever, `name` is zero-terminated, `answer` is writable.
    let code = unsafe {
        match (*both.system).xAccess {
            Some(access) => access(both.system, name, flags, &raw mut answer),
            None => ffi::SQLITE_ERROR,
        }
    };
    done(code).map(|()| answer != 0)
}

fn exists(path: &[u8]) -> Result<bool, Fault> {
    let name = CString::new(path).map_err(|_| Fault::Refused("a file name with a zero byte"))?;
    Ok(system_access(name.as_ptr(), ffi::SQLITE_ACCESS_EXISTS)?)
}

/// Opens a file of the VFS below in `file`, which must have room for it.
fn open_below(name: *const c_char, file: *mut ffi::sqlite3_file, flags: c_int, out: *mut c_int) -> c_int {
    let Some(both) = registered() else {
        return ffi::SQLITE_ERROR;
    };
    // SAFETY: `file` has room for the VFS below, `name` came from SQLite or sqlite3_create_filename, `out` is null
    // or writable.
    unsafe {
        (*file).pMethods = ptr::null();
        match (*both.system).xOpen {
            Some(open) => open(both.system, name, file, flags, out),
            None => ffi::SQLITE_CANTOPEN,
        }
    }
}

fn close_below(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: `file` has room for a file; the VFS below sets pMethods whenever xClose must be called.
    if unsafe { (*file).pMethods.is_null() } {
        return ffi::SQLITE_OK;
    }
    below!(file, xClose)
}

unsafe extern "C" fn x_open(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives room for our whole file; with null methods it will not call xClose if this fails.
    unsafe {
        (*file).pMethods = ptr::null();
        (*file.cast::<ShimFile>()).sealed = ptr::null_mut();
    }
    guarded(|| {
        let outcome = if flags & ffi::SQLITE_OPEN_MAIN_DB != 0 {
            open_main(name, file, flags, out)
        } else if flags & ffi::SQLITE_OPEN_WAL != 0 {
            open_wal(name, file, flags, out)
        } else {
            // Journals, super-journals, temporary files: nothing that this VFS does not seal is ever opened.
            return ffi::SQLITE_CANTOPEN;
        };
        match outcome {
            Ok(opened) => {
                // SAFETY: as above; x_close frees the box.
                unsafe {
                    (*file.cast::<ShimFile>()).sealed = Box::into_raw(Box::new(opened));
                    (*file).pMethods = &raw const METHODS;
                }
                ffi::SQLITE_OK
            }
            Err(fault) => {
                close_below(inner(file));
                shim::sqlite_code(&fault)
            }
        }
    })
}

fn open_main(
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> Result<SealedFile<OsFile>, Fault> {
    let path = name_bytes(name).ok_or(Fault::Refused("a vault without a name"))?;
    let opening = OPENING
        .with(|slot| slot.borrow_mut().take())
        .or_else(shim::default_opening)
        .ok_or(Fault::Refused("a vault without a key"))?;
    done(open_below(name, inner(file), flags, out))?;
    shim::open_main(OsFile(inner(file)), path, opening, flags & ffi::SQLITE_OPEN_CREATE != 0)
}

fn open_wal(
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> Result<SealedFile<OsFile>, Fault> {
    // SAFETY: SQLite documents this call for the name of a WAL file passed to xOpen.
    let main = unsafe { ffi::sqlite3_database_file_object(name) };
    // SAFETY: that file is the pager's, open for as long as its WAL; its methods tell whether it is ours.
    let ours = !main.is_null() && unsafe { (*main).pMethods } == &raw const METHODS;
    let vault = if ours { sealed(main) } else { None }
        .and_then(|sealed| sealed.vault())
        .ok_or(Fault::Refused("a log without its vault"))?;
    done(open_below(name, inner(file), flags, out))?;
    shim::open_wal(OsFile(inner(file)), vault)
}

unsafe extern "C" fn x_delete(_vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync_dir: c_int) -> c_int {
    guarded(|| {
        let (Some(path), Some(both)) = (name_bytes(name), registered()) else {
            return ffi::SQLITE_IOERR_DELETE;
        };
        match shim::before_delete(path) {
            Ok(true) => {}
            Ok(false) => return ffi::SQLITE_OK,
            Err(fault) => return shim::sqlite_code(&fault),
        }
        // SAFETY: the system VFS lives for ever and `name` is zero-terminated.
        unsafe {
            match (*both.system).xDelete {
                Some(delete) => delete(both.system, name, sync_dir),
                None => ffi::SQLITE_IOERR_DELETE,
            }
        }
    })
}

unsafe extern "C" fn x_access(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    answer: *mut c_int,
) -> c_int {
    guarded(|| {
        let visible = name_bytes(name).is_some_and(shim::is_visible);
        let outcome = if visible { system_access(name, flags) } else { Ok(false) };
        // SAFETY: SQLite passes a place for the answer.
        unsafe { *answer = c_int::from(outcome == Ok(true)) };
        outcome.map_or_else(|code| code.0, |_| ffi::SQLITE_OK)
    })
}

/// Extensions are never loaded into a process that holds keys.
unsafe extern "C" fn x_dl_open(_vfs: *mut ffi::sqlite3_vfs, _name: *const c_char) -> *mut c_void {
    ptr::null_mut()
}

unsafe extern "C" fn x_close(file: *mut ffi::sqlite3_file) -> c_int {
    guarded(|| {
        // SAFETY: as in `sealed`; the box is taken once, since the pointer is cleared with it.
        let taken = unsafe { ptr::replace(&raw mut (*file.cast::<ShimFile>()).sealed, ptr::null_mut()) };
        let outcome = if taken.is_null() {
            Ok(())
        } else {
            // SAFETY: x_open made it with Box::into_raw.
            unsafe { Box::from_raw(taken) }.close()
        };
        let below = close_below(inner(file));
        match code_of(outcome) {
            ffi::SQLITE_OK => below,
            other => other,
        }
    })
}

unsafe extern "C" fn x_read(file: *mut ffi::sqlite3_file, to: *mut c_void, amount: c_int, at: i64) -> c_int {
    guarded(|| {
        let (Some(sealed), Ok(amount), Ok(at)) = (sealed(file), usize::try_from(amount), u64::try_from(at))
        else {
            return ffi::SQLITE_IOERR_READ;
        };
        // SAFETY: SQLite passes a buffer of `amount` bytes that nothing else uses during the call.
        let buffer = unsafe { std::slice::from_raw_parts_mut(to.cast::<u8>(), amount) };
        match sealed.read(buffer, at) {
            Ok(ReadOutcome::Whole) => ffi::SQLITE_OK,
            Ok(ReadOutcome::Short) => ffi::SQLITE_IOERR_SHORT_READ,
            Err(fault) => shim::sqlite_code(&fault),
        }
    })
}

unsafe extern "C" fn x_write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    amount: c_int,
    at: i64,
) -> c_int {
    guarded(|| {
        let (Some(sealed), Ok(amount), Ok(at)) = (sealed(file), usize::try_from(amount), u64::try_from(at))
        else {
            return ffi::SQLITE_IOERR_WRITE;
        };
        // SAFETY: SQLite passes a buffer of `amount` bytes that does not change during the call.
        let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), amount) };
        code_of(sealed.write(bytes, at))
    })
}

unsafe extern "C" fn x_truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    guarded(|| match (sealed(file), u64::try_from(size)) {
        (Some(sealed), Ok(size)) => code_of(sealed.truncate(size)),
        _ => ffi::SQLITE_IOERR_TRUNCATE,
    })
}

unsafe extern "C" fn x_sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    guarded(|| sealed(file).map_or(ffi::SQLITE_IOERR_FSYNC, |sealed| code_of(sealed.sync())))
}

unsafe extern "C" fn x_file_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    guarded(|| {
        let outcome = sealed(file).ok_or(Fault::Os(Code(ffi::SQLITE_IOERR_FSTAT))).and_then(SealedFile::size);
        let Some(bytes) = outcome.as_ref().ok().and_then(|bytes| i64::try_from(*bytes).ok()) else {
            return outcome.map_or_else(|fault| shim::sqlite_code(&fault), |_| ffi::SQLITE_IOERR_FSTAT);
        };
        // SAFETY: SQLite passes a place for the size.
        unsafe { *size = bytes };
        ffi::SQLITE_OK
    })
}

unsafe extern "C" fn x_lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    guarded(|| {
        let code = below!(inner(file), xLock, level);
        let Some(sealed) = sealed(file).filter(|_| code == ffi::SQLITE_OK) else {
            return code;
        };
        match sealed.locked(exists) {
            Ok(()) => ffi::SQLITE_OK,
            Err(fault) => {
                below!(inner(file), xUnlock, ffi::SQLITE_LOCK_NONE);
                shim::sqlite_code(&fault)
            }
        }
    })
}

unsafe extern "C" fn x_unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    guarded(|| {
        let settled = match sealed(file) {
            Some(sealed) if level == ffi::SQLITE_LOCK_NONE => code_of(sealed.unlocking()),
            _ => ffi::SQLITE_OK,
        };
        match below!(inner(file), xUnlock, level) {
            ffi::SQLITE_OK => settled,
            other => other,
        }
    })
}

unsafe extern "C" fn x_check_reserved_lock(file: *mut ffi::sqlite3_file, answer: *mut c_int) -> c_int {
    guarded(|| below!(inner(file), xCheckReservedLock, answer))
}

unsafe extern "C" fn x_sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    guarded(|| below!(inner(file), xSectorSize))
}

unsafe extern "C" fn x_device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    // Without POWERSAFE_OVERWRITE SQLite would split frames at sector boundaries, in shapes that cannot be sealed.
    guarded(|| {
        (below!(inner(file), xDeviceCharacteristics) & !IOCAP_MASKED) | ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
    })
}

unsafe extern "C" fn x_file_control(file: *mut ffi::sqlite3_file, op: c_int, argument: *mut c_void) -> c_int {
    guarded(|| match op {
        FCNTL_VAULT => match sealed(file).and_then(|sealed| sealed.vault()) {
            Some(vault) => {
                // SAFETY: only `vault_of` uses this opcode, with a place for the shared pointer.
                unsafe { *argument.cast::<Option<SharedVault<OsFile>>>() = Some(vault) };
                ffi::SQLITE_OK
            }
            None => ffi::SQLITE_NOTFOUND,
        },
        ffi::SQLITE_FCNTL_MMAP_SIZE => {
            // SAFETY: SQLite documents the argument as a 64-bit integer, read and answered in place.
            unsafe { *argument.cast::<i64>() = 0 };
            ffi::SQLITE_OK
        }
        // Room made ahead by the system would be zeroed pages inside our file: the hint is taken and not followed.
        ffi::SQLITE_FCNTL_SIZE_HINT | ffi::SQLITE_FCNTL_CHUNK_SIZE => ffi::SQLITE_OK,
        ffi::SQLITE_FCNTL_LOCKSTATE
        | ffi::SQLITE_FCNTL_LAST_ERRNO
        | ffi::SQLITE_FCNTL_HAS_MOVED
        | ffi::SQLITE_FCNTL_PERSIST_WAL
        | ffi::SQLITE_FCNTL_WIN32_AV_RETRY
        | ffi::SQLITE_FCNTL_LOCK_TIMEOUT => below!(inner(file), xFileControl, op, argument),
        _ => ffi::SQLITE_NOTFOUND,
    })
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // Version 1: neither shared memory (one process at a time) nor memory mapping (it would show sealed bytes).
    iVersion: 1,
    xClose: Some(x_close),
    xRead: Some(x_read),
    xWrite: Some(x_write),
    xTruncate: Some(x_truncate),
    xSync: Some(x_sync),
    xFileSize: Some(x_file_size),
    xLock: Some(x_lock),
    xUnlock: Some(x_unlock),
    xCheckReservedLock: Some(x_check_reserved_lock),
    xFileControl: Some(x_file_control),
    xSectorSize: Some(x_sector_size),
    xDeviceCharacteristics: Some(x_device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

/// The vault file behind a connection, if it is one of ours.
pub(super) fn vault_of(connection: &rusqlite::Connection) -> Option<SharedVault<OsFile>> {
    let mut vault: Option<SharedVault<OsFile>> = None;
    // SAFETY: the handle is open as long as the connection; the opcode is our own, other files answer "not found",
    // and ours fills in the place that is passed.
    unsafe {
        let place = (&raw mut vault).cast();
        ffi::sqlite3_file_control(connection.handle(), c"main".as_ptr(), FCNTL_VAULT, place);
    }
    vault
}

/// Reads the first bytes of an existing file through the VFS below, as everything that touches a vault file must.
/// What the file lacks is zeros.
pub(super) fn read_start(path: &CStr, buffer: &mut [u8]) -> Result<ReadOutcome, Code> {
    let both = registered().ok_or(Code(ffi::SQLITE_ERROR))?;
    // SAFETY: the system VFS lives for ever.
    let bytes = usize::try_from(unsafe { (*both.system).szOsFile }).map_err(|_| Code(ffi::SQLITE_ERROR))?;
    let mut room = vec![0_u128; bytes.div_ceil(size_of::<u128>())];
    let file = room.as_mut_ptr().cast::<ffi::sqlite3_file>();
    // SAFETY: all names are zero-terminated; the result is freed below, after the file is closed.
    let name = unsafe {
        ffi::sqlite3_create_filename(path.as_ptr(), c"".as_ptr(), c"".as_ptr(), 0, ptr::null_mut())
    };
    if name.is_null() {
        return Err(Code(ffi::SQLITE_NOMEM));
    }
    let flags = ffi::SQLITE_OPEN_READONLY | ffi::SQLITE_OPEN_MAIN_DB;
    let outcome =
        done(open_below(name, file, flags, ptr::null_mut())).and_then(|()| OsFile(file).read(buffer, 0));
    close_below(file);
    // SAFETY: made by sqlite3_create_filename and used by nobody any more.
    unsafe { ffi::sqlite3_free_filename(name) };
    outcome
}
