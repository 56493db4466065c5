//! How a file was understood, in words that a person can check.

use super::super::{CsvLayout, problem};
use super::plan::{AmountRule, Plan};
use super::profile::CsvProfile;
use encoding_rs::Encoding;

/// What a plan takes for granted.
pub(super) fn told(plan: &Plan, encoding: &'static Encoding, profile: Option<&CsvProfile>) -> CsvLayout {
    let title = |column: usize| match plan.titles.get(column).filter(|title| !title.is_empty()) {
        Some(title) => problem::excerpt(title),
        None => format!("number {}", column + 1),
    };
    let date = plan.dates.first().map(|date| title(date.column)).unwrap_or_default();
    CsvLayout {
        profile: profile.map(|profile| profile.name().to_owned()),
        delimiter: char::from(plan.delimiter),
        encoding: encoding.name(),
        columns: plan.titles.clone(),
        date_order: plan.order,
        date,
        decimal_mark: plan.mark,
        amount: amount(plan, &title),
    }
}

fn amount(plan: &Plan, title: &dyn Fn(usize) -> String) -> String {
    let mut words = match &plan.amount {
        AmountRule::Signed { column } => format!("amount from column {}", title(*column)),
        AmountRule::Directed { column, direction, .. } => {
            format!("amount from column {}, its sign from {}", title(*column), title(*direction))
        }
        AmountRule::Split { debit: Some(debit), credit: Some(credit), .. } => {
            format!("amount from columns {} and {}", title(*debit), title(*credit))
        }
        AmountRule::Split { debit: Some(debit), .. } => format!("money out from column {}", title(*debit)),
        AmountRule::Split { credit, .. } => {
            format!("money in from column {}", credit.map(title).unwrap_or_default())
        }
    };
    if plan.invert {
        words.push_str(", signs turned");
    }
    if let (Some(fee), true) = (plan.fee, plan.fee_on_top) {
        words.push_str(&format!(", less column {}", title(fee)));
    }
    words
}
