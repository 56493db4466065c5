//! Reads every file under `tests/fixtures/statement` and compares what came of it with the `.expected` file
//! beside it: rows, balances and warnings, or the refusal in full. Set `FINVAULT_BLESS=1` to write the
//! outcomes anew, then read the difference.
//!
//! The first lines of an `.expected` file may be `# currency CODE`, `# profile NAME`, `# date-order dmy`,
//! `# signs inverted` or `# skip-bad-rows`: what the reader is told.

#![allow(clippy::unwrap_used, clippy::panic)]

use finvault::money::Currency;
use finvault::statement::{CsvProfile, ReadOptions, Reading, StatementError, read_explained};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/statement")
}

fn options(told: &str, beside: &Path) -> ReadOptions {
    let mut options = ReadOptions::default();
    for line in told.lines().filter_map(|line| line.strip_prefix("# ")) {
        match line.split_once(' ') {
            Some(("currency", code)) => options.currency = Some(Currency::iso(code).unwrap()),
            Some(("profile", name)) if name.ends_with(".json") => {
                let json = std::fs::read_to_string(beside.with_file_name(name)).unwrap();
                options.profile = Some(CsvProfile::parse(&json).unwrap());
            }
            Some(("profile", name)) => options.profile = Some(CsvProfile::builtin(name).unwrap()),
            Some(("date-order", order)) => options.answers.date_order = Some(order.parse().unwrap()),
            Some(("signs", signs)) => options.answers.signs = Some(signs.parse().unwrap()),
            None if line == "skip-bad-rows" => options.skip_bad_rows = true,
            _ => panic!("{line:?} tells the reader nothing"),
        }
    }
    options
}

fn show(outcome: &Result<Reading, StatementError>) -> String {
    let mut out = String::new();
    match outcome {
        Ok(Reading { book, layout, skipped }) => {
            let file = &book.file;
            writeln!(out, "read as {}", file.format.as_str()).unwrap();
            if let Some(layout) = layout {
                let profile =
                    layout.profile.as_ref().map(|name| format!("profile {name}: ")).unwrap_or_default();
                writeln!(out, "  {profile}{layout}").unwrap();
            }
            for statement in &file.statements {
                let account = statement.account.as_ref().map_or("no account".to_owned(), |account| {
                    let institution = account.institution.as_deref().unwrap_or("-");
                    format!("{} {} at {institution}", account.kind, account.number)
                });
                let period = statement.period.map_or(String::new(), |(from, to)| format!(", {from} to {to}"));
                writeln!(out, "statement: {account}, {}{period}", statement.currency).unwrap();
                for row in &statement.rows {
                    let t = &row.transaction;
                    write!(out, "  {}: {} {} [{}]", row.line, t.posted, t.amount, t.payee).unwrap();
                    for (name, text) in [
                        ("category", &t.category),
                        ("memo", &t.memo),
                        ("ref", &t.reference),
                        ("id", &t.bank_id),
                    ] {
                        if let Some(text) = text {
                            write!(out, " {name} [{text}]").unwrap();
                        }
                    }
                    if t.payee_raw != t.payee {
                        write!(out, " raw {:?}", t.payee_raw).unwrap();
                    }
                    if t.status.as_str() != "posted" {
                        write!(out, " {}", t.status).unwrap();
                    }
                    writeln!(out).unwrap();
                    for part in &row.parts {
                        let memo =
                            part.memo.as_deref().map_or(String::new(), |memo| format!(" memo [{memo}]"));
                        writeln!(out, "    part {} [{}]{memo}", part.amount, part.category.as_str()).unwrap();
                    }
                }
                for balance in &statement.balances {
                    writeln!(out, "  {} balance {} {}", balance.kind, balance.date, balance.amount).unwrap();
                }
            }
            for row in skipped {
                writeln!(out, "skipped, line {}: {} ({})", row.line, row.reason, row.excerpt).unwrap();
            }
            for warning in &file.warnings {
                writeln!(out, "warning, line {}: {}", warning.line, warning.text).unwrap();
            }
        }
        Err(error) => {
            writeln!(out, "refused: {:?}", error.kind).unwrap();
            writeln!(out, "line:    {}", error.line).unwrap();
            writeln!(out, "message: {}", error.message).unwrap();
            writeln!(out, "excerpt: {}", error.excerpt).unwrap();
            writeln!(out, "remedy:  {}", error.remedy).unwrap();
        }
    }
    out
}

#[test]
fn every_fixture_has_the_outcome_written_beside_it() {
    let bless = std::env::var_os("FINVAULT_BLESS").is_some();
    let mut seen = 0;
    let mut wrong = Vec::new();
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if !matches!(extension, "ofx" | "qfx" | "csv" | "bin" | "xml" | "sta" | "qif") {
            continue;
        }
        seen += 1;
        let expected_path = path.with_extension(format!("{extension}.expected"));
        let expected = std::fs::read_to_string(&expected_path).unwrap_or_default();
        let told: String =
            expected.lines().take_while(|line| line.starts_with("# ")).map(|l| format!("{l}\n")).collect();
        let bytes = std::fs::read(&path).unwrap();
        let outcome = read_explained(&bytes, &options(&told, &path), &mut |_, _| {});
        let found = format!("{told}{}", show(&outcome));
        if bless {
            std::fs::write(&expected_path, &found).unwrap();
        } else if found != expected {
            wrong.push(format!("{}\n--- expected\n{expected}--- found\n{found}", path.display()));
        }
    }
    assert!(seen >= 60, "only {seen} fixtures found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{seen} fixtures");
}

#[test]
fn the_profile_in_the_documentation_is_one_and_every_builtin_is_named() {
    let docs =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/statements.md")).unwrap();
    let (_, after) = docs.split_once("```json\n").unwrap();
    let (json, _) = after.split_once("```").unwrap();
    assert_eq!(CsvProfile::parse(json).unwrap().name(), "my-bank");
    for name in CsvProfile::builtin_names() {
        assert!(docs.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn a_profile_that_says_nothing_clear_is_refused() {
    for (json, word) in [
        ("", "cannot be read"),
        ("{}", "name"),
        (r#"{"name":"x","date":"D"}"#, "amount"),
        (r#"{"name":"x","date":"D","amount":"A","debit":"S"}"#, "either"),
        (r#"{"name":"x","date":"D","amount":"A","sign":{"column":"T"}}"#, "sign"),
        (r#"{"name":"x","date":0,"amount":"A"}"#, "from 1"),
        (r#"{"name":"x","date":"D","amount":"A","delimiter":"x"}"#, "delimiter"),
        (r#"{"name":"x","date":"D","amount":"A","encoding":"klingon"}"#, "encoding"),
        (r#"{"name":"x","date":"D","amount":"A","currency":"QQQ"}"#, "QQQ"),
        (r#"{"name":"x","date":"D","amount":"A","invertt":true}"#, "invertt"),
        (r#"{"name":"x","date":{"column":"D","order":"ydm"},"amount":"A"}"#, "cannot be read"),
    ] {
        let error = CsvProfile::parse(json).unwrap_err().to_string();
        assert!(error.contains(word), "{json}: {error}");
    }
}
