//! Attachments: files that belong to a transaction, an account or an import, and what kind of file they are.

use super::account::AccountId;
use super::transaction::{BatchId, TransactionId};
use jiff::Timestamp;

/// An attachment's number inside one vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttachmentId(pub i64);

/// What a file is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttachmentTarget {
    /// A transaction: its receipt, its invoice.
    Transaction(TransactionId),
    /// An account: its contract.
    Account(AccountId),
    /// An import: the statement's own file.
    Import(BatchId),
}

/// A file in the vault, attached to something under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its number in this vault.
    pub id: AttachmentId,
    /// What it is attached to.
    pub target: AttachmentTarget,
    /// The file's name, without its folder.
    pub name: String,
    /// What kind of file it is, as `application/pdf`.
    pub media_type: String,
    /// How long it is, in bytes.
    pub length: u64,
    /// Digest of its bytes, lower-case hex. Attachments with one digest share their bytes.
    pub sha256: String,
    /// When it was attached.
    pub added: Timestamp,
}

/// How files begin, and what they are then.
const SIGNATURES: &[(&[u8], &str)] =
    &[(b"%PDF-", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg")];

/// What kind of file begins with these bytes: PDF, PNG, JPEG, plain text; `application/octet-stream` for
/// all that it cannot tell.
pub fn media_type_of(beginning: &[u8]) -> &'static str {
    let known = SIGNATURES.iter().find(|(signature, _)| beginning.starts_with(signature));
    match known {
        Some((_, media_type)) => media_type,
        None if is_text(beginning) => "text/plain",
        None => "application/octet-stream",
    }
}

/// UTF-8 without control characters other than white space; the last character may be cut in two.
fn is_text(bytes: &[u8]) -> bool {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            let whole = bytes.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(whole).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !c.is_whitespace())
}

/// Whether a text is a media type: `type/subtype` of the letters that RFC 6838, section 4.2, allows.
pub fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        (1..=63).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    text.split_once('/').is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn files_are_known_by_how_they_begin() {
        for (beginning, expected) in [
            (&b"%PDF-1.7\n%\xe2\xe3"[..], "application/pdf"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            ("Quittung über 12 €\r\n\tDanke".as_bytes(), "text/plain"),
            (&"Quittung über 12 €".as_bytes()[..18], "text/plain"),
            (b"", "application/octet-stream"),
            (b"PK\x03\x04", "application/octet-stream"),
            (b"abc\xff", "application/octet-stream"),
            (b"\xe2\x82", "application/octet-stream"),
            (b"%PDF", "text/plain"),
        ] {
            assert_eq!(media_type_of(beginning), expected, "{beginning:?}");
        }
    }

    #[test]
    fn media_types_have_two_names() {
        for right in ["application/pdf", "image/svg+xml", "application/vnd.ms-excel"] {
            assert!(is_media_type(right), "{right}");
        }
        for wrong in ["", "pdf", "/pdf", "image/", "a/b/c", "text/plain; charset=utf-8", "té/xt"] {
            assert!(!is_media_type(wrong), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_media_type(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(is_media_type(media_type_of(&bytes)));
        }
    }
}
