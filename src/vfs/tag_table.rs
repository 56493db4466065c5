//! The tag table's byte layout, pure: lists of tags, each sealed in a unit, in a tree of two levels below the header.
//!
//! Every sealed unit ends in its tag, and every sealing of a unit gives it another one. So a list of tags says which
//! of all the versions of its units that were ever written is the one that counts. Each group of pages has a list of
//! their tags, each 250 groups have a *node* with the tags of their lists, and the header, which is authenticated,
//! has the tags of the nodes. Lists and nodes are kept twice; which of the twins counts is said by the tag that
//! the level above names. An old page is an impostor under its list, an old page with its old list under its node, and
//! so on up to the header.

use super::offsets::{self, GROUP_PAGES, NODES, Twin};
use super::seal::{self, Place, Role, Unit};
use crate::crypto::{Aead, NONCE_BYTES, SealError, TAG_BYTES, Unauthentic};

/// The tag at the end of a sealed unit.
pub(crate) type Tag = [u8; TAG_BYTES];

/// The tags of the nodes, as the header holds them.
pub(crate) type Roots = [Tag; NODES as usize];

/// No unit: a tag that was never given.
pub(crate) const NO_TAG: Tag = [0; TAG_BYTES];

/// What a list of tags is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum List {
    /// The pages of a group, counted from 0.
    Group(u32),
    /// The lists of 250 groups: the node's number, counted from 0.
    Node(u32),
}

impl List {
    /// Where it is sealed: the same for both twins, so that one can be a copy of the other.
    pub(crate) fn place(self, vault_id: [u8; 16]) -> Place {
        let (role, position) = match self {
            Self::Group(group) => (Role::TableSlot, group),
            Self::Node(node) => (Role::TableNode, node),
        };
        Place { vault_id, role, twin: 0, position: u64::from(position), wal_id: [0; 16] }
    }

    /// Where one of its twins lies in the file.
    pub(crate) fn offset(self, twin: Twin) -> u64 {
        match self {
            Self::Group(group) => offsets::table_slot(group, twin),
            Self::Node(node) => offsets::node_slot(node, twin),
        }
    }

    /// The first and the last page that cannot be judged without it.
    pub(crate) fn pages(self) -> (u32, u32) {
        let (number, pages) = match self {
            Self::Group(group) => (group, GROUP_PAGES),
            Self::Node(node) => (node, offsets::NODE_PAGES),
        };
        let before = number.saturating_mul(pages);
        (before.saturating_add(1), before.saturating_add(pages))
    }
}

/// A list of 250 tags: 16 bytes each, in order, and zeros behind. What stands at places past the vault's last page
/// means nothing.
#[derive(Clone)]
pub(crate) struct Tags(Box<Unit>);

impl Tags {
    /// A list that names nothing.
    pub(crate) fn none() -> Self {
        Self(Box::new([0; offsets::UNIT_BYTES]))
    }

    /// The tag at a place.
    pub(crate) fn get(&self, index: u32) -> Tag {
        let at = index as usize * TAG_BYTES;
        self.0.get(at..at + TAG_BYTES).and_then(|tag| tag.try_into().ok()).unwrap_or(NO_TAG)
    }

    /// Names another unit at a place.
    pub(crate) fn set(&mut self, index: u32, tag: Tag) {
        let at = index as usize * TAG_BYTES;
        if let Some(to) = self.0.get_mut(at..at + TAG_BYTES) {
            to.copy_from_slice(&tag);
        }
    }

    /// The list's bytes in the file, and the tag that names them.
    pub(crate) fn seal(
        &self,
        key: &Aead,
        place: &Place,
        nonce: &[u8; NONCE_BYTES],
    ) -> Result<(Box<Unit>, Tag), SealError> {
        let mut unit = self.0.clone();
        seal::seal_unit(key, place, nonce, &mut unit)?;
        let tag = unit_tag(&unit);
        Ok((unit, tag))
    }

    /// Reads a list from its bytes in the file.
    pub(crate) fn open(key: &Aead, place: &Place, mut unit: Box<Unit>) -> Result<Self, Unauthentic> {
        seal::open_unit(key, place, &mut unit)?;
        Ok(Self(unit))
    }
}

/// The tag that a sealed unit ends in.
pub(crate) fn unit_tag(unit: &Unit) -> Tag {
    let at = offsets::UNIT_BYTES - TAG_BYTES;
    unit.get(at..).and_then(|tag| tag.try_into().ok()).unwrap_or(NO_TAG)
}

/// What the table of a new vault begins with: node and list, both twins of each, as they follow one another in the
/// file; and the header's tags. `pages` are the tags of the pages that the vault begins with.
pub(crate) fn first_units(
    vault_id: [u8; 16],
    key: &Aead,
    pages: &[Tag],
    nonces: [[u8; NONCE_BYTES]; 2],
) -> Result<(Vec<Unit>, Roots), SealError> {
    let (mut group, mut node) = (Tags::none(), Tags::none());
    for (index, tag) in (0..).zip(pages) {
        group.set(index, *tag);
    }
    let [first, second] = &nonces;
    let (group, tag) = group.seal(key, &List::Group(0).place(vault_id), first)?;
    node.set(0, tag);
    let (node, tag) = node.seal(key, &List::Node(0).place(vault_id), second)?;
    let mut roots = [NO_TAG; NODES as usize];
    if let Some(root) = roots.first_mut() {
        *root = tag;
    }
    Ok((vec![*node, *node, *group, *group], roots))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{TableKey, VaultKey};
    use proptest::prelude::*;

    #[test]
    fn a_list_opens_at_its_place_alone() {
        let key = TableKey::derive(&VaultKey::from_bytes([7; 32]));
        let mut tags = Tags::none();
        tags.set(0, [1; 16]);
        tags.set(249, [2; 16]);
        let place = List::Group(3).place([9; 16]);
        let (unit, tag) = tags.seal(key.aead(), &place, &[4; 24]).unwrap();
        assert_eq!(unit_tag(&unit), tag);
        let opened = Tags::open(key.aead(), &place, unit.clone()).unwrap();
        assert_eq!((opened.get(0), opened.get(1), opened.get(249)), ([1; 16], NO_TAG, [2; 16]));
        for other in
            [List::Group(4).place([9; 16]), List::Node(3).place([9; 16]), List::Group(3).place([8; 16])]
        {
            assert!(Tags::open(key.aead(), &other, unit.clone()).is_err());
        }
    }

    #[test]
    fn a_list_says_which_pages_hang_on_it() {
        assert_eq!(List::Group(0).pages(), (1, 250));
        assert_eq!(List::Group(251).pages(), (62_751, 63_000));
        assert_eq!(List::Node(1).pages(), (62_501, 125_000));
        assert_eq!(List::Node(u32::MAX).pages(), (u32::MAX, u32::MAX));
    }

    proptest! {
        #[test]
        fn places_outside_a_list_change_nothing(index in 0_u32..1000, tag: [u8; 16]) {
            let mut tags = Tags::none();
            tags.set(index, tag);
            prop_assert_eq!(tags.get(index), if index < 256 { tag } else { NO_TAG });
        }
    }
}
