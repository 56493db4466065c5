//! From XML text to leaves with their paths. Nothing is expanded: a document type declaration is refused, and the only
//! references that are resolved are the five of XML and numbers.

use super::super::{StatementError, StatementErrorKind, problem};
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};

/// The deepest nesting of elements; camt itself needs about fifteen.
const MAX_DEPTH: usize = 64;
/// The longest text of one element, in bytes.
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// The longest name of an element, in bytes.
const MAX_NAME_BYTES: usize = 256;
/// Elements that some versions wrap around what others write without them.
const TRANSPARENT: &[&str] = &["NtryDtls", "Pty"];

/// An element that holds text and no elements.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf<'x> {
    /// The names from the root to it, set apart by slashes, without prefixes and without [`TRANSPARENT`] names.
    pub path: &'x str,
    /// Its text, with references resolved and the space around it taken off.
    pub text: &'x str,
    /// Its attribute `Ccy`.
    pub currency: Option<&'x str>,
    /// Where it begins, in bytes.
    pub offset: usize,
}

/// What is told of the document while it is walked.
pub(super) trait Visitor {
    /// An element begins.
    fn open(&mut self, path: &str, offset: usize) -> Result<(), StatementError>;
    /// An element with text alone has ended; told before its [`Visitor::close`].
    fn leaf(&mut self, leaf: Leaf<'_>) -> Result<(), StatementError>;
    /// An element has ended.
    fn close(&mut self, path: &str) -> Result<(), StatementError>;
}

/// The encoding that an XML declaration names.
pub(super) fn declared_encoding(head: &str) -> Option<&str> {
    let declaration = head.split_once("<?xml")?.1.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value.get(1..)?.split_once(quote).map(|(label, _)| label)
}

/// Walks the whole text.
///
/// # Errors
/// XML that is not well-formed or ends early, a document type, references that nobody knows, and whatever the visitor
/// refuses.
pub(super) fn walk(
    text: &str,
    visitor: &mut impl Visitor,
    step: &mut dyn FnMut(usize),
) -> Result<(), StatementError> {
    let mut walker = Walker {
        text,
        visitor,
        path: String::new(),
        open: Vec::new(),
        content: String::new(),
        currency: None,
        leaf_at: None,
    };
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = false;
    loop {
        let offset = position(&reader, text);
        step(offset);
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return Err(walker.malformed(offset, &error)),
        };
        match event {
            Event::Start(start) => walker.start(&start, offset)?,
            Event::Empty(start) => {
                walker.start(&start, offset)?;
                walker.end()?;
            }
            Event::End(_) => walker.end()?,
            Event::Text(part) => walker.text(&part, offset)?,
            Event::CData(part) => walker.text(&part, offset)?,
            Event::GeneralRef(reference) => {
                let number = reference.resolve_char_ref().ok().flatten().map(String::from);
                let known = number.or_else(|| resolve_xml_entity(&reference).map(str::to_owned));
                match known {
                    Some(known) => walker.text(&known, offset)?,
                    None => return Err(walker.unknown_reference(offset)),
                }
            }
            Event::DocType(_) => return Err(walker.document_type(offset)),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => return walker.finish(),
        }
    }
}

fn position(reader: &Reader<&[u8]>, text: &str) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(text.len()).min(text.len())
}

struct Open {
    path_len: usize,
    offset: usize,
    /// Whether it is one of [`TRANSPARENT`], of which nothing is told.
    transparent: bool,
}

struct Walker<'t, 'v, V> {
    text: &'t str,
    visitor: &'v mut V,
    path: String,
    open: Vec<Open>,
    content: String,
    currency: Option<String>,
    /// Where the innermost open element begins, unless it holds elements.
    leaf_at: Option<usize>,
}

impl<V: Visitor> Walker<'_, '_, V> {
    fn start(&mut self, start: &BytesStart<'_>, offset: usize) -> Result<(), StatementError> {
        let name = start.local_name().into_inner();
        if self.open.len() >= MAX_DEPTH {
            let message = format!("elements are nested more than {MAX_DEPTH} deep, which no statement needs");
            return Err(self.refuse(StatementErrorKind::TooLarge, offset, message, HOSTILE));
        }
        if name.len() > MAX_NAME_BYTES {
            let message = format!("the name of an element is {} bytes long", name.len());
            return Err(self.refuse(StatementErrorKind::TooLarge, offset, message, HOSTILE));
        }
        let transparent = TRANSPARENT.contains(&name);
        self.open.push(Open { path_len: self.path.len(), offset, transparent });
        if !transparent {
            if !self.path.is_empty() {
                self.path.push('/');
            }
            self.path.push_str(name);
        }
        self.content.clear();
        self.leaf_at = Some(offset);
        self.currency = start
            .attributes()
            .flatten()
            .find(|attribute| attribute.key.local_name().into_inner() == "Ccy")
            .map(|attribute| attribute.value.trim().chars().take(16).collect());
        if transparent { Ok(()) } else { self.visitor.open(&self.path, offset) }
    }

    fn end(&mut self) -> Result<(), StatementError> {
        // The reader has matched the names, so something is open.
        let Some(open) = self.open.pop() else { return Ok(()) };
        if let Some(offset) = self.leaf_at.take().filter(|_| !open.transparent) {
            let text = self.content.trim();
            let currency = self.currency.as_deref();
            self.visitor.leaf(Leaf { path: &self.path, text, currency, offset })?;
        }
        if !open.transparent {
            self.visitor.close(&self.path)?;
        }
        self.path.truncate(open.path_len);
        Ok(())
    }

    fn text(&mut self, part: &str, offset: usize) -> Result<(), StatementError> {
        if self.open.is_empty() && !part.trim().is_empty() {
            let message = "there is text outside the document".to_owned();
            return Err(self.refuse(StatementErrorKind::Malformed, offset, message, DAMAGED));
        }
        let Some(at) = self.leaf_at else { return Ok(()) };
        if self.content.len() + part.len() > MAX_TEXT_BYTES && !part.trim().is_empty() {
            let message = format!("an element holds more than {MAX_TEXT_BYTES} bytes of text");
            return Err(self.refuse(StatementErrorKind::TooLarge, at, message, HOSTILE));
        }
        if !(self.content.is_empty() && part.trim().is_empty()) {
            self.content.push_str(part);
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), StatementError> {
        let Some(open) = self.open.last() else { return Ok(()) };
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let began = problem::line_of(self.text, open.offset);
        let message = format!("the file ends inside <{name}>, which began on line {began}");
        Err(self.refuse(StatementErrorKind::Malformed, self.text.trim_end().len(), message, CUT_SHORT))
    }

    fn malformed(&self, offset: usize, error: &quick_xml::Error) -> StatementError {
        let kind = StatementErrorKind::Malformed;
        let ends = matches!(error, quick_xml::Error::Syntax(_));
        let remedy = if ends { CUT_SHORT } else { DAMAGED };
        let detail = problem::excerpt(&error.to_string());
        self.refuse(kind, offset, format!("the XML is not well-formed: {detail}"), remedy)
    }

    fn unknown_reference(&self, offset: usize) -> StatementError {
        let message = "the text refers to an entity that XML does not define".to_owned();
        let remedy = "entities are never expanded here; ask the bank for a file without them";
        self.refuse(StatementErrorKind::Malformed, offset, message, remedy)
    }

    fn document_type(&self, offset: usize) -> StatementError {
        let message = "the file declares a document type, which no camt message has".to_owned();
        let remedy = "such declarations can be used against whoever reads them, so none is read; download the file again";
        self.refuse(StatementErrorKind::Malformed, offset, message, remedy)
    }

    fn refuse(
        &self,
        kind: StatementErrorKind,
        offset: usize,
        message: String,
        remedy: &str,
    ) -> StatementError {
        problem::at(kind, self.text, offset, shown(self.text, offset), message, remedy)
    }
}

const HOSTILE: &str = "the file is damaged or hostile; download it again";
const DAMAGED: &str = "part of the file is missing or damaged; download it again";
const CUT_SHORT: &str = "the download was cut short: nothing was read; download the statement again";

/// The text from an offset on, as much of it as an excerpt can show.
pub(super) fn shown(text: &str, offset: usize) -> &str {
    let rest = text.get(offset..).unwrap_or_default();
    let end = rest.char_indices().nth(400).map_or(rest.len(), |(at, _)| at);
    rest.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Seen(Vec<String>);

    impl Visitor for Seen {
        fn open(&mut self, path: &str, _: usize) -> Result<(), StatementError> {
            self.0.push(format!("+{path}"));
            Ok(())
        }
        fn leaf(&mut self, leaf: Leaf<'_>) -> Result<(), StatementError> {
            self.0.push(format!("{}={}{}", leaf.path, leaf.text, leaf.currency.unwrap_or_default()));
            Ok(())
        }
        fn close(&mut self, path: &str) -> Result<(), StatementError> {
            self.0.push(format!("-{path}"));
            Ok(())
        }
    }

    fn seen(text: &str) -> Result<Vec<String>, StatementError> {
        let mut seen = Seen::default();
        walk(text, &mut seen, &mut |_| {})?;
        Ok(seen.0)
    }

    #[test]
    fn leaves_carry_paths_text_and_currency() {
        let found = seen(
            "<?xml version='1.0'?><n:A><!-- x --><NtryDtls><B Ccy='EUR'> 1 &amp;&#x32;<![CDATA[<]]> </B></NtryDtls><C/></n:A>\n",
        );
        let expected = ["+A", "+A/B", "A/B=1 &2<EUR", "-A/B", "+A/C", "A/C=", "-A/C", "-A"];
        assert_eq!(found.unwrap(), expected);
    }

    #[test]
    fn what_is_no_document_is_refused_with_its_line() {
        for (text, word, line) in [
            ("<A>\n<B>1</B>", "ends inside <A>", 2),
            ("<A>\n<B>1</C></A>", "not well-formed", 2),
            ("<A>\n<B", "not well-formed", 2),
            ("<!DOCTYPE A [<!ENTITY x 'y'>]><A>&x;</A>", "document type", 1),
            ("<A>\n&x;</A>", "entity", 2),
            ("<A/>\ntext", "outside", 1),
        ] {
            let error = seen(text).unwrap_err();
            assert!(error.message.contains(word), "{text}: {}", error.message);
            assert_eq!(error.line, line, "{text}");
        }
        let deep = "<A>".repeat(100);
        assert_eq!(seen(&deep).unwrap_err().kind, StatementErrorKind::TooLarge);
        let long = format!("<A>{}</A>", "x".repeat(MAX_TEXT_BYTES + 1));
        assert_eq!(seen(&long).unwrap_err().kind, StatementErrorKind::TooLarge);
    }

    #[test]
    fn the_declared_encoding_is_found() {
        assert_eq!(
            declared_encoding("<?xml version=\"1.0\" encoding = 'ISO-8859-1' ?><A/>"),
            Some("ISO-8859-1")
        );
        assert_eq!(declared_encoding("<?xml version=\"1.0\"?><A encoding='x'/>"), None);
    }
}
