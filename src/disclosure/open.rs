//! Opening: a sealed file and the reader's keys in, the token's text and what is enclosed out. Verifying both is the
//! next step.

use super::draft::DraftForReview;
use super::enclosure::{Enclosure, split_contents};
use super::identity::Identities;
use super::jwe::{self, Outside, SealedTimes};
use super::passcode::Passcode;
use super::seal::{CHECK_STANZA, stanzas_digest};
use super::selection::FileDigest;
use super::token::MAX_TOKEN_LEN;
use super::verdict::Verdict;
use super::viewer;
use age::armor::ArmoredReader;
use age::secrecy::SecretString;
use age_core::format::{FileKey, Stanza};
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::io::Read;

/// The largest file that is read, in bytes: a token of the largest size, padded, sealed and armored.
pub const MAX_SEALED_LEN: usize = 48 * 1024 * 1024;
/// The longest age header that is looked at, in bytes; our own have less than 1 KiB.
const MAX_HEADER_LEN: usize = 64 * 1024;
/// The dearest scrypt work that a file may ask for: 256 MiB of memory, about a second.
const MAX_SCRYPT_LOG_N: u8 = 18;

const AGE_MAGIC: &[u8] = b"age-encryption.org/";
const ARMOR_MAGIC: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";

/// What the reader has to open the file with.
#[derive(Clone, Copy)]
pub enum OpenWith<'a> {
    /// Secret keys.
    Identities(&'a Identities),
    /// A passcode.
    Passcode(&'a Passcode),
    /// Nothing: enough for a token that is not sealed.
    Nothing,
}

/// Why a file could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Neither a sealed disclosure nor a token.
    #[error("not a disclosure: neither an age file nor a page, a data file or a token")]
    NotADisclosure,
    /// The viewer's page, without a disclosure inside.
    #[error("this is the viewer alone: there is no disclosure in it")]
    ViewerAlone,
    /// A draft for reviewers, in which no disclosure is signed.
    #[error("this is a draft for review, not a disclosure: nothing that it states was signed")]
    Draft,
    /// No draft, where one was expected.
    #[error("not a draft for review")]
    NotADraft,
    /// Changed, cut short or damaged since it was sealed.
    #[error("the file was altered or damaged after it was sealed: ask for it again")]
    Altered,
    /// Sealed to a key, but none of the reader's.
    #[error("the disclosure is sealed to another key than yours")]
    NotForRecipient,
    /// Sealed to a key, and no identity was given.
    #[error("the disclosure is sealed to a key: give the identity file")]
    NeedsIdentity,
    /// Sealed under a passcode, and none was given.
    #[error("the disclosure is sealed under a passcode: give the passcode")]
    NeedsPasscode,
    /// The passcode is well-formed, but does not open this file.
    #[error("the passcode does not open this file: it belongs to another one, or the file was altered")]
    WrongPasscodeOrAltered,
    /// The outside of the file states other times than the disclosure inside.
    #[error(
        "the file states other times on its outside than the disclosure in it: whoever made it is not to be trusted"
    )]
    TimesDisagree,
    /// Larger than any disclosure.
    #[error("too large for a disclosure")]
    TooLarge,
    /// Asks for more work than is safe to do for an unknown file.
    #[error("the file asks for an excessive amount of work before it can be opened")]
    ExcessiveWork,
}

impl OpenError {
    /// The verdict that this is; none where the reader gave too little to come to one.
    pub const fn verdict(self) -> Option<Verdict> {
        match self {
            Self::NotForRecipient => Some(Verdict::NotForRecipient),
            Self::NeedsIdentity | Self::NeedsPasscode => None,
            _ => Some(Verdict::Invalid),
        }
    }
}

/// A token's text, opened or given openly. It is not verified yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// The text to give to [`super::verify`].
    pub token: String,
    /// What travels beside it, not checked yet.
    pub enclosures: Vec<Enclosure>,
    /// Whether it came sealed.
    pub sealed: bool,
}

impl Opened {
    /// The SHA-256 of the token's text: the sender's log names the token by it, and a deletion receipt too.
    pub fn digest(&self) -> FileDigest {
        FileDigest::from_bytes(Sha256::digest(self.token.as_bytes()).into())
    }
}

/// From when until when the outside of a file says that the disclosure in it holds: to refuse one that is over without
/// decrypting it. None for a file whose outside does not tell, such as an age file.
///
/// # Errors
/// [`OpenError`] for a page or data file whose outside cannot be read.
pub fn sealed_times(file: &[u8]) -> Result<Option<SealedTimes>, OpenError> {
    match data_file(file)? {
        Some(jwe) => Outside::read(jwe).map(|outside| Some(outside.times)),
        None => Ok(None),
    }
}

/// The JWE that a file is, or that a page holds; none for a file of another kind.
fn data_file(file: &[u8]) -> Result<Option<&str>, OpenError> {
    if file.len() > MAX_SEALED_LEN {
        return Err(OpenError::TooLarge);
    }
    if viewer::is_page(file) {
        let data = viewer::data_in_page(file).ok_or(OpenError::NotADisclosure)?;
        return match data {
            "" => Err(OpenError::ViewerAlone),
            data if jwe::is_jwe(data) => Ok(Some(data)),
            _ => Err(OpenError::Altered),
        };
    }
    Ok(std::str::from_utf8(file).ok().map(str::trim).filter(|text| jwe::is_jwe(text)))
}

/// Opens a file: an age file (binary or armored), a page or its data file, or a token as text.
///
/// # Errors
/// [`OpenError`]. A file altered in any byte is [`OpenError::Altered`], except that one under a passcode
/// whose passcode stanza was altered cannot be told from one under another passcode.
pub fn open(file: &[u8], with: OpenWith<'_>) -> Result<Opened, OpenError> {
    let (text, sealed, outside) = contents(file, with)?;
    let text = std::str::from_utf8(&text).map_err(|_| OpenError::NotADisclosure)?.trim_start();
    if DraftForReview::is_draft(text) {
        return Err(OpenError::Draft);
    }
    match split_contents(text).filter(|(token, _)| looks_like_a_token(token)) {
        Some((token, _)) if token.len() > MAX_TOKEN_LEN => Err(OpenError::TooLarge),
        Some((token, _)) if outside.is_some() && SealedTimes::of_token(token) != outside => {
            Err(OpenError::TimesDisagree)
        }
        Some((token, enclosures)) => Ok(Opened { token: token.to_owned(), enclosures, sealed }),
        None => Err(OpenError::NotADisclosure),
    }
}

/// Opens a draft that was sealed to reviewers. What it gives is not verified yet: [`DraftForReview::read`] does that.
///
/// # Errors
/// [`OpenError`], as [`open`]; [`OpenError::NotADraft`] for anything else, a disclosure among it.
pub fn open_draft(file: &[u8], with: OpenWith<'_>) -> Result<String, OpenError> {
    let (text, ..) = contents(file, with)?;
    let text = String::from_utf8(text).map_err(|_| OpenError::NotADraft)?;
    if DraftForReview::is_draft(&text) { Ok(text) } else { Err(OpenError::NotADraft) }
}

/// What is in a file, sealed or not, whether it was sealed, and the times that its outside states.
fn contents(file: &[u8], with: OpenWith<'_>) -> Result<(Vec<u8>, bool, Option<SealedTimes>), OpenError> {
    if let Some(jwe) = data_file(file)? {
        let OpenWith::Passcode(passcode) = with else {
            return Outside::read(jwe).and(Err(OpenError::NeedsPasscode));
        };
        let (text, outside) = jwe::decrypt(jwe, passcode)?;
        return Ok((text, true, Some(outside)));
    }
    let armored = file.trim_ascii_start().starts_with(ARMOR_MAGIC);
    let text = if armored {
        let mut binary = Vec::new();
        let limit = MAX_SEALED_LEN as u64;
        ArmoredReader::new(file).take(limit).read_to_end(&mut binary).map_err(|_| OpenError::Altered)?;
        decrypt(&binary, with)?
    } else if file.starts_with(AGE_MAGIC) {
        decrypt(file, with)?
    } else {
        file.to_vec()
    };
    Ok((text, armored || file.starts_with(AGE_MAGIC), None))
}

fn looks_like_a_token(text: &str) -> bool {
    let symbol = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    !text.is_empty() && text.bytes().all(symbol) && text.contains('~')
}

fn decrypt(file: &[u8], with: OpenWith<'_>) -> Result<Vec<u8>, OpenError> {
    // The age crate reads a header again for each of its lines, so a long hostile one would take for ever.
    let head = file.get(..MAX_HEADER_LEN).unwrap_or(file);
    if !head.windows(5).any(|window| window == b"\n--- ") {
        return Err(OpenError::Altered);
    }
    let decryptor = age::Decryptor::new_buffered(file).map_err(|_| OpenError::Altered)?;
    let probe = Probe { with, unaltered: Cell::new(false) };
    let under_passcode = decryptor.is_scrypt();
    match (under_passcode, with) {
        (true, OpenWith::Identities(_) | OpenWith::Nothing) => return Err(OpenError::NeedsPasscode),
        (false, OpenWith::Nothing) => return Err(OpenError::NeedsIdentity),
        _ => {}
    }
    let reader = decryptor.decrypt(std::iter::once(&probe as &dyn age::Identity));
    let mut reader = reader.map_err(|error| probe.explain(&error))?;
    let mut text = Vec::new();
    reader.read_to_end(&mut text).map_err(|_| OpenError::Altered)?;
    Ok(text)
}

/// The reader's keys as one identity, which remembers what it saw in the header.
struct Probe<'a> {
    with: OpenWith<'a>,
    /// Whether our own stanza vouches for the others.
    unaltered: Cell<bool>,
}

impl Probe<'_> {
    fn explain(&self, error: &age::DecryptError) -> OpenError {
        match (error, self.with, self.unaltered.get()) {
            (age::DecryptError::ExcessiveWork { .. }, ..) => OpenError::ExcessiveWork,
            (age::DecryptError::NoMatchingKeys, OpenWith::Identities(_), true) => OpenError::NotForRecipient,
            (age::DecryptError::NoMatchingKeys, OpenWith::Passcode(_), true) => OpenError::NeedsIdentity,
            (age::DecryptError::DecryptionFailed, OpenWith::Passcode(_), false) => {
                OpenError::WrongPasscodeOrAltered
            }
            _ => OpenError::Altered,
        }
    }
}

impl age::Identity for Probe<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        match self.with {
            OpenWith::Identities(identities) => {
                identities.secrets().find_map(|secret| secret.as_age().unwrap_stanza(stanza))
            }
            OpenWith::Passcode(passcode) => {
                let mut identity =
                    age::scrypt::Identity::new(SecretString::from(passcode.text().as_str().to_owned()));
                identity.set_max_work_factor(MAX_SCRYPT_LOG_N);
                age::Identity::unwrap_stanza(&identity, stanza)
            }
            OpenWith::Nothing => None,
        }
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, age::DecryptError>> {
        self.unaltered.set(vouched_for(stanzas));
        stanzas.iter().find_map(|stanza| self.unwrap_stanza(stanza))
    }
}

/// Whether our own stanza is there and agrees with those before it.
fn vouched_for(stanzas: &[Stanza]) -> bool {
    let Some(at) = stanzas.iter().position(|stanza| stanza.tag == CHECK_STANZA) else { return false };
    let (Some(before), Some(check)) = (stanzas.get(..at), stanzas.get(at)) else { return false };
    check.args.is_empty() && check.body == stanzas_digest(before)
}
