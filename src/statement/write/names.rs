//! Names of accounts in double-entry books: how the ledger's accounts and categories are called there, and back.
//!
//! An account that owes money is below `Liabilities`, any other below `Assets`; a category is below `Expenses`, unless
//! it is below `Income`. What has no category is [`UNCATEGORISED`]. Where a name cannot be written as it is, the
//! writers say the exact one beside it.

use crate::ledger::{Account, AccountKind};
use std::collections::BTreeSet;

/// The account of rows in no category.
pub(crate) const UNCATEGORISED: &str = "Expenses:Uncategorised";
/// The account that opening balances come from.
pub(crate) const OPENING: &str = "Equity:Opening balances";

/// The category that an account below `Expenses` or `Income` stands for; none for [`UNCATEGORISED`].
pub(crate) fn category_of(account: &str) -> Option<&str> {
    if account == UNCATEGORISED {
        return None;
    }
    Some(account.strip_prefix("Expenses:").unwrap_or(account))
}

/// The account that stands for a category.
pub(super) fn of_category(category: Option<&str>, part: fn(&str) -> String) -> String {
    let Some(category) = category else { return UNCATEGORISED.to_owned() };
    let names: Vec<String> = category.split(':').map(part).collect();
    let path = names.join(":");
    let is_income = category.starts_with("Income:");
    if is_income { path } else { format!("Expenses:{path}") }
}

/// Whether the account owes money rather than holds it.
const fn owes(kind: AccountKind) -> bool {
    matches!(kind, AccountKind::CreditCard | AccountKind::Loan | AccountKind::Mortgage)
}

/// A name for each account, all different whatever the case of their letters, in the order of the accounts.
pub(super) fn of_accounts<'a>(
    accounts: impl Iterator<Item = &'a Account>,
    part: fn(&str) -> String,
) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    accounts
        .map(|account| {
            let root = if owes(account.kind) { "Liabilities" } else { "Assets" };
            let base = format!("{root}:{}", part(&account.name));
            let mut name = base.clone();
            let mut number = 2u32;
            while !taken.insert(name.to_lowercase()) {
                name = format!("{base}-{number}");
                number = number.saturating_add(1);
            }
            name
        })
        .collect()
}

/// One name within a path of a plain-text journal: no colon, no run of spaces, nothing that begins a comment, a
/// virtual posting or a status.
pub(super) fn journal_part(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for word in name.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().map(|c| if matches!(c, ':' | ';' | '"' | '=' | '@') { '-' } else { c }));
    }
    let is_wrong = |c: char| !c.is_alphanumeric();
    if out.starts_with(is_wrong) || out.ends_with([')', ']', '*', '!']) || out.is_empty() {
        out = format!("x{}x", out.replace(['(', ')', '[', ']', '*', '!'], "-"));
    }
    out
}

/// One name within a path of a Beancount account: a capital letter or digit, then letters, digits and hyphens.
pub(super) fn beancount_part(name: &str) -> String {
    let mut out: String =
        name.trim().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    match out.chars().next() {
        Some(first) if first.is_ascii_lowercase() => {
            out.replace_range(..1, &first.to_ascii_uppercase().to_string());
        }
        Some(first) if first.is_ascii_alphanumeric() => {}
        _ => out.insert(0, 'X'),
    }
    out
}

/// An amount with its sign turned, as text: also the one amount that has no opposite in 64 bits.
pub(super) fn negated(decimal: &str) -> String {
    match decimal.strip_prefix('-') {
        Some(positive) => positive.to_owned(),
        None if decimal.bytes().any(|b| (b'1'..=b'9').contains(&b)) => format!("-{decimal}"),
        None => decimal.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_come_back_from_their_accounts() {
        for category in ["Food:Groceries", "Income:Salary", "Income", "Expenses:Odd", "Transfer"] {
            assert_eq!(category_of(&of_category(Some(category), journal_part)), Some(category));
        }
        assert_eq!(category_of(&of_category(None, journal_part)), None);
    }

    #[test]
    fn names_that_a_journal_could_misread_are_changed() {
        assert_eq!(journal_part("Everyday  account"), "Everyday account");
        assert_eq!(journal_part("(virtual)"), "x-virtual-x");
        assert_eq!(journal_part("a;b:c"), "a-b-c");
        assert_eq!(beancount_part("eating out"), "Eating-out");
        assert_eq!(beancount_part("çalı"), "X-al-");
        assert_eq!(beancount_part(""), "X");
    }

    #[test]
    fn signs_turn_as_text() {
        assert_eq!(negated("-1.20"), "1.20");
        assert_eq!(negated("0.00"), "0.00");
        assert_eq!(negated("92233720368547758.07"), "-92233720368547758.07");
    }
}
