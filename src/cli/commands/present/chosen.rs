//! Which facts and rows are passed on, as the options name them.

use finvault::disclosure::{MAX_DISCLOSURES, Subset, Verified};
use std::collections::BTreeSet;
use std::num::NonZeroUsize;

/// A fact and some of its rows, by their numbers from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowChoice {
    fact: NonZeroUsize,
    rows: BTreeSet<NonZeroUsize>,
}

/// Reads `2:1,3,5-9`; `2:none` names no row.
pub(super) fn parse_rows(text: &str) -> Result<RowChoice, String> {
    let form = || "write a fact's number and its rows, as 2:1,3,5-9, or 2:none".to_owned();
    let (fact, list) = text.split_once(':').ok_or_else(form)?;
    let fact = fact.trim().parse().map_err(|_| form())?;
    let mut rows = BTreeSet::new();
    if list.trim() == "none" {
        return Ok(RowChoice { fact, rows });
    }
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.trim().parse::<NonZeroUsize>().map_err(|_| form());
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(format!("the rows {part} run backwards"));
        }
        if last.get() > MAX_DISCLOSURES {
            return Err(format!("no disclosure has more than {MAX_DISCLOSURES} rows"));
        }
        rows.extend((first.get()..=last.get()).filter_map(NonZeroUsize::new));
    }
    Ok(RowChoice { fact, rows })
}

/// What the options name; everything where they name nothing.
pub(super) fn subset(facts: &[NonZeroUsize], rows: &[RowChoice], copy: &Verified) -> Subset {
    if facts.is_empty() && rows.is_empty() {
        return Subset::everything(copy);
    }
    let place = |number: NonZeroUsize| number.get().saturating_sub(1);
    let subset = facts.iter().fold(Subset::default(), |subset, fact| subset.with_fact(place(*fact)));
    rows.iter().fold(subset, |subset, choice| {
        subset.with_rows(place(choice.fact), choice.rows.iter().map(|row| place(*row)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &str) -> Vec<usize> {
        parse_rows(text).unwrap().rows.into_iter().map(NonZeroUsize::get).collect()
    }

    #[test]
    fn numbers_and_ranges_of_rows_are_read() {
        assert_eq!(rows("2:1,3,5-9"), [1, 3, 5, 6, 7, 8, 9]);
        assert_eq!(rows("1: 2 , 1-2"), [1, 2]);
        assert!(rows("1:none").is_empty());
        assert_eq!(parse_rows("7:1").unwrap().fact.get(), 7);
        for bad in
            ["", "1", "1:", ":1", "0:1", "1:0", "1:a", "1:2-", "1:-2", "1:3-1", "1:1,,2", "1:1-50001", "x:1"]
        {
            assert!(parse_rows(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(text: String, tail in "[0-9,:-]{0,30}") {
            let _ = parse_rows(&text);
            let _ = parse_rows(&tail);
        }
    }
}
