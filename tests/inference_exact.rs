//! The guard against a slow judge of its own: random ledgers, random series of disclosures, random splits.
//!
//! The judge reads what was signed, not what the guard made of it: each cell, balance and row becomes an equation over
//! the amounts of transactions and parts, in exact whole numbers, and every group of fewer than k transactions, taken
//! wholly or with any of their parts, is tried. The guard has to refuse where a group would become known, and nowhere
//! else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "age")]

mod attack_house;

use attack_house::{House, day, only, with_whole};
use finvault::disclosure::{Fact, Grouping, Period};
use finvault::ledger::TransactionId;
use finvault::vault::{FactRequest, Refusal, TransactionField, VaultError};
use jiff::civil::Date;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const DAYS: [i64; 6] = [3, 12, 20, 33, 40, 52];
const PAYEES: [&str; 2] = ["Market", "Bakery"];
const CATEGORIES: [&str; 3] = ["Food", "Food:Out", "Home"];

/// A transaction as the judge knows it.
#[derive(Debug, Clone)]
struct Known {
    id: TransactionId,
    day: Date,
    minor: i64,
    payee: &'static str,
    category: &'static str,
    /// The ways it was split, category and amount; the last holds.
    versions: Vec<Vec<(&'static str, i64)>>,
}

/// A piece of an equation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Opening,
    Whole(usize),
    Part(usize, i64),
}

/// Something that was told.
#[derive(Debug, Clone)]
struct Told {
    to: usize,
    pieces: Vec<Piece>,
    is_row: bool,
}

#[derive(Debug, Clone)]
enum Step {
    Balance(usize),
    Totals {
        days: (usize, usize),
        grouping: usize,
        monthly: bool,
        whole: bool,
        category: usize,
        payee: usize,
    },
    Rows {
        days: (usize, usize),
        amounts: bool,
    },
    Split {
        row: usize,
        cut: i64,
        categories: (usize, usize),
    },
}

fn within(category: &str, asked: &str) -> bool {
    category == asked || category.strip_prefix(asked).is_some_and(|rest| rest.starts_with(':'))
}

/// Amounts that are unknown, and what is known of them.
struct Judge<'a> {
    rows: &'a [Known],
    columns: BTreeMap<(usize, i64), usize>,
}

impl<'a> Judge<'a> {
    fn new(rows: &'a [Known]) -> Self {
        let mut columns = BTreeMap::new();
        for (index, row) in rows.iter().enumerate() {
            let amounts: Vec<i64> = match row.versions.is_empty() {
                true => vec![row.minor],
                false => row.versions.iter().flatten().map(|(_, minor)| *minor).collect(),
            };
            for amount in amounts {
                let next = columns.len() + 1;
                columns.entry((index, amount)).or_insert(next);
            }
        }
        Self { rows, columns }
    }

    fn vector(&self, pieces: &[Piece]) -> Vec<i128> {
        let mut vector = vec![0; self.columns.len() + 1];
        for piece in pieces {
            match piece {
                Piece::Opening => vector[0] += 1,
                Piece::Part(row, minor) => vector[self.columns[&(*row, *minor)]] += 1,
                Piece::Whole(row) => match self.rows[*row].versions.first() {
                    None => vector[self.columns[&(*row, self.rows[*row].minor)]] += 1,
                    Some(parts) => {
                        parts.iter().for_each(|(_, minor)| vector[self.columns[&(*row, *minor)]] += 1);
                    }
                },
            }
        }
        vector
    }

    /// What is known from these equations; that parts add up to the whole is known anyhow.
    fn span<'b>(&self, told: impl Iterator<Item = &'b Told>) -> Span {
        let mut span = Span::default();
        for (index, row) in self.rows.iter().enumerate() {
            for version in row.versions.iter().skip(1) {
                let parts: Vec<Piece> = version.iter().map(|(_, minor)| Piece::Part(index, *minor)).collect();
                let whole = self.vector(&[Piece::Whole(index)]);
                let mut equation = self.vector(&parts);
                equation.iter_mut().zip(whole).for_each(|(entry, whole)| *entry -= whole);
                span.add(equation);
            }
        }
        told.for_each(|told| span.add(self.vector(&told.pieces)));
        span
    }

    /// Every way to take some of a transaction: no set that has all parts of it and more.
    fn choices(&self, row: usize) -> Vec<Vec<i64>> {
        let amounts: Vec<i64> =
            self.columns.keys().filter(|(index, _)| *index == row).map(|(_, minor)| *minor).collect();
        let versions: Vec<BTreeSet<i64>> = self.rows[row]
            .versions
            .iter()
            .map(|parts| parts.iter().map(|(_, minor)| *minor).collect())
            .collect();
        (1u32..1 << amounts.len())
            .map(|mask| {
                let chosen = amounts.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1);
                chosen.map(|(_, minor)| *minor).collect::<BTreeSet<i64>>()
            })
            .filter(|chosen| !versions.iter().any(|all| all.is_subset(chosen) && all != chosen))
            .map(|chosen| chosen.into_iter().collect())
            .collect()
    }

    /// A group of fewer than `k` transactions that the told equations give away and the rows shown do not.
    fn leak(&self, told: &[Told], to: Option<usize>, k: usize) -> Option<Vec<Piece>> {
        let mine = || told.iter().filter(|told| to.is_none_or(|to| told.to == to));
        let (all, shown) = (self.span(mine()), self.span(mine().filter(|told| told.is_row)));
        self.search(&all, &shown, 0, k.checked_sub(1)?, &mut Vec::new())
    }

    fn search(
        &self,
        all: &Span,
        shown: &Span,
        from: usize,
        left: usize,
        group: &mut Vec<Piece>,
    ) -> Option<Vec<Piece>> {
        if !group.is_empty() {
            let vector = self.vector(group);
            if all.has(vector.clone()) && !shown.has(vector) {
                return Some(group.clone());
            }
        }
        if left == 0 {
            return None;
        }
        for row in from..self.rows.len() {
            for choice in self.choices(row) {
                let length = group.len();
                match self.rows[row].versions.is_empty() {
                    true => group.push(Piece::Whole(row)),
                    false => group.extend(choice.iter().map(|minor| Piece::Part(row, *minor))),
                }
                if let Some(found) = self.search(all, shown, row + 1, left - 1, group) {
                    return Some(found);
                }
                group.truncate(length);
            }
        }
        None
    }
}

/// The span of some vectors, in whole numbers: each kept vector has a leading column of its own.
#[derive(Default)]
struct Span(Vec<(usize, Vec<i128>)>);

impl Span {
    fn rest(&self, mut vector: Vec<i128>) -> Vec<i128> {
        for (lead, kept) in &self.0 {
            let (a, b) = (kept[*lead], vector[*lead]);
            if b != 0 {
                vector.iter_mut().zip(kept).for_each(|(entry, kept)| *entry = *entry * a - *kept * b);
                let divisor = vector.iter().fold(0, |all, entry| greatest_divisor(all, *entry)).max(1);
                vector.iter_mut().for_each(|entry| *entry /= divisor);
            }
        }
        vector
    }

    fn add(&mut self, vector: Vec<i128>) {
        let rest = self.rest(vector);
        if let Some(lead) = rest.iter().position(|entry| *entry != 0) {
            self.0.push((lead, rest));
        }
    }

    fn has(&self, vector: Vec<i128>) -> bool {
        self.rest(vector).iter().all(|entry| *entry == 0)
    }
}

fn greatest_divisor(one: i128, other: i128) -> i128 {
    if other == 0 { one.abs() } else { greatest_divisor(other, one % other) }
}

/// The equations of signed totals. Counts and sums have to be those of the rows.
fn told_by_totals(rows: &[Known], request: &FactRequest, fact: &Fact) -> Vec<Vec<Piece>> {
    let (FactRequest::Totals { filter, grouping, .. }, Fact::Totals(fact)) = (request, fact) else {
        panic!()
    };
    let mut told = Vec::new();
    for period in &fact.periods {
        // Of each group the pieces, their sum, and how many transactions they are of.
        let mut cells: BTreeMap<Option<String>, (Vec<Piece>, i64, u64)> = BTreeMap::new();
        for (index, row) in rows.iter().enumerate() {
            let has_payee = filter.payee.as_ref().is_none_or(|payee| row.payee.contains(payee.as_str()));
            if !(period.from..=period.to).contains(&row.day) || !has_payee {
                continue;
            }
            let parts: Vec<(&str, i64, Piece)> = match row.versions.last() {
                Some(parts) if *grouping == Grouping::Category || filter.category.is_some() => {
                    parts.iter().map(|(name, minor)| (*name, *minor, Piece::Part(index, *minor))).collect()
                }
                Some(_) => vec![("", row.minor, Piece::Whole(index))],
                None => vec![(row.category, row.minor, Piece::Whole(index))],
            };
            let asked = |name: &str| filter.category.as_ref().is_none_or(|asked| within(name, asked));
            let parts: Vec<_> = parts.into_iter().filter(|(name, ..)| asked(name)).collect();
            let sum: i64 = parts.iter().map(|(_, minor, _)| minor).sum();
            let mut seen = BTreeSet::new();
            for (name, minor, piece) in parts {
                let group = match grouping {
                    Grouping::Category => name,
                    Grouping::Payee => row.payee,
                    _ if sum < 0 => "spending",
                    _ => "income",
                };
                let cell = cells.entry(Some(group.to_owned())).or_default();
                cell.0.push(piece);
                cell.1 += minor;
                cell.2 += u64::from(seen.insert(group));
            }
        }
        for cell in &period.cells {
            let (pieces, sum, count) = &cells[&cell.group];
            assert_eq!((cell.amount.minor(), cell.count), (*sum, *count), "{:?}", cell.group);
            told.push(pieces.clone());
        }
        if let Some((_, amount)) = period.whole {
            assert_eq!(amount.minor(), cells.values().map(|cell| cell.1).sum::<i64>());
            told.push(cells.values().flat_map(|cell| cell.0.iter().copied()).collect());
        }
    }
    told
}

fn told_by(rows: &[Known], request: &FactRequest, fact: &Fact) -> Vec<(Vec<Piece>, bool)> {
    let all = |keep: &dyn Fn(&Known) -> bool| -> Vec<Piece> {
        rows.iter().enumerate().filter(|(_, row)| keep(row)).map(|(index, _)| Piece::Whole(index)).collect()
    };
    match (request, fact) {
        (FactRequest::Balance { as_of, .. }, Fact::Balance(_)) => {
            let mut pieces = all(&|row| row.day <= *as_of);
            pieces.push(Piece::Opening);
            vec![(pieces, false)]
        }
        (FactRequest::Totals { .. }, _) => {
            told_by_totals(rows, request, fact).into_iter().map(|pieces| (pieces, false)).collect()
        }
        (FactRequest::Transactions { from, to, fields, .. }, Fact::Transactions(fact)) => {
            let pieces = all(&|row| (*from..=*to).contains(&row.day));
            assert_eq!(fact.rows.len(), pieces.len());
            let shown = fields.contains(&TransactionField::Amount);
            pieces.into_iter().filter(|_| shown).map(|piece| (vec![piece], true)).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn request_of(house: &House, step: &Step) -> FactRequest {
    let day_of = |index: usize| DAYS[index % DAYS.len()];
    match step {
        Step::Balance(on) => house.balance(day_of(*on)),
        Step::Rows { days: (one, other), amounts } => {
            let field = if *amounts { TransactionField::Amount } else { TransactionField::Date };
            house.rows(day_of(*one.min(other)), day_of(*one.max(other)), &[field])
        }
        Step::Totals { days: (one, other), grouping, monthly, whole, category, payee } => {
            let period = if *monthly { Period::Month } else { Period::Window };
            let (from, to) = (day_of(*one.min(other)), day_of(*one.max(other)));
            let fact = house.totals(from, to, Grouping::ALL[*grouping], period);
            let fact = only(fact, |filter| {
                filter.category = CATEGORIES.get(*category).map(|name| (*name).to_owned());
                filter.payee = PAYEES.get(*payee).map(|name| (*name).to_owned());
            });
            if *whole { with_whole(fact) } else { fact }
        }
        Step::Split { .. } => panic!("no fact"),
    }
}

/// Splits a row in two, or one that is split otherwise; the cut comes first or last.
fn split(house: &mut House, row: &mut Known, cut: i64, categories: (usize, usize)) {
    let (first, second) = (cut, row.minor - cut);
    if row.versions.len() > 1 || first == second {
        return;
    }
    let parts = vec![(CATEGORIES[categories.0], first), (CATEGORIES[categories.1], second)];
    house.split(row.id, &parts);
    row.versions.push(parts);
}

fn check_named(judge: &Judge<'_>, told: &[Told], refusal: &Refusal) {
    for leak in &refusal.leaks {
        let place = |id| judge.rows.iter().position(|row| row.id == id).unwrap();
        let pieces: Vec<Piece> = leak
            .rows
            .iter()
            .map(|row| match (row.in_part, &row.detail) {
                (false, _) => Piece::Whole(place(row.id)),
                (true, Some(detail)) => Piece::Part(place(row.id), detail.amount.minor()),
                // A part of an older version, whose amount is no longer there to be named.
                (true, None) => Piece::Opening,
            })
            .collect();
        if !pieces.contains(&Piece::Opening) {
            assert!(judge.span(told.iter()).has(judge.vector(&pieces)), "{leak:?} does not follow");
        }
    }
}

fn any_row() -> impl Strategy<Value = (usize, i64, usize, usize)> {
    (0..6usize, prop_oneof![1_000i64..90_000, -90_000i64..-1_000], 0..2usize, 0..3usize)
}

fn any_step() -> impl Strategy<Value = Step> {
    let totals = (((0..6usize), (0..6usize)), 0..3usize, any::<bool>(), any::<bool>(), 0..6usize, 0..5usize);
    prop_oneof![
        2 => (0..6usize).prop_map(Step::Balance),
        6 => totals.prop_map(|(days, grouping, monthly, whole, category, payee)| Step::Totals {
            days, grouping, monthly, whole, category, payee,
        }),
        1 => ((0..6usize, 0..6usize), any::<bool>()).prop_map(|(days, amounts)| Step::Rows { days, amounts }),
        2 => (0..20usize, 1..900i64, (0..3usize, 0..3usize))
            .prop_map(|(row, cut, categories)| Step::Split { row, cut, categories }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn what_the_guard_allows_gives_no_small_group_away_and_what_it_refuses_does(
        rows in prop::collection::vec(any_row(), 4..9),
        steps in prop::collection::vec((0..2usize, any_step()), 4..14),
        k in 1u64..=4,
    ) {
        let mut house = House::new();
        house.strict(k);
        let mut known: Vec<Known> = Vec::new();
        for (on, minor, payee, category) in rows {
            let (payee, category) = (PAYEES[payee], CATEGORIES[category]);
            let id = house.add(DAYS[on], minor, payee, Some(category));
            known.push(Known { id, day: day(DAYS[on]), minor, payee, category, versions: Vec::new() });
        }
        let mut told: Vec<Told> = Vec::new();
        for (to, step) in &steps {
            if let Step::Split { row, cut, categories } = step {
                let row = row % known.len();
                split(&mut house, &mut known[row], *cut, *categories);
                continue;
            }
            let request = request_of(&house, step);
            let preview = match house.preview(*to, std::slice::from_ref(&request)) {
                Ok(preview) => preview,
                Err(VaultError::AllSuppressed { .. }) => continue,
                Err(error) => panic!("{error}"),
            };
            let judge = Judge::new(&known);
            let mut then = told.clone();
            let facts = told_by(&known, &request, &preview.facts[0]).into_iter();
            then.extend(facts.map(|(pieces, is_row)| Told { to: *to, pieces, is_row }));
            let leak = judge
                .leak(&then, Some(*to), k as usize)
                .or_else(|| judge.leak(&then, None, k as usize));
            prop_assert_eq!(
                preview.refusal.is_some(),
                leak.is_some(),
                "k {}, {:?}\nrows {:#?}\ntold {:#?}\nthe judge says {:?}, the guard {:?}",
                k, request, known, told, leak, preview.refusal
            );
            match preview.refusal {
                Some(refusal) => check_named(&judge, &then, &refusal),
                None => {
                    house.disclose(*to, std::slice::from_ref(&request)).unwrap();
                    told = then;
                }
            }
        }
    }
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(32)
}

#[test]
fn the_judge_knows_what_follows() {
    let row = |minor, versions| Known {
        id: TransactionId(minor),
        day: day(1),
        minor,
        payee: PAYEES[0],
        category: CATEGORIES[0],
        versions,
    };
    let rows =
        [row(1, vec![]), row(2, vec![]), row(30, vec![vec![("Food", 10), ("Home", 20)]]), row(4, vec![])];
    let judge = Judge::new(&rows);
    let told = |pieces: &[Piece]| Told { to: 0, pieces: pieces.to_vec(), is_row: false };
    let [a, b, c, d] = [0, 1, 2, 3].map(Piece::Whole);
    let month = told(&[a, b, c, d]);
    assert_eq!(judge.leak(std::slice::from_ref(&month), None, 4), None);
    // All less the food is the second part, and whoever has the other three.
    let food = told(&[a, b, d, Piece::Part(2, 10)]);
    assert_eq!(judge.leak(&[month.clone(), food], None, 2), Some(vec![Piece::Part(2, 20)]));
    let less = told(&[a, b]);
    // Two rows are few for a k of three, and what is left over of a month when one was shown for a k of four.
    assert_eq!(judge.leak(&[month.clone(), less.clone()], None, 3), Some(vec![a, b]));
    let rest = told(&[a, b, d]);
    let both = Some(vec![Piece::Part(2, 10), Piece::Part(2, 20)]);
    assert_eq!(judge.leak(&[month.clone(), rest], None, 2), both);
    let shown = Told { is_row: true, ..told(&[c]) };
    assert_eq!(judge.leak(&[month.clone(), shown.clone()], None, 4), Some(vec![a, b, d]));
    assert_eq!(judge.leak(&[shown], None, 4), None);
    assert_eq!(judge.leak(&[month, less], Some(1), 3), None);
}
