//! What a file leaves open: said by options, or asked where somebody is there to answer.

use super::rehearsed;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use finvault::money::DecimalMark;
use finvault::statement::{CsvAnswers, CsvProfile, DateOrder, Question, Signs, StatementError};
use finvault::vault::{ImportOptions, ImportReport, ImportSource, Vault, VaultError};

/// Answers to what a file may leave open.
#[derive(Debug, Clone, Default, Args)]
pub struct Answers {
    /// For CSV and QIF: which number of a date comes first, where the file leaves it open
    #[arg(long, value_name = "ORDER", value_parser = parse_order())]
    date_order: Option<DateOrder>,
    /// For CSV: what parts units from their fraction, "," or "."
    #[arg(long, value_name = "MARK", value_parser = parse_mark)]
    decimal_mark: Option<DecimalMark>,
    /// For CSV: whether amounts without a minus came in (as-written) or went out, as purchases in some exports of
    /// cards do (inverted)
    #[arg(long, value_name = "SIGNS", value_parser = parse_signs())]
    signs: Option<Signs>,
}

fn parse_order() -> impl TypedValueParser<Value = DateOrder> {
    let all = [DateOrder::DayMonthYear, DateOrder::MonthDayYear, DateOrder::YearMonthDay];
    PossibleValuesParser::new(all.map(DateOrder::as_str)).try_map(|word| word.parse::<DateOrder>())
}

fn parse_signs() -> impl TypedValueParser<Value = Signs> {
    PossibleValuesParser::new([Signs::AsWritten, Signs::Inverted].map(Signs::as_str))
        .try_map(|word| word.parse::<Signs>())
}

fn parse_mark(text: &str) -> Result<DecimalMark, String> {
    match text {
        "," => Ok(DecimalMark::Comma),
        "." => Ok(DecimalMark::Point),
        _ => Err("the decimal mark is \",\" or \".\"".to_owned()),
    }
}

impl Answers {
    /// The answers that were given.
    pub fn told(&self) -> CsvAnswers {
        CsvAnswers { date_order: self.date_order, decimal_mark: self.decimal_mark, signs: self.signs }
    }
}

/// Imports; where the only file leaves something open and somebody is there, asks and goes on with the answer.
/// Before that, [`rehearsed::ask`] asks what only the owner knows.
pub fn import(
    vault: &mut Vault,
    files: &[ImportSource<'_>],
    mut options: ImportOptions,
    may_merge: bool,
    session: &mut Session<'_>,
) -> Result<ImportReport, Failure> {
    let mut asked = CsvAnswers::default();
    loop {
        options = rehearsed::ask(vault, files, options, may_merge, session)?;
        let progress = session.console.progress()?;
        let result = vault.import_from(files, &options, session.now(), &mut |at| {
            progress.show(at.stage, at.done, at.total);
        });
        drop(progress);
        let error = match result {
            Ok(report) => {
                if asked != CsvAnswers::default() && !options.dry_run {
                    offer_to_remember(vault, &report, &asked, session)?;
                }
                return Ok(report);
            }
            Err(VaultError::Statement { error, file }) if files.len() == 1 && session.console.can_ask() => {
                VaultError::Statement { error, file }
            }
            Err(error) => return Err(error.into()),
        };
        let VaultError::Statement { error: refusal, .. } = &error else { return Err(error.into()) };
        let Some(question) = refusal.question else { return Err(error.into()) };
        // An answer that was given and does not help is not asked for again.
        let open = match question {
            Question::DateOrder => options.answers.date_order.is_none(),
            Question::DecimalMark => options.answers.decimal_mark.is_none(),
            Question::Signs => options.answers.signs.is_none(),
            _ => false,
        };
        if !open {
            return Err(error.into());
        }
        let Some(choice) = choose(refusal, question, session.console)? else { return Err(error.into()) };
        choice.take(&mut asked);
        choice.take(&mut options.answers);
    }
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Order(DateOrder),
    Mark(DecimalMark),
    Signs(Signs),
}

impl Choice {
    fn take(self, answers: &mut CsvAnswers) {
        match self {
            Self::Order(order) => answers.date_order = Some(order),
            Self::Mark(mark) => answers.decimal_mark = Some(mark),
            Self::Signs(signs) => answers.signs = Some(signs),
        }
    }
}

/// The answers that a question has, in words.
fn choices(question: Question) -> &'static [(&'static str, Choice)] {
    match question {
        Question::DateOrder => &[
            ("day, month, year", Choice::Order(DateOrder::DayMonthYear)),
            ("month, day, year", Choice::Order(DateOrder::MonthDayYear)),
            ("year, month, day", Choice::Order(DateOrder::YearMonthDay)),
        ],
        Question::DecimalMark => &[
            ("a comma begins the fraction", Choice::Mark(DecimalMark::Comma)),
            ("a point begins the fraction", Choice::Mark(DecimalMark::Point)),
        ],
        Question::Signs => &[
            ("amounts without a minus came in", Choice::Signs(Signs::AsWritten)),
            ("amounts without a minus went out, as purchases", Choice::Signs(Signs::Inverted)),
        ],
        _ => &[],
    }
}

/// Asks; none where nothing was chosen.
fn choose(
    refusal: &StatementError,
    question: Question,
    console: &mut Console,
) -> Result<Option<Choice>, Failure> {
    let mut text = format!("The file leaves something open: {}\n", refusal.message);
    if !refusal.excerpt.is_empty() {
        text.push_str(&format!("  line {}: {}\n", refusal.line, refusal.excerpt));
    }
    for (number, (words, _)) in choices(question).iter().enumerate() {
        text.push_str(&format!("  {}  {words}\n", number + 1));
    }
    text.push_str("Which is it? (Enter takes nothing in) ");
    Ok(chosen(question, &console.ask(&text)?))
}

fn chosen(question: Question, answer: &str) -> Option<Choice> {
    let number: usize = answer.trim().parse().ok()?;
    choices(question).get(number.checked_sub(1)?).map(|(_, choice)| *choice)
}

/// Offers to keep the answers as a profile, by which files with the same columns are read from then on.
fn offer_to_remember(
    vault: &mut Vault,
    report: &ImportReport,
    asked: &CsvAnswers,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let layout = report.files.first().and_then(|file| file.layout.as_ref());
    let Some(columns) = layout.map(|layout| &layout.columns).filter(|columns| !columns.is_empty()) else {
        return Ok(());
    };
    let question = "Remember this for files with the same columns? Give it a name (Enter forgets it): ";
    let name = session.console.ask(question)?;
    if name.trim().is_empty() {
        return Ok(());
    }
    let profile = CsvProfile::remembering(name.trim(), columns, asked).map_err(VaultError::from)?;
    // The import is done and stays done, whatever becomes of the profile.
    match vault.keep_csv_profile(&profile, false) {
        Ok(()) if session.console.is_json() => Ok(()),
        Ok(()) => session.console.say(format!("Kept as the profile \"{}\"", profile.name())),
        Err(error) => session.console.warn(&format!("the profile was not kept: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_chooses_and_anything_else_does_not() {
        assert_eq!(chosen(Question::DateOrder, "2\n"), Some(Choice::Order(DateOrder::MonthDayYear)));
        assert_eq!(chosen(Question::Signs, " 2 "), Some(Choice::Signs(Signs::Inverted)));
        for nothing in ["", "0", "4", "-1", "yes", "99999999999999999999"] {
            assert_eq!(chosen(Question::DateOrder, nothing), None, "{nothing}");
        }
    }
}
