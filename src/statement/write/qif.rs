//! Quicken Interchange Format: an `!Account` block and a list for each account.
//!
//! Dates are written as `2026-03-31`: QIF never settled their order, and this one cannot be misread.

use super::super::wording::clean;
use super::{AccountHead, BookHead, BookWriter, ExportRow};
use crate::ledger::{AccountKind, TransactionStatus};
use crate::money::Money;
use std::io::{self, Write};

/// Writes QIF.
pub(super) struct Qif<'w> {
    out: &'w mut dyn Write,
    tagged: bool,
    pending: bool,
    renamed: bool,
    categories_changed: u64,
    currencies: Vec<String>,
}

impl<'w> Qif<'w> {
    pub(super) fn new(out: &'w mut dyn Write) -> Self {
        Self {
            out,
            tagged: false,
            pending: false,
            renamed: false,
            categories_changed: 0,
            currencies: Vec::new(),
        }
    }

    fn field(&mut self, letter: char, text: &str) -> io::Result<()> {
        let line: Vec<&str> = text
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .collect();
        writeln!(self.out, "{letter}{}", line.join(" "))
    }

    fn category(&mut self, letter: char, path: &str) -> io::Result<()> {
        let written = category(path);
        self.categories_changed += u64::from(written != path);
        self.field(letter, &written)
    }
}

const fn list(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::CreditCard => "CCard",
        AccountKind::Cash => "Cash",
        AccountKind::Loan | AccountKind::Mortgage => "Oth L",
        AccountKind::Other => "Oth A",
        _ => "Bank",
    }
}

/// An amount. Three digits behind a point could be thousands, and nothing in a file would tell: they get one more.
fn amount_of(money: Money) -> String {
    let digits = money.to_decimal();
    if money.currency().exponent() == 3 { digits + "0" } else { digits }
}

/// A category: one in brackets would be a transfer, what follows a slash a class, and hyphens or a bar at its beginning
/// say that there is none.
fn category(path: &str) -> String {
    let path = path.replace('/', "-").replace('[', "(").replace(']', ")").replace('|', "-");
    if path.starts_with("--") { format!("-{}", path.trim_start_matches('-')) } else { path }
}

impl BookWriter for Qif<'_> {
    fn begin(&mut self, head: &BookHead) -> io::Result<()> {
        self.currencies = head.accounts.iter().map(|account| account.account.currency.to_string()).collect();
        self.currencies.sort_unstable();
        self.currencies.dedup();
        Ok(())
    }

    fn begin_account(&mut self, head: &AccountHead) -> io::Result<()> {
        let account = &head.account;
        writeln!(self.out, "!Account")?;
        self.field('N', &account.name)?;
        writeln!(self.out, "T{}\n^\n!Type:{}", list(account.kind), list(account.kind))?;
        if let Some(opening) = account.opening {
            writeln!(self.out, "D{}\nT{}\nCX\nPOpening Balance", opening.date, amount_of(opening.amount))?;
            self.field('L', &format!("[{}]", category(&account.name)))?;
            writeln!(self.out, "^")?;
        }
        Ok(())
    }

    fn row(&mut self, _head: &AccountHead, row: &ExportRow) -> io::Result<()> {
        let detail = &row.detail;
        self.tagged |= !row.tags.is_empty();
        self.pending |= detail.status == TransactionStatus::Pending;
        self.renamed |= detail.payee != clean(&detail.payee_raw);
        writeln!(self.out, "D{}\nT{}", detail.posted, amount_of(detail.amount))?;
        match detail.status {
            TransactionStatus::Pending => {}
            TransactionStatus::Posted => writeln!(self.out, "C*")?,
            TransactionStatus::Reconciled => writeln!(self.out, "CX")?,
        }
        if let Some(reference) = &detail.reference {
            self.field('N', reference)?;
        }
        self.field('P', &detail.payee)?;
        if let Some(memo) = &detail.memo {
            self.field('M', memo)?;
        }
        if let Some(path) = &detail.category {
            self.category('L', path)?;
        }
        for part in &row.parts {
            self.category('S', part.category.as_str())?;
            if let Some(memo) = &part.memo {
                self.field('E', memo)?;
            }
            writeln!(self.out, "${}", amount_of(part.amount))?;
        }
        writeln!(self.out, "^")
    }

    fn end_account(&mut self, _head: &AccountHead) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn losses(&self) -> Vec<String> {
        let mut losses = vec![
            "QIF has no room for account numbers, bank ids, stated balances, imports and attachments"
                .to_owned(),
        ];
        if self.tagged {
            losses.push("QIF has no room for tags".to_owned());
        }
        if self.pending {
            losses.push(
                "QIF has no pending rows: they are written as ones that are not cleared yet".to_owned(),
            );
        }
        if self.renamed {
            losses.push(
                "QIF has one name for the other party: yours, not the one that the source wrote".to_owned(),
            );
        }
        if self.categories_changed > 0 {
            losses.push(format!(
                "{} categories hold marks that mean something else in QIF, and were written without them",
                self.categories_changed
            ));
        }
        if !self.currencies.is_empty() {
            losses.push(format!("QIF names no currency: its amounts are in {}", self.currencies.join(", ")));
        }
        losses
    }
}
