//! What it costs that SQLite overwrites what it frees: the same work with and without, in processes of their own.
//!
//! `cargo test --release --test heap_cost -- --ignored --nocapture`

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

use finvault::crypto::{KdfParams, OsRandom, Passphrase};
use finvault::vfs::{self, ConnectOptions};

const ROWS: i64 = 300_000;
const ROUNDS: usize = 5;

/// CPU time of this process so far, in seconds.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    let ticks: f64 =
        rest.split_whitespace().skip(11).take(2).map(|field| field.parse::<f64>().unwrap()).sum();
    // USER_HZ is 100 on every Linux that Rust knows.
    ticks / 100.0
}

fn work(wiped: bool) {
    if wiped {
        assert!(vfs::wipe_freed_memory());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v");
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    let created = vfs::create(&path, &passphrase, KdfParams::FLOOR, &OsRandom).unwrap();
    // A small cache, so that pages come and go.
    let options = ConnectOptions { cache_mib: 2, ..ConnectOptions::default() };
    let mut connection = vfs::connect(&path, &created.key, &options).unwrap();
    let begun = cpu_s();
    connection
        .execute_batch("CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER, c TEXT); CREATE INDEX i ON t (b)")
        .unwrap();
    let transaction = connection.transaction().unwrap();
    {
        let mut insert = transaction.prepare("INSERT INTO t VALUES (?1, ?2, ?3)").unwrap();
        for row in 0..ROWS {
            insert.execute((row, row * 7919 % ROWS, format!("payee number {row}"))).unwrap();
        }
    }
    transaction.commit().unwrap();
    let imported = cpu_s();
    for _ in 0..5 {
        connection
            .query_row("SELECT count(*) FROM (SELECT b % 40, sum(a), max(c) FROM t GROUP BY 1)", [], |row| {
                row.get::<_, i64>(0)
            })
            .unwrap();
    }
    let grouped = cpu_s();
    let mut point = connection.prepare("SELECT c FROM t WHERE b = ?1").unwrap();
    for row in 0..50_000_i64 {
        let _: String = point.query_row([row * 104_729 % ROWS], |row| row.get(0)).unwrap();
    }
    println!("figures {} {} {}", imported - begun, grouped - imported, cpu_s() - grouped);
}

#[test]
#[ignore = "measures, and proves nothing"]
fn wiping_costs_little() {
    if let Some(wiped) = std::env::var_os("FINVAULT_TEST_HEAP") {
        work(wiped == "wiped");
        return;
    }
    let run = |mode: &str| -> Vec<f64> {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "wiping_costs_little", "--ignored", "--nocapture"])
            .env("FINVAULT_TEST_HEAP", mode)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (_, figures) = text.split_once("figures ").unwrap();
        figures.split_whitespace().take(3).map(|figure| figure.parse().unwrap()).collect()
    };
    // Interleaved, and the least of each: whatever else the machine does only adds.
    let least = |one: Vec<f64>, other: Vec<f64>| one.into_iter().zip(other).map(|(a, b)| a.min(b)).collect();
    let (mut plain, mut wiped) = (run("plain"), run("wiped"));
    for _ in 1..ROUNDS {
        plain = least(plain, run("plain"));
        wiped = least(wiped, run("wiped"));
    }
    for (index, name) in ["import of 300k rows", "GROUP BY", "50k random points"].iter().enumerate() {
        println!(
            "{name:20} {:.2} s, wiped {:.2} s: {:.3}",
            plain[index],
            wiped[index],
            wiped[index] / plain[index]
        );
    }
}
