//! The recovery code: a generated secret, shown once, that opens a vault whose passphrase was lost.
//!
//! 125 random bits in 25 symbols of Crockford's base 32, then a group of five check symbols (25 bits of SHA-256),
//! so that a slip of the pen is told apart from a wrong code. Printed as six groups of five.

use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::derive::derive;
use super::random::{Random, RandomError};
use super::secret::SlotKey;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SECRET_SYMBOLS: usize = 25;
const CHECK_SYMBOLS: usize = 5;
const GROUP_SYMBOLS: usize = 5;

/// Why a typed recovery code is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoveryCodeError {
    /// Not thirty symbols.
    #[error("a recovery code has 30 letters and digits, this has {found}")]
    Length {
        /// How many symbols were typed, not counting dashes and spaces.
        found: usize,
    },
    /// A character that no recovery code contains.
    #[error("'{found}' is not used in recovery codes")]
    Symbol {
        /// The character.
        found: char,
    },
    /// The check group does not fit the rest: something was mistyped.
    #[error("the recovery code's last group does not fit the rest: something was mistyped")]
    Check,
}

/// A recovery code: 125 random bits. Wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct RecoveryCode(Box<[u8; SECRET_SYMBOLS]>);

impl RecoveryCode {
    /// A new random code.
    ///
    /// # Errors
    /// When `random` fails.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        let mut code = Self(Box::new([0; SECRET_SYMBOLS]));
        random.fill(code.0.as_mut_slice())?;
        for symbol in code.0.iter_mut() {
            // 256 is a multiple of 32, so keeping five bits of each byte is uniform.
            *symbol &= 31;
        }
        Ok(code)
    }

    /// Reads a code as a person types it: either case, with or without dashes and spaces, O for 0, I or L for 1.
    ///
    /// # Errors
    /// [`RecoveryCodeError`], which never repeats more than one character of what was typed.
    pub fn parse(typed: &str) -> Result<Self, RecoveryCodeError> {
        let mut symbols = Zeroizing::new(Vec::with_capacity(SECRET_SYMBOLS + CHECK_SYMBOLS));
        for character in typed.chars() {
            match character {
                '-' | ' ' | '\t' | '\r' | '\n' => {}
                _ => symbols.push(symbol_value(character)?),
            }
        }
        let found = symbols.len();
        let mut code = Self(Box::new([0; SECRET_SYMBOLS]));
        let Some((secret, check)) =
            symbols.split_at_checked(SECRET_SYMBOLS).filter(|(_, check)| check.len() == CHECK_SYMBOLS)
        else {
            return Err(RecoveryCodeError::Length { found });
        };
        code.0.copy_from_slice(secret);
        if check != code.check_symbols() {
            return Err(RecoveryCodeError::Check);
        }
        Ok(code)
    }

    /// The code in six groups, to be shown once and kept on paper.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(40));
        let check = self.check_symbols();
        for (index, symbol) in self.0.iter().chain(check.iter()).enumerate() {
            if index > 0 && index % GROUP_SYMBOLS == 0 {
                text.push('-');
            }
            let letter = ALPHABET.get(usize::from(*symbol)).copied().unwrap_or(b'0');
            text.push(char::from(letter));
        }
        text
    }

    fn check_symbols(&self) -> [u8; CHECK_SYMBOLS] {
        let digest = Sha256::new()
            .chain_update(b"finvault recovery code check")
            .chain_update(self.0.as_slice())
            .finalize();
        let mut check = [0; CHECK_SYMBOLS];
        for (to, from) in check.iter_mut().zip(digest) {
            *to = from & 31;
        }
        check
    }

    /// The key that this code gives for one slot. 125 random bits need no slow derivation.
    pub(crate) fn slot_key(&self, salt: &[u8; 32]) -> SlotKey {
        SlotKey::new(derive(salt, self.0.as_slice(), "recovery slot", &[]).expose())
    }
}

fn symbol_value(character: char) -> Result<u8, RecoveryCodeError> {
    let canonical = match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    (0_u8..)
        .zip(ALPHABET)
        .find(|(_, letter)| char::from(**letter) == canonical)
        .map(|(value, _)| value)
        .ok_or(RecoveryCodeError::Symbol { found: character })
}
