use super::*;
use crate::ledger::TransactionId;
use crate::ledger::part_number::part_numbers;
use proptest::prelude::*;

const LENDER: i64 = 1;
const LANDLORD: i64 = 2;
const ANCHOR: i64 = -1;

fn rows(range: std::ops::RangeInclusive<i64>) -> RowSet {
    RowSet::from_sorted(range)
}

fn sum(range: std::ops::RangeInclusive<i64>) -> Aggregate {
    Aggregate::new(LENDER, Kind::Sum, rows(range))
}

/// The balance after the first `rows` transactions.
fn balance(up_to: i64) -> Aggregate {
    Aggregate::new(LENDER, Kind::Sum, rows(1..=up_to).with(ANCHOR))
}

fn revealed(ids: &[i64]) -> Aggregate {
    Aggregate::new(LENDER, Kind::Revealed, RowSet::from_ids(ids.iter().copied()))
}

fn options() -> Options {
    Options {
        k: 3,
        observer: Some(LENDER),
        quantity: Quantity::Amounts,
        scope: Scope::Touched,
        seed: [7; 32],
    }
}

/// What leaks where the last aggregate is asked for and the others were disclosed before.
fn leaks(aggregates: &[Aggregate]) -> Vec<Vec<i64>> {
    let analysis = analyse(aggregates, aggregates.len() - 1, &options()).unwrap();
    assert!(analysis.leaks.iter().all(|leak| leak.certificate.is_some() && leak.new));
    analysis.leaks.iter().map(|leak| leak.rows.ids().collect()).collect()
}

#[test]
fn one_balance_tells_nothing_of_its_rows_and_two_tell_what_is_between() {
    assert!(leaks(&[balance(1)]).is_empty());
    assert!(leaks(&[balance(0)]).is_empty());
    assert!(leaks(&[balance(5), balance(8)]).is_empty());
    assert_eq!(leaks(&[balance(5), balance(7)]), [[6, 7]]);
    assert_eq!(leaks(&[balance(7), balance(6)]), [[7]]);
    assert_eq!(leaks(&[balance(0), balance(1)]), [[1]]);
}

#[test]
fn a_total_of_few_rows_is_the_rows() {
    assert_eq!(leaks(&[sum(1..=2)]), [[1, 2]]);
    assert!(leaks(&[sum(1..=3)]).is_empty());
}

#[test]
fn a_quarter_and_the_quarter_less_a_day() {
    assert_eq!(leaks(&[sum(1..=90), sum(1..=89)]), [[90]]);
    let analysis = analyse(&[sum(1..=90), sum(1..=89)], 1, &options()).unwrap();
    let certificate = analysis.leaks[0].certificate.clone().unwrap();
    assert_eq!(certificate.denominator, 1);
    assert_eq!(certificate.terms, [Term { aggregate: 0, times: 1 }, Term { aggregate: 1, times: -1 }]);
    assert!(certificate.revealing.is_empty());
}

#[test]
fn overlapping_windows_are_differenced_over_several_disclosures() {
    // 1..=20 less (1..=8 and 9..=19): no two of them tell it.
    assert_eq!(leaks(&[sum(1..=20), sum(1..=8), sum(9..=19)]), [[20]]);
    // Half of what three pairwise sums add up to.
    let pair =
        |one, other| Aggregate::new(LENDER, Kind::Sum, rows(one..=one + 1).union(&rows(other..=other + 1)));
    let analysis = analyse(&[pair(1, 11), pair(11, 21), pair(1, 21)], 2, &options()).unwrap();
    assert_eq!(analysis.leaks.len(), 3);
    let certificate = analysis.leaks[0].certificate.clone().unwrap();
    assert_eq!(certificate.denominator, 2);
    assert_eq!(certificate.terms.iter().map(|term| term.times).collect::<Vec<_>>(), [1, -1, 1]);
}

#[test]
fn the_complement_of_a_suppressed_cell_is_found_in_one_request() {
    let cells = [sum(1..=40), sum(1..=18), sum(21..=40)];
    let analysis = analyse(&cells, 0, &options()).unwrap();
    assert_eq!(analysis.leaks.iter().map(|leak| leak.rows.clone()).collect::<Vec<_>>(), [rows(19..=20)]);
    // With a second cell hidden, nothing is known of either.
    let analysis = analyse(&[sum(1..=40), sum(1..=10)], 0, &options()).unwrap();
    assert!(analysis.leaks.is_empty());
}

#[test]
fn a_further_figure_never_hides_a_leak() {
    // The difference of the first two is rows 1 and 2; the third splits them, so that neither atom is known.
    let splitting = Aggregate::new(LENDER, Kind::Sum, RowSet::from_ids([1, 50, 51, 52]));
    assert_eq!(leaks(&[sum(3..=20), splitting, sum(1..=20)]), [[1, 2]]);
    let wide = Options { k: 4, ..options() };
    let others = [50, 60].map(|far| {
        Aggregate::new(LENDER, Kind::Sum, RowSet::from_ids([far / 10 - 4, far, far + 1, far + 2]))
    });
    let all = [&others[..], &[sum(4..=20), sum(1..=20)]].concat();
    let analysis = analyse(&all, 3, &wide).unwrap();
    assert_eq!(analysis.leaks.iter().map(|leak| leak.rows.clone()).collect::<Vec<_>>(), [rows(1..=3)]);
}

#[test]
fn rows_that_were_shown_are_no_secret_and_what_is_left_of_a_sum_is() {
    assert!(leaks(&[sum(1..=9), revealed(&[1, 2, 3])]).is_empty());
    assert_eq!(leaks(&[sum(1..=9), revealed(&[1, 2, 3, 4, 5, 6, 7])]), [[8, 9]]);
    assert_eq!(leaks(&[revealed(&[1, 2, 3, 4, 5, 6, 7]), sum(1..=9)]), [[8, 9]]);
    let all = [sum(1..=9), revealed(&[1, 2, 3, 4, 5, 6, 7])];
    let certificate = analyse(&all, 1, &options()).unwrap().leaks[0].certificate.clone().unwrap();
    assert_eq!((certificate.terms.len(), certificate.revealing), (1, vec![1]));
    // A balance less rows that were shown is a balance still.
    assert!(leaks(&[revealed(&[1, 2, 3, 4]), balance(5)]).is_empty());
}

#[test]
fn two_recipients_together_know_more_than_each() {
    let to_landlord = Aggregate { observer: LANDLORD, ..balance(8) };
    let all = [to_landlord, balance(7)];
    assert!(leaks(&all).is_empty());
    let together = Options { observer: None, ..options() };
    let analysis = analyse(&all, 1, &together).unwrap();
    assert_eq!(analysis.leaks.iter().map(|leak| leak.rows.clone()).collect::<Vec<_>>(), [rows(8..=8)]);
}

#[test]
fn a_harmless_series_is_left_alone_and_a_known_leak_is_told_once() {
    let mut series: Vec<Aggregate> = Vec::new();
    for month in 0..24 {
        series.push(balance(30 + month * 3));
        assert!(leaks(&series).is_empty());
    }
    // A leak of the past is no reason to refuse what adds nothing to it.
    assert!(leaks(&[balance(5), balance(6), balance(9)]).is_empty());
    assert!(leaks(&[balance(5), balance(6), balance(6)]).is_empty());
}

#[test]
fn rounding_does_not_count_as_protection() {
    let rounded = |up_to| Aggregate { kind: Kind::RoundedSum, ..balance(up_to) };
    assert_eq!(leaks(&[rounded(5), rounded(6)]), [[6]]);
    let analysis = analyse(&[rounded(5), rounded(6)], 1, &options()).unwrap();
    assert!(analysis.leaks[0].rounded);
}

#[test]
fn a_set_may_be_given_as_the_difference_to_another() {
    let derived = Aggregate { base: Some(0), ..Aggregate::new(LENDER, Kind::Sum, rows(6..=6)) };
    assert_eq!(leaks(&[balance(5), derived.clone()]), [[6]]);
    let shrunk = Aggregate {
        base: Some(0),
        added: rows(6..=9),
        removed: rows(5..=5),
        ..Aggregate::new(LENDER, Kind::Sum, RowSet::new())
    };
    assert!(leaks(&[balance(5), shrunk.clone()]).is_empty());
    assert_eq!(leaks(&[balance(5), shrunk, sum(6..=9)]), [[5]]);
    let analysis = analyse(&[balance(5), derived.clone()], 1, &options()).unwrap();
    let terms = &analysis.leaks[0].certificate.as_ref().unwrap().terms;
    assert_eq!(*terms, [Term { aggregate: 0, times: -1 }, Term { aggregate: 1, times: 1 }]);
    let bad = Aggregate { base: Some(1), ..derived.clone() };
    assert_eq!(analyse(&[balance(5), bad], 1, &options()), Err(InferenceError::BadBase(1)));
    let foreign = Aggregate { observer: LANDLORD, ..derived };
    assert_eq!(analyse(&[balance(5), foreign], 1, &options()), Err(InferenceError::BadBase(1)));
}

#[test]
fn numbers_of_rows_follow_like_sums() {
    let counted = |range| Aggregate::new(LENDER, Kind::Count, rows(range));
    let counts = Options { quantity: Quantity::Counts, scope: Scope::Everything, ..options() };
    let known = |aggregates: &[Aggregate], options: &Options| -> Vec<(u64, bool)> {
        let analysis = analyse(aggregates, aggregates.len(), options).unwrap();
        analysis.known.iter().map(|group| (group.transactions, group.new)).collect()
    };
    let all = [counted(1..=9), counted(1..=7), balance(20)];
    assert_eq!(known(&all, &counts), [(11, false), (7, false), (2, false)]);
    let amounts = Options { scope: Scope::Everything, ..options() };
    assert_eq!(known(&all, &amounts), [(20, false)]);
}

#[test]
fn questions_are_counted_once_each() {
    let asks = |question: &str, up_to, observer| {
        let kind = Kind::Threshold { account: 5, question: question.to_owned() };
        Aggregate::new(observer, kind, rows(1..=up_to))
    };
    let all = [asks("at-least 1", 9, LENDER), asks("at-least 1", 9, LENDER), asks("at-least 2", 9, LENDER)];
    assert_eq!(threshold_answers(&all, Some(LENDER), 5), 2);
    assert_eq!(threshold_answers(&all, Some(LANDLORD), 5), 0);
    assert_eq!(threshold_answers(&all, None, 6), 0);
    let more = [&all[..], &[asks("at-least 2", 10, LANDLORD)]].concat();
    assert_eq!(threshold_answers(&more, None, 5), 3);
    // Answers are no equations.
    assert!(leaks(&all).is_empty());
}

/// The parts of a transaction, from amounts, and the figure that says so.
fn parts(transaction: i64, amounts: &[i64]) -> (Vec<i64>, Aggregate) {
    let numbers = part_numbers(TransactionId(transaction), amounts).unwrap();
    let removed = RowSet::from_ids([transaction]);
    let aggregate =
        Aggregate { removed, ..Aggregate::new(LENDER, Kind::Parts, numbers.iter().copied().collect()) };
    (numbers, aggregate)
}

fn sum_of(ids: impl IntoIterator<Item = i64>) -> Aggregate {
    Aggregate::new(LENDER, Kind::Sum, RowSet::from_ids(ids))
}

#[test]
fn parts_add_up_to_their_transaction() {
    let (of_nine, nine) = parts(9, &[5, 7]);
    let food = sum_of([1, 2, 3, of_nine[0]]);
    // All less the food is the rest of the transaction and two rows.
    assert!(leaks(&[nine.clone(), food.clone(), sum(1..=12)]).is_empty());
    assert_eq!(leaks(&[nine.clone(), food.clone(), sum_of([1, 2, 3, 9, 10])]), [[10, of_nine[1]]]);
    // Without it, its first part is left of the food; its sum alone gives the other away then.
    assert_eq!(leaks(&[nine.clone(), food.clone(), sum(1..=3)]), [[of_nine[0]]]);
    let shown = [nine.clone(), revealed(&[9]), food, sum(1..=3)];
    let mut both = [[of_nine[0]], [of_nine[1]]];
    both.sort_unstable();
    assert_eq!(leaks(&shown), both);
    // Shown as a whole its parts are no secret together, and each still is.
    assert!(
        leaks(&[nine.clone(), sum_of(of_nine.clone().into_iter().chain([1, 2, 3])), revealed(&[9])])
            .is_empty()
    );
    let counted = Options { quantity: Quantity::Counts, scope: Scope::Everything, ..options() };
    let analysis = analyse(&[nine, sum_of([1, 2, of_nine[0]])], 0, &counted).unwrap();
    assert_eq!(analysis.known.iter().map(|group| group.transactions).collect::<Vec<_>>(), [3]);
}

#[test]
fn a_group_counts_each_transaction_once_and_small_groups_of_split_ones_are_found() {
    // Four split transactions, of which only the sum is told: too few for a k of five, enough for one of four.
    let versions: Vec<(Vec<i64>, Aggregate)> = (1..=4).map(|id| parts(id, &[id, 100 * id, 77])).collect();
    let first = versions.iter().map(|(numbers, _)| numbers[0]).chain(10..=20);
    let mut all: Vec<Aggregate> = versions.iter().map(|(_, parts)| parts.clone()).collect();
    all.push(sum_of(first));
    all.push(sum(1..=4));
    let found = |k: u64| analyse(&all, all.len() - 1, &Options { k, ..options() }).unwrap().leaks;
    assert!(found(4).is_empty());
    assert_eq!(found(5).iter().map(|leak| leak.rows.clone()).collect::<Vec<_>>(), [rows(1..=4)]);
    // Two parts of one transaction and a row are two transactions.
    let (of_nine, nine) = parts(9, &[5, 7, 11]);
    let told = [nine, sum_of([1, 2, 3]), sum_of([1, 2, 3, 4, of_nine[0], of_nine[1]])];
    let leaks = analyse(&told, 2, &options()).unwrap().leaks;
    assert_eq!(leaks.iter().map(|leak| leak.transactions).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_transaction_of_many_parts() {
    let amounts: Vec<i64> = (1..=20).collect();
    let (numbers, version) = parts(50, &amounts);
    let mut told = vec![version];
    // Each part in a total of its own, with rows of its own.
    for (at, number) in (0i64..).zip(&numbers) {
        told.push(sum_of((0..5).map(|row| 100 + at * 5 + row).chain([*number])));
    }
    assert!(leaks(&told).is_empty());
    // All parts but two from all rows: the two together are known.
    let others = (2..20).flat_map(|at| (0..5).map(move |row| 100 + at * 5 + row));
    told.push(sum_of(others.chain([50])));
    assert_eq!(
        leaks(&told),
        [{
            let mut two = vec![numbers[0], numbers[1]];
            two.sort_unstable();
            two
        }]
    );
}

/// Whether `wanted` is a combination of `rows`, by elimination in fractions of whole numbers.
fn in_span(rows: &[Vec<i128>], wanted: &[i128]) -> bool {
    let rank = |mut rows: Vec<Vec<i128>>| -> usize {
        let mut rank = 0;
        for column in 0..wanted.len() {
            let Some(pivot) = (rank..rows.len()).find(|row| rows[*row][column] != 0) else { continue };
            rows.swap(rank, pivot);
            let head = rows[rank].clone();
            for row in rows.iter_mut().skip(rank + 1) {
                let (a, b) = (head[column], row[column]);
                for (entry, other) in row.iter_mut().zip(&head) {
                    *entry = *entry * a - *other * b;
                }
                let divisor = row.iter().fold(0i128, |gcd, entry| greatest_divisor(gcd, *entry)).max(1);
                row.iter_mut().for_each(|entry| *entry /= divisor);
            }
            rank += 1;
        }
        rank
    };
    let with = rows.iter().cloned().chain([wanted.to_vec()]).collect();
    rank(with) == rank(rows.to_vec())
}

fn greatest_divisor(one: i128, other: i128) -> i128 {
    if other == 0 { one.abs() } else { greatest_divisor(other, one % other) }
}

/// Unknowns of the small instances: an anchor, then the rows 1 to 8.
const UNKNOWNS: [i64; 9] = [-1, 1, 2, 3, 4, 5, 6, 7, 8];

fn equations(aggregates: &[Aggregate]) -> Vec<Vec<i128>> {
    let mut all = Vec::new();
    for aggregate in aggregates {
        let ids: Vec<i64> = aggregate.added.ids().collect();
        let sets = match aggregate.kind {
            Kind::Revealed => ids.iter().map(|id| vec![*id]).collect(),
            _ => vec![ids],
        };
        all.extend(sets.into_iter().map(|set| UNKNOWNS.map(|id| i128::from(set.contains(&id))).to_vec()));
    }
    all
}

fn any_aggregate() -> impl Strategy<Value = Aggregate> {
    (0u16..512, 0..6u8).prop_map(|(bits, kind)| {
        let ids = UNKNOWNS.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, id)| *id);
        let (kind, ids) = match kind {
            0 => (Kind::Revealed, ids.filter(|id| *id > 0 && id % 3 == 0).collect()),
            _ => (Kind::Sum, ids.collect()),
        };
        Aggregate::new(LENDER, kind, ids)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(400)))]

    #[test]
    fn it_finds_what_elimination_over_the_fractions_finds(
        aggregates in prop::collection::vec(any_aggregate(), 1..8),
        earlier in 0usize..8,
        k in 2u64..=4,
    ) {
        let earlier = earlier.min(aggregates.len());
        let analysis = analyse(&aggregates, earlier, &Options { k, scope: Scope::Everything, ..options() }).unwrap();
        let (before, after) = (equations(&aggregates[..earlier]), equations(&aggregates));
        let vector = |set: &RowSet| UNKNOWNS.map(|id| i128::from(set.contains(id))).to_vec();
        for group in &analysis.known {
            prop_assert!(in_span(&after, &vector(&group.rows)), "{group:?} does not follow");
            prop_assert_eq!(group.new, !in_span(&before, &vector(&group.rows)));
        }
        let shown: RowSet = aggregates
            .iter()
            .filter(|aggregate| aggregate.kind == Kind::Revealed)
            .fold(RowSet::new(), |all, aggregate| all.union(&aggregate.added));
        for leak in &analysis.leaks {
            prop_assert!(leak.new && leak.transactions < k && leak.certificate.is_some());
        }
        for bits in 1u16..256 {
            let set: RowSet = (1..=8).filter(|row| bits >> (row - 1) & 1 == 1).collect();
            if set.len() >= k || !set.intersection(&shown).is_empty() {
                continue;
            }
            let is_new = in_span(&after, &vector(&set)) && !in_span(&before, &vector(&set));
            let told = analysis.leaks.iter().any(|leak| leak.rows.difference(&set).is_empty());
            prop_assert!(!is_new || told, "{set:?} follows and was not found");
        }
        // What is touched is all that can become known.
        let touched = analyse(&aggregates, earlier, &Options { k, ..options() }).unwrap();
        prop_assert_eq!(&touched.leaks, &analysis.leaks);
        // A certificate adds up: the sums it names, less what was revealed.
        for leak in &analysis.leaks {
            let certificate = leak.certificate.as_ref().unwrap();
            let mut total = vec![0i128; UNKNOWNS.len()];
            for term in &certificate.terms {
                for (entry, one) in total.iter_mut().zip(vector(&aggregates[term.aggregate].added)) {
                    *entry += i128::from(term.times) * one;
                }
            }
            for ((entry, wanted), id) in total.iter().zip(vector(&leak.rows)).zip(UNKNOWNS) {
                let off = certificate.revealing.iter().any(|index| aggregates[*index].added.contains(id));
                prop_assert!(*entry == wanted * i128::from(certificate.denominator) || off);
            }
        }
    }

    #[test]
    fn differences_to_a_base_change_nothing(aggregates in prop::collection::vec(any_aggregate(), 1..8)) {
        let mut derived: Vec<Aggregate> = Vec::new();
        for (index, aggregate) in aggregates.iter().enumerate() {
            let base = (0..index).rev().find(|other| aggregates[*other].is_sum() && aggregate.is_sum());
            derived.push(match base {
                Some(base) => Aggregate {
                    base: Some(base),
                    added: aggregate.added.difference(&aggregates[base].added),
                    removed: aggregates[base].added.difference(&aggregate.added),
                    ..aggregate.clone()
                },
                None => aggregate.clone(),
            });
        }
        let earlier = aggregates.len() / 2;
        let sets = |aggregates: &[Aggregate]| -> Vec<RowSet> {
            let analysis = analyse(aggregates, earlier, &options()).unwrap();
            analysis.leaks.into_iter().map(|group| group.rows).collect()
        };
        prop_assert_eq!(sets(&aggregates), sets(&derived));
    }
}
