//! Which account a statement goes to: the one the owner named, the one with its number, or a new one.

use super::VaultError;
use super::accounts::{account_by_id, is_taken, same_currency};
use super::import::{ImportSource, base_name, hex};
use crate::ledger::account::mask_number;
use crate::ledger::{Account, AccountKind, BatchId, NewAccount};
use crate::statement::StatementAccount;
use crate::statement::packed::PackedStatement;
use crate::store::Store;
use crate::store::account_known_by::KnownBy;
use crate::store::accounts::fold_number;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Statements of several accounts do not go into the one that was named.
pub(super) fn one_account_at_most(
    file: &str,
    statements: &[PackedStatement],
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
    /// Whether the owner's earlier answer named it.
    pub(super) remembered: bool,
}

impl Target {
    /// `remember` keeps that statements which show their account as this one does are of the account named.
    pub(super) fn find(
        store: &Store,
        file: &ImportSource<'_>,
        statement: &PackedStatement,
        named: Option<&Account>,
        remember: bool,
        batch: BatchId,
    ) -> Result<Self, VaultError> {
        let target = match (named, &statement.account) {
            (Some(named), stated) => Self::named(store, file, named, stated.as_ref(), remember)?,
            (None, Some(stated)) => match Self::by_number(store, statement, stated)? {
                Some(found) => found,
                None => {
                    let account = make_account(store, statement, stated, batch)?;
                    Self { account, created: true, remembered: false }
                }
            },
            (None, None) => account_of_kind(store, file)?
                .map(|account| Self { account, created: false, remembered: true })
                .ok_or_else(|| VaultError::NeedsAccount { file: file.name.to_owned() })?,
        };
        let account = &target.account;
        same_currency(
            &format!("the statement in {}", file.name),
            statement.currency,
            &account.name,
            account.currency,
        )?;
        Ok(target)
    }

    /// The account of that number and currency; one that the owner said the number is of; or one whose IBAN holds
    /// the domestic number, or the other way round, where a single account does. Where several banks gave one number,
    /// the bank's own id decides.
    fn by_number(
        store: &Store,
        statement: &PackedStatement,
        stated: &StatementAccount,
    ) -> Result<Option<Self>, VaultError> {
        let found = |account, remembered| Some(Self { account, created: false, remembered });
        let mut candidates = store.accounts_by_number(&stated.number)?;
        candidates
            .retain(|account| account.currency == statement.currency && !is_other_bank(account, stated));
        if let Some(account) = candidates.into_iter().next() {
            return Ok(found(account, false));
        }
        let Some(folded) = fold_number(&stated.number) else { return Ok(None) };
        if let Some(id) = store.remembered_account(KnownBy::Number, &folded)? {
            let account = account_by_id(store, id)?;
            if account.currency == statement.currency {
                return Ok(found(account, true));
            }
        }
        let mut alike = store.accounts()?;
        alike.retain(|account| {
            account.currency == statement.currency
                && account.number.as_deref().is_some_and(|number| is_one_iban(number, &stated.number))
        });
        Ok(match alike.as_slice() {
            [only] => found(only.clone(), false),
            _ => None,
        })
    }

    /// The account that the owner named; one without a number takes the statement's.
    fn named(
        store: &Store,
        file: &ImportSource<'_>,
        named: &Account,
        stated: Option<&StatementAccount>,
        remember: bool,
    ) -> Result<Self, VaultError> {
        let mut account = account_by_id(store, named.id)?;
        let Some(stated) = stated else {
            if remember {
                store.remember_account(KnownBy::File, &kind_of_file(file)?, account.id)?;
            }
            return Ok(Self { account, created: false, remembered: false });
        };
        let folded = fold_number(&stated.number).unwrap_or_default();
        match &account.number {
            Some(number) if same_number(number, &stated.number) || is_one_iban(number, &stated.number) => {}
            Some(_) if store.remembered_account(KnownBy::Number, &folded)? == Some(account.id) => {}
            Some(_) if remember && !folded.is_empty() => {
                if let Some(other) = store.accounts_by_number(&stated.number)?.first() {
                    return Err(VaultError::Invalid(format!(
                        "{} is the number of the account \"{}\"",
                        shown_number(&stated.number),
                        other.name
                    )));
                }
                store.remember_account(KnownBy::Number, &folded, account.id)?;
            }
            Some(_) => {
                return Err(VaultError::OtherAccount {
                    file: file.name.to_owned(),
                    found: shown_number(&stated.number),
                    account: account.name,
                });
            }
            None if is_number(&stated.number) => {
                account.number = Some(stated.number.clone());
                account.institution = account.institution.or_else(|| stated.institution.clone());
                store.update_account(&account)?;
            }
            None => {}
        }
        Ok(Self { account, created: false, remembered: false })
    }
}

/// The account that the owner named when a file of this kind was imported before, unless it is closed.
pub(super) fn account_of_kind(store: &Store, file: &ImportSource<'_>) -> Result<Option<Account>, VaultError> {
    let Some(id) = store.remembered_account(KnownBy::File, &kind_of_file(file)?)? else { return Ok(None) };
    Ok(store.account(id)?.filter(|account| account.closed.is_none()))
}

/// The kind of file: its name without digits, and its first line, which in a table names the columns. A month's
/// export and the next month's are of one kind; those of two banks are not.
fn kind_of_file(file: &ImportSource<'_>) -> Result<String, VaultError> {
    let head = file.content.head();
    let head = head.map_err(|error| VaultError::Statement { file: file.name.to_owned(), error })?;
    let mut hash = Sha256::new();
    hash.update(b"finvault kind of file v1\0");
    let name: String = base_name(file.name).chars().filter(|c| c.is_alphabetic() || *c == '.').collect();
    hash.update(name.to_lowercase());
    hash.update([0]);
    hash.update(head.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default());
    Ok(hex(&hash.finalize()))
}

/// Whether account and statement name different banks by their ids. Names of banks are spelled in many ways and decide
/// nothing.
fn is_other_bank(account: &Account, stated: &StatementAccount) -> bool {
    let id = |text: &Option<String>| {
        let folded = text.as_deref().and_then(fold_number)?;
        let digits = folded.trim_start_matches('0').to_owned();
        (digits.len() >= 4 && folded.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
    };
    matches!((id(&account.institution), id(&stated.institution)), (Some(one), Some(other)) if one != other)
}

/// Whether one of two numbers is an IBAN and the other the account number in it, of at least six digits.
fn is_one_iban(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (fold_number(one), fold_number(other)) else { return false };
    let is_iban = |text: &str| {
        let bytes = text.as_bytes();
        (15..=34).contains(&bytes.len())
            && bytes.iter().take(2).all(u8::is_ascii_alphabetic)
            && bytes.iter().skip(2).take(2).all(u8::is_ascii_digit)
    };
    let holds = |iban: &str, number: &str| {
        let number = number.trim_start_matches('0');
        is_iban(iban)
            && !is_iban(number)
            && number.len() >= 6
            && number.bytes().all(|b| b.is_ascii_digit())
            && iban.ends_with(number)
    };
    holds(&one, &other) || holds(&other, &one)
}

fn same_number(one: &str, other: &str) -> bool {
    fold_number(one) == fold_number(other)
}

/// Makes an account for a statement, with a name that a person recognises: bank, kind, last four digits.
fn make_account(
    store: &Store,
    statement: &PackedStatement,
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
    use crate::statement::Content;

    #[test]
    fn an_iban_holds_its_account_number_and_no_other() {
        assert!(is_one_iban("DE89 3704 0044 0532 0130 00", "0532013000"));
        assert!(is_one_iban("532013000", "DE89370400440532013000"));
        for other in ["3000", "0532013001", "DE89370400440532013001", "", "XX0532013000"] {
            assert!(!is_one_iban("DE89370400440532013000", other), "{other}");
        }
    }

    #[test]
    fn exports_of_one_bank_are_of_one_kind_from_month_to_month() {
        let kind = |name: &str, text: &str| {
            kind_of_file(&ImportSource { name, content: Content::Held(text.as_bytes()) }).unwrap()
        };
        let march = kind("a/export_2026-03.csv", "Date,Amount\n2026-03-01,1\n");
        assert_eq!(march, kind("b/export_2026-04.csv", "Date,Amount\n2026-04-01,2\n"));
        assert_ne!(march, kind("export_2026-03.csv", "Day,Sum\n2026-03-01,1\n"));
        assert_ne!(march, kind("card_2026-03.csv", "Date,Amount\n2026-03-01,1\n"));
    }

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
