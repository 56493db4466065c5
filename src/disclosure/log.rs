//! The owner's log of what left: append-only, each entry hashed with the one before it and signed.
//!
//! A pure format: the vault keeps the entries, this module makes and checks them. A change, a removal or a
//! new order anywhere before the last entry shows; that entries were cut off at the end shows only to who
//! remembers the head (the last entry's number and hash).

use crate::crypto::sign::{Fingerprint, Signature, SignatureError, SigningKey, VerifyingKey};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The longest body of an entry, in bytes.
pub const MAX_BODY_LEN: usize = 1024 * 1024;

const HASH_DOMAIN: &[u8] = b"finvault-log/1\0";
const SIGNATURE_DOMAIN: &[u8] = b"finvault-log-signature/1\0";

/// The key that signs log entries; no disclosure is ever signed with it.
pub struct LogKey(SigningKey);

impl LogKey {
    /// The key that a 32-byte seed determines.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_seed(seed))
    }

    /// The public half, with which the chain is verified.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.0.verifying_key()
    }

    pub(super) fn sign(&self, message: &[u8]) -> Signature {
        self.0.sign(message)
    }

    /// The fingerprint of the public half.
    pub fn fingerprint(&self) -> Fingerprint {
        self.verifying_key().fingerprint()
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogKind {
    /// The vault was made; the first entry.
    VaultCreated,
    /// A recipient was added.
    RecipientAdded,
    /// A recipient was removed.
    RecipientRemoved,
    /// A disclosure was signed and sealed.
    Disclosed,
    /// A disclosure was asked for and not made.
    Denied,
    /// Somebody looked into who a recipient is.
    RecipientVetted,
    /// What a recipient may have at most was set.
    RecipientLimited,
    /// The key under which a recipient confirms deletions was introduced.
    ReceiptKeySet,
    /// The owner looked into a disclosure that they had sent.
    OwnCopyOpened,
    /// A disclosure was taken back.
    Revoked,
    /// A status list was signed.
    StatusListIssued,
    /// The deletion of a disclosure was confirmed.
    Closed,
    /// The owner looked at what is out there.
    Reviewed,
    /// A copy of the log without amounts was signed.
    LogExported,
    /// The owner changed what a recipient may work out.
    PolicySet,
    /// A draft was made and sealed to its reviewers.
    Drafted,
    /// A reviewer's approval of a draft was taken in.
    Approved,
    /// A reviewer's refusal of a draft was taken in.
    Declined,
    /// A draft was given up.
    DraftDropped,
    /// What opens the vault was changed, or its key.
    KeysChanged,
}

impl LogKind {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::VaultCreated,
        Self::RecipientAdded,
        Self::RecipientRemoved,
        Self::Disclosed,
        Self::Denied,
        Self::RecipientVetted,
        Self::RecipientLimited,
        Self::ReceiptKeySet,
        Self::OwnCopyOpened,
        Self::Revoked,
        Self::StatusListIssued,
        Self::Closed,
        Self::Reviewed,
        Self::LogExported,
        Self::PolicySet,
        Self::Drafted,
        Self::Approved,
        Self::Declined,
        Self::DraftDropped,
        Self::KeysChanged,
    ];

    /// The word that the vault and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VaultCreated => "vault-created",
            Self::RecipientAdded => "recipient-added",
            Self::RecipientRemoved => "recipient-removed",
            Self::Disclosed => "disclosed",
            Self::Denied => "denied",
            Self::RecipientVetted => "recipient-vetted",
            Self::RecipientLimited => "recipient-limited",
            Self::ReceiptKeySet => "receipt-key-set",
            Self::OwnCopyOpened => "own-copy-opened",
            Self::Revoked => "revoked",
            Self::StatusListIssued => "status-list-issued",
            Self::Closed => "closed",
            Self::Reviewed => "reviewed",
            Self::LogExported => "log-exported",
            Self::PolicySet => "policy-set",
            Self::Drafted => "drafted",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::DraftDropped => "draft-dropped",
            Self::KeysChanged => "keys-changed",
        }
    }
}

impl fmt::Display for LogKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no kind of log entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no kind of log entry")]
pub struct UnknownLogKind(pub String);

impl FromStr for LogKind {
    type Err = UnknownLogKind;

    fn from_str(text: &str) -> Result<Self, UnknownLogKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownLogKind(text.chars().take(40).collect()))
    }
}

/// One entry, as the vault keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// What happened, as [`LogKind::as_str`] writes it. A word of a newer version is kept and verified like any.
    pub kind: String,
    /// The details: JSON text, kept to the byte.
    pub body: String,
    /// The hash of the entry before it; all zeros for the first.
    pub prev_hash: [u8; 32],
    /// The hash of this entry.
    pub hash: [u8; 32],
    /// The signature over the hash.
    pub signature: Signature,
}

impl LogEntry {
    /// When it happened; none for a number of milliseconds that no calendar reaches.
    pub fn at(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.at_ms).ok()
    }

    /// What to remember so that a later cut at the end shows.
    pub const fn head(&self) -> LogHead {
        LogHead { seq: self.seq, hash: self.hash }
    }
}

/// The number and hash of the last entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogHead {
    /// Its number.
    pub seq: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// Why nothing was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The body has more than [`MAX_BODY_LEN`] bytes.
    #[error("a log entry of more than {MAX_BODY_LEN} bytes")]
    TooLarge,
    /// The last entry has the largest number there is.
    #[error("the log is full")]
    Full,
}

/// Makes the entry that follows `prev` (none: the first). `body` is JSON text.
///
/// # Errors
/// [`AppendError`].
pub fn append(
    prev: Option<LogHead>,
    kind: LogKind,
    body: String,
    at: Timestamp,
    key: &LogKey,
) -> Result<LogEntry, AppendError> {
    if body.len() > MAX_BODY_LEN {
        return Err(AppendError::TooLarge);
    }
    let seq = prev.map_or(0, |head| head.seq).checked_add(1).ok_or(AppendError::Full)?;
    let prev_hash = prev.map_or([0; 32], |head| head.hash);
    let at_ms = at.as_millisecond();
    let hash = entry_hash(seq, at_ms, kind.as_str(), &body, &prev_hash);
    let signature = key.0.sign(&signed_bytes(&hash));
    Ok(LogEntry { seq, at_ms, kind: kind.as_str().to_owned(), body, prev_hash, hash, signature })
}

/// SHA-256 over the domain, the number, the time (8 bytes each, big-endian), the kind, the body (each after its
/// length in 8 bytes) and the hash of the entry before.
fn entry_hash(seq: u64, at_ms: i64, kind: &str, body: &str, prev_hash: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(HASH_DOMAIN);
    hash.update(seq.to_be_bytes());
    hash.update(at_ms.to_be_bytes());
    for text in [kind, body] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.update(prev_hash);
    hash.finalize().into()
}

fn signed_bytes(hash: &[u8; 32]) -> Vec<u8> {
    [SIGNATURE_DOMAIN, hash].concat()
}

/// Checks an entry's signature, which is over its hash alone.
pub(super) fn verify_entry_signature(
    hash: &[u8; 32],
    signature: &Signature,
    key: &VerifyingKey,
) -> Result<(), SignatureError> {
    key.verify(&signed_bytes(hash), signature)
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogFaultKind {
    /// Its number does not follow.
    #[error("entries are missing, repeated or out of order")]
    OutOfOrder,
    /// It does not name the hash of the entry before it.
    #[error("it does not follow the entry before it")]
    BrokenChain,
    /// Its hash is not that of its content.
    #[error("its content was changed")]
    Altered,
    /// Its signature is not the vault's.
    #[error("its signature is not the vault's")]
    BadSignature,
    /// The log ends before the head that was remembered, or with another entry there.
    #[error("the log was cut, or is another one, at the entry that was remembered as its last")]
    HeadMissing,
}

/// The first fault found in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("log entry {seq}: {what}")]
pub struct LogFault {
    /// The number that the entry should have.
    pub seq: u64,
    /// What is wrong with it.
    pub what: LogFaultKind,
}

/// What a verified log came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSummary {
    /// How many entries there are.
    pub entries: u64,
    /// The last one; none in an empty log.
    pub head: Option<LogHead>,
}

/// Verifies a whole log from its first entry. `remembered` is a head seen earlier: the log must contain it.
///
/// # Errors
/// [`LogFault`] with the first entry at fault.
pub fn verify_chain<'e>(
    entries: impl IntoIterator<Item = &'e LogEntry>,
    key: &VerifyingKey,
    remembered: Option<LogHead>,
) -> Result<LogSummary, LogFault> {
    let mut checker = ChainChecker::new(*key, remembered);
    for entry in entries {
        checker.push(entry)?;
    }
    checker.finish()
}

/// [`verify_chain`] for entries that come one by one.
pub struct ChainChecker {
    key: VerifyingKey,
    remembered: Option<LogHead>,
    head: Option<LogHead>,
}

impl ChainChecker {
    /// A checker that has seen nothing yet.
    pub const fn new(key: VerifyingKey, remembered: Option<LogHead>) -> Self {
        Self { key, remembered, head: None }
    }

    /// Checks the next entry.
    ///
    /// # Errors
    /// [`LogFault`] when it is at fault.
    pub fn push(&mut self, entry: &LogEntry) -> Result<(), LogFault> {
        let seq = self.head.map_or(0, |head| head.seq).saturating_add(1);
        let fault = |what| Err(LogFault { seq, what });
        if entry.seq != seq {
            return fault(LogFaultKind::OutOfOrder);
        }
        if entry.prev_hash != self.head.map_or([0; 32], |head| head.hash) {
            return fault(LogFaultKind::BrokenChain);
        }
        let hash = entry_hash(entry.seq, entry.at_ms, &entry.kind, &entry.body, &entry.prev_hash);
        if hash != entry.hash {
            return fault(LogFaultKind::Altered);
        }
        if verify_entry_signature(&hash, &entry.signature, &self.key).is_err() {
            return fault(LogFaultKind::BadSignature);
        }
        if self.remembered.is_some_and(|known| known.seq == seq && known.hash != hash) {
            return fault(LogFaultKind::HeadMissing);
        }
        self.head = Some(entry.head());
        Ok(())
    }

    /// Ends the check.
    ///
    /// # Errors
    /// [`LogFault`] when the log ends before the remembered head.
    pub fn finish(self) -> Result<LogSummary, LogFault> {
        let entries = self.head.map_or(0, |head| head.seq);
        match self.remembered {
            Some(known) if known.seq > entries => {
                Err(LogFault { seq: known.seq, what: LogFaultKind::HeadMissing })
            }
            _ => Ok(LogSummary { entries, head: self.head }),
        }
    }
}
