//! JSON read strictly: no key twice, no fractions, no control characters, no deep nesting; and base64url likewise.
//!
//! Two readers that resolve a repeated key differently would read two statements under one signature,
//! and a terminal that obeys an escape sequence would show another fact than the one that was signed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// How deep arrays and objects may nest; the format itself needs seven levels.
const MAX_DEPTH: u8 = 12;

/// Encodes bytes as base64url without padding.
pub(super) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes canonical base64url without padding: each value has exactly one text.
pub(super) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Reads one JSON value and nothing after it.
pub(super) fn parse_strict(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth_left: MAX_DEPTH }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Whether a text may be signed and shown: no control characters, nothing that reorders or breaks lines.
pub(super) fn is_plain(text: &str) -> bool {
    text.chars().all(|c| !is_unshowable(c))
}

/// A bank's text made plain: every run of characters that may not be shown becomes one space.
pub(super) fn make_plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for part in text.split(is_unshowable).filter(|part| !part.trim().is_empty()) {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(part.trim());
    }
    plain
}

/// Control characters, line and paragraph separators, and the marks that turn the direction of writing.
fn is_unshowable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[derive(Clone, Copy)]
struct Strict {
    depth_left: u8,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth_left = self.depth_left.checked_sub(1).ok_or_else(|| E::custom("nested too deeply"))?;
        Ok(Self { depth_left })
    }
}

fn plain<E: serde::de::Error>(text: &str) -> Result<String, E> {
    if is_plain(text) { Ok(text.to_owned()) } else { Err(E::custom("a control character in a text")) }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON with whole numbers only")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        plain(text).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let key = plain(&key)?;
            let value = members.next_value_seed(inner)?;
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom("a key that is there twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_two_readers_could_read_differently() {
        for bad in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"[{"b":{"a":1,"a":1}}]"#,
            "1.5",
            "1e3",
            "1.0",
            "-0",
            "99999999999999999999",
            "[1] [2]",
            "[1],",
            "",
            "NaN",
            r#""\u001b[31m""#,
            r#""\u202e""#,
            r#""\ud800""#,
        ] {
            assert!(parse_strict(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(parse_strict(b"\"\xff\"").is_err());
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse_strict(nested(12).as_bytes()).is_ok());
        assert!(parse_strict(nested(13).as_bytes()).is_err());
        assert!(parse_strict(nested(1_000_000).as_bytes()).is_err());
        assert_eq!(parse_strict(br#" {"a":[null,true,-3]} "#).unwrap()["a"][2], -3);
    }

    #[test]
    fn base64url_has_one_text_for_each_value() {
        assert_eq!(from_base64url("AQ"), Some(vec![1]));
        for bad in ["AR", "AQ==", "A", "AQ=", "A+", "A/", " AQ", "AQ\n"] {
            assert_eq!(from_base64url(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_banks_text_is_made_plain() {
        assert_eq!(make_plain("  CORNER\tCAFE\r\n 12 "), "CORNER CAFE 12");
        assert_eq!(make_plain("a\u{202e}b"), "a b");
        assert_eq!(make_plain("\u{7}"), "");
    }

    proptest! {
        #[test]
        fn parsing_never_panics(bytes: Vec<u8>) {
            let _ = parse_strict(&bytes);
        }

        #[test]
        fn plain_text_is_plain_and_stays(text: String) {
            let made = make_plain(&text);
            prop_assert!(is_plain(&made));
            prop_assert_eq!(make_plain(&made), made);
        }
    }
}
