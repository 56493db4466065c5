//! `present`: the recipient's side of passing on. Takes a part of a disclosure, binds it to a third party, and seals it.

mod chosen;
mod told;

use super::open::{GivenList, Key, not_opened, not_verified, read, revoked};
use crate::cli::commands::disclose::FormChoice;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::known_signers::KnownSigners;
use crate::cli::output_file::{check_free, write_new};
use crate::cli::secrets;
use crate::cli::session::Session;
use chosen::{RowChoice, parse_rows, subset};
use clap::Args;
use finvault::crypto::random::OsRandom;
use finvault::disclosure::{
    Audience, BrowserKey, Enclosure, Expectation, ExpectedAudience, FileDigest, OnwardSharing, Opened,
    Passcode, PresentError, Presentation, ReceiptKey, RecipientKey, Revocation, SealError, SealTo,
    SealedForm, Subset, Token, Verified, check_enclosures, check_presentable, enclosures_passed_on, open,
    present, random_nonce, seal_with, verify,
};
use sha2::{Digest, Sha256};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use told::{Told, Written, done, refused};

/// Pass part of a disclosure that you received on to a third party; needs no vault
///
/// They verify it like you did: the owner's signature holds for every part, and yours says for whom and when. What
/// you leave out is counted, so they know how much is missing. It works where the terms allow passing on and the
/// owner knows your ssh-ed25519 key. What was passed on cannot be passed on again.
#[derive(Debug, Args)]
pub struct Present {
    /// The disclosure as you received it; "-" reads standard input
    file: PathBuf,
    /// Your secret key that opens it: what age-keygen or ssh-keygen wrote
    #[arg(long, value_name = "KEYFILE", conflicts_with = "passcode_file")]
    identity: Option<PathBuf>,
    /// A file that holds the passcode that opens it
    #[arg(long, value_name = "FILE")]
    passcode_file: Option<PathBuf>,
    /// The ssh-ed25519 key to sign with [default: --identity]
    #[arg(long, value_name = "KEYFILE")]
    sign_with: Option<PathBuf>,
    /// The public key of who gets it: "age1..." or "ssh-ed25519 ..."
    #[arg(long, value_name = "KEY", required_unless_present = "to_passcode")]
    to: Option<String>,
    /// Seal it under a new passcode, for somebody without a key
    #[arg(long, conflicts_with = "to")]
    to_passcode: bool,
    /// A fact to pass on, by its number; may be given several times [default: every fact, or those
    /// that --rows names]
    #[arg(long, value_name = "NUMBER")]
    fact: Vec<NonZeroUsize>,
    /// A fact of which only some rows are passed on, as 2:1,3,5-9 (in the order in which "open"
    /// shows them), or 2:none for their number alone
    #[arg(long, value_name = "FACT:ROWS", value_parser = parse_rows)]
    rows: Vec<RowChoice>,
    /// The text that they gave you to recognise the answer by [default: a random one]
    #[arg(long, value_name = "TEXT")]
    nonce: Option<String>,
    /// The signed list of what the owner revoked, as they sent it
    #[arg(long, value_name = "FILE")]
    status_list: Option<PathBuf>,
    #[command(flatten)]
    form: FormChoice,
    /// The file to write
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    output: Option<PathBuf>,
    /// Replace that file if it exists
    #[arg(long)]
    force: bool,
    /// Go ahead without being asked; under the terms "with-consent" this says that the owner agreed
    #[arg(long)]
    yes: bool,
    /// Only show what would be passed on
    #[arg(long)]
    dry_run: bool,
}

/// Who gets it.
enum Reader {
    Key(RecipientKey),
    Passcode(Passcode),
}

impl Reader {
    fn audience(&self) -> Audience {
        match self {
            Self::Key(key) => key.audience(),
            Self::Passcode(passcode) => passcode.audience(),
        }
    }

    /// The bytes for them.
    fn seal(&self, token: &Token, told: &Told<'_>, form: SealedForm) -> Result<Vec<u8>, SealError> {
        let seal = |to: SealTo<'_>| seal_with(token, told.enclosed, &to);
        match (self, form) {
            (Self::Key(key), _) => seal(SealTo::Recipient(key)),
            (Self::Passcode(passcode), SealedForm::Age) => seal(SealTo::Passcode(passcode)),
            (Self::Passcode(passcode), form) => {
                let (key, page) = (BrowserKey::begin(passcode, &OsRandom)?, form == SealedForm::Page);
                seal(SealTo::Browser { key: &key, page, random: &OsRandom })
            }
        }
    }
}

/// The disclosure as it was received, verified.
struct Received {
    token: String,
    copy: Verified,
    enclosures: Vec<Enclosure>,
}

impl Present {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        if let Some(path) = &self.output {
            check_free(path, self.force)?;
        }
        if !self.yes && !self.dry_run && session.console.is_json() {
            return Err(Failure::usage("with --json nothing is asked")
                .help("give --yes to pass it on, or --dry-run to look"));
        }
        if self.to.is_some() && self.form().is_some_and(|form| form != SealedForm::Age) {
            return Err(Failure::usage("a page and a data file open with a passcode, not with a key")
                .help("give --to-passcode instead of --to, or a file that ends in .age"));
        }
        let reader = self.reader()?;
        let received = self.received(&reader, session)?;
        let holder = check_presentable(&received.copy).map_err(refused)?;
        let subset = subset(&self.fact, &self.rows, &received.copy);
        let passed = subset.of(&received.copy).map_err(refused)?;
        let enclosures = enclosures_passed_on(&passed, &received.enclosures);
        let told = Told {
            copy: &received.copy,
            subset: &subset,
            passed: &passed,
            holder: holder.fingerprint(),
            enclosed: &enclosures,
            left_out: received.enclosures.len().saturating_sub(enclosures.len()),
        };
        if !session.console.is_json() {
            told.print(session.console)?;
        }
        let known = KnownSigners::load(session.environment)?;
        if !known.contains(&received.copy.issuer.to_string()) {
            session
                .console
                .warn("you have not said that you know who signed it: see \"finvault open --trust\"")?;
        }
        if self.dry_run {
            told.dry_run(session.console)?;
            return Ok(Exit::Done);
        }
        let key = self.signing_key()?;
        if key.verifying_key() != holder {
            return Err(refused(PresentError::NotTheHolder));
        }
        if !self.yes && !session.console.confirm(question(&received.copy), "--yes")? {
            session.console.say("Nothing was passed on.")?;
            return Ok(Exit::Failed);
        }
        let token = self.signed(&received, &subset, &reader, &key, session)?;
        self.deliver(&token, &told, &reader, session)
    }

    /// In which form it is sealed, as far as the options say so.
    fn form(&self) -> Option<SealedForm> {
        self.form.for_file(self.output.as_deref())
    }

    fn reader(&self) -> Result<Reader, Failure> {
        match &self.to {
            Some(text) => text.parse().map(Reader::Key).map_err(|error| {
                Failure::usage(format!("cannot seal to that key: {error}"))
                    .help("ask the one who gets it for their public key, or give --to-passcode")
            }),
            None => Passcode::generate(&OsRandom)
                .map(Reader::Passcode)
                .map_err(|error| Failure::new(Exit::Failed, error.to_string())),
        }
    }

    /// Opens and verifies it as its recipient does, revocation included.
    fn received(&self, reader: &Reader, session: &mut Session<'_>) -> Result<Received, Failure> {
        let bytes = read(&self.file)?;
        let key = Key::named(self.identity.as_deref(), self.passcode_file.as_deref(), session.console)?;
        let Opened { token, enclosures, .. } = match open(&bytes, key.with()) {
            Ok(opened) => opened,
            Err(error) => return Err(not_opened(error, session.console)?),
        };
        let audiences = key.audiences();
        if audiences.as_ref().is_some_and(|own| own.contains(&reader.audience())) {
            return Err(Failure::usage("the key to pass it on to is your own")
                .help("name the key of the one who gets it with --to"));
        }
        let audience = match &audiences {
            Some(audiences) => ExpectedAudience::OneOf(audiences),
            None => ExpectedAudience::Unchecked,
        };
        let copy = match verify(&token, &Expectation { now: session.now(), audience })
            .and_then(|copy| check_enclosures(&copy, &enclosures).map(|_| copy))
        {
            Ok(copy) => copy,
            Err(error) => return Err(not_verified(&error, session.console)?),
        };
        let revocation = GivenList::read(self.status_list.as_deref(), session)?.check(&copy, session.now());
        if let Revocation::Revoked { .. } = revocation {
            return Err(revoked(&copy, &revocation, session.console)?);
        }
        Ok(Received { token, copy, enclosures })
    }

    fn signing_key(&self) -> Result<ReceiptKey, Failure> {
        let Some(path) = self.sign_with.as_ref().or(self.identity.as_ref()) else {
            return Err(Failure::usage("no key to sign with")
                .help("name an OpenSSH ed25519 private key with --sign-with"));
        };
        let bytes = secrets::read_secret_file("the signing key", path)?;
        ReceiptKey::from_openssh(&bytes).map_err(|error| {
            Failure::new(Exit::WrongSecret, format!("cannot sign with {}: {error}", path.display())).help(
                "an age key cannot sign: give with --sign-with the ssh-ed25519 key that the owner knows",
            )
        })
    }

    fn signed(
        &self,
        received: &Received,
        subset: &Subset,
        reader: &Reader,
        key: &ReceiptKey,
        session: &Session<'_>,
    ) -> Result<Token, Failure> {
        let nonce = match &self.nonce {
            Some(nonce) => nonce.clone(),
            None => random_nonce(&OsRandom).map_err(|error| Failure::new(Exit::Failed, error.to_string()))?,
        };
        let to = Presentation { audience: reader.audience(), nonce: &nonce, key };
        present(&received.token, subset, &to, session.now()).map_err(refused)
    }

    fn deliver(
        &self,
        token: &Token,
        told: &Told<'_>,
        reader: &Reader,
        session: &mut Session<'_>,
    ) -> Result<Exit, Failure> {
        let Some(path) = &self.output else {
            return Err(Failure::usage("no file to write").help("name it with --output"));
        };
        let form = self.form().unwrap_or(SealedForm::Page);
        let sealed =
            reader.seal(token, told, form).map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
        write_new(path, &sealed, self.force)?;
        let passcode = match reader {
            Reader::Passcode(passcode) => Some((passcode, form)),
            Reader::Key(_) => None,
        };
        let sha256 = FileDigest::from_bytes(Sha256::digest(&sealed).into()).to_string();
        done(told, token, &Written { path, sha256: &sha256, passcode }, session)?;
        Ok(Exit::Done)
    }
}

/// What the recipient has to say yes to.
fn question(copy: &Verified) -> &'static str {
    match copy.terms.onward_sharing {
        OnwardSharing::WithConsent => "Did the owner agree to this very step, and shall it be passed on?",
        _ => "Pass this on?",
    }
}
