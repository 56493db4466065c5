//! Pages of a vault. With an odd first byte the changed pages are sealed as the vault would have (as only its owner could), and SQLite has
//! to cope with them; else they lie in the file as the fuzzer wrote them, and must be noticed.

#![no_main]

use finvault::vfs::fuzzing::with_pages;
use finvault_fuzz::vault::{Input, Outcome, UNIT_BYTES, open, seed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let seed = seed();
    let mut input = Input(data);
    if input.byte() & 1 == 0 {
        let mut vault = seed.closed.clone();
        // Behind the header's copies, which have a target of their own.
        input.patch(&mut vault[2 * UNIT_BYTES..]);
        match open(&vault, None) {
            Outcome::Read(rows, clean) => {
                assert!(seed.states[0] == rows, "wrong data in silence");
                assert!(!clean || vault == seed.closed, "the check saw nothing");
            }
            Outcome::Failed(error, named) => assert!(named, "{error} without a reason"),
            Outcome::Refused(_) => {}
        }
        return;
    }
    let mut pages = Vec::new();
    while !input.is_empty() && pages.len() < 6 {
        let page = u32::from(input.byte() % 12 + 1);
        let mut content = plain(page);
        input.patch(&mut content);
        pages.push((page, content));
    }
    if let Some(vault) = with_pages(&seed.closed, &seed.key(), &pages) {
        let _ = open(&vault, None);
    }
});

/// What a page might hold: an empty table leaf, with SQLite's file header before it on page 1.
fn plain(page: u32) -> [u8; UNIT_BYTES] {
    let mut content = [0; UNIT_BYTES];
    let start = if page == 1 { 100 } else { 0 };
    if page == 1 {
        content[..16].copy_from_slice(b"SQLite format 3\0");
        content[16..24].copy_from_slice(&[0x10, 0, 2, 2, 40, 64, 32, 32]);
        for at in [27, 31, 47, 59, 95] {
            content[at] = 1;
        }
        content[47] = 4;
    }
    content[start] = 0x0d;
    content[start + 5..start + 7].copy_from_slice(&4056_u16.to_be_bytes());
    content
}
