//! The text of a movement (`:86:`), in the dialects that banks write: numbered subfields (`166?00...?20...`, German), words
//! between slashes (`/TRTP/.../NAME/...`, Dutch), coded lines (`:NS:`), and plain text.

use super::super::wording::clean;

/// From this many characters on a line was broken because it was full, perhaps inside a word.
const FULL_LINE_CHARS: usize = 64;
/// The same for a numbered subfield.
const FULL_SUBFIELD_CHARS: usize = 27;
/// A first line of plain text longer than this is no name.
const LONGEST_NAME_CHARS: usize = 80;

/// Words between slashes that begin a part.
const SLASH_WORDS: &[&str] = &[
    "TRTP", "IBAN", "BIC", "NAME", "REMI", "EREF", "PREF", "MARF", "CSID", "CNTP", "BENM", "ORDP", "ADDR",
    "ISDT", "RTRN", "ULTC", "ULTD", "ULTB", "PURP", "TRCD", "ID", "OCMT", "CHGS", "EXCH", "IACC", "BUSP",
    "SVCL", "BTID",
];
/// Words with a plus that begin a part of a purpose (German SEPA text).
const PLUS_WORDS: &[&str] = &[
    "EREF+", "KREF+", "MREF+", "CRED+", "DEBT+", "SVWZ+", "ABWA+", "ABWE+", "COAM+", "OAMT+", "IBAN+",
    "BIC+", "PURP+",
];

/// What a text says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Narrative {
    /// The other party, or what stands in for it.
    pub party: String,
    /// The rest, in order.
    pub memo: Vec<String>,
    /// The payer's end-to-end reference.
    pub reference: Option<String>,
}

/// Reads the lines of all `:86:` of a movement.
pub(super) fn read(lines: &[&str]) -> Narrative {
    let first = lines.first().copied().unwrap_or_default();
    if let Some(mark) = subfield_mark(first) {
        return numbered(&joined(lines, Some(mark)), mark);
    }
    let whole = joined(lines, None);
    let parts = slashed(&whole);
    if whole.starts_with('/') && !parts.is_empty() {
        return from_slashes(&parts).unwrap_or_else(|| plain(lines, &whole));
    }
    plain(lines, &whole)
}

/// Reads the lines of a `:NS:`: two digits, then text.
pub(super) fn read_coded(lines: &[&str]) -> Narrative {
    let of = |codes: std::ops::RangeInclusive<u8>| {
        let texts = lines.iter().filter_map(|line| {
            let (code, text) = line.split_at_checked(2)?;
            code.parse::<u8>().is_ok_and(|code| codes.contains(&code)).then(|| text.trim())
        });
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    };
    let memo = [of(17..=17), of(1..=14)].into_iter().filter(|text| !text.is_empty()).collect();
    stand_in(of(15..=16), memo, None)
}

/// Joins lines that were broken at a fixed width, without tearing words that were whole.
fn joined(lines: &[&str], mark: Option<char>) -> String {
    let mut out = String::new();
    let mut was_full = true;
    for line in lines {
        if !was_full && !mark.is_some_and(|mark| line.starts_with(mark)) {
            out.push(' ');
        }
        out.push_str(line);
        was_full = line.chars().count() >= FULL_LINE_CHARS;
    }
    out
}

/// The character that begins subfields, where the text has them: the one after a code of three digits.
fn subfield_mark(first: &str) -> Option<char> {
    let (code, rest) = first.split_at_checked(3)?;
    let mark = rest
        .chars()
        .next()
        .filter(|c| c.is_ascii_punctuation() && !matches!(c, '/' | ',' | '.' | ':' | '-'))?;
    let number = rest.get(1..3)?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    (digits(code) && digits(number)).then_some(mark)
}

/// `166?00GUTSCHRIFT?20SVWZ+...?32NAME` (field 86 of the German banks' agreement on remote data transmission, annex 3).
fn numbered(text: &str, mark: char) -> Narrative {
    let (mut posting, mut purpose, mut name) = (String::new(), String::new(), String::new());
    let (mut purpose_full, mut name_full) = (true, true);
    let add = |to: &mut String, was_full: &mut bool, value: &str| {
        if !*was_full && !to.is_empty() && !value.starts_with(' ') {
            to.push(' ');
        }
        to.push_str(value);
        *was_full = value.chars().count() >= FULL_SUBFIELD_CHARS;
    };
    for (code, value) in subfields(text, mark) {
        match code {
            0 => posting = value.trim().to_owned(),
            20..=29 | 60..=69 => add(&mut purpose, &mut purpose_full, value),
            32 | 33 => add(&mut name, &mut name_full, value),
            _ => {}
        }
    }
    let parts = split_at_words(&purpose, PLUS_WORDS);
    let part = |word: &str| parts.iter().find(|(found, _)| *found == word).map(|(_, value)| value.trim());
    let stated = part("SVWZ+").map(str::to_owned).unwrap_or_else(|| {
        let end = parts.first().map_or(purpose.len(), |(word, value)| {
            let value_at = value.as_ptr() as usize - purpose.as_ptr() as usize;
            value_at - word.len()
        });
        purpose.get(..end).unwrap_or_default().trim().to_owned()
    });
    let mut memo: Vec<String> = [posting, stated].into_iter().filter(|text| !text.is_empty()).collect();
    for word in ["ABWA+", "ABWE+"] {
        memo.extend(part(word).filter(|value| !value.is_empty()).map(|value| format!("({value})")));
    }
    stand_in(name, memo, part("EREF+").map(str::to_owned))
}

/// The subfields of a text: code and value, in order.
fn subfields(text: &str, mark: char) -> Vec<(u8, &str)> {
    let mut starts: Vec<usize> = Vec::new();
    for (at, _) in text.match_indices(mark) {
        let number = text.get(at + mark.len_utf8()..at + mark.len_utf8() + 2);
        if number.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit())) {
            starts.push(at);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let cut = starts.iter().zip(ends).filter_map(|(start, end)| {
        let field = text.get(start + mark.len_utf8()..end)?;
        let (code, value) = field.split_at_checked(2)?;
        Some((code.parse().ok()?, value))
    });
    cut.collect()
}

/// Cuts a text at each of the words that stands at its beginning or after a space; the value runs to the next.
fn split_at_words<'t>(text: &'t str, words: &[&'static str]) -> Vec<(&'static str, &'t str)> {
    let mut starts: Vec<(usize, &'static str)> = Vec::new();
    for word in words {
        starts.extend(text.match_indices(word).map(|(at, _)| (at, *word)));
    }
    starts.sort_unstable();
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .filter_map(|((at, word), end)| Some((*word, text.get(at + word.len()..end)?)))
        .collect()
}

/// Cuts `/WORD/value/WORD/value` at the words that are known.
fn slashed(text: &str) -> Vec<(&str, &str)> {
    let mut starts: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('/')) {
        let start = at + found;
        let rest = text.get(start + 1..).unwrap_or_default();
        at = start + 1;
        if let Some((word, _)) = rest.split_once('/').filter(|(word, _)| SLASH_WORDS.contains(word)) {
            starts.push((start, word));
            // The slash that ends the word may begin the next.
            at = start + 1 + word.len();
        }
    }
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([text.len()]);
    let cut = starts.iter().zip(ends).filter_map(|((at, word), end)| {
        let value = text.get(at + 1 + word.len()..end)?;
        Some((*word, value.trim_matches('/').trim()))
    });
    cut.collect()
}

/// `None` where none of the words says who or what for.
fn from_slashes(parts: &[(&str, &str)]) -> Option<Narrative> {
    let of = |word: &str| {
        parts.iter().find(|(found, value)| *found == word && !value.is_empty()).map(|(_, value)| *value)
    };
    // `CNTP/account/bank/name/city`; `BENM` and `ORDP` may hold the account and then the name.
    let third = of("CNTP").and_then(|value| value.split('/').nth(2));
    let second = of("BENM").or_else(|| of("ORDP")).and_then(|value| value.split('/').nth(1));
    let party = of("NAME").or(third).or(second).map(str::trim).unwrap_or_default().to_owned();
    let remittance = of("REMI").map(|value| match value.split_once('/') {
        Some(("USTD", rest)) => rest.trim_matches('/').to_owned(),
        Some(("STRD", rest)) => rest.rsplit('/').next().unwrap_or(rest).to_owned(),
        _ => value.to_owned(),
    });
    let memo: Vec<String> = of("TRTP").map(str::to_owned).into_iter().chain(remittance).collect();
    let says_something = !party.is_empty() || !memo.is_empty();
    says_something.then(|| stand_in(party, memo, of("EREF").map(str::to_owned)))
}

fn plain(lines: &[&str], whole: &str) -> Narrative {
    let first = lines.first().copied().unwrap_or_default();
    let is_name =
        first.chars().count() < FULL_LINE_CHARS && clean(first).chars().count() <= LONGEST_NAME_CHARS;
    if lines.len() == 1 || is_name {
        let rest = joined(lines.get(1..).unwrap_or_default(), None);
        let memo = Some(rest).filter(|rest| !rest.trim().is_empty()).into_iter().collect();
        return stand_in(first.trim().to_owned(), memo, None);
    }
    Narrative { party: clean(first), memo: vec![whole.to_owned()], reference: None }
}

/// Where no party is named, the first words stand in for it, as they do for other formats.
fn stand_in(party: String, mut memo: Vec<String>, reference: Option<String>) -> Narrative {
    let reference = reference.filter(|text| is_reference(text));
    let party =
        if party.trim().is_empty() && !memo.is_empty() { memo.remove(0) } else { party.trim().to_owned() };
    Narrative { party, memo, reference }
}

/// Whether a reference is one, and does not say that there is none or that it stands elsewhere.
pub(super) fn is_reference(text: &str) -> bool {
    let text = text.trim();
    let nothing = ["", "NONREF", "NOTPROVIDED", "EREF", "EREF+", "KREF+", "PREF", "MARF", "N", "NOREF"];
    !nothing.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_subfields_are_read() {
        let found = read(&[
            "166?00GUTSCHRIFT?109262?20EREF+INV 42?21SVWZ+Rent for the flat in t?22he old town?30BANKDEFF?31DE1?32EXAMPLE LODGI",
            "NGS?33 LTD?34011",
        ]);
        assert_eq!(found.party, "EXAMPLE LODGINGS LTD");
        assert_eq!(found.memo, ["GUTSCHRIFT", "Rent for the flat in the old town"]);
        assert_eq!(found.reference.as_deref(), Some("INV 42"));
        let found = read(&["000>100555", ">20A NAME OF FEW LETTERS", ">21AND MORE"]);
        assert_eq!((found.party.as_str(), found.memo.len()), ("A NAME OF FEW LETTERS AND MORE", 0));
    }

    #[test]
    fn words_between_slashes_are_read() {
        let found =
            read(&["/TRTP/SEPA TRANSFER/IBAN/XX1/BIC/ABC", "/NAME/J. DOE/REMI/Ref 2013/12/EREF/NOTPROVIDED"]);
        assert_eq!((found.party.as_str(), found.reference), ("J. DOE", None));
        assert_eq!(found.memo, ["SEPA TRANSFER", "Ref 2013/12"]);
        let found = read(&["/EREF/E1//CNTP/XX1/BANKXX/SHOP NV///REMI/USTD//two jars/"]);
        assert_eq!((found.party.as_str(), found.memo.as_slice()), ("SHOP NV", &["two jars".to_owned()][..]));
        assert_eq!(found.reference.as_deref(), Some("E1"));
        assert_eq!(read(&["/BENM//NAME/JOHN/REMI//ISDT/2013-07-11"]).party, "JOHN");
        assert_eq!(read(&["/BENM/300/SOME BANK/Fee"]).party, "SOME BANK");
    }

    #[test]
    fn plain_text_and_coded_lines_are_read() {
        let found = read(&["Corner Cafe", "two coffees"]);
        assert_eq!(
            (found.party.as_str(), found.memo.as_slice()),
            ("Corner Cafe", &["two coffees".to_owned()][..])
        );
        let found = read_coded(&["01Rent", "02for May", "15J. Doe", "17TRANSFER", "33", "x\u{e9}"]);
        assert_eq!(
            (found.party.as_str(), found.memo.as_slice()),
            ("J. Doe", &["TRANSFER".to_owned(), "Rent for May".to_owned()][..])
        );
        assert_eq!(read(&[]), Narrative::default());
        assert_eq!(read(&["12\u{e9}?20x"]).party, "12\u{e9}?20x");
    }
}
