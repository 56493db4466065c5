//! From text to types that know all their members, and nothing that such a type would not write itself.

use super::json::{from_base64url, parse_strict};
use super::verify::{Checked, VerifyError, invalid};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Decodes base64url and strict JSON into a type that knows all its members.
pub(super) fn decode<T: DeserializeOwned + Serialize>(text: &str, what: &'static str) -> Checked<T> {
    typed(decode_value(text)?, what)
}

/// Decodes base64url and strict JSON.
pub(super) fn decode_value(text: &str) -> Checked<Value> {
    let json = from_base64url(text).ok_or(VerifyError::Invalid("text that is not canonical base64url"))?;
    parse_strict(&json).map_err(|_| VerifyError::Invalid("JSON that is not strict"))
}

/// A value as a type that knows all its members. Only what the type itself would write passes: serde takes an array
/// for an object and `null` for a member that is absent, and those are other forms than the format names.
pub(super) fn typed<T: DeserializeOwned + Serialize>(value: Value, what: &'static str) -> Checked<T> {
    let read = T::deserialize(&value).map_err(|_| VerifyError::Invalid(what))?;
    match serde_json::to_value(&read) {
        Ok(written) if written == value => Ok(read),
        _ => invalid(what),
    }
}
