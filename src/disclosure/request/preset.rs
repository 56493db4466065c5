//! Presets: the facts that do for what people are commonly asked, as data that a person can read and copy.

use super::{FactTemplate, RequestError, RequestedFact, Retention};
use crate::disclosure::json::parse_strict;
use crate::disclosure::terms::Purpose;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Every preset, as its file in `src/disclosure/presets`.
const PRESETS: [&str; 8] = [
    include_str!("../presets/rental-application.json"),
    include_str!("../presets/loan.json"),
    include_str!("../presets/proof-of-funds.json"),
    include_str!("../presets/expense-reimbursement.json"),
    include_str!("../presets/refund-dispute.json"),
    include_str!("../presets/tax-preparation.json"),
    include_str!("../presets/supplier-credit-check.json"),
    include_str!("../presets/card-question.json"),
];

/// Facts for one common purpose.
#[derive(Debug, Clone)]
pub struct Preset {
    /// Its name on the command line.
    pub name: String,
    /// What it is for, in a few words.
    pub title: String,
    /// What is commonly asked for instead.
    pub asked: String,
    /// What the disclosure states as its purpose.
    pub purpose: Purpose,
    /// For how many days it holds, unless the owner says otherwise.
    pub expires_in_days: u32,
    /// What is asked of the recipient.
    pub retention: Option<Retention>,
    /// What can or must be given.
    pub parameters: Vec<Parameter>,
    facts: Vec<Value>,
    text: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PresetFile {
    preset: String,
    title: String,
    asked: String,
    purpose: Purpose,
    expires_in_days: u32,
    #[serde(default)]
    retention: Option<Retention>,
    parameters: Vec<Parameter>,
    facts: Vec<Value>,
}

/// Something that a preset is told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name, for example `amount`.
    pub name: String,
    /// What it is.
    pub what: String,
    /// Whether the preset says nothing without it.
    pub required: bool,
}

/// Why a preset states nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PresetError {
    /// No preset of that name.
    #[error("there is no preset \"{0}\"")]
    Unknown(String),
    /// A parameter that is needed was not given.
    #[error("the preset \"{preset}\" needs \"{parameter}\": {what}")]
    Missing {
        /// The preset.
        preset: String,
        /// The parameter.
        parameter: String,
        /// What it is.
        what: String,
    },
    /// A parameter that the preset does not know was given.
    #[error("the preset \"{preset}\" has no use for \"{parameter}\"")]
    Unused {
        /// The preset.
        preset: String,
        /// The parameter.
        parameter: String,
    },
    /// A value that does not fit its place, or a preset file that is not one.
    #[error("the preset does not fit together: {0}")]
    Form(String),
}

impl Preset {
    /// Every preset.
    ///
    /// # Errors
    /// [`PresetError::Form`] for a file that is none; a test reads them all.
    pub fn all() -> Result<Vec<Self>, PresetError> {
        PRESETS.into_iter().map(Self::parse).collect()
    }

    /// The preset of that name.
    ///
    /// # Errors
    /// [`PresetError::Unknown`].
    pub fn named(name: &str) -> Result<Self, PresetError> {
        let found = Self::all()?.into_iter().find(|preset| preset.name == name);
        found.ok_or_else(|| PresetError::Unknown(name.chars().take(64).collect()))
    }

    fn parse(text: &'static str) -> Result<Self, PresetError> {
        let form = |error: serde_json::Error| PresetError::Form(error.to_string());
        let value = parse_strict(text.as_bytes()).map_err(form)?;
        let file: PresetFile = serde_json::from_value(value).map_err(form)?;
        Ok(Self {
            name: file.preset,
            title: file.title,
            asked: file.asked,
            purpose: file.purpose,
            expires_in_days: file.expires_in_days,
            retention: file.retention,
            parameters: file.parameters,
            facts: file.facts,
            text,
        })
    }

    /// The file, to read and to copy.
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// The facts with values in the places of parameters: `"$amount"` becomes the value of `amount`, `"-$amount"` that
    /// with a minus. A member whose parameter is not given is left out, and so is a fact that `needs` one.
    ///
    /// # Errors
    /// [`PresetError`].
    pub fn facts(&self, values: &BTreeMap<String, String>) -> Result<Vec<RequestedFact>, PresetError> {
        for parameter in &self.parameters {
            if parameter.required && !values.contains_key(&parameter.name) {
                return Err(PresetError::Missing {
                    preset: self.name.clone(),
                    parameter: parameter.name.clone(),
                    what: parameter.what.clone(),
                });
            }
        }
        if let Some(unused) =
            values.keys().find(|name| !self.parameters.iter().any(|known| known.name == **name))
        {
            return Err(PresetError::Unused { preset: self.name.clone(), parameter: unused.clone() });
        }
        let mut facts = Vec::with_capacity(self.facts.len());
        for fact in &self.facts {
            let mut fact = fact.clone();
            let needs = fact.as_object_mut().and_then(|members| members.remove("needs"));
            let needs: Vec<String> = match needs {
                Some(needs) => {
                    serde_json::from_value(needs).map_err(|error| PresetError::Form(error.to_string()))?
                }
                None => Vec::new(),
            };
            if needs.iter().any(|name| !values.contains_key(name)) {
                continue;
            }
            let Some(filled) = fill(fact, values)? else { continue };
            facts.push(serde_json::from_value(filled).map_err(|error| PresetError::Form(error.to_string()))?);
        }
        Ok(facts)
    }

    /// The facts alone, without their ids.
    ///
    /// # Errors
    /// As [`Preset::facts`].
    pub fn templates(&self, values: &BTreeMap<String, String>) -> Result<Vec<FactTemplate>, PresetError> {
        Ok(self.facts(values)?.into_iter().map(|requested| requested.fact).collect())
    }
}

impl From<RequestError> for PresetError {
    fn from(error: RequestError) -> Self {
        Self::Form(error.to_string())
    }
}

/// Puts values in the places of parameters; none where the place itself goes.
fn fill(value: Value, values: &BTreeMap<String, String>) -> Result<Option<Value>, PresetError> {
    Ok(match value {
        Value::String(text) => {
            let (sign, name) = match (text.strip_prefix("-$"), text.strip_prefix('$')) {
                (Some(name), _) => ("-", name),
                (None, Some(name)) => ("", name),
                (None, None) => return Ok(Some(Value::String(text))),
            };
            values.get(name).map(|value| Value::String(format!("{sign}{value}")))
        }
        Value::Array(items) => {
            let filled: Result<Vec<_>, _> = items.into_iter().map(|item| fill(item, values)).collect();
            Some(Value::Array(filled?.into_iter().flatten().collect()))
        }
        Value::Object(members) => {
            let mut filled = serde_json::Map::new();
            for (name, member) in members {
                if let Some(member) = fill(member, values)? {
                    filled.insert(name, member);
                }
            }
            Some(Value::Object(filled))
        }
        other => Some(other),
    })
}
