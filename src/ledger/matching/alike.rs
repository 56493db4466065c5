//! Whether two texts about a movement may be of one other party, though two sources spell it.

/// Words that say how money moved, not with whom: two movements may share them by chance.
const GENERAL: &[&str] = &[
    "ach",
    "bank",
    "card",
    "cash",
    "com",
    "credit",
    "date",
    "debit",
    "des",
    "eur",
    "from",
    "gbp",
    "gmbh",
    "inc",
    "ltd",
    "llc",
    "online",
    "payment",
    "payments",
    "paypal",
    "pending",
    "pos",
    "purchase",
    "ref",
    "sepa",
    "sumup",
    "terminal",
    "the",
    "transfer",
    "und",
    "usd",
    "visa",
    "mastercard",
    "maestro",
    "zettle",
    "with",
    "www",
];

/// The fewest letters of a word that two texts must share.
const MIN_WORD_CHARS: usize = 3;
/// Words that begin with this many equal letters are taken as one: sources cut long names short.
const PREFIX_CHARS: usize = 5;

/// The words of a text that may tell who the other party is, in lower case, sorted.
pub fn folded_text(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let mut telling: Vec<String> = words
        .filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() >= MIN_WORD_CHARS)
        .filter(|word| !GENERAL.contains(word))
        .map(str::to_owned)
        .collect();
    telling.sort_unstable();
    telling.dedup();
    telling
}

/// Whether two texts, folded, share a telling word, or words that begin alike.
pub fn is_alike(one: &[String], other: &[String]) -> bool {
    one.iter().any(|word| {
        other.iter().any(|there| word == there || (common_prefix_chars(word, there) >= PREFIX_CHARS))
    })
}

fn common_prefix_chars(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_shop_are_alike_and_general_words_are_not() {
        let alike = |one: &str, other: &str| is_alike(&folded_text(one), &folded_text(other));
        assert!(alike("CORNER CAFE 0231 HAMBURG", "Corner Cafe"));
        assert!(alike("AMZNMKTPL*2K4 Amazon.com", "AMAZON MKTPLACE"));
        assert!(alike("Stadtwerke", "STADTWERK MUSTERSTADT"));
        assert!(!alike("Card payment Bakery", "Card payment Florist"));
        assert!(!alike("POS 4711", "POS 4711"));
        assert!(!alike("", ""));
    }
}
