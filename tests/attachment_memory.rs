//! Attaching and writing out a large file takes a fraction of its size in memory.
//!
//! This test has a binary of its own: peak memory is the whole process's, so nothing else may run in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::ledger::{AccountKind, AttachmentTarget, NewAccount};
use finvault::money::Currency;
use finvault::vault::{OpenOptions, Secret, Vault};
use std::io::{Read, Write};

const FILE_BYTES: u64 = 96 * 1024 * 1024;
const ALLOWED_BYTES: u64 = 24 * 1024 * 1024;

/// Bytes that no compression would shrink, made as they are read.
struct Noise {
    left: u64,
    state: u64,
}

impl Read for Noise {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = into.len().min(usize::try_from(self.left).unwrap());
        for byte in &mut into[..count] {
            self.state =
                self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.state >> 56) as u8;
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// Compares what is written with the noise it came from.
struct Compare {
    noise: Noise,
    equal: bool,
}

impl Write for Compare {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut expected = vec![0; bytes.len()];
        self.equal &= self.noise.read_exact(&mut expected).is_ok() && expected == bytes;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn noise() -> Noise {
    Noise { left: FILE_BYTES, state: 7 }
}

/// Peak and current resident memory of this process, in bytes.
fn resident_bytes() -> Option<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
    };
    Some((field("VmHWM:")?, field("VmRSS:")?))
}

#[test]
fn a_file_of_96_mib_passes_through_24_mib() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.finvault");
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    let now = jiff::Timestamp::UNIX_EPOCH;
    let (mut vault, _) =
        Vault::create(&path, &passphrase, KdfParams::new(19 * 1024, 2, 1).unwrap(), now).unwrap();
    let account = NewAccount {
        name: "A".to_owned(),
        kind: AccountKind::Cash,
        currency: Currency::iso("EUR").unwrap(),
        institution: None,
        number: None,
        opening: None,
    };
    let target = AttachmentTarget::Account(vault.add_account(&account).unwrap().id);
    vault.close().unwrap();
    let options = OpenOptions { cache_mib: 8, ..OpenOptions::default() };
    let mut vault = Vault::open(&path, &Secret::Passphrase(&passphrase), &options).unwrap();

    let before = resident_bytes();
    let attached = vault.attach(&mut noise(), "large.bin", None, target, now).unwrap().attachment;
    assert_eq!(attached.length, FILE_BYTES);
    let mut compare = Compare { noise: noise(), equal: true };
    vault.read_attachment(attached.id, &mut compare).unwrap();
    assert!(compare.equal && compare.noise.left == 0);
    vault.close().unwrap();
    match (before, resident_bytes()) {
        (Some((_, resident)), Some((peak, _))) => {
            let grown = peak.saturating_sub(resident);
            println!("attached and read {FILE_BYTES} bytes: {resident} resident before, {peak} at most");
            assert!(grown <= ALLOWED_BYTES, "{resident} bytes before, {peak} at most");
        }
        _ => println!("skipped: this system does not tell a process's memory"),
    }
}
