//! `rule`: payees cleaned up and categories given by rules of the owner's.

mod asked;
mod changes;
mod shown;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use asked::{Asked, Place};
use changes::{Apply, Suggest, Test};
use clap::{Args, Subcommand};
use finvault::ledger::RuleId;
use finvault::vault::{RuleScope, Vault};
use shown::{RuleShape, accounts, sentence};

/// Clean up payees and give categories by rules
///
/// Rules are tried in order. The first one that matches and sets a payee gives the payee, the first one that matches
/// and sets a category gives the category. They are applied to what is imported from now on, and by "rule apply" to
/// what is there; a category or payee that you chose yourself stays.
#[derive(Debug, Subcommand)]
pub enum Rule {
    Add(Add),
    /// List the rules in the order in which they are tried
    List,
    Edit(Edit),
    /// Remove a rule; what it did to transactions stays
    Remove {
        /// Its number, as "rule list" shows it
        #[arg(value_name = "RULE")]
        id: i64,
    },
    /// Try a rule earlier or later than now
    Move {
        /// Its number, as "rule list" shows it
        #[arg(value_name = "RULE")]
        id: i64,
        #[command(flatten)]
        place: Place,
    },
    Test(Test),
    Apply(Apply),
    Suggest(Suggest),
}

/// Add a rule, after all others unless told where
#[derive(Debug, Args)]
pub struct Add {
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    place: Place,
    /// Only show what it would change among the transactions there are
    #[arg(long)]
    dry_run: bool,
}

/// Change a rule; what is not given stays as it is
#[derive(Debug, Args)]
pub struct Edit {
    /// Its number, as "rule list" shows it
    #[arg(value_name = "RULE")]
    id: i64,
    #[command(flatten)]
    asked: Asked,
    /// Take a condition or an effect away; may be given several times
    #[arg(long, value_name = "WHAT")]
    clear: Vec<asked::Part>,
}

impl Rule {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let mut vault = session.open_vault()?;
        match self {
            Self::Add(add) => add.run(&mut vault, session)?,
            Self::List => list(&vault, session)?,
            Self::Edit(edit) => edit.run(&mut vault, session)?,
            Self::Remove { id } => {
                let rule = vault.remove_rule(RuleId(id))?;
                tell(&vault, &rule, "Removed", session)?;
            }
            Self::Move { id, place } => {
                let place = place.required()?;
                vault.move_rule(RuleId(id), place)?;
                list(&vault, session)?;
            }
            Self::Test(test) => test.run(&mut vault, session)?,
            Self::Apply(apply) => apply.run(&mut vault, session)?,
            Self::Suggest(suggest) => suggest.run(&vault, session)?,
        }
        vault.close()?;
        Ok(Exit::Done)
    }
}

impl Add {
    fn run(self, vault: &mut Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let new = self.asked.new_rule(vault)?;
        let place = self.place.or_last()?;
        if self.dry_run {
            let mut seen = changes::Seen::default();
            let scope = RuleScope::default();
            let (rule, report) = vault.try_rule(&new, place, &scope, &mut |change| seen.see(change))?;
            return changes::show_one(vault, &rule, &report, &seen, session);
        }
        let rule = vault.add_rule(&new, place)?;
        tell(vault, &rule, "Added", session)
    }
}

impl Edit {
    fn run(self, vault: &mut Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let before = vault.rule(RuleId(self.id))?;
        let new = self.asked.over(&before, &self.clear, vault)?;
        let rule = vault.replace_rule(before.id, &new)?;
        tell(vault, &rule, "Changed", session)
    }
}

fn tell(
    vault: &Vault,
    rule: &finvault::ledger::Rule,
    done: &str,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let names = accounts(vault)?;
    if session.console.is_json() {
        return session.console.json(&RuleShape::new(rule, &names));
    }
    session.console.say(format!("{done} rule {}: {}", rule.id.0, sentence(rule, &names)))
}

fn list(vault: &Vault, session: &mut Session<'_>) -> Result<(), Failure> {
    let rules = vault.rules()?;
    let names = accounts(vault)?;
    if session.console.is_json() {
        let shapes: Vec<RuleShape> = rules.iter().map(|rule| RuleShape::new(rule, &names)).collect();
        return session.console.json(&shapes);
    }
    if rules.is_empty() {
        return session
            .console
            .say("No rules yet: \"finvault rule suggest\" has ideas once you have chosen some categories.");
    }
    session.console.table(&shown::table(&rules, &names))
}
