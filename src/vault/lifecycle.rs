//! What becomes of a disclosure after it left: revoked, renewed, closed; and the status list that says so.

use super::disclose::Standing;
use super::limits::{plain_text, profile};
use super::recipients::{issuer_key, parse_key};
use super::standing;
use super::{DisclosureRecord, DisclosureRequest, Issued, Vault, VaultError};
use crate::crypto::{IdentityKey, Random};
use crate::disclosure::log::LogKind;
use crate::disclosure::{
    self, Expectation, ExpectedAudience, FileDigest, Lifetime, MAX_STATUS_PLACES, MIN_STATUS_PLACES, Receipt,
    SealedForm, StatusRef, VerifyError,
};
use crate::store::Store;
use crate::store::disclosures::DisclosureRow;
use crate::store::lifecycle::LifeRow;
use crate::store::recipients::RecipientRow;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

/// How long before its end a disclosure counts as expiring, in seconds.
const EXPIRING_S: i64 = 48 * 3_600;

/// Where a disclosure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisclosureState {
    /// It holds.
    Active,
    /// It holds for less than 48 hours more.
    Expiring,
    /// Its time is over.
    Expired,
    /// The owner took it back.
    Revoked,
    /// Its deletion was confirmed.
    Closed,
}

impl DisclosureState {
    /// The word that the command line and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Closed => "closed",
        }
    }

    /// Whether a recipient who goes by the rules may still rely on it.
    pub const fn holds(self) -> bool {
        matches!(self, Self::Active | Self::Expiring)
    }
}

/// What became of a disclosure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DisclosureLife {
    /// Whether its token names a place in a status list, so that a revocation can be shown to its reader.
    pub revocable: bool,
    /// The last day on which it may be renewed.
    pub standing_until: Option<Date>,
    /// The disclosure whose place it took.
    pub renews: Option<i64>,
    /// The disclosure that took its place.
    pub renewed_by: Option<i64>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// Why.
    pub revoked_why: Option<String>,
    /// When its deletion was confirmed.
    pub closed: Option<Timestamp>,
    /// Whether that was confirmed by a signed receipt, or by the recipient's bare word.
    pub receipt_signed: bool,
}

impl DisclosureRecord {
    /// Where it stands at a moment.
    pub fn state(&self, now: Timestamp) -> DisclosureState {
        let left_s = self.expires.as_second().saturating_sub(now.as_second());
        match () {
            () if self.life.closed.is_some() => DisclosureState::Closed,
            () if self.life.revoked.is_some() => DisclosureState::Revoked,
            () if now >= self.expires => DisclosureState::Expired,
            () if left_s < EXPIRING_S => DisclosureState::Expiring,
            () => DisclosureState::Active,
        }
    }
}

/// A status list just signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatusList {
    /// The text of the file.
    pub text: String,
    /// How many of the recipient's disclosures it says are revoked.
    pub revoked: usize,
    /// From when on readers no longer go by it.
    pub expires: Timestamp,
}

impl Vault {
    /// Takes a disclosure back. Its reader learns it from the next status list (see [`Vault::status_list`]), not before.
    ///
    /// # Errors
    /// [`VaultError::NoSuchDisclosure`]; [`VaultError::Invalid`] where it was revoked before.
    pub fn revoke(
        &mut self,
        id: i64,
        why: Option<&str>,
        now: Timestamp,
    ) -> Result<DisclosureRecord, VaultError> {
        let why = why.map(|text| plain_text(text, "the reason")).transpose()?;
        let log = self.journal();
        self.write(|store| {
            let (row, life) = disclosure_row(store, id)?;
            if life.revoked_at.is_some() {
                return Err(VaultError::Invalid(format!("disclosure {id} was revoked before")));
            }
            let body = json!({"disclosure": id, "jti": row.jti, "recipient": row.recipient, "why": why});
            let life = LifeRow { revoked_at: Some(now), revoked_why: why, ..life };
            store.set_life(id, row.recipient, &life)?;
            log.append(store, LogKind::Revoked, &body, now)
        })?;
        self.disclosure(id)
    }

    /// Signs the list of what was revoked for one recipient, removed or not, and enters it in the log.
    ///
    /// `deliver` puts it where it belongs, as in [`Vault::disclose`].
    ///
    /// # Errors
    /// [`VaultError::NoSuchRecipient`], [`VaultError::Deliver`], [`VaultError::Store`].
    pub fn status_list(
        &mut self,
        recipient: i64,
        valid_for: Lifetime,
        now: Timestamp,
        deliver: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<SignedStatusList, VaultError> {
        let row = self.read(|store| {
            store.recipient(recipient)?.ok_or_else(|| VaultError::NoSuchRecipient {
                name: format!("number {recipient}"),
                known: Vec::new(),
            })
        })?;
        let issuer = issuer_key(&self.key, &row);
        let name = status_list_name(&self.key, &row);
        let log = self.journal();
        let expires = Timestamp::from_second(now.as_second().saturating_add(valid_for.seconds()))
            .map_err(|_| VaultError::Invalid("the expiry lies beyond all calendars".to_owned()))?;
        self.write(|store| {
            let taken = store.status_places(recipient)?;
            let places = taken.iter().map(|(idx, _)| idx.saturating_add(1)).max().unwrap_or(0);
            let revoked: Vec<u32> = taken.iter().filter(|(_, gone)| *gone).map(|(idx, _)| *idx).collect();
            let text = disclosure::sign_status_list(&name, places, &revoked, valid_for, now, &issuer)
                .map_err(|error| VaultError::Sealing(error.to_string()))?;
            let sha256 = super::facts::digest_hex(text.as_bytes());
            let body = json!({"recipient": recipient, "name": row.name, "revoked": revoked.len(),
                "expires": expires.to_string(), "sha256": sha256});
            log.append(store, LogKind::StatusListIssued, &body, now)?;
            deliver(text.as_bytes()).map_err(VaultError::Deliver)?;
            Ok(SignedStatusList { text, revoked: revoked.len(), expires })
        })
    }

    /// What renewing a standing disclosure would ask for: the request of its issue with the days of now. Where it was
    /// renewed before, the newest of its line is meant, so that one command can be run again and again.
    ///
    /// # Errors
    /// [`VaultError::NoSuchDisclosure`]; [`VaultError::NotAllowed`] where it is not standing, revoked, closed, or past
    /// the end agreed on.
    pub fn renewal(&self, id: i64, now: Timestamp) -> Result<DisclosureRequest, VaultError> {
        self.read(|store| {
            let id = newest_of_line(store, id)?;
            let (row, life) = disclosure_row(store, id)?;
            let refused = |why: String| Err(VaultError::NotAllowed(why));
            let (Some(until), Some(request)) = (life.standing_until, &life.request) else {
                return refused(format!("disclosure {id} is not a standing one"));
            };
            if life.revoked_at.is_some() || life.closed_at.is_some() {
                return refused(format!("disclosure {id} was revoked or closed"));
            }
            let end = end_of(until)?;
            let left_s = end.as_second().saturating_sub(now.as_second());
            if left_s <= 0 {
                return refused(format!("disclosure {id} was agreed on until {until}"));
            }
            let request = standing::from_json(request, row.recipient, now)?;
            // What is renewed ends with the agreement.
            let lifetime = Lifetime::from_seconds(request.lifetime.seconds().min(left_s))
                .map_err(|error| VaultError::Invalid(error.to_string()))?;
            Ok(DisclosureRequest { lifetime, ..request })
        })
    }

    /// Renews a standing disclosure with fresh figures: seals it anew and marks the old one as renewed.
    ///
    /// # Errors
    /// As [`Vault::renewal`] and [`Vault::disclose`].
    pub fn renew(
        &mut self,
        id: i64,
        now: Timestamp,
        deliver: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<Issued, VaultError> {
        self.renew_as(id, None, now, deliver)
    }

    /// As [`Vault::renew`], in this form rather than in that of the disclosure that is renewed.
    ///
    /// # Errors
    /// As [`Vault::renew`].
    pub fn renew_as(
        &mut self,
        id: i64,
        form: Option<SealedForm>,
        now: Timestamp,
        deliver: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<Issued, VaultError> {
        let mut request = self.renewal(id, now)?;
        request.form = form.or(request.form);
        let id = self.read(|store| newest_of_line(store, id))?;
        let until = self.read(|store| Ok(store.life(id)?.standing_until))?;
        self.disclose_as(&request, Standing { until, renews: Some(id) }, now, deliver)
    }

    /// Closes a disclosure on the recipient's signed receipt that they deleted it.
    ///
    /// # Errors
    /// [`VaultError::NoSuchDisclosure`]; [`VaultError::Invalid`] where the recipient has no key that signs, or the
    /// receipt is none, is another's, or is about something else.
    pub fn close_with_receipt(
        &mut self,
        id: i64,
        receipt: &str,
        now: Timestamp,
    ) -> Result<DisclosureRecord, VaultError> {
        let log = self.journal();
        self.write(|store| {
            let (row, life) = open_row(store, id)?;
            let invalid = |why: String| VaultError::Invalid(why);
            let key = profile(store, row.recipient)?.receipt_key.ok_or_else(|| {
                invalid("the recipient has no key that could sign a receipt".to_owned())
            })?;
            let key = parse_key(&key)?.signing_key().ok_or_else(|| invalid("that key cannot sign".to_owned()))?;
            let read = Receipt::read(receipt, now).map_err(|error: VerifyError| {
                invalid(format!("this is no receipt: {error}"))
            })?;
            let then = Expectation { now: row.issued_at, audience: ExpectedAudience::Unchecked };
            let claims = disclosure::verify(&row.token, &then)
                .map_err(|error| VaultError::Log(format!("disclosure {id}: {error}")))?;
            if !read.matches(&claims, token_digest(&row.token), &key) {
                return Err(invalid(format!(
                    "the receipt is not this recipient's for disclosure {id}: it is about another one, or signed by another key"
                )));
            }
            let body = json!({"disclosure": id, "jti": row.jti, "recipient": row.recipient, "signed": true,
                "deleted": read.deleted.to_string(), "receipt_sha256": super::facts::digest_hex(receipt.trim().as_bytes())});
            let life =
                LifeRow { closed_at: Some(now), receipt: Some(receipt.trim().to_owned()), ..life };
            store.set_life(id, row.recipient, &life)?;
            log.append(store, LogKind::Closed, &body, now)
        })?;
        self.disclosure(id)
    }

    /// Closes a disclosure on the recipient's bare word, which the owner writes down: nothing is signed.
    ///
    /// # Errors
    /// [`VaultError::NoSuchDisclosure`]; [`VaultError::Invalid`] for an empty text, or where it was closed before.
    pub fn close_with_statement(
        &mut self,
        id: i64,
        statement: &str,
        now: Timestamp,
    ) -> Result<DisclosureRecord, VaultError> {
        let statement = plain_text(statement, "what they said")?;
        let log = self.journal();
        self.write(|store| {
            let (row, life) = open_row(store, id)?;
            let body = json!({"disclosure": id, "jti": row.jti, "recipient": row.recipient, "signed": false,
                "statement": statement});
            store.set_life(id, row.recipient, &LifeRow { closed_at: Some(now), ..life })?;
            log.append(store, LogKind::Closed, &body, now)
        })?;
        self.disclosure(id)
    }
}

/// A disclosure with what became of it.
fn disclosure_row(store: &Store, id: i64) -> Result<(DisclosureRow, LifeRow), VaultError> {
    let row = store.disclosure(id)?.ok_or(VaultError::NoSuchDisclosure(id))?;
    Ok((row, store.life(id)?))
}

/// The disclosure that stands at the end of a line of renewals.
fn newest_of_line(store: &Store, mut id: i64) -> Result<i64, VaultError> {
    // A later one has a larger number, so the line ends.
    while let Some(later) = store.renewed_by(id)?.filter(|later| *later > id) {
        id = later;
    }
    Ok(id)
}

/// One that was not closed yet.
fn open_row(store: &Store, id: i64) -> Result<(DisclosureRow, LifeRow), VaultError> {
    let (row, life) = disclosure_row(store, id)?;
    match life.closed_at {
        Some(_) => Err(VaultError::Invalid(format!("disclosure {id} was closed before"))),
        None => Ok((row, life)),
    }
}

pub(super) fn life(store: &Store, id: i64) -> Result<DisclosureLife, VaultError> {
    let row = store.life(id)?;
    Ok(DisclosureLife {
        revocable: row.status_idx.is_some(),
        standing_until: row.standing_until,
        renews: row.renews,
        renewed_by: store.renewed_by(id)?,
        revoked: row.revoked_at,
        revoked_why: row.revoked_why,
        closed: row.closed_at,
        receipt_signed: row.receipt.is_some(),
    })
}

pub(super) fn token_digest(token: &str) -> FileDigest {
    use sha2::{Digest, Sha256};
    FileDigest::from_bytes(Sha256::digest(token.as_bytes()).into())
}

/// The moment at which a day is over everywhere that counts here: its midnight in UTC.
fn end_of(day: Date) -> Result<Timestamp, VaultError> {
    let beyond = |_| VaultError::Invalid("the day lies beyond all calendars".to_owned());
    let end = day.tomorrow().map_err(beyond)?.to_zoned(TimeZone::UTC).map_err(beyond)?;
    Ok(end.timestamp())
}

/// The 16-byte name of the recipient's status list: it tells nothing of the vault or of other recipients.
fn status_list_name(key: &IdentityKey, row: &RecipientRow) -> [u8; 16] {
    let secret = key.derive_secret("finvault/status-list", &row.key_salt);
    let mut name = [0; 16];
    for (byte, from) in name.iter_mut().zip(secret.expose()) {
        *byte = *from;
    }
    name
}

/// Takes a free place, at random, in the recipient's status list.
pub(super) fn take_place(
    store: &Store,
    key: &IdentityKey,
    row: &RecipientRow,
    random: &dyn Random,
) -> Result<StatusRef, VaultError> {
    let taken: Vec<u32> = store.status_places(row.id)?.into_iter().map(|(idx, _)| idx).collect();
    let wanted = u32::try_from(taken.len()).unwrap_or(u32::MAX).saturating_mul(4);
    let places = wanted.clamp(MIN_STATUS_PLACES, MAX_STATUS_PLACES).next_power_of_two();
    let mut bytes = [0; 4];
    random.fill(&mut bytes).map_err(|_| VaultError::Randomness)?;
    let start = u32::from_be_bytes(bytes) % places;
    let free = (start..places).chain(0..start).find(|idx| taken.binary_search(idx).is_err());
    let full = || VaultError::Invalid("the recipient's status list is full".to_owned());
    StatusRef::new(&status_list_name(key, row), free.ok_or_else(full)?).ok_or_else(full)
}

/// A row for a disclosure just made.
pub(super) fn new_life(
    request: &DisclosureRequest,
    status: &StatusRef,
    standing: Standing,
    now: Timestamp,
) -> Result<LifeRow, VaultError> {
    let json = standing::to_json(request, now);
    if let Some(until) = standing.until {
        if json.is_none() {
            return Err(VaultError::Invalid("these facts cannot be made again later".to_owned()));
        }
        if end_of(until)? <= now {
            return Err(VaultError::Invalid(format!("the agreed end, {until}, is over")));
        }
    }
    Ok(LifeRow {
        status_idx: Some(status.idx()),
        request: json,
        standing_until: standing.until,
        renews: standing.renews,
        ..LifeRow::default()
    })
}
