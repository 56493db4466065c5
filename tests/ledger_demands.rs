//! What people ask for most of the ledgers they use, each with the right behaviour on a case as they describe it.
//!
//! Speed is asked for too: `cargo bench --bench store` measures that. Reading one's data out again is shown by the
//! tests of the exports.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ledger_fixture;

use finvault::ledger::{AccountKind, AttachmentTarget, TransactionId};
use finvault::statement::StatementErrorKind;
use finvault::vault::{
    ErrorClass, ImportFile, ImportOptions, RowOutcome, TransactionEdit, TransactionQuery, VaultError,
};
use ledger_fixture::{House, Ofx, csv, day, eur, now};

/// An account is charged the same interest every day; a monthly import must take all of it, and a second one none. Two equal coffees of one day are two, also where two downloads overlap in the middle of that day.
#[test]
fn duplicates_are_neither_dropped_nor_doubled() {
    let mut house = House::new();
    let account = house.account("Savings", AccountKind::Savings, "EUR", None).id;
    let days: Vec<String> = (1..=28).map(|day| format!("2026-03-{day:02}")).collect();
    let mut rows: Vec<(&str, &str, &str)> =
        days.iter().map(|day| (day.as_str(), "-0.42", "Daily interest")).collect();
    rows.push(("2026-03-28", "5.00", "Refund"));
    assert_eq!(house.import_for(account, "march.csv", &csv(&rows)).1.added, 29);
    assert_eq!(house.import_for(account, "march.csv", &csv(&rows)).1.added, 0);
    let next = [rows[26], rows[27], rows[28], ("2026-03-29", "-0.42", "Daily interest")];
    assert_eq!(house.import_for(account, "april.csv", &csv(&next)).1.added, 1);

    let coffee = ("2026-03-05", "-3.50", "Corner Cafe");
    let account = house.account("Everyday", AccountKind::Checking, "EUR", None).id;
    assert_eq!(house.import_for(account, "noon.csv", &csv(&[coffee])).1.added, 1);
    assert_eq!(house.import_for(account, "evening.csv", &csv(&[coffee, coffee])).1.added, 1);
    assert_eq!(house.import_for(account, "noon.csv", &csv(&[coffee])).1.added, 0);

    // Similar rows on close days, with ids of their own, in a statement that overlaps the one before.
    let first = [("2026-03-10", "-12.39", "X1", "LUNCH"), ("2026-03-11", "-12.39", "X2", "LUNCH")];
    let second = [first[1], ("2026-03-12", "-12.39", "X3", "LUNCH")];
    let card = |rows| Ofx { number: "5500000000001111", rows, ..Ofx::default() }.text();
    assert_eq!(house.import("one.ofx", &card(&first)).1.added, 2);
    assert_eq!(house.import("two.ofx", &card(&second)).1.added, 1);
    assert_eq!(house.import("one.ofx", &card(&first)).1.added, 0);
}

/// A decimal comma is a comma; debit and credit columns have signs; what could mean two things is refused.
#[test]
fn csv_signs_columns_and_decimal_commas_are_read_exactly_or_refused() {
    let mut house = House::new();
    let account = house.account("Everyday", AccountKind::Checking, "EUR", None).id;
    let comma = "Datum;Name;Betrag\n15.03.2026;Stadtwerke;-110,7\n16.03.2026;Arbeitgeber;1.234,50\n";
    house.import_for(account, "comma.csv", comma);
    assert_eq!(house.rows(), ["2026-03-15 -110.70 Stadtwerke", "2026-03-16 1234.50 Arbeitgeber"]);
    let columns = "Date,Payee,Debit,Credit\n2026-03-17,Shop,12.00,\n2026-03-18,Refund,,3.00\n";
    house.import_for(account, "columns.csv", columns);
    assert_eq!(house.rows()[2..], ["2026-03-17 -12.00 Shop", "2026-03-18 3.00 Refund"]);
    let unsigned = "Date,Payee,Amount\n2026-03-19,Shop,12.00\n2026-03-20,Refund,3.00\n";
    let files = [ImportFile { name: "unsigned.csv", bytes: unsigned.as_bytes() }];
    let options = ImportOptions { account: Some(account), ..ImportOptions::default() };
    let error = house.vault.import(&files, &options, now(), &mut |_| {}).unwrap_err();
    assert!(
        matches!(&error, VaultError::Statement { error, .. } if error.kind == StatementErrorKind::Unsure),
        "{error}"
    );
    assert_eq!(house.rows().len(), 4);
}

/// Both accounts are imported, and each shows the payment with its own words: it is one transfer, proposed from the numbers
/// in the texts, and neither income nor spending once it is accepted. Importing again neither doubles nor unlinks it.
#[test]
fn a_transfer_that_both_accounts_show_is_counted_once() {
    let mut house = House::new();
    let spoint = house.account("Spoint", AccountKind::Savings, "EUR", Some("2345")).id;
    let main = house.account("Main", AccountKind::Checking, "EUR", Some("1234")).id;
    let came = "Date,Name,Memo,Amount\n2026-03-11,Recurring Internet Deposit,From 1234,50.00\n2026-03-12,Fee,,-1.00\n";
    let left = "Date,Name,Memo,Amount\n2026-03-11,Recurring Internet Withdrawal,To 2345,-50.00\n2026-03-12,Shop,,-50.00\n";
    house.import_for(spoint, "spoint.csv", came);
    house.import_for(main, "main.csv", left);
    let proposed = house.vault.proposed_transfers(None, None).unwrap();
    assert_eq!(proposed.len(), 1);
    assert!(proposed[0].reasons.iter().any(|reason| reason.starts_with("the number of")), "{proposed:?}");
    house.vault.accept_transfers(&[proposed[0].to.id], now()).unwrap();
    let flows = house.vault.flows(None, None, None).unwrap();
    assert_eq!((flows[0].income, flows[0].spending), (eur(0), eur(-5_100)));
    house.import_for(spoint, "spoint.csv", came);
    house.import_for(main, "main.csv", left);
    assert_eq!(house.vault.flows(None, None, None).unwrap(), flows);
    assert_eq!(
        (house.balance(main, "2026-03-31"), house.balance(spoint, "2026-03-31")),
        ("-100.00".into(), "49.00".into())
    );
}

/// Nothing of what was imported stands in the file, nor beside it.
#[test]
fn records_are_encrypted_at_rest() {
    let mut house = House::new();
    let rows = [("2026-03-05", "-3.50", "A1", "UNMISTAKABLE CAFE")];
    house.import("march.ofx", &Ofx { rows: &rows, ..Ofx::default() }.text());
    let secrets = ["UNMISTAKABLE", "DE89370400440532013000", "march.ofx", "SQLite format 3"];
    let found_in = |path: &std::path::Path| {
        let bytes = std::fs::read(path).unwrap();
        let holds = |text: &&str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        secrets.iter().filter(|text| holds(text)).count()
    };
    let folder = house.path.parent().unwrap().to_owned();
    let check = || {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(found_in(&path), 0, "{}", path.display());
        }
    };
    check();
    house.vault.compact().unwrap();
    check();
}

/// A posted row of the same amount as a pending one, from somebody else, does not take its place; the pending one is
/// booked when its own posted row comes, with a tip, and never doubled.
#[test]
fn pending_rows_become_posted_and_no_row_is_lost() {
    let mut house = House::new();
    let held =
        [("2026-03-20", "-20.00", "", "ATM MAIN STREET"), ("2026-03-21", "-40.00", "", "RISTORANTE ROMA")];
    let rows = [("2026-03-02", "2500.00", "A1", "SALARY")];
    let first = Ofx { rows: &rows, pending: &held, ..Ofx::default() }.text();
    let account = house.import("one.ofx", &first).1.account.id;
    assert_eq!(house.balance(account, "2026-03-31"), "2500.00", "pending rows are in no balance");
    let rows = [rows[0], ("2026-03-22", "-20.00", "A2", "BAKERY")];
    let second = Ofx { rows: &rows, ..Ofx::default() }.text();
    let report = house.import("two.ofx", &second).1;
    assert_eq!((report.added, report.updated), (1, 0), "another shop's row is another row");
    assert!(matches!(report.notes[0].outcome, RowOutcome::Doubtful(..)), "and that is told");
    assert_eq!(report.left_pending.len(), 2, "as are those that are pending still");
    let rows = [
        rows[0],
        rows[1],
        ("2026-03-23", "-20.00", "A3", "ATM Main Street 4711"),
        ("2026-03-24", "-46.00", "A4", "Ristorante Roma"),
    ];
    let third = Ofx { rows: &rows, balance: Some(("2026-03-31", "2414.00")), ..Ofx::default() }.text();
    let report = house.import("three.ofx", &third).1;
    assert_eq!((report.added, report.updated, report.left_pending.len()), (0, 2, 0));
    assert_eq!(house.balance(account, "2026-03-31"), "2414.00");
    for (name, text) in [("one.ofx", &first), ("two.ofx", &second), ("three.ofx", &third)] {
        assert_eq!(house.import(name, text).1.added, 0, "{name}");
    }
    assert_eq!(house.rows().len(), 4);
}

/// A balance that agrees settles the rows beneath it, and an accident does not change them.
#[test]
fn a_reconciled_month_is_locked() {
    let mut house = House::new();
    let rows = [("2026-03-02", "2500.00", "A1", "SALARY"), ("2026-04-02", "-20.00", "A2", "BAKERY")];
    let period = ("2026-03-01", "2026-04-30");
    let text = Ofx { rows: &rows, period, ..Ofx::default() }.text();
    let account = house.import("one.ofx", &text).1.account.id;
    assert!(house.vault.reconcile(account, day("2026-03-31"), eur(249_900), now()).is_err());
    assert_eq!(house.vault.reconcile(account, day("2026-03-31"), eur(250_000), now()).unwrap().rows, 1);
    let edit = TransactionEdit { amount: Some(eur(1)), ..TransactionEdit::default() };
    let error = house.vault.edit_transaction(TransactionId(1), &edit).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Refused);
    assert!(house.vault.delete_transaction(TransactionId(1)).is_err());
    assert_eq!(house.import("one.ofx", &text).1.added, 0, "an import changes nothing of it either");
    assert!(house.rows().contains(&"2026-03-02 2500.00 SALARY reconciled".to_owned()));
}

/// A receipt belongs to its transaction, comes back to the byte, and goes nowhere when statements come again.
#[test]
fn receipts_are_kept_with_their_transaction() {
    let mut house = House::new();
    let rows = [("2026-03-05", "-60.50", "A1", "STADTWERKE")];
    let text = Ofx { rows: &rows, ..Ofx::default() }.text();
    house.import("march.ofx", &text);
    let receipt = b"%PDF-1.7 a receipt".to_vec();
    let target = AttachmentTarget::Transaction(TransactionId(1));
    let kept = house.vault.attach(&mut receipt.as_slice(), "bill.pdf", None, target, now()).unwrap();
    house.import("march.ofx", &text);
    let other = csv(&[("2026-03-06", "-60.50", "Electricity"), ("2026-03-03", "-1.00", "Other")]);
    let account = house.vault.accounts().unwrap()[0].id;
    house.import_for(account, "export.csv", &other);
    let mut bytes = Vec::new();
    house.vault.read_attachment(kept.attachment.id, &mut bytes).unwrap();
    assert_eq!(bytes, receipt);
    assert_eq!(house.vault.attachments(Some(target)).unwrap().len(), 1);
}

/// Every import can be taken back, and a second one of another account is not touched by that.
#[test]
fn an_import_can_be_taken_back() {
    let mut house = House::new();
    let rows = [("2026-03-05", "-60.50", "A1", "STADTWERKE")];
    house.import("keep.ofx", &Ofx { rows: &rows, ..Ofx::default() }.text());
    let before = house.picture();
    let wrong = Ofx { number: "5500000000001111", rows: &rows, ..Ofx::default() }.text();
    let (batch, _) = house.import("wrong.ofx", &wrong);
    assert_eq!(house.vault.transactions(&TransactionQuery::default()).unwrap().len(), 2);
    house.undo(batch);
    assert_eq!(house.picture(), before);
    assert!(house.vault.check(&mut |_| {}).unwrap().problems.is_empty());
}
