//! `disclosure exposure`: what a recipient, or all of them together, know in sum.

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::Tone;
use crate::cli::session::Session;
use clap::Args;
use finvault::money::Money;
use finvault::vault::{KnownGroup, ThresholdUse};
use serde::Serialize;

/// Show what a recipient knows in sum, counting everything ever disclosed
///
/// Beside what was told to them this lists what follows from it: sums of transactions that can be worked out
/// from balances and totals. Sums of few transactions are marked.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Exposure {
    /// What this recipient knows
    #[arg(long, value_name = "RECIPIENT")]
    to: Option<String>,
    /// What all recipients know if they put everything together
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct ExposureShape<'a> {
    recipient: Option<&'a str>,
    disclosures: u64,
    not_counted: u64,
    known: Vec<KnownShape<'a>>,
    thresholds: Vec<ThresholdShape<'a>>,
}

#[derive(Serialize)]
struct KnownShape<'a> {
    what: &'a str,
    accounts: &'a [String],
    transactions: u64,
    from: Option<String>,
    to: Option<String>,
    amount: Option<String>,
    currency: Option<String>,
    rounded: bool,
    too_small: bool,
    sentence: String,
}

#[derive(Serialize)]
struct ThresholdShape<'a> {
    account: &'a str,
    answers: u64,
    budget: Option<u64>,
}

impl<'a> From<&'a KnownGroup> for KnownShape<'a> {
    fn from(group: &'a KnownGroup) -> Self {
        Self {
            what: group.what,
            accounts: &group.accounts,
            transactions: group.transactions,
            from: group.from.map(|day| day.to_string()),
            to: group.to.map(|day| day.to_string()),
            amount: group.amount.map(Money::to_decimal),
            currency: group.amount.map(|amount| amount.currency().code().to_owned()),
            rounded: group.rounded,
            too_small: group.too_small,
            sentence: group.sentence(),
        }
    }
}

impl Exposure {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let vault = session.open_vault()?;
        let recipient = self.to.map(|name| vault.recipient(&name)).transpose()?;
        let exposure = vault.exposure(recipient.map(|recipient| recipient.id))?;
        vault.close()?;
        if session.console.is_json() {
            session.console.json(&ExposureShape {
                recipient: exposure.recipient.as_deref(),
                disclosures: exposure.disclosures,
                not_counted: exposure.not_counted,
                known: exposure.known.iter().map(KnownShape::from).collect(),
                thresholds: exposure
                    .thresholds
                    .iter()
                    .map(|used| ThresholdShape {
                        account: &used.account,
                        answers: used.answers,
                        budget: used.budget,
                    })
                    .collect(),
            })?;
            return Ok(Exit::Done);
        }
        print(&exposure, session)?;
        Ok(Exit::Done)
    }
}

fn print(exposure: &finvault::vault::Exposure, session: &mut Session<'_>) -> Result<(), Failure> {
    let who = exposure.recipient.as_deref().unwrap_or("All recipients together");
    let count = match exposure.disclosures {
        1 => "1 disclosure".to_owned(),
        count => format!("{count} disclosures"),
    };
    if exposure.known.is_empty() && exposure.thresholds.is_empty() {
        session.console.say(format!("Nothing about amounts was disclosed to {who}."))?;
    } else {
        let title = format!("{who}, from {count}:");
        session.console.say_toned(&[(Tone::Strong, &title)])?;
    }
    for group in &exposure.known {
        let mark = if group.too_small { "  (so few that each is as good as known)" } else { "" };
        session
            .console
            .say_toned(&[(Tone::Plain, &format!("  {}", group.sentence())), (Tone::Caution, mark)])?;
    }
    for used in &exposure.thresholds {
        session.console.say(format!("  {}", answers(used)))?;
    }
    if exposure.not_counted > 0 {
        session.console.say_toned(&[
            (Tone::Caution, "warning"),
            (Tone::Plain, &format!(": {} older disclosures are not counted", exposure.not_counted)),
        ])?;
    }
    Ok(())
}

fn answers(used: &ThresholdUse) -> String {
    let given = match used.answers {
        1 => "1 yes-or-no answer".to_owned(),
        count => format!("{count} yes-or-no answers"),
    };
    let budget = used.budget.map(|budget| format!(" of {budget} allowed")).unwrap_or_default();
    format!("{given}{budget} on \"{}\"", used.account)
}
