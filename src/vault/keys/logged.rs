//! Changes of the keys in the signed log, and the log held against the header's key slots.
//!
//! An entry states the digests of all slots before and after its change. It is durable before the header is written, so the
//! header has the slots from after the last entry, or, where that change was interrupted, those from before it. Any
//! other slots were written by somebody who logged nothing.

use super::super::journal::Journal;
use super::super::{Vault, VaultError};
use crate::disclosure::log::{LogEntry, LogKind};
use crate::store::Store;
use crate::vfs::{SlotAction, SlotChange, SlotsDigest};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

/// What the log says of the key slots that the header has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoggedKeys {
    /// No change of the keys was ever logged: there is nothing to compare.
    NoChange,
    /// They are as the last change left them.
    AsLogged,
    /// The change of this entry began and was interrupted: they are as they were before it.
    Interrupted {
        /// The entry's number.
        seq: u64,
    },
}

impl LoggedKeys {
    /// The number of the entry whose change was interrupted, if one was.
    #[must_use]
    pub const fn interrupted(self) -> Option<u64> {
        match self {
            Self::Interrupted { seq } => Some(seq),
            Self::NoChange | Self::AsLogged => None,
        }
    }
}

/// What an entry says of the slots; other members are for people.
#[derive(Deserialize)]
struct Body {
    before: String,
    after: String,
}

/// Follows the changes of the keys through the log.
#[derive(Default)]
pub(in crate::vault) struct KeyChain {
    last: Option<(u64, Body)>,
}

impl KeyChain {
    /// Takes the next entry of the log, whatever it is about.
    pub(in crate::vault) fn push(&mut self, entry: &LogEntry) -> Result<(), VaultError> {
        if entry.kind != LogKind::KeysChanged.as_str() {
            return Ok(());
        }
        let seq = entry.seq;
        let body: Body = serde_json::from_str(&entry.body)
            .map_err(|_| VaultError::Log(format!("entry {seq} does not say how the keys were changed")))?;
        if let Some((_, last)) = &self.last
            && body.before != last.after
            && body.before != last.before
        {
            return Err(VaultError::Log(format!(
                "the key slots were changed without an entry, some time before entry {seq}"
            )));
        }
        self.last = Some((seq, body));
        Ok(())
    }

    /// Holds the header's slots against the last entry.
    pub(in crate::vault) fn finish(self, header: &SlotsDigest) -> Result<LoggedKeys, VaultError> {
        let header = hex(header);
        match self.last {
            None => Ok(LoggedKeys::NoChange),
            Some((_, body)) if body.after == header => Ok(LoggedKeys::AsLogged),
            Some((seq, body)) if body.before == header => Ok(LoggedKeys::Interrupted { seq }),
            Some((seq, _)) => Err(VaultError::Log(format!(
                "the vault's key slots are neither those from before nor those from after the last logged change of the keys, entry {seq}"
            ))),
        }
    }
}

impl Vault {
    /// Logs a change of one slot that is about to be made.
    pub(super) fn log_slot_change(&mut self, change: &SlotChange, now: Timestamp) -> Result<(), VaultError> {
        let what = match change.action {
            SlotAction::Added => "added",
            SlotAction::Replaced => "replaced",
            SlotAction::Removed => "removed",
        };
        let mut body = json!({
            "change": what,
            "slot": change.number,
            "opens_with": change.kind.map_or("unknown", |kind| kind.as_str()),
            "before": hex(&change.before),
            "after": hex(&change.after),
        });
        if let (Some(kdf), Some(body)) = (change.kdf, body.as_object_mut()) {
            body.insert("kdf_memory_kib".to_owned(), kdf.memory_kib().into());
            body.insert("kdf_passes".to_owned(), kdf.passes().into());
        }
        let journal = self.journal();
        self.write(|store| journal.append(store, LogKind::KeysChanged, &body, now))
    }
}

/// Logs a new vault key in the file that is sealed under it.
pub(super) fn log_rotation(
    store: &mut Store,
    journal: &Journal,
    before: &SlotsDigest,
    after: &SlotsDigest,
    slots: &[u32],
    now: Timestamp,
) -> Result<(), VaultError> {
    let body = json!({"change": "rotated", "slots": slots, "before": hex(before), "after": hex(after)});
    store.write(|store| journal.append(store, LogKind::KeysChanged, &body, now))
}

fn hex(digest: &SlotsDigest) -> String {
    digest.0.iter().map(|byte| format!("{byte:02x}")).collect()
}
