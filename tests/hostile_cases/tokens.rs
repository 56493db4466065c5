//! Tokens: each part in turn, from the header to the rows.

use super::{BALANCE, Case, FIRST_ROW, TRANSACTIONS, good, with_status};
use crate::disclosure_fixture::NOW_S;
use crate::disclosure_forge::{Forge, b64, digest, unb64};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use finvault::disclosure::IssuerKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The order of the group that Ed25519 signs in, little-endian (RFC 8032, section 5.1).
const GROUP_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
/// 2100-01-01, for what has to be from the future for a long time yet.
const YEAR_2100_S: i64 = 4_102_444_800;
const DAY_S: i64 = 86_400;

const CANONICAL: &str = "text that is not canonical base64url";
const STRICT: &str = "JSON that is not strict";
const KEY_BINDING: &str = "a key-binding part, though the token names no holder";
const PAIR: &str = "a disclosure that is not a salt and a value";
const ONE_WAY: &str = "an amount that is not written in the one allowed way";
const FACT: &str = "a fact of unknown form";
const ROW: &str = "a row of unknown form";

pub fn all() -> Vec<Case> {
    [
        controls(),
        headers(),
        keys(),
        signatures(),
        encodings(),
        json_texts(),
        claims(),
        extra_members(),
        other_forms(),
        times(),
    ]
    .into_iter()
    .chain([disclosures(), facts()])
    .flatten()
    .collect()
}

fn controls() -> Vec<Case> {
    let mut named = good();
    named.header["alg"] = json!("Ed25519");
    let mut no_fact = good();
    no_fact.disclosures.remove(BALANCE);
    let mut no_row = good();
    no_row.disclosures.remove(FIRST_ROW);
    let mut nothing = good();
    nothing.disclosures.clear();
    let mut reversed = good();
    reversed.disclosures.reverse();
    let mut skewed = good();
    (skewed.payload["iat"], skewed.payload["nbf"]) = (json!(NOW_S + 60), json!(NOW_S + 60));
    [
        ("control", good()),
        ("control-alg-ed25519", named),
        ("control-fact-withheld", no_fact),
        ("control-row-withheld", no_row),
        ("control-all-withheld", nothing),
        ("control-other-order", reversed),
        ("control-clock-60s-behind", skewed),
        ("control-status", with_status(77)),
    ]
    .map(|(name, forge)| Case::token(name, "valid", forge.sign()))
    .into()
}

fn headers() -> Vec<Case> {
    let with = |member: &str, value: Value| {
        let mut forge = good();
        forge.header[member] = value;
        forge
    };
    let mut cases: Vec<Case> = [
        ("typ-jwt", "typ", json!("JWT"), "another type of token"),
        ("typ-sd-jwt", "typ", json!("sd-jwt"), "another type of token"),
        ("typ-other-case", "typ", json!("Finvault-Disclosure+SD-JWT"), "another type of token"),
        ("typ-status-list", "typ", json!("statuslist+jwt"), "another type of token"),
        ("typ-null", "typ", Value::Null, "the header"),
        ("alg-none-signed", "alg", json!("none"), "another signature algorithm"),
        ("alg-es256", "alg", json!("ES256"), "another signature algorithm"),
        ("alg-lower-case", "alg", json!("eddsa"), "another signature algorithm"),
        ("alg-ed448", "alg", json!("Ed448"), "another signature algorithm"),
        ("kid-other", "kid", json!("somebody"), "a key id that is not the key's fingerprint"),
        ("crit-exp", "crit", json!(["exp"]), "the header"),
        ("crit-unknown", "crit", json!(["urn:example:unknown"]), "the header"),
        ("crit-empty", "crit", json!([]), "the header"),
        ("header-jku", "jku", json!("https://example.com/keys"), "the header"),
        ("header-b64-false", "b64", json!(false), "the header"),
    ]
    .into_iter()
    .map(|(name, member, value, why)| Case::invalid(name, why, with(member, value).sign()))
    .collect();
    for member in ["typ", "kid", "jwk", "alg"] {
        let mut forge = good();
        forge.header.as_object_mut().unwrap().remove(member).unwrap();
        cases.push(Case::invalid(&format!("header-without-{member}"), "the header", forge.sign()));
    }
    let hs256 = with("alg", json!("HS256"));
    let (header, payload) = (b64(hs256.header.to_string()), b64(hs256.payload.to_string()));
    let public = URL_SAFE_NO_PAD.decode(hs256.header["jwk"]["x"].as_str().unwrap()).unwrap();
    let tag = hmac_sha256(&public, format!("{header}.{payload}").as_bytes());
    let forged = hs256.with_signature(&header, &payload, &tag);
    cases.push(Case::invalid("alg-hs256-public-key", "another signature algorithm", forged));
    let none = with("alg", json!("none"));
    let unsigned = none.with_signature(&b64(none.header.to_string()), &b64(none.payload.to_string()), &[]);
    cases.push(Case::invalid("alg-none", "another signature algorithm", unsigned));
    let forge = good();
    let twice = forge.header.to_string().replacen('{', r#"{"alg":"none","#, 1);
    let twice = forge.sign_raw(&b64(twice), &b64(forge.payload.to_string()));
    cases.push(Case::invalid("header-member-twice", STRICT, twice));
    cases
}

/// HMAC (RFC 2104) of a key no longer than a block.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0u8; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

/// Makes the token name another key everywhere, so that nothing but the key itself is wrong.
fn under_key(x: &str) -> Forge {
    let mut forge = good();
    let thumbprint = digest(&format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
    forge.header["jwk"]["x"] = json!(x);
    forge.header["kid"] = json!(thumbprint);
    forge.payload["iss"] = json!(format!("urn:ietf:params:oauth:jwk-thumbprint:sha-256:{thumbprint}"));
    forge
}

fn keys() -> Vec<Case> {
    let jwk = |value: Value| {
        let mut forge = good();
        forge.header["jwk"] = value;
        forge.sign()
    };
    let x = good().header["jwk"]["x"].clone();
    // Under the neutral element every message has the signature R = neutral element, S = 0.
    let (mut neutral, mut second_neutral) = ([0u8; 32], [0xffu8; 32]);
    neutral[0] = 1;
    (second_neutral[0], second_neutral[31]) = (0xee, 0x7f);
    let signed_by_all = |key: [u8; 32]| {
        let forge = under_key(&b64(key));
        let mut signature = [0u8; 64];
        signature[0] = 1;
        forge.with_signature(&b64(forge.header.to_string()), &b64(forge.payload.to_string()), &signature)
    };
    let other = IssuerKey::from_seed(&[8; 32]);
    let none = "a key that is none";
    vec![
        Case::invalid("key-small-order", none, signed_by_all(neutral)),
        Case::invalid("key-small-order-second-encoding", none, signed_by_all(second_neutral)),
        Case::invalid("key-of-order-four", none, signed_by_all([0; 32])),
        Case::invalid("key-short", "a key of the wrong form", under_key(&b64([1; 31])).sign()),
        Case::invalid(
            "key-padded",
            "a key of the wrong form",
            under_key(&format!("{}=", x.as_str().unwrap())).sign(),
        ),
        Case::invalid("key-ec", "another kind of key", jwk(json!({"crv": "P-256", "kty": "EC", "x": x}))),
        Case::invalid(
            "key-x25519",
            "another kind of key",
            jwk(json!({"crv": "X25519", "kty": "OKP", "x": x})),
        ),
        Case::invalid(
            "key-with-private-member",
            "the header",
            jwk(json!({"crv": "Ed25519", "d": "AA", "kty": "OKP", "x": x})),
        ),
        Case::invalid(
            "key-with-use",
            "the header",
            jwk(json!({"crv": "Ed25519", "kty": "OKP", "use": "sig", "x": x})),
        ),
        Case::invalid(
            "key-of-another",
            "the signature does not match",
            under_key(&b64(other.verifying_key().as_bytes())).sign(),
        ),
    ]
}

fn signatures() -> Vec<Case> {
    let forge = good();
    let (header, payload) = (b64(forge.header.to_string()), b64(forge.payload.to_string()));
    let token = forge.sign();
    let encoded = token.split(['.', '~']).nth(2).unwrap();
    let good_bytes = URL_SAFE_NO_PAD.decode(encoded).unwrap();
    let with = |bytes: &[u8]| forge.with_signature(&header, &payload, bytes);
    let changed = |at: usize| {
        let mut bytes = good_bytes.clone();
        bytes[at] ^= 1;
        with(&bytes)
    };
    let mut added = good_bytes.clone();
    let mut carry = 0u16;
    for (byte, order) in added[32..].iter_mut().zip(GROUP_ORDER) {
        carry += u16::from(*byte) + u16::from(order);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    // 64 bytes leave four bits of the last character unused; here one of them is set.
    let last = encoded.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
    let second = format!("{}{next}", &encoded[..encoded.len() - 1]);
    let form = "a signature of the wrong form";
    let wrong = "the signature does not match";
    vec![
        Case::invalid("signature-r-altered", wrong, changed(0)),
        Case::invalid("signature-s-altered", wrong, changed(40)),
        Case::invalid("signature-s-plus-order", wrong, with(&added)),
        Case::invalid("signature-missing", form, with(&[])),
        Case::invalid("signature-short", form, with(&good_bytes[..63])),
        Case::invalid("signature-long", form, with(&[&good_bytes[..], &[0]].concat())),
        Case::invalid("signature-zero", wrong, with(&[0; 64])),
        Case::invalid("signature-second-encoding", form, token.replace(encoded, &second)),
        Case::invalid("signature-padded", form, token.replace(encoded, &format!("{encoded}=="))),
        Case::invalid("payload-altered", wrong, {
            let other = forge.payload.to_string().replace("order 4711", "order 4712");
            forge.with_signature(&header, &b64(other), &good_bytes)
        }),
    ]
}

fn encodings() -> Vec<Case> {
    let forge = good();
    let (header, payload) = (b64(forge.header.to_string()), forge.payload.to_string());
    let signed = |payload: String| forge.sign_raw(&header, &payload);
    let token = forge.sign();
    let jwt = token.split('~').next().unwrap();
    // A text whose encoding has one of the two characters in which the alphabets differ.
    let slash = payload.replacen("Refund", "~?>Refund", 1);
    let standard = STANDARD_NO_PAD.encode(&slash);
    assert!(standard.contains(['+', '/']));
    let parts: Vec<&str> = jwt.split('.').collect();
    let flat = json!({
        "protected": parts[0], "payload": parts[1], "signature": parts[2],
        "header": {"disclosures": forge.disclosures},
    });
    let parts_missing = "not header, payload and signature";
    let no_tilde = "no tilde after the signature";
    let mut cut = good();
    let half = cut.disclosures[TRANSACTIONS].len() / 2;
    cut.disclosures[TRANSACTIONS].truncate(half);
    let mut empty = good();
    empty.disclosures.push(String::new());
    vec![
        Case::invalid("truncated-in-the-payload", no_tilde, &token[..jwt.len() / 2]),
        Case::invalid("truncated-in-the-signature", no_tilde, &token[..jwt.len() - 10]),
        Case::invalid("truncated-after-the-signature", no_tilde, jwt),
        Case::invalid(
            "truncated-in-a-disclosure",
            "a disclosure that nothing refers to",
            &token[..token.len() - 10],
        ),
        Case::invalid(
            "truncated-before-the-last-tilde",
            "a disclosure that nothing refers to",
            &token[..token.len() - 1],
        ),
        Case::invalid("payload-padded", CANONICAL, signed(b64(&payload) + "=")),
        Case::invalid("payload-standard-alphabet", CANONICAL, signed(standard)),
        Case::invalid("parts-four", parts_missing, token.replacen('~', ".AAAA~", 1)),
        Case::invalid("parts-two", parts_missing, token.replacen(&format!(".{}", parts[2]), "", 1)),
        Case::invalid("serialized-as-json", no_tilde, flat.to_string()),
        Case::invalid("disclosure-cut", CANONICAL, cut.sign()),
        Case::invalid("disclosure-empty", STRICT, empty.sign()),
        Case::invalid("key-binding-unsigned", KEY_BINDING, format!("{token}e30.e30.AAAA")),
    ]
}

fn json_texts() -> Vec<Case> {
    let forge = good();
    let header = b64(forge.header.to_string());
    let payload = forge.payload.to_string();
    let signed = |text: &[u8]| forge.sign_raw(&header, &b64(text));
    let replaced = |from: &str, to: &str| {
        let changed = payload.replacen(from, to, 1);
        assert_ne!(changed, payload, "{from}");
        signed(changed.as_bytes())
    };
    let iat = format!("\"iat\":{NOW_S}");
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let in_text = |text: &str| replaced("Refund of", text);
    let mut invalid_utf8 = payload.clone().into_bytes();
    let at = payload.find("Refund").unwrap();
    invalid_utf8[at] = 0xff;
    let twice_in_fact = {
        let mut bent = good();
        let text = unb64(&bent.disclosures[BALANCE]).to_string();
        bent.replace_text(
            BALANCE,
            &text.replacen(r#""Amount":"12300.00""#, r#""Amount":"12300.00","Amount":"99900.00""#, 1),
        );
        assert!(!bent.disclosures[BALANCE].is_empty());
        bent.sign()
    };
    [
        ("payload-member-twice", replaced("{", &format!("{{\"exp\":{},", NOW_S + 60))),
        ("payload-member-twice-escaped", replaced("{", &format!("{{\"\\u0065xp\":{},", NOW_S + 60))),
        ("fact-member-twice", twice_in_fact),
        ("number-fraction", replaced(&iat, &format!("{iat}.0"))),
        ("number-exponent", replaced(&iat, &format!("{iat}e0"))),
        ("number-beyond-64-bits", replaced(&iat, "\"iat\":18446744073709551616")),
        ("number-of-400-digits", replaced(&iat, &format!("\"iat\":{}", "9".repeat(400)))),
        ("number-minus-zero", replaced(&iat, "\"iat\":-0")),
        ("number-not-a-number", replaced(&iat, "\"iat\":NaN")),
        ("nested-13-levels", signed(nested(13).as_bytes())),
        ("nested-20000-levels", signed(nested(20_000).as_bytes())),
        ("nested-13-levels-in-a-member", replaced("{", &format!("{{\"x\":{},", nested(12)))),
        ("text-control-character", in_text("\\u001b[2J")),
        ("text-that-turns", in_text("Refund \\u202e of")),
        ("text-isolate", in_text("Refund \\u2066 of")),
        ("text-line-separator", in_text("Refund\\u2028of")),
        ("text-lone-surrogate", in_text("Refund \\ud800 of")),
        ("text-not-utf-8", signed(&invalid_utf8)),
        ("byte-order-mark", signed(format!("\u{feff}{payload}").as_bytes())),
        ("something-after-the-payload", signed(format!("{payload} {{}}").as_bytes())),
        ("comment-in-the-payload", replaced("{", "{/* */")),
        ("payload-empty", signed(b"")),
    ]
    .map(|(name, token)| Case::invalid(name, STRICT, token))
    .into_iter()
    .chain([
        Case::invalid("payload-array", "the payload", signed(b"[]")),
        Case::invalid("number-as-text", "the payload", replaced(&iat, &format!("\"iat\":\"{NOW_S}\""))),
        Case::invalid(
            "text-that-turns-in-a-row",
            STRICT,
            good().bent(FIRST_ROW, "/1/TransactionInformation", json!("\u{202e}efaC")),
        ),
    ])
    .collect()
}

fn claims() -> Vec<Case> {
    let other = "ni:///sha-256;AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let with = |member: &str, value: Value| {
        let mut forge = good();
        forge.payload[member] = value;
        forge.sign()
    };
    let aud = good().payload["aud"].clone();
    let purpose = |text: &str| json!({"code": "other", "text": text});
    let status = |idx: i64, uri: &str| json!({"status_list": {"idx": idx, "uri": uri}});
    let uri = "urn:finvault:status:CQkJCQkJCQkJCQkJCQkJCQ";
    let mut cases: Vec<Case> = [
        ("vct-2", "vct", json!("finvault.disclosure.2"), "another version of the format"),
        ("sd-alg-sha-512", "_sd_alg", json!("sha-512"), "another digest algorithm"),
        ("iss-other", "iss", json!("https://bank.example"), "an issuer that is not the key's fingerprint"),
        ("jti-short", "jti", json!("MQ"), "an id that is not of 128 bits"),
        ("aud-list", "aud", json!([aud]), "the payload"),
        ("aud-list-of-two", "aud", json!([aud, other]), "the payload"),
        ("aud-anybody", "aud", json!("*"), "an audience that is none"),
        ("aud-null", "aud", Value::Null, "the payload"),
        ("ledger-root-short", "ledger_root", json!("AAAA"), "a ledger root of the wrong form"),
        ("purpose-empty", "purpose", purpose(""), "the payload"),
        ("purpose-of-501-bytes", "purpose", purpose(&"x".repeat(501)), "the payload"),
        ("terms-empty", "terms", json!({}), "the payload"),
        ("exp-as-text", "exp", json!((NOW_S + DAY_S).to_string()), "the payload"),
        ("exp-null", "exp", Value::Null, "the payload"),
        ("status-null", "status", Value::Null, "the payload"),
        ("status-empty", "status", json!({}), "the payload"),
        ("status-index-negative", "status", status(-1, uri), "the payload"),
        ("status-index-beyond-lists", "status", status(1_048_576, uri), "a place beyond any status list"),
        (
            "status-uri-of-the-web",
            "status",
            status(7, "https://example.com/status"),
            "a status list whose name is not one of ours",
        ),
        ("facts-empty", "facts", json!([]), "no facts"),
        ("facts-in-the-open", "facts", json!([{"kind": "balance"}]), "the payload"),
        ("facts-null", "facts", Value::Null, "the payload"),
        ("digest-short", "facts", json!([{"...": "AAAA"}]), "a digest of the wrong form"),
        ("digest-as-number", "facts", json!([{"...": 7}]), "the payload"),
    ]
    .into_iter()
    .map(|(name, member, value, why)| Case::invalid(name, why, with(member, value)))
    .collect();
    cases.push(Case::token("aud-other", "not-for-recipient", with("aud", json!(other))));
    for member in [
        "iss",
        "aud",
        "jti",
        "iat",
        "nbf",
        "exp",
        "vct",
        "purpose",
        "terms",
        "ledger_root",
        "facts",
        "_sd_alg",
    ] {
        let mut forge = good();
        forge.payload.as_object_mut().unwrap().remove(member).unwrap();
        let name = format!("claims-without-{}", member.trim_start_matches('_').replace('_', "-"));
        cases.push(Case::invalid(&name, "the payload", forge.sign()));
    }
    cases
}

/// A member that the format does not name, at each level.
fn extra_members() -> Vec<Case> {
    let in_payload = |parent: &str| {
        let mut forge = good();
        let place =
            if parent.is_empty() { Some(&mut forge.payload) } else { forge.payload.pointer_mut(parent) };
        place.unwrap()["surprise"] = json!(1);
        forge.sign()
    };
    let mut cnf = good();
    cnf.payload["cnf"] = json!({"jwk": cnf.header["jwk"], "surprise": 1});
    let mut decoy = good();
    decoy.payload["_sd"] = json!([digest("decoy")]);
    let mut status = with_status(77);
    status.payload["status"]["status_list"]["surprise"] = json!(1);
    let fact = |pointer: &str| good().bent(BALANCE, pointer, json!(1));
    vec![
        Case::invalid("extra-claim", "the payload", in_payload("")),
        Case::invalid("extra-in-purpose", "the payload", in_payload("/purpose")),
        Case::invalid("extra-in-terms", "the payload", in_payload("/terms")),
        Case::invalid("extra-in-slot", "the payload", in_payload("/facts/0")),
        Case::invalid("extra-in-status", "the payload", status.sign()),
        Case::invalid("extra-in-cnf", "the payload", cnf.sign()),
        Case::invalid("extra-decoy-digest", "the payload", decoy.sign()),
        Case::invalid("extra-in-fact", FACT, fact("/1/surprise")),
        Case::invalid("extra-in-balance", FACT, fact("/1/Balance/surprise")),
        Case::invalid("extra-in-amount", FACT, fact("/1/Balance/Amount/surprise")),
        Case::invalid("extra-in-account", FACT, fact("/1/Account/surprise")),
        Case::invalid("extra-in-selection", FACT, fact("/1/selection/surprise")),
        Case::invalid("extra-in-window", FACT, fact("/1/selection/window/surprise")),
        Case::invalid("extra-in-evidence", FACT, fact("/1/evidence/surprise")),
        Case::invalid("extra-in-statement", FACT, fact("/1/evidence/statements/0/surprise")),
        Case::invalid(
            "extra-in-condition",
            FACT,
            good().bent(TRANSACTIONS, "/1/selection/filter/0/surprise", json!(1)),
        ),
        Case::invalid("extra-in-row", ROW, good().bent(FIRST_ROW, "/1/surprise", json!(1))),
        Case::invalid("extra-in-amount-of-row", ROW, good().bent(FIRST_ROW, "/1/Amount/surprise", json!(1))),
    ]
}

/// A value in another form than the format names, which a parser may take for the same.
fn other_forms() -> Vec<Case> {
    let mut purpose = good();
    purpose.payload["purpose"] = json!(["customer-service", "Refund of order 4711"]);
    let mut padded = good();
    padded.payload["purpose"]["text"] = json!(" Refund of order 4711");
    vec![
        Case::invalid("form-purpose-as-list", "the payload", purpose.sign()),
        Case::invalid("form-purpose-with-space", "the payload", padded.sign()),
        Case::invalid(
            "form-amount-as-list",
            FACT,
            good().bent(BALANCE, "/1/Balance/Amount", json!(["12300.00", "EUR"])),
        ),
        Case::invalid("form-gaps-null", FACT, good().bent(BALANCE, "/1/selection/gaps", Value::Null)),
        Case::invalid("form-nickname-null", FACT, good().bent(BALANCE, "/1/Account/Nickname", Value::Null)),
        Case::invalid(
            "form-day-before-year-0",
            FACT,
            good().bent(BALANCE, "/1/selection/window/from", json!("-000001-01-31")),
        ),
        Case::invalid("form-row-status-null", ROW, good().bent(FIRST_ROW, "/1/Status", Value::Null)),
    ]
}

fn times() -> Vec<Case> {
    let at = |iat: i64, nbf: i64, exp: i64| {
        let mut forge = good();
        for (member, second) in [("iat", iat), ("nbf", nbf), ("exp", exp)] {
            forge.payload[member] = json!(second);
        }
        forge.sign()
    };
    let order = "times in the wrong order";
    let (week_ago, tomorrow) = (NOW_S - 7 * DAY_S, NOW_S + DAY_S);
    vec![
        Case::token("expired-this-second", "expired", at(week_ago, week_ago, NOW_S)),
        Case::token(
            "expired-a-year-ago",
            "expired",
            at(NOW_S - 400 * DAY_S, NOW_S - 400 * DAY_S, NOW_S - 365 * DAY_S),
        ),
        Case::token("not-yet-valid", "not-yet-valid", at(NOW_S, tomorrow, tomorrow + DAY_S)),
        Case::token("not-yet-valid-by-a-second", "not-yet-valid", at(NOW_S, NOW_S + 61, tomorrow)),
        Case::token("from-the-future", "clock-suspect", at(YEAR_2100_S, YEAR_2100_S, YEAR_2100_S + DAY_S)),
        Case::invalid("exp-before-nbf", order, at(NOW_S, tomorrow, NOW_S + 60)),
        Case::invalid("exp-equals-nbf", order, at(NOW_S, NOW_S, NOW_S)),
        Case::invalid("nbf-before-iat", order, at(NOW_S, NOW_S - 1, tomorrow)),
        Case::invalid(
            "exp-beyond-365-days",
            "a lifetime of more than 365 days",
            at(NOW_S, NOW_S, NOW_S + 365 * DAY_S + 1),
        ),
        Case::invalid("exp-beyond-calendars", "a time beyond all calendars", at(NOW_S, NOW_S, i64::MAX)),
        Case::invalid("iat-before-calendars", "a time beyond all calendars", at(i64::MIN, NOW_S, tomorrow)),
    ]
}

fn disclosures() -> Vec<Case> {
    let salt = b64([1; 16]);
    let add = |value: Value| {
        let mut forge = good();
        forge.disclosures.push(b64(value.to_string()));
        forge.sign()
    };
    let instead = |at: usize, value: Value| {
        let mut forge = good();
        forge.replace(at, &value);
        forge.sign()
    };
    let mut twice = good();
    twice.disclosures.push(twice.disclosures[BALANCE].clone());
    let mut altered = good();
    let text = unb64(&altered.disclosures[BALANCE]).to_string();
    altered.disclosures[BALANCE] = b64(text.replace("12300.00", "92300.00"));
    let slot = |forge: &Forge, at: usize| json!({"...": digest(&forge.disclosures[at])});
    let mut digest_twice = good();
    let again = digest_twice.payload["facts"][0].clone();
    digest_twice.payload["facts"].as_array_mut().unwrap().push(again);
    let mut shared = good();
    let mut fact = unb64(&shared.disclosures[TRANSACTIONS]);
    fact[1]["Transaction"][0] = slot(&shared, BALANCE);
    shared.disclosures.remove(FIRST_ROW);
    shared.replace(TRANSACTIONS - 1, &fact);
    let mut row_twice = good();
    let mut fact = unb64(&row_twice.disclosures[TRANSACTIONS]);
    fact[1]["Transaction"][1] = slot(&row_twice, FIRST_ROW);
    row_twice.disclosures.remove(FIRST_ROW + 1);
    row_twice.replace(TRANSACTIONS - 1, &fact);
    let mut nested = good();
    let hidden = b64(json!([salt, {"Amount": "1.00", "Currency": "EUR"}]).to_string());
    let mut fact = unb64(&nested.disclosures[BALANCE]);
    fact[1]["Balance"]["Amount"] = json!({"...": digest(&hidden)});
    nested.disclosures.push(hidden);
    nested.replace(BALANCE, &fact);
    let mut member = good();
    let hidden = b64(json!([salt, "purpose", {"code": "other", "text": "anything"}]).to_string());
    member.payload["_sd"] = json!([digest(&hidden)]);
    member.payload.as_object_mut().unwrap().remove("purpose");
    member.disclosures.push(hidden);
    let mut row_as_fact = good();
    row_as_fact.payload["facts"][0] = slot(&row_as_fact, FIRST_ROW);
    row_as_fact.disclosures.remove(BALANCE);
    let twice_digest = "a digest that is there twice";
    let unreferenced = "a disclosure that nothing refers to";
    let value = unb64(&good().disclosures[BALANCE])[1].clone();
    vec![
        Case::invalid("disclosure-altered", unreferenced, altered.sign()),
        Case::invalid("disclosure-unreferenced", unreferenced, add(json!([salt, value]))),
        Case::invalid("disclosure-twice", "a disclosure that is there twice", twice.sign()),
        Case::invalid("disclosure-of-a-member-unreferenced", PAIR, add(json!([salt, "exp", 1]))),
        Case::invalid("disclosure-of-a-member", "the payload", member.sign()),
        Case::invalid("disclosure-of-one-element", PAIR, add(json!([salt]))),
        Case::invalid("disclosure-object", PAIR, add(json!({}))),
        Case::invalid("disclosure-salt-as-number", PAIR, instead(BALANCE, json!([7, value]))),
        Case::invalid(
            "disclosure-salt-short",
            "a salt of less than 128 bits",
            instead(BALANCE, json!([b64([1; 15]), value])),
        ),
        Case::invalid(
            "disclosure-salt-empty",
            "a salt of less than 128 bits",
            instead(BALANCE, json!(["", value])),
        ),
        Case::invalid("digest-twice", twice_digest, digest_twice.sign()),
        Case::invalid("digest-twice-among-rows", twice_digest, row_twice.sign()),
        Case::invalid("digest-twice-in-two-facts", twice_digest, shared.sign()),
        Case::invalid("digest-nested-where-none-belongs", FACT, nested.sign()),
        Case::invalid("digest-of-a-row-among-facts", FACT, row_as_fact.sign()),
    ]
}

fn facts() -> Vec<Case> {
    let balance = [
        ("fact-unknown-kind", "/1/kind", json!("horoscope"), FACT),
        ("fact-amount-as-number", "/1/Balance/Amount/Amount", json!(12300), FACT),
        ("fact-amount-negative-text", "/1/Balance/Amount/Amount", json!("-12300.00"), "not an amount"),
        ("fact-amount-leading-zero", "/1/Balance/Amount/Amount", json!("012300.00"), ONE_WAY),
        ("fact-amount-one-decimal", "/1/Balance/Amount/Amount", json!("12300.0"), ONE_WAY),
        (
            "fact-amount-huge",
            "/1/Balance/Amount/Amount",
            json!(format!("{}.00", "9".repeat(40))),
            "not an amount",
        ),
        (
            "fact-amount-not-rounded",
            "/1/Balance/Amount/Amount",
            json!("12301.00"),
            "an amount that is not rounded as stated",
        ),
        (
            "fact-rounded-in-another-currency",
            "/1/Balance/Amount/Currency",
            json!("USD"),
            "rounded in another currency",
        ),
        ("fact-sign-unknown", "/1/Balance/CreditDebitIndicator", json!("Both"), FACT),
        ("fact-day-impossible", "/1/Balance/DateTime", json!("2026-02-30"), FACT),
        (
            "fact-day-outside-window",
            "/1/Balance/DateTime",
            json!("2026-01-30"),
            "a balance whose window does not end on its day",
        ),
        ("fact-whole-account-number", "/1/Account/Identification", json!("DE89370400440532013000"), FACT),
        ("fact-matched-negative", "/1/selection/matched", json!(-1), FACT),
        ("fact-more-suppressed-than-matched", "/1/selection/suppressed", json!(215), FACT),
        ("fact-window-turned", "/1/selection/window/from", json!("2026-02-01"), FACT),
        ("fact-graded-without-statements", "/1/evidence/statements", json!([]), FACT),
        ("fact-grade-unknown", "/1/evidence/grade", json!("bank-certified"), FACT),
    ];
    let rows = [
        ("row-without-amount", FIRST_ROW, "/1/Amount", Value::Null, ROW),
        ("row-without-sign", FIRST_ROW, "/1/CreditDebitIndicator", Value::Null, ROW),
        ("row-day-in-words", FIRST_ROW, "/1/BookingDateTime", json!("3 January"), ROW),
        (
            "row-outside-window",
            FIRST_ROW,
            "/1/BookingDateTime",
            json!("2025-12-31"),
            "a row outside its window",
        ),
        ("row-empty", FIRST_ROW, "/1", json!({}), "a row with no field"),
        (
            "rows-fewer-than-matched",
            TRANSACTIONS,
            "/1/selection/matched",
            json!(3),
            "the rows are not as many as matched",
        ),
        (
            "rows-more-than-matched",
            TRANSACTIONS,
            "/1/selection/matched",
            json!(1),
            "the rows are not as many as matched",
        ),
        ("rows-withheld-as-a-member", TRANSACTIONS, "/1/withheld", json!(0), FACT),
    ];
    balance
        .into_iter()
        .map(|(name, pointer, value, why)| (name, BALANCE, pointer, value, why))
        .chain(rows)
        .map(|(name, at, pointer, value, why)| Case::invalid(name, why, good().bent(at, pointer, value)))
        .collect()
}
