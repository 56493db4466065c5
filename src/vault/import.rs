//! Importing statement files: all of them or none, every row once.

use super::accounts::account_by_id;
use super::attachments::attach_content;
use super::balances::computed_balance;
use super::import_book;
use super::import_days::{days_of, derive_opening};
use super::import_parts::name_categories;
use super::import_rows::{RowNote, RowWriter};
use super::import_target::{Target, account_of_kind, one_account_at_most};
use super::read_book::read_content;
use super::reconcile::warn_of_reconciled;
use super::{Progress, Vault, VaultError};
use crate::ledger::{
    Account, AccountId, AttachmentTarget, BalanceKind, BatchId, NewTransaction, Opening, Similar,
    StatedBalance, TransactionId,
};
use crate::money::{Currency, Money};
use crate::statement::packed::{PackedRows, PackedStatement};
use crate::statement::{
    BookAccount, BookFile, Content, CsvAnswers, CsvLayout, CsvProfile, Format, ReadOptions, Reading,
    SkippedRow, StatementFile, Warning,
};
use crate::store::Store;
use crate::store::batches::BatchAccount;
use jiff::Timestamp;
use jiff::civil::Date;
use std::fmt::Write as _;

/// The most memory for pages of the vault while statements are taken in, in KiB.
const IMPORT_CACHE_KIB: i64 = 32 * 1024;

/// A file to import.
#[derive(Debug, Clone, Copy)]
pub struct ImportFile<'a> {
    /// Its name, for reports and errors.
    pub name: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
}

/// A file to import, wherever its bytes are.
#[derive(Debug, Clone, Copy)]
pub struct ImportSource<'a> {
    /// Its name, for reports and errors.
    pub name: &'a str,
    /// Its content.
    pub content: Content<'a>,
}

/// How to import.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// The account the files are of; needed for files that do not say.
    pub account: Option<AccountId>,
    /// Reads the files as this format instead of detecting it.
    pub format: Option<Format>,
    /// What signs that several currencies share (`$`), and amounts that name none, are in; the account's currency
    /// goes before it.
    pub currency: Option<Currency>,
    /// How to read a CSV file whose layout cannot be told for sure.
    pub profile: Option<CsvProfile>,
    /// What is known about CSV files that their content may leave open, and which number of a date comes first in QIF.
    pub answers: CsvAnswers,
    /// Imports what can be read of OFX and CSV files and reports the rest, instead of refusing the file.
    pub skip_bad_rows: bool,
    /// How many rows of each file to report as they are read.
    pub preview_rows: usize,
    /// Reports what would happen and changes nothing.
    pub dry_run: bool,
    /// What is done with rows that may or may not be known, since another source wrote them.
    pub similar: Similar,
    /// Adds rows again that the owner had deleted.
    pub restore_deleted: bool,
    /// Keeps each file in the vault, attached to its import.
    pub keep_source: bool,
    /// Remembers that statements which show their account as these do are of [`ImportOptions::account`], though the
    /// account has no such number.
    pub remember: bool,
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
    /// Rows that it had already, or that the owner had deleted.
    pub duplicate: u64,
    /// Pending rows that the bank has now booked.
    pub updated: u64,
    /// The rows that were neither simply new nor known to the letter, in file order.
    pub notes: Vec<RowNote>,
    /// Pending rows of the days that the file speaks of that it neither books nor shows.
    pub left_pending: Vec<TransactionId>,
    /// Whether the account is the one that the owner named for such files before.
    pub remembered: bool,
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
        let sources: Vec<ImportSource<'_>> = files
            .iter()
            .map(|file| ImportSource { name: file.name, content: Content::Held(file.bytes) })
            .collect();
        self.import_from(&sources, options, now, progress)
    }

    /// As [`Vault::import`], of files that may be too long to be held: CSV and OFX are read a piece at a time.
    ///
    /// # Errors
    /// As [`Vault::import`]; a file that cannot be read, or changes while it is read.
    pub fn import_from(
        &mut self,
        files: &[ImportSource<'_>],
        options: &ImportOptions,
        now: Timestamp,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<ImportReport, VaultError> {
        // Rows are added in order, more or less: pages of more memory than this are not come back to.
        let before = self.store.limit_cache(IMPORT_CACHE_KIB)?;
        let result = self.import_all(files, options, now, progress);
        self.store.set_cache_size(before)?;
        result
    }

    fn import_all(
        &mut self,
        files: &[ImportSource<'_>],
        options: &ImportOptions,
        now: Timestamp,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<ImportReport, VaultError> {
        let account = options.account.map(|id| self.read(|store| account_by_id(store, id))).transpose()?;
        let known_profiles = self.csv_profiles()?;
        let work = |store: &Store| {
            let mut reports = Vec::with_capacity(files.len());
            for file in files {
                let meant = match &account {
                    Some(account) => Some(account.clone()),
                    None => account_of_kind(store, file)?,
                };
                let read_options = ReadOptions {
                    format: options.format,
                    currency: meant.map(|account| account.currency).or(options.currency),
                    profile: options.profile.clone(),
                    known_profiles: known_profiles.clone(),
                    answers: options.answers,
                    skip_bad_rows: options.skip_bad_rows,
                };
                let read = read_content(file.content, &read_options, &mut |done, total| {
                    progress(Progress { stage: "reading", done, total });
                })
                .map_err(|error| VaultError::Statement { file: file.name.to_owned(), error })?;
                reports.push(import_file(store, file, read, account.as_ref(), options, now, progress)?);
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
fn preview(read: &StatementFile<PackedRows>, rows: usize) -> Vec<NewTransaction> {
    let all = read.statements.iter().flat_map(|statement| statement.rows.iter());
    all.take(rows).map(|row| row.transaction).collect()
}

/// An opening balance that was worked out from a stated one holds the amounts of rows that were left out.
fn opening_without(accounts: &[AccountReport], skipped: &[SkippedRow]) -> Option<Warning> {
    let derived = |account: &AccountReport| account.opening.is_some_and(|opening| opening.derived);
    (!skipped.is_empty() && accounts.iter().any(derived)).then(|| Warning {
        line: 0,
        text: "the opening balance is worked out without the skipped rows, so it holds their amounts"
            .to_owned(),
    })
}

fn import_file(
    store: &Store,
    file: &ImportSource<'_>,
    (reading, digest): (Reading<PackedRows>, [u8; 32]),
    named: Option<&Account>,
    options: &ImportOptions,
    now: Timestamp,
    progress: &mut dyn FnMut(Progress),
) -> Result<FileReport, VaultError> {
    let sha256 = hex(&digest);
    let Reading { mut book, layout, skipped } = reading;
    let preview = preview(&book.file, options.preview_rows);
    import_book::prepare(store, &book)?;
    if book.file.format != Format::Csv {
        name_categories(store, file.name, &mut book.file.statements)?;
    }
    let BookFile { file: read, accounts: book_accounts, .. } = book;
    let mut warnings = read.warnings;
    if let Some(earlier) = store.earlier_import_of(&sha256)? {
        warnings.push(Warning {
            line: 0,
            text: format!("this very file was imported before, {}", earlier.strftime("%Y-%m-%d %H:%M UTC")),
        });
    }
    one_account_at_most(file.name, &read.statements, named.filter(|_| !options.remember))?;
    if read.statements.is_empty() {
        let name = file.name.to_owned();
        return Ok(FileReport {
            name,
            format: read.format,
            sha256,
            batch: None,
            accounts: Vec::new(),
            warnings,
            layout,
            skipped,
            preview,
        });
    }
    let batch = store.add_batch(base_name(file.name), &sha256, read.format.as_str(), now)?;
    if options.keep_source {
        attach_content(store, file, &sha256, AttachmentTarget::Import(batch), now)?;
    }
    let total: usize = read.statements.iter().map(|statement| statement.rows.len()).sum();
    let mut rows_done = 0;
    let mut accounts: Vec<AccountReport> = Vec::new();
    for (index, statement) in read.statements.iter().enumerate() {
        let book = book_accounts.get(index);
        let target = match (named, book) {
            (None, Some(book)) => import_book::target(store, statement, book, batch)?,
            _ => Target::find(store, file, statement, named, options.remember, batch)?,
        };
        let mut on_row = || {
            rows_done += 1;
            if rows_done % 1_000 == 0 || rows_done == total {
                progress(Progress { stage: "writing", done: rows_done as u64, total: total as u64 });
            }
        };
        let import = StatementImport { store, batch, format: read.format.as_str(), options };
        let report = import.run(Source { statement, book }, target, &mut warnings, &mut on_row)?;
        match accounts.iter_mut().find(|known| known.account.id == report.account.id) {
            Some(known) => merge(known, report),
            None => accounts.push(report),
        }
    }
    warnings.extend(opening_without(&accounts, &skipped));
    Ok(FileReport {
        name: file.name.to_owned(),
        format: read.format,
        sha256,
        batch: Some(batch),
        accounts,
        warnings,
        layout,
        skipped,
        preview,
    })
}

/// A statement, and what a book says beside it.
#[derive(Clone, Copy)]
struct Source<'a> {
    statement: &'a PackedStatement,
    book: Option<&'a BookAccount>,
}

/// What all statements of a file share.
struct StatementImport<'a> {
    store: &'a Store,
    batch: BatchId,
    format: &'a str,
    options: &'a ImportOptions,
}

impl StatementImport<'_> {
    fn run(
        &self,
        source: Source<'_>,
        target: Target,
        warnings: &mut Vec<Warning>,
        on_row: &mut dyn FnMut(),
    ) -> Result<AccountReport, VaultError> {
        let Self { store, batch, .. } = *self;
        let Source { statement, book } = source;
        let Target { mut account, created, remembered } = target;
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
        let (format, options) = (self.format, self.options);
        let writer = RowWriter {
            store,
            account: &account,
            batch,
            format,
            options,
            did: &mut did,
            warnings,
            next: None,
            movements: None,
        };
        let done = writer.write(statement, book, on_row)?;
        for stated in &statement.balances {
            let (kind, date, amount) = (stated.kind, stated.date, stated.amount);
            store.add_stated_balance(&StatedBalance { account: account.id, kind, date, amount, batch })?;
        }
        if let Some((from, to)) = days_of(statement) {
            store.add_statement_period(batch, account.id, from, to)?;
        }
        if was_empty {
            // A book says itself what an account began with, or that it began with nothing.
            account.opening = match book {
                Some(book) => book.opening,
                None => derive_opening(statement)?,
            };
            did.opening_set = account.opening.is_some();
        } else if let (Some(opening), Some(older)) =
            (account.opening.filter(|known| known.derived), done.older)
        {
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
        if let Some(first) = done.first_added {
            warn_of_reconciled(store, &account, first, warnings)?;
        }
        let stated = stated_reports(store, statement, &account)?;
        let opening = account.opening.filter(|_| did.opening_set);
        let BatchAccount { added, duplicate, updated, .. } = did;
        let (notes, left_pending) = (done.notes, done.left_pending);
        Ok(AccountReport {
            account,
            created,
            added,
            duplicate,
            updated,
            notes,
            left_pending,
            remembered,
            stated,
            opening,
        })
    }
}

fn stated_reports(
    store: &Store,
    statement: &PackedStatement,
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
    known.notes.extend(later.notes);
    known.left_pending.retain(|id| !later.left_pending.contains(id));
    known.left_pending.extend(later.left_pending);
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
pub(super) fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}
