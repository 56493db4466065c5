//! One record of a brokerage account: what it moves in cash. Shares that come, go or are split move none, and
//! become a row of nothing whose memo says what happened.

use super::super::wording::clean;
use super::super::{StatementError, StatementErrorKind, StatementRow, Warning};
use super::records::Record;
use super::survey::Survey;
use super::transactions::{day, status, total};
use crate::ledger::NewTransaction;
use crate::money::{Currency, Money};

/// What an action does to the account's cash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cash {
    /// Raises it.
    In,
    /// Lowers it.
    Out,
    /// As the amount is signed.
    Signed,
    /// Raises it, and what `$` says goes on to another account.
    InAndOn,
    /// Lowers it, and what `$` says comes from another account.
    OutFromElsewhere,
    /// Leaves it.
    None,
}

/// Quicken's actions. `None` for one that nobody knows.
fn cash_of(action: &str) -> Option<Cash> {
    Some(match action.to_lowercase().as_str() {
        "" | "cash" => Cash::Signed,
        "sell" | "shtsell" | "div" | "intinc" | "cglong" | "cgmid" | "cgshort" | "miscinc" | "rtrncap"
        | "xin" | "contribx" => Cash::In,
        "buy" | "cvrshrt" | "miscexp" | "margint" | "xout" | "withdrwx" => Cash::Out,
        "sellx" | "shtsellx" | "divx" | "intincx" | "cglongx" | "cgmidx" | "cgshortx" | "miscincx"
        | "rtrncapx" => Cash::InAndOn,
        "buyx" | "cvrshrtx" | "miscexpx" | "margintx" => Cash::OutFromElsewhere,
        "reinvdiv" | "reinvint" | "reinvlg" | "reinvmd" | "reinvsh" | "shrsin" | "shrsout" | "stksplit"
        | "reminder" | "grant" | "vest" | "expire" => Cash::None,
        _ => return None,
    })
}

/// Reads a record.
///
/// # Errors
/// An action that nobody knows, a missing amount, and a date or amount that cannot be read exactly.
pub(super) fn read(
    record: &Record<'_>,
    survey: &Survey,
    currency: Currency,
) -> Result<(StatementRow, Option<Warning>), StatementError> {
    let posted = day(record, survey)?;
    let action = record.first('N').map_or("", |entry| entry.value);
    let Some(cash) = cash_of(action) else {
        return Err(record.refuse(
            format!("the action \"{}\" is not known here", super::super::problem::excerpt(action)),
            "whether it moves cash would be a guess: enter the row by hand, and take it out in a copy of the file",
        ));
    };
    let stated = total(record, survey, currency)?;
    let passed_on = record.first('$').map(|entry| survey.amount(entry, currency)).transpose()?;
    let (amount, warning) = match (cash, stated.or(passed_on)) {
        (Cash::None, _) => (Money::zero(currency), None),
        (Cash::Signed, None) => {
            let text = "this record has no amount: it is read as a row of nothing".to_owned();
            (Money::zero(currency), Some(Warning { line: record.line, text }))
        }
        (_, None) => {
            return Err(record.refuse(
                format!(
                    "\"{}\" moves cash, and this record says not how much (T)",
                    super::super::problem::excerpt(action)
                ),
                "add it in a copy of the file, or export it again",
            ));
        }
        (Cash::Signed, Some(amount)) => (amount, None),
        (_, Some(amount)) if amount.is_negative() => {
            return Err(record.refuse(
                "the amount is below zero though its action says which way it goes".to_owned(),
                "correct the amount in a copy of the file",
            ));
        }
        (cash, Some(amount)) => (moved(record, cash, amount, passed_on)?, None),
    };
    let (payee_raw, memo) = words(record, action, stated);
    let transaction = NewTransaction {
        posted,
        amount,
        payee: clean(&payee_raw),
        payee_raw,
        memo,
        reference: None,
        category: None,
        status: status(record),
        bank_id: None,
    };
    Ok((StatementRow { line: record.line, transaction, parts: Vec::new() }, warning))
}

/// What the account's cash comes to more.
fn moved(
    record: &Record<'_>,
    cash: Cash,
    amount: Money,
    passed_on: Option<Money>,
) -> Result<Money, StatementError> {
    let elsewhere = passed_on.unwrap_or(amount);
    let read = match cash {
        Cash::In => Ok(amount),
        Cash::Out => amount.checked_neg(),
        Cash::InAndOn => amount.checked_sub(elsewhere),
        Cash::OutFromElsewhere => elsewhere.checked_sub(amount),
        Cash::Signed | Cash::None => Ok(Money::zero(amount.currency())),
    };
    read.map_err(|error| {
        let mut refused = record.refuse(error.to_string(), "no account holds so much: export the file again");
        refused.kind = StatementErrorKind::BadField;
        refused
    })
}

/// The payee (or the security) and the memo of a row: everything that says what moved.
fn words(record: &Record<'_>, action: &str, stated: Option<Money>) -> (String, Option<String>) {
    let value = |code| record.first(code).map(|entry| entry.value);
    let payee = value('P').or(value('Y')).or(value('M')).unwrap_or(action);
    let mut words = vec![action.to_owned()];
    words.extend(value('Q').map(|quantity| format!("{quantity} of")));
    words.extend(value('Y').map(str::to_owned));
    words.extend(value('I').map(|price| format!("at {price}")));
    words.extend(stated.map(|amount| format!("for {amount}")));
    words.extend(value('O').map(|commission| format!("commission {commission}")));
    words.extend(value('M').filter(|memo| *memo != payee).map(str::to_owned));
    words.extend(value('L').map(|target| format!("({target})")));
    let memo = clean(&words.join(" "));
    (payee.to_owned(), Some(memo).filter(|memo| !memo.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_moves_cash_or_not() {
        for (action, cash) in [
            ("Buy", Cash::Out),
            ("BuyX", Cash::OutFromElsewhere),
            ("SellX", Cash::InAndOn),
            ("ReinvDiv", Cash::None),
            ("XIn", Cash::In),
            ("", Cash::Signed),
        ] {
            assert_eq!(cash_of(action), Some(cash), "{action}");
        }
        assert_eq!(cash_of("Conjure"), None);
    }
}
