use super::*;
use proptest::prelude::*;

fn path(text: &str) -> CategoryPath {
    CategoryPath::parse(text).unwrap()
}

fn defaults() -> CategoryTree {
    CategoryTree::new(DEFAULTS.iter().map(|text| path(text)).collect())
}

#[test]
fn paths_are_tidied_or_refused() {
    assert_eq!(path("  Food :  Eating \t out ").as_str(), "Food:Eating out");
    assert_eq!(path("Bäckerei").name(), "Bäckerei");
    for (text, error) in [
        ("", CategoryError::Empty),
        (" ", CategoryError::Empty),
        ("Food:", CategoryError::Empty),
        ("Food::Groceries", CategoryError::Empty),
        ("a:b:c:d:e:f:g:h:i", CategoryError::TooDeep),
        ("a\u{1b}b", CategoryError::Character('\u{1b}')),
        ("a=b", CategoryError::Character('=')),
    ] {
        assert_eq!(CategoryPath::parse(text), Err(error), "{text:?}");
    }
    assert_eq!(CategoryPath::parse(&"x".repeat(201)), Err(CategoryError::TooLong));
    assert!(CategoryPath::parse(&"é".repeat(200)).is_ok());
}

#[test]
fn defaults_are_a_tree_whose_every_last_name_is_enough() {
    let tree = defaults();
    assert_eq!(tree.paths().len(), DEFAULTS.len());
    for text in DEFAULTS {
        let default = path(text);
        assert_eq!(default.as_str(), *text, "written as it is kept");
        assert_eq!(tree.missing(&default), [], "{text}: its parents are there");
        assert_eq!(tree.named(&default.name().to_uppercase()), Meaning::One(default));
    }
}

#[test]
fn a_name_means_its_category_and_never_one_that_only_looks_like_it() {
    let mut paths = defaults().paths().to_vec();
    paths.extend(["Work:Travel", "Foodstuff"].map(path));
    let tree = CategoryTree::new(paths);
    assert_eq!(tree.named("groceries"), Meaning::One(path("Food:Groceries")));
    assert_eq!(tree.named("FOOD : groceries"), Meaning::One(path("Food:Groceries")));
    assert_eq!(tree.named("Travel"), Meaning::Several(vec![path("Leisure:Travel"), path("Work:Travel")]));
    assert_eq!(tree.named("work:travel"), Meaning::One(path("Work:Travel")));
    assert_eq!(tree.named("Food"), Meaning::One(path("Food")), "the whole path wins");
    assert_eq!(tree.named("Groc"), Meaning::None);
    assert_eq!(tree.meant_by("Groc"), Meaning::One(path("Food:Groceries")));
    assert_eq!(tree.meant_by("food:e"), Meaning::One(path("Food:Eating out")));
    assert_eq!(tree.meant_by("inc"), Meaning::One(path("Income")), "not what is below it");
    assert_eq!(tree.meant_by(""), Meaning::None);
    assert!(!path("Foodstuff").is_within(&path("Food")));
    assert_eq!(
        tree.within(&path("food")),
        ["Food", "Food:Eating out", "Food:Groceries"].map(path),
        "in the tree's order"
    );
}

#[test]
fn new_paths_take_the_spelling_of_the_parents_there_are() {
    let tree = defaults();
    let new = tree.spelled(&path("food:cheese:Hard"));
    assert_eq!(new, path("Food:cheese:Hard"));
    assert_eq!(tree.missing(&new), ["Food:cheese", "Food:cheese:Hard"].map(path));
    assert_eq!(tree.spelled(&path("Cars")), path("Cars"));
}

#[test]
fn texts_of_older_vaults_can_still_be_named() {
    let odd = ["a::b", "Café", "café"].map(|text| CategoryPath::stored(text.to_owned()));
    let tree = CategoryTree::new(odd.to_vec());
    assert_eq!(tree.named("a::b"), Meaning::One(odd[0].clone()));
    assert_eq!(tree.named("café"), Meaning::One(odd[2].clone()));
    assert!(matches!(tree.named("CAFÉ"), Meaning::Several(both) if both.len() == 2));
}

fn any_path() -> impl Strategy<Value = CategoryPath> {
    proptest::collection::vec("[A-Za-zÀ-ÿ]{1,4}( [a-z]{1,3})?", 1..=4)
        .prop_map(|names| path(&names.join(":")))
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_reading_twice_changes_nothing(text in "\\PC{0,40}|[ :a=\t]{0,12}") {
        if let Ok(read) = CategoryPath::parse(&text) {
            prop_assert_eq!(CategoryPath::parse(read.as_str()), Ok(read.clone()));
            prop_assert_eq!(read.names().count(), read.depth() + 1);
            prop_assert!(read.parents().iter().all(|parent| read.is_within(parent)));
        }
    }

    #[test]
    fn moving_there_and_back_is_as_before(outer in any_path(), inner in any_path(), to in any_path()) {
        prop_assume!(outer.depth() + inner.depth() <= 5 && to.depth() + inner.depth() <= 5);
        let whole = path(&format!("{outer}:{inner}"));
        let moved = whole.moved(&outer, &to).unwrap().unwrap();
        prop_assert!(moved.is_within(&to));
        prop_assert_eq!(moved.moved(&to, &outer).unwrap().unwrap(), whole);
    }
}
