//! `disclose`: which facts, for whom and what for. Shows what will leave, asks, and seals it for one recipient.

mod arguments;
mod asked;
mod delivery;
mod document;
mod drafting;
mod form;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::when::{Day, parse_day};
pub(super) use arguments::parse_profile_field;
use arguments::{Around, FactArguments, more_facts};
use clap::{Args, Subcommand};
use delivery::{Chosen, Delivery, Plan};
pub(super) use delivery::{PreviewShape, free_name, preview, print_preview, tell, tell_passcode};
use finvault::disclosure::{Lifetime, Purpose, Terms};
pub(super) use form::FormChoice;

/// Disclose facts to one recipient: signed, sealed, expiring, logged
#[derive(Debug, Subcommand)]
pub enum Disclose {
    /// Disclose what an account's balance is
    Balance(Stating<arguments::Balance>),
    /// Disclose whether an account's balance reaches an amount: yes or no
    Threshold(Stating<arguments::Threshold>),
    /// Disclose sums and counts by period, without the transactions
    Totals(Stating<arguments::Totals>),
    /// Disclose some of an account's transactions, with chosen fields only
    Transactions(Stating<arguments::Transactions>),
    /// Disclose that an account exists, and what you choose about it
    Account(Stating<arguments::AccountArguments>),
    #[command(visible_alias = "receipt")]
    Document(Stating<document::Document>),
    Preset(asked::FromPreset),
    Request(asked::FromRequest),
}

/// A fact, and what every disclosure says.
#[derive(Debug, Args)]
pub struct Stating<F: Args> {
    #[command(flatten)]
    fact: F,
    #[command(flatten)]
    common: Common,
}

/// What every disclosure says, and where it goes.
#[derive(Debug, Args)]
pub struct Common {
    /// The recipient. Given twice, the one that is a day is the window's end
    #[arg(long, value_name = "RECIPIENT", required = true)]
    to: Vec<String>,
    /// What they may use it for
    #[arg(long, value_name = "TEXT")]
    purpose: String,
    /// The purpose as a word for programs: 1 to 64 of a-z, 0-9 and hyphens
    #[arg(long, value_name = "CODE", default_value = "other")]
    purpose_code: String,
    #[command(flatten)]
    delivery: Delivery,
    /// Another fact in the same disclosure, with its options: --and balance --account Savings. Comes
    /// last, and as often as there are facts
    #[arg(long, value_name = "FACT", num_args = 1.., allow_hyphen_values = true)]
    and: Vec<String>,
}

/// What becomes of what is chosen.
pub enum Way {
    /// It is sealed at once.
    Seal,
    /// It becomes a draft for these reviewers and those whom the recipient's policy names.
    Draft(Vec<String>),
}

impl Disclose {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        self.run_as(session, &Way::Seal)
    }

    /// Chooses the same, and goes on in this way.
    pub fn run_as(self, session: &mut Session<'_>, way: &Way) -> Result<Exit, Failure> {
        match self {
            Self::Balance(asked) => asked.common.run(session, way, FactArguments::Balance(asked.fact)),
            Self::Threshold(asked) => asked.common.run(session, way, FactArguments::Threshold(asked.fact)),
            Self::Totals(asked) => asked.common.run(session, way, FactArguments::Totals(asked.fact)),
            Self::Transactions(asked) => {
                asked.common.run(session, way, FactArguments::Transactions(asked.fact))
            }
            Self::Account(asked) => asked.common.run(session, way, FactArguments::Account(asked.fact)),
            Self::Document(asked) => asked.common.run(session, way, FactArguments::Document(asked.fact)),
            Self::Preset(asked) => asked.run(session, way),
            Self::Request(asked) => asked.run(session, way),
        }
    }
}

/// Tells the recipient from a window's end where `--to` gives both.
fn recipient_and_end(to: &[String], has_window: bool) -> Result<(&str, Option<Day>), Failure> {
    let (days, names): (Vec<&String>, Vec<&String>) =
        to.iter().partition(|text| has_window && parse_day(text).is_ok());
    let end = match days.as_slice() {
        [] => None,
        [text] => parse_day(text).ok(),
        _ => return Err(Failure::usage("the window's last day is given twice").help("give --until once")),
    };
    match names.as_slice() {
        [name] => Ok((name, end)),
        [] => Err(Failure::usage("the recipient is missing").help("name them with --to RECIPIENT")),
        _ => Err(Failure::usage("a disclosure is for one recipient").help("run the command once for each")),
    }
}

impl Common {
    fn run(self, session: &mut Session<'_>, way: &Way, first: FactArguments) -> Result<Exit, Failure> {
        let (recipient, until) = recipient_and_end(&self.to, first.takes_window())?;
        let label = self.delivery.account_label;
        let here = Around { today: session.today(), until, label };
        let others = Around { until: None, ..here };
        first.check(here)?;
        let more = more_facts(&self.and)?;
        more.iter().try_for_each(|fact| fact.check(others))?;
        let purpose = Purpose::new(&self.purpose_code, &self.purpose).map_err(|error| {
            Failure::usage(error.to_string()).help("say with --purpose what the facts may be used for")
        })?;
        let plan = Plan { purpose, terms: Terms::default(), lifetime: Lifetime::default() };
        self.delivery.run(session, recipient, plan, way, |vault, _| {
            let mut facts = vec![first.request(vault, here)?];
            for fact in &more {
                facts.push(fact.request(vault, others)?);
            }
            Ok(Chosen { facts, notes: Vec::new() })
        })
    }
}
