//! Nothing of the data is in the file or its log in clear, and damage to either is named, never shown as data.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::vault::{
    ErrorClass, ImportFile, ImportOptions, OpenOptions, Secret, TransactionQuery, Vault, VaultError,
};
use std::path::{Path, PathBuf};

const STATEMENT: &str = include_str!("fixtures/vault/checking-march.ofx");

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple".to_owned())
}

fn open(path: &Path) -> Result<Vault, VaultError> {
    Vault::open(path, &Secret::Passphrase(&passphrase()), &OpenOptions::default())
}

fn filled(folder: &Path) -> (PathBuf, Vault) {
    let path = folder.join("test.finvault");
    let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
    let now = "2026-04-02T09:00:00Z".parse().unwrap();
    let (mut vault, _) = Vault::create(&path, &passphrase(), kdf, now).unwrap();
    let files = [ImportFile { name: "march.ofx", bytes: STATEMENT.as_bytes() }];
    vault.import(&files, &ImportOptions::default(), now, &mut |_| {}).unwrap();
    vault.add_recipient("Landlord", None, now).unwrap();
    (path, vault)
}

fn log_path(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", path.display()))
}

#[test]
fn neither_file_nor_log_holds_a_word_of_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let (path, vault) = filled(folder.path());
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "only the vault and its log: {names:?}");
    let mut images = vec![std::fs::read(&path).unwrap(), std::fs::read(log_path(&path)).unwrap()];
    assert!(images[1].len() > 4096, "the log holds the import");
    vault.close().unwrap();
    images.push(std::fs::read(&path).unwrap());
    assert!(!log_path(&path).exists());
    let words = [
        "Salary",
        "CORNER",
        "Corner",
        "Power Company",
        "DE00123456789",
        "Example Bank",
        "Landlord",
        "checking",
        "2026-03",
        "SQLite format",
        "CREATE TABLE",
        "movement",
        "march.ofx",
        "vault-created",
        "correct horse",
    ];
    for image in &images {
        for word in words {
            let found = image.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!found, "\"{word}\" stands in clear");
        }
    }
}

#[test]
fn a_flipped_byte_is_named_as_damage_or_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, vault) = filled(folder.path());
    vault.close().unwrap();
    let good = std::fs::read(&path).unwrap();
    let mut damaged = 0;
    // A step that is no multiple of anything reaches headers, slots and pages at many offsets.
    for at in (0..good.len()).step_by(8_191) {
        let mut bad = good.clone();
        bad[at] ^= 0x40;
        std::fs::write(&path, &bad).unwrap();
        let result = open(&path).and_then(|vault| {
            let rows = vault.transactions(&TransactionQuery::default())?;
            assert_eq!(rows.len(), 5);
            let report = vault.check(&mut |_| {})?;
            assert!(!report.problems.is_empty(), "nobody noticed the byte at {at}");
            Ok(())
        });
        if let Err(error) = result {
            assert_eq!(error.class(), ErrorClass::Damaged, "byte {at}: {error}");
            damaged += 1;
        }
    }
    assert!(damaged > 0);
    std::fs::write(&path, &good).unwrap();
    assert_eq!(open(&path).unwrap().check(&mut |_| {}).unwrap().problems, []);
}

#[test]
fn a_wrong_passphrase_is_told_in_the_same_words_whatever_slots_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let (path, vault) = filled(folder.path());
    vault.close().unwrap();
    let wrong = Passphrase::new("incorrect horse".to_owned());
    let error = Vault::open(&path, &Secret::Passphrase(&wrong), &OpenOptions::default()).err().unwrap();
    assert_eq!(error.class(), ErrorClass::WrongSecret);
    assert_eq!(error.to_string(), "wrong passphrase, recovery code or key");
}

#[test]
fn the_recovery_code_opens_what_the_passphrase_would() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.finvault");
    let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
    let now = "2026-04-02T09:00:00Z".parse().unwrap();
    let (vault, code) = Vault::create(&path, &passphrase(), kdf, now).unwrap();
    vault.close().unwrap();
    let written = code.reveal().to_lowercase();
    let typed = finvault::crypto::RecoveryCode::parse(&written).unwrap();
    let vault = Vault::open(&path, &Secret::RecoveryCode(&typed), &OpenOptions::default()).unwrap();
    assert_eq!(vault.log().unwrap().len(), 1);
}

#[test]
fn creating_never_overwrites_and_leaves_nothing_where_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    let (path, vault) = filled(folder.path());
    vault.close().unwrap();
    let before = std::fs::read(&path).unwrap();
    let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
    let now = "2026-04-02T09:00:00Z".parse().unwrap();
    assert!(Vault::create(&path, &passphrase(), kdf, now).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let nowhere = folder.path().join("no such folder").join("test.finvault");
    assert!(Vault::create(&nowhere, &passphrase(), kdf, now).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_second_opener_waits_and_is_told_which_vault_is_busy() {
    let folder = tempfile::tempdir().unwrap();
    let (path, vault) = filled(folder.path());
    let options = OpenOptions { busy_timeout_ms: 50, ..OpenOptions::default() };
    let error = Vault::open(&path, &Secret::Passphrase(&passphrase()), &options).err().unwrap();
    assert_eq!(error.class(), ErrorClass::Busy, "{error}");
    assert!(error.to_string().contains("test.finvault"), "{error}");
    vault.close().unwrap();
    open(&path).unwrap();
}
