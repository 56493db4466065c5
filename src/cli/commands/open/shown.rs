//! A disclosure that holds, as it is shown: for people, and as JSON.

use crate::cli::commands::facts;
use crate::cli::commands::shapes::iso;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::render::Tone;
use crate::cli::when::local;
use finvault::disclosure::{Enclosed, Revocation, Verdict, Verified, fingerprint_words};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
pub(super) struct VerdictShape {
    pub(super) verdict: &'static str,
    pub(super) signature: &'static str,
    pub(super) issuer: Option<String>,
    pub(super) issuer_words: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) purpose: Option<String>,
    pub(super) issued: Option<String>,
    pub(super) expires: Option<String>,
    pub(super) revocation: &'static str,
    pub(super) revocation_as_of: Option<String>,
    pub(super) facts: Vec<facts::FactShape>,
    pub(super) audience_checked: bool,
    pub(super) jti: Option<String>,
    pub(super) purpose_code: Option<String>,
    pub(super) terms: Option<TermsShape>,
    pub(super) withheld_facts: u64,
    /// Where documents were written; none where that was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) extracted: Option<Vec<String>>,
}

/// What a reader got, verified.
pub(super) struct Received<'a> {
    pub(super) verified: &'a Verified,
    pub(super) enclosed: &'a Enclosed,
    pub(super) revocation: &'a Revocation,
}

#[derive(Serialize)]
pub(super) struct TermsShape {
    pub(super) retain_until: Option<String>,
    pub(super) onward_sharing: &'static str,
    pub(super) intent_to_retain: bool,
}

impl VerdictShape {
    /// A verdict that shows nothing of what the disclosure states.
    pub(super) fn empty(verdict: Verdict, signature: &'static str) -> Self {
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
            extracted: None,
        }
    }

    pub(super) fn of(verdict: Verdict, verified: &Verified, revocation: &Revocation) -> Self {
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

pub(super) fn print(
    verdict: Verdict,
    received: &Received<'_>,
    remembered_in: Option<&Path>,
    console: &mut Console,
) -> Result<(), Failure> {
    let Received { verified, enclosed, revocation } = received;
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
    facts::print_received(&verified.facts, Some(enclosed), console)?;
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
