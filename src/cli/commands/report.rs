//! `report`: the register of an account; what came in and went out.

use super::shapes::TransactionShape;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table, Tone};
use crate::cli::session::Session;
use crate::cli::when::{Day, check_window, parse_day};
use clap::{Args, Subcommand};
use finvault::ledger::TransactionStatus;
use finvault::report;
use finvault::vault::{Flow, VaultError};
use serde::Serialize;

/// Reports
#[derive(Debug, Subcommand)]
pub enum Report {
    Register(Register),
    CashFlow(CashFlow),
}

/// What came in and went out, by currency; linked transfers are neither
#[derive(Debug, Args)]
pub struct CashFlow {
    /// Of this account only
    #[arg(long)]
    account: Option<String>,
    /// From this day on
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    from: Option<Day>,
    /// Up to this day
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    to: Option<Day>,
}

/// An account's transactions, each with the balance after it
#[derive(Debug, Args)]
pub struct Register {
    /// The account's name, or the beginning of it
    #[arg(long)]
    account: String,
    /// From this day on
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    from: Option<Day>,
    /// Up to this day
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    to: Option<Day>,
}

impl Report {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Register(asked) => asked.run(session),
            Self::CashFlow(asked) => asked.run(session),
        }
    }
}

impl Register {
    fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let asked = self;
        let today = session.today();
        let from = asked.from.map(|day| day.resolve(today));
        let to = asked.to.map(|day| day.resolve(today));
        check_window(from, to)?;
        let vault = session.open_vault()?;
        let account = vault.account(&asked.account)?;
        let register = vault.register(account.id, from, to)?;
        vault.close()?;
        if session.console.is_json() {
            session.console.json(&RegisterShape::from(&register))?;
        } else {
            print(&register, session)?;
        }
        Ok(Exit::Done)
    }
}

impl CashFlow {
    fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let today = session.today();
        let from = self.from.map(|day| day.resolve(today));
        let to = self.to.map(|day| day.resolve(today));
        check_window(from, to)?;
        let vault = session.open_vault()?;
        let account = self.account.as_deref().map(|name| vault.account(name)).transpose()?;
        let flows = vault.flows(account.map(|account| account.id), from, to)?;
        vault.close()?;
        let mut shapes = Vec::with_capacity(flows.len());
        for flow in &flows {
            shapes.push(FlowShape::new(flow)?);
        }
        if session.console.is_json() {
            session.console.json(&shapes)?;
        } else if shapes.is_empty() {
            session.console.say("No transactions.")?;
        } else {
            let mut table = Table::new(&[
                ("currency", Align::Left),
                ("income", Align::Right),
                ("spending", Align::Right),
                ("net", Align::Right),
                ("transfers in", Align::Right),
                ("transfers out", Align::Right),
            ]);
            for shape in shapes {
                let FlowShape { currency, income, spending, net, transferred_in, transferred_out } = shape;
                let cells = [currency, income, spending, net, transferred_in, transferred_out];
                table.row(cells.map(Cell::new));
            }
            session.console.table(&table)?;
        }
        Ok(Exit::Done)
    }
}

#[derive(Serialize)]
struct FlowShape {
    currency: String,
    income: String,
    spending: String,
    net: String,
    transferred_in: String,
    transferred_out: String,
}

impl FlowShape {
    fn new(flow: &Flow) -> Result<Self, Failure> {
        let net = flow.income.checked_add(flow.spending).map_err(VaultError::from)?;
        Ok(Self {
            currency: flow.currency.code().to_owned(),
            income: flow.income.to_decimal(),
            spending: flow.spending.to_decimal(),
            net: net.to_decimal(),
            transferred_in: flow.transferred_in.to_decimal(),
            transferred_out: flow.transferred_out.to_decimal(),
        })
    }
}

#[derive(Serialize)]
struct RegisterShape {
    account: String,
    currency: String,
    opening: String,
    rows: Vec<RowShape>,
    closing: String,
}

#[derive(Serialize)]
struct RowShape {
    #[serde(flatten)]
    transaction: TransactionShape,
    balance: String,
}

impl From<&report::Register> for RegisterShape {
    fn from(register: &report::Register) -> Self {
        Self {
            account: register.account.name.clone(),
            currency: register.account.currency.code().to_owned(),
            opening: register.opening.to_decimal(),
            rows: register
                .rows
                .iter()
                .map(|row| RowShape {
                    transaction: TransactionShape::new(&row.transaction, &register.account.name),
                    balance: row.balance.to_decimal(),
                })
                .collect(),
            closing: register.closing.to_decimal(),
        }
    }
}

fn print(register: &report::Register, session: &mut Session<'_>) -> Result<(), Failure> {
    let account = &register.account;
    session.console.say_toned(&[(Tone::Strong, &format!("{} ({})", account.name, account.currency))])?;
    let mut table = Table::new(&[
        ("date", Align::Left),
        ("payee", Align::Left),
        ("amount", Align::Right),
        ("balance", Align::Right),
    ])
    .flexible(1);
    let edge = |text: &str, balance| {
        [Cell::default(), Cell::toned(Tone::Dim, text), Cell::default(), Cell::amount(balance)]
    };
    table.row(edge("opening balance", register.opening));
    for row in &register.rows {
        let detail = &row.transaction.detail;
        let pending = detail.status == TransactionStatus::Pending;
        let payee = if pending { format!("{} (pending)", detail.payee) } else { detail.payee.clone() };
        table.row([
            Cell::new(detail.posted.to_string()),
            Cell::new(payee),
            Cell::amount(detail.amount),
            if pending { Cell::default() } else { Cell::amount(row.balance) },
        ]);
    }
    table.row(edge("closing balance", register.closing));
    session.console.table(&table)
}
