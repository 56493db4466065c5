//! `balance`: what each account comes to, beside what its bank states.

use super::shapes::BalanceShape;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table, Tone};
use crate::cli::session::Session;
use crate::cli::when::{Day, parse_day};
use clap::Args;
use finvault::ledger;
use finvault::ledger::BalanceGap;
use finvault::ledger::balance::Comparison;
use finvault::money::Sum;
use finvault::vault::Vault;
use std::collections::BTreeMap;

/// Show balances, and how they differ from what the bank states
#[derive(Debug, Args)]
pub struct Balance {
    /// At the end of this day
    #[arg(long, value_name = "DAY", value_parser = parse_day, default_value = "today")]
    as_of: Day,
    /// Of this account only
    #[arg(long)]
    account: Option<String>,
}

impl Balance {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let vault = session.open_vault()?;
        let account = self.account.as_deref().map(|name| vault.account(name)).transpose()?;
        let balances =
            vault.balances(self.as_of.resolve(session.today()), account.map(|account| account.id))?;
        let mut gaps = Vec::new();
        if !session.console.is_json() {
            for balance in &balances {
                gaps.extend(newest_gap(&vault, balance)?);
            }
        }
        vault.close()?;
        if session.console.is_json() {
            let shapes: Vec<BalanceShape> = balances.iter().map(BalanceShape::from).collect();
            session.console.json(&shapes)?;
        } else if balances.is_empty() {
            session
                .console
                .say("No accounts yet. \"finvault import FILE\" makes those that a statement names.")?;
        } else {
            session.console.table(&table(&balances))?;
            tell_differences(&balances, &gaps, session)?;
        }
        Ok(Exit::Done)
    }
}

fn table(balances: &[ledger::Balance]) -> Table {
    let mut table = Table::new(&[
        ("account", Align::Left),
        ("kind", Align::Left),
        ("balance", Align::Right),
        ("currency", Align::Left),
        ("bank states", Align::Right),
        ("on", Align::Left),
    ])
    .flexible(0);
    let mut totals: BTreeMap<finvault::money::Currency, (Sum, usize)> = BTreeMap::new();
    for balance in balances {
        let currency = balance.computed.currency();
        let total = totals.entry(currency).or_insert_with(|| (Sum::new(currency), 0));
        // Same currency by construction: the sum cannot be refused.
        let _ = total.0.add(balance.computed);
        total.1 += 1;
        let (stated, on) = match &balance.stated {
            Some(comparison) => (stated_cell(comparison), Cell::new(comparison.date.to_string())),
            None => (Cell::default(), Cell::default()),
        };
        table.row([
            Cell::new(&balance.name),
            Cell::new(balance.kind.as_str()),
            Cell::amount(balance.computed),
            Cell::new(currency.code()),
            stated,
            on,
        ]);
    }
    for (currency, (sum, count)) in totals {
        if let (2.., Ok(total)) = (count, sum.total()) {
            table.row([
                Cell::toned(Tone::Strong, "total"),
                Cell::default(),
                Cell::amount(total),
                Cell::new(currency.code()),
            ]);
        }
    }
    table
}

fn stated_cell(comparison: &Comparison) -> Cell {
    let agrees = comparison.stated == comparison.computed;
    Cell::toned(if agrees { Tone::Good } else { Tone::Caution }, comparison.stated.to_decimal())
}

/// Where the account's rows last parted from what its bank states, if they differ now.
fn newest_gap(
    vault: &Vault,
    balance: &ledger::Balance,
) -> Result<Option<(ledger::AccountId, BalanceGap)>, Failure> {
    if balance.stated.as_ref().is_none_or(|comparison| comparison.stated == comparison.computed) {
        return Ok(None);
    }
    let stated = vault.stated_balances(balance.account, balance.as_of)?;
    Ok(stated.gaps.into_iter().next_back().map(|gap| (balance.account, gap)))
}

fn tell_differences(
    balances: &[ledger::Balance],
    gaps: &[(ledger::AccountId, BalanceGap)],
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    for balance in balances {
        let Some(comparison) = balance.stated.as_ref().filter(|c| c.stated != c.computed) else { continue };
        let difference = comparison.difference().map(|d| d.to_string()).unwrap_or_default();
        session.console.say_toned(&[
            (Tone::Caution, "differs"),
            (
                Tone::Plain,
                &format!(
                    ": on {} the bank states {} for {}, its rows come to {} (difference {difference})",
                    comparison.date, comparison.stated, balance.name, comparison.computed
                ),
            ),
        ])?;
        if let Some((_, gap)) = gaps.iter().find(|(account, _)| *account == balance.account) {
            session.console.say(format!("  {gap}"))?;
        }
    }
    Ok(())
}
