//! From double entry to accounts with rows.
//!
//! An asset or a debt becomes an account, one for each commodity that it holds. Each posting to it becomes a row. What the
//! entry's other postings say goes to the row as category or parts; where one entry moves several of the owner's accounts,
//! the first that can carry the categories does, and what goes between the accounts is in the category `Transfer`, which
//! comes to nothing over all of them.

use super::double_entry::{Class, Entry, Ledger, LedgerAccount, Moves, Posting, Value};
use super::{BookAccount, BookFile, RowExtras, bad_field};
use crate::ledger::annotation::MAX_PARTS;
use crate::ledger::{AccountKind, CategoryPath, NewTransaction, Opening, SplitPart};
use crate::money::{Currency, Money};
use crate::statement::{
    Format, ReadOptions, StatedAmount, Statement, StatementAccount, StatementError, StatementErrorKind,
    StatementFile, StatementRow, Warning, problem,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The category of what goes between the owner's accounts.
const TRANSFER: &str = "Transfer";
/// The category of what prices with many digits leave.
const ROUNDING: &str = "Rounding";

/// Turns a balanced book into statements.
///
/// # Errors
/// A refusal that names the line: a commodity that cannot be told, an amount that cannot be held exactly.
pub(in crate::statement) fn into_file(
    ledger: Ledger,
    format: Format,
    options: &ReadOptions,
) -> Result<BookFile, StatementError> {
    let currencies = currencies(&ledger, options)?;
    let mut made = Made::new(&ledger, &currencies);
    for (at, commodity) in &ledger.held {
        if let (Some(account), Some(currency)) = (ledger.accounts.get(*at), currencies.get(commodity))
            && let Class::Own(kind) = account.class
        {
            made.statement(*at, account, kind, *currency);
        }
    }
    for entry in &ledger.entries {
        made.entry(entry)?;
    }
    made.assertions()?;
    let Made { mut statements, mut accounts, skipped, .. } = made;
    name_apart(&mut statements, &mut accounts);
    let mut warnings = ledger.warnings.clone();
    if skipped > 0 {
        let text = format!("{skipped} entries move none of your accounts and were left out");
        warnings.push(Warning { line: 0, text });
    }
    let commodities = currencies.values().copied().filter(|c| Currency::iso(c.code()).is_err());
    let commodities: BTreeSet<Currency> = commodities.collect();
    Ok(BookFile {
        file: StatementFile { format, statements, warnings },
        accounts,
        categories: Vec::new(),
        commodities: commodities.into_iter().collect(),
        entries: ledger.entries.len(),
    })
}

/// What every commodity of the owner's accounts is.
fn currencies(ledger: &Ledger, options: &ReadOptions) -> Result<BTreeMap<String, Currency>, StatementError> {
    let mut digits: BTreeMap<&str, (u8, u32)> = BTreeMap::new();
    for posting in ledger.entries.iter().flat_map(|entry| &entry.postings) {
        let is_own = ledger.accounts.get(posting.account).is_some_and(|a| matches!(a.class, Class::Own(_)));
        if let (true, Moves::Amount { amount, .. }) = (is_own, &posting.moves) {
            let known = digits.entry(&amount.commodity).or_insert((0, posting.line));
            known.0 = known.0.max(amount.number.trimmed().scale());
        }
    }
    for (_, commodity) in &ledger.held {
        digits.entry(commodity).or_insert((0, 0));
    }
    for assertion in &ledger.assertions {
        digits.entry(&assertion.amount.commodity).or_insert((assertion.amount.number.trimmed().scale(), 0));
    }
    let mut found = BTreeMap::new();
    for (word, (seen, line)) in digits {
        let declared = ledger.digits.get(word).copied();
        let code = ledger.codes.get(word).map_or(word, String::as_str);
        found.insert(
            word.to_owned(),
            currency(code, declared.map_or(seen, |digits| digits.max(seen)), line, options)?,
        );
    }
    Ok(found)
}

/// The currency that a word of a book means. Signs that several currencies share are never guessed.
fn currency(word: &str, digits: u8, line: u32, options: &ReadOptions) -> Result<Currency, StatementError> {
    let iso = match word {
        "\u{20ac}" => Some("EUR"),
        "\u{a3}" => Some("GBP"),
        "US$" => Some("USD"),
        code if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) => Some(code),
        _ => None,
    };
    if let Some(currency) = iso.and_then(|code| Currency::iso(code).ok()) {
        return Ok(currency);
    }
    if word.is_empty() || matches!(word, "$" | "\u{a5}" | "kr" | "Kr") {
        return options.currency.ok_or_else(|| {
            let what = if word.is_empty() {
                "an amount names no currency".to_owned()
            } else {
                format!("\"{word}\" is the sign of several currencies")
            };
            let remedy = "say which currency is meant, with --currency";
            problem::on_line(StatementErrorKind::Unsure, line, word, what, remedy)
        });
    }
    Currency::custom(word, digits).map_err(|error| {
        let remedy = "rename the commodity in the file, or leave out the accounts that hold it";
        bad_field(line, word, error.to_string(), remedy)
    })
}

/// Statements in the making.
struct Made<'l> {
    ledger: &'l Ledger,
    currencies: &'l BTreeMap<String, Currency>,
    index: HashMap<(usize, Currency), usize>,
    statements: Vec<Statement>,
    accounts: Vec<BookAccount>,
    skipped: usize,
}

impl<'l> Made<'l> {
    fn new(ledger: &'l Ledger, currencies: &'l BTreeMap<String, Currency>) -> Self {
        let (statements, accounts) = (Vec::new(), Vec::new());
        Self { ledger, currencies, index: HashMap::new(), statements, accounts, skipped: 0 }
    }

    fn own(&self, posting: &Posting) -> Option<(&'l LedgerAccount, AccountKind)> {
        let account = self.ledger.accounts.get(posting.account)?;
        match account.class {
            Class::Own(kind) => Some((account, kind)),
            Class::Category(_) => None,
        }
    }

    /// The statement of an account in one currency.
    fn statement(
        &mut self,
        at: usize,
        account: &LedgerAccount,
        kind: AccountKind,
        currency: Currency,
    ) -> usize {
        if let Some(index) = self.index.get(&(at, currency)) {
            return *index;
        }
        let index = self.statements.len();
        self.index.insert((at, currency), index);
        self.statements.push(Statement {
            account: Some(StatementAccount {
                institution: account.institution.clone(),
                number: account.number.clone().unwrap_or_else(|| account.name.clone()),
                kind,
            }),
            currency,
            period: None,
            rows: Vec::new(),
            balances: Vec::new(),
        });
        self.accounts.push(BookAccount {
            name: account.name.clone(),
            kind,
            institution: account.institution.clone(),
            number: account.number.clone(),
            opening: None,
            closed: account.closed,
            extras: Vec::new(),
        });
        index
    }

    fn money(&self, line: u32, shown: &str, value: &Value) -> Result<Money, StatementError> {
        let Some(currency) = self.currencies.get(&value.commodity).copied() else {
            return Err(bad_field(
                line,
                shown,
                format!("\"{}\" is not known", value.commodity),
                "correct it",
            ));
        };
        let minor = value.number.to_minor(currency).map_err(|error| {
            bad_field(line, shown, error.to_string(), "round the amount in the file, or correct it")
        })?;
        Ok(Money::new(minor, currency))
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), StatementError> {
        let (own, others): (Vec<&Posting>, Vec<&Posting>) =
            entry.postings.iter().partition(|posting| self.own(posting).is_some());
        if own.is_empty() {
            self.skipped += 1;
            return Ok(());
        }
        let mut carried = false;
        for posting in &own {
            let (Some((account, kind)), Moves::Amount { amount, .. }) = (self.own(posting), &posting.moves)
            else {
                continue;
            };
            let money = self.money(posting.line, &entry.shown, amount)?;
            let index = self.statement(posting.account, account, kind, money.currency());
            if let (Some(derived), 1) = (entry.opening, own.len()) {
                if let Some(account) = self.accounts.get_mut(index) {
                    account.opening = Some(Opening { date: entry.posted, amount: money, derived });
                }
                continue;
            }
            let parts = if carried { None } else { self.parts(entry, &others, amount, money, own.len() > 1) };
            carried |= parts.is_some();
            let fallback =
                if own.len() > 1 { Some(TRANSFER.to_owned()) } else { self.only_category(&others) };
            let (category, parts) = match parts {
                None => (fallback, Vec::new()),
                Some(mut parts) if parts.len() == 1 => {
                    (parts.pop().and_then(|part| part.category), Vec::new())
                }
                Some(parts) => split(parts, fallback),
            };
            let row = row(entry, posting, money, category, parts);
            if let (Some(statement), Some(account)) =
                (self.statements.get_mut(index), self.accounts.get_mut(index))
            {
                statement.rows.push(row);
                account.extras.push(RowExtras { tags: entry.tags.clone(), corrected: None });
            }
        }
        Ok(())
    }

    /// The category of a posting, made a path that the ledger takes.
    fn category(&self, posting: &Posting) -> Option<String> {
        if let Some(exact) = &posting.category {
            return Some(exact.clone());
        }
        match self.ledger.accounts.get(posting.account).map(|account| &account.class) {
            Some(Class::Category(Some(path))) => Some(path_of(path)),
            _ => None,
        }
    }

    /// The category that all of these share.
    fn only_category(&self, others: &[&Posting]) -> Option<String> {
        let mut categories = others.iter().map(|posting| self.category(posting));
        let first = categories.next()??;
        categories.all(|other| other.as_deref() == Some(&first)).then_some(first)
    }

    /// What the postings to categories come to in the commodity of a row, and what is left to other accounts; `None`
    /// where a price is missing or has too many digits.
    fn parts(
        &self,
        entry: &Entry,
        others: &[&Posting],
        amount: &Value,
        money: Money,
        has_siblings: bool,
    ) -> Option<Vec<Part>> {
        if !has_siblings && let [only] = others {
            return Some(vec![Part {
                category: self.category(only),
                amount: money,
                memo: only.memo.clone(),
            }]);
        }
        let mut left = i128::from(money.minor());
        let mut parts = Vec::with_capacity(others.len() + 1);
        for posting in others {
            let Moves::Amount { amount: own, weight } = &posting.moves else { return None };
            let value = [own, weight].into_iter().find(|value| value.commodity == amount.commodity)?;
            let value = Value { number: value.number.negated(), commodity: value.commodity.clone() };
            let part = self.money(posting.line, &entry.shown, &value).ok()?;
            left -= i128::from(part.minor());
            if part.minor() != 0 {
                parts.push(Part {
                    category: self.category(posting),
                    amount: part,
                    memo: posting.memo.clone(),
                });
            }
        }
        if left != 0 {
            let category = Some(if has_siblings { TRANSFER } else { ROUNDING }.to_owned());
            let amount = Money::new(i64::try_from(left).ok()?, money.currency());
            parts.push(Part { category, amount, memo: None });
        }
        Some(parts)
    }

    /// Keeps the balances that the book states for accounts that have a statement.
    fn assertions(&mut self) -> Result<(), StatementError> {
        for assertion in &self.ledger.assertions {
            let Some(account) = self.ledger.accounts.get(assertion.account) else { continue };
            let Class::Own(_) = account.class else { continue };
            let amount = self.money(0, "", &assertion.amount)?;
            let below = format!("{}:", account.name);
            let has_children = self.accounts.iter().any(|other| other.name.starts_with(&below));
            if has_children {
                continue;
            }
            if let Some(statement) = self
                .index
                .get(&(assertion.account, amount.currency()))
                .and_then(|index| self.statements.get_mut(*index))
            {
                statement.balances.push(StatedAmount { kind: assertion.kind, date: assertion.date, amount });
            }
        }
        Ok(())
    }
}

/// A part before it is known whether there are several.
struct Part {
    category: Option<String>,
    amount: Money,
    memo: Option<String>,
}

/// Parts as a split; too many are joined by category, and what cannot be a split is none.
fn split(parts: Vec<Part>, fallback: Option<String>) -> (Option<String>, Vec<SplitPart>) {
    let named = parts.into_iter().map(|part| SplitPart {
        category: CategoryPath::stored(part.category.unwrap_or_else(|| "Uncategorised".to_owned())),
        amount: part.amount,
        memo: part.memo,
    });
    let parts: Vec<SplitPart> = named.collect();
    if (2..=MAX_PARTS).contains(&parts.len()) { (None, parts) } else { (fallback, Vec::new()) }
}

fn row(
    entry: &Entry,
    posting: &Posting,
    amount: Money,
    category: Option<String>,
    parts: Vec<SplitPart>,
) -> StatementRow {
    let memo = match (&entry.memo, &posting.memo) {
        (Some(one), Some(other)) => Some(format!("{one}; {other}")),
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    StatementRow {
        line: posting.line,
        transaction: NewTransaction {
            posted: entry.posted,
            amount,
            payee: entry.payee.clone(),
            payee_raw: entry.payee_raw.clone().unwrap_or_else(|| entry.payee.clone()),
            memo,
            reference: entry.reference.clone(),
            category,
            status: entry.status,
            bank_id: entry.bank_id.clone(),
        },
        parts,
    }
}

/// An account's name as a category: what a category cannot hold is replaced, what is too deep is joined.
fn path_of(name: &str) -> String {
    let clean: String =
        name.chars().map(|c| if c == '=' || c.is_control() { '-' } else { c }).take(200).collect();
    let names: Vec<&str> = clean.split(':').map(str::trim).filter(|name| !name.is_empty()).collect();
    let (kept, deeper) = names.split_at(names.len().min(7));
    let mut path = kept.join(":");
    if !deeper.is_empty() {
        path = format!("{path}:{}", deeper.join(" "));
    }
    match CategoryPath::parse(&path) {
        Ok(path) => path.to_string(),
        Err(_) => "Uncategorised".to_owned(),
    }
}

/// Gives accounts that hold several commodities a name for each: the one that comes first in the book keeps the
/// account's own, so that it stays when others come later.
fn name_apart(statements: &mut [Statement], accounts: &mut [BookAccount]) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for (statement, account) in statements.iter_mut().zip(accounts) {
        if taken.insert(account.name.clone()) {
            continue;
        }
        account.name = format!("{} {}", account.name, statement.currency);
        if account.number.is_none()
            && let Some(stated) = &mut statement.account
        {
            stated.number.clone_from(&account.name);
        }
    }
}
