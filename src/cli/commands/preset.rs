//! `preset`: what does for purposes that people are often asked about. Needs no vault.

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table};
use crate::cli::session::Session;
use crate::cli::when::{Day, parse_day};
use clap::{Args, Subcommand};
use finvault::disclosure::request::{Preset as Known, PresetError};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeMap;

/// Show the presets: which facts do for what people are often asked
#[derive(Debug, Subcommand)]
pub enum Preset {
    /// List them, with what is usually asked for
    List,
    /// Show one as the file that it is, to read or to copy
    Show {
        /// Its name
        name: String,
    },
}

/// What a preset can be told.
#[derive(Debug, Args)]
pub struct PresetValues {
    /// An amount, where the preset has one
    #[arg(long, value_name = "AMOUNT")]
    amount: Option<String>,
    /// A text that the payee contains, where the preset is about one
    #[arg(long, value_name = "TEXT")]
    payee: Option<String>,
    /// The first day, where the preset has a window of its own
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    from: Option<Day>,
    /// The last day
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    until: Option<Day>,
    /// Whose account it is
    #[arg(long, value_name = "NAME")]
    pub holder: Option<String>,
    /// The import whose file vouches for it
    #[arg(long, value_name = "N")]
    pub import: Option<i64>,
    /// The attachment that is its receipt
    #[arg(long, value_name = "ID")]
    pub receipt: Option<i64>,
}

impl PresetValues {
    /// The values by the names that presets use.
    pub fn given(&self, today: Date) -> BTreeMap<String, String> {
        let day = |day: Option<Day>| day.map(|day| day.resolve(today).to_string());
        [
            ("amount", self.amount.clone()),
            ("payee", self.payee.clone()),
            ("from", day(self.from)),
            ("until", day(self.until)),
            ("holder", self.holder.clone()),
            ("import", self.import.map(|import| import.to_string())),
            ("receipt", self.receipt.map(|receipt| receipt.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
    }
}

/// A preset that cannot be used as it was asked for.
pub fn preset_failure(error: PresetError) -> Failure {
    let help = match &error {
        PresetError::Missing { parameter, .. } => format!("give it with --{parameter}"),
        PresetError::Unused { parameter, .. } => format!("leave --{parameter} out"),
        PresetError::Unknown(_) => "see the names with: finvault preset list".to_owned(),
        _ => "compare what you gave with: finvault preset show NAME".to_owned(),
    };
    Failure::usage(error.to_string()).help(help)
}

#[derive(Serialize)]
struct PresetShape {
    preset: String,
    title: String,
    asked: String,
    purpose_code: String,
    parameters: Vec<ParameterShape>,
}

#[derive(Serialize)]
struct ParameterShape {
    name: String,
    what: String,
    required: bool,
}

impl Preset {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Show { name } => {
                let preset = Known::named(&name).map_err(preset_failure)?;
                session.console.raw(preset.text().as_bytes())?;
            }
            Self::List => list(session)?,
        }
        Ok(Exit::Done)
    }
}

fn list(session: &mut Session<'_>) -> Result<(), Failure> {
    let presets = Known::all().map_err(preset_failure)?;
    if session.console.is_json() {
        let shapes: Vec<PresetShape> = presets.into_iter().map(PresetShape::from).collect();
        return session.console.json(&shapes);
    }
    let mut table =
        Table::new(&[("preset", Align::Left), ("they ask for", Align::Left), ("tell it with", Align::Left)])
            .flexible(1);
    for preset in presets {
        let parameters = preset.parameters.iter().map(|parameter| {
            if parameter.required {
                format!("--{}", parameter.name)
            } else {
                format!("[--{}]", parameter.name)
            }
        });
        let parameters: Vec<String> = parameters.collect();
        table.row([Cell::new(&preset.name), Cell::new(&preset.asked), Cell::new(parameters.join(" "))]);
    }
    session.console.table(&table)
}

impl From<Known> for PresetShape {
    fn from(preset: Known) -> Self {
        let parameters = preset.parameters.into_iter().map(|parameter| ParameterShape {
            name: parameter.name,
            what: parameter.what,
            required: parameter.required,
        });
        Self {
            preset: preset.name,
            title: preset.title,
            asked: preset.asked,
            purpose_code: preset.purpose.code().to_owned(),
            parameters: parameters.collect(),
        }
    }
}
