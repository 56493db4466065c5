//! The account of a statement, as `:25:` names it.

use super::super::StatementAccount;
use crate::ledger::AccountKind;
use crate::money::Currency;

/// An account as `:25:` names it: `bank/number`, a number alone, either with a currency after it.
pub(super) fn read_account(text: &str) -> (Option<StatementAccount>, Option<Currency>) {
    let mut text = text.trim();
    let mut currency = None;
    if let Some((head, code)) = text.len().checked_sub(3).and_then(|at| text.split_at_checked(at)) {
        let before = head.chars().next_back();
        let apart = before.is_some_and(|c| c.is_ascii_digit() || matches!(c, ' ' | '/'));
        let letters = code.bytes().all(|b| b.is_ascii_uppercase());
        if let Some(found) = Currency::iso(code).ok().filter(|_| apart && letters) {
            currency = Some(found);
            text = head.trim_end_matches([' ', '/']);
        }
    }
    let (bank, number) = match text.split_once('/') {
        Some((bank, number)) => (Some(bank.trim().to_owned()).filter(|bank| !bank.is_empty()), number.trim()),
        None => (None, text),
    };
    let account = (!number.is_empty()).then(|| StatementAccount {
        institution: bank,
        number: number.to_owned(),
        kind: AccountKind::Checking,
    });
    (account, currency)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_with_bank_and_currency() {
        for (text, bank, number, code) in [
            ("51230800/0000007055", Some("51230800"), "0000007055", None),
            ("51210600/9223382012EUR", Some("51210600"), "9223382012", Some("EUR")),
            ("0800003200000001610722 EUR", None, "0800003200000001610722", Some("EUR")),
            ("EXAMPLE/12345ABCDEF002/HUF", Some("EXAMPLE"), "12345ABCDEF002", Some("HUF")),
            ("NL71RABO0123456789", None, "NL71RABO0123456789", None),
            ("EXAMPLEEUR", None, "EXAMPLEEUR", None),
            ("12QQQ", None, "12QQQ", None),
        ] {
            let (account, currency) = read_account(text);
            let account = account.unwrap();
            assert_eq!((account.institution.as_deref(), account.number.as_str()), (bank, number), "{text}");
            assert_eq!(currency.map(|currency| currency.code().to_owned()).as_deref(), code, "{text}");
        }
        assert!(read_account(" ").0.is_none() && read_account("\u{e9}\u{e9}").0.is_some());
    }
}
