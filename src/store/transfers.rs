//! Linked transfers, pairs that the owner does not want proposed, and the rows among which transfers are looked for.

use super::movements::LINKED;
use super::values::{currency, day};
use super::{Store, StoreError};
use crate::ledger::transfer::{Side, Transfer};
use crate::ledger::{AccountId, TransactionId};
use crate::money::{Currency, Money};
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{OptionalExtension, Row, params};
use std::collections::HashSet;

/// What left and arrived in one currency, transfers apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowSums {
    /// The currency.
    pub currency: Currency,
    /// What came in, in minor units.
    pub income_minor: i128,
    /// What went out, in minor units; zero or below.
    pub spending_minor: i128,
    /// What linked transfers brought in, in minor units.
    pub transferred_in_minor: i128,
    /// What linked transfers took out, in minor units; zero or below.
    pub transferred_out_minor: i128,
}

const SIDE: &str = "m.id, m.account, m.posted, m.amount_minor, a.currency, a.digits, \
                    m.payee || ' ' || coalesce(m.payee_raw, '') || ' ' || coalesce(m.memo, '') || ' ' || coalesce(m.reference, '')";

impl Store {
    /// Booked rows of some days that are no side of a linked transfer, in order of day and number.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn unlinked_sides(&self, from: Option<Date>, to: Option<Date>) -> Result<Vec<Side>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {SIDE} FROM movement m JOIN account a ON a.id = m.account
             WHERE m.posted BETWEEN ?1 AND ?2 AND m.status <> 'pending' AND m.amount_minor <> 0 AND m.id NOT IN ({LINKED})
             ORDER BY m.posted, m.id"
        ))?;
        let days = params![super::balances::first_day(from), super::balances::last_day(to)];
        let mut rows = statement.query(days)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read_side(row, 0)?);
        }
        Ok(found)
    }

    /// Links two rows.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_transfer(
        &self,
        from: TransactionId,
        to: TransactionId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("DELETE FROM transfer_rejected WHERE from_movement = ?1 AND to_movement = ?2")?
            .execute([from.0, to.0])?;
        self.conn
            .prepare_cached(
                "INSERT INTO transfer (from_movement, to_movement, linked_at) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![from.0, to.0, now.to_string()])?;
        Ok(())
    }

    /// Takes a link back.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn remove_transfer(&self, from: TransactionId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM transfer WHERE from_movement = ?1")?.execute([from.0])?;
        Ok(())
    }

    /// The transfer that a row is a side of.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn transfer_of(
        &self,
        id: TransactionId,
    ) -> Result<Option<(TransactionId, TransactionId)>, StoreError> {
        let found: Option<(i64, i64)> = self
            .conn
            .prepare_cached(
                "SELECT from_movement, to_movement FROM transfer WHERE from_movement = ?1
                 UNION ALL SELECT from_movement, to_movement FROM transfer WHERE to_movement = ?1",
            )?
            .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(found.map(|(from, to)| (TransactionId(from), TransactionId(to))))
    }

    /// Every linked transfer, by day of the side that left.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn transfers(&self) -> Result<Vec<Transfer>, StoreError> {
        let other = SIDE.replace("m.", "n.").replace("a.", "b.");
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {SIDE}, {other} FROM transfer t
             JOIN movement m ON m.id = t.from_movement JOIN account a ON a.id = m.account
             JOIN movement n ON n.id = t.to_movement JOIN account b ON b.id = n.account
             ORDER BY m.posted, m.id"
        ))?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(Transfer { from: read_side(row, 0)?, to: read_side(row, 7)? });
        }
        Ok(found)
    }

    /// Keeps a pair from being proposed again.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn reject_transfer(&self, from: TransactionId, to: TransactionId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT OR IGNORE INTO transfer_rejected (from_movement, to_movement) VALUES (?1, ?2)",
            )?
            .execute([from.0, to.0])?;
        Ok(())
    }

    /// The pairs that are not to be proposed.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn rejected_transfers(&self) -> Result<HashSet<(TransactionId, TransactionId)>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT from_movement, to_movement FROM transfer_rejected")?;
        let pairs =
            statement.query_map([], |row| Ok((TransactionId(row.get(0)?), TransactionId(row.get(1)?))))?;
        Ok(pairs.collect::<Result<_, _>>()?)
    }

    /// What came in and went out over some days, by currency; linked transfers are counted apart.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn flow_sums(
        &self,
        account: Option<AccountId>,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Vec<FlowSums>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT a.currency, a.digits, m.amount_minor < 0, m.id IN ({LINKED}),
                    sum(m.amount_minor >> 32), sum(m.amount_minor & 0xffffffff)
             FROM movement m JOIN account a ON a.id = m.account
             WHERE (?1 IS NULL OR m.account = ?1) AND m.posted BETWEEN ?2 AND ?3 AND m.status <> 'pending'
             GROUP BY 1, 2, 3, 4 ORDER BY 1"
        ))?;
        let account = account.map(|account| account.0);
        let mut rows = statement.query(params![
            account,
            super::balances::first_day(from),
            super::balances::last_day(to)
        ])?;
        let mut found: Vec<FlowSums> = Vec::new();
        while let Some(row) = rows.next()? {
            let currency = currency(&row.get::<_, String>(0)?, row.get(1)?)?;
            let sum = (i128::from(row.get::<_, i64>(4)?) << 32) + i128::from(row.get::<_, i64>(5)?);
            if found.last().is_none_or(|last| last.currency != currency) {
                found.push(FlowSums {
                    currency,
                    income_minor: 0,
                    spending_minor: 0,
                    transferred_in_minor: 0,
                    transferred_out_minor: 0,
                });
            }
            let Some(sums) = found.last_mut() else { continue };
            match (row.get(2)?, row.get(3)?) {
                (false, false) => sums.income_minor = sum,
                (true, false) => sums.spending_minor = sum,
                (false, true) => sums.transferred_in_minor = sum,
                (true, true) => sums.transferred_out_minor = sum,
            }
        }
        Ok(found)
    }
}

fn read_side(row: &Row<'_>, at: usize) -> Result<Side, StoreError> {
    Ok(Side {
        id: TransactionId(row.get(at)?),
        account: AccountId(row.get(at + 1)?),
        posted: day(&row.get::<_, String>(at + 2)?, "movement.posted")?,
        amount: Money::new(row.get(at + 3)?, currency(&row.get::<_, String>(at + 4)?, row.get(at + 5)?)?),
        text: row.get(at + 6)?,
    })
}
