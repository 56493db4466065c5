//! Statements that overlap: in one format and in several, with pending rows, deleted rows, and imports taken back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ledger_fixture;

use finvault::ledger::{AccountKind, AttachmentTarget, Similar, TransactionId};
use finvault::vault::{ImportOptions, NewPart, RowOutcome, TransactionEdit, TransactionQuery, VaultError};
use ledger_fixture::{House, Ofx, csv, day, entered, eur, now};
use proptest::prelude::*;

const MARCH: &[(&str, &str, &str, &str)] = &[
    ("2026-03-02", "2500.00", "A1", "EXAMPLE GMBH SALARY"),
    ("2026-03-05", "-3.50", "A2", "CORNER CAFE 0231"),
    ("2026-03-05", "-3.50", "A3", "CORNER CAFE 0231"),
    ("2026-03-20", "-60.50", "A4", "STADTWERKE MUSTERSTADT"),
    ("2026-03-28", "-20.00", "A5", "BOOK SHOP"),
];

/// The same account as another export writes it: from the middle of March on, other spellings, a day later.
const FROM_MARCH: &[(&str, &str, &str)] = &[
    ("2026-03-06", "-3.50", "Corner Cafe"),
    ("2026-03-06", "-3.50", "Corner Cafe"),
    ("2026-03-21", "-60.50", "Electricity bill"),
    ("2026-03-29", "-20.00", "Bookshop Berlin"),
    ("2026-04-02", "2500.00", "Salary Example"),
    ("2026-04-09", "-3.50", "Corner Cafe"),
];

fn march() -> String {
    Ofx { rows: MARCH, balance: Some(("2026-03-31", "3412.50")), ..Ofx::default() }.text()
}

#[test]
fn a_csv_export_lines_up_with_the_ofx_statement_before_it() {
    let mut house = House::new();
    let (_, ofx) = house.import("march.ofx", &march());
    let account = ofx.account.id;
    let (batch, april) = house.import_for(account, "export.csv", &csv(FROM_MARCH));
    assert_eq!((april.added, april.duplicate), (2, 4));
    let merged: Vec<_> =
        april.notes.iter().filter(|note| matches!(note.outcome, RowOutcome::Merged(_))).collect();
    assert_eq!(merged.len(), 4, "each is told: {:?}", april.notes);
    assert!(merged.iter().all(|note| note.why.starts_with("the same amount, 1 day apart")));
    assert_eq!(house.balance(account, "2026-04-30"), "5909.00");
    // Neither adds anything again.
    assert_eq!(house.import_for(account, "export.csv", &csv(FROM_MARCH)).1.added, 0);
    assert_eq!(house.import("march.ofx", &march()).1.added, 0);

    let shown = house.vault.show_import(batch).unwrap();
    let words: Vec<(RowOutcome, &str)> =
        shown.accounts[0].rows.iter().map(|row| (row.note.outcome, row.note.why.as_str())).collect();
    assert_eq!(words.len(), 6, "{words:?}");
    let new = words.iter().filter(|(outcome, why)| matches!(outcome, RowOutcome::Added(_)) && *why == "new");
    assert_eq!(new.count(), 2);
    assert_eq!(shown.accounts[0].gone, 0);
}

#[test]
fn what_is_not_certain_is_told_and_merged_only_when_asked() {
    let mut house = House::new();
    let rows = [("2026-03-31", "-50.00", "Z1", "SUPERMARKT")];
    let text = Ofx { rows: &rows, ..Ofx::default() }.text();
    let account = house.import("march.ofx", &text).1.account.id;
    let april = csv(&[("2026-04-01", "-50.00", "Groceries"), ("2026-04-20", "-1.00", "Other")]);
    let options = ImportOptions { account: Some(account), dry_run: true, ..ImportOptions::default() };
    let judged = house.file("april.csv", &april, &options).accounts.remove(0);
    assert_eq!((judged.added, judged.duplicate), (2, 0));
    assert!(matches!(judged.notes[0].outcome, RowOutcome::Doubtful(_, Some(TransactionId(1)))));
    let merge = ImportOptions { similar: Similar::Merge, ..options.clone() };
    assert_eq!(house.file("april.csv", &april, &merge).accounts.remove(0).added, 1);
    let add = ImportOptions { similar: Similar::Add, ..options };
    let added = house.file("april.csv", &april, &add).accounts.remove(0);
    assert_eq!((added.added, added.notes.len()), (2, 0));
}

#[test]
fn an_import_taken_back_leaves_what_another_shows_as_that_one_writes_it() {
    let mut house = House::new();
    let account = house.account("Everyday", AccountKind::Checking, "EUR", Some("DE89370400440532013000"));
    let (_, alone) = house.import_for(account.id, "export.csv", &csv(FROM_MARCH));
    assert_eq!(alone.added, 6);
    let alone = house.picture();

    let mut house = House::new();
    let account = house.account("Everyday", AccountKind::Checking, "EUR", Some("DE89370400440532013000"));
    let (ofx, _) = house.import("march.ofx", &march());
    let (other, _) = house.import_for(account.id, "export.csv", &csv(FROM_MARCH));
    let undone = house.undo(ofx);
    assert_eq!((undone.removed, undone.kept), (1, 4), "the salary of March was in the first alone");
    assert!(undone.conflicts.is_empty());
    assert_eq!(house.picture(), alone);
    assert_eq!(house.import_for(account.id, "export.csv", &csv(FROM_MARCH)).1.added, 0);
    house.undo(other);
    assert_eq!(house.rows().len(), 6, "the third import of the same file shows them still");
}

#[test]
fn overlapping_statements_of_one_format_can_be_taken_back_in_any_order() {
    let second = [&MARCH[2..], &[("2026-04-02", "-9.00", "B1", "PHONE")]].concat();
    let second = Ofx {
        rows: &second,
        period: ("2026-03-05", "2026-04-05"),
        balance: Some(("2026-04-05", "3403.50")),
        ..Ofx::default()
    }
    .text();
    let mut house = House::new();
    house.import("second.ofx", &second);
    let second_alone = house.picture();

    let mut house = House::new();
    let (one, _) = house.import("march.ofx", &march());
    let march_alone = house.picture();
    let (two, report) = house.import("second.ofx", &second);
    assert_eq!((report.added, report.duplicate), (1, 3));
    let both = house.picture();
    house.undo(two);
    assert_eq!(house.picture(), march_alone);
    let (two, _) = house.import("second.ofx", &second);
    assert_eq!(house.picture(), both);
    let undone = house.undo(one);
    assert_eq!((undone.removed, undone.kept), (2, 3));
    assert_eq!(house.picture(), second_alone);
    house.undo(two);
    assert!(
        house.vault.accounts().unwrap().is_empty(),
        "the account went with the last import that it is owed to"
    );
}

#[test]
fn what_an_import_booked_is_pending_again_unless_another_shows_it_booked() {
    let held = [("2026-03-30", "-40.00", "", "RISTORANTE ROMA")];
    let first = Ofx { rows: &MARCH[..1], pending: &held, ..Ofx::default() }.text();
    let booked = [("2026-04-01", "-44.00", "B7", "Ristorante Roma Hamburg")];
    let period = ("2026-03-30", "2026-04-10");
    let second = Ofx { rows: &booked, period, ..Ofx::default() }.text();
    let mut house = House::new();
    let (one, _) = house.import("march.ofx", &first);
    let before = house.picture();
    let (two, report) = house.import("april.ofx", &second);
    assert_eq!((report.added, report.updated), (0, 1));
    assert!(house.rows().contains(&"2026-04-01 -44.00 Ristorante Roma Hamburg".to_owned()));
    assert_eq!(
        house.import("march.ofx", &first).1.added,
        0,
        "the pending row is known, though it was booked"
    );
    assert_eq!(house.undo(two).pending_again.len(), 1);
    assert_eq!(house.picture(), before);

    let (two, _) = house.import("april.ofx", &second);
    let (three, _) = house.import("again.ofx", &second);
    assert!(house.undo(two).pending_again.is_empty(), "the third import shows it booked");
    assert_eq!(house.undo(three).pending_again.len(), 1);
    let (four, _) = house.import("april.ofx", &second);
    house.undo(one);
    assert!(house.rows().contains(&"2026-04-01 -44.00 Ristorante Roma Hamburg".to_owned()));
    house.undo(four);
}

#[test]
fn later_work_on_an_import_is_named_when_it_is_taken_back() {
    let mut house = House::new();
    let (batch, report) = house.import("march.ofx", &march());
    assert!(house.vault.rehearse_undo(batch, now()).unwrap().conflicts.is_empty());
    let before = house.picture();
    let edit = |house: &mut House, id: i64, edit: TransactionEdit| {
        house.vault.edit_transaction(TransactionId(id), &edit).unwrap();
    };
    edit(&mut house, 1, TransactionEdit { payee: Some("Work".to_owned()), ..TransactionEdit::default() });
    edit(&mut house, 2, TransactionEdit { add_tags: vec!["trip".to_owned()], ..TransactionEdit::default() });
    let parts = [("Food", -150), ("Gifts", -200)].map(|(category, minor)| NewPart {
        category: category.to_owned(),
        amount: eur(minor),
        memo: None,
    });
    house.vault.split_transaction(TransactionId(3), &parts).unwrap();
    let target = AttachmentTarget::Transaction(TransactionId(4));
    house.vault.attach(&mut &b"%PDF-1.7 bill"[..], "bill.pdf", None, target, now()).unwrap();
    let savings = house.account("Savings", AccountKind::Savings, "EUR", None);
    let other = house.vault.add_transaction(savings.id, &entered("2026-03-28", 2_000, "In")).unwrap();
    house.vault.link_transfer(TransactionId(5), other.id, now()).unwrap();
    house.vault.reconcile(report.account.id, day("2026-03-04"), eur(350_000), now()).unwrap();

    let conflicts = house.vault.rehearse_undo(batch, now()).unwrap().conflicts;
    let ids = |rows: &[TransactionId]| rows.iter().map(|id| id.0).collect::<Vec<_>>();
    assert_eq!(ids(&conflicts.edited), [1]);
    assert_eq!(ids(&conflicts.reconciled), [1]);
    assert_eq!(ids(&conflicts.categorised), [2, 3]);
    assert_eq!(ids(&conflicts.attached), [4]);
    assert_eq!(ids(&conflicts.transferred), [5]);
    assert!(conflicts.disclosed.is_empty());
    assert_eq!(house.rows().len(), 6, "a rehearsal changes nothing");
    assert_ne!(house.picture(), before);
    let undone = house.undo(batch);
    assert_eq!((undone.removed, undone.conflicts), (5, conflicts));
    assert_eq!(house.rows(), ["2026-03-28 20.00 In"]);
    assert!(house.vault.transfers().unwrap().is_empty());
}

#[test]
fn deleted_rows_stay_deleted_unless_they_are_asked_for() {
    let mut house = House::new();
    let (_, report) = house.import("march.ofx", &march());
    let account = report.account.id;
    house.import_for(account, "export.csv", &csv(FROM_MARCH));
    house.vault.delete_transaction(TransactionId(2)).unwrap();
    let (batch, again) = house.import("march.ofx", &march());
    assert_eq!((again.added, again.duplicate), (0, 5));
    assert!(matches!(again.notes[0].outcome, RowOutcome::Deleted(TransactionId(2))), "{:?}", again.notes);
    let csv_again = house.import_for(account, "export.csv", &csv(FROM_MARCH)).1;
    assert_eq!(csv_again.added, 0, "in neither writing: {:?}", csv_again.notes);
    let shown = house.vault.show_import(batch).unwrap();
    let outcomes: Vec<RowOutcome> = shown.accounts[0].rows.iter().map(|row| row.note.outcome).collect();
    assert!(outcomes.contains(&RowOutcome::Deleted(TransactionId(2))), "{outcomes:?}");

    let options = ImportOptions { restore_deleted: true, ..ImportOptions::default() };
    let file = house.file("march.ofx", &march(), &options);
    assert_eq!(file.accounts[0].added, 1);
    assert_eq!(house.import("march.ofx", &march()).1.added, 0);
    // Taken back, it is deleted again.
    let newest = house.vault.batches().unwrap().last().unwrap().id;
    house.undo(newest);
    house.undo(file.batch.unwrap());
    assert_eq!(house.import("march.ofx", &march()).1.added, 0);
    // Also where the import is taken back that had brought it, since others show it too.
    let first = house.vault.batches().unwrap()[0].id;
    house.undo(first);
    assert_eq!(house.import("march.ofx", &march()).1.added, 0);

    // What was entered by hand and deleted does not keep the bank's row out.
    let mine = house.vault.add_transaction(account, &entered("2026-04-20", -700, "Lunch")).unwrap();
    house.vault.delete_transaction(mine.id).unwrap();
    let text = csv(&[("2026-04-20", "-7.00", "Lunch")]);
    assert_eq!(house.import_for(account, "lunch.csv", &text).1.added, 1);
}

#[test]
fn what_was_entered_by_hand_is_recognised_when_the_bank_shows_it() {
    let mut house = House::new();
    let account = house.account("Everyday", AccountKind::Checking, "EUR", Some("DE89370400440532013000"));
    house.vault.add_transaction(account.id, &entered("2026-03-27", -2_000, "Book shop")).unwrap();
    let (batch, report) = house.import("march.ofx", &march());
    assert_eq!((report.added, report.duplicate), (4, 1));
    assert_eq!(house.rows().len(), 5);
    house.undo(batch);
    assert_eq!(house.rows(), ["2026-03-27 -20.00 Book shop"]);
}

#[test]
fn the_file_is_kept_when_that_is_asked_for() {
    let mut house = House::new();
    let options = ImportOptions { keep_source: true, ..ImportOptions::default() };
    let file = house.file("folder/march.ofx", &march(), &options);
    let target = AttachmentTarget::Import(file.batch.unwrap());
    let kept = house.vault.attachments(Some(target)).unwrap();
    assert_eq!((kept[0].name.as_str(), &kept[0].sha256), ("march.ofx", &file.sha256));
    let mut bytes = Vec::new();
    house.vault.read_attachment(kept[0].id, &mut bytes).unwrap();
    assert_eq!(bytes, march().as_bytes());
    assert_eq!(house.undo(file.batch.unwrap()).attachments_removed, 1);
    let batches = house.vault.batches().unwrap();
    assert_eq!(batches[0].sha256, file.sha256, "the digest always is kept");
}

#[test]
fn an_account_is_found_by_its_iban_by_its_number_and_by_what_was_answered() {
    let mut house = House::new();
    let iban = house.account("Everyday", AccountKind::Checking, "EUR", Some("DE89 3704 0044 0532 0130 00"));
    let domestic = Ofx { number: "0532013000", rows: MARCH, ..Ofx::default() }.text();
    let report = house.import("march.ofx", &domestic).1;
    assert!(!report.created && report.account.id == iban.id);
    // A card was replaced: its new number is of the same account.
    let renewed = Ofx { number: "5500000000001111", rows: &MARCH[4..], ..Ofx::default() }.text();
    let named = ImportOptions { account: Some(iban.id), ..ImportOptions::default() };
    let files = [finvault::vault::ImportFile { name: "card.ofx", bytes: renewed.as_bytes() }];
    let refused = house.vault.import(&files, &named, now(), &mut |_| {}).unwrap_err();
    assert!(matches!(refused, VaultError::OtherAccount { .. }), "{refused}");
    let remember = ImportOptions { remember: true, ..named.clone() };
    house.file("card.ofx", &renewed, &remember);
    let later = house.import("card.ofx", &renewed).1;
    assert!(later.remembered && later.account.id == iban.id);
    // A file that names no account.
    let export = csv(FROM_MARCH);
    let files = [finvault::vault::ImportFile { name: "export_2026-03.csv", bytes: export.as_bytes() }];
    let refused = house.vault.import(&files, &ImportOptions::default(), now(), &mut |_| {}).unwrap_err();
    assert!(refused.remedy().unwrap().contains("--account"), "{refused}");
    let stated = export.replace("Amount", "Amount EUR");
    let files = [finvault::vault::ImportFile { name: "export_2026-03.csv", bytes: stated.as_bytes() }];
    let refused = house.vault.import(&files, &ImportOptions::default(), now(), &mut |_| {}).unwrap_err();
    assert!(matches!(refused, VaultError::NeedsAccount { .. }), "{refused}");
    assert!(refused.remedy().unwrap().contains("--remember"), "{refused}");
    let yen = house.account("Yen", AccountKind::Checking, "JPY", None);
    house.file("export_2026-03.csv", &export, &remember);
    let next = csv(&[("2026-05-21", "-1.00", "May")]);
    let report = house.import("export_2026-05.csv", &next).1;
    assert!(report.remembered && report.account.id == iban.id && report.account.id != yen.id);
    let forget = finvault::vault::AccountEdit { forget_statements: true, ..Default::default() };
    house.vault.edit_account(iban.id, &forget).unwrap();
    let files = [finvault::vault::ImportFile { name: "export_2026-06.csv", bytes: stated.as_bytes() }];
    let error = house.vault.import(&files, &ImportOptions::default(), now(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, VaultError::NeedsAccount { .. }), "{error}");
}

fn any_rows() -> impl Strategy<Value = Vec<(u8, u8)>> {
    proptest::collection::vec((1u8..=4, 1u8..=2), 1..6)
}

fn statement(rows: &[(u8, u8)]) -> String {
    let lines: Vec<(String, String)> =
        rows.iter().map(|(day, amount)| (format!("2026-03-{day:02}"), format!("-{amount}.00"))).collect();
    let rows: Vec<(&str, &str, &str)> =
        lines.iter().map(|(day, amount)| (day.as_str(), amount.as_str(), "Coffee house")).collect();
    csv(&rows)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]
    #[test]
    fn taking_one_of_three_back_is_as_if_it_had_never_been(files in [any_rows(), any_rows(), any_rows()], back in 0usize..3) {
        let mut house = House::new();
        let account = house.account("Everyday", AccountKind::Checking, "EUR", None).id;
        let twin = house.account("Twin", AccountKind::Checking, "EUR", None).id;
        let mut batches = Vec::new();
        for (at, file) in files.iter().enumerate() {
            batches.push(house.import_for(account, "a.csv", &statement(file)).0);
            if at != back {
                house.import_for(twin, "a.csv", &statement(file));
            }
        }
        house.undo(batches[back]);
        let rows = |id| {
            let query = TransactionQuery { account: Some(id), ..TransactionQuery::default() };
            let rows = house.vault.transactions(&query).unwrap();
            let mut rows: Vec<_> = rows.iter().map(|row| (row.detail.posted, row.detail.amount.minor())).collect();
            rows.sort_unstable();
            rows
        };
        prop_assert_eq!(rows(account), rows(twin));
    }
}
