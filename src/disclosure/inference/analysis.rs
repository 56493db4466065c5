//! From aggregates to what is known: atoms, connected figures, each of these solved, groups found.

use super::atoms::{Atom, Cover, split};
use super::certificate::{Certificate, Part};
use super::field::add;
use super::pieces::{self, Secret, Versions};
use super::recode::{Code, recode};
use super::solve::{Solved, SparseRow};
use super::{Aggregate, Analysis, Group, InferenceError, Kind, Options, Quantity, Scope};
use crate::disclosure::beside::beside;
use crate::ledger::RowSet;
use crate::ledger::part_number::transaction_of;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Finds what follows from `aggregates`, of which the first `earlier` were disclosed before and the others are
/// asked for now.
///
/// # Errors
/// [`InferenceError`].
pub fn analyse(
    aggregates: &[Aggregate],
    earlier: usize,
    options: &Options,
) -> Result<Analysis, InferenceError> {
    check_bases(aggregates)?;
    let covers: Vec<usize> = (0..aggregates.len())
        .filter(|index| aggregates.get(*index).is_some_and(|aggregate| counts_in(aggregate, options)))
        .collect();
    let codes = recode(aggregates);
    let sets: Vec<Cover<'_>> = covers
        .iter()
        .filter_map(|index| codes.get(*index))
        .map(|code| Cover { added: &code.added, removed: &code.removed })
        .collect();
    let atoms = split(&sets, &options.seed);
    let mut system = System::new(aggregates, &codes, covers, atoms, earlier, options);
    let mut analysis = Analysis::default();
    let parts = system.parts();
    for part in &parts {
        system.solve_part(part, &mut analysis)?;
    }
    analysis.known.sort_by(|one, other| one.rows.runs().cmp(other.rows.runs()));
    analysis.leaks.sort_by(|one, other| one.rows.runs().cmp(other.rows.runs()));
    Ok(analysis)
}

fn check_bases(aggregates: &[Aggregate]) -> Result<(), InferenceError> {
    for (index, aggregate) in aggregates.iter().enumerate() {
        let Some(base) = aggregate.base else { continue };
        let is_sound = base < index
            && aggregate.is_sum()
            && aggregates.get(base).is_some_and(|base| base.is_sum() && base.observer == aggregate.observer);
        if !is_sound {
            return Err(InferenceError::BadBase(index));
        }
    }
    Ok(())
}

fn counts_in(aggregate: &Aggregate, options: &Options) -> bool {
    options.observer.is_none_or(|observer| aggregate.observer == observer)
        && match aggregate.kind {
            Kind::Sum | Kind::RoundedSum | Kind::Revealed => true,
            // A transaction is not as many transactions as it has parts.
            Kind::Parts => options.quantity == Quantity::Amounts,
            Kind::Count => options.quantity == Quantity::Counts,
            Kind::Threshold { .. } => false,
        }
}

struct System<'a> {
    aggregates: &'a [Aggregate],
    codes: &'a [Code<'a>],
    /// The aggregates that count, by the places that atoms name them with.
    covers: Vec<usize>,
    atoms: Vec<Atom>,
    earlier: usize,
    options: &'a Options,
    /// For each cover whether it shows its rows one by one.
    revealing: Vec<bool>,
    /// For each atom the split transaction that it is, or has parts of.
    split: Vec<Option<i64>>,
    /// By the places of the [`Kind::Parts`] that say so.
    versions: BTreeMap<usize, Version>,
    /// For each cover its place among those of the part that it belongs to.
    places: Vec<usize>,
}

/// A split transaction and all its parts, as atoms.
#[derive(Default)]
struct Version {
    whole: Option<usize>,
    parts: Vec<usize>,
}

/// Aggregates and atoms that are connected, by their places in the system.
#[derive(Default)]
struct Connected {
    covers: Vec<usize>,
    atoms: Vec<usize>,
}

/// The columns of an atom.
enum Columns {
    /// Known anyhow: none.
    Known,
    One(usize),
    /// A split transaction: those of its parts.
    Parts(Vec<usize>),
}

impl Columns {
    fn as_slice(&self) -> &[usize] {
        match self {
            Self::Known => &[],
            Self::One(column) => std::slice::from_ref(column),
            Self::Parts(columns) => columns,
        }
    }
}

/// A part solved for the figures that were there before, or why it was not.
type Before<'a> = Result<Moment<'a>, InferenceError>;

/// From how many atoms on a part is solved for both moments at once, on two threads.
const ATOMS_BESIDE: usize = 1 << 14;

/// A part, solved for the figures up to some moment.
struct Moment<'a> {
    /// The part's atoms, ascending.
    atoms: &'a [usize],
    /// The columns of each of them.
    columns: Vec<Columns>,
    rows: Vec<usize>,
    solved: Solved,
}

impl Moment<'_> {
    fn columns_of(&self, atom: usize) -> &Columns {
        let place = self.atoms.binary_search(&atom).ok();
        place.and_then(|place| self.columns.get(place)).unwrap_or(&Columns::Known)
    }

    fn sum(&self, columns: &Columns) -> u64 {
        let entries = columns.as_slice().iter().filter_map(|column| self.solved.null.get(*column));
        entries.copied().fold(0, add)
    }

    /// The null vector's entry for an atom; zero for one that is known anyhow.
    fn entry(&self, atom: usize) -> u64 {
        self.sum(self.columns_of(atom))
    }

    /// The part's atoms and their entries.
    fn entries(&self) -> impl Iterator<Item = (usize, u64)> {
        self.atoms.iter().zip(&self.columns).map(|(atom, columns)| (*atom, self.sum(columns)))
    }
}

impl<'a> System<'a> {
    fn new(
        aggregates: &'a [Aggregate],
        codes: &'a [Code<'a>],
        covers: Vec<usize>,
        atoms: Vec<Atom>,
        earlier: usize,
        options: &'a Options,
    ) -> Self {
        let mut versions: BTreeMap<usize, Version> = BTreeMap::new();
        let mut split = vec![None; atoms.len()];
        let is_parts = |cover: usize| {
            let aggregate = covers.get(cover).and_then(|index| aggregates.get(*index));
            aggregate.is_some_and(|aggregate| aggregate.kind == Kind::Parts)
        };
        for (index, (atom, split)) in atoms.iter().zip(&mut split).enumerate() {
            for (cover, sign) in atom.members.iter().filter(|(cover, _)| is_parts(*cover)) {
                *split = atom.runs.first().map(|(first, _)| transaction_of(*first));
                let version = versions.entry(*cover).or_default();
                if *sign > 0 {
                    version.parts.push(index);
                } else {
                    version.whole = Some(index);
                }
            }
        }
        let is_revealing =
            |index: &usize| aggregates.get(*index).is_some_and(|aggregate| aggregate.kind == Kind::Revealed);
        let revealing = covers.iter().map(is_revealing).collect();
        let places = vec![usize::MAX; covers.len()];
        Self { aggregates, codes, covers, atoms, earlier, options, revealing, split, versions, places }
    }

    fn aggregate(&self, cover: usize) -> Option<(usize, &Aggregate)> {
        let index = *self.covers.get(cover)?;
        Some((index, self.aggregates.get(index)?))
    }

    fn is_revealing(&self, cover: usize) -> bool {
        self.revealing.get(cover).is_some_and(|is| *is)
    }

    /// Whether a figure, or the one that it is given as a difference to, is rounded.
    fn is_rounded(&self, cover: usize) -> bool {
        let is = |aggregate: &Aggregate| aggregate.kind == Kind::RoundedSum;
        self.aggregate(cover).is_some_and(|(index, aggregate)| {
            let base = self.codes.get(index).and_then(|code| code.base);
            is(aggregate) || base.and_then(|base| self.aggregates.get(base)).is_some_and(is)
        })
    }

    /// Whether the atom's rows were revealed one by one by figures up to `end`, or need no revealing.
    fn is_known_anyhow(&self, atom: &Atom, end: usize) -> bool {
        let by_itself = self.options.quantity == Quantity::Counts && atom.rows == 0;
        by_itself
            || atom.members.iter().any(|(cover, _)| {
                self.is_revealing(*cover) && self.covers.get(*cover).is_some_and(|index| *index < end)
            })
    }

    /// The sums that an atom lies in.
    fn sums(&self, atom: &Atom) -> impl Iterator<Item = usize> {
        atom.members.iter().map(|(cover, _)| *cover).filter(|cover| !self.is_revealing(*cover))
    }

    /// The connected parts that are to be solved: two sums are connected by an atom whose sum is a secret
    /// before the figures asked for.
    fn parts(&mut self) -> Vec<Connected> {
        let mut parents: Vec<usize> = (0..self.covers.len()).collect();
        for atom in self.atoms.iter().filter(|atom| !self.is_known_anyhow(atom, self.earlier)) {
            for (one, other) in self.sums(atom).zip(self.sums(atom).skip(1)) {
                let (one, other) = (root(&mut parents, one), root(&mut parents, other));
                if let Some(parent) = parents.get_mut(one.max(other)) {
                    *parent = one.min(other);
                }
            }
        }
        let mut parts: BTreeMap<usize, Connected> = BTreeMap::new();
        for cover in 0..self.covers.len() {
            if !self.is_revealing(cover) {
                let part = parts.entry(root(&mut parents, cover)).or_default();
                if let Some(place) = self.places.get_mut(cover) {
                    *place = part.covers.len();
                }
                part.covers.push(cover);
            }
        }
        let mut touched: HashSet<usize> = HashSet::new();
        for (index, atom) in self.atoms.iter().enumerate() {
            // An atom revealed before may lie in several parts, and is told where it is first met.
            let first = self.sums(atom).next().map(|cover| root(&mut parents, cover));
            if let Some(part) = first.and_then(|first| parts.get_mut(&first)) {
                part.atoms.push(index);
            }
            if !self.is_known_anyhow(atom, self.earlier) && self.is_known_anyhow(atom, self.aggregates.len())
            {
                touched.extend(self.sums(atom).map(|cover| root(&mut parents, cover)));
            }
        }
        let is_asked = |part: &Connected| {
            part.covers
                .iter()
                .any(|cover| self.covers.get(*cover).is_some_and(|index| *index >= self.earlier))
        };
        parts.retain(|root, part| {
            self.options.scope == Scope::Everything || is_asked(part) || touched.contains(root)
        });
        parts.into_values().collect()
    }

    /// The versions that an equation is not needed for, since the transaction's column gives way to those of its parts.
    fn substituted(&self, end: usize) -> BTreeMap<usize, &Version> {
        let mut chosen: BTreeMap<usize, &Version> = BTreeMap::new();
        for (cover, version) in &self.versions {
            let is_made = self.aggregate(*cover).is_some_and(|(index, _)| index < end);
            let is_secret =
                |whole: &usize| self.atoms.get(*whole).is_some_and(|atom| !self.is_known_anyhow(atom, end));
            if let Some(whole) = version.whole.filter(is_secret).filter(|_| is_made) {
                chosen.entry(whole).or_insert(version);
            }
        }
        chosen
    }

    /// The place of a cover among those of a part; none where it belongs to another.
    fn place_in_part(&self, part: &Connected, cover: usize) -> Option<usize> {
        let place = *self.places.get(cover)?;
        (part.covers.get(place) == Some(&cover)).then_some(place)
    }

    /// Solves a part with the figures before `end`.
    fn at_moment<'p>(&self, part: &'p Connected, end: usize) -> Result<Moment<'p>, InferenceError> {
        let substituted = self.substituted(end);
        let is_needed = |cover: usize| {
            let version = self.versions.get(&cover);
            let chosen = version.and_then(|version| substituted.get(&version.whole?).zip(Some(version)));
            chosen.is_none_or(|(chosen, version)| chosen.parts != version.parts)
        };
        // The equations, and for each of the part's covers the place of its equation.
        let mut rows = Vec::new();
        let mut places: Vec<Option<usize>> = Vec::with_capacity(part.covers.len());
        for cover in &part.covers {
            let index = self.covers.get(*cover).filter(|index| **index < end && is_needed(*cover));
            places.push(index.map(|_| rows.len()));
            rows.extend(index);
        }
        let (columns, count) = self.columns(part, end, &substituted);
        let mut matrix: Vec<SparseRow> = vec![Vec::new(); rows.len()];
        for (index, columns) in part.atoms.iter().zip(&columns) {
            let columns = columns.as_slice();
            let members = self.atoms.get(*index).map_or(&[][..], |atom| &atom.members);
            for (cover, sign) in members.iter().filter(|_| !columns.is_empty()) {
                let place = self.place_in_part(part, *cover).and_then(|at| *places.get(at)?);
                if let Some(row) = place.and_then(|row| matrix.get_mut(row)) {
                    row.extend(columns.iter().map(|column| (*column, *sign)));
                }
            }
        }
        if !substituted.is_empty() {
            matrix.iter_mut().for_each(add_up);
        }
        let solved = Solved::new(matrix, count, &self.options.seed).ok_or(InferenceError::Unlucky)?;
        Ok(Moment { atoms: &part.atoms, columns, rows, solved })
    }

    /// The columns of a part's atoms, before `end`, and how many there are.
    fn columns(
        &self,
        part: &Connected,
        end: usize,
        substituted: &BTreeMap<usize, &Version>,
    ) -> (Vec<Columns>, usize) {
        let is_unknown =
            |index: &usize| self.atoms.get(*index).is_some_and(|atom| !self.is_known_anyhow(atom, end));
        let mut count = 0;
        let mut next = |index: &usize| {
            if !is_unknown(index) || substituted.contains_key(index) {
                return Columns::Known;
            }
            count += 1;
            Columns::One(count - 1)
        };
        let mut columns: Vec<Columns> = part.atoms.iter().map(&mut next).collect();
        for (index, version) in substituted {
            let Ok(place) = part.atoms.binary_search(index) else { continue };
            let parts = version.parts.iter().filter_map(|atom| part.atoms.binary_search(atom).ok());
            let parts = parts.filter_map(|at| columns.get(at)).flat_map(Columns::as_slice).copied().collect();
            if let Some(columns) = columns.get_mut(place).filter(|_| is_unknown(index)) {
                *columns = Columns::Parts(parts);
            }
        }
        (columns, count)
    }

    /// A part with all figures, and with those that were there before if that was worked out on the side.
    fn moments<'p>(&self, part: &'p Connected) -> Result<(Moment<'p>, Option<Before<'p>>), InferenceError> {
        let all = || self.at_moment(part, self.aggregates.len());
        if self.earlier == self.aggregates.len() || part.atoms.len() < ATOMS_BESIDE {
            return Ok((all()?, None));
        }
        let (before, all) = beside("before", &|| self.at_moment(part, self.earlier), all);
        Ok((all?, Some(before)))
    }

    fn solve_part(&self, part: &Connected, analysis: &mut Analysis) -> Result<(), InferenceError> {
        let (after, before) = self.moments(part)?;
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut secret = Vec::new();
        for (index, entry) in after.entries() {
            if entry != 0 {
                secret.push((index, entry));
            } else if !self.stands_for_another(index) {
                groups.push(vec![index]);
            }
        }
        groups.extend(self.groups(&secret));
        if groups.is_empty() {
            return Ok(());
        }
        let before = if self.earlier < self.aggregates.len() {
            Some(before.unwrap_or_else(|| self.at_moment(part, self.earlier))?)
        } else {
            None
        };
        let rounded = part.covers.iter().any(|cover| self.is_rounded(*cover));
        for atoms in groups {
            let was_known = before
                .as_ref()
                .is_none_or(|before| atoms.iter().map(|atom| before.entry(*atom)).fold(0, add) == 0);
            let mut group = self.group(&atoms, !was_known, rounded);
            if group.new && !group.revealed && !group.anchored && group.transactions < self.options.k {
                group.certificate = self.certificate(&after, &atoms);
                analysis.leaks.push(group.clone());
            }
            analysis.known.push(group);
        }
        Ok(())
    }

    fn group(&self, atoms: &[usize], new: bool, rounded: bool) -> Group {
        let split: BTreeSet<i64> = atoms.iter().filter_map(|index| *self.split.get(*index)?).collect();
        let whole = atoms.iter().filter(|index| self.split.get(**index).is_some_and(Option::is_none));
        let whole = whole.filter_map(|index| self.atoms.get(*index)).map(|atom| atom.rows);
        let transactions = whole.fold(split.len() as u64, u64::saturating_add);
        let atoms: Vec<&Atom> = atoms.iter().filter_map(|index| self.atoms.get(*index)).collect();
        let revealed =
            atoms.iter().all(|atom| atom.members.iter().any(|(cover, _)| self.is_revealing(*cover)));
        Group {
            rows: RowSet::from_runs(atoms.iter().flat_map(|atom| atom.runs.iter().copied())),
            transactions,
            anchored: atoms.iter().any(|atom| atom.anchored),
            revealed,
            new,
            rounded,
            certificate: None,
        }
    }

    fn certificate(&self, after: &Moment<'_>, atoms: &[usize]) -> Option<Certificate> {
        let columns: Vec<&[usize]> = atoms.iter().map(|atom| after.columns_of(*atom).as_slice()).collect();
        // One that is known anyhow needs no proof, and has no part in one.
        if columns.iter().any(|columns| columns.is_empty()) {
            return None;
        }
        let columns = columns.concat();
        let view = Part {
            aggregates: self.aggregates,
            codes: self.codes,
            atoms: &self.atoms,
            rows: &after.rows,
            covers: &self.covers,
        };
        Certificate::find(&view, &after.solved, &columns)
    }

    /// Whether an atom is all parts of a transaction, which is told of itself.
    fn stands_for_another(&self, atom: usize) -> bool {
        let members = self.atoms.get(atom).into_iter().flat_map(|atom| &atom.members);
        let mut versions = members.filter_map(|(cover, _)| self.versions.get(cover));
        versions.any(|version| version.whole.is_some() && version.parts == [atom])
    }

    /// Groups of several atoms, none of them known, that are known together and have fewer than k transactions.
    fn groups(&self, secret: &[(usize, u64)]) -> Vec<Vec<usize>> {
        let mut classes: HashMap<Vec<(usize, i8)>, usize> = HashMap::new();
        let mut secrets = Vec::with_capacity(secret.len());
        for (index, entry) in secret {
            let Some(atom) = self.atoms.get(*index) else { continue };
            let split = self.split.get(*index).copied().flatten();
            let class = if self.versions.is_empty() {
                None
            } else {
                let mut members = atom.members.clone();
                members.retain(|(cover, _)| !self.versions.contains_key(cover));
                let next = classes.len();
                (!members.is_empty()).then(|| *classes.entry(members).or_insert(next))
            };
            secrets.push(Secret {
                atom: *index,
                rows: atom.rows,
                entry: *entry,
                anchored: atom.anchored,
                split,
                is_whole: atom
                    .members
                    .iter()
                    .any(|(cover, sign)| *sign < 0 && self.versions.contains_key(cover)),
                class,
            });
        }
        let versions = self.versions.values().map(|version| (version.parts.as_slice(), version.whole));
        pieces::groups(&secrets, &Versions::new(versions), self.options.k)
    }
}

/// Brings each column of a row together, and leaves out what comes to nothing.
fn add_up(row: &mut SparseRow) {
    row.sort_unstable();
    let mut sums: SparseRow = Vec::with_capacity(row.len());
    for (column, sign) in row.drain(..) {
        match sums.last_mut() {
            Some((last, sum)) if *last == column => *sum = sum.saturating_add(sign),
            _ => sums.push((column, sign)),
        }
    }
    sums.retain(|(_, sum)| *sum != 0);
    *row = sums;
}

fn root(parents: &mut [usize], mut at: usize) -> usize {
    while let Some(parent) = parents.get(at).copied().filter(|parent| *parent != at) {
        let above = parents.get(parent).copied().unwrap_or(parent);
        if let Some(entry) = parents.get_mut(at) {
            *entry = above;
        }
        at = above;
    }
    at
}
