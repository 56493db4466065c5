//! The header of a vault. The first byte says which copies are replaced, and whether they are signed with the vault's own key (as only
//! its owner could); then come changes to a header that is right. What is not signed never opens but by its twin.

#![no_main]

use finvault::vfs::fuzzing::signed_header;
use finvault_fuzz::vault::{Input, Outcome, UNIT_BYTES, open, seed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let seed = seed();
    let mut input = Input(data);
    let how = input.byte();
    let crashed = how & 8 != 0;
    let mut vault = if crashed { seed.crashed.0.clone() } else { seed.closed.clone() };
    let signed = how & 4 != 0;
    for copy in (0..2_usize).filter(|copy| how & (1 << copy) != 0) {
        let Some(place) = vault.get_mut(copy * UNIT_BYTES..(copy + 1) * UNIT_BYTES) else { return };
        input.patch(place);
        if signed && let Ok(changed) = <[u8; UNIT_BYTES]>::try_from(&*place) {
            place.copy_from_slice(&signed_header(changed, &seed.key()));
        }
    }
    let log = crashed.then_some(seed.crashed.1.as_slice());
    match open(&vault, log) {
        Outcome::Read(rows, _) if !signed => assert!(seed.states.contains(&rows), "wrong data in silence"),
        Outcome::Failed(error, named) if !signed => assert!(named, "{error} without a reason"),
        _ => {}
    }
});
