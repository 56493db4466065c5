//! Status lists, deletion receipts and exported logs: what is signed reads back, and what was altered does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod disclosure_fixture;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use disclosure_fixture::*;
use finvault::disclosure::log::{LogEntry, LogHead, LogKey, LogKind, append};
use finvault::disclosure::*;
use jiff::Timestamp;
use proptest::prelude::*;

const LIST: [u8; 16] = [9; 16];

fn audience() -> Audience {
    "ni:///sha-256;AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".parse().unwrap()
}

fn token_at(idx: u32) -> Issued {
    let draft = Draft { status: StatusRef::new(&LIST, idx), ..draft(audience(), vec![balance()]) };
    issue(&draft, &issuer(), now(), &Counted::default()).unwrap()
}

fn verified(token: &str) -> Verified {
    verify(token, &Expectation { now: now(), audience: ExpectedAudience::Unchecked }).unwrap()
}

fn list(revoked: &[u32], at: Timestamp, key: &IssuerKey) -> String {
    sign_status_list(&LIST, 0, revoked, Lifetime::default(), at, key).unwrap()
}

fn check(text: &str, token: &Issued, at: Timestamp) -> Revocation {
    StatusList::read(text).unwrap().check(&verified(token.token.as_str()), at)
}

#[test]
fn a_token_names_its_place_and_one_without_is_still_good() {
    let with = token_at(77);
    let status = verified(with.token.as_str()).status.unwrap();
    assert_eq!((status.idx(), status.uri()), (77, "urn:finvault:status:CQkJCQkJCQkJCQkJCQkJCQ"));
    let without = issued(audience());
    assert_eq!(verified(without.token.as_str()).status, None);
    assert!(StatusRef::new(&LIST, MAX_STATUS_PLACES).is_none());
}

#[test]
fn what_is_set_is_revoked_and_its_neighbours_are_not() {
    let at = after(10);
    for idx in [0, 1, 7, 8, 8_191, 8_192, 100_000, MAX_STATUS_PLACES - 1] {
        let text = list(&[idx], at, &issuer());
        assert_eq!(check(&text, &token_at(idx), at), Revocation::Revoked { as_of: at }, "{idx}");
        for other in [idx ^ 1, idx ^ 8] {
            assert_eq!(
                check(&text, &token_at(other), at),
                Revocation::NotRevoked { as_of: at },
                "{idx} {other}"
            );
        }
    }
}

#[test]
fn only_a_fresh_list_of_this_issuer_says_not_revoked() {
    let (token, at) = (token_at(5), after(10));
    let not_checked = |text: &str, token: &Issued, at| match check(text, token, at) {
        Revocation::NotChecked(why) => why,
        other => panic!("{other}"),
    };
    let stale = after(10 + 7 * 86_400);
    assert!(not_checked(&list(&[], at, &issuer()), &token, stale).contains("stale"));
    assert!(not_checked(&list(&[], after(-10), &issuer()), &token, at).contains("older"));
    assert!(not_checked(&list(&[], after(3_600), &issuer()), &token, at).contains("future"));
    let stranger = IssuerKey::from_seed(&[8; 32]);
    assert!(not_checked(&list(&[5], at, &stranger), &token, at).contains("not the one"));
    let other = sign_status_list(&[1; 16], 0, &[5], Lifetime::default(), at, &issuer()).unwrap();
    assert!(not_checked(&other, &token, at).contains("not the one"));
    assert!(not_checked(&list(&[], at, &issuer()), &issued(audience()), at).contains("names no"));
    assert!(not_checked(&list(&[], at, &issuer()), &token_at(20_000), at).contains("no such place"));
    // Taken back once, taken back for ever.
    assert!(matches!(check(&list(&[5], at, &issuer()), &token, stale), Revocation::Revoked { .. }));
}

#[test]
fn the_size_of_a_list_tells_nothing_of_how_many_there_are() {
    let one = list(&[], now(), &issuer()).len();
    let sized = sign_status_list(&LIST, 8_192, &[], Lifetime::default(), now(), &issuer()).unwrap();
    assert_eq!(sized.len(), one);
    assert!(
        sign_status_list(&LIST, MAX_STATUS_PLACES + 1, &[], Lifetime::default(), now(), &issuer()).is_err()
    );
}

#[test]
fn a_token_is_not_taken_for_a_list_nor_a_list_for_a_token() {
    let text = list(&[3], now(), &issuer());
    assert!(StatusList::read(issued(audience()).token.as_str()).is_err());
    assert!(Receipt::read(&text, now()).is_err());
    assert!(LogExport::read(&text, None).is_err());
    let expectation = Expectation { now: now(), audience: ExpectedAudience::Unchecked };
    assert_eq!(verify(&format!("{text}~"), &expectation).unwrap_err().verdict(), Verdict::Invalid);
}

/// Signs a payload of our own under the issuer's key, as only a hostile issuer could.
fn forged(payload: &str) -> String {
    use finvault::crypto::sign::SigningKey;
    let text = list(&[], now(), &issuer());
    let header = text.split('.').next().unwrap();
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
    let signature = SigningKey::from_seed(&[7; 32]).sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

#[test]
fn hostile_lists_are_refused() {
    let packed = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(miniz_oxide::deflate::compress_to_vec_zlib(bytes, 9));
    let payload = |bits: u8, lst: &str, exp: i64| {
        format!(
            r#"{{"sub":"urn:finvault:status:CQkJCQkJCQkJCQkJCQkJCQ","iat":{NOW_S},"exp":{exp},"status_list":{{"bits":{bits},"lst":"{lst}"}}}}"#
        )
    };
    let (small, day) = (packed(&[0; 16]), NOW_S + 86_400);
    assert!(StatusList::read(&forged(&payload(1, &small, day))).is_ok());
    let bomb = packed(&vec![0; 64 * 1024 * 1024]);
    for (what, bad) in [
        ("a bomb", payload(1, &bomb, day)),
        ("two bits", payload(2, &small, day)),
        ("no zlib", payload(1, "AAAA", day)),
        ("cut short", payload(1, &small[..8], day)),
        ("ends before it begins", payload(1, &small, NOW_S)),
        ("for ever", payload(1, &small, i64::MAX)),
        ("another member", payload(1, &small, day).replacen('{', r#"{"x":1,"#, 1)),
    ] {
        assert!(StatusList::read(&forged(&bad)).is_err(), "{what}");
    }
}

#[test]
fn hostile_status_claims_are_refused() {
    use finvault::crypto::sign::SigningKey;
    let token = token_at(7);
    let text = token.token.as_str();
    let (jwt, rest) = text.split_once('~').unwrap();
    let parts: Vec<&str> = jwt.split('.').collect();
    let payload = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let claim = r#"{"status_list":{"idx":7,"uri":"urn:finvault:status:CQkJCQkJCQkJCQkJCQkJCQ"}}"#;
    assert!(payload.contains(claim), "{payload}");
    let resigned = |with: &str| {
        let signed = format!("{}.{}", parts[0], URL_SAFE_NO_PAD.encode(payload.replace(claim, with)));
        let signature = SigningKey::from_seed(&[7; 32]).sign(signed.as_bytes());
        format!("{signed}.{}~{rest}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    };
    assert_eq!(resigned(claim), text, "the seed is the issuer's");
    let expectation = Expectation { now: now(), audience: ExpectedAudience::Unchecked };
    for bad in [
        "null",
        "{}",
        "[]",
        &claim.replace(":7", ":-1"),
        &claim.replace(":7", ":1048576"),
        &claim.replace(":7", ":4294967296"),
        &claim.replace("urn:finvault", "https://example"),
        &claim.replace("CQ\"", "CR\""),
        &claim.replace("CQkJC", "CQ"),
        &claim.replace("\"idx\"", "\"x\":1,\"idx\""),
    ] {
        assert_ne!(bad, claim);
        assert_eq!(verify(&resigned(bad), &expectation).unwrap_err().verdict(), Verdict::Invalid, "{bad}");
    }
}

fn receipt_key() -> ReceiptKey {
    ReceiptKey::from_openssh(include_bytes!("fixtures/disclosure/ssh-plain")).unwrap()
}

#[test]
fn a_receipt_is_good_for_one_token_and_one_key() {
    let token = issued(audience());
    let disclosure = verified(token.token.as_str());
    let key = receipt_key();
    let text = make_receipt(&disclosure, token.token.digest(), after(60), &key).unwrap();
    let receipt = Receipt::read(&format!("{text}\n"), after(61)).unwrap();
    assert_eq!(receipt.deleted, after(60));
    assert!(receipt.matches(&disclosure, token.token.digest(), &key.verifying_key()));
    let other = token_at(1);
    assert!(!receipt.matches(&verified(other.token.as_str()), other.token.digest(), &key.verifying_key()));
    assert!(!receipt.matches(&disclosure, other.token.digest(), &key.verifying_key()));
    assert!(!receipt.matches(&disclosure, token.token.digest(), &issuer().verifying_key()));
    assert!(matches!(Receipt::read(&text, after(-60)), Err(VerifyError::ClockSuspect { .. })));
}

fn log_key() -> LogKey {
    LogKey::from_seed(&[3; 32])
}

fn log() -> Vec<LogEntry> {
    let mut entries: Vec<LogEntry> = Vec::new();
    let body = r#"{"jti":"abc","recipient":4,"name":"Example Lender","purpose":"Loan 4711","issued":"2026-02-01T00:00:00Z","expires":"2026-02-08T00:00:00Z","sealed_sha256":"28462c1e5b25025505bd65c591cfe44d71c8c6c25be18a877780f6a5904f7bdc","facts":[{"kind":"balance","says":"it held 1234.56 EUR"}]}"#;
    for (kind, body) in
        [(LogKind::VaultCreated, "{}"), (LogKind::Disclosed, body), (LogKind::Reviewed, "[1]")]
    {
        let prev = entries.last().map(LogEntry::head);
        entries.push(append(prev, kind, body.to_owned(), now(), &log_key()).unwrap());
    }
    entries
}

#[test]
fn an_exported_log_has_every_entry_and_no_amount_name_or_purpose() {
    let entries = log();
    let text = export_log(&entries, after(5), &log_key()).unwrap();
    let export = LogExport::read(&text, None).unwrap();
    assert_eq!(export.signer, log_key().fingerprint());
    assert_eq!((export.made, export.summary.entries), (after(5), 3));
    assert_eq!(export.summary.head, entries.last().map(LogEntry::head));
    let detail = &export.entries[1].detail;
    assert_eq!(
        (detail.recipient, detail.fact_kinds.as_slice()),
        (Some(4), ["balance".to_owned()].as_slice())
    );
    let payload = URL_SAFE_NO_PAD.decode(text.split('.').nth(1).unwrap()).unwrap();
    let payload = String::from_utf8(payload).unwrap();
    for hidden in ["1234.56", "Example Lender", "Loan 4711", "says"] {
        assert!(!payload.contains(hidden), "{hidden}");
    }
    let seen = |seq: u64, hash: [u8; 32]| LogExport::read(&text, Some(LogHead { seq, hash }));
    assert!(seen(2, entries[1].hash).is_ok());
    assert!(seen(2, entries[0].hash).is_err());
    assert!(seen(9, entries[0].hash).is_err());
}

#[test]
fn an_exported_log_with_a_gap_is_refused_even_if_its_signer_made_it() {
    let entries = log();
    for skipped in 0..2 {
        let mut cut = entries.clone();
        cut.remove(skipped);
        let text = export_log(&cut, now(), &log_key()).unwrap();
        assert!(matches!(LogExport::read(&text, None), Err(LogExportError::Fault(_))), "{skipped}");
    }
    let mut swapped = entries.clone();
    swapped[1].signature = swapped[0].signature;
    let text = export_log(&swapped, now(), &log_key()).unwrap();
    assert!(matches!(LogExport::read(&text, None), Err(LogExportError::Fault(_))));
    // A key that is not the log's cannot pass the entries off as its own.
    let text = export_log(&entries, now(), &LogKey::from_seed(&[4; 32])).unwrap();
    assert!(matches!(LogExport::read(&text, None), Err(LogExportError::Fault(_))));
}

#[test]
fn every_altered_byte_is_noticed() {
    let token = issued(audience());
    let receipt =
        make_receipt(&verified(token.token.as_str()), token.token.digest(), now(), &receipt_key()).unwrap();
    let list = list(&[3, 4_000], now(), &issuer());
    let export = export_log(&log(), now(), &log_key()).unwrap();
    for (text, read) in [
        (&list, (|text| StatusList::read(text).is_ok()) as fn(&str) -> bool),
        (&receipt, |text| Receipt::read(text, now()).is_ok()),
        (&export, |text| LogExport::read(text, None).is_ok()),
    ] {
        assert!(read(text));
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(altered) = String::from_utf8(bytes) {
                assert!(!read(&altered), "byte {at} of {text}");
            }
        }
        for end in [0, 1, text.len() / 2, text.len() - 1] {
            assert!(!read(&text[..end]), "cut at {end}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_list_says_exactly_what_was_put_in(
        revoked in prop::collection::btree_set(0u32..30_000, 0..40),
        probes in prop::collection::vec(0u32..30_000, 1..20),
    ) {
        let set: Vec<u32> = revoked.iter().copied().collect();
        let text = sign_status_list(&LIST, 30_000, &set, Lifetime::default(), now(), &issuer()).unwrap();
        for idx in probes.iter().chain(&set) {
            let expected = if revoked.contains(idx) {
                Revocation::Revoked { as_of: now() }
            } else {
                Revocation::NotRevoked { as_of: now() }
            };
            prop_assert_eq!(check(&text, &token_at(*idx), now()), expected);
        }
    }

    #[test]
    fn reading_never_panics(text: String, tail in "[A-Za-z0-9_-]{0,80}") {
        let _ = StatusList::read(&text);
        let _ = LogExport::read(&text, None);
        let _ = StatusList::read(&forged(&tail));
        let _ = StatusList::read(&format!("{tail}.{tail}.{tail}"));
    }
}

fn frozen(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/lifecycle").join(name)
}

#[test]
fn what_was_signed_once_is_readable_for_ever() {
    let read = |name: &str| std::fs::read_to_string(frozen(name)).unwrap().trim_end().to_owned();
    let token = read("status.token");
    assert_eq!(token, token_at(77).token.as_str(), "the same seed, clock and draft give the same token");
    let list = StatusList::read(&read("status-list.jwt")).unwrap();
    assert_eq!(list.check(&verified(&token), now()), Revocation::Revoked { as_of: now() });
    assert_eq!(
        list.check(&verified(token_at(78).token.as_str()), now()),
        Revocation::NotRevoked { as_of: now() }
    );
    let receipt = Receipt::read(&read("receipt.jwt"), now()).unwrap();
    assert!(receipt.matches(&verified(&token), token_at(77).token.digest(), &receipt_key().verifying_key()));
    let export = LogExport::read(&read("log-export.jwt"), None).unwrap();
    assert_eq!(export.summary.head, log().last().map(LogEntry::head));
}

/// Writes the vectors anew; run by hand, once, when the format gets a new version.
#[test]
#[ignore = "writes files"]
fn write_the_vectors() {
    let write = |name: &str, text: &str| std::fs::write(frozen(name), format!("{text}\n")).unwrap();
    let token = token_at(77);
    write("status.token", token.token.as_str());
    write("status-list.jwt", &list(&[77], now(), &issuer()));
    let verified = verified(token.token.as_str());
    write("receipt.jwt", &make_receipt(&verified, token.token.digest(), now(), &receipt_key()).unwrap());
    write("log-export.jwt", &export_log(&log(), now(), &log_key()).unwrap());
}

#[test]
fn the_document_gives_the_limits_and_types_of_the_code() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/disclosure-format.md");
    let document = std::fs::read_to_string(path).unwrap();
    for shown in [
        format!("`{STATUS_LIST_TYP}`"),
        format!("`{RECEIPT_TYP}`"),
        format!("`{LOG_EXPORT_TYP}`"),
        format!("at least {MIN_STATUS_PLACES} places"),
        format!("below {MAX_STATUS_PLACES}"),
        format!("more than {} bytes", MAX_STATUS_PLACES / 8),
        format!("{} KiB", MAX_STATUS_LIST_LEN / 1024),
        format!("at most {} KiB", MAX_RECEIPT_LEN / 1024),
        format!("at most {} MiB", MAX_LOG_EXPORT_LEN / (1024 * 1024)),
    ] {
        assert!(document.contains(&shown), "not in the document: {shown}");
    }
    for kind in LogKind::ALL {
        assert!(document.contains(&format!("`{kind}`")), "not in the document: {kind}");
    }
}
