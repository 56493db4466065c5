//! Bad days: killed at any moment, two at once, no space, no permission. What was acknowledged stays.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]
#![cfg(unix)]

mod cli_sandbox;

use cli_sandbox::{Sandbox, finish, ofx};
use finvault::crypto::Passphrase;
use finvault::vault::{OpenOptions, Secret, Vault};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Holds the sandbox's vault open in this process, as another program would.
fn hold(sandbox: &Sandbox) -> Vault {
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    Vault::open(&sandbox.vault(), &Secret::Passphrase(&passphrase), &OpenOptions::default()).unwrap()
}

/// A stream of numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Payees in the vault, of which each was entered once.
fn payees(sandbox: &Sandbox) -> BTreeSet<String> {
    let rows = sandbox.json(&["tx", "list"]).expect(0).json();
    let rows = rows.as_array().unwrap();
    let payees: BTreeSet<String> = rows.iter().map(|row| row["payee"].as_str().unwrap().to_owned()).collect();
    assert_eq!(payees.len(), rows.len(), "a row is there twice");
    payees
}

#[test]
fn whatever_was_acknowledged_survives_kill_9() {
    let sandbox = Sandbox::with_account();
    let mut numbers = Numbers(4711);
    let mut acknowledged = payees(&sandbox);
    let mut killed_midway = 0;
    for round in 0..15 {
        // A shell loop that enters one row after another, and says so after each.
        let script = format!(
            "n=0; while :; do n=$((n+1)); \"$FINVAULT_PROGRAM\" tx add --account Everyday --date 2026-02-01 --amount -1 \
             --payee r{round}n$n >/dev/null && echo r{round}n$n || exit 1; done"
        );
        let mut command = std::process::Command::new("sh");
        sandbox.surround(&mut command);
        // A process group of its own, so that the kill reaches the program and not the shell alone.
        use std::os::unix::process::CommandExt;
        let mut child = command
            .env("FINVAULT_PROGRAM", env!("CARGO_BIN_EXE_finvault"))
            .args(["-c", &script])
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        // At least one row is acknowledged, however busy the machine is; then a moment that nobody chose.
        let mut told = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        told.read_line(&mut said).unwrap();
        std::thread::sleep(Duration::from_millis(numbers.below(400)));
        let kill = format!("kill -s KILL -- -{}", child.id());
        finish(std::process::Command::new("sh").args(["-c", &kill])).expect(0);
        told.read_to_string(&mut said).unwrap();
        child.wait().unwrap();
        acknowledged.extend(said.lines().map(str::to_owned));
        let found = payees(&sandbox);
        let lost: Vec<_> = acknowledged.difference(&found).collect();
        assert!(lost.is_empty(), "round {round}: acknowledged and lost: {lost:?}");
        let unsaid = found.difference(&acknowledged).count();
        assert!(unsaid <= 1, "round {round}: {unsaid} rows nobody acknowledged");
        killed_midway += unsaid;
        acknowledged = found;
        let check = sandbox.json(&["check"]).expect(0).json();
        assert_eq!(check["problems"], json!([]), "round {round}");
    }
    println!("{} rows acknowledged, {killed_midway} committed and not yet acknowledged", acknowledged.len());
    assert!(acknowledged.len() >= 17, "the loop hardly ran: {acknowledged:?}");
}

#[test]
fn an_import_that_is_killed_is_whole_or_not_there() {
    let sandbox = Sandbox::with_account();
    let mut numbers = Numbers(815);
    let ids: Vec<String> = (0..4_000).map(|n| format!("B{n}")).collect();
    let rows: Vec<_> = ids.iter().map(|id| ("20260110", "-1.00", id.as_str(), "CORNER CAFE")).collect();
    sandbox.write("many.ofx", ofx(&rows, "0.00"));
    let mut kept = 0;
    for round in 0..10 {
        let mut child = sandbox
            .command()
            .args(["import", "many.ofx"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(40 + numbers.below(500)));
        child.kill().unwrap();
        let acknowledged = child.wait().unwrap().success();
        let rows = sandbox.json(&["tx", "list", "--text", "cafe", "--from", "2026-01-10"]).expect(0).json();
        let count = rows.as_array().unwrap().len();
        assert!(count == 0 || count == 4_000, "round {round}: {count} rows of 4000");
        assert!(count == 4_000 || !acknowledged, "round {round}: acknowledged and lost");
        assert_eq!(sandbox.json(&["check"]).expect(0).json()["problems"], json!([]), "round {round}");
        if count > 0 {
            kept += 1;
            let batches = sandbox.json(&["imports", "list"]).expect(0).json();
            let last = batches.as_array().unwrap().last().unwrap()["batch"].to_string();
            sandbox.run(&["imports", "undo", &last]).expect(0);
        }
    }
    println!("{kept} of 10 imports had been committed when they were killed");
}

#[test]
fn a_second_process_waits_and_then_says_that_the_vault_is_busy() {
    let sandbox = Sandbox::with_account();
    let vault = hold(&sandbox);
    let begun = Instant::now();
    let busy = sandbox.run(&["balance", "--busy-timeout", "700ms"]).expect(6);
    assert!(begun.elapsed() >= Duration::from_millis(700), "it did not wait: {:?}", begun.elapsed());
    assert!(busy.stderr.contains("test.finvault"), "{}", busy.stderr);
    assert_eq!(sandbox.json(&["balance", "--busy-timeout", "0s"]).expect(6).error()["kind"], "busy");

    // One that is let in while it waits does its work.
    let mut waiting = sandbox.command();
    let waiting =
        waiting.args(["--json", "balance", "--busy-timeout", "30s"]).stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(600));
    vault.close().unwrap();
    let output = waiting.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()[0]["balance"], "337.70");
}

#[test]
fn two_processes_at_once_lose_nothing() {
    let sandbox = Sandbox::with_account();
    let begun = Instant::now();
    let children: Vec<_> = (0..12)
        .map(|n| {
            let payee = format!("P{n}");
            let mut command = sandbox.command();
            command.args(["tx", "add", "--account", "Everyday", "--date", "2026-02-01", "--amount", "1"]);
            command.args(["--payee", &payee, "--busy-timeout", "60s"]).stdout(Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(payees(&sandbox).len(), 14);
    // Each waits for those before it, and none for one that waits for it.
    assert!(begun.elapsed() < Duration::from_secs(30), "they waited for each other: {:?}", begun.elapsed());
}

#[test]
fn a_full_disk_is_told_and_the_vault_stays_intact() {
    let sandbox = Sandbox::with_account();
    let before = payees(&sandbox);
    let ids: Vec<String> = (0..6_000).map(|n| format!("B{n}")).collect();
    let rows: Vec<_> = ids.iter().map(|id| ("20260110", "-1.00", id.as_str(), "CORNER CAFE")).collect();
    sandbox.write("many.ofx", ofx(&rows, "0.00"));
    let blocks = std::fs::metadata(sandbox.vault()).unwrap().len() / 512;
    // No file may grow beyond this: writing fails as it does on a full disk.
    let limited =
        |command: &str| sandbox.shell(&format!("trap '' XFSZ; ulimit -f {}; {command}", blocks + 200));
    let outcome = limited("finvault import many.ofx").expect(1);
    assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    assert_eq!(payees(&sandbox), before);
    assert_eq!(sandbox.json(&["check"]).expect(0).json()["problems"], json!([]));
    sandbox.run(&["import", "many.ofx"]).expect(0);

    let before = sandbox.names();
    let outcome = sandbox
        .shell("trap '' XFSZ; ulimit -f 1; finvault init --vault new.finvault --kdf-memory 19 --kdf-passes 2")
        .expect(1);
    assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
    assert_eq!(sandbox.names(), before, "a failed init left something behind");
}

#[test]
fn a_read_only_folder_is_told_and_the_vault_stays_intact() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::with_account();
    let permissions =
        |mode| std::fs::set_permissions(sandbox.path(), PermissionsExt::from_mode(mode)).unwrap();
    permissions(0o500);
    if std::fs::write(sandbox.join("probe"), "x").is_ok() {
        permissions(0o700);
        println!("skipped: this user writes wherever they like (root)");
        return;
    }
    let outcome = sandbox.add("2026-02-01", "-1.00", "Corner Cafe");
    let init = sandbox.run(&["init", "--vault", "new.finvault", "--kdf-memory", "19", "--kdf-passes", "2"]);
    permissions(0o700);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("help: "), "{}", outcome.stderr);
    assert_eq!(init.code, 1, "{init:?}");
    assert_eq!(sandbox.json(&["check"]).expect(0).json()["problems"], json!([]));
}

#[test]
fn damage_ends_with_4_and_names_it() {
    let sandbox = Sandbox::with_account();
    sandbox.run(&["check"]).expect(0);
    let sound = std::fs::read(sandbox.vault()).unwrap();
    let mut told = 0;
    // Bytes of both header copies, then some of everything else.
    let header = (0..8192).step_by(257);
    for at in header.chain((8192..sound.len()).step_by(sound.len() / 60)) {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x10;
        std::fs::write(sandbox.vault(), &damaged).unwrap();
        let outcome = sandbox.json(&["check"]);
        match outcome.code {
            0 => assert!(
                !outcome.json()["problems"].as_array().unwrap().is_empty()
                    || outcome.stderr.contains("warning"),
                "byte {at} went unseen: {outcome:?}"
            ),
            4 => told += 1,
            _ => panic!("byte {at}: {outcome:?}"),
        }
        assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    }
    assert!(told > 20, "only {told} damages ended with 4");
    std::fs::write(sandbox.vault(), &sound).unwrap();
    sandbox.run(&["check"]).expect(0);
}

/// Runs the program on a terminal made by `script`, and answers what it asks. None without `script`.
#[cfg(target_os = "linux")]
fn on_a_terminal(sandbox: &Sandbox, line: &str, answers: &[(&str, &str)]) -> Option<(String, bool)> {
    let mut command = std::process::Command::new("script");
    sandbox.surround(&mut command);
    let typed = format!("{} {line}", env!("CARGO_BIN_EXE_finvault"));
    command
        .args(["-q", "-e", "-c", &typed, "/dev/null"])
        .env_remove("FINVAULT_PASSPHRASE_FILE")
        .env("TERM", "xterm");
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = spawned else {
        println!("skipped: there is no script(1) to make a terminal");
        return None;
    };
    let mut keyboard = child.stdin.take().unwrap();
    let mut screen = BufReader::new(child.stdout.take().unwrap());
    let mut shown = Vec::new();
    for (question, answer) in answers {
        while !String::from_utf8_lossy(&shown).contains(question) {
            let read = screen.fill_buf().unwrap();
            assert!(
                !read.is_empty(),
                "ended before it asked {question:?}: {}",
                String::from_utf8_lossy(&shown)
            );
            let length = read.len();
            shown.extend_from_slice(read);
            screen.consume(length);
        }
        // The prompt is printed just before echo is turned off, or just after; a person is never this quick.
        std::thread::sleep(Duration::from_millis(300));
        keyboard.write_all(answer.as_bytes()).unwrap();
        keyboard.flush().unwrap();
    }
    screen.read_to_end(&mut shown).unwrap();
    drop(keyboard);
    let done = child.wait().unwrap().success();
    Some((String::from_utf8_lossy(&shown).into_owned(), done))
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_terminal_the_passphrase_is_asked_for_and_not_shown() {
    let sandbox = Sandbox::with_account();
    let answers = [("Passphrase: ", "correct horse battery staple\n")];
    let Some((screen, done)) = on_a_terminal(&sandbox, "balance", &answers) else { return };
    assert!(done, "{screen}");
    assert!(screen.contains("337.70") && !screen.contains("horse"), "{screen}");
    assert!(screen.contains('\u{1b}'), "no colour on a terminal: {screen}");

    let twice = [("New passphrase: ", "open sesame\n"), ("The same again: ", "open sesami\n")];
    let (screen, done) = on_a_terminal(&sandbox, "init --vault new.finvault", &twice).unwrap();
    assert!(!done && screen.contains("differ") && !screen.contains("sesam"), "{screen}");
    assert!(!sandbox.join("new.finvault").exists());
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_terminal_a_disclosure_is_confirmed() {
    let sandbox = Sandbox::with_account();
    sandbox.run(&["recipient", "add", "Desk"]).expect(0);
    let line = "disclose balance --account Everyday --as-of 2026-01-31 --to Desk --purpose Test --output x.age \
                --passphrase-file passphrase.txt";
    let question = "Seal this for Desk? [y/N] ";
    let Some((screen, done)) = on_a_terminal(&sandbox, line, &[(question, "\n")]) else { return };
    assert!(!done && screen.contains("Nothing was sealed"), "{screen}");
    assert!(!sandbox.join("x.age").exists());
    let (screen, done) = on_a_terminal(&sandbox, line, &[(question, "y\n")]).unwrap();
    assert!(done && screen.contains("Passcode:"), "{screen}");
    assert!(sandbox.join("x.age").exists());
}
