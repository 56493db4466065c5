//! Rows of a statement, packed: a file may have a million of them.
//!
//! A row takes 40 bytes and what its texts need. A text that came before not long ago (the names of shops, the words
//! around them) is kept once; which texts those are is remembered in a table of bounded size, so that texts that never
//! repeat cost their own length and nothing more.

mod texts;

use super::{Reading, Statement, StatementError, StatementRow};
use crate::ledger::matching::IncomingRows;
use crate::ledger::{Fingerprint, NewTransaction, SplitPart, TransactionStatus};
use crate::money::{Currency, Money};
use jiff::civil::Date;
use std::collections::BTreeMap;
use texts::{NONE, Texts};

/// A statement whose rows are packed.
pub type PackedStatement = Statement<PackedRows>;

/// Rows of one statement, in file order.
#[derive(Debug, Clone, Default)]
pub struct PackedRows {
    currency: Option<Currency>,
    rows: Vec<Packed>,
    texts: Texts,
    rare: Vec<Rare>,
    parts: BTreeMap<usize, Vec<SplitPart>>,
}

#[derive(Debug, Clone, Copy)]
struct Packed {
    amount_minor: i64,
    line: u32,
    posted: Date,
    payee: u32,
    payee_raw: u32,
    memo: u32,
    bank_id: u32,
    /// A place in the list of what few rows have.
    rare: u32,
    status: TransactionStatus,
}

impl Packed {
    fn head(&self) -> RowHead {
        RowHead { line: self.line, posted: self.posted, amount_minor: self.amount_minor, status: self.status }
    }
}

/// What few rows have.
#[derive(Debug, Clone, Copy)]
struct Rare {
    reference: u32,
    category: u32,
    /// Where it is not that of the other rows.
    currency: Option<Currency>,
}

/// What a row says without its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowHead {
    /// Line in the file, from 1.
    pub line: u32,
    /// The day.
    pub posted: Date,
    /// The amount, in minor units.
    pub amount_minor: i64,
    /// How settled it is.
    pub status: TransactionStatus,
}

/// The texts of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowTexts<'a> {
    pub payee: &'a str,
    pub payee_raw: &'a str,
    pub memo: Option<&'a str>,
    pub reference: Option<&'a str>,
    pub category: Option<&'a str>,
    pub bank_id: Option<&'a str>,
}

impl PackedRows {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What the amounts are in; none where there are no rows.
    pub fn currency(&self) -> Option<Currency> {
        self.currency
    }

    /// Adds a row.
    ///
    /// # Errors
    /// More text than a file that is read can hold.
    pub fn push(&mut self, row: &StatementRow) -> Result<(), StatementError> {
        let StatementRow { line, transaction: detail, parts } = row;
        let currency = *self.currency.get_or_insert(detail.amount.currency());
        let head = RowHead {
            line: *line,
            posted: detail.posted,
            amount_minor: detail.amount.minor(),
            status: detail.status,
        };
        let texts = RowTexts {
            payee: &detail.payee,
            payee_raw: &detail.payee_raw,
            memo: detail.memo.as_deref(),
            reference: detail.reference.as_deref(),
            category: detail.category.as_deref(),
            bank_id: detail.bank_id.as_deref(),
        };
        let other = Some(detail.amount.currency()).filter(|other| *other != currency);
        if !parts.is_empty() {
            self.parts.insert(self.rows.len(), parts.clone());
        }
        self.add(head, &texts, other)
    }

    /// Adds a row whose currency, and with it the amount in minor units, is told later by [`PackedRows::settle`].
    ///
    /// # Errors
    /// As [`PackedRows::push`].
    pub(super) fn push_unsettled(
        &mut self,
        head: RowHead,
        texts: &RowTexts<'_>,
    ) -> Result<(), StatementError> {
        self.add(head, texts, None)
    }

    /// Adds a row of others that are not settled.
    ///
    /// # Errors
    /// As [`PackedRows::push`].
    pub(super) fn copy_unsettled(&mut self, other: &Self, index: usize) -> Result<(), StatementError> {
        let (Some(row), Some(head)) = (other.rows.get(index), other.head(index)) else { return Ok(()) };
        let text = |number| other.texts.get(number);
        let rare = other.rare_of(row);
        let texts = RowTexts {
            payee: text(row.payee).unwrap_or_default(),
            payee_raw: text(row.payee_raw).unwrap_or_default(),
            memo: text(row.memo),
            reference: rare.and_then(|rare| text(rare.reference)),
            category: rare.and_then(|rare| text(rare.category)),
            bank_id: text(row.bank_id),
        };
        self.add(head, &texts, None)
    }

    fn add(
        &mut self,
        head: RowHead,
        texts: &RowTexts<'_>,
        currency: Option<Currency>,
    ) -> Result<(), StatementError> {
        let payee_raw = self.texts.add(texts.payee_raw)?;
        let payee = if texts.payee == texts.payee_raw { payee_raw } else { self.texts.add(texts.payee)? };
        let rare = if texts.reference.is_some() || texts.category.is_some() || currency.is_some() {
            let reference = self.texts.add_any(texts.reference)?;
            let category = self.texts.add_any(texts.category)?;
            self.rare.push(Rare { reference, category, currency });
            u32::try_from(self.rare.len() - 1).unwrap_or(NONE)
        } else {
            NONE
        };
        let packed = Packed {
            amount_minor: head.amount_minor,
            line: head.line,
            posted: head.posted,
            payee,
            payee_raw,
            memo: self.texts.add_any(texts.memo)?,
            bank_id: self.texts.add_any(texts.bank_id)?,
            rare,
            status: head.status,
        };
        self.rows.push(packed);
        Ok(())
    }

    /// What a row says without its texts.
    pub fn head(&self, index: usize) -> Option<RowHead> {
        self.rows.get(index).map(Packed::head)
    }

    /// A row as it was added.
    pub fn get(&self, index: usize) -> Option<StatementRow> {
        let row = self.rows.get(index)?;
        let rare = self.rare_of(row);
        let currency = rare.and_then(|rare| rare.currency).or(self.currency)?;
        let owned = |number| self.texts.get(number).map(str::to_owned);
        let transaction = NewTransaction {
            posted: row.posted,
            amount: Money::new(row.amount_minor, currency),
            payee: owned(row.payee).unwrap_or_default(),
            payee_raw: owned(row.payee_raw).unwrap_or_default(),
            memo: owned(row.memo),
            reference: rare.and_then(|rare| owned(rare.reference)),
            category: rare.and_then(|rare| owned(rare.category)),
            status: row.status,
            bank_id: owned(row.bank_id),
        };
        let parts = self.parts.get(&index).cloned().unwrap_or_default();
        Some(StatementRow { line: row.line, transaction, parts })
    }

    /// The rows, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = StatementRow> + '_ {
        (0..self.rows.len()).filter_map(|index| self.get(index))
    }

    /// What the rows say without their texts.
    pub fn heads(&self) -> impl DoubleEndedIterator<Item = RowHead> + Clone + '_ {
        self.rows.iter().map(Packed::head)
    }

    /// The rows that have a category or parts, by their places.
    pub fn categorised(&self) -> Vec<usize> {
        let rows = self.rows.iter().enumerate();
        let has_category = |row: &Packed| self.rare_of(row).is_some_and(|rare| rare.category != NONE);
        rows.filter(|(index, row)| has_category(row) || self.parts.contains_key(index))
            .map(|(index, _)| index)
            .collect()
    }

    /// The category of a row.
    pub fn category(&self, index: usize) -> Option<&str> {
        self.texts.get(self.rare_of(self.rows.get(index)?)?.category)
    }

    /// Writes another category beside a row that has one.
    ///
    /// # Errors
    /// As [`PackedRows::push`].
    pub fn set_category(&mut self, index: usize, category: &str) -> Result<(), StatementError> {
        let number = self.texts.add(category)?;
        let rare = self.rows.get(index).and_then(|row| self.rare.get_mut(row.rare as usize));
        if let Some(rare) = rare {
            rare.category = number;
        }
        Ok(())
    }

    /// The parts of a row; none where it is not split.
    pub fn parts_mut(&mut self, index: usize) -> Option<&mut Vec<SplitPart>> {
        self.parts.get_mut(&index)
    }

    /// Puts an amount in the place of a row's own, and the currency in that of all rows.
    pub(super) fn settle(&mut self, currency: Currency, mut amounts: impl FnMut(usize) -> i64) {
        self.currency = Some(currency);
        for (index, row) in self.rows.iter_mut().enumerate() {
            row.amount_minor = amounts(index);
        }
    }

    fn rare_of(&self, row: &Packed) -> Option<&Rare> {
        self.rare.get(row.rare as usize)
    }

    fn text_of(&self, index: usize, which: impl Fn(&Packed) -> u32) -> Option<&str> {
        self.texts.get(which(self.rows.get(index)?))
    }
}

impl IncomingRows for PackedRows {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn posted(&self, index: usize) -> Option<Date> {
        self.rows.get(index).map(|row| row.posted)
    }

    fn amount_minor(&self, index: usize) -> Option<i64> {
        self.rows.get(index).map(|row| row.amount_minor)
    }

    fn status(&self, index: usize) -> Option<TransactionStatus> {
        self.rows.get(index).map(|row| row.status)
    }

    fn bank_id(&self, index: usize) -> Option<&str> {
        self.text_of(index, |row| row.bank_id)
    }

    fn text(&self, index: usize) -> String {
        let payee = self.text_of(index, |row| row.payee).unwrap_or_default();
        format!("{payee} {}", self.text_of(index, |row| row.memo).unwrap_or_default())
    }

    fn fingerprint(&self, index: usize) -> Option<Fingerprint> {
        let row = self.rows.get(index)?;
        let rare = self.rare_of(row);
        let currency = rare.and_then(|rare| rare.currency).or(self.currency)?;
        let texts = [
            self.texts.get(row.payee_raw),
            self.texts.get(row.memo),
            rare.and_then(|rare| self.texts.get(rare.reference)),
        ];
        Some(Fingerprint::of_parts(row.posted, Money::new(row.amount_minor, currency), texts))
    }
}

impl Reading {
    /// The same with its rows packed.
    ///
    /// # Errors
    /// As [`PackedRows::push`].
    pub fn packed(self) -> Result<Reading<PackedRows>, StatementError> {
        self.with_rows(|rows: Vec<StatementRow>| {
            let mut packed = PackedRows::default();
            rows.iter().try_for_each(|row| packed.push(row))?;
            Ok(packed)
        })
    }
}

impl Reading<PackedRows> {
    /// The same with its rows one by one.
    pub fn unpacked(self) -> Reading {
        let unpack = |rows: PackedRows| Ok::<_, std::convert::Infallible>(rows.iter().collect());
        match self.with_rows(unpack) {
            Ok(reading) => reading,
            Err(never) => match never {},
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(line: u32, payee: &str, memo: Option<String>, code: &str) -> StatementRow {
        StatementRow {
            line,
            transaction: NewTransaction {
                posted: jiff::civil::date(2026, 3, 1),
                amount: Money::new(i64::from(line) - 5, Currency::iso(code).unwrap()),
                payee: payee.trim().to_owned(),
                payee_raw: payee.to_owned(),
                memo,
                reference: line.is_multiple_of(3).then(|| format!("ref {line}")),
                category: line.is_multiple_of(5).then(|| "Food".to_owned()),
                status: TransactionStatus::Pending,
                bank_id: line.is_multiple_of(2).then(|| line.to_string()),
            },
            parts: Vec::new(),
        }
    }

    proptest! {
        #[test]
        fn rows_come_out_as_they_went_in(
            texts in prop::collection::vec((".{0,40}", prop::option::of(".{0,300}"), any::<bool>()), 0..80),
        ) {
            let rows: Vec<_> = texts
                .iter()
                .zip(1..)
                .map(|((payee, memo, euro), line)| row(line, payee, memo.clone(), if *euro { "EUR" } else { "USD" }))
                .collect();
            let mut packed = PackedRows::default();
            for row in &rows {
                packed.push(row).unwrap();
            }
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), rows.clone());
            for (index, row) in rows.iter().enumerate() {
                let detail = &row.transaction;
                prop_assert_eq!(packed.fingerprint(index), Some(Fingerprint::of(detail)));
                prop_assert_eq!(packed.bank_id(index), detail.bank_id.as_deref());
                prop_assert_eq!(packed.category(index), detail.category.as_deref());
            }
        }
    }

    #[test]
    fn a_text_that_repeats_is_kept_once() {
        let mut packed = PackedRows::default();
        for line in 1..=10_000 {
            packed
                .push(&row(
                    line * 30 + 1,
                    &format!("Shop {}", line % 50),
                    Some("paid by card".to_owned()),
                    "EUR",
                ))
                .unwrap();
        }
        let bytes: usize = packed.texts.bytes();
        assert!(bytes < 10_000 * 9, "{bytes} bytes: the ids alone should be written again and again");
        assert!(size_of::<Packed>() <= 40);
    }
}
