use super::*;
use crate::ledger::{AccountKind, BatchId, NewAccount};
use crate::money::Currency;
use crate::store::StoreError;
use rusqlite::Connection;

fn store() -> (Store, AttachmentTarget) {
    let store = Store::open(Connection::open_in_memory().unwrap()).unwrap();
    let account = NewAccount {
        name: "A".to_owned(),
        kind: AccountKind::Checking,
        currency: Currency::iso("EUR").unwrap(),
        institution: None,
        number: None,
        opening: None,
    };
    let id = store.add_account(&account, None).unwrap().id;
    (store, AttachmentTarget::Account(id))
}

/// Gives a few bytes at a time, and is interrupted now and then, as pipes are.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.1 += 1;
        if self.1.is_multiple_of(3) {
            return Err(ErrorKind::Interrupted.into());
        }
        let count = self.0.len().min(into.len()).min(70_000);
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn pages(store: &Store) -> (i64, i64) {
    let count = |pragma: &str| {
        store.connection().query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0)).unwrap()
    };
    (count("page_count"), count("freelist_count"))
}

#[test]
fn what_drips_in_is_chunked_and_a_second_copy_takes_no_room() {
    let (mut store, target) = store();
    let bytes: Vec<u8> = (0..CHUNK_BYTES * 2 + 17).map(|n| (n % 251) as u8).collect();
    let taken = store
        .write(|store| {
            let taken = take_in(store, &mut Drip(&bytes, 0), "a", MAX_ATTACHMENT_BYTES)?;
            store.link_content(taken.content, target, "a", taken.media_type, Timestamp::UNIX_EPOCH)?;
            Ok::<_, VaultError>(taken)
        })
        .unwrap();
    assert!(!taken.known);
    let sizes: Vec<i64> = store
        .connection()
        .prepare("SELECT length(data) FROM attachment_chunk ORDER BY seq")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(sizes, [CHUNK_BYTES as i64, CHUNK_BYTES as i64, 17]);
    let before = pages(&store);
    let again = store.write(|store| take_in(store, &mut &bytes[..], "b", MAX_ATTACHMENT_BYTES)).unwrap();
    assert!(again.known);
    assert_eq!(again.content, taken.content);
    assert_eq!(pages(&store), before, "neither pages nor free pages are left behind");
}

#[test]
fn a_file_beyond_the_cap_or_unreadable_leaves_nothing() {
    let (mut store, _) = store();
    let exact = store.write(|store| take_in(store, &mut &[7; 1 << 20][..], "a", 1 << 20));
    assert!(exact.is_ok());
    let too_large = store.write(|store| take_in(store, &mut &[8; (1 << 20) + 1][..], "big.bin", 1 << 20));
    assert!(matches!(&too_large, Err(VaultError::AttachmentTooLarge { max_mib: 1, .. })));
    assert!(too_large.err().unwrap().to_string().contains("big.bin"));
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(ErrorKind::PermissionDenied.into())
        }
    }
    let mut broken = (&[1; 300_000][..]).chain(Broken);
    let failed = store.write(|store| take_in(store, &mut broken, "b", 1 << 20));
    assert!(matches!(failed, Err(VaultError::AttachmentRead(_))));
    let contents: i64 =
        store.connection().query_row("SELECT count(*) FROM attachment", [], |row| row.get(0)).unwrap();
    assert_eq!(contents, 1, "the one that fits");
}

#[test]
fn a_content_goes_with_its_last_link_and_not_before() {
    let (mut store, target) = store();
    let batch = store.add_batch("a.ofx", "00", "ofx1", Timestamp::UNIX_EPOCH).unwrap();
    let link = |store: &Store, target| {
        let taken = take_in(store, &mut &b"receipt"[..], "r.txt", 100)?;
        Ok::<_, VaultError>(store.link_content(
            taken.content,
            target,
            "r.txt",
            "text/plain",
            Timestamp::UNIX_EPOCH,
        )?)
    };
    let first = store.write(|store| link(store, target)).unwrap();
    let same = store.write(|store| link(store, target)).unwrap();
    assert_eq!(first, same, "attached to one thing once");
    let second = store.write(|store| link(store, AttachmentTarget::Import(BatchId(batch.0)))).unwrap();
    assert_eq!(store.count_attachments().unwrap(), (2, 1));
    store.remove_attachment(first).unwrap();
    assert_eq!(store.count_attachments().unwrap(), (1, 1));
    store.remove_attachment(second).unwrap();
    assert_eq!(store.count_attachments().unwrap(), (0, 0));
    let chunks: i64 =
        store.connection().query_row("SELECT count(*) FROM attachment_chunk", [], |row| row.get(0)).unwrap();
    assert_eq!(chunks, 0);
}

#[test]
fn names_lead_into_no_folder() {
    for right in ["receipt.pdf", "Beleg März (2).jpg", ".hidden", "a b"] {
        assert_eq!(usable_file_name(right).unwrap(), right);
    }
    for wrong in ["", ".", "..", "a/b", "..\\b", "a\nb", &"x".repeat(256)] {
        assert!(matches!(usable_file_name(wrong), Err(VaultError::Invalid(_))), "{wrong:?}");
    }
}

#[test]
fn a_link_that_finvault_never_writes_is_an_error() {
    let (store, _) = store();
    let sql =
        "INSERT INTO attachment_link (attachment, name, media_type, added_at) VALUES (1, 'a', 'b/c', '')";
    assert!(store.connection().execute(sql, []).is_err(), "a link to nothing");
    store.connection().execute("INSERT INTO attachment VALUES (1, 'x', 0, 0)", []).unwrap();
    let sql = "INSERT INTO attachment_link (attachment, name, media_type, account, added_at)
               VALUES (1, 'a', 'no media type', 1, '2026-01-01T00:00:00Z')";
    store.connection().execute(sql, []).unwrap();
    assert!(matches!(store.attachments(None), Err(StoreError::Unreadable { .. })));
}

#[test]
fn bytes_that_are_not_those_attached_are_damage() {
    use crate::crypto::{KdfParams, Passphrase};
    use crate::vault::ErrorClass;
    let folder = tempfile::tempdir().unwrap();
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let (mut vault, _) = Vault::create(&folder.path().join("v"), &passphrase, kdf, now).unwrap();
    let account = NewAccount {
        name: "A".to_owned(),
        kind: AccountKind::Cash,
        currency: Currency::iso("EUR").unwrap(),
        institution: None,
        number: None,
        opening: None,
    };
    let target = AttachmentTarget::Account(vault.add_account(&account).unwrap().id);
    let bytes = vec![5; CHUNK_BYTES + 10];
    let id = vault.attach(&mut &bytes[..], "a.bin", None, target, now).unwrap().attachment.id;
    assert_eq!(vault.check(&mut |_| {}).unwrap().problems, []);
    for damage in [
        "UPDATE attachment_chunk SET data = zeroblob(10) WHERE seq = 1",
        "DELETE FROM attachment_chunk WHERE seq = 1",
        "UPDATE attachment SET sha256 = 'other'",
    ] {
        vault.store.write(|store| store.connection().execute(damage, []).map_err(StoreError::from)).unwrap();
        let error = vault.read_attachment(id, &mut std::io::sink()).unwrap_err();
        assert!(matches!(error, VaultError::AttachmentDamaged(found) if found == id), "{damage}");
        assert_eq!(error.class(), ErrorClass::Damaged);
        let problems = vault.check(&mut |_| {}).unwrap().problems;
        assert!(problems.len() == 1 && problems[0].what.contains("a.bin"), "{damage}: {problems:?}");
    }
}
