//! The tag table of an open vault: read where it is needed, kept in memory, written at each sync of the vault file.
//!
//! **Nothing that counts is overwritten.** A changed list goes to its spare twin, so does the node that names it, and the
//! header copy that names the node goes to the spare copy; one sync makes all of it durable, together with the pages. A
//! power cut before that leaves the durable header, whose nodes and lists are untouched; the pages that were being
//! overwritten are still in the log, and are read from there.
//!
//! **At rest the twins are alike.** When the log is put away, the spares of what this session changed are made copies of
//! the twins that count, so that one bad sector in the table of a closed vault costs nothing.
//!
//! **Memory.** A list is read and authenticated at the first use of one of its pages. At most [`MOST_LISTS`] unchanged
//! ones are kept (8 MiB, enough for 2 GB of pages); changed ones wait for the sync, 4 KiB for each 1 MB of pages that a
//! checkpoint touches. Nodes are few (4 KiB for each 256 MB of the vault) and stay.

use std::collections::BTreeMap;

use super::super::backing::{Backing, Fault, ReadOutcome};
use super::super::damage::Damage;
use super::super::offsets::{self, GROUP_PAGES, NODE_GROUPS, NODES, Twin, UNIT_BYTES};
use super::super::seal::Nonces;
use super::super::tag_table::{List, NO_TAG, Roots, Tag, Tags, unit_tag};
use crate::crypto::Aead;

/// Unchanged lists that are kept in memory; when there are more, all unchanged ones are dropped.
const MOST_LISTS: usize = 2048;

/// What the table reads, writes and seals with.
pub(super) struct Io<'a, B> {
    pub(super) backing: &'a mut B,
    pub(super) key: &'a Aead,
    pub(super) vault_id: [u8; 16],
}

impl<B: Backing> Io<'_, B> {
    /// The list that `tag` names, and the twin that holds it; none where neither does.
    pub(super) fn find(&mut self, list: List, tag: Tag) -> Result<Option<(Tags, Twin)>, Fault> {
        if tag == NO_TAG {
            return Ok(None);
        }
        for twin in Twin::BOTH {
            let mut unit = Box::new([0; UNIT_BYTES]);
            self.backing.read(unit.as_mut_slice(), list.offset(twin))?;
            if unit_tag(&unit) == tag
                && let Ok(tags) = Tags::open(self.key, &list.place(self.vault_id), unit)
            {
                return Ok(Some((tags, twin)));
            }
        }
        Ok(None)
    }

    /// Whether a twin is authentic at its place, whichever of its versions it is.
    pub(super) fn is_authentic(&mut self, list: List, twin: Twin) -> Result<bool, Fault> {
        let mut unit = Box::new([0; UNIT_BYTES]);
        self.backing.read(unit.as_mut_slice(), list.offset(twin))?;
        Ok(Tags::open(self.key, &list.place(self.vault_id), unit).is_ok())
    }

    fn write(&mut self, nonces: &mut Nonces, list: List, tags: &Tags, twin: Twin) -> Result<Tag, Fault> {
        let (unit, tag) = tags.seal(self.key, &list.place(self.vault_id), &nonces.next()?)?;
        self.backing.write(unit.as_slice(), list.offset(twin))?;
        Ok(tag)
    }
}

fn lost(list: List) -> Fault {
    let (first, last) = list.pages();
    Fault::Damage(Damage::Table { first, last })
}

/// A list in memory.
struct Held {
    tags: Tags,
    /// The twin that the durable header leads to; the other may be written.
    at: Twin,
    changed: bool,
}

/// The tag table as the durable header and what was changed since make it.
pub(super) struct Table {
    roots: Roots,
    nodes: Vec<Option<Held>>,
    groups: Vec<Option<Held>>,
    /// How many groups' lists are in memory.
    held: usize,
    changed: bool,
    /// The lists whose spare twins are older than those that count, and the twin that counts.
    unlike: BTreeMap<List, Twin>,
}

impl Table {
    pub(super) fn new(roots: Roots) -> Self {
        Self {
            roots,
            nodes: Vec::new(),
            groups: Vec::new(),
            held: 0,
            changed: false,
            unlike: BTreeMap::new(),
        }
    }

    /// Whether anything waits to be written.
    pub(super) fn is_changed(&self) -> bool {
        self.changed
    }

    fn node<B: Backing>(&mut self, io: &mut Io<'_, B>, node: u32) -> Result<&mut Held, Fault> {
        let list = List::Node(node);
        let index = node as usize;
        let root = *self.roots.get(index).ok_or(lost(list))?;
        if self.nodes.len() <= index {
            self.nodes.resize_with(index + 1, || None);
        }
        let place = self.nodes.get_mut(index).ok_or(lost(list))?;
        if place.is_none() {
            let (tags, at) = io.find(list, root)?.ok_or(lost(list))?;
            *place = Some(Held { tags, at, changed: false });
        }
        place.as_mut().ok_or(lost(list))
    }

    fn group<B: Backing>(&mut self, io: &mut Io<'_, B>, group: u32) -> Result<&mut Held, Fault> {
        let list = List::Group(group);
        let index = group as usize;
        if self.groups.get(index).is_none_or(Option::is_none) {
            let tag = self.node(io, group / NODE_GROUPS)?.tags.get(group % NODE_GROUPS);
            let (tags, at) = io.find(list, tag)?.ok_or(lost(list))?;
            self.hold(group, Held { tags, at, changed: false });
        }
        self.groups.get_mut(index).and_then(Option::as_mut).ok_or(lost(list))
    }

    fn hold(&mut self, group: u32, list: Held) {
        if self.held >= MOST_LISTS {
            for place in &mut self.groups {
                if place.as_ref().is_some_and(|held| !held.changed) {
                    *place = None;
                }
            }
            self.held = self.groups.iter().flatten().count();
        }
        let index = group as usize;
        if self.groups.len() <= index {
            self.groups.resize_with(index + 1, || None);
        }
        if let Some(place) = self.groups.get_mut(index) {
            self.held += usize::from(place.is_none());
            *place = Some(list);
        }
    }

    /// The tag of the page that counts.
    #[inline]
    pub(super) fn tag<B: Backing>(&mut self, io: &mut Io<'_, B>, page: u32) -> Result<Tag, Fault> {
        let group = self.group(io, offsets::group_of(page))?;
        Ok(group.tags.get(page.saturating_sub(1) % GROUP_PAGES))
    }

    /// A page was written: from now on it is the one with this tag.
    pub(super) fn note<B: Backing>(&mut self, io: &mut Io<'_, B>, page: u32, tag: Tag) -> Result<(), Fault> {
        let group = self.group(io, offsets::group_of(page))?;
        group.tags.set(page.saturating_sub(1) % GROUP_PAGES, tag);
        group.changed = true;
        self.changed = true;
        Ok(())
    }

    /// The file grows into a group that the durable header does not count: both its slots are written, empty, so that
    /// every unit of the file is sealed at any time.
    pub(super) fn begin_group<B: Backing>(
        &mut self,
        io: &mut Io<'_, B>,
        nonces: &mut Nonces,
        group: u32,
    ) -> Result<(), Fault> {
        let mut begin = |list: List| -> Result<Held, Fault> {
            let tags = Tags::none();
            for twin in Twin::BOTH {
                io.write(nonces, list, &tags, twin)?;
            }
            Ok(Held { tags, at: Twin::B, changed: true })
        };
        if group.is_multiple_of(NODE_GROUPS) {
            let node = group / NODE_GROUPS;
            if node >= NODES {
                return Err(lost(List::Node(node)));
            }
            let begun = begin(List::Node(node))?;
            let index = node as usize;
            if self.nodes.len() <= index {
                self.nodes.resize_with(index + 1, || None);
            }
            if let Some(place) = self.nodes.get_mut(index) {
                *place = Some(begun);
            }
        }
        let begun = begin(List::Group(group))?;
        self.changed = true;
        self.hold(group, begun);
        Ok(())
    }

    /// Writes every changed list, and every node above one, to its spare twin. Gives the tags that a header must name
    /// for them to count; [`Table::written`] takes them over once that header is durable.
    pub(super) fn write<B: Backing>(
        &mut self,
        io: &mut Io<'_, B>,
        nonces: &mut Nonces,
    ) -> Result<Roots, Fault> {
        for group in (0..).take(self.groups.len()) {
            let Some(Some(held)) = self.groups.get(group as usize) else { continue };
            if !held.changed {
                continue;
            }
            let tag = io.write(nonces, List::Group(group), &held.tags, held.at.other())?;
            let node = self.node(io, group / NODE_GROUPS)?;
            node.tags.set(group % NODE_GROUPS, tag);
            node.changed = true;
        }
        let mut roots = self.roots;
        for ((node, held), root) in (0..).zip(&self.nodes).zip(roots.iter_mut()) {
            if let Some(held) = held.as_ref().filter(|held| held.changed) {
                *root = io.write(nonces, List::Node(node), &held.tags, held.at.other())?;
            }
        }
        Ok(roots)
    }

    /// What [`Table::write`] wrote counts: a durable header names it.
    pub(super) fn written(&mut self, roots: Roots) {
        self.roots = roots;
        self.changed = false;
        let lists = (0..).map(List::Group).zip(&mut self.groups);
        for (list, held) in lists.chain((0..).map(List::Node).zip(&mut self.nodes)) {
            if let Some(held) = held.as_mut().filter(|held| held.changed) {
                held.changed = false;
                held.at = held.at.other();
                self.unlike.insert(list, held.at);
            }
        }
    }

    /// Makes the spares of what was written copies of the twins that count, which are durable by now.
    pub(super) fn mirror<B: Backing>(&mut self, io: &mut Io<'_, B>) -> Result<(), Fault> {
        let mut unit = [0; UNIT_BYTES];
        while let Some((list, twin)) = self.unlike.pop_first() {
            // One that the file was cut before is gone.
            if io.backing.read(&mut unit, list.offset(twin))? == ReadOutcome::Whole
                && io.backing.size()? >= list.offset(Twin::B) + UNIT_BYTES as u64
            {
                io.backing.write(&unit, list.offset(twin.other()))?;
            }
        }
        Ok(())
    }

    /// The twin of a list that counts; none where neither does.
    pub(super) fn twin_of<B: Backing>(
        &mut self,
        io: &mut Io<'_, B>,
        list: List,
    ) -> Result<Option<Twin>, Fault> {
        let held = match list {
            List::Group(group) => self.group(io, group),
            List::Node(node) => self.node(io, node),
        };
        match held {
            Ok(held) => Ok(Some(held.at)),
            Err(Fault::Damage(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }
}

/// Whether everything that `roots` names for the first `pages` pages and `others` does not is in the file.
pub(super) fn is_whole<B: Backing>(
    io: &mut Io<'_, B>,
    roots: &Roots,
    others: &Roots,
    pages: u32,
) -> Result<bool, Fault> {
    each_differing(io, roots, others, pages, &mut |_, _, twin| Ok(twin.is_some()))
}

/// Shows each node and list that `roots` names for the first `pages` pages and `others` does not, with the twin that
/// is it, if one is. Stops, and answers false, where `visit` does.
pub(super) fn each_differing<B: Backing>(
    io: &mut Io<'_, B>,
    roots: &Roots,
    others: &Roots,
    pages: u32,
    visit: &mut dyn FnMut(&mut Io<'_, B>, List, Option<Twin>) -> Result<bool, Fault>,
) -> Result<bool, Fault> {
    let groups = offsets::groups(pages);
    for (node, (root, other)) in (0..offsets::nodes(pages)).zip(roots.iter().zip(others)) {
        if root == other {
            continue;
        }
        let found = io.find(List::Node(node), *root)?;
        if !visit(io, List::Node(node), found.as_ref().map(|(_, twin)| *twin))? {
            return Ok(false);
        }
        let Some((named, _)) = found else { continue };
        let known = io.find(List::Node(node), *other)?.map(|(tags, _)| tags);
        let first = node * NODE_GROUPS;
        for group in first..groups.min(first + NODE_GROUPS) {
            let tag = named.get(group - first);
            if known.as_ref().is_some_and(|known| known.get(group - first) == tag) {
                continue;
            }
            let twin = io.find(List::Group(group), tag)?.map(|(_, twin)| twin);
            if !visit(io, List::Group(group), twin)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
