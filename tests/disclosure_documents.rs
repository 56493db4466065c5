//! Documents beside a token: frozen files in `tests/vectors/documents/`, and hostile ones, none of which may pass.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "age")]

mod disclosure_fixture;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use disclosure_fixture::*;
use finvault::crypto::sign::SigningKey;
use finvault::disclosure::*;
use finvault::ledger::AccountKind;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

const RECEIPT: &[u8] = b"%PDF-1.7\nWeb Shop, order 4711: 59.90 EUR, of which shipping 4.90 EUR\n";
const PHOTO: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a photo";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/documents")
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn identities() -> Identities {
    let path = folder().join("../disclosure/identity.txt");
    Identities::parse(&std::fs::read(path).unwrap(), None).unwrap()
}

fn document(bytes: &[u8], media_type: &str, name: Option<&str>) -> Fact {
    Fact::Document(DocumentFact {
        sha256: FileDigest::from_bytes(Sha256::digest(bytes).into()),
        media_type: media_type.to_owned(),
        file_name: name.map(str::to_owned),
        selection: Selection::default(),
        evidence: Evidence::new(vec![], true),
    })
}

/// A receipt, a photo, and an account of which everything is stated that can be.
fn facts() -> Vec<Fact> {
    let account = AccountFact {
        account: AccountLabel::default(),
        number: FullNumber::new("DE89 3704 0044 0532 0130 00"),
        holder: Some("Example Holder".to_owned()),
        holder_details: HolderDetails {
            business: Some("Example GmbH".to_owned()),
            email: Some("holder@example.org".to_owned()),
            phone: Some("+49 30 000000".to_owned()),
            address: Some("1 Example Street, 10115 Example City".to_owned()),
            tax_id: Some("12/345/67890".to_owned()),
        },
        institution: None,
        kind: Some(AccountKind::Checking),
        currency: None,
        known_since: None,
        selection: Selection::default(),
        evidence: Evidence::new(vec![], true),
    };
    vec![
        document(RECEIPT, "application/pdf", Some("receipt.pdf")),
        document(PHOTO, "image/png", None),
        Fact::Account(account),
    ]
}

fn token() -> Token {
    let draft = draft(identities().audiences()[0], facts());
    issue(&draft, &issuer(), now(), &Counted::default()).unwrap().token
}

fn key() -> RecipientKey {
    identities().recipients().next().unwrap().clone()
}

fn sealed(documents: &[&[u8]]) -> Vec<u8> {
    let enclosures: Vec<Enclosure> =
        documents.iter().map(|bytes| Enclosure::Document(bytes.to_vec())).collect();
    seal_with(&token(), &enclosures, &SealTo::Recipient(&key())).unwrap()
}

/// What the recipient's program does with a file.
fn receive(file: &[u8]) -> Result<(Verified, Enclosed), String> {
    let opened = open(file, OpenWith::Identities(&identities())).map_err(|error| error.to_string())?;
    let audiences = identities().audiences();
    let expectation = Expectation { now: now(), audience: ExpectedAudience::OneOf(&audiences) };
    let verified = verify(&opened.token, &expectation).map_err(|error| error.to_string())?;
    let enclosed = check_enclosures(&verified, &opened.enclosures).map_err(|error| error.to_string())?;
    Ok((verified, enclosed))
}

#[test]
fn the_frozen_files_are_made_and_read() {
    let text = String::from_utf8(read("documents.token")).unwrap();
    assert_eq!(token().as_str(), text.trim_end());
    let (verified, enclosed) = receive(&read("documents.age")).unwrap();
    assert_eq!(verified.facts, facts());
    let got: Vec<(usize, &[u8])> =
        enclosed.documents.iter().map(|document| (document.fact, document.bytes.as_slice())).collect();
    assert_eq!(got, [(0, RECEIPT)], "the photo did not come along");
    let shown = std::fs::read_to_string(folder().join("../../../docs/disclosure-format.md")).unwrap();
    assert!(shown.contains(&token().digest().to_string()), "the document names another token");
}

/// Every file `invalid-*.age` opens, its token verifies, and what travels beside the token must be refused.
#[test]
fn each_frozen_forgery_is_refused() {
    let mut seen = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("invalid-") {
            seen += 1;
            let why = receive(&read(&name)).expect_err(&name);
            assert!(why.contains("document"), "{name}: {why}");
        }
    }
    assert_eq!(seen, 3);
}

#[test]
fn a_document_passes_only_as_the_one_that_a_fact_names() {
    assert_eq!(receive(&sealed(&[])).unwrap().1.documents.len(), 0);
    let (_, both) = receive(&sealed(&[PHOTO, RECEIPT])).unwrap();
    let places: Vec<usize> = both.documents.iter().map(|document| document.fact).collect();
    assert_eq!(places, [1, 0], "each is the one of its fact, in whichever order they travel");
    for (bad, why) in [(vec![&b"a stranger"[..]], "no fact names"), (vec![RECEIPT, RECEIPT], "twice")] {
        let found = receive(&sealed(&bad)).unwrap_err();
        assert!(found.contains(why), "{found}");
    }
    for at in 0..RECEIPT.len() {
        let mut altered = RECEIPT.to_vec();
        altered[at] ^= 1;
        assert!(receive(&sealed(&[&altered])).is_err(), "byte {at}");
    }
    assert!(receive(&sealed(&[&RECEIPT[1..]])).is_err());
    // At the end of the text an empty document could not be told from padding.
    let empty = [Enclosure::Document(Vec::new())];
    assert_eq!(seal_with(&token(), &empty, &SealTo::Recipient(&key())), Err(SealError::EmptyDocument));
}

/// A token of one fact, signed by the genuine key whatever the fact says.
fn forged(fact: &Value) -> String {
    let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let good = token();
    let jwt: Vec<&str> = good.as_str().split(['.', '~']).collect();
    let mut payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt[1]).unwrap()).unwrap();
    let encoded = b64(json!(["AAAAAAAAAAAAAAAAAAAAAA", fact]).to_string().as_bytes());
    payload["facts"] = json!([{"...": b64(&Sha256::digest(&encoded))}]);
    let signed = format!("{}.{}", jwt[0], b64(payload.to_string().as_bytes()));
    let signature = SigningKey::from_seed(&[7; 32]).sign(signed.as_bytes());
    format!("{signed}.{}~{encoded}~", b64(&signature.to_bytes()))
}

fn verified(fact: &Value) -> Result<Verified, VerifyError> {
    verify(&forged(fact), &Expectation { now: now(), audience: ExpectedAudience::Unchecked })
}

#[test]
fn names_with_folders_and_particulars_out_of_form_are_refused() {
    let fact = |place: usize| serde_json::to_value(&facts()[place]).unwrap();
    assert_eq!(verified(&fact(0)).unwrap().facts, facts()[..1]);
    assert_eq!(verified(&fact(2)).unwrap().facts, facts()[2..]);
    let long = "x".repeat(256);
    for name in ["../receipt.pdf", "a/b", "..\\x", "..", ".", "", "a\u{202e}b", &long] {
        let mut bad = fact(0);
        bad["Document"]["filename"] = json!(name);
        assert!(matches!(verified(&bad), Err(VerifyError::Invalid(_))), "{name}");
    }
    for (member, value) in [
        ("Number", json!("DE89 3704 0044 0532 0130 00")),
        ("Number", json!("DE88370400440532013000")),
        ("Number", json!("nothing like a number")),
        ("Number", Value::Null),
        ("Scheme", json!("BBAN")),
        ("Scheme", Value::Null),
        ("Business", json!(" ")),
        ("Email", json!("")),
        ("TaxID", json!("12")),
    ] {
        let mut bad = fact(2);
        match value {
            Value::Null => drop(bad["Details"].as_object_mut().unwrap().remove(member)),
            value => bad["Details"][member] = value,
        }
        assert!(matches!(verified(&bad), Err(VerifyError::Invalid(_))), "{member}: {bad}");
    }
    let mut bank = fact(2);
    bank["Details"]["Number"] = json!("12-3456 789");
    bank["Details"].as_object_mut().unwrap().remove("Scheme");
    assert!(verified(&bank).is_ok(), "a bank's own number has no scheme");
}

#[test]
fn a_document_is_not_taken_for_an_endorsement_nor_the_other_way() {
    let file = |text: &str| {
        use std::io::Write as _;
        let recipient: age::x25519::Recipient = key().to_string().parse().unwrap();
        let recipients = std::iter::once(&recipient as &dyn age::Recipient);
        let mut out = Vec::new();
        let mut writer = age::Encryptor::with_recipients(recipients).unwrap().wrap_output(&mut out).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap();
        out
    };
    let encoded = URL_SAFE_NO_PAD.encode(RECEIPT);
    let token = token();
    let token = token.as_str();
    assert!(receive(&file(&format!("{token}\ndocument {encoded}\n"))).is_ok());
    for bad in [
        format!("{token}\nDocument {encoded}\n"),
        format!("{token}\ndocument  {encoded}\n"),
        format!("{token}\ndocument {encoded}=\n"),
        format!("{token}\ndocument\n"),
        format!("{token}\n{encoded}\n"),
        format!("{token}\nendorsement {encoded}\n"),
        format!("{token}\n\ndocument {encoded}\n"),
        format!("document {encoded}\n{token}\n"),
    ] {
        assert!(receive(&file(&bad)).is_err(), "{}", &bad[bad.len().saturating_sub(130)..]);
    }
}

/// Writes the vectors; run by hand, once, when they are made:
/// `cargo test --test disclosure_documents -- --ignored write_the_vectors`.
#[test]
#[ignore = "writes files"]
fn write_the_vectors() {
    std::fs::create_dir_all(folder()).unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder().join(name), bytes).unwrap();
    write("documents.token", format!("{}\n", token().as_str()).as_bytes());
    write("receipt.pdf", RECEIPT);
    write("documents.age", &sealed(&[RECEIPT]));
    let mut altered = RECEIPT.to_vec();
    altered[40] ^= 1;
    write("invalid-altered-document.age", &sealed(&[&altered]));
    write("invalid-document-twice.age", &sealed(&[RECEIPT, RECEIPT]));
    write("invalid-unnamed-document.age", &sealed(&[RECEIPT, b"a stranger"]));
}
