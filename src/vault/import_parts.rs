//! What a file says of a row beyond the bank's words: its category, and the parts over which it is split.

use super::VaultError;
use crate::ledger::{CategoryPath, TransactionId};
use crate::statement::{Statement, StatementRow};
use crate::store::Store;
use std::collections::HashMap;

/// Makes the categories that the rows and their parts name, and spells them as the vault does. A file's path is never
/// short for a longer one.
pub(super) fn name_categories(store: &Store, statements: &mut [Statement]) -> Result<(), VaultError> {
    let mut spelled: HashMap<String, CategoryPath> = HashMap::new();
    for row in statements.iter_mut().flat_map(|statement| &mut statement.rows) {
        if let Some(category) = &mut row.transaction.category {
            let path = CategoryPath::parse(category)?;
            *category = spell(store, &mut spelled, &path)?.as_str().to_owned();
        }
        for part in &mut row.parts {
            part.category = spell(store, &mut spelled, &part.category)?;
        }
    }
    Ok(())
}

fn spell(
    store: &Store,
    spelled: &mut HashMap<String, CategoryPath>,
    path: &CategoryPath,
) -> Result<CategoryPath, VaultError> {
    if let Some(known) = spelled.get(path.as_str()) {
        return Ok(known.clone());
    }
    let tree = store.category_tree()?;
    let known = tree.spelled(path);
    for missing in tree.missing(&known) {
        store.add_category(&missing)?;
    }
    spelled.insert(path.as_str().to_owned(), known.clone());
    Ok(known)
}

/// Splits a row that was just added as the file splits it.
pub(super) fn add_parts(store: &Store, id: TransactionId, row: &StatementRow) -> Result<(), VaultError> {
    if row.parts.is_empty() {
        return Ok(());
    }
    Ok(store.set_split(id, &row.parts)?)
}
