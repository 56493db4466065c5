//! How a row is recognised where no bank's id helps: a digest over what a source wrote.

use super::iso_day::iso_day;
use super::transaction::NewTransaction;
use crate::money::Money;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

/// A digest over what makes a row recognisable: its day, amount, payee and memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

/// The first half of a fingerprint, which is all that is compared where many are held in memory. Two rows that differ
/// share it by chance once in 2^128; who makes two that do (2^64 digests) has them taken for one row, in statements of
/// their own making.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FingerprintHead([u8; 16]);

impl FingerprintHead {
    /// Its first eight bytes: enough to look it up by, where the rest is compared.
    pub fn prefix(&self) -> u64 {
        u64::from_be_bytes(self.0.first_chunk().copied().unwrap_or_default())
    }
}

impl Fingerprint {
    /// Its first half.
    pub fn head(&self) -> FingerprintHead {
        FingerprintHead(self.0.first_chunk().copied().unwrap_or_default())
    }

    /// The fingerprint of a row. Letter case and runs of spaces do not count, since banks change both
    /// between one download and the next.
    pub fn of(row: &NewTransaction) -> Self {
        let texts = [Some(row.payee_raw.as_str()), row.memo.as_deref(), row.reference.as_deref()];
        Self::of_parts(row.posted, row.amount, texts)
    }

    /// The fingerprint of a row of this day, amount, and payee as the source wrote it, memo and reference.
    pub fn of_parts(posted: Date, amount: Money, texts: [Option<&str>; 3]) -> Self {
        let mut bytes = Vec::with_capacity(160);
        bytes.extend_from_slice(b"finvault row v1\0");
        bytes.extend_from_slice(iso_day(posted, &mut [0; 10]).as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(&amount.minor().to_be_bytes());
        bytes.extend_from_slice(amount.currency().code().as_bytes());
        for text in texts {
            bytes.push(0);
            for (index, word) in text.unwrap_or_default().split_whitespace().enumerate() {
                if index > 0 {
                    bytes.push(b' ');
                }
                if word.is_ascii() {
                    let from = bytes.len();
                    bytes.extend_from_slice(word.as_bytes());
                    bytes.get_mut(from..).unwrap_or_default().make_ascii_lowercase();
                } else {
                    bytes.extend_from_slice(word.to_lowercase().as_bytes());
                }
            }
        }
        Self(Sha256::digest(&bytes).into())
    }
}
