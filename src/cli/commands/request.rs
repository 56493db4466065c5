//! `request`: the partner's side of asking. Makes a request file, or says what one asks. Needs no vault.

use super::preset::{PresetValues, preset_failure};
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output_file::{OutputFile, check_free};
use crate::cli::session::Session;
use clap::{Args, Subcommand};
use finvault::disclosure::request::{
    FactSet, FactTemplate, InformationRequest, MAX_REQUEST_LEN, Preset, RequestedFact, Retention,
};
use finvault::disclosure::{OnwardSharing, Purpose};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Ask somebody for facts: make a request file, or read one
#[derive(Debug, Subcommand)]
pub enum Request {
    New(Box<New>),
    Show(Show),
}

/// Make a request file, for somebody to answer with "finvault disclose request"
#[derive(Debug, Args)]
pub struct New {
    /// Ask for what a preset states; --amount and the others tell the preset what it needs
    #[arg(long, value_name = "PRESET")]
    preset: Option<String>,
    #[command(flatten)]
    values: PresetValues,
    /// A fact in the words of docs/request-format.md; may be given several times
    #[arg(long, value_name = "JSON", required_unless_present = "preset")]
    fact: Vec<String>,
    /// Any one of the facts is enough
    #[arg(long)]
    one_of: bool,
    /// What the facts are for
    #[arg(long, value_name = "TEXT")]
    purpose: String,
    /// The purpose as a word for programs [default: the preset's, else other]
    #[arg(long, value_name = "CODE")]
    purpose_code: Option<String>,
    /// Who asks
    #[arg(long, value_name = "NAME")]
    requester: Option<String>,
    /// Your own reference
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
    /// The currency that amounts are in
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// For how many days the disclosure should hold
    #[arg(long, value_name = "DAYS")]
    expires_in_days: Option<u32>,
    /// For how many days you would keep the facts
    #[arg(long, value_name = "DAYS")]
    retain_days: Option<u32>,
    /// The file to write; "-" prints it
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace that file if it exists
    #[arg(long)]
    force: bool,
}

/// Say what a request asks for
#[derive(Debug, Args)]
pub struct Show {
    /// The request file
    file: PathBuf,
}

impl Request {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        match self {
            Self::New(asked) => asked.run(session),
            Self::Show(asked) => show(&read_request(&asked.file)?, session.console),
        }
    }
}

impl New {
    fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let preset = self.preset.as_deref().map(Preset::named).transpose().map_err(preset_failure)?;
        let mut values = self.values.given(session.today());
        // Whose account it is, which import vouches and what the receipt is, the owner says when answering.
        for parameter in preset.iter().flat_map(|preset| &preset.parameters).filter(|known| known.required) {
            if matches!(parameter.name.as_str(), "holder" | "import" | "receipt") {
                values.entry(parameter.name.clone()).or_default();
            }
        }
        let mut facts = match &preset {
            Some(preset) => preset.facts(&values).map_err(preset_failure)?,
            None => Vec::new(),
        };
        if preset.is_none() && !values.is_empty() {
            return Err(Failure::usage("--amount and the like are for presets")
                .help("name one with --preset, or write the amount into --fact"));
        }
        for text in &self.fact {
            facts.push(serde_json::from_str::<RequestedFact>(text).map_err(|error| {
                Failure::usage(format!("--fact is not a fact: {error}"))
                    .help("docs/request-format.md shows how facts are written")
            })?);
        }
        let code = self
            .purpose_code
            .clone()
            .or_else(|| preset.as_ref().map(|preset| preset.purpose.code().to_owned()))
            .unwrap_or_else(|| "other".to_owned());
        let usage = |message: String| Failure::usage(message);
        let purpose = Purpose::new(&code, &self.purpose).map_err(|error| usage(error.to_string()))?;
        let options = facts.iter().map(|fact| vec![fact.id.clone()]).collect();
        let mut request =
            InformationRequest::new(purpose, facts).map_err(|error| usage(error.to_string()))?;
        if self.one_of {
            request.fact_sets = vec![FactSet { options, required: true }];
        }
        request.requester = self.requester;
        request.reference = self.reference;
        request.currency = self.currency;
        request.expires_in_days =
            self.expires_in_days.or_else(|| preset.as_ref().map(|preset| preset.expires_in_days));
        request.retention = match self.retain_days {
            Some(retain_days) => Some(Retention {
                retain_days,
                onward_sharing: OnwardSharing::Prohibited,
                intent_to_retain: false,
            }),
            None => preset.as_ref().and_then(|preset| preset.retention),
        };
        let text = request.to_json().map_err(|error| usage(error.to_string()))?;
        if self.output.as_os_str() == "-" {
            session.console.raw(text.as_bytes())?;
            return Ok(Exit::Done);
        }
        check_free(&self.output, self.force)?;
        let mut file = OutputFile::begin(&self.output, self.force)?;
        file.write(text.as_bytes()).map_err(|error| Failure::io("write", &self.output, &error))?;
        file.keep()?;
        if !session.console.is_json() {
            session.console.say(format!("Wrote the request {}", self.output.display()))?;
        }
        Ok(Exit::Done)
    }
}

/// Reads a request file.
pub fn read_request(path: &Path) -> Result<InformationRequest, Failure> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_REQUEST_LEN as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::io("read", path, &error).help("check the path and its permissions"))?;
    InformationRequest::parse(&bytes).map_err(|error| {
        Failure::new(Exit::InputRejected, error.to_string())
            .at(path.display().to_string(), 0, "")
            .help("ask whoever sent it for one as docs/request-format.md describes")
    })
}

fn show(request: &InformationRequest, console: &mut Console) -> Result<Exit, Failure> {
    if console.is_json() {
        console.json(request)?;
        return Ok(Exit::Done);
    }
    let who = request.requester.as_deref().unwrap_or("somebody who gives no name");
    console.say(format!("A request that says it is from {who}; nothing vouches for that"))?;
    console.say(format!("  purpose:   {} ({})", request.purpose.text(), request.purpose.code()))?;
    if let Some(reference) = &request.reference {
        console.say(format!("  reference: {reference}"))?;
    }
    if let Some(retention) = request.retention {
        console.say(format!(
            "  retention: {} days; passing it on: {}; into their records: {}",
            retention.retain_days,
            retention.onward_sharing.as_str(),
            if retention.intent_to_retain { "yes" } else { "no" }
        ))?;
    }
    for set in request.sets() {
        let head = match (set.required, set.options.len()) {
            (true, 1) => "It needs",
            (true, _) => "It needs one of",
            (false, _) => "It would like, and does not insist on",
        };
        console.say(format!("{head}:"))?;
        for option in &set.options {
            console.say(format!("  {}", option.join(" and ")))?;
            for (id, fact) in option.iter().filter_map(|id| Some((id, request.fact(id)?))) {
                console.say(format!("    {id}: {}", in_json(fact)))?;
            }
        }
    }
    Ok(Exit::Done)
}

/// A fact as the request writes it: nothing of it is left out in the retelling.
fn in_json(fact: &FactTemplate) -> String {
    serde_json::to_string(fact).unwrap_or_else(|_| fact.kind().to_owned())
}
