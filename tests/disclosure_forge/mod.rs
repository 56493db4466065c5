//! A token in parts, to be bent in one place and signed again by the genuine key: what a hostile issuer could make.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(dead_code, missing_docs, reason = "each test file uses a part")]

use crate::disclosure_fixture::issued;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use finvault::crypto::random::Seeded;
use finvault::crypto::sign::SigningKey;
use finvault::disclosure::{Audience, Passcode};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Whom [`Forge::new`] makes its tokens for.
pub fn audience() -> Audience {
    Passcode::generate(&Seeded::new(1)).unwrap().audience()
}

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn unb64(text: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// The digest by which a slot names a disclosure.
pub fn digest(encoded: &str) -> String {
    b64(Sha256::digest(encoded))
}

/// A token in parts.
#[derive(Clone)]
pub struct Forge {
    pub header: Value,
    pub payload: Value,
    pub disclosures: Vec<String>,
}

impl Forge {
    /// Of the fixture's two facts, for [`audience`].
    pub fn new() -> Self {
        Self::of(issued(audience()).token.as_str())
    }

    /// Of a token's text.
    pub fn of(token: &str) -> Self {
        let (jwt, rest) = token.split_once('~').unwrap();
        let mut jwt = jwt.split('.').map(str::to_owned);
        Self {
            header: unb64(&jwt.next().unwrap()),
            payload: unb64(&jwt.next().unwrap()),
            disclosures: rest.split_terminator('~').map(str::to_owned).collect(),
        }
    }

    pub fn sign(&self) -> String {
        self.sign_raw(&b64(self.header.to_string()), &b64(self.payload.to_string()))
    }

    pub fn sign_raw(&self, header: &str, payload: &str) -> String {
        let signature = SigningKey::from_seed(&[7; 32]).sign(format!("{header}.{payload}").as_bytes());
        self.with_signature(header, payload, &signature.to_bytes())
    }

    pub fn with_signature(&self, header: &str, payload: &str, signature: &[u8]) -> String {
        let mut text = format!("{header}.{payload}.{}", b64(signature));
        for disclosure in &self.disclosures {
            text.push('~');
            text.push_str(disclosure);
        }
        text + "~"
    }

    /// Replaces a disclosure, and the digest wherever a signed part refers to it.
    pub fn replace(&mut self, at: usize, value: &Value) {
        self.replace_text(at, &value.to_string());
    }

    /// The same with JSON as it is written.
    pub fn replace_text(&mut self, at: usize, json: &str) {
        let encoded = b64(json);
        let (old, new) = (digest(&self.disclosures[at]), digest(&encoded));
        self.disclosures[at] = encoded;
        self.payload = serde_json::from_str(&self.payload.to_string().replace(&old, &new)).unwrap();
        for parent in 0..self.disclosures.len() {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(&self.disclosures[parent]).unwrap()).unwrap();
            if text.contains(&old) {
                self.replace_text(parent, &text.replace(&old, &new));
            }
        }
    }

    /// Sets a member of a disclosure by its JSON pointer, makes it where it is missing, and signs.
    pub fn bent(mut self, at: usize, pointer: &str, value: Value) -> String {
        let mut disclosure = unb64(&self.disclosures[at]);
        match disclosure.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => {
                let (parent, member) = pointer.rsplit_once('/').unwrap();
                disclosure.pointer_mut(parent).unwrap()[member] = value;
            }
        }
        self.replace(at, &disclosure);
        self.sign()
    }
}
