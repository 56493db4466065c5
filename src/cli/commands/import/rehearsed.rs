//! What only the owner knows of a file, asked before anything is taken in: whose statement it is, and whether rows that
//! may be known are.

use super::super::import_rows;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use finvault::ledger::{Account, AccountId, Similar};
use finvault::vault::{ImportOptions, ImportSource, Vault, VaultError};

/// Files of more bytes than this in all are not read twice to ask about doubtful rows first.
const MOST_TO_REHEARSE: u64 = 4 << 20;

/// Rehearses the import and asks what it leaves open, where somebody sits at a terminal. Answers about accounts are
/// remembered. About rows that may be known is asked only where `may_merge`.
pub fn ask(
    vault: &mut Vault,
    files: &[ImportSource<'_>],
    mut options: ImportOptions,
    may_merge: bool,
    session: &mut Session<'_>,
) -> Result<ImportOptions, Failure> {
    let bytes: u64 = files.iter().map(|file| file.content.len()).sum();
    if session.console.is_json() || !session.console.can_ask() || bytes > MOST_TO_REHEARSE {
        return Ok(options);
    }
    let now = session.now();
    let rehearse = |vault: &mut Vault, options: &ImportOptions| {
        let rehearsal = ImportOptions { dry_run: true, ..options.clone() };
        vault.import_from(files, &rehearsal, now, &mut |_| {})
    };
    let mut outcome = rehearse(vault, &options);
    if files.len() == 1 {
        let asked = match &outcome {
            Err(VaultError::NeedsAccount { file }) => ask_account(vault, file, session.console)?,
            // The account's currency is what the file leaves open.
            Err(VaultError::Statement { file, error })
                if options.account.is_none() && error.remedy.contains("--account") =>
            {
                ask_account(vault, file, session.console)?
            }
            Err(VaultError::OtherAccount { file, found, account }) => {
                let question = format!("{file} is of {found}. Is that a number of \"{account}\" too?");
                let same = session.console.confirm(&question, "--remember")?;
                options.account.filter(|_| same)
            }
            _ => None,
        };
        if let Some(account) = asked {
            options = ImportOptions { account: Some(account), remember: true, ..options };
            outcome = rehearse(vault, &options);
        }
    }
    let Ok(report) = outcome else { return Ok(options) };
    let accounts = report.files.iter().flat_map(|file| &file.accounts);
    let doubtful: usize = accounts.map(|account| import_rows::count(account, "doubtful")).sum();
    if doubtful > 0 && may_merge && !options.dry_run {
        super::print(&report, true, session.console)?;
        let question = format!("Are these {doubtful} rows the ones that the account has already?");
        if session.console.confirm(&question, "--similar merge")? {
            options.similar = Similar::Merge;
        }
    }
    Ok(options)
}

/// Asks whose statement a file is; none where the answer is none of the accounts.
fn ask_account(vault: &Vault, file: &str, console: &mut Console) -> Result<Option<AccountId>, Failure> {
    let mut accounts: Vec<Account> = vault.accounts()?;
    accounts.retain(|account| account.closed.is_none());
    if accounts.is_empty() {
        return Ok(None);
    }
    let names: Vec<String> =
        accounts.iter().map(|account| format!("{} ({})", account.name, account.currency)).collect();
    let question =
        format!("{file} does not say which account it is of. The answer is remembered for such files.");
    let chosen = console.choose(&question, &names, "--account")?;
    Ok(chosen.and_then(|at| accounts.get(at)).map(|account| account.id))
}
