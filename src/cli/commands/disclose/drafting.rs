//! From requests to a draft for reviewers: shows what they will see, asks, and tells what to do with the file.

use super::delivery::{Asked, Delivery, free_name};
use crate::cli::commands::disclosure_drafts::DraftShape;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output_file::OutputFile;
use crate::cli::render::Tone;
use crate::cli::session::Session;
use finvault::disclosure::SealedForm;
use finvault::vault::{Vault, VaultError};

impl Delivery {
    /// Makes a draft for the reviewers of those names and those whom the recipient's policy names.
    pub(super) fn draft(
        &self,
        mut vault: Vault,
        session: &mut Session<'_>,
        asked: Asked,
        reviewers: &[String],
    ) -> Result<Exit, Failure> {
        let Asked { request, mut notes, recipient } = asked;
        let ids: Vec<i64> = reviewers
            .iter()
            .map(|name| vault.recipient(name).map(|reviewer| reviewer.id))
            .collect::<Result<_, _>>()?;
        // The moment of the preview is the moment of issue: what was looked at is what is drafted.
        let now = session.now();
        let looked = vault.preview_draft(&request, &ids, now);
        if let (Err(VaultError::NotAllowed(why)), false) = (&looked, self.dry_run) {
            vault.log_refusal(request.recipient, request.purpose.text(), why, now)?;
        }
        let (preview, names) = looked?;
        notes.push(format!("A draft: {} will see all of this now, to review it.", names.join(" and ")));
        if let Some(exit) = self.show(&preview, &request, &notes, session)? {
            return Ok(exit);
        }
        let refused = preview.refusal.is_some() && self.accept_risk.is_none();
        let question = format!("Make this draft for {recipient}?");
        if !refused && !self.yes && !session.console.confirm(&question, "--yes")? {
            session.console.say("No draft was made.")?;
            return Ok(Exit::Failed);
        }
        let path = match &self.output {
            Some(path) => path.clone(),
            None => free_name("draft", &recipient, SealedForm::Age, session.today()),
        };
        let mut sealed = OutputFile::begin(&path, self.force)?;
        let draft = vault.draft(&request, &ids, now, &mut |bytes| sealed.write(bytes))?;
        vault.close()?;
        sealed.keep()?;
        if session.console.is_json() {
            let shape = DraftShape::new(&draft, now).written(&path, preview.warnings.clone());
            session.console.json(&shape)?;
            return Ok(Exit::Done);
        }
        session.console.say_toned(&[
            (Tone::Good, "Drafted"),
            (Tone::Plain, &format!(" {}: draft {} for {}", path.display(), draft.id, names.join(" and "))),
        ])?;
        session
            .console
            .say("Nothing was signed as a disclosure. Send them the file; they look at it with:")?;
        session.console.say("  finvault review FILE --identity KEYFILE --approve --output REVIEW")?;
        session.console.say(format!(
            "Take in what they send back with:  finvault disclosure approve {} REVIEW",
            draft.id
        ))?;
        session
            .console
            .say(format!("They see that it is yours by this fingerprint:  {}", draft.recipient.issuer))?;
        session.console.say(format!("in words:  {}", draft.recipient.issuer_words))?;
        Ok(Exit::Done)
    }
}
