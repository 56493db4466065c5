//! What every disclosure goes through on its way out, at once or by way of a draft: judged, drawn, sealed, kept, logged.

use super::disclose::Standing;
use super::facts::{self, Drawing, ShownRows};
use super::guard::{Guard, Verdict, policy_of};
use super::journal::Journal;
use super::{DisclosureRequest, EnclosedFile, Refusal, Vault, VaultError, limits};
use crate::crypto::Random;
use crate::crypto::sign::VerifyingKey;
use crate::disclosure::beside::beside;
use crate::disclosure::log::LogKind;
use crate::disclosure::{
    self, Audience, BrowserKey, Enclosure, Fact, LedgerRoot, Passcode, PseudonymKey, Purpose, RecipientKey,
    RootSalt, SealTo, SealedForm,
};
use crate::store::Store;
use crate::store::disclosures::DisclosureRow;
use crate::store::lifecycle::LifeRow;
use crate::store::recipients::RecipientRow;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

/// The longest reason for accepting a risk, in characters.
const MAX_REASON_CHARS: usize = 500;

/// Under what a recipient's disclosure is sealed, and in which form.
pub(super) struct Sealing {
    key: Option<RecipientKey>,
    passcode: Option<Passcode>,
    form: SealedForm,
    /// What the passcode gives in a browser, once it is being derived.
    browser: Option<BrowserKey>,
}

/// The form that was asked for; else an age file for who has a key, and a page for who has none.
pub(super) fn form_for(row: &RecipientRow, asked: Option<SealedForm>) -> SealedForm {
    asked.unwrap_or(if row.key.is_some() { SealedForm::Age } else { SealedForm::Page })
}

impl Sealing {
    /// The recipient's key, or a new passcode where they have none or the form has no use for one.
    pub(super) fn new(
        row: &RecipientRow,
        asked: Option<SealedForm>,
        random: &dyn Random,
    ) -> Result<Self, VaultError> {
        let form = form_for(row, asked);
        let key = row.key.as_deref().filter(|_| form == SealedForm::Age);
        let key = key.map(super::recipients::parse_key).transpose()?;
        let passcode = match key {
            Some(_) => None,
            None => Some(Passcode::generate(random).map_err(|_| VaultError::Randomness)?),
        };
        Ok(Self { key, passcode, form, browser: None })
    }

    /// The passcode that was made for a draft, or the recipient's key where none was.
    pub(super) fn kept(
        row: &RecipientRow,
        passcode: Option<&str>,
        asked: Option<SealedForm>,
    ) -> Result<Self, VaultError> {
        let form = form_for(row, asked);
        let passcode = passcode.map(Passcode::parse).transpose();
        let passcode = passcode.map_err(|error| VaultError::Sealing(error.to_string()))?;
        if passcode.is_none() && form != SealedForm::Age {
            return Err(VaultError::Invalid(format!(
                "the draft is made out to {}'s key, and a browser has none: make a new draft as html or data",
                row.name
            )));
        }
        let key = row.key.as_deref().filter(|_| passcode.is_none());
        let key = key.map(super::recipients::parse_key).transpose()?;
        Ok(Self { key, passcode, form, browser: None })
    }

    /// Whom it is made out to.
    pub(super) fn audience(&self) -> Result<Audience, VaultError> {
        let audience = self.key.as_ref().map(RecipientKey::audience);
        audience.or_else(|| self.passcode.as_ref().map(Passcode::audience)).ok_or_else(nothing_to_seal_under)
    }

    /// How it is sealed. What takes long to derive is begun here.
    pub(super) fn seal_to<'a>(&'a mut self, random: &'a dyn Random) -> Result<SealTo<'a>, VaultError> {
        match (&self.key, &self.passcode) {
            (Some(key), _) => Ok(SealTo::Recipient(key)),
            (None, Some(passcode)) if self.form == SealedForm::Age => Ok(SealTo::Passcode(passcode)),
            (None, Some(passcode)) => {
                let key = BrowserKey::begin(passcode, random)
                    .map_err(|error| VaultError::Sealing(error.to_string()))?;
                let page = self.form == SealedForm::Page;
                Ok(SealTo::Browser { key: self.browser.insert(key), page, random })
            }
            (None, None) => Err(nothing_to_seal_under()),
        }
    }

    pub(super) const fn form(&self) -> SealedForm {
        self.form
    }

    /// The passcode, for whoever is told of it.
    pub(super) fn into_passcode(self) -> Option<Passcode> {
        self.passcode
    }

    pub(super) const fn passcode(&self) -> Option<&Passcode> {
        self.passcode.as_ref()
    }
}

fn nothing_to_seal_under() -> VaultError {
    VaultError::Sealing("no key and no passcode".to_owned())
}

/// Holds a request against the owner's rules, and draws its facts.
pub(super) struct Clearing<'a> {
    pub(super) store: &'a Store,
    pub(super) recipient: &'a RecipientRow,
    pub(super) pseudonyms: &'a PseudonymKey,
    /// For the inference guard.
    pub(super) seed: [u8; 32],
    pub(super) root_salt: [u8; 32],
    /// The day as of which facts are drawn.
    pub(super) drawn_on: Date,
    /// The day it is.
    pub(super) today: Date,
}

/// A request that the owner's rules let through, and what it states.
pub(super) struct Cleared {
    pub(super) verdict: Verdict,
    /// What the log says of a risk that the owner accepted.
    pub(super) accepted: Option<Value>,
    pub(super) stated: Stated,
    /// For each fact the sets of rows beneath its totals.
    pub(super) shown: Vec<Option<ShownRows>>,
    /// The files of the vault that travel along.
    pub(super) enclosed: Vec<EnclosedFile>,
    pub(super) warnings: Vec<String>,
}

/// What is to be signed of a request.
pub(super) struct Stated {
    pub(super) facts: Vec<Fact>,
    pub(super) ledger_root: LedgerRoot,
    /// The key under which the recipient can pass it on, where the terms let them.
    pub(super) holder: Option<VerifyingKey>,
}

impl Clearing<'_> {
    pub(super) fn clear(&self, request: &DisclosureRequest) -> Result<Cleared, VaultError> {
        self.clear_beside(request, &|_| ()).map(|(cleared, ())| cleared)
    }

    /// The same, while `work` is done with what is stated, on a thread of its own: it takes as long as to judge. What
    /// it made is dropped where the rules refuse.
    pub(super) fn clear_beside<T: Send>(
        &self,
        request: &DisclosureRequest,
        work: &(dyn Fn(&Stated) -> T + Sync),
    ) -> Result<(Cleared, T), VaultError> {
        let salt = RootSalt::from_bytes(self.root_salt);
        let k = policy_of(self.store, self.recipient.id)?.k;
        let drawing = Drawing::new(self.store, &salt, self.pseudonyms, self.drawn_on, true);
        let mut drawn = drawing.holding_back(k).draw(&request.facts)?;
        let ledger_root =
            drawn.root.ok_or_else(|| VaultError::Sealing("no rows were committed to".to_owned()))?;
        let profile = limits::profile(self.store, self.recipient.id)?;
        let holder = profile.holder_key(request.terms.onward_sharing);
        let stated = Stated { facts: std::mem::take(&mut drawn.facts), ledger_root, holder };
        let (done, (shown, verdict)) = beside("token", &|| work(&stated), || {
            let shown = drawn.take_sets();
            let verdict = self.guard(self.recipient).judge(&request.facts, &shown);
            (shown, verdict)
        });
        let verdict = verdict?;
        let accepted = accepted_risk(request, verdict.refusal.clone())?;
        let kinds = stated.facts.iter().map(Fact::kind);
        let mut warnings =
            limits::check(&profile, &self.recipient.name, request.lifetime, kinds, self.today)?;
        warnings.extend(drawn.warnings);
        Ok((Cleared { verdict, accepted, stated, shown, enclosed: drawn.enclosed, warnings }, done))
    }

    /// The inference guard for one who would learn the facts.
    pub(super) fn guard<'b>(&'b self, who: &'b RecipientRow) -> Guard<'b> {
        Guard { store: self.store, recipient: who, today: self.drawn_on, seed: self.seed }
    }
}

/// A signed disclosure that is about to leave.
pub(super) struct Leaving<'a> {
    pub(super) recipient: &'a RecipientRow,
    pub(super) seal_to: &'a SealTo<'a>,
    pub(super) purpose: &'a Purpose,
    pub(super) root_salt: [u8; 32],
    pub(super) standing: Standing,
    pub(super) life: LifeRow,
    /// What travels beside the token.
    pub(super) enclosures: Vec<Enclosure>,
    /// What its log entry says beyond what each says.
    pub(super) more: Vec<(&'static str, Value)>,
}

impl Leaving<'_> {
    /// Seals it, keeps it with its log entry, and delivers it. It left only if the transaction around this is kept.
    pub(super) fn let_out(
        &self,
        store: &Store,
        journal: &Journal,
        issued: &disclosure::Issued,
        cleared: &Cleared,
        now: Timestamp,
        deliver: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<DisclosureRow, VaultError> {
        let sealed = disclosure::seal_with(&issued.token, &self.enclosures, self.seal_to)
            .map_err(|error| VaultError::Sealing(error.to_string()))?;
        let entry = DisclosureRow {
            id: 0,
            jti: issued.id.clone(),
            recipient: self.recipient.id,
            purpose: self.purpose.text().to_owned(),
            issued_at: issued.issued,
            expires_at: issued.expires,
            sha256: facts::digest_hex(&sealed),
            token: issued.token.as_str().to_owned(),
            root_salt: self.root_salt,
        };
        let id = store.add_disclosure(&entry)?;
        store.set_life(id, self.recipient.id, &self.life)?;
        cleared.verdict.keep(store, id)?;
        let mut body = log_body(&entry, &cleared.stated.facts, &self.recipient.name, self.standing);
        note_enclosed(&mut body, &cleared.enclosed);
        let accepted = cleared.accepted.clone().map(|accepted| ("accepted_risk", accepted));
        let holder = cleared.stated.holder.map(|holder| ("holder", holder.fingerprint().to_uri().into()));
        for (name, value) in self.more.iter().cloned().chain(accepted).chain(holder) {
            body[name] = value;
        }
        journal.append(store, LogKind::Disclosed, &body, now)?;
        deliver(&sealed).map_err(VaultError::Deliver)?;
        Ok(DisclosureRow { id, ..entry })
    }
}

impl Vault {
    /// Enters in the log that the owner's own rules refused a request; other errors are no business of the log's.
    pub(super) fn log_denial(
        &mut self,
        request: &DisclosureRequest,
        recipient: &str,
        error: &VaultError,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        match error {
            VaultError::Refused(refusal) => {
                let (body, journal) = (denied_body(request, recipient, refusal), self.journal());
                self.write(|store| journal.append(store, LogKind::Denied, &body, now))
            }
            VaultError::NotAllowed(why) => {
                self.log_refusal(request.recipient, request.purpose.text(), why, now)
            }
            _ => Ok(()),
        }
    }
}

/// A reason that is given must say something.
pub(super) fn check_reason(request: &DisclosureRequest) -> Result<(), VaultError> {
    match &request.accept_risk {
        Some(reason) if reason.trim().is_empty() || reason.chars().count() > MAX_REASON_CHARS => {
            Err(VaultError::Invalid(format!(
                "the reason for accepting a risk has 1 to {MAX_REASON_CHARS} characters"
            )))
        }
        _ => Ok(()),
    }
}

/// What the log says of a risk that the owner accepts; an error for one that they do not.
fn accepted_risk(request: &DisclosureRequest, refusal: Option<Refusal>) -> Result<Option<Value>, VaultError> {
    match (refusal, &request.accept_risk) {
        (None, _) => Ok(None),
        (Some(refusal), None) => Err(VaultError::Refused(Box::new(refusal))),
        (Some(refusal), Some(reason)) => {
            Ok(Some(json!({"reason": reason.trim(), "risk": refusal.to_string()})))
        }
    }
}

/// What the log says of a disclosure that was refused.
fn denied_body(request: &DisclosureRequest, recipient: &str, refusal: &Refusal) -> Value {
    let rows: Vec<i64> =
        refusal.leaks.iter().flat_map(|leak| leak.rows.iter().map(|row| row.id.0)).take(100).collect();
    json!({
        "recipient": request.recipient,
        "name": recipient,
        "purpose": request.purpose.text(),
        "why": refusal.to_string(),
        "transactions": rows,
    })
}

/// What the log says of each fact.
pub(super) fn log_facts(facts: &[Fact]) -> Value {
    facts.iter().map(|fact| json!({"kind": fact.kind(), "says": facts::sentence(fact)})).collect()
}

/// What the log says of a disclosure: everything but the rows themselves.
fn log_body(row: &DisclosureRow, facts: &[Fact], recipient: &str, standing: Standing) -> Value {
    let mut body = json!({
        "jti": row.jti,
        "recipient": row.recipient,
        "name": recipient,
        "purpose": row.purpose,
        "issued": row.issued_at.to_string(),
        "expires": row.expires_at.to_string(),
        "sealed_sha256": row.sha256,
        "facts": log_facts(facts),
    });
    if let Some(until) = standing.until {
        body["standing_until"] = until.to_string().into();
    }
    if let Some(id) = standing.renews {
        body["renews"] = id.into();
    }
    body
}

/// The log names the files that travelled along by their digests.
fn note_enclosed(body: &mut Value, files: &[EnclosedFile]) {
    let files: Vec<_> =
        files.iter().map(|file| json!({"sha256": file.sha256, "bytes": file.bytes})).collect();
    if !files.is_empty() {
        body["enclosed"] = files.into();
    }
}
