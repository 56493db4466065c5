//! Why a disclosure shows nothing: each reason with its exit code and what to do, and never a fact.

use super::shown::VerdictShape;
use crate::cli::commands::shapes::iso;
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use finvault::disclosure::{OpenError, Revocation, Verdict, Verified, VerifyError};

/// Tells why the file did not open: a verdict where there is one, else what is missing.
pub(in crate::cli::commands) fn not_opened(
    error: OpenError,
    console: &mut Console,
) -> Result<Failure, Failure> {
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
        OpenError::Draft => "look at it with: finvault review FILE --identity KEYFILE",
        OpenError::NotADraft => "a disclosure is shown by: finvault open FILE --identity KEYFILE",
        OpenError::ViewerAlone => "drop the disclosure's file on that page, or give the file to this command",
        OpenError::NotADisclosure => "check that this is the file that the sender gave you",
        _ => "ask the sender for it again",
    };
    told(verdict, "not-checked", None, error.to_string(), help, console)
}

/// Tells why a token did not verify. Nothing of what it states is shown.
pub(in crate::cli::commands) fn not_verified(
    error: &VerifyError,
    console: &mut Console,
) -> Result<Failure, Failure> {
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
pub(in crate::cli::commands) fn revoked(
    verified: &Verified,
    revocation: &Revocation,
    console: &mut Console,
) -> Result<Failure, Failure> {
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

pub(super) fn exit_of(verdict: Verdict) -> Exit {
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
