//! Journals of hledger and ledger: the part of their language that both share.
//!
//! Two steps: the lines become entries with amounts as they are written; once the whole file is read and the decimal mark
//! is known, the amounts become numbers, and the book is balanced and mapped. The languages are described in hledger's
//! manual ("Journal format") and ledger's ("Journal Format"); what is read, left out and refused is in
//! `docs/statements.md`.

mod accounts;
mod amount;
mod directives;
mod lines;
mod notes;

pub(super) use accounts::guessed_kind;

use super::book::double_entry::{Entry, Ledger, Moves, Posting, Value};
use super::book::{BookFile, bad_field, mapping};
use super::include::{self, Boundary, Include};
use super::write::journal::FIRST_LINE;
use super::{Format, ReadOptions, StatementError, StatementErrorKind, Warning, encoding, problem};
use crate::ledger::TransactionStatus;
use crate::money::DecimalMark;
use amount::{MarkEvidence, RawAmount, RawPrice};
use directives::{DefaultCommodity, Directives};
use encoding_rs::WINDOWS_1252;
use jiff::civil::Date;
use lines::{Head, Line, RawPosting, Reality};
use notes::Notes;

/// The longest line, in bytes.
const MAX_LINE_BYTES: usize = 1 << 20;

/// Whether a text looks like a journal: an entry's first line, then an indented posting.
pub(super) fn is_journal(head: &str) -> bool {
    if head.trim_start_matches('\u{feff}').starts_with(FIRST_LINE) {
        return true;
    }
    let mut lines = head.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((first, _)) = line.split_once([' ', '\t']) else { continue };
        let starts_with_day = lines::day(first.split('=').next().unwrap_or_default(), Some(2000)).is_some();
        let mut next = lines.clone().skip_while(|line| line.trim_start().starts_with(';'));
        let has_posting =
            next.next().is_some_and(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty());
        if starts_with_day && has_posting {
            return true;
        }
    }
    false
}

/// Whether a text includes other files and holds nothing beside but what a journal may: the main file of a book of several.
pub(super) fn is_main_file(head: &str) -> bool {
    const WORDS: [&str; 15] = [
        "include",
        "!include",
        "@include",
        "account",
        "commodity",
        "alias",
        "apply",
        "end",
        "year",
        "Y",
        "D",
        "P",
        "tag",
        "payee",
        "decimal-mark",
    ];
    // What is looked at may end within a line.
    let whole = head.rsplit_once('\n').map_or(head, |(whole, _)| whole);
    let mut words = whole
        .lines()
        .filter(|line| !line.starts_with([' ', '\t', ';', '#', '*', '%']))
        .filter_map(|line| line.split_whitespace().next());
    let is_known = |word: &str| WORDS.contains(&word) || word.starts_with(|c: char| c.is_ascii_digit());
    words.all(is_known) && !includes(head).is_empty()
}

/// The lines of a journal that include other files.
pub(super) fn includes(text: &str) -> Vec<Include> {
    let mut found = Vec::new();
    let mut lines = (1u32..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        let text = line.trim_start_matches(['!', '@']);
        let (word, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        if let Some(end) = directives::block_end(word) {
            lines.by_ref().find(|(_, line)| line.trim_end() == end);
        } else if word == "include" {
            found.push(Include { line: number, written: rest.trim().to_owned() });
        }
    }
    found
}

/// Reads a journal.
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

fn read_text(
    text: &str,
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<BookFile, StatementError> {
    let mut reader = Reader {
        is_ours: include::without_heading(text).trim_start_matches('\u{feff}').starts_with(FIRST_LINE),
        is_put_together: include::is_put_together(text),
        directives: Directives::default(),
        marks: MarkEvidence::default(),
        drafts: Vec::new(),
        left_out: LeftOut::default(),
    };
    reader.lines(text, progress)?;
    let mut ledger = reader.ledger()?;
    ledger.balance()?;
    mapping::into_file(ledger, Format::Journal, options)
}

/// An entry whose amounts are as they are written.
struct Draft<'a> {
    line: Line<'a>,
    head: Head<'a>,
    notes: Notes,
    /// Which reading of a file it is in.
    reading: usize,
    default: DefaultCommodity,
    postings: Vec<(Line<'a>, RawPosting<'a>, Notes, String)>,
}

/// What was left out, for warnings.
#[derive(Default)]
struct LeftOut {
    virtual_postings: usize,
    rules: usize,
}

struct Reader<'a> {
    is_ours: bool,
    is_put_together: bool,
    directives: Directives<'a>,
    marks: MarkEvidence,
    drafts: Vec<Draft<'a>>,
    left_out: LeftOut,
}

impl<'a> Reader<'a> {
    fn lines(&mut self, text: &'a str, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StatementError> {
        let mut lines = (1u32..).zip(text.lines()).map(|(number, text)| Line { number, text }).peekable();
        let mut done = 0u64;
        while let Some(line) = lines.next() {
            done += line.text.len() as u64 + 1;
            if line.number % 10_000 == 0 {
                progress(done.min(text.len() as u64), text.len() as u64);
            }
            if line.text.len() > MAX_LINE_BYTES {
                let message = "the line is longer than any of a journal";
                let remedy = "split the line";
                return Err(problem::on_line(
                    StatementErrorKind::TooLarge,
                    line.number,
                    line.text,
                    message,
                    remedy,
                ));
            }
            if self.is_boundary(line)? {
                continue;
            }
            let first = line.text.chars().next();
            let mut below = Vec::new();
            if !line.is_blank() && !line.is_indented() {
                while let Some(next) = lines.next_if(|next| next.is_indented()) {
                    done += next.text.len() as u64 + 1;
                    if next.is_blank() {
                        continue;
                    }
                    below.push(next);
                }
            }
            match first {
                None => {}
                Some(_) if line.is_blank() => {}
                Some(';' | '#' | '%' | '|' | '*') => {}
                Some('0'..='9') => self.entry(line, &below)?,
                Some('=' | '~') => self.left_out.rules += 1,
                Some(' ' | '\t') if line.text.trim_start().starts_with(';') => {}
                Some(' ' | '\t') => return Err(line.unreadable("a posting belongs to no entry")),
                Some(_) => {
                    if let Some(end) = self.directives.take(line, &below, self.is_ours)? {
                        for skipped in lines.by_ref() {
                            done += skipped.text.len() as u64 + 1;
                            // A block that is not ended ends with its file.
                            if skipped.text.trim_end() == end || self.is_boundary(skipped)? {
                                break;
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a line is where an included file begins or ends.
    fn is_boundary(&mut self, line: Line<'a>) -> Result<bool, StatementError> {
        match Boundary::of(line.text).filter(|_| self.is_put_together) {
            None => return Ok(false),
            Some(Boundary::Begins(_)) => self.directives.enter(line)?,
            Some(Boundary::Ends(_)) => self.directives.leave(),
        }
        Ok(true)
    }

    fn entry(&mut self, line: Line<'a>, below: &[Line<'a>]) -> Result<(), StatementError> {
        let head = lines::head(line, self.directives.year)?;
        let mut notes = Notes::new(self.is_ours);
        notes.take(line, head.comment)?;
        let mut postings: Vec<(Line<'a>, RawPosting<'a>, Notes, String)> = Vec::new();
        let mut is_after_virtual = false;
        for line in below {
            let text = line.text.trim_start();
            if let Some(comment) = text.strip_prefix(';') {
                if is_after_virtual {
                    continue;
                }
                let about = postings.last_mut().map_or(&mut notes, |(_, _, notes, _)| notes);
                about.take(*line, Some(comment.trim()))?;
                continue;
            }
            let posting = lines::posting(*line)?;
            is_after_virtual = posting.reality == Reality::Virtual;
            if is_after_virtual {
                self.left_out.virtual_postings += 1;
                continue;
            }
            for raw in written(&posting) {
                self.marks.see(raw.digits);
            }
            let mut own = Notes::new(self.is_ours);
            own.take(*line, posting.comment)?;
            let account = self.directives.full_name(*line, posting.account)?;
            postings.push((*line, posting, own, account));
        }
        notes.tags.extend(self.directives.applied_tags());
        let (reading, default) = (self.directives.reading, self.directives.default.clone());
        self.drafts.push(Draft { line, head, notes, reading, default, postings });
        Ok(())
    }

    /// The book, once the decimal mark is known.
    fn ledger(self) -> Result<Ledger, StatementError> {
        let Self { directives, marks, drafts, left_out, .. } = self;
        let seen = MarkEvidence {
            point: marks.point || directives.evidence.point,
            comma: marks.comma || directives.evidence.comma,
        };
        let marks_in = |reading| {
            directives.mark_in(reading).map_or(seen, |mark| MarkEvidence {
                point: mark == DecimalMark::Point,
                comma: mark == DecimalMark::Comma,
            })
        };
        let mut ledger = Ledger::default();
        for (symbol, (format, reading)) in &directives.formats {
            ledger.digits.insert(symbol.clone(), directives::digits_of(format, marks_in(*reading)));
        }
        let names = accounts::Classes::new(&directives);
        for draft in drafts {
            let marks = marks_in(draft.reading);
            entry(&mut ledger, draft, marks, &names)?;
        }
        names.describe(&directives, &mut ledger)?;
        ledger.warnings.extend(names.warnings(&ledger));
        if left_out.virtual_postings > 0 {
            let text =
                format!("{} virtual postings move no money and were left out", left_out.virtual_postings);
            ledger.warnings.push(Warning { line: 0, text });
        }
        if left_out.rules > 0 {
            let text = format!(
                "{} automated or periodic rules were left out: what they add is not in the file",
                left_out.rules
            );
            ledger.warnings.push(Warning { line: 0, text });
        }
        Ok(ledger)
    }
}

/// Every number that a posting is written with.
fn written<'p>(posting: &'p RawPosting<'_>) -> impl Iterator<Item = &'p RawAmount<'p>> {
    let price = |price: &'p Option<RawPrice<'_>>| {
        price.as_ref().map(|price| match price {
            RawPrice::Each(raw) | RawPrice::Total(raw) => raw,
        })
    };
    let moves = &posting.moves;
    [moves.amount.as_ref(), price(&moves.price), price(&moves.lot), moves.asserted.as_ref()]
        .into_iter()
        .flatten()
}

fn entry(
    ledger: &mut Ledger,
    draft: Draft<'_>,
    marks: MarkEvidence,
    names: &accounts::Classes,
) -> Result<(), StatementError> {
    let Draft { line, head, notes, default, postings, .. } = draft;
    let status = status(head.mark, &notes);
    let (payee, said) = match head.description.split_once('|') {
        Some((payee, said)) if !notes.is_ours => (payee.trim(), Some(said.trim().to_owned())),
        _ => (head.description, None),
    };
    let mut made = Entry {
        line: line.number,
        shown: line.text.to_owned(),
        posted: head.date,
        payee: notes.exact_payee.clone().unwrap_or_else(|| super::wording::clean(payee)),
        payee_raw: notes.payee_raw.clone(),
        memo: said.filter(|said| !said.is_empty()).or_else(|| notes.memo()),
        reference: notes.reference.clone().or_else(|| head.code.map(str::to_owned)),
        status,
        bank_id: notes.bank_id.clone(),
        tags: notes.tags.clone(),
        opening: notes.opening,
        postings: Vec::with_capacity(postings.len()),
    };
    for (line, raw, own, name) in postings {
        let account = ledger.account(&name, |name| names.class(name));
        let moves = moves(line, &raw, marks, &default)?;
        // Only what holds at the end of a day is a balance of that day: a later posting takes its place.
        let asserted = raw.moves.asserted.as_ref().filter(|_| !raw.moves.with_children);
        match (asserted, &moves) {
            (Some(asserted), _) => {
                let amount = value(line, asserted, marks, &default)?;
                ledger.last_asserted.insert((account, head.date, amount.commodity), amount.number);
            }
            (None, Moves::Amount { amount, .. }) => {
                ledger.last_asserted.remove(&(account, head.date, amount.commodity.clone()));
            }
            (None, _) => {
                let of_day =
                    (account, head.date, String::new())..(account, next_day(head.date), String::new());
                let stale: Vec<_> = ledger.last_asserted.range(of_day).map(|(key, _)| key.clone()).collect();
                for key in &stale {
                    ledger.last_asserted.remove(key);
                }
            }
        }
        let memo = if own.is_ours { own.part_memo.clone() } else { own.memo() };
        made.postings.push(Posting {
            line: line.number,
            account,
            moves,
            memo,
            category: own.category.clone(),
        });
    }
    ledger.entries.push(made);
    Ok(())
}

fn next_day(day: Date) -> Date {
    day.tomorrow().unwrap_or(Date::MAX)
}

fn status(mark: Option<char>, notes: &Notes) -> TransactionStatus {
    match mark {
        Some('!') => TransactionStatus::Pending,
        _ if notes.is_reconciled => TransactionStatus::Reconciled,
        _ => TransactionStatus::Posted,
    }
}

fn value(
    line: Line<'_>,
    raw: &RawAmount<'_>,
    marks: MarkEvidence,
    default: &DefaultCommodity,
) -> Result<Value, StatementError> {
    let mark = marks.mark_of(raw.digits).ok_or_else(|| {
        problem::on_line(
            StatementErrorKind::Unsure,
            line.number,
            line.text,
            format!("the comma in \"{}\" could be a decimal mark or part thousands", raw.digits),
            "say which with a line \"decimal-mark .\" or \"decimal-mark ,\" at the top of the journal",
        )
    })?;
    let number = amount::number(raw, mark).map_err(|wrong| line.unreadable(wrong))?;
    let commodity = if raw.commodity.is_empty() {
        if default.is_disputed {
            return Err(line.refuse(
                "an included file sets a commodity for amounts without one, which ends with that file in hledger and not in \
                 ledger",
                "write the amount's commodity here, or a line \"D\" in this file above it",
            ));
        }
        default.symbol.as_deref().unwrap_or_default().to_owned()
    } else {
        raw.commodity.clone()
    };
    Ok(Value { number, commodity })
}

/// How much a posting moves, and what that weighs.
fn moves(
    line: Line<'_>,
    raw: &RawPosting<'_>,
    marks: MarkEvidence,
    default: &DefaultCommodity,
) -> Result<Moves, StatementError> {
    let Some(written) = &raw.moves.amount else {
        return match &raw.moves.asserted {
            Some(target) if !raw.moves.with_children => Ok(Moves::UpTo(value(line, target, marks, default)?)),
            Some(_) => {
                Err(line.unreadable("a balance over several accounts does not say what moves this one"))
            }
            None => Ok(Moves::Rest),
        };
    };
    let amount = value(line, written, marks, default)?;
    let price = match (&raw.moves.price, &raw.moves.lot) {
        (Some(price), _) | (None, Some(price)) => price,
        (None, None) => return Ok(Moves::Amount { weight: amount.clone(), amount }),
    };
    let too_large = || {
        bad_field(line.number, line.text, "the price and the amount are too large together", "correct them")
    };
    let weight = match price {
        RawPrice::Each(price) => {
            let price = value(line, price, marks, default)?;
            let number = amount.number.checked_mul_price(price.number).ok_or_else(too_large)?;
            Value { number, commodity: price.commodity }
        }
        RawPrice::Total(price) => {
            let price = value(line, price, marks, default)?;
            let number = if amount.number.is_negative() { price.number.negated() } else { price.number };
            Value { number, commodity: price.commodity }
        }
    };
    Ok(Moves::Amount { amount, weight })
}
