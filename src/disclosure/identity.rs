//! The recipient's own secret keys, read from the files that `age-keygen` and `ssh-keygen` write.

use super::audience::Audience;
use super::recipient::{RecipientError, RecipientKey};
use age::secrecy::SecretString;

/// The longest identity file, in bytes.
const MAX_FILE_LEN: usize = 1024 * 1024;

/// Why a file gives no identity. No variant repeats any of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Neither an age identity file nor an OpenSSH private key.
    #[error("line {line} is no age identity (AGE-SECRET-KEY-1…), and the file is no OpenSSH private key")]
    Malformed {
        /// Which line, from 1.
        line: usize,
    },
    /// Nothing but comments and blank lines.
    #[error("the file holds no identity")]
    Empty,
    /// A public key was given.
    #[error("this is a public key: opening needs the secret one")]
    Public,
    /// An SSH key under a passphrase, and none was given.
    #[error(
        "the SSH key is under a passphrase; give it, or take a copy of the key without one (ssh-keygen -p)"
    )]
    NeedsPassphrase,
    /// The passphrase of the SSH key is wrong.
    #[error("the passphrase of the SSH key is wrong")]
    WrongPassphrase,
    /// An age identity file that is itself encrypted.
    #[error("the identity file is itself encrypted: decrypt it first (age -d FILE)")]
    EncryptedFile,
    /// A kind of key that is not supported; the text names it.
    #[error("keys of the kind \"{0}\" are not supported: use an age or an ssh-ed25519 key")]
    Unsupported(String),
    /// Larger than any identity file.
    #[error("too large for an identity file")]
    TooLarge,
}

/// One or more secret keys of the reader.
pub struct Identities {
    keys: Vec<(RecipientKey, Secret)>,
}

pub(super) enum Secret {
    X25519(age::x25519::Identity),
    Ssh(age::ssh::Identity),
}

impl Secret {
    pub(super) fn as_age(&self) -> &dyn age::Identity {
        match self {
            Self::X25519(identity) => identity,
            Self::Ssh(identity) => identity,
        }
    }
}

impl Identities {
    /// Reads the content of an identity file: lines of `AGE-SECRET-KEY-1…` with comments, or one OpenSSH
    /// ed25519 private key. `passphrase` is used where the SSH key is under one.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn parse(file: &[u8], passphrase: Option<&str>) -> Result<Self, IdentityError> {
        if file.len() > MAX_FILE_LEN {
            return Err(IdentityError::TooLarge);
        }
        let Ok(text) = std::str::from_utf8(file) else {
            let encrypted = file.starts_with(b"age-encryption.org/");
            return Err(if encrypted {
                IdentityError::EncryptedFile
            } else {
                IdentityError::Malformed { line: 1 }
            });
        };
        let start = text.trim_start();
        if start.starts_with("age-encryption.org/") || start.starts_with("-----BEGIN AGE ENCRYPTED FILE-----")
        {
            return Err(IdentityError::EncryptedFile);
        }
        let keys = if start.starts_with("-----BEGIN") {
            vec![parse_ssh(start, passphrase)?]
        } else {
            parse_age(text)?
        };
        if keys.is_empty() {
            return Err(IdentityError::Empty);
        }
        Ok(Self { keys })
    }

    /// The audiences that these keys can read for.
    pub fn audiences(&self) -> Vec<Audience> {
        self.keys.iter().map(|(key, _)| key.audience()).collect()
    }

    /// The public halves.
    pub fn recipients(&self) -> impl Iterator<Item = &RecipientKey> {
        self.keys.iter().map(|(key, _)| key)
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.keys.iter().map(|(_, secret)| secret)
    }
}

fn parse_age(text: &str) -> Result<Vec<(RecipientKey, Secret)>, IdentityError> {
    let mut keys = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let malformed = IdentityError::Malformed { line: index.saturating_add(1) };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with("age1") || line.starts_with("ssh-") {
            return Err(IdentityError::Public);
        }
        if line.starts_with("AGE-PLUGIN-") || line.starts_with("AGE-SECRET-KEY-PQ-") {
            let kind = line.rsplit_once('1').map_or(line, |(kind, _)| kind);
            return Err(IdentityError::Unsupported(kind.chars().take(40).collect()));
        }
        let identity: age::x25519::Identity = line.parse().map_err(|_| malformed.clone())?;
        let key = RecipientKey::from_x25519(identity.to_public()).map_err(|_| malformed)?;
        keys.push((key, Secret::X25519(identity)));
    }
    Ok(keys)
}

fn parse_ssh(pem: &str, passphrase: Option<&str>) -> Result<(RecipientKey, Secret), IdentityError> {
    // The parser reads on until it has seen a line end after the last line.
    let pem = zeroize::Zeroizing::new(format!("{}\n", pem.trim_end()));
    let identity = age::ssh::Identity::from_buffer(pem.as_bytes(), None)
        .map_err(|_| IdentityError::Malformed { line: 1 })?;
    let identity = match identity {
        age::ssh::Identity::Unencrypted(_) => identity,
        age::ssh::Identity::Encrypted(locked) => {
            let passphrase = passphrase.ok_or(IdentityError::NeedsPassphrase)?;
            locked
                .decrypt(SecretString::from(passphrase.to_owned()))
                .map(age::ssh::Identity::from)
                .map_err(|_| IdentityError::WrongPassphrase)?
        }
        age::ssh::Identity::Unsupported(_) => {
            return Err(IdentityError::Unsupported("SSH private key of another type".to_owned()));
        }
    };
    // Taking the public half consumes the identity, so a second copy of the unlocked key is made for it.
    let age::ssh::Identity::Unencrypted(key) = &identity else {
        return Err(IdentityError::Malformed { line: 1 });
    };
    let public = age::ssh::Recipient::try_from(age::ssh::Identity::Unencrypted(key.clone()))
        .map_err(|_| IdentityError::Malformed { line: 1 })?;
    let public = RecipientKey::from_ssh(public).map_err(|error| match error {
        RecipientError::Unsupported(kind) => IdentityError::Unsupported(kind),
        _ => IdentityError::Malformed { line: 1 },
    })?;
    Ok((public, Secret::Ssh(identity)))
}
