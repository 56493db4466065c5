//! `check`: reads every byte of the vault and proves its seals, links, log and sums.

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::Tone;
use crate::cli::session::Session;
use clap::Args;
use finvault::vault::CheckReport;
use serde::Serialize;

/// Check every page, seal and sum of the vault
///
/// Damage that a second copy makes good is told and is no failure; anything else ends with exit code 4.
#[derive(Debug, Args)]
pub struct Check {
    /// Accept that the vault is older than when this machine last saw it, for example because you put a backup there
    #[arg(long)]
    accept_older: bool,
}

#[derive(Serialize)]
struct CheckShape<'a> {
    ok: bool,
    units: u64,
    accounts: u64,
    transactions: u64,
    attachments: u64,
    log_entries: Option<u64>,
    problems: Vec<ProblemShape<'a>>,
    differences: Vec<DifferenceShape<'a>>,
}

#[derive(Serialize)]
struct ProblemShape<'a> {
    what: &'a str,
    twin_serves: bool,
}

#[derive(Serialize)]
struct DifferenceShape<'a> {
    account: &'a str,
    date: String,
    currency: String,
    stated: String,
    computed: String,
}

impl<'a> CheckShape<'a> {
    fn new(report: &'a CheckReport, ok: bool) -> Self {
        Self {
            ok,
            units: report.units,
            accounts: report.accounts,
            transactions: report.transactions,
            attachments: report.attachments,
            log_entries: report.log.as_ref().map(|log| log.entries),
            problems: report
                .problems
                .iter()
                .map(|problem| ProblemShape { what: &problem.what, twin_serves: problem.twin_serves })
                .collect(),
            differences: report
                .differences
                .iter()
                .map(|difference| DifferenceShape {
                    account: &difference.account,
                    date: difference.date.to_string(),
                    currency: difference.stated.currency().code().to_owned(),
                    stated: difference.stated.to_decimal(),
                    computed: difference.computed.to_decimal(),
                })
                .collect(),
        }
    }
}

impl Check {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let vault = session.open_vault_with(self.accept_older)?;
        let progress = session.console.progress()?;
        let report = vault.check(&mut |at| progress.show(at.stage, at.done, at.total))?;
        drop(progress);
        vault.close()?;
        let ok = report.problems.iter().all(|problem| problem.twin_serves);
        if session.console.is_json() {
            session.console.json(&CheckShape::new(&report, ok))?;
        } else {
            print(&report, ok, session)?;
        }
        Ok(if ok { Exit::Done } else { Exit::Damaged })
    }
}

fn print(report: &CheckReport, ok: bool, session: &mut Session<'_>) -> Result<(), Failure> {
    for problem in &report.problems {
        let tone = if problem.twin_serves { Tone::Caution } else { Tone::Bad };
        session.console.say_toned(&[(tone, "damaged"), (Tone::Plain, &format!(": {}", problem.what))])?;
    }
    for difference in &report.differences {
        session.console.say_toned(&[
            (Tone::Caution, "differs"),
            (
                Tone::Plain,
                &format!(
                    ": on {} the bank stated {} for {}, its rows come to {}",
                    difference.date, difference.stated, difference.account, difference.computed
                ),
            ),
        ])?;
    }
    let log = match &report.log {
        Some(log) => count(log.entries, "log entry", "log entries"),
        None => "the log could not be verified".to_owned(),
    };
    let attachments = match report.attachments {
        0 => String::new(),
        some => format!(", {}", count(some, "attachment", "attachments")),
    };
    let (tone, verdict) = if ok { (Tone::Good, "sound") } else { (Tone::Bad, "damaged") };
    session.console.say_toned(&[
        (Tone::Plain, "The vault is "),
        (tone, verdict),
        (
            Tone::Plain,
            &format!(
                ": {}, {}, {}{attachments}, {log}",
                count(report.units, "unit of 4 KiB", "units of 4 KiB"),
                count(report.accounts, "account", "accounts"),
                count(report.transactions, "transaction", "transactions"),
            ),
        ),
    ])
}

fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
