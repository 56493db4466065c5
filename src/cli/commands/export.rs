//! `export`: the ledger in the formats that other programs read. Nothing is locked in.

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output_file::OutputFile;
use crate::cli::session::Session;
use crate::cli::when::{Day, parse_day};
use clap::Args;
use finvault::statement::write::ExportFormat;
use finvault::vault::{ExportQuery, ExportReport, VaultError};
use serde::Serialize;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Write the ledger in the clear, for other programs
///
/// The export is not encrypted: anybody who has it can read it. To keep a copy of the vault, use "finvault backup";
/// to show somebody a few facts, use "finvault disclose". The format "jsonl" holds all that the ledger
/// holds, and gives the same bytes for the same content.
#[derive(Debug, Args)]
pub struct Export {
    /// The format
    #[arg(long, value_parser = parse_format, value_name = "FORMAT", help = format_help())]
    format: ExportFormat,
    /// Of this account only
    #[arg(long)]
    account: Option<String>,
    /// Rows from this day on; what the account held before becomes its opening balance
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    from: Option<Day>,
    /// Rows up to this day, which is included
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    to: Option<Day>,
    /// The file to write; "-" is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace that file if it exists
    #[arg(long)]
    force: bool,
}

fn words() -> String {
    let words: Vec<&str> = ExportFormat::ALL.iter().map(|format| format.as_str()).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

fn format_help() -> String {
    format!("The format: {}", words())
}

fn parse_format(text: &str) -> Result<ExportFormat, String> {
    text.parse().map_err(|_| format!("the formats are {}", words()))
}

#[derive(Serialize)]
struct Shape<'a> {
    format: &'static str,
    output: String,
    encrypted: bool,
    accounts: u64,
    rows: u64,
    not_carried: &'a [String],
}

impl Export {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let to_stdout = self.output == Path::new("-");
        if to_stdout && session.console.is_json() {
            return Err(Failure::usage("standard output cannot hold the export and JSON about it")
                .help("name a file with --output, or leave out --json"));
        }
        if to_stdout && self.force {
            return Err(Failure::usage("--force replaces a file, and the export goes to standard output")
                .help("name the file with --output"));
        }
        // A file that is there is told before anybody types a passphrase.
        let mut file = if to_stdout { None } else { Some(OutputFile::begin(&self.output, self.force)?) };
        let vault = session.open_vault()?;
        let today = session.today();
        let query = ExportQuery {
            account: self
                .account
                .as_deref()
                .map(|name| vault.account(name))
                .transpose()?
                .map(|found| found.id),
            from: self.from.map(|day| day.resolve(today)),
            to: self.to.map(|day| day.resolve(today)),
        };
        let told = |error| told_of(error, &self.output);
        let report = match &mut file {
            None => {
                vault.export(&query, self.format, &mut session.console.stream(), &mut |_| {}).map_err(told)?
            }
            Some(file) => {
                let progress = session.console.progress()?;
                let mut show = |at: finvault::vault::Progress| progress.show(at.stage, at.done, at.total);
                let report =
                    vault.export(&query, self.format, &mut file.stream(), &mut show).map_err(told)?;
                file.sync().map_err(|error| Failure::io("write", &self.output, &error))?;
                report
            }
        };
        vault.close()?;
        if let Some(file) = file {
            file.keep()?;
        }
        self.tell(&report, to_stdout, session)?;
        Ok(Exit::Done)
    }

    fn tell(&self, report: &ExportReport, to_stdout: bool, session: &mut Session<'_>) -> Result<(), Failure> {
        if session.console.is_json() {
            session.console.json(&Shape {
                format: self.format.as_str(),
                output: self.output.display().to_string(),
                encrypted: false,
                accounts: report.accounts,
                rows: report.rows,
                not_carried: &report.losses,
            })?;
        } else if !to_stdout {
            session.console.say(format!(
                "Wrote {} transaction{} of {} account{} to {}",
                report.rows,
                if report.rows == 1 { "" } else { "s" },
                report.accounts,
                if report.accounts == 1 { "" } else { "s" },
                self.output.display()
            ))?;
        }
        session
            .console
            .warn("this export is NOT encrypted: anybody who has it can read all that is in it")?;
        for loss in &report.losses {
            session.console.warn(loss)?;
        }
        Ok(())
    }
}

fn told_of(error: VaultError, path: &Path) -> Failure {
    match error {
        VaultError::Write(source) if source.kind() == ErrorKind::BrokenPipe => {
            Failure::new(Exit::BrokenPipe, String::new())
        }
        VaultError::Write(source) => Failure::io("write", path, &source),
        error => error.into(),
    }
}
