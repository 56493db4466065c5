//! Dates of QIF: three numbers, of which programs agree on neither the order nor the marks between them.

use super::super::DateOrder;
use jiff::civil::Date;

/// Three numbers that are a date in some order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    numbers: [u16; 3],
    /// Whether the first is a year of four digits: nothing is open then.
    year_first: bool,
    /// Whether the numbers are set apart by full stops, before which nobody writes the month first.
    full_stops: bool,
    /// Whether an apostrophe stands before the year: Quicken's mark for years from 2000 on.
    pub apostrophe: bool,
    /// Whether the year has two digits.
    pub short_year: bool,
}

impl Written {
    /// Cuts a text such as `6/ 4'18`, `28.02'2009`, `2019-03-31` or `8/25/93` into its numbers.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > 20 {
            return None;
        }
        let mut numbers = Vec::with_capacity(3);
        let mut digits = Vec::with_capacity(3);
        let mut marks = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let len = rest.bytes().take_while(u8::is_ascii_digit).count();
            if len == 0 || len > 4 || numbers.len() == 3 {
                return None;
            }
            numbers.push(rest.get(..len)?.parse::<u16>().ok()?);
            digits.push(len);
            rest = rest.get(len..)?;
            let gap: usize = rest
                .chars()
                .take_while(|c| matches!(c, '/' | '-' | '.' | '\'' | ' '))
                .map(char::len_utf8)
                .sum();
            let between = rest.get(..gap)?;
            let mut written = between.chars().filter(|c| *c != ' ');
            let mark = written.next();
            if written.next().is_some() || (!rest.is_empty() && gap == 0) {
                return None;
            }
            rest = rest.get(gap..)?;
            match (mark, rest.is_empty()) {
                (Some(mark), false) => marks.push(mark),
                (None, true) => {}
                _ => return None,
            }
        }
        let ([first, second, third], [a, b, c], [left, right]) = (&numbers[..], &digits[..], &marks[..])
        else {
            return None;
        };
        let year_first = *a == 4;
        let well_formed = if year_first {
            *b <= 2 && *c <= 2 && left == right && *left != '\''
        } else {
            *a <= 2 && *b <= 2 && matches!(c, 2 | 4) && *left != '\'' && (left == right || *right == '\'')
        };
        well_formed.then_some(Self {
            numbers: [*first, *second, *third],
            year_first,
            full_stops: *left == '.',
            apostrophe: *right == '\'',
            short_year: !year_first && *c == 2,
        })
    }

    /// The order that this date shows; `None` where it could be either, or is the same in both.
    pub fn order(&self) -> Option<DateOrder> {
        let [a, b, _] = self.numbers;
        match (self.year_first, self.full_stops, a, b) {
            (true, ..) => None,
            (_, true, ..) => Some(DateOrder::DayMonthYear),
            (.., 13.., _) => Some(DateOrder::DayMonthYear),
            (.., 13..) => Some(DateOrder::MonthDayYear),
            _ => None,
        }
    }

    /// Whether the two orders mean two days.
    pub fn is_open(&self) -> bool {
        let [a, b, _] = self.numbers;
        !self.year_first && !self.full_stops && a != b && a <= 12 && b <= 12
    }

    /// The day. `old` says that years of two digits without an apostrophe are of the last century, as they are where
    /// the file writes later ones with it.
    pub fn date(&self, order: DateOrder, old: bool) -> Option<Date> {
        let [a, b, c] = self.numbers;
        let (year, month, day) = if self.year_first {
            (a, b, c)
        } else {
            let year = match (self.short_year, self.apostrophe) {
                (false, _) => c,
                (true, true) => 2000 + c,
                (true, false) if old || c >= 70 => 1900 + c,
                (true, false) => 2000 + c,
            };
            match order {
                DateOrder::DayMonthYear => (year, b, a),
                DateOrder::MonthDayYear => (year, a, b),
                // Only a date that begins with the year is written so.
                DateOrder::YearMonthDay => return None,
            }
        };
        let year = i16::try_from(year).ok().filter(|year| *year >= 1000)?;
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DateOrder::{DayMonthYear, MonthDayYear};

    fn day(text: &str, order: DateOrder) -> Option<String> {
        Written::read(text)?.date(order, false).map(|date| date.to_string())
    }

    #[test]
    fn every_notation_is_read() {
        for (text, order, expected) in [
            ("6/ 4'18", MonthDayYear, "2018-06-04"),
            ("1/ 1'00", MonthDayYear, "2000-01-01"),
            ("8/25/93", MonthDayYear, "1993-08-25"),
            ("19/05/20", DayMonthYear, "2020-05-19"),
            ("28.02'2009", MonthDayYear, "2009-02-28"),
            ("28.02.2009", DayMonthYear, "2009-02-28"),
            ("2019-03-31", DayMonthYear, "2019-03-31"),
            ("2019/3/1", MonthDayYear, "2019-03-01"),
            ("27-8-2018", DayMonthYear, "2018-08-27"),
            ("02/29/2024", MonthDayYear, "2024-02-29"),
        ] {
            let order = Written::read(text).unwrap().order().unwrap_or(order);
            assert_eq!(day(text, order).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "99/99/99",
            "1/2",
            "1/2/3",
            "1/2/3/4",
            "2019-13-01",
            "1'2'20",
            "a/b/c",
            "1//2/20",
            "02/30/2024",
            "1/2/20\u{e9}",
        ] {
            assert_eq!(day(text, MonthDayYear), None, "{text}");
        }
    }

    #[test]
    fn dates_show_their_order_or_leave_it_open() {
        let written = |text| Written::read(text).unwrap();
        assert_eq!(written("13/1/20").order(), Some(DayMonthYear));
        assert_eq!(written("1/13/20").order(), Some(MonthDayYear));
        assert!(written("1/2/20").is_open() && !written("3/3/20").is_open() && !written("1.2.20").is_open());
        assert!(!written("2020-01-02").is_open());
        assert_eq!(written("12/31/98").date(MonthDayYear, true), Date::new(1998, 12, 31).ok());
    }
}
