//! `recipient`: add, list, show, remove those you disclose to.

use super::shapes::iso;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table};
use crate::cli::session::Session;
use crate::cli::when::local;
use clap::Subcommand;
use finvault::vault::{self, Vault};
use serde::Serialize;

/// Add, list, show and remove those you disclose to
#[derive(Debug, Subcommand)]
pub enum Recipient {
    /// Add a recipient
    ///
    /// With a key, only the holder of its private half reads what you disclose. Without one, each disclosure
    /// is sealed under a passcode of its own, which you pass on by another way.
    Add {
        /// What you call them
        name: String,
        /// Their public key: "age1..." or "ssh-ed25519 ..."
        #[arg(long)]
        key: Option<String>,
    },
    /// List the recipients
    List,
    /// Show one recipient
    Show {
        /// Their name
        #[arg(value_name = "RECIPIENT")]
        name: String,
    },
    Policy(super::recipient_policy::Policy),
    /// Remove a recipient; what was disclosed to them stays in the log
    Remove {
        /// Their name
        #[arg(value_name = "RECIPIENT")]
        name: String,
    },
}

#[derive(Serialize)]
struct RecipientShape {
    recipient: String,
    key: Option<String>,
    issuer: String,
    added: String,
    removed: Option<String>,
}

impl From<&vault::Recipient> for RecipientShape {
    fn from(recipient: &vault::Recipient) -> Self {
        Self {
            recipient: recipient.name.clone(),
            key: recipient.key.clone(),
            issuer: recipient.issuer.clone(),
            added: iso(recipient.added),
            removed: recipient.removed.map(iso),
        }
    }
}

impl Recipient {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        if let Self::Policy(command) = self {
            return command.run(session);
        }
        let mut vault = session.open_vault()?;
        match self {
            Self::Policy(_) => {}
            Self::Add { name, key } => {
                let added = vault.add_recipient(&name, key.as_deref(), session.now())?;
                tell(&added, "Added", session)?;
            }
            Self::List => list(&vault, session)?,
            Self::Show { name } => show(&vault.recipient(&name)?, session)?,
            Self::Remove { name } => {
                let id = vault.recipient(&name)?.id;
                let removed = vault.remove_recipient(id, session.now())?;
                tell(&removed, "Removed", session)?;
            }
        }
        vault.close()?;
        Ok(Exit::Done)
    }
}

fn tell(recipient: &vault::Recipient, done: &str, session: &mut Session<'_>) -> Result<(), Failure> {
    if session.console.is_json() {
        return session.console.json(&RecipientShape::from(recipient));
    }
    session.console.say(format!("{done} {}", recipient.name))?;
    if recipient.removed.is_none() {
        session.console.say(format!("  sealing:  {}", sealing(recipient)))?;
        session.console.say(format!("  you sign for them with:  {}", recipient.issuer))?;
        session.console.say(
            "  Tell them this fingerprint, by phone or in person: it is how they know your disclosures.",
        )?;
    }
    Ok(())
}

fn sealing(recipient: &vault::Recipient) -> String {
    match &recipient.key {
        Some(key) => key.clone(),
        None => "a new passcode for each disclosure".to_owned(),
    }
}

fn list(vault: &Vault, session: &mut Session<'_>) -> Result<(), Failure> {
    let recipients = vault.recipients()?;
    if session.console.is_json() {
        let shapes: Vec<RecipientShape> = recipients.iter().map(RecipientShape::from).collect();
        return session.console.json(&shapes);
    }
    if recipients.is_empty() {
        return session.console.say("No recipients yet.");
    }
    let mut table = Table::new(&[
        ("recipient", Align::Left),
        ("added", Align::Left),
        ("sealing", Align::Left),
        ("removed", Align::Left),
    ])
    .flexible(2);
    for recipient in &recipients {
        table.row([
            Cell::new(&recipient.name),
            Cell::new(local(recipient.added)),
            Cell::new(recipient.key.as_deref().unwrap_or("passcode")),
            Cell::new(recipient.removed.map(local).unwrap_or_default()),
        ]);
    }
    session.console.table(&table)
}

fn show(recipient: &vault::Recipient, session: &mut Session<'_>) -> Result<(), Failure> {
    if session.console.is_json() {
        return session.console.json(&RecipientShape::from(recipient));
    }
    let mut table = Table::new(&[("recipient", Align::Left), ("", Align::Left)]);
    let mut line = |title: &str, text: String| table.row([Cell::new(title), Cell::new(text)]);
    line("name", recipient.name.clone());
    line("sealing", sealing(recipient));
    line("you sign with", recipient.issuer.clone());
    line("added", local(recipient.added));
    if let Some(removed) = recipient.removed {
        line("removed", local(removed));
    }
    session.console.table(&table)
}
