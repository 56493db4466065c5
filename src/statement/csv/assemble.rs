//! From drafts to statements: one per account and currency, with what the running balance proves.

use super::super::wording::clean;
use super::super::{
    Question, ReadOptions, SkippedRow, StatedAmount, Statement, StatementAccount, StatementError,
    StatementErrorKind, StatementRow, Warning, problem,
};
use super::chain::{self, Run, Verdict};
use super::columns::is_iban;
use super::plan::{AmountRule, Plan};
use super::reader::Draft;
use super::refuse::{bad_cell, unsure};
use super::vocabulary::fold;
use crate::ledger::{AccountKind, BalanceKind, NewTransaction, TransactionStatus};
use crate::money::{Currency, Money};

/// The most accounts and currencies of one file.
const MAX_STATEMENTS: usize = 200;

/// The rows of one account in one currency.
struct Group<'t> {
    account: Option<String>,
    currency: Currency,
    drafts: Vec<Draft<'t>>,
}

/// Makes statements of all rows.
///
/// # Errors
/// No currency, an amount that the currency cannot hold, and signs that the file contradicts.
pub(super) fn assemble(
    drafts: Vec<Draft<'_>>,
    plan: &Plan,
    options: &ReadOptions,
    warnings: &mut Vec<Warning>,
    skipped: &mut Vec<SkippedRow>,
) -> Result<Vec<Statement>, StatementError> {
    check_signs(&drafts, plan)?;
    let only_code = only_currency(&drafts);
    let currency_of = |draft: &Draft<'_>| draft.currency.or(only_code).or(options.currency);
    let (mut groups, rest) = match one_group(drafts, currency_of) {
        Ok(group) => (vec![group], Vec::new()),
        Err(drafts) => (Vec::new(), drafts),
    };
    for draft in rest {
        let currency = currency_of(&draft).ok_or_else(no_currency)?;
        let is_full = groups.len() >= MAX_STATEMENTS;
        let found =
            groups.iter_mut().find(|group| group.account == draft.account && group.currency == currency);
        match found {
            Some(group) => group.drafts.push(draft),
            None if is_full => {
                return Err(problem::on_line(
                    StatementErrorKind::TooLarge,
                    draft.line,
                    draft.source,
                    format!("the rows name more than {MAX_STATEMENTS} accounts or currencies"),
                    "the column of accounts is more likely the other party's: leave it out of the profile",
                ));
            }
            None => groups.push(Group { account: draft.account.clone(), currency, drafts: vec![draft] }),
        }
    }
    if groups.is_empty() {
        let currency = plan.fixed_currency.or(options.currency).ok_or_else(no_currency)?;
        groups.push(Group { account: None, currency, drafts: Vec::new() });
        warnings.push(Warning { line: 0, text: "the file has column names but no transactions".to_owned() });
    }
    adopt_rows_without_account(&mut groups);
    if options.skip_bad_rows {
        groups.iter_mut().for_each(|group| skip_unholdable(group, skipped));
    }
    groups.into_iter().map(|group| statement(group, plan, warnings)).collect()
}

/// All rows as one group, where they are of one account in one currency; else the rows. There may be a million of them,
/// so that no second list of them is made where none is needed.
fn one_group<'t>(
    drafts: Vec<Draft<'t>>,
    currency_of: impl Fn(&Draft<'t>) -> Option<Currency>,
) -> Result<Group<'t>, Vec<Draft<'t>>> {
    let Some(first) = drafts.first() else { return Err(drafts) };
    let Some(currency) = currency_of(first) else { return Err(drafts) };
    let account = first.account.clone();
    if drafts.iter().all(|draft| draft.account == account && currency_of(draft) == Some(currency)) {
        Ok(Group { account, currency, drafts })
    } else {
        Err(drafts)
    }
}

/// Leaves out rows whose amount or fee the currency cannot hold.
fn skip_unholdable(group: &mut Group<'_>, skipped: &mut Vec<SkippedRow>) {
    let currency = group.currency;
    group.drafts.retain(|draft| {
        let held = [Some(draft.amount), draft.fee]
            .into_iter()
            .flatten()
            .try_for_each(|value| value.to_minor(currency).map(drop));
        if let Err(error) = &held {
            skipped.push(bad_cell(draft.line, draft.source, error.to_string()).into());
        }
        held.is_ok()
    });
}

/// The one currency that rows state, for rows that state none.
fn only_currency(drafts: &[Draft<'_>]) -> Option<Currency> {
    let mut found = None;
    for currency in drafts.iter().filter_map(|draft| draft.currency) {
        match found {
            Some(known) if known != currency => return None,
            _ => found = Some(currency),
        }
    }
    found
}

/// Rows that name no account belong to the only account that the others name.
fn adopt_rows_without_account(groups: &mut Vec<Group<'_>>) {
    let mut named: Vec<String> = groups.iter().filter_map(|group| group.account.clone()).collect();
    named.sort();
    named.dedup();
    let [only] = &named[..] else { return };
    let only = only.clone();
    let all = std::mem::take(groups);
    for mut group in all {
        group.account = Some(only.clone());
        match groups.iter_mut().find(|known| known.currency == group.currency) {
            Some(known) => {
                known.drafts.append(&mut group.drafts);
                known.drafts.sort_by_key(|draft| draft.line);
            }
            None => groups.push(group),
        }
    }
}

fn no_currency() -> StatementError {
    problem::whole_file(
        StatementErrorKind::BadField,
        "the file does not say which currency its amounts are in",
        "name the account with --account: its currency is then used",
    )
}

/// Refuses signs that the rows' own words contradict.
fn check_signs(drafts: &[Draft<'_>], plan: &Plan) -> Result<(), StatementError> {
    if plan.from_profile || plan.signs_told {
        return Ok(());
    }
    let hint = "\"invert\": true or false";
    let below = drafts.iter().filter(|draft| draft.amount.is_negative()).count();
    let above = drafts.iter().filter(|draft| !draft.amount.is_negative() && !draft.amount.is_zero()).count();
    let signed = matches!(plan.amount, AmountRule::Signed { .. });
    // "AUTOPAY" below zero is usual on the account that pays; it is odd only where most rows are above zero.
    let paid_in = above > below;
    let wrong = |draft: &&Draft<'_>| {
        !draft.amount.is_zero()
            && (draft.direction == Some(draft.amount.is_negative())
                || (draft.purchase == Some(true) && !draft.amount.is_negative())
                || (draft.purchase == Some(false) && draft.amount.is_negative() && paid_in))
    };
    let right = |draft: &&Draft<'_>| {
        !draft.amount.is_zero()
            && (draft.direction == Some(!draft.amount.is_negative())
                || draft.purchase == Some(draft.amount.is_negative()))
    };
    let against = drafts.iter().filter(wrong).count();
    if let Some(draft) = drafts.iter().find(wrong).filter(|_| against > drafts.iter().filter(right).count()) {
        return Err(unsure(
            draft.line,
            draft.source,
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
    group: Group<'_>,
    plan: &Plan,
    warnings: &mut Vec<Warning>,
) -> Result<Statement, StatementError> {
    let currency = group.currency;
    let mut rows = minor_amounts(&group.drafts, currency)?;
    settle_fees(&group.drafts, plan, currency, &mut rows)?;
    let verdict = judge_balances(&group.drafts, &rows);
    check_verdict(verdict, plan, warnings)?;
    let mut balances = Vec::new();
    if let Verdict::Follows(run) = verdict {
        balances.extend(closing_balance(&group.drafts, &rows, run, currency));
    }
    let number = group.account.or_else(|| plan.fixed_account.clone());
    let account =
        number.map(|number| StatementAccount { institution: None, kind: kind_of(&number, plan), number });
    let rows = group
        .drafts
        .into_iter()
        .zip(rows)
        .map(|(draft, (minor, _))| StatementRow {
            line: draft.line,
            transaction: NewTransaction {
                posted: draft.date,
                amount: Money::new(minor, currency),
                payee: clean(&draft.payee),
                payee_raw: draft.payee,
                memo: draft.memo,
                reference: draft.reference,
                category: draft.category,
                status: draft.status,
                bank_id: draft.bank_id,
            },
            parts: Vec::new(),
        })
        .collect();
    Ok(Statement { account, currency, period: None, rows, balances })
}

/// What the running balance says of the amounts, those that are pending and have no balance beside them left aside where
/// it does not follow with them: many banks list what has moved no balance yet between the rows that have.
fn judge_balances(drafts: &[Draft<'_>], rows: &[(i64, Option<i64>)]) -> Verdict {
    let runs = possible_runs(drafts);
    let verdict = chain::judge(rows, &runs);
    let is_waiting = |(draft, row): &(&Draft<'_>, &(i64, Option<i64>))| {
        draft.status == TransactionStatus::Pending && row.1.is_none()
    };
    if verdict != Verdict::Broken || !drafts.iter().zip(rows).any(|pair| is_waiting(&pair)) {
        return verdict;
    }
    let booked: Vec<_> =
        drafts.iter().zip(rows).filter(|pair| !is_waiting(pair)).map(|(_, row)| *row).collect();
    chain::judge(&booked, &runs)
}

/// The orders of rows that their dates allow.
fn possible_runs(drafts: &[Draft<'_>]) -> Vec<Run> {
    let (Some(first), Some(last)) = (drafts.first(), drafts.last()) else { return Vec::new() };
    let mut runs = Vec::new();
    if first.date <= last.date {
        runs.push(Run::OldestFirst);
    }
    if first.date >= last.date {
        runs.push(Run::NewestFirst);
    }
    runs
}

/// Amounts and running balances in minor units. A balance that the currency cannot hold is no witness.
fn minor_amounts(
    drafts: &[Draft<'_>],
    currency: Currency,
) -> Result<Vec<(i64, Option<i64>)>, StatementError> {
    drafts
        .iter()
        .map(|draft| {
            let amount = draft
                .amount
                .to_minor(currency)
                .map_err(|error| bad_cell(draft.line, draft.source, error.to_string()))?;
            Ok((amount, draft.balance.and_then(|balance| balance.to_minor(currency).ok())))
        })
        .collect()
}

/// Takes fees off the amounts where the running balance shows that they come on top.
///
/// # Errors
/// Unsure where fees are charged and nothing shows whether the amounts hold them already.
fn settle_fees(
    drafts: &[Draft<'_>],
    plan: &Plan,
    currency: Currency,
    rows: &mut [(i64, Option<i64>)],
) -> Result<(), StatementError> {
    let Some(charged) = drafts.iter().find(|draft| draft.fee.is_some_and(|fee| !fee.is_zero())) else {
        return Ok(());
    };
    if !plan.fee_on_top && matches!(judge_balances(drafts, rows), Verdict::Follows(_)) {
        return Ok(());
    }
    let mut net = Vec::with_capacity(rows.len());
    for (draft, (amount, balance)) in drafts.iter().zip(rows.iter()) {
        let fee = draft.fee.map(|fee| fee.to_minor(currency)).transpose();
        let fee = fee.map_err(|error| bad_cell(draft.line, draft.source, error.to_string()))?.unwrap_or(0);
        let after = fee.checked_abs().and_then(|fee| amount.checked_sub(fee));
        let after = after
            .ok_or_else(|| bad_cell(draft.line, draft.source, "the amount and its fee are too large"))?;
        net.push((after, *balance));
    }
    if plan.fee_on_top || matches!(judge_balances(drafts, &net), Verdict::Follows(_)) {
        rows.copy_from_slice(&net);
        return Ok(());
    }
    Err(unsure(
        charged.line,
        charged.source,
        "the row has a fee, and it is not sure whether the amount holds it already",
        &plan.titles,
        "a profile reads the amount as it stands",
    ))
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
fn closing_balance(
    drafts: &[Draft<'_>],
    rows: &[(i64, Option<i64>)],
    run: Run,
    currency: Currency,
) -> Option<StatedAmount> {
    let (first, last) = (drafts.first()?, drafts.last()?);
    let newest = match run {
        Run::OldestFirst => (last, rows.last()?),
        Run::NewestFirst => (first, rows.first()?),
    };
    let (draft, (_, balance)) = newest;
    let is_newest = drafts.iter().all(|other| other.date <= draft.date);
    let minor = (*balance).filter(|_| is_newest)?;
    Some(StatedAmount { kind: BalanceKind::Closing, date: draft.date, amount: Money::new(minor, currency) })
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
