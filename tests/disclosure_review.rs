//! Drafts, approvals and endorsements: what is signed when, what each is worth, and every forgery that is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "age")]

mod disclosure_fixture;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use disclosure_fixture::*;
use finvault::crypto::sign::{Fingerprint, SigningKey};
use finvault::disclosure::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

const AGE: &[u8] = include_bytes!("fixtures/disclosure/age-identity.txt");
const OTHER: &[u8] = include_bytes!("fixtures/disclosure/other-identity.txt");
const CPA: &[u8] = include_bytes!("fixtures/disclosure/ssh-plain");
const LAWYER: &[u8] = include_bytes!("fixtures/cli/test-only-ssh-ed25519");

fn identities(file: &[u8]) -> Identities {
    Identities::parse(file, None).unwrap()
}

fn key(file: &[u8]) -> RecipientKey {
    identities(file).recipients().next().unwrap().clone()
}

fn signer(file: &[u8]) -> ReceiptKey {
    ReceiptKey::from_openssh(file).unwrap()
}

fn fingerprint(file: &[u8]) -> Fingerprint {
    signer(file).verifying_key().fingerprint()
}

fn unsigned() -> Unsigned {
    let draft = draft(key(AGE).audience(), vec![balance(), transactions()]);
    prepare(&draft, &issuer().verifying_key(), now(), &Counted::default()).unwrap()
}

fn copy() -> ReviewCopy {
    let reviewers = [fingerprint(CPA), fingerprint(LAWYER)];
    unsigned().for_review("Example Lender", &reviewers, now(), &issuer()).unwrap()
}

fn for_review() -> DraftForReview {
    DraftForReview::read(copy().as_str(), after(60)).unwrap()
}

fn approval() -> String {
    make_approval(&for_review(), Decision::Approved, None, after(3_600), &signer(CPA)).unwrap()
}

fn endorsement(facts: &[usize]) -> String {
    let note = Some("Agrees with the ledger that I keep");
    make_endorsement(&for_review(), "CPA", facts, note, after(3_600), &signer(CPA)).unwrap()
}

fn token() -> Token {
    unsigned().sign(&issuer()).unwrap().token
}

fn verified(token: &str) -> Verified {
    verify(token, &Expectation { now: after(7_200), audience: ExpectedAudience::Unchecked }).unwrap()
}

/// The same disclosure as a recipient may pass it on: without its first fact.
fn without_the_balance() -> Verified {
    let token = token();
    let mut parts: Vec<&str> = token.as_str().split('~').collect();
    parts.remove(1);
    verified(&parts.join("~"))
}

fn endorsed(jwt: &str, disclosure: &Verified) -> Result<Vec<Endorsed>, VerifyError> {
    check_enclosures(disclosure, &[Enclosure::Endorsement(jwt.to_owned())]).map(|all| all.endorsements)
}

/// A JWT that says anything, well signed by somebody.
fn forged(typ: &str, payload: impl FnOnce(&str) -> Value) -> String {
    let key = SigningKey::from_seed(&[9; 32]);
    let public = key.verifying_key();
    let x = URL_SAFE_NO_PAD.encode(public.as_bytes());
    let header = json!({"alg": "EdDSA", "jwk": {"crv": "Ed25519", "kty": "OKP", "x": x},
        "kid": public.fingerprint().to_base64url(), "typ": typ});
    let payload = payload(&public.fingerprint().to_uri());
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", encode(header), encode(payload));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes()).to_bytes());
    format!("{input}.{signature}")
}

/// A good endorsement by somebody, changed.
fn forged_endorsement(change: impl FnOnce(&mut Value)) -> String {
    forged(ENDORSEMENT_TYP, |iss| {
        let mut payload = good_payload(iss);
        change(&mut payload);
        payload
    })
}

fn good_payload(iss: &str) -> Value {
    let disclosure = verified(token().as_str());
    let facts: Vec<String> =
        disclosure.slots.iter().map(|slot| URL_SAFE_NO_PAD.encode(slot.digest.as_bytes())).collect();
    json!({"iss": iss, "disclosure_sha256": disclosure.digest.to_string(), "jti": disclosure.id,
        "facts": facts, "role": "CPA", "iat": NOW_S + 60})
}

#[test]
fn preparing_and_signing_is_issuing() {
    let issued = issued(key(AGE).audience());
    assert_eq!(token().as_str(), issued.token.as_str());
    assert_eq!(verified(issued.token.as_str()).digest, unsigned().digest());
    let text = unsigned();
    let input = text.as_str().split('~').next().unwrap();
    assert_eq!(text.digest(), FileDigest::from_bytes(Sha256::digest(input).into()));
    assert_eq!(without_the_balance().digest, text.digest(), "forwarding changes nothing of it");
    assert_eq!(Unsigned::read(text.as_str().to_owned()).unwrap(), text);
    let other = IssuerKey::from_seed(&[8; 32]);
    assert_eq!(text.sign(&other).err(), Some(IssueError::OtherKey));
    assert!(text.for_review("Example Lender", &[fingerprint(CPA)], now(), &other).is_err());
}

#[test]
fn a_draft_is_worth_nothing_as_a_disclosure() {
    let expectation = Expectation { now: after(60), audience: ExpectedAudience::Unchecked };
    let (unsigned, copy) = (unsigned(), copy());
    let envelope = copy.as_str().lines().next().unwrap().strip_prefix("draft ").unwrap();
    let (input, disclosures) = unsigned.as_str().split_once('~').unwrap();
    let signature = envelope.rsplit('.').next().unwrap();
    for text in [
        unsigned.as_str(),
        copy.as_str(),
        envelope,
        &format!("{envelope}~"),
        &format!("{envelope}~{disclosures}"),
        &format!("{input}.~{disclosures}"),
        &format!("{input}.{signature}~{disclosures}"),
    ] {
        let error = verify(text, &expectation).unwrap_err();
        assert!(matches!(error, VerifyError::Invalid(_)), "{error}: {text:.60}");
    }
    let with = identities(AGE);
    let sealed = seal_draft(&copy, &[key(AGE)]).unwrap();
    for file in [sealed.as_slice(), copy.as_str().as_bytes()] {
        assert_eq!(open(file, OpenWith::Identities(&with)).err(), Some(OpenError::Draft));
    }
    assert_eq!(OpenError::Draft.verdict(), Some(Verdict::Invalid));
    let disclosure = seal(&token(), &SealTo::Recipient(&key(AGE))).unwrap();
    for file in [disclosure.as_slice(), token().as_str().as_bytes()] {
        assert_eq!(open_draft(file, OpenWith::Identities(&with)).err(), Some(OpenError::NotADraft));
    }
}

#[test]
fn each_reviewer_opens_the_draft_and_nobody_else() {
    let reviewers = [key(AGE), key(CPA), key(LAWYER)];
    let file = seal_draft(&copy(), &reviewers).unwrap();
    for reviewer in [AGE, CPA, LAWYER] {
        let text = open_draft(&file, OpenWith::Identities(&identities(reviewer))).unwrap();
        let draft = DraftForReview::read(&text, after(60)).unwrap();
        assert_eq!(draft, for_review());
    }
    assert_eq!(open_draft(&file, OpenWith::Identities(&identities(OTHER))), Err(OpenError::NotForRecipient));
    assert_eq!(seal_draft(&copy(), &[]), Err(SealError::Age));
    // Every byte of the header, and one here and there of what is sealed.
    let header = file.windows(5).position(|window| window == b"\n--- ").unwrap() + 60;
    for at in (0..header).chain((header..file.len()).step_by(997)) {
        let mut altered = file.clone();
        altered[at] ^= 1;
        let opened = open_draft(&altered, OpenWith::Identities(&identities(CPA)));
        assert!(matches!(opened, Err(OpenError::Altered | OpenError::NotADraft)), "byte {at}: {opened:?}");
    }
}

#[test]
fn a_draft_says_whose_it_is_for_whom_and_who_is_asked() {
    let draft = for_review();
    assert_eq!(draft.proposed, *unsigned().claims());
    assert_eq!(draft.proposed.facts, vec![balance(), transactions()]);
    assert_eq!(draft.proposed.issuer, issuer().fingerprint());
    assert_eq!((draft.recipient.as_str(), draft.drafted), ("Example Lender", now()));
    assert_eq!(draft.reviewers, [fingerprint(CPA), fingerprint(LAWYER)]);
    let at = |moment| DraftForReview::read(copy().as_str(), moment).unwrap_err();
    assert!(matches!(at(after(-61)), VerifyError::ClockSuspect { .. }));
    assert!(matches!(at(after(7 * 86_400)), VerifyError::Expired { .. }));
    for wrong in [&[][..], &[fingerprint(CPA), fingerprint(CPA)], &vec![fingerprint(CPA); 17]] {
        let made = unsigned().for_review("Example Lender", wrong, now(), &issuer());
        assert_eq!(made.err(), Some(IssueError::BadReviewers));
    }
    assert!(unsigned().for_review("\u{7}", &[fingerprint(CPA)], now(), &issuer()).is_err());
}

#[test]
fn every_altered_byte_of_a_draft_is_noticed() {
    let text = copy().as_str().trim_end().to_owned();
    for at in 0..text.len() {
        let mut altered = text.clone().into_bytes();
        altered[at] ^= 1;
        let Ok(altered) = String::from_utf8(altered) else { continue };
        assert!(DraftForReview::read(&altered, after(60)).is_err(), "byte {at}");
        assert!(DraftForReview::read(&text[..at], after(60)).is_err(), "cut at {at}");
    }
}

#[test]
fn an_envelope_holds_one_whole_disclosure() {
    let copy = copy();
    let mut lines = copy.as_str().lines();
    let (envelope, unsigned_line) = (lines.next().unwrap(), lines.next().unwrap());
    let read = |text: &str| DraftForReview::read(text, after(60));
    assert!(read(&format!("{envelope}\n{unsigned_line}\n   ")).is_ok());
    // Something left out, another disclosure, a third line, no line, the lines in another order.
    let mut parts: Vec<&str> = unsigned_line.split('~').collect();
    parts.remove(1);
    let less = parts.join("~");
    let other = prepare(
        &draft(key(AGE).audience(), vec![balance()]),
        &issuer().verifying_key(),
        now(),
        &Counted::default(),
    );
    let other = format!("unsigned {}", other.unwrap().as_str());
    let mut rows: Vec<&str> = unsigned_line.split('~').collect();
    rows.remove(2);
    for text in [
        format!("{envelope}\n{less}"),
        format!("{envelope}\n{}", rows.join("~")),
        format!("{envelope}\n{other}"),
        format!("{envelope}\n{unsigned_line}\n{unsigned_line}"),
        format!("{unsigned_line}\n{envelope}"),
        envelope.to_owned(),
        String::new(),
    ] {
        assert!(matches!(read(&text), Err(VerifyError::Invalid(_))), "{text:.40}");
    }
    // Another type of token in the envelope's place, and an envelope of somebody else.
    let typed = format!("draft {}\n{unsigned_line}", approval());
    assert!(matches!(read(&typed), Err(VerifyError::Invalid(_))));
    let stranger = forged(DRAFT_TYP, |iss| {
        json!({"iss": iss, "iat": NOW_S, "recipient": "Example Lender",
            "disclosure_sha256": unsigned().digest().to_string(), "reviewers": [fingerprint(CPA).to_uri()]})
    });
    assert!(matches!(read(&format!("draft {stranger}\n{unsigned_line}")), Err(VerifyError::Invalid(_))));
}

#[test]
fn an_approval_is_about_one_draft_under_one_key() {
    let read = Approval::read(&approval(), after(3_600)).unwrap();
    let (cpa, lawyer) = (signer(CPA).verifying_key(), signer(LAWYER).verifying_key());
    assert_eq!((read.decision, read.note.as_deref()), (Decision::Approved, None));
    assert_eq!((read.signer, read.decided), (cpa, after(3_600)));
    assert!(read.matches(unsigned().claims(), &cpa));
    assert!(!read.matches(unsigned().claims(), &lawyer));
    let other = draft(key(CPA).audience(), vec![balance()]);
    let other = prepare(&other, &issuer().verifying_key(), now(), &Counted::default()).unwrap();
    assert!(!read.matches(other.claims(), &cpa));
    assert!(matches!(Approval::read(&approval(), now()), Err(VerifyError::ClockSuspect { .. })));
    let decline =
        |reason| make_approval(&for_review(), Decision::Declined, reason, after(60), &signer(LAWYER));
    let declined = Approval::read(&decline(Some(" Too much ")).unwrap(), after(60)).unwrap();
    assert_eq!((declined.decision, declined.note.as_deref()), (Decision::Declined, Some("Too much")));
    for reason in [None, Some(""), Some("a\nb"), Some("\u{202e}x"), Some(&*"x".repeat(501))] {
        assert!(matches!(decline(reason), Err(ReviewError::BadText(_))), "{reason:?}");
    }
    let asked = [fingerprint(LAWYER)];
    let copy = unsigned().for_review("Example Lender", &asked, now(), &issuer()).unwrap();
    let not_asked = DraftForReview::read(copy.as_str(), now()).unwrap();
    let made = make_approval(&not_asked, Decision::Approved, None, now(), &signer(CPA));
    assert_eq!(made.err(), Some(ReviewError::NotAReviewer));
    assert_eq!(
        make_endorsement(&not_asked, "CPA", &[], None, now(), &signer(CPA)).err(),
        Some(ReviewError::NotAReviewer)
    );
}

#[test]
fn every_altered_byte_of_an_approval_or_endorsement_is_refused() {
    let (approval, endorsement) = (approval(), endorsement(&[]));
    let disclosure = verified(token().as_str());
    assert!(endorsed(&endorsement, &disclosure).is_ok());
    for (text, is_approval) in [(&approval, true), (&endorsement, false)] {
        for at in 0..text.len() {
            for flip in [1, 2, 0x20] {
                let mut altered = text.clone().into_bytes();
                altered[at] ^= flip;
                let Ok(altered) = String::from_utf8(altered) else { continue };
                let refused = if is_approval {
                    Approval::read(&altered, after(3_600)).is_err()
                } else {
                    endorsed(&altered, &disclosure).is_err()
                };
                assert!(refused, "byte {at} xor {flip}");
            }
        }
    }
}

#[test]
fn an_approval_of_another_form_is_refused() {
    let good = |iss: &str| {
        json!({"iss": iss, "aud": issuer().fingerprint().to_uri(), "decision": "approved",
            "disclosure_sha256": unsigned().digest().to_string(), "iat": NOW_S})
    };
    assert!(Approval::read(&forged(APPROVAL_TYP, good), now()).is_ok());
    let changed = |name: &'static str, value: Value| {
        forged(APPROVAL_TYP, |iss| {
            let mut payload = good(iss);
            payload[name] = value;
            payload
        })
    };
    for text in [
        forged(ENDORSEMENT_TYP, good),
        forged(TYP, good),
        forged(RECEIPT_TYP, good),
        changed("extra", json!(1)),
        changed("note", Value::Null),
        changed("note", json!("")),
        changed("note", json!(" a ")),
        changed("note", json!("x".repeat(501))),
        changed("decision", json!("declined")),
        changed("decision", json!("Approved")),
        changed("iss", json!("somebody")),
        changed("disclosure_sha256", json!("00")),
        changed("note", json!("x".repeat(MAX_REVIEW_LEN))),
        String::new(),
        "a.b.c".to_owned(),
    ] {
        assert!(matches!(Approval::read(&text, now()), Err(VerifyError::Invalid(_))), "{text:.80}");
    }
}

#[test]
fn an_endorsement_says_which_facts_of_this_copy_it_covers() {
    let whole = verified(token().as_str());
    let all = endorsed(&endorsement(&[]), &whole).unwrap();
    assert_eq!((all[0].signer, all[0].role.as_str()), (fingerprint(CPA), "CPA"));
    assert_eq!(all[0].note.as_deref(), Some("Agrees with the ledger that I keep"));
    assert_eq!((all[0].facts.as_slice(), all[0].withheld, all[0].endorsed), (&[0, 1][..], 0, after(3_600)));
    let one = endorsed(&endorsement(&[1]), &whole).unwrap();
    assert_eq!((one[0].facts.as_slice(), one[0].withheld), (&[1][..], 0));
    // In a forwarded part, the second fact is the first one there.
    let part = without_the_balance();
    let all = endorsed(&endorsement(&[]), &part).unwrap();
    assert_eq!((all[0].facts.as_slice(), all[0].withheld), (&[0][..], 1));
    let gone = endorsed(&endorsement(&[0]), &part).unwrap();
    assert_eq!((gone[0].facts.as_slice(), gone[0].withheld), (&[][..], 1));
    for facts in [&[2][..], &[0, 0], &[usize::MAX]] {
        let made = make_endorsement(&for_review(), "CPA", facts, None, now(), &signer(CPA));
        assert_eq!(made.err(), Some(ReviewError::BadFacts), "{facts:?}");
    }
    for role in ["", " ", "a\u{1b}[2J", "C\nPA", &"x".repeat(65)] {
        let made = make_endorsement(&for_review(), role, &[], None, now(), &signer(CPA));
        assert!(matches!(made, Err(ReviewError::BadText(_))), "{role:?}");
    }
}

#[test]
fn an_endorsement_holds_beside_its_own_disclosure_alone() {
    let disclosure = verified(token().as_str());
    assert!(endorsed(&forged_endorsement(|_| {}), &disclosure).is_ok());
    let other = draft(key(CPA).audience(), vec![balance(), transactions()]);
    let other = issue(&other, &issuer(), now(), &Counted::default()).unwrap();
    let error = endorsed(&endorsement(&[]), &verified(other.token.as_str())).unwrap_err();
    assert_eq!(error, VerifyError::Invalid("an endorsement of another disclosure"));
    let refused: [(&str, String); 17] = [
        ("jti", forged_endorsement(|payload| payload["jti"] = json!("AAAAAAAAAAAAAAAAAAAAAA"))),
        ("digest", forged_endorsement(|payload| payload["disclosure_sha256"] = json!("0".repeat(64)))),
        ("no facts", forged_endorsement(|payload| payload["facts"] = json!([]))),
        ("a fact twice", forged_endorsement(|payload| payload["facts"][1] = payload["facts"][0].clone())),
        ("no slot", forged_endorsement(|payload| payload["facts"][0] = json!("A".repeat(43)))),
        ("no digest", forged_endorsement(|payload| payload["facts"][0] = json!("AA"))),
        ("a row", forged_endorsement(|payload| payload["facts"] = json!([row_digest()]))),
        (
            "too many",
            forged_endorsement(|payload| {
                payload["facts"] = vec![payload["facts"][0].clone(); MAX_ENDORSED_FACTS + 1].into();
            }),
        ),
        ("no role", forged_endorsement(|payload| payload["role"] = json!(""))),
        ("a long role", forged_endorsement(|payload| payload["role"] = json!("x".repeat(65)))),
        ("a null note", forged_endorsement(|payload| payload["note"] = Value::Null)),
        ("an escape", forged_endorsement(|payload| payload["note"] = json!("\u{1b}[2J"))),
        ("another member", forged_endorsement(|payload| payload["exp"] = json!(1))),
        ("another iss", forged_endorsement(|payload| payload["iss"] = json!(fingerprint(CPA).to_uri()))),
        ("before the draft", forged_endorsement(|payload| payload["iat"] = json!(NOW_S - 61))),
        ("after the end", forged_endorsement(|payload| payload["iat"] = json!(NOW_S + 7 * 86_400))),
        ("huge", forged_endorsement(|payload| payload["note"] = json!("x".repeat(MAX_REVIEW_LEN)))),
    ];
    for (what, jwt) in &refused {
        assert!(matches!(endorsed(jwt, &disclosure), Err(VerifyError::Invalid(_))), "{what}");
    }
    for jwt in [approval(), forged(APPROVAL_TYP, good_payload), forged(TYP, good_payload)] {
        assert!(matches!(endorsed(&jwt, &disclosure), Err(VerifyError::Invalid(_))), "another typ");
    }
}

/// The digest of a row's disclosure: signed, but no fact.
fn row_digest() -> String {
    let token = token();
    let row = token.as_str().split('~').nth(2).unwrap();
    URL_SAFE_NO_PAD.encode(Sha256::digest(row))
}

#[test]
fn one_signer_endorses_once_and_one_bad_word_spoils_the_file() {
    let disclosure = verified(token().as_str());
    let enclosure = |jwt: String| Enclosure::Endorsement(jwt);
    let (one, other) = (enclosure(endorsement(&[0])), enclosure(endorsement(&[1])));
    for pair in [[one.clone(), one.clone()], [one.clone(), other]] {
        let error = check_enclosures(&disclosure, &pair).unwrap_err();
        assert_eq!(error, VerifyError::Invalid("two endorsements of one signer"));
    }
    let two = [one.clone(), enclosure(forged_endorsement(|_| {}))];
    assert_eq!(check_enclosures(&disclosure, &two).unwrap().endorsements.len(), 2);
    let bad = [one, enclosure(forged_endorsement(|payload| payload["jti"] = json!("x")))];
    assert!(check_enclosures(&disclosure, &bad).is_err());
}

#[test]
fn a_review_is_one_line_or_two() {
    let both = ReviewFile { approval: approval(), endorsement: Some(endorsement(&[])) };
    let one = ReviewFile { approval: approval(), endorsement: None };
    for file in [both, one] {
        assert!(ReviewFile::from_text(&file.to_text()).unwrap() == file);
        assert!(ReviewFile::from_text(&file.to_text().replace('\n', "\r\n")).unwrap() == file);
    }
    let (approval, endorsement) = (approval(), endorsement(&[]));
    for text in [
        String::new(),
        approval.clone(),
        format!("endorsement {endorsement}\n"),
        format!("endorsement {endorsement}\napproval {approval}\n"),
        format!("approval {approval}\nendorsement {endorsement}\nendorsement {endorsement}\n"),
        format!("approval {approval}\n{endorsement}\n"),
        format!("approval {}", "x".repeat(3 * MAX_REVIEW_LEN)),
    ] {
        assert!(ReviewFile::from_text(&text).is_err(), "{text:.40}");
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/approval")
}

fn text(name: &str) -> String {
    let bytes = std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    String::from_utf8(bytes).unwrap().trim_end().to_owned()
}

fn review() -> ReviewFile {
    ReviewFile { approval: approval(), endorsement: Some(endorsement(&[0])) }
}

fn declined() -> ReviewFile {
    let reason = Some("The purpose does not need every payment");
    let approval = make_approval(&for_review(), Decision::Declined, reason, after(3_600), &signer(LAWYER));
    ReviewFile { approval: approval.unwrap(), endorsement: None }
}

fn forgeries() -> [(&'static str, String); 4] {
    let mut other_signature = endorsement(&[0]);
    let of = other_signature.rfind('.').unwrap();
    other_signature.replace_range(of.., &approval()[approval().rfind('.').unwrap()..]);
    [
        ("invalid-signature.jwt", other_signature),
        ("invalid-typ.jwt", approval()),
        (
            "invalid-fact-twice.jwt",
            forged_endorsement(|payload| payload["facts"][1] = payload["facts"][0].clone()),
        ),
        ("invalid-a-row.jwt", forged_endorsement(|payload| payload["facts"] = json!([row_digest()]))),
    ]
}

#[test]
fn the_frozen_review_is_made_and_read() {
    assert_eq!(copy().as_str().trim_end(), text("draft.txt"));
    assert_eq!(review().to_text().trim_end(), text("review.txt"));
    assert_eq!(declined().to_text().trim_end(), text("declined.txt"));
    assert_eq!(token().as_str(), text("disclosure.token"));
    let sealed = std::fs::read(folder().join("draft.age")).unwrap();
    for reviewer in [CPA, LAWYER] {
        let opened = open_draft(&sealed, OpenWith::Identities(&identities(reviewer))).unwrap();
        assert_eq!(DraftForReview::read(&opened, after(60)).unwrap(), for_review());
    }
    let file = std::fs::read(folder().join("endorsed.age")).unwrap();
    let opened = open(&file, OpenWith::Identities(&identities(AGE))).unwrap();
    assert_eq!(opened.token, token().as_str());
    let enclosed = check_enclosures(&verified(&opened.token), &opened.enclosures).unwrap();
    assert_eq!(enclosed.endorsements, endorsed(&endorsement(&[0]), &verified(token().as_str())).unwrap());
}

/// Every file `invalid-*.jwt` says in its name why it is no endorsement of the frozen disclosure.
#[test]
fn each_frozen_forgery_is_refused() {
    let disclosure = verified(&text("disclosure.token"));
    let mut seen = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("invalid-") {
            seen += 1;
            assert!(matches!(endorsed(&text(&name), &disclosure), Err(VerifyError::Invalid(_))), "{name}");
        }
    }
    assert!(seen >= 4, "the forgeries are gone");
}

#[test]
fn the_document_shows_what_the_code_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/disclosure-format.md");
    let document = std::fs::read_to_string(path).unwrap();
    let payload = |jwt: &str| {
        let payload = jwt.split('.').nth(1).unwrap();
        String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    };
    let copy = copy();
    let envelope = copy.as_str().lines().next().unwrap();
    for shown in [
        payload(envelope),
        payload(&approval()),
        payload(&endorsement(&[0])),
        unsigned().digest().to_string(),
        DRAFT_TYP.to_owned(),
        APPROVAL_TYP.to_owned(),
        ENDORSEMENT_TYP.to_owned(),
        format!("at most {} KiB", MAX_REVIEW_LEN / 1024),
        format!("1 to {MAX_ROLE_LEN} bytes"),
        format!("1 to {MAX_NOTE_LEN} bytes"),
        format!("1 to {MAX_ENDORSED_FACTS} digests"),
        format!("1 to {MAX_REVIEWERS} fingerprints"),
    ] {
        assert!(document.contains(&shown), "not in the document: {shown}");
    }
}

/// Writes the vectors anew; run by hand, once, when the format gets a new version:
/// `cargo test --test disclosure_review -- --ignored write_the_vectors`.
#[test]
#[ignore = "writes files"]
fn write_the_vectors() {
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder().join(name), bytes).unwrap();
    write("draft.txt", copy().as_str().as_bytes());
    write("draft.age", &seal_draft(&copy(), &[key(CPA), key(LAWYER)]).unwrap());
    write("review.txt", review().to_text().as_bytes());
    write("declined.txt", declined().to_text().as_bytes());
    write("disclosure.token", format!("{}\n", token().as_str()).as_bytes());
    let enclosures = [Enclosure::Endorsement(endorsement(&[0]))];
    write("endorsed.age", &seal_with(&token(), &enclosures, &SealTo::Recipient(&key(AGE))).unwrap());
    for (name, jwt) in forgeries() {
        write(name, format!("{jwt}\n").as_bytes());
    }
}
