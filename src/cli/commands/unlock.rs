//! `unlock` and `lock`: a vault's key rests in the system's own keeper for a while, so that commands in between ask
//! for no passphrase and pay no key derivation.

use super::shapes::iso;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::keeper;
use crate::cli::session::Session;
use crate::cli::when::{local, parse_span};
use clap::Args;
use finvault::vfs;
use jiff::SignedDuration;
use serde::Serialize;

/// The shortest while that helps, and the longest that is still a session.
const SHORTEST_S: i64 = 1;
const LONGEST_S: i64 = 24 * 60 * 60;

/// Ask for the passphrase once, and not again for a while
///
/// The vault's key rests in the operating system's own keeper until the time is over or you say "finvault lock". On
/// Linux that is the kernel's keyring: no file, no swap, and it ends by itself. In that time every program that
/// runs as you can open the vault. Off unless you ask for it; works on Linux.
#[derive(Debug, Args)]
pub struct Unlock {
    /// For how long, up to 24h
    #[arg(long = "for", value_name = "SPAN", default_value = "15m", value_parser = parse_while)]
    span: SignedDuration,
}

/// Forget the key that "finvault unlock" kept
#[derive(Debug, Args)]
pub struct Lock {
    /// Forget the keys of all your vaults, whichever file they are
    #[arg(long, conflicts_with = "vault")]
    all: bool,
}

fn parse_while(text: &str) -> Result<SignedDuration, String> {
    let span = parse_span(text)?;
    if (SHORTEST_S..=LONGEST_S).contains(&span.as_secs()) {
        Ok(span)
    } else {
        Err("give a span of up to 24h, for example 15m".to_owned())
    }
}

impl Unlock {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let path = session.vault_path()?;
        let unlocked = session.unlock_by_secret(&path)?;
        let seconds = u32::try_from(self.span.as_secs()).unwrap_or(u32::MAX);
        keeper::keep(unlocked.vault_id, &unlocked.key, seconds)?;
        let until = session.now().saturating_add(self.span).map_err(|_| {
            Failure::new(Exit::Failed, "the clock is at the end of its calendar").help("set the clock")
        })?;
        if session.console.is_json() {
            #[derive(Serialize)]
            struct Shape {
                vault: String,
                until: String,
            }
            session.console.json(&Shape { vault: path.display().to_string(), until: iso(until) })?;
        } else {
            session.console.say(format!("Unlocked {} until {}", path.display(), local(until)))?;
            session.console.say(
                "Until then every program that runs as you can open it; \"finvault lock\" ends that at once.",
            )?;
        }
        Ok(Exit::Done)
    }
}

impl Lock {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let forgotten = if self.all {
            keeper::forget_all()?
        } else {
            let path = session.vault_path()?;
            usize::from(keeper::forget(vfs::stated_vault_id(&path).map_err(finvault::VaultError::from)?)?)
        };
        if session.console.is_json() {
            #[derive(Serialize)]
            struct Shape {
                forgotten: usize,
            }
            session.console.json(&Shape { forgotten })?;
        } else {
            session.console.say(match forgotten {
                0 => "No key was kept".to_owned(),
                1 => "Locked: the key is forgotten".to_owned(),
                many => format!("Locked: the keys of {many} vaults are forgotten"),
            })?;
        }
        Ok(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_while_is_bounded() {
        assert_eq!(parse_while("15m").unwrap().as_secs(), 900);
        assert_eq!(parse_while("24h").unwrap().as_secs(), LONGEST_S);
        for bad in ["0s", "25h", "2w", "soon", "-5m", ""] {
            assert!(parse_while(bad).is_err(), "{bad}");
        }
    }
}
