//! From column names and column contents to a [`Plan`], or to the reason why there is none that is sure.

use super::super::{Question, StatementError, StatementErrorKind, problem};
use super::answers::{CsvAnswers, DateOrder, Signs};
use super::dates::OrderVotes;
use super::dialect::{Dialect, Header};
use super::numbers::MarkVotes;
use super::plan::{AmountRule, DateColumn, Plan};
use super::refuse::unsure;
use super::signs;
use super::survey::Facts;
use super::vocabulary::{Role, fold};
use crate::money::{Currency, DecimalMark};

/// What the columns of a file with a header are for.
pub(super) struct Columns<'h> {
    pub header: &'h Header,
    pub facts: &'h Facts,
}

impl Columns<'_> {
    /// The columns with a role, in file order.
    pub fn with(&self, role: Role) -> Vec<usize> {
        self.header
            .names
            .iter()
            .enumerate()
            .filter(|(index, name)| self.role_of(*index, name.role) == Some(role))
            .map(|(index, _)| index)
            .collect()
    }

    /// The columns with a role that hold numbers.
    pub fn with_numbers(&self, role: Role) -> Vec<usize> {
        self.with(role).into_iter().filter(|column| self.facts.column(*column).numbers > 0).collect()
    }

    /// `Valuta` is a date in some languages and a currency in others: the cells decide.
    fn role_of(&self, index: usize, role: Option<Role>) -> Option<Role> {
        let facts = self.facts.column(index);
        match role {
            Some(Role::ValueDate) if facts.codes > 0 && facts.codes == facts.filled => Some(Role::Currency),
            Some(Role::ValueDate) if facts.numbers > 0 && facts.dates == 0 => Some(Role::Amount),
            other => other,
        }
    }
}

/// Makes a plan for a file with a header row.
///
/// # Errors
/// [`StatementErrorKind::Unsure`] where columns, signs, date order or decimal mark could mean two things.
pub(super) fn plan_with_header(
    dialect: &Dialect,
    header: &Header,
    facts: &Facts,
    answers: &CsvAnswers,
) -> Result<Plan, StatementError> {
    let columns = Columns { header, facts };
    let dates = date_columns(&columns)?;
    let rule = signs::decide(&columns, answers.signs)?;
    let balance = columns.with_numbers(Role::Balance).first().copied();
    let fee = columns.with_numbers(Role::Fee).into_iter().find(|fee| facts.column(*fee).nonzero > 0);
    let (currency, fixed_currency) = currency_source(&columns, &rule, dialect);
    let all_with = |role: Role| columns.with(role);
    let payees = all_with(Role::Payee);
    // "Details" that only ever says DEBIT or CREDIT is no text.
    let says_direction = |column: &usize| facts.column(*column).directions * 2 > facts.column(*column).filled;
    let memos: Vec<usize> = all_with(Role::Memo).into_iter().filter(|c| !says_direction(c)).collect();
    let (payees, memos) =
        if payees.is_empty() && memos.is_empty() { unnamed_texts(&columns) } else { (payees, memos) };
    let above = account_above(dialect);
    let account = if above.is_some() { None } else { own_account(&columns) };
    let order_votes: Vec<OrderVotes> = dates.iter().map(|date| facts.column(date.column).order).collect();
    let order = match answers.date_order {
        Some(order) => order,
        None => date_order(&order_votes, &header.texts)?,
    };
    let mut mark_columns = rule.columns();
    mark_columns.extend(balance);
    mark_columns.extend(fee);
    let votes: Vec<MarkVotes> = mark_columns.iter().map(|column| facts.column(*column).mark).collect();
    let mark = match answers.decimal_mark {
        Some(mark) => mark,
        None => decimal_mark(&votes, &header.texts)?,
    };
    let headers: Vec<String> = header.texts.iter().map(|text| fold(text)).collect();
    Ok(Plan {
        delimiter: dialect.delimiter,
        skip_rows: dialect.skip_rows,
        titles: header.texts.clone(),
        width: header.texts.len().max(1),
        order,
        mark,
        dates,
        amount: rule,
        invert: answers.signs == Some(Signs::Inverted),
        fee,
        fee_on_top: false,
        balance,
        currency,
        fixed_currency,
        payees,
        memos,
        references: all_with(Role::Reference),
        bank_id: all_with(Role::BankId).first().copied(),
        status: all_with(Role::Status).first().copied(),
        status_words: None,
        account,
        category: None,
        leave_out: None,
        fixed_account: above,
        is_card: is_card(&headers),
        kinds: all_with(Role::Direction).first().copied(),
        headers,
        signs_told: answers.signs.is_some(),
        from_profile: false,
        notes: Vec::new(),
    })
}

/// The columns of text with names that nobody knows: the first for the other party, the rest beside it.
fn unnamed_texts(columns: &Columns<'_>) -> (Vec<usize>, Vec<usize>) {
    let mut texts: Vec<usize> = (0..columns.header.names.len())
        .filter(|column| {
            let facts = columns.facts.column(*column);
            let unknown = columns.header.names.get(*column).is_some_and(|name| name.role.is_none());
            unknown && facts.text_len > 0 && facts.dates == 0 && facts.codes < facts.filled
        })
        .collect();
    let memos = if texts.is_empty() { Vec::new() } else { texts.split_off(1) };
    (texts, memos)
}

/// Whether names of columns are such as only exports of cards have.
fn is_card(headers: &[String]) -> bool {
    let words =
        ["card", "cardmember", "kredietkaart", "kreditkarte", "kartennummer", "cardholder", "kaarthouder"];
    let named = headers.iter().any(|header| header.split(' ').any(|word| words.contains(&word)));
    let has = |names: &[&str]| headers.iter().any(|header| names.contains(&header.as_str()));
    named
        || (has(&["transaction date", "trans date"])
            && has(&["post date", "posted date", "posting date", "clearing date"]))
        || has(&["purchased by", "appears on your statement as", "extended details"])
}

/// The columns that give a row its day, the bank's booking day first.
fn date_columns(columns: &Columns<'_>) -> Result<Vec<DateColumn>, StatementError> {
    let mut found = Vec::new();
    for role in [Role::Booked, Role::Date, Role::ValueDate] {
        let no_rows = columns.facts.rows == 0;
        let with_dates =
            columns.with(role).into_iter().filter(|c| no_rows || columns.facts.column(*c).dates > 0);
        found.extend(with_dates.map(|column| DateColumn { column, booked: role == Role::Booked }));
    }
    if found.is_empty() {
        let rows = columns.facts.rows;
        let by_content: Vec<usize> = (0..columns.facts.columns.len())
            .filter(|column| rows > 0 && columns.facts.column(*column).dates == rows)
            .collect();
        match by_content[..] {
            [column] => found.push(DateColumn { column, booked: false }),
            _ => {
                return Err(unsure(
                    0,
                    "",
                    "no column is known to hold the day of each transaction",
                    &columns.header.texts,
                    "\"date\": {\"column\": \"...\"}",
                ));
            }
        }
    }
    Ok(found)
}

/// Decides the order of day and month from all dates.
///
/// # Errors
/// Unsure where no date settles it, and where two dates contradict each other.
pub(super) fn date_order(votes: &[OrderVotes], headers: &[String]) -> Result<DateOrder, StatementError> {
    let first = |pick: fn(&OrderVotes) -> &Option<(u32, String)>| votes.iter().find_map(|v| pick(v).clone());
    let hint = "\"date\": {\"column\": ..., \"order\": \"dmy\"}, \"mdy\" or \"ymd\"";
    let mut short = votes.iter().filter_map(|votes| votes.short.clone());
    if let Some(mut all) = short.next() {
        short.for_each(|other| all.join(&other));
        match all.is_year_first() {
            Some(true) => return Ok(DateOrder::YearMonthDay),
            Some(false) => {}
            None => {
                let (line, date) = &all.example;
                let message = format!("it is not sure whether {date} begins or ends with the year");
                return Err(unsure(*line, date, message, headers, hint).asking(Question::DateOrder));
            }
        }
    }
    match (first(|v| &v.day_first), first(|v| &v.month_first)) {
        (Some((_, day)), Some((line, month))) => Err(unsure(
            line,
            &month,
            format!("{day} can only be written day first and {month} only month first"),
            headers,
            hint,
        )),
        (Some(_), None) => Ok(DateOrder::DayMonthYear),
        (None, Some(_)) => Ok(DateOrder::MonthDayYear),
        (None, None) => match first(|v| &v.undecided) {
            Some((line, date)) => Err(unsure(
                line,
                &date,
                format!(
                    "{date} could be two different days, and no date in the file settles which comes first, day or month"
                ),
                headers,
                hint,
            )
            .asking(Question::DateOrder)),
            None => Ok(DateOrder::DayMonthYear),
        },
    }
}

/// Decides the decimal mark from all amounts.
///
/// # Errors
/// Unsure where amounts show both marks, and where none tells thousands from thousandths.
pub(super) fn decimal_mark(votes: &[MarkVotes], headers: &[String]) -> Result<DecimalMark, StatementError> {
    let first = |pick: fn(&MarkVotes) -> &Option<(u32, String)>| votes.iter().find_map(|v| pick(v).clone());
    let hint = "\"decimal_mark\": \",\" or \".\"";
    match (first(|v| &v.comma), first(|v| &v.point)) {
        (Some((_, comma)), Some((line, point))) => Err(unsure(
            line,
            &point,
            format!("{comma} needs a decimal comma and {point} a decimal point"),
            headers,
            hint,
        )),
        (Some(_), None) => Ok(DecimalMark::Comma),
        (None, Some(_)) => Ok(DecimalMark::Point),
        (None, None) => match first(|v| &v.undecided) {
            Some((line, number)) => Err(unsure(
                line,
                &number,
                format!(
                    "{number} could be thousands or thousandths, and no amount in the file settles which"
                ),
                headers,
                hint,
            )
            .asking(Question::DecimalMark)),
            None => Ok(DecimalMark::Point),
        },
    }
}

/// The column of currencies, or the one currency that names or lines above the header give.
fn currency_source(
    columns: &Columns<'_>,
    rule: &AmountRule,
    dialect: &Dialect,
) -> (Option<usize>, Option<Currency>) {
    let amounts = rule.columns();
    let in_name =
        amounts.iter().find_map(|column| columns.header.names.get(*column).and_then(|name| name.currency));
    if in_name.is_some() {
        return (None, in_name);
    }
    let coded: Vec<usize> = columns
        .with(Role::Currency)
        .into_iter()
        .filter(|column| columns.facts.column(*column).filled > 0)
        .collect();
    let beside = |distance: isize| {
        coded
            .iter()
            .copied()
            .find(|column| amounts.iter().any(|amount| amount.checked_add_signed(distance) == Some(*column)))
    };
    let column = if coded.len() > 1 { beside(1).or_else(|| beside(-1)) } else { None };
    let column = column.or_else(|| coded.first().copied());
    let fixed = if column.is_none() { currency_above(dialect) } else { None };
    (column, fixed)
}

/// The currency that a line above the header names, as in `Currency;EUR`.
fn currency_above(dialect: &Dialect) -> Option<Currency> {
    let is_label =
        |cell: &str| Header::of(&[cell.to_owned()]).names.iter().any(|n| n.role == Some(Role::Currency));
    let labelled = |row: &Vec<String>| {
        let (label, rest) = row.split_first()?;
        let code = rest.iter().find(|cell| !cell.is_empty())?;
        (is_label(label.trim_end_matches(':')) && code.len() == 3).then(|| Currency::iso(code).ok())?
    };
    dialect.preamble.iter().find_map(labelled)
}

/// The one IBAN in the lines above the header.
pub(super) fn account_above(dialect: &Dialect) -> Option<String> {
    let mut found: Vec<String> = dialect
        .preamble
        .iter()
        .flatten()
        .flat_map(|cell| cell.split(['/', ':', ',']))
        .map(|part| part.chars().filter(|c| !c.is_whitespace()).collect::<String>())
        .filter(|part| is_iban(part))
        .collect();
    found.sort();
    found.dedup();
    if found.len() == 1 { found.pop() } else { None }
}

/// Whether a text is an IBAN with right check digits (ISO 13616).
pub(super) fn is_iban(text: &str) -> bool {
    let shaped = (15..=34).contains(&text.len())
        && text.bytes().take(2).all(|b| b.is_ascii_uppercase())
        && text.bytes().skip(2).take(2).all(|b| b.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let (Some(head), Some(tail)) = (text.get(..4), text.get(4..)) else { return false };
    let remainder = tail.bytes().chain(head.bytes()).fold(0u32, |sum, byte| {
        let value = char::from(byte).to_digit(36).unwrap_or(0);
        if value < 10 { (sum * 10 + value) % 97 } else { (sum * 100 + value) % 97 }
    });
    shaped && remainder == 1
}

/// Names that mean the account of the file in some exports and the other party's in others.
const EITHER_ACCOUNT: &[&str] = &[
    "kontonummer",
    "kontonr",
    "konto",
    "iban",
    "account number",
    "account no",
    "account nr",
    "account",
    "numer konta",
    "numer rachunku",
    "rachunek",
    "tilinumero",
    "conto",
    "numero conto",
    "cuenta",
    "numero de cuenta",
];

/// The column that names the account the file is about. One whose values are nearly all different is the other
/// party's, and so is one with a general name that stands after the other party's name.
fn own_account(columns: &Columns<'_>) -> Option<usize> {
    let first_payee = columns.with(Role::Payee).first().copied().unwrap_or(usize::MAX);
    let names_both = !columns.with(Role::Counterparty).is_empty();
    columns.with(Role::Account).into_iter().find(|column| {
        let general = columns
            .header
            .texts
            .get(*column)
            .is_some_and(|text| EITHER_ACCOUNT.contains(&fold(text).as_str()));
        if general && *column > first_payee && !names_both {
            return false;
        }
        let facts = columns.facts.column(*column);
        let different = facts.distinct.len();
        facts.filled > 0
            && !facts.many_distinct
            && different <= 8
            && (different <= 2 || different * 2 <= facts.filled)
    })
}

/// The refusal of a file in which nothing looks like a statement.
pub(super) fn not_a_statement() -> StatementError {
    problem::whole_file(
        StatementErrorKind::UnknownFormat,
        "no row of the file holds a date and an amount",
        "export the account's transactions from the bank as OFX, QFX or CSV",
    )
}
