//! The C boundary, and with the files below it the only `unsafe` code of the crate: trampolines between SQLite and the sealed files.
//!
//! It registers one VFS, `finvault`, over the operating system's own, and opens files below itself through that VFS
//! only (closing a vault file any other way would drop SQLite's POSIX locks). A key reaches an open through a
//! thread-local [`Opening`]: SQLite opens the main file inside `sqlite3_open_v2`, on the same thread, so no key is
//! ever in a file name. No panic crosses the boundary: each trampoline turns one into an I/O error.
#![allow(unsafe_code)]

use rusqlite::ffi;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::OnceLock;

use super::backing::{Backing, Code, Fault, ReadOutcome, done, length, offset, unsigned};
use super::methods::METHODS;
use super::offsets::UNIT_BYTES;
use super::shim::{self, Operation, SealedFile, SharedVault};
use super::sync_fate::SyncFate;

pub(super) mod heap;
mod os_file;
mod start;

pub(super) use os_file::OsFile;
pub(super) use start::read_start;

type File = ffi::sqlite3_file;
type Vfs = ffi::sqlite3_vfs;
type Opened = Result<SealedFile<OsFile>, Fault>;
/// The name that our VFS is registered under.
pub(super) const VFS_NAME: &CStr = c"finvault";
/// Our own file-control opcode: hands out the vault file behind a connection.
const FCNTL_VAULT: c_int = 0x46_49_4e;
/// Reads of less than a page (SQLite 3.48), atomic writes of any size and in batches: all would bypass sealing.
const IOCAP_MASKED: c_int = 0x8000 | 0x01ff | ffi::SQLITE_IOCAP_BATCH_ATOMIC;

/// Our `sqlite3_file`, followed in the same allocation by that of the VFS below.
#[repr(C)]
struct ShimFile {
    base: ffi::sqlite3_file,
    sealed: *mut SealedFile<OsFile>,
}

/// Room for [`ShimFile`], rounded up so that the file below it is aligned for anything.
const SHIM_BYTES: usize = size_of::<ShimFile>().next_multiple_of(16);

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

use below;

/// Calls a method of the system's VFS.
macro_rules! of_system {
    ($method:ident $(, $argument:expr)*) => {
        system().map_or_else(|code| code.0, |system| {
            // SAFETY: the system's VFS lives as long as the process; names are zero-terminated, files have room for
            // what it keeps in them, places for answers are writable.
            unsafe { (*system).$method.map_or(ffi::SQLITE_ERROR, |method| method(system $(, $argument)*)) }
        })
    };
}

/// The operating system's VFS, found when ours was registered over it.
struct System(*mut Vfs);

// SAFETY: SQLite's VFS structures live as long as the process and do not change, except for the list link that
// SQLite guards itself.
unsafe impl Send for System {}
// SAFETY: as above.
unsafe impl Sync for System {}
static SYSTEM: OnceLock<Option<System>> = OnceLock::new();

/// Registers our VFS, the first time, and gives the one below it.
fn system() -> Result<*mut Vfs, Code> {
    let system = SYSTEM.get_or_init(register_once).as_ref();
    system.map(|system| system.0).ok_or(Code(ffi::SQLITE_ERROR))
}

fn register_once() -> Option<System> {
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
    (code == ffi::SQLITE_OK).then_some(System(system))
}

/// Registers the VFS, once. False when SQLite refuses.
pub(super) fn register() -> bool {
    system().is_ok()
}

/// For benches outside this crate, in any language: makes ours the process's default VFS, and opens (and makes) every
/// database with the 32 bytes at `key`. May be called again, also with another key. Answers an SQLite result code.
///
/// # Safety
/// `key` must point to 32 readable bytes.
#[cfg(feature = "testing")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn finvault_register_default_vfs(key: *const u8) -> c_int {
    guarded(|| {
        if key.is_null() || !register() {
            return ffi::SQLITE_ERROR;
        }
        // SAFETY: the caller promises 32 readable bytes.
        shim::set_default_key(crate::crypto::VaultKey::from_bytes(unsafe { *key.cast::<[u8; 32]>() }));
        // SAFETY: registering a registered VFS again only changes its place in SQLite's list.
        unsafe { ffi::sqlite3_vfs_register(ffi::sqlite3_vfs_find(VFS_NAME.as_ptr()), 1) }
    })
}

/// Runs a trampoline's body; a panic becomes an I/O error.
fn guarded(body: impl FnOnce() -> c_int) -> c_int {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(ffi::SQLITE_IOERR)
}

/// Where the file below lies: in the same allocation, behind ours.
fn inner(file: *mut File) -> *mut File {
    // SAFETY: SQLite allocates `szOsFile` bytes, which is SHIM_BYTES more than the file below needs.
    unsafe { file.cast::<u8>().add(SHIM_BYTES).cast() }
}

fn sealed<'a>(file: *mut File) -> Option<&'a mut SealedFile<OsFile>> {
    // SAFETY: `file` is one that x_open filled in; `sealed` is null or a box that only x_close frees, and SQLite
    // makes one call at a time on a file.
    unsafe { (*file.cast::<ShimFile>()).sealed.as_mut() }
}

fn name_bytes<'a>(name: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: SQLite passes null or a zero-terminated name that outlives the call.
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_bytes())
}

fn system_access(name: *const c_char, flags: c_int) -> Result<bool, Code> {
    let mut answer = 0;
    done(of_system!(xAccess, name, flags, &raw mut answer)).map(|()| answer != 0)
}

fn exists(path: &[u8]) -> Result<bool, Fault> {
    let name = CString::new(path).map_err(|_| Fault::Refused("a file name with a zero byte"))?;
    Ok(system_access(name.as_ptr(), ffi::SQLITE_ACCESS_EXISTS)?)
}

/// Opens a file of the VFS below in `file`, which must have room for it.
fn open_below(name: *const c_char, file: *mut File, flags: c_int, out: *mut c_int) -> c_int {
    // SAFETY: there is room for the structure, by the rule above.
    unsafe { (*file).pMethods = ptr::null() };
    of_system!(xOpen, name, file, flags, out)
}

fn close_below(file: *mut File) -> c_int {
    // SAFETY: `file` has room for a file; the VFS below sets pMethods whenever xClose must be called.
    if unsafe { (*file).pMethods.is_null() } {
        return ffi::SQLITE_OK;
    }
    let code = below!(file, xClose);
    // SAFETY: as above; a file that is closed is never closed again.
    unsafe { (*file).pMethods = ptr::null() };
    code
}

/// Opens vaults and their logs. Journals, super-journals, temporary files: what is not sealed is never opened.
unsafe extern "C" fn x_open(
    _vfs: *mut Vfs,
    name: *const c_char,
    file: *mut File,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives room for our whole file; with null methods it will not call xClose if this fails.
    unsafe {
        (*file).pMethods = ptr::null();
        (*inner(file)).pMethods = ptr::null();
        (*file.cast::<ShimFile>()).sealed = ptr::null_mut();
    }
    guarded(|| {
        let outcome = if flags & ffi::SQLITE_OPEN_MAIN_DB != 0 {
            open_main(name, file, flags, out)
        } else if flags & ffi::SQLITE_OPEN_WAL != 0 {
            open_wal(name, file, flags, out)
        } else {
            return ffi::SQLITE_CANTOPEN;
        };
        let opened = match outcome {
            Ok(opened) => Box::into_raw(Box::new(opened)),
            Err(fault) => {
                close_below(inner(file));
                return shim::sqlite_code(&fault);
            }
        };
        // SAFETY: as above; x_close frees the box.
        unsafe {
            (*file.cast::<ShimFile>()).sealed = opened;
            (*file).pMethods = &raw const METHODS;
        }
        ffi::SQLITE_OK
    })
}

fn open_main(name: *const c_char, file: *mut File, flags: c_int, out: *mut c_int) -> Opened {
    let path = name_bytes(name).ok_or(Fault::Refused("a vault without a name"))?;
    let opening = shim::take_opening()?;
    done(open_below(name, inner(file), flags, out))?;
    shim::open_main(OsFile::open(inner(file)), path, opening, flags & ffi::SQLITE_OPEN_CREATE != 0)
}

fn open_wal(name: *const c_char, file: *mut File, flags: c_int, out: *mut c_int) -> Opened {
    // SAFETY: SQLite documents this call for the name of a WAL file passed to xOpen.
    let main = unsafe { ffi::sqlite3_database_file_object(name) };
    // SAFETY: that file is the pager's, open for as long as its WAL; its methods tell whether it is ours.
    let ours = !main.is_null() && unsafe { (*main).pMethods } == &raw const METHODS;
    let vault = if ours { sealed(main) } else { None }
        .and_then(|sealed| sealed.vault())
        .ok_or(Fault::Refused("a log without its vault"))?;
    let log = OsFile::log(inner(file), shim::lock(&vault)?.backing(), name, flags);
    // SAFETY: SQLite passes null or a place for how the file was opened: it will be so, or not at all.
    if let Some(out) = unsafe { out.as_mut() } {
        *out = flags;
    }
    shim::open_wal(log, vault)
}

unsafe extern "C" fn x_delete(_vfs: *mut Vfs, name: *const c_char, sync_dir: c_int) -> c_int {
    guarded(|| match name_bytes(name).map(|name| shim::before_delete(name, exists)) {
        Some(Ok(true)) => of_system!(xDelete, name, sync_dir),
        Some(Ok(false)) => ffi::SQLITE_OK,
        Some(Err(fault)) => shim::sqlite_code(&fault),
        None => ffi::SQLITE_IOERR_DELETE,
    })
}

unsafe extern "C" fn x_access(
    _vfs: *mut Vfs,
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
unsafe extern "C" fn x_dl_open(_vfs: *mut Vfs, _name: *const c_char) -> *mut c_void {
    ptr::null_mut()
}

pub(super) unsafe extern "C" fn x_close(file: *mut File) -> c_int {
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
        match shim::code_of(outcome) {
            ffi::SQLITE_OK => below,
            other => other,
        }
    })
}

/// Runs an operation of a sealed file; `failed` answers for one that x_open did not make.
fn on_sealed(
    file: *mut File,
    failed: c_int,
    operation: impl FnOnce(&mut SealedFile<OsFile>) -> Result<c_int, Fault>,
) -> c_int {
    guarded(|| match sealed(file).map(operation) {
        Some(outcome) => outcome.unwrap_or_else(|fault| shim::sqlite_code(&fault)),
        None => failed,
    })
}

pub(super) unsafe extern "C" fn x_read(file: *mut File, to: *mut c_void, amount: c_int, at: i64) -> c_int {
    on_sealed(file, ffi::SQLITE_IOERR_READ, |sealed| {
        let length = unsigned(amount.into())? as usize;
        // SAFETY: SQLite passes a buffer of `amount` bytes that nothing else uses during the call.
        let buffer = unsafe { std::slice::from_raw_parts_mut(to.cast::<u8>(), length) };
        Ok(match sealed.read(buffer, unsigned(at)?)? {
            ReadOutcome::Whole => ffi::SQLITE_OK,
            ReadOutcome::Short => ffi::SQLITE_IOERR_SHORT_READ,
        })
    })
}

pub(super) unsafe extern "C" fn x_write(
    file: *mut File,
    from: *const c_void,
    amount: c_int,
    at: i64,
) -> c_int {
    on_sealed(file, ffi::SQLITE_IOERR_WRITE, |sealed| {
        let length = unsigned(amount.into())? as usize;
        // SAFETY: SQLite passes a buffer of `amount` bytes that does not change during the call.
        let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), length) };
        sealed.write(bytes, unsigned(at)?).map(|()| ffi::SQLITE_OK)
    })
}

pub(super) unsafe extern "C" fn x_truncate(file: *mut File, size: i64) -> c_int {
    on_sealed(file, ffi::SQLITE_IOERR_TRUNCATE, |sealed| {
        sealed.truncate(unsigned(size)?).map(|()| ffi::SQLITE_OK)
    })
}

pub(super) unsafe extern "C" fn x_sync(file: *mut File, _flags: c_int) -> c_int {
    on_sealed(file, ffi::SQLITE_IOERR_FSYNC, |sealed| sealed.sync().map(|()| ffi::SQLITE_OK))
}

pub(super) unsafe extern "C" fn x_file_size(file: *mut File, size: *mut i64) -> c_int {
    on_sealed(file, ffi::SQLITE_IOERR_FSTAT, |sealed| {
        let bytes = offset(sealed.size()?)?;
        // SAFETY: SQLite passes a place for the size.
        unsafe { *size = bytes };
        Ok(ffi::SQLITE_OK)
    })
}

/// Whether there is a file below yet: see [`OsFile`].
fn is_open_below(file: *mut File) -> bool {
    // SAFETY: x_open cleared this pointer, and the VFS below sets it when it opens the file.
    !unsafe { (*inner(file)).pMethods }.is_null()
}

/// Whether the name of an open file leads to another file by now, or to none.
fn has_moved(file: *mut File) -> bool {
    let mut moved: c_int = 0;
    let code = below!(file, xFileControl, ffi::SQLITE_FCNTL_HAS_MOVED, (&raw mut moved).cast::<c_void>());
    code == ffi::SQLITE_OK && moved != 0
}

pub(super) unsafe extern "C" fn x_lock(file: *mut File, level: c_int) -> c_int {
    guarded(|| {
        let code = below!(inner(file), xLock, level);
        // Who waited for the lock may hold a file that was replaced meanwhile: what is written there would be lost.
        if code == ffi::SQLITE_OK && level == ffi::SQLITE_LOCK_SHARED && has_moved(inner(file)) {
            below!(inner(file), xUnlock, ffi::SQLITE_LOCK_NONE);
            return ffi::SQLITE_BUSY;
        }
        // Two that share the lock would each wait for the other to let go: who comes in takes all of it.
        if code == ffi::SQLITE_OK && level == ffi::SQLITE_LOCK_SHARED {
            let whole = below!(inner(file), xLock, ffi::SQLITE_LOCK_EXCLUSIVE);
            if whole & 0xff == ffi::SQLITE_BUSY {
                below!(inner(file), xUnlock, ffi::SQLITE_LOCK_NONE);
                return whole;
            }
        }
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

pub(super) unsafe extern "C" fn x_unlock(file: *mut File, level: c_int) -> c_int {
    guarded(|| {
        let settled = match sealed(file) {
            Some(sealed) if level == ffi::SQLITE_LOCK_NONE => shim::code_of(sealed.unlocking()),
            _ => ffi::SQLITE_OK,
        };
        match below!(inner(file), xUnlock, level) {
            ffi::SQLITE_OK => settled,
            other => other,
        }
    })
}

pub(super) unsafe extern "C" fn x_check_reserved_lock(file: *mut File, answer: *mut c_int) -> c_int {
    guarded(|| below!(inner(file), xCheckReservedLock, answer))
}

pub(super) unsafe extern "C" fn x_sector_size(file: *mut File) -> c_int {
    guarded(|| if is_open_below(file) { below!(inner(file), xSectorSize) } else { UNIT_BYTES as c_int })
}

pub(super) unsafe extern "C" fn x_device_characteristics(file: *mut File) -> c_int {
    // Without POWERSAFE_OVERWRITE SQLite would split frames at sector boundaries, in shapes that cannot be sealed.
    guarded(|| {
        let below = if is_open_below(file) { below!(inner(file), xDeviceCharacteristics) } else { 0 };
        (below & !IOCAP_MASKED) | ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
    })
}

pub(super) unsafe extern "C" fn x_file_control(file: *mut File, op: c_int, argument: *mut c_void) -> c_int {
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
        _ if !is_open_below(file) => ffi::SQLITE_NOTFOUND,
        ffi::SQLITE_FCNTL_LOCKSTATE
        | ffi::SQLITE_FCNTL_LAST_ERRNO
        | ffi::SQLITE_FCNTL_HAS_MOVED
        | ffi::SQLITE_FCNTL_PERSIST_WAL
        | ffi::SQLITE_FCNTL_WIN32_AV_RETRY
        | ffi::SQLITE_FCNTL_LOCK_TIMEOUT => below!(inner(file), xFileControl, op, argument),
        _ => ffi::SQLITE_NOTFOUND,
    })
}

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
