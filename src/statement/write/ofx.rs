//! OFX 2.2 (XML): a statement response for each account, those of cards after the others, as the specification orders
//! them. Lengths of texts are those of the specification, sections 11.3, 11.4 and 3.2; what is longer is cut and told of.

use super::super::wording::clean;
use super::{AccountHead, BookHead, BookWriter, ExportRow};
use crate::ledger::{AccountKind, TransactionStatus};
use crate::money::Currency;
use jiff::civil::Date;
use std::fmt::Write as _;
use std::io::{self, Write};

/// How the id of a row begins that the bank gave none. Reading takes such an id for none.
pub(crate) const OWN_ID: &str = "finvault-row-";

/// Writes OFX.
pub(super) struct Ofx<'w> {
    out: &'w mut dyn Write,
    open: Option<&'static str>,
    list: Option<&'static str>,
    cut: u64,
    skipped: Vec<String>,
    annotated: bool,
    renamed: bool,
}

impl<'w> Ofx<'w> {
    pub(super) fn new(out: &'w mut dyn Write) -> Self {
        Self { out, open: None, list: None, cut: 0, skipped: Vec::new(), annotated: false, renamed: false }
    }

    /// An element with a text of at most `most` characters.
    fn element(&mut self, into: &mut String, tag: &str, text: &str, most: usize) {
        let whole = escaped(text, usize::MAX);
        let shown = escaped(text, most);
        self.cut += u64::from(whole != shown);
        let _ = write!(into, "<{tag}>{shown}</{tag}>");
    }

    fn message_set(&mut self, wanted: Option<&'static str>) -> io::Result<()> {
        if self.open == wanted {
            return Ok(());
        }
        if let Some(open) = self.open {
            writeln!(self.out, "</{open}>")?;
        }
        if let Some(wanted) = wanted {
            writeln!(self.out, "<{wanted}>")?;
        }
        self.open = wanted;
        Ok(())
    }

    fn carries(&mut self, head: &AccountHead) -> bool {
        Currency::iso(head.account.currency.code()).is_ok()
    }
}

/// Text for XML 1.0: at most so many characters, those that XML cannot hold left out.
fn escaped(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let is_written = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    for c in
        text.trim().chars().filter(is_written).filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).take(most)
    {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

/// A day as OFX writes it.
fn ofx_day(day: Date) -> String {
    day.strftime("%Y%m%d").to_string()
}

fn message_set_of(kind: AccountKind) -> &'static str {
    if kind == AccountKind::CreditCard { "CREDITCARDMSGSRSV1" } else { "BANKMSGSRSV1" }
}

fn account_type(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Savings => "SAVINGS",
        AccountKind::Loan | AccountKind::Mortgage => "CREDITLINE",
        _ => "CHECKING",
    }
}

fn last_characters(text: &str, most: usize) -> String {
    let skip = text.chars().count().saturating_sub(most);
    text.chars().skip(skip).collect()
}

const UNKNOWN_DAY: Date = jiff::civil::date(1970, 1, 1);

impl BookWriter for Ofx<'_> {
    fn arrange(&self, accounts: &mut [AccountHead]) {
        accounts.sort_by_key(|head| head.account.kind == AccountKind::CreditCard);
    }

    fn wants_pending_last(&self) -> bool {
        true
    }

    fn begin(&mut self, head: &BookHead) -> io::Result<()> {
        let day = head.accounts.iter().filter_map(|account| account.days).map(|(_, last)| last).max();
        write!(
            self.out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n\
             <?OFX OFXHEADER=\"200\" VERSION=\"220\" SECURITY=\"NONE\" OLDFILEUID=\"NONE\" NEWFILEUID=\"NONE\"?>\n\
             <OFX>\n<SIGNONMSGSRSV1><SONRS><STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>\
             <DTSERVER>{}</DTSERVER><LANGUAGE>ENG</LANGUAGE></SONRS></SIGNONMSGSRSV1>\n",
            ofx_day(day.unwrap_or(UNKNOWN_DAY))
        )
    }

    fn begin_account(&mut self, head: &AccountHead) -> io::Result<()> {
        let account = &head.account;
        if !self.carries(head) {
            self.skipped.push(account.name.clone());
            return Ok(());
        }
        self.message_set(Some(message_set_of(account.kind)))?;
        let number = account.number.as_deref().unwrap_or(&account.name);
        let mut ids = String::new();
        let is_card = account.kind == AccountKind::CreditCard;
        if !is_card {
            self.element(&mut ids, "BANKID", account.institution.as_deref().unwrap_or("0"), 9);
        }
        // The end of a number tells more than its beginning.
        let id = last_characters(number, 22);
        self.cut += u64::from(id != number);
        self.element(&mut ids, "ACCTID", &id, 22);
        if !is_card {
            self.element(&mut ids, "ACCTTYPE", account_type(account.kind), 10);
        }
        let (response, statement, from) = if is_card {
            ("CCSTMTTRNRS", "CCSTMTRS", "CCACCTFROM")
        } else {
            ("STMTTRNRS", "STMTRS", "BANKACCTFROM")
        };
        let (first, last) = head.days.unwrap_or((UNKNOWN_DAY, UNKNOWN_DAY));
        self.list = Some("BANKTRANLIST");
        writeln!(
            self.out,
            "<{response}><TRNUID>0</TRNUID><STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>\n\
             <{statement}><CURDEF>{}</CURDEF><{from}>{ids}</{from}>\n\
             <BANKTRANLIST><DTSTART>{}</DTSTART><DTEND>{}</DTEND>",
            account.currency,
            ofx_day(first),
            ofx_day(last)
        )
    }

    fn row(&mut self, head: &AccountHead, row: &ExportRow) -> io::Result<()> {
        if !self.carries(head) {
            return Ok(());
        }
        let detail = &row.detail;
        self.annotated |= detail.category.is_some() || !row.parts.is_empty() || !row.tags.is_empty();
        self.annotated |= detail.status == TransactionStatus::Reconciled;
        let is_pending = detail.status == TransactionStatus::Pending;
        if is_pending && self.list == Some("BANKTRANLIST") {
            writeln!(self.out, "</BANKTRANLIST>\n<BANKTRANLISTP><DTASOF>{}</DTASOF>", last_day(head))?;
            self.list = Some("BANKTRANLISTP");
        }
        let mut text = String::new();
        let tag = if is_pending { "STMTTRNP" } else { "STMTTRN" };
        let kind = if detail.amount.is_negative() { "DEBIT" } else { "CREDIT" };
        let day_tag = if is_pending { "DTTRAN" } else { "DTPOSTED" };
        let (day, amount) = (ofx_day(detail.posted), detail.amount.to_decimal());
        let _ = write!(
            text,
            "<{tag}><TRNTYPE>{kind}</TRNTYPE><{day_tag}>{day}</{day_tag}><TRNAMT>{amount}</TRNAMT>"
        );
        if !is_pending {
            let own = format!("{OWN_ID}{}", row.number);
            self.element(&mut text, "FITID", detail.bank_id.as_deref().unwrap_or(&own), 255);
        }
        if let Some(reference) = detail.reference.as_deref() {
            // What is pending has no number of a cheque.
            let is_check = reference.len() <= 12 && !is_pending;
            self.element(&mut text, if is_check { "CHECKNUM" } else { "REFNUM" }, reference, 32);
        }
        let payee = detail.payee_raw.trim();
        self.renamed |= detail.payee != clean(payee);
        // What has no room in NAME stands whole in EXTDNAME; who does not read that has the beginning.
        let _ = write!(text, "<NAME>{}</NAME>", escaped(payee, 32));
        if payee.chars().count() > 32 {
            self.element(&mut text, "EXTDNAME", payee, 100);
        }
        if let Some(memo) = &detail.memo {
            self.element(&mut text, "MEMO", memo, 255);
        }
        writeln!(self.out, "{text}</{tag}>")
    }

    fn end_account(&mut self, head: &AccountHead) -> io::Result<()> {
        if !self.carries(head) {
            return Ok(());
        }
        let list = self.list.take().unwrap_or("BANKTRANLIST");
        let (day, amount) = match head.closing {
            Some((day, amount)) => (ofx_day(day), amount.to_decimal()),
            None => (ofx_day(UNKNOWN_DAY), "0".to_owned()),
        };
        writeln!(
            self.out,
            "</{list}>\n<LEDGERBAL><BALAMT>{amount}</BALAMT><DTASOF>{day}</DTASOF></LEDGERBAL>"
        )?;
        let ends = if head.account.kind == AccountKind::CreditCard {
            "</CCSTMTRS></CCSTMTTRNRS>"
        } else {
            "</STMTRS></STMTTRNRS>"
        };
        writeln!(self.out, "{ends}")
    }

    fn end(&mut self) -> io::Result<()> {
        self.message_set(None)?;
        writeln!(self.out, "</OFX>")?;
        self.out.flush()
    }

    fn losses(&self) -> Vec<String> {
        let mut losses = Vec::new();
        if self.annotated {
            losses.push("OFX has no room for categories, splits, tags and what is reconciled".to_owned());
        }
        if self.renamed {
            losses.push("OFX has one name for the other party: the one that the source wrote".to_owned());
        }
        if self.cut > 0 {
            losses.push(format!("{} texts are longer than OFX allows and were shortened", self.cut));
        }
        for name in &self.skipped {
            losses.push(format!(
                "the account \"{name}\" was left out: OFX knows the currencies of ISO 4217 alone"
            ));
        }
        losses
    }
}

fn last_day(head: &AccountHead) -> String {
    ofx_day(head.days.map_or(UNKNOWN_DAY, |(_, last)| last))
}
