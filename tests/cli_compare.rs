//! `open --compare` through the program: what it prints, what scripts read, and which exit codes they rely on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends")]
#![cfg(unix)]

mod cli_sandbox;
mod disclosure_fixture;

use cli_sandbox::Sandbox;
use disclosure_fixture::{balance, draft, eur, issuer};
use finvault::crypto::random::Seeded;
use finvault::disclosure::{BalanceFact, Fact, IssuerKey, RecipientKey, SealTo, issue, seal};

const SECRET: &str = include_str!("fixtures/cli/test-only-ssh-ed25519");
const PUBLIC: &str = include_str!("fixtures/cli/test-only-ssh-ed25519.pub");

fn disclose(sandbox: &Sandbox, output: &str, options: &[&str]) {
    let disclose =
        ["disclose", "balance", "--account", "Everyday", "--as-of", "2026-01-06", "--round", "100"];
    let rest = ["--to", "Support desk", "--purpose", "Case 12", "--output", output, "--yes"];
    sandbox.run(&[&disclose[..], &rest[..], options].concat()).expect(0);
}

#[test]
fn a_recipient_sees_whether_the_records_changed_and_the_answer_with_them() {
    let sandbox = Sandbox::with_account();
    sandbox.write("desk.key", SECRET);
    sandbox.run(&["recipient", "add", "Support desk", "--key", PUBLIC.trim()]).expect(0);
    disclose(&sandbox, "a.age", &["--expires", "1s"]);
    disclose(&sandbox, "b.age", &[]);
    // The earlier one has expired: alone it shows nothing, beside a later one it still counts.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    sandbox.run(&["open", "a.age", "--identity", "desk.key"]).expect(11);
    let compare = |new: &str, old: &str, options: &[&str]| {
        sandbox.run(
            &[&["open", new, "--identity", "desk.key", "--trust", "--compare", old][..], options].concat(),
        )
    };
    let same = compare("b.age", "a.age", &[]).expect(0);
    assert!(same.stdout.contains("the same records: nothing beneath it changed"), "{}", same.stdout);
    let same = compare("b.age", "a.age", &["--json"]).expect(0).json();
    assert_eq!(same["comparison"]["outcome"], "same-records");
    assert_eq!(same["comparison"]["facts"][0]["relation"], "same");

    // Cents that the rounded answer does not show, then a hundred that it does.
    let add_three =
        |amount: &str| (0..3).for_each(|_| drop(sandbox.add("2026-01-06", amount, "Corner Cafe").expect(0)));
    add_three("-0.01");
    disclose(&sandbox, "c.age", &[]);
    let beneath = compare("c.age", "b.age", &[]).expect(0);
    assert!(beneath.stdout.contains("the records changed between the two"), "{}", beneath.stdout);
    assert!(
        beneath.stdout.contains("the same answer as then, from other rows, statements or gaps: 1 of 1 fact"),
        "{}",
        beneath.stdout
    );
    add_three("35.00");
    disclose(&sandbox, "d.age", &[]);
    let changed = compare("d.age", "a.age", &[]).expect(0);
    let after_then = changed.stdout.split("It was then:").nth(1).unwrap_or_default().to_owned();
    assert!(after_then.contains("300.00 EUR") && !after_then.contains("400.00"), "{}", changed.stdout);
    let shape = compare("d.age", "a.age", &["--json"]).expect(0).json()["comparison"].clone();
    assert_eq!(
        (shape["outcome"].as_str(), shape["facts"][0]["relation"].as_str()),
        (Some("records-changed"), Some("changed"))
    );
    assert_eq!(shape["facts"][0]["earlier"]["balance"], "300.00");
    assert_eq!(shape["facts"][0]["later"]["balance"], "400.00");
    assert_eq!(shape["contradictions"].as_array().map(Vec::len), Some(0));

    // What the earlier one is refused for.
    let mut damaged = sandbox.read("a.age");
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    sandbox.write("damaged.age", damaged);
    let refused = compare("d.age", "damaged.age", &["--json"]).expect(10);
    assert!(refused.stdout.is_empty() && refused.stderr.contains("the earlier disclosure"), "{refused:?}");
    sandbox.run(&["disclosure", "revoke", "2"]).expect(0);
    sandbox.run(&["disclosure", "status-list", "--to", "Support desk", "--output", "list.jwt"]).expect(0);
    let revoked = compare("d.age", "b.age", &["--status-list", "list.jwt"]).expect(13);
    assert!(revoked.stdout.is_empty() && revoked.stderr.contains("took the earlier"), "{revoked:?}");
    compare("d.age", "a.age", &["--status-list", "list.jwt"]).expect(0);
    compare("-", "-", &[]).expect(2);
    let alone = sandbox.run(&["open", "d.age", "--identity", "desk.key", "--json"]).expect(0).json();
    assert!(alone.get("comparison").is_none());
}

#[test]
fn two_answers_over_the_same_records_are_refused_and_both_are_named() {
    let sandbox = Sandbox::new();
    sandbox.write("desk.key", SECRET);
    let key: RecipientKey = PUBLIC.trim().parse().unwrap();
    let sealed = |name: &str, minor: i64, signer: &IssuerKey, seed: u64| {
        let Fact::Balance(fact) = balance() else { panic!("a balance") };
        let facts = vec![Fact::Balance(BalanceFact { amount: eur(minor), ..fact })];
        let issued =
            issue(&draft(key.audience(), facts), signer, jiff::Timestamp::now(), &Seeded::new(seed)).unwrap();
        sandbox.write(name, seal(&issued.token, &SealTo::Recipient(&key)).unwrap());
    };
    sealed("a.age", 1_230_000, &issuer(), 1);
    sealed("b.age", 1_240_000, &issuer(), 2);
    sealed("other.age", 1_240_000, &IssuerKey::from_seed(&[8; 32]), 3);
    let open = ["open", "b.age", "--identity", "desk.key", "--trust", "--compare"];
    let refused = sandbox.run(&[&open[..], &["a.age"]].concat()).expect(10);
    for text in ["one question (balance) has two answers", "12300.00 EUR", "12400.00 EUR"] {
        assert!(refused.stdout.contains(text), "{text}: {}", refused.stdout);
    }
    assert!(refused.stderr.contains("both cannot be right"), "{}", refused.stderr);
    let refused = sandbox.run(&[&open[..], &["a.age", "--json"]].concat()).expect(10);
    assert_eq!(refused.error()["kind"], "invalid");
    let refused = refused.json();
    assert_eq!(
        (refused["verdict"].as_str(), refused["comparison"]["outcome"].as_str()),
        (Some("invalid"), Some("contradiction"))
    );
    assert_eq!(refused["facts"].as_array().map(Vec::len), Some(0));
    let pair = &refused["comparison"]["facts"][0];
    assert_eq!(
        (pair["earlier"]["balance"].as_str(), pair["later"]["balance"].as_str()),
        (Some("12300.00"), Some("12400.00"))
    );
    assert_eq!(refused["comparison"]["contradictions"].as_array().map(Vec::len), Some(1));
    // A signer who contradicts themselves is not remembered, whatever --trust says.
    sandbox.run(&["open", "b.age", "--identity", "desk.key"]).expect(15);
    let other = sandbox.run(&[&open[..], &["other.age"]].concat()).expect(5);
    assert!(other.stdout.is_empty() && other.stderr.contains("different keys"), "{other:?}");
}
