//! Transactions row by row: the chosen fields, payees in the chosen form, the newest where they are capped.

use super::walk::{evidence, walk};
use super::{Drawing, FactRequest, MAX_ROWS, TransactionField, account_label, usable_step};
use crate::disclosure::{
    PayeeForm, PseudonymKey, RootSalt, Row, RowStatus, Selection, TransactionsFact, masked_payee, row_id,
};
use crate::ledger::{Account, Transaction};
use crate::money::Money;
use crate::store::TransactionQuery;
use crate::store::amounts::GroupColumn;
use crate::vault::VaultError;
use std::collections::HashMap;

/// What stands in a preview for an id.
const ID_IN_PREVIEW: &str = "(made when sealed)";

/// Answers a [`FactRequest::Transactions`].
pub(super) fn transactions(
    drawing: &mut Drawing<'_>,
    account: &Account,
    request: &FactRequest,
) -> Result<TransactionsFact, VaultError> {
    let FactRequest::Transactions { from, to, filter, fields, payees, round_to, limit, label, .. } = request
    else {
        return Err(VaultError::Invalid("not transactions".to_owned()));
    };
    if fields.is_empty() {
        return Err(VaultError::Invalid("choose at least one field of the transactions".to_owned()));
    }
    let step = round_to.map(|step| usable_step("the rounding step", step, account)).transpose()?;
    let cap = limit.map_or(MAX_ROWS, |limit| usize::try_from(limit).unwrap_or(MAX_ROWS)).min(MAX_ROWS);
    if cap == 0 {
        return Err(VaultError::Invalid("at most no transaction would state nothing".to_owned()));
    }
    let query = filter.query(account.id, *from, *to);
    let page = u32::try_from(cap + usize::from(limit.is_none())).unwrap_or(u32::MAX);
    let found = drawing.store.movements(&TransactionQuery { limit: Some(page), ..query.clone() })?;
    let matched = count_and_commit(drawing, account, &query, &found, page)?;
    if found.len() > cap {
        return Err(VaultError::Invalid(format!(
            "{matched} transactions match, and one disclosure carries at most {MAX_ROWS}: choose fewer days"
        )));
    }
    let (salt, pseudonyms) = (drawing.salt, drawing.pseudonyms);
    let signs = drawing.root.is_some();
    let mut maker = RowMaker { fields, payees: *payees, step, salt, signs, pseudonyms, seen: HashMap::new() };
    let rows: Vec<Row> = found.iter().map(|transaction| maker.row(transaction)).collect::<Result<_, _>>()?;
    let shown = rows.len() as u64;
    Ok(TransactionsFact {
        account: account_label(account, *label),
        payees: if fields.contains(&TransactionField::Payee) { *payees } else { PayeeForm::Shown },
        rows,
        withheld: 0,
        selection: Selection {
            from: Some(*from),
            to: Some(*to),
            filter: filter.conditions(),
            matched,
            suppressed: matched.saturating_sub(shown),
            rounding: step.filter(|_| fields.contains(&TransactionField::Amount)),
            gaps: Some(drawing.gaps(account, *from, *to)?),
        },
        evidence: evidence(drawing.store, account, &query, false)?,
    })
}

/// Commits to the rows that leave, whole, and where there are more than `page`, to the amounts of all; counts them.
fn count_and_commit(
    drawing: &mut Drawing<'_>,
    account: &Account,
    query: &TransactionQuery,
    found: &[Transaction],
    page: u32,
) -> Result<u64, VaultError> {
    if let Some(root) = drawing.root.as_mut() {
        found.iter().for_each(|transaction| root.push_transaction(transaction));
    }
    if (found.len() as u64) < u64::from(page) {
        return Ok(found.len() as u64);
    }
    walk(drawing, account, query, GroupColumn::Nothing, false, &mut |_| Ok(()))
}

struct RowMaker<'a> {
    fields: &'a [TransactionField],
    payees: PayeeForm,
    step: Option<Money>,
    salt: &'a RootSalt,
    /// A preview has no ids: they are made when it is sealed.
    signs: bool,
    pseudonyms: &'a PseudonymKey,
    seen: HashMap<String, u64>,
}

impl RowMaker<'_> {
    fn row(&mut self, transaction: &Transaction) -> Result<Row, VaultError> {
        let has = |field| self.fields.contains(&field);
        let detail = &transaction.detail;
        let amount = match self.step {
            Some(step) if has(TransactionField::Amount) => detail.amount.round_to(step)?,
            _ => detail.amount,
        };
        let mut row = Row {
            id: None,
            booked: has(TransactionField::Date).then_some(detail.posted),
            amount: has(TransactionField::Amount).then_some(amount),
            status: has(TransactionField::Status).then(|| RowStatus::from(detail.status)),
            information: None,
        };
        if has(TransactionField::Payee) {
            row.information = payee(&detail.payee, self.payees, self.pseudonyms);
        }
        if has(TransactionField::Id) {
            row.id = Some(if self.signs { self.id(transaction) } else { ID_IN_PREVIEW.to_owned() });
        }
        // A row whose only chosen field is an empty payee still has to say that it is there.
        if row == Row::default() {
            row.status = Some(RowStatus::from(detail.status));
        }
        Ok(row)
    }

    fn id(&mut self, transaction: &Transaction) -> String {
        let first = row_id(self.salt, transaction, 0);
        let occurrence = self.seen.entry(first.clone()).or_insert(0);
        let id = if *occurrence == 0 { first } else { row_id(self.salt, transaction, *occurrence) };
        *occurrence += 1;
        id
    }
}

/// A payee as the recipient may see it; none where there is none.
pub(super) fn payee(text: &str, form: PayeeForm, pseudonyms: &PseudonymKey) -> Option<String> {
    let plain = Row::information_from(text)?;
    Some(match form {
        PayeeForm::Masked => masked_payee(&plain),
        PayeeForm::Pseudonym => pseudonyms.pseudonym(&plain),
        PayeeForm::Shown => plain,
    })
}
