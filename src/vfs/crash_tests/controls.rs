//! Negative controls: with the promise's foundations taken away the benches must fail. None of these switches exists
//! outside of test builds.

use rusqlite::Connection;

use super::super::Synchronous;
use super::super::simulated::{Content, Depth, Promise, explore, observer};
use super::{judge, recorded};

/// Explores a workload whose foundation `break_it` took away, and gives what the bench says.
fn verdict(skip: Option<bool>, prepare: &dyn Fn(&Connection)) -> String {
    observer::skip_syncs(skip);
    let (history, key) = recorded(Synchronous::Full, prepare);
    observer::skip_syncs(None);
    let explored = explore(&history, Depth::Sampled(2), Promise::PowerCut, &mut |path, _| judge(path, &key));
    let verdict = explored.expect_err("a broken shim went unnoticed");
    println!("{verdict}");
    verdict
}

#[test]
fn the_bench_notices_when_nothing_is_synced() {
    let off = |connection: &Connection| connection.pragma_update(None, "synchronous", "OFF").unwrap();
    let verdict = verdict(None, &off);
    assert!(verdict.contains("acknowledged and lost") || verdict.contains("damaged"), "{verdict}");
}

#[test]
fn the_bench_notices_a_log_that_is_not_synced() {
    let verdict = verdict(Some(true), &|_| {});
    assert!(verdict.contains("acknowledged and lost") || verdict.contains("damaged"), "{verdict}");
}

#[test]
fn the_bench_notices_a_vault_file_that_is_not_synced() {
    let verdict = verdict(Some(false), &|_| {});
    assert!(verdict.contains("moment"), "{verdict}");
}

/// A reader that sees something else than what lies there is noticed too.
#[test]
fn the_bench_notices_a_reader_that_makes_things_up() {
    let (history, key) = recorded(Synchronous::Full, &|_| {});
    let mut opened = 0;
    let mut mad = |path: &std::path::Path, _| -> Result<Content, String> {
        opened += 1;
        let found = judge(path, &key)?;
        if opened == 500 {
            let other = Connection::open_in_memory().unwrap();
            other.execute_batch("CREATE TABLE half(done)").unwrap();
            return Ok(super::content(&other).unwrap());
        }
        Ok(found)
    };
    let verdict = explore(&history, Depth::Sampled(0), Promise::PowerCut, &mut mad).unwrap_err();
    assert!(verdict.contains("half done"), "{verdict}");
}
