//! Cuts QIF text into headers (`!Type:Bank`) and records (lines up to `^`).

use super::super::problem::{self, LineCounter};
use super::super::{StatementError, StatementErrorKind};

/// The most lines of one record; a split of a hundred parts has three hundred.
const MAX_LINES: usize = 2_000;
/// The longest line, in bytes.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// A line of a record: its letter and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub code: char,
    pub value: &'a str,
    pub line: u32,
}

impl Entry<'_> {
    /// A refusal that shows this line.
    pub fn refuse(&self, kind: StatementErrorKind, message: String, remedy: &str) -> StatementError {
        problem::on_line(kind, self.line, &format!("{}{}", self.code, self.value), message, remedy)
    }
}

/// A record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub entries: Vec<Entry<'a>>,
    pub line: u32,
}

impl<'a> Record<'a> {
    /// The first line with this letter that says anything.
    pub fn first(&self, code: char) -> Option<Entry<'a>> {
        self.entries.iter().find(|entry| entry.code == code && !entry.value.is_empty()).copied()
    }

    /// A refusal that shows the record.
    pub fn refuse(&self, message: String, remedy: &str) -> StatementError {
        let shown: Vec<String> =
            self.entries.iter().take(12).map(|e| format!("{}{}", e.code, e.value)).collect();
        problem::on_line(StatementErrorKind::BadField, self.line, &shown.join(" "), message, remedy)
    }
}

/// What the kind of list means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// Transactions of an account with cash alone, by its type in lower case.
    Cash,
    /// Transactions of a brokerage account.
    Investment,
    /// Accounts.
    Accounts,
    /// Classes, which make a slash in a category mean one.
    Classes,
    /// Categories, securities, prices, memorised payments: nothing that moves money.
    Definitions,
}

/// A header, or a record of the list that the last one began.
#[derive(Debug)]
pub(super) enum Item<'a> {
    /// A list begins; the name is its type as written.
    List(List, &'a str),
    /// `!Option:NAME` or `!Clear:NAME`, the name in lower case.
    Option(String),
    Record(Record<'a>),
}

/// The items of a text, in order.
pub(super) struct Records<'a> {
    text: &'a str,
    at: usize,
    lines: LineCounter,
    in_list: bool,
}

impl<'a> Records<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, lines: LineCounter::default(), in_list: false }
    }

    /// How far the text has been read, in bytes.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next item, or `None` at the end.
    ///
    /// # Errors
    /// A list of a kind that nobody knows, lines before the first list, and a file that ends inside a record.
    pub fn next(&mut self) -> Result<Option<Item<'a>>, StatementError> {
        let mut record = Record::default();
        while let Some((text, line)) = self.read_line()? {
            if let Some(header) = text.strip_prefix('!') {
                if !record.entries.is_empty() {
                    return Err(self.unfinished(&record, line, "a list begins"));
                }
                return header_item(header.trim(), text, line).map(|item| {
                    self.in_list |= matches!(item, Item::List(..));
                    Some(item)
                });
            }
            if text.starts_with('^') {
                if record.entries.is_empty() {
                    continue;
                }
                return Ok(Some(Item::Record(record)));
            }
            if !self.in_list {
                if text.starts_with('#') {
                    continue;
                }
                return Err(problem::on_line(
                    StatementErrorKind::Malformed,
                    line,
                    text,
                    "this stands before any list (a line such as !Type:Bank)",
                    "part of the file is missing; export it again",
                ));
            }
            let Some(code) = text.chars().next() else { continue };
            if record.entries.is_empty() {
                record.line = line;
            }
            if record.entries.len() >= MAX_LINES {
                let message = format!("one record holds more than {MAX_LINES} lines");
                return Err(record.refuse(message, "the file is damaged; export it again"));
            }
            let value = text.get(code.len_utf8()..).unwrap_or_default().trim();
            record.entries.push(Entry { code, value, line });
        }
        if record.entries.is_empty() {
            return Ok(None);
        }
        let line = record.entries.last().map_or(record.line, |entry| entry.line);
        Err(self.unfinished(&record, line, "the file ends"))
    }

    fn unfinished(&self, record: &Record<'_>, line: u32, what: &str) -> StatementError {
        let mut error = record.refuse(
            format!("{what} inside a record, which began on line {} and is not ended with ^", record.line),
            "the file was cut short: nothing was read; export it again",
        );
        error.kind = StatementErrorKind::Malformed;
        error.line = line;
        error
    }

    /// The next line that is not empty, without its end, and its number.
    fn read_line(&mut self) -> Result<Option<(&'a str, u32)>, StatementError> {
        while let Some(rest) = self.text.get(self.at..).filter(|rest| !rest.is_empty()) {
            let len = rest.find(['\n', '\r']).unwrap_or(rest.len());
            let offset = self.at;
            self.at += (len + 1).min(rest.len());
            let text = rest.get(..len).unwrap_or_default();
            let text = text.trim_start_matches('\u{feff}').trim_end();
            if text.trim().is_empty() {
                continue;
            }
            let line = self.lines.at(self.text, offset);
            if text.len() > MAX_LINE_BYTES {
                let message = format!("a line holds {} bytes, more than any program writes", text.len());
                let remedy = "the file is damaged or not a QIF file; export it again";
                return Err(problem::on_line(StatementErrorKind::TooLarge, line, text, message, remedy));
            }
            return Ok(Some((text, line)));
        }
        Ok(None)
    }
}

fn header_item<'a>(header: &'a str, shown: &str, line: u32) -> Result<Item<'a>, StatementError> {
    let lower: String = header.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    if lower == "account" {
        return Ok(Item::List(List::Accounts, header));
    }
    if let Some(name) = lower.strip_prefix("option:").or_else(|| lower.strip_prefix("clear:")) {
        return Ok(Item::Option(name.to_owned()));
    }
    let name = header.split_once(':').map_or("", |(_, name)| name.trim());
    let list = match lower.strip_prefix("type:") {
        Some("bank" | "cash" | "ccard" | "otha" | "othl") => List::Cash,
        Some("invst" | "port" | "mutual" | "401(k)/403(b)" | "401(k)" | "403(b)") => List::Investment,
        Some("class") => List::Classes,
        Some("cat" | "memorized" | "security" | "prices" | "budget" | "tag" | "tax" | "template" | "bud") => {
            List::Definitions
        }
        _ => {
            return Err(problem::on_line(
                StatementErrorKind::Malformed,
                line,
                shown,
                "this kind of list is not known here, so whether it moves money is not known either",
                "take the list out in a copy of the file, or export the accounts alone",
            ));
        }
    };
    Ok(Item::List(list, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Result<Vec<String>, StatementError> {
        let mut records = Records::new(text);
        let mut found = Vec::new();
        while let Some(item) = records.next()? {
            found.push(match item {
                Item::List(list, name) => format!("{list:?} {name}"),
                Item::Option(name) => format!("option {name}"),
                Item::Record(record) => {
                    let entries: Vec<String> =
                        record.entries.iter().map(|e| format!("{}{}", e.code, e.value)).collect();
                    format!("{}: {}", record.line, entries.join(" "))
                }
            });
        }
        Ok(found)
    }

    #[test]
    fn lists_and_records_are_cut() {
        let text = "\u{feff}# made by hand\r\n!Option:AutoSwitch\r\n!Account\r\n^\r\nNMy Bank\r\n^\r\n!type:Oth A \r\n\r\nD1\r\nT 2\r\n^";
        assert_eq!(
            items(text).unwrap(),
            ["option autoswitch", "Accounts Account", "5: NMy Bank", "Cash Oth A", "9: D1 T2"]
        );
    }

    #[test]
    fn what_is_not_ended_or_not_known_is_refused() {
        for (text, word, line) in [
            ("!Type:Bank\nD1\nT2\n", "the file ends", 3),
            ("!Type:Bank\nD1\n!Type:Cash\n", "a list begins", 3),
            ("D1\n^\n", "before any list", 1),
            ("!Type:Potato\n", "not known", 1),
        ] {
            let error = items(text).unwrap_err();
            assert!(error.message.contains(word), "{text}: {}", error.message);
            assert_eq!((error.line, error.kind), (line, StatementErrorKind::Malformed), "{text}");
        }
        let long = format!("!Type:Bank\nD{}\n^\n", "1".repeat(MAX_LINE_BYTES + 1));
        assert_eq!(items(&long).unwrap_err().kind, StatementErrorKind::TooLarge);
    }
}
