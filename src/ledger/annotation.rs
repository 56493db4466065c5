//! What the owner adds to a transaction: tags, and parts over several categories.

use super::category::CategoryPath;
use crate::money::{Currency, Money, MoneyError, Sum};
use std::fmt;

/// The longest tag, in characters.
const MAX_TAG_CHARS: usize = 50;
/// The most parts that one transaction is split into.
pub const MAX_PARTS: usize = 100;

/// A tag: one word, found whatever the case of its letters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(String);

/// A text that is no tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no tag: a tag is one word of at most {MAX_TAG_CHARS} characters, without spaces or commas"
)]
pub struct NoTag(pub String);

impl Tag {
    /// Reads a tag; a `#` before it is not part of it.
    ///
    /// # Errors
    /// [`NoTag`] where it is empty, too long, or holds spaces, commas or control characters.
    pub fn parse(text: &str) -> Result<Self, NoTag> {
        let word = text.trim();
        let word = word.strip_prefix('#').unwrap_or(word);
        let is_wrong = |c: char| c.is_whitespace() || c.is_control() || c == ',' || c == '#';
        if word.is_empty() || word.chars().count() > MAX_TAG_CHARS || word.contains(is_wrong) {
            return Err(NoTag(text.chars().take(MAX_TAG_CHARS + 10).collect()));
        }
        Ok(Self(word.to_owned()))
    }

    /// The tag as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag in lower case, by which it is told from others.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One part of a transaction that belongs to several categories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitPart {
    /// What this part is for.
    pub category: CategoryPath,
    /// How much of the transaction's amount, in its currency and signed as it is.
    pub amount: Money,
    /// The owner's words about this part.
    pub memo: Option<String>,
}

/// What is added to a transaction beside what it says itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotations {
    /// Its tags, in order of the alphabet.
    pub tags: Vec<String>,
    /// Its parts, in the owner's order; empty where it is not split.
    pub parts: Vec<SplitPart>,
    /// How many files are attached to it.
    pub attachments: u64,
}

/// A category and what it comes to in one currency; parts of split transactions count where they belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryTotal {
    /// The category; none for what has none.
    pub category: Option<CategoryPath>,
    /// The currency.
    pub currency: Currency,
    /// The sum in minor units, exact however many rows there are. Categories below this one do not count.
    pub sum_minor: i128,
    /// How many transactions, or parts of them, are in it.
    pub rows: u64,
}

/// Why parts are no split of an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// Fewer than two, or too many.
    #[error("a split has 2 to {MAX_PARTS} parts, not {0}")]
    Parts(usize),
    /// A part of nothing.
    #[error("a part of a split cannot be zero")]
    Zero,
    /// They come to another amount.
    #[error("the parts add up to {found}, not to {expected}")]
    Sum {
        /// The transaction's amount.
        expected: Money,
        /// What the parts add up to.
        found: Money,
    },
    /// They cannot be added up.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Checks that parts are a split of `amount`: two or more, none of them zero, exact in sum.
///
/// # Errors
/// [`SplitError`] says what is wrong.
pub fn check_split(amount: Money, parts: &[Money]) -> Result<(), SplitError> {
    if !(2..=MAX_PARTS).contains(&parts.len()) {
        return Err(SplitError::Parts(parts.len()));
    }
    let mut sum = Sum::new(amount.currency());
    for part in parts {
        if part.minor() == 0 {
            return Err(SplitError::Zero);
        }
        sum.add(*part)?;
    }
    let found = sum.total()?;
    if found == amount { Ok(()) } else { Err(SplitError::Sum { expected: amount, found }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::iso("EUR").unwrap())
    }

    #[test]
    fn tags_are_one_word() {
        assert_eq!(Tag::parse(" #Tax2026 ").unwrap().as_str(), "Tax2026");
        assert_eq!(Tag::parse("ÄRZTE").unwrap().folded(), "ärzte");
        for wrong in ["", "#", "a b", "a,b", "a\u{7}", "##a", &"x".repeat(51)] {
            assert!(Tag::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn parts_that_are_no_split_are_told_why() {
        let dollar = Money::new(5, Currency::iso("USD").unwrap());
        assert_eq!(check_split(eur(10), &[eur(4), eur(6)]), Ok(()));
        assert_eq!(check_split(eur(-10), &[eur(-14), eur(4)]), Ok(()), "a refund within a purchase");
        assert_eq!(check_split(eur(10), &[eur(10)]), Err(SplitError::Parts(1)));
        assert_eq!(check_split(eur(10), &[eur(10), eur(0)]), Err(SplitError::Zero));
        assert!(matches!(check_split(eur(10), &[eur(5), dollar]), Err(SplitError::Money(_))));
        let off = check_split(eur(10), &[eur(4), eur(5)]);
        assert_eq!(off, Err(SplitError::Sum { expected: eur(10), found: eur(9) }));
        let huge = [eur(i64::MAX), eur(i64::MAX), eur(i64::MIN), eur(i64::MIN), eur(2)];
        assert_eq!(check_split(eur(0), &huge), Ok(()), "the way there may leave 64 bits");
    }

    proptest! {
        #[test]
        fn only_exact_parts_are_a_split(parts in proptest::collection::vec(1i64..1_000_000, 2..20), off in -3i64..=3) {
            let total: i64 = parts.iter().sum();
            let parts: Vec<Money> = parts.into_iter().map(eur).collect();
            prop_assert_eq!(check_split(eur(total + off), &parts).is_ok(), off == 0);
        }
    }
}
