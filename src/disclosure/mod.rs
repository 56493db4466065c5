//! Disclosures.

mod audience;
mod fact;
#[cfg(feature = "age")]
mod identity;
mod issue;
mod json;
pub mod log;
#[cfg(feature = "age")]
mod open;
mod passcode;
#[cfg(feature = "age")]
mod recipient;
mod root;
#[cfg(feature = "age")]
mod seal;
mod selection;
mod terms;
mod token;
mod verdict;
mod verify;
mod wire;

pub use audience::{Audience, AudienceError};
pub use fact::{
    AccountLabel, BalanceFact, BalanceType, Fact, MaskedNumber, Row, RowStatus, TransactionsFact,
};
#[cfg(feature = "age")]
pub use identity::{Identities, IdentityError};
pub use issue::{Draft, IssueError, Issued, IssuerKey, issue};
#[cfg(feature = "age")]
pub use open::{MAX_SEALED_LEN, OpenError, OpenWith, Opened, open};
pub use passcode::{Passcode, PasscodeError};
#[cfg(feature = "age")]
pub use recipient::{RecipientError, RecipientKey};
pub use root::{LedgerRoot, RootBuilder, RootSalt, row_id};
#[cfg(feature = "age")]
pub use seal::{MIN_PADDED_LEN, SealError, SealTo, seal};
pub use selection::{
    Condition, DigestError, Evidence, Field, FileDigest, Grade, Operator, Selection, StatementRef,
};
pub use terms::{
    Lifetime, LifetimeError, MAX_PURPOSE_CODE_LEN, MAX_PURPOSE_LEN, OnwardSharing, Purpose, PurposeError,
    Terms,
};
pub use token::{ALG, ALG_FULLY_SPECIFIED, CLOCK_SKEW_S, MAX_DISCLOSURES, MAX_TOKEN_LEN, TYP, Token, VCT};
pub use verdict::Verdict;
pub use verify::{Expectation, ExpectedAudience, Verified, VerifyError, verify};
