//! The header before `<OFX>`: only the encoding matters to reading, and it is not always true.

use super::super::encoding;
use encoding_rs::Encoding;

/// How far the header may reach, in bytes.
const HEADER_BYTES: usize = 4 * 1024;

/// Keys of the 1.x header. Some banks glue all of them onto one line, so a value ends where the next begins.
const KEYS: &[&str] = &[
    "OFXHEADER:",
    "DATA:",
    "VERSION:",
    "SECURITY:",
    "ENCODING:",
    "CHARSET:",
    "COMPRESSION:",
    "OLDFILEUID:",
    "NEWFILEUID:",
];

/// The encoding that the header names, if it names one that is known.
pub(in crate::statement) fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = encoding::peek(bytes, HEADER_BYTES);
    let upper = head.to_ascii_uppercase();
    let end = upper.find("<OFX>").or_else(|| upper.find("<OFX ")).unwrap_or(upper.len());
    let header = upper.get(..end)?;
    value(header, "CHARSET:")
        .and_then(encoding::by_label)
        .or_else(|| value(header, "ENCODING:").and_then(encoding::by_label))
        .or_else(|| {
            let (_, after) = header.split_once("ENCODING=")?;
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            encoding::by_label(after.get(1..)?.split(quote).next()?)
        })
}

fn value<'h>(header: &'h str, key: &str) -> Option<&'h str> {
    let (_, after) = header.split_once(key)?;
    let after = after.trim_start_matches([' ', '\t']);
    let end = KEYS
        .iter()
        .filter_map(|next| after.find(next))
        .chain(after.find(|c: char| c.is_whitespace() || c == '<'))
        .min()
        .unwrap_or(after.len());
    after.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_found_in_every_shape_of_header() {
        for (header, name) in [
            ("OFXHEADER:100\nENCODING:USASCII\nCHARSET:1252\n<OFX>", Some("windows-1252")),
            ("OFXHEADER:100ENCODING:USASCIICHARSET:1250COMPRESSION:NONE<OFX>", Some("windows-1250")),
            ("ENCODING:UTF-8\r\nCHARSET:NONE\r\n<OFX>", Some("UTF-8")),
            ("<?xml version='1.0' encoding='iso-8859-15'?><OFX>", Some("ISO-8859-15")),
            ("<OFX><MEMO>CHARSET:1250", None),
        ] {
            assert_eq!(declared_encoding(header.as_bytes()).map(Encoding::name), name, "{header}");
        }
    }
}
