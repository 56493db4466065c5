//! Days committed to on a thread of their own, while the next ones are read: both take long over a million rows.

use crate::disclosure::RootBuilder;
use crate::money::Currency;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, Scope};

/// How many days may wait for the thread.
const MAX_WAITING_DAYS: usize = 64;

/// Takes rows in order of day, and commits to each day once it is whole.
pub(super) struct Days<'a, 'b> {
    root: &'a Mutex<RootBuilder<'b>>,
    currency: Currency,
    /// The way to the thread; none where the system gives none.
    thread: Option<SyncSender<Day>>,
    /// The day at hand.
    day: Day,
}

/// A day as ISO 8601, and its amounts in minor units.
#[derive(Default)]
struct Day {
    posted: String,
    amounts_minor: Vec<i64>,
}

impl<'a, 'b> Days<'a, 'b> {
    /// Begins with a root that nothing else is added to until the scope ends.
    pub(super) fn begin<'scope>(
        scope: &'scope Scope<'scope, 'a>,
        root: &'a Mutex<RootBuilder<'b>>,
        currency: Currency,
    ) -> Self
    where
        'b: 'a,
    {
        let (sender, receiver) = sync_channel(MAX_WAITING_DAYS);
        let commit = move || commit_all(root, currency, &receiver);
        let thread = Builder::new().name("root".to_owned()).spawn_scoped(scope, commit);
        Self { root, currency, thread: thread.ok().map(|_| sender), day: Day::default() }
    }

    /// Adds a row.
    pub(super) fn add(&mut self, posted: &str, amount_minor: i64) {
        if self.day.posted != posted {
            self.end_day();
            posted.clone_into(&mut self.day.posted);
        }
        self.day.amounts_minor.push(amount_minor);
    }

    fn end_day(&mut self) {
        if self.day.amounts_minor.is_empty() {
            return;
        }
        let day = std::mem::take(&mut self.day);
        match &self.thread {
            // The thread ends early only by a panic, which the scope passes on.
            Some(sender) => _ = sender.send(day),
            None => {
                commit(&mut self.root.lock().unwrap_or_else(PoisonError::into_inner), self.currency, &day)
            }
        }
    }

    /// Commits to the last day.
    pub(super) fn finish(mut self) {
        self.end_day();
    }
}

fn commit_all(root: &Mutex<RootBuilder<'_>>, currency: Currency, days: &Receiver<Day>) {
    let mut root = root.lock().unwrap_or_else(PoisonError::into_inner);
    for day in days {
        commit(&mut root, currency, &day);
    }
}

fn commit(root: &mut RootBuilder<'_>, currency: Currency, day: &Day) {
    root.push_day(&day.posted, currency, &day.amounts_minor);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disclosure::RootSalt;
    use proptest::prelude::*;

    proptest! {
        /// Beside or here, the root is that of the days one after another.
        #[test]
        fn the_root_is_that_of_all_days_in_order(
            days in prop::collection::vec(prop::collection::vec(any::<i64>(), 1..4), 0..200),
        ) {
            let (salt, eur) = (RootSalt::from_bytes([3; 32]), Currency::iso("EUR").unwrap());
            let name = |day: usize| format!("2026-01-01#{day:04}");
            let mut wanted = RootBuilder::new(&salt);
            for (day, amounts) in days.iter().enumerate() {
                wanted.push_day(&name(day), eur, amounts);
            }
            let wanted = wanted.finish();
            for beside in [true, false] {
                let root = Mutex::new(RootBuilder::new(&salt));
                std::thread::scope(|scope| {
                    let mut rows = Days::begin(scope, &root, eur);
                    if !beside {
                        rows.thread = None;
                    }
                    for (day, amounts) in days.iter().enumerate() {
                        amounts.iter().for_each(|minor| rows.add(&name(day), *minor));
                    }
                    rows.finish();
                });
                prop_assert_eq!(root.into_inner().unwrap().finish(), wanted);
            }
        }
    }
}
