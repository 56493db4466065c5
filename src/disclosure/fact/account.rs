//! That an account exists and what it is, each particular only where the owner chose it; and documents by digest.

use super::{AccountLabel, FullNumber};
use crate::disclosure::json::make_plain;
use crate::disclosure::selection::{Evidence, FileDigest, Selection};
use crate::disclosure::wire::IsoDate;
use crate::ledger::AccountKind;
use crate::money::Currency;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The longest name of a file, in bytes.
const MAX_FILE_NAME_LEN: usize = 255;

/// An account, of which only the chosen particulars are there; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountFact {
    /// Its name and masked number, as far as chosen.
    pub account: AccountLabel,
    /// Its number in full: with it money can be asked for in the owner's name.
    pub number: Option<FullNumber>,
    /// Whose it is, as the owner says.
    pub holder: Option<String>,
    /// What else is said of the holder.
    pub holder_details: HolderDetails,
    /// Where it is held: the bank's name or routing id.
    pub institution: Option<String>,
    /// What it is.
    pub kind: Option<AccountKind>,
    /// The code of the currency that it is in.
    pub currency: Option<String>,
    /// The first day that the owner's records know it; it may be older.
    pub known_since: Option<Date>,
    /// Rests on no rows.
    pub selection: Selection,
    /// How well founded it is.
    pub evidence: Evidence,
}

/// What is said of an account's holder beside the name, each as the owner says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HolderDetails {
    /// The name of their business.
    pub business: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// A postal address.
    pub address: Option<String>,
    /// A tax identification number.
    pub tax_id: Option<String>,
}

impl HolderDetails {
    /// Those that are there, each with the word for it.
    pub fn stated(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("business", &self.business),
            ("email", &self.email),
            ("phone", &self.phone),
            ("address", &self.address),
            ("tax-id", &self.tax_id),
        ]
        .into_iter()
        .filter_map(|(word, value)| Some((word, value.as_deref()?)))
    }
}

/// A document that the recipient can recognise by its digest: a receipt, or a statement as the bank gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentFact {
    /// The SHA-256 of its bytes.
    pub sha256: FileDigest,
    /// What kind of file it is, for example `text/csv` (RFC 6838).
    pub media_type: String,
    /// Its file name, where chosen.
    pub file_name: Option<String>,
    /// Rests on no rows.
    pub selection: Selection,
    /// How well founded it is.
    pub evidence: Evidence,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::disclosure) struct AccountWire {
    selection: Selection,
    evidence: Evidence,
    #[serde(rename = "Account")]
    account: AccountLabel,
    #[serde(rename = "Details")]
    details: DetailsWire,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DetailsWire {
    #[serde(rename = "Holder", skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    #[serde(rename = "Institution", skip_serializing_if = "Option::is_none")]
    institution: Option<String>,
    #[serde(rename = "AccountKind", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(rename = "Currency", skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    #[serde(rename = "KnownSince", skip_serializing_if = "Option::is_none")]
    known_since: Option<IsoDate>,
    #[serde(rename = "Number", skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(rename = "Scheme", skip_serializing_if = "Option::is_none")]
    scheme: Option<String>,
    #[serde(rename = "Business", skip_serializing_if = "Option::is_none")]
    business: Option<String>,
    #[serde(rename = "Email", skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(rename = "Phone", skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(rename = "Address", skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(rename = "TaxId", skip_serializing_if = "Option::is_none")]
    tax_id: Option<String>,
}

impl From<&AccountFact> for AccountWire {
    fn from(fact: &AccountFact) -> Self {
        Self {
            selection: fact.selection.clone(),
            evidence: fact.evidence.clone(),
            account: fact.account.clone(),
            details: DetailsWire {
                holder: fact.holder.clone(),
                institution: fact.institution.clone(),
                kind: fact.kind.map(|kind| kind.as_str().to_owned()),
                currency: fact.currency.clone(),
                known_since: fact.known_since.map(IsoDate),
                number: fact.number.as_ref().map(|number| number.as_str().to_owned()),
                scheme: fact
                    .number
                    .as_ref()
                    .and_then(FullNumber::scheme)
                    .map(|scheme| scheme.as_str().to_owned()),
                business: fact.holder_details.business.clone(),
                email: fact.holder_details.email.clone(),
                phone: fact.holder_details.phone.clone(),
                address: fact.holder_details.address.clone(),
                tax_id: fact.holder_details.tax_id.clone(),
            },
        }
    }
}

impl TryFrom<AccountWire> for AccountFact {
    type Error = &'static str;

    fn try_from(wire: AccountWire) -> Result<Self, Self::Error> {
        let details = wire.details;
        let kind = details.kind.map(|word| {
            AccountKind::ALL
                .into_iter()
                .find(|kind| kind.as_str() == word)
                .ok_or("an account of an unknown kind")
        });
        let number = match (details.number, details.scheme) {
            (Some(number), scheme) => Some(FullNumber::from_members(&number, scheme.as_deref())?),
            (None, Some(_)) => return Err("the scheme of a number that is not there"),
            (None, None) => None,
        };
        let holder_details = HolderDetails {
            business: details.business,
            email: details.email,
            phone: details.phone,
            address: details.address,
            tax_id: details.tax_id,
        };
        if holder_details.stated().any(|(_, value)| value.trim().is_empty()) {
            return Err("a particular of the holder that says nothing");
        }
        let fact = Self {
            account: wire.account,
            number,
            holder: details.holder,
            holder_details,
            institution: details.institution,
            kind: kind.transpose()?,
            currency: details.currency,
            known_since: details.known_since.map(|day| day.0),
            selection: wire.selection,
            evidence: wire.evidence,
        };
        let nothing_chosen = fact.account == AccountLabel::default()
            && fact.number.is_none()
            && fact.holder.is_none()
            && fact.holder_details == HolderDetails::default()
            && fact.institution.is_none()
            && fact.kind.is_none()
            && fact.currency.is_none()
            && fact.known_since.is_none();
        if nothing_chosen {
            return Err("an account of which nothing is said");
        }
        if fact.currency.as_deref().is_some_and(|code| !is_currency_code(code)) {
            return Err("not a currency");
        }
        if fact.selection != Selection::default() {
            return Err("an account that rests on rows");
        }
        Ok(fact)
    }
}

/// The code of ISO 4217, or one that a commodity may have, in its one spelling.
fn is_currency_code(code: &str) -> bool {
    match Currency::iso(code) {
        Ok(currency) => currency.code() == code,
        Err(_) => Currency::custom(code, 0).is_ok(),
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::disclosure) struct DocumentWire {
    selection: Selection,
    evidence: Evidence,
    #[serde(rename = "Document")]
    document: DocumentValueWire,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentValueWire {
    sha256: FileDigest,
    media_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<String>,
}

impl From<&DocumentFact> for DocumentWire {
    fn from(fact: &DocumentFact) -> Self {
        Self {
            selection: fact.selection.clone(),
            evidence: fact.evidence.clone(),
            document: DocumentValueWire {
                sha256: fact.sha256,
                media_type: fact.media_type.clone(),
                filename: fact.file_name.clone(),
            },
        }
    }
}

impl TryFrom<DocumentWire> for DocumentFact {
    type Error = &'static str;

    fn try_from(wire: DocumentWire) -> Result<Self, Self::Error> {
        let document = wire.document;
        if !is_media_type(&document.media_type) {
            return Err("not a media type");
        }
        if document.filename.as_deref().is_some_and(|name| !is_file_name(name)) {
            return Err("a file name that is too long, or with a folder");
        }
        if wire.selection != Selection::default() {
            return Err("a document that rests on rows");
        }
        Ok(Self {
            sha256: document.sha256,
            media_type: document.media_type,
            file_name: document.filename,
            selection: wire.selection,
            evidence: wire.evidence,
        })
    }
}

impl DocumentFact {
    /// A media type as a fact states it: in lower case, and `application/octet-stream` for what cannot be stated.
    pub fn media_type_from(text: &str) -> String {
        let lower = text.to_ascii_lowercase();
        if is_media_type(&lower) { lower } else { "application/octet-stream".to_owned() }
    }

    /// A file's name as a fact states it, made plain; none for one that no fact can state.
    pub fn file_name_from(text: &str) -> Option<String> {
        Some(make_plain(text)).filter(|name| is_file_name(name))
    }
}

/// Whether a text is a file's name without its folder, of a length that file systems take.
fn is_file_name(name: &str) -> bool {
    (1..=MAX_FILE_NAME_LEN).contains(&name.len())
        && !name.contains(['/', '\\'])
        && !matches!(name, "." | "..")
}

/// A type and a subtype in lower case, without parameters (RFC 6838, section 4.2).
fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        (1..=127).contains(&name.len())
            && name.bytes().all(|b| {
                b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'_')
            })
            && name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
    };
    text.split_once('/').is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
}
