//! Known answers from the documents that define each primitive, and what our own types promise.

use proptest::prelude::*;

use super::derive::{expand_one_block, extract, hmac_sha256, verify_hmac_sha256};
use super::random::Seeded;
use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter(|c| !c.is_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

fn key32(text: &str) -> [u8; 32] {
    hex(text).try_into().unwrap()
}

fn counting(from: u8, to: u8) -> Vec<u8> {
    (from..=to).collect()
}

/// RFC 5869, appendix A: three cases; the first 32 bytes of the output are T(1), all that we ever expand to.
#[test]
fn hkdf_gives_the_answers_of_rfc_5869() {
    let cases = [
        (
            vec![0x0b; 22],
            counting(0x00, 0x0c),
            counting(0xf0, 0xf9),
            "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
        ),
        (
            counting(0x00, 0x4f),
            counting(0x60, 0xaf),
            counting(0xb0, 0xff),
            "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c",
        ),
        (
            vec![0x0b; 22],
            vec![],
            vec![],
            "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
        ),
    ];
    for (input, salt, info, prk, output) in cases {
        let extracted = extract(&salt, &input);
        assert_eq!(extracted.expose(), &key32(prk));
        assert_eq!(expand_one_block(extracted.expose(), &[&info]).expose(), &key32(output));
    }
}

/// Our derivation is plain HKDF: the published crate, given salt and info, agrees.
#[test]
fn derived_secrets_are_plain_hkdf() {
    let vault = VaultKey::from_bytes([7; 32]);
    let hkdf = hkdf::Hkdf::<sha2::Sha256>::new(Some(b"finvault vault key v1"), &[7; 32]);
    let mut expected = [0; 32];
    hkdf.expand(b"\x00\x07signingrecipient 9", &mut expected).unwrap();
    assert_eq!(vault.derive_secret("signing", b"recipient 9").expose(), &expected);
    assert_ne!(vault.derive_secret("signingr", b"ecipient 9").expose(), &expected);
}

/// RFC 4231, test case 2.
#[test]
fn hmac_gives_the_answer_of_rfc_4231() {
    let tag = key32("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_eq!(hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]), tag);
    assert!(verify_hmac_sha256(b"Jefe", &[b"what do ya want for nothing?"], &tag));
    assert!(!verify_hmac_sha256(b"Jefe", &[b"what do ya want for nothing!"], &tag));
}

/// RFC 9106, section 5.3, with the crate that we use; the secret and the associated data are inputs that we leave
/// empty, so our own call has a second case below.
#[test]
fn argon2id_gives_the_answer_of_rfc_9106() {
    let mut builder = argon2::ParamsBuilder::new();
    builder.m_cost(32).t_cost(3).p_cost(4).data(argon2::AssociatedData::new(&[4; 12]).unwrap());
    let params = builder.build().unwrap();
    let argon2 =
        argon2::Argon2::new_with_secret(&[3; 8], argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
            .unwrap();
    let mut tag = [0; 32];
    argon2.hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
    assert_eq!(tag, key32("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"));
}

/// Made with the reference implementation (`argon2-cffi` 25.1): 19 MiB, 2 passes, 1 lane, version 0x13.
#[test]
fn our_argon2id_agrees_with_the_reference_implementation() {
    let passphrase = Passphrase::new("password".to_owned());
    let key = KdfParams::FLOOR.argon2id(&passphrase, &[2; 32]).unwrap();
    assert_eq!(&*key, &key32("97f2ec76474deb13ccf8a7ef3a565fa110a009f79699fc897eacbe67428d9f37"));
}

/// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
#[test]
fn xchacha20_poly1305_gives_the_answer_of_the_draft() {
    let key: [u8; 32] = counting(0x80, 0x9f).try_into().unwrap();
    let nonce: [u8; 24] = counting(0x40, 0x57).try_into().unwrap();
    let aad = hex("50515253c0c1c2c3c4c5c6c7");
    let plain =
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
                  sunscreen would be it.";
    let sealed = hex("bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb
         731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452
         2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9
         21f9664c97637da9768812f615c68b13b52e");
    let aead = Aead::new(&key);
    let mut bytes = plain.to_vec();
    let tag = aead.seal(&nonce, &aad, &mut bytes).unwrap();
    assert_eq!(bytes, sealed);
    assert_eq!(tag.to_vec(), hex("c0875924c1c7987947deafd8780acf49"));
    aead.open(&nonce, &aad, &mut bytes, &tag).unwrap();
    assert_eq!(bytes, plain);
    let mut altered = sealed.clone();
    altered[3] ^= 1;
    assert_eq!(aead.open(&nonce, &aad, &mut altered, &tag), Err(Unauthentic));
    assert_eq!(aead.open(&nonce, b"elsewhere", &mut sealed.clone(), &tag), Err(Unauthentic));
}

#[test]
fn key_derivation_is_bounded_both_ways() {
    assert!(KdfParams::new(19 * 1024, 2, 1).is_ok());
    let weak = [(19 * 1024 - 1, 2, 1), (19 * 1024, 1, 1)];
    for (memory_kib, passes, lanes) in weak {
        assert!(matches!(KdfParams::new(memory_kib, passes, lanes), Err(KdfError::TooWeak { .. })));
    }
    let costly = [
        (u32::MAX, 2, 1),
        (64 * 1024, u32::MAX, 1),
        (64 * 1024, 3, 17),
        (64 * 1024, 3, 0),
        (4 * 1024 * 1024, 64, 4),
    ];
    for (memory_kib, passes, lanes) in costly {
        assert!(matches!(KdfParams::new(memory_kib, passes, lanes), Err(KdfError::TooCostly { .. })));
    }
    let default = KdfParams::DEFAULT;
    assert_eq!(KdfParams::new(default.memory_kib(), default.passes(), default.lanes()), Ok(default));
}

#[test]
fn a_recovery_code_survives_being_typed() {
    let code = RecoveryCode::generate(&Seeded::new(1)).unwrap();
    let shown = code.reveal();
    assert_eq!(shown.len(), 35);
    assert_eq!(shown.split('-').map(str::len).collect::<Vec<_>>(), [5; 6]);
    let sloppy = shown.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
    let typed = RecoveryCode::parse(&sloppy).unwrap();
    assert_eq!(*typed.reveal(), *shown);
    let first = shown.chars().next().unwrap();
    let other = if first == '7' { '8' } else { '7' };
    let slip = shown.replacen(first, &other.to_string(), 1);
    assert_eq!(RecoveryCode::parse(&slip).err(), Some(RecoveryCodeError::Check));
    assert_eq!(RecoveryCode::parse("").err(), Some(RecoveryCodeError::Length { found: 0 }));
    assert_eq!(RecoveryCode::parse("u").err(), Some(RecoveryCodeError::Symbol { found: 'u' }));
}

#[test]
fn two_vaults_share_no_secret() {
    let random = Seeded::new(2);
    let (one, two) = (VaultKey::generate(&random).unwrap(), VaultKey::generate(&random).unwrap());
    assert_ne!(one.expose(), two.expose());
    assert_ne!(one.derive_secret("a", b"").expose(), two.derive_secret("a", b"").expose());
    assert_ne!(one.derive_secret("a", b"").expose(), one.derive_secret("b", b"").expose());
    let (mut a, mut b) = ([0; 40], [0; 40]);
    OsRandom.fill(&mut a).unwrap();
    OsRandom.fill(&mut b).unwrap();
    assert_ne!(a, b);
}

proptest! {
    #[test]
    fn no_text_makes_the_recovery_reader_panic(text in "\\PC{0,60}") {
        if let Ok(code) = RecoveryCode::parse(&text) {
            prop_assert!(RecoveryCode::parse(&code.reveal()).is_ok());
        }
    }

    #[test]
    fn what_is_sealed_opens_only_unaltered(
        mut bytes in proptest::collection::vec(any::<u8>(), 1..200),
        flip in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let aead = Aead::new(&[9; 32]);
        let plain = bytes.clone();
        let tag = aead.seal(&[1; 24], b"here", &mut bytes).unwrap();
        let mut altered = bytes.clone();
        altered[flip.index(plain.len())] ^= 1 << bit;
        prop_assert!(aead.open(&[1; 24], b"here", &mut altered, &tag).is_err());
        aead.open(&[1; 24], b"here", &mut bytes, &tag).unwrap();
        prop_assert_eq!(bytes, plain);
    }
}
