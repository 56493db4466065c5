//! Quicken Interchange Format: an `!Account` block and a list for each account.
//!
//! Dates are written as `2026-03-31`: QIF never settled their order, and this one cannot be misread.

use super::{AccountHead, BookHead, BookWriter, ExportRow};
use crate::ledger::{AccountKind, TransactionStatus};
use std::io::{self, Write};

/// Writes QIF.
pub(super) struct Qif<'w> {
    out: &'w mut dyn Write,
    tagged: bool,
    currencies: Vec<String>,
}

impl<'w> Qif<'w> {
    pub(super) fn new(out: &'w mut dyn Write) -> Self {
        Self { out, tagged: false, currencies: Vec::new() }
    }

    fn field(&mut self, letter: char, text: &str) -> io::Result<()> {
        let line: Vec<&str> = text
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .collect();
        writeln!(self.out, "{letter}{}", line.join(" "))
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

/// A category: one in brackets would be a transfer, and what follows a slash a class.
fn category(path: &str) -> String {
    path.replace('/', "-").replace('[', "(").replace(']', ")")
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
            writeln!(self.out, "D{}\nT{}\nCX\nPOpening Balance", opening.date, opening.amount.to_decimal())?;
            self.field('L', &format!("[{}]", category(&account.name)))?;
            writeln!(self.out, "^")?;
        }
        Ok(())
    }

    fn row(&mut self, _head: &AccountHead, row: &ExportRow) -> io::Result<()> {
        let detail = &row.detail;
        self.tagged |= !row.tags.is_empty();
        writeln!(self.out, "D{}\nT{}", detail.posted, detail.amount.to_decimal())?;
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
            self.field('L', &category(path))?;
        }
        for part in &row.parts {
            self.field('S', &category(part.category.as_str()))?;
            if let Some(memo) = &part.memo {
                self.field('E', memo)?;
            }
            writeln!(self.out, "${}", part.amount.to_decimal())?;
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
        if !self.currencies.is_empty() {
            losses.push(format!("QIF names no currency: its amounts are in {}", self.currencies.join(", ")));
        }
        losses
    }
}
