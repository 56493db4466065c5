//! What the one who passes on is told: what goes, what is withheld and will be seen to be, and why something is refused.

use crate::cli::commands::disclose::tell_passcode;
use crate::cli::commands::facts;
use crate::cli::commands::open::terms_line;
use crate::cli::commands::shapes::iso;
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::Tone;
use crate::cli::session::Session;
use crate::cli::when::local;
use finvault::crypto::sign::Fingerprint;
use finvault::disclosure::{
    Enclosure, Fact, OnwardSharing, Passcode, Passed, PresentError, SealedForm, Subset, Token, Verified,
    fingerprint_words,
};
use serde::Serialize;
use std::path::Path;

/// What is passed on, of what.
pub(super) struct Told<'a> {
    pub(super) copy: &'a Verified,
    pub(super) subset: &'a Subset,
    pub(super) passed: &'a Passed,
    pub(super) holder: Fingerprint,
    pub(super) enclosed: &'a [Enclosure],
    pub(super) left_out: usize,
}

#[derive(Serialize)]
struct PassedShape<'a> {
    output: Option<String>,
    token_sha256: Option<String>,
    passcode: Option<&'a str>,
    jti: &'a str,
    issuer: String,
    holder: String,
    purpose: &'a str,
    expires: String,
    onward_sharing: &'static str,
    facts: Vec<facts::FactShape>,
    withheld_facts: u64,
    documents: usize,
    endorsements: usize,
    documents_left_out: usize,
}

impl Told<'_> {
    /// Shows it before anything is signed.
    pub(super) fn print(&self, console: &mut Console) -> Result<(), Failure> {
        console.say_toned(&[(Tone::Strong, "This is passed on:")])?;
        self.print_counts(console)?;
        console.say("")?;
        facts::print(&self.passed.facts, console)?;
        console.say("")?;
        console.say(format!("  signed by:  {}", self.copy.issuer))?;
        console.say(format!("  passed on:  by {}, your key", self.holder))?;
        console.say(format!("  in words:   {}", fingerprint_words(&self.holder)))?;
        console.say(format!("  purpose:    {}", self.copy.purpose.text()))?;
        console.say(format!("  expires:    {}", local(self.copy.expires)))?;
        if let Some(line) = terms_line(&self.copy.terms) {
            console.say(line)?;
        }
        if let Some(beside) = self.beside() {
            console.say(format!("  beside it:  {beside}"))?;
        }
        if self.copy.terms.onward_sharing == OnwardSharing::WithConsent {
            console
                .say("The terms ask for the owner's consent to this very step: have it before you go on.")?;
        }
        Ok(())
    }

    /// A line for each fact of the received copy.
    fn print_counts(&self, console: &mut Console) -> Result<(), Failure> {
        let mut kept = self.passed.facts.iter();
        for (place, fact) in self.copy.facts.iter().enumerate() {
            let what = match self.subset.has_fact(place).then(|| kept.next()).flatten() {
                None => "withheld".to_owned(),
                Some(Fact::Transactions(fact)) => rows(fact.rows.len(), fact.withheld),
                Some(_) => "passed on".to_owned(),
            };
            console.say(format!("  {:>3}  {:<18} {what}", place.saturating_add(1), fact.kind()))?;
        }
        match self.passed.withheld_facts {
            0 => Ok(()),
            1 => console.say("The reader will know that 1 fact is withheld."),
            count => console.say(format!("The reader will know that {count} facts are withheld.")),
        }
    }

    fn documents(&self) -> usize {
        self.enclosed.iter().filter(|enclosure| matches!(enclosure, Enclosure::Document(_))).count()
    }

    fn endorsements(&self) -> usize {
        self.enclosed.len().saturating_sub(self.documents())
    }

    fn beside(&self) -> Option<String> {
        let count = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("1 {what}")),
            count => Some(format!("{count} {what}s")),
        };
        let parts = [
            count(self.documents(), "document"),
            count(self.endorsements(), "endorsement"),
            count(self.left_out, "document").map(|documents| format!("{documents} stays behind")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    pub(super) fn dry_run(&self, console: &mut Console) -> Result<(), Failure> {
        if console.is_json() {
            return console.json(&self.shape());
        }
        console.say("Nothing was signed: this was a dry run.")
    }

    fn shape(&self) -> PassedShape<'_> {
        PassedShape {
            output: None,
            token_sha256: None,
            passcode: None,
            jti: &self.copy.id,
            issuer: self.copy.issuer.to_string(),
            holder: self.holder.to_string(),
            purpose: self.copy.purpose.text(),
            expires: iso(self.copy.expires),
            onward_sharing: self.copy.terms.onward_sharing.as_str(),
            facts: facts::shapes(&self.passed.facts),
            withheld_facts: self.passed.withheld_facts,
            documents: self.documents(),
            endorsements: self.endorsements(),
            documents_left_out: self.left_out,
        }
    }
}

/// How many rows go, and what their reader will know of the others.
fn rows(shown: usize, withheld: u64) -> String {
    let signed = u64::try_from(shown).unwrap_or(u64::MAX).saturating_add(withheld);
    let rows = if signed == 1 { "row" } else { "rows" };
    match withheld {
        0 => format!("{shown} of {signed} {rows}"),
        1 => format!("{shown} of {signed} {rows}; the reader will know that 1 is missing"),
        missing => format!("{shown} of {signed} {rows}; the reader will know that {missing} are missing"),
    }
}

/// The file that was written.
pub(super) struct Written<'a> {
    pub(super) path: &'a Path,
    pub(super) sha256: &'a str,
    /// The passcode that it is under, and its form.
    pub(super) passcode: Option<(&'a Passcode, SealedForm)>,
}

/// Tells that it is done, and what to do with the file.
pub(super) fn done(
    told: &Told<'_>,
    token: &Token,
    written: &Written<'_>,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let path = written.path;
    let console = &mut *session.console;
    if console.is_json() {
        let text = written.passcode.map(|(passcode, _)| passcode.text());
        let passcode = text.as_ref().map(|text| text.as_str());
        let output = Some(path.display().to_string());
        let token_sha256 = Some(token.digest().to_string());
        return console.json(&PassedShape { output, token_sha256, passcode, ..told.shape() });
    }
    console.say_toned(&[(Tone::Good, "Sealed"), (Tone::Plain, &format!(" into {}", path.display()))])?;
    if let Some((passcode, form)) = written.passcode {
        tell_passcode(passcode, form, written.sha256, console)?;
    }
    console.say("Its reader compares two fingerprints: the signer's with the owner, and yours with you.")
}

/// Why it cannot be passed on, and what can be done.
pub(super) fn refused(error: PresentError) -> Failure {
    let (exit, help) = match &error {
        PresentError::Prohibited => {
            (Exit::Refused, "ask the owner to allow it, or to disclose to the third party themselves")
        }
        PresentError::NoHolder => (
            Exit::Refused,
            "give the owner your ssh-ed25519 key and ask for the disclosure again: then it can be passed on",
        ),
        PresentError::PassedOnAlready => {
            (Exit::Refused, "ask the owner for a disclosure of your own, or the recipient to pass theirs on")
        }
        PresentError::NotTheHolder => {
            (Exit::WrongSecret, "name with --sign-with the ssh-ed25519 key that you gave the owner")
        }
        PresentError::NothingChosen | PresentError::NoSuchFact { .. } | PresentError::NoSuchRow { .. } => {
            (Exit::Usage, "\"--dry-run\" without --fact and --rows shows what there is")
        }
        PresentError::BadNonce => (Exit::Usage, "give with --nonce the text that the reader gave you"),
        _ => (Exit::Failed, "nothing was passed on"),
    };
    Failure::new(exit, error.to_string()).help(help)
}
