//! The vault's side of the signed log: what is written into it, and its verification.

use super::keys::{KeyChain, LoggedKeys};
use super::{Vault, VaultError};
use crate::crypto::IdentityKey;
use crate::crypto::sign::{Fingerprint, Signature};
use crate::disclosure::export_log;
use crate::disclosure::log::{self, ChainChecker, LogEntry, LogHead, LogKey, LogKind};
use crate::store::Store;
use crate::store::log::LogRow;
use crate::vfs;
use jiff::Timestamp;
use serde_json::{Value, json};

pub use crate::disclosure::log::LogSummary;

/// Writes entries with the vault's log key.
pub(super) struct Journal {
    key: LogKey,
    /// Whether that is not the log's key, since what it is derived from cannot be read.
    key_lost: bool,
}

impl Journal {
    pub(super) fn new(key: &IdentityKey) -> Self {
        let key = LogKey::from_seed(key.derive_secret("finvault/log-key", b"").expose());
        Self { key, key_lost: false }
    }

    /// Appends an entry; it is kept only if the transaction around it is.
    pub(super) fn append(
        &self,
        store: &Store,
        kind: LogKind,
        body: &Value,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        if self.key_lost {
            return Err(VaultError::Log("the key that signs it cannot be read".to_owned()));
        }
        let prev = match store.last_log_entry()? {
            Some(row) => Some(LogHead { seq: position(row.seq)?, hash: row.hash }),
            None => None,
        };
        let entry = log::append(prev, kind, body.to_string(), now, &self.key)
            .map_err(|error| VaultError::Log(error.to_string()))?;
        Ok(store.append_log(&row_of(&entry)?)?)
    }

    #[cfg(feature = "age")]
    pub(super) fn recipient_added(
        &self,
        store: &Store,
        row: &crate::store::recipients::RecipientRow,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let body = json!({"recipient": row.id, "name": row.name, "key": row.key});
        self.append(store, LogKind::RecipientAdded, &body, now)
    }

    #[cfg(feature = "age")]
    pub(super) fn recipient_removed(
        &self,
        store: &Store,
        row: &crate::store::recipients::RecipientRow,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let body = json!({"recipient": row.id, "name": row.name});
        self.append(store, LogKind::RecipientRemoved, &body, now)
    }
}

impl Vault {
    /// Every entry of the log, oldest first, not verified.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn log(&self) -> Result<Vec<LogEntry>, VaultError> {
        self.read(|store| store.log_entries()?.into_iter().map(entry_of).collect())
    }

    /// Verifies every hash, signature and position in the log, that each disclosure in the vault's list has its entry, and
    /// that the header's key slots are those of the last logged change.
    ///
    /// # Errors
    /// [`VaultError::Log`] with the first entry at fault.
    pub fn verify_log(&self) -> Result<LogSummary, VaultError> {
        self.verify_log_with_keys().map(|(summary, _)| summary)
    }

    /// As [`Vault::verify_log`]; says also how the header's key slots compare with the logged changes of the keys.
    ///
    /// # Errors
    /// As [`Vault::verify_log`].
    pub fn verify_log_with_keys(&self) -> Result<(LogSummary, LoggedKeys), VaultError> {
        if self.key_lost {
            return Err(VaultError::Log("the key that signs it cannot be read".to_owned()));
        }
        let fault = |error: log::LogFault| VaultError::Log(error.to_string());
        let mut checker = ChainChecker::new(self.journal().key.verifying_key(), None);
        let mut keys = KeyChain::default();
        let mut logged: Vec<String> = Vec::new();
        for row in self.read(|store| Ok(store.log_entries()?))? {
            let entry = entry_of(row)?;
            checker.push(&entry).map_err(fault)?;
            keys.push(&entry)?;
            if entry.kind == LogKind::Disclosed.as_str() {
                logged.extend(disclosed_id(&entry.body));
            }
        }
        let summary = checker.finish().map_err(fault)?;
        let listed = self.read(|store| Ok(store.disclosures()?))?;
        let listed: Vec<String> = listed.into_iter().map(|row| row.jti).collect();
        if listed != logged {
            return Err(VaultError::Log("the list of disclosures and the log do not agree".to_owned()));
        }
        let keys = keys.finish(&vfs::slots_digest(self.store.connection())?)?;
        Ok((summary, keys))
    }

    /// The fingerprint of the key that signs the log, for whoever checks a copy of it.
    pub fn log_fingerprint(&self) -> Fingerprint {
        self.journal().key.fingerprint()
    }

    /// Signs a copy of the verified log without amounts, names and purposes, for an auditor. The last entry in it says
    /// that it was made.
    ///
    /// # Errors
    /// [`VaultError::Log`] where the log does not hold together; [`VaultError::Deliver`].
    pub fn export_log(
        &mut self,
        now: Timestamp,
        deliver: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<LogSummary, VaultError> {
        self.verify_log()?;
        let journal = self.journal();
        self.write(|store| {
            journal.append(store, LogKind::LogExported, &json!({}), now)?;
            let entries =
                store.log_entries()?.into_iter().map(entry_of).collect::<Result<Vec<_>, VaultError>>()?;
            let text = export_log(&entries, now, &journal.key)
                .map_err(|error| VaultError::Sealing(error.to_string()))?;
            deliver(text.as_bytes()).map_err(VaultError::Deliver)?;
            let head = entries.last().map(LogEntry::head);
            Ok(LogSummary { entries: head.map_or(0, |head| head.seq), head })
        })
    }

    pub(super) fn journal(&self) -> Journal {
        Journal { key_lost: self.key_lost, ..Journal::new(&self.key) }
    }

    pub(super) fn write_first_log_entry(&mut self, now: Timestamp) -> Result<(), VaultError> {
        let journal = self.journal();
        let body = json!({"finvault": env!("CARGO_PKG_VERSION")});
        self.write(|store| journal.append(store, LogKind::VaultCreated, &body, now))
    }
}

/// The id of the disclosure that a log entry's body speaks of.
fn disclosed_id(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    body.get("jti")?.as_str().map(str::to_owned)
}

fn position(seq: i64) -> Result<u64, VaultError> {
    u64::try_from(seq).map_err(|_| VaultError::Log(format!("an entry has the number {seq}")))
}

fn row_of(entry: &LogEntry) -> Result<LogRow, VaultError> {
    Ok(LogRow {
        seq: i64::try_from(entry.seq).map_err(|_| VaultError::Log("the log is full".to_owned()))?,
        at_ms: entry.at_ms,
        kind: entry.kind.clone(),
        body: entry.body.clone(),
        prev_hash: entry.prev_hash,
        hash: entry.hash,
        signature: entry.signature.to_bytes(),
    })
}

fn entry_of(row: LogRow) -> Result<LogEntry, VaultError> {
    Ok(LogEntry {
        seq: position(row.seq)?,
        at_ms: row.at_ms,
        kind: row.kind,
        body: row.body,
        prev_hash: row.prev_hash,
        hash: row.hash,
        signature: Signature::from_bytes(row.signature),
    })
}
