//! Transfers between own accounts, stated balances and their gaps, and reconciling.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ledger_fixture;

use finvault::ledger::{AccountKind, TransactionId, TransactionStatus};
use finvault::vault::{ErrorClass, TransactionEdit, TransactionQuery, VaultError};
use ledger_fixture::{House, Ofx, csv, day, entered, eur, now};

/// Salary, rent, and 500 EUR that go to savings and arrive a day later.
fn two_accounts() -> House {
    let mut house = House::new();
    let rows = [
        ("2026-03-02", "2500.00", "A1", "EXAMPLE GMBH SALARY"),
        ("2026-03-03", "-500.00", "A2", "Uebertrag Sparkonto"),
        ("2026-03-05", "-800.00", "A3", "LANDLORD"),
    ];
    house.import("everyday.ofx", &Ofx { rows: &rows, ..Ofx::default() }.text());
    let rows =
        [("2026-03-04", "500.00", "B1", "Gutschrift von 3000"), ("2026-03-31", "1.20", "B2", "INTEREST")];
    house.import(
        "savings.ofx",
        &Ofx { number: "DE02100100100006820101", rows: &rows, ..Ofx::default() }.text(),
    );
    house
}

#[test]
fn both_sides_are_proposed_linked_and_then_neither_income_nor_spending() {
    let mut house = two_accounts();
    let flows = house.vault.flows(None, None, None).unwrap();
    assert_eq!((flows[0].income, flows[0].spending), (eur(300_120), eur(-130_000)), "until it is linked");
    let proposed = house.vault.proposed_transfers(None, None).unwrap();
    assert_eq!(proposed.len(), 1);
    assert_eq!((proposed[0].from.id, proposed[0].to.id), (TransactionId(2), TransactionId(4)));
    assert_eq!(proposed[0].confidence(), "high", "{:?}", proposed[0].reasons);

    // Either side's number accepts it, and twice the same does no harm.
    let linked = house.vault.accept_transfers(&[TransactionId(4), TransactionId(2)], now()).unwrap();
    assert_eq!(linked.len(), 1);
    assert!(house.vault.proposed_transfers(None, None).unwrap().is_empty());
    let flows = house.vault.flows(None, None, None).unwrap();
    assert_eq!((flows[0].income, flows[0].spending), (eur(250_120), eur(-80_000)));
    assert_eq!((flows[0].transferred_in, flows[0].transferred_out), (eur(50_000), eur(-50_000)));
    let savings = house.vault.accounts().unwrap().into_iter().find(|own| own.id != linked[0].from.account);
    let flows = house.vault.flows(savings.map(|own| own.id), None, None).unwrap();
    assert_eq!(flows[0].income, eur(120), "on the one account too");
    let query = TransactionQuery { no_transfers: true, ..TransactionQuery::default() };
    assert_eq!(house.vault.transactions(&query).unwrap().len(), 3);

    house.vault.unlink_transfer(TransactionId(2)).unwrap();
    assert!(house.vault.proposed_transfers(None, None).unwrap().is_empty(), "unlinked is rejected");
    assert_eq!(house.vault.flows(None, None, None).unwrap()[0].income, eur(300_120));
    house.vault.link_transfer(TransactionId(4), TransactionId(2), now()).unwrap();
    house.vault.delete_transaction(TransactionId(4)).unwrap();
    assert!(house.vault.transfers().unwrap().is_empty(), "a link goes with its row");
}

#[test]
fn what_was_rejected_is_not_proposed_again_and_what_is_no_transfer_is_refused() {
    let mut house = two_accounts();
    house.vault.reject_transfers(&[TransactionId(2)]).unwrap();
    assert!(house.vault.proposed_transfers(None, None).unwrap().is_empty());
    let error = house.vault.accept_transfers(&[TransactionId(2)], now()).unwrap_err();
    assert!(matches!(error, VaultError::NotInTransfer { what: "proposed", .. }), "{error}");
    for (one, other) in [(1, 2), (1, 4), (3, 5), (2, 5)] {
        let error = house.vault.link_transfer(TransactionId(one), TransactionId(other), now()).unwrap_err();
        assert!(matches!(error, VaultError::NoTransfer { .. }), "{one} {other}: {error}");
    }
    assert!(matches!(house.vault.unlink_transfer(TransactionId(1)), Err(VaultError::NotInTransfer { .. })));
}

#[test]
fn money_changed_on_the_way_is_linked_with_its_rate() {
    let mut house = House::new();
    let euro = house.account("Euro account", AccountKind::Checking, "EUR", None);
    let dollar = house.account("Dollar account", AccountKind::Checking, "USD", None);
    let out = csv(&[("2026-03-03", "-100.00", "Exchanged to 108.50 USD"), ("2026-03-03", "-7.00", "Lunch")]);
    house.import_for(euro.id, "eur.csv", &out.replace("Amount", "Amount EUR"));
    let came = csv(&[
        ("2026-03-03", "108.50", "Exchanged from EUR"),
        ("2026-03-04", "7.60", "Refund"),
        ("2026-03-09", "-2.00", "Fee"),
    ]);
    house.import_for(dollar.id, "usd.csv", &came.replace("Amount", "Amount USD"));
    let proposed = house.vault.proposed_transfers(None, None).unwrap();
    assert_eq!(proposed.len(), 1, "{proposed:?}");
    assert!(proposed[0].reasons.iter().any(|reason| reason.contains("1.085000 USD for 1 EUR")));
    house.vault.accept_transfers(&[proposed[0].from.id], now()).unwrap();
    let flows = house.vault.flows(None, None, None).unwrap();
    assert_eq!((flows[0].spending, flows[0].transferred_out), (eur(-700), eur(-10_000)));
    assert_eq!(
        (flows[1].income.minor(), flows[1].spending.minor(), flows[1].transferred_in.minor()),
        (760, -200, 10_850)
    );
}

#[test]
fn a_gap_is_shown_with_the_days_in_which_it_arose() {
    let mut house = House::new();
    let statement = |period, rows: &[(&str, &str, &str, &str)], balance| {
        Ofx { period, rows, balance: Some(balance), ..Ofx::default() }.text()
    };
    let january = [("2026-01-10", "-10.00", "J1", "a")];
    let text = statement(("2026-01-01", "2026-01-31"), &january, ("2026-01-31", "90.00"));
    let account = house.import("january.ofx", &text).1.account.id;
    // Of February only the second half was downloaded: 25.00 EUR are missing before it.
    let february = [("2026-02-20", "-5.00", "F1", "b")];
    let text = statement(("2026-02-15", "2026-02-28"), &february, ("2026-02-28", "60.00"));
    house.import("february.ofx", &text);
    let march = [("2026-03-20", "-7.00", "M1", "c")];
    let text = statement(("2026-03-01", "2026-03-31"), &march, ("2026-03-31", "53.00"));
    house.import("march.ofx", &text);

    let stated = house.vault.stated_balances(account, day("2026-04-30")).unwrap();
    assert_eq!(stated.stated.len(), 3);
    assert_eq!(stated.gaps.len(), 1, "March's balance differs by what February's did: {:?}", stated.gaps);
    let gap = &stated.gaps[0];
    assert_eq!((gap.before, gap.first_day), (Some(day("2026-01-31")), day("2026-02-01")));
    assert_eq!((gap.last_day, gap.change), (day("2026-02-28"), eur(2_500)));
    assert_eq!(gap.without_statement, [(day("2026-02-01"), day("2026-02-14"))]);
    assert_eq!(
        gap.to_string(),
        "from 2026-02-01 to 2026-02-28 the rows ran ahead of the bank's balances by 25.00 EUR (the bank states 60.00 EUR on \
         2026-02-28, the rows come to 85.00 EUR); no statement speaks of 2026-02-01 to 2026-02-14"
    );
    let error = house.vault.reconcile(account, day("2026-03-31"), eur(5_300), now()).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Input);
    assert!(error.remedy().unwrap().contains("from 2026-02-01 to 2026-02-28"), "{error}");

    // The missing rows arrive, and all is well.
    let missing = [("2026-02-10", "-25.00", "F0", "d")];
    let text = statement(("2026-02-01", "2026-02-14"), &missing, ("2026-02-14", "65.00"));
    house.import("rest.ofx", &text);
    assert!(house.vault.stated_balances(account, day("2026-04-30")).unwrap().gaps.is_empty());
}

#[test]
fn what_is_reconciled_is_not_changed_unless_that_is_asked_for() {
    let mut house = two_accounts();
    let account = house.vault.transaction(TransactionId(1)).unwrap().account;
    let pending = finvault::ledger::NewTransaction {
        status: TransactionStatus::Pending,
        ..entered("2026-03-04", -1, "Hold")
    };
    house.vault.add_transaction(account, &pending).unwrap();
    let error = house.vault.reconcile(account, day("2026-03-04"), eur(1), now()).unwrap_err();
    assert!(matches!(error, VaultError::NotReconciled { computed, .. } if computed == eur(200_000)));
    let done = house.vault.reconcile(account, day("2026-03-04"), eur(200_000), now()).unwrap();
    assert_eq!(done.rows, 2, "neither the pending row nor the later one");

    let amount = TransactionEdit { amount: Some(eur(1)), ..TransactionEdit::default() };
    let error = house.vault.edit_transaction(TransactionId(2), &amount).unwrap_err();
    assert!(matches!(error, VaultError::Reconciled(TransactionId(2))), "{error}");
    assert_eq!(error.class(), ErrorClass::Refused);
    assert!(matches!(house.vault.delete_transaction(TransactionId(2)), Err(VaultError::Reconciled(_))));
    let own = TransactionEdit {
        category: Some("Saving".to_owned()),
        add_tags: vec!["plan".to_owned()],
        ..TransactionEdit::default()
    };
    house.vault.edit_transaction(TransactionId(2), &own).unwrap();
    house.vault.edit_transaction(TransactionId(3), &amount).unwrap();
    let asked = TransactionEdit { even_reconciled: true, ..amount };
    house.vault.edit_transaction(TransactionId(2), &asked).unwrap();
    house.vault.delete_even_reconciled(TransactionId(2)).unwrap();

    // An import that changes a reconciled balance says so.
    let rows = [("2026-03-01", "-9.00", "A0", "LATE")];
    let file = house.file("late.ofx", &Ofx { rows: &rows, ..Ofx::default() }.text(), &Default::default());
    assert!(file.warnings.iter().any(|warning| warning.text.contains("was reconciled at 2000.00 EUR")));
    assert_eq!(house.vault.reopen(account, day("2026-03-02")).unwrap(), 1);
    house.vault.delete_transaction(TransactionId(1)).unwrap();
    assert!(house.vault.stated_balances(account, day("2026-04-30")).unwrap().reconciled.is_empty());
}
