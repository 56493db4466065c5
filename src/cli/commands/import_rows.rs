//! What became of single rows of a statement, in words and for scripts: after `import`, and in `imports show`.

use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::render::Tone;
use finvault::ledger::TransactionId;
use finvault::vault::{AccountReport, RowNote, RowOutcome};
use serde::Serialize;

/// How many rows of one sort are told after an import; `imports show` has them all.
const MOST_TOLD: usize = 5;

/// A row of a statement, for scripts.
#[derive(Serialize)]
pub struct RowNoteShape {
    line: Option<u32>,
    outcome: &'static str,
    transaction: i64,
    other: Option<i64>,
    date: String,
    amount: String,
    payee: String,
    why: String,
}

impl RowNoteShape {
    /// A row; `line` where it is known.
    pub fn new(note: &RowNote, line: Option<u32>) -> Self {
        let (transaction, other) = numbers(note.outcome);
        Self {
            line,
            outcome: word(note.outcome),
            transaction: transaction.0,
            other: other.map(|id| id.0),
            date: note.row.posted.to_string(),
            amount: note.row.amount.to_decimal(),
            payee: note.row.payee.clone(),
            why: note.why.clone(),
        }
    }
}

/// The word for what became of a row.
pub const fn word(outcome: RowOutcome) -> &'static str {
    match outcome {
        RowOutcome::Added(_) => "added",
        RowOutcome::Known(_) => "known",
        RowOutcome::Merged(_) => "merged",
        RowOutcome::Booked(_) => "booked",
        RowOutcome::Deleted(_) => "deleted",
        RowOutcome::Doubtful(..) => "doubtful",
    }
}

/// The transaction that a row is, and the one that it may be.
pub const fn numbers(outcome: RowOutcome) -> (TransactionId, Option<TransactionId>) {
    match outcome {
        RowOutcome::Added(id)
        | RowOutcome::Known(id)
        | RowOutcome::Merged(id)
        | RowOutcome::Booked(id)
        | RowOutcome::Deleted(id) => (id, None),
        RowOutcome::Doubtful(id, other) => (id, other),
    }
}

/// How many of an account's rows came to one outcome, by its word.
pub fn count(report: &AccountReport, outcome: &str) -> usize {
    report.notes.iter().filter(|note| word(note.outcome) == outcome).count()
}

/// Tells of the rows of an account that were neither simply new nor known to the letter.
pub fn tell(report: &AccountReport, console: &mut Console) -> Result<(), Failure> {
    tell_sort(report, "merged", Tone::Dim, console)?;
    tell_sort(report, "booked", Tone::Dim, console)?;
    tell_sort(report, "deleted", Tone::Dim, console)?;
    if count(report, "deleted") > 0 {
        console.say("    \"import --restore-deleted\" brings back what you had deleted")?;
    }
    tell_sort(report, "doubtful", Tone::Caution, console)?;
    if count(report, "doubtful") > 0 {
        console.say(
            "    where they are the same: undo this import, and import again with \"--similar merge\"",
        )?;
    }
    if !report.left_pending.is_empty() {
        let ids: Vec<String> =
            report.left_pending.iter().take(MOST_TOLD).map(|id| id.0.to_string()).collect();
        let more = report.left_pending.len().saturating_sub(MOST_TOLD);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let text = format!(
            "    still pending, though the statement does not show it: transaction {}{more}",
            ids.join(", ")
        );
        console.say_toned(&[(Tone::Caution, &text)])?;
    }
    Ok(())
}

fn tell_sort(report: &AccountReport, sort: &str, tone: Tone, console: &mut Console) -> Result<(), Failure> {
    let notes: Vec<&RowNote> = report.notes.iter().filter(|note| word(note.outcome) == sort).collect();
    for note in notes.iter().take(MOST_TOLD) {
        let row = &note.row;
        let text = format!(
            "    line {}: {} {} {} {} ({})",
            note.line,
            row.posted,
            row.payee,
            row.amount,
            became(note.outcome),
            note.why
        );
        console.say_toned(&[(tone, &text)])?;
    }
    let more = notes.len().saturating_sub(MOST_TOLD);
    if more > 0 {
        console.say(format!("    and {more} more: see them with \"finvault imports show\""))?;
    }
    Ok(())
}

fn became(outcome: RowOutcome) -> String {
    match outcome {
        RowOutcome::Added(id) => format!("is transaction {}, which is new", id.0),
        RowOutcome::Known(id) | RowOutcome::Merged(id) => format!("is transaction {}", id.0),
        RowOutcome::Booked(id) => format!("books transaction {}, which was pending", id.0),
        RowOutcome::Deleted(id) => format!("stays deleted: it was transaction {}", id.0),
        RowOutcome::Doubtful(id, Some(other)) => {
            format!("was added as transaction {}, and may be transaction {}", id.0, other.0)
        }
        RowOutcome::Doubtful(id, None) => {
            format!("was added as transaction {}, and may be one that you deleted", id.0)
        }
    }
}
