//! The kinds of statement that SQLite's own speed test runs, on a sealed vault and on plain SQLite side by side: every row of every
//! answer is the same, with a page cache that holds everything and with one that holds next to nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::crypto::{KdfParams, OsRandom, Passphrase};
use finvault::vfs::{self, ConnectOptions};
use rusqlite::Connection;
use rusqlite::types::Value;

/// One piece of the workload: what it is, and what it runs. Lines that answer rows are compared row by row.
type Piece = (&'static str, fn() -> Vec<String>);

const ROWS: u32 = 600;

const PIECES: &[Piece] = &[
    ("inserts without an index", || fill("plain", "CREATE TABLE plain(a INTEGER, b INTEGER, c TEXT)", ROWS)),
    ("inserts in the order of the key", || {
        fill("keyed", "CREATE TABLE keyed(a INTEGER PRIMARY KEY, b INTEGER, c TEXT)", ROWS)
    }),
    ("inserts with indexes in place", || {
        let table = "CREATE TABLE indexed(a INTEGER, b INTEGER, c TEXT);
                     CREATE INDEX indexed_a ON indexed(a); CREATE INDEX indexed_b ON indexed(b);
                     CREATE UNIQUE INDEX indexed_all ON indexed(c, a)";
        fill("indexed", table, ROWS)
    }),
    ("inserts into a table that is its own index", || {
        let table = "CREATE TABLE clustered(a INTEGER, b INTEGER, c TEXT, PRIMARY KEY(c, a)) WITHOUT ROWID";
        fill("clustered", table, ROWS)
    }),
    ("one commit for each row", || {
        let row = |n: u32| {
            format!("INSERT INTO plain VALUES ({}, {}, '{}')", 90_000 + n, mixed(n), words(mixed(n)))
        };
        (0..60).map(row).collect()
    }),
    ("ranges without an index", || ranges("plain", 12, 900)),
    ("text patterns without an index", || {
        let find =
            |n| format!("SELECT count(*), avg(b), min(c) FROM plain WHERE c LIKE '%{}%'", digit_word(n));
        (0..10).map(find).collect()
    }),
    ("ORDER BY without an index", || {
        vec![
            "SELECT a, b, c FROM plain ORDER BY c, a, b LIMIT 60".to_owned(),
            "SELECT c, a FROM plain ORDER BY b DESC, c, a".to_owned(),
            "SELECT DISTINCT substr(c, 1, 4) AS s FROM plain ORDER BY s".to_owned(),
        ]
    }),
    ("indexes made afterwards", || {
        vec![
            "CREATE INDEX plain_a ON plain(a)".to_owned(),
            "CREATE INDEX plain_b ON plain(b, c)".to_owned(),
            "CREATE INDEX keyed_c ON keyed(c COLLATE NOCASE)".to_owned(),
            "CREATE INDEX keyed_sum ON keyed(a + b) WHERE b > 3000".to_owned(),
            "ANALYZE".to_owned(),
        ]
    }),
    ("ranges with an index", || ranges("indexed", 60, 90)),
    ("text ranges with an index", || {
        let find = |n| {
            let from = words(n);
            format!("SELECT count(*), sum(a), max(c) FROM indexed WHERE c BETWEEN '{from}' AND '{from}~'")
        };
        (0..60).map(|n| find(mixed(n) % 90)).collect()
    }),
    ("updates of ranges", || {
        let update = |n: u32| {
            let from = mixed(n) % 9_000;
            format!("UPDATE keyed SET b = b + {n}, c = c || '.' WHERE b BETWEEN {from} AND {}", from + 150)
        };
        (0..50).map(update).collect()
    }),
    ("updates of single rows in one transaction", || {
        let update = |n: u32| {
            format!("UPDATE indexed SET b = {}, c = '{} ' || rowid WHERE rowid = {n}", mixed(n), words(n))
        };
        in_one_transaction((1..ROWS / 2).map(update).collect())
    }),
    ("updates that move entries of every index", || {
        vec![
            "UPDATE indexed SET a = a + 100000 WHERE a % 3 = 0".to_owned(),
            "UPDATE clustered SET c = 'moved ' || c WHERE b % 5 = 1".to_owned(),
            "SELECT a, b, c FROM indexed INDEXED BY indexed_a WHERE a > 100000 ORDER BY a, c".to_owned(),
        ]
    }),
    ("a table copied into another and back", || {
        vec![
            "CREATE TABLE copy AS SELECT * FROM indexed ORDER BY c DESC, a".to_owned(),
            "INSERT INTO copy SELECT a + 1, b, c FROM indexed WHERE b < 4000 ORDER BY b, a, c".to_owned(),
            "REPLACE INTO keyed(a, b, c) SELECT a % 500, b, c FROM copy ORDER BY rowid".to_owned(),
            "SELECT count(*), sum(a), sum(b), min(c), max(c) FROM keyed".to_owned(),
        ]
    }),
    ("joins", || {
        vec![
            "SELECT p.a, k.c, i.b FROM plain p JOIN keyed k ON k.a = p.a JOIN indexed i ON i.a = p.a
             WHERE p.b < 3000 ORDER BY p.a, k.c, i.b"
                .to_owned(),
            "SELECT count(*), sum(p.b) FROM plain p LEFT JOIN clustered c ON c.a = p.a AND c.c = p.c"
                .to_owned(),
            "SELECT k.a, count(i.a) FROM keyed k LEFT JOIN indexed i ON i.b BETWEEN k.b - 20 AND k.b + 20
             GROUP BY k.a HAVING count(i.a) > 1 ORDER BY k.a"
                .to_owned(),
        ]
    }),
    ("subqueries", || {
        vec![
            "SELECT a, (SELECT max(b) FROM indexed i WHERE i.a <= p.a) FROM plain p ORDER BY a, b LIMIT 200".to_owned(),
            "SELECT count(*) FROM plain WHERE a IN (SELECT a FROM keyed WHERE b > 5000)".to_owned(),
            "SELECT a FROM keyed k WHERE NOT EXISTS (SELECT 1 FROM plain p WHERE p.a = k.a) ORDER BY a".to_owned(),
            "SELECT s, n FROM (SELECT substr(c, 1, 3) AS s, count(*) AS n FROM plain GROUP BY s) ORDER BY n DESC, s".to_owned(),
        ]
    }),
    ("common table expressions", || {
        vec![
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
             SELECT count(*), sum(i * i), max(i) FROM n"
                .to_owned(),
            // The board's queens, one for each row, found by trying.
            "WITH RECURSIVE board(row, places) AS (
                 SELECT 0, ''
                 UNION ALL
                 SELECT row + 1, places || column FROM board, (SELECT value AS column FROM json_each('[0,1,2,3,4,5]'))
                 WHERE row < 6 AND NOT EXISTS (
                     SELECT 1 FROM json_each('[0,1,2,3,4,5]') AS other WHERE other.value < row
                     AND (substr(places, other.value + 1, 1) = '' || column
                          OR abs(substr(places, other.value + 1, 1) - column) = row - other.value)))
             SELECT places FROM board WHERE row = 6 ORDER BY places"
                .to_owned(),
            "WITH RECURSIVE tree(a, depth) AS (SELECT 1, 0 UNION SELECT a * 2 + b, depth + 1 FROM tree, (SELECT 0 AS b UNION SELECT 1) WHERE depth < 9)
             SELECT depth, count(*), sum(a) FROM tree GROUP BY depth"
                .to_owned(),
        ]
    }),
    ("windows", || {
        vec![
            "SELECT a, sum(b) OVER (ORDER BY a, rowid ROWS 5 PRECEDING), rank() OVER (PARTITION BY b % 7 ORDER BY b, rowid)
             FROM keyed ORDER BY a LIMIT 300"
                .to_owned(),
        ]
    }),
    ("triggers", || {
        let mut lines = vec![
            "CREATE TABLE journal(n INTEGER PRIMARY KEY, what TEXT, old INTEGER, new INTEGER)".to_owned(),
            "CREATE TRIGGER on_insert AFTER INSERT ON keyed BEGIN
                 INSERT INTO journal(what, new) VALUES ('insert', new.b); END"
                .to_owned(),
            "CREATE TRIGGER on_update AFTER UPDATE OF b ON keyed BEGIN
                 INSERT INTO journal(what, old, new) VALUES ('update', old.b, new.b); END"
                .to_owned(),
            "CREATE TRIGGER on_delete BEFORE DELETE ON keyed BEGIN
                 INSERT INTO journal(what, old) VALUES ('delete', old.b);
                 UPDATE plain SET b = b - 1 WHERE a = old.a; END"
                .to_owned(),
        ];
        lines.extend(
            (1..120)
                .map(|n| format!("INSERT INTO keyed VALUES ({}, {}, '{}')", 70_000 + n, mixed(n), words(n))),
        );
        lines.push("UPDATE keyed SET b = b * 2 WHERE a > 70050".to_owned());
        lines.push("DELETE FROM keyed WHERE a BETWEEN 70010 AND 70080".to_owned());
        lines.push(
            "SELECT what, count(*), sum(old), sum(new) FROM journal GROUP BY what ORDER BY what".to_owned(),
        );
        in_one_transaction(lines)
    }),
    ("foreign keys that cascade", || {
        vec![
            "CREATE TABLE owner(id INTEGER PRIMARY KEY, name TEXT)".to_owned(),
            "CREATE TABLE owned(id INTEGER PRIMARY KEY, owner REFERENCES owner ON DELETE CASCADE, x BLOB)"
                .to_owned(),
            "CREATE INDEX owned_by ON owned(owner)".to_owned(),
            "INSERT INTO owner SELECT DISTINCT b % 40, 'owner ' || b % 40 FROM plain".to_owned(),
            "INSERT INTO owned(owner, x) SELECT b % 40, zeroblob(b % 900) FROM plain ORDER BY rowid"
                .to_owned(),
            "DELETE FROM owner WHERE id % 3 = 0".to_owned(),
            "SELECT owner, count(*), sum(length(x)) FROM owned GROUP BY owner ORDER BY owner".to_owned(),
        ]
    }),
    ("large text and blobs", || {
        let mut lines = vec!["CREATE TABLE large(id INTEGER PRIMARY KEY, body TEXT, raw BLOB)".to_owned()];
        let insert = |n: u32| {
            format!(
                "INSERT INTO large VALUES ({n}, replace(hex(zeroblob({})), '00', '{}, '), zeroblob({}))",
                mixed(n) % 3_000,
                words(n),
                mixed(n + 7) % 20_000
            )
        };
        lines.extend((1..30).map(insert));
        lines.push(
            "SELECT id, length(body), length(raw), substr(body, -40) FROM large ORDER BY length(body), id"
                .to_owned(),
        );
        lines.push("UPDATE large SET body = body || body WHERE id % 4 = 0".to_owned());
        lines.push("UPDATE large SET raw = NULL WHERE id % 5 = 0".to_owned());
        lines.push("SELECT id, body, raw FROM large ORDER BY id".to_owned());
        lines
    }),
    ("savepoints, some taken back", || {
        vec![
            "BEGIN".to_owned(),
            "UPDATE plain SET b = b + 1".to_owned(),
            "SAVEPOINT one".to_owned(),
            "DELETE FROM indexed".to_owned(),
            "UPDATE clustered SET b = -b".to_owned(),
            "ROLLBACK TO one".to_owned(),
            "SAVEPOINT two".to_owned(),
            "UPDATE indexed SET b = b + 2 WHERE b % 2".to_owned(),
            "RELEASE two".to_owned(),
            "COMMIT".to_owned(),
            "BEGIN".to_owned(),
            "DELETE FROM plain".to_owned(),
            "DROP TABLE clustered".to_owned(),
            "ROLLBACK".to_owned(),
            "SELECT (SELECT sum(b) FROM plain), (SELECT sum(b) FROM indexed), (SELECT sum(b) FROM clustered)"
                .to_owned(),
        ]
    }),
    ("deletes of ranges, with and without an index", || {
        let delete = |n: u32| {
            let from = mixed(n) % 9_000;
            format!(
                "DELETE FROM {} WHERE b BETWEEN {from} AND {}",
                ["plain", "indexed", "copy"][n as usize % 3],
                from + 60
            )
        };
        (0..60).map(delete).collect()
    }),
    ("VACUUM after a table is gone", || {
        ["DROP TABLE copy", "DROP INDEX plain_b", "DELETE FROM large WHERE id > 10", "VACUUM"]
            .map(str::to_owned)
            .to_vec()
    }),
    ("refilling what was freed", || {
        vec![
            "INSERT INTO plain SELECT a, b, c FROM indexed ORDER BY rowid".to_owned(),
            "INSERT OR IGNORE INTO indexed SELECT a + 500000, b, c || ' again' FROM plain ORDER BY rowid"
                .to_owned(),
            "REINDEX".to_owned(),
            "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
        ]
    }),
    ("everything read once more", || {
        ["plain", "keyed", "indexed", "clustered", "journal", "owned", "large"]
            .map(|table| format!("SELECT * FROM {table} ORDER BY 1, 2, 3"))
            .to_vec()
    }),
    ("SQLite's own check", || {
        vec!["PRAGMA integrity_check".to_owned(), "PRAGMA foreign_key_check".to_owned()]
    }),
];

/// A number below 10,000 that looks random and is the same every time.
fn mixed(n: u32) -> u32 {
    let n = u64::from(n).wrapping_mul(2_862_933_555_777_941_757).wrapping_add(3_037_000_493);
    u32::try_from((n ^ (n >> 29)) % 10_000).unwrap()
}

fn digit_word(digit: u32) -> &'static str {
    ["nil", "uno", "duo", "tre", "quad", "quin", "sex", "sept", "oct", "nov"][digit as usize % 10]
}

/// A number, digit by digit in words.
fn words(n: u32) -> String {
    let digits: Vec<_> = n.to_string().bytes().map(|digit| digit_word(u32::from(digit - b'0'))).collect();
    digits.join(" ")
}

fn fill(table: &str, made_by: &str, rows: u32) -> Vec<String> {
    let mut lines: Vec<String> = made_by.split(';').map(str::to_owned).collect();
    lines.extend(
        (1..=rows).map(|n| format!("INSERT INTO {table} VALUES ({n}, {}, '{}')", mixed(n), words(mixed(n)))),
    );
    in_one_transaction(lines)
}

fn ranges(table: &str, count: u32, width: u32) -> Vec<String> {
    let select = |n: u32| {
        let from = mixed(n) % 9_000;
        format!(
            "SELECT count(*), avg(b), min(a), max(c) FROM {table} WHERE b >= {from} AND b < {}",
            from + width
        )
    };
    (0..count).map(select).collect()
}

fn in_one_transaction(mut lines: Vec<String>) -> Vec<String> {
    lines.insert(0, "BEGIN".to_owned());
    lines.push("COMMIT".to_owned());
    lines
}

/// Runs one statement and gives every row it answers.
fn rows(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<Vec<Value>>> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?;
    rows.collect()
}

fn same_on_both(cache_pages: u32) {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let path = folder.path().join("v");
    let created = vfs::create(&path, &Passphrase::new("p".to_owned()), KdfParams::FLOOR, &OsRandom).unwrap();
    let sealed = vfs::connect(&path, &created.key, &ConnectOptions::default()).unwrap();
    let plain = Connection::open(folder.path().join("plain.db")).unwrap();
    plain.pragma_update(None, "journal_mode", "WAL").unwrap();
    for connection in [&sealed, &plain] {
        connection.pragma_update(None, "cache_size", cache_pages).unwrap();
        connection.pragma_update(None, "foreign_keys", true).unwrap();
        connection.pragma_update(None, "temp_store", "MEMORY").unwrap();
    }
    let (mut statements, mut compared) = (0, 0);
    for (piece, lines) in PIECES {
        for sql in lines() {
            let [ours, theirs] = [&sealed, &plain].map(|connection| {
                rows(connection, &sql).unwrap_or_else(|error| panic!("{piece}: {sql}: {error}"))
            });
            let same = ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| a == b);
            // A checkpoint counts frames, and the two have pages of different sizes to fill.
            assert!(same || sql.starts_with("PRAGMA wal"), "{piece}: {sql}:\n{ours:?}\n{theirs:?}");
            assert_eq!(sealed.changes(), plain.changes(), "{piece}: {sql}");
            statements += 1;
            compared += ours.len();
        }
    }
    println!("{cache_pages} pages of cache: {statements} statements, {compared} rows, all the same");
    assert!(statements > 3_000 && compared > 5_000, "{statements}, {compared}");
    let check = |connection: &Connection| vfs::check(connection, &mut |_, _| {}).unwrap();
    assert!(check(&sealed).is_clean());
    sealed.close().map_err(|(_, error)| error).unwrap();
    let again = vfs::connect(&path, &created.key, &ConnectOptions::default()).unwrap();
    for sql in [
        "SELECT * FROM keyed ORDER BY a",
        "SELECT * FROM large ORDER BY id",
        "SELECT * FROM journal ORDER BY n",
    ] {
        assert!(rows(&again, sql).unwrap() == rows(&plain, sql).unwrap(), "after reopening: {sql}");
    }
    assert!(check(&again).is_clean());
}

#[test]
fn the_same_rows_with_room_for_everything() {
    same_on_both(16_384);
}

#[test]
fn the_same_rows_with_next_to_no_room() {
    same_on_both(10);
}
