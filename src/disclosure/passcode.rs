//! The generated passcode, for a recipient who has no key: 125 random bits that a person can type.

use super::audience::Audience;
use crate::crypto::random::{Random, RandomError};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Crockford's base32: no `I`, `L`, `O` or `U`.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// What is said for each symbol.
#[rustfmt::skip]
const SPOKEN: &[&str; 32] = &[
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "Alfa", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel", "Juliett", "Kilo", "Mike",
    "November", "Papa", "Quebec", "Romeo", "Sierra", "Tango", "Victor", "Whiskey", "X-ray", "Yankee", "Zulu",
];
/// How many random symbols there are, of five bits each.
const RANDOM_SYMBOLS: usize = 25;
/// The random symbols and the check symbol.
const SYMBOLS: usize = RANDOM_SYMBOLS + 1;
/// How many symbols stand between hyphens.
const GROUP: usize = 5;

/// Why a text is no passcode. Neither variant repeats any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasscodeError {
    /// Too few or too many symbols, or one that passcodes do not have.
    #[error("a passcode is {SYMBOLS} letters and digits, in groups of five and a last one")]
    WrongForm,
    /// The check symbol does not fit: something was typed wrong.
    #[error("the passcode was mistyped: its last symbol does not fit the others")]
    Mistyped,
}

/// A passcode: 25 random symbols and one check symbol, for example `7K3QD-…-Z9`. Only generated, never chosen
/// by a person; erased from memory when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Passcode {
    /// Values from 0 to 31, the check symbol last.
    symbols: [u8; SYMBOLS],
}

impl Passcode {
    /// Makes a passcode of 125 random bits.
    ///
    /// # Errors
    /// [`RandomError`] when there is no randomness.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new([0u8; RANDOM_SYMBOLS]);
        random.fill(bytes.as_mut_slice())?;
        let mut passcode = Self { symbols: [0; SYMBOLS] };
        for (symbol, byte) in passcode.symbols.iter_mut().zip(bytes.iter()) {
            *symbol = byte & 0x1f;
        }
        let check = check_symbol(&passcode.symbols);
        if let Some(last) = passcode.symbols.last_mut() {
            *last = check;
        }
        Ok(passcode)
    }

    /// The same passcode, for another thread.
    #[cfg(feature = "age")]
    pub(super) const fn copy(&self) -> Self {
        Self { symbols: self.symbols }
    }

    /// Reads a passcode as a person types it: any case, hyphens and spaces anywhere, `O` for `0`, `I` and `L` for `1`.
    ///
    /// # Errors
    /// [`PasscodeError`]. The check symbol shows any one wrong symbol and any two that changed places.
    pub fn parse(text: &str) -> Result<Self, PasscodeError> {
        let mut passcode = Self { symbols: [0; SYMBOLS] };
        let mut places = passcode.symbols.iter_mut();
        for typed in text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'-') {
            let upper = match typed.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            let value = ALPHABET.iter().position(|symbol| *symbol == upper);
            let value = value.and_then(|value| u8::try_from(value).ok()).ok_or(PasscodeError::WrongForm)?;
            *places.next().ok_or(PasscodeError::WrongForm)? = value;
        }
        if places.next().is_some() {
            return Err(PasscodeError::WrongForm);
        }
        if passcode.symbols.last() != Some(&check_symbol(&passcode.symbols)) {
            return Err(PasscodeError::Mistyped);
        }
        Ok(passcode)
    }

    /// The text to give the recipient, on another way than the file: groups of five with hyphens, upper case.
    /// It is also, to the letter, the passphrase of the age file.
    pub fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(SYMBOLS + SYMBOLS / GROUP));
        for (index, value) in self.symbols.iter().enumerate() {
            if index > 0 && index % GROUP == 0 {
                text.push('-');
            }
            text.push(char::from(ALPHABET.get(usize::from(*value)).copied().unwrap_or_default()));
        }
        text
    }

    /// The passcode to read aloud: each letter by its word in the alphabet of radio (ITU, ICAO), each digit by its name,
    /// a comma after every fifth.
    pub fn spoken(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(SYMBOLS * 10));
        for (index, value) in self.symbols.iter().enumerate() {
            if index > 0 {
                text.push_str(if index % GROUP == 0 { ", " } else { " " });
            }
            text.push_str(SPOKEN.get(usize::from(*value)).copied().unwrap_or_default());
        }
        text
    }

    /// Whom a disclosure under this passcode is for: whoever holds it.
    pub fn audience(&self) -> Audience {
        Audience::of_text(&self.text())
    }
}

/// A checksum over the random symbols: their polynomial at 2 in GF(32) (modulo x^5 + x^2 + 1). As 2 generates all
/// 31 units and there are only 25 places, one wrong symbol or two exchanged ones always change it.
fn check_symbol(symbols: &[u8; SYMBOLS]) -> u8 {
    symbols.iter().take(RANDOM_SYMBOLS).fold(0, |sum, symbol| times_two(sum ^ symbol))
}

const fn times_two(value: u8) -> u8 {
    let shifted = value << 1;
    if shifted & 0x20 == 0 { shifted } else { shifted ^ 0x25 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::Seeded;
    use proptest::prelude::*;

    #[test]
    fn what_is_shown_is_read_back_however_it_is_typed() {
        let passcode = Passcode::generate(&Seeded::new(1)).unwrap();
        let text = passcode.text();
        assert_eq!((text.len(), text.matches('-').count()), (31, 5));
        let typed = text.to_lowercase().replace('-', "  ").replace('0', "o").replace('1', "l");
        assert_eq!(*Passcode::parse(&typed).unwrap().text(), *text);
        assert_eq!(Passcode::parse(&typed).unwrap().audience(), passcode.audience());
        let spoken = passcode.spoken();
        assert_eq!(
            (spoken.split([' ', ',']).filter(|word| !word.is_empty()).count(), spoken.matches(',').count()),
            (26, 5)
        );
        assert!(matches!(Passcode::parse(&text[1..]), Err(PasscodeError::WrongForm)));
        assert!(matches!(Passcode::parse(&format!("{}0", *text)), Err(PasscodeError::WrongForm)));
        assert!(matches!(Passcode::parse("correct horse battery staple"), Err(PasscodeError::WrongForm)));
        assert!(matches!(Passcode::parse(""), Err(PasscodeError::WrongForm)));
    }

    #[test]
    fn every_wrong_symbol_and_every_exchange_of_two_is_noticed() {
        let passcode = Passcode::generate(&Seeded::new(2)).unwrap();
        let symbols: Vec<char> = passcode.text().chars().filter(|c| *c != '-').collect();
        for at in 0..SYMBOLS {
            for symbol in ALPHABET.iter().map(|b| char::from(*b)).filter(|c| *c != symbols[at]) {
                let mut wrong = symbols.clone();
                wrong[at] = symbol;
                let wrong: String = wrong.into_iter().collect();
                assert!(matches!(Passcode::parse(&wrong), Err(PasscodeError::Mistyped)), "{at} {symbol}");
            }
            for other in (0..SYMBOLS).filter(|other| symbols[*other] != symbols[at]) {
                let mut wrong = symbols.clone();
                wrong.swap(at, other);
                let wrong: String = wrong.into_iter().collect();
                assert!(matches!(Passcode::parse(&wrong), Err(PasscodeError::Mistyped)), "{at} {other}");
            }
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text: String) {
            let _ = Passcode::parse(&text);
        }
    }
}
