//! What is left in memory once a vault is closed: no key, and nothing of a decrypted page.
//!
//! The test looks through all of its own process's memory. What it looks for it keeps masked, so that it does not find
//! itself; and it looks while the vault is open, too, so that it is known to find what is there.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

use finvault::crypto::{KdfParams, OsRandom, Passphrase, VaultKey};
use finvault::vfs::{self, ConnectOptions};
use finvault::{OpenOptions, Secret, Vault};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const MASK: u8 = 0xa5;

/// Bytes to look for, masked.
struct Needle {
    name: &'static str,
    masked: Vec<u8>,
}

impl Needle {
    fn of(name: &'static str, bytes: &[u8]) -> Self {
        Self { name, masked: bytes.iter().map(|byte| byte ^ MASK).collect() }
    }

    fn is_at(&self, bytes: &[u8]) -> bool {
        bytes.len() >= self.masked.len()
            && self.masked.iter().zip(bytes).all(|(masked, byte)| masked ^ MASK == *byte)
    }
}

/// How often each needle is anywhere in this process's writable memory.
fn found(needles: &[Needle]) -> Vec<(&'static str, usize)> {
    let memory = std::fs::File::open("/proc/self/mem").unwrap();
    let mut counts: Vec<(&'static str, usize)> = needles.iter().map(|needle| (needle.name, 0)).collect();
    let longest = needles.iter().map(|needle| needle.masked.len()).max().unwrap();
    let mut begins_one = [false; 256];
    for needle in needles {
        begins_one[usize::from(needle.masked[0] ^ MASK)] = true;
    }
    let mut piece = vec![0_u8; 1 << 20];
    let own = piece.as_ptr().addr()..piece.as_ptr().addr() + piece.len();
    for line in std::fs::read_to_string("/proc/self/maps").unwrap().lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let (mut at, to) = (usize::from_str_radix(from, 16).unwrap(), usize::from_str_radix(to, 16).unwrap());
        while at < to {
            let wanted = piece.len().min(to - at);
            let Ok(count) = memory.read_at(&mut piece[..wanted], at as u64) else { break };
            for (index, first) in piece[..count].iter().enumerate() {
                if !begins_one[usize::from(*first)] {
                    continue;
                }
                for (needle, (_, count_of)) in needles.iter().zip(&mut counts) {
                    let address = at + index;
                    if *first == needle.masked[0] ^ MASK
                        && !own.contains(&address)
                        && needle.is_at(&piece[index..count])
                    {
                        *count_of += 1;
                    }
                }
            }
            if count <= longest {
                break;
            }
            // Overlapping, so that nothing is missed at a seam.
            at += if at + count >= to { count } else { count - longest };
        }
        piece.fill(0);
    }
    counts
}

/// The marker in the vault's rows, made when it is needed.
fn marker() -> Vec<u8> {
    (0..24_u8).map(|at| b'A' + (at * 7 + 3) % 26).collect()
}

/// In another process, so that writing the marker leaves nothing in this one's memory.
fn make_vault(path: &Path) {
    let child = std::env::var_os("FINVAULT_TEST_MAKE_VAULT");
    if child.is_none() {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_closed_vault_leaves_nothing_in_memory", "--nocapture"])
            .env("FINVAULT_TEST_MAKE_VAULT", path)
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    let created = vfs::create(path, &passphrase(), KdfParams::FLOOR, &OsRandom).unwrap();
    let connection = vfs::connect(path, &created.key, &ConnectOptions::default()).unwrap();
    connection.execute_batch("CREATE TABLE t (a INTEGER, b TEXT)").unwrap();
    let text = String::from_utf8(marker()).unwrap();
    for row in 0..2000 {
        connection.execute("INSERT INTO t VALUES (?1, ?2)", (row, &text)).unwrap();
    }
    connection.close().unwrap();
}

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple".to_owned())
}

fn needles(key: &VaultKey) -> Vec<Needle> {
    vec![
        Needle::of("vault key", key.expose()),
        Needle::of("page key", key.derive_secret("page", &[]).expose()),
        Needle::of("log key", key.derive_secret("write-ahead log", &[]).expose()),
        Needle::of("header key", key.derive_secret("header", &[]).expose()),
        Needle::of("tag table key", key.derive_secret("tag table", &[]).expose()),
        Needle::of("page", &marker()),
    ]
}

/// Reads every page through SQLite and every unit below it, and tells what was found while the vault was open.
fn use_vault(path: &Path, looked_for: &mut Vec<Needle>) -> Vec<(&'static str, usize)> {
    let unlocked = vfs::unlock(path, &Secret::Passphrase(&passphrase())).unwrap();
    *looked_for = needles(&unlocked.key);
    let connection = vfs::connect(path, &unlocked.key, &ConnectOptions::default()).unwrap();
    let letters: i64 = connection.query_row("SELECT sum(length(b)) FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(letters, 2000 * 24);
    connection.execute("UPDATE t SET a = a + 1 WHERE a % 10 = 0", []).unwrap();
    assert!(vfs::check(&connection, &mut |_, _| {}).unwrap().is_clean());
    let open = found(looked_for);
    connection.close().unwrap();
    open
}

#[test]
fn a_closed_vault_leaves_nothing_in_memory() {
    if let Some(path) = std::env::var_os("FINVAULT_TEST_MAKE_VAULT") {
        make_vault(&PathBuf::from(path));
        return;
    }
    assert!(vfs::wipe_freed_memory(), "SQLite was not used before");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v");
    make_vault(&path);
    let mut looked_for = Vec::new();
    let open = use_vault(&path, &mut looked_for);
    for (name, count) in &open {
        // Derived keys are there as long as the connection is, and so are pages.
        assert!(*count > 0, "{name} should be in memory while the vault is open: {open:?}");
    }
    let closed = found(&looked_for);
    assert!(closed.iter().all(|(_, count)| *count == 0), "still in memory: {closed:?}; while open: {open:?}");
    let made = made_and_used(&folder.path().join("w"));
    let closed = found(&made);
    assert!(closed.iter().all(|(_, count)| *count == 0), "still in memory: {closed:?}");
}

/// The same for the handle that programs use.
fn made_and_used(path: &Path) -> Vec<Needle> {
    let now = "2026-03-01T12:00:00Z".parse().unwrap();
    let (vault, code) = Vault::create(path, &passphrase(), KdfParams::FLOOR, now).unwrap();
    vault.close().unwrap();
    let secret = Secret::RecoveryCode(&code);
    let mut needles: Vec<Needle> = needles(&vfs::unlock(path, &secret).unwrap().key)
        .into_iter()
        .filter(|needle| needle.name != "page")
        .collect();
    let key = vfs::unlock(path, &secret).unwrap().key;
    let connection = vfs::connect(path, &key, &ConnectOptions::default()).unwrap();
    let read = |row: &rusqlite::Row<'_>| row.get::<_, Vec<u8>>(0).map(Zeroizing::new);
    let identity = connection.query_row("SELECT secret FROM identity", [], read).unwrap();
    needles.push(Needle::of("identity", &identity));
    drop(identity);
    connection.close().unwrap();
    let vault = Vault::open(path, &secret, &OpenOptions::default()).unwrap();
    vault.verify_log().unwrap();
    assert!(vault.check(&mut |_| {}).unwrap().problems.is_empty());
    vault.close().unwrap();
    needles
}
