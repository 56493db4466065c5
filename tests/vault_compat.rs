//! Frozen vaults: what the first version wrote, every later version opens, and finds all of it there.
//!
//! `tests/compat/v1-closed.finvault` was closed in order; `v1-crashed.finvault` was not, and has its log beside it.
//! They are never made again: a change that cannot open them needs a new format version.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use finvault::crypto::{KdfParams, Passphrase, RecoveryCode};
use finvault::ledger::{AccountKind, NewAccount, NewTransaction, TransactionStatus};
use finvault::money::{Currency, Money};
use finvault::vault::{OpenOptions, Secret, TransactionQuery, Vault};
use finvault::vfs;
use jiff::Timestamp;
use jiff::civil::date;

const CLOSED: &str = "v1-closed.finvault";
const CRASHED: &str = "v1-crashed.finvault";
const CRASHED_LOG: &str = "v1-crashed.finvault-wal";
/// Both vaults' recovery code; their passphrase is below.
const RECOVERY_CODE: &str = "v1-recovery-code.txt";

fn compat(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat").join(name)
}

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple".to_owned())
}

fn now() -> Timestamp {
    "2026-04-02T09:00:00Z".parse().unwrap()
}

fn row(day: i8, minor: i64, payee: &str) -> NewTransaction {
    NewTransaction {
        posted: date(2026, 3, day),
        amount: Money::new(minor, Currency::iso("EUR").unwrap()),
        payee: payee.to_owned(),
        payee_raw: payee.to_owned(),
        memo: Some("a note, with ümlauts".to_owned()),
        reference: None,
        category: None,
        status: TransactionStatus::Posted,
        bank_id: None,
    }
}

/// Opens copies of a frozen vault, and reads everything that was put in.
fn assert_opens(main: &str, log: Option<&str>, payees: &[&str], balance_minor: i64) {
    let code = RecoveryCode::parse(fs::read_to_string(compat(RECOVERY_CODE)).unwrap().trim()).unwrap();
    for by_code in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("v");
        fs::copy(compat(main), &path).unwrap();
        if let Some(log) = log {
            fs::copy(compat(log), folder.path().join("v-wal")).unwrap();
        }
        let passphrase = passphrase();
        let secret = if by_code { Secret::RecoveryCode(&code) } else { Secret::Passphrase(&passphrase) };
        let unlocked = vfs::unlock(&path, &secret).unwrap();
        let connection = vfs::connect(&path, &unlocked.key, &vfs::ConnectOptions::default()).unwrap();
        let report = vfs::check(&connection, &mut |_, _| {}).unwrap();
        assert!(report.is_clean() && report.pages > 10, "{report:?}");
        drop(connection);
        let vault = Vault::open(&path, &secret, &OpenOptions::default()).unwrap();
        let found = vault.transactions(&TransactionQuery::default()).unwrap();
        let mut found: Vec<_> = found.iter().map(|row| row.detail.payee.as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, payees);
        let balances = vault.balances(date(2026, 3, 31), None).unwrap();
        assert_eq!(balances.len(), 1);
        assert_eq!(balances[0].computed.minor(), balance_minor);
        let check = vault.check(&mut |_| {}).unwrap();
        assert_eq!(check.problems, []);
        vault.close().unwrap();
    }
}

#[test]
fn a_vault_that_version_1_closed_is_opened() {
    assert_opens(CLOSED, None, &["Baker", "Employer"], 198_765);
}

#[test]
fn a_vault_that_version_1_left_in_a_crash_is_opened() {
    assert_opens(CRASHED, Some(CRASHED_LOG), &["Baker", "Cinema", "Employer"], 197_515);
}

/// Made the files once. It refuses to replace them.
#[test]
#[ignore = "made the frozen files, which are never made again"]
fn freeze() {
    for name in [CLOSED, CRASHED, CRASHED_LOG] {
        assert!(!compat(name).exists(), "{name} is frozen");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v");
    let (mut vault, code) = Vault::create(&path, &passphrase(), KdfParams::FLOOR, now()).unwrap();
    let account = NewAccount {
        name: "Everyday".to_owned(),
        kind: AccountKind::Checking,
        currency: Currency::iso("EUR").unwrap(),
        institution: None,
        number: None,
        opening: None,
    };
    let account = vault.add_account(&account).unwrap().id;
    vault.add_transaction(account, &row(1, 200_000, "Employer")).unwrap();
    vault.add_transaction(account, &row(2, -1_235, "Baker")).unwrap();
    vault.close().unwrap();
    fs::copy(&path, compat(CLOSED)).unwrap();
    fs::write(compat(RECOVERY_CODE), format!("{}\n", *code.reveal())).unwrap();
    let mut vault = Vault::open(&path, &Secret::Passphrase(&passphrase()), &OpenOptions::default()).unwrap();
    vault.add_transaction(account, &row(3, -1_250, "Cinema")).unwrap();
    fs::copy(&path, compat(CRASHED)).unwrap();
    fs::copy(folder.path().join("v-wal"), compat(CRASHED_LOG)).unwrap();
}
