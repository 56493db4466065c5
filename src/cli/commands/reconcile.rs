//! `reconcile`: compare an account with its bank's balances, settle what agrees, open it again.

use super::shapes::amount;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table, Tone};
use crate::cli::session::Session;
use crate::cli::when::{Day, parse_day};
use clap::Args;
use finvault::ledger::{Account, BalanceGap};
use finvault::vault::{StatedBalances, Vault};
use serde::Serialize;

/// Compare an account with what its bank states, and settle what agrees
///
/// With --date and --balance, where the rows come to just that balance at the end of that day, they are
/// reconciled: their day, amount and texts are not changed, and they are not deleted, unless you ask for it.
/// Without them the balances that statements state are shown beside what the rows come to, and on which days the
/// two parted.
#[derive(Debug, Args)]
pub struct Reconcile {
    /// The account's name, or the beginning of it
    #[arg(long)]
    account: String,
    /// At the end of this day
    #[arg(long, value_name = "DAY", value_parser = parse_day, requires = "balance")]
    date: Option<Day>,
    /// What the bank says the balance is then
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true, requires = "date")]
    balance: Option<String>,
    /// Open what was reconciled from this day on again
    #[arg(long, value_name = "DAY", value_parser = parse_day, conflicts_with_all = ["date", "balance"])]
    reopen: Option<Day>,
}

impl Reconcile {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let today = session.today();
        let mut vault = session.open_vault()?;
        let account = vault.account(&self.account)?;
        match (self.date, self.balance, self.reopen) {
            (Some(day), Some(text), _) => {
                let balance = amount(&text, account.currency, "--balance")?;
                let done = vault.reconcile(account.id, day.resolve(today), balance, session.now())?;
                if session.console.is_json() {
                    session.console.json(&serde_json::json!({
                        "account": done.account.name,
                        "date": done.day.to_string(),
                        "balance": done.balance.to_decimal(),
                        "rows": done.rows,
                    }))?;
                } else {
                    session.console.say(format!(
                        "{} agrees: {} at the end of {}. Rows settled by that: {}",
                        done.account.name, done.balance, done.day, done.rows
                    ))?;
                }
            }
            (_, _, Some(day)) => {
                let from = day.resolve(today);
                let rows = vault.reopen(account.id, from)?;
                if session.console.is_json() {
                    let name = &account.name;
                    session.console.json(
                        &serde_json::json!({ "account": name, "from": from.to_string(), "rows": rows }),
                    )?;
                } else {
                    session.console.say(format!(
                        "{} is open from {from} on. Rows opened by that: {rows}",
                        account.name
                    ))?;
                }
            }
            _ => show(&vault, &account, session)?,
        }
        vault.close()?;
        Ok(Exit::Done)
    }
}

fn show(vault: &Vault, account: &Account, session: &mut Session<'_>) -> Result<(), Failure> {
    let stated = vault.stated_balances(account.id, session.today())?;
    if session.console.is_json() {
        return session.console.json(&StatedShape::new(&stated));
    }
    if stated.stated.is_empty() {
        session.console.say(format!("No statement states a balance of {}.", account.name))?;
    } else {
        session.console.table(&table(&stated))?;
    }
    for gap in &stated.gaps {
        session.console.say_toned(&[(Tone::Caution, "differs"), (Tone::Plain, &format!(": {gap}"))])?;
    }
    match stated.reconciled.last() {
        Some((day, balance)) => session.console.say(format!("Reconciled up to {day}, at {balance}")),
        None => {
            session.console.say("Nothing is reconciled yet: give --date and --balance to settle what agrees.")
        }
    }
}

fn table(stated: &StatedBalances) -> Table {
    let mut table = Table::new(&[
        ("on", Align::Left),
        ("kind", Align::Left),
        ("bank states", Align::Right),
        ("rows come to", Align::Right),
        ("import", Align::Right),
    ]);
    for (balance, computed) in &stated.stated {
        let agrees = computed.is_none_or(|computed| computed == balance.amount);
        let tone = if agrees { Tone::Plain } else { Tone::Caution };
        table.row([
            Cell::new(balance.date.to_string()),
            Cell::new(balance.kind.as_str()),
            Cell::amount(balance.amount),
            Cell::toned(tone, computed.map(finvault::money::Money::to_decimal).unwrap_or_default()),
            Cell::new(balance.batch.0.to_string()),
        ]);
    }
    table
}

#[derive(Serialize)]
struct StatedShape {
    account: String,
    currency: String,
    stated: Vec<BalanceShape>,
    gaps: Vec<GapShape>,
    reconciled: Vec<ReconciledShape>,
}

#[derive(Serialize)]
struct BalanceShape {
    date: String,
    kind: &'static str,
    amount: String,
    computed: Option<String>,
    batch: i64,
}

#[derive(Serialize)]
struct GapShape {
    from: String,
    to: String,
    change: String,
    stated: String,
    computed: String,
    without_statement: Vec<(String, String)>,
}

#[derive(Serialize)]
struct ReconciledShape {
    date: String,
    balance: String,
}

impl StatedShape {
    fn new(stated: &StatedBalances) -> Self {
        let gap = |gap: &BalanceGap| GapShape {
            from: gap.first_day.to_string(),
            to: gap.last_day.to_string(),
            change: gap.change.to_decimal(),
            stated: gap.stated.to_decimal(),
            computed: gap.computed.to_decimal(),
            without_statement: gap
                .without_statement
                .iter()
                .map(|(first, last)| (first.to_string(), last.to_string()))
                .collect(),
        };
        Self {
            account: stated.account.name.clone(),
            currency: stated.account.currency.code().to_owned(),
            stated: stated
                .stated
                .iter()
                .map(|(balance, computed)| BalanceShape {
                    date: balance.date.to_string(),
                    kind: balance.kind.as_str(),
                    amount: balance.amount.to_decimal(),
                    computed: computed.map(finvault::money::Money::to_decimal),
                    batch: balance.batch.0,
                })
                .collect(),
            gaps: stated.gaps.iter().map(gap).collect(),
            reconciled: stated
                .reconciled
                .iter()
                .map(|(day, balance)| ReconciledShape {
                    date: day.to_string(),
                    balance: balance.to_decimal(),
                })
                .collect(),
        }
    }
}
