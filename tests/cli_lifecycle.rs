//! The recipient's side of a disclosure's life, through the program: status lists, receipts, and exit codes that scripts rely on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]
#![cfg(unix)]

mod cli_sandbox;

use cli_sandbox::Sandbox;

const SECRET: &str = include_str!("fixtures/cli/test-only-ssh-ed25519");
const PUBLIC: &str = include_str!("fixtures/cli/test-only-ssh-ed25519.pub");

/// A vault with one balance disclosed to a recipient with an ssh-ed25519 key, `desk.key`.
fn disclosed(options: &[&str]) -> Sandbox {
    let sandbox = Sandbox::with_account();
    sandbox.write("desk.key", SECRET);
    sandbox.run(&["recipient", "add", "Support desk", "--key", PUBLIC.trim()]).expect(0);
    let disclose = ["disclose", "balance", "--account", "Everyday", "--as-of", "2026-01-06", "--to"];
    let rest = ["Support desk", "--purpose", "Case 12", "--output", "a.age", "--yes"];
    sandbox.run(&[&disclose[..], &rest[..], options].concat()).expect(0);
    sandbox
}

#[test]
fn a_receipt_made_by_the_recipient_closes_the_disclosure() {
    let sandbox = disclosed(&["--expires", "1s"]);
    // After its end, too: that is when deleting is due.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    sandbox.run(&["open", "a.age", "--identity", "desk.key"]).expect(11);
    let made = ["receipt", "make", "a.age", "--identity", "desk.key", "--output", "r.jwt", "--json"];
    let made = sandbox.run(&made).expect(0).json();
    let closed = sandbox.run(&["disclosure", "close", "1", "--receipt", "r.jwt", "--json"]).expect(0).json();
    assert_eq!((closed["state"].as_str(), closed["receipt_signed"].as_bool()), (Some("closed"), Some(true)));
    assert_eq!(closed["jti"], made["jti"]);
    sandbox.run(&["disclosure", "close", "1", "--receipt", "r.jwt"]).expect(5);
    let log = sandbox.run(&["log", "--verify", "--json"]).expect(0).json();
    let last = &log["entries"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((last["kind"].as_str(), last["detail"]["signed"].as_bool()), (Some("closed"), Some(true)));
}

#[test]
fn a_receipt_needs_a_key_that_signs_and_a_disclosure_that_is_whole() {
    use age::secrecy::ExposeSecret;
    let sandbox = disclosed(&[]);
    let age_key = age::x25519::Identity::generate();
    sandbox.write("age.key", age_key.to_string().expose_secret());
    let make = |identity: &str, file: &str| {
        sandbox.run(&["receipt", "make", file, "--identity", identity, "--output", "r.jwt"])
    };
    let refused = make("age.key", "a.age").expect(3);
    assert!(refused.stderr.contains("--sign-with"), "{}", refused.stderr);
    let mut damaged = sandbox.read("a.age");
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    sandbox.write("damaged.age", damaged);
    make("desk.key", "damaged.age").expect(10);
    assert!(!sandbox.names().contains(&"r.jwt".to_owned()), "a failed command leaves no file");

    // Sealed to an age key, confirmed with an SSH key that the owner was given.
    let public = age_key.to_public().to_string();
    let add = ["recipient", "add", "Supplier", "--key", &public, "--receipt-key", PUBLIC.trim()];
    sandbox.run(&add).expect(0);
    let disclose =
        ["disclose", "balance", "--account", "Everyday", "--as-of", "2026-01-06", "--to", "Supplier"];
    let rest = ["--purpose", "Credit", "--output", "b.age", "--yes"];
    sandbox.run(&[&disclose[..], &rest[..]].concat()).expect(0);
    let make = ["receipt", "make", "b.age", "--identity", "age.key", "--sign-with", "desk.key", "--output"];
    sandbox.run(&[&make[..], &["r.jwt"][..]].concat()).expect(0);
    sandbox.run(&["disclosure", "close", "1", "--receipt", "r.jwt"]).expect(5);
    sandbox.run(&["disclosure", "close", "2", "--receipt", "r.jwt"]).expect(0);
}

#[test]
fn a_revoked_disclosure_shows_no_fact() {
    let sandbox = disclosed(&[]);
    let open = |list: &str| {
        sandbox.run(&["open", "a.age", "--identity", "desk.key", "--trust", "--status-list", list, "--json"])
    };
    let export = |name: &str| {
        sandbox
            .run(&["disclosure", "status-list", "--to", "support desk", "--output", name, "--json"])
            .expect(0)
            .json()
    };
    assert_eq!(export("before.jwt")["revoked"], 0);
    let good = open("before.jwt").expect(0).json();
    assert_eq!((good["verdict"].as_str(), good["revocation"].as_str()), (Some("valid"), Some("not-revoked")));
    sandbox.run(&["disclosure", "revoke", "1", "--reason", "A typing error"]).expect(0);
    assert_eq!(export("after.jwt")["revoked"], 1);
    let gone = open("after.jwt").expect(13);
    assert_eq!(gone.error()["kind"], "revoked");
    let gone = gone.json();
    assert_eq!((gone["verdict"].as_str(), gone["revocation"].as_str()), (Some("revoked"), Some("revoked")));
    assert_eq!(gone["facts"].as_array().map(Vec::len), Some(0));
    for hidden in ["337.70", "Case 12", "typing"] {
        assert!(!gone.to_string().contains(hidden), "{hidden}: {gone}");
    }
    // An old list knows nothing of it; one of another vault is no list at all for it.
    assert_eq!(open("before.jwt").expect(0).json()["revocation"], "not-revoked");
    let other = disclosed(&[]);
    other.run(&["disclosure", "revoke", "1"]).expect(0);
    other.run(&["disclosure", "status-list", "--to", "Support desk", "--output", "o.jwt"]).expect(0);
    sandbox.write("other.jwt", other.read("o.jwt"));
    assert_eq!(open("other.jwt").expect(0).json()["revocation"], "not-checked");
    sandbox.write("rubbish.jwt", [0xff; 64]);
    let rubbish = open("rubbish.jwt").expect(0);
    assert!(rubbish.stderr.contains("cannot be used"), "{}", rubbish.stderr);
    assert_eq!(rubbish.json()["revocation"], "not-checked");
    // Removed or not, a recipient gets their list.
    sandbox.run(&["recipient", "remove", "Support desk"]).expect(0);
    assert_eq!(export("removed.jwt")["revoked"], 1);
}

#[test]
fn renewing_runs_without_anybody_there() {
    let sandbox = disclosed(&["--standing-until", "2099-12-31"]);
    let renew = ["disclosure", "renew", "1", "--output", "b.age"];
    sandbox.run(&renew).expect(2);
    sandbox.run(&[&renew[..], &["--json"][..]].concat()).expect(2);
    let renewed = sandbox.run(&[&renew[..], &["--yes", "--json"][..]].concat()).expect(0).json();
    assert_eq!(renewed["disclosure"], 2);
    sandbox.run(&[&renew[..], &["--yes"][..]].concat()).expect(1);
    let again = sandbox.run(&[&renew[..], &["--yes", "--force", "--json"][..]].concat()).expect(0).json();
    assert_eq!(again["disclosure"], 3);
    let shown = sandbox.run(&["disclosure", "show", "3", "--json"]).expect(0).json();
    assert_eq!((shown["renews"].as_i64(), shown["standing_until"].as_str()), (Some(2), Some("2099-12-31")));
    sandbox.run(&["open", "b.age", "--identity", "desk.key", "--trust"]).expect(0);
}

#[test]
fn a_reminder_is_told_on_standard_error_so_that_the_list_stays_a_list() {
    let sandbox = disclosed(&[]);
    sandbox.run(&["disclosure", "review", "--every", "90d"]).expect(0);
    let listed = sandbox.run(&["disclosure", "list", "--json"]).expect(0);
    assert_eq!(listed.stderr, "");
    assert_eq!(listed.json()[0]["state"], "active");
    for wrong in ["0d", "12h", "soon"] {
        sandbox.run(&["disclosure", "review", "--every", wrong]).expect(2);
    }
    let review = sandbox.run(&["disclosure", "review", "--every", "never", "--json"]).expect(0).json();
    assert_eq!(review["every_days"], serde_json::Value::Null);
    assert_eq!(review["recipients"][0]["open"], serde_json::json!([1]));
}
