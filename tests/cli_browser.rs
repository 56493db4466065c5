//! Disclosures for who installs nothing, on the command line: sealed as a page or a data file, opened again, renewed, and the
//! viewer's page.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cli_sandbox;

use cli_sandbox::Sandbox;
use sha2::{Digest, Sha256};

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A vault with an account, a recipient without a key and one with a key.
fn house() -> Sandbox {
    let sandbox = Sandbox::with_account();
    sandbox.run(&["recipient", "add", "Landlord"]).expect(0);
    sandbox
        .run(&[
            "recipient",
            "add",
            "Lender",
            "--key",
            "age1lw96fp2fzwmplzpqncdr3sj3xsdf4nxw85c59jx9p2w4guyvneqqh0layc",
        ])
        .expect(0);
    sandbox
}

const BALANCE: [&str; 8] =
    ["disclose", "balance", "--account", "Everyday", "--as-of", "2026-01-05", "--purpose", "Rent"];

/// Discloses a balance and gives what is told of it.
fn disclose(sandbox: &Sandbox, more: &[&str]) -> serde_json::Value {
    let told = sandbox.json(&[&BALANCE[..], &["--yes"], more].concat()).expect(0).json();
    if let Some(code) = told["passcode"].as_str() {
        sandbox.write("code.txt", format!("{}\n", code.to_lowercase()));
    }
    told
}

#[test]
fn the_form_follows_the_option_then_the_ending_then_the_key() {
    let sandbox = house();
    let form = |more: &[&str]| {
        let told = disclose(&sandbox, more);
        let output = told["output"].as_str().unwrap().to_owned();
        assert_eq!(told["sha256"], hex(&sandbox.read(&output)));
        let ending = output.rsplit('.').next().unwrap().to_owned();
        (told["form"].as_str().unwrap().to_owned(), ending, told["passcode"].is_string())
    };
    let is = |form: &str, ending: &str, passcode| (form.to_owned(), ending.to_owned(), passcode);
    assert_eq!(form(&["--to", "Landlord"]), is("html", "html", true));
    assert_eq!(form(&["--to", "Landlord", "--data"]), is("data", "jwe", true));
    assert_eq!(form(&["--to", "Landlord", "--age"]), is("age", "age", true));
    assert_eq!(form(&["--to", "Landlord", "--output", "x.age"]), is("age", "age", true));
    assert_eq!(form(&["--to", "Lender"]), is("age", "age", false));
    assert_eq!(form(&["--to", "Lender", "--html"]), is("html", "html", true));
    assert_eq!(form(&["--to", "Lender", "--output", "x.jwe"]), is("data", "jwe", true));
    sandbox.run(&[&BALANCE[..], &["--yes", "--to", "Landlord", "--html", "--data"]].concat()).expect(2);
}

#[test]
fn a_page_and_its_data_open_with_the_code_and_with_no_other() {
    let sandbox = house();
    let told = disclose(&sandbox, &["--to", "Landlord", "--html", "--output", "page.html"]);
    let page = String::from_utf8(sandbox.read("page.html")).unwrap();
    let viewer = sandbox.run(&["viewer", "--output", "-"]).expect(0).stdout;
    let begin = "<script id=\"disclosure\" type=\"application/jose\">";
    let (head, rest) = page.split_once(begin).unwrap();
    let (data, tail) = rest.split_once('<').unwrap();
    assert_eq!(
        format!("{head}{begin}<{tail}"),
        viewer,
        "the page is the viewer and its data, and nothing else"
    );
    sandbox.write("data.jwe", data);
    for file in ["page.html", "data.jwe"] {
        let opened = sandbox.json(&["open", file, "--passcode-file", "code.txt"]).expect(15).json();
        assert_eq!(opened["issuer"], told["issuer"]);
        assert_eq!(opened["facts"][0]["balance"], "87.70", "{opened}");
        assert_eq!(opened["audience_checked"], true);
        sandbox.run(&["open", file]).expect(2);
    }
    let people = sandbox.run(&["open", "page.html", "--passcode-file", "code.txt", "--qr"]).expect(15).stdout;
    assert!(people.contains('█') && people.contains("This code says:"), "{people}");
    disclose(&sandbox, &["--to", "Landlord", "--html", "--output", "other.html"]);
    let wrong = sandbox.json(&["open", "page.html", "--passcode-file", "code.txt"]).expect(10);
    assert_eq!(wrong.json()["facts"], serde_json::json!([]));
    sandbox.write("altered.html", page.replacen(&data[data.len() / 2..], "AAAA", 1));
    sandbox.run(&["open", "altered.html", "--passcode-file", "code.txt"]).expect(10);
    sandbox.write("viewer.html", viewer);
    let alone = sandbox.run(&["open", "viewer.html", "--passcode-file", "code.txt"]).expect(10).stderr;
    assert!(alone.contains("the viewer alone"), "{alone}");
}

/// The vectors are of February 2026: they are over, and no passcode is asked for to say so.
#[test]
fn one_that_is_over_is_refused_before_it_is_opened() {
    let sandbox = Sandbox::new();
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/browser/");
    let over = sandbox.json(&["open", &format!("{vectors}control.jwe")]).expect(11).json();
    assert_eq!(
        (over["verdict"].as_str(), over["expires"].as_str()),
        (Some("expired"), Some("2026-02-08T00:00:00Z"))
    );
    sandbox.json(&["open", &format!("{vectors}rounds-excessive.jwe")]).expect(10);
}

#[test]
fn what_is_told_to_the_owner_can_be_read_aloud() {
    let sandbox = house();
    let told = sandbox
        .run(&[&BALANCE[..], &["--yes", "--to", "Landlord", "--output", "p.html"]].concat())
        .expect(0)
        .stdout;
    let line = told.lines().find(|line| line.contains("to read aloud:")).unwrap();
    assert_eq!(line.matches(',').count(), 5, "{line}");
    assert!(told.contains(&hex(&sandbox.read("p.html"))), "{told}");
    assert!(told.contains("opens in a browser"), "{told}");
}

#[test]
fn a_renewal_keeps_its_form_unless_told_otherwise() {
    let sandbox = house();
    disclose(&sandbox, &["--to", "Landlord", "--data", "--standing-until", "2999-01-01"]);
    let renew = |more: &[&str]| {
        sandbox.json(&[&["disclosure", "renew", "1", "--yes"], more].concat()).expect(0).json()["form"]
            .clone()
    };
    assert_eq!(renew(&["--output", "r1"]), "data");
    assert_eq!(renew(&["--html"]), "html");
    assert_eq!(renew(&["--output", "r3.age"]), "age");
}

#[test]
fn the_viewer_is_the_same_for_everyone_and_its_digest_stands_in_the_docs() {
    let sandbox = Sandbox::new();
    let told = sandbox.json(&["viewer"]).expect(0).json();
    let page = sandbox.read("finvault-viewer.html");
    assert_eq!(told["sha256"], hex(&page));
    assert!(page.len() < 40 * 1024, "{} bytes", page.len());
    sandbox.run(&["viewer"]).expect(1);
    sandbox.run(&["viewer", "--force"]).expect(0);
    let docs =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/for-recipients.md")).unwrap();
    assert!(docs.contains(&hex(&page)), "docs/for-recipients.md has another digest than {}", hex(&page));
}
