//! Receipts through the program: attached, disclosed whole, written out by the recipient; and what must not leave.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]
#![cfg(unix)]

mod cli_sandbox;

use cli_sandbox::Sandbox;
use sha2::{Digest, Sha256};

const SECRET: &str = include_str!("fixtures/cli/test-only-ssh-ed25519");
const PUBLIC: &str = include_str!("fixtures/cli/test-only-ssh-ed25519.pub");
const RECEIPT: &[u8] = b"%PDF-1.7\nCorner Cafe, 12.30 EUR\n";

/// A vault whose first transaction has a receipt, and a recipient with the key `desk.key`.
fn with_receipt() -> Sandbox {
    let sandbox = Sandbox::with_account();
    sandbox.write("desk.key", SECRET);
    sandbox.write("Beleg privat.pdf", RECEIPT);
    std::fs::create_dir(sandbox.join("out")).unwrap();
    sandbox.run(&["recipient", "add", "Support desk", "--key", PUBLIC.trim()]).expect(0);
    sandbox.run(&["attach", "add", "Beleg privat.pdf", "--tx", "1"]).expect(0);
    sandbox
}

fn disclose(sandbox: &Sandbox, options: &[&str]) -> cli_sandbox::Outcome {
    let common = ["--to", "Support desk", "--purpose", "Case 12", "--output", "a.age", "--yes"];
    sandbox.run(&[&["disclose"][..], options, &common].concat())
}

#[test]
fn a_receipt_is_disclosed_and_written_out_by_its_recipient() {
    let sandbox = with_receipt();
    let done = disclose(&sandbox, &["receipt", "--tx", "1"]).expect(0);
    let says = format!("the document \"receipt.pdf\" ({} bytes) leaves whole", RECEIPT.len());
    assert!(done.stdout.contains(&says), "{}", done.stdout);
    let open = ["open", "a.age", "--identity", "desk.key", "--trust", "--extract", "out"];
    let opened = sandbox.run(&open).expect(0);
    assert!(opened.stdout.contains(&format!("enclosed, {} bytes", RECEIPT.len())), "{}", opened.stdout);
    assert!(opened.stdout.contains("Wrote out/receipt.pdf"), "{}", opened.stdout);
    assert_eq!(sandbox.read("out/receipt.pdf"), RECEIPT);
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(sandbox.join("out/receipt.pdf")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // Nothing is written over another file unasked.
    sandbox.write("out/receipt.pdf", "mine");
    let refused = sandbox.run(&open).expect(1);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    assert_eq!(sandbox.read("out/receipt.pdf"), b"mine");
    let forced = sandbox.run(&[&open[..], &["--force", "--json"]].concat()).expect(0).json();
    assert_eq!(sandbox.read("out/receipt.pdf"), RECEIPT);
    assert_eq!(forced["extracted"][0], "out/receipt.pdf");
    let fact = &forced["facts"][0];
    assert_eq!(
        (fact["enclosed"].as_bool(), fact["bytes"].as_u64()),
        (Some(true), Some(RECEIPT.len() as u64))
    );
    let digest: String = Sha256::digest(RECEIPT).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(fact["sha256"], digest.as_str());
    sandbox.run(&["open", "a.age", "--identity", "desk.key", "--extract", "nowhere"]).expect(1);
}

#[test]
fn by_its_digest_alone_nothing_is_there_to_write_out() {
    let sandbox = with_receipt();
    disclose(&sandbox, &["document", "--attachment", "1", "--digest-only", "--no-name"]).expect(0);
    let open = ["open", "a.age", "--identity", "desk.key", "--trust", "--extract", "out"];
    let opened = sandbox.run(&open).expect(0);
    assert!(opened.stdout.contains("not enclosed"), "{}", opened.stdout);
    assert!(opened.stdout.contains("No document came along"), "{}", opened.stdout);
    assert_eq!(std::fs::read_dir(sandbox.join("out")).unwrap().count(), 0);
    let json = sandbox.json(&["open", "a.age", "--identity", "desk.key"]).expect(0).json();
    assert_eq!(json["facts"][0]["enclosed"], false);
    assert!(json["facts"][0]["bytes"].is_null() && json["extracted"].is_null());
}

#[test]
fn an_altered_disclosure_writes_nothing() {
    let sandbox = with_receipt();
    disclose(&sandbox, &["receipt", "--attachment", "1", "--name", "invoice.pdf"]).expect(0);
    let mut bytes = sandbox.read("a.age");
    let last = bytes.len() - 40;
    bytes[last] ^= 1;
    sandbox.write("a.age", bytes);
    sandbox.run(&["open", "a.age", "--identity", "desk.key", "--extract", "out"]).expect(10);
    assert_eq!(std::fs::read_dir(sandbox.join("out")).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_told_apart_is_refused_with_the_candidates() {
    let sandbox = with_receipt();
    sandbox.write("second.txt", "another one");
    sandbox.run(&["attach", "add", "second.txt", "--tx", "1"]).expect(0);
    let refused = disclose(&sandbox, &["receipt", "--tx", "1"]).expect(5);
    assert!(
        refused.stderr.contains("--attachment: 1 (Beleg privat.pdf), 2 (second.txt)"),
        "{}",
        refused.stderr
    );
    disclose(&sandbox, &["receipt", "--tx", "2"]).expect(5);
    disclose(&sandbox, &["receipt", "--tx", "1", "--attachment", "1"]).expect(2);
    disclose(&sandbox, &["receipt"]).expect(2);
    disclose(&sandbox, &["receipt", "--attachment", "1", "--name", "../x"]).expect(5);
    assert!(!sandbox.names().contains(&"a.age".to_owned()), "a failed command leaves no file");
}

#[test]
fn the_whole_number_and_the_profile_leave_only_by_name() {
    let sandbox = with_receipt();
    sandbox.run(&["profile", "set", "--name", "Example Holder", "--email", "me@example.org"]).expect(0);
    disclose(&sandbox, &["account", "--account", "Everyday", "--fields", "full-number"]).expect(2);
    let lacking = ["account", "--account", "Everyday", "--from-profile", "name,phone"];
    let refused = disclose(&sandbox, &lacking).expect(5);
    assert!(refused.stderr.contains("finvault profile set --phone TEXT"), "{}", refused.stderr);
    let told =
        disclose(&sandbox, &["account", "--account", "Everyday", "--full-number", "--from-profile", "name"])
            .expect(0);
    assert!(told.stdout.contains("THE WHOLE ACCOUNT NUMBER"), "{}", told.stdout);
    let opened = sandbox.json(&["open", "a.age", "--identity", "desk.key", "--trust"]).expect(0);
    let fact = &opened.json()["facts"][0];
    assert_eq!(fact["full_number"], "DE89370400440532013000");
    assert_eq!((fact["scheme"].as_str(), fact["holder"].as_str()), (Some("IBAN"), Some("Example Holder")));
    assert!(!opened.stdout.contains("me@example.org"));
}

#[test]
fn a_preset_names_the_holder_from_the_profile() {
    let sandbox = with_receipt();
    let preset = ["preset", "proof-of-funds", "--account", "Everyday", "--amount", "1"];
    let refused = disclose(&sandbox, &preset).expect(5);
    assert!(refused.stderr.contains("your profile does not have: name"), "{}", refused.stderr);
    sandbox.run(&["profile", "set", "--name", "Example Holder"]).expect(0);
    sandbox.add("today", "-1.00", "Corner Cafe").expect(0);
    disclose(&sandbox, &preset).expect(0);
    let opened = sandbox.run(&["open", "a.age", "--identity", "desk.key", "--trust"]).expect(0);
    assert!(opened.stdout.contains("Example Holder"), "{}", opened.stdout);
}

#[test]
fn looking_at_ones_own_copy_is_logged_and_not_looking_is_not() {
    let sandbox = with_receipt();
    disclose(&sandbox, &["account", "--account", "Everyday", "--fields", "kind"]).expect(0);
    let kinds = || -> Vec<String> {
        let log = sandbox.json(&["log", "--verify"]).expect(0).json();
        let entries = log["entries"].as_array().unwrap();
        entries.iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
    };
    let before = kinds();
    let hidden = sandbox.json(&["disclosure", "show", "1", "--no-facts"]).expect(0).json();
    assert!(hidden["facts"].is_null() && hidden["sentences"].is_null() && hidden["jti"].is_string());
    let listed = sandbox.json(&["disclosure", "list"]).expect(0).json();
    assert!(listed[0]["facts"].is_null());
    assert_eq!(kinds(), before);
    let shown = sandbox.json(&["disclosure", "show", "1"]).expect(0).json();
    assert_eq!(shown["facts"][0]["account_kind"], "checking");
    assert_eq!(kinds().last().map(String::as_str), Some("own-copy-opened"));
    assert_eq!(kinds().len(), before.len() + 1);
}
