//! The shared corpus of real files, where it is present: its manifest, and how a file's outcome is held against it.

pub mod argued;
pub mod csv_truth;

use finvault::ledger::BalanceKind;
use finvault::money::{Currency, Money};
use finvault::statement::{DateOrder, ReadOptions, StatementError, StatementFile, read};
use std::path::{Path, PathBuf};

/// The folder, or none with a word about that.
pub fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if folder.join("MANIFEST.tsv").is_file() {
        return Some(folder);
    }
    println!("skipped: no corpus at {}", folder.display());
    None
}

/// A file and what peer parsers see in it.
pub struct Entry {
    pub path: String,
    pub format: String,
    pub count: usize,
    pub agreement: String,
    pub balances: String,
}

/// Every file of the manifest.
pub fn manifest(folder: &Path) -> Vec<Entry> {
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

/// What came of a file, held against what the peers see.
pub enum Verdict {
    /// The same count and balances.
    Agrees,
    /// Refused, and the peers see no row either, or it is a file that has to be refused.
    Refused(String),
    /// Read otherwise than the peers do, for a reason that the file itself gives.
    Argued(String),
    /// Read otherwise, and nobody knows why.
    Wrong(String),
}

/// The currency of the account, for files that name none and are not in euro.
const CURRENCIES: &[(&str, &str)] = &[("ofx1/jseutter-ofxparse__ofx-v102-empty-tags.ofx", "AUD")];

/// Reads a file of the corpus. Files that name no currency are read as of a euro account, unless they are listed.
pub fn read_entry(folder: &Path, entry: &Entry) -> Result<StatementFile, StatementError> {
    let bytes = std::fs::read(folder.join(&entry.path)).unwrap();
    let code = CURRENCIES.iter().find(|(path, _)| *path == entry.path).map_or("EUR", |(_, code)| code);
    answered(&bytes, Currency::iso(code).ok())
}

/// Reads a file, and answers what it leaves open: its currency, and its date order as the owner of an American file would.
fn answered(bytes: &[u8], currency: Option<Currency>) -> Result<StatementFile, StatementError> {
    let mut options = ReadOptions::default();
    loop {
        match read(bytes, &options) {
            Err(error) if options.currency.is_none() && error.remedy.contains("--account") => {
                options.currency = currency
            }
            Err(error) if options.answers.date_order.is_none() && error.remedy.contains("--date-order") => {
                options.answers.date_order = Some(DateOrder::MonthDayYear);
            }
            outcome => return outcome,
        }
    }
}

/// Holds an outcome against the manifest and the list of what is argued.
pub fn judge(entry: &Entry, outcome: &Result<StatementFile, StatementError>) -> Verdict {
    let argued = argued::ARGUED.iter().find(|(path, _)| *path == entry.path).map(|(_, why)| *why);
    let rejected = argued::REJECTED.iter().find(|(path, _)| *path == entry.path).map(|(_, why)| *why);
    let same = outcome.as_ref().is_ok_and(|file| same_count(entry, file) && same_balances(entry, file));
    let listed_twice = usize::from(argued.is_some()) + usize::from(rejected.is_some()) > 1;
    match (outcome, rejected, argued) {
        _ if listed_twice => Verdict::Wrong("is on both lists".to_owned()),
        (Ok(_), Some(_), _) => Verdict::Wrong("is read, though it is listed as one to refuse".to_owned()),
        (_, _, Some(_)) if same => Verdict::Wrong("no longer differs: take it off the list".to_owned()),
        (_, _, Some(why)) => Verdict::Argued(why.to_owned()),
        (Ok(_), ..) if same => Verdict::Agrees,
        (Ok(file), ..) => Verdict::Wrong(format!(
            "peers {} rows, {}; ours {} rows, {:?}",
            entry.count,
            entry.balances,
            rows(file),
            balances(entry, file)
        )),
        (Err(error), Some(why), _) => {
            Verdict::Refused(format!("{why} (line {}: {})", error.line, error.message))
        }
        (Err(error), ..) if entry.count == 0 && stated(entry).is_empty() => {
            Verdict::Refused(format!("no row to read (line {}: {})", error.line, error.message))
        }
        (Err(error), ..) => Verdict::Wrong(format!(
            "peers {} rows; refused, line {}: {} | {}",
            entry.count, error.line, error.message, error.excerpt
        )),
    }
}

pub fn rows(file: &StatementFile) -> usize {
    file.statements.iter().map(|statement| statement.rows.len()).sum()
}

/// Entries that say of themselves that they are no bookings are left out, each with a warning; the peers count elements.
fn same_count(entry: &Entry, file: &StatementFile) -> bool {
    let left_out = file.warnings.iter().filter(|warning| warning.text.ends_with("it is left out")).count();
    rows(file) + left_out == entry.count
}

fn same_balances(entry: &Entry, file: &StatementFile) -> bool {
    let (theirs, ours) = (stated(entry), balances(entry, file));
    // No peer reads the balances of a file that leaves their currency out, or adds up one that it rejects.
    if matches!(entry.format.as_str(), "mt940" | "qif") && entry.balances.is_empty() {
        return true;
    }
    // One peer, which tells the balance and not whose it is.
    if entry.format.starts_with("ofx") && entry.agreement == "one" && !entry.balances.contains('=') {
        return theirs.is_empty();
    }
    // The manifest cuts long lists short, so the last of them may be a fragment.
    if entry.balances.len() > 350 {
        theirs.len() <= ours.len() && theirs.iter().all(|balance| ours.contains(balance))
    } else {
        theirs == ours
    }
}

/// The balances of the manifest, sorted: for QIF, which states none, the sums of the accounts' rows.
fn stated(entry: &Entry) -> Vec<String> {
    let amount = |amount: &str, code: &str| {
        let currency = Currency::iso(code).ok()?;
        Some(Money::parse(amount, currency).ok()?.to_string())
    };
    let mut found: Vec<String> = match entry.format.as_str() {
        "mt940" => entry
            .balances
            .split(';')
            .filter_map(|part| {
                let (number, rest) = part.split_once(' ')?;
                amount(number, rest.split_once(" F@").or_else(|| rest.split_once(" M@"))?.0)
            })
            .collect(),
        "camt" => entry
            .balances
            .split(';')
            .filter_map(|part| part.split_once('=')?.1.split_once(' '))
            .filter_map(|(number, code)| amount(number, code))
            .collect(),
        "qif" => entry
            .balances
            .split_once("sum ")
            .map_or("", |(_, sums)| sums)
            .split(';')
            .filter_map(|part| amount(part.rsplit_once(':')?.1, "EUR"))
            .collect(),
        _ => entry
            .balances
            .split(';')
            .filter_map(|part| {
                let (number, rest) = part.split_once('=')?;
                let (value, code) = rest.split_once(' ')?;
                Some(format!("{number}={}", amount(value, code)?))
            })
            .collect(),
    };
    found.sort();
    found
}

/// Ours, sorted, of the kinds that the manifest lists for the format.
fn balances(entry: &Entry, file: &StatementFile) -> Vec<String> {
    let mut found = Vec::new();
    for statement in &file.statements {
        let number = statement.account.as_ref().map(|a| a.number.clone()).unwrap_or_default();
        if entry.format == "qif" {
            let sum: i64 = statement.rows.iter().map(|row| row.transaction.amount.minor()).sum();
            found.push(Money::new(sum, statement.currency).to_string());
            continue;
        }
        for balance in &statement.balances {
            let amount = balance.amount.to_string();
            match (entry.format.as_str(), balance.kind) {
                ("mt940", BalanceKind::Closing | BalanceKind::Interim) => found.push(amount),
                ("camt", BalanceKind::Opening | BalanceKind::Closing) => found.push(amount),
                ("ofx1" | "ofx2", BalanceKind::Ledger) => found.push(format!("{number}={amount}")),
                _ => {}
            }
        }
    }
    found.sort();
    found
}
