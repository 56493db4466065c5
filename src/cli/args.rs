//! The command line's grammar: what every command shares. What one command takes is beside that command.

use super::when::parse_wait_ms;
use super::{commands, environment, exit};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// An encrypted vault for your finances, and narrow, expiring disclosures of what is in it.
#[derive(Debug, Parser)]
#[command(name = "finvault", version, max_term_width = 100)]
#[command(after_help = SHORT_HELP_END, after_long_help = long_help_end())]
#[command(disable_help_subcommand = true)]
pub struct Cli {
    /// What every command shares.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Ends `finvault -h`; `--help` goes on with exit codes and environment.
const SHORT_HELP_END: &str = "\
Start with \"finvault demo\": it does the whole job on a sample, in a folder of its own.
\"finvault --help\" also lists the exit codes and the environment variables.";

fn long_help_end() -> String {
    format!(
        "Start with \"finvault demo\": it does the whole job on a sample, in a folder of its own.\n\n{}\n\n{}",
        environment::HELP,
        exit::HELP
    )
}

/// Options that every command takes.
#[derive(Debug, Clone, Default, Args)]
pub struct Global {
    /// The vault's file [env: FINVAULT_VAULT; default: vault.finvault in the platform's data folder]
    #[arg(long, global = true, value_name = "PATH", help_heading = "Everywhere")]
    pub vault: Option<PathBuf>,
    /// Print results, and errors, as JSON
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,
    /// Read the passphrase from this file; a newline at its end is not part of it
    #[arg(long, global = true, value_name = "FILE", help_heading = "Everywhere")]
    pub passphrase_file: Option<PathBuf>,
    /// Open the vault with the recovery code in this file instead of the passphrase
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Everywhere",
        conflicts_with = "passphrase_file"
    )]
    pub recovery_code_file: Option<PathBuf>,
    /// Open the vault with this key file instead of the passphrase [env: FINVAULT_KEY_FILE]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Everywhere",
        conflicts_with_all = ["passphrase_file", "recovery_code_file"]
    )]
    pub key_file: Option<PathBuf>,
    /// How long to wait while another process has the vault open, as 500ms, 5s or 1m [default: 5s]
    #[arg(long, global = true, value_name = "SPAN", value_parser = parse_wait_ms, help_heading = "Everywhere")]
    pub busy_timeout: Option<u32>,
}

/// What finvault does. What each command says of itself is beside it.
#[derive(Debug, Subcommand)]
pub enum Command {
    Init(commands::init::Init),
    Demo(commands::demo::Demo),
    Unlock(commands::unlock::Unlock),
    Lock(commands::unlock::Lock),
    #[command(subcommand)]
    Key(commands::key::Key),
    #[command(subcommand)]
    Account(commands::account::Account),
    #[command(subcommand)]
    Tx(commands::tx::Tx),
    #[command(subcommand)]
    Category(commands::category::Category),
    #[command(subcommand)]
    Rule(Box<commands::rule::Rule>),
    #[command(subcommand)]
    Attach(commands::attach::Attach),
    Import(commands::import::Import),
    #[command(subcommand)]
    Imports(commands::imports::Imports),
    #[command(subcommand)]
    CsvProfile(commands::csv_profile::CsvProfile),
    #[command(subcommand)]
    Transfer(commands::transfer::TransferCommand),
    Balance(commands::balance::Balance),
    Reconcile(commands::reconcile::Reconcile),
    #[command(subcommand)]
    Report(commands::report::Report),
    #[command(subcommand)]
    Profile(commands::profile::Profile),
    #[command(subcommand)]
    Recipient(commands::recipient::Recipient),
    #[command(subcommand)]
    Disclose(Box<commands::disclose::Disclose>),
    #[command(subcommand)]
    Preset(commands::preset::Preset),
    #[command(subcommand)]
    Request(commands::request::Request),
    #[command(subcommand)]
    Disclosure(commands::disclosure::Disclosure),
    Open(commands::open::Open),
    Viewer(commands::viewer::Viewer),
    Review(commands::review::Review),
    Present(commands::present::Present),
    #[command(subcommand)]
    Receipt(commands::receipt::Receipt),
    Log(commands::log::Log),
    Check(commands::check::Check),
    Backup(commands::backup::Backup),
    Restore(commands::backup::Restore),
    Compact(commands::backup::Compact),
    Salvage(commands::backup::Salvage),
    Export(commands::export::Export),
    Completions(commands::completions::Completions),
    Man(commands::man::Man),
}

impl Command {
    /// Whether the command works on a vault. The others refuse `--vault` and its companions.
    pub fn uses_vault(&self) -> bool {
        match self {
            Self::Demo(_)
            | Self::Open(_)
            | Self::Viewer(_)
            | Self::Review(_)
            | Self::Present(_)
            | Self::Receipt(_)
            | Self::Preset(_)
            | Self::Request(_)
            | Self::Completions(_)
            | Self::Man(_) => false,
            Self::Log(log) => log.uses_vault(),
            _ => true,
        }
    }
}

/// How long to wait for another process to be done with the vault, unless told otherwise.
pub const BUSY_TIMEOUT_DEFAULT_MS: u32 = 5_000;
