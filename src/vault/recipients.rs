//! To whom disclosures go.

use super::accounts::usable_name;
use super::{Vault, VaultError};
use crate::crypto::IdentityKey;
use crate::disclosure::{IssuerKey, PseudonymKey, RecipientError, RecipientKey, fingerprint_words};
use crate::store::recipients::RecipientRow;
use jiff::Timestamp;

/// A recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Its number in this vault.
    pub id: i64,
    /// The owner's name for them; it never leaves the vault.
    pub name: String,
    /// Their public key; none where a passcode is made for each disclosure.
    pub key: Option<String>,
    /// When they were added.
    pub added: Timestamp,
    /// When they were removed, if they were.
    pub removed: Option<Timestamp>,
    /// The fingerprint of the key with which this vault signs for them. Read it to them over the phone.
    pub issuer: String,
    /// The same fingerprint in words.
    pub issuer_words: String,
}

impl Vault {
    /// Adds a recipient with their public key (`age1…` or `ssh-ed25519 …`), or without one: then each
    /// disclosure gets a passcode.
    ///
    /// # Errors
    /// [`VaultError::RecipientKey`]; a name that is taken or unusable.
    pub fn add_recipient(
        &mut self,
        name: &str,
        key: Option<&str>,
        now: Timestamp,
    ) -> Result<Recipient, VaultError> {
        let name = usable_name(name, "a recipient")?;
        let key = key.map(parse_key).transpose()?.map(|key| key.as_str().to_owned());
        let mut key_salt = [0; 32];
        self.random.fill(&mut key_salt).map_err(|_| VaultError::Randomness)?;
        let log = self.journal();
        let row = self.write(|store| {
            let row = store.add_recipient(&name, key.as_deref(), &key_salt, now)?;
            log.recipient_added(store, &row, now)?;
            Ok(row)
        })?;
        Ok(self.present(row))
    }

    /// Every recipient that was not removed, in order of name.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn recipients(&self) -> Result<Vec<Recipient>, VaultError> {
        self.read(|store| Ok(store.recipients()?.into_iter().map(|row| self.present(row)).collect()))
    }

    /// The recipient of that name; case does not matter.
    ///
    /// # Errors
    /// [`VaultError::NoSuchRecipient`].
    pub fn recipient(&self, name: &str) -> Result<Recipient, VaultError> {
        let folded = name.trim().to_lowercase();
        let recipients = self.recipients()?;
        if let Some(found) = recipients.iter().find(|known| known.name.to_lowercase() == folded) {
            return Ok(found.clone());
        }
        Err(VaultError::NoSuchRecipient {
            name: name.to_owned(),
            known: recipients.into_iter().map(|known| known.name).collect(),
        })
    }

    /// Removes a recipient. What was disclosed to them stays in the list and the log.
    ///
    /// # Errors
    /// [`VaultError::NoSuchRecipient`] where there is none of that number, or it was removed before.
    pub fn remove_recipient(&mut self, id: i64, now: Timestamp) -> Result<Recipient, VaultError> {
        let log = self.journal();
        let row = self.write(|store| {
            let row = recipient_row(store, id)?;
            store.remove_recipient(id, now)?;
            log.recipient_removed(store, &row, now)?;
            Ok(RecipientRow { removed_at: Some(now), ..row })
        })?;
        Ok(self.present(row))
    }

    pub(super) fn present(&self, row: RecipientRow) -> Recipient {
        let fingerprint = issuer_key(&self.key, &row).fingerprint();
        Recipient {
            issuer: fingerprint.to_string(),
            issuer_words: fingerprint_words(&fingerprint),
            id: row.id,
            name: row.name,
            key: row.key,
            added: row.added_at,
            removed: row.removed_at,
        }
    }
}

/// A recipient that was not removed.
pub(super) fn recipient_row(store: &crate::store::Store, id: i64) -> Result<RecipientRow, VaultError> {
    store
        .recipient(id)?
        .filter(|row| row.removed_at.is_none())
        .ok_or_else(|| VaultError::NoSuchRecipient { name: format!("number {id}"), known: Vec::new() })
}

/// The key that signs for this recipient alone.
pub(super) fn issuer_key(key: &IdentityKey, row: &RecipientRow) -> IssuerKey {
    IssuerKey::from_seed(key.derive_secret("finvault/issuer-key", &row.key_salt).expose())
}

/// The key under which this recipient's pseudonyms are made.
pub(super) fn pseudonym_key(key: &IdentityKey, row: &RecipientRow) -> PseudonymKey {
    PseudonymKey::from_bytes(*key.derive_secret("finvault/pseudonym-key", &row.key_salt).expose())
}

/// Reads a recipient's key.
pub(super) fn parse_key(text: &str) -> Result<RecipientKey, VaultError> {
    text.parse().map_err(|error: RecipientError| VaultError::RecipientKey(error.to_string()))
}
