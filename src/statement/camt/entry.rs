//! One `Ntry`: from its leaves to a row of the ledger, or a refusal that names it.

use super::super::wording::clean;
use super::super::{StatementError, StatementRow, Warning, problem};
use super::details::Payment;
use super::fields::{Kept, reference, refuse, signed};
use super::xml::Leaf;
use crate::ledger::{NewTransaction, TransactionStatus};
use crate::money::{Currency, Money};

/// The most payments of one entry that its memo lists.
const MAX_LISTED: usize = 20;
/// The most names that stand in for the other party of an entry of many payments.
const MAX_NAMES: usize = 3;

/// What an entry needs to know of the statement around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryContext<'a> {
    /// The whole text, for refusals.
    pub text: &'a str,
    /// The currency of amounts that name none.
    pub currency: Option<Currency>,
    /// The owner's account as the file writes it.
    pub account: Option<&'a str>,
    /// Whether every entry of such a message is booked (camt.053).
    pub only_booked: bool,
}

/// An entry while its leaves are being read.
#[derive(Debug, Default)]
pub(super) struct EntryDraft {
    /// Where it begins, in bytes.
    pub offset: usize,
    line: u32,
    entry_reference: Option<String>,
    servicer_reference: Option<String>,
    amount: Option<Kept>,
    indicator: Option<Kept>,
    reversal: bool,
    status: Option<Kept>,
    booked: Option<Kept>,
    value: Option<Kept>,
    additional: Option<String>,
    batch_size: Option<String>,
    payment: Option<Payment>,
    payments: Vec<Payment>,
    payment_count: u64,
    /// The sum of the payments' shares; `None` as soon as one states none.
    share_minor: Option<i128>,
}

/// What became of an entry.
pub(super) enum EntryOutcome {
    /// It is read.
    Row(Box<StatementRow>, Option<Warning>),
    /// It is no booking, and the warning says why.
    LeftOut(Warning),
}

impl EntryDraft {
    pub fn new(offset: usize, line: u32) -> Self {
        Self { offset, line, share_minor: Some(0), ..Self::default() }
    }

    /// Takes a leaf; `path` begins below `Ntry`.
    ///
    /// # Errors
    /// A second amount or direction: the entry is damaged.
    pub fn take(&mut self, whole: &str, path: &str, leaf: Leaf<'_>) -> Result<(), StatementError> {
        if let (Some(payment), Some(path)) = (&mut self.payment, path.strip_prefix("TxDtls/")) {
            payment.take(path, leaf);
            return Ok(());
        }
        let slot = match path {
            "Amt" => &mut self.amount,
            "CdtDbtInd" => &mut self.indicator,
            "Sts" | "Sts/Cd" | "Sts/Prtry" => &mut self.status,
            "BookgDt/Dt" | "BookgDt/DtTm" => &mut self.booked,
            "ValDt/Dt" | "ValDt/DtTm" => &mut self.value,
            _ => {
                self.take_words(path, leaf);
                return Ok(());
            }
        };
        if slot.is_some() {
            let message = format!("one entry holds two <{}>", path.rsplit('/').next().unwrap_or(path));
            return Err(refuse(whole, leaf.offset, message, "the file is damaged; download it again"));
        }
        *slot = Some(Kept::of(leaf));
        Ok(())
    }

    fn take_words(&mut self, path: &str, leaf: Leaf<'_>) {
        match path {
            "NtryRef" => self.entry_reference = reference(leaf.text),
            "AcctSvcrRef" => self.servicer_reference = reference(leaf.text),
            "RvslInd" => self.reversal = matches!(leaf.text, "true" | "1"),
            "AddtlNtryInf" => self.additional = Some(leaf.text.to_owned()).filter(|text| !text.is_empty()),
            "Btch/NbOfTxs" => self.batch_size = reference(leaf.text),
            _ => {}
        }
    }

    pub fn open_payment(&mut self) {
        self.payment = Some(Payment::default());
    }

    pub fn close_payment(&mut self) {
        let Some(payment) = self.payment.take() else { return };
        self.payment_count += 1;
        let is_credit = self.indicator.as_ref().is_none_or(|kept| kept.text == "CRDT");
        let currency =
            self.amount.as_ref().and_then(|amount| Currency::iso(amount.currency.as_deref()?).ok());
        let share = currency.and_then(|currency| payment.share_minor(currency, is_credit));
        self.share_minor =
            self.share_minor.zip(share).and_then(|(sum, share)| sum.checked_add(i128::from(share)));
        if self.payments.len() < MAX_LISTED {
            self.payments.push(payment);
        }
    }

    /// Puts the row together.
    ///
    /// # Errors
    /// A missing or unreadable amount, direction, status or date.
    pub fn finish(self, context: &EntryContext<'_>) -> Result<EntryOutcome, StatementError> {
        let whole = context.text;
        let amount = self.required(whole, self.amount.as_ref(), "Amt")?;
        let amount = amount.amount(whole, amount.currency(whole, context.currency)?)?;
        let is_credit = self.required(whole, self.indicator.as_ref(), "CdtDbtInd")?.is_credit(whole)?;
        let amount = signed(amount, is_credit);
        let Some(status) = self.status(context)? else {
            let text =
                format!("an entry of {amount} is for information only and was not booked: it is left out");
            return Ok(EntryOutcome::LeftOut(Warning { line: self.line, text }));
        };
        let (day, mut warning) = match (&self.booked, &self.value) {
            (Some(booked), _) => (booked.date(whole)?, None),
            (None, Some(value)) if status == TransactionStatus::Pending => (value.date(whole)?, None),
            (None, Some(value)) => (
                value.date(whole)?,
                Some("this entry has no booking date; its value date is taken".to_owned()),
            ),
            (None, None) if status == TransactionStatus::Pending => {
                let text = format!("a pending entry of {amount} has no day yet: it is left out");
                return Ok(EntryOutcome::LeftOut(Warning { line: self.line, text }));
            }
            (None, None) => return Err(self.missing(whole, "BookgDt")),
        };
        if let Some(sum) = self.share_minor.filter(|_| self.payment_count > 1)
            && sum != i128::from(amount.minor())
        {
            let sum = i64::try_from(sum)
                .map_or_else(|_| "more".to_owned(), |s| Money::new(s, amount.currency()).to_string());
            warning = Some(format!(
                "the payments under this entry add up to {sum}, the entry is {amount}; the entry counts"
            ));
        }
        let row = StatementRow {
            line: self.line,
            transaction: self.transaction(day, amount, status, context),
            parts: Vec::new(),
        };
        let warning = warning.map(|text| Warning { line: self.line, text });
        Ok(EntryOutcome::Row(Box::new(row), warning))
    }

    /// Whether it is booked or pending; `None` where it is for information only (`ExternalEntryStatus1Code`).
    fn status(&self, context: &EntryContext<'_>) -> Result<Option<TransactionStatus>, StatementError> {
        let Some(status) = &self.status else {
            return if context.only_booked {
                Ok(Some(TransactionStatus::Posted))
            } else {
                Err(self.missing(context.text, "Sts"))
            };
        };
        match status.text.as_str() {
            "BOOK" => Ok(Some(TransactionStatus::Posted)),
            "PDNG" | "FUTR" => Ok(Some(TransactionStatus::Pending)),
            "INFO" => Ok(None),
            other => Err(status.refuse(
                context.text,
                format!("\"{}\" is no status of an entry that is known here", problem::excerpt(other)),
                "whether it was booked would be a guess: correct it in a copy of the file to BOOK, PDNG or INFO",
            )),
        }
    }

    fn transaction(
        &self,
        posted: jiff::civil::Date,
        amount: Money,
        status: TransactionStatus,
        context: &EntryContext<'_>,
    ) -> NewTransaction {
        // A reversal names the parties of the payment that it takes back.
        let incoming = amount.is_negative() == self.reversal;
        let only = self.payments.first().filter(|_| self.payment_count == 1);
        let additional = self.additional.as_deref();
        let mut memo: Vec<String> = Vec::new();
        let mut words: Vec<&str> = Vec::new();
        let party = match only {
            Some(payment) => {
                words.extend(payment.purpose());
                words.extend(payment.additional());
                payment.other_party(incoming, context.account).map(str::to_owned)
            }
            None => self.names(incoming, context),
        };
        words.extend(additional.filter(|text| only.and_then(Payment::additional) != Some(text)));
        let payee_raw = party.unwrap_or_else(|| {
            // The bank's own words for the booking say more than a payer's text does.
            let bank = only.and_then(Payment::additional).or(additional).or(words.first().copied());
            let stands_in = bank.unwrap_or_default();
            words.retain(|text| *text != stands_in);
            stands_in.to_owned()
        });
        memo.extend(words.into_iter().map(str::to_owned));
        if only.is_none() {
            memo.extend(self.list(incoming, amount.currency(), context));
        }
        memo.extend(only.and_then(|payment| payment.ordered_in(amount.currency())));
        if self.reversal {
            memo.push("(reversal)".to_owned());
        }
        let memo = clean(&memo.join(" "));
        NewTransaction {
            posted,
            amount,
            payee: clean(&payee_raw),
            payee_raw,
            memo: Some(memo).filter(|memo| !memo.is_empty()),
            reference: only.and_then(Payment::reference),
            category: None,
            status,
            bank_id: self.servicer_reference.clone().or_else(|| self.entry_reference.clone()),
        }
    }

    /// The other parties of an entry of many payments: the one, where it is the same; the first few else.
    fn names(&self, incoming: bool, context: &EntryContext<'_>) -> Option<String> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.payments.iter().filter_map(|payment| payment.other_party(incoming, context.account))
        {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let more = names.len() > MAX_NAMES || self.payment_count > MAX_LISTED as u64;
        names.truncate(MAX_NAMES);
        let mut joined = names.join(", ");
        if more && !joined.is_empty() {
            joined.push_str(" and others");
        }
        Some(joined).filter(|joined| !joined.is_empty())
    }

    /// The payments of an entry, a few words each.
    fn list(&self, incoming: bool, currency: Currency, context: &EntryContext<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        if self.payments.is_empty() {
            lines.extend(self.batch_size.iter().map(|size| format!("(a batch of {size} payments)")));
            return lines;
        }
        lines.push(format!("({} payments:", self.payment_count));
        for payment in &self.payments {
            let name = payment.other_party(incoming, context.account).unwrap_or_default();
            let share = payment.share_minor(currency, incoming != self.reversal);
            let share = share.map(|minor| Money::new(minor, currency).to_decimal()).unwrap_or_default();
            let purpose = payment.purpose().join(" ");
            let line =
                [name, &share, &purpose].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
            lines.push(format!("{};", line.join(" ")));
        }
        let unlisted = self.payment_count - self.payments.len() as u64;
        if unlisted > 0 {
            lines.push(format!("and {unlisted} more;"));
        }
        if let Some(last) = lines.last_mut() {
            last.pop();
            last.push(')');
        }
        lines
    }

    fn required<'k>(
        &self,
        whole: &str,
        field: Option<&'k Kept>,
        name: &str,
    ) -> Result<&'k Kept, StatementError> {
        field.ok_or_else(|| self.missing(whole, name))
    }

    fn missing(&self, whole: &str, name: &str) -> StatementError {
        refuse(
            whole,
            self.offset,
            format!("this entry has no <{name}>"),
            "add it in a copy of the file, or ask the bank for the statement again",
        )
    }
}
