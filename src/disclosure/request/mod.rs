//! Requests: what a partner asks for, and presets for what people are really asked for.
//!
//! A partner writes an [`InformationRequest`] as a JSON file (`docs/request-format.md`); it follows the Digital
//! Credentials Query Language of OpenID4VP 1.0: facts with ids, and sets of which one option each is enough. A [`Preset`]
//! is the same idea on the owner's side: facts for one common purpose, with parameters. Both are read strictly, since
//! a request comes from outside: nothing unknown, nothing twice, nothing large or deep.

mod preset;
mod template;

pub use preset::{Parameter, Preset, PresetError};
pub use template::{
    AccountTemplate, AmountText, BalanceRangeTemplate, BalanceTemplate, Bound, DayTemplate, DocumentKind,
    DocumentTemplate, FactTemplate, FilterTemplate, ParticularField, RowField, ThresholdTemplate,
    TotalsTemplate, TransactionsTemplate, Way, WindowTemplate,
};

use super::json::{is_plain, parse_strict};
use super::terms::{OnwardSharing, Purpose};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashSet;

/// The version of the format.
const VERSION: u64 = 1;
/// The largest request, in bytes.
pub const MAX_REQUEST_LEN: usize = 64 * 1024;
/// The most facts that one request names.
pub const MAX_REQUEST_FACTS: usize = 32;
/// The most sets, and the most options of a set.
pub const MAX_REQUEST_SETS: usize = 16;
const MAX_TEXT_LEN: usize = 200;
const MAX_ID_LEN: usize = 32;

/// What a partner asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InformationRequest {
    finvault_request: u64,
    /// The partner's own reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Who asks, in their own words; nothing vouches for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// What for.
    pub purpose: Purpose,
    /// The currency that amounts are in; the account has to be in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// For how long the disclosure should hold, in days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_days: Option<u32>,
    /// What the partner would do with the facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// The facts.
    pub facts: Vec<RequestedFact>,
    /// Of which facts one option each is enough; none means that all facts are asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fact_sets: Vec<FactSet>,
}

/// What a partner would do with the facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// For how many days they would keep them.
    pub retain_days: u32,
    /// Whether they would pass them on.
    #[serde(default)]
    pub onward_sharing: OnwardSharing,
    /// Whether the facts would go into their records.
    #[serde(default)]
    pub intent_to_retain: bool,
}

/// A fact with the id that sets name it by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct RequestedFact {
    /// The id: 1 to 32 of `a-z 0-9 - _`.
    pub id: String,
    /// The fact.
    pub fact: FactTemplate,
}

/// Options of which one is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactSet {
    /// Each a list of ids of facts that together would do.
    pub options: Vec<Vec<String>>,
    /// Whether one of them is needed at all.
    #[serde(default = "yes")]
    pub required: bool,
}

const fn yes() -> bool {
    true
}

impl TryFrom<Value> for RequestedFact {
    type Error = String;

    fn try_from(mut value: Value) -> Result<Self, String> {
        let id = value.as_object_mut().and_then(|members| members.remove("id"));
        let Some(Value::String(id)) = id else { return Err("a fact without an id".to_owned()) };
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
        if !(1..=MAX_ID_LEN).contains(&id.len()) || !id.bytes().all(good) {
            return Err(format!("an id is 1 to {MAX_ID_LEN} of a-z, 0-9, - and _"));
        }
        let fact = serde_json::from_value(value).map_err(|error| format!("fact \"{id}\": {error}"))?;
        Ok(Self { id, fact })
    }
}

impl From<RequestedFact> for Value {
    fn from(requested: RequestedFact) -> Self {
        let mut members = serde_json::Map::new();
        members.insert("id".to_owned(), Self::String(requested.id));
        if let Ok(Self::Object(fact)) = serde_json::to_value(requested.fact) {
            members.extend(fact);
        }
        Self::Object(members)
    }
}

/// Why a text is no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// More than [`MAX_REQUEST_LEN`] bytes.
    #[error("the request is larger than {} KiB", MAX_REQUEST_LEN / 1024)]
    TooLarge,
    /// Not JSON, or JSON that two readers could read differently.
    #[error("the request is not strict JSON: {0}")]
    Json(String),
    /// A member that is unknown, missing or of another form.
    #[error("the request is not of the documented form: {0}")]
    Form(String),
    /// Well-formed, and makes no sense.
    #[error("the request contradicts itself: {0}")]
    Contradiction(&'static str),
}

impl InformationRequest {
    /// A request for all of these facts.
    ///
    /// # Errors
    /// [`RequestError::Contradiction`] for no facts, too many, or two of one id.
    pub fn new(purpose: Purpose, facts: Vec<RequestedFact>) -> Result<Self, RequestError> {
        let request = Self {
            finvault_request: VERSION,
            reference: None,
            requester: None,
            purpose,
            currency: None,
            expires_in_days: None,
            retention: None,
            facts,
            fact_sets: Vec::new(),
        };
        request.check()?;
        Ok(request)
    }

    /// Reads a request.
    ///
    /// # Errors
    /// [`RequestError`]; nothing of a request that is not wholly understood is used.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        if bytes.len() > MAX_REQUEST_LEN {
            return Err(RequestError::TooLarge);
        }
        let value = parse_strict(bytes).map_err(|error| RequestError::Json(error.to_string()))?;
        let request: Self =
            serde_json::from_value(value).map_err(|error| RequestError::Form(error.to_string()))?;
        request.check()?;
        Ok(request)
    }

    /// The request as a file, for people and programs.
    ///
    /// # Errors
    /// [`RequestError`] where a field was set to what no reader would take.
    pub fn to_json(&self) -> Result<String, RequestError> {
        let mut text =
            serde_json::to_string_pretty(self).map_err(|error| RequestError::Json(error.to_string()))?;
        text.push('\n');
        match Self::parse(text.as_bytes())? {
            read if read == *self => Ok(text),
            _ => Err(RequestError::Contradiction("it would be read differently than it was meant")),
        }
    }

    /// The sets: those that are there, or one of all facts.
    pub fn sets(&self) -> Vec<FactSet> {
        if !self.fact_sets.is_empty() {
            return self.fact_sets.clone();
        }
        let all = self.facts.iter().map(|fact| fact.id.clone()).collect();
        vec![FactSet { options: vec![all], required: true }]
    }

    /// The fact of that id.
    pub fn fact(&self, id: &str) -> Option<&FactTemplate> {
        self.facts.iter().find(|fact| fact.id == id).map(|fact| &fact.fact)
    }

    fn check(&self) -> Result<(), RequestError> {
        let wrong = |what| Err(RequestError::Contradiction(what));
        if self.finvault_request != VERSION {
            return wrong("another version of the format");
        }
        let bad_text = |text: &String| text.trim().is_empty() || text.len() > MAX_TEXT_LEN || !is_plain(text);
        if self.reference.iter().chain(&self.requester).chain(&self.currency).any(bad_text) {
            return wrong("a text that is empty, too long or not plain");
        }
        if self.expires_in_days.is_some_and(|days| !(1..=365).contains(&days)) {
            return wrong("it would have to hold for less than a day or more than 365");
        }
        if self.retention.is_some_and(|retention| retention.retain_days > 36_525) {
            return wrong("it would be kept for more than a century");
        }
        if self.facts.is_empty() || self.facts.len() > MAX_REQUEST_FACTS {
            return wrong("it asks for no fact, or for too many");
        }
        let ids: HashSet<&str> = self.facts.iter().map(|fact| fact.id.as_str()).collect();
        if ids.len() != self.facts.len() {
            return wrong("two facts have one id");
        }
        if self.fact_sets.len() > MAX_REQUEST_SETS {
            return wrong("too many sets");
        }
        let mut named = HashSet::new();
        for set in &self.fact_sets {
            if set.options.is_empty() || set.options.len() > MAX_REQUEST_SETS {
                return wrong("a set without an option, or with too many");
            }
            for option in &set.options {
                let distinct: HashSet<&String> = option.iter().collect();
                if option.is_empty() || distinct.len() != option.len() {
                    return wrong("an option without a fact, or with one twice");
                }
                if option.iter().any(|id| !ids.contains(id.as_str())) {
                    return wrong("an option that names no fact of the request");
                }
                named.extend(option.iter().map(String::as_str));
            }
        }
        if !self.fact_sets.is_empty() && named.len() != ids.len() {
            return wrong("a fact that no set names");
        }
        self.facts.iter().try_for_each(|fact| check_fact(&fact.fact))
    }
}

/// What a fact's form alone does not say.
fn check_fact(fact: &FactTemplate) -> Result<(), RequestError> {
    let no_fields = match fact {
        FactTemplate::Transactions(fact) => fact.fields.is_empty() || fact.limit == Some(0),
        FactTemplate::Account(fact) => fact.fields.is_empty(),
        _ => false,
    };
    if no_fields { Err(RequestError::Contradiction("a fact of which nothing is asked")) } else { Ok(()) }
}
