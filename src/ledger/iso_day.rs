//! A day as ISO 8601 writes it, without an allocation: a million rows have one each, in their fingerprint and in the vault.

use jiff::civil::Date;
use std::borrow::Cow;

/// The text of a day, as [`Date`] prints it: in the buffer where its year has no sign.
pub(crate) fn iso_day(day: Date, buffer: &mut [u8; 10]) -> Cow<'_, str> {
    let Ok(year) = u16::try_from(day.year()) else { return Cow::Owned(day.to_string()) };
    let digit = |number: u16| b'0' + (number % 10) as u8;
    let (month, of_month) = (u16::from(day.month().unsigned_abs()), u16::from(day.day().unsigned_abs()));
    *buffer = [
        digit(year / 1000),
        digit(year / 100),
        digit(year / 10),
        digit(year),
        b'-',
        digit(month / 10),
        digit(month),
        b'-',
        digit(of_month / 10),
        digit(of_month),
    ];
    std::str::from_utf8(buffer).map_or_else(|_| Cow::Owned(day.to_string()), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn it_is_what_the_library_prints() {
        for (year, month, day) in
            [(2026, 1, 31), (9999, 12, 31), (0, 2, 29), (987, 10, 9), (-1, 1, 1), (-9999, 1, 1)]
        {
            let day = date(year, month, day);
            assert_eq!(iso_day(day, &mut [0; 10]), day.to_string());
        }
    }
}
