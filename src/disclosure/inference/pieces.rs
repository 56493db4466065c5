//! The groups that are looked at beside single atoms: parts of one transaction together, and unions of pieces.
//!
//! A piece is an atom, some of the parts of one split transaction, or all atoms that no figure tells apart (they differ
//! then by the transactions alone that their parts are of). A group is one piece, or two or three that have no
//! transaction in common; it is determined where the entries of its pieces in the null vector add up to zero.

use super::field::{add, neg};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Unions of three pieces are looked for in connected figures with at most so many small pieces.
pub const MAX_FOR_TRIPLES: usize = 3_000;
/// Any parts of one transaction are looked at together where they lie in at most so many atoms.
pub const MAX_PARTS_COMBINED: usize = 8;

/// An atom whose sum is not known by itself, as the search for groups sees it.
pub(super) struct Secret {
    /// Its place among the atoms.
    pub(super) atom: usize,
    /// How many transactions it has.
    pub(super) rows: u64,
    /// Its entry in the null vector.
    pub(super) entry: u64,
    /// Whether it has an anchor in it.
    pub(super) anchored: bool,
    /// The split transaction that it is or has parts of.
    pub(super) split: Option<i64>,
    /// Whether it is that transaction as a whole.
    pub(super) is_whole: bool,
    /// What the figures that it lies in have in common, the same for atoms that no figure tells apart; none where
    /// it lies in no figure.
    pub(super) class: Option<usize>,
}

/// The atoms of all parts of each split transaction, ascending, with the atom of the transaction itself, which stands for
/// them; by the first of them.
pub(super) struct Versions<'a>(HashMap<usize, Vec<VersionAtoms<'a>>>);

/// All parts of a transaction, and the transaction itself, as atoms.
type VersionAtoms<'a> = (&'a [usize], Option<usize>);

impl<'a> Versions<'a> {
    pub(super) fn new(versions: impl Iterator<Item = (&'a [usize], Option<usize>)>) -> Self {
        let mut by_first: HashMap<usize, Vec<VersionAtoms<'_>>> = HashMap::new();
        for (parts, whole) in versions {
            if let Some(first) = parts.first() {
                by_first.entry(*first).or_default().push((parts, whole));
            }
        }
        Self(by_first)
    }

    /// Those of which all parts are among these atoms.
    fn within(&self, atoms: &[usize]) -> impl Iterator<Item = (&'a [usize], Option<usize>)> {
        let found = atoms.iter().filter_map(|atom| self.0.get(atom)).flatten();
        found.copied().filter(|(parts, _)| parts.iter().all(|part| atoms.contains(part)))
    }
}

/// Atoms of a piece, ascending; of a million pieces nearly all are one.
enum Atoms {
    One(usize),
    Several(Vec<usize>),
}

impl Atoms {
    fn as_slice(&self) -> &[usize] {
        match self {
            Self::One(atom) => std::slice::from_ref(atom),
            Self::Several(atoms) => atoms,
        }
    }
}

/// Atoms taken together.
struct Piece {
    atoms: Atoms,
    rows: u64,
    entry: u64,
    anchored: bool,
    /// The split transactions in it.
    split: Vec<i64>,
}

impl Piece {
    fn of_one(secret: &Secret) -> Self {
        Self {
            atoms: Atoms::One(secret.atom),
            rows: secret.split.map_or(secret.rows, |_| 1),
            entry: secret.entry,
            anchored: secret.anchored,
            split: secret.split.into_iter().collect(),
        }
    }

    fn of(secrets: &[&Secret]) -> Self {
        let mut atoms: Vec<usize> = secrets.iter().map(|secret| secret.atom).collect();
        atoms.sort_unstable();
        let mut split: Vec<i64> = secrets.iter().filter_map(|secret| secret.split).collect();
        split.sort_unstable();
        split.dedup();
        let whole = secrets.iter().filter(|secret| secret.split.is_none()).map(|secret| secret.rows);
        let rows = whole.fold(split.len() as u64, u64::saturating_add);
        let entry = secrets.iter().map(|secret| secret.entry).fold(0, add);
        let anchored = secrets.iter().any(|secret| secret.anchored);
        Self { atoms: Atoms::Several(atoms), rows, entry, anchored, split }
    }

    fn atoms(&self) -> &[usize] {
        self.atoms.as_slice()
    }

    fn is_apart_from(&self, other: &Self) -> bool {
        !self.split.iter().any(|id| other.split.contains(id))
            && !self.atoms().iter().any(|atom| other.atoms().contains(atom))
    }
}

/// Determined groups of at least two atoms: those of fewer than `k` transactions, and of any number where no figure
/// tells the atoms apart.
pub(super) fn groups(secrets: &[Secret], versions: &Versions<'_>, k: u64) -> Vec<Vec<usize>> {
    let mut found: Vec<Vec<usize>> = Vec::new();
    let mut small: Vec<Piece> = Vec::new();
    let mut keep = |piece: Piece| {
        if piece.entry == 0 {
            found.push(piece.atoms().to_vec());
        } else if piece.rows.saturating_add(1) < k && !piece.anchored {
            small.push(piece);
        }
    };
    let mut parts: BTreeMap<i64, Vec<&Secret>> = BTreeMap::new();
    for secret in secrets {
        match secret.split.filter(|_| !secret.is_whole) {
            Some(transaction) => parts.entry(transaction).or_default().push(secret),
            None => keep(Piece::of_one(secret)),
        }
    }
    for parts in parts.values() {
        combinations(parts, versions).into_iter().for_each(&mut keep);
    }
    let classes = classes(secrets, versions);
    let has_classes = !classes.is_empty();
    classes.into_iter().for_each(&mut keep);
    if has_classes {
        // A class may be no more than the parts of one transaction.
        let mut seen: HashSet<Vec<usize>> = HashSet::with_capacity(small.len());
        small.retain(|piece| seen.insert(piece.atoms().to_vec()));
    }
    found.extend(unions(&small, k));
    found.sort_unstable();
    found.dedup();
    found
}

/// The parts of one transaction, taken together in every way but those that come to the whole of it.
fn combinations(parts: &[&Secret], versions: &Versions<'_>) -> Vec<Piece> {
    let count = parts.len();
    let masks: Vec<u128> = if count <= MAX_PARTS_COMBINED {
        (1..1u128 << count).collect()
    } else {
        let all = 1u128.checked_shl(count.min(128) as u32).map_or(u128::MAX, |end| end - 1);
        let ones = (0..count.min(128)).map(|at| 1u128 << at);
        let few: Vec<u128> =
            ones.clone().flat_map(|one| ones.clone().map(move |other| one | other)).collect();
        let mut masks: Vec<u128> = few.iter().flat_map(|mask| [*mask, all & !mask]).collect();
        masks.sort_unstable();
        masks.dedup();
        masks
    };
    let mut pieces: Vec<Piece> = Vec::new();
    let mut known: Vec<u128> = Vec::new();
    for mask in masks.into_iter().filter(|mask| *mask != 0) {
        // What a smaller group gives away is told with that one.
        if known.iter().any(|known| known & mask == *known) {
            continue;
        }
        let chosen: Vec<&Secret> = parts
            .iter()
            .enumerate()
            .filter(|(at, _)| mask.checked_shr(*at as u32).is_some_and(|rest| rest & 1 == 1))
            .map(|(_, part)| *part)
            .collect();
        let piece = Piece::of(&chosen);
        if versions.within(piece.atoms()).next().is_some() {
            continue;
        }
        if piece.entry == 0 {
            known.push(mask);
        }
        pieces.push(piece);
    }
    pieces
}

/// Atoms that no figure tells apart, as one piece each.
fn classes(secrets: &[Secret], versions: &Versions<'_>) -> Vec<Piece> {
    let by_atom: HashMap<usize, &Secret> = secrets.iter().map(|secret| (secret.atom, secret)).collect();
    let mut classes: BTreeMap<usize, Vec<&Secret>> = BTreeMap::new();
    for secret in secrets {
        if let Some(class) = secret.class {
            classes.entry(class).or_default().push(secret);
        }
    }
    let mut pieces = Vec::new();
    for mut members in classes.into_values().filter(|members| members.len() > 1) {
        let atoms: Vec<usize> = members.iter().map(|secret| secret.atom).collect();
        for (version, whole) in versions.within(&atoms) {
            if version.iter().all(|part| members.iter().any(|secret| secret.atom == *part)) {
                members.retain(|secret| !version.contains(&secret.atom));
                // Where the whole is known there is nothing to add for it.
                members.extend(whole.and_then(|whole| by_atom.get(&whole)));
            }
        }
        if !members.is_empty() {
            pieces.push(Piece::of(&members));
        }
    }
    pieces
}

/// Unions of two or three pieces with fewer than k transactions, whose entries add up to zero.
fn unions(small: &[Piece], k: u64) -> Vec<Vec<usize>> {
    // By entry, and those with the same one in their order.
    let mut by_entry: Vec<(u64, usize)> =
        small.iter().enumerate().map(|(place, piece)| (piece.entry, place)).collect();
    by_entry.sort_unstable();
    let mut found = pairs(small, &by_entry, k);
    if k > 3 && small.len() <= MAX_FOR_TRIPLES {
        found.extend(triples(small, &by_entry, k));
    }
    found
}

/// Two pieces whose entries add up to zero: one list is gone through from both ends, since there may be a million.
fn pairs(small: &[Piece], by_entry: &[(u64, usize)], k: u64) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    let mut rest = by_entry;
    for (entry, first) in by_entry {
        let wanted = neg(*entry);
        // An entry is its own negative nowhere but at zero, and each pair is met at its smaller one.
        if wanted <= *entry {
            break;
        }
        while let Some(((last, _), before)) = rest.split_last()
            && *last > wanted
        {
            rest = before;
        }
        let Some(one) = small.get(*first) else { continue };
        let partners = rest.iter().rev().take_while(|(entry, _)| *entry == wanted);
        let partners = partners.filter_map(|(_, place)| small.get(*place));
        let partners = partners.filter(|other| other.rows.saturating_add(one.rows) < k);
        let partners = partners.filter(|other| other.is_apart_from(one));
        found.extend(partners.map(|other| union(&[one, other])));
    }
    found
}

/// Three pieces whose entries add up to zero.
fn triples(small: &[Piece], by_entry: &[(u64, usize)], k: u64) -> Vec<Vec<usize>> {
    let partners = |sum: u64, past: usize| {
        let wanted = neg(sum);
        let from = by_entry.partition_point(|(entry, place)| (*entry, *place) <= (wanted, past));
        let places = by_entry.get(from..).unwrap_or(&[]).iter();
        places.take_while(move |(entry, _)| *entry == wanted).filter_map(|(_, place)| small.get(*place))
    };
    let mut found = Vec::new();
    for (first, one) in small.iter().enumerate() {
        for (second, other) in small.iter().enumerate().skip(first + 1) {
            let room = k.saturating_sub(one.rows).saturating_sub(other.rows);
            if room > 1 && other.is_apart_from(one) {
                let thirds = partners(add(one.entry, other.entry), second).filter(|third| {
                    third.rows < room && third.is_apart_from(one) && third.is_apart_from(other)
                });
                found.extend(thirds.map(|third| union(&[one, other, third])));
            }
        }
    }
    found
}

fn union(pieces: &[&Piece]) -> Vec<usize> {
    let mut atoms: Vec<usize> = pieces.iter().flat_map(|piece| piece.atoms().iter().copied()).collect();
    atoms.sort_unstable();
    atoms
}
