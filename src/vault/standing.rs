//! Standing disclosures: a request kept as JSON, so that it can be made again with fresh figures.
//!
//! Days move with the calendar. What was the day of issue becomes the day of renewal; the end of a month that
//! was over, and a window of whole months, become the same of the later month; any other day keeps its distance
//! from the day of issue.

use super::disclose::utc_day;
use super::standing_fact::{FactWire, fact_from_wire, fact_to_wire};
use super::{DisclosureRequest, VaultError};
use crate::disclosure::{Lifetime, OnwardSharing, Purpose, Terms};
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct RequestWire {
    issued_on: String,
    facts: Vec<FactWire>,
    purpose_code: String,
    purpose: String,
    retain_until: Option<String>,
    onward_sharing: OnwardSharing,
    intent_to_retain: bool,
    lifetime_s: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    form: Option<String>,
}

/// The request as JSON; none where it cannot be written.
pub(super) fn to_json(request: &DisclosureRequest, now: Timestamp) -> Option<String> {
    let facts = request.facts.iter().map(fact_to_wire).collect();
    let wire = RequestWire {
        issued_on: utc_day(now).to_string(),
        facts,
        purpose_code: request.purpose.code().to_owned(),
        purpose: request.purpose.text().to_owned(),
        retain_until: request.terms.retain_until.map(|day| day.to_string()),
        onward_sharing: request.terms.onward_sharing,
        intent_to_retain: request.terms.intent_to_retain,
        lifetime_s: request.lifetime.seconds(),
        form: request.form.map(|form| form.as_str().to_owned()),
    };
    serde_json::to_string(&wire).ok()
}

/// Reads a request that [`to_json`] wrote, its days moved to `now`.
///
/// # Errors
/// [`VaultError::Store`] for a text that it did not write.
pub(super) fn from_json(json: &str, recipient: i64, now: Timestamp) -> Result<DisclosureRequest, VaultError> {
    parse(json, recipient, now).ok_or_else(|| {
        VaultError::Store(crate::store::StoreError::Unreadable { what: "disclosure_life.request".to_owned() })
    })
}

/// Reads the request of a draft, which [`to_json`] wrote at `drafted`: its days as they were.
///
/// # Errors
/// [`VaultError::Store`] for a text that it did not write.
pub(super) fn draft_from_json(
    json: &str,
    recipient: i64,
    drafted: Timestamp,
) -> Result<DisclosureRequest, VaultError> {
    parse(json, recipient, drafted).ok_or_else(|| {
        VaultError::Store(crate::store::StoreError::Unreadable { what: "draft.request".to_owned() })
    })
}

fn parse(json: &str, recipient: i64, now: Timestamp) -> Option<DisclosureRequest> {
    let wire: RequestWire = serde_json::from_str(json).ok()?;
    let clock = Clock { issued_on: wire.issued_on.parse().ok()?, renewed_on: utc_day(now) };
    let retain_until = match wire.retain_until {
        Some(day) => Some(clock.at_a_distance(day.parse().ok()?)?),
        None => None,
    };
    let facts = wire.facts.into_iter().map(|fact| fact_from_wire(fact, clock)).collect::<Option<_>>()?;
    let purpose = Purpose::new(&wire.purpose_code, &wire.purpose).ok()?;
    Some(DisclosureRequest {
        terms: Terms {
            retain_until,
            onward_sharing: wire.onward_sharing,
            intent_to_retain: wire.intent_to_retain,
        },
        lifetime: Lifetime::from_seconds(wire.lifetime_s).ok()?,
        form: wire.form.map(|form| form.parse()).transpose().ok()?,
        // A risk is accepted for one disclosure, never for those that renew it.
        ..DisclosureRequest::new(recipient, facts, purpose)
    })
}

/// How days move between issue and renewal.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    issued_on: Date,
    renewed_on: Date,
}

impl Clock {
    pub(super) fn day(self, day: Date) -> Option<Date> {
        if day == day.last_of_month() && day < self.issued_on.first_of_month() {
            return Some(self.by_months(day)?.last_of_month());
        }
        self.at_a_distance(day)
    }

    pub(super) fn window(self, from: Date, to: Date) -> Option<(Date, Date)> {
        let whole_months =
            from == from.first_of_month() && to == to.last_of_month() && to < self.issued_on.first_of_month();
        if whole_months {
            return Some((self.by_months(from)?, self.by_months(to)?.last_of_month()));
        }
        Some((self.at_a_distance(from)?, self.at_a_distance(to)?))
    }

    fn by_months(self, day: Date) -> Option<Date> {
        let months = |day: Date| i64::from(day.year()) * 12 + i64::from(day.month());
        let moved = months(self.renewed_on) - months(self.issued_on);
        day.checked_add(Span::new().try_months(moved).ok()?).ok()
    }

    fn at_a_distance(self, day: Date) -> Option<Date> {
        let distance = (day - self.issued_on).get_days();
        self.renewed_on.checked_add(Span::new().try_days(distance).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disclosure::{Grouping, Measure, Operator, PayeeForm, Period, SealedForm};
    use crate::ledger::{AccountId, AttachmentId, BatchId, ProfileField};
    use crate::money::{Currency, Money};
    use crate::vault::{
        AccountField, Direction, DocumentName, DocumentSource, FactRequest, LabelChoice, RowFilter,
        TransactionField,
    };
    use jiff::civil::date;

    #[test]
    fn days_move_with_the_calendar() {
        let clock = Clock { issued_on: date(2026, 1, 31), renewed_on: date(2026, 3, 2) };
        assert_eq!(clock.day(date(2026, 1, 31)), Some(date(2026, 3, 2)), "today stays today");
        assert_eq!(clock.day(date(2025, 12, 31)), Some(date(2026, 2, 28)), "the end of the month before");
        assert_eq!(clock.day(date(2026, 1, 30)), Some(date(2026, 3, 1)), "yesterday stays yesterday");
        assert_eq!(
            clock.window(date(2025, 10, 1), date(2025, 12, 31)),
            Some((date(2025, 12, 1), date(2026, 2, 28))),
            "whole months stay whole"
        );
        assert_eq!(
            clock.window(date(2026, 1, 1), date(2026, 1, 31)),
            Some((date(2026, 1, 31), date(2026, 3, 2))),
            "thirty days up to today stay thirty days"
        );
    }

    #[test]
    fn a_request_comes_back_as_it_was() {
        let eur = Currency::iso("EUR").unwrap();
        let facts = vec![
            FactRequest::Balance {
                account: AccountId(1),
                as_of: date(2026, 2, 1),
                round_to: Some(Money::parse("100.00", eur).unwrap()),
                label: LabelChoice::Both,
            },
            FactRequest::BalanceRange {
                account: AccountId(1),
                as_of: date(2026, 2, 1),
                bucket: Money::parse("500.00", eur).unwrap(),
                label: LabelChoice::Name,
            },
            FactRequest::Threshold {
                account: AccountId(1),
                measure: Measure::EveryDay,
                operator: Operator::AtLeast,
                amount: Money::parse("1000.00", eur).unwrap(),
                from: date(2026, 1, 2),
                to: date(2026, 2, 1),
                label: LabelChoice::Number,
            },
            FactRequest::Totals {
                account: AccountId(1),
                from: date(2026, 1, 1),
                to: date(2026, 1, 31),
                filter: RowFilter { direction: Some(Direction::In), ..RowFilter::default() },
                period: Period::Month,
                grouping: Grouping::Payee,
                payees: PayeeForm::Pseudonym,
                whole: true,
                round_to: None,
                label: LabelChoice::Number,
            },
            FactRequest::Transactions {
                account: AccountId(2),
                from: date(2026, 1, 20),
                to: date(2026, 2, 1),
                filter: RowFilter {
                    payee: Some("cafe".to_owned()),
                    category: Some("Food".to_owned()),
                    direction: Some(Direction::Out),
                    at_least: Some(Money::parse("-5.00", eur).unwrap()),
                    at_most: Some(Money::parse("-1.00", eur).unwrap()),
                },
                fields: TransactionField::ALL.to_vec(),
                payees: PayeeForm::Shown,
                round_to: Some(Money::parse("1.00", eur).unwrap()),
                limit: Some(7),
                label: LabelChoice::Nothing,
            },
            FactRequest::Account {
                account: AccountId(1),
                fields: AccountField::ALL.to_vec(),
                holder: Some("Example GmbH".to_owned()),
                profile: ProfileField::ALL.to_vec(),
            },
            FactRequest::Document {
                source: DocumentSource::Attachment { id: AttachmentId(4), sha256: "0a".repeat(32) },
                name: DocumentName::Given("invoice.pdf".to_owned()),
                enclose: true,
            },
            FactRequest::Document {
                source: DocumentSource::Import(BatchId(2)),
                name: DocumentName::Withheld,
                enclose: false,
            },
        ];
        let purpose = Purpose::new("loan", "Loan 12").unwrap();
        let request = DisclosureRequest {
            terms: Terms { retain_until: Some(date(2026, 3, 1)), ..Terms::default() },
            form: Some(SealedForm::Page),
            ..DisclosureRequest::new(3, facts, purpose)
        };
        let now: Timestamp = "2026-02-01T12:00:00Z".parse().unwrap();
        let back = from_json(&to_json(&request, now).unwrap(), 3, now).unwrap();
        assert_eq!(format!("{back:?}"), format!("{request:?}"));
        let later: Timestamp = "2026-02-03T12:00:00Z".parse().unwrap();
        let back = from_json(&to_json(&request, now).unwrap(), 3, later).unwrap();
        assert_eq!(back.terms.retain_until, Some(date(2026, 3, 3)));
        for bad in ["", "{}", "[]", "null", r#"{"issued_on":"x"}"#] {
            assert!(from_json(bad, 3, now).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_drafts_request_comes_back_with_its_days_and_documents() {
        let facts = vec![
            FactRequest::Document {
                source: DocumentSource::Import(BatchId(7)),
                name: DocumentName::Neutral,
                enclose: false,
            },
            FactRequest::balance(AccountId(1), date(2026, 1, 31)),
        ];
        let request = DisclosureRequest::new(3, facts, Purpose::from_text("Books").unwrap());
        let drafted: Timestamp = "2026-02-01T12:00:00Z".parse().unwrap();
        let json = to_json(&request, drafted).unwrap();
        let back = draft_from_json(&json, 3, drafted).unwrap();
        assert_eq!(format!("{back:?}"), format!("{request:?}"));
        for bad in ["", "{}", r#"{"issued_on":"2026-02-01","facts":[{"kind":"x"}]}"#] {
            assert!(draft_from_json(bad, 3, drafted).is_err(), "{bad}");
        }
    }
}
