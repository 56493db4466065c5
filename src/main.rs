//! The `finvault` program: hands over to [`cli`] and returns its exit code.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    cli::run()
}
