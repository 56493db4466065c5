//! A small vault to attack: one account, rows of chosen days, payees and categories, and two recipients.

#![allow(dead_code)] // each test takes what it needs

use finvault::crypto::{KdfParams, Passphrase};
use finvault::disclosure::{Fact, Grouping, PayeeForm, Period, Purpose};
use finvault::ledger::{
    AccountId, AccountKind, NewAccount, NewTransaction, Opening, TransactionId, TransactionStatus,
};
use finvault::money::{Currency, Money};
use finvault::vault::{
    Collusion, DisclosureRequest, FactRequest, InferencePolicy, LabelChoice, NewPart, Preview, Refusal,
    RowFilter, TransactionField, Vault, VaultError,
};
use jiff::Timestamp;
use jiff::civil::{Date, date};

/// The vault and whom it knows.
pub struct House {
    _folder: tempfile::TempDir,
    pub vault: Vault,
    pub account: AccountId,
    /// Two recipients' numbers.
    pub recipients: [i64; 2],
}

pub fn now() -> Timestamp {
    "2026-12-30T09:00:00Z".parse().unwrap()
}

pub fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

/// A day of the year, from 1 on.
pub fn day(number: i64) -> Date {
    date(2026, 1, 1).checked_add(jiff::Span::new().days(number - 1)).unwrap()
}

impl House {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::new("correct horse battery staple".to_owned());
        let (mut vault, _) =
            Vault::create(&folder.path().join("v"), &passphrase, KdfParams::FLOOR, now()).unwrap();
        let account = NewAccount {
            name: "Everyday".to_owned(),
            kind: AccountKind::Checking,
            currency: Currency::iso("EUR").unwrap(),
            institution: None,
            number: None,
            opening: Some(Opening { date: date(2025, 12, 1), amount: eur(100_000), derived: false }),
        };
        let account = vault.add_account(&account).unwrap().id;
        let recipients =
            ["Lender", "Landlord"].map(|name| vault.add_recipient(name, None, now()).unwrap().id);
        Self { _folder: folder, vault, account, recipients }
    }

    /// One row on each of the days 1 to `rows`: 1.01 by the first, 2.01 by the second and so on, from one payee each.
    pub fn of_days(rows: i64) -> Self {
        let mut house = Self::new();
        for number in 1..=rows {
            house.add(number, number * 100 + 1, &format!("Shop {number}"), None);
        }
        house
    }

    pub fn add(&mut self, on: i64, minor: i64, payee: &str, category: Option<&str>) -> TransactionId {
        let row = NewTransaction {
            posted: day(on),
            amount: eur(minor),
            payee: payee.to_owned(),
            payee_raw: payee.to_owned(),
            memo: None,
            reference: None,
            category: category.map(str::to_owned),
            status: TransactionStatus::Posted,
            bank_id: None,
        };
        self.vault.add_transaction(self.account, &row).unwrap().id
    }

    pub fn split(&mut self, id: TransactionId, parts: &[(&str, i64)]) {
        let part = |(category, minor): &(&str, i64)| NewPart {
            category: (*category).to_owned(),
            amount: eur(*minor),
            memo: None,
        };
        let parts: Vec<NewPart> = parts.iter().map(part).collect();
        self.vault.split_transaction(id, &parts).unwrap();
    }

    /// Sets k for both recipients, and refuses what they could work out together.
    pub fn strict(&mut self, k: u64) {
        for recipient in self.recipients {
            let policy = InferencePolicy { k, collusion: Collusion::Refuse, ..InferencePolicy::default() };
            self.vault.set_inference_policy(recipient, policy, now()).unwrap();
        }
    }

    pub fn balance(&self, on: i64) -> FactRequest {
        FactRequest::balance(self.account, day(on)).called(LabelChoice::Nothing)
    }

    pub fn totals(&self, from: i64, to: i64, grouping: Grouping, period: Period) -> FactRequest {
        FactRequest::Totals {
            account: self.account,
            from: day(from),
            to: day(to),
            filter: RowFilter::default(),
            period,
            grouping,
            payees: PayeeForm::Shown,
            whole: false,
            round_to: None,
            label: LabelChoice::Nothing,
        }
    }

    /// What came in over some days, at once.
    pub fn income(&self, from: i64, to: i64) -> FactRequest {
        self.totals(from, to, Grouping::Flow, Period::Window)
    }

    pub fn rows(&self, from: i64, to: i64, fields: &[TransactionField]) -> FactRequest {
        FactRequest::transactions(self.account, day(from), day(to), fields).called(LabelChoice::Nothing)
    }

    fn request(&self, to: usize, facts: &[FactRequest]) -> DisclosureRequest {
        DisclosureRequest::new(self.recipients[to], facts.to_vec(), Purpose::from_text("Loan").unwrap())
    }

    pub fn preview(&self, to: usize, facts: &[FactRequest]) -> Result<Preview, VaultError> {
        self.vault.preview(&self.request(to, facts), now())
    }

    /// Discloses, and gives what was signed; it is what was previewed.
    pub fn disclose(&mut self, to: usize, facts: &[FactRequest]) -> Result<Vec<Fact>, VaultError> {
        let request = self.request(to, facts);
        let preview = self.vault.preview(&request, now())?;
        let issued = self.vault.disclose(&request, now(), &mut |_| Ok(()))?;
        let signed = self.vault.disclosure(issued.id)?.facts;
        if !facts.iter().any(|fact| matches!(fact, FactRequest::Transactions { .. })) {
            assert_eq!(signed, preview.facts);
        }
        Ok(signed)
    }

    /// Makes a disclosure that has to be made.
    #[track_caller]
    pub fn allow(&mut self, to: usize, fact: FactRequest) {
        if let Err(error) = self.disclose(to, std::slice::from_ref(&fact)) {
            panic!("{error}: {}", error.remedy().unwrap_or_default());
        }
    }

    /// Tries a disclosure that has to be refused, in the preview as in earnest.
    #[track_caller]
    pub fn refuse(&mut self, to: usize, facts: &[FactRequest]) -> Refusal {
        let seen = self.preview(to, facts).unwrap().refusal.expect("the preview shows no refusal");
        let request = self.request(to, facts);
        match self.vault.disclose(&request, now(), &mut |_| Ok(())) {
            Err(VaultError::Refused(refusal)) => assert_eq!(*refusal, seen),
            Ok(_) => panic!("it was disclosed"),
            Err(error) => panic!("{error}"),
        }
        seen
    }

    /// The numbers of the rows that a refusal names.
    #[track_caller]
    pub fn leaks(&mut self, to: usize, fact: FactRequest) -> Vec<Vec<i64>> {
        let refusal = self.refuse(to, &[fact]);
        refusal.leaks.iter().map(|leak| leak.rows.iter().map(|row| row.id.0).collect()).collect()
    }
}

/// The same totals with other conditions.
pub fn only(mut fact: FactRequest, change: impl FnOnce(&mut RowFilter)) -> FactRequest {
    if let FactRequest::Totals { filter, .. } | FactRequest::Transactions { filter, .. } = &mut fact {
        change(filter);
    }
    fact
}

/// The same totals with each period's total over all groups.
pub fn with_whole(mut fact: FactRequest) -> FactRequest {
    if let FactRequest::Totals { whole, .. } = &mut fact {
        *whole = true;
    }
    fact
}

/// The same with amounts rounded.
pub fn rounded(mut fact: FactRequest, step: i64) -> FactRequest {
    if let FactRequest::Balance { round_to, .. } | FactRequest::Totals { round_to, .. } = &mut fact {
        *round_to = Some(eur(step));
    }
    fact
}
