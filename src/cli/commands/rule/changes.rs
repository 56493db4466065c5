//! `rule test`, `rule apply`, `rule suggest`: what rules would change, and changing it.

use super::shown::{RuleShape, accounts, sentence};
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table, Tone};
use crate::cli::session::Session;
use crate::cli::when::{Day, check_window, parse_day};
use clap::Args;
use finvault::ledger::{Rule, RuleId};
use finvault::vault::{RuleChange, RuleReport, RuleScope, Vault};
use serde::Serialize;

/// How many changes a person is shown; scripts get all.
const MOST_SHOWN: usize = 20;

/// Show what each rule would change among the transactions there are; nothing is changed
#[derive(Debug, Args)]
pub struct Test {
    /// Only this rule, with the transactions that it would change
    #[arg(value_name = "RULE")]
    id: Option<i64>,
    #[command(flatten)]
    window: Window,
}

/// Apply the rules to the transactions there are
///
/// A category that you chose yourself stays, and so does a payee that you wrote, and what is split. "tx edit" makes a
/// category yours.
#[derive(Debug, Args)]
pub struct Apply {
    #[command(flatten)]
    window: Window,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
}

/// Suggest rules, from the categories that you chose so far
///
/// A rule is suggested where at least 3 transactions whose payees begin alike, and 80 in 100 of those that you put into a
/// category, are in the same one. That is all that is learnt, and it stays in the vault.
#[derive(Debug, Args)]
pub struct Suggest {}

#[derive(Debug, Args)]
struct Window {
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

impl Window {
    fn scope(&self, vault: &Vault, session: &Session<'_>) -> Result<RuleScope, Failure> {
        let today = session.today();
        let from = self.from.map(|day| day.resolve(today));
        let to = self.to.map(|day| day.resolve(today));
        check_window(from, to)?;
        let account = self.account.as_deref().map(|name| vault.account(name)).transpose()?;
        Ok(RuleScope { account: account.map(|account| account.id), from, to })
    }
}

/// Changes as they are shown. Of many, people see the first ones.
#[derive(Default)]
pub struct Seen {
    /// Only what this rule does.
    only: Option<RuleId>,
    /// Whether to keep every one.
    all: bool,
    count: u64,
    shapes: Vec<ChangeShape>,
}

#[derive(Serialize)]
struct ChangeShape {
    id: i64,
    date: String,
    amount: String,
    currency: String,
    payee: String,
    category: Option<String>,
    new_payee: Option<String>,
    payee_rule: Option<i64>,
    new_category: Option<String>,
    category_rule: Option<i64>,
}

impl Seen {
    pub fn see(&mut self, change: &RuleChange) {
        let mut outcome = change.outcome.clone();
        if let Some(only) = self.only {
            outcome.payee = outcome.payee.filter(|(id, _)| *id == only);
            outcome.category = outcome.category.filter(|(id, _)| *id == only);
        }
        if outcome.payee.is_none() && outcome.category.is_none() {
            return;
        }
        self.count += 1;
        if !self.all && self.shapes.len() >= MOST_SHOWN {
            return;
        }
        let detail = &change.transaction.detail;
        self.shapes.push(ChangeShape {
            id: change.transaction.id.0,
            date: detail.posted.to_string(),
            amount: detail.amount.to_decimal(),
            currency: detail.amount.currency().code().to_owned(),
            payee: detail.payee.clone(),
            category: detail.category.clone(),
            payee_rule: outcome.payee.as_ref().map(|(id, _)| id.0),
            new_payee: outcome.payee.map(|(_, name)| name),
            category_rule: outcome.category.as_ref().map(|(id, _)| id.0),
            new_category: outcome.category.map(|(_, path)| path.to_string()),
        });
    }

    fn show(&self, session: &mut Session<'_>) -> Result<(), Failure> {
        let columns = [
            ("id", Align::Right),
            ("date", Align::Left),
            ("amount", Align::Right),
            ("payee", Align::Left),
            ("category", Align::Left),
            ("rule", Align::Left),
        ];
        let mut table = Table::new(&columns).flexible(3);
        for change in &self.shapes {
            let payee = match &change.new_payee {
                Some(new) => format!("{} -> {new}", change.payee),
                None => change.payee.clone(),
            };
            let category = match (&change.category, &change.new_category) {
                (Some(old), Some(new)) => format!("{old} -> {new}"),
                (None, Some(new)) => format!("-> {new}"),
                (old, None) => old.clone().unwrap_or_default(),
            };
            let mut rules: Vec<String> =
                [change.payee_rule, change.category_rule].iter().flatten().map(i64::to_string).collect();
            rules.dedup();
            table.row([
                Cell::new(change.id.to_string()),
                Cell::new(&change.date),
                Cell::new(&change.amount),
                Cell::new(payee),
                Cell::new(category),
                Cell::new(rules.join(", ")),
            ]);
        }
        if !table.is_empty() {
            session.console.table(&table)?;
        }
        let more = self.count.saturating_sub(self.shapes.len() as u64);
        if more > 0 {
            session.console.say(format!("... and {more} more; --json prints all"))?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct ReportShape<'a> {
    looked_at: u64,
    changed: u64,
    kept: u64,
    dry_run: bool,
    rules: Vec<UseShape>,
    changes: &'a [ChangeShape],
}

#[derive(Serialize)]
struct UseShape {
    rule: i64,
    matched: u64,
    payees: u64,
    categories: u64,
}

impl<'a> ReportShape<'a> {
    fn new(report: &RuleReport, seen: &'a Seen, dry_run: bool) -> Self {
        let shown = report.rules.iter().filter(|rule| seen.only.is_none_or(|only| only == rule.id));
        let rules = shown.map(|rule| UseShape {
            rule: rule.id.0,
            matched: rule.matched,
            payees: rule.payees,
            categories: rule.categories,
        });
        Self {
            looked_at: report.looked_at,
            changed: seen.count,
            kept: report.kept,
            dry_run,
            rules: rules.collect(),
            changes: &seen.shapes,
        }
    }
}

impl Test {
    pub fn run(self, vault: &mut Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let only = self.id.map(RuleId);
        let rule = only.map(|id| vault.rule(id)).transpose()?;
        let scope = self.window.scope(vault, session)?;
        let mut seen = Seen { only, all: session.console.is_json(), ..Seen::default() };
        let report = vault.apply_rules(&scope, true, &mut |change| seen.see(change))?;
        match rule {
            Some(rule) => show_one(vault, &rule, &report, &seen, session),
            None => show_each(vault, &report, &seen, session),
        }
    }
}

/// What one rule would change.
pub fn show_one(
    vault: &Vault,
    rule: &Rule,
    report: &RuleReport,
    seen: &Seen,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let names = accounts(vault)?;
    if session.console.is_json() {
        #[derive(Serialize)]
        struct Tried<'a> {
            #[serde(flatten)]
            rule: RuleShape,
            #[serde(flatten)]
            report: ReportShape<'a>,
        }
        let report = ReportShape::new(report, seen, true);
        return session.console.json(&Tried { rule: RuleShape::new(rule, &names), report });
    }
    session.console.say(sentence(rule, &names))?;
    seen.show(session)?;
    let matched = report.rules.iter().find(|used| used.id == rule.id).map_or(0, |used| used.matched);
    session.console.say(format!(
        "Matches {matched} of {}, would change {}. Nothing was changed.",
        transactions(report.looked_at),
        seen.count
    ))
}

/// How much each rule would change.
fn show_each(
    vault: &Vault,
    report: &RuleReport,
    seen: &Seen,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    if session.console.is_json() {
        return session.console.json(&ReportShape::new(report, seen, true));
    }
    let names = accounts(vault)?;
    let columns = [
        ("rule", Align::Right),
        ("matches", Align::Right),
        ("payees", Align::Right),
        ("categories", Align::Right),
        ("what it says", Align::Left),
    ];
    let mut table = Table::new(&columns).flexible(4);
    let rules = vault.rules()?;
    for (used, rule) in report.rules.iter().zip(&rules) {
        table.row([
            Cell::new(used.id.0.to_string()),
            Cell::new(used.matched.to_string()),
            Cell::new(used.payees.to_string()),
            Cell::new(used.categories.to_string()),
            Cell::new(sentence(rule, &names)),
        ]);
    }
    if rules.is_empty() {
        return session.console.say("No rules yet.");
    }
    session.console.table(&table)?;
    session.console.say(summary(report, "would change", "Nothing was changed."))
}

impl Apply {
    pub fn run(self, vault: &mut Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let scope = self.window.scope(vault, session)?;
        let mut seen = Seen { all: session.console.is_json(), ..Seen::default() };
        let report = vault.apply_rules(&scope, self.dry_run, &mut |change| seen.see(change))?;
        if session.console.is_json() {
            return session.console.json(&ReportShape::new(&report, &seen, self.dry_run));
        }
        seen.show(session)?;
        let text = if self.dry_run {
            summary(&report, "would change", "Nothing was changed: this was a dry run.")
        } else {
            summary(&report, "changed", "")
        };
        session.console.say(text)
    }
}

fn summary(report: &RuleReport, verb: &str, end: &str) -> String {
    let kept = match report.kept {
        0 => String::new(),
        1 => " 1 stays as you chose it.".to_owned(),
        more => format!(" {more} stay as you chose them."),
    };
    let text =
        format!("Looked at {}, {verb} {}.{kept} {end}", transactions(report.looked_at), report.changed);
    text.trim_end().to_owned()
}

fn transactions(count: u64) -> String {
    if count == 1 { "1 transaction".to_owned() } else { format!("{count} transactions") }
}

impl Suggest {
    pub fn run(self, vault: &Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let suggestions = vault.suggest_rules()?;
        if session.console.is_json() {
            #[derive(Serialize)]
            struct SuggestionShape<'a> {
                begins: &'a str,
                category: &'a str,
                agreeing: u64,
                categorised: u64,
                uncategorised: u64,
            }
            let shapes: Vec<SuggestionShape<'_>> = suggestions
                .iter()
                .map(|suggestion| SuggestionShape {
                    begins: &suggestion.begins,
                    category: &suggestion.category,
                    agreeing: suggestion.agreeing,
                    categorised: suggestion.filed,
                    uncategorised: suggestion.unfiled,
                })
                .collect();
            return session.console.json(&shapes);
        }
        if suggestions.is_empty() {
            return session.console.say("Nothing to suggest: too few categories were chosen by you so far, or rules give them already.");
        }
        for suggestion in &suggestions {
            let waiting = match suggestion.unfiled {
                0 => String::new(),
                1 => "; 1 more has no category".to_owned(),
                more => format!("; {more} more have no category"),
            };
            session.console.say(format!(
                "{}: {} of {} times {}{waiting}",
                suggestion.begins, suggestion.agreeing, suggestion.filed, suggestion.category
            ))?;
            session.console.say_toned(&[(
                Tone::Dim,
                &format!(
                    "  finvault rule add --begins {} --set-category {}",
                    quoted(&suggestion.begins),
                    quoted(&suggestion.category)
                ),
            )])?;
        }
        Ok(())
    }
}

/// A text as a shell takes it whole. Payees come from strangers: nothing in one may end the quotation.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ':' | '.' | '_' | '-' | '/');
    if !text.starts_with('-') && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_is_printed_for_a_shell_stays_one_word() {
        for (text, expected) in [
            ("Food:Groceries", "Food:Groceries"),
            ("GREEN GROCER", "'GREEN GROCER'"),
            ("O'Neil; rm $HOME", "'O'\\''Neil; rm $HOME'"),
            ("-x", "'-x'"),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }
}
