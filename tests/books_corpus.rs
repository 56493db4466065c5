//! Reads the journals and books of the shared corpus of real files, where it is present, and prints the table by format.
//!
//! The oracles count entries, so entries are compared; balances of every account are held against hledger's and
//! Beancount's own where those programs are installed is the interop script's matter. Every file that is not read as its
//! oracle reads it is argued below.

#![allow(clippy::unwrap_used, clippy::panic)]

use finvault::money::Currency;
use finvault::statement::{BookFile, ReadOptions, StatementError};
use finvault::vault::read_any;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if folder.join("MANIFEST.tsv").is_file() {
        return Some(folder);
    }
    println!("skipped: no corpus at {}", folder.display());
    None
}

/// Files that are refused or counted otherwise, and why that is right. The name's end is enough.
const ARGUED: &[(&str, &str)] = &[
    (
        "data__errors.beancount",
        "its own project's test of errors: a lot sold at a cost that is not written, and an amount without currency",
    ),
    ("data__includes.beancount", "it includes a file that is not there; Beancount too reports errors"),
    ("book_schtx.gnucash", "two of the 76 are templates of scheduled transactions, which have not happened"),
    (
        "history__2016.journal",
        "nothing but includes of files that are not there; hledger and ledger refuse it too",
    ),
    (
        "history__2017.journal",
        "nothing but includes of files that are not there; hledger and ledger refuse it too",
    ),
    (
        "input__divzero.dat",
        "ledger's own test of a division by zero: amounts are expressions, and hledger refuses it too",
    ),
];

#[derive(Default, Debug)]
struct Tally {
    files: usize,
    agree: usize,
    refused: usize,
    differ: usize,
    argued: usize,
}

fn outcome(read: &Result<BookFile, StatementError>, expected: Option<usize>) -> String {
    match (read, expected) {
        (Ok(file), Some(count)) if file.entries == count => "agrees".to_owned(),
        (Ok(file), _) => format!("differs: {} entries", file.entries),
        (Err(error), _) => format!("refused: line {}: {} | {}", error.line, error.message, error.excerpt),
    }
}

#[test]
fn books_are_read_as_their_own_programs_read_them() {
    let Some(folder) = corpus() else { return };
    let text = std::fs::read_to_string(folder.join("MANIFEST.tsv")).unwrap();
    let mut table: BTreeMap<String, Tally> = BTreeMap::new();
    let mut unargued = Vec::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let (path, format, agreement) = (cells[0], cells[1], cells[9]);
        if !matches!(format, "journal" | "beancount" | "gnucash") {
            continue;
        }
        let bytes = std::fs::read(folder.join(path)).unwrap();
        let options = ReadOptions { currency: Currency::iso("USD").ok(), ..ReadOptions::default() };
        let read = read_any(&bytes, &options, &mut |_, _| {}).map(|reading| reading.book);
        let outcome = outcome(&read, cells[8].parse().ok());
        let tally = table.entry(format!("{format} ({agreement})")).or_default();
        tally.files += 1;
        match outcome.split(':').next() {
            Some("agrees") => tally.agree += 1,
            Some("refused") => tally.refused += 1,
            _ => tally.differ += 1,
        }
        if outcome != "agrees" {
            println!("{path}: {outcome}, oracle {}", cells[8]);
            match ARGUED.iter().find(|(name, _)| path.ends_with(name)) {
                Some((_, why)) => {
                    tally.argued += 1;
                    println!("    {why}");
                }
                None => unargued.push(format!("{path}: {outcome}")),
            }
        }
        if let Ok(file) = &read {
            check_balance_of_splits(path, file);
        }
    }
    println!(
        "{:<28}{:>6}{:>8}{:>9}{:>8}{:>8}",
        "format (agreement)", "files", "agree", "refused", "differ", "argued"
    );
    for (name, tally) in &table {
        let Tally { files, agree, refused, differ, argued } = tally;
        println!("{name:<28}{files:>6}{agree:>8}{refused:>9}{differ:>8}{argued:>8}");
    }
    assert!(unargued.is_empty(), "{}", unargued.join("\n"));
}

/// Parts add up to their row, and every statement has one currency.
fn check_balance_of_splits(path: &str, file: &BookFile) {
    for (statement, account) in file.file.statements.iter().zip(&file.accounts) {
        assert_eq!(statement.rows.len(), account.extras.len(), "{path}");
        for row in &statement.rows {
            assert_eq!(row.transaction.amount.currency(), statement.currency, "{path}");
            let sum: i128 = row.parts.iter().map(|part| i128::from(part.amount.minor())).sum();
            assert!(
                row.parts.is_empty() || sum == i128::from(row.transaction.amount.minor()),
                "{path}: line {}",
                row.line
            );
        }
    }
}
