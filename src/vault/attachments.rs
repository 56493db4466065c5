//! Files in the vault: streamed in and out a chunk at a time, each content kept once.

use super::accounts::account_by_id;
use super::import::{ImportSource, base_name, hex};
use super::transactions::transaction_by_id;
use super::{Vault, VaultError};
use crate::ledger::attachment::{is_media_type, media_type_of};
use crate::ledger::{Attachment, AttachmentId, AttachmentTarget};
use crate::statement::Content;
use crate::store::Store;
use crate::store::attachments::{CHUNK_BYTES, ContentId};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};

/// The largest file that can be attached, in bytes: 1 GiB.
pub const MAX_ATTACHMENT_BYTES: u64 = 1 << 30;
/// The longest name of a file, in characters.
const MAX_FILE_NAME_CHARS: usize = 255;

/// What attaching a file did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The attachment.
    pub attachment: Attachment,
    /// Whether the vault had these very bytes already, so that they are kept once.
    pub known: bool,
}

impl Vault {
    /// Attaches a file, read to its end a chunk at a time. The same bytes attached again are kept once; to
    /// the same thing, they are the attachment that is there.
    ///
    /// `media_type` is what kind of file it is; where it is not given, how the file begins tells.
    ///
    /// # Errors
    /// [`VaultError::AttachmentTooLarge`], [`VaultError::AttachmentRead`]; [`VaultError::Invalid`] for a name
    /// or media type that cannot be used; [`VaultError::NoSuchTransaction`], [`VaultError::NoSuchAccount`],
    /// [`VaultError::NoSuchImport`] where there is nothing to attach to.
    pub fn attach(
        &mut self,
        reader: &mut dyn Read,
        name: &str,
        media_type: Option<&str>,
        target: AttachmentTarget,
        now: Timestamp,
    ) -> Result<Attached, VaultError> {
        let name = usable_file_name(name)?;
        if let Some(wrong) = media_type.filter(|text| !is_media_type(text)) {
            return Err(VaultError::Invalid(format!(
                "\"{wrong}\" is no media type, such as application/pdf"
            )));
        }
        self.write(|store| {
            check_target(store, target)?;
            let taken = take_in(store, reader, name, MAX_ATTACHMENT_BYTES)?;
            let media_type = media_type.unwrap_or(taken.media_type);
            let id = store.link_content(taken.content, target, name, media_type, now)?;
            let attachment = store.attachment(id)?.ok_or(VaultError::NoSuchAttachment(id))?;
            Ok(Attached { attachment, known: taken.known })
        })
    }

    /// What is attached to one thing, or to anything, in order of number.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn attachments(&self, target: Option<AttachmentTarget>) -> Result<Vec<Attachment>, VaultError> {
        self.read(|store| {
            if let Some(target) = target {
                check_target(store, target)?;
            }
            Ok(store.attachments(target)?)
        })
    }

    /// One attachment.
    ///
    /// # Errors
    /// [`VaultError::NoSuchAttachment`].
    pub fn attachment(&self, id: AttachmentId) -> Result<Attachment, VaultError> {
        self.read(|store| store.attachment(id)?.ok_or(VaultError::NoSuchAttachment(id)))
    }

    /// Writes an attachment's bytes, a chunk at a time, and verifies their digest at the end.
    ///
    /// # Errors
    /// [`VaultError::NoSuchAttachment`], [`VaultError::AttachmentWrite`]; [`VaultError::AttachmentDamaged`]
    /// where the bytes are not those that were attached: what was written must not be used then.
    pub fn read_attachment(
        &self,
        id: AttachmentId,
        writer: &mut dyn Write,
    ) -> Result<Attachment, VaultError> {
        let attachment = self.attachment(id)?;
        let mut hash = Sha256::new();
        let mut length = 0_u64;
        let mut seq = 0;
        while let Some(chunk) = self.read(|store| Ok(store.attachment_chunk(id, seq)?))? {
            hash.update(&chunk);
            length = length.saturating_add(chunk.len() as u64);
            writer.write_all(&chunk).map_err(VaultError::AttachmentWrite)?;
            seq += 1;
        }
        if length != attachment.length || hex(&hash.finalize()) != attachment.sha256 {
            return Err(VaultError::AttachmentDamaged(id));
        }
        writer.flush().map_err(VaultError::AttachmentWrite)?;
        Ok(attachment)
    }

    /// Takes an attachment off what it belongs to and gives what it was. Its bytes go with the last
    /// attachment that has them.
    ///
    /// # Errors
    /// [`VaultError::NoSuchAttachment`].
    pub fn remove_attachment(&mut self, id: AttachmentId) -> Result<Attachment, VaultError> {
        self.write(|store| {
            let attachment = store.attachment(id)?.ok_or(VaultError::NoSuchAttachment(id))?;
            store.remove_attachment(id)?;
            Ok(attachment)
        })
    }
}

/// Attaches a file whose digest is known, within a transaction that is open. A name that files cannot have gives way.
pub(super) fn attach_content(
    store: &Store,
    file: &ImportSource<'_>,
    sha256: &str,
    target: AttachmentTarget,
    now: Timestamp,
) -> Result<(), VaultError> {
    let name = usable_file_name(base_name(file.name)).unwrap_or("statement");
    let taken = match file.content {
        Content::Held(bytes) => take_in(store, &mut &*bytes, name, MAX_ATTACHMENT_BYTES)?,
        Content::File(mut file) => {
            file.seek(SeekFrom::Start(0)).map_err(VaultError::AttachmentRead)?;
            take_in(store, &mut file, name, MAX_ATTACHMENT_BYTES)?
        }
    };
    if taken.sha256 != sha256 {
        let changed = std::io::Error::other("the file changed while it was read");
        return Err(VaultError::AttachmentRead(changed));
    }
    store.link_content(taken.content, target, name, taken.media_type, now)?;
    Ok(())
}

/// A content that was read to its end.
struct TakenIn {
    content: ContentId,
    sha256: String,
    media_type: &'static str,
    known: bool,
}

/// Reads a file into the vault; where its bytes are there already, they stay the ones.
fn take_in(store: &Store, reader: &mut dyn Read, name: &str, max_bytes: u64) -> Result<TakenIn, VaultError> {
    let content = store.begin_content()?;
    let mut hash = Sha256::new();
    let (mut length, mut chunks) = (0_u64, 0_u64);
    let mut media_type = media_type_of(&[]);
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    loop {
        chunk.clear();
        read_chunk(reader, &mut chunk).map_err(VaultError::AttachmentRead)?;
        if chunk.is_empty() {
            break;
        }
        length = length.saturating_add(chunk.len() as u64);
        if length > max_bytes {
            return Err(VaultError::AttachmentTooLarge { name: name.to_owned(), max_mib: max_bytes >> 20 });
        }
        if chunks == 0 {
            media_type = media_type_of(&chunk);
        }
        hash.update(&chunk);
        store.add_chunk(content, chunks, &chunk)?;
        chunks += 1;
    }
    let sha256 = hex(&hash.finalize());
    if let Some(content) = store.content_by_digest(&sha256)? {
        store.drop_content()?;
        return Ok(TakenIn { content, sha256, media_type, known: true });
    }
    store.keep_content(content, &sha256, length, chunks)?;
    Ok(TakenIn { content, sha256, media_type, known: false })
}

/// Fills a chunk, or as much of it as is left: readers may give less than they could.
fn read_chunk(reader: &mut dyn Read, chunk: &mut Vec<u8>) -> std::io::Result<()> {
    chunk.resize(CHUNK_BYTES, 0);
    let mut filled = 0;
    while let Some(rest) = chunk.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    chunk.truncate(filled);
    Ok(())
}

fn check_target(store: &Store, target: AttachmentTarget) -> Result<(), VaultError> {
    match target {
        AttachmentTarget::Transaction(id) => transaction_by_id(store, id).map(drop),
        AttachmentTarget::Account(id) => account_by_id(store, id).map(drop),
        AttachmentTarget::Import(id) => {
            let live = store.batch(id)?.filter(|batch| batch.undone_at.is_none());
            live.map(drop).ok_or(VaultError::NoSuchImport(id))
        }
    }
}

/// A file's name that can be given to a file again: no folder, no control characters, of a length that
/// file systems take.
fn usable_file_name(name: &str) -> Result<&str, VaultError> {
    let wrong = |what: &str| Err(VaultError::Invalid(format!("the name of an attachment cannot {what}")));
    if name.is_empty() || name == "." || name == ".." {
        return wrong("be empty");
    }
    if name.chars().count() > MAX_FILE_NAME_CHARS {
        return wrong("be longer than 255 characters");
    }
    if name.contains(|c: char| c.is_control() || c == '/' || c == '\\') {
        return wrong("hold slashes or control characters");
    }
    Ok(name)
}

#[cfg(test)]
mod tests;
