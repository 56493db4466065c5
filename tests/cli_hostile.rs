//! The program on every file of `tests/vectors/hostile/`: the right exit code, and no fact on the screen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cli_sandbox;
mod disclosure_fixture;
mod hostile_index;

use cli_sandbox::{Outcome, Sandbox};
use disclosure_fixture::{Counted, balance, draft, issuer};
use finvault::disclosure::{Draft, Identities, StatusRef, issue};
use hostile_index::{Entry, Index};
use jiff::{SignedDuration, Timestamp};
use std::path::Path;

/// What the facts in the files say: amounts, payees, days, names, and how the account is called.
const OF_FACTS: [&str; 10] = [
    "12300",
    "12301",
    "92300",
    "99900",
    "1299.00",
    "4.50",
    "Corner Cafe",
    "Example GmbH",
    "Business account",
    "3000",
];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let identity = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/disclosure/identity.txt");
    sandbox.write("identity.txt", std::fs::read(identity).unwrap());
    sandbox
}

fn open(sandbox: &Sandbox, before: &[&str], file: &Path, after: &[&str]) -> Outcome {
    let file = file.to_str().unwrap();
    sandbox.run(&[before, &["open", file, "--identity", "identity.txt"], after].concat())
}

/// The exit code at today's clock: what was good for a week in 2026 has expired.
fn code(entry: &Entry) -> i32 {
    match entry.verdict.as_str() {
        // What lies beside a token is looked at only when the token itself still holds.
        "invalid" if entry.why.starts_with("a document") => 11,
        "invalid" => 10,
        "valid" | "expired" | "not-yet-valid" => 11,
        "clock-suspect" => 12,
        "not-for-recipient" => 14,
        other => panic!("{}: no exit code for {other}", entry.file),
    }
}

#[test]
fn each_token_ends_with_its_code_and_shows_no_fact() {
    let sandbox = sandbox();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for entry in
        Index::read().vectors.iter().filter(|entry| matches!(&*entry.reads, "disclosure" | "contents"))
    {
        seen += 1;
        for before in [&[][..], &["--json"]] {
            let outcome = open(&sandbox, before, &entry.path(), &[]);
            if outcome.code != code(entry) {
                wrong.push(format!(
                    "{}: {}, not {}: {}",
                    entry.file,
                    outcome.code,
                    code(entry),
                    outcome.stderr
                ));
            }
            // The name of a file is ours, and the digits of another text may be in it.
            let said = [outcome.stdout, outcome.stderr].concat().replace(&entry.file, "");
            for told in OF_FACTS.iter().filter(|told| said.contains(*told)) {
                wrong.push(format!("{}: shows \"{told}\": {said}", entry.file));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 100, "the tokens are gone: {seen}");
}

/// The same facts in time, which the program shows: so what the test above looks for is what would be there.
#[test]
fn what_is_looked_for_is_what_a_good_token_shows() {
    let sandbox = sandbox();
    let identity = Identities::parse(&sandbox.read("identity.txt"), None).unwrap();
    let audience = identity.audiences()[0];
    let with = |not_before| {
        let status = StatusRef::new(&[9; 16], 77);
        let draft = Draft { not_before, status, ..draft(audience, vec![balance()]) };
        issue(&draft, &issuer(), Timestamp::now(), &Counted::default()).unwrap().token.as_str().to_owned()
    };
    sandbox.write("good.token", with(None));
    let shown = open(&sandbox, &[], Path::new("good.token"), &[]).expect(15).stdout;
    for told in ["12300", "Business account", "3000"] {
        assert!(shown.contains(told), "{shown}");
    }
    sandbox.write("tomorrow.token", with(Some(Timestamp::now() + SignedDuration::from_hours(24))));
    let refused = open(&sandbox, &[], Path::new("tomorrow.token"), &[]).expect(12);
    assert!(!refused.stdout.contains("12300") && !refused.stderr.contains("12300"));

    for beside in ["document YQ", "document YQ=", "note hello", "endorsement a b"] {
        sandbox.write("beside.token", format!("{}\n{beside}\n", with(None)));
        let refused = open(&sandbox, &[], Path::new("beside.token"), &[]).expect(10);
        assert!(!refused.stdout.contains("12300"), "{beside}");
    }

    let mut revoked = 0;
    for entry in Index::read().vectors.iter().filter(|entry| entry.reads == "status-list") {
        let list = entry.path();
        let outcome =
            open(&sandbox, &[], Path::new("good.token"), &["--status-list", list.to_str().unwrap()]);
        if entry.verdict == "revoked" {
            revoked += 1;
            assert!(!outcome.expect(13).stdout.contains("12300"), "{}", entry.file);
        } else {
            // A list older than the token says nothing of it, and one that cannot be used neither.
            let outcome = outcome.expect(15);
            assert!(outcome.stdout.contains("revocation: not checked"), "{}: {}", entry.file, outcome.stdout);
            assert_eq!(
                entry.verdict == "invalid",
                outcome.stderr.contains("cannot be used"),
                "{}",
                entry.file
            );
        }
    }
    assert!(revoked > 0);
}

#[test]
fn each_exported_log_is_taken_or_refused() {
    let sandbox = sandbox();
    for entry in Index::read().vectors.iter().filter(|entry| entry.reads == "log-export") {
        let outcome = sandbox.run(&["log", "verify-export", entry.path().to_str().unwrap()]);
        assert_eq!(
            outcome.code,
            if entry.verdict == "valid" { 0 } else { 5 },
            "{}: {}",
            entry.file,
            outcome.stderr
        );
    }
}
