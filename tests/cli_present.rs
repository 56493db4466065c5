//! Passing on, through the program: from the owner to a CPA, and from the CPA to a lender, with real keys and files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]
#![cfg(unix)]

mod cli_sandbox;

use cli_sandbox::{Outcome, Sandbox};

const CPA_SECRET: &str = include_str!("fixtures/cli/test-only-ssh-ed25519");
const CPA: &str = include_str!("fixtures/cli/test-only-ssh-ed25519.pub");
const LENDER_SECRET: &str = include_str!("fixtures/disclosure/age-identity.txt");
const LENDER: &str = "age17cs6ph5pwrjeps77yxmaje8jny7rmygkf7l9cj0qksm950jcsqwsekndsq";
const OTHER_SECRET: &str = include_str!("fixtures/disclosure/ssh-plain");

/// A balance and three transactions, disclosed to the CPA on these terms.
fn disclosed(sharing: &str, options: &[&str]) -> Sandbox {
    let sandbox = Sandbox::with_account();
    sandbox.add("2026-01-07", "-20.00", "Book Store").expect(0);
    sandbox.add("2026-01-08", "-30.00", "Paper Mill").expect(0);
    sandbox.write("cpa.key", CPA_SECRET);
    sandbox.write("lender.key", LENDER_SECRET);
    sandbox.write("other.key", OTHER_SECRET);
    sandbox.run(&["recipient", "add", "Your CPA", "--key", CPA.trim()]).expect(0);
    let sandbox = disclose(sandbox, &["--onward-sharing", sharing], options);
    sandbox.run(&["open", "cpa.age", "--identity", "cpa.key", "--trust"]).expect(0);
    sandbox
}

fn disclose(sandbox: Sandbox, terms: &[&str], options: &[&str]) -> Sandbox {
    let what = ["disclose", "transactions", "--account", "Everyday", "--from", "2026-01-01", "--until"];
    let whom = ["2026-01-31", "--to", "Your CPA", "--purpose", "Loan 12", "--output", "cpa.age", "--yes"];
    let rest =
        ["--accept-risk", "a test", "--and", "balance", "--account", "Everyday", "--as-of", "2026-01-31"];
    sandbox.run(&[&what[..], &whom[..], terms, options, &rest[..]].concat()).expect(0);
    sandbox
}

fn present(sandbox: &Sandbox, options: &[&str]) -> Outcome {
    let present = ["present", "cpa.age", "--identity", "cpa.key", "--to", LENDER];
    sandbox.run(&[&present[..], options].concat())
}

fn refused(sandbox: &Sandbox, options: &[&str], exit: i32, why: &str) {
    let outcome = present(sandbox, &[options, &["--output", "no.age"]].concat()).expect(exit);
    assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
    assert!(!sandbox.names().contains(&"no.age".to_owned()), "a refused command leaves no file");
}

#[test]
fn a_lender_verifies_what_a_cpa_passes_on_and_sees_what_is_missing() {
    let sandbox = disclosed("permitted", &[]);
    let pass = ["--rows", "1:1,3-4", "--nonce", "Loan 12, question 3", "--output", "lender.age", "--yes"];
    let told = present(&sandbox, &pass).expect(0).stdout;
    for line in [
        "3 of 4 rows; the reader will know that 1 is missing",
        "The reader will know that 1 fact is withheld",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let open = |options: &[&str]| {
        let open = ["open", "lender.age", "--identity", "lender.key"];
        sandbox.run(&[&open[..], options].concat())
    };
    let read = open(&["--nonce", "Loan 12, question 3", "--json"]).expect(0).json();
    assert_eq!((read["verdict"].as_str(), read["withheld_facts"].as_i64()), (Some("valid"), Some(1)));
    assert_eq!(read["facts"][0]["withheld"], 1);
    assert_eq!(read["facts"][0]["transactions"].as_array().map(Vec::len), Some(3), "{read}");
    assert_eq!(read["presented"]["nonce"], "Loan 12, question 3");
    let shown = open(&[]).expect(0).stdout;
    let holder = read["presented"]["holder"].as_str().unwrap();
    for line in [
        &format!("passed on:  by {holder}"),
        "Compare this fingerprint too",
        "Book Store",
        "1 more fact was signed",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(
        !shown.contains("Corner Cafe") || !shown.contains("Example GmbH"),
        "one row is withheld: {shown}"
    );
    let wrong = open(&["--nonce", "another"]).expect(10);
    assert!(wrong.stderr.contains("another nonce") && wrong.stdout.is_empty(), "{}", wrong.stderr);
    sandbox.run(&["open", "cpa.age", "--identity", "cpa.key", "--nonce", "x"]).expect(10);
    // Not for the CPA any more, and not for the lender to pass on.
    sandbox.run(&["open", "lender.age", "--identity", "cpa.key"]).expect(14);
    let again =
        ["present", "lender.age", "--identity", "lender.key", "--sign-with", "other.key", "--to", CPA.trim()];
    let again = sandbox.run(&[&again[..], &["--output", "no.age", "--yes"]].concat()).expect(7);
    assert!(again.stderr.contains("was itself passed on"), "{}", again.stderr);
    // The lender's receipt is for the CPA; the owner closes on the CPA's own.
    let receipt = ["receipt", "make", "lender.age", "--identity", "lender.key", "--sign-with", "other.key"];
    sandbox.run(&[&receipt[..], &["--output", "lender.jwt"]].concat()).expect(0);
    sandbox.run(&["disclosure", "close", "1", "--receipt", "lender.jwt"]).expect(5);
}

#[test]
fn a_revoked_disclosure_is_not_passed_on_and_shows_nothing_where_it_was() {
    let sandbox = disclosed("permitted", &[]);
    present(&sandbox, &["--output", "lender.age", "--yes"]).expect(0);
    let list = |name: &str| {
        sandbox.run(&["disclosure", "status-list", "--to", "Your CPA", "--output", name]).expect(0);
    };
    list("before.jwt");
    let open = ["open", "lender.age", "--identity", "lender.key", "--json", "--status-list"];
    let good = sandbox.run(&[&open[..], &["before.jwt"]].concat()).expect(0).json();
    assert_eq!(good["revocation"], "not-revoked");
    sandbox.run(&["disclosure", "revoke", "1"]).expect(0);
    list("after.jwt");
    let gone = sandbox.run(&[&open[..], &["after.jwt"]].concat()).expect(13).json();
    assert_eq!(gone["facts"].as_array().map(Vec::len), Some(0));
    refused(&sandbox, &["--yes", "--status-list", "after.jwt"], 13, "took this disclosure back");
}

#[test]
fn it_goes_only_where_the_terms_the_key_and_the_clock_allow() {
    let sandbox = disclosed("with-consent", &[]);
    refused(&sandbox, &[], 2, "Did the owner agree to this very step");
    refused(&sandbox, &["--json"], 2, "nothing is asked");
    refused(&sandbox, &["--yes", "--sign-with", "other.key"], 3, "not the one that the owner put");
    refused(&sandbox, &["--yes", "--sign-with", "lender.key"], 3, "an age key cannot sign");
    refused(&sandbox, &["--yes", "--fact", "3"], 2, "there is no fact 3: this copy has 2");
    refused(&sandbox, &["--yes", "--rows", "1:5"], 2, "fact 1 has no row 5: this copy has 4");
    refused(&sandbox, &["--yes", "--rows", "2:1"], 2, "fact 2 has no row 1");
    refused(&sandbox, &["--yes", "--nonce", ""], 2, "a nonce has 1 to 200 bytes");
    let own =
        ["present", "cpa.age", "--identity", "cpa.key", "--to", CPA.trim(), "--output", "no.age", "--yes"];
    assert!(sandbox.run(&own).expect(2).stderr.contains("is your own"));
    let damaged: Vec<u8> = sandbox.read("cpa.age").iter().rev().copied().collect();
    sandbox.write("damaged.age", damaged);
    let damaged =
        ["present", "damaged.age", "--identity", "cpa.key", "--to", LENDER, "--output", "no.age", "--yes"];
    sandbox.run(&damaged).expect(10);
    let told = present(&sandbox, &["--yes", "--output", "lender.age"]).expect(0).stdout;
    assert!(told.contains("have it before you go on"), "{told}");
    let over = present(&sandbox, &["--yes", "--output", "lender.age"]).expect(1);
    assert!(over.stderr.contains("exists already"), "{}", over.stderr);
    present(&sandbox, &["--yes", "--output", "lender.age", "--force"]).expect(0);
    let prohibited = disclosed("prohibited", &[]);
    refused(&prohibited, &["--yes"], 7, "prohibit passing it on");
    let expired = disclosed("permitted", &["--expires", "3s"]);
    std::thread::sleep(std::time::Duration::from_millis(3_100));
    refused(&expired, &["--yes"], 11, "expired");
}

#[test]
fn a_dry_run_shows_it_and_signs_nothing() {
    let sandbox = disclosed("permitted", &[]);
    let before = sandbox.names();
    let shown = present(&sandbox, &["--dry-run", "--fact", "2"]).expect(0).stdout;
    assert!(shown.contains("Nothing was signed") && shown.contains("withheld"), "{shown}");
    let shape = present(&sandbox, &["--dry-run", "--rows", "1:none", "--json"]).expect(0).json();
    assert_eq!((shape["output"].is_null(), shape["withheld_facts"].as_i64()), (true, Some(1)));
    assert_eq!(shape["facts"][0]["withheld"], 4);
    assert_eq!(sandbox.names(), before);
}

#[test]
fn an_age_key_receives_and_an_introduced_ssh_key_passes_on_under_a_passcode() {
    let sandbox = Sandbox::with_account();
    sandbox.write("cpa.key", CPA_SECRET);
    sandbox.write("age.key", LENDER_SECRET);
    sandbox.run(&["recipient", "add", "Your CPA", "--key", LENDER]).expect(0);
    let what = ["disclose", "balance", "--account", "Everyday", "--as-of", "2026-01-31", "--to", "Your CPA"];
    let terms = ["--purpose", "Loan 12", "--onward-sharing", "permitted", "--yes", "--json", "--output"];
    let warned = sandbox.run(&[&what[..], &terms[..], &["a.age"]].concat()).expect(0).json();
    assert_eq!(warned["holder"], serde_json::Value::Null);
    assert!(warned["warnings"].to_string().contains("recipient receipt-key"), "{warned}");
    let present = |file: &str, options: &[&str]| {
        let present =
            ["present", file, "--identity", "age.key", "--to-passcode", "--output", "p.age", "--yes"];
        sandbox.run(&[&present[..], options].concat())
    };
    let refused = present("a.age", &["--sign-with", "cpa.key"]).expect(7);
    assert!(refused.stderr.contains("give the owner your ssh-ed25519 key"), "{}", refused.stderr);
    sandbox.run(&["recipient", "receipt-key", "Your CPA", CPA.trim()]).expect(0);
    let held = sandbox.run(&[&what[..], &terms[..], &["b.age"]].concat()).expect(0).json();
    assert!(held["holder"].is_string(), "{held}");
    present("b.age", &[]).expect(3);
    let passed = present("b.age", &["--sign-with", "cpa.key", "--json"]).expect(0).json();
    assert_eq!(passed["holder"], held["holder"]);
    sandbox.write("code.txt", passed["passcode"].as_str().unwrap());
    let open = ["open", "p.age", "--passcode-file", "code.txt", "--json", "--trust"];
    let read = sandbox.run(&open).expect(0).json();
    assert_eq!((read["verdict"].as_str(), &read["presented"]["holder"]), (Some("valid"), &held["holder"]));
}

#[test]
fn the_owner_traces_a_leak_to_who_passed_it_on() {
    use finvault::disclosure::{Identities, OpenWith, open};
    let sandbox = disclosed("permitted", &[]);
    present(&sandbox, &["--rows", "1:1", "--output", "lender.age", "--yes"]).expect(0);
    let keys = Identities::parse(LENDER_SECRET.as_bytes(), None).unwrap();
    let leaked = open(&sandbox.read("lender.age"), OpenWith::Identities(&keys)).unwrap().token;
    sandbox.write("leak.txt", format!("found on a desk: {leaked}\n"));
    let traced = sandbox.run(&["disclosure", "trace", "leak.txt"]).expect(0).stdout;
    for line in
        ["certain: disclosure 1", "it is a copy that Your CPA passed on at", "made out to ni:///sha-256;"]
    {
        assert!(traced.contains(line), "{line}: {traced}");
    }
    // A part of it is traced to the disclosure, but not to a hand.
    let part = leaked.split('~').nth(1).unwrap();
    sandbox.write("part.txt", part);
    let traced = sandbox.run(&["disclosure", "trace", "part.txt"]).expect(0).stdout;
    assert!(traced.contains("certain") && !traced.contains("passed on at"), "{traced}");
}
