//! Reads the shared corpus of real files, where it is present, and holds the reader to it.

use finvault::ledger::BalanceKind;
use finvault::statement::{ReadOptions, StatementFile, read};
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

fn ledger_balances(file: &StatementFile) -> Vec<String> {
    let mut found = Vec::new();
    for statement in &file.statements {
        let number = statement.account.as_ref().map(|a| a.number.clone()).unwrap_or_default();
        for balance in statement.balances.iter().filter(|b| b.kind == BalanceKind::Ledger) {
            found.push(format!("{number}={}", balance.amount));
        }
    }
    found
}

#[test]
fn ofx() {
    let Some(folder) = corpus() else { return };
    for entry in manifest(&folder).iter().filter(|e| e.format.starts_with("ofx")) {
        let bytes = std::fs::read(folder.join(&entry.path)).unwrap();
        match read(&bytes, &ReadOptions::default()) {
            Ok(file) => println!(
                "{} {} {} | {} | {} | {:?} | {:?}",
                entry.path,
                entry.agreement,
                entry.count,
                rows(&file),
                entry.balances,
                ledger_balances(&file),
                file.warnings
            ),
            Err(error) => println!(
                "{} {} {} | ERR {:?} {} line {} [{}]",
                entry.path,
                entry.agreement,
                entry.count,
                error.kind,
                error.message,
                error.line,
                error.excerpt
            ),
        }
    }
}
