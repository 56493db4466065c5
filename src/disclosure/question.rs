//! Which question a fact answers: all of it that does not come from the records. Two disclosures can be held against
//! each other where they answer the same one.

use super::fact::{Fact, TransactionsFact};
use super::selection::Selection;
use crate::money::Money;
use jiff::civil::Date;
use serde_json::{Value, json};

/// A question as far as the answer shows it. Equal questions may still differ in what does not show, such as
/// which of two accounts that are not named was meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Question {
    /// Everything but the days.
    pub(super) apart_from_days: String,
    /// The first and last day of the window.
    pub(super) days: (Option<Date>, Option<Date>),
}

impl Question {
    pub(super) fn of(fact: &Fact) -> Self {
        let label = fact.account();
        let selection = fact.selection();
        let parts = json!([
            fact.kind(),
            label.nickname,
            label.number,
            selection.filter,
            selection.rounding.map(money),
            particulars(fact),
        ]);
        Self { apart_from_days: parts.to_string(), days: (selection.from, selection.to) }
    }
}

/// What sets questions of one kind apart.
fn particulars(fact: &Fact) -> Value {
    match fact {
        Fact::Balance(fact) => json!([fact.balance_type]),
        Fact::BalanceRange(fact) => {
            let width = i128::from(fact.below.minor()) - i128::from(fact.at_least.minor());
            json!([fact.balance_type, width.to_string(), fact.below.currency().code()])
        }
        Fact::Threshold(fact) => json!([fact.operator, money(fact.amount), fact.measure]),
        Fact::Totals(fact) => {
            let with_whole = fact.periods.iter().any(|period| period.whole.is_some());
            json!([fact.period, fact.grouping, fact.payees, fact.min_rows, with_whole])
        }
        Fact::Transactions(fact) => json!([fact.payees]),
        Fact::Account(fact) => json!([
            fact.holder.is_some(),
            fact.institution.is_some(),
            fact.kind.is_some(),
            fact.currency.is_some(),
            fact.known_since.is_some(),
        ]),
        Fact::Document(fact) => json!([fact.sha256, fact.file_name.is_some()]),
    }
}

fn money(amount: Money) -> Value {
    json!([amount.to_decimal(), amount.currency().code()])
}

/// Whether facts of equal questions may have been asked with the same fields and cap, which show in rows alone.
pub(super) fn could_be_one(one: &Fact, other: &Fact) -> bool {
    let (Fact::Transactions(one), Fact::Transactions(other)) = (one, other) else { return true };
    let same_fields = one.rows.is_empty() || other.rows.is_empty() || fields(one) == fields(other);
    same_fields && caps_agree(&one.selection, &other.selection)
}

/// Which fields any row has.
fn fields(fact: &TransactionsFact) -> [bool; 5] {
    fact.rows.iter().fold([false; 5], |seen, row| {
        let [id, booked, amount, status, information] = seen;
        [
            id || row.id.is_some(),
            booked || row.booked.is_some(),
            amount || row.amount.is_some(),
            status || row.status.is_some(),
            information || row.information.is_some(),
        ]
    })
}

/// Where rows were held back, as many are left as the cap allows; where none were, the cap was not reached.
fn caps_agree(one: &Selection, other: &Selection) -> bool {
    let left = |selection: &Selection| selection.matched.saturating_sub(selection.suppressed);
    match (one.suppressed > 0, other.suppressed > 0) {
        (true, true) => left(one) == left(other),
        (true, false) => left(other) <= left(one),
        (false, true) => left(one) <= left(other),
        (false, false) => true,
    }
}
