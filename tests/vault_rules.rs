//! Rules on a vault: applied at import and on demand, never over what the owner chose; suggestions; profiles that are kept.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::ledger::rule::{Conditions, RuleError, TextCondition, TextField, TextTest};
use finvault::ledger::{AccountId, AccountKind, NewAccount, RuleId, Transaction, TransactionId};
use finvault::money::{Currency, Money};
use finvault::statement::{CsvAnswers, CsvProfile, DateOrder};
use finvault::vault::{
    ErrorClass, ImportFile, ImportOptions, ImportReport, NewPart, NewRule, RulePlace, RuleReport, RuleScope,
    TransactionEdit, TransactionQuery, Vault, VaultError,
};
use jiff::Timestamp;

const MARCH: &str = "Date,Payee,Memo,Amount,Currency\n\
    2026-03-01,AMZN MKTP 123,order 7,-12.00,EUR\n\
    2026-03-02,GREEN GROCER 12,,-41.20,EUR\n\
    2026-03-03,CORNER CAFE,,-3.50,EUR\n\
    2026-03-04,EXAMPLE WORKS,salary,1200.00,EUR\n";

struct House {
    _folder: tempfile::TempDir,
    vault: Vault,
    account: AccountId,
}

fn now() -> Timestamp {
    "2026-04-02T09:00:00Z".parse().unwrap()
}

fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
    let (mut vault, _) =
        Vault::create(&folder.path().join("test.finvault"), &passphrase, kdf, now()).unwrap();
    let account = NewAccount {
        name: "Everyday".to_owned(),
        kind: AccountKind::Checking,
        currency: Currency::iso("EUR").unwrap(),
        institution: None,
        number: None,
        opening: None,
    };
    let account = vault.add_account(&account).unwrap().id;
    House { _folder: folder, vault, account }
}

impl House {
    fn import(&mut self, text: &str) -> ImportReport {
        let options = ImportOptions { account: Some(self.account), ..ImportOptions::default() };
        let files = [ImportFile { name: "a.csv", bytes: text.as_bytes() }];
        self.vault.import(&files, &options, now(), &mut |_| {}).unwrap()
    }

    fn add(&mut self, contains: &str, payee: Option<&str>, category: Option<&str>) -> RuleId {
        let rule = rule(contains, payee, category);
        self.vault.add_rule(&rule, RulePlace::Last).unwrap().id
    }

    fn apply(&mut self, dry_run: bool) -> RuleReport {
        self.vault.apply_rules(&RuleScope::default(), dry_run, &mut |_| {}).unwrap()
    }

    fn rows(&self) -> Vec<Transaction> {
        self.vault.transactions(&TransactionQuery::default()).unwrap()
    }

    /// Payees and categories in order of day.
    fn shown(&self) -> Vec<(String, Option<String>)> {
        self.rows().into_iter().map(|row| (row.detail.payee, row.detail.category)).collect()
    }

    fn categorise(&mut self, id: i64, category: &str) {
        let edit = TransactionEdit { category: Some(category.to_owned()), ..TransactionEdit::default() };
        self.vault.edit_transaction(TransactionId(id), &edit).unwrap();
    }
}

fn rule(contains: &str, payee: Option<&str>, category: Option<&str>) -> NewRule {
    let text = TextCondition { test: TextTest::Contains, text: contains.to_owned(), field: TextField::Payee };
    NewRule {
        when: Conditions { text: Some(text), ..Conditions::default() },
        payee: payee.map(str::to_owned),
        category: category.map(str::to_owned),
    }
}

fn row(payee: &str, category: Option<&str>) -> (String, Option<String>) {
    (payee.to_owned(), category.map(str::to_owned))
}

#[test]
fn new_rows_are_cleaned_and_categorised_and_the_statement_is_still_recognised() {
    let mut house = house();
    house.add("amzn", Some("Amazon"), None);
    house.add("amazon", None, Some("Leisure"));
    house.add("grocer", None, Some("groceries"));
    assert_eq!(house.import(MARCH).files[0].accounts[0].added, 4);
    assert_eq!(
        house.shown(),
        [
            row("Amazon", Some("Leisure")),
            row("GREEN GROCER 12", Some("Food:Groceries")),
            row("CORNER CAFE", None),
            row("EXAMPLE WORKS", None),
        ]
    );
    assert_eq!(house.rows()[0].detail.payee_raw, "AMZN MKTP 123", "what the bank wrote is kept");
    let again = house.import(MARCH);
    assert_eq!((again.files[0].accounts[0].added, again.files[0].accounts[0].duplicate), (0, 4));
}

#[test]
fn applying_leaves_what_the_owner_chose() {
    let mut house = house();
    house.import(MARCH);
    house.categorise(2, "Leisure");
    house.categorise(3, "Leisure");
    house.categorise(3, "");
    let named = TransactionEdit { payee: Some("My shop".to_owned()), ..TransactionEdit::default() };
    house.vault.edit_transaction(TransactionId(1), &named).unwrap();
    for (contains, payee) in [("amzn", "Amazon"), ("grocer", "Grocer"), ("cafe", "Cafe"), ("works", "Work")] {
        house.add(contains, Some(payee), Some("Food"));
    }
    let before = house.shown();
    let tried = house.apply(true);
    assert_eq!(house.shown(), before, "a dry run changes nothing");
    let done = house.apply(false);
    assert_eq!(tried, done, "a dry run says what is done then");
    assert_eq!((done.looked_at, done.changed, done.kept), (4, 4, 3));
    assert_eq!(
        house.shown(),
        [
            row("My shop", Some("Food")),
            row("Grocer", Some("Leisure")),
            row("Cafe", None),
            row("Work", Some("Food")),
        ]
    );
    assert_eq!(house.apply(false).changed, 0, "applying again changes nothing");
}

#[test]
fn what_rules_set_they_may_set_anew_until_the_owner_confirms_it() {
    let mut house = house();
    let cafe = house.add("cafe", Some("Cafe"), Some("Food"));
    house.import(MARCH);
    house.vault.replace_rule(cafe, &rule("cafe", Some("The Cafe"), Some("Leisure"))).unwrap();
    assert_eq!(house.apply(false).changed, 1);
    assert_eq!(house.shown()[2], row("The Cafe", Some("Leisure")));
    house.categorise(3, "Leisure");
    house.vault.replace_rule(cafe, &rule("cafe", None, Some("Food"))).unwrap();
    let report = house.apply(false);
    assert_eq!((report.changed, report.kept), (0, 1), "the same category, chosen by hand, is the owner's");
    house.vault.remove_rule(cafe).unwrap();
    assert_eq!(house.shown()[2], row("The Cafe", Some("Leisure")), "what a rule did stays");
}

#[test]
fn split_and_hand_entered_transactions_keep_what_they_have() {
    let mut house = house();
    house.import(MARCH);
    let amount = |minor| Money::new(minor, Currency::iso("EUR").unwrap());
    let part = |minor| NewPart { category: "Food".to_owned(), amount: amount(minor), memo: None };
    house.vault.split_transaction(TransactionId(2), &[part(-4_000), part(-120)]).unwrap();
    let mut typed = house.rows()[2].detail.clone();
    typed.payee = "Corner Cafe again".to_owned();
    typed.payee_raw = typed.payee.clone();
    house.vault.add_transaction(house.account, &typed).unwrap();
    house.add("grocer", None, Some("Leisure"));
    house.add("again", Some("Cafe"), Some("Food"));
    house.apply(false);
    let shown = house.shown();
    assert!(shown.contains(&row("GREEN GROCER 12", None)), "{shown:?}");
    assert!(shown.contains(&row("Corner Cafe again", Some("Food"))), "{shown:?}");
}

#[test]
fn a_rule_that_is_tried_out_leaves_no_trace() {
    let mut house = house();
    house.import(MARCH);
    let mut seen = Vec::new();
    let new = rule("cafe", None, Some("Brand new"));
    let (_, report) = house
        .vault
        .try_rule(&new, RulePlace::First, &RuleScope::default(), &mut |change| seen.push(change.clone()))
        .unwrap();
    assert_eq!((report.changed, seen.len()), (1, 1));
    assert_eq!(seen[0].transaction.id, TransactionId(3));
    assert!(house.vault.rules().unwrap().is_empty());
    assert!(house.vault.category("Brand new").is_err());
}

#[test]
fn order_decides_and_can_be_changed() {
    let mut house = house();
    let first = house.add("cafe", None, Some("Food"));
    let second = house.add("corner", None, Some("Leisure"));
    house.vault.move_rule(second, RulePlace::Before(first)).unwrap();
    house.import(MARCH);
    assert_eq!(house.shown()[2], row("CORNER CAFE", Some("Leisure")));
    house.vault.move_rule(second, RulePlace::Last).unwrap();
    let order: Vec<RuleId> = house.vault.rules().unwrap().iter().map(|rule| rule.id).collect();
    assert_eq!(order, [first, second]);
    house.apply(false);
    assert_eq!(house.shown()[2], row("CORNER CAFE", Some("Food")));
    let nowhere = house.vault.move_rule(first, RulePlace::Before(RuleId(99))).unwrap_err();
    assert!(matches!(nowhere, VaultError::NoSuchRule(RuleId(99))));
    assert_eq!(nowhere.class(), ErrorClass::Input);
}

#[test]
fn a_refused_rule_changes_nothing() {
    let mut house = house();
    let mut bad = rule("(", None, Some("Brand new"));
    bad.when.text.as_mut().unwrap().test = TextTest::Regex;
    let error = house.vault.add_rule(&bad, RulePlace::Last).unwrap_err();
    assert!(matches!(error, VaultError::Rule(RuleError::Regex(_))), "{error}");
    assert!(house.vault.rules().unwrap().is_empty());
    assert!(house.vault.category("Brand new").is_err(), "its category was not added either");
}

#[test]
fn rules_follow_their_categories() {
    let mut house = house();
    house.add("cafe", None, Some("Food"));
    house.import(MARCH);
    house.vault.rename_category("Food", "Meals").unwrap();
    let then = &house.vault.rules().unwrap()[0].then;
    assert_eq!(then.category.as_ref().unwrap().as_str(), "Meals");
    assert_eq!(house.shown()[2], row("CORNER CAFE", Some("Meals")));
    assert_eq!(house.apply(false).kept, 0, "the renamed category is still the rule's");
    house.add("nothing there", None, Some("Clothing"));
    let refused = house.vault.remove_category("Clothing", None).unwrap_err().to_string();
    assert!(refused.contains("rule 2"), "{refused}");
    house.vault.remove_category("Clothing", Some("Meals")).unwrap();
    assert_eq!(house.vault.rules().unwrap()[1].then.category.as_ref().unwrap().as_str(), "Meals");
}

#[test]
fn suggestions_count_the_owner_and_not_the_rules() {
    let mut house = house();
    house.add("cafe", None, Some("Food"));
    let mut text = "Date,Payee,Amount,Currency\n".to_owned();
    for day in 1..=9 {
        text.push_str(&format!(
            "2026-03-0{day},CORNER CAFE,-3.{day},EUR\n2026-03-0{day},STAR SHOP {day},-{day}.00,EUR\n"
        ));
    }
    house.import(&text);
    assert!(house.vault.suggest_rules().unwrap().is_empty(), "what rules chose teaches nothing");
    let shops: Vec<i64> =
        house.rows().iter().filter(|row| row.detail.payee.starts_with("STAR")).map(|row| row.id.0).collect();
    for id in &shops[..5] {
        house.categorise(*id, "groceries");
    }
    house.categorise(shops[5], "Leisure");
    let [suggestion] = &house.vault.suggest_rules().unwrap()[..] else { panic!("one suggestion") };
    assert_eq!((suggestion.begins.as_str(), suggestion.category.as_str()), ("STAR SHOP", "Food:Groceries"));
    assert_eq!((suggestion.agreeing, suggestion.filed, suggestion.unfiled), (5, 6, 3));
    let text =
        TextCondition { test: TextTest::Begins, text: suggestion.begins.clone(), field: TextField::Payee };
    let when = Conditions { text: Some(text), ..Conditions::default() };
    let accepted = NewRule { when, payee: None, category: Some(suggestion.category.clone()) };
    house.vault.add_rule(&accepted, RulePlace::Last).unwrap();
    assert!(house.vault.suggest_rules().unwrap().is_empty());
    assert_eq!(house.apply(false).changed, suggestion.unfiled);
}

#[test]
fn a_pending_row_that_is_booked_is_cleaned_again_and_keeps_its_category() {
    let mut house = house();
    house.add("cafe", Some("Cafe"), Some("Food"));
    let row = |status: &str| {
        format!("Booking date,Payee,Amount,Currency,Status\n2026-03-03,CORNER CAFE,-3.50,EUR,{status}\n")
    };
    house.import(&row("pending"));
    house.categorise(1, "Leisure");
    let report = house.import(&row("booked"));
    assert_eq!(report.files[0].accounts[0].updated, 1);
    assert_eq!(house.shown(), [("Cafe".to_owned(), Some("Leisure".to_owned()))]);
}

#[test]
fn categories_of_another_program_come_along_and_rules_leave_them() {
    let mut house = house();
    house.add("grocer", Some("Grocer"), Some("Leisure"));
    let text = "Account,Date,Payee,Notes,Category,Amount,Split_Amount,Cleared\n\
        Everyday,2026-03-01,GREEN GROCER,,Groceries,-41.2,0,Cleared\n\
        Everyday,2026-03-02,GREEN GROCER,,,-1.2,0,Cleared\n\
        Everyday,2026-03-03,Hall,,Hobbies:Choir,-5,0,Cleared\n\
        Everyday,2026-03-04,Odd,,=sum,-5,0,Cleared\n";
    let report = house.import(text);
    assert_eq!(report.files[0].layout.as_ref().unwrap().profile.as_deref(), Some("actual"));
    assert_eq!(
        house.shown(),
        [
            row("Grocer", Some("Food:Groceries")),
            row("Grocer", Some("Leisure")),
            row("Hall", Some("Hobbies:Choir")),
            row("Odd", None),
        ]
    );
    assert!(house.vault.category("Choir").is_ok());
    assert_eq!(house.apply(false).changed, 0);
}

#[test]
fn a_kept_profile_is_used_for_files_with_its_columns() {
    let mut house = house();
    let text = "Day,Shop,Sum,Code\n02/03/2026,Corner Cafe,-4.50,EUR\n";
    let files = [ImportFile { name: "a.csv", bytes: text.as_bytes() }];
    let options = ImportOptions { account: Some(house.account), ..ImportOptions::default() };
    let refused = house.vault.import(&files, &options, now(), &mut |_| {}).unwrap_err();
    let VaultError::Statement { error, .. } = refused else { panic!("{refused}") };
    assert!(error.question.is_some() && error.remedy.contains("--date-order"), "{error:?}");
    let answers = CsvAnswers { date_order: Some(DateOrder::DayMonthYear), ..CsvAnswers::default() };
    let columns = ["Day", "Shop", "Sum", "Code"].map(str::to_owned);
    let profile = CsvProfile::remembering("My shop", &columns, &answers).unwrap();
    house.vault.keep_csv_profile(&profile, false).unwrap();
    assert!(house.vault.keep_csv_profile(&profile, false).is_err(), "a name is taken once");
    house.vault.keep_csv_profile(&profile, true).unwrap();
    let report = house.import(text);
    assert_eq!(report.files[0].layout.as_ref().unwrap().profile.as_deref(), Some("My shop"));
    assert_eq!(house.rows()[0].detail.posted.to_string(), "2026-03-02");
    house.vault.remove_csv_profile("my SHOP").unwrap();
    assert!(house.vault.csv_profiles().unwrap().is_empty());
    assert!(matches!(house.vault.csv_profile("My shop"), Err(VaultError::NoSuchProfile { .. })));
}

#[test]
fn rows_that_cannot_be_read_are_skipped_only_where_asked() {
    let mut house = house();
    let text = MARCH.replace("2026-03-02", "2026-02-30");
    let files = [ImportFile { name: "a.csv", bytes: text.as_bytes() }];
    let mut options = ImportOptions { account: Some(house.account), ..ImportOptions::default() };
    assert!(house.vault.import(&files, &options, now(), &mut |_| {}).is_err());
    assert!(house.rows().is_empty());
    options.skip_bad_rows = true;
    let report = house.vault.import(&files, &options, now(), &mut |_| {}).unwrap();
    let [skipped] = &report.files[0].skipped[..] else { panic!("{report:?}") };
    assert_eq!((skipped.line, skipped.excerpt.starts_with("2026-02-30,GREEN")), (3, true));
    assert_eq!(house.rows().len(), 3);
}

#[test]
fn taking_an_import_back_minds_the_owners_categories_and_not_those_of_rules() {
    let mut house = house();
    house.add("grocer", None, Some("groceries"));
    let batch = house.import(MARCH).files[0].batch.unwrap();
    assert_eq!(house.rows()[1].detail.category.as_deref(), Some("Food:Groceries"));
    let conflicts = house.vault.rehearse_undo(batch, now()).unwrap().conflicts;
    assert!(conflicts.is_empty(), "{conflicts:?}");
    let id = house.rows()[2].id;
    house.categorise(id.0, "Leisure");
    assert_eq!(house.vault.rehearse_undo(batch, now()).unwrap().conflicts.categorised, [id]);
}

#[test]
fn a_category_that_a_csv_file_gave_is_no_choice_that_undoing_would_lose() {
    let mut house = house();
    let text = "Date,Description,Original Description,Amount,Transaction Type,Category,Account Name,Labels,Notes\n\
                2/28/2026,Green Grocer,GREEN GROCER #12,41.20,debit,Shopping,Everyday Checking,,\n\
                2/27/2026,Paycheck,EXAMPLE WORKS PAYROLL,1200.00,credit,Paycheck,Everyday Checking,,\n";
    let batch = house.import(text).files[0].batch.unwrap();
    let given: Vec<_> = house.rows().into_iter().filter(|row| row.detail.category.is_some()).collect();
    assert!(given.len() > 1, "{given:?}");
    let conflicts = house.vault.rehearse_undo(batch, now()).unwrap().conflicts;
    assert!(conflicts.is_empty(), "{conflicts:?}");
    // Renamed, it is still the file's; another is the owner's.
    let old = given[0].detail.category.clone().unwrap();
    house.vault.rename_category(&old, "Renamed").unwrap();
    assert!(house.vault.rehearse_undo(batch, now()).unwrap().conflicts.is_empty());
    house.categorise(given[1].id.0, "Leisure");
    assert_eq!(house.vault.rehearse_undo(batch, now()).unwrap().conflicts.categorised, [given[1].id]);
    house.vault.undo_import(batch, now()).unwrap();
    assert!(house.rows().is_empty());
}

#[test]
fn a_row_that_its_file_splits_gets_no_category_of_rules() {
    let mut house = house();
    house.add("grocer", Some("Green Grocer"), Some("groceries"));
    let qif = "!Type:Bank\nD13/02/2026\nT-30.00\nPGREEN GROCER 12\nSFood\n$-20.00\nSHome\n$-10.00\n^\n";
    house.import(qif);
    let row = house.rows().remove(0);
    assert_eq!((row.detail.payee.as_str(), row.detail.category), ("Green Grocer", None));
}
