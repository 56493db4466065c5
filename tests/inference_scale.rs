//! What the analysis costs at full size: time and memory grow with atoms and figures, not with rows.
//!
//! Run by `cargo test --release --test inference_scale -- --ignored --nocapture --test-threads 1`; the figures
//! printed are those in `docs/inference.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::disclosure::inference::{Aggregate, Analysis, Kind, Options, Quantity, Scope, analyse};
use finvault::ledger::RowSet;
use std::time::{Duration, Instant};

const ROWS: i64 = 1_000_000;

/// The largest resident size so far, in MiB; 0 where the system does not tell.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// CPU time of this thread so far, so that whatever else the machine does counts for nothing; elsewhere than
/// on Linux, time on the wall.
fn cpu_time() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let nanoseconds = std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse().ok());
    nanoseconds.map_or_else(|| START.get_or_init(Instant::now).elapsed(), Duration::from_nanos)
}

/// Numbers that look random and are the same each time.
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as i64) % end
    }
}

fn sum(rows: RowSet) -> Aggregate {
    Aggregate::new(1, Kind::Sum, rows)
}

fn balance(up_to: i64) -> Aggregate {
    sum(RowSet::from_runs([(-1, -1), (1, up_to)]))
}

/// Judges the last figure against the others, and all of them for exposure; prints what it took.
fn measure(name: &str, aggregates: &[Aggregate]) -> Analysis {
    let options =
        Options { k: 3, observer: None, quantity: Quantity::Amounts, scope: Scope::Touched, seed: [1; 32] };
    let begun = cpu_time();
    let judged = analyse(aggregates, aggregates.len() - 1, &options).unwrap();
    let judged_in = cpu_time() - begun;
    let begun = cpu_time();
    let everything = Options { scope: Scope::Everything, ..options };
    let exposure = analyse(aggregates, 0, &everything).unwrap();
    println!(
        "\n{name}: judging {:.3} s ({} leaks); all {:.3} s ({} known, {} leaks); peak {} MiB",
        judged_in.as_secs_f64(),
        judged.leaks.len(),
        (cpu_time() - begun).as_secs_f64(),
        exposure.known.len(),
        exposure.leaks.len(),
        peak_mib()
    );
    if !cfg!(debug_assertions) {
        assert!(judged_in.as_secs_f64() < 2.0, "{name} is too slow");
        assert!(peak_mib() < 500, "{name} takes too much memory");
    }
    exposure
}

#[test]
#[ignore = "measures; run in release"]
fn series_of_balances() {
    let mut random = Lcg(1);
    let mut days: Vec<i64> = (0..1_000).map(|_| 1 + random.below(ROWS)).collect();
    days.push(ROWS - 1);
    let aggregates: Vec<Aggregate> = days.iter().map(|day| balance(*day)).collect();
    let exposure = measure("1,000 balances at random days over 1,000,000 rows", &aggregates);
    days.sort_unstable();
    days.dedup();
    let gaps = days.windows(2).filter(|pair| pair[1] - pair[0] < 3).count();
    assert_eq!(exposure.leaks.len(), gaps);
}

#[test]
#[ignore = "measures; run in release"]
fn a_smaller_mixture() {
    let mut random = Lcg(2);
    let mut aggregates: Vec<Aggregate> = (1..=100).map(|month| balance(month * 200)).collect();
    aggregates.extend((0..101).map(|_| {
        let from = 1 + random.below(19_000);
        sum(RowSet::from_runs([(from, from + random.below(900))]))
    }));
    // Payees: every row belongs to one of a hundred.
    aggregates.extend((0..100).map(|payee| sum((1..=20_000).filter(|row| row * 7 % 101 == payee).collect())));
    aggregates.push(balance(19_999));
    assert_eq!(aggregates.len(), 302);
    let exposure = measure("302 balances, windows and payees over 20,000 rows", &aggregates);
    assert!(!exposure.leaks.is_empty());
}

#[test]
#[ignore = "measures; run in release"]
fn balances_crossed_with_payees() {
    let mut of_payee: Vec<Vec<i64>> = vec![Vec::new(); 500];
    let mut random = Lcg(3);
    for row in 1..=ROWS {
        of_payee[random.below(500) as usize].push(row);
    }
    let mut aggregates: Vec<Aggregate> =
        of_payee.into_iter().map(|rows| sum(RowSet::from_sorted(rows))).collect();
    // Each of a month, in no order.
    aggregates.extend((1..=500).map(|month| balance(month * 2_000 * 211 % (ROWS + 2_000))));
    aggregates.push(balance(ROWS - 1));
    measure("500 payees crossed with 500 balances over 1,000,000 rows", &aggregates);
}

#[test]
#[ignore = "measures; run in release"]
fn balances_over_rows_entered_in_no_order() {
    // Row numbers and days have nothing to do with each other; each balance is kept as a difference.
    let mut order: Vec<i64> = (1..=ROWS).collect();
    let mut random = Lcg(4);
    for at in (1..order.len()).rev() {
        order.swap(at, random.below(at as i64 + 1) as usize);
    }
    let mut aggregates = Vec::new();
    for (index, part) in order[..999_000].chunks(1_000).enumerate() {
        let added: RowSet = part.iter().copied().chain((index == 0).then_some(-1)).collect();
        let base = index.checked_sub(1);
        aggregates.push(Aggregate { base, ..sum(added) });
    }
    let base = Some(aggregates.len() - 1);
    aggregates.push(Aggregate { base, ..sum(RowSet::from_ids(order[999_000..999_002].iter().copied())) });
    let exposure = measure("1,000 balances over 1,000,000 rows in no order", &aggregates);
    assert_eq!(exposure.leaks.len(), 1);
}
