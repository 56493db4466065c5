//! The register: an account's transactions in order, each with the balance after it.

use crate::ledger::{Account, Transaction, TransactionStatus};
use crate::money::{Money, MoneyError};

/// An account's transactions over some days, with running balances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// The account.
    pub account: Account,
    /// The balance before the first row.
    pub opening: Money,
    /// The rows, oldest first.
    pub rows: Vec<RegisterRow>,
    /// The balance after the last row.
    pub closing: Money,
}

/// A transaction and the account's balance after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterRow {
    /// The transaction.
    pub transaction: Transaction,
    /// The balance after it; a pending transaction leaves the balance as it was.
    pub balance: Money,
}

/// Shapes rows, oldest first, into a register that begins with `opening`.
///
/// # Errors
/// [`MoneyError`] where a row is in another currency than the account, or a balance does not fit.
pub fn register(
    account: Account,
    opening: Money,
    transactions: Vec<Transaction>,
) -> Result<Register, MoneyError> {
    let mut balance = opening;
    let mut rows = Vec::with_capacity(transactions.len());
    for transaction in transactions {
        if transaction.detail.status != TransactionStatus::Pending {
            balance = balance.checked_add(transaction.detail.amount)?;
        }
        rows.push(RegisterRow { transaction, balance });
    }
    Ok(Register { account, opening, rows, closing: balance })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{AccountId, AccountKind, NewTransaction, TransactionId};
    use crate::money::Currency;

    fn transaction(id: i64, minor: i64, status: TransactionStatus) -> Transaction {
        Transaction {
            id: TransactionId(id),
            account: AccountId(1),
            batch: None,
            detail: NewTransaction {
                posted: jiff::civil::date(2026, 1, 1),
                amount: Money::new(minor, Currency::iso("EUR").unwrap()),
                payee: String::new(),
                payee_raw: String::new(),
                memo: None,
                reference: None,
                category: None,
                status,
                bank_id: None,
            },
        }
    }

    #[test]
    fn balances_run_on_and_pending_rows_wait() {
        let eur = Currency::iso("EUR").unwrap();
        let account = Account {
            id: AccountId(1),
            name: "Checking".to_owned(),
            kind: AccountKind::Checking,
            currency: eur,
            institution: None,
            number: None,
            opening: None,
            closed: None,
        };
        let rows = vec![
            transaction(1, -250, TransactionStatus::Posted),
            transaction(2, -999, TransactionStatus::Pending),
            transaction(3, 100, TransactionStatus::Reconciled),
        ];
        let register = register(account, Money::new(1_000, eur), rows).unwrap();
        let balances: Vec<i64> = register.rows.iter().map(|row| row.balance.minor()).collect();
        assert_eq!(balances, [750, 750, 850]);
        assert_eq!(register.closing.minor(), 850);
    }
}
