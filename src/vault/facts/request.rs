//! What can be asked for: one variant for each kind of fact, with all that the owner chooses about it.

use crate::disclosure::{Condition, Field, Grouping, Measure, Operator, PayeeForm, Period};
use crate::ledger::{AccountId, Attachment, ProfileField};
use crate::money::Money;
use crate::store::TransactionQuery;
use crate::vault::{DocumentName, DocumentSource};
use jiff::civil::Date;

/// What is to be stated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FactRequest {
    /// An account's balance at the end of a day.
    Balance {
        /// The account.
        account: AccountId,
        /// The day.
        as_of: Date,
        /// Rounds to the nearest multiple of this amount.
        round_to: Option<Money>,
        /// How the account is called.
        label: LabelChoice,
    },
    /// In which stretch of a given width an account's balance lies.
    BalanceRange {
        /// The account.
        account: AccountId,
        /// The day at whose end.
        as_of: Date,
        /// The width: stretches begin at its multiples.
        bucket: Money,
        /// How the account is called.
        label: LabelChoice,
    },
    /// Whether a balance was at least, or at most, an amount.
    Threshold {
        /// The account.
        account: AccountId,
        /// Of which balances.
        measure: Measure,
        /// [`Operator::AtLeast`] or [`Operator::AtMost`].
        operator: Operator,
        /// The amount to compare with.
        amount: Money,
        /// The first day; the last one too for [`Measure::Closing`].
        from: Date,
        /// The last day.
        to: Date,
        /// How the account is called.
        label: LabelChoice,
    },
    /// Sums and counts of an account's booked transactions.
    Totals {
        /// The account.
        account: AccountId,
        /// The first day.
        from: Date,
        /// The last day.
        to: Date,
        /// Which transactions.
        filter: RowFilter,
        /// Over which stretches.
        period: Period,
        /// By what.
        grouping: Grouping,
        /// How payees are written, where they are the groups.
        payees: PayeeForm,
        /// Whether each period's total over all groups is stated too.
        whole: bool,
        /// Rounds each total to the nearest multiple of this amount.
        round_to: Option<Money>,
        /// How the account is called.
        label: LabelChoice,
    },
    /// An account's transactions over some days.
    Transactions {
        /// The account.
        account: AccountId,
        /// The first day.
        from: Date,
        /// The last day.
        to: Date,
        /// Which transactions.
        filter: RowFilter,
        /// The fields that leave; at least one.
        fields: Vec<TransactionField>,
        /// How payees are written.
        payees: PayeeForm,
        /// Rounds each amount to the nearest multiple of this amount.
        round_to: Option<Money>,
        /// At most so many, the newest; how many matched is stated all the same.
        limit: Option<u32>,
        /// How the account is called.
        label: LabelChoice,
    },
    /// That an account exists, and what is chosen about it.
    Account {
        /// The account.
        account: AccountId,
        /// The particulars that leave.
        fields: Vec<AccountField>,
        /// Whose it is, in the owner's words.
        holder: Option<String>,
        /// What the owner's profile says of the holder; [`ProfileField::Name`] is the holder's name.
        profile: Vec<ProfileField>,
    },
    /// A document by its digest.
    Document {
        /// Which one.
        source: DocumentSource,
        /// Under which name.
        name: DocumentName,
        /// Whether its bytes travel beside the token.
        enclose: bool,
    },
}

impl FactRequest {
    /// An account's exact balance at the end of a day, the account called by the end of its number.
    pub const fn balance(account: AccountId, as_of: Date) -> Self {
        Self::Balance { account, as_of, round_to: None, label: LabelChoice::Number }
    }

    /// Every transaction of some days with these fields, payees shown, the account called by the end of its number.
    pub fn transactions(account: AccountId, from: Date, to: Date, fields: &[TransactionField]) -> Self {
        Self::Transactions {
            account,
            from,
            to,
            filter: RowFilter::default(),
            fields: fields.to_vec(),
            payees: PayeeForm::Shown,
            round_to: None,
            limit: None,
            label: LabelChoice::Number,
        }
    }

    /// A file of the vault whose bytes travel along, under a name that tells nothing.
    pub fn enclosed(attachment: &Attachment) -> Self {
        Self::Document { source: attachment.into(), name: DocumentName::Neutral, enclose: true }
    }

    /// The same, with the account called otherwise. An account or document fact has no label to change.
    #[must_use]
    pub fn called(mut self, choice: LabelChoice) -> Self {
        match &mut self {
            Self::Balance { label, .. }
            | Self::BalanceRange { label, .. }
            | Self::Threshold { label, .. }
            | Self::Totals { label, .. }
            | Self::Transactions { label, .. } => *label = choice,
            Self::Account { .. } | Self::Document { .. } => {}
        }
        self
    }
}

/// Conditions on transactions. Each one that is set is stated in the disclosure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowFilter {
    /// The payee has this text in it; case does not matter (for ASCII letters).
    pub payee: Option<String>,
    /// In this category.
    pub category: Option<String>,
    /// Only what came in, or only what went out.
    pub direction: Option<Direction>,
    /// Of at least this amount, sign included.
    pub at_least: Option<Money>,
    /// Of at most this amount, sign included.
    pub at_most: Option<Money>,
}

impl RowFilter {
    /// The conditions as the disclosure states them.
    pub(super) fn conditions(&self) -> Vec<Condition> {
        let amount = |operator, amount: &Money| Condition::new(Field::Amount, operator, &amount.to_string());
        let payee = self.payee.iter().map(|text| Condition::new(Field::Payee, Operator::Contains, text));
        let category = self.category.iter().map(|name| Condition::new(Field::Category, Operator::Is, name));
        let direction =
            self.direction.iter().map(|side| Condition::new(Field::Direction, Operator::Is, side.as_str()));
        let least = self.at_least.iter().map(|money| amount(Operator::AtLeast, money));
        let most = self.at_most.iter().map(|money| amount(Operator::AtMost, money));
        payee.chain(category).chain(direction).chain(least).chain(most).collect()
    }

    /// The query for the rows of an account and window that meet them.
    pub(in crate::vault) fn query(&self, account: AccountId, from: Date, to: Date) -> TransactionQuery {
        let mut query = TransactionQuery {
            account: Some(account),
            from: Some(from),
            to: Some(to),
            payee: self.payee.clone(),
            category: self.category.clone(),
            least_minor: self.at_least.map(Money::minor),
            most_minor: self.at_most.map(Money::minor),
            ..TransactionQuery::default()
        };
        match self.direction {
            Some(Direction::In) => {
                query.least_minor = Some(query.least_minor.map_or(1, |least| least.max(1)))
            }
            Some(Direction::Out) => query.most_minor = Some(query.most_minor.map_or(-1, |most| most.min(-1))),
            None => {}
        }
        query
    }
}

/// Which way money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Into the account.
    In,
    /// Out of the account.
    Out,
}

impl Direction {
    /// The word that the token, JSON and the command line use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// How an account is called in a disclosure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum LabelChoice {
    /// By the last four characters of its number; by its name where it has none.
    #[default]
    Number,
    /// By the owner's name for it.
    Name,
    /// By both.
    Both,
    /// Not at all.
    Nothing,
}

/// A field of a transaction that may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransactionField {
    /// The day it was booked.
    Date,
    /// How much.
    Amount,
    /// The other party, as shown.
    Payee,
    /// Pending or booked.
    Status,
    /// An id made for this recipient and question, with which a row can be spoken of; never the bank's.
    Id,
}

impl TransactionField {
    /// Every field, in the order that they are shown.
    pub const ALL: [Self; 5] = [Self::Date, Self::Amount, Self::Payee, Self::Status, Self::Id];

    /// The word that the command line uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Amount => "amount",
            Self::Payee => "payee",
            Self::Status => "status",
            Self::Id => "id",
        }
    }
}

/// A particular of an account that may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountField {
    /// The owner's name for it.
    Name,
    /// The last four characters of its number.
    Number,
    /// The bank's name or routing id, as the vault has it.
    Institution,
    /// Checking, savings, ...
    Kind,
    /// Its currency.
    Currency,
    /// The first day that the vault knows it.
    KnownSince,
    /// Its number in full.
    FullNumber,
}

impl AccountField {
    /// Every field, in the order that they are shown.
    pub const ALL: [Self; 7] = [
        Self::Name,
        Self::Number,
        Self::Institution,
        Self::Kind,
        Self::Currency,
        Self::KnownSince,
        Self::FullNumber,
    ];

    /// The word that the command line uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Number => "number",
            Self::Institution => "institution",
            Self::Kind => "kind",
            Self::Currency => "currency",
            Self::KnownSince => "known-since",
            Self::FullNumber => "full-number",
        }
    }
}
