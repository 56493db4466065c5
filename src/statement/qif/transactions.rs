//! One record of an account with cash alone: a row, with its category or its parts, or an opening balance.

use super::super::wording::clean;
use super::super::{StatementError, StatementErrorKind, StatementRow, Warning};
use super::records::{Entry, Record};
use super::survey::Survey;
use crate::ledger::annotation::check_split;
use crate::ledger::{CategoryPath, NewTransaction, SplitPart, TransactionStatus};
use crate::money::{Currency, Money};
use jiff::civil::Date;

/// The category of what goes to another account of the owner's.
const TRANSFER: &str = "Transfer";

/// What became of a record.
pub(super) enum Outcome {
    /// A row.
    Row(Box<StatementRow>, Option<Warning>),
    /// The balance with which an account begins, and the account that it names as its own.
    Opening { date: Date, amount: Money, account: String },
}

/// Reads a record.
///
/// # Errors
/// A missing or unreadable date or amount, here or in a part.
pub(super) fn read(
    record: &Record<'_>,
    survey: &Survey,
    currency: Currency,
) -> Result<Outcome, StatementError> {
    let posted = day(record, survey)?;
    let amount = total(record, survey, currency)?.ok_or_else(|| {
        record.refuse(
            "this record has no amount (T)".to_owned(),
            "add it in a copy of the file, or export it again",
        )
    })?;
    let target = record.first('L').map(|entry| Target::read(entry.value, survey.has_classes));
    let payee = record.first('P').map_or("", |entry| entry.value);
    if let (Some(Target { account: Some(account), .. }), true) =
        (&target, payee.eq_ignore_ascii_case("opening balance"))
    {
        return Ok(Outcome::Opening { date: posted, amount, account: account.clone() });
    }
    let (parts, lone) = parts(record, survey, currency)?;
    let (parts, problem) = checked(parts, amount);
    let warning = problem.map(|text| Warning { line: record.line, text });
    let mut words: Vec<String> = record.first('M').map(|entry| entry.value.to_owned()).into_iter().collect();
    let payee_raw = if payee.is_empty() && !words.is_empty() { words.remove(0) } else { payee.to_owned() };
    let target = match lone {
        Some((target, memo)) => {
            words.extend(memo.filter(|memo| !words.contains(memo)));
            Some(target)
        }
        None => target.filter(|_| parts.is_empty()),
    };
    words.extend(target.iter().flat_map(Target::words));
    let address: Vec<&str> = record.entries.iter().filter(|e| e.code == 'A').map(|e| e.value).collect();
    if address.iter().any(|line| !line.is_empty()) {
        words.push(format!("({})", address.join(", ")));
    }
    let memo = clean(&words.join(" "));
    let before_parts = record.entries.iter().take_while(|entry| entry.code != 'S');
    let number =
        before_parts.filter(|entry| entry.code == 'N' && !entry.value.is_empty()).map(|e| e.value).next();
    let transaction = NewTransaction {
        posted,
        amount,
        payee: clean(&payee_raw),
        payee_raw,
        memo: Some(memo).filter(|memo| !memo.is_empty()),
        reference: number.map(str::to_owned),
        category: target.and_then(|target| target.category).map(|path| path.as_str().to_owned()),
        status: status(record),
        bank_id: None,
    };
    Ok(Outcome::Row(Box::new(StatementRow { line: record.line, transaction, parts }), warning))
}

/// The day of a record.
///
/// # Errors
/// None, or none of the calendar.
pub(super) fn day(record: &Record<'_>, survey: &Survey) -> Result<Date, StatementError> {
    let entry = record.first('D').ok_or_else(|| {
        record.refuse(
            "this record has no date (D)".to_owned(),
            "add it in a copy of the file, or export it again",
        )
    })?;
    survey.date(entry)
}

/// The amount of a record: `T`, which `U` repeats with more room.
///
/// # Errors
/// A number that cannot be read exactly, and two that differ.
pub(super) fn total(
    record: &Record<'_>,
    survey: &Survey,
    currency: Currency,
) -> Result<Option<Money>, StatementError> {
    let read = |entry: Entry<'_>| survey.amount(entry, currency);
    let (short, long) = (record.first('T'), record.first('U'));
    let (short_amount, long_amount) = (short.map(read).transpose()?, long.map(read).transpose()?);
    match (short_amount, long_amount, long) {
        (Some(one), Some(other), Some(entry)) if one != other => Err(entry.refuse(
            StatementErrorKind::BadField,
            format!("the record has two amounts, {one} (T) and {other} (U)"),
            "leave one of them in a copy of the file",
        )),
        _ => Ok(short_amount.or(long_amount)),
    }
}

/// How settled a record is: `*` or `c` cleared, `X` or `R` reconciled.
pub(super) fn status(record: &Record<'_>) -> TransactionStatus {
    match record.first('C').map(|entry| entry.value) {
        Some("X" | "x" | "R" | "r") => TransactionStatus::Reconciled,
        _ => TransactionStatus::Posted,
    }
}

/// What `L` or `S` says: a category, perhaps with a class, or another account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Target {
    pub category: Option<CategoryPath>,
    /// The other account, for a transfer.
    pub account: Option<String>,
    class: Option<String>,
    /// A text that no category can have as its name.
    other: Option<String>,
}

impl Target {
    pub fn read(text: &str, has_classes: bool) -> Self {
        let mut target = Self::default();
        let mut text = text.trim();
        if let Some((before, class)) = text.rsplit_once('/').filter(|_| has_classes || text.contains("]/")) {
            target.class = Some(class.trim().to_owned()).filter(|class| !class.is_empty());
            text = before.trim();
        }
        if let Some(account) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            target.account = Some(account.trim().to_owned());
            target.category = CategoryPath::parse(TRANSFER).ok();
            return target;
        }
        // What Quicken writes where the parts say it.
        let is_placeholder = text.is_empty() || text.starts_with("--") || text.starts_with('|');
        if !is_placeholder {
            match CategoryPath::parse(text) {
                Ok(path) => target.category = Some(path),
                Err(_) => target.other = Some(text.to_owned()),
            }
        }
        target
    }

    /// What the category alone does not say.
    fn words(&self) -> Vec<String> {
        let account = self.account.iter().map(|account| format!("(transfer: {account})"));
        let class = self.class.iter().map(|class| format!("(class: {class})"));
        let other = self.other.iter().map(|other| format!("(category: {other})"));
        account.chain(class).chain(other).collect()
    }
}

/// A part while its lines are being read.
struct PartDraft<'a> {
    target: Target,
    at: Entry<'a>,
    memo: Option<String>,
    amount: Option<Money>,
}

/// The one part of a split that is none: its category is the row's, with its memo.
type Lone = (Target, Option<String>);

/// The parts of a record; where there is one alone, it is given apart.
fn parts(
    record: &Record<'_>,
    survey: &Survey,
    currency: Currency,
) -> Result<(Vec<SplitPart>, Option<Lone>), StatementError> {
    let mut drafts: Vec<PartDraft<'_>> = Vec::new();
    for entry in &record.entries {
        match (entry.code, drafts.last_mut()) {
            ('S', _) => drafts.push(PartDraft {
                target: Target::read(entry.value, survey.has_classes),
                at: *entry,
                memo: None,
                amount: None,
            }),
            ('E', Some(draft)) => draft.memo = Some(entry.value.to_owned()).filter(|memo| !memo.is_empty()),
            ('$', Some(draft)) => draft.amount = Some(survey.amount(*entry, currency)?),
            _ => {}
        }
    }
    if drafts.len() == 1
        && let Some(draft) = drafts.pop()
    {
        let total = total(record, survey, currency)?;
        if draft.amount.is_none() || draft.amount == total {
            return Ok((Vec::new(), Some((draft.target, draft.memo))));
        }
        drafts.push(draft);
    }
    let mut parts = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let Some(amount) = draft.amount else {
            return Err(draft.at.refuse(
                StatementErrorKind::BadField,
                "this part of a split has no amount ($)".to_owned(),
                "add it in a copy of the file, or export it again",
            ));
        };
        let words = draft.memo.clone().into_iter().chain(draft.target.words()).collect::<Vec<_>>().join(" ");
        let category = draft.target.category.or_else(|| CategoryPath::parse(UNSORTED).ok());
        let memo = Some(words).filter(|words| !words.is_empty());
        parts.extend(category.map(|category| SplitPart { category, amount, memo }));
    }
    Ok((parts, None))
}

/// The category of a part that has none: every part needs one.
const UNSORTED: &str = "Unsorted";

/// The parts, where they are a split of the amount; what is wrong with them else. Parts of nothing go.
fn checked(mut parts: Vec<SplitPart>, amount: Money) -> (Vec<SplitPart>, Option<String>) {
    parts.retain(|part| part.amount.minor() != 0);
    if parts.is_empty() {
        return (parts, None);
    }
    let amounts: Vec<Money> = parts.iter().map(|part| part.amount).collect();
    match check_split(amount, &amounts) {
        Ok(()) => (parts, None),
        Err(error) => (Vec::new(), Some(format!("{error}: the row is read without its parts"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_transfers_and_classes_are_told_apart() {
        let read = |text: &str, classes| {
            let target = Target::read(text, classes);
            let category = target.category.as_ref().map(|path| path.as_str().to_owned()).unwrap_or_default();
            format!("{category} {}", target.words().join(" "))
        };
        assert_eq!(read("Food:Groceries", false), "Food:Groceries ");
        assert_eq!(read("Food/Groceries", false), "Food/Groceries ");
        assert_eq!(read("Food/Trip", true), "Food (class: Trip)");
        assert_eq!(read("[Savings]", false), "Transfer (transfer: Savings)");
        assert_eq!(read("[Savings]/Trip", false), "Transfer (transfer: Savings) (class: Trip)");
        assert_eq!(read("--Split--", false), " ");
        assert_eq!(read("a=b", false), " (category: a=b)");
    }
}
