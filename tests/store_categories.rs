//! Sums by category against a plain model, vaults from before the tree, and the cost of asking.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::ledger::{
    AccountId, AccountKind, CategoryPath, Fingerprint, NewAccount, NewTransaction, SplitPart,
    TransactionStatus,
};
use finvault::money::{Currency, Money};
use finvault::store::movements::TransactionQuery;
use finvault::store::{Store, migrations};
use jiff::civil::date;
use proptest::prelude::*;
use rusqlite::Connection;
use std::collections::BTreeMap;

fn store() -> Store {
    Store::open(Connection::open_in_memory().unwrap()).unwrap()
}

fn account(store: &Store, name: &str, currency: &str) -> AccountId {
    let new = NewAccount {
        name: name.to_owned(),
        kind: AccountKind::Checking,
        currency: Currency::iso(currency).unwrap(),
        institution: None,
        number: None,
        opening: None,
    };
    store.add_account(&new, None).unwrap().id
}

fn row(currency: &str, day: i8, minor: i64, category: Option<&str>) -> NewTransaction {
    NewTransaction {
        posted: date(2026, 1, day),
        amount: Money::new(minor, Currency::iso(currency).unwrap()),
        payee: "P".to_owned(),
        payee_raw: "P".to_owned(),
        memo: None,
        reference: None,
        category: category.map(str::to_owned),
        status: TransactionStatus::Posted,
        bank_id: None,
    }
}

/// One row of the model: account (0 EUR, 1 JPY), day, whether it is pending, and what it is made of.
#[derive(Debug, Clone)]
struct Made {
    account: usize,
    day: i8,
    pending: bool,
    whole: Option<&'static str>,
    parts: Vec<(&'static str, i64)>,
    amount: i64,
}

const CATEGORIES: &[&str] = &["A", "A:B", "C"];

fn made() -> impl Strategy<Value = Made> {
    let category = || proptest::sample::select(CATEGORIES);
    let amount = prop_oneof![-1_000i64..1_000, Just(i64::MAX / 64), Just(i64::MIN / 64)];
    let parts = proptest::collection::vec((category(), amount.clone()), 0..4);
    (0usize..2, 1i8..=9, any::<bool>(), proptest::option::of(category()), parts, amount).prop_map(
        |(account, day, pending, whole, parts, amount)| {
            let amount = if parts.is_empty() { amount } else { parts.iter().map(|(_, minor)| minor).sum() };
            let whole = whole.filter(|_| parts.is_empty());
            Made { account, day, pending, whole, parts, amount }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn totals_are_those_of_a_plain_model(rows in proptest::collection::vec(made(), 0..30), from in 1i8..=5, to in 4i8..=9, only in proptest::option::of(0usize..2)) {
        let store = store();
        let currencies = ["EUR", "JPY"];
        let accounts = [account(&store, "one", "EUR"), account(&store, "two", "JPY")];
        let mut expected: BTreeMap<(Option<&str>, &str), (i128, u64)> = BTreeMap::new();
        for made in &rows {
            let currency = currencies[made.account];
            let mut new = row(currency, made.day, made.amount, made.whole);
            if made.pending {
                new.status = TransactionStatus::Pending;
            }
            let id = store.add_movement(accounts[made.account], &new, Fingerprint::of(&new), false, None).unwrap();
            let parts: Vec<SplitPart> = made.parts.iter().map(|(category, minor)| SplitPart {
                category: CategoryPath::parse(category).unwrap(),
                amount: Money::new(*minor, Currency::iso(currency).unwrap()),
                memo: None,
            }).collect();
            store.set_split(id, &parts).unwrap();
            if made.pending || made.day < from || made.day > to || only.is_some_and(|only| only != made.account) {
                continue;
            }
            let mut count = |category, minor: i64| {
                let total = expected.entry((category, currency)).or_default();
                total.0 += i128::from(minor);
                total.1 += 1;
            };
            if made.parts.is_empty() {
                count(made.whole, made.amount);
            }
            for (category, minor) in &made.parts {
                count(Some(*category), *minor);
            }
        }
        let totals = store
            .category_totals(Some(date(2026, 1, from)), Some(date(2026, 1, to)), only.map(|only| accounts[only]))
            .unwrap();
        let found: Vec<_> = totals
            .iter()
            .map(|t| ((t.category.as_ref().map(CategoryPath::as_str), t.currency.code()), (t.sum_minor, t.rows)))
            .collect();
        prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(store.broken_splits().unwrap(), []);
        // All categories together are what the account comes to.
        for account in accounts {
            let all = store.category_totals(None, None, Some(account)).unwrap();
            let sum: i128 = all.iter().map(|total| total.sum_minor).sum();
            prop_assert_eq!(sum, store.movement_sum(account, None, None).unwrap());
        }
    }
}

#[test]
fn a_vault_from_before_the_tree_keeps_its_categories_and_gains_no_others() {
    let mut conn = Connection::open_in_memory().unwrap();
    migrations::migrate(&mut conn, 2).unwrap();
    conn.execute_batch(
        "INSERT INTO account (name, name_folded, kind, currency, digits) VALUES ('A', 'a', 'cash', 'EUR', 2);",
    )
    .unwrap();
    for (n, category) in
        [Some("Food"), Some("food:x"), Some("odd::one"), None, Some("Food")].iter().enumerate()
    {
        conn.execute(
            "INSERT INTO movement (account, posted, amount_minor, payee, category, status, fingerprint)
             VALUES (1, '2026-01-01', ?1, 'P', ?2, 'posted', zeroblob(32))",
            rusqlite::params![n as i64, category],
        )
        .unwrap();
    }
    let store = Store::open(conn).unwrap();
    let tree = store.category_tree().unwrap();
    let names: Vec<&str> = tree.paths().iter().map(CategoryPath::as_str).collect();
    assert_eq!(names, ["Food", "food:x", "odd::one"]);
    let listed = |category: &str| {
        let query = TransactionQuery { category: Some(category.to_owned()), ..TransactionQuery::default() };
        store.movements(&query).unwrap().len()
    };
    assert_eq!((listed("food"), listed("odd::one"), listed("foo")), (3, 1, 0));
    assert_eq!(store.category_uses().unwrap().get("Food"), Some(&2));
}

#[test]
fn a_broken_split_is_found() {
    let store = store();
    let account = account(&store, "A", "EUR");
    let new = row("EUR", 1, 10, None);
    let id = store.add_movement(account, &new, Fingerprint::of(&new), false, None).unwrap();
    let part = |minor| SplitPart {
        category: CategoryPath::parse("A").unwrap(),
        amount: Money::new(minor, Currency::iso("EUR").unwrap()),
        memo: None,
    };
    store.set_split(id, &[part(4), part(6)]).unwrap();
    assert_eq!(store.broken_splits().unwrap(), []);
    store.set_split(id, &[part(4), part(5)]).unwrap();
    assert_eq!(store.broken_splits().unwrap(), [id]);
    store.set_split(id, &[part(4), part(6)]).unwrap();
    store.connection().execute("UPDATE movement SET category = 'A'", []).unwrap();
    assert_eq!(store.broken_splits().unwrap(), [id]);
}

#[test]
fn categories_and_their_sums_are_found_by_an_index() {
    let store = store();
    for (sql, index) in [
        ("SELECT id FROM movement WHERE category IN ('A', 'B')", "movement_by_category"),
        (
            "SELECT category, account, sum(amount_minor) FROM movement WHERE category IS NOT NULL
             AND posted BETWEEN '' AND '9999' AND status <> 'pending' GROUP BY category, account",
            "COVERING INDEX movement_by_category",
        ),
        ("SELECT movement FROM split WHERE category IN ('A', 'B')", "split_by_category"),
        ("SELECT 1 FROM movement_tag WHERE folded = 'x'", "movement_tag_by_tag"),
    ] {
        let plan: String =
            store.connection().query_row(&format!("EXPLAIN QUERY PLAN {sql}"), [], |row| row.get(3)).unwrap();
        assert!(plan.contains(index), "{plan}");
    }
}
