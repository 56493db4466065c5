//! The owner's own profiles of delimited files, kept in the vault.

use super::{Vault, VaultError};
use crate::statement::CsvProfile;
use crate::store::StoreError;

/// The longest name of a profile, in characters.
const MAX_NAME_CHARS: usize = 60;

impl Vault {
    /// The profiles that the owner keeps, in order of name. Files whose columns they name are read by them.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read; [`VaultError::Profile`] where a newer finvault kept one
    /// that this one does not understand.
    pub fn csv_profiles(&self) -> Result<Vec<CsvProfile>, VaultError> {
        let texts = self.read(|store| Ok(store.csv_profiles()?))?;
        texts.iter().map(|text| Ok(CsvProfile::parse(text)?)).collect()
    }

    /// The profile of this name: the owner's, or else one that comes with the crate.
    ///
    /// # Errors
    /// [`VaultError::NoSuchProfile`].
    pub fn csv_profile(&self, name: &str) -> Result<CsvProfile, VaultError> {
        let own = self.csv_profiles()?;
        let same = |profile: &&CsvProfile| profile.name().to_lowercase() == name.to_lowercase();
        if let Some(found) = own.iter().find(same) {
            return Ok(found.clone());
        }
        CsvProfile::builtin(name).map_err(|_| VaultError::NoSuchProfile {
            name: name.chars().take(MAX_NAME_CHARS).collect(),
            known: own
                .iter()
                .map(|profile| profile.name().to_owned())
                .chain(CsvProfile::builtin_names().map(str::to_owned))
                .collect(),
        })
    }

    /// Keeps a profile. With `replace` it takes the place of one of the same name.
    ///
    /// # Errors
    /// [`VaultError::Store`] where one of that name is kept already; [`VaultError::Invalid`] for a name that is empty
    /// or too long.
    pub fn keep_csv_profile(&mut self, profile: &CsvProfile, replace: bool) -> Result<(), VaultError> {
        let name = profile.name().trim();
        if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
            let text = format!("a profile's name has 1 to {MAX_NAME_CHARS} characters");
            return Err(VaultError::Invalid(text));
        }
        let known = self.csv_profiles()?;
        let taken = known.iter().any(|known| known.name().to_lowercase() == name.to_lowercase());
        if taken && !replace {
            return Err(StoreError::Taken { what: format!("a profile named \"{name}\"") }.into());
        }
        self.write(|store| Ok(store.put_csv_profile(name, profile.json())?))
    }

    /// Removes a profile that the owner keeps.
    ///
    /// # Errors
    /// [`VaultError::NoSuchProfile`].
    pub fn remove_csv_profile(&mut self, name: &str) -> Result<(), VaultError> {
        let known: Vec<String> =
            self.csv_profiles()?.iter().map(|profile| profile.name().to_owned()).collect();
        self.write(|store| match store.remove_csv_profile(name.trim())? {
            true => Ok(()),
            false => Err(VaultError::NoSuchProfile { name: name.to_owned(), known }),
        })
    }
}
