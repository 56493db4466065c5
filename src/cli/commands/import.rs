//! `import`: takes statement files into the vault, all of them or none.

mod asked;
mod rehearsed;
mod shown;

use super::import_rows::{self, RowNoteShape};
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, describe};
use crate::cli::render::Tone;
use crate::cli::session::Session;
use clap::{Args, ValueEnum};
use finvault::ledger::Similar;
use finvault::ledger::transfer::APART_DAYS;
use finvault::statement::{Content, Format, detect};
use finvault::vault::{
    AccountReport, FileReport, ImportOptions, ImportReport, ImportSource, TransactionQuery, Vault,
    with_included_files,
};
use jiff::Span;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

/// Take in statements that your bank handed out
///
/// Files of banks (OFX, QFX, camt, MT940, QIF, CSV) and books (hledger, ledger, Beancount, GnuCash, finvault's
/// own exports) are told apart by what is in them. A statement that names its account makes that account when
/// the vault has none of that number. Files are taken in all together, or not at all; taking one in twice adds
/// nothing, and statements of one account in several formats line up.
#[derive(Debug, Args)]
#[command(after_long_help = PROFILE_HELP)]
pub struct Import {
    /// The statements, as many as you like; "-" reads one from standard input. Patterns such as *.csv are the
    /// shell's to fill in
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The account they are of; needed where a file does not say
    #[arg(long)]
    account: Option<String>,
    /// Read them as this format instead of finding out
    #[arg(long, value_name = "FORMAT", value_parser = parse_format, help = format_help())]
    format: Option<Format>,
    /// What "$" and amounts that name no currency are in, where --account does not say
    #[arg(long, value_name = "CODE", conflicts_with = "account")]
    currency: Option<String>,
    /// For CSV: what its columns mean, as a profile's name or file
    #[arg(long, value_name = "NAME|FILE")]
    profile: Option<String>,
    #[command(flatten)]
    answers: asked::Answers,
    /// Take in what can be read, and list the rows that cannot, instead of refusing the file (OFX and CSV)
    #[arg(long)]
    skip_bad_rows: bool,
    /// What to call standard input in the list of imports [default: stdin]
    #[arg(long)]
    name: Option<String>,
    /// Only say what would be taken in, and show the first rows of each file as they would be read
    #[arg(long)]
    dry_run: bool,
    /// What to do with rows that may be known, since another source wrote them [default: judge]
    #[arg(long, value_enum, value_name = "HOW")]
    similar: Option<SimilarChoice>,
    /// Add rows again that you had deleted
    #[arg(long)]
    restore_deleted: bool,
    /// Keep each file in the vault, sealed, as evidence for what is disclosed of it
    #[arg(long)]
    keep_source: bool,
    /// Remember that statements which show their account as this one does are of --account
    #[arg(long, requires = "account")]
    remember: bool,
}

/// What to do with rows that may be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SimilarChoice {
    /// What surely is known is not added; what may be is added and told
    Judge,
    /// What may be known is taken as known
    Merge,
    /// Only what is the same by the bank's id or to the letter is taken as known
    Add,
}

const PROFILE_HELP: &str = "\
Profiles:
  Where a CSV file could mean two things, finvault asks for a profile instead of guessing. It is a
  JSON file that names the columns as the file's header does, or numbers them from 1:

    {
      \"name\": \"card\",
      \"date\": {\"column\": \"Date\", \"order\": \"dmy\"},
      \"amount\": \"Amount\",
      \"payee\": \"Description\",
      \"currency\": \"EUR\",
      \"invert\": true
    }

  \"debit\" and \"credit\" stand in for \"amount\" where there are two columns; \"invert\" turns the signs
  of a file that writes purchases as positive. Further members: decimal_mark, delimiter, encoding,
  header_rows, memo, reference, id, balance, status, account, category, fee, sign, leave_out,
  recognised_by. A profile without columns only answers what a file leaves open.
  \"finvault csv-profile\" keeps profiles in the vault, and prints those that come with finvault.";

/// A statement longer than this is refused.
const LONGEST_FILE: u64 = 1 << 30;
/// A file longer than this is not held in memory, where its format can be read in pieces.
const MOST_HELD: u64 = 4 << 20;

fn words() -> String {
    Format::ALL.iter().map(|format| format.as_str()).collect::<Vec<_>>().join(", ")
}

fn format_help() -> String {
    format!("Read them as this format instead of finding out: {}", words())
}

fn parse_format(text: &str) -> Result<Format, String> {
    Format::ALL
        .iter()
        .copied()
        .find(|format| format.as_str() == text)
        .ok_or_else(|| format!("the formats are {}", words()))
}

impl Import {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        if self.files.iter().filter(|file| is_stdin(file)).count() > 1 {
            return Err(Failure::usage("standard input can be read once").help("give \"-\" once"));
        }
        let stdin = self.files.iter().any(|file| is_stdin(file));
        if self.name.is_some() && !stdin {
            return Err(Failure::usage("--name names standard input, which is not read here")
                .help("give \"-\" as the file, or leave --name out"));
        }
        // What is held is read before the vault is opened: whoever waits for it does not wait for a slow disk.
        let mut contents = Vec::with_capacity(self.files.len());
        for file in &self.files {
            let name = match (&self.name, is_stdin(file)) {
                (Some(name), true) => name.clone(),
                (None, true) => "stdin".to_owned(),
                _ => file.display().to_string(),
            };
            let taken = match Taken::read(file, self.format)? {
                // Standard input has no folder in which included files could be.
                Taken::Held(bytes) if !is_stdin(file) && self.profile.is_none() => {
                    Taken::Held(with_included_files(file, bytes, self.format)?)
                }
                other => other,
            };
            contents.push((name, taken));
        }
        let files: Vec<ImportSource<'_>> =
            contents.iter().map(|(name, taken)| ImportSource { name, content: taken.content() }).collect();
        let mut vault = session.open_vault()?;
        let account = self.account.as_deref().map(|name| vault.account(name)).transpose()?;
        let profile =
            self.profile.as_deref().map(|name| super::super::profiles::load(name, &vault)).transpose()?;
        let options = ImportOptions {
            account: account.map(|account| account.id),
            format: self.format,
            currency: self.currency.as_deref().map(|code| vault.currency(code)).transpose()?,
            profile,
            answers: self.answers.told(),
            skip_bad_rows: self.skip_bad_rows,
            preview_rows: if self.dry_run { shown::PREVIEW_ROWS } else { 0 },
            dry_run: self.dry_run,
            similar: match self.similar {
                None | Some(SimilarChoice::Judge) => Similar::Judge,
                Some(SimilarChoice::Merge) => Similar::Merge,
                Some(SimilarChoice::Add) => Similar::Add,
            },
            restore_deleted: self.restore_deleted,
            keep_source: self.keep_source,
            remember: self.remember,
        };
        let report = asked::import(&mut vault, &files, options, self.similar.is_none(), session)?;
        let transfers = possible_transfers(&vault, &report)?;
        vault.close()?;
        if session.console.is_json() {
            session.console.json(&ReportShape::new(&report))?;
        } else {
            print(&report, self.dry_run, session.console)?;
            let hint = match transfers {
                0 => return Ok(Exit::Done),
                1 => "1 pair of rows looks like a transfer".to_owned(),
                many => format!("{many} pairs of rows look like transfers"),
            };
            session.console.say(format!("{hint} between your accounts: finvault transfer list"))?;
        }
        Ok(Exit::Done)
    }
}

/// How many pairs of rows look like transfers around the days of an import of a bearable size.
fn possible_transfers(vault: &Vault, report: &ImportReport) -> Result<usize, Failure> {
    const MOST_ROWS: u64 = 20_000;
    let accounts = || report.files.iter().flat_map(|file| &file.accounts);
    let added: u64 = accounts().map(|account| account.added + account.updated).sum();
    if added == 0 || added > MOST_ROWS {
        return Ok(0);
    }
    let mut pairs = BTreeSet::new();
    for batch in report.files.iter().filter_map(|file| file.batch) {
        let rows = vault.transactions(&TransactionQuery { batch: Some(batch), ..Default::default() })?;
        let days = rows.iter().map(|row| row.detail.posted);
        let (Some(first), Some(last)) = (days.clone().min(), days.max()) else { continue };
        let around = Span::new().days(APART_DAYS);
        let ids: BTreeSet<_> = rows.iter().map(|row| row.id).collect();
        let proposals =
            vault.proposed_transfers(first.checked_sub(around).ok(), last.checked_add(around).ok())?;
        let new = proposals.iter().filter(|pair| ids.contains(&pair.from.id) || ids.contains(&pair.to.id));
        pairs.extend(new.map(|pair| pair.from.id));
    }
    Ok(pairs.len())
}

fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// A statement as it was handed over.
enum Taken {
    /// In memory: short files, standard input and whatever else can be read once.
    Held(Vec<u8>),
    /// A long file, which is read where it is.
    Open(File),
}

impl Taken {
    fn read(path: &Path, format: Option<Format>) -> Result<Self, Failure> {
        if is_stdin(path) {
            return hold(&mut std::io::stdin().lock(), 0, "standard input").map(Self::Held);
        }
        let name = path.display().to_string();
        let mut file = File::open(path).map_err(|error| unreadable(&error, &name))?;
        let data = file.metadata().map_err(|error| unreadable(&error, &name))?;
        if data.is_file() && data.len() > LONGEST_FILE {
            return Err(too_long(name));
        }
        if data.is_file() && data.len() > MOST_HELD && !is_book(&file, format) {
            return Ok(Self::Open(file));
        }
        if data.is_file() {
            // Looking at its beginning moved on in it.
            file.rewind().map_err(|error| unreadable(&error, &name))?;
        }
        hold(&mut file, data.len(), &name).map(Self::Held)
    }

    fn content(&self) -> Content<'_> {
        match self {
            Self::Held(bytes) => Content::Held(bytes),
            Self::Open(file) => Content::File(file),
        }
    }
}

/// Whether a long file is a journal or a Beancount file: these are put together with what they include.
fn is_book(file: &File, format: Option<Format>) -> bool {
    let head = || Content::File(file).head().ok().and_then(|head| detect(&head).ok());
    matches!(format.or_else(head), Some(Format::Journal | Format::Beancount))
}

/// Reads to the end.
fn hold(reader: &mut dyn Read, expected: u64, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::with_capacity(usize::try_from(expected.min(LONGEST_FILE)).unwrap_or(0));
    let read = reader.take(LONGEST_FILE + 1).read_to_end(&mut bytes);
    match read.map_err(|error| unreadable(&error, name))? {
        length if length as u64 > LONGEST_FILE => Err(too_long(name.to_owned())),
        _ => Ok(bytes),
    }
}

fn unreadable(error: &std::io::Error, name: &str) -> Failure {
    let failure = Failure::new(Exit::Failed, format!("cannot read {name}: {}", describe(error)));
    // A shell that finds nothing for a pattern hands the pattern itself over.
    if error.kind() == std::io::ErrorKind::NotFound && name.contains(['*', '?']) {
        return failure.help("no file fits this pattern, or this shell fills in none: name the files");
    }
    failure.help("check the path and its permissions")
}

fn too_long(name: String) -> Failure {
    Failure::new(Exit::InputRejected, format!("{name} is longer than any real statement (1 GiB)"))
        .at(name, 0, "")
}

#[derive(Serialize)]
struct ReportShape<'a> {
    files: Vec<FileShape<'a>>,
    total: shown::TotalShape,
}

#[derive(Serialize)]
struct FileShape<'a> {
    path: &'a str,
    format: &'static str,
    sha256: &'a str,
    batch: Option<i64>,
    accounts: Vec<AccountShape<'a>>,
    warnings: Vec<WarningShape<'a>>,
    #[serde(flatten)]
    reading: shown::ReadingShape<'a>,
}

#[derive(Serialize)]
struct AccountShape<'a> {
    account: &'a str,
    currency: String,
    created: bool,
    added: u64,
    duplicate: u64,
    updated: u64,
    merged: usize,
    deleted: usize,
    doubtful: usize,
    rows: Vec<RowNoteShape>,
    left_pending: Vec<i64>,
    stated_balances: Vec<StatedShape>,
}

#[derive(Serialize)]
struct StatedShape {
    kind: &'static str,
    date: String,
    amount: String,
    computed: Option<String>,
}

#[derive(Serialize)]
struct WarningShape<'a> {
    line: u32,
    message: &'a str,
}

impl<'a> ReportShape<'a> {
    fn new(report: &'a ImportReport) -> Self {
        Self {
            files: report.files.iter().map(FileShape::new).collect(),
            total: shown::TotalShape::new(report),
        }
    }
}

impl<'a> FileShape<'a> {
    fn new(file: &'a FileReport) -> Self {
        Self {
            path: &file.name,
            format: file.format.as_str(),
            sha256: &file.sha256,
            batch: file.batch.map(|batch| batch.0),
            accounts: file.accounts.iter().map(AccountShape::new).collect(),
            warnings: file
                .warnings
                .iter()
                .map(|warning| WarningShape { line: warning.line, message: &warning.text })
                .collect(),
            reading: shown::ReadingShape::new(file),
        }
    }
}

impl<'a> AccountShape<'a> {
    fn new(report: &'a AccountReport) -> Self {
        Self {
            account: &report.account.name,
            currency: report.account.currency.code().to_owned(),
            created: report.created,
            added: report.added,
            duplicate: report.duplicate,
            updated: report.updated,
            merged: import_rows::count(report, "merged"),
            deleted: import_rows::count(report, "deleted"),
            doubtful: import_rows::count(report, "doubtful"),
            rows: report.notes.iter().map(|note| RowNoteShape::new(note, Some(note.line))).collect(),
            left_pending: report.left_pending.iter().map(|id| id.0).collect(),
            stated_balances: report
                .stated
                .iter()
                .map(|stated| StatedShape {
                    kind: stated.kind.as_str(),
                    date: stated.date.to_string(),
                    amount: stated.amount.to_decimal(),
                    computed: stated.computed.map(finvault::money::Money::to_decimal),
                })
                .collect(),
        }
    }
}

fn print(report: &ImportReport, dry_run: bool, console: &mut Console) -> Result<(), Failure> {
    for file in &report.files {
        let batch = file.batch.map(|batch| format!(", import {}", batch.0)).unwrap_or_default();
        console.say_toned(&[
            (Tone::Strong, &file.name),
            (Tone::Dim, &format!("  {}{batch}", file.format.as_str())),
        ])?;
        shown::layout(file, console)?;
        for account in &file.accounts {
            print_account(account, dry_run, console)?;
        }
        for warning in &file.warnings {
            let line = if warning.line > 0 { format!("line {}: ", warning.line) } else { String::new() };
            console.say_toned(&[
                (Tone::Caution, "  warning"),
                (Tone::Plain, &format!(": {line}{}", warning.text)),
            ])?;
        }
        shown::skipped(file, console)?;
        shown::preview(file, console)?;
    }
    shown::total(report, dry_run, console)?;
    if dry_run {
        console.say("Nothing was taken in: this was a dry run.")?;
    }
    Ok(())
}

fn print_account(report: &AccountReport, dry_run: bool, console: &mut Console) -> Result<(), Failure> {
    let account = &report.account;
    let mut counts = format!("{} added, {} known already", report.added, report.duplicate);
    let parts = [("merged", "written otherwise"), ("deleted", "deleted by you")];
    let parts = parts.map(|(sort, words)| (import_rows::count(report, sort), words));
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    if !parts.is_empty() {
        counts.push_str(&format!(" ({})", parts.join(", ")));
    }
    if report.updated > 0 {
        counts.push_str(&format!(", {} updated", report.updated));
    }
    let made = if report.remembered {
        "  (this account, as you answered before)".to_owned()
    } else if report.created {
        let number = account.masked_number().map(|number| format!(", {number}")).unwrap_or_default();
        let made = if dry_run { "would make this account" } else { "made this account" };
        format!("  ({made}: {}, {}{number})", account.kind, account.currency)
    } else {
        String::new()
    };
    console.say_toned(&[(Tone::Plain, &format!("  {}: {counts}", account.name)), (Tone::Dim, &made)])?;
    import_rows::tell(report, console)?;
    // What can be spent is the bank's own reckoning: it is kept, and told to scripts.
    for stated in report.stated.iter().filter(|stated| stated.kind.is_booked()) {
        let (tone, verdict) = match (stated.computed, &report.opening) {
            (None, _) => (Tone::Dim, String::new()),
            (Some(computed), _) if computed != stated.amount => {
                (Tone::Caution, format!(", but the rows come to {computed}"))
            }
            // The opening balance was chosen to make this true: no evidence that the rows are complete.
            (Some(_), Some(opening)) if opening.derived => {
                let text = format!("; so it opened {} with {}", opening.date, opening.amount);
                (Tone::Plain, text)
            }
            (Some(_), _) => (Tone::Good, ", and the rows agree".to_owned()),
        };
        console.say_toned(&[
            (Tone::Plain, &format!("    the bank states {} on {}", stated.amount, stated.date)),
            (tone, &verdict),
        ])?;
    }
    Ok(())
}
