//! The tag table over memory: growth over groups and nodes, bounded memory, and writes that stop half-way.

use std::collections::BTreeMap;

use super::super::super::backing::{Backing, Code, ReadOutcome};
use super::super::super::offsets::{NODE_PAGES, UNIT_BYTES, file_bytes};
use super::super::super::seal::Unit;
use super::super::super::tag_table::first_units;
use super::*;
use crate::crypto::random::Seeded;
use crate::crypto::{TableKey, VaultKey};

/// A file of which only what was written takes room; writes fail once their number is used up.
#[derive(Clone)]
struct Sparse {
    units: BTreeMap<u64, Unit>,
    writes_left: usize,
}

impl Backing for Sparse {
    fn read(&mut self, buffer: &mut [u8], at: u64) -> Result<ReadOutcome, Code> {
        match self.units.get(&at) {
            Some(unit) => buffer.copy_from_slice(unit),
            None => buffer.fill(0),
        }
        Ok(ReadOutcome::Whole)
    }

    fn write(&mut self, bytes: &[u8], at: u64) -> Result<(), Code> {
        self.writes_left = self.writes_left.checked_sub(1).ok_or(Code(10))?;
        for (unit, at) in bytes.as_chunks::<UNIT_BYTES>().0.iter().zip((at..).step_by(UNIT_BYTES)) {
            self.units.insert(at, *unit);
        }
        Ok(())
    }

    fn truncate(&mut self, _bytes: u64) -> Result<(), Code> {
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Code> {
        Ok(())
    }

    fn size(&mut self) -> Result<u64, Code> {
        Ok(file_bytes(4_000_000))
    }
}

struct Bench {
    file: Sparse,
    key: TableKey,
    nonces: Nonces,
    roots: Roots,
}

impl Bench {
    fn new() -> Self {
        let key = TableKey::derive(&VaultKey::from_bytes([3; 32]));
        let (units, roots) = first_units([1; 16], key.aead(), &[], [[1; 24], [2; 24]]).unwrap();
        let mut file = Sparse { units: BTreeMap::new(), writes_left: usize::MAX };
        file.write(units.as_flattened(), offsets::node_slot(0, Twin::A)).unwrap();
        Self { file, key, nonces: Nonces::from(Box::new(Seeded::new(9))), roots }
    }

    fn with<T>(
        &mut self,
        table: &mut Table,
        work: impl FnOnce(&mut Table, &mut Io<'_, Sparse>, &mut Nonces) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut io = Io { backing: &mut self.file, key: self.key.aead(), vault_id: [1; 16] };
        work(table, &mut io, &mut self.nonces)
    }

    /// Writes what changed and lets it count, as a sync does.
    fn commit(&mut self, table: &mut Table) {
        let roots = self.with(table, Table::write).unwrap();
        table.written(roots);
        self.roots = roots;
    }

    /// What another process reads.
    fn tag_on_disk(&mut self, page: u32) -> Result<Tag, Fault> {
        let mut table = Table::new(self.roots);
        self.with(&mut table, |table, io, _| table.tag(io, page))
    }
}

fn tag(page: u32, version: u8) -> Tag {
    let mut tag = [version; 16];
    tag[..4].copy_from_slice(&page.to_le_bytes());
    tag
}

#[test]
fn tags_are_found_again_over_groups_and_nodes() {
    let mut bench = Bench::new();
    let mut table = Table::new(bench.roots);
    let pages = [1, 250, 251, NODE_PAGES, NODE_PAGES + 1, NODE_PAGES + 251];
    for group in [1, 249, 250, 251] {
        bench.with(&mut table, |table, io, nonces| table.begin_group(io, nonces, group)).unwrap();
    }
    for version in 1..5 {
        for page in pages {
            bench.with(&mut table, |table, io, _| table.note(io, page, tag(page, version))).unwrap();
        }
        bench.commit(&mut table);
        for page in pages {
            assert_eq!(bench.tag_on_disk(page), Ok(tag(page, version)), "page {page}");
        }
        if version == 3 {
            bench.with(&mut table, |table, io, _| table.mirror(io)).unwrap();
            for list in [List::Node(0), List::Node(1), List::Group(0), List::Group(250)] {
                let unit = |twin| bench.file.units.get(&list.offset(twin));
                assert!(unit(Twin::A).is_some() && unit(Twin::A) == unit(Twin::B), "{list:?}");
            }
        }
    }
    // A group that never began, and one behind the last node.
    let lost = bench.tag_on_disk(3 * NODE_PAGES);
    assert_eq!(lost, Err(Fault::Damage(Damage::Table { first: 2 * NODE_PAGES + 1, last: 3 * NODE_PAGES })));
    assert!(bench.tag_on_disk(4_000_001).is_err());
    let beyond = 250 * NODES;
    let refused = bench.with(&mut table, |table, io, nonces| table.begin_group(io, nonces, beyond));
    assert!(refused.is_err());
}

#[test]
fn only_so_many_lists_stay_in_memory() {
    let mut bench = Bench::new();
    let mut table = Table::new(bench.roots);
    let groups = u32::try_from(MOST_LISTS).unwrap() + 100;
    for group in 1..groups {
        bench.with(&mut table, |table, io, nonces| table.begin_group(io, nonces, group)).unwrap();
        let page = group * GROUP_PAGES + 7;
        bench.with(&mut table, |table, io, _| table.note(io, page, tag(page, 1))).unwrap();
    }
    assert!(table.held > MOST_LISTS, "what changed waits for the sync");
    bench.commit(&mut table);
    for group in 1..groups {
        let page = group * GROUP_PAGES + 7;
        assert_eq!(bench.with(&mut table, |table, io, _| table.tag(io, page)), Ok(tag(page, 1)));
    }
    // The next one to come in makes room.
    let mut fresh = Table::new(bench.roots);
    for group in 0..groups {
        bench.with(&mut fresh, |table, io, _| table.tag(io, group * GROUP_PAGES + 7)).unwrap();
        assert!(fresh.held <= MOST_LISTS);
    }
}

/// Whatever write it stops at, what the durable roots lead to is as it was; and a second try comes through.
#[test]
fn a_write_that_stops_half_way_leaves_what_counts() {
    let mut bench = Bench::new();
    let mut table = Table::new(bench.roots);
    for group in [1, 2, 250] {
        bench.with(&mut table, |table, io, nonces| table.begin_group(io, nonces, group)).unwrap();
    }
    let pages = [1, 300, 501, NODE_PAGES + 9];
    for page in pages {
        bench.with(&mut table, |table, io, _| table.note(io, page, tag(page, 1))).unwrap();
    }
    bench.commit(&mut table);
    for version in 2..5_u8 {
        for page in pages {
            bench.with(&mut table, |table, io, _| table.note(io, page, tag(page, version))).unwrap();
        }
        // Four lists and two nodes are written.
        for writes in 0..6 {
            bench.file.writes_left = writes;
            assert!(bench.with(&mut table, Table::write).is_err(), "{writes} writes");
            for page in pages {
                assert_eq!(bench.tag_on_disk(page), Ok(tag(page, version - 1)), "{writes} writes");
            }
        }
        bench.file.writes_left = usize::MAX;
        bench.commit(&mut table);
        for page in pages {
            assert_eq!(bench.tag_on_disk(page), Ok(tag(page, version)));
        }
    }
}

/// After a crash: a header whose lists are not all there is told from one whose are.
#[test]
fn roots_that_lead_nowhere_are_not_whole() {
    let mut bench = Bench::new();
    let mut table = Table::new(bench.roots);
    bench.with(&mut table, |table, io, nonces| table.begin_group(io, nonces, 1)).unwrap();
    for page in [1, 251] {
        bench.with(&mut table, |table, io, _| table.note(io, page, tag(page, 1))).unwrap();
    }
    bench.commit(&mut table);
    let older = bench.roots;
    bench.with(&mut table, |table, io, _| table.note(io, 251, tag(251, 2))).unwrap();
    let newer = bench.with(&mut table, Table::write).unwrap();
    let whole = |bench: &mut Bench, one: &Roots, other: &Roots, pages| {
        let mut io = Io { backing: &mut bench.file, key: bench.key.aead(), vault_id: [1; 16] };
        is_whole(&mut io, one, other, pages).unwrap()
    };
    assert!(whole(&mut bench, &newer, &older, 251) && whole(&mut bench, &older, &newer, 251));
    // The new list never reached the disk: pages of that group hang on it, those before do not.
    let written = |bench: &Bench, list: List, roots_tag: Tag| {
        let slot = Twin::BOTH.into_iter().find(|twin| {
            bench.file.units.get(&list.offset(*twin)).is_some_and(|unit| unit_tag(unit) == roots_tag)
        });
        list.offset(slot.unwrap())
    };
    let node = written(&bench, List::Node(0), newer[0]);
    let list_tag = table.nodes[0].as_ref().unwrap().tags.get(1);
    let list = written(&bench, List::Group(1), list_tag);
    let full = bench.file.clone();
    bench.file.units.get_mut(&list).unwrap()[9] ^= 1;
    assert!(!whole(&mut bench, &newer, &older, 251) && whole(&mut bench, &older, &newer, 251));
    assert!(whole(&mut bench, &newer, &older, 250), "group 1 is not asked about");
    bench.file = full;
    bench.file.units.get_mut(&node).unwrap()[4095] ^= 1;
    assert!(!whole(&mut bench, &newer, &older, 250) && whole(&mut bench, &older, &newer, 251));
}
