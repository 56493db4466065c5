//! `transfer`: pairs of rows between the owner's accounts: listed, accepted, rejected, linked, unlinked.

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table, Tone};
use crate::cli::session::Session;
use crate::cli::when::{Day, check_window, parse_day};
use clap::{ArgGroup, Args, Subcommand};
use finvault::ledger::transfer::{SURE_SCORE, Side, rate};
use finvault::ledger::{AccountId, TransactionId, Transfer, TransferProposal};
use finvault::vault::Vault;
use serde::Serialize;
use std::collections::BTreeMap;

/// Find and link transfers between your accounts, which are no income and no spending
#[derive(Debug, Subcommand)]
pub enum TransferCommand {
    List(List),
    Accept(Accept),
    /// Keep proposed transfers from being proposed again
    Reject {
        /// Transactions in them, as "transfer list" shows them
        #[arg(required = true)]
        ids: Vec<i64>,
    },
    /// Link two transactions as one transfer, proposed or not
    Link {
        /// The one side
        one: i64,
        /// The other side
        other: i64,
    },
    /// Take the link of a transfer back; it is not proposed again
    Unlink {
        /// One of its two transactions
        id: i64,
    },
}

/// List what looks like a transfer, the surest first, with what speaks for it
#[derive(Debug, Args)]
pub struct List {
    /// The linked ones instead
    #[arg(long, conflicts_with_all = ["from", "to"])]
    linked: bool,
    /// Among rows from this day on
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    from: Option<Day>,
    /// Among rows up to this day
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    to: Option<Day>,
}

/// Link proposed transfers
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true))]
pub struct Accept {
    /// Transactions in them, as "transfer list" shows them
    #[arg(group = "which")]
    ids: Vec<i64>,
    /// All that are proposed with high confidence
    #[arg(long, group = "which")]
    sure: bool,
}

impl TransferCommand {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let mut vault = session.open_vault()?;
        match self {
            Self::List(list) => list.run(&vault, session)?,
            Self::Accept(accept) => accept.run(&mut vault, session)?,
            Self::Reject { ids } => {
                let rejected = vault.reject_transfers(&transactions(&ids))?;
                let shapes = proposal_shapes(&vault, &rejected)?;
                if session.console.is_json() {
                    session.console.json(&shapes)?;
                } else {
                    for shape in shapes {
                        session.console.say(format!("Not proposed again: {}", shape.pair.words()))?;
                    }
                }
            }
            Self::Link { one, other } => {
                let linked = vault.link_transfer(TransactionId(one), TransactionId(other), session.now())?;
                tell_linked(&vault, &[linked], session)?;
            }
            Self::Unlink { id } => {
                let (from, to) = vault.unlink_transfer(TransactionId(id))?;
                if session.console.is_json() {
                    session.console.json(&serde_json::json!({ "from": from.0, "to": to.0 }))?;
                } else {
                    session
                        .console
                        .say(format!("Transactions {} and {} are no transfer any more", from.0, to.0))?;
                }
            }
        }
        vault.close()?;
        Ok(Exit::Done)
    }
}

impl List {
    fn run(self, vault: &Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        if self.linked {
            let shapes = pair_shapes(vault, &vault.transfers()?)?;
            if session.console.is_json() {
                return session.console.json(&shapes);
            }
            if shapes.is_empty() {
                return session.console.say("No linked transfers.");
            }
            let mut table = Table::new(&COLUMNS[..6]).flexible(1);
            shapes.iter().for_each(|pair| table.row(pair.cells()));
            return session.console.table(&table);
        }
        let today = session.today();
        let from = self.from.map(|day| day.resolve(today));
        let to = self.to.map(|day| day.resolve(today));
        check_window(from, to)?;
        let shapes = proposal_shapes(vault, &vault.proposed_transfers(from, to)?)?;
        if session.console.is_json() {
            return session.console.json(&shapes);
        }
        if shapes.is_empty() {
            return session.console.say("Nothing looks like a transfer between your accounts.");
        }
        let mut table = Table::new(&COLUMNS).flexible(7);
        for shape in &shapes {
            let tone = if shape.score >= SURE_SCORE { Tone::Good } else { Tone::Caution };
            let mut cells = shape.pair.cells();
            cells.extend([Cell::toned(tone, shape.confidence), Cell::new(shape.reasons.join(", "))]);
            table.row(cells);
        }
        session.console.table(&table)
    }
}

impl Accept {
    fn run(self, vault: &mut Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let ids = if self.sure {
            let proposals = vault.proposed_transfers(None, None)?;
            proposals.iter().filter(|pair| pair.score >= SURE_SCORE).map(|pair| pair.from.id).collect()
        } else {
            transactions(&self.ids)
        };
        let linked = vault.accept_transfers(&ids, session.now())?;
        tell_linked(vault, &linked, session)
    }
}

const COLUMNS: [(&str, Align); 8] = [
    ("date", Align::Left),
    ("from", Align::Left),
    ("amount", Align::Right),
    ("to", Align::Left),
    ("amount", Align::Right),
    ("transactions", Align::Left),
    ("confidence", Align::Left),
    ("why", Align::Left),
];

fn transactions(ids: &[i64]) -> Vec<TransactionId> {
    ids.iter().map(|id| TransactionId(*id)).collect()
}

fn tell_linked(vault: &Vault, linked: &[Transfer], session: &mut Session<'_>) -> Result<(), Failure> {
    let shapes = pair_shapes(vault, linked)?;
    if session.console.is_json() {
        return session.console.json(&shapes);
    }
    if shapes.is_empty() {
        return session.console.say("Nothing was linked.");
    }
    for pair in shapes {
        session.console.say(format!("Linked: {}", pair.words()))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct SideShape {
    transaction: i64,
    account: String,
    date: String,
    amount: String,
    currency: String,
}

#[derive(Serialize)]
struct PairShape {
    from: SideShape,
    to: SideShape,
    /// How much of the other currency came for one of the first.
    rate: Option<String>,
}

#[derive(Serialize)]
struct ProposalShape {
    #[serde(flatten)]
    pair: PairShape,
    confidence: &'static str,
    score: u8,
    reasons: Vec<String>,
}

impl PairShape {
    fn new(from: &Side, to: &Side, names: &BTreeMap<AccountId, String>) -> Self {
        let side = |side: &Side| SideShape {
            transaction: side.id.0,
            account: names.get(&side.account).cloned().unwrap_or_default(),
            date: side.posted.to_string(),
            amount: side.amount.to_decimal(),
            currency: side.amount.currency().code().to_owned(),
        };
        Self { from: side(from), to: side(to), rate: rate(from.amount, to.amount) }
    }

    fn cells(&self) -> Vec<Cell> {
        let amount = |side: &SideShape| Cell::new(format!("{} {}", side.amount, side.currency));
        vec![
            Cell::new(&self.from.date),
            Cell::new(&self.from.account),
            amount(&self.from),
            Cell::new(&self.to.account),
            amount(&self.to),
            Cell::new(format!("{} {}", self.from.transaction, self.to.transaction)),
        ]
    }

    fn words(&self) -> String {
        let (from, to) = (&self.from, &self.to);
        let rate = self
            .rate
            .as_ref()
            .map(|rate| format!(", at {rate} {} for 1 {}", to.currency, from.currency))
            .unwrap_or_default();
        format!(
            "{} {} {} from {} (transaction {}) to {} (transaction {}){rate}",
            from.date, from.amount, from.currency, from.account, from.transaction, to.account, to.transaction
        )
    }
}

fn names(vault: &Vault) -> Result<BTreeMap<AccountId, String>, Failure> {
    Ok(vault.accounts()?.into_iter().map(|account| (account.id, account.name)).collect())
}

fn pair_shapes(vault: &Vault, transfers: &[Transfer]) -> Result<Vec<PairShape>, Failure> {
    let names = names(vault)?;
    Ok(transfers.iter().map(|pair| PairShape::new(&pair.from, &pair.to, &names)).collect())
}

fn proposal_shapes(vault: &Vault, proposals: &[TransferProposal]) -> Result<Vec<ProposalShape>, Failure> {
    let names = names(vault)?;
    let shape = |proposal: &TransferProposal| ProposalShape {
        pair: PairShape::new(&proposal.from, &proposal.to, &names),
        confidence: proposal.confidence(),
        score: proposal.score,
        reasons: proposal.reasons.clone(),
    };
    Ok(proposals.iter().map(shape).collect())
}
