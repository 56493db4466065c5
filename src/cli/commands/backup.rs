//! `backup`, `restore`, `compact`, `salvage`: copies of the vault, the way back from one, and what is left of a damaged one.

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::known_signers::make_parent;
use crate::cli::last_seen::LastSeen;
use crate::cli::output_file::OutputFile;
use crate::cli::render::Tone;
use crate::cli::session::Session;
use clap::Args;
use finvault::VaultError;
use finvault::money::Money;
use finvault::vault::backup::{self, BackupReport};
use finvault::vault::{LostTransaction, Memory, Remembered};
use finvault::vfs::{self, VaultId};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Make a sealed copy of the vault, and read it back
///
/// The copy is one consistent state, also while another program uses the vault; it is sealed as the vault is, and
/// the same passphrase opens it. It counts only once every byte of it was read back and found good.
#[derive(Debug, Args)]
pub struct Backup {
    /// The file to make, or an existing folder to make one in, named after the vault and the time
    to: PathBuf,
    /// In a folder: keep this many backups of this vault, and delete older ones
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
}

/// Put a backup in the vault's place
///
/// The backup is read wholly first. The vault that was there stays beside it under a name that is printed: delete that
/// file yourself once you are sure.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup
    backup: PathBuf,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Make the vault's file as small as its content
#[derive(Debug, Args)]
pub struct Compact {}

/// Write out what can still be read of a damaged vault, in clear
///
/// One JSON object a line: each row of each table as the vault's schema has it (amounts in minor units of the
/// account's currency), and for what is lost the numbers of the rows. "finvault restore" from a backup is better where there is one.
#[derive(Debug, Args)]
pub struct Salvage {
    /// The file to make
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Replace that file if it exists
    #[arg(long)]
    force: bool,
}

const EXTENSION: &str = "finvault";

impl Backup {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let path = session.vault_path()?;
        let into_folder = self.to.is_dir();
        if self.keep.is_some() && !into_folder {
            return Err(Failure::usage("--keep counts the backups in a folder, and a file was named")
                .help("name a folder that exists"));
        }
        let stem =
            path.file_stem().map_or_else(|| "vault".into(), |stem| stem.to_string_lossy().into_owned());
        let to = if into_folder { self.to.join(backup_name(&stem, session.now())) } else { self.to.clone() };
        let key = session.key_of(&path)?;
        let progress = session.console.progress()?;
        // Asked before: the vault may be in use, and go on.
        let remembered = vfs::stated_vault_id(&path).ok().and_then(|id| memory(session, &path).last_seen(id));
        let made = backup::back_up(&path, &key, &to, &mut |at| progress.show(at.stage, at.done, at.total))?;
        drop(progress);
        must_not_be_older(&made, remembered).inspect_err(|_| drop(std::fs::remove_file(&to)))?;
        let mut deleted = Vec::new();
        if let Some(keep) = self.keep {
            let vault = vfs::stated_vault_id(&to).map_err(finvault::VaultError::from)?;
            deleted = delete_older(&self.to, &stem, vault, keep)?;
        }
        if session.console.is_json() {
            #[derive(Serialize)]
            struct Shape {
                backup: String,
                bytes: u64,
                units: u64,
                deleted: Vec<String>,
            }
            let deleted = deleted.iter().map(|path| path.display().to_string()).collect();
            let backup = to.display().to_string();
            session.console.json(&Shape { backup, bytes: made.bytes, units: made.units, deleted })?;
            return Ok(Exit::Done);
        }
        let size = kib(made.bytes);
        session.console.say(format!("Made {} ({size}), and read it back: it is whole", to.display()))?;
        for path in deleted {
            session.console.say(format!("Deleted the older {}", path.display()))?;
        }
        Ok(Exit::Done)
    }
}

fn memory(session: &Session<'_>, path: &Path) -> LastSeen {
    LastSeen::new(session.environment, path, false)
}

/// A backup of an older copy that somebody put in the vault's place would push out good ones.
fn must_not_be_older(made: &BackupReport, remembered: Option<Remembered>) -> Result<(), VaultError> {
    match (made.seen, remembered) {
        (Some(found), Some(remembered)) if found.is_older_than(&remembered.seen) => {
            Err(VaultError::Older { found, remembered })
        }
        _ => Ok(()),
    }
}

impl Restore {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let path = session.vault_path()?;
        let key = session.key_of(&self.backup)?;
        let question = format!("Put {} in the place of {}?", self.backup.display(), path.display());
        if path.exists() && !self.yes && !session.console.confirm(&question, "--yes")? {
            return Err(Failure::new(Exit::Failed, "nothing was restored, as you said"));
        }
        make_parent(&path)?;
        let mut safety = path.as_os_str().to_owned();
        safety.push(format!(".before-restore-{}", stamp(session.now())));
        let progress = session.console.progress()?;
        let restored = backup::restore(&self.backup, &key, &path, safety.as_ref(), &mut |at| {
            progress.show(at.stage, at.done, at.total);
        })?;
        drop(progress);
        if let Some(seen) = &restored.seen {
            // The owner chose this state: from now on it is the one to compare with.
            memory(session, &path).remember(seen);
        }
        if session.console.is_json() {
            #[derive(Serialize)]
            struct Shape {
                vault: String,
                bytes: u64,
                units: u64,
                replaced: Option<String>,
            }
            let replaced = restored.replaced.map(|path| path.display().to_string());
            let vault = path.display().to_string();
            session.console.json(&Shape { vault, bytes: restored.bytes, units: restored.units, replaced })?;
            return Ok(Exit::Done);
        }
        session.console.say(format!("Restored {} from {}", path.display(), self.backup.display()))?;
        if let Some(safety) = restored.replaced {
            session.console.say(format!("What was there is now {}", safety.display()))?;
        }
        Ok(Exit::Done)
    }
}

impl Compact {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let mut vault = session.open_vault()?;
        let (before, after) = vault.compact()?;
        vault.close()?;
        if session.console.is_json() {
            #[derive(Serialize)]
            struct Shape {
                bytes_before: u64,
                bytes_after: u64,
            }
            session.console.json(&Shape { bytes_before: before, bytes_after: after })?;
        } else {
            session.console.say(format!("The vault had {} and has {}", kib(before), kib(after)))?;
        }
        Ok(Exit::Done)
    }
}

impl Salvage {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let vault = session.open_vault()?;
        let mut file = OutputFile::begin(&self.output, self.force)?;
        let progress = session.console.progress()?;
        let report = {
            let mut out = std::io::BufWriter::new(file.stream());
            vault.salvage(&mut out, &mut |at| progress.show(at.stage, at.done, at.total))?
        };
        drop(progress);
        file.sync().map_err(|error| Failure::io("write", &self.output, &error))?;
        // A damaged vault may not close in order; nothing was written to it.
        drop(vault);
        file.keep()?;
        let rows: u64 = report.rows.iter().map(|(_, rows)| rows).sum();
        if session.console.is_json() {
            #[derive(Serialize)]
            struct Shape {
                output: String,
                rows: u64,
                lost: Vec<Lost>,
            }
            #[derive(Serialize)]
            struct Lost {
                table: String,
                from: Option<i64>,
                to: Option<i64>,
                #[serde(skip_serializing_if = "Vec::is_empty")]
                transactions: Vec<LostShape>,
            }
            let lost = report.lost.into_iter().map(|lost| {
                let transactions = lost.transactions.iter().map(LostShape::new).collect();
                Lost { table: lost.table, from: lost.from, to: lost.to, transactions }
            });
            let output = self.output.display().to_string();
            session.console.json(&Shape { output, rows, lost: lost.collect() })?;
            return Ok(Exit::Done);
        }
        session.console.say(format!("Wrote {rows} rows to {}", self.output.display()))?;
        for lost in &report.lost {
            session.console.say_toned(&[(Tone::Bad, "lost"), (Tone::Plain, &format!(": {lost}"))])?;
            for row in lost.transactions.iter().take(MOST_SHOWN) {
                session.console.say(format!("      {row}"))?;
            }
            if let Some(more) = lost.transactions.len().checked_sub(MOST_SHOWN).filter(|more| *more > 0) {
                session.console.say(format!("      and {more} more, which the file names"))?;
            }
        }
        session.console.say_toned(&[
            (Tone::Caution, "That file is in clear"),
            (Tone::Plain, ": whoever can read it reads your finances. Delete it when you are done."),
        ])?;
        Ok(Exit::Done)
    }
}

/// How many lost transactions of one gap are shown.
const MOST_SHOWN: usize = 50;

/// A transaction that is lost, as far as it is known.
#[derive(Serialize)]
struct LostShape {
    id: i64,
    account: Option<String>,
    posted: String,
    amount: Option<String>,
    currency: Option<String>,
}

impl LostShape {
    fn new(row: &LostTransaction) -> Self {
        Self {
            id: row.number,
            account: row.account_name.clone(),
            posted: row.date.to_string(),
            amount: row.amount.map(Money::to_decimal),
            currency: row.amount.map(|amount| amount.currency().to_string()),
        }
    }
}

fn stamp(now: Timestamp) -> String {
    now.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn backup_name(stem: &str, now: Timestamp) -> String {
    format!("{stem}-{}.{EXTENSION}", stamp(now))
}

/// Whether a name is one that [`backup_name`] gives.
fn is_backup_name(stem: &str, name: &str) -> bool {
    let middle = name
        .strip_prefix(stem)
        .and_then(|rest| rest.strip_prefix('-'))
        .and_then(|rest| rest.strip_suffix(EXTENSION))
        .and_then(|rest| rest.strip_suffix('.'));
    middle.is_some_and(|middle| {
        middle.len() == "20260131T235959Z".len()
            && middle.bytes().enumerate().all(|(place, byte)| match place {
                8 => byte == b'T',
                15 => byte == b'Z',
                _ => byte.is_ascii_digit(),
            })
    })
}

/// Deletes all but the newest `keep` backups of this vault in a folder. A file of another name, or that says it is
/// another vault, is nobody's business here.
fn delete_older(folder: &Path, stem: &str, vault: VaultId, keep: u32) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| Failure::io("read", folder, &error))?;
    let mut backups: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.file_name().is_some_and(|name| is_backup_name(stem, &name.to_string_lossy()))
                && vfs::stated_vault_id(path).is_ok_and(|id| id == vault)
        })
        .collect();
    // The time in the name sorts as text.
    backups.sort();
    let older = backups.len().saturating_sub(keep as usize);
    backups.truncate(older);
    for path in &backups {
        std::fs::remove_file(path).map_err(|error| Failure::io("delete", path, &error))?;
    }
    Ok(backups)
}

fn kib(bytes: u64) -> String {
    format!("{} KiB", bytes.div_ceil(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_backups_are_taken_for_backups() {
        let name = backup_name("vault", "2026-01-31T23:59:59Z".parse().unwrap());
        assert_eq!(name, "vault-20260131T235959Z.finvault");
        assert!(is_backup_name("vault", &name));
        for other in [
            "vault.finvault",
            "vault-20260131T235959Z.finvault-wal",
            "vault-2026013iT235959Z.finvault",
            "vault-20260131-235959Z.finvault",
            "vault-20260131T235959Zfinvault",
            "other-20260131T235959Z.finvault",
            "",
        ] {
            assert!(!is_backup_name("vault", other), "{other}");
        }
    }
}
