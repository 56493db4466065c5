//! Sealing: a signed token becomes an age file that one recipient, or whoever holds one passcode, can read.
//!
//! The file is a plain age v1 file in binary form; any age program opens it and finds the token on the
//! first line, and on the next ones what is [enclosed](Enclosure). The rest of the text is spaces up to a power of
//! two, so the size tells little of how many rows there are. A file sealed to a key carries one more stanza, of our own type, with a digest of the key's
//! stanza: without it, a damaged file could not be told from one for another recipient. It names nobody.
//!
//! For who has no key and installs nothing the same text is sealed under a passcode as a [JWE](super::jwe), alone or
//! inside a [page](super::viewer) that a browser opens.

use super::browser_key::BrowserKey;
use super::draft::ReviewCopy;
use super::enclosure::{Enclosure, MAX_CONTENTS_LEN, MAX_ENCLOSURES, to_lines};
use super::jwe::{self, SealedTimes};
use super::passcode::Passcode;
use super::recipient::RecipientKey;
use super::token::Token;
use super::viewer;
use crate::crypto::Random;
use age::secrecy::SecretString;
use age_core::format::{FileKey, Stanza};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::io::Write as _;

/// The smallest size of the text inside, in bytes: the same for one row as for thirty.
pub const MIN_PADDED_LEN: usize = 16 * 1024;
/// The scrypt work factor: the passcode has 125 random bits, so this only needs to be no burden.
pub(super) const SCRYPT_LOG_N: u8 = 15;
/// The type of the stanza that holds the digest of those before it.
pub(super) const CHECK_STANZA: &str = "finvault-check";

/// Who can open the file.
pub enum SealTo<'a> {
    /// The holder of this key.
    Recipient(&'a RecipientKey),
    /// Whoever has this passcode, with an age program.
    Passcode(&'a Passcode),
    /// Whoever has this passcode, with a browser: as a data file, or as a page that holds it.
    Browser {
        /// What the passcode gives.
        key: &'a BrowserKey,
        /// Whether the page goes with it.
        page: bool,
        /// Where the content key and the nonce come from.
        random: &'a dyn Random,
    },
}

/// Sealing failed; nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// age reported an error.
    #[error("the disclosure could not be sealed")]
    Age,
    /// More than [`MAX_ENCLOSURES`] enclosures, or more than [`MAX_CONTENTS_LEN`] bytes.
    #[error("too much for one file: at most {MAX_ENCLOSURES} documents and {MAX_CONTENTS_LEN} bytes in all")]
    TooLarge,
    /// A document without a byte, which would be lost in the padding.
    #[error("a document that is empty cannot travel along")]
    EmptyDocument,
    /// There was no randomness.
    #[error("no randomness to seal the disclosure with")]
    Randomness,
    /// What was to be sealed states no times, so it is no token of ours.
    #[error("what was to be sealed is no disclosure")]
    Token,
}

/// Seals a token alone. Unlike the token, the file differs each time: age draws its own randomness from the
/// operating system.
///
/// # Errors
/// [`SealError`] when age reports one.
pub fn seal(token: &Token, to: &SealTo<'_>) -> Result<Vec<u8>, SealError> {
    seal_with(token, &[], to)
}

/// Seals a token with what travels beside it.
///
/// # Errors
/// [`SealError`].
pub fn seal_with(token: &Token, enclosures: &[Enclosure], to: &SealTo<'_>) -> Result<Vec<u8>, SealError> {
    if enclosures.contains(&Enclosure::Document(Vec::new())) {
        return Err(SealError::EmptyDocument);
    }
    let lines = to_lines(token.as_str(), enclosures);
    if lines.len() > MAX_CONTENTS_LEN || enclosures.len() > MAX_ENCLOSURES {
        return Err(SealError::TooLarge);
    }
    match to {
        SealTo::Recipient(key) => encrypt(lines, &WithCheck(vec![key.as_age()])),
        SealTo::Passcode(passcode) => {
            let mut recipient =
                age::scrypt::Recipient::new(SecretString::from(passcode.text().as_str().to_owned()));
            recipient.set_work_factor(SCRYPT_LOG_N);
            encrypt(lines, &recipient)
        }
        SealTo::Browser { key, page, random } => {
            let times = SealedTimes::of_token(token.as_str()).ok_or(SealError::Token)?;
            let data = jwe::encrypt(&padded(lines), &times, key, *random)?;
            Ok(if *page { viewer::page_around(&data).into_bytes() } else { (data + "\n").into_bytes() })
        }
    }
}

/// Seals a draft to its reviewers' keys, each of which opens it.
///
/// # Errors
/// [`SealError`], also where there is no key.
pub fn seal_draft(copy: &ReviewCopy, to: &[RecipientKey]) -> Result<Vec<u8>, SealError> {
    if to.is_empty() {
        return Err(SealError::Age);
    }
    encrypt(copy.as_str().to_owned(), &WithCheck(to.iter().map(RecipientKey::as_age).collect()))
}

/// The lines, padded, as an age file.
fn encrypt(lines: String, to: &dyn age::Recipient) -> Result<Vec<u8>, SealError> {
    let text = padded(lines);
    let encryptor = age::Encryptor::with_recipients(std::iter::once(to));
    let mut sealed = Vec::with_capacity(text.len() + text.len() / 1024 + 1024);
    let mut writer =
        encryptor.map_err(|_| SealError::Age)?.wrap_output(&mut sealed).map_err(|_| SealError::Age)?;
    writer.write_all(&text).map_err(|_| SealError::Age)?;
    writer.finish().map_err(|_| SealError::Age)?;
    Ok(sealed)
}

/// The lines, and spaces up to the next power of two.
fn padded(lines: String) -> Vec<u8> {
    let mut text = lines.into_bytes();
    let length = text.len().next_power_of_two().max(MIN_PADDED_LEN);
    text.resize(length, b' ');
    text
}

/// Recipients whose stanzas are followed by a digest of them.
struct WithCheck<'a>(Vec<&'a dyn age::Recipient>);

impl age::Recipient for WithCheck<'_> {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), age::EncryptError> {
        // Keys of the kinds that we seal to have no labels.
        let (mut stanzas, mut labels) = (Vec::new(), HashSet::new());
        for recipient in &self.0 {
            let (wrapped, own) = recipient.wrap_file_key(file_key)?;
            stanzas.extend(wrapped);
            labels.extend(own);
        }
        let body = stanzas_digest(&stanzas).to_vec();
        stanzas.push(Stanza { tag: CHECK_STANZA.to_owned(), args: Vec::new(), body });
        Ok((stanzas, labels))
    }
}

/// SHA-256 over the stanzas: each of tag, arguments and body as its length (8 bytes, big-endian) and its bytes,
/// each stanza preceded by the number of its arguments (8 bytes).
pub(super) fn stanzas_digest(stanzas: &[Stanza]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let field = |hash: &mut Sha256, bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    hash.update(b"finvault-check/1\0");
    for stanza in stanzas {
        hash.update((stanza.args.len() as u64).to_be_bytes());
        field(&mut hash, stanza.tag.as_bytes());
        stanza.args.iter().for_each(|argument| field(&mut hash, argument.as_bytes()));
        field(&mut hash, &stanza.body);
    }
    hash.finalize().into()
}
