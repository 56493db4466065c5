//! Drafts through the program: the owner, two reviewers and the recipient, each with real keys, and what scripts rely on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]
#![cfg(unix)]

mod cli_sandbox;

use cli_sandbox::{Outcome, Sandbox};

const DESK: &str = include_str!("fixtures/cli/test-only-ssh-ed25519");
const DESK_PUBLIC: &str = include_str!("fixtures/cli/test-only-ssh-ed25519.pub");
const CPA: &str = include_str!("fixtures/disclosure/ssh-plain");
const CPA_PUBLIC: &str = include_str!("fixtures/disclosure/ssh-plain.pub");

/// A vault with a lender who receives under an age key, a CPA, and a desk that receives under an age key and signs with SSH.
fn sandbox() -> Sandbox {
    use age::secrecy::ExposeSecret;
    let sandbox = Sandbox::with_account();
    for (name, recipient) in [("lender.key", "Example Lender"), ("desk-age.key", "Tax desk")] {
        let identity = age::x25519::Identity::generate();
        sandbox.write(name, identity.to_string().expose_secret());
        let public = identity.to_public().to_string();
        sandbox.run(&["recipient", "add", recipient, "--key", &public]).expect(0);
    }
    sandbox.run(&["recipient", "receipt-key", "Tax desk", DESK_PUBLIC.trim()]).expect(0);
    sandbox.run(&["recipient", "add", "Your CPA", "--key", CPA_PUBLIC.trim()]).expect(0);
    sandbox.write("cpa.key", CPA);
    sandbox.write("desk-ssh.key", DESK);
    sandbox
}

fn draft(sandbox: &Sandbox, options: &[&str]) -> Outcome {
    let what = ["disclosure", "draft", "balance", "--account", "Everyday", "--as-of", "2026-01-06"];
    let rest = ["--to", "Example Lender", "--purpose", "Loan 12", "--yes"];
    sandbox.run(&[&what[..], &rest[..], options].concat())
}

fn review(sandbox: &Sandbox, options: &[&str]) -> Outcome {
    sandbox.run(&[&["review", "d.age", "--identity", "cpa.key"][..], options].concat())
}

#[test]
fn from_the_draft_to_the_recipients_screen() {
    let sandbox = sandbox();
    let made = ["--reviewer", "Your CPA", "--reviewer", "tax desk", "--output", "d.age", "--json"];
    let made = draft(&sandbox, &made).expect(0).json();
    assert_eq!((made["draft"].as_i64(), made["missing"].as_array().map(Vec::len)), (Some(1), Some(2)));
    // Whoever it is given to, it is no disclosure.
    let refused = sandbox.run(&["open", "d.age", "--identity", "cpa.key"]).expect(10);
    assert!(refused.stderr.contains("finvault review"), "{}", refused.stderr);
    assert!(!refused.stdout.contains("337.70"));
    sandbox.run(&["review", "d.age", "--identity", "lender.key"]).expect(14);

    // The CPA looks, compares the fingerprint, approves and endorses.
    let looked = review(&sandbox, &[]).expect(15);
    for shown in ["Example Lender", "Loan 12", "337.70", "Fact 1", "nothing in it was signed"] {
        assert!(looked.stdout.contains(shown), "{shown}: {}", looked.stdout);
    }
    let approve = ["--approve", "--endorse", "CPA", "--fact", "1", "--note", "Agrees with my books"];
    let output = ["--output", "cpa.review"];
    let unknown = review(&sandbox, &[&approve[..], &output[..]].concat()).expect(15);
    assert!(unknown.stderr.contains("--trust"), "{}", unknown.stderr);
    assert!(!sandbox.names().contains(&"cpa.review".to_owned()), "a failed command leaves no file");
    let reviewed = review(&sandbox, &[&approve[..], &output[..], &["--trust", "--json"]].concat());
    let reviewed = reviewed.expect(0).json();
    assert_eq!(
        (reviewed["verdict"].as_str(), reviewed["decision"].as_str()),
        (Some("draft"), Some("approved"))
    );
    assert_eq!(reviewed["disclosure_sha256"], made["disclosure_sha256"]);
    assert_eq!(reviewed["issuer"], made["issuer"]);

    // Not before everybody agreed.
    let seal = ["disclosure", "seal", "1", "--output", "s.age", "--yes"];
    sandbox.run(&seal).expect(7);
    let taken = sandbox.run(&["disclosure", "approve", "1", "cpa.review", "--json"]).expect(0).json();
    assert_eq!(taken["missing"], serde_json::json!(["Tax desk"]));
    let lacking = sandbox.run(&seal).expect(7);
    assert!(lacking.stderr.contains("lacks the approval of Tax desk"), "{}", lacking.stderr);
    sandbox.run(&[&seal[..], &["--dry-run"]].concat()).expect(7);
    let desk = ["review", "d.age", "--identity", "desk-age.key", "--approve", "--output", "desk.review"];
    sandbox.run(&desk).expect(3);
    sandbox.run(&[&desk[..], &["--sign-with", "desk-ssh.key"]].concat()).expect(0);
    sandbox.run(&["disclosure", "approve", "1", "desk.review"]).expect(0);
    assert!(!sandbox.names().contains(&"s.age".to_owned()));
    sandbox.run(&[&seal[..], &["--dry-run"]].concat()).expect(0);
    sandbox.run(&seal[..5]).expect(2);
    sandbox.run(&seal).expect(0);
    let listed = sandbox.run(&["disclosure", "drafts", "--json"]).expect(0).json();
    assert_eq!((listed[0]["state"].as_str(), listed[0]["disclosure"].as_i64()), (Some("sealed"), Some(1)));

    // The lender sees who endorsed what; the endorser is known only once they say so.
    let open = ["open", "s.age", "--identity", "lender.key", "--trust", "--json"];
    let opened = sandbox.run(&open).expect(0).json();
    let endorsement = &opened["endorsements"][0];
    assert_eq!(opened["endorsements"].as_array().map(Vec::len), Some(1));
    assert_eq!((endorsement["role"].as_str(), endorsement["known"].as_bool()), (Some("CPA"), Some(false)));
    assert_eq!((&endorsement["facts"], &endorsement["withheld"]), (&serde_json::json!([1]), &0.into()));
    let known = sandbox.run(&[&open[..], &["--trust-endorsers"]].concat()).expect(0).json();
    assert_eq!(known["endorsements"][0]["known"], true);
    let shown = sandbox.run(&open[..4]).expect(0);
    for text in ["as CPA on", "fact 1", "Agrees with my books", "you know this endorser"] {
        assert!(shown.stdout.contains(text), "{text}: {}", shown.stdout);
    }
    // Two files, so that who endorses is not taken for one who discloses.
    let state = |name: &str| String::from_utf8(sandbox.read(&format!("state/{name}"))).unwrap();
    let endorser = endorsement["signer"].as_str().unwrap();
    assert!(state("known-endorsers.tsv").contains(endorser));
    assert!(!state("known-signers.tsv").contains(endorser));
    let log = sandbox.run(&["log", "--verify", "--json"]).expect(0).json();
    let kinds: Vec<&str> =
        log["entries"].as_array().unwrap().iter().filter_map(|entry| entry["kind"].as_str()).collect();
    let end = ["drafted", "denied", "approved", "denied", "approved", "disclosed"];
    assert_eq!(kinds[kinds.len() - 6..], end);
}

#[test]
fn a_policy_leaves_the_draft_as_the_only_way() {
    let sandbox = sandbox();
    let limits = ["recipient", "limits", "Example Lender"];
    sandbox.run(&[&limits[..], &["--approval", "Nobody"]].concat()).expect(5);
    sandbox.run(&[&limits[..], &["--approval", "Example Lender", "--allow", "balance"]].concat()).expect(5);
    let unchanged = sandbox.run(&["recipient", "show", "Example Lender", "--json"]).expect(0).json();
    assert_eq!((&unchanged["allowed"], &unchanged["approvals"]), (&().into(), &serde_json::json!([])));
    let set = sandbox.run(&[&limits[..], &["--approval", "Your CPA", "--json"]].concat()).expect(0).json();
    assert_eq!(set["approvals"], serde_json::json!(["Your CPA"]));
    let disclose = ["disclose", "balance", "--account", "Everyday", "--as-of", "2026-01-06"];
    let rest = ["--to", "Example Lender", "--purpose", "Loan 12", "--yes", "--output", "x.age"];
    let refused = sandbox.run(&[&disclose[..], &rest[..]].concat()).expect(7);
    assert!(refused.stderr.contains("finvault disclosure draft"), "{}", refused.stderr);
    draft(&sandbox, &["--output", "d.age"]).expect(0);
    let decline = ["--decline", "Not the whole balance", "--output", "r", "--trust"];
    review(&sandbox, &decline).expect(0);
    let taken = sandbox.run(&["disclosure", "approve", "1", "r"]).expect(0);
    assert!(taken.stdout.contains("Not the whole balance"), "{}", taken.stdout);
    let refused = sandbox.run(&["disclosure", "seal", "1", "--output", "x.age", "--yes"]).expect(7);
    assert!(refused.stderr.contains("declined"), "{}", refused.stderr);
    sandbox.run(&["disclosure", "drop", "1"]).expect(0);
    sandbox.run(&["disclosure", "seal", "1", "--output", "x.age", "--yes"]).expect(5);
    assert!(!sandbox.names().contains(&"x.age".to_owned()));
    sandbox.run(&[&limits[..], &["--no-approval"]].concat()).expect(0);
    sandbox.run(&[&disclose[..], &rest[..]].concat()).expect(0);
}

#[test]
fn what_makes_no_sense_is_refused_and_leaves_no_file() {
    let sandbox = sandbox();
    draft(&sandbox, &["--output", "d.age"]).expect(5);
    draft(&sandbox, &["--reviewer", "Nobody", "--output", "d.age"]).expect(5);
    let standing = ["--reviewer", "Your CPA", "--standing-until", "2099-12-31", "--output", "d.age"];
    draft(&sandbox, &standing).expect(2);
    draft(&sandbox, &["--reviewer", "Your CPA", "--dry-run"]).expect(0);
    assert!(sandbox.run(&["disclosure", "drafts"]).expect(0).stdout.contains("No drafts yet"));
    assert!(!sandbox.names().contains(&"d.age".to_owned()));
    draft(&sandbox, &["--reviewer", "Your CPA", "--output", "d.age"]).expect(0);
    for wrong in [
        &["--approve"][..],
        &["--approve", "--decline", "x", "--output", "r"],
        &["--decline", "x", "--endorse", "CPA", "--output", "r"],
        &["--output", "r"],
        &["--note", "x", "--approve", "--output", "r"],
        &["--approve", "--endorse", "CPA", "--fact", "2", "--output", "r", "--trust"],
        &["--approve", "--endorse", "CPA", "--fact", "0", "--output", "r", "--trust"],
        &["--approve", "--endorse", "", "--output", "r", "--trust"],
        &["--approve", "--sign-with", "desk-ssh.key", "--output", "r", "--trust"],
    ] {
        review(&sandbox, wrong).expect(2);
    }
    assert!(!sandbox.names().contains(&"r".to_owned()));
    // A disclosure is no draft, and a damaged draft is damaged.
    let disclose = ["disclose", "balance", "--account", "Everyday", "--as-of", "2026-01-06"];
    let rest = ["--to", "Your CPA", "--purpose", "Books", "--yes", "--output", "x.age"];
    sandbox.run(&[&disclose[..], &rest[..]].concat()).expect(0);
    let not_a_draft = sandbox.run(&["review", "x.age", "--identity", "cpa.key"]).expect(10);
    assert!(not_a_draft.stderr.contains("finvault open"), "{}", not_a_draft.stderr);
    let mut damaged = sandbox.read("d.age");
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    sandbox.write("damaged.age", damaged);
    sandbox.run(&["review", "damaged.age", "--identity", "cpa.key"]).expect(10);
    sandbox.write("rubbish", [0xff; 64]);
    sandbox.run(&["disclosure", "approve", "1", "rubbish"]).expect(5);
    // Records that changed meanwhile.
    review(&sandbox, &["--approve", "--output", "r", "--trust"]).expect(0);
    sandbox.run(&["disclosure", "approve", "1", "r"]).expect(0);
    sandbox.add("2026-01-06", "-1.00", "Kiosk").expect(0);
    let changed = sandbox.run(&["disclosure", "seal", "1", "--output", "s.age", "--yes"]).expect(5);
    assert!(changed.stderr.contains("make a new draft"), "{}", changed.stderr);
}
