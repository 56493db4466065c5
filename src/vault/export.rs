//! Exporting the ledger: all of it, or an account or some days, in the formats that other programs read.

use super::accounts::account_by_id;
use super::balances::computed_balance;
use super::{Progress, Vault, VaultError};
use crate::ledger::{Account, AccountId, AttachmentTarget, Opening, StatedBalance};
use crate::statement::write::{
    self, AccountHead, BookHead, BookWriter, ExportFormat, ExportRow, ImportRecord, Selection,
};
use crate::store::Store;
use crate::store::export::{RowChoice, WholeRow};
use jiff::civil::Date;
use std::io::{BufWriter, Write};

/// What to export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportQuery {
    /// This account alone.
    pub account: Option<AccountId>,
    /// Rows posted on or after this day. The balance before it becomes the account's opening balance.
    pub from: Option<Date>,
    /// Rows posted on or before this day.
    pub to: Option<Date>,
}

/// What an export wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportReport {
    /// Accounts in it.
    pub accounts: u64,
    /// Rows in it.
    pub rows: u64,
    /// What the format could not carry, a sentence each.
    pub losses: Vec<String>,
}

impl Vault {
    /// Writes the ledger, or a part of it, in the clear. Rows go out one at a time; the same content gives the same
    /// bytes.
    ///
    /// # Errors
    /// [`VaultError::Write`] as the output reports: what was written then must not be used;
    /// [`VaultError::Invalid`] for days in the wrong order; [`VaultError::Money`] where a balance does not fit.
    pub fn export(
        &self,
        query: &ExportQuery,
        format: ExportFormat,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<ExportReport, VaultError> {
        if let (Some(from), Some(to)) = (query.from, query.to)
            && from > to
        {
            return Err(VaultError::Invalid(format!("{from} is after {to}: nothing is between them")));
        }
        let mut out = BufWriter::new(out);
        self.read(|store| {
            let mut head = book_head(store, query)?;
            let mut writer = write::writer(format, &mut out);
            writer.arrange(&mut head.accounts);
            let total = store.count_movements()?;
            let rows = write_book(store, query, &head, &mut *writer, &mut |done| {
                progress(Progress { stage: "writing", done, total });
            })?;
            Ok(ExportReport { accounts: head.accounts.len() as u64, rows, losses: writer.losses() })
        })
    }
}

fn write_book(
    store: &Store,
    query: &ExportQuery,
    head: &BookHead,
    writer: &mut dyn BookWriter,
    on_rows: &mut dyn FnMut(u64),
) -> Result<u64, VaultError> {
    let mut done = 0;
    writer.begin(head).map_err(VaultError::Write)?;
    let choices: &[RowChoice] = if writer.wants_pending_last() {
        &[RowChoice::Booked, RowChoice::Pending]
    } else {
        &[RowChoice::All]
    };
    for account in &head.accounts {
        writer.begin_account(account).map_err(VaultError::Write)?;
        for choice in choices {
            store.each_row(&account.account, query.from, query.to, *choice, &mut |row| {
                done += 1;
                if done % 1_000 == 0 {
                    on_rows(done);
                }
                writer.row(account, &export_row(row)).map_err(VaultError::Write)
            })?;
        }
        writer.end_account(account).map_err(VaultError::Write)?;
    }
    writer.end().map_err(VaultError::Write)?;
    Ok(done)
}

fn export_row(row: WholeRow) -> ExportRow {
    ExportRow {
        number: row.transaction.id.0,
        detail: row.transaction.detail,
        import: row.transaction.batch,
        source_posted: row.source_posted,
        source_amount: row.source_amount,
        tags: row.tags,
        parts: row.parts,
        attachments: row.attachments,
    }
}

fn book_head(store: &Store, query: &ExportQuery) -> Result<BookHead, VaultError> {
    let accounts = match query.account {
        Some(id) => vec![account_by_id(store, id)?],
        None => store.accounts()?,
    };
    let selection = Selection {
        account: query.account.and_then(|_| accounts.first()).map(|account| account.name.clone()),
        from: query.from,
        to: query.to,
    };
    let is_all = selection.is_all();
    Ok(BookHead {
        commodities: if is_all { store.commodities()? } else { Vec::new() },
        categories: if is_all { store.category_tree()?.paths().to_vec() } else { Vec::new() },
        imports: import_records(store, query.account)?,
        accounts: accounts
            .into_iter()
            .map(|account| account_head(store, account, query))
            .collect::<Result<_, _>>()?,
        selection,
    })
}

/// The imports, or those that an account's rows came from.
fn import_records(store: &Store, account: Option<AccountId>) -> Result<Vec<ImportRecord>, VaultError> {
    let mut records = Vec::new();
    for batch in store.batches()? {
        if let Some(account) = account
            && !store.batch_accounts(batch.id)?.iter().any(|did| did.account == account)
        {
            continue;
        }
        records.push(ImportRecord {
            attachments: store.attachments(Some(AttachmentTarget::Import(batch.id)))?,
            id: batch.id,
            file_name: batch.file_name,
            sha256: batch.sha256,
            format: batch.format,
            imported_at: batch.imported_at,
            undone_at: batch.undone_at,
            added: batch.added,
            duplicate: batch.duplicate,
            updated: batch.updated,
        });
    }
    Ok(records)
}

fn account_head(store: &Store, mut account: Account, query: &ExportQuery) -> Result<AccountHead, VaultError> {
    let mut stated: Vec<StatedBalance> = store
        .stated_balances(&account, query.to.unwrap_or(Date::MAX))?
        .into_iter()
        .filter(|stated| query.from.is_none_or(|from| stated.date >= from))
        .collect();
    stated.reverse();
    let last =
        store.last_movement_day_until(&account, query.to)?.max(account.opening.map(|opening| opening.date));
    let as_of = query.to.or(last).max(last);
    let closing = match as_of {
        Some(day) => Some((day, computed_balance(store, &account, day)?)),
        None => None,
    };
    if let Some(from) = query.from
        && let Ok(day_before) = from.yesterday()
        && account.opening.is_none_or(|opening| opening.date < from)
    {
        let amount = computed_balance(store, &account, day_before)?;
        account.opening = Some(Opening { date: from, amount, derived: true });
    }
    let first = store.first_movement_day_from(&account, query.from)?;
    let first = match (first, account.opening.map(|opening| opening.date)) {
        (Some(row), Some(opening)) => Some(row.min(opening)),
        (row, opening) => row.or(opening),
    };
    let days = first.map(|first| (first, as_of.unwrap_or(first).max(first)));
    let attachments = store.attachments(Some(AttachmentTarget::Account(account.id)))?;
    Ok(AccountHead { account, stated, attachments, closing, days })
}
