//! What a file says of a row beyond the bank's words: its category, and the parts over which it is split.

use super::VaultError;
use crate::ledger::{CategoryPath, TransactionId};
use crate::statement::StatementRow;
use crate::statement::packed::PackedStatement;
use crate::store::Store;
use std::collections::HashMap;

/// Makes the categories that the rows and their parts name, and spells them as the vault does. A file's path is never
/// short for a longer one.
pub(super) fn name_categories(
    store: &Store,
    file: &str,
    statements: &mut [PackedStatement],
) -> Result<(), VaultError> {
    let mut spelled: HashMap<String, CategoryPath> = HashMap::new();
    for rows in statements.iter_mut().map(|statement| &mut statement.rows) {
        for index in rows.categorised() {
            if let Some(category) = rows.category(index) {
                let path = CategoryPath::parse(category)?;
                let path = spell(store, &mut spelled, &path)?;
                rows.set_category(index, path.as_str())
                    .map_err(|error| VaultError::Statement { file: file.to_owned(), error })?;
            }
            for part in rows.parts_mut(index).into_iter().flatten() {
                part.category = spell(store, &mut spelled, &part.category)?;
            }
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
