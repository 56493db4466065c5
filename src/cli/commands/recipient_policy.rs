//! `recipient policy`: what a recipient may work out.

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use clap::Args;
use finvault::vault::{Collusion, InferencePolicy};
use serde::Serialize;

/// Show or set what a recipient may work out from all that you disclose to them
#[derive(Debug, Args)]
pub struct Policy {
    /// Their name
    #[arg(value_name = "RECIPIENT")]
    name: String,
    /// Refuse what makes the sum of fewer transactions than this known [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    k: Option<u64>,
    /// How many yes-or-no answers they get on one account; 19 find a balance to the cent [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=1000))]
    threshold_budget: Option<u64>,
    /// Where they could work out more together with other recipients: warn or refuse [default: warn]
    #[arg(long, value_name = "HOW", value_parser = parse_collusion)]
    collusion: Option<Collusion>,
}

#[derive(Serialize)]
struct PolicyShape<'a> {
    recipient: &'a str,
    k: u64,
    threshold_budget: u64,
    collusion: &'static str,
}

fn parse_collusion(text: &str) -> Result<Collusion, String> {
    [Collusion::Warn, Collusion::Refuse]
        .into_iter()
        .find(|collusion| collusion.as_str() == text)
        .ok_or_else(|| "say warn or refuse".to_owned())
}

impl Policy {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let mut vault = session.open_vault()?;
        let recipient = vault.recipient(&self.name)?;
        let known = vault.inference_policy(recipient.id)?;
        let policy = InferencePolicy {
            k: self.k.unwrap_or(known.k),
            threshold_budget: self.threshold_budget.unwrap_or(known.threshold_budget),
            collusion: self.collusion.unwrap_or(known.collusion),
        };
        if policy != known {
            vault.set_inference_policy(recipient.id, policy, session.now())?;
        }
        vault.close()?;
        if session.console.is_json() {
            session.console.json(&PolicyShape {
                recipient: &recipient.name,
                k: policy.k,
                threshold_budget: policy.threshold_budget,
                collusion: policy.collusion.as_str(),
            })?;
            return Ok(Exit::Done);
        }
        session.console.say(format!("{}:", recipient.name))?;
        session
            .console
            .say(format!("  refused:    what makes the sum of fewer than {} transactions known", policy.k))?;
        session
            .console
            .say(format!("  thresholds: {} yes-or-no answers on one account", policy.threshold_budget))?;
        let together = match policy.collusion {
            Collusion::Refuse => "refused",
            Collusion::Warn => "allowed, with a warning",
        };
        session.console.say(format!("  together with other recipients: {together}"))?;
        Ok(Exit::Done)
    }
}
