//! One sentence on what a fact tells its recipient.

use crate::disclosure::{
    AccountFact, AccountLabel, DaySpan, Fact, Grouping, Measure, Operator, PayeeForm, Period, Selection,
    ThresholdFact, TotalsFact, TransactionsFact,
};

/// One sentence on what a fact tells its recipient.
pub(in crate::vault) fn sentence(fact: &Fact) -> String {
    let called = called(fact.account());
    match fact {
        Fact::Balance(fact) => {
            let rounding = match fact.selection.rounding {
                Some(step) => format!(", rounded to the nearest {step}"),
                None => ", to the last digit".to_owned(),
            };
            format!("{called} held {} at the end of {}{rounding}", fact.amount, fact.as_of)
        }
        Fact::BalanceRange(fact) => {
            format!(
                "{called} held {} or more and less than {} at the end of {}",
                fact.at_least, fact.below, fact.as_of
            )
        }
        Fact::Threshold(fact) => threshold(fact, &called),
        Fact::Totals(fact) => totals(fact, &called),
        Fact::Transactions(fact) => transactions(fact, &called),
        Fact::Account(fact) => account(fact),
        Fact::Document(fact) => {
            let name = fact.file_name.as_ref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
            format!("a file{name} of type {} with the SHA-256 {}", fact.media_type, fact.sha256)
        }
    }
}

fn called(account: &AccountLabel) -> String {
    match (&account.nickname, &account.number) {
        (Some(name), Some(number)) => format!("the account \"{name}\" ({number})"),
        (Some(name), None) => format!("the account \"{name}\""),
        (None, Some(number)) => format!("the account {number}"),
        (None, None) => "an account that is not named".to_owned(),
    }
}

fn threshold(fact: &ThresholdFact, called: &str) -> String {
    let verb = if fact.result { "held" } else { "did not hold" };
    let bound = if fact.operator == Operator::AtMost { "at most" } else { "at least" };
    let window = fact.selection.window().map(|window| window.to_string()).unwrap_or_default();
    let when = match fact.measure {
        Measure::Closing => format!("at the end of {window}"),
        Measure::EveryDay => format!("on every day from {window}"),
        Measure::Average => format!("on average from {window}"),
    };
    let data = if fact.days_with_data == fact.window_days {
        String::new()
    } else {
        format!(" (of {} days, {} have data)", fact.window_days, fact.days_with_data)
    };
    format!("{called} {verb} {bound} {} {when}{data}", fact.amount)
}

fn totals(fact: &TotalsFact, called: &str) -> String {
    let cells: usize = fact.periods.iter().map(|period| period.cells.len()).sum();
    let hidden: u64 = fact.periods.iter().map(|period| period.suppressed_cells).sum();
    let by = match fact.grouping {
        Grouping::Flow => "income and spending".to_owned(),
        Grouping::Category => "category".to_owned(),
        Grouping::Payee => format!("payee ({})", form(fact.payees)),
    };
    let over = match fact.period {
        Period::Window => "over the whole window".to_owned(),
        period => format!("by {}", period.as_str()),
    };
    let held_back = match hidden {
        0 => String::new(),
        1 => format!(", 1 total of fewer than {} transactions held back", fact.min_rows),
        n => {
            format!(", {n} totals held back, so that none of fewer than {} transactions shows", fact.min_rows)
        }
    };
    let whole = if fact.periods.iter().any(|period| period.whole.is_some()) {
        ", with each period's whole"
    } else {
        ""
    };
    let rounding = fact.selection.rounding.map(|step| format!(", rounded to {step}")).unwrap_or_default();
    let totals = counted(cells as u64, "total");
    format!(
        "{totals} of {called}{}, {over} and {by}{whole}{rounding}{held_back}",
        window_and_filter(&fact.selection)
    )
}

fn transactions(fact: &TransactionsFact, called: &str) -> String {
    let rows = counted(fact.rows.len() as u64, "transaction");
    let payees = match fact.payees {
        PayeeForm::Shown => String::new(),
        form_of_payees => format!(", payees as {}", form(form_of_payees)),
    };
    let rounding =
        fact.selection.rounding.map(|step| format!(", amounts rounded to {step}")).unwrap_or_default();
    let capped = match fact.selection.suppressed {
        0 => String::new(),
        n => format!(", the newest; {n} more that match are held back"),
    };
    format!("{rows} of {called}{}{payees}{rounding}{capped}", window_and_filter(&fact.selection))
}

const fn form(payees: PayeeForm) -> &'static str {
    match payees {
        PayeeForm::Shown => "names",
        PayeeForm::Masked => "initials",
        PayeeForm::Pseudonym => "pseudonyms",
    }
}

fn account(fact: &AccountFact) -> String {
    let mut parts = Vec::new();
    let kind = fact.kind.map_or_else(|| "an".to_owned(), |kind| format!("a {kind}"));
    let mut text = format!("there is {kind} account");
    if let Some(name) = &fact.account.nickname {
        text.push_str(&format!(" \"{name}\""));
    }
    if let Some(number) = &fact.account.number {
        text.push_str(&format!(" {number}"));
    }
    if let Some(number) = &fact.number {
        // The sentence is kept in the log; the number itself stands in the fact alone.
        parts.push(format!("with its WHOLE NUMBER (ending as {})", number.masked()));
    }
    if let Some(currency) = &fact.currency {
        parts.push(format!("in {currency}"));
    }
    if let Some(institution) = &fact.institution {
        parts.push(format!("at \"{institution}\""));
    }
    if let Some(holder) = &fact.holder {
        parts.push(format!("of \"{holder}\""));
    }
    for (word, value) in fact.holder_details.stated() {
        parts.push(format!("({word}: \"{value}\")"));
    }
    if let Some(day) = fact.known_since {
        parts.push(format!("known since {day}"));
    }
    for part in parts {
        text.push(' ');
        text.push_str(&part);
    }
    text
}

fn window_and_filter(selection: &Selection) -> String {
    let window = match selection.window() {
        Some(DaySpan { from, to }) => format!(" from {from} to {to}"),
        None => String::new(),
    };
    let filter: String = selection.filter.iter().map(|condition| format!(", {condition}")).collect();
    format!("{window}{filter}")
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
