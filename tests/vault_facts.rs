//! Facts drawn from a vault: thresholds and totals against the rows themselves, gaps, several facts, refusals.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "age")]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::disclosure::{
    DaySpan, Fact, Grouping, Measure, Operator, PayeeForm, Period, Purpose, ThresholdFact, TotalsFact,
};
use finvault::ledger::{AccountId, AccountKind, NewAccount, NewTransaction, Opening, TransactionStatus};
use finvault::money::{Currency, Money};
use finvault::vault::{
    DisclosureRequest, ErrorClass, FactRequest, ImportFile, ImportOptions, LabelChoice, RowFilter, Vault,
    VaultError,
};
use jiff::Timestamp;
use jiff::civil::{Date, date};

const MARCH: &str = include_str!("fixtures/vault/checking-march.ofx");
const FEBRUARY: &str = include_str!("fixtures/vault/checking-february.ofx");

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

fn now() -> Timestamp {
    "2026-04-02T09:00:00Z".parse().unwrap()
}

fn vault() -> (tempfile::TempDir, Vault) {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
    let (vault, _) = Vault::create(&folder.path().join("v.finvault"), &passphrase, kdf, now()).unwrap();
    (folder, vault)
}

fn import(vault: &mut Vault, text: &str) -> AccountId {
    let files = [ImportFile { name: "statement", bytes: text.as_bytes() }];
    let report = vault.import(&files, &ImportOptions::default(), now(), &mut |_| {}).unwrap();
    report.files[0].accounts[0].account.id
}

fn facts(vault: &mut Vault, facts: Vec<FactRequest>) -> Result<Vec<Fact>, VaultError> {
    let recipient = match vault.recipient("Lender") {
        Ok(known) => known,
        Err(_) => vault.add_recipient("Lender", None, now()).unwrap(),
    };
    let mut request = DisclosureRequest::new(recipient.id, facts, Purpose::from_text("Loan").unwrap());
    // These tests ask one recipient for one figure after another, which the inference guard is there to stop.
    request.accept_risk = Some("a test of figures".to_owned());
    let previewed = vault.preview(&request, now())?.facts;
    // What is previewed is what is signed.
    vault.disclose(&request, now(), &mut |_| Ok(())).unwrap();
    assert_eq!(vault.disclosures().unwrap().last().unwrap().facts, previewed);
    Ok(previewed)
}

fn threshold(account: AccountId, measure: Measure, minor: i64, from: Date, to: Date) -> FactRequest {
    FactRequest::Threshold {
        account,
        measure,
        operator: Operator::AtLeast,
        amount: eur(minor),
        from,
        to,
        label: LabelChoice::Nothing,
    }
}

fn answer(vault: &mut Vault, request: FactRequest) -> ThresholdFact {
    match facts(vault, vec![request]).unwrap().swap_remove(0) {
        Fact::Threshold(fact) => fact,
        other => panic!("{other:?}"),
    }
}

#[test]
fn thresholds_agree_with_the_balances_themselves() {
    let (_folder, mut vault) = vault();
    let account = import(&mut vault, MARCH);
    let (from, to) = (date(2026, 3, 1), date(2026, 3, 31));
    let balances: Vec<i64> = (0..31)
        .map(|offset| {
            let day = from.checked_add(jiff::Span::new().days(offset)).unwrap();
            vault.balances(day, None).unwrap()[0].computed.minor()
        })
        .collect();
    let (lowest, sum) = (*balances.iter().min().unwrap(), balances.iter().sum::<i64>());
    let mean_floor = sum.div_euclid(31);
    for (measure, minor, expected) in [
        (Measure::EveryDay, lowest, true),
        (Measure::EveryDay, lowest + 1, false),
        (Measure::Average, mean_floor, true),
        (Measure::Average, mean_floor + 1, false),
        (Measure::Closing, 141_250, true),
        (Measure::Closing, 141_251, false),
    ] {
        let fact = answer(&mut vault, threshold(account, measure, minor, from, to));
        assert_eq!(fact.result, expected, "{measure:?} {minor}");
        let days = if measure == Measure::Closing { 1 } else { 31 };
        assert_eq!((fact.window_days, fact.days_with_data), (days, days));
    }
}

#[test]
fn days_without_data_are_stated_and_not_judged() {
    let (_folder, mut vault) = vault();
    let account = import(&mut vault, MARCH);
    let whole = threshold(account, Measure::EveryDay, 1, date(2026, 2, 20), date(2026, 4, 2));
    let fact = answer(&mut vault, whole);
    assert!(fact.result);
    assert_eq!((fact.window_days, fact.days_with_data), (42, 31));
    let gap = |from, to| DaySpan { from, to };
    let expected = vec![gap(date(2026, 2, 20), date(2026, 2, 28)), gap(date(2026, 4, 1), date(2026, 4, 2))];
    assert_eq!(fact.selection.gaps, Some(expected));
    let before = threshold(account, Measure::EveryDay, 1, date(2026, 1, 1), date(2026, 2, 1));
    assert!(matches!(facts(&mut vault, vec![before]), Err(VaultError::NoData { .. })));
}

fn gaps(vault: &mut Vault, account: AccountId, from: Date, to: Date) -> Vec<DaySpan> {
    let fact = answer(vault, threshold(account, Measure::EveryDay, 1, from, to));
    fact.selection.gaps.unwrap()
}

/// A CSV statement without period: it speaks of its rows' days alone.
fn csv(rows: &[(&str, &str)]) -> String {
    let lines: Vec<String> = rows.iter().map(|(day, amount)| format!("{day},{amount},Payee,EUR")).collect();
    format!("Date,Amount,Payee,Currency\n{}\n", lines.join("\n"))
}

#[test]
fn what_no_statement_speaks_of_is_a_gap_unless_stated_balances_agree_across_it() {
    let (_folder, mut vault) = vault();
    let account = import(&mut vault, MARCH);
    import(&mut vault, FEBRUARY);
    assert_eq!(gaps(&mut vault, account, date(2026, 2, 15), date(2026, 3, 31)), []);
    // Without periods, and a day of January missing between: February's opening and balance agree, January's do not.
    let options = ImportOptions { account: Some(account), ..ImportOptions::default() };
    let text = csv(&[("2026-04-05", "10.00"), ("2026-04-20", "-1.00")]);
    let files = [ImportFile { name: "april.csv", bytes: text.as_bytes() }];
    vault.import(&files, &options, now(), &mut |_| {}).unwrap();
    let request = FactRequest::balance(account, date(2026, 4, 3));
    let found = facts(&mut vault, vec![request]).unwrap();
    let gap = |from, to| vec![DaySpan { from, to }];
    assert_eq!(found[0].selection().gaps, Some(gap(date(2026, 4, 1), date(2026, 4, 3))));
}

#[test]
fn an_import_taken_back_leaves_its_gap() {
    let (_folder, mut vault) = vault();
    let account = import(&mut vault, MARCH);
    import(&mut vault, FEBRUARY);
    let second = vault.batches().unwrap()[1].id;
    vault.undo_import(second, now()).unwrap();
    let found = gaps(&mut vault, account, date(2026, 2, 27), date(2026, 3, 31));
    assert_eq!(found, [DaySpan { from: date(2026, 2, 27), to: date(2026, 2, 28) }]);
}

#[test]
fn an_account_kept_by_hand_is_known_from_its_opening_to_its_last_row() {
    let (_folder, mut vault) = vault();
    let account = by_hand(&mut vault);
    let found = gaps(&mut vault, account, date(2025, 12, 20), date(2026, 4, 1));
    let expected = [(date(2025, 12, 20), date(2025, 12, 31)), (date(2026, 3, 29), date(2026, 4, 1))];
    assert_eq!(found, expected.map(|(from, to)| DaySpan { from, to }));
    for (day, remedy) in [
        (date(2026, 4, 1), "a statement that covers 2026-04-01"),
        (date(2025, 6, 1), "import older statements"),
    ] {
        let error = facts(&mut vault, vec![threshold(account, Measure::Closing, 1, day, day)]).unwrap_err();
        assert!(error.remedy().unwrap().contains(remedy), "{:?}", error.remedy());
    }
}

/// A quarter of rows by hand: pay, groceries in odd amounts, one doctor, a pending row.
fn by_hand(vault: &mut Vault) -> AccountId {
    let account = NewAccount {
        name: "By hand".to_owned(),
        kind: AccountKind::Checking,
        currency: Currency::iso("EUR").unwrap(),
        institution: None,
        number: None,
        opening: Some(Opening { date: date(2026, 1, 1), amount: eur(50_000), derived: false }),
    };
    let account = vault.add_account(&account).unwrap().id;
    let mut add = |posted, minor, payee: &str, category: Option<&str>, status| {
        let row = NewTransaction {
            posted,
            amount: eur(minor),
            payee: payee.to_owned(),
            payee_raw: payee.to_owned(),
            memo: None,
            reference: None,
            category: category.map(str::to_owned),
            status,
            bank_id: None,
        };
        vault.add_transaction(account, &row).unwrap();
    };
    let posted = TransactionStatus::Posted;
    for month in 1..=3 {
        add(date(2026, month, 1), 200_000, "Example GmbH", Some("Salary"), posted);
        for week in 0..4 {
            add(
                date(2026, month, 7 * week + 7),
                -1_111 * i64::from(week + 1),
                "Grocer",
                Some("Food"),
                posted,
            );
        }
    }
    add(date(2026, 2, 3), -9_999, "Doctor", Some("Health"), posted);
    add(date(2026, 2, 4), -1, "Nobody", None, posted);
    add(date(2026, 3, 28), -77, "Later", Some("Food"), TransactionStatus::Pending);
    account
}

fn totals(account: AccountId, period: Period, grouping: Grouping, whole: bool) -> FactRequest {
    FactRequest::Totals {
        account,
        from: date(2026, 1, 1),
        to: date(2026, 3, 31),
        filter: RowFilter::default(),
        period,
        grouping,
        payees: PayeeForm::Masked,
        whole,
        round_to: None,
        label: LabelChoice::Nothing,
    }
}

fn table(vault: &mut Vault, request: FactRequest) -> TotalsFact {
    match facts(vault, vec![request]).unwrap().swap_remove(0) {
        Fact::Totals(fact) => fact,
        other => panic!("{other:?}"),
    }
}

#[test]
fn totals_add_booked_rows_up_and_hold_small_cells_back() {
    let (_folder, mut vault) = vault();
    let account = by_hand(&mut vault);
    let fact = table(&mut vault, totals(account, Period::Month, Grouping::Category, false));
    assert_eq!(fact.selection.matched, 17, "the pending row does not count");
    for period in &fact.periods {
        let cells: Vec<_> = period.cells.iter().map(|cell| (cell.group.as_deref(), cell.count)).collect();
        assert_eq!(cells, [(Some("Food"), 4)]);
        assert_eq!(period.cells[0].amount, eur(-11_110));
        assert_eq!(period.whole, None);
    }
    assert_eq!(fact.periods.iter().map(|period| period.suppressed_cells).collect::<Vec<_>>(), [1, 3, 1]);
    assert_eq!(fact.selection.suppressed, 5);

    // With the whole, January's lone salary takes the food with it, and then the whole says nothing of either.
    let fact = table(&mut vault, totals(account, Period::Month, Grouping::Category, true));
    assert_eq!((fact.periods[0].cells.len(), fact.periods[0].suppressed_cells), (0, 2));
    assert_eq!(fact.periods[0].whole, Some((5, eur(188_890))));
    assert_eq!((fact.periods[1].cells.len(), fact.periods[1].suppressed_cells), (1, 3));

    let fact = table(&mut vault, totals(account, Period::Quarter, Grouping::Flow, true));
    assert_eq!(fact.periods[0].whole, Some((17, eur(556_670))));
    let shown: Vec<_> = fact.periods[0].cells.iter().map(|cell| cell.amount).collect();
    assert_eq!(shown, [eur(600_000), eur(-43_330)]);
}

#[test]
fn where_every_total_is_small_it_is_refused_with_what_is_safe() {
    let (_folder, mut vault) = vault();
    let account = by_hand(&mut vault);
    let mut request = totals(account, Period::Month, Grouping::Payee, false);
    if let FactRequest::Totals { filter, .. } = &mut request {
        filter.at_least = Some(eur(0));
    }
    let error = facts(&mut vault, vec![request]).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Refused);
    assert!(error.remedy().unwrap().contains("--period quarter --by payee"), "{:?}", error.remedy());
    let mut request = totals(account, Period::Window, Grouping::Category, false);
    if let FactRequest::Totals { filter, .. } = &mut request {
        filter.payee = Some("doctor".to_owned());
    }
    let error = facts(&mut vault, vec![request]).unwrap_err();
    assert!(matches!(error, VaultError::AllSuppressed { k: 3, safe } if safe.is_empty()));
}

#[test]
fn ranges_hold_the_balance_and_several_facts_share_one_disclosure() {
    let (_folder, mut vault) = vault();
    let account = by_hand(&mut vault);
    let range = |bucket| FactRequest::BalanceRange {
        account,
        as_of: date(2026, 3, 28),
        bucket: eur(bucket),
        label: LabelChoice::Nothing,
    };
    let exact = vault.balances(date(2026, 3, 28), None).unwrap()[0].computed;
    let wanted = vec![
        range(500_000),
        range(7),
        FactRequest::balance(account, date(2026, 3, 28)),
        threshold(account, Measure::Closing, 1, date(2026, 3, 28), date(2026, 3, 28)),
    ];
    let found = facts(&mut vault, wanted).unwrap();
    for (fact, width) in found.iter().take(2).zip([500_000, 7]) {
        let Fact::BalanceRange(fact) = fact else { panic!() };
        assert!(fact.at_least.minor() <= exact.minor() && exact.minor() < fact.below.minor());
        assert_eq!(fact.below.minor() - fact.at_least.minor(), width);
        assert_eq!(fact.at_least.minor() % width, 0);
    }
    assert_eq!(found.len(), 4);
    assert!(facts(&mut vault, vec![range(0)]).is_err());
    assert!(facts(&mut vault, vec![]).is_err());
}
