//! An account's number in full. It is stated only by an account fact, and only where the owner asked for just that.

use crate::disclosure::json::make_plain;
use crate::ledger::account::mask_number;
use std::fmt;

/// The longest number, in characters.
const MAX_NUMBER_CHARS: usize = 64;

/// What kind of number it is, where that can be told from the number alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NumberScheme {
    /// An International Bank Account Number (ISO 13616): its check digits are right.
    Iban,
}

impl NumberScheme {
    /// The word that the token and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Iban => "IBAN",
        }
    }
}

/// An account's number in full.
#[derive(Clone, PartialEq, Eq)]
pub struct FullNumber {
    text: String,
    scheme: Option<NumberScheme>,
}

impl FullNumber {
    /// The number as the bank writes it; an IBAN in its electronic form, without spaces and in capitals. None for a
    /// text without a digit or of more than 64 characters.
    pub fn new(number: &str) -> Option<Self> {
        let electronic: String =
            number.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        if is_iban(&electronic) {
            return Some(Self { text: electronic, scheme: Some(NumberScheme::Iban) });
        }
        let text = make_plain(number);
        let usable = text.chars().count() <= MAX_NUMBER_CHARS && text.chars().any(|c| c.is_ascii_digit());
        usable.then_some(Self { text, scheme: None })
    }

    /// The number.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What kind of number it is; none for a bank's own.
    pub const fn scheme(&self) -> Option<NumberScheme> {
        self.scheme
    }

    /// The number with all but its end hidden, for texts that are kept.
    pub fn masked(&self) -> String {
        mask_number(&self.text)
    }

    /// Reads the two members of a token: only what [`FullNumber::new`] would make of the number is one.
    pub(super) fn from_members(text: &str, scheme: Option<&str>) -> Result<Self, &'static str> {
        let made = Self::new(text).ok_or("not an account number")?;
        if made.text != text || made.scheme.map(NumberScheme::as_str) != scheme {
            return Err("an account number of another form or scheme");
        }
        Ok(made)
    }
}

impl fmt::Debug for FullNumber {
    /// Its end alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FullNumber({})", self.masked())
    }
}

/// ISO 13616-1, section 6: country, check digits, up to 30 letters and digits; the whole is 1 modulo 97.
fn is_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shape = (15..=34).contains(&bytes.len())
        && bytes.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && bytes.iter().take(2).all(u8::is_ascii_uppercase)
        && bytes.iter().skip(2).take(2).all(u8::is_ascii_digit);
    // The country and its check digits are moved to the end; letters count as 10 to 35.
    let moved = bytes.iter().skip(4).chain(bytes.iter().take(4));
    let rest = moved.fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte.wrapping_sub(b'A')) + 10) % 97,
    });
    shape && rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_iban_is_known_by_its_check_digits_and_written_in_one_way() {
        for written in ["DE89 3704 0044 0532 0130 00", "de89370400440532013000", "GB29NWBK60161331926819"] {
            let number = FullNumber::new(written).unwrap();
            assert_eq!(number.scheme(), Some(NumberScheme::Iban), "{written}");
            assert!(!number.as_str().contains(' '));
            assert_eq!(FullNumber::from_members(number.as_str(), Some("IBAN")), Ok(number.clone()));
            assert!(FullNumber::from_members(number.as_str(), None).is_err());
        }
        for own in ["DE88370400440532013000", "12-3456 789", "0000004711"] {
            let number = FullNumber::new(own).unwrap();
            assert_eq!((number.as_str(), number.scheme()), (own, None));
            assert!(FullNumber::from_members(own, Some("IBAN")).is_err());
        }
        for none in ["", "Example Household", "\u{7}"] {
            assert_eq!(FullNumber::new(none), None);
        }
        assert!(FullNumber::new(&"1".repeat(65)).is_none());
        assert_eq!(format!("{:?}", FullNumber::new("0000004711").unwrap()), "FullNumber(••••4711)");
    }

    proptest! {
        #[test]
        fn what_is_made_is_read_and_no_text_panics(text: String) {
            if let Some(number) = FullNumber::new(&text) {
                let scheme = number.scheme().map(NumberScheme::as_str);
                prop_assert_eq!(FullNumber::from_members(number.as_str(), scheme), Ok(number.clone()));
            }
        }
    }
}
