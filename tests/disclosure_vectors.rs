//! Frozen files in `tests/vectors/disclosure/`: what was issued and sealed once must be readable for ever, and
//! the documented example must be what the code makes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "age")]

mod disclosure_fixture;

use disclosure_fixture::*;
use finvault::disclosure::log::{LogKey, LogKind, append};
use finvault::disclosure::*;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/disclosure")
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn text(name: &str) -> String {
    String::from_utf8(read(name)).unwrap().trim_end().to_owned()
}

fn identities() -> Identities {
    Identities::parse(&read("identity.txt"), None).unwrap()
}

fn expected_token() -> Token {
    issued(identities().audiences()[0]).token
}

#[test]
fn the_same_seed_clock_and_draft_give_the_frozen_token() {
    assert_eq!(expected_token().as_str(), text("example.token"));
}

fn every_kind_token() -> Token {
    let draft = draft(identities().audiences()[0], every_kind());
    issue(&draft, &issuer(), now(), &Counted::default()).unwrap().token
}

#[test]
fn the_frozen_token_of_every_kind_is_made_and_read() {
    assert_eq!(every_kind_token().as_str(), text("every-kind.token"));
    let opened = open(&read("every-kind.age"), OpenWith::Identities(&identities())).unwrap();
    assert_eq!(opened.token, text("every-kind.token"));
    let audiences = identities().audiences();
    let expectation = Expectation { now: now(), audience: ExpectedAudience::OneOf(&audiences) };
    assert_eq!(verify(&opened.token, &expectation).unwrap().facts, every_kind());
}

#[test]
fn the_frozen_sealed_files_open() {
    let token = text("example.token");
    for name in ["example.age", "example-armored.age"] {
        let opened = open(&read(name), OpenWith::Identities(&identities())).unwrap();
        assert_eq!(opened.token, token, "{name}");
    }
    let passcode = Passcode::parse(&text("example-passcode.txt")).unwrap();
    let opened = open(&read("example-passcode.age"), OpenWith::Passcode(&passcode)).unwrap();
    let audience = [passcode.audience()];
    let expectation = Expectation { now: now(), audience: ExpectedAudience::OneOf(&audience) };
    assert_eq!(verify(&opened.token, &expectation).unwrap().facts, vec![balance(), transactions()]);
}

/// Every file `invalid-*.token` says in its name why it must be refused.
#[test]
fn each_frozen_forgery_is_refused() {
    let mut seen = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.starts_with("invalid-") {
            continue;
        }
        seen += 1;
        let expectation = Expectation { now: now(), audience: ExpectedAudience::Unchecked };
        let error = verify(&text(&name), &expectation).expect_err(&name);
        assert_eq!(error.verdict(), Verdict::Invalid, "{name}: {error}");
    }
    assert!(seen >= 4, "the forgeries are gone");
}

#[test]
fn the_document_shows_what_the_code_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/disclosure-format.md");
    let document = std::fs::read_to_string(path).unwrap();
    let token = expected_token();
    let parts: Vec<&str> = token.as_str().split(['.', '~']).collect();
    use base64::Engine as _;
    let decoded = |part: &str| {
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    for part in [parts[0], parts[1], parts[3], parts[4], parts[7]] {
        assert!(document.contains(&decoded(part)), "not in the document: {}", decoded(part));
    }
    let entry =
        append(None, LogKind::VaultCreated, "{}".to_owned(), now(), &LogKey::from_seed(&[3; 32])).unwrap();
    let hex: String = entry.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let key = identities().recipients().next().unwrap().clone();
    for shown in [
        hex,
        token.digest().to_string(),
        every_kind_token().digest().to_string(),
        issuer().fingerprint().to_string(),
        fingerprint_words(&issuer().fingerprint()),
        issuer().fingerprint().to_uri(),
        key.to_string(),
        key.audience().to_string(),
        text("example-passcode.txt"),
        TYP.to_owned(),
        VCT.to_owned(),
        format!("{MAX_DISCLOSURES} "),
        format!("{} bytes", MIN_PADDED_LEN),
        format!("{} MiB", MAX_TOKEN_LEN / (1024 * 1024)),
        format!("{} MiB", MAX_SEALED_LEN / (1024 * 1024)),
    ] {
        assert!(document.contains(&shown), "not in the document: {shown}");
    }
}

/// Writes the vector of every kind; run by hand, once, when it is made:
/// `cargo test --test disclosure_vectors -- --ignored write_the_vector_of_every_kind`.
#[test]
#[ignore = "writes files"]
fn write_the_vector_of_every_kind() {
    let token = every_kind_token();
    std::fs::write(folder().join("every-kind.token"), format!("{}\n", token.as_str())).unwrap();
    let key = identities().recipients().next().unwrap().clone();
    std::fs::write(folder().join("every-kind.age"), seal(&token, &SealTo::Recipient(&key)).unwrap()).unwrap();
}

/// Writes the vectors anew; run by hand, once, when the format gets a new version:
/// `cargo test --test disclosure_vectors -- --ignored write_the_vectors`.
#[test]
#[ignore = "writes files"]
fn write_the_vectors() {
    use finvault::crypto::random::Random as _;
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder().join(name), bytes).unwrap();
    let token = expected_token();
    write("example.token", format!("{}\n", token.as_str()).as_bytes());
    let key = identities().recipients().next().unwrap().clone();
    write("example.age", &seal(&token, &SealTo::Recipient(&key)).unwrap());
    let passcode = Passcode::generate(&Counted::default()).unwrap();
    write("example-passcode.txt", format!("{}\n", *passcode.text()).as_bytes());
    let under_passcode = issued(passcode.audience()).token;
    write("example-passcode.age", &seal(&under_passcode, &SealTo::Passcode(&passcode)).unwrap());
    let mut salt = [0; 16];
    Counted::default().fill(&mut salt).unwrap();
    use base64::Engine as _;
    let b64 = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let extra = b64(format!(r#"["{}",{{"kind":"balance"}}]"#, b64(&salt)).as_bytes());
    write("invalid-unreferenced-disclosure.token", format!("{}{extra}~\n", token.as_str()).as_bytes());
    let parts: Vec<&str> = token.as_str().split('~').collect();
    write("invalid-disclosure-twice.token", format!("{}{}~\n", token.as_str(), parts[1]).as_bytes());
    let (jwt, rest) = token.as_str().split_once('~').unwrap();
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let mut bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[0] ^= 1;
    write("invalid-signature.token", format!("{signed}.{}~{rest}\n", b64(&bytes)).as_bytes());
    let header = b64(br#"{"alg":"none","typ":"finvault-disclosure+sd-jwt"}"#);
    let payload = signed.split_once('.').unwrap().1;
    write("invalid-alg-none.token", format!("{header}.{payload}.~{rest}\n").as_bytes());
    let tampered = token.as_str().replacen(parts[1], &parts[1].replacen('B', "C", 1), 1);
    assert_ne!(tampered, token.as_str());
    write("invalid-tampered-fact.token", format!("{tampered}\n").as_bytes());
}
