//! Rows of data while the file is read, before their currency and account are put to use: packed, since there may be
//! a million of them.

use super::super::StatementError;
use super::super::packed::{PackedRows, RowHead, RowTexts};
use super::super::wording::clean;
use super::reader::Draft;
use crate::ledger::TransactionStatus;
use crate::money::{Currency, Decimal};
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};

/// What a row says of the account it is of and the currency its amount is in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub account: Option<String>,
    pub currency: Option<Currency>,
}

/// Rows of data, in file order.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    /// Everything but the amounts, which are not known in minor units yet.
    rows: PackedRows,
    amounts: Decimals,
    fees: Decimals,
    balances: Decimals,
    hints: Vec<Hint>,
    places: Vec<u32>,
    numbers: HashMap<Place, u32>,
    /// The places that rows name, in the order in which they come first, with that row.
    met: Vec<(Place, usize)>,
}

/// Which way the words of a row point, where they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hint {
    /// Whether the type column says that money came in.
    pub direction: Option<bool>,
    /// Whether the row says that it is a purchase, or a payment towards a card.
    pub purchase: Option<bool>,
}

impl Drafts {
    /// Adds a row.
    ///
    /// # Errors
    /// More text than a file that is read can hold.
    pub fn push(&mut self, draft: Draft) -> Result<(), StatementError> {
        let index = self.rows.len();
        let head = RowHead { line: draft.line, posted: draft.date, amount_minor: 0, status: draft.status };
        let payee = clean(&draft.payee);
        let texts = RowTexts {
            payee: &payee,
            payee_raw: &draft.payee,
            memo: draft.memo.as_deref(),
            reference: draft.reference.as_deref(),
            category: draft.category.as_deref(),
            bank_id: draft.bank_id.as_deref(),
        };
        self.rows.push_unsettled(head, &texts)?;
        self.amounts.put(index, Some(draft.amount));
        self.fees.put(index, draft.fee);
        self.balances.put(index, draft.balance);
        self.hints.push(Hint { direction: draft.direction, purchase: draft.purchase });
        self.put_place(index, Place { account: draft.account, currency: draft.currency });
        Ok(())
    }

    fn put_place(&mut self, index: usize, place: Place) {
        let same = self
            .places
            .last()
            .filter(|last| self.met.get(**last as usize).is_some_and(|(known, _)| *known == place));
        let number = same.or_else(|| self.numbers.get(&place)).copied().unwrap_or_else(|| {
            let number = u32::try_from(self.met.len()).unwrap_or(u32::MAX);
            self.met.push((place.clone(), index));
            self.numbers.insert(place, number);
            number
        });
        self.places.push(number);
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The line a row begins on.
    pub fn line(&self, index: usize) -> u32 {
        self.rows.head(index).map_or(0, |head| head.line)
    }

    /// The days of the rows.
    pub fn days(&self) -> impl DoubleEndedIterator<Item = Date> + Clone + '_ {
        self.rows.heads().map(|head| head.posted)
    }

    /// How settled the rows are.
    pub fn standings(&self) -> impl Iterator<Item = TransactionStatus> + Clone + '_ {
        self.rows.heads().map(|head| head.status)
    }

    /// The amounts as they were written, with what the words beside them hint at.
    pub fn amounts(&self) -> impl Iterator<Item = (Decimal, Hint)> + '_ {
        let amounts = (0..self.len()).map(|index| self.amount(index));
        amounts.zip(self.hints.iter().copied())
    }

    pub fn amount(&self, index: usize) -> Decimal {
        self.amounts.get(index).unwrap_or(Decimal::ZERO)
    }

    pub fn fee(&self, index: usize) -> Option<Decimal> {
        self.fees.get(index)
    }

    /// The running balance in minor units. One that the currency cannot hold is no witness.
    pub fn balance_minor(&self, index: usize, currency: Currency) -> Option<i64> {
        self.balances.get(index)?.to_minor(currency).ok()
    }

    /// The accounts and currencies that rows name, in the order in which they come first, with that row.
    pub fn met(&self) -> &[(Place, usize)] {
        &self.met
    }

    /// The rows that `wanted` keeps, by the number of their place and their own.
    ///
    /// # Errors
    /// As [`Drafts::push`].
    pub fn only(&self, mut wanted: impl FnMut(usize, usize) -> bool) -> Result<Self, StatementError> {
        let mut kept = Self::default();
        for (index, place) in self.places.iter().enumerate() {
            if !wanted(*place as usize, index) {
                continue;
            }
            let at = kept.len();
            kept.rows.copy_unsettled(&self.rows, index)?;
            kept.amounts.put(at, self.amounts.get(index));
            kept.fees.put(at, self.fees.get(index));
            kept.balances.put(at, self.balances.get(index));
            kept.hints.extend(self.hints.get(index));
            let place = self.met.get(*place as usize).map(|(place, _)| place.clone());
            kept.put_place(at, place.unwrap_or_default());
        }
        Ok(kept)
    }

    /// The rows with these amounts, in minor units.
    pub fn settled(self, currency: Currency, amounts: impl FnMut(usize) -> i64) -> PackedRows {
        let mut rows = self.rows;
        rows.settle(currency, amounts);
        rows
    }
}

/// Numbers that rows may have: nine bytes each where they fit, and nothing where no row has any.
#[derive(Debug, Default)]
struct Decimals {
    units: Vec<i64>,
    scales: Vec<u8>,
    wide: BTreeMap<usize, Decimal>,
}

/// Stands in the place of a scale where there is no number, or a wide one.
const NOT_HERE: u8 = u8::MAX;

impl Decimals {
    fn put(&mut self, index: usize, number: Option<Decimal>) {
        let Some(number) = number else { return };
        self.units.resize(index, 0);
        self.scales.resize(index, NOT_HERE);
        let scale = number.scale();
        match i64::try_from(number.units()) {
            Ok(units) if scale != NOT_HERE => {
                self.units.push(units);
                self.scales.push(scale);
            }
            _ => {
                self.wide.insert(index, number);
            }
        }
    }

    fn get(&self, index: usize) -> Option<Decimal> {
        match (self.units.get(index), self.scales.get(index)) {
            (Some(units), Some(scale)) if *scale != NOT_HERE => Some(Decimal::new(*units, *scale)),
            _ => self.wide.get(&index).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::DecimalMark;

    #[test]
    fn numbers_come_back_as_they_were_put_however_wide() {
        let texts = [
            "1.50",
            "",
            "-9223372036854775808",
            "9223372036854775808.00",
            "",
            "0.000000000000000000001",
            "7",
        ];
        let numbers: Vec<Option<Decimal>> =
            texts.iter().map(|text| Decimal::parse(text, DecimalMark::Point).ok()).collect();
        let mut kept = Decimals::default();
        for (index, number) in numbers.iter().enumerate() {
            kept.put(index, *number);
        }
        for (index, number) in numbers.iter().enumerate() {
            assert_eq!(kept.get(index), *number, "{index}");
        }
        assert_eq!(kept.wide.len(), 1);
        assert_eq!(kept.get(99), None);
    }
}
