//! Disclosures: facts for one recipient, for one purpose, until one date; signed, sealed, logged.
//!
//! The owner's side makes a [`Draft`] of [`Fact`]s, [`issue`]s it as a signed [`Token`], [`seal`]s the token to a
//! [`RecipientKey`] or under a [`Passcode`], and appends to the [`log`]. The recipient's side [`open`]s the file with
//! [`Identities`] or the passcode and [`verify`]s the token; it needs no vault. Two disclosures of one signer can be
//! held against each other: [`compare`]. Everything here is values in and
//! values out: the time, the randomness and the rows are arguments, and no file is touched.
//!
//! Where the terms allow it, the recipient [`present`]s a part of it to a third party, who verifies it like their own.
//!
//! What a token and a sealed file look like, byte by byte, is in `docs/disclosure-format.md`.
//!
//! ```
//! # #[cfg(all(feature = "age", feature = "vault"))]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use finvault::crypto::random::OsRandom;
//! use finvault::disclosure::*;
//! use finvault::money::{Currency, Money};
//!
//! let as_of = jiff::civil::date(2026, 1, 31);
//! let fact = Fact::Balance(BalanceFact {
//!     account: AccountLabel::new(None, Some("DE89 3704 0044 0532 0130 00")),
//!     balance_type: BalanceType::ClosingBooked,
//!     as_of,
//!     amount: Money::parse("1234.56", Currency::iso("EUR")?)?,
//!     selection: Selection { to: Some(as_of), matched: 12, ..Selection::default() },
//!     evidence: Evidence::new(vec![], true),
//! });
//! let passcode = Passcode::generate(&OsRandom)?;
//! let salt = RootSalt::from_bytes([0x42; 32]); // derived or random in earnest
//! let draft = Draft {
//!     audience: passcode.audience(),
//!     purpose: Purpose::from_text("Refund of order 4711")?,
//!     terms: Terms::default(),
//!     lifetime: Lifetime::default(),
//!     not_before: None,
//!     facts: vec![fact],
//!     ledger_root: RootBuilder::new(&salt).finish(),
//!     status: None,
//!     holder: None,
//! };
//! let now = jiff::Timestamp::now();
//! let issued = issue(&draft, &IssuerKey::from_seed(&[7; 32]), now, &OsRandom)?;
//! let file = seal(&issued.token, &SealTo::Passcode(&passcode))?;
//!
//! let opened = open(&file, OpenWith::Passcode(&passcode))?;
//! let readers = [passcode.audience()];
//! let expectation = Expectation { now, audience: ExpectedAudience::OneOf(&readers) };
//! let verified = verify(&opened.token, &expectation)?;
//! assert_eq!(verified.facts, draft.facts);
//! println!("compare the signer's fingerprint: {}", verified.issuer);
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "age", feature = "vault")))]
//! # fn main() {}
//! ```

mod audience;
#[cfg(feature = "vault")]
pub(crate) mod beside;
mod binding;
#[cfg(feature = "age")]
mod browser_key;
mod compare;
mod document_name;
mod draft;
mod enclosure;
mod fact;
mod form;
#[cfg(feature = "age")]
mod identity;
#[cfg(feature = "vault")]
pub mod inference;
mod issue;
mod json;
#[cfg(feature = "age")]
mod jwe;
pub mod log;
mod log_export;
#[cfg(feature = "age")]
mod open;
mod passcode;
mod presentation;
mod pseudonym;
mod question;
mod receipt;
#[cfg(feature = "age")]
mod recipient;
pub mod request;
mod review;
mod root;
#[cfg(feature = "age")]
mod seal;
mod selection;
mod status;
mod terms;
mod token;
mod typed;
mod verdict;
mod verify;
#[cfg(feature = "age")]
mod viewer;
mod wire;
mod words;

pub use audience::{Audience, AudienceError};
pub use binding::{BINDING_TYP, MAX_NONCE_LEN, Presented};
#[cfg(feature = "age")]
pub use browser_key::BrowserKey;
pub use compare::{CompareError, Comparison, Contradiction, FactPair, Outcome, Relation, compare};
pub use document_name::{neutral_file_name, safe_file_name};
pub use draft::{DRAFT_TYP, DraftForReview, MAX_REVIEWERS, ReviewCopy};
pub use enclosure::{
    Enclosed, EnclosedDocument, Enclosure, MAX_CONTENTS_LEN, MAX_ENCLOSURES, check_enclosures, split_contents,
};
pub use fact::{
    AccountFact, AccountLabel, BalanceFact, BalanceRangeFact, BalanceType, CellTotal, DocumentFact, Fact,
    FullNumber, Grouping, HolderDetails, INCOME, MIN_CELL_ROWS, MaskedNumber, Measure, NumberScheme,
    PayeeForm, Period, PeriodTotals, Row, RowStatus, SPENDING, ThresholdFact, TotalsFact, TransactionsFact,
};
pub use form::{SealedForm, SealedFormError};
#[cfg(feature = "age")]
pub use identity::{Identities, IdentityError};
pub use issue::{Draft, IssueError, Issued, IssuerKey, Unsigned, issue, prepare};
#[cfg(feature = "age")]
pub use jwe::{JWE_ITERATIONS, JWE_TYP, MAX_JWE_ITERATIONS, SealedTimes};
pub use log_export::{
    ExportedEntry, KeyDetail, LOG_EXPORT_TYP, LogDetail, LogExport, LogExportError, MAX_LOG_EXPORT_LEN,
    export_log,
};
#[cfg(feature = "age")]
pub use open::{MAX_SEALED_LEN, OpenError, OpenWith, Opened, open, open_draft, sealed_times};
pub use passcode::{Passcode, PasscodeError};
pub use presentation::{
    Passed, PresentError, Presentation, Subset, check_presentable, enclosures_passed_on, present,
    random_nonce,
};
pub use pseudonym::{PseudonymKey, masked_payee};
pub use receipt::{MAX_RECEIPT_LEN, RECEIPT_TYP, Receipt, ReceiptKey, ReceiptKeyError, make_receipt};
#[cfg(feature = "age")]
pub use recipient::{RecipientError, RecipientKey};
pub use review::{
    APPROVAL_TYP, Approval, Decision, ENDORSEMENT_TYP, Endorsed, MAX_ENDORSED_FACTS, MAX_NOTE_LEN,
    MAX_REVIEW_LEN, MAX_ROLE_LEN, ReviewError, ReviewFile, make_approval, make_endorsement,
};
pub use root::{LedgerRoot, RootBuilder, RootSalt, row_id};
#[cfg(feature = "age")]
pub use seal::{MIN_PADDED_LEN, SealError, SealTo, seal, seal_draft, seal_with};
pub use selection::{
    Condition, DaySpan, DigestError, Evidence, Field, FileDigest, Grade, Operator, Selection, StatementRef,
};
pub use status::{
    MAX_STATUS_LIST_LEN, MAX_STATUS_PLACES, MIN_STATUS_PLACES, Revocation, STATUS_LIST_TYP, StatusList,
    StatusRef, sign_status_list,
};
pub use terms::{
    Lifetime, LifetimeError, MAX_PURPOSE_CODE_LEN, MAX_PURPOSE_LEN, OnwardSharing, Purpose, PurposeError,
    Terms,
};
pub use token::{ALG, ALG_FULLY_SPECIFIED, CLOCK_SKEW_S, MAX_DISCLOSURES, MAX_TOKEN_LEN, TYP, Token, VCT};
pub use verdict::Verdict;
pub use verify::{Expectation, ExpectedAudience, FactSlot, Verified, VerifyError, verify, verify_undated};
#[cfg(feature = "age")]
pub use viewer::{VIEWER_LIMIT, page_around, viewer_page};
pub use words::{FINGERPRINT_WORDS, fingerprint_words};
