//! What must hold for every input: no panic on any bytes, nothing read from a file that was cut short, and what
//! was written is read back exactly, or refused as unsure, but never read as something else.

#![allow(clippy::unwrap_used, clippy::panic)]

use finvault::money::{Currency, Money};
use finvault::statement::{CsvProfile, Format, ReadOptions, StatementErrorKind, detect, read};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use std::path::Path;

fn euro() -> Currency {
    Currency::iso("EUR").unwrap()
}

fn every_way(bytes: &[u8]) {
    let _ = detect(bytes);
    for format in Format::ALL.iter().copied().map(Some).chain([None]) {
        for currency in [None, Some(euro())] {
            let _ = read(bytes, &ReadOptions { format, currency, ..ReadOptions::default() });
        }
    }
    let profile = CsvProfile::builtin("wells-fargo").ok();
    let _ = read(bytes, &ReadOptions { profile, ..ReadOptions::default() });
}

fn fixtures() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/statement");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "ofx" || e == "qfx" || e == "csv"))
        .map(|path| std::fs::read(path).unwrap())
        .filter(|bytes| bytes.len() < 20_000)
        .collect()
}

#[derive(Debug, Clone)]
struct Row {
    day: Date,
    minor: i64,
    payee: String,
}

fn rows(max: usize) -> impl Strategy<Value = Vec<Row>> {
    let row = (0i32..1500, -5_000_000_000i64..5_000_000_000, "[ -~à-üА-я€]{1,30}").prop_map(
        |(day, minor, payee)| Row {
            day: date(2021, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap(),
            minor,
            payee: payee.trim().to_owned(),
        },
    );
    proptest::collection::vec(row, 1..max)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn written(minor: i64, mark: char, grouping: Option<char>) -> String {
    let plain = Money::new(minor, euro()).to_decimal();
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
    let (whole, cents) = digits.split_once('.').unwrap();
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if let Some(separator) = grouping.filter(|_| index > 0 && (whole.len() - index) % 3 == 0) {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{mark}{cents}")
}

fn ofx(rows: &[Row], closed: bool, mark: char) -> String {
    let leaf = |name: &str, value: &str| {
        if closed { format!("<{name}>{value}</{name}>\n") } else { format!("<{name}>{value}\n") }
    };
    let mut text = String::from("OFXHEADER:100\nENCODING:UTF-8\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>\n");
    text += &leaf("CURDEF", "EUR");
    text += "<BANKTRANLIST>\n";
    for (index, row) in rows.iter().enumerate() {
        text += "<STMTTRN>\n";
        text += &leaf("DTPOSTED", &row.day.strftime("%Y%m%d").to_string());
        text += &leaf("TRNAMT", &written(row.minor, mark, None));
        text += &leaf("FITID", &format!("f{index}"));
        text += &leaf("NAME", &escaped(&row.payee));
        text += "</STMTTRN>\n";
    }
    text + "</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn check(found: &finvault::statement::Statement, expected: &[Row]) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.currency, euro());
    prop_assert_eq!(found.rows.len(), expected.len());
    for (row, expected) in found.rows.iter().zip(expected) {
        prop_assert_eq!(row.transaction.posted, expected.day);
        prop_assert_eq!(row.transaction.amount, Money::new(expected.minor, euro()));
        prop_assert_eq!(row.transaction.payee_raw.as_str(), expected.payee.as_str());
    }
    Ok(())
}

#[derive(Debug, Clone, Copy)]
enum Signs {
    Signed,
    Split,
    Words,
    None,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        every_way(&bytes);
    }

    #[test]
    fn no_text_of_tags_and_cells_makes_it_panic(
        text in "(<(/)?(OFX|STMTRS|STMTTRN|TRNAMT|DTPOSTED|CURDEF|X\\.Y|LEDGERBAL|BALAMT|STATUS|INVTRANLIST|REINVEST)>|[0-9]{1,9}|EUR|[,;.\"\n&<>]|Date|Amount|2024-01-0[1-9]| |-){0,120}"
    ) {
        every_way(text.as_bytes());
    }

    #[test]
    fn no_damage_to_a_statement_makes_it_panic(
        which in any::<prop::sample::Index>(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..8),
    ) {
        let all = fixtures();
        let mut bytes = which.get(&all).clone();
        for (at, value, what) in cuts {
            if bytes.is_empty() { break; }
            let at = at.index(bytes.len());
            match what {
                0 => bytes[at] = value,
                1 => bytes.truncate(at),
                2 => { bytes.remove(at); }
                _ => bytes.insert(at, value),
            }
        }
        every_way(&bytes);
    }

    #[test]
    fn ofx_is_read_back_exactly(rows in rows(12), closed: bool, comma: bool) {
        let mark = if comma { ',' } else { '.' };
        let file = read(ofx(&rows, closed, mark).as_bytes(), &ReadOptions::default()).unwrap();
        prop_assert_eq!(file.statements.len(), 1);
        check(&file.statements[0], &rows)?;
    }

    #[test]
    fn ofx_that_was_cut_short_is_never_read(rows in rows(6), closed: bool, at in any::<prop::sample::Index>()) {
        let whole = ofx(&rows, closed, '.');
        let mut cut = at.index(whole.len());
        while !whole.is_char_boundary(cut) { cut -= 1; }
        prop_assert!(read(&whole.as_bytes()[..cut], &ReadOptions::default()).is_err());
    }

    #[test]
    fn delimited_text_is_read_back_exactly_or_refused(
        rows in rows(12),
        delimiter in prop::sample::select(vec![',', ';', '\t', '|']),
        comma: bool,
        groups: bool,
        order in 0usize..8,
        signs in prop::sample::select(vec![Signs::Signed, Signs::Split, Signs::Words, Signs::None]),
        crlf: bool,
        balance: bool,
    ) {
        let (mark, separator) = if comma { (',', '.') } else { ('.', ',') };
        let amount = |minor: i64| written(minor, mark, groups.then_some(separator));
        let format = ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%d/%m/%y", "%y-%m-%d", "%d-%m-%y", "%m-%d-%y"][order];
        let mut lines = vec![match signs {
            Signs::Signed | Signs::None => vec!["Date", "Payee", "Amount", "Currency"],
            Signs::Split => vec!["Date", "Payee", "Debit", "Credit", "Currency"],
            Signs::Words => vec!["Date", "Payee", "Amount", "Debit/Credit", "Currency"],
        }.into_iter().map(str::to_owned).collect::<Vec<_>>()];
        if balance { lines[0].push("Balance".to_owned()); }
        let mut running = 0i64;
        for row in &rows {
            running += row.minor;
            let size = amount(row.minor.abs());
            let mut cells = vec![row.day.strftime(format).to_string(), row.payee.clone()];
            match signs {
                Signs::Signed => cells.push(amount(row.minor)),
                Signs::None => cells.push(size),
                Signs::Split if row.minor < 0 => cells.extend([size, String::new()]),
                Signs::Split => cells.extend([String::new(), size]),
                Signs::Words => cells.extend([size, if row.minor < 0 { "debit" } else { "credit" }.to_owned()]),
            }
            cells.push("EUR".to_owned());
            if balance { cells.push(amount(running)); }
            lines.push(cells);
        }
        let end = if crlf { "\r\n" } else { "\n" };
        let text: String = lines.iter().map(|cells| {
            let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
            cells.join(&delimiter.to_string()) + end
        }).collect();
        match read(text.as_bytes(), &ReadOptions::default()) {
            Ok(file) => {
                prop_assert_eq!(file.statements.len(), 1);
                check(&file.statements[0], &rows)?;
            }
            Err(error) => {
                prop_assert_eq!(error.kind, StatementErrorKind::Unsure, "{:?}\n{}", error, text);
                let below = rows.iter().filter(|row| row.minor < 0).count();
                let above = rows.iter().filter(|row| row.minor > 0).count();
                let says_signs = match signs {
                    Signs::Split | Signs::Words => true,
                    Signs::Signed => below > 0 && (balance || above <= 3 * below),
                    Signs::None => false,
                };
                let says_days = order == 0 || order == 3;
                prop_assert!(!(says_signs && says_days), "refused although nothing is unsure: {:?}\n{}", error, text);
            }
        }
    }
}
