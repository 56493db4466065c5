//! Transactions row by row: the chosen fields, payees in the chosen form, the newest where they are capped.

use super::walk::{root_row, walk};
use super::{Drawing, FactRequest, MAX_ROWS, TransactionField, account_label, usable_step};
use crate::disclosure::{
    PayeeForm, PseudonymKey, RootSalt, Row, RowStatus, Selection, TransactionsFact, masked_payee, row_id,
};
use crate::ledger::{Account, TransactionStatus};
use crate::money::Money;
use crate::store::StoreError;
use crate::store::aggregates::MovementRef;
use crate::vault::VaultError;
use std::collections::{HashMap, VecDeque};

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
    let (salt, pseudonyms) = (drawing.salt, drawing.pseudonyms);
    let mut maker =
        RowMaker { account, fields, payees: *payees, step, salt, pseudonyms, seen: HashMap::new() };
    let mut rows: VecDeque<Row> = VecDeque::new();
    let query = filter.query(account.id, *from, *to);
    let walked = walk(drawing, account, &query, &mut |movement| {
        rows.push_back(maker.row(movement)?);
        // One row past the cap is kept, to tell whether there are too many.
        if rows.len() > cap + usize::from(limit.is_none()) {
            rows.pop_front();
        }
        Ok(())
    })?;
    if rows.len() > cap {
        return Err(VaultError::Invalid(format!(
            "{} transactions match, and one disclosure carries at most {MAX_ROWS}: choose fewer days",
            walked.matched
        )));
    }
    let shown = rows.len() as u64;
    Ok(TransactionsFact {
        account: account_label(account, *label),
        payees: if fields.contains(&TransactionField::Payee) { *payees } else { PayeeForm::Shown },
        rows: rows.into(),
        withheld: 0,
        selection: Selection {
            from: Some(*from),
            to: Some(*to),
            filter: filter.conditions(),
            matched: walked.matched,
            suppressed: walked.matched.saturating_sub(shown),
            rounding: step.filter(|_| fields.contains(&TransactionField::Amount)),
            gaps: Some(drawing.gaps(account, *from, *to)?),
        },
        evidence: walked.evidence(drawing.store, None)?,
    })
}

struct RowMaker<'a> {
    account: &'a Account,
    fields: &'a [TransactionField],
    payees: PayeeForm,
    step: Option<Money>,
    salt: &'a RootSalt,
    pseudonyms: &'a PseudonymKey,
    seen: HashMap<String, u64>,
}

impl RowMaker<'_> {
    fn row(&mut self, movement: &MovementRef<'_>) -> Result<Row, VaultError> {
        let has = |field| self.fields.contains(&field);
        let unreadable = |what: &str| StoreError::Unreadable { what: what.to_owned() };
        let status: TransactionStatus = movement.status.parse().map_err(|_| unreadable("movement.status"))?;
        let posted = movement.posted.parse().map_err(|_| unreadable("movement.posted"))?;
        let exact = Money::new(movement.amount_minor, self.account.currency);
        let amount = match self.step {
            Some(step) if has(TransactionField::Amount) => exact.round_to(step)?,
            _ => exact,
        };
        let mut row = Row {
            id: None,
            booked: has(TransactionField::Date).then_some(posted),
            amount: has(TransactionField::Amount).then_some(amount),
            status: has(TransactionField::Status).then(|| RowStatus::from(status)),
            information: None,
        };
        if has(TransactionField::Payee) {
            row.information = payee(movement.payee, self.payees, self.pseudonyms);
        }
        if has(TransactionField::Id) {
            row.id = Some(self.id(movement));
        }
        // A row whose only chosen field is an empty payee still has to say that it is there.
        if row == Row::default() {
            row.status = Some(RowStatus::from(status));
        }
        Ok(row)
    }

    fn id(&mut self, movement: &MovementRef<'_>) -> String {
        let movement = root_row(movement, self.account);
        let first = row_id(self.salt, &movement, 0);
        let occurrence = self.seen.entry(first.clone()).or_insert(0);
        let id = if *occurrence == 0 { first } else { row_id(self.salt, &movement, *occurrence) };
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
