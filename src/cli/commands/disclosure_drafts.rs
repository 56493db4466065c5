//! `disclosure draft`, `drafts`, `approve`, `seal`, `drop`: disclosures that somebody looks at before anything is signed.

use super::disclose::{Disclose, FormChoice, PreviewShape, Way, free_name, print_preview, tell};
use super::facts;
use super::shapes::iso;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, describe};
use crate::cli::output_file::{OutputFile, check_free};
use crate::cli::render::{Align, Cell, Table, Tone};
use crate::cli::session::Session;
use crate::cli::when::local;
use clap::Args;
use finvault::disclosure::{Decision, MAX_REVIEW_LEN};
use finvault::vault::{DraftRecord, DraftReviewer, DraftState, Vault, VaultError};
use jiff::Timestamp;
use serde::Serialize;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Make a draft that reviewers approve before anything is signed
///
/// Takes what "disclose" takes. The draft is sealed to its reviewers, who see all that it states; they are
/// recipients of yours with an ssh-ed25519 key. Nothing is signed as a disclosure before "disclosure seal".
#[derive(Debug, Args)]
pub struct Draft {
    /// Who must approve of it, beside those that "recipient limits --approval" names
    #[arg(long = "reviewer", value_name = "RECIPIENT", global = true)]
    reviewers: Vec<String>,
    #[command(subcommand)]
    what: Disclose,
}

/// Take in what a reviewer of a draft sent back
#[derive(Debug, Args)]
pub struct Approve {
    /// The draft's number, as "disclosure drafts" shows it
    id: i64,
    /// The file that they wrote with "finvault review"
    file: PathBuf,
}

/// Sign and seal a draft, once every reviewer approved of it
///
/// Exactly the bytes that they approved are signed, and only if the records still say the same. What they
/// endorsed travels with it.
#[derive(Debug, Args)]
pub struct Seal {
    /// The draft's number, as "disclosure drafts" shows it
    id: i64,
    #[command(flatten)]
    form: FormChoice,
    /// The file to write [default: disclosure-RECIPIENT-DAY here, ending in .age, .html or .jwe]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace that file if it exists
    #[arg(long, requires = "output")]
    force: bool,
    /// Go ahead without being asked
    #[arg(long)]
    yes: bool,
    /// Only show what would leave
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
pub(super) struct DraftShape<'a> {
    draft: i64,
    jti: &'a str,
    recipient: &'a str,
    purpose: &'a str,
    drafted: String,
    expires: String,
    expired: bool,
    state: &'static str,
    disclosure: Option<i64>,
    disclosure_sha256: String,
    issuer: &'a str,
    issuer_words: &'a str,
    reviewers: Vec<ReviewerShape<'a>>,
    missing: Vec<&'a str>,
    sentences: &'a [String],
    facts: Vec<facts::FactShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Vec<String>>,
}

#[derive(Serialize)]
struct ReviewerShape<'a> {
    reviewer: &'a str,
    fingerprint: String,
    decision: Option<&'static str>,
    note: Option<&'a str>,
    decided: Option<String>,
    endorsed_as: Option<&'a str>,
}

impl<'a> DraftShape<'a> {
    pub(super) fn new(draft: &'a DraftRecord, now: Timestamp) -> Self {
        let reviewers = draft.reviewers.iter().map(|reviewer| ReviewerShape {
            reviewer: &reviewer.name,
            fingerprint: reviewer.fingerprint.to_string(),
            decision: reviewer.decision.map(Decision::as_str),
            note: reviewer.note.as_deref(),
            decided: reviewer.decided.map(iso),
            endorsed_as: reviewer.endorsed_as.as_deref(),
        });
        Self {
            draft: draft.id,
            jti: &draft.jti,
            recipient: &draft.recipient.name,
            purpose: &draft.purpose,
            drafted: iso(draft.drafted),
            expires: iso(draft.expires),
            expired: draft.expires <= now,
            state: draft.state.as_str(),
            disclosure: draft.disclosure,
            disclosure_sha256: draft.digest.to_string(),
            issuer: &draft.recipient.issuer,
            issuer_words: &draft.recipient.issuer_words,
            reviewers: reviewers.collect(),
            missing: draft.missing(),
            sentences: &draft.sentences,
            facts: facts::shapes(&draft.facts),
            output: None,
            warnings: None,
        }
    }

    /// Adds where the draft was written, and what was warned of.
    pub(super) fn written(self, path: &Path, warnings: Vec<String>) -> Self {
        Self { output: Some(path.display().to_string()), warnings: Some(warnings), ..self }
    }
}

impl Draft {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        self.what.run_as(session, &Way::Draft(self.reviewers))
    }
}

/// Lists the drafts.
pub(super) fn list(vault: &Vault, session: &mut Session<'_>) -> Result<(), Failure> {
    let (drafts, now) = (vault.drafts()?, session.now());
    if session.console.is_json() {
        let shapes: Vec<DraftShape<'_>> = drafts.iter().map(|draft| DraftShape::new(draft, now)).collect();
        return session.console.json(&shapes);
    }
    if drafts.is_empty() {
        return session.console.say("No drafts yet.");
    }
    let mut table = Table::new(&[
        ("id", Align::Right),
        ("drafted", Align::Left),
        ("state", Align::Left),
        ("expires", Align::Left),
        ("recipient", Align::Left),
        ("purpose", Align::Left),
        ("reviews", Align::Left),
    ])
    .flexible(6);
    for draft in &drafts {
        let reviews: Vec<String> = draft.reviewers.iter().map(said).collect();
        table.row([
            Cell::new(draft.id.to_string()),
            Cell::new(local(draft.drafted)),
            Cell::toned(tone(draft, now), state(draft, now)),
            Cell::new(local(draft.expires)),
            Cell::new(&draft.recipient.name),
            Cell::new(&draft.purpose),
            Cell::new(reviews.join(", ")),
        ]);
    }
    session.console.table(&table)
}

/// Where a draft stands, in a word or two.
fn state(draft: &DraftRecord, now: Timestamp) -> String {
    match (draft.state, draft.disclosure) {
        (DraftState::Open, _) if draft.expires <= now => "expired".to_owned(),
        (DraftState::Sealed, Some(id)) => format!("sealed as {id}"),
        (state, _) => state.as_str().to_owned(),
    }
}

fn tone(draft: &DraftRecord, now: Timestamp) -> Tone {
    match draft.state {
        DraftState::Open if draft.expires <= now => Tone::Dim,
        DraftState::Open => Tone::Caution,
        DraftState::Sealed => Tone::Good,
        DraftState::Dropped => Tone::Dim,
    }
}

fn said(reviewer: &DraftReviewer) -> String {
    let role = reviewer.endorsed_as.as_ref().map(|role| format!(" as {role}")).unwrap_or_default();
    match reviewer.decision {
        None => format!("{}: missing", reviewer.name),
        Some(Decision::Approved) => format!("{}: approved{role}", reviewer.name),
        Some(Decision::Declined) => format!("{}: declined", reviewer.name),
    }
}

impl Approve {
    pub(super) fn run(self, vault: &mut Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let text = review_text(&self.file)?;
        let draft = vault.take_in_review(self.id, &text, session.now())?;
        if session.console.is_json() {
            return session.console.json(&DraftShape::new(&draft, session.now()));
        }
        for reviewer in &draft.reviewers {
            let tone = match reviewer.decision {
                None => Tone::Caution,
                Some(Decision::Approved) => Tone::Good,
                Some(Decision::Declined) => Tone::Bad,
            };
            let why = match (&reviewer.note, reviewer.decision) {
                (Some(note), Some(Decision::Declined)) => format!(": {note}"),
                _ => String::new(),
            };
            session.console.say_toned(&[(tone, &said(reviewer)), (Tone::Plain, &why)])?;
        }
        let all = draft.reviewers.iter().all(|reviewer| reviewer.decision == Some(Decision::Approved));
        if all {
            let id = draft.id;
            return session
                .console
                .say(format!("Every approval is there. Seal it with:  finvault disclosure seal {id}"));
        }
        session.console.say(format!("Draft {} cannot be sealed as it stands.", draft.id))
    }
}

fn review_text(path: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let limit = 2 * MAX_REVIEW_LEN as u64 + 1;
    std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(|error| {
        Failure::new(Exit::Failed, format!("cannot read {}: {}", path.display(), describe(&error)))
            .help("check the path and its permissions")
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Seal {
    pub(super) fn run(self, mut vault: Vault, session: &mut Session<'_>) -> Result<Exit, Failure> {
        if let Some(path) = &self.output {
            check_free(path, self.force)?;
        }
        if !self.yes && !self.dry_run && session.console.is_json() {
            return Err(Failure::usage("with --json nothing is asked")
                .help("give --yes to seal, or --dry-run to look"));
        }
        let now = session.now();
        let looked = vault.preview_sealing(self.id, now);
        if let (Err(error @ (VaultError::NotAllowed(_) | VaultError::Refused(_))), false) =
            (&looked, self.dry_run)
        {
            vault.log_draft_refusal(self.id, error, now)?;
        }
        let mut preview = looked?;
        let form = self.form.for_file(self.output.as_deref());
        preview.form = form.unwrap_or(preview.form);
        let draft = vault.draft_of(self.id)?;
        let notes = endorsers(&draft);
        if !session.console.is_json() {
            print_preview(&preview, &draft.purpose, true, session.console)?;
            for note in &notes {
                session.console.say(note)?;
            }
        }
        if self.dry_run {
            if session.console.is_json() {
                session.console.json(&PreviewShape::new(&preview, &notes))?;
            } else {
                session.console.say("Nothing was sealed: this was a dry run.")?;
            }
            return Ok(Exit::Done);
        }
        let name = &preview.recipient.name;
        if !self.yes && !session.console.confirm(&format!("Seal this for {name}?"), "--yes")? {
            session.console.say("Nothing was sealed.")?;
            return Ok(Exit::Failed);
        }
        let path = self
            .output
            .clone()
            .unwrap_or_else(|| free_name("disclosure", name, preview.form, session.today()));
        let mut file = OutputFile::begin(&path, self.force)?;
        let issued = vault.seal_draft_as(self.id, form, now, &mut |bytes| file.write(bytes))?;
        vault.close()?;
        file.keep()?;
        tell(&issued, &preview, &notes, &path, session.console)?;
        Ok(Exit::Done)
    }
}

/// Whose word travels with the disclosure.
fn endorsers(draft: &DraftRecord) -> Vec<String> {
    let endorsed = draft.reviewers.iter().filter_map(|reviewer| {
        let role = reviewer.endorsed_as.as_ref()?;
        Some(format!(
            "Endorsed by {} as {role}: their fingerprint, role and note travel with it.",
            reviewer.name
        ))
    });
    endorsed.collect()
}

/// Gives a draft up.
pub(super) fn give_up(id: i64, vault: &mut Vault, session: &mut Session<'_>) -> Result<(), Failure> {
    let draft = vault.drop_draft(id, session.now())?;
    if session.console.is_json() {
        return session.console.json(&DraftShape::new(&draft, session.now()));
    }
    session.console.say(format!("Dropped draft {id}. What its reviewers saw, they have seen."))
}
