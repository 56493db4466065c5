//! Where each unit of the vault file lies: pure arithmetic, no bytes.
//!
//! The file is a row of 4 KiB units: header copies A and B, then groups of two tag-table slots and 256 pages. The
//! unit at 1 GiB, where SQLite's byte-range locks lie, holds nothing: on Windows a locked byte cannot be read.

/// Bytes of a page, a header copy, a tag-table slot: of every unit in the file.
pub(crate) const UNIT_BYTES: usize = 4096;
const UNIT: u64 = UNIT_BYTES as u64;
/// Pages between two pairs of tag-table slots.
pub(crate) const GROUP_PAGES: u32 = 256;
const HEADER_UNITS: u64 = 2;
const TABLE_SLOTS: u64 = 2;
const GROUP_UNITS: u64 = TABLE_SLOTS + GROUP_PAGES as u64;
/// The unit under SQLite's lock bytes (`PENDING_BYTE`, 0x40000000).
const LOCK_UNIT: u64 = 0x4000_0000 / UNIT;

/// One of the two places of a thing that is kept twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twin {
    /// The first place.
    A,
    /// The second place.
    B,
}

impl Twin {
    pub(crate) const BOTH: [Self; 2] = [Self::A, Self::B];

    pub(crate) fn number(self) -> u32 {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

impl std::fmt::Display for Twin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
        })
    }
}

/// Where the n-th unit lies, skipping the one under the lock bytes.
const fn unit_offset(unit: u64) -> u64 {
    let skipped = if unit >= LOCK_UNIT { 1 } else { 0 };
    (unit + skipped) * UNIT
}

/// Where a header copy lies.
pub(crate) const fn header(copy: Twin) -> u64 {
    match copy {
        Twin::A => 0,
        Twin::B => UNIT,
    }
}

/// The group that a page (counted from 1) belongs to, counted from 0.
pub(crate) const fn group_of(page: u32) -> u32 {
    page.saturating_sub(1) / GROUP_PAGES
}

/// How many groups a vault of so many pages has. An empty vault has its first group's slots already.
pub(crate) const fn groups(pages: u32) -> u32 {
    if pages == 0 { 1 } else { group_of(pages) + 1 }
}

/// Where a slot of a group's tag table lies.
pub(crate) fn table_slot(group: u32, slot: Twin) -> u64 {
    unit_offset(HEADER_UNITS + u64::from(group) * GROUP_UNITS + u64::from(slot.number()))
}

/// Where a page (counted from 1, as SQLite does) lies.
pub(crate) fn page(page: u32) -> u64 {
    unit_offset(page_unit(page))
}

fn page_unit(page: u32) -> u64 {
    let index = u64::from(page.saturating_sub(1));
    let pages = u64::from(GROUP_PAGES);
    HEADER_UNITS + (index / pages) * GROUP_UNITS + TABLE_SLOTS + index % pages
}

/// How long a vault file of so many pages is.
pub(crate) fn file_bytes(pages: u32) -> u64 {
    let last_unit = if pages == 0 { HEADER_UNITS + TABLE_SLOTS - 1 } else { page_unit(pages) };
    unit_offset(last_unit) + UNIT
}

/// How many whole pages a vault file of that length holds; a torn last unit does not count.
pub(crate) fn pages_in(file_bytes: u64) -> u32 {
    let whole = file_bytes / UNIT;
    let units = if whole > LOCK_UNIT { whole - 1 } else { whole };
    let Some(body) = units.checked_sub(HEADER_UNITS) else {
        return 0;
    };
    let in_last = (body % GROUP_UNITS).saturating_sub(TABLE_SLOTS);
    let pages = (body / GROUP_UNITS).saturating_mul(u64::from(GROUP_PAGES)).saturating_add(in_last);
    u32::try_from(pages).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_places_are_as_documented() {
        assert_eq!(header(Twin::A), 0);
        assert_eq!(header(Twin::B), 4096);
        assert_eq!(table_slot(0, Twin::A), 8192);
        assert_eq!(table_slot(0, Twin::B), 12288);
        assert_eq!(page(1), 16384);
        assert_eq!(page(256), 16384 + 255 * 4096);
        assert_eq!(table_slot(1, Twin::A), page(256) + 4096);
        assert_eq!(page(257), page(256) + 3 * 4096);
        assert_eq!(file_bytes(0), 16384);
        assert_eq!(file_bytes(1), 20480);
    }

    #[test]
    fn nothing_lies_under_the_lock_bytes() {
        let lock = 0x4000_0000_u64;
        for number in 260_000..264_000 {
            assert_ne!(page(number), lock);
        }
        assert!((259_000..264_000).any(|number| page(number) == lock + 4096));
    }

    proptest! {
        #[test]
        fn size_and_pages_agree(pages in 0_u32..=0xFFFF_FFFE) {
            prop_assert_eq!(pages_in(file_bytes(pages)), pages);
            prop_assert_eq!(pages_in(file_bytes(pages) + 4095), pages);
            if pages > 0 {
                prop_assert!(pages_in(file_bytes(pages) - 1) < pages);
            }
        }

        #[test]
        fn no_two_units_overlap(first in 1_u32..=0xFFFF_FFFE, second in 1_u32..=0xFFFF_FFFE) {
            prop_assert_eq!(page(first) == page(second), first == second);
            for slot in Twin::BOTH {
                prop_assert_ne!(table_slot(group_of(second), slot), page(first));
            }
            prop_assert!(table_slot(group_of(first), Twin::B) < page(first));
        }

        #[test]
        fn any_length_is_read_without_panic(bytes in any::<u64>()) {
            let pages = pages_in(bytes);
            prop_assert!(pages == 0 || pages == u32::MAX || file_bytes(pages) <= bytes);
        }
    }
}
