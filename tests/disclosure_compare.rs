//! Two disclosures of one signer held against each other: what agrees, what changed, and what cannot both be right.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod disclosure_fixture;

use disclosure_fixture::{after, balance, draft, eur, every_kind, issuer, row, transactions};
use finvault::crypto::random::Seeded;
use finvault::crypto::{KdfParams, Passphrase};
use finvault::disclosure::{
    AccountLabel, Audience, BalanceFact, CompareError, Comparison, Contradiction, Draft, ExpectedAudience,
    Fact, Grouping, Identities, Issued, IssuerKey, OpenWith, Outcome, PayeeForm, Period, Purpose, Relation,
    RootBuilder, RootSalt, Row, Selection, TransactionsFact, Verified, compare, issue, open, verify_undated,
};
use finvault::ledger::{AccountId, AccountKind, NewAccount, NewTransaction, Opening, TransactionStatus};
use finvault::money::Currency;
use finvault::vault::{
    DisclosureRequest, FactRequest, LabelChoice, RowFilter, TransactionEdit, TransactionField, Vault,
};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

fn audience() -> Audience {
    Audience::of_key("age17cs6ph5pwrjeps77yxmaje8jny7rmygkf7l9cj0qksm950jcsqwsekndsq")
}

/// A draft whose root is over records of that name.
fn over(records: &str, facts: Vec<Fact>) -> Draft {
    let salt = RootSalt::from_bytes([5; 32]);
    let mut root = RootBuilder::new(&salt);
    root.push(records.as_bytes());
    Draft { ledger_root: root.finish(), ..draft(audience(), facts) }
}

fn signed(draft: &Draft, seed: u64) -> Issued {
    issue(draft, &issuer(), after(i64::try_from(seed).unwrap() * 3_600), &Seeded::new(seed)).unwrap()
}

fn read(token: &str) -> Verified {
    verify_undated(token, ExpectedAudience::OneOf(&[audience()])).unwrap()
}

fn stated(records: &str, facts: Vec<Fact>, seed: u64) -> Verified {
    read(signed(&over(records, facts), seed).token.as_str())
}

fn of_amount(minor: i64) -> Fact {
    let Fact::Balance(fact) = balance() else { panic!("a balance") };
    Fact::Balance(BalanceFact { amount: eur(minor), ..fact })
}

fn with_rows(rows: Vec<Row>) -> Fact {
    let Fact::Transactions(fact) = transactions() else { panic!("transactions") };
    let selection = Selection { matched: rows.len() as u64, ..fact.selection.clone() };
    Fact::Transactions(TransactionsFact { rows, selection, ..fact })
}

fn relations(found: &Comparison<'_>) -> Vec<Relation> {
    found.pairs.iter().map(|pair| pair.relation).collect()
}

fn everything() -> Vec<Fact> {
    [vec![balance(), transactions()], every_kind()].concat()
}

#[test]
fn equal_roots_and_equal_answers_are_the_same_records() {
    let (earlier, later) = (stated("a", everything(), 1), stated("a", everything(), 2));
    let found = compare(&earlier, &later).unwrap();
    assert_eq!((found.outcome, found.contradictions.len()), (Outcome::SameRecords, 0));
    assert_eq!(relations(&found), [Relation::Same; 8]);
    assert!(found.only_earlier.is_empty() && found.only_later.is_empty());
    let order: Vec<&Fact> = found.pairs.iter().map(|pair| pair.later).collect();
    assert_eq!(order, later.facts.iter().collect::<Vec<_>>(), "in the later one's order");
}

#[test]
fn different_roots_are_changed_records_with_or_without_another_answer() {
    let earlier = stated("a", vec![balance(), transactions()], 1);
    let same_answers = stated("b", vec![balance(), transactions()], 2);
    let found = compare(&earlier, &same_answers).unwrap();
    assert_eq!((found.outcome, relations(&found)), (Outcome::RecordsChanged, vec![Relation::Same; 2]));
    let other_basis = {
        let Fact::Balance(mut fact) = balance() else { panic!("a balance") };
        fact.selection.matched += 1;
        stated("b", vec![Fact::Balance(fact), transactions()], 4)
    };
    let found = compare(&earlier, &other_basis).unwrap();
    assert_eq!(found.outcome, Outcome::RecordsChanged);
    assert_eq!(relations(&found), [Relation::OtherBasis, Relation::Same]);
    let other_answer = stated("b", vec![of_amount(1_240_000), transactions()], 3);
    let found = compare(&earlier, &other_answer).unwrap();
    assert_eq!(found.outcome, Outcome::RecordsChanged);
    assert_eq!(relations(&found), [Relation::Changed, Relation::Same]);
    assert_eq!((found.pairs[0].earlier, found.pairs[0].later), (&balance(), &of_amount(1_240_000)));
    assert!(found.contradictions.is_empty());
}

#[test]
fn two_answers_over_one_root_contradict_each_other() {
    let earlier = stated("a", vec![balance(), transactions()], 1);
    let later = stated("a", vec![of_amount(1_240_000), transactions()], 2);
    let found = compare(&earlier, &later).unwrap();
    assert_eq!(found.outcome, Outcome::Contradiction);
    assert_eq!(relations(&found), [Relation::Contradicts, Relation::Same]);
    let [Contradiction::Answers(pair)] = found.contradictions.as_slice() else { panic!("{found:?}") };
    assert_eq!((pair.earlier, pair.later), (&earlier.facts[0], &later.facts[0]));
    // Whichever is called the earlier one.
    assert_eq!(compare(&later, &earlier).unwrap().outcome, Outcome::Contradiction);
    // A fact more over the same root, of which nothing was held back.
    let more = stated("a", vec![balance()], 3);
    let found = compare(&earlier, &more).unwrap();
    assert_eq!(found.contradictions, [Contradiction::Questions]);
}

#[test]
fn an_id_on_two_rows_contradicts_whatever_the_roots_say() {
    let earlier =
        stated("a", vec![with_rows(vec![row(3, -450, "Corner Cafe"), row(17, -900, "Example GmbH")])], 1);
    let honest =
        stated("b", vec![with_rows(vec![row(3, -450, "Corner Cafe"), row(18, -905, "Example GmbH")])], 2);
    let found = compare(&earlier, &honest).unwrap();
    assert_eq!((found.outcome, relations(&found)), (Outcome::RecordsChanged, vec![Relation::Changed]));
    let later =
        stated("b", vec![with_rows(vec![row(3, -550, "Corner Cafe"), row(17, -900, "Example GmbH")])], 3);
    let found = compare(&earlier, &later).unwrap();
    assert_eq!((found.outcome, relations(&found)), (Outcome::Contradiction, vec![Relation::Contradicts]));
    let [Contradiction::Row { id, earlier: before, later: now }] = found.contradictions.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!((*id, before.amount, now.amount), ("row-3", Some(eur(-450)), Some(eur(-550))));
}

#[test]
fn an_id_on_two_disclosures_contradicts_and_two_copies_of_one_do_not() {
    let earlier = stated("a", vec![balance()], 1);
    let other = over("b", vec![balance()]);
    let same_id = read(issue(&other, &issuer(), after(7_200), &Seeded::new(1)).unwrap().token.as_str());
    assert_eq!(earlier.id, same_id.id);
    let found = compare(&earlier, &same_id).unwrap();
    assert_eq!(found.contradictions, [Contradiction::Id(&same_id.id)]);
    assert_eq!(compare(&earlier, &earlier).unwrap().outcome, Outcome::SameRecords);
}

#[test]
fn nothing_follows_from_another_issuer_or_audience() {
    let mine = stated("a", vec![balance()], 1);
    let other_key = IssuerKey::from_seed(&[8; 32]);
    let theirs = issue(&over("a", vec![balance()]), &other_key, after(0), &Seeded::new(2)).unwrap();
    let theirs = read(theirs.token.as_str());
    assert_eq!(compare(&mine, &theirs), Err(CompareError::OtherIssuer));
    let elsewhere = Draft { audience: Audience::of_key("age1elsewhere"), ..over("a", vec![balance()]) };
    let elsewhere =
        verify_undated(signed(&elsewhere, 3).token.as_str(), ExpectedAudience::Unchecked).unwrap();
    assert_eq!(compare(&mine, &elsewhere), Err(CompareError::OtherAudience));
}

#[test]
fn other_questions_say_nothing_of_the_records() {
    let exact = {
        let Fact::Balance(mut fact) = balance() else { panic!("a balance") };
        fact.selection.rounding = None;
        Fact::Balance(fact)
    };
    let earlier = stated("a", vec![balance(), transactions()], 1);
    let later = stated("b", vec![exact, transactions()], 2);
    let found = compare(&earlier, &later).unwrap();
    assert_eq!((found.outcome, relations(&found)), (Outcome::OtherQuestions, vec![Relation::Same]));
    assert_eq!((found.only_earlier.len(), found.only_later.len()), (1, 1));
    // Other fields, or another cap: other questions, which show in the rows alone.
    let bare = |rows: Vec<Row>| rows.into_iter().map(|row| Row { information: None, ..row }).collect();
    let rows = vec![row(3, -450, "Corner Cafe"), row(17, -900, "Example GmbH")];
    let capped = |rows: Vec<Row>| {
        let Fact::Transactions(mut fact) = with_rows(rows) else { panic!("transactions") };
        fact.selection.matched = 3;
        fact.selection.suppressed = 3 - fact.rows.len() as u64;
        Fact::Transactions(fact)
    };
    let three = [rows.clone(), vec![row(20, -1, "Book Shop")]].concat();
    for (one, other) in [
        (with_rows(rows.clone()), with_rows(bare(rows.clone()))),
        (capped(rows.clone()), capped(rows[..1].to_vec())),
        (capped(rows.clone()), capped(three)),
    ] {
        let (one, other) = (stated("a", vec![one], 3), stated("b", vec![other], 4));
        let found = compare(&one, &other).unwrap();
        assert_eq!((found.outcome, found.pairs.len()), (Outcome::OtherQuestions, 0), "{found:?}");
    }
    // Where no row shows which fields were asked for, it may be the same question.
    let (one, other) = (stated("a", vec![with_rows(vec![])], 5), stated("b", vec![with_rows(rows)], 6));
    assert_eq!(relations(&compare(&one, &other).unwrap()), [Relation::Changed]);
}

#[test]
fn the_same_question_about_other_days_is_shown_as_that() {
    let renewed = {
        let Fact::Balance(mut fact) = of_amount(1_300_000) else { panic!("a balance") };
        fact.as_of = date(2026, 2, 28);
        fact.selection.to = Some(fact.as_of);
        Fact::Balance(fact)
    };
    let (earlier, later) = (stated("a", vec![balance()], 1), stated("b", vec![renewed], 2));
    let found = compare(&earlier, &later).unwrap();
    assert_eq!((found.outcome, relations(&found)), (Outcome::OtherQuestions, vec![Relation::OtherDays]));
}

#[test]
fn copies_from_which_something_was_left_out_are_compared_as_far_as_they_show() {
    let issued = signed(&over("a", vec![balance(), transactions()]), 1);
    let whole = read(issued.token.as_str());
    let parts: Vec<&str> = issued.token.as_str().split('~').collect();
    let without = |drop: &[usize]| {
        let kept = parts.iter().enumerate().filter(|(at, _)| !drop.contains(at)).map(|(_, part)| *part);
        read(&kept.collect::<Vec<_>>().join("~"))
    };
    // The signature, the balance, three rows, their fact, nothing.
    assert_eq!(parts.len(), 7);
    let (one_row, other_row, no_balance) = (without(&[2, 3]), without(&[4]), without(&[1]));
    for (earlier, later) in [
        (&whole, &one_row),
        (&one_row, &whole),
        (&one_row, &other_row),
        (&whole, &no_balance),
        (&no_balance, &one_row),
    ] {
        let found = compare(earlier, later).unwrap();
        assert_eq!(found.outcome, Outcome::SameRecords, "{found:?}");
        assert!(relations(&found).iter().all(|relation| *relation == Relation::Same));
    }
    // A row that the whole list does not have cannot be one of it.
    let strange =
        with_rows(vec![row(3, -450, "Corner Cafe"), row(3, -450, "Corner Cafe"), row(21, -5, "Kiosk")]);
    let strange = signed(&over("a", vec![balance(), strange]), 2);
    let parts: Vec<&str> = strange.token.as_str().split('~').collect();
    let strange_row = read(&[parts[0], parts[1], parts[4], parts[5], ""].join("~"));
    let found = compare(&whole, &strange_row).unwrap();
    assert_eq!(relations(&found), [Relation::Same, Relation::Contradicts]);
}

#[test]
fn facts_that_look_alike_are_told_apart_by_order_or_not_at_all() {
    let unnamed = |minor| {
        let Fact::Balance(fact) = of_amount(minor) else { panic!("a balance") };
        Fact::Balance(BalanceFact { account: AccountLabel::default(), ..fact })
    };
    let earlier = stated("a", vec![unnamed(10_000), unnamed(20_000)], 1);
    let later = stated("b", vec![unnamed(10_000), unnamed(30_000)], 2);
    let found = compare(&earlier, &later).unwrap();
    assert_eq!(relations(&found), [Relation::Same, Relation::Changed]);
    let fewer = stated("b", vec![unnamed(20_000)], 3);
    let found = compare(&earlier, &fewer).unwrap();
    assert_eq!((found.outcome, found.pairs.len()), (Outcome::OtherQuestions, 0));
}

proptest! {
    /// Whatever the two state, an outcome says no more than the roots and facts do.
    #[test]
    fn an_outcome_follows_from_roots_and_answers(
        ours in proptest::collection::vec((0usize..8, 0i64..3), 1..6),
        theirs in proptest::collection::vec((0usize..8, 0i64..3), 1..6),
        same_root: bool,
    ) {
        let facts = |choice: &[(usize, i64)]| -> Vec<Fact> {
            let fact = |(kind, minor): &(usize, i64)| match kind {
                0..3 => of_amount(minor * 10_000),
                other => everything()[*other].clone(),
            };
            choice.iter().map(fact).collect()
        };
        let (ours, theirs) = (facts(&ours), facts(&theirs));
        let (earlier, later) =
            (stated("a", ours.clone(), 1), stated(if same_root { "a" } else { "b" }, theirs.clone(), 2));
        let found = compare(&earlier, &later).unwrap();
        prop_assert_eq!(found.outcome == Outcome::Contradiction, !found.contradictions.is_empty());
        let mut sorted = [ours.clone(), theirs.clone()];
        sorted.iter_mut().for_each(|facts| facts.sort_by_key(|fact| format!("{fact:?}")));
        prop_assert!(found.outcome != Outcome::SameRecords || same_root && sorted[0] == sorted[1]);
        prop_assert!(found.outcome == Outcome::SameRecords || !same_root || ours != theirs);
        prop_assert!(found.outcome != Outcome::Contradiction || same_root);
        prop_assert_eq!(found.pairs.len() + found.only_earlier.len(), ours.len());
        prop_assert_eq!(found.pairs.len() + found.only_later.len(), theirs.len());
        for pair in &found.pairs {
            prop_assert_eq!(pair.relation == Relation::Same, pair.earlier == pair.later);
        }
        let turned = compare(&later, &earlier).unwrap();
        prop_assert_eq!((turned.outcome, turned.pairs.len()), (found.outcome, found.pairs.len()));
    }
}

// What a vault makes.

const SSH: &str = include_str!("fixtures/disclosure/ssh-plain");
const SSH_PUBLIC: &str = include_str!("fixtures/disclosure/ssh-plain.pub");
const OTHER_KEY: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";

struct House {
    _folder: tempfile::TempDir,
    vault: Vault,
    account: AccountId,
    lender: i64,
    rows: Vec<finvault::ledger::TransactionId>,
}

fn moment(hours: i64) -> Timestamp {
    "2026-04-02T09:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours)
}

fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    let (mut vault, _) = Vault::create(&folder.path().join("v"), &passphrase, kdf, moment(0)).unwrap();
    let account = vault
        .add_account(&NewAccount {
            name: "Everyday".to_owned(),
            kind: AccountKind::Checking,
            currency: Currency::iso("EUR").unwrap(),
            institution: None,
            number: Some("DE89370400440532013000".to_owned()),
            opening: Some(Opening { date: date(2026, 1, 1), amount: eur(100_000), derived: false }),
        })
        .unwrap()
        .id;
    let lender = vault.add_recipient("Example Lender", Some(SSH_PUBLIC), moment(0)).unwrap().id;
    let mut house = House { _folder: folder, vault, account, lender, rows: Vec::new() };
    for (posted, minor, payee) in [
        (date(2026, 3, 3), -450, "Corner Cafe"),
        (date(2026, 3, 3), -450, "Corner Cafe"),
        (date(2026, 3, 4), -650, "Corner Cafe"),
        (date(2026, 3, 5), -80_000, "Landlord"),
        (date(2026, 3, 6), -81_000, "Landlord"),
        (date(2026, 3, 7), -82_000, "Landlord"),
        (date(2026, 3, 17), 162_000, "Example GmbH"),
        (date(2026, 4, 1), -100, "Corner Cafe"),
    ] {
        house.add(posted, minor, payee);
    }
    house
}

impl House {
    fn add(&mut self, posted: Date, minor: i64, payee: &str) {
        let row = NewTransaction {
            posted,
            amount: eur(minor),
            payee: payee.to_owned(),
            payee_raw: payee.to_owned(),
            memo: None,
            reference: None,
            category: None,
            status: TransactionStatus::Posted,
            bank_id: None,
        };
        let id = self.vault.add_transaction(self.account, &row).unwrap().id;
        self.rows.push(id);
    }

    fn ask(&mut self, facts: &[FactRequest], hours: i64) -> Verified {
        let purpose = Purpose::from_text(&format!("Asked after {hours} h")).unwrap();
        let mut request = DisclosureRequest::new(self.lender, facts.to_vec(), purpose);
        request.accept_risk = Some("a test".to_owned());
        let mut sealed = Vec::new();
        let deliver = &mut |bytes: &[u8]| {
            sealed.extend_from_slice(bytes);
            Ok(())
        };
        self.vault.disclose(&request, moment(hours), deliver).unwrap();
        opened(&sealed)
    }
}

fn opened(sealed: &[u8]) -> Verified {
    let identities = Identities::parse(SSH.as_bytes(), None).unwrap();
    let opened = open(sealed, OpenWith::Identities(&identities)).unwrap();
    verify_undated(&opened.token, ExpectedAudience::OneOf(&identities.audiences())).unwrap()
}

fn ids(disclosure: &Verified) -> Vec<Option<String>> {
    let rows = disclosure.facts.iter().flat_map(|fact| match fact {
        Fact::Transactions(fact) => fact.rows.clone(),
        _ => Vec::new(),
    });
    rows.map(|row| row.id).collect()
}

#[test]
fn a_vault_answers_one_question_alike_until_its_records_change() {
    let mut house = house();
    let (from, to) = (date(2026, 3, 1), date(2026, 3, 31));
    let fields = [TransactionField::Date, TransactionField::Amount, TransactionField::Id];
    let asked = [
        FactRequest::balance(house.account, to).called(LabelChoice::Both),
        FactRequest::transactions(house.account, from, to, &fields),
    ];
    let first = house.ask(&asked, 0);
    let again = house.ask(&asked, 1);
    assert_ne!(first.id, again.id);
    assert_eq!(first.ledger_root, again.ledger_root);
    assert_eq!(ids(&first), ids(&again));
    assert_eq!(ids(&first).iter().flatten().collect::<std::collections::HashSet<_>>().len(), 7);
    assert_eq!(compare(&first, &again).unwrap().outcome, Outcome::SameRecords);
    // Another row after the last day is beneath neither fact.
    house.add(date(2026, 4, 1), -100, "Corner Cafe");
    let untouched = house.ask(&asked, 2);
    assert_eq!(compare(&first, &untouched).unwrap().outcome, Outcome::SameRecords);
    house.add(date(2026, 3, 20), -300, "Corner Cafe");
    let changed = house.ask(&asked, 3);
    let found = compare(&first, &changed).unwrap();
    assert_eq!((found.outcome, relations(&found)), (Outcome::RecordsChanged, vec![Relation::Changed; 2]));
    let kept = ids(&first).into_iter().filter(|id| ids(&changed).contains(id)).count();
    assert_eq!((kept, ids(&changed).len()), (7, 8), "rows that did not change keep their ids");
    // Another question has another salt, so its ids are not those.
    let other = house.ask(&asked[1..], 4);
    assert!(ids(&other).iter().all(|id| !ids(&changed).contains(id)));
}

#[test]
fn another_recipient_of_the_same_answer_sees_another_root_and_other_ids() {
    let mut house = house();
    let fields = [TransactionField::Date, TransactionField::Id];
    let asked = [FactRequest::transactions(house.account, date(2026, 3, 1), date(2026, 3, 31), &fields)];
    let ours = house.ask(&asked, 0);
    house.lender = house.vault.add_recipient("Other Lender", Some(OTHER_KEY), moment(0)).unwrap().id;
    let request =
        DisclosureRequest::new(house.lender, asked.to_vec(), Purpose::from_text("Loan 4711").unwrap());
    house.vault.disclose(&request, moment(1), &mut |_| Ok(())).unwrap();
    let theirs = house.vault.disclosures().unwrap().pop().unwrap();
    let [Fact::Transactions(fact)] = theirs.facts.as_slice() else { panic!("{theirs:?}") };
    assert_eq!(fact.rows.len(), 7);
    assert!(fact.rows.iter().all(|row| !ids(&ours).contains(&row.id)));
}

/// Categories are not rows, but an answer rests on them; an owner who tidies up does not contradict themselves.
#[test]
fn an_answer_that_changed_with_the_categories_is_a_change_and_no_contradiction() {
    let mut house = house();
    let asked = [FactRequest::Totals {
        account: house.account,
        from: date(2026, 3, 1),
        to: date(2026, 3, 31),
        filter: RowFilter::default(),
        period: Period::Month,
        grouping: Grouping::Category,
        payees: PayeeForm::Shown,
        whole: false,
        round_to: None,
        label: LabelChoice::Number,
    }];
    let first = house.ask(&asked, 0);
    for id in house.rows.get(3..6).unwrap().to_vec() {
        let edit =
            TransactionEdit { category: Some("Housing:Rent".to_owned()), ..TransactionEdit::default() };
        house.vault.edit_transaction(id, &edit).unwrap();
    }
    let tidied = house.ask(&asked, 1);
    let found = compare(&first, &tidied).unwrap();
    assert_eq!((found.outcome, relations(&found)), (Outcome::RecordsChanged, vec![Relation::Changed]));
}

#[test]
fn a_renewal_is_comparable_with_what_it_renews() {
    let mut house = house();
    let asked = vec![FactRequest::balance(house.account, date(2026, 4, 2))];
    let request = DisclosureRequest::new(house.lender, asked, Purpose::from_text("Loan 4711").unwrap());
    let mut files: Vec<Vec<u8>> = Vec::new();
    let until = date(2026, 12, 31);
    let first = house
        .vault
        .disclose_standing(&request, until, moment(0), &mut |bytes| {
            files.push(bytes.to_vec());
            Ok(())
        })
        .unwrap();
    for hours in [1, 24 * 30] {
        let renewed = house.vault.renew(first.id, moment(hours), &mut |bytes| {
            files.push(bytes.to_vec());
            Ok(())
        });
        renewed.unwrap();
    }
    let files: Vec<Verified> = files.iter().map(|sealed| opened(sealed)).collect();
    let same_day = compare(&files[0], &files[1]).unwrap();
    assert_eq!((same_day.outcome, relations(&same_day)), (Outcome::SameRecords, vec![Relation::Same]));
    let next_month = compare(&files[1], &files[2]).unwrap();
    assert_eq!(relations(&next_month), [Relation::OtherDays]);
    assert_eq!(next_month.outcome, Outcome::OtherQuestions);
}
