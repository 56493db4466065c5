//! Ways to work out what was not told, each tried on a real vault and refused, with a harmless series beside it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "age")]

mod attack_house;

use attack_house::{House, day, eur, now, only, rounded, with_whole};
use finvault::disclosure::{Fact, Grouping, Measure, Operator, Period, Purpose};
use finvault::vault::{
    DisclosureRequest, ErrorClass, FactRequest, InferencePolicy, LabelChoice, TransactionField, VaultError,
};

#[test]
fn overlapping_windows() {
    let mut house = House::of_days(40);
    house.allow(0, house.income(1, 20));
    house.allow(0, house.income(1, 8));
    // The first less these two is a single day.
    assert_eq!(house.leaks(0, house.income(9, 19)), [[20]]);
    assert_eq!(house.leaks(0, house.income(9, 18)), [[19, 20]]);
    house.allow(0, house.income(9, 17));
    // Windows that overlap by enough, and leave enough over, are no matter.
    for from in [21, 24, 27] {
        house.allow(0, house.income(from, from + 8));
    }
}

#[test]
fn a_quarter_and_the_quarter_less_a_day() {
    let mut house = House::of_days(273);
    house.allow(0, house.income(182, 273));
    assert_eq!(house.leaks(0, house.income(182, 272)), [[273]]);
    assert_eq!(house.leaks(0, house.income(183, 273)), [[182]]);
    house.allow(0, house.income(182, 243));
    for quarter in [1, 91] {
        house.allow(0, house.income(quarter, quarter + 89));
    }
}

/// Food on every day, health on two days of the first month and three of the second.
fn with_a_small_category() -> House {
    let mut house = House::new();
    for number in 1..=90 {
        house.add(number, -number, "Market", Some("Food"));
    }
    for (on, minor) in [(3, -5_001), (4, -6_001), (40, -7_001), (41, -8_001), (42, -9_001)] {
        house.add(on, minor, "Clinic", Some("Health"));
    }
    house
}

#[test]
fn the_complement_of_a_suppressed_cell() {
    let mut house = with_a_small_category();
    let by_category = |house: &House| house.totals(1, 31, Grouping::Category, Period::Window);
    let Fact::Totals(table) = house.disclose(0, &[by_category(&house)]).unwrap().swap_remove(0) else {
        panic!()
    };
    assert_eq!((table.periods[0].suppressed_cells, table.min_rows), (1, 3));
    // By a total over all categories.
    let all = house.totals(1, 31, Grouping::Flow, Period::Window);
    assert_eq!(house.leaks(0, all), [[91, 92]]);
    // By a filter that leaves it alone; and asked for by itself there is nothing to state.
    let by_payee = house.totals(1, 31, Grouping::Payee, Period::Window);
    let clinic = only(by_payee.clone(), |filter| filter.payee = Some("clinic".to_owned()));
    assert!(matches!(house.preview(0, &[clinic]), Err(VaultError::AllSuppressed { k: 3, .. })));
    let health = only(house.income(1, 31), |filter| filter.category = Some("Health".to_owned()));
    assert!(matches!(house.preview(0, &[health]), Err(VaultError::AllSuppressed { k: 3, .. })));
    // By another period: the window at hand is the whole quarter less the two other months.
    house.allow(0, house.totals(32, 59, Grouping::Category, Period::Window));
    let quarter = house.totals(1, 90, Grouping::Category, Period::Window);
    assert_eq!(house.leaks(0, quarter), [[91, 92]]);
    house.allow(0, house.totals(60, 90, Grouping::Flow, Period::Month));
}

#[test]
fn a_table_that_states_its_whole_gives_no_hidden_cell_away() {
    let mut house = with_a_small_category();
    house.add(5, -77, "Cinema", Some("Leisure"));
    house.add(6, -78, "Cinema", Some("Leisure"));
    house.add(7, -79, "Cinema", Some("Leisure"));
    house.allow(0, with_whole(house.totals(1, 31, Grouping::Category, Period::Window)));
    // The same month as the payees see it, where the smallest cell is one of the two that were hidden.
    let payees = only(house.totals(1, 31, Grouping::Payee, Period::Window), |filter| {
        filter.payee = Some("cinema".to_owned());
    });
    assert_eq!(house.leaks(0, payees), [[91, 92]]);
    house.allow(0, with_whole(house.totals(60, 90, Grouping::Flow, Period::Window)));
}

#[test]
fn binary_search_by_thresholds() {
    for measure in [Measure::Closing, Measure::EveryDay, Measure::Average] {
        let mut house = House::of_days(30);
        let question = |house: &House, level: i64| FactRequest::Threshold {
            account: house.account,
            measure,
            operator: Operator::AtLeast,
            amount: eur(level),
            from: if measure == Measure::Closing { day(30) } else { day(2) },
            to: day(30),
            label: LabelChoice::Nothing,
        };
        let (mut low, mut high) = (0, 1 << 20);
        for _ in 0..5 {
            let middle = (low + high) / 2;
            let fact = question(&house, middle);
            match house.disclose(0, &[fact]).unwrap().swap_remove(0) {
                Fact::Threshold(answer) if answer.result => low = middle,
                _ => high = middle,
            }
        }
        let refusal = house.refuse(0, &[question(&house, (low + high) / 2)]);
        assert_eq!((refusal.over_budget[0].answers, refusal.leaks.len()), (6, 0));
        assert!(high - low > 30_000, "{}", high - low);
        // What was answered may be answered again.
        house.allow(0, question(&house, 1 << 19));
    }
}

#[test]
fn binary_search_by_a_filter_on_amounts() {
    let mut house = House::of_days(30);
    let search = |house: &House, level: i64, fields: &[TransactionField]| {
        only(house.rows(30, 30, fields), |filter| filter.at_least = Some(eur(level)))
    };
    let (date, amount) = ([TransactionField::Date], [TransactionField::Date, TransactionField::Amount]);
    // Whether the row of a day is there tells whether it is that large, shown or not.
    for level in [4_000, 3_500, 3_250] {
        house.allow(0, search(&house, level, &date));
    }
    house.allow(0, search(&house, 3_125, &amount));
    let above = only(house.income(1, 30), |filter| filter.at_least = Some(eur(2_000)));
    house.allow(0, above);
    let refusal = house.refuse(0, &[search(&house, 3_060, &date)]);
    assert_eq!(refusal.over_budget[0].answers, 6);
    // The same level on other days is the same question, and one exact amount that is shown is none.
    house.allow(0, only(house.rows(1, 29, &date), |filter| filter.at_least = Some(eur(3_500))));
    let exact = only(house.rows(1, 29, &amount), |filter| {
        (filter.at_least, filter.at_most) = (Some(eur(701)), Some(eur(701)));
    });
    house.allow(0, exact);
}

#[test]
fn two_balances_around_one_transaction() {
    let mut house = House::of_days(30);
    house.allow(0, house.balance(10));
    assert_eq!(house.leaks(0, house.balance(11)), [[11]]);
    assert_eq!(house.leaks(0, house.balance(8)), [[9, 10]]);
    // A balance and a total are two balances.
    house.allow(0, house.income(11, 20));
    assert_eq!(house.leaks(0, house.balance(21)), [[21]]);
    for on in [20, 23, 26, 30] {
        house.allow(0, house.balance(on));
    }
}

#[test]
fn two_recipients_together() {
    let mut house = House::of_days(30);
    house.allow(0, house.income(1, 30));
    let less = house.income(1, 29);
    let warnings = house.preview(1, std::slice::from_ref(&less)).unwrap().warnings;
    let told = "Landlord and Lender together could work out 1 transaction that was shown to none of them";
    assert!(warnings.iter().any(|warning| warning == told), "{warnings:?}");
    house.strict(3);
    let refusal = house.refuse(1, &[less]);
    assert!(refusal.leaks[0].together);
    assert!(refusal.explanation().contains("to Lender"), "{}", refusal.explanation());
    house.allow(1, house.income(1, 27));
    house.allow(1, house.balance(30));
}

#[test]
fn totals_by_payee_beside_transactions_without_amounts() {
    let mut house = House::new();
    for number in 1..=30 {
        house.add(number, -number, ["Market", "Bakery", "Cinema"][number as usize % 3], None);
    }
    // Days and payees of all rows, and what each payee got: no row's amount follows.
    house.allow(0, house.rows(1, 30, &[TransactionField::Date, TransactionField::Payee]));
    house.allow(0, house.totals(1, 30, Grouping::Payee, Period::Window));
    // The same less the days of one row of each payee.
    assert_eq!(house.leaks(0, house.totals(4, 30, Grouping::Payee, Period::Window)), [[1], [2], [3]]);
    // Days later the row is one of three between the balances, and then its payee's own.
    house.allow(0, house.balance(0));
    house.allow(0, house.balance(3));
    assert_eq!(house.leaks(0, house.totals(1, 27, Grouping::Payee, Period::Window)), [[28], [29], [30]]);
    house.allow(0, house.totals(1, 21, Grouping::Payee, Period::Window));
}

#[test]
fn rounding_does_not_make_a_difference_safe_and_averages_out_on_one_balance() {
    let mut house = House::of_days(30);
    house.allow(0, rounded(house.balance(10), 10_000));
    assert_eq!(house.leaks(0, rounded(house.balance(11), 100_000)), [[11]]);
    // What is not caught: one balance, rounded to one step after another, becomes known ever more closely. It is no
    // transaction; what was told is listed as a balance, and the preview says how often it was.
    for (told, step) in [7_000, 3_000, 1_100, 130, 1].into_iter().enumerate() {
        let fact = rounded(house.balance(10), step);
        let preview = house.preview(0, std::slice::from_ref(&fact)).unwrap();
        assert_eq!((preview.refusal, preview.earlier), (None, told as u64 + 1));
        house.allow(0, fact);
    }
    let known = house.vault.exposure(Some(house.recipients[0])).unwrap().known;
    assert_eq!(
        known.iter().map(|group| (group.what, group.too_small)).collect::<Vec<_>>(),
        [("balance", false)]
    );
}

#[test]
fn numbers_of_transactions_alone() {
    let mut house = House::of_days(30);
    // Day by day, how many there were: amounts stay secret, and a balance beside it leaks as ever.
    for on in 1..=10 {
        house.allow(0, house.rows(on, on, &[TransactionField::Status]));
    }
    house.allow(0, house.balance(5));
    assert_eq!(house.leaks(0, house.balance(6)), [[6]]);
    let known = house.vault.exposure(Some(house.recipients[0])).unwrap().known;
    assert_eq!(known.iter().filter(|group| group.what == "number").count(), 10);
}

#[test]
fn a_part_of_a_split_transaction() {
    let mut house = House::new();
    for number in 1..=9 {
        house.add(number, -number, "Market", Some(["Food", "Home", "Food:Out"][number as usize % 3]));
    }
    let mixed = house.add(5, -1_000, "Department store", None);
    house.split(mixed, &[("Food", -400), ("Home", -600)]);
    let table = |house: &House| house.totals(1, 9, Grouping::Category, Period::Window);
    let Fact::Totals(told) = house.disclose(0, &[table(&house)]).unwrap().swap_remove(0) else { panic!() };
    let cells: Vec<(Option<&str>, u64, i64)> = told.periods[0]
        .cells
        .iter()
        .map(|cell| (cell.group.as_deref(), cell.count, cell.amount.minor()))
        .collect();
    assert_eq!(cells, [(Some("Food"), 4, -418), (Some("Food:Out"), 3, -15), (Some("Home"), 4, -612)]);
    // All that is spent adds nothing to that; all rows but the mixed one do: each part of it would be known.
    house.allow(0, house.totals(1, 9, Grouping::Flow, Period::Window));
    let market = only(house.totals(1, 9, Grouping::Category, Period::Window), |filter| {
        filter.payee = Some("Market".to_owned());
    });
    let refusal = house.refuse(0, &[market]);
    let lines: Vec<String> =
        refusal.leaks.iter().flat_map(|leak| &leak.rows).map(ToString::to_string).collect();
    let day = "2026-01-05  Department store";
    for line in [format!("{day}  -4.00 EUR, a part of it"), format!("{day}  -6.00 EUR, a part of it")] {
        assert!(lines.contains(&line), "{lines:?}");
    }
    // To show the transaction tells its sum, and still not what of it was food.
    house.allow(
        0,
        only(house.rows(5, 5, &[TransactionField::Amount]), |filter| {
            filter.payee = Some("Department".to_owned());
        }),
    );
    let food = only(house.totals(1, 9, Grouping::Payee, Period::Window), |filter| {
        filter.category = Some("Food".to_owned());
    });
    let refusal = house.refuse(0, &[food]);
    assert!(refusal.leaks.iter().flat_map(|leak| &leak.rows).any(|row| row.in_part && row.id == mixed));
}

#[test]
fn totals_of_a_category_take_in_those_below_it_and_of_a_split_transaction_only_its_parts() {
    let mut house = House::new();
    for (on, category) in [(1, "Food"), (2, "Food:Out"), (3, "Food"), (4, "Home"), (5, "Home"), (6, "Home")] {
        house.add(on, -100 * on, "Market", Some(category));
    }
    let mixed = house.add(7, -1_000, "Department store", None);
    house.split(mixed, &[("Food:Out", -300), ("Home", -500), ("Food", -200)]);
    let of = |house: &House, category: &str, grouping| {
        only(house.totals(1, 7, grouping, Period::Window), |filter| {
            filter.category = Some(category.to_owned())
        })
    };
    let facts = [of(&house, "Food", Grouping::Flow), of(&house, "Home", Grouping::Category)];
    let told: Vec<(u64, i64)> = house
        .disclose(0, &facts)
        .unwrap()
        .iter()
        .map(|fact| match fact {
            Fact::Totals(fact) => (fact.periods[0].cells[0].count, fact.periods[0].cells[0].amount.minor()),
            other => panic!("{other:?}"),
        })
        .collect();
    // 1.00 + 2.00 + 3.00 and the parts of 2.00 and 3.00; 4.00 + 5.00 + 6.00 and the part of 5.00.
    assert_eq!(told, [(4, -1_100), (4, -2_000)]);
}

#[test]
fn splitting_otherwise_hides_nothing() {
    let mut house = House::new();
    for number in 1..=8 {
        house.add(number, -number, "Market", Some(["Food", "Home"][number as usize % 2]));
    }
    let mixed = house.add(5, -1_000, "Department store", None);
    house.split(mixed, &[("Food", -400), ("Home", -600)]);
    let table = |house: &House| house.totals(1, 8, Grouping::Category, Period::Window);
    house.allow(0, table(&house));
    // A part that is only called otherwise is the same part, and one less of the rows beside it shows.
    let extra = house.add(6, -55, "Market", Some("Food"));
    house.split(mixed, &[("Home", -600), ("Food", -400)]);
    assert_eq!(house.leaks(0, table(&house)), [[extra.0]]);
    house.vault.delete_transaction(extra).unwrap();
    // Split otherwise, the two tables differ by parts of one transaction.
    house.split(mixed, &[("Food", -350), ("Home", -650)]);
    house.allow(1, table(&house));
    house.allow(0, table(&house));
    // Both versions are the one transaction: without it the rest of each category would show both.
    let without = only(table(&house), |filter| filter.payee = Some("Market".to_owned()));
    assert!(house.leaks(0, without).iter().all(|rows| *rows == [mixed.0]));
}

#[test]
fn the_owners_k_decides_what_totals_hold_back() {
    let mut house = House::new();
    for (index, name) in ["A", "B", "B", "C", "C", "C", "C", "D", "D", "D", "D", "D"].into_iter().enumerate()
    {
        house.add(index as i64 + 1, -100, name, None);
    }
    let table = house.totals(1, 12, Grouping::Payee, Period::Window);
    let shown = |house: &House, to: usize| -> (u64, Vec<String>) {
        match house.preview(to, std::slice::from_ref(&table)).unwrap().facts.swap_remove(0) {
            Fact::Totals(fact) => {
                let names = fact.periods[0].cells.iter().filter_map(|cell| cell.group.clone());
                (fact.min_rows, names.collect())
            }
            other => panic!("{other:?}"),
        }
    };
    let set = |house: &mut House, k: u64| {
        let policy = InferencePolicy { k, ..InferencePolicy::default() };
        house.vault.set_inference_policy(house.recipients[0], policy, now()).unwrap();
    };
    let expected: [(u64, &[&str]); 4] =
        [(5, &["D"]), (4, &["C", "D"]), (2, &["B", "C", "D"]), (1, &["A", "B", "C", "D"])];
    for (k, names) in expected {
        set(&mut house, k);
        assert_eq!(shown(&house, 0), (k, names.iter().map(|name| (*name).to_owned()).collect()));
        // What is signed is what was previewed, and the guard lets pass what the totals do not hold back.
        house.allow(0, table.clone());
    }
    assert_eq!(
        shown(&house, 1),
        (3, vec!["C".to_owned(), "D".to_owned()]),
        "another recipient has the usual k"
    );
    set(&mut house, 12);
    let few = only(table, |filter| filter.payee = Some("D".to_owned()));
    match house.preview(0, &[few]) {
        Err(error @ VaultError::AllSuppressed { k: 12, .. }) => {
            assert_eq!(error.class(), ErrorClass::Refused)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_renewal_holds_back_by_the_k_of_the_day() {
    let mut house = House::new();
    for on in 1..=4 {
        house.add(on, -100, "C", None);
        house.add(on, -100, "D", None);
        house.add(on, -100, "D", None);
    }
    let fact = house.totals(1, 31, Grouping::Payee, Period::Window);
    let request =
        DisclosureRequest::new(house.recipients[0], vec![fact], Purpose::from_text("Loan").unwrap());
    let first = house
        .vault
        .disclose_standing(&request, day(364), "2026-02-01T09:00:00Z".parse().unwrap(), &mut |_| Ok(()))
        .unwrap();
    let policy = InferencePolicy { k: 5, ..InferencePolicy::default() };
    house.vault.set_inference_policy(house.recipients[0], policy, now()).unwrap();
    let renewed =
        house.vault.renew(first.id, "2026-02-06T09:00:00Z".parse().unwrap(), &mut |_| Ok(())).unwrap();
    let cells = |id: i64| match house.vault.disclosure(id).unwrap().facts.swap_remove(0) {
        Fact::Totals(fact) => (fact.min_rows, fact.periods[0].cells.len()),
        other => panic!("{other:?}"),
    };
    assert_eq!((cells(first.id), cells(renewed.id)), ((3, 2), (5, 1)));
}
