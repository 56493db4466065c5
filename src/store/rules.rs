//! The owner's rules, and what they did to transactions.

use super::movements::{COLUMNS, read_transaction};
use super::values::{count, currency, word};
use super::{Store, StoreError};
use crate::ledger::rule::{Conditions, Effects, Filed, SizeCondition, TextCondition};
use crate::ledger::{AccountId, CategoryPath, Rule, RuleId, Transaction, TransactionId};
use jiff::civil::Date;
use rusqlite::{Row, params};

/// Which transactions rules are applied to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuleScope {
    /// Of this account only.
    pub account: Option<AccountId>,
    /// Posted on or after this day.
    pub from: Option<Date>,
    /// Posted on or before this day.
    pub to: Option<Date>,
}

/// A transaction, and what rules last set on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuledTransaction {
    /// The transaction as it is.
    pub transaction: Transaction,
    /// The name that a rule gave.
    pub payee: Option<String>,
    /// The category that a rule gave; empty where the owner chose one since.
    pub category: Option<String>,
    /// Whether it is split over categories.
    pub is_split: bool,
}

impl Store {
    /// The rules in the owner's order.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn rules(&self) -> Result<Vec<Rule>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id, test, text, field, currency, digits, least_minor, most_minor, flow, account, set_payee,
                    set_category FROM rule ORDER BY position, id",
        )?;
        let mut rows = statement.query([])?;
        let mut rules = Vec::new();
        while let Some(row) = rows.next()? {
            rules.push(read_rule(row)?);
        }
        Ok(rules)
    }

    /// Adds a rule after all others and gives its number.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn add_rule(&self, when: &Conditions, then: &Effects) -> Result<RuleId, StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO rule (id, position, set_payee, set_category)
                 VALUES ((SELECT coalesce(max(id), 0) + 1 FROM rule), (SELECT coalesce(max(position), 0) + 1 FROM rule), ?1, ?2)",
            )?
            .execute(params![then.payee, then.category.as_ref().map(CategoryPath::as_str)])?;
        let id = RuleId(self.conn.last_insert_rowid());
        self.update_rule(&Rule { id, when: when.clone(), then: then.clone() })?;
        Ok(id)
    }

    /// Writes a rule in the place of the one with its number.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn update_rule(&self, rule: &Rule) -> Result<(), StoreError> {
        let Conditions { text, size, flow, account } = &rule.when;
        self.conn
            .prepare_cached(
                "UPDATE rule SET test = ?2, text = ?3, field = ?4, currency = ?5, digits = ?6, least_minor = ?7,
                     most_minor = ?8, flow = ?9, account = ?10, set_payee = ?11, set_category = ?12 WHERE id = ?1",
            )?
            .execute(params![
                rule.id.0,
                text.as_ref().map(|text| text.test.as_str()),
                text.as_ref().map(|text| &text.text),
                text.as_ref().map(|text| text.field.as_str()),
                size.as_ref().map(|size| size.currency.code()),
                size.as_ref().map(|size| size.currency.exponent()),
                size.and_then(|size| size.least_minor),
                size.and_then(|size| size.most_minor),
                flow.map(|flow| flow.as_str()),
                account.map(|account| account.0),
                rule.then.payee,
                rule.then.category.as_ref().map(CategoryPath::as_str),
            ])?;
        Ok(())
    }

    /// Removes a rule. What it did stays.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn remove_rule(&self, id: RuleId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM rule WHERE id = ?1")?.execute([id.0])?;
        Ok(())
    }

    /// Puts the rules into this order.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn order_rules(&self, order: &[RuleId]) -> Result<(), StoreError> {
        let mut update = self.conn.prepare_cached("UPDATE rule SET position = ?2 WHERE id = ?1")?;
        for (id, position) in order.iter().zip(1_i64..) {
            update.execute(params![id.0, position])?;
        }
        Ok(())
    }

    /// The next transactions after one number, in order of number, with what rules last set on them.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn ruled_transactions(
        &self,
        scope: &RuleScope,
        after: TransactionId,
        limit: u32,
    ) -> Result<Vec<RuledTransaction>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {COLUMNS}, r.payee, r.category, EXISTS (SELECT 1 FROM split s WHERE s.movement = m.id)
             FROM movement m JOIN account a ON a.id = m.account LEFT JOIN movement_rule r ON r.movement = m.id
             WHERE m.id > ?1 AND (?2 IS NULL OR m.account = ?2) AND (?3 IS NULL OR m.posted >= ?3)
                 AND (?4 IS NULL OR m.posted <= ?4) ORDER BY m.id LIMIT ?5"
        ))?;
        let mut rows = statement.query(params![
            after.0,
            scope.account.map(|account| account.0),
            scope.from.map(|day| day.to_string()),
            scope.to.map(|day| day.to_string()),
            limit,
        ])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(RuledTransaction {
                transaction: read_transaction(row)?,
                payee: row.get(14)?,
                category: row.get(15)?,
                is_split: row.get(16)?,
            });
        }
        Ok(found)
    }

    /// Sets what rules decided about a transaction, and remembers that it was they.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn set_by_rule(
        &self,
        id: TransactionId,
        payee: Option<&str>,
        category: Option<&CategoryPath>,
    ) -> Result<(), StoreError> {
        if let Some(payee) = payee {
            self.conn
                .prepare_cached(
                    "UPDATE movement SET payee_raw = nullif(coalesce(payee_raw, payee), ?2), payee = ?2 WHERE id = ?1",
                )?
                .execute(params![id.0, payee])?;
        }
        if let Some(category) = category {
            self.conn
                .prepare_cached("UPDATE movement SET category = ?2 WHERE id = ?1")?
                .execute(params![id.0, category.as_str()])?;
        }
        self.note_ruled(id, payee, category.map(CategoryPath::as_str))
    }

    /// Remembers what rules set on a transaction; what is `None` stays as it is remembered.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn note_ruled(
        &self,
        id: TransactionId,
        payee: Option<&str>,
        category: Option<&str>,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO movement_rule (movement, payee, category) VALUES (?1, ?2, ?3)
                 ON CONFLICT (movement) DO UPDATE SET payee = coalesce(excluded.payee, payee),
                     category = coalesce(excluded.category, category)",
            )?
            .execute(params![id.0, payee, category])?;
        Ok(())
    }

    /// Remembers the category that a row's file gave it, which nobody chose here.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn note_given_category(&self, id: TransactionId, category: &str) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO movement_rule (movement, given) VALUES (?1, ?2)
                 ON CONFLICT (movement) DO UPDATE SET given = excluded.given",
            )?
            .execute(params![id.0, category])?;
        Ok(())
    }

    /// Forgets the name that rules set on a transaction: the bank has written it anew.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn forget_ruled_payee(&self, id: TransactionId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE movement_rule SET payee = NULL WHERE movement = ?1")?
            .execute([id.0])?;
        Ok(())
    }

    /// Remembers that the owner chose a transaction's category, or that it has none.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn note_category_by_hand(&self, id: TransactionId) -> Result<(), StoreError> {
        self.note_ruled(id, None, Some(""))
    }

    /// How many transactions of each payee the owner put into each category; those that rules put there do not count.
    /// What is in none, and not split, comes as such.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn filed_by_owner(&self) -> Result<Vec<Filed>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT m.payee, m.category, count(*) FROM movement m LEFT JOIN movement_rule r ON r.movement = m.id
             WHERE (m.category IS NOT NULL AND (r.category IS NULL OR r.category <> m.category))
                OR (m.category IS NULL AND r.category IS NULL
                    AND NOT EXISTS (SELECT 1 FROM split s WHERE s.movement = m.id))
             GROUP BY m.payee, m.category",
        )?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let transactions = count(row.get(2)?, "count")?;
            found.push(Filed { payee: row.get(0)?, category: row.get(1)?, transactions });
        }
        Ok(found)
    }

    /// The rules that put transactions into a category.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn rules_for_category(&self, category: &CategoryPath) -> Result<Vec<RuleId>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT id FROM rule WHERE set_category = ?1 ORDER BY position, id")?;
        let ids = statement.query_map([category.as_str()], |row| row.get(0).map(RuleId))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// Follows a category that gets another path: rules that set it, and what rules are remembered to have set.
    pub(super) fn replace_category_in_rules(
        &self,
        from: &CategoryPath,
        to: &CategoryPath,
    ) -> Result<(), StoreError> {
        let names = params![from.as_str(), to.as_str()];
        self.conn
            .prepare_cached("UPDATE rule SET set_category = ?2 WHERE set_category = ?1")?
            .execute(names)?;
        self.conn
            .prepare_cached("UPDATE movement_rule SET category = ?2 WHERE category = ?1")?
            .execute(names)?;
        self.conn.prepare_cached("UPDATE movement_rule SET given = ?2 WHERE given = ?1")?.execute(names)?;
        Ok(())
    }
}

fn read_rule(row: &Row<'_>) -> Result<Rule, StoreError> {
    let text = match row.get::<_, Option<String>>(1)? {
        Some(test) => Some(TextCondition {
            test: word(&test, "rule.test")?,
            text: row.get(2)?,
            field: word(&row.get::<_, String>(3)?, "rule.field")?,
        }),
        None => None,
    };
    let size = match row.get::<_, Option<String>>(4)? {
        Some(code) => Some(SizeCondition {
            currency: currency(&code, row.get(5)?)?,
            least_minor: row.get(6)?,
            most_minor: row.get(7)?,
        }),
        None => None,
    };
    let flow = row.get::<_, Option<String>>(8)?.map(|flow| word(&flow, "rule.flow")).transpose()?;
    Ok(Rule {
        id: RuleId(row.get(0)?),
        when: Conditions { text, size, flow, account: row.get::<_, Option<i64>>(9)?.map(AccountId) },
        then: Effects {
            payee: row.get(10)?,
            category: row.get::<_, Option<String>>(11)?.map(CategoryPath::stored),
        },
    })
}
