//! An older copy of the whole vault, put in the place of the newer one: noticed by what the machine remembers.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cli_sandbox;

use cli_sandbox::Sandbox;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// The one file in which the vault is remembered.
fn memory(sandbox: &Sandbox) -> PathBuf {
    let mut files = fs::read_dir(sandbox.join("state/last-seen")).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    file
}

/// A vault that was put back to what it was before the last transaction.
fn rolled_back() -> Sandbox {
    let sandbox = Sandbox::with_account();
    let old = fs::read(sandbox.vault()).unwrap();
    sandbox.add("2026-02-01", "-5.00", "Baker").expect(0);
    fs::write(sandbox.vault(), old).unwrap();
    sandbox
}

#[test]
fn a_vault_rolled_back_is_refused_and_left_alone() {
    let sandbox = rolled_back();
    let before = fs::read(sandbox.vault()).unwrap();
    for command in [
        &["balance"][..],
        &["check"],
        &["tx", "list"],
        &["tx", "add", "--account", "Everyday", "--date", "2026-02-02", "--amount", "1", "--payee", "X"],
        &["export", "--format", "jsonl", "--output", "out.jsonl"],
        &["backup", "copy.finvault"],
        &["compact"],
        &["key", "list"],
        &["key", "add", "recovery-code"],
        &["key", "add", "key-file", "new.key", "--generate"],
        &["key", "remove", "2", "--yes"],
        &["key", "change-passphrase", "--new-passphrase-file", "passphrase.txt"],
        &["key", "rotate", "--yes"],
    ] {
        let outcome = sandbox.run(command);
        // A command that this version lacks is a usage error, and not what is tried here.
        if outcome.code == 2 {
            continue;
        }
        let outcome = outcome.expect(4);
        assert!(outcome.stderr.contains("older than when it was last seen here on 20"), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("finvault check --accept-older"), "{}", outcome.stderr);
    }
    assert!(fs::read(sandbox.vault()).unwrap() == before, "not a byte was written");
    assert!(!sandbox.join("copy.finvault").exists() && !sandbox.join("test.finvault-wal").exists());
    assert!(!sandbox.join("new.key").exists() && !sandbox.join("test.finvault.new-key").exists());
    let error = sandbox.json(&["balance"]).expect(4).error();
    assert_eq!(error["kind"], "damaged");
}

#[test]
fn an_older_vault_is_accepted_once_and_for_all() {
    let sandbox = rolled_back();
    sandbox.run(&["check", "--accept-older"]).expect(0);
    sandbox.run(&["balance"]).expect(0);
    sandbox.add("2026-02-01", "-6.00", "Baker").expect(0);
    sandbox.run(&["check"]).expect(0);
}

#[test]
fn a_vault_from_before_a_change_of_its_keys_is_older() {
    for change in [
        &["key", "add", "recovery-code"][..],
        &["key", "remove", "2", "--yes"],
        &["key", "change-passphrase", "--new-passphrase-file", "passphrase.txt"],
        &["key", "rotate", "--yes"],
    ] {
        let sandbox = Sandbox::with_account();
        let old = fs::read(sandbox.vault()).unwrap();
        sandbox.run(change).expect(0);
        sandbox.run(&["balance"]).expect(0);
        sandbox.run(&["key", "list"]).expect(0);
        fs::write(sandbox.vault(), &old).unwrap();
        sandbox.run(&["balance"]).expect(4);
        sandbox.run(&["key", "list"]).expect(4);
        sandbox.run(&["check", "--accept-older"]).expect(0);
        sandbox.run(&["key", "list"]).expect(0);
        sandbox.run(change).expect(0);
        sandbox.run(&["log", "--verify"]).expect(0);
    }
}

#[test]
fn a_restored_backup_is_no_alarm() {
    let sandbox = Sandbox::with_account();
    sandbox.run(&["backup", "copy.finvault"]).expect(0);
    sandbox.add("2026-02-01", "-5.00", "Baker").expect(0);
    let newer = fs::read(sandbox.vault()).unwrap();
    sandbox.run(&["restore", "copy.finvault", "--yes"]).expect(0);
    sandbox.run(&["balance"]).expect(0);
    sandbox.run(&["check"]).expect(0);
    // The vault that was replaced is newer, which is no alarm either.
    fs::write(sandbox.vault(), newer).unwrap();
    sandbox.run(&["balance"]).expect(0);
}

#[test]
fn memory_that_is_missing_or_damaged_blocks_nothing() {
    let sandbox = rolled_back();
    let file = memory(&sandbox);
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    fs::write(&file, "nonsense").unwrap();
    sandbox.run(&["balance"]).expect(0);
    // It was written anew, for the state that was found.
    let rewritten = fs::read_to_string(&file).unwrap();
    assert!(rewritten.starts_with("finvault last seen 1\n") && rewritten != text, "{rewritten}");
    fs::remove_dir_all(sandbox.join("state")).unwrap();
    sandbox.run(&["balance"]).expect(0);
    // A place where no folder can be made.
    fs::remove_dir_all(sandbox.join("state")).unwrap();
    sandbox.write("state", "a file");
    sandbox.run(&["balance"]).expect(0);
    sandbox.add("2026-02-03", "-7.00", "Baker").expect(0);
}

#[test]
fn a_vault_that_came_further_elsewhere_is_no_alarm() {
    let sandbox = Sandbox::with_account();
    let here = fs::read(memory(&sandbox)).unwrap();
    sandbox.add("2026-02-01", "-5.00", "Baker").expect(0);
    // As if the last command had been run on another machine.
    fs::write(memory(&sandbox), here).unwrap();
    sandbox.run(&["balance"]).expect(0);
}
