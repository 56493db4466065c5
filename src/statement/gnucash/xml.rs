//! The XML of GnuCash (`gnc-v2`), read as a stream. Entities beyond the five of XML and document types are refused.

use super::book::{GnucashAccount, GnucashBook, GnucashCommodity, GnucashSplit, GnucashTransaction};
use crate::statement::{StatementError, StatementErrorKind, encoding, problem};
use encoding_rs::UTF_8;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;

/// The deepest nesting of elements.
const MAX_DEPTH: usize = 64;
/// The longest text of an element, in bytes.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// Reads the XML.
pub(super) fn read(bytes: &[u8], progress: &mut dyn FnMut(u64, u64)) -> Result<GnucashBook, StatementError> {
    let text = encoding::decode(bytes, Some(UTF_8), |_| UTF_8)?;
    let mut reader = Reader::from_str(&text);
    let mut lines = problem::LineCounter::default();
    let mut made = Made::default();
    let mut path: Vec<String> = Vec::new();
    let mut content = String::new();
    let mut events = 0u32;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        let refuse = |message: &str| damaged(&text, at, message);
        events = events.wrapping_add(1);
        if events.is_multiple_of(10_000) {
            progress(at as u64, text.len() as u64);
        }
        match reader
            .read_event()
            .map_err(|error| damaged(&text, at, &format!("the XML is damaged: {error}")))?
        {
            Event::Start(start) => {
                if path.len() >= MAX_DEPTH {
                    return Err(refuse("the XML is nested more deeply than any book"));
                }
                let name = start.name().as_ref().to_owned();
                let line = lines.at(&text, at);
                made.begin(&path, &name, line);
                path.push(name);
                content.clear();
            }
            Event::End(_) => {
                let name = path.pop().unwrap_or_default();
                let text_of = std::mem::take(&mut content);
                let value =
                    unescape(&text_of).map_err(|_| refuse("the XML holds an entity that is not known"))?;
                made.end(&path, &name, &value).map_err(refuse)?;
            }
            Event::Text(part) => take(&mut content, &part).map_err(refuse)?,
            Event::GeneralRef(name) => {
                take(&mut content, &format!("&{};", &*name)).map_err(refuse)?;
            }
            Event::CData(part) => {
                let escaped = part.replace('&', "&amp;");
                take(&mut content, &escaped).map_err(refuse)?;
            }
            Event::DocType(_) => return Err(refuse("the XML declares a document type, which no book does")),
            Event::Eof if path.is_empty() && made.is_book => return Ok(made.book),
            Event::Eof => return Err(refuse("the file ends before the book does")),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

fn take(content: &mut String, part: &str) -> Result<(), &'static str> {
    if content.len() + part.len() > MAX_TEXT_BYTES {
        return Err("a text is longer than any of a book");
    }
    content.push_str(part);
    Ok(())
}

fn damaged(text: &str, at: usize, message: &str) -> StatementError {
    let shown = text.get(at..).unwrap_or_default().lines().next().unwrap_or_default();
    problem::at(StatementErrorKind::Malformed, text, at, shown, message, "save the book again in GnuCash")
}

/// The book in the making, and what is being read of it.
#[derive(Default)]
struct Made {
    book: GnucashBook,
    is_book: bool,
    in_templates: bool,
    account: GnucashAccount,
    transaction: GnucashTransaction,
    split: GnucashSplit,
    commodity: GnucashCommodity,
    slot_key: String,
}

impl Made {
    fn begin(&mut self, path: &[String], name: &str, line: u32) {
        match name {
            "gnc-v2" => self.is_book |= path.is_empty(),
            "gnc:template-transactions" => self.in_templates = true,
            "gnc:account" => {
                self.account = GnucashAccount { is_template: self.in_templates, ..GnucashAccount::default() };
            }
            "gnc:transaction" => {
                self.transaction =
                    GnucashTransaction { line, is_local_time: true, ..GnucashTransaction::default() };
            }
            "trn:split" => self.split = GnucashSplit { line, ..GnucashSplit::default() },
            "gnc:commodity" | "act:commodity" | "trn:currency" => {
                self.commodity = GnucashCommodity::default()
            }
            _ => {}
        }
    }

    fn end(&mut self, path: &[String], name: &str, value: &str) -> Result<(), &'static str> {
        let parent = path.last().map_or("", String::as_str);
        let text = || value.trim().to_owned();
        match (parent, name) {
            (_, "gnc:template-transactions") => self.in_templates = false,
            (_, "cmdty:space") => self.commodity.namespace = text(),
            (_, "cmdty:id") => self.commodity.code = text(),
            (_, "cmdty:fraction") => self.commodity.fraction = value.trim().parse().unwrap_or(0),
            (_, "gnc:commodity") => {
                let mut commodity = std::mem::take(&mut self.commodity);
                commodity.id = id_of(&commodity);
                self.know(commodity);
            }
            (_, "act:commodity") => self.account.commodity = Some(self.referred()),
            (_, "trn:currency") => self.transaction.currency = self.referred(),
            ("gnc:account", "act:name") => self.account.name = text(),
            ("gnc:account", "act:id") => self.account.id = text(),
            ("gnc:account", "act:type") => self.account.kind = text(),
            ("gnc:account", "act:parent") => self.account.parent = Some(text()),
            (_, "gnc:account") => self.book.accounts.push(std::mem::take(&mut self.account)),
            ("gnc:transaction", "trn:id") => self.transaction.id = text(),
            ("gnc:transaction", "trn:num") => self.transaction.number = text(),
            ("gnc:transaction", "trn:description") => self.transaction.description = text(),
            ("trn:date-posted", "ts:date") => self.transaction.posted = text(),
            ("slot", "slot:key") => self.slot_key = text(),
            ("slot", "slot:value") if path.iter().rev().nth(1).is_some_and(|name| name == "trn:slots") => {
                match self.slot_key.as_str() {
                    "notes" => self.transaction.notes = Some(text()),
                    "date-posted" if !value.trim().is_empty() => self.transaction.posted_day = Some(text()),
                    _ => {}
                }
            }
            ("slot:value", "gdate") if self.slot_key == "date-posted" => {
                self.transaction.posted_day = Some(text())
            }
            ("trn:split", "split:account") => self.split.account = text(),
            ("trn:split", "split:memo") => self.split.memo = text(),
            ("trn:split", "split:reconciled-state") => self.split.reconciled = text(),
            ("trn:split", "split:value") => self.split.value = fraction(value)?,
            ("trn:split", "split:quantity") => self.split.quantity = fraction(value)?,
            (_, "trn:split") => {
                if self.split.account.is_empty() {
                    return Err("a split names no account");
                }
                self.transaction.splits.push(std::mem::take(&mut self.split));
            }
            // Templates of scheduled transactions have not happened.
            (_, "gnc:transaction") if self.in_templates => {}
            (_, "gnc:transaction") => self.book.transactions.push(std::mem::take(&mut self.transaction)),
            _ => {}
        }
        Ok(())
    }

    /// The commodity that was named just now; one that is not defined is known from then on.
    fn referred(&mut self) -> String {
        let mut commodity = std::mem::take(&mut self.commodity);
        commodity.id = id_of(&commodity);
        let id = commodity.id.clone();
        self.know(commodity);
        id
    }

    fn know(&mut self, commodity: GnucashCommodity) {
        match self.book.commodities.iter_mut().find(|known| known.id == commodity.id) {
            Some(known) if known.fraction == 0 => known.fraction = commodity.fraction,
            Some(_) => {}
            None => self.book.commodities.push(commodity),
        }
    }
}

fn id_of(commodity: &GnucashCommodity) -> String {
    format!("{}:{}", commodity.namespace, commodity.code)
}

/// Reads `-1250/100`.
fn fraction(text: &str) -> Result<(i64, i64), &'static str> {
    let read = text.trim().split_once('/').and_then(|(n, d)| Some((n.parse().ok()?, d.parse().ok()?)));
    read.ok_or("an amount is not written as a fraction")
}
