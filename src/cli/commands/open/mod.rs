//! `open`: the recipient's side. Opens a sealed disclosure, verifies it strictly, and shows what it states.

mod compared;
mod endorsed;
mod extract;
mod key;
mod list;
mod qr;
mod refused;
mod shown;

use crate::cli::commands::facts;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::known_signers::KnownSigners;
use crate::cli::secrets;
use crate::cli::session::Session;
use clap::Args;
use compared::Earlier;
use finvault::disclosure::{
    Enclosed, Expectation, ExpectedAudience, OpenError, Opened, Outcome, Revocation, Verdict, Verified,
    check_enclosures, open, sealed_times, verify,
};
pub(super) use key::{Key, identities, passcode, read};
pub(super) use list::GivenList;
use refused::exit_of;
pub(super) use refused::{not_opened, not_verified, revoked};
pub(super) use shown::terms_line;
use shown::{Received, VerdictShape, print};
use std::path::PathBuf;

/// Open and check a disclosure that you received; needs no vault
///
/// Shows what it states only when it is genuine, in time and for you. The first time you get one from
/// somebody, compare the fingerprint with what they tell you by phone or in person, and remember it with
/// --trust.
#[derive(Debug, Args)]
pub struct Open {
    /// The file, whether .age, .html or .jwe; "-" reads standard input
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
    /// Remember also who endorsed it: I compared each of their fingerprints with what they told me
    #[arg(long)]
    trust_endorsers: bool,
    /// The signed list of what the owner revoked, as they sent it
    #[arg(long, value_name = "FILE")]
    status_list: Option<PathBuf>,
    /// The nonce that you gave to who passed it on: any other copy is refused
    #[arg(long, value_name = "TEXT")]
    nonce: Option<String>,
    /// Hold it against an earlier disclosure from the same signer, which may have expired: did the records
    /// change, and do both agree?
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Write the documents that came along into this folder, under safe names
    #[arg(long, value_name = "FOLDER")]
    extract: Option<PathBuf>,
    /// Replace files of these names in that folder
    #[arg(long, requires = "extract")]
    force: bool,
    /// Show the signer's fingerprint as a QR code too
    #[arg(long)]
    qr: bool,
}

/// Refuses a file whose outside says that it is over, before anything is decrypted.
fn refuse_by_times(file: &[u8], session: &mut Session<'_>) -> Result<(), Failure> {
    let times = match sealed_times(file) {
        Ok(times) => times,
        Err(error) => return Err(not_opened(error, session.console)?),
    };
    match times.map(|times| times.check(session.now())) {
        Some(Err(error)) => Err(not_verified(&error, session.console)?),
        _ => Ok(()),
    }
}

impl Open {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        if self.file.as_os_str() == "-" && self.compare.as_deref().is_some_and(|path| path.as_os_str() == "-")
        {
            return Err(Failure::usage("only one of the two disclosures can come from standard input"));
        }
        let bytes = read(&self.file)?;
        refuse_by_times(&bytes, session)?;
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
        let checked = verify(&token, &expectation)
            .and_then(|verified| Ok((check_enclosures(&verified, &enclosures)?, verified)))
            .and_then(|(enclosed, verified)| match &self.nonce {
                Some(nonce) => verified.check_nonce(nonce).map(|()| (enclosed, verified)),
                None => Ok((enclosed, verified)),
            });
        let (enclosed, verified) = match checked {
            Ok(checked) => checked,
            Err(error) => return Err(not_verified(&error, session.console)?),
        };
        let list = GivenList::read(self.status_list.as_deref(), session)?;
        let revocation = list.check(&verified, session.now());
        if let Revocation::Revoked { .. } = revocation {
            return Err(revoked(&verified, &revocation, session.console)?);
        }
        let earlier = match &self.compare {
            Some(path) => Some(Earlier::open(path, &key)?),
            None => None,
        };
        if let Some(earlier) = &earlier {
            earlier.refuse_revoked(&list.check(&earlier.verified, session.now()))?;
        }
        self.show(&verified, &enclosed, &revocation, earlier.as_ref(), session)
    }

    fn show(
        &self,
        verified: &Verified,
        enclosed: &Enclosed,
        revocation: &Revocation,
        earlier: Option<&Earlier>,
        session: &mut Session<'_>,
    ) -> Result<Exit, Failure> {
        let comparison = earlier.map(|earlier| earlier.compare(verified)).transpose()?;
        if let (Some(earlier), Some(found)) = (earlier, &comparison)
            && found.outcome == Outcome::Contradiction
        {
            return Err(earlier.contradicted(found, verified, revocation, session.console)?);
        }
        let endorsements =
            endorsed::shapes(enclosed, self.trust_endorsers, &self.file.display().to_string(), session)?;
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
        let compared = earlier.zip(comparison.as_ref());
        if session.console.is_json() {
            let written = extracted.iter().map(|path| path.display().to_string());
            session.console.json(&VerdictShape {
                facts: facts::received_shapes(&verified.facts, enclosed),
                extracted: self.extract.as_ref().map(|_| written.collect()),
                comparison: compared.map(|(earlier, found)| earlier.shape(found)),
                endorsements,
                ..VerdictShape::of(verdict, verified, revocation)
            })?;
        } else {
            let received = Received { verified, enclosed, revocation, endorsements: &endorsements };
            print(verdict, &received, newly.then(|| known.path()), session.console)?;
            if self.qr {
                qr::print(&fingerprint, session.console)?;
            }
            if let Some(folder) = &self.extract {
                extract::tell(&extracted, folder, session.console)?;
            }
            if let Some((earlier, found)) = compared {
                earlier.print(found, session.console)?;
            }
        }
        Ok(exit_of(verdict))
    }
}
