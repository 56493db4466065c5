//! `csv-profile`: the layouts of CSV files that the vault keeps, and those that come with finvault.

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::profiles;
use crate::cli::render::{Align, Cell, Table};
use crate::cli::session::Session;
use clap::Subcommand;
use finvault::statement::CsvProfile as Profile;
use finvault::vault::Vault;
use serde::Serialize;
use std::path::PathBuf;

/// Keep, list, show and remove layouts of CSV files
///
/// A profile says what the columns of a CSV file mean, or answers what the file leaves open. One that lists names of
/// columns under "recognised_by" is used for every file that has them; any other is named with "import --profile".
#[derive(Debug, Subcommand)]
pub enum CsvProfile {
    /// List the profiles: your own, then those that come with finvault
    List,
    /// Print a profile, as a start for one of your own
    Show {
        /// Its name
        name: String,
    },
    /// Keep a profile in the vault
    Add {
        /// The JSON file it is in; "finvault import --help" says what goes into it
        file: PathBuf,
        /// Put it in the place of one of the same name
        #[arg(long)]
        replace: bool,
    },
    /// Remove a profile of your own; what was imported with it stays
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Serialize)]
struct ProfileShape<'a> {
    name: &'a str,
    own: bool,
    recognised: bool,
}

impl CsvProfile {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let mut vault = session.open_vault()?;
        match self {
            Self::List => list(&vault, session)?,
            Self::Show { name } => {
                let profile = vault.csv_profile(&name)?;
                session.console.say(profile.json().trim_end())?;
            }
            Self::Add { file, replace } => {
                let profile = profiles::read(&file.display().to_string(), &[])?;
                vault.keep_csv_profile(&profile, replace)?;
                tell("Kept", profile.name(), session)?;
            }
            Self::Remove { name } => {
                vault.remove_csv_profile(&name)?;
                tell("Removed", &name, session)?;
            }
        }
        vault.close()?;
        Ok(Exit::Done)
    }
}

fn tell(done: &str, name: &str, session: &mut Session<'_>) -> Result<(), Failure> {
    if session.console.is_json() {
        return session.console.json(&serde_json::json!({ "name": name }));
    }
    session.console.say(format!("{done} the profile {name}"))
}

fn list(vault: &Vault, session: &mut Session<'_>) -> Result<(), Failure> {
    let own = vault.csv_profiles()?;
    let built_in: Vec<Profile> =
        Profile::builtin_names().filter_map(|name| Profile::builtin(name).ok()).collect();
    let all =
        own.iter().map(|profile| (profile, true)).chain(built_in.iter().map(|profile| (profile, false)));
    if session.console.is_json() {
        let shapes: Vec<ProfileShape<'_>> = all
            .map(|(profile, own)| ProfileShape {
                name: profile.name(),
                own,
                recognised: profile.is_recognised(),
            })
            .collect();
        return session.console.json(&shapes);
    }
    let columns = [("profile", Align::Left), ("whose", Align::Left), ("used", Align::Left)];
    let mut table = Table::new(&columns);
    for (profile, own) in all {
        let used = if profile.is_recognised() { "for files with its columns" } else { "where it is named" };
        let whose = if own { "yours" } else { "finvault's" };
        table.row([Cell::new(profile.name()), Cell::new(whose), Cell::new(used)]);
    }
    session.console.table(&table)
}
