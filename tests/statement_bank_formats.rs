//! camt, MT940 and QIF: what was written is read back exactly; no bytes make a reader panic; a file that was cut anywhere is
//! refused, or read up to a whole message or record where nothing in the format ends the file.

#![allow(clippy::unwrap_used, clippy::panic)]

use finvault::ledger::BalanceKind;
use finvault::money::{Currency, Money};
use finvault::statement::{Format, ReadOptions, Statement, StatementFile, read};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use std::fmt::Write as _;

fn euro() -> Currency {
    Currency::iso("EUR").unwrap()
}

fn options() -> ReadOptions {
    ReadOptions { currency: Some(euro()), ..ReadOptions::default() }
}

#[derive(Debug, Clone)]
struct Row {
    day: Date,
    minor: i64,
    payee: String,
}

fn rows(max: usize) -> impl Strategy<Value = Vec<Row>> {
    let row =
        (0i32..1500, -5_000_000_000i64..5_000_000_000, "[A-Za-zà-ü][A-Za-z0-9 à-ü.,&<>'-]{0,28}[A-Za-z]")
            .prop_map(|(day, minor, payee)| Row {
                day: date(2021, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap(),
                minor,
                payee,
            });
    proptest::collection::vec(row, 1..max)
}

fn plain(minor: i64) -> String {
    Money::new(minor.abs(), euro()).to_decimal()
}

fn sum(rows: &[Row]) -> i64 {
    rows.iter().map(|row| row.minor).sum()
}

fn camt(rows: &[Row], version: u8) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut text = format!(
        "<?xml version=\"1.0\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version:02}\"><BkToCstmrStmt><Stmt>\n<Acct><Id><IBAN>XX00EXAM01</IBAN></Id><Ccy>EUR</Ccy></Acct>\n"
    );
    let direction = |minor: i64| if minor < 0 { "DBIT" } else { "CRDT" };
    let total = sum(rows);
    writeln!(
        text,
        "<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{}</Amt><CdtDbtInd>{}</CdtDbtInd><Dt><Dt>2026-01-01</Dt></Dt></Bal>",
        plain(total),
        direction(total)
    )
    .unwrap();
    for (index, row) in rows.iter().enumerate() {
        let side = if row.minor < 0 { "Cdtr" } else { "Dbtr" };
        let (status, party) = if version >= 8 {
            ("<Cd>BOOK</Cd>", format!("<{side}><Pty><Nm>{}</Nm></Pty></{side}>", escaped(&row.payee)))
        } else {
            ("BOOK", format!("<{side}><Nm>{}</Nm></{side}>", escaped(&row.payee)))
        };
        writeln!(
            text,
            "<Ntry><Amt Ccy=\"EUR\">{}</Amt><CdtDbtInd>{}</CdtDbtInd><Sts>{status}</Sts><BookgDt><Dt>{}</Dt></BookgDt><AcctSvcrRef>R{index}</AcctSvcrRef><NtryDtls><TxDtls><RltdPties>{party}</RltdPties></TxDtls></NtryDtls></Ntry>",
            plain(row.minor),
            direction(row.minor),
            row.day
        )
        .unwrap();
    }
    text + "</Stmt></BkToCstmrStmt></Document>\n"
}

fn mt940(rows: &[Row], envelope: bool) -> String {
    let mark = |minor: i64| if minor < 0 { "D" } else { "C" };
    let comma = |minor: i64| plain(minor).replace('.', ",");
    let mut text = String::from(if envelope { "{1:F01EXAM}{2:I940EXAM}{4:\r\n" } else { "" });
    text += ":20:A\r\n:25:EXAM/1\r\n:28C:1/1\r\n:60F:C210101EUR0,00\r\n";
    for row in rows {
        let day = row.day.strftime("%y%m%d");
        write!(
            text,
            ":61:{day}{}{}{}NTRFNONREF\r\n:86:166?00TRANSFER?32{}\r\n",
            row.day.strftime("%m%d"),
            mark(row.minor),
            comma(row.minor),
            row.payee
        )
        .unwrap();
    }
    let total = sum(rows);
    write!(text, ":62F:{}260101EUR{}\r\n", mark(total), comma(total)).unwrap();
    text + if envelope { "-}\r\n" } else { "-\r\n" }
}

fn qif(rows: &[Row], format: &str, comma: bool) -> String {
    let mut text = String::from("!Type:Bank\n");
    for row in rows {
        let sign = if row.minor < 0 { "-" } else { "" };
        let amount = plain(row.minor);
        let amount = if comma { amount.replace('.', ",") } else { amount };
        write!(text, "D{}\nT{sign}{amount}\nP{}\n^\n", row.day.strftime(format), row.payee).unwrap();
    }
    text
}

fn check(found: &Statement, expected: &[Row]) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.currency, euro());
    prop_assert_eq!(found.rows.len(), expected.len());
    for (row, expected) in found.rows.iter().zip(expected) {
        prop_assert_eq!(row.transaction.posted, expected.day);
        prop_assert_eq!(row.transaction.amount, Money::new(expected.minor, euro()));
        prop_assert_eq!(row.transaction.payee_raw.as_str(), expected.payee.as_str());
    }
    Ok(())
}

/// Whether one file is the beginning of the other: whole statements, the last perhaps with fewer rows.
fn is_beginning(part: &StatementFile, whole: &StatementFile) -> bool {
    part.statements
        .iter()
        .zip(&whole.statements)
        .all(|(part, whole)| whole.rows.starts_with(&part.rows) && whole.balances.starts_with(&part.balances))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn camt_is_read_back_exactly_and_never_in_part(rows in rows(6), version in prop::sample::select(vec![2u8, 4, 8, 13])) {
        let text = camt(&rows, version);
        let whole = read(text.as_bytes(), &ReadOptions::default()).unwrap();
        prop_assert_eq!(whole.format, Format::Camt);
        check(&whole.statements[0], &rows)?;
        prop_assert_eq!(whole.statements[0].balances[0].amount, Money::new(sum(&rows), euro()));
        for cut in (0..text.trim_end().len()).filter(|cut| text.is_char_boundary(*cut)) {
            prop_assert!(read(&text.as_bytes()[..cut], &options()).is_err(), "cut at {}", cut);
        }
    }

    #[test]
    fn mt940_is_read_back_exactly_and_never_in_part(rows in rows(6), envelope: bool) {
        let text = mt940(&rows, envelope);
        let whole = read(text.as_bytes(), &ReadOptions::default()).unwrap();
        prop_assert_eq!(whole.format, Format::Mt940);
        prop_assert_eq!(&whole.warnings, &[]);
        check(&whole.statements[0], &rows)?;
        let closing = whole.statements[0].balances.iter().find(|balance| balance.kind == BalanceKind::Closing).unwrap();
        prop_assert_eq!(closing.amount, Money::new(sum(&rows), euro()));
        for cut in (0..text.trim_end().len()).filter(|cut| text.is_char_boundary(*cut)) {
            match read(&text.as_bytes()[..cut], &options()) {
                Ok(part) => prop_assert!(!envelope && part == whole, "cut at {}", cut),
                Err(error) => prop_assert!(!error.remedy.is_empty()),
            }
        }
    }

    #[test]
    fn qif_is_read_back_exactly_or_asked_about(
        rows in rows(6),
        format in prop::sample::select(vec!["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%y", "%d.%m.%y", "%m/%d'%y"]),
        comma: bool,
    ) {
        let text = qif(&rows, format, comma);
        let whole = match read(text.as_bytes(), &options()) {
            Ok(whole) => whole,
            Err(error) => {
                prop_assert_eq!(error.kind, finvault::statement::StatementErrorKind::Unsure, "{:?}", error);
                prop_assert!(format.contains('/'), "nothing is open in {}", text);
                return Ok(());
            }
        };
        prop_assert_eq!(whole.format, Format::Qif);
        check(&whole.statements[0], &rows)?;
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            if let Ok(part) = read(&text.as_bytes()[..cut], &options()) {
                prop_assert!(is_beginning(&part, &whole), "cut at {}", cut);
                prop_assert!(text[..cut].trim_end().ends_with('^') || part.statements[0].rows.is_empty(), "cut at {}", cut);
            }
        }
    }

    #[test]
    fn damage_never_panics_and_never_passes_for_another_currency(
        rows in rows(4),
        which in 0usize..3,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..12),
    ) {
        let text = match which { 0 => camt(&rows, 8), 1 => mt940(&rows, true), _ => qif(&rows, "%Y-%m-%d", false) };
        let mut bytes = text.into_bytes();
        for (at, value, what) in edits {
            if bytes.is_empty() { break; }
            let at = at.index(bytes.len());
            match what {
                0 => bytes[at] = value,
                1 => { bytes.remove(at); }
                _ => bytes.insert(at, value),
            }
        }
        for format in [None, Some(Format::Camt), Some(Format::Mt940), Some(Format::Qif)] {
            match read(&bytes, &ReadOptions { format, ..options() }) {
                Ok(file) => for statement in &file.statements {
                    for row in &statement.rows {
                        prop_assert_eq!(row.transaction.amount.currency(), statement.currency);
                    }
                    for balance in &statement.balances {
                        prop_assert_eq!(balance.amount.currency(), statement.currency);
                    }
                },
                Err(error) => prop_assert!(!error.message.is_empty() && !error.remedy.is_empty()),
            }
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in "(:(20|25|60F|61|86|62F):|!Type:|\\^|<Ntry>|[ -~\n]){0,60}", prefix in 0usize..4) {
        let prefix = ["", ":20:", "!Type:Bank\n", "<Document><BkToCstmrStmt><Stmt>"][prefix];
        let text = format!("{prefix}{text}");
        for format in [None, Some(Format::Camt), Some(Format::Mt940), Some(Format::Qif)] {
            let _ = read(text.as_bytes(), &ReadOptions { format, ..options() });
        }
    }
}
