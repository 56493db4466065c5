//! `profile`: who the owner is, for disclosures that are to say so.

use super::disclose::parse_profile_field;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table};
use crate::cli::session::Session;
use clap::{ArgGroup, Args, Subcommand};
use finvault::ledger::{self, ProfileField};
use std::collections::BTreeMap;

/// Keep your name and how to reach you, for disclosures that are to say so
#[derive(Debug, Subcommand)]
pub enum Profile {
    /// Show your profile
    Show,
    Set(Set),
    /// Take fields away
    Clear {
        /// Which ones: name, business, email, phone, address, tax-id
        #[arg(required = true, value_name = "FIELD", value_parser = parse_profile_field)]
        fields: Vec<ProfileField>,
    },
}

/// Set fields of your profile
///
/// They stay in the vault. Each leaves only in a disclosure that asks for just that field, as "disclose account
/// --from-profile name,email" does.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("field").required(true).multiple(true))]
pub struct Set {
    /// Your name
    #[arg(long, value_name = "TEXT", group = "field")]
    name: Option<String>,
    /// Your business's name
    #[arg(long, value_name = "TEXT", group = "field")]
    business: Option<String>,
    /// Your e-mail address
    #[arg(long, value_name = "TEXT", group = "field")]
    email: Option<String>,
    /// Your telephone number
    #[arg(long, value_name = "TEXT", group = "field")]
    phone: Option<String>,
    /// Your postal address, on one line
    #[arg(long, value_name = "TEXT", group = "field")]
    address: Option<String>,
    /// Your tax identification number
    #[arg(long, value_name = "TEXT", group = "field")]
    tax_id: Option<String>,
}

impl Profile {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let mut vault = session.open_vault()?;
        let profile = match self {
            Self::Show => vault.profile()?,
            Self::Set(set) => vault.set_profile(&set.fields())?,
            Self::Clear { fields } => vault.clear_profile(&fields)?,
        };
        vault.close()?;
        show(&profile, session)?;
        Ok(Exit::Done)
    }
}

impl Set {
    fn fields(self) -> Vec<(ProfileField, String)> {
        [
            (ProfileField::Name, self.name),
            (ProfileField::Business, self.business),
            (ProfileField::Email, self.email),
            (ProfileField::Phone, self.phone),
            (ProfileField::Address, self.address),
            (ProfileField::TaxId, self.tax_id),
        ]
        .into_iter()
        .filter_map(|(field, value)| Some((field, value?)))
        .collect()
    }
}

fn show(profile: &ledger::Profile, session: &mut Session<'_>) -> Result<(), Failure> {
    if session.console.is_json() {
        let shape: BTreeMap<String, Option<&str>> = ProfileField::ALL
            .into_iter()
            .map(|field| (field.as_str().replace('-', "_"), profile.get(field)))
            .collect();
        return session.console.json(&shape);
    }
    if profile.is_empty() {
        return session.console.say("Your profile is empty. \"finvault profile set --name TEXT\" begins it.");
    }
    let mut table = Table::new(&[("profile", Align::Left), ("", Align::Left)]).flexible(1);
    for (field, value) in profile.fields() {
        table.row([Cell::new(field.as_str()), Cell::new(value)]);
    }
    session.console.table(&table)
}
