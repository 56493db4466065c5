//! Sealed files: who can open them, who cannot, and what an altered byte does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "age")]

mod disclosure_fixture;

use disclosure_fixture::*;
use finvault::crypto::random::Seeded;
use finvault::disclosure::*;
use proptest::prelude::*;
use std::io::Write as _;
use std::process::{Command, Stdio};

const AGE: &[u8] = include_bytes!("fixtures/disclosure/age-identity.txt");
const OTHER: &[u8] = include_bytes!("fixtures/disclosure/other-identity.txt");
const SSH: &[u8] = include_bytes!("fixtures/disclosure/ssh-plain");
const SSH_PUB: &str = include_str!("fixtures/disclosure/ssh-plain.pub");
const SSH_LOCKED: &[u8] = include_bytes!("fixtures/disclosure/ssh-locked");
const SSH_RSA: &[u8] = include_bytes!("fixtures/disclosure/ssh-rsa");

fn identities(file: &[u8]) -> Identities {
    Identities::parse(file, None).unwrap()
}

fn key(file: &[u8]) -> RecipientKey {
    identities(file).recipients().next().unwrap().clone()
}

fn sealed_to(key: &RecipientKey) -> (Token, Vec<u8>) {
    let token = issued(key.audience()).token;
    let file = seal(&token, &SealTo::Recipient(key)).unwrap();
    (token, file)
}

fn open_with(file: &[u8], identities: &Identities) -> Result<String, OpenError> {
    open(file, OpenWith::Identities(identities)).map(|opened| opened.token)
}

fn passcode(seed: u64) -> Passcode {
    Passcode::generate(&Seeded::new(seed)).unwrap()
}

#[test]
fn sealed_then_opened_then_verified() {
    for file in [AGE, SSH] {
        let identities = identities(file);
        let (token, sealed) = sealed_to(&key(file));
        let opened = open(&sealed, OpenWith::Identities(&identities)).unwrap();
        assert_eq!((opened.token.as_str(), opened.sealed), (token.as_str(), true));
        let audiences = identities.audiences();
        let expectation = Expectation { now: now(), audience: ExpectedAudience::OneOf(&audiences) };
        assert_eq!(verify(&opened.token, &expectation).unwrap().facts.len(), 2);
    }
    let passcode = passcode(1);
    let token = issued(passcode.audience()).token;
    let sealed = seal(&token, &SealTo::Passcode(&passcode)).unwrap();
    let typed = Passcode::parse(&passcode.text().to_lowercase()).unwrap();
    assert_eq!(open(&sealed, OpenWith::Passcode(&typed)).unwrap().token, token.as_str());
    assert_eq!(open(token.as_str().as_bytes(), OpenWith::Nothing).unwrap().token, token.as_str());
    let with_line_end = format!("{}\n", token.as_str());
    let opened = open(with_line_end.as_bytes(), OpenWith::Nothing).unwrap();
    assert_eq!((opened.token.as_str(), opened.sealed), (token.as_str(), false));
}

#[test]
fn for_another_recipient_is_told_from_a_missing_key() {
    let (_, file) = sealed_to(&key(AGE));
    let (_, ssh_file) = sealed_to(&key(SSH));
    for (file, reader) in [(&file, OTHER), (&file, SSH), (&ssh_file, AGE), (&ssh_file, OTHER)] {
        let error = open_with(file, &identities(reader)).unwrap_err();
        assert_eq!(error, OpenError::NotForRecipient);
        assert_eq!(error.verdict(), Some(Verdict::NotForRecipient));
    }
    let both = [OTHER, b"# mine\n\n", AGE].concat();
    assert!(open_with(&file, &identities(&both)).is_ok());
    assert_eq!(open(&file, OpenWith::Nothing).err(), Some(OpenError::NeedsIdentity));
    assert_eq!(open(&file, OpenWith::Passcode(&passcode(1))).err(), Some(OpenError::NeedsIdentity));
    assert_eq!(OpenError::NeedsIdentity.verdict(), None);
    let passcode = passcode(1);
    let sealed = seal(&issued(passcode.audience()).token, &SealTo::Passcode(&passcode)).unwrap();
    assert_eq!(open(&sealed, OpenWith::Nothing).err(), Some(OpenError::NeedsPasscode));
    assert_eq!(open_with(&sealed, &identities(AGE)), Err(OpenError::NeedsPasscode));
    assert_eq!(
        open(&sealed, OpenWith::Passcode(&self::passcode(2))).err(),
        Some(OpenError::WrongPasscodeOrAltered)
    );
}

/// Where the header ends and the sealed text begins.
fn header_len(file: &[u8]) -> usize {
    let mac = file.windows(5).position(|window| window == b"\n--- ").unwrap();
    mac + 1 + file[mac + 1..].iter().position(|byte| *byte == b'\n').unwrap() + 1
}

#[test]
fn an_altered_byte_anywhere_is_invalid_for_the_right_reader() {
    // The payload is sealed alike for both kinds of key, so one of them is tried at every byte.
    for (secret, step) in [(AGE, 1), (SSH, 31)] {
        let reader = identities(secret);
        let (_, file) = sealed_to(&key(secret));
        let header = header_len(&file);
        for at in (0..header).chain((header..file.len()).step_by(step)) {
            let bits = if at < header { 0..8 } else { 0..1 };
            for bit in bits {
                let mut altered = file.clone();
                altered[at] ^= 1 << bit;
                let error = open_with(&altered, &reader).unwrap_err();
                assert_eq!(error.verdict(), Some(Verdict::Invalid), "byte {at} bit {bit}: {error:?}");
            }
        }
        for cut in (0..header + 40).chain([file.len() - 1, file.len() - 17]) {
            let error = open_with(&file[..cut], &reader).unwrap_err();
            assert_eq!(error.verdict(), Some(Verdict::Invalid), "cut at {cut}: {error:?}");
        }
        let longer = [file.as_slice(), b"\n"].concat();
        assert_eq!(open_with(&longer, &reader), Err(OpenError::Altered));
    }
}

#[test]
fn an_altered_key_stanza_is_never_taken_for_another_recipients() {
    let (_, file) = sealed_to(&key(AGE));
    let stanza = file.windows(18).position(|window| window == b"-> finvault-check\n").unwrap();
    let end_of_check = stanza + 18 + 44;
    assert_eq!(file[end_of_check - 1], b'\n');
    for at in 0..end_of_check {
        for bit in 0..8 {
            let mut altered = file.clone();
            altered[at] ^= 1 << bit;
            for reader in [AGE, OTHER] {
                let error = open_with(&altered, &identities(reader)).unwrap_err();
                assert_ne!(error, OpenError::NotForRecipient, "byte {at} bit {bit}");
            }
        }
    }
}

#[test]
fn an_altered_byte_is_invalid_under_a_passcode() {
    let passcode = passcode(1);
    let file = seal(&issued(passcode.audience()).token, &SealTo::Passcode(&passcode)).unwrap();
    let header = header_len(&file);
    // Each try costs a real scrypt, so a sample of the header and of the rest.
    let places = (0..header).step_by(3).chain((header..file.len()).step_by(997)).chain([file.len() - 1]);
    for at in places {
        let mut altered = file.clone();
        altered[at] ^= 1;
        let error = open(&altered, OpenWith::Passcode(&passcode)).err().unwrap();
        assert_eq!(error.verdict(), Some(Verdict::Invalid), "byte {at}: {error:?}");
    }
    let dear = String::from_utf8_lossy(&file[..header]).replace(" 15\n", " 22\n").into_bytes();
    let dear = [dear, file[header..].to_vec()].concat();
    assert_eq!(open(&dear, OpenWith::Passcode(&passcode)).err(), Some(OpenError::ExcessiveWork));
}

#[test]
fn the_size_tells_little_of_the_number_of_rows() {
    let key = key(AGE);
    let Fact::Transactions(fact) = transactions() else { panic!() };
    let size = |count: usize| {
        let mut fact = fact.clone();
        fact.rows = vec![fact.rows[0].clone(); count];
        fact.selection.matched = count as u64;
        let draft = draft(key.audience(), vec![Fact::Transactions(fact)]);
        let issued = issue(&draft, &issuer(), now(), &Seeded::new(1)).unwrap();
        let sealed = seal(&issued.token, &SealTo::Recipient(&key)).unwrap();
        // age itself adds a stanza of random size to the header, so the header does not count.
        (sealed.len() - header_len(&sealed), issued.token.as_str().len())
    };
    let (one, thirty, hundred) = (size(1), size(30), size(100));
    assert_eq!(one.0, thirty.0);
    assert!(one.1 < thirty.1 && thirty.0 < hundred.0);
    assert!((MIN_PADDED_LEN..MIN_PADDED_LEN + 100).contains(&one.0));
}

#[test]
fn identity_files_of_every_kind() {
    assert_eq!(
        identities(SSH).recipients().next().unwrap().as_str(),
        SSH_PUB.trim_end_matches(" test key\n")
    );
    let error = |file: &[u8], passphrase| Identities::parse(file, passphrase).err().unwrap();
    assert_eq!(error(SSH_LOCKED, None), IdentityError::NeedsPassphrase);
    assert_eq!(error(SSH_LOCKED, Some("wrong")), IdentityError::WrongPassphrase);
    assert_eq!(error(SSH_LOCKED, Some("")), IdentityError::WrongPassphrase);
    let unlocked = Identities::parse(SSH_LOCKED, Some("correct")).unwrap();
    let (token, file) = sealed_to(unlocked.recipients().next().unwrap());
    assert_eq!(open_with(&file, &unlocked), Ok(token.as_str().to_owned()));
    assert!(matches!(error(SSH_RSA, None), IdentityError::Unsupported(_)));
    assert_eq!(error(SSH_PUB.as_bytes(), None), IdentityError::Public);
    assert_eq!(error(b"", None), IdentityError::Empty);
    assert_eq!(error(b"# only a comment\n", None), IdentityError::Empty);
    assert_eq!(error(b"# a\nnonsense\n", None), IdentityError::Malformed { line: 2 });
    assert_eq!(error(&file, None), IdentityError::EncryptedFile);
    assert_eq!(error(b"\xff\xfe", None), IdentityError::Malformed { line: 1 });
    assert_eq!(error(&vec![b'#'; 2 * 1024 * 1024], None), IdentityError::TooLarge);
    assert!(matches!(error(b"AGE-PLUGIN-YUBIKEY-1QQQQ", None), IdentityError::Unsupported(_)));
    let windows = String::from_utf8(AGE.to_vec()).unwrap().replace('\n', "\r\n");
    assert!(Identities::parse(windows.as_bytes(), None).is_ok());
    let no_line_end = String::from_utf8(SSH.to_vec()).unwrap();
    assert!(Identities::parse(no_line_end.trim_end().as_bytes(), None).is_ok());
    for cut in (0..SSH.len() - 10).step_by(7) {
        assert!(Identities::parse(&SSH[..cut], None).is_err(), "{cut}");
    }
}

#[test]
fn what_is_no_disclosure_says_so() {
    let reader = identities(AGE);
    for (file, error) in [
        (b"".as_slice(), OpenError::NotADisclosure),
        (b"hello", OpenError::NotADisclosure),
        (b"%PDF-1.7", OpenError::NotADisclosure),
        (b"a.b.c", OpenError::NotADisclosure),
        (b"age-encryption.org/v1\n", OpenError::Altered),
        (b"age-encryption.org/v2\n--- x\n", OpenError::Altered),
        (b"-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n", OpenError::Altered),
    ] {
        assert_eq!(open_with(file, &reader), Err(error), "{}", String::from_utf8_lossy(file));
    }
    assert_eq!(open_with(&vec![b'a'; MAX_SEALED_LEN + 1], &reader), Err(OpenError::TooLarge));
    // A header of a million stanzas is refused before it is parsed.
    let start = std::time::Instant::now();
    let bomb = [b"age-encryption.org/v1\n".as_slice(), &b"-> x\n\n".repeat(1_000_000), b"--- x\n"].concat();
    assert_eq!(open_with(&bomb, &reader), Err(OpenError::Altered));
    assert!(start.elapsed() < std::time::Duration::from_secs(5));
}

/// Runs the distribution's `age` program; none when it is not installed.
fn age_program(arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let spawned = Command::new("age").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else {
        println!("skipped: no age program here");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    Some(output.stdout)
}

#[test]
fn the_age_program_opens_what_we_seal_and_we_open_what_it_seals() {
    let fixture = |name: &str| format!("{}/tests/fixtures/disclosure/{name}", env!("CARGO_MANIFEST_DIR"));
    for (secret, path) in [(AGE, fixture("age-identity.txt")), (SSH, fixture("ssh-plain"))] {
        let (token, file) = sealed_to(&key(secret));
        let Some(text) = age_program(&["-d", "-i", &path], &file) else { return };
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.lines().next(), Some(token.as_str()));
        for armor in [&["-a"][..], &[]] {
            let key = key(secret);
            let arguments = [armor, &["-r", key.as_str()]].concat();
            let theirs = age_program(&arguments, token.as_str().as_bytes()).unwrap();
            assert_eq!(open_with(&theirs, &identities(secret)), Ok(token.as_str().to_owned()));
            // Nothing in a file of another program vouches for its stanzas.
            assert_eq!(open_with(&theirs, &identities(OTHER)), Err(OpenError::Altered));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn opening_and_reading_identities_never_panic(bytes: Vec<u8>, text in "[ -~\n]{0,200}") {
        let reader = identities(AGE);
        let _ = open_with(&bytes, &reader);
        let _ = open_with(&[b"age-encryption.org/v1\n".as_slice(), &bytes].concat(), &reader);
        let _ = open_with(format!("age-encryption.org/v1\n-> {text}\n--- {text}\n").as_bytes(), &reader);
        let _ = Identities::parse(&bytes, None);
        let _ = Identities::parse(text.as_bytes(), None);
        let pem = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{text}\n-----END OPENSSH PRIVATE KEY-----\n");
        let _ = Identities::parse(pem.as_bytes(), Some("x"));
    }
}
