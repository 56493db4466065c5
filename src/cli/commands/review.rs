//! `review`: the reviewer's side of a draft. Shows it, and signs what they decide; needs no vault.

use super::facts;
use super::open::{identities, not_opened, not_verified, read};
use super::receipt::signing_key;
use super::shapes::iso;
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::known_signers::KnownSigners;
use crate::cli::output_file::{check_free, write_new};
use crate::cli::render::Tone;
use crate::cli::session::Session;
use crate::cli::when::local;
use clap::{ArgGroup, Args};
use finvault::disclosure::{
    Decision, DraftForReview, OpenWith, ReceiptKey, ReviewError, ReviewFile, fingerprint_words,
    make_approval, make_endorsement, open_draft,
};
use jiff::Timestamp;
use serde::Serialize;
use std::path::PathBuf;

/// Look at a draft that you are asked to review, and sign what you decide; needs no vault
///
/// Nothing in a draft is signed as a disclosure yet. With --approve or --decline your decision goes into a
/// file, which you send back to the owner. With --endorse you also sign, for the recipient to read, that you
/// checked the facts.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("decision"))]
pub struct Review {
    /// The file; "-" reads standard input
    file: PathBuf,
    /// Your secret key that opens it: what ssh-keygen or age-keygen wrote
    #[arg(long, value_name = "KEYFILE")]
    identity: PathBuf,
    /// Remember the owner: I compared the fingerprint with what they told me
    #[arg(long)]
    trust: bool,
    /// Sign that it may be sealed as it is
    #[arg(long, group = "decision", requires = "output")]
    approve: bool,
    /// Sign that it may not, and why; the owner alone reads that
    #[arg(long, value_name = "REASON", group = "decision", requires = "output")]
    decline: Option<String>,
    /// Sign, too, that you checked the facts, in this role, for example "CPA"; it travels with the disclosure
    #[arg(long, value_name = "ROLE", requires = "approve", conflicts_with = "decline")]
    endorse: Option<String>,
    /// Endorse only the fact of this number; give it once for each [default: all of them]
    #[arg(long = "fact", value_name = "N", requires = "endorse")]
    facts: Vec<usize>,
    /// Say this in the endorsement, to whoever reads the disclosure
    #[arg(long, value_name = "TEXT", requires = "endorse")]
    note: Option<String>,
    /// The ssh-ed25519 key to sign with [default: --identity]
    #[arg(long, value_name = "KEYFILE", requires = "decision")]
    sign_with: Option<PathBuf>,
    /// The file to write the decision into
    #[arg(long, value_name = "FILE", requires = "decision")]
    output: Option<PathBuf>,
    /// Replace that file if it exists
    #[arg(long, requires = "output")]
    force: bool,
}

#[derive(Serialize)]
struct ReviewShape<'a> {
    verdict: &'static str,
    issuer: String,
    issuer_words: String,
    known: bool,
    recipient: &'a str,
    purpose: &'a str,
    purpose_code: &'a str,
    drafted: String,
    valid_from: String,
    expires: String,
    retain_until: Option<String>,
    onward_sharing: &'static str,
    intent_to_retain: bool,
    jti: &'a str,
    disclosure_sha256: String,
    reviewers: Vec<String>,
    facts: Vec<facts::FactShape>,
    decision: Option<&'static str>,
    endorsed_as: Option<&'a str>,
    output: Option<String>,
}

impl Review {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        if let Some(path) = &self.output {
            check_free(path, self.force)?;
        }
        let draft = self.draft(session)?;
        let fingerprint = draft.proposed.issuer.to_string();
        let mut signers = KnownSigners::load(session.environment)?;
        let known = self.trust || signers.contains(&fingerprint);
        if !session.console.is_json() {
            print(&draft, known, session.console)?;
        }
        let decision = match (self.approve, &self.decline) {
            (true, _) => Some((Decision::Approved, None)),
            (false, Some(reason)) => Some((Decision::Declined, Some(reason.as_str()))),
            (false, None) => None,
        };
        if let Some((decision, reason)) = decision {
            if !known {
                return Err(Failure::new(Exit::UnknownSigner, "the owner of this draft is not known to you")
                    .help("compare the fingerprint with what they tell you, and give --trust too"));
            }
            self.sign(&draft, decision, reason, session.now())?;
        }
        // Only now, so that a command that fails remembers nothing.
        if self.trust {
            signers.remember(&fingerprint, &self.file.display().to_string(), session.now())?;
        }
        self.tell(&draft, known, decision.map(|(decision, _)| decision), session)?;
        Ok(if known { Exit::Done } else { Exit::UnknownSigner })
    }

    fn draft(&self, session: &mut Session<'_>) -> Result<DraftForReview, Failure> {
        let bytes = read(&self.file)?;
        let identities = identities(&self.identity, session.console)?;
        let text = match open_draft(&bytes, OpenWith::Identities(&identities)) {
            Ok(text) => text,
            Err(error) => return Err(not_opened(error, session.console)?),
        };
        match DraftForReview::read(&text, session.now()) {
            Ok(draft) => Ok(draft),
            Err(error) => Err(not_verified(&error, session.console)?),
        }
    }

    /// Signs the decision, and the endorsement if one is asked for, into the file.
    fn sign(
        &self,
        draft: &DraftForReview,
        decision: Decision,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Some(output) = &self.output else { return Err(Failure::usage("name a file with --output")) };
        let key: ReceiptKey = signing_key(self.sign_with.as_ref().unwrap_or(&self.identity))?;
        let approval = make_approval(draft, decision, reason, now, &key).map_err(unsigned)?;
        let endorsement = match &self.endorse {
            Some(role) => {
                let facts = self.facts.iter().map(|number| number.checked_sub(1));
                let facts: Vec<usize> =
                    facts.collect::<Option<_>>().ok_or_else(|| unsigned(ReviewError::BadFacts))?;
                let note = self.note.as_deref();
                Some(make_endorsement(draft, role, &facts, note, now, &key).map_err(unsigned)?)
            }
            None => None,
        };
        write_new(output, ReviewFile { approval, endorsement }.to_text().as_bytes(), self.force)
    }

    fn tell(
        &self,
        draft: &DraftForReview,
        known: bool,
        decision: Option<Decision>,
        session: &mut Session<'_>,
    ) -> Result<(), Failure> {
        let endorsed_as = self.endorse.as_deref().filter(|_| decision.is_some());
        if session.console.is_json() {
            let output = self.output.as_ref().map(|path| path.display().to_string());
            return session.console.json(&ReviewShape {
                decision: decision.map(Decision::as_str),
                endorsed_as,
                output,
                ..ReviewShape::new(draft, known)
            });
        }
        let (Some(decision), Some(path)) = (decision, &self.output) else {
            return session.console.say("Sign what you decide with --approve or --decline REASON.");
        };
        let tone = if decision == Decision::Approved { Tone::Good } else { Tone::Bad };
        let role = endorsed_as.map(|role| format!(", and endorsed as {role}")).unwrap_or_default();
        let rest = format!("{role}: send {} to the owner", path.display());
        session.console.say_toned(&[(tone, decision.as_str()), (Tone::Plain, &rest)])
    }
}

fn unsigned(error: ReviewError) -> Failure {
    let help = match error {
        ReviewError::NotAReviewer => {
            "sign with the key that you gave the owner: name it with --sign-with, or ask them for another draft"
        }
        ReviewError::BadFacts => "name facts by the numbers above them, with --fact",
        _ => "say it shorter, in one line",
    };
    Failure::usage(error.to_string()).help(help)
}

impl<'a> ReviewShape<'a> {
    fn new(draft: &'a DraftForReview, known: bool) -> Self {
        let proposed = &draft.proposed;
        Self {
            verdict: "draft",
            issuer: proposed.issuer.to_string(),
            issuer_words: fingerprint_words(&proposed.issuer),
            known,
            recipient: &draft.recipient,
            purpose: proposed.purpose.text(),
            purpose_code: proposed.purpose.code(),
            drafted: iso(draft.drafted),
            valid_from: iso(proposed.not_before),
            expires: iso(proposed.expires),
            retain_until: proposed.terms.retain_until.map(|day| day.to_string()),
            onward_sharing: proposed.terms.onward_sharing.as_str(),
            intent_to_retain: proposed.terms.intent_to_retain,
            jti: &proposed.id,
            disclosure_sha256: proposed.digest.to_string(),
            reviewers: draft.reviewers.iter().map(ToString::to_string).collect(),
            facts: facts::shapes(&proposed.facts),
            decision: None,
            endorsed_as: None,
            output: None,
        }
    }
}

fn print(draft: &DraftForReview, known: bool, console: &mut Console) -> Result<(), Failure> {
    let proposed = &draft.proposed;
    console.say_toned(&[
        (Tone::Caution, "A draft"),
        (Tone::Plain, ": nothing in it was signed as a disclosure; you are asked to review it"),
    ])?;
    let owner = if known { "an owner you know" } else { "an owner you do not know: compare the fingerprint" };
    console.say(format!("  from:       {owner}"))?;
    console.say(format!("  drafted by: {}", proposed.issuer))?;
    console.say(format!("  in words:   {}", fingerprint_words(&proposed.issuer)))?;
    console.say(format!("  for:        {}, as the owner calls them", draft.recipient))?;
    console.say(format!("  purpose:    {}", proposed.purpose.text()))?;
    console.say(format!("  drafted:    {}", local(draft.drafted)))?;
    console.say(format!("  expires:    {}", local(proposed.expires)))?;
    if let Some(day) = proposed.terms.retain_until {
        let sharing = proposed.terms.onward_sharing.as_str();
        console.say(format!("  terms:      keep it until {day} at most; passing it on: {sharing}"))?;
    }
    console.say(format!("  SHA-256:    {}", proposed.digest))?;
    console.say("")?;
    facts::print_numbered(&proposed.facts, console)?;
    console.say("")
}
