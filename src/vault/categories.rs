//! The owner's categories: a tree that grows as it is used, and can be renamed and pruned.

use super::{Vault, VaultError};
use crate::ledger::category::{DEFAULTS, Meaning};
use crate::ledger::{AccountId, CategoryPath, CategoryTotal};
use crate::store::{Store, StoreError};
use jiff::civil::Date;

/// A category and how much it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryUse {
    /// The category.
    pub path: CategoryPath,
    /// How many transactions are in it, wholly or with a part; those in categories below it do not count.
    pub transactions: u64,
}

/// A category as a text names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedCategory {
    /// The category.
    pub path: CategoryPath,
    /// Whether the vault has it already.
    pub known: bool,
}

/// What renaming or removing a category did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryChange {
    /// The categories that are gone: the one that was named and those below it.
    pub from: Vec<CategoryPath>,
    /// Where its transactions are now; none where nothing was in it.
    pub to: Option<CategoryPath>,
    /// How many transactions changed, counted once for each of these categories they are in.
    pub transactions: u64,
}

impl Vault {
    /// Every category in the tree's order: alphabetical, each followed by those below it.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn categories(&self) -> Result<Vec<CategoryUse>, VaultError> {
        self.read(|store| {
            let uses = store.category_uses()?;
            let tree = store.category_tree()?;
            let with_uses = |path: &CategoryPath| CategoryUse {
                path: path.clone(),
                transactions: uses.get(path.as_str()).copied().unwrap_or_default(),
            };
            Ok(tree.paths().iter().map(with_uses).collect())
        })
    }

    /// The category that a text means: by its whole path, by the names it ends in, or by how it begins.
    ///
    /// # Errors
    /// [`VaultError::NoSuchCategory`], [`VaultError::AmbiguousCategory`].
    pub fn category(&self, text: &str) -> Result<CategoryPath, VaultError> {
        self.read(|store| only(text, store.category_tree()?.meant_by(text)))
    }

    /// The category that a text means for a transaction: one that is known by its whole path or by the names
    /// it ends in, or a new one, which entering the transaction adds.
    ///
    /// # Errors
    /// [`VaultError::AmbiguousCategory`]; [`VaultError::Category`] where it cannot be a category.
    pub fn resolve_category(&self, text: &str) -> Result<ResolvedCategory, VaultError> {
        self.read(|store| resolve(store, text))
    }

    /// Adds a category by its whole path, and those above it that are missing.
    ///
    /// # Errors
    /// [`VaultError::Store`] where it is known; [`VaultError::Category`] where it cannot be a category.
    pub fn add_category(&mut self, path: &str) -> Result<CategoryPath, VaultError> {
        let path = CategoryPath::parse(path)?;
        self.write(|store| {
            let tree = store.category_tree()?;
            let path = tree.spelled(&path);
            let missing = tree.missing(&path);
            for new in if missing.is_empty() { std::slice::from_ref(&path) } else { &missing } {
                store.add_category(new)?;
            }
            Ok(path)
        })
    }

    /// Gives a category another path, its transactions and the categories below it with it. The new path is
    /// the whole one, so that a category can also be moved within the tree.
    ///
    /// # Errors
    /// [`VaultError::NoSuchCategory`], [`VaultError::AmbiguousCategory`]; [`VaultError::Store`] where the new
    /// path is a category already; [`VaultError::Invalid`] where it is below the old one.
    pub fn rename_category(&mut self, from: &str, to: &str) -> Result<CategoryChange, VaultError> {
        let to = CategoryPath::parse(to)?;
        self.write(|store| {
            let from = known_category(store, from)?;
            let tree = store.category_tree()?;
            let to = tree.renamed(&to);
            if to.is_within(&from) && !to.is(&from) {
                return Err(VaultError::Invalid(format!("\"{to}\" is below \"{from}\" itself")));
            }
            for new in tree.missing(&to) {
                store.add_category(&new)?;
            }
            if !to.is(&from) && tree.paths().iter().any(|known| known.is(&to)) {
                return Err(StoreError::Taken { what: format!("a category named \"{to}\"") }.into());
            }
            let mut change =
                CategoryChange { from: tree.within(&from), to: Some(to.clone()), transactions: 0 };
            for old in &change.from {
                if let Some(new) = old.moved(&from, &to) {
                    let moved = store.replace_category(old, &new?)?;
                    change.transactions = change.transactions.saturating_add(moved);
                }
            }
            Ok(change)
        })
    }

    /// Removes a category and those below it. What is in them goes to `move_to`.
    ///
    /// # Errors
    /// [`VaultError::CategoryInUse`] where something is in them and nothing says where it goes;
    /// [`VaultError::NoSuchCategory`], [`VaultError::AmbiguousCategory`]; [`VaultError::Invalid`] where
    /// `move_to` is removed with it.
    pub fn remove_category(
        &mut self,
        name: &str,
        move_to: Option<&str>,
    ) -> Result<CategoryChange, VaultError> {
        self.write(|store| {
            let path = known_category(store, name)?;
            let to = move_to.map(|text| known_category(store, text)).transpose()?;
            if let Some(to) = to.as_ref().filter(|to| to.is_within(&path)) {
                return Err(VaultError::Invalid(format!("\"{to}\" is removed with \"{path}\"")));
            }
            let from = store.category_tree()?.within(&path);
            let uses = store.category_uses()?;
            let used = |path: &CategoryPath| uses.get(path.as_str()).copied().unwrap_or_default();
            let transactions = from.iter().map(used).fold(0, u64::saturating_add);
            if transactions > 0 && to.is_none() {
                return Err(VaultError::CategoryInUse { name: path.to_string(), transactions });
            }
            for old in from.iter().filter(|_| to.is_none()) {
                if let Some(rule) = store.rules_for_category(old)?.first() {
                    return Err(VaultError::Invalid(format!(
                        "rule {} puts transactions into \"{old}\": change or remove it first, or give --move-to",
                        rule.0
                    )));
                }
            }
            for old in &from {
                match &to {
                    Some(to) => drop(store.replace_category(old, to)?),
                    None => store.remove_category(old)?,
                }
            }
            Ok(CategoryChange { from, to, transactions })
        })
    }

    /// What each category comes to between two days (both included; open where `None`), in each currency, of
    /// one account or of all. A split transaction counts with its parts; pending transactions do not count.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn category_totals(
        &self,
        from: Option<Date>,
        to: Option<Date>,
        account: Option<AccountId>,
    ) -> Result<Vec<CategoryTotal>, VaultError> {
        self.read(|store| Ok(store.category_totals(from, to, account)?))
    }

    /// Gives a new vault the categories that it begins with.
    pub(super) fn add_default_categories(&mut self) -> Result<(), VaultError> {
        self.write(|store| {
            for text in DEFAULTS {
                store.add_category(&CategoryPath::parse(text)?)?;
            }
            Ok(())
        })
    }
}

/// The category that a text means for a transaction, added with its parents where it is new.
pub(super) fn category_for(store: &Store, text: &str) -> Result<CategoryPath, VaultError> {
    let ResolvedCategory { path, known } = resolve(store, text)?;
    if !known {
        for new in store.category_tree()?.missing(&path) {
            store.add_category(&new)?;
        }
    }
    Ok(path)
}

fn resolve(store: &Store, text: &str) -> Result<ResolvedCategory, VaultError> {
    let tree = store.category_tree()?;
    match tree.named(text) {
        Meaning::One(path) => Ok(ResolvedCategory { path, known: true }),
        Meaning::Several(candidates) => Err(ambiguous(text, &candidates)),
        Meaning::None => {
            let path = tree.spelled(&CategoryPath::parse(text)?);
            Ok(ResolvedCategory { path, known: false })
        }
    }
}

/// The category to change: never one that only begins like the text.
fn known_category(store: &Store, text: &str) -> Result<CategoryPath, VaultError> {
    only(text, store.category_tree()?.named(text))
}

fn only(text: &str, meaning: Meaning) -> Result<CategoryPath, VaultError> {
    match meaning {
        Meaning::One(path) => Ok(path),
        Meaning::Several(candidates) => Err(ambiguous(text, &candidates)),
        Meaning::None => Err(VaultError::NoSuchCategory { name: text.to_owned() }),
    }
}

fn ambiguous(text: &str, candidates: &[CategoryPath]) -> VaultError {
    let candidates = candidates.iter().map(ToString::to_string).collect();
    VaultError::AmbiguousCategory { name: text.to_owned(), candidates }
}
