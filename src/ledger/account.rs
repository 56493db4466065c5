//! Accounts: what holds money or owes it.

use super::balance::Opening;
use crate::money::Currency;
use jiff::civil::Date;
use std::fmt;
use std::str::FromStr;

/// An account's number inside one vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub i64);

/// What an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountKind {
    /// A current or checking account.
    Checking,
    /// A savings or money-market account.
    Savings,
    /// A credit card: purchases are negative, what is owed is a negative balance.
    CreditCard,
    /// A loan or line of credit.
    Loan,
    /// A mortgage.
    Mortgage,
    /// Notes and coins.
    Cash,
    /// Cash and market value at a broker.
    Investment,
    /// Anything else.
    Other,
}

impl AccountKind {
    /// Every kind, in the order that lists show them.
    pub const ALL: [Self; 8] = [
        Self::Checking,
        Self::Savings,
        Self::Cash,
        Self::CreditCard,
        Self::Loan,
        Self::Mortgage,
        Self::Investment,
        Self::Other,
    ];

    /// The word that the command line, the vault and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Savings => "savings",
            Self::CreditCard => "credit-card",
            Self::Loan => "loan",
            Self::Mortgage => "mortgage",
            Self::Cash => "cash",
            Self::Investment => "investment",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for AccountKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no kind of account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no kind of account")]
pub struct UnknownKind(pub String);

impl FromStr for AccountKind {
    type Err = UnknownKind;

    /// Reads a kind; case does not matter, and `_`, `-` or nothing may join the words of `credit-card`.
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let folded: String =
            text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str().replace('-', "") == folded)
            .ok_or_else(|| UnknownKind(text.chars().take(40).collect()))
    }
}

/// What is said of an account when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// The owner's name for it, unique in the vault.
    pub name: String,
    /// What it is.
    pub kind: AccountKind,
    /// What its amounts are in.
    pub currency: Currency,
    /// The bank's name or routing id, where known.
    pub institution: Option<String>,
    /// The full number or IBAN as the bank writes it, where known.
    pub number: Option<String>,
    /// The balance before the first transaction, where known.
    pub opening: Option<Opening>,
}

/// An account as the vault holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its number in this vault.
    pub id: AccountId,
    /// The owner's name for it, unique in the vault.
    pub name: String,
    /// What it is.
    pub kind: AccountKind,
    /// What its amounts are in.
    pub currency: Currency,
    /// The bank's name or routing id, where known.
    pub institution: Option<String>,
    /// The full number or IBAN as the bank writes it, where known.
    pub number: Option<String>,
    /// The balance before the first transaction; absent means zero.
    pub opening: Option<Opening>,
    /// The day the owner closed it, if they did.
    pub closed: Option<Date>,
}

impl Account {
    /// The number with all but its last four characters hidden, for example `••••6789`.
    /// Numbers of four characters or fewer are hidden whole.
    pub fn masked_number(&self) -> Option<String> {
        self.true_number().map(mask_number)
    }

    /// The number, unless it has no digit: some exports give a name where the number should be, and the end of
    /// a name is nothing to show.
    pub fn true_number(&self) -> Option<&str> {
        self.number.as_deref().filter(|number| number.chars().any(|c| c.is_ascii_digit()))
    }
}

/// Hides all but the last four letters and digits of an account or card number.
pub fn mask_number(number: &str) -> String {
    let kept: Vec<char> = number.chars().filter(|c| c.is_alphanumeric()).collect();
    let tail: String =
        if kept.len() > 4 { kept.iter().skip(kept.len() - 4).collect() } else { String::new() };
    format!("••••{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_back_from_its_word() {
        for kind in AccountKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("Credit_Card".parse(), Ok(AccountKind::CreditCard));
        assert!("piggybank".parse::<AccountKind>().is_err());
    }

    #[test]
    fn masking_keeps_four_at_most_and_never_a_short_number() {
        assert_eq!(mask_number("DE89 3704 0044 0532 0130 00"), "••••3000");
        assert_eq!(mask_number("1234"), "••••");
        assert_eq!(mask_number("12345"), "••••2345");
    }

    #[test]
    fn a_name_in_the_place_of_the_number_is_never_shown_by_its_end() {
        let mut account = Account {
            id: AccountId(1),
            name: "Savings".to_owned(),
            kind: AccountKind::Savings,
            currency: Currency::iso("EUR").unwrap(),
            institution: None,
            number: Some("Example Household".to_owned()),
            opening: None,
            closed: None,
        };
        assert_eq!(account.masked_number(), None);
        account.number = Some("12-3456".to_owned());
        assert_eq!(account.masked_number().as_deref(), Some("••••3456"));
    }
}
