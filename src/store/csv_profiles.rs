//! Profiles of delimited files that the owner keeps, as text.

use super::{Store, StoreError};
use rusqlite::params;

impl Store {
    /// The texts of all profiles, in order of name.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn csv_profiles(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT json FROM csv_profile ORDER BY name_folded")?;
        let texts = statement.query_map([], |row| row.get(0))?;
        Ok(texts.collect::<Result<_, _>>()?)
    }

    /// Keeps a profile, in the place of one of the same name.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn put_csv_profile(&self, name: &str, json: &str) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO csv_profile (name_folded, json) VALUES (?1, ?2)
                 ON CONFLICT (name_folded) DO UPDATE SET json = excluded.json",
            )?
            .execute(params![name.to_lowercase(), json])?;
        Ok(())
    }

    /// Removes the profile of this name; gives whether there was one.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn remove_csv_profile(&self, name: &str) -> Result<bool, StoreError> {
        let removed = self
            .conn
            .prepare_cached("DELETE FROM csv_profile WHERE name_folded = ?1")?
            .execute([name.to_lowercase()])?;
        Ok(removed > 0)
    }
}
