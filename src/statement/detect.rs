//! Which format a file is, from its content alone: names and extensions lie too often.

use super::write::journal::FIRST_LINE as JOURNAL_FIRST_LINE;
use super::{
    Format, StatementError, StatementErrorKind, beancount, dump, encoding, gnucash, include, journal,
    problem, table,
};

/// How much of the beginning is looked at, in bytes.
const HEAD_BYTES: usize = 16 * 1024;

/// Files that people hand in by mistake, by how they begin, and what to say of them.
const LOOKALIKES: &[(&[u8], &str)] = &[
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a spreadsheet or ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"{\\rtf", "an RTF document"),
];

pub(super) fn detect(bytes: &[u8]) -> Result<Format, StatementError> {
    let trimmed = bytes.trim_ascii_start();
    if trimmed.is_empty() {
        return Err(problem::whole_file(
            StatementErrorKind::UnknownFormat,
            "the file is empty",
            "download the statement again",
        ));
    }
    if gnucash::is_gzip_book(bytes) {
        return Ok(Format::Gnucash);
    }
    if let Some((_, what)) = LOOKALIKES.iter().find(|(magic, _)| trimmed.starts_with(magic)) {
        return Err(unknown(&format!("this looks like {what}, which is not read here")));
    }
    let head = encoding::peek(bytes, HEAD_BYTES);
    let start = head.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if let Some(format) = ofx_kind(start) {
        return Ok(format);
    }
    if start.starts_with('<') && gnucash::is_xml_book(start) {
        return Ok(Format::Gnucash);
    }
    if start.starts_with('<') {
        if is_camt(&head) {
            return Ok(Format::Camt);
        }
        let what = if start.contains("iso:20022") {
            "this is an ISO 20022 message, but none of camt.052, camt.053 and camt.054"
        } else if start.to_ascii_lowercase().contains("<html") {
            "this is a web page, not a statement"
        } else {
            "this is XML, but neither OFX nor camt"
        };
        return Err(unknown(what));
    }
    if is_qif(start) {
        return Ok(Format::Qif);
    }
    if is_mt940(start) {
        return Ok(Format::Mt940);
    }
    if start.starts_with(dump::BEGINNING) {
        return Ok(Format::Dump);
    }
    if start.starts_with('{') || start.starts_with('[') {
        return Err(unknown("this looks like JSON"));
    }
    if head.trim_end_matches('\0').contains('\0') {
        return Err(unknown("the file holds binary data, so it is no statement or was damaged"));
    }
    if let Some(language) = include::language_of(start) {
        return Ok(language);
    }
    if start.starts_with(JOURNAL_FIRST_LINE) {
        return Ok(Format::Journal);
    }
    if beancount::is_beancount(start) {
        return Ok(Format::Beancount);
    }
    if journal::is_journal(start) || journal::is_main_file(start) {
        return Ok(Format::Journal);
    }
    if table::is_table(start) {
        return Ok(Format::Table);
    }
    let looks_delimited = start.lines().any(|line| line.contains([',', ';', '\t', '|']));
    if looks_delimited {
        return Ok(Format::Csv);
    }
    Err(unknown("the content is of no format that is read here"))
}

/// QIF by the header that begins its first list; lines that begin with `#` may come before.
fn is_qif(start: &str) -> bool {
    let first = start.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let lower = first.unwrap_or_default().to_ascii_lowercase();
    ["!type:", "!account", "!option:", "!clear:"].iter().any(|header| lower.starts_with(header))
}

/// MT940 by an envelope, by its first tag, or by the tag that begins every message on some line.
fn is_mt940(start: &str) -> bool {
    let first = start.trim_start_matches(|c: char| c.is_control());
    let tags =
        [":20:", ":21:", ":25:", ":28", ":60F:", ":60M:", ":61:", ":62F:", ":62M:", ":86:", ":940:", ":942:"];
    first.starts_with("{1:")
        || tags.iter().any(|tag| first.starts_with(tag))
        || first.lines().any(|line| line.starts_with(":20:"))
}

/// camt by its message's element or its namespace, whichever stands in what was looked at.
fn is_camt(head: &str) -> bool {
    ["BkToCstmrStmt", "BkToCstmrAcctRpt", "BkToCstmrDbtCdtNtfctn", "camt.052.", "camt.053.", "camt.054."]
        .iter()
        .any(|word| head.contains(word))
}

/// OFX by its header or its root element; `None` where it is no OFX.
fn ofx_kind(start: &str) -> Option<Format> {
    let begins = |prefix: &str| start.get(..prefix.len()).is_some_and(|s| s.eq_ignore_ascii_case(prefix));
    let upper = start.to_ascii_uppercase();
    if begins("OFXHEADER") || begins("DATA:OFXSGML") {
        return Some(Format::OfxSgml);
    }
    let root = upper.find("<OFX>").or_else(|| upper.find("<OFX "))?;
    let before = upper.get(..root)?;
    if before.contains("<?OFX") || before.contains("<?XML") {
        return Some(Format::OfxXml);
    }
    // A header that lost its first line, comments, or nothing at all may come before the root.
    let is_header = |line: &str| {
        let line = line.trim();
        line.is_empty() || line.starts_with("<!") || line.split_once(':').is_some_and(|(key, _)| is_word(key))
    };
    before.lines().all(is_header).then_some(Format::OfxSgml)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn unknown(message: &str) -> StatementError {
    problem::whole_file(
        StatementErrorKind::UnknownFormat,
        message,
        "export the statement from the bank as OFX, QFX, camt.053 or CSV",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_content() {
        for (content, format) in [
            ("\r\n\r\nOFXHEADER:100\r\nDATA:OFXSGML", Format::OfxSgml),
            ("<OFX><SIGNONMSGSRSV1>", Format::OfxSgml),
            ("VERSION:102\n<OFX>", Format::OfxSgml),
            ("OFXHEADER:100 DATA:OFXSGML VERSION:102 <OFX>", Format::OfxSgml),
            ("<?xml version=\"1.0\"?><?OFX OFXHEADER=\"200\"?><OFX>", Format::OfxXml),
            ("\u{feff}<?OFX OFXHEADER=\"200\"?>\n<OFX>", Format::OfxXml),
            ("<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\">", Format::Camt),
            ("<?xml version=\"1.0\"?><!-- x --><ns2:Document><ns2:BkToCstmrStmt>", Format::Camt),
            ("!Type:Bank\nD1/1/20", Format::Qif),
            ("# exported\n!account\nNA", Format::Qif),
            (":20:STARTUMS\n:25:1/2\n", Format::Mt940),
            ("\u{1}{1:F01EXAMPLE}{4:\n:20:X", Format::Mt940),
            ("EXAMPLE\n940\n:20:X\n:25:1", Format::Mt940),
            ("Date,Amount\n2024-01-01,1", Format::Csv),
            ("Date;Memo\n2024-01-01;the <OFX> file", Format::Csv),
        ] {
            assert_eq!(detect(content.as_bytes()), Ok(format), "{content}");
        }
    }

    #[test]
    fn what_is_no_statement_is_named() {
        for (content, word) in [
            (&b""[..], "empty"),
            (b"  \r\n", "empty"),
            (b"%PDF-1.7", "PDF"),
            (b"PK\x03\x04....", "spreadsheet"),
            (b"<html><body>", "web page"),
            (b"<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.03\">", "none of camt"),
            (b"{\"a\":1}", "JSON"),
            (b"hello", "no format"),
        ] {
            let error = detect(content).unwrap_err();
            assert_eq!(error.kind, StatementErrorKind::UnknownFormat);
            assert!(error.message.contains(word), "{}", error.message);
        }
    }
}
