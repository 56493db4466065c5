//! Beancount files, versions 2 and 3, as its "Language Syntax" describes them.
//!
//! Entries become a double-entry book; `balance` states a balance at the end of the day before; `pad` is carried out, since
//! it moves balances. Lots are weighed by their cost where it is written. Expressions, lots whose cost is only known
//! elsewhere, and included files that were not put in their place before are refused.

mod entry;
mod pads;
mod tokens;

use super::book::double_entry::{Assertion, Class, Ledger, Value};
use super::book::{BookFile, bad_field, mapping};
use super::include::{self, Boundary, Include, MAX_INCLUDE_DEPTH};
use super::journal::guessed_kind;
use super::write::beancount::TITLE;
use super::write::names;
use super::{Format, ReadOptions, StatementError, StatementErrorKind, encoding, problem};
use crate::ledger::{AccountKind, BalanceKind, Tag};
use crate::money::{Decimal, DecimalMark};
use encoding_rs::WINDOWS_1252;
use jiff::civil::Date;
use pads::Pads;
use std::collections::BTreeMap;
use tokens::{Line, Lines, Token};

/// Whether a text looks like a Beancount file: an option, or a directive of a day with a word.
pub(super) fn is_beancount(head: &str) -> bool {
    const DATED: [&str; 8] = ["open", "close", "commodity", "balance", "pad", "txn", "price", "custom"];
    // Journals have these without a day.
    let is_journal = |line: &str| line.starts_with("account ") || line.starts_with("commodity ");
    if head.lines().any(is_journal) {
        return false;
    }
    head.lines().any(|line| {
        let mut words = line.trim_start_matches('\u{feff}').split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("option" | "plugin" | "include"), Some(text), _) => text.starts_with('"'),
            (Some(day), Some(word), next)
                if day.len() == 10 && day.starts_with(|c: char| c.is_ascii_digit()) =>
            {
                let quoted = next.is_some_and(|next| next.starts_with('"'));
                DATED.contains(&word) || (matches!(word, "*" | "!") && quoted)
            }
            _ => false,
        }
    })
}

/// Reads a Beancount file.
///
/// # Errors
/// [`StatementError`] for a line that cannot be read exactly, an entry that does not balance, a file that is included.
pub(super) fn read(
    bytes: &[u8],
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<BookFile, StatementError> {
    let text = encoding::decode(bytes, None, |_| WINDOWS_1252)?;
    let mut file = read_text(&text, options, progress).map_err(|error| include::locate(error, &text))?;
    include::locate_warnings(&mut file.file.warnings, &text);
    Ok(file)
}

/// The lines of a Beancount file that include other files.
pub(super) fn includes(text: &str) -> Result<Vec<Include>, StatementError> {
    let mut lines = Lines::new(text);
    let mut found = Vec::new();
    while let Some(line) = lines.next_line()? {
        if let [Token::Word("include"), Token::Text(written)] = line.tokens.as_slice() {
            found.push(Include { line: line.number, written: written.clone() });
        }
    }
    Ok(found)
}

fn read_text(
    text: &str,
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<BookFile, StatementError> {
    let mut lines = Lines::new(text);
    let mut reader = Reader::default();
    let mut held: Option<Line<'_>> = lines.next_line()?;
    let mut done = 0u32;
    while let Some(line) = held {
        let mut below = Vec::new();
        held = lines.next_line()?;
        while let Some(next) = held.take_if(|next| next.is_indented) {
            below.push(next);
            held = lines.next_line()?;
        }
        reader.directive(&line, &below)?;
        done = done.wrapping_add(1);
        if done.is_multiple_of(1_000) {
            progress((text.len() - lines.left()) as u64, text.len() as u64);
        }
    }
    let Reader { mut ledger, pads, .. } = reader;
    ledger.balance()?;
    pads.carry_out(&mut ledger)?;
    mapping::into_file(ledger, Format::Beancount, options)
}

struct Reader {
    is_ours: bool,
    roots: [(String, Root); 5],
    ledger: Ledger,
    pads: Pads,
    tags: Vec<String>,
    /// The tags that are pushed in the files around this one, which hold there alone.
    outer_tags: Vec<Vec<String>>,
    kinds: BTreeMap<String, AccountKind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Own,
    Equity,
    Income,
    Expenses,
}

impl Default for Reader {
    fn default() -> Self {
        let root = |name: &str, root| (name.to_owned(), root);
        let roots = [
            root("Assets", Root::Own),
            root("Liabilities", Root::Own),
            root("Equity", Root::Equity),
            root("Income", Root::Income),
            root("Expenses", Root::Expenses),
        ];
        let (ledger, pads) = (Ledger::default(), Pads::default());
        let (tags, outer_tags) = (Vec::new(), Vec::new());
        Self { is_ours: false, roots, ledger, pads, tags, outer_tags, kinds: BTreeMap::new() }
    }
}

impl Reader {
    fn directive(&mut self, line: &Line<'_>, below: &[Line<'_>]) -> Result<(), StatementError> {
        if line.is_indented {
            return Err(line.unreadable("an indented line belongs to no directive"));
        }
        // What is indented at the beginning of a file belongs to nothing in the file around it.
        if let ([Token::Boundary(_)], [lost, ..]) = (line.tokens.as_slice(), below) {
            return Err(lost.unreadable("an indented line belongs to no directive"));
        }
        match line.tokens.as_slice() {
            [Token::Word("option"), Token::Text(name), Token::Text(value)] => {
                self.option(name, value);
                Ok(())
            }
            [Token::Boundary(Boundary::Begins(_))] => {
                if self.outer_tags.len() >= MAX_INCLUDE_DEPTH {
                    return Err(line.unreadable("files are included too deep"));
                }
                self.outer_tags.push(std::mem::take(&mut self.tags));
                Ok(())
            }
            [Token::Boundary(Boundary::Ends(_))] => {
                self.tags = self.outer_tags.pop().unwrap_or_default();
                Ok(())
            }
            [Token::Word("include"), ..] => Err(problem::on_line(
                StatementErrorKind::Malformed,
                line.number,
                line.text,
                "the file includes another one, which is not read from here",
                "name the file itself where its includes lie in its folder, or put the parts into one file first",
            )),
            [Token::Word("plugin"), ..] | [Token::Word("pushmeta" | "popmeta"), ..] => Ok(()),
            [Token::Word("pushtag"), Token::Tag(tag)] => {
                self.tags.push((*tag).to_owned());
                Ok(())
            }
            [Token::Word("poptag"), Token::Tag(tag)] => {
                self.tags.retain(|known| known != tag);
                Ok(())
            }
            [Token::Day(day), rest @ ..] => self.dated(*day, rest, line, below),
            _ => Err(line.unreadable("this is no directive that is known")),
        }
    }

    fn option(&mut self, name: &str, value: &str) {
        // A book that includes an export of ours is not one itself.
        self.is_ours |= name == "title" && value == TITLE && self.outer_tags.is_empty();
        let index = match name {
            "name_assets" => 0,
            "name_liabilities" => 1,
            "name_equity" => 2,
            "name_income" => 3,
            "name_expenses" => 4,
            _ => return,
        };
        if let Some((root, _)) = self.roots.get_mut(index) {
            value.clone_into(root);
        }
    }

    fn dated(
        &mut self,
        day: Date,
        rest: &[Token<'_>],
        line: &Line<'_>,
        below: &[Line<'_>],
    ) -> Result<(), StatementError> {
        match rest {
            [Token::Word("open"), Token::Account(name), rest @ ..] => {
                let held = rest
                    .iter()
                    .find_map(|token| if let Token::Currency(c) = token { Some(*c) } else { None });
                self.open(name, held, line, below)
            }
            [Token::Word("commodity"), Token::Currency(symbol)] => {
                self.commodity(symbol, below);
                Ok(())
            }
            [Token::Word("balance"), Token::Account(name), rest @ ..] => {
                let amount = plain_amount(line, rest)?;
                let account = self.account(name);
                let date = day.yesterday().unwrap_or(day);
                self.pads.balance(day, line.number, account, amount.clone());
                self.ledger.assertions.push(Assertion { account, kind: BalanceKind::Ledger, date, amount });
                Ok(())
            }
            [Token::Word("pad"), Token::Account(name), Token::Account(source)] => {
                let (account, source) = (self.account(name), self.account(source));
                self.pads.pad(day, line, account, source)
            }
            [
                Token::Word("custom"),
                Token::Text(what),
                Token::Account(name),
                Token::Text(kind),
                rest @ ..,
            ] if self.is_ours && what == "stated-balance" => {
                let amount = plain_amount(line, rest)?;
                let kind = kind.parse().map_err(|error| line.unreadable(format!("{error}")))?;
                let account = self.account(name);
                self.ledger.assertions.push(Assertion { account, kind, date: day, amount });
                Ok(())
            }
            [Token::Word("close" | "note" | "document" | "price" | "event" | "query" | "custom"), ..] => {
                Ok(())
            }
            [Token::Word("txn"), rest @ ..] => self.entry(day, None, rest, line, below),
            [Token::Mark(flag @ ('*' | '!' | '&' | '?' | '%' | '#')), rest @ ..] => {
                self.entry(day, Some(*flag), rest, line, below)
            }
            [Token::Currency(flag), rest @ ..] if flag.len() == 1 => self.entry(day, None, rest, line, below),
            [Token::Text(_), ..] => self.entry(day, None, rest, line, below),
            _ => Err(line.unreadable("this is no directive that is known")),
        }
    }

    fn open(
        &mut self,
        name: &str,
        held: Option<&str>,
        line: &Line<'_>,
        below: &[Line<'_>],
    ) -> Result<(), StatementError> {
        if !self.is_ours {
            return Ok(());
        }
        let meta = |key: &str| below.iter().find_map(|line| text_of(line, key));
        if let Some(kind) = meta("kind") {
            let kind = kind.parse().map_err(|error| line.unreadable(format!("{error}")))?;
            self.kinds.insert(name.to_owned(), kind);
        }
        let index = self.account(name);
        if let (Some(held), Some(account)) = (held, self.ledger.accounts.get_mut(index)) {
            if let Class::Own(_) = account.class {
                self.ledger.held.insert((index, held.to_owned()));
            }
            if let Some(exact) = meta("name") {
                account.name = exact;
            }
            account.institution = meta("institution");
            account.number = meta("number");
            account.closed = below.iter().find_map(|line| match line.tokens.as_slice() {
                [Token::Key("closed"), Token::Day(day)] => Some(*day),
                _ => None,
            });
        }
        Ok(())
    }

    fn commodity(&mut self, symbol: &str, below: &[Line<'_>]) {
        if !self.is_ours {
            return;
        }
        for line in below {
            match line.tokens.as_slice() {
                [Token::Key("code"), Token::Text(code)] => {
                    self.ledger.codes.insert(symbol.to_owned(), code.clone());
                }
                [Token::Key("digits"), Token::Number(digits)] => {
                    if let Ok(digits) = digits.parse() {
                        self.ledger.digits.insert(symbol.to_owned(), digits);
                    }
                }
                _ => {}
            }
        }
    }

    fn account(&mut self, name: &str) -> usize {
        let (roots, kinds, is_ours) = (&self.roots, &self.kinds, self.is_ours);
        self.ledger.account(name, |name| {
            let (root, below) = name.split_once(':').unwrap_or((name, ""));
            let root = roots.iter().find(|(known, _)| known == root).map(|(_, root)| *root);
            match root {
                Some(Root::Own) | None => {
                    let kind = kinds.get(name).copied();
                    Class::Own(kind.unwrap_or_else(|| guessed_kind(name, AccountKind::Other)))
                }
                Some(Root::Equity) => Class::Category(Some(format!("Equity:{below}"))),
                Some(Root::Income | Root::Expenses) if is_ours => {
                    Class::Category(names::category_of(name).map(str::to_owned))
                }
                Some(Root::Income) => Class::Category(Some(format!("Income:{below}"))),
                Some(Root::Expenses) => Class::Category(Some(below.to_owned())),
            }
        })
    }

    /// The tags of an entry: its own, and those that are pushed.
    fn tags(&self, own: &[&str]) -> Vec<Tag> {
        own.iter()
            .copied()
            .chain(self.tags.iter().map(String::as_str))
            .filter_map(|tag| Tag::parse(tag).ok())
            .collect()
    }
}

/// The text of a line of metadata with this key.
fn text_of(line: &Line<'_>, key: &str) -> Option<String> {
    match line.tokens.as_slice() {
        [Token::Key(found), Token::Text(text)] if *found == key => Some(text.clone()),
        _ => None,
    }
}

/// An amount alone on the rest of a line, with or without a tolerance.
fn plain_amount(line: &Line<'_>, tokens: &[Token<'_>]) -> Result<Value, StatementError> {
    let (value, rest) = number(line, tokens)?;
    let rest = match rest {
        [Token::Mark('~'), after @ ..] => number(line, after)?.1,
        rest => rest,
    };
    match rest {
        [Token::Currency(commodity)] => Ok(Value { number: value, commodity: (*commodity).to_owned() }),
        _ => Err(line.unreadable("this is not one amount")),
    }
}

/// The number at the beginning of some tokens, and what follows.
fn number<'t, 'a>(
    line: &Line<'_>,
    tokens: &'t [Token<'a>],
) -> Result<(Decimal, &'t [Token<'a>]), StatementError> {
    let (negative, rest) = match tokens {
        [Token::Mark('-'), rest @ ..] => (true, rest),
        [Token::Mark('+'), rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    match rest {
        [Token::Number(_), Token::Mark('+' | '-' | '*' | '/'), ..] | [Token::Mark('('), ..] => {
            Err(line.unreadable("an amount is an expression, which is not worked out"))
        }
        [Token::Number(digits), rest @ ..] => {
            let plain = digits.replace(',', "");
            let number =
                Decimal::parse(plain.trim_end_matches('.'), DecimalMark::Point).map_err(|error| {
                    bad_field(line.number, line.text, error.to_string(), "correct the number")
                })?;
            Ok((if negative { number.negated() } else { number }, rest))
        }
        _ => Err(line.unreadable("a number is missing")),
    }
}
