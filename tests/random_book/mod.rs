//! Random books: accounts with odd names, several currencies, splits, tags, texts that formats could misread.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on ends")]

use finvault::ledger::{
    Account, AccountId, AccountKind, BalanceKind, BatchId, CategoryPath, NewTransaction, Opening, SplitPart,
    StatedBalance, TransactionStatus,
};
use finvault::money::{Currency, Money};
use finvault::statement::write::{AccountHead, BookHead, ExportFormat, ExportRow, writer};
use jiff::civil::{Date, date};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// A book: its head, and the rows of each account.
#[derive(Debug, Clone)]
pub struct RandomBook {
    pub head: BookHead,
    pub rows: Vec<Vec<ExportRow>>,
}

impl RandomBook {
    /// The text of a format.
    pub fn written(&self, format: ExportFormat) -> Vec<u8> {
        let mut out: Vec<u8> = Vec::new();
        let mut head = self.head.clone();
        {
            let mut writer = writer(format, &mut out);
            writer.arrange(&mut head.accounts);
            writer.begin(&head).unwrap();
            for account in &head.accounts {
                let rows = &self.rows[usize::try_from(account.account.id.0).unwrap()];
                writer.begin_account(account).unwrap();
                let last = writer.wants_pending_last();
                let is_pending = |row: &&ExportRow| row.detail.status == TransactionStatus::Pending;
                for row in rows.iter().filter(|row| !last || !is_pending(row)) {
                    writer.row(account, row).unwrap();
                }
                for row in rows.iter().filter(|row| last && is_pending(row)) {
                    writer.row(account, row).unwrap();
                }
                writer.end_account(account).unwrap();
            }
            writer.end().unwrap();
        }
        out
    }
}

/// Words that one format or another could take for something else.
const ODD: &[&str] = &[
    "Corner Cafe",
    "=HYPERLINK(1)",
    "; comment",
    "date: tomorrow",
    "[5 items]",
    "a|b",
    "(ref) payee",
    "* starred",
    "! bang",
    "\"quoted\"",
    "back\\slash",
    "tab\there",
    "two  spaces",
    "line\nbreak",
    "Ünïcödé €",
    "<tag> & co",
    "^",
    "-12.30",
    "'apostrophe",
    "comma, semicolon; colon: x",
    "@ 3 USD",
    "Assets:Cash  5 EUR",
    "#hash ^link",
    "日本語",
];

pub fn text() -> BoxedStrategy<String> {
    prop_oneof![
        3 => select(ODD).prop_map(str::to_owned),
        2 => "[a-zA-Z0-9 .,;:'\"()*!=@#&<>|/\\\\\\[\\]{}-]{1,40}",
        1 => "\\PC{1,20}",
    ]
    .prop_map(|text| text.trim().to_owned())
    .prop_filter("a text says something", |text| !text.is_empty() && !text.contains('\0'))
    .boxed()
}

fn currency() -> BoxedStrategy<Currency> {
    let custom = |code, digits| Currency::custom(code, digits).unwrap();
    let iso = |code| Currency::iso(code).unwrap();
    select(vec![
        iso("EUR"),
        iso("USD"),
        iso("JPY"),
        iso("KWD"),
        custom("PTS", 0),
        custom("a.b-1", 3),
        custom("Q", 9),
    ])
    .boxed()
}

fn category() -> BoxedStrategy<CategoryPath> {
    prop_oneof![
        3 => select(vec!["Food:Eating out", "Income:Salary", "Income", "Transfer", "Uncategorised", "Expenses:Odd", "food"])
            .prop_map(str::to_owned),
        1 => text(),
        1 => "[a-zé (;\\[*]{1,8}:[a-zA-Z \\-')]{1,8}",
    ]
    .prop_filter_map("a category", |text| CategoryPath::parse(&text).ok())
    .boxed()
}

fn day() -> BoxedStrategy<Date> {
    (1990i16..2100, 1i8..=12, 1i8..=28).prop_map(|(year, month, day)| date(year, month, day)).boxed()
}

fn minor() -> BoxedStrategy<i64> {
    prop_oneof![
        5 => -1_000_000i64..1_000_000,
        1 => any::<i64>(),
        1 => select(vec![0, 1, -1, i64::MAX, i64::MIN]),
    ]
    .boxed()
}

fn parts(amount: i64) -> BoxedStrategy<Vec<(CategoryPath, i64, Option<String>)>> {
    let one = (category(), 1i64..1_000_000, option::of(text()));
    prop_oneof![2 => Just(Vec::new()).boxed(), 1 => vec(one, 1..4).boxed()]
        .prop_flat_map(move |parts| {
            let sum: i64 = parts.iter().map(|(_, minor, _)| minor).sum();
            let rest = amount.checked_sub(sum).filter(|rest| *rest != 0);
            category().prop_map(move |last| match rest {
                Some(rest) if !parts.is_empty() => {
                    let mut parts = parts.clone();
                    parts.push((last, rest, None));
                    parts
                }
                _ => Vec::new(),
            })
        })
        .boxed()
}

fn row(currency: Currency) -> BoxedStrategy<ExportRow> {
    let texts =
        (text(), option::of(text()), option::of(text()), option::of(text()), option::of("[A-Za-z0-9]{1,12}"));
    let status =
        select(vec![TransactionStatus::Posted, TransactionStatus::Pending, TransactionStatus::Reconciled]);
    let tags = proptest::collection::btree_set("[a-z0-9:é\\-\"\\[]{1,10}", 0..3);
    minor()
        .prop_flat_map(move |minor| (Just(minor), parts(minor)))
        .prop_flat_map(move |(minor, parts)| {
            (day(), texts.clone(), option::of(category()), status.clone(), tags.clone()).prop_map(
                move |(posted, (payee, raw, memo, reference, bank_id), category, status, tags)| {
                    let parts: Vec<SplitPart> = parts
                        .iter()
                        .map(|(category, minor, memo)| SplitPart {
                            category: category.clone(),
                            amount: Money::new(*minor, currency),
                            memo: memo.clone(),
                        })
                        .collect();
                    ExportRow {
                        number: 7,
                        detail: NewTransaction {
                            posted,
                            amount: Money::new(minor, currency),
                            payee_raw: raw.unwrap_or_else(|| payee.clone()),
                            payee,
                            memo,
                            reference,
                            category: category.filter(|_| parts.is_empty()).map(|path| path.to_string()),
                            status,
                            bank_id,
                        },
                        import: None,
                        source_posted: None,
                        source_amount: None,
                        tags: tags.into_iter().collect(),
                        parts,
                        attachments: Vec::new(),
                    }
                },
            )
        })
        .boxed()
}

fn account(index: usize) -> BoxedStrategy<(AccountHead, Vec<ExportRow>)> {
    let about = (text(), select(AccountKind::ALL.to_vec()), option::of(text()), option::of("DE[0-9]{20}"));
    let opening = option::of((day(), minor(), any::<bool>()));
    let stated = vec(
        (select(vec![BalanceKind::Ledger, BalanceKind::Closing, BalanceKind::Available]), day(), minor()),
        0..3,
    );
    currency()
        .prop_flat_map(move |currency| {
            (about.clone(), opening.clone(), option::of(day()), stated.clone(), vec(row(currency), 0..6))
                .prop_map(move |((name, kind, institution, number), opening, closed, stated, rows)| {
                    let money = |minor| Money::new(minor, currency);
                    let account = Account {
                        id: AccountId(i64::try_from(index).unwrap()),
                        // No two of one name: what tells them apart is at the end.
                        name: format!("{name} {index}"),
                        kind,
                        currency,
                        institution,
                        number: number.map(|number| format!("{number}{index}")),
                        opening: opening.map(|(date, minor, derived)| Opening {
                            date,
                            amount: money(minor),
                            derived,
                        }),
                        closed,
                    };
                    let stated = stated
                        .into_iter()
                        .map(|(kind, date, minor)| StatedBalance {
                            account: account.id,
                            kind,
                            date,
                            amount: money(minor),
                            batch: BatchId(1),
                        })
                        .collect();
                    let all_days = rows
                        .iter()
                        .map(|row| row.detail.posted)
                        .chain(account.opening.map(|opening| opening.date));
                    let days = all_days.clone().min().zip(all_days.max());
                    let closing = days.map(|(_, last)| (last, money(0)));
                    let head = AccountHead { account, stated, attachments: Vec::new(), closing, days };
                    (head, rows)
                })
        })
        .boxed()
}

pub fn book() -> BoxedStrategy<RandomBook> {
    (account(0), option::of(account(1)), option::of(account(2)), vec(category(), 0..3))
        .prop_map(|(first, second, third, categories)| {
            // What is in the book is numbered without gaps.
            let accounts: Vec<(AccountHead, Vec<ExportRow>)> = [Some(first), second, third]
                .into_iter()
                .flatten()
                .enumerate()
                .map(|(index, (mut head, rows))| {
                    head.account.id = AccountId(i64::try_from(index).unwrap());
                    (head, rows)
                })
                .collect();
            let (heads, rows) = accounts.into_iter().unzip();
            RandomBook { head: BookHead { categories, accounts: heads, ..BookHead::default() }, rows }
        })
        .boxed()
}
