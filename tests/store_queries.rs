//! The database's own rules, on a plain connection in memory: transactions, sums beyond 64 bits, unreadable values.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::ledger::{AccountKind, Fingerprint, NewAccount, NewTransaction, TransactionStatus};
use finvault::money::{Currency, Money};
use finvault::store::movements::TransactionQuery;
use finvault::store::{Store, StoreError};
use jiff::civil::{Date, date};
use rusqlite::Connection;

fn store() -> Store {
    Store::open(Connection::open_in_memory().unwrap()).unwrap()
}

fn account(name: &str) -> NewAccount {
    NewAccount {
        name: name.to_owned(),
        kind: AccountKind::Checking,
        currency: Currency::iso("EUR").unwrap(),
        institution: None,
        number: Some("DE00 1234".to_owned()),
        opening: None,
    }
}

fn row(day: Date, minor: i64) -> NewTransaction {
    NewTransaction {
        posted: day,
        amount: Money::new(minor, Currency::iso("EUR").unwrap()),
        payee: "Somebody".to_owned(),
        payee_raw: "SOMEBODY 123".to_owned(),
        memo: Some("memo".to_owned()),
        reference: None,
        category: None,
        status: TransactionStatus::Posted,
        bank_id: Some("id".to_owned()),
    }
}

#[test]
fn work_that_fails_leaves_nothing() {
    let mut store = store();
    let result: Result<(), StoreError> = store.write(|store| {
        store.add_account(&account("A"), None)?;
        Err(StoreError::DiskFull)
    });
    assert!(matches!(result, Err(StoreError::DiskFull)));
    assert!(store.accounts().unwrap().is_empty());
    store.write(|store| store.add_account(&account("A"), None)).unwrap();
    let taken = store.write(|store| store.add_account(&account("a"), None));
    assert!(matches!(taken, Err(StoreError::Taken { .. })));
    let rehearsed: Result<_, StoreError> = store.rehearse(|store| store.add_account(&account("B"), None));
    assert_eq!(rehearsed.unwrap().name, "B");
    assert_eq!(store.accounts().unwrap().len(), 1);
}

#[test]
fn rows_come_back_as_they_were_put_in_and_sums_hold_beyond_64_bits() {
    let store = store();
    let account = store.add_account(&account("A"), None).unwrap();
    assert_eq!(store.accounts_by_number("de-00-1234").unwrap().len(), 1);
    for minor in [i64::MAX, i64::MAX, i64::MIN, -3] {
        let row = row(date(2026, 1, 1), minor);
        store.add_movement(account.id, &row, Fingerprint::of(&row), true, None).unwrap();
    }
    let found = store.movements(&TransactionQuery::default()).unwrap();
    assert_eq!(found[0].detail, row(date(2026, 1, 1), i64::MAX));
    let expected = i128::from(i64::MAX) * 2 + i128::from(i64::MIN) - 3;
    assert_eq!(store.movement_sum(account.id, None, None).unwrap(), expected);
    assert_eq!(store.computed_balance(&account, date(2026, 1, 1)).unwrap().unwrap().minor(), i64::MAX - 4);
    assert_eq!(store.computed_balance(&account, date(2025, 12, 31)).unwrap().unwrap().minor(), 0);
    store.delete_movement(found[2].id).unwrap();
    assert_eq!(
        store.computed_balance(&account, date(2026, 1, 1)).unwrap(),
        None,
        "does not fit into 64 bits"
    );
}

#[test]
fn a_balance_reads_the_index_alone() {
    let store = store();
    let plan: String = store
        .connection()
        .query_row(
            "EXPLAIN QUERY PLAN SELECT sum(amount_minor >> 32) FROM movement
             WHERE account = 1 AND posted BETWEEN '' AND '9999' AND status <> 'pending'",
            [],
            |row| row.get(3),
        )
        .unwrap();
    assert!(plan.contains("COVERING INDEX movement_by_account_day"), "{plan}");
}

#[test]
fn a_value_that_finvault_never_writes_is_an_error_that_names_it() {
    let store = store();
    let made = store.add_account(&account("A"), None).unwrap();
    let sql = "UPDATE account SET kind = 'piggybank' WHERE id = ?1";
    store.connection().execute(sql, [made.id.0]).unwrap();
    let error = store.accounts().unwrap_err();
    assert!(matches!(&error, StoreError::Unreadable { what } if what.contains("account.kind")), "{error}");
}

#[test]
fn integrity_problems_name_dangling_references() {
    let store = store();
    assert_eq!(store.integrity_problems().unwrap(), Vec::<String>::new());
    store.connection().pragma_update(None, "foreign_keys", false).unwrap();
    store
        .connection()
        .execute("INSERT INTO stated_balance (account, kind, day, amount_minor, batch) VALUES (9, 'ledger', '2026-01-01', 1, 9)", [])
        .unwrap();
    assert!(!store.integrity_problems().unwrap().is_empty());
}

#[test]
fn disclosures_from_before_sets_were_kept_are_counted_as_such() {
    let mut conn = Connection::open_in_memory().unwrap();
    finvault::store::migrations::migrate(&mut conn, 2).unwrap();
    conn.execute_batch(
        "INSERT INTO recipient (name, name_folded, key_salt, added_at)
             VALUES ('Lender', 'lender', zeroblob(32), '2026-01-01T00:00:00Z');
         INSERT INTO disclosure (jti, recipient, purpose, issued_at, expires_at, sha256, token, root_salt)
             VALUES ('x', 1, 'Loan', '2026-01-01T00:00:00Z', '2026-01-08T00:00:00Z', '', '', zeroblob(32));",
    )
    .unwrap();
    let store = Store::open(conn).unwrap();
    assert_eq!((store.count_unkept(Some(1)).unwrap(), store.count_unkept(Some(2)).unwrap()), (1, 0));
    assert_eq!(store.count_unkept(None).unwrap(), 1);
}

#[test]
fn a_set_of_rows_that_is_damaged_is_not_guessed() {
    let store = store();
    let conn = store.connection();
    conn.pragma_update(None, "foreign_keys", false).unwrap();
    conn.execute(
        "INSERT INTO aggregate_disclosed (disclosure, recipient, kind, added, removed, epoch)
         VALUES (1, 1, 'sum', x'80', x'', 0)",
        [],
    )
    .unwrap();
    assert!(matches!(store.aggregates(), Err(StoreError::Unreadable { .. })));
}
