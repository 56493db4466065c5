//! The proof of a leak: the disclosed figures that combine to it, checked in whole numbers.

use super::Aggregate;
use super::atoms::Atom;
use super::field::fraction;
use super::recode::Code;
use super::solve::Solved;
use std::collections::BTreeMap;

/// One figure of a combination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// The figure's place in the list that was analysed.
    pub aggregate: usize,
    /// How often it counts, over [`Certificate::denominator`]; negative is taken off.
    pub times: i64,
}

/// A group's sum as a combination of disclosed sums, less rows that were revealed by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The sums that are combined.
    pub terms: Vec<Term>,
    /// By what the combination is divided; above zero.
    pub denominator: i64,
    /// Figures that reveal the rows which are taken off, by their places.
    pub revealing: Vec<usize>,
}

/// What a part of the matrix is about.
pub(super) struct Part<'a> {
    pub(super) aggregates: &'a [Aggregate],
    pub(super) codes: &'a [Code<'a>],
    pub(super) atoms: &'a [Atom],
    /// The aggregate of each row of the matrix.
    pub(super) rows: &'a [usize],
    /// The aggregate of each place in an atom's members.
    pub(super) covers: &'a [usize],
}

impl Certificate {
    /// Finds and checks the combination for a set of columns.
    pub(super) fn find(part: &Part<'_>, solved: &Solved, columns: &[usize]) -> Option<Self> {
        let fractions: Vec<(i64, i64)> =
            solved.combination(columns)?.into_iter().map(fraction).collect::<Option<_>>()?;
        let denominator = fractions.iter().try_fold(1i64, |all, (_, one)| least_multiple(all, *one))?;
        let numerators: Vec<i64> = fractions
            .iter()
            .map(|(numerator, own)| numerator.checked_mul(denominator.checked_div(*own)?))
            .collect::<Option<_>>()?;
        check(solved, &numerators, denominator, columns)?;
        // The matrix has differences to bases; back to the sets themselves.
        let mut times: BTreeMap<usize, i64> = BTreeMap::new();
        for (index, numerator) in part.rows.iter().zip(&numerators) {
            let entry = times.entry(*index).or_default();
            *entry = entry.checked_add(*numerator)?;
            if let Some(base) = part.codes.get(*index)?.base {
                let entry = times.entry(base).or_default();
                *entry = entry.checked_sub(*numerator)?;
            }
        }
        times.retain(|_, times| *times != 0);
        let revealing = revealing(part, &numerators)?;
        let terms = times.into_iter().map(|(aggregate, times)| Term { aggregate, times }).collect();
        Some(Self { terms, denominator, revealing })
    }
}

/// Whether the combination, in whole numbers, has the denominator at `columns` and zero elsewhere.
fn check(solved: &Solved, numerators: &[i64], denominator: i64, columns: &[usize]) -> Option<()> {
    let mut left: BTreeMap<usize, i128> =
        columns.iter().map(|column| (*column, -i128::from(denominator))).collect();
    for (row, numerator) in solved.rows().iter().zip(numerators).filter(|(_, numerator)| **numerator != 0) {
        for (column, sign) in row {
            let entry = left.entry(*column).or_default();
            *entry = entry.checked_add(i128::from(*numerator) * i128::from(*sign))?;
        }
    }
    left.values().all(|value| *value == 0).then_some(())
}

/// Which figures reveal rows that the combination contains and the group does not.
fn revealing(part: &Part<'_>, numerators: &[i64]) -> Option<Vec<usize>> {
    let place: BTreeMap<usize, i64> = part.rows.iter().copied().zip(numerators.iter().copied()).collect();
    let mut found: Vec<usize> = Vec::new();
    for atom in part.atoms {
        let mut contained = 0i128;
        let mut revealed_by = Vec::new();
        for (cover, sign) in &atom.members {
            let index = *part.covers.get(*cover)?;
            match place.get(&index) {
                Some(numerator) => {
                    contained = contained.checked_add(i128::from(*numerator) * i128::from(*sign))?
                }
                None if matches!(part.aggregates.get(index)?.kind, super::Kind::Revealed) => {
                    revealed_by.push(index)
                }
                None => {}
            }
        }
        if contained != 0 {
            found.extend(revealed_by);
        }
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

fn least_multiple(one: i64, other: i64) -> Option<i64> {
    let (mut a, mut b) = (one, other);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    one.checked_div(a)?.checked_mul(other)
}
