//! Backups and the way back, compacting, and what is left of a damaged vault.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod cli_sandbox;

use cli_sandbox::Sandbox;
use finvault::crypto::Passphrase;
use finvault::vault::{OpenOptions, Secret, Vault, VaultError, backup};
use finvault::vfs::{self, VfsError};
use serde_json::{Value, json};
use std::collections::HashMap;

fn balance(sandbox: &Sandbox, vault: &str) -> String {
    let rows = sandbox.json(&["--vault", vault, "balance"]).expect(0).json();
    rows[0]["balance"].as_str().unwrap().to_owned()
}

#[test]
fn a_backup_is_a_vault_and_the_way_back() {
    let sandbox = Sandbox::with_account();
    let made = sandbox.run(&["backup", "monday.finvault"]).expect(0);
    assert!(made.stdout.contains("read it back: it is whole"), "{}", made.stdout);
    assert_eq!(balance(&sandbox, "monday.finvault"), "337.70");
    sandbox.run(&["--vault", "monday.finvault", "check"]).expect(0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(sandbox.join("monday.finvault")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    sandbox.run(&["backup", "monday.finvault"]).expect(1);

    sandbox.add("2026-01-07", "-100.00", "Mistake").expect(0);
    let before = sandbox.names();
    // Nobody is there to ask.
    sandbox.run(&["restore", "monday.finvault"]).expect(2);
    assert_eq!(sandbox.names(), before);
    let restored = sandbox.json(&["restore", "monday.finvault", "--yes"]).expect(0).json();
    assert_eq!(balance(&sandbox, "test.finvault"), "337.70");
    let safety = restored["replaced"].as_str().unwrap();
    assert_eq!(balance(&sandbox, safety), "237.70", "what was there is still there");
    sandbox.run(&["log", "--verify"]).expect(0);

    // Where there is no vault, one comes to be.
    std::fs::remove_file(sandbox.vault()).unwrap();
    let restored = sandbox.json(&["restore", "monday.finvault"]).expect(0).json();
    assert_eq!(restored["replaced"], Value::Null);
    assert_eq!(balance(&sandbox, "test.finvault"), "337.70");
}

#[test]
fn only_so_many_backups_are_kept_and_nothing_else_is_deleted() {
    let sandbox = Sandbox::with_account();
    std::fs::create_dir(sandbox.join("backups")).unwrap();
    let put = |name: &str| std::fs::copy(sandbox.vault(), sandbox.join("backups").join(name)).unwrap();
    put("test-20260101T000000Z.finvault");
    put("test-20260102T000000Z.finvault");
    put("test-20260103T000000Z.finvault");
    put("holiday.finvault");
    // Named like a backup, but another vault's.
    sandbox.run(&[&["--vault", "other.finvault", "init"][..], &cli_sandbox::CHEAP_KDF].concat()).expect(0);
    std::fs::copy(sandbox.join("other.finvault"), sandbox.join("backups/test-20250101T000000Z.finvault"))
        .unwrap();
    std::fs::write(sandbox.join("backups/test-20240101T000000Z.finvault"), "notes").unwrap();

    let made = sandbox.json(&["backup", "backups", "--keep", "2"]).expect(0).json();
    let deleted: Vec<&str> =
        made["deleted"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
    assert_eq!(deleted, ["backups/test-20260101T000000Z.finvault", "backups/test-20260102T000000Z.finvault"]);
    assert_eq!(std::fs::read_dir(sandbox.join("backups")).unwrap().count(), 5);
    sandbox.run(&["backup", "one.finvault", "--keep", "2"]).expect(2);
    sandbox.run(&["backup", "backups", "--keep", "0"]).expect(2);
}

#[test]
fn a_damaged_vault_is_not_taken_for_a_backup_nor_a_damaged_backup_restored() {
    let sandbox = Sandbox::with_account();
    sandbox.run(&["backup", "good.finvault"]).expect(0);
    let mut bytes = sandbox.read("good.finvault");
    let middle = bytes.len() - 5000;
    bytes[middle] ^= 1;
    sandbox.write("bad.finvault", &bytes);
    let vault = sandbox.read("test.finvault");
    let names = sandbox.names();
    sandbox.run(&["restore", "bad.finvault", "--yes"]).expect(4);
    sandbox.run(&["--vault", "bad.finvault", "backup", "copy.finvault"]).expect(4);
    assert_eq!(sandbox.names(), names);
    assert_eq!(sandbox.read("test.finvault"), vault);
    sandbox.write("wrong.txt", "something else");
    sandbox.run(&["restore", "good.finvault", "--yes", "--passphrase-file", "wrong.txt"]).expect(3);
    sandbox.write("text.txt", "no vault");
    sandbox.run(&["restore", "text.txt", "--yes"]).expect(1);
}

#[test]
fn a_damaged_vault_can_be_replaced_and_is_kept() {
    let sandbox = Sandbox::with_account();
    sandbox.run(&["backup", "good.finvault"]).expect(0);
    let mut bytes = sandbox.read("test.finvault");
    let middle = bytes.len() - 5000;
    bytes[middle] ^= 1;
    sandbox.write("test.finvault", &bytes);
    let restored = sandbox.json(&["restore", "good.finvault", "--yes"]).expect(0).json();
    assert_eq!(balance(&sandbox, "test.finvault"), "337.70");
    assert_eq!(sandbox.read(restored["replaced"].as_str().unwrap()), bytes);
}

#[test]
fn a_backup_is_taken_while_another_process_writes() {
    let sandbox = Sandbox::with_account();
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    let path = sandbox.vault();
    let vault = Vault::open(&path, &Secret::Passphrase(&passphrase), &OpenOptions::default()).unwrap();
    // From the process that has it open it is refused: closing the copied file would drop its lock.
    let key = vfs::unlock(&path, &Secret::Passphrase(&passphrase)).unwrap().key;
    let error = backup::back_up(&path, &key, &sandbox.join("own.finvault"), &mut |_| {}).unwrap_err();
    assert!(matches!(error, VaultError::File(VfsError::Busy { .. })), "{error}");
    // From another it works, log and all.
    sandbox.run(&["balance", "--busy-timeout", "100ms"]).expect(6);
    sandbox.run(&["backup", "copy.finvault"]).expect(0);
    assert_eq!(balance(&sandbox, "copy.finvault"), "337.70");
    // And nothing is put in the place of a vault in use.
    sandbox.run(&["restore", "copy.finvault", "--yes"]).expect(6);
    drop(vault);
    sandbox.run(&["restore", "copy.finvault", "--yes"]).expect(0);
}

#[test]
fn compacting_gives_back_room_and_changes_nothing_else() {
    let sandbox = Sandbox::with_account();
    let mut csv = String::from("Date,Payee,Amount\n");
    for row in 0..4_000 {
        csv.push_str(&format!(
            "2026-01-{:02},Shop number {row} in a long street,-{}.00\n",
            row % 28 + 1,
            row + 1
        ));
    }
    sandbox.write("many.csv", csv);
    sandbox.run(&["import", "many.csv", "--account", "Everyday"]).expect(0);
    sandbox.run(&["imports", "undo", "1"]).expect(0);
    let export = sandbox.json(&["tx", "list"]).expect(0).stdout;
    let sizes = sandbox.json(&["compact"]).expect(0).json();
    let (before, after) = (sizes["bytes_before"].as_u64().unwrap(), sizes["bytes_after"].as_u64().unwrap());
    assert!(after * 2 < before, "{before} -> {after}");
    assert_eq!(std::fs::metadata(sandbox.vault()).unwrap().len(), after);
    assert_eq!(sandbox.json(&["tx", "list"]).expect(0).stdout, export);
    sandbox.run(&["check"]).expect(0);
}

/// What is told of a lost row is what it was.
fn assert_is(told: &Value, was: &Value) {
    assert_eq!(
        (&told["posted"], &told["account"], &told["currency"]),
        (&was["posted"], &json!("Everyday"), &json!("EUR"))
    );
    let minor: i64 = told["amount"].as_str().unwrap().replace('.', "").parse().unwrap();
    assert_eq!(json!(minor), was["amount_minor"]);
}

#[test]
fn what_can_still_be_read_is_salvaged_and_the_loss_is_named() {
    let sandbox = Sandbox::with_account();
    let mut csv = String::from("Date,Payee,Amount\n");
    for row in 0..2_000 {
        csv.push_str(&format!(
            "2026-01-{:02},Shop number {row} in a long street,-{}.00\n",
            row % 28 + 1,
            row + 1
        ));
    }
    sandbox.write("many.csv", csv);
    sandbox.run(&["import", "many.csv", "--account", "Everyday"]).expect(0);
    let whole = sandbox.read("test.finvault");
    let all_rows = |text: &str| {
        text.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|line| line["table"] == "movement" && line["row"].is_object())
            .map(|line| line["row"]["id"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    sandbox.run(&["salvage", "--output", "whole.jsonl"]).expect(0);
    let whole_text = String::from_utf8(sandbox.read("whole.jsonl")).unwrap();
    let every = all_rows(&whole_text);
    assert_eq!(every.len(), 2_002);
    // What each row was, for comparison with what is still told of it.
    let rows: HashMap<i64, Value> = whole_text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["table"] == "movement")
        .map(|line| (line["row"]["id"].as_i64().unwrap(), line["row"].clone()))
        .collect();

    let (mut hit, mut partly, mut named) = (0, 0, 0);
    for unit in (8..whole.len() / 4096).step_by(7) {
        let mut bytes = whole.clone();
        bytes[unit * 4096 + 100] ^= 1;
        sandbox.write("test.finvault", &bytes);
        let salvage = sandbox.json(&["salvage", "--output", "left.jsonl", "--force"]);
        if salvage.code != 0 {
            // The list of tables itself is gone, or the log: said as damage.
            assert_eq!(salvage.code, 4, "{}", salvage.stderr);
            continue;
        }
        hit += 1;
        let lost = salvage.json()["lost"].as_array().unwrap().clone();
        let left = all_rows(&String::from_utf8(sandbox.read("left.jsonl")).unwrap());
        // Every row is there, or lies in a gap that is told; and none is told twice.
        let gaps: Vec<(i64, i64)> = lost
            .iter()
            .filter(|gap| gap["table"] == "movement")
            .map(|gap| (gap["from"].as_i64().unwrap(), gap["to"].as_i64().unwrap_or(i64::MAX)))
            .collect();
        for id in &every {
            let in_gap = gaps.iter().any(|(from, to)| (from..=to).contains(&id));
            assert_ne!(left.contains(id), in_gap, "row {id}, unit {unit}, gaps {gaps:?}");
        }
        if !gaps.is_empty() && left.len() > 1_900 {
            partly += 1;
            let check = sandbox.run(&["check"]).expect(4);
            assert!(check.stdout.contains("transactions: number"), "{}", check.stdout);
            let told: Vec<&Value> = lost
                .iter()
                .filter_map(|gap| gap["transactions"].as_array())
                .flatten()
                .inspect(|told| assert_is(told, &rows[&told["id"].as_i64().unwrap()]))
                .collect();
            // The table and its index lie on different pages: all that was there is known.
            assert_eq!(told.len(), every.len() - left.len(), "unit {unit}");
            named += told.len();
            for row in told.iter().take(100) {
                let words =
                    format!("transaction {} of Everyday on {}", row["id"], row["posted"].as_str().unwrap());
                assert!(check.stdout.contains(&words), "{words}: {}", check.stdout);
            }
            let file = String::from_utf8(sandbox.read("left.jsonl")).unwrap();
            assert!(file.contains(r#""transactions":[{"#), "unit {unit}");
        }
    }
    println!("{hit} vaults opened, {partly} lost a few rows alone, {named} of which were named");
    assert!(named > 50, "{named}");
    assert!(hit > 10 && partly > 3, "{hit} vaults opened, {partly} lost a few rows alone");
}
