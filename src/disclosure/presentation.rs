//! Passing on: the recipient of a token gives a part of it to a third party, who verifies it like the recipient did.
//!
//! What is left out is counted, never hidden: the third party reads how many facts and how many rows of a fact
//! were signed and are not in their copy. The copy is bound to them and to a moment by the holder's signature. Only
//! the holder whom the owner named can do this, and only where the terms do not prohibit it; so what was passed on
//! cannot be passed on again. Consent, where the terms ask for it, is between people: ask for it before.

use super::audience::Audience;
use super::binding::{BINDING_TYP, BindingHeader, BindingPayload, is_nonce, sd_hash};
use super::enclosure::Enclosure;
use super::fact::{Fact, FactWire, Slot, TransactionsFact};
use super::issue::{IssueError, encode};
use super::json::base64url;
use super::receipt::ReceiptKey;
use super::selection::FileDigest;
use super::terms::OnwardSharing;
use super::token::{ALG, Payload, Token, disclosure_digest};
use super::verify::{Expectation, ExpectedAudience, Verified, VerifyError, decode, jwt_parts, verify};
use crate::crypto::random::{Random, RandomError};
use crate::crypto::sign::VerifyingKey;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many random bytes make a nonce that nobody gave.
const NONCE_BYTES: usize = 16;

/// Which facts of a copy are passed on, and of each which rows. Places count from 0, in the order in which
/// [`Verified::facts`] and [`TransactionsFact::rows`] have them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subset {
    /// No set: every row.
    facts: BTreeMap<usize, Option<BTreeSet<usize>>>,
}

/// What would be passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The facts, as their reader will see them.
    pub facts: Vec<Fact>,
    /// How many facts were signed and will not be in the copy.
    pub withheld_facts: u64,
}

/// Whom a copy is passed on to, and by whom.
pub struct Presentation<'a> {
    /// The third party: their key or passcode.
    pub audience: Audience,
    /// What they gave to recognise the answer by, or [`random_nonce`].
    pub nonce: &'a str,
    /// The holder's own key.
    pub key: &'a ReceiptKey,
}

/// Why nothing was passed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PresentError {
    /// It does not verify, so there is nothing to pass on.
    #[error(transparent)]
    NotVerified(VerifyError),
    /// The owner prohibits it.
    #[error("the terms of this disclosure prohibit passing it on")]
    Prohibited,
    /// The owner allows it, but named no key under which a third party could verify it.
    #[error("the disclosure names no key of its recipient, so nobody could verify what is passed on")]
    NoHolder,
    /// It is a passed-on copy already.
    #[error("this copy was itself passed on, and only the recipient whom the owner named can do that")]
    PassedOnAlready,
    /// The key that signs is not the one in the token.
    #[error("the key to sign with is not the one that the owner put into the disclosure")]
    NotTheHolder,
    /// A subset of nothing.
    #[error("there is no fact to pass on")]
    NothingChosen,
    /// A place beyond the copy's facts.
    #[error("there is no fact {fact}: this copy has {of}")]
    NoSuchFact {
        /// Its number, from 1.
        fact: usize,
        /// How many there are.
        of: usize,
    },
    /// A place beyond the rows of a fact in this copy; a fact of another kind has none.
    #[error("fact {fact} has no row {row}: this copy has {of} of its rows")]
    NoSuchRow {
        /// The fact's number, from 1.
        fact: usize,
        /// The row's, from 1.
        row: usize,
        /// How many there are.
        of: usize,
    },
    /// No nonce, or one that cannot be shown safely.
    #[error("a nonce has 1 to {} bytes and no control characters", super::binding::MAX_NONCE_LEN)]
    BadNonce,
    /// It could not be written; what happened is in the error.
    #[error(transparent)]
    NotMade(#[from] IssueError),
}

impl Subset {
    /// Every fact and row of a copy.
    pub fn everything(of: &Verified) -> Self {
        (0..of.facts.len()).fold(Self::default(), Self::with_fact)
    }

    /// Also this fact. Its rows all travel, unless [`Subset::with_rows`] names some.
    #[must_use]
    pub fn with_fact(mut self, fact: usize) -> Self {
        self.facts.entry(fact).or_insert(None);
        self
    }

    /// Also this fact, and of its rows only these (and those named before).
    #[must_use]
    pub fn with_rows(mut self, fact: usize, rows: impl IntoIterator<Item = usize>) -> Self {
        self.facts.entry(fact).or_insert(None).get_or_insert_default().extend(rows);
        self
    }

    /// Whether a fact is in it.
    pub fn has_fact(&self, fact: usize) -> bool {
        self.facts.contains_key(&fact)
    }

    fn has_row(&self, fact: usize, row: usize) -> bool {
        self.facts.get(&fact).is_some_and(|rows| rows.as_ref().is_none_or(|rows| rows.contains(&row)))
    }

    /// What a third party will see, with what is missing counted. Nothing is signed.
    ///
    /// # Errors
    /// [`PresentError::NothingChosen`], [`PresentError::NoSuchFact`], [`PresentError::NoSuchRow`].
    pub fn of(&self, copy: &Verified) -> Result<Passed, PresentError> {
        self.check(copy)?;
        let mut facts = Vec::new();
        let mut withheld_facts = copy.withheld_facts;
        for (place, fact) in copy.facts.iter().enumerate() {
            match fact {
                _ if !self.has_fact(place) => withheld_facts = withheld_facts.saturating_add(1),
                Fact::Transactions(fact) => facts.push(Fact::Transactions(self.rows_of(place, fact))),
                other => facts.push(other.clone()),
            }
        }
        Ok(Passed { facts, withheld_facts })
    }

    fn check(&self, copy: &Verified) -> Result<(), PresentError> {
        if self.facts.is_empty() {
            return Err(PresentError::NothingChosen);
        }
        for (place, rows) in &self.facts {
            let number = place.saturating_add(1);
            let none = PresentError::NoSuchFact { fact: number, of: copy.facts.len() };
            let of = match copy.facts.get(*place).ok_or(none)? {
                Fact::Transactions(fact) => fact.rows.len(),
                _ => 0,
            };
            if let Some(row) = rows.iter().flatten().find(|row| **row >= of) {
                return Err(PresentError::NoSuchRow { fact: number, row: row.saturating_add(1), of });
            }
        }
        Ok(())
    }

    fn rows_of(&self, place: usize, fact: &TransactionsFact) -> TransactionsFact {
        let chosen = fact.rows.iter().enumerate().filter(|(row, _)| self.has_row(place, *row));
        let rows: Vec<_> = chosen.map(|(_, row)| row.clone()).collect();
        let left_out = u64::try_from(fact.rows.len().saturating_sub(rows.len())).unwrap_or(u64::MAX);
        TransactionsFact { rows, withheld: fact.withheld.saturating_add(left_out), ..fact.clone() }
    }
}

/// Whether a copy can be passed on at all, and under which key.
///
/// # Errors
/// [`PresentError::PassedOnAlready`], [`PresentError::Prohibited`], [`PresentError::NoHolder`].
pub fn check_presentable(copy: &Verified) -> Result<VerifyingKey, PresentError> {
    if copy.presented.is_some() {
        return Err(PresentError::PassedOnAlready);
    }
    if copy.terms.onward_sharing == OnwardSharing::Prohibited {
        return Err(PresentError::Prohibited);
    }
    copy.holder.ok_or(PresentError::NoHolder)
}

/// Makes the copy that is passed on: what the subset names of the token, under the holder's signature.
///
/// `now` becomes the `iat` of the key binding in whole seconds. The token is verified first, and so is the copy before it
/// is given out. Whether the owner consented, where [`OnwardSharing::WithConsent`] asks for it, and whether they took
/// the disclosure back, the caller has to know.
///
/// # Errors
/// [`PresentError`]; nothing was signed then that could be used.
pub fn present(
    token: &str,
    subset: &Subset,
    to: &Presentation<'_>,
    now: Timestamp,
) -> Result<Token, PresentError> {
    let own = Expectation { now, audience: ExpectedAudience::Unchecked };
    let copy = verify(token, &own).map_err(PresentError::NotVerified)?;
    if check_presentable(&copy)? != to.key.verifying_key() {
        return Err(PresentError::NotTheHolder);
    }
    if !is_nonce(to.nonce) {
        return Err(PresentError::BadNonce);
    }
    let expected = subset.of(&copy)?;
    let mut text = chosen_parts(token, subset).map_err(PresentError::NotVerified)?;
    text.push_str(&binding(&text, to, now)?);
    let expectation = Expectation { now, audience: ExpectedAudience::OneOf(&[to.audience]) };
    let passed = verify(&text, &expectation).map_err(IssueError::SelfCheck)?;
    if passed.facts != expected.facts || passed.withheld_facts != expected.withheld_facts {
        return Err(IssueError::BadFact("the copy would be read differently than it was meant").into());
    }
    Ok(Token::new(text))
}

/// The signed part of the token and the disclosures that the subset names, each with its tilde.
fn chosen_parts(token: &str, subset: &Subset) -> Result<String, VerifyError> {
    let mut parts = token.split('~');
    let jwt = parts.next().unwrap_or_default();
    let [_, payload, _] = jwt_parts(jwt)?;
    let payload: Payload = decode(payload, "the payload")?;
    let by_digest: HashMap<String, &str> = parts.map(|part| (disclosure_digest(part), part)).collect();
    let here = |slots: &[Slot]| -> Vec<&str> {
        slots.iter().filter_map(|slot| by_digest.get(&slot.digest).copied()).collect()
    };
    let mut text = format!("{jwt}~");
    let mut add = |part: &str| {
        text.push_str(part);
        text.push('~');
    };
    for (place, part) in here(&payload.facts).into_iter().enumerate() {
        if !subset.has_fact(place) {
            continue;
        }
        add(part);
        let (_, fact): (String, FactWire<Slot>) = decode(part, "a fact of unknown form")?;
        let FactWire::Transactions(fact) = fact else { continue };
        let rows = here(&fact.rows).into_iter().enumerate();
        rows.filter(|(row, _)| subset.has_row(place, *row)).for_each(|(_, part)| add(part));
    }
    Ok(text)
}

/// The key-binding part of what is presented.
fn binding(presented: &str, to: &Presentation<'_>, now: Timestamp) -> Result<String, IssueError> {
    let header = BindingHeader { alg: ALG.to_owned(), typ: BINDING_TYP.to_owned() };
    let payload = BindingPayload {
        iat: now.as_second(),
        aud: to.audience.to_string(),
        nonce: to.nonce.to_owned(),
        sd_hash: sd_hash(presented),
    };
    let mut text = format!("{}.{}", encode(&header)?, encode(&payload)?);
    let signature = to.key.sign(text.as_bytes());
    text.push('.');
    text.push_str(&base64url(&signature.to_bytes()));
    Ok(text)
}

/// A nonce for a third party who gave none: 16 random bytes in base64url.
///
/// # Errors
/// [`RandomError`].
pub fn random_nonce(random: &dyn Random) -> Result<String, RandomError> {
    let mut bytes = [0; NONCE_BYTES];
    random.fill(&mut bytes)?;
    Ok(base64url(&bytes))
}

/// What travels on beside the copy: every endorsement, which names the disclosure and not a copy of it, and the documents
/// that one of its facts names.
pub fn enclosures_passed_on(passed: &Passed, enclosures: &[Enclosure]) -> Vec<Enclosure> {
    let named = |bytes: &[u8]| {
        let digest = FileDigest::from_bytes(Sha256::digest(bytes).into());
        passed.facts.iter().any(|fact| matches!(fact, Fact::Document(document) if document.sha256 == digest))
    };
    let travels = |enclosure: &&Enclosure| match enclosure {
        Enclosure::Endorsement(_) => true,
        Enclosure::Document(bytes) => named(bytes),
    };
    enclosures.iter().filter(travels).cloned().collect()
}
