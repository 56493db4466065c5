//! The running balance as a witness: whether each balance follows from the one before and the amounts between.

/// Which way the rows run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    OldestFirst,
    NewestFirst,
}

/// What the running balance says of the amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Every balance follows from the one before, in this order of rows, over this many steps.
    Follows(Run),
    /// Every balance follows when every amount's sign is turned.
    FollowsInverted { steps: usize },
    /// Some balance does not follow.
    Broken,
    /// Fewer than two balances are stated.
    Silent,
}

/// Compares amounts and the balances stated after them, both in minor units and in file order. `runs` are the
/// orders of rows that their dates allow.
pub(super) fn judge<I>(rows: I, runs: &[Run]) -> Verdict
where
    I: DoubleEndedIterator<Item = (i64, Option<i64>)> + Clone,
{
    let steps = rows.clone().filter(|(_, balance)| balance.is_some()).count().saturating_sub(1);
    if steps == 0 {
        return Verdict::Silent;
    }
    let moves = rows.clone().any(|(amount, _)| amount != 0);
    for &run in runs {
        if holds(rows.clone(), run, 1) {
            return Verdict::Follows(run);
        }
    }
    if moves && runs.iter().any(|run| holds(rows.clone(), *run, -1)) {
        return Verdict::FollowsInverted { steps };
    }
    Verdict::Broken
}

fn holds<I>(mut rows: I, run: Run, sign: i128) -> bool
where
    I: DoubleEndedIterator<Item = (i64, Option<i64>)>,
{
    let mut last: Option<i128> = None;
    let mut since: i128 = 0;
    let mut step = |(amount, balance): (i64, Option<i64>)| {
        since += i128::from(amount) * sign;
        let Some(balance) = balance.map(i128::from) else { return true };
        let follows = last.is_none_or(|before| before + since == balance);
        last = Some(balance);
        since = 0;
        follows
    };
    match run {
        Run::OldestFirst => rows.all(&mut step),
        Run::NewestFirst => rows.rev().all(&mut step),
    }
}

#[cfg(test)]
mod tests {
    use super::{Run, Verdict};

    fn judge(rows: &[(i64, Option<i64>)], runs: &[Run]) -> Verdict {
        super::judge(rows.iter().copied(), runs)
    }

    const BOTH: &[Run] = &[Run::OldestFirst, Run::NewestFirst];

    #[test]
    fn both_orders_gaps_and_turned_signs_are_told_apart() {
        let oldest = [(5, Some(105)), (-3, None), (2, Some(104)), (-104, Some(0))];
        assert_eq!(judge(&oldest, BOTH), Verdict::Follows(Run::OldestFirst));
        let newest: Vec<_> = oldest.iter().rev().copied().collect();
        assert_eq!(judge(&newest, BOTH), Verdict::Follows(Run::NewestFirst));
        let turned: Vec<_> = oldest.iter().map(|(amount, balance)| (-amount, *balance)).collect();
        assert_eq!(judge(&turned, BOTH), Verdict::FollowsInverted { steps: 2 });
        assert_eq!(judge(&[(5, Some(105)), (7, Some(105))], BOTH), Verdict::Broken);
        assert_eq!(judge(&[(5, Some(105)), (7, None)], BOTH), Verdict::Silent);
        assert_eq!(judge(&[], BOTH), Verdict::Silent);
        assert_eq!(judge(&turned, &[Run::NewestFirst]), Verdict::Broken);
        assert_eq!(judge(&[(i64::MIN, Some(i64::MIN)), (i64::MIN, Some(i64::MAX))], BOTH), Verdict::Broken);
    }
}
