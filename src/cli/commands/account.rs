//! `account`: add, list, show, edit, close.

use super::shapes::{AccountShape, BalanceShape, amount};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table};
use crate::cli::session::Session;
use crate::cli::when::{Day, parse_day};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, Subcommand};
use finvault::ledger::{self, AccountKind, NewAccount, Opening};
use finvault::money::Currency;
use finvault::vault::{AccountEdit, Vault};

/// Add, list, show, edit and close accounts
#[derive(Debug, Subcommand)]
pub enum Account {
    Add(Add),
    /// List the accounts
    List,
    /// Show one account, its number in full
    Show {
        /// Its name, or the beginning of it
        #[arg(value_name = "ACCOUNT")]
        name: String,
    },
    Edit(Edit),
    /// Close an account; its transactions stay
    Close {
        /// Its name, or the beginning of it
        #[arg(value_name = "ACCOUNT")]
        name: String,
        /// Its last day
        #[arg(long, value_name = "DAY", value_parser = parse_day, default_value = "today")]
        on: Day,
    },
}

/// One of the kinds, all of which `--help` and completions list.
fn parse_kind() -> impl TypedValueParser<Value = AccountKind> {
    PossibleValuesParser::new(AccountKind::ALL.map(AccountKind::as_str))
        .try_map(|word| word.parse::<AccountKind>())
}

/// Add an account
#[derive(Debug, Args)]
pub struct Add {
    /// What you call it
    name: String,
    /// What it is
    #[arg(long, value_parser = parse_kind(), ignore_case = true)]
    kind: AccountKind,
    /// What its amounts are in: a code of ISO 4217 such as EUR, or a commodity of your own (see --digits)
    #[arg(long, value_name = "CODE")]
    currency: String,
    /// The balance before its first transaction
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    opening: Option<String>,
    /// The day at whose start that balance held [default: today]
    #[arg(long, value_name = "DAY", value_parser = parse_day, requires = "opening")]
    opening_date: Option<Day>,
    /// Its number or IBAN
    #[arg(long)]
    number: Option<String>,
    /// The bank's name or routing id
    #[arg(long)]
    institution: Option<String>,
    /// How many decimal digits the commodity named with --currency has; defines it
    #[arg(long, value_name = "N")]
    digits: Option<u8>,
}

/// Change what is said of an account
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true))]
pub struct Edit {
    /// Its name, or the beginning of it
    #[arg(value_name = "ACCOUNT")]
    account: String,
    /// A new name
    #[arg(long, group = "change")]
    name: Option<String>,
    /// A new kind
    #[arg(long, value_parser = parse_kind(), ignore_case = true, group = "change")]
    kind: Option<AccountKind>,
    /// The bank's name or routing id; nothing ("") takes it away
    #[arg(long, group = "change")]
    institution: Option<String>,
    /// Its number or IBAN; nothing ("") takes it away
    #[arg(long, group = "change")]
    number: Option<String>,
    /// The balance before its first transaction
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true, group = "change")]
    opening: Option<String>,
    /// The day at whose start that balance held [default: as before, or today]
    #[arg(long, value_name = "DAY", value_parser = parse_day, requires = "opening")]
    opening_date: Option<Day>,
    /// Forget which files, and which other numbers, you said to be of this account
    #[arg(long, group = "change")]
    forget_statements: bool,
}

impl Account {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let mut vault = session.open_vault()?;
        match self {
            Self::Add(add) => add.run(&mut vault, session)?,
            Self::List => list(&vault, session)?,
            Self::Show { name } => show(&vault, &name, session)?,
            Self::Edit(edit) => edit.run(&mut vault, session)?,
            Self::Close { name, on } => {
                let id = vault.account(&name)?.id;
                let account = vault.close_account(id, on.resolve(session.today()))?;
                tell(&account, "Closed", session)?;
            }
        }
        vault.close()?;
        Ok(Exit::Done)
    }
}

impl Add {
    fn run(self, vault: &mut Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let currency = self.currency(vault)?;
        let opening = match &self.opening {
            None => None,
            Some(text) => Some(Opening {
                date: self.opening_date.unwrap_or(Day::Today).resolve(session.today()),
                amount: amount(text, currency, "--opening")?,
                derived: false,
            }),
        };
        let account = vault.add_account(&NewAccount {
            name: self.name,
            kind: self.kind,
            currency,
            institution: self.institution,
            number: self.number,
            opening,
        })?;
        tell(&account, "Added", session)
    }

    fn currency(&self, vault: &mut Vault) -> Result<Currency, Failure> {
        match self.digits {
            Some(digits) => Ok(vault.define_commodity(&self.currency, digits)?),
            None => vault.currency(&self.currency).map_err(|error| {
                let failure = Failure::from(error);
                Failure { exit: Exit::Usage, ..failure }.help(
                    "give a code of ISO 4217 such as EUR, or define a commodity of your own with --digits N",
                )
            }),
        }
    }
}

impl Edit {
    fn run(self, vault: &mut Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let before = vault.account(&self.account)?;
        let opening = match &self.opening {
            None => None,
            Some(text) => {
                let kept = before.opening.as_ref().map(|opening| opening.date);
                let day = self.opening_date.map(|day| day.resolve(session.today()));
                Some(Opening {
                    date: day.or(kept).unwrap_or_else(|| session.today()),
                    amount: amount(text, before.currency, "--opening")?,
                    derived: false,
                })
            }
        };
        let edit = AccountEdit {
            name: self.name,
            kind: self.kind,
            institution: self.institution,
            number: self.number,
            opening,
            forget_statements: self.forget_statements,
        };
        let account = vault.edit_account(before.id, &edit)?;
        tell(&account, "Changed", session)
    }
}

fn tell(account: &ledger::Account, done: &str, session: &mut Session<'_>) -> Result<(), Failure> {
    if session.console.is_json() {
        return session.console.json(&AccountShape::masked(account));
    }
    session.console.say(format!("{done} {} ({}, {})", account.name, account.kind, account.currency))
}

fn list(vault: &Vault, session: &mut Session<'_>) -> Result<(), Failure> {
    let accounts = vault.accounts()?;
    if session.console.is_json() {
        let shapes: Vec<AccountShape> = accounts.iter().map(AccountShape::masked).collect();
        return session.console.json(&shapes);
    }
    if accounts.is_empty() {
        return session
            .console
            .say("No accounts yet. \"finvault import FILE\" makes those that a statement names.");
    }
    let mut table = Table::new(&[
        ("account", Align::Left),
        ("kind", Align::Left),
        ("currency", Align::Left),
        ("institution", Align::Left),
        ("number", Align::Left),
        ("closed", Align::Left),
    ])
    .flexible(0);
    for account in &accounts {
        table.row([
            Cell::new(&account.name),
            Cell::new(account.kind.as_str()),
            Cell::new(account.currency.code()),
            Cell::new(account.institution.as_deref().unwrap_or_default()),
            Cell::new(account.masked_number().unwrap_or_default()),
            Cell::new(account.closed.map(|day| day.to_string()).unwrap_or_default()),
        ]);
    }
    session.console.table(&table)
}

fn show(vault: &Vault, name: &str, session: &mut Session<'_>) -> Result<(), Failure> {
    let account = vault.account(name)?;
    let today = session.today();
    let balances = vault.balances(today, Some(account.id))?;
    if session.console.is_json() {
        #[derive(serde::Serialize)]
        struct Shown {
            #[serde(flatten)]
            account: AccountShape,
            balance: Option<BalanceShape>,
        }
        let balance = balances.first().map(BalanceShape::from);
        return session.console.json(&Shown { account: AccountShape::full(&account), balance });
    }
    let mut table = Table::new(&[("account", Align::Left), ("", Align::Left)]);
    let mut line = |title: &str, text: String| table.row([Cell::new(title), Cell::new(text)]);
    line("name", account.name.clone());
    line("kind", account.kind.to_string());
    line("currency", account.currency.to_string());
    if let Some(institution) = &account.institution {
        line("institution", institution.clone());
    }
    if let Some(number) = &account.number {
        line("number", number.clone());
    }
    if let Some(opening) = &account.opening {
        let source = if opening.derived { ", worked out from a stated balance" } else { "" };
        line("opening", format!("{} at the start of {}{source}", opening.amount, opening.date));
    }
    if let Some(day) = account.closed {
        line("closed", day.to_string());
    }
    if let Some(balance) = balances.first() {
        line("balance", format!("{} on {}", balance.computed, balance.as_of));
    }
    session.console.table(&table)
}
