//! What travels beside a token in one sealed file: endorsements of its facts, and documents that its facts name.
//!
//! The text inside a sealed file is lines: the token, then one line for each enclosure, then padding. An enclosure is
//! not signed by the issuer and says nothing by itself: an endorsement names the disclosure that it is about and is
//! checked by its own signature, a document by the digest that a signed fact states. An enclosure that neither
//! vouches for is rejected with the whole file, as is a line of another form.

use super::fact::Fact;
use super::json::from_base64url;
use super::review::Endorsed;
use super::selection::FileDigest;
use super::verify::{Verified, VerifyError};
use sha2::{Digest, Sha256};
use std::fmt;

/// The longest text inside a sealed file before padding, in bytes.
pub const MAX_CONTENTS_LEN: usize = 32 * 1024 * 1024;
/// The most enclosures in one file.
pub const MAX_ENCLOSURES: usize = 64;

const ENDORSEMENT: &str = "endorsement ";
const DOCUMENT: &str = "document ";

/// One thing that travels beside the token.
#[derive(Clone, PartialEq, Eq)]
pub enum Enclosure {
    /// A reviewer's signed word about the disclosure: a JWT, not verified yet.
    Endorsement(String),
    /// The bytes of a document.
    Document(Vec<u8>),
}

impl fmt::Debug for Enclosure {
    /// The kind and the length alone, since the content is for few to see.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endorsement(jwt) => write!(f, "Endorsement({} bytes)", jwt.len()),
            Self::Document(bytes) => write!(f, "Document({} bytes)", bytes.len()),
        }
    }
}

/// What is enclosed, vouched for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enclosed {
    /// The documents that came along, each named by a fact.
    pub documents: Vec<EnclosedDocument>,
    /// What reviewers say of the facts, in the order of the file; no two of one signer.
    pub endorsements: Vec<Endorsed>,
}

/// A document whose digest a signed fact states.
#[derive(Clone, PartialEq, Eq)]
pub struct EnclosedDocument {
    /// The place of the fact that names it, among the verified facts.
    pub fact: usize,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for EnclosedDocument {
    /// The length alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EnclosedDocument(fact {}, {} bytes)", self.fact, self.bytes.len())
    }
}

/// Holds what is enclosed against the verified token beside it.
///
/// # Errors
/// [`VerifyError::Invalid`] for an enclosure that nothing vouches for, or that is there twice.
pub fn check_enclosures(verified: &Verified, enclosures: &[Enclosure]) -> Result<Enclosed, VerifyError> {
    let mut enclosed = Enclosed::default();
    for enclosure in enclosures {
        match enclosure {
            Enclosure::Document(bytes) => enclosed.documents.push(document(verified, bytes, &enclosed)?),
            Enclosure::Endorsement(jwt) => {
                let endorsed = Endorsed::read(jwt, verified)?;
                if enclosed.endorsements.iter().any(|known| known.signer == endorsed.signer) {
                    return Err(VerifyError::Invalid("two endorsements of one signer"));
                }
                enclosed.endorsements.push(endorsed);
            }
        }
    }
    Ok(enclosed)
}

fn document(verified: &Verified, bytes: &[u8], so_far: &Enclosed) -> Result<EnclosedDocument, VerifyError> {
    let digest = FileDigest::from_bytes(Sha256::digest(bytes).into());
    let names_it = |fact: &Fact| matches!(fact, Fact::Document(document) if document.sha256 == digest);
    let fact = verified
        .facts
        .iter()
        .position(names_it)
        .ok_or(VerifyError::Invalid("a document beside it that no fact names"))?;
    if so_far.documents.iter().any(|known| known.fact == fact) {
        return Err(VerifyError::Invalid("a document that is there twice"));
    }
    Ok(EnclosedDocument { fact, bytes: bytes.to_vec() })
}

/// The lines: the token, then each enclosure, each with its line end.
#[cfg(any(test, feature = "age"))]
pub(super) fn to_lines(token: &str, enclosures: &[Enclosure]) -> String {
    let mut text = String::from(token);
    text.push('\n');
    for enclosure in enclosures {
        match enclosure {
            Enclosure::Endorsement(jwt) => {
                text.push_str(ENDORSEMENT);
                text.push_str(jwt);
            }
            Enclosure::Document(bytes) => {
                text.push_str(DOCUMENT);
                text.push_str(&super::json::base64url(bytes));
            }
        }
        text.push('\n');
    }
    text
}

/// Takes the text inside a sealed file apart, however it was decrypted: the token, and what travels beside it, to be held
/// against each other by [`check_enclosures`]. None when a line is of no known form. Spaces and line ends after
/// the last line are padding.
pub fn split_contents(text: &str) -> Option<(&str, Vec<Enclosure>)> {
    let mut lines = text.trim_end_matches([' ', '\n', '\r']).split('\n');
    let token = lines.next()?.trim();
    let enclosures = lines.map(from_line).collect::<Option<Vec<_>>>()?;
    (enclosures.len() <= MAX_ENCLOSURES).then_some((token, enclosures))
}

fn from_line(line: &str) -> Option<Enclosure> {
    let line = line.trim_end_matches('\r');
    if let Some(jwt) = line.strip_prefix(ENDORSEMENT) {
        let symbol = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        return (!jwt.is_empty() && jwt.bytes().all(symbol)).then(|| Enclosure::Endorsement(jwt.to_owned()));
    }
    // An empty one would be lost with the padding where it comes last, so none is allowed anywhere.
    let document = line.strip_prefix(DOCUMENT).and_then(from_base64url).filter(|bytes| !bytes.is_empty());
    document.map(Enclosure::Document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_of_another_form_is_refused() {
        assert_eq!(split_contents("a.b.c~\n   ").unwrap(), ("a.b.c~", vec![]));
        assert_eq!(split_contents("\n").unwrap().0, "");
        for bad in [
            "t~\nnote hello",
            "t~\nendorsement ",
            "t~\nendorsement a b",
            "t~\ndocument !",
            "t~\ndocument ",
            "t~\ndocument \ndocument YQ",
            "t~\n\ndocument YQ",
        ] {
            assert!(split_contents(bad).is_none(), "{bad:?}");
        }
        let many = to_lines("t~", &vec![Enclosure::Document(vec![1]); MAX_ENCLOSURES + 1]);
        assert!(split_contents(&many).is_none());
    }

    proptest! {
        #[test]
        fn what_is_enclosed_comes_back(documents: Vec<Vec<u8>>, jwt in "[A-Za-z0-9_.-]{1,80}", spaces in 0usize..40) {
            let mut enclosures: Vec<_> = documents
                .into_iter()
                .filter(|bytes| !bytes.is_empty())
                .take(20)
                .map(Enclosure::Document)
                .collect();
            enclosures.insert(0, Enclosure::Endorsement(jwt));
            let text = to_lines("a.b.c~d~", &enclosures) + &" ".repeat(spaces);
            prop_assert_eq!(split_contents(&text), Some(("a.b.c~d~", enclosures)));
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = split_contents(&text);
        }
    }
}
