//! Checking a whole vault: every byte of the file, SQLite's own structures, the log, and the ledger's sums.

use super::balances::computed_balance;
use super::keys::LoggedKeys;
use super::{LogSummary, Progress, Vault, VaultError};
use crate::money::Money;
use crate::vfs;
use jiff::civil::Date;
use std::collections::HashSet;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    /// Units of 4 KiB that were read and authenticated: header copies, table slots, pages.
    pub units: u64,
    /// What is wrong; empty where the vault is sound.
    pub problems: Vec<Problem>,
    /// The log; none where it could not be read or does not hold together (a problem says why).
    pub log: Option<LogSummary>,
    /// How the key slots compare with the changes of the keys in the log; none where there is no `log`. A change that was
    /// interrupted is no damage, but worth knowing.
    pub keys: Option<LoggedKeys>,
    /// Accounts read.
    pub accounts: u64,
    /// Transactions read.
    pub transactions: u64,
    /// Attachments whose bytes were read and compared with their digests.
    pub attachments: u64,
    /// Days on which a bank stated another balance than the rows add up to. Not damage, but worth knowing.
    pub differences: Vec<Difference>,
}

/// Something wrong with a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What, in a sentence without a full stop.
    pub what: String,
    /// Whether a second copy serves, so that nothing is lost.
    pub twin_serves: bool,
}

/// A stated balance that the rows do not add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The account's name.
    pub account: String,
    /// The day.
    pub date: Date,
    /// What the bank stated.
    pub stated: Money,
    /// What the rows add up to.
    pub computed: Money,
}

impl Vault {
    /// Reads and verifies everything. Problems are in the report; an error means that the check could not run.
    ///
    /// # Errors
    /// [`VaultError`] where the vault cannot be read at all.
    pub fn check(&self, progress: &mut dyn FnMut(Progress)) -> Result<CheckReport, VaultError> {
        let file = vfs::check(self.store.connection(), &mut |done, total| {
            progress(Progress { stage: "reading", done, total });
        })?;
        let mut problems: Vec<Problem> = file
            .damage
            .iter()
            .map(|damage| Problem { what: damage.to_string(), twin_serves: damage.is_mended() })
            .collect();
        let mut report = CheckReport {
            units: file.units_read,
            problems: Vec::new(),
            log: None,
            keys: None,
            accounts: 0,
            transactions: 0,
            attachments: 0,
            differences: Vec::new(),
        };
        // Where pages are gone, what SQLite says of its trees would only repeat it in other words.
        if problems.iter().all(|problem| problem.twin_serves) {
            self.check_content(&mut report, &mut problems)?;
            self.check_additions(&mut report, &mut problems, progress)?;
        } else {
            problems.extend(self.losses()?);
        }
        report.problems = problems;
        Ok(report)
    }

    fn check_content(&self, report: &mut CheckReport, problems: &mut Vec<Problem>) -> Result<(), VaultError> {
        let lost = |what: String| Problem { what, twin_serves: false };
        problems.extend(self.read(|store| Ok(store.integrity_problems()?))?.into_iter().map(lost));
        match self.verify_log_with_keys() {
            Ok((summary, keys)) => (report.log, report.keys) = (Some(summary), Some(keys)),
            Err(VaultError::Log(what)) => problems.push(lost(format!("the log: {what}"))),
            Err(error) => return Err(error),
        }
        let accounts = self.accounts()?;
        report.accounts = accounts.len() as u64;
        report.transactions = self.read(|store| Ok(store.count_movements()?))?;
        for account in &accounts {
            for stated in self.read(|store| Ok(store.stated_balances(account, Date::MAX)?))? {
                if !stated.kind.is_booked() {
                    continue;
                }
                let computed = self.read(|store| computed_balance(store, account, stated.date))?;
                let (date, stated) = (stated.date, stated.amount);
                let difference = Difference { account: account.name.clone(), date, stated, computed };
                // Several statements may state the same.
                if computed != stated && !report.differences.contains(&difference) {
                    report.differences.push(difference);
                }
            }
        }
        Ok(())
    }

    /// Splits add up, sets of transactions are whole, and attachments are what was attached.
    fn check_additions(
        &self,
        report: &mut CheckReport,
        problems: &mut Vec<Problem>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), VaultError> {
        for id in self.read(|store| Ok(store.broken_splits()?))? {
            let transaction = self.read(|store| Ok(store.words_for_transaction(id)?))?;
            let what = format!("the parts of {transaction} do not add up to it");
            problems.push(Problem { what, twin_serves: false });
        }
        for what in self.read(|store| Ok(store.broken_row_sets()?))? {
            problems.push(Problem { what, twin_serves: false });
        }
        let attachments = self.attachments(None)?;
        report.attachments = attachments.len() as u64;
        let mut seen = HashSet::new();
        for (done, attachment) in (0..).zip(&attachments) {
            progress(Progress { stage: "attachments", done, total: report.attachments });
            if !seen.insert(&attachment.sha256) {
                continue;
            }
            match self.read_attachment(attachment.id, &mut std::io::sink()) {
                Ok(_) => {}
                Err(error @ VaultError::AttachmentDamaged(_)) => {
                    let what = format!("{error} ({})", attachment.name);
                    problems.push(Problem { what, twin_serves: false });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
