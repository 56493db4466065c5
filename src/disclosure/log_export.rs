//! A copy of the log for an auditor: every entry's place, time, kind, hash and signature, and of its content only
//! numbers, ids, digests and days. No amount, no name, no purpose.
//!
//! The entries' own signatures are over their hashes, so the copy shows that none is missing, repeated or out
//! of order, and that the vault's log key signed each of these hashes. What an entry says is hashed together with what
//! was left out, so for that the copy has only its own signature, under the same key.

use super::issue::{IssueError, sign_jwt};
use super::json::{base64url, from_base64url};
use super::log::{
    LogEntry, LogFault, LogFaultKind, LogHead, LogKey, LogKind, LogSummary, verify_entry_signature,
};
use super::selection::FileDigest;
use super::token::MAX_TOKEN_LEN;
use super::verify::{VerifyError, verify_jwt};
use crate::crypto::sign::{Fingerprint, Signature};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The `typ` of an exported log.
pub const LOG_EXPORT_TYP: &str = "finvault-log-export+jwt";
/// The largest exported log that is read, in bytes.
pub const MAX_LOG_EXPORT_LEN: usize = 4 * MAX_TOKEN_LEN;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportWire {
    iss: String,
    iat: i64,
    entries: Vec<EntryWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryWire {
    seq: u64,
    at_ms: i64,
    kind: String,
    hash: FileDigest,
    prev_hash: FileDigest,
    signature: String,
    detail: LogDetail,
}

/// What an exported entry still says of its content.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogDetail {
    /// The recipient's number in the vault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<i64>,
    /// The disclosure's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The digest of the sealed bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed_sha256: Option<FileDigest>,
    /// When a disclosure was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued: Option<String>,
    /// When a disclosure or a status list ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The kinds of fact that were disclosed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fact_kinds: Vec<String>,
    /// What was done to the keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<KeyDetail>,
}

/// What an exported entry says of a change of the keys. No label, and nothing that opens anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyDetail {
    /// What was done: `added`, `replaced`, `removed`, or `rotated` for a new vault key.
    pub change: String,
    /// The number of the key slot; none for a new vault key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<u32>,
    /// What opens that slot, or opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens_with: Option<String>,
    /// Memory that a guess at a passphrase costs, in KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kdf_memory_kib: Option<u32>,
    /// Passes over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kdf_passes: Option<u32>,
}

impl KeyDetail {
    fn of_body(body: &Value) -> Option<Self> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let number = |name: &str| body.get(name).and_then(Value::as_u64)?.try_into().ok();
        Some(Self {
            change: text("change")?,
            slot: number("slot"),
            opens_with: text("opens_with"),
            kdf_memory_kib: number("kdf_memory_kib"),
            kdf_passes: number("kdf_passes"),
        })
    }
}

impl LogDetail {
    /// Takes from an entry's body what may be shown.
    fn of_entry(entry: &LogEntry) -> Self {
        let Ok(body) = serde_json::from_str::<Value>(&entry.body) else { return Self::default() };
        let text = |name: &str| body.get(name)?.as_str();
        let moment =
            |name: &str| text(name).filter(|text| text.parse::<Timestamp>().is_ok()).map(str::to_owned);
        let facts = body.get("facts").and_then(Value::as_array);
        let kinds = facts.into_iter().flatten().filter_map(|fact| fact.get("kind")?.as_str());
        Self {
            recipient: body.get("recipient").and_then(Value::as_i64),
            jti: text("jti").map(str::to_owned),
            sealed_sha256: text("sealed_sha256").and_then(|hex| hex.parse().ok()),
            issued: moment("issued"),
            expires: moment("expires"),
            fact_kinds: kinds.map(str::to_owned).collect(),
            keys: (entry.kind == LogKind::KeysChanged.as_str()).then(|| KeyDetail::of_body(&body)).flatten(),
        }
    }
}

/// An entry of an exported log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedEntry {
    /// Its number, from 1.
    pub seq: u64,
    /// When it was made, in milliseconds since 1970.
    pub at_ms: i64,
    /// What happened, in one word.
    pub kind: String,
    /// What it still says of its content.
    pub detail: LogDetail,
}

/// An exported log that verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogExport {
    /// Whose log it is: the fingerprint of the vault's log key.
    pub signer: Fingerprint,
    /// When the copy was made.
    pub made: Timestamp,
    /// How many entries there are, and the last one's hash.
    pub summary: LogSummary,
    /// The entries.
    pub entries: Vec<ExportedEntry>,
}

/// Why an exported log does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogExportError {
    /// Damaged, forged, or no exported log.
    #[error("not a valid copy of a log: {0}")]
    Invalid(&'static str),
    /// An entry is missing, repeated, out of order, or not signed by the log's key.
    #[error(transparent)]
    Fault(#[from] LogFault),
}

impl From<VerifyError> for LogExportError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Invalid(what) => Self::Invalid(what),
            _ => Self::Invalid("not a signed copy"),
        }
    }
}

/// Signs a copy of a log without amounts, names and purposes.
///
/// # Errors
/// [`IssueError::TooLarge`] above [`MAX_LOG_EXPORT_LEN`].
pub fn export_log(entries: &[LogEntry], now: Timestamp, key: &LogKey) -> Result<String, IssueError> {
    let entries = entries.iter().map(|entry| EntryWire {
        seq: entry.seq,
        at_ms: entry.at_ms,
        kind: entry.kind.clone(),
        hash: FileDigest::from_bytes(entry.hash),
        prev_hash: FileDigest::from_bytes(entry.prev_hash),
        signature: base64url(&entry.signature.to_bytes()),
        detail: LogDetail::of_entry(entry),
    });
    let public = key.verifying_key();
    let payload =
        ExportWire { iss: public.fingerprint().to_uri(), iat: now.as_second(), entries: entries.collect() };
    let text = sign_jwt(&payload, LOG_EXPORT_TYP, &public, |message| key.sign(message))?;
    if text.len() > MAX_LOG_EXPORT_LEN { Err(IssueError::TooLarge) } else { Ok(text) }
}

impl LogExport {
    /// Reads a copy and checks its signature, the chain of its entries, and every entry's signature. `remembered` is a
    /// head seen earlier: the copy must contain it.
    ///
    /// # Errors
    /// [`LogExportError`].
    pub fn read(text: &str, remembered: Option<LogHead>) -> Result<Self, LogExportError> {
        let text = text.trim();
        if text.len() > MAX_LOG_EXPORT_LEN {
            return Err(LogExportError::Invalid("too large"));
        }
        let (wire, key) = verify_jwt::<ExportWire>(text, LOG_EXPORT_TYP)?;
        if wire.iss != key.fingerprint().to_uri() {
            return Err(LogExportError::Invalid("an issuer that is not the key's fingerprint"));
        }
        let made = Timestamp::from_second(wire.iat)
            .map_err(|_| LogExportError::Invalid("a time beyond all calendars"))?;
        let mut head: Option<LogHead> = None;
        let mut entries = Vec::with_capacity(wire.entries.len());
        for entry in wire.entries {
            let seq = head.map_or(0, |head| head.seq).saturating_add(1);
            let fault = |what| Err(LogExportError::Fault(LogFault { seq, what }));
            let signature: Option<[u8; 64]> =
                from_base64url(&entry.signature).and_then(|bytes| bytes.try_into().ok());
            let Some(signature) = signature else { return fault(LogFaultKind::BadSignature) };
            if entry.seq != seq {
                return fault(LogFaultKind::OutOfOrder);
            }
            if *entry.prev_hash.as_bytes() != head.map_or([0; 32], |head| head.hash) {
                return fault(LogFaultKind::BrokenChain);
            }
            if verify_entry_signature(entry.hash.as_bytes(), &Signature::from_bytes(signature), &key).is_err()
            {
                return fault(LogFaultKind::BadSignature);
            }
            if remembered.is_some_and(|known| known.seq == seq && known.hash != *entry.hash.as_bytes()) {
                return fault(LogFaultKind::HeadMissing);
            }
            head = Some(LogHead { seq, hash: *entry.hash.as_bytes() });
            entries.push(ExportedEntry { seq, at_ms: entry.at_ms, kind: entry.kind, detail: entry.detail });
        }
        let count = head.map_or(0, |head| head.seq);
        if let Some(known) = remembered.filter(|known| known.seq > count) {
            return Err(LogFault { seq: known.seq, what: LogFaultKind::HeadMissing }.into());
        }
        let summary = LogSummary { entries: count, head };
        Ok(Self { signer: key.fingerprint(), made, summary, entries })
    }
}
