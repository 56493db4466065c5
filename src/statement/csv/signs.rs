//! What was paid and what was received: only ever as the file says it.

use super::super::problem::{self, excerpt};
use super::super::{Question, StatementError, StatementErrorKind};
use super::answers::Signs;
use super::columns::Columns;
use super::plan::AmountRule;
use super::refuse::{bad_cell, unsure};
use super::vocabulary::{self, Role};

/// Decides from names and contents.
///
/// # Errors
/// Unsure where the file does not say.
///
/// An answer counts where amounts stand in one column that no other column gives a sign.
pub(super) fn decide(columns: &Columns<'_>, told: Option<Signs>) -> Result<AmountRule, StatementError> {
    let rule = decide_rule(columns, told)?;
    if told.is_some() && !matches!(rule, AmountRule::Signed { .. }) {
        let columns_named: Vec<String> =
            rule.sources().into_iter().filter_map(|c| columns.header.texts.get(c).cloned()).collect();
        return Err(problem::whole_file(
            StatementErrorKind::Unsure,
            format!("the file itself says what was paid, in {}", excerpt(&columns_named.join(", "))),
            "leave --signs out, or say in a profile how the columns are to be read",
        ));
    }
    Ok(rule)
}

fn decide_rule(columns: &Columns<'_>, told: Option<Signs>) -> Result<AmountRule, StatementError> {
    let debit = columns.with(Role::Debit);
    let credit = columns.with(Role::Credit);
    let amounts = amount_columns(columns)?;
    let refuse = |message: String, hint: &str| Err(unsure(0, "", message, &columns.header.texts, hint));
    if debit.len() > 1 || credit.len() > 1 {
        let hint = "\"debit\": {\"column\": ...}, \"credit\": {\"column\": ...}";
        return refuse("several columns could be the debits or the credits".to_owned(), hint);
    }
    // Beside debits and credits an amount counts only where its name says that it is in the account's currency.
    let in_currency =
        |column: &usize| columns.header.names.get(*column).is_some_and(|name| name.currency.is_some());
    let has_split = debit.iter().chain(&credit).any(|column| columns.facts.column(*column).numbers > 0);
    let signed_amount =
        amounts.filter(|c| columns.facts.column(*c).minus > 0 && (in_currency(c) || !has_split));
    match (debit.first().copied(), credit.first().copied(), signed_amount) {
        (None, None, _) => match amounts {
            Some(column) => one_column(columns, column, told),
            None => match unnamed_amount(columns) {
                Some(column) => one_column(columns, column, told),
                None => refuse(
                    "no column is known to hold the amounts".to_owned(),
                    "\"amount\": {\"column\": ...}",
                ),
            },
        },
        (_, _, Some(column)) => one_column(columns, column, told),
        (debit, credit, None) => split(columns, debit, credit, amounts, told),
    }
}

/// The one column of numbers under a name that nobody knows, where it shows signs.
fn unnamed_amount(columns: &Columns<'_>) -> Option<usize> {
    let mut unnamed = (0..columns.header.names.len()).filter(|column| {
        let facts = columns.facts.column(*column);
        let unknown = columns.header.names.get(*column).is_some_and(|name| name.role.is_none());
        unknown && facts.numbers > 0 && facts.numbers == facts.filled && facts.money_like > 0
    });
    let only = unnamed.next()?;
    let facts = columns.facts.column(only);
    (unnamed.next().is_none() && facts.minus > 0 && facts.numbers == columns.facts.rows).then_some(only)
}

/// The column of amounts: the only one, or the only one whose name carries a currency.
fn amount_columns(columns: &Columns<'_>) -> Result<Option<usize>, StatementError> {
    let found =
        if columns.facts.rows == 0 { columns.with(Role::Amount) } else { columns.with_numbers(Role::Amount) };
    let with_currency: Vec<usize> = found
        .iter()
        .copied()
        .filter(|column| columns.header.names.get(*column).is_some_and(|name| name.currency.is_some()))
        .collect();
    match (&found[..], &with_currency[..]) {
        ([], _) => Ok(None),
        ([only], _) | (_, [only]) => Ok(Some(*only)),
        _ => {
            let names: Vec<&str> = found
                .iter()
                .filter_map(|column| columns.header.texts.get(*column))
                .map(String::as_str)
                .collect();
            Err(unsure(
                0,
                "",
                format!("several columns could be the amount: {}", names.join(", ")),
                &columns.header.texts,
                "\"amount\": {\"column\": ...}",
            ))
        }
    }
}

fn one_column(
    columns: &Columns<'_>,
    column: usize,
    told: Option<Signs>,
) -> Result<AmountRule, StatementError> {
    let facts = columns.facts.column(column);
    let signed = AmountRule::Signed { column };
    let hint = "\"invert\": true or false, \"sign\": {\"column\": ...} or \"debit\" and \"credit\"";
    let refuse = |message: &str| match &facts.misfit {
        Some((line, cell)) => Err(bad_cell(*line, cell, format!("\"{}\" is no amount", excerpt(cell)))),
        None if told.is_some() => Ok(AmountRule::Signed { column }),
        None => Err(unsure(0, "", message, &columns.header.texts, hint).asking(Question::Signs)),
    };
    if facts.markers > 0 {
        return if facts.markers == facts.numbers {
            Ok(signed)
        } else {
            refuse("some amounts carry CR or DR and others nothing")
        };
    }
    if facts.minus > 0 {
        return Ok(signed);
    }
    if let Some(direction) = direction_column(columns) {
        return Ok(AmountRule::Directed { column, direction, words: None });
    }
    if let Some((title, word)) = unknown_direction(columns) {
        return refuse(&format!(
            "\"{word}\" in the column {title} does not say whether money was paid or received"
        ));
    }
    if facts.plus > 0 {
        return if facts.unsigned() == 0 {
            Ok(signed)
        } else {
            refuse("some amounts carry a plus and others no sign, so it is not sure what was paid")
        };
    }
    if columns.facts.rows == 0 {
        return Ok(signed);
    }
    // A running balance would show the sign of every row but the oldest, so it settles nothing.
    refuse("no amount carries a sign and no column says what was paid and what received")
}

/// A word that is not known in a column most of whose rows say which way the money went.
fn unknown_direction(columns: &Columns<'_>) -> Option<(String, String)> {
    let rows = columns.facts.rows;
    let column = columns.with(Role::Direction).into_iter().find(|column| {
        let said = columns.facts.column(*column).directions;
        said < rows && said * 2 >= rows
    })?;
    let words = columns.facts.column(column).distinct;
    let word = words.into_iter().find(|word| vocabulary::direction(word).is_none())?;
    Some((excerpt(columns.header.texts.get(column)?), excerpt(&word)))
}

/// A column in which every row says which way the money went.
fn direction_column(columns: &Columns<'_>) -> Option<usize> {
    let rows = columns.facts.rows;
    let says_all = |column: &usize| rows > 0 && columns.facts.column(*column).directions == rows;
    if let Some(named) = columns.with(Role::Direction).into_iter().find(says_all) {
        return Some(named);
    }
    // A column with a name that nobody knows must show both ways to be believed.
    let mut unnamed = (0..columns.facts.columns.len()).filter(|column| {
        let role = columns.header.names.get(*column).and_then(|name| name.role);
        let facts = columns.facts.column(*column);
        role.is_none() && says_all(column) && facts.distinct.len() == 2
    });
    let only = unnamed.next()?;
    unnamed.next().is_none().then_some(only)
}

fn split(
    columns: &Columns<'_>,
    debit: Option<usize>,
    credit: Option<usize>,
    amount: Option<usize>,
    told: Option<Signs>,
) -> Result<AmountRule, StatementError> {
    let hint = "\"debit\": {\"column\": ...}, \"credit\": {\"column\": ...}, or \"amount\" with \"invert\"";
    let refuse = |message: &str| Err(unsure(0, "", message, &columns.header.texts, hint));
    let debits = debit.map(|column| columns.facts.column(column)).unwrap_or_default();
    let credits = credit.map(|column| columns.facts.column(column)).unwrap_or_default();
    if debits.numbers == 0 && credits.numbers == 0 && columns.facts.rows > 0 {
        // Named, but empty: the amounts stand elsewhere.
        return match amount {
            Some(column) => one_column(columns, column, told),
            None => refuse("the columns of debits and credits are empty"),
        };
    }
    if debit.is_none() && credits.minus > 0 {
        // A lone column "Inflow" with signs is an amount: what comes in is positive.
        return match credit {
            Some(column) => one_column(columns, column, told),
            None => refuse("no column is known to hold the amounts"),
        };
    }
    if credits.minus > 0 {
        return refuse("the column of credits holds amounts below zero");
    }
    let debit_is_negative = debits.minus > 0;
    if debit_is_negative && debits.minus < debits.nonzero {
        return refuse("the column of debits holds amounts above and below zero");
    }
    Ok(AmountRule::Split { debit, credit, debit_is_negative })
}
