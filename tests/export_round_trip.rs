//! What is exported and read again is the same, as far as the format can carry it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod random_book;

use finvault::ledger::{Opening, SplitPart};
use finvault::statement::write::{AccountHead, ExportFormat, ExportRow};
use finvault::statement::{BookAccount, BookFile, ReadOptions, RowExtras, Statement, read_book};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use random_book::{RandomBook, book};

fn read(book: &RandomBook, format: ExportFormat) -> BookFile {
    let text = book.written(format);
    match read_book(&text, &ReadOptions::default(), &mut |_, _| {}) {
        Ok(file) => file,
        Err(error) => {
            panic!("line {}: {error}: {}\n{}", error.line, error.excerpt, String::from_utf8_lossy(&text))
        }
    }
}

/// What the file says of an account, beside what the book said.
struct Pair<'a> {
    head: &'a AccountHead,
    rows: &'a [ExportRow],
    statement: &'a Statement,
    account: &'a BookAccount,
}

impl<'a> Pair<'a> {
    fn of(book: &'a RandomBook, file: &'a BookFile) -> Vec<Self> {
        let find =
            |head: &AccountHead| file.accounts.iter().position(|account| account.name == head.account.name);
        book.head
            .accounts
            .iter()
            .zip(&book.rows)
            .filter_map(|(head, rows)| {
                let index = find(head)?;
                Some(Self {
                    head,
                    rows,
                    statement: &file.file.statements[index],
                    account: &file.accounts[index],
                })
            })
            .collect()
    }

    fn same_rows(&self) {
        assert_eq!(self.rows.len(), self.statement.rows.len());
        for ((row, read), extras) in self.rows.iter().zip(&self.statement.rows).zip(&self.account.extras) {
            assert_eq!(row.detail, read.transaction);
            let RowExtras { tags, corrected } = extras;
            assert_eq!(row.parts, read.parts);
            assert_eq!(row.tags, tags.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(*corrected, None);
        }
    }

    fn same_account(&self) {
        let account = &self.head.account;
        assert_eq!(account.kind, self.account.kind);
        assert_eq!(account.currency, self.statement.currency);
        assert_eq!(account.institution, self.account.institution);
        assert_eq!(account.number, self.account.number);
        assert_eq!(account.opening, self.account.opening);
        assert_eq!(account.closed, self.account.closed);
        let stated: Vec<_> = self.head.stated.iter().map(|s| (s.kind, s.date, s.amount)).collect();
        let read: Vec<_> = self.statement.balances.iter().map(|s| (s.kind, s.date, s.amount)).collect();
        assert_eq!(stated, read);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_dump_loses_nothing(book in book()) {
        let file = read(&book, ExportFormat::Jsonl);
        prop_assert_eq!(file.accounts.len(), book.head.accounts.len());
        prop_assert_eq!(&file.categories, &book.head.categories);
        for pair in Pair::of(&book, &file) {
            pair.same_account();
            pair.same_rows();
        }
    }

    #[test]
    fn a_dump_that_is_cut_anywhere_is_refused(book in book(), at in any::<prop::sample::Index>()) {
        let text = book.written(ExportFormat::Jsonl);
        // The last line without its end is whole.
        let cut = at.index(text.len() - 1);
        let read = read_book(&text[..cut], &ReadOptions::default(), &mut |_, _| {});
        prop_assert!(read.is_err());
    }

    #[test]
    fn a_table_loses_no_row_and_nothing_of_one(book in book()) {
        let file = read(&book, ExportFormat::Csv);
        let with_rows = book.rows.iter().filter(|rows| !rows.is_empty()).count();
        prop_assert_eq!(file.accounts.len(), with_rows);
        for pair in Pair::of(&book, &file) {
            prop_assert_eq!(pair.head.account.kind, pair.account.kind);
            prop_assert_eq!(pair.head.account.currency, pair.statement.currency);
            pair.same_rows();
        }
    }

    #[test]
    fn a_journal_loses_nothing(book in book()) {
        let file = read(&book, ExportFormat::Ledger);
        prop_assert_eq!(file.accounts.len(), book.head.accounts.len());
        for pair in Pair::of(&book, &file) {
            pair.same_account();
            pair.same_rows();
        }
    }

    #[test]
    fn a_beancount_file_loses_nothing(book in book()) {
        let file = read(&book, ExportFormat::Beancount);
        prop_assert_eq!(file.accounts.len(), book.head.accounts.len());
        for pair in Pair::of(&book, &file) {
            pair.same_account();
            pair.same_rows();
        }
    }
}

#[test]
fn parts_and_openings_are_compared_by_these_tests() {
    // The strategies do make what the properties are about.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut parts, mut openings): (Vec<SplitPart>, Vec<Opening>) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        let book = book().new_tree(&mut runner).unwrap().current();
        parts.extend(book.rows.iter().flatten().flat_map(|row| row.parts.clone()));
        openings.extend(book.head.accounts.iter().filter_map(|head| head.account.opening));
    }
    assert!(parts.len() > 20 && openings.len() > 10, "{} {}", parts.len(), openings.len());
}
