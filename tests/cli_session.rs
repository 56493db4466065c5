//! `unlock` and `lock`: the key rests in the kernel's keyring for a while, and nowhere else.
//!
//! Where the kernel offers no keyring (some containers) these tests say so and check only that nothing is kept.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod cli_sandbox;

use cli_sandbox::{Outcome, Sandbox, finish};

/// Runs a command that is given no secret at all.
fn without_secret(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    finish(sandbox.command().env_remove("FINVAULT_PASSPHRASE_FILE").args(arguments))
}

/// Unlocks; none where this kernel has no keyring.
fn unlocked(sandbox: &Sandbox, span: &str) -> Option<()> {
    let outcome = sandbox.run(&["unlock", "--for", span]);
    if outcome.code == 1 && outcome.stderr.contains("key keeper refused") {
        eprintln!("skipped: {}", outcome.stderr);
        without_secret(sandbox, &["balance"]).expect(2);
        return None;
    }
    let outcome = outcome.expect(0);
    assert!(outcome.stdout.contains("Unlocked test.finvault until "), "{}", outcome.stdout);
    Some(())
}

#[test]
fn between_unlock_and_lock_no_secret_is_asked_for() {
    let sandbox = Sandbox::with_account();
    without_secret(&sandbox, &["balance"]).expect(2);
    if unlocked(&sandbox, "5m").is_none() {
        return;
    }
    let names = sandbox.names();
    assert!(without_secret(&sandbox, &["balance"]).expect(0).stdout.contains("337.70"));
    assert_eq!(sandbox.names(), names, "no file holds the key");

    // A secret that is named on the command line is tried, and nothing else instead.
    sandbox.write("wrong.txt", "not the passphrase");
    without_secret(&sandbox, &["balance", "--passphrase-file", "wrong.txt"]).expect(3);

    // Another vault at the same place is another vault.
    std::fs::rename(sandbox.vault(), sandbox.join("first.finvault")).unwrap();
    sandbox.run(&[&["init"][..], &cli_sandbox::CHEAP_KDF].concat()).expect(0);
    without_secret(&sandbox, &["balance"]).expect(2);
    without_secret(&sandbox, &["--vault", "first.finvault", "balance"]).expect(0);

    let locked = without_secret(&sandbox, &["--vault", "first.finvault", "lock"]).expect(0);
    assert!(locked.stdout.contains("forgotten"), "{}", locked.stdout);
    without_secret(&sandbox, &["--vault", "first.finvault", "balance"]).expect(2);
    let again = without_secret(&sandbox, &["--vault", "first.finvault", "lock"]).expect(0);
    assert!(again.stdout.contains("No key was kept"), "{}", again.stdout);
}

#[test]
fn the_kernel_ends_it_by_itself() {
    let sandbox = Sandbox::with_account();
    if unlocked(&sandbox, "2s").is_none() {
        return;
    }
    without_secret(&sandbox, &["balance"]).expect(0);
    // Unlocking again takes the place of the first.
    unlocked(&sandbox, "1s").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    without_secret(&sandbox, &["balance"]).expect(2);
}

#[test]
fn a_wrong_passphrase_keeps_nothing() {
    let sandbox = Sandbox::with_account();
    sandbox.write("passphrase.txt", "something else");
    sandbox.run(&["unlock"]).expect(3);
    without_secret(&sandbox, &["balance"]).expect(2);
    sandbox.run(&["unlock", "--for", "25h"]).expect(2);
}

#[test]
fn the_program_writes_no_core() {
    // FINVAULT_PASSPHRASE_COMMAND runs while the program does, as its child, and can look at its limits.
    let sandbox = Sandbox::with_account();
    let look = "grep -E 'Max core file size' /proc/$PPID/limits >core.txt; cat passphrase.txt";
    let mut command = sandbox.command();
    command.env_remove("FINVAULT_PASSPHRASE_FILE").env("FINVAULT_PASSPHRASE_COMMAND", look);
    finish(command.arg("balance")).expect(0);
    let core = String::from_utf8(sandbox.read("core.txt")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
}
