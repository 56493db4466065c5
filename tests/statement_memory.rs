//! The readers of camt, MT940 and QIF hold a small multiple of the file, however it is made up; and refuse one endless line
//! without holding it again.
//!
//! Peak memory is the whole process's, so this test has a binary of its own, and the peak is reset before each file.

#![allow(clippy::unwrap_used, clippy::panic)]

use finvault::money::Currency;
use finvault::statement::{ReadOptions, read};
use std::fmt::Write as _;

/// What a reader may hold beside the file, as a multiple of the file.
const MOST_TIMES_THE_FILE: usize = 5;
const MIB: usize = 1024 * 1024;

/// Resident memory in bytes: the peak since the last reset, and now.
fn resident() -> Option<(usize, usize)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<usize>().ok().map(|kib| kib * 1024)
    };
    Some((field("VmHWM:")?, field("VmRSS:")?))
}

/// How many bytes more than before are resident at the peak; none where the system does not tell.
fn grown(work: impl FnOnce()) -> Option<usize> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    let (_, before) = resident()?;
    work();
    Some(resident()?.0.saturating_sub(before))
}

fn camt(rows: usize) -> String {
    let mut text = String::from(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><Stmt><Acct><Ccy>EUR</Ccy></Acct>\n",
    );
    for index in 0..rows {
        writeln!(
            text,
            "<Ntry><Amt Ccy=\"EUR\">{}.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2024-01-{:02}</Dt></BookgDt><AcctSvcrRef>R{index}</AcctSvcrRef><NtryDtls><TxDtls><RltdPties><Cdtr><Pty><Nm>Corner Cafe No {}</Nm></Pty></Cdtr></RltdPties><RmtInf><Ustrd>Card payment at terminal {index}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>",
            index % 977,
            index % 28 + 1,
            index % 431
        )
        .unwrap();
    }
    text + "</Stmt></BkToCstmrStmt></Document>"
}

/// One entry with many payments.
fn camt_batch(payments: usize) -> String {
    let one =
        "<TxDtls><Amt Ccy=\"EUR\">1.00</Amt><RltdPties><Dbtr><Nm>Ann</Nm></Dbtr></RltdPties></TxDtls>\n";
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt><Stmt><Acct><Ccy>EUR</Ccy></Acct><Ntry><Amt Ccy=\"EUR\">{payments}.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2024-01-01</Dt></BookgDt><NtryDtls>{}</NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>",
        one.repeat(payments)
    )
}

fn mt940(rows: usize) -> String {
    let mut text = String::from(":20:A\n:25:EXAM/1\n:60F:C240101EUR0,00\n");
    for index in 0..rows {
        let (day, shop) = (index % 28 + 1, index % 431);
        writeln!(text, ":61:2401{day:02}01{day:02}D1,00NMSCNONREF//{index:012}\n:86:106?00CARD PAYMENT?20SVWZ+Terminal {index:08}?32Corner Cafe No {shop}")
            .unwrap();
    }
    text + &format!(":62F:D240131EUR{rows},00\n-\n")
}

fn qif(rows: usize) -> String {
    let mut text = String::from("!Type:Bank\n");
    for index in 0..rows {
        let (day, shop) = (index % 28 + 1, index % 431);
        writeln!(text, "D2024-01-{day:02}\nT-{}.00\nPCorner Cafe No {shop}\nMCard payment at terminal {index:08}\nLFood\n^", index % 977 + 1)
            .unwrap();
    }
    text
}

#[test]
fn memory_is_a_small_multiple_of_the_file() {
    let options = ReadOptions { currency: Currency::iso("EUR").ok(), ..ReadOptions::default() };
    for (name, text) in [
        ("camt", camt(20_000)),
        ("camt batch", camt_batch(60_000)),
        ("mt940", mt940(40_000)),
        ("qif", qif(60_000)),
    ] {
        let grown =
            grown(|| assert!(!read(text.as_bytes(), &options).unwrap().statements[0].rows.is_empty()));
        let Some(grown) = grown else {
            println!("skipped: this system does not tell or reset a process's peak memory");
            return;
        };
        println!("{name}: a file of {} MiB, {} MiB more at the peak", text.len() / MIB, grown / MIB);
        assert!(
            grown <= text.len() * MOST_TIMES_THE_FILE + 2 * MIB,
            "{name}: {grown} bytes for {}",
            text.len()
        );
    }
    for start in
        [":20:A\n:60F:C240101EUR0,\n:61:240101C1,N\n:86:", "!Type:Bank\nP", "<Document xmlns='camt.053.'><A>"]
    {
        let text = format!("{start}{}\n", "x".repeat(20 * MIB));
        let grown = grown(|| assert!(read(text.as_bytes(), &options).is_err())).unwrap_or_default();
        println!("one line of 20 MiB: {} MiB more at the peak", grown / MIB);
        assert!(grown <= 4 * MIB, "{grown} bytes for one line of {}", text.len());
    }
}
