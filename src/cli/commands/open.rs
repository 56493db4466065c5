//! `open`: the recipient's side. Opens a sealed disclosure, verifies it strictly, and shows what it states.

use super::facts;
use super::shapes::iso;
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, describe};
use crate::cli::known_signers::KnownSigners;
use crate::cli::render::Tone;
use crate::cli::secrets;
use crate::cli::session::Session;
use crate::cli::when::local;
use clap::Args;
use finvault::disclosure::{
    Audience, Expectation, ExpectedAudience, Identities, IdentityError, MAX_SEALED_LEN, OpenError, OpenWith,
    Opened, Passcode, Revocation, StatusList, Verdict, Verified, VerifyError, fingerprint_words, open,
    verify,
};
use serde::Serialize;
use std::io::Read;
use std::path::{Path, PathBuf};

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
}

/// What the reader opens with.
enum Key {
    Identities(Identities),
    Passcode(Passcode),
    Nothing,
}

impl Key {
    fn with(&self) -> OpenWith<'_> {
        match self {
            Self::Identities(identities) => OpenWith::Identities(identities),
            Self::Passcode(passcode) => OpenWith::Passcode(passcode),
            Self::Nothing => OpenWith::Nothing,
        }
    }

    fn audiences(&self) -> Option<Vec<Audience>> {
        match self {
            Self::Identities(identities) => Some(identities.audiences()),
            Self::Passcode(passcode) => Some(vec![passcode.audience()]),
            Self::Nothing => None,
        }
    }
}

impl Open {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let bytes = read(&self.file)?;
        let mut key = self.key(session.console)?;
        let mut opened = open(&bytes, key.with());
        if matches!((&opened, &key), (Err(OpenError::NeedsPasscode), Key::Nothing)) {
            key = Key::Passcode(passcode(&secrets::ask(
                "Passcode: ",
                "give --passcode-file FILE",
                session.console,
            )?)?);
            opened = open(&bytes, key.with());
        }
        let Opened { token, .. } = match opened {
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
        match verify(&token, &expectation) {
            Ok(verified) => {
                let revocation = self.revocation(&verified, session)?;
                if let Revocation::Revoked { .. } = revocation {
                    return Err(revoked(&verified, &revocation, session.console)?);
                }
                self.show(&verified, &revocation, session)
            }
            Err(error) => Err(not_verified(&error, session.console)?),
        }
    }

    fn key(&self, console: &mut Console) -> Result<Key, Failure> {
        if let Some(path) = &self.identity {
            return identities(path, console).map(Key::Identities);
        }
        match &self.passcode_file {
            Some(path) => passcode(&secrets::read_secret("the passcode", path)?).map(Key::Passcode),
            None => Ok(Key::Nothing),
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
        revocation: &Revocation,
        session: &mut Session<'_>,
    ) -> Result<Exit, Failure> {
        let fingerprint = verified.issuer.to_string();
        let mut known = KnownSigners::load(session.environment)?;
        let newly = self.trust && !known.contains(&fingerprint);
        if newly {
            known.remember(&fingerprint, &self.file.display().to_string(), session.now())?;
        }
        let verdict = if known.contains(&fingerprint) { Verdict::Valid } else { Verdict::UnknownSigner };
        if session.console.is_json() {
            session.console.json(&VerdictShape::of(verdict, verified, revocation))?;
        } else {
            print(verdict, verified, revocation, newly.then(|| known.path()), session.console)?;
        }
        Ok(exit_of(verdict))
    }
}

pub(super) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
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

pub(super) fn identities(path: &Path, console: &mut Console) -> Result<Identities, Failure> {
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

pub(super) fn passcode(text: &str) -> Result<Passcode, Failure> {
    Passcode::parse(text).map_err(|error| {
        Failure::new(Exit::WrongSecret, error.to_string()).help("copy it again from what the sender gave you")
    })
}

/// Tells why the file did not open: a verdict where there is one, else what is missing.
pub(super) fn not_opened(error: OpenError, console: &mut Console) -> Result<Failure, Failure> {
    let Some(verdict) = error.verdict() else {
        let option = match error {
            OpenError::NeedsPasscode => "give the passcode with --passcode-file FILE",
            _ => "give your secret key with --identity KEYFILE",
        };
        return Ok(Failure::usage(error.to_string()).help(option));
    };
    let help = match error {
        OpenError::NotForRecipient => {
            "open it with the key that you gave the sender, or ask them to seal it for this one"
        }
        OpenError::WrongPasscodeOrAltered => {
            "compare the passcode; if it is right, ask the sender for the file again"
        }
        OpenError::NotADisclosure => "check that this is the file that the sender gave you",
        _ => "ask the sender for it again",
    };
    told(verdict, "not-checked", None, error.to_string(), help, console)
}

/// Tells why a token did not verify. Nothing of what it states is shown.
pub(super) fn not_verified(error: &VerifyError, console: &mut Console) -> Result<Failure, Failure> {
    let verdict = error.verdict();
    let (signature, expires) = match error {
        VerifyError::Invalid(_) => ("invalid", None),
        VerifyError::Expired { expired } => ("valid", Some(iso(*expired))),
        _ => ("valid", None),
    };
    let help = match verdict {
        Verdict::Expired => "ask the sender for a new one",
        Verdict::NotYetValid => "open it again then",
        Verdict::ClockSuspect => "set this computer's clock",
        Verdict::NotForRecipient => "open it with the key that you gave the sender",
        _ => "do not rely on it; ask the sender for it again",
    };
    told(verdict, signature, expires, error.to_string(), help, console)
}

/// Tells that the owner took it back. Nothing of what it states is shown.
fn revoked(verified: &Verified, revocation: &Revocation, console: &mut Console) -> Result<Failure, Failure> {
    if console.is_json() {
        let all = VerdictShape::of(Verdict::Revoked, verified, revocation);
        let empty = VerdictShape::empty(Verdict::Revoked, "valid");
        console.json(&VerdictShape {
            issuer: all.issuer,
            issuer_words: all.issuer_words,
            jti: all.jti,
            expires: all.expires,
            revocation: all.revocation,
            revocation_as_of: all.revocation_as_of,
            ..empty
        })?;
    }
    Ok(Failure::new(Exit::Revoked, format!("the owner took this disclosure back: {revocation}"))
        .help("do not rely on it, and delete what you copied from it; ask the owner for a new one"))
}

fn told(
    verdict: Verdict,
    signature: &'static str,
    expires: Option<String>,
    message: String,
    help: &str,
    console: &mut Console,
) -> Result<Failure, Failure> {
    if console.is_json() {
        console.json(&VerdictShape { expires, ..VerdictShape::empty(verdict, signature) })?;
    }
    Ok(Failure::new(exit_of(verdict), message).help(help))
}

fn exit_of(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Valid => Exit::Done,
        Verdict::UnknownSigner => Exit::UnknownSigner,
        Verdict::Expired => Exit::Expired,
        Verdict::NotYetValid | Verdict::ClockSuspect => Exit::NotYetValid,
        Verdict::NotForRecipient => Exit::NotForThisRecipient,
        Verdict::Revoked => Exit::Revoked,
        _ => Exit::Invalid,
    }
}

#[derive(Serialize)]
struct VerdictShape {
    verdict: &'static str,
    signature: &'static str,
    issuer: Option<String>,
    issuer_words: Option<String>,
    audience: Option<String>,
    purpose: Option<String>,
    issued: Option<String>,
    expires: Option<String>,
    revocation: &'static str,
    revocation_as_of: Option<String>,
    facts: Vec<facts::FactShape>,
    audience_checked: bool,
    jti: Option<String>,
    purpose_code: Option<String>,
    terms: Option<TermsShape>,
    withheld_facts: u64,
}

#[derive(Serialize)]
struct TermsShape {
    retain_until: Option<String>,
    onward_sharing: &'static str,
    intent_to_retain: bool,
}

impl VerdictShape {
    /// A verdict that shows nothing of what the disclosure states.
    fn empty(verdict: Verdict, signature: &'static str) -> Self {
        Self {
            verdict: verdict.as_str(),
            signature,
            issuer: None,
            issuer_words: None,
            audience: None,
            purpose: None,
            issued: None,
            expires: None,
            revocation: "not-checked",
            revocation_as_of: None,
            facts: Vec::new(),
            audience_checked: false,
            jti: None,
            purpose_code: None,
            terms: None,
            withheld_facts: 0,
        }
    }

    fn of(verdict: Verdict, verified: &Verified, revocation: &Revocation) -> Self {
        Self {
            revocation: revocation.as_str(),
            revocation_as_of: match revocation {
                Revocation::NotRevoked { as_of } | Revocation::Revoked { as_of } => Some(iso(*as_of)),
                _ => None,
            },
            issuer: Some(verified.issuer.to_string()),
            issuer_words: Some(fingerprint_words(&verified.issuer)),
            audience: Some(verified.audience.to_string()),
            purpose: Some(verified.purpose.text().to_owned()),
            issued: Some(iso(verified.issued)),
            expires: Some(iso(verified.expires)),
            facts: facts::shapes(&verified.facts),
            audience_checked: verified.audience_checked,
            jti: Some(verified.id.clone()),
            purpose_code: Some(verified.purpose.code().to_owned()),
            terms: Some(TermsShape {
                retain_until: verified.terms.retain_until.map(|day| day.to_string()),
                onward_sharing: verified.terms.onward_sharing.as_str(),
                intent_to_retain: verified.terms.intent_to_retain,
            }),
            withheld_facts: verified.withheld_facts,
            ..Self::empty(verdict, "valid")
        }
    }
}

fn print(
    verdict: Verdict,
    verified: &Verified,
    revocation: &Revocation,
    remembered_in: Option<&Path>,
    console: &mut Console,
) -> Result<(), Failure> {
    match verdict {
        Verdict::Valid => {
            console.say_toned(&[(Tone::Good, "Valid"), (Tone::Plain, ": signed by a signer you know")])?
        }
        _ => console.say_toned(&[
            (Tone::Caution, "Signature valid, signer not known"),
            (Tone::Plain, ": compare the fingerprint before you rely on it"),
        ])?,
    }
    console.say(format!("  signed by:  {}", verified.issuer))?;
    console.say(format!("  in words:   {}", fingerprint_words(&verified.issuer)))?;
    console.say(format!("  purpose:    {}", verified.purpose.text()))?;
    console.say(format!("  issued:     {}", local(verified.issued)))?;
    console.say(format!("  expires:    {}", local(verified.expires)))?;
    match revocation {
        Revocation::NotRevoked { as_of } => {
            console.say(format!("  revocation: not revoked as of {}", local(*as_of)))?
        }
        other => console.say(format!("  revocation: {other}"))?,
    }
    if !verified.audience_checked {
        console.say("  recipient:  not checked, as no key was given")?;
    }
    if let Some(day) = verified.terms.retain_until {
        let sharing = verified.terms.onward_sharing.as_str();
        console.say(format!("  terms:      keep it until {day} at most; passing it on: {sharing}"))?;
    }
    console.say("")?;
    facts::print(&verified.facts, console)?;
    if verified.withheld_facts > 0 {
        console
            .say(format!("{} more facts were signed and are not in this copy", verified.withheld_facts))?;
    }
    if verdict == Verdict::UnknownSigner {
        console.say("")?;
        console.say(
            "Ask the owner, by phone or in person, which fingerprint they sign with. If it is the one",
        )?;
        console
            .say("above, give --trust with the same command, and finvault knows this signer from then on.")?;
    }
    if let Some(path) = remembered_in {
        console.say("")?;
        console.say(format!("This signer is remembered in {}", path.display()))?;
    }
    Ok(())
}
