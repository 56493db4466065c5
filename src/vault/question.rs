//! The salt of a disclosure's ledger root: the same whenever one recipient is answered the same question.
//!
//! So that they can tell whether anything changed since they asked last, and nobody else can tell anything.

use super::FactRequest;
use super::standing_fact::fact_to_wire;
use crate::crypto::{DerivedSecret, IdentityKey};
use crate::store::recipients::RecipientRow;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Derived from the vault's key for a recipient and what is asked for. Times, purpose and terms are no part of it,
/// nor is anything that the answer draws from the records.
pub(super) fn root_salt(key: &IdentityKey, recipient: &RecipientRow, facts: &[FactRequest]) -> DerivedSecret {
    let asked = Value::Array(facts.iter().map(canonical).collect()).to_string();
    let context = [recipient.key_salt.as_slice(), Sha256::digest(asked).as_slice()].concat();
    key.derive_secret("finvault/root-salt", &context)
}

/// One text for one question: the order in which fields were named says nothing.
fn canonical(fact: &FactRequest) -> Value {
    let mut fact = fact.clone();
    match &mut fact {
        FactRequest::Transactions { fields, .. } => {
            fields.sort_by_key(|field| field.as_str());
            fields.dedup();
        }
        FactRequest::Account { fields, profile, .. } => {
            fields.sort_by_key(|field| field.as_str());
            fields.dedup();
            profile.sort_by_key(|field| field.as_str());
            profile.dedup();
        }
        _ => {}
    }
    serde_json::to_value(fact_to_wire(&fact)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{AccountId, BatchId};
    use crate::vault::{DocumentName, DocumentSource, TransactionField};
    use jiff::civil::date;

    fn recipient(salt: u8) -> RecipientRow {
        RecipientRow {
            id: 1,
            name: "Landlord".to_owned(),
            key: None,
            key_salt: [salt; 32],
            added_at: jiff::Timestamp::UNIX_EPOCH,
            removed_at: None,
        }
    }

    #[test]
    fn one_question_of_one_recipient_has_one_salt_and_no_other_has_it() {
        let key = IdentityKey::from_bytes([7; 32]);
        let salt = |to: u8, facts: &[FactRequest]| *root_salt(&key, &recipient(to), facts).expose();
        let balance = FactRequest::balance(AccountId(1), date(2026, 1, 31));
        let rows = |fields: &[TransactionField]| {
            FactRequest::transactions(AccountId(1), date(2026, 1, 1), date(2026, 1, 31), fields)
        };
        use TransactionField::{Amount, Date};
        let statement = |enclose| FactRequest::Document {
            source: DocumentSource::Import(BatchId(1)),
            name: DocumentName::Neutral,
            enclose,
        };
        let questions = [
            vec![balance.clone()],
            vec![FactRequest::balance(AccountId(2), date(2026, 1, 31))],
            vec![FactRequest::balance(AccountId(1), date(2026, 1, 30))],
            vec![balance.clone(), balance.clone()],
            vec![rows(&[Date])],
            vec![rows(&[Date, Amount])],
            vec![statement(true)],
            vec![statement(false)],
        ];
        for (at, question) in questions.iter().enumerate() {
            assert_eq!(salt(1, question), salt(1, question), "{at}");
            assert_ne!(salt(1, question), salt(2, question), "{at}");
            for other in &questions[at + 1..] {
                assert_ne!(salt(1, question), salt(1, other), "{at}");
            }
        }
        assert_eq!(salt(1, &[rows(&[Date, Amount])]), salt(1, &[rows(&[Amount, Date, Date])]));
        let other_vault = IdentityKey::from_bytes([8; 32]);
        assert_ne!(*root_salt(&other_vault, &recipient(1), &questions[0]).expose(), salt(1, &questions[0]));
    }
}
