//! The ledger root: a salted commitment to the rows that a disclosure's facts were drawn from, and to the facts.
//!
//! What it promises: whoever signed had one exact sequence of rows in hand, and can later prove it to
//! somebody they choose (by giving the salt and the rows) and to nobody else. What it does not promise:
//! that these rows are the bank's, that none is missing, or that the facts follow from them; a recipient
//! who holds only the token learns nothing from it, not even the number of rows.

use super::fact::Fact;
use super::json::base64url;
use crate::ledger::transaction::Transaction;
use crate::money::{Currency, Money};
use hkdf::Hkdf;
use jiff::civil::Date;
use serde_json::json;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

const LEAF: u8 = 0x00;
const NODE: u8 = 0x01;
const HEAD: u8 = 0x02;

/// The secret from which the salt of each row is derived. The owner keeps it; it never leaves with a disclosure.
///
/// The same salt over the same rows and facts gives the same root. So a salt that is the same whenever one recipient
/// asks one question lets them see whether anything changed since, and nobody else anything; who is shown it
/// can open the root of every disclosure that was made under it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct RootSalt([u8; 32]);

impl RootSalt {
    /// A salt of 32 random or derived bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// HMAC-SHA-256 under the salt of a label and a number.
    fn derive(&self, label: &[u8], number: u64) -> [u8; 32] {
        hmac(&self.0, &[label, &number.to_be_bytes()].concat())
    }
}

/// HMAC-SHA-256, which is what HKDF-Extract is (RFC 5869, section 2.2).
pub(super) fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    Hkdf::<Sha256>::extract(Some(key), message).0.into()
}

/// The published 32-byte root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerRoot([u8; 32]);

impl LedgerRoot {
    pub(super) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its text in the token: base64url without padding.
    pub fn to_base64url(&self) -> String {
        base64url(&self.0)
    }
}

/// Computes a [`LedgerRoot`] over rows pushed one by one, keeping a few dozen hashes however many rows there are.
///
/// The tree is that of RFC 9162 section 2.1 (leaves under 0x00, nodes under 0x01), each leaf salted.
pub struct RootBuilder<'a> {
    salt: &'a RootSalt,
    rows: u64,
    /// Roots of complete subtrees, largest first, with how many leaves each has.
    subtrees: Vec<(u64, [u8; 32])>,
    /// The row at hand, kept for its room.
    row: Vec<u8>,
}

impl<'a> RootBuilder<'a> {
    /// A builder with no row yet.
    pub const fn new(salt: &'a RootSalt) -> Self {
        Self { salt, rows: 0, subtrees: Vec::new(), row: Vec::new() }
    }

    /// Adds the account's balance before its first transaction; where there is one it is the first row.
    pub fn push_opening(&mut self, date: Date, amount: Money) {
        let row = json!(["opening", date.to_string(), amount.to_decimal(), amount.currency().code()]);
        self.push(row.to_string().as_bytes());
    }

    /// Adds a transaction. Rows go in order of posting date, then of their number in the vault.
    pub fn push_transaction(&mut self, transaction: &Transaction) {
        self.push(&canonical_transaction(transaction));
    }

    /// Adds all amounts of one day, in minor units: what a balance or total over many rows commits to. The amounts
    /// go in order of status and size, and nothing else of their rows is committed to.
    pub fn push_day(&mut self, day: &str, currency: Currency, amounts_minor: &[i64]) {
        let mut bytes = std::mem::take(&mut self.row);
        bytes.clear();
        // Texts and numbers into memory: nothing there can fail.
        let row = ("day", day, currency.code(), currency.exponent(), amounts_minor);
        let _ = serde_json::to_writer(&mut bytes, &row);
        self.push(&bytes);
        self.row = bytes;
    }

    /// Adds a fact, after the rows that it was drawn from: the groups, gaps and statements beneath an answer are not
    /// rows, and yet a root that is the same promises the same answer.
    pub fn push_fact(&mut self, fact: &Fact) {
        let mut bytes = std::mem::take(&mut self.row);
        bytes.clear();
        // Texts and numbers into memory: nothing there can fail.
        let _ = serde_json::to_writer(&mut bytes, &("fact", fact));
        self.push(&bytes);
        self.row = bytes;
    }

    /// Adds a row as bytes that its owner can reproduce.
    pub fn push(&mut self, row: &[u8]) {
        let salt = self.salt.derive(b"finvault/ledger-root/leaf", self.rows);
        let mut hash: [u8; 32] =
            Sha256::new().chain_update([LEAF]).chain_update(salt).chain_update(row).finalize().into();
        let mut leaves = 1u64;
        while let Some(&(size, left)) = self.subtrees.last().filter(|(size, _)| *size == leaves) {
            self.subtrees.pop();
            hash = node(&left, &hash);
            leaves = leaves.saturating_add(size);
        }
        self.subtrees.push((leaves, hash));
        self.rows = self.rows.saturating_add(1);
    }

    /// The root over the rows so far.
    pub fn finish(self) -> LedgerRoot {
        let tree = self
            .subtrees
            .iter()
            .rev()
            .map(|(_, hash)| *hash)
            .reduce(|right, left| node(&left, &right))
            .unwrap_or_else(|| Sha256::digest(b"").into());
        let salt = self.salt.derive(b"finvault/ledger-root/head", self.rows);
        let head = Sha256::new().chain_update([HEAD]).chain_update(salt).chain_update(tree).finalize();
        LedgerRoot(head.into())
    }
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update([NODE]).chain_update(left).chain_update(right).finalize().into()
}

/// A transaction as the root commits to it: a JSON array with no spaces, absent members null.
fn canonical_transaction(transaction: &Transaction) -> Vec<u8> {
    let detail = &transaction.detail;
    json!([
        "transaction",
        detail.posted.to_string(),
        detail.amount.to_decimal(),
        detail.amount.currency().code(),
        detail.payee_raw,
        detail.payee,
        detail.memo,
        detail.reference,
        detail.status.as_str(),
        detail.bank_id,
    ])
    .to_string()
    .into_bytes()
}

/// An id for a disclosed row: stable under one salt, unlinkable under another, and saying nothing of
/// the bank's id or the vault's number. `occurrence` sets equal rows apart: 0 for the first.
pub fn row_id(salt: &RootSalt, transaction: &Transaction, occurrence: u64) -> String {
    let key = salt.derive(b"finvault/row-id", occurrence);
    let row: [u8; 32] = Sha256::digest(canonical_transaction(transaction)).into();
    let id = hmac(&key, &row);
    base64url(id.get(..12).unwrap_or(&id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disclosure::{DocumentFact, Evidence, FileDigest, Selection};
    use crate::ledger::account::AccountId;
    use crate::ledger::transaction::{NewTransaction, TransactionId, TransactionStatus};

    fn root(salt: u8, rows: &[&str]) -> LedgerRoot {
        let salt = RootSalt::from_bytes([salt; 32]);
        let mut builder = RootBuilder::new(&salt);
        rows.iter().for_each(|row| builder.push(row.as_bytes()));
        builder.finish()
    }

    #[test]
    fn any_other_row_order_number_or_salt_gives_another_root() {
        let base = root(1, &["a", "b", "c"]);
        assert_eq!(base, root(1, &["a", "b", "c"]));
        let others: [&[&str]; 6] =
            [&["a", "b"], &["a", "b", "c", "c"], &["b", "a", "c"], &["a", "b", "d"], &["ab", "c"], &[]];
        for other in others {
            assert_ne!(base, root(1, other), "{other:?}");
        }
        assert_ne!(base, root(2, &["a", "b", "c"]));
        assert_ne!(root(1, &[]), root(2, &[]), "an empty ledger cannot be recognised");
    }

    fn transaction(id: i64, minor: i64) -> Transaction {
        let eur = crate::money::Currency::iso("EUR").unwrap();
        Transaction {
            id: TransactionId(id),
            account: AccountId(1),
            batch: None,
            detail: NewTransaction {
                posted: jiff::civil::date(2026, 1, 3),
                amount: Money::new(minor, eur),
                payee: "Corner Cafe".to_owned(),
                payee_raw: "CORNER \"CAFE\"".to_owned(),
                memo: None,
                reference: None,
                category: Some("Food".to_owned()),
                status: TransactionStatus::Posted,
                bank_id: Some("B-1".to_owned()),
            },
        }
    }

    #[test]
    fn a_row_is_what_the_document_says() {
        let row = canonical_transaction(&transaction(4, -450));
        let expected = r#"["transaction","2026-01-03","-4.50","EUR","CORNER \"CAFE\"","Corner Cafe",null,null,"posted","B-1"]"#;
        assert_eq!(String::from_utf8(row).unwrap(), expected);
        let salt = RootSalt::from_bytes([1; 32]);
        let (mut typed, mut raw) = (RootBuilder::new(&salt), RootBuilder::new(&salt));
        typed.push_opening(jiff::civil::date(2026, 1, 1), transaction(1, 100).detail.amount);
        typed.push_transaction(&transaction(4, -450));
        raw.push(br#"["opening","2026-01-01","1.00","EUR"]"#);
        raw.push(expected.as_bytes());
        typed.push_day("2026-01-03", Currency::iso("EUR").unwrap(), &[-450, 100]);
        raw.push(br#"["day","2026-01-03","EUR",2,[-450,100]]"#);
        typed.push_fact(&Fact::Document(DocumentFact {
            sha256: FileDigest::from_bytes([0xab; 32]),
            media_type: "text/csv".to_owned(),
            file_name: None,
            selection: Selection::default(),
            evidence: Evidence::new(vec![], true),
        }));
        let fact = r#"{"kind":"document","selection":{"window":{},"filter":[],"matched":0,"suppressed":0},"evidence":{"grade":"self-asserted","statements":[]},"Document":{"sha256":"DIGEST","media_type":"text/csv"}}"#;
        raw.push(format!(r#"["fact",{}]"#, fact.replace("DIGEST", &"ab".repeat(32))).as_bytes());
        assert_eq!(typed.finish(), raw.finish());
    }

    #[test]
    fn row_ids_are_stable_for_one_salt_and_unlinkable_under_another() {
        let (one, two) = (RootSalt::from_bytes([1; 32]), RootSalt::from_bytes([2; 32]));
        let id = row_id(&one, &transaction(4, -450), 0);
        assert_eq!(id.len(), 16);
        assert_eq!(id, row_id(&one, &transaction(5, -450), 0), "the vault's number says nothing");
        assert_ne!(id, row_id(&one, &transaction(4, -450), 1));
        assert_ne!(id, row_id(&one, &transaction(4, -451), 0));
        assert_ne!(id, row_id(&two, &transaction(4, -450), 0));
    }

    #[test]
    fn the_streamed_tree_is_that_of_rfc_9162() {
        // MTH(D) splits at the largest power of two below n; computed here by its recursive definition.
        fn mth(leaves: &[[u8; 32]]) -> [u8; 32] {
            match leaves {
                [] => Sha256::digest(b"").into(),
                [one] => *one,
                _ => {
                    let split = leaves.len().next_power_of_two() / 2;
                    node(&mth(&leaves[..split]), &mth(&leaves[split..]))
                }
            }
        }
        let salt = RootSalt::from_bytes([9; 32]);
        for count in 0..40u64 {
            let mut builder = RootBuilder::new(&salt);
            let mut leaves = Vec::new();
            for row in 0..count {
                let text = row.to_string();
                builder.push(text.as_bytes());
                let leaf_salt = salt.derive(b"finvault/ledger-root/leaf", row);
                leaves.push(Sha256::digest([&[LEAF][..], &leaf_salt, text.as_bytes()].concat()).into());
            }
            let head_salt = salt.derive(b"finvault/ledger-root/head", count);
            let expected: [u8; 32] = Sha256::digest([&[HEAD][..], &head_salt, &mth(&leaves)].concat()).into();
            assert_eq!(builder.finish().as_bytes(), &expected, "{count} rows");
        }
    }
}
