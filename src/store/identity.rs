//! The secret that the owner's signing keys are derived from.

use super::values::unreadable;
use super::{Store, StoreError};
use crate::crypto::IdentityKey;
use rusqlite::OptionalExtension;
use zeroize::Zeroizing;

impl Store {
    /// The vault's own; none in a vault that derives from its vault key.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub fn identity(&self) -> Result<Option<IdentityKey>, StoreError> {
        let mut statement = self.connection().prepare_cached("SELECT secret FROM identity")?;
        let found: Option<Zeroizing<Vec<u8>>> =
            statement.query_row([], |row| row.get(0).map(Zeroizing::new)).optional()?;
        found
            .map(|bytes| match bytes.as_slice().try_into() {
                Ok(bytes) => Ok(IdentityKey::from_bytes(bytes)),
                Err(_) => Err(unreadable("identity.secret", "not 32 bytes")),
            })
            .transpose()
    }

    /// Keeps it. There must be none yet: a vault's signing keys never change unseen.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn set_identity(&self, identity: &IdentityKey) -> Result<(), StoreError> {
        let secret = identity.expose().as_slice();
        self.connection()
            .prepare_cached("INSERT INTO identity (id, secret) VALUES (1, ?1)")?
            .execute([secret])?;
        Ok(())
    }
}
