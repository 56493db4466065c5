//! `key`: a passphrase that was forgotten, a new key under fire, and the key that a session kept.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]
#![cfg(unix)]

mod cli_sandbox;

use cli_sandbox::{CHEAP_KDF, Sandbox, finish};
use std::process::Stdio;
use std::time::Duration;

#[test]
fn a_forgotten_passphrase_is_replaced_with_the_code_that_init_printed() {
    let sandbox = Sandbox::new();
    let made = sandbox.json(&[&["init"][..], &CHEAP_KDF].concat()).expect(0).json();
    sandbox.write("code.txt", made["recovery_code"].as_str().unwrap());
    sandbox.write("new.txt", "a passphrase that I remember\n");
    sandbox.write("passphrase.txt", "what was it again\n");
    sandbox.run(&["balance"]).expect(3);
    let reset =
        ["key", "change-passphrase", "--new-passphrase-file", "new.txt", "--recovery-code-file", "code.txt"];
    let told = sandbox.run(&reset).expect(0);
    assert!(told.stdout.contains("Changed the passphrase of key slot 1"), "{}", told.stdout);
    sandbox.run(&["balance", "--passphrase-file", "new.txt"]).expect(0);
    sandbox.run(&["balance", "--recovery-code-file", "code.txt"]).expect(0);
    // A code with a slip of the pen is told apart from a wrong one.
    let mut slipped = made["recovery_code"].as_str().unwrap().to_owned();
    let swapped = if slipped.starts_with('A') { "B" } else { "A" };
    slipped.replace_range(..1, swapped);
    sandbox.write("slipped.txt", slipped);
    let slip = sandbox.run(&["balance", "--recovery-code-file", "slipped.txt"]).expect(3);
    assert!(slip.stderr.contains("mistyped"), "{}", slip.stderr);
}

#[test]
fn key_files_are_private_and_a_failed_command_leaves_none() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::with_vault();
    sandbox.run(&["key", "add", "key-file", "stick.key", "--generate"]).expect(0);
    let mode = std::fs::metadata(sandbox.join("stick.key")).unwrap().permissions().mode();
    assert_eq!((mode & 0o777, sandbox.read("stick.key").len()), (0o600, 32));
    sandbox.write("passphrase.txt", "wrong");
    sandbox.run(&["key", "add", "key-file", "other.key", "--generate"]).expect(3);
    assert!(!sandbox.join("other.key").exists());
    for _ in 0..5 {
        sandbox.run(&["key", "add", "recovery-code", "--key-file", "stick.key"]).expect(0);
    }
    let full = sandbox
        .run(&["key", "add", "key-file", "other.key", "--generate", "--key-file", "stick.key"])
        .expect(5);
    assert!(full.stderr.contains("all 8 key slots are in use"), "{}", full.stderr);
    assert!(!sandbox.join("other.key").exists(), "no file is left of a slot that could not be made");
}

#[test]
fn a_rotation_that_is_killed_leaves_the_old_vault_or_the_new_one() {
    let sandbox = Sandbox::with_account();
    sandbox.write("file.bin", [7; 300_000].iter().enumerate().map(|(at, _)| at as u8).collect::<Vec<u8>>());
    sandbox.run(&["attach", "add", "file.bin", "--tx", "1"]).expect(0);
    let (mut killed, mut finished) = (0, 0);
    for round in 0..12 {
        let mut child = sandbox
            .command()
            .args(["key", "rotate", "--yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(40 * (round + 1)));
        let _ = child.kill();
        if child.wait().unwrap().success() {
            finished += 1;
        } else {
            killed += 1;
        }
        let balance = sandbox.run(&["balance"]).expect(0);
        assert!(balance.stdout.contains("337.70"), "round {round}: {}", balance.stdout);
    }
    println!("{killed} killed, {finished} finished");
    sandbox.run(&["key", "rotate", "--yes"]).expect(0);
    let checked = sandbox.json(&["check"]).expect(0).json();
    assert_eq!(checked["ok"], true, "{checked}");
    sandbox.run(&["log", "--verify"]).expect(0);
    assert!(!sandbox.names().iter().any(|name| name.contains("new-key")), "{:?}", sandbox.names());
}

#[test]
#[cfg(target_os = "linux")]
fn a_key_that_was_kept_is_forgotten_with_the_slots_and_never_used_for_another() {
    let sandbox = Sandbox::with_account();
    let without_secret =
        |arguments: &[&str]| finish(sandbox.command().env_remove("FINVAULT_PASSPHRASE_FILE").args(arguments));
    let unlocked = sandbox.run(&["unlock", "--for", "5m"]);
    if unlocked.code == 1 && unlocked.stderr.contains("key keeper refused") {
        eprintln!("skipped: {}", unlocked.stderr);
        return;
    }
    without_secret(&["balance"]).expect(0);
    // Who changes the keys shows a secret, also while a key is kept.
    without_secret(&["key", "add", "recovery-code"]).expect(2);
    without_secret(&["key", "rotate", "--yes"]).expect(2);
    std::fs::copy(sandbox.vault(), sandbox.join("before.finvault")).unwrap();
    let rotated = sandbox.run(&["key", "rotate", "--yes"]).expect(0);
    assert!(rotated.stdout.contains("is forgotten"), "{}", rotated.stdout);
    without_secret(&["balance"]).expect(2);

    // Kept again, and then an older copy, of the same id and another key, is put in the vault's place.
    sandbox.run(&["unlock", "--for", "5m"]).expect(0);
    without_secret(&["balance"]).expect(0);
    std::fs::copy(sandbox.join("before.finvault"), sandbox.vault()).unwrap();
    without_secret(&["balance"]).expect(2);

    sandbox.run(&["check", "--accept-older"]).expect(0);
    sandbox.run(&["unlock", "--for", "5m"]).expect(0);
    let removed = sandbox.run(&["key", "remove", "2", "--yes"]).expect(0);
    assert!(removed.stdout.contains("is forgotten"), "{}", removed.stdout);
    without_secret(&["balance"]).expect(2);
}
