//! What is wrong with each file in `tests/vectors/hostile/`: one thing each, signed wherever a signature can be had.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod beside;
mod claims;
mod tokens;

use crate::disclosure_fixture::{Counted, NOW_S, balance, draft, issuer, now, row, transactions};
use crate::disclosure_forge::Forge;
use finvault::disclosure::{Audience, Fact, Identities, StatusRef, issue};
use std::path::{Path, PathBuf};

/// The name of the status list of `status.token`.
pub const LIST: [u8; 16] = [9; 16];
/// The token that the status lists are held against.
pub const STATUS_TOKEN: &str = "control-status.token";

/// A file, how it is read, and what must come of it.
pub struct Case {
    pub file: String,
    pub reads: &'static str,
    pub verdict: &'static str,
    /// What our own reader says is wrong; empty where the verdict says it all.
    pub why: &'static str,
    pub text: String,
}

impl Case {
    fn new(
        name: &str,
        reads: &'static str,
        verdict: &'static str,
        why: &'static str,
        text: impl Into<String>,
    ) -> Self {
        let suffix = match reads {
            "disclosure" => "token",
            "contents" => "contents",
            _ => "jwt",
        };
        Self { file: format!("{name}.{suffix}"), reads, verdict, why, text: text.into() }
    }

    /// A token that is invalid, because of this.
    fn invalid(name: &str, why: &'static str, token: impl Into<String>) -> Self {
        Self::new(name, "disclosure", "invalid", why, token)
    }

    /// A token with this verdict.
    fn token(name: &str, verdict: &'static str, token: impl Into<String>) -> Self {
        Self::new(name, "disclosure", verdict, "", token)
    }
}

/// Every case, in the order of the index.
pub fn cases() -> Vec<Case> {
    [tokens::all(), beside::all()].into_iter().flatten().collect()
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/hostile")
}

pub fn identity_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/disclosure/identity.txt")
}

/// Whom the files are for.
pub fn reader() -> Audience {
    Identities::parse(&std::fs::read(identity_file()).unwrap(), None).unwrap().audiences()[0]
}

/// The facts that each token begins with: a balance, and two rows.
pub fn facts() -> Vec<Fact> {
    let Fact::Transactions(mut fact) = transactions() else { panic!("the fixture has transactions") };
    fact.rows = vec![row(3, -450, "Corner Cafe"), row(17, -129_900, "Example GmbH, order 4711")];
    fact.selection.matched = 2;
    vec![balance(), Fact::Transactions(fact)]
}

/// The places of what [`good`] carries, among its disclosures.
const BALANCE: usize = 0;
const FIRST_ROW: usize = 1;
const TRANSACTIONS: usize = 3;

/// A token that nothing is wrong with yet.
fn good() -> Forge {
    let issued = issue(&draft(reader(), facts()), &issuer(), now(), &Counted::default()).unwrap();
    Forge::of(issued.token.as_str())
}

/// One with a place in a status list.
pub fn with_status(idx: u32) -> Forge {
    let draft = finvault::disclosure::Draft {
        status: StatusRef::new(&LIST, idx),
        ..draft(reader(), vec![balance()])
    };
    Forge::of(issue(&draft, &issuer(), now(), &Counted::default()).unwrap().token.as_str())
}

/// The index: all that a reader in any language needs to go through the folder.
pub fn index(cases: &[Case]) -> String {
    use serde_json::json;
    let entry = |case: &Case| {
        let mut entry = json!({"file": case.file, "reads": case.reads, "verdict": case.verdict});
        if !case.why.is_empty() {
            entry["why"] = json!(case.why);
        }
        entry
    };
    let lines: Vec<String> = cases.iter().map(|case| format!("    {}", entry(case))).collect();
    format!(
        "{{\n  \"now\": {NOW_S},\n  \"audience\": {},\n  \"status_token\": {},\n  \"vectors\": [\n{}\n  ]\n}}\n",
        json!(reader().to_string()),
        json!(STATUS_TOKEN),
        lines.join(",\n")
    )
}
