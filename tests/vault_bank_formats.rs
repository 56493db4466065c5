//! camt, MT940 and QIF end to end: balances follow from what the files state, the parts and categories of a QIF file are the
//! vault's, one movement in two formats of a series adds up, and the same file twice adds nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::ledger::BalanceKind;
use finvault::money::Currency;
use finvault::vault::{FileReport, ImportFile, ImportOptions, TransactionQuery, Vault};
use jiff::Timestamp;
use jiff::civil::date;

const QIF: &[u8] = include_bytes!("fixtures/statement/qif-bank-with-splits.qif");
const CAMT: &[u8] = include_bytes!("fixtures/statement/camt053-statement.xml");
const PAGES: &[u8] = include_bytes!("fixtures/statement/mt940-envelopes-and-pages.sta");

fn now() -> Timestamp {
    "2026-04-02T09:00:00Z".parse().unwrap()
}

fn house() -> (tempfile::TempDir, Vault) {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
    let (vault, _) = Vault::create(&folder.path().join("test.finvault"), &passphrase, kdf, now()).unwrap();
    (folder, vault)
}

fn import(vault: &mut Vault, bytes: &[u8], options: &ImportOptions) -> FileReport {
    let files = [ImportFile { name: "statement", bytes }];
    vault.import(&files, options, now(), &mut |_| {}).unwrap().files.remove(0)
}

#[test]
fn a_qif_file_brings_its_accounts_categories_and_parts() {
    let (_folder, mut vault) = house();
    let options = ImportOptions { currency: Currency::iso("EUR").ok(), ..ImportOptions::default() };
    let report = import(&mut vault, QIF, &options);
    let names: Vec<(&str, u64)> =
        report.accounts.iter().map(|a| (a.account.name.as_str(), a.added)).collect();
    assert_eq!(names, [("Everyday", 5), ("Purse", 0)]);
    let everyday = report.accounts[0].account.id;
    let rows = vault
        .transactions(&TransactionQuery { account: Some(everyday), ..TransactionQuery::default() })
        .unwrap();
    let cafe = rows.iter().find(|row| row.detail.payee == "Corner Cafe").unwrap();
    let notes = vault.annotations(&[cafe.id]).unwrap();
    let parts: Vec<(String, i64)> = notes[&cafe.id]
        .parts
        .iter()
        .map(|part| (part.category.as_str().to_owned(), part.amount.minor()))
        .collect();
    assert_eq!(
        parts,
        [("Food:Eating out".to_owned(), -3_000), ("Transfer".to_owned(), -2_000), ("Food".to_owned(), 500)]
    );
    let rent = rows.iter().find(|row| row.detail.payee == "Rent").unwrap();
    assert_eq!(rent.detail.category.as_deref(), Some("Housing:Rent"));
    let again = import(&mut vault, QIF, &options);
    assert_eq!((again.accounts[0].added, again.accounts[0].duplicate), (0, 5));
}

#[test]
fn the_balances_of_a_camt_statement_follow_from_its_rows() {
    let (_folder, mut vault) = house();
    let report = import(&mut vault, CAMT, &ImportOptions::default());
    let account = &report.accounts[0];
    assert_eq!(account.added, 6);
    let closing = account.stated.iter().find(|stated| stated.kind == BalanceKind::Closing).unwrap();
    assert_eq!((closing.amount.minor(), closing.computed.map(|money| money.minor())), (-5_850, Some(-5_850)));
    assert_eq!(account.opening.unwrap().amount.minor(), 10_000);
}

#[test]
fn pages_of_a_statement_are_one_and_interim_balances_are_no_days_end() {
    let (_folder, mut vault) = house();
    let report = import(&mut vault, PAGES, &ImportOptions::default());
    let account = &report.accounts[0];
    assert_eq!((account.added, account.account.currency.code()), (2, "CHF"));
    let interim = account.stated.iter().find(|stated| stated.kind == BalanceKind::Interim).unwrap();
    assert_eq!((interim.amount.minor(), interim.computed), (500, None));
    let at_the_end = vault.balances(date(2024, 1, 3), None).unwrap();
    let swiss = at_the_end.iter().find(|balance| balance.account == account.account.id).unwrap();
    assert_eq!(swiss.computed.minor(), 300);
    assert_eq!(swiss.stated.unwrap().stated.minor(), 300);
}
