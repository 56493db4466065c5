//! Linked transfers in what leaves: totals by flow count every booked row, and the owner is told which are transfers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod cli_sandbox;

use cli_sandbox::Sandbox;

#[test]
fn totals_by_flow_tell_the_owner_which_rows_are_transfers() {
    let sandbox = Sandbox::with_account();
    let key = age::x25519::Identity::generate().to_public().to_string();
    sandbox.run(&["recipient", "add", "Example Lender", "--key", &key]).expect(0);
    sandbox.run(&["account", "add", "Spare", "--kind", "savings", "--currency", "EUR"]).expect(0);
    for (date, amount) in [("2026-01-07", "-10.00"), ("2026-01-08", "-20.00"), ("2026-01-09", "-50.00")] {
        sandbox.add(date, amount, "Example Shop").expect(0);
    }
    let add = [
        "tx",
        "add",
        "--account",
        "Spare",
        "--date",
        "2026-01-09",
        "--amount",
        "50.00",
        "--payee",
        "Everyday",
    ];
    sandbox.run(&add).expect(0);
    let totals = |by: &str| {
        let fixed = "disclose totals --account Everyday --from 2026-01-01 --until 2026-01-31 --period window --dry-run --by";
        let arguments: Vec<&str> =
            fixed.split(' ').chain([by, "--to", "Example Lender", "--purpose", "A test"]).collect();
        let shown = sandbox.run(&arguments).expect(0);
        shown.stdout + &shown.stderr
    };
    let words = "of \"Everyday\" that counts here as income or spending";
    assert!(!totals("flow").contains(words));
    sandbox.run(&["transfer", "link", "5", "6"]).expect(0);
    let told = totals("flow");
    assert!(told.contains(words), "{told}");
    assert!(!totals("category").contains(words));
}
