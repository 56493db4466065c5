//! How long one disclosure takes over a million transactions. Run by hand, in release:
//! `cargo test --release --test vault_facts_scale -- --ignored --nocapture`.
//!
//! `FINVAULT_SCALE_ROWS` sets another number of rows. Each figure is the whole of `Vault::disclose`: drawing the facts,
//! committing to every row beneath them, signing, verifying, sealing, and the log entry on disk.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "age")]

#[path = "../benches/workload/clock.rs"]
mod clock;

use finvault::crypto::{KdfParams, Passphrase};
use finvault::disclosure::{Grouping, Measure, Operator, PayeeForm, Period, Purpose};
use finvault::money::{Currency, Money};
use finvault::vault::{
    DisclosureRequest, FactRequest, ImportFile, ImportOptions, LabelChoice, OpenOptions, RowFilter, Secret,
    TransactionField, Vault,
};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// What one disclosure may take.
const LIMIT: Duration = Duration::from_secs(1);

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

/// Ten years of rows, evenly spread.
fn statement(rows: u64) -> (String, Date) {
    let begin = date(2016, 1, 1);
    let mut text = String::from("Date,Amount,Payee,Currency\n");
    let mut day = begin;
    for row in 0..rows {
        day = begin.checked_add(i64::try_from(row * 3_650 / rows).unwrap().days()).unwrap();
        let amount = i64::try_from(row.wrapping_mul(2_654_435_761) % 20_000).unwrap() - 9_900;
        let sign = if amount < 0 { "-" } else { "" };
        let size = amount.abs();
        writeln!(text, "{day},{sign}{}.{:02},Shop number {},EUR", size / 100, size % 100, row % 5_000)
            .unwrap();
    }
    (text, day)
}

#[test]
#[ignore = "a minute of work, and only release figures mean anything"]
fn one_disclosure_over_a_million_rows_takes_less_than_a_second() {
    let rows: u64 = std::env::var("FINVAULT_SCALE_ROWS").map_or(1_000_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scale.finvault");
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    let now: Timestamp = "2026-02-01T09:00:00Z".parse().unwrap();
    let (mut vault, _) = Vault::create(&path, &passphrase, KdfParams::FLOOR, now).unwrap();
    let account = finvault::ledger::NewAccount {
        name: "Everyday".to_owned(),
        kind: finvault::ledger::AccountKind::Checking,
        currency: Currency::iso("EUR").unwrap(),
        institution: None,
        number: Some("DE89370400440532013000".to_owned()),
        opening: None,
    };
    let account = vault.add_account(&account).unwrap().id;
    let (text, last) = statement(rows);
    let options = ImportOptions { account: Some(account), ..ImportOptions::default() };
    let files = [ImportFile { name: "ten-years.csv", bytes: text.as_bytes() }];
    let started = Instant::now();
    vault.import(&files, &options, now, &mut |_| {}).unwrap();
    println!("{rows} rows imported in {:.1?}", started.elapsed());
    let recipient = vault.add_recipient("Lender", None, now).unwrap();
    vault.close().unwrap();

    let first = date(2016, 1, 1);
    let year_ago = last.checked_sub(364.days()).unwrap();
    let label = LabelChoice::Number;
    let totals = |grouping, period| FactRequest::Totals {
        account,
        from: first,
        to: last,
        filter: RowFilter::default(),
        period,
        grouping,
        payees: PayeeForm::Pseudonym,
        whole: true,
        round_to: None,
        label,
    };
    let transactions = |from, limit| FactRequest::Transactions {
        account,
        from,
        to: last,
        filter: RowFilter::default(),
        fields: TransactionField::ALL.to_vec(),
        payees: PayeeForm::Pseudonym,
        round_to: None,
        limit,
        label,
    };
    let threshold = FactRequest::Threshold {
        account,
        measure: Measure::Average,
        operator: Operator::AtLeast,
        amount: eur(100_000),
        from: year_ago,
        to: last,
        label,
    };
    let cases = [
        ("balance, exact", FactRequest::balance(account, last)),
        (
            "balance, in a range",
            FactRequest::BalanceRange { account, as_of: last, bucket: eur(500_000), label },
        ),
        ("threshold, a year's average", threshold),
        ("totals by month and flow", totals(Grouping::Flow, Period::Month)),
        ("totals by year and payee", totals(Grouping::Payee, Period::Window)),
        ("transactions, one month", transactions(last.checked_sub(30.days()).unwrap(), None)),
        ("transactions, newest 1000 of all", transactions(first, Some(1_000))),
    ];
    // Each is the first of its vault: what the history costs is measured by what follows.
    let mut slow = Vec::new();
    for (name, fact) in &cases {
        let copy = folder.path().join("copy.finvault");
        std::fs::copy(&path, &copy).unwrap();
        // A vault has long been on the disk when a disclosure is made from it.
        std::fs::File::open(&copy).unwrap().sync_all().unwrap();
        if disclose(&copy, &passphrase, recipient.id, name, fact.clone(), now) > LIMIT {
            slow.push(name);
        }
    }
    println!("one after another, to the same recipient:");
    for (name, fact) in &cases {
        disclose(&path, &passphrase, recipient.id, name, fact.clone(), now);
    }
    assert!(slow.is_empty(), "above {LIMIT:?}: {slow:?}");
}

/// Previews and makes one disclosure; how long the making took.
fn disclose(
    path: &Path,
    passphrase: &Passphrase,
    recipient: i64,
    name: &str,
    fact: FactRequest,
    now: Timestamp,
) -> Duration {
    let mut vault = Vault::open(path, &Secret::Passphrase(passphrase), &OpenOptions::default()).unwrap();
    let request = DisclosureRequest::new(recipient, vec![fact], Purpose::from_text("Scale").unwrap());
    let preview = clock::timed(|| {
        vault.preview(&request, now).unwrap();
    });
    let (started, started_cpu) = (Instant::now(), clock::cpu_time());
    let mut sealed = 0;
    vault
        .disclose(&request, now, &mut |bytes| {
            sealed = bytes.len();
            Ok(())
        })
        .unwrap();
    let (taken, taken_cpu) = (started.elapsed(), clock::cpu_time() - started_cpu);
    vault.close().unwrap();
    println!(
        "{name:<34} preview {preview:>8.1?} CPU  build and seal {taken:>8.1?}, {taken_cpu:.1?} CPU  {sealed} bytes"
    );
    taken
}
