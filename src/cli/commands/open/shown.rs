//! A disclosure that holds, as it is shown: for people, and as JSON.

use super::compared::ComparisonShape;
use super::endorsed::{self, EndorsementShape};
use crate::cli::commands::facts;
use crate::cli::commands::shapes::iso;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::render::Tone;
use crate::cli::when::local;
use finvault::disclosure::{Enclosed, Presented, Revocation, Terms, Verdict, Verified, fingerprint_words};
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
    pub(super) endorsements: Vec<EndorsementShape>,
    pub(super) holder: Option<String>,
    pub(super) presented: Option<PresentedShape>,
    /// Where the documents that came along were written; only with --extract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) extracted: Option<Vec<String>>,
    /// Only with --compare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comparison: Option<ComparisonShape>,
}

/// Who passed it on.
#[derive(Serialize)]
pub(super) struct PresentedShape {
    holder: String,
    holder_words: String,
    at: String,
    nonce: String,
    first_audience: String,
}

impl From<&Presented> for PresentedShape {
    fn from(presented: &Presented) -> Self {
        Self {
            holder: presented.holder.to_string(),
            holder_words: fingerprint_words(&presented.holder),
            at: iso(presented.at),
            nonce: presented.nonce.clone(),
            first_audience: presented.first_audience.to_string(),
        }
    }
}

/// What a reader got, verified.
pub(super) struct Received<'a> {
    pub(super) verified: &'a Verified,
    pub(super) enclosed: &'a Enclosed,
    pub(super) revocation: &'a Revocation,
    pub(super) endorsements: &'a [EndorsementShape],
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
            endorsements: Vec::new(),
            holder: None,
            presented: None,
            comparison: None,
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
            holder: verified.holder.map(|key| key.fingerprint().to_string()),
            presented: verified.presented.as_ref().map(PresentedShape::from),
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
    let Received { verified, enclosed, revocation, endorsements } = received;
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
    if let Some(presented) = &verified.presented {
        print_presented(presented, console)?;
    }
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
    if let Some(line) = terms_line(&verified.terms) {
        console.say(line)?;
    }
    // A copy that was passed on stays where it is: only its holder's own can go on.
    if let Some(holder) = verified.holder.filter(|_| verified.presented.is_none()) {
        let holder = holder.fingerprint();
        console.say(format!("  pass it on: with \"finvault present\", under the key {holder}"))?;
    }
    console.say("")?;
    facts::print_received(&verified.facts, enclosed, !endorsements.is_empty(), console)?;
    match verified.withheld_facts {
        0 => {}
        1 => console.say("1 more fact was signed and is not in this copy")?,
        count => console.say(format!("{count} more facts were signed and are not in this copy"))?,
    }
    endorsed::print(endorsements, console)?;
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

/// What is asked of the recipient, in a line.
pub(in crate::cli::commands) fn terms_line(terms: &Terms) -> Option<String> {
    let sharing = terms.onward_sharing.as_str();
    let day = terms.retain_until?;
    Some(format!("  terms:      keep it until {day} at most; passing it on: {sharing}"))
}

/// Who passed it on: the owner's word stands, but it came through their hands.
fn print_presented(presented: &Presented, console: &mut Console) -> Result<(), Failure> {
    console.say(format!("  passed on:  by {}, at {}", presented.holder, local(presented.at)))?;
    console.say(format!("  in words:   {}", fingerprint_words(&presented.holder)))?;
    console.say("              They had it from who signed it, for the purpose below, and may have left")?;
    console.say("              parts out: what is missing is counted. Compare this fingerprint too.")
}
