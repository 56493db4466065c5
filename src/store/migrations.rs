//! Schema versions and the way from each to the next.
//!
//! The version is SQLite's `user_version`. A migration runs in one transaction with the change of the
//! version, so a vault is at one version or the next, never between.

use super::StoreError;
use rusqlite::{Connection, TransactionBehavior};

/// SQLite's `application_id` of a vault: "FinV".
pub const APPLICATION_ID: i32 = 0x4669_6e56;

/// The script that leads to version `index + 1`.
const SCRIPTS: &[&str] = &[
    include_str!("schema/0001_ledger.sql"),
    include_str!("schema/0002_disclosures.sql"),
    include_str!("schema/0003_inference.sql"),
    include_str!("schema/0004_lifecycle.sql"),
    include_str!("schema/0005_attachments.sql"),
    include_str!("schema/0006_categories.sql"),
    include_str!("schema/0007_statement_periods.sql"),
    include_str!("schema/0008_approvals.sql"),
    include_str!("schema/0009_profile.sql"),
    include_str!("schema/0010_identity.sql"),
    include_str!("schema/0011_statement_rows.sql"),
    include_str!("schema/0012_transfers.sql"),
    include_str!("schema/0013_reconciled.sql"),
    include_str!("schema/0014_rules.sql"),
    include_str!("schema/0015_csv_profiles.sql"),
];

/// The newest version this program knows.
pub const fn latest() -> usize {
    SCRIPTS.len()
}

/// The version of the schema in `conn`; 0 for an empty database.
///
/// # Errors
/// What SQLite reports.
pub fn version(conn: &Connection) -> Result<i64, StoreError> {
    Ok(conn.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Brings the schema to `target` (at most [`latest`]).
///
/// # Errors
/// [`StoreError::NewerVault`] where the database is past [`latest`]; else what SQLite reports.
pub fn migrate(conn: &mut Connection, target: usize) -> Result<(), StoreError> {
    let found = version(conn)?;
    let known = usize::try_from(found).ok().filter(|found| *found <= latest());
    let Some(done) = known else {
        return Err(StoreError::NewerVault { found, supported: latest() as i64 });
    };
    for (index, script) in SCRIPTS.iter().enumerate().take(target).skip(done) {
        let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(script)?;
        if index == 0 {
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        transaction.pragma_update(None, "user_version", (index + 1) as i64)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_of_the_first_version_gains_the_second_and_keeps_its_rows() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, 1).unwrap();
        assert_eq!(version(&conn).unwrap(), 1);
        conn.execute("INSERT INTO commodity VALUES ('BTC', 8)", []).unwrap();
        assert!(conn.prepare("SELECT * FROM log_entry").is_err());
        migrate(&mut conn, latest()).unwrap();
        assert_eq!(version(&conn).unwrap(), latest() as i64);
        assert!(conn.prepare("SELECT * FROM log_entry").is_ok());
        let digits: i64 = conn.query_row("SELECT digits FROM commodity", [], |row| row.get(0)).unwrap();
        assert_eq!(digits, 8);
        migrate(&mut conn, latest()).unwrap();
    }

    #[test]
    fn the_sets_of_an_older_vault_come_along_with_what_they_are_derived_from() {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.pragma_update(None, "foreign_keys", true).unwrap();
        migrate(&mut conn, 7).unwrap();
        conn.execute_batch(
            "INSERT INTO recipient VALUES (1, 'A', 'a', NULL, zeroblob(32), '2026-01-01T00:00:00Z', NULL);
             INSERT INTO disclosure VALUES (1, 'j', 1, 'p', '2026-01-01T00:00:00Z', '2026-01-08T00:00:00Z', '', '', zeroblob(32));
             INSERT INTO aggregate_disclosed VALUES (4, 1, 1, 'sum', 1, NULL, NULL, x'01', x'', 0);
             INSERT INTO aggregate_disclosed VALUES (9, 1, 1, 'sum', 1, NULL, 4, x'02', x'', 0);",
        )
        .unwrap();
        migrate(&mut conn, latest()).unwrap();
        let kept: String = conn
            .query_row(
                "SELECT group_concat(id || ',' || disclosure || ',' || coalesce(base, 0), ';') FROM aggregate_disclosed",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(kept, "4,1,0;9,1,4");
        let broken: i64 =
            conn.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).unwrap();
        assert_eq!(broken, 0);
        let dangling =
            "INSERT INTO aggregate_disclosed VALUES (10, 1, NULL, 1, 'sum', 1, NULL, 77, x'', x'', 0)";
        assert!(conn.execute(dangling, []).is_err(), "a base is one of the same table");
        let nowhere =
            "INSERT INTO aggregate_disclosed VALUES (10, NULL, NULL, 1, 'sum', 1, NULL, 4, x'', x'', 0)";
        assert!(conn.execute(nowhere, []).is_err(), "a set hangs on a disclosure or on a draft");
    }

    #[test]
    fn a_vault_of_a_newer_version_is_refused_untouched() {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.pragma_update(None, "user_version", 99).unwrap();
        let error = migrate(&mut conn, latest()).unwrap_err();
        assert!(matches!(error, StoreError::NewerVault { found: 99, .. }));
        assert_eq!(version(&conn).unwrap(), 99);
        let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 0);
    }

    #[test]
    fn every_table_is_strict_and_every_column_commented() {
        for script in SCRIPTS {
            let lines: Vec<&str> = script.lines().collect();
            for (number, line) in lines.iter().enumerate() {
                if line.starts_with("CREATE TABLE") {
                    assert!(lines[number - 1].starts_with("--"), "no comment above: {line}");
                }
                let name = line.strip_prefix("    ").unwrap_or_default();
                let is_column = name.starts_with(|c: char| c.is_ascii_lowercase());
                assert!(!is_column || line.contains(" -- "), "no comment beside: {line}");
            }
        }
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, latest()).unwrap();
        let loose: i64 = conn
            .query_row("SELECT count(*) FROM pragma_table_list WHERE schema='main' AND type='table' AND NOT strict AND name NOT LIKE 'sqlite_%'", [], |row| row.get(0))
            .unwrap();
        assert_eq!(loose, 0);
    }

    #[test]
    fn the_log_cannot_be_rewritten() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, latest()).unwrap();
        conn.execute(
            "INSERT INTO log_entry VALUES (1, 0, 'x', '{}', zeroblob(32), zeroblob(32), zeroblob(64))",
            [],
        )
        .unwrap();
        assert!(conn.execute("UPDATE log_entry SET body = 'y'", []).is_err());
        assert!(conn.execute("DELETE FROM log_entry", []).is_err());
    }
}
