//! Currencies: every active code of ISO 4217 with its number of minor digits, and commodities of the owner's own.

use super::iso4217::TABLE;
use std::fmt;

/// The longest code of a custom commodity, in bytes.
pub const MAX_CODE_LEN: usize = 12;
/// The most decimal digits a custom commodity may have.
pub const MAX_EXPONENT: u8 = 9;

/// Why a text names no currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CurrencyError {
    /// The code is not in ISO 4217 and no custom commodity of that name is known.
    #[error("\"{0}\" is not a currency code of ISO 4217")]
    Unknown(String),
    /// A custom code that is empty, too long, or has other characters than letters, digits, `.`, `_`, `-`.
    #[error("\"{0}\" cannot name a commodity: use 1 to 12 letters, digits, '.', '_' or '-'")]
    BadCode(String),
    /// A custom commodity with more than nine decimal digits, or one that takes an ISO 4217 code with other digits.
    #[error("{0} cannot have {1} decimal digits")]
    BadExponent(String, u8),
}

/// A currency or commodity: its code and how many decimal digits its minor unit has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency {
    code: [u8; MAX_CODE_LEN],
    code_len: u8,
    exponent: u8,
}

impl Currency {
    /// The ISO 4217 currency with this code; case does not matter.
    ///
    /// # Errors
    /// [`CurrencyError::Unknown`] for any other code.
    pub fn iso(code: &str) -> Result<Self, CurrencyError> {
        let upper: Option<[u8; 3]> = code.trim().as_bytes().try_into().ok();
        let upper = upper.map(|letters| letters.map(|letter| letter.to_ascii_uppercase()));
        upper
            .and_then(|upper| TABLE.binary_search_by(|(known, _)| known.as_bytes().cmp(&upper[..])).ok())
            .and_then(|index| TABLE.get(index))
            .and_then(|(known, exponent)| Self::pack(known, *exponent))
            .ok_or_else(|| CurrencyError::Unknown(code.trim().chars().take(16).collect()))
    }

    /// A commodity of the owner's own: shares, points, a coin that ISO 4217 does not list.
    ///
    /// # Errors
    /// A code that is malformed, more than nine digits, or an ISO 4217 code with other digits than the standard's.
    pub fn custom(code: &str, exponent: u8) -> Result<Self, CurrencyError> {
        let well_formed = !code.is_empty()
            && code.len() <= MAX_CODE_LEN
            && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if !well_formed {
            return Err(CurrencyError::BadCode(code.chars().take(16).collect()));
        }
        if let Ok(iso) = Self::iso(code) {
            return if iso.exponent == exponent {
                Ok(iso)
            } else {
                Err(CurrencyError::BadExponent(code.to_owned(), exponent))
            };
        }
        if exponent > MAX_EXPONENT {
            return Err(CurrencyError::BadExponent(code.to_owned(), exponent));
        }
        Self::pack(code, exponent).ok_or_else(|| CurrencyError::BadCode(code.to_owned()))
    }

    /// The code, for example `EUR`.
    pub fn code(&self) -> &str {
        let used = self.code.get(..usize::from(self.code_len)).unwrap_or_default();
        std::str::from_utf8(used).unwrap_or_default()
    }

    /// How many decimal digits the minor unit has: 2 for EUR, 0 for JPY, 3 for KWD.
    pub const fn exponent(&self) -> u8 {
        self.exponent
    }

    /// Every currency of ISO 4217, in order of code.
    pub fn all_iso() -> impl Iterator<Item = Self> {
        TABLE.iter().filter_map(|(code, exponent)| Self::pack(code, *exponent))
    }

    fn pack(code: &str, exponent: u8) -> Option<Self> {
        let mut packed = [0u8; MAX_CODE_LEN];
        packed.get_mut(..code.len())?.copy_from_slice(code.as_bytes());
        let code_len = u8::try_from(code.len()).ok()?;
        Some(Self { code: packed, code_len, exponent })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.code(), self.exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_code_is_found() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (code, exponent) in TABLE {
            let currency = Currency::iso(code).unwrap();
            assert_eq!((currency.code(), currency.exponent()), (*code, *exponent));
        }
        assert_eq!(Currency::all_iso().count(), TABLE.len());
    }

    #[test]
    fn exponents_that_are_not_two_are_right() {
        for (code, exponent) in [
            ("JPY", 0),
            ("KRW", 0),
            ("CLP", 0),
            ("KWD", 3),
            ("BHD", 3),
            ("TND", 3),
            ("CLF", 4),
            ("UYW", 4),
            ("EUR", 2),
        ] {
            assert_eq!(Currency::iso(code).unwrap().exponent(), exponent, "{code}");
        }
        assert_eq!(Currency::iso("eur").unwrap().code(), "EUR");
    }

    #[test]
    fn custom_commodities_keep_to_their_rules() {
        assert_eq!(Currency::custom("BTC", 8).unwrap().code(), "BTC");
        assert!(Currency::custom("EUR", 3).is_err());
        assert!(Currency::custom("", 2).is_err());
        assert!(Currency::custom("A B", 2).is_err());
        assert!(Currency::custom("THIRTEENCHARS", 2).is_err());
        assert!(Currency::custom("X", 10).is_err());
        assert!(Currency::iso("QQQ").is_err());
    }
}
