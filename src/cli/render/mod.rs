//! Rendering: text made safe for a terminal, tones, and aligned tables. Knows nothing of vaults.

mod table;

pub use table::{Align, Cell, Table};

/// What a piece of text means, which decides its colour where there is colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// A title, or what matters most on the line.
    Strong,
    /// Of less weight than the rest.
    Dim,
    /// An amount below zero.
    Negative,
    /// Good news.
    Good,
    /// Bad news.
    Bad,
    /// Worth a look.
    Caution,
}

impl Tone {
    /// The SGR sequence that begins the tone; empty for plain text.
    const fn sgr(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Negative => "\x1b[31m",
            Self::Good => "\x1b[32m",
            Self::Bad => "\x1b[1;31m",
            Self::Caution => "\x1b[33m",
        }
    }

    /// Writes `text` in this tone onto `line`; as it is when there is no colour.
    pub fn paint(self, text: &str, colour: bool, line: &mut String) {
        let text = clean(text);
        if colour && self != Self::Plain && !text.is_empty() {
            line.push_str(self.sgr());
            line.push_str(&text);
            line.push_str("\x1b[0m");
        } else {
            line.push_str(&text);
        }
    }
}

/// Makes text from a statement safe to show: control characters, which could move the cursor, retitle the
/// window or hide a row, and characters that reorder or hide the text around them, are shown as escapes.
pub fn clean(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\t' => shown.push_str("\\t"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            c if is_unsafe(c) && u32::from(c) < 0x100 => shown.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if is_unsafe(c) => shown.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => shown.push(c),
        }
    }
    shown.into()
}

/// Makes JSON text safe to show in the same way, with JSON's own escapes: the value stays what it was.
pub fn clean_json(text: &str) -> std::borrow::Cow<'_, str> {
    let is_raw = |c: char| c != '\n' && is_unsafe(c);
    if !text.chars().any(is_raw) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_raw(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(c);
        }
    }
    shown.into()
}

/// Control characters (C0, DEL, C1), line separators, and the bidirectional and invisible formatting ones.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_of_any_script_is_left_alone() {
        for text in ["Corner Cafe", "Bäckerei • 12 €", "カフェ", "قهوة", ""] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        assert_eq!(clean("a\x1b[31mb"), "a\\x1b[31mb");
        assert_eq!(clean("\u{9b}2J"), "\\x9b2J");
        assert_eq!(clean("a\nb\tc\r\0\x7f"), "a\\nb\\tc\\r\\x00\\x7f");
        assert_eq!(clean("gpj.\u{202e}exe"), "gpj.\\u{202e}exe");
    }

    #[test]
    fn json_says_the_same_without_what_a_terminal_obeys() {
        let hostile = "a\u{9b}2J\u{202e}\u{e0041}\u{1b}é";
        let text = serde_json::to_string_pretty(&[hostile]).unwrap();
        let cleaned = clean_json(&text);
        assert!(!cleaned.chars().any(|c| c != '\n' && is_unsafe(c)), "{cleaned:?}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&cleaned).unwrap(), [hostile]);
        assert_eq!(clean_json("[\n  \"é\"\n]"), "[\n  \"é\"\n]");
    }

    #[test]
    fn tones_need_colour() {
        let mut line = String::new();
        Tone::Bad.paint("x", false, &mut line);
        assert_eq!(line, "x");
        Tone::Bad.paint("y", true, &mut line);
        assert_eq!(line, "x\x1b[1;31my\x1b[0m");
    }
}
