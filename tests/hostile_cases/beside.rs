//! What goes with a token: status lists, receipts, exported logs, and the lines of the sealed text.

use super::{Case, LIST, good, reader, with_status};
use crate::disclosure_fixture::{Counted, NOW_S, after, draft, every_kind, issuer, now};
use crate::disclosure_forge::{b64, unb64};
use finvault::crypto::sign::SigningKey;
use finvault::disclosure::log::{LogEntry, LogKey, LogKind, append};
use finvault::disclosure::{
    Expectation, ExpectedAudience, Fact, IssuerKey, Lifetime, ReceiptKey, Verified, export_log, issue,
    make_receipt, sign_status_list, verify,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const DAY_S: i64 = 86_400;
const ISSUER_SEED: [u8; 32] = [7; 32];
const LOG_SEED: [u8; 32] = [3; 32];
const OTHER_ISS: &str =
    "urn:ietf:params:oauth:jwk-thumbprint:sha-256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub fn all() -> Vec<Case> {
    [status_lists(), receipts(), log_exports(), contents()].into_iter().flatten().collect()
}

/// A JWT in parts, under a key of our own.
struct Jwt {
    header: Value,
    payload: Value,
    seed: [u8; 32],
}

impl Jwt {
    fn of(text: &str, seed: [u8; 32]) -> Self {
        let mut parts = text.split('.');
        let mut part = || unb64(parts.next().unwrap());
        Self { header: part(), payload: part(), seed }
    }

    fn sign(&self) -> String {
        let signed = format!("{}.{}", b64(self.header.to_string()), b64(self.payload.to_string()));
        let signature = SigningKey::from_seed(&self.seed).sign(signed.as_bytes());
        format!("{signed}.{}", b64(signature.to_bytes()))
    }

    /// With members of the payload set, by their JSON pointers.
    fn with(mut self, changes: &[(&str, Value)]) -> String {
        for (pointer, value) in changes {
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            let place =
                if parent.is_empty() { Some(&mut self.payload) } else { self.payload.pointer_mut(parent) };
            place.unwrap()[member] = value.clone();
        }
        self.sign()
    }

    fn typed(mut self, typ: &str) -> String {
        self.header["typ"] = json!(typ);
        self.sign()
    }
}

/// Changes one bit of a signature.
fn altered(text: &str) -> String {
    let (signed, signature) = text.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    format!("{signed}.{first}{}", &signature[1..])
}

fn status_lists() -> Vec<Case> {
    let list = |revoked: &[u32], at: Timestamp, key: &IssuerKey| {
        sign_status_list(&LIST, 0, revoked, Lifetime::default(), at, key).unwrap()
    };
    let good = || list(&[77], now(), &issuer());
    let bend = |changes: &[(&str, Value)]| Jwt::of(&good(), ISSUER_SEED).with(changes);
    let lst = |bytes: &[u8]| json!(b64(miniz_oxide::deflate::compress_to_vec_zlib(bytes, 9)));
    let small = miniz_oxide::deflate::compress_to_vec_zlib(&[0; 1024], 9);
    let case = |name: &str, verdict, why, text: String| {
        Case::new(&format!("list-{name}"), "status-list", verdict, why, text)
    };
    let unpacks = "a status list that does not unpack";
    let times = "a status list with times in the wrong order or too far apart";
    let stale = NOW_S - 8 * DAY_S;
    vec![
        case("control-revoked", "revoked", "", good()),
        case("control-not-revoked", "not-revoked", "", list(&[76, 78], now(), &issuer())),
        case(
            "control-revoked-though-stale",
            "revoked",
            "",
            list(&[77], Timestamp::from_second(stale).unwrap(), &issuer()),
        ),
        case(
            "stale",
            "not-checked",
            "",
            bend(&[("/iat", json!(stale)), ("/exp", json!(NOW_S)), ("/status_list/lst", lst(&[0; 1024]))]),
        ),
        case("older-than-the-token", "not-checked", "", list(&[], after(-10), &issuer())),
        case("from-the-future", "not-checked", "", list(&[], after(61), &issuer())),
        case("of-another-signer", "not-checked", "", list(&[77], now(), &IssuerKey::from_seed(&[8; 32]))),
        case(
            "of-another-name",
            "not-checked",
            "",
            sign_status_list(&[1; 16], 0, &[77], Lifetime::default(), now(), &issuer()).unwrap(),
        ),
        case("without-the-place", "not-checked", "", bend(&[("/status_list/lst", lst(&[0; 9]))])),
        case("altered", "invalid", "the signature does not match", altered(&good())),
        case(
            "typ-disclosure",
            "invalid",
            "another type of token",
            Jwt::of(&good(), ISSUER_SEED).typed("finvault-disclosure+sd-jwt"),
        ),
        case(
            "two-bits",
            "invalid",
            "a status list of more than one bit a place",
            bend(&[("/status_list/bits", json!(2))]),
        ),
        case("not-zlib", "invalid", unpacks, bend(&[("/status_list/lst", json!("AAAA"))])),
        case(
            "cut-short",
            "invalid",
            unpacks,
            bend(&[("/status_list/lst", json!(b64(&small[..small.len() / 2])))]),
        ),
        case("bomb", "invalid", unpacks, bend(&[("/status_list/lst", lst(&vec![0; 1024 * 1024]))])),
        case("ends-before-it-begins", "invalid", times, bend(&[("/exp", json!(NOW_S))])),
        case("beyond-365-days", "invalid", times, bend(&[("/exp", json!(NOW_S + 366 * DAY_S))])),
        case("for-ever", "invalid", "a time beyond all calendars", bend(&[("/exp", json!(i64::MAX))])),
        case("extra-member", "invalid", "the payload", bend(&[("/surprise", json!(1))])),
        case(
            "extra-in-bits",
            "invalid",
            "the payload",
            bend(&[("/status_list/aggregation_uri", json!("https://example.com"))]),
        ),
    ]
}

fn verified() -> Verified {
    let expectation = Expectation { now: now(), audience: ExpectedAudience::Unchecked };
    verify(&with_status(77).sign(), &expectation).unwrap()
}

fn receipts() -> Vec<Case> {
    let openssh = include_bytes!("../fixtures/disclosure/ssh-plain");
    let key = ReceiptKey::from_openssh(openssh).unwrap();
    let digest = Sha256::digest(with_status(77).sign());
    let digest = finvault::disclosure::FileDigest::from_bytes(digest.into());
    let good = make_receipt(&verified(), digest, now(), &key).unwrap();
    // The recipient's own key is not at hand as a seed; what a hostile signer makes is under their own.
    let seed = [6; 32];
    let own = IssuerKey::from_seed(&seed);
    let bend = |changes: &[(&str, Value)]| {
        let mut jwt = Jwt::of(&good, seed);
        jwt.header["jwk"]["x"] = json!(b64(own.verifying_key().as_bytes()));
        jwt.header["kid"] = json!(own.fingerprint().to_base64url());
        jwt.payload["iss"] = json!(own.fingerprint().to_uri());
        jwt.with(changes)
    };
    let case = |name: &str, verdict, why, text: String| {
        Case::new(&format!("receipt-{name}"), "receipt", verdict, why, text)
    };
    vec![
        case("control", "valid", "", good.clone()),
        case("control-of-another-signer", "valid", "", bend(&[])),
        case("altered", "invalid", "the signature does not match", altered(&good)),
        case(
            "states-something-else",
            "invalid",
            "a receipt that states something else than deletion",
            bend(&[("/statement", json!("kept"))]),
        ),
        case(
            "iss-other",
            "invalid",
            "an issuer that is not the key's fingerprint",
            bend(&[("/iss", json!(OTHER_ISS))]),
        ),
        case("jti-short", "invalid", "an id that is not of 128 bits", bend(&[("/jti", json!("MQ"))])),
        case(
            "digest-upper-case",
            "invalid",
            "the payload",
            bend(&[("/token_sha256", json!("A".repeat(64)))]),
        ),
        case("extra-member", "invalid", "the payload", bend(&[("/surprise", json!(1))])),
        case("typ-jwt", "invalid", "another type of token", {
            let mut jwt = Jwt::of(&bend(&[]), seed);
            jwt.header["typ"] = json!("JWT");
            jwt.sign()
        }),
        case("from-the-future", "clock-suspect", "", bend(&[("/iat", json!(NOW_S + 61))])),
    ]
}

fn log_entries(key: &LogKey) -> Vec<LogEntry> {
    let body = r#"{"jti":"CQkJCQkJCQkJCQkJCQkJCQ","recipient":1,"facts":[{"kind":"balance"}]}"#;
    let mut entries: Vec<LogEntry> = Vec::new();
    for (kind, body) in
        [(LogKind::VaultCreated, "{}"), (LogKind::Disclosed, body), (LogKind::Reviewed, "[1]")]
    {
        let prev = entries.last().map(LogEntry::head);
        entries.push(append(prev, kind, body.to_owned(), now(), key).unwrap());
    }
    entries
}

fn log_exports() -> Vec<Case> {
    let key = LogKey::from_seed(&LOG_SEED);
    let entries = log_entries(&key);
    let export = |entries: &[LogEntry]| export_log(entries, now(), &key).unwrap();
    let good = export(&entries);
    let bend = |changes: &[(&str, Value)]| Jwt::of(&good, LOG_SEED).with(changes);
    let mut gap = entries.clone();
    gap.remove(1);
    let mut swapped = entries.clone();
    swapped[1].signature = swapped[0].signature;
    let mut turned = entries.clone();
    turned.swap(0, 1);
    let case = |name: &str, verdict, why, text: String| {
        Case::new(&format!("log-{name}"), "log-export", verdict, why, text)
    };
    vec![
        case("control", "valid", "", good.clone()),
        case("altered", "invalid", "the signature does not match", altered(&good)),
        case("entry-missing", "invalid", "", export(&gap)),
        case("entries-turned", "invalid", "", export(&turned)),
        case("entry-signature-of-another", "invalid", "", export(&swapped)),
        case(
            "signed-by-another",
            "invalid",
            "",
            export_log(&entries, now(), &LogKey::from_seed(&[4; 32])).unwrap(),
        ),
        case(
            "iss-other",
            "invalid",
            "an issuer that is not the key's fingerprint",
            bend(&[("/iss", json!(OTHER_ISS))]),
        ),
        case("extra-member", "invalid", "the payload", bend(&[("/surprise", json!(1))])),
        case("extra-in-entry", "invalid", "the payload", bend(&[("/entries/0/surprise", json!(1))])),
        case(
            "extra-in-detail",
            "invalid",
            "the payload",
            bend(&[("/entries/1/detail/purpose", json!("Loan"))]),
        ),
        case("typ-jwt", "invalid", "another type of token", Jwt::of(&good, LOG_SEED).typed("JWT")),
    ]
}

fn contents() -> Vec<Case> {
    let documents: Vec<Fact> =
        every_kind().into_iter().filter(|fact| matches!(fact, Fact::Document(_))).collect();
    let token = issue(&draft(reader(), documents), &issuer(), now(), &Counted::default()).unwrap();
    let token = token.token.as_str();
    let document = format!("document {}", b64("a statement"));
    let case = |name: &str, verdict, why, lines: &[&str]| {
        Case::new(&format!("beside-{name}"), "contents", verdict, why, lines.join("\n"))
    };
    let form = "not a disclosure: neither an age file nor a page, a data file or a token";
    let other = format!("document {}", b64("another statement"));
    let padded = format!("{document}=");
    let bare = good().sign();
    vec![
        case("control", "valid", "", &[token, &document]),
        case("control-nothing", "valid", "", &[token, "", ""]),
        case(
            "document-that-no-fact-names",
            "invalid",
            "a document beside it that no fact names",
            &[token, &other],
        ),
        case(
            "document-beside-other-facts",
            "invalid",
            "a document beside it that no fact names",
            &[&bare, &document],
        ),
        case("document-twice", "invalid", "a document that is there twice", &[token, &document, &document]),
        case("document-padded", "invalid", form, &[token, &padded]),
        case("line-unknown", "invalid", form, &[token, "note This is genuine"]),
        case("line-empty-between", "invalid", form, &[token, "", &document]),
        case("token-twice", "invalid", form, &[token, token]),
        case("endorsement-of-no-form", "invalid", form, &[token, "endorsement all is well"]),
    ]
}
