//! One movement (`:61:`) with its texts: a row of the ledger.

use super::super::StatementRow;
use super::super::wording::clean;
use super::narrative::{self, Narrative, is_reference};
use super::values::RowText;
use crate::ledger::{NewTransaction, TransactionStatus};
use crate::money::Money;

/// A movement whose text may go on.
pub(super) struct Row<'a> {
    pub line: u32,
    pub parts: RowText<'a>,
    pub amount: Money,
    pub details: Vec<&'a str>,
    pub narrative: Vec<&'a str>,
    pub coded: Vec<&'a str>,
}

impl Row<'_> {
    /// The row, once no text can follow.
    pub fn finish(self) -> StatementRow {
        let Narrative { party, memo, reference } = if self.narrative.is_empty() {
            narrative::read_coded(&self.coded)
        } else {
            narrative::read(&self.narrative)
        };
        let details = self.details.join(" ");
        let mut words = memo;
        let mut payee_raw = party;
        if payee_raw.is_empty() {
            payee_raw = details.trim().to_owned();
        } else if !details.trim().is_empty() {
            words.push(details);
        }
        let own = Some(self.parts.reference).filter(|text| is_reference(text)).map(str::to_owned);
        let bank = Some(self.parts.bank_reference).filter(|text| is_reference(text));
        let reference = own.or(reference).or_else(|| bank.map(str::to_owned));
        if let Some(bank) = bank.filter(|bank| reference.as_deref() != Some(*bank)) {
            words.push(format!("(bank reference {bank})"));
        }
        if self.parts.reversal {
            words.push("(reversal)".to_owned());
        }
        let memo = clean(&words.join(" "));
        let status = if self.parts.expected { TransactionStatus::Pending } else { TransactionStatus::Posted };
        let transaction = NewTransaction {
            posted: self.parts.day,
            amount: self.amount,
            payee: clean(&payee_raw),
            payee_raw,
            memo: Some(memo).filter(|memo| !memo.is_empty()),
            reference,
            category: None,
            status,
            // The bank's reference may be one word for all transfers ("//transfer"), so it identifies nothing.
            bank_id: None,
        };
        StatementRow { line: self.line, transaction, parts: Vec::new() }
    }
}
