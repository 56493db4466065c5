//! The ledger's plain values: accounts, transactions, balances, and the rules that tell a repeated row from a new one.
//!
//! Nothing here knows SQLite or files. Amounts follow one sign: positive raises the account's balance,
//! so a purchase on a credit card is negative and net worth is a sum.

pub mod account;
pub mod annotation;
pub mod attachment;
pub mod balance;
pub mod category;
pub mod fingerprint;
pub mod gap;
pub(crate) mod iso_day;
pub mod matching;
pub mod part_number;
pub mod profile;
pub mod row_set;
#[cfg(feature = "vault")]
pub mod rule;
pub(crate) mod text_blocks;
pub mod transaction;
pub mod transfer;

pub use account::{Account, AccountId, AccountKind, NewAccount};
pub use annotation::{Annotations, CategoryTotal, SplitError, SplitPart, Tag};
pub use attachment::{Attachment, AttachmentId, AttachmentTarget};
pub use balance::{Balance, BalanceKind, Opening, StatedBalance};
pub use category::{CategoryError, CategoryPath, CategoryTree};
pub use fingerprint::Fingerprint;
pub use gap::BalanceGap;
pub use matching::{DeletedId, Similar};
pub use profile::{Profile, ProfileField};
pub use row_set::{RowSet, RowSetError};
#[cfg(feature = "vault")]
pub use rule::{Rule, RuleBook, RuleId};
pub use transaction::{BatchId, NewTransaction, Transaction, TransactionId, TransactionStatus};
pub use transfer::{Transfer, TransferProposal};
