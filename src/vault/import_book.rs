//! What a book brings beside rows: accounts by name, categories, commodities, tags, corrections.

use super::VaultError;
use super::accounts::{is_taken, usable_name};
use super::import_target::Target;
use crate::ledger::{Account, BatchId, Fingerprint, NewAccount, TransactionId};
use crate::statement::book::{BookAccount, BookFile, RowExtras};
use crate::statement::packed::{PackedRows, PackedStatement};
use crate::store::Store;

/// Makes the commodities that a book needs, and the categories that it defines.
pub(super) fn prepare(store: &Store, book: &BookFile<PackedRows>) -> Result<(), VaultError> {
    for commodity in &book.commodities {
        store.define_commodity(*commodity)?;
    }
    for path in &book.categories {
        let tree = store.category_tree()?;
        for missing in tree.missing(&tree.spelled(path)) {
            store.add_category(&missing)?;
        }
    }
    Ok(())
}

/// The account that a book's account becomes: the one with its number, or its name and currency, or a new one.
pub(super) fn target(
    store: &Store,
    statement: &PackedStatement,
    book: &BookAccount,
    batch: BatchId,
) -> Result<Target, VaultError> {
    let numbered = match &book.number {
        Some(number) => store.accounts_by_number(number)?,
        None => Vec::new(),
    };
    let same = |account: &Account| account.currency == statement.currency;
    let named = store.account_by_name(&book.name)?;
    if let Some(account) = numbered.into_iter().chain(named).find(same) {
        return Ok(Target { account, created: false, remembered: false });
    }
    let base = usable_name(&book.name, "an account")?;
    for attempt in 1..=1_000u32 {
        let name = match attempt {
            1 => base.clone(),
            2 => format!("{base} {}", statement.currency),
            n => format!("{base} {} {n}", statement.currency),
        };
        let new = NewAccount {
            name,
            kind: book.kind,
            currency: statement.currency,
            institution: book.institution.clone(),
            number: book.number.clone(),
            opening: None,
        };
        match store.add_account(&new, Some(batch)) {
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error.into()),
            Ok(mut account) => {
                if book.closed.is_some() {
                    account.closed = book.closed;
                    store.update_account(&account)?;
                }
                return Ok(Target { account, created: true, remembered: false });
            }
        }
    }
    Err(VaultError::Invalid(format!("there are too many accounts named \"{base}\"")))
}

/// Adds to a row that was just made what a book says of it.
pub(super) fn annotate(store: &Store, id: TransactionId, extras: &RowExtras) -> Result<(), VaultError> {
    if let Some(corrected) = extras.corrected
        && let Some(mut transaction) = store.movement(id)?
    {
        transaction.detail.posted = corrected.posted;
        transaction.detail.amount = corrected.amount;
        store.update_movement(&transaction, Fingerprint::of(&transaction.detail))?;
    }
    extras.tags.iter().try_for_each(|tag| Ok(store.add_tag(id, tag)?))
}
