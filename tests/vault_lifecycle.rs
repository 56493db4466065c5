//! After a disclosure left: limits, due diligence, revocation, renewal, close-out, review, trace, and what the log says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::disclosure::{
    self, Expectation, ExpectedAudience, Fact, Identities, Lifetime, LogExport, OpenWith, PayeeForm, Purpose,
    ReceiptKey, Revocation, StatusList, Verified, make_receipt,
};
use finvault::ledger::{AccountId, AccountKind, NewAccount, NewTransaction, Opening, TransactionStatus};
use finvault::money::{Currency, Money};
use finvault::vault::{
    DisclosureRequest, DisclosureState, ErrorClass, FactRequest, LabelChoice, Recipient, RecipientLimits,
    RowFilter, TraceStrength, TransactionField, Vault, VaultError, VettingPolicy,
};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};

const SSH: &str = include_str!("fixtures/disclosure/ssh-plain");
const SSH_PUBLIC: &str = include_str!("fixtures/disclosure/ssh-plain.pub");
const AGE_PUBLIC: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";

struct House {
    _folder: tempfile::TempDir,
    vault: Vault,
    account: AccountId,
}

fn now() -> Timestamp {
    "2026-04-02T09:00:00Z".parse().unwrap()
}

fn later(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

const ROWS: [(Date, i64, &str); 7] = [
    (date(2026, 3, 3), -450, "Corner Cafe"),
    (date(2026, 3, 5), -80_000, "Landlord"),
    (date(2026, 3, 17), 162_000, "Example GmbH"),
    (date(2026, 4, 3), -1_234, "Corner Cafe"),
    (date(2026, 4, 5), -80_000, "Landlord"),
    (date(2026, 4, 17), 162_100, "Example GmbH"),
    (date(2026, 4, 20), -990, "Book Shop"),
];

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
            number: Some("DE89370400440532013000".to_owned()),
            opening: Some(Opening { date: date(2026, 1, 1), amount: eur(100_000), derived: false }),
        })
        .unwrap()
        .id;
    for (posted, minor, payee) in ROWS {
        let row = NewTransaction {
            posted,
            amount: eur(minor),
            payee: payee.to_owned(),
            payee_raw: payee.to_owned(),
            memo: None,
            reference: None,
            category: None,
            status: TransactionStatus::Posted,
            bank_id: None,
        };
        vault.add_transaction(account, &row).unwrap();
    }
    House { _folder: folder, vault, account }
}

impl House {
    fn recipient(&mut self) -> Recipient {
        self.vault.add_recipient("Example Lender", Some(SSH_PUBLIC), now()).unwrap()
    }

    fn balance(&self, recipient: &Recipient, as_of: Date) -> DisclosureRequest {
        let purpose = Purpose::from_text("Loan 4711").unwrap();
        DisclosureRequest::new(recipient.id, vec![FactRequest::balance(self.account, as_of)], purpose)
    }

    fn rows(&self, recipient: &Recipient, fields: &[TransactionField]) -> DisclosureRequest {
        let (from, to) = (date(2026, 3, 1), date(2026, 3, 31));
        let rows = FactRequest::transactions(self.account, from, to, fields).called(LabelChoice::Nothing);
        DisclosureRequest::new(recipient.id, vec![rows], Purpose::from_text("Case 12").unwrap())
    }

    fn disclose(&mut self, request: &DisclosureRequest, at: Timestamp) -> (i64, Vec<u8>) {
        let mut sealed = Vec::new();
        let issued = self.vault.disclose(request, at, &mut |bytes| {
            sealed.extend_from_slice(bytes);
            Ok(())
        });
        (issued.unwrap().id, sealed)
    }

    fn kinds(&self) -> Vec<String> {
        assert!(self.vault.verify_log().is_ok());
        self.vault.log().unwrap().into_iter().skip(1).map(|entry| entry.kind).collect()
    }
}

fn opened(sealed: &[u8], at: Timestamp) -> (Verified, disclosure::FileDigest, String) {
    let identities = Identities::parse(SSH.as_bytes(), None).unwrap();
    let opened = disclosure::open(sealed, OpenWith::Identities(&identities)).unwrap();
    let audiences = identities.audiences();
    let expectation = Expectation { now: at, audience: ExpectedAudience::OneOf(&audiences) };
    (disclosure::verify(&opened.token, &expectation).unwrap(), opened.digest(), opened.token)
}

#[test]
fn limits_refuse_what_goes_beyond_them_and_the_log_says_so() {
    let mut house = house();
    let lender = house.recipient();
    let limits = RecipientLimits {
        max_lifetime: Some(Lifetime::from_seconds(86_400).unwrap()),
        allowed: Some(vec!["balance".to_owned()]),
        vetting: VettingPolicy::Off,
    };
    let profile = house.vault.set_recipient_limits(lender.id, &limits, now()).unwrap();
    assert_eq!(profile.limits, limits);
    let mut request = house.balance(&lender, date(2026, 4, 1));
    let too_long = house.vault.preview(&request, now()).unwrap_err();
    assert_eq!(too_long.class(), ErrorClass::Refused);
    assert!(too_long.to_string().contains("7d") && too_long.to_string().contains("1d"), "{too_long}");
    let refused = house.vault.disclose(&request, now(), &mut |_| panic!("delivered"));
    assert!(matches!(refused, Err(VaultError::NotAllowed(_))));
    request.lifetime = Lifetime::from_seconds(3_600).unwrap();
    house.disclose(&request, now());
    let mut rows = house.rows(&lender, &[TransactionField::Date]);
    rows.lifetime = request.lifetime;
    let error = house.vault.preview(&rows, now()).unwrap_err();
    assert!(error.to_string().contains("transactions"), "{error}");
    assert_eq!(house.kinds(), ["recipient-added", "recipient-limited", "denied", "disclosed"]);
    let none = RecipientLimits { allowed: Some(vec![]), ..RecipientLimits::default() };
    assert!(house.vault.set_recipient_limits(lender.id, &none, now()).is_err());
    house.vault.set_recipient_limits(lender.id, &RecipientLimits::default(), now()).unwrap();
    assert!(house.vault.preview(&house.rows(&lender, &[TransactionField::Date]), now()).is_ok());
}

#[test]
fn who_was_not_vetted_or_too_long_ago_is_warned_of_or_refused() {
    let mut house = house();
    let lender = house.recipient();
    let request = house.balance(&lender, date(2026, 4, 1));
    let set = |house: &mut House, vetting| {
        let limits = RecipientLimits { vetting, ..RecipientLimits::default() };
        house.vault.set_recipient_limits(lender.id, &limits, now()).unwrap();
    };
    let warnings = |house: &House, at| {
        let preview = house.vault.preview(&request, at)?;
        let about = preview.warnings.into_iter().filter(|warning| warning.contains("vetted"));
        Ok::<Vec<String>, VaultError>(about.collect())
    };
    assert!(warnings(&house, now()).unwrap().is_empty());
    set(&mut house, VettingPolicy::Warn);
    assert!(warnings(&house, now()).unwrap()[0].contains("never vetted"));
    set(&mut house, VettingPolicy::Refuse);
    assert!(matches!(warnings(&house, now()), Err(VaultError::NotAllowed(_))));

    let until = date(2026, 4, 10);
    house.vault.vet_recipient(lender.id, "CPA", "licence and address checked", until, now()).unwrap();
    assert!(warnings(&house, now()).unwrap().is_empty());
    assert!(warnings(&house, later(8)).is_ok(), "the last day counts");
    let error = warnings(&house, later(9)).unwrap_err();
    assert!(error.to_string().contains("CPA") && error.to_string().contains("2026-04-10"), "{error}");
    set(&mut house, VettingPolicy::Warn);
    assert_eq!(warnings(&house, later(9)).unwrap().len(), 1);

    for (by, what, until) in
        [("", "x", until), ("CPA", " ", until), ("a\nb", "x", until), ("CPA", "x", date(2026, 4, 1))]
    {
        assert!(house.vault.vet_recipient(lender.id, by, what, until, now()).is_err());
    }
    let vettings = house.vault.recipient_profile(lender.id).unwrap().vettings;
    assert_eq!((vettings.len(), vettings[0].by.as_str()), (1, "CPA"));
}

#[test]
fn a_revocation_reaches_its_reader_by_the_list_and_nobody_else() {
    let mut house = house();
    let lender = house.recipient();
    let other = house.vault.add_recipient("Supplier", Some(SSH_PUBLIC), now()).unwrap();
    let request = house.balance(&lender, date(2026, 4, 1));
    let (first, sealed_first) = house.disclose(&request, now());
    let (_, sealed_second) = house.disclose(&request, now());
    let (_, sealed_other) = house.disclose(&house.balance(&other, date(2026, 4, 1)), now());
    let list = |house: &mut House, recipient: i64, at| {
        let mut delivered = Vec::new();
        let signed = house.vault.status_list(recipient, Lifetime::default(), at, &mut |bytes| {
            delivered.extend_from_slice(bytes);
            Ok(())
        });
        let signed = signed.unwrap();
        assert_eq!(signed.text.as_bytes(), delivered);
        (StatusList::read(&signed.text).unwrap(), signed)
    };
    let at = later(1);
    let (before, signed) = list(&mut house, lender.id, at);
    assert_eq!(signed.revoked, 0);
    assert_eq!(before.check(&opened(&sealed_first, at).0, at), Revocation::NotRevoked { as_of: at });

    let record = house.vault.revoke(first, Some("They lost a laptop"), at).unwrap();
    assert_eq!(record.state(at), DisclosureState::Revoked);
    assert_eq!(record.life.revoked_why.as_deref(), Some("They lost a laptop"));
    assert!(matches!(house.vault.revoke(first, None, at), Err(VaultError::Invalid(_))));
    assert!(matches!(house.vault.revoke(99, None, at), Err(VaultError::NoSuchDisclosure(99))));
    let (after, signed) = list(&mut house, lender.id, at);
    assert_eq!(signed.revoked, 1);
    assert!(!signed.text.contains("laptop"));
    assert_eq!(after.check(&opened(&sealed_first, at).0, at), Revocation::Revoked { as_of: at });
    assert_eq!(after.check(&opened(&sealed_second, at).0, at), Revocation::NotRevoked { as_of: at });
    assert!(matches!(after.check(&opened(&sealed_other, at).0, at), Revocation::NotChecked(_)));

    // Two recipients share neither the list's name nor its signer.
    let (others, _) = list(&mut house, other.id, at);
    assert_ne!(others.signer(), after.signer());
    let name = |sealed| opened(sealed, at).0.status.unwrap().uri().to_owned();
    assert_eq!(name(&sealed_first), name(&sealed_second));
    assert_ne!(name(&sealed_first), name(&sealed_other));

    // A recipient who was removed still gets a list.
    house.vault.remove_recipient(lender.id, at).unwrap();
    let (removed, _) = list(&mut house, lender.id, at);
    assert_eq!(removed.check(&opened(&sealed_first, at).0, at), Revocation::Revoked { as_of: at });

    // What could not be delivered is not in the log.
    let entries = house.kinds().len();
    let failed = house
        .vault
        .status_list(other.id, Lifetime::default(), at, &mut |_| Err(std::io::ErrorKind::StorageFull.into()));
    assert!(matches!(failed, Err(VaultError::Deliver(_))));
    assert_eq!(house.kinds().len(), entries);
}

#[test]
fn a_standing_disclosure_is_renewed_with_fresh_figures_until_the_end_agreed_on() {
    let mut house = house();
    let lender = house.recipient();
    let mut request = house.balance(&lender, date(2026, 4, 2));
    request.facts.push(FactRequest::Transactions {
        account: house.account,
        from: date(2026, 3, 1),
        to: date(2026, 3, 31),
        filter: RowFilter { payee: Some("landlord".to_owned()), ..RowFilter::default() },
        payees: PayeeForm::Shown,
        round_to: None,
        limit: None,
        fields: vec![TransactionField::Date, TransactionField::Amount],
        label: LabelChoice::Nothing,
    });
    let end = date(2026, 5, 10);
    let over = house.vault.disclose_standing(&request, date(2026, 4, 1), now(), &mut |_| Ok(()));
    assert!(matches!(over, Err(VaultError::Invalid(_))));
    let issued = house.vault.disclose_standing(&request, end, now(), &mut |_| Ok(())).unwrap();
    let record = house.vault.disclosure(issued.id).unwrap();
    assert_eq!(record.life.standing_until, Some(end));

    let at: Timestamp = "2026-05-02T09:00:00Z".parse().unwrap();
    let mut sealed = Vec::new();
    let renewed = house.vault.renew(issued.id, at, &mut |bytes| {
        sealed.extend_from_slice(bytes);
        Ok(())
    });
    let renewed = renewed.unwrap();
    let facts = opened(&sealed, at).0.facts;
    let (Fact::Balance(balance), Fact::Transactions(rows)) = (&facts[0], &facts[1]) else {
        panic!("{facts:?}")
    };
    let sum: i64 = ROWS.iter().map(|(_, minor, _)| minor).sum();
    assert_eq!((balance.as_of, balance.amount), (date(2026, 5, 2), eur(100_000 + sum)));
    assert_eq!(rows.selection.from.zip(rows.selection.to), Some((date(2026, 4, 1), date(2026, 4, 30))));
    assert_eq!(rows.rows[0].booked, Some(date(2026, 4, 5)));
    let (old, new) =
        (house.vault.disclosure(issued.id).unwrap(), house.vault.disclosure(renewed.id).unwrap());
    assert_eq!((old.life.renewed_by, new.life.renews), (Some(renewed.id), Some(issued.id)));

    // The number of the first one is good for ever: cron needs no other. The last one ends with the agreement.
    let at: Timestamp = "2026-05-09T09:00:00Z".parse().unwrap();
    let again = house.vault.renew(issued.id, at, &mut |_| Ok(())).unwrap();
    assert_eq!(house.vault.disclosure(again.id).unwrap().life.renews, Some(renewed.id));
    assert_eq!(again.expires, "2026-05-11T00:00:00Z".parse().unwrap());
    let at: Timestamp = "2026-05-11T00:00:00Z".parse().unwrap();
    let refused = house.vault.renew(issued.id, at, &mut |_| panic!("delivered"));
    assert!(matches!(&refused, Err(VaultError::NotAllowed(why)) if why.contains("2026-05-10")));

    // What was revoked, and what is not standing, is not renewed.
    let at: Timestamp = "2026-05-09T10:00:00Z".parse().unwrap();
    house.vault.revoke(again.id, None, at).unwrap();
    assert!(matches!(house.vault.renewal(issued.id, at), Err(VaultError::NotAllowed(_))));
    let (single, _) = house.disclose(&house.balance(&lender, date(2026, 4, 1)), now());
    assert!(matches!(house.vault.renewal(single, now()), Err(VaultError::NotAllowed(_))));
}

#[test]
fn only_this_recipients_receipt_for_this_disclosure_closes_it() {
    let mut house = house();
    let lender = house.recipient();
    let request = house.balance(&lender, date(2026, 4, 1));
    let (first, sealed) = house.disclose(&request, now());
    let (second, _) = house.disclose(&request, now());
    let key = ReceiptKey::from_openssh(SSH.as_bytes()).unwrap();
    let (verified, digest, _) = opened(&sealed, now());
    let receipt = make_receipt(&verified, digest, later(8), &key).unwrap();
    let at = later(9);
    for wrong in ["", "x.y.z", &receipt[..receipt.len() - 2]] {
        assert!(matches!(house.vault.close_with_receipt(first, wrong, at), Err(VaultError::Invalid(_))));
    }
    assert!(house.vault.close_with_receipt(second, &receipt, at).is_err(), "about another disclosure");
    assert!(house.vault.close_with_receipt(first, &receipt, now()).is_err(), "signed in the future");
    let record = house.vault.close_with_receipt(first, &receipt, at).unwrap();
    assert_eq!((record.state(at), record.life.receipt_signed), (DisclosureState::Closed, true));
    assert!(house.vault.close_with_receipt(first, &receipt, at).is_err(), "closed before");
    let record = house.vault.close_with_statement(second, "Deleted, they said on the phone", at).unwrap();
    assert_eq!((record.state(at), record.life.receipt_signed), (DisclosureState::Closed, false));
    assert_eq!(house.kinds()[3..], ["closed", "closed"]);
}

#[test]
fn who_has_only_an_age_key_signs_with_a_key_that_was_introduced() {
    let mut house = house();
    let shop = house.vault.add_recipient("Supplier", Some(AGE_PUBLIC), now()).unwrap();
    let request = house.balance(&shop, date(2026, 4, 1));
    let (id, _) = house.disclose(&request, now());
    let token = house.vault.trace(house.vault.disclosure(id).unwrap().jti.as_bytes()).unwrap();
    assert_eq!(token.len(), 1);
    let error = house.vault.close_with_receipt(id, "x.y.z", now()).unwrap_err();
    assert!(error.to_string().contains("no key"), "{error}");
    assert!(matches!(
        house.vault.set_receipt_key(shop.id, AGE_PUBLIC, now()),
        Err(VaultError::RecipientKey(_))
    ));
    let profile = house.vault.set_receipt_key(shop.id, SSH_PUBLIC, now()).unwrap();
    assert!(SSH_PUBLIC.starts_with(&profile.receipt_key.unwrap()));
    let error = house.vault.close_with_receipt(id, "x.y.z", now()).unwrap_err();
    assert!(error.to_string().contains("no receipt"), "{error}");
}

#[test]
fn a_review_says_what_is_out_there_and_what_to_close() {
    let mut house = house();
    let lender = house.recipient();
    let request = house.balance(&lender, date(2026, 4, 1));
    let (first, _) = house.disclose(&request, now());
    let (second, _) = house.disclose(&request, now());
    assert!(!house.vault.review_plan(later(400)).unwrap().due, "no reminder was asked for");
    house.vault.set_review_interval(Some(30)).unwrap();
    assert!(!house.vault.review_plan(later(29)).unwrap().due);
    assert!(house.vault.review_plan(later(30)).unwrap().due);
    assert!(house.vault.set_review_interval(Some(0)).is_err());

    let review = house.vault.review(later(1)).unwrap();
    assert_eq!(review.recipients.len(), 1);
    let one = &review.recipients[0];
    assert_eq!((one.disclosures.len(), one.knows.len()), (2, 1), "the same thing said twice is known once");
    let about = |id| one.advice.iter().filter(|advice| advice.disclosure == Some(id)).count();
    assert_eq!((about(first), about(second)), (1, 0), "{:?}", one.advice);
    assert!(one.advice.iter().any(|advice| advice.why.contains("never vetted")), "{:?}", one.advice);

    // After the end: nothing holds any more, nothing confirms that it was deleted.
    let review = house.vault.review(later(20)).unwrap();
    let closes = |review: &finvault::vault::Review| {
        review.recipients[0].advice.iter().filter(|advice| advice.command.contains("close")).count()
    };
    assert_eq!(closes(&review), 2, "{:?}", review.recipients[0].advice);
    house.vault.close_with_statement(first, "Deleted", later(20)).unwrap();
    assert_eq!(closes(&house.vault.review(later(20)).unwrap()), 1);
    house.vault.mark_reviewed(later(20)).unwrap();
    let plan = house.vault.review_plan(later(49)).unwrap();
    assert_eq!((plan.due, plan.last), (false, Some(later(20))));
    assert!(house.vault.review_plan(later(50)).unwrap().due);
    house.vault.set_review_interval(None).unwrap();
    assert!(!house.vault.review_plan(later(50)).unwrap().due);

    let record = house.vault.disclosure(second).unwrap();
    for (at, state) in [
        (later(0), DisclosureState::Active),
        (later(5), DisclosureState::Active),
        (later(6), DisclosureState::Expiring),
        (later(7), DisclosureState::Expired),
    ] {
        assert_eq!(record.state(at), state, "{at}");
    }
}

#[test]
fn a_leak_is_traced_to_its_disclosure() {
    use TransactionField::{Amount, Date as Day, Id, Payee};
    let mut house = house();
    let lender = house.recipient();
    let other = house.vault.add_recipient("Supplier", Some(SSH_PUBLIC), now()).unwrap();
    let (first, sealed) = house.disclose(&house.rows(&lender, &[Day, Amount, Payee, Id]), now());
    let (second, _) = house.disclose(&house.rows(&other, &[Day, Amount, Payee, Id]), now());
    let found = |house: &House, leak: &[u8]| -> Vec<(i64, TraceStrength)> {
        let matches = house.vault.trace(leak).unwrap();
        assert!(matches.iter().all(|found| !found.reasons.is_empty()));
        matches.iter().map(|found| (found.disclosure.id, found.strength)).collect()
    };
    let (verified, _, token) = opened(&sealed, now());
    let Fact::Transactions(rows) = &verified.facts[0] else { panic!("no rows") };
    let parts: Vec<&str> = token.split('~').collect();
    for leak in [
        sealed.clone(),
        token.clone().into_bytes(),
        format!("{}\n", parts[0]).into_bytes(),
        format!("see \"{}\"", parts[1]).into_bytes(),
        format!("case;{};x", rows.rows[1].id.as_ref().unwrap()).into_bytes(),
        verified.id.clone().into_bytes(),
    ] {
        assert_eq!(found(&house, &leak), [(first, TraceStrength::Certain)]);
    }
    // A table without ids says as much of the one as of the other.
    let table = "date;amount\n03.03.2026;-4,50\n05.03.2026;-800,00\n17.03.2026;1.620,00\n";
    let both = found(&house, table.as_bytes());
    assert_eq!(both.len(), 2);
    assert!(
        both.contains(&(first, TraceStrength::Likely)) && both.contains(&(second, TraceStrength::Likely))
    );
    let one_row = found(&house, b"On 2026-03-05 somebody paid 800.00");
    assert!(one_row.iter().all(|(_, strength)| *strength == TraceStrength::Possible) && one_row.len() == 2);
    assert!(found(&house, b"").is_empty());
    assert!(
        found(&house, b"On 2026-03-06 somebody paid 800.00, on 2026-03-05 nothing").len() == 2,
        "one line"
    );
    assert!(found(&house, b"2026-03-05\n800.00\n").is_empty(), "on two lines they are no pair");
    assert!(found(&house, &[0xff; 4_096]).is_empty());
}

#[test]
fn an_auditors_copy_of_the_log_verifies_and_hides_what_was_said() {
    let mut house = house();
    let lender = house.recipient();
    house.disclose(&house.balance(&lender, date(2026, 4, 1)), now());
    let mut text = Vec::new();
    let summary = house.vault.export_log(later(1), &mut |bytes| {
        text.extend_from_slice(bytes);
        Ok(())
    });
    let summary = summary.unwrap();
    let text = String::from_utf8(text).unwrap();
    let export = LogExport::read(&text, summary.head).unwrap();
    assert_eq!((export.summary, export.signer), (summary, house.vault.log_fingerprint()));
    let kinds: Vec<&str> = export.entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["vault-created", "recipient-added", "disclosed", "log-exported"]);
    assert_eq!(export.entries[2].detail.fact_kinds, ["balance"]);
    assert!(export.entries[2].detail.jti.is_some() && export.entries[2].detail.sealed_sha256.is_some());
}
