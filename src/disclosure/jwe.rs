//! The data file: what is sealed under a passcode for a browser, a JWE in compact form (RFC 7516, section 7.1).
//!
//! Its protected header says from when until when the disclosure holds, so that a reader refuses one that is over
//! without decrypting it; the header is authenticated, and who opens it holds it against the token inside.

use super::browser_key::BrowserKey;
use super::json::{base64url, from_base64url};
use super::open::OpenError;
use super::passcode::Passcode;
use super::seal::SealError;
use super::token::Payload;
use super::verify::{VerifyError, check_times, decode, time};
use crate::crypto::Random;
use crate::crypto::pbes2::{ALGORITHM, GCM_TAG_BYTES, OpenFault, PasscodeKey, SALT_BYTES, SealFault, Sealed};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The `typ` of the header. Nothing else passes.
pub const JWE_TYP: &str = "finvault-disclosure+jwe";
/// How often PBKDF2 iterates in what we seal. The passcode has 125 random bits, so it only needs to be no burden.
pub const JWE_ITERATIONS: u32 = 210_000;
/// The most iterations that a file may ask for, about a second's work.
pub const MAX_JWE_ITERATIONS: u32 = 1_000_000;
/// The longest protected header that is looked at, in bytes; our own have about 260.
const MAX_HEADER_LEN: usize = 1024;

const ENCRYPTION: &str = "A256GCM";

/// The protected header. Members that are not named here are rejected, `zip` and `crit` among them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    enc: String,
    exp: i64,
    iat: i64,
    nbf: i64,
    p2c: u32,
    p2s: String,
    typ: String,
}

/// From when until when the outside of a sealed file says that the disclosure inside holds. Nobody vouches for it until
/// the file was opened: it serves to refuse, never to trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedTimes {
    /// When it was made.
    pub issued: Timestamp,
    /// From when it holds.
    pub not_before: Timestamp,
    /// The first moment at which it no longer holds.
    pub expires: Timestamp,
}

impl SealedTimes {
    /// The times that a token states; none for what is no token. Its signature is not asked for.
    pub(super) fn of_token(token: &str) -> Option<Self> {
        let payload: Payload = decode(token.split('.').nth(1)?, "the payload").ok()?;
        Self::of_seconds(payload.iat, payload.nbf, payload.exp).ok()
    }

    fn of_seconds(issued: i64, not_before: i64, expires: i64) -> Result<Self, VerifyError> {
        Ok(Self { issued: time(issued)?, not_before: time(not_before)?, expires: time(expires)? })
    }

    /// Holds them against the clock, by the rule for tokens.
    ///
    /// # Errors
    /// [`VerifyError::Expired`], [`VerifyError::NotYetValid`], [`VerifyError::ClockSuspect`].
    pub fn check(&self, now: Timestamp) -> Result<(), VerifyError> {
        check_times(self.issued, self.not_before, self.expires, now)
    }
}

/// Whether a text is a JWE in compact form: five parts of base64url.
pub(super) fn is_jwe(text: &str) -> bool {
    let symbol = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    text.bytes().all(symbol) && text.bytes().filter(|b| *b == b'.').count() == 4
}

/// Seals a text under a passcode's key.
pub(super) fn encrypt(
    text: &[u8],
    times: &SealedTimes,
    key: &BrowserKey,
    random: &dyn Random,
) -> Result<String, SealError> {
    let header = Header {
        alg: ALGORITHM.to_owned(),
        enc: ENCRYPTION.to_owned(),
        exp: times.expires.as_second(),
        iat: times.issued.as_second(),
        nbf: times.not_before.as_second(),
        p2c: JWE_ITERATIONS,
        p2s: base64url(key.salt()),
        typ: JWE_TYP.to_owned(),
    };
    let header = base64url(&serde_json::to_vec(&header).map_err(|_| SealError::Token)?);
    let sealed = key.wait().seal(text, header.as_bytes(), random).map_err(|fault| match fault {
        SealFault::Random => SealError::Randomness,
        SealFault::TooLong => SealError::TooLarge,
    })?;
    let at = sealed.ciphertext.len().saturating_sub(GCM_TAG_BYTES);
    let (ciphertext, tag) = sealed.ciphertext.split_at_checked(at).unwrap_or_default();
    let parts =
        [base64url(&sealed.wrapped_key), base64url(&sealed.iv), base64url(ciphertext), base64url(tag)];
    Ok(format!("{header}.{}", parts.join(".")))
}

/// What the outside of a JWE says.
pub(super) struct Outside {
    pub(super) times: SealedTimes,
    salt: [u8; SALT_BYTES],
    iterations: u32,
}

impl Outside {
    /// Reads the protected header; nothing is decrypted.
    pub(super) fn read(jwe: &str) -> Result<Self, OpenError> {
        let header = jwe.split('.').next().unwrap_or_default();
        if header.len() > MAX_HEADER_LEN {
            return Err(OpenError::Altered);
        }
        let header: Header = decode(header, "the header").map_err(|_| OpenError::Altered)?;
        let known = header.typ == JWE_TYP && header.alg == ALGORITHM && header.enc == ENCRYPTION;
        let salt: Option<[u8; SALT_BYTES]> =
            from_base64url(&header.p2s).and_then(|bytes| bytes.try_into().ok());
        let times = SealedTimes::of_seconds(header.iat, header.nbf, header.exp);
        let (true, Some(salt), Ok(times)) = (known, salt, times) else { return Err(OpenError::Altered) };
        match header.p2c {
            ..JWE_ITERATIONS => Err(OpenError::Altered),
            JWE_ITERATIONS..=MAX_JWE_ITERATIONS => Ok(Self { times, salt, iterations: header.p2c }),
            _ => Err(OpenError::ExcessiveWork),
        }
    }
}

/// Opens a JWE: the text inside, and the times that the outside states, which the caller holds against the token.
pub(super) fn decrypt(jwe: &str, passcode: &Passcode) -> Result<(Vec<u8>, SealedTimes), OpenError> {
    let outside = Outside::read(jwe)?;
    let parts: Vec<&str> = jwe.split('.').collect();
    let [header, wrapped_key, iv, ciphertext, tag] = parts.as_slice() else { return Err(OpenError::Altered) };
    let bytes = |text: &str| from_base64url(text).ok_or(OpenError::Altered);
    let mut ciphertext = bytes(ciphertext)?;
    let tag: [u8; GCM_TAG_BYTES] = bytes(tag)?.try_into().map_err(|_| OpenError::Altered)?;
    ciphertext.extend(tag);
    let sealed = Sealed {
        wrapped_key: bytes(wrapped_key)?.try_into().map_err(|_| OpenError::Altered)?,
        iv: bytes(iv)?.try_into().map_err(|_| OpenError::Altered)?,
        ciphertext,
    };
    let key = PasscodeKey::derive(passcode.text().as_bytes(), &outside.salt, outside.iterations);
    let text = key.open(&sealed, header.as_bytes()).map_err(|fault| match fault {
        OpenFault::WrongSecret => OpenError::WrongPasscodeOrAltered,
        OpenFault::Altered => OpenError::Altered,
    })?;
    Ok((text, outside.times))
}
