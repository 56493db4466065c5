//! Profiles: which file is read with which, what they may leave out, and what an answer changes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::money::DecimalMark;
use finvault::statement::{
    CsvAnswers, CsvProfile, DateOrder, ProfileError, Question, ReadOptions, Reading, Signs, StatementError,
    read_explained,
};
use proptest::prelude::*;

const OPEN: &str = "Day,Shop,Amount,Currency\n02/03/2026,Corner Cafe,4.500,EUR\n";

fn read(text: &str, options: &ReadOptions) -> Result<Reading, StatementError> {
    read_explained(text.as_bytes(), options, &mut |_, _| {})
}

fn first_row(reading: &Reading) -> (String, String) {
    let row = &reading.book.file.statements[0].rows[0].transaction;
    (row.posted.to_string(), row.amount.to_decimal())
}

fn all_answers() -> CsvAnswers {
    CsvAnswers {
        date_order: Some(DateOrder::MonthDayYear),
        decimal_mark: Some(DecimalMark::Point),
        signs: Some(Signs::Inverted),
    }
}

#[test]
fn every_question_is_asked_in_turn_and_its_answer_helps() {
    let mut options = ReadOptions::default();
    let mut asked = Vec::new();
    let reading = loop {
        match read(OPEN, &options) {
            Ok(reading) => break reading,
            Err(error) => {
                let question = error.question.expect("a question");
                assert!(!asked.contains(&question), "{question:?} is asked once");
                asked.push(question);
                match question {
                    Question::DateOrder => options.answers.date_order = all_answers().date_order,
                    Question::DecimalMark => options.answers.decimal_mark = all_answers().decimal_mark,
                    _ => options.answers.signs = all_answers().signs,
                }
            }
        }
    };
    assert_eq!(asked.len(), 3);
    assert_eq!(first_row(&reading), ("2026-02-03".to_owned(), "-4.50".to_owned()));
}

#[test]
fn what_is_remembered_reads_the_same_file_again() {
    let columns = ["Day", "Shop", "Amount", "Currency"].map(str::to_owned);
    let kept = CsvProfile::remembering("shop", &columns, &all_answers()).unwrap();
    assert_eq!(CsvProfile::parse(kept.json()).unwrap(), kept, "its text says all of it");
    let options = ReadOptions { known_profiles: vec![kept], ..ReadOptions::default() };
    let reading = read(OPEN, &options).unwrap();
    assert_eq!(reading.layout.as_ref().unwrap().profile.as_deref(), Some("shop"));
    assert_eq!(first_row(&reading), ("2026-02-03".to_owned(), "-4.50".to_owned()));
    let other = OPEN.replace("Shop", "Store");
    assert!(read(&other, &options).is_err(), "other columns are another file");
    let nothing = CsvProfile::remembering("shop", &columns, &CsvAnswers::default());
    assert_eq!(nothing, Err(ProfileError::Incomplete));
}

#[test]
fn an_answer_comes_before_what_a_profile_says() {
    let columns = ["Day", "Shop", "Amount", "Currency"].map(str::to_owned);
    let kept = CsvProfile::remembering("shop", &columns, &all_answers()).unwrap();
    let answers = CsvAnswers { date_order: Some(DateOrder::DayMonthYear), ..CsvAnswers::default() };
    let options = ReadOptions { known_profiles: vec![kept], answers, ..ReadOptions::default() };
    assert_eq!(first_row(&read(OPEN, &options).unwrap()).0, "2026-03-02");
}

#[test]
fn the_owners_profiles_come_before_those_of_the_crate() {
    let text = "Date,Counter Party,Reference,Type,Amount (GBP),Balance (GBP)\n01/02/2026,Corner Cafe,CAFE 7,CONTACTLESS,12.00,12.00\n";
    let reading = read(text, &ReadOptions::default()).unwrap();
    assert_eq!(reading.layout.unwrap().profile.as_deref(), Some("starling"));
    let own = r#"{"name": "own", "recognised_by": [["Date", "Counter Party"]], "date": {"order": "mdy"}, "invert": true}"#;
    let options =
        ReadOptions { known_profiles: vec![CsvProfile::parse(own).unwrap()], ..ReadOptions::default() };
    let reading = read(text, &options).unwrap();
    assert_eq!(reading.layout.as_ref().unwrap().profile.as_deref(), Some("own"));
    assert_eq!(first_row(&reading), ("2026-01-02".to_owned(), "-12.00".to_owned()));
}

#[test]
fn answers_without_columns_are_a_profile_and_half_a_layout_is_none() {
    for good in [
        r#"{"name": "x", "invert": false}"#,
        r#"{"name": "x", "decimal_mark": ","}"#,
        r#"{"name": "x", "date": {"order": "dmy"}, "recognised_by": [["A", "B", "C"]]}"#,
        r#"{"name": "x", "encoding": "windows-1252", "date": {"order": "dmy"}}"#,
    ] {
        assert!(CsvProfile::parse(good).is_ok(), "{good}");
    }
    for bad in [
        r#"{"name": "x"}"#,
        r#"{"name": "x", "encoding": "utf-8"}"#,
        r#"{"name": "x", "invert": true, "delimiter": ";"}"#,
        r#"{"name": "x", "invert": true, "header_rows": 2}"#,
        r#"{"name": "x", "invert": true, "currency": "EUR"}"#,
        r#"{"name": "x", "invert": true, "account": {"named": "A"}}"#,
        r#"{"name": "x", "amount": "Amount"}"#,
        r#"{"name": "x", "date": {"order": "dmy"}, "amount": "Amount"}"#,
    ] {
        assert_eq!(CsvProfile::parse(bad), Err(ProfileError::Incomplete), "{bad}");
    }
}

#[test]
fn every_profile_of_the_crate_that_is_recognised_names_only_columns_that_it_asks_for() {
    for name in CsvProfile::builtin_names() {
        let profile = CsvProfile::builtin(name).unwrap();
        let json: serde_json::Value = serde_json::from_str(profile.json()).unwrap();
        let Some(lists) = json.get("recognised_by").and_then(|lists| lists.as_array()) else {
            assert!(!profile.is_recognised());
            continue;
        };
        for list in lists {
            // A file with these columns and one row of blanks fits the profile: no column is missing.
            let names: Vec<&str> =
                list.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
            let header = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(",");
            let options = ReadOptions {
                currency: finvault::money::Currency::iso("EUR").ok(),
                ..ReadOptions::default()
            };
            let reading = read(&format!("{header}\n"), &options);
            let found = reading.as_ref().ok().and_then(|reading| reading.layout.as_ref()?.profile.clone());
            assert_eq!(found.as_deref(), Some(name), "{reading:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is skipped is told, and what is read does not depend on it.
    #[test]
    fn good_rows_and_skipped_rows_are_all_rows(bad in proptest::collection::vec(any::<bool>(), 2..20)) {
        let mut text = "Date,Payee,Amount,Currency\n2026-01-01,First,-1.00,EUR\n".to_owned();
        for (index, bad) in bad.iter().enumerate() {
            let amount = if *bad { "1.O0" } else { "-2.00" };
            text.push_str(&format!("2026-01-02,Shop {index},{amount},EUR\n"));
        }
        let options = ReadOptions { skip_bad_rows: true, ..ReadOptions::default() };
        let reading = read(&text, &options).unwrap();
        let skipped: Vec<u32> = reading.skipped.iter().map(|row| row.line).collect();
        let expected: Vec<u32> = bad.iter().zip(3..).filter(|(bad, _)| **bad).map(|(_, line)| line).collect();
        prop_assert_eq!(&skipped, &expected);
        prop_assert_eq!(reading.book.file.statements[0].rows.len(), 1 + bad.len() - expected.len());
        let strict = read(&text, &ReadOptions::default());
        prop_assert_eq!(strict.is_err(), !expected.is_empty());
    }
}

const WAITING: &str = "\
Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance
TOPUP,Current,2025-03-03 10:11:12,2025-03-03 10:12:00,From the other account,100.00,0.50,EUR,COMPLETED,1087.00
CARD_PAYMENT,Current,2025-03-04 10:11:12,,Corner Cafe,-3.20,0.00,EUR,PENDING,
CARD_PAYMENT,Current,2025-03-05 10:11:12,2025-03-06 09:00:00,Green Grocer,-22.50,0.00,EUR,COMPLETED,1064.50
";

const WAITED: &str = ",,Corner Cafe,-3.20,0.00,EUR,PENDING,";
const BOOKED: &str = ",2025-03-05 09:00:00,Corner Cafe,-3.20,0.00,EUR,COMPLETED,";

#[test]
fn what_is_pending_and_has_no_balance_breaks_no_running_balance() {
    let reading = read(WAITING, &ReadOptions::default()).unwrap();
    let file = &reading.book.file;
    assert!(file.warnings.is_empty(), "{:?}", file.warnings);
    let statement = &file.statements[0];
    assert_eq!(statement.rows.len(), 3);
    let stated: Vec<_> =
        statement.balances.iter().map(|it| (it.date.to_string(), it.amount.to_decimal())).collect();
    assert_eq!(stated, [("2025-03-06".to_owned(), "1064.50".to_owned())]);

    // One that is booked, or has a balance beside it, does count.
    for (from, to) in [(WAITED, BOOKED), ("PENDING,\n", "PENDING,1083.00\n"), ("1064.50", "1064.51")] {
        let reading = read(&WAITING.replace(from, to), &ReadOptions::default()).unwrap();
        let file = &reading.book.file;
        assert!(file.warnings.iter().any(|warning| warning.text.contains("running balance")), "{to:?}");
        assert!(file.statements[0].balances.is_empty());
    }
}
