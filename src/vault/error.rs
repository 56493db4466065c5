//! What can go wrong with a vault: what happened, and apart from it what to do.

use super::Remembered;
use crate::ledger::annotation::NoTag;
use crate::ledger::rule::RuleError;
use crate::ledger::{AttachmentId, BatchId, CategoryError, ProfileField, RuleId, SplitError, TransactionId};
use crate::money::{Currency, CurrencyError, Money, MoneyError};
use crate::statement::{ProfileError, StatementError};
use crate::store::StoreError;
use crate::vfs::{Seen, VfsError};
use jiff::civil::Date;

/// A failure of an operation on a vault. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The sealed file reports it: wrong secret, damage, busy, no vault there, ...
    #[error(transparent)]
    File(VfsError),
    /// The database reports it.
    #[error(transparent)]
    Store(StoreError),
    /// An older copy of the vault lies in its place, or the last commits were cut off its log.
    #[error("{}", older(.found, .remembered))]
    Older {
        /// How far the vault that is there has come.
        found: Seen,
        /// How far it had come before.
        remembered: Remembered,
    },
    /// A statement file was refused.
    #[error("{file}: {error}")]
    Statement {
        /// The file's name as it was given.
        file: String,
        /// Why, where, and what to do.
        error: StatementError,
    },
    /// A statement does not say which account it is of, and none was named.
    #[error("{file} does not say which account it is of")]
    NeedsAccount {
        /// The file's name as it was given.
        file: String,
    },
    /// A statement is not of the account that was named.
    #[error("{file} is a statement of {found}, not of \"{account}\"")]
    OtherAccount {
        /// The file's name as it was given.
        file: String,
        /// What the file is of (numbers masked).
        found: String,
        /// The account that was named.
        account: String,
    },
    /// Amounts in one currency were given for an account in another.
    #[error("{what} is in {found}, but the account \"{account}\" is in {expected}")]
    OtherCurrency {
        /// What was given.
        what: String,
        /// Its currency.
        found: Currency,
        /// The account.
        account: String,
        /// The account's currency.
        expected: Currency,
    },
    /// No account of that name.
    #[error("there is no account named \"{name}\"")]
    NoSuchAccount {
        /// The name as it was given.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// Several accounts begin with that text.
    #[error("\"{name}\" could be any of several accounts")]
    AmbiguousAccount {
        /// The text as it was given.
        name: String,
        /// Those it could be.
        candidates: Vec<String>,
    },
    /// No transaction of that number.
    #[error("there is no transaction {}", .0.0)]
    NoSuchTransaction(TransactionId),
    /// No import of that number, or it was undone already.
    #[error("there is no import {}, or it was undone", .0.0)]
    NoSuchImport(BatchId),
    /// A reconciled transaction is not changed or deleted unless that is asked for.
    #[error("transaction {} is reconciled", .0.0)]
    Reconciled(TransactionId),
    /// The balance that was given is not what the account's rows come to.
    #[error("on {day} the rows of \"{account}\" come to {computed}, not to {given}")]
    NotReconciled {
        /// The account.
        account: String,
        /// The end of which day.
        day: Date,
        /// What was given.
        given: Money,
        /// What the rows add up to.
        computed: Money,
        /// On which days computed and stated balances parted, in words, where that is known.
        gaps: Vec<String>,
    },
    /// Two transactions cannot be the sides of one transfer.
    #[error("transactions {} and {} are no transfer: {why}", .from.0, .to.0)]
    NoTransfer {
        /// The one.
        from: TransactionId,
        /// The other.
        to: TransactionId,
        /// Why not.
        why: String,
    },
    /// A transaction that is not in a proposed transfer, or in a linked one.
    #[error("transaction {} is in no {what} transfer", .id.0)]
    NotInTransfer {
        /// The transaction.
        id: TransactionId,
        /// `proposed` or `linked`.
        what: &'static str,
    },
    /// No category of that name.
    #[error("there is no category named \"{name}\"")]
    NoSuchCategory {
        /// The name as it was given.
        name: String,
    },
    /// Several categories end in, or begin with, that text.
    #[error("\"{name}\" could be any of several categories")]
    AmbiguousCategory {
        /// The text as it was given.
        name: String,
        /// Those it could be.
        candidates: Vec<String>,
    },
    /// A category that transactions are in cannot be removed without saying where they go.
    #[error(
        "the category \"{name}\" is in use, with those below it by {transactions} transaction{}",
        plural(.transactions)
    )]
    CategoryInUse {
        /// The category.
        name: String,
        /// How many.
        transactions: u64,
    },
    /// A text that cannot be a category.
    #[error(transparent)]
    Category(#[from] CategoryError),
    /// No rule of that number.
    #[error("there is no rule {}", .0.0)]
    NoSuchRule(RuleId),
    /// Conditions and effects that are no rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// A text that is no profile of delimited files.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// No profile of that name is kept or comes with the crate.
    #[error("there is no profile named \"{name}\"")]
    NoSuchProfile {
        /// The name as it was given.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A text that cannot be a tag.
    #[error(transparent)]
    Tag(#[from] NoTag),
    /// Parts that are no split of a transaction's amount.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// The amount and category of a split transaction are those of its parts.
    #[error("transaction {} is split", .0.0)]
    IsSplit(TransactionId),
    /// No attachment of that number.
    #[error("there is no attachment {}", .0.0)]
    NoSuchAttachment(AttachmentId),
    /// A file that is larger than a vault takes.
    #[error("{name} is larger than {max_mib} MiB, which is the most that can be attached")]
    AttachmentTooLarge {
        /// The file's name as it was given.
        name: String,
        /// The most that is taken, in MiB.
        max_mib: u64,
    },
    /// The file to attach could not be read.
    #[error("the file to attach could not be read: {0}")]
    AttachmentRead(std::io::Error),
    /// The attachment could not be written out.
    #[error("the attachment could not be written: {0}")]
    AttachmentWrite(std::io::Error),
    /// The bytes in the vault are not those that were attached.
    #[error("attachment {} is not what was attached: its digest differs", .0.0)]
    AttachmentDamaged(AttachmentId),
    /// Nothing is attached to a transaction whose receipt was asked for.
    #[error("nothing is attached to transaction {}", .0.0)]
    NoReceipt(TransactionId),
    /// Several files are attached to a transaction whose receipt was asked for.
    #[error("several files are attached to transaction {}", .transaction.0)]
    AmbiguousReceipt {
        /// The transaction.
        transaction: TransactionId,
        /// The files, each by its number and name.
        candidates: Vec<String>,
    },
    /// A document that was meant is no longer in the vault.
    #[error("the document with the SHA-256 {sha256} is no longer in the vault")]
    DocumentGone {
        /// The digest of its bytes.
        sha256: String,
    },
    /// A statement's own file is not in the vault.
    #[error("the file of import {} was not kept in the vault", .0.0)]
    StatementNotKept(BatchId),
    /// More documents than one disclosure carries.
    #[error(
        "{bytes} bytes in {files} document{} are more than one disclosure carries: at most {} MiB and {} documents",
        if *.files == 1 { "" } else { "s" }, MAX_ENCLOSED_MIB, crate::disclosure::MAX_ENCLOSURES
    )]
    DocumentsTooLarge {
        /// How many documents.
        files: usize,
        /// Their bytes in all.
        bytes: u64,
    },
    /// Fields of the profile were asked for that are not set.
    #[error("your profile does not have: {}", words(.0))]
    NotInProfile(Vec<ProfileField>),
    /// No recipient of that name.
    #[error("there is no recipient named \"{name}\"")]
    NoSuchRecipient {
        /// The name as it was given.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// No disclosure of that number.
    #[error("there is no disclosure {0}")]
    NoSuchDisclosure(i64),
    /// No draft of that number.
    #[error("there is no draft {0}")]
    NoSuchDraft(i64),
    /// A name, text or number that cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// A currency code that is unknown.
    #[error(transparent)]
    Currency(#[from] CurrencyError),
    /// Amounts that cannot be combined or held.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A fact was asked for over days that the vault knows nothing about.
    #[error("the account \"{account}\" has no data on {day}")]
    NoData {
        /// The account.
        account: String,
        /// The day.
        day: Date,
        /// The first day with data, if there is one.
        known_from: Option<Date>,
    },
    /// Every total would be of so few transactions that it would tell of single ones.
    #[error("nothing can be stated: every total is of fewer than {k} transactions")]
    AllSuppressed {
        /// The fewest transactions that a total may have.
        k: u64,
        /// Options of the command line that would state something.
        safe: Vec<String>,
    },
    /// No option of a request can be stated.
    #[error("the request cannot be answered")]
    Unanswerable(
        /// Why not, for each option.
        Vec<String>,
    ),
    /// A text that is no key of a recipient.
    #[error("this is no recipient's key: {0}")]
    RecipientKey(String),
    /// Limits that the owner set forbid it; the text says which and why.
    #[error("refused: {0}")]
    NotAllowed(String),
    /// The disclosure could not be signed or sealed.
    #[error("the disclosure could not be made: {0}")]
    Sealing(String),
    /// The signed log does not hold together.
    #[error("the log is not intact: {0}")]
    Log(String),
    /// What was read could not be written out.
    #[error("the output could not be written: {0}")]
    Write(std::io::Error),
    /// The sealed disclosure could not be delivered.
    #[error("the disclosure could not be written: {0}")]
    Deliver(std::io::Error),
    /// Too much would follow from it, with everything disclosed before.
    #[error("{0}")]
    Refused(Box<super::Refusal>),
    /// The system gave no randomness.
    #[error("the system gave no randomness")]
    Randomness,
}

/// Sorts of failure, as a program that calls the crate tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// Anything without a class of its own.
    Failed,
    /// The passphrase, recovery code or key is wrong.
    WrongSecret,
    /// The vault is damaged or was tampered with.
    Damaged,
    /// What was given (a file, a name, an amount) was rejected.
    Input,
    /// Another process holds the vault.
    Busy,
    /// The owner's own rules forbid it.
    Refused,
}

/// What [`DocumentsTooLarge`](VaultError::DocumentsTooLarge) says, in MiB.
const MAX_ENCLOSED_MIB: u64 = 20;

fn older(found: &Seen, remembered: &Remembered) -> String {
    let when = remembered.at.map_or_else(String::new, |at| {
        format!(" on {}", at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d at %H:%M UTC"))
    });
    let (is, was) = (found, &remembered.seen);
    format!(
        "the vault is older than when it was last seen here{when}: then it had come to change {} (header {}), now \
         it is at change {} (header {})",
        was.commits, was.generation, is.commits, is.generation
    )
}

fn words(fields: &[ProfileField]) -> String {
    fields.iter().map(|field| field.as_str()).collect::<Vec<_>>().join(", ")
}

const fn plural(number: &u64) -> &'static str {
    if *number == 1 { "" } else { "s" }
}
