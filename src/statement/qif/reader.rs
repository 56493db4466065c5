//! The second pass: which account each list is of, and its statements.

use super::super::problem;
use super::super::{
    ReadOptions, StatedAmount, Statement, StatementAccount, StatementError, StatementErrorKind, StatementRow,
    Warning,
};
use super::records::{Item, List, Record, Records};
use super::survey::Survey;
use super::transactions::{self, Outcome};
use super::{account, investment};
use crate::ledger::{AccountKind, BalanceKind};
use crate::money::Currency;

/// The most warnings that are told one by one.
const MAX_WARNINGS: usize = 40;

/// Reads all statements of the text.
///
/// # Errors
/// As [`super::read`].
pub(super) fn read_text(
    text: &str,
    survey: &Survey,
    options: &ReadOptions,
    step: &mut dyn FnMut(usize),
) -> Result<(Vec<Statement>, Vec<Warning>), StatementError> {
    let Some(currency) = options.currency else {
        return Err(problem::whole_file(
            StatementErrorKind::BadField,
            "QIF does not say which currency its amounts are in",
            "name the account with --account, or the currency with --currency",
        ));
    };
    let mut reader = Reader {
        survey,
        currency,
        parts: Vec::new(),
        named: None,
        list: None,
        warnings: Vec::new(),
        untold: 0,
    };
    let mut records = Records::new(text);
    while let Some(item) = records.next()? {
        step(records.position());
        reader.item(item)?;
    }
    reader.finish()
}

struct Reader<'s> {
    survey: &'s Survey,
    currency: Currency,
    /// The statements, in the order in which their accounts first appear.
    parts: Vec<Part>,
    /// The account that the next list is of.
    named: Option<StatementAccount>,
    list: Option<Open>,
    warnings: Vec<Warning>,
    untold: usize,
}

/// The list that is being read.
#[derive(Debug, Clone, Copy)]
struct Open {
    list: List,
    /// The statement that its records go to.
    part: Option<usize>,
}

struct Part {
    account: Option<StatementAccount>,
    kind: AccountKind,
    rows: Vec<StatementRow>,
    balances: Vec<StatedAmount>,
}

impl Reader<'_> {
    fn warn(&mut self, line: u32, text: String) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(Warning { line, text });
        } else {
            self.untold += 1;
        }
    }

    fn item(&mut self, item: Item<'_>) -> Result<(), StatementError> {
        match item {
            Item::List(list, name) => {
                let moves_money = matches!(list, List::Cash | List::Investment);
                let part = moves_money.then(|| {
                    let named = self.named.take();
                    self.part(named, account::kind_of(name))
                });
                self.list = Some(Open { list, part });
                Ok(())
            }
            Item::Option(_) => Ok(()),
            Item::Record(record) => self.record(&record),
        }
    }

    /// The statement of an account, which a file may take up again; one of no account is never taken up.
    fn part(&mut self, account: Option<StatementAccount>, kind: AccountKind) -> usize {
        let known = account.as_ref().and_then(|account| {
            let same =
                |part: &Part| part.account.as_ref().is_some_and(|known| known.number == account.number);
            self.parts.iter().position(same)
        });
        known.unwrap_or_else(|| {
            self.parts.push(Part { account, kind, rows: Vec::new(), balances: Vec::new() });
            self.parts.len() - 1
        })
    }

    fn record(&mut self, record: &Record<'_>) -> Result<(), StatementError> {
        let Some(open) = self.list else { return Ok(()) };
        match (open.list, open.part) {
            (List::Accounts, _) => {
                if let Some(found) = account::read(record) {
                    self.part(Some(found.clone()), found.kind);
                    self.named = Some(found);
                }
                Ok(())
            }
            (List::Cash, Some(part)) => {
                match transactions::read(record, self.survey, self.currency)? {
                    Outcome::Row(row, warning) => self.add(part, *row, warning),
                    Outcome::Opening { date, amount, account: own } => {
                        if let Some(part) = self.parts.get_mut(part) {
                            let kind = part.kind;
                            part.account.get_or_insert_with(|| account::named(&own, kind));
                            part.balances.push(StatedAmount { kind: BalanceKind::Opening, date, amount });
                        }
                    }
                }
                Ok(())
            }
            (List::Investment, Some(part)) => {
                let (row, warning) = investment::read(record, self.survey, self.currency)?;
                self.add(part, row, warning);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn add(&mut self, part: usize, row: StatementRow, warning: Option<Warning>) {
        if let Some(part) = self.parts.get_mut(part) {
            part.rows.push(row);
        }
        if let Some(Warning { line, text }) = warning {
            self.warn(line, text);
        }
    }

    fn finish(mut self) -> Result<(Vec<Statement>, Vec<Warning>), StatementError> {
        if self.parts.is_empty() {
            return Err(problem::whole_file(
                StatementErrorKind::NoStatement,
                "the file lists no account and no transactions",
                "export the account's transactions, not its categories or securities alone",
            ));
        }
        if self.untold > 0 {
            let text = format!("{} more records were odd in the same ways", self.untold);
            self.warnings.push(Warning { line: 0, text });
        }
        if self.parts.iter().any(|part| part.kind == AccountKind::Investment && !part.rows.is_empty()) {
            let text =
                "of brokerage accounts only the cash side is read; holdings and prices are not".to_owned();
            self.warnings.push(Warning { line: 0, text });
        }
        let currency = self.currency;
        let statement = |Part { account, rows, balances, .. }| Statement {
            account,
            currency,
            period: None,
            rows,
            balances,
        };
        Ok((self.parts.into_iter().map(statement).collect(), self.warnings))
    }
}
