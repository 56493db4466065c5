//! How much facts tell, so that of several that would do the narrowest is chosen.

use crate::disclosure::{Fact, PayeeForm};

/// How much facts tell. Compared member by member in this order: one transaction more weighs heavier than any number
/// of totals, and one exact balance heavier than any number of answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breadth {
    /// Documents whose bytes travel along: all that stands in them.
    pub enclosed: usize,
    /// Payees by name, in rows or totals.
    pub named_payees: usize,
    /// Transactions.
    pub rows: usize,
    /// Totals.
    pub totals: usize,
    /// Balances to the last digit.
    pub exact_balances: usize,
    /// Rounded balances.
    pub rounded_balances: usize,
    /// Balances as a range.
    pub ranges: usize,
    /// Answers of yes or no.
    pub answers: usize,
    /// Particulars of accounts, and documents by digest.
    pub particulars: usize,
}

impl Breadth {
    /// How much these facts tell together.
    pub fn of(facts: &[Fact]) -> Self {
        let mut breadth = Self::default();
        for fact in facts {
            breadth.add(fact);
        }
        breadth
    }

    fn add(&mut self, fact: &Fact) {
        match fact {
            Fact::Balance(fact) if fact.selection.rounding.is_none() => self.exact_balances += 1,
            Fact::Balance(_) => self.rounded_balances += 1,
            Fact::BalanceRange(_) => self.ranges += 1,
            Fact::Threshold(_) => self.answers += 1,
            Fact::Totals(fact) => {
                let cells: usize = fact.periods.iter().map(|period| period.cells.len()).sum();
                let wholes = fact.periods.iter().filter(|period| period.whole.is_some()).count();
                self.totals += cells + wholes;
                if fact.grouping == crate::disclosure::Grouping::Payee && fact.payees == PayeeForm::Shown {
                    self.named_payees += cells;
                }
            }
            Fact::Transactions(fact) => {
                self.rows += fact.rows.len();
                if fact.payees == PayeeForm::Shown {
                    self.named_payees += fact.rows.iter().filter(|row| row.information.is_some()).count();
                }
            }
            Fact::Account(fact) => {
                let label =
                    [fact.account.nickname.is_some(), fact.account.number.is_some(), fact.number.is_some()];
                self.particulars += fact.holder_details.stated().count();
                let rest = [
                    fact.holder.is_some(),
                    fact.institution.is_some(),
                    fact.kind.is_some(),
                    fact.currency.is_some(),
                    fact.known_since.is_some(),
                ];
                self.particulars += label.iter().chain(&rest).filter(|there| **there).count();
            }
            Fact::Document(_) => self.particulars += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_weighs_more_than_totals_and_an_exact_balance_more_than_answers() {
        let row = Breadth { rows: 1, ..Breadth::default() };
        let totals = Breadth { totals: 50, exact_balances: 9, ..Breadth::default() };
        let exact = Breadth { exact_balances: 1, ..Breadth::default() };
        let answers = Breadth { answers: 9, particulars: 9, ranges: 3, ..Breadth::default() };
        assert!(row > totals && totals > exact && exact > answers);
        assert!(Breadth { named_payees: 1, ..row } > row);
    }
}
