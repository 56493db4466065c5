//! `key add`: another passphrase, another recovery code, or a key file.

use super::{KdfOptions, unlocked};
use crate::cli::commands::init;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output_file;
use crate::cli::render::Tone;
use crate::cli::secrets;
use crate::cli::session::Session;
use clap::{Args, Subcommand};
use finvault::crypto::{KdfParams, KeyFile, OsRandom, RandomError, RecoveryCode};
use finvault::vault::Secret;
use finvault::vault::keys::{NewSlot, SlotNote};
use serde::Serialize;
use std::path::PathBuf;

/// Let another passphrase, recovery code or key file open the vault
#[derive(Debug, Subcommand)]
pub enum Add {
    Passphrase(AddPassphrase),
    RecoveryCode(AddRecoveryCode),
    KeyFile(AddKeyFile),
}

/// Add a passphrase, beside those there are
#[derive(Debug, Args)]
pub struct AddPassphrase {
    /// Read the new passphrase from this file; a newline at its end is not part of it
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
    /// What to call it in the list: sealed, in at most 55 bytes
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    #[command(flatten)]
    kdf: KdfOptions,
}

/// Add a recovery code: it is generated, and shown once
#[derive(Debug, Args)]
pub struct AddRecoveryCode {
    /// What to call it in the list: sealed, in at most 55 bytes
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
}

/// Add a key file: the whole content of a file opens the vault, by --key-file FILE or FINVAULT_KEY_FILE
///
/// With --generate finvault makes it, of 32 random bytes. A file of your own is taken if it has 32 bytes to 64 KiB that do not
/// repeat a few values; that nobody else has those bytes, or could guess them, only you can know. No photo that
/// you sent to anybody, no file of a program: whoever has the same bytes can open the vault. A changed byte makes it another file.
#[derive(Debug, Args)]
pub struct AddKeyFile {
    /// The file
    file: PathBuf,
    /// Make the file, readable by you alone; it must not exist
    #[arg(long)]
    generate: bool,
    /// What to call it in the list: sealed, in at most 55 bytes
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
}

impl Add {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Passphrase(command) => command.run(session),
            Self::RecoveryCode(command) => command.run(session),
            Self::KeyFile(command) => command.run(session),
        }
    }
}

impl AddPassphrase {
    fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let kdf = self.kdf.params()?;
        let path = session.vault_path()?;
        let (_, unlocked) = unlocked(session)?;
        let passphrase = secrets::chosen_passphrase(self.new_passphrase_file.as_deref(), session.console)?;
        init::warn_if_short(&passphrase, session.console)?;
        let new = NewSlot { secret: Secret::Passphrase(&passphrase), kdf, note: note(self.label, session) };
        let slot = session.keys(&path, &unlocked.key).add(&new, session.now())?;
        if session.console.is_json() {
            return told(session, &Added { slot, kind: "passphrase", recovery_code: None, key_file: None });
        }
        session
            .console
            .say(format!("Added a passphrase in key slot {slot}; a guess costs {}", super::cost(kdf)))?;
        Ok(Exit::Done)
    }
}

impl AddRecoveryCode {
    fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let path = session.vault_path()?;
        let (_, unlocked) = unlocked(session)?;
        let code = RecoveryCode::generate(&OsRandom).map_err(no_randomness)?;
        let note = note(self.label, session);
        let new = NewSlot { secret: Secret::RecoveryCode(&code), kdf: KdfParams::DEFAULT, note };
        let slot = session.keys(&path, &unlocked.key).add(&new, session.now())?;
        let code = code.reveal();
        if session.console.is_json() {
            let recovery_code = Some(code.as_str());
            return told(session, &Added { slot, kind: "recovery-code", recovery_code, key_file: None });
        }
        session.console.say(format!("Added a recovery code in key slot {slot}"))?;
        say_code(&code, session)?;
        Ok(Exit::Done)
    }
}

impl AddKeyFile {
    fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        if self.generate {
            output_file::check_free(&self.file, false)
                .map_err(|failure| failure.help("name a file that is not there yet"))?;
        }
        let path = session.vault_path()?;
        let (_, unlocked) = unlocked(session)?;
        let file = if self.generate {
            let made = KeyFile::generate(&OsRandom).map_err(no_randomness)?;
            // On the disk before the vault knows of it: a slot without its file would be of no use.
            output_file::write_new(&self.file, made.expose(), false)?;
            made
        } else {
            super::read_key_file(&self.file, Exit::InputRejected)?
        };
        let note = note(self.label, session);
        let new = NewSlot { secret: Secret::KeyFile(&file), kdf: KdfParams::DEFAULT, note };
        let slot = session.keys(&path, &unlocked.key).add(&new, session.now()).inspect_err(|_| {
            if self.generate {
                let _ = std::fs::remove_file(&self.file);
            }
        })?;
        let name = self.file.display().to_string();
        if session.console.is_json() {
            let key_file = Some(name.as_str());
            return told(session, &Added { slot, kind: "key-file", recovery_code: None, key_file });
        }
        session.console.say(format!("Added the key file {name} in key slot {slot}"))?;
        if self.generate {
            session.console.say("Keep it where the vault is not, and a copy of it in another place.")?;
        } else {
            session.console.say_toned(&[
                (Tone::Caution, "Whoever has the same bytes can open the vault"),
                (Tone::Plain, ": nobody else may have this file. A changed byte makes it another file."),
            ])?;
        }
        Ok(Exit::Done)
    }
}

#[derive(Serialize)]
struct Added<'a> {
    slot: u32,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_file: Option<&'a str>,
}

fn told(session: &mut Session<'_>, added: &Added<'_>) -> Result<Exit, Failure> {
    session.console.json(added)?;
    Ok(Exit::Done)
}

/// Shows a recovery code, the one time it is shown.
pub fn say_code(code: &str, session: &mut Session<'_>) -> Result<(), Failure> {
    session.console.say_toned(&[(Tone::Plain, "Recovery code:  "), (Tone::Strong, code)])?;
    session.console.say("It is not shown again: write it on paper.")
}

fn note(label: Option<String>, session: &Session<'_>) -> SlotNote {
    SlotNote { added_s: Some(session.now().as_second()), label: label.unwrap_or_default() }
}

/// The system's random generator failed.
pub fn no_randomness(error: RandomError) -> Failure {
    Failure::new(Exit::Failed, error.to_string())
}
