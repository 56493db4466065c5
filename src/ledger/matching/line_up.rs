//! The rows that neither ids nor fingerprints place: compared by amount, day and text, under rules that can be told.
//!
//! **Pending rows.** A booked row is the one that was pending where the texts are alike, it comes at most
//! [`BOOKED_WITHIN_DAYS`] days later ([`BOOKED_EARLIER_DAYS`] earlier), and the amount is the same; or differs by
//! [`OTHER_AMOUNT_PERCENT`] percent at most, where no other row could be meant. Holds that differ more
//! are recognised by the bank's id alone. The same amount with another text is in doubt: two withdrawals of one
//! amount are common, and the one must not take the place of the other.
//!
//! **Statements of other formats.** Two rows of one amount, at most [`APART_DAYS`] days apart, of which one is in
//! the account and not in the statement, the other in the statement and not in the account, may be one movement.
//! They surely are where each source speaks of the day on which the other has it: then neither could leave it out.
//! One of the two is enough where the texts are alike. Of one family of formats the texts are written by
//! one hand: then both, the same day and a text alike are needed. A row entered by hand needs a text alike. What
//! falls short is in doubt: it is added, and told.

use super::{Brought, IncomingRows, Matching, Reason, Subject, alike, usable_id};
use crate::ledger::transaction::{TransactionId, TransactionStatus};
use jiff::ToSpan;
use jiff::civil::Date;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

/// How many days apart one movement is in two sources at most.
pub const APART_DAYS: i32 = 3;
/// How many days after it was pending a row is booked at most.
pub const BOOKED_WITHIN_DAYS: i32 = 10;
/// How many days before its pending day a row is booked at most: some banks book back to the day of the purchase.
pub const BOOKED_EARLIER_DAYS: i32 = 1;
/// By how much, in percent, a booked amount differs from the pending one at most: a tip, a rate of exchange.
pub const OTHER_AMOUNT_PERCENT: i64 = 30;
/// How many known rows of one day and amount are looked at for one row.
const MAX_LOOKED_AT: usize = 64;

/// What is done with rows that may or may not be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Similar {
    /// What surely is known is not added; what may be is added and told.
    #[default]
    Judge,
    /// What may be known is taken as known.
    Merge,
    /// Only what is the same to the letter, or by the bank's id, is taken as known.
    Add,
}

/// How sure a comparison is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Sure,
    Doubt,
}

/// Known rows that nothing has placed yet, by amount and day.
type Free = HashMap<i64, BTreeMap<Date, Vec<usize>>>;

impl Matching<'_> {
    /// The known rows whose texts [`Matching::line_up`] compares, so that only those need be read.
    pub fn compared(&self) -> Vec<Subject> {
        let mut found: HashSet<usize> = HashSet::new();
        if self.taken.iter().all(|taken| *taken) {
            return Vec::new();
        }
        let free = self.free_rows();
        for (_, row) in self.unplaced() {
            let days = day_range(row.posted, BOOKED_WITHIN_DAYS, BOOKED_WITHIN_DAYS);
            let near = free.get(&row.amount_minor).map(|by_day| by_day.range(days));
            found.extend(near.into_iter().flatten().flat_map(|(_, slots)| slots.iter().copied()));
        }
        found.extend(self.free_pending());
        let subjects = found.into_iter().filter_map(|slot| self.known.rows.get(slot));
        subjects.map(|known| known.subject).collect()
    }

    /// Places what was pending, and what other sources brought. `texts` are those of [`Matching::compared`],
    /// folded; `days` are those that the statement speaks of.
    pub fn line_up(
        &mut self,
        texts: &HashMap<Subject, Vec<String>>,
        days: Option<(Date, Date)>,
        similar: Similar,
    ) {
        if self.unplaced().next().is_none() || self.taken.iter().all(|taken| *taken) {
            return;
        }
        let texts = Texts { known: texts, incoming: self.incoming, folded: RefCell::default() };
        self.place_booked(&texts, true);
        self.place_booked_with_other_amount(&texts);
        self.place_late_pending(&texts);
        if similar != Similar::Add {
            self.place_other_sources(&texts, days, Verdict::Sure);
            if similar == Similar::Merge {
                self.place_booked(&texts, false);
                self.place_other_sources(&texts, days, Verdict::Doubt);
            } else {
                self.note_doubts(&texts, days);
            }
        }
    }

    /// The pending rows of the days that a statement speaks of that it neither books nor shows any more.
    pub fn left_pending(&self, days: (Date, Date)) -> Vec<TransactionId> {
        let within = |slot: &usize| {
            self.known.rows.get(*slot).is_some_and(|known| (days.0..=days.1).contains(&known.posted))
        };
        let ids = self.free_pending().filter(within).filter_map(|slot| self.known.rows.get(slot));
        ids.filter_map(|known| match known.subject {
            Subject::Row(id) => Some(id),
            Subject::Deleted(_) => None,
        })
        .collect()
    }

    fn unplaced(&self) -> impl Iterator<Item = (usize, Brought)> + '_ {
        let open = (0..self.incoming.len()).filter(|index| !self.is_placed(*index));
        open.filter_map(|index| Some((index, self.brought(index)?)))
    }

    /// The unplaced rows that are booked, or those that are pending.
    fn unplaced_of(&self, pending: bool) -> Vec<usize> {
        let is_so = |row: &Brought| (row.status == TransactionStatus::Pending) == pending;
        self.unplaced().filter(|(_, row)| is_so(row)).map(|(index, _)| index).collect()
    }

    fn free_pending(&self) -> impl Iterator<Item = usize> + '_ {
        let rows = self.known.rows.iter().enumerate();
        let free =
            rows.filter(|(slot, known)| known.status == TransactionStatus::Pending && self.is_free(*slot));
        free.filter(|(_, known)| matches!(known.subject, Subject::Row(_))).map(|(slot, _)| slot)
    }

    /// The free rows whose amount some unplaced row has.
    fn free_rows(&self) -> Free {
        let wanted: HashSet<i64> = self.unplaced().map(|(_, row)| row.amount_minor).collect();
        let mut free: Free = HashMap::new();
        for (slot, known) in self.known.rows.iter().enumerate() {
            if wanted.contains(&known.amount_minor) && self.is_free(slot) {
                free.entry(known.amount_minor).or_default().entry(known.posted).or_default().push(slot);
            }
        }
        free
    }

    /// Booked rows of just a pending row's amount.
    fn place_booked(&mut self, texts: &Texts<'_>, must_be_alike: bool) {
        let free = self.free_pending_rows();
        for index in self.unplaced_of(false) {
            let found = self
                .pending_for(&free, index, &|slot| !must_be_alike || texts.alike(self.subject(slot), index));
            if let Some(slot) = found {
                self.take_by_rule(slot, index, texts);
            }
        }
    }

    fn free_pending_rows(&self) -> Free {
        let mut free: Free = HashMap::new();
        for slot in self.free_pending() {
            if let Some(known) = self.known.rows.get(slot) {
                free.entry(known.amount_minor).or_default().entry(known.posted).or_default().push(slot);
            }
        }
        free
    }

    /// The first free pending row of a booked row's amount and about its days that is wanted.
    fn pending_for(&self, free: &Free, index: usize, wanted: &dyn Fn(usize) -> bool) -> Option<usize> {
        let row = self.brought(index)?;
        let days = day_range(row.posted, BOOKED_WITHIN_DAYS, BOOKED_EARLIER_DAYS);
        let near = free.get(&row.amount_minor)?.range(days);
        let slots = near.flat_map(|(_, slots)| slots.iter().copied());
        slots.filter(|slot| self.is_free(*slot)).take(MAX_LOOKED_AT).find(|slot| wanted(*slot))
    }

    /// Booked rows of another amount than the pending one: only where each of the two can mean the other alone.
    fn place_booked_with_other_amount(&mut self, texts: &Texts<'_>) {
        let pending: Vec<usize> = self.free_pending().collect();
        let rows = self.unplaced_of(false);
        if pending.is_empty() || pending.len().saturating_mul(rows.len()) > 1_000_000 {
            return;
        }
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for index in rows {
            let fits = |slot: &&usize| self.may_be_booked_as(**slot, index, texts);
            pairs.extend(pending.iter().filter(fits).map(|slot| (*slot, index)));
        }
        let (mut of_slot, mut of_index) = (HashMap::new(), HashMap::new());
        for (slot, index) in &pairs {
            *of_slot.entry(*slot).or_insert(0_usize) += 1;
            *of_index.entry(*index).or_insert(0_usize) += 1;
        }
        let only = pairs
            .iter()
            .filter(|(slot, index)| of_slot.get(slot) == Some(&1) && of_index.get(index) == Some(&1));
        let only: Vec<(usize, usize)> = only.copied().collect();
        for (slot, index) in only {
            self.take_by_rule(slot, index, texts);
        }
    }

    fn may_be_booked_as(&self, slot: usize, index: usize, texts: &Texts<'_>) -> bool {
        let (Some(known), Some(row)) = (self.known.rows.get(slot), self.brought(index)) else {
            return false;
        };
        let (was, is) = (i128::from(known.amount_minor), i128::from(row.amount_minor));
        let days = (row.posted - known.posted).get_days();
        (was < 0) == (is < 0)
            && (was - is).abs() * 100 <= was.abs() * i128::from(OTHER_AMOUNT_PERCENT)
            && (-BOOKED_EARLIER_DAYS..=BOOKED_WITHIN_DAYS).contains(&days)
            && !self.has_other_id(slot, index)
            && texts.alike(known.subject, index)
    }

    /// Pending rows of an older download whose booked row the account has already.
    fn place_late_pending(&mut self, texts: &Texts<'_>) {
        let rows = self.unplaced_of(true);
        if rows.is_empty() {
            return;
        }
        let free = self.free_rows();
        for index in rows {
            let Some(row) = self.brought(index) else { continue };
            let days = day_range(row.posted, BOOKED_EARLIER_DAYS, BOOKED_WITHIN_DAYS);
            let near = free.get(&row.amount_minor).map(|by_day| by_day.range(days));
            let slots = near.into_iter().flatten().flat_map(|(_, slots)| slots.iter().copied());
            let found = slots.filter(|slot| self.is_free(*slot)).take(MAX_LOOKED_AT).find(|slot| {
                let booked = self
                    .known
                    .rows
                    .get(*slot)
                    .is_some_and(|known| known.status != TransactionStatus::Pending);
                booked && texts.alike(self.subject(*slot), index)
            });
            if let Some(slot) = found {
                self.take_by_rule(slot, index, texts);
            }
        }
    }

    /// Rows of other sources: nearest days first, and at each distance those with a text alike.
    fn place_other_sources(&mut self, texts: &Texts<'_>, days: Option<(Date, Date)>, least: Verdict) {
        let free = self.free_rows();
        if free.is_empty() {
            return;
        }
        for must_be_alike in [true, false] {
            for distance in 0..=APART_DAYS {
                for index in self.unplaced_of(false) {
                    let accept = |verdict| verdict == Verdict::Sure || least == Verdict::Doubt;
                    let found = self.nearest(&free, index, distance, &|slot| {
                        (!must_be_alike || texts.alike(self.subject(slot), index))
                            && self.judge(slot, index, distance, texts, days).is_some_and(accept)
                    });
                    if let Some(slot) = found {
                        self.take_by_rule(slot, index, texts);
                    }
                }
            }
        }
    }

    /// Notes beside what will be added which known row it may be.
    fn note_doubts(&mut self, texts: &Texts<'_>, days: Option<(Date, Date)>) {
        let free = self.free_rows();
        let mut named: HashSet<usize> = HashSet::new();
        let pending = self.free_pending_rows();
        for index in self.unplaced_of(false) {
            if let Some(slot) = self.pending_for(&pending, index, &|slot| !named.contains(&slot)) {
                named.insert(slot);
                self.doubt(slot, index, texts);
            }
        }
        for distance in 0..=APART_DAYS {
            for index in self.unplaced_of(false) {
                let found = self.nearest(&free, index, distance, &|slot| {
                    !named.contains(&slot) && self.judge(slot, index, distance, texts, days).is_some()
                });
                let Some(slot) = found else { continue };
                named.insert(slot);
                self.doubt(slot, index, texts);
            }
        }
    }

    fn doubt(&mut self, slot: usize, index: usize, texts: &Texts<'_>) {
        if let Some(reason) = self.reason(slot, index, texts) {
            self.place(slot, index, reason, true);
        }
    }

    /// The first free row at just that distance that is wanted.
    fn nearest(
        &self,
        free: &Free,
        index: usize,
        distance: i32,
        wanted: &dyn Fn(usize) -> bool,
    ) -> Option<usize> {
        let row = self.brought(index)?;
        let by_day = free.get(&row.amount_minor)?;
        let before = row.posted.checked_sub(distance.days()).ok();
        let after = row.posted.checked_add(distance.days()).ok().filter(|_| distance > 0);
        let slots = before.into_iter().chain(after).filter_map(|day| by_day.get(&day)).flatten().copied();
        slots.filter(|slot| self.is_free(*slot)).take(MAX_LOOKED_AT).find(|slot| wanted(*slot))
    }

    /// How sure it is that a known row of the same amount is an incoming one; none where it is not.
    fn judge(
        &self,
        slot: usize,
        index: usize,
        distance: i32,
        texts: &Texts<'_>,
        days: Option<(Date, Date)>,
    ) -> Option<Verdict> {
        let (known, row) = (self.known.rows.get(slot)?, self.brought(index)?);
        if self.has_other_id(slot, index) || known.status == TransactionStatus::Pending {
            return None;
        }
        let alike = texts.alike(Some(known.subject), index);
        let Some(batch) = known.batch else {
            return Some(if alike { Verdict::Sure } else { Verdict::Doubt });
        };
        let due_here = days.is_some_and(|(first, last)| (first..=last).contains(&known.posted));
        let was_due = self.known.sources.covers(batch, row.posted);
        let both = due_here && was_due;
        if self.known.sources.family_of(known.batch) == self.family {
            let sure = distance == 0 && alike;
            return both.then_some(if sure { Verdict::Sure } else { Verdict::Doubt });
        }
        let sure = both || ((due_here || was_due) && alike);
        Some(if sure { Verdict::Sure } else { Verdict::Doubt })
    }

    /// Whether one kind of source gave the two rows different ids.
    fn has_other_id(&self, slot: usize, index: usize) -> bool {
        let Some(known) = self.known.rows.get(slot) else { return false };
        let id = self.incoming.bank_id(index).and_then(usable_id);
        let same_family = self.known.sources.family_of(known.batch) == self.family;
        same_family && self.is_trusted(index) && known.bank_id.is_some() && id != known.bank_id
    }

    fn subject(&self, slot: usize) -> Option<Subject> {
        self.known.rows.get(slot).map(|known| known.subject)
    }

    fn reason(&self, slot: usize, index: usize, texts: &Texts<'_>) -> Option<Reason> {
        let (known, row) = (self.known.rows.get(slot)?, self.brought(index)?);
        Some(Reason::Rule {
            days: u8::try_from((row.posted - known.posted).get_days().abs()).unwrap_or(u8::MAX),
            alike: texts.alike(Some(known.subject), index),
            other_amount: row.amount_minor != known.amount_minor,
        })
    }

    fn take_by_rule(&mut self, slot: usize, index: usize, texts: &Texts<'_>) {
        if let Some(reason) = self.reason(slot, index, texts) {
            self.take(slot, index, reason);
        }
    }
}

/// The folded texts of both sides.
struct Texts<'a> {
    known: &'a HashMap<Subject, Vec<String>>,
    incoming: &'a dyn IncomingRows,
    /// Those of the statement's rows that were compared already.
    folded: RefCell<HashMap<usize, Vec<String>>>,
}

impl Texts<'_> {
    fn alike(&self, subject: impl Into<Option<Subject>>, index: usize) -> bool {
        let known = subject.into().and_then(|subject| self.known.get(&subject));
        let Some(known) = known else { return false };
        let mut folded = self.folded.borrow_mut();
        let incoming = folded.entry(index).or_insert_with(|| alike::folded_text(&self.incoming.text(index)));
        alike::is_alike(known, incoming)
    }
}

/// From so many days before a day to so many after it.
pub(crate) fn day_range(day: Date, before: i32, after: i32) -> std::ops::RangeInclusive<Date> {
    let first = day.checked_sub(before.days()).unwrap_or(Date::MIN);
    let last = day.checked_add(after.days()).unwrap_or(Date::MAX);
    first..=last
}
