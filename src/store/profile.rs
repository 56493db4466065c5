//! The owner's profile.

use super::values::unreadable;
use super::{Store, StoreError};
use crate::ledger::{Profile, ProfileField};
use rusqlite::params;

impl Store {
    /// The profile.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn profile(&self) -> Result<Profile, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT field, value FROM profile")?;
        let mut rows = statement.query([])?;
        let mut profile = Profile::default();
        while let Some(row) = rows.next()? {
            let word: String = row.get(0)?;
            let field: ProfileField = word.parse().map_err(|_| unreadable("profile.field", &word))?;
            profile.set(field, Some(row.get(1)?));
        }
        Ok(profile)
    }

    /// Sets a field of the profile, or with none takes it away.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn set_profile_field(&self, field: ProfileField, value: Option<&str>) -> Result<(), StoreError> {
        match value {
            Some(value) => self
                .conn
                .prepare_cached(
                    "INSERT INTO profile (field, value) VALUES (?1, ?2)
                     ON CONFLICT (field) DO UPDATE SET value = excluded.value",
                )?
                .execute(params![field.as_str(), value])?,
            None => {
                self.conn.prepare_cached("DELETE FROM profile WHERE field = ?1")?.execute([field.as_str()])?
            }
        };
        Ok(())
    }
}
