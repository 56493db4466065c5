//! Failures: what happened, where, what to do, and which exit code says so.
//!
//! People read three lines on standard error, scripts read
//! `{"error":{"code","kind","message","where","remedy"}}`.

use super::exit::Exit;
use super::render::{clean, clean_json};
use serde::Serialize;
use std::io;

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened, in a sentence without a full stop. Empty for a reader that went away: nothing is
    /// printed.
    pub message: String,
    /// Where, if it happened in a file.
    pub place: Option<Place>,
    /// What to do about it.
    pub help: Option<String>,
}

/// A place in a file.
#[derive(Debug, Serialize)]
pub struct Place {
    /// The file's name as it was given.
    pub file: String,
    /// Line from 1; none when it is about the whole file.
    pub line: Option<u32>,
    /// The offending text.
    pub excerpt: Option<String>,
}

impl Failure {
    /// A failure with an exit code and what happened.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), place: None, help: None }
    }

    /// A command that cannot be carried out as it was spelled.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A failed operation on a file, with the system's own words.
    pub fn io(doing: &str, path: &std::path::Path, error: &io::Error) -> Self {
        Self::new(Exit::Failed, format!("cannot {doing} {}: {}", path.display(), describe(error)))
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds where.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, line: u32, excerpt: &str) -> Self {
        self.place = Some(Place {
            file: file.into(),
            line: (line > 0).then_some(line),
            excerpt: (!excerpt.is_empty()).then(|| excerpt.to_owned()),
        });
        self
    }

    /// Whether there is anything to tell.
    pub fn is_silent(&self) -> bool {
        self.exit == Exit::BrokenPipe
    }

    /// The text for people, with SGR colours when asked.
    pub fn for_people(&self, colour: bool) -> String {
        let (red, cyan, bold, reset) =
            if colour { ("\x1b[1;31m", "\x1b[36m", "\x1b[1m", "\x1b[0m") } else { ("", "", "", "") };
        let mut text = format!("{red}error{reset}{bold}: {}{reset}\n", clean(&self.message));
        if let Some(place) = &self.place {
            let line = place.line.map(|line| format!(":{line}")).unwrap_or_default();
            text.push_str(&format!("  {cyan}-->{reset} {}{line}\n", clean(&place.file)));
            if let Some(excerpt) = &place.excerpt {
                text.push_str(&format!("   {cyan}|{reset}  {}\n", clean(excerpt)));
            }
        }
        for (index, line) in self.help.iter().flat_map(|help| help.lines()).enumerate() {
            let label = if index == 0 { format!("{cyan}help{reset}: ") } else { "      ".to_owned() };
            text.push_str(&format!("  {label}{}\n", clean(line)));
        }
        text
    }

    /// The text for scripts: one line of JSON.
    pub fn for_scripts(&self) -> String {
        #[derive(Serialize)]
        struct Outer<'a> {
            error: Inner<'a>,
        }
        #[derive(Serialize)]
        struct Inner<'a> {
            code: u8,
            kind: &'static str,
            message: &'a str,
            r#where: Option<&'a Place>,
            remedy: Option<&'a str>,
        }
        let error = Inner {
            code: self.exit as u8,
            kind: kind(self.exit),
            message: &self.message,
            r#where: self.place.as_ref(),
            remedy: self.help.as_deref(),
        };
        let text = serde_json::to_string(&Outer { error });
        text.map_or_else(|_| "{\"error\":{\"code\":1}}".to_owned(), |text| clean_json(&text).into_owned())
    }
}

/// The word that scripts match on beside the number.
pub const fn kind(exit: Exit) -> &'static str {
    match exit {
        Exit::Done => "done",
        Exit::Failed => "failed",
        Exit::Usage => "usage",
        Exit::WrongSecret => "wrong-secret",
        Exit::Damaged => "damaged",
        Exit::InputRejected => "input-rejected",
        Exit::Busy => "busy",
        Exit::Refused => "refused",
        Exit::Invalid => "invalid",
        Exit::Expired => "expired",
        Exit::NotYetValid => "not-yet-valid",
        Exit::Revoked => "revoked",
        Exit::NotForThisRecipient => "not-for-this-recipient",
        Exit::UnknownSigner => "unknown-signer",
        Exit::BrokenPipe => "broken-pipe",
    }
}

/// The system's words for an I/O error, without the trailing `(os error N)`.
pub fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text.get(..end).unwrap_or(&text).to_lowercase(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_what_where_and_what_to_do() {
        let failure = Failure::new(Exit::InputRejected, "the amount \"12.345\" is too precise")
            .at("bank.csv", 17, "2026-03-01;Corner Cafe;12.345")
            .help("correct the line\nor name a profile");
        assert_eq!(
            failure.for_people(false),
            "error: the amount \"12.345\" is too precise\n  --> bank.csv:17\n   |  2026-03-01;Corner Cafe;12.345\n  \
             help: correct the line\n        or name a profile\n"
        );
    }

    #[test]
    fn escape_sequences_of_a_hostile_file_are_printed_not_obeyed() {
        let failure = Failure::new(Exit::InputRejected, "bad").at("x\x1b[2J.csv", 1, "\x1b]0;owned\x07");
        let text = failure.for_people(false);
        assert!(!text.contains('\x1b') && !text.contains('\x07'), "{text:?}");
        assert!(text.contains("\\x1b[2J"), "{text:?}");
    }

    #[test]
    fn scripts_read_one_object() {
        let text = Failure::usage("no \"such\" thing").help("try").for_scripts();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["error"]["code"], 2);
        assert_eq!(value["error"]["kind"], "usage");
        assert_eq!(value["error"]["message"], "no \"such\" thing");
        assert_eq!(value["error"]["where"], serde_json::Value::Null);
        assert_eq!(value["error"]["remedy"], "try");
    }
}
