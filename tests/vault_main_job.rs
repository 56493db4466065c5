//! The main job through the library: make a vault, import a bank's file, disclose one fact, open it, check the log.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::disclosure::{
    self, Expectation, ExpectedAudience, Fact, Identities, Lifetime, OpenWith, PayeeForm, Purpose, Terms,
};
use finvault::ledger::{AccountKind, NewAccount, NewTransaction, TransactionStatus};
use finvault::money::{Currency, Money};
use finvault::vault::{
    DisclosureRequest, ErrorClass, FactRequest, ImportFile, ImportOptions, LabelChoice, OpenOptions,
    RowFilter, Secret, TransactionEdit, TransactionField, TransactionQuery, Vault, VaultError,
};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use std::path::PathBuf;

const STATEMENT: &str = include_str!("fixtures/vault/checking-march.ofx");
const EARLIER: &str = include_str!("fixtures/vault/checking-february.ofx");

struct House {
    _folder: tempfile::TempDir,
    path: PathBuf,
    vault: Vault,
}

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple".to_owned())
}

fn now() -> Timestamp {
    "2026-04-02T09:00:00Z".parse().unwrap()
}

fn new_vault() -> House {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.finvault");
    let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
    let (vault, _) = Vault::create(&path, &passphrase(), kdf, now()).unwrap();
    House { _folder: folder, path, vault }
}

fn import(vault: &mut Vault, text: &str) -> finvault::vault::AccountReport {
    let files = [ImportFile { name: "some/folder/march.ofx", bytes: text.as_bytes() }];
    let report = vault.import(&files, &ImportOptions::default(), now(), &mut |_| {}).unwrap();
    assert_eq!(report.files.len(), 1);
    assert_eq!(report.files[0].accounts.len(), 1);
    report.files.into_iter().next().unwrap().accounts.into_iter().next().unwrap()
}

fn balance(vault: &Vault, day: Date) -> i64 {
    vault.balances(day, None).unwrap()[0].computed.minor()
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

fn row(day: Date, minor: i64, payee: &str) -> NewTransaction {
    NewTransaction {
        posted: day,
        amount: eur(minor),
        payee: payee.to_owned(),
        payee_raw: payee.to_owned(),
        memo: None,
        reference: None,
        category: None,
        status: TransactionStatus::Posted,
        bank_id: None,
    }
}

#[test]
fn an_imported_statement_agrees_with_the_bank_and_a_second_import_adds_nothing() {
    let mut house = new_vault();
    let first = import(&mut house.vault, STATEMENT);
    assert!(first.created);
    assert_eq!((first.added, first.duplicate), (5, 0));
    assert_eq!(first.stated[0].computed, Some(first.stated[0].amount));
    assert_eq!(balance(&house.vault, date(2026, 3, 31)), 141_250);
    // Two equal coffees on one day stay two.
    let coffees = TransactionQuery { text: Some("corner cafe".to_owned()), ..TransactionQuery::default() };
    assert_eq!(house.vault.transactions(&coffees).unwrap().len(), 2);

    let second = import(&mut house.vault, STATEMENT);
    assert_eq!((second.added, second.duplicate, second.created), (0, 5, false));
    assert_eq!(balance(&house.vault, date(2026, 3, 31)), 141_250);
}

#[test]
fn an_older_statement_moves_the_opening_balance_not_the_present_one() {
    let mut house = new_vault();
    let march = import(&mut house.vault, STATEMENT);
    let opening = march.opening.unwrap();
    assert_eq!((opening.date, opening.amount), (date(2026, 3, 1), eur(100_000)));
    let february = import(&mut house.vault, EARLIER);
    assert_eq!(february.added, 2);
    assert_eq!(february.stated[0].computed, Some(february.stated[0].amount));
    assert_eq!(balance(&house.vault, date(2026, 3, 31)), 141_250);
    assert_eq!(balance(&house.vault, date(2026, 2, 28)), 100_000);

    // Taken back, all is as before; taken back wholly, the account it made is gone.
    let batches = house.vault.batches().unwrap();
    let undone = house.vault.undo_import(batches[1].id, now()).unwrap();
    assert_eq!((undone.removed, undone.accounts_removed.len()), (2, 0));
    assert_eq!(balance(&house.vault, date(2026, 3, 31)), 141_250);
    assert_eq!(house.vault.accounts().unwrap()[0].opening, Some(opening));
    let undone = house.vault.undo_import(batches[0].id, now()).unwrap();
    assert_eq!(undone.removed, 5);
    assert!(house.vault.accounts().unwrap().is_empty());
    assert!(matches!(house.vault.undo_import(batches[0].id, now()), Err(VaultError::NoSuchImport(_))));
    assert_eq!(import(&mut house.vault, STATEMENT).added, 5);
}

#[test]
fn an_edited_row_is_still_recognised() {
    let mut house = new_vault();
    import(&mut house.vault, STATEMENT);
    let all = house.vault.transactions(&TransactionQuery::default()).unwrap();
    let edit = TransactionEdit {
        amount: Some(eur(-1)),
        posted: Some(date(2026, 6, 1)),
        payee: Some("Somebody else".to_owned()),
        category: Some("Coffee".to_owned()),
        ..TransactionEdit::default()
    };
    for transaction in &all {
        house.vault.edit_transaction(transaction.id, &edit).unwrap();
    }
    assert_eq!(import(&mut house.vault, STATEMENT).added, 0);
}

#[test]
fn a_bad_file_among_good_ones_imports_nothing() {
    let mut house = new_vault();
    let files = [
        ImportFile { name: "good.ofx", bytes: STATEMENT.as_bytes() },
        ImportFile { name: "bad.ofx", bytes: &STATEMENT.as_bytes()[..STATEMENT.len() / 2] },
    ];
    let error = house.vault.import(&files, &ImportOptions::default(), now(), &mut |_| {}).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Input);
    assert!(error.remedy().is_some_and(|remedy| !remedy.is_empty()));
    assert!(matches!(error, VaultError::Statement { file, .. } if file == "bad.ofx"));
    assert!(house.vault.accounts().unwrap().is_empty());
    assert!(house.vault.batches().unwrap().is_empty());
}

#[test]
fn a_dry_run_tells_and_changes_nothing() {
    let mut house = new_vault();
    let files = [ImportFile { name: "march.ofx", bytes: STATEMENT.as_bytes() }];
    let options = ImportOptions { dry_run: true, ..ImportOptions::default() };
    let report = house.vault.import(&files, &options, now(), &mut |_| {}).unwrap();
    assert_eq!(report.files[0].accounts[0].added, 5);
    assert_eq!(report.files[0].batch, None);
    assert!(house.vault.accounts().unwrap().is_empty());
}

#[test]
fn a_statement_of_another_account_or_currency_is_refused() {
    let mut house = new_vault();
    import(&mut house.vault, STATEMENT);
    let other = STATEMENT.replace("DE00123456789", "DE00999999999");
    let account = house.vault.accounts().unwrap()[0].clone();
    let options = ImportOptions { account: Some(account.id), ..ImportOptions::default() };
    let files = [ImportFile { name: "other.ofx", bytes: other.as_bytes() }];
    let error = house.vault.import(&files, &options, now(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, VaultError::OtherAccount { .. }), "{error}");
    let dollars = NewAccount {
        name: "Dollars".to_owned(),
        kind: AccountKind::Checking,
        currency: Currency::iso("USD").unwrap(),
        institution: None,
        number: None,
        opening: None,
    };
    let dollars = house.vault.add_account(&dollars).unwrap();
    let options = ImportOptions { account: Some(dollars.id), ..ImportOptions::default() };
    let files = [ImportFile { name: "march.ofx", bytes: STATEMENT.as_bytes() }];
    let error = house.vault.import(&files, &options, now(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, VaultError::OtherCurrency { .. }), "{error}");
    let error = house.vault.add_transaction(dollars.id, &row(date(2026, 1, 1), -1, "x")).unwrap_err();
    assert!(matches!(error, VaultError::OtherCurrency { .. }), "{error}");
}

#[test]
fn names_that_could_mean_two_accounts_are_refused_with_candidates() {
    let mut house = new_vault();
    for name in ["Checking one", "Checking two", "Savings"] {
        let account = NewAccount {
            name: name.to_owned(),
            kind: AccountKind::Checking,
            currency: Currency::iso("EUR").unwrap(),
            institution: None,
            number: None,
            opening: None,
        };
        house.vault.add_account(&account).unwrap();
    }
    assert_eq!(house.vault.account("sav").unwrap().name, "Savings");
    assert_eq!(house.vault.account("CHECKING ONE").unwrap().name, "Checking one");
    assert!(matches!(
        house.vault.account("check"),
        Err(VaultError::AmbiguousAccount { candidates, .. }) if candidates.len() == 2
    ));
    assert!(matches!(house.vault.account("x"), Err(VaultError::NoSuchAccount { .. })));
}

/// A key pair made for this test alone.
fn identity() -> (String, String) {
    let identity = age::x25519::Identity::generate();
    use age::secrecy::ExposeSecret;
    (identity.to_string().expose_secret().to_owned(), identity.to_public().to_string())
}

#[test]
fn one_fact_reaches_one_recipient_and_the_log_says_so() {
    let mut house = new_vault();
    import(&mut house.vault, STATEMENT);
    let account = house.vault.accounts().unwrap()[0].clone();
    let (secret, public) = identity();
    let recipient = house.vault.add_recipient("Landlord", Some(&public), now()).unwrap();
    let request = DisclosureRequest {
        recipient: recipient.id,
        facts: vec![
            FactRequest::Balance {
                account: account.id,
                as_of: date(2026, 3, 31),
                round_to: Some(eur(10_000)),
                label: LabelChoice::default(),
            },
            FactRequest::Transactions {
                account: account.id,
                from: date(2026, 3, 1),
                to: date(2026, 3, 31),
                filter: RowFilter { payee: Some("corner".to_owned()), ..RowFilter::default() },
                fields: vec![TransactionField::Date, TransactionField::Amount, TransactionField::Id],
                payees: PayeeForm::Shown,
                round_to: None,
                limit: None,
                label: LabelChoice::Nothing,
            },
        ],
        purpose: Purpose::from_text("Rental application").unwrap(),
        terms: Terms::default(),
        lifetime: Lifetime::default(),
        accept_risk: None,
        form: None,
    };
    let preview = house.vault.preview(&request, now()).unwrap();
    assert_eq!(preview.sentences.len(), 2);
    assert!(preview.sentences[0].contains("1400.00 EUR"), "{:?}", preview.sentences);

    // Delivery that fails cancels all.
    let failed = house.vault.disclose(&request, now(), &mut |_| Err(std::io::ErrorKind::StorageFull.into()));
    assert!(matches!(failed, Err(VaultError::Deliver(_))));
    assert!(house.vault.disclosures().unwrap().is_empty());

    let mut sealed = Vec::new();
    let issued = house
        .vault
        .disclose(&request, now(), &mut |bytes| {
            sealed.extend_from_slice(bytes);
            Ok(())
        })
        .unwrap();
    assert_eq!(issued.issuer, recipient.issuer);
    assert!(issued.passcode.is_none());

    let identities = Identities::parse(secret.as_bytes(), None).unwrap();
    let opened = disclosure::open(&sealed, OpenWith::Identities(&identities)).unwrap();
    let audiences = identities.audiences();
    let expectation = Expectation { now: now(), audience: ExpectedAudience::OneOf(&audiences) };
    let verified = disclosure::verify(&opened.token, &expectation).unwrap();
    assert_eq!(verified.issuer.to_string(), recipient.issuer);
    assert_eq!(verified.facts, preview.facts_as_sealed(&verified.facts));
    let Fact::Balance(balance) = &verified.facts[0] else { panic!("no balance") };
    assert_eq!(balance.amount, eur(140_000));
    let Fact::Transactions(transactions) = &verified.facts[1] else { panic!("no transactions") };
    assert_eq!(transactions.rows.len(), 2);
    assert!(transactions.rows.iter().all(|row| row.information.is_none() && row.id.is_some()));
    assert_ne!(transactions.rows[0].id, transactions.rows[1].id);
    for hidden in ["DE00123456789", "Corner Cafe", "CORNER CAFE", "Landlord", "Salary"] {
        let text = decoded_parts(&opened.token);
        assert!(!text.contains(hidden), "{hidden} left the vault");
    }

    let log: Vec<String> = house.vault.log().unwrap().into_iter().map(|entry| entry.kind).collect();
    assert_eq!(log, ["vault-created", "recipient-added", "disclosed"]);
    assert_eq!(house.vault.verify_log().unwrap().entries, 3);
    let listed = house.vault.disclosures().unwrap();
    assert_eq!(listed[0].sentences, preview.sentences);
    assert_eq!(listed[0].sha256, issued.sha256);
}

/// Compares all but the row ids, which a preview does not have.
trait AsSealed {
    fn facts_as_sealed(&self, sealed: &[Fact]) -> Vec<Fact>;
}

impl AsSealed for finvault::vault::Preview {
    fn facts_as_sealed(&self, sealed: &[Fact]) -> Vec<Fact> {
        let mut facts = self.facts.clone();
        for (fact, sealed) in facts.iter_mut().zip(sealed) {
            if let (Fact::Transactions(fact), Fact::Transactions(sealed)) = (fact, sealed) {
                for (row, sealed) in fact.rows.iter_mut().zip(&sealed.rows) {
                    row.id.clone_from(&sealed.id);
                }
            }
        }
        facts
    }
}

fn decoded_parts(token: &str) -> String {
    use base64::Engine;
    token
        .split(['.', '~'])
        .filter_map(|part| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

#[test]
fn nothing_is_stated_about_days_that_the_vault_does_not_know() {
    let mut house = new_vault();
    import(&mut house.vault, STATEMENT);
    let account = house.vault.accounts().unwrap()[0].clone();
    let recipient = house.vault.add_recipient("Lender", None, now()).unwrap();
    let request = |as_of| DisclosureRequest {
        recipient: recipient.id,
        facts: vec![FactRequest::Balance {
            account: account.id,
            as_of,
            round_to: None,
            label: LabelChoice::Number,
        }],
        purpose: Purpose::from_text("Loan").unwrap(),
        terms: Terms::default(),
        lifetime: Lifetime::default(),
        accept_risk: None,
        form: None,
    };
    assert!(matches!(house.vault.preview(&request(date(2025, 1, 1)), now()), Err(VaultError::NoData { .. })));
    assert!(matches!(house.vault.preview(&request(date(2027, 1, 1)), now()), Err(VaultError::Invalid(_))));
    let late: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
    let preview = house.vault.preview(&request(date(2026, 6, 1)), late).unwrap();
    assert!(
        preview.warnings.iter().any(|warning| warning.contains("after 2026-03-31")),
        "{:?}",
        preview.warnings
    );
}

#[test]
fn a_closed_vault_opens_with_its_passphrase_and_nothing_else() {
    let House { _folder, path, mut vault } = new_vault();
    import(&mut vault, STATEMENT);
    vault.close().unwrap();
    let wrong = Passphrase::new("wrong".to_owned());
    let error = Vault::open(&path, &Secret::Passphrase(&wrong), &OpenOptions::default()).err().unwrap();
    assert_eq!(error.class(), ErrorClass::WrongSecret);
    let vault = Vault::open(&path, &Secret::Passphrase(&passphrase()), &OpenOptions::default()).unwrap();
    assert_eq!(balance(&vault, date(2026, 3, 31)), 141_250);
    let report = vault.check(&mut |_| {}).unwrap();
    assert_eq!(report.problems, []);
    assert_eq!((report.accounts, report.transactions), (1, 5));
    assert_eq!(report.differences, []);
}
