//! Rules as they are printed.

use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table};
use finvault::ledger::rule::{Conditions, Flow};
use finvault::ledger::{AccountId, Rule};
use finvault::money::Money;
use finvault::vault::Vault;
use serde::Serialize;
use std::collections::BTreeMap;

/// The accounts' names by number.
pub type Names = BTreeMap<AccountId, String>;

/// The names of all accounts.
pub fn accounts(vault: &Vault) -> Result<Names, Failure> {
    Ok(vault.accounts()?.into_iter().map(|account| (account.id, account.name)).collect())
}

/// A rule for scripts; what is null is not asked or not done.
#[derive(Serialize)]
pub struct RuleShape {
    rule: i64,
    when: WhenShape,
    then: ThenShape,
}

#[derive(Serialize)]
struct WhenShape {
    test: Option<&'static str>,
    text: Option<String>,
    #[serde(rename = "in")]
    field: Option<&'static str>,
    least: Option<String>,
    most: Option<String>,
    currency: Option<String>,
    flow: Option<&'static str>,
    account: Option<String>,
}

#[derive(Serialize)]
struct ThenShape {
    payee: Option<String>,
    category: Option<String>,
}

impl RuleShape {
    pub fn new(rule: &Rule, names: &Names) -> Self {
        let Conditions { text, size, flow, account } = &rule.when;
        Self {
            rule: rule.id.0,
            when: WhenShape {
                test: text.as_ref().map(|text| text.test.as_str()),
                text: text.as_ref().map(|text| text.text.clone()),
                field: text.as_ref().map(|text| text.field.as_str()),
                least: size.and_then(|size| size.least()).map(Money::to_decimal),
                most: size.and_then(|size| size.most()).map(Money::to_decimal),
                currency: size.map(|size| size.currency.code().to_owned()),
                flow: flow.map(Flow::as_str),
                account: account.and_then(|id| names.get(&id).cloned()),
            },
            then: ThenShape {
                payee: rule.then.payee.clone(),
                category: rule.then.category.as_ref().map(ToString::to_string),
            },
        }
    }
}

/// A rule's conditions in words.
fn conditions(when: &Conditions, names: &Names) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(when.text.as_ref().map(ToString::to_string));
    words.extend(when.size.as_ref().map(ToString::to_string));
    words.extend(when.flow.map(|flow| match flow {
        Flow::In => "money in".to_owned(),
        Flow::Out => "money out".to_owned(),
    }));
    let account = when.account.and_then(|id| names.get(&id));
    words.extend(account.map(|name| format!("on {name}")));
    words.join(", ")
}

/// A rule in one line.
pub fn sentence(rule: &Rule, names: &Names) -> String {
    format!("{} -> {}", conditions(&rule.when, names), rule.then)
}

/// The rules in order.
pub fn table(rules: &[Rule], names: &Names) -> Table {
    let columns = [("rule", Align::Right), ("when", Align::Left), ("then", Align::Left)];
    let mut table = Table::new(&columns).flexible(1);
    for rule in rules {
        table.row([
            Cell::new(rule.id.0.to_string()),
            Cell::new(conditions(&rule.when, names)),
            Cell::new(rule.then.to_string()),
        ]);
    }
    table
}
