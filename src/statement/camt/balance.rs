//! One `Bal`: which balance it is, for which day, and how much.

use super::super::{StatedAmount, StatementError};
use super::fields::{Kept, refuse, signed};
use super::xml::Leaf;
use crate::ledger::BalanceKind;
use crate::money::Currency;

/// A balance while its leaves are being read.
#[derive(Debug)]
pub(super) struct BalanceDraft {
    offset: usize,
    code: String,
    amount: Option<Kept>,
    indicator: Option<Kept>,
    date: Option<Kept>,
}

/// What a balance came to.
pub(super) enum BalanceOutcome {
    /// It is kept.
    Kept(StatedAmount),
    /// Its kind is none that the ledger keeps; the code says which.
    NotKept(String),
}

impl BalanceDraft {
    pub fn new(offset: usize) -> Self {
        Self { offset, code: String::new(), amount: None, indicator: None, date: None }
    }

    /// Takes a leaf; `path` begins below `Bal`. The amounts of credit lines stand deeper and are not it.
    pub fn take(&mut self, path: &str, leaf: Leaf<'_>) {
        match path {
            "Tp/CdOrPrtry/Cd" | "Tp/CdOrPrtry/Prtry" | "Tp/Cd" => leaf.text.clone_into(&mut self.code),
            "Amt" => self.amount = Some(Kept::of(leaf)),
            "CdtDbtInd" => self.indicator = Some(Kept::of(leaf)),
            "Dt/Dt" | "Dt/DtTm" => self.date = Some(Kept::of(leaf)),
            _ => {}
        }
    }

    /// Puts the balance together.
    ///
    /// # Errors
    /// A balance of a kind that is kept without a readable amount, indicator or date.
    pub fn finish(self, whole: &str, otherwise: Option<Currency>) -> Result<BalanceOutcome, StatementError> {
        let Some(kind) = kind_of(&self.code) else { return Ok(BalanceOutcome::NotKept(self.code)) };
        let missing = |name: &str| {
            refuse(
                whole,
                self.offset,
                format!("this balance ({}) has no <{name}>", self.code),
                "add it in a copy of the file, or ask the bank for the statement again",
            )
        };
        let amount = self.amount.as_ref().ok_or_else(|| missing("Amt"))?;
        let is_credit = self.indicator.as_ref().ok_or_else(|| missing("CdtDbtInd"))?.is_credit(whole)?;
        let date = self.date.as_ref().ok_or_else(|| missing("Dt"))?.date(whole)?;
        let amount = signed(amount.amount(whole, amount.currency(whole, otherwise)?)?, is_credit);
        Ok(BalanceOutcome::Kept(StatedAmount { kind, date, amount }))
    }
}

/// The kind of an ISO 20022 `BalanceType12Code`. What is expected or forward (`XPCD`, `FWAV`), available when
/// the day begins (`OPAV`), or told for information (`INFO`) is no balance of a day that has been.
fn kind_of(code: &str) -> Option<BalanceKind> {
    match code {
        "OPBD" | "PRCD" => Some(BalanceKind::Opening),
        "CLBD" => Some(BalanceKind::Closing),
        "ITBD" => Some(BalanceKind::Interim),
        "CLAV" | "ITAV" => Some(BalanceKind::Available),
        _ => None,
    }
}
