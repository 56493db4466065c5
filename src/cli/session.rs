//! One run: its options, its surroundings, its console, and the vault it opens.

use super::args::{BUSY_TIMEOUT_DEFAULT_MS, Global};
use super::commands::key::read_key_file;
use super::console::Console;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::{Failure, describe};
use super::last_seen::LastSeen;
use super::{keeper, secrets};
use finvault::crypto::{KeyFile, Passphrase, RecoveryCode, VaultKey};
use finvault::vault::keys::Keys;
use finvault::vault::{ErrorClass, OpenOptions, Secret, Vault, VaultError};
use finvault::vfs::{self, Unlocked};
use jiff::Timestamp;
use jiff::civil::Date;
use std::path::{Path, PathBuf};

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

    /// How to open the vault.
    pub fn open_options(&self) -> OpenOptions {
        OpenOptions {
            busy_timeout_ms: self.global.busy_timeout.unwrap_or(BUSY_TIMEOUT_DEFAULT_MS),
            ..OpenOptions::default()
        }
    }

    /// Opens the vault, and tells what is odd about it.
    pub fn open_vault(&mut self) -> Result<Vault, Failure> {
        self.open_vault_with(false)
    }

    /// Opens the vault; with `accept_older` also where this machine has seen a newer one, which it forgets then.
    pub fn open_vault_with(&mut self, accept_older: bool) -> Result<Vault, Failure> {
        let path = self.vault_path()?;
        let memory = Box::new(LastSeen::new(self.environment, &path, accept_older));
        must_be_there(&path)?;
        let options = self.open_options();
        let vault = match self.kept_key(&path) {
            Some(key) => Vault::open_with_key_remembering(&path, key, &options, memory)?,
            None => {
                let unlocked = self.unlock_by_secret(&path)?;
                Vault::open_unlocked_remembering(&path, unlocked, &options, memory)?
            }
        };
        for warning in vault.warnings() {
            self.console.warn(warning)?;
        }
        Ok(vault)
    }

    /// The key of the vault or backup at `path`, without opening it.
    pub fn key_of(&mut self, path: &Path) -> Result<VaultKey, Failure> {
        must_be_there(path)?;
        match self.kept_key(path) {
            Some(key) => Ok(key),
            None => Ok(self.unlock_by_secret(path)?.key),
        }
    }

    /// The keys of the vault at `path`, which must not be older than this machine knows it to have been.
    pub fn keys<'a>(&self, path: &'a Path, key: &'a VaultKey) -> Keys<'a> {
        let memory = LastSeen::new(self.environment, path, false);
        Keys::new(path, key, self.open_options()).remembering(Box::new(memory))
    }

    /// The key that `unlock` left with the system's keeper, if it is this vault's. A secret named on the command line
    /// is always tried instead.
    fn kept_key(&self, path: &Path) -> Option<VaultKey> {
        let global = &self.global;
        if global.passphrase_file.is_some()
            || global.recovery_code_file.is_some()
            || global.key_file.is_some()
        {
            return None;
        }
        let key = keeper::kept(vfs::stated_vault_id(path).ok()?)?;
        // A vault whose key was changed since is opened with its passphrase, as if nothing had been kept.
        vfs::check_key(path, &key).ok().map(|_| key)
    }

    /// Finds the vault's key with a passphrase, recovery code or key file.
    pub fn unlock_by_secret(&mut self, path: &Path) -> Result<Unlocked, Failure> {
        let secret = self.secret_for(path)?;
        vfs::unlock(path, &secret.secret()).map_err(|error| VaultError::from(error).into())
    }

    /// What is to open the vault at `path`: what is named on the command line goes before what the environment
    /// names, and that before a question.
    pub fn secret_for(&mut self, path: &Path) -> Result<OpenedWith, Failure> {
        // A missing vault is told before anybody types a passphrase for it.
        must_be_there(path)?;
        if let Some(file) = &self.global.recovery_code_file {
            let text = secrets::read_secret("the recovery code", file)?;
            let code = RecoveryCode::parse(&text).map_err(|error| {
                Failure::new(Exit::WrongSecret, error.to_string())
                    .help("a recovery code is what \"finvault init\" printed once, dashes included or not")
            })?;
            return Ok(OpenedWith::RecoveryCode(code));
        }
        let named = self.global.passphrase_file.is_some();
        let in_environment = self.environment.key_file.as_ref().filter(|_| !named);
        if let Some(file) = self.global.key_file.as_ref().or(in_environment) {
            return Ok(OpenedWith::KeyFile(read_key_file(file, Exit::WrongSecret)?));
        }
        let file = self.global.passphrase_file.clone();
        secrets::passphrase(file.as_deref(), self.environment, self.console).map(OpenedWith::Passphrase)
    }
}

/// A secret that was given to open the vault.
pub enum OpenedWith {
    Passphrase(Passphrase),
    RecoveryCode(RecoveryCode),
    KeyFile(KeyFile),
}

impl OpenedWith {
    /// As the library takes it.
    pub fn secret(&self) -> Secret<'_> {
        match self {
            Self::Passphrase(passphrase) => Secret::Passphrase(passphrase),
            Self::RecoveryCode(code) => Secret::RecoveryCode(code),
            Self::KeyFile(file) => Secret::KeyFile(file),
        }
    }
}

fn must_be_there(path: &Path) -> Result<(), Failure> {
    std::fs::metadata(path).map(|_| ()).map_err(|error| {
        Failure::new(Exit::Failed, format!("cannot open the vault {}: {}", path.display(), describe(&error)))
            .help("make one with \"finvault init\", or name another with --vault or FINVAULT_VAULT")
    })
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        if let VaultError::Statement { file, error } = &error {
            // An included file is named by the folder of the first one.
            let place = match &error.included {
                Some(included) => Path::new(file).with_file_name(&**included).display().to_string(),
                None => file.clone(),
            };
            return Self::new(Exit::InputRejected, error.message.clone())
                .at(place, error.line, &error.excerpt)
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
