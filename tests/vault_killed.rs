//! `kill -9` at moments that nobody chose, again and again: whatever was acknowledged is there, nothing is half done, and the check
//! finds nothing. The child is this test program itself, which opens the vault with its key.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use finvault::crypto::{KdfParams, OsRandom, Passphrase, VaultKey};
use finvault::ledger::{AccountKind, NewAccount, NewTransaction, TransactionStatus};
use finvault::money::{Currency, Money};
use finvault::vault::{OpenOptions, TransactionQuery, Vault};
use finvault::vfs;
use jiff::civil::date;

/// Says to the child that it is one, and where the vault lies.
const CHILD: &str = "FINVAULT_TEST_KILLED_CHILD";

fn open(path: &Path, key: VaultKey) -> Vault {
    Vault::open_with_key(path, key, &OpenOptions::default()).unwrap()
}

/// Adds one transaction after another, and now and then rewrites the file; says after each that it is done.
fn child(path: &Path) -> ! {
    let bytes: [u8; 32] = std::fs::read(path.with_extension("key")).unwrap().try_into().unwrap();
    let mut vault = open(path, VaultKey::from_bytes(bytes));
    let account = vault.accounts().unwrap()[0].id;
    let mut said = std::io::stdout();
    for number in 0.. {
        let new = NewTransaction {
            posted: date(2026, 2, 1),
            amount: Money::new(-100, Currency::iso("EUR").unwrap()),
            payee: format!("{}n{number}", std::process::id()),
            payee_raw: "KIOSK".to_owned(),
            memo: Some("x".repeat(number % 5 * 900)),
            reference: None,
            category: None,
            status: TransactionStatus::Posted,
            bank_id: None,
        };
        vault.add_transaction(account, &new).unwrap();
        writeln!(said, "\nadded {}", new.payee).unwrap();
        if number % 16 == 9 {
            vault.compact().unwrap();
        }
    }
    std::process::exit(0)
}

/// A vault with one account, and its key beside it.
fn new_vault(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("v");
    let created = vfs::create(&path, &Passphrase::new("p".to_owned()), KdfParams::FLOOR, &OsRandom).unwrap();
    std::fs::write(path.with_extension("key"), created.key.expose()).unwrap();
    let account = NewAccount {
        name: "Wallet".to_owned(),
        kind: AccountKind::Cash,
        currency: Currency::iso("EUR").unwrap(),
        institution: None,
        number: None,
        opening: None,
    };
    let mut vault = open(&path, created.key);
    vault.add_account(&account).unwrap();
    vault.close().unwrap();
    path
}

fn killed(test: &str, rounds: u64) {
    if let Some(path) = std::env::var_os(CHILD) {
        child(Path::new(&path));
    }
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let path = new_vault(folder.path());
    let bytes: [u8; 32] = std::fs::read(path.with_extension("key")).unwrap().try_into().unwrap();
    let (mut there, mut acknowledged, mut unsaid) = (0, 0, 0);
    for round in 0..rounds {
        let mut running = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--include-ignored"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(running.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("added ") {
            line.clear();
            assert!(told.read_line(&mut line).unwrap() > 0, "round {round}: the child ended by itself");
        }
        std::thread::sleep(Duration::from_micros(round * 7_919 % 30_000));
        running.kill().unwrap();
        running.wait().unwrap();
        // Half a line at the end is an acknowledgement that was never read.
        told.read_to_string(&mut line).unwrap();
        let whole = line.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let payees: Vec<&str> = whole.lines().filter_map(|line| line.strip_prefix("added ")).collect();
        acknowledged += payees.len() as u64;

        let vault = open(&path, VaultKey::from_bytes(bytes));
        let last = payees.last().unwrap();
        let query = TransactionQuery { text: Some((*last).to_owned()), ..TransactionQuery::default() };
        assert!(
            !vault.transactions(&query).unwrap().is_empty(),
            "round {round}: {last} was acknowledged and lost"
        );
        let report = vault.check(&mut |_| {}).unwrap();
        assert!(
            report.problems.iter().all(|problem| problem.twin_serves),
            "round {round}: {:?}",
            report.problems
        );
        // All of this round's, all of the rounds before, and at most one that was done and not yet said.
        let new = report.transactions - there;
        let said = payees.len() as u64;
        assert!(new == said || new == said + 1, "round {round}: {new} rows, {said} acknowledged");
        there = report.transactions;
        unsaid += new - said;
        vault.close().unwrap();
    }
    println!(
        "{rounds} times killed: {acknowledged} rows acknowledged and there, {unsaid} there and not yet acknowledged"
    );
    assert!(acknowledged >= rounds);
}

#[test]
fn a_killed_program_loses_nothing_acknowledged() {
    killed("a_killed_program_loses_nothing_acknowledged", 25);
}

#[test]
#[ignore = "500 rounds: a minute or two"]
fn five_hundred_kills_lose_nothing_acknowledged() {
    killed("five_hundred_kills_lose_nothing_acknowledged", 500);
}
