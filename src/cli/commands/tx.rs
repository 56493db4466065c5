//! `tx`: add, list, edit, split, delete transactions.

use super::shapes::{AnnotatedShape, amount};
use super::tx_split::Split;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table, Tone};
use crate::cli::session::Session;
use crate::cli::when::{Day, check_window, parse_day};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, Subcommand};
use finvault::ledger::{
    Account, AccountId, Annotations, NewTransaction, Tag, Transaction, TransactionId, TransactionStatus,
};
use finvault::vault::{TransactionEdit, TransactionQuery, Vault, VaultError};
use serde::Serialize;
use std::collections::BTreeMap;

/// Add, list, edit, split and delete transactions
#[derive(Debug, Subcommand)]
pub enum Tx {
    Add(Add),
    List(List),
    Edit(Edit),
    Split(Split),
    /// Delete a transaction, and the files attached to it
    ///
    /// One that a statement brought stays deleted when a statement brings it again; "import
    /// --restore-deleted" brings it back.
    Delete {
        /// Its number, as "tx list" shows it
        id: i64,
        /// Delete it even where it is reconciled
        #[arg(long)]
        reconciled: bool,
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
    /// Your category for it: its path, or the names it ends in; one that is not there yet is added
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
    /// A tag; may be given several times
    #[arg(long)]
    tag: Vec<String>,
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
    /// Of this category or one below it, wholly or with a part
    #[arg(long)]
    category: Option<String>,
    /// With this tag; given several times, with all of them
    #[arg(long)]
    tag: Vec<String>,
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
    /// Your category: its path, or the names it ends in; one that is not there yet is added; nothing ("")
    /// takes it away
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
    /// A tag to add; may be given several times
    #[arg(long, group = "change")]
    tag: Vec<String>,
    /// A tag to take off; may be given several times
    #[arg(long, value_name = "TAG", group = "change")]
    untag: Vec<String>,
    /// Change day, amount, status or texts even where it is reconciled
    #[arg(long)]
    reconciled: bool,
}

impl Tx {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let mut vault = session.open_vault()?;
        match self {
            Self::Add(add) => add.run(&mut vault, session)?,
            Self::List(list) => list.run(&vault, session)?,
            Self::Edit(edit) => edit.run(&mut vault, session)?,
            Self::Split(split) => split.run(&mut vault, session)?,
            Self::Delete { id, reconciled } => {
                let id = TransactionId(id);
                let annotations = vault.annotations(&[id])?;
                let deleted = match reconciled {
                    true => vault.delete_even_reconciled(id)?,
                    false => vault.delete_transaction(id)?,
                };
                let added = annotations.get(&id);
                Told { transaction: &deleted, annotations: added, categories_added: Vec::new() }
                    .tell(&vault, "Deleted", session)?;
                if let Some(added) = added.filter(|added| added.attachments > 0 && !session.console.is_json())
                {
                    session.console.say(format!("Attachments that went with it: {}", added.attachments))?;
                }
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
        let categories_added = new_categories(vault, new.category.as_deref())?;
        let added = vault.add_tagged_transaction(account.id, &new, &self.tag)?;
        let annotations = vault.annotations(&[added.id])?;
        Told { transaction: &added, annotations: annotations.get(&added.id), categories_added }
            .tell(vault, "Added", session)
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
            add_tags: self.tag,
            remove_tags: self.untag,
            even_reconciled: self.reconciled,
        };
        let category = edit.category.as_deref().filter(|text| !text.is_empty());
        let categories_added = new_categories(vault, category)?;
        let after = vault.edit_transaction(before.id, &edit)?;
        let annotations = vault.annotations(&[after.id])?;
        Told { transaction: &after, annotations: annotations.get(&after.id), categories_added }
            .tell(vault, "Changed", session)
    }
}

impl List {
    fn run(self, vault: &Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let today = session.today();
        let from = self.from.map(|day| day.resolve(today));
        let to = self.to.map(|day| day.resolve(today));
        check_window(from, to)?;
        let account = self.account.as_deref().map(|name| vault.account(name)).transpose()?;
        let category = self.category.as_deref().map(|text| vault.category(text)).transpose()?;
        let tags = self.tag.iter().map(|text| Ok(Tag::parse(text).map_err(VaultError::from)?.to_string()));
        let query = TransactionQuery {
            account: account.as_ref().map(|account| account.id),
            from,
            to,
            text: self.text,
            category: category.map(|path| path.to_string()),
            tags: tags.collect::<Result<_, Failure>>()?,
            limit: self.limit,
            ..TransactionQuery::default()
        };
        let transactions = vault.transactions(&query)?;
        let ids: Vec<TransactionId> = transactions.iter().map(|row| row.id).collect();
        let annotations = vault.annotations(&ids)?;
        let names = names(vault)?;
        let name = |id: AccountId| names.get(&id).map(String::as_str).unwrap_or_default();
        if session.console.is_json() {
            let shapes: Vec<AnnotatedShape> = transactions
                .iter()
                .map(|row| AnnotatedShape::new(row, name(row.account), annotations.get(&row.id)))
                .collect();
            return session.console.json(&shapes);
        }
        if transactions.is_empty() {
            return session.console.say("No transactions.");
        }
        session.console.table(&table(&transactions, &annotations, account.as_ref(), name))
    }
}

/// The transactions; the account's column is left out where all are of one that was asked for, those of tags
/// and files where there are none.
fn table<'a>(
    transactions: &[Transaction],
    annotations: &BTreeMap<TransactionId, Annotations>,
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
    let tagged = annotations.values().any(|added| !added.tags.is_empty());
    let with_files = annotations.values().any(|added| added.attachments > 0);
    if tagged {
        columns.push(("tags", Align::Left));
    }
    if with_files {
        columns.push(("files", Align::Right));
    }
    let mut table = Table::new(&columns).flexible(if account.is_none() { 3 } else { 2 });
    for transaction in transactions {
        let detail = &transaction.detail;
        let added = annotations.get(&transaction.id);
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
            Cell::new(category(detail.category.as_deref(), added)),
            Cell::amount(detail.amount),
            Cell::new(detail.amount.currency().code()),
            status,
        ]);
        if tagged {
            cells.push(Cell::new(added.map(|added| added.tags.join(" ")).unwrap_or_default()));
        }
        if with_files {
            let files = added.map(|added| added.attachments).filter(|files| *files > 0);
            cells.push(Cell::new(files.map(|files| files.to_string()).unwrap_or_default()));
        }
        table.row(cells);
    }
    table
}

/// The category, or those of the parts.
fn category(own: Option<&str>, added: Option<&Annotations>) -> String {
    let parts = added.map(|added| added.parts.as_slice()).unwrap_or_default();
    if parts.is_empty() {
        return own.unwrap_or_default().to_owned();
    }
    parts.iter().map(|part| part.category.as_str()).collect::<Vec<_>>().join(" + ")
}

/// The category that a text would add, since the vault has none that it means.
pub(super) fn new_categories<'a>(
    vault: &Vault,
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<String>, Failure> {
    let mut new = Vec::new();
    for text in texts {
        let resolved = vault.resolve_category(text)?;
        let path = resolved.path.to_string();
        if !resolved.known && !new.contains(&path) {
            new.push(path);
        }
    }
    Ok(new)
}

/// A transaction that was changed, and which categories that added.
pub(super) struct Told<'a> {
    pub transaction: &'a Transaction,
    pub annotations: Option<&'a Annotations>,
    pub categories_added: Vec<String>,
}

impl Told<'_> {
    /// Tells what was done.
    pub fn tell(self, vault: &Vault, done: &str, session: &mut Session<'_>) -> Result<(), Failure> {
        let transaction = self.transaction;
        let names = names(vault)?;
        let account = names.get(&transaction.account).map(String::as_str).unwrap_or_default();
        if session.console.is_json() {
            #[derive(Serialize)]
            struct Changed {
                #[serde(flatten)]
                transaction: AnnotatedShape,
                categories_added: Vec<String>,
            }
            let shape = AnnotatedShape::new(transaction, account, self.annotations);
            let categories_added = self.categories_added;
            return session.console.json(&Changed { transaction: shape, categories_added });
        }
        for category in &self.categories_added {
            session.console.say(format!("Added the category {category}, which was not there yet"))?;
        }
        let detail = &transaction.detail;
        session.console.say(format!(
            "{done} transaction {}: {} {}  {}  {}",
            transaction.id.0, detail.posted, account, detail.payee, detail.amount
        ))
    }
}

fn names(vault: &Vault) -> Result<BTreeMap<AccountId, String>, Failure> {
    Ok(vault.accounts()?.into_iter().map(|account| (account.id, account.name)).collect())
}
