//! Accounts and the owner's own commodities.

use super::values::{currency, day, word};
use super::{Store, StoreError};
use crate::ledger::{Account, AccountId, BatchId, NewAccount, Opening};
use crate::money::{Currency, Money};
use rusqlite::{OptionalExtension, Row, params};

const COLUMNS: &str = "id, name, kind, currency, digits, institution, number, \
                       opening_date, opening_minor, opening_derived, closed";

impl Store {
    /// Makes an account; `created_by` is the import that needed it, if one did.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where the name is in use.
    pub fn add_account(&self, new: &NewAccount, created_by: Option<BatchId>) -> Result<Account, StoreError> {
        if self.account_by_name(&new.name)?.is_some() {
            return Err(StoreError::Taken { what: format!("an account named \"{}\"", new.name) });
        }
        self.conn
            .prepare_cached(
                "INSERT INTO account (name, name_folded, kind, currency, digits, institution, number, number_folded,
                     opening_date, opening_minor, opening_derived, created_by)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                new.name,
                new.name.to_lowercase(),
                new.kind.as_str(),
                new.currency.code(),
                new.currency.exponent(),
                new.institution,
                new.number,
                new.number.as_deref().and_then(fold_number),
                new.opening.map(|opening| opening.date.to_string()),
                new.opening.map(|opening| opening.amount.minor()),
                new.opening.map(|opening| opening.derived),
                created_by.map(|batch| batch.0),
            ])?;
        self.account(AccountId(self.conn.last_insert_rowid()))?
            .ok_or_else(|| super::values::unreadable("account", &new.name))
    }

    /// Writes every field of an account back.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where the new name is in use.
    pub fn update_account(&self, account: &Account) -> Result<(), StoreError> {
        if self.account_by_name(&account.name)?.is_some_and(|other| other.id != account.id) {
            return Err(StoreError::Taken { what: format!("an account named \"{}\"", account.name) });
        }
        self.conn
            .prepare_cached(
                "UPDATE account SET name = ?2, name_folded = ?3, kind = ?4, institution = ?5, number = ?6,
                     number_folded = ?7, opening_date = ?8, opening_minor = ?9, opening_derived = ?10, closed = ?11
                 WHERE id = ?1",
            )?
            .execute(params![
                account.id.0,
                account.name,
                account.name.to_lowercase(),
                account.kind.as_str(),
                account.institution,
                account.number,
                account.number.as_deref().and_then(fold_number),
                account.opening.map(|opening| opening.date.to_string()),
                account.opening.map(|opening| opening.amount.minor()),
                account.opening.map(|opening| opening.derived),
                account.closed.map(|day| day.to_string()),
            ])?;
        Ok(())
    }

    /// Every account, in order of name.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM account ORDER BY name_folded");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        let mut accounts = Vec::new();
        while let Some(row) = rows.next()? {
            accounts.push(read_account(row)?);
        }
        Ok(accounts)
    }

    /// The account with this id.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.one_account("id = ?1", params![id.0])
    }

    /// The account with this name; case does not matter.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn account_by_name(&self, name: &str) -> Result<Option<Account>, StoreError> {
        self.one_account("name_folded = ?1", params![name.to_lowercase()])
    }

    /// Every account whose number has these letters and digits.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn accounts_by_number(&self, number: &str) -> Result<Vec<Account>, StoreError> {
        let Some(folded) = fold_number(number) else { return Ok(Vec::new()) };
        let sql = format!("SELECT {COLUMNS} FROM account WHERE number_folded = ?1 ORDER BY id");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query([folded])?;
        let mut accounts = Vec::new();
        while let Some(row) = rows.next()? {
            accounts.push(read_account(row)?);
        }
        Ok(accounts)
    }

    /// Accounts that `batch` made and that hold nothing any more; they are removed and their names returned.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be written.
    pub fn remove_empty_accounts_of(&self, batch: BatchId) -> Result<Vec<String>, StoreError> {
        let condition = "created_by = ?1
             AND NOT EXISTS (SELECT 1 FROM attachment_link WHERE attachment_link.account = account.id)
             AND NOT EXISTS (SELECT 1 FROM movement WHERE account = account.id)
             AND NOT EXISTS (SELECT 1 FROM batch_account other JOIN batch ON batch.id = other.batch
                             WHERE other.account = account.id AND other.batch <> ?1 AND batch.undone_at IS NULL)";
        let mut select =
            self.conn.prepare_cached(&format!("SELECT name FROM account WHERE {condition} ORDER BY name"))?;
        let names = select.query_map([batch.0], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        self.conn.prepare_cached(&format!("DELETE FROM account WHERE {condition}"))?.execute([batch.0])?;
        Ok(names)
    }

    /// Remembers a commodity of the owner's own.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where it is known with other digits.
    pub fn define_commodity(&self, commodity: Currency) -> Result<(), StoreError> {
        if let Some(known) = self.commodity(commodity.code())? {
            return if known == commodity {
                Ok(())
            } else {
                Err(StoreError::Taken { what: format!("{known} with {} decimal digits", known.exponent()) })
            };
        }
        self.conn
            .prepare_cached("INSERT INTO commodity (code, digits) VALUES (?1, ?2)")?
            .execute(params![commodity.code(), commodity.exponent()])?;
        Ok(())
    }

    /// The commodity of the owner's own with this code; case does not matter.
    ///
    /// # Errors
    /// [`StoreError`] where the vault cannot be read.
    pub fn commodity(&self, code: &str) -> Result<Option<Currency>, StoreError> {
        let found = self
            .conn
            .prepare_cached("SELECT code, digits FROM commodity WHERE lower(code) = lower(?1)")?
            .query_row([code], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
            .optional()?;
        found.map(|(code, digits)| currency(&code, digits)).transpose()
    }

    fn one_account(
        &self,
        condition: &str,
        params: &[&dyn rusqlite::ToSql],
    ) -> Result<Option<Account>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM account WHERE {condition}");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params)?;
        rows.next()?.map(read_account).transpose()
    }
}

/// The letters and digits of an account number, upper case; `None` where it has none.
pub fn fold_number(number: &str) -> Option<String> {
    let folded: String =
        number.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    (!folded.is_empty()).then_some(folded)
}

fn read_account(row: &Row<'_>) -> Result<Account, StoreError> {
    let currency = currency(&row.get::<_, String>(3)?, row.get(4)?)?;
    let opening = match (
        row.get::<_, Option<String>>(7)?,
        row.get::<_, Option<i64>>(8)?,
        row.get::<_, Option<bool>>(9)?,
    ) {
        (Some(date), Some(minor), Some(derived)) => Some(Opening {
            date: day(&date, "account.opening_date")?,
            amount: Money::new(minor, currency),
            derived,
        }),
        _ => None,
    };
    let closed: Option<String> = row.get(10)?;
    Ok(Account {
        id: AccountId(row.get(0)?),
        name: row.get(1)?,
        kind: word(&row.get::<_, String>(2)?, "account.kind")?,
        currency,
        institution: row.get(5)?,
        number: row.get(6)?,
        opening,
        closed: closed.map(|text| day(&text, "account.closed")).transpose()?,
    })
}
