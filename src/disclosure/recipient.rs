//! A recipient's public key, `age1…` or `ssh-ed25519 …`, as the owner was given it.

use super::audience::Audience;
use crate::crypto::sign::VerifyingKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::str::FromStr;

/// The longest text that is looked at, in bytes.
const MAX_TEXT_LEN: usize = 4096;
/// What an ssh-ed25519 key's bytes begin with: the length and name of its type, the length of the key.
const SSH_PREFIX: &[u8] = b"\0\0\0\x0bssh-ed25519\0\0\0\x20";

/// The u coordinates of small order on Curve25519, little-endian without the ignored top bit: nobody can be
/// alone in reading what is sealed to them.
const SMALL_ORDER: [[u8; 32]; 7] = {
    let mut list = [[0u8; 32]; 7];
    list[1][0] = 1;
    list[2] = [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
        0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ];
    list[3] = [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04,
        0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ];
    let mut around_the_prime = 0;
    while around_the_prime < 3 {
        list[4 + around_the_prime] = [0xff; 32];
        list[4 + around_the_prime][0] = 0xec + around_the_prime as u8;
        list[4 + around_the_prime][31] = 0x7f;
        around_the_prime += 1;
    }
    list
};

/// Why a text is no key that can be sealed to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecipientError {
    /// A kind of key that is not supported; the text names it.
    #[error("keys of the kind \"{0}\" are not supported: use an age1… or an ssh-ed25519 key")]
    Unsupported(String),
    /// A secret key was given.
    #[error(
        "this is a secret key: ask the recipient for the public one, and tell them that this one is known now"
    )]
    Secret,
    /// Mistyped, cut short, or no key at all.
    #[error("not a public key: expected age1… or ssh-ed25519 …, whole and unchanged")]
    Malformed,
    /// A key that anybody could open files for.
    #[error("a key of small order, which protects nothing")]
    SmallOrder,
}

/// A public key that a disclosure can be sealed to.
#[derive(Clone)]
pub struct RecipientKey {
    text: String,
    key: Key,
}

#[derive(Clone)]
enum Key {
    X25519(age::x25519::Recipient),
    Ssh(age::ssh::Recipient),
}

impl RecipientKey {
    /// The key in its one canonical form: `age1…` in lower case, or `ssh-ed25519 …` without a comment.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The audience of disclosures to this key: the SHA-256 of its canonical text.
    pub fn audience(&self) -> Audience {
        Audience::of_text(&self.text)
    }

    /// The Ed25519 key with which the holder can sign; none for an `age1…` key, which can only receive.
    pub fn signing_key(&self) -> Option<VerifyingKey> {
        let encoded = self.text.strip_prefix("ssh-ed25519 ")?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let point: [u8; 32] = bytes.strip_prefix(SSH_PREFIX)?.try_into().ok()?;
        VerifyingKey::from_bytes(&point).ok()
    }

    pub(super) fn as_age(&self) -> &dyn age::Recipient {
        match &self.key {
            Key::X25519(key) => key,
            Key::Ssh(key) => key,
        }
    }

    pub(super) fn from_x25519(key: age::x25519::Recipient) -> Result<Self, RecipientError> {
        let text = key.to_string();
        let bytes = bech32_bytes(&text).ok_or(RecipientError::Malformed)?;
        if is_small_order(&bytes) {
            return Err(RecipientError::SmallOrder);
        }
        Ok(Self { text, key: Key::X25519(key) })
    }

    pub(super) fn from_ssh(key: age::ssh::Recipient) -> Result<Self, RecipientError> {
        let age::ssh::Recipient::SshEd25519(ssh_key, _) = &key else {
            return Err(RecipientError::Unsupported("ssh-rsa".to_owned()));
        };
        let point = ssh_key.strip_prefix(SSH_PREFIX).and_then(|bytes| bytes.try_into().ok());
        let point = point.ok_or(RecipientError::Malformed)?;
        if VerifyingKey::from_bytes(point).is_err() {
            return Err(RecipientError::SmallOrder);
        }
        let text = format!("ssh-ed25519 {}", STANDARD.encode(ssh_key));
        Ok(Self { text, key: Key::Ssh(key) })
    }
}

impl FromStr for RecipientKey {
    type Err = RecipientError;

    /// Reads a key as people hand it over: spaces around it and an SSH key's comment do no harm.
    fn from_str(text: &str) -> Result<Self, RecipientError> {
        let text = text.trim();
        if text.len() > MAX_TEXT_LEN {
            return Err(RecipientError::Malformed);
        }
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("age-secret-key-") || lower.contains("private key-----") {
            return Err(RecipientError::Secret);
        }
        let mut words = text.split_ascii_whitespace();
        match (words.next(), words.next()) {
            (Some("ssh-ed25519"), Some(encoded)) => {
                // The parser stops where the key ends, so what it made is compared with the whole word.
                let key: age::ssh::Recipient =
                    format!("ssh-ed25519 {encoded}\n").parse().map_err(|_| RecipientError::Malformed)?;
                let key = Self::from_ssh(key)?;
                if key.text.strip_prefix("ssh-ed25519 ") == Some(encoded) {
                    Ok(key)
                } else {
                    Err(RecipientError::Malformed)
                }
            }
            (Some(kind), Some(_))
                if kind.starts_with("ssh-") || kind.starts_with("ecdsa-") || kind.starts_with("sk-") =>
            {
                Err(RecipientError::Unsupported(kind.chars().take(40).collect()))
            }
            (Some(_), None) if lower.starts_with("age1") => {
                let plugin = lower.get(4..).and_then(|rest| rest.rfind('1'));
                if let Some(name) = plugin.and_then(|end| lower.get(..end.saturating_add(4))) {
                    return Err(RecipientError::Unsupported(name.chars().take(40).collect()));
                }
                let key: age::x25519::Recipient = text.parse().map_err(|_| RecipientError::Malformed)?;
                Self::from_x25519(key)
            }
            _ => Err(RecipientError::Malformed),
        }
    }
}

impl fmt::Display for RecipientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for RecipientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for RecipientKey {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for RecipientKey {}

/// The 32 bytes of an `age1…` text whose checksum was verified already (BIP 173).
fn bech32_bytes(text: &str) -> Option<[u8; 32]> {
    const CHARSET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let data = text.strip_prefix("age1")?;
    let data = data.get(..data.len().checked_sub(6)?)?;
    let mut bytes = Vec::with_capacity(32);
    let (mut bits, mut held) = (0u32, 0u32);
    for symbol in data.bytes() {
        let value = u32::try_from(CHARSET.iter().position(|known| *known == symbol)?).ok()?;
        bits = (bits << 5 | value) & 0xfff;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes.try_into().ok()
}

fn is_small_order(key: &[u8; 32]) -> bool {
    let mut masked = *key;
    if let Some(top) = masked.last_mut() {
        *top &= 0x7f;
    }
    SMALL_ORDER.contains(&masked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AGE: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
    const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN";

    fn error(text: &str) -> RecipientError {
        text.parse::<RecipientKey>().unwrap_err()
    }

    /// Writes bytes as an `age1…` key with its checksum (BIP 173).
    fn encode_age(key: &[u8; 32]) -> String {
        const CHARSET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
        let mut data = Vec::new();
        let (mut bits, mut held) = (0u32, 0);
        for byte in key {
            bits = bits << 8 | u32::from(*byte);
            held += 8;
            while held >= 5 {
                held -= 5;
                data.push(bits >> held & 31);
            }
            bits &= 0xff;
        }
        data.push(bits << (5 - held) & 31);
        let expanded = b"age"
            .iter()
            .map(|b| u32::from(b >> 5))
            .chain([0])
            .chain(b"age".iter().map(|b| u32::from(b & 31)));
        let polymod = expanded.chain(data.iter().copied()).chain([0; 6]).fold(1u32, |sum, value| {
            let top = sum >> 25;
            let mut next = (sum & 0x1ff_ffff) << 5 ^ value;
            for (bit, generator) in
                [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].into_iter().enumerate()
            {
                if top >> bit & 1 == 1 {
                    next ^= generator;
                }
            }
            next
        }) ^ 1;
        data.extend((0..6).map(|at| polymod >> (25 - 5 * at) & 31));
        "age1".to_owned() + &data.into_iter().map(|v| char::from(CHARSET[v as usize])).collect::<String>()
    }

    #[test]
    fn one_canonical_text_for_each_key() {
        let age: RecipientKey = AGE.parse().unwrap();
        assert_eq!(age.as_str(), AGE);
        assert_eq!(AGE.to_uppercase().parse(), Ok(age.clone()), "Bech32 may be written in capitals");
        assert_eq!(error(&AGE.replacen("age1t", "age1T", 1)), RecipientError::Malformed);
        let ssh: RecipientKey = format!("  {SSH} desk@example\n").parse().unwrap();
        assert_eq!(ssh.as_str(), SSH);
        assert_eq!(ssh.audience(), SSH.parse::<RecipientKey>().unwrap().audience());
        assert_ne!(ssh.audience(), age.audience());
        assert_eq!(
            age.audience().to_string().parse::<Audience>().map(|audience| audience == age.audience()),
            Ok(true)
        );
    }

    #[test]
    fn other_texts_are_refused_by_kind() {
        assert_eq!(error(""), RecipientError::Malformed);
        assert_eq!(error("age1"), RecipientError::Malformed);
        assert_eq!(error(&AGE[..60]), RecipientError::Malformed);
        assert_eq!(error(&AGE.replace("t7rx", "t7ry")), RecipientError::Malformed);
        assert_eq!(error(&format!("{SSH}AAAA")), RecipientError::Malformed);
        assert_eq!(error(&SSH[..70]), RecipientError::Malformed);
        assert_eq!(error("ssh-ed25519"), RecipientError::Malformed);
        assert_eq!(error("ssh-rsa AAAAB3NzaC1yc2E"), RecipientError::Unsupported("ssh-rsa".to_owned()));
        assert_eq!(
            error("age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"),
            RecipientError::Unsupported("age1yubikey".to_owned())
        );
        assert_eq!(
            error("AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33"),
            RecipientError::Secret
        );
        assert_eq!(error("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA"), RecipientError::Secret);
    }

    #[test]
    fn keys_of_small_order_are_refused_before_they_reach_the_cipher() {
        assert_eq!(encode_age(&bech32_bytes(AGE).unwrap()), AGE);
        for point in SMALL_ORDER {
            let mut other_sign = point;
            other_sign[31] |= 0x80;
            assert_eq!(error(&encode_age(&point)), RecipientError::SmallOrder);
            assert_eq!(error(&encode_age(&other_sign)), RecipientError::SmallOrder);
            // The age crate ends the whole process for these, which is why they are looked for here.
            let unchecked: age::x25519::Recipient = encode_age(&point).parse().unwrap();
            let key = age_core::format::FileKey::new(Box::new([7; 16]));
            let sealed = std::panic::catch_unwind(|| age::Recipient::wrap_file_key(&unchecked, &key).is_ok());
            assert!(sealed.is_err(), "not of small order: {point:02x?}");
        }
        let mut identity = SSH_PREFIX.to_vec();
        identity.extend([1u8].iter().chain(&[0; 31]));
        assert_eq!(error(&format!("ssh-ed25519 {}", STANDARD.encode(identity))), RecipientError::SmallOrder);
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text: String, tail in "[ -~]{0,90}") {
            let _ = text.parse::<RecipientKey>();
            let _ = format!("age1{tail}").parse::<RecipientKey>();
            let _ = format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{tail}").parse::<RecipientKey>();
        }
    }
}
