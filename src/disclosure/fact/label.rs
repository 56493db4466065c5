//! How an account is called in a disclosure: a name, a masked number, both or nothing.

use crate::disclosure::json::make_plain;
use crate::ledger::account::mask_number;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An account number of which at most the last four characters can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MaskedNumber(String);

impl MaskedNumber {
    /// Hides all but the last four letters and digits of a number; of a short number, all.
    pub fn new(number: &str) -> Self {
        Self(mask_number(number))
    }

    /// For example `••••6789`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MaskedNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for MaskedNumber {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let tail = text.strip_prefix("••••").ok_or("an account number that is not masked")?;
        let length = tail.chars().count();
        if (length == 0 || length == 4) && tail.chars().all(char::is_alphanumeric) {
            Ok(Self(text))
        } else {
            Err("an account number that is not masked")
        }
    }
}

impl From<MaskedNumber> for String {
    fn from(number: MaskedNumber) -> Self {
        number.0
    }
}

/// What the recipient is told about which account it is: nothing, unless the owner chooses a field.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountLabel {
    /// A name for it.
    #[serde(rename = "Nickname", skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// Its number, masked.
    #[serde(rename = "Identification", skip_serializing_if = "Option::is_none")]
    pub number: Option<MaskedNumber>,
}

impl AccountLabel {
    /// The label of a fact that is about no account.
    pub(super) const NONE: &'static Self = &Self { nickname: None, number: None };

    /// A label from the owner's own texts: the name made plain, the number masked.
    pub fn new(nickname: Option<&str>, number: Option<&str>) -> Self {
        Self {
            nickname: nickname.map(make_plain).filter(|plain| !plain.is_empty()),
            number: number.map(MaskedNumber::new),
        }
    }
}
