//! The messages of a file: which statements they hold, with their accounts, entries and balances.

use super::super::problem::{self, LineCounter};
use super::super::{
    ReadOptions, StatedAmount, Statement, StatementAccount, StatementError, StatementErrorKind, StatementRow,
    Warning,
};
use super::balance::{BalanceDraft, BalanceOutcome};
use super::entry::{EntryContext, EntryDraft, EntryOutcome};
use super::fields::{Kept, is_midnight, parse_date};
use super::xml::{Leaf, Visitor};
use crate::ledger::AccountKind;
use crate::money::Currency;
use jiff::ToSpan;
use jiff::civil::Date;

/// The most warnings that are told one by one.
const MAX_WARNINGS: usize = 40;

/// Gathers the statements of a file while it is walked.
pub(super) struct Reader<'a> {
    text: &'a str,
    options: &'a ReadOptions,
    lines: LineCounter,
    draft: Option<StatementDraft>,
    entry: Option<EntryDraft>,
    balance: Option<BalanceDraft>,
    saw_message: bool,
    root: String,
    statements: Vec<Statement>,
    warnings: Vec<Warning>,
    untold: usize,
}

/// A statement while it is read.
struct StatementDraft {
    /// How long the path to its own elements is, in bytes.
    base: usize,
    line: u32,
    only_booked: bool,
    number: Option<String>,
    institution: Option<String>,
    bic: Option<String>,
    kind: AccountKind,
    currency: Option<Currency>,
    from: Option<Date>,
    to: Option<Date>,
    stated_count: Option<u64>,
    count: u64,
    not_kept: Vec<String>,
    /// Rows and balances by currency, in the order in which the currencies appear.
    parts: Vec<Part>,
}

struct Part {
    currency: Currency,
    rows: Vec<StatementRow>,
    balances: Vec<StatedAmount>,
}

impl StatementDraft {
    fn new(base: usize, line: u32, only_booked: bool) -> Self {
        Self {
            base,
            line,
            only_booked,
            number: None,
            institution: None,
            bic: None,
            kind: AccountKind::Checking,
            currency: None,
            from: None,
            to: None,
            stated_count: None,
            count: 0,
            not_kept: Vec::new(),
            parts: Vec::new(),
        }
    }

    fn part(&mut self, currency: Currency) -> Option<&mut Part> {
        let index = self.parts.iter().position(|part| part.currency == currency).unwrap_or_else(|| {
            self.parts.push(Part { currency, rows: Vec::new(), balances: Vec::new() });
            self.parts.len() - 1
        });
        self.parts.get_mut(index)
    }

    /// Takes a leaf of the account or of the statement itself.
    fn take(&mut self, whole: &str, path: &str, leaf: Leaf<'_>) -> Result<(), StatementError> {
        if leaf.text.is_empty() {
            return Ok(());
        }
        let text = || Some(leaf.text.to_owned());
        match path {
            "Acct/Id/IBAN" => self.number = Some(leaf.text.split_whitespace().collect()),
            "Acct/Id/Othr/Id" | "Acct/Id/BBAN" | "Acct/Id/UPIC" | "Acct/Id/PrtryAcct/Id" => {
                self.number = self.number.take().or_else(text);
            }
            "Acct/Ccy" => {
                let kept = Kept { currency: text(), ..Kept::of(leaf) };
                self.currency = Some(kept.currency(whole, None)?);
            }
            "Acct/Tp/Cd" => self.kind = account_kind(leaf.text),
            "Acct/Svcr/FinInstnId/Nm" | "Acct/Svcr/FinInstnId/CmbndId/Nm" => self.institution = text(),
            "Acct/Svcr/FinInstnId/BIC" | "Acct/Svcr/FinInstnId/BICFI" => self.bic = text(),
            "FrToDt/FrDtTm" | "FrToDt/FrDt" => self.from = parse_date(leaf.text),
            "FrToDt/ToDtTm" | "FrToDt/ToDt" => {
                let day = parse_date(leaf.text);
                // Midnight ends the day before: a day that is not covered must not be taken for one that is.
                self.to = if is_midnight(leaf.text) && day != self.from {
                    day.and_then(|day| day.checked_sub(1.day()).ok())
                } else {
                    day
                };
            }
            "TxsSummry/TtlNtries/NbOfNtries" => self.stated_count = leaf.text.parse().ok(),
            _ => {}
        }
        Ok(())
    }
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a str, options: &'a ReadOptions) -> Self {
        Self {
            text,
            options,
            lines: LineCounter::default(),
            draft: None,
            entry: None,
            balance: None,
            saw_message: false,
            root: String::new(),
            statements: Vec::new(),
            warnings: Vec::new(),
            untold: 0,
        }
    }

    fn warn(&mut self, line: u32, text: String) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(Warning { line, text });
        } else {
            self.untold += 1;
        }
    }

    fn close_entry(&mut self) -> Result<(), StatementError> {
        let (Some(entry), Some(draft)) = (self.entry.take(), self.draft.as_mut()) else { return Ok(()) };
        draft.count += 1;
        let context = EntryContext {
            text: self.text,
            currency: draft.currency.or(self.options.currency),
            account: draft.number.as_deref(),
            only_booked: draft.only_booked,
        };
        let warning = match entry.finish(&context)? {
            EntryOutcome::Row(row, warning) => {
                let currency = row.transaction.amount.currency();
                let elsewhere = draft.currency.filter(|own| *own != currency).map(|own| Warning {
                    line: row.line,
                    text: format!(
                        "this entry is in {currency}, the account in {own}: it is kept apart, in {currency}"
                    ),
                });
                if let Some(part) = draft.part(currency) {
                    part.rows.push(*row);
                }
                warning.or(elsewhere)
            }
            EntryOutcome::LeftOut(warning) => Some(warning),
        };
        if let Some(Warning { line, text }) = warning {
            self.warn(line, text);
        }
        Ok(())
    }

    fn close_balance(&mut self) -> Result<(), StatementError> {
        let (Some(balance), Some(draft)) = (self.balance.take(), self.draft.as_mut()) else { return Ok(()) };
        match balance.finish(self.text, draft.currency.or(self.options.currency))? {
            BalanceOutcome::Kept(stated) => {
                if let Some(part) = draft.part(stated.amount.currency()) {
                    part.balances.push(stated);
                }
            }
            BalanceOutcome::NotKept(code) => {
                if !draft.not_kept.contains(&code) && draft.not_kept.len() < 12 {
                    draft.not_kept.push(code);
                }
            }
        }
        Ok(())
    }

    fn close_statement(&mut self) -> Result<(), StatementError> {
        let Some(mut draft) = self.draft.take() else { return Ok(()) };
        let first = draft.parts.first().map(|part| part.currency);
        let Some(own) = draft.currency.or(first).or(self.options.currency) else {
            return Err(problem::on_line(
                StatementErrorKind::BadField,
                draft.line,
                "",
                "the statement does not say which currency it is in",
                "name the account with --account: its currency is then used",
            ));
        };
        draft.part(own);
        draft.parts.sort_by_key(|part| part.currency != own);
        let institution = draft.institution.or(draft.bic);
        let account = draft.number.map(|number| StatementAccount { institution, number, kind: draft.kind });
        if account.is_none() {
            self.warn(draft.line, "the statement names no account".to_owned());
        }
        if let Some(stated) = draft.stated_count.filter(|stated| *stated != draft.count) {
            let text = format!(
                "the statement says that it holds {stated} entries, but {} are in the file",
                draft.count
            );
            self.warn(draft.line, text);
        }
        if !draft.not_kept.is_empty() {
            let codes = problem::excerpt(&draft.not_kept.join(", "));
            self.warn(draft.line, format!("balances of these kinds are not kept: {codes}"));
        }
        let period = draft.from.zip(draft.to).filter(|(from, to)| from <= to);
        for Part { currency, rows, balances } in draft.parts {
            self.statements.push(Statement { account: account.clone(), currency, period, rows, balances });
        }
        Ok(())
    }

    /// The statements, once the whole text has been walked.
    ///
    /// # Errors
    /// No statement in the file.
    pub fn finish(mut self) -> Result<(Vec<Statement>, Vec<Warning>), StatementError> {
        if self.statements.is_empty() {
            let message = if self.saw_message {
                "the message holds no statement, report or notification".to_owned()
            } else {
                format!(
                    "the root element <{}> holds no camt.052, camt.053 or camt.054 message",
                    problem::excerpt(&self.root)
                )
            };
            let remedy = "download the account's statement (camt.053) again, or export it as CSV";
            return Err(problem::whole_file(StatementErrorKind::NoStatement, message, remedy));
        }
        if self.untold > 0 {
            let text = format!("{} more entries were odd in the same ways", self.untold);
            self.warnings.push(Warning { line: 0, text });
        }
        Ok((self.statements, self.warnings))
    }
}

impl Visitor for Reader<'_> {
    fn open(&mut self, path: &str, offset: usize) -> Result<(), StatementError> {
        if let Some(draft) = &self.draft {
            match path.get(draft.base..) {
                Some("Ntry") if self.entry.is_none() => {
                    self.entry = Some(EntryDraft::new(offset, self.lines.at(self.text, offset)));
                }
                Some("Ntry/TxDtls") => {
                    if let Some(entry) = &mut self.entry {
                        entry.open_payment();
                    }
                }
                Some("Bal") => self.balance = Some(BalanceDraft::new(offset)),
                _ => {}
            }
            return Ok(());
        }
        if self.root.is_empty() {
            path.clone_into(&mut self.root);
        }
        let mut names = path.rsplit('/');
        let (name, parent) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        self.saw_message |= is_message(name);
        if matches!(name, "Stmt" | "Rpt" | "Ntfctn") && is_message(parent) {
            let line = self.lines.at(self.text, offset);
            self.draft = Some(StatementDraft::new(path.len() + 1, line, name == "Stmt"));
        }
        Ok(())
    }

    fn leaf(&mut self, leaf: Leaf<'_>) -> Result<(), StatementError> {
        let Some(draft) = &mut self.draft else {
            if leaf.path.ends_with("GrpHdr/MsgPgntn/LastPgInd") && leaf.text == "false" {
                let text = "this is one page of several: import the others as well".to_owned();
                self.warn(0, text);
            }
            return Ok(());
        };
        let Some(path) = leaf.path.get(draft.base..) else { return Ok(()) };
        if let (Some(entry), Some(path)) = (&mut self.entry, path.strip_prefix("Ntry/")) {
            return entry.take(self.text, path, leaf);
        }
        if let (Some(balance), Some(path)) = (&mut self.balance, path.strip_prefix("Bal/")) {
            balance.take(path, leaf);
            return Ok(());
        }
        if path.ends_with("Pgntn/LastPgInd") && leaf.text == "false" {
            let line = draft.line;
            self.warn(line, "this is one page of several: import the others as well".to_owned());
            return Ok(());
        }
        draft.take(self.text, path, leaf)
    }

    fn close(&mut self, path: &str) -> Result<(), StatementError> {
        let Some(draft) = &self.draft else { return Ok(()) };
        match path.get(draft.base..) {
            Some("Ntry/TxDtls") => {
                if let Some(entry) = &mut self.entry {
                    entry.close_payment();
                }
                Ok(())
            }
            Some("Ntry") => self.close_entry(),
            Some("Bal") => self.close_balance(),
            None if path.len() + 1 == draft.base => self.close_statement(),
            _ => Ok(()),
        }
    }
}

/// Whether an element is one of the three messages; the first versions end in `V01`.
fn is_message(name: &str) -> bool {
    ["BkToCstmrStmt", "BkToCstmrAcctRpt", "BkToCstmrDbtCdtNtfctn"].iter().any(|known| name.starts_with(known))
}

/// What an ISO 20022 `ExternalCashAccountType1Code` means.
fn account_kind(code: &str) -> AccountKind {
    match code {
        "CACC" | "TRAN" | "SLRY" | "ODFT" | "CASH" | "SACC" => AccountKind::Checking,
        "SVGS" | "MOMA" | "ONDP" => AccountKind::Savings,
        "LOAN" | "MGLD" => AccountKind::Loan,
        "CARD" => AccountKind::CreditCard,
        _ => AccountKind::Other,
    }
}
