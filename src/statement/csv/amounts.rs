//! The amount and the currency of one row, by the plan's rule.

use super::super::{StatementError, problem};
use super::numbers::{self, Scan, Sign};
use super::plan::{AmountRule, DirectionWords, Plan};
use super::records::Row;
use super::refuse::bad_cell;
use super::vocabulary::{self, fold};
use crate::money::{Currency, Decimal, DecimalMark};
use regex::Regex;
use std::sync::LazyLock;

/// An amount with the currency that its cell shows.
#[derive(Debug)]
pub(super) struct CellMoney {
    /// `None` where no amount stands in the row.
    pub value: Option<Decimal>,
    pub currency: Option<String>,
}

/// The signed amount of a row.
///
/// # Errors
/// A cell that is no exact number, debit and credit both filled, and a direction that is not known.
pub(super) fn of_row(row: &Row<'_>, plan: &Plan) -> Result<CellMoney, StatementError> {
    match &plan.amount {
        AmountRule::Signed { column } => {
            let Some((scan, value)) = number(row, *column, plan.mark)? else {
                return Ok(CellMoney { value: None, currency: None });
            };
            let value = match scan.marker {
                Some(_) if scan.sign.is_some() => {
                    return Err(bad_cell(
                        row.line,
                        row.source,
                        "the amount carries both a sign and CR or DR",
                    ));
                }
                Some(Sign::Minus) => value.negated(),
                _ => value,
            };
            Ok(CellMoney { value: Some(value), currency: scan.currency })
        }
        AmountRule::Directed { column, direction, words } => {
            let Some((scan, value)) = number(row, *column, plan.mark)? else {
                return Ok(CellMoney { value: None, currency: None });
            };
            let cell = row.cell(*direction);
            let comes_in = match words {
                Some(words) => by_words(cell, words),
                None => vocabulary::direction(cell),
            };
            let Some(comes_in) = comes_in else {
                return Err(bad_cell(
                    row.line,
                    row.source,
                    format!(
                        "\"{}\" does not say whether the amount was paid or received",
                        problem::excerpt(cell)
                    ),
                ));
            };
            if value.is_negative() {
                return Err(bad_cell(
                    row.line,
                    row.source,
                    "the amount carries a sign although another column gives it",
                ));
            }
            Ok(CellMoney {
                value: Some(if comes_in { value } else { value.negated() }),
                currency: scan.currency,
            })
        }
        AmountRule::Split { debit, credit, debit_is_negative } => {
            let read = |column: &Option<usize>| match column {
                Some(column) => number(row, *column, plan.mark),
                None => Ok(None),
            };
            let (out, come) = (read(debit)?, read(credit)?);
            let is_nothing =
                |side: &Option<(Scan<'_>, Decimal)>| side.as_ref().is_none_or(|(_, value)| value.is_zero());
            match (out, come) {
                (None, None) => Ok(CellMoney { value: None, currency: None }),
                (Some(out), come) if is_nothing(&come) => {
                    let value = if *debit_is_negative { out.1 } else { out.1.negated() };
                    Ok(CellMoney { value: Some(value), currency: out.0.currency })
                }
                (out, Some(come)) if is_nothing(&out) => {
                    Ok(CellMoney { value: Some(come.1), currency: come.0.currency })
                }
                _ => Err(bad_cell(row.line, row.source, "the row holds both a debit and a credit")),
            }
        }
    }
}

fn by_words(cell: &str, words: &DirectionWords) -> Option<bool> {
    let folded = if matches!(cell.trim(), "+" | "-") { cell.trim().to_owned() } else { fold(cell) };
    if words.negative.contains(&folded) {
        return Some(false);
    }
    if words.positive.contains(&folded) {
        return Some(true);
    }
    match (words.negative.is_empty(), words.positive.is_empty()) {
        (false, true) => Some(true),
        (true, false) => Some(false),
        _ => None,
    }
}

fn number<'r>(
    row: &'r Row<'_>,
    column: usize,
    mark: DecimalMark,
) -> Result<Option<(Scan<'r>, Decimal)>, StatementError> {
    let cell = row.cell(column);
    if cell.is_empty() || matches!(cell, "-" | "--" | "\u{2013}") {
        return Ok(None);
    }
    let scan = numbers::scan(cell).ok_or_else(|| {
        bad_cell(row.line, row.source, format!("\"{}\" is no amount", problem::excerpt(cell)))
    })?;
    let value =
        numbers::value(&scan, mark).map_err(|error| bad_cell(row.line, row.source, error.to_string()))?;
    Ok(Some((scan, value)))
}

/// A number of which the sign does not depend on the rule: a fee, a balance.
///
/// # Errors
/// A cell that is no exact number.
pub(super) fn plain(row: &Row<'_>, cell: &str, mark: DecimalMark) -> Result<Decimal, StatementError> {
    let read = numbers::scan(cell).and_then(|scan| {
        let value = numbers::value(&scan, mark).ok()?;
        Some(if scan.marker == Some(Sign::Minus) { value.negated() } else { value })
    });
    read.ok_or_else(|| bad_cell(row.line, row.source, format!("\"{}\" is no amount", problem::excerpt(cell))))
}

/// The currency of a row: its column's, the file's, or the one its amount shows.
///
/// # Errors
/// A code that is not in ISO 4217, and an amount that shows another currency than the row's.
pub(super) fn currency_of(
    row: &Row<'_>,
    plan: &Plan,
    shown: Option<String>,
) -> Result<Option<Currency>, StatementError> {
    let shown = shown.and_then(|code| Currency::iso(&code).ok());
    let cell = plan.currency.map(|column| row.cell(column)).filter(|cell| !cell.is_empty());
    let stated = match cell {
        Some(cell) => numbers::currency_named(cell).map_err(|shown| {
            bad_cell(row.line, row.source, format!("\"{shown}\" is no currency code of ISO 4217"))
        })?,
        None => plan.fixed_currency,
    };
    match (stated, shown) {
        (Some(stated), Some(shown)) if stated != shown => Err(bad_cell(
            row.line,
            row.source,
            format!("the amount shows {shown}, the row or the column says {stated}"),
        )),
        (stated, shown) => Ok(stated.or(shown)),
    }
}

/// Whether a row says that it is a purchase (`true`) or a payment towards a card (`false`).
pub(super) fn purchase(kind: &str, payee: &str) -> Option<bool> {
    if !kind.is_empty()
        && matches!(
            fold(kind).as_str(),
            "purchase" | "sale" | "charge" | "purchases" | "kauf" | "achat" | "compra"
        )
    {
        return Some(true);
    }
    THANKS.as_ref().is_some_and(|thanks| thanks.is_match(&fold(payee))).then_some(false)
}

/// What a card's issuer writes of a payment, folded; one search for all of them.
static THANKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = [
        "payment thank you",
        "payment received",
        "autopay",
        "thank you for your payment",
        "paiement merci",
        "pagamento recebido",
        "paiement recu",
        "zahlung erhalten",
        "betaling ontvangen",
    ];
    Regex::new(&words.join("|")).ok()
});
