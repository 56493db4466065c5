//! What is exported as OFX or QIF and read again is the same, as far as the format can carry it; what it cannot carry is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod random_book;

use finvault::ledger::{AccountKind, BalanceKind, TransactionStatus};
use finvault::money::Currency;
use finvault::statement::write::{AccountHead, ExportFormat, ExportRow};
use finvault::statement::{Format, ReadOptions, Statement, StatementFile, read};
use proptest::prelude::*;
use random_book::{RandomBook, book};

/// Reads what was written, and says the text where it is refused.
fn read_back(book: &RandomBook, format: ExportFormat, options: &ReadOptions) -> StatementFile {
    let text = book.written(format);
    match read(&text, options) {
        Ok(file) => file,
        Err(error) => {
            let shown = String::from_utf8_lossy(&text);
            panic!("line {}: {error}: {}\n{shown}", error.line, error.excerpt)
        }
    }
}

/// Runs of space become one: neither format keeps them for readers.
fn spaced(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A text of at most so many characters, of those that XML has.
fn in_xml(text: &str, most: usize) -> String {
    let is_in_xml =
        |c: &char| !matches!(c, '\u{fffe}' | '\u{ffff}') && (!c.is_control() || "\n\t".contains(*c));
    let text: String = text.trim().chars().filter(is_in_xml).take(most).collect();
    text.trim().to_owned()
}

fn is_pending(row: &ExportRow) -> bool {
    row.detail.status == TransactionStatus::Pending
}

fn same_ofx_row(row: &ExportRow, statement: &Statement, at: usize) {
    let (wanted, found) = (&row.detail, &statement.rows[at].transaction);
    assert_eq!((found.posted, found.amount), (wanted.posted, wanted.amount));
    let status = if is_pending(row) { TransactionStatus::Pending } else { TransactionStatus::Posted };
    assert_eq!(found.status, status);
    let payee = in_xml(&wanted.payee_raw, 100);
    assert_eq!((&found.payee_raw, &found.payee), (&payee, &spaced(&payee)));
    let memo = wanted.memo.as_deref().map(|memo| spaced(&in_xml(memo, 255)));
    assert_eq!(found.memo, memo);
    assert_eq!(found.reference, wanted.reference.as_deref().map(|text| in_xml(text, 32)));
    let bank_id = wanted.bank_id.clone().filter(|_| !is_pending(row));
    assert_eq!(found.bank_id, bank_id);
}

fn same_ofx_account(head: &AccountHead, statement: &Statement) {
    let (account, found) = (&head.account, statement.account.as_ref().unwrap());
    let number = account.number.as_deref().unwrap_or(&account.name);
    let from = number.chars().count().saturating_sub(22);
    let end: String = number.chars().skip(from).collect();
    assert_eq!(found.number, in_xml(&end, 22));
    assert_eq!(found.kind == AccountKind::CreditCard, account.kind == AccountKind::CreditCard);
    if account.kind != AccountKind::CreditCard {
        let institution = account.institution.as_deref().map(|text| in_xml(text, 9));
        assert_eq!(found.institution, institution.filter(|text| !text.bytes().all(|b| b == b'0')));
    }
    let balances: Vec<_> = statement.balances.iter().map(|b| (b.kind, b.date, b.amount)).collect();
    if let Some((day, amount)) = head.closing {
        assert_eq!(balances, [(BalanceKind::Ledger, day, amount)]);
    }
}

/// A category as QIF can have it.
fn in_qif(path: &str) -> String {
    let path: String = path
        .chars()
        .map(|c| match c {
            '/' | '|' => '-',
            '[' => '(',
            ']' => ')',
            c => c,
        })
        .collect();
    // Two hyphens begin what says that there is no category.
    match path.strip_prefix("--") {
        Some(rest) => format!("-{}", rest.trim_start_matches('-')),
        None => path,
    }
}

fn same_qif_row(row: &ExportRow, statement: &Statement, at: usize) {
    let (wanted, found) = (&row.detail, &statement.rows[at]);
    let transaction = &found.transaction;
    assert_eq!((transaction.posted, transaction.amount), (wanted.posted, wanted.amount));
    let is_reconciled = wanted.status == TransactionStatus::Reconciled;
    assert_eq!(transaction.status == TransactionStatus::Reconciled, is_reconciled);
    assert_eq!(
        (&transaction.payee_raw, &transaction.payee),
        (&spaced(&wanted.payee), &spaced(&wanted.payee))
    );
    assert_eq!(transaction.memo, wanted.memo.as_deref().map(spaced));
    assert_eq!(transaction.reference, wanted.reference.as_deref().map(spaced));
    assert_eq!(transaction.category, wanted.category.as_deref().map(in_qif));
    let parts: Vec<_> = row
        .parts
        .iter()
        .map(|part| (in_qif(part.category.as_str()), part.amount, part.memo.as_deref().map(spaced)))
        .collect();
    let read: Vec<_> = found
        .parts
        .iter()
        .map(|part| (part.category.as_str().to_owned(), part.amount, part.memo.clone()))
        .collect();
    assert_eq!(read, parts);
}

#[test]
fn what_is_lost_is_told() {
    use finvault::statement::write::writer;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut told = std::collections::BTreeSet::new();
    for _ in 0..60 {
        let book = proptest::strategy::ValueTree::current(&book().new_tree(&mut runner).unwrap());
        for format in [ExportFormat::Ofx, ExportFormat::Qif] {
            let mut out = Vec::new();
            let mut writer = writer(format, &mut out);
            writer.begin(&book.head).unwrap();
            for (head, rows) in book.head.accounts.iter().zip(&book.rows) {
                writer.begin_account(head).unwrap();
                for row in rows {
                    writer.row(head, row).unwrap();
                }
                writer.end_account(head).unwrap();
            }
            writer.end().unwrap();
            told.extend(writer.losses());
        }
    }
    for words in
        ["reconciled", "source wrote", "pending rows", "hold marks", "no room for tags", "names no currency"]
    {
        assert!(told.iter().any(|loss| loss.contains(words)), "{words}: {told:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ofx_keeps_rows_accounts_and_balances(book in book()) {
        let file = read_back(&book, ExportFormat::Ofx, &ReadOptions::default());
        prop_assert_eq!(file.format, Format::OfxXml);
        let carried = || book.head.accounts.iter().filter(|head| Currency::iso(head.account.currency.code()).is_ok());
        let is_card = |head: &&AccountHead| head.account.kind == AccountKind::CreditCard;
        let heads: Vec<&AccountHead> =
            carried().filter(|head| !is_card(head)).chain(carried().filter(is_card)).collect();
        prop_assert_eq!(file.statements.len(), heads.len());
        for (head, statement) in heads.into_iter().zip(&file.statements) {
            prop_assert_eq!(head.account.currency, statement.currency);
            same_ofx_account(head, statement);
            let rows = &book.rows[usize::try_from(head.account.id.0).unwrap()];
            prop_assert_eq!(rows.len(), statement.rows.len());
            let booked = rows.iter().filter(|row| !is_pending(row));
            for (at, row) in booked.chain(rows.iter().filter(|row| is_pending(row))).enumerate() {
                same_ofx_row(row, statement, at);
            }
        }
    }

    #[test]
    fn qif_keeps_rows_categories_and_parts(mut book in book()) {
        // QIF names no currency: the accounts of one are read together.
        let currency = book.head.accounts[0].account.currency;
        book.head.accounts.retain(|head| head.account.currency == currency);
        let options = ReadOptions { currency: Some(currency), ..ReadOptions::default() };
        let file = read_back(&book, ExportFormat::Qif, &options);
        prop_assert_eq!(file.format, Format::Qif);
        prop_assert_eq!(&file.warnings, &[]);
        prop_assert_eq!(file.statements.len(), book.head.accounts.len());
        for (head, statement) in book.head.accounts.iter().zip(&file.statements) {
            let account = statement.account.as_ref().unwrap();
            prop_assert_eq!(&account.number, &spaced(&head.account.name));
            let opening = head.account.opening.map(|opening| (BalanceKind::Opening, opening.date, opening.amount));
            let found: Vec<_> = statement.balances.iter().map(|b| (b.kind, b.date, b.amount)).collect();
            prop_assert_eq!(found, opening.into_iter().collect::<Vec<_>>());
            let rows = &book.rows[usize::try_from(head.account.id.0).unwrap()];
            prop_assert_eq!(rows.len(), statement.rows.len());
            for (at, row) in rows.iter().enumerate() {
                same_qif_row(row, statement, at);
            }
        }
    }
}
