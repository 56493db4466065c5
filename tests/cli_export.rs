//! `export` through the program: what leaves in the clear says so, is the owner's alone, and is whole or not there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cli_sandbox;

use cli_sandbox::Sandbox;
use serde_json::Value;

fn furnished() -> Sandbox {
    let sandbox = Sandbox::with_account();
    sandbox.run(&["tx", "edit", "1", "--category", "Food:Eating out", "--tag", "lunch"]).expect(0);
    sandbox
        .run(&["tx", "split", "2", "--part", "200.00:Salary", "--part", "50.00:Interest=for, \"March\""])
        .expect(0);
    sandbox
}

fn lines(text: &[u8]) -> Vec<Value> {
    std::str::from_utf8(text).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_dump_holds_all_and_is_the_same_each_time() {
    let sandbox = furnished();
    let told = sandbox.run(&["export", "--format", "jsonl", "--output", "one.jsonl"]).expect(0);
    assert!(told.stderr.contains("NOT encrypted"), "{}", told.stderr);
    assert!(told.stdout.contains("2 transactions of 1 account"), "{}", told.stdout);
    let out = sandbox.run(&["export", "--format", "jsonl"]).expect(0);
    assert_eq!(out.stdout.as_bytes(), sandbox.read("one.jsonl"));
    let lines = lines(&sandbox.read("one.jsonl"));
    assert_eq!(lines[0]["type"], "finvault-ledger");
    let account = lines.iter().find(|line| line["type"] == "account").unwrap();
    assert_eq!(account["number"], "DE89370400440532013000");
    assert_eq!(account["opening"]["amount"], "100.00");
    let rows: Vec<&Value> = lines.iter().filter(|line| line["type"] == "transaction").collect();
    assert_eq!(rows[0]["category"], "Food:Eating out");
    assert_eq!(rows[0]["tags"][0], "lunch");
    assert_eq!(rows[1]["splits"][1]["memo"], "for, \"March\"");
    let end = lines.last().unwrap();
    assert_eq!((&end["type"], end["lines"].as_u64()), (&"end".into(), Some(lines.len() as u64)));
}

#[test]
fn a_part_says_which_part_it_is_and_opens_with_what_was_before() {
    let sandbox = furnished();
    let out =
        sandbox.run(&["export", "--format", "jsonl", "--account", "every", "--from", "2026-01-06"]).expect(0);
    let lines = lines(out.stdout.as_bytes());
    assert_eq!(lines[0]["selection"]["account"], "Everyday");
    let account = lines.iter().find(|line| line["type"] == "account").unwrap();
    assert_eq!(account["opening"]["amount"], "87.70");
    assert_eq!(account["opening"]["date"], "2026-01-06");
    assert_eq!(lines.iter().filter(|line| line["type"] == "transaction").count(), 1);
    assert!(!lines.iter().any(|line| line["type"] == "category"), "a part does not tell what else there is");
    sandbox.run(&["export", "--format", "csv", "--from", "2026-01-06", "--to", "2026-01-05"]).expect(5);
}

#[test]
fn a_table_has_a_row_for_each_transaction() {
    let sandbox = furnished();
    sandbox.add("2026-01-07", "-1.00", "=cmd").expect(0);
    let out = sandbox.run(&["export", "--format", "csv"]).expect(0);
    let expected = "Account,Account kind,Date,Amount,Currency,Payee,Memo,Reference,Category,Splits,Tags,Status,Bank id,Payee as written\n\
        Everyday,checking,2026-01-05,-12.30,EUR,Corner Cafe,,,Food:Eating out,,lunch,posted,,\n\
        Everyday,checking,2026-01-06,250.00,EUR,Example GmbH,,,,\"200.00:Income:Salary\n50.00:Income:Interest=for, \"\"March\"\"\",,posted,,\n\
        Everyday,checking,2026-01-07,-1.00,EUR,'=cmd,,,,,,posted,,\n";
    assert_eq!(out.stdout, expected);
    assert!(out.stderr.contains("opening balances"), "{}", out.stderr);
}

#[test]
fn a_file_is_private_and_never_replaced_unasked_nor_left_in_part() {
    let sandbox = furnished();
    sandbox.write("there.csv", "mine");
    let export = ["export", "--format", "csv", "--output", "there.csv"];
    let refused = sandbox.run(&export).expect(1);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    assert_eq!(sandbox.read("there.csv"), b"mine");
    let before = sandbox.names();
    sandbox.run(&["export", "--format", "csv", "--account", "nobody", "--output", "new.csv"]).expect(5);
    assert_eq!(sandbox.names(), before);
    let told = sandbox.run(&[&export[..], &["--force", "--json"]].concat()).expect(0);
    let shape = told.json();
    assert_eq!((&shape["encrypted"], &shape["rows"]), (&Value::Bool(false), &2.into()));
    assert!(told.stderr.contains("NOT encrypted"), "{}", told.stderr);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(sandbox.join("there.csv")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    for wrong in [
        &["export", "--format", "csv", "--json"][..],
        &["export", "--format", "csv", "--force"],
        &["export", "--format", "word"],
        &["export"],
    ] {
        sandbox.run(wrong).expect(2);
    }
}
