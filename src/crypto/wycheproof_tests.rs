//! Project Wycheproof's vectors against what we call: edge cases on which implementations have failed.
//!
//! Each run counts the vectors it used, so that a set that shrinks to nothing is noticed.

use wycheproof::TestResult;

use super::derive::{expand_one_block, extract};
use super::sign::{Signature, VerifyingKey};

/// XChaCha20-Poly1305 on every back end of this build.
#[test]
fn xchacha20_poly1305() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::XChaCha20Poly1305).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let (Ok(key), Ok(nonce), Ok(tag)) =
            (test.key[..].try_into(), test.nonce[..].try_into(), test.tag[..].try_into())
        else {
            // Our types admit no other length of key, nonce or tag.
            assert_eq!(test.result, TestResult::Invalid, "{}", test.tc_id);
            continue;
        };
        let right = test.result == TestResult::Valid;
        if right {
            valid += 1
        } else {
            invalid += 1
        };
        let portable = super::aead::portable::Aead::new(&key);
        let mut bytes = test.ct.to_vec();
        assert_eq!(portable.open(&nonce, &test.aad, &mut bytes, &tag).is_ok(), right, "{}", test.tc_id);
        if right {
            assert_eq!(bytes, test.pt[..], "{}", test.tc_id);
            assert_eq!(portable.seal(&nonce, &test.aad, &mut bytes).unwrap(), tag, "{}", test.tc_id);
            assert_eq!(bytes, test.ct[..], "{}", test.tc_id);
        }
        #[cfg(feature = "ring")]
        {
            let assembly = super::Aead::new(&key);
            let mut bytes = test.ct.to_vec();
            assert_eq!(assembly.open(&nonce, &test.aad, &mut bytes, &tag).is_ok(), right, "{}", test.tc_id);
            if right {
                assert_eq!(bytes, test.pt[..], "{}", test.tc_id);
                assert_eq!(assembly.seal(&nonce, &test.aad, &mut bytes).unwrap(), tag, "{}", test.tc_id);
                assert_eq!(bytes, test.ct[..], "{}", test.tc_id);
            }
        }
    }
    assert!(valid > 100 && invalid > 50, "{valid} valid, {invalid} invalid");
}

/// Ed25519: nothing invalid passes, and all that is valid does.
#[test]
fn ed25519() {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        let key =
            <[u8; 32]>::try_from(&group.key.pk[..]).ok().and_then(|key| VerifyingKey::from_bytes(&key).ok());
        for test in &group.tests {
            let signature = <[u8; 64]>::try_from(&test.sig[..]).map(Signature::from_bytes);
            let passes = match (&key, signature) {
                (Some(key), Ok(signature)) => key.verify(&test.msg, &signature).is_ok(),
                _ => false,
            };
            assert_eq!(passes, test.result == TestResult::Valid, "{}", test.tc_id);
            if passes {
                valid += 1
            } else {
                invalid += 1
            };
        }
    }
    assert!(valid > 50 && invalid > 30, "{valid} valid, {invalid} invalid");
}

/// HKDF-SHA256 to the 32 bytes that every key of ours has, from longer outputs their first block.
#[test]
fn hkdf_sha256() {
    let set = wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha256).unwrap();
    let mut used = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        // Asking for too much is what the invalid ones do; ours cannot ask.
        if test.result != TestResult::Valid {
            continue;
        }
        let block = expand_one_block(extract(&test.salt, &test.ikm).expose(), &[&test.info]);
        let length = test.okm.len().min(32);
        assert_eq!(block.expose()[..length], test.okm[..length], "{}", test.tc_id);
        used += 1;
    }
    assert!(used > 50, "{used}");
}

/// X25519 as the `age` crate computes it, with the same crate at the same version.
#[test]
fn x25519() {
    let set = wycheproof::xdh::TestSet::load(wycheproof::xdh::TestName::X25519).unwrap();
    let mut used = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let (Ok(public), Ok(private)) = (test.public_key[..].try_into(), test.private_key[..].try_into())
        else {
            assert_ne!(test.result, TestResult::Valid, "{}", test.tc_id);
            continue;
        };
        let shared = x25519_dalek::x25519(private, public);
        if test.result != TestResult::Invalid {
            assert_eq!(shared, test.shared_secret[..], "{}", test.tc_id);
            used += 1;
        }
    }
    assert!(used > 200, "{used}");
}
