//! What disclosures cost over a million transactions: drawing and sealing each kind, judging what follows, verifying.
//!
//! `cargo bench --bench disclosure` prints each figure beside what is asked of it, and as a ratio to a plain way of doing
//! the heart of the same work where there is one. Times are process CPU time (user and system), the best of some rounds.
//! `FINVAULT_BENCH_SCALE` scales the sizes: 1 is the full size, the default is 0.1; what is asked holds for the full size.
//! `FINVAULT_BENCH_ROUNDS` sets how often each is run (3), `FINVAULT_BENCH_ONLY` runs the rows whose name contains it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "workload/clock.rs"]
mod clock;

use clock::timed;
use ed25519_dalek::{Signer, SigningKey};
use finvault::crypto::{KdfParams, Passphrase};
use finvault::disclosure::{
    self, Expectation, ExpectedAudience, Grouping, Measure, Operator, PayeeForm, Period, Purpose,
};
use finvault::ledger::{AccountId, AccountKind, NewAccount};
use finvault::money::{Currency, Money};
use finvault::vault::{
    AccountField, Direction, DisclosureRequest, FactRequest, ImportFile, ImportOptions, LabelChoice,
    RowFilter, TransactionField, Vault,
};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// The largest resident size so far, in MiB; 0 where the system does not tell.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn now() -> Timestamp {
    "2026-02-01T09:00:00Z".parse().unwrap()
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

struct Bench {
    vault: Vault,
    account: AccountId,
    /// The same rows in plain SQLite.
    plain: Connection,
    last: Date,
    rounds: u32,
    only: Option<String>,
    _folder: tempfile::TempDir,
}

const FIRST: Date = date(2016, 1, 1);

/// Ten years of rows, evenly spread, with a statement's text for the vault and a table in plain SQLite.
fn fill(rows: u64, plain: &Connection) -> (String, Date) {
    plain
        .execute_batch(
            "CREATE TABLE movement (id INTEGER PRIMARY KEY, posted TEXT, amount INTEGER, payee TEXT);
             CREATE INDEX by_day ON movement (posted, amount); BEGIN",
        )
        .unwrap();
    let mut insert = plain.prepare("INSERT INTO movement VALUES (NULL, ?1, ?2, ?3)").unwrap();
    let mut text = String::from("Date,Amount,Payee,Currency\n");
    let mut day = FIRST;
    for row in 0..rows {
        day = FIRST.checked_add(i64::try_from(row * 3_650 / rows).unwrap().days()).unwrap();
        let amount = i64::try_from(row.wrapping_mul(2_654_435_761) % 20_000).unwrap() - 9_900;
        let sign = if amount < 0 { "-" } else { "" };
        let (size, shop) = (amount.abs(), format!("Shop number {}", row % 5_000));
        writeln!(text, "{day},{sign}{}.{:02},{shop},EUR", size / 100, size % 100).unwrap();
        insert.execute((day.to_string(), amount, shop)).unwrap();
    }
    drop(insert);
    plain.execute_batch("COMMIT").unwrap();
    (text, day)
}

impl Bench {
    fn new(rows: u64, rounds: u32, only: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::new("correct horse battery staple".to_owned());
        let path = folder.path().join("bench.finvault");
        let (mut vault, _) = Vault::create(&path, &passphrase, KdfParams::FLOOR, now()).unwrap();
        let account = NewAccount {
            name: "Everyday".to_owned(),
            kind: AccountKind::Checking,
            currency: Currency::iso("EUR").unwrap(),
            institution: None,
            number: Some("DE89370400440532013000".to_owned()),
            opening: None,
        };
        let account = vault.add_account(&account).unwrap().id;
        let plain = Connection::open(folder.path().join("plain.sqlite")).unwrap();
        let (text, last) = fill(rows, &plain);
        let options = ImportOptions { account: Some(account), ..ImportOptions::default() };
        let files = [ImportFile { name: "ten-years.csv", bytes: text.as_bytes() }];
        vault.import(&files, &options, now(), &mut |_| {}).unwrap();
        Self { vault, account, plain, last, rounds, only, _folder: folder }
    }

    fn is_wanted(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only))
    }

    fn request(&self, recipient: i64, facts: Vec<FactRequest>) -> DisclosureRequest {
        let mut request = DisclosureRequest::new(recipient, facts, Purpose::from_text("Bench").unwrap());
        request.accept_risk = Some("a bench".to_owned());
        request
    }

    /// Each kind of fact: drawn, judged, committed to, signed and sealed, with the entry in the log on disk.
    fn sealing(&mut self) {
        // One recipient for each, so that what came before plays no part.
        for (number, (name, fact, sql)) in cases(self.account, self.last).into_iter().enumerate() {
            if !self.is_wanted(name) {
                continue;
            }
            let mut best = Duration::MAX;
            for round in 0..self.rounds {
                let recipient = format!("Recipient {number} {round}");
                let recipient = self.vault.add_recipient(&recipient, None, now()).unwrap().id;
                let request = self.request(recipient, vec![fact.clone()]);
                best = best.min(timed(|| {
                    self.vault.disclose(&request, now(), &mut |_| Ok(())).unwrap();
                }));
            }
            let plain = sql.map(|sql| self.best(|| plain_sum(&self.plain, &sql)));
            row(name, best, Duration::from_secs(1), plain, "plain SQL");
        }
    }

    fn best(&self, mut work: impl FnMut()) -> Duration {
        (0..self.rounds).map(|_| timed(&mut work)).min().unwrap_or_default()
    }

    /// What follows from a thousand disclosures made before, in a preview of the next.
    fn judging(&mut self, earlier: u32) {
        let name = format!("preview after {earlier} disclosures");
        if !self.is_wanted(&name) {
            return;
        }
        let recipient = self.vault.add_recipient("Long known", None, now()).unwrap().id;
        let mut made = 0;
        let begun = Instant::now();
        while made < earlier {
            // Fifty facts at once: what is kept of them is the same.
            let count = earlier.min(made + 50) - made;
            let facts = (made..made + count).map(|number| {
                let to = self.last.checked_sub((i64::from(number) * 3).days()).unwrap();
                // Every hundredth a balance, the others what went out in windows that overlap.
                if number % 100 == 0 {
                    FactRequest::balance(self.account, to)
                } else {
                    spending(self.account, to)
                }
            });
            let request = self.request(recipient, facts.collect());
            self.vault.disclose(&request, now(), &mut |_| Ok(())).unwrap();
            made += count;
        }
        let taken = begun.elapsed();
        let before = peak_mib();
        let on = self.last.checked_sub(1.days()).unwrap();
        let request = self.request(recipient, vec![FactRequest::balance(self.account, on)]);
        let first = self.vault.add_recipient("New", None, now()).unwrap().id;
        let alone = self.request(first, vec![FactRequest::balance(self.account, on)]);
        let best = self.best(|| {
            self.vault.preview(&request, now()).unwrap();
        });
        let beside = self.best(|| {
            self.vault.preview(&alone, now()).unwrap();
        });
        row(&name, best, Duration::from_secs(2), Some(beside), "of another recipient");
        println!(
            "    {earlier} figures disclosed in {taken:.1?}; peak {} MiB, {before} before (asked: 500)",
            peak_mib()
        );
    }

    /// Verifying a disclosure of many rows, beside one hash and one signature over the same bytes.
    fn verifying(&mut self, rows: u32) {
        let name = format!("verify {rows} rows");
        if !self.is_wanted(&name) {
            return;
        }
        let recipient = self.vault.add_recipient("Verifier", None, now()).unwrap().id;
        let fact = transactions(self.account, self.last, Some(rows));
        let request = self.request(recipient, vec![fact]);
        let mut sealed = Vec::new();
        let issued = self
            .vault
            .disclose(&request, now(), &mut |bytes| {
                sealed = bytes.to_vec();
                Ok(())
            })
            .unwrap();
        let passcode = issued.passcode.unwrap();
        let opened = disclosure::open(&sealed, disclosure::OpenWith::Passcode(&passcode)).unwrap();
        let token = opened.token;
        let expectation = Expectation { now: now(), audience: ExpectedAudience::Unchecked };
        let best = self.best(|| {
            disclosure::verify(&token, &expectation).unwrap();
        });
        let key = SigningKey::from_bytes(&[7; 32]);
        let signature = key.sign(token.as_bytes());
        let bare = self.best(|| {
            std::hint::black_box(Sha256::digest(token.as_bytes()));
            key.verifying_key().verify_strict(token.as_bytes(), &signature).unwrap();
        });
        row(&name, best, Duration::from_millis(100), Some(bare), "SHA-256 and Ed25519 alone");
    }
}

fn plain_sum(plain: &Connection, sql: &str) {
    let mut statement = plain.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut total = 0i64;
    while let Some(row) = rows.next().unwrap() {
        total += row.get::<_, i64>(0).unwrap();
    }
    std::hint::black_box(total);
}

fn row(name: &str, taken: Duration, asked: Duration, beside: Option<Duration>, what: &str) {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let beside = beside.map_or_else(String::new, |beside| {
        let ratio = taken.as_secs_f64() / beside.as_secs_f64().max(1e-9);
        format!("{:>10.1}  {ratio:>7.2}  {what}", ms(beside))
    });
    let verdict = if taken <= asked { "" } else { "  above" };
    println!("{name:<36} {:>9.1} {:>9.0}{verdict:<7} {beside}", ms(taken), ms(asked));
}

fn totals(account: AccountId, to: Date, grouping: Grouping, period: Period) -> FactRequest {
    FactRequest::Totals {
        account,
        from: FIRST,
        to,
        filter: RowFilter::default(),
        period,
        grouping,
        payees: PayeeForm::Pseudonym,
        whole: true,
        round_to: None,
        label: LabelChoice::Number,
    }
}

/// What went out over ten days.
fn spending(account: AccountId, to: Date) -> FactRequest {
    let mut fact = totals(account, to, Grouping::Flow, Period::Window);
    if let FactRequest::Totals { from, filter, whole, .. } = &mut fact {
        *from = to.checked_sub(9.days()).unwrap();
        filter.direction = Some(Direction::Out);
        *whole = false;
    }
    fact
}

fn transactions(account: AccountId, to: Date, limit: Option<u32>) -> FactRequest {
    FactRequest::Transactions {
        account,
        from: if limit.is_some() { FIRST } else { to.checked_sub(6.days()).unwrap() },
        to,
        filter: RowFilter::default(),
        fields: TransactionField::ALL.to_vec(),
        payees: PayeeForm::Pseudonym,
        round_to: None,
        limit,
        label: LabelChoice::Number,
    }
}

/// Each kind of fact, with the plain SQL that adds the same rows up.
fn cases(account: AccountId, last: Date) -> Vec<(&'static str, FactRequest, Option<String>)> {
    let label = LabelChoice::Number;
    let year_ago = last.checked_sub(364.days()).unwrap();
    let threshold = |measure, from| FactRequest::Threshold {
        account,
        measure,
        operator: Operator::AtLeast,
        amount: eur(100_000),
        from,
        to: last,
        label,
    };
    let sum = || Some("SELECT sum(amount) FROM movement".to_owned());
    let grouped = |by: &str| Some(format!("SELECT sum(amount) FROM movement GROUP BY {by}"));
    let particulars = FactRequest::Account {
        account,
        fields: AccountField::ALL.to_vec(),
        holder: None,
        profile: Vec::new(),
    };
    let range = FactRequest::BalanceRange { account, as_of: last, bucket: eur(100_000), label };
    vec![
        ("balance", FactRequest::balance(account, last), sum()),
        ("balance in a range", range, sum()),
        ("threshold, closing", threshold(Measure::Closing, last), sum()),
        ("threshold, every day of a year", threshold(Measure::EveryDay, year_ago), grouped("posted")),
        ("threshold, average of a year", threshold(Measure::Average, year_ago), grouped("posted")),
        (
            "totals by month and flow",
            totals(account, last, Grouping::Flow, Period::Month),
            grouped("substr(posted, 1, 7), amount < 0"),
        ),
        (
            "totals by category",
            totals(account, last, Grouping::Category, Period::Month),
            grouped("substr(posted, 1, 7)"),
        ),
        ("totals by payee", totals(account, last, Grouping::Payee, Period::Window), grouped("payee")),
        ("transactions of a week", transactions(account, last, None), None),
        ("transactions, the newest 1000", transactions(account, last, Some(1_000)), None),
        ("transactions, the newest 10000", transactions(account, last, Some(10_000)), None),
        ("account", particulars, None),
    ]
}

fn main() {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<f64>().ok());
    let scale = setting("FINVAULT_BENCH_SCALE").unwrap_or(0.1);
    let rounds = setting("FINVAULT_BENCH_ROUNDS").map_or(3, |rounds| rounds.max(1.0) as u32);
    let rows = ((1_000_000.0 * scale) as u64).max(2_000);
    let mut bench = Bench::new(rows, rounds, std::env::var("FINVAULT_BENCH_ONLY").ok());
    println!("{rows} transactions; CPU time\n");
    println!("{:<36} {:>9} {:>9}{:<7} {:>10}  {:>7}", "work", "ms", "asked", "", "beside ms", "ratio");
    bench.sealing();
    bench.verifying(((10_000.0 * scale.max(0.1)) as u32).min(10_000));
    bench.judging(((1_000.0 * scale.max(0.1)) as u32).min(1_000));
}
