//! What opens a vault: slots are added, replaced and removed in the header alone; a new key seals all of it anew and changes
//! nothing that a recipient sees.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends")]

use finvault::crypto::{KdfParams, KeyFile, OsRandom, Passphrase, RecoveryCode};
use finvault::store::migrations;
use finvault::vault::keys::{self, KdfChoice, KeptSlot, Keys, NewSlot, SlotNote};
use finvault::vault::{ErrorClass, OpenOptions, Secret, Vault, VaultError};
use finvault::vfs::{self, ConnectOptions, SlotKind, Unlocked, VfsError};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

const AGE_PUBLIC: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
const HEADER_BYTES: usize = 8192;
const UNIT_BYTES: usize = 4096;

struct House {
    folder: tempfile::TempDir,
    code: RecoveryCode,
}

fn now() -> Timestamp {
    "2026-04-02T09:00:00Z".parse().unwrap()
}

fn words(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

fn first() -> Passphrase {
    words("correct horse battery staple")
}

fn options() -> OpenOptions {
    OpenOptions::default()
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (vault, code) =
            Vault::create(&folder.path().join("v"), &first(), KdfParams::FLOOR, now()).unwrap();
        vault.close().unwrap();
        Self { folder, code }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("v")
    }

    fn unlock(&self, secret: &Secret<'_>) -> Result<Unlocked, VfsError> {
        vfs::unlock(&self.path(), secret)
    }

    fn own(&self) -> Unlocked {
        self.unlock(&Secret::Passphrase(&first())).unwrap()
    }

    fn open(&self, secret: &Secret<'_>) -> Vault {
        Vault::open(&self.path(), secret, &options()).unwrap()
    }

    fn add(&self, secret: Secret<'_>, label: &str) -> Result<u32, VaultError> {
        let note = SlotNote { added_s: Some(now().as_second()), label: label.to_owned() };
        let new = NewSlot { secret, kdf: KdfParams::FLOOR, note };
        Keys::new(&self.path(), &self.own().key, options()).add(&new, now())
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }
}

fn change_passphrase(
    house: &House,
    by: &Unlocked,
    slot: Option<u32>,
    new: &Passphrase,
    kdf: KdfChoice,
) -> Result<keys::PassphraseChange, VaultError> {
    Keys::new(&house.path(), &by.key, options()).change_passphrase(by, slot, new, kdf, now())
}

fn is_wrong<T>(outcome: Result<T, VfsError>) -> bool {
    matches!(outcome, Err(VfsError::WrongSecret))
}

#[test]
fn several_of_each_kind_open_it_and_only_the_log_grows() {
    let house = House::new();
    let before = house.bytes();
    let (second, file) = (words("another good passphrase"), KeyFile::generate(&OsRandom).unwrap());
    let other_code = RecoveryCode::generate(&OsRandom).unwrap();
    let other_file = KeyFile::from_content((0..=255).collect()).unwrap();
    assert_eq!(house.add(Secret::Passphrase(&second), "accountant").unwrap(), 3);
    assert_eq!(house.add(Secret::KeyFile(&file), "").unwrap(), 4);
    assert_eq!(house.add(Secret::RecoveryCode(&other_code), "").unwrap(), 5);
    assert_eq!(house.add(Secret::KeyFile(&other_file), "").unwrap(), 6);
    let key = *house.own().key.expose();
    for (secret, number) in [
        (Secret::Passphrase(&second), 3),
        (Secret::RecoveryCode(&house.code), 2),
        (Secret::KeyFile(&file), 4),
        (Secret::RecoveryCode(&other_code), 5),
        (Secret::KeyFile(&other_file), 6),
    ] {
        let unlocked = house.unlock(&secret).unwrap();
        assert_eq!((unlocked.slot_number, unlocked.slot), (number, secret.kind()));
        assert_eq!(*unlocked.key.expose(), key);
        assert_eq!(unlocked.warnings, []);
    }
    let after = house.bytes();
    let units =
        |bytes: &[u8]| bytes[HEADER_BYTES..].chunks(UNIT_BYTES).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let changed = units(&before).iter().zip(&units(&after)).filter(|(one, other)| one != other).count();
    // Four entries of the log: its own pages, the first page, and the lists of tags.
    assert!(changed <= 8, "{changed} units were written");
    assert_eq!(after[..4096].len(), after[4096..8192].len());
    assert!(!after.windows(10).any(|window| window == b"accountant"), "labels are sealed");

    house.add(Secret::KeyFile(&KeyFile::generate(&OsRandom).unwrap()), "").unwrap();
    house.add(Secret::KeyFile(&KeyFile::generate(&OsRandom).unwrap()), "").unwrap();
    let full = house.add(Secret::KeyFile(&KeyFile::generate(&OsRandom).unwrap()), "").unwrap_err();
    assert!(matches!(full, VaultError::File(VfsError::SlotsFull)), "{full}");
    let slots = Keys::new(&house.path(), &house.own().key, options()).list().unwrap();
    assert_eq!(slots.iter().map(|slot| slot.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(slots[2].note, SlotNote { added_s: Some(now().as_second()), label: "accountant".to_owned() });
    assert_eq!(slots[0].note, SlotNote::default());
    assert_eq!(slots[2].kdf, Some(KdfParams::FLOOR));
    let too_long = house.add(Secret::KeyFile(&file), &"x".repeat(56)).unwrap_err();
    assert_eq!(too_long.class(), ErrorClass::Input);
    let two_lines = house.add(Secret::KeyFile(&file), "a\nb").unwrap_err();
    assert_eq!(two_lines.class(), ErrorClass::Input);
}

#[test]
fn what_is_removed_opens_it_no_more_and_the_last_stays() {
    let house = House::new();
    let key = house.own().key;
    Keys::new(&house.path(), &key, options()).remove(1, now()).unwrap();
    assert!(is_wrong(house.unlock(&Secret::Passphrase(&first()))));
    let gone = Keys::new(&house.path(), &key, options()).remove(1, now()).unwrap_err();
    assert!(matches!(gone, VaultError::File(VfsError::NoSuchSlot { number: 1 })), "{gone}");
    for none in [0, 9, u32::MAX] {
        assert!(Keys::new(&house.path(), &key, options()).remove(none, now()).is_err());
    }
    let last = Keys::new(&house.path(), &key, options()).remove(2, now()).unwrap_err();
    assert!(matches!(last, VaultError::File(VfsError::LastSlot)), "{last}");
    house.open(&Secret::RecoveryCode(&house.code)).close().unwrap();
}

#[test]
fn a_change_replaces_one_passphrase_in_both_copies_of_the_header() {
    let house = House::new();
    let old = house.bytes();
    let changed = words("a better passphrase than that");
    let dearer = KdfChoice { memory_kib: Some(20 * 1024), passes: Some(3) };
    let change = change_passphrase(&house, &house.own(), None, &changed, dearer).unwrap();
    assert_eq!((change.slot, change.before), (1, Some(KdfParams::FLOOR)));
    assert_eq!((change.now.memory_kib(), change.now.passes(), change.now.lanes()), (20 * 1024, 3, 1));
    assert!(is_wrong(house.unlock(&Secret::Passphrase(&first()))));
    let unlocked = house.unlock(&Secret::Passphrase(&changed)).unwrap();
    assert_eq!(unlocked.warnings, []);
    let new = house.bytes();
    // The key slot differs in each copy: neither still wraps the key under the old passphrase.
    for copy in 0..2 {
        let slot = copy * UNIT_BYTES + 256..copy * UNIT_BYTES + 512;
        assert_ne!(old[slot.clone()], new[slot.clone()], "copy {copy}");
    }
    // A crash between the two copies, or somebody who puts one back, does not bring the old passphrase back.
    for copy in 0..2 {
        let mut mixed = new.clone();
        let range = copy * UNIT_BYTES..(copy + 1) * UNIT_BYTES;
        mixed[range.clone()].copy_from_slice(&old[range]);
        std::fs::write(house.path(), &mixed).unwrap();
        assert!(is_wrong(house.unlock(&Secret::Passphrase(&first()))), "copy {copy} is of before");
        assert_eq!(
            *house.unlock(&Secret::Passphrase(&changed)).unwrap().key.expose(),
            *unlocked.key.expose()
        );
    }
}

#[test]
fn a_forgotten_passphrase_is_set_anew_by_the_recovery_code() {
    let house = House::new();
    let by_code = house.unlock(&Secret::RecoveryCode(&house.code)).unwrap();
    let (new, none) = (words("a passphrase that I remember"), KdfChoice::default());
    let change = change_passphrase(&house, &by_code, None, &new, none).unwrap();
    assert_eq!(change.slot, 1);
    house.open(&Secret::Passphrase(&new)).close().unwrap();
    house.open(&Secret::RecoveryCode(&house.code)).close().unwrap();
    assert!(is_wrong(house.unlock(&Secret::Passphrase(&first()))));

    // Where several passphrases open the vault, it must be said which one; where none does, one is added.
    let second = NewSlot {
        secret: Secret::Passphrase(&words("x y z")),
        kdf: KdfParams::FLOOR,
        note: SlotNote::default(),
    };
    assert_eq!(Keys::new(&house.path(), &by_code.key, options()).add(&second, now()).unwrap(), 3);
    let change_slot = |slot| change_passphrase(&house, &by_code, slot, &new, none);
    assert_eq!(change_slot(None).unwrap_err().class(), ErrorClass::Input);
    assert_eq!(change_slot(Some(2)).unwrap_err().class(), ErrorClass::Input);
    assert_eq!(change_slot(Some(3)).unwrap().slot, 3);
    for slot in [1, 3] {
        Keys::new(&house.path(), &by_code.key, options()).remove(slot, now()).unwrap();
    }
    let added = change_slot(None).unwrap();
    assert_eq!((added.slot, added.before, added.now), (1, None, KdfParams::DEFAULT));
    let too_cheap = KdfChoice { memory_kib: Some(1024), passes: None };
    let refused = change_passphrase(&house, &by_code, None, &first(), too_cheap);
    assert!(matches!(refused, Err(VaultError::File(VfsError::Kdf(_)))));
}

/// Writes a value into the slot of the passphrase, in both copies of the header, and makes them look whole.
fn tamper(path: &Path, at_in_slot: usize, value: &[u8]) {
    let mut bytes = std::fs::read(path).unwrap();
    for copy in bytes[..HEADER_BYTES].chunks_mut(UNIT_BYTES) {
        copy[256 + at_in_slot..256 + at_in_slot + value.len()].copy_from_slice(value);
        let digest = Sha256::digest(&copy[..4032]);
        copy[4032..4064].copy_from_slice(&digest);
    }
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn costs_that_somebody_lowered_or_raised_in_the_file_are_noticed() {
    let house = House::new();
    let dear = KdfChoice { memory_kib: Some(24 * 1024), passes: Some(3) };
    change_passphrase(&house, &house.own(), None, &first(), dear).unwrap();
    house.own();
    let whole = house.bytes();
    let by_code = || house.unlock(&Secret::RecoveryCode(&house.code));
    // Lowered to what is still allowed, so that guessing gets cheap: the slot is bound to its costs.
    tamper(&house.path(), 4, &(19_u32 * 1024).to_le_bytes());
    let wrong = VaultError::from(house.unlock(&Secret::Passphrase(&first())).err().unwrap());
    assert_eq!(wrong.class(), ErrorClass::WrongSecret);
    let remedy = wrong.remedy().unwrap();
    assert!(remedy.contains("tampered with: try the recovery code, or restore a backup"), "{remedy}");
    assert!(matches!(by_code(), Err(VfsError::Damaged(_))), "and the header is not what was written");
    std::fs::write(house.path(), &whole).unwrap();
    // Raised beyond anything: refused before a byte of memory is taken.
    for (at, value) in [(4, u32::MAX), (8, u32::MAX), (12, u32::MAX), (12, 0), (8, 1), (4, 8)] {
        tamper(&house.path(), at, &value.to_le_bytes());
        let refused = house.unlock(&Secret::Passphrase(&first()));
        assert!(matches!(refused, Err(VfsError::HostileKdf(_))), "{value} at {at}");
        std::fs::write(house.path(), &whole).unwrap();
    }
    house.own();
}

/// Swaps two key slots, counted from 1, in both copies of the header, and makes them look whole.
fn swap_slots(path: &Path, one: usize, other: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    for copy in bytes[..HEADER_BYTES].chunks_mut(UNIT_BYTES) {
        let slot = |copy: &[u8], number: usize| copy[256 * number..256 * (number + 1)].to_vec();
        let (first, second) = (slot(copy, one), slot(copy, other));
        copy[256 * one..256 * (one + 1)].copy_from_slice(&second);
        copy[256 * other..256 * (other + 1)].copy_from_slice(&first);
        let digest = Sha256::digest(&copy[..4032]);
        copy[4032..4064].copy_from_slice(&digest);
    }
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn slots_that_somebody_swapped_are_damage_to_whoever_has_their_secrets() {
    let house = House::new();
    let (file, second) = (KeyFile::generate(&OsRandom).unwrap(), words("another good passphrase"));
    house.add(Secret::KeyFile(&file), "").unwrap();
    house.add(Secret::Passphrase(&second), "").unwrap();
    let whole = house.bytes();
    let secrets = || {
        let code = Secret::RecoveryCode(&house.code);
        [house.unlock(&Secret::Passphrase(&first())), house.unlock(&code)]
            .into_iter()
            .chain([house.unlock(&Secret::KeyFile(&file)), house.unlock(&Secret::Passphrase(&second))])
            .collect::<Vec<_>>()
    };
    for (one, other) in [(1, 2), (1, 3), (1, 4), (2, 3), (3, 4), (2, 7)] {
        swap_slots(&house.path(), one, other);
        // Its own secret finds a slot elsewhere, any other one a header that is not what was written.
        for outcome in secrets() {
            assert!(matches!(outcome, Err(VfsError::Damaged(_))), "{one} and {other}");
        }
        assert!(is_wrong(house.unlock(&Secret::Passphrase(&words("a guess")))), "{one} and {other}");
        std::fs::write(house.path(), &whole).unwrap();
    }
    assert!(secrets().iter().all(Result::is_ok));
}

/// What others see of the owner: it must not change with the key.
fn identity(vault: &Vault) -> (String, Vec<String>) {
    let issuers = vault.recipients().unwrap().into_iter().map(|recipient| recipient.issuer).collect();
    (vault.log_fingerprint().to_string(), issuers)
}

fn rotate(
    house: &House,
    by: &Unlocked,
    kept: Vec<KeptSlot<'_>>,
    code: Option<&RecoveryCode>,
) -> keys::Rotation {
    Keys::new(&house.path(), &by.key, options()).rotate(kept, code, now(), &mut |_| {}).unwrap()
}

#[test]
fn a_new_key_seals_everything_anew_and_makes_nobody_another_signer() {
    let house = House::new();
    let file = KeyFile::generate(&OsRandom).unwrap();
    house.add(Secret::KeyFile(&file), "stick").unwrap();
    let forgotten = words("the passphrase that is not given");
    house.add(Secret::Passphrase(&forgotten), "").unwrap();
    let passphrase = first();
    let mut vault = house.open(&Secret::Passphrase(&passphrase));
    vault.add_recipient("Lender", Some(AGE_PUBLIC), now()).unwrap();
    let before = identity(&vault);
    let log = vault.verify_log().unwrap();
    vault.close().unwrap();
    let (old, old_bytes, by) = (vfs::stated_vault_id(&house.path()).unwrap(), house.bytes(), house.own());

    let code = RecoveryCode::generate(&OsRandom).unwrap();
    let kept = vec![
        KeptSlot { number: 1, secret: Secret::Passphrase(&passphrase) },
        KeptSlot { number: 3, secret: Secret::KeyFile(&file) },
    ];
    let rotation = rotate(&house, &by, kept, Some(&code));
    assert_eq!((rotation.recovery_slot, rotation.leftover), (Some(2), None));
    assert_eq!(std::fs::read_dir(house.folder.path()).unwrap().count(), 1, "one file, and nothing beside it");
    assert_eq!(vfs::stated_vault_id(&house.path()).unwrap(), old, "it is the same vault");

    let now_opens = house.own();
    assert_ne!(now_opens.key.expose(), by.key.expose());
    assert!(matches!(vfs::check_key(&house.path(), &by.key), Err(VfsError::WrongSecret)));
    assert!(is_wrong(house.unlock(&Secret::Passphrase(&forgotten))));
    assert!(is_wrong(house.unlock(&Secret::RecoveryCode(&house.code))), "the old code is replaced");
    assert_eq!(house.unlock(&Secret::RecoveryCode(&code)).unwrap().slot, SlotKind::RecoveryCode);
    let slots = Keys::new(&house.path(), &now_opens.key, options()).list().unwrap();
    assert_eq!(slots.iter().map(|slot| slot.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(slots[2].note.label, "stick");

    // Nothing sealed under the old key is left: no unit of the file is what it was.
    let new_bytes = house.bytes();
    for (number, (one, other)) in old_bytes.chunks(UNIT_BYTES).zip(new_bytes.chunks(UNIT_BYTES)).enumerate() {
        assert!(one != other, "unit {number}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(house.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let mut vault = house.open(&Secret::KeyFile(&file));
    assert_eq!(identity(&vault), before);
    assert_eq!(vault.verify_log().unwrap().entries, log.entries + 1, "the new key is logged");
    vault.add_recipient("Landlord", None, now()).unwrap();
    assert_eq!(vault.verify_log().unwrap().entries, log.entries + 2);
    assert!(vault.check(&mut |_| {}).unwrap().problems.is_empty());
    vault.close().unwrap();

    // The copy that was made before is what it was.
    let backup = house.folder.path().join("before");
    std::fs::write(&backup, old_bytes).unwrap();
    Vault::open(&backup, &Secret::Passphrase(&forgotten), &options()).unwrap().close().unwrap();
}

#[test]
fn a_vault_that_signs_with_its_vault_key_keeps_doing_so_after_it_got_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v");
    let created = vfs::create(&path, &first(), KdfParams::FLOOR, &OsRandom).unwrap();
    let mut connection = vfs::connect(&path, &created.key, &ConnectOptions::default()).unwrap();
    migrations::migrate(&mut connection, 9).unwrap();
    connection.close().unwrap();
    let house = House { folder, code: created.recovery_code };
    let passphrase = first();
    let mut vault = house.open(&Secret::Passphrase(&passphrase));
    vault.add_recipient("Lender", Some(AGE_PUBLIC), now()).unwrap();
    let before = identity(&vault);
    vault.close().unwrap();
    for rotations in 1..=2 {
        let kept = vec![KeptSlot { number: 1, secret: Secret::Passphrase(&passphrase) }];
        assert_eq!(rotate(&house, &house.own(), kept, None).recovery_slot, None);
        let vault = house.open(&Secret::Passphrase(&passphrase));
        assert_eq!(identity(&vault), before);
        assert_eq!(vault.verify_log().unwrap().entries, 1 + rotations);
        vault.close().unwrap();
    }
    assert!(is_wrong(house.unlock(&Secret::RecoveryCode(&house.code))));
}

#[test]
fn a_rotation_that_cannot_be_changes_nothing_and_an_interrupted_one_is_told() {
    let house = House::new();
    let before = house.bytes();
    let by = house.own();
    let attempt = |kept| Keys::new(&house.path(), &by.key, options()).rotate(kept, None, now(), &mut |_| {});
    assert_eq!(attempt(vec![]).unwrap_err().class(), ErrorClass::Input);
    // The number of one slot with the secret of another.
    let passphrase = first();
    let crossed = vec![KeptSlot { number: 7, secret: Secret::Passphrase(&passphrase) }];
    assert!(matches!(attempt(crossed), Err(VaultError::File(VfsError::NoSuchSlot { number: 7 }))));
    assert!(house.bytes()[HEADER_BYTES..] == before[HEADER_BYTES..]);
    assert_eq!(std::fs::read_dir(house.folder.path()).unwrap().count(), 1);

    let leftover = house.folder.path().join("v.new-key");
    std::fs::write(&leftover, &before[..5000]).unwrap();
    std::fs::write(house.folder.path().join("v.new-key-wal"), b"frames").unwrap();
    let vault = house.open(&Secret::Passphrase(&passphrase));
    assert!(vault.warnings().iter().any(|warning| warning.contains("v.new-key")), "{:?}", vault.warnings());
    let busy = attempt(vec![KeptSlot { number: 1, secret: Secret::Passphrase(&passphrase) }]);
    vault.close().unwrap();
    assert_eq!(busy.unwrap_err().class(), ErrorClass::Busy);
    let rotation = attempt(vec![KeptSlot { number: 1, secret: Secret::Passphrase(&passphrase) }]).unwrap();
    assert_eq!(
        rotation.leftover.and_then(|path| path.file_name().map(|name| name == "v.new-key")),
        Some(true)
    );
    assert_eq!(std::fs::read_dir(house.folder.path()).unwrap().count(), 1);
    assert_eq!(house.open(&Secret::Passphrase(&passphrase)).warnings(), [] as [String; 0]);
}

#[test]
fn who_waited_for_a_file_that_was_replaced_does_not_write_to_it() {
    let house = House::new();
    let key = house.own().key;
    let connection = vfs::connect(&house.path(), &key, &ConnectOptions::default()).unwrap();
    let beside = house.folder.path().join("other");
    std::fs::copy(house.path(), &beside).unwrap();
    let path = house.path();
    let waiting = std::thread::spawn(move || {
        let options = ConnectOptions { busy_timeout_ms: 3_000, ..ConnectOptions::default() };
        vfs::connect(&path, &key, &options).map(drop)
    });
    std::thread::sleep(std::time::Duration::from_millis(500));
    vfs::replace(connection, &beside, || Ok(())).unwrap();
    match waiting.join().unwrap() {
        // It was replaced before the other looked at all.
        Ok(()) => assert!(!beside.exists()),
        Err(error) => assert!(matches!(error, VfsError::Busy { .. }), "{error}"),
    }
    house.open(&Secret::Passphrase(&first())).close().unwrap();
    assert_eq!(std::fs::read_dir(house.folder.path()).unwrap().count(), 1, "no log of the old file is left");
}

/// Flips a byte in a page of the database.
fn damage_page(path: &Path, page: i64) {
    let mut bytes = std::fs::read(path).unwrap();
    // Two header copies, and two slots each of the first node and the first group, come before the first pages.
    bytes[usize::try_from((page + 5) * 4096 + 100).unwrap()] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_vault_whose_identity_is_damaged_is_read_and_salvaged_but_signs_nothing() {
    let house = House::new();
    let key = house.own().key;
    let connection = vfs::connect(&house.path(), &key, &ConnectOptions::default()).unwrap();
    let page: i64 = connection
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'identity'", [], |row| row.get(0))
        .unwrap();
    let secret: Vec<u8> = connection.query_row("SELECT secret FROM identity", [], |row| row.get(0)).unwrap();
    connection.close().unwrap();
    let mut salvaged = Vec::new();
    house.open(&Secret::Passphrase(&first())).salvage(&mut salvaged, &mut |_| {}).unwrap();
    let text = String::from_utf8(salvaged).unwrap();
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(secret);
    assert!(!text.contains("identity") && !text.contains(&encoded), "the secret is not written out in clear");

    damage_page(&house.path(), page);
    let mut vault = house.open(&Secret::Passphrase(&first()));
    assert!(
        vault.warnings().iter().any(|warning| warning.contains("signing keys")),
        "{:?}",
        vault.warnings()
    );
    let refused = vault.add_recipient("Lender", None, now()).unwrap_err();
    assert_eq!(refused.class(), ErrorClass::Damaged, "{refused}");
    assert_eq!(vault.verify_log().unwrap_err().class(), ErrorClass::Damaged);
    let report = vault.check(&mut |_| {}).unwrap();
    assert!(report.problems.iter().any(|problem| problem.what.contains("page")), "{:?}", report.problems);
    assert!(vault.salvage(&mut std::io::sink(), &mut |_| {}).unwrap().rows.len() > 1);
}
