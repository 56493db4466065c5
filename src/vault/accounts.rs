//! Accounts and currencies of a vault.

use super::{Vault, VaultError};
use crate::ledger::{Account, AccountId, AccountKind, NewAccount, Opening};
use crate::money::Currency;
use crate::store::{Store, StoreError};
use jiff::civil::Date;

/// The longest name of an account or recipient, in characters.
pub(super) const MAX_NAME_CHARS: usize = 100;

/// What to change about an account; `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountEdit {
    /// A new name.
    pub name: Option<String>,
    /// Another kind.
    pub kind: Option<AccountKind>,
    /// The bank's name; empty clears it.
    pub institution: Option<String>,
    /// The account's number; empty clears it.
    pub number: Option<String>,
    /// The balance before the first transaction.
    pub opening: Option<Opening>,
    /// Forgets which files and which other numbers the owner said to be of this account.
    pub forget_statements: bool,
}

impl Vault {
    /// A currency by its code: of ISO 4217, or a commodity that was defined before.
    ///
    /// # Errors
    /// [`VaultError::Currency`] for an unknown code.
    pub fn currency(&self, code: &str) -> Result<Currency, VaultError> {
        match Currency::iso(code) {
            Ok(currency) => Ok(currency),
            Err(unknown) => self.read(|store| Ok(store.commodity(code.trim())?.ok_or(unknown)?)),
        }
    }

    /// Defines a commodity of the owner's own (shares, points, a coin) with its decimal digits.
    ///
    /// # Errors
    /// [`VaultError::Currency`] for a malformed code; [`VaultError::Store`] where it is known with other digits.
    pub fn define_commodity(&mut self, code: &str, digits: u8) -> Result<Currency, VaultError> {
        let commodity = Currency::custom(code.trim(), digits)?;
        if Currency::iso(code).is_err() {
            self.write(|store| Ok(store.define_commodity(commodity)?))?;
        }
        Ok(commodity)
    }

    /// Makes an account.
    ///
    /// # Errors
    /// A name that is taken or unusable, an opening balance in another currency.
    pub fn add_account(&mut self, new: &NewAccount) -> Result<Account, VaultError> {
        let mut new = new.clone();
        new.name = usable_name(&new.name, "an account")?;
        if let Some(opening) = new.opening {
            same_currency("the opening balance", opening.amount.currency(), &new.name, new.currency)?;
        }
        self.write(|store| Ok(store.add_account(&new, None)?))
    }

    /// Every account, in order of name.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn accounts(&self) -> Result<Vec<Account>, VaultError> {
        self.read(|store| Ok(store.accounts()?))
    }

    /// The account of that name: exactly (case does not matter), or the only one that begins so, or the
    /// only one that has the text in it.
    ///
    /// # Errors
    /// [`VaultError::NoSuchAccount`], [`VaultError::AmbiguousAccount`].
    pub fn account(&self, name: &str) -> Result<Account, VaultError> {
        if let Some(account) = self.read(|store| Ok(store.account_by_name(name.trim())?))? {
            return Ok(account);
        }
        let accounts = self.accounts()?;
        let folded = name.trim().to_lowercase();
        let matching = |fits: fn(&str, &str) -> bool| -> Vec<&Account> {
            let named = !folded.is_empty();
            accounts.iter().filter(|account| named && fits(&account.name.to_lowercase(), &folded)).collect()
        };
        let mut candidates = matching(|name, text| name.starts_with(text));
        if candidates.is_empty() {
            candidates = matching(|name, text| name.contains(text));
        }
        match (candidates.pop(), candidates.is_empty()) {
            (Some(only), true) => Ok(only.clone()),
            (Some(last), false) => {
                candidates.push(last);
                Err(VaultError::AmbiguousAccount {
                    name: name.to_owned(),
                    candidates: candidates.into_iter().map(|account| account.name.clone()).collect(),
                })
            }
            (None, _) => Err(VaultError::NoSuchAccount {
                name: name.to_owned(),
                known: accounts.into_iter().map(|account| account.name).collect(),
            }),
        }
    }

    /// Changes an account.
    ///
    /// # Errors
    /// As [`Vault::add_account`].
    pub fn edit_account(&mut self, id: AccountId, edit: &AccountEdit) -> Result<Account, VaultError> {
        let mut account = self.read(|store| account_by_id(store, id))?;
        if let Some(name) = &edit.name {
            account.name = usable_name(name, "an account")?;
        }
        if let Some(kind) = edit.kind {
            account.kind = kind;
        }
        if let Some(institution) = &edit.institution {
            account.institution = Some(institution.trim().to_owned()).filter(|text| !text.is_empty());
        }
        if let Some(number) = &edit.number {
            account.number = Some(number.trim().to_owned()).filter(|text| !text.is_empty());
        }
        if let Some(opening) = edit.opening {
            same_currency("the opening balance", opening.amount.currency(), &account.name, account.currency)?;
            account.opening = Some(opening);
        }
        self.write(|store| {
            if edit.forget_statements {
                store.forget_answers(id)?;
            }
            Ok(store.update_account(&account)?)
        })?;
        Ok(account)
    }

    /// Marks an account as closed. Its transactions stay.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be written.
    pub fn close_account(&mut self, id: AccountId, on: Date) -> Result<Account, VaultError> {
        let mut account = self.read(|store| account_by_id(store, id))?;
        account.closed = Some(on);
        self.write(|store| Ok(store.update_account(&account)?))?;
        Ok(account)
    }
}

/// The account with this id, which a caller got from the vault.
pub(super) fn account_by_id(store: &Store, id: AccountId) -> Result<Account, VaultError> {
    store
        .account(id)?
        .ok_or_else(|| VaultError::NoSuchAccount { name: format!("number {}", id.0), known: Vec::new() })
}

/// A name without surrounding space, of a length that fits a line, and without control characters.
pub(super) fn usable_name(name: &str, of: &str) -> Result<String, VaultError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(VaultError::Invalid(format!("the name of {of} cannot be empty")));
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(VaultError::Invalid(format!(
            "the name of {of} cannot be longer than {MAX_NAME_CHARS} characters"
        )));
    }
    if name.chars().any(char::is_control) {
        return Err(VaultError::Invalid(format!("the name of {of} cannot hold control characters")));
    }
    Ok(name.to_owned())
}

/// Refuses an amount in another currency than its account's.
pub(super) fn same_currency(
    what: &str,
    found: Currency,
    account: &str,
    expected: Currency,
) -> Result<(), VaultError> {
    if found == expected {
        return Ok(());
    }
    Err(VaultError::OtherCurrency { what: what.to_owned(), found, account: account.to_owned(), expected })
}

/// A name taken or not, as a store error; used where the caller tries the next one.
pub(super) fn is_taken(error: &StoreError) -> bool {
    matches!(error, StoreError::Taken { .. })
}
