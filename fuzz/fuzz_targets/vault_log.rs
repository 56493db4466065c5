//! The write-ahead log of a vault. With an odd first byte, frames that the fuzzer wrote, sealed as the vault would have and with the checksums
//! that SQLite asks for; else changes to the bytes of a crashed session's log, after which only acknowledged states are read.

#![no_main]

use finvault::vfs::fuzzing::with_log;
use finvault_fuzz::vault::{Input, Outcome, UNIT_BYTES, frame, log_header, open, seed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let seed = seed();
    let mut input = Input(data);
    let how = input.byte();
    if how & 1 == 0 {
        let mut log = seed.crashed.1.clone();
        if how & 2 != 0 {
            log.truncate(input.number() % (log.len() + 1));
        }
        input.patch(&mut log);
        match open(&seed.crashed.0, Some(&log)) {
            Outcome::Read(rows, _) => assert!(seed.states.contains(&rows), "wrong data in silence"),
            Outcome::Failed(error, named) => assert!(named, "{error} without a reason"),
            Outcome::Refused(_) => {}
        }
        return;
    }
    let header = log_header();
    let mut sums = (
        u32::from_be_bytes([header[24], header[25], header[26], header[27]]),
        u32::from_be_bytes([header[28], header[29], header[30], header[31]]),
    );
    let mut frames = Vec::new();
    while !input.is_empty() && frames.len() < 8 {
        let (page, pages_after) = (u32::from(input.byte() % 16), u32::from(input.byte() % 16));
        let mut content = [0; UNIT_BYTES];
        content[0] = 0x0d;
        content[5..7].copy_from_slice(&4056_u16.to_be_bytes());
        input.patch(&mut content);
        frames.push(frame(&header, &mut sums, page, pages_after, content));
    }
    if let Some((vault, log)) = with_log(&seed.closed, &seed.key(), &header, &frames) {
        let _ = open(&vault, Some(&log));
    }
});
