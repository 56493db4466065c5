//! The owner's profile: kept in the vault, and taken from it field by field into disclosures.

use super::{Vault, VaultError};
use crate::disclosure::Row;
use crate::ledger::profile::MAX_PROFILE_CHARS;
use crate::ledger::{Profile, ProfileField};

impl Vault {
    /// The owner's profile.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn profile(&self) -> Result<Profile, VaultError> {
        self.read(|store| Ok(store.profile()?))
    }

    /// Sets fields of the profile, all or none, and gives it as it is then.
    ///
    /// # Errors
    /// [`VaultError::Invalid`] for a value that is empty, longer than 200 characters, or not plain text on one line.
    pub fn set_profile(&mut self, fields: &[(ProfileField, String)]) -> Result<Profile, VaultError> {
        let mut usable = Vec::with_capacity(fields.len());
        for (field, value) in fields {
            usable.push((*field, usable_value(*field, value)?));
        }
        self.write(|store| {
            for (field, value) in usable {
                store.set_profile_field(field, Some(value))?;
            }
            Ok(store.profile()?)
        })
    }

    /// Takes fields away, those that are there, and gives the profile as it is then.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be written.
    pub fn clear_profile(&mut self, fields: &[ProfileField]) -> Result<Profile, VaultError> {
        self.write(|store| {
            for field in fields {
                store.set_profile_field(*field, None)?;
            }
            Ok(store.profile()?)
        })
    }
}

/// What is set here may be signed one day, so it has to be a text that a disclosure can carry unchanged.
fn usable_value(field: ProfileField, value: &str) -> Result<&str, VaultError> {
    let value = value.trim();
    let wrong = |what: &str| Err(VaultError::Invalid(format!("the {field} of the profile {what}")));
    if value.is_empty() {
        return wrong("is empty");
    }
    if value.chars().count() > MAX_PROFILE_CHARS {
        return wrong("is longer than 200 characters");
    }
    if Row::information_from(value).as_deref() != Some(value) {
        return wrong("is not plain text on one line");
    }
    Ok(value)
}
