//! What the owner should weigh before a disclosure leaves: what stays, and what would tell less and might do.

use crate::disclosure::{Fact, Grouping, PayeeForm, Purpose};

/// Purposes for which it is enough to know that there is enough.
const ENOUGH_IS_ENOUGH: [&str; 5] = ["rental-application", "loan", "proof-of-funds", "credit-check", "visa"];
/// Purposes that are about one payee, whose name they need.
const ABOUT_A_PAYEE: [&str; 4] = ["customer-service", "refund", "expense-reimbursement", "tax"];
/// More rows than this in one fact are better told as totals, where totals do.
const MANY_ROWS: usize = 20;

/// What a reader may fear would leave with these facts, and does not.
pub(in crate::vault) fn what_stays(facts: &[Fact], enclosed: usize) -> Vec<String> {
    let has = |test: fn(&Fact) -> bool| facts.iter().any(test);
    let mut stays = Vec::new();
    if has(|fact| matches!(fact, Fact::Transactions(_))) {
        stays.push("every other transaction");
        stays.push("every field not shown above");
    } else {
        stays.push("every transaction");
    }
    if has(|fact| matches!(fact, Fact::Totals(_))) {
        stays.push("every other total");
    }
    match facts
        .iter()
        .find(|fact| matches!(fact, Fact::Balance(_) | Fact::BalanceRange(_) | Fact::Threshold(_)))
    {
        Some(Fact::Balance(_)) => stays.push("every other balance"),
        Some(_) => stays.push("the balance itself"),
        None => stays.push("every balance"),
    }
    if !has(|fact| matches!(fact, Fact::Account(fact) if fact.number.is_some())) {
        stays.push("the full account number");
    }
    match enclosed {
        0 => {}
        1 => stays.push("but for what stands in the document itself"),
        _ => stays.push("but for what stands in the documents themselves"),
    }
    stays.into_iter().map(str::to_owned).collect()
}

/// What would tell less and might do for the purpose.
pub(in crate::vault) fn narrower(facts: &[Fact], purpose: &Purpose) -> Vec<String> {
    let mut offers = Vec::new();
    let enough = ENOUGH_IS_ENOUGH.contains(&purpose.code());
    for fact in facts {
        match fact {
            Fact::Balance(fact) if enough => offers.push(format!(
                "for this purpose it may do to say that the account held at least some amount: disclose threshold \
                 instead of {}",
                if fact.selection.rounding.is_some() { "a rounded balance" } else { "the exact balance" }
            )),
            Fact::Balance(fact) if fact.selection.rounding.is_none() => offers.push(
                "an exact balance can be recognised elsewhere: --round or --bucket tells less".to_owned(),
            ),
            Fact::BalanceRange(_) if enough => offers.push(
                "for this purpose it may do to say that the account held at least some amount: disclose threshold \
                 instead of a range"
                    .to_owned(),
            ),
            Fact::Transactions(fact) => {
                let names = fact.rows.iter().filter(|row| row.information.is_some()).count();
                let about_one = fact.selection.filter.iter().any(|condition| {
                    condition.field == crate::disclosure::Field::Payee
                });
                if fact.payees == PayeeForm::Shown && names > 1 && !about_one && !ABOUT_A_PAYEE.contains(&purpose.code()) {
                    offers.push(format!(
                        "{names} payees are shown by name: --payee pseudonym lets the recipient tell them apart \
                         without knowing them"
                    ));
                }
                if fact.rows.len() > MANY_ROWS {
                    offers.push(format!(
                        "{} transactions leave one by one: disclose totals may do",
                        fact.rows.len()
                    ));
                }
            }
            Fact::Totals(fact) if fact.grouping == Grouping::Payee && fact.payees == PayeeForm::Shown => {
                offers.push("payees are shown by name: --payee pseudonym tells less".to_owned());
            }
            _ => {}
        }
    }
    offers
}
