//! What a reader opens a disclosure with, and how each is read from what they name.

use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, describe};
use crate::cli::secrets;
use finvault::disclosure::{Audience, Identities, IdentityError, MAX_SEALED_LEN, OpenWith, Passcode};
use std::io::Read;
use std::path::Path;

/// What the reader opens with.
pub(in crate::cli::commands) enum Key {
    Identities(Identities),
    Passcode(Passcode),
    Nothing,
}

impl Key {
    pub(in crate::cli::commands) fn with(&self) -> OpenWith<'_> {
        match self {
            Self::Identities(identities) => OpenWith::Identities(identities),
            Self::Passcode(passcode) => OpenWith::Passcode(passcode),
            Self::Nothing => OpenWith::Nothing,
        }
    }

    pub(in crate::cli::commands) fn audiences(&self) -> Option<Vec<Audience>> {
        match self {
            Self::Identities(identities) => Some(identities.audiences()),
            Self::Passcode(passcode) => Some(vec![passcode.audience()]),
            Self::Nothing => None,
        }
    }

    /// The key that the options name; [`Key::Nothing`] where they name none.
    pub(in crate::cli::commands) fn named(
        identity: Option<&Path>,
        passcode_file: Option<&Path>,
        console: &mut Console,
    ) -> Result<Self, Failure> {
        if let Some(path) = identity {
            return identities(path, console).map(Self::Identities);
        }
        match passcode_file {
            Some(path) => passcode(&secrets::read_secret("the passcode", path)?).map(Self::Passcode),
            None => Ok(Self::Nothing),
        }
    }
}

pub(in crate::cli::commands) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let limit = MAX_SEALED_LEN as u64 + 1;
    let mut bytes = Vec::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|opened| opened.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(|error| {
        Failure::new(Exit::Failed, format!("cannot read {}: {}", file.display(), describe(&error)))
            .help("check the path and its permissions")
    })?;
    Ok(bytes)
}

pub(in crate::cli::commands) fn identities(
    path: &Path,
    console: &mut Console,
) -> Result<Identities, Failure> {
    let bytes = secrets::read_secret_file("the identity", path)?;
    let parsed = match Identities::parse(&bytes, None) {
        Err(IdentityError::NeedsPassphrase) => {
            let answers =
                "take a copy of the key without a passphrase (ssh-keygen -p) and name it with --identity";
            let passphrase = secrets::ask("Passphrase of the SSH key: ", answers, console)?;
            Identities::parse(&bytes, Some(&passphrase))
        }
        parsed => parsed,
    };
    parsed.map_err(|error| {
        let exit = if error == IdentityError::WrongPassphrase { Exit::WrongSecret } else { Exit::Usage };
        let mut failure = Failure::new(exit, format!("cannot use the identity: {error}"));
        failure = failure.help("name with --identity what age-keygen or ssh-keygen wrote as the secret key");
        match error {
            IdentityError::Malformed { line } => {
                failure.at(path.display().to_string(), line.try_into().unwrap_or(0), "")
            }
            _ => failure.at(path.display().to_string(), 0, ""),
        }
    })
}

pub(in crate::cli::commands) fn passcode(text: &str) -> Result<Passcode, Failure> {
    Passcode::parse(text).map_err(|error| {
        Failure::new(Exit::WrongSecret, error.to_string()).help("copy it again from what the sender gave you")
    })
}
