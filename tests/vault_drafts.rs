//! Drafts in a vault: what is refused without every approval, what reviewers learn, and that only what they approved leaves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::disclosure::{
    self, Decision, DraftForReview, Enclosed, Expectation, ExpectedAudience, Identities, LogExport, OpenWith,
    Purpose, ReceiptKey, ReviewFile, Revocation, StatusList, Verified, make_approval, make_endorsement,
};
use finvault::ledger::{AccountId, AccountKind, NewAccount, NewTransaction, Opening, TransactionStatus};
use finvault::money::{Currency, Money};
use finvault::vault::{
    DisclosureRequest, DraftState, ErrorClass, FactRequest, Recipient, TransactionField, Vault, VaultError,
};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};

const AGE: &str = include_str!("fixtures/disclosure/age-identity.txt");
const CPA: &str = include_str!("fixtures/disclosure/ssh-plain");
const CPA_PUBLIC: &str = include_str!("fixtures/disclosure/ssh-plain.pub");
const LAWYER: &str = include_str!("fixtures/cli/test-only-ssh-ed25519");
const LAWYER_PUBLIC: &str = include_str!("fixtures/cli/test-only-ssh-ed25519.pub");

struct House {
    _folder: tempfile::TempDir,
    vault: Vault,
    account: AccountId,
    lender: Recipient,
    cpa: Recipient,
    lawyer: Recipient,
}

fn now() -> Timestamp {
    "2026-04-02T09:00:00Z".parse().unwrap()
}

fn later(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let kdf = KdfParams::new(19 * 1024, 2, 1).unwrap();
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    let (mut vault, _) = Vault::create(&folder.path().join("v"), &passphrase, kdf, now()).unwrap();
    let account = vault
        .add_account(&NewAccount {
            name: "Everyday".to_owned(),
            kind: AccountKind::Checking,
            currency: Currency::iso("EUR").unwrap(),
            institution: None,
            number: None,
            opening: Some(Opening { date: date(2026, 1, 1), amount: eur(100_000), derived: false }),
        })
        .unwrap()
        .id;
    let key = Identities::parse(AGE.as_bytes(), None).unwrap().recipients().next().unwrap().to_string();
    let lender = vault.add_recipient("Example Lender", Some(&key), now()).unwrap();
    let cpa = vault.add_recipient("Your CPA", Some(CPA_PUBLIC), now()).unwrap();
    // This one receives under no key, and signs with one that was introduced.
    let lawyer = vault.add_recipient("Your attorney", None, now()).unwrap();
    vault.set_receipt_key(lawyer.id, LAWYER_PUBLIC, now()).unwrap();
    let mut house = House { _folder: folder, vault, account, lender, cpa, lawyer };
    for (day, minor) in [(3, -450), (5, -80_000), (17, 162_000), (20, -990), (24, -1_100)] {
        house.add(date(2026, 3, day), minor);
    }
    house
}

impl House {
    fn add(&mut self, posted: Date, minor: i64) {
        let row = NewTransaction {
            posted,
            amount: eur(minor),
            payee: "Corner Cafe".to_owned(),
            payee_raw: "Corner Cafe".to_owned(),
            memo: None,
            reference: None,
            category: None,
            status: TransactionStatus::Posted,
            bank_id: None,
        };
        self.vault.add_transaction(self.account, &row).unwrap();
    }

    fn request(&self, as_of: Date) -> DisclosureRequest {
        let facts = vec![
            FactRequest::balance(self.account, as_of),
            FactRequest::transactions(
                self.account,
                date(2026, 3, 1),
                date(2026, 3, 10),
                &[TransactionField::Date, TransactionField::Id],
            ),
        ];
        DisclosureRequest::new(self.lender.id, facts, Purpose::from_text("Loan 4711").unwrap())
    }

    fn draft(&mut self, reviewers: &[i64]) -> (i64, Vec<u8>) {
        let request = self.request(date(2026, 3, 31));
        let mut sealed = Vec::new();
        let made = self.vault.draft(&request, reviewers, now(), &mut |bytes| {
            sealed.extend_from_slice(bytes);
            Ok(())
        });
        (made.unwrap().id, sealed)
    }

    fn take_in(&mut self, id: i64, review: &str) -> Result<(), VaultError> {
        self.vault.take_in_review(id, review, later(2)).map(|_| ())
    }

    fn seal(&mut self, id: i64, at: Timestamp) -> Result<Vec<u8>, VaultError> {
        let mut sealed = Vec::new();
        let previewed = self.vault.preview_sealing(id, at).map(|_| ());
        let issued = self.vault.seal_draft(id, at, &mut |bytes| {
            sealed.extend_from_slice(bytes);
            Ok(())
        });
        let (previewed, issued) = (previewed.map_err(|error| error.to_string()), issued.map(|_| ()));
        assert_eq!(previewed, issued.as_ref().map(|_| ()).map_err(ToString::to_string), "the preview agrees");
        issued.map(|()| sealed)
    }

    fn kinds(&self) -> Vec<String> {
        assert!(self.vault.verify_log().is_ok());
        // Beyond the vault's own entry, three recipients and a key.
        self.vault.log().unwrap().into_iter().skip(5).map(|entry| entry.kind).collect()
    }

    #[track_caller]
    fn refused(&mut self, id: i64, at: Timestamp, class: ErrorClass, why: &str) {
        let error = self.seal(id, at).unwrap_err();
        assert_eq!(error.class(), class, "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
}

fn opened(sealed: &[u8], with: &str) -> DraftForReview {
    let identities = Identities::parse(with.as_bytes(), None).unwrap();
    let text = disclosure::open_draft(sealed, OpenWith::Identities(&identities)).unwrap();
    DraftForReview::read(&text, later(1)).unwrap()
}

fn review(sealed: &[u8], with: &str, decision: Decision, role: Option<&str>, at: Timestamp) -> String {
    let (draft, key) = (opened(sealed, with), ReceiptKey::from_openssh(with.as_bytes()).unwrap());
    let reason = (decision == Decision::Declined).then_some("Not so many rows");
    let approval = make_approval(&draft, decision, reason, at, &key).unwrap();
    let endorsement = role.map(|role| make_endorsement(&draft, role, &[0], None, at, &key).unwrap());
    ReviewFile { approval, endorsement }.to_text()
}

fn approved(sealed: &[u8], with: &str) -> String {
    review(sealed, with, Decision::Approved, None, later(1))
}

fn received(sealed: &[u8], at: Timestamp) -> (Verified, Enclosed) {
    let identities = Identities::parse(AGE.as_bytes(), None).unwrap();
    let opened = disclosure::open(sealed, OpenWith::Identities(&identities)).unwrap();
    let audiences = identities.audiences();
    let expectation = Expectation { now: at, audience: ExpectedAudience::OneOf(&audiences) };
    let verified = disclosure::verify(&opened.token, &expectation).unwrap();
    let enclosed = disclosure::check_enclosures(&verified, &opened.enclosures).unwrap();
    (verified, enclosed)
}

#[test]
fn what_reviewers_approved_leaves_byte_for_byte_with_their_word() {
    let mut house = house();
    let reviewers = [house.cpa.id, house.lawyer.id];
    let (id, draft) = house.draft(&reviewers);
    let seen = opened(&draft, CPA);
    assert_eq!((seen.recipient.as_str(), &seen), ("Example Lender", &opened(&draft, LAWYER)));
    assert_eq!(seen.proposed.issuer.to_string(), house.lender.issuer);
    let endorsed = review(&draft, CPA, Decision::Approved, Some("CPA"), later(1));
    house.take_in(id, &endorsed).unwrap();
    let record = house.vault.draft_of(id).unwrap();
    assert_eq!((record.missing(), record.state), (vec!["Your attorney"], DraftState::Open));
    assert_eq!(record.reviewers[0].endorsed_as.as_deref(), Some("CPA"));
    house.take_in(id, &approved(&draft, LAWYER)).unwrap();
    let sealed = house.seal(id, later(3)).unwrap();
    let (verified, enclosed) = received(&sealed, later(4));
    assert_eq!(verified.digest, seen.proposed.digest);
    assert_eq!(verified.facts, seen.proposed.facts);
    assert_eq!(verified.issued, now(), "what is signed was fixed at drafting");
    let [endorsement] = enclosed.endorsements.as_slice() else { panic!("{enclosed:?}") };
    assert_eq!((endorsement.role.as_str(), endorsement.facts.as_slice()), ("CPA", &[0][..]));
    assert_eq!(endorsement.signer, seen.reviewers[0]);
    assert_eq!(house.kinds(), ["drafted", "approved", "approved", "disclosed"]);
    let log = house.vault.log().unwrap();
    let body: serde_json::Value = serde_json::from_str(&log.last().unwrap().body).unwrap();
    assert_eq!(body["draft"], id);
    assert_eq!(body["approvals"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&body["approvals"][0]["endorsed"], &body["approvals"][1]["endorsed"]),
        (&true.into(), &false.into())
    );
    // Its end as a draft, and its life as a disclosure.
    let record = house.vault.draft_of(id).unwrap();
    assert_eq!((record.state, record.disclosure), (DraftState::Sealed, Some(1)));
    house.refused(id, later(3), ErrorClass::Input, "sealed before");
    assert!(matches!(house.vault.drop_draft(id, later(3)), Err(VaultError::Invalid(_))));
    assert!(matches!(house.take_in(id, &endorsed), Err(VaultError::Invalid(_))));
    assert!(matches!(house.seal(77, now()), Err(VaultError::NoSuchDraft(77))));
    house.vault.revoke(1, None, later(5)).unwrap();
    let lifetime = disclosure::Lifetime::default();
    let list = house.vault.status_list(house.lender.id, lifetime, later(5), &mut |_| Ok(())).unwrap();
    let list = StatusList::read(&list.text).unwrap();
    assert!(matches!(list.check(&verified, later(6)), Revocation::Revoked { .. }));
}

#[test]
fn an_exported_log_tells_of_drafts_without_amounts_and_names() {
    let mut house = house();
    let (id, draft) = house.draft(&[house.cpa.id]);
    house.take_in(id, &review(&draft, CPA, Decision::Approved, Some("CPA"), later(1))).unwrap();
    house.seal(id, later(3)).unwrap();
    let mut text = String::new();
    let mut keep = |bytes: &[u8]| {
        text = String::from_utf8(bytes.to_vec()).unwrap();
        Ok(())
    };
    house.vault.export_log(later(4), &mut keep).unwrap();
    let export = LogExport::read(&text, None).unwrap();
    let kinds: Vec<&str> = export.entries.iter().skip(5).map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["drafted", "approved", "disclosed", "log-exported"]);
    let drafted = &export.entries[5].detail;
    assert_eq!(drafted.recipient, Some(house.lender.id));
    assert_eq!(drafted.fact_kinds, ["balance", "transactions"]);
    assert!(drafted.jti.is_some() && drafted.jti == export.entries[7].detail.jti);
    use base64::Engine as _;
    let payload = text.split('.').nth(1).unwrap();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    let payload = String::from_utf8(payload).unwrap();
    for hidden in ["1794", "CPA", "Loan", "Lender"] {
        assert!(!payload.contains(hidden), "{hidden}");
    }
}

#[test]
fn without_every_approval_nothing_is_sealed_and_the_log_says_so() {
    let mut house = house();
    let (id, draft) = house.draft(&[house.cpa.id, house.lawyer.id]);
    house.refused(id, later(1), ErrorClass::Refused, "lacks the approval of Your CPA and Your attorney");
    house.take_in(id, &approved(&draft, CPA)).unwrap();
    house.refused(id, later(3), ErrorClass::Refused, "lacks the approval of Your attorney");
    house.take_in(id, &review(&draft, LAWYER, Decision::Declined, None, later(1))).unwrap();
    house.refused(id, later(3), ErrorClass::Refused, "Your attorney declined draft 1: Not so many rows");
    assert_eq!(house.kinds(), ["drafted", "denied", "approved", "denied", "declined", "denied"]);
    assert!(house.vault.disclosures().unwrap().is_empty());
    // They may think better of it; an older word does not undo a newer one.
    house.take_in(id, &review(&draft, LAWYER, Decision::Approved, None, later(2))).unwrap();
    let older = house.take_in(id, &review(&draft, LAWYER, Decision::Declined, None, later(1)));
    assert!(older.unwrap_err().to_string().contains("older"));
    house.seal(id, later(3)).unwrap();
}

#[test]
fn a_review_that_is_not_for_the_draft_is_not_taken_in() {
    let mut house = house();
    let (one, first) = house.draft(&[house.cpa.id]);
    let (two, second) = house.draft(&[house.cpa.id, house.lawyer.id]);
    let for_two = approved(&second, CPA);
    let lawyers = approved(&second, LAWYER);
    let mixed = {
        let mut file = ReviewFile::from_text(&approved(&second, CPA)).unwrap();
        let theirs = review(&second, LAWYER, Decision::Approved, Some("Attorney"), later(1));
        file.endorsement = ReviewFile::from_text(&theirs).unwrap().endorsement;
        file.to_text()
    };
    let declined_and_endorsed = {
        let mut file =
            ReviewFile::from_text(&review(&second, CPA, Decision::Declined, None, later(1))).unwrap();
        let theirs = review(&second, CPA, Decision::Approved, Some("CPA"), later(1));
        file.endorsement = ReviewFile::from_text(&theirs).unwrap().endorsement;
        file.to_text()
    };
    let endorsed_other = {
        let mut file = ReviewFile::from_text(&approved(&second, CPA)).unwrap();
        let theirs = review(&first, CPA, Decision::Approved, Some("CPA"), later(1));
        file.endorsement = ReviewFile::from_text(&theirs).unwrap().endorsement;
        file.to_text()
    };
    let early = review(&second, CPA, Decision::Approved, None, later(9));
    let cases = [
        (one, for_two.as_str()),
        (one, &lawyers),
        (two, &mixed),
        (two, &declined_and_endorsed),
        (two, &endorsed_other),
        (two, &early),
        (two, "nonsense"),
        (two, ""),
    ];
    for (id, text) in cases {
        let error = house.take_in(id, text).unwrap_err();
        assert_eq!(error.class(), ErrorClass::Input, "{error}");
    }
    assert!(matches!(house.take_in(9, &for_two), Err(VaultError::NoSuchDraft(9))));
    assert_eq!(house.kinds(), ["drafted", "drafted"], "nothing was taken in");
    house.take_in(two, &for_two).unwrap();
}

#[test]
fn records_that_changed_need_a_new_draft() {
    let mut house = house();
    let (id, draft) = house.draft(&[house.cpa.id]);
    house.take_in(id, &approved(&draft, CPA)).unwrap();
    house.vault.preview_sealing(id, later(3)).unwrap();
    // A row within the facts' days: the figures differ.
    house.add(date(2026, 3, 31), -1);
    house.refused(id, later(3), ErrorClass::Input, "the records have changed");
    // One that changes no figure, but the rows beneath: a pair that adds up to nothing.
    let (id, draft) = house.draft(&[house.cpa.id]);
    house.take_in(id, &approved(&draft, CPA)).unwrap();
    house.add(date(2026, 3, 30), -700);
    house.add(date(2026, 3, 30), 700);
    house.refused(id, later(3), ErrorClass::Input, "the records have changed");
    // One after the facts' days changes nothing.
    let (id, draft) = house.draft(&[house.cpa.id]);
    house.take_in(id, &approved(&draft, CPA)).unwrap();
    house.add(date(2026, 4, 1), -700);
    house.seal(id, later(3)).unwrap();
}

#[test]
fn an_expired_or_dropped_draft_is_not_sealed() {
    let mut house = house();
    let (id, draft) = house.draft(&[house.cpa.id]);
    house.take_in(id, &approved(&draft, CPA)).unwrap();
    house.refused(id, later(7 * 24), ErrorClass::Input, "expired");
    house.seal(id, later(7 * 24 - 1)).unwrap();
    let (id, draft) = house.draft(&[house.cpa.id]);
    assert_eq!(house.vault.drop_draft(id, later(1)).unwrap().state, DraftState::Dropped);
    house.refused(id, later(1), ErrorClass::Input, "dropped");
    assert!(house.take_in(id, &approved(&draft, CPA)).is_err());
    assert_eq!(house.kinds().last().unwrap(), "draft-dropped");
}

#[test]
fn a_policy_that_names_reviewers_forbids_every_other_way() {
    let mut house = house();
    let (lender, cpa, lawyer) = (house.lender.id, house.cpa.id, house.lawyer.id);
    let standing = house.request(date(2026, 3, 31));
    house.vault.disclose_standing(&standing, date(2026, 6, 30), now(), &mut |_| Ok(())).unwrap();
    let profile = house.vault.set_needed_approvals(lender, &[cpa], now()).unwrap();
    assert_eq!(profile.approvals[0].name, "Your CPA");
    let request = house.request(date(2026, 3, 31));
    for error in [
        house.vault.preview(&request, now()).map(|_| ()).unwrap_err(),
        house.vault.disclose(&request, now(), &mut |_| panic!("delivered")).map(|_| ()).unwrap_err(),
        house.vault.renew(1, now(), &mut |_| panic!("delivered")).map(|_| ()).unwrap_err(),
    ] {
        assert!(matches!(&error, VaultError::NotAllowed(why) if why.contains("Your CPA")), "{error}");
        assert!(error.to_string().contains("disclosure draft"), "{error}");
    }
    assert_eq!(house.kinds(), ["disclosed", "recipient-limited", "denied", "denied"]);
    let (id, draft) = house.draft(&[]);
    assert_eq!(house.vault.draft_of(id).unwrap().missing(), ["Your CPA"]);
    house.take_in(id, &approved(&draft, CPA)).unwrap();
    // What is asked for since counts, too.
    house.vault.set_needed_approvals(lender, &[cpa, lawyer], now()).unwrap();
    house.refused(id, later(3), ErrorClass::Refused, "lacks the approval of Your attorney");
    house.vault.set_needed_approvals(lender, &[], now()).unwrap();
    house.seal(id, later(3)).unwrap();
    house.vault.preview(&request, now()).unwrap();
}

#[test]
fn a_reviewer_is_another_recipient_with_a_key_that_signs() {
    let mut house = house();
    let nobody = house.vault.add_recipient("No key", None, now()).unwrap().id;
    let twin = house.vault.add_recipient("Twin", Some(CPA_PUBLIC), now()).unwrap().id;
    let (cpa, lender) = (house.cpa.id, house.lender.id);
    let request = house.request(date(2026, 3, 31));
    for (reviewers, why) in [
        (vec![], "nobody is to review it"),
        (vec![nobody], "no key that signs"),
        (vec![lender], "cannot review"),
        (vec![cpa, twin], "the same key"),
    ] {
        let made = house.vault.draft(&request, &reviewers, now(), &mut |_| panic!("delivered"));
        let error = made.map(|_| ()).unwrap_err();
        assert!(matches!(&error, VaultError::Invalid(text) if text.contains(why)), "{error}");
        if !reviewers.is_empty() {
            assert!(house.vault.set_needed_approvals(lender, &reviewers, now()).is_err());
        }
    }
    assert!(house.vault.drafts().unwrap().is_empty());
    assert!(house.vault.recipient_profile(lender).unwrap().approvals.is_empty());
    let failed = house.vault.draft(&request, &[cpa], now(), &mut |_| Err(std::io::Error::other("disk")));
    assert!(matches!(failed, Err(VaultError::Deliver(_))));
    assert!(house.vault.drafts().unwrap().is_empty(), "nothing is kept of what was not delivered");
}

#[test]
fn what_reviewers_saw_counts_as_told_to_them() {
    let mut house = house();
    let cpa = house.cpa.id;
    assert_eq!(house.vault.exposure(Some(cpa)).unwrap().disclosures, 0);
    house.draft(&[cpa]);
    let exposure = house.vault.exposure(Some(cpa)).unwrap();
    assert_eq!((exposure.disclosures, exposure.known.is_empty()), (1, false));
    assert_eq!(house.vault.exposure(Some(house.lender.id)).unwrap().disclosures, 0, "they were told nothing");
    // A second balance, one transaction apart: the draft for the lender is no leak to them, but the reviewer learns the row.
    let request = house.request(date(2026, 3, 23));
    let (preview, names) = house.vault.preview_draft(&request, &[cpa], now()).unwrap();
    assert_eq!((preview.refusal, names), (None, vec!["Your CPA".to_owned()]));
    let warned = preview.warnings.iter().find(|warning| warning.contains("by reviewing it"));
    assert!(warned.is_some_and(|warning| warning.contains("Your CPA")), "{:?}", preview.warnings);
    // Told to the CPA directly, the guard refuses it, and names the draft.
    let direct = DisclosureRequest::new(
        cpa,
        vec![FactRequest::balance(house.account, date(2026, 3, 23))],
        Purpose::from_text("Books").unwrap(),
    );
    let Err(VaultError::Refused(refusal)) =
        house.vault.disclose(&direct, now(), &mut |_| panic!("delivered"))
    else {
        panic!("it was not refused")
    };
    assert!(refusal.explanation().contains("draft 1 of 2026-04-02"), "{}", refusal.explanation());
}

#[test]
fn the_guard_judges_a_draft_as_it_judges_a_disclosure() {
    let mut house = house();
    let first = DisclosureRequest::new(
        house.lender.id,
        vec![FactRequest::balance(house.account, date(2026, 3, 23))],
        Purpose::from_text("Loan 4711").unwrap(),
    );
    let cpa = house.cpa.id;
    let (id, draft) = house.draft(&[cpa]);
    house.take_in(id, &approved(&draft, CPA)).unwrap();
    // What left since counts when the draft is sealed.
    house.vault.disclose(&first, now(), &mut |_| Ok(())).unwrap();
    house.refused(id, later(3), ErrorClass::Refused, "could work out");
    // And when another is drafted; accepted there with a reason, it may be sealed.
    let mut request = house.request(date(2026, 3, 31));
    let refused = house.vault.draft(&request, &[cpa], now(), &mut |_| panic!("delivered"));
    assert!(matches!(refused, Err(VaultError::Refused(_))));
    assert_eq!(house.kinds().last().unwrap(), "denied");
    request.accept_risk = Some("They see my statements anyway".to_owned());
    let mut sealed = Vec::new();
    let made = house.vault.draft(&request, &[cpa], now(), &mut |bytes| {
        sealed.extend_from_slice(bytes);
        Ok(())
    });
    let id = made.unwrap().id;
    house.take_in(id, &approved(&sealed, CPA)).unwrap();
    house.seal(id, later(3)).unwrap();
    let log = house.vault.log().unwrap();
    assert!(log.last().unwrap().body.contains("They see my statements anyway"));
}

#[test]
fn a_recipient_without_a_key_gets_the_passcode_when_it_is_sealed() {
    let mut house = house();
    let desk = house.vault.add_recipient("Support desk", None, now()).unwrap();
    let request = DisclosureRequest { recipient: desk.id, ..house.request(date(2026, 3, 31)) };
    let mut draft = Vec::new();
    let made = house.vault.draft(&request, &[house.cpa.id], now(), &mut |bytes| {
        draft.extend_from_slice(bytes);
        Ok(())
    });
    let id = made.unwrap().id;
    house.take_in(id, &approved(&draft, CPA)).unwrap();
    let mut sealed = Vec::new();
    let issued = house.vault.seal_draft(id, later(3), &mut |bytes| {
        sealed.extend_from_slice(bytes);
        Ok(())
    });
    let passcode = issued.unwrap().passcode.unwrap();
    let opened = disclosure::open(&sealed, OpenWith::Passcode(&passcode)).unwrap();
    let audience = [passcode.audience()];
    let expectation = Expectation { now: later(3), audience: ExpectedAudience::OneOf(&audience) };
    assert_eq!(disclosure::verify(&opened.token, &expectation).unwrap().facts.len(), 2);
}
