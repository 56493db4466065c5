//! The claims of a token, the members that no format names, the holder's key, and the times.

use super::{BALANCE, Case, FIRST_ROW, TRANSACTIONS, good, with_status};
use crate::disclosure_fixture::NOW_S;
use crate::disclosure_forge::{b64, digest};
use serde_json::{Value, json};

/// 2100-01-01, for what has to be from the future for a long time yet.
const YEAR_2100_S: i64 = 4_102_444_800;
const DAY_S: i64 = 86_400;
const FACT: &str = "a fact of unknown form";
const ROW: &str = "a row of unknown form";

pub fn all() -> Vec<Case> {
    [claims(), holders(), extra_members(), other_forms(), times()].into_iter().flatten().collect()
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

/// The key with which the recipient may pass the token on.
fn holders() -> Vec<Case> {
    let with = |cnf: Value| {
        let mut forge = good();
        forge.payload["cnf"] = cnf;
        forge
    };
    let key = good().header["jwk"].clone();
    let bent = |member: &str, value: Value| {
        let mut key = key.clone();
        key[member] = value;
        with(json!({"jwk": key})).sign()
    };
    let mut prohibited = with(json!({"jwk": key.clone()}));
    prohibited.payload["terms"]["onward_sharing"] = json!("prohibited");
    let beside = json!({"jwk": key.clone(), "kid": "me"});
    vec![
        Case::token("control-cnf", "valid", with(json!({"jwk": key.clone()})).sign()),
        Case::invalid("cnf-null", "the payload", with(Value::Null).sign()),
        Case::invalid("cnf-by-id", "the payload", with(json!({"kid": "me"})).sign()),
        Case::invalid("cnf-with-an-id", "the payload", with(beside).sign()),
        Case::invalid("cnf-private-key", "the payload", bent("d", json!("AA"))),
        Case::invalid("cnf-other-curve", "another kind of key", bent("crv", json!("P-256"))),
        Case::invalid("cnf-small-order", "a key that is none", bent("x", json!(b64([0; 32])))),
        Case::invalid(
            "cnf-where-prohibited",
            "a key to pass it on with, under terms that prohibit it",
            prohibited.sign(),
        ),
    ]
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
