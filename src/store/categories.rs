//! The categories there are, their way through the rows that name them, and sums by category.

use super::balances::{first_day, last_day};
use super::values::{count, unreadable};
use super::{Store, StoreError};
use crate::ledger::{AccountId, CategoryPath, CategoryTotal, CategoryTree};
use crate::money::Currency;
use jiff::civil::Date;
use rusqlite::{Row, params};
use std::collections::{BTreeMap, HashMap};

impl Store {
    /// Every category.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn category_tree(&self) -> Result<CategoryTree, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT name FROM category")?;
        let mut rows = statement.query([])?;
        let mut paths = Vec::new();
        while let Some(row) = rows.next()? {
            paths.push(CategoryPath::stored(row.get(0)?));
        }
        Ok(CategoryTree::new(paths))
    }

    /// Adds a category to those there are. That its parents are there is the caller's care.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where it is there already.
    pub fn add_category(&self, path: &CategoryPath) -> Result<(), StoreError> {
        if self.category_tree()?.paths().iter().any(|known| known.is(path)) {
            return Err(StoreError::Taken { what: format!("a category named \"{path}\"") });
        }
        self.conn.prepare_cached("INSERT INTO category (name) VALUES (?1)")?.execute([path.as_str()])?;
        Ok(())
    }

    /// Writes `to` wherever `from` is written, `to` becoming a category if it is none; gives how many
    /// transactions changed.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn replace_category(&self, from: &CategoryPath, to: &CategoryPath) -> Result<u64, StoreError> {
        let names = params![from.as_str(), to.as_str()];
        let split: i64 = self
            .conn
            .prepare_cached("SELECT count(DISTINCT movement) FROM split WHERE category = ?1")?
            .query_row([from.as_str()], |row| row.get(0))?;
        let whole = self
            .conn
            .prepare_cached("UPDATE movement SET category = ?2 WHERE category = ?1")?
            .execute(names)?;
        self.conn.prepare_cached("UPDATE split SET category = ?2 WHERE category = ?1")?.execute(names)?;
        self.replace_category_in_rules(from, to)?;
        self.remove_category(from)?;
        self.conn
            .prepare_cached("INSERT OR IGNORE INTO category (name) VALUES (?1)")?
            .execute([to.as_str()])?;
        Ok(count(split, "count")?.saturating_add(whole as u64))
    }

    /// Takes a category from those there are. That nothing is in it is the caller's care.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn remove_category(&self, path: &CategoryPath) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM category WHERE name = ?1")?.execute([path.as_str()])?;
        Ok(())
    }

    /// How many transactions are in each category, wholly or with a part; those in categories below it do
    /// not count. Categories that nothing is in are left out.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn category_uses(&self) -> Result<HashMap<String, u64>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT category, sum(uses) FROM (
                 SELECT category, count(*) AS uses FROM movement WHERE category IS NOT NULL GROUP BY category
                 UNION ALL SELECT category, count(DISTINCT movement) FROM split GROUP BY category)
             GROUP BY category",
        )?;
        let mut rows = statement.query([])?;
        let mut uses = HashMap::new();
        while let Some(row) = rows.next()? {
            uses.insert(row.get(0)?, count(row.get(1)?, "count")?);
        }
        Ok(uses)
    }

    /// What each category comes to from `from` to `to` (both included; open where `None`), in each currency,
    /// of one account or of all. A split transaction counts with its parts, where they belong; pending
    /// transactions do not count. What has no category comes first; the others are in order of name.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn category_totals(
        &self,
        from: Option<Date>,
        to: Option<Date>,
        account: Option<AccountId>,
    ) -> Result<Vec<CategoryTotal>, StoreError> {
        let window = params![first_day(from), last_day(to), account.map(|account| account.0)];
        let mut totals = Totals::default();
        let currencies: HashMap<AccountId, Currency> =
            self.accounts()?.into_iter().map(|account| (account.id, account.currency)).collect();
        let read = |sql: &str, add: &mut dyn FnMut(Group)| {
            let mut statement = self.conn.prepare_cached(sql)?;
            let mut rows = statement.query(window)?;
            while let Some(row) = rows.next()? {
                add(read_group(row, &currencies)?);
            }
            Ok::<(), StoreError>(())
        };
        // SQLite adds in 64 bits; the two halves of each amount are added apart and joined in 128.
        read(
            "SELECT category, account, sum(amount_minor >> 32), sum(amount_minor & 0xffffffff), count(*), count(*)
             FROM movement WHERE category IS NOT NULL AND posted BETWEEN ?1 AND ?2
                 AND (?3 IS NULL OR account = ?3) AND status <> 'pending' GROUP BY category, account",
            &mut |group| totals.count(group),
        )?;
        read(
            "SELECT s.category, m.account, sum(s.amount_minor >> 32), sum(s.amount_minor & 0xffffffff), count(*),
                    sum(s.seq = 0)
             FROM split s JOIN movement m ON m.id = s.movement WHERE m.posted BETWEEN ?1 AND ?2
                 AND (?3 IS NULL OR m.account = ?3) AND m.status <> 'pending' GROUP BY s.category, m.account",
            &mut |group| totals.count(group),
        )?;
        // What has no category is what is left of each account, which an index gives without its rows.
        read(
            "SELECT NULL, account, sum(amount_minor >> 32), sum(amount_minor & 0xffffffff), count(*), count(*)
             FROM movement WHERE posted BETWEEN ?1 AND ?2 AND (?3 IS NULL OR account = ?3) AND status <> 'pending'
             GROUP BY account",
            &mut |all| totals.count_rest(all),
        )?;
        Ok(totals.into_list())
    }
}

/// What one category comes to on one account.
struct Group {
    category: Option<String>,
    account: i64,
    currency: Currency,
    sum_minor: i128,
    rows: u64,
    /// How many transactions are counted with it; each split one with one of its parts alone.
    transactions: u64,
}

fn read_group(row: &Row<'_>, currencies: &HashMap<AccountId, Currency>) -> Result<Group, StoreError> {
    let account: i64 = row.get(1)?;
    let currency = currencies.get(&AccountId(account)).copied();
    let (high, low): (i64, i64) = (row.get(2)?, row.get(3)?);
    Ok(Group {
        category: row.get(0)?,
        account,
        currency: currency.ok_or_else(|| unreadable("movement.account", &account.to_string()))?,
        sum_minor: (i128::from(high) << 32) + i128::from(low),
        rows: count(row.get(4)?, "count")?,
        transactions: count(row.get(5)?, "count")?,
    })
}

/// Totals in the making.
#[derive(Default)]
struct Totals {
    /// By category, then currency.
    totals: BTreeMap<(Option<String>, Currency), CategoryTotal>,
    /// Sum and transactions that are in some category, by account.
    categorised: HashMap<i64, (i128, u64)>,
}

impl Totals {
    fn count(&mut self, group: Group) {
        let known = self.categorised.entry(group.account).or_default();
        known.0 += group.sum_minor;
        known.1 += group.transactions;
        self.add(group);
    }

    /// Of all that is on an account, counts what is in no category.
    fn count_rest(&mut self, all: Group) {
        let (sum_minor, transactions) = self.categorised.get(&all.account).copied().unwrap_or_default();
        let rows = all.rows.saturating_sub(transactions);
        if rows > 0 {
            self.add(Group { sum_minor: all.sum_minor - sum_minor, rows, ..all });
        }
    }

    fn add(&mut self, group: Group) {
        let Group { category, currency, sum_minor, rows, .. } = group;
        let total = self.totals.entry((category.clone(), currency)).or_insert_with(|| CategoryTotal {
            category: category.map(CategoryPath::stored),
            currency,
            sum_minor: 0,
            rows: 0,
        });
        total.sum_minor += sum_minor;
        total.rows += rows;
    }

    fn into_list(self) -> Vec<CategoryTotal> {
        self.totals.into_values().collect()
    }
}
