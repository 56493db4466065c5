//! Numbers for the parts of split transactions, so that sets of rows can hold a part as they hold a transaction.
//!
//! Transactions count up from 1; numbers from [`FIRST_PART`] on are parts. A part's number has the number of its
//! transaction in it, and a tag made of its amount: a part keeps its number while its amount stays, whatever becomes
//! of its category and of the parts beside it, and one with another amount is another part.

use super::transaction::TransactionId;
use sha2::{Digest, Sha256};

/// The smallest number of a part.
pub const FIRST_PART: i64 = 1 << 62;
/// Bits of the tag, below those of the transaction's number.
const TAG_BITS: u32 = 26;
const TAGS: i64 = 1 << TAG_BITS;
/// Transactions with larger numbers have no room for parts; a vault would have to count for centuries.
const MAX_TRANSACTION: i64 = (1 << (62 - TAG_BITS)) - 1;

/// Whether a number in a set is that of a part.
pub const fn is_part(number: i64) -> bool {
    number >= FIRST_PART
}

/// The number of the transaction that a number in a set stands for, or is a part of. An anchor stands for itself.
pub const fn transaction_of(number: i64) -> i64 {
    if is_part(number) { (number - FIRST_PART) >> TAG_BITS } else { number }
}

/// The numbers of a transaction's parts, given their amounts in minor units and in their order. `None` where the
/// transaction's own number is out of range.
pub fn part_numbers(transaction: TransactionId, amounts: &[i64]) -> Option<Vec<i64>> {
    if !(1..=MAX_TRANSACTION).contains(&transaction.0) {
        return None;
    }
    let base = FIRST_PART + (transaction.0 << TAG_BITS);
    let mut numbers: Vec<i64> = Vec::with_capacity(amounts.len());
    for (index, amount) in amounts.iter().enumerate() {
        // Equal parts are told apart by their order.
        let before = amounts.iter().take(index).filter(|other| *other == amount).count();
        let digest = Sha256::new()
            .chain_update(b"finvault/part")
            .chain_update(amount.to_be_bytes())
            .chain_update((before as u64).to_be_bytes())
            .finalize();
        let mut tag =
            digest.iter().take(8).fold(0i64, |all, byte| (all << 8) | i64::from(*byte)) & (TAGS - 1);
        while numbers.contains(&(base + tag)) {
            tag = (tag + 1) & (TAGS - 1);
        }
        numbers.push(base + tag);
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_part_keeps_its_number_while_its_amount_stays() {
        let of = |amounts: &[i64]| part_numbers(TransactionId(7), amounts).unwrap();
        let first = of(&[-500, -700]);
        assert_eq!(of(&[-700, -500]), [first[1], first[0]], "whatever the order");
        assert_eq!(of(&[-500, -300, -400])[0], first[0], "whatever is beside it");
        assert!(!first.contains(&of(&[-501, -699])[0]));
        let equal = of(&[5, 5, 5]);
        assert!(equal[0] != equal[1] && equal[1] != equal[2] && equal[0] != equal[2]);
        assert_eq!(part_numbers(TransactionId(0), &[1]), None);
        assert_eq!(part_numbers(TransactionId(MAX_TRANSACTION + 1), &[1]), None);
        assert_eq!(part_numbers(TransactionId(MAX_TRANSACTION), &[1]).map(|of| is_part(of[0])), Some(true));
        assert_eq!((transaction_of(41), transaction_of(-3), is_part(41)), (41, -3, false));
    }

    proptest! {
        #[test]
        fn parts_are_told_apart_and_know_their_transaction(
            transaction in 1..=MAX_TRANSACTION,
            amounts in prop::collection::vec(-3i64..3, 1..20),
        ) {
            let mut numbers = part_numbers(TransactionId(transaction), &amounts).unwrap();
            prop_assert!(numbers.iter().all(|number| is_part(*number) && transaction_of(*number) == transaction));
            numbers.sort_unstable();
            numbers.dedup();
            prop_assert_eq!(numbers.len(), amounts.len());
        }
    }
}
