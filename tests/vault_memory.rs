//! SQLite runs out of memory at one allocation or another: the change fails with an error of ours or is done, nothing panics, and the
//! vault then holds the old state or the new one.
//!
//! SQLite's hard limit on its heap is the process's, so each limit is tried in a child: this test program itself.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

use finvault::crypto::{KdfParams, OsRandom, Passphrase, VaultKey};
use finvault::ledger::{AccountKind, NewAccount, NewTransaction, TransactionStatus};
use finvault::money::{Currency, Money};
use finvault::vault::{ErrorClass, ImportFile, OpenOptions, Vault, VaultError};
use finvault::vfs;
use jiff::civil::date;

const MARCH: &str = include_str!("fixtures/vault/checking-march.ofx");

/// Says to the child that it is one: the vault's path, and the limit in bytes.
const CHILD: &str = "FINVAULT_TEST_MEMORY_CHILD";
const LIMIT: &str = "FINVAULT_TEST_MEMORY_LIMIT_BYTES";

fn open(path: &Path) -> Result<Vault, VaultError> {
    let bytes: [u8; 32] = std::fs::read(path.with_extension("key")).unwrap().try_into().unwrap();
    let options = OpenOptions { busy_timeout_ms: 0, cache_mib: 4 };
    Vault::open_with_key(path, VaultKey::from_bytes(bytes), &options)
}

/// The changes: each adds transactions, so that their number tells which were made.
const ADDED: [u64; 5] = [5, 1, 150, 1, 1];

fn change(vault: &mut Vault, number: usize) -> Result<(), VaultError> {
    let now = "2026-04-02T09:00:00Z".parse().unwrap();
    match number {
        0 => {
            let march = ImportFile { name: "march.ofx", bytes: MARCH.as_bytes() };
            vault.import(&[march], &Default::default(), now, &mut |_| {}).map(drop)
        }
        2 => {
            let row = |n| format!("2026-05-{:02},-{}.25,Shop {n} in Main Street\n", n % 28 + 1, n + 1);
            let rows: String = (0..150).map(row).collect();
            let csv = format!("Date,Amount,Payee\n{rows}");
            let file = ImportFile { name: "many.csv", bytes: csv.as_bytes() };
            let options = finvault::vault::ImportOptions {
                account: Some(vault.account("Wallet")?.id),
                ..Default::default()
            };
            vault.import(&[file], &options, now, &mut |_| {}).map(drop)
        }
        _ => {
            let new = NewTransaction {
                posted: date(2026, 4, 1),
                amount: Money::new(-100, Currency::iso("EUR")?),
                payee: format!("Shop {number}"),
                payee_raw: "SHOP".to_owned(),
                memo: Some("x".repeat(20_000)),
                reference: None,
                category: None,
                status: TransactionStatus::Posted,
                bank_id: None,
            };
            let account = vault.account("Wallet")?.id;
            vault.add_transaction(account, &new).map(drop)
        }
    }
}

/// Makes the changes under the limit, each tried twice; says how many were made, and how each failure was told.
fn child(path: &Path, limit_bytes: &str) -> ! {
    let memory = rusqlite::Connection::open_in_memory().unwrap();
    memory.query_row(&format!("PRAGMA hard_heap_limit = {limit_bytes}"), [], |_| Ok(())).unwrap();
    let mut made = 0;
    let mut failures = 0;
    match open(path) {
        Err(error) => {
            assert_eq!(error.class(), ErrorClass::Failed, "{error}");
            failures += 1;
        }
        Ok(mut vault) => {
            while made < ADDED.len() {
                match change(&mut vault, made) {
                    Ok(()) => made += 1,
                    Err(error) => {
                        assert_eq!(error.class(), ErrorClass::Failed, "{error}");
                        failures += 1;
                        if failures > 2 {
                            break;
                        }
                    }
                }
            }
            if vault.close().is_err() {
                failures += 1;
            }
        }
    }
    println!("\nmade {made} failures {failures}");
    std::process::exit(0)
}

fn new_vault(folder: &Path) -> PathBuf {
    let path = folder.join("v");
    let created = vfs::create(&path, &Passphrase::new("p".to_owned()), KdfParams::FLOOR, &OsRandom).unwrap();
    std::fs::write(path.with_extension("key"), created.key.expose()).unwrap();
    let wallet = NewAccount {
        name: "Wallet".to_owned(),
        kind: AccountKind::Cash,
        currency: Currency::iso("EUR").unwrap(),
        institution: None,
        number: None,
        opening: None,
    };
    let mut vault = open(&path).unwrap();
    vault.add_account(&wallet).unwrap();
    vault.close().unwrap();
    path
}

fn starved(test: &str, limits_bytes: impl Iterator<Item = u64>) {
    if let (Some(path), Ok(limit)) = (std::env::var_os(CHILD), std::env::var(LIMIT)) {
        child(Path::new(&path), &limit);
    }
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let path = new_vault(folder.path());
    let start = std::fs::read(&path).unwrap();
    let (mut failed, mut untroubled, mut tried) = (0, 0, 0);
    for limit in limits_bytes {
        std::fs::write(&path, &start).unwrap();
        let _ = std::fs::remove_file(folder.path().join("v-wal"));
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--include-ignored"])
            .env(CHILD, &path)
            .env(LIMIT, limit.to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let told = said.lines().find_map(|line| line.strip_prefix("made "));
        let told = told
            .unwrap_or_else(|| panic!("{limit} bytes: {said}{}", String::from_utf8_lossy(&output.stderr)));
        let (made, failures) = told.split_once(" failures ").unwrap();
        let (made, failures): (usize, u32) = (made.parse().unwrap(), failures.parse().unwrap());
        tried += 1;
        failed += u32::from(failures > 0);
        untroubled += u32::from(failures == 0);
        let vault = open(&path).unwrap_or_else(|error| panic!("{limit} bytes: {error}"));
        let report = vault.check(&mut |_| {}).unwrap();
        assert_eq!(report.problems, [], "{limit} bytes");
        let rows: u64 = ADDED[..made].iter().sum();
        let next = rows + ADDED.get(made).copied().unwrap_or(0);
        assert!(
            report.transactions == rows || report.transactions == next,
            "{limit} bytes: {} rows after {made} changes",
            report.transactions
        );
    }
    println!("{tried} limits tried: {failed} were felt, {untroubled} were not");
    assert!(failed > 5 && untroubled > 0, "{failed} {untroubled}");
}

#[test]
fn without_memory_the_old_state_or_the_new_one() {
    starved("without_memory_the_old_state_or_the_new_one", (60..700).step_by(20).map(|kib| kib * 1024));
}

#[test]
#[ignore = "many limits: minutes"]
fn at_every_allocation_the_old_state_or_the_new_one() {
    starved("at_every_allocation_the_old_state_or_the_new_one", (40..900).map(|kib| kib * 1024));
}
