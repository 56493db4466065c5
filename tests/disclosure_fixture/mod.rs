//! A small disclosure with fixed content, shared by the tests of the `disclosure` room.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(dead_code, missing_docs)]

use finvault::crypto::random::{Random, RandomError};
use finvault::disclosure::{
    AccountFact, AccountLabel, Audience, BalanceFact, BalanceRangeFact, BalanceType, CellTotal, Condition,
    DaySpan, DocumentFact, Draft, Evidence, Fact, Field, FileDigest, Grouping, Issued, IssuerKey, Lifetime,
    Measure, OnwardSharing, Operator, PayeeForm, Period, PeriodTotals, Purpose, RootBuilder, RootSalt, Row,
    RowStatus, Selection, StatementRef, Terms, ThresholdFact, TotalsFact, TransactionsFact, issue,
};
use finvault::ledger::AccountKind;
use finvault::money::{Currency, Money};
use jiff::Timestamp;
use jiff::civil::date;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts up and hashes: what a frozen vector needs is only that it never changes.
#[derive(Default)]
pub struct Counted(AtomicU64);

impl Random for Counted {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        for chunk in out.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            chunk.copy_from_slice(&Sha256::digest(count.to_be_bytes())[..chunk.len()]);
        }
        Ok(())
    }
}

pub const NOW_S: i64 = 1_769_904_000;

pub fn now() -> Timestamp {
    Timestamp::from_second(NOW_S).unwrap()
}

pub fn after(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW_S + seconds).unwrap()
}

pub fn issuer() -> IssuerKey {
    IssuerKey::from_seed(&[7; 32])
}

pub fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

pub fn evidence() -> Evidence {
    let sha256 = FileDigest::from_bytes(Sha256::digest(b"a statement").into());
    Evidence::new(vec![StatementRef { sha256, format: "ofx".to_owned() }], false)
}

pub fn label() -> AccountLabel {
    AccountLabel::new(Some("Business account"), Some("DE89 3704 0044 0532 0130 00"))
}

pub fn balance() -> Fact {
    Fact::Balance(BalanceFact {
        account: label(),
        balance_type: BalanceType::ClosingBooked,
        as_of: date(2026, 1, 31),
        amount: eur(1_230_000),
        selection: Selection {
            to: Some(date(2026, 1, 31)),
            matched: 214,
            rounding: Some(eur(10_000)),
            ..Selection::default()
        },
        evidence: evidence(),
    })
}

pub fn row(day: i8, minor: i64, text: &str) -> Row {
    Row {
        id: Some(format!("row-{day}")),
        booked: Some(date(2026, 1, day)),
        amount: Some(eur(minor)),
        status: Some(RowStatus::Booked),
        information: Some(text.to_owned()),
    }
}

pub fn transactions() -> Fact {
    Fact::Transactions(TransactionsFact {
        account: AccountLabel::default(),
        payees: PayeeForm::Shown,
        rows: vec![
            row(3, -450, "Corner Cafe"),
            row(3, -450, "Corner Cafe"),
            row(17, -129_900, "Example GmbH, order 4711"),
        ],
        withheld: 0,
        selection: Selection {
            from: Some(date(2026, 1, 1)),
            to: Some(date(2026, 1, 31)),
            filter: vec![Condition::new(Field::Direction, Operator::Is, "out")],
            matched: 3,
            suppressed: 0,
            rounding: None,
            gaps: None,
        },
        evidence: Evidence::new(vec![], true),
    })
}

/// One fact of each kind that `balance` and `transactions` do not show.
pub fn every_kind() -> Vec<Fact> {
    let january = |gaps: Vec<DaySpan>| Selection {
        from: Some(date(2026, 1, 1)),
        to: Some(date(2026, 1, 31)),
        gaps: Some(gaps),
        ..Selection::default()
    };
    let range = BalanceRangeFact {
        account: label(),
        balance_type: BalanceType::ClosingBooked,
        as_of: date(2026, 1, 31),
        at_least: eur(1_000_000),
        below: eur(1_500_000),
        selection: Selection {
            to: Some(date(2026, 1, 31)),
            matched: 214,
            gaps: Some(vec![]),
            ..Selection::default()
        },
        evidence: evidence(),
    };
    let threshold = ThresholdFact {
        account: AccountLabel::default(),
        operator: Operator::AtLeast,
        amount: eur(150_000),
        measure: Measure::EveryDay,
        window_days: 31,
        days_with_data: 29,
        result: true,
        selection: Selection {
            matched: 214,
            ..january(vec![DaySpan { from: date(2026, 1, 30), to: date(2026, 1, 31) }])
        },
        evidence: evidence(),
    };
    let cell = |group: Option<&str>, count, minor| CellTotal {
        group: group.map(str::to_owned),
        count,
        amount: eur(minor),
    };
    let totals = TotalsFact {
        account: AccountLabel::default(),
        period: Period::Quarter,
        grouping: Grouping::Category,
        payees: PayeeForm::Shown,
        min_rows: 3,
        periods: vec![PeriodTotals {
            from: date(2026, 1, 1),
            to: date(2026, 1, 31),
            cells: vec![cell(None, 12, -45_000), cell(Some("Rent"), 3, -240_000)],
            suppressed_cells: 2,
            whole: Some((18, eur(-300_000))),
        }],
        selection: Selection { matched: 18, suppressed: 3, ..january(vec![]) },
        evidence: evidence(),
    };
    let hidden = |day, minor, text| Row { id: None, ..row(day, minor, text) };
    let transactions = TransactionsFact {
        account: AccountLabel::default(),
        payees: PayeeForm::Pseudonym,
        rows: vec![hidden(17, -129_900, "payee-ulu25hdsjnt2"), hidden(28, -500, "payee-ulu25hdsjnt2")],
        withheld: 0,
        selection: Selection { matched: 5, suppressed: 3, rounding: Some(eur(100)), ..january(vec![]) },
        evidence: evidence(),
    };
    let account = AccountFact {
        account: AccountLabel::new(None, Some("DE89 3704 0044 0532 0130 00")),
        number: None,
        holder: Some("Example Holder".to_owned()),
        holder_details: Default::default(),
        institution: Some("Example Bank".to_owned()),
        kind: Some(AccountKind::Checking),
        currency: Some("EUR".to_owned()),
        known_since: Some(date(2024, 3, 1)),
        selection: Selection::default(),
        evidence: Evidence::new(vec![], true),
    };
    let document = DocumentFact {
        sha256: FileDigest::from_bytes(Sha256::digest(b"a statement").into()),
        media_type: "application/x-ofx".to_owned(),
        file_name: Some("january.ofx".to_owned()),
        selection: Selection::default(),
        evidence: evidence(),
    };
    vec![
        Fact::BalanceRange(range),
        Fact::Threshold(threshold),
        Fact::Totals(totals),
        Fact::Transactions(transactions),
        Fact::Account(account),
        Fact::Document(document),
    ]
}

pub fn draft(audience: Audience, facts: Vec<Fact>) -> Draft {
    let salt = RootSalt::from_bytes([5; 32]);
    let mut root = RootBuilder::new(&salt);
    root.push_opening(date(2026, 1, 1), eur(100_000));
    root.push(b"a row");
    Draft {
        audience,
        purpose: Purpose::new("customer-service", "Refund of order 4711").unwrap(),
        terms: Terms {
            retain_until: None,
            onward_sharing: OnwardSharing::WithConsent,
            intent_to_retain: true,
        },
        lifetime: Lifetime::default(),
        not_before: None,
        facts,
        ledger_root: root.finish(),
        status: None,
        holder: None,
    }
}

pub fn issued(audience: Audience) -> Issued {
    issue(&draft(audience, vec![balance(), transactions()]), &issuer(), now(), &Counted::default()).unwrap()
}
