//! Passing on: whatever part of a token its holder presents verifies for the new reader with every missing fact and row
//! counted, and nothing else that looks like it does. Frozen examples are in `tests/vectors/presentation/`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod disclosure_fixture;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use disclosure_fixture::*;
use finvault::crypto::random::Seeded;
use finvault::crypto::sign::SigningKey;
use finvault::disclosure::*;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

const HOLDER: &str = include_str!("fixtures/disclosure/ssh-plain");
const HOLDER_PUBLIC: &str = include_str!("fixtures/disclosure/ssh-plain.pub");
/// The reader: the identity in `tests/vectors/disclosure/identity.txt`.
const READER: &str = "age17cs6ph5pwrjeps77yxmaje8jny7rmygkf7l9cj0qksm950jcsqwsekndsq";
const NONCE: &str = "Loan 12, question 3";
const LIST: [u8; 16] = [9; 16];

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn digest(text: &str) -> String {
    b64(Sha256::digest(text))
}

fn audience_of(key: &str) -> Audience {
    format!("ni:///sha-256;{}", digest(key)).parse().unwrap()
}

fn holder_audience() -> Audience {
    let key: Vec<&str> = HOLDER_PUBLIC.split_ascii_whitespace().take(2).collect();
    audience_of(&key.join(" "))
}

fn reader() -> Audience {
    audience_of(READER)
}

fn holder() -> ReceiptKey {
    ReceiptKey::from_openssh(HOLDER.as_bytes()).unwrap()
}

/// The holder's key as a forger who has it would use it: the seed stands before the last public half of the file.
fn holder_signing_key() -> SigningKey {
    let body: String = HOLDER.lines().filter(|line| !line.starts_with('-')).collect();
    let bytes = STANDARD.decode(body).unwrap();
    let public = *holder().verifying_key().as_bytes();
    let at = bytes.windows(32).rposition(|window| window == public).unwrap();
    let key = SigningKey::from_seed(&bytes[at - 32..at].try_into().unwrap());
    assert_eq!(key.verifying_key(), holder().verifying_key());
    key
}

fn held_draft(facts: Vec<Fact>) -> Draft {
    let status = StatusRef::new(&LIST, 77);
    Draft { holder: Some(holder().verifying_key()), status, ..draft(holder_audience(), facts) }
}

fn held(facts: Vec<Fact>) -> Issued {
    issue(&held_draft(facts), &issuer(), now(), &Counted::default()).unwrap()
}

fn example() -> Issued {
    held(vec![balance(), transactions()])
}

fn pass_on(token: &str, subset: &Subset, at: Timestamp) -> Result<Token, PresentError> {
    let key = holder();
    present(token, subset, &Presentation { audience: reader(), nonce: NONCE, key: &key }, at)
}

/// The balance left out, and the second of three rows.
fn narrow() -> Subset {
    Subset::default().with_rows(1, [0, 2])
}

fn presented() -> String {
    pass_on(example().token.as_str(), &narrow(), now()).unwrap().as_str().to_owned()
}

fn check_at(token: &str, at: Timestamp) -> Result<Verified, VerifyError> {
    verify(token, &Expectation { now: at, audience: ExpectedAudience::OneOf(&[reader()]) })
}

fn check(token: &str) -> Result<Verified, VerifyError> {
    check_at(token, now())
}

fn own(token: &str) -> Verified {
    verify(token, &Expectation { now: now(), audience: ExpectedAudience::OneOf(&[holder_audience()]) })
        .unwrap()
}

#[test]
fn a_part_verifies_for_its_new_reader_and_counts_what_is_missing() {
    let issued = example();
    let copy = own(issued.token.as_str());
    assert_eq!(copy.holder, Some(holder().verifying_key()));
    assert_eq!((copy.presented.is_none(), copy.withheld_facts), (true, 0));
    let read = check(&presented()).unwrap();
    assert_eq!((read.audience, read.audience_checked), (reader(), true));
    assert_eq!((&read.id, read.issuer, read.ledger_root), (&copy.id, copy.issuer, copy.ledger_root));
    assert_eq!((&read.purpose, read.terms, read.expires), (&copy.purpose, copy.terms, copy.expires));
    let by = read.presented.clone().unwrap();
    assert_eq!((by.holder, by.at), (holder().verifying_key().fingerprint(), now()));
    assert_eq!((by.nonce.as_str(), by.first_audience), (NONCE, holder_audience()));
    assert_eq!((read.facts.len(), read.withheld_facts), (1, 1));
    let Fact::Transactions(rows) = &read.facts[0] else { panic!("{:?}", read.facts) };
    assert_eq!((rows.rows.len(), rows.withheld, rows.selection.matched), (2, 1, 3));
    assert_eq!(rows.rows[1].information.as_deref(), Some("Example GmbH, order 4711"));
    assert!(!presented().contains(issued.token.as_str().split('~').nth(3).unwrap()));
    let passed = narrow().of(&copy).unwrap();
    assert_eq!((&passed.facts, passed.withheld_facts), (&read.facts, read.withheld_facts));
    // All of it, and a fact's count alone.
    let all = pass_on(issued.token.as_str(), &Subset::everything(&copy), now()).unwrap();
    assert_eq!(check(all.as_str()).unwrap().facts, copy.facts);
    let count = pass_on(issued.token.as_str(), &Subset::default().with_rows(1, []), now()).unwrap();
    let Fact::Transactions(rows) = &check(count.as_str()).unwrap().facts[0] else { panic!() };
    assert_eq!((rows.rows.len(), rows.withheld), (0, 3));
}

#[test]
fn it_is_for_its_reader_alone_and_for_its_time() {
    let token = presented();
    let for_holder = Expectation { now: now(), audience: ExpectedAudience::OneOf(&[holder_audience()]) };
    assert_eq!(verify(&token, &for_holder), Err(VerifyError::WrongAudience));
    let unchecked = Expectation { now: now(), audience: ExpectedAudience::Unchecked };
    assert!(!verify(&token, &unchecked).unwrap().audience_checked);
    let week = 7 * 86_400;
    assert_eq!(check_at(&token, after(week)), Err(VerifyError::Expired { expired: after(week) }));
    let later = pass_on(example().token.as_str(), &narrow(), after(100)).unwrap();
    assert_eq!(check_at(later.as_str(), after(39)), Err(VerifyError::ClockSuspect { issued: after(100) }));
    assert!(check_at(later.as_str(), after(40)).is_ok());
    assert!(check_at(later.as_str(), after(week - 1)).is_ok());
    // Its nonce says whether it answers this very question.
    let read = check(&token).unwrap();
    assert_eq!(read.check_nonce(NONCE), Ok(()));
    assert!(matches!(read.check_nonce("another"), Err(VerifyError::Invalid(_))));
    assert!(matches!(own(example().token.as_str()).check_nonce(NONCE), Err(VerifyError::Invalid(_))));
}

#[test]
fn what_may_not_be_passed_on_is_refused_with_the_reason() {
    let refused = |token: &str| pass_on(token, &Subset::default().with_fact(0), now()).unwrap_err();
    let plain = issued(holder_audience());
    assert_eq!(refused(plain.token.as_str()), PresentError::NoHolder);
    let prohibited = Terms { onward_sharing: OnwardSharing::Prohibited, ..Terms::default() };
    let no = Draft { terms: prohibited, ..draft(holder_audience(), vec![balance()]) };
    let token = issue(&no, &issuer(), now(), &Seeded::new(1)).unwrap().token;
    assert_eq!(refused(token.as_str()), PresentError::Prohibited);
    // A key under terms that prohibit its use is not even signed.
    let both = Draft { terms: prohibited, ..held_draft(vec![balance()]) };
    assert!(matches!(
        issue(&both, &issuer(), now(), &Seeded::new(1)).unwrap_err(),
        IssueError::SelfCheck(VerifyError::Invalid(_))
    ));
    assert_eq!(refused(&presented()), PresentError::PassedOnAlready);
    let other = Draft { holder: Some(issuer().verifying_key()), ..held_draft(vec![balance()]) };
    let token = issue(&other, &issuer(), now(), &Seeded::new(1)).unwrap().token;
    assert_eq!(refused(token.as_str()), PresentError::NotTheHolder);
    let week = after(7 * 86_400);
    let token = example().token;
    assert_eq!(
        pass_on(token.as_str(), &narrow(), week).unwrap_err(),
        PresentError::NotVerified(VerifyError::Expired { expired: week })
    );
    assert!(matches!(refused("x~"), PresentError::NotVerified(VerifyError::Invalid(_))));
    let subset = |subset: Subset| pass_on(token.as_str(), &subset, now()).unwrap_err();
    assert_eq!(subset(Subset::default()), PresentError::NothingChosen);
    assert_eq!(subset(Subset::default().with_fact(2)), PresentError::NoSuchFact { fact: 3, of: 2 });
    let row = |fact, row, of| PresentError::NoSuchRow { fact, row, of };
    assert_eq!(subset(Subset::default().with_rows(1, [3])), row(2, 4, 3));
    assert_eq!(subset(Subset::default().with_rows(0, [0])), row(1, 1, 0));
    let key = holder();
    for nonce in ["", "two\nlines", "\u{202e}", &"n".repeat(MAX_NONCE_LEN + 1)] {
        let to = Presentation { audience: reader(), nonce, key: &key };
        assert_eq!(present(token.as_str(), &narrow(), &to, now()).unwrap_err(), PresentError::BadNonce);
    }
    assert_eq!(random_nonce(&Seeded::new(1)).unwrap().len(), 22);
}

#[test]
fn a_change_of_any_byte_after_binding_fails() {
    let token = presented();
    for at in 0..token.len() {
        for bit in [0, 1, 5] {
            let mut bytes = token.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            assert!(matches!(check(&text), Err(VerifyError::Invalid(_))), "byte {at} bit {bit}");
        }
        // Cut right after a tilde it is the holder's own token again, which is not for this reader.
        let cut = check(&token[..at]).unwrap_err();
        assert!(matches!(cut, VerifyError::Invalid(_) | VerifyError::WrongAudience), "cut at {at}: {cut}");
    }
}

/// A key-binding part signed by the genuine holder over what the forger likes.
fn bound(presented: &str, header: &Value, payload: &Value) -> String {
    let signed = format!("{}.{}", b64(header.to_string()), b64(payload.to_string()));
    let signature = holder_signing_key().sign(signed.as_bytes());
    format!("{presented}{signed}.{}", b64(signature.to_bytes()))
}

fn good_header() -> Value {
    json!({"alg": "EdDSA", "typ": "kb+jwt"})
}

fn good_payload(presented: &str) -> Value {
    json!({"iat": NOW_S, "aud": reader().to_string(), "nonce": NONCE, "sd_hash": digest(presented)})
}

/// What stands before the key-binding part.
fn before_binding(token: &str) -> &str {
    &token[..=token.rfind('~').unwrap()]
}

#[track_caller]
fn refused(token: &str, why: &str) {
    match check(token) {
        Err(VerifyError::Invalid(what)) => assert_eq!(what, why),
        other => panic!("expected \"{why}\", got {other:?}"),
    }
}

#[test]
fn hostile_key_bindings_are_refused() {
    let token = presented();
    let sd = before_binding(&token);
    assert_eq!(bound(sd, &good_header(), &good_payload(sd)).len(), token.len(), "the forge makes good ones");
    assert!(check(&bound(sd, &good_header(), &good_payload(sd))).is_ok());
    let specified = json!({"alg": "Ed25519", "typ": "kb+jwt"});
    assert!(check(&bound(sd, &specified, &good_payload(sd))).is_ok());
    let header_form = "the header of the key binding";
    for (member, value, why) in [
        ("typ", json!("JWT"), "another type of key binding"),
        ("typ", json!(TYP), "another type of key binding"),
        ("typ", json!("KB+JWT"), "another type of key binding"),
        ("typ", Value::Null, header_form),
        ("alg", json!("none"), "another signature algorithm of the key binding"),
        ("alg", json!("HS256"), "another signature algorithm of the key binding"),
        ("jwk", json!({"crv": "Ed25519", "kty": "OKP", "x": b64([1; 32])}), header_form),
        ("kid", json!("me"), header_form),
        ("crit", json!(["exp"]), header_form),
    ] {
        let mut header = good_header();
        header[member] = value;
        refused(&bound(sd, &header, &good_payload(sd)), why);
    }
    let form = "the payload of the key binding";
    for (member, value, why) in [
        ("sd_hash", json!(digest("")), "a key binding of another copy"),
        ("sd_hash", json!(digest(sd.split('~').next().unwrap())), "a key binding of another copy"),
        ("aud", json!("everybody"), "an audience of the key binding that is none"),
        ("aud", json!([reader().to_string()]), form),
        ("nonce", json!(""), "a nonce of the wrong form"),
        ("nonce", json!("n".repeat(MAX_NONCE_LEN + 1)), "a nonce of the wrong form"),
        ("nonce", json!("a\u{0}b"), "JSON that is not strict"),
        ("nonce", json!(7), form),
        ("iat", json!(NOW_S - 61), "passed on before it was made"),
        ("iat", json!(NOW_S + 7 * 86_400), "passed on after it expired"),
        ("iat", json!(i64::MAX), "a time beyond all calendars"),
        ("iat", json!("now"), form),
        ("exp", json!(NOW_S + 60), form),
        ("_sd", json!([]), form),
    ] {
        let mut payload = good_payload(sd);
        payload[member] = value;
        refused(&bound(sd, &good_header(), &payload), why);
    }
    for member in ["iat", "aud", "nonce", "sd_hash"] {
        let mut payload = good_payload(sd);
        payload.as_object_mut().unwrap().remove(member).unwrap();
        refused(&bound(sd, &good_header(), &payload), form);
    }
    let mut other = good_payload(sd);
    other["aud"] = json!(holder_audience().to_string());
    assert_eq!(check(&bound(sd, &good_header(), &other)), Err(VerifyError::WrongAudience));
    let mut early = good_payload(sd);
    early["iat"] = json!(NOW_S + 61);
    let suspect = check(&bound(sd, &good_header(), &early));
    assert_eq!(suspect, Err(VerifyError::ClockSuspect { issued: after(61) }));
}

/// Forgeries by name, as they are frozen; each is refused as invalid.
fn forgeries() -> Vec<(&'static str, String)> {
    let issued = example();
    let all: Vec<&str> = issued.token.as_str().split('~').collect();
    let good = presented();
    let sd = before_binding(&good);
    let kb = &good[sd.len()..];
    let with = |member: &str, value: Value| {
        let mut header = good_header();
        header[member] = value;
        bound(sd, &header, &good_payload(sd))
    };
    let mut unknown = good_payload(sd);
    unknown["scope"] = json!("all");
    let whole = before_binding(issued.token.as_str());
    let signed = kb.rsplit_once('.').unwrap().0;
    let by_issuer = b64(SigningKey::from_seed(&[7; 32]).sign(signed.as_bytes()).to_bytes());
    let unsigned =
        format!("{}.{}.", b64(br#"{"alg":"none","typ":"kb+jwt"}"#), signed.split_once('.').unwrap().1);
    let plain = issue(&draft(holder_audience(), vec![balance()]), &issuer(), now(), &Counted::default());
    let plain = plain.unwrap().token.as_str().to_owned();
    let orphan = b64(format!("[\"{}\",{{}}]", b64([1; 16])));
    vec![
        ("invalid-sd-hash-of-another-subset", bound(sd, &good_header(), &good_payload(whole))),
        ("invalid-binding-moved-to-the-whole-token", format!("{whole}{kb}")),
        ("invalid-row-added-after-binding", format!("{sd}{}~{kb}", all[3])),
        ("invalid-row-removed-after-binding", format!("{}{kb}", sd.replace(&format!("{}~", all[4]), ""))),
        ("invalid-disclosures-exchanged-after-binding", exchanged(sd) + kb),
        ("invalid-unreferenced-disclosure", {
            let sd = format!("{sd}{orphan}~");
            bound(&sd, &good_header(), &good_payload(&sd))
        }),
        ("invalid-binding-by-the-issuer", format!("{sd}{signed}.{by_issuer}")),
        ("invalid-binding-of-type-jwt", with("typ", json!("JWT"))),
        ("invalid-binding-alg-none", format!("{sd}{unsigned}")),
        (
            "invalid-binding-brings-its-own-key",
            with("jwk", json!({"crv": "Ed25519", "kty": "OKP", "x": b64([1; 32])})),
        ),
        ("invalid-binding-unknown-member", bound(sd, &good_header(), &unknown)),
        ("invalid-binding-without-cnf", bound(&plain, &good_header(), &good_payload(&plain))),
        ("invalid-bound-twice", format!("{good}~{kb}")),
    ]
}

/// The same disclosures in another order.
fn exchanged(sd: &str) -> String {
    let mut parts: Vec<&str> = sd.split_terminator('~').collect();
    parts.swap(1, 2);
    parts.join("~") + "~"
}

#[test]
fn each_forgery_is_refused() {
    let forgeries = forgeries();
    let mut texts: Vec<&String> = forgeries.iter().map(|(_, text)| text).collect();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), forgeries.len());
    for (name, token) in forgeries {
        let error = check(&token).expect_err(name);
        assert_eq!(error.verdict(), Verdict::Invalid, "{name}: {error}");
        let unchecked = Expectation { now: now(), audience: ExpectedAudience::Unchecked };
        assert!(verify(&token, &unchecked).is_err(), "{name} also where nobody asks for the audience");
    }
    // Without the binding it is the holder's token, and says so to everybody else.
    let good = presented();
    assert_eq!(check(before_binding(&good)), Err(VerifyError::WrongAudience));
    assert_eq!(own(before_binding(&good)).withheld_facts, 1);
    // Bound in another order from the start, it is as good as any.
    let sd = exchanged(before_binding(&good));
    assert!(check(&bound(&sd, &good_header(), &good_payload(&sd))).is_ok());
}

#[test]
fn hostile_holder_keys_are_refused() {
    let issued = example();
    let (jwt, rest) = issued.token.as_str().split_once('~').unwrap();
    let parts: Vec<&str> = jwt.split('.').collect();
    let payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let signed = |bend: &dyn Fn(&mut Value)| {
        let mut payload = payload.clone();
        bend(&mut payload);
        let text = format!("{}.{}", parts[0], b64(payload.to_string()));
        let signature = SigningKey::from_seed(&[7; 32]).sign(text.as_bytes());
        let token = format!("{text}.{}~{rest}", b64(signature.to_bytes()));
        verify(&token, &Expectation { now: now(), audience: ExpectedAudience::Unchecked })
    };
    assert!(signed(&|_| ()).is_ok());
    let because = |bend: &dyn Fn(&mut Value)| match signed(bend) {
        Err(VerifyError::Invalid(why)) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(because(&|payload| payload["cnf"] = Value::Null), "the payload");
    assert_eq!(because(&|payload| payload["cnf"] = json!({"kid": "me"})), "the payload");
    assert_eq!(because(&|payload| payload["cnf"]["kid"] = json!("me")), "the payload");
    assert_eq!(because(&|payload| payload["cnf"]["jwk"]["d"] = json!("AA")), "the payload");
    assert_eq!(because(&|payload| payload["cnf"]["jwk"]["crv"] = json!("P-256")), "another kind of key");
    assert_eq!(because(&|payload| payload["cnf"]["jwk"]["x"] = json!(b64([0; 32]))), "a key that is none");
    assert_eq!(
        because(&|payload| payload["terms"]["onward_sharing"] = json!("prohibited")),
        "a key to pass it on with, under terms that prohibit it"
    );
}

#[test]
fn documents_travel_with_their_fact_and_endorsements_always() {
    let facts = [vec![balance()], every_kind()].concat();
    let last = facts.len() - 1;
    let copy = own(held(facts).token.as_str());
    let beside =
        [Enclosure::Document(b"a statement".to_vec()), Enclosure::Endorsement("e30.e30.AA".to_owned())];
    let with = enclosures_passed_on(&Subset::default().with_fact(last).of(&copy).unwrap(), &beside);
    assert_eq!(with, beside);
    let without = enclosures_passed_on(&Subset::default().with_fact(0).of(&copy).unwrap(), &beside);
    assert_eq!(without, &beside[1..]);
}

#[test]
fn revocation_reaches_the_third_party_and_a_receipt_names_their_copy() {
    let token = presented();
    let read = check(&token).unwrap();
    let list = sign_status_list(&LIST, 0, &[77], Lifetime::default(), after(10), &issuer()).unwrap();
    let revocation = StatusList::read(&list).unwrap().check(&read, after(10));
    assert_eq!(revocation, Revocation::Revoked { as_of: after(10) });
    let other = sign_status_list(&LIST, 0, &[], Lifetime::default(), after(10), &issuer()).unwrap();
    let revocation = StatusList::read(&other).unwrap().check(&read, after(10));
    assert_eq!(revocation, Revocation::NotRevoked { as_of: after(10) });
    let digest = FileDigest::from_bytes(Sha256::digest(&token).into());
    let receipt = make_receipt(&read, digest, after(10), &holder()).unwrap();
    let receipt = Receipt::read(&receipt, after(10)).unwrap();
    assert!(receipt.matches(&read, digest, &holder().verifying_key()));
    let original = example().token;
    assert!(!receipt.matches(&own(original.as_str()), original.digest(), &holder().verifying_key()));
}

fn many_rows(rows: &[u8], suppressed: u64) -> Fact {
    let Fact::Transactions(mut fact) = transactions() else { unreachable!() };
    fact.rows =
        rows.iter().map(|n| row(i8::try_from(n % 31).unwrap() + 1, -i64::from(*n), "Corner Cafe")).collect();
    fact.selection.matched = rows.len() as u64 + suppressed;
    fact.selection.suppressed = suppressed;
    Fact::Transactions(fact)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_part_verifies_and_its_counts_add_up(
        sizes in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..6), 0u64..3), 1..4),
        keep in prop::collection::vec(any::<bool>(), 4),
        rows_kept in prop::collection::vec(prop::option::of(any::<[bool; 6]>()), 4),
        nonce in "[ -~]{1,40}",
        broken in any::<prop::sample::Index>(),
    ) {
        let mut facts = vec![balance()];
        facts.extend(sizes.iter().map(|(rows, suppressed)| many_rows(rows, *suppressed)));
        prop_assume!(keep.iter().take(facts.len()).any(|kept| *kept));
        let issued = held(facts.clone());
        let mut subset = Subset::default();
        for (place, fact) in facts.iter().enumerate().filter(|(place, _)| keep[*place]) {
            subset = match (fact, rows_kept[place]) {
                (Fact::Transactions(fact), Some(kept)) => {
                    subset.with_rows(place, (0..fact.rows.len()).filter(|row| kept[*row]))
                }
                _ => subset.with_fact(place),
            };
        }
        let key = holder();
        let to = Presentation { audience: reader(), nonce: &nonce, key: &key };
        let token = present(issued.token.as_str(), &subset, &to, now()).unwrap();
        let read = check(token.as_str()).unwrap();
        prop_assert_eq!(read.check_nonce(&nonce), Ok(()));
        prop_assert_eq!(read.facts.len() as u64 + read.withheld_facts, facts.len() as u64);
        let kept: Vec<usize> = (0..facts.len()).filter(|place| keep[*place]).collect();
        for (fact, place) in read.facts.iter().zip(&kept) {
            let (Fact::Transactions(fact), Fact::Transactions(whole)) = (fact, &facts[*place]) else { continue };
            let chosen: Vec<_> = whole.rows.iter().enumerate()
                .filter(|(row, _)| rows_kept[*place].is_none_or(|kept| kept[*row]))
                .map(|(_, row)| row.clone())
                .collect();
            prop_assert_eq!(&fact.rows, &chosen);
            let counted = fact.rows.len() as u64 + fact.withheld + fact.selection.suppressed;
            prop_assert_eq!(counted, fact.selection.matched);
        }
        // Nothing that was left out can be put back, and nothing that is there be taken out.
        let (sd, kb) = token.as_str().split_at(before_binding(token.as_str()).len());
        for part in issued.token.as_str().split('~').skip(1).filter(|part| !part.is_empty()) {
            let bent = match sd.contains(part) {
                true => sd.replace(&format!("~{part}~"), "~"),
                false => format!("{sd}{part}~"),
            };
            let bent = check(&format!("{bent}{kb}"));
            prop_assert!(matches!(bent, Err(VerifyError::Invalid(_))));
        }
        let mut bytes = token.as_str().as_bytes().to_vec();
        let at = broken.index(bytes.len());
        bytes[at] ^= 1;
        prop_assert!(check(&String::from_utf8_lossy(&bytes)).is_err());
    }

    #[test]
    fn no_key_binding_makes_it_panic(text in "[ -~]{0,80}", parts in prop::collection::vec("[A-Za-z0-9_-]{0,40}", 0..5)) {
        let token = presented();
        let sd = before_binding(&token);
        let (any, three) = (format!("{sd}{text}"), format!("{sd}{}", parts.join(".")));
        prop_assert!(check(&any).is_err());
        prop_assert!(check(&three).is_err());
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/presentation")
}

fn text(name: &str) -> String {
    let read = std::fs::read_to_string(folder().join(name));
    read.unwrap_or_else(|error| panic!("{name}: {error}")).trim_end().to_owned()
}

#[test]
fn the_frozen_tokens_are_made_and_read() {
    assert_eq!(example().token.as_str(), text("held.token"));
    assert_eq!(presented(), text("presented.token"));
    assert_eq!(check(&text("presented.token")).unwrap().withheld_facts, 1);
    assert_eq!(check(&text("other-audience-binding-stripped.token")), Err(VerifyError::WrongAudience));
}

/// Every file `invalid-*.token` says in its name why it must be refused.
#[test]
fn each_frozen_forgery_is_refused() {
    let mut seen = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(stem) = name.strip_suffix(".token").filter(|stem| stem.starts_with("invalid-")) else {
            continue;
        };
        let error = check(&text(&name)).expect_err(&name);
        assert_eq!(error.verdict(), Verdict::Invalid, "{name}: {error}");
        seen.push(stem.to_owned());
    }
    for (name, _) in forgeries() {
        assert!(seen.iter().any(|stem| stem == name), "{name} is not frozen");
    }
}

#[test]
#[cfg(feature = "age")]
fn the_frozen_sealed_files_open() {
    let identity = std::fs::read(folder().join("../disclosure/identity.txt")).unwrap();
    let reader_keys = Identities::parse(&identity, None).unwrap();
    assert_eq!(reader_keys.audiences(), [reader()]);
    let sealed = std::fs::read(folder().join("presented.age")).unwrap();
    let opened = open(&sealed, OpenWith::Identities(&reader_keys)).unwrap();
    assert_eq!(opened.token, text("presented.token"));
    let holder_keys = Identities::parse(HOLDER.as_bytes(), None).unwrap();
    assert_eq!(holder_keys.audiences(), [holder_audience()]);
    assert_eq!(holder_keys.recipients().next().unwrap().signing_key(), Some(holder().verifying_key()));
    assert_eq!(open(&sealed, OpenWith::Identities(&holder_keys)).err(), Some(OpenError::NotForRecipient));
}

#[test]
fn the_document_shows_what_the_code_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/disclosure-format.md");
    let document = std::fs::read_to_string(path).unwrap();
    let token = presented();
    let sd = before_binding(&token);
    let decoded = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let binding: Vec<&str> = token[sd.len()..].split('.').collect();
    let sha256: String = Sha256::digest(&token).iter().map(|byte| format!("{byte:02x}")).collect();
    let cnf = b64(holder().verifying_key().as_bytes());
    for shown in [
        decoded(binding[0]),
        decoded(binding[1]),
        sha256,
        format!(r#""cnf":{{"jwk":{{"crv":"Ed25519","kty":"OKP","x":"{cnf}"}}}}"#),
        holder_audience().to_string(),
        format!("1 to {MAX_NONCE_LEN} bytes"),
        BINDING_TYP.to_owned(),
    ] {
        assert!(document.contains(&shown), "not in the document: {shown}");
    }
}

/// Writes the vectors anew; run by hand, once, when the format gets a new version:
/// `cargo test --test disclosure_presentation -- --ignored write_the_vectors`.
#[test]
#[cfg(feature = "age")]
#[ignore = "writes files"]
fn write_the_vectors() {
    std::fs::create_dir_all(folder()).unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder().join(name), bytes).unwrap();
    write("held.token", format!("{}\n", example().token.as_str()).as_bytes());
    let token = pass_on(example().token.as_str(), &narrow(), now()).unwrap();
    write("presented.token", format!("{}\n", token.as_str()).as_bytes());
    let key: RecipientKey = READER.parse().unwrap();
    write("presented.age", &seal(&token, &SealTo::Recipient(&key)).unwrap());
    let stripped = before_binding(token.as_str());
    write("other-audience-binding-stripped.token", format!("{stripped}\n").as_bytes());
    for (name, token) in forgeries() {
        write(&format!("{name}.token"), format!("{token}\n").as_bytes());
    }
}
