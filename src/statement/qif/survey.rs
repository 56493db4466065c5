//! The first pass: the date order and the decimal mark, which only the whole file can tell.

use super::super::{DateOrder, Question, ReadOptions, StatementError, StatementErrorKind};
use super::dates::Written;
use super::records::{Entry, Item, List, Record, Records};
use crate::money::{Currency, Decimal, DecimalError, DecimalMark, Money};
use jiff::civil::Date;

/// What the whole file shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Survey {
    order: DateOrder,
    /// Whether years of two digits without an apostrophe are of the last century.
    old: bool,
    mark: DecimalMark,
    /// Whether the file lists classes: a slash in a category then begins one.
    pub has_classes: bool,
}

/// The lines that show one thing or another.
#[derive(Debug, Default)]
struct Evidence<'a> {
    day_first: Option<Entry<'a>>,
    month_first: Option<Entry<'a>>,
    open_date: Option<Entry<'a>>,
    apostrophe: bool,
    comma: Option<Entry<'a>>,
    point: Option<Entry<'a>>,
    open_amount: Option<(Entry<'a>, char)>,
    option: Option<DateOrder>,
    has_classes: bool,
}

/// Walks the whole text once.
///
/// # Errors
/// Those of [`Records::next`]; dates or amounts that contradict each other or leave it open what they mean.
pub(super) fn survey(
    text: &str,
    options: &ReadOptions,
    step: &mut dyn FnMut(usize),
) -> Result<Survey, StatementError> {
    let mut records = Records::new(text);
    let mut seen = Evidence::default();
    let mut list = None;
    while let Some(item) = records.next()? {
        step(records.position());
        match item {
            Item::List(found, _) => {
                seen.has_classes |= found == List::Classes;
                list = Some(found);
            }
            Item::Option(name) => match name.as_str() {
                "dmy" => seen.option = Some(DateOrder::DayMonthYear),
                "mdy" => seen.option = Some(DateOrder::MonthDayYear),
                _ => {}
            },
            Item::Record(record) => {
                if matches!(list, Some(List::Cash | List::Investment)) {
                    seen.record(&record);
                }
            }
        }
    }
    let order = seen.decide_order(options.answers.date_order)?;
    let mark = seen.decide_mark(options.currency)?;
    Ok(Survey { order, old: seen.apostrophe, mark, has_classes: seen.has_classes })
}

impl<'a> Evidence<'a> {
    fn record(&mut self, record: &Record<'a>) {
        for entry in &record.entries {
            match entry.code {
                'D' => self.date(*entry),
                'T' | 'U' | '$' => self.amount(*entry),
                _ => {}
            }
        }
    }

    fn date(&mut self, entry: Entry<'a>) {
        let Some(written) = Written::read(entry.value) else { return };
        self.apostrophe |= written.apostrophe && written.short_year;
        match written.order() {
            Some(DateOrder::DayMonthYear) => self.day_first = self.day_first.or(Some(entry)),
            Some(DateOrder::MonthDayYear) => self.month_first = self.month_first.or(Some(entry)),
            _ if written.is_open() => self.open_date = self.open_date.or(Some(entry)),
            _ => {}
        }
    }

    fn amount(&mut self, entry: Entry<'a>) {
        let text = entry.value;
        let (commas, points) = (text.matches(',').count(), text.matches('.').count());
        let Some(last) = text.rfind([',', '.']) else { return };
        let after = text.get(last + 1..).map_or(0, |tail| tail.bytes().filter(u8::is_ascii_digit).count());
        let last_is_comma = text.as_bytes().get(last) == Some(&b',');
        let is_comma = match (commas, points) {
            (1, 0) | (0, 1) if after == 3 => {
                self.open_amount = self.open_amount.or(Some((entry, if last_is_comma { ',' } else { '.' })));
                return;
            }
            (1, 0) => true,
            (0, 1) => false,
            // One mark more than once sets apart thousands, so the other one is the decimal mark.
            (_, 0) => false,
            (0, _) => true,
            _ => last_is_comma,
        };
        let slot = if is_comma { &mut self.comma } else { &mut self.point };
        slot.get_or_insert(entry);
    }

    fn decide_order(&self, told: Option<DateOrder>) -> Result<DateOrder, StatementError> {
        // Dates that begin with the year are told by their form; the others never do.
        let told = told.filter(|order| *order != DateOrder::YearMonthDay);
        match (self.day_first, self.month_first, told.or(self.option), self.open_date) {
            (Some(day), Some(month), ..) => Err(month.refuse(
                StatementErrorKind::Malformed,
                format!("this date has the month first, {} on line {} the day", day.value, day.line),
                "the file contradicts itself: correct the dates in a copy of the file, best as 2024-12-31",
            )),
            (Some(_), None, ..) => Ok(DateOrder::DayMonthYear),
            (None, Some(_), ..) => Ok(DateOrder::MonthDayYear),
            (None, None, Some(order), _) => Ok(order),
            (None, None, None, None) => Ok(DateOrder::MonthDayYear),
            (None, None, None, Some(open)) => {
                let refusal = open.refuse(
                    StatementErrorKind::Unsure,
                    "nothing in the file tells whether the day or the month stands first in its dates"
                        .to_owned(),
                    "say which with --date-order dmy or --date-order mdy",
                );
                Err(StatementError { question: Some(Question::DateOrder), ..refusal })
            }
        }
    }

    fn decide_mark(&self, currency: Option<Currency>) -> Result<DecimalMark, StatementError> {
        match (self.comma, self.point, self.open_amount) {
            (Some(comma), Some(point), _) => {
                let (later, earlier) = if comma.line > point.line { (comma, point) } else { (point, comma) };
                Err(later.refuse(
                    StatementErrorKind::Unsure,
                    format!(
                        "this amount has another decimal mark than {} on line {}",
                        earlier.value, earlier.line
                    ),
                    "write all amounts with a decimal point in a copy of the file",
                ))
            }
            (Some(_), None, _) => Ok(DecimalMark::Comma),
            (None, Some(_), _) | (None, None, None) => Ok(DecimalMark::Point),
            // A currency without decimals leaves only thousands.
            (None, None, Some((_, mark))) if currency.is_some_and(|currency| currency.exponent() == 0) => {
                Ok(if mark == ',' { DecimalMark::Point } else { DecimalMark::Comma })
            }
            (None, None, Some((open, _))) => Err(open.refuse(
                StatementErrorKind::Unsure,
                "this amount could be thousands or thousandths, and no amount of the file tells".to_owned(),
                "write all amounts with two decimal digits in a copy of the file",
            )),
        }
    }
}

impl Survey {
    /// The day that a `D` line says.
    ///
    /// # Errors
    /// Text that is no date of the calendar, and a year of the last century that cannot be meant.
    pub fn date(&self, entry: Entry<'_>) -> Result<Date, StatementError> {
        let written = Written::read(entry.value);
        let date = written.and_then(|written| written.date(self.order, self.old)).ok_or_else(|| {
            entry.refuse(
                StatementErrorKind::BadField,
                "this is no date of the calendar".to_owned(),
                "correct the date in a copy of the file, best as 2024-12-31",
            )
        })?;
        let is_short = written.is_some_and(|written| written.short_year && !written.apostrophe);
        if is_short && self.old && date.year() < 1950 {
            return Err(entry.refuse(
                StatementErrorKind::Unsure,
                "other years of the file from 2000 on have an apostrophe, so this one is of the last century"
                    .to_owned(),
                "write the year with four digits in a copy of the file",
            ));
        }
        Ok(date)
    }

    /// The amount that a line says.
    ///
    /// # Errors
    /// Text that is no number, has more digits than the currency, or does not fit.
    pub fn amount(&self, entry: Entry<'_>, currency: Currency) -> Result<Money, StatementError> {
        let read = Decimal::parse(entry.value, self.mark).and_then(|decimal| decimal.to_minor(currency));
        read.map(|minor| Money::new(minor, currency)).map_err(|error| {
            let remedy = match error {
                DecimalError::TooPrecise { .. } => {
                    "rounding it would be a guess: correct the amount in a copy of the file, or enter the row by hand"
                }
                DecimalError::TooLarge(_) => "no account holds so much: the file is damaged; export it again",
                _ => "correct the amount in a copy of the file",
            };
            entry.refuse(StatementErrorKind::BadField, format!("the amount cannot be read: {error}"), remedy)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::CsvAnswers;
    use super::*;

    fn surveyed(lines: &str, options: &ReadOptions) -> Result<Survey, StatementError> {
        let text = format!("!Type:Bank\n{}\n^\n", lines.replace(' ', "\n^\n"));
        survey(&text, options, &mut |_| {})
    }

    #[test]
    fn order_and_mark_are_decided_from_the_whole_file() {
        let none = ReadOptions::default();
        for (lines, order) in [
            ("D1/2/20 D13/2/20", DateOrder::DayMonthYear),
            ("D1/2/20 D2/13/20", DateOrder::MonthDayYear),
            ("D3/3/20", DateOrder::MonthDayYear),
        ] {
            assert_eq!(surveyed(lines, &none).unwrap().order, order, "{lines}");
        }
        for (lines, mark) in [
            ("T1,000.00 T1,000", DecimalMark::Point),
            ("T1.000,00", DecimalMark::Comma),
            ("T1,5 T1.000", DecimalMark::Comma),
            ("T1,000,000", DecimalMark::Point),
            ("T12", DecimalMark::Point),
        ] {
            assert_eq!(surveyed(lines, &none).unwrap().mark, mark, "{lines}");
        }
    }

    #[test]
    fn what_is_open_is_asked_and_what_contradicts_is_refused() {
        let none = ReadOptions::default();
        for (lines, kind) in [
            ("D1/2/20", StatementErrorKind::Unsure),
            ("D13/2/20 D2/13/20", StatementErrorKind::Malformed),
            ("T1,000", StatementErrorKind::Unsure),
            ("T1.50 T1,50", StatementErrorKind::Unsure),
        ] {
            assert_eq!(surveyed(lines, &none).unwrap_err().kind, kind, "{lines}");
        }
        let answers = CsvAnswers { date_order: Some(DateOrder::DayMonthYear), ..CsvAnswers::default() };
        let told = ReadOptions { answers, ..ReadOptions::default() };
        assert_eq!(surveyed("D1/2/20", &told).unwrap().order, DateOrder::DayMonthYear);
        assert_eq!(surveyed("D1/13/20", &told).unwrap().order, DateOrder::MonthDayYear);
        let yen = ReadOptions { currency: Currency::iso("JPY").ok(), ..ReadOptions::default() };
        assert_eq!(surveyed("T1,000", &yen).unwrap().mark, DecimalMark::Point);
        assert_eq!(surveyed("T1.000", &yen).unwrap().mark, DecimalMark::Comma);
    }
}
