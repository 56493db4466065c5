//! The vault file: a real SQLite database in which every byte at rest is sealed.
//!
//! [`create`] makes a vault, [`unlock`] finds its key, [`connect`] gives an ordinary [`rusqlite::Connection`] on it,
//! and [`check`] reads all of it. [`found`], [`durable`] and [`closed`] say how far a vault has come, for memory outside it.
//! [`plan_added_slot`] and its companions work out a change of what opens it, which [`change_key_slots`] makes; [`reseal`] and [`replace`] give it a new key. When SQLite reports an I/O error, [`damage`] says whether tampering is behind it.
//! The byte layout is in `docs/vault-format.md`.
//!
//! ```no_run
//! use finvault::crypto::{KdfParams, OsRandom, Passphrase};
//! use finvault::vfs::{self, ConnectOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let path = std::path::Path::new("books.vault");
//! let passphrase = Passphrase::new("correct horse battery staple".to_owned());
//! let created = vfs::create(path, &passphrase, KdfParams::DEFAULT, &OsRandom)?;
//! println!("keep this on paper: {}", *created.recovery_code.reveal());
//! let connection = vfs::connect(path, &created.key, &ConnectOptions::default())?;
//! connection.execute_batch("CREATE TABLE t(a)")?;
//! # Ok(())
//! # }
//! ```
//!
//! # How it is built
//!
//! `ffi` is a shim between SQLite and its own operating-system VFS, and with its folder the only code that leaves safe Rust; it passes every call to
//! `shim`. There a `VaultFile` turns logical pages into sealed units and keeps the header true, and a `WalFile` does
//! the same for the write-ahead log; both work over the small `Backing` trait, and are tested over memory. `header`,
//! `slots`, `seal`, `tag_table`, `wal_frame` and `offsets` are pure: bytes in, values out.
//!
//! # What SQLite does that a sealed file must mind
//!
//! | what bites | what is done | tests |
//! |---|---|---|
//! | SQLite learns page size and reserved bytes from an unlocked read of 100 bytes, before the log is recovered, when page 1 may be torn or missing | that read always gets a made-up header; reads of page 1 itself are strict | `the_first_look_gets_a_made_up_header`, `the_default_vfs_seals_any_database` |
//! | the 40 reserved bytes hold nonce and tag | zeroed on every read of the vault file; in the log all 4096 bytes of a page are kept, nonce and tag lie outside | `zeroed_pages_fail_and_reserved_bytes_read_zero`, `the_log_gives_back_every_byte_in_every_shape` |
//! | device characteristics invite partial reads, atomic and batched writes, memory maps | masked; POWERSAFE_OVERWRITE kept; methods version 1, so neither maps nor shared memory; odd writes refused | `gaps_are_sealed_and_odd_shapes_refused`, `the_pragmas_are_set` |
//! | the log is read and written in pieces: header, frame, page alone, 8 bytes of a checksum, frame header alone | a frame header waits for its page and both go out as one sealed piece; rewritten pieces reseal their frame | `the_log_gives_back_every_byte_in_every_shape`, `rewritten_checksums_keep_the_chain`, `a_big_transaction_spills_and_survives` |
//! | a bad frame in recovery may be a torn tail or damage | frontiers, markers and the header's floor tell them apart | `every_flipped_byte_of_the_log_is_found_or_harmless`, `a_log_cut_short_loses_no_acknowledged_commit_in_silence`, `a_torn_tail_is_not_damage` |
//! | sizes, truncation and size hints are logical | translated; hints are taken and not followed, since room made by the system would be zeroed pages | `gaps_are_sealed_and_odd_shapes_refused`, `vacuum_and_deletes_shrink_the_file` |
//! | journals and temporary files bypass the key | never opened, never visible, never deleted; temporary tables stay in memory; a vault is made in WAL mode, so that the switch (which SQLite makes over a journal) never happens | `a_forged_journal_is_never_read`, `only_the_vault_and_its_log_exist_and_only_for_the_owner` |
//! | closing any descriptor of the vault drops SQLite's POSIX locks | the header is read and written through SQLite's own files; `unlock` opens through the system's VFS, which knows of the locks; the unit under the lock bytes is skipped | `a_second_connection_waits_and_then_names_the_vault`, `nothing_lies_under_the_lock_bytes` |
//! | null names, methods that must be set, a partial checkpoint that does not sync | names are checked, methods set on every path; nothing relies on `CKPT_DONE`: the header moves on when SQLite restarts, cuts or deletes the log, and syncs by itself what it builds on | `a_power_cut_loses_nothing_acknowledged` |
//! | SQLite skips pages when it extends a file | every gap is filled with sealed pages, also after a crash; a page of zeros fails | `gaps_are_sealed_and_odd_shapes_refused`, `a_power_cut_at_a_group_boundary_is_mended` |
//! | an old page is authentic at its place | a table of tags, authenticated from the header down, says which version counts | `an_old_page_is_found`, `an_old_page_with_its_old_list_and_node_is_found` |
//! | a vault is replaced (a backup restored, a new key) while a connection waits for its lock | who gets the lock looks whether the name still leads to the file | `who_waited_for_a_file_that_was_replaced_does_not_write_to_it` |
//! | SQLite frees decrypted pages as they are | its allocator is wrapped, where a program asks for it | `a_closed_vault_leaves_nothing_in_memory` |
//! | a log of another day, put back, rolls the vault back | each life of the log has an id that the header names; none is named after a clean close | `a_stale_log_is_ignored`, `a_missing_or_older_log_is_damage` |
//!
//! What a power cut, a kill, a failing disk or bit rot may do at every moment is tried under real SQLite in `crash_tests`, on
//! the disk that `simulated` describes.

mod backing;
mod check;
mod connect;
#[cfg(test)]
mod crash_tests;
mod create;
mod damage;
mod ffi;
#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod format_tests;
#[cfg(feature = "testing")]
pub mod fuzzing;
mod header;
mod key_slots;
mod keys;
mod methods;
mod offsets;
mod reseal;
mod scratch;
mod seal;
mod seen;
mod shim;
#[cfg(test)]
pub(crate) mod simulated;
mod slot_note;
mod slots;
mod sqlite_pages;
mod sync_fate;
mod tag_table;
mod unlock;
mod vault_file;
mod wal_file;
mod wal_frame;

pub use check::{CheckReport, check};
pub use connect::{ConnectOptions, Synchronous, connect, damage};
pub use create::{Created, create};
pub use damage::{Damage, VfsError};
#[cfg(feature = "testing")]
pub use ffi::finvault_register_default_vfs;
pub use ffi::heap::wipe_freed_memory;
pub use header::VaultId;
pub use key_slots::{
    KeySlot, NewSlot, SlotAction, SlotChange, SlotsDigest, change_key_slots, key_slots, plan_added_slot,
    plan_removed_slot, plan_replaced_slot, slots_digest,
};
pub use offsets::Twin;
pub use reseal::{replace, reseal};
pub(crate) use seen::closed_under;
pub use seen::{Seen, closed, durable, found};
pub use slot_note::SlotNote;
pub use slots::{Secret, SlotKind};
pub use unlock::{Unlocked, check_key, stated_vault_id, unlock};
