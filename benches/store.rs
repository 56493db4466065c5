//! What sealing costs: each workload on a sealed vault and on plain SQLite, in turn, in the same run.
//!
//! `cargo bench --bench store` prints a table of process CPU time (user and system) and the ratio of the two, then
//! lets criterion time the opening of a vault (at full size also of one of 1 GiB). `FINVAULT_BENCH_SCALE` scales the sizes: 1 is the full size (a
//! million rows, some minutes), the default is 0.2. `FINVAULT_BENCH_ROUNDS` sets how often each is run (3); the best
//! of them counts, since anything else on the machine only adds time. `FINVAULT_BENCH_ONLY` runs the rows whose name
//! contains it. `benches/peers` measures other encrypting engines beside it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod workload;

use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::Criterion;
use finvault::crypto::{KdfParams, OsRandom, Passphrase, VaultKey};
use finvault::vfs::{self, ConnectOptions, Synchronous};
use rusqlite::Connection;
use workload::{Sync, Workload, fill, set_up};

/// A database of one of the two kinds.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    Sealed,
}

struct Database {
    path: PathBuf,
    key: Option<VaultKey>,
}

impl Database {
    fn new(folder: &Path, kind: Kind, name: &str) -> Self {
        let path = folder.join(format!("{name}-{}", if kind == Kind::Plain { "plain" } else { "sealed" }));
        let _ = std::fs::remove_file(&path);
        let key = (kind == Kind::Sealed).then(|| {
            let passphrase = Passphrase::new("bench".to_owned());
            vfs::create(&path, &passphrase, KdfParams::FLOOR, &OsRandom).unwrap().key
        });
        Self { path, key }
    }

    fn open(&self, cache_mib: u32, sync: Sync) -> Connection {
        let Some(key) = &self.key else {
            let connection = Connection::open(&self.path).unwrap();
            set_up(&connection, cache_mib, sync);
            return connection;
        };
        let synchronous = if sync == Sync::Full { Synchronous::Full } else { Synchronous::Normal };
        vfs::connect(&self.path, key, &ConnectOptions { busy_timeout_ms: 0, cache_mib, synchronous }).unwrap()
    }
}

struct Bench {
    folder: tempfile::TempDir,
    scale: f64,
    rounds: u32,
    only: Option<String>,
}

impl Bench {
    /// Runs a workload on both kinds in turn and prints one row.
    fn row(&self, workload: Workload, filled: &[Database; 2]) {
        let name = workload.name(self.scale);
        if !self.only.as_ref().is_none_or(|only| name.contains(only)) {
            return;
        }
        let (mut plain, mut sealed) = (Duration::MAX, Duration::MAX);
        for _ in 0..self.rounds {
            for (kind, best) in [(Kind::Plain, &mut plain), (Kind::Sealed, &mut sealed)] {
                let fresh;
                let database = if workload.reads() {
                    &filled[kind as usize]
                } else {
                    fresh = Database::new(self.folder.path(), kind, "fresh");
                    &fresh
                };
                *best =
                    (*best).min(workload.run(self.scale, &|cache_mib, sync| database.open(cache_mib, sync)));
            }
        }
        let (ratio, target) = (sealed.as_secs_f64() / plain.as_secs_f64().max(1e-9), workload.target());
        let (plain, sealed) = (plain.as_secs_f64() * 1e3, sealed.as_secs_f64() * 1e3);
        let verdict = if ratio <= target { "" } else { "  above" };
        println!("{name:<38} {plain:>10.2} {sealed:>10.2} {ratio:>7.2} {target:>7.2}{verdict}");
    }

    fn opening(&self, filled: &[Database; 2]) {
        if self.only.is_some() {
            return;
        }
        let mut criterion = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(2));
        let names = ["open/plain", "open/sealed", "open/plain, 1 GiB", "open/sealed, 1 GiB"];
        let large = if self.scale < 1.0 { vec![] } else { self.large().into() };
        for (name, database) in names.into_iter().zip(filled.iter().chain(&large)) {
            criterion.bench_function(name, |bencher| {
                bencher.iter(|| {
                    let connection = database.open(64, Sync::Full);
                    connection
                        .query_row("SELECT amount FROM tx WHERE id = 7", [], |row| row.get::<_, i64>(0))
                        .unwrap()
                });
            });
        }
        criterion.final_summary();
    }

    /// Two databases of 1 GiB, for what opening costs when the file is large; their one row of `tx` comes last.
    fn large(&self) -> [Database; 2] {
        [Kind::Plain, Kind::Sealed].map(|kind| {
            let database = Database::new(self.folder.path(), kind, "large");
            let connection = database.open(64, Sync::Full);
            let mebibytes = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1024)
                             INSERT INTO bulk SELECT i, randomblob(1048576) FROM n";
            connection.execute_batch("CREATE TABLE bulk(id INTEGER PRIMARY KEY, bytes BLOB)").unwrap();
            connection.execute_batch(mebibytes).unwrap();
            fill(&connection, 0.0);
            drop(connection);
            database
        })
    }
}

fn main() {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<f64>().ok());
    let bench = Bench {
        folder: tempfile::tempdir().unwrap(),
        scale: setting("FINVAULT_BENCH_SCALE").unwrap_or(0.2),
        rounds: setting("FINVAULT_BENCH_ROUNDS").map_or(3, |rounds| rounds.max(1.0) as u32),
        only: std::env::var("FINVAULT_BENCH_ONLY").ok(),
    };
    println!("{:<38} {:>10} {:>10} {:>7} {:>7}", "CPU time", "plain ms", "sealed ms", "ratio", "target");
    let filled = [Kind::Plain, Kind::Sealed].map(|kind| {
        let database = Database::new(bench.folder.path(), kind, "filled");
        fill(&database.open(64, Sync::Full), bench.scale);
        database
    });
    for workload in Workload::ALL {
        bench.row(workload, &filled);
    }
    bench.opening(&filled);
}
