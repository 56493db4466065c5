//! What banks call their columns and what they write in them, in the languages of their customers.
//!
//! The names stand in `vocabulary.txt`, which a person can read and add to. They are compared after folding:
//! lower case, accents off, everything that is no letter or digit a space. A currency code or sign in a name
//! (`Amount (EUR)`) is taken off and kept.

use crate::money::Currency;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

const TABLE: &str = include_str!("vocabulary.txt");

/// The table, taken apart once.
static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::read(TABLE));

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// The day the bank booked the row.
    Booked,
    /// A day, not said which.
    Date,
    /// The day from which it counts for interest.
    ValueDate,
    Amount,
    Debit,
    Credit,
    Balance,
    Fee,
    Currency,
    /// Which way the money went.
    Direction,
    Status,
    /// The account that the file is about.
    Account,
    /// The other party's account; not read.
    Counterparty,
    Payee,
    Memo,
    Reference,
    BankId,
    /// Known, and of no use here: amounts before conversion, rates, codes.
    Other,
}

/// A column's name, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// What it is for; `None` where the name is not known.
    pub role: Option<Role>,
    /// The currency in the name.
    pub currency: Option<Currency>,
}

#[derive(Default)]
struct Vocabulary {
    names: HashMap<&'static str, Role>,
    /// In the order of the table: the first role with a word in the name wins.
    words: Vec<(Role, HashSet<&'static str>)>,
    cells: HashMap<&'static str, HashSet<&'static str>>,
}

impl Vocabulary {
    fn read(table: &'static str) -> Self {
        let mut vocabulary = Self::default();
        for (section, names) in sections(table) {
            match section.split_once(':') {
                Some(("cell", kind)) => vocabulary.cells.entry(kind).or_default().extend(names),
                Some((kind, role)) => {
                    let Some(role) = role_named(role) else { continue };
                    if kind == "word" {
                        vocabulary.words.push((role, names.into_iter().collect()));
                    } else {
                        vocabulary.names.extend(names.into_iter().map(|name| (name, role)));
                    }
                }
                None => {}
            }
        }
        vocabulary
    }

    fn has_cell(&self, kind: &str, folded: &str) -> bool {
        self.cells.get(kind).is_some_and(|words| words.contains(folded))
    }
}

/// The sections of the table with their names.
fn sections(table: &'static str) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            found.push((section, Vec::new()));
        } else if let Some((_, names)) = found.last_mut() {
            names.extend(line.split(',').map(str::trim).filter(|name| !name.is_empty()));
        }
    }
    found
}

fn role_named(word: &str) -> Option<Role> {
    Some(match word {
        "booked" => Role::Booked,
        "date" => Role::Date,
        "valuedate" => Role::ValueDate,
        "amount" => Role::Amount,
        "debit" => Role::Debit,
        "credit" => Role::Credit,
        "balance" => Role::Balance,
        "fee" => Role::Fee,
        "currency" => Role::Currency,
        "direction" => Role::Direction,
        "status" => Role::Status,
        "account" => Role::Account,
        "counterparty" => Role::Counterparty,
        "payee" => Role::Payee,
        "memo" => Role::Memo,
        "reference" => Role::Reference,
        "bankid" => Role::BankId,
        "other" => Role::Other,
        _ => return None,
    })
}

/// Understands a column's name.
pub(super) fn understand(header: &str) -> Name {
    let mut currency = None;
    let mut words: Vec<String> = Vec::new();
    let spaced: String = header.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let parts: Vec<&str> = spaced.split_whitespace().collect();
    for part in &parts {
        let is_code = parts.len() > 1 && part.len() == 3 && part.bytes().all(|b| b.is_ascii_uppercase());
        match Currency::iso(part) {
            Ok(found) if is_code && !matches!(*part, "ALL") => currency = Some(found),
            _ => words.push(fold(part)),
        }
    }
    if currency.is_none() {
        let signs = [('€', "EUR"), ('£', "GBP")];
        currency = signs
            .iter()
            .find(|(sign, _)| header.contains(*sign))
            .and_then(|(_, code)| Currency::iso(code).ok());
    }
    let folded = words.join(" ");
    Name { role: role_of(&folded), currency }
}

fn role_of(folded: &str) -> Option<Role> {
    if folded.is_empty() || folded.len() > 80 {
        return None;
    }
    let bare = folded.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ');
    let bare = bare.strip_suffix(" in").unwrap_or(bare);
    if let Some(role) = VOCABULARY.names.get(folded).or_else(|| VOCABULARY.names.get(bare)) {
        return Some(*role);
    }
    let words: Vec<&str> = folded.split(' ').collect();
    if words.len() > 6 {
        return None;
    }
    VOCABULARY
        .words
        .iter()
        .find(|(_, known)| words.iter().any(|word| known.contains(word)))
        .map(|(role, _)| *role)
}

/// Lower case, accents off, everything that is no letter or digit one space.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return fold_ascii(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        let plain: &str = match c {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ą' | 'ă' | 'ā' => "a",
            'ç' | 'ć' | 'č' => "c",
            'ď' | 'đ' | 'ð' => "d",
            'è' | 'é' | 'ê' | 'ë' | 'ę' | 'ě' | 'ē' | 'ė' => "e",
            'ğ' => "g",
            'ì' | 'í' | 'î' | 'ï' | 'ı' | 'ī' | 'į' => "i",
            'ł' | 'ľ' | 'ĺ' => "l",
            'ñ' | 'ń' | 'ň' => "n",
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ő' => "o",
            'ŕ' | 'ř' => "r",
            'ś' | 'š' | 'ş' | 'ș' => "s",
            'ť' | 'ţ' | 'ț' => "t",
            'ù' | 'ú' | 'û' | 'ü' | 'ů' | 'ű' | 'ū' | 'ų' => "u",
            'ý' | 'ÿ' => "y",
            'ź' | 'ż' | 'ž' => "z",
            'ß' => "ss",
            'æ' => "ae",
            'œ' => "oe",
            '\u{300}'..='\u{36f}' => "",
            c if c.is_alphanumeric() => {
                out.push(c);
                continue;
            }
            _ => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
                continue;
            }
        };
        out.push_str(plain);
    }
    out.trim_end().to_owned()
}

/// [`fold`] of what nearly all cells are: a file may have millions.
fn fold_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut after_space = true;
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte.to_ascii_lowercase()));
            after_space = false;
        } else if !after_space {
            out.push(' ');
            after_space = true;
        }
    }
    if after_space {
        out.pop();
    }
    out
}

/// Which way a word in a direction column points: `Some(true)` is in.
pub(super) fn direction(cell: &str) -> Option<bool> {
    if cell.len() > 40 {
        return None;
    }
    match cell.trim() {
        "+" => return Some(true),
        "-" | "\u{2212}" => return Some(false),
        _ => {}
    }
    // No such word has a digit: most cells need no closer look.
    if cell.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let folded = fold(cell);
    if VOCABULARY.has_cell("out", &folded) {
        return Some(false);
    }
    VOCABULARY.has_cell("in", &folded).then_some(true)
}

/// What a word in a status column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Posted,
    Pending,
    /// Declined, reverted, cancelled: no booking.
    Void,
}

pub(super) fn standing(cell: &str) -> Standing {
    if cell.is_empty() || cell.len() > 80 {
        return Standing::Posted;
    }
    let folded = fold(cell);
    let has = |kind: &str| folded.split(' ').any(|word| VOCABULARY.has_cell(kind, word));
    if has("void") {
        Standing::Void
    } else if has("pending") {
        Standing::Pending
    } else {
        Standing::Posted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_direction_have_no_digits() {
        let words = ["in", "out"].into_iter().flat_map(|kind| &VOCABULARY.cells[kind]);
        assert!(words.clone().count() > 10);
        assert!(words.into_iter().all(|word| !word.contains(|c: char| c.is_ascii_digit())));
    }

    #[test]
    fn plain_text_is_folded_as_any_other() {
        for text in ["", " ", "Payment - Thank You!", "  a1_b2  ", "AUTOPAY", "--", "x\ty\n"] {
            // A letter that is not ASCII takes the other way.
            let other = fold(&format!("é {text}"));
            assert_eq!(other.strip_prefix('e').map(str::trim_start), Some(fold(text).as_str()), "{text:?}");
        }
    }

    #[test]
    fn names_are_understood_in_many_languages() {
        for (header, role) in [
            ("Date", Role::Date),
            ("Posted Date", Role::Booked),
            ("Buchungstag", Role::Booked),
            ("Wertstellung", Role::ValueDate),
            ("Auftraggeber/Empfänger", Role::Payee),
            ("VWZ14", Role::Memo),
            ("Omschrijving-2", Role::Memo),
            ("Saldo na trn", Role::Balance),
            ("Tegenrekening IBAN/BBAN", Role::Counterparty),
            ("Oorspr bedrag", Role::Other),
            ("Date opération", Role::Date),
            ("Libellé", Role::Memo),
            ("Débit", Role::Debit),
            ("Crédit", Role::Credit),
            ("Datum zaúčtování", Role::Booked),
            ("Zaúčtovaná částka", Role::Amount),
            ("Tranzakció összege", Role::Amount),
            ("Egyenleg", Role::Balance),
            ("Withdrawals (SGD)", Role::Debit),
            ("RunningBalance", Role::Balance),
            ("Data operacji", Role::Date),
            ("Kwota", Role::Amount),
            ("Inn på konto", Role::Credit),
            ("Original Amount", Role::Other),
            ("Soll/Haben", Role::Direction),
            ("Af Bij", Role::Direction),
        ] {
            assert_eq!(understand(header).role, Some(role), "{header}");
        }
        assert_eq!(understand("FavouriteColour").role, None);
    }

    #[test]
    fn the_currency_in_a_name_is_kept() {
        for (header, code) in [
            ("Amount (EUR)", "EUR"),
            ("Amount CZK", "CZK"),
            ("Betrag in €", "EUR"),
            ("bedrag in EUR", "EUR"),
            ("Withdrawals (SGD)", "SGD"),
        ] {
            let name = understand(header);
            assert_eq!(name.currency.map(|c| c.code().to_owned()).as_deref(), Some(code), "{header}");
            assert!(matches!(name.role, Some(Role::Amount | Role::Debit)), "{header}");
        }
        assert_eq!(understand("Amount").currency, None);
    }

    #[test]
    fn the_table_is_well_formed_and_no_name_has_two_roles() {
        let mut seen = std::collections::HashMap::new();
        for (section, names) in sections(TABLE) {
            let (kind, role) = section.split_once(':').unwrap();
            assert!(kind == "cell" || role_named(role).is_some(), "{section}");
            for name in names {
                assert_eq!(fold(name), name, "names are folded");
                if let Some(other) = seen.insert((kind == "name", kind == "cell", name), section) {
                    assert_eq!(other, section, "{name}");
                }
            }
        }
    }
}
