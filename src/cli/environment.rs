//! What the surroundings say: environment variables and the platform's folders, read once.

use super::failure::Failure;
use std::ffi::OsString;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The environment variables that finvault reads. `demo` makes its own.
#[derive(Default)]
pub struct Environment {
    /// `FINVAULT_VAULT`: the vault's path.
    pub vault: Option<PathBuf>,
    /// `FINVAULT_PASSPHRASE_FILE`.
    pub passphrase_file: Option<PathBuf>,
    /// `FINVAULT_PASSPHRASE_COMMAND`.
    pub passphrase_command: Option<OsString>,
    /// `FINVAULT_PASSPHRASE`.
    pub passphrase: Option<Zeroizing<String>>,
    /// `FINVAULT_KEY_FILE`.
    pub key_file: Option<PathBuf>,
    /// `FINVAULT_STATE_DIR`: where known signers, and how far vaults had come, are remembered instead of the platform's
    /// state folder.
    pub state_dir: Option<PathBuf>,
}

/// The paragraph for `finvault --help`.
pub const HELP: &str = "\
Environment:
  FINVAULT_VAULT               the vault's path; --vault overrides it
  FINVAULT_PASSPHRASE_FILE     a file that holds the passphrase
  FINVAULT_PASSPHRASE_COMMAND  a shell command whose first line of output is the passphrase
  FINVAULT_PASSPHRASE          the passphrase itself; other programs of yours may be able to read it
  FINVAULT_KEY_FILE            a key file that opens the vault; goes before the passphrases above
  FINVAULT_STATE_DIR           a folder for what this machine remembers outside vaults
  NO_COLOR                     no colours";

impl Environment {
    /// The process's own. A variable set to nothing counts as unset.
    pub fn of_process() -> Result<Self, Failure> {
        let path = |name: &str| set(name).map(PathBuf::from);
        let passphrase = match set("FINVAULT_PASSPHRASE").map(OsString::into_string) {
            None => None,
            Some(Ok(text)) => Some(Zeroizing::new(text)),
            Some(Err(_)) => return Err(Failure::usage("FINVAULT_PASSPHRASE is not valid UTF-8")),
        };
        Ok(Self {
            vault: path("FINVAULT_VAULT"),
            passphrase_file: path("FINVAULT_PASSPHRASE_FILE"),
            passphrase_command: set("FINVAULT_PASSPHRASE_COMMAND"),
            passphrase,
            key_file: path("FINVAULT_KEY_FILE"),
            state_dir: path("FINVAULT_STATE_DIR"),
        })
    }

    /// The folder for what this machine remembers outside vaults.
    pub fn state_folder(&self) -> Result<PathBuf, Failure> {
        self.state_dir
            .clone()
            .or_else(|| dirs::state_dir().or_else(dirs::data_local_dir).map(|folder| folder.join("finvault")))
            .ok_or_else(|| {
                Failure::usage("this platform names no folder for application state")
                    .help("set FINVAULT_STATE_DIR to a folder of your own")
            })
    }
}

fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
