//! Request files, and the values that people give to presets: the first byte says which (`p` with a preset's number,
//! then lines of `name=value`). A request that is read is written and reads back the same.

#![no_main]

use finvault::disclosure::request::{InformationRequest, Preset};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;

fuzz_target!(|data: &[u8]| {
    if let Some(rest) = data.strip_prefix(b"p") {
        preset(rest);
        return;
    }
    let Ok(request) = InformationRequest::parse(data) else { return };
    for set in request.sets() {
        for id in set.options.iter().flatten() {
            assert!(request.fact(id).is_some(), "a set that names no fact");
        }
    }
    let written = match request.to_json() {
        Ok(written) => written,
        // Written out with spaces it can be longer than what was read.
        Err(error) => {
            assert!(error.to_string().contains("larger"), "{error}");
            return;
        }
    };
    assert_eq!(InformationRequest::parse(written.as_bytes()), Ok(request));
});

fn preset(data: &[u8]) {
    let Some((number, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let presets = Preset::all().expect("our own presets");
    let Some(preset) = presets.get(usize::from(*number) % presets.len()) else { return };
    let values: BTreeMap<String, String> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let facts = preset.facts(&values);
    assert_eq!(facts.is_ok(), preset.templates(&values).is_ok());
}
