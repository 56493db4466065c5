//! `check`: reads every byte of the vault and proves its seals, links, log and sums.

use super::log::say_interrupted;
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::Tone;
use crate::cli::session::Session;
use clap::Args;
use finvault::vault::CheckReport;
use finvault::vault::keys::LoggedKeys;
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
    #[serde(skip_serializing_if = "Option::is_none")]
    interrupted_key_change: Option<u64>,
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
            interrupted_key_change: report.keys.and_then(LoggedKeys::interrupted),
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
            print(&report, ok, session.console)?;
        }
        Ok(if ok { Exit::Done } else { Exit::Damaged })
    }
}

fn print(report: &CheckReport, ok: bool, console: &mut Console) -> Result<(), Failure> {
    for problem in &report.problems {
        let tone = if problem.twin_serves { Tone::Caution } else { Tone::Bad };
        console.say_toned(&[(tone, "damaged"), (Tone::Plain, &format!(": {}", problem.what))])?;
    }
    for difference in &report.differences {
        console.say_toned(&[
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
    if let Some(seq) = report.keys.and_then(LoggedKeys::interrupted) {
        say_interrupted(seq, console)?;
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
    console.say_toned(&[
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

#[cfg(test)]
mod tests {
    use super::*;
    use finvault::vault::LogSummary;

    /// What `check` says of a sound vault whose keys compare so with its log.
    fn said(keys: LoggedKeys) -> (String, serde_json::Value) {
        let report = CheckReport {
            units: 7,
            problems: Vec::new(),
            log: Some(LogSummary { entries: 3, head: None }),
            keys: Some(keys),
            accounts: 1,
            transactions: 0,
            attachments: 0,
            differences: Vec::new(),
        };
        let (printed, text) = Console::new(false).capture(|console| print(&report, true, console));
        assert!(printed.is_ok());
        let shape = serde_json::to_value(CheckShape::new(&report, true)).unwrap();
        (String::from_utf8(text).unwrap(), shape)
    }

    #[test]
    fn a_change_of_the_keys_that_was_interrupted_is_told_and_is_no_damage() {
        let sound = "The vault is sound: 7 units of 4 KiB, 1 account, 0 transactions, 3 log entries\n";
        for keys in [LoggedKeys::NoChange, LoggedKeys::AsLogged] {
            let (text, shape) = said(keys);
            assert_eq!(text, sound);
            assert_eq!(shape.get("interrupted_key_change"), None);
        }
        let (text, shape) = said(LoggedKeys::Interrupted { seq: 3 });
        assert_eq!(
            text,
            format!(
                "The change of the keys in entry 3 was interrupted: what opens the vault is what opened it before. \
                 Make the change again.\n{sound}"
            )
        );
        assert_eq!(shape["interrupted_key_change"], 3);
        assert_eq!(shape["ok"], true);
    }
}
