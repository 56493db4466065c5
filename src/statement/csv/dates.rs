//! Dates as banks print them, and the order of day and month, decided once per file.

use super::answers::DateOrder;
use jiff::civil::Date;
use std::borrow::Cow;

/// What one cell says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Only one date can be meant.
    Certain(Date),
    /// Two numbers that could be day and month, and what they would mean in either order.
    Either { day_first: Option<Date>, month_first: Option<Date>, short: Option<Short> },
}

/// Three numbers of two digits each: the year may stand first as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Short {
    /// What it means with the year first; `None` where it cannot.
    pub year_first: Option<Date>,
    pub first: u32,
    pub last: u32,
}

impl Reading {
    /// The date, given the order of the file.
    pub fn resolve(self, order: DateOrder) -> Option<Date> {
        match (self, order) {
            (Self::Certain(date), _) => Some(date),
            (Self::Either { month_first, .. }, DateOrder::MonthDayYear) => month_first,
            (Self::Either { short: Some(short), .. }, DateOrder::YearMonthDay) => short.year_first,
            (Self::Either { day_first, .. }, _) => day_first,
        }
    }
}

/// The evidence of all dates of a file.
#[derive(Debug, Default, Clone)]
pub(super) struct OrderVotes {
    /// The first date that only makes sense day first, with its line.
    pub day_first: Option<(u32, String)>,
    /// The first date that only makes sense month first, with its line.
    pub month_first: Option<(u32, String)>,
    /// The first date that means two different days.
    pub undecided: Option<(u32, String)>,
    /// Dates of which each number has two digits.
    pub short: Option<ShortVotes>,
}

/// How far apart numbers must lie to be days: no statement spans so many years.
const WIDE: u32 = 12;

/// Whether the year of dates such as `24-01-15` stands first or last: days spread over a month, years do not.
#[derive(Debug, Clone)]
pub(super) struct ShortVotes {
    /// Whether every one is a date with the year first.
    pub may_be_year_first: bool,
    /// Least and greatest first number.
    pub first: (u32, u32),
    /// Least and greatest last number.
    pub last: (u32, u32),
    /// One of them, with its line.
    pub example: (u32, String),
}

impl ShortVotes {
    /// Adds what another column shows.
    pub fn join(&mut self, other: &Self) {
        self.may_be_year_first &= other.may_be_year_first;
        self.first = (self.first.0.min(other.first.0), self.first.1.max(other.first.1));
        self.last = (self.last.0.min(other.last.0), self.last.1.max(other.last.1));
    }

    /// Whether the year stands first; `None` where that is open.
    pub fn is_year_first(&self) -> Option<bool> {
        if !self.may_be_year_first {
            return Some(false);
        }
        let span = |(least, greatest): (u32, u32)| greatest - least;
        match (span(self.first), span(self.last)) {
            (WIDE.., 0 | 1) => Some(false),
            (0 | 1, WIDE..) => Some(true),
            _ => None,
        }
    }
}

impl OrderVotes {
    pub fn see(&mut self, line: u32, cell: &str, reading: Reading) {
        if let Reading::Either { short: Some(short), .. } = reading {
            let seen = ShortVotes {
                may_be_year_first: short.year_first.is_some(),
                first: (short.first, short.first),
                last: (short.last, short.last),
                example: (line, cell.chars().take(40).collect()),
            };
            match &mut self.short {
                Some(known) => known.join(&seen),
                None => self.short = Some(seen),
            }
        }
        let slot = match reading {
            Reading::Either { day_first: Some(_), month_first: None, .. } => &mut self.day_first,
            Reading::Either { day_first: None, month_first: Some(_), .. } => &mut self.month_first,
            Reading::Either { day_first: Some(a), month_first: Some(b), .. } if a != b => &mut self.undecided,
            _ => return,
        };
        if slot.is_none() {
            *slot = Some((line, cell.chars().take(40).collect()));
        }
    }
}

/// Reads a cell as a date; `None` where it is none.
pub(super) fn read(cell: &str) -> Option<Reading> {
    if let Some(day) = written_as_iso(cell) {
        return day.map(Reading::Certain);
    }
    let text = cell.trim().trim_end_matches('.');
    if text.len() < 6 || text.len() > 60 || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let parts = Parts::split(text)?;
    if let Some(month) = parts.month_name {
        return named_month(&parts, month);
    }
    let [a, b, c] = *parts.numbers() else { return None };
    if a.digits == 4 {
        return date(a.value, b.value, c.value).map(Reading::Certain);
    }
    if a.digits > 2 || b.digits > 2 || !(c.digits == 4 || c.digits == 2) {
        return None;
    }
    let year = if c.digits == 2 { full_year(c.value) } else { c.value };
    let day_first = date(year, b.value, a.value);
    if parts.separator == '.' {
        // Nobody writes the month first with full stops.
        return day_first.map(Reading::Certain);
    }
    let month_first = date(year, a.value, b.value);
    // With slashes the year is last, as with full stops; only hyphens are used both ways.
    let padded = a.digits == 2 && b.digits == 2 && c.digits == 2 && parts.separator == '-';
    let year_first = if padded { date(full_year(a.value), b.value, c.value) } else { None };
    let short = (c.digits == 2).then_some(Short { year_first, first: a.value, last: c.value });
    let is_date = day_first.is_some() || month_first.is_some() || year_first.is_some();
    is_date.then_some(Reading::Either { day_first, month_first, short })
}

/// A cell that is just `2026-01-31`, as most of a long file's are: its day, none where the calendar has no such day.
/// None for any other cell.
fn written_as_iso(cell: &str) -> Option<Option<Date>> {
    let bytes: &[u8; 10] = cell.as_bytes().try_into().ok()?;
    let number = |from: usize, to: usize| {
        let digits = bytes.get(from..to)?.iter();
        digits
            .clone()
            .all(u8::is_ascii_digit)
            .then(|| digits.fold(0, |all, b| all * 10 + u32::from(b - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    (bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-')).then(|| date(year, month, day))
}

/// Reads eight digits without separators, which only a column known to hold dates may mean as a date.
pub(super) fn read_compact(cell: &str) -> Option<Reading> {
    let digits = cell.trim();
    let digits = match digits.split_once([' ', 'T']) {
        Some((head, _)) => head,
        None if digits.len() == 14 || digits.len() == 12 => digits.get(..8)?,
        None => digits,
    };
    if digits.len() != 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| digits.get(range).and_then(|part| part.parse::<u32>().ok());
    let plausible = |year: u32| (1950..=2100).contains(&year);
    let year = part(0..4)?;
    if plausible(year) {
        return date(year, part(4..6)?, part(6..8)?).map(Reading::Certain);
    }
    let year = part(4..8).filter(|year| plausible(*year))?;
    let (a, b) = (part(0..2)?, part(2..4)?);
    let (day_first, month_first) = (date(year, b, a), date(year, a, b));
    let is_date = day_first.is_some() || month_first.is_some();
    is_date.then_some(Reading::Either { day_first, month_first, short: None })
}

#[derive(Debug, Clone, Copy)]
struct Number {
    value: u32,
    digits: usize,
}

/// A date has at most so many numbers.
const MAX_NUMBERS: usize = 3;

struct Parts {
    numbers: [Number; MAX_NUMBERS],
    count: usize,
    month_name: Option<(u32, usize)>,
    separator: char,
}

impl Parts {
    fn numbers(&self) -> &[Number] {
        self.numbers.get(..self.count).unwrap_or_default()
    }

    /// Notes a number; none where there are enough.
    fn add(&mut self, number: Number) -> Option<()> {
        *self.numbers.get_mut(self.count)? = number;
        self.count += 1;
        Some(())
    }

    /// Cuts a date into its numbers and month name. A time and a zone after it are dropped; anything else means it
    /// is no date.
    fn split(text: &str) -> Option<Self> {
        let none = Number { value: 0, digits: 0 };
        let mut parts = Self { numbers: [none; MAX_NUMBERS], count: 0, month_name: None, separator: ' ' };
        let mut rest = text;
        while !rest.is_empty() && parts.count + usize::from(parts.month_name.is_some()) < 3 {
            let first = rest.chars().next()?;
            let word_len = if first.is_ascii_digit() {
                let len = rest.bytes().take_while(u8::is_ascii_digit).count();
                if len > 4 {
                    return None;
                }
                parts.add(Number { value: rest.get(..len)?.parse().ok()?, digits: len })?;
                len
            } else if first.is_alphabetic() {
                let len = rest.chars().take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum();
                match month_number(rest.get(..len)?) {
                    Some(month) if parts.month_name.is_none() => {
                        parts.month_name = Some((month, parts.count));
                    }
                    Some(_) => return None,
                    // A weekday before the date, or "de" and "of" inside it.
                    None if parts.count == 0 && len <= 10 && is_weekday(rest.get(..len)?) => {}
                    None if matches!(rest.get(..len)?, "de" | "of" | "st" | "nd" | "rd" | "th") => {}
                    None => return None,
                }
                len
            } else {
                0
            };
            rest = rest.get(word_len..)?;
            let separators: usize = rest
                .chars()
                .take_while(|c| matches!(c, '/' | '-' | '.' | ',' | ' ' | '\u{a0}' | '\''))
                .map(char::len_utf8)
                .sum();
            let run = rest.get(..separators)?;
            if word_len == 0 && separators == 0 {
                return None;
            }
            if separators > 3 {
                return None;
            }
            let complete = parts.count + usize::from(parts.month_name.is_some()) >= 3;
            if let Some(mark) = run.trim().chars().next().filter(|_| !complete) {
                if parts.separator != ' ' && parts.separator != mark && parts.month_name.is_none() {
                    return None;
                }
                parts.separator = mark;
            }
            if complete {
                break;
            }
            rest = rest.get(separators..)?;
        }
        is_time(rest).then_some(parts)
    }
}

/// Whether what follows a date is nothing or a time.
fn is_time(rest: &str) -> bool {
    let rest = rest.trim_start_matches(['.', ',', ' ', 'T', '\u{a0}', '-']);
    if rest.is_empty() {
        return true;
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    (1..=2).contains(&digits)
        && rest.as_bytes().get(digits).is_some_and(|b| matches!(b, b':' | b'.' | b'h'))
        && rest.chars().all(|c| c.is_ascii_digit() || ":.+-, hZAPMapmUTCGE".contains(c))
}

fn named_month(parts: &Parts, (month, at): (u32, usize)) -> Option<Reading> {
    let [a, b] = *parts.numbers() else { return None };
    // 2018 Feb 27; 27 Feb 2018; Feb 27, 2018.
    let (year, day) = if a.digits == 4 { (a, b) } else { (b, a) };
    if day.digits > 2 || !(year.digits == 4 || (year.digits == 2 && at <= 1)) {
        return None;
    }
    let full = if year.digits == 2 { full_year(year.value) } else { year.value };
    date(full, month, day.value).map(Reading::Certain)
}

fn full_year(two_digits: u32) -> u32 {
    if two_digits < 70 { 2000 + two_digits } else { 1900 + two_digits }
}

fn date(year: u32, month: u32, day: u32) -> Option<Date> {
    let year = i16::try_from(year).ok().filter(|year| *year >= 1000)?;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn is_weekday(word: &str) -> bool {
    let mut buffer = [0; MAX_MONTH_LETTERS];
    let lower = lower(word, &mut buffer);
    let head_len = lower.chars().take(2).map(char::len_utf8).sum();
    matches!(
        lower.get(..head_len).unwrap_or_default(),
        "mo" | "tu"
            | "we"
            | "th"
            | "fr"
            | "sa"
            | "su"
            | "di"
            | "mi"
            | "do"
            | "so"
            | "lu"
            | "ma"
            | "me"
            | "je"
            | "ve"
    )
}

/// Month names and their short forms, by how they begin, in the languages of statements.
const MONTHS: [&[&str]; 12] = [
    &["jan", "jän", "janv", "ene", "gen", "sty", "led", "tammi"],
    &["feb", "fév", "fev", "lut", "úno", "helmi"],
    &["mar", "mär", "mrt", "maart", "mrz", "bře", "maalis"],
    &["apr", "avr", "abr", "kwi", "dub", "huhti"],
    &["may", "mai", "maj", "mei", "mag", "kvě", "touko"],
    &["jun", "juin", "giu", "cze", "čer", "kesä"],
    &["jul", "juil", "lug", "lip", "červenec", "heinä"],
    &["aug", "aoû", "aou", "ago", "sie", "srp", "elo"],
    &["sep", "set", "wrz", "zář", "syys"],
    &["oct", "okt", "out", "ott", "paź", "říj", "loka"],
    &["nov", "lis", "marras"],
    &["dec", "dez", "déc", "dic", "des", "gru", "pro", "joulu"],
];

/// The letters of the longest name.
const MAX_MONTH_LETTERS: usize = 12;

/// A word in lower case; a short one of plain letters stays in the buffer.
fn lower<'a>(word: &str, buffer: &'a mut [u8; MAX_MONTH_LETTERS]) -> Cow<'a, str> {
    match buffer.get_mut(..word.len()) {
        Some(short) if word.is_ascii() => {
            short.copy_from_slice(word.as_bytes());
            short.make_ascii_lowercase();
            Cow::Borrowed(std::str::from_utf8(short).unwrap_or_default())
        }
        _ => Cow::Owned(word.to_lowercase()),
    }
}

/// The month that a word names; the longest matching beginning wins.
fn month_number(word: &str) -> Option<u32> {
    // Cells hold many words and few months: no copy is made of one that cannot be a month.
    if word.len() < 3 || word.len() > 48 || (word.is_ascii() && word.len() > MAX_MONTH_LETTERS) {
        return None;
    }
    let mut buffer = [0; MAX_MONTH_LETTERS];
    let lower = lower(word, &mut buffer);
    let first = lower.as_bytes().first_chunk::<2>();
    let count = lower.chars().count();
    if !(3..=MAX_MONTH_LETTERS).contains(&count) {
        return None;
    }
    let mut best: Option<(usize, u32)> = None;
    for (index, names) in (1u32..).zip(MONTHS) {
        let may_begin = |name: &&&str| name.as_bytes().first_chunk() == first && lower.starts_with(**name);
        for name in names.iter().filter(may_begin) {
            if best.is_none_or(|(len, _)| name.len() > len) {
                best = Some((name.len(), index));
            }
        }
    }
    best.map(|(_, month)| month)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(cell: &str, order: DateOrder) -> Option<String> {
        read(cell).or_else(|| read_compact(cell)).and_then(|r| r.resolve(order)).map(|d| d.to_string())
    }

    #[test]
    fn dates_that_can_only_mean_one_day() {
        for (cell, expected) in [
            ("2018-03-01", "2018-03-01"),
            ("2021-02-03 13:12", "2021-02-03"),
            ("2021-05-03T12:31:46.123Z", "2021-05-03"),
            ("2024/1/5", "2024-01-05"),
            ("2019.04.19.", "2019-04-19"),
            ("1111/11/11", "1111-11-11"),
            ("22.02.18", "2018-02-22"),
            ("1.2.2024", "2024-02-01"),
            ("27 Feb 2018", "2018-02-27"),
            ("12-Dec-2019", "2019-12-12"),
            ("23-Jan-15", "2015-01-23"),
            ("Feb 27, 2018", "2018-02-27"),
            ("27. Februar 2018", "2018-02-27"),
            ("3 août 2024", "2024-08-03"),
            ("5 de mayo de 2023", "2023-05-05"),
            ("Mon 5 Jun 2023", "2023-06-05"),
            ("20240229", "2024-02-29"),
            ("31122024", "2024-12-31"),
        ] {
            assert_eq!(iso(cell, DateOrder::DayMonthYear).as_deref(), Some(expected), "{cell}");
            if cell != "31122024" {
                assert_eq!(iso(cell, DateOrder::MonthDayYear).as_deref(), Some(expected), "{cell}");
            }
        }
    }

    #[test]
    fn dates_that_need_an_order() {
        assert_eq!(iso("03/04/2024", DateOrder::DayMonthYear).as_deref(), Some("2024-04-03"));
        assert_eq!(iso("03/04/2024", DateOrder::MonthDayYear).as_deref(), Some("2024-03-04"));
        assert_eq!(iso("13/04/24", DateOrder::MonthDayYear), None);
        assert_eq!(iso("04-13-2024 10:15 PM", DateOrder::MonthDayYear).as_deref(), Some("2024-04-13"));
    }

    #[test]
    fn what_is_no_date() {
        for cell in [
            "",
            "hello",
            "12",
            "30.02.2024",
            "2024-02-30",
            "32/13/2024",
            "12.345,67",
            "1.234.567",
            "123456789/1234",
            "02/2018 K-NR. 132587495",
            "06 0773 0214764 33",
            "1,000.00",
            "99999999",
            "2024-01-01 Shop",
            "01/02/2024 X",
            "1.02",
            "00/00/0000",
            "may",
            "BIJDRAGE 01-02-2018",
        ] {
            assert_eq!(read(cell).or_else(|| read_compact(cell)), None, "{cell}");
        }
    }
}
