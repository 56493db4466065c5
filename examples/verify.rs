//! A program that checks what an owner sent and prints what it states. It needs the feature `verify` alone: no vault,
//! no SQLite, no passphrase.
//!
//! ```sh
//! age --decrypt --identity key.txt disclosure.age > disclosure.txt
//! cargo run --no-default-features --features verify --example verify -- disclosure.txt \
//!     --for age1... --signer 'qbud nkch ...' --status-list list.jwt
//! ```
//!
//! What it decides: the token is whole, in time and made out to this key; the signer is the one that was named; the
//! list does not revoke it. Exit code 0 means all of it, 1 that the token must not be relied on.

use finvault::disclosure::{
    Audience, Expectation, ExpectedAudience, Fact, Revocation, StatusList, Verified, check_enclosures,
    fingerprint_words, split_contents, verify,
};
use std::process::ExitCode;

const USAGE: &str = "usage: verify FILE --for KEY [--signer FINGERPRINT] [--status-list FILE]";

fn main() -> ExitCode {
    match run(std::env::args().skip(1), jiff::Timestamp::now()) {
        Ok(report) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the files that the arguments name and gives what is to be printed.
pub fn run(arguments: impl Iterator<Item = String>, now: jiff::Timestamp) -> Result<String, String> {
    let arguments = Arguments::read(arguments)?;
    let read = |path: &String| std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    let contents = read(&arguments.file)?;
    let list = arguments.status_list.as_ref().map(read).transpose()?;
    check(&contents, &arguments.key, arguments.signer.as_deref(), list.as_deref(), now)
}

/// Everything that has to hold before a fact is shown. `contents` is what was sealed: the token, what travels beside it,
/// and padding; a token alone will do.
fn check(
    contents: &str,
    key: &str,
    signer: Option<&str>,
    list: Option<&str>,
    now: jiff::Timestamp,
) -> Result<String, String> {
    let me = [Audience::of_key(key)];
    let expectation = Expectation { now, audience: ExpectedAudience::OneOf(&me) };
    let (token, enclosures) = split_contents(contents).ok_or("not the text of a disclosure")?;
    let verified = verify(token, &expectation).map_err(|error| error.to_string())?;
    let enclosed = check_enclosures(&verified, &enclosures).map_err(|error| error.to_string())?;
    if let Some(expected) = signer.filter(|expected| *expected != verified.issuer.to_string()) {
        return Err(format!("signed by {}, and not by {expected}", verified.issuer));
    }
    let revocation = match list {
        Some(list) => StatusList::read(list.trim())
            .map_err(|error| format!("the status list cannot be used: {error}"))?
            .check(&verified, now),
        None => Revocation::NotChecked("no status list was given"),
    };
    if let Revocation::Revoked { .. } = revocation {
        return Err(format!("the owner took it back: {revocation}"));
    }
    let mut report = report(&verified, signer.is_some(), &revocation);
    for document in &enclosed.documents {
        report.push_str(&format!("beside it: a document of {} bytes\n", document.bytes.len()));
    }
    Ok(report)
}

fn report(verified: &Verified, signer_is_known: bool, revocation: &Revocation) -> String {
    let mut lines = vec![
        format!("signed by:  {}", verified.issuer),
        format!("purpose:    {}", verified.purpose.text()),
        format!("issued:     {}", verified.issued),
        format!("expires:    {}", verified.expires),
        format!("revocation: {revocation}"),
    ];
    if !signer_is_known {
        lines.push(
            "The token is whole. Whether its signer is the owner, only they can tell you: ask them, on"
                .into(),
        );
        lines.push(format!("another way, for these words: {}", fingerprint_words(&verified.issuer)));
    }
    lines.extend(verified.facts.iter().map(sentence));
    if verified.withheld_facts > 0 {
        lines.push(format!("{} more facts were signed and are not in this copy", verified.withheld_facts));
    }
    lines.join("\n") + "\n"
}

/// A fact as a program uses it: its kind decides which members there are.
fn sentence(fact: &Fact) -> String {
    match fact {
        Fact::Balance(fact) => {
            let rounded = fact.selection.rounding.map(|step| format!(", rounded to {step}"));
            format!(
                "- at the end of {} there were {}{}",
                fact.as_of,
                fact.amount,
                rounded.unwrap_or_default()
            )
        }
        Fact::Threshold(fact) => {
            let answer = if fact.result { "yes" } else { "no" };
            format!("- {} {} ({}): {answer}", fact.operator.as_str(), fact.amount, fact.measure.as_str())
        }
        Fact::Transactions(fact) => {
            let rows = fact.rows.iter().map(|row| {
                let amount = row.amount.map(|amount| amount.to_string()).unwrap_or_default();
                let day = row.booked.map(|day| day.to_string()).unwrap_or_default();
                format!("\n    {day} {amount} {}", row.information.as_deref().unwrap_or_default())
            });
            format!(
                "- {} of {} transactions:{}",
                fact.rows.len(),
                fact.selection.matched,
                rows.collect::<String>()
            )
        }
        // Every fact can be written as the JSON that the token has it in.
        other => format!("- {}: {}", other.kind(), serde_json::to_string(other).unwrap_or_default()),
    }
}

struct Arguments {
    file: String,
    key: String,
    signer: Option<String>,
    status_list: Option<String>,
}

impl Arguments {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut file, mut key, mut signer, mut status_list) = (None, None, None, None);
        while let Some(argument) = arguments.next() {
            let place = match argument.as_str() {
                "--for" => &mut key,
                "--signer" => &mut signer,
                "--status-list" => &mut status_list,
                option if option.starts_with("--") => return Err(USAGE.to_owned()),
                _ => {
                    file = Some(argument);
                    continue;
                }
            };
            *place = Some(arguments.next().ok_or(USAGE)?);
        }
        let (Some(file), Some(key)) = (file, key) else { return Err(USAGE.to_owned()) };
        Ok(Self { file, key, signer, status_list })
    }
}
