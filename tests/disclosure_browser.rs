//! The data file (a JWE) and the page around it: what is sealed comes back, and everything else is refused for its reason.
//!
//! `tests/vectors/browser/` has one file for each thing that can be wrong; the viewer's JavaScript is held to the same
//! verdicts by `tests/browser/`. `UPDATE_BROWSER=1 cargo test --test disclosure_browser` writes the folder anew; read the diff.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "age")]

mod disclosure_fixture;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use aes_kw::KwAes256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use disclosure_fixture::{Counted, NOW_S, after, balance, every_kind, issued, issuer, now};
use finvault::disclosure::*;
use serde_json::{Value, json};
use sha2::Sha512;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/browser")
}

fn passcode() -> Passcode {
    Passcode::generate(&Counted::default()).unwrap()
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The key of a passcode under a salt; most cases share one, and it takes a while to derive.
fn wrapping_key(passcode: &Passcode, salt: &[u8], rounds: u32) -> [u8; 32] {
    static KNOWN: Mutex<BTreeMap<Vec<u8>, [u8; 32]>> = Mutex::new(BTreeMap::new());
    let name = [passcode.text().as_bytes(), salt, &rounds.to_be_bytes()].concat();
    *KNOWN.lock().unwrap().entry(name).or_insert_with(|| {
        let mut key = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha512>(passcode.text().as_bytes(), salt, rounds, &mut key);
        key
    })
}

/// Seals any text under any header, as the format says and with other code than the library's.
fn forge(header: &str, contents: &str, passcode: &Passcode) -> String {
    let parsed: Value = serde_json::from_str(header).unwrap();
    let salt = [
        b"PBES2-HS512+A256KW\0".as_slice(),
        &URL_SAFE_NO_PAD.decode(parsed["p2s"].as_str().unwrap()).unwrap(),
    ];
    let rounds = parsed["p2c"].as_u64().unwrap().min(300_000) as u32;
    let kek = wrapping_key(passcode, &salt.concat(), rounds);
    let (content_key, iv) = ([0x11; 32], [0x22; 12]);
    let mut wrapped = [0; 40];
    KwAes256::new(&kek.into()).wrap_key(&content_key, &mut wrapped).unwrap();
    let header = b64(header.as_bytes());
    let payload = Payload { msg: contents.as_bytes(), aad: header.as_bytes() };
    let sealed = Aes256Gcm::new(&content_key.into()).encrypt(&Nonce::from(iv), payload).unwrap();
    let (text, tag) = sealed.split_at(sealed.len() - 16);
    format!("{header}.{}.{}.{}.{}", b64(&wrapped), b64(&iv), b64(text), b64(tag))
}

fn header_at(iat: i64, nbf: i64, exp: i64) -> Value {
    json!({"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "exp": exp, "iat": iat, "nbf": nbf,
        "p2c": JWE_ITERATIONS, "p2s": b64(&[0x33; 16]), "typ": JWE_TYP})
}

fn header() -> Value {
    header_at(NOW_S, NOW_S, NOW_S + 7 * 86_400)
}

fn contents() -> String {
    format!("{}\n{}", issued(passcode().audience()).token.as_str(), " ".repeat(40))
}

/// A token of other times, for the same passcode.
fn token_at(made: i64, starts: Option<i64>) -> String {
    let draft = Draft {
        not_before: starts.map(after),
        ..disclosure_fixture::draft(passcode().audience(), vec![balance()])
    };
    issue(&draft, &issuer(), after(made), &Counted::default()).unwrap().token.as_str().to_owned()
}

/// The same facts, signed anew with another key: all of it holds, and only the fingerprint tells.
fn by_another() -> String {
    let draft = disclosure_fixture::draft(passcode().audience(), vec![balance()]);
    issue(&draft, &IssuerKey::from_seed(&[9; 32]), now(), &Counted::default())
        .unwrap()
        .token
        .as_str()
        .to_owned()
}

struct Case {
    name: &'static str,
    verdict: &'static str,
    text: String,
}

/// Changes one symbol in the middle of a part.
fn altered(part: usize) -> String {
    let good = forge(&header().to_string(), &contents(), &passcode());
    let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    let at = parts[part].len() / 2;
    let other = if parts[part].as_bytes()[at] == b'A' { "B" } else { "A" };
    parts[part].replace_range(at..=at, other);
    parts.join(".")
}

fn with(member: &str, value: Value) -> String {
    let mut header = header();
    header[member] = value;
    forge(&header.to_string(), &contents(), &passcode())
}

fn without(member: &str) -> String {
    let good = forge(&header().to_string(), &contents(), &passcode());
    let mut header = header();
    header.as_object_mut().unwrap().remove(member).unwrap();
    let (_, rest) = good.split_once('.').unwrap();
    format!("{}.{rest}", b64(header.to_string().as_bytes()))
}

fn cases() -> Vec<Case> {
    let good = || forge(&header().to_string(), &contents(), &passcode());
    let day = 86_400;
    let cut = |part: usize, length: usize| {
        let good = good();
        let mut parts: Vec<&str> = good.split('.').collect();
        parts[part] = &parts[part][..length];
        parts.join(".")
    };
    let of = |header: Value, contents: &str| forge(&header.to_string(), contents, &passcode());
    let stranger = Audience::of_key("age1x");
    let case = |name, verdict, text| Case { name, verdict, text };
    vec![
        case("control", "valid", good()),
        case("control-another-signer", "valid", of(header(), &by_another())),
        case("control-more-rounds", "valid", with("p2c", json!(300_000))),
        case(
            "expired",
            "expired",
            of(header_at(NOW_S - 8 * day, NOW_S - 8 * day, NOW_S - day), &token_at(-8 * day, None)),
        ),
        case("times-expired-inside-alone", "invalid", of(header(), &token_at(-8 * day, None))),
        case(
            "expired-outside-alone",
            "expired",
            of(header_at(NOW_S - 8 * day, NOW_S - 8 * day, NOW_S - day), &contents()),
        ),
        case(
            "not-yet-valid",
            "not-yet-valid",
            of(header_at(NOW_S, NOW_S + day, NOW_S + 8 * day), &token_at(0, Some(day))),
        ),
        case(
            "from-the-future",
            "clock-suspect",
            of(header_at(NOW_S + day, NOW_S + day, NOW_S + 8 * day), &token_at(day, None)),
        ),
        case("exp-later-outside", "invalid", with("exp", json!(NOW_S + 8 * day))),
        case("iat-earlier-outside", "invalid", with("iat", json!(NOW_S - 1))),
        case("alg-other", "invalid", with("alg", json!("PBES2-HS256+A128KW"))),
        case("enc-other", "invalid", with("enc", json!("A256CBC-HS512"))),
        case("typ-other", "invalid", with("typ", json!("JWE"))),
        case("header-without-typ", "invalid", without("typ")),
        case("header-without-exp", "invalid", without("exp")),
        case("header-zip", "invalid", with("zip", json!("DEF"))),
        case("header-crit", "invalid", with("crit", json!(["exp"]))),
        case("header-exp-as-text", "invalid", with("exp", json!((NOW_S + 7 * day).to_string()))),
        case(
            "header-member-twice",
            "invalid",
            forge(
                &header().to_string().replace("{\"alg\"", "{\"p2c\":210000,\"alg\""),
                &contents(),
                &passcode(),
            ),
        ),
        case("rounds-few", "invalid", with("p2c", json!(1000))),
        case("rounds-excessive", "invalid", with("p2c", json!(2_000_000_000))),
        case("salt-short", "invalid", with("p2s", json!(b64(&[0x33; 8])))),
        case(
            "altered-header",
            "invalid",
            forge(&header().to_string(), &contents(), &passcode()).replacen("ey", "fy", 1),
        ),
        case("altered-key", "wrong-code", altered(1)),
        case("altered-iv", "invalid", altered(2)),
        case("altered-text", "invalid", altered(3)),
        case("altered-tag", "invalid", altered(4)),
        case("key-short", "invalid", cut(1, 43)),
        case("iv-short", "invalid", cut(2, 11)),
        case("tag-short", "invalid", cut(4, 16)),
        case("parts-four", "invalid", good().rsplit_once('.').unwrap().0.to_owned()),
        case("parts-six", "invalid", format!("{}.AAAA", good())),
        case("for-another", "not-for-recipient", of(header(), issued(stranger).token.as_str())),
        case("inside-line-unknown", "invalid", of(header(), &format!("{}\nnote hello\n", contents().trim()))),
        case(
            "inside-disclosure-unreferenced",
            "invalid",
            of(header(), &format!("{}{}~", contents().trim(), b64(b"[\"zzzzzzzzzzzzzzzzzzzzzz\",1]"))),
        ),
        case("inside-nothing", "invalid", of(header(), "")),
        case("inside-draft", "invalid", of(header(), "draft a.b.c\nunsigned a.b~")),
    ]
}

fn index(cases: &[Case]) -> String {
    let vectors: Vec<String> = cases
        .iter()
        .map(|case| format!("    {{\"file\":\"{}.jwe\",\"verdict\":\"{}\"}}", case.name, case.verdict))
        .collect();
    format!(
        "{{\n  \"now\": {NOW_S},\n  \"passcode\": \"{}\",\n  \"vectors\": [\n{}\n  ]\n}}\n",
        passcode().text().as_str(),
        vectors.join(",\n")
    )
}

/// What comes of a data file, in the words of the index.
fn verdict(file: &[u8], code: &Passcode) -> &'static str {
    let of_error = |error: OpenError| match error {
        OpenError::WrongPasscodeOrAltered => "wrong-code",
        other => other.verdict().map_or("incomplete", Verdict::as_str),
    };
    match sealed_times(file) {
        Ok(Some(times)) => {
            if let Err(error) = times.check(now()) {
                return error.verdict().as_str();
            }
        }
        Ok(None) => {}
        Err(error) => return of_error(error),
    }
    let opened = match open(file, OpenWith::Passcode(code)) {
        Ok(opened) => opened,
        Err(error) => return of_error(error),
    };
    let audience = [code.audience()];
    let expectation = Expectation { now: now(), audience: ExpectedAudience::OneOf(&audience) };
    let checked = verify(&opened.token, &expectation)
        .and_then(|verified| check_enclosures(&verified, &opened.enclosures).map(|_| ()));
    checked.map_or_else(|error| error.verdict().as_str(), |()| "valid")
}

#[test]
fn every_vector_gets_its_verdict_alone_and_in_a_page() {
    let cases = cases();
    if std::env::var_os("UPDATE_BROWSER").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        for case in &cases {
            std::fs::write(folder().join(format!("{}.jwe", case.name)), format!("{}\n", case.text)).unwrap();
        }
        std::fs::write(folder().join("index.json"), index(&cases)).unwrap();
    }
    assert_eq!(std::fs::read_to_string(folder().join("index.json")).unwrap(), index(&cases));
    let listed: BTreeSet<String> = cases.iter().map(|case| format!("{}.jwe", case.name)).collect();
    let there =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(listed, there.filter(|name| name.ends_with(".jwe")).collect::<BTreeSet<_>>());
    for case in &cases {
        let text = std::fs::read_to_string(folder().join(format!("{}.jwe", case.name))).unwrap();
        assert_eq!(text, format!("{}\n", case.text), "{}", case.name);
        assert_eq!(verdict(text.as_bytes(), &passcode()), case.verdict, "{}", case.name);
        // The page adds nothing but a place for the data: a few verdicts tell.
        if !["control", "expired", "alg-other", "altered-tag", "parts-four"].contains(&case.name) {
            continue;
        }
        let page = page_around(text.trim());
        assert_eq!(verdict(page.as_bytes(), &passcode()), case.verdict, "{} in a page", case.name);
    }
}

fn key(code: &Passcode, random: &Counted) -> BrowserKey {
    BrowserKey::begin(code, random).unwrap()
}

#[test]
fn what_is_sealed_for_a_browser_comes_back() {
    let (code, random) = (passcode(), Counted::default());
    let token = issued(code.audience()).token;
    for page in [false, true] {
        let sealed =
            seal(&token, &SealTo::Browser { key: &key(&code, &random), page, random: &random }).unwrap();
        assert_eq!(verdict(&sealed, &code), "valid");
        let opened = open(&sealed, OpenWith::Passcode(&code)).unwrap();
        assert_eq!((opened.token.as_str(), opened.sealed), (token.as_str(), true));
        let times = sealed_times(&sealed).unwrap().unwrap();
        assert_eq!((times.issued, times.expires), (now(), after(7 * 86_400)));
        assert_eq!(open(&sealed, OpenWith::Nothing).err(), Some(OpenError::NeedsPasscode));
        let other = Passcode::generate(&finvault::crypto::random::Seeded::new(5)).unwrap();
        assert_eq!(open(&sealed, OpenWith::Passcode(&other)).err(), Some(OpenError::WrongPasscodeOrAltered));
    }
    let data = |random: &Counted| {
        seal(&token, &SealTo::Browser { key: &key(&code, random), page: false, random }).unwrap()
    };
    assert_ne!(data(&random), data(&Counted::default()), "salt, key and nonce are drawn anew");
}

/// The size on the outside does not tell one row from thirty.
#[test]
fn a_data_file_is_padded() {
    let code = passcode();
    let seal = |facts: Vec<Fact>| {
        let draft = disclosure_fixture::draft(code.audience(), facts);
        let token = issue(&draft, &issuer(), now(), &Counted::default()).unwrap().token;
        let random = Counted::default();
        let to = SealTo::Browser { key: &key(&code, &random), page: false, random: &random };
        finvault::disclosure::seal(&token, &to).unwrap().len()
    };
    assert_eq!(seal(vec![balance()]), seal(every_kind()));
}

#[test]
fn the_viewer_alone_is_told_from_a_page() {
    let page = viewer_page();
    assert!(page.len() < VIEWER_LIMIT);
    assert_eq!(open(page.as_bytes(), OpenWith::Nothing).err(), Some(OpenError::ViewerAlone));
    assert_eq!(sealed_times(page.as_bytes()).err(), Some(OpenError::ViewerAlone));
    assert_eq!(open(b"<!doctype html><p>hello", OpenWith::Nothing).err(), Some(OpenError::NotADisclosure));
    assert_eq!(sealed_times(b"age-encryption.org/v1\n").unwrap(), None);
    let twice = page_around("a.b.c.d.e") + &page_around("a.b.c.d.e");
    assert_eq!(open(twice.as_bytes(), OpenWith::Nothing).err(), Some(OpenError::NotADisclosure));
}
