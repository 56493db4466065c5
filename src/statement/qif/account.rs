//! Accounts as QIF names them, and what the types of lists mean.

use super::super::StatementAccount;
use super::records::Record;
use crate::ledger::AccountKind;

/// The account that a record of an `!Account` list defines; `None` where it gives no name.
pub(super) fn read(record: &Record<'_>) -> Option<StatementAccount> {
    let name = record.first('N')?;
    let kind = record.first('T').map_or(AccountKind::Other, |entry| kind_of(entry.value));
    Some(named(name.value, kind))
}

/// An account known by its name: QIF has no numbers.
pub(super) fn named(name: &str, kind: AccountKind) -> StatementAccount {
    StatementAccount { institution: None, number: name.to_owned(), kind }
}

/// What a type of list or account means.
pub(super) fn kind_of(name: &str) -> AccountKind {
    let word: String = name.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    match word.as_str() {
        "bank" => AccountKind::Checking,
        "cash" => AccountKind::Cash,
        "ccard" => AccountKind::CreditCard,
        "othl" => AccountKind::Loan,
        "invst" | "port" | "mutual" | "401(k)/403(b)" | "401(k)" | "403(b)" => AccountKind::Investment,
        _ => AccountKind::Other,
    }
}
