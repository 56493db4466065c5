//! Large files: time and memory stay linear, and progress is told.
//!
//! The tests share one process, so they run one after the other in one function; the peak of memory is the process's.

#![allow(clippy::unwrap_used, clippy::panic)]

use finvault::statement::{ReadOptions, read_with_progress};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

const ROWS: usize = 100_000;
const MIB: usize = 1024 * 1024;

fn ofx(rows: usize) -> Vec<u8> {
    let mut text = String::from(
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nCHARSET:1252\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><BANKID>1<ACCTID>2<ACCTTYPE>CHECKING</BANKACCTFROM>\n<BANKTRANLIST><DTSTART>20200101<DTEND>20241231\n",
    );
    for index in 0..rows {
        write!(
            text,
            "<STMTTRN>\n  <TRNTYPE>DEBIT</TRNTYPE>\n  <DTPOSTED>2024{:02}{:02}120000.000[-5:EST]</DTPOSTED>\n  <TRNAMT>-{}.{:02}</TRNAMT>\n  <FITID>2024-000-{index:09}</FITID>\n  <NAME>Corner Cafe &amp; Bakery No {}</NAME>\n  <MEMO>Card purchase 4111XXXXXXXX1111 at terminal {index:08}, authorised on the day before, thank you for your visit</MEMO>\n</STMTTRN>\n",
            index % 12 + 1,
            index % 28 + 1,
            index % 977,
            index % 100,
            index % 431,
        )
        .unwrap();
    }
    text.push_str("</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n");
    text.into_bytes()
}

fn csv(rows: usize) -> Vec<u8> {
    let mut text = String::from("Date;Payee;Memo;Amount;Currency\n");
    for index in 0..rows {
        writeln!(
            text,
            "{:02}.{:02}.2024;Corner Cafe No {};Card purchase at terminal {index:08};-{},{:02};EUR",
            index % 28 + 1,
            index % 12 + 1,
            index % 431,
            index % 977,
            index % 100
        )
        .unwrap();
    }
    text.into_bytes()
}

/// The peak of resident memory of this process in bytes, where the system tells.
fn peak_bytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<usize>().ok().map(|kib| kib * 1024)
}

fn timed(name: &str, bytes: &[u8], rows: usize) -> Duration {
    let mut calls = Vec::new();
    let started = Instant::now();
    let file =
        read_with_progress(bytes, &ReadOptions::default(), &mut |done, total| calls.push((done, total)))
            .unwrap();
    let took = started.elapsed();
    assert_eq!(file.statements[0].rows.len(), rows);
    assert!((10..=1000).contains(&calls.len()), "{} calls of progress", calls.len());
    assert!(calls.windows(2).all(|pair| pair[0].0 <= pair[1].0), "progress never goes back");
    assert!(calls.iter().all(|(done, total)| done <= total && *total == bytes.len() as u64));
    println!("{name}: {rows} rows, {:.1} MB, {took:?}", bytes.len() as f64 / 1e6);
    took
}

#[test]
fn a_hundred_thousand_rows_take_linear_time_and_little_memory() {
    let bytes = ofx(ROWS);
    let before = peak_bytes();
    let large = timed("ofx", &bytes, ROWS);
    if let (Some(before), Some(after)) = (before, peak_bytes()) {
        println!("ofx: {} MiB beside the file", (after - before) / MIB);
        assert!(after - before <= 100 * MIB);
    }
    drop(bytes);
    let small = timed("ofx", &ofx(ROWS / 10), ROWS / 10);
    assert!(large < small * 40 + Duration::from_millis(500), "{small:?} for a tenth, {large:?} for all");
    let large = timed("csv", &csv(ROWS), ROWS);
    let small = timed("csv", &csv(ROWS / 10), ROWS / 10);
    assert!(large < small * 40 + Duration::from_millis(500), "{small:?} for a tenth, {large:?} for all");
}
