//! How a file was understood, in words that a person can check.

use super::super::{CsvLayout, problem};
use super::answers::DateOrder;
use super::plan::{AmountRule, Plan};
use super::profile::CsvProfile;
use super::records::Rows;
use encoding_rs::Encoding;

/// What a plan takes for granted.
///
/// `first` is the text of the first row of data.
pub(super) fn told(
    plan: &Plan,
    encoding: &'static Encoding,
    profile: Option<&CsvProfile>,
    first: Option<&str>,
) -> CsvLayout {
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
        date_order: first.and_then(|row| order_of(row, plan)),
        date,
        decimal_mark: plan.mark,
        amount: amount(plan, &title),
    }
}

/// The order of the numbers of a date. Dates that begin with the year, and those whose month is a word, have theirs
/// whatever the order of the other dates.
fn order_of(row: &str, plan: &Plan) -> Option<DateOrder> {
    let mut rows = Rows::new(row, plan.delimiter).ok()?;
    let row = rows.next().ok()??;
    let cell = plan.dates.iter().map(|date| row.cell(date.column)).find(|cell| !cell.is_empty())?;
    let begins_with_year = cell.bytes().take_while(u8::is_ascii_digit).count() == 4;
    let names_month = cell.split(|c: char| !c.is_alphabetic()).any(|word| word.chars().count() >= 3);
    if begins_with_year {
        Some(DateOrder::YearMonthDay)
    } else if names_month || cell.bytes().all(|b| b.is_ascii_digit()) {
        None
    } else {
        Some(plan.order)
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
