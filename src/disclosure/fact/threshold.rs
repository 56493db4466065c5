//! Whether a balance was above or below an amount: yes or no, and nothing else of it.

use super::AccountLabel;
use crate::disclosure::selection::{Evidence, Operator, Selection};
use crate::disclosure::wire::{AmountWire, CreditDebitIndicator};
use crate::money::Money;
use serde::{Deserialize, Serialize};

/// Of which balances the question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Measure {
    /// The balance at the end of one day.
    Closing,
    /// The balance at the end of every day with data in the window.
    EveryDay,
    /// The mean of the balances at the end of each day with data in the window.
    Average,
}

impl Measure {
    /// Every measure, in the order that help shows them.
    pub const ALL: [Self; 3] = [Self::Closing, Self::EveryDay, Self::Average];

    /// The word that the token, JSON and the command line use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closing => "closing",
            Self::EveryDay => "every-day",
            Self::Average => "average",
        }
    }
}

/// The answer to whether a balance was at least, or at most, an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThresholdFact {
    /// Which account.
    pub account: AccountLabel,
    /// At least or at most.
    pub operator: Operator,
    /// The amount that was compared with.
    pub amount: Money,
    /// Of which balances.
    pub measure: Measure,
    /// How many days the window has.
    pub window_days: u32,
    /// On how many of them the vault has data; the answer is about these alone.
    pub days_with_data: u32,
    /// The answer.
    pub result: bool,
    /// The window, and the rows from which the balances were computed.
    pub selection: Selection,
    /// How well founded it is.
    pub evidence: Evidence,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::disclosure) struct ThresholdWire {
    selection: Selection,
    evidence: Evidence,
    #[serde(rename = "Account")]
    account: AccountLabel,
    #[serde(rename = "Threshold")]
    threshold: ThresholdValueWire,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThresholdValueWire {
    op: Operator,
    #[serde(rename = "CreditDebitIndicator")]
    side: CreditDebitIndicator,
    #[serde(rename = "Amount")]
    amount: AmountWire,
    measure: Measure,
    window_days: u32,
    days_with_data: u32,
    result: bool,
}

impl From<&ThresholdFact> for ThresholdWire {
    fn from(fact: &ThresholdFact) -> Self {
        let (side, amount) = AmountWire::split(fact.amount);
        Self {
            selection: fact.selection.clone(),
            evidence: fact.evidence.clone(),
            account: fact.account.clone(),
            threshold: ThresholdValueWire {
                op: fact.operator,
                side,
                amount,
                measure: fact.measure,
                window_days: fact.window_days,
                days_with_data: fact.days_with_data,
                result: fact.result,
            },
        }
    }
}

impl TryFrom<ThresholdWire> for ThresholdFact {
    type Error = &'static str;

    fn try_from(wire: ThresholdWire) -> Result<Self, Self::Error> {
        let value = wire.threshold;
        let fact = Self {
            account: wire.account,
            operator: value.op,
            amount: value.amount.join(value.side)?,
            measure: value.measure,
            window_days: value.window_days,
            days_with_data: value.days_with_data,
            result: value.result,
            selection: wire.selection,
            evidence: wire.evidence,
        };
        fact.check()?;
        Ok(fact)
    }
}

impl ThresholdFact {
    fn check(&self) -> Result<(), &'static str> {
        if !matches!(self.operator, Operator::AtLeast | Operator::AtMost) {
            return Err("a threshold that is neither a lower nor an upper one");
        }
        let Some(window) = self.selection.window() else { return Err("a threshold without a window") };
        if i64::from(self.window_days) != window.days() {
            return Err("a window that has not as many days as stated");
        }
        if self.measure == Measure::Closing && self.window_days != 1 {
            return Err("the balance of one day over several");
        }
        if self.days_with_data == 0 || self.days_with_data > self.window_days {
            return Err("a threshold on no day, or on more days than there are");
        }
        let missing = self.selection.gap_days().unwrap_or(0);
        if self.selection.gaps.is_some()
            && i64::from(self.window_days) - i64::from(self.days_with_data) != missing
        {
            return Err("gaps that do not account for the days without data");
        }
        if self.selection.rounding.is_some() || self.selection.suppressed != 0 {
            return Err("a threshold that is rounded or holds rows back");
        }
        Ok(())
    }
}
