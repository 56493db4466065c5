//! What books become: journals, Beancount files, GnuCash books, and finvault's own dump in a fresh vault.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::ledger::{AccountKind, TransactionStatus};
use finvault::money::Currency;
use finvault::statement::write::ExportFormat;
use finvault::statement::{BookFile, Format, ReadOptions, StatementError};
use finvault::vault::{ExportQuery, ImportFile, ImportOptions, Vault, read_any};
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use std::io::Write;

const DUMP: &str = include_str!("fixtures/export/book.jsonl");
const GNUCASH: &str = include_str!("fixtures/books/small.gnucash");

fn try_read(bytes: &[u8]) -> Result<BookFile, StatementError> {
    read_any(bytes, &ReadOptions::default(), &mut |_, _| {}).map(|reading| reading.book)
}

#[track_caller]
fn read(text: &str) -> BookFile {
    try_read(text.as_bytes())
        .unwrap_or_else(|error| panic!("line {}: {error}: {}", error.line, error.excerpt))
}

/// Every row as `account date amount category [parts]`.
fn rows(book: &BookFile) -> Vec<String> {
    let mut lines = Vec::new();
    for (statement, account) in book.file.statements.iter().zip(&book.accounts) {
        for row in &statement.rows {
            let t = &row.transaction;
            let parts: Vec<String> = row
                .parts
                .iter()
                .map(|part| format!("{} {}", part.amount.to_decimal(), part.category))
                .collect();
            let category = t.category.as_deref().unwrap_or("-");
            lines.push(
                format!("{} {} {} {category} {}", account.name, t.posted, t.amount, parts.join(", "))
                    .trim_end()
                    .to_owned(),
            );
        }
    }
    lines
}

#[test]
fn a_journal_becomes_accounts_rows_and_categories() {
    let book = read(
        "; a household\n\
         commodity 1,000.00 EUR\n\
         account Girokonto  ; type: A\n\n\
         2026-01-01 opening\n    Girokonto  = 1,500.00 EUR\n    Equity:Opening\n\n\
         2026-01-02 * (7) Employer | January  ; :joint:\n    Girokonto  800.00 EUR\n    Assets:Pension  200.00 EUR\n    Income:Salary\n\n\
         2026-01-03 ! Supermarket\n    ; for the party\n    Expenses:Food:Drinks  10.00 EUR\n    Expenses:Food  5.50 EUR\n    Girokonto\n\n\
         2026-01-04 Exchange\n    Assets:Dollars  110.00 USD @ 0.90 EUR\n    Girokonto  -99.00 EUR = 2,185.50 EUR\n    (Budget:Travel)  5 EUR\n\n\
         ~ monthly\n    Expenses:Rent  1 EUR\n    Girokonto\n",
    );
    assert_eq!((book.file.format, book.entries), (Format::Journal, 4));
    assert_eq!(
        rows(&book),
        [
            "Girokonto 2026-01-01 1500.00 EUR Equity:Opening",
            "Girokonto 2026-01-02 800.00 EUR - 1000.00 Income:Salary, -200.00 Transfer",
            "Girokonto 2026-01-03 -15.50 EUR - -10.00 Food:Drinks, -5.50 Food",
            "Girokonto 2026-01-04 -99.00 EUR Transfer",
            "Assets:Pension 2026-01-02 200.00 EUR Transfer",
            "Assets:Dollars 2026-01-04 110.00 USD Transfer",
        ]
    );
    let row = &book.file.statements[0].rows[1].transaction;
    assert_eq!(
        (row.payee.as_str(), row.memo.as_deref(), row.reference.as_deref()),
        ("Employer", Some("January"), Some("7"))
    );
    let row = &book.file.statements[0].rows[2].transaction;
    assert_eq!((row.status, row.memo.as_deref()), (TransactionStatus::Pending, Some("for the party")));
    assert_eq!(book.accounts[0].extras[1].tags[0].as_str(), "joint");
    let stated: Vec<String> = book.file.statements[0]
        .balances
        .iter()
        .map(|stated| format!("{} {} {}", stated.kind, stated.date, stated.amount))
        .collect();
    assert_eq!(stated, ["ledger 2026-01-01 1500.00 EUR", "ledger 2026-01-04 2185.50 EUR"]);
    let warnings: Vec<&str> = book.file.warnings.iter().map(|warning| warning.text.as_str()).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
}

#[test]
fn signs_of_several_currencies_are_never_guessed() {
    let text = "2026-01-02 Cafe\n    Assets:Cash  $-4.50\n    Expenses:Food\n";
    let refused = try_read(text.as_bytes()).unwrap_err();
    assert!(refused.remedy.contains("--currency"), "{}", refused.remedy);
    let options = ReadOptions { currency: Currency::iso("CAD").ok(), ..ReadOptions::default() };
    let book = read_any(text.as_bytes(), &options, &mut |_, _| {}).unwrap().book;
    assert_eq!(rows(&book), ["Assets:Cash 2026-01-02 -4.50 CAD Food"]);
}

#[test]
fn a_beancount_file_pads_weighs_and_tags() {
    let book = read(
        "option \"title\" \"Household\"\n* Accounts\n2026-01-01 open Assets:Bank EUR\n\
         2026-01-01 pad Assets:Bank Equity:Opening-Balances\n2026-01-03 balance Assets:Bank 100.00 EUR\n\
         pushtag #trip\n2026-01-04 * \"Cafe\" \"two coffees\" #joint\n  ref: \"x\"\n  Expenses:Food  7.00 EUR\n  Assets:Bank\npoptag #trip\n\
         2026-01-05 * \"buy\"\n  Assets:Fund  1.5 ACME {20.00 EUR, 2026-01-05} @ 21 EUR\n  Assets:Bank  -30.00 EUR\n",
    );
    assert_eq!((book.file.format, book.entries), (Format::Beancount, 3));
    assert_eq!(
        rows(&book),
        [
            "Assets:Bank 2026-01-04 -7.00 EUR Food",
            "Assets:Bank 2026-01-05 -30.00 EUR Transfer",
            "Assets:Bank 2026-01-01 100.00 EUR Equity:Opening-Balances",
            "Assets:Fund 2026-01-05 1.5 ACME Transfer",
        ]
    );
    let tags: Vec<&str> = book.accounts[0].extras[0].tags.iter().map(|tag| tag.as_str()).collect();
    assert_eq!(tags, ["joint", "trip"]);
    assert_eq!(book.file.statements[0].balances[0].date.to_string(), "2026-01-02");
}

#[test]
fn gnucash_is_read_plain_packed_and_out_of_sqlite() {
    let expected = ["Cash 2026-01-02 -4.50 EUR Food"];
    let plain = read(GNUCASH);
    assert_eq!((plain.file.format, rows(&plain)), (Format::Gnucash, expected.map(str::to_owned).to_vec()));
    assert_eq!(plain.file.statements[0].rows[0].transaction.payee, "Cafe & Bar");
    assert_eq!(plain.accounts[0].kind, AccountKind::Cash);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(GNUCASH.as_bytes()).unwrap();
    assert_eq!(rows(&try_read(&encoder.finish().unwrap()).unwrap()), expected);

    let sqlite = sqlite("");
    let book = try_read(&sqlite).unwrap();
    // A midnight past noon in UTC is of the day after; templates have not happened.
    assert_eq!(rows(&book), ["Cash 2026-01-02 -4.50 EUR Food", "Cash 2026-01-03 -1.00 EUR Food"]);
    assert_eq!(book.file.statements[0].rows[1].transaction.status, TransactionStatus::Reconciled);
}

/// A book as GnuCash's SQLite has it, after `and_then` was run on it.
fn sqlite(and_then: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.gnucash");
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch(
        "CREATE TABLE books (guid TEXT PRIMARY KEY, root_account_guid TEXT, root_template_guid TEXT);
         CREATE TABLE commodities (guid TEXT PRIMARY KEY, namespace TEXT, mnemonic TEXT, fraction INTEGER);
         CREATE TABLE accounts (guid TEXT PRIMARY KEY, name TEXT, account_type TEXT, commodity_guid TEXT, parent_guid TEXT);
         CREATE TABLE transactions (guid TEXT PRIMARY KEY, currency_guid TEXT, num TEXT, post_date TEXT, description TEXT);
         CREATE TABLE splits (guid TEXT PRIMARY KEY, tx_guid TEXT, account_guid TEXT, memo TEXT, reconcile_state TEXT,
             value_num BIGINT, value_denom BIGINT, quantity_num BIGINT, quantity_denom BIGINT);
         CREATE TABLE slots (id INTEGER PRIMARY KEY, obj_guid TEXT, name TEXT, string_val TEXT, gdate_val TEXT);
         INSERT INTO books VALUES ('b', 'root', 'templates');
         INSERT INTO commodities VALUES ('eur', 'CURRENCY', 'EUR', 100);
         INSERT INTO accounts VALUES ('root', 'Root Account', 'ROOT', NULL, NULL), ('templates', 'Template Root', 'ROOT', NULL, NULL),
             ('cash', 'Cash', 'CASH', 'eur', 'root'), ('food', 'Food', 'EXPENSE', 'eur', 'root'), ('plan', 'x', 'BANK', 'eur', 'templates');
         INSERT INTO transactions VALUES ('t1', 'eur', '', '2026-01-05 10:59:00', 'Cafe'), ('t2', 'eur', '', '2026-01-02 23:00:00', 'Bar'),
             ('t3', 'eur', '', '2026-01-02 10:59:00', 'planned');
         INSERT INTO slots VALUES (1, 't1', 'date-posted', NULL, '20260102');
         INSERT INTO splits VALUES ('1', 't1', 'cash', '', 'n', -450, 100, -450, 100), ('2', 't1', 'food', '', 'n', 450, 100, 450, 100),
             ('3', 't2', 'cash', '', 'y', -100, 100, -100, 100), ('4', 't2', 'food', '', 'n', 100, 100, 100, 100),
             ('5', 't3', 'plan', '', 'n', 0, 1, 0, 1);",
    )
    .unwrap();
    conn.execute_batch(and_then).unwrap();
    conn.close().unwrap();
    std::fs::read(path).unwrap()
}

#[test]
fn nothing_in_a_hostile_sqlite_file_is_run() {
    for (change, word) in [
        ("ALTER TABLE splits RENAME TO old; CREATE VIEW splits AS SELECT * FROM old", "splits"),
        ("ALTER TABLE accounts ADD COLUMN more TEXT AS (upper(name))", "accounts"),
        ("DROP TABLE transactions", "transactions"),
        ("UPDATE splits SET value_num = 7 WHERE guid = '1'", "balance"),
        ("UPDATE splits SET account_guid = 'nowhere'", "account"),
        ("UPDATE splits SET tx_guid = 'nowhere'", "splits"),
        ("UPDATE splits SET value_denom = 0", "decimal"),
        ("UPDATE transactions SET post_date = 'soon'; DELETE FROM slots", "day"),
        ("UPDATE splits SET value_num = 'many'", "damaged"),
    ] {
        let error = try_read(&sqlite(change)).unwrap_err();
        assert!(error.message.contains(word), "{change}: {}", error.message);
    }
    let whole = sqlite("");
    for length in [16, 100, 4096, whole.len() / 2, whole.len() - 1] {
        assert!(try_read(&whole[..length]).is_err(), "{length}");
    }
}

fn vault(folder: &tempfile::TempDir, name: &str) -> Vault {
    let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    Vault::create(&folder.path().join(name), &passphrase, kdf, now()).unwrap().0
}

fn now() -> Timestamp {
    "2026-04-02T09:00:00Z".parse().unwrap()
}

fn take_in(vault: &mut Vault, bytes: &[u8]) -> (u64, u64) {
    let files = [ImportFile { name: "book", bytes }];
    let report = vault.import(&files, &ImportOptions::default(), now(), &mut |_| {}).unwrap();
    let accounts = &report.files[0].accounts;
    (accounts.iter().map(|a| a.added).sum(), accounts.iter().map(|a| a.duplicate).sum())
}

fn exported(vault: &Vault, format: ExportFormat) -> Vec<u8> {
    let mut out = Vec::new();
    vault.export(&ExportQuery::default(), format, &mut out, &mut |_| {}).unwrap();
    out
}

/// The dump without what tells of imports, which a dump does not make again.
fn without_imports(dump: &[u8]) -> Vec<String> {
    let lines = std::str::from_utf8(dump).unwrap().lines();
    lines.filter(|line| !line.starts_with("{\"type\":\"import\"")).map(str::to_owned).collect()
}

#[test]
fn a_dump_gives_the_same_vault_again_and_twice_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = vault(&folder, "first");
    assert_eq!(take_in(&mut first, DUMP.as_bytes()), (15, 0));
    let dump = exported(&first, ExportFormat::Jsonl);
    assert_eq!(dump, exported(&first, ExportFormat::Jsonl));
    let mut second = vault(&folder, "second");
    assert_eq!(take_in(&mut second, &dump), (15, 0));
    assert_eq!(without_imports(&exported(&second, ExportFormat::Jsonl)), without_imports(&dump));
    assert_eq!(take_in(&mut second, &dump), (0, 15));
    // The second import states its balance once more; nothing else is new.
    let rows = |dump: &[u8]| {
        let mut lines = without_imports(dump);
        lines.retain(|line| {
            line.starts_with("{\"type\":\"transaction\"") || line.starts_with("{\"type\":\"account\"")
        });
        lines
    };
    assert_eq!(rows(&exported(&second, ExportFormat::Jsonl)), rows(&dump));
    // What both imports show stays as long as one of them does; with both taken back all of it is gone.
    let batches: Vec<_> = second.batches().unwrap().iter().map(|batch| batch.id).collect();
    second.undo_import(batches[0], now()).unwrap();
    assert_eq!(second.transactions(&Default::default()).unwrap().len(), 15);
    second.undo_import(batches[1], now()).unwrap();
    assert!(second.transactions(&Default::default()).unwrap().is_empty());
    for (format, name) in [(ExportFormat::Ledger, "ledger"), (ExportFormat::Beancount, "beancount")] {
        let mut again = vault(&folder, name);
        take_in(&mut again, &exported(&first, format));
        assert_eq!(
            rows_of(&exported(&again, ExportFormat::Csv)),
            rows_of(&exported(&first, ExportFormat::Csv)),
            "{name}"
        );
    }
    let mut table = vault(&folder, "table");
    take_in(&mut table, &exported(&first, ExportFormat::Csv));
    assert_eq!(exported(&table, ExportFormat::Csv), exported(&first, ExportFormat::Csv));
}

fn rows_of(table: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(table).lines().map(str::to_owned).collect()
}
