//! A vault's life in changes, each of which a command makes in one step.

use jiff::Timestamp;
use jiff::civil::date;

use super::super::{
    DisclosureRequest, FactRequest, ImportFile, NewPart, TransactionEdit, TransactionQuery, Vault, VaultError,
};
use crate::disclosure::Purpose;
use crate::ledger::{
    Account, AccountKind, AttachmentTarget, NewAccount, NewTransaction, Transaction, TransactionStatus,
};
use crate::money::{Currency, Money};

/// What a command does, by name.
pub(super) type Change = (&'static str, fn(&mut Vault) -> Result<(), VaultError>);

const MARCH: &str = include_str!("../../../tests/fixtures/vault/checking-march.ofx");
const FEBRUARY: &str = include_str!("../../../tests/fixtures/vault/checking-february.ofx");
/// The key of nobody: the test vectors of the age format have no private half of it here.
const RECIPIENT: &str = "age1lw96fp2fzwmplzpqncdr3sj3xsdf4nxw85c59jx9p2w4guyvneqqh0layc";

pub(super) fn now() -> Timestamp {
    "2026-04-02T09:00:00Z".parse().unwrap()
}

/// Changes that give the same content whenever they are made.
pub(super) const CHANGES: &[Change] = &[
    ("import", |vault| import(vault, MARCH)),
    ("import what is known", |vault| import(vault, MARCH)),
    ("import an older month", |vault| import(vault, FEBRUARY)),
    ("import many rows", |vault| import(vault, &many_rows())),
    ("add an account", |vault| vault.add_account(&wallet()).map(drop)),
    ("add a transaction", |vault| add(vault, 1, &[])),
    ("add a tagged one", |vault| add(vault, 2, &["trip".to_owned(), "shared".to_owned()])),
    ("add a third", |vault| add(vault, 3, &[])),
    ("edit it", |vault| {
        let edit = TransactionEdit {
            payee: Some("Market".to_owned()),
            category: Some("Food:Cheese:Hard".to_owned()),
            add_tags: vec!["party".to_owned()],
            ..TransactionEdit::default()
        };
        let id = row(vault, "Shop 3")?.id;
        vault.edit_transaction(id, &edit).map(drop)
    }),
    ("split it", |vault| {
        let id = row(vault, "Market")?.id;
        vault.split_transaction(id, &[part("Food", -1_000), part("Taxes", -230)]).map(drop)
    }),
    ("attach a receipt", |vault| {
        let target = AttachmentTarget::Transaction(row(vault, "Market")?.id);
        let bytes: Vec<u8> = (0..19_000_u32).map(|n| (n % 251) as u8).collect();
        vault.attach(&mut bytes.as_slice(), "receipt.bin", None, target, now()).map(drop)
    }),
    ("attach it again", |vault| {
        let target = AttachmentTarget::Account(account(vault)?.id);
        vault.attach(&mut b"a small one".as_slice(), "note.txt", None, target, now()).map(drop)
    }),
    ("delete a transaction", |vault| {
        let id = row(vault, "Shop 1")?.id;
        vault.delete_transaction(id).map(drop)
    }),
    ("rename a category", |vault| vault.rename_category("Food:Cheese", "Food:Dairy").map(drop)),
    ("compact", |vault| vault.compact().map(drop)),
    ("remove an attachment", |vault| {
        let first = vault.attachments(None)?.into_iter().next();
        let id = first.ok_or(VaultError::Invalid("no attachment".to_owned()))?.id;
        vault.remove_attachment(id).map(drop)
    }),
    ("undo an import", |vault| {
        let last = vault.batches()?.into_iter().rfind(|batch| batch.undone_at.is_none());
        let id = last.ok_or(VaultError::Invalid("no import".to_owned()))?.id;
        vault.undo_import(id, now()).map(drop)
    }),
    ("compact again", |vault| vault.compact().map(drop)),
    ("add one more", |vault| add(vault, 4, &[])),
];

/// Changes that draw random numbers, so that each run has a content of its own.
pub(super) const UNREPEATABLE: &[Change] = &[
    ("add a recipient", |vault| vault.add_recipient("Desk", Some(RECIPIENT), now()).map(drop)),
    ("disclose a balance", |vault| {
        let imported = vault.accounts()?.into_iter().find(|account| account.number.is_some());
        let imported = imported.ok_or(VaultError::Invalid("no account".to_owned()))?;
        let fact = FactRequest::balance(imported.id, date(2026, 3, 31));
        let recipient = vault.recipient("Desk")?.id;
        let purpose = Purpose::from_text("Test").map_err(|error| VaultError::Invalid(error.to_string()))?;
        vault
            .disclose(&DisclosureRequest::new(recipient, vec![fact], purpose), now(), &mut |_| Ok(()))
            .map(drop)
    }),
];

fn import(vault: &mut Vault, text: &str) -> Result<(), VaultError> {
    let file = ImportFile { name: "statement.ofx", bytes: text.as_bytes() };
    vault.import(&[file], &Default::default(), now(), &mut |_| {}).map(drop)
}

/// A statement of the same account with two hundred rows, all in April.
fn many_rows() -> String {
    let (head, rest) = MARCH.split_once("<STMTTRN>").unwrap();
    let (_, tail) = rest.split_once("</BANKTRANLIST>").unwrap();
    let row = |n: usize| {
        format!(
            "<STMTTRN><TRNTYPE>POS<DTPOSTED>202604{:02}<TRNAMT>-{}.50<FITID>M{n}<NAME>Shop {n} in Main Street</STMTTRN>\n",
            n % 30 + 1,
            n + 1
        )
    };
    let rows: String = (0..200).map(row).collect();
    let april = head.replace("20260301", "20260401").replace("20260331", "20260430");
    format!("{april}{rows}</BANKTRANLIST>{}", tail.replace("20260331", "20260430"))
}

fn wallet() -> NewAccount {
    NewAccount {
        name: "Wallet".to_owned(),
        kind: AccountKind::Cash,
        currency: Currency::iso("EUR").unwrap(),
        institution: None,
        number: None,
        opening: None,
    }
}

fn account(vault: &Vault) -> Result<Account, VaultError> {
    vault.account("Wallet")
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

fn part(category: &str, minor: i64) -> NewPart {
    NewPart { category: category.to_owned(), amount: eur(minor), memo: None }
}

fn add(vault: &mut Vault, number: i8, tags: &[String]) -> Result<(), VaultError> {
    let new = NewTransaction {
        posted: date(2026, 4, number),
        amount: eur(-1_230),
        payee: format!("Shop {number}"),
        payee_raw: format!("SHOP {number}"),
        memo: Some("by hand".to_owned()),
        reference: None,
        category: Some("Food:Groceries".to_owned()),
        status: TransactionStatus::Posted,
        bank_id: None,
    };
    let account = account(vault)?.id;
    vault.add_tagged_transaction(account, &new, tags).map(drop)
}

/// The transaction in the wallet with this payee.
fn row(vault: &Vault, payee: &str) -> Result<Transaction, VaultError> {
    let account = account(vault)?.id;
    let query = TransactionQuery { account: Some(account), ..TransactionQuery::default() };
    let found = vault.transactions(&query)?.into_iter().find(|row| row.detail.payee == payee);
    found.ok_or(VaultError::Invalid(format!("no transaction with {payee}")))
}
