//! `receipt`: the recipient's side of closing a disclosure. Signs that it was deleted.

use super::open::{identities, not_opened, not_verified, passcode, read};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output_file::write_new;
use crate::cli::secrets;
use crate::cli::session::Session;
use clap::{Args, Subcommand};
use finvault::crypto::sign::Fingerprint;
use finvault::disclosure::{
    Expectation, ExpectedAudience, FileDigest, OpenWith, ReceiptKey, Verified, VerifyError, make_receipt,
    open, verify,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Sign that you deleted a disclosure; needs no vault
#[derive(Debug, Subcommand)]
pub enum Receipt {
    Make(Make),
}

/// Sign that you deleted a disclosure
///
/// finvault deletes nothing: delete the file and what you copied from it, then send the receipt to who disclosed
/// it. It is signed with your ssh-ed25519 key, which they must know.
#[derive(Debug, Args)]
pub struct Make {
    /// The disclosure as you received it
    file: PathBuf,
    /// Your secret key that opens it: what age-keygen or ssh-keygen wrote
    #[arg(long, value_name = "KEYFILE", conflicts_with = "passcode_file")]
    identity: Option<PathBuf>,
    /// A file that holds the passcode
    #[arg(long, value_name = "FILE")]
    passcode_file: Option<PathBuf>,
    /// The ssh-ed25519 key to sign with [default: --identity]
    #[arg(long, value_name = "KEYFILE")]
    sign_with: Option<PathBuf>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Replace that file if it exists
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct ReceiptShape {
    output: String,
    jti: String,
    issuer: String,
    signed_by: String,
}

impl Receipt {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Make(make) => make.run(session),
        }
    }
}

/// The ssh-ed25519 key in a file.
pub(super) fn signing_key(path: &Path) -> Result<ReceiptKey, Failure> {
    let bytes = secrets::read_secret_file("the signing key", path)?;
    ReceiptKey::from_openssh(&bytes).map_err(|error| {
        Failure::new(Exit::WrongSecret, format!("cannot sign with {}: {error}", path.display())).help(
            "an age key cannot sign: give an ssh-ed25519 key with --sign-with, and its public half to who disclosed it",
        )
    })
}

impl Make {
    fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let Some(signing) = self.sign_with.as_ref().or(self.identity.as_ref()) else {
            return Err(Failure::usage("no key to sign with")
                .help("name an OpenSSH ed25519 private key with --sign-with"));
        };
        let key = signing_key(signing)?;
        let (verified, token) = self.disclosure(session)?;
        let text = make_receipt(&verified, token, session.now(), &key)
            .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
        write_new(&self.output, format!("{text}\n").as_bytes(), self.force)?;
        let signer: Fingerprint = key.verifying_key().fingerprint();
        if session.console.is_json() {
            session.console.json(&ReceiptShape {
                output: self.output.display().to_string(),
                jti: verified.id,
                issuer: verified.issuer.to_string(),
                signed_by: signer.to_string(),
            })?;
            return Ok(Exit::Done);
        }
        session.console.say(format!("Signed the receipt into {}", self.output.display()))?;
        session.console.say("It says that you deleted the disclosure. finvault did not: do it now.")?;
        Ok(Exit::Done)
    }

    /// The disclosure, also where it expired meanwhile, and the digest of its token.
    fn disclosure(&self, session: &mut Session<'_>) -> Result<(Verified, FileDigest), Failure> {
        let bytes = read(&self.file)?;
        let identities = self.identity.as_ref().map(|path| identities(path, session.console)).transpose()?;
        let passcode = match &self.passcode_file {
            Some(path) => Some(passcode(&secrets::read_secret("the passcode", path)?)?),
            None => None,
        };
        let with = match (&identities, &passcode) {
            (Some(identities), _) => OpenWith::Identities(identities),
            (None, Some(passcode)) => OpenWith::Passcode(passcode),
            (None, None) => OpenWith::Nothing,
        };
        let opened = match open(&bytes, with) {
            Ok(opened) => opened,
            Err(error) => return Err(not_opened(error, session.console)?),
        };
        let at = |now: Timestamp| {
            verify(&opened.token, &Expectation { now, audience: ExpectedAudience::Unchecked })
        };
        // Deleting comes after the end as often as before it.
        let verified = match at(session.now()) {
            Err(VerifyError::Expired { expired }) => at(expired - SignedDuration::from_secs(1)),
            verified => verified,
        };
        match verified {
            Ok(verified) => Ok((verified, opened.digest())),
            Err(error) => Err(not_verified(&error, session.console)?),
        }
    }
}
