//! `man`: the manual, as pages for `man`.

use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, describe};
use crate::cli::output_file::write_new;
use crate::cli::session::Session;
use clap::{Args, Command, CommandFactory};
use std::path::PathBuf;

/// Print the manual page, or write those of all commands to a folder
#[derive(Debug, Args)]
pub struct Man {
    /// Write a page for finvault and for each of its commands to this folder
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Replace pages that are there already
    #[arg(long, requires = "output")]
    force: bool,
}

impl Man {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let mut command = Cli::command();
        command.build();
        let Some(folder) = self.output else {
            session.console.raw(&page(&command)?)?;
            return Ok(Exit::Done);
        };
        std::fs::create_dir_all(&folder).map_err(|error| Failure::io("make the folder", &folder, &error))?;
        let mut commands = vec![command];
        let mut written = 0;
        while let Some(command) = commands.pop() {
            let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
            write_new(&folder.join(format!("{name}.1")), &page(&command)?, self.force)?;
            written += 1;
            commands.extend(command.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned());
        }
        if session.console.is_json() {
            session
                .console
                .json(&serde_json::json!({"folder": folder.display().to_string(), "pages": written}))?;
        } else {
            session.console.say(format!("Wrote {written} pages to {}", folder.display()))?;
        }
        Ok(Exit::Done)
    }
}

fn page(command: &Command) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut bytes)
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot make the page: {}", describe(&error))))?;
    Ok(bytes)
}
