//! What follows from everything that was disclosed: which sums of which transactions an observer can work out.
//!
//! Each disclosed figure is an [`Aggregate`]: a set of rows and what was told of it. [`analyse`] splits the
//! rows into atoms (largest sets that no aggregate tells apart) and solves exactly which atoms' sums are
//! linear combinations of the disclosed ones. A determined group of fewer than k transactions is a leak.
//!
//! **What a group is.** Every atom; and every union of two or three atoms, none determined by itself, with
//! fewer than k transactions together. Without unions a further disclosure could make a leak look safe: it
//! may split an atom of two rows into two atoms of one, neither of them known, while their sum still is. For
//! k up to 4 that is every group there is; for a larger k, unions of four or more atoms are not looked for,
//! and unions of three only where a part has at most [`MAX_FOR_TRIPLES`] small pieces.
//!
//! **Parts.** A split transaction may lie in a figure with one of its parts. Its parts are unknowns of their own
//! then, tied to the transaction by a [`Kind::Parts`]; a part that becomes known is a leak like a transaction, and a
//! group counts the transactions that it has parts of, each once. Any of a transaction's parts together are looked
//! at, where they lie in up to [`MAX_PARTS_COMBINED`] atoms; of more, those that are one or two, or all but these.
//!
//! **Soundness.** A group that is determined goes unseen only where one of these fails:
//! - two different signatures of 128 pseudo-random bits are equal (below 2^-80 for a million atoms);
//! - a combination over the fractions exists, but not modulo the prime 2^61 - 1, because that prime divides
//!   its common denominator. Denominators divide minors of a matrix of zeros and ones; small matrices have
//!   none that large, and for large ones a given prime divides by a chance of about 2^-61.
//!
//! The null vector that decides is checked after it was made, so that no luck is involved there. The other
//! way round, a group that is not determined is taken for one with a chance of 2^-61 each. Every leak comes
//! with a [`Certificate`] that was checked in whole numbers where its coefficients are small, which they are
//! in all but contrived cases; without one it is a leak all the same.
//!
//! **What is taken as exact.** Sums rounded to a step are treated like exact ones: a difference of two
//! rounded figures bounds what lies between them, and rounding hides less the more often a figure is given.
//! So rounding never makes a refused disclosure safe here. An amount that was edited between two disclosures
//! is taken as one unknown. What an observer knows from elsewhere is not modelled, save that [`Kind::Revealed`]
//! rows are known to them.
//!
//! Rows below zero are anchors: unknown amounts that are no transactions, such as an account's opening
//! balance. A balance at the end of a day is the sum of the account's anchor and its rows so far; so one
//! balance alone says nothing of its rows, and two say what the rows between them add up to.

mod analysis;
mod atoms;
mod borders;
mod certificate;
mod field;
mod pieces;
mod recode;
mod solve;
#[cfg(test)]
mod tests;

pub use analysis::analyse;
pub use certificate::{Certificate, Term};
pub use pieces::{MAX_FOR_TRIPLES, MAX_PARTS_COMBINED};

use crate::ledger::RowSet;
use std::collections::HashSet;

/// What was told of a set of rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The sum of their amounts, exactly, and how many they are.
    Sum,
    /// The sum of their amounts, rounded, and how many they are.
    RoundedSum,
    /// How many they are.
    Count,
    /// Each row by itself, with its amount: the owner chose to show these.
    Revealed,
    /// Nothing that was told, but so: `added` holds all parts of the split transaction that `removed` holds, and so
    /// adds up to it. It comes with the first figure that has one of these parts beneath it.
    Parts,
    /// The answer yes or no to a question on them.
    Threshold {
        /// The account that the budget counts for.
        account: i64,
        /// What tells this question from another on the same rows, for example `at-least 1000.00 EUR`.
        question: String,
    },
}

/// One disclosed figure.
///
/// The set may be given as the difference to an earlier one's, which keeps a long series of balances small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// Who was told.
    pub observer: i64,
    /// What they were told.
    pub kind: Kind,
    /// The place, in the same list, of an earlier sum told to the same observer, from whose set this one's
    /// is derived; none: from the empty set.
    pub base: Option<usize>,
    /// Rows that are in the set and not in the base's.
    pub added: RowSet,
    /// Rows that are in the base's set and not in this one.
    pub removed: RowSet,
}

impl Aggregate {
    /// A figure on a set that is given whole.
    pub fn new(observer: i64, kind: Kind, rows: RowSet) -> Self {
        Self { observer, kind, base: None, added: rows, removed: RowSet::new() }
    }

    /// Whether it is a sum, rounded or not.
    pub const fn is_sum(&self) -> bool {
        matches!(self.kind, Kind::Sum | Kind::RoundedSum)
    }
}

/// Which figures are solved for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Quantity {
    /// Sums of amounts: from sums, and rows that were revealed.
    #[default]
    Amounts,
    /// Numbers of transactions: from all figures that come with a count.
    Counts,
}

/// How much is solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scope {
    /// Only what is connected with the figures asked for; enough to judge them.
    #[default]
    Touched,
    /// All there is.
    Everything,
}

/// What to analyse for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// A determined group of fewer transactions than this is a leak.
    pub k: u64,
    /// Whose knowledge; none: that of all observers put together.
    pub observer: Option<i64>,
    /// Which figures.
    pub quantity: Quantity,
    /// How much.
    pub scope: Scope,
    /// Random bytes that observers do not know.
    pub seed: [u8; 32],
}

/// Rows whose sum (or number) is determined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The rows, anchors included.
    pub rows: RowSet,
    /// How many transactions there are among them.
    pub transactions: u64,
    /// Whether an anchor is among them, so that the sum is a balance and tells nothing of its rows.
    pub anchored: bool,
    /// Whether every row in it was revealed by itself.
    pub revealed: bool,
    /// Whether it was not determined before the figures asked for.
    pub new: bool,
    /// Whether a rounded sum is among the figures it is connected with, so that it may be known to a
    /// rounding step only.
    pub rounded: bool,
    /// From what it follows; given for leaks, and where it is small enough to be told.
    pub certificate: Option<Certificate>,
}

/// What follows from the figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analysis {
    /// Every determined group within the scope, leaks included.
    pub known: Vec<Group>,
    /// Groups of fewer than k transactions that become known with the figures asked for.
    pub leaks: Vec<Group>,
}

/// Why nothing could be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InferenceError {
    /// An aggregate's base is no earlier sum of the same observer.
    #[error("figure {0} is derived from one that is not an earlier sum of the same observer")]
    BadBase(usize),
    /// Random choices failed again and again, which has no natural cause.
    #[error("the analysis could not be completed")]
    Unlucky,
}

/// How many different questions on an account an observer (none: all of them together) had answered.
pub fn threshold_answers(aggregates: &[Aggregate], observer: Option<i64>, account: i64) -> usize {
    let questions: HashSet<(&str, &RowSet)> = aggregates
        .iter()
        .filter(|aggregate| observer.is_none_or(|observer| aggregate.observer == observer))
        .filter_map(|aggregate| match &aggregate.kind {
            Kind::Threshold { account: about, question } if *about == account => {
                Some((question.as_str(), &aggregate.added))
            }
            _ => None,
        })
        .collect();
    questions.len()
}
