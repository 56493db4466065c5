use super::*;
use crate::money::{Currency, Money};
use proptest::prelude::*;

fn row(day: i8, minor: i64, payee: &str, bank_id: Option<&str>) -> NewTransaction {
    NewTransaction {
        posted: jiff::civil::date(2026, 3, day),
        amount: Money::new(minor, Currency::iso("EUR").unwrap()),
        payee: payee.to_owned(),
        payee_raw: payee.to_owned(),
        memo: None,
        reference: None,
        category: None,
        status: TransactionStatus::Posted,
        bank_id: bank_id.map(str::to_owned),
    }
}

/// Applies a statement to the rows of an account, as the store does, and says how many were added.
fn import(account: &mut Vec<Existing>, statement: &[NewTransaction]) -> usize {
    let incoming: Vec<Incoming> =
        statement.iter().map(|row| Incoming { row, fingerprint: Fingerprint::of(row) }).collect();
    let decisions = decide(account, &incoming);
    let before = account.len();
    for (incoming, decision) in incoming.iter().zip(decisions) {
        match decision {
            Decision::Add { trust_bank_id } => account.push(Existing {
                id: TransactionId(account.len() as i64),
                fingerprint: incoming.fingerprint,
                bank_id: incoming.row.bank_id.clone().filter(|_| trust_bank_id),
                posted: incoming.row.posted,
                amount_minor: incoming.row.amount.minor(),
                status: incoming.row.status,
            }),
            Decision::Update(id) => {
                let known = account.iter_mut().find(|known| known.id == id).unwrap();
                known.posted = incoming.row.posted;
                known.amount_minor = incoming.row.amount.minor();
                known.fingerprint = incoming.fingerprint;
                known.status = incoming.row.status;
            }
            Decision::Duplicate(_) => {}
        }
    }
    account.len() - before
}

#[test]
fn two_equal_coffees_stay_two_and_the_same_file_adds_none() {
    let file = [row(1, -350, "Coffee", None), row(1, -350, "Coffee", None)];
    let mut account = Vec::new();
    assert_eq!(import(&mut account, &file), 2);
    assert_eq!(import(&mut account, &file), 0);
    let third = [row(1, -350, "Coffee", None), row(1, -350, "COFFEE ", None), row(1, -350, "Coffee", None)];
    assert_eq!(import(&mut account, &third), 1);
}

#[test]
fn an_id_used_twice_in_a_statement_identifies_nothing() {
    let file = [row(1, -350, "Coffee", Some("7")), row(2, -900, "Lunch", Some("7"))];
    let mut account = Vec::new();
    assert_eq!(import(&mut account, &file), 2);
    assert!(account.iter().all(|known| known.bank_id.is_none()));
    assert_eq!(import(&mut account, &file), 0);
}

#[test]
fn an_id_that_comes_back_on_another_movement_adds_a_row() {
    let mut account = Vec::new();
    import(&mut account, &[row(1, -350, "Coffee", Some("7"))]);
    let later = [row(28, -350, "Coffee", Some("7")), row(3, -351, "Tea", Some("8"))];
    assert_eq!(import(&mut account, &later), 2);
    assert_eq!(import(&mut account, &later), 0);
}

#[test]
fn equal_rows_with_different_ids_are_different_movements() {
    let mut account = Vec::new();
    import(&mut account, &[row(1, -350, "Coffee", Some("a"))]);
    assert_eq!(import(&mut account, &[row(1, -350, "Coffee", Some("b"))]), 1);
}

#[test]
fn a_pending_row_is_booked_not_doubled() {
    let mut account = Vec::new();
    let mut pending = row(1, -350, "Cafe", Some("a"));
    pending.status = TransactionStatus::Pending;
    import(&mut account, std::slice::from_ref(&pending));
    let booked = row(3, -370, "Corner Cafe", Some("a"));
    assert_eq!(import(&mut account, std::slice::from_ref(&booked)), 0);
    assert_eq!(account[0].amount_minor, -370);
    assert_eq!(account[0].status, TransactionStatus::Posted);
    assert_eq!(import(&mut account, &[booked]), 0);
}

#[test]
fn an_id_of_zeros_is_no_id() {
    let file = [row(1, -350, "Coffee", Some("0000"))];
    let mut account = Vec::new();
    import(&mut account, &file);
    assert!(account[0].bank_id.is_none());
}

#[test]
fn a_hundred_thousand_equal_rows_are_decided_quickly() {
    let file = vec![row(1, -350, "Coffee", None); 100_000];
    let mut account = Vec::new();
    assert_eq!(import(&mut account, &file), file.len());
    let incoming: Vec<Incoming> =
        file.iter().map(|row| Incoming { row, fingerprint: Fingerprint::of(row) }).collect();
    // Quadratic work would take minutes here.
    assert!(decide(&account, &incoming).iter().all(|decision| matches!(decision, Decision::Duplicate(_))));
}

fn any_row() -> impl Strategy<Value = NewTransaction> {
    (1i8..=5, 1i64..=3, 0usize..3, proptest::option::of(0u8..4)).prop_map(|(day, minor, payee, id)| {
        row(day, minor, ["a", "b", "c"][payee], id.map(|id| ["w", "x", "y", "z"][usize::from(id)]))
    })
}

proptest! {
    #[test]
    fn any_file_imported_twice_adds_nothing(file in proptest::collection::vec(any_row(), 0..12)) {
        let mut account = Vec::new();
        prop_assert_eq!(import(&mut account, &file), file.len());
        prop_assert_eq!(import(&mut account, &file), 0);
    }

    #[test]
    fn no_row_of_any_later_file_is_lost(first in proptest::collection::vec(any_row(), 0..8), second in proptest::collection::vec(any_row(), 0..8)) {
        let mut account = Vec::new();
        import(&mut account, &first);
        import(&mut account, &second);
        // Every distinct row of the second file is in the account at least as often as the file has it.
        for wanted in &second {
            let print = Fingerprint::of(wanted);
            let in_file = second.iter().filter(|row| Fingerprint::of(row) == print).count();
            let in_account = account.iter().filter(|known| known.fingerprint == print || known.amount_minor == wanted.amount.minor()).count();
            prop_assert!(in_account >= in_file);
        }
    }
}
