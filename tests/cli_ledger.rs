//! Categories, tags, splits and attachments as scripts use them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod cli_sandbox;

use cli_sandbox::{Sandbox, finish, ofx};
use serde_json::{Value, json};

fn listed(sandbox: &Sandbox, filter: &[&str]) -> Value {
    sandbox.json(&[&["tx", "list"], filter].concat()).expect(0).json()
}

#[test]
fn a_category_is_added_on_the_way_and_said_so() {
    let sandbox = Sandbox::with_account();
    let edit = |id: &str, category: &str| sandbox.json(&["tx", "edit", id, "--category", category]);
    let known = edit("1", "EATING OUT").expect(0).json();
    assert_eq!((&known["category"], &known["categories_added"]), (&json!("Food:Eating out"), &json!([])));
    let new = edit("2", "Prizes").expect(0).json();
    assert_eq!((&new["category"], &new["categories_added"]), (&json!("Prizes"), &json!(["Prizes"])));
    let told = sandbox.run(&["tx", "edit", "2", "--category", "Income:Prizes"]).expect(0);
    assert!(told.stdout.contains("Added the category Income:Prizes"), "{}", told.stdout);
    assert_eq!(listed(&sandbox, &["--category", "food"])[0]["id"], 1);
    assert_eq!(listed(&sandbox, &["--category", "prizes"]), json!([]), "the whole path comes first");
    assert_eq!(listed(&sandbox, &["--category", "Inc"])[0]["id"], 2, "the beginning is enough to look");
    sandbox.run(&["tx", "list", "--category", "Nothing of the kind"]).expect(5);
    edit("1", "a::b").expect(5);

    let all = sandbox.json(&["category", "list"]).expect(0).json();
    assert!(all.as_array().unwrap().contains(&json!({"category": "Food:Eating out", "transactions": 1})));
    let renamed = sandbox.json(&["category", "rename", "Food", "Nutrition"]).expect(0).json();
    assert_eq!(
        renamed,
        json!({"from": ["Food", "Food:Eating out", "Food:Groceries"], "to": "Nutrition", "transactions": 1})
    );
    assert_eq!(listed(&sandbox, &["--category", "Nutrition"])[0]["category"], "Nutrition:Eating out");
    let refused = sandbox.json(&["category", "remove", "Nutrition"]).expect(5).error();
    assert!(refused["remedy"].as_str().unwrap().contains("--move-to"));
    sandbox.run(&["category", "remove", "Nutrition", "--move-to", "Leisure"]).expect(0);
    assert_eq!(listed(&sandbox, &["--category", "Leisure"])[0]["id"], 1);
    sandbox.run(&["category", "add", "Leisure"]).expect(5);
    sandbox.run(&["category", "rename", "Leisure", "Prizes"]).expect(5);
    assert_eq!(
        sandbox.json(&["category", "add", "leisure:Chess"]).expect(0).json()["category"],
        "Leisure:Chess"
    );
}

#[test]
fn tags_and_splits_show_in_the_list() {
    let sandbox = Sandbox::with_account();
    let tagged = sandbox.json(&["tx", "edit", "1", "--tag", "#tax", "--tag", "Trip"]).expect(0).json();
    assert_eq!(tagged["tags"], json!(["tax", "Trip"]));
    sandbox.run(&["tx", "edit", "1", "--untag", "trip"]).expect(0);
    sandbox.run(&["tx", "edit", "1", "--untag", "trip"]).expect(5);
    sandbox.run(&["tx", "edit", "1", "--tag", "two words"]).expect(5);
    assert_eq!(listed(&sandbox, &["--tag", "TAX"]).as_array().unwrap().len(), 1);
    assert_eq!(listed(&sandbox, &["--tag", "tax", "--tag", "trip"]), json!([]));
    sandbox.run(&["tx", "list", "--tag", "a b"]).expect(5);

    let split =
        ["tx", "split", "1", "--part", "-8.00:groceries", "--part", "-4.30:Gifts:Flowers=for a friend"];
    let split = sandbox.json(&split).expect(0).json();
    let parts = json!([
        {"category": "Food:Groceries", "amount": "-8.00", "memo": null},
        {"category": "Gifts:Flowers", "amount": "-4.30", "memo": "for a friend"},
    ]);
    assert_eq!((&split["splits"], &split["category"]), (&parts, &json!(null)));
    assert_eq!(split["categories_added"], json!(["Gifts:Flowers"]));
    assert_eq!(listed(&sandbox, &["--category", "gifts"])[0]["splits"], parts);
    sandbox.run(&["tx", "edit", "1", "--amount", "-12.31"]).expect(5);
    sandbox.run(&["tx", "edit", "1", "--category", "Food"]).expect(5);
    sandbox.run(&["tx", "split", "1", "--part", "-8.00:groceries", "--part", "-4.29:Gifts"]).expect(5);
    for wrong in [
        &["tx", "split", "1"][..],
        &["tx", "split", "1", "--clear", "--part", "1:A"],
        &["tx", "split", "1", "--part", "nonsense"],
        &["tx", "split", "1", "--part", "-8.001:A", "--part", "-4:B"],
    ] {
        sandbox.run(wrong).expect(2);
    }
    assert_eq!(listed(&sandbox, &["--category", "gifts"])[0]["splits"], parts, "nothing changed");
    assert_eq!(sandbox.json(&["tx", "split", "1", "--clear"]).expect(0).json()["splits"], json!([]));
    sandbox.run(&["tx", "split", "1", "--clear"]).expect(5);
}

#[test]
fn attachments_leave_only_where_told() {
    let sandbox = Sandbox::with_account();
    let bytes: Vec<u8> = b"%PDF-1.7\n".iter().copied().chain((0..=255).cycle().take(700_000)).collect();
    sandbox.write("receipt.pdf", &bytes);
    let added = sandbox.json(&["attach", "add", "receipt.pdf", "--tx", "1"]).expect(0).json();
    assert_eq!(
        (&added["name"], &added["media_type"], &added["length"], &added["transaction"], &added["known"]),
        (&json!("receipt.pdf"), &json!("application/pdf"), &json!(700_009), &json!(1), &json!(false))
    );
    let fed =
        sandbox.feed(&["--json", "attach", "add", "-", "--account", "every", "--name", "same.pdf"], &bytes);
    let fed = fed.expect(0).json();
    assert_eq!(
        (&fed["account"], &fed["known"], &fed["sha256"]),
        (&json!("Everyday"), &json!(true), &added["sha256"])
    );
    assert_eq!(sandbox.json(&["attach", "list"]).json().as_array().unwrap().len(), 2);
    assert_eq!(sandbox.json(&["attach", "list", "--tx", "1"]).json()[0]["attachment"], added["attachment"]);
    assert_eq!(sandbox.json(&["attach", "list", "--tx", "2"]).json(), json!([]));
    assert_eq!(listed(&sandbox, &[])[0]["attachments"], 1);

    let before = sandbox.names();
    let shown = sandbox.run(&["attach", "show", "1"]).expect(0);
    assert!(shown.stdout.contains("receipt.pdf") && !shown.stdout.contains("%PDF"), "{}", shown.stdout);
    assert_eq!(sandbox.names(), before, "nothing is written unless told where");
    let written = sandbox.json(&["attach", "show", "1", "--output", "out.pdf"]).expect(0).json();
    assert_eq!(written["output"], "out.pdf");
    assert!(sandbox.read("out.pdf") == bytes);
    sandbox.write("other", "mine");
    sandbox.run(&["attach", "show", "1", "--output", "other"]).expect(1);
    assert_eq!(sandbox.read("other"), b"mine");
    sandbox.run(&["attach", "show", "1", "--output", "other", "--force"]).expect(0);
    assert!(sandbox.read("other") == bytes);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(sandbox.join("out.pdf")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let piped = finish(sandbox.command().args(["attach", "show", "1", "--output", "-"])).expect(0);
    assert_eq!(piped.stderr, "");
    sandbox.shell("finvault attach show 1 --output - | cmp - receipt.pdf").expect(0);
    let quiet =
        sandbox.shell("{ finvault attach show 1 --output -; echo \"ended with $?\" >&2; } | head -c 5");
    assert_eq!(quiet.stderr, "ended with 141\n");
    sandbox.json(&["attach", "show", "1", "--output", "-"]).expect(2);
    sandbox.run(&["attach", "show", "1", "--force"]).expect(2);
    sandbox.run(&["attach", "show", "9", "--output", "none.pdf"]).expect(5);
    assert!(!sandbox.join("none.pdf").exists());

    sandbox.run(&["attach", "remove", "1"]).expect(0);
    sandbox.run(&["attach", "remove", "1"]).expect(5);
    sandbox.shell("finvault attach show 2 --output - | cmp - receipt.pdf").expect(0);
    assert_eq!(sandbox.json(&["check"]).expect(0).json()["attachments"], 1);
}

#[test]
fn what_cannot_be_attached_is_refused_before_it_costs_anything() {
    let sandbox = Sandbox::with_account();
    sandbox.write("a.txt", "a");
    sandbox.run(&["attach", "add", "a.txt"]).expect(2);
    sandbox.run(&["attach", "add", "a.txt", "--tx", "1", "--account", "Everyday"]).expect(2);
    sandbox.run(&["attach", "add", "a.txt", "--tx", "9"]).expect(5);
    sandbox.run(&["attach", "add", "a.txt", "--import", "1"]).expect(5);
    sandbox.run(&["attach", "add", "a.txt", "--tx", "1", "--name", "a/b"]).expect(5);
    sandbox.run(&["attach", "add", "-", "--tx", "1"]).expect(2);
    sandbox.run(&["attach", "add", ".", "--tx", "1"]).expect(1);
    sandbox.run(&["attach", "add", "missing.txt", "--tx", "1"]).expect(1);
    sandbox.run(&["attach", "add", "./test.finvault", "--tx", "1"]).expect(2);
    let huge = std::fs::File::create(sandbox.join("huge.bin")).unwrap();
    huge.set_len((1 << 30) + 1).unwrap();
    let refused = sandbox.run(&["attach", "add", "huge.bin", "--tx", "1"]).expect(5);
    assert!(refused.stderr.contains("huge.bin is larger than 1024 MiB"), "{}", refused.stderr);
    assert_eq!(sandbox.json(&["attach", "list"]).expect(0).json(), json!([]));
}

#[test]
fn an_undone_import_takes_its_files_along_and_says_so() {
    let sandbox = Sandbox::with_vault();
    sandbox.write("january.ofx", ofx(&[("20260105", "-1.00", "A", "CORNER CAFE")], "9.00"));
    sandbox.run(&["import", "january.ofx"]).expect(0);
    sandbox.run(&["attach", "add", "january.ofx", "--import", "1"]).expect(0);
    sandbox.run(&["attach", "add", "january.ofx", "--tx", "1"]).expect(0);
    let refused = sandbox.run(&["imports", "undo", "1"]).expect(7);
    assert!(refused.stderr.contains("with files attached: transaction 1"), "{}", refused.stderr);
    let undone = sandbox.json(&["imports", "undo", "1", "--discard-changes"]).expect(0).json();
    assert_eq!((&undone["removed"], &undone["attachments_removed"]), (&json!(1), &json!(2)));
    assert_eq!(sandbox.json(&["attach", "list"]).expect(0).json(), json!([]));
}
