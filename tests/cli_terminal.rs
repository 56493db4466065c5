//! What is asked on a terminal, answered over a pseudo-terminal: whose statement a file is, which number of a date is the day;
//! and that an end of input takes nothing in.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod cli_sandbox;

use cli_sandbox::{Outcome, Sandbox, finish};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::Write;
use std::process::Stdio;

/// What a terminal sends for Ctrl-D at the beginning of a line: the end of input.
const END_OF_INPUT: &str = "\x04";

/// Runs the program with a terminal at standard input on which these lines are typed; whatever else it asks meets the end of
/// input, so that no question is waited for.
fn answer(sandbox: &Sandbox, arguments: &[&str], typed: &[&str]) -> Outcome {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let terminal = open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    // The terminal keeps what is typed ahead, a line for each question.
    let mut keyboard = File::from(master);
    for line in typed {
        writeln!(keyboard, "{line}").unwrap();
    }
    keyboard.write_all(END_OF_INPUT.repeat(8).as_bytes()).unwrap();
    let mut command = sandbox.command();
    let outcome = finish(command.args(arguments).stdin(Stdio::from(terminal)));
    drop(keyboard);
    outcome
}

/// All that the vault holds, as the dump tells it.
fn contents(sandbox: &Sandbox) -> String {
    sandbox.run(&["export", "--format", "jsonl", "--output", "-"]).expect(0).stdout
}

/// A statement that names no account, of a day.
fn statement(day: &str, amount: &str) -> String {
    format!("Date,Payee,Amount\n2026-02-{day},Corner Cafe,{amount}\n2026-02-27,Example GmbH,10.00\n")
}

/// A vault with a second account, so that it is a question which is meant.
fn furnished() -> Sandbox {
    let sandbox = Sandbox::with_account();
    sandbox.run(&["account", "add", "Spare", "--kind", "savings", "--currency", "EUR"]).expect(0);
    sandbox
}

/// There are rows on the first and on the last of these days.
fn assert_rows_on(sandbox: &Sandbox, first: &str, last: &str) {
    let listed = sandbox.run(&["tx", "list", "--from", first, "--to", last]).expect(0);
    assert!(listed.stdout.contains(first) && listed.stdout.contains(last), "{}", listed.stdout);
}

#[test]
fn whose_statement_it_is_is_asked_once() {
    let sandbox = furnished();
    sandbox.write("bank-2026-02.csv", statement("03", "-4.50"));
    // Nobody is asked where nobody sits at a terminal.
    let refused = sandbox.run(&["import", "bank-2026-02.csv"]).expect(5);
    assert!(refused.stderr.contains("--account"), "{}", refused.stderr);

    let asked = answer(&sandbox, &["import", "bank-2026-02.csv"], &["2"]).expect(0);
    assert!(asked.stderr.contains("does not say which account it is of"), "{}", asked.stderr);
    assert!(asked.stderr.contains("  1  Everyday (EUR)\n  2  Spare (EUR)\n"), "{}", asked.stderr);
    assert!(asked.stdout.contains("Spare: 2 added"), "{}", asked.stdout);

    // The answer holds for files of the same columns and name but for digits, also where nobody could be asked.
    sandbox.write("bank-2026-03.csv", statement("04", "-7.00"));
    let remembered = sandbox.run(&["import", "bank-2026-03.csv"]).expect(0);
    assert!(remembered.stdout.contains("Spare: 1 added, 1 known already"), "{}", remembered.stdout);
    let again = answer(&sandbox, &["import", "bank-2026-03.csv"], &["1"]).expect(0);
    assert!(!again.stderr.contains("does not say"), "{}", again.stderr);
}

const OPEN_DATES: &str =
    "Day,Shop,Amount,Currency\n02/03/2026,Corner Cafe,-4.50,EUR\n04/03/2026,Corner Shop,-7.00,EUR\n";

#[test]
fn which_number_is_the_day_is_asked_and_may_be_remembered() {
    let sandbox = furnished();
    sandbox.write("march.csv", OPEN_DATES);
    let import = ["import", "march.csv", "--account", "Everyday"];
    let refused = sandbox.run(&import).expect(5);
    assert!(refused.stderr.contains("--date-order"), "{}", refused.stderr);

    let asked = answer(&sandbox, &import, &["1", "shop"]).expect(0);
    assert!(asked.stderr.contains("  1  day, month, year\n  2  month, day, year\n"), "{}", asked.stderr);
    assert!(asked.stdout.contains("Everyday: 2 added"), "{}", asked.stdout);
    assert!(asked.stdout.contains("Kept as the profile \"shop\""), "{}", asked.stdout);
    assert_rows_on(&sandbox, "2026-03-02", "2026-03-04");

    sandbox.write("april.csv", OPEN_DATES.replace("/03/", "/04/"));
    let kept = sandbox.run(&["import", "april.csv", "--account", "Everyday"]).expect(0);
    assert!(kept.stdout.contains("read with profile shop"), "{}", kept.stdout);
}

#[test]
fn another_order_is_another_day() {
    let sandbox = furnished();
    sandbox.write("march.csv", OPEN_DATES);
    let import = ["import", "march.csv", "--account", "Everyday"];
    // No name for a profile: nothing is remembered.
    answer(&sandbox, &import, &["2", ""]).expect(0);
    assert_rows_on(&sandbox, "2026-02-03", "2026-04-03");
    sandbox.write("april.csv", OPEN_DATES.replace("/03/", "/05/"));
    sandbox.run(&["import", "april.csv", "--account", "Everyday"]).expect(5);
}

#[test]
fn an_end_of_input_and_answers_that_are_none_take_nothing_in() {
    let sandbox = furnished();
    sandbox.write("bank-2026-02.csv", statement("03", "-4.50"));
    sandbox.write("march.csv", OPEN_DATES);
    let before = contents(&sandbox);
    for (arguments, typed, code) in [
        (&["import", "bank-2026-02.csv"][..], &[][..], 5),
        (&["import", "bank-2026-02.csv"], &[""], 5),
        (&["import", "bank-2026-02.csv"], &["3"], 2),
        (&["import", "bank-2026-02.csv"], &["Spare"], 2),
        (&["import", "march.csv", "--account", "Everyday"], &[], 5),
        (&["import", "march.csv", "--account", "Everyday"], &["9"], 5),
        (&["import", "march.csv"], &[], 5),
    ] {
        let outcome = answer(&sandbox, arguments, typed).expect(code);
        assert!(outcome.stderr.contains("error: "), "{arguments:?} {typed:?}: {}", outcome.stderr);
        assert_eq!(contents(&sandbox), before, "{arguments:?} {typed:?}");
    }
    // Nor was an answer remembered.
    sandbox.run(&["import", "bank-2026-02.csv"]).expect(5);
    sandbox.run(&["import", "march.csv", "--account", "Everyday"]).expect(5);
    // For scripts nothing is asked, terminal or not.
    answer(&sandbox, &["--json", "import", "bank-2026-02.csv"], &["1"]).expect(5);
    assert_eq!(contents(&sandbox), before);
}
