//! Payees under other names: pseudonyms that one recipient can tell apart and nobody can link, or initials alone.
//!
//! A pseudonym is HMAC-SHA-256 under a key that the owner derives for each recipient. The same payee has the same
//! pseudonym in everything that this recipient gets, and another one for everybody else. Who does not hold
//! the key can neither turn a pseudonym back nor test a guess.

use super::root::hmac;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// What each pseudonym begins with.
const PREFIX: &str = "payee-";
/// How many symbols of base32 follow: 60 bits.
const SYMBOLS: usize = 12;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// What stands for everything of a payee but its initials.
const DOTS: &str = "••••";

/// The key under which one recipient's pseudonyms are made. It never leaves the vault.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct PseudonymKey([u8; 32]);

impl PseudonymKey {
    /// A key of 32 derived bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The payee's pseudonym, for example `payee-k3q7xmzt5w2a`. Case and spacing of the payee do not matter.
    pub fn pseudonym(&self, payee: &str) -> String {
        let folded: Vec<String> = payee.split_whitespace().map(str::to_lowercase).collect();
        let tag = hmac(&self.0, folded.join(" ").as_bytes());
        format!("{PREFIX}{}", symbols(&tag))
    }
}

/// The first bits of a tag in base32 (RFC 4648), in lower case.
fn symbols(tag: &[u8; 32]) -> String {
    let bits = tag.iter().take(8).fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    let symbol = |index: usize| {
        let shift = 64 - 5 * (index + 1);
        let five = usize::try_from(bits >> shift & 31).unwrap_or_default();
        char::from(ALPHABET.get(five).copied().unwrap_or_default())
    };
    (0..SYMBOLS).map(symbol).collect()
}

/// Whether a text has the form of a pseudonym.
pub(super) fn is_pseudonym(text: &str) -> bool {
    text.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.len() == SYMBOLS && rest.bytes().all(|symbol| ALPHABET.contains(&symbol)))
}

/// A payee by the initials of its first two words: `Corner Cafe 12` becomes `C•••• C••••`. Digits and signs are never
/// shown, and a payee without a letter becomes dots alone.
pub fn masked_payee(payee: &str) -> String {
    let initials =
        payee.split_whitespace().filter_map(|word| word.chars().next()).filter(|c| c.is_alphabetic());
    let words: Vec<String> = initials.take(2).map(|initial| format!("{initial}{DOTS}")).collect();
    if words.is_empty() { DOTS.to_owned() } else { words.join(" ") }
}

/// Whether a text has the form of a masked payee.
pub(super) fn is_masked_payee(text: &str) -> bool {
    let masked = |word: &str| {
        word.strip_suffix(DOTS).is_some_and(|initial| {
            let mut chars = initial.chars();
            chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
        })
    };
    text == DOTS || (text.split(' ').count() <= 2 && text.split(' ').all(masked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pseudonym_is_stable_for_one_recipient_and_unlinkable_across() {
        let (one, two) = (PseudonymKey::from_bytes([1; 32]), PseudonymKey::from_bytes([2; 32]));
        assert_eq!(one.pseudonym("Corner Cafe"), one.pseudonym("  CORNER   cafe "));
        assert_ne!(one.pseudonym("Corner Cafe"), one.pseudonym("Corner Cafe 2"));
        assert_ne!(one.pseudonym("Corner Cafe"), two.pseudonym("Corner Cafe"));
        assert_eq!(one.pseudonym("Corner Cafe"), "payee-ulu25hdsjnt2");
    }

    #[test]
    fn a_masked_payee_shows_two_initials_at_most() {
        for (payee, masked) in [
            ("Corner Cafe 12", "C•••• C••••"),
            ("EXAMPLE GMBH & CO KG", "E•••• G••••"),
            ("4711", "••••"),
            ("", "••••"),
            ("Ärzte", "Ä••••"),
            ("+49 Phone", "P••••"),
        ] {
            assert_eq!(masked_payee(payee), masked);
        }
        for bad in ["Corner Cafe", "C•••• C•••• C••••", "Co••••", "1••••", "", "C•••• "]
        {
            assert!(!is_masked_payee(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_payee_gets_a_well_formed_stand_in(payee: String, key: [u8; 32]) {
            prop_assert!(is_pseudonym(&PseudonymKey::from_bytes(key).pseudonym(&payee)));
            prop_assert!(is_masked_payee(&masked_payee(&payee)));
        }
    }
}
