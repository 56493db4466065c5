//! Two disclosures of one signer to one recipient held against each other: do they rest on the same records, and
//! do they agree?
//!
//! An owner who answers the same question twice salts the ledger root alike both times
//! (`docs/disclosure-format.md`, section 2.6). So equal roots mean the same rows and the same answers; a different
//! answer over an equal root means that a program or a person failed. Different roots over the same questions
//! mean that something beneath them changed.

use super::fact::{Fact, Row, TransactionsFact};
use super::question::{Question, could_be_one};
use super::verify::Verified;
use std::collections::HashMap;

/// Why two disclosures cannot be held against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// Signed by two keys: nothing ties one to the other.
    #[error("the two disclosures were signed by different keys")]
    OtherIssuer,
    /// Made out to two recipients. A passcode is made for one disclosure, so two under passcodes differ in this.
    #[error("the two disclosures are for different recipients")]
    OtherAudience,
}

/// What follows from two disclosures together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Equal roots, and every answer is the same.
    SameRecords,
    /// Something beneath them changed, whether or not an answer did.
    RecordsChanged,
    /// They answer different questions, and where they answer the same one they agree: whether the records
    /// changed cannot be told.
    OtherQuestions,
    /// Both cannot be right: somebody's software or honesty failed.
    Contradiction,
}

impl Outcome {
    /// The word that JSON uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameRecords => "same-records",
            Self::RecordsChanged => "records-changed",
            Self::OtherQuestions => "other-questions",
            Self::Contradiction => "contradiction",
        }
    }
}

/// How two facts stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Relation {
    /// The same answer to the same question, as far as these copies show it.
    Same,
    /// The same answer to the same question, resting on other rows, statements or gaps.
    OtherBasis,
    /// Another answer to the same question, over other records.
    Changed,
    /// The same question about other days.
    OtherDays,
    /// Another answer to the same question, though the records are said to be the same; or one row's id on two rows.
    Contradicts,
}

impl Relation {
    /// The word that JSON uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::OtherBasis => "other-basis",
            Self::Changed => "changed",
            Self::OtherDays => "other-days",
            Self::Contradicts => "contradicts",
        }
    }
}

/// Two facts that answer one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactPair<'a> {
    /// As the earlier disclosure answers it.
    pub earlier: &'a Fact,
    /// As the later one does.
    pub later: &'a Fact,
    /// How the answers stand to each other.
    pub relation: Relation,
}

/// Why two disclosures cannot both be right.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Contradiction<'a> {
    /// The roots are equal, and one question has two answers.
    Answers(FactPair<'a>),
    /// The roots are equal, and yet not the same questions are answered.
    Questions,
    /// An id that one row alone may have stands on two that differ.
    Row {
        /// The id.
        id: &'a str,
        /// The row that the earlier disclosure has under it.
        earlier: &'a Row,
        /// The row that the later one has.
        later: &'a Row,
    },
    /// Two disclosures that differ have one id.
    Id(&'a str),
}

/// What [`compare`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison<'a> {
    /// What follows.
    pub outcome: Outcome,
    /// The facts that answer the same question, in the later disclosure's order.
    pub pairs: Vec<FactPair<'a>>,
    /// Facts that only the earlier disclosure states.
    pub only_earlier: Vec<&'a Fact>,
    /// Facts that only the later one states.
    pub only_later: Vec<&'a Fact>,
    /// Each way in which they contradict each other; empty unless the outcome says so.
    pub contradictions: Vec<Contradiction<'a>>,
}

/// Holds two verified disclosures against each other. Which of them is called earlier is the caller's choice.
///
/// # Errors
/// [`CompareError`] unless both are signed by one key and made out to one audience.
pub fn compare<'a>(earlier: &'a Verified, later: &'a Verified) -> Result<Comparison<'a>, CompareError> {
    if earlier.issuer_key != later.issuer_key {
        return Err(CompareError::OtherIssuer);
    }
    if earlier.audience != later.audience {
        return Err(CompareError::OtherAudience);
    }
    let same_root = earlier.ledger_root == later.ledger_root;
    let mut pairing = Pairing::new(earlier, later);
    pairing.pair_same_questions(same_root);
    pairing.pair_other_days();
    let (mut pairs, only_earlier, only_later) = pairing.finish();
    let mut contradictions: Vec<_> = pairs.iter_mut().filter_map(row_under_two_guises).collect();
    let answers = pairs.iter().filter(|pair| same_root && pair.relation == Relation::Contradicts);
    contradictions.extend(answers.copied().map(Contradiction::Answers));
    let all_shown = earlier.withheld_facts == 0 && later.withheld_facts == 0;
    let same_questions = all_shown
        && only_earlier.is_empty()
        && only_later.is_empty()
        && pairs.iter().all(|pair| pair.relation != Relation::OtherDays);
    if same_root && all_shown && !same_questions {
        contradictions.push(Contradiction::Questions);
    }
    if earlier.id == later.id && !may_be_one(earlier, later) {
        contradictions.push(Contradiction::Id(&later.id));
    }
    let changed = pairs.iter().any(|pair| matches!(pair.relation, Relation::Changed | Relation::OtherBasis));
    let outcome = match () {
        () if !contradictions.is_empty() => Outcome::Contradiction,
        () if same_root => Outcome::SameRecords,
        () if changed || same_questions => Outcome::RecordsChanged,
        () => Outcome::OtherQuestions,
    };
    Ok(Comparison { outcome, pairs, only_earlier, only_later, contradictions })
}

/// Whether two copies can be of one disclosure, of which facts may have been left out.
fn may_be_one(one: &Verified, other: &Verified) -> bool {
    let times = |copy: &Verified| (copy.issued, copy.not_before, copy.expires);
    times(one) == times(other)
        && one.ledger_root == other.ledger_root
        && one.purpose == other.purpose
        && one.terms == other.terms
        && one.status == other.status
}

/// The facts of two disclosures, and which of them found a partner.
struct Pairing<'a> {
    earlier: Side<'a>,
    later: Side<'a>,
    /// By the place of the later fact.
    pairs: Vec<(usize, FactPair<'a>)>,
}

struct Side<'a> {
    facts: Vec<(Question, &'a Fact)>,
    paired: Vec<bool>,
}

impl<'a> Side<'a> {
    fn new(disclosure: &'a Verified) -> Self {
        let facts: Vec<_> = disclosure.facts.iter().map(|fact| (Question::of(fact), fact)).collect();
        Self { paired: vec![false; facts.len()], facts }
    }

    /// The places of the facts that have no partner yet, by what `key` says of their question.
    fn free_by<K: std::hash::Hash + Eq>(&self, key: impl Fn(&Question) -> K) -> HashMap<K, Vec<usize>> {
        let mut places: HashMap<K, Vec<usize>> = HashMap::new();
        let free = self.facts.iter().zip(&self.paired).enumerate().filter(|(_, (_, paired))| !**paired);
        for (place, ((question, _), _)) in free {
            places.entry(key(question)).or_default().push(place);
        }
        places
    }

    fn get(&self, place: usize) -> Option<(&Question, &'a Fact)> {
        self.facts.get(place).map(|(question, fact)| (question, *fact))
    }

    fn free(&self) -> Vec<&'a Fact> {
        let free = self.facts.iter().zip(&self.paired).filter(|(_, paired)| !**paired);
        free.map(|((_, fact), _)| *fact).collect()
    }
}

impl<'a> Pairing<'a> {
    fn new(earlier: &'a Verified, later: &'a Verified) -> Self {
        Self { earlier: Side::new(earlier), later: Side::new(later), pairs: Vec::new() }
    }

    /// Pairs facts whose questions are equal. Where several of one disclosure are (of accounts that are not named,
    /// say), their order tells them apart, but only if both disclosures ask all the same in the same order.
    fn pair_same_questions(&mut self, same_root: bool) {
        let questions = |side: &Side<'a>| side.facts.iter().map(|(question, _)| question.clone()).collect();
        let (earlier, later): (Vec<Question>, Vec<Question>) =
            (questions(&self.earlier), questions(&self.later));
        let in_order = earlier == later;
        let by_question = self.earlier.free_by(Clone::clone);
        for (question, theirs) in self.later.free_by(Clone::clone) {
            let Some(ours) = by_question.get(&question) else { continue };
            if !in_order && (ours.len() > 1 || theirs.len() > 1) {
                continue;
            }
            for (&ours, &theirs) in ours.iter().zip(&theirs) {
                self.pair(ours, theirs, |earlier, later| {
                    could_be_one(earlier, later).then(|| match () {
                        () if agree(earlier, later) => Relation::Same,
                        () if same_root => Relation::Contradicts,
                        () if same_figures(earlier, later) => Relation::OtherBasis,
                        () => Relation::Changed,
                    })
                });
            }
        }
    }

    /// Pairs what is left where only the days differ, as they do when a standing disclosure is renewed.
    fn pair_other_days(&mut self) {
        let by_question = self.earlier.free_by(|question| question.apart_from_days.clone());
        for (question, theirs) in self.later.free_by(|question| question.apart_from_days.clone()) {
            let Some(ours) = by_question.get(&question).filter(|ours| ours.len() == theirs.len()) else {
                continue;
            };
            for (&ours, &theirs) in ours.iter().zip(&theirs) {
                let days = |side: &Side<'a>, place| side.get(place).map(|(question, _)| question.days);
                if days(&self.earlier, ours) != days(&self.later, theirs) {
                    self.pair(ours, theirs, |_, _| Some(Relation::OtherDays));
                }
            }
        }
    }

    fn pair(&mut self, ours: usize, theirs: usize, relation: impl Fn(&Fact, &Fact) -> Option<Relation>) {
        let (Some((_, earlier)), Some((_, later))) = (self.earlier.get(ours), self.later.get(theirs)) else {
            return;
        };
        let Some(relation) = relation(earlier, later) else { return };
        for (side, place) in [(&mut self.earlier, ours), (&mut self.later, theirs)] {
            if let Some(paired) = side.paired.get_mut(place) {
                *paired = true;
            }
        }
        self.pairs.push((theirs, FactPair { earlier, later, relation }));
    }

    fn finish(mut self) -> (Vec<FactPair<'a>>, Vec<&'a Fact>, Vec<&'a Fact>) {
        self.pairs.sort_by_key(|(place, _)| *place);
        let pairs = self.pairs.into_iter().map(|(_, pair)| pair).collect();
        (pairs, self.earlier.free(), self.later.free())
    }
}

/// Whether two facts on one question give the same answer, as far as both copies show it.
fn agree(earlier: &Fact, later: &Fact) -> bool {
    match (earlier, later) {
        (Fact::Transactions(earlier), Fact::Transactions(later)) => {
            earlier.account == later.account
                && earlier.payees == later.payees
                && earlier.selection == later.selection
                && earlier.evidence == later.evidence
                && rows_agree(earlier, later)
        }
        _ => earlier == later,
    }
}

/// Whether two facts on one question state the same, leaving aside what it rests on.
fn same_figures(earlier: &Fact, later: &Fact) -> bool {
    match (earlier, later) {
        (Fact::Balance(earlier), Fact::Balance(later)) => earlier.amount == later.amount,
        (Fact::BalanceRange(earlier), Fact::BalanceRange(later)) => {
            (earlier.at_least, earlier.below) == (later.at_least, later.below)
        }
        (Fact::Threshold(earlier), Fact::Threshold(later)) => {
            (earlier.result, earlier.days_with_data) == (later.result, later.days_with_data)
        }
        (Fact::Totals(earlier), Fact::Totals(later)) => earlier.periods == later.periods,
        (Fact::Transactions(earlier), Fact::Transactions(later)) => {
            let counts = |fact: &TransactionsFact| (fact.selection.matched, fact.selection.suppressed);
            counts(earlier) == counts(later) && rows_agree(earlier, later)
        }
        _ => false,
    }
}

/// Whether the rows shown can be of one signed list: together they are not more than were signed.
fn rows_agree(earlier: &TransactionsFact, later: &TransactionsFact) -> bool {
    let mut most: HashMap<RowKey<'_>, (u64, u64)> = HashMap::new();
    for row in &earlier.rows {
        let counts = most.entry(row_key(row)).or_default();
        counts.0 = counts.0.saturating_add(1);
    }
    for row in &later.rows {
        let counts = most.entry(row_key(row)).or_default();
        counts.1 = counts.1.saturating_add(1);
    }
    let together = most.values().fold(0u64, |sum, (one, other)| sum.saturating_add(*one.max(other)));
    together <= later.selection.matched.saturating_sub(later.selection.suppressed)
}

/// All of a row, in a form that can be looked up.
type RowKey<'a> = (
    Option<&'a str>,
    Option<jiff::civil::Date>,
    Option<(i64, String)>,
    Option<super::fact::RowStatus>,
    Option<&'a str>,
);

fn row_key(row: &Row) -> RowKey<'_> {
    let amount = row.amount.map(|amount| (amount.minor(), amount.currency().code().to_owned()));
    (row.id.as_deref(), row.booked, amount, row.status, row.information.as_deref())
}

/// A row of a pair that has one id and two contents; the pair is then marked as contradicting.
fn row_under_two_guises<'a>(pair: &mut FactPair<'a>) -> Option<Contradiction<'a>> {
    let (Fact::Transactions(before), Fact::Transactions(after)) = (pair.earlier, pair.later) else {
        return None;
    };
    let known: HashMap<&str, &Row> =
        before.rows.iter().filter_map(|row| row.id.as_deref().map(|id| (id, row))).collect();
    let found = after.rows.iter().find_map(|later| {
        let id = later.id.as_deref()?;
        let earlier = *known.get(id)?;
        (earlier != later).then_some(Contradiction::Row { id, earlier, later })
    })?;
    if pair.relation == Relation::Changed {
        pair.relation = Relation::Contradicts;
    }
    Some(found)
}
