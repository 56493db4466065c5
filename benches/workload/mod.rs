//! The work that is timed on SQLite and on what seals it: the same statements on every kind of database.
//!
//! `benches/store.rs` runs it on plain SQLite and a sealed vault in one process; `benches/peers` runs it on other
//! encrypting engines too, a process each. All work is done on one thread, and what counts is its CPU time.

mod clock;

pub use clock::timed;
use std::time::Duration;

use rusqlite::Connection;

/// When a commit is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// At the next checkpoint.
    Normal,
    /// When it returns.
    Full,
}

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// A million rows and three indexes in one transaction, with a large cache.
    Import,
    /// 300,000 rows with a cache that holds only a part of the indexes.
    ImportSmallCache,
    /// A thousand commits of one row each.
    Commits(Sync),
    /// A third of 300,000 rows deleted, then VACUUM and a checkpoint; the last two are timed.
    Vacuum,
    /// Opening by raw key and reading one row, 2,000 times: the clock of CPU time moves by some milliseconds.
    OpenAndPoint,
    /// Sums by month and category over all rows.
    GroupBy,
    /// One sum over all rows, with a small cache.
    LeanScan,
    /// 100,000 rows by number in no order, with a small cache.
    RandomPoints,
}

impl Workload {
    /// All of them, writing ones first.
    pub const ALL: [Self; 9] = [
        Self::Import,
        Self::ImportSmallCache,
        Self::Commits(Sync::Normal),
        Self::Commits(Sync::Full),
        Self::Vacuum,
        Self::OpenAndPoint,
        Self::GroupBy,
        Self::LeanScan,
        Self::RandomPoints,
    ];

    /// Its name in tables.
    pub fn name(self, scale: f64) -> String {
        match self {
            Self::Import => format!("import {} rows, 64 MB cache", rows(1_000_000, scale)),
            Self::ImportSmallCache => format!("import {} rows, 2 MB cache", rows(300_000, scale)),
            Self::Commits(Sync::Normal) => "1000 commits, synchronous=NORMAL".to_owned(),
            Self::Commits(Sync::Full) => "1000 commits, synchronous=FULL".to_owned(),
            Self::Vacuum => "VACUUM + checkpoint".to_owned(),
            Self::OpenAndPoint => "open + one point query, raw key (x2000)".to_owned(),
            Self::GroupBy => "GROUP BY month, category".to_owned(),
            Self::LeanScan => "lean scan, sum()".to_owned(),
            Self::RandomPoints => format!("{} random points, 2 MB cache", rows(100_000, scale)),
        }
    }

    /// The ratio to plain SQLite that is asked for.
    pub fn target(self) -> f64 {
        match self {
            Self::Import => 1.12,
            Self::ImportSmallCache => 3.23,
            Self::Commits(Sync::Normal) => 1.7,
            Self::Commits(Sync::Full) | Self::OpenAndPoint => 1.25,
            Self::Vacuum => 2.0,
            Self::GroupBy => 1.08,
            Self::LeanScan => 2.2,
            Self::RandomPoints => 1.9,
        }
    }

    /// Whether it reads a database that [`fill`] filled, instead of writing one of its own.
    pub fn reads(self) -> bool {
        matches!(self, Self::OpenAndPoint | Self::GroupBy | Self::LeanScan | Self::RandomPoints)
    }

    /// Does it, on what `open` opens with so many MiB of cache.
    pub fn run(self, scale: f64, open: &dyn Fn(u32, Sync) -> Connection) -> Duration {
        match self {
            Self::Import => {
                let connection = open(64, Sync::Full);
                timed(|| import(&connection, rows(1_000_000, scale)))
            }
            Self::ImportSmallCache => {
                let connection = open(2, Sync::Full);
                timed(|| import(&connection, rows(300_000, scale)))
            }
            Self::Commits(sync) => commits(&open(64, sync)),
            Self::Vacuum => vacuum(&open(64, Sync::Full), rows(300_000, scale)),
            Self::OpenAndPoint => timed(|| {
                for round in 0..2_000 {
                    let id = 1 + scattered(round) % rows(1_000_000, scale);
                    number(&open(64, Sync::Full), &format!("SELECT amount FROM tx WHERE id = {id}"));
                }
            }),
            Self::GroupBy => {
                let connection = open(64, Sync::Full);
                let sql = "SELECT count(*) FROM (SELECT substr(date, 1, 7) AS month, category, sum(amount)
                           FROM tx GROUP BY month, category)";
                timed(|| {
                    number(&connection, sql);
                })
            }
            Self::LeanScan => {
                let connection = open(2, Sync::Full);
                timed(|| {
                    number(&connection, "SELECT sum(amount) FROM tx");
                })
            }
            Self::RandomPoints => random_points(&open(2, Sync::Full), scale),
        }
    }
}

/// A count of rows at this scale.
pub fn rows(full: u64, scale: f64) -> u64 {
    ((full as f64 * scale) as u64).max(1000)
}

/// Fills a database for the workloads that read.
pub fn fill(connection: &Connection, scale: f64) {
    import(connection, rows(1_000_000, scale));
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

fn commits(connection: &Connection) -> Duration {
    connection.execute_batch(SCHEMA).unwrap();
    timed(|| {
        let mut insert = connection
            .prepare("INSERT INTO tx VALUES (NULL, 1, '2024-01-01', ?1, 3, 'Corner Cafe', '')")
            .unwrap();
        for amount in 0..1000_i64 {
            insert.execute([amount]).unwrap();
        }
    })
}

fn vacuum(connection: &Connection, rows: u64) -> Duration {
    import(connection, rows);
    connection.execute("DELETE FROM tx WHERE id % 3 = 0", []).unwrap();
    timed(|| {
        connection.execute_batch("VACUUM").unwrap();
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    })
}

fn random_points(connection: &Connection, scale: f64) -> Duration {
    let rows = rows(1_000_000, scale);
    let points = self::rows(100_000, scale);
    timed(|| {
        let mut query = connection.prepare("SELECT amount FROM tx WHERE id = ?1").unwrap();
        for point in 0..points {
            let id = i64::try_from(1 + scattered(point) % rows).unwrap();
            query.query_row([id], |row| row.get::<_, i64>(0)).unwrap();
        }
    })
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// The pragmas of a vault, for an engine that has a key already or needs none.
pub fn set_up(connection: &Connection, cache_mib: u32, sync: Sync) {
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE").unwrap();
    connection.pragma_update(None, "temp_store", "MEMORY").unwrap();
    connection.pragma_update(None, "mmap_size", 0).unwrap();
    connection.pragma_update(None, "cache_size", -i64::from(cache_mib) * 1024).unwrap();
    connection.pragma_update(None, "trusted_schema", false).unwrap();
    connection.pragma_update(None, "cell_size_check", true).unwrap();
    let mode = if sync == Sync::Full { "FULL" } else { "NORMAL" };
    connection.pragma_update(None, "synchronous", mode).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
}
