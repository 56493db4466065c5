//! Importing statement files: all of them or none, every row once.

use super::accounts::account_by_id;
use super::annotations::drop_outdated_split;
use super::balances::computed_balance;
use super::import_target::{Target, one_account_at_most};
use super::rules::ImportRules;
use super::{Progress, Vault, VaultError};
use crate::ledger::balance::opening_from_stated;
use crate::ledger::fingerprint::decide;
use crate::ledger::{
    Account, AccountId, BalanceKind, BatchId, Decision, Fingerprint, Incoming, NewTransaction, Opening,
    StatedBalance, TransactionStatus,
};
use crate::money::{Money, MoneyError, Sum};
use crate::statement::{
    self, CsvAnswers, CsvLayout, CsvProfile, Format, ReadOptions, Reading, SkippedRow, Statement,
    StatementFile, Warning,
};
use crate::store::Store;
use crate::store::batches::BatchAccount;
use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// How many days around a statement are searched for rows that the account has already.
const SEARCH_DAYS: i32 = 15;

/// A file to import.
#[derive(Debug, Clone, Copy)]
pub struct ImportFile<'a> {
    /// Its name, for reports and errors.
    pub name: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
}

/// How to import.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// The account the files are of; needed for files that do not say.
    pub account: Option<AccountId>,
    /// Reads the files as this format instead of detecting it.
    pub format: Option<Format>,
    /// How to read a CSV file whose layout cannot be told for sure.
    pub profile: Option<CsvProfile>,
    /// What is known about CSV files that their content may leave open.
    pub answers: CsvAnswers,
    /// Imports what can be read of OFX and CSV files and reports the rest, instead of refusing the file.
    pub skip_bad_rows: bool,
    /// How many rows of each file to report as they are read.
    pub preview_rows: usize,
    /// Reports what would happen and changes nothing.
    pub dry_run: bool,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// One report per file, in the order given.
    pub files: Vec<FileReport>,
}

/// What was done with one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// The name as it was given.
    pub name: String,
    /// The format it was read as.
    pub format: Format,
    /// Digest of its bytes, lower-case hex.
    pub sha256: String,
    /// The batch under which it can be undone; none after a dry run.
    pub batch: Option<BatchId>,
    /// One report per account, in file order.
    pub accounts: Vec<AccountReport>,
    /// What was odd.
    pub warnings: Vec<Warning>,
    /// How a CSV file was understood.
    pub layout: Option<CsvLayout>,
    /// Rows that cannot be read and were left out, as [`ImportOptions::skip_bad_rows`] asked.
    pub skipped: Vec<SkippedRow>,
    /// The first rows as they are read, as many as [`ImportOptions::preview_rows`] asked for.
    pub preview: Vec<NewTransaction>,
}

/// What was done to one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountReport {
    /// The account as it is now.
    pub account: Account,
    /// Whether this import made it.
    pub created: bool,
    /// Rows that were new.
    pub added: u64,
    /// Rows that it had already.
    pub duplicate: u64,
    /// Pending rows that the bank has now booked.
    pub updated: u64,
    /// The balances that the file states, with what the rows add up to.
    pub stated: Vec<StatedBalanceReport>,
    /// The opening balance, where this import gave it.
    pub opening: Option<Opening>,
}

/// A balance that a file states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatedBalanceReport {
    /// Which balance.
    pub kind: BalanceKind,
    /// The day it holds for.
    pub date: Date,
    /// What the bank says.
    pub amount: Money,
    /// What the rows add up to at the end of that day; none for kinds that are not booked balances.
    pub computed: Option<Money>,
}

impl Vault {
    /// Imports files in one transaction: where one is refused, nothing of any is kept.
    ///
    /// A statement that names its own account goes there; where no account has that number, one is made.
    /// The first statement of an empty account gives its opening balance where it states a balance.
    ///
    /// # Errors
    /// [`VaultError::Statement`] with file, line and remedy; [`VaultError::NeedsAccount`],
    /// [`VaultError::OtherAccount`], [`VaultError::OtherCurrency`]; [`VaultError::Store`].
    pub fn import(
        &mut self,
        files: &[ImportFile<'_>],
        options: &ImportOptions,
        now: Timestamp,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<ImportReport, VaultError> {
        let account = options.account.map(|id| self.read(|store| account_by_id(store, id))).transpose()?;
        let read_options = ReadOptions {
            format: options.format,
            currency: account.as_ref().map(|account| account.currency),
            profile: options.profile.clone(),
            known_profiles: self.csv_profiles()?,
            answers: options.answers,
            skip_bad_rows: options.skip_bad_rows,
        };
        let work = |store: &Store| {
            let mut reports = Vec::with_capacity(files.len());
            for file in files {
                let read = statement::read_explained(file.bytes, &read_options, &mut |done, total| {
                    progress(Progress { stage: "reading", done, total });
                })
                .map_err(|error| VaultError::Statement { file: file.name.to_owned(), error })?;
                let Reading { file: read, layout, skipped } = read;
                let preview = preview(&read, options.preview_rows);
                let mut report = import_file(store, file, read, account.as_ref(), now, progress)?;
                if let Some(warning) = opening_without(&report, &skipped) {
                    report.warnings.push(warning);
                }
                reports.push(FileReport { layout, skipped, preview, ..report });
            }
            Ok(ImportReport { files: reports })
        };
        if options.dry_run {
            let rehearsed = self.store.rehearse(work);
            let mut report = rehearsed.map_err(|error| self.explain(error))?;
            for file in &mut report.files {
                file.batch = None;
            }
            return Ok(report);
        }
        self.write(work)
    }
}

/// The first rows of a file, as they are read.
fn preview(read: &StatementFile, rows: usize) -> Vec<NewTransaction> {
    let all = read.statements.iter().flat_map(|statement| &statement.rows);
    all.take(rows).map(|row| row.transaction.clone()).collect()
}

/// An opening balance that was worked out from a stated one holds the amounts of rows that were left out.
fn opening_without(report: &FileReport, skipped: &[SkippedRow]) -> Option<Warning> {
    let derived = |account: &AccountReport| account.opening.is_some_and(|opening| opening.derived);
    (!skipped.is_empty() && report.accounts.iter().any(derived)).then(|| Warning {
        line: 0,
        text: "the opening balance is worked out without the skipped rows, so it holds their amounts"
            .to_owned(),
    })
}

fn import_file(
    store: &Store,
    file: &ImportFile<'_>,
    read: StatementFile,
    named: Option<&Account>,
    now: Timestamp,
    progress: &mut dyn FnMut(Progress),
) -> Result<FileReport, VaultError> {
    let sha256 = hex(&Sha256::digest(file.bytes));
    let mut warnings = read.warnings;
    if let Some(earlier) = store.earlier_import_of(&sha256)? {
        warnings.push(Warning {
            line: 0,
            text: format!("this very file was imported before, {}", earlier.strftime("%Y-%m-%d %H:%M UTC")),
        });
    }
    one_account_at_most(file.name, &read.statements, named)?;
    if read.statements.is_empty() {
        let name = file.name.to_owned();
        return Ok(FileReport {
            name,
            format: read.format,
            sha256,
            batch: None,
            accounts: Vec::new(),
            warnings,
            layout: None,
            skipped: Vec::new(),
            preview: Vec::new(),
        });
    }
    let batch = store.add_batch(base_name(file.name), &sha256, read.format.as_str(), now)?;
    let total: usize = read.statements.iter().map(|statement| statement.rows.len()).sum();
    let mut rows_done = 0;
    let mut accounts: Vec<AccountReport> = Vec::new();
    for statement in &read.statements {
        let target = Target::find(store, file.name, statement, named, batch)?;
        let mut on_row = || {
            rows_done += 1;
            if rows_done % 1_000 == 0 || rows_done == total {
                progress(Progress { stage: "writing", done: rows_done as u64, total: total as u64 });
            }
        };
        let report = import_statement(store, statement, target, batch, &mut warnings, &mut on_row)?;
        match accounts.iter_mut().find(|known| known.account.id == report.account.id) {
            Some(known) => merge(known, report),
            None => accounts.push(report),
        }
    }
    Ok(FileReport {
        name: file.name.to_owned(),
        format: read.format,
        sha256,
        batch: Some(batch),
        accounts,
        warnings,
        layout: None,
        skipped: Vec::new(),
        preview: Vec::new(),
    })
}

fn import_statement(
    store: &Store,
    statement: &Statement,
    target: Target,
    batch: BatchId,
    warnings: &mut Vec<Warning>,
    on_row: &mut dyn FnMut(),
) -> Result<AccountReport, VaultError> {
    let Target { mut account, created } = target;
    let was_empty = account.opening.is_none() && store.first_movement_day(account.id)?.is_none();
    let mut did = BatchAccount {
        account: account.id,
        added: 0,
        duplicate: 0,
        updated: 0,
        opening_set: false,
        opening_shift_minor: 0,
        opening_date_before: None,
    };
    let older = add_rows(store, statement, &account, batch, &mut did, warnings, on_row)?;
    for stated in &statement.balances {
        let (kind, date, amount) = (stated.kind, stated.date, stated.amount);
        store.add_stated_balance(&StatedBalance { account: account.id, kind, date, amount, batch })?;
    }
    if let Some((from, to)) = days_of(statement) {
        store.add_statement_period(batch, account.id, from, to)?;
    }
    if was_empty {
        account.opening = derive_opening(statement)?;
        did.opening_set = account.opening.is_some();
    } else if let (Some(opening), Some(older)) = (account.opening.filter(|known| known.derived), older) {
        did.opening_shift_minor = older.sum.minor();
        did.opening_date_before = Some(opening.date);
        store.add_opening_moved(account.id, batch, opening.date)?;
        let amount = opening.amount.checked_sub(older.sum)?;
        account.opening = Some(Opening { date: older.first_day, amount, derived: true });
    }
    if did.opening_set || did.opening_date_before.is_some() {
        store.update_account(&account)?;
    }
    store.add_batch_account(batch, &did)?;
    let stated = stated_reports(store, statement, &account)?;
    let opening = account.opening.filter(|_| did.opening_set);
    let BatchAccount { added, duplicate, updated, .. } = did;
    Ok(AccountReport { account, created, added, duplicate, updated, stated, opening })
}

/// The days of which a statement speaks: its own period, widened to its rows; its rows alone where it names none.
fn days_of(statement: &Statement) -> Option<(Date, Date)> {
    let rows = statement.rows.iter().map(|row| row.transaction.posted);
    let stated = statement.period.into_iter().flat_map(|(from, to)| [from, to]);
    let days = rows.chain(stated);
    days.clone().min().zip(days.max())
}

/// Booked rows that were added before the day of a derived opening balance.
struct OlderRows {
    first_day: Date,
    sum: Money,
}

fn add_rows(
    store: &Store,
    statement: &Statement,
    account: &Account,
    batch: BatchId,
    did: &mut BatchAccount,
    warnings: &mut Vec<Warning>,
    on_row: &mut dyn FnMut(),
) -> Result<Option<OlderRows>, VaultError> {
    let days = statement.rows.iter().map(|row| row.transaction.posted);
    let (Some(first), Some(last)) = (days.clone().min(), days.max()) else { return Ok(None) };
    let around = jiff::Span::new().days(SEARCH_DAYS);
    let existing = store.existing_movements(
        account.id,
        first.checked_sub(around).unwrap_or(Date::MIN),
        last.checked_add(around).unwrap_or(Date::MAX),
    )?;
    let incoming: Vec<Incoming<'_>> = statement
        .rows
        .iter()
        .map(|row| Incoming { row: &row.transaction, fingerprint: Fingerprint::of(&row.transaction) })
        .collect();
    let rules = ImportRules::load(store)?;
    let opening_day = account.opening.map(|opening| opening.date);
    let mut older_sum = Sum::new(account.currency);
    let mut older_first: Option<Date> = None;
    let lines = statement.rows.iter().map(|row| row.line);
    for ((incoming, decision), line) in incoming.iter().zip(decide(&existing, &incoming)).zip(lines) {
        let row = incoming.row;
        match decision {
            Decision::Add { trust_bank_id } => {
                let ruled = rules.applied(store, account.id, row)?;
                let id = store.add_movement(
                    account.id,
                    &ruled.row,
                    incoming.fingerprint,
                    trust_bank_id,
                    Some(batch),
                )?;
                ruled.note(store, id, false)?;
                did.added += 1;
                if opening_day.is_some_and(|day| row.posted < day) && row.status != TransactionStatus::Pending
                {
                    older_sum.add(row.amount)?;
                    older_first = Some(older_first.map_or(row.posted, |day| day.min(row.posted)));
                }
            }
            Decision::Update(id) => {
                if drop_outdated_split(store, id, row.amount)? {
                    let text = format!(
                        "the bank booked transaction {} with another amount, which its parts do not add up to: \
                         it is no longer split",
                        id.0
                    );
                    warnings.push(Warning { line, text });
                }
                let ruled = rules.applied(store, account.id, row)?;
                store.book_movement(id, &ruled.row, incoming.fingerprint)?;
                ruled.note(store, id, true)?;
                did.updated += 1;
            }
            Decision::Duplicate(_) => did.duplicate += 1,
        }
        on_row();
    }
    match older_first {
        Some(first_day) => Ok(Some(OlderRows { first_day, sum: older_sum.total()? })),
        None => Ok(None),
    }
}

/// The opening balance that makes the statement's own balance true; none where it states none.
fn derive_opening(statement: &Statement) -> Result<Option<Opening>, MoneyError> {
    let first_row = statement.rows.iter().map(|row| row.transaction.posted).min();
    let booked = statement.balances.iter().filter(|stated| stated.kind.is_booked()).max_by_key(|s| s.date);
    // Some programs write the epoch where they do not know when a statement begins.
    let period_from = statement.period.map(|(from, _)| from).filter(|from| from.year() > 1970);
    let first_day = [period_from, first_row, booked.map(|stated| stated.date)];
    let Some(date) = first_day.into_iter().flatten().min() else { return Ok(None) };
    if let Some(stated) = booked {
        let movements = statement
            .rows
            .iter()
            .map(|row| &row.transaction)
            .filter(|row| row.posted <= stated.date && row.status != TransactionStatus::Pending)
            .map(|row| row.amount);
        let amount = opening_from_stated(stated.amount, movements)?;
        return Ok(Some(Opening { date, amount, derived: true }));
    }
    let opening = statement.balances.iter().find(|stated| stated.kind == BalanceKind::Opening);
    Ok(opening.map(|stated| Opening { date: date.min(stated.date), amount: stated.amount, derived: true }))
}

fn stated_reports(
    store: &Store,
    statement: &Statement,
    account: &Account,
) -> Result<Vec<StatedBalanceReport>, VaultError> {
    statement
        .balances
        .iter()
        .map(|stated| {
            let computed = if stated.kind.is_booked() {
                Some(computed_balance(store, account, stated.date)?)
            } else {
                None
            };
            Ok(StatedBalanceReport { kind: stated.kind, date: stated.date, amount: stated.amount, computed })
        })
        .collect()
}

/// Joins what two statements of one file did to one account.
fn merge(known: &mut AccountReport, later: AccountReport) {
    known.account = later.account;
    known.created |= later.created;
    known.added += later.added;
    known.duplicate += later.duplicate;
    known.updated += later.updated;
    for stated in later.stated {
        if !known.stated.contains(&stated) {
            known.stated.push(stated);
        }
    }
    known.opening = known.opening.or(later.opening);
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The name without its folder: where a file lay is nobody's business.
fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}
