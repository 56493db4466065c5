//! The text inside a sealed file: the token's line and what travels beside it. What is taken apart can be put together
//! again as the format says, and gives the same parts.

#![no_main]

use finvault::disclosure::{
    Enclosure, Expectation, ExpectedAudience, OpenWith, check_enclosures, open, verify,
};
use finvault_fuzz::{b64, from_recipe, now};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // With `t` the first part, up to an empty line, is the recipe of the token, so that what follows is looked at.
    let contents = match data.strip_prefix(b"t") {
        None => data.to_vec(),
        Some(rest) => {
            let Ok(rest) = std::str::from_utf8(rest) else { return };
            let (recipe, lines) = rest.split_once("\n\n").unwrap_or((rest, ""));
            let Some(token) = from_recipe(recipe, false) else { return };
            format!("{token}\n{lines}").into_bytes()
        }
    };
    let Ok(opened) = open(&contents, OpenWith::Nothing) else { return };
    let mut lines = format!("{}\n", opened.token);
    for enclosure in &opened.enclosures {
        match enclosure {
            Enclosure::Document(bytes) => lines.push_str(&format!("document {}\n", b64(bytes))),
            Enclosure::Endorsement(jwt) => lines.push_str(&format!("endorsement {jwt}\n")),
        }
    }
    let again = open(lines.as_bytes(), OpenWith::Nothing).expect("what was taken apart");
    assert!(again.token == opened.token && again.enclosures == opened.enclosures);
    let expectation = Expectation { now: now(), audience: ExpectedAudience::Unchecked };
    let Ok(verified) = verify(&opened.token, &expectation) else { return };
    let Ok(enclosed) = check_enclosures(&verified, &opened.enclosures) else { return };
    for document in &enclosed.documents {
        assert!(document.fact < verified.facts.len());
    }
});
