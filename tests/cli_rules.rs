//! The rules that scripts and people rely on: exit codes, files, prompts, passphrases, plain output.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod cli_sandbox;

use cli_sandbox::{CHEAP_KDF, Sandbox, finish, ofx};
use serde_json::json;
use std::process::Stdio;

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Adds a recipient with a fresh age key and gives the arguments that disclose to it.
fn disclose_arguments(sandbox: &Sandbox) -> Vec<String> {
    let key = age::x25519::Identity::generate().to_public().to_string();
    sandbox.run(&["recipient", "add", "Example Lender", "--key", &key]).expect(0);
    "disclose balance --account Everyday --as-of 2026-01-31 --to"
        .split(' ')
        .chain(["Example Lender", "--purpose", "A test"])
        .map(str::to_owned)
        .collect()
}

fn with<'a>(arguments: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    arguments.iter().map(String::as_str).chain(more.iter().copied()).collect()
}

#[test]
fn usage_errors_end_with_2_for_people_and_for_scripts() {
    let sandbox = Sandbox::with_account();
    for arguments in [
        &["frobnicate"][..],
        &["balance", "--as-of", "31.01.2026"],
        &["tx", "add", "--account", "Everyday"],
        &["account", "add", "X", "--kind", "piggybank", "--currency", "EUR"],
        &["account", "add", "X", "--kind", "cash", "--currency", "EURO"],
        &["tx", "add", "--account", "Everyday", "--date", "2026-01-01", "--amount", "1.234", "--payee", "P"],
        &["tx", "list", "--from", "2026-02-01", "--to", "2026-01-01"],
        &["open", "x.age", "--vault", "v"],
        &["completions", "csh"],
        &["tx", "edit", "1"],
        &["init", "--kdf-memory", "18", "--vault", "other.finvault"],
    ] {
        let people = sandbox.run(arguments).expect(2);
        assert!(people.stderr.starts_with("error: ") && people.stdout.is_empty(), "{people:?}");
        let error = sandbox.json(arguments).expect(2).error();
        assert_eq!((&error["code"], &error["kind"]), (&json!(2), &json!("usage")), "{arguments:?}");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(sandbox.run(&["--help"]).expect(0).stderr, "");
    assert!(sandbox.run(&["--help"]).stdout.contains("open: expired"));
    assert!(sandbox.run(&["--version"]).expect(0).stdout.starts_with("finvault "));
}

#[test]
fn a_wrong_passphrase_is_told_in_the_same_words_whatever_the_vault_holds() {
    let sandbox = Sandbox::with_account();
    let right = sandbox.run(&["balance"]).expect(0);
    assert!(right.stdout.contains("337.70"), "{}", right.stdout);
    sandbox.write("passphrase.txt", "something else\n");
    let passphrase = sandbox.run(&["balance"]).expect(3);
    // Thirty symbols of the right form, that open nothing.
    sandbox.write("code.txt", "not a recovery code");
    sandbox.run(&["balance", "--recovery-code-file", "code.txt"]).expect(3);
    sandbox.run(&[&["init", "--vault", "other.finvault"][..], &CHEAP_KDF].concat()).expect(0);
    let other =
        sandbox.json(&[&["init", "--vault", "third.finvault"][..], &CHEAP_KDF].concat()).expect(0).json();
    sandbox.write("code.txt", other["recovery_code"].as_str().unwrap());
    let code = sandbox.run(&["balance", "--recovery-code-file", "code.txt"]).expect(3);
    assert_eq!(passphrase.stderr, code.stderr, "the words must not tell which slots there are");
    assert_eq!((passphrase.stdout.as_str(), code.stdout.as_str()), ("", ""));
}

#[test]
fn a_recovery_code_opens_the_vault_in_place_of_the_passphrase() {
    let sandbox = Sandbox::new();
    let made = sandbox.json(&[&["init"][..], &CHEAP_KDF].concat()).expect(0).json();
    let code = made["recovery_code"].as_str().unwrap();
    sandbox.write("code.txt", format!("{}\n", code.to_lowercase().replace('-', " ")));
    sandbox.write("passphrase.txt", "forgotten\n");
    sandbox.run(&["account", "list"]).expect(3);
    sandbox.run(&["account", "list", "--recovery-code-file", "code.txt"]).expect(0);
}

#[test]
fn the_passphrase_comes_from_wherever_it_is_said_to() {
    let sandbox = Sandbox::with_account();
    let run = |name: &str, value: &str| {
        let mut command = sandbox.command();
        finish(command.env_remove("FINVAULT_PASSPHRASE_FILE").env(name, value).arg("balance"))
    };
    run("FINVAULT_PASSPHRASE", "correct horse battery staple").expect(0);
    run("FINVAULT_PASSPHRASE", "correct horse battery staple ").expect(3);
    run("FINVAULT_PASSPHRASE_FILE", "passphrase.txt").expect(0);
    run("FINVAULT_PASSPHRASE_COMMAND", "cat passphrase.txt; echo more").expect(0);
    run("FINVAULT_PASSPHRASE_COMMAND", "exit 1").expect(2);
    run("FINVAULT_PASSPHRASE_FILE", "missing.txt").expect(2);
    // The option wins over the environment, the file over the command, the command over the variable.
    sandbox.write("wrong.txt", "wrong");
    sandbox.run(&["balance", "--passphrase-file", "wrong.txt"]).expect(3);
    let mut command = sandbox.command();
    command.env("FINVAULT_PASSPHRASE_COMMAND", "echo wrong").env("FINVAULT_PASSPHRASE", "wrong");
    finish(command.arg("balance")).expect(0);
    // One newline is the file's, a second one is the passphrase's; a carriage return before it goes, too.
    sandbox.write("passphrase.txt", "correct horse battery staple\r\n");
    sandbox.run(&["balance"]).expect(0);
    sandbox.write("passphrase.txt", "correct horse battery staple\n\n");
    sandbox.run(&["balance"]).expect(3);
}

#[test]
fn nothing_prompts_when_nobody_is_there_to_answer() {
    let sandbox = Sandbox::with_account();
    let arguments = disclose_arguments(&sandbox);
    let unattended = |arguments: &[&str], answer: Option<&str>| {
        let mut command = sandbox.command();
        command.env_remove("FINVAULT_PASSPHRASE_FILE").args(arguments);
        if let Some(answer) = answer {
            sandbox.write("answer.txt", answer);
            command.stdin(std::fs::File::open(sandbox.join("answer.txt")).unwrap());
        }
        finish(&mut command)
    };
    for answer in [None, Some("correct horse battery staple\n")] {
        let asked = unattended(&["balance"], answer).expect(2);
        assert!(asked.stderr.contains("--passphrase-file"), "{}", asked.stderr);
        let asked = unattended(&["init", "--vault", "new.finvault"], answer).expect(2);
        assert!(asked.stderr.contains("--passphrase-file"), "{}", asked.stderr);
        assert!(!sandbox.join("new.finvault").exists());
    }
    let asked =
        unattended(&with(&arguments, &["--passphrase-file", "passphrase.txt"]), Some("y\n")).expect(2);
    assert!(asked.stderr.contains("--yes"), "{}", asked.stderr);
    assert!(asked.stdout.contains("This leaves the vault"), "what would leave is shown all the same");
    let scripts = sandbox.json(&with(&arguments, &[])).expect(2);
    assert!(scripts.error()["remedy"].as_str().unwrap().contains("--yes"));
    assert!(!sandbox.names().iter().any(|name| name.ends_with(".age")), "{:?}", sandbox.names());
    assert_eq!(sandbox.json(&["disclosure", "list"]).expect(0).json(), json!([]));
}

#[test]
#[cfg(unix)]
fn output_files_are_private_and_never_replaced_unasked() {
    let sandbox = Sandbox::with_account();
    let arguments = disclose_arguments(&sandbox);
    assert_eq!(mode(&sandbox.vault()), 0o600);
    sandbox.run(&with(&arguments, &["--yes", "--output", "out.age"])).expect(0);
    assert_eq!(mode(&sandbox.join("out.age")), 0o600);
    let first = sandbox.read("out.age");

    let refused = sandbox.run(&with(&arguments, &["--yes", "--output", "out.age"])).expect(1);
    assert!(
        refused.stderr.contains("out.age exists already") && refused.stderr.contains("--force"),
        "{refused:?}"
    );
    assert_eq!(sandbox.read("out.age"), first);
    assert_eq!(
        sandbox.json(&["disclosure", "list"]).json().as_array().unwrap().len(),
        1,
        "nothing was logged"
    );
    sandbox.run(&with(&arguments, &["--yes", "--output", "out.age", "--force"])).expect(0);
    assert_ne!(sandbox.read("out.age"), first);

    for _ in 0..2 {
        sandbox.run(&with(&arguments, &["--yes"])).expect(0);
    }
    let made: Vec<String> =
        sandbox.names().into_iter().filter(|name| name.starts_with("disclosure-")).collect();
    assert_eq!(made.len(), 2, "{made:?}");
    assert!(made.iter().all(|name| name.starts_with("disclosure-example-lender-20")), "{made:?}");

    sandbox.run(&[&["init"][..], &CHEAP_KDF].concat()).expect(1);
    sandbox.run(&["balance"]).expect(0);
}

#[test]
fn a_failed_command_leaves_no_file_and_changes_nothing() {
    let sandbox = Sandbox::with_account();
    let arguments = disclose_arguments(&sandbox);
    let before = (sandbox.names(), sandbox.json(&["log"]).json());
    sandbox.run(&with(&arguments, &["--yes", "--output", "missing/out.age"])).expect(1);
    sandbox.run(&with(&arguments, &["--yes", "--output", "."])).expect(1);
    sandbox.run(&with(&arguments, &["--yes", "--output", "out.age", "--expires", "400d"])).expect(2);
    sandbox.run(&with(&arguments, &["--yes", "--output", "out.age", "--round", "0"])).expect(5);
    sandbox.run(&with(&arguments, &["--output", "out.age", "--dry-run"])).expect(0);
    sandbox.write("bad.ofx", "OFXHEADER:100\n\n<OFX><BANKMSGSRSV1><STMTTRNRS>");
    let names = sandbox.names();
    sandbox.run(&["import", "bad.ofx"]).expect(5);
    assert_eq!(sandbox.names(), names);
    std::fs::remove_file(sandbox.join("bad.ofx")).unwrap();
    assert_eq!((sandbox.names(), sandbox.json(&["log"]).json()), before);
}

#[test]
fn imports_are_all_or_nothing_and_say_which_line() {
    let sandbox = Sandbox::with_vault();
    sandbox.write("good.ofx", ofx(&[("20260105", "-1.00", "A", "CORNER CAFE")], "9.00"));
    sandbox.write("bad.ofx", ofx(&[("20260230", "-1.00", "B", "CORNER CAFE")], "9.00"));
    let people = sandbox.run(&["import", "good.ofx", "bad.ofx"]).expect(5);
    assert!(
        people.stderr.contains("--> bad.ofx:") && people.stderr.contains("20260230"),
        "{}",
        people.stderr
    );
    let error = sandbox.json(&["import", "good.ofx", "bad.ofx"]).expect(5).error();
    assert_eq!(error["where"]["file"], "bad.ofx");
    assert!(error["where"]["line"].as_u64().unwrap() > 10, "{error}");
    assert!(!error["remedy"].as_str().unwrap().is_empty());
    assert_eq!(sandbox.json(&["tx", "list"]).expect(0).json(), json!([]));

    let dry = sandbox.json(&["import", "good.ofx", "--dry-run"]).expect(0).json();
    assert_eq!(
        (&dry["files"][0]["accounts"][0]["added"], &dry["files"][0]["batch"]),
        (&json!(1), &json!(null))
    );
    assert_eq!(sandbox.json(&["tx", "list"]).expect(0).json(), json!([]));

    let fed = sandbox.feed(&["--json", "import", "-"], &sandbox.read("good.ofx")).expect(0).json();
    assert_eq!(fed["files"][0]["path"], "stdin");
    assert_eq!(fed["files"][0]["accounts"][0]["added"], 1);
    for (name, content) in
        [("empty", &b""[..]), ("binary", &[0, 1, 2, 255, 254][..]), ("text", b"Dear customer,\n")]
    {
        sandbox.write(name, content);
        sandbox.run(&["import", name]).expect(5);
    }
    sandbox.run(&["import", "missing.ofx"]).expect(1);
}

#[test]
fn hand_entered_rows_are_added_changed_and_deleted() {
    let sandbox = Sandbox::with_account();
    let added = sandbox.json(&[
        "tx",
        "add",
        "--account",
        "every",
        "--date",
        "2026-01-07",
        "--amount",
        "-3.20",
        "--payee",
        "Corner Cafe",
        "--category",
        "Coffee",
        "--memo",
        "twice",
        "--reference",
        "17",
        "--status",
        "pending",
    ]);
    let added = added.expect(0).json();
    assert_eq!((&added["amount"], &added["status"]), (&json!("-3.20"), &json!("pending")));
    let id = added["id"].to_string();
    let same = sandbox.add("2026-01-07", "-3.20", "Corner Cafe").expect(0);
    assert!(same.stdout.contains("-3.20 EUR"), "{}", same.stdout);
    assert_eq!(sandbox.json(&["tx", "list", "--from", "2026-01-07"]).json().as_array().unwrap().len(), 2);

    let changed = sandbox
        .json(&["tx", "edit", &id, "--amount", "-4", "--status", "posted", "--memo", ""])
        .expect(0)
        .json();
    assert_eq!((&changed["amount"], &changed["memo"]), (&json!("-4.00"), &json!(null)));
    assert_eq!(changed["category"], "Coffee");
    sandbox.run(&["tx", "delete", &id]).expect(0);
    sandbox.run(&["tx", "delete", &id]).expect(5);
    assert_eq!(sandbox.json(&["balance"]).json()[0]["balance"], "334.50");
    let coffee = sandbox.json(&["tx", "list", "--category", "Coffee"]).expect(0).json();
    assert_eq!(coffee, json!([]));
}

#[test]
fn accounts_are_of_every_kind_and_any_currency() {
    let sandbox = Sandbox::with_vault();
    for (name, kind, currency, opening) in [
        ("Tea fund", "cash", "JPY", "-500"),
        ("Dinars", "savings", "KWD", "1.005"),
        ("House", "mortgage", "usd", "-120000"),
    ] {
        sandbox
            .run(&["account", "add", name, "--kind", kind, "--currency", currency, "--opening", opening])
            .expect(0);
    }
    sandbox.run(&["account", "add", "Points", "--kind", "other", "--currency", "MILES"]).expect(2);
    sandbox
        .run(&["account", "add", "Points", "--kind", "other", "--currency", "MILES", "--digits", "0"])
        .expect(0);
    sandbox.run(&["account", "add", "points", "--kind", "other", "--currency", "EUR"]).expect(5);
    let balances = sandbox.json(&["balance"]).expect(0).json();
    let found: Vec<_> =
        balances.as_array().unwrap().iter().map(|b| (b["currency"].clone(), b["balance"].clone())).collect();
    let expected = [("KWD", "1.005"), ("USD", "-120000.00"), ("MILES", "0"), ("JPY", "-500")];
    for (currency, balance) in expected {
        assert!(found.contains(&(json!(currency), json!(balance))), "{currency} {balance}: {found:?}");
    }
    sandbox.run(&["account", "edit", "tea", "--name", "Tea", "--number", "12345678"]).expect(0);
    sandbox.run(&["account", "close", "Tea", "--on", "2026-02-01"]).expect(0);
    let tea = sandbox.json(&["account", "show", "Tea"]).expect(0).json();
    assert_eq!((&tea["closed"], &tea["number"]), (&json!("2026-02-01"), &json!("12345678")));
    let listed = sandbox.run(&["account", "list"]).expect(0);
    assert!(listed.stdout.contains("••••5678") && !listed.stdout.contains("12345678"), "{}", listed.stdout);
}

#[test]
fn piped_output_is_plain_and_a_reader_may_leave() {
    let sandbox = Sandbox::with_account();
    let hostile = "Evil\u{1b}]0;owned\u{7}\u{9b}2Jshop\u{202e}";
    sandbox.write(
        "hostile.csv",
        format!("Date,Payee,Amount,Currency\n2026-01-08,{hostile},-1.00,EUR\n2026-01-09,P,1,EUR\n"),
    );
    sandbox.run(&["import", "hostile.csv", "--account", "Everyday"]).expect(0);
    sandbox.add("2026-01-10", "-1.00", hostile);
    for outcome in [sandbox.run(&["tx", "list"]).expect(0), sandbox.json(&["tx", "list"]).expect(0)] {
        assert!(outcome.stdout.contains("shop"), "{}", outcome.stdout);
        assert!(!outcome.stdout.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}']), "{:?}", outcome.stdout);
    }
    assert!(!sandbox.run(&["balance"]).expect(0).stdout.contains('\u{1b}'));

    let rows: Vec<String> = (0..3_000).map(|n| format!("R{n}")).collect();
    let rows: Vec<_> = rows.iter().map(|id| ("20260105", "-1.00", id.as_str(), "CORNER CAFE")).collect();
    sandbox.write("many.ofx", ofx(&rows, "0.00"));
    sandbox.run(&["import", "many.ofx"]).expect(0);
    let quiet = sandbox.shell("{ finvault tx list; echo \"ended with $?\" >&2; } | head -n 2").expect(0);
    assert_eq!(quiet.stdout.lines().count(), 2);
    assert_eq!(quiet.stderr, "ended with 141\n");
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_is_an_error() {
    let sandbox = Sandbox::with_account();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let outcome = finish(sandbox.command().arg("balance").stdout(Stdio::from(full))).expect(1);
    assert!(outcome.stderr.contains("cannot write to standard output"), "{}", outcome.stderr);
    sandbox
        .run(&with(&disclose_arguments(&sandbox), &["--yes", "--output", "/dev/full", "--force"]))
        .expect(1);
    use std::os::unix::fs::FileTypeExt;
    assert!(std::fs::metadata("/dev/full").unwrap().file_type().is_char_device(), "/dev/full was replaced");
}

#[test]
fn what_is_no_vault_is_told_apart() {
    let sandbox = Sandbox::with_account();
    sandbox.run(&["balance", "--vault", "missing.finvault"]).expect(1);
    sandbox.write("notes.txt", "these are notes\n".repeat(1_000));
    let outcome = sandbox.run(&["balance", "--vault", "notes.txt"]);
    assert!(outcome.code == 1 || outcome.code == 4, "{outcome:?}");
    sandbox.write("empty.finvault", "");
    let outcome = sandbox.run(&["balance", "--vault", "empty.finvault"]);
    assert!(outcome.code == 1 || outcome.code == 4, "{outcome:?}");
    sandbox.run(&["balance", "--vault", "."]).expect(1);
}

#[test]
fn completions_and_manual_pages_are_made() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = sandbox.run(&["completions", shell]).expect(0).stdout;
        assert!(script.contains("recipient") && script.contains("as-of"), "{shell}");
    }
    assert!(sandbox.run(&["man"]).expect(0).stdout.contains(".TH finvault 1"));
    sandbox.run(&["man", "--output", "man"]).expect(0);
    for page in ["finvault.1", "finvault-disclose.1", "finvault-disclose-balance.1", "finvault-open.1"] {
        assert!(sandbox.join("man").join(page).exists(), "{page}");
    }
    sandbox.run(&["man", "--output", "man"]).expect(1);
    sandbox.run(&["man", "--output", "man", "--force"]).expect(0);
}
