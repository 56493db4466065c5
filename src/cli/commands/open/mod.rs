//! `open`: the recipient's side. Opens a sealed disclosure, verifies it strictly, and shows what it states.

mod extract;
mod key;
mod refused;
mod shown;

use crate::cli::commands::facts;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::known_signers::KnownSigners;
use crate::cli::secrets;
use crate::cli::session::Session;
use clap::Args;
use finvault::disclosure::{
    Enclosed, Expectation, ExpectedAudience, OpenError, Opened, Revocation, StatusList, Verdict, Verified,
    check_enclosures, open, verify,
};
pub(super) use key::{Key, identities, passcode, read};
use refused::{exit_of, revoked};
pub(super) use refused::{not_opened, not_verified};
use shown::{Received, VerdictShape, print};
use std::path::PathBuf;

/// Open and check a disclosure that you received; needs no vault
///
/// Shows what it states only when it is genuine, in time and for you. The first time you get one from
/// somebody, compare the fingerprint with what they tell you by phone or in person, and remember it with
/// --trust.
#[derive(Debug, Args)]
pub struct Open {
    /// The file; "-" reads standard input
    file: PathBuf,
    /// Your secret key: what age-keygen or ssh-keygen wrote
    #[arg(long, value_name = "KEYFILE", conflicts_with = "passcode_file")]
    identity: Option<PathBuf>,
    /// A file that holds the passcode
    #[arg(long, value_name = "FILE")]
    passcode_file: Option<PathBuf>,
    /// Remember the signer: I compared the fingerprint with what they told me
    #[arg(long)]
    trust: bool,
    /// The signed list of what the owner revoked, as they sent it
    #[arg(long, value_name = "FILE")]
    status_list: Option<PathBuf>,
    /// Write the documents that came along into this folder, under safe names
    #[arg(long, value_name = "FOLDER")]
    extract: Option<PathBuf>,
    /// Replace files of these names in that folder
    #[arg(long, requires = "extract")]
    force: bool,
}

impl Open {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let bytes = read(&self.file)?;
        let mut key = Key::named(self.identity.as_deref(), self.passcode_file.as_deref(), session.console)?;
        let mut opened = open(&bytes, key.with());
        if matches!((&opened, &key), (Err(OpenError::NeedsPasscode), Key::Nothing)) {
            key = Key::Passcode(passcode(&secrets::ask(
                "Passcode: ",
                "give --passcode-file FILE",
                session.console,
            )?)?);
            opened = open(&bytes, key.with());
        }
        let Opened { token, enclosures, .. } = match opened {
            Ok(opened) => opened,
            Err(error) => return Err(not_opened(error, session.console)?),
        };
        let audiences = key.audiences();
        let expectation = Expectation {
            now: session.now(),
            audience: match &audiences {
                Some(audiences) => ExpectedAudience::OneOf(audiences),
                None => ExpectedAudience::Unchecked,
            },
        };
        let checked = verify(&token, &expectation).and_then(|verified| {
            check_enclosures(&verified, &enclosures).map(|enclosed| (verified, enclosed))
        });
        match checked {
            Ok((verified, enclosed)) => {
                let revocation = self.revocation(&verified, session)?;
                if let Revocation::Revoked { .. } = revocation {
                    return Err(revoked(&verified, &revocation, session.console)?);
                }
                self.show(&verified, &enclosed, &revocation, session)
            }
            Err(error) => Err(not_verified(&error, session.console)?),
        }
    }

    /// What the status list says. One that cannot be used leaves the answer at "not checked".
    fn revocation(&self, verified: &Verified, session: &mut Session<'_>) -> Result<Revocation, Failure> {
        let Some(path) = &self.status_list else {
            return Ok(Revocation::NotChecked("no status list was given"));
        };
        let bytes = read(path)?;
        let text = String::from_utf8_lossy(&bytes);
        match StatusList::read(text.trim()) {
            Ok(list) => Ok(list.check(verified, session.now())),
            Err(error) => {
                session.console.warn(&format!("{} cannot be used: {error}", path.display()))?;
                Ok(Revocation::NotChecked("the status list cannot be used"))
            }
        }
    }

    fn show(
        &self,
        verified: &Verified,
        enclosed: &Enclosed,
        revocation: &Revocation,
        session: &mut Session<'_>,
    ) -> Result<Exit, Failure> {
        let extracted = match &self.extract {
            Some(folder) => extract::extract(verified, enclosed, folder, self.force)?,
            None => Vec::new(),
        };
        let fingerprint = verified.issuer.to_string();
        let mut known = KnownSigners::load(session.environment)?;
        let newly = self.trust && !known.contains(&fingerprint);
        if newly {
            known.remember(&fingerprint, &self.file.display().to_string(), session.now())?;
        }
        let verdict = if known.contains(&fingerprint) { Verdict::Valid } else { Verdict::UnknownSigner };
        if session.console.is_json() {
            let written = extracted.iter().map(|path| path.display().to_string());
            session.console.json(&VerdictShape {
                facts: facts::received_shapes(&verified.facts, enclosed),
                extracted: self.extract.as_ref().map(|_| written.collect()),
                ..VerdictShape::of(verdict, verified, revocation)
            })?;
        } else {
            let received = Received { verified, enclosed, revocation };
            print(verdict, &received, newly.then(|| known.path()), session.console)?;
            if let Some(folder) = &self.extract {
                extract::tell(&extracted, folder, session.console)?;
            }
        }
        Ok(exit_of(verdict))
    }
}
