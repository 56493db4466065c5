//! Every kind of fact: what is issued is what is read, and what does not fit together is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod disclosure_fixture;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use disclosure_fixture::*;
use finvault::crypto::random::Seeded;
use finvault::disclosure::*;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use serde_json::{Value, json};

fn audience() -> Audience {
    Passcode::generate(&Seeded::new(1)).unwrap().audience()
}

fn check(token: &str) -> Result<Verified, VerifyError> {
    let audience = [audience()];
    verify(token, &Expectation { now: now(), audience: ExpectedAudience::OneOf(&audience) })
}

fn token(facts: Vec<Fact>) -> Result<String, IssueError> {
    let issued = issue(&draft(audience(), facts), &issuer(), now(), &Seeded::new(1))?;
    Ok(issued.token.as_str().to_owned())
}

#[test]
fn every_kind_of_fact_comes_back() {
    let facts = every_kind();
    assert_eq!(check(&token(facts.clone()).unwrap()).unwrap().facts, facts);
    let kinds: Vec<&str> = facts.iter().map(Fact::kind).collect();
    assert_eq!(
        kinds,
        ["balance-range", "balance-threshold", "totals-by-period", "transactions", "account", "document"]
    );
}

/// A token of one fact whose disclosure was changed by `bend`, signed again by the genuine key.
fn bent(fact: Fact, bend: &dyn Fn(&mut Value)) -> Result<Verified, VerifyError> {
    use finvault::crypto::sign::SigningKey;
    use sha2::{Digest, Sha256};
    let text = token(vec![fact]).unwrap();
    let (jwt, rest) = text.split_once('~').unwrap();
    let mut disclosures: Vec<String> = rest.split_terminator('~').map(str::to_owned).collect();
    // A fact comes after its rows.
    let old = disclosures.pop().unwrap();
    let mut value: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&old).unwrap()).unwrap();
    bend(&mut value[1]);
    let new = URL_SAFE_NO_PAD.encode(value.to_string());
    let digest = |text: &str| URL_SAFE_NO_PAD.encode(Sha256::digest(text));
    let mut parts = jwt.split('.');
    let header = parts.next().unwrap();
    let payload = String::from_utf8(URL_SAFE_NO_PAD.decode(parts.next().unwrap()).unwrap()).unwrap();
    let signed =
        format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload.replace(&digest(&old), &digest(&new))));
    let signature = SigningKey::from_seed(&[7; 32]).sign(signed.as_bytes()).to_bytes();
    disclosures.push(new);
    check(&format!("{signed}.{}~{}~", URL_SAFE_NO_PAD.encode(signature), disclosures.join("~")))
}

#[track_caller]
fn refused(index: usize, why: &str, bend: &dyn Fn(&mut Value)) {
    match bent(every_kind().swap_remove(index), bend) {
        Err(VerifyError::Invalid(what)) => assert_eq!(what, why),
        other => panic!("expected \"{why}\", got {other:?}"),
    }
}

#[test]
fn an_unbent_fact_still_verifies() {
    for fact in every_kind() {
        assert!(bent(fact, &|_| {}).is_ok());
    }
}

const FORM: &str = "a fact of unknown form";

#[test]
fn ranges_that_do_not_fit_are_refused() {
    refused(0, "a range that holds nothing", &|fact| {
        fact["Range"]["Below"] = fact["Range"]["AtLeast"].clone()
    });
    refused(0, "a range that holds nothing", &|fact| {
        fact["Range"]["Below"]["Amount"]["Currency"] = json!("USD")
    });
    refused(0, "a balance whose window does not end on its day", &|fact| {
        fact["Range"]["DateTime"] = json!("2026-01-30");
    });
    refused(0, "a range that is rounded", &|fact| {
        fact["selection"]["rounding"] = json!({"Amount": "1.00", "Currency": "EUR"});
    });
    refused(0, FORM, &|fact| fact["Range"]["Amount"] = json!("5000.00"));
}

#[test]
fn thresholds_that_do_not_fit_are_refused() {
    let set = |member: &'static str, value: Value| {
        move |fact: &mut Value| fact["Threshold"][member] = value.clone()
    };
    refused(1, "a threshold that is neither a lower nor an upper one", &set("op", json!("is")));
    refused(1, "a window that has not as many days as stated", &set("window_days", json!(30)));
    refused(1, "the balance of one day over several", &set("measure", json!("closing")));
    refused(1, "a threshold on no day, or on more days than there are", &set("days_with_data", json!(0)));
    refused(1, "a threshold on no day, or on more days than there are", &set("days_with_data", json!(32)));
    refused(1, "gaps that do not account for the days without data", &set("days_with_data", json!(31)));
    refused(1, FORM, &set("result", json!("yes")));
    refused(1, FORM, &set("measure", json!("median")));
    refused(1, FORM, &set("balance", json!("1234.00")));
    refused(1, "a threshold without a window", &|fact| {
        fact["selection"]["window"].as_object_mut().unwrap().remove("from");
    });
    refused(1, "a threshold that is rounded or holds rows back", &|fact| {
        fact["selection"]["suppressed"] = json!(1)
    });
}

#[test]
fn totals_that_do_not_fit_are_refused() {
    let period = |member: &'static str, value: Value| {
        move |fact: &mut Value| fact["Totals"]["Period"][0][member] = value.clone()
    };
    let cell = |member: &'static str, value: Value| {
        move |fact: &mut Value| fact["Totals"]["Period"][0]["Total"][0][member] = value.clone()
    };
    let periods = "periods that are not those of the window";
    refused(2, periods, &period("from", json!("2026-01-02")));
    refused(2, periods, &period("to", json!("2026-01-30")));
    refused(2, periods, &|fact| fact["Totals"]["Period"] = json!([]));
    refused(2, "a cell of too few rows", &cell("count", json!(2)));
    refused(2, "a cell held back that can be worked out", &cell("count", json!(13)));
    refused(2, "the rows are not as many as matched", &|fact| fact["selection"]["matched"] = json!(19));
    refused(2, "a group that is there twice", &cell("group", json!("Rent")));
    refused(2, "totals of no rows", &|fact| fact["Totals"]["min_rows"] = json!(0));
    refused(2, "a form of payees where none are named", &|fact| {
        fact["Totals"]["Counterparties"] = json!("masked")
    });
    refused(2, FORM, &|fact| fact["Totals"]["Counterparties"] = json!("shown"));
    refused(2, "a cell held back that can be worked out", &period("suppressed_cells", json!(1)));
    refused(2, "a whole that is less than its parts", &|fact| {
        fact["Totals"]["Period"][0]["Whole"]["count"] = json!(3)
    });
    refused(2, "a cell held back that can be worked out", &|fact| {
        fact["Totals"]["Period"][0]["Whole"]["count"] = json!(17);
    });
    refused(2, "a group that does not fit its kind", &|fact| fact["Totals"]["by"] = json!("flow"));
    refused(2, "totals in several currencies", &|fact| {
        fact["Totals"]["Period"][0]["Whole"]["Amount"]["Currency"] = json!("USD");
    });
    refused(
        2,
        "rows held back without a cell, or a cell without rows",
        &period("suppressed_cells", json!(9)),
    );
}

#[test]
fn a_whole_is_the_sum_of_its_parts_where_all_are_shown() {
    let Fact::Totals(mut fact) = every_kind().swap_remove(2) else { panic!() };
    fact.periods[0].suppressed_cells = 0;
    (fact.selection.matched, fact.selection.suppressed) = (15, 0);
    let sum = fact.periods[0].cells.iter().map(|cell| cell.amount.minor()).sum();
    fact.periods[0].whole = Some((15, eur(sum)));
    assert!(token(vec![Fact::Totals(fact.clone())]).is_ok());
    fact.periods[0].whole = Some((15, eur(sum + 1)));
    assert!(matches!(token(vec![Fact::Totals(fact.clone())]), Err(IssueError::SelfCheck(_))));
    fact.periods[0].whole = Some((16, eur(sum)));
    assert!(matches!(token(vec![Fact::Totals(fact)]), Err(IssueError::SelfCheck(_))));
}

#[test]
fn payees_accounts_and_documents_that_do_not_fit_are_refused() {
    let Fact::Transactions(mut named) = every_kind().swap_remove(3) else { panic!() };
    named.rows[0].information = Some("Corner Cafe".to_owned());
    assert!(matches!(token(vec![Fact::Transactions(named)]), Err(IssueError::BadFact(_))));
    refused(3, FORM, &|fact| fact["Counterparties"] = json!("shown"));
    refused(3, "a payee that is not hidden as stated", &|fact| fact["Counterparties"] = json!("masked"));
    let nothing = "an account of which nothing is said";
    refused(4, nothing, &|fact| (fact["Details"], fact["Account"]) = (json!({}), json!({})));
    refused(4, "an account of an unknown kind", &|fact| fact["Details"]["AccountKind"] = json!("piggybank"));
    refused(4, "not a currency", &|fact| fact["Details"]["Currency"] = json!("eur"));
    refused(4, "an account that rests on rows", &|fact| fact["selection"]["matched"] = json!(1));
    refused(4, FORM, &|fact| fact["Account"]["Identification"] = json!("DE89370400440532013000"));
    for bad in ["text", "Text/csv", "text/", "text/csv; charset=utf-8", "/csv", ""] {
        refused(5, "not a media type", &|fact| fact["Document"]["media_type"] = json!(bad));
    }
    refused(5, "a file name that is too long, or with a folder", &|fact| {
        fact["Document"]["filename"] = json!("../march.ofx")
    });
    refused(5, FORM, &|fact| fact["Document"]["sha256"] = json!("AB"));
}

#[test]
fn gaps_are_in_order_apart_and_inside_the_window() {
    let gaps = |gaps: Value| move |fact: &mut Value| fact["selection"]["gaps"] = gaps.clone();
    let gap = |from: &str, to: &str| json!({"from": from, "to": to});
    for bad in [
        json!([gap("2026-01-05", "2026-01-04")]),
        json!([gap("2025-12-31", "2026-01-04")]),
        json!([gap("2026-01-30", "2026-02-01")]),
        json!([gap("2026-01-05", "2026-01-06"), gap("2026-01-07", "2026-01-08")]),
        json!([gap("2026-01-05", "2026-01-06"), gap("2026-01-02", "2026-01-03")]),
        json!([{"from": "2026-01-05"}]),
    ] {
        refused(3, FORM, &gaps(bad));
    }
    assert!(bent(every_kind().swap_remove(3), &gaps(json!([gap("2026-01-05", "2026-01-06")]))).is_ok());
}

proptest! {
    #[test]
    fn a_bent_fact_is_refused_or_read_as_it_says_and_never_panics(
        index in 0usize..6,
        path in prop::sample::select(vec!["selection", "Range", "Threshold", "Totals", "Transaction", "Details", "Document", "Account", "kind"]),
        value in prop::sample::select(vec![json!(null), json!(-1), json!(0), json!(u64::MAX), json!(""), json!([]), json!({}), json!("x"), json!(true)]),
    ) {
        let _ = bent(every_kind().swap_remove(index), &|fact| fact[path] = value.clone());
    }

    #[test]
    fn windows_always_split_into_periods_that_cover_them(from in 0i32..4_000, days in 0i32..1_500) {
        let begin = date(2020, 1, 1);
        let day = |offset: i32| begin.checked_add(jiff::Span::new().days(offset)).unwrap();
        let (from, to) = (day(from), day(from + days));
        for period in Period::ALL {
            let periods = period.split(from, to);
            prop_assert_eq!(periods.first().map(|period| period.0), Some(from));
            prop_assert_eq!(periods.last().map(|period| period.1), Some(to));
            prop_assert!(periods.windows(2).all(|pair| pair[0].1.tomorrow().ok() == Some(pair[1].0)));
            let month = |day: Date| (day.year(), day.month());
            prop_assert!(period != Period::Month || periods.iter().all(|(from, to)| month(*from) == month(*to)));
        }
    }
}
