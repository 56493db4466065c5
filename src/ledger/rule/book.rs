//! A vault's rules, ready to be tried on many transactions.

use super::{Conditions, Effects, Flow, MAX_RULES, Rule, RuleError, RuleId, TextField, TextTest};
use crate::ledger::{AccountId, CategoryPath};
use crate::money::Money;
use regex::{Regex, RegexBuilder};

/// The most memory that one expression takes, in bytes, once for its program and once for what it caches.
const REGEX_BYTES: usize = 1 << 20;
/// How deep an expression may nest.
const REGEX_DEPTH: u32 = 50;

/// What rules look at in one transaction.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The account it is on.
    pub account: AccountId,
    /// Its amount.
    pub amount: Money,
    /// The other party as the bank wrote it.
    pub payee_written: &'a str,
    /// The other party as it is shown.
    pub payee_shown: &'a str,
    /// The memo.
    pub memo: Option<&'a str>,
}

/// What rules make of one transaction, each with the rule that decided it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What the other party is to be called.
    pub payee: Option<(RuleId, String)>,
    /// The category it is to have.
    pub category: Option<(RuleId, CategoryPath)>,
}

/// The rules in the owner's order.
#[derive(Debug, Default)]
pub struct RuleBook {
    rules: Vec<Prepared>,
}

#[derive(Debug)]
struct Prepared {
    rule: Rule,
    /// The rule's text, folded; empty for an expression.
    folded: String,
    regex: Option<Regex>,
}

/// A transaction's texts, folded once for all rules.
struct Texts<'a> {
    written: &'a str,
    shown: &'a str,
    memo: &'a str,
    folded: [String; 3],
}

impl RuleBook {
    /// Prepares rules that [`check`](super::check) accepts.
    ///
    /// # Errors
    /// [`RuleError::Regex`] for an expression that cannot be used, [`RuleError::TooMany`].
    pub fn new(rules: Vec<Rule>) -> Result<Self, RuleError> {
        if rules.len() > MAX_RULES {
            return Err(RuleError::TooMany);
        }
        let prepared = rules.into_iter().map(|rule| {
            let (mut folded, mut regex) = (String::new(), None);
            if let Some(text) = &rule.when.text {
                match text.test {
                    TextTest::Regex => regex = Some(expression(&text.text)?),
                    _ => folded = fold(&text.text),
                }
            }
            Ok(Prepared { rule, folded, regex })
        });
        Ok(Self { rules: prepared.collect::<Result<_, RuleError>>()? })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules in order.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|prepared| &prepared.rule)
    }

    /// What the rules make of a transaction.
    pub fn decide(&self, subject: &Subject<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        if self.rules.is_empty() {
            return outcome;
        }
        let mut texts = Texts::new(subject, subject.payee_written);
        let renaming = self.rules.iter().filter(|prepared| prepared.rule.then.payee.is_some());
        for prepared in renaming {
            if prepared.matches(subject, &texts)
                && let Some(name) = prepared.name_for(&texts)
            {
                outcome.payee = Some((prepared.rule.id, name));
                break;
            }
        }
        let shown = outcome.payee.as_ref().map_or(subject.payee_shown, |(_, name)| name);
        texts.show(shown);
        let category = self.category_for(subject, &texts);
        outcome.category = category;
        outcome
    }

    /// The category that the rules give a transaction whose name stays as it is shown.
    pub fn decide_category(&self, subject: &Subject<'_>) -> Option<(RuleId, CategoryPath)> {
        self.category_for(subject, &Texts::new(subject, subject.payee_shown))
    }

    fn category_for(&self, subject: &Subject<'_>, texts: &Texts<'_>) -> Option<(RuleId, CategoryPath)> {
        self.rules.iter().find_map(|prepared| {
            let category = prepared.rule.then.category.as_ref()?;
            prepared.matches(subject, texts).then(|| (prepared.rule.id, category.clone()))
        })
    }

    /// The rules whose conditions a transaction fulfils, whether they decide anything about it or not.
    pub fn matching<'b>(&'b self, subject: &Subject<'_>) -> impl Iterator<Item = RuleId> + 'b {
        let texts = Texts::new(subject, subject.payee_shown);
        let ids = self.rules.iter().filter(|prepared| prepared.matches(subject, &texts));
        ids.map(|prepared| prepared.rule.id).collect::<Vec<_>>().into_iter()
    }

    /// Whether a rule gives every transaction of this payee a category, whatever its amount and account.
    pub fn files_payee(&self, payee: &str) -> bool {
        let texts = Texts {
            written: payee,
            shown: payee,
            memo: "",
            folded: [fold(payee), fold(payee), String::new()],
        };
        self.rules.iter().any(|prepared| {
            let Conditions { text, size, flow, account } = &prepared.rule.when;
            let by_payee_alone = text.as_ref().is_some_and(|text| text.field != TextField::Memo)
                && size.is_none()
                && flow.is_none()
                && account.is_none();
            by_payee_alone && prepared.rule.then.category.is_some() && prepared.text_holds(&texts)
        })
    }
}

impl<'a> Texts<'a> {
    fn new(subject: &Subject<'a>, shown: &'a str) -> Self {
        let memo = subject.memo.unwrap_or_default();
        let written = subject.payee_written;
        let second = if shown == written { String::new() } else { fold(shown) };
        Self { written, shown, memo, folded: [fold(written), second, fold(memo)] }
    }

    /// Looks at another name beside the written one from now on.
    fn show(&mut self, shown: &'a str) {
        if shown != self.shown {
            self.shown = shown;
            self.folded[1] = if shown == self.written { String::new() } else { fold(shown) };
        }
    }

    /// The texts of a field, as they are and folded.
    fn of(&self, field: TextField) -> impl Iterator<Item = (&str, &str)> {
        let raw = [self.written, self.shown, self.memo];
        let wanted = match field {
            TextField::Payee => 0..2,
            TextField::Memo => 2..3,
            TextField::Any => 0..3,
        };
        raw.into_iter()
            .zip(self.folded.iter().map(String::as_str))
            .enumerate()
            .filter(move |(index, (_, folded))| wanted.contains(index) && !folded.is_empty())
            .map(|(_, texts)| texts)
    }
}

impl Prepared {
    fn matches(&self, subject: &Subject<'_>, texts: &Texts<'_>) -> bool {
        let Conditions { size, flow, account, .. } = &self.rule.when;
        let amount = subject.amount;
        account.is_none_or(|account| account == subject.account)
            && flow.is_none_or(|flow| match flow {
                Flow::In => amount.minor() > 0,
                Flow::Out => amount.minor() < 0,
            })
            && size.is_none_or(|size| size.holds(amount))
            && self.text_holds(texts)
    }

    fn text_holds(&self, texts: &Texts<'_>) -> bool {
        let Some(condition) = &self.rule.when.text else { return true };
        let wanted = self.folded.as_str();
        texts.of(condition.field).any(|(raw, folded)| match condition.test {
            TextTest::Contains => folded.contains(wanted),
            TextTest::Begins => begins(folded, wanted),
            TextTest::Exact => folded == wanted,
            TextTest::Regex => self.regex.as_ref().is_some_and(|regex| regex.is_match(raw)),
        })
    }

    /// The name that the rule gives; none where an expression's groups leave nothing of it.
    fn name_for(&self, texts: &Texts<'_>) -> Option<String> {
        let template = self.rule.then.payee.as_ref()?;
        let (Some(regex), Some(condition)) = (&self.regex, &self.rule.when.text) else {
            return Some(template.clone());
        };
        let captures = texts.of(condition.field).find_map(|(raw, _)| regex.captures(raw))?;
        let mut name = String::new();
        captures.expand(template, &mut name);
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        (!name.is_empty()).then_some(name)
    }
}

/// Lower case, with runs of space as one.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    folded
}

/// Whether a text begins with these words: after them it ends, or no letter or digit follows.
pub(super) fn begins(folded: &str, wanted: &str) -> bool {
    folded.strip_prefix(wanted).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

fn expression(text: &str) -> Result<Regex, RuleError> {
    RegexBuilder::new(text)
        .case_insensitive(true)
        .size_limit(REGEX_BYTES)
        .dfa_size_limit(REGEX_BYTES)
        .nest_limit(REGEX_DEPTH)
        .build()
        .map_err(|error| {
            // The crate prints the expression over several lines with a caret; the last one says what is wrong.
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            RuleError::Regex(last.trim_start_matches("error: ").chars().take(200).collect())
        })
}

/// Checks an expression and that the new name uses groups which it has.
pub(super) fn check_expression(when: &Conditions, then: &Effects) -> Result<(), RuleError> {
    let Some(text) = when.text.as_ref().filter(|text| text.test == TextTest::Regex) else { return Ok(()) };
    let regex = expression(&text.text)?;
    let names: Vec<&str> = regex.capture_names().flatten().collect();
    let known = |group: &str| match group.parse::<usize>() {
        Ok(number) => number < regex.captures_len(),
        Err(_) => names.contains(&group),
    };
    match groups(then.payee.as_deref().unwrap_or_default()).into_iter().find(|group| !known(group)) {
        Some(group) => Err(RuleError::Group(group)),
        None => Ok(()),
    }
}

/// The groups that a new name uses: `$1`, `$name`, `${name}`, as the regex crate reads them.
fn groups(template: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some((_, after)) = rest.split_once('$') {
        if let Some(after) = after.strip_prefix('$') {
            rest = after;
        } else if let Some((name, after)) = after.strip_prefix('{').and_then(|braced| braced.split_once('}'))
        {
            found.push(name.to_owned());
            rest = after;
        } else {
            let name: String = after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            rest = after.get(name.len()..).unwrap_or_default();
            if !name.is_empty() {
                found.push(name);
            }
        }
    }
    found
}
