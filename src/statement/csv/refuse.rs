//! The refusals of delimited text: what was seen, what could not be decided, and how a profile would say it.

use super::super::{StatementError, StatementErrorKind, problem};

/// A file that could mean two things.
pub(super) fn unsure(
    line: u32,
    shown: &str,
    message: impl Into<String>,
    headers: &[String],
    hint: &str,
) -> StatementError {
    let seen = if headers.is_empty() {
        "the file has no header row".to_owned()
    } else {
        let names: Vec<&str> = headers.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        format!("the columns are {}", problem::excerpt(&names.join(" | ")))
    };
    problem::on_line(
        StatementErrorKind::Unsure,
        line,
        shown,
        message,
        format!("say it in a profile and name that with --profile ({hint}); {seen}"),
    )
}

/// A cell that cannot be read.
pub(super) fn bad_cell(line: u32, source: &str, message: impl Into<String>) -> StatementError {
    problem::on_line(
        StatementErrorKind::BadField,
        line,
        source,
        message,
        "correct the line in a copy of the file, or take in all other rows with --skip-bad-rows",
    )
}
