//! The recipient's half as a program has it that embeds nothing else: this file compiles and passes with
//! `--no-default-features --features verify`, and runs the program in `examples/verify.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends")]

mod disclosure_fixture;
#[allow(dead_code, reason = "its `main` is not called")]
#[path = "../examples/verify.rs"]
mod program;

use finvault::disclosure::{
    Audience, Draft, Expectation, ExpectedAudience, LogExport, Outcome, Receipt, StatusRef, VerifyError,
    compare, issue, verify, verify_undated,
};
use jiff::Timestamp;

const TOKEN: &str = "tests/vectors/disclosure/example.token";
const WITH_STATUS: &str = "tests/vectors/lifecycle/status.token";
const STATUS_LIST: &str = "tests/vectors/lifecycle/status-list.jwt";
const KEY: &str = "age17cs6ph5pwrjeps77yxmaje8jny7rmygkf7l9cj0qksm950jcsqwsekndsq";
const DESK: &str = include_str!("fixtures/disclosure/ssh-plain.pub");
const SIGNER: &str = "7pxi qm4z oq5i wc4p 3sll eqqs mikq bxt7";

fn now() -> Timestamp {
    "2026-02-01T00:00:00Z".parse().unwrap()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap().trim().to_owned()
}

fn run(arguments: &[&str], now: Timestamp) -> Result<String, String> {
    program::run(arguments.iter().map(|argument| (*argument).to_owned()), now)
}

#[test]
fn the_example_prints_the_facts_of_a_token_that_holds() {
    let report = run(&[TOKEN, "--for", KEY, "--signer", SIGNER], now()).unwrap();
    for line in [
        "signed by:  7pxi qm4z oq5i wc4p 3sll eqqs mikq bxt7",
        "revocation: not checked: no status list was given",
        "- at the end of 2026-01-31 there were 12300.00 EUR, rounded to 100.00 EUR",
        "- 3 of 3 transactions:",
        "    2026-01-17 -1299.00 EUR Example GmbH, order 4711",
    ] {
        assert!(report.lines().any(|found| found == line), "{line}: {report}");
    }
    assert!(!report.contains("another way"), "the signer was named: {report}");
    let unnamed = run(&[TOKEN, "--for", KEY], now()).unwrap();
    assert!(
        unnamed.contains("winter-valley-lava-cobra mirror-igloo-cricket-lettuce badge-lobster-sugar-meadow")
    );
}

#[test]
fn the_example_shows_no_fact_of_a_token_that_does_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let token = |idx| {
        let draft = disclosure_fixture::draft(Audience::of_key(KEY), vec![disclosure_fixture::balance()]);
        let draft = Draft { status: Some(StatusRef::new(&[9; 16], idx).unwrap()), ..draft };
        let issued =
            issue(&draft, &disclosure_fixture::issuer(), now(), &disclosure_fixture::Counted::default());
        let path = folder.path().join(format!("{idx}.token")).display().to_string();
        std::fs::write(&path, format!("{}\n   ", issued.unwrap().token.as_str())).unwrap();
        path
    };
    let (revoked, kept) = (token(77), token(78));
    let later: Timestamp = "2026-02-08T00:00:00Z".parse().unwrap();
    let other = "age1lw96fp2fzwmplzpqncdr3sj3xsdf4nxw85c59jx9p2w4guyvneqqh0layc";
    let refused = [
        (run(&[TOKEN, "--for", KEY], later), "expired"),
        (run(&[TOKEN, "--for", other], now()), "another recipient"),
        (run(&[TOKEN, "--for", KEY, "--signer", "aaaa"], now()), "and not by aaaa"),
        (run(&[&revoked, "--for", KEY, "--status-list", STATUS_LIST], now()), "took it back"),
        (run(&[TOKEN, "--for", KEY, "--status-list", TOKEN], now()), "cannot be used"),
        (run(&["tests/vectors/disclosure/invalid-tampered-fact.token", "--for", KEY], now()), "not a valid"),
        (run(&["no-such-file", "--for", KEY], now()), "no-such-file"),
        (run(&[TOKEN], now()), "usage"),
        (run(&[TOKEN, "--for"], now()), "usage"),
        (run(&[TOKEN, "--key", KEY], now()), "usage"),
    ];
    for (result, expected) in refused {
        let problem = result.unwrap_err();
        assert!(problem.contains(expected), "{expected}: {problem}");
        assert!(!problem.contains("12300"), "{problem}");
    }
    let list = run(&[TOKEN, "--for", KEY, "--status-list", STATUS_LIST], now()).unwrap();
    assert!(list.contains("revocation: not checked"), "a list of another token says nothing: {list}");
    let list = run(&[&kept, "--for", KEY, "--status-list", STATUS_LIST], now()).unwrap();
    assert!(list.contains("revocation: not revoked as of 2026-02-01T00:00:00Z"), "{list}");
}

#[test]
fn whose_a_key_is_does_not_depend_on_how_it_was_typed() {
    let token = read(TOKEN);
    let typed = format!("  {}\n", KEY.to_uppercase());
    let me = [Audience::of_key(&typed)];
    assert!(verify(&token, &Expectation { now: now(), audience: ExpectedAudience::OneOf(&me) }).is_ok());
    let mut words = DESK.split_whitespace();
    let bare = format!("{} {}", words.next().unwrap(), words.next().unwrap());
    assert_eq!(Audience::of_key(DESK), Audience::of_key(&bare));
    assert_ne!(Audience::of_key(&bare), Audience::of_key(KEY));
    // As the full library, with its parser of keys, computes it.
    #[cfg(feature = "age")]
    for key in [DESK, KEY, &typed] {
        let parsed: finvault::disclosure::RecipientKey = key.parse().unwrap();
        assert_eq!(parsed.audience(), Audience::of_key(key));
    }
}

#[test]
fn an_earlier_token_is_read_whatever_the_time() {
    let token = read(TOKEN);
    let me = [Audience::of_key(KEY)];
    let earlier = verify_undated(&token, ExpectedAudience::OneOf(&me)).unwrap();
    assert_eq!(compare(&earlier, &earlier).unwrap().outcome, Outcome::SameRecords);
    let nobody = verify_undated(&token, ExpectedAudience::OneOf(&[]));
    assert_eq!(nobody.unwrap_err(), VerifyError::WrongAudience);
    let altered = read("tests/vectors/disclosure/invalid-signature.token");
    assert!(matches!(verify_undated(&altered, ExpectedAudience::Unchecked), Err(VerifyError::Invalid(_))));
}

#[test]
fn receipts_and_copies_of_the_log_are_read() {
    let receipt = Receipt::read(&read("tests/vectors/lifecycle/receipt.jwt"), now()).unwrap();
    let token = verify_undated(&read(WITH_STATUS), ExpectedAudience::Unchecked).unwrap();
    assert_eq!(receipt.id, token.id);
    let export = LogExport::read(&read("tests/vectors/lifecycle/log-export.jwt"), None).unwrap();
    assert!(!export.entries.is_empty());
}
