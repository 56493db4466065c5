//! From drafts to statements: one per account and currency, with what the running balance proves.

use super::super::packed::PackedStatement;
use super::super::{
    Question, ReadOptions, SkippedRow, StatedAmount, Statement, StatementAccount, StatementError,
    StatementErrorKind, Warning, problem,
};
use super::chain::{self, Run, Verdict};
use super::columns::is_iban;
use super::drafts::{Drafts, Hint};
use super::plan::{AmountRule, Plan};
use super::refuse::{bad_cell, unsure};
use super::vocabulary::fold;
use crate::ledger::{AccountKind, BalanceKind, TransactionStatus};
use crate::money::{Currency, Decimal, Money};

/// The most accounts and currencies of one file.
const MAX_STATEMENTS: usize = 200;

/// The rows of one account in one currency.
struct Group {
    account: Option<String>,
    currency: Currency,
    drafts: Drafts,
}

/// What statements are made by.
pub(super) struct Assembly<'a> {
    pub plan: &'a Plan,
    pub options: &'a ReadOptions,
    /// Gives the text of the row that begins on a line, for refusals.
    pub source: &'a dyn Fn(u32) -> String,
}

impl Assembly<'_> {
    /// Makes statements of all rows.
    ///
    /// # Errors
    /// No currency, an amount that the currency cannot hold, and signs that the file contradicts.
    pub fn statements(
        &self,
        drafts: Drafts,
        warnings: &mut Vec<Warning>,
        skipped: &mut Vec<SkippedRow>,
    ) -> Result<Vec<PackedStatement>, StatementError> {
        let (plan, options) = (self.plan, self.options);
        self.check_signs(&drafts)?;
        let mut groups = self.groups(drafts)?;
        if groups.is_empty() {
            let currency = plan.fixed_currency.or(options.currency).ok_or_else(no_currency)?;
            groups.push(Group { account: None, currency, drafts: Drafts::default() });
            warnings
                .push(Warning { line: 0, text: "the file has column names but no transactions".to_owned() });
        }
        if options.skip_bad_rows {
            groups.iter_mut().try_for_each(|group| self.skip_unholdable(group, skipped))?;
        }
        groups.into_iter().map(|group| self.statement(group, warnings)).collect()
    }

    /// The rows by account and currency. Nearly always all are of one: then there may be a million, and no second list of
    /// them is made.
    fn groups(&self, drafts: Drafts) -> Result<Vec<Group>, StatementError> {
        let only_code = only_currency(&drafts);
        let mut named: Vec<(Option<String>, Currency)> = Vec::new();
        let mut group_of: Vec<usize> = Vec::with_capacity(drafts.met().len());
        for (place, first) in drafts.met() {
            let currency = place.currency.or(only_code).or(self.options.currency).ok_or_else(no_currency)?;
            let known = named.iter().position(|known| known.0 == place.account && known.1 == currency);
            let number = match known {
                Some(number) => number,
                None if named.len() >= MAX_STATEMENTS => {
                    return Err(problem::on_line(
                        StatementErrorKind::TooLarge,
                        drafts.line(*first),
                        &self.source_of(&drafts, *first),
                        format!("the rows name more than {MAX_STATEMENTS} accounts or currencies"),
                        "the column of accounts is more likely the other party's: leave it out of the profile",
                    ));
                }
                None => {
                    named.push((place.account.clone(), currency));
                    named.len() - 1
                }
            };
            group_of.push(number);
        }
        adopt_rows_without_account(&mut named, &mut group_of);
        if let [(account, currency)] = &mut named[..] {
            return Ok(vec![Group { account: account.take(), currency: *currency, drafts }]);
        }
        let groups = named.into_iter().enumerate().map(|(number, (account, currency))| {
            let drafts = drafts.only(|place, _| group_of.get(place) == Some(&number))?;
            Ok(Group { account, currency, drafts })
        });
        groups.collect()
    }

    fn source_of(&self, drafts: &Drafts, index: usize) -> String {
        (self.source)(drafts.line(index))
    }

    fn bad_row(&self, drafts: &Drafts, index: usize, message: impl Into<String>) -> StatementError {
        bad_cell(drafts.line(index), &self.source_of(drafts, index), message)
    }

    /// Leaves out rows whose amount or fee the currency cannot hold.
    fn skip_unholdable(
        &self,
        group: &mut Group,
        skipped: &mut Vec<SkippedRow>,
    ) -> Result<(), StatementError> {
        let (currency, drafts) = (group.currency, &group.drafts);
        let held = |index| {
            let mut values = [Some(drafts.amount(index)), drafts.fee(index)].into_iter().flatten();
            values.try_for_each(|value| value.to_minor(currency).map(drop))
        };
        if (0..drafts.len()).all(|index| held(index).is_ok()) {
            return Ok(());
        }
        let kept = drafts.only(|_, index| match held(index) {
            Ok(()) => true,
            Err(error) => {
                skipped.push(self.bad_row(drafts, index, error.to_string()).into());
                false
            }
        })?;
        group.drafts = kept;
        Ok(())
    }

    /// Refuses signs that the rows' own words contradict.
    fn check_signs(&self, drafts: &Drafts) -> Result<(), StatementError> {
        let plan = self.plan;
        if plan.from_profile || plan.signs_told {
            return Ok(());
        }
        let hint = "\"invert\": true or false";
        let below = drafts.amounts().filter(|(amount, _)| amount.is_negative()).count();
        let above = drafts.amounts().filter(|(amount, _)| !amount.is_negative() && !amount.is_zero()).count();
        let signed = matches!(plan.amount, AmountRule::Signed { .. });
        // "AUTOPAY" below zero is usual on the account that pays; it is odd only where most rows are above zero.
        let paid_in = above > below;
        let wrong = |(amount, hint): &(Decimal, Hint)| {
            !amount.is_zero()
                && (hint.direction == Some(amount.is_negative())
                    || (hint.purchase == Some(true) && !amount.is_negative())
                    || (hint.purchase == Some(false) && amount.is_negative() && paid_in))
        };
        let right = |(amount, hint): &(Decimal, Hint)| {
            !amount.is_zero()
                && (hint.direction == Some(!amount.is_negative())
                    || hint.purchase == Some(amount.is_negative()))
        };
        let against = drafts.amounts().filter(wrong).count();
        let first = drafts.amounts().position(|draft| wrong(&draft));
        if let Some(index) = first.filter(|_| against > drafts.amounts().filter(right).count()) {
            return Err(unsure(
                drafts.line(index),
                &self.source_of(drafts, index),
                "the words of this row and its sign contradict each other: purchases seem to be written as positive amounts",
                &plan.titles,
                hint,
            )
            .asking(Question::Signs));
        }
        let mostly_above = plan.balance.is_none() && below > 0 && above > 3 * below;
        if signed && ((plan.is_card && above > below) || mostly_above) {
            return Err(unsure(
                0,
                "",
                "most amounts are above zero, as in exports of cards: it is not sure whether those are purchases",
                &plan.titles,
                hint,
            )
            .asking(Question::Signs));
        }
        Ok(())
    }

    fn statement(
        &self,
        group: Group,
        warnings: &mut Vec<Warning>,
    ) -> Result<PackedStatement, StatementError> {
        let Group { account, currency, drafts } = group;
        let amounts = self.settle_fees(&drafts, currency, self.minor_amounts(&drafts, currency)?)?;
        let verdict = judge_balances(&drafts, currency, &amounts);
        check_verdict(verdict, self.plan, warnings)?;
        let mut balances = Vec::new();
        if let Verdict::Follows(run) = verdict {
            balances.extend(closing_balance(&drafts, run, currency));
        }
        let number = account.or_else(|| self.plan.fixed_account.clone());
        let account = number.map(|number| StatementAccount {
            institution: None,
            kind: kind_of(&number, self.plan),
            number,
        });
        let rows = drafts.settled(currency, |index| amounts.get(index).copied().unwrap_or_default());
        Ok(Statement { account, currency, period: None, rows, balances })
    }

    /// Amounts in minor units.
    fn minor_amounts(&self, drafts: &Drafts, currency: Currency) -> Result<Vec<i64>, StatementError> {
        let minor = |index| {
            let minor = drafts.amount(index).to_minor(currency);
            minor.map_err(|error| self.bad_row(drafts, index, error.to_string()))
        };
        (0..drafts.len()).map(minor).collect()
    }

    /// Takes fees off the amounts where the running balance shows that they come on top.
    ///
    /// # Errors
    /// Unsure where fees are charged and nothing shows whether the amounts hold them already.
    fn settle_fees(
        &self,
        drafts: &Drafts,
        currency: Currency,
        amounts: Vec<i64>,
    ) -> Result<Vec<i64>, StatementError> {
        let plan = self.plan;
        let is_charged = |index: &usize| drafts.fee(*index).is_some_and(|fee| !fee.is_zero());
        let Some(charged) = (0..drafts.len()).find(is_charged) else { return Ok(amounts) };
        let follows =
            |amounts: &[i64]| matches!(judge_balances(drafts, currency, amounts), Verdict::Follows(_));
        if !plan.fee_on_top && follows(&amounts) {
            return Ok(amounts);
        }
        let mut net = Vec::with_capacity(amounts.len());
        for (index, amount) in amounts.iter().enumerate() {
            let fee = drafts.fee(index).map(|fee| fee.to_minor(currency)).transpose();
            let fee = fee.map_err(|error| self.bad_row(drafts, index, error.to_string()))?.unwrap_or(0);
            let after = fee.checked_abs().and_then(|fee| amount.checked_sub(fee));
            let too_large = || self.bad_row(drafts, index, "the amount and its fee are too large");
            net.push(after.ok_or_else(too_large)?);
        }
        if plan.fee_on_top || follows(&net) {
            return Ok(net);
        }
        Err(unsure(
            drafts.line(charged),
            &self.source_of(drafts, charged),
            "the row has a fee, and it is not sure whether the amount holds it already",
            &plan.titles,
            "a profile reads the amount as it stands",
        ))
    }
}

/// The one currency that rows state, for rows that state none.
fn only_currency(drafts: &Drafts) -> Option<Currency> {
    let mut found = None;
    for currency in drafts.met().iter().filter_map(|(place, _)| place.currency) {
        match found {
            Some(known) if known != currency => return None,
            _ => found = Some(currency),
        }
    }
    found
}

/// Rows that name no account belong to the only account that the others name.
fn adopt_rows_without_account(named: &mut Vec<(Option<String>, Currency)>, group_of: &mut [usize]) {
    let mut accounts: Vec<&String> = named.iter().filter_map(|(account, _)| account.as_ref()).collect();
    accounts.sort();
    accounts.dedup();
    let [only] = accounts[..] else { return };
    let only = only.clone();
    let mut merged: Vec<(Option<String>, Currency)> = Vec::new();
    let mut moved_to = Vec::with_capacity(named.len());
    for (_, currency) in named.iter() {
        let known = merged.iter().position(|(_, known)| known == currency);
        moved_to.push(known.unwrap_or(merged.len()));
        if known.is_none() {
            merged.push((Some(only.clone()), *currency));
        }
    }
    for group in group_of {
        *group = moved_to.get(*group).copied().unwrap_or(*group);
    }
    *named = merged;
}

fn no_currency() -> StatementError {
    problem::whole_file(
        StatementErrorKind::BadField,
        "the file does not say which currency its amounts are in",
        "name the account with --account: its currency is then used",
    )
}

/// What the running balance says of the amounts, those that are pending and have no balance beside them left aside where
/// it does not follow with them: many banks list what has moved no balance yet between the rows that have.
fn judge_balances(drafts: &Drafts, currency: Currency, amounts: &[i64]) -> Verdict {
    let runs = possible_runs(drafts);
    let rows =
        amounts.iter().enumerate().map(|(index, amount)| (*amount, drafts.balance_minor(index, currency)));
    let verdict = chain::judge(rows.clone(), &runs);
    if verdict != Verdict::Broken {
        return verdict;
    }
    let is_booked = |status: TransactionStatus, balance: Option<i64>| {
        status != TransactionStatus::Pending || balance.is_some()
    };
    let booked: Vec<_> = rows
        .zip(drafts.standings())
        .filter(|((_, balance), status)| is_booked(*status, *balance))
        .map(|(row, _)| row)
        .collect();
    if booked.len() == drafts.len() {
        return verdict;
    }
    chain::judge(booked.iter().copied(), &runs)
}

/// The orders of rows that their dates allow.
fn possible_runs(drafts: &Drafts) -> Vec<Run> {
    let mut days = drafts.days();
    let Some(first) = days.next() else { return Vec::new() };
    let last = days.next_back().unwrap_or(first);
    let mut runs = Vec::new();
    if first <= last {
        runs.push(Run::OldestFirst);
    }
    if first >= last {
        runs.push(Run::NewestFirst);
    }
    runs
}

/// What the running balance says of the signs.
fn check_verdict(verdict: Verdict, plan: &Plan, warnings: &mut Vec<Warning>) -> Result<(), StatementError> {
    let hint = "\"invert\": true or false, or \"debit\" and \"credit\"";
    match verdict {
        Verdict::FollowsInverted { steps } if !plan.from_profile && !plan.signs_told && steps >= 1 => {
            Err(unsure(
                0,
                "",
                "the running balance falls where amounts rise, so it is not sure which amounts were paid",
                &plan.titles,
                hint,
            )
            .asking(Question::Signs))
        }
        Verdict::Broken => {
            warnings.push(Warning {
                line: 0,
                text: "the running balance does not follow from the amounts in the order of the rows; no closing balance is taken from it".to_owned(),
            });
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The balance after the newest row.
fn closing_balance(drafts: &Drafts, run: Run, currency: Currency) -> Option<StatedAmount> {
    let newest = match run {
        Run::OldestFirst => drafts.len().checked_sub(1)?,
        Run::NewestFirst => 0,
    };
    let mut days = drafts.days();
    let date = match run {
        Run::OldestFirst => days.next_back()?,
        Run::NewestFirst => days.next()?,
    };
    let is_newest = drafts.days().all(|other| other <= date);
    let minor = drafts.balance_minor(newest, currency).filter(|_| is_newest)?;
    Some(StatedAmount { kind: BalanceKind::Closing, date, amount: Money::new(minor, currency) })
}

/// What an account is, from its number or name.
fn kind_of(number: &str, plan: &Plan) -> AccountKind {
    let compact: String = number.chars().filter(|c| !c.is_whitespace()).collect();
    if is_iban(&compact) {
        return AccountKind::Checking;
    }
    let folded = fold(number);
    let has = |words: &[&str]| words.iter().any(|word| folded.contains(word));
    if has(&["saving", "spar", "epargne", "ahorro", "risparmio", "livret"]) {
        AccountKind::Savings
    } else if plan.is_card || has(&["credit card", "visa", "mastercard", "amex", "kreditkarte"]) {
        AccountKind::CreditCard
    } else {
        AccountKind::Checking
    }
}
