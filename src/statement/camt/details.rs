//! The payments under one entry (`TxDtls`): who, what for, how much of the entry.

use super::fields::{Kept, reference};
use super::xml::Leaf;
use crate::money::{Currency, Decimal, DecimalMark};

/// The most remittance texts that one payment keeps.
const MAX_TEXTS: usize = 64;

/// One payment while its leaves are being read.
#[derive(Debug, Default, Clone)]
pub(super) struct Payment {
    /// `Amt`, else `AmtDtls/TxAmt/Amt` (before version 3).
    pub amount: Option<Kept>,
    /// Its own `CdtDbtInd`, which may differ from the entry's.
    pub indicator: Option<Kept>,
    /// `InstdAmt`: what the payer ordered, where that is in another currency.
    pub instructed: Option<Kept>,
    rate: String,
    end_to_end: Option<String>,
    creditor_reference: Option<String>,
    cheque: Option<String>,
    debtor: Party,
    creditor: Party,
    texts: Vec<String>,
    additional: Option<String>,
}

/// One side of a payment.
#[derive(Debug, Default, Clone)]
struct Party {
    name: Option<String>,
    ultimate: Option<String>,
    account: Option<String>,
}

impl Party {
    fn shown(&self) -> Option<&str> {
        self.name.as_deref().or(self.ultimate.as_deref())
    }
}

impl Payment {
    /// Takes a leaf; `path` begins below `TxDtls`.
    pub fn take(&mut self, path: &str, leaf: Leaf<'_>) {
        if leaf.text.is_empty() {
            return;
        }
        let text = || Some(leaf.text.to_owned());
        match path {
            "Amt" => self.amount = Some(Kept::of(leaf)),
            "AmtDtls/TxAmt/Amt" => {
                self.amount.get_or_insert_with(|| Kept::of(leaf));
            }
            "CdtDbtInd" => self.indicator = Some(Kept::of(leaf)),
            "AmtDtls/InstdAmt/Amt" => self.instructed = Some(Kept::of(leaf)),
            "AmtDtls/TxAmt/CcyXchg/XchgRate"
            | "AmtDtls/InstdAmt/CcyXchg/XchgRate"
            | "AmtDtls/CntrValAmt/CcyXchg/XchgRate" => leaf.text.clone_into(&mut self.rate),
            "Refs/EndToEndId" => self.end_to_end = reference(leaf.text),
            "Refs/ChqNb" => self.cheque = reference(leaf.text),
            "RltdPties/Dbtr/Nm" => self.debtor.name = text(),
            "RltdPties/UltmtDbtr/Nm" => self.debtor.ultimate = text(),
            "RltdPties/DbtrAcct/Id/IBAN" | "RltdPties/DbtrAcct/Id/Othr/Id" => self.debtor.account = text(),
            "RltdPties/Cdtr/Nm" => self.creditor.name = text(),
            "RltdPties/UltmtCdtr/Nm" => self.creditor.ultimate = text(),
            "RltdPties/CdtrAcct/Id/IBAN" | "RltdPties/CdtrAcct/Id/Othr/Id" => self.creditor.account = text(),
            "RmtInf/Strd/CdtrRefInf/Ref" if self.creditor_reference.is_none() => {
                self.creditor_reference = reference(leaf.text);
            }
            "RmtInf/Ustrd" | "RmtInf/Strd/AddtlRmtInf" | "RmtInf/Strd/CdtrRefInf/Ref"
                if self.texts.len() < MAX_TEXTS =>
            {
                self.texts.push(leaf.text.to_owned());
            }
            "AddtlTxInf" => self.additional = text(),
            _ => {}
        }
    }

    /// The other party of a payment that raises the account (`incoming`) or lowers it.
    ///
    /// Where the names say which account is whose, that counts: some banks name the sides of an order that was
    /// reversed or initiated by the other side as they were in the order.
    pub fn other_party(&self, incoming: bool, own_account: Option<&str>) -> Option<&str> {
        let (expected, opposite) =
            if incoming { (&self.debtor, &self.creditor) } else { (&self.creditor, &self.debtor) };
        let is_own = |party: &Party| party.account.is_some() && party.account.as_deref() == own_account;
        if is_own(expected) && !is_own(opposite) { opposite.shown() } else { expected.shown() }
    }

    /// The payment's reference: a cheque's number, the payer's end-to-end id, the creditor's reference.
    pub fn reference(&self) -> Option<String> {
        self.cheque.clone().or_else(|| self.end_to_end.clone()).or_else(|| self.creditor_reference.clone())
    }

    /// What the payment is for, in the words of the file.
    pub fn purpose(&self) -> Vec<&str> {
        let texts = self.texts.iter().map(String::as_str);
        texts.chain(self.creditor_reference.as_deref().filter(|_| self.end_to_end.is_some())).collect()
    }

    /// What the bank adds.
    pub fn additional(&self) -> Option<&str> {
        self.additional.as_deref()
    }

    /// What the payer ordered, where that is in another currency than the entry's.
    pub fn ordered_in(&self, entry: Currency) -> Option<String> {
        let ordered = self.instructed.as_ref()?;
        let code = ordered.currency.as_deref().filter(|code| *code != entry.code())?;
        let rate = if self.rate.is_empty() { String::new() } else { format!(", rate {}", self.rate) };
        Some(format!("(ordered as {} {code}{rate})", ordered.text))
    }

    /// The payment's share of the entry in minor units, signed; `None` where it states none in the entry's currency.
    pub fn share_minor(&self, entry: Currency, entry_is_credit: bool) -> Option<i64> {
        let amount = self.amount.as_ref()?;
        if amount.currency.as_deref().is_some_and(|code| code != entry.code()) {
            return None;
        }
        let minor = Decimal::parse(&amount.text, DecimalMark::Point).ok()?.to_minor(entry).ok()?;
        let is_credit = match self.indicator.as_ref().map(|kept| kept.text.as_str()) {
            Some("CRDT") => true,
            Some("DBIT") => false,
            _ => entry_is_credit,
        };
        if is_credit { Some(minor) } else { minor.checked_neg() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payment(leaves: &[(&str, &str)]) -> Payment {
        let mut payment = Payment::default();
        for (path, text) in leaves {
            payment.take(path, Leaf { path, text, currency: Some("EUR"), offset: 0 });
        }
        payment
    }

    #[test]
    fn the_other_party_is_the_one_that_is_not_the_owner() {
        let both = payment(&[
            ("RltdPties/Dbtr/Nm", "Payer"),
            ("RltdPties/DbtrAcct/Id/IBAN", "DE1"),
            ("RltdPties/Cdtr/Nm", "Payee"),
            ("RltdPties/CdtrAcct/Id/IBAN", "DE2"),
        ]);
        assert_eq!(both.other_party(true, None), Some("Payer"));
        assert_eq!(both.other_party(false, None), Some("Payee"));
        assert_eq!(both.other_party(false, Some("DE2")), Some("Payer"));
        assert_eq!(both.other_party(false, Some("DE1")), Some("Payee"));
        assert_eq!(payment(&[("RltdPties/Cdtr/Nm", "Owner")]).other_party(true, None), None);
    }

    #[test]
    fn a_share_is_signed_and_in_the_entrys_currency_or_none() {
        let euro = Currency::iso("EUR").unwrap();
        assert_eq!(payment(&[("Amt", "3.50")]).share_minor(euro, false), Some(-350));
        assert_eq!(payment(&[("Amt", "3.50"), ("CdtDbtInd", "CRDT")]).share_minor(euro, false), Some(350));
        assert_eq!(payment(&[("AmtDtls/TxAmt/Amt", "1"), ("Amt", "2")]).share_minor(euro, true), Some(200));
        assert_eq!(payment(&[("Amt", "1")]).share_minor(Currency::iso("CHF").unwrap(), true), None);
        assert_eq!(payment(&[]).share_minor(euro, true), None);
    }
}
