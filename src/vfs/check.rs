//! Reading every unit of a vault file, and saying what is wrong with each.

use rusqlite::Connection;
use zeroize::Zeroizing;

use super::backing::{Backing, Fault};
use super::damage::{Damage, VfsError};
use super::ffi;
use super::offsets::{self, Twin, UNIT_BYTES};
use super::shim;
use super::tag_table::List;
use super::unlock::code_error;
use super::vault_file::VaultFile;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckReport {
    /// Units of 4 KiB that were read: header copies, tag-table slots, pages.
    pub units_read: u64,
    /// Pages of the database.
    pub pages: u32,
    /// Everything that is wrong, in the order of the file.
    pub damage: Vec<Damage>,
}

impl CheckReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.damage.is_empty()
    }
}

/// Authenticates every byte of the vault: both header copies, every slot of the tag table, every page, also those
/// that hold nothing; and compares each page with the tag table. The write-ahead log is folded into the file first. `progress` is told how many units of how
/// many are done.
///
/// # Errors
/// [`VfsError::NotOurs`] for another kind of connection; [`VfsError::Damaged`] when the log itself is damaged;
/// [`VfsError::Busy`] when a statement of this connection is still running; [`VfsError::Io`] when the disk fails.
pub fn check(connection: &Connection, progress: &mut dyn FnMut(u64, u64)) -> Result<CheckReport, VfsError> {
    let vault = ffi::vault_of(connection).ok_or(VfsError::NotOurs)?;
    let path = std::path::PathBuf::from(connection.path().unwrap_or_default());
    let (busy, in_log): (i64, i64) = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(|error| match super::damage(connection) {
            Some(damage) => VfsError::Damaged(damage),
            None => VfsError::Sqlite(error),
        })?;
    if busy != 0 || in_log > 0 {
        return Err(VfsError::Busy { path });
    }
    let mut vault = shim::lock(&vault).map_err(|fault| fault_error(&path, fault))?;
    check_file(&mut vault, progress).map_err(|fault| fault_error(&path, fault))
}

pub(super) fn fault_error(path: &std::path::Path, fault: Fault) -> VfsError {
    match fault {
        Fault::Damage(damage) => VfsError::Damaged(damage),
        other => code_error(path, super::backing::Code(shim::sqlite_code(&other))),
    }
}

pub(super) fn check_file<B: Backing>(
    vault: &mut VaultFile<B>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<CheckReport, Fault> {
    let pages = vault.pages()?;
    let total = offsets::file_bytes(pages) / UNIT_BYTES as u64;
    let mut damage = vault.bad_copies()?;
    let mut done = 2;
    for group in 0..offsets::groups(pages) {
        if group.is_multiple_of(offsets::NODE_GROUPS) {
            check_list(vault, List::Node(group / offsets::NODE_GROUPS), &mut damage)?;
            done += 2;
        }
        check_list(vault, List::Group(group), &mut damage)?;
        done += 2;
        let first = group.saturating_mul(offsets::GROUP_PAGES).saturating_add(1);
        let last = pages.min(first.saturating_add(offsets::GROUP_PAGES - 1));
        for page in first..=last {
            let mut unit = Zeroizing::new([0; UNIT_BYTES]);
            note(vault.read_page(page, &mut unit).map(|_| ()), &mut damage)?;
            done += 1;
        }
        progress(done, total);
    }
    let file_bytes = vault.backing().size()?;
    let expected = offsets::file_bytes(pages);
    if file_bytes > expected {
        damage.push(Damage::TrailingBytes { bytes: file_bytes - expected });
    } else if file_bytes < expected {
        damage.push(Damage::Truncated { found_pages: offsets::pages_in(file_bytes), expected_pages: pages });
    }
    Ok(CheckReport { units_read: done, pages, damage })
}

/// Both twins of a list of tags. One that counts and is not there is found by the reading of the pages, too; it is named
/// here once, and not for each of them.
fn check_list<B: Backing>(
    vault: &mut VaultFile<B>,
    list: List,
    damage: &mut Vec<Damage>,
) -> Result<(), Fault> {
    let mut counts = false;
    for slot in Twin::BOTH {
        let (authentic, is_current) = vault.judge_twin(list, slot)?;
        counts |= is_current;
        if !authentic {
            damage.push(match list {
                List::Group(group) => Damage::TableSlot { group, slot },
                List::Node(node) => Damage::TableNode { node, slot },
            });
        }
    }
    if !counts {
        let (first, last) = list.pages();
        push_once(damage, Damage::Table { first, last });
    }
    Ok(())
}

fn push_once(damage: &mut Vec<Damage>, found: Damage) {
    if !damage.contains(&found) {
        damage.push(found);
    }
}

/// Damage is collected; anything else ends the check.
fn note(outcome: Result<(), Fault>, damage: &mut Vec<Damage>) -> Result<(), Fault> {
    match outcome {
        Err(Fault::Damage(found)) => {
            push_once(damage, found);
            Ok(())
        }
        other => other,
    }
}
