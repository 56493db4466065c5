//! What is asked of each kind of fact on the command line, and the request that it makes.

use super::document::Document;
use crate::cli::commands::shapes::amount;
use crate::cli::failure::Failure;
use crate::cli::when::{Day, check_window, parse_day};
use clap::{Args, Parser, Subcommand};
use finvault::disclosure::{Grouping, Measure, Operator, PayeeForm, Period};
use finvault::ledger::profile::UnknownProfileField;
use finvault::ledger::{Account, ProfileField};
use finvault::money::Money;
use finvault::vault::{
    AccountField, Direction, FactRequest, LabelChoice, RowFilter, TransactionField, Vault,
};
use jiff::ToSpan;
use jiff::civil::Date;

/// One fact of a disclosure.
#[derive(Debug, Subcommand)]
pub enum FactArguments {
    /// What an account's balance is
    Balance(Balance),
    /// Whether an account's balance reaches an amount
    Threshold(Threshold),
    /// Sums by period
    Totals(Totals),
    /// Transactions
    Transactions(Transactions),
    /// What an account is
    Account(AccountArguments),
    /// A receipt or another file, or an imported statement by its digest
    #[command(visible_alias = "receipt")]
    Document(Document),
}

/// A fact after `--and`.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct AnotherFact {
    #[command(subcommand)]
    fact: FactArguments,
}

/// Reads the facts after the first `--and`; each further `--and` begins another.
pub fn more_facts(words: &[String]) -> Result<Vec<FactArguments>, Failure> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let read = |words: &[String]| {
        AnotherFact::try_parse_from(words).map(|another| another.fact).map_err(|error| {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            Failure::usage(format!("after --and: {}", first.trim_start_matches("error: ")))
                .help("after --and write another fact, as: --and balance --account Savings --round 100")
        })
    };
    words.split(|word| word == "--and").map(read).collect()
}

/// Where a window ends when the fact itself does not say.
#[derive(Debug, Clone, Copy)]
pub struct Around {
    /// The day it is here.
    pub today: Date,
    /// The day that `--to` gave, if it gave one.
    pub until: Option<Day>,
    /// How accounts are called.
    pub label: LabelChoice,
}

/// What an account's balance is
#[derive(Debug, Args)]
pub struct Balance {
    /// The account's name, or the beginning of it
    #[arg(long)]
    account: String,
    /// At the end of this day
    #[arg(long, value_name = "DAY", value_parser = parse_day, default_value = "today")]
    as_of: Day,
    /// Rounded to the nearest multiple of this
    #[arg(long, value_name = "AMOUNT", conflicts_with = "bucket")]
    round: Option<String>,
    /// Only between which multiples of this it lies
    #[arg(long, value_name = "AMOUNT")]
    bucket: Option<String>,
}

/// Whether an account's balance reaches an amount: yes or no
#[derive(Debug, Args)]
#[group(id = "bound", required = true)]
pub struct Threshold {
    /// The account's name, or the beginning of it
    #[arg(long)]
    account: String,
    /// Whether it is this much or more
    #[arg(long, value_name = "AMOUNT", group = "bound", allow_negative_numbers = true)]
    at_least: Option<String>,
    /// Whether it is this much or less
    #[arg(long, value_name = "AMOUNT", group = "bound", allow_negative_numbers = true)]
    at_most: Option<String>,
    /// At the end of this day, or of the window that ends on it
    #[arg(long, value_name = "DAY", value_parser = parse_day, default_value = "today")]
    as_of: Day,
    /// Over so many days [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_525))]
    days: Option<u32>,
    /// closing (of one day), every-day or average [default: every-day with --days, else closing]
    #[arg(long, value_parser = parse_measure)]
    measure: Option<Measure>,
}

/// Sums and counts by period, without the transactions
#[derive(Debug, Args)]
pub struct Totals {
    /// The account's name, or the beginning of it
    #[arg(long)]
    account: String,
    /// From this day on
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    from: Day,
    /// Up to this day
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    until: Option<Day>,
    /// By month, quarter, year, or over the whole window
    #[arg(long, value_parser = parse_period, default_value = "month")]
    period: Period,
    /// By flow (income and spending), category or payee
    #[arg(long, value_parser = parse_grouping, default_value = "flow")]
    by: Grouping,
    /// Payees, with --by payee: shown, masked (initials) or pseudonym
    #[arg(long, value_parser = parse_payees, default_value = "pseudonym")]
    payee: PayeeForm,
    /// Also each period's total over all groups (with --by flow: the net)
    #[arg(long)]
    whole: bool,
    /// Each total rounded to the nearest multiple of this
    #[arg(long, value_name = "AMOUNT")]
    round: Option<String>,
    #[command(flatten)]
    filter: Filter,
}

/// Some of an account's transactions, with chosen fields only
#[derive(Debug, Args)]
pub struct Transactions {
    /// The account's name, or the beginning of it
    #[arg(long)]
    account: String,
    /// From this day on
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    from: Day,
    /// Up to this day; "--to DAY" says the same
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    until: Option<Day>,
    /// What to tell of each: date, amount, payee, status, id
    #[arg(long, value_name = "FIELDS", value_delimiter = ',', value_parser = parse_field)]
    #[arg(default_value = "date,amount,payee")]
    fields: Vec<TransactionField>,
    /// Payees: shown, masked (initials) or pseudonym (the same name for the same payee)
    #[arg(long, value_parser = parse_payees, default_value = "shown")]
    payee: PayeeForm,
    /// Amounts rounded to the nearest multiple of this
    #[arg(long, value_name = "AMOUNT")]
    round: Option<String>,
    /// At most so many, the newest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: Option<u32>,
    #[command(flatten)]
    filter: Filter,
}

/// Conditions on transactions; each is stated in the disclosure.
#[derive(Debug, Args)]
pub struct Filter {
    /// Whose payee contains this text
    #[arg(long)]
    text: Option<String>,
    /// In this category
    #[arg(long)]
    category: Option<String>,
    /// Only what came in, or only what went out: in or out
    #[arg(long, value_parser = parse_direction)]
    direction: Option<Direction>,
    /// Of this amount or more, sign included
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    min: Option<String>,
    /// Of this amount or less, sign included
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    max: Option<String>,
}

/// That an account exists, and what you choose about it
#[derive(Debug, Args)]
pub struct AccountArguments {
    /// The account's name, or the beginning of it
    #[arg(long)]
    account: String,
    /// What to tell: name, number (its last four characters), institution, kind, currency, known-since
    #[arg(long, value_name = "FIELDS", value_delimiter = ',', value_parser = parse_account_field)]
    #[arg(required_unless_present_any = ["holder", "from_profile", "full_number"])]
    fields: Vec<AccountField>,
    /// Tell its WHOLE number too, not only its end
    #[arg(long)]
    full_number: bool,
    /// Whose it is, in your words
    #[arg(long, value_name = "NAME")]
    holder: Option<String>,
    /// Tell these fields of your profile: name (the holder's), business, email, phone, address, tax-id
    #[arg(long, value_name = "FIELDS", value_delimiter = ',', value_parser = parse_profile_field)]
    from_profile: Vec<ProfileField>,
}

fn one_of<T: Copy>(text: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, String> {
    all.iter().copied().find(|value| name(*value) == text.trim()).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|value| name(*value)).collect();
        format!("say one of {}", known.join(", "))
    })
}

fn parse_field(text: &str) -> Result<TransactionField, String> {
    one_of(text, &TransactionField::ALL, TransactionField::as_str)
}

fn parse_account_field(text: &str) -> Result<AccountField, String> {
    // The whole number has an option of its own: it must not slip into a list.
    let listed: Vec<AccountField> =
        AccountField::ALL.into_iter().filter(|field| *field != AccountField::FullNumber).collect();
    one_of(text, &listed, AccountField::as_str)
}

/// A field of the profile.
pub fn parse_profile_field(text: &str) -> Result<ProfileField, String> {
    text.parse().map_err(|error: UnknownProfileField| error.to_string())
}

fn parse_measure(text: &str) -> Result<Measure, String> {
    one_of(text, &Measure::ALL, Measure::as_str)
}

fn parse_period(text: &str) -> Result<Period, String> {
    one_of(text, &Period::ALL, Period::as_str)
}

fn parse_grouping(text: &str) -> Result<Grouping, String> {
    one_of(text, &Grouping::ALL, Grouping::as_str)
}

fn parse_payees(text: &str) -> Result<PayeeForm, String> {
    one_of(text, &PayeeForm::ALL, PayeeForm::as_str)
}

fn parse_direction(text: &str) -> Result<Direction, String> {
    one_of(text, &[Direction::In, Direction::Out], Direction::as_str)
}

impl FactArguments {
    /// The request that these arguments make.
    pub fn request(&self, vault: &Vault, around: Around) -> Result<FactRequest, Failure> {
        match self {
            Self::Balance(asked) => asked.request(vault, around),
            Self::Threshold(asked) => asked.request(vault, around),
            Self::Totals(asked) => asked.request(vault, around),
            Self::Transactions(asked) => asked.request(vault, around),
            Self::Account(asked) => asked.request(vault),
            Self::Document(asked) => asked.request(vault),
        }
    }

    /// Checks what can be checked before the vault is opened.
    pub fn check(&self, around: Around) -> Result<(), Failure> {
        match self {
            Self::Totals(asked) => window(asked.from, asked.until, around).map(|_| ()),
            Self::Transactions(asked) => window(asked.from, asked.until, around).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Whether the fact has a window that a day given with `--to` can end.
    pub fn takes_window(&self) -> bool {
        matches!(self, Self::Totals(_) | Self::Transactions(_))
    }
}

/// An amount in the account's currency, where one is given.
fn optional(text: Option<&String>, account: &Account, option: &str) -> Result<Option<Money>, Failure> {
    text.map(|text| amount(text, account.currency, option)).transpose()
}

fn window(from: Day, until: Option<Day>, around: Around) -> Result<(Date, Date), Failure> {
    let end = match (until, around.until) {
        (Some(day), None) | (None, Some(day)) => day,
        (None, None) => {
            return Err(Failure::usage("the window's last day is missing").help("give it with --until DAY"));
        }
        (Some(_), Some(_)) => {
            return Err(Failure::usage("the window's last day is given twice").help("give --until once"));
        }
    };
    let (from, to) = (from.resolve(around.today), end.resolve(around.today));
    check_window(Some(from), Some(to))?;
    Ok((from, to))
}

impl Balance {
    fn request(&self, vault: &Vault, around: Around) -> Result<FactRequest, Failure> {
        let account = vault.account(&self.account)?;
        let as_of = self.as_of.resolve(around.today);
        let (id, label) = (account.id, around.label);
        Ok(match optional(self.bucket.as_ref(), &account, "--bucket")? {
            Some(bucket) => FactRequest::BalanceRange { account: id, as_of, bucket, label },
            None => FactRequest::Balance {
                account: id,
                as_of,
                round_to: optional(self.round.as_ref(), &account, "--round")?,
                label,
            },
        })
    }
}

impl Threshold {
    fn request(&self, vault: &Vault, around: Around) -> Result<FactRequest, Failure> {
        let account = vault.account(&self.account)?;
        let (operator, text) = match (&self.at_least, &self.at_most) {
            (Some(text), None) => (Operator::AtLeast, text),
            (None, Some(text)) => (Operator::AtMost, text),
            _ => return Err(Failure::usage("give one of --at-least and --at-most")),
        };
        let option = if operator == Operator::AtMost { "--at-most" } else { "--at-least" };
        let days = self.days.unwrap_or(1);
        let measure =
            self.measure.unwrap_or(if self.days.is_some() { Measure::EveryDay } else { Measure::Closing });
        if measure == Measure::Closing && days != 1 {
            return Err(Failure::usage("the closing balance is that of one day")
                .help("leave --days out, or give --measure every-day or average"));
        }
        let to = self.as_of.resolve(around.today);
        let from = to
            .checked_sub((i64::from(days) - 1).days())
            .map_err(|_| Failure::usage(format!("{days} days before {to} is before all calendars")))?;
        Ok(FactRequest::Threshold {
            account: account.id,
            measure,
            operator,
            amount: amount(text, account.currency, option)?,
            from,
            to,
            label: around.label,
        })
    }
}

impl Totals {
    fn request(&self, vault: &Vault, around: Around) -> Result<FactRequest, Failure> {
        let account = vault.account(&self.account)?;
        let (from, to) = window(self.from, self.until, around)?;
        Ok(FactRequest::Totals {
            account: account.id,
            from,
            to,
            filter: self.filter.read(&account)?,
            period: self.period,
            grouping: self.by,
            payees: self.payee,
            whole: self.whole,
            round_to: optional(self.round.as_ref(), &account, "--round")?,
            label: around.label,
        })
    }
}

impl Transactions {
    fn request(&self, vault: &Vault, around: Around) -> Result<FactRequest, Failure> {
        let account = vault.account(&self.account)?;
        let (from, to) = window(self.from, self.until, around)?;
        Ok(FactRequest::Transactions {
            account: account.id,
            from,
            to,
            filter: self.filter.read(&account)?,
            fields: self.fields.clone(),
            payees: self.payee,
            round_to: optional(self.round.as_ref(), &account, "--round")?,
            limit: self.limit,
            label: around.label,
        })
    }
}

impl AccountArguments {
    fn request(&self, vault: &Vault) -> Result<FactRequest, Failure> {
        let mut fields = self.fields.clone();
        if self.full_number {
            fields.push(AccountField::FullNumber);
        }
        Ok(FactRequest::Account {
            account: vault.account(&self.account)?.id,
            fields,
            holder: self.holder.clone(),
            profile: self.from_profile.clone(),
        })
    }
}

impl Filter {
    fn read(&self, account: &Account) -> Result<RowFilter, Failure> {
        Ok(RowFilter {
            payee: self.text.clone(),
            category: self.category.clone(),
            direction: self.direction,
            at_least: optional(self.min.as_ref(), account, "--min")?,
            at_most: optional(self.max.as_ref(), account, "--max")?,
        })
    }
}
