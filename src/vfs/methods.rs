//! The table of functions that SQLite calls on our files.

use rusqlite::ffi;

use super::ffi::{
    x_check_reserved_lock, x_close, x_device_characteristics, x_file_control, x_file_size, x_lock, x_read,
    x_sector_size, x_sync, x_truncate, x_unlock, x_write,
};

pub(super) static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
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
