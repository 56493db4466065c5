//! Statements of 100,000 transactions, OFX and CSV, are imported from their files and again, each in one transaction, within
//! a fixed amount of memory: the files are read a piece at a time.
//!
//! This test has a binary of its own: peak memory is the whole process's, so nothing else may run in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::statement::Content;
use finvault::vault::{ImportOptions, ImportSource, Vault};
use finvault::{AccountKind, Currency, NewAccount};
use std::fmt::Write as _;

const ROWS: u64 = 100_000;
const ALLOWED_MIB: u64 = 44;

fn ofx() -> String {
    let mut text = String::from(
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:UTF-8\nCHARSET:NONE\nCOMPRESSION:NONE\n\
         OLDFILEUID:NONE\nNEWFILEUID:NONE\n\n<OFX>\n<BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR\n\
         <BANKACCTFROM><BANKID>EXAMPLE1<ACCTID>DE00123456789<ACCTTYPE>CHECKING</BANKACCTFROM>\n<BANKTRANLIST>\n",
    );
    let first = jiff::civil::date(2016, 1, 1);
    let mut total: i64 = 0;
    for row in 0..ROWS {
        let day = first + jiff::Span::new().days((row / 30) as i64);
        let minor = (row as i64 * 7_919) % 100_000 - 50_000;
        total += minor;
        let sign = if minor < 0 { "-" } else { "" };
        let (whole, cents) = (minor.abs() / 100, minor.abs() % 100);
        let _ = writeln!(
            text,
            "<STMTTRN>\n<TRNTYPE>POS\n<DTPOSTED>{}\n<TRNAMT>{sign}{whole}.{cents:02}\n<FITID>{row:08}\n\
             <NAME>Shop number {} in the long street\n<MEMO>Card payment, terminal {}\n</STMTTRN>",
            day.strftime("%Y%m%d"),
            row % 977,
            row % 4_001,
        );
    }
    let (sign, minor) = if total < 0 { ("-", -total) } else { ("", total) };
    let _ = write!(
        text,
        "</BANKTRANLIST>\n<LEDGERBAL><BALAMT>{sign}{}.{:02}<DTASOF>20251231</LEDGERBAL>\n</STMTRS></STMTTRNRS></BANKMSGSRSV1>\n</OFX>\n",
        minor / 100,
        minor % 100
    );
    text
}

fn csv() -> String {
    let mut text = String::from("Booking Date,Payee,Memo,Amount,Currency\n");
    let first = jiff::civil::date(2016, 1, 1);
    for row in 0..ROWS {
        let day = first + jiff::Span::new().days((row / 30) as i64);
        let minor = (row as i64 * 7_919) % 100_000 - 50_000;
        let sign = if minor < 0 { "-" } else { "" };
        let (whole, cents) = (minor.abs() / 100, minor.abs() % 100);
        let _ = writeln!(
            text,
            "{day},Shop number {} in the long street,\"Card payment, no. {row}\",{sign}{whole}.{cents:02},EUR",
            row % 977,
        );
    }
    text
}

/// Peak and current resident memory of this process, in bytes.
fn resident_bytes() -> Option<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
    };
    Some((field("VmHWM:")?, field("VmRSS:")?))
}

#[test]
fn a_hundred_thousand_transactions_are_imported_within_fixed_memory() {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    let now = "2026-01-02T00:00:00Z".parse().unwrap();
    let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
    let (mut vault, _) = Vault::create(&folder.path().join("big.finvault"), &passphrase, kdf, now).unwrap();
    let account = vault
        .add_account(&NewAccount {
            name: "table".to_owned(),
            kind: AccountKind::Checking,
            currency: Currency::iso("EUR").unwrap(),
            institution: None,
            number: None,
            opening: None,
        })
        .unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("big.ofx"), ofx()).unwrap();
    std::fs::write(path("big.csv"), csv()).unwrap();
    let before = resident_bytes();
    for (name, account) in [("big.ofx", None), ("big.csv", Some(account.id))] {
        let file = std::fs::File::open(path(name)).unwrap();
        let files = [ImportSource { name, content: Content::File(&file) }];
        let options = ImportOptions { account, ..ImportOptions::default() };
        let mut stages = Vec::new();
        let report = vault
            .import_from(&files, &options, now, &mut |progress| {
                assert!(progress.done <= progress.total);
                if stages.last() != Some(&progress.stage) {
                    stages.push(progress.stage);
                }
            })
            .unwrap();
        let did = &report.files[0].accounts[0];
        assert_eq!(did.added, ROWS);
        assert!(did.stated.iter().all(|stated| stated.computed == Some(stated.amount)));
        assert_eq!(stages, ["reading", "writing"]);
        let again = vault.import_from(&files, &options, now, &mut |_| {}).unwrap();
        assert_eq!((again.files[0].accounts[0].added, again.files[0].accounts[0].duplicate), (0, ROWS));
        let (Some((_, before)), Some((peak, _))) = (before, resident_bytes()) else {
            println!("skipped: this system does not tell a process's peak memory");
            return;
        };
        let grown = peak.saturating_sub(before) / (1024 * 1024);
        println!(
            "{name}: {} KiB, {grown} MiB more memory at the peak",
            file.metadata().unwrap().len() / 1024
        );
        assert!(grown <= ALLOWED_MIB, "{grown} MiB more than before the import of {name}");
    }
}
