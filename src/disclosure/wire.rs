//! How dates and amounts are written in a token: one text for each value, and no other text is read.

use crate::money::{Currency, Money};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A day as `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct IsoDate(pub(super) Date);

impl TryFrom<String> for IsoDate {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let date: Date = text.parse().map_err(|_| "not a date")?;
        // Years before 0 have a sign and six digits.
        if text.len() == 10 && date.to_string() == text {
            Ok(Self(date))
        } else {
            Err("not a date as YYYY-MM-DD")
        }
    }
}

impl From<IsoDate> for String {
    fn from(date: IsoDate) -> Self {
        date.0.to_string()
    }
}

/// Which side of the account an amount is on, as UK Open Banking names it. Zero is a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum CreditDebitIndicator {
    Credit,
    Debit,
}

/// An amount without its sign, as UK Open Banking writes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AmountWire {
    #[serde(rename = "Amount")]
    amount: String,
    #[serde(rename = "Currency")]
    currency: String,
}

impl AmountWire {
    /// Takes an amount apart into its side and its size.
    pub(super) fn split(money: Money) -> (CreditDebitIndicator, Self) {
        let text = money.to_decimal();
        let side =
            if money.is_negative() { CreditDebitIndicator::Debit } else { CreditDebitIndicator::Credit };
        let amount = text.trim_start_matches('-').to_owned();
        (side, Self { amount, currency: money.currency().code().to_owned() })
    }

    /// Puts side and size together again; an amount has exactly the digits of its currency.
    pub(super) fn join(&self, side: CreditDebitIndicator) -> Result<Money, &'static str> {
        if !self.amount.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return Err("not an amount");
        }
        let currency = match Currency::iso(&self.currency) {
            Ok(iso) => iso,
            Err(_) => {
                let digits = self.amount.split_once('.').map_or(0, |(_, fraction)| fraction.len());
                let exponent = u8::try_from(digits).map_err(|_| "too many decimal digits")?;
                Currency::custom(&self.currency, exponent).map_err(|_| "not a currency")?
            }
        };
        let signed = match side {
            CreditDebitIndicator::Credit => self.amount.clone(),
            CreditDebitIndicator::Debit => format!("-{}", self.amount),
        };
        let money = Money::parse(&signed, currency).map_err(|_| "not an amount")?;
        if money.to_decimal() != signed || currency.code() != self.currency {
            return Err("an amount that is not written in the one allowed way");
        }
        Ok(money)
    }

    /// A positive amount with no side of its own, such as a rounding step.
    pub(super) fn join_positive(&self) -> Result<Money, &'static str> {
        let money = self.join(CreditDebitIndicator::Credit)?;
        if money.minor() > 0 { Ok(money) } else { Err("not a positive amount") }
    }
}

/// An amount with its side, where it is not the only one in its object.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignedAmountWire {
    #[serde(rename = "CreditDebitIndicator")]
    side: CreditDebitIndicator,
    #[serde(rename = "Amount")]
    amount: AmountWire,
}

impl From<Money> for SignedAmountWire {
    fn from(money: Money) -> Self {
        let (side, amount) = AmountWire::split(money);
        Self { side, amount }
    }
}

impl SignedAmountWire {
    /// The amount, if it is written in the one allowed way.
    pub(super) fn join(&self) -> Result<Money, &'static str> {
        self.amount.join(self.side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn amount(amount: &str, currency: &str) -> AmountWire {
        AmountWire { amount: amount.to_owned(), currency: currency.to_owned() }
    }

    #[test]
    fn one_text_for_each_amount() {
        for bad in
            ["1.5", "1", "01.50", "+1.50", "-1.50", "1,50", "1.500", " 1.50", "", "1e2", ".50", "(1.50)"]
        {
            assert!(amount(bad, "EUR").join(CreditDebitIndicator::Credit).is_err(), "{bad}");
        }
        assert!(amount("0.00", "EUR").join(CreditDebitIndicator::Debit).is_err(), "minus zero");
        assert!(amount("1.50", "eur").join(CreditDebitIndicator::Credit).is_err());
        assert!(amount("1.50", "E R").join(CreditDebitIndicator::Credit).is_err());
        assert!(amount("0.00", "EUR").join_positive().is_err());
        let money = amount("0.12345678", "BTC").join(CreditDebitIndicator::Debit).unwrap();
        assert_eq!((money.minor(), money.currency().exponent()), (-12_345_678, 8));
        assert_eq!(amount("150", "JPY").join(CreditDebitIndicator::Credit).unwrap().minor(), 150);
    }

    #[test]
    fn one_text_for_each_day() {
        assert!(IsoDate::try_from("2026-01-31".to_owned()).is_ok());
        for bad in [
            "20260131",
            "2026-1-31",
            "2026-02-30",
            "2026-01-31T00:00:00",
            "",
            "+002026-01-31",
            "-000001-01-31",
        ] {
            assert!(IsoDate::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_amount_comes_back(minor: i64, currency in prop::sample::select(vec!["EUR", "JPY", "KWD", "BTC"])) {
            let currency = Currency::iso(currency).or_else(|_| Currency::custom(currency, 8)).unwrap();
            let money = Money::new(minor, currency);
            let (side, wire) = AmountWire::split(money);
            prop_assert_eq!(wire.join(side), Ok(money));
        }
    }
}
