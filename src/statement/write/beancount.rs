//! A Beancount file (version 2 and 3): metadata and tags of its own carry what an entry has no place for.

use super::names::{beancount_part, negated, of_accounts, of_category};
use super::{AccountHead, BookHead, BookWriter, ExportRow};
use crate::ledger::TransactionStatus;
use crate::money::Currency;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// The title that marks a file as written here.
pub(crate) const TITLE: &str = "finvault export 1";
/// The account that opening balances come from.
const OPENING: &str = "Equity:Opening-Balances";

/// Writes a Beancount file.
pub(super) struct Beancount<'w> {
    out: &'w mut dyn Write,
    names: BTreeMap<i64, String>,
    symbols: BTreeMap<Currency, String>,
    /// Accounts of categories that were used, which are opened at the end, on the first day there is.
    used: BTreeSet<String>,
    first_day: Option<Date>,
    pending: bool,
}

impl<'w> Beancount<'w> {
    pub(super) fn new(out: &'w mut dyn Write) -> Self {
        let (names, symbols, used) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { out, names, symbols, used, first_day: None, pending: false }
    }

    fn name(&self, head: &AccountHead) -> String {
        self.names.get(&head.account.id.0).cloned().unwrap_or_default()
    }

    fn meta(&mut self, depth: usize, key: &str, value: &str) -> io::Result<()> {
        writeln!(self.out, "{:width$}{key}: {}", "", quoted(value), width = depth * 2)
    }

    fn posting(&mut self, account: &str, decimal: &str, currency: Currency) -> io::Result<()> {
        let symbol = self.symbols.get(&currency).map_or(currency.code(), String::as_str);
        writeln!(self.out, "  {account}  {decimal} {symbol}")
    }

    fn contra(
        &mut self,
        category: Option<&str>,
        memo: Option<&str>,
        decimal: &str,
        currency: Currency,
    ) -> io::Result<()> {
        let account = of_category(category, beancount_part);
        self.used.insert(account.clone());
        self.posting(&account, &negated(decimal), currency)?;
        if let Some(exact) = category.filter(|exact| super::names::category_of(&account) != Some(*exact)) {
            self.meta(2, "category", exact)?;
        }
        memo.map_or(Ok(()), |memo| self.meta(2, "memo", memo))
    }

    fn see(&mut self, day: Date) {
        self.first_day = Some(self.first_day.map_or(day, |first| first.min(day)));
    }
}

/// A string of Beancount's: its escapes are those of C.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A name for each commodity: capitals, digits and a few marks, beginning with a letter, ending with a letter or digit.
fn symbols(currencies: &[Currency]) -> BTreeMap<Currency, String> {
    let mut taken = BTreeSet::new();
    let mut named = BTreeMap::new();
    for currency in currencies {
        let code = currency.code().to_ascii_uppercase();
        let fits = code.len() >= 2
            && code.starts_with(|c: char| c.is_ascii_uppercase())
            && code.ends_with(|c: char| c.is_ascii_alphanumeric());
        let base = if fits { code } else { format!("X{code}X") };
        let mut name = base.clone();
        let mut number = 2u32;
        while !taken.insert(name.clone()) {
            name = format!("{base}-{number}");
            number = number.saturating_add(1);
        }
        named.insert(*currency, name);
    }
    named
}

fn is_tag(tag: &str) -> bool {
    tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/.".contains(&b))
}

impl BookWriter for Beancount<'_> {
    fn begin(&mut self, head: &BookHead) -> io::Result<()> {
        let names = of_accounts(head.accounts.iter().map(|account| &account.account), beancount_part);
        self.names = head.accounts.iter().map(|account| account.account.id.0).zip(names).collect();
        let mut currencies: Vec<Currency> = head
            .accounts
            .iter()
            .map(|account| account.account.currency)
            .chain(head.commodities.clone())
            .collect();
        currencies.sort_unstable();
        currencies.dedup();
        self.symbols = symbols(&currencies);
        self.first_day =
            head.accounts.iter().filter_map(|account| account.days).map(|(first, _)| first).min();
        writeln!(self.out, "option \"title\" \"{TITLE}\"")?;
        let day = self.first_day.unwrap_or(UNKNOWN_DAY);
        for (currency, symbol) in self.symbols.clone() {
            writeln!(self.out, "\n{day} commodity {symbol}")?;
            self.meta(1, "code", currency.code())?;
            writeln!(self.out, "  digits: {}", currency.exponent())?;
        }
        Ok(())
    }

    fn begin_account(&mut self, head: &AccountHead) -> io::Result<()> {
        let account = &head.account;
        let name = self.name(head);
        let day = head.days.map_or(UNKNOWN_DAY, |(first, _)| first);
        let symbol = self.symbols.get(&account.currency).cloned().unwrap_or_default();
        writeln!(self.out, "\n{day} open {name} {symbol}")?;
        self.meta(1, "name", &account.name)?;
        self.meta(1, "kind", account.kind.as_str())?;
        if let Some(institution) = &account.institution {
            self.meta(1, "institution", institution)?;
        }
        if let Some(number) = &account.number {
            self.meta(1, "number", number)?;
        }
        if let Some(closed) = account.closed {
            writeln!(self.out, "  closed: {closed}")?;
        }
        for stated in &head.stated {
            let (day, kind, amount) = (stated.date, stated.kind, stated.amount.to_decimal());
            writeln!(self.out, "{day} custom \"stated-balance\" {name} \"{kind}\" {amount} {symbol}")?;
        }
        if let Some(opening) = account.opening {
            let decimal = opening.amount.to_decimal();
            writeln!(self.out, "\n{} * \"Opening balance\" \"\"", opening.date)?;
            self.meta(1, "opening", if opening.derived { "derived" } else { "given" })?;
            self.posting(&name, &decimal, account.currency)?;
            self.posting(OPENING, &negated(&decimal), account.currency)?;
            self.used.insert(OPENING.to_owned());
            self.see(opening.date);
        }
        Ok(())
    }

    fn row(&mut self, head: &AccountHead, row: &ExportRow) -> io::Result<()> {
        let detail = &row.detail;
        let (currency, decimal) = (detail.amount.currency(), detail.amount.to_decimal());
        let is_pending = detail.status == TransactionStatus::Pending;
        self.pending |= is_pending;
        self.see(detail.posted);
        let (tags, odd): (Vec<&String>, Vec<&String>) = row.tags.iter().partition(|tag| is_tag(tag));
        let tags: String = tags.iter().map(|tag| format!(" #{tag}")).collect();
        let mark = if is_pending { '!' } else { '*' };
        let (payee, memo) = (quoted(&detail.payee), quoted(detail.memo.as_deref().unwrap_or_default()));
        writeln!(self.out, "\n{} {mark} {payee} {memo}{tags}", detail.posted)?;
        let notes = [
            ("as-written", (detail.payee_raw != detail.payee).then_some(detail.payee_raw.as_str())),
            ("reference", detail.reference.as_deref()),
            ("bank-id", detail.bank_id.as_deref()),
            ("status", (detail.status == TransactionStatus::Reconciled).then_some("reconciled")),
        ];
        for (key, value) in notes {
            if let Some(value) = value {
                self.meta(1, key, value)?;
            }
        }
        if !odd.is_empty() {
            let words: Vec<&str> = odd.iter().map(|tag| tag.as_str()).collect();
            self.meta(1, "tags", &words.join(" "))?;
        }
        let name = self.name(head);
        self.posting(&name, &decimal, currency)?;
        if row.parts.is_empty() {
            return self.contra(detail.category.as_deref(), None, &decimal, currency);
        }
        for part in &row.parts {
            let amount = part.amount.to_decimal();
            self.contra(Some(part.category.as_str()), part.memo.as_deref(), &amount, currency)?;
        }
        Ok(())
    }

    fn end_account(&mut self, _head: &AccountHead) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        let day = self.first_day.unwrap_or(UNKNOWN_DAY);
        for account in std::mem::take(&mut self.used) {
            writeln!(self.out, "\n{day} open {account}")?;
        }
        self.out.flush()
    }

    fn losses(&self) -> Vec<String> {
        let mut losses = vec!["a Beancount file has no room for imports and attachments".to_owned()];
        if self.pending {
            losses.push("pending transactions are marked \"!\", and Beancount counts them".to_owned());
        }
        losses
    }
}

/// The day of accounts that nothing is known of.
const UNKNOWN_DAY: Date = jiff::civil::date(1970, 1, 1);
