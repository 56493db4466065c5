//! Documents that leave: which file of the vault is meant, whether it is still there, and its bytes.

use super::import::hex;
use super::transactions::transaction_by_id;
use super::{Vault, VaultError};
use crate::disclosure::{Enclosure, FileDigest, MAX_ENCLOSURES};
use crate::ledger::{Attachment, AttachmentId, AttachmentTarget, BatchId, TransactionId};
use crate::store::batches::Batch;
use crate::store::{Store, StoreError};
use sha2::{Digest, Sha256};

/// The most bytes of documents that travel with one disclosure: 20 MiB. In base64, beside a token of the usual size,
/// they fit a sealed file ([`crate::disclosure::MAX_CONTENTS_LEN`]).
pub const MAX_ENCLOSED_BYTES: u64 = 20 << 20;

/// Which document is stated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentSource {
    /// A file in the vault. Numbers of attachments are used again, so the digest says which file was meant.
    Attachment {
        /// The attachment's number.
        id: AttachmentId,
        /// The digest of its bytes, lower-case hex.
        sha256: String,
    },
    /// The file of an import, whether or not the vault has kept it.
    Import(BatchId),
}

impl From<&Attachment> for DocumentSource {
    fn from(attachment: &Attachment) -> Self {
        Self::Attachment { id: attachment.id, sha256: attachment.sha256.clone() }
    }
}

/// Under which name a document leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DocumentName {
    /// One that tells no more than what kind of file it is, as `receipt.pdf`.
    #[default]
    Neutral,
    /// None.
    Withheld,
    /// The name that the file has in the vault.
    Own,
    /// This one.
    Given(String),
}

/// A file that travels with a disclosure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnclosedFile {
    /// The place of the fact that states it, among the disclosure's facts.
    pub fact: usize,
    /// The attachment that it is taken from.
    pub attachment: AttachmentId,
    /// How long it is, in bytes.
    pub bytes: u64,
    /// The digest of its bytes, lower-case hex.
    pub sha256: String,
}

impl Vault {
    /// The one file that is attached to a transaction.
    ///
    /// # Errors
    /// [`VaultError::NoReceipt`] where none is, [`VaultError::AmbiguousReceipt`] where several are;
    /// [`VaultError::NoSuchTransaction`].
    pub fn receipt_of(&self, transaction: TransactionId) -> Result<Attachment, VaultError> {
        self.read(|store| {
            transaction_by_id(store, transaction)?;
            let mut found = store.attachments(Some(AttachmentTarget::Transaction(transaction)))?;
            match (found.len(), found.pop()) {
                (1, Some(only)) => Ok(only),
                (_, None) => Err(VaultError::NoReceipt(transaction)),
                (_, Some(last)) => {
                    found.push(last);
                    let candidates =
                        found.into_iter().map(|file| format!("{} ({})", file.id.0, file.name)).collect();
                    Err(VaultError::AmbiguousReceipt { transaction, candidates })
                }
            }
        })
    }
}

/// A document that was found.
pub(super) struct Found {
    pub(super) sha256: FileDigest,
    /// The attachment that has its bytes, where the vault has them.
    pub(super) attachment: Option<Attachment>,
    /// The import whose file it is, where it is one's.
    pub(super) statement: Option<Batch>,
}

/// Finds a document.
pub(super) fn find(store: &Store, source: &DocumentSource) -> Result<Found, VaultError> {
    let (sha256, attachment, statement) = match source {
        DocumentSource::Attachment { id, sha256 } => {
            let named = store.attachment(*id)?.filter(|attachment| attachment.sha256 == *sha256);
            let found = match named {
                Some(named) => Some(named),
                None => store.attachments_of_digest(sha256)?.into_iter().next(),
            };
            let attachment = found.ok_or_else(|| VaultError::DocumentGone { sha256: sha256.clone() })?;
            (sha256.clone(), Some(attachment), store.batch_of_digest(sha256)?)
        }
        DocumentSource::Import(id) => {
            let batch = store.batch(*id)?.filter(|batch| batch.undone_at.is_none());
            let batch = batch.ok_or(VaultError::NoSuchImport(*id))?;
            let kept = store.attachments_of_digest(&batch.sha256)?.into_iter().next();
            (batch.sha256.clone(), kept, Some(batch))
        }
    };
    let sha256 = sha256
        .parse()
        .map_err(|_| VaultError::Store(StoreError::Unreadable { what: "attachment.sha256".to_owned() }))?;
    Ok(Found { sha256, attachment, statement })
}

/// Refuses more than a sealed file can carry, before anything is signed.
pub(super) fn check_size(files: &[EnclosedFile]) -> Result<(), VaultError> {
    let bytes: u64 = files.iter().fold(0, |sum: u64, file| sum.saturating_add(file.bytes));
    if bytes > MAX_ENCLOSED_BYTES || files.len() > MAX_ENCLOSURES {
        return Err(VaultError::DocumentsTooLarge { files: files.len(), bytes });
    }
    Ok(())
}

/// Takes the files out of the vault, their digests verified.
pub(super) fn take_out(store: &Store, files: &[EnclosedFile]) -> Result<Vec<Enclosure>, VaultError> {
    files.iter().map(|file| Ok(Enclosure::Document(bytes_of(store, file)?))).collect()
}

fn bytes_of(store: &Store, file: &EnclosedFile) -> Result<Vec<u8>, VaultError> {
    let mut bytes = Vec::with_capacity(usize::try_from(file.bytes.min(MAX_ENCLOSED_BYTES)).unwrap_or(0));
    let mut seq = 0;
    while let Some(chunk) = store.attachment_chunk(file.attachment, seq)? {
        bytes.extend_from_slice(&chunk);
        seq += 1;
    }
    if bytes.len() as u64 != file.bytes || hex(&Sha256::digest(&bytes)) != file.sha256 {
        return Err(VaultError::AttachmentDamaged(file.attachment));
    }
    Ok(bytes)
}
