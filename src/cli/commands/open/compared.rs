//! `open --compare`: an earlier disclosure beside the one that is opened, and what follows from both.
//!
//! The earlier one may have expired, so what it states is shown as what it said then. All else about it has to be in
//! order: opened with the same key, whole, from the same signer, and not taken back.

use super::key::{Key, read};
use super::refused::exit_of;
use super::shown::VerdictShape;
use crate::cli::commands::facts;
use crate::cli::commands::shapes::iso;
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::Tone;
use crate::cli::when::local;
use finvault::disclosure::{
    Comparison, Contradiction, ExpectedAudience, Fact, Opened, Outcome, Relation, Revocation, Verdict,
    Verified, VerifyError, check_enclosures, compare, open, verify_undated,
};
use serde::Serialize;
use std::path::Path;
use std::slice::from_ref;

/// The disclosure that another is held against.
pub(super) struct Earlier {
    pub(super) verified: Verified,
}

/// What follows, for scripts.
#[derive(Serialize)]
pub(super) struct ComparisonShape {
    outcome: &'static str,
    earlier: EarlierShape,
    facts: Vec<PairShape>,
    only_earlier: Vec<facts::FactShape>,
    only_later: Vec<facts::FactShape>,
    contradictions: Vec<String>,
}

#[derive(Serialize)]
struct EarlierShape {
    jti: String,
    issued: String,
    expires: String,
}

#[derive(Serialize)]
struct PairShape {
    relation: &'static str,
    earlier: facts::FactShape,
    later: facts::FactShape,
}

impl Earlier {
    /// Opens and verifies it, whatever the time.
    pub(super) fn open(path: &Path, key: &Key) -> Result<Self, Failure> {
        let refused = |exit, why: String| {
            Failure::new(exit, format!("the earlier disclosure: {why}"))
                .help("name another with --compare, or open this one without")
        };
        let Opened { token, enclosures, .. } = open(&read(path)?, key.with())
            .map_err(|error| refused(error.verdict().map_or(Exit::Usage, exit_of), error.to_string()))?;
        let audiences = key.audiences();
        let audience = match &audiences {
            Some(audiences) => ExpectedAudience::OneOf(audiences),
            None => ExpectedAudience::Unchecked,
        };
        let verified = verify_undated(&token, audience)
            .and_then(|verified| check_enclosures(&verified, &enclosures).map(|_| verified))
            .map_err(|error: VerifyError| refused(exit_of(error.verdict()), error.to_string()))?;
        Ok(Self { verified })
    }

    /// Of one that the owner took back nothing is shown.
    pub(super) fn refuse_revoked(&self, revocation: &Revocation) -> Result<(), Failure> {
        match revocation {
            Revocation::Revoked { .. } => Err(Failure::new(
                Exit::Revoked,
                format!("the owner took the earlier disclosure back: {revocation}"),
            )
            .help("open this one without --compare")),
            _ => Ok(()),
        }
    }

    pub(super) fn compare<'a>(&'a self, later: &'a Verified) -> Result<Comparison<'a>, Failure> {
        compare(&self.verified, later).map_err(|error| {
            Failure::new(Exit::InputRejected, format!("nothing follows from comparing: {error}")).help(
                "compare two that one owner sealed to one key of yours, or open this one without --compare",
            )
        })
    }

    pub(super) fn shape(&self, found: &Comparison<'_>) -> ComparisonShape {
        let shapes = |facts: &[&Fact]| facts.iter().map(|fact| facts::FactShape::from(*fact)).collect();
        ComparisonShape {
            outcome: found.outcome.as_str(),
            earlier: EarlierShape {
                jti: self.verified.id.clone(),
                issued: iso(self.verified.issued),
                expires: iso(self.verified.expires),
            },
            facts: found
                .pairs
                .iter()
                .map(|pair| PairShape {
                    relation: pair.relation.as_str(),
                    earlier: pair.earlier.into(),
                    later: pair.later.into(),
                })
                .collect(),
            only_earlier: shapes(&found.only_earlier),
            only_later: shapes(&found.only_later),
            contradictions: found.contradictions.iter().map(describe).collect(),
        }
    }

    /// Prints what follows, after what the later one states.
    pub(super) fn print(&self, found: &Comparison<'_>, console: &mut Console) -> Result<(), Failure> {
        console.say("")?;
        console.say(format!("Compared with the one issued {}:", local(self.verified.issued)))?;
        match found.outcome {
            Outcome::SameRecords => console.say_toned(&[
                (Tone::Good, "  the same records"),
                (Tone::Plain, ": nothing beneath it changed, and every answer is the same"),
            ])?,
            Outcome::RecordsChanged => console
                .say_toned(&[(Tone::Caution, "  the records changed"), (Tone::Plain, " between the two")])?,
            _ => console
                .say("  they answer different questions: whether the records changed cannot be told")?,
        }
        let of = |relation| found.pairs.iter().filter(move |pair| pair.relation == relation);
        let same = of(Relation::Same).count();
        if found.outcome != Outcome::SameRecords && same > 0 {
            console.say(format!("  the same as then: {same} of {}", counted(found)))?;
        }
        let other_basis = of(Relation::OtherBasis).count();
        if other_basis > 0 {
            let all = counted(found);
            console.say(format!(
                "  the same answer as then, from other rows, statements or gaps: {other_basis} of {all}"
            ))?;
        }
        for (relation, then) in [
            (Relation::Changed, "Another answer to the same question. It was then:"),
            (Relation::OtherDays, "The same question about other days. It was then:"),
        ] {
            for pair in of(relation) {
                console.say("")?;
                console.say(then)?;
                facts::print(from_ref(pair.earlier), console)?;
            }
        }
        Ok(())
    }

    /// Tells that both cannot be right: which question got which two answers. The later one shows nothing else.
    pub(super) fn contradicted(
        &self,
        found: &Comparison<'_>,
        later: &Verified,
        revocation: &Revocation,
        console: &mut Console,
    ) -> Result<Failure, Failure> {
        if console.is_json() {
            let all = VerdictShape::of(Verdict::Invalid, later, revocation);
            console.json(&VerdictShape {
                issuer: all.issuer,
                issuer_words: all.issuer_words,
                jti: all.jti,
                issued: all.issued,
                expires: all.expires,
                comparison: Some(self.shape(found)),
                ..VerdictShape::empty(Verdict::Invalid, "valid")
            })?;
        } else {
            let times = (local(self.verified.issued), local(later.issued));
            for contradiction in &found.contradictions {
                console.say_toned(&[
                    (Tone::Bad, "Contradiction"),
                    (Tone::Plain, &format!(": {}", describe(contradiction))),
                ])?;
                if let Contradiction::Answers(pair) = contradiction {
                    console.say(format!("The one issued {} says:", times.0))?;
                    facts::print(from_ref(pair.earlier), console)?;
                    console.say(format!("The one issued {} says:", times.1))?;
                    facts::print(from_ref(pair.later), console)?;
                }
            }
        }
        Ok(Failure::new(Exit::Invalid, "the two disclosures contradict each other: both cannot be right")
            .help("rely on neither; show the owner both files and ask"))
    }
}

/// How many facts the later disclosure states.
fn counted(found: &Comparison<'_>) -> String {
    match found.pairs.len().saturating_add(found.only_later.len()) {
        1 => "1 fact".to_owned(),
        count => format!("{count} facts"),
    }
}

/// One sentence on a contradiction.
fn describe(contradiction: &Contradiction<'_>) -> String {
    match contradiction {
        Contradiction::Answers(pair) => format!(
            "over records that are said to be the same, one question ({}) has two answers",
            pair.later.kind()
        ),
        Contradiction::Questions => {
            "a commitment to the same facts, and yet other facts are stated".to_owned()
        }
        Contradiction::Row { id, earlier, later } => {
            format!("the transaction {id} was {}, and is now {}", row(earlier), row(later))
        }
        Contradiction::Id(id) => format!("two disclosures that differ have one id, {id}"),
        _ => "of a kind that this finvault does not know".to_owned(),
    }
}

fn row(row: &finvault::disclosure::Row) -> String {
    let parts = [
        row.booked.map(|day| day.to_string()),
        row.amount.map(|amount| amount.to_string()),
        row.information.clone(),
        row.status.map(|status| status.as_str().to_owned()),
    ];
    format!("({})", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}
