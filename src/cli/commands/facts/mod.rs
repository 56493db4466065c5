//! Facts of a disclosure as people and scripts read them, on the owner's side and on the recipient's.

mod shapes;
mod tables;

pub use shapes::FactShape;
pub use tables::print_rows;

use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::render::Tone;
use finvault::disclosure::{
    AccountFact, AccountLabel, BalanceFact, BalanceRangeFact, Condition, Enclosed, Evidence, Fact, Grade,
    Measure, Operator, PayeeForm, Selection, ThresholdFact, TotalsFact, TransactionsFact,
};

/// Every fact for scripts.
pub fn shapes(facts: &[Fact]) -> Vec<FactShape> {
    facts.iter().map(FactShape::from).collect()
}

/// Every fact for scripts, of each document whether it came along.
pub fn received_shapes(facts: &[Fact], enclosed: &Enclosed) -> Vec<FactShape> {
    let shape = |(place, fact)| FactShape::from(fact).with_enclosed(bytes_of(enclosed, place));
    facts.iter().enumerate().map(shape).collect()
}

/// Prints facts for people.
pub fn print(facts: &[Fact], console: &mut Console) -> Result<(), Failure> {
    facts.iter().try_for_each(|fact| print_fact(fact, None, console))
}

/// How long the document is that the fact at this place names; none where it did not come along.
fn bytes_of(enclosed: &Enclosed, place: usize) -> Option<usize> {
    enclosed.documents.iter().find(|document| document.fact == place).map(|document| document.bytes.len())
}

/// Prints the facts of a disclosure that arrived: of each document whether it came along, and each under its number
/// where something refers to numbers.
pub fn print_received(
    facts: &[Fact],
    enclosed: &Enclosed,
    numbered: bool,
    console: &mut Console,
) -> Result<(), Failure> {
    for (place, fact) in facts.iter().enumerate() {
        if numbered {
            print_number(place, console)?;
        }
        print_fact(fact, Some(bytes_of(enclosed, place)), console)?;
    }
    Ok(())
}

/// Prints facts for people, each under its number.
pub fn print_numbered(facts: &[Fact], console: &mut Console) -> Result<(), Failure> {
    for (place, fact) in facts.iter().enumerate() {
        print_number(place, console)?;
        print_fact(fact, None, console)?;
    }
    Ok(())
}

fn print_number(place: usize, console: &mut Console) -> Result<(), Failure> {
    console.say_toned(&[(Tone::Strong, &format!("Fact {}", place.saturating_add(1)))])
}

/// `arrived` says of a document whether it came along, and how long it is; none where that is not known.
fn print_fact(fact: &Fact, arrived: Option<Option<usize>>, console: &mut Console) -> Result<(), Failure> {
    match fact {
        Fact::Balance(fact) => print_balance(fact, console)?,
        Fact::BalanceRange(fact) => print_range(fact, console)?,
        Fact::Threshold(fact) => print_threshold(fact, console)?,
        Fact::Totals(fact) => print_totals(fact, console)?,
        Fact::Transactions(fact) => print_transactions(fact, console)?,
        Fact::Account(fact) => print_account(fact, console)?,
        Fact::Document(fact) => {
            let name = fact.file_name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
            console.say(format!("A file{name} of type {}", fact.media_type))?;
            console.say(format!("  SHA-256 {}", fact.sha256))?;
            match arrived {
                Some(Some(bytes)) => console.say(format!("  enclosed, {bytes} bytes"))?,
                Some(None) => {
                    console.say("  not enclosed: if you have the file, compare its SHA-256 with this one")?
                }
                None => {}
            }
        }
        other => {
            console.say(format!("A fact of a kind that this finvault does not know: {}", other.kind()))?
        }
    }
    if let Some(missing) = missing_data(fact.selection()) {
        console.say_toned(&[(Tone::Caution, &format!("  {missing}"))])?;
    }
    console.say_toned(&[(Tone::Dim, &format!("  {}", provenance(fact.evidence())))])?;
    Ok(())
}

fn print_balance(fact: &BalanceFact, console: &mut Console) -> Result<(), Failure> {
    let rounding = fact.selection.rounding.map(|step| format!(", rounded to {step}")).unwrap_or_default();
    console.say_toned(&[
        (Tone::Plain, &format!("{}: the balance at the end of {} is ", account(&fact.account), fact.as_of)),
        (Tone::Strong, &fact.amount.to_string()),
        (Tone::Plain, &rounding),
    ])
}

fn print_range(fact: &BalanceRangeFact, console: &mut Console) -> Result<(), Failure> {
    console.say_toned(&[
        (Tone::Plain, &format!("{}: the balance at the end of {} is ", account(&fact.account), fact.as_of)),
        (Tone::Strong, &format!("{} or more and less than {}", fact.at_least, fact.below)),
    ])
}

fn print_threshold(fact: &ThresholdFact, console: &mut Console) -> Result<(), Failure> {
    let bound = if fact.operator == Operator::AtMost { "at most" } else { "at least" };
    let window = fact.selection.window().map(|window| window.to_string()).unwrap_or_default();
    let question = match fact.measure {
        Measure::Closing => format!("the balance at the end of {window} is {bound} {}", fact.amount),
        Measure::EveryDay => format!("the balance is {bound} {} on every day, {window}", fact.amount),
        _ => format!("the balance is {bound} {} on average, {window}", fact.amount),
    };
    let answer = if fact.result { "yes" } else { "no" };
    console.say_toned(&[
        (Tone::Plain, &format!("{}: {question}: ", account(&fact.account))),
        (Tone::Strong, answer),
    ])?;
    if fact.measure != Measure::Closing {
        console.say(format!("  {} of {} days have data", fact.days_with_data, fact.window_days))?;
    }
    Ok(())
}

fn print_totals(fact: &TotalsFact, console: &mut Console) -> Result<(), Failure> {
    let rounding = fact.selection.rounding.map(|step| format!(", rounded to {step}")).unwrap_or_default();
    let by = fact.grouping.as_str();
    console.say(format!(
        "{}: totals by {} and {by} of {}{rounding}{}",
        account(&fact.account),
        fact.period.as_str(),
        describe(&fact.selection),
        form(fact.payees),
    ))?;
    tables::print_totals(fact, console)
}

fn print_transactions(fact: &TransactionsFact, console: &mut Console) -> Result<(), Failure> {
    let rounding = fact.selection.rounding.map(|step| format!(", rounded to {step}")).unwrap_or_default();
    console.say(format!(
        "{}: {}{rounding}{}",
        account(&fact.account),
        describe(&fact.selection),
        form(fact.payees)
    ))?;
    tables::print_table(fact, console)?;
    match fact.withheld {
        0 => Ok(()),
        1 => console.say("  1 more was signed and is not in this copy"),
        count => console.say(format!("  {count} more were signed and are not in this copy")),
    }
}

fn print_account(fact: &AccountFact, console: &mut Console) -> Result<(), Failure> {
    console.say(account(&fact.account))?;
    let details = fact.holder_details.stated().map(|(what, text)| (what, Some(text.to_owned())));
    let number = fact.number.as_ref().map(|number| match number.scheme() {
        Some(scheme) => format!("{} ({})", number.as_str(), scheme.as_str()),
        None => number.as_str().to_owned(),
    });
    for (what, text) in [
        ("number", number),
        ("holder", fact.holder.clone()),
        ("institution", fact.institution.clone()),
        ("kind", fact.kind.map(|kind| kind.to_string())),
        ("currency", fact.currency.clone()),
        ("known since", fact.known_since.map(|day| day.to_string())),
    ]
    .into_iter()
    .chain(details)
    {
        if let Some(text) = text {
            console.say(format!("  {:<12} {text}", format!("{what}:")))?;
        }
    }
    Ok(())
}

const fn form(payees: PayeeForm) -> &'static str {
    match payees {
        PayeeForm::Masked => ", payees by their initials",
        PayeeForm::Pseudonym => ", payees under pseudonyms",
        _ => "",
    }
}

fn account(label: &AccountLabel) -> String {
    match (&label.nickname, &label.number) {
        (Some(name), Some(number)) => format!("{name} ({number})"),
        (Some(name), None) => name.clone(),
        (None, Some(number)) => format!("Account {number}"),
        (None, None) => "An account that is not named".to_owned(),
    }
}

/// Of which days nothing is known, where that is stated and there are any.
pub fn missing_data(selection: &Selection) -> Option<String> {
    let gaps = selection.gaps.as_deref().filter(|gaps| !gaps.is_empty())?;
    let shown: Vec<String> = gaps.iter().take(3).map(ToString::to_string).collect();
    let more = match gaps.len().saturating_sub(3) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let days = match selection.gap_days().unwrap_or(0) {
        1 => "1 day".to_owned(),
        n => format!("{n} days"),
    };
    Some(format!("no data for {days}: {}{more}", shown.join(", ")))
}

fn describe(selection: &Selection) -> String {
    let count = match selection.matched {
        1 => "1 transaction".to_owned(),
        n => format!("{n} transactions"),
    };
    let window = match (selection.from, selection.to) {
        (Some(from), Some(to)) => format!(" from {from} to {to}"),
        (Some(from), None) => format!(" from {from} on"),
        (None, Some(to)) => format!(" up to {to}"),
        (None, None) => String::new(),
    };
    let filter: Vec<String> = selection.filter.iter().map(Condition::to_string).collect();
    let filter = if filter.is_empty() { String::new() } else { format!(", {}", filter.join(" and ")) };
    let held_back = if selection.suppressed > 0 {
        format!(", {} held back", selection.suppressed)
    } else {
        String::new()
    };
    format!("{count}{window}{filter}{held_back}")
}

fn provenance(evidence: &Evidence) -> String {
    match evidence.grade() {
        Grade::DerivedFromImportedStatement => match evidence.statements().len() {
            1 => "derived from 1 imported statement".to_owned(),
            count => format!("derived from {count} imported statements"),
        },
        _ => "self-asserted: the owner entered or changed at least part of it".to_owned(),
    }
}
