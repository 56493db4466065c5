//! `key rotate`: a new vault key, and every page sealed anew under it.

use super::add::{no_randomness, say_code};
use super::{SlotShape, forget, named, read_key_file, say_forgotten, unlocked};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::Tone;
use crate::cli::secrets;
use crate::cli::session::{OpenedWith, Session};
use clap::Args;
use finvault::crypto::{KeyFile, OsRandom, Passphrase, RecoveryCode};
use finvault::vault::keys::{KeptSlot, KeySlot, Rotation};
use finvault::vault::{Secret, VaultError};
use finvault::vfs::{self, SlotKind};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Make a new key for the vault, and seal every page anew under it
///
/// For when somebody may have the vault's key: a copy of the vault got away together with a passphrase that opens it, say.
/// Backups made before keep the old key, and open as they did. Needs room for two more vaults while it runs; a crash at any moment leaves
/// the vault as it was or with its new key. Recipients notice nothing: what you sign with stays the same.
///
/// Only what is given now opens the vault afterwards: what you open it with, and what --keep-passphrase-file and
/// --keep-key-file name. A recovery code is replaced by a new one, which is shown once. Everything else has to be added again.
#[derive(Debug, Args)]
pub struct Rotate {
    /// Another passphrase that is to go on opening the vault, in this file; may be given several times
    #[arg(long, value_name = "FILE")]
    keep_passphrase_file: Vec<PathBuf>,
    /// Another key file that is to go on opening the vault; may be given several times
    #[arg(long, value_name = "FILE")]
    keep_key_file: Vec<PathBuf>,
    /// Make no new recovery code
    #[arg(long)]
    no_recovery_code: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Secrets given beside the one that opened the vault.
struct Others {
    passphrases: Vec<Passphrase>,
    key_files: Vec<KeyFile>,
}

/// Which slots come along, and which do not.
struct Fate<'a> {
    kept: Vec<&'a KeySlot>,
    dropped: Vec<&'a KeySlot>,
    new_recovery_code: bool,
}

#[derive(Serialize)]
struct Shape<'a> {
    kept: Vec<SlotShape>,
    dropped: Vec<SlotShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_code: Option<&'a str>,
    units: u64,
}

impl Rotate {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let path = session.vault_path()?;
        let (opened_with, unlocked) = unlocked(session)?;
        let others = self.others()?;
        let kept = kept(&path, unlocked.slot_number, &opened_with, &others)?;
        let slots = session.keys(&path, &unlocked.key).list()?;
        let fate = self.fate(&slots, &kept);
        if !session.console.is_json() {
            fate.say(session)?;
        }
        if !self.yes && !session.console.confirm("Make a new key?", "--yes")? {
            return Err(Failure::new(Exit::Failed, "the key is as it was, as you said"));
        }
        let code = RecoveryCode::generate(&OsRandom).map_err(no_randomness)?;
        let new_code = fate.new_recovery_code.then_some(&code);
        let (now, progress) = (session.now(), session.console.progress()?);
        let keys = session.keys(&path, &unlocked.key);
        let rotation = keys.rotate(kept, new_code, now, &mut |at| {
            progress.show(at.stage, at.done, at.total);
        })?;
        drop(progress);
        let forgotten = forget(&unlocked);
        let code = new_code.map(RecoveryCode::reveal);
        if session.console.is_json() {
            let shapes = |slots: &[&KeySlot]| slots.iter().map(|slot| SlotShape::new(slot)).collect();
            let recovery_code = code.as_ref().map(|code| code.as_str());
            let (kept, dropped) = (shapes(&fate.kept), shapes(&fate.dropped));
            session.console.json(&Shape { kept, dropped, recovery_code, units: rotation.units })?;
            return Ok(Exit::Done);
        }
        say_done(&rotation, session)?;
        if let Some(code) = &code {
            say_code(code, session)?;
        }
        say_forgotten(forgotten, session)?;
        session.console.say_toned(&[
            (Tone::Caution, "Backups made before still open as they did"),
            (Tone::Plain, ": make a new one, and delete those that must not be opened any more."),
        ])?;
        Ok(Exit::Done)
    }

    fn others(&self) -> Result<Others, Failure> {
        let passphrases = self.keep_passphrase_file.iter().map(|file| {
            let text = secrets::read_secret("the passphrase", file)?;
            Ok(Passphrase::new(text.as_str().to_owned()))
        });
        let key_files = self.keep_key_file.iter().map(|file| read_key_file(file, Exit::WrongSecret));
        Ok(Others {
            passphrases: passphrases.collect::<Result<_, Failure>>()?,
            key_files: key_files.collect::<Result<_, Failure>>()?,
        })
    }

    fn fate<'a>(&self, slots: &'a [KeySlot], kept: &[KeptSlot<'_>]) -> Fate<'a> {
        let is_kept = |slot: &&KeySlot| kept.iter().any(|kept| kept.number == slot.number);
        let (kept, dropped): (Vec<_>, Vec<_>) = slots.iter().partition(is_kept);
        let is_code = |slot: &&KeySlot| slot.kind == Some(SlotKind::RecoveryCode);
        let new_recovery_code = !self.no_recovery_code && dropped.iter().any(is_code);
        Fate { kept, dropped, new_recovery_code }
    }
}

impl Fate<'_> {
    fn say(&self, session: &mut Session<'_>) -> Result<(), Failure> {
        let list = |slots: &[&KeySlot]| slots.iter().map(|slot| named(slot)).collect::<Vec<_>>().join(", ");
        session.console.say(format!("Opens the vault afterwards:  {}", list(&self.kept)))?;
        if !self.dropped.is_empty() {
            session.console.say_toned(&[
                (Tone::Caution, "Does not open it any more"),
                (Tone::Plain, &format!(":   {}", list(&self.dropped))),
            ])?;
        }
        if self.new_recovery_code {
            session.console.say("A new recovery code is made and shown once.")?;
        }
        Ok(())
    }
}

/// The slots whose secrets are given, each once.
fn kept<'a>(
    path: &Path,
    own_number: u32,
    own: &'a OpenedWith,
    others: &'a Others,
) -> Result<Vec<KeptSlot<'a>>, Failure> {
    let mut kept = vec![KeptSlot { number: own_number, secret: own.secret() }];
    let passphrases = others.passphrases.iter().map(Secret::Passphrase);
    for secret in passphrases.chain(others.key_files.iter().map(Secret::KeyFile)) {
        let number = vfs::unlock(path, &secret).map_err(VaultError::from)?.slot_number;
        if !kept.iter().any(|other| other.number == number) {
            kept.push(KeptSlot { number, secret });
        }
    }
    Ok(kept)
}

fn say_done(rotation: &Rotation, session: &mut Session<'_>) -> Result<(), Failure> {
    if let Some(leftover) = &rotation.leftover {
        session
            .console
            .say(format!("Removed {}, which an interrupted rotation had left", leftover.display()))?;
    }
    let units = rotation.units;
    session.console.say(format!("Made a new key: {units} units of 4 KiB are sealed anew, and were read back"))
}
