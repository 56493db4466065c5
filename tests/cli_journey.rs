//! The whole main job through the real program: from an empty folder to a disclosure that is opened.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod cli_sandbox;

use cli_sandbox::{Sandbox, ofx};
use serde_json::json;

const PURPOSE: [&str; 2] = ["--purpose", "Loan application 4711"];

fn statement() -> String {
    ofx(
        &[
            ("20260105", "-3.80", "A1", "CORNER CAFE"),
            ("20260105", "-3.80", "A2", "CORNER CAFE"),
            ("20260115", "1620.00", "A3", "EXAMPLE GMBH"),
            ("20260131", "-800.00", "A4", "LANDLORD"),
        ],
        "1912.40",
    )
}

/// A vault with that statement in it, and the name of the account that it made.
fn imported() -> (Sandbox, String) {
    let sandbox = Sandbox::with_vault();
    sandbox.write("january.ofx", statement());
    let report = sandbox.json(&["import", "january.ofx"]).expect(0).json();
    let account = report["files"][0]["accounts"][0]["account"].as_str().unwrap().to_owned();
    (sandbox, account)
}

/// Makes an age key with the same code as anybody's `age-keygen`; gives the public half.
fn age_key(sandbox: &Sandbox, file: &str) -> String {
    use age::secrecy::ExposeSecret;
    let identity = age::x25519::Identity::generate();
    sandbox.write(file, format!("# made for a test\n{}\n", identity.to_string().expose_secret()));
    identity.to_public().to_string()
}

fn disclose(sandbox: &Sandbox, account: &str, to: &str, output: &str) -> serde_json::Value {
    let mut arguments = vec!["disclose", "balance", "--account", account, "--as-of", "2026-01-31"];
    arguments.extend(["--to", to, "--output", output, "--yes"]);
    arguments.extend(PURPOSE);
    sandbox.json(&arguments).expect(0).json()
}

#[test]
fn a_statement_becomes_balances_that_agree_with_the_bank() {
    let (sandbox, account) = imported();
    let balances = sandbox.json(&["balance", "--as-of", "2026-01-31"]).expect(0).json();
    let balance = &balances[0];
    assert_eq!(balance["account"], account.as_str());
    assert_eq!(balance["kind"], "checking");
    assert_eq!(balance["currency"], "EUR");
    assert_eq!(balance["balance"], "1912.40");
    assert_eq!(balance["as_of"], "2026-01-31");
    assert_eq!(balance["stated"]["difference"], "0.00");
    let earlier = sandbox.json(&["balance", "--as-of", "2026-01-14", "--account", &account]).expect(0).json();
    assert_eq!(earlier[0]["balance"], "1092.40");

    let rows = sandbox.json(&["tx", "list", "--text", "cafe"]).expect(0).json();
    assert_eq!(rows.as_array().unwrap().len(), 2, "two equal coffees stay two");

    let register = sandbox.json(&["report", "register", "--account", &account]).expect(0).json();
    assert_eq!(register["opening"], "1100.00");
    assert_eq!(register["closing"], "1912.40");
    let running: Vec<_> =
        register["rows"].as_array().unwrap().iter().map(|row| row["balance"].clone()).collect();
    assert_eq!(running, [json!("1096.20"), json!("1092.40"), json!("2712.40"), json!("1912.40")]);
}

#[test]
fn the_same_file_twice_adds_nothing_and_an_import_can_be_taken_back() {
    let (sandbox, _) = imported();
    let again = sandbox.json(&["import", "january.ofx"]).expect(0).json();
    let counts = &again["files"][0]["accounts"][0];
    assert_eq!((&counts["added"], &counts["duplicate"]), (&json!(0), &json!(4)));
    assert_eq!(sandbox.json(&["tx", "list"]).expect(0).json().as_array().unwrap().len(), 4);

    let batches = sandbox.json(&["imports", "list"]).expect(0).json();
    assert_eq!(batches.as_array().unwrap().len(), 2);
    assert_eq!(batches[0]["added"], 4);
    let second = batches[1]["batch"].to_string();
    assert_eq!(sandbox.json(&["imports", "undo", &second]).expect(0).json()["removed"], 0);
    let first = batches[0]["batch"].to_string();
    assert_eq!(sandbox.json(&["imports", "undo", &first]).expect(0).json()["removed"], 4);
    assert_eq!(sandbox.json(&["tx", "list"]).expect(0).json(), json!([]));
    assert_eq!(sandbox.json(&["account", "list"]).expect(0).json(), json!([]));
    sandbox.json(&["imports", "undo", &first]).expect(5);
    sandbox.run(&["check"]).expect(0);
}

#[test]
fn a_disclosure_reaches_its_recipient_and_nobody_else() {
    let (sandbox, account) = imported();
    let key = age_key(&sandbox, "lender.key");
    age_key(&sandbox, "stranger.key");
    let added = sandbox.json(&["recipient", "add", "Example Lender", "--key", &key]).expect(0).json();
    let issued = disclose(&sandbox, &account, "example lender", "for-lender.age");
    assert_eq!(issued["issuer"], added["issuer"]);
    assert_eq!(issued["passcode"], json!(null));

    let opened = sandbox.json(&["open", "for-lender.age", "--identity", "lender.key"]).expect(15).json();
    assert_eq!(opened["verdict"], "unknown-signer");
    assert_eq!(opened["signature"], "valid");
    assert_eq!(opened["issuer"], added["issuer"]);
    assert_eq!(opened["purpose"], "Loan application 4711");
    assert_eq!(opened["revocation"], "not-checked");
    let fact = &opened["facts"][0];
    assert_eq!(
        (&fact["kind"], &fact["balance"], &fact["currency"]),
        (&json!("balance"), &json!("1912.40"), &json!("EUR"))
    );
    assert_eq!(fact["evidence"]["grade"], "derived-from-imported-statement");
    assert!(!opened.to_string().contains("0000004711"), "the full account number left: {opened}");

    sandbox.json(&["open", "for-lender.age", "--identity", "lender.key", "--trust"]).expect(0);
    let known = sandbox.json(&["open", "for-lender.age", "--identity", "lender.key"]).expect(0).json();
    assert_eq!(known["verdict"], "valid");

    let other = sandbox.json(&["open", "for-lender.age", "--identity", "stranger.key"]).expect(14);
    assert_eq!(other.json()["verdict"], "not-for-recipient");
    assert_eq!(other.json()["facts"], json!([]));
    assert_eq!(other.error()["code"], 14);
}

#[test]
fn the_log_tells_what_left() {
    let (sandbox, account) = imported();
    let key = age_key(&sandbox, "lender.key");
    sandbox.run(&["recipient", "add", "Example Lender", "--key", &key]).expect(0);
    let issued = disclose(&sandbox, &account, "Example Lender", "for-lender.age");
    let log = sandbox.json(&["log", "--verify"]).expect(0).json();
    assert_eq!(log["verified"]["entries"], 3);
    let kinds: Vec<&str> =
        log["entries"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["vault-created", "recipient-added", "disclosed"]);
    assert_eq!(log["entries"][2]["detail"]["sealed_sha256"], issued["sha256"]);
    let shown = sandbox.json(&["disclosure", "show", &issued["disclosure"].to_string()]).expect(0).json();
    assert_eq!(shown["sha256"], issued["sha256"]);
    assert_eq!(shown["facts"][0]["balance"], "1912.40");
    assert_eq!(sandbox.json(&["disclosure", "list"]).expect(0).json()[0]["recipient"], "Example Lender");
    let check = sandbox.json(&["check"]).expect(0).json();
    // That the owner looked into their own copy is an entry too.
    assert_eq!((&check["ok"], &check["log_entries"]), (&json!(true), &json!(4)));
}

#[test]
fn one_altered_byte_is_invalid_wherever_it_is() {
    let (sandbox, account) = imported();
    let key = age_key(&sandbox, "lender.key");
    sandbox.run(&["recipient", "add", "Example Lender", "--key", &key]).expect(0);
    disclose(&sandbox, &account, "Example Lender", "for-lender.age");
    let sealed = sandbox.read("for-lender.age");
    for at in (0..sealed.len()).step_by(sealed.len() / 40) {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        sandbox.write("altered.age", &altered);
        let outcome = sandbox.json(&["open", "altered.age", "--identity", "lender.key"]);
        assert_eq!(outcome.code, 10, "byte {at}: {outcome:?}");
        assert_eq!(outcome.json()["facts"], json!([]));
    }
    sandbox.write("cut.age", &sealed[..sealed.len() - 1]);
    sandbox.run(&["open", "cut.age", "--identity", "lender.key"]).expect(10);
}

#[test]
fn a_recipient_without_a_key_gets_a_passcode() {
    let (sandbox, account) = imported();
    sandbox.run(&["recipient", "add", "Support desk"]).expect(0);
    let issued = disclose(&sandbox, &account, "Support desk", "for-support.age");
    let passcode = issued["passcode"].as_str().unwrap();
    sandbox.write("passcode.txt", passcode);
    let opened =
        sandbox.json(&["open", "for-support.age", "--passcode-file", "passcode.txt"]).expect(15).json();
    assert_eq!(opened["facts"][0]["balance"], "1912.40");
    assert_eq!(opened["audience_checked"], true);

    let again = disclose(&sandbox, &account, "Support desk", "again.age");
    assert_ne!(again["passcode"], issued["passcode"], "each disclosure has a passcode of its own");
    sandbox.run(&["open", "again.age", "--passcode-file", "passcode.txt"]).expect(10);
    let (rest, last) = passcode.split_at(passcode.len() - 1);
    sandbox.write("mistyped.txt", format!("{rest}{}", if last == "0" { "1" } else { "0" }));
    let mistyped = sandbox.run(&["open", "for-support.age", "--passcode-file", "mistyped.txt"]).expect(3);
    assert!(mistyped.stderr.contains("mistyped"), "{}", mistyped.stderr);
    sandbox.run(&["open", "for-support.age"]).expect(2);
}

#[test]
fn an_ssh_key_opens_what_was_sealed_to_it() {
    let (sandbox, account) = imported();
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cli");
    let public = std::fs::read_to_string(fixtures.join("test-only-ssh-ed25519.pub")).unwrap();
    let secret = fixtures.join("test-only-ssh-ed25519");
    sandbox.run(&["recipient", "add", "Accountant", "--key", public.trim()]).expect(0);
    disclose(&sandbox, &account, "Accountant", "for-accountant.age");
    let opened = sandbox
        .json(&["open", "for-accountant.age", "--identity", secret.to_str().unwrap()])
        .expect(15)
        .json();
    assert_eq!(opened["facts"][0]["balance"], "1912.40");
}

#[test]
fn transactions_leave_with_the_chosen_fields_only() {
    let (sandbox, account) = imported();
    let key = age_key(&sandbox, "lender.key");
    sandbox.run(&["recipient", "add", "Example Lender", "--key", &key]).expect(0);
    let mut arguments =
        vec!["disclose", "transactions", "--account", &account, "--from", "2026-01-01", "--to", "2026-01-31"];
    arguments.extend(["--fields", "date,amount", "--text", "example", "--to", "Example Lender", "--yes"]);
    arguments.extend(["--output", "income.age"]);
    arguments.extend(PURPOSE);
    sandbox.json(&arguments).expect(0);
    let opened = sandbox.json(&["open", "income.age", "--identity", "lender.key"]).expect(15).json();
    let rows = &opened["facts"][0]["transactions"];
    assert_eq!(rows, &json!([{"date": "2026-01-15", "amount": "1620.00", "currency": "EUR"}]));
    assert_eq!(opened["facts"][0]["selection"]["matched"], 1);
}

#[test]
fn what_was_sealed_in_another_time_is_refused_without_its_facts() {
    use finvault::crypto::Passphrase;
    use finvault::disclosure::{Lifetime, Purpose, Terms};
    use finvault::vault::{DisclosureRequest, FactRequest, LabelChoice, OpenOptions, Secret, Vault};
    let (sandbox, account) = imported();
    let key = age_key(&sandbox, "lender.key");
    sandbox.run(&["recipient", "add", "Example Lender", "--key", &key]).expect(0);

    // The library takes the time as an argument, so a disclosure of another month needs no trick with clocks.
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    let mut vault =
        Vault::open(&sandbox.vault(), &Secret::Passphrase(&passphrase), &OpenOptions::default()).unwrap();
    let request = DisclosureRequest {
        recipient: vault.recipient("Example Lender").unwrap().id,
        facts: vec![FactRequest::Balance {
            account: vault.account(&account).unwrap().id,
            as_of: "2026-01-31".parse().unwrap(),
            round_to: None,
            label: LabelChoice::Number,
        }],
        purpose: Purpose::from_text("Loan application 4711").unwrap(),
        terms: Terms::default(),
        lifetime: Lifetime::default(),
        accept_risk: None,
        form: None,
    };
    let now = jiff::Timestamp::now();
    for (hours, file) in [(-24 * 7 - 1, "expired.age"), (1, "early.age")] {
        let moment = now + jiff::SignedDuration::from_hours(hours);
        vault.disclose(&request, moment, &mut |bytes| std::fs::write(sandbox.join(file), bytes)).unwrap();
    }
    vault.close().unwrap();

    for (file, code, verdict) in [("expired.age", 11, "expired"), ("early.age", 12, "clock-suspect")] {
        let scripts = sandbox.json(&["open", file, "--identity", "lender.key"]).expect(code);
        assert_eq!(scripts.json()["verdict"], verdict);
        assert_eq!(scripts.json()["signature"], "valid");
        assert_eq!(scripts.json()["facts"], json!([]));
        let people = sandbox.run(&["open", file, "--identity", "lender.key"]).expect(code);
        for text in [&people.stdout, &people.stderr, &scripts.stdout, &scripts.stderr] {
            assert!(!text.contains("1912"), "a fact was shown: {text}");
        }
    }
}

#[test]
fn the_demo_does_it_all_unasked() {
    let sandbox = Sandbox::new();
    let begun = std::time::Instant::now();
    let outcome = sandbox.run(&["demo"]).expect(0);
    assert!(begun.elapsed().as_secs() < 60, "the demo took {:?}", begun.elapsed());
    for expected in [
        "$ finvault init",
        "34 added",
        "26 added",
        "4688.36",
        "-207.62",
        "4700.00 USD",
        "Signature valid, signer not known",
        "Valid: signed by a signer you know",
        "The log is intact",
        "The vault is sound",
    ] {
        assert!(outcome.stdout.contains(expected), "{expected:?} is missing:\n{}", outcome.stdout);
    }
    // What it prints can be typed: the folder stays, and its vault opens with the files in it.
    let folder = outcome.stdout.lines().find_map(|line| line.strip_prefix("$ cd ")).unwrap();
    let export = outcome.stdout.lines().find_map(|line| line.strip_prefix("$ export ")).unwrap();
    let listed =
        sandbox.shell(&format!("cd {folder} && export {export} && finvault tx list --text cafe")).expect(0);
    assert_eq!(listed.stdout.matches("CORNER CAFE").count(), 6, "{}", listed.stdout);

    let scripts = sandbox.json(&["demo"]).expect(0).json();
    assert_eq!(scripts["steps"].as_array().unwrap().len(), 10);
    assert_eq!(scripts["steps"][6]["exit"], 15);
}
