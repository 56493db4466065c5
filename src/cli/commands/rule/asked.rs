//! The options that make a rule.

use crate::cli::commands::shapes::amount;
use crate::cli::failure::Failure;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use finvault::ledger::rule::{Conditions, Flow, SizeCondition, TextCondition, TextField, TextTest};
use finvault::ledger::{Rule, RuleId};
use finvault::money::{Currency, Money};
use finvault::vault::{NewRule, RulePlace, Vault, VaultError};

/// Conditions and effects, each of which may be left out.
#[derive(Debug, Args)]
pub struct Asked {
    /// Where the payee contains this text; letter case does not matter
    #[arg(long, value_name = "TEXT", help_heading = "When", group = "test", allow_hyphen_values = true)]
    contains: Option<String>,
    /// Where the payee begins with these words
    #[arg(long, value_name = "TEXT", help_heading = "When", group = "test", allow_hyphen_values = true)]
    begins: Option<String>,
    /// Where the payee is this text
    #[arg(long, value_name = "TEXT", help_heading = "When", group = "test", allow_hyphen_values = true)]
    exact: Option<String>,
    /// Where this regular expression matches in the payee
    #[arg(
        long,
        value_name = "EXPRESSION",
        help_heading = "When",
        group = "test",
        allow_hyphen_values = true
    )]
    regex: Option<String>,
    /// Look at this text instead of the payee
    #[arg(long = "in", value_name = "FIELD", value_parser = parse_field(), help_heading = "When")]
    field: Option<TextField>,
    /// Where the amount is at least this, its sign left aside
    #[arg(long, value_name = "AMOUNT", help_heading = "When")]
    least: Option<String>,
    /// Where the amount is at most this
    #[arg(long, value_name = "AMOUNT", help_heading = "When")]
    most: Option<String>,
    /// The currency of the two; --account says it too
    #[arg(long, value_name = "CODE", help_heading = "When")]
    currency: Option<String>,
    /// Money that came in, or that went out
    #[arg(long, value_name = "WAY", value_parser = parse_flow(), help_heading = "When")]
    flow: Option<Flow>,
    /// On this account only
    #[arg(long, help_heading = "When")]
    account: Option<String>,
    /// Call the other party this; with --regex, $1 is what the first group matched
    #[arg(long, value_name = "NAME", help_heading = "Then")]
    set_payee: Option<String>,
    /// Put it into this category: its path, or the names it ends in; one that is not there yet is added
    #[arg(long, value_name = "CATEGORY", help_heading = "Then")]
    set_category: Option<String>,
}

/// Where a rule goes.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct Place {
    /// Try it before this rule
    #[arg(long, value_name = "RULE")]
    before: Option<i64>,
    /// Try it before all others
    #[arg(long)]
    first: bool,
    /// Try it after all others
    #[arg(long)]
    last: bool,
}

/// What "rule edit --clear" takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The condition on a text.
    Text,
    /// The condition on the amount.
    Amount,
    /// The condition on which way the money went.
    Flow,
    /// The condition on the account.
    Account,
    /// The payee that the rule gives.
    Payee,
    /// The category that the rule gives.
    Category,
}

fn parse_field() -> impl TypedValueParser<Value = TextField> {
    let all = [TextField::Payee, TextField::Memo, TextField::Any];
    PossibleValuesParser::new(all.map(TextField::as_str)).try_map(|word| word.parse::<TextField>())
}

fn parse_flow() -> impl TypedValueParser<Value = Flow> {
    PossibleValuesParser::new([Flow::In, Flow::Out].map(Flow::as_str)).try_map(|word| word.parse::<Flow>())
}

impl Place {
    /// The place that was named; last where none was.
    pub fn or_last(self) -> Result<RulePlace, Failure> {
        Ok(self.named().unwrap_or(RulePlace::Last))
    }

    /// The place that was named.
    pub fn required(self) -> Result<RulePlace, Failure> {
        self.named().ok_or_else(|| {
            Failure::usage("it is not said where the rule goes").help("give --before RULE, --first or --last")
        })
    }

    fn named(self) -> Option<RulePlace> {
        match self {
            Self { before: Some(id), .. } => Some(RulePlace::Before(RuleId(id))),
            Self { first: true, .. } => Some(RulePlace::First),
            Self { last: true, .. } => Some(RulePlace::Last),
            Self { .. } => None,
        }
    }
}

impl Asked {
    /// The rule that the options make.
    pub fn new_rule(self, vault: &Vault) -> Result<NewRule, Failure> {
        self.fill(NewRule::default(), vault)
    }

    /// The rule that is there, with what the options say in the place of what it says.
    pub fn over(self, before: &Rule, clear: &[Part], vault: &Vault) -> Result<NewRule, Failure> {
        let mut rule = NewRule {
            when: before.when.clone(),
            payee: before.then.payee.clone(),
            category: before.then.category.as_ref().map(ToString::to_string),
        };
        for part in clear {
            match part {
                Part::Text => rule.when.text = None,
                Part::Amount => rule.when.size = None,
                Part::Flow => rule.when.flow = None,
                Part::Account => rule.when.account = None,
                Part::Payee => rule.payee = None,
                Part::Category => rule.category = None,
            }
        }
        self.fill(rule, vault)
    }

    fn fill(self, mut rule: NewRule, vault: &Vault) -> Result<NewRule, Failure> {
        let account = self.account.as_deref().map(|name| vault.account(name)).transpose()?;
        let size = self.size(&rule.when, account.as_ref().map(|account| account.currency))?;
        let tests = [
            (TextTest::Contains, self.contains),
            (TextTest::Begins, self.begins),
            (TextTest::Exact, self.exact),
            (TextTest::Regex, self.regex),
        ];
        let test = tests.into_iter().find_map(|(test, text)| Some((test, text?)));
        match (test, &mut rule.when.text) {
            (Some((test, text)), before) => {
                let same = before.as_ref().map(|before| before.field);
                let field = self.field.or(same).unwrap_or(TextField::Payee);
                *before = Some(TextCondition { test, text, field });
            }
            (None, Some(before)) => before.field = self.field.unwrap_or(before.field),
            (None, None) if self.field.is_some() => {
                return Err(Failure::usage("--in says where to look, but nothing says for what")
                    .help("give --contains, --begins, --exact or --regex beside it"));
            }
            (None, None) => {}
        }
        rule.when.size = size.or(rule.when.size);
        rule.when.flow = self.flow.or(rule.when.flow);
        rule.when.account = account.map(|account| account.id).or(rule.when.account);
        rule.payee = self.set_payee.or(rule.payee);
        rule.category = self.set_category.or(rule.category);
        Ok(rule)
    }

    /// The range of amounts; a bound that is not given stays.
    fn size(&self, before: &Conditions, account: Option<Currency>) -> Result<Option<SizeCondition>, Failure> {
        if self.least.is_none() && self.most.is_none() {
            if self.currency.is_some() {
                return Err(Failure::usage("--currency goes with --least or --most"));
            }
            return Ok(None);
        }
        let known = before.size.map(|size| size.currency);
        let named = self.currency.as_deref().map(Currency::iso).transpose().map_err(VaultError::from)?;
        let currency = named.or(account).or(known).ok_or_else(|| {
            Failure::usage("it is not said which currency the amounts are in")
                .help("give --currency CODE, or --account, whose currency is then used")
        })?;
        let kept = before.size.filter(|size| size.currency == currency);
        let bound = |text: &Option<String>, option: &str, kept: Option<Money>| match text {
            Some(text) => amount(text, currency, option).map(Some),
            None => Ok(kept),
        };
        let least = bound(&self.least, "--least", kept.and_then(|size| size.least()))?;
        let most = bound(&self.most, "--most", kept.and_then(|size| size.most()))?;
        Ok(Some(SizeCondition::between(least, most).map_err(VaultError::from)?))
    }
}
