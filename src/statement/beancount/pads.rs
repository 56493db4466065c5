//! `pad`: fills an account up on a day so that the next `balance` holds. Carried out, since it moves balances.

use super::tokens::Line;
use crate::ledger::TransactionStatus;
use crate::money::Decimal;
use crate::statement::book::bad_field;
use crate::statement::book::double_entry::{Entry, Ledger, Moves, Posting, Value};
use crate::statement::{StatementError, StatementErrorKind, problem};
use jiff::civil::Date;
use std::collections::BTreeSet;

/// More than any book has; each costs a walk over all entries.
const MAX_PADS: usize = 1_000;

/// The pads of a file, and the balances that they are for.
#[derive(Debug, Default)]
pub(super) struct Pads {
    pads: Vec<Pad>,
    balances: Vec<Stated>,
}

#[derive(Debug)]
struct Pad {
    day: Date,
    line: u32,
    shown: String,
    account: usize,
    source: usize,
}

#[derive(Debug)]
struct Stated {
    day: Date,
    line: u32,
    account: usize,
    amount: Value,
}

impl Pads {
    pub fn pad(
        &mut self,
        day: Date,
        line: &Line<'_>,
        account: usize,
        source: usize,
    ) -> Result<(), StatementError> {
        if self.pads.len() >= MAX_PADS {
            let message = format!("the file has more than {MAX_PADS} pads");
            let remedy = "write the entries that they stand for";
            return Err(problem::on_line(
                StatementErrorKind::TooLarge,
                line.number,
                line.text,
                message,
                remedy,
            ));
        }
        self.pads.push(Pad { day, line: line.number, shown: line.text.to_owned(), account, source });
        Ok(())
    }

    pub fn balance(&mut self, day: Date, line: u32, account: usize, amount: Value) {
        self.balances.push(Stated { day, line, account, amount });
    }

    /// Adds the entries that the pads stand for to a book that is balanced.
    pub fn carry_out(mut self, ledger: &mut Ledger) -> Result<(), StatementError> {
        self.pads.sort_by_key(|pad| (pad.day, pad.line));
        self.balances.sort_by_key(|stated| (stated.day, stated.line));
        for (index, pad) in self.pads.iter().enumerate() {
            let later = self.pads.get(index + 1..).unwrap_or_default();
            let until =
                later.iter().find(|other| other.account == pad.account).map_or(Date::MAX, |other| other.day);
            let mut filled: BTreeSet<&str> = BTreeSet::new();
            for stated in &self.balances {
                let is_for = stated.account == pad.account && stated.day > pad.day && stated.day <= until;
                if is_for && filled.insert(&stated.amount.commodity) {
                    fill(ledger, pad, stated)?;
                }
            }
        }
        Ok(())
    }
}

fn fill(ledger: &mut Ledger, pad: &Pad, stated: &Stated) -> Result<(), StatementError> {
    let too_large =
        || bad_field(pad.line, &pad.shown, "the amounts are too large to be added up", "correct them");
    let name = ledger.accounts.get(pad.account).map(|account| account.name.clone()).unwrap_or_default();
    let below = format!("{name}:");
    let mut sum = Decimal::ZERO;
    for entry in ledger.entries.iter().filter(|entry| entry.posted < stated.day) {
        for posting in &entry.postings {
            let Moves::Amount { amount, .. } = &posting.moves else { continue };
            let is_within = posting.account == pad.account
                || ledger
                    .accounts
                    .get(posting.account)
                    .is_some_and(|account| account.name.starts_with(&below));
            if is_within && amount.commodity == stated.amount.commodity {
                sum = sum.checked_add(amount.number).ok_or_else(too_large)?;
            }
        }
    }
    let missing = stated.amount.number.checked_add(sum.negated()).ok_or_else(too_large)?;
    if missing.is_zero() {
        return Ok(());
    }
    let posting = |account: usize, number: Decimal| {
        let amount = Value { number, commodity: stated.amount.commodity.clone() };
        let moves = Moves::Amount { weight: amount.clone(), amount };
        Posting { line: pad.line, account, moves, memo: None, category: None }
    };
    ledger.entries.push(Entry {
        line: pad.line,
        shown: pad.shown.clone(),
        posted: pad.day,
        payee: "Padding".to_owned(),
        payee_raw: None,
        memo: None,
        reference: None,
        status: TransactionStatus::Posted,
        bank_id: None,
        tags: Vec::new(),
        opening: None,
        postings: vec![posting(pad.account, missing), posting(pad.source, missing.negated())],
    });
    Ok(())
}
