//! What `check` finds wrong that no seal and no SQLite sees: rows that do not fit one another.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::ledger::{AccountKind, NewAccount, NewTransaction, TransactionStatus};
use finvault::money::{Currency, Money};
use finvault::vfs::{self, ConnectOptions};
use finvault::{OpenOptions, Secret, Vault};
use jiff::civil::date;
use std::path::{Path, PathBuf};

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple".to_owned())
}

/// A vault of one account with one transaction.
fn vault(folder: &Path) -> PathBuf {
    let path = folder.join("v");
    let now = "2026-04-02T09:00:00Z".parse().unwrap();
    let (mut vault, _) = Vault::create(&path, &passphrase(), KdfParams::FLOOR, now).unwrap();
    let account = vault
        .add_account(&NewAccount {
            name: "Everyday".to_owned(),
            kind: AccountKind::Checking,
            currency: Currency::iso("EUR").unwrap(),
            institution: None,
            number: None,
            opening: None,
        })
        .unwrap();
    vault
        .add_transaction(
            account.id,
            &NewTransaction {
                posted: date(2026, 3, 3),
                amount: Money::new(-450, Currency::iso("EUR").unwrap()),
                payee: "Corner Cafe".to_owned(),
                payee_raw: "Corner Cafe".to_owned(),
                memo: None,
                reference: None,
                category: None,
                status: TransactionStatus::Posted,
                bank_id: None,
            },
        )
        .unwrap();
    vault.close().unwrap();
    path
}

/// Does what finvault never would, below it, and tells what `check` says of it.
fn problems_after(sql: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = vault(folder.path());
    let secret = passphrase();
    let secret = Secret::Passphrase(&secret);
    let key = vfs::unlock(&path, &secret).unwrap().key;
    let connection = vfs::connect(&path, &key, &ConnectOptions::default()).unwrap();
    connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
    connection.close().unwrap();
    let vault = Vault::open(&path, &secret, &OpenOptions::default()).unwrap();
    let report = vault.check(&mut |_| {}).unwrap();
    report.problems.into_iter().map(|problem| problem.what).collect()
}

fn assert_told(sql: &str, expected: &str) {
    let problems = problems_after(sql);
    assert!(problems.iter().any(|what| what.contains(expected)), "{sql}: {problems:?}");
}

#[test]
fn a_sound_vault_has_no_problem() {
    assert_eq!(problems_after("SELECT 1"), [] as [String; 0]);
}

#[test]
fn parts_that_do_not_add_up_are_told_with_account_and_day() {
    assert_told(
        "INSERT INTO split (movement, seq, category, amount_minor) VALUES (1, 0, 'Food', -400)",
        "the parts of transaction 1 of Everyday on 2026-03-03 do not add up to it",
    );
}

#[test]
fn sets_of_transactions_that_cannot_be_are_told() {
    let opening = "INSERT INTO opening_moved (account, batch, older, epoch) VALUES (1, 7, x'ff', 1)";
    assert_told(opening, "the set of transactions by which import 7 moved an opening balance cannot be read");
    let disclosed = |set: &str| {
        format!(
            "INSERT INTO aggregate_disclosed (disclosure, recipient, kind, added, removed, epoch)
             VALUES (3, 1, 'sum', {set}, x'', 0)"
        )
    };
    assert_told(
        &disclosed("x'ff'"),
        "the set of transactions beneath a figure of disclosure 3 cannot be read",
    );
    // Transaction 1, beyond what is kept from being given to another.
    assert_told(
        &disclosed("x'0200'"),
        "disclosure 3 names a transaction whose number could be given to another",
    );
}

#[test]
fn a_row_that_refers_to_nothing_is_told() {
    assert_told("UPDATE movement SET account = 99", "refers to a row that is not there");
}

#[test]
fn a_log_that_was_cut_is_told() {
    let cut = "UPDATE log_entry SET body = 'x' WHERE seq = 1";
    let folder = tempfile::tempdir().unwrap();
    let path = vault(folder.path());
    let key = vfs::unlock(&path, &Secret::Passphrase(&passphrase())).unwrap().key;
    let connection = vfs::connect(&path, &key, &ConnectOptions::default()).unwrap();
    let triggers: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'log_entry'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    drop(connection);
    let dropped: String = triggers.iter().map(|name| format!("DROP TRIGGER {name}; ")).collect();
    assert_told(&format!("{dropped}{cut}"), "the log: ");
}
