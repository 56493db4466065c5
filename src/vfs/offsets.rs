//! Where each unit of the vault file lies: pure arithmetic, no bytes.
//!
//! The file is a row of 4 KiB units: header copies A and B, then nodes. A node is its own two slots, then 250 groups; a
//! group is its two tag-table slots, then 250 pages. The unit at 1 GiB, where SQLite's byte-range locks lie, holds
//! nothing: on Windows a locked byte cannot be read.

/// Bytes of a page, a header copy, a tag-table slot: of every unit in the file.
pub(crate) const UNIT_BYTES: usize = 4096;
const UNIT: u64 = UNIT_BYTES as u64;
/// Pages of a group: as many tags of 16 bytes as a sealed unit has room for, in round numbers.
pub(crate) const GROUP_PAGES: u32 = 250;
/// Groups of a node.
pub(crate) const NODE_GROUPS: u32 = 250;
/// Pages of a node.
pub(crate) const NODE_PAGES: u32 = GROUP_PAGES * NODE_GROUPS;
/// Nodes that the header has room for.
pub(crate) const NODES: u32 = 64;
/// Pages that a vault can have: 4,000,000, which is 15 GiB.
pub(crate) const MOST_PAGES: u32 = NODES * NODE_PAGES;
const HEADER_UNITS: u64 = 2;
const TABLE_SLOTS: u64 = 2;
const GROUP_UNITS: u64 = TABLE_SLOTS + GROUP_PAGES as u64;
const NODE_UNITS: u64 = TABLE_SLOTS + NODE_GROUPS as u64 * GROUP_UNITS;
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

/// How many nodes a vault of so many pages has.
pub(crate) const fn nodes(pages: u32) -> u32 {
    (groups(pages) - 1) / NODE_GROUPS + 1
}

fn node_unit(node: u32) -> u64 {
    HEADER_UNITS + u64::from(node) * NODE_UNITS
}

/// Where a slot of a node lies.
pub(crate) fn node_slot(node: u32, slot: Twin) -> u64 {
    unit_offset(node_unit(node) + u64::from(slot.number()))
}

fn group_unit(group: u32) -> u64 {
    node_unit(group / NODE_GROUPS) + TABLE_SLOTS + u64::from(group % NODE_GROUPS) * GROUP_UNITS
}

/// Where a slot of a group's tag table lies.
pub(crate) fn table_slot(group: u32, slot: Twin) -> u64 {
    unit_offset(group_unit(group) + u64::from(slot.number()))
}

/// Where a page (counted from 1, as SQLite does) lies.
pub(crate) fn page(page: u32) -> u64 {
    unit_offset(page_unit(page))
}

fn page_unit(page: u32) -> u64 {
    group_unit(group_of(page)) + TABLE_SLOTS + u64::from(page.saturating_sub(1) % GROUP_PAGES)
}

/// How long a vault file of so many pages is.
pub(crate) fn file_bytes(pages: u32) -> u64 {
    let last_unit = if pages == 0 { group_unit(0) + TABLE_SLOTS - 1 } else { page_unit(pages) };
    unit_offset(last_unit) + UNIT
}

/// How many whole pages a vault file of that length holds; a torn last unit does not count.
pub(crate) fn pages_in(file_bytes: u64) -> u32 {
    let whole = file_bytes / UNIT;
    let units = if whole > LOCK_UNIT { whole - 1 } else { whole };
    let Some(body) = units.checked_sub(HEADER_UNITS) else {
        return 0;
    };
    let in_node = (body % NODE_UNITS).saturating_sub(TABLE_SLOTS);
    let in_group = (in_node % GROUP_UNITS).saturating_sub(TABLE_SLOTS);
    let pages = (body / NODE_UNITS)
        .saturating_mul(u64::from(NODE_PAGES))
        .saturating_add(in_node / GROUP_UNITS * u64::from(GROUP_PAGES))
        .saturating_add(in_group);
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
        assert_eq!(node_slot(0, Twin::A), 8192);
        assert_eq!(node_slot(0, Twin::B), 12288);
        assert_eq!(table_slot(0, Twin::A), 16384);
        assert_eq!(table_slot(0, Twin::B), 20480);
        assert_eq!(page(1), 24576);
        assert_eq!(page(250), 24576 + 249 * 4096);
        assert_eq!(table_slot(1, Twin::A), page(250) + 4096);
        assert_eq!(page(251), page(250) + 3 * 4096);
        assert_eq!(node_slot(1, Twin::A), page(62_500) + 4096);
        assert_eq!(page(62_501), page(62_500) + 5 * 4096);
        assert_eq!(file_bytes(0), 24576);
        assert_eq!(file_bytes(1), 28672);
        assert_eq!((nodes(0), nodes(62_500), nodes(62_501)), (1, 1, 2));
        assert_eq!(nodes(MOST_PAGES), NODES);
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
                prop_assert_ne!(node_slot(group_of(second) / NODE_GROUPS, slot), page(first));
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
