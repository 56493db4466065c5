use super::*;
use crate::ledger::{BatchId, NewTransaction};
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

impl IncomingRows for Vec<NewTransaction> {
    fn len(&self) -> usize {
        self.as_slice().len()
    }

    fn posted(&self, index: usize) -> Option<Date> {
        Some(self.get(index)?.posted)
    }

    fn amount_minor(&self, index: usize) -> Option<i64> {
        Some(self.get(index)?.amount.minor())
    }

    fn status(&self, index: usize) -> Option<TransactionStatus> {
        Some(self.get(index)?.status)
    }

    fn bank_id(&self, index: usize) -> Option<&str> {
        self.get(index)?.bank_id.as_deref()
    }

    fn text(&self, index: usize) -> String {
        self.get(index)
            .map(|row| format!("{} {}", row.payee, row.memo.as_deref().unwrap_or_default()))
            .unwrap_or_default()
    }

    fn fingerprint(&self, index: usize) -> Option<Fingerprint> {
        self.get(index).map(Fingerprint::of)
    }
}

/// A row as the store keeps it.
struct Kept {
    fingerprint: Fingerprint,
    bank_id: Option<String>,
    posted: Date,
    amount_minor: i64,
    status: TransactionStatus,
    batch: Option<BatchId>,
}

/// An account as the store keeps it.
#[derive(Default)]
struct Account {
    rows: Vec<Kept>,
    writings: Vec<Writing>,
    periods: Vec<(BatchId, Source)>,
    payees: Vec<String>,
}

impl Account {
    fn known(&self) -> Known {
        let mut rows = KnownRows::default();
        for (number, row) in self.rows.iter().enumerate() {
            rows.push(&Existing {
                subject: Subject::Row(TransactionId(number as i64)),
                fingerprint: row.fingerprint.head(),
                bank_id: row.bank_id.as_deref(),
                posted: row.posted,
                amount_minor: row.amount_minor,
                status: row.status,
                batch: row.batch,
            });
        }
        Known { rows, writings: self.writings.clone(), sources: Sources::new(self.periods.clone()) }
    }

    /// Imports a statement and says what was decided for each row.
    fn import_as(&mut self, format: &str, statement: &[NewTransaction], similar: Similar) -> Vec<Decision> {
        let batch = BatchId(self.periods.len() as i64 + 1);
        let days = statement.iter().map(|row| row.posted);
        let days = days.clone().min().zip(days.max());
        let (known, incoming) = (self.known(), statement.to_vec());
        let mut matching = Matching::new(&known, &incoming, format);
        let texts = matching.compared().into_iter().map(|subject| {
            let Subject::Row(id) = subject else { panic!("nothing was deleted") };
            (subject, folded_text(&self.payees[id.0 as usize]))
        });
        let texts = texts.collect();
        matching.line_up(&texts, days, similar);
        let decisions: Vec<Decision> = matching.decisions().collect();
        self.apply(batch, statement, &decisions);
        let periods = days.into_iter().collect();
        self.periods.push((batch, Source { format: format.to_owned(), periods }));
        decisions
    }

    fn apply(&mut self, batch: BatchId, incoming: &[NewTransaction], decisions: &[Decision]) {
        for (row, decision) in incoming.iter().zip(decisions) {
            let fingerprint = Fingerprint::of(row);
            match decision {
                Decision::Add { trust_bank_id, .. } => {
                    self.rows.push(Kept {
                        fingerprint,
                        bank_id: row.bank_id.clone().filter(|_| *trust_bank_id),
                        posted: row.posted,
                        amount_minor: row.amount.minor(),
                        status: row.status,
                        batch: Some(batch),
                    });
                    self.payees.push(row.payee.clone());
                }
                Decision::Book { id, trust_bank_id, .. } => {
                    let of = id.0 as usize;
                    let known = &mut self.rows[of];
                    self.writings.push(Writing {
                        of,
                        fingerprint: known.fingerprint.head(),
                        bank_id: None,
                        posted: known.posted,
                        amount_minor: known.amount_minor,
                        status: known.status,
                        batch,
                    });
                    known.posted = row.posted;
                    known.amount_minor = row.amount.minor();
                    known.fingerprint = fingerprint;
                    known.status = row.status;
                    if known.bank_id.is_none() {
                        known.bank_id = row.bank_id.clone().filter(|_| *trust_bank_id);
                    }
                }
                Decision::Known { subject: Subject::Row(id), reason, trust_bank_id } => {
                    if matches!(reason, Reason::Rule { .. }) || *trust_bank_id {
                        self.writings.push(Writing {
                            of: id.0 as usize,
                            fingerprint: fingerprint.head(),
                            bank_id: row.bank_id.clone().filter(|_| *trust_bank_id),
                            posted: row.posted,
                            amount_minor: row.amount.minor(),
                            status: row.status,
                            batch,
                        });
                    }
                }
                Decision::Known { .. } => panic!("nothing was deleted"),
            }
        }
    }
}

/// Imports a statement of one format and says how many rows were added.
fn import(account: &mut Account, statement: &[NewTransaction]) -> usize {
    added(&account.import_as("ofx1", statement, Similar::Judge))
}

fn added(decisions: &[Decision]) -> usize {
    decisions.iter().filter(|decision| matches!(decision, Decision::Add { .. })).count()
}

fn doubtful(decisions: &[Decision]) -> usize {
    decisions.iter().filter(|decision| matches!(decision, Decision::Add { doubt: Some(_), .. })).count()
}

#[test]
fn two_equal_coffees_stay_two_and_the_same_file_adds_none() {
    let file = [row(1, -350, "Coffee", None), row(1, -350, "Coffee", None)];
    let mut account = Account::default();
    assert_eq!(import(&mut account, &file), 2);
    assert_eq!(import(&mut account, &file), 0);
    let third = [row(1, -350, "Coffee", None), row(1, -350, "COFFEE ", None), row(1, -350, "Coffee", None)];
    assert_eq!(import(&mut account, &third), 1);
}

#[test]
fn an_id_used_twice_in_a_statement_identifies_nothing() {
    let file = [row(1, -350, "Coffee", Some("7")), row(2, -900, "Lunch", Some("7"))];
    let mut account = Account::default();
    assert_eq!(import(&mut account, &file), 2);
    assert!(account.rows.iter().all(|known| known.bank_id.is_none()));
    assert_eq!(import(&mut account, &file), 0);
}

#[test]
fn an_id_that_comes_back_on_another_movement_adds_a_row() {
    let mut account = Account::default();
    import(&mut account, &[row(1, -350, "Coffee", Some("7"))]);
    let later = [row(28, -350, "Coffee", Some("7")), row(3, -351, "Tea", Some("8"))];
    assert_eq!(import(&mut account, &later), 2);
    assert_eq!(import(&mut account, &later), 0);
}

#[test]
fn equal_rows_with_different_ids_are_different_movements() {
    let mut account = Account::default();
    import(&mut account, &[row(1, -350, "Coffee", Some("a"))]);
    assert_eq!(import(&mut account, &[row(1, -350, "Coffee", Some("b"))]), 1);
}

#[test]
fn a_pending_row_is_booked_not_doubled() {
    let mut account = Account::default();
    let mut pending = row(1, -350, "Cafe", Some("a"));
    pending.status = TransactionStatus::Pending;
    import(&mut account, std::slice::from_ref(&pending));
    let booked = row(3, -370, "Corner Cafe", Some("a"));
    assert_eq!(import(&mut account, std::slice::from_ref(&booked)), 0);
    assert_eq!(account.rows[0].amount_minor, -370);
    assert_eq!(account.rows[0].status, TransactionStatus::Posted);
    assert_eq!(import(&mut account, &[booked]), 0);
}

#[test]
fn an_id_of_zeros_is_no_id() {
    let file = [row(1, -350, "Coffee", Some("0000"))];
    let mut account = Account::default();
    import(&mut account, &file);
    assert!(account.rows[0].bank_id.is_none());
}

#[test]
fn a_hundred_thousand_equal_rows_are_decided_quickly() {
    let file = vec![row(1, -350, "Coffee", None); 100_000];
    let mut account = Account::default();
    assert_eq!(import(&mut account, &file), file.len());
    let incoming = file.to_vec();
    // Quadratic work would take minutes here.
    assert!(
        Matching::new(&account.known(), &incoming, "ofx1")
            .decisions()
            .all(|decision| matches!(decision, Decision::Known { .. }))
    );
}

fn pending(day: i8, minor: i64, payee: &str, bank_id: Option<&str>) -> NewTransaction {
    NewTransaction { status: TransactionStatus::Pending, ..row(day, minor, payee, bank_id) }
}

#[test]
fn a_pending_row_is_booked_by_amount_and_the_older_download_adds_nothing_afterwards() {
    let mut account = Account::default();
    let before = [pending(1, -350, "CAFE*1234", None), row(1, -999, "Rent", None)];
    assert_eq!(import(&mut account, &before), 2);
    assert_eq!(import(&mut account, &[row(3, -350, "Corner Cafe GmbH", None)]), 0);
    assert_eq!(account.rows[0].status, TransactionStatus::Posted);
    assert_eq!(import(&mut account, &before), 0, "the pending writing is remembered");
    assert_eq!(account.rows[0].status, TransactionStatus::Posted);
}

#[test]
fn of_two_withdrawals_of_one_amount_neither_takes_the_place_of_the_other() {
    let mut account = Account::default();
    import(&mut account, &[pending(1, -2_000, "ATM Main Street", None)]);
    let decisions = account.import_as("ofx1", &[row(2, -2_000, "Bakery", None)], Similar::Judge);
    assert_eq!((added(&decisions), doubtful(&decisions)), (1, 1), "{decisions:?}");
    assert_eq!(account.rows[0].status, TransactionStatus::Pending);
    // Alike texts, and the booked row is another: the one that was pending is added when it is booked.
    let mut account = Account::default();
    import(&mut account, &[pending(1, -2_000, "ATM Main Street", None)]);
    assert_eq!(import(&mut account, &[row(3, -2_000, "ATM Main Street", None)]), 0);
    assert_eq!(import(&mut account, &[row(1, -2_000, "ATM Main Street", None)]), 1);
}

#[test]
fn a_tip_is_no_second_meal_but_another_shop_is() {
    let mut account = Account::default();
    import(&mut account, &[pending(1, -4_000, "RISTORANTE ROMA", None)]);
    let mut file = vec![row(3, -4_500, "Ristorante Roma Hamburg", None)];
    assert_eq!(import(&mut account, &file), 0);
    assert_eq!(account.rows[0].amount_minor, -4_500);

    let mut account = Account::default();
    import(&mut account, &[pending(1, -4_000, "RISTORANTE ROMA", None)]);
    file[0].payee = "Bookshop".to_owned();
    assert_eq!(import(&mut account, &file), 1, "another text and another amount");
    let mut account = Account::default();
    import(&mut account, &[pending(1, -4_000, "RISTORANTE ROMA", None)]);
    let two = [row(3, -4_500, "Ristorante Roma", None), row(3, -4_400, "Ristorante Roma", None)];
    assert_eq!(import(&mut account, &two), 2, "either could be meant");
}

#[test]
fn a_hold_that_changes_much_is_recognised_by_its_id_alone() {
    let mut account = Account::default();
    import(&mut account, &[pending(1, -100, "FUEL STATION", Some("h1"))]);
    assert_eq!(import(&mut account, &[row(2, -6_320, "FUEL STATION", Some("h1"))]), 0);
    assert_eq!(account.rows[0].amount_minor, -6_320);
    let mut account = Account::default();
    import(&mut account, &[pending(1, -100, "FUEL STATION", None)]);
    assert_eq!(import(&mut account, &[row(2, -6_320, "FUEL STATION", None)]), 1);
}

#[test]
fn a_pending_row_that_the_statement_no_longer_has_is_named() {
    let mut account = Account::default();
    import(&mut account, &[pending(2, -350, "Hotel", None)]);
    let file = [row(1, -1, "a", None), row(9, -2, "b", None)];
    let (known, incoming) = (account.known(), file.to_vec());
    let matching = Matching::new(&known, &incoming, "ofx1");
    let days = (file[0].posted, file[1].posted);
    assert_eq!(matching.left_pending(days), [TransactionId(0)]);
    assert!(matching.left_pending((file[1].posted, file[1].posted)).is_empty());
}

#[test]
fn an_overlapping_statement_of_another_format_lines_up() {
    let mut account = Account::default();
    let ofx = [
        row(1, -350, "CORNER CAFE 0231", Some("a")),
        row(1, -350, "CORNER CAFE 0231", Some("b")),
        row(5, -9_900, "STADTWERKE", Some("c")),
        row(20, -1_200, "BOOKS", Some("d")),
    ];
    assert_eq!(import(&mut account, &ofx), 4);
    let csv = [
        row(2, -350, "Corner Cafe", None),
        row(2, -350, "Corner Cafe", None),
        row(2, -350, "Corner Cafe", None),
        row(6, -9_900, "Lastschrift", None),
        row(20, -1_200, "Bookshop", None),
        row(25, -5_000, "New one", None),
    ];
    let decisions = account.import_as("csv", &csv, Similar::Judge);
    assert_eq!(
        (added(&decisions), doubtful(&decisions)),
        (2, 0),
        "a third coffee, and the new one: {decisions:?}"
    );
    assert_eq!(added(&account.import_as("csv", &csv, Similar::Judge)), 0);
    assert_eq!(import(&mut account, &ofx), 0);
}

#[test]
fn what_is_not_certain_is_added_and_told_or_merged_when_asked() {
    let march = [row(30, -10, "x", None), row(31, -5_000, "SUPERMARKT", Some("a"))];
    let mut april = [row(1, -5_000, "Groceries", None), row(9, -20, "y", None)];
    for (row, day) in april.iter_mut().zip([1, 9]) {
        row.posted = jiff::civil::date(2026, 4, day);
    }
    let mut account = Account::default();
    import(&mut account, &march);
    let decisions = account.import_as("csv", &april, Similar::Judge);
    assert_eq!((added(&decisions), doubtful(&decisions)), (2, 1));
    let mut account = Account::default();
    import(&mut account, &march);
    assert_eq!(added(&account.import_as("csv", &april, Similar::Merge)), 1);
    let mut account = Account::default();
    import(&mut account, &march);
    let decisions = account.import_as("csv", &april, Similar::Add);
    assert_eq!((added(&decisions), doubtful(&decisions)), (2, 0));
}

#[test]
fn one_format_is_trusted_to_write_a_row_alike_twice() {
    let mut account = Account::default();
    let first = [row(1, -1, "a", None), row(2, -350, "Coffee house", None), row(9, -2, "b", None)];
    import(&mut account, &first);
    // The bank changed its text: the row is not there any more, another of its day and amount is.
    let renamed = [row(1, -1, "a", None), row(2, -350, "COFFEE HOUSE BERLIN", None), row(9, -2, "b", None)];
    assert_eq!(import(&mut account, &renamed), 0);
    let other = [row(1, -1, "a", None), row(2, -350, "Bakery", None), row(9, -2, "b", None)];
    let decisions = account.import_as("ofx1", &other, Similar::Judge);
    assert_eq!((added(&decisions), doubtful(&decisions)), (1, 1));
    // A month later: the same amount is just a row of its own.
    let later = [row(12, -350, "Coffee house", None)];
    assert_eq!(added(&account.import_as("ofx1", &later, Similar::Judge)), 1);
}

#[test]
fn a_row_entered_by_hand_is_recognised_by_a_text_alike() {
    let mut account = Account::default();
    import(&mut account, &[row(2, -4_000, "Dentist", None), row(2, -700, "Lunch", None)]);
    for known in &mut account.rows {
        known.batch = None;
    }
    let file = [row(3, -4_000, "DENTIST DR EXAMPLE", Some("a")), row(3, -700, "CANTEEN", Some("b"))];
    let decisions = account.import_as("ofx1", &file, Similar::Judge);
    assert_eq!((added(&decisions), doubtful(&decisions)), (1, 1), "{decisions:?}");
}

fn any_row() -> impl Strategy<Value = NewTransaction> {
    (1i8..=5, 1i64..=3, 0usize..3, proptest::option::of(0u8..4)).prop_map(|(day, minor, payee, id)| {
        row(day, minor, ["a", "b", "c"][payee], id.map(|id| ["w", "x", "y", "z"][usize::from(id)]))
    })
}

proptest! {
    #[test]
    fn any_file_imported_twice_adds_nothing(file in proptest::collection::vec(any_row(), 0..12)) {
        let mut account = Account::default();
        prop_assert_eq!(import(&mut account, &file), file.len());
        prop_assert_eq!(import(&mut account, &file), 0);
    }

    #[test]
    fn no_row_of_any_later_file_is_lost(first in proptest::collection::vec(any_row(), 0..8), second in proptest::collection::vec(any_row(), 0..8), format in "ofx1|csv") {
        let mut account = Account::default();
        import(&mut account, &first);
        account.import_as(&format, &second, Similar::Merge);
        // Every distinct row of the second file is in the account at least as often as the file has it.
        for wanted in &second {
            let print = Fingerprint::of(wanted);
            let in_file = second.iter().filter(|row| Fingerprint::of(row) == print).count();
            let in_account = account.rows.iter().filter(|known| known.fingerprint == print || known.amount_minor == wanted.amount.minor()).count();
            prop_assert!(in_account >= in_file);
            let alike = second.iter().filter(|row| row.amount == wanted.amount).count();
            let there = account.rows.iter().filter(|known| known.amount_minor == wanted.amount.minor()).count();
            prop_assert!(there >= alike, "each row of an amount stands for a row of the account");
        }
    }
}
