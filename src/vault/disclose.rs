//! Disclosing: from a request to sealed bytes, with the log entry that says so, or nothing at all.

use super::facts::{self, Drawing, FactRequest, ShownRows};
use super::guard::{self, Guard};
use super::lifecycle::{self, DisclosureLife};
use super::limits;
use super::outgoing::{Clearing, Leaving, Sealing, Stated, check_reason, form_for};
use super::question::root_salt;
use super::recipients::{issuer_key, pseudonym_key, recipient_row};
use super::{EnclosedFile, Recipient, Refusal, Vault, VaultError, documents};
use crate::crypto::sign::Fingerprint;
use crate::disclosure::log::LogKind;
use crate::disclosure::{
    self, Audience, Draft, Expectation, ExpectedAudience, Fact, Lifetime, OnwardSharing, Passcode, Purpose,
    RootSalt, SealedForm, StatusRef, Terms,
};
use crate::store::disclosures::DisclosureRow;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

/// What to disclose, to whom, what for, and for how long.
#[derive(Debug, Clone)]
pub struct DisclosureRequest {
    /// The recipient's number in this vault.
    pub recipient: i64,
    /// What to state; at least one fact.
    pub facts: Vec<FactRequest>,
    /// What the recipient may use it for.
    pub purpose: Purpose,
    /// What is asked of the recipient.
    pub terms: Terms,
    /// For how long it holds.
    pub lifetime: Lifetime,
    /// Why it is to be made although the inference guard refuses it. The reason is logged.
    pub accept_risk: Option<String>,
    /// In which form it leaves; none: an age file for who has a key, a page for a browser for who has none. A page and a
    /// data file are sealed under a passcode, also for who has a key.
    pub form: Option<SealedForm>,
}

impl DisclosureRequest {
    /// A request with the usual terms: seven days, no passing on, nothing kept after expiry.
    pub fn new(recipient: i64, facts: Vec<FactRequest>, purpose: Purpose) -> Self {
        let (terms, lifetime) = (Terms::default(), Lifetime::default());
        Self { recipient, facts, purpose, terms, lifetime, accept_risk: None, form: None }
    }
}

/// What would leave, before anything is signed.
#[derive(Debug, Clone)]
pub struct Preview {
    /// To whom.
    pub recipient: Recipient,
    /// The facts, exactly as they would be signed.
    pub facts: Vec<Fact>,
    /// One sentence on each fact.
    pub sentences: Vec<String>,
    /// What is asked of the recipient.
    pub terms: Terms,
    /// The files that would travel along.
    pub enclosed: Vec<EnclosedFile>,
    /// From when on it would no longer hold.
    pub expires: Timestamp,
    /// What does not leave, and one may fear that it would.
    pub stays: Vec<String>,
    /// What would tell less and might do.
    pub narrower: Vec<String>,
    /// What the owner should know before saying yes.
    pub warnings: Vec<String>,
    /// How many disclosures were made to the recipient before.
    pub earlier: u64,
    /// What the recipient will be able to work out with those, beyond what each says.
    pub afterwards: Vec<String>,
    /// Why [`Vault::disclose`] would refuse it, unless the risk is accepted.
    pub refusal: Option<Refusal>,
    /// The key of theirs under which they could pass it on verifiably; none: they could not.
    pub holder: Option<Fingerprint>,
    /// In which form it would leave.
    pub form: SealedForm,
}

/// A disclosure that left.
pub struct Issued {
    /// Its number in this vault.
    pub id: i64,
    /// Its own id.
    pub jti: String,
    /// Digest of the sealed bytes, lower-case hex.
    pub sha256: String,
    /// In which form it left.
    pub form: SealedForm,
    /// The passcode it was sealed under, where it was under none of their keys. It is kept nowhere.
    pub passcode: Option<Passcode>,
    /// When it was issued.
    pub issued: Timestamp,
    /// From when on it no longer holds.
    pub expires: Timestamp,
    /// The fingerprint of the signing key, for the recipient to compare.
    pub issuer: String,
    /// To whom.
    pub recipient: Recipient,
}

/// A disclosure in the vault's list.
#[derive(Debug, Clone)]
pub struct DisclosureRecord {
    /// Its number in this vault.
    pub id: i64,
    /// Its own id.
    pub jti: String,
    /// To whom.
    pub recipient: Recipient,
    /// What for.
    pub purpose: String,
    /// When it was issued.
    pub issued: Timestamp,
    /// From when on it no longer holds.
    pub expires: Timestamp,
    /// Digest of the sealed bytes, lower-case hex.
    pub sha256: String,
    /// What was asked of the recipient.
    pub terms: Terms,
    /// The facts that left.
    pub facts: Vec<Fact>,
    /// One sentence on each fact.
    pub sentences: Vec<String>,
    /// What became of it.
    pub life: DisclosureLife,
}

/// Whether a disclosure may be renewed, and which one it renews.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    pub(super) until: Option<Date>,
    pub(super) renews: Option<i64>,
}

impl Issued {
    pub(super) fn of(entry: DisclosureRow, sealing: Sealing, recipient: Recipient) -> Self {
        Self {
            id: entry.id,
            jti: entry.jti,
            sha256: entry.sha256,
            form: sealing.form(),
            passcode: sealing.into_passcode(),
            issued: entry.issued_at,
            expires: entry.expires_at,
            issuer: recipient.issuer.clone(),
            recipient,
        }
    }
}

impl Vault {
    /// What a request would let out, whether or not somebody must approve of it first. Nothing is signed, sealed or logged.
    ///
    /// The second value has for each fact the rows beneath its totals, for judging who else would see them.
    pub(super) fn look_at(
        &self,
        request: &DisclosureRequest,
        now: Timestamp,
    ) -> Result<(Preview, Vec<Option<ShownRows>>), VaultError> {
        check_reason(request)?;
        let row = self.read(|store| recipient_row(store, request.recipient))?;
        let pseudonyms = pseudonym_key(&self.key, &row);
        // Only ids of rows depend on the salt of a preview, and it shows none.
        let salt = RootSalt::from_bytes([0; 32]);
        let mut drawn = self.read(|store| {
            let k = guard::policy_of(store, row.id)?.k;
            let drawing = Drawing::new(store, &salt, &pseudonyms, utc_day(now), false);
            drawing.holding_back(k).draw(&request.facts)
        })?;
        let mut warnings = self.check_limits(request, &drawn.facts, now)?;
        warnings.append(&mut drawn.warnings);
        let (seed, shown) = (self.inference_seed(), drawn.take_sets());
        let verdict = self.read(|store| {
            Guard { store, recipient: &row, today: utc_day(now), seed }.judge(&request.facts, &shown)
        })?;
        warnings.extend(verdict.warnings);
        if request.accept_risk.is_some() && verdict.refusal.is_none() {
            warnings.push(
                "no risk needs to be accepted: nothing more follows from it than is allowed".to_owned(),
            );
        }
        let sharing = request.terms.onward_sharing;
        let holder = self.recipient_profile(row.id)?.holder_key(sharing).map(|key| key.fingerprint());
        if sharing != OnwardSharing::Prohibited && holder.is_none() {
            warnings.push(limits::no_holder_key(&row.name));
        }
        if request.lifetime.is_long() {
            warnings.push(format!(
                "it would hold for {}: more than {} days is long for a statement of fact",
                request.lifetime,
                Lifetime::WARN_ABOVE_DAYS
            ));
        }
        let preview = Preview {
            form: form_for(&row, request.form),
            recipient: self.present(row),
            sentences: drawn.facts.iter().map(facts::sentence).collect(),
            stays: facts::what_stays(&drawn.facts, drawn.enclosed.len()),
            narrower: facts::narrower(&drawn.facts, &request.purpose),
            facts: drawn.facts,
            terms: request.terms,
            enclosed: drawn.enclosed,
            expires: expiry(now, request.lifetime)?,
            warnings,
            earlier: verdict.earlier,
            afterwards: verdict.afterwards,
            refusal: verdict.refusal,
            holder,
        };
        Ok((preview, shown))
    }

    /// Signs, seals and delivers a disclosure, and enters it in the log.
    ///
    /// `deliver` is given the sealed bytes and puts them where they belong; the log entry is committed after
    /// it succeeds, and where it fails nothing was disclosed. Where the commit fails after delivery, the
    /// error is returned and the caller should take back what `deliver` wrote.
    ///
    /// # Errors
    /// [`VaultError::Refused`] where more would follow from it than is allowed and [`VaultError::NotAllowed`] where
    /// the recipient's limits forbid it (both are entered in the log as denied); [`VaultError::NoSuchRecipient`],
    /// [`VaultError::NoData`], [`VaultError::Invalid`] for what cannot be stated, [`VaultError::Deliver`],
    /// [`VaultError::Store`].
    pub fn disclose(
        &mut self,
        request: &DisclosureRequest,
        now: Timestamp,
        deliver: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<Issued, VaultError> {
        self.disclose_as(request, Standing::default(), now, deliver)
    }

    /// As [`Vault::disclose`], agreed on until the end of a day: up to then [`Vault::renew`] makes it again with fresh
    /// figures.
    ///
    /// # Errors
    /// As [`Vault::disclose`]; [`VaultError::Invalid`] for a day that is over.
    pub fn disclose_standing(
        &mut self,
        request: &DisclosureRequest,
        until: Date,
        now: Timestamp,
        deliver: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<Issued, VaultError> {
        self.disclose_as(request, Standing { until: Some(until), renews: None }, now, deliver)
    }

    /// What a request would let out. Nothing is signed, sealed or logged.
    ///
    /// # Errors
    /// As [`Vault::disclose`].
    pub fn preview(&self, request: &DisclosureRequest, now: Timestamp) -> Result<Preview, VaultError> {
        let row = self.read(|store| recipient_row(store, request.recipient))?;
        limits::needs_no_approval(&self.recipient_profile(request.recipient)?, &row.name)?;
        Ok(self.look_at(request, now)?.0)
    }

    /// Holds a request against the recipient's limits; gives warnings.
    fn check_limits(
        &self,
        request: &DisclosureRequest,
        facts: &[Fact],
        now: Timestamp,
    ) -> Result<Vec<String>, VaultError> {
        let profile = self.recipient_profile(request.recipient)?;
        let row = self.read(|store| recipient_row(store, request.recipient))?;
        let kinds = facts.iter().map(Fact::kind);
        limits::check(&profile, &row.name, request.lifetime, kinds, utc_day(now))
    }

    pub(super) fn disclose_as(
        &mut self,
        request: &DisclosureRequest,
        standing: Standing,
        now: Timestamp,
        deliver: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<Issued, VaultError> {
        check_reason(request)?;
        let row = self.read(|store| recipient_row(store, request.recipient))?;
        let seed = self.inference_seed();
        let issuer = issuer_key(&self.key, &row);
        let signer = issuer.verifying_key();
        let pseudonyms = pseudonym_key(&self.key, &row);
        let mut sealing = Sealing::new(&row, request.form, self.random.as_ref())?;
        let (audience, seal_to) = (sealing.audience()?, sealing.seal_to(self.random.as_ref())?);
        let root_salt = *root_salt(&self.key, &row, &request.facts).expose();
        let journal = self.journal();
        let (random, vault_key, today) = (self.random.as_ref(), &self.key, utc_day(now));
        let written = self.store.write(|store| {
            limits::needs_no_approval(&limits::profile(store, row.id)?, &row.name)?;
            let (recipient, pseudonyms) = (&row, &pseudonyms);
            let clearing = Clearing { store, recipient, pseudonyms, seed, root_salt, drawn_on: today, today };
            let status = lifecycle::take_place(store, vault_key, &row, random)?;
            let (cleared, unsigned) = clearing.clear_beside(request, &|stated| {
                disclosure::prepare(&draft(request, audience, stated, &status), &signer, now, random)
            })?;
            let life = lifecycle::new_life(request, &status, standing, now)?;
            let issued = unsigned
                .and_then(|unsigned| unsigned.sign(&issuer))
                .map_err(|error| VaultError::Sealing(error.to_string()))?;
            let leaving = Leaving {
                recipient: &row,
                seal_to: &seal_to,
                purpose: &request.purpose,
                root_salt,
                standing,
                life,
                enclosures: documents::take_out(store, &cleared.enclosed)?,
                more: Vec::new(),
            };
            leaving.let_out(store, &journal, &issued, &cleared, now, deliver)
        });
        if let Err(error) = &written {
            self.log_denial(request, &row.name, error, now)?;
        }
        let entry = written.map_err(|error| self.explain(error))?;
        Ok(Issued::of(entry, sealing, self.present(row)))
    }

    /// Every disclosure that left, oldest first.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn disclosures(&self) -> Result<Vec<DisclosureRecord>, VaultError> {
        self.read(|store| store.disclosures()?.into_iter().map(|row| self.record(row)).collect())
    }

    /// One disclosure that left, and an entry in the log that the owner looked into it.
    ///
    /// # Errors
    /// [`VaultError::NoSuchDisclosure`]; [`VaultError::Store`] where the entry cannot be made: nothing is shown then.
    pub fn open_own_copy(&mut self, id: i64, now: Timestamp) -> Result<DisclosureRecord, VaultError> {
        let record = self.disclosure(id)?;
        let journal = self.journal();
        let body = json!({"jti": record.jti});
        self.write(|store| journal.append(store, LogKind::OwnCopyOpened, &body, now))?;
        Ok(record)
    }

    /// One disclosure that left.
    ///
    /// # Errors
    /// [`VaultError::NoSuchDisclosure`].
    pub fn disclosure(&self, id: i64) -> Result<DisclosureRecord, VaultError> {
        let row = self.read(|store| store.disclosure(id)?.ok_or(VaultError::NoSuchDisclosure(id)))?;
        self.record(row)
    }

    fn record(&self, row: DisclosureRow) -> Result<DisclosureRecord, VaultError> {
        let recipient = self.read(|store| {
            store.recipient(row.recipient)?.ok_or_else(|| {
                VaultError::Log(format!("disclosure {} names a recipient that is not there", row.id))
            })
        })?;
        // Read as of the moment it was made: an expired disclosure stays in the owner's own list.
        let then = Expectation { now: row.issued_at, audience: ExpectedAudience::Unchecked };
        let claims = disclosure::verify(&row.token, &then)
            .map_err(|error| VaultError::Log(format!("disclosure {}: {error}", row.id)))?;
        Ok(DisclosureRecord {
            id: row.id,
            jti: row.jti,
            recipient: self.present(recipient),
            purpose: row.purpose,
            issued: row.issued_at,
            expires: row.expires_at,
            sha256: row.sha256,
            terms: claims.terms,
            sentences: claims.facts.iter().map(facts::sentence).collect(),
            facts: claims.facts,
            life: self.read(|store| lifecycle::life(store, row.id))?,
        })
    }
}

/// What is to be signed for a request.
pub(super) fn draft(
    request: &DisclosureRequest,
    audience: Audience,
    stated: &Stated,
    status: &StatusRef,
) -> Draft {
    Draft {
        audience,
        purpose: request.purpose.clone(),
        terms: request.terms,
        lifetime: request.lifetime,
        not_before: None,
        facts: stated.facts.clone(),
        ledger_root: stated.ledger_root,
        status: Some(status.clone()),
        holder: stated.holder,
    }
}

pub(super) fn expiry(now: Timestamp, lifetime: Lifetime) -> Result<Timestamp, VaultError> {
    Timestamp::from_second(now.as_second().saturating_add(lifetime.seconds()))
        .map_err(|_| VaultError::Invalid("the expiry lies beyond all calendars".to_owned()))
}

pub(super) fn utc_day(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}
