//! Documents that leave whole or by digest, full numbers, the owner's profile, and the owner's own copies.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "age")]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::disclosure::request::InformationRequest;
use finvault::disclosure::{
    self, Enclosed, Expectation, ExpectedAudience, Fact, Grade, Grouping, Identities, NumberScheme, OpenWith,
    PayeeForm, Period, Purpose, Verified,
};
use finvault::ledger::{
    AccountId, AccountKind, Attachment, AttachmentTarget, BatchId, NewAccount, NewTransaction, Opening,
    ProfileField, TransactionId, TransactionStatus,
};
use finvault::money::{Currency, Money};
use finvault::vault::{
    AccountField, DisclosureRequest, DocumentName, DocumentSource, ErrorClass, FactRequest, Given,
    ImportFile, ImportOptions, LabelChoice, MAX_ENCLOSED_BYTES, RowFilter, Vault, VaultError,
};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};

const SSH: &str = include_str!("fixtures/disclosure/ssh-plain");
const SSH_PUBLIC: &str = include_str!("fixtures/disclosure/ssh-plain.pub");
const STATEMENT: &str = include_str!("fixtures/vault/checking-march.ofx");
const NUMBER: &str = "DE89 3704 0044 0532 0130 00";
const PDF: &[u8] = b"%PDF-1.7\nreceipt of order 4711, shipping 4.90 EUR\n";

fn now() -> Timestamp {
    "2026-04-02T09:00:00Z".parse().unwrap()
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

struct House {
    _folder: tempfile::TempDir,
    vault: Vault,
    account: AccountId,
    recipient: i64,
}

/// An account of six rows, each 10.00 more than the one before, entered by hand.
fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    let (mut vault, _) = Vault::create(&folder.path().join("v"), &passphrase, kdf, now()).unwrap();
    let account = NewAccount {
        name: "Everyday".to_owned(),
        kind: AccountKind::Checking,
        currency: Currency::iso("EUR").unwrap(),
        institution: Some("Example Bank".to_owned()),
        number: Some(NUMBER.to_owned()),
        opening: Some(Opening { date: date(2026, 1, 1), amount: eur(100_000), derived: false }),
    };
    let account = vault.add_account(&account).unwrap().id;
    for day in 1..=6 {
        let row = NewTransaction {
            posted: date(2026, 3, day),
            amount: eur(-1_000 * i64::from(day)),
            payee: format!("Shop {day}"),
            payee_raw: format!("SHOP {day}"),
            memo: None,
            reference: None,
            category: None,
            status: TransactionStatus::Posted,
            bank_id: None,
        };
        vault.add_transaction(account, &row).unwrap();
    }
    let recipient = vault.add_recipient("Support desk", Some(SSH_PUBLIC), now()).unwrap().id;
    House { _folder: folder, vault, account, recipient }
}

/// What a recipient has after opening: the facts, the documents, and every byte they can decode.
struct Reached {
    verified: Verified,
    enclosed: Enclosed,
    text: String,
}

fn reach(sealed: &[u8], at: Timestamp) -> Reached {
    use base64::Engine;
    let identities = Identities::parse(SSH.as_bytes(), None).unwrap();
    let opened = disclosure::open(sealed, OpenWith::Identities(&identities)).unwrap();
    let audiences = identities.audiences();
    let expectation = Expectation { now: at, audience: ExpectedAudience::OneOf(&audiences) };
    let verified = disclosure::verify(&opened.token, &expectation).unwrap();
    let enclosed = disclosure::check_enclosures(&verified, &opened.enclosures).unwrap();
    let text = opened
        .token
        .split(['.', '~'])
        .filter_map(|part| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect();
    Reached { verified, enclosed, text }
}

impl House {
    fn attach(&mut self, target: AttachmentTarget, name: &str, mut bytes: &[u8]) -> Attachment {
        self.vault.attach(&mut bytes, name, None, target, now()).unwrap().attachment
    }

    fn receipt(&mut self, row: i64) -> Attachment {
        let target = AttachmentTarget::Transaction(TransactionId(row));
        self.attach(target, "Quittung für Familie.pdf", PDF)
    }

    fn request(&self, facts: Vec<FactRequest>) -> DisclosureRequest {
        DisclosureRequest::new(self.recipient, facts, Purpose::from_text("Case 12").unwrap())
    }

    fn disclose(&mut self, facts: Vec<FactRequest>) -> Result<(i64, Vec<u8>), VaultError> {
        let request = self.request(facts);
        let mut sealed = Vec::new();
        let issued = self.vault.disclose(&request, now(), &mut |bytes| {
            sealed.extend_from_slice(bytes);
            Ok(())
        })?;
        Ok((issued.id, sealed))
    }

    fn warnings(&self, facts: Vec<FactRequest>) -> String {
        self.vault.preview(&self.request(facts), now()).unwrap().warnings.join("\n")
    }

    fn total(&self, from: Date, to: Date) -> FactRequest {
        FactRequest::Totals {
            account: self.account,
            from,
            to,
            filter: RowFilter::default(),
            period: Period::Window,
            grouping: Grouping::Flow,
            payees: PayeeForm::Pseudonym,
            whole: false,
            round_to: None,
            label: LabelChoice::Nothing,
        }
    }

    fn import(&mut self) -> BatchId {
        let files = [ImportFile { name: "folder/march.ofx", bytes: STATEMENT.as_bytes() }];
        let report = self.vault.import(&files, &ImportOptions::default(), now(), &mut |_| {}).unwrap();
        report.files[0].batch.unwrap()
    }
}

fn by_digest(attachment: &Attachment) -> FactRequest {
    FactRequest::Document { source: attachment.into(), name: DocumentName::Withheld, enclose: false }
}

fn statement(import: BatchId, enclose: bool) -> FactRequest {
    FactRequest::Document { source: DocumentSource::Import(import), name: DocumentName::Neutral, enclose }
}

fn document(fact: &Fact) -> &disclosure::DocumentFact {
    let Fact::Document(fact) = fact else { panic!("{}", fact.kind()) };
    fact
}

#[test]
fn a_receipt_arrives_whole_under_a_name_that_tells_nothing() {
    let mut house = house();
    let receipt = house.receipt(3);
    let asked = FactRequest::enclosed(&receipt);
    let preview = house.vault.preview(&house.request(vec![asked.clone()]), now()).unwrap();
    assert_eq!((preview.enclosed.len(), preview.enclosed[0].bytes), (1, PDF.len() as u64));
    let warnings = preview.warnings.join("\n");
    let says = format!("the document \"receipt.pdf\" ({} bytes) leaves whole: everything in it", PDF.len());
    assert!(warnings.contains(&says), "{warnings}");
    assert!(preview.stays.iter().any(|line| line.contains("but for what stands in the document")));

    let (id, sealed) = house.disclose(vec![asked]).unwrap();
    let got = reach(&sealed, now());
    assert_eq!(got.enclosed.documents.len(), 1);
    assert_eq!(got.enclosed.documents[0].bytes, PDF);
    let fact = document(&got.verified.facts[0]);
    assert_eq!(
        (fact.file_name.as_deref(), fact.media_type.as_str()),
        (Some("receipt.pdf"), "application/pdf")
    );
    assert_eq!(fact.sha256.to_string(), receipt.sha256);
    assert_eq!(fact.evidence.grade(), Grade::SelfAsserted);
    for hidden in ["Quittung", "Familie", "Shop 3", "30.00", "Everyday"] {
        assert!(!got.text.contains(hidden), "{hidden}: {}", got.text);
    }
    // The log names it by its digest and length; the vault's own list verifies.
    let log = house.vault.log().unwrap();
    let body: serde_json::Value = serde_json::from_str(&log.last().unwrap().body).unwrap();
    assert_eq!(body["enclosed"][0]["sha256"], receipt.sha256.as_str());
    assert_eq!(body["enclosed"][0]["bytes"], PDF.len());
    assert!(house.vault.disclosure(id).is_ok());
}

#[test]
fn names_leave_only_as_they_were_chosen() {
    let mut house = house();
    let receipt = house.receipt(3);
    let named = |name| FactRequest::Document { source: (&receipt).into(), name, enclose: true };
    let name = |fact: FactRequest| -> Result<Option<String>, VaultError> {
        let facts = house.vault.preview(&house.request(vec![fact]), now())?.facts;
        Ok(document(&facts[0]).file_name.clone())
    };
    assert_eq!(name(named(DocumentName::Withheld)).unwrap(), None);
    assert_eq!(name(named(DocumentName::Own)).unwrap().unwrap(), "Quittung für Familie.pdf");
    assert_eq!(name(named(DocumentName::Given("invoice 12.pdf".into()))).unwrap().unwrap(), "invoice 12.pdf");
    for bad in ["", "..", "a/b", "a\\b", &"x".repeat(256)] {
        let error = name(named(DocumentName::Given(bad.to_owned()))).unwrap_err();
        assert_eq!(error.class(), ErrorClass::Input, "{bad}");
    }
    let contract = house.attach(AttachmentTarget::Account(house.account), "contract.pdf", b"%PDF-2 contract");
    let facts =
        house.vault.preview(&house.request(vec![FactRequest::enclosed(&contract)]), now()).unwrap().facts;
    assert_eq!(document(&facts[0]).file_name.as_deref(), Some("document.pdf"));
}

#[test]
fn by_its_digest_alone_no_byte_of_it_leaves() {
    let mut house = house();
    let receipt = house.receipt(3);
    let (_, sealed) = house.disclose(vec![by_digest(&receipt)]).unwrap();
    let got = reach(&sealed, now());
    assert!(got.enclosed.documents.is_empty());
    assert_eq!(document(&got.verified.facts[0]).sha256.to_string(), receipt.sha256);
    assert!(house.warnings(vec![by_digest(&receipt)]).is_empty());
}

#[test]
fn the_guard_counts_the_row_of_a_receipt_as_shown() {
    let (from, to) = (date(2026, 3, 1), date(2026, 3, 3));
    // Three rows of which one was shown: the sum of the other two would become known.
    let mut seen = house();
    let receipt = seen.receipt(3);
    seen.disclose(vec![FactRequest::enclosed(&receipt)]).unwrap();
    let total = seen.total(from, to);
    let refused = seen.disclose(vec![total]).unwrap_err();
    let VaultError::Refused(refusal) = refused else { panic!("{refused}") };
    let rows: Vec<i64> = refusal.leaks.iter().flat_map(|leak| leak.rows.iter().map(|row| row.id.0)).collect();
    assert_eq!(rows, [1, 2]);
    let exposure = seen.vault.exposure(Some(seen.recipient)).unwrap();
    assert_eq!((exposure.known[0].what, exposure.known[0].transactions), ("shown", 1));

    // A digest tells of no amount, and neither does a document of the account.
    let mut unseen = house();
    let receipt = unseen.receipt(3);
    unseen.disclose(vec![by_digest(&receipt)]).unwrap();
    let contract = unseen.attach(AttachmentTarget::Account(unseen.account), "contract.pdf", b"%PDF-2 other");
    unseen.disclose(vec![FactRequest::enclosed(&contract)]).unwrap();
    let total = unseen.total(from, to);
    unseen.disclose(vec![total]).unwrap();

    // The same bytes at a second transaction show that one too, whichever attachment was named.
    let mut twice = house();
    let first = twice.receipt(1);
    twice.receipt(2);
    twice.disclose(vec![FactRequest::enclosed(&first)]).unwrap();
    assert_eq!(twice.vault.exposure(Some(twice.recipient)).unwrap().known[0].transactions, 2);
}

#[test]
fn a_statement_leaves_whole_only_where_it_was_kept_and_shows_all_its_rows() {
    let mut house = house();
    let import = house.import();
    let error = house.disclose(vec![statement(import, true)]).unwrap_err();
    assert!(matches!(error, VaultError::StatementNotKept(id) if id == import));
    assert!(error.remedy().unwrap().contains("--import 1"));
    // What was always possible: the digest of a statement that was not kept.
    let (_, sealed) = house.disclose(vec![statement(import, false)]).unwrap();
    assert!(reach(&sealed, now()).enclosed.documents.is_empty());
    assert!(house.vault.exposure(Some(house.recipient)).unwrap().known.is_empty());

    house.attach(AttachmentTarget::Import(import), "march.ofx", STATEMENT.as_bytes());
    let warnings = house.warnings(vec![statement(import, true)]);
    assert!(warnings.contains("EVERY ROW"), "{warnings}");
    let (_, sealed) = house.disclose(vec![statement(import, true)]).unwrap();
    let got = reach(&sealed, now());
    assert_eq!(got.enclosed.documents[0].bytes, STATEMENT.as_bytes());
    let fact = document(&got.verified.facts[0]);
    assert_eq!(
        (fact.file_name.as_deref(), fact.media_type.as_str(), fact.evidence.grade()),
        (Some("statement.ofx"), "application/x-ofx", Grade::DerivedFromImportedStatement)
    );
    let known = house.vault.exposure(Some(house.recipient)).unwrap().known;
    assert!(known.iter().any(|group| group.what == "shown" && group.transactions == 5), "{known:?}");
    assert!(known.iter().any(|group| group.what == "balance"), "the closing balance is in it: {known:?}");
}

#[test]
fn rows_that_another_import_had_brought_are_shown_by_a_statement_too() {
    let mut house = house();
    house.import();
    // The same statement with one row more: four of the rows are known already.
    let longer = STATEMENT.replace(
        "</BANKTRANLIST>",
        "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260325<TRNAMT>-7.00<FITID>A6<NAME>Kiosk</STMTTRN>\n</BANKTRANLIST>",
    );
    let files = [ImportFile { name: "longer.ofx", bytes: longer.as_bytes() }];
    let report = house.vault.import(&files, &ImportOptions::default(), now(), &mut |_| {}).unwrap();
    let import = report.files[0].batch.unwrap();
    assert_eq!((report.files[0].accounts[0].added, report.files[0].accounts[0].duplicate), (1, 5));
    // Attached to the account, it is the import's own file all the same.
    let kept = house.attach(AttachmentTarget::Account(house.account), "x", longer.as_bytes());
    assert!(house.warnings(vec![FactRequest::enclosed(&kept)]).contains(&format!("import {}", import.0)));
    house.disclose(vec![FactRequest::enclosed(&kept)]).unwrap();
    let known = house.vault.exposure(Some(house.recipient)).unwrap().known;
    assert!(known.iter().any(|group| group.what == "shown" && group.transactions == 6), "{known:?}");
}

#[test]
fn too_much_is_refused_before_anything_is_signed() {
    let mut house = house();
    let large = vec![0_u8; usize::try_from(MAX_ENCLOSED_BYTES).unwrap() - 8];
    let large = house.attach(AttachmentTarget::Account(house.account), "large.bin", &large);
    let receipt = house.receipt(1);
    let both = vec![FactRequest::enclosed(&large), FactRequest::enclosed(&receipt)];
    let entries = house.vault.log().unwrap().len();
    let error = house.vault.preview(&house.request(both.clone()), now()).unwrap_err();
    assert!(matches!(error, VaultError::DocumentsTooLarge { files: 2, .. }), "{error}");
    assert!(error.to_string().contains(&format!("at most {} MiB", MAX_ENCLOSED_BYTES >> 20)), "{error}");
    assert!(matches!(house.disclose(both), Err(VaultError::DocumentsTooLarge { .. })));
    assert_eq!(house.vault.log().unwrap().len(), entries, "nothing was signed and nothing logged");
    let (_, sealed) = house.disclose(vec![FactRequest::enclosed(&large)]).unwrap();
    assert_eq!(reach(&sealed, now()).enclosed.documents[0].bytes.len() as u64, MAX_ENCLOSED_BYTES - 8);
    let empty = house.attach(AttachmentTarget::Account(house.account), "empty.txt", b"");
    assert!(house.disclose(vec![FactRequest::enclosed(&empty)]).unwrap_err().to_string().contains("empty"));
    house.disclose(vec![by_digest(&empty)]).unwrap();
    let twice = vec![FactRequest::enclosed(&receipt), by_digest(&receipt)];
    assert!(house.disclose(twice).unwrap_err().to_string().contains("twice"));
}

#[test]
fn the_receipt_of_a_transaction_is_found_or_the_candidates_are_named() {
    let mut house = house();
    assert!(matches!(house.vault.receipt_of(TransactionId(1)), Err(VaultError::NoReceipt(_))));
    assert!(matches!(house.vault.receipt_of(TransactionId(99)), Err(VaultError::NoSuchTransaction(_))));
    let receipt = house.receipt(1);
    assert_eq!(house.vault.receipt_of(TransactionId(1)).unwrap(), receipt);
    house.attach(AttachmentTarget::Transaction(TransactionId(1)), "invoice.txt", b"invoice");
    let error = house.vault.receipt_of(TransactionId(1)).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Input);
    assert!(error.remedy().unwrap().contains("1 (Quittung für Familie.pdf), 2 (invoice.txt)"));
}

#[test]
fn a_standing_disclosure_takes_the_document_again_or_says_that_it_is_gone() {
    let mut house = house();
    let receipt = house.receipt(3);
    let request = house.request(vec![FactRequest::enclosed(&receipt)]);
    let until = date(2026, 6, 30);
    let id = house.vault.disclose_standing(&request, until, now(), &mut |_| Ok(())).unwrap().id;
    let later = now() + SignedDuration::from_hours(48);
    let renew = |house: &mut House| -> Result<Vec<u8>, VaultError> {
        let mut sealed = Vec::new();
        house.vault.renew(id, later, &mut |bytes| {
            sealed.extend_from_slice(bytes);
            Ok(())
        })?;
        Ok(sealed)
    };
    assert_eq!(reach(&renew(&mut house).unwrap(), later).enclosed.documents[0].bytes, PDF);
    house.vault.remove_attachment(receipt.id).unwrap();
    // The number is given to another file now; that one must not leave in its place.
    let other = house.attach(AttachmentTarget::Account(house.account), "other.txt", b"something private");
    assert_eq!(other.id, receipt.id);
    let error = renew(&mut house).unwrap_err();
    assert!(matches!(&error, VaultError::DocumentGone { sha256 } if *sha256 == receipt.sha256), "{error}");
    house.receipt(4);
    assert_eq!(reach(&renew(&mut house).unwrap(), later).enclosed.documents[0].bytes, PDF);
}

fn account_fact(house: &House, fields: &[AccountField], profile: &[ProfileField]) -> FactRequest {
    FactRequest::Account {
        account: house.account,
        fields: fields.to_vec(),
        holder: None,
        profile: profile.to_vec(),
    }
}

#[test]
fn the_full_number_leaves_only_by_its_own_name() {
    let mut house = house();
    let all_but: Vec<AccountField> =
        AccountField::ALL.into_iter().filter(|field| *field != AccountField::FullNumber).collect();
    let electronic = NUMBER.replace(' ', "");
    let without = vec![
        account_fact(&house, &all_but, &[]),
        FactRequest::balance(house.account, date(2026, 3, 31)).called(LabelChoice::Both),
    ];
    let preview = house.vault.preview(&house.request(without.clone()), now()).unwrap();
    assert!(preview.stays.contains(&"the full account number".to_owned()));
    let (_, sealed) = house.disclose(without).unwrap();
    let text = reach(&sealed, now()).text;
    assert!(text.contains("••••3000"));
    for hidden in [electronic.as_str(), NUMBER, "0532013000"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    let with = vec![account_fact(&house, &[AccountField::FullNumber], &[])];
    let preview = house.vault.preview(&house.request(with.clone()), now()).unwrap();
    assert!(preview.warnings[0].contains("THE WHOLE ACCOUNT NUMBER"), "{:?}", preview.warnings);
    assert!(!preview.stays.contains(&"the full account number".to_owned()));
    assert!(preview.sentences[0].contains("WHOLE NUMBER"), "{:?}", preview.sentences);
    let (_, sealed) = house.disclose(with).unwrap();
    let got = reach(&sealed, now());
    let Fact::Account(fact) = &got.verified.facts[0] else { panic!() };
    let number = fact.number.as_ref().unwrap();
    assert_eq!((number.as_str(), number.scheme()), (electronic.as_str(), Some(NumberScheme::Iban)));
    assert!(got.text.contains("\"Scheme\":\"IBAN\""));
    // The log, which is shown more often than a vault's accounts, has its end alone.
    assert!(house.vault.log().unwrap().iter().all(|entry| !entry.body.contains("0532013000")));
}

fn asking(fields: &str) -> InformationRequest {
    let text = format!(
        r#"{{"finvault_request": 1, "purpose": {{"code": "loan", "text": "Loan 12"}}, "facts": [{{"id": "account", "kind": "account", "fields": [{fields}]}}]}}"#
    );
    InformationRequest::parse(text.as_bytes()).unwrap()
}

#[test]
fn a_request_gets_the_full_number_only_where_it_names_it() {
    let mut house = house();
    let given =
        Given { account: house.account, holder: None, import: None, receipt: None, today: date(2026, 4, 2) };
    for (fields, told) in [("\"number\"", false), ("\"full-number\"", true)] {
        let answer = house.vault.answer(house.recipient, &asking(fields), &given, now()).unwrap();
        let (_, sealed) = house.disclose(answer.facts).unwrap();
        assert_eq!(reach(&sealed, now()).text.contains("0532013000"), told, "{fields}");
    }
}

#[test]
fn fields_of_the_profile_leave_one_by_one() {
    let mut house = house();
    for field in ProfileField::ALL {
        house.vault.set_profile(&[(field, format!("my own {field}"))]).unwrap();
    }
    let chosen = [ProfileField::Name, ProfileField::Email];
    let (_, sealed) = house.disclose(vec![account_fact(&house, &[], &chosen)]).unwrap();
    let got = reach(&sealed, now());
    let Fact::Account(fact) = &got.verified.facts[0] else { panic!() };
    assert_eq!(fact.holder.as_deref(), Some("my own name"));
    let details: Vec<_> = fact.holder_details.stated().collect();
    assert_eq!(details, [("email", "my own email")]);
    for hidden in ["business", "phone", "address", "tax-id"] {
        assert!(!got.text.contains(&format!("my own {hidden}")), "{hidden}");
    }
    let sentences = house.vault.preview(
        &house.request(vec![account_fact(&house, &[], &[ProfileField::TaxId, ProfileField::Phone])]),
        now(),
    );
    let sentence = &sentences.unwrap().sentences[0];
    assert!(sentence.contains("(phone: \"my own phone\") (tax-id: \"my own tax-id\")"), "{sentence}");

    house.vault.clear_profile(&[ProfileField::Email, ProfileField::Phone]).unwrap();
    let error = house.disclose(vec![account_fact(&house, &[], &ProfileField::ALL)]).unwrap_err();
    assert!(
        matches!(&error, VaultError::NotInProfile(missing) if *missing == [ProfileField::Email, ProfileField::Phone])
    );
    assert!(error.remedy().unwrap().contains("--email TEXT --phone TEXT"));
    for bad in ["", " ", "two\nlines", "\u{202e}", &"x".repeat(201)] {
        assert!(house.vault.set_profile(&[(ProfileField::Phone, bad.to_owned())]).is_err(), "{bad:?}");
    }
    assert_eq!(house.vault.profile().unwrap().get(ProfileField::Phone), None);
}

#[test]
fn a_request_for_the_holder_takes_the_profile_or_says_what_is_missing() {
    let mut house = house();
    let mut given =
        Given { account: house.account, holder: None, import: None, receipt: None, today: date(2026, 4, 2) };
    let asked = asking("\"holder\", \"tax-id\"");
    let answer = |house: &House, given: &Given| house.vault.answer(house.recipient, &asked, given, now());
    let why = answer(&house, &given).unwrap_err().remedy().unwrap();
    assert!(why.contains("your profile does not have: name, tax-id"), "{why}");
    house
        .vault
        .set_profile(&[
            (ProfileField::Name, "Example Holder".to_owned()),
            (ProfileField::TaxId, "12/345".to_owned()),
        ])
        .unwrap();
    let facts = answer(&house, &given).unwrap().facts;
    let (_, sealed) = house.disclose(facts).unwrap();
    let text = reach(&sealed, now()).text;
    assert!(
        text.contains("\"Holder\":\"Example Holder\"") && text.contains("\"TaxId\":\"12/345\""),
        "{text}"
    );
    // What is given in words comes before the profile.
    given.holder = Some("Example GmbH".to_owned());
    let facts = answer(&house, &given).unwrap().facts;
    let (_, sealed) = house.disclose(facts).unwrap();
    let text = reach(&sealed, now()).text;
    assert!(text.contains("Example GmbH") && !text.contains("Example Holder"), "{text}");
}

#[test]
fn of_a_receipt_and_its_digest_the_digest_tells_less() {
    let mut house = house();
    let receipt = house.receipt(2);
    let text = r#"{"finvault_request": 1, "purpose": {"code": "case", "text": "Case 12"}, "facts": [
        {"id": "whole", "kind": "document", "document": "receipt", "enclosed": true},
        {"id": "rows", "kind": "transactions", "window": {"from": "2026-03-02", "to": "2026-03-02"}, "fields": ["date", "amount"]},
        {"id": "digest", "kind": "document", "document": "receipt"}],
        "fact_sets": [{"options": [["whole"], ["rows"]]}, {"options": [["whole"], ["digest"]]}]}"#;
    let asked = InformationRequest::parse(text.as_bytes()).unwrap();
    let mut given =
        Given { account: house.account, holder: None, import: None, receipt: None, today: date(2026, 4, 2) };
    let error = house.vault.answer(house.recipient, &asked, &given, now()).unwrap_err();
    assert!(error.remedy().unwrap().contains("--receipt"), "{error:?}");
    given.receipt = Some(receipt);
    let answer = house.vault.answer(house.recipient, &asked, &given, now()).unwrap();
    assert_eq!(answer.ids, ["rows", "digest"]);
}

#[test]
fn looking_into_ones_own_copy_is_an_entry_with_its_id_alone() {
    let mut house = house();
    let balance = FactRequest::balance(house.account, date(2026, 3, 31));
    let (id, _) = house.disclose(vec![balance]).unwrap();
    let before = house.vault.log().unwrap().len();
    let record = house.vault.disclosure(id).unwrap();
    assert_eq!(house.vault.log().unwrap().len(), before, "what the program reads itself is no entry");
    let opened = house.vault.open_own_copy(id, now()).unwrap();
    assert_eq!(opened.facts, record.facts);
    let last = house.vault.log().unwrap().pop().unwrap();
    assert_eq!(last.kind, "own-copy-opened");
    assert_eq!(last.body, format!("{{\"jti\":\"{}\"}}", record.jti));
    house.vault.verify_log().unwrap();
    assert!(house.vault.open_own_copy(99, now()).is_err());
    assert_eq!(house.vault.log().unwrap().len(), before + 1);
}

#[test]
fn a_transaction_is_entered_with_its_tags_or_not_at_all() {
    let mut house = house();
    let row = house.vault.transaction(TransactionId(1)).unwrap().detail;
    let tags = ["trip".to_owned(), "#Tax".to_owned()];
    let added = house.vault.add_tagged_transaction(house.account, &row, &tags).unwrap();
    let annotations = house.vault.annotations(&[added.id]).unwrap();
    assert_eq!(annotations[&added.id].tags, ["Tax", "trip"]);
    let rows = |vault: &Vault| vault.transactions(&Default::default()).unwrap().len();
    let before = rows(&house.vault);
    let bad = ["fine".to_owned(), "two words".to_owned()];
    assert!(matches!(house.vault.add_tagged_transaction(house.account, &row, &bad), Err(VaultError::Tag(_))));
    assert_eq!(rows(&house.vault), before);
}
