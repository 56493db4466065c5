//! How a row is recognised where no bank's id helps: a digest over what a source wrote.

use super::transaction::NewTransaction;
use sha2::{Digest, Sha256};

/// A digest over what makes a row recognisable: its day, amount, payee and memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The fingerprint of a row. Letter case and runs of spaces do not count, since banks change both
    /// between one download and the next.
    pub fn of(row: &NewTransaction) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"finvault row v1\0");
        hash.update(row.posted.to_string());
        hash.update([0]);
        hash.update(row.amount.minor().to_be_bytes());
        hash.update(row.amount.currency().code());
        for text in [Some(row.payee_raw.as_str()), row.memo.as_deref(), row.reference.as_deref()] {
            hash.update([0]);
            for (index, word) in text.unwrap_or_default().split_whitespace().enumerate() {
                if index > 0 {
                    hash.update(b" ");
                }
                hash.update(word.to_lowercase());
            }
        }
        Self(hash.finalize().into())
    }
}
