//! Making a vault: a whole file, written once, that SQLite opens in WAL mode from its first moment.
//!
//! The database's first page is written here rather than by SQLite, so that the switch to WAL, which SQLite makes
//! without a log, never happens on a vault.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::damage::VfsError;
use super::header::{Header, VaultId};
use super::keys::Keys;
use super::offsets::{Twin, UNIT_BYTES};
use super::seal::{self, Place, Role, Unit};
use super::slots::{Secret, Slot, WrapFault};
use super::sqlite_pages::first_page;
use super::tag_table;
use crate::crypto::{
    KdfError, KdfParams, NONCE_BYTES, Passphrase, Random, RecoveryCode, SealError, VaultKey,
};

/// A vault that was just made.
pub struct Created {
    /// Which vault it is.
    pub vault_id: VaultId,
    /// Its key, ready for [`connect`](super::connect).
    pub key: VaultKey,
    /// Opens the vault if the passphrase is lost; to be shown once.
    pub recovery_code: RecoveryCode,
}

/// Makes a new, empty vault at `path`, readable by its owner only.
///
/// # Errors
/// [`VfsError::Exists`] when anything is there already (it is left as it is); [`VfsError::DiskFull`],
/// [`VfsError::ReadOnly`], [`VfsError::Io`]; [`VfsError::Kdf`] or [`VfsError::Random`]. A failure leaves no file.
pub fn create(
    path: &Path,
    passphrase: &Passphrase,
    kdf: KdfParams,
    random: &dyn Random,
) -> Result<Created, VfsError> {
    if path.symlink_metadata().is_ok() {
        // Asked before the slow key derivation; the exclusive creation below is what decides.
        return Err(VfsError::Exists { path: path.to_owned() });
    }
    let mut id = [0; 16];
    random.fill(&mut id)?;
    let created = Created {
        vault_id: VaultId(id),
        key: VaultKey::generate(random)?,
        recovery_code: RecoveryCode::generate(random)?,
    };
    let bytes = file_bytes(&created, passphrase, kdf, random)?;
    write_new(path, &bytes)?;
    Ok(created)
}

/// Every byte of a new vault: header copies, the tag table's first node and list, and page 1.
pub(super) fn file_bytes(
    created: &Created,
    passphrase: &Passphrase,
    kdf: KdfParams,
    random: &dyn Random,
) -> Result<Vec<u8>, VfsError> {
    let vault_id = created.vault_id;
    let keys = Keys::derive(&created.key);
    let mut header = Header::new(vault_id);
    header.page_count = 1;
    let secrets = [Secret::Passphrase(passphrase), Secret::RecoveryCode(&created.recovery_code)];
    for ((index, secret), slot) in (0..).zip(&secrets).zip(header.slots.iter_mut()) {
        *slot = Slot::wrap(&created.key, secret, kdf, vault_id.0, index, random).map_err(wrap_error)?;
    }
    empty_file(header, &keys, random)
}

/// The bytes of a vault that begins with this header and holds an empty database.
pub(super) fn empty_file(mut header: Header, keys: &Keys, random: &dyn Random) -> Result<Vec<u8>, VfsError> {
    let vault_id = header.vault_id;
    let place = Place { vault_id: vault_id.0, role: Role::Page, twin: 0, position: 1, wal_id: [0; 16] };
    let page = sealed(keys.page.aead(), &place, first_page(), random)?;
    let mut nonces = [[0; NONCE_BYTES]; 2];
    random.fill(nonces.as_flattened_mut())?;
    let tags = [tag_table::unit_tag(&page)];
    let (table, roots) =
        tag_table::first_units(vault_id.0, keys.table.aead(), &tags, nonces).map_err(seal_error)?;
    header.roots = roots;
    let mut bytes = Vec::with_capacity(7 * UNIT_BYTES);
    for copy in Twin::BOTH {
        bytes.extend_from_slice(&header.encode(copy, &keys.header));
    }
    bytes.extend_from_slice(table.as_flattened());
    bytes.extend_from_slice(&page);
    Ok(bytes)
}

fn sealed(
    key: &crate::crypto::Aead,
    place: &Place,
    mut unit: Unit,
    random: &dyn Random,
) -> Result<Unit, VfsError> {
    let mut nonce = [0; NONCE_BYTES];
    random.fill(&mut nonce)?;
    seal::seal_unit(key, place, &nonce, &mut unit).map_err(seal_error)?;
    Ok(unit)
}

pub(super) fn wrap_error(fault: WrapFault) -> VfsError {
    match fault {
        WrapFault::Random(error) => VfsError::Random(error),
        WrapFault::Kdf(error) => VfsError::Kdf(error),
        WrapFault::Seal(error) => seal_error(error),
    }
}

/// Nothing that is sealed here comes near the cipher's limit; the error exists because the cipher's type says so.
fn seal_error(error: SealError) -> VfsError {
    VfsError::Io { doing: "seal", path: std::path::PathBuf::new(), source: io::Error::other(error) }
}

impl From<KdfError> for VfsError {
    fn from(error: KdfError) -> Self {
        Self::Kdf(error)
    }
}

pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), VfsError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|source| io_error("create", path, source))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    drop(file);
    if let Err(source) = written {
        // The file is ours and nobody else knows it yet.
        let _ = fs::remove_file(path);
        return Err(io_error("write", path, source));
    }
    sync_folder(path);
    Ok(())
}

/// Makes the new name durable too, where the system lets a folder be synced.
pub(super) fn sync_folder(path: &Path) {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Ok(folder) = fs::File::open(folder.unwrap_or(Path::new("."))) {
            let _ = folder.sync_all();
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// An operating system's error in our terms.
pub(super) fn io_error(doing: &'static str, path: &Path, source: io::Error) -> VfsError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::AlreadyExists => VfsError::Exists { path },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => VfsError::DiskFull { path },
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => VfsError::ReadOnly { path },
        _ => VfsError::Io { doing, path, source },
    }
}
