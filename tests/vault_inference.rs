//! The inference guard in a vault: what may be worked out from everything disclosed is refused, told and logged.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::disclosure::{Fact, Grouping, PayeeForm, Period, Purpose};
use finvault::ledger::{
    Account, AccountKind, NewAccount, NewTransaction, Opening, Transaction, TransactionStatus,
};
use finvault::money::{Currency, Money};
use finvault::vault::{
    Collusion, DisclosureRequest, ErrorClass, FactRequest, ImportFile, ImportOptions, InferencePolicy,
    Issued, LabelChoice, Preview, Recipient, Refusal, RowFilter, TransactionField, Vault, VaultError,
};
use jiff::Timestamp;
use jiff::civil::{Date, date};

struct House {
    _folder: tempfile::TempDir,
    vault: Vault,
    account: Account,
    lender: Recipient,
}

fn now() -> Timestamp {
    "2026-06-30T09:00:00Z".parse().unwrap()
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

fn day(number: i8) -> Date {
    date(2026, 3, number)
}

impl House {
    /// An account with a row of 1.00 on March 1, 2.00 on March 2, up to `rows` of them.
    fn new(rows: i8) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::new("correct horse battery staple".to_owned());
        let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
        let (mut vault, _) = Vault::create(&folder.path().join("v"), &passphrase, kdf, now()).unwrap();
        let opening = Opening { date: date(2026, 1, 1), amount: eur(100_000), derived: false };
        let account = vault
            .add_account(&NewAccount {
                name: "Everyday".to_owned(),
                kind: AccountKind::Checking,
                currency: Currency::iso("EUR").unwrap(),
                institution: None,
                number: None,
                opening: Some(opening),
            })
            .unwrap();
        let lender = vault.add_recipient("Lender", None, now()).unwrap();
        let mut house = Self { _folder: folder, vault, account, lender };
        for number in 1..=rows {
            house.add(number, i64::from(number) * 100);
        }
        house
    }

    fn add(&mut self, on: i8, minor: i64) -> Transaction {
        let row = NewTransaction {
            posted: day(on),
            amount: eur(minor),
            payee: format!("Shop {on}"),
            payee_raw: format!("SHOP {on}"),
            memo: None,
            reference: None,
            category: None,
            status: TransactionStatus::Posted,
            bank_id: None,
        };
        self.vault.add_transaction(self.account.id, &row).unwrap()
    }

    fn balance(&self, as_of: Date) -> DisclosureRequest {
        let fact = FactRequest::balance(self.account.id, as_of);
        DisclosureRequest::new(self.lender.id, vec![fact], Purpose::from_text("Loan").unwrap())
    }

    fn rows(&self, from: i8, to: i8, fields: &[TransactionField]) -> DisclosureRequest {
        let fact = FactRequest::transactions(self.account.id, day(from), day(to), fields);
        let fact = fact.called(LabelChoice::Nothing);
        DisclosureRequest::new(self.lender.id, vec![fact], Purpose::from_text("Loan").unwrap())
    }

    fn disclose(&mut self, request: &DisclosureRequest) -> Result<Issued, VaultError> {
        self.vault.disclose(request, now(), &mut |_| Ok(()))
    }

    fn preview(&self, request: &DisclosureRequest) -> Preview {
        self.vault.preview(request, now()).unwrap()
    }

    #[track_caller]
    fn refusal(&mut self, request: &DisclosureRequest) -> Refusal {
        let seen = self.preview(request).refusal.expect("the preview shows no refusal");
        match self.disclose(request) {
            Err(VaultError::Refused(refusal)) => {
                assert_eq!(*refusal, seen);
                seen
            }
            Ok(_) => panic!("it was disclosed"),
            Err(error) => panic!("{error}"),
        }
    }
}

fn leaked(refusal: &Refusal) -> Vec<Vec<i64>> {
    let ids = |leak: &finvault::vault::Leak| leak.rows.iter().map(|row| row.id.0).collect();
    refusal.leaks.iter().map(ids).collect()
}

#[test]
fn two_balances_with_one_row_between_are_refused_explained_and_logged() {
    let mut house = House::new(10);
    house.disclose(&house.balance(day(5))).unwrap();
    let request = house.balance(day(6));
    let refusal = house.refusal(&request);
    assert_eq!(leaked(&refusal), [[6]]);
    assert_eq!((refusal.leaks[0].from[0].disclosure, refusal.leaks[0].together), (1, false));
    let error = house.disclose(&request).err().unwrap();
    assert_eq!(error.class(), ErrorClass::Refused);
    assert!(error.to_string().contains("Lender could work out 1 transaction"), "{error}");
    let remedy = error.remedy().unwrap();
    for text in ["2026-03-06  Shop 6  6.00 EUR", "this disclosure and disclosure 1 of 2026-06-30, combined"] {
        assert!(remedy.contains(text), "{remedy}");
    }
    // Its row stays secret in the log; that it was denied does not.
    let log = house.vault.log().unwrap();
    assert_eq!(log.iter().filter(|entry| entry.kind == "denied").count(), 2);
    let denied = &log.last().unwrap().body;
    assert!(denied.contains("Lender") && !denied.contains("6.00") && !denied.contains("Shop"), "{denied}");
    assert_eq!(house.vault.verify_log().unwrap().entries, 5);
    assert_eq!(house.vault.disclosures().unwrap().len(), 1);

    // What is offered instead is safe indeed.
    let days: Vec<Date> = refusal
        .safe
        .iter()
        .filter_map(|safe| safe.strip_prefix("the balance at the end of ")?.parse().ok())
        .collect();
    assert_eq!(days, [day(5), day(8)]);
    for day in days {
        assert_eq!(house.preview(&house.balance(day)).refusal, None);
    }
}

#[test]
fn a_risk_can_be_accepted_with_a_reason_and_is_not_told_twice() {
    let mut house = House::new(10);
    house.disclose(&house.balance(day(5))).unwrap();
    let mut request = house.balance(day(6));
    for reason in ["", "  ", &"x".repeat(501)] {
        request.accept_risk = Some(reason.to_owned());
        assert!(matches!(house.disclose(&request), Err(VaultError::Invalid(_))));
    }
    request.accept_risk = Some("they have seen the receipt".to_owned());
    assert!(house.preview(&request).refusal.is_some());
    house.disclose(&request).unwrap();
    let log = house.vault.log().unwrap();
    let body: serde_json::Value = serde_json::from_str(&log.last().unwrap().body).unwrap();
    assert_eq!(body["accepted_risk"]["reason"], "they have seen the receipt");
    // The same once more reveals nothing more, and needs no excuse.
    let preview = house.preview(&request);
    assert_eq!(preview.refusal, None);
    assert!(preview.warnings.iter().any(|warning| warning.contains("no risk needs")));
    request.accept_risk = None;
    house.disclose(&request).unwrap();
    assert!(!house.vault.log().unwrap().last().unwrap().body.contains("accepted"));
    // A day further is a row further.
    let further = house.balance(day(7));
    assert_eq!(leaked(&house.refusal(&further)), [[7]]);
}

#[test]
fn a_series_with_enough_between_is_harmless() {
    let mut house = House::new(28);
    for number in 1..=9 {
        let request = house.balance(day(number * 3));
        let preview = house.preview(&request);
        assert_eq!((preview.refusal, preview.earlier), (None, number as u64 - 1));
        assert!(
            preview.warnings.iter().all(|warning| warning.contains("knows nothing")),
            "{:?}",
            preview.warnings
        );
        if number > 1 {
            let (from, to) = (day(number * 3 - 2), day(number * 3));
            let sum = i64::from(number * 3 - 1) * 300;
            assert_eq!(
                preview.afterwards,
                [format!("the sum of 3 transactions of \"Everyday\" from {from} to {to}: {}", eur(sum))]
            );
        }
        house.disclose(&request).unwrap();
    }
    let last = house.balance(day(28));
    assert_eq!(leaked(&house.refusal(&last)), [[28]]);
    let exposure = house.vault.exposure(Some(house.lender.id)).unwrap();
    assert_eq!(exposure.disclosures, 9);
    let sums = exposure.known.iter().filter(|group| group.what == "sum").count();
    let balances: Vec<_> = exposure.known.iter().filter(|group| group.what == "balance").collect();
    assert_eq!((sums, balances.len()), (8, 1));
    assert_eq!(balances[0].amount, Some(eur(100_600)));
    assert!(exposure.known.iter().all(|group| !group.too_small));
}

#[test]
fn rows_that_are_shown_are_no_leak_and_what_they_leave_over_is() {
    let mut house = House::new(10);
    let shown = house.rows(1, 2, &[TransactionField::Amount]);
    house.disclose(&shown).unwrap();
    for number in [3, 8] {
        house.disclose(&house.balance(day(number))).unwrap();
    }
    // Between the balances are five rows; three of them shown leave two.
    let three = house.rows(4, 6, &[TransactionField::Amount, TransactionField::Date]);
    let refusal = house.refusal(&three);
    assert_eq!(leaked(&refusal), [[7, 8]]);
    let from: Vec<i64> = refusal.leaks[0].from.iter().map(|origin| origin.disclosure).collect();
    assert_eq!(from, [2, 3]);
    // Without amounts they leave nothing over; all five of them leave nothing over either.
    house.disclose(&house.rows(4, 6, &[TransactionField::Date])).unwrap();
    house.disclose(&house.rows(4, 8, &[TransactionField::Amount])).unwrap();
    let exposure = house.vault.exposure(Some(house.lender.id)).unwrap();
    let sentences: Vec<String> = exposure.known.iter().map(|group| group.sentence()).collect();
    assert!(
        sentences
            .contains(&"7 transactions of \"Everyday\" from 2026-03-01 to 2026-03-08, row by row".to_owned()),
        "{sentences:?}"
    );
}

#[test]
fn recipients_together_are_a_warning_or_a_refusal() {
    let mut house = House::new(10);
    house.disclose(&house.balance(day(5))).unwrap();
    let landlord = house.vault.add_recipient("Landlord", None, now()).unwrap();
    let request = DisclosureRequest { recipient: landlord.id, ..house.balance(day(6)) };
    let preview = house.preview(&request);
    assert_eq!(preview.refusal, None);
    assert!(
        preview
            .warnings
            .iter()
            .any(|warning| warning.contains("Landlord and Lender together could work out 1 transaction")),
        "{:?}",
        preview.warnings
    );
    let policy = InferencePolicy { collusion: Collusion::Refuse, ..InferencePolicy::default() };
    house.vault.set_inference_policy(landlord.id, policy, now()).unwrap();
    let refusal = house.refusal(&request);
    assert!(refusal.leaks[0].together);
    assert!(
        refusal.explanation().contains("disclosure 1 of 2026-06-30 to Lender"),
        "{}",
        refusal.explanation()
    );
    // A removed recipient has not forgotten.
    house.vault.remove_recipient(house.lender.id, now()).unwrap();
    assert_eq!(leaked(&house.refusal(&request)), [[6]]);
    assert_eq!(house.vault.exposure(None).unwrap().disclosures, 1);
    assert!(house.vault.exposure(Some(house.lender.id)).is_err());
}

#[test]
fn k_is_the_owners_choice() {
    let mut house = House::new(10);
    house.disclose(&house.balance(day(3))).unwrap();
    let request = house.balance(day(7));
    assert_eq!(house.preview(&request).refusal, None);
    let policy = InferencePolicy { k: 5, ..InferencePolicy::default() };
    house.vault.set_inference_policy(house.lender.id, policy, now()).unwrap();
    assert_eq!(house.vault.inference_policy(house.lender.id).unwrap(), policy);
    assert_eq!(leaked(&house.refusal(&request)), [[4, 5, 6, 7]]);
    for bad in [InferencePolicy { k: 0, ..policy }, InferencePolicy { threshold_budget: 1001, ..policy }] {
        assert!(matches!(
            house.vault.set_inference_policy(house.lender.id, bad, now()),
            Err(VaultError::Invalid(_))
        ));
    }
    let log = house.vault.log().unwrap();
    assert_eq!(log.iter().filter(|entry| entry.kind == "policy-set").count(), 1);
}

#[test]
fn a_row_entered_late_or_deleted_shows_between_two_balances_of_one_day() {
    let mut house = House::new(6);
    house.disclose(&house.balance(day(6))).unwrap();
    let late = house.add(4, -777);
    let request = house.balance(day(6));
    assert_eq!(leaked(&house.refusal(&request)), [[7]]);
    house.vault.delete_transaction(late.id).unwrap();
    assert_eq!(house.preview(&request).refusal, None);
    // Gone after it was disclosed, it is between the two balances all the same.
    let six = house.vault.transactions(&finvault::vault::TransactionQuery::default()).unwrap()[5].id;
    house.vault.delete_transaction(six).unwrap();
    let refusal = house.refusal(&request);
    assert!(refusal.explanation().contains("transaction 6, deleted since"), "{}", refusal.explanation());
    // Its number is not given again: the history would take the new row for the old one.
    assert!(house.add(6, 5).id > six);
}

const MARCH: &str = include_str!("fixtures/vault/checking-march.ofx");
const FEBRUARY: &str = include_str!("fixtures/vault/checking-february.ofx");

#[test]
fn older_statements_that_move_the_opening_balance_hide_nothing() {
    let mut house = House::new(0);
    let import = |house: &mut House, text: &str| {
        let files = [ImportFile { name: "x.ofx", bytes: text.as_bytes() }];
        house.vault.import(&files, &ImportOptions::default(), now(), &mut |_| {}).unwrap();
    };
    import(&mut house, MARCH);
    let accounts = house.vault.accounts().unwrap();
    house.account = accounts.into_iter().find(|account| account.name != "Everyday").unwrap();
    let request = house.balance(date(2026, 3, 31));
    house.disclose(&request).unwrap();
    import(&mut house, FEBRUARY);
    // The same balance as before, over more rows and another opening balance.
    assert_eq!(house.preview(&request).refusal, None);
    let added = house.add(31, -5);
    assert_eq!(leaked(&house.refusal(&request)), [[added.id.0]]);
    let policy = InferencePolicy { k: 1, ..InferencePolicy::default() };
    house.vault.set_inference_policy(house.lender.id, policy, now()).unwrap();
    house.disclose(&request).unwrap();
    house.vault.set_inference_policy(house.lender.id, InferencePolicy::default(), now()).unwrap();
    // Taken back, the opening balance is what it was.
    let batch = house.vault.batches().unwrap()[1].id;
    house.vault.undo_import(batch, now()).unwrap();
    assert_eq!(house.preview(&request).refusal, None);
    let more = house.add(31, -6);
    assert_eq!(leaked(&house.refusal(&request)), [[more.id.0]]);
}

/// Which of two equally small cells is held back is decided by the payees' names, and a pseudonym is another one for each
/// recipient: what the guard keeps must be the rows of the cells that this recipient saw.
#[test]
fn of_equally_small_cells_those_that_are_shown_are_judged() {
    let mut house = House::new(0);
    house.add(1, 700);
    for _ in 0..5 {
        house.add(2, 20);
        house.add(3, -20);
        house.add(4, 50);
    }
    let totals = FactRequest::Totals {
        account: house.account.id,
        from: day(1),
        to: day(4),
        filter: RowFilter::default(),
        period: Period::Window,
        grouping: Grouping::Payee,
        payees: PayeeForm::Pseudonym,
        whole: true,
        round_to: None,
        label: LabelChoice::Nothing,
    };
    let mut days_seen = Vec::new();
    for number in 0..10 {
        let recipient = house.vault.add_recipient(&format!("Lender {number}"), None, now()).unwrap().id;
        let purpose = Purpose::from_text("Loan").unwrap();
        let issued =
            house.disclose(&DisclosureRequest::new(recipient, vec![totals.clone()], purpose)).unwrap();
        let facts = house.vault.disclosure(issued.id).unwrap().facts;
        let [Fact::Totals(fact)] = facts.as_slice() else { panic!("{facts:?}") };
        let period = &fact.periods[0];
        assert_eq!((period.cells.len(), period.suppressed_cells), (2, 2));
        let shown = if period.cells.iter().any(|cell| cell.amount == eur(100)) { day(2) } else { day(3) };
        let known = house.vault.exposure(Some(recipient)).unwrap().known;
        let sums: Vec<Date> = known
            .iter()
            .filter(|group| group.what == "sum" && group.from == group.to)
            .filter_map(|group| group.from)
            .collect();
        assert_eq!(sums.len(), 2, "{known:?}");
        assert!(sums.contains(&shown) && sums.contains(&day(4)), "{sums:?} for {period:?}");
        days_seen.push(shown);
    }
    days_seen.sort_unstable();
    days_seen.dedup();
    assert_eq!(days_seen.len(), 2, "ten recipients' pseudonyms order the two payees both ways");
}
