//! Files without a header row: a plan from contents alone, where those leave nothing open.

use super::super::text::Text;
use super::super::{Question, StatementError};
use super::answers::{CsvAnswers, Signs};
use super::chain::{self, Run, Verdict};
use super::columns::{account_above, date_order, decimal_mark};
use super::dates;
use super::dialect::Dialect;
use super::numbers::{self, MarkVotes};
use super::plan::{AmountRule, DateColumn, Plan};
use super::records::Rows;
use super::refuse::unsure;
use super::survey::Facts;
use crate::money::{Currency, DecimalMark};

/// How many steps of a running balance must follow before it shows which of two columns is the amount.
const MIN_STEPS: usize = 2;

/// Makes the plan.
///
/// # Errors
/// Unsure unless there is one column of amounts with signs (or two, of which one is proved to be the running
/// balance of the other) and at most two columns of text.
pub(super) fn plan(
    text: Text<'_>,
    dialect: &Dialect,
    facts: &Facts,
    answers: &CsvAnswers,
) -> Result<Plan, StatementError> {
    let rows = facts.rows;
    let all =
        |test: &dyn Fn(usize) -> bool| (0..facts.columns.len()).filter(|c| test(*c)).collect::<Vec<_>>();
    let dates = all(&|c| facts.column(c).dates == rows);
    let amounts = all(&|c| {
        let column = facts.column(c);
        column.numbers == rows && column.money_like > 0
    });
    let texts = all(&|c| {
        let column = facts.column(c);
        column.text_len > 0
            && column.dates == 0
            && column.codes < column.filled
            && column.numbers < column.filled
    });
    let codes = all(&|c| facts.column(c).codes == rows);
    let hint = "\"header_rows\": 0 and columns by number";
    let refuse = |message: &str| Err::<Plan, _>(unsure(1, "", message, &[], hint));
    let Some(first_date) = dates.first().copied() else {
        return refuse("without column names it is not sure which column holds the day");
    };
    let order = match answers.date_order {
        Some(order) => order,
        None => date_order(&[facts.column(first_date).order], &[])?,
    };
    let told_mark = |marks: &[MarkVotes]| match answers.decimal_mark {
        Some(mark) => Ok(mark),
        None => decimal_mark(marks, &[]),
    };
    let marks: Vec<_> = amounts.iter().map(|column| facts.column(*column).mark).collect();
    let (amount, balance, mark) = match amounts[..] {
        [amount] => (amount, None, told_mark(&marks)?),
        [a, b] => {
            let mark = told_mark(&marks)?;
            match running_balance(text, dialect, (a, b), mark)? {
                Some((amount, balance)) => (amount, Some(balance), mark),
                None => return refuse("without column names it is not sure which column holds the amount"),
            }
        }
        _ => return refuse("without column names it is not sure which column holds the amount"),
    };
    let amount_facts = facts.column(amount);
    if (amount_facts.minus == 0 || amount_facts.markers > 0) && answers.signs.is_none() {
        return refuse(
            "without column names and without a minus anywhere it is not sure what was paid and what received",
        )
        .map_err(|error| error.asking(Question::Signs));
    }
    if texts.len() > 2 {
        return refuse(
            "without column names it is not sure which of the text columns names the other party or the account",
        );
    }
    let mut notes = Vec::new();
    if dates.len() > 1 {
        notes.push("the file has no column names; of its columns of dates the first is taken".to_owned());
    }
    Ok(Plan {
        delimiter: dialect.delimiter,
        skip_rows: dialect.skip_rows,
        headers: Vec::new(),
        titles: Vec::new(),
        width: dialect.width,
        order,
        mark,
        dates: vec![DateColumn { column: first_date, booked: false }],
        amount: AmountRule::Signed { column: amount },
        invert: answers.signs == Some(Signs::Inverted),
        fee: None,
        fee_on_top: false,
        balance,
        currency: codes.first().copied(),
        fixed_currency: None,
        payees: texts.first().copied().into_iter().collect(),
        memos: texts.get(1).copied().into_iter().collect(),
        references: Vec::new(),
        bank_id: None,
        status: None,
        status_words: None,
        account: None,
        category: None,
        leave_out: None,
        fixed_account: account_above(dialect),
        is_card: false,
        kinds: None,
        signs_told: answers.signs.is_some(),
        from_profile: false,
        notes,
    })
}

/// Which of two columns is the running balance of the other: `(amount, balance)`, where only one reading holds.
fn running_balance(
    text: Text<'_>,
    dialect: &Dialect,
    (a, b): (usize, usize),
    mark: DecimalMark,
) -> Result<Option<(usize, usize)>, StatementError> {
    // Six digits after the mark are enough for any money; what needs more is no witness.
    let Ok(probe) = Currency::custom("PROBE", 6) else { return Ok(None) };
    let mut rows = Rows::new(text, dialect.delimiter)?;
    let mut pairs = Vec::new();
    while let Some(row) = rows.next()? {
        let is_data =
            row.cells.iter().any(|cell| dates::read(cell).is_some() || dates::read_compact(cell).is_some());
        let minor = |column: usize| {
            let scan = numbers::scan(row.cell(column))?;
            numbers::value(&scan, mark).ok()?.to_minor(probe).ok()
        };
        if let (true, Some(first), Some(second)) = (is_data, minor(a), minor(b)) {
            pairs.push((first, second));
        }
    }
    if pairs.len() <= MIN_STEPS {
        return Ok(None);
    }
    let runs = [Run::OldestFirst, Run::NewestFirst];
    let forward: Vec<_> = pairs.iter().map(|(first, second)| (*first, Some(*second))).collect();
    let backward: Vec<_> = pairs.iter().map(|(first, second)| (*second, Some(*first))).collect();
    let follows = |rows: &[(i64, Option<i64>)]| {
        matches!(chain::judge(rows.iter().copied(), &runs), Verdict::Follows(_))
    };
    Ok(match (follows(&forward), follows(&backward)) {
        (true, false) => Some((a, b)),
        (false, true) => Some((b, a)),
        _ => None,
    })
}
