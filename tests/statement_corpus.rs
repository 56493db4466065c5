//! Reads the shared corpus of real files, where it is present, and holds the reader to it.
//!
//! OFX: what independent parsers agree on. CSV: a table worked out by looking at each file, before and apart
//! from this reader. Both tests print their totals.

#![allow(clippy::unwrap_used, clippy::panic)]

use finvault::ledger::BalanceKind;
use finvault::money::Currency;
use finvault::statement::{ReadOptions, StatementErrorKind, StatementFile, read};
use std::path::{Path, PathBuf};

fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if folder.join("MANIFEST.tsv").is_file() {
        return Some(folder);
    }
    println!("skipped: no corpus at {}", folder.display());
    None
}

struct Entry {
    path: String,
    format: String,
    count: usize,
    agreement: String,
    balances: String,
}

fn manifest(folder: &Path) -> Vec<Entry> {
    let text = std::fs::read_to_string(folder.join("MANIFEST.tsv")).unwrap();
    text.lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            Entry {
                path: cells[0].to_owned(),
                format: cells[1].to_owned(),
                count: cells[8].parse().unwrap_or(0),
                agreement: cells[9].to_owned(),
                balances: cells[10].to_owned(),
            }
        })
        .collect()
}

fn rows(file: &StatementFile) -> usize {
    file.statements.iter().map(|statement| statement.rows.len()).sum()
}

/// Every ledger balance as `number=amount`, in file order.
fn ledger_balances(file: &StatementFile) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for statement in &file.statements {
        let number = statement.account.as_ref().map(|a| a.number.clone()).unwrap_or_default();
        for balance in statement.balances.iter().filter(|b| b.kind == BalanceKind::Ledger) {
            found.push((number.clone(), balance.amount.to_string()));
        }
    }
    found
}

/// The balances that the peers saw. The manifest cuts long lists short, so its last entry may be a fragment.
fn same_balances(peers: &str, ours: &[(String, String)]) -> bool {
    let expected: Vec<(String, String)> = peers
        .split(';')
        .filter_map(|entry| entry.split_once('='))
        .filter_map(|(number, amount)| {
            let (amount, code) = amount.split_once(' ')?;
            let currency = Currency::iso(code).ok()?;
            let money = finvault::money::Money::parse(amount, currency).ok()?;
            Some((number.to_owned(), money.to_string()))
        })
        .collect();
    if peers.len() > 350 { ours.starts_with(&expected) } else { ours == expected }
}

/// Files that are read otherwise than the peers agree, and why the file itself says so.
const OFX_DIFFERENCES: &[(&str, &str)] = &[(
    "ofx1/jseutter-ofxparse__fidelity-savings.ofx",
    "line 66 moves 115.8331 USD: four digits where the currency has two; rounding would be a guess, so the row is named and nothing is read",
)];

#[test]
fn ofx_files_are_read_as_independent_parsers_agree() {
    let Some(folder) = corpus() else { return };
    let (mut agreed, mut same, mut bank_errors, mut others, mut refused) = (0, 0, 0, 0, 0);
    for entry in manifest(&folder).iter().filter(|e| e.format.starts_with("ofx")) {
        let bytes = std::fs::read(folder.join(&entry.path)).unwrap();
        let outcome = read(&bytes, &ReadOptions::default());
        if let Err(error) = &outcome {
            assert!(!error.message.is_empty() && !error.remedy.is_empty(), "{}", entry.path);
            println!("{}: {:?}, line {}: {}", entry.path, error.kind, error.line, error.message);
            refused += 1;
        }
        if !matches!(entry.agreement.as_str(), "all" | "some") {
            others += 1;
            continue;
        }
        agreed += 1;
        let matches = match &outcome {
            Ok(file) => rows(file) == entry.count && same_balances(&entry.balances, &ledger_balances(file)),
            // The bank's own error message holds no row: the peers count none either.
            Err(error) if error.kind == StatementErrorKind::NoStatement => {
                bank_errors += 1;
                entry.count == 0 && entry.balances.is_empty()
            }
            Err(_) => false,
        };
        let explained = OFX_DIFFERENCES.iter().find(|(path, _)| *path == entry.path);
        match (matches, explained) {
            (true, None) => same += 1,
            (false, Some((_, why))) => println!("differs: {}: {why}", entry.path),
            (true, Some(_)) => panic!("{} no longer differs: take it off the list", entry.path),
            (false, None) => {
                panic!("{} differs: peers {} {}, ours {outcome:?}", entry.path, entry.count, entry.balances)
            }
        }
    }
    println!(
        "OFX: {same} of {agreed} agreed files read alike, {bank_errors} of them the bank's own error message with no row"
    );
    println!("OFX: {others} more files without agreement; {refused} refusals in all, each with a reason");
    assert!(same * 100 >= agreed * 95, "{same} of {agreed}");
}

/// What a file holds, worked out by hand.
enum Truth {
    /// Rows and the sum of their amounts in minor units.
    Read(usize, i64),
    /// Why no reader can be sure.
    Refuse(StatementErrorKind, &'static str),
}
use StatementErrorKind::{BadField, Unsure};
use Truth::{Read, Refuse};

/// File, the currency of the account where the file names none, and what it holds.
const CSV: &[(&str, &str, Truth)] = &[
    ("bank2ynab-bank2ynab__2018-04-14_10-52-13_bunq-transactieoverzicht.csv", "EUR", Read(3, 72_854)),
    ("bank2ynab-bank2ynab__20180226-1000594757-umsatz.CSV", "", Read(1, -3_699)),
    (
        "bank2ynab-bank2ynab__20180226_12345678.csv",
        "GBP",
        Refuse(Unsure, "10/02/2018 is the only date: day or month first?"),
    ),
    ("bank2ynab-bank2ynab__2019-03-02_11-50-46_bunq-statement.csv", "EUR", Read(7, -2_382)),
    ("bank2ynab-bank2ynab__CSV_A_20180414_112204.csv", "", Read(3, -103_749)),
    (
        "bank2ynab-bank2ynab__MS_JANE_SMITH_01-12-2019_14-12-2019.csv",
        "GBP",
        Refuse(Unsure, "purchases without sign, one payment with a plus"),
    ),
    ("bank2ynab-bank2ynab__Movements_1234512345_201805271848.csv", "", Read(1, -100)),
    ("bank2ynab-bank2ynab__TH_20180101-20180523_page_1.csv", "", Read(9, -259_999)),
    ("bank2ynab-bank2ynab__TH_20180101-20180523_strana_1.csv", "", Read(9, -259_999)),
    ("bank2ynab-bank2ynab__TransactionHistory_20180418043121.csv", "", Read(8, -17_328)),
    ("bank2ynab-bank2ynab__W80844_EBH_201945.202122.csv", "", Read(2, 94_000)),
    (
        "bank2ynab-bank2ynab__dba33fceecd62c3c727893361e0ba4d3.P000000027355791.csv",
        "SGD",
        Refuse(Unsure, "one row, no names, no sign"),
    ),
    ("bank2ynab-bank2ynab__export_BE11123456789012_20180304_1422.csv", "", Read(1, -340)),
    ("bank2ynab-bank2ynab__export_KBC-Mastercard_Business_Essential_20200204_1604.csv", "", Read(3, 273)),
    ("bank2ynab-bank2ynab__test_BOI_TransactionExport.csv", "EUR", Read(27, -41_961)),
    ("bank2ynab-bank2ynab__test_headers.csv", "", Read(73, -458_070)),
    ("bank2ynab-bank2ynab__test_raiffeisen_01.csv", "", Read(73, -458_070)),
    ("ledger-ledger__convert-test.csv", "USD", Read(2, -8_000)),
    ("ledger-ledger__input__1964.csv", "", Refuse(Unsure, "01/05/2018 is the only date")),
    ("ledger-ledger__input__746.csv", "USD", Read(3, -15_000)),
    (
        "reubano-csv2ofx__mint_headerless.csv",
        "USD",
        Refuse(Unsure, "no names; two accounts in one file and nothing says which column names them"),
    ),
    ("reubano-csv2ofx__schwab-checking-baltest-case1.csv", "USD", Read(4, -21_527)),
    ("reubano-csv2ofx__schwab-checking-baltest-case2.csv", "USD", Read(4, -21_527)),
    ("reubano-csv2ofx__schwab-checking-baltest-case3.csv", "USD", Read(4, -21_527)),
    ("reubano-csv2ofx__schwab-checking-baltest-case5.csv", "USD", Read(4, -21_527)),
    (
        "reubano-csv2ofx__stripe-default.csv",
        "",
        Refuse(Unsure, "charges of a payment provider: no signs, and fees apart"),
    ),
    (
        "reubano-csv2ofx__test__amazon.csv",
        "USD",
        Refuse(Unsure, "a shop's orders: no column of signed amounts"),
    ),
    ("reubano-csv2ofx__test__capitalone.csv", "USD", Read(2, 0)),
    (
        "reubano-csv2ofx__test__creditunion.csv",
        "USD",
        Refuse(Unsure, "no sign on any amount; the category says expenses"),
    ),
    ("reubano-csv2ofx__test__gls.csv", "", Read(1, -9_876)),
    ("reubano-csv2ofx__test__ingesp.csv", "EUR", Read(10, 35_021)),
    ("reubano-csv2ofx__test__mint_extra.csv", "USD", Read(4, -300_000)),
    ("reubano-csv2ofx__test__n26-fr.csv", "", Read(2, 0)),
    (
        "reubano-csv2ofx__test__stripe-all.csv",
        "",
        Refuse(Unsure, "charges of a payment provider: no signs, and fees apart"),
    ),
    ("reubano-csv2ofx__test__xero.csv", "USD", Read(13, 0)),
    ("sebastienrousseau-bankstatementparser__csv_french_headers.csv", "", Read(3, 226_094)),
    (
        "sebastienrousseau-bankstatementparser__csv_garbled_amount.csv",
        "",
        Refuse(BadField, "line 3 holds 12..34"),
    ),
];

#[test]
fn csv_files_are_read_rightly_or_refused() {
    let Some(folder) = corpus() else { return };
    let listed = manifest(&folder).iter().filter(|entry| entry.format == "csv").count();
    assert_eq!(listed, CSV.len(), "a file of the corpus is missing from the table");
    let (mut right, mut refused, mut wrong) = (0, 0, Vec::new());
    for (name, currency, truth) in CSV {
        let bytes = std::fs::read(folder.join("csv").join(name)).unwrap();
        let options = ReadOptions { currency: Currency::iso(currency).ok(), ..ReadOptions::default() };
        match (read(&bytes, &options), truth) {
            (Ok(file), Read(count, sum)) => {
                let total: i64 = file
                    .statements
                    .iter()
                    .flat_map(|statement| &statement.rows)
                    .map(|row| row.transaction.amount.minor())
                    .sum();
                if (rows(&file), total) == (*count, *sum) {
                    right += 1;
                } else {
                    wrong.push(format!("{name}: {} rows, sum {total}; expected {count}, {sum}", rows(&file)));
                }
                for warning in &file.warnings {
                    println!("{name}: line {}: {}", warning.line, warning.text);
                }
            }
            (Ok(file), Refuse(_, why)) => {
                wrong.push(format!("{name}: read {} rows although {why}", rows(&file)));
            }
            (Err(error), Refuse(kind, why)) => {
                println!(
                    "{name}: refused, line {}: {} | {} | {} [{why}]",
                    error.line, error.message, error.excerpt, error.remedy
                );
                if error.kind == *kind { refused += 1 } else { wrong.push(format!("{name}: {error:?}")) }
            }
            (Err(error), Read(..)) => {
                println!("{name}: NOT READ: {error:?}");
            }
        }
    }
    let total = CSV.len();
    println!(
        "CSV: {right} of {total} read rightly with no profile, {refused} rightly refused, {} wrong",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(right * 100 >= total * 70, "{right} of {total}");
}

#[test]
fn no_real_file_cut_short_is_read_in_part() {
    let Some(folder) = corpus() else { return };
    let mut cuts = 0;
    for entry in manifest(&folder).iter().filter(|e| e.format.starts_with("ofx")) {
        let bytes = std::fs::read(folder.join(&entry.path)).unwrap();
        let Ok(whole) = read(&bytes, &ReadOptions::default()) else { continue };
        for step in 1..40 {
            let cut = &bytes[..bytes.len() * step / 40];
            if let Ok(part) = read(cut, &ReadOptions::default()) {
                assert_eq!(part, whole, "{} cut at {}", entry.path, cut.len());
            }
            cuts += 1;
        }
    }
    println!("{cuts} cuts of real OFX files");
}
