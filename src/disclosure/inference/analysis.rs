//! From aggregates to what is known: atoms, connected parts, each part solved, groups found.

use super::atoms::{Atom, Cover, split};
use super::certificate::{Certificate, Part};
use super::field::{add, neg};
use super::recode::{Code, recode};
use super::solve::{Solved, SparseRow};
use super::{Aggregate, Analysis, Group, InferenceError, Kind, Options, Quantity, Scope};
use crate::ledger::RowSet;
use std::collections::{BTreeMap, HashMap};

/// Unions of three atoms are looked for in parts with at most so many small atoms.
pub const MAX_FOR_TRIPLES: usize = 3_000;

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
    let system = System { aggregates, codes: &codes, covers, atoms, earlier, options };
    let mut analysis = Analysis::default();
    for part in system.parts() {
        system.solve_part(&part, &mut analysis)?;
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
}

/// Aggregates and atoms that are connected, by their places in the system.
#[derive(Default)]
struct Connected {
    covers: Vec<usize>,
    atoms: Vec<usize>,
}

/// A part, solved for the figures up to some moment.
struct Moment {
    /// The column of each atom that is unknown.
    columns: HashMap<usize, usize>,
    rows: Vec<usize>,
    solved: Solved,
}

impl Moment {
    /// The null vector's entry for an atom; zero for one that is known anyhow.
    fn entry(&self, atom: usize) -> u64 {
        self.columns.get(&atom).and_then(|column| self.solved.null.get(*column)).copied().unwrap_or(0)
    }
}

impl System<'_> {
    fn aggregate(&self, cover: usize) -> Option<(usize, &Aggregate)> {
        let index = *self.covers.get(cover)?;
        Some((index, self.aggregates.get(index)?))
    }

    fn is_revealing(&self, cover: usize) -> bool {
        self.aggregate(cover).is_some_and(|(_, aggregate)| aggregate.kind == Kind::Revealed)
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
                self.aggregate(*cover)
                    .is_some_and(|(index, aggregate)| index < end && aggregate.kind == Kind::Revealed)
            })
    }

    /// The connected parts that are to be solved: two sums are connected by an atom whose sum is a secret
    /// before the figures asked for.
    fn parts(&self) -> Vec<Connected> {
        let mut parents: Vec<usize> = (0..self.covers.len()).collect();
        let sums = |atom: &Atom| -> Vec<usize> {
            atom.members.iter().map(|(cover, _)| *cover).filter(|cover| !self.is_revealing(*cover)).collect()
        };
        for atom in &self.atoms {
            if self.is_known_anyhow(atom, self.earlier) {
                continue;
            }
            let sums = sums(atom);
            for pair in sums.windows(2) {
                if let [one, other] = pair {
                    let (one, other) = (root(&mut parents, *one), root(&mut parents, *other));
                    if let Some(parent) = parents.get_mut(one.max(other)) {
                        *parent = one.min(other);
                    }
                }
            }
        }
        let mut parts: BTreeMap<usize, Connected> = BTreeMap::new();
        for cover in 0..self.covers.len() {
            if !self.is_revealing(cover) {
                parts.entry(root(&mut parents, cover)).or_default().covers.push(cover);
            }
        }
        let mut touched: Vec<usize> = Vec::new();
        for (index, atom) in self.atoms.iter().enumerate() {
            let at: Vec<usize> = sums(atom).into_iter().map(|cover| root(&mut parents, cover)).collect();
            // An atom revealed before may lie in several parts, and is told where it is first met.
            if let Some(part) = at.first().and_then(|first| parts.get_mut(first)) {
                part.atoms.push(index);
            }
            if !self.is_known_anyhow(atom, self.earlier) && self.is_known_anyhow(atom, self.aggregates.len())
            {
                touched.extend(at);
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

    /// Solves a part with the figures before `end`.
    fn at_moment(&self, part: &Connected, end: usize) -> Result<Moment, InferenceError> {
        let mut place: HashMap<usize, usize> = HashMap::new();
        let mut rows = Vec::new();
        for cover in &part.covers {
            if let Some((index, _)) = self.aggregate(*cover).filter(|(index, _)| *index < end) {
                place.insert(*cover, rows.len());
                rows.push(index);
            }
        }
        let mut columns = HashMap::new();
        let mut matrix: Vec<SparseRow> = vec![Vec::new(); rows.len()];
        for index in &part.atoms {
            let Some(atom) = self.atoms.get(*index) else { continue };
            if self.is_known_anyhow(atom, end) {
                continue;
            }
            let column = columns.len();
            columns.insert(*index, column);
            for (cover, sign) in &atom.members {
                if let Some(row) = place.get(cover).and_then(|row| matrix.get_mut(*row)) {
                    row.push((column, *sign));
                }
            }
        }
        let solved = Solved::new(matrix, columns.len(), &self.options.seed).ok_or(InferenceError::Unlucky)?;
        Ok(Moment { columns, rows, solved })
    }

    fn solve_part(&self, part: &Connected, analysis: &mut Analysis) -> Result<(), InferenceError> {
        let after = self.at_moment(part, self.aggregates.len())?;
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut secret = Vec::new();
        for index in &part.atoms {
            if after.entry(*index) == 0 {
                groups.push(vec![*index]);
            } else {
                secret.push(*index);
            }
        }
        groups.extend(self.unions(&secret, &after));
        if groups.is_empty() {
            return Ok(());
        }
        let before = if self.earlier < self.aggregates.len() {
            Some(self.at_moment(part, self.earlier)?)
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
        let atoms: Vec<&Atom> = atoms.iter().filter_map(|index| self.atoms.get(*index)).collect();
        let revealed =
            atoms.iter().all(|atom| atom.members.iter().any(|(cover, _)| self.is_revealing(*cover)));
        Group {
            rows: RowSet::from_runs(atoms.iter().flat_map(|atom| atom.runs.iter().copied())),
            transactions: atoms.iter().map(|atom| atom.rows).fold(0, u64::saturating_add),
            anchored: atoms.iter().any(|atom| atom.anchored),
            revealed,
            new,
            rounded,
            certificate: None,
        }
    }

    fn certificate(&self, after: &Moment, atoms: &[usize]) -> Option<Certificate> {
        let columns: Vec<usize> =
            atoms.iter().map(|atom| after.columns.get(atom).copied()).collect::<Option<_>>()?;
        let view = Part {
            aggregates: self.aggregates,
            codes: self.codes,
            atoms: &self.atoms,
            rows: &after.rows,
            covers: &self.covers,
        };
        Certificate::find(&view, &after.solved, &columns)
    }

    /// Unions of two or three atoms of a part, none of them known, that are known together and have fewer
    /// than k transactions: their entries in the null vector add up to zero.
    fn unions(&self, secret: &[usize], after: &Moment) -> Vec<Vec<usize>> {
        let k = self.options.k;
        let small: Vec<(usize, u64, u64)> = secret
            .iter()
            .filter_map(|index| self.atoms.get(*index).map(|atom| (*index, atom)))
            .filter(|(_, atom)| !atom.anchored && atom.rows.saturating_add(1) < k)
            .map(|(index, atom)| (index, atom.rows, after.entry(index)))
            .collect();
        let mut by_entry: HashMap<u64, Vec<usize>> = HashMap::new();
        for (place, (_, _, entry)) in small.iter().enumerate() {
            by_entry.entry(*entry).or_default().push(place);
        }
        let mut found = Vec::new();
        let partners = |sum: u64, past: usize, room: u64| {
            let places = by_entry.get(&neg(sum)).into_iter().flatten();
            places
                .filter_map(|place| small.get(*place).map(|atom| (*place, atom)))
                .filter_map(move |(place, (index, rows, _))| (place > past && *rows < room).then_some(*index))
        };
        let triples = k > 3 && small.len() <= MAX_FOR_TRIPLES;
        for (first, (one, rows, entry)) in small.iter().enumerate() {
            let room = k.saturating_sub(*rows);
            found.extend(partners(*entry, first, room).map(|other| vec![*one, other]));
            for (second, (two, more, other)) in
                small.iter().enumerate().skip(first + 1).take_while(|_| triples)
            {
                let room = room.saturating_sub(*more);
                if room > 1 {
                    let sum = add(*entry, *other);
                    found.extend(partners(sum, second, room).map(|three| vec![*one, *two, three]));
                }
            }
        }
        found
    }
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
