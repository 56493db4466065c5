//! A whole vault, with or without a log, harmed in several places and ways: bytes changed, bits flipped, units exchanged, files cut or lengthened. Whatever
//! is read in the end was acknowledged once; anything else is refused with a reason.

#![no_main]

use finvault_fuzz::vault::{Input, Outcome, UNIT_BYTES, open, seed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let seed = seed();
    let mut input = Input(data);
    let (mut vault, mut log) = match input.byte() & 1 {
        0 => (seed.closed.clone(), None),
        _ => (seed.crashed.0.clone(), Some(seed.crashed.1.clone())),
    };
    while !input.is_empty() {
        let how = input.byte();
        let target = match &mut log {
            Some(log) if how & 0x80 != 0 => log,
            _ => &mut vault,
        };
        harm(target, how & 0x7f, &mut input);
        if how == 0xff {
            log = None;
        }
    }
    match open(&vault, log.as_deref()) {
        Outcome::Read(rows, _) => assert!(seed.states.contains(&rows), "wrong data in silence"),
        Outcome::Failed(error, named) => assert!(named, "{error} without a reason"),
        Outcome::Refused(_) => {}
    }
});

fn harm(target: &mut Vec<u8>, how: u8, input: &mut Input<'_>) {
    let (one, two) = (input.number(), input.number());
    if target.is_empty() {
        return;
    }
    match how % 5 {
        0 => input.patch(target),
        1 => {
            let at = (one * 0x1_0000 + two) % target.len();
            target[at] ^= 1 << (two % 8);
        }
        2 => {
            let units = (target.len() / UNIT_BYTES).max(1);
            let (one, two) = (one % units * UNIT_BYTES, two % units * UNIT_BYTES);
            if one.max(two) + UNIT_BYTES <= target.len() {
                for at in 0..UNIT_BYTES {
                    target.swap(one + at, two + at);
                }
            }
        }
        3 => target.truncate((one * 0x1_0000 + two) % (target.len() + 1)),
        _ => target.extend(input.bytes(one % 9000)),
    }
}
