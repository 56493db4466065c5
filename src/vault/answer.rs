//! Answering a partner's request or a preset: from templates to requests, and of several options the narrowest.

use super::accounts::account_by_id;
use super::facts::{
    AccountField, Breadth, Direction, Drawing, FactRequest, LabelChoice, RowFilter, sentence,
};
use super::guard::policy_of;
use super::recipients::{pseudonym_key, recipient_row};
use super::{DocumentName, DocumentSource, TransactionField, Vault, VaultError};
use crate::disclosure::request::{
    AccountTemplate, AmountText, DocumentKind, DocumentTemplate, FactTemplate, FilterTemplate,
    InformationRequest, ParticularField, RowField, TransactionsTemplate, Way, WindowTemplate,
};
use crate::disclosure::{DaySpan, Fact, RootSalt};
use crate::ledger::{Account, AccountId, Attachment, BatchId, ProfileField};
use crate::money::{Currency, Money};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// What the owner adds to a request or preset, which know neither accounts nor names.
#[derive(Debug, Clone)]
pub struct Given {
    /// The account that answers.
    pub account: AccountId,
    /// Whose it is, where that is asked for; none: the name in the owner's profile.
    pub holder: Option<String>,
    /// The import whose file is named, where a document is asked for.
    pub import: Option<BatchId>,
    /// The file that is the receipt, where one is asked for.
    pub receipt: Option<Attachment>,
    /// The day on which windows that reach back end.
    pub today: Date,
}

/// The narrowest facts that answer a request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What to disclose.
    pub facts: Vec<FactRequest>,
    /// The ids of the facts, as the request names them.
    pub ids: Vec<String>,
    /// What was not chosen, and why.
    pub others: Vec<Alternative>,
}

/// An option that was not chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// The ids of its facts.
    pub ids: Vec<String>,
    /// Why not.
    pub why: WhyNot,
}

/// Why an option was not chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyNot {
    /// It would tell more: these sentences instead of those chosen.
    TellsMore(Vec<String>),
    /// A balance in it does not reach the amount asked about, and another option does answer.
    AnswersNo,
    /// It cannot be stated; the text says why.
    CannotBeStated(String),
    /// The request does not insist on it.
    NotNeeded,
}

/// An option that can be stated.
struct Drawable {
    ids: Vec<String>,
    requests: Vec<FactRequest>,
    sentences: Vec<String>,
    breadth: Breadth,
    answers_no: bool,
}

impl Vault {
    /// The requests that templates make of one account.
    ///
    /// # Errors
    /// [`VaultError::Invalid`] where something is asked that was not given; amounts with too many digits.
    pub fn fact_requests(
        &self,
        templates: &[FactTemplate],
        given: &Given,
    ) -> Result<Vec<FactRequest>, VaultError> {
        let account = self.read(|store| account_by_id(store, given.account))?;
        templates.iter().map(|template| request_of(template, &account, given)).collect()
    }

    /// Chooses, of each set of a request, the option that tells least and can be stated; one whose balances reach the
    /// amounts asked about comes before one whose answer is no. Nothing is signed or logged.
    ///
    /// # Errors
    /// [`VaultError::Unanswerable`] where a set has no option that can be stated.
    pub fn answer(
        &self,
        recipient: i64,
        request: &InformationRequest,
        given: &Given,
        now: Timestamp,
    ) -> Result<Answer, VaultError> {
        let account = self.read(|store| account_by_id(store, given.account))?;
        if let Some(code) = &request.currency {
            check_currency(code, &account)?;
        }
        let mut answer = Answer { facts: Vec::new(), ids: Vec::new(), others: Vec::new() };
        for set in request.sets() {
            if !set.required {
                let others = set.options.into_iter().map(|ids| Alternative { ids, why: WhyNot::NotNeeded });
                answer.others.extend(others);
                continue;
            }
            let mut drawable = Vec::new();
            let mut failures = Vec::new();
            for ids in set.options {
                match self.draw_option(recipient, request, &ids, &account, given, now) {
                    Ok(option) => drawable.push(option),
                    Err(error) if is_about_the_option(&error) => {
                        failures.push(Alternative { ids, why: WhyNot::CannotBeStated(error.to_string()) });
                    }
                    Err(error) => return Err(error),
                }
            }
            // Options are compared as they are; of two that tell as much, the partner's first.
            drawable.sort_by_key(|option| (option.answers_no, option.breadth));
            let mut drawable = drawable.into_iter();
            let Some(chosen) = drawable.next() else {
                let whys = failures.into_iter().map(|other| match other.why {
                    WhyNot::CannotBeStated(why) => format!("{}: {why}", other.ids.join(" and ")),
                    _ => other.ids.join(" and "),
                });
                return Err(VaultError::Unanswerable(whys.collect()));
            };
            answer.others.extend(failures);
            answer.others.extend(drawable.map(|option| Alternative {
                why: if option.answers_no && !chosen.answers_no {
                    WhyNot::AnswersNo
                } else {
                    WhyNot::TellsMore(option.sentences)
                },
                ids: option.ids,
            }));
            for (id, fact) in chosen.ids.into_iter().zip(chosen.requests) {
                if !answer.ids.contains(&id) {
                    answer.ids.push(id);
                    answer.facts.push(fact);
                }
            }
        }
        if answer.facts.is_empty() {
            return Err(VaultError::Unanswerable(vec!["the request insists on nothing".to_owned()]));
        }
        Ok(answer)
    }

    fn draw_option(
        &self,
        recipient: i64,
        request: &InformationRequest,
        ids: &[String],
        account: &Account,
        given: &Given,
        now: Timestamp,
    ) -> Result<Drawable, VaultError> {
        let templates = ids.iter().map(|id| {
            request.fact(id).ok_or_else(|| VaultError::Invalid(format!("the request has no fact \"{id}\"")))
        });
        let requests: Vec<FactRequest> = templates
            .map(|template| request_of(template?, account, given))
            .collect::<Result<_, VaultError>>()?;
        let row = self.read(|store| recipient_row(store, recipient))?;
        let pseudonyms = pseudonym_key(&self.key, &row);
        let salt = RootSalt::from_bytes([0; 32]);
        let today = now.to_zoned(TimeZone::UTC).date();
        let drawn = self.read(|store| {
            let k = policy_of(store, recipient)?.k;
            Drawing::new(store, &salt, &pseudonyms, today, false).holding_back(k).draw(&requests)
        })?;
        Ok(Drawable {
            ids: ids.to_vec(),
            requests,
            sentences: drawn.facts.iter().map(sentence).collect(),
            breadth: Breadth { enclosed: drawn.enclosed.len(), ..Breadth::of(&drawn.facts) },
            answers_no: drawn.facts.iter().any(|fact| matches!(fact, Fact::Threshold(fact) if !fact.result)),
        })
    }
}

/// Whether another option may still do; a vault that cannot be read answers nothing.
fn is_about_the_option(error: &VaultError) -> bool {
    matches!(
        error,
        VaultError::NoData { .. }
            | VaultError::AllSuppressed { .. }
            | VaultError::Invalid(_)
            | VaultError::Money(_)
            | VaultError::NoSuchImport(_)
            | VaultError::StatementNotKept(_)
            | VaultError::DocumentGone { .. }
            | VaultError::DocumentsTooLarge { .. }
            | VaultError::NotInProfile(_)
    )
}

fn check_currency(code: &str, account: &Account) -> Result<(), VaultError> {
    if account.currency.code() == code {
        return Ok(());
    }
    match Currency::iso(code) {
        Ok(found) => Err(VaultError::OtherCurrency {
            what: "the request".to_owned(),
            found,
            account: account.name.clone(),
            expected: account.currency,
        }),
        Err(error) => Err(error.into()),
    }
}

/// The request that a template makes of an account.
fn request_of(template: &FactTemplate, account: &Account, given: &Given) -> Result<FactRequest, VaultError> {
    let label = LabelChoice::default();
    let money = |amount: &AmountText| Money::parse(amount.as_str(), account.currency);
    let optional = |amount: &Option<AmountText>| amount.as_ref().map(money).transpose();
    let (id, today) = (account.id, given.today);
    Ok(match template {
        FactTemplate::Balance(asked) => FactRequest::Balance {
            account: id,
            as_of: asked.as_of.resolve(today),
            round_to: optional(&asked.round)?,
            label,
        },
        FactTemplate::BalanceRange(asked) => FactRequest::BalanceRange {
            account: id,
            as_of: asked.as_of.resolve(today),
            bucket: money(&asked.bucket)?,
            label,
        },
        FactTemplate::BalanceThreshold(asked) => {
            let DaySpan { from, to } = days(asked.window, today)?;
            FactRequest::Threshold {
                account: id,
                measure: asked.measure,
                operator: asked.op.into(),
                amount: money(&asked.amount)?,
                from,
                to,
                label,
            }
        }
        FactTemplate::TotalsByPeriod(asked) => {
            let DaySpan { from, to } = days(asked.window, today)?;
            FactRequest::Totals {
                account: id,
                from,
                to,
                filter: filter_of(&asked.filter, account)?,
                period: asked.period,
                grouping: asked.by,
                payees: asked.payees,
                whole: asked.whole,
                round_to: optional(&asked.round)?,
                label,
            }
        }
        FactTemplate::Transactions(asked) => transactions_of(asked, account, today)?,
        FactTemplate::Account(asked) => account_of(asked, id, given),
        FactTemplate::Document(asked) => document_of(asked, given)?,
    })
}

/// The holder's name is what was given; else, like all else of the holder, what the profile says.
fn account_of(asked: &AccountTemplate, account: AccountId, given: &Given) -> FactRequest {
    let wants = |field| asked.fields.contains(&field);
    let holder = given.holder.clone().filter(|_| wants(ParticularField::Holder));
    let profile = [
        (ParticularField::Holder, ProfileField::Name),
        (ParticularField::Business, ProfileField::Business),
        (ParticularField::Email, ProfileField::Email),
        (ParticularField::Phone, ProfileField::Phone),
        (ParticularField::Address, ProfileField::Address),
        (ParticularField::TaxId, ProfileField::TaxId),
    ];
    let from_profile = profile
        .into_iter()
        .filter(|(asked, field)| wants(*asked) && (holder.is_none() || *field != ProfileField::Name));
    FactRequest::Account {
        account,
        fields: asked.fields.iter().filter_map(|field| account_field(*field)).collect(),
        profile: from_profile.map(|(_, field)| field).collect(),
        holder,
    }
}

fn document_of(asked: &DocumentTemplate, given: &Given) -> Result<FactRequest, VaultError> {
    let not_given = |what: &str| VaultError::Invalid(what.to_owned());
    let source =
        match asked.document {
            DocumentKind::Statement => DocumentSource::Import(given.import.ok_or_else(|| {
                not_given("an imported statement is asked for; name the import with --import")
            })?),
            DocumentKind::Receipt => DocumentSource::from(
                given
                    .receipt
                    .as_ref()
                    .ok_or_else(|| not_given("a receipt is asked for; name the attachment with --receipt"))?,
            ),
        };
    let name = match (asked.file_name, asked.document, asked.enclosed) {
        (true, ..) => DocumentName::Own,
        (false, DocumentKind::Statement, false) => DocumentName::Withheld,
        _ => DocumentName::Neutral,
    };
    Ok(FactRequest::Document { source, name, enclose: asked.enclosed })
}

fn transactions_of(
    asked: &TransactionsTemplate,
    account: &Account,
    today: Date,
) -> Result<FactRequest, VaultError> {
    let DaySpan { from, to } = days(asked.window, today)?;
    let field = |field: &RowField| match field {
        RowField::Date => TransactionField::Date,
        RowField::Amount => TransactionField::Amount,
        RowField::Payee => TransactionField::Payee,
        RowField::Status => TransactionField::Status,
        RowField::Id => TransactionField::Id,
    };
    Ok(FactRequest::Transactions {
        account: account.id,
        from,
        to,
        filter: filter_of(&asked.filter, account)?,
        fields: asked.fields.iter().map(field).collect(),
        payees: asked.payees,
        round_to: asked
            .round
            .as_ref()
            .map(|round| Money::parse(round.as_str(), account.currency))
            .transpose()?,
        limit: asked.limit,
        label: LabelChoice::default(),
    })
}

fn days(window: WindowTemplate, today: Date) -> Result<DaySpan, VaultError> {
    window.resolve(today).ok_or_else(|| {
        VaultError::Invalid("a window that ends before it begins, or lies beyond all calendars".to_owned())
    })
}

const fn account_field(field: ParticularField) -> Option<AccountField> {
    Some(match field {
        ParticularField::Holder
        | ParticularField::Business
        | ParticularField::Email
        | ParticularField::Phone
        | ParticularField::Address
        | ParticularField::TaxId => return None,
        ParticularField::Name => AccountField::Name,
        ParticularField::Number => AccountField::Number,
        ParticularField::Institution => AccountField::Institution,
        ParticularField::Kind => AccountField::Kind,
        ParticularField::Currency => AccountField::Currency,
        ParticularField::KnownSince => AccountField::KnownSince,
        ParticularField::FullNumber => AccountField::FullNumber,
    })
}

fn filter_of(filter: &FilterTemplate, account: &Account) -> Result<RowFilter, VaultError> {
    let money = |amount: &Option<AmountText>| {
        amount.as_ref().map(|amount| Money::parse(amount.as_str(), account.currency)).transpose()
    };
    Ok(RowFilter {
        payee: filter.payee.clone(),
        category: filter.category.clone(),
        direction: filter.direction.map(|way| match way {
            Way::In => Direction::In,
            Way::Out => Direction::Out,
        }),
        at_least: money(&filter.at_least)?,
        at_most: money(&filter.at_most)?,
    })
}
