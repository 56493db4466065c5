//! Tokens, status lists, receipts and exported logs. The first byte says what the rest is: `r` the file as it is,
//! `t` the recipe of a token, `s`, `c` and `l` those of a status list, a receipt and an exported log.

#![no_main]

use finvault::disclosure::{
    Expectation, ExpectedAudience, LogExport, OpenWith, Receipt, StatusList, check_enclosures, open, verify,
};
use finvault_fuzz::{from_recipe, now, reissues};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else { return };
    if *kind == b'r' {
        raw(rest);
        return;
    }
    let Ok(recipe) = std::str::from_utf8(rest) else { return };
    let Some(text) = from_recipe(recipe, *kind != b't') else { return };
    match kind {
        b't' => token(&text),
        b's' => {
            let _ = StatusList::read(&text);
        }
        b'c' => {
            let _ = Receipt::read(&text, now());
        }
        _ => {
            let _ = LogExport::read(&text, None);
        }
    }
});

fn raw(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        token(text);
        let _ = StatusList::read(text);
        let _ = Receipt::read(text, now());
        let _ = LogExport::read(text, None);
    }
    if let Ok(opened) = open(bytes, OpenWith::Nothing) {
        let expectation = Expectation { now: now(), audience: ExpectedAudience::Unchecked };
        if let Ok(verified) = verify(&opened.token, &expectation) {
            let _ = check_enclosures(&verified, &opened.enclosures);
        }
    }
}

/// What verifies can be issued again, verifies with each disclosure left out that may be, and for nobody else.
fn token(text: &str) {
    let expectation = Expectation { now: now(), audience: ExpectedAudience::Unchecked };
    let Ok(verified) = verify(text, &expectation) else { return };
    reissues(&verified);
    let only = [verified.audience];
    let again = verify(text, &Expectation { audience: ExpectedAudience::OneOf(&only), ..expectation });
    assert_eq!(again.map(|again| again.facts).ok(), Some(verified.facts));
    assert!(verify(text, &Expectation { audience: ExpectedAudience::OneOf(&[]), ..expectation }).is_err());
    assert!(verify(text, &Expectation { now: verified.expires, ..expectation }).is_err());
    let parts: Vec<&str> = text.split('~').collect();
    let jwt_alone = format!("{}~", parts.first().copied().unwrap_or_default());
    let none = verify(&jwt_alone, &expectation).expect("a token without its disclosures");
    assert!(none.facts.is_empty() && none.withheld_facts > 0);
}
