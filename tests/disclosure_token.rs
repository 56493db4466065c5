//! Tokens: what is issued verifies, and nothing else does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod disclosure_fixture;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use disclosure_fixture::*;
use finvault::crypto::random::{Random, RandomError, Seeded};
use finvault::disclosure::*;
use finvault::money::{Currency, Money};
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::json;

fn audience() -> Audience {
    Passcode::generate(&Seeded::new(1)).unwrap().audience()
}

fn check(token: &str) -> Result<Verified, VerifyError> {
    let audience = [audience()];
    verify(token, &Expectation { now: now(), audience: ExpectedAudience::OneOf(&audience) })
}

fn at(token: &Token, seconds: i64) -> Result<Verified, VerifyError> {
    verify(token.as_str(), &Expectation { now: after(seconds), audience: ExpectedAudience::Unchecked })
}

#[test]
fn what_was_issued_is_what_is_read() {
    let issued = issued(audience());
    let verified = check(issued.token.as_str()).unwrap();
    assert_eq!(verified.facts, vec![balance(), transactions()]);
    assert_eq!(verified.issuer, issuer().fingerprint());
    assert_eq!(verified.issuer_key, issuer().verifying_key());
    assert_eq!((verified.audience, verified.audience_checked), (audience(), true));
    assert_eq!(verified.id, issued.id);
    assert_eq!((verified.issued, verified.not_before), (now(), now()));
    assert_eq!(verified.expires, after(7 * 86_400));
    assert_eq!(verified.purpose.text(), "Refund of order 4711");
    assert_eq!(verified.terms.retain_until, Some(date(2026, 2, 8)));
    assert_eq!(verified.terms.onward_sharing, OnwardSharing::WithConsent);
    assert!(verified.terms.intent_to_retain);
    assert_eq!(verified.withheld_facts, 0);
    assert_eq!(verified.ledger_root, draft(audience(), vec![]).ledger_root);
    let unchecked =
        verify(issued.token.as_str(), &Expectation { now: now(), audience: ExpectedAudience::Unchecked });
    assert!(!unchecked.unwrap().audience_checked);
}

#[test]
fn facts_as_json_have_their_rows_in_place() {
    let verified = check(issued(audience()).token.as_str()).unwrap();
    let facts = serde_json::to_value(&verified.facts).unwrap();
    assert_eq!(facts[0]["kind"], "balance");
    assert_eq!(facts[0]["Balance"]["Amount"], json!({"Amount": "12300.00", "Currency": "EUR"}));
    assert_eq!(facts[0]["Account"]["Identification"], "••••3000");
    assert_eq!(facts[0]["selection"]["rounding"]["Amount"], "100.00");
    assert_eq!(facts[1]["Transaction"][2]["TransactionInformation"], "Example GmbH, order 4711");
    assert_eq!(facts[1]["Transaction"][2]["CreditDebitIndicator"], "Debit");
    assert_eq!(facts[1].get("withheld"), None);
    let Fact::Transactions(fact) = transactions() else { panic!() };
    let partial = Fact::Transactions(TransactionsFact { withheld: 2, ..fact });
    assert_eq!(serde_json::to_value(&partial).unwrap()["withheld"], 2);
    let terms = serde_json::to_value(verified.terms).unwrap();
    assert_eq!(
        terms,
        json!({"retain_until": "2026-02-08", "onward_sharing": "with-consent", "intent_to_retain": true})
    );
}

#[test]
fn salts_and_ids_are_fresh_and_the_account_number_is_nowhere() {
    let one = issue(&draft(audience(), vec![transactions()]), &issuer(), now(), &Seeded::new(1)).unwrap();
    let two = issue(&draft(audience(), vec![transactions()]), &issuer(), now(), &Seeded::new(2)).unwrap();
    assert_ne!(one.id, two.id);
    let parts: Vec<_> = one.token.as_str().split('~').chain(two.token.as_str().split('~')).collect();
    let unique: std::collections::HashSet<_> = parts.iter().filter(|part| !part.is_empty()).collect();
    assert_eq!(unique.len() + 2, parts.len(), "two equal coffees look different");
    let issued = issued(audience());
    let decoded: String = issued
        .token
        .as_str()
        .split(['.', '~'])
        .filter_map(|part| URL_SAFE_NO_PAD.decode(part).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect();
    assert!(decoded.contains("••••3000") && !decoded.contains("0532") && !decoded.contains("DE89"));
}

#[test]
fn the_clock_decides_to_the_second() {
    let week = 7 * 86_400;
    let issued = issued(audience());
    let token = &issued.token;
    assert!(at(token, 0).is_ok());
    assert!(at(token, -60).is_ok());
    assert_eq!(at(token, -61), Err(VerifyError::ClockSuspect { issued: now() }));
    assert!(at(token, week - 1).is_ok());
    assert_eq!(at(token, week), Err(VerifyError::Expired { expired: after(week) }));
    assert_eq!(at(token, week + 1), Err(VerifyError::Expired { expired: after(week) }));
    let a_moment_before = after(week) - jiff::SignedDuration::from_nanos(1);
    let expectation = Expectation { now: a_moment_before, audience: ExpectedAudience::Unchecked };
    assert!(verify(token.as_str(), &expectation).is_ok());

    let later = Draft { not_before: Some(after(86_400)), ..draft(audience(), vec![balance()]) };
    let later = issue(&later, &issuer(), now(), &Seeded::new(1)).unwrap();
    assert_eq!(at(&later.token, 0), Err(VerifyError::NotYetValid { from: after(86_400) }));
    assert_eq!(at(&later.token, 86_339), Err(VerifyError::NotYetValid { from: after(86_400) }));
    assert!(at(&later.token, 86_340).is_ok());
    assert_eq!(at(&later.token, -61), Err(VerifyError::ClockSuspect { issued: now() }));
    for (error, verdict) in [
        (at(token, week).unwrap_err(), Verdict::Expired),
        (at(token, -61).unwrap_err(), Verdict::ClockSuspect),
        (at(&later.token, 0).unwrap_err(), Verdict::NotYetValid),
    ] {
        assert_eq!(error.verdict(), verdict);
        assert!(!verdict.shows_facts());
        assert!(!format!("{error:?} {error}").contains("4711"));
    }
}

#[test]
fn another_audience_is_told_apart() {
    let issued = issued(Passcode::generate(&Seeded::new(2)).unwrap().audience());
    assert_eq!(check(issued.token.as_str()), Err(VerifyError::WrongAudience));
    assert_eq!(VerifyError::WrongAudience.verdict(), Verdict::NotForRecipient);
}

#[test]
fn a_flip_of_any_byte_is_invalid() {
    let issued = issued(audience());
    let token = issued.token.as_str();
    for at in 0..token.len() {
        for bit in 0..7 {
            let mut bytes = token.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let text = String::from_utf8(bytes).unwrap();
            assert!(matches!(check(&text), Err(VerifyError::Invalid(_))), "byte {at} bit {bit}");
        }
    }
    for cut in 0..token.len() {
        match check(&token[..cut]) {
            Err(VerifyError::Invalid(_)) => {}
            // A cut right after a tilde leaves a token with fewer disclosures: a subset, and it says so.
            Ok(verified) => {
                assert!(token[..cut].ends_with('~'));
                let rows_withheld = verified
                    .facts
                    .iter()
                    .any(|fact| matches!(fact, Fact::Transactions(rows) if rows.withheld > 0));
                assert!(verified.withheld_facts > 0 || rows_withheld);
            }
            other => panic!("cut at {cut}: {other:?}"),
        }
    }
}

#[test]
fn a_subset_still_verifies_and_counts_what_is_missing() {
    let issued = issued(audience());
    let parts: Vec<&str> = issued.token.as_str().split('~').collect();
    assert_eq!(parts.len(), 1 + 5 + 1);
    let without_the_second_row = [&parts[..3], &parts[4..]].concat().join("~");
    let verified = check(&without_the_second_row).unwrap();
    let Fact::Transactions(fact) = &verified.facts[1] else { panic!("{:?}", verified.facts) };
    assert_eq!((fact.rows.len(), fact.withheld, fact.selection.matched), (2, 1, 3));
    let without_the_balance = [&parts[..1], &parts[2..]].concat().join("~");
    let verified = check(&without_the_balance).unwrap();
    assert_eq!((verified.facts.len(), verified.withheld_facts), (1, 1));
    // Order after the signature is of no meaning.
    let mut reversed = parts.clone();
    reversed[1..6].reverse();
    assert_eq!(check(&reversed.join("~")).unwrap().facts.len(), 2);
    // A row without its fact is a disclosure that nothing refers to.
    let orphan = [&parts[..5], &parts[6..]].concat().join("~");
    assert_eq!(check(&orphan), Err(VerifyError::Invalid("a disclosure that nothing refers to")));
}

#[test]
fn drafts_that_contradict_themselves_are_not_signed() {
    let issue = |draft: &Draft| issue(draft, &issuer(), now(), &Seeded::new(1)).map(|_| ()).unwrap_err();
    let with = |fact: Fact| issue(&draft(audience(), vec![fact]));
    assert_eq!(issue(&draft(audience(), vec![])), IssueError::NoFacts);
    let (Fact::Balance(good), Fact::Transactions(rows)) = (balance(), transactions()) else { panic!() };
    let unrounded = BalanceFact { amount: eur(1), ..good.clone() };
    assert!(matches!(with(Fact::Balance(unrounded)), IssueError::SelfCheck(_)));
    let other_day = BalanceFact { as_of: date(2026, 1, 30), ..good.clone() };
    assert!(matches!(with(Fact::Balance(other_day)), IssueError::SelfCheck(_)));
    let escape = AccountLabel { nickname: Some("\u{1b}[2J".to_owned()), number: None };
    assert!(matches!(with(Fact::Balance(BalanceFact { account: escape, ..good })), IssueError::SelfCheck(_)));
    let mut wrong_count = rows.clone();
    wrong_count.selection.matched = 4;
    assert!(matches!(with(Fact::Transactions(wrong_count)), IssueError::BadFact(_)));
    let mut outside = rows.clone();
    outside.rows[0].booked = Some(date(2026, 2, 1));
    assert!(matches!(with(Fact::Transactions(outside)), IssueError::BadFact(_)));
    let mut empty_row = rows.clone();
    empty_row.rows[0] = Row::default();
    assert!(matches!(with(Fact::Transactions(empty_row)), IssueError::BadFact(_)));
    assert!(matches!(
        with(Fact::Transactions(TransactionsFact { withheld: 1, ..rows.clone() })),
        IssueError::BadFact(_)
    ));
    let mut suppressed = rows.clone();
    (suppressed.selection.matched, suppressed.selection.suppressed) = (5, 2);
    let suppressed = draft(audience(), vec![Fact::Transactions(suppressed)]);
    assert!(finvault::disclosure::issue(&suppressed, &issuer(), now(), &Seeded::new(1)).is_ok());
    let mut huge = rows;
    huge.rows = vec![huge.rows[0].clone(); MAX_DISCLOSURES];
    huge.selection.matched = MAX_DISCLOSURES as u64;
    assert_eq!(with(Fact::Transactions(huge)), IssueError::TooLarge);
    let late = Draft { not_before: Some(after(7 * 86_400)), ..draft(audience(), vec![balance()]) };
    assert_eq!(issue(&late), IssueError::BadTimes);
    let custom = Money::new(5, Currency::custom("SHARES", 3).unwrap());
    let Fact::Balance(mut shares) = balance() else { panic!() };
    (shares.amount, shares.selection.rounding) = (custom, None);
    let shares = draft(audience(), vec![Fact::Balance(shares)]);
    assert!(finvault::disclosure::issue(&shares, &issuer(), now(), &Seeded::new(1)).is_ok());
}

struct Broken;

impl Random for Broken {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
        Err(RandomError::new("none left"))
    }
}

#[test]
fn without_randomness_nothing_is_signed() {
    let result = issue(&draft(audience(), vec![balance()]), &issuer(), now(), &Broken);
    assert_eq!(result.unwrap_err(), IssueError::Random(RandomError::new("none left")));
}

#[test]
fn ten_thousand_rows_verify_quickly() {
    let Fact::Transactions(mut fact) = transactions() else { panic!() };
    fact.rows = vec![fact.rows[0].clone(); 10_000];
    fact.selection.matched = 10_000;
    let issued =
        issue(&draft(audience(), vec![Fact::Transactions(fact)]), &issuer(), now(), &Seeded::new(1)).unwrap();
    let start = std::time::Instant::now();
    assert!(check(issued.token.as_str()).is_ok());
    println!("10,000 rows, {} bytes, verified in {:?}", issued.token.as_str().len(), start.elapsed());
}

proptest! {
    #[test]
    fn every_row_comes_back(
        minor in prop::option::of(any::<i64>()),
        day in prop::option::of(1i8..=31),
        pending in prop::option::of(any::<bool>()),
        text: String,
    ) {
        let Fact::Transactions(mut fact) = transactions() else { unreachable!() };
        let row = Row {
            id: None,
            booked: day.map(|day| date(2026, 1, day)),
            amount: minor.map(eur),
            status: pending.map(|pending| if pending { RowStatus::Pending } else { RowStatus::Booked }),
            information: Row::information_from(&text),
        };
        prop_assume!(row != Row::default());
        fact.rows = vec![row; 3];
        let facts = vec![Fact::Transactions(fact)];
        let issued = issue(&draft(audience(), facts.clone()), &issuer(), now(), &Seeded::new(3)).unwrap();
        prop_assert_eq!(check(issued.token.as_str()).unwrap().facts, facts);
    }
}
