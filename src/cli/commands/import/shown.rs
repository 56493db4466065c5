//! What is told of each file beside the counts: how it was read, its first rows, the rows that were left out.

use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table, Tone};
use finvault::ledger::NewTransaction;
use finvault::money::DecimalMark;
use finvault::statement::{CsvLayout, DateOrder};
use finvault::vault::{FileReport, ImportReport};
use serde::Serialize;

/// How many rows a dry run shows.
pub const PREVIEW_ROWS: usize = 5;
/// How many rows that were left out are printed one by one; scripts get all.
const MOST_SKIPPED: usize = 20;

/// How a file was read, for scripts. Of a format that leaves nothing open, "read_as" is null.
#[derive(Serialize)]
pub struct ReadingShape<'a> {
    read_as: Option<LayoutShape<'a>>,
    skipped: Vec<SkippedShape<'a>>,
    first_rows: Vec<RowShape<'a>>,
}

#[derive(Serialize)]
struct LayoutShape<'a> {
    profile: Option<&'a str>,
    delimiter: char,
    encoding: &'static str,
    columns: &'a [String],
    date: &'a str,
    date_order: Option<&'static str>,
    decimal_mark: &'static str,
    amount: &'a str,
}

#[derive(Serialize)]
struct SkippedShape<'a> {
    line: u32,
    excerpt: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct RowShape<'a> {
    date: String,
    amount: String,
    currency: String,
    payee: &'a str,
    memo: Option<&'a str>,
    category: Option<&'a str>,
    status: &'static str,
}

/// What was done over all files.
#[derive(Serialize)]
pub struct TotalShape {
    files: usize,
    added: u64,
    duplicate: u64,
    updated: u64,
    skipped: u64,
}

impl<'a> ReadingShape<'a> {
    pub fn new(file: &'a FileReport) -> Self {
        let skipped = file.skipped.iter().map(|row| SkippedShape {
            line: row.line,
            excerpt: &row.excerpt,
            reason: &row.reason,
        });
        Self {
            read_as: file.layout.as_ref().map(LayoutShape::new),
            skipped: skipped.collect(),
            first_rows: file.preview.iter().map(RowShape::new).collect(),
        }
    }
}

impl<'a> LayoutShape<'a> {
    fn new(layout: &'a CsvLayout) -> Self {
        Self {
            profile: layout.profile.as_deref(),
            delimiter: layout.delimiter,
            encoding: layout.encoding,
            columns: &layout.columns,
            date: &layout.date,
            date_order: layout.date_order.map(DateOrder::as_str),
            decimal_mark: match layout.decimal_mark {
                DecimalMark::Comma => ",",
                DecimalMark::Point => ".",
            },
            amount: &layout.amount,
        }
    }
}

impl<'a> RowShape<'a> {
    fn new(row: &'a NewTransaction) -> Self {
        Self {
            date: row.posted.to_string(),
            amount: row.amount.to_decimal(),
            currency: row.amount.currency().code().to_owned(),
            payee: &row.payee,
            memo: row.memo.as_deref(),
            category: row.category.as_deref(),
            status: row.status.as_str(),
        }
    }
}

impl TotalShape {
    pub fn new(report: &ImportReport) -> Self {
        let accounts = || report.files.iter().flat_map(|file| &file.accounts);
        Self {
            files: report.files.len(),
            added: accounts().map(|account| account.added).sum(),
            duplicate: accounts().map(|account| account.duplicate).sum(),
            updated: accounts().map(|account| account.updated).sum(),
            skipped: report.files.iter().map(|file| file.skipped.len() as u64).sum(),
        }
    }
}

/// How a CSV file was read.
pub fn layout(file: &FileReport, console: &mut Console) -> Result<(), Failure> {
    let Some(layout) = &file.layout else { return Ok(()) };
    let how = match &layout.profile {
        Some(profile) => format!("  read with profile {profile}: {layout}"),
        None => format!("  read as: {layout}"),
    };
    console.say_toned(&[(Tone::Dim, &how)])
}

/// The rows that were left out.
pub fn skipped(file: &FileReport, console: &mut Console) -> Result<(), Failure> {
    for row in file.skipped.iter().take(MOST_SKIPPED) {
        console.say_toned(&[
            (Tone::Caution, "  skipped"),
            (Tone::Plain, &format!(": line {}: {}", row.line, row.reason)),
        ])?;
        console.say_toned(&[(Tone::Dim, &format!("    {}", row.excerpt))])?;
    }
    let more = file.skipped.len().saturating_sub(MOST_SKIPPED);
    if more > 0 {
        console.say(format!("  ... and {more} more rows; --json prints all"))?;
    }
    Ok(())
}

/// The first rows as they would be read.
pub fn preview(file: &FileReport, console: &mut Console) -> Result<(), Failure> {
    if file.preview.is_empty() {
        return Ok(());
    }
    let columns = [
        ("date", Align::Left),
        ("amount", Align::Right),
        ("currency", Align::Left),
        ("payee", Align::Left),
        ("memo", Align::Left),
    ];
    let mut table = Table::new(&columns).flexible(4);
    for row in &file.preview {
        table.row([
            Cell::new(row.posted.to_string()),
            Cell::amount(row.amount),
            Cell::new(row.amount.currency().code()),
            Cell::new(&row.payee),
            Cell::new(row.memo.as_deref().unwrap_or_default()),
        ]);
    }
    console.say("  its first rows, as they would be read:")?;
    console.table(&table)
}

/// One line over several files.
pub fn total(report: &ImportReport, dry_run: bool, console: &mut Console) -> Result<(), Failure> {
    if report.files.len() < 2 {
        return Ok(());
    }
    let total = TotalShape::new(report);
    let would = if dry_run { "would be " } else { "" };
    let mut text =
        format!("{} files: {} {would}added, {} known already", total.files, total.added, total.duplicate);
    if total.updated > 0 {
        text.push_str(&format!(", {} {would}updated", total.updated));
    }
    if total.skipped > 0 {
        text.push_str(&format!(", {} skipped", total.skipped));
    }
    console.say_toned(&[(Tone::Strong, &text)])
}
