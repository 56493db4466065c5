//! Each kind of fact that can be made again, as the JSON of a standing disclosure holds it.

use super::standing::Clock;
use super::{FactRequest, LabelChoice, TransactionField};
use crate::ledger::AccountId;
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
    Transactions {
        account: i64,
        from: String,
        to: String,
        payee: Option<String>,
        fields: Vec<String>,
        label: String,
    },
}

#[derive(Serialize, Deserialize)]
pub(super) struct MoneyWire {
    amount: String,
    currency: String,
    digits: u8,
}

/// The fact to keep; none for a kind that cannot be made again.
pub(super) fn fact_to_wire(fact: &FactRequest) -> Option<FactWire> {
    // No member is skipped with "..": one that was forgotten here would be lost at renewal.
    if let FactRequest::Balance { account, as_of, round_to, label } = fact {
        Some(FactWire::Balance {
            account: account.0,
            as_of: as_of.to_string(),
            round_to: round_to.map(|step| MoneyWire {
                amount: step.to_decimal(),
                currency: step.currency().code().to_owned(),
                digits: step.currency().exponent(),
            }),
            label: label_word(*label).to_owned(),
        })
    } else if let FactRequest::Transactions { account, from, to, payee, fields, label } = fact {
        Some(FactWire::Transactions {
            account: account.0,
            from: from.to_string(),
            to: to.to_string(),
            payee: payee.clone(),
            fields: fields.iter().map(|field| field.as_str().to_owned()).collect(),
            label: label_word(*label).to_owned(),
        })
    } else {
        None
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

/// The fact to ask for, its days moved.
pub(super) fn fact_from_wire(wire: FactWire, clock: Clock) -> Option<FactRequest> {
    let label = |word: &str| LABELS.iter().find(|(_, known)| *known == word).map(|(label, _)| *label);
    Some(match wire {
        FactWire::Balance { account, as_of, round_to, label: word } => FactRequest::Balance {
            account: AccountId(account),
            as_of: clock.day(as_of.parse().ok()?)?,
            round_to: match round_to {
                Some(step) => {
                    let currency = Currency::custom(&step.currency, step.digits).ok()?;
                    Some(Money::parse(&step.amount, currency).ok()?)
                }
                None => None,
            },
            label: label(&word)?,
        },
        FactWire::Transactions { account, from, to, payee, fields, label: word } => {
            let (from, to) = clock.window(from.parse().ok()?, to.parse().ok()?)?;
            let field =
                |word: &String| TransactionField::ALL.into_iter().find(|field| field.as_str() == word);
            FactRequest::Transactions {
                account: AccountId(account),
                from,
                to,
                payee,
                fields: fields.iter().map(field).collect::<Option<_>>()?,
                label: label(&word)?,
            }
        }
    })
}
