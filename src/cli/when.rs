//! Days and spans of time as they are typed.

use super::failure::Failure;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

/// A day as typed: `2026-03-01`, `today` or `yesterday`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// A day of the calendar.
    On(Date),
    /// The day it is on this machine.
    Today,
    /// The day before.
    Yesterday,
}

impl Day {
    /// Which day that is when it is `today` now.
    pub fn resolve(self, today: Date) -> Date {
        match self {
            Self::On(date) => date,
            Self::Today => today,
            Self::Yesterday => today.checked_sub(1.day()).unwrap_or(today),
        }
    }
}

/// Reads a day.
pub fn parse_day(text: &str) -> Result<Day, String> {
    match text {
        "today" => return Ok(Day::Today),
        "yesterday" => return Ok(Day::Yesterday),
        _ => {}
    }
    let is_iso = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    let date = if is_iso { text.parse().ok() } else { None };
    date.map(Day::On)
        .ok_or_else(|| "write a day as YYYY-MM-DD, for example 2026-03-01, or \"today\"".to_owned())
}

/// Reads a span: a whole number and one of `s`, `m`, `h`, `d`, `w`.
pub fn parse_span(text: &str) -> Result<SignedDuration, String> {
    let wrong = || "write a span as 90s, 15m, 12h, 7d or 2w".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds_per_unit: i64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(wrong()),
    };
    let digits = text.strip_suffix(unit).unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let count: i64 = digits.parse().map_err(|_| wrong())?;
    let seconds = count.checked_mul(seconds_per_unit).filter(|s| *s < 100 * 366 * 86_400);
    seconds.map(SignedDuration::from_secs).ok_or_else(|| format!("\"{text}\" is longer than a century"))
}

/// Reads a span of time to wait, in milliseconds: as [`parse_span`], or a number and `ms`.
pub fn parse_wait_ms(text: &str) -> Result<u32, String> {
    let wrong = || "write how long to wait as 500ms, 5s or 1m".to_owned();
    if let Some(digits) = text.strip_suffix("ms") {
        return digits.parse().map_err(|_| wrong());
    }
    let ms = parse_span(text).map_err(|_| wrong())?.as_millis();
    u32::try_from(ms).map_err(|_| wrong())
}

/// The day it is here now.
pub fn today() -> Date {
    Zoned::now().date()
}

/// A moment as people read it: local date and time with the zone.
pub fn local(moment: Timestamp) -> String {
    moment.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// Checks that a window does not end before it begins.
pub fn check_window(from: Option<Date>, to: Option<Date>) -> Result<(), Failure> {
    match (from, to) {
        (Some(from), Some(to)) if from > to => {
            Err(Failure::usage(format!("the window ends on {to}, before it begins on {from}"))
                .help("give --from the earlier day and --to the later one"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_iso_or_words() {
        let date = jiff::civil::date(2026, 3, 1);
        assert_eq!(parse_day("2026-03-01"), Ok(Day::On(date)));
        assert_eq!(parse_day("yesterday").unwrap().resolve(date), jiff::civil::date(2026, 2, 28));
        for wrong in ["2026-02-30", "01/03/2026", "2026-3-1", "2026-03-01T00:00", "", "20260301"] {
            assert!(parse_day(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn spans_have_a_number_and_a_unit() {
        assert_eq!(parse_span("90s"), Ok(SignedDuration::from_secs(90)));
        assert_eq!(parse_span("7d"), Ok(SignedDuration::from_hours(168)));
        assert_eq!(parse_span("2w"), Ok(SignedDuration::from_hours(336)));
        for wrong in
            ["", "d", "7", "-7d", "+7d", "7 d", "7y", "1.5h", "99999999999999999999d", "9999999w", "7é"]
        {
            assert!(parse_span(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn waits_are_milliseconds() {
        assert_eq!(parse_wait_ms("500ms"), Ok(500));
        assert_eq!(parse_wait_ms("2s"), Ok(2_000));
        assert!(parse_wait_ms("2").is_err());
    }
}
