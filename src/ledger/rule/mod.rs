//! Rules: what the owner wants other parties to be called, and which category their transactions belong to.
//!
//! A [`Rule`] is a condition and one or two effects. Rules are tried in the owner's order; for each effect the
//! first rule that matches and has it wins, so a rule that only renames leaves the category to a later one.
//!
//! Texts are compared without regard to letter case and runs of space. The name as the bank wrote it is always what
//! a new name is decided from, so that applying rules twice is the same as applying them once; a category is decided
//! from that name and from the one that is shown.

mod book;
pub mod learned;

pub use book::{Outcome, RuleBook, Subject};
pub use learned::{Filed, Suggestion, suggest};

use super::account::AccountId;
use super::category::CategoryPath;
use crate::money::{Currency, Money};
use std::fmt;
use std::str::FromStr;

/// The longest text of a rule, in characters.
const MAX_CHARS: usize = 500;
/// The most rules of one vault: every new row is held against each.
pub const MAX_RULES: usize = 5_000;

/// A rule's number inside one vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId(pub i64);

/// How a text is held against a rule's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextTest {
    /// The rule's text is somewhere in it.
    Contains,
    /// It begins with the rule's text, and a word ends there.
    Begins,
    /// It is the rule's text.
    Exact,
    /// The rule's text is a regular expression that matches somewhere in it.
    Regex,
}

/// Which text of a transaction is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextField {
    /// The other party.
    Payee,
    /// The memo.
    Memo,
    /// Either of them.
    Any,
}

/// Which way the money went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flow {
    /// It raised the account's balance.
    In,
    /// It lowered the account's balance.
    Out,
}

/// A word that names none of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a word that rules use")]
pub struct UnknownWord(pub String);

macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ }) => {
        impl $type {
            /// The word that the vault, the command line and JSON use.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl FromStr for $type {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord(text.chars().take(40).collect())),
                }
            }
        }
    };
}

words!(TextTest { Contains = "contains", Begins = "begins", Exact = "exact", Regex = "regex" });
words!(TextField { Payee = "payee", Memo = "memo", Any = "any" });
words!(Flow { In = "in", Out = "out" });

/// A condition on a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextCondition {
    /// How it is compared.
    pub test: TextTest,
    /// With what.
    pub text: String,
    /// Which text of the transaction.
    pub field: TextField,
}

/// A condition on the size of the amount, whichever way the money went. It holds in one currency alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeCondition {
    /// The currency.
    pub currency: Currency,
    /// At least so many minor units, not below zero.
    pub least_minor: Option<i64>,
    /// At most so many minor units, not below zero.
    pub most_minor: Option<i64>,
}

impl SizeCondition {
    /// Between two amounts, both included; open where `None`.
    ///
    /// # Errors
    /// [`RuleError::Size`] where they are in two currencies, below zero, the wrong way round, or both missing.
    pub fn between(least: Option<Money>, most: Option<Money>) -> Result<Self, RuleError> {
        let currency = least.or(most).map(Money::currency).ok_or(RuleError::Size)?;
        let fits = |bound: Option<Money>| {
            bound.is_none_or(|money| money.currency() == currency && !money.is_negative())
        };
        let (least_minor, most_minor) = (least.map(Money::minor), most.map(Money::minor));
        let ordered = least_minor.zip(most_minor).is_none_or(|(least, most)| least <= most);
        if !fits(least) || !fits(most) || !ordered {
            return Err(RuleError::Size);
        }
        Ok(Self { currency, least_minor, most_minor })
    }

    /// The smallest size, as money.
    pub fn least(&self) -> Option<Money> {
        self.least_minor.map(|minor| Money::new(minor, self.currency))
    }

    /// The largest size, as money.
    pub fn most(&self) -> Option<Money> {
        self.most_minor.map(|minor| Money::new(minor, self.currency))
    }

    fn holds(&self, amount: Money) -> bool {
        let size = amount.minor().unsigned_abs();
        let bound = |minor: i64| u64::try_from(minor).unwrap_or(0);
        amount.currency() == self.currency
            && self.least_minor.is_none_or(|least| size >= bound(least))
            && self.most_minor.is_none_or(|most| size <= bound(most))
    }
}

/// When a rule matches: all of what is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// On the payee or the memo.
    pub text: Option<TextCondition>,
    /// On the amount.
    pub size: Option<SizeCondition>,
    /// Money in or money out.
    pub flow: Option<Flow>,
    /// Of this account only.
    pub account: Option<AccountId>,
}

/// What a rule does to a transaction that it matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// What the other party is called. Under a regular expression `$1` or `${name}` is what a group matched, and
    /// `$$` a dollar sign.
    pub payee: Option<String>,
    /// The category it belongs to.
    pub category: Option<CategoryPath>,
}

/// A condition and its effects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its number.
    pub id: RuleId,
    /// When it matches.
    pub when: Conditions,
    /// What it does.
    pub then: Effects,
}

/// Why something is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// It would match everything.
    #[error("a rule needs a condition: a text, an amount, a direction or an account")]
    NoCondition,
    /// It would do nothing.
    #[error("a rule needs an effect: a payee, a category or both")]
    NoEffect,
    /// A text that is empty.
    #[error("the text of a rule cannot be empty")]
    Empty,
    /// A text that is too long.
    #[error("the text of a rule cannot be longer than {MAX_CHARS} characters")]
    TooLong,
    /// Amounts that are no range.
    #[error("a range of amounts goes from a smaller size to a larger one, without signs, in one currency")]
    Size,
    /// No regular expression, or one that would take too much memory.
    #[error("this is no regular expression that can be used: {0}")]
    Regex(String),
    /// A new name that uses a group which the expression does not have.
    #[error("the expression has no group {0:?}")]
    Group(String),
    /// More rules than a vault holds.
    #[error("a vault holds at most {MAX_RULES} rules")]
    TooMany,
}

/// Checks conditions and effects before they become a rule.
///
/// # Errors
/// [`RuleError`] says what is wrong.
pub fn check(when: &Conditions, then: &Effects) -> Result<(), RuleError> {
    if *when == Conditions::default() {
        return Err(RuleError::NoCondition);
    }
    if *then == Effects::default() {
        return Err(RuleError::NoEffect);
    }
    let texts = when.text.iter().map(|text| &text.text).chain(&then.payee);
    for text in texts {
        if text.trim().is_empty() {
            return Err(RuleError::Empty);
        }
        if text.chars().count() > MAX_CHARS {
            return Err(RuleError::TooLong);
        }
    }
    book::check_expression(when, then)
}

impl fmt::Display for TextCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = match self.field {
            TextField::Payee => "payee",
            TextField::Memo => "memo",
            TextField::Any => "payee or memo",
        };
        let verb = match self.test {
            TextTest::Contains => "contains",
            TextTest::Begins => "begins with",
            TextTest::Exact => "is",
            TextTest::Regex => "matches",
        };
        write!(f, "{field} {verb} \"{}\"", self.text)
    }
}

impl fmt::Display for SizeCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least(), self.most()) {
            (Some(least), Some(most)) if least == most => write!(f, "amount is {least}"),
            (Some(least), Some(most)) => write!(f, "amount from {} to {most}", least.to_decimal()),
            (Some(least), None) => write!(f, "amount from {least}"),
            (None, Some(most)) => write!(f, "amount up to {most}"),
            (None, None) => write!(f, "amount in {}", self.currency),
        }
    }
}

impl fmt::Display for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.payee, &self.category) {
            (Some(payee), Some(category)) => write!(f, "payee \"{payee}\", category {category}"),
            (Some(payee), None) => write!(f, "payee \"{payee}\""),
            (None, Some(category)) => write!(f, "category {category}"),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
