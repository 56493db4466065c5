//! SQLite's heap, wiped: what it frees is overwritten first, so that no decrypted page, and no value that stood in
//! one, outlives the connection that read it.
//!
//! SQLite keeps pages and values in memory from its own allocator, wherever that comes from. Here the allocator that it
//! would use is wrapped, for the whole process; it can be exchanged only before SQLite is first used.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::OnceLock;

use rusqlite::ffi;

type Methods = ffi::sqlite3_mem_methods;

/// The functions of the allocator that SQLite had, as far as ours call them.
#[derive(Clone, Copy)]
struct Below {
    malloc: unsafe extern "C" fn(c_int) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    size: unsafe extern "C" fn(*mut c_void) -> c_int,
}

static BELOW: OnceLock<Below> = OnceLock::new();
static DONE: OnceLock<bool> = OnceLock::new();

/// From now on SQLite overwrites what it frees, in all of this process. False when SQLite was used before: then
/// nothing changes.
///
/// For programs, at their very start, before they begin other threads: the allocator belongs to the whole
/// process, and SQLite lets it be exchanged only while nobody uses SQLite. A library should leave it to the
/// program. What it costs is measured by `tests/heap_cost.rs`.
pub fn wipe_freed_memory() -> bool {
    *DONE.get_or_init(exchange)
}

fn exchange() -> bool {
    let mut below = Methods {
        xMalloc: None,
        xFree: None,
        xRealloc: None,
        xSize: None,
        xRoundup: None,
        xInit: None,
        xShutdown: None,
        pAppData: ptr::null_mut(),
    };
    // SAFETY: SQLite fills in the structure that this option documents as its argument.
    let known = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_GETMALLOC, &raw mut below) };
    let (Methods { xMalloc: Some(malloc), xFree: Some(free), xSize: Some(size), .. }, ffi::SQLITE_OK) =
        (below, known)
    else {
        return false;
    };
    if BELOW.set(Below { malloc, free, size }).is_err() {
        return false;
    }
    let mut ours = Methods { xFree: Some(x_free), xRealloc: Some(x_realloc), ..below };
    // SAFETY: SQLite copies the structure, whose functions live for ever; where it was initialised already it answers
    // "misuse" and changes nothing.
    (unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw mut ours) }) == ffi::SQLITE_OK
}

unsafe extern "C" fn x_free(allocation: *mut c_void) {
    let Some(below) = BELOW.get().filter(|_| !allocation.is_null()) else {
        return;
    };
    // SAFETY: SQLite frees what the allocator below gave, once; it has as many bytes as that says, and nobody uses them
    // any more.
    unsafe {
        wipe(allocation.cast(), usize::try_from((below.size)(allocation)).unwrap_or(0));
        (below.free)(allocation);
    }
}

/// Always a new allocation: one that grows or shrinks in the allocator below might leave its bytes behind.
unsafe extern "C" fn x_realloc(allocation: *mut c_void, wanted: c_int) -> *mut c_void {
    let Some(below) = BELOW.get() else {
        return ptr::null_mut();
    };
    // SAFETY: as in `x_free`; the new allocation has at least the bytes that are copied, and the two do not overlap.
    unsafe {
        let made = (below.malloc)(wanted);
        if !made.is_null() {
            let bytes = usize::try_from((below.size)(allocation).min(wanted)).unwrap_or(0);
            ptr::copy_nonoverlapping(allocation.cast::<u8>(), made.cast::<u8>(), bytes);
            x_free(allocation);
        }
        made
    }
}

/// Overwrites with zeros, in a way that the compiler may not leave out.
unsafe fn wipe(at: *mut u8, bytes: usize) {
    // SAFETY: the caller passes an allocation of that many bytes.
    unsafe { ptr::write_bytes(at, 0, bytes) };
    // The allocator that frees them next is a function the compiler cannot look into, and this hides what it is given.
    std::hint::black_box(at);
}
