//! One run: its options, its surroundings, its console, and the vault it opens.

use super::args::{BUSY_TIMEOUT_DEFAULT_MS, Global};
use super::console::Console;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::{Failure, describe};
use super::secrets;
use finvault::crypto::RecoveryCode;
use finvault::vault::{ErrorClass, OpenOptions, Secret, Vault, VaultError};
use jiff::Timestamp;
use jiff::civil::Date;
use std::path::PathBuf;

/// What a command is given.
pub struct Session<'a> {
    /// Options that every command takes.
    pub global: Global,
    /// What the surroundings say.
    pub environment: &'a Environment,
    /// Where results go.
    pub console: &'a mut Console,
}

impl Session<'_> {
    /// The moment it is now.
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// The day it is here now.
    pub fn today(&self) -> Date {
        super::when::today()
    }

    /// The vault's path: `--vault`, then `FINVAULT_VAULT`, then the platform's data folder.
    pub fn vault_path(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = self.global.vault.as_ref().or(self.environment.vault.as_ref()) {
            return Ok(path.clone());
        }
        dirs::data_dir().map(|folder| folder.join("finvault").join("vault.finvault")).ok_or_else(|| {
            Failure::usage("this platform names no folder for application data")
                .help("name the vault with --vault or FINVAULT_VAULT")
        })
    }

    /// Opens the vault, and tells what is odd about it.
    pub fn open_vault(&mut self) -> Result<Vault, Failure> {
        let path = self.vault_path()?;
        // A missing vault is told before anybody types a passphrase for it.
        if let Err(error) = std::fs::metadata(&path) {
            return Err(Failure::new(
                Exit::Failed,
                format!("cannot open the vault {}: {}", path.display(), describe(&error)),
            )
            .help("make one with \"finvault init\", or name another with --vault or FINVAULT_VAULT"));
        }
        let options = OpenOptions {
            busy_timeout_ms: self.global.busy_timeout.unwrap_or(BUSY_TIMEOUT_DEFAULT_MS),
            ..OpenOptions::default()
        };
        let vault = match &self.global.recovery_code_file {
            Some(file) => {
                let text = secrets::read_secret("the recovery code", file)?;
                let code = RecoveryCode::parse(&text).map_err(|error| {
                    Failure::new(Exit::WrongSecret, error.to_string()).help(
                        "a recovery code is what \"finvault init\" printed once, dashes included or not",
                    )
                })?;
                Vault::open(&path, &Secret::RecoveryCode(&code), &options)
            }
            None => {
                let file = self.global.passphrase_file.clone();
                let passphrase = secrets::passphrase(file.as_deref(), self.environment, self.console)?;
                Vault::open(&path, &Secret::Passphrase(&passphrase), &options)
            }
        }?;
        for warning in vault.warnings() {
            self.console.warn(warning)?;
        }
        Ok(vault)
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        if let VaultError::Statement { file, error } = &error {
            return Self::new(Exit::InputRejected, error.message.clone())
                .at(file.clone(), error.line, &error.excerpt)
                .help(error.remedy.clone());
        }
        let exit = match error.class() {
            ErrorClass::WrongSecret => Exit::WrongSecret,
            ErrorClass::Damaged => Exit::Damaged,
            ErrorClass::Input => Exit::InputRejected,
            ErrorClass::Busy => Exit::Busy,
            ErrorClass::Refused => Exit::Refused,
            _ => Exit::Failed,
        };
        Self { exit, message: error.to_string(), place: None, help: error.remedy() }
    }
}
