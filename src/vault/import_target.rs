//! Which account a statement goes to: the one the owner named, the one with its number, or a new one.

use super::VaultError;
use super::accounts::{account_by_id, is_taken, same_currency};
use crate::ledger::account::mask_number;
use crate::ledger::{Account, AccountKind, BatchId, NewAccount};
use crate::statement::{Statement, StatementAccount};
use crate::store::Store;
use crate::store::accounts::fold_number;
use std::fmt::Write as _;

/// Statements of several accounts do not go into the one that was named.
pub(super) fn one_account_at_most(
    file: &str,
    statements: &[Statement],
    named: Option<&Account>,
) -> Result<(), VaultError> {
    let mut numbers = statements.iter().filter_map(|statement| statement.account.as_ref()).map(|a| &a.number);
    let (Some(account), Some(first)) = (named, numbers.next()) else { return Ok(()) };
    match numbers.find(|other| !same_number(first, other)) {
        None => Ok(()),
        Some(other) => Err(VaultError::OtherAccount {
            file: file.to_owned(),
            found: format!("{} and {}", shown_number(first), shown_number(other)),
            account: account.name.clone(),
        }),
    }
}

/// A number masked; what is a name and no number (some exports have that) as it is.
fn shown_number(number: &str) -> String {
    if is_number(number) { mask_number(number) } else { format!("\"{number}\"") }
}

/// Whether a person would read it as a name: letters, not all the same, and no digits unless in words.
fn is_a_name(text: &str) -> bool {
    let letters = || text.chars().filter(|c| c.is_alphabetic());
    let digits = text.chars().any(|c| c.is_ascii_digit());
    let first = letters().next();
    let varied = letters().any(|letter| Some(letter) != first);
    varied && text.chars().count() <= 40 && (!digits || text.trim().contains(' '))
}

fn is_number(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit())
}

/// The account a statement goes to.
pub(super) struct Target {
    pub(super) account: Account,
    pub(super) created: bool,
}

impl Target {
    pub(super) fn find(
        store: &Store,
        file: &str,
        statement: &Statement,
        named: Option<&Account>,
        batch: BatchId,
    ) -> Result<Self, VaultError> {
        let target = match (named, &statement.account) {
            (Some(named), stated) => Self::named(store, file, named, stated.as_ref())?,
            (None, Some(stated)) => {
                let candidates = store.accounts_by_number(&stated.number)?;
                match candidates.into_iter().find(|account| account.currency == statement.currency) {
                    Some(account) => Self { account, created: false },
                    None => Self { account: make_account(store, statement, stated, batch)?, created: true },
                }
            }
            (None, None) => return Err(VaultError::NeedsAccount { file: file.to_owned() }),
        };
        let account = &target.account;
        same_currency(
            &format!("the statement in {file}"),
            statement.currency,
            &account.name,
            account.currency,
        )?;
        Ok(target)
    }

    /// The account that the owner named; one without a number takes the statement's.
    fn named(
        store: &Store,
        file: &str,
        named: &Account,
        stated: Option<&StatementAccount>,
    ) -> Result<Self, VaultError> {
        let mut account = account_by_id(store, named.id)?;
        if let Some(stated) = stated {
            match &account.number {
                Some(number) if !same_number(number, &stated.number) => {
                    return Err(VaultError::OtherAccount {
                        file: file.to_owned(),
                        found: shown_number(&stated.number),
                        account: account.name,
                    });
                }
                Some(_) => {}
                None if is_number(&stated.number) => {
                    account.number = Some(stated.number.clone());
                    account.institution = account.institution.or_else(|| stated.institution.clone());
                    store.update_account(&account)?;
                }
                None => {}
            }
        }
        Ok(Self { account, created: false })
    }
}

fn same_number(one: &str, other: &str) -> bool {
    fold_number(one) == fold_number(other)
}

/// Makes an account for a statement, with a name that a person recognises: bank, kind, last four digits.
fn make_account(
    store: &Store,
    statement: &Statement,
    stated: &StatementAccount,
    batch: BatchId,
) -> Result<Account, VaultError> {
    let kind = match stated.kind {
        AccountKind::Checking => "Checking",
        AccountKind::Savings => "Savings",
        AccountKind::CreditCard => "Credit card",
        AccountKind::Loan => "Loan",
        AccountKind::Mortgage => "Mortgage",
        AccountKind::Cash => "Cash",
        AccountKind::Investment => "Investment",
        AccountKind::Other => "Account",
    };
    let named_bank = stated.institution.as_deref().filter(|name| is_a_name(name));
    let digits = mask_number(&stated.number).replace('•', "");
    let mut base = match named_bank {
        _ if is_a_name(&stated.number) => stated.number.trim().chars().take(60).collect(),
        Some(bank) => format!("{bank} {kind}"),
        None => kind.to_owned(),
    };
    if is_number(&stated.number) && !digits.is_empty() {
        let _ = write!(base, " {digits}");
    }
    base.retain(|c| !c.is_control());
    for attempt in 1..=1_000u32 {
        let name = match attempt {
            1 => base.clone(),
            2 => format!("{base} {}", statement.currency),
            n => format!("{base} {} {n}", statement.currency),
        };
        let new = NewAccount {
            name,
            kind: stated.kind,
            currency: statement.currency,
            institution: stated.institution.clone(),
            number: Some(stated.number.clone()),
            opening: None,
        };
        match store.add_account(&new, Some(batch)) {
            Err(error) if is_taken(&error) => {}
            made => return Ok(made?),
        }
    }
    Err(VaultError::Invalid(format!("there are too many accounts named \"{base}\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_numbers() {
        for name in ["Example Bank", "Bank 24 AG", "Savings", "B1 Bank"] {
            assert!(is_a_name(name), "{name}");
        }
        for number in ["XXXXXXXX", "34d063e540ac5b4c50faa12a2c6b1844", "123456", "DE89370400440532013000", ""]
        {
            assert!(!is_a_name(number), "{number}");
        }
    }
}
