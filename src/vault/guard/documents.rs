//! What a document gives away when its bytes leave: the row that a receipt is of, all rows of a statement.

use super::figures::{Figure, balance_figure};
use crate::disclosure::inference::Kind;
use crate::ledger::{AttachmentTarget, BatchId, RowSet};
use crate::store::Store;
use crate::vault::documents::find;
use crate::vault::transactions::transaction_by_id;
use crate::vault::{DocumentSource, VaultError};
use jiff::civil::Date;

/// The figures in a document whose bytes leave. Wherever else the same bytes are attached counts too.
///
/// A digest alone gives no amount away: it can only be compared with a file that one has.
pub(super) fn document_figures(
    store: &Store,
    source: &DocumentSource,
    enclose: bool,
) -> Result<Vec<Figure>, VaultError> {
    if !enclose {
        return Ok(Vec::new());
    }
    let found = find(store, source)?;
    let mut figures = Vec::new();
    for file in store.attachments_of_digest(&found.sha256.to_string())? {
        if let AttachmentTarget::Transaction(id) = file.target {
            let account = transaction_by_id(store, id)?.account;
            let rows = RowSet::from_ids([id.0]);
            figures.push(Figure { kind: Kind::Revealed, account: Some(account), rows });
        }
    }
    if let Some(batch) = found.statement {
        figures.extend(statement_figures(store, batch.id)?);
    }
    Ok(figures)
}

/// Every row that the statement shows, and the balances at the ends of days that it states.
///
/// Rows that the owner entered are left out even where the statement may show them too: what is counted as shown
/// is no longer protected.
fn statement_figures(store: &Store, batch: BatchId) -> Result<Vec<Figure>, VaultError> {
    let mut figures = Vec::new();
    for did in store.batch_accounts(batch)? {
        let Some(account) = store.account(did.account)? else { continue };
        let rows = store.statement_rows(batch, account.id)?;
        if !rows.is_empty() {
            figures.push(Figure { kind: Kind::Revealed, account: Some(account.id), rows });
        }
        for stated in store.stated_balances(&account, Date::MAX)? {
            if stated.batch == batch && stated.kind.is_booked() {
                figures.push(balance_figure(store, Kind::Sum, account.id, stated.date)?);
            }
        }
    }
    Ok(figures)
}
