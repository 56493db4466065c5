//! What an index still says of transactions whose own pages are gone: account, day and amount.
//!
//! The index over account and day holds all three beside the transaction's number, on pages of its own. It is read from both ends,
//! since a scan stops at its first bad page.

use super::salvage::LostRange;
use super::values::{currency, day};
use super::{Store, StoreError};
use crate::money::Money;
use jiff::civil::Date;
use rusqlite::params;
use std::collections::{BTreeMap, HashMap};

/// A transaction that cannot be read, as far as an index still tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostTransaction {
    /// Its number.
    pub number: i64,
    /// The number of its account.
    pub account: i64,
    /// That account's name; none where it cannot be read either.
    pub account_name: Option<String>,
    /// The day it was booked.
    pub date: Date,
    /// The amount; none where the account, which says of what, cannot be read.
    pub amount: Option<Money>,
}

impl std::fmt::Display for LostTransaction {
    /// For example `transaction 57 of Everyday on 2026-02-01, -5.00 EUR`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { number, account, account_name, date, amount } = self;
        match account_name {
            Some(name) => write!(f, "transaction {number} of {name} on {date}")?,
            None => write!(f, "transaction {number} of account number {account} on {date}")?,
        }
        amount.map_or(Ok(()), |amount| write!(f, ", {amount}"))
    }
}

/// What the index has of one transaction.
struct Indexed {
    account: i64,
    posted: String,
    amount_minor: i64,
}

impl Store {
    /// The transactions in a gap that the index still knows, in order of their numbers. Damage to the index, or to the accounts,
    /// makes it fewer or tells less of them; it is no error.
    pub fn lost_transactions(&self, gap: LostRange) -> Vec<LostTransaction> {
        let mut found = BTreeMap::new();
        // A scan that was stopped has given what came before.
        if self.scan_index(gap, "ASC", &mut found).is_err() {
            let _ = self.scan_index(gap, "DESC", &mut found);
        }
        let mut accounts: HashMap<i64, Option<(String, String, i64)>> = HashMap::new();
        let known = found.into_iter().filter_map(|(number, row)| {
            let account =
                accounts.entry(row.account).or_insert_with(|| self.account_words(row.account).ok()).as_ref();
            let of = account.and_then(|(_, code, digits)| currency(code, *digits).ok());
            Some(LostTransaction {
                number,
                account: row.account,
                account_name: account.map(|(name, ..)| name.clone()),
                date: day(&row.posted, "posted").ok()?,
                amount: of.map(|currency| Money::new(row.amount_minor, currency)),
            })
        });
        known.collect()
    }

    fn scan_index(
        &self,
        gap: LostRange,
        order: &str,
        found: &mut BTreeMap<i64, Indexed>,
    ) -> Result<(), StoreError> {
        // The plus keeps SQLite from looking the numbers up in the table, whose pages are gone.
        let mut statement = self.connection().prepare(&format!(
            "SELECT id, account, posted, amount_minor FROM movement INDEXED BY movement_by_account_day
                 WHERE +id >= ?1 AND +id <= ?2 ORDER BY account {order}, posted {order}"
        ))?;
        let mut rows = statement.query(params![gap.from, gap.to.unwrap_or(i64::MAX)])?;
        while let Some(row) = rows.next()? {
            let (account, posted, amount_minor) = (row.get(1)?, row.get(2)?, row.get(3)?);
            found.insert(row.get(0)?, Indexed { account, posted, amount_minor });
        }
        Ok(())
    }

    /// An account's name, currency and decimal digits.
    fn account_words(&self, account: i64) -> Result<(String, String, i64), StoreError> {
        let mut statement =
            self.connection().prepare_cached("SELECT name, currency, digits FROM account WHERE id = ?1")?;
        Ok(statement.query_row([account], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
    }
}
