//! The guard on figures of every kind, also those that no fact of this version makes.

use super::*;
use crate::ledger::{AccountKind, Fingerprint, NewAccount, NewTransaction, RowSet, TransactionStatus};
use crate::money::{Currency, Money};
use crate::store::disclosures::DisclosureRow;
use jiff::civil::date;
use rusqlite::Connection;

struct House {
    store: Store,
    account: AccountId,
    recipients: Vec<RecipientRow>,
}

impl House {
    /// An account with rows of one day each, and two recipients.
    fn new(rows: i64) -> Self {
        let store = Store::open(Connection::open_in_memory().unwrap()).unwrap();
        let eur = Currency::iso("EUR").unwrap();
        let account = NewAccount {
            name: "Everyday".to_owned(),
            kind: AccountKind::Checking,
            currency: eur,
            institution: None,
            number: None,
            opening: None,
        };
        let account = store.add_account(&account, None).unwrap().id;
        let now = Timestamp::UNIX_EPOCH;
        let recipients = ["Lender", "Landlord"]
            .map(|name| store.add_recipient(name, None, &[0; 32], now).unwrap())
            .to_vec();
        let first = date(2000, 1, 1);
        store.connection().execute_batch("BEGIN").unwrap();
        for row in 0..rows {
            let row = NewTransaction {
                // A hundred rows a day at most, so that a million fit into a calendar.
                posted: first + jiff::Span::new().days(if rows > 10_000 { row / 100 } else { row }),
                amount: Money::new(row, eur),
                payee: "Shop".to_owned(),
                payee_raw: "Shop".to_owned(),
                memo: None,
                reference: None,
                category: None,
                status: TransactionStatus::Posted,
                bank_id: None,
            };
            store.add_movement(account, &row, Fingerprint([0; 32]), false, None).unwrap();
        }
        store.connection().execute_batch("COMMIT").unwrap();
        Self { store, account, recipients }
    }

    fn judge(&self, recipient: usize, figures: &[Figure]) -> Verdict {
        let guard = Guard {
            store: &self.store,
            recipient: &self.recipients[recipient],
            today: date(2100, 1, 1),
            seed: [9; 32],
        };
        guard
            .judge_figures(figures, &[], policy_of(&self.store, self.recipients[recipient].id).unwrap())
            .unwrap()
    }

    /// Discloses what may be disclosed.
    fn disclose(&self, recipient: usize, figures: &[Figure]) {
        let verdict = self.judge(recipient, figures);
        assert_eq!(verdict.refusal, None);
        let count = self.store.disclosures().unwrap().len();
        let row = DisclosureRow {
            id: 0,
            jti: format!("{count}"),
            recipient: self.recipients[recipient].id,
            purpose: String::new(),
            issued_at: Timestamp::UNIX_EPOCH,
            expires_at: Timestamp::UNIX_EPOCH,
            sha256: String::new(),
            token: String::new(),
            root_salt: [0; 32],
        };
        let id = self.store.add_disclosure(&row).unwrap();
        verdict.keep(&self.store, id).unwrap();
    }

    fn threshold(&self, level: i64) -> [Figure; 1] {
        let kind = Kind::Threshold { account: self.account.0, question: format!("at-least {level}.00 EUR") };
        [Figure { kind, account: Some(self.account), rows: RowSet::from_ids(1..=10) }]
    }

    fn totals(&self, cells: &[std::ops::RangeInclusive<i64>]) -> Vec<Figure> {
        let cell = |rows: &std::ops::RangeInclusive<i64>| Figure {
            kind: Kind::Sum,
            account: Some(self.account),
            rows: RowSet::from_ids(rows.clone()),
        };
        cells.iter().map(cell).collect()
    }

    fn balance(&self, after: i64) -> [Figure; 1] {
        let rows = RowSet::from_ids(1..=after).with(RowSet::anchor_of(self.account));
        [Figure { kind: Kind::Sum, account: Some(self.account), rows }]
    }
}

#[test]
fn a_binary_search_by_thresholds_ends_at_the_budget() {
    let house = House::new(10);
    let mut level = 512;
    for answered in 0..5 {
        house.disclose(0, &house.threshold(level));
        level += 256 >> answered;
    }
    let refusal = house.judge(0, &house.threshold(level)).refusal.unwrap();
    assert_eq!(
        refusal.over_budget,
        [OverBudget { account: "Everyday".to_owned(), answers: 6, budget: 5, together: false }]
    );
    assert!(
        refusal.to_string().contains("Lender would have 6 yes-or-no answers on \"Everyday\""),
        "{refusal}"
    );
    // The same question again tells nothing new. Several at once are several.
    assert_eq!(house.judge(0, &house.threshold(512)).refusal, None);
    let many: Vec<Figure> = (0..6).flat_map(|level| house.threshold(level)).collect();
    assert_eq!(house.judge(1, &many).refusal.unwrap().over_budget[0].answers, 6);
    // Another recipient has a budget of their own, and the owner is told what they know together.
    let verdict = house.judge(1, &house.threshold(1));
    assert_eq!(verdict.refusal, None);
    assert_eq!(verdict.warnings, ["all recipients together would have 6 yes-or-no answers on \"Everyday\""]);
    let strict = PolicyRow { k: 3, threshold_budget: 5, collusion: "refuse".to_owned() };
    house.store.set_recipient_policy(house.recipients[1].id, &strict).unwrap();
    assert!(house.judge(1, &house.threshold(1)).refusal.unwrap().over_budget[0].together);
    let none = PolicyRow { threshold_budget: 0, ..strict };
    house.store.set_recipient_policy(house.recipients[0].id, &none).unwrap();
    assert!(house.judge(0, &house.threshold(2)).refusal.is_some());
}

#[test]
fn totals_are_judged_with_one_another_and_with_balances() {
    let house = House::new(40);
    // A cell of two rows; a hidden cell that its neighbours and the margin give away.
    assert_eq!(house.judge(0, &house.totals(&[1..=2])).refusal.unwrap().leaks.len(), 1);
    let refusal = house.judge(0, &house.totals(&[1..=40, 1..=20, 23..=40])).refusal.unwrap();
    let ids: Vec<i64> = refusal.leaks[0].rows.iter().map(|row| row.id.0).collect();
    assert_eq!(ids, [21, 22]);
    // A quarter, and later the quarter less a day; or two balances around all but a day of it.
    house.disclose(0, &house.totals(&[11..=30]));
    assert!(house.judge(0, &house.totals(&[11..=29])).refusal.is_some());
    house.disclose(0, &house.balance(10));
    assert!(house.judge(0, &house.balance(29)).refusal.is_some());
    let verdict = house.judge(0, &house.balance(25));
    assert_eq!((verdict.refusal, verdict.earlier), (None, 2));
    assert_eq!(verdict.afterwards.len(), 2, "{:?}", verdict.afterwards);
}

#[test]
fn a_long_series_is_kept_as_differences() {
    let house = House::new(300);
    for after in [30, 60, 90, 33, 63, 93, 120, 150] {
        house.disclose(0, &house.balance(after));
    }
    let kept = house.store.aggregates().unwrap();
    assert_eq!(kept.iter().filter(|row| row.base.is_none()).count(), 1);
    assert_eq!(kept[3].base, Some(kept[0].id));
    assert_eq!((kept[3].added.runs(), kept[3].removed.len()), (&[(31, 33)][..], 0));
    let refusal = house.judge(0, &house.balance(92)).refusal.unwrap();
    let groups: Vec<Vec<i64>> =
        refusal.leaks.iter().map(|leak| leak.rows.iter().map(|row| row.id.0).collect()).collect();
    assert_eq!(groups, [vec![91, 92], vec![93]]);
}

#[test]
#[ignore = "measures; run in release"]
fn a_thousand_disclosures_over_a_million_rows() {
    let house = House::new(1_000_000);
    let begun = std::time::Instant::now();
    let recipient = |number: i64| usize::from(number % 2 == 0);
    for number in 1..=1_000 {
        house.disclose(recipient(number), &house.balance(number * 997));
    }
    println!("\n1,000 disclosures judged and kept in {:.1} s", begun.elapsed().as_secs_f64());
    let begun = std::time::Instant::now();
    let fact = FactRequest::balance(house.account, date(2027, 5, 18));
    let guard = Guard {
        store: &house.store,
        recipient: &house.recipients[0],
        today: date(2100, 1, 1),
        seed: [9; 32],
    };
    let verdict = guard.judge(&[fact], &[]).unwrap();
    println!("the next one is judged in {:.3} s: {:?}", begun.elapsed().as_secs_f64(), verdict.refusal);
    let size: usize = house.store.aggregates().unwrap().iter().map(|row| row.added.to_bytes().len()).sum();
    println!("the sets take {size} bytes");
}
