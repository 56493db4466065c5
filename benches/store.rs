//! What sealing costs: each workload on a sealed vault and on plain SQLite, in turn, in the same run.
//!
//! `cargo bench --bench store` prints a table of process CPU time (user and system) and the ratio of the two, then
//! lets criterion time the opening of a vault. `FINVAULT_BENCH_SCALE` scales the sizes: 1 is the full size (a
//! million rows, some minutes), the default is 0.2. `FINVAULT_BENCH_ROUNDS` sets how often each is run (3); the best
//! of them counts, since anything else on the machine only adds time. `FINVAULT_BENCH_ONLY` runs the rows whose name
//! contains it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use criterion::Criterion;
use finvault::crypto::{KdfParams, OsRandom, Passphrase, VaultKey};
use finvault::vfs::{self, ConnectOptions, Synchronous};
use rusqlite::Connection;

/// CPU time of this thread so far; all work is done on one. Elsewhere than on Linux: wall time.
fn cpu_time() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let nanoseconds = std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse().ok());
    match nanoseconds {
        Some(nanoseconds) => Duration::from_nanos(nanoseconds),
        None => START.get_or_init(Instant::now).elapsed(),
    }
}

/// A database of one of the two kinds.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    Sealed,
}

struct Bench {
    folder: tempfile::TempDir,
    scale: f64,
    rounds: u32,
    only: Option<String>,
}

struct Database {
    kind: Kind,
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
        Self { kind, path, key }
    }

    fn open(&self, cache_mib: u32, synchronous: Synchronous) -> Connection {
        match &self.key {
            Some(key) => {
                let options = ConnectOptions { busy_timeout_ms: 0, cache_mib, synchronous };
                vfs::connect(&self.path, key, &options).unwrap()
            }
            None => open_plain(&self.path, cache_mib, synchronous),
        }
    }
}

/// Plain SQLite with the pragmas of a vault.
fn open_plain(path: &Path, cache_mib: u32, synchronous: Synchronous) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE").unwrap();
    connection.pragma_update(None, "temp_store", "MEMORY").unwrap();
    connection.pragma_update(None, "mmap_size", 0).unwrap();
    connection.pragma_update(None, "cache_size", -i64::from(cache_mib) * 1024).unwrap();
    connection.pragma_update(None, "trusted_schema", false).unwrap();
    connection.pragma_update(None, "cell_size_check", true).unwrap();
    let mode = if synchronous == Synchronous::Full { "FULL" } else { "NORMAL" };
    connection.pragma_update(None, "synchronous", mode).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection
}

/// A ledger's tables, as far as they matter: opening a database reads and parses all of them.
const SCHEMA: &str = "CREATE TABLE account(
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, currency TEXT NOT NULL,
        opened TEXT, closed TEXT, institution TEXT, number TEXT
    ) STRICT;
    CREATE TABLE category(id INTEGER PRIMARY KEY, parent INTEGER REFERENCES category, name TEXT NOT NULL) STRICT;
    CREATE TABLE batch(id INTEGER PRIMARY KEY, path TEXT, format TEXT, sha256 BLOB, imported TEXT) STRICT;
    CREATE TABLE stated_balance(
        id INTEGER PRIMARY KEY, account INTEGER REFERENCES account, kind TEXT, amount INTEGER, date TEXT,
        batch INTEGER REFERENCES batch
    ) STRICT;
    CREATE TABLE recipient(id INTEGER PRIMARY KEY, name TEXT UNIQUE, key TEXT, vetted TEXT, note TEXT) STRICT;
    CREATE TABLE disclosure(
        id INTEGER PRIMARY KEY, recipient INTEGER REFERENCES recipient, issued TEXT, expires TEXT, digest BLOB
    ) STRICT;
    CREATE TABLE log(id INTEGER PRIMARY KEY, at TEXT, kind TEXT, body BLOB, previous BLOB, signature BLOB) STRICT;
    CREATE INDEX balance_account ON stated_balance(account, date);
    CREATE INDEX disclosure_recipient ON disclosure(recipient);
    CREATE TABLE tx(
        id INTEGER PRIMARY KEY, account INTEGER, date TEXT, amount INTEGER, category INTEGER, payee TEXT, memo TEXT
    ) STRICT;
    CREATE INDEX tx_date ON tx(account, date);
    CREATE INDEX tx_payee ON tx(payee);";

/// Scatters small numbers, the same way every time.
fn scattered(number: u64) -> u64 {
    let mut value = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    value ^= value >> 29;
    value = value.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value ^ (value >> 32)
}

fn import(connection: &Connection, rows: u64) {
    connection.execute_batch(SCHEMA).unwrap();
    connection.execute_batch("BEGIN").unwrap();
    let mut insert =
        connection.prepare("INSERT INTO tx VALUES (NULL, ?1, ?2, ?3, ?4, ?5, 'card purchase')").unwrap();
    for row in 0..rows {
        let random = scattered(row);
        let date = format!("20{:02}-{:02}-{:02}", 20 + random % 5, 1 + random / 5 % 12, 1 + random / 60 % 28);
        let payee = format!("Shop number {}", random / 2000 % 50_000);
        let small = |modulus: u64| i64::try_from(random % modulus).unwrap();
        insert.execute((small(8), date, small(500_000), small(40), payee)).unwrap();
    }
    drop(insert);
    connection.execute_batch("COMMIT").unwrap();
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

impl Bench {
    fn rows(&self, full: u64) -> u64 {
        ((full as f64 * self.scale) as u64).max(1000)
    }

    /// Runs a workload on both kinds in turn and prints one row.
    fn row(&self, name: &str, target: f64, mut run: impl FnMut(Kind) -> Duration) {
        if !self.only.as_ref().is_none_or(|only| name.contains(only)) {
            return;
        }
        let (mut plain, mut sealed) = (Duration::MAX, Duration::MAX);
        for _ in 0..self.rounds {
            plain = plain.min(run(Kind::Plain));
            sealed = sealed.min(run(Kind::Sealed));
        }
        let ratio = sealed.as_secs_f64() / plain.as_secs_f64().max(1e-9);
        let (plain, sealed) = (plain.as_secs_f64() * 1e3, sealed.as_secs_f64() * 1e3);
        let verdict = if ratio <= target { "" } else { "  above" };
        println!("{name:<38} {plain:>10.2} {sealed:>10.2} {ratio:>7.2} {target:>7.2}{verdict}");
    }

    fn fresh(&self, kind: Kind) -> Database {
        Database::new(self.folder.path(), kind, "fresh")
    }

    fn writing(&self) {
        let rows = self.rows(1_000_000);
        self.row(&format!("import {rows} rows, 64 MB cache"), 1.21, |kind| {
            let connection = self.fresh(kind).open(64, Synchronous::Full);
            timed(|| import(&connection, rows))
        });
        let rows = self.rows(300_000);
        self.row(&format!("import {rows} rows, 2 MB cache"), 3.23, |kind| {
            let connection = self.fresh(kind).open(2, Synchronous::Full);
            timed(|| import(&connection, rows))
        });
        for (synchronous, target) in [(Synchronous::Normal, 2.36), (Synchronous::Full, 1.39)] {
            self.row(&format!("1000 commits, synchronous={synchronous:?}"), target, |kind| {
                let connection = self.fresh(kind).open(64, synchronous);
                connection.execute_batch(SCHEMA).unwrap();
                timed(|| {
                    let mut insert = connection
                        .prepare("INSERT INTO tx VALUES (NULL, 1, '2024-01-01', ?1, 3, 'Corner Cafe', '')")
                        .unwrap();
                    for amount in 0..1000_i64 {
                        insert.execute([amount]).unwrap();
                    }
                })
            });
        }
        let rows = self.rows(300_000);
        self.row("VACUUM + checkpoint", 2.93, |kind| {
            let connection = self.fresh(kind).open(64, Synchronous::Full);
            import(&connection, rows);
            connection.execute("DELETE FROM tx WHERE id % 3 = 0", []).unwrap();
            timed(|| {
                connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
            })
        });
    }

    fn reading(&self) {
        let rows = self.rows(1_000_000);
        let filled = [Kind::Plain, Kind::Sealed].map(|kind| {
            let database = Database::new(self.folder.path(), kind, "filled");
            import(&database.open(64, Synchronous::Full), rows);
            database
        });
        let of = |kind: Kind| filled.iter().find(|database| database.kind == kind).unwrap();
        self.row("open + one point query, raw key (x200)", 1.36, |kind| {
            timed(|| {
                for round in 0..200 {
                    let connection = of(kind).open(64, Synchronous::Full);
                    let id = 1 + scattered(round) % rows;
                    number(&connection, &format!("SELECT amount FROM tx WHERE id = {id}"));
                }
            })
        });
        self.row("GROUP BY month, category", 1.16, |kind| {
            let connection = of(kind).open(64, Synchronous::Full);
            timed(|| {
                let sql = "SELECT count(*) FROM (SELECT substr(date, 1, 7) AS month, category, sum(amount)
                           FROM tx GROUP BY month, category)";
                number(&connection, sql);
            })
        });
        self.row("lean scan, sum()", 3.5, |kind| {
            let connection = of(kind).open(2, Synchronous::Full);
            timed(|| {
                number(&connection, "SELECT sum(amount) FROM tx");
            })
        });
        let points = self.rows(100_000);
        self.row(&format!("{points} random points, 2 MB cache"), 2.92, |kind| {
            let connection = of(kind).open(2, Synchronous::Full);
            timed(|| {
                let mut query = connection.prepare("SELECT amount FROM tx WHERE id = ?1").unwrap();
                for point in 0..points {
                    let id = i64::try_from(1 + scattered(point) % rows).unwrap();
                    query.query_row([id], |row| row.get::<_, i64>(0)).unwrap();
                }
            })
        });
        if self.only.is_some() {
            return;
        }
        let mut criterion = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(2));
        for kind in [Kind::Plain, Kind::Sealed] {
            let name = if kind == Kind::Plain { "open/plain" } else { "open/sealed" };
            criterion.bench_function(name, |bencher| {
                bencher.iter(|| {
                    number(&of(kind).open(64, Synchronous::Full), "SELECT amount FROM tx WHERE id = 7")
                });
            });
        }
        criterion.final_summary();
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = cpu_time();
    work();
    cpu_time() - start
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
    bench.writing();
    bench.reading();
}
