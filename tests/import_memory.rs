//! A statement of 100,000 transactions is imported in one transaction, within the file's size plus 100 MiB.
//!
//! This test has a binary of its own: peak memory is the whole process's, so nothing else may run in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::vault::{ImportFile, ImportOptions, Vault};
use std::fmt::Write as _;

const ROWS: u64 = 100_000;
const ALLOWED_BYTES: u64 = 100 * 1024 * 1024;

fn statement() -> String {
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
fn a_hundred_thousand_transactions_fit_into_the_file_and_100_mib() {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    let now = "2026-01-02T00:00:00Z".parse().unwrap();
    let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
    let (mut vault, _) = Vault::create(&folder.path().join("big.finvault"), &passphrase, kdf, now).unwrap();
    let text = statement();
    let before = resident_bytes();
    let started = std::time::Instant::now();
    let files = [ImportFile { name: "big.ofx", bytes: text.as_bytes() }];
    let mut stages = Vec::new();
    let report = vault
        .import(&files, &ImportOptions::default(), now, &mut |progress| {
            assert!(progress.done <= progress.total);
            if stages.last() != Some(&progress.stage) {
                stages.push(progress.stage);
            }
        })
        .unwrap();
    let elapsed = started.elapsed();
    let account = &report.files[0].accounts[0];
    assert_eq!(account.added, ROWS);
    assert_eq!(account.stated[0].computed, Some(account.stated[0].amount));
    assert_eq!(stages, ["reading", "writing"]);
    let again = vault.import(&files, &ImportOptions::default(), now, &mut |_| {}).unwrap();
    assert_eq!((again.files[0].accounts[0].added, again.files[0].accounts[0].duplicate), (0, ROWS));

    let (Some((_, before)), Some((peak, _))) = (before, resident_bytes()) else {
        println!("skipped: this system does not tell a process's peak memory");
        return;
    };
    let grown = peak.saturating_sub(before);
    println!(
        "{} MiB file, {} MiB more memory at the peak, {elapsed:?}",
        text.len() / (1024 * 1024),
        grown / (1024 * 1024)
    );
    // The file's own bytes are counted in `before` already.
    assert!(grown <= ALLOWED_BYTES, "{} MiB more than before the import", grown / (1024 * 1024));
}
