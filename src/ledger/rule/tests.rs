use super::*;
use crate::ledger::AccountId;

fn euros(text: &str) -> Money {
    Money::parse(text, Currency::iso("EUR").unwrap()).unwrap()
}

fn text(test: TextTest, text: &str) -> Conditions {
    let text = TextCondition { test, text: text.to_owned(), field: TextField::Payee };
    Conditions { text: Some(text), ..Conditions::default() }
}

fn category(path: &str) -> Effects {
    Effects { category: Some(CategoryPath::parse(path).unwrap()), payee: None }
}

fn payee(name: &str) -> Effects {
    Effects { payee: Some(name.to_owned()), category: None }
}

fn book(rules: &[(Conditions, Effects)]) -> RuleBook {
    let numbered = rules.iter().zip(1..).map(|((when, then), id)| {
        check(when, then).unwrap();
        Rule { id: RuleId(id), when: when.clone(), then: then.clone() }
    });
    RuleBook::new(numbered.collect()).unwrap()
}

fn subject<'a>(payee: &'a str, amount: &str) -> Subject<'a> {
    Subject {
        account: AccountId(1),
        amount: euros(amount),
        payee_written: payee,
        payee_shown: payee,
        memo: Some("Card payment"),
    }
}

fn decided(book: &RuleBook, payee: &str, amount: &str) -> (Option<String>, Option<String>) {
    let outcome = book.decide(&subject(payee, amount));
    (outcome.payee.map(|(_, name)| name), outcome.category.map(|(_, path)| path.to_string()))
}

#[test]
fn each_test_compares_as_it_says() {
    for (test, wanted, payee, holds) in [
        (TextTest::Contains, "green  grocer", "THE GREEN GROCER 12", true),
        (TextTest::Contains, "grocer", "GROSER", false),
        (TextTest::Begins, "Shell", "SHELL 0231 OSLO", true),
        (TextTest::Begins, "Shell", "SHELLEY BOOKS", false),
        (TextTest::Begins, "Shell", "BP SHELL", false),
        (TextTest::Exact, "corner cafe", "Corner  Cafe", true),
        (TextTest::Exact, "corner cafe", "Corner Cafe 2", false),
        (TextTest::Regex, r"^amzn\b.*mktp", "AMZN DE MKTP 123", true),
        (TextTest::Regex, r"^mktp", "AMZN MKTP", false),
        (TextTest::Contains, "straße", "HAUPTSTRASSE", false),
        (TextTest::Contains, "ÉCOLE", "l'école", true),
    ] {
        let rules = book(&[(text(test, wanted), category("Food"))]);
        let found = decided(&rules, payee, "-1.00").1.is_some();
        assert_eq!(found, holds, "{test:?} {wanted} on {payee}");
    }
}

#[test]
fn the_first_rule_that_has_an_effect_wins_it() {
    let rules = book(&[
        (text(TextTest::Contains, "amzn"), payee("Amazon")),
        (text(TextTest::Contains, "amzn"), payee("never")),
        (text(TextTest::Exact, "amazon"), category("Leisure")),
        (text(TextTest::Contains, "amzn"), category("never")),
    ]);
    let (name, path) = decided(&rules, "AMZN MKTP", "-5.00");
    assert_eq!(name.as_deref(), Some("Amazon"));
    assert_eq!(path.as_deref(), Some("Leisure"), "a category is decided from the new name too");
}

#[test]
fn applying_twice_is_applying_once() {
    let rules = book(&[
        (text(TextTest::Contains, "amzn"), payee("Amazon")),
        (text(TextTest::Exact, "amazon"), payee("Big River")),
    ]);
    let first = rules.decide(&subject("AMZN MKTP", "-5.00")).payee.unwrap().1;
    let again = Subject { payee_shown: &first, ..subject("AMZN MKTP", "-5.00") };
    assert_eq!(rules.decide(&again).payee.unwrap().1, first);
}

#[test]
fn amount_flow_and_account_narrow_a_rule() {
    let size = SizeCondition::between(Some(euros("5.00")), Some(euros("10.00"))).unwrap();
    let when = Conditions {
        size: Some(size),
        flow: Some(Flow::Out),
        account: Some(AccountId(1)),
        ..text(TextTest::Contains, "cafe")
    };
    let rules = book(&[(when, category("Food"))]);
    for (amount, holds) in
        [("-5.00", true), ("-10.00", true), ("-4.99", false), ("-10.01", false), ("7.00", false)]
    {
        assert_eq!(decided(&rules, "Cafe", amount).1.is_some(), holds, "{amount}");
    }
    let elsewhere = Subject { account: AccountId(2), ..subject("Cafe", "-7.00") };
    assert_eq!(rules.decide(&elsewhere).category, None);
    let dollars = Money::parse("-7.00", Currency::iso("USD").unwrap()).unwrap();
    let in_dollars = Subject { amount: dollars, ..subject("Cafe", "-7.00") };
    assert_eq!(rules.decide(&in_dollars).category, None, "a range holds in its own currency alone");
    let least = Money::new(i64::MIN, Currency::iso("EUR").unwrap());
    assert_eq!(rules.decide(&Subject { amount: least, ..subject("Cafe", "-7.00") }).category, None);
}

#[test]
fn an_expression_can_keep_parts_of_the_name() {
    let rules = book(&[(text(TextTest::Regex, r"^PAYPAL \*(?<shop>\w+)"), payee("${shop} via $$PP"))]);
    assert_eq!(decided(&rules, "PayPal *BOOKSHOP 4412", "-1.00").0.as_deref(), Some("BOOKSHOP via $PP"));
}

#[test]
fn what_is_no_rule_is_refused() {
    let some = text(TextTest::Contains, "x");
    assert_eq!(check(&Conditions::default(), &category("Food")), Err(RuleError::NoCondition));
    assert_eq!(check(&some, &Effects::default()), Err(RuleError::NoEffect));
    assert_eq!(check(&text(TextTest::Exact, "  "), &category("Food")), Err(RuleError::Empty));
    assert_eq!(check(&some, &payee(" ")), Err(RuleError::Empty));
    assert_eq!(
        check(&text(TextTest::Contains, &"x".repeat(501)), &category("Food")),
        Err(RuleError::TooLong)
    );
    for expression in ["(", "[z-a]", r"\p{Nothing}", "(a{1000}){1000}", &"(".repeat(300)] {
        let refused = check(&text(TextTest::Regex, expression), &category("Food"));
        assert!(
            matches!(&refused, Err(RuleError::Regex(why)) if !why.is_empty()),
            "{expression}: {refused:?}"
        );
    }
    let group = check(&text(TextTest::Regex, "(a)"), &payee("$2"));
    assert_eq!(group, Err(RuleError::Group("2".to_owned())));
    assert_eq!(check(&text(TextTest::Contains, "a"), &payee("$2 shop")), Ok(()), "no expression, no groups");
    for (least, most) in [(Some("2.00"), Some("1.00")), (Some("-1.00"), None), (None, None)] {
        let bounds = (least.map(euros), most.map(euros));
        assert_eq!(SizeCondition::between(bounds.0, bounds.1), Err(RuleError::Size));
    }
}

fn filed(payee: &str, category: Option<&str>, transactions: u64) -> Filed {
    Filed { payee: payee.to_owned(), category: category.map(str::to_owned), transactions }
}

#[test]
fn suggestions_count_what_the_rule_would_match() {
    let all = [
        filed("GREEN GROCER 12", Some("Food:Groceries"), 9),
        filed("Green Grocer 77 OSLO", Some("Food:Groceries"), 5),
        filed("GREEN GROCER 12", Some("Gifts"), 1),
        filed("GREEN GROCER 99", None, 4),
        filed("GREEN GROCERIES", Some("Leisure"), 50),
        filed("CORNER CAFE", Some("Food"), 2),
        filed("MIXED SHOP", Some("Food"), 5),
        filed("MIXED SHOP", Some("Leisure"), 5),
        filed("7", Some("Food"), 9),
    ];
    let found = suggest(&all, &RuleBook::default());
    let shown: Vec<(&str, &str, u64, u64, u64)> = found
        .iter()
        .map(|s| (s.begins.as_str(), s.category.as_str(), s.agreeing, s.filed, s.unfiled))
        .collect();
    assert_eq!(
        shown,
        [("GREEN GROCER", "Food:Groceries", 14, 15, 4), ("GREEN GROCERIES", "Leisure", 50, 50, 0)]
    );
    let known = book(&[(text(TextTest::Begins, "green grocer"), category("Food"))]);
    let left = suggest(&all, &known);
    assert!(left.iter().all(|suggestion| suggestion.begins != "GREEN GROCER"), "a rule files it already");
}

#[test]
fn the_suggested_rule_matches_what_was_counted() {
    let all = [filed("A-B* 7 x", Some("Food"), 3), filed("A-B* shop", None, 2), filed("A-BC", None, 8)];
    let [suggestion] = &suggest(&all, &RuleBook::default())[..] else { return };
    let rules = book(&[(text(TextTest::Begins, &suggestion.begins), category("Food"))]);
    let matched: u64 = all
        .iter()
        .filter(|filed| decided(&rules, &filed.payee, "-1.00").1.is_some())
        .map(|filed| filed.transactions)
        .sum();
    assert_eq!(matched, suggestion.filed + suggestion.unfiled);
}
