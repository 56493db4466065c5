//! What people are asked for and what they get: each preset, what leaves with it and what does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "age")]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::disclosure::request::{InformationRequest, Preset};
use finvault::disclosure::{self, Expectation, ExpectedAudience, Fact, Identities, OpenWith, PayeeForm};
use finvault::ledger::{AccountKind, NewAccount, NewTransaction, Opening, TransactionStatus};
use finvault::money::{Currency, Money};
use finvault::vault::{
    DisclosureRequest, ErrorClass, FactRequest, Given, ImportFile, ImportOptions, Vault, VaultError, WhyNot,
};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use std::collections::BTreeMap;

const NUMBER: &str = "DE89370400440532013000";
const STATEMENT: &str = include_str!("fixtures/vault/checking-march.ofx");

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

fn now() -> Timestamp {
    "2026-04-02T09:00:00Z".parse().unwrap()
}

const fn today() -> Date {
    date(2026, 4, 2)
}

struct House {
    _folder: tempfile::TempDir,
    vault: Vault,
    identity: String,
    given: Given,
    recipient: i64,
    /// What was disclosed last, as it left.
    sealed: Vec<u8>,
}

/// A year of an account: salary, rent, coffee, one dentist, one shop that refunds, all in categories.
fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
    let (mut vault, _) = Vault::create(&folder.path().join("v.finvault"), &passphrase, kdf, now()).unwrap();
    let account = NewAccount {
        name: "Everyday".to_owned(),
        kind: AccountKind::Checking,
        currency: Currency::iso("EUR").unwrap(),
        institution: Some("Example Bank".to_owned()),
        number: Some(NUMBER.to_owned()),
        opening: Some(Opening { date: date(2025, 4, 1), amount: eur(300_000), derived: false }),
    };
    let account = vault.add_account(&account).unwrap().id;
    let mut add = |posted: Date, minor: i64, payee: &str, category: &str| {
        let row = NewTransaction {
            posted,
            amount: eur(minor),
            payee: payee.to_owned(),
            payee_raw: payee.to_uppercase(),
            memo: Some("secret memo".to_owned()),
            reference: Some("ref-0815".to_owned()),
            category: Some(category.to_owned()),
            status: TransactionStatus::Posted,
            bank_id: None,
        };
        vault.add_transaction(account, &row).unwrap();
    };
    for month in 0..12 {
        let begin = date(2025, 4, 1).checked_add(month.months()).unwrap();
        let day = |offset: i32| begin.checked_add(offset.days()).unwrap();
        add(day(0), 251_337, "Example GmbH", "Salary");
        add(day(2), -80_011, "Landlord", "Rent");
        for coffee in 0..3 {
            add(day(5 + coffee * 7), -377 - i64::from(coffee), "Corner Cafe", "Food");
        }
    }
    add(date(2025, 11, 3), -6_613, "Dentist", "Health");
    add(date(2026, 3, 10), -5_990, "Web Shop order 4711", "Shopping");
    add(date(2026, 3, 12), -2_345, "Web Shop order 4712", "Shopping");
    add(date(2026, 3, 24), 5_990, "Web Shop order 4711", "Shopping");
    add(date(2026, 4, 2), -377, "Corner Cafe", "Food");
    use age::secrecy::ExposeSecret;
    let identity = age::x25519::Identity::generate();
    let public = identity.to_public().to_string();
    let recipient = vault.add_recipient("Somebody", Some(&public), now()).unwrap().id;
    House {
        _folder: folder,
        vault,
        identity: identity.to_string().expose_secret().to_owned(),
        given: Given {
            account,
            holder: Some("Example Holder".to_owned()),
            import: None,
            receipt: None,
            today: today(),
        },
        recipient,
        sealed: Vec::new(),
    }
}

impl House {
    /// Discloses, opens as the recipient does, and gives the facts and every byte that they decrypt and decode.
    fn reach(&mut self, facts: Vec<FactRequest>, purpose: disclosure::Purpose) -> (Vec<Fact>, String) {
        let request = DisclosureRequest::new(self.recipient, facts, purpose);
        let mut sealed = Vec::new();
        self.vault
            .disclose(&request, now(), &mut |bytes| {
                sealed.extend_from_slice(bytes);
                Ok(())
            })
            .unwrap();
        assert!(sealed.len() > 16_384, "padded");
        self.sealed.clone_from(&sealed);
        let identities = Identities::parse(self.identity.as_bytes(), None).unwrap();
        let opened = disclosure::open(&sealed, OpenWith::Identities(&identities)).unwrap();
        let audiences = identities.audiences();
        let expectation = Expectation { now: now(), audience: ExpectedAudience::OneOf(&audiences) };
        let verified = disclosure::verify(&opened.token, &expectation).unwrap();
        use base64::Engine;
        let decoded = opened
            .token
            .split(['.', '~'])
            .filter_map(|part| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).ok())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect();
        (verified.facts, decoded)
    }

    fn preset(&mut self, name: &str, values: &[(&str, &str)]) -> (Vec<Fact>, String) {
        let preset = Preset::named(name).unwrap();
        let values: BTreeMap<String, String> =
            values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let templates = preset.templates(&values).unwrap();
        let facts = self.vault.fact_requests(&templates, &self.given).unwrap();
        self.reach(facts, preset.purpose)
    }
}

#[track_caller]
fn leaves(text: &str, shown: &[&str], hidden: &[&str]) {
    for word in shown {
        assert!(text.contains(word), "{word} did not leave: {text}");
    }
    let always = [NUMBER, "0532013000", "Everyday", "secret memo", "ref-0815", "EXAMPLE GMBH", "Somebody"];
    for word in hidden.iter().chain(&always) {
        assert!(!text.contains(word), "{word} left the vault: {text}");
    }
}

fn kinds(facts: &[Fact]) -> Vec<&'static str> {
    facts.iter().map(Fact::kind).collect()
}

#[test]
fn a_landlord_learns_of_reserve_and_income_and_of_no_payment() {
    let (facts, text) = house().preset("rental-application", &[("amount", "2400")]);
    assert_eq!(kinds(&facts), ["balance-threshold", "totals-by-period"]);
    let Fact::Threshold(reserve) = &facts[0] else { panic!() };
    assert!(reserve.result);
    assert_eq!((reserve.window_days, reserve.days_with_data), (90, 90));
    let Fact::Totals(income) = &facts[1] else { panic!() };
    // Three salaries and a refund, rounded to hundreds.
    assert_eq!(income.periods[0].cells[0].amount, eur(760_000));
    leaves(
        &text,
        &["rental-application", "\"2400.00\"", "7600.00", "••••3000"],
        &["Example GmbH", "Landlord", "Corner Cafe", "Dentist", "2513.37", "800.11", "spending", "Salary"],
    );
}

#[test]
fn a_lender_learns_flows_by_quarter_and_no_row() {
    let (facts, text) = house().preset("loan", &[("amount", "3000")]);
    assert_eq!(kinds(&facts), ["account", "balance-threshold", "totals-by-period"]);
    let Fact::Totals(flows) = &facts[2] else { panic!() };
    assert_eq!(flows.periods.len(), 4);
    assert!(flows.periods.iter().all(|period| period.whole.is_some() && period.cells.len() == 2));
    leaves(
        &text,
        &["checking", "2025-04-01", "income", "spending"],
        &["Example Holder", "Example GmbH", "Landlord", "Corner Cafe", "Dentist", "66.13", "Example Bank"],
    );
    let (facts, text) = house().preset("loan", &[("amount", "3000"), ("holder", "yes")]);
    assert_eq!(facts.len(), 4);
    leaves(&text, &["Example Holder"], &["Landlord"]);
}

#[test]
fn a_visa_officer_learns_yes_and_whose_and_not_how_much() {
    let mut house = house();
    let (facts, text) = house.preset("proof-of-funds", &[("amount", "10000"), ("holder", "yes")]);
    assert_eq!(kinds(&facts), ["account", "balance-threshold"]);
    let Fact::Threshold(funds) = &facts[1] else { panic!() };
    assert!(funds.result && funds.window_days == 28);
    let balance = house.vault.balances(today(), None).unwrap()[0].computed;
    leaves(
        &text,
        &["Example Holder", "EUR", "••••3000", "\"result\":true"],
        &["Example GmbH", "Landlord", "Corner Cafe", "Web Shop", &balance.to_decimal()],
    );
}

#[test]
fn an_employer_learns_of_the_expense_and_of_nothing_else() {
    let values = [("payee", "web shop order 4712"), ("from", "2026-03-01"), ("until", "2026-03-31")];
    let (facts, text) = house().preset("expense-reimbursement", &values);
    assert_eq!(kinds(&facts), ["transactions"]);
    let Fact::Transactions(expense) = &facts[0] else { panic!() };
    assert_eq!(expense.rows.len(), 1);
    leaves(
        &text,
        &["23.45", "Web Shop order 4712", "2026-03-12"],
        &["59.90", "4711", "Landlord", "Corner Cafe"],
    );
}

#[test]
fn a_shop_learns_of_purchase_and_missing_refund_of_its_own_alone() {
    let values = [("payee", "order 4711"), ("from", "2026-03-01"), ("until", "2026-04-01")];
    let (facts, text) = house().preset("refund-dispute", &values);
    let Fact::Transactions(both) = &facts[0] else { panic!() };
    assert_eq!((both.rows.len(), both.selection.matched), (2, 2));
    assert_eq!(both.selection.gaps.as_deref(), Some(&[][..]));
    leaves(
        &text,
        &["59.90", "Debit", "Credit"],
        &["23.45", "4712", "Landlord", "Corner Cafe", "Example GmbH"],
    );
}

#[test]
fn a_cpa_learns_categories_and_no_payee_nor_small_category() {
    let (facts, text) = house().preset("tax-preparation", &[("from", "2025-04-01"), ("until", "2026-03-31")]);
    // Totals by quarter and flow beside them would let a single refund be worked out: the guard refuses that pair.
    assert_eq!(kinds(&facts), ["totals-by-period"]);
    let Fact::Totals(categories) = &facts[0] else { panic!() };
    let year = &categories.periods[0];
    let names: Vec<&str> = year.cells.iter().filter_map(|cell| cell.group.as_deref()).collect();
    // The dentist is one row, and goes with the smallest other category, so that it cannot be subtracted out.
    assert_eq!((names, year.suppressed_cells), (vec!["Food", "Housing:Rent", "Income:Salary"], 2));
    assert!(year.whole.is_some());
    leaves(
        &text,
        &["Salary", "Rent"],
        &["Health", "66.13", "Dentist", "Example GmbH", "Landlord", "Web Shop"],
    );
}

#[test]
fn a_supplier_learns_of_turnover_to_the_thousand() {
    let (facts, text) = house().preset("supplier-credit-check", &[("amount", "5000")]);
    assert_eq!(kinds(&facts), ["account", "balance-threshold", "totals-by-period"]);
    leaves(
        &text,
        &["30000.00", "KnownSince", "\"measure\":\"average\""],
        &["Example GmbH", "Landlord", "2513.37", "Example Bank", "Example Holder", "spending"],
    );
}

#[test]
fn a_support_desk_learns_of_one_transaction() {
    let values =
        [("payee", "web shop"), ("from", "2026-03-01"), ("until", "2026-03-31"), ("amount", "23.45")];
    let (facts, text) = house().preset("card-question", &values);
    let Fact::Transactions(one) = &facts[0] else { panic!() };
    assert_eq!((one.rows.len(), one.selection.matched), (1, 1));
    assert!(one.rows[0].id.is_some());
    leaves(&text, &["23.45", "4712", "Booked"], &["59.90", "4711", "Landlord", "Corner Cafe", "2513.37"]);
    // Without the amount, the newest of the shop leaves, and how many more there are is said.
    let (facts, _) = house().preset("card-question", &values[..3]);
    assert_eq!((facts[0].selection().matched, facts[0].selection().suppressed), (3, 2));
}

#[test]
fn a_statement_is_known_by_its_digest_and_nothing_in_it_leaves() {
    let mut house = house();
    let files = [ImportFile { name: "some/folder/march.ofx", bytes: STATEMENT.as_bytes() }];
    house.vault.import(&files, &ImportOptions::default(), now(), &mut |_| {}).unwrap();
    house.given.import = Some(house.vault.batches().unwrap()[0].id);
    let values = [
        ("payee", "web shop"),
        ("from", "2026-03-01"),
        ("until", "2026-03-31"),
        ("amount", "23.45"),
        ("import", "1"),
    ];
    let (facts, text) = house.preset("card-question", &values);
    assert_eq!(kinds(&facts), ["transactions", "document"]);
    use sha2::{Digest, Sha256};
    let Fact::Document(document) = &facts[1] else { panic!() };
    let digest: [u8; 32] = Sha256::digest(STATEMENT).into();
    assert_eq!(document.sha256.as_bytes(), &digest);
    leaves(&text, &["application/x-ofx"], &["march.ofx", "DE00123456789", "Power Company"]);
}

#[test]
fn a_support_desk_gets_the_receipt_whole_where_the_owner_adds_it() {
    const RECEIPT: &[u8] = b"%PDF-1.7\nWeb Shop, order 4712, shipping 4.90 EUR\n";
    let mut house = house();
    let order = finvault::TransactionQuery { text: Some("order 4712".to_owned()), ..Default::default() };
    let order = house.vault.transactions(&order).unwrap()[0].id;
    let target = finvault::ledger::AttachmentTarget::Transaction(order);
    let mut bytes = RECEIPT;
    let attached = house.vault.attach(&mut bytes, "for my wife.pdf", None, target, now()).unwrap();
    house.given.receipt = Some(attached.attachment);
    let values = [
        ("payee", "web shop"),
        ("from", "2026-03-01"),
        ("until", "2026-03-31"),
        ("amount", "23.45"),
        ("receipt", "1"),
    ];
    let (facts, text) = house.preset("card-question", &values);
    assert_eq!(kinds(&facts), ["transactions", "document"]);
    leaves(
        &text,
        &["23.45", "4712", "receipt.pdf", "application/pdf"],
        &["my wife", "59.90", "4711", "Landlord", "Corner Cafe", "2513.37"],
    );
    let identities = Identities::parse(house.identity.as_bytes(), None).unwrap();
    let opened = disclosure::open(&house.sealed, OpenWith::Identities(&identities)).unwrap();
    assert_eq!(opened.enclosures, [disclosure::Enclosure::Document(RECEIPT.to_vec())]);
    // Without the parameter, nothing but the row leaves.
    let (facts, _) = house.preset("card-question", &values[..4]);
    assert_eq!(kinds(&facts), ["transactions"]);
    let opened = disclosure::open(&house.sealed, OpenWith::Identities(&identities)).unwrap();
    assert!(opened.enclosures.is_empty());
}

#[test]
fn every_preset_is_read_and_has_a_test_above() {
    let here = include_str!("vault_presets.rs");
    let presets = Preset::all().unwrap();
    assert_eq!(presets.len(), 8);
    for preset in presets {
        assert!(here.contains(&format!("preset(\"{}\"", preset.name)), "{} has no test", preset.name);
        assert!(preset.text().contains(&preset.title));
        for parameter in &preset.parameters {
            assert!(!parameter.what.is_empty());
        }
    }
}

fn request(facts: &str, sets: &str) -> InformationRequest {
    let text = format!(
        r#"{{"finvault_request": 1, "purpose": {{"code": "loan", "text": "Loan 12"}}, "currency": "EUR", "facts": [{facts}]{sets}}}"#
    );
    InformationRequest::parse(text.as_bytes()).unwrap()
}

const FACTS: &str = r#"
    {"id": "rows", "kind": "transactions", "window": {"last_days": 90}, "fields": ["date", "amount", "payee"]},
    {"id": "exact", "kind": "balance"},
    {"id": "enough", "kind": "balance-threshold", "op": "at-least", "amount": "1000", "measure": "every-day", "window": {"last_days": 30}},
    {"id": "too-much", "kind": "balance-threshold", "op": "at-least", "amount": "1000000", "measure": "every-day", "window": {"last_days": 30}},
    {"id": "unknown", "kind": "balance", "as_of": "2020-01-01"}"#;

#[test]
fn a_request_is_answered_with_the_narrowest_option_that_satisfies_it() {
    let mut house = house();
    let sets =
        r#", "fact_sets": [{"options": [["rows"], ["unknown"], ["exact"], ["too-much"], ["enough"]]}]"#;
    let asked = request(FACTS, sets);
    let answer = house.vault.answer(house.recipient, &asked, &house.given, now()).unwrap();
    assert_eq!(answer.ids, ["enough"]);
    let why = |id: &str| &answer.others.iter().find(|other| other.ids == [id]).unwrap().why;
    assert!(matches!(why("rows"), WhyNot::TellsMore(sentences) if sentences[0].contains("transactions")));
    assert!(matches!(why("exact"), WhyNot::TellsMore(_)));
    assert_eq!(why("too-much"), &WhyNot::AnswersNo);
    assert!(matches!(why("unknown"), WhyNot::CannotBeStated(why) if why.contains("no data")));
    let (facts, text) = house.reach(answer.facts, asked.purpose.clone());
    assert_eq!(kinds(&facts), ["balance-threshold"]);
    leaves(&text, &["\"result\":true"], &["Landlord", "Corner Cafe"]);

    // All facts are needed where no set says otherwise, and an optional set is left out.
    let all = request(&FACTS.replace("2020-01-01", "2026-01-01"), "");
    assert_eq!(house.vault.answer(house.recipient, &all, &house.given, now()).unwrap().ids.len(), 5);
    let sets = r#", "fact_sets": [{"options": [["exact"]]}, {"options": [["rows"], ["enough"], ["too-much"], ["unknown"]], "required": false}]"#;
    let answer = house.vault.answer(house.recipient, &request(FACTS, sets), &house.given, now()).unwrap();
    assert_eq!(answer.ids, ["exact"]);
    assert!(answer.others.iter().all(|other| other.why == WhyNot::NotNeeded));
}

#[test]
fn a_request_that_cannot_be_answered_is_refused_with_the_reasons() {
    let house = house();
    let answer =
        |request: &InformationRequest| house.vault.answer(house.recipient, request, &house.given, now());
    let error = answer(&request(FACTS, "")).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Refused);
    assert!(error.remedy().unwrap().contains("no data on 2020-01-01"));
    let mut dollars = request(FACTS, "");
    dollars.currency = Some("USD".to_owned());
    assert!(matches!(answer(&dollars), Err(VaultError::OtherCurrency { .. })));
    let document = request(r#"{"id": "d", "kind": "document"}"#, "");
    assert!(answer(&document).unwrap_err().remedy().unwrap().contains("--import"));
}

#[test]
fn pseudonyms_are_stable_for_one_recipient_and_unlinkable_across() {
    let mut house = house();
    let fact = |payees| FactRequest::Transactions {
        account: house.given.account,
        from: date(2026, 3, 1),
        to: date(2026, 3, 31),
        filter: Default::default(),
        fields: vec![finvault::vault::TransactionField::Payee],
        payees,
        round_to: None,
        limit: None,
        label: Default::default(),
    };
    let (pseudonymous, masked) = (fact(PayeeForm::Pseudonym), fact(PayeeForm::Masked));
    let names = |facts: &[Fact]| -> Vec<String> {
        let Fact::Transactions(fact) = &facts[0] else { panic!() };
        fact.rows.iter().map(|row| row.information.clone().unwrap()).collect()
    };
    let purpose = || disclosure::Purpose::from_text("A test").unwrap();
    let (first, text) = house.reach(vec![pseudonymous.clone()], purpose());
    leaves(&text, &["payee-", "\"pseudonym\""], &["Corner Cafe", "Landlord", "Web Shop"]);
    let (again, _) = house.reach(vec![pseudonymous.clone()], purpose());
    assert_eq!(names(&first), names(&again));
    let distinct: std::collections::HashSet<String> = names(&first).into_iter().collect();
    assert_eq!((names(&first).len(), distinct.len()), (8, 5), "three coffees are of one payee");
    let other = house.vault.add_recipient("Somebody else", None, now()).unwrap().id;
    let preview = |recipient| {
        let request = DisclosureRequest::new(recipient, vec![pseudonymous.clone()], purpose());
        house.vault.preview(&request, now()).unwrap().facts
    };
    let (mine, theirs) = (names(&preview(house.recipient)), names(&preview(other)));
    assert_eq!(mine, names(&first));
    assert!(theirs.iter().all(|name| !mine.contains(name)));
    let (facts, text) = house.reach(vec![masked], purpose());
    assert!(names(&facts).contains(&"C•••• C••••".to_owned()));
    leaves(&text, &["\"masked\""], &["Corner", "Landlord", "Shop"]);
}
