//! Cuts OFX text into tags, each with the text that follows it. Nothing is copied.
//!
//! A `<` that begins no tag is text, as in `<MEMO>A < B`; comments, processing instructions and
//! declarations are skipped; nothing is ever expanded, so no file can grow in memory.

use super::super::{StatementError, StatementErrorKind, problem};
use super::MAX_TEXT_BYTES;
use std::borrow::Cow;

/// The longest name of a tag; vendors' own tags stay far below.
const MAX_NAME_BYTES: usize = 80;
/// The most bytes that attributes may take.
const MAX_ATTRIBUTE_BYTES: usize = 1024;

/// How much of the text must be there to see whether a `<` begins a tag.
const LONGEST_TAG_BYTES: usize = 2 + MAX_NAME_BYTES + 1 + MAX_ATTRIBUTE_BYTES;

/// One tag and the raw text up to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// The name as written, without a namespace prefix.
    pub name: &'a str,
    /// Whether it is `</NAME>`.
    pub closes: bool,
    /// Whether it is `<NAME/>`.
    pub empty: bool,
    /// What follows up to the next tag, not yet decoded.
    pub raw: &'a str,
    /// Where the tag begins, in bytes.
    pub offset: usize,
}

impl<'a> Token<'a> {
    /// The text that follows, with entities decoded and the space around it taken off.
    pub fn text(&self) -> Cow<'a, str> {
        decode_text(self.raw)
    }

    /// Whether anything but space follows before the next tag.
    pub fn has_text(&self) -> bool {
        !(self.raw.trim().is_empty() || (self.raw.contains("<!--") && self.text().is_empty()))
    }
}

/// The tags of a text, in order.
pub(super) struct Tokens<'a> {
    text: &'a str,
    upcoming: Option<Tag<'a>>,
    started: bool,
    /// Whether the text goes on after this part of it.
    goes_on: bool,
    /// Where the tags that are sure end, in a text that goes on.
    stopped: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Tag<'a> {
    name: &'a str,
    closes: bool,
    empty: bool,
    start: usize,
    end: usize,
}

impl<'a> Tokens<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, upcoming: None, started: false, goes_on: false, stopped: None }
    }

    /// The tags of the beginning of a text: as far as it tells for sure what they are.
    pub fn of_beginning(text: &'a str) -> Self {
        Self { goes_on: true, ..Self::new(text) }
    }

    /// Where the first tag begins that this beginning of the text does not show whole.
    pub fn stopped_at(&self) -> usize {
        self.stopped.unwrap_or(0)
    }

    /// The next tag, or `None` at the end.
    ///
    /// # Errors
    /// A comment or CDATA section without an end, and an element with more text than any bank writes.
    pub fn next(&mut self) -> Result<Option<Token<'a>>, StatementError> {
        if !self.started {
            self.started = true;
            self.upcoming = self.find_tag(0)?;
        }
        let Some(tag) = self.upcoming else { return Ok(None) };
        self.upcoming = self.find_tag(tag.end)?;
        if self.goes_on && self.upcoming.is_none() {
            self.stopped = Some(tag.start);
            return Ok(None);
        }
        let text_end = self.upcoming.map_or(self.text.len(), |next| next.start);
        let raw = self.text.get(tag.end..text_end).unwrap_or_default();
        if raw.len() > MAX_TEXT_BYTES && raw.trim().len() > MAX_TEXT_BYTES {
            return Err(problem::at(
                StatementErrorKind::TooLarge,
                self.text,
                tag.start,
                self.text.get(tag.start..).unwrap_or_default(),
                format!("<{}> holds {} bytes of text, more than any bank writes", tag.name, raw.len()),
                "the file is damaged or not a statement; download it again",
            ));
        }
        Ok(Some(Token { name: tag.name, closes: tag.closes, empty: tag.empty, raw, offset: tag.start }))
    }

    fn find_tag(&self, from: usize) -> Result<Option<Tag<'a>>, StatementError> {
        let mut from = from;
        while let Some(found) = self.text.get(from..).and_then(|rest| rest.find('<')) {
            let start = from + found;
            if self.goes_on && start + LONGEST_TAG_BYTES > self.text.len() {
                return Ok(None);
            }
            let rest = self.text.get(start..).unwrap_or_default();
            if let Some(skipped) = self.skip_markup(rest, start)? {
                from = start + skipped;
                continue;
            }
            if let Some(tag) = read_tag(rest, start) {
                return Ok(Some(tag));
            }
            from = start + 1;
        }
        Ok(None)
    }

    /// The length of a comment, CDATA section, instruction or declaration at the start of `rest`.
    fn skip_markup(&self, rest: &str, start: usize) -> Result<Option<usize>, StatementError> {
        for (opening, closing) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", ">"), ("<!", ">")] {
            if !rest.starts_with(opening) {
                continue;
            }
            return match rest.get(opening.len()..).and_then(|inner| inner.find(closing)) {
                Some(inner) => Ok(Some(opening.len() + inner + closing.len())),
                // Where it ends is not to be seen yet.
                None if self.goes_on => Ok(Some(rest.len())),
                None => Err(problem::at(
                    StatementErrorKind::Malformed,
                    self.text,
                    start,
                    rest,
                    format!("\"{opening}\" is never ended with \"{closing}\""),
                    "the file is cut short or damaged; download it again",
                )),
            };
        }
        Ok(None)
    }
}

/// A tag at the start of `rest`; `None` where the `<` is only text.
fn read_tag(rest: &str, start: usize) -> Option<Tag<'_>> {
    let bytes = rest.as_bytes();
    let closes = bytes.get(1) == Some(&b'/');
    let name_start = if closes { 2 } else { 1 };
    if !bytes.get(name_start)?.is_ascii_alphabetic() {
        return None;
    }
    let name_len = bytes
        .get(name_start..)?
        .iter()
        .take(MAX_NAME_BYTES + 1)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':'))
        .count();
    let name_end = name_start + name_len;
    let name = rest.get(name_start..name_end)?;
    let after = bytes.get(name_end..)?;
    let close_at = after.iter().take(MAX_ATTRIBUTE_BYTES).position(|b| matches!(b, b'>' | b'<'))?;
    if after.get(close_at) != Some(&b'>') || name_len > MAX_NAME_BYTES {
        return None;
    }
    let attributes = rest.get(name_end..name_end + close_at)?;
    let empty = attributes.trim_end().ends_with('/') && !closes;
    let well_formed = attributes.trim().is_empty() || empty || attributes.contains('=');
    let local = name.rsplit_once(':').map_or(name, |(_, local)| local);
    // The tags of OFX are upper case; "<fresh>" in a payee's name is text.
    if local.is_empty() || local.bytes().any(|b| b.is_ascii_lowercase()) {
        return None;
    }
    well_formed.then_some(Tag { name: local, closes, empty, start, end: start + name_end + close_at + 1 })
}

/// Decodes the text of an element: CDATA, the entities of OFX and XML, numeric references. A bare `&` and an
/// entity that nobody knows stay as they are.
pub(super) fn decode_text(raw: &str) -> Cow<'_, str> {
    let trimmed = raw.trim();
    if !trimmed.contains(['&', '<']) {
        return Cow::Borrowed(trimmed);
    }
    let mut out = String::with_capacity(trimmed.len());
    let mut rest = trimmed;
    while let Some(found) = rest.find(['&', '<']) {
        let (plain, special) = rest.split_at(found);
        out.push_str(plain);
        rest = if let Some(inner) = special.strip_prefix("<![CDATA[") {
            let (data, after) = inner.split_once("]]>").unwrap_or((inner, ""));
            out.push_str(data);
            after
        } else if let Some(inner) = special.strip_prefix("<!--") {
            inner.split_once("-->").map_or("", |(_, after)| after)
        } else if let Some(inner) = special.strip_prefix("<?") {
            inner.split_once('>').map_or("", |(_, after)| after)
        } else if let Some((c, after)) = entity(special) {
            out.push(c);
            after
        } else {
            let mut chars = special.chars();
            out.extend(chars.next());
            chars.as_str()
        };
    }
    out.push_str(rest);
    Cow::Owned(out.trim().to_owned())
}

/// The character that an entity at the start of `text` stands for, and what follows it.
fn entity(text: &str) -> Option<(char, &str)> {
    let body = text.strip_prefix('&')?;
    let end = body.bytes().take(10).position(|b| b == b';')?;
    let (name, after) = (body.get(..end)?, body.get(end + 1..)?);
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code).filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r'))?
        }
    };
    Some((c, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(String, bool, String)> {
        let mut tokens = Tokens::new(text);
        let mut found = Vec::new();
        while let Some(token) = tokens.next().unwrap() {
            found.push((token.name.to_owned(), token.closes, token.text().into_owned()));
        }
        found
    }

    #[test]
    fn leaves_are_cut_with_and_without_closing_tags() {
        let want = |list: &[(&str, bool, &str)]| -> Vec<(String, bool, String)> {
            list.iter().map(|(n, c, t)| ((*n).to_owned(), *c, (*t).to_owned())).collect()
        };
        assert_eq!(
            all("<A>\n <B>one\n <C>two</C>\n</A>"),
            want(&[
                ("A", false, ""),
                ("B", false, "one"),
                ("C", false, "two"),
                ("C", true, ""),
                ("A", true, "")
            ])
        );
        assert_eq!(all("<B>x < y <z & 3<4<C>"), want(&[("B", false, "x < y <z & 3<4"), ("C", false, "")]));
        assert_eq!(all("<B>a<!-- <C>no --> b<![CDATA[<D>&amp;]]><C/>")[0].2, "a b<D>&amp;");
    }

    #[test]
    fn entities_are_decoded_once() {
        assert_eq!(
            decode_text(" T&amp;T &#39;x&#x27; a&b &unknown; &amp;lt; "),
            "T&T 'x' a&b &unknown; &lt;"
        );
        assert_eq!(decode_text("R&nbsp;D &#0; &#27; &"), "R\u{a0}D &#0; &#27; &");
    }

    #[test]
    fn an_unended_comment_is_an_error() {
        let mut tokens = Tokens::new("<A>\n<!-- never");
        assert_eq!(tokens.next().unwrap_err().line, 2);
    }
}
