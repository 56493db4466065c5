//! The command line: reads arguments, runs one command, tells the result, and ends with an exit code.
//!
//! Thin by rule: it calls the public crate and knows nothing of how that works. [`args`] is the grammar,
//! [`commands`] has a file per command, [`session`] what a command is given, [`console`] and [`render`]
//! what people see, [`failure`] and [`exit`] how it ends.

mod args;
mod commands;
mod console;
mod environment;
mod exit;
mod failure;
mod keeper;
mod known_signers;
mod last_seen;
mod output_file;
mod process;
mod profiles;
mod render;
mod secrets;
mod session;
mod when;

use args::Cli;
use clap::Parser;
use clap::error::ErrorKind;
use console::Console;
use environment::Environment;
use exit::Exit;
use failure::Failure;
use session::Session;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program with the process's arguments.
pub fn run() -> ExitCode {
    process::keep_memory_private();
    // Before anything uses SQLite.
    finvault::vfs::wipe_freed_memory();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return misspelt(&error, &arguments).into(),
    };
    let mut console = Console::new(cli.global.json);
    let result = Environment::of_process()
        .and_then(|environment| dispatch(cli, &environment, &mut console))
        .and_then(|exit| console.flush().map(|()| exit));
    match result {
        Ok(exit) => exit,
        Err(failure) => {
            console.fail(&failure);
            failure.exit
        }
    }
    .into()
}

/// Runs a command that was read, in these surroundings.
pub fn dispatch(cli: Cli, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    let global = cli.global;
    let about_vault = global.vault.is_some()
        || global.passphrase_file.is_some()
        || global.recovery_code_file.is_some()
        || global.key_file.is_some()
        || global.busy_timeout.is_some();
    if about_vault && !cli.command.uses_vault() {
        return Err(Failure::usage("this command opens no vault of yours").help(
            "leave out --vault, --passphrase-file, --recovery-code-file, --key-file and --busy-timeout",
        ));
    }
    let mut session = Session { global, environment, console };
    commands::run(cli.command, &mut session)
}

/// Help and version were asked for, or the command line makes no sense.
fn misspelt(error: &clap::Error, arguments: &[OsString]) -> Exit {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !asked && arguments.iter().any(|argument| argument == "--json") {
        Console::new(true).fail(&usage_failure(error));
        return Exit::Usage;
    }
    match error.print() {
        Ok(()) if asked => Exit::Done,
        Err(failed) if asked && failed.kind() == std::io::ErrorKind::BrokenPipe => Exit::BrokenPipe,
        Err(_) if asked => Exit::Failed,
        _ => Exit::Usage,
    }
}

/// What clap says, in the shape that scripts read.
fn usage_failure(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    let first = paragraphs.next().unwrap_or("the command line makes no sense");
    let message = first.strip_prefix("error: ").unwrap_or(first).replace('\n', " ");
    let rest: Vec<&str> = paragraphs.collect();
    let failure = Failure::usage(message);
    if rest.is_empty() { failure } else { failure.help(rest.join("\n")) }
}
