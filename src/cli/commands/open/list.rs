//! The status list that a reader was given, or why there is none.

use super::read;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use finvault::disclosure::{Revocation, StatusList, Verified};
use jiff::Timestamp;
use std::path::Path;

/// A status list, or why nothing can be said of revocation.
pub(in crate::cli::commands) struct GivenList(Result<StatusList, &'static str>);

impl GivenList {
    /// Reads the list. One that cannot be used leaves the answer at "not checked", with a warning.
    pub(in crate::cli::commands) fn read(
        path: Option<&Path>,
        session: &mut Session<'_>,
    ) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self(Err("no status list was given"))) };
        let bytes = read(path)?;
        let text = String::from_utf8_lossy(&bytes);
        match StatusList::read(text.trim()) {
            Ok(list) => Ok(Self(Ok(list))),
            Err(error) => {
                session.console.warn(&format!("{} cannot be used: {error}", path.display()))?;
                Ok(Self(Err("the status list cannot be used")))
            }
        }
    }

    /// What it says of a disclosure.
    pub(in crate::cli::commands) fn check(&self, verified: &Verified, now: Timestamp) -> Revocation {
        match &self.0 {
            Ok(list) => list.check(verified, now),
            Err(why) => Revocation::NotChecked(why),
        }
    }
}
