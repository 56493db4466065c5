//! Each kind of fact that can be made again, as the JSON of a standing disclosure holds it.

use super::standing::Clock;
use super::{
    AccountField, Direction, DocumentName, DocumentSource, FactRequest, LabelChoice, RowFilter,
    TransactionField,
};
use crate::disclosure::{Grouping, Measure, Operator, PayeeForm, Period};
use crate::ledger::{AccountId, AttachmentId, BatchId};
use crate::money::{Currency, Money};
use serde::{Deserialize, Serialize};

/// A fact as it was asked for.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum FactWire {
    Balance {
        account: i64,
        as_of: String,
        round_to: Option<MoneyWire>,
        label: String,
    },
    BalanceRange {
        account: i64,
        as_of: String,
        bucket: MoneyWire,
        label: String,
    },
    Threshold {
        account: i64,
        measure: Measure,
        operator: Operator,
        amount: MoneyWire,
        from: String,
        to: String,
        label: String,
    },
    Totals {
        account: i64,
        from: String,
        to: String,
        filter: FilterWire,
        period: Period,
        grouping: Grouping,
        payees: PayeeForm,
        whole: bool,
        round_to: Option<MoneyWire>,
        label: String,
    },
    Transactions {
        account: i64,
        from: String,
        to: String,
        filter: FilterWire,
        fields: Vec<String>,
        payees: PayeeForm,
        round_to: Option<MoneyWire>,
        limit: Option<u32>,
        label: String,
    },
    Account {
        account: i64,
        fields: Vec<String>,
        holder: Option<String>,
        #[serde(default)]
        profile: Vec<String>,
    },
    Document {
        attachment: Option<(i64, String)>,
        import: Option<i64>,
        name: NameWire,
        enclose: bool,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NameWire {
    Neutral,
    Withheld,
    Own,
    Given(String),
}

impl From<&DocumentName> for NameWire {
    fn from(name: &DocumentName) -> Self {
        match name {
            DocumentName::Neutral => Self::Neutral,
            DocumentName::Withheld => Self::Withheld,
            DocumentName::Own => Self::Own,
            DocumentName::Given(text) => Self::Given(text.clone()),
        }
    }
}

impl NameWire {
    fn read(self) -> DocumentName {
        match self {
            Self::Neutral => DocumentName::Neutral,
            Self::Withheld => DocumentName::Withheld,
            Self::Own => DocumentName::Own,
            Self::Given(text) => DocumentName::Given(text),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct MoneyWire {
    amount: String,
    currency: String,
    digits: u8,
}

#[derive(Serialize, Deserialize)]
pub(super) struct FilterWire {
    payee: Option<String>,
    category: Option<String>,
    direction: Option<String>,
    at_least: Option<MoneyWire>,
    at_most: Option<MoneyWire>,
}

impl From<Money> for MoneyWire {
    fn from(money: Money) -> Self {
        Self {
            amount: money.to_decimal(),
            currency: money.currency().code().to_owned(),
            digits: money.currency().exponent(),
        }
    }
}

impl MoneyWire {
    fn read(self) -> Option<Money> {
        Money::parse(&self.amount, Currency::custom(&self.currency, self.digits).ok()?).ok()
    }
}

/// A member that may be absent, but is an error where it cannot be read.
fn read_optional(money: Option<MoneyWire>) -> Option<Option<Money>> {
    match money {
        Some(money) => money.read().map(Some),
        None => Some(None),
    }
}

impl From<&RowFilter> for FilterWire {
    fn from(filter: &RowFilter) -> Self {
        // No member is skipped with "..": one that was forgotten here would be lost at renewal.
        let RowFilter { payee, category, direction, at_least, at_most } = filter;
        Self {
            payee: payee.clone(),
            category: category.clone(),
            direction: direction.map(|side| side.as_str().to_owned()),
            at_least: at_least.map(MoneyWire::from),
            at_most: at_most.map(MoneyWire::from),
        }
    }
}

impl FilterWire {
    fn read(self) -> Option<RowFilter> {
        let direction = match self.direction.as_deref() {
            None => None,
            Some(word) => {
                Some([Direction::In, Direction::Out].into_iter().find(|side| side.as_str() == word)?)
            }
        };
        Some(RowFilter {
            payee: self.payee,
            category: self.category,
            direction,
            at_least: read_optional(self.at_least)?,
            at_most: read_optional(self.at_most)?,
        })
    }
}

/// The fact to keep.
pub(super) fn fact_to_wire(fact: &FactRequest) -> FactWire {
    match fact {
        FactRequest::Balance { account, as_of, round_to, label } => FactWire::Balance {
            account: account.0,
            as_of: as_of.to_string(),
            round_to: round_to.map(MoneyWire::from),
            label: label_word(*label).to_owned(),
        },
        FactRequest::BalanceRange { account, as_of, bucket, label } => FactWire::BalanceRange {
            account: account.0,
            as_of: as_of.to_string(),
            bucket: (*bucket).into(),
            label: label_word(*label).to_owned(),
        },
        FactRequest::Threshold { account, measure, operator, amount, from, to, label } => {
            FactWire::Threshold {
                account: account.0,
                measure: *measure,
                operator: *operator,
                amount: (*amount).into(),
                from: from.to_string(),
                to: to.to_string(),
                label: label_word(*label).to_owned(),
            }
        }
        FactRequest::Totals {
            account,
            from,
            to,
            filter,
            period,
            grouping,
            payees,
            whole,
            round_to,
            label,
        } => FactWire::Totals {
            account: account.0,
            from: from.to_string(),
            to: to.to_string(),
            filter: filter.into(),
            period: *period,
            grouping: *grouping,
            payees: *payees,
            whole: *whole,
            round_to: round_to.map(MoneyWire::from),
            label: label_word(*label).to_owned(),
        },
        FactRequest::Transactions { account, from, to, filter, fields, payees, round_to, limit, label } => {
            FactWire::Transactions {
                account: account.0,
                from: from.to_string(),
                to: to.to_string(),
                filter: filter.into(),
                fields: fields.iter().map(|field| field.as_str().to_owned()).collect(),
                payees: *payees,
                round_to: round_to.map(MoneyWire::from),
                limit: *limit,
                label: label_word(*label).to_owned(),
            }
        }
        FactRequest::Account { account, fields, holder, profile } => FactWire::Account {
            account: account.0,
            fields: fields.iter().map(|field| field.as_str().to_owned()).collect(),
            holder: holder.clone(),
            profile: profile.iter().map(|field| field.as_str().to_owned()).collect(),
        },
        FactRequest::Document { source, name, enclose } => {
            let (attachment, import) = match source {
                DocumentSource::Attachment { id, sha256 } => (Some((id.0, sha256.clone())), None),
                DocumentSource::Import(id) => (None, Some(id.0)),
            };
            FactWire::Document { attachment, import, name: name.into(), enclose: *enclose }
        }
    }
}

const LABELS: [(LabelChoice, &str); 4] = [
    (LabelChoice::Number, "number"),
    (LabelChoice::Name, "name"),
    (LabelChoice::Both, "both"),
    (LabelChoice::Nothing, "nothing"),
];

fn label_word(label: LabelChoice) -> &'static str {
    LABELS.iter().find(|(known, _)| *known == label).map_or("nothing", |(_, word)| word)
}

fn label_of(word: &str) -> Option<LabelChoice> {
    LABELS.iter().find(|(_, known)| *known == word).map(|(label, _)| *label)
}

/// The fact to ask for, its days moved.
pub(super) fn fact_from_wire(wire: FactWire, clock: Clock) -> Option<FactRequest> {
    let window = |from: &str, to: &str| clock.window(from.parse().ok()?, to.parse().ok()?);
    Some(match wire {
        FactWire::Balance { account, as_of, round_to, label } => FactRequest::Balance {
            account: AccountId(account),
            as_of: clock.day(as_of.parse().ok()?)?,
            round_to: read_optional(round_to)?,
            label: label_of(&label)?,
        },
        FactWire::BalanceRange { account, as_of, bucket, label } => FactRequest::BalanceRange {
            account: AccountId(account),
            as_of: clock.day(as_of.parse().ok()?)?,
            bucket: bucket.read()?,
            label: label_of(&label)?,
        },
        FactWire::Threshold { account, measure, operator, amount, from, to, label } => {
            // One day moves as a balance's day does, several as a window.
            let (from, to) = if from == to {
                let day = clock.day(from.parse().ok()?)?;
                (day, day)
            } else {
                window(&from, &to)?
            };
            FactRequest::Threshold {
                account: AccountId(account),
                measure,
                operator,
                amount: amount.read()?,
                from,
                to,
                label: label_of(&label)?,
            }
        }
        FactWire::Totals { account, from, to, filter, period, grouping, payees, whole, round_to, label } => {
            let (from, to) = window(&from, &to)?;
            FactRequest::Totals {
                account: AccountId(account),
                from,
                to,
                filter: filter.read()?,
                period,
                grouping,
                payees,
                whole,
                round_to: read_optional(round_to)?,
                label: label_of(&label)?,
            }
        }
        FactWire::Transactions { account, from, to, filter, fields, payees, round_to, limit, label } => {
            let (from, to) = window(&from, &to)?;
            let field =
                |word: &String| TransactionField::ALL.into_iter().find(|field| field.as_str() == word);
            FactRequest::Transactions {
                account: AccountId(account),
                from,
                to,
                filter: filter.read()?,
                fields: fields.iter().map(field).collect::<Option<_>>()?,
                payees,
                round_to: read_optional(round_to)?,
                limit,
                label: label_of(&label)?,
            }
        }
        FactWire::Document { attachment, import, name, enclose } => FactRequest::Document {
            source: match (attachment, import) {
                (Some((id, sha256)), None) => DocumentSource::Attachment { id: AttachmentId(id), sha256 },
                (None, Some(id)) => DocumentSource::Import(BatchId(id)),
                _ => return None,
            },
            name: name.read(),
            enclose,
        },
        FactWire::Account { account, fields, holder, profile } => {
            let field = |word: &String| AccountField::ALL.into_iter().find(|field| field.as_str() == word);
            FactRequest::Account {
                account: AccountId(account),
                fields: fields.iter().map(field).collect::<Option<_>>()?,
                holder,
                profile: profile.iter().map(|word| word.parse().ok()).collect::<Option<_>>()?,
            }
        }
    })
}
