//! Requests come from outside: what is documented is read, and everything else is refused whole.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::disclosure::request::*;
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;

/// The example of `docs/request-format.md`.
fn documented() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/request-format.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once("```json\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_documented_example_is_read_and_written_again() {
    let request = InformationRequest::parse(documented().as_bytes()).unwrap();
    assert_eq!(request.facts.len(), 8);
    let kinds: Vec<&str> = request.facts.iter().map(|fact| fact.fact.kind()).collect();
    for kind in [
        "balance",
        "balance-range",
        "balance-threshold",
        "totals-by-period",
        "transactions",
        "account",
        "document",
    ] {
        assert!(kinds.contains(&kind), "the document shows no {kind}");
    }
    let written = request.to_json().unwrap();
    assert_eq!(InformationRequest::parse(written.as_bytes()).unwrap(), request);
    assert_eq!(InformationRequest::parse(written.as_bytes()).unwrap().to_json().unwrap(), written);
}

/// Every file in the folder is wrong in the way its name says.
#[test]
fn each_hostile_request_is_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/disclosure/requests");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let error = InformationRequest::parse(&bytes).expect_err(&path.display().to_string());
        let text = error.to_string();
        assert!(!text.contains('\u{1b}') && text.len() < 500, "{}: {text}", path.display());
        seen += 1;
    }
    assert!(seen >= 35, "only {seen}");
    let large = format!("{}{}", documented(), " ".repeat(MAX_REQUEST_LEN));
    assert_eq!(InformationRequest::parse(large.as_bytes()), Err(RequestError::TooLarge));
}

#[test]
fn every_cut_and_every_flipped_byte_is_refused_or_read_whole() {
    let text = documented();
    for cut in 0..text.trim_end().len() {
        assert!(InformationRequest::parse(&text.as_bytes()[..cut]).is_err(), "cut at {cut}");
    }
    for at in 0..text.len() {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] ^= 1;
        // A flip inside a text or number may make another good request; what is read is written again the same.
        if let Ok(request) = InformationRequest::parse(&bytes) {
            let written = request.to_json().unwrap();
            assert_eq!(InformationRequest::parse(written.as_bytes()).unwrap(), request);
        }
    }
}

#[test]
fn windows_reach_back_from_the_day_of_the_answer() {
    let window = |value: Value| serde_json::from_value::<WindowTemplate>(value).unwrap();
    let today = date(2026, 3, 31);
    let days = |value: Value| window(value).resolve(today).map(|span| (span.from, span.to));
    assert_eq!(days(json!({"last_days": 1})), Some((today, today)));
    assert_eq!(days(json!({"last_days": 90})), Some((date(2026, 1, 1), today)));
    assert_eq!(days(json!({"last_months": 1})), Some((date(2026, 2, 1), date(2026, 2, 28))));
    assert_eq!(days(json!({"last_months": 12})), Some((date(2025, 3, 1), date(2026, 2, 28))));
    assert_eq!(days(json!({"from": "2026-03-01", "to": "today"})), Some((date(2026, 3, 1), today)));
    assert_eq!(days(json!({"from": "today", "to": "2026-03-01"})), None);
}

proptest! {
    #[test]
    fn parsing_never_panics(bytes: Vec<u8>) {
        let _ = InformationRequest::parse(&bytes);
    }

    #[test]
    fn a_member_of_another_form_is_refused_or_read_whole(
        path in prop::sample::select(vec!["/finvault_request", "/purpose", "/facts", "/facts/0", "/facts/0/kind", "/facts/2/window", "/facts/2/amount", "/facts/3/filter", "/facts/4/fields", "/fact_sets", "/fact_sets/0/options", "/retention", "/currency"]),
        value in prop::sample::select(vec![json!(null), json!(-1), json!(0), json!(u64::MAX), json!(""), json!([]), json!({}), json!("x"), json!(true), json!([[]])]),
    ) {
        let mut request: Value = serde_json::from_str(&documented()).unwrap();
        *request.pointer_mut(path).unwrap() = value;
        if let Ok(request) = InformationRequest::parse(request.to_string().as_bytes()) {
            let written = request.to_json().unwrap();
            prop_assert_eq!(InformationRequest::parse(written.as_bytes()).unwrap(), request);
        }
    }
}
