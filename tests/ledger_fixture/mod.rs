//! A vault in a folder of its own, and statements written in a line or two.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends")]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::ledger::{
    Account, AccountId, AccountKind, BatchId, NewAccount, NewTransaction, TransactionStatus,
};
use finvault::money::{Currency, Money};
use finvault::vault::{AccountReport, FileReport, ImportFile, ImportOptions, TransactionQuery, Vault};
use jiff::Timestamp;
use jiff::civil::Date;
use std::path::PathBuf;

pub struct House {
    _folder: tempfile::TempDir,
    pub path: PathBuf,
    pub vault: Vault,
}

pub fn now() -> Timestamp {
    "2026-05-02T09:00:00Z".parse().unwrap()
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

impl House {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.finvault");
        let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
        let passphrase = Passphrase::new("correct horse battery staple".to_owned());
        let (vault, _) = Vault::create(&path, &passphrase, kdf, now()).unwrap();
        Self { _folder: folder, path, vault }
    }

    pub fn account(&mut self, name: &str, kind: AccountKind, code: &str, number: Option<&str>) -> Account {
        let account = NewAccount {
            name: name.to_owned(),
            kind,
            currency: Currency::iso(code).unwrap(),
            institution: None,
            number: number.map(str::to_owned),
            opening: None,
        };
        self.vault.add_account(&account).unwrap()
    }

    pub fn file(&mut self, name: &str, text: &str, options: &ImportOptions) -> FileReport {
        let files = [ImportFile { name, bytes: text.as_bytes() }];
        let report = self.vault.import(&files, options, now(), &mut |_| {}).unwrap();
        report.files.into_iter().next().unwrap()
    }

    /// Imports a statement that names its account; gives its number and what it did.
    pub fn import(&mut self, name: &str, text: &str) -> (BatchId, AccountReport) {
        let mut file = self.file(name, text, &ImportOptions::default());
        (file.batch.unwrap(), file.accounts.remove(0))
    }

    /// Imports a statement for an account.
    pub fn import_for(&mut self, account: AccountId, name: &str, text: &str) -> (BatchId, AccountReport) {
        let options = ImportOptions { account: Some(account), ..ImportOptions::default() };
        let mut file = self.file(name, text, &options);
        (file.batch.unwrap(), file.accounts.remove(0))
    }

    pub fn undo(&mut self, batch: BatchId) -> finvault::vault::UndoReport {
        self.vault.undo_import(batch, now()).unwrap()
    }

    /// Every row as `2026-03-05 -3.50 CORNER CAFE`, with its status where it is not posted.
    pub fn rows(&self) -> Vec<String> {
        let all = self.vault.transactions(&TransactionQuery::default()).unwrap();
        let mut lines: Vec<String> = all
            .iter()
            .map(|row| {
                let detail = &row.detail;
                let status = match detail.status {
                    TransactionStatus::Posted => String::new(),
                    other => format!(" {other}"),
                };
                format!("{} {} {}{status}", detail.posted, detail.amount.to_decimal(), detail.payee)
            })
            .collect();
        lines.sort();
        lines
    }

    /// Everything that a person sees of accounts, rows and balances.
    pub fn picture(&self) -> (Vec<String>, Vec<String>) {
        let accounts = self.vault.accounts().unwrap();
        let accounts = accounts.iter().map(|account| format!("{} {:?}", account.name, account.opening));
        (accounts.collect(), self.rows())
    }

    pub fn balance(&self, account: AccountId, on: &str) -> String {
        self.vault.balances(day(on), Some(account)).unwrap()[0].computed.to_decimal()
    }
}

pub fn entered(on: &str, minor: i64, payee: &str) -> NewTransaction {
    NewTransaction {
        posted: day(on),
        amount: eur(minor),
        payee: payee.to_owned(),
        payee_raw: payee.to_owned(),
        memo: None,
        reference: None,
        category: None,
        status: TransactionStatus::Posted,
        bank_id: None,
    }
}

/// An OFX statement of an account in a currency: rows of day, amount, id and payee; a ledger balance.
pub struct Ofx<'a> {
    pub number: &'a str,
    pub currency: &'a str,
    pub period: (&'a str, &'a str),
    pub rows: &'a [(&'a str, &'a str, &'a str, &'a str)],
    pub pending: &'a [(&'a str, &'a str, &'a str, &'a str)],
    pub balance: Option<(&'a str, &'a str)>,
}

impl Default for Ofx<'_> {
    fn default() -> Self {
        Self {
            number: "DE89370400440532013000",
            currency: "EUR",
            period: ("2026-03-01", "2026-03-31"),
            rows: &[],
            pending: &[],
            balance: None,
        }
    }
}

impl Ofx<'_> {
    pub fn text(&self) -> String {
        let plain = |day: &str| day.replace('-', "");
        let mut text = format!(
            "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:UTF-8\nCHARSET:NONE\nCOMPRESSION:NONE\n\
             OLDFILEUID:NONE\nNEWFILEUID:NONE\n\n<OFX>\n<BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS>\n\
             <STMTRS><CURDEF>{}\n<BANKACCTFROM><BANKID>37040044<ACCTID>{}<ACCTTYPE>CHECKING</BANKACCTFROM>\n\
             <BANKTRANLIST><DTSTART>{}<DTEND>{}\n",
            self.currency,
            self.number,
            plain(self.period.0),
            plain(self.period.1)
        );
        for (day, amount, id, payee) in self.rows {
            text.push_str(&format!(
                "<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{}<TRNAMT>{amount}<FITID>{id}<NAME>{payee}</STMTTRN>\n",
                plain(day)
            ));
        }
        text.push_str("</BANKTRANLIST>\n");
        if let Some((day, amount)) = self.balance {
            text.push_str(&format!("<LEDGERBAL><BALAMT>{amount}<DTASOF>{}</LEDGERBAL>\n", plain(day)));
        }
        if !self.pending.is_empty() {
            text.push_str("<BANKTRANLISTP><DTASOF>20260331\n");
            for (day, amount, _, payee) in self.pending {
                text.push_str(&format!(
                    "<STMTTRNP><TRNTYPE>OTHER<DTTRAN>{}<TRNAMT>{amount}<NAME>{payee}</STMTTRNP>\n",
                    plain(day)
                ));
            }
            text.push_str("</BANKTRANLISTP>\n");
        }
        text.push_str("</STMTRS></STMTTRNRS></BANKMSGSRSV1>\n</OFX>\n");
        text
    }
}

/// A CSV export: rows of day, amount and payee.
pub fn csv(rows: &[(&str, &str, &str)]) -> String {
    let mut text = "Date,Description,Amount\n".to_owned();
    rows.iter().for_each(|(day, amount, payee)| text.push_str(&format!("{day},{payee},{amount}\n")));
    text
}
