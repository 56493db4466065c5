//! GnuCash's SQLite files, read in memory as somebody else's data: nothing in them is run.
//!
//! The bytes become a read-only database of their own, apart from the vault's. Only plain tables are read, without
//! indexes; views, virtual tables and generated columns are refused, since they would run what the file says.

use super::StoreError;
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::HashMap;

/// The largest file that is read, in bytes: it is held twice.
pub const MAX_BYTES: usize = 256 << 20;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum GnucashFileError {
    /// Larger than any book.
    #[error("the file is larger than any book")]
    TooLarge,
    /// No GnuCash book.
    #[error("this is an SQLite database, but no GnuCash book: it has no table \"{0}\"")]
    NoBook(&'static str),
    /// A table is not a plain one.
    #[error("the table \"{0}\" is not as GnuCash makes it")]
    Odd(&'static str),
    /// SQLite cannot read it.
    #[error("the file is damaged: {0}")]
    Damaged(StoreError),
}

impl From<rusqlite::Error> for GnucashFileError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Damaged(error.into())
    }
}

/// A row of `commodities`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommodityRow {
    /// `guid`.
    pub guid: String,
    /// `namespace`.
    pub namespace: String,
    /// `mnemonic`.
    pub mnemonic: String,
    /// `fraction`.
    pub fraction: i64,
}

/// A row of `accounts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// `guid`.
    pub guid: String,
    /// `name`.
    pub name: String,
    /// `account_type`.
    pub account_type: String,
    /// `commodity_guid`.
    pub commodity: Option<String>,
    /// `parent_guid`.
    pub parent: Option<String>,
    /// Whether it is the root of the templates.
    pub is_template_root: bool,
}

/// A row of `transactions`, with what `slots` say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionRow {
    /// `guid`.
    pub guid: String,
    /// `currency_guid`.
    pub currency: String,
    /// `num`.
    pub number: String,
    /// `post_date`, in UTC.
    pub posted: String,
    /// The slot `date-posted`.
    pub posted_day: Option<String>,
    /// `description`.
    pub description: String,
    /// The slot `notes`.
    pub notes: Option<String>,
    /// Its rows of `splits`, in the file's order.
    pub splits: Vec<SplitRow>,
}

/// A row of `splits`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitRow {
    /// `account_guid`.
    pub account: String,
    /// `memo`.
    pub memo: String,
    /// `reconcile_state`.
    pub reconciled: String,
    /// `value_num`, `value_denom`.
    pub value: (i64, i64),
    /// `quantity_num`, `quantity_denom`.
    pub quantity: (i64, i64),
}

/// The tables of a book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GnucashTables {
    /// `commodities`.
    pub commodities: Vec<CommodityRow>,
    /// `accounts`.
    pub accounts: Vec<AccountRow>,
    /// `transactions`.
    pub transactions: Vec<TransactionRow>,
}

/// Reads the tables of a book out of the bytes of its file.
///
/// # Errors
/// [`GnucashFileError`] says what is wrong with the file.
pub fn read_gnucash(bytes: &[u8]) -> Result<GnucashTables, GnucashFileError> {
    if bytes.len() > MAX_BYTES {
        return Err(GnucashFileError::TooLarge);
    }
    let mut conn = Connection::open_in_memory()?;
    conn.deserialize_read_exact("main", bytes, bytes.len(), true)?;
    conn.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON;")?;
    for table in ["books", "commodities", "accounts", "transactions", "splits"] {
        check_plain(&conn, table)?;
    }
    let has_slots = check_plain(&conn, "slots").is_ok();
    let template_root: Option<String> = conn
        .query_row("SELECT root_template_guid FROM books NOT INDEXED LIMIT 1", [], |row| row.get(0))
        .optional()?;
    Ok(GnucashTables {
        commodities: rows(
            &conn,
            "SELECT guid, namespace, mnemonic, fraction FROM commodities NOT INDEXED",
            |row| {
                Ok(CommodityRow {
                    guid: row.get(0)?,
                    namespace: row.get(1)?,
                    mnemonic: row.get(2)?,
                    fraction: row.get(3)?,
                })
            },
        )?,
        accounts: rows(
            &conn,
            "SELECT guid, name, account_type, commodity_guid, parent_guid FROM accounts NOT INDEXED",
            |row| {
                let guid: String = row.get(0)?;
                Ok(AccountRow {
                    is_template_root: template_root.as_ref() == Some(&guid),
                    guid,
                    name: row.get(1)?,
                    account_type: row.get(2)?,
                    commodity: row.get(3)?,
                    parent: row.get(4)?,
                })
            },
        )?,
        transactions: transactions(&conn, has_slots)?,
    })
}

fn rows<T>(
    conn: &Connection,
    sql: &str,
    read: impl Fn(&Row<'_>) -> Result<T, rusqlite::Error>,
) -> Result<Vec<T>, GnucashFileError> {
    let mut statement = conn.prepare(sql)?;
    let rows = statement.query_map([], |row| read(row))?.collect::<Result<Vec<T>, _>>()?;
    Ok(rows)
}

/// Whether a table is one that holds its rows itself.
fn check_plain(conn: &Connection, table: &'static str) -> Result<(), GnucashFileError> {
    let sql: Option<String> = conn
        .query_row("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1", [table], |row| {
            row.get(0)
        })
        .optional()?;
    let Some(sql) = sql else { return Err(GnucashFileError::NoBook(table)) };
    let is_table = sql.trim_start().get(..12).is_some_and(|start| start.eq_ignore_ascii_case("CREATE TABLE"));
    let hidden: i64 =
        conn.query_row("SELECT count(*) FROM pragma_table_xinfo(?1) WHERE hidden <> 0", [table], |row| {
            row.get(0)
        })?;
    if is_table && hidden == 0 { Ok(()) } else { Err(GnucashFileError::Odd(table)) }
}

fn transactions(conn: &Connection, has_slots: bool) -> Result<Vec<TransactionRow>, GnucashFileError> {
    let mut found = rows(
        conn,
        "SELECT guid, currency_guid, num, coalesce(post_date, ''), coalesce(description, '') FROM transactions NOT INDEXED",
        |row| {
            Ok(TransactionRow {
                guid: row.get(0)?,
                currency: row.get(1)?,
                number: row.get(2)?,
                posted: row.get(3)?,
                posted_day: None,
                description: row.get(4)?,
                notes: None,
                splits: Vec::new(),
            })
        },
    )?;
    let index: HashMap<String, usize> =
        found.iter().enumerate().map(|(at, transaction)| (transaction.guid.clone(), at)).collect();
    let splits = rows(
        conn,
        "SELECT tx_guid, account_guid, coalesce(memo, ''), coalesce(reconcile_state, ''), value_num, value_denom,
                quantity_num, quantity_denom FROM splits NOT INDEXED",
        |row| {
            let split = SplitRow {
                account: row.get(1)?,
                memo: row.get(2)?,
                reconciled: row.get(3)?,
                value: (row.get(4)?, row.get(5)?),
                quantity: (row.get(6)?, row.get(7)?),
            };
            Ok((row.get::<_, String>(0)?, split))
        },
    )?;
    for (transaction, split) in splits {
        let at = index.get(&transaction).and_then(|at| found.get_mut(*at));
        at.ok_or(GnucashFileError::Odd("splits"))?.splits.push(split);
    }
    if has_slots {
        let slots = rows(
            conn,
            "SELECT obj_guid, name, coalesce(gdate_val, string_val) FROM slots NOT INDEXED
             WHERE name IN ('date-posted', 'notes')",
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?)),
        )?;
        for (owner, name, value) in slots {
            let Some(transaction) = index.get(&owner).and_then(|at| found.get_mut(*at)) else { continue };
            match name.as_str() {
                "notes" => transaction.notes = value,
                _ => transaction.posted_day = value.filter(|value| !value.is_empty()),
            }
        }
    }
    Ok(found)
}
