//! The handle on a vault: open it, import statements, read balances, disclose facts, check the log.
//!
//! [`Vault`] is the one type that most programs need. It ties the rooms together and holds the rules that
//! span them: an import is one transaction, a disclosure leaves only with its log entry, a name that could
//! mean two accounts is refused. Times are arguments; the vault never asks a clock.

mod accounts;
mod annotations;
#[cfg(feature = "age")]
mod answer;
mod attachments;
pub mod backup;
mod balances;
mod book_folder;
mod categories;
mod check;
// Two attributes: clippy takes a file for test code by the plain `cfg(test)` alone.
#[cfg(test)]
#[cfg(feature = "age")]
mod crash_tests;
mod csv_profiles;
#[cfg(feature = "age")]
mod disclose;
#[cfg(feature = "age")]
mod documents;
#[cfg(feature = "age")]
mod drafts;
mod error;
mod export;
#[cfg(feature = "age")]
mod facts;
#[cfg(feature = "age")]
mod guard;
mod held;
mod import;
mod import_book;
mod import_days;
mod import_parts;
mod import_rows;
mod import_show;
mod import_target;
mod journal;
pub mod keys;
#[cfg(feature = "age")]
mod lifecycle;
#[cfg(feature = "age")]
mod limits;
mod memory;
#[cfg(feature = "age")]
mod outgoing;
mod profile;
#[cfg(feature = "age")]
mod question;
mod read_book;
#[cfg(feature = "age")]
mod recipients;
mod reconcile;
mod refusal;
mod remedy;
#[cfg(feature = "age")]
mod review;
mod rules;
mod salvage;
#[cfg(feature = "age")]
mod standing;
#[cfg(feature = "age")]
mod standing_fact;
#[cfg(feature = "age")]
mod trace;
mod transactions;
mod transfers;
mod undo;

pub use crate::store::batches::Batch;
pub use crate::store::movements::TransactionQuery;
pub use crate::store::rules::RuleScope;
pub use crate::store::undo::UndoConflicts;
pub use crate::vfs::Secret;
pub use accounts::AccountEdit;
pub use annotations::NewPart;
#[cfg(feature = "age")]
pub use answer::{Alternative, Answer, Given, WhyNot};
pub use attachments::{Attached, MAX_ATTACHMENT_BYTES};
pub use book_folder::with_included_files;
pub use categories::{CategoryChange, CategoryUse, ResolvedCategory};
pub use check::{CheckReport, Difference, Problem};
#[cfg(feature = "age")]
pub use disclose::{DisclosureRecord, DisclosureRequest, Issued, Preview};
#[cfg(feature = "age")]
pub use documents::{DocumentName, DocumentSource, EnclosedFile, MAX_ENCLOSED_BYTES};
#[cfg(feature = "age")]
pub use drafts::{DraftRecord, DraftReviewer, DraftState};
pub use error::{ErrorClass, VaultError};
pub use export::{ExportQuery, ExportReport};
#[cfg(feature = "age")]
pub use facts::{AccountField, Breadth, Direction, FactRequest, LabelChoice, RowFilter, TransactionField};
#[cfg(feature = "age")]
pub use guard::{Collusion, Exposure, InferencePolicy, KnownGroup, ThresholdUse};
pub use import::{
    AccountReport, FileReport, ImportFile, ImportOptions, ImportReport, ImportSource, StatedBalanceReport,
};
pub use import_rows::{RowNote, RowOutcome};
pub use import_show::{ShownAccount, ShownImport, ShownRow};
pub use journal::LogSummary;
#[cfg(feature = "age")]
pub use lifecycle::{DisclosureLife, DisclosureState, SignedStatusList};
#[cfg(feature = "age")]
pub use limits::{
    FACT_KINDS, NeededApproval, RecipientLimits, RecipientProfile, Vetting, VettingPolicy, check_receipt_key,
};
pub use memory::{Memory, Remembered};
pub use read_book::read_any;
#[cfg(feature = "age")]
pub use recipients::Recipient;
pub use reconcile::{Reconciled, StatedBalances};
pub use refusal::{Leak, LeakedDetail, LeakedRow, Origin, OverBudget, Refusal};
#[cfg(feature = "age")]
pub use review::{Advice, RecipientReview, Review, ReviewPlan};
pub use rules::{NewRule, RuleChange, RulePlace, RuleReport, RuleUse};
pub use salvage::{LostRows, LostTransaction, SalvageReport};
#[cfg(feature = "age")]
pub use trace::{TraceMatch, TraceStrength};
pub use transactions::TransactionEdit;
pub use transfers::Flow;
pub use undo::UndoReport;

#[cfg(feature = "age")]
use crate::crypto::Random;
use crate::crypto::{HeaderAuthKey, IdentityKey, KdfParams, OsRandom, Passphrase, RecoveryCode, VaultKey};
use crate::store::{Store, StoreError};
use crate::vfs;
use jiff::Timestamp;
use std::path::{Path, PathBuf};

/// How far a long operation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing, in a word or two.
    pub stage: &'static str,
    /// Units done (bytes, rows or pages).
    pub done: u64,
    /// Units there are.
    pub total: u64,
}

/// How to open a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenOptions {
    /// How long to wait for another process that holds the vault, in milliseconds.
    pub busy_timeout_ms: u32,
    /// How much decrypted data may be kept in memory, in MiB. Imports gain most from it.
    pub cache_mib: u32,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { busy_timeout_ms: 5_000, cache_mib: 64 }
    }
}

/// An open vault.
///
/// One process at a time holds it; it is released on [`Vault::close`] or drop.
pub struct Vault {
    store: Store,
    /// What signing keys, pseudonyms and salts are derived from. It stays the same when the file gets a new key.
    key: IdentityKey,
    /// Whether that could not be read: then nothing may be written that it would sign.
    key_lost: bool,
    path: PathBuf,
    warnings: Vec<String>,
    memory: Option<Box<dyn Memory>>,
    /// What the header is authenticated under: after closing, it says what there is to remember.
    header_key: HeaderAuthKey,
    #[cfg(feature = "age")]
    random: Box<dyn Random>,
    /// Last, so that the database is closed when it goes.
    _held: held::Held,
}

impl Vault {
    /// Makes a new vault file, readable by its owner only, and opens it.
    ///
    /// The recovery code opens the vault when the passphrase is lost; it is shown this once and kept nowhere.
    ///
    /// # Errors
    /// [`VaultError::File`] where the file exists or cannot be made; nothing is left behind.
    pub fn create(
        path: &Path,
        passphrase: &Passphrase,
        kdf: KdfParams,
        now: Timestamp,
    ) -> Result<(Self, RecoveryCode), VaultError> {
        let random = OsRandom;
        let created = vfs::create(path, passphrase, kdf, &random)?;
        let opened = Self::connect(path, &created.key, &OpenOptions::default(), Vec::new(), None)
            .and_then(|vault| vault.with_own_identity(IdentityKey::generate(&random)?))
            .and_then(|mut vault| vault.write_first_log_entry(now).map(|()| vault))
            .and_then(|mut vault| vault.add_default_categories().map(|()| vault));
        match opened {
            Ok(vault) => Ok((vault, created.recovery_code)),
            Err(error) => {
                remove_files(path);
                Err(error)
            }
        }
    }

    /// Opens a vault with its passphrase or recovery code.
    ///
    /// # Errors
    /// [`VaultError::File`]: no vault there, wrong secret, damaged, busy; [`VaultError::Store`]: made by a newer finvault.
    pub fn open(path: &Path, secret: &Secret<'_>, options: &OpenOptions) -> Result<Self, VaultError> {
        Self::open_unlocked(path, vfs::unlock(path, secret)?, options)
    }

    /// Opens a vault that [`vfs::unlock`] unlocked.
    ///
    /// # Errors
    /// As [`Vault::open`], but for the secret.
    pub fn open_unlocked(
        path: &Path,
        unlocked: vfs::Unlocked,
        options: &OpenOptions,
    ) -> Result<Self, VaultError> {
        let warnings = unlocked.warnings.iter().map(ToString::to_string).collect();
        Self::connect(path, &unlocked.key, options, warnings, None)
    }

    /// Opens a vault that [`vfs::unlock`] unlocked, unless it is older than `memory` knows it to have been; from then on
    /// `memory` is told of every commit once it is durable.
    ///
    /// # Errors
    /// As [`Vault::open_unlocked`]; [`VaultError::Older`], and nothing was changed.
    pub fn open_unlocked_remembering(
        path: &Path,
        unlocked: vfs::Unlocked,
        options: &OpenOptions,
        memory: Box<dyn Memory>,
    ) -> Result<Self, VaultError> {
        let warnings = unlocked.warnings.iter().map(ToString::to_string).collect();
        Self::connect(path, &unlocked.key, options, warnings, Some(memory))
    }

    /// Opens a vault with its key, which a caller kept since [`vfs::unlock`]: no key derivation is run.
    ///
    /// # Errors
    /// As [`Vault::open`]; [`vfs::VfsError::WrongSecret`] where it is the key of another vault.
    pub fn open_with_key(path: &Path, key: VaultKey, options: &OpenOptions) -> Result<Self, VaultError> {
        let warnings = vfs::check_key(path, &key)?.iter().map(ToString::to_string).collect();
        Self::connect(path, &key, options, warnings, None)
    }

    /// Opens a vault with its key, unless it is older than `memory` knows it to have been, as
    /// [`Vault::open_unlocked_remembering`] does.
    ///
    /// # Errors
    /// As [`Vault::open_with_key`]; [`VaultError::Older`], and nothing was changed.
    pub fn open_with_key_remembering(
        path: &Path,
        key: VaultKey,
        options: &OpenOptions,
        memory: Box<dyn Memory>,
    ) -> Result<Self, VaultError> {
        let warnings = vfs::check_key(path, &key)?.iter().map(ToString::to_string).collect();
        Self::connect(path, &key, options, warnings, Some(memory))
    }

    fn connect(
        path: &Path,
        key: &VaultKey,
        options: &OpenOptions,
        mut warnings: Vec<String>,
        memory: Option<Box<dyn Memory>>,
    ) -> Result<Self, VaultError> {
        let connect = vfs::ConnectOptions {
            busy_timeout_ms: options.busy_timeout_ms,
            cache_mib: options.cache_mib,
            ..vfs::ConnectOptions::default()
        };
        // Before the file is opened: from then on nobody may read it as a plain file.
        let _held = held::Held::new(path);
        let connection = vfs::connect(path, key, &connect)?;
        if let Some(memory) = &memory {
            must_not_be_older(&connection, path, key, memory.as_ref())?;
        }
        let store = Store::open(connection)?;
        warnings.extend(keys::unfinished_rotation(path));
        let header_key = HeaderAuthKey::derive(key);
        let found = identity_of(&store, key)?;
        let key_lost = found.is_none();
        let key = match found {
            Some(key) => key,
            None => {
                warnings.push(IDENTITY_LOST.to_owned());
                IdentityKey::generate(&OsRandom)?
            }
        };
        Ok(Self {
            store,
            key,
            key_lost,
            path: path.to_owned(),
            warnings,
            memory,
            header_key,
            #[cfg(feature = "age")]
            random: Box::new(OsRandom),
            _held,
        })
    }

    /// Gives a vault just made a secret of its own to derive signing keys from.
    fn with_own_identity(mut self, identity: IdentityKey) -> Result<Self, VaultError> {
        self.write(|store| Ok(store.set_identity(&identity)?))?;
        self.key = identity;
        Ok(self)
    }

    /// Takes salts, ids and passcodes of disclosures from `random` instead of the operating system, so that a
    /// test gets the same token twice. Real vaults keep the default.
    #[cfg(feature = "age")]
    #[must_use]
    pub fn with_random(self, random: Box<dyn Random>) -> Self {
        Self { random, ..self }
    }

    /// Where the vault is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was odd on opening and did not stand in the way, for example a damaged copy of the header.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Closes the vault and moves all that its log holds into the file.
    ///
    /// # Errors
    /// [`VaultError::Store`] where that fails; what was acknowledged is safe all the same.
    pub fn close(mut self) -> Result<(), VaultError> {
        self.store.close()?;
        if let Some(memory) = &mut self.memory
            && let Ok(Some(seen)) = vfs::closed_under(&self.path, &self.header_key)
        {
            memory.remember(&seen);
        }
        Ok(())
    }

    /// Rewrites the file without the room that deleted rows left in it. Gives its size before and after, in bytes.
    ///
    /// # Errors
    /// [`VaultError::Store`] where that fails, for example on a full disk; the vault is as it was then.
    pub fn compact(&mut self) -> Result<(u64, u64), VaultError> {
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        // What is still in the log counts once it is in the file.
        self.read(|store| Ok(store.fold_log()?))?;
        let before = size(&self.path);
        self.read(|store| Ok(store.compact()?))?;
        Ok((before, size(&self.path)))
    }

    /// Runs `work` in one transaction.
    fn write<T>(&mut self, work: impl FnOnce(&Store) -> Result<T, VaultError>) -> Result<T, VaultError> {
        if self.key_lost {
            return Err(StoreError::Corrupt(IDENTITY_LOST.to_owned()).into());
        }
        let result = self.store.write(work);
        if result.is_ok() {
            self.remember();
        }
        result.map_err(|error| self.explain(error))
    }

    /// Runs `work`, which changes nothing.
    fn read<T>(&self, work: impl FnOnce(&Store) -> Result<T, VaultError>) -> Result<T, VaultError> {
        work(&self.store).map_err(|error| self.explain(error))
    }

    /// Puts the damage that the sealed file noticed in the place of SQLite's general word for it.
    fn explain(&self, error: VaultError) -> VaultError {
        match error {
            VaultError::Store(error) => self.store.explain(error).into(),
            error => error,
        }
    }
}

/// Compares a vault with what is remembered of it, before anything is written to it.
fn must_not_be_older(
    connection: &rusqlite::Connection,
    path: &Path,
    key: &VaultKey,
    memory: &dyn Memory,
) -> Result<(), VaultError> {
    let Some(found) = vfs::found(connection) else { return Ok(()) };
    match memory.last_seen(found.vault) {
        Some(remembered) if found.is_older_than(&remembered.seen) => {
            if !matches!(vfs::closed(path, key), Ok(Some(_))) {
                // A log belongs to it, and is not folded in: all stays as it was put there.
                connection
                    .set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
                    .map_err(StoreError::from)?;
            }
            Err(VaultError::Older { found, remembered })
        }
        _ => Ok(()),
    }
}

const IDENTITY_LOST: &str =
    "the secret that your signing keys come from cannot be read, so nothing new is written";

/// What the vault derives signing keys from; none where it keeps a secret for that and damage has taken it.
fn identity_of(store: &Store, key: &VaultKey) -> Result<Option<IdentityKey>, VaultError> {
    match store.identity().map_err(|error| store.explain(error)) {
        Ok(Some(identity)) => Ok(Some(identity)),
        Ok(None) => Ok(Some(IdentityKey::of_vault_key(key))),
        Err(
            StoreError::Vfs(vfs::VfsError::Damaged(_))
            | StoreError::Corrupt(_)
            | StoreError::Unreadable { .. },
        ) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Takes a vault back that was made just now and could not be filled.
fn remove_files(path: &Path) {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let _ = std::fs::remove_file(path);
    let _ = std::fs::remove_file(log);
}

impl From<StoreError> for VaultError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Vfs(error) => Self::File(error),
            error => Self::Store(error),
        }
    }
}

impl From<crate::crypto::RandomError> for VaultError {
    fn from(_: crate::crypto::RandomError) -> Self {
        Self::Randomness
    }
}

impl From<vfs::VfsError> for VaultError {
    fn from(error: vfs::VfsError) -> Self {
        Self::File(error)
    }
}
