//! `tx`: add, list, edit, delete transactions.

use super::shapes::{TransactionShape, amount};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table, Tone};
use crate::cli::session::Session;
use crate::cli::when::{Day, check_window, parse_day};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, Subcommand};
use finvault::ledger::{Account, AccountId, NewTransaction, Transaction, TransactionId, TransactionStatus};
use finvault::vault::{TransactionEdit, TransactionQuery, Vault};
use std::collections::BTreeMap;

/// Add, list, edit and delete transactions
#[derive(Debug, Subcommand)]
pub enum Tx {
    Add(Add),
    List(List),
    Edit(Edit),
    /// Delete a transaction
    Delete {
        /// Its number, as "tx list" shows it
        id: i64,
    },
}

/// One of the statuses, all of which `--help` and completions list.
fn parse_status() -> impl TypedValueParser<Value = TransactionStatus> {
    let all = [TransactionStatus::Pending, TransactionStatus::Posted, TransactionStatus::Reconciled];
    PossibleValuesParser::new(all.map(TransactionStatus::as_str))
        .try_map(|word| word.parse::<TransactionStatus>())
}

/// Enter a transaction by hand
#[derive(Debug, Args)]
pub struct Add {
    /// The account's name, or the beginning of it
    #[arg(long)]
    account: String,
    /// The day it was booked
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    date: Day,
    /// How much; negative lowers the account's balance, as a purchase does
    #[arg(long, allow_hyphen_values = true)]
    amount: String,
    /// The other party
    #[arg(long)]
    payee: String,
    /// Your category for it
    #[arg(long)]
    category: Option<String>,
    /// Further text
    #[arg(long)]
    memo: Option<String>,
    /// A cheque number or other reference
    #[arg(long)]
    reference: Option<String>,
    /// How settled it is
    #[arg(long, value_parser = parse_status(), default_value = "posted")]
    status: TransactionStatus,
}

/// List transactions, oldest first
#[derive(Debug, Args)]
pub struct List {
    /// Of this account only
    #[arg(long)]
    account: Option<String>,
    /// From this day on
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    from: Option<Day>,
    /// Up to this day
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    to: Option<Day>,
    /// Whose payee or memo contains this text
    #[arg(long)]
    text: Option<String>,
    /// Of this category
    #[arg(long)]
    category: Option<String>,
    /// At most this many, the latest ones
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

/// Change a transaction
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true))]
pub struct Edit {
    /// Its number, as "tx list" shows it
    id: i64,
    /// The day it was booked
    #[arg(long, value_name = "DAY", value_parser = parse_day, group = "change")]
    date: Option<Day>,
    /// How much
    #[arg(long, allow_hyphen_values = true, group = "change")]
    amount: Option<String>,
    /// The other party
    #[arg(long, group = "change")]
    payee: Option<String>,
    /// Your category; nothing ("") takes it away
    #[arg(long, group = "change")]
    category: Option<String>,
    /// Further text; nothing ("") takes it away
    #[arg(long, group = "change")]
    memo: Option<String>,
    /// A reference; nothing ("") takes it away
    #[arg(long, group = "change")]
    reference: Option<String>,
    /// How settled it is
    #[arg(long, value_parser = parse_status(), group = "change")]
    status: Option<TransactionStatus>,
}

impl Tx {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let mut vault = session.open_vault()?;
        match self {
            Self::Add(add) => add.run(&mut vault, session)?,
            Self::List(list) => list.run(&vault, session)?,
            Self::Edit(edit) => edit.run(&mut vault, session)?,
            Self::Delete { id } => {
                let deleted = vault.delete_transaction(TransactionId(id))?;
                tell(&vault, &deleted, "Deleted", session)?;
            }
        }
        vault.close()?;
        Ok(Exit::Done)
    }
}

impl Add {
    fn run(self, vault: &mut Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let account = vault.account(&self.account)?;
        let new = NewTransaction {
            posted: self.date.resolve(session.today()),
            amount: amount(&self.amount, account.currency, "--amount")?,
            payee_raw: self.payee.clone(),
            payee: self.payee,
            memo: self.memo,
            reference: self.reference,
            category: self.category,
            status: self.status,
            bank_id: None,
        };
        let added = vault.add_transaction(account.id, &new)?;
        tell(vault, &added, "Added", session)
    }
}

impl Edit {
    fn run(self, vault: &mut Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let before = vault.transaction(TransactionId(self.id))?;
        let currency = before.detail.amount.currency();
        let amount = self.amount.as_deref().map(|text| amount(text, currency, "--amount")).transpose()?;
        let edit = TransactionEdit {
            posted: self.date.map(|day| day.resolve(session.today())),
            amount,
            payee: self.payee,
            memo: self.memo,
            reference: self.reference,
            category: self.category,
            status: self.status,
        };
        let after = vault.edit_transaction(before.id, &edit)?;
        tell(vault, &after, "Changed", session)
    }
}

impl List {
    fn run(self, vault: &Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let today = session.today();
        let from = self.from.map(|day| day.resolve(today));
        let to = self.to.map(|day| day.resolve(today));
        check_window(from, to)?;
        let account = self.account.as_deref().map(|name| vault.account(name)).transpose()?;
        let query = TransactionQuery {
            account: account.as_ref().map(|account| account.id),
            from,
            to,
            text: self.text,
            category: self.category,
            limit: self.limit,
            ..TransactionQuery::default()
        };
        let transactions = vault.transactions(&query)?;
        let names = names(vault)?;
        let name = |id: AccountId| names.get(&id).map(String::as_str).unwrap_or_default();
        if session.console.is_json() {
            let shapes: Vec<TransactionShape> =
                transactions.iter().map(|row| TransactionShape::new(row, name(row.account))).collect();
            return session.console.json(&shapes);
        }
        if transactions.is_empty() {
            return session.console.say("No transactions.");
        }
        session.console.table(&table(&transactions, account.as_ref(), name))
    }
}

/// The transactions; the account's column is left out where all are of one that was asked for.
fn table<'a>(
    transactions: &[Transaction],
    account: Option<&Account>,
    name: impl Fn(AccountId) -> &'a str,
) -> Table {
    let mut columns = vec![("id", Align::Right), ("date", Align::Left)];
    if account.is_none() {
        columns.push(("account", Align::Left));
    }
    columns.extend([
        ("payee", Align::Left),
        ("category", Align::Left),
        ("amount", Align::Right),
        ("currency", Align::Left),
        ("status", Align::Left),
    ]);
    let mut table = Table::new(&columns).flexible(if account.is_none() { 3 } else { 2 });
    for transaction in transactions {
        let detail = &transaction.detail;
        let mut cells = vec![Cell::new(transaction.id.0.to_string()), Cell::new(detail.posted.to_string())];
        if account.is_none() {
            cells.push(Cell::new(name(transaction.account)));
        }
        let status = match detail.status {
            TransactionStatus::Posted => Cell::default(),
            other => Cell::toned(Tone::Caution, other.as_str()),
        };
        cells.extend([
            Cell::new(&detail.payee),
            Cell::new(detail.category.as_deref().unwrap_or_default()),
            Cell::amount(detail.amount),
            Cell::new(detail.amount.currency().code()),
            status,
        ]);
        table.row(cells);
    }
    table
}

fn tell(
    vault: &Vault,
    transaction: &Transaction,
    done: &str,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let names = names(vault)?;
    let account = names.get(&transaction.account).map(String::as_str).unwrap_or_default();
    if session.console.is_json() {
        return session.console.json(&TransactionShape::new(transaction, account));
    }
    let detail = &transaction.detail;
    session.console.say(format!(
        "{done} transaction {}: {} {}  {}  {}",
        transaction.id.0, detail.posted, account, detail.payee, detail.amount
    ))
}

fn names(vault: &Vault) -> Result<BTreeMap<AccountId, String>, Failure> {
    Ok(vault.accounts()?.into_iter().map(|account| (account.id, account.name)).collect())
}
