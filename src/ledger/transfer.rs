//! Transfers between the owner's accounts: two rows, one leaving and one arriving, that are no income and no spending.
//!
//! [`propose`] finds pairs that look like one, says how sure it is and why; nothing is linked until the owner accepts.
//! A pair is two rows of different accounts and opposite signs, at most [`APART_DAYS`] days apart: of the same amount
//! in one currency, or of two currencies where something says that the one was changed into the other. The score is a sum
//! of what speaks for it, so that it can be told; where a row has several candidates, that counts against each.

use super::account::{AccountId, AccountKind};
use super::transaction::TransactionId;
use crate::money::{Currency, Money};
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap, HashSet};

/// How many days the two sides of a transfer are apart at most.
pub const APART_DAYS: i32 = 5;
/// Pairs of at least this score are proposed as sure.
pub const SURE_SCORE: u8 = 80;
/// Pairs below this score are not proposed at all.
const LEAST_SCORE: u8 = 40;
/// How many candidates are looked at for one row.
const MAX_CANDIDATES: usize = 8;

/// One side of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The transaction.
    pub id: TransactionId,
    /// Its account.
    pub account: AccountId,
    /// Its day.
    pub posted: Date,
    /// Its amount; negative where the money leaves.
    pub amount: Money,
    /// Payee, memo and reference, as they are searched.
    pub text: String,
}

/// An account, as far as its rows tell of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAccount {
    /// Which one.
    pub id: AccountId,
    /// What it is.
    pub kind: AccountKind,
    /// The owner's name for it.
    pub name: String,
    /// Its number, if it has one.
    pub number: Option<String>,
}

/// A linked transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Where the money left.
    pub from: Side,
    /// Where it arrived.
    pub to: Side,
}

/// Two rows that look like a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferProposal {
    /// Where the money leaves.
    pub from: Side,
    /// Where it arrives.
    pub to: Side,
    /// How much speaks for it, from 0 to 99; from [`SURE_SCORE`] on it is sure.
    pub score: u8,
    /// What speaks for it, and against it.
    pub reasons: Vec<String>,
}

impl TransferProposal {
    /// The word for how sure it is: `high`, `medium`, `low`.
    pub const fn confidence(&self) -> &'static str {
        match self.score {
            SURE_SCORE.. => "high",
            60.. => "medium",
            _ => "low",
        }
    }
}

/// How much of one currency came for one of the other, to six digits; none where nothing left or a number is too large.
pub fn rate(from: Money, to: Money) -> Option<String> {
    if from.currency() == to.currency() || from.minor() == 0 {
        return None;
    }
    let scale = |money: Money| 10_i128.checked_pow(u32::from(money.currency().exponent()));
    let left = i128::from(from.minor()).abs().checked_mul(scale(to)?)?;
    let came = i128::from(to.minor()).abs().checked_mul(scale(from)?)?;
    let millionths = came.checked_mul(1_000_000)?.checked_add(left / 2)? / left;
    Some(format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000))
}

/// Pairs that look like transfers, the surest first, each row in one pair at most.
///
/// `sides` are rows that are no linked transfer, in order of day; `rejected` are pairs that the owner does not want
/// proposed again.
pub fn propose(
    sides: &[Side],
    accounts: &[OwnAccount],
    rejected: &HashSet<(TransactionId, TransactionId)>,
) -> Vec<TransferProposal> {
    let accounts: HashMap<AccountId, &OwnAccount> = accounts.iter().map(|own| (own.id, own)).collect();
    let mut arriving: BTreeMap<(Currency, i64), Vec<usize>> = BTreeMap::new();
    let mut arriving_by_day: BTreeMap<Date, Vec<usize>> = BTreeMap::new();
    for (at, side) in sides.iter().enumerate().filter(|(_, side)| side.amount.minor() > 0) {
        arriving.entry((side.amount.currency(), side.amount.minor())).or_default().push(at);
        arriving_by_day.entry(side.posted).or_default().push(at);
    }
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (at, from) in sides.iter().enumerate().filter(|(_, side)| side.amount.minor() < 0) {
        let wanted = (from.amount.currency(), from.amount.minor().saturating_neg());
        let equal = arriving.get(&wanted).into_iter().flat_map(|list| near(sides, list, from.posted));
        let fits = |to: &usize| is_pair(sides, at, *to, rejected);
        pairs.extend(equal.filter(fits).take(MAX_CANDIDATES).map(|to| (at, to)));
        let days = super::matching::line_up::day_range(from.posted, APART_DAYS, APART_DAYS);
        let around = arriving_by_day.range(days).flat_map(|(_, list)| list.iter().copied());
        let other = |to: &usize| {
            sides.get(*to).is_some_and(|to| {
                to.amount.currency() != from.amount.currency() && tells_of_exchange(from, to, &accounts)
            })
        };
        pairs.extend(around.filter(other).filter(fits).take(MAX_CANDIDATES).map(|to| (at, to)));
    }
    one_to_one(sides, &accounts, &pairs)
}

/// Those of a list in order of day that are at most [`APART_DAYS`] days off.
fn near<'a>(sides: &'a [Side], list: &'a [usize], day: Date) -> impl Iterator<Item = usize> + 'a {
    let days = super::matching::line_up::day_range(day, APART_DAYS, APART_DAYS);
    let posted = move |at: &usize| sides.get(*at).map_or(Date::MIN, |side| side.posted);
    let first = list.partition_point(|at| posted(at) < *days.start());
    let last = *days.end();
    list.iter().skip(first).copied().take_while(move |at| posted(at) <= last)
}

fn is_pair(
    sides: &[Side],
    from: usize,
    to: usize,
    rejected: &HashSet<(TransactionId, TransactionId)>,
) -> bool {
    let (Some(from), Some(to)) = (sides.get(from), sides.get(to)) else { return false };
    from.account != to.account && !rejected.contains(&(from.id, to.id))
}

/// Whether anything says that the one amount was changed into the other: by amounts alone any two would do.
fn tells_of_exchange(from: &Side, to: &Side, accounts: &HashMap<AccountId, &OwnAccount>) -> bool {
    let named = |text: &str, other: AccountId| {
        accounts.get(&other).is_some_and(|own| names_number(text, own) || names_account(text, own))
    };
    names_amount(&from.text, to.amount)
        || names_amount(&to.text, from.amount)
        || (named(&from.text, to.account) && named(&to.text, from.account))
        || (named(&from.text, to.account) || named(&to.text, from.account))
            && (names_transfer(&from.text) || names_transfer(&to.text))
}

fn one_to_one(
    sides: &[Side],
    accounts: &HashMap<AccountId, &OwnAccount>,
    pairs: &[(usize, usize)],
) -> Vec<TransferProposal> {
    let (mut of_from, mut of_to) = (HashMap::new(), HashMap::new());
    for (from, to) in pairs {
        *of_from.entry(*from).or_insert(0_usize) += 1;
        *of_to.entry(*to).or_insert(0_usize) += 1;
    }
    let mut proposals: Vec<(i32, usize, usize, TransferProposal)> = Vec::new();
    for (from_at, to_at) in pairs {
        let (Some(from), Some(to)) = (sides.get(*from_at), sides.get(*to_at)) else { continue };
        let only = of_from.get(from_at) == Some(&1) && of_to.get(to_at) == Some(&1);
        let (score, reasons) = score(from, to, accounts, only);
        if score >= LEAST_SCORE {
            let days = (to.posted - from.posted).get_days().abs();
            let proposal = TransferProposal { from: from.clone(), to: to.clone(), score, reasons };
            proposals.push((days, *from_at, *to_at, proposal));
        }
    }
    proposals.sort_by(|one, other| {
        let by_score = other.3.score.cmp(&one.3.score).then(one.0.cmp(&other.0));
        by_score.then(one.3.from.id.cmp(&other.3.from.id)).then(one.3.to.id.cmp(&other.3.to.id))
    });
    let mut used: HashSet<usize> = HashSet::new();
    let free = |(_, from, to, proposal): (i32, usize, usize, TransferProposal)| {
        let is_free = !used.contains(&from) && !used.contains(&to);
        is_free.then(|| {
            used.extend([from, to]);
            proposal
        })
    };
    proposals.into_iter().filter_map(free).collect()
}

/// What speaks for a pair, in points, and in words.
fn score(
    from: &Side,
    to: &Side,
    accounts: &HashMap<AccountId, &OwnAccount>,
    only: bool,
) -> (u8, Vec<String>) {
    let mut points: i32 = 0;
    let mut reasons = Vec::new();
    let mut count = |more: i32, reason: String| {
        points += more;
        reasons.push(reason);
    };
    match rate(from.amount, to.amount) {
        None => count(45, "the same amount".to_owned()),
        Some(rate) => {
            let (one, other) = (from.amount.currency(), to.amount.currency());
            count(30, format!("changed at {rate} {other} for 1 {one}"));
        }
    }
    match (to.posted - from.posted).get_days() {
        0 => count(20, "the same day".to_owned()),
        days @ (-1 | 1) => count(15, format!("{} day apart", days.abs())),
        days @ (-3..=3) => count(8, format!("{} days apart", days.abs())),
        days => count(0, format!("{} days apart", days.abs())),
    }
    let other = |id: &AccountId| accounts.get(id).copied();
    let tells = |text: &str, own: Option<&OwnAccount>, test: fn(&str, &OwnAccount) -> bool| {
        own.is_some_and(|own| test(text, own))
    };
    let sides = [(from, other(&to.account)), (to, other(&from.account))];
    if let Some((_, own)) = sides.iter().find(|(side, own)| tells(&side.text, *own, names_number)) {
        count(30, format!("the number of {} stands there", own.map_or("the other", |own| own.name.as_str())));
    } else if let Some((_, own)) = sides.iter().find(|(side, own)| tells(&side.text, *own, names_account)) {
        count(20, format!("{} stands there", own.map_or("the other", |own| own.name.as_str())));
    }
    if from.amount.currency() != to.amount.currency()
        && (names_amount(&from.text, to.amount) || names_amount(&to.text, from.amount))
    {
        count(35, "the other amount stands there".to_owned());
    }
    if names_transfer(&from.text) || names_transfer(&to.text) {
        count(15, "it is called a transfer".to_owned());
    }
    if other(&to.account).is_some_and(|own| own.kind == AccountKind::CreditCard) {
        count(10, "money arrives on a credit card".to_owned());
    }
    if only {
        count(5, "nothing else fits".to_owned());
    } else {
        count(-20, "other rows fit too".to_owned());
    }
    (u8::try_from(points.clamp(0, 99)).unwrap_or(0), reasons)
}

/// Words by which banks call a payment between accounts of one owner, in lower case.
const TRANSFER_WORDS: &[&str] = &[
    "transfer",
    "xfer",
    "trf",
    "umbuchung",
    "übertrag",
    "uebertrag",
    "überweisung",
    "ueberweisung",
    "virement",
    "bonifico",
    "giroconto",
    "traspaso",
    "transferencia",
    "overboeking",
    "överföring",
    "overføring",
    "tilisiirto",
    "przelew",
    "payment thank you",
    "autopay",
    "card payment received",
];

fn names_transfer(text: &str) -> bool {
    let lower = text.to_lowercase();
    TRANSFER_WORDS.iter().any(|word| lower.contains(word))
}

/// Whether a text holds an account's number, or its last four digits as a word of their own.
fn names_number(text: &str, own: &OwnAccount) -> bool {
    let Some(number) = &own.number else { return false };
    let number: String =
        number.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
    let digits = number.chars().filter(char::is_ascii_digit).count();
    if digits < 4 {
        return false;
    }
    let squeezed: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if number.len() >= 6 && squeezed.to_uppercase().contains(&number) {
        return true;
    }
    let last_four = number.get(number.len().saturating_sub(4)..).unwrap_or_default();
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| {
        let hidden = word.trim_start_matches(['x', 'X']);
        hidden == last_four && last_four.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Whether a text holds the owner's name for an account.
fn names_account(text: &str, own: &OwnAccount) -> bool {
    let name = own.name.to_lowercase();
    name.chars().count() >= 5 && text.to_lowercase().contains(&name)
}

/// Whether a text holds an amount without its sign, with a point or a comma.
fn names_amount(text: &str, amount: Money) -> bool {
    let plain = amount.to_decimal();
    let plain = plain.trim_start_matches('-');
    let edge = |c: Option<char>| !c.is_some_and(|c| c.is_ascii_digit());
    [plain.to_owned(), plain.replace('.', ",")].iter().any(|written| {
        text.match_indices(written.as_str()).any(|(at, found)| {
            let before = text.get(..at).and_then(|head| head.chars().next_back());
            let after = text.get(at + found.len()..).and_then(|tail| tail.chars().next());
            edge(before) && edge(after)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn side(id: i64, account: i64, day: i8, minor: i64, code: &str, text: &str) -> Side {
        Side {
            id: TransactionId(id),
            account: AccountId(account),
            posted: date(2026, 3, day),
            amount: Money::new(minor, Currency::iso(code).unwrap()),
            text: text.to_owned(),
        }
    }

    fn accounts() -> Vec<OwnAccount> {
        let own = |id, kind, name: &str, number: &str| OwnAccount {
            id: AccountId(id),
            kind,
            name: name.to_owned(),
            number: Some(number.to_owned()),
        };
        vec![
            own(1, AccountKind::Checking, "Everyday", "DE89370400440532013000"),
            own(2, AccountKind::Savings, "Rainy day", "DE02100100100006820101"),
            own(3, AccountKind::CreditCard, "Card", "5500000000002222"),
        ]
    }

    fn proposed(sides: &[Side]) -> Vec<TransferProposal> {
        propose(sides, &accounts(), &HashSet::new())
    }

    #[test]
    fn both_sides_of_one_payment_are_a_pair_and_say_why() {
        let sides = [
            side(1, 1, 1, -50_000, "EUR", "Umbuchung Sparen"),
            side(2, 1, 2, -50_001, "EUR", "Landlord"),
            side(3, 2, 2, 50_000, "EUR", "Example Household"),
        ];
        let found = proposed(&sides);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].from.id, found[0].to.id), (TransactionId(1), TransactionId(3)));
        assert_eq!(found[0].confidence(), "high", "{:?}", found[0]);
        assert_eq!(found[0].reasons[..2], ["the same amount", "1 day apart"]);
    }

    #[test]
    fn neither_the_same_account_nor_six_days_nor_a_rejected_pair() {
        let rows = [side(1, 1, 1, -100, "EUR", "transfer"), side(2, 1, 1, 100, "EUR", "transfer")];
        assert!(proposed(&rows).is_empty());
        let rows = [side(1, 1, 1, -100, "EUR", "transfer"), side(2, 2, 7, 100, "EUR", "transfer")];
        assert!(proposed(&rows).is_empty());
        let rows = [side(1, 1, 1, -100, "EUR", "transfer"), side(2, 2, 1, 100, "EUR", "transfer")];
        assert_eq!(proposed(&rows).len(), 1);
        let rejected = HashSet::from([(TransactionId(1), TransactionId(2))]);
        assert!(propose(&rows, &accounts(), &rejected).is_empty());
    }

    #[test]
    fn a_row_is_in_one_pair_and_rivals_make_it_less_sure() {
        let rows =
            [side(1, 1, 1, -100, "EUR", "a"), side(2, 2, 1, 100, "EUR", "b"), side(3, 3, 1, 100, "EUR", "c")];
        let found = proposed(&rows);
        assert_eq!(found.len(), 1);
        assert!(found[0].score < SURE_SCORE && found[0].reasons.contains(&"other rows fit too".to_owned()));
    }

    #[test]
    fn a_number_tells_which_of_two_accounts_is_meant() {
        let rows = [
            side(1, 1, 1, -100, "EUR", "To card ending 2222"),
            side(2, 2, 1, 100, "EUR", "Gift"),
            side(3, 3, 3, 100, "EUR", "PAYMENT THANK YOU"),
        ];
        let found = proposed(&rows);
        assert_eq!(found[0].to.id, TransactionId(3), "{found:?}");
    }

    #[test]
    fn two_currencies_need_a_word_about_the_exchange_and_give_the_rate() {
        let plain = [side(1, 1, 1, -10_000, "EUR", "Groceries"), side(2, 2, 2, 10_850, "USD", "Refund")];
        assert!(proposed(&plain).is_empty());
        let told =
            [side(1, 1, 1, -10_000, "EUR", "To USD, 108.50 bought"), side(2, 2, 2, 10_850, "USD", "In")];
        let found = proposed(&told);
        assert_eq!(found.len(), 1);
        assert!(found[0].reasons[0].contains("1.085000 USD for 1 EUR"), "{:?}", found[0].reasons);
        let yen = Money::new(-100, Currency::iso("JPY").unwrap());
        assert_eq!(rate(yen, Money::new(62, Currency::iso("EUR").unwrap())).as_deref(), Some("0.006200"));
    }

    #[test]
    fn many_equal_rows_are_paired_quickly_and_once() {
        let mut rows = Vec::new();
        for n in 0..1_000 {
            rows.push(side(2 * n + 1, 1, 1, -100, "EUR", "a"));
            rows.push(side(2 * n + 2, 2, 1, 100, "EUR", "b"));
        }
        let found = proposed(&rows);
        let used: HashSet<TransactionId> = found.iter().flat_map(|pair| [pair.from.id, pair.to.id]).collect();
        assert_eq!(used.len(), 2 * found.len());
    }
}
