//! From bytes to text: byte-order marks, declared encodings, and declarations that are not true.
//!
//! Bytes that are valid UTF-8 with at least one character beyond ASCII are UTF-8 whatever the file
//! declares, since text in any other encoding is practically never valid UTF-8 by accident.

use super::{StatementError, StatementErrorKind, problem};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;

/// The largest file that is read, in bytes.
pub(super) const MAX_FILE_BYTES: usize = 1 << 30;

/// Turns the bytes into text.
///
/// `declared` is the encoding that the file itself names, for bytes that are not valid UTF-8; `fallback`
/// chooses one when it names none that is known.
///
/// # Errors
/// An empty, binary or overlarge file, and bytes that do not belong to the encoding.
pub(super) fn decode<'a>(
    bytes: &'a [u8],
    declared: Option<&'static Encoding>,
    fallback: impl FnOnce(&[u8]) -> &'static Encoding,
) -> Result<Cow<'a, str>, StatementError> {
    decode_told(bytes, declared, fallback).map(|(text, _)| text)
}

/// As [`decode`], and says which encoding it was.
///
/// # Errors
/// As [`decode`].
pub(super) fn decode_told<'a>(
    bytes: &'a [u8],
    declared: Option<&'static Encoding>,
    fallback: impl FnOnce(&[u8]) -> &'static Encoding,
) -> Result<(Cow<'a, str>, &'static Encoding), StatementError> {
    check_size(bytes)?;
    if let Some((encoding, bom_len)) = Encoding::for_bom(bytes) {
        return Ok((decode_as(bytes.get(bom_len..).unwrap_or_default(), encoding)?, encoding));
    }
    if let Some(encoding) = utf16_without_bom(bytes) {
        return Ok((decode_as(bytes, encoding)?, encoding));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok((check_text(Cow::Borrowed(text))?, UTF_8)),
        Err(_) => {
            let named = declared.filter(|encoding| *encoding != UTF_8 && *encoding != UTF_16LE);
            let encoding = named.unwrap_or_else(|| fallback(bytes));
            Ok((decode_as(bytes, encoding)?, encoding))
        }
    }
}

/// Reads the bytes as one encoding that somebody named outright.
///
/// # Errors
/// As [`decode`].
pub(super) fn decode_named<'a>(
    bytes: &'a [u8],
    encoding: &'static Encoding,
) -> Result<Cow<'a, str>, StatementError> {
    check_size(bytes)?;
    match Encoding::for_bom(bytes) {
        Some((found, bom_len)) => decode_as(bytes.get(bom_len..).unwrap_or_default(), found),
        None => decode_as(bytes, encoding),
    }
}

/// The likeliest encoding of bytes that are not UTF-8, by the letters they would stand for.
pub(super) fn likeliest(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess: &'static Encoding = detector.guess(None, Utf8Detection::Deny);
    // Statements are never in a script that is read one byte at a time by chance; a guess that cannot
    // decode the bytes is worse than the most common one.
    if guess.decode_without_bom_handling_and_without_replacement(bytes).is_some() {
        guess
    } else {
        WINDOWS_1252
    }
}

/// The encoding that a label such as `USASCII`, `1252`, `ISO-8859-1` or `UTF8` means.
pub(super) fn by_label(label: &str) -> Option<&'static Encoding> {
    let label = label.trim().trim_matches(['"', '\'']);
    if label.is_empty() {
        return None;
    }
    Encoding::for_label(label.as_bytes())
        .or_else(|| Encoding::for_label(format!("windows-{label}").as_bytes()))
        .or_else(|| Encoding::for_label(format!("iso-{label}").as_bytes()))
        .or_else(|| label.eq_ignore_ascii_case("usascii").then_some(WINDOWS_1252))
        .or_else(|| label.eq_ignore_ascii_case("unicode").then_some(UTF_8))
}

/// The start of the file as text, for looking at its header; lossy, never failing.
pub(super) fn peek(bytes: &[u8], max_bytes: usize) -> String {
    let head = bytes.get(..max_bytes.min(bytes.len())).unwrap_or_default();
    let (encoding, skip) = match Encoding::for_bom(head) {
        Some(found) => found,
        None => (utf16_without_bom(head).unwrap_or(UTF_8), 0),
    };
    let (text, _) = encoding.decode_without_bom_handling(head.get(skip..).unwrap_or_default());
    text.into_owned()
}

fn check_size(bytes: &[u8]) -> Result<(), StatementError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(problem::whole_file(
            StatementErrorKind::TooLarge,
            format!(
                "the file has {} bytes, more than any statement ({MAX_FILE_BYTES} are read)",
                bytes.len()
            ),
            "ask the bank for a shorter period, or split the file",
        ));
    }
    Ok(())
}

fn decode_as<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> Result<Cow<'a, str>, StatementError> {
    match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => check_text(text),
        None => Err(problem::whole_file(
            StatementErrorKind::Malformed,
            format!("the bytes are not text in {}", encoding.name()),
            "download the statement again, or convert the file to UTF-8",
        )),
    }
}

/// Refuses text that holds NUL characters: no statement does, and binary files do.
fn check_text(text: Cow<'_, str>) -> Result<Cow<'_, str>, StatementError> {
    // A DOS end-of-file mark and padding after the last line are harmless.
    let end = text.trim_end_matches(['\u{1a}', '\0']).len();
    match text.get(..end).and_then(|kept| kept.find('\0')) {
        Some(offset) => Err(problem::at(
            StatementErrorKind::Malformed,
            &text,
            offset,
            "",
            "the file holds binary data, so it is no statement or was damaged",
            "download the statement again; spreadsheets and PDF files must be exported as OFX or CSV",
        )),
        None if end == text.len() => Ok(text),
        None => Ok(match text {
            Cow::Borrowed(whole) => Cow::Borrowed(whole.get(..end).unwrap_or(whole)),
            Cow::Owned(mut whole) => {
                whole.truncate(end);
                Cow::Owned(whole)
            }
        }),
    }
}

/// UTF-16 that carries no byte-order mark: every other byte of the beginning is zero.
pub(super) fn utf16_without_bom(bytes: &[u8]) -> Option<&'static Encoding> {
    let head: Vec<[u8; 2]> =
        bytes.get(..64.min(bytes.len()))?.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
    if head.len() < 8 {
        return None;
    }
    if head.iter().all(|pair| pair[0] != 0 && pair[1] == 0) {
        return Some(UTF_16LE);
    }
    head.iter().all(|pair| pair[0] == 0 && pair[1] != 0).then_some(UTF_16BE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latin(_: &[u8]) -> &'static Encoding {
        WINDOWS_1252
    }

    #[test]
    fn a_declaration_that_is_not_true_is_not_believed() {
        let utf8 = "Café".as_bytes();
        assert_eq!(decode(utf8, Some(WINDOWS_1252), latin).unwrap(), "Café");
        assert_eq!(decode(b"Caf\xe9 \x80", Some(UTF_8), latin).unwrap(), "Café €");
    }

    #[test]
    fn utf16_is_read_with_and_without_a_mark() {
        let units: Vec<u8> = "Café; 1,50 text".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked: Vec<u8> = [&[0xff, 0xfe], units.as_slice()].concat();
        assert_eq!(decode(&marked, None, latin).unwrap(), "Café; 1,50 text");
        assert_eq!(decode(&units, None, latin).unwrap(), "Café; 1,50 text");
        let big: Vec<u8> = "Plain text here".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&big, None, latin).unwrap(), "Plain text here");
    }

    #[test]
    fn binary_is_refused_and_padding_is_not() {
        assert!(decode(b"a,b\0c\nd", None, latin).is_err());
        assert_eq!(decode(b"a,b\n\x1a\0\0", None, latin).unwrap(), "a,b\n");
    }

    #[test]
    fn labels_of_ofx_headers_are_known() {
        for (label, name) in [
            ("1252", "windows-1252"),
            ("USASCII", "windows-1252"),
            ("8859-1", "windows-1252"),
            ("ISO-8859-1", "windows-1252"),
            ("UTF8", "UTF-8"),
            ("UTF-8", "UTF-8"),
            ("8859-2", "ISO-8859-2"),
            ("1250", "windows-1250"),
        ] {
            assert_eq!(by_label(label).map(Encoding::name), Some(name), "{label}");
        }
        assert!(by_label("NONE").is_none());
    }
}
