//! What the fuzz targets share: signing what the fuzzer wrote, since a mutation that breaks the signature stops
//! at the signature and tries nothing behind it.
//!
//! A *recipe* is lines of JSON: the header, the payload, then one line for each disclosure. `@0` in a line stands for
//! the digest of the first disclosure, and so on; a line may name those before it, the payload any. The header's
//! own key is filled in where it is `"@key"`, its `kid` and the payload's `iss` likewise.

pub mod vault;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use finvault::crypto::random::{Random, RandomError};
use finvault::crypto::sign::SigningKey;
use finvault::disclosure::{Draft, IssuerKey, Lifetime, Verified, issue};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};

/// The moment at which everything is read: that of the vectors.
pub const NOW_S: i64 = 1_769_904_000;
/// The seed of the key that signs recipes: that of the vectors.
pub const SEED: [u8; 32] = [7; 32];

/// The moment at which everything is read.
pub fn now() -> Timestamp {
    Timestamp::from_second(NOW_S).unwrap_or_default()
}

/// Base64url without padding.
pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Makes a signed token (with tildes) or, without disclosures and with `as_jwt`, a JWT from a recipe.
pub fn from_recipe(recipe: &str, as_jwt: bool) -> Option<String> {
    let key = SigningKey::from_seed(&SEED);
    let public = key.verifying_key();
    let filled = |text: &str| {
        text.replace("\"@key\"", &format!("\"{}\"", b64(public.as_bytes())))
            .replace("\"@kid\"", &format!("\"{}\"", public.fingerprint().to_base64url()))
            .replace("\"@iss\"", &format!("\"{}\"", public.fingerprint().to_uri()))
    };
    let mut lines = recipe.split('\n');
    let header = filled(lines.next()?);
    let mut payload = filled(lines.next()?);
    let mut disclosures: Vec<String> = Vec::new();
    let mut digests: Vec<String> = Vec::new();
    for line in lines.take(64) {
        let mut line = line.to_owned();
        for (at, digest) in digests.iter().enumerate().rev() {
            line = line.replace(&format!("\"@{at}\""), &format!("\"{digest}\""));
        }
        let encoded = b64(line);
        digests.push(b64(Sha256::digest(encoded.as_bytes())));
        disclosures.push(encoded);
    }
    for (at, digest) in digests.iter().enumerate().rev() {
        payload = payload.replace(&format!("\"@{at}\""), &format!("\"{digest}\""));
    }
    let signed = format!("{}.{}", b64(header), b64(payload));
    let mut text = format!("{signed}.{}", b64(key.sign(signed.as_bytes()).to_bytes()));
    if !as_jwt {
        for disclosure in &disclosures {
            text.push('~');
            text.push_str(disclosure);
        }
        text.push('~');
    }
    Some(text)
}

/// Counts up and hashes, so that a finding is found again.
#[derive(Default)]
struct Counted(AtomicU64);

impl Random for Counted {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        for chunk in out.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            chunk.copy_from_slice(&Sha256::digest(count.to_be_bytes())[..chunk.len()]);
        }
        Ok(())
    }
}

/// What was read can be written, and reads back the same: else the reader takes what no issuer makes.
///
/// # Panics
/// Where it does not: that is the finding.
pub fn reissues(verified: &Verified) {
    let withheld = verified.withheld_facts > 0
        || verified.facts.iter().any(|fact| match fact {
            finvault::disclosure::Fact::Transactions(fact) => fact.withheld > 0,
            _ => false,
        });
    if withheld {
        return;
    }
    let seconds = verified.expires.as_second() - verified.issued.as_second();
    let Ok(lifetime) = Lifetime::from_seconds(seconds) else { panic!("a lifetime that is none: {seconds}") };
    let draft = Draft {
        audience: verified.audience,
        purpose: verified.purpose.clone(),
        terms: verified.terms,
        lifetime,
        not_before: Some(verified.not_before),
        facts: verified.facts.clone(),
        ledger_root: verified.ledger_root,
        status: verified.status.clone(),
        holder: verified.holder,
    };
    if let Err(error) = issue(&draft, &IssuerKey::from_seed(&SEED), verified.issued, &Counted::default()) {
        panic!("what verified cannot be issued: {error}");
    }
}
