//! `completions`: what a shell needs to complete finvault's commands.

use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print completions for your shell
#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "finvault", &mut script);
        session.console.raw(&script)?;
        Ok(Exit::Done)
    }
}
