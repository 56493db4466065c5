//! What the owner adds to transactions: categories, tags, splits, attachments, and that imports respect them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::ledger::{
    AccountId, AccountKind, AttachmentTarget, NewAccount, NewTransaction, SplitError, TransactionId,
    TransactionStatus,
};
use finvault::money::{Currency, Money};
use finvault::vault::{
    ErrorClass, ImportFile, ImportOptions, NewPart, OpenOptions, Secret, TransactionEdit, TransactionQuery,
    Vault, VaultError,
};
use jiff::Timestamp;
use jiff::civil::date;
use std::path::PathBuf;

const STATEMENT: &str = include_str!("fixtures/vault/checking-march.ofx");

struct House {
    _folder: tempfile::TempDir,
    path: PathBuf,
    vault: Vault,
    account: AccountId,
}

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple".to_owned())
}

fn now() -> Timestamp {
    "2026-04-02T09:00:00Z".parse().unwrap()
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

/// A vault with one account and three purchases of 12.30 EUR, in March.
fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.finvault");
    let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
    let (mut vault, _) = Vault::create(&path, &passphrase(), kdf, now()).unwrap();
    let account = NewAccount {
        name: "Wallet".to_owned(),
        kind: AccountKind::Cash,
        currency: Currency::iso("EUR").unwrap(),
        institution: None,
        number: None,
        opening: None,
    };
    let account = vault.add_account(&account).unwrap().id;
    for day in 1..=3 {
        vault.add_transaction(account, &purchase(day, None)).unwrap();
    }
    House { _folder: folder, path, vault, account }
}

fn purchase(day: i8, category: Option<&str>) -> NewTransaction {
    NewTransaction {
        posted: date(2026, 3, day),
        amount: eur(-1_230),
        payee: "Shop".to_owned(),
        payee_raw: "Shop".to_owned(),
        memo: None,
        reference: None,
        category: category.map(str::to_owned),
        status: TransactionStatus::Posted,
        bank_id: None,
    }
}

fn categorise(vault: &mut Vault, id: i64, category: &str) -> Result<Option<String>, VaultError> {
    let edit = TransactionEdit { category: Some(category.to_owned()), ..TransactionEdit::default() };
    Ok(vault.edit_transaction(TransactionId(id), &edit)?.detail.category)
}

fn part(category: &str, minor: i64) -> NewPart {
    NewPart { category: category.to_owned(), amount: eur(minor), memo: None }
}

fn listed(vault: &Vault, category: &str) -> Vec<i64> {
    let query = TransactionQuery { category: Some(category.to_owned()), ..TransactionQuery::default() };
    vault.transactions(&query).unwrap().iter().map(|row| row.id.0).collect()
}

fn category_of(vault: &Vault, id: i64) -> Option<String> {
    vault.transaction(TransactionId(id)).unwrap().detail.category
}

fn names(vault: &Vault) -> Vec<String> {
    vault.categories().unwrap().into_iter().map(|used| used.path.to_string()).collect()
}

#[test]
fn a_category_is_found_by_its_name_or_added() {
    let House { mut vault, account, .. } = house();
    let before = names(&vault).len();
    assert!(before > 20, "a new vault begins with a tree");
    let added = vault.add_transaction(account, &purchase(4, Some("groceries"))).unwrap();
    assert_eq!(added.detail.category.as_deref(), Some("Food:Groceries"));
    assert_eq!(categorise(&mut vault, 1, " FOOD : eating OUT").unwrap().as_deref(), Some("Food:Eating out"));
    assert_eq!(names(&vault).len(), before, "nothing was added");

    assert!(!vault.resolve_category("Coffee").unwrap().known);
    assert_eq!(categorise(&mut vault, 2, "Coffee").unwrap().as_deref(), Some("Coffee"));
    assert_eq!(categorise(&mut vault, 3, "food:Cheese:Hard").unwrap().as_deref(), Some("Food:Cheese:Hard"));
    assert_eq!(names(&vault).len(), before + 3, "the one, and the other with its parent");
    assert_eq!(listed(&vault, "food"), [1, 3, 4], "with those below it");
    assert_eq!(listed(&vault, "Food:Groceries"), [4]);
    assert_eq!(listed(&vault, "Nothing of the kind"), [] as [i64; 0]);

    vault.add_category("Work:Travel").unwrap();
    let ambiguous = categorise(&mut vault, 1, "travel").unwrap_err();
    assert!(matches!(&ambiguous, VaultError::AmbiguousCategory { candidates, .. } if candidates.len() == 2));
    assert!(ambiguous.remedy().unwrap().contains("Leisure:Travel"));
    for wrong in ["a::b", ":", "a=b", "a\u{1b}"] {
        assert!(matches!(categorise(&mut vault, 1, wrong), Err(VaultError::Category(_))), "{wrong:?}");
    }
    assert_eq!(categorise(&mut vault, 1, "").unwrap(), None, "nothing takes it away");
    assert_eq!(vault.category("groc").unwrap().as_str(), "Food:Groceries");
    assert!(matches!(vault.category("Cheddar"), Err(VaultError::NoSuchCategory { .. })));
}

#[test]
fn renaming_takes_all_along_or_nothing() {
    let House { mut vault, .. } = house();
    categorise(&mut vault, 1, "Food").unwrap();
    categorise(&mut vault, 2, "Food:Groceries").unwrap();
    vault.split_transaction(TransactionId(3), &[part("groceries", -1_000), part("Taxes", -230)]).unwrap();
    let before = names(&vault);

    for (from, to) in
        [("Food", "Income"), ("Food", "Food:Inner"), ("Nope", "X"), ("Food", "a::b"), ("groc", "X")]
    {
        let error = vault.rename_category(from, to).unwrap_err();
        assert_eq!(error.class(), ErrorClass::Input, "{from} to {to}: {error}");
    }
    let too_long = vault.rename_category("Food", &"x".repeat(199)).unwrap_err();
    assert!(matches!(too_long, VaultError::Category(_)), "{too_long}");
    assert_eq!(names(&vault), before, "a rename that fails midway leaves nothing");

    let change = vault.rename_category("food", "Daily life:Nutrition").unwrap();
    assert_eq!((change.from.len(), change.transactions), (3, 3));
    assert_eq!(category_of(&vault, 1).as_deref(), Some("Daily life:Nutrition"));
    assert_eq!(category_of(&vault, 2).as_deref(), Some("Daily life:Nutrition:Groceries"));
    let parts = vault.annotations(&[TransactionId(3)]).unwrap()[&TransactionId(3)].parts.clone();
    assert_eq!(parts[0].category.as_str(), "Daily life:Nutrition:Groceries");
    assert_eq!(listed(&vault, "Daily life"), [1, 2, 3]);
    assert!(!names(&vault).iter().any(|name| name.starts_with("Food")));

    vault.rename_category("nutrition", "daily life:NUTRITION").unwrap();
    assert_eq!(
        category_of(&vault, 2).as_deref(),
        Some("Daily life:NUTRITION:Groceries"),
        "letter case alone"
    );
    assert_eq!(vault.check(&mut |_| {}).unwrap().problems, []);
}

#[test]
fn removing_asks_where_the_transactions_go() {
    let House { mut vault, .. } = house();
    categorise(&mut vault, 1, "Food").unwrap();
    vault.split_transaction(TransactionId(3), &[part("groceries", -1_000), part("Taxes", -230)]).unwrap();
    let refused = vault.remove_category("Food", None).unwrap_err();
    assert!(matches!(refused, VaultError::CategoryInUse { transactions: 2, .. }), "{refused}");
    assert!(matches!(vault.remove_category("Food", Some("groceries")), Err(VaultError::Invalid(_))));
    assert!(matches!(vault.remove_category("Food", Some("Nope")), Err(VaultError::NoSuchCategory { .. })));
    let change = vault.remove_category("Food", Some("leisure")).unwrap();
    assert_eq!((change.from.len(), change.transactions), (3, 2));
    assert_eq!(listed(&vault, "Leisure"), [1, 3]);
    assert!(vault.remove_category("Insurance", None).unwrap().to.is_none());
    assert!(!names(&vault).iter().any(|name| name.starts_with("Food") || name == "Insurance"));
}

#[test]
fn tags_come_and_go_and_find_their_transactions() {
    let House { mut vault, .. } = house();
    let tag = |add: &[&str], remove: &[&str]| TransactionEdit {
        add_tags: add.iter().map(|tag| (*tag).to_owned()).collect(),
        remove_tags: remove.iter().map(|tag| (*tag).to_owned()).collect(),
        ..TransactionEdit::default()
    };
    vault.edit_transaction(TransactionId(1), &tag(&["#Tax2026", "trip"], &[])).unwrap();
    vault.edit_transaction(TransactionId(2), &tag(&["TAX2026", "tax2026"], &[])).unwrap();
    let all = [1, 2, 3].map(TransactionId);
    let added = vault.annotations(&all).unwrap();
    assert_eq!(added[&TransactionId(1)].tags, ["Tax2026", "trip"]);
    assert_eq!(added[&TransactionId(2)].tags, ["Tax2026"], "spelled as it was first");
    assert!(!added.contains_key(&TransactionId(3)));
    let tagged = |vault: &Vault, tags: &[&str]| -> Vec<i64> {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let query = TransactionQuery { tags, ..TransactionQuery::default() };
        vault.transactions(&query).unwrap().iter().map(|row| row.id.0).collect()
    };
    assert_eq!(tagged(&vault, &["tax2026"]), [1, 2]);
    assert_eq!(tagged(&vault, &["Tax2026", "trip"]), [1]);
    assert_eq!(tagged(&vault, &["tax"]), [] as [i64; 0]);

    let failed = vault.edit_transaction(TransactionId(1), &tag(&["new"], &["absent"])).unwrap_err();
    assert_eq!(failed.to_string(), "transaction 1 has no tag \"absent\"");
    assert!(vault.edit_transaction(TransactionId(1), &tag(&["two words"], &["trip"])).is_err());
    assert_eq!(vault.annotations(&all).unwrap()[&TransactionId(1)].tags.len(), 2, "nothing changed");
    vault.edit_transaction(TransactionId(1), &tag(&[], &["TRIP", "tax2026"])).unwrap();
    vault.delete_transaction(TransactionId(2)).unwrap();
    assert!(vault.annotations(&all).unwrap().is_empty());
}

#[test]
fn a_split_is_exact_and_guards_its_transaction() {
    let House { mut vault, .. } = house();
    let id = TransactionId(1);
    categorise(&mut vault, 1, "Food").unwrap();
    let off = vault.split_transaction(id, &[part("groceries", -1_000), part("Taxes", -229)]).unwrap_err();
    assert!(matches!(off, VaultError::Split(SplitError::Sum { .. })), "{off}");
    assert_eq!(off.to_string(), "the parts add up to -12.29 EUR, not to -12.30 EUR");
    assert!(vault.split_transaction(id, &[part("groceries", -1_230)]).is_err());
    assert!(vault.split_transaction(id, &[part("groceries", -1_230), part("Taxes", 0)]).is_err());
    let dollars = NewPart { amount: Money::new(-230, Currency::iso("USD").unwrap()), ..part("Taxes", 0) };
    let mixed = vault.split_transaction(id, &[part("groceries", -1_000), dollars]).unwrap_err();
    assert!(matches!(mixed, VaultError::OtherCurrency { .. }), "{mixed}");
    let bad = vault.split_transaction(id, &[part("Brand new", -1_000), part("a::b", -230)]);
    assert!(matches!(bad, Err(VaultError::Category(_))));
    assert!(!names(&vault).contains(&"Brand new".to_owned()), "nothing is left of it");
    assert_eq!(category_of(&vault, 1).as_deref(), Some("Food"));

    let memo = NewPart { memo: Some("flowers".to_owned()), ..part("Presents", -230) };
    let split = vault.split_transaction(id, &[part("groceries", -1_000), memo]).unwrap();
    assert_eq!(split.detail.category, None, "its category gives way");
    let parts = vault.annotations(&[id]).unwrap()[&id].parts.clone();
    let seen: Vec<_> =
        parts.iter().map(|p| (p.category.as_str(), p.amount.minor(), p.memo.as_deref())).collect();
    assert_eq!(seen, [("Food:Groceries", -1_000, None), ("Presents", -230, Some("flowers"))]);
    assert_eq!((listed(&vault, "Food"), listed(&vault, "Presents")), (vec![1], vec![1]));

    let amount = TransactionEdit { amount: Some(eur(-1)), ..TransactionEdit::default() };
    assert!(matches!(vault.edit_transaction(id, &amount), Err(VaultError::IsSplit(_))));
    assert!(matches!(categorise(&mut vault, 1, "Food"), Err(VaultError::IsSplit(_))));
    let harmless = TransactionEdit {
        amount: Some(eur(-1_230)),
        memo: Some("m".to_owned()),
        ..TransactionEdit::default()
    };
    vault.edit_transaction(id, &harmless).unwrap();
    vault.join_transaction(id).unwrap();
    assert!(matches!(vault.join_transaction(id), Err(VaultError::Invalid(_))));
    vault.edit_transaction(id, &amount).unwrap();
    assert!(vault.annotations(&[id]).unwrap().is_empty());
}

#[test]
fn totals_honour_splits_days_and_accounts() {
    let House { mut vault, account, .. } = house();
    categorise(&mut vault, 1, "groceries").unwrap();
    vault.split_transaction(TransactionId(2), &[part("groceries", -2_000), part("Refunds", 770)]).unwrap();
    let pending = NewTransaction { status: TransactionStatus::Pending, ..purchase(2, Some("groceries")) };
    vault.add_transaction(account, &pending).unwrap();
    let totals = |from, to, account| -> Vec<(Option<String>, i128, u64)> {
        let totals = vault.category_totals(from, to, account).unwrap();
        totals.into_iter().map(|t| (t.category.map(|path| path.to_string()), t.sum_minor, t.rows)).collect()
    };
    let groceries = || Some("Food:Groceries".to_owned());
    let refunds = || Some("Income:Refunds".to_owned());
    assert_eq!(totals(None, None, None), [(None, -1_230, 1), (groceries(), -3_230, 2), (refunds(), 770, 1)]);
    let second = Some(date(2026, 3, 2));
    assert_eq!(totals(second, second, Some(account)), [(groceries(), -2_000, 1), (refunds(), 770, 1)]);
    assert_eq!(totals(None, None, Some(AccountId(99))), []);
}

fn import(vault: &mut Vault, text: &str) -> finvault::vault::FileReport {
    let files = [ImportFile { name: "march.ofx", bytes: text.as_bytes() }];
    let report = vault.import(&files, &ImportOptions::default(), now(), &mut |_| {}).unwrap();
    report.files.into_iter().next().unwrap()
}

#[test]
fn rows_with_all_that_was_added_are_recognised_and_an_undo_takes_it_along() {
    let House { mut vault, .. } = house();
    let first = import(&mut vault, STATEMENT);
    let (batch, bank) = (first.batch.unwrap(), first.accounts[0].account.id);
    let query = TransactionQuery { account: Some(bank), ..TransactionQuery::default() };
    let rows = vault.transactions(&query).unwrap();
    let edit = TransactionEdit {
        category: Some("Food".to_owned()),
        add_tags: vec!["seen".to_owned()],
        ..TransactionEdit::default()
    };
    for row in &rows {
        vault.edit_transaction(row.id, &edit).unwrap();
        let rest = row.detail.amount.minor() - 7;
        vault.split_transaction(row.id, &[part("Food", 7), part("Taxes", rest)]).unwrap();
        let target = AttachmentTarget::Transaction(row.id);
        vault.attach(&mut &b"one receipt for all"[..], "r.txt", None, target, now()).unwrap();
    }
    vault
        .attach(&mut STATEMENT.as_bytes(), "march.ofx", None, AttachmentTarget::Import(batch), now())
        .unwrap();
    let again = import(&mut vault, STATEMENT);
    assert_eq!((again.accounts[0].added, again.accounts[0].duplicate), (0, 5));
    assert_eq!(again.warnings.len(), 1, "the file was seen before, no more: {:?}", again.warnings);
    let ids: Vec<TransactionId> = rows.iter().map(|row| row.id).collect();
    let added = vault.annotations(&ids).unwrap();
    assert!(added.len() == 5 && added.values().all(|a| a.parts.len() == 2 && a.attachments == 1));
    assert_eq!(vault.check(&mut |_| {}).unwrap().attachments, 6);

    vault.undo_import(again.batch.unwrap(), now()).unwrap();
    assert_eq!(vault.attachments(None).unwrap().len(), 6, "that import brought nothing");
    let undone = vault.undo_import(batch, now()).unwrap();
    assert_eq!((undone.removed, undone.attachments_removed), (5, 6));
    assert_eq!(undone.accounts_removed.len(), 1);
    assert!(vault.annotations(&ids).unwrap().is_empty());
    assert!(vault.attachments(None).unwrap().is_empty());
    let gone = vault.attach(&mut &b"x"[..], "x", None, AttachmentTarget::Import(batch), now()).unwrap_err();
    assert!(matches!(gone, VaultError::NoSuchImport(_)), "{gone}");
    assert_eq!(vault.check(&mut |_| {}).unwrap().problems, []);
}

#[test]
fn an_account_that_holds_a_file_outlives_the_import_that_made_it() {
    let House { mut vault, .. } = house();
    let first = import(&mut vault, STATEMENT);
    let target = AttachmentTarget::Account(first.accounts[0].account.id);
    vault.attach(&mut &b"contract"[..], "contract.txt", None, target, now()).unwrap();
    let undone = vault.undo_import(first.batch.unwrap(), now()).unwrap();
    assert_eq!((undone.attachments_removed, undone.accounts_removed.len()), (0, 0));
    assert_eq!(vault.attachments(Some(target)).unwrap().len(), 1);
}

#[test]
fn a_pending_row_booked_with_another_amount_is_no_longer_split() {
    let pending = |text: &str| {
        text.replace("<BANKTRANLIST>", "<BANKTRANLISTP>").replace("</BANKTRANLIST>", "</BANKTRANLISTP>")
    };
    for (booked, warned) in [("-60.50", false), ("-61.00", true)] {
        let House { mut vault, .. } = house();
        let first = import(&mut vault, &pending(STATEMENT));
        let query =
            TransactionQuery { text: Some("Power Company".to_owned()), ..TransactionQuery::default() };
        let row = vault.transactions(&query).unwrap().remove(0);
        assert_eq!(row.detail.status, TransactionStatus::Pending, "{first:?}");
        vault.split_transaction(row.id, &[part("Utilities", -5_000), part("Taxes", -1_050)]).unwrap();
        let second = import(&mut vault, &STATEMENT.replace("-60.50", booked));
        assert_eq!(second.accounts[0].updated, 5);
        let after = vault.transactions(&query).unwrap().remove(0);
        assert_eq!((after.id, after.detail.status), (row.id, TransactionStatus::Posted));
        let told = second.warnings.iter().any(|w| w.line > 10 && w.text.contains("no longer split"));
        assert_eq!(told, warned, "{:?}", second.warnings);
        assert_eq!(vault.annotations(&[row.id]).unwrap().is_empty(), warned);
        assert_eq!(vault.check(&mut |_| {}).unwrap().problems, []);
    }
}

#[test]
fn a_file_comes_back_byte_for_byte_and_lies_nowhere_in_clear() {
    let House { _folder, path, mut vault, account } = house();
    let marker = b"finvault-attachment-marker";
    let mut bytes: Vec<u8> =
        (0..900_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    bytes[1_000_000..1_000_000 + marker.len()].copy_from_slice(marker);
    bytes[..5].copy_from_slice(b"%PDF-");
    let receipt = AttachmentTarget::Transaction(TransactionId(1));
    let first = vault.attach(&mut &bytes[..], "receipt.pdf", None, receipt, now()).unwrap();
    assert!(!first.known);
    assert_eq!(first.attachment.media_type, "application/pdf");
    assert_eq!(first.attachment.length, 3_600_000);
    let second = vault
        .attach(
            &mut &bytes[..],
            "copy.bin",
            Some("application/x-copy"),
            AttachmentTarget::Account(account),
            now(),
        )
        .unwrap();
    assert!(second.known);
    assert_ne!(second.attachment.id, first.attachment.id);
    assert_eq!((second.attachment.name.as_str(), second.attachment.sha256.len()), ("copy.bin", 64));
    assert_eq!(second.attachment.media_type, "application/x-copy");
    let same = vault.attach(&mut &bytes[..], "other.pdf", None, receipt, now()).unwrap();
    assert_eq!(same.attachment, first.attachment, "to one thing it is attached once");

    let log = path.with_extension("finvault-wal");
    for file in [&path, &log] {
        let content = std::fs::read(file).unwrap();
        assert!(!content.windows(marker.len()).any(|window| window == marker), "{}", file.display());
    }
    vault.close().unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() < 3_600_000 * 5 / 4, "kept once");
    let mut vault = Vault::open(&path, &Secret::Passphrase(&passphrase()), &OpenOptions::default()).unwrap();
    let mut out = Vec::new();
    assert_eq!(vault.read_attachment(second.attachment.id, &mut out).unwrap(), second.attachment);
    assert!(out == bytes);
    let content = std::fs::read(&path).unwrap();
    assert!(!content.windows(marker.len()).any(|window| window == marker));

    // The content goes with its last attachment, and the room it took is used again.
    vault.delete_transaction(TransactionId(1)).unwrap();
    assert!(matches!(vault.attachment(first.attachment.id), Err(VaultError::NoSuchAttachment(_))));
    vault.read_attachment(second.attachment.id, &mut std::io::sink()).unwrap();
    vault.remove_attachment(second.attachment.id).unwrap();
    assert!(matches!(vault.remove_attachment(second.attachment.id), Err(VaultError::NoSuchAttachment(_))));
    let new =
        vault.attach(&mut &bytes[..], "again.pdf", None, AttachmentTarget::Account(account), now()).unwrap();
    assert!(!new.known);
    vault.close().unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() < 3_600_000 * 5 / 4, "the room is used again");
}

#[test]
fn what_cannot_be_attached_or_written_is_told() {
    let House { mut vault, account, .. } = house();
    let target = AttachmentTarget::Account(account);
    let mut attach = |name: &str, media_type, target| {
        vault.attach(&mut &b"x"[..], name, media_type, target, now()).unwrap_err()
    };
    assert!(matches!(attach("a/b", None, target), VaultError::Invalid(_)));
    assert!(matches!(attach("a", Some("pdf"), target), VaultError::Invalid(_)));
    let nothing = AttachmentTarget::Transaction(TransactionId(99));
    assert!(matches!(attach("a", None, nothing), VaultError::NoSuchTransaction(_)));
    assert!(matches!(
        attach("a", None, AttachmentTarget::Account(AccountId(99))),
        VaultError::NoSuchAccount { .. }
    ));
    assert!(matches!(vault.attachments(Some(nothing)), Err(VaultError::NoSuchTransaction(_))));

    let empty = vault.attach(&mut &b""[..], "empty", None, target, now()).unwrap().attachment;
    let mut out = Vec::new();
    assert_eq!(vault.read_attachment(empty.id, &mut out).unwrap().length, 0);
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let id = vault.attach(&mut &b"x"[..], "x", None, target, now()).unwrap().attachment.id;
    assert!(matches!(vault.read_attachment(id, &mut Full), Err(VaultError::AttachmentWrite(_))));
}
