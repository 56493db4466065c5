//! Who endorsed facts of a disclosure, as it is shown: for people, and as JSON.

use crate::cli::commands::shapes::iso;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::known_signers::KnownSigners;
use crate::cli::render::Tone;
use crate::cli::session::Session;
use finvault::disclosure::{Enclosed, fingerprint_words};
use serde::Serialize;

#[derive(Serialize)]
pub(in crate::cli::commands) struct EndorsementShape {
    signer: String,
    signer_words: String,
    known: bool,
    role: String,
    note: Option<String>,
    endorsed: String,
    /// Numbers of the facts in this copy, from 1.
    facts: Vec<usize>,
    /// How many more they endorsed that are not in this copy.
    withheld: u64,
}

/// The endorsements, each with whether its signer is known; with `trust` they are from now on.
pub(super) fn shapes(
    enclosed: &Enclosed,
    trust: bool,
    seen_in: &str,
    session: &mut Session<'_>,
) -> Result<Vec<EndorsementShape>, Failure> {
    if enclosed.endorsements.is_empty() {
        return Ok(Vec::new());
    }
    let mut known = KnownSigners::endorsers(session.environment)?;
    let now = session.now();
    let mut shapes = Vec::new();
    for endorsed in &enclosed.endorsements {
        let signer = endorsed.signer.to_string();
        if trust {
            known.remember(&signer, seen_in, now)?;
        }
        shapes.push(EndorsementShape {
            known: known.contains(&signer),
            signer,
            signer_words: fingerprint_words(&endorsed.signer),
            role: endorsed.role.clone(),
            note: endorsed.note.clone(),
            endorsed: iso(endorsed.endorsed),
            facts: endorsed.facts.iter().map(|place| place.saturating_add(1)).collect(),
            withheld: endorsed.withheld,
        });
    }
    Ok(shapes)
}

pub(super) fn print(endorsements: &[EndorsementShape], console: &mut Console) -> Result<(), Failure> {
    for endorsed in endorsements {
        let day = endorsed.endorsed.split('T').next().unwrap_or_default();
        let numbers: Vec<String> = endorsed.facts.iter().map(ToString::to_string).collect();
        let facts = match (numbers.as_slice(), endorsed.withheld) {
            ([], withheld) => format!("{withheld} of the facts that are not in this copy"),
            ([one], 0) => format!("fact {one}"),
            (many, 0) => format!("facts {}", many.join(", ")),
            (some, withheld) => {
                format!("facts {}, and {withheld} that are not in this copy", some.join(", "))
            }
        };
        console.say("")?;
        let who = format!(" as {} on {day}: {facts}", endorsed.role);
        console.say_toned(&[(Tone::Strong, "Endorsed"), (Tone::Plain, &who)])?;
        if let Some(note) = &endorsed.note {
            console.say(format!("  they say:   {note}"))?;
        }
        console.say(format!("  signed by:  {}", endorsed.signer))?;
        console.say(format!("  in words:   {}", endorsed.signer_words))?;
        if endorsed.known {
            console.say_toned(&[(Tone::Good, "  you know this endorser")])?;
        } else {
            console.say_toned(&[(
                Tone::Caution,
                "  not known: the role is their own word. Compare this fingerprint too, with what they tell you",
            )])?;
        }
    }
    Ok(())
}
