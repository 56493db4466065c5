//! The commands, a file each: what it takes, what it does with the library, what it prints.

pub mod account;
pub mod attach;
pub mod backup;
pub mod balance;
pub mod category;
pub mod check;
pub mod completions;
pub mod csv_profile;
pub mod demo;
pub mod disclose;
pub mod disclosure;
pub mod disclosure_drafts;
pub mod disclosure_life;
pub mod disclosure_review;
pub mod export;
pub mod exposure;
pub mod facts;
pub mod import;
pub mod import_rows;
pub mod imports;
pub mod init;
pub mod key;
pub mod log;
pub mod man;
pub mod open;
pub mod present;
pub mod preset;
pub mod profile;
pub mod receipt;
pub mod recipient;
pub mod recipient_policy;
pub mod reconcile;
pub mod report;
pub mod request;
pub mod review;
pub mod rule;
pub mod shapes;
pub mod transfer;
pub mod tx;
pub mod tx_split;
pub mod unlock;
pub mod viewer;

use super::args::Command;
use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;

/// Runs one command.
pub fn run(command: Command, session: &mut Session<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Init(command) => command.run(session),
        Command::Demo(command) => command.run(session),
        Command::Unlock(command) => command.run(session),
        Command::Lock(command) => command.run(session),
        Command::Key(command) => command.run(session),
        Command::Account(command) => command.run(session),
        Command::Tx(command) => command.run(session),
        Command::Category(command) => command.run(session),
        Command::Rule(command) => command.run(session),
        Command::Attach(command) => command.run(session),
        Command::Import(command) => command.run(session),
        Command::Imports(command) => command.run(session),
        Command::CsvProfile(command) => command.run(session),
        Command::Transfer(command) => command.run(session),
        Command::Balance(command) => command.run(session),
        Command::Reconcile(command) => command.run(session),
        Command::Report(command) => command.run(session),
        Command::Recipient(command) => command.run(session),
        Command::Disclose(command) => command.run(session),
        Command::Preset(command) => command.run(session),
        Command::Profile(command) => command.run(session),
        Command::Request(command) => command.run(session),
        Command::Disclosure(command) => command.run(session),
        Command::Open(command) => command.run(session),
        Command::Viewer(command) => command.run(session),
        Command::Review(command) => command.run(session),
        Command::Present(command) => command.run(session),
        Command::Receipt(command) => command.run(session),
        Command::Log(command) => command.run(session),
        Command::Check(command) => command.run(session),
        Command::Backup(command) => command.run(session),
        Command::Restore(command) => command.run(session),
        Command::Compact(command) => command.run(session),
        Command::Salvage(command) => command.run(session),
        Command::Export(command) => command.run(session),
        Command::Completions(command) => command.run(session),
        Command::Man(command) => command.run(session),
    }
}
