//! The statements that the benches run: transactions of all shapes, every kind of checkpoint, VACUUM, and sessions that end in
//! different ways. Each step commits once, so that each has a state of its own.

use std::ops::RangeInclusive;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

pub(super) struct Session {
    pub(super) steps: RangeInclusive<i64>,
    /// Whether its end folds the log into the file, or leaves it for the next session to recover.
    pub(super) clean: bool,
}

const fn session(from: i64, to: i64, clean: bool) -> Session {
    Session { steps: from..=to, clean }
}

pub(super) const SESSIONS: &[Session] = &[
    session(1, 40, true),
    session(41, 44, false),
    session(45, 45, false),
    session(46, 70, true),
    session(71, 71, true),
    session(72, 90, false),
    session(91, 104, true),
];

/// Makes the tables where they are missing, and runs the steps; tells after each commit.
pub(super) fn run(
    connection: &Connection,
    steps: RangeInclusive<i64>,
    told: &mut dyn FnMut(),
) -> rusqlite::Result<()> {
    if prepare(connection)? {
        told();
    }
    for step in steps {
        commit(connection, step)?;
        told();
        maintain(connection, step)?;
    }
    Ok(())
}

/// Few pages in memory, so that transactions spill, and a log that is folded in often. True where the tables were made.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<bool> {
    connection.pragma_update(None, "cache_size", 6)?;
    connection.pragma_update(None, "wal_autocheckpoint", 25)?;
    if connection.table_exists(None, "step")? {
        return Ok(false);
    }
    connection.execute_batch(
        "BEGIN;
         CREATE TABLE step(n INTEGER) STRICT;
         INSERT INTO step VALUES (0);
         CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB) STRICT;
         CREATE TABLE entry(id INTEGER PRIMARY KEY, payee TEXT NOT NULL, minor INTEGER NOT NULL) STRICT;
         CREATE INDEX entry_by_payee ON entry(payee, minor);
         COMMIT;",
    )?;
    Ok(true)
}

/// One transaction. Where it fails, everything of it can be taken back and tried again.
pub(super) fn commit(connection: &Connection, step: i64) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN")?;
    connection.execute("UPDATE step SET n = ?1", [step])?;
    connection.execute("INSERT OR REPLACE INTO t VALUES (?1, zeroblob(?1 % 7 * 1500))", [step])?;
    for row in 0..step % 4 {
        connection.execute(
            "INSERT INTO entry(payee, minor) VALUES ('payee ' || ?1 % 9, ?1 * 100 + ?2)",
            [step, row],
        )?;
    }
    if step % 6 == 0 {
        // Spills, then rewrites spilled pages in place, then takes part of it back.
        connection.execute_batch(
            "SAVEPOINT s; UPDATE t SET b = zeroblob(9000); ROLLBACK TO s; UPDATE t SET b = zeroblob(4000);
             UPDATE t SET b = zeroblob(4001); RELEASE s;",
        )?;
    }
    if step % 5 == 0 {
        connection.execute("DELETE FROM t WHERE a < ?1", [step])?;
        connection.execute("UPDATE entry SET minor = minor + 1 WHERE payee = 'payee 3'", [])?;
    }
    match step % 22 {
        9 => connection
            .execute_batch("CREATE TABLE IF NOT EXISTS extra(x TEXT); INSERT INTO extra VALUES ('x')")?,
        20 => connection.execute_batch("DROP TABLE IF EXISTS extra; DELETE FROM entry WHERE id % 2")?,
        _ => {}
    }
    connection.execute_batch("COMMIT")
}

/// What changes the file and not what it holds.
pub(super) fn maintain(connection: &Connection, step: i64) -> rusqlite::Result<()> {
    match step % 17 {
        3 => connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)"),
        6 => connection.execute_batch("PRAGMA wal_checkpoint(FULL)"),
        8 => connection.execute_batch("VACUUM"),
        11 => connection.execute_batch("PRAGMA wal_checkpoint(RESTART)"),
        14 => connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"),
        _ => Ok(()),
    }
}

/// Ends a session: the log is folded into the file and goes, or stays as it is.
pub(super) fn end(connection: Connection, clean: bool) {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !clean).unwrap();
    connection.close().map_err(|(_, error)| error).unwrap();
}
