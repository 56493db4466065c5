//! Exact linear algebra on one connected part: which sums of atoms follow from the aggregates.
//!
//! Let M be the part's matrix, a row per aggregate, a column per atom. An atom's sum is determined where its
//! unit vector is a combination of the rows, that is, where every vector z with M z = 0 has a zero there.
//! One random z over a field of 2^61 - 1 numbers shows this for all atoms at once: where the unit vector is
//! a combination, z is zero for certain; where it is not, z is zero with probability 2^-61.
//!
//! A random z is a random u less its projection on the rows, D Mᵀ (M D Mᵀ)⁻¹ M u, with random weights D.
//! So the work is in a square matrix with a row per aggregate, however many atoms there are. It is split as
//! L Δ Lᵀ with L unit lower triangular; a pivot of zero marks a row that follows from those before it.

use super::field::{P, add, dot, invert, mul, neg, reduce, signed, sub};
use sha2::{Digest, Sha256};

/// A row of the matrix: column and sign.
pub(super) type SparseRow = Vec<(usize, i8)>;

/// One part, solved.
pub(super) struct Solved {
    rows: Vec<SparseRow>,
    weights: Vec<u64>,
    factor: Factor,
    /// The random vector of the null space: a set of columns is determined where its entries add up to zero.
    pub(super) null: Vec<u64>,
}

impl Solved {
    /// Solves the part of `columns` columns. `None` where eight random choices in a row were unlucky, which
    /// does not happen before the sun burns out.
    pub(super) fn new(rows: Vec<SparseRow>, columns: usize, seed: &[u8; 32]) -> Option<Self> {
        (0..8u8)
            .find_map(|attempt| {
                let mut random = Stream::new(seed, attempt);
                let weights: Vec<u64> = (0..columns).map(|_| random.next_nonzero()).collect();
                let factor = Factor::new(&rows, &weights)?;
                let start: Vec<u64> = (0..columns).map(|_| random.next_nonzero()).collect();
                let projected = factor.solve(times(&rows, &start));
                let mut null = start;
                for (row, value) in rows.iter().zip(&projected) {
                    for (column, sign) in row {
                        if let (Some(entry), Some(weight)) = (null.get_mut(*column), weights.get(*column)) {
                            *entry = sub(*entry, signed(mul(*weight, *value), *sign));
                        }
                    }
                }
                // Proof that it is one: from here on no determined atom can go unseen.
                let is_null = times(&rows, &null).iter().all(|value| *value == 0);
                is_null.then_some(()).map(|()| (weights, factor, null))
            })
            .map(|(weights, factor, null)| Self { rows, weights, factor, null })
    }

    /// Coefficients, one a row, whose combination is the sum of these columns; modulo the prime.
    pub(super) fn combination(&self, columns: &[usize]) -> Option<Vec<u64>> {
        let mut wanted = vec![0; self.weights.len()];
        for column in columns {
            *wanted.get_mut(*column)? = 1;
        }
        let weighted: Vec<u64> = wanted.iter().zip(&self.weights).map(|(w, d)| mul(*w, *d)).collect();
        let coefficients = self.factor.solve(times(&self.rows, &weighted));
        for (row, coefficient) in self.rows.iter().zip(&coefficients) {
            for (column, sign) in row {
                let entry = wanted.get_mut(*column)?;
                *entry = sub(*entry, signed(*coefficient, *sign));
            }
        }
        wanted.iter().all(|left| *left == 0).then_some(coefficients)
    }

    /// The rows, as they were given.
    pub(super) fn rows(&self) -> &[SparseRow] {
        &self.rows
    }
}

/// M v.
fn times(rows: &[SparseRow], vector: &[u64]) -> Vec<u64> {
    let value = |(column, sign): &(usize, i8)| signed(vector.get(*column).copied().unwrap_or(0), *sign);
    rows.iter().map(|row| row.iter().map(value).fold(0, add)).collect()
}

/// M D Mᵀ as L Δ Lᵀ. A row of L is kept from its first entry that is not zero to the one before its diagonal.
///
/// What lies between is filled even where M D Mᵀ itself has zeros, so the order of the rows decides the work:
/// where totals of every month come before totals of 5,000 payees, each payee's row is filled from the first
/// month on, while the payees, which share nothing among themselves, cost nothing when they come first.
struct Factor {
    /// The row of M at each place.
    order: Vec<usize>,
    starts: Vec<usize>,
    lower: Vec<Vec<u64>>,
    /// The inverses of Δ; zero where a row follows from those before it.
    inverse: Vec<u64>,
}

impl Factor {
    /// `None` where the weights were unlucky.
    fn new(rows: &[SparseRow], weights: &[u64]) -> Option<Self> {
        let (order, starts) = cheaper_order(rows, weights.len());
        let ordered: Vec<&SparseRow> = order.iter().filter_map(|row| rows.get(*row)).collect();
        let (mut gram, diagonal) = weighted_gram(&ordered, weights, &starts);
        let mut factor = Self { order, starts, lower: Vec::with_capacity(rows.len()), inverse: Vec::new() };
        for (index, diagonal) in diagonal.into_iter().enumerate() {
            let start = *factor.starts.get(index)?;
            // First L times Δ, entry by entry, then L itself.
            let mut scaled = std::mem::take(gram.get_mut(index)?);
            for at in 0..scaled.len() {
                let other = start + at;
                let (other_start, other_row) = (*factor.starts.get(other)?, factor.lower.get(other)?);
                let from = start.max(other_start);
                let mine = scaled.get(from - start..at).unwrap_or(&[]);
                let theirs = other_row.get(from - other_start..).unwrap_or(&[]);
                let value = sub(*scaled.get(at)?, dot(mine, theirs));
                if value != 0 && *factor.inverse.get(other)? == 0 {
                    return None;
                }
                *scaled.get_mut(at)? = value;
            }
            let inverses = factor.inverse.get(start..index)?;
            let row: Vec<u64> =
                scaled.iter().zip(inverses).map(|(value, inverse)| mul(*value, *inverse)).collect();
            let pivot = sub(diagonal, dot(&row, &scaled));
            factor.lower.push(row);
            factor.inverse.push(invert(pivot));
        }
        Some(factor)
    }

    /// A solution y of L Δ Lᵀ y = `right`, with zeros where a row follows from others.
    fn solve(&self, right: Vec<u64>) -> Vec<u64> {
        let placed = self.order.iter().map(|row| right.get(*row).copied().unwrap_or(0)).collect();
        let mut solution = vec![0; right.len()];
        for (row, value) in self.order.iter().zip(self.solve_in_order(placed)) {
            if let Some(entry) = solution.get_mut(*row) {
                *entry = value;
            }
        }
        solution
    }

    fn solve_in_order(&self, mut right: Vec<u64>) -> Vec<u64> {
        for (index, row) in self.lower.iter().enumerate() {
            let start = self.starts.get(index).copied().unwrap_or(0);
            let known = dot(row, right.get(start..index).unwrap_or(&[]));
            if let Some(entry) = right.get_mut(index) {
                *entry = sub(*entry, known);
            }
        }
        for (entry, inverse) in right.iter_mut().zip(&self.inverse) {
            *entry = mul(*entry, *inverse);
        }
        for (index, row) in self.lower.iter().enumerate().rev() {
            let start = self.starts.get(index).copied().unwrap_or(0);
            let value = neg(right.get(index).copied().unwrap_or(0));
            for (entry, factor) in right.iter_mut().skip(start).zip(row) {
                *entry = add(*entry, mul(value, *factor));
            }
        }
        right
    }
}

/// The rows as given or, where that is less work, those that touch fewer atoms first; and where each begins.
fn cheaper_order(rows: &[SparseRow], columns: usize) -> (Vec<usize>, Vec<usize>) {
    let given: Vec<usize> = (0..rows.len()).collect();
    let mut narrow_first = given.clone();
    narrow_first.sort_by_key(|row| rows.get(*row).map_or(0, Vec::len));
    let given = (row_starts(rows, &given, columns), given);
    let narrow_first = (row_starts(rows, &narrow_first, columns), narrow_first);
    let (starts, order) =
        if factor_steps(&narrow_first.0) < factor_steps(&given.0) { narrow_first } else { given };
    (order, starts)
}

/// For each place of this order, the first place whose row shares an atom with it.
fn row_starts(rows: &[SparseRow], order: &[usize], columns: usize) -> Vec<usize> {
    let mut first_of_column = vec![usize::MAX; columns];
    let mut starts = Vec::with_capacity(order.len());
    for (place, row) in order.iter().enumerate() {
        let mut start = place;
        for (column, _) in rows.get(*row).map_or(&[][..], Vec::as_slice) {
            if let Some(first) = first_of_column.get_mut(*column) {
                *first = (*first).min(place);
                start = start.min(*first);
            }
        }
        starts.push(start);
    }
    starts
}

/// Multiplications, about, that splitting takes where the rows begin at these places.
fn factor_steps(starts: &[usize]) -> u64 {
    let row_steps = |(place, start): (usize, &usize)| -> u64 {
        let others = starts.get(*start..place).unwrap_or(&[]);
        let overlap = |(other, other_start): (usize, &usize)| (other - start.max(other_start)) as u64 + 1;
        (*start..).zip(others).map(overlap).sum()
    };
    starts.iter().enumerate().map(row_steps).sum()
}

/// The lower half of M D Mᵀ: of each row the entries from `starts` to before the diagonal, and the diagonal.
fn weighted_gram(rows: &[&SparseRow], weights: &[u64], starts: &[usize]) -> (Vec<Vec<u64>>, Vec<u64>) {
    let by_column = ByColumn::new(rows, weights.len());
    let mut gram: Vec<Vec<u64>> =
        starts.iter().enumerate().map(|(index, start)| vec![0; index - start]).collect();
    let mut diagonal = vec![0; rows.len()];
    for (column, weight) in weights.iter().enumerate() {
        let entries = by_column.entries(column);
        for (at, (index, sign)) in entries.iter().enumerate() {
            let (Some(row), Some(start)) = (gram.get_mut(*index), starts.get(*index)) else { continue };
            for (other, other_sign) in entries.iter().take(at) {
                if let Some(entry) = row.get_mut(other - start) {
                    *entry = add(*entry, signed(*weight, sign * other_sign));
                }
            }
            if let Some(entry) = diagonal.get_mut(*index) {
                *entry = add(*entry, *weight);
            }
        }
    }
    (gram, diagonal)
}

/// The matrix by its columns: row and sign of each entry, in one list, since there may be a million short columns.
struct ByColumn {
    /// Where each column's entries end.
    ends: Vec<usize>,
    entries: Vec<(usize, i8)>,
}

impl ByColumn {
    fn new(rows: &[&SparseRow], columns: usize) -> Self {
        // First how many entries there are before each column; filling it, that becomes where it ends.
        let mut ends = vec![0; columns];
        let all = || rows.iter().enumerate().flat_map(|(row, entries)| entries.iter().map(move |e| (row, e)));
        for (_, (column, _)) in all() {
            if let Some(count) = ends.get_mut(*column) {
                *count += 1;
            }
        }
        let mut before = 0;
        for end in &mut ends {
            before += std::mem::replace(end, before);
        }
        let mut entries = vec![(0, 0); before];
        for (row, (column, sign)) in all() {
            let Some(end) = ends.get_mut(*column) else { continue };
            if let Some(entry) = entries.get_mut(*end) {
                *entry = (row, *sign);
            }
            *end += 1;
        }
        Self { ends, entries }
    }

    /// A column's entries, by ascending row.
    fn entries(&self, column: usize) -> &[(usize, i8)] {
        let from = column.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(column).and_then(|end| self.entries.get(from..*end)).unwrap_or(&[])
    }
}

/// Numbers below the prime, from SHA-256 in counter mode.
struct Stream {
    key: Sha256,
    counter: u64,
    block: Vec<u64>,
}

impl Stream {
    fn new(seed: &[u8; 32], attempt: u8) -> Self {
        let key = Sha256::new().chain_update(b"finvault/inference/weights").chain_update(seed);
        Self { key: key.chain_update([attempt]), counter: 0, block: Vec::new() }
    }

    fn next_nonzero(&mut self) -> u64 {
        loop {
            let Some(number) = self.block.pop() else {
                let digest = self.key.clone().chain_update(self.counter.to_be_bytes()).finalize();
                self.counter = self.counter.wrapping_add(1);
                let words = digest
                    .chunks_exact(8)
                    .map(|word| word.iter().fold(0u64, |all, b| all << 8 | u64::from(*b)));
                self.block.extend(words);
                continue;
            };
            let number = reduce(u128::from(number & P));
            if number != 0 {
                return number;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTHS: usize = 24;
    const PAYEES: usize = 300;

    /// Totals by month, then totals by payee: an atom for each month and payee.
    fn months_then_payees() -> Vec<SparseRow> {
        let months = (0..MONTHS).map(|month| (0..PAYEES).map(|payee| (month * PAYEES + payee, 1)).collect());
        let payees = (0..PAYEES).map(|payee| (0..MONTHS).map(|month| (month * PAYEES + payee, 1)).collect());
        months.chain(payees).collect()
    }

    #[test]
    fn rows_that_share_nothing_come_before_those_that_touch_everything() {
        let rows = months_then_payees();
        let given: Vec<usize> = (0..rows.len()).collect();
        let given_steps = factor_steps(&row_starts(&rows, &given, MONTHS * PAYEES));
        let (order, starts) = cheaper_order(&rows, MONTHS * PAYEES);
        assert_eq!(order.first(), Some(&MONTHS));
        assert!(factor_steps(&starts) * 50 < given_steps, "{} of {given_steps}", factor_steps(&starts));

        let solved = Solved::new(rows, MONTHS * PAYEES, &[7; 32]).unwrap();
        let all: Vec<usize> = (0..MONTHS * PAYEES).collect();
        assert!(solved.combination(&all).is_some(), "all months are the total of everything");
        assert!(solved.combination(&[0]).is_none(), "a payee's month is not determined");
        assert!(solved.null.iter().all(|entry| *entry != 0), "nor is any other");
    }

    #[test]
    fn the_order_given_stays_where_it_is_the_cheaper_one() {
        // A chain of ever narrower windows, each sharing an atom with the next: as given, each row begins one back.
        let rows: Vec<SparseRow> = (0..50)
            .map(|row| (row * 51..row * 51 + 51 - row).chain([(row + 1) * 51]).map(|c| (c, 1)).collect())
            .collect();
        let (order, _) = cheaper_order(&rows, 51 * 51);
        assert!(order.is_sorted());
    }
}
