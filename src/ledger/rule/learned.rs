//! Rules that the owner's own choices suggest: a count, nothing more, of what was put where.
//!
//! Payees are grouped by how they begin, up to the first word with a digit in it: `STAR COFFEE 1042` and
//! `STAR COFFEE 77 OSLO` are both `STAR COFFEE`. Where nearly all transactions of such a beginning that the owner
//! put into a category are in the same one, a rule is suggested. The figures are those of the rule itself: they count
//! every transaction that it would match.

use super::book::{RuleBook, begins, fold};
use std::collections::BTreeMap;

/// How many transactions there must be in the category at least.
pub const LEAST: u64 = 3;
/// How many of a hundred must be in the same category at least.
pub const LEAST_PERCENT: u64 = 80;
/// The fewest letters of a beginning.
const LEAST_LETTERS: usize = 3;

/// How many transactions of one payee there are in one category, or in none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// The other party as it is shown.
    pub payee: String,
    /// The category that the owner put them in; `None` where they are in none.
    pub category: Option<String>,
    /// How many.
    pub transactions: u64,
}

/// A rule that the owner's choices suggest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// How the payees begin.
    pub begins: String,
    /// The category nearly all are in.
    pub category: String,
    /// How many are in that category.
    pub agreeing: u64,
    /// How many are in any category.
    pub filed: u64,
    /// How many are in none, and would be put there.
    pub unfiled: u64,
}

/// Suggests rules for payees that no rule in the book files already; what would file most comes first.
pub fn suggest(all: &[Filed], book: &RuleBook) -> Vec<Suggestion> {
    let mut folded: Vec<(String, &Filed)> = all.iter().map(|filed| (fold(&filed.payee), filed)).collect();
    folded.sort_by(|a, b| a.0.cmp(&b.0));
    let mut suggestions: BTreeMap<String, Suggestion> = BTreeMap::new();
    for (_, filed) in folded.iter().filter(|(_, filed)| filed.category.is_some()) {
        let beginning = beginning(&filed.payee);
        let key = fold(&beginning);
        if suggestions.contains_key(&key)
            || beginning.chars().filter(|c| c.is_alphabetic()).count() < LEAST_LETTERS
        {
            continue;
        }
        if !book.files_payee(&filed.payee)
            && let Some(found) = count(&folded, &key, beginning)
        {
            suggestions.insert(key, found);
        }
    }
    let mut kept: Vec<Suggestion> = suggestions
        .iter()
        .filter(|(key, suggestion)| {
            // A longer beginning adds nothing where a shorter one says the same.
            !suggestions.iter().any(|(shorter, other)| {
                shorter != *key && begins(key, shorter) && other.category == suggestion.category
            })
        })
        .map(|(_, suggestion)| suggestion.clone())
        .collect();
    kept.sort_by_key(|suggestion| std::cmp::Reverse((suggestion.unfiled, suggestion.agreeing)));
    kept
}

/// Counts what a rule for this beginning would match; none where the counts suggest nothing.
fn count(folded: &[(String, &Filed)], key: &str, beginning: String) -> Option<Suggestion> {
    let first = folded.partition_point(|(payee, _)| payee.as_str() < key);
    let matched = folded.iter().skip(first).take_while(|(payee, _)| payee.starts_with(key));
    let mut by_category: BTreeMap<&str, u64> = BTreeMap::new();
    let mut unfiled: u64 = 0;
    for (_, filed) in matched.filter(|(payee, _)| begins(payee, key)) {
        match &filed.category {
            Some(category) => *by_category.entry(category).or_default() += filed.transactions,
            None => unfiled += filed.transactions,
        }
    }
    let in_any: u64 = by_category.values().sum();
    let (category, agreeing) = by_category.into_iter().max_by_key(|(_, transactions)| *transactions)?;
    let clear = agreeing >= LEAST && agreeing.saturating_mul(100) >= in_any.saturating_mul(LEAST_PERCENT);
    clear.then(|| Suggestion {
        begins: beginning,
        category: category.to_owned(),
        agreeing,
        filed: in_any,
        unfiled,
    })
}

/// The words of a payee before the first one with a digit; all of them where that is the first.
fn beginning(payee: &str) -> String {
    let words: Vec<&str> = payee.split_whitespace().collect();
    let plain = words.iter().take_while(|word| !word.chars().any(|c| c.is_ascii_digit())).count();
    let kept = if plain == 0 { &words[..] } else { words.get(..plain).unwrap_or_default() };
    // A mark that only led to the number ("STORE #12", "NR. 7") stays: the beginning must be one of the text itself.
    kept.join(" ")
}
