//! From columns to the ledger's own types and back; a value that finvault never writes is an error, not a guess.

use super::StoreError;
use crate::money::Currency;
use jiff::Timestamp;
use jiff::civil::Date;
use std::str::FromStr;

/// A day of ISO 8601.
pub(super) fn day(text: &str, column: &str) -> Result<Date, StoreError> {
    text.parse().map_err(|_| unreadable(column, text))
}

/// A moment of RFC 3339.
pub(super) fn moment(text: &str, column: &str) -> Result<Timestamp, StoreError> {
    text.parse().map_err(|_| unreadable(column, text))
}

/// One of the crate's own words.
pub(super) fn word<T: FromStr>(text: &str, column: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| unreadable(column, text))
}

/// A currency from its code and digits, whether of ISO 4217 or the owner's own.
pub(super) fn currency(code: &str, digits: i64) -> Result<Currency, StoreError> {
    u8::try_from(digits)
        .ok()
        .and_then(|digits| Currency::custom(code, digits).ok())
        .ok_or_else(|| unreadable("currency", code))
}

/// A value that finvault never writes.
pub(super) fn unreadable(column: &str, value: &str) -> StoreError {
    StoreError::Unreadable { what: format!("{column} is \"{}\"", value.chars().take(40).collect::<String>()) }
}

/// A count as SQLite holds it.
pub(super) fn count(value: i64, column: &str) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| unreadable(column, &value.to_string()))
}
