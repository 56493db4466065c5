//! Exact money: amounts in minor units with a currency, and the decimal text that people and banks write.
//!
//! Use [`Money`] for an amount, [`Currency`] for what it is in, [`Sum`] to add up many rows without
//! fear of overflow, and [`decimal::Decimal`] to read numbers as banks print them. There is no
//! floating-point number anywhere: a cent lost to rounding is a wrong answer.

pub mod currency;
pub mod decimal;
mod iso4217;

pub use currency::{Currency, CurrencyError};
pub use decimal::{Decimal, DecimalError, DecimalMark};

use std::fmt;

/// What can go wrong in arithmetic on money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// The result does not fit into 64 bits of minor units.
    #[error("the amount is too large to be held exactly")]
    Overflow,
    /// Two amounts of different currencies were added, subtracted or compared.
    #[error("amounts in {0} and {1} cannot be combined")]
    CurrencyMismatch(Currency, Currency),
    /// The text was not a number, or not one this currency can hold.
    #[error(transparent)]
    Text(#[from] DecimalError),
}

/// An exact amount: a whole number of minor units (cents, yen, fils) of one currency.
///
/// Positive raises the balance of the account it is posted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// An amount of `minor` minor units of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Reads a plain decimal such as `-1234.5` (a point as decimal mark, no grouping).
    ///
    /// # Errors
    /// Text that is no number, or has more digits than the currency, or does not fit.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let decimal = Decimal::parse(text, DecimalMark::Point)?;
        Ok(Self::new(decimal.to_minor(currency)?, currency))
    }

    /// The amount in minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// What the amount is in.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether the amount is below zero.
    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// Adds two amounts of one currency.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] or [`MoneyError::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor, self.currency))
    }

    /// Subtracts an amount of the same currency.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] or [`MoneyError::Overflow`].
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor, self.currency))
    }

    /// The amount with its sign turned.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] for the one amount that has no opposite.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_neg().ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor, self.currency))
    }

    /// Rounds to the nearest multiple of `step` (halves away from zero).
    ///
    /// `step` is a positive amount of the same currency, for example 100.00 EUR.
    ///
    /// # Errors
    /// A step of zero or less is reported as [`DecimalError::NotANumber`]; also mismatch and overflow.
    pub fn round_to(self, step: Self) -> Result<Self, MoneyError> {
        self.same_currency(step)?;
        if step.minor <= 0 {
            return Err(DecimalError::NotANumber(step.to_decimal()).into());
        }
        let (value, step_minor) = (i128::from(self.minor), i128::from(step.minor));
        let half = step_minor / 2;
        let shifted = if value < 0 { value - half } else { value + half };
        let rounded = shifted / step_minor * step_minor;
        let minor = i64::try_from(rounded).map_err(|_| MoneyError::Overflow)?;
        Ok(Self::new(minor, self.currency))
    }

    /// The amount as a plain decimal with exactly the currency's digits, for example `-12.30`.
    pub fn to_decimal(self) -> String {
        decimal::print_minor(i128::from(self.minor), self.currency.exponent())
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch(self.currency, other.currency))
        }
    }
}

impl fmt::Display for Money {
    /// The decimal followed by the currency, for example `-12.30 EUR`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency)
    }
}

/// A running total in 128 bits, so that no number of rows can overflow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    minor: i128,
    currency: Currency,
}

impl Sum {
    /// An empty total in `currency`.
    pub const fn new(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Adds one amount.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] when the amount is in another currency.
    pub fn add(&mut self, amount: Money) -> Result<(), MoneyError> {
        if amount.currency != self.currency {
            return Err(MoneyError::CurrencyMismatch(self.currency, amount.currency));
        }
        self.minor = self.minor.checked_add(i128::from(amount.minor)).ok_or(MoneyError::Overflow)?;
        Ok(())
    }

    /// The total as an amount.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when it does not fit into 64 bits.
    pub fn total(self) -> Result<Money, MoneyError> {
        let minor = i64::try_from(self.minor).map_err(|_| MoneyError::Overflow)?;
        Ok(Money::new(minor, self.currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn euro(minor: i64) -> Money {
        Money::new(minor, Currency::iso("EUR").unwrap())
    }

    #[test]
    fn prints_exactly_the_digits_of_the_currency() {
        assert_eq!(euro(-5).to_string(), "-0.05 EUR");
        assert_eq!(Money::new(1234, Currency::iso("JPY").unwrap()).to_string(), "1234 JPY");
        assert_eq!(Money::new(-1, Currency::iso("KWD").unwrap()).to_string(), "-0.001 KWD");
        assert_eq!(euro(i64::MIN).to_decimal(), "-92233720368547758.08");
    }

    #[test]
    fn refuses_to_mix_currencies_and_to_overflow() {
        let dollar = Money::new(1, Currency::iso("USD").unwrap());
        assert!(matches!(euro(1).checked_add(dollar), Err(MoneyError::CurrencyMismatch(..))));
        assert_eq!(euro(i64::MAX).checked_add(euro(1)), Err(MoneyError::Overflow));
        assert_eq!(euro(i64::MIN).checked_neg(), Err(MoneyError::Overflow));
        let mut sum = Sum::new(euro(0).currency());
        for _ in 0..3 {
            sum.add(euro(i64::MAX)).unwrap();
        }
        assert_eq!(sum.total(), Err(MoneyError::Overflow));
        sum.add(euro(-i64::MAX)).unwrap();
        sum.add(euro(-i64::MAX)).unwrap();
        assert_eq!(sum.total(), Ok(euro(i64::MAX)));
    }

    #[test]
    fn rounds_halves_away_from_zero() {
        assert_eq!(euro(12_349).round_to(euro(10_000)), Ok(euro(10_000)));
        assert_eq!(euro(15_000).round_to(euro(10_000)), Ok(euro(20_000)));
        assert_eq!(euro(-15_000).round_to(euro(10_000)), Ok(euro(-20_000)));
        assert_eq!(euro(14).round_to(euro(5)), Ok(euro(15)));
        assert!(euro(14).round_to(euro(0)).is_err());
        assert_eq!(euro(i64::MAX).round_to(euro(10)), Err(MoneyError::Overflow));
    }

    proptest! {
        #[test]
        fn printing_then_parsing_gives_the_amount_back(minor: i64, exponent in 0u8..=9) {
            let currency = Currency::custom("TEST", exponent).unwrap();
            let money = Money::new(minor, currency);
            prop_assert_eq!(Money::parse(&money.to_decimal(), currency), Ok(money));
        }

        #[test]
        fn rounding_is_never_off_by_more_than_half_a_step(minor in -1_000_000_000i64..1_000_000_000, step in 1i64..100_000) {
            let rounded = euro(minor).round_to(euro(step)).unwrap().minor();
            prop_assert_eq!(rounded % step, 0);
            prop_assert!((rounded - minor).abs() * 2 <= step);
        }
    }
}
